"""Euro reference rates as the European Central Bank would publish them.

Belongs here: a drawn course of the two currencies on the bank's business days. Does not: SDMX.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.calendar import EPOCH
from pipelines.sandbox.world.draws import Draws, mix
from pipelines.sandbox.world.frame import arrow, dates, instants

FRANKFURT = ZoneInfo("Europe/Berlin")
# First rate, daily drift, daily spread and decimals.
COURSES = {"IDR": (18_400.0, 0.00010, 0.0040, 2), "USD": (1.0850, 0.00003, 0.0035, 4)}
# Rates begin before the world does, so that its first weekend has one to carry forward.
LEAD_DAYS = 14


def fx_table(draws: Draws, start: date, days: int) -> pa.Table:
    """`fx` from two weeks before the start, for so many days from it."""
    every = [start + timedelta(days=n) for n in range(-LEAD_DAYS, days)]
    open_days = [day for day in every if _is_open(day)]
    ordinals = np.array([(day - EPOCH).days for day in open_days])
    published = [
        int(datetime.combine(day, time(16), FRANKFURT).astimezone(UTC).timestamp())
        for day in open_days
    ]
    rates: list[str] = []
    columns = []
    for number, (first, drift, spread, decimals) in enumerate(COURSES.values()):
        steps = drift + spread * draws.normal("fx", mix(number, ordinals))
        columns.append([f"{rate:.{decimals}f}" for rate in first * np.exp(np.cumsum(steps))])
    for pair in zip(*columns, strict=True):
        rates += pair
    return arrow(
        tables.FX,
        {
            "date": dates(np.repeat(ordinals, len(COURSES))),
            "currency": list(COURSES) * len(open_days),
            "rate": rates,
            "published_at": instants(np.repeat(published, len(COURSES))),
        },
    )


def _is_open(day: date) -> bool:
    """No weekend, and none of the bank's holidays."""
    easter = easter_sunday(day.year)
    holidays = {
        date(day.year, 1, 1),
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        date(day.year, 5, 1),
        date(day.year, 12, 25),
        date(day.year, 12, 26),
    }
    return day.weekday() < 5 and day not in holidays


def easter_sunday(year: int) -> date:
    """Easter of the western churches, by the anonymous Gregorian rule."""
    century = year // 100
    golden = year % 19
    correction = century - century // 4 - (8 * century + 13) // 25
    moon = (19 * golden + correction + 15) % 30
    moon -= moon // 28 * (1 - moon // 28 * (29 // (moon + 1)) * ((21 - golden) // 11))
    sunday = (year + year // 4 + moon + 2 - century + century // 4) % 7
    offset = moon - sunday
    month = 3 + (offset + 40) // 44
    return date(year, month, offset + 28 - 31 * (month // 4))
