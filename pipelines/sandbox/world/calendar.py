"""Time and demand: each market's days as instants, and how much people want to buy on each.

Belongs here: zones, weekdays, paydays, feasts, the crisis. Does not: who buys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

import numpy as np

from pipelines.sandbox.world.config import INDONESIA, Market, WorldConfig
from pipelines.sandbox.world.draws import Array, Draws, Keys

DAY = 86_400
EPOCH = date(1970, 1, 1)
# A visit can lead to an order 30 days later, and a claim to a click 8 days earlier: the world is
# drawn that far beyond what is asked for, so that its last days are complete.
MARGIN_DAYS = 34

# First day of Ramadan in Indonesia; Eid al-Fitr follows after 29 or 30 days.
RAMADAN = {
    2023: (date(2023, 3, 23), 30),
    2024: (date(2024, 3, 12), 29),
    2025: (date(2025, 3, 1), 30),
    2026: (date(2026, 2, 19), 30),
    2027: (date(2027, 2, 8), 30),
    2028: (date(2028, 1, 28), 30),
    2029: (date(2029, 1, 16), 29),
    2030: (date(2030, 1, 6), 30),
}
# Online shopping days of both kinds are fixed by custom.
SHOPPING_DAYS = {(9, 9): 1.3, (10, 10): 1.35, (11, 11): 1.8, (12, 12): 1.9}
WEEKDAYS = {
    "id": (0.95, 0.92, 0.95, 1.0, 1.08, 1.12, 1.1),
    "us": (1.1, 1.0, 0.98, 0.98, 0.92, 0.95, 1.1),
}
PAYDAY = {25: 1.35, 26: 1.3, 27: 1.2, 28: 1.12, 29: 1.06}
CRISIS_LOSS = 0.45
CRISIS_FLAT_DAYS, CRISIS_RECOVERY_DAYS = 7, 21
# Share of the day's visits by local hour.
HOURS = (8, 5, 3, 2, 3, 5, 10, 16, 22, 27, 30, 34, 40, 36, 31, 29, 30, 34, 42, 52, 56, 48, 32, 17)
# Ends of the hours, and how much of the day's activity has passed by then, as seconds of a day.
HOUR_ENDS = np.arange(25) * 3_600
BUSY = np.append(0, np.cumsum(HOURS)) * DAY / sum(HOURS)
# Repeat purchases are thinned by demand relative to this cap.
DEMAND_CAP = 2.0


@dataclass(frozen=True)
class Calendar:
    """One market's days from the world's first to beyond what is asked for.

    `midnights[i]` is the instant (epoch seconds) at which local day i begins; `demand[i]` is about
    1 on an ordinary day. `history` is the number of days up to the anchor.
    """

    market: Market
    first: date
    history: int
    midnights: Array
    demand: Array
    crisis: Array

    @property
    def days(self) -> int:
        """How many days it holds."""
        return len(self.demand)

    @property
    def ordinal(self) -> int:
        """The first day as days since 1970."""
        return (self.first - EPOCH).days

    def day_of(self, seconds: Array) -> Array:
        """The index of the local day that holds each instant, or of the calendar's nearest day."""
        day = np.searchsorted(self.midnights, seconds, side="right") - 1
        return np.clip(day, 0, self.days - 1)

    def holds(self, seconds: Array) -> Array:
        """Whether each instant comes before the calendar's end."""
        return np.asarray(seconds < self.midnights[-1])

    def instant(self, draws: Draws, purpose: str, keys: Keys, days: Array) -> Array:
        """A drawn instant on each local day, by the hours at which people shop."""
        hour = draws.choice(purpose + "/hour", keys, HOURS)
        return self.midnights[days] + hour * 3600 + draws.below(purpose + "/second", keys, 3600)

    def later(self, at: Array, seconds: Array) -> Array:
        """Each instant so many seconds later, which pass slowly while people sleep.

        A day later is the same hour of the next day.
        """
        day = self._day_around(at)
        busy = day * DAY + np.interp(at - self._midnight(day), HOUR_ENDS, BUSY) + seconds
        day, rest = np.divmod(busy, DAY)
        second = np.interp(rest, BUSY, HOUR_ENDS).astype(np.int64)
        return np.asarray(self._midnight(day.astype(np.int64)) + second)

    def _day_around(self, at: Array) -> Array:
        """The day of each instant; before and after the calendar every day has 24 hours."""
        first, last = self.midnights[0], self.midnights[-1]
        after = self.days + (at - last) // DAY
        return np.where(
            at < first, (at - first) // DAY, np.where(self.holds(at), self.day_of(at), after)
        )

    def _midnight(self, day: Array) -> Array:
        inside = np.clip(day, 0, self.days)
        return np.asarray(self.midnights[inside] + (day - inside) * DAY)


