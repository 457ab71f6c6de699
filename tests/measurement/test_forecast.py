"""The forecast of a daily series, by series whose rhythm is known, and when it is refused."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.measurement.forecast import forecast, losses, past_errors
from pipelines.measurement.numerics import Vector

FIRST = date(2025, 1, 1)
STARTED = datetime.combine(date(2026, 1, 1), time(12))


def rhythm(days: int) -> Vector:
    """100 a day, twice as much on Saturdays, half as much again on the 25th."""
    every = [FIRST + timedelta(days=n) for n in range(days)]
    return np.array(
        [100.0 * (2 if d.weekday() == 5 else 1) * (1.5 if d.day == 25 else 1) for d in every]
    )


def sales(values: Vector, after: int, fallen: float = 1.0) -> pa.Table:
    """Days of a crisis that begins `after` days before the series ends, by which sales fall."""
    started = FIRST + timedelta(days=len(values) - after - 1)
    rows: list[dict[str, Any]] = []
    for n, value in enumerate(values.tolist()):
        day = FIRST + timedelta(days=n)
        came = value * (fallen if day > started else 1)
        rows.append(
            {
                "crisis_started_at": STARTED,
                "started_date": started,
                "date_day": day,
                "orders": int(came // 10),
                "net_revenue": Decimal(str(round(came, 4))),
            }
        )
    return pa.Table.from_pylist(rows)


def told(days: pa.Table) -> dict[str, Any]:
    (found,) = losses(days).to_pylist()
    return dict(found)


def test_weekdays_and_paydays_are_expected_again() -> None:
    whole = rhythm(400)
    assert forecast(whole[:370], FIRST, 30) == pytest.approx(whole[370:], rel=0.03)


def test_one_extraordinary_day_moves_no_forecast() -> None:
    plain, feast = rhythm(370), rhythm(370)
    feast[360] *= 20
    assert forecast(feast, FIRST, 14) == pytest.approx(forecast(plain, FIRST, 14), rel=0.05)


def test_the_interval_is_how_far_forecasts_were_off_before() -> None:
    noise = np.random.default_rng(5).normal(1, 0.2, 400)
    steady, noisy = rhythm(400), rhythm(400) * noise
    assert (
        np.abs(past_errors(steady, FIRST, 14)).max() < np.abs(past_errors(noisy, FIRST, 14)).max()
    )
    found = told(sales(noisy, 20, fallen=0.5))
    assert found["lost_revenue_low"] < found["lost_revenue"] < found["lost_revenue_high"]


def test_what_is_lost_is_what_was_to_be_expected_less_what_came() -> None:
    found = told(sales(rhythm(400), 20, fallen=0.6))
    assert found["days_compared"] == 14
    assert found["lost_revenue"] == found["expected_revenue"] - found["actual_revenue"]
    assert float(found["lost_revenue"] / found["expected_revenue"]) == pytest.approx(0.4, abs=0.02)
    assert found["recovered_at"] is None


def test_a_crisis_that_cost_nothing_has_recovered_after_a_week() -> None:
    found = told(sales(rhythm(400) * np.random.default_rng(5).normal(1, 0.1, 400), 20))
    started = FIRST + timedelta(days=379)
    assert found["recovered_at"] == started + timedelta(days=7)


def test_a_crisis_of_yesterday_is_compared_with_the_days_there_are() -> None:
    assert told(sales(rhythm(400), 3, fallen=0.5))["days_compared"] == 3
    begun = told(sales(rhythm(400), 0))
    assert (begun["lost_revenue"], begun["refused"]) == (None, "no whole day has passed since")


def test_a_thin_history_carries_no_forecast() -> None:
    thin = told(sales(rhythm(50), 14))
    assert (thin["lost_revenue"], thin["refused"]) == (None, "35 days before are fewer than 42")


def test_the_interval_of_a_short_history_is_as_wide_as_its_weeks_lie_apart() -> None:
    """Where days are of chance alone: nine of ten such intervals hold what came, or more."""
    chance = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        found = told(sales(rhythm(70) * chance.normal(1, 0.2, 70), 14))
        held += found["lost_revenue_low"] <= 0 <= found["lost_revenue_high"]
    assert 180 <= held < 200
    noise = chance.normal(1, 0.2, 70)
    calm, wild = (told(sales(rhythm(70) * noise**power, 14)) for power in (0.25, 1))
    width = [each["lost_revenue_high"] - each["lost_revenue_low"] for each in (calm, wild)]
    assert 0 < 2 * width[0] < width[1]


def test_after_a_short_history_sales_recover_too() -> None:
    noise = np.random.default_rng(5).normal(1, 0.1, 80)
    started = FIRST + timedelta(days=59)
    assert told(sales(rhythm(80) * noise, 20))["recovered_at"] == started + timedelta(days=7)
    assert told(sales(rhythm(80) * noise, 20, fallen=0.4))["recovered_at"] is None
