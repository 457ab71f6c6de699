"""Gamma-Gamma: what a customer spends on a purchase.

The model of Fader and Hardie, The Gamma-Gamma Model of Monetary Value, 2013. Equations are numbered
as there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipelines.measurement.customers import Customers
from pipelines.measurement.fitting import Fit, Refused, fit, too_few, unknown
from pipelines.measurement.numerics import Vector, digamma, log_gamma

# Fader, Hardie and Lee (2005, RFM and CLV) find 0.11 on CDNOW negligible.
HIGHEST_CORRELATION = 0.3
# The standard error of a parameter's logarithm.
WIDEST_ERROR = 2.0


class GammaGamma(NamedTuple):
    """A purchase is Gamma(p, ν) for a customer whose ν varies as Gamma(q, gamma).

    `gamma` is money.
    """

    p: float
    q: float
    gamma: float

    def value(self, frequency: Vector, monetary: Vector) -> Vector:
        """The expected mean value of a customer's purchases (equation 5).

        The base's for who bought once, and the nearer to the customer's own the more they bought.
        """
        return np.asarray(
            self.p * (self.gamma + frequency * monetary) / (self.p * frequency + self.q - 1)
        )

    def slopes(self, frequency: Vector, monetary: Vector) -> Vector:
        """The derivatives of the logarithm of `value` by the logarithms of p, q and gamma."""
        spread = self.p * frequency + self.q - 1
        return np.array(
            [
                1 - self.p * frequency / spread,
                -self.q / spread,
                self.gamma / (self.gamma + frequency * monetary),
            ]
        )


def fit_gamma_gamma(customers: Customers) -> Fit[GammaGamma] | Refused:
    """Gamma-Gamma by greatest likelihood, on those who bought again for more than nothing."""
    paid = customers.again & (customers.monetary > 0)
    frequency, monetary = customers.frequency[paid], customers.monetary[paid]
    reason = too_few(paid) or _too_alike(monetary) or _too_correlated(frequency, monetary)
    if reason:
        return Refused(reason)
    start = GammaGamma(2.0, 2.0, float(monetary.mean()))
    found = fit(start, GammaGammaLikelihood(frequency, monetary), len(monetary))
    if isinstance(found, Refused):
        return found
    reason = unknown(found, start._fields, np.eye(len(start)), WIDEST_ERROR)
    if reason:
        return Refused(reason)
    if found.model.q <= 1:
        return Refused(f"the mean purchase has no finite expectation (q is {found.model.q:.2f})")
    return found


def _too_alike(monetary: Vector) -> str:
    return "" if np.ptp(monetary) > 0 else "all customers spend the same on a purchase"


def _too_correlated(frequency: Vector, monetary: Vector) -> str:
    if np.ptp(frequency) == 0:
        return ""
    found = float(np.corrcoef(frequency, monetary)[0, 1])
    if abs(found) <= HIGHEST_CORRELATION:
        return ""
    return (
        f"how often customers buy and what they spend correlate by {found:.2f}; "
        f"the model takes them for independent, and up to {HIGHEST_CORRELATION} passes"
    )


class GammaGammaLikelihood:
    """The mean log-likelihood of repeat buyers, and its gradient, by the logarithms of parameters.

    Equation 1a.
    """

    def __init__(self, frequency: Vector, monetary: Vector) -> None:
        order = np.lexsort((monetary, frequency))
        self._x, self._monetary = frequency[order], monetary[order]
        self._distinct, self._place = np.unique(self._x, return_inverse=True)

    def __call__(self, logs: Vector) -> tuple[float, Vector]:
        """The value and the gradient at those logarithms of p, q and gamma."""
        p, q, gamma = np.exp(logs)
        shapes = p * self._distinct
        spent = self._x * self._monetary
        base, own = np.log(gamma / (gamma + spent)), np.log(spent / (gamma + spent))
        both = digamma(shapes + q)
        beta = log_gamma(shapes + q) - log_gamma(shapes) - log_gamma(np.array([q]))
        value = beta[self._place] + q * base + p * self._x * own - np.log(self._monetary)
        gradient = np.array(
            [
                p * self._x * ((both - digamma(shapes))[self._place] + own),
                q * ((both - digamma(np.array([q])))[self._place] + base),
                q - gamma * (q + p * self._x) / (gamma + spent),
            ]
        )
        return float(value.mean()), gradient.mean(axis=1)
