"""The arithmetic of advertising reports: cells rolled up to what a report asks for.

Belongs here: sums by object, day and breakdown over arrays. Does not: names on the wire, parameters
or paging (`meta_ads`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Whole = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

METRICS = (
    "impressions",
    "clicks",
    "link_clicks",
    "spend",
    "purchases_claimed_7d_click",
    "purchases_claimed_1d_view",
    "value_claimed",
)
# What an account spent beyond its listed ads has no purchases.
EXTRA_METRICS = METRICS[:4]
DIMENSIONS = ("campaign_id", "adset_id", "ad_id", "age", "gender", "region")
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Report:
    """Rows of a report as columns: first and last day, the asked dimensions, the metrics, reach."""

    first: list[date]
    last: list[date]
    dimensions: Mapping[str, list[str]]
    metrics: Mapping[str, list[int]]
    reach: list[int]

    def __len__(self) -> int:
        return len(self.first)


class Cells:
    """One account's cells, extra and reach, as arrays sorted by day."""

    def __init__(self, cells: pa.Table, extra: pa.Table, reach: pa.Table) -> None:
        self._days = _ordinals(cells["date_day"])
        self._codes: dict[str, Whole] = {}
        self.labels: dict[str, list[str]] = {}
        for name in DIMENSIONS:
            encoded = pc.dictionary_encode(cells[name].combine_chunks())
            self._codes[name] = encoded.indices.to_numpy().astype(np.int64)
            self.labels[name] = encoded.dictionary.to_pylist()
        self._metrics = {name: cells[name].to_numpy().copy() for name in METRICS}
        self._extra_days = _ordinals(extra["date_day"])
        self._extra = {name: extra[name].to_numpy() for name in EXTRA_METRICS}
        keys = zip(
            reach["level"].to_pylist(),
            reach["object_id"].to_pylist(),
            _ordinals(reach["date_day"]).tolist(),
            strict=True,
        )
        self._reach = dict(zip(keys, reach["reach"].to_pylist(), strict=True))

    def adjust(self, ad_id: str, day: date, changes: Mapping[str, int]) -> None:
        """Add to the first cell of that ad's day; KeyError where it has none."""
        code = self.labels["ad_id"].index(ad_id)
        found = np.flatnonzero((self._codes["ad_id"] == code) & (self._days == _ordinal(day)))
        if not len(found):
            raise KeyError(f"ad {ad_id} has no delivery on {day}")
        for name, change in changes.items():
            self._metrics[name][found[0]] += change

    def report(
        self,
        level: str,
        breakdowns: Sequence[str],
        first: date,
        last: date,
        step: int | None,
        kept: Mapping[str, set[str]],
    ) -> Report:
        """Sums by `step` days (None: the whole range), object of the level and breakdowns.

        `kept` holds the values that a dimension may have; other cells do not count. Rows in which
        nothing was delivered are left out.
        """
        start = int(np.searchsorted(self._days, _ordinal(first), "left"))
        end = int(np.searchsorted(self._days, _ordinal(last), "right"))
        chosen = np.arange(start, end)
        for name, values in kept.items():
            allowed = np.array([label in values for label in self.labels[name]], dtype=bool)
            if len(allowed):
                chosen = chosen[allowed[self._codes[name][chosen]]]
        names = [*_path(level), *breakdowns]
        bins = self._bins(self._days[chosen], first, step)
        keys = [bins, *(self._codes[name][chosen] for name in names)]
        groups, where = _grouped(keys)
        sums = {name: _sums(self._metrics[name][chosen], where) for name in METRICS}
        if level == "account" and not breakdowns:
            groups, sums = self._with_extra(groups, sums, first, last, step)
        delivered = (sums["impressions"] > 0) | (sums["spend"] > 0)
        groups = [values[delivered] for values in groups]
        sums = {name: values[delivered] for name, values in sums.items()}
        return self._finished(level, names, groups, sums, first, last, step, bool(breakdowns))

    def _bins(self, days: Whole, first: date, step: int | None) -> Whole:
        return (
            np.zeros(len(days), dtype=np.int64)
            if step is None
            else (days - _ordinal(first)) // step
        )

    def _with_extra(
        self, groups: list[Whole], sums: dict[str, Whole], first: date, last: date, step: int | None
    ) -> tuple[list[Whole], dict[str, Whole]]:
        inside = (self._extra_days >= _ordinal(first)) & (self._extra_days <= _ordinal(last))
        bins = np.concatenate([groups[0], self._bins(self._extra_days[inside], first, step)])
        merged, where = _grouped([bins])
        added = {}
        for name in METRICS:
            more = (
                self._extra[name][inside]
                if name in self._extra
                else np.zeros(inside.sum(), np.int64)
            )
            added[name] = _sums(np.concatenate([sums[name], more]), where)
        return merged, added

    def _finished(
        self,
        level: str,
        names: Sequence[str],
        groups: list[Whole],
        sums: dict[str, Whole],
        first: date,
        last: date,
        step: int | None,
        broken_down: bool,
    ) -> Report:
        width = (last - first).days + 1 if step is None else step
        starts = [first + timedelta(days=number * width) for number in groups[0].tolist()]
        ends = [min(start + timedelta(days=width - 1), last) for start in starts]
        dimensions = {
            name: [self.labels[name][code] for code in codes.tolist()]
            for name, codes in zip(names, groups[1:], strict=True)
        }
        impressions = sums["impressions"].tolist()
        reach = [_fewer(count) for count in impressions]
        if width == 1 and not broken_down and level != "account":
            objects = dimensions[f"{level}_id"]
            days = (groups[0] + _ordinal(first)).tolist()
            found = zip(objects, days, reach, strict=True)
            reach = [self._reach.get((level, name, day), other) for name, day, other in found]
        if width == 1 and level == "account" and not broken_down:
            by_day = {day: count for (kind, _, day), count in self._reach.items() if kind == level}
            days = (groups[0] + _ordinal(first)).tolist()
            reach = [by_day.get(day, other) for day, other in zip(days, reach, strict=True)]
        metrics = {name: values.tolist() for name, values in sums.items()}
        return Report(starts, ends, dimensions, metrics, reach)


