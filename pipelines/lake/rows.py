"""What a stream-day's rows are, whatever order they came in: one per key, sorted by it.

Belongs here: pure functions on tables, and on tables that come one after another. Does not: files,
conversion from records.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lake.convert import json_text
from pipelines.lake.shape import MOST_KEYS, can_be_named, struct

_EPOCH = date(1970, 1, 1).toordinal()
_ORDER = "__order"
_INDEX_IN_LIST = re.compile(r"\[\d+\]")
# One for all: making a decoder costs more than decoding one row's text.
_NAMES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_FIRST_ROWS = 64
# Rows that are ordered at once, where runs are merged.
_JOINED_ROWS = 1024
Ordinals: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
# No day: before every other.
NO_DAY = -1


def distinct(table: pa.Table, key: Sequence[str], version: str = "") -> pa.Table:
    """One row per key, sorted by key: the newest version, and of one version the last seen.

    NULL is a value of a key like any other. Identical rows collapse; so the result depends on the
    order of rows only where one key comes with differing values and no version to tell them apart:
    then the platform said the last one last.
    """
    order = survivors(table, key, version)
    return table if order is None else table.combine_chunks().take(order)


def survivors(table: pa.Table, key: Sequence[str], version: str = "") -> pa.Array | None:
    """The numbers of the rows that `distinct` keeps, in order; None where it keeps all as they are.

    No other columns than key and version are looked at.
    """
    by = [*key, *([version] if version else [])]
    # In one piece: rows are compared across the whole table.
    table = table.select(by).combine_chunks()
    if table.num_rows == 0 or _ascends(table.select(list(key))):
        return None
    marked = table.append_column(_ORDER, pa.array(np.arange(table.num_rows)))
    order = pc.sort_indices(marked, [(name, "ascending", "at_start") for name in [*by, _ORDER]])
    last = np.append(~_same_as_next(table.select(list(key)).take(order)), True)
    if last.all() and np.array_equal(order, np.arange(len(order))):
        return None
    return order if last.all() else order.filter(pa.array(last))


def _ascends(keys: pa.Table) -> bool:
    """Whether each key is after the one before it. False where one has a NULL, sorted or not."""
    after, same = np.zeros(keys.num_rows - 1, np.bool_), np.ones(keys.num_rows - 1, np.bool_)
    for column in keys.columns:
        if column.null_count:
            return False
        one, next_one = column.slice(0, len(column) - 1), column.slice(1)
        after |= same & np.asarray(pc.less(one, next_one), np.bool_)
        same &= np.asarray(pc.equal(one, next_one), np.bool_)
    return bool(after.all())


def merged(
    runs: Sequence[Iterable[pa.Table]], key: Sequence[str], version: str = ""
) -> Iterator[pa.Table]:
    """`distinct` of all runs' rows, one run after another, a few of their tables in memory at once.

    A run's tables are `distinct`, and each table's keys are after those of the one before it.
    """
    heads = [head for head in (_Head(run, key) for run in runs) if head.goes_on]
    joined = _Joined(key, version)
    while len(heads) > 1:
        # No row that is still to come has a key up to the first of the keys with which tables end.
        bound = min(head.last for head in heads)
        joined.add([head.taken(bound) for head in heads if head.first <= bound])
        heads = [head for head in heads if head.goes_on]
        if joined.rows >= _JOINED_ROWS:
            yield joined.taken()
    if joined.rows:
        yield joined.taken()
    for head in heads:
        while head.goes_on:
            yield head.taken(head.last)


# A row's key, in which NULL is before every value.
_Key: TypeAlias = tuple[tuple[bool, Any], ...]


class _Head:
    """The first rows of a run that are not taken yet, with the keys of the first and the last."""

    first: _Key
    last: _Key

    def __init__(self, run: Iterable[pa.Table], key: Sequence[str]) -> None:
        self._tables = (table for table in run if table.num_rows)
        self._key = key
        self._table: Any = None
        self._advance()

    def _advance(self) -> None:
        self._table, self._start = next(self._tables, None), 0
        if self.goes_on:
            self._columns = [self._table[name] for name in self._key]
            self.first, self.last = self._key_at(0), self._key_at(-1)

    @property
    def goes_on(self) -> bool:
        """Whether rows are left."""
        return self._table is not None

    def _key_at(self, row: int) -> _Key:
        values = (column[row].as_py() for column in self._columns)
        return tuple((value is not None, value) for value in values)

    def taken(self, bound: _Key) -> pa.Table:
        """The table's rows with keys up to that one; they leave it."""
        table, start = self._table, self._start
        if self.last <= bound:
            self._advance()
            return table.slice(start)
        end = bisect_right(range(table.num_rows), bound, start, key=self._key_at)
        self._start, self.first = end, self._key_at(end)
        return table.slice(start, end - start)


