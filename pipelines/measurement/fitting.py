"""Fitting by greatest likelihood, and when a fit is refused.

Belongs here: what models have in common. Does not: any model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from pipelines.measurement.customers import Mask
from pipelines.measurement.numerics import Objective, Vector, maximise

# Simulated with CDNOW's parameters, two thirds of all samples with fifty repeat buyers carry both
# models. Those tell the value of all customers within a quarter, and their intervals hold what they
# promise.
FEWEST_REPEAT_BUYERS = 50
# Of the derivatives by the logarithms of parameters.
_WIDTH = 1e-4


class Refused(NamedTuple):
    """A model that the data do not carry, and the sentence that says why."""

    reason: str


Model = TypeVar("Model", bound=NamedTuple)


@dataclass(frozen=True)
class Fit(Generic[Model]):
    """A model's parameters of greatest likelihood, and how sure they are.

    `covariance` is that of their logarithms: the inverse of the observed information.
    """

    model: Model
    covariance: Vector
    log_likelihood: float
    customers: int

    def variance(self, slopes: Vector) -> Vector:
        """The variance of figures by the delta method.

        `slopes` holds their derivatives by the logarithms of the parameters: rows are parameters.
        """
        return np.asarray(np.einsum("ik,ij,jk->k", slopes, self.covariance, slopes))

    def interval(self, parameter: str, confidence: float) -> tuple[float, float]:
        """The interval of one parameter, symmetric in its logarithm."""
        place = self.model._fields.index(parameter)
        half = deviations(confidence) * np.sqrt(self.covariance[place, place])
        middle = np.log(self.model[place])
        with np.errstate(over="ignore"):
            return float(np.exp(middle - half)), float(np.exp(middle + half))


def deviations(confidence: float) -> float:
    """How many standard deviations to either side hold so much of a normal distribution."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not at {confidence}")
    return NormalDist().inv_cdf((1 + confidence) / 2)


def too_few(again: Mask) -> str:
    """Why so many repeat buyers carry no model; nothing if they do."""
    count = int(again.sum())
    if count >= FEWEST_REPEAT_BUYERS:
        return ""
    return f"{count} customers bought again; {FEWEST_REPEAT_BUYERS} are needed"


def fit(start: Model, likelihood: Objective, customers: int) -> Fit[Model] | Refused:
    """The model of greatest likelihood, searched from `start`."""
    best = maximise(likelihood, np.log(start))
    if not best.found:
        return Refused("the likelihood has no maximum: the customers differ too little")
    covariance = np.asarray(np.linalg.inv(best.curvature * customers), np.float64)
    model = start._make(np.exp(best.point).tolist())
    return Fit(model, covariance, best.value * customers, customers)


def unknown(found: Fit[Model], names: Sequence[str], slopes: Vector, widest: float) -> str:
    """Which of these figures is all but unknown; nothing if none is.

    `slopes` as for `Fit.variance`; `widest` is the standard error of a logarithm that may be.
    """
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(found.variance(slopes))
    worst = int(np.argmax(errors))
    if errors[worst] <= widest:
        return ""
    return (
        f"{names[worst]} is all but unknown: its logarithm has a standard error of "
        f"{errors[worst]:.1f}, and {widest} passes"
    )


def log_slopes(figure: Callable[[Model], Vector], model: Model) -> Vector:
    """The derivatives of a figure's logarithm by the logarithms of the parameters.

    A figure that is 0 to the last digit stays so.
    """
    here = np.maximum(figure(model), np.finfo(np.float64).tiny)
    shifts = np.exp(np.eye(len(model)) * _WIDTH)
    ends = [
        figure(model._make(model * shift)) - figure(model._make(model / shift)) for shift in shifts
    ]
    return np.array(ends) / (2 * _WIDTH) / here
