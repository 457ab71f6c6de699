"""What numpy lacks for small models: an optimiser, digamma, quadrature under a Beta, Student's t.

Belongs here: pure functions of numbers. Does not: any model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Vector: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Objective: TypeAlias = Callable[[Vector], tuple[float, Vector]]

_MOST_STEPS = 200
_MOST_HALVINGS = 40
# In logarithms of parameters: no step changes one by more than a factor of seven.
_LONGEST_STEP = 2.0
# What the next step promises to add to the objective: a mean is right to about 1e-15.
_PROMISE = 1e-12
# Of the gradient's central difference: its error, about the square, is then that of rounding.
_WIDTH = 1e-5
# Terms of digamma's recurrence before the asymptotic series, which is then exact to 1e-14.
_SHIFT = 10


@dataclass(frozen=True)
class Optimum:
    """Where an objective is largest: point, value, curvature (the negative Hessian).

    `found` is false if the search ended elsewhere: out of steps, or where the objective does not
    curve downwards in every direction.
    """

    point: Vector
    value: float
    curvature: Vector
    found: bool


def maximise(objective: Objective, start: Vector) -> Optimum:
    """The maximum near `start` of an objective that tells its value and its gradient.

    Newton's method: the Hessian is the gradient's difference, directions in which it curves
    upwards are followed uphill (absolute eigenvalues), and steps are halved until they gain. What
    overflows on the way gains nothing, and needs no warning.
    """
    with np.errstate(all="ignore"):
        return _maximise(objective, start)


def _maximise(objective: Objective, start: Vector) -> Optimum:
    point = start
    value, gradient = objective(point)
    for _ in range(_MOST_STEPS):
        curvature = _curvature(objective, point)
        if not np.isfinite(curvature).all():
            break
        step, concave = _newton_step(gradient, curvature)
        promise = float(gradient @ step)
        if promise < _PROMISE:
            return Optimum(point, value, curvature, found=concave)
        for _ in range(_MOST_HALVINGS):
            next_value, next_gradient = objective(point + step)
            if next_value > value:
                break
            step = step / 2
        else:
            break
        point, value, gradient = point + step, next_value, next_gradient
    return Optimum(point, value, np.full((len(start), len(start)), np.nan), found=False)


def _curvature(objective: Objective, point: Vector) -> Vector:
    rows = [
        (objective(point - shift)[1] - objective(point + shift)[1]) / (2 * _WIDTH)
        for shift in np.eye(len(point)) * _WIDTH
    ]
    matrix = np.array(rows)
    return (matrix + matrix.T) / 2


def _newton_step(gradient: Vector, curvature: Vector) -> tuple[Vector, bool]:
    """The step, and whether the objective curves downwards in every direction."""
    bends, axes = np.linalg.eigh(curvature)
    step = axes @ ((axes.T @ gradient) / np.maximum(np.abs(bends), _PROMISE))
    return step * min(1.0, _LONGEST_STEP / float(np.linalg.norm(step) or 1.0)), bool(bends[0] > 0)


def rising(start: float, most: int) -> tuple[Vector, Vector]:
    """Differences of ln Γ and of ψ, between start + n and start, for n = 0 … most."""
    terms = start + np.arange(most)
    return np.append(0.0, np.cumsum(np.log(terms))), np.append(0.0, np.cumsum(1 / terms))


def log_gamma(values: Vector) -> Vector:
    """The logarithm of Γ of positive numbers, one by one: meant for the few that differ."""
    return np.array([math.lgamma(value) for value in values])


def digamma(values: Vector) -> Vector:
    """ψ, the derivative of ln Γ, of positive numbers (Abramowitz and Stegun 6.3.5 and 6.3.18)."""
    shifted = values + _SHIFT
    square = 1 / shifted**2
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240))))
    recurrence = sum((1 / (values + term) for term in range(_SHIFT)), np.zeros_like(values))
    return np.asarray(np.log(shifted) - 1 / (2 * shifted) - series - recurrence)


def beta_nodes(a: float, b: float, count: int) -> tuple[Vector, Vector]:
    """Points in (0, 1) and weights that give the mean of a function under Beta(a, b).

    Gauss–Jacobi quadrature by Golub and Welsch (1969): exact below the degree 2 `count`.
    """
    n = np.arange(1, count)
    twice = 2 * n + a + b - 2
    centre = np.append((a - b) / (a + b), (a - b) * (a + b - 2) / (twice * (twice + 2)))
    first = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    n, twice = n[1:], twice[1:]
    rest = (
        4 * n * (n + a - 1) * (n + b - 1) * (n + a + b - 2) / (twice**2 * (twice + 1) * (twice - 1))
    )
    beside = np.sqrt(np.append(first, rest))
    matrix = np.diag(centre) + np.diag(beside, 1) + np.diag(beside, -1)
    places, vectors = np.linalg.eigh(matrix)
    return (1 + places) / 2, vectors[0] ** 2


def distinct(figures: Vector) -> tuple[Vector, np.ndarray[tuple[int], np.dtype[np.int64]], Vector]:
    """The columns that differ, sorted; which of them each column was; how often each was there."""
    order = np.lexsort(figures[::-1])
    ordered = figures[:, order]
    new = np.append(True, (ordered[:, 1:] != ordered[:, :-1]).any(axis=0))
    place = np.empty(len(order), np.int64)
    place[order] = np.cumsum(new) - 1
    return ordered[:, new], place, np.bincount(place).astype(np.float64)


def t_quantile(confidence: float, degrees: int) -> float:
    """How many deviations to either side hold that much of Student's t.

    For whole degrees of freedom its distribution is a finite sum (Abramowitz and Stegun 1964,
    26.7.3 and 26.7.4), which is turned round by halving the angle within which it must lie.
    """
    low, high = 0.0, math.pi / 2
    while (angle := (low + high) / 2) not in (low, high):
        if _within(angle, degrees) < confidence:
            low = angle
        else:
            high = angle
    return math.tan(angle) * math.sqrt(degrees)


def _within(angle: float, degrees: int) -> float:
    """P(|t| < tan(angle) √degrees)."""
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term = cosine if odd else 1.0
    total = term if degrees > 1 else 0.0
    for k in range(2 + odd, degrees - 1, 2):
        term *= (k - 1) / k * cosine**2
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total