class _Joined:
    """Rows of several runs in the order in which they will stand; all columns are ordered late.

    To order some rows of sixty columns takes half a millisecond, however few they are.
    """

    def __init__(self, key: Sequence[str], version: str) -> None:
        self._key, self._version = key, version
        self._clear()

    def _clear(self) -> None:
        self.rows = 0
        self._tables: list[pa.Table] = []
        self._orders: list[Ordinals] = []

    def add(self, parts: Sequence[pa.Table]) -> None:
        """Takes rows of which none has the key of one that came before."""
        table = pa.concat_tables(parts)
        order = survivors(table, self._key, self._version)
        stay = np.arange(table.num_rows) if order is None else np.asarray(order, np.int64)
        self._tables.append(table)
        self._orders.append(stay + self.rows)
        self.rows += table.num_rows

    def taken(self) -> pa.Table:
        """The rows that stay; they leave it."""
        table, order = pa.concat_tables(self._tables), np.concatenate(self._orders)
        self._clear()
        if np.array_equal(order, np.arange(table.num_rows)):
            return table
        return table.combine_chunks().take(pa.array(order))


def _same_as_next(keys: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """For every row but the last: whether the next row has the same key."""
    same = np.ones(keys.num_rows - 1, np.bool_)
    for column in keys.columns:
        one, next_one = column.slice(0, len(column) - 1), column.slice(1)
        equal = pc.fill_null(pc.equal(one, next_one), False)
        both_null = pc.and_(pc.is_null(one), pc.is_null(next_one))
        same &= np.asarray(pc.or_(equal, both_null), np.bool_)
    return same


def day_ordinals(column: pa.ChunkedArray, timezone: str, first: date, last: date) -> Ordinals:
    """The stream-day of each value as `date.toordinal`; `NO_DAY` for NULL.

    Dates are days already. Instants (UTC) are seen in the zone; those more than a day outside
    `first`..`last` give the day just beyond that margin, whichever it really is.
    """
    if pa.types.is_date(column.type):
        days = pc.fill_null(pc.cast(column, pa.int32()), NO_DAY - _EPOCH)
        return np.asarray(days, np.int64) + _EPOCH
    start, end = first.toordinal() - 1, last.toordinal() + 2
    edges = np.array([_midnight(day, timezone) for day in range(start, end + 1)])
    instants = np.asarray(pc.fill_null(pc.cast(column, pa.int64()), 0), np.int64)
    ordinals: Ordinals = np.searchsorted(edges, instants, side="right") - 1 + start
    ordinals[np.asarray(column.is_null(), np.bool_)] = NO_DAY
    return ordinals


def _midnight(ordinal: int, timezone: str) -> int:
    midnight = datetime.combine(date.fromordinal(ordinal), time(), ZoneInfo(timezone))
    return (midnight - datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))) // timedelta(microseconds=1)


