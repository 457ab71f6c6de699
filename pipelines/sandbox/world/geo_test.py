"""One geo experiment: a campaign that only some provinces see, the others being its control.

Belongs here: when it runs, which provinces it treats, how strong it is meant to be, the list that
the brand keeps of it. Does not: the campaign's clicks (`demand`) or figures (`advertising`).
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.calendar import DAY, Calendar
from pipelines.sandbox.world.config import INDONESIA, WorldConfig
from pipelines.sandbox.world.draws import Array, Draws, mix
from pipelines.sandbox.world.frame import arrow, dates, instants, words
from pipelines.sandbox.world.geography import REGIONS

MARKET = INDONESIA
PROVINCES = REGIONS[MARKET.code]
GROUPS = ("treatment", "control")
# Days before it for which the provinces can be compared, at least.
LEAST_BEFORE = 14
# A visit by its ads makes a buyer.
EFFECT = 0.04
# Orders of an ordinary day, first ones and repeats, by customer of the world's size and day.
ORDERS = 2.5
DECLARED_BEFORE = 7


def period(config: WorldConfig) -> tuple[date, date] | None:
    """The first and the last day, or None where there is no experiment.

    There is none without a lift, and none in a history that is too short for the days before it.
    """
    first = config.anchor - timedelta(days=config.geo_test_days_before)
    if not config.geo_test_lift or (first - config.start).days < LEAST_BEFORE:
        return None
    return first, first + timedelta(days=config.geo_test_days - 1)


def treated(draws: Draws) -> Array:
    """Whether each province is treated: of two neighbours by population, one that is drawn."""
    by_size = np.argsort([-province.weight for province in PROVINCES], kind="stable")
    pairs = by_size.reshape(-1, 2)
    picked = draws.chance("geo_test/treated", mix(np.arange(len(pairs)), 71), 0.5).astype(int)
    found = np.zeros(len(PROVINCES), bool)
    found[pairs[np.arange(len(pairs)), picked]] = True
    return found


def expected_wins(config: WorldConfig, draws: Draws, calendar: Calendar) -> Array:
    """How many orders the campaign is to make on each of the calendar's days."""
    wins = np.zeros(calendar.days)
    days = period(config)
    if days:
        start = (days[0] - config.start).days
        running = slice(start, start + config.geo_test_days)
        season = calendar.demand / calendar.crisis
        usual = season / season[: calendar.history].sum()
        people = np.array([province.weight for province in PROVINCES])
        share = people[treated(draws)].sum() / people.sum()
        customers = config.size * MARKET.share * share
        wins[running] = config.geo_test_lift * ORDERS * customers * usual[running]
    return wins


def experiment_table(
    config: WorldConfig, draws: Draws, calendar: Calendar, utm_campaign: str | None
) -> pa.Table:
    """`experiments`: one row a province; empty without an experiment."""
    days = period(config)
    if not days or not utm_campaign:
        return tables.EXPERIMENTS.empty_table()
    n = len(PROVINCES)
    first, last = ((day - calendar.first).days for day in days)
    declared = calendar.midnights[first] - DECLARED_BEFORE * DAY
    table = arrow(
        tables.EXPERIMENTS,
        {
            "market": [MARKET.code] * n,
            "experiment": [f"geo-{days[0]:%Y-%m}"] * n,
            "country_code": [MARKET.country_code] * n,
            "province": [province.name for province in PROVINCES],
            "group": words(GROUPS, np.where(treated(draws), 0, 1)),
            "first_day": dates(np.full(n, first + calendar.ordinal)),
            "last_day": dates(np.full(n, last + calendar.ordinal)),
            "utm_campaign": [utm_campaign] * n,
            "declared_at": instants(np.full(n, declared)),
        },
    )
    return table.sort_by([(name, "ascending") for name in tables.SORTED_BY["experiments"]])
