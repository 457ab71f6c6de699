"""Lift of a test over regions: against lines by hand, printed tables, and tests of known truth."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from pipelines.measurement.geo_lift import FEWEST_DAYS, effects
from pipelines.measurement.numerics import t_quantile

FIRST = date(2026, 1, 1)


def days(treatment, control, *, before, spend=0.0, name="test"):
    """A row a day, the test after so many days; spend is spread over its days."""
    count = len(treatment)
    return pa.table(
        {
            "experiment": [name] * count,
            "date_day": [FIRST + timedelta(days=n) for n in range(count)],
            "is_test": [n >= before for n in range(count)],
            "treatment": np.asarray(treatment, float),
            "control": np.asarray(control, float),
            "spend": [0.0] * before + [spend / (count - before)] * (count - before),
        }
    )


def simulated(seed, *, before=56, test=28, lift=30.0):
    """Regions of one demand, the treated ones twice as large; every day of the test adds `lift`."""
    chance = np.random.default_rng(seed)
    demand = 100 + 15 * np.sin(np.arange(before + test) * 2 * np.pi / 7)
    demand = demand + chance.normal(0, 10, before + test)
    control = demand + chance.normal(0, 3, before + test)
    treatment = 2 * demand + chance.normal(0, 8, before + test)
    treatment[before:] += lift
    return days(treatment, control, before=before, spend=280.0)


def advertised_before(table):
    return table.set_column(5, "spend", pa.array([1.0] * table.num_rows))


def only(table):
    (row,) = table.to_pylist()
    return row


def test_what_the_line_does_not_explain_is_the_effect():
    """y = 2 x before the test, to the last digit; then five more a day over thirty days."""
    control = np.tile([10.0, 20.0, 30.0], 20)
    treatment = 2 * control
    treatment[30:] += 5
    found = only(effects(days(treatment, control, before=30, spend=50.0)))
    assert found["incremental_revenue"] == Decimal("150.0000")
    assert found["incremental_revenue_low"] == found["incremental_revenue_high"] == Decimal(150)
    assert found["expected_revenue"] == Decimal(2 * 600)
    assert found["iroas"] == pytest.approx(3)
    assert found["treated_per_control"] == pytest.approx(2)


def test_the_interval_by_hand():
    """b = 2, errors of one to either side: s² = 28 ÷ 27, and the test sells as the days before."""
    control = np.full(56, 10.0)
    treatment = 20 + np.tile([1.0, -1.0], 28)
    treatment[28:] = 20
    found = only(effects(days(treatment, control, before=28)))
    wide = t_quantile(0.9, 27) * (28 / 27 * 28 * 2) ** 0.5
    assert found["incremental_revenue"] == 0
    assert float(found["incremental_revenue_high"]) == pytest.approx(wide, abs=1e-4)
    assert float(found["incremental_revenue_low"]) == pytest.approx(-wide, abs=1e-4)


def test_a_market_that_grows_everywhere_is_no_effect():
    """By half as much again, and hardly any order a day: a line with an intercept saw an effect."""
    chance = np.random.default_rng(5)
    level = np.r_[np.full(56, 4.0), np.full(28, 6.0)]
    total = 0.0
    for _ in range(200):
        table = days(chance.poisson(level), chance.poisson(level), before=56)
        total += float(only(effects(table))["incremental_revenue"])
    assert abs(total / 200) < 0.05 * 28 * 6


def test_ninety_of_a_hundred_intervals_hold_the_truth():
    held = 0
    for seed in range(400):
        found = only(effects(simulated(seed)))
        held += found["incremental_revenue_low"] <= 28 * 30 <= found["incremental_revenue_high"]
    assert 0.86 <= held / 400 <= 0.94


@pytest.mark.parametrize(
    ("confidence", "degrees", "published"),
    [
        (0.90, 1, 6.314), (0.90, 2, 2.920), (0.90, 10, 1.812), (0.90, 30, 1.697),
        (0.95, 1, 12.706), (0.95, 5, 2.571), (0.95, 28, 2.048), (0.99, 4, 4.604),
        (0.90, 120, 1.658),
    ],
)  # fmt: skip
def test_quantiles_are_those_of_the_printed_tables(confidence, degrees, published):
    assert t_quantile(confidence, degrees) == pytest.approx(published, abs=5e-4)


def test_experiments_do_not_see_each_other():
    one, other = simulated(1), simulated(2)
    other = other.set_column(0, "experiment", pa.array(["other"] * other.num_rows))
    both = effects(pa.concat_tables([one, other]))
    assert both.slice(1).to_pylist() == effects(one).to_pylist()
    assert both.slice(0, 1).to_pylist() == effects(other).to_pylist()


def test_the_order_of_days_changes_nothing():
    table = simulated(3)
    mixed = table.take(np.random.default_rng(3).permutation(table.num_rows))
    assert effects(table).equals(effects(mixed))


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (simulated(1, before=FEWEST_DAYS - 1), "27 days before the test, and 28 are needed"),
        (simulated(1).slice(0, 56), "the test has not begun"),
        (days([1.0] * 60, [0.0] * 60, before=40), "the control regions sold nothing"),
        (advertised_before(simulated(1)), "was advertised before"),
    ],
)  # fmt: skip
def test_days_that_do_not_carry_the_model_are_refused_with_the_reason(table, reason):
    found = only(effects(table))
    assert reason in found["refused"]
    assert found["incremental_revenue"] is None
    assert found["iroas"] is None


def test_without_spend_there_is_an_effect_and_no_return():
    found = only(effects(days(np.arange(60.0), np.arange(60.0) % 7, before=40)))
    assert found["incremental_revenue"] is not None
    assert found["iroas"] is None
    assert effects(simulated(1).slice(0, 0)).num_rows == 0