def calendar(config: WorldConfig, market: Market, until: datetime) -> Calendar:
    """The market's days from the start to `until` and a margin beyond."""
    # Rates are scaled over the whole history, so the calendar holds it whatever `until` is.
    days = max((until.date() - config.start).days + 2, config.history_days) + MARGIN_DAYS
    every = [config.start + timedelta(days=n) for n in range(days)]
    crisis = np.array([_crisis(config, market, day) for day in every])
    season = np.array([_season(config, market, day) for day in every])
    return Calendar(
        market=market,
        first=config.start,
        history=config.history_days,
        midnights=midnights(config.start, days, market.zone),
        demand=season * crisis,
        crisis=crisis,
    )


def local_days(calendars: Sequence[Calendar], market: Array, at: Array) -> Array:
    """The index of the day that holds each instant in its own market's calendar."""
    day = np.zeros(len(at), np.int64)
    for code, calendar in enumerate(calendars):
        mine = market == code
        day[mine] = calendar.day_of(at[mine])
    return day


def midnights(first: date, days: int, zone: tzinfo) -> Array:
    """The instants (epoch seconds) between which so many days of that zone lie."""
    every = [first + timedelta(days=n) for n in range(days + 1)]
    return np.array([int(datetime.combine(day, time(), zone).timestamp()) for day in every])


def _season(config: WorldConfig, market: Market, day: date) -> float:
    grown = min((day - config.start).days / config.history_days, 1.2)
    factor = (0.85 + 0.3 * grown) * WEEKDAYS[market.code][day.weekday()]
    if market is INDONESIA:
        return (
            factor
            * PAYDAY.get(day.day, 1.0)
            * _ramadan(day)
            * SHOPPING_DAYS.get((day.month, day.day), 1.0)
        )
    return factor * _american_feasts(day)


def _ramadan(day: date) -> float:
    if day.year not in RAMADAN:
        return 1.0
    first, length = RAMADAN[day.year]
    passed = (day - first).days
    if 0 <= passed < length:
        return 1.1 + 0.45 * passed / length
    return 0.6 if length <= passed < length + 6 else 1.0


def _american_feasts(day: date) -> float:
    thanksgiving = next(
        date(day.year, 11, number)
        for number in range(22, 29)
        if date(day.year, 11, number).weekday() == 3
    )
    if 1 <= (day - thanksgiving).days <= 4:
        return 1.9
    if date(day.year, 12, 1) <= day <= date(day.year, 12, 18):
        return 1.35
    return 0.8 if (day.month, day.day) in ((7, 4), (12, 25)) else 1.0


def _crisis(config: WorldConfig, market: Market, day: date) -> float:
    if market is not INDONESIA or not config.crisis:
        return 1.0
    passed = (day - (config.anchor - timedelta(days=config.crisis_days_before))).days
    if passed < 1:
        return 1.0
    recovered = min(max(passed - CRISIS_FLAT_DAYS, 0) / CRISIS_RECOVERY_DAYS, 1.0)
    return 1.0 - CRISIS_LOSS * (1.0 - recovered)
