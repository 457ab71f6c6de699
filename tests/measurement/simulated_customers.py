"""Customers who behave as the models say, drawn from parameters that are then known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.measurement.bgnbd import BgNbd
from pipelines.measurement.gamma_gamma import GammaGamma

RATES = BgNbd(0.25, 4.5, 0.8, 2.5)
SPENDING = GammaGamma(6.0, 4.0, 15.0)


def simulated(count, rates=RATES, spending=SPENDING, seed=1, youngest=27.0, oldest=39.0):
    """So many customers, whose first purchase lies `youngest` to `oldest` units of time back."""
    draw = np.random.default_rng(seed)
    age = draw.uniform(youngest, oldest, count)
    frequency, recency = _purchases(draw, rates, age)
    rate = draw.gamma(spending.q, 1 / spending.gamma, count)
    spent = draw.gamma(spending.p * np.maximum(frequency, 1)) / rate
    return pa.table(
        {
            "person_id": [f"{number:06}" for number in range(count)],
            "frequency": frequency.astype(np.int64),
            "recency": recency,
            "age": age,
            "monetary": np.where(frequency > 0, spent / np.maximum(frequency, 1), 0.0),
        }
    )


def _purchases(draw, rates, age):
    pace = np.maximum(draw.gamma(rates.r, 1 / rates.alpha, len(age)), 1e-300)
    dropout = draw.beta(rates.a, rates.b, len(age))
    frequency, recency, now = np.zeros((3, len(age)))
    there = np.full(len(age), True)
    while there.any():
        now = now + draw.exponential(1 / pace)
        bought = there & (now <= age)
        frequency += bought
        recency = np.where(bought, now, recency)
        there = bought & (draw.random(len(age)) >= dropout)
    return frequency, recency