def _fewer(impressions: int) -> int:
    """A reach for a grain that the world does not tell: some accounts saw it more than once."""
    return -(-impressions * 7 // 10)


def _path(level: str) -> list[str]:
    levels = ["campaign", "adset", "ad"]
    return (
        [] if level == "account" else [f"{name}_id" for name in levels[: levels.index(level) + 1]]
    )


def _grouped(keys: Sequence[Whole]) -> tuple[list[Whole], Whole]:
    """The distinct combinations of the keys, in order, and the place of each row among them."""
    combined = np.zeros(len(keys[0]), dtype=np.int64)
    sizes = [int(key.max(initial=0)) + 1 for key in keys]
    for key, size in zip(keys, sizes, strict=True):
        combined = combined * size + key
    distinct, where = np.unique(combined, return_inverse=True)
    groups: list[Whole] = []
    for size in reversed(sizes):
        groups.insert(0, distinct % size)
        distinct = distinct // size
    return groups, where


def _sums(values: Whole, where: Whole) -> Whole:
    """Exact sums by place."""
    total = np.zeros(int(where.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(total, where, values)
    return total


def _ordinal(day: date) -> int:
    return (day - EPOCH).days


def _ordinals(column: pa.ChunkedArray) -> Whole:
    days: Whole = column.cast(pa.int32()).to_numpy().astype(np.int64)
    return days


def rows(report: Report, places: Iterable[int]) -> Iterable[dict[str, Any]]:
    """The rows of a report at those places, as dicts by column."""
    for at in places:
        row: dict[str, Any] = {"first": report.first[at], "last": report.last[at]}
        row.update((name, values[at]) for name, values in report.dimensions.items())
        row.update((name, values[at]) for name, values in report.metrics.items())
        row["reach"] = report.reach[at]
        yield row