class Tally:
    """What a footer says of its file's rows, told of them a row group after another.

    - `columns`: those whose sums are wanted.
    - `most`: the names that `_extra` has at most, if that is known.
    """

    def __init__(self, columns: Sequence[str], most: Set[str] | None = None) -> None:
        self.rows = 0
        self._sums: dict[str, Decimal | float | None] = dict.fromkeys(columns)
        self._most = most
        self._names: set[str] = set()

    def add(self, group: pa.Table) -> None:
        """Counts those rows too. There is one group at least, with or without rows."""
        self.rows += group.num_rows
        for name, so_far in self._sums.items():
            total = pc.sum(group[name], min_count=1 if group.num_rows else 0).as_py()
            self._sums[name] = _added(so_far, total)
        self._names |= _some_names(group["_extra"], self._most)

    @property
    def totals(self) -> dict[str, str | None]:
        """The exact sums as decimal text: zero of no rows, None of unknown values."""
        return {name: _plain(total) for name, total in self._sums.items()}

    @property
    def extra_fields(self) -> list[str]:
        """The names that occur in `_extra`, sorted; without places in lists (`lines[].tax`)."""
        return sorted({_INDEX_IN_LIST.sub("[]", name) for name in self._names})


def _added(one: Any, other: Any) -> Any:
    """The sum of two sums, where None is nothing to add: exact, since Python keeps 28 digits."""
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _plain(total: Decimal | float | None) -> str | None:
    if isinstance(total, Decimal):
        return format(total, "f")
    return None if total is None else str(total)


def _some_names(extra: pa.ChunkedArray, most: Set[str] | None) -> set[str]:
    """The names in those texts. No others than `most` can be: the first rows mostly have all."""
    names = _names(extra.slice(0, _FIRST_ROWS))
    return names if names == most else _names(extra)


def _names(extra: pa.ChunkedArray) -> set[str]:
    names: set[str] = set()
    known = _only(frozenset(names))
    for text in pc.unique(extra).drop_null().to_pylist():
        if known is None or not _fits(known, text):
            names.update(_NAMES.decode(text))
            known = _only(frozenset(names))
    return names


@lru_cache(maxsize=256)
def _only(names: frozenset[str]) -> msgspec.json.Decoder[Any] | None:
    """A decoder of objects that have no other names: a third of the time of reading them."""
    if len(names) > MOST_KEYS or not all(map(can_be_named, names)):
        return None
    types = dict.fromkeys(names, msgspec.Raw)
    return msgspec.json.Decoder(struct(types, dict.fromkeys(names)))


def _fits(decoder: msgspec.json.Decoder[Any], text: str) -> bool:
    try:
        decoder.decode(text)
    except msgspec.ValidationError:
        return False
    return True


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows of an earlier schema in the present one.

    Columns that are new are NULL, columns that are gone go to `_extra`, and types are cast.

    A value that does not fit its column's new type raises ValueError: it is the stream's change of
    type that is wrong, not the row, which fitted when it landed.
    """
    if table.schema.equals(schema):
        return pa.Table.from_arrays(table.columns, schema=schema)
    gone = [name for name in table.column_names if name not in schema.names]
    columns = [_conformed(table, column) for column in schema]
    conformed = pa.Table.from_arrays(columns, schema=schema)
    if not gone:
        return conformed
    extra = pa.array(
        [
            _with_extra(text, row)
            for text, row in zip(
                conformed["_extra"].to_pylist(), table.select(gone).to_pylist(), strict=True
            )
        ],
        pa.string(),
    )
    return conformed.set_column(schema.get_field_index("_extra"), schema.field("_extra"), extra)


def _conformed(table: pa.Table, column: pa.Field) -> pa.Array:
    if column.name not in table.column_names:
        return pa.nulls(table.num_rows, column.type)
    held = table[column.name]
    try:
        return held.cast(column.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(
            f"column {column.name!r} holds {held.type}, which does not become {column.type}: "
            f"{error}. Give the new type a new column name."
        ) from error


def _with_extra(text: str | None, row: dict[str, object]) -> str | None:
    extra = msgspec.json.decode(text) if text else {}
    extra.update({name: value for name, value in row.items() if value is not None})
    return json_text(extra) if extra else None
