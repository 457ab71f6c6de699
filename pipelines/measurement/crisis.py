"""Hours in which unusually many write ill of something, and the crises that they make.

Belongs here: the rule over counts by hour. Does not: what is negative or about which topic
(`sentiment`), who is counted (SQL), what a crisis costs (`forecast`).

An hour is flagged where its count is at least a minimum and above median + 3 · 1.4826 · MAD of the
same hour of the day (UTC) over the 28 days before. 1.4826 · MAD is the standard deviation where
counts scatter normally. Flagged hours leave the baseline, so that a crisis does not become what is
usual.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BASELINE_DAYS = 28
DEVIATIONS = 3 * 1.4826
# Fewer days do not tell what is usual.
FEWEST_DAYS = 14
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURS = pa.schema(
    [
        ("topic", pa.string()),
        ("hour_at", pa.timestamp("us")),
        ("negative_mentions", pa.int64()),
        ("usual_mentions", pa.float64()),
        ("threshold", pa.float64()),
        ("is_flagged", pa.bool_()),
        ("crisis_started_at", pa.timestamp("us")),
        ("is_over", pa.bool_()),
    ]
)

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Levels = NDArray[np.float64]
# First and last flagged hour, as places in the grid.
Span = tuple[int, int]


def hours(counts: pa.Table, *, minimum: int, bridge_hours: int) -> pa.Table:
    """Each topic's hours that have negative mentions, as HOURS, in order of topic and hour.

    `counts` has `topic, hour_at, negative_mentions` (UTC, whole hours; several rows of an hour add
    up); an hour without a row has none. Its first and last hour are those of what is known.

    `usual_mentions` is the median of the baseline, `threshold` what must be exceeded; both are NULL
    in the first days, which nothing is compared with. Flagged hours of all topics with gaps of at
    most `bridge_hours` between them are one crisis, named by the hour in which it began; the hours
    of its topics until its last flagged one belong to it. `is_over` says that nothing has been
    flagged for longer than that since.
    """
    if not counts.num_rows:
        return HOURS.empty_table()
    topics = sorted(set(counts["topic"].to_pylist()))
    first, grid = _grid(counts, topics)
    usual, threshold, flagged = flags(grid, minimum=minimum)
    crises = _stretches(np.asarray(flagged.any(axis=0)), bridge_hours)
    last = _last_hour(counts, first)
    spans = [_spans_of_hours(each, crises) for each in flagged]
    rows = [
        {
            "topic": topics[place],
            "hour_at": first + hour * HOUR,
            "negative_mentions": int(grid[place, hour]),
            "usual_mentions": _told(usual[place, hour]),
            "threshold": _told(threshold[place, hour]),
            "is_flagged": bool(flagged[place, hour]),
            "crisis_started_at": first + span[0] * HOUR if span else None,
            "is_over": last - span[1] > bridge_hours if span else None,
        }
        for place, hour in np.argwhere(grid).tolist()
        for span in [spans[place].get(hour)]
    ]
    return pa.Table.from_pylist(rows, schema=HOURS)


def flags(grid: Counts, *, minimum: int) -> tuple[Levels, Levels, Flags]:
    """The usual count, the threshold and the flag of each topic's hours.

    `grid[topic, hour]` counts whole days of 24 hours. An hour is compared with the same hour of the
    days before alone, so one pass over the days is exact.
    """
    topics, length = grid.shape
    days = grid.reshape(topics, length // 24, 24)
    baseline = days.astype(np.float64)
    usual = np.full(days.shape, np.nan)
    threshold = np.full(days.shape, np.nan)
    flagged = np.zeros(days.shape, bool)
    for day in range(FEWEST_DAYS, days.shape[1]):
        window = baseline[:, max(0, day - BASELINE_DAYS) : day]
        centre = _median(window)
        spread = _median(np.abs(window - centre[:, None]))
        enough = (~np.isnan(window)).sum(axis=1) >= FEWEST_DAYS
        usual[:, day] = np.where(enough, centre, np.nan)
        threshold[:, day] = np.where(enough, centre + DEVIATIONS * spread, np.nan)
        flagged[:, day] = (days[:, day] > threshold[:, day]) & (days[:, day] >= minimum)
        baseline[:, day][flagged[:, day]] = np.nan
    return usual.reshape(grid.shape), threshold.reshape(grid.shape), flagged.reshape(grid.shape)


def _median(window: Levels) -> Levels:
    """The median over the days that are there (axis 1); NaN, which sorts last, are not."""
    ordered = np.sort(window, axis=1)
    there = (~np.isnan(window)).sum(axis=1, keepdims=True)
    low = np.maximum((there - 1) // 2, 0)
    middle = [np.take_along_axis(ordered, place, axis=1) for place in (low, there // 2)]
    return np.asarray((middle[0] + middle[1])[:, 0] / 2)


def _stretches(flagged: Flags, bridge_hours: int) -> list[Span]:
    """First and last flagged hour of each stretch whose gaps are no longer than `bridge_hours`."""
    places = np.flatnonzero(flagged)
    if not len(places):
        return []
    parts = np.split(places, np.flatnonzero(np.diff(places) > bridge_hours + 1) + 1)
    return [(int(part[0]), int(part[-1])) for part in parts]


def _spans_of_hours(flagged: Flags, crises: list[Span]) -> dict[int, Span]:
    """The crisis of each hour of a topic that is flagged somewhere in it."""
    return {
        hour: (first, last)
        for first, last in crises
        if flagged[first : last + 1].any()
        for hour in range(first, last + 1)
    }


def _told(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _grid(counts: pa.Table, topics: list[str]) -> tuple[datetime, Counts]:
    """Midnight (UTC) of the first day, and the counts of each topic's hours over whole days."""
    at = counts["hour_at"].to_pylist()
    first = min(at).replace(hour=0)
    days = (max(at) - first) // DAY + 1
    grid = np.zeros((len(topics), days * 24), np.int64)
    rows = np.searchsorted(topics, counts["topic"].to_pylist())
    hour = [(each - first) // HOUR for each in at]
    np.add.at(grid, (rows, hour), counts["negative_mentions"].to_numpy())
    return first, grid


def _last_hour(counts: pa.Table, first: datetime) -> int:
    return int((max(counts["hour_at"].to_pylist()) - first) // HOUR)
