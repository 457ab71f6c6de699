"""BG/NBD: how often customers will buy again, and whether they are still there.

The model of Fader, Hardie and Lee, "Counting Your Customers" the Easy Way: An Alternative to the
Pareto/NBD Model, Marketing Science 24(2), 2005. Equations are numbered as there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pipelines.measurement.customers import Customers
from pipelines.measurement.fitting import Fit, Refused, fit, log_slopes, too_few, unknown
from pipelines.measurement.numerics import Vector, beta_nodes, distinct, rising

# The integral's error is about e^(−2 × this) for who never came back: rounding.
_DIGITS = 16.0
_FEWEST_NODES = 12
# The standard error of the logarithm of all purchases to come within as long again: beyond it, 90 %
# intervals reach from three fifths to five thirds.
WIDEST_ERROR = 0.3
# As a + b grows without end, all customers drop out alike: at this sum, dropout differs by 0.002 at
# most (one standard deviation), and no more is asked of the data.
ALIKE = 1e5
# How far its logarithm may then lie from there, as a standard deviation: it is all but unknown.
_HOLD = 10.0


class BgNbd(NamedTuple):
    """Purchase rates vary as Gamma(r, alpha), dropout after each purchase as Beta(a, b).

    `alpha` is in the unit of time of the customers.
    """

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, frequency: Vector, recency: Vector, age: Vector) -> Vector:
        """The probability of not having dropped out: 1 for who never came back."""
        silent, gone = self._terms(frequency, recency, age)
        return np.asarray(np.exp(silent - np.logaddexp(silent, gone)))

    def _terms(self, x: Vector, recency: Vector, age: Vector) -> tuple[Vector, Vector]:
        """The likelihood's two cases, as logarithms: alive but silent, or gone."""
        last = np.log(self.a / (self.b + np.maximum(x, 1) - 1))
        gone = last - (self.r + x) * np.log(self.alpha + recency)
        return -(self.r + x) * np.log(self.alpha + age), np.where(x > 0, gone, -np.inf)

    def purchases(self, frequency: Vector, recency: Vector, age: Vector, ahead: Vector) -> Vector:
        """Expected purchases within each time `ahead` (rows, above 0) of customers (columns)."""
        return self.alive(frequency, recency, age) * self._if_alive(frequency, age, ahead)

    def _if_alive(self, frequency: Vector, age: Vector, ahead: Vector) -> Vector:
        """Equation 10 before it is weighed by the chance to be alive.

        There it has a hypergeometric function, and divides by a − 1. Here the integral over the
        dropout probability stays one: of who drops out with probability p, purchases in t are
        (1 − (1 + p t / (alpha + age))^−(r + x)) / p.
        """
        expected = np.empty((len(ahead), len(frequency)))
        for x in np.unique(frequency):
            same = frequency == x
            ages, place = np.unique(age[same], return_inverse=True)
            reach = ahead[:, None] / (self.alpha + ages)
            dropout, weights = beta_nodes(self.a, self.b + x, _nodes(float(reach.max()), x))
            for row, times in enumerate(reach):
                grown = np.log1p(np.outer(times, dropout))
                bought = -np.expm1(-(self.r + x) * grown) @ (weights / dropout)
                expected[row, same] = bought[place]
        return expected


def _nodes(reach: float, frequency: float) -> int:
    """How many points the integral over p needs, where p is multiplied by up to `reach`.

    With each point the error falls by the square of the sum of half axes of the ellipse about
    [0, 1] that meets the integrand's pole, −1 / reach (Trefethen, Is Gauss Quadrature Better than
    Clenshaw–Curtis?, SIAM Review 50(1), 2008). The pole's order is the frequency's: the root stands
    for it, and was measured to keep eight digits up to a reach of 100 and 300 purchases.
    """
    near = math.acosh(1 + 2 / reach)
    return max(_FEWEST_NODES, math.ceil(_DIGITS / near * math.sqrt(1 + frequency / 16)))


def fit_bgnbd(customers: Customers) -> Fit[BgNbd] | Refused:
    """BG/NBD by greatest likelihood.

    It is judged by what it is for, the purchases to come, and not by each parameter: where all
    customers drop out alike, or hardly any does, a and b are known only together, and suffice.
    """
    reason = too_few(customers.again)
    if reason:
        return Refused(reason)
    start = BgNbd(1.0, float(customers.age.mean()), 1.0, 1.0)
    found = fit(start, BgNbdLikelihood(customers), len(customers.frequency))
    if isinstance(found, Refused):
        return found
    slopes = log_slopes(_Ahead(customers), found.model)
    reason = unknown(found, ("the number of purchases to come",), slopes, WIDEST_ERROR)
    return Refused(reason) if reason else found


class _Ahead:
    """All purchases of customers that a model expects within as long again as they are known."""

    def __init__(self, customers: Customers) -> None:
        self._history, _, self._counts = distinct(customers.history)
        self._time = customers.age.mean(keepdims=True)

    def __call__(self, model: BgNbd) -> Vector:
        frequency, recency, age = self._history
        return np.asarray(model.purchases(frequency, recency, age, self._time) @ self._counts)


class BgNbdLikelihood:
    """The mean log-likelihood of customers, and its gradient, by the logarithms of parameters.

    Equation 6 with quotients of Γ written as sums. Customers with the same figures are counted, not
    repeated. Where they drop out alike, it would rise for ever with a + b, by less and less: beyond
    `ALIKE` it is held, as if the logarithm were known to lie about there.
    """

    def __init__(self, customers: Customers) -> None:
        (self._x, self._recency, self._age), _, counts = distinct(customers.history)
        self._times = self._x.astype(np.int64)
        self._customers = counts.sum()
        self._share = counts / self._customers

    def __call__(self, logs: Vector) -> tuple[float, Vector]:
        """The value and the gradient at those logarithms of r, alpha, a and b."""
        r, alpha, a, b = np.exp(logs)
        x, times, most = self._x, self._times, int(self._times.max())
        silent, gone = BgNbd(r, alpha, a, b)._terms(x, self._recency, self._age)
        either = np.logaddexp(silent, gone)
        dead = np.exp(gone - either)
        (log_r, sum_r), (log_b, sum_b), (log_ab, sum_ab) = (
            (logs_[times], sums[times]) for logs_, sums in (rising(s, most) for s in (r, b, a + b))
        )
        value = log_r + r * np.log(alpha) + log_b - log_ab + either
        since = dead * np.log(alpha + self._recency) + (1 - dead) * np.log(alpha + self._age)
        pace = dead / (alpha + self._recency) + (1 - dead) / (alpha + self._age)
        gradient = np.array(
            [
                r * (sum_r + np.log(alpha) - since),
                r - alpha * (r + x) * pace,
                dead - a * sum_ab,
                b * (sum_b - sum_ab - dead / (b + np.maximum(x, 1) - 1)),
            ]
        )
        beyond = max(0.0, math.log((a + b) / ALIKE) / _HOLD)
        held = beyond / _HOLD * np.array([0.0, 0.0, a, b]) / (a + b)
        return (
            float(value @ self._share - beyond**2 / 2 / self._customers),
            gradient @ self._share - held / self._customers,
        )
