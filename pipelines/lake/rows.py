"""What a stream-day's rows are, whatever order they came in: one per key, sorted by it.

Belongs here: pure functions on tables. Does not: files, conversion from records.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
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
Ordinals: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
# No day: before every other.
NO_DAY = -1


def distinct(table: pa.Table, key: Sequence[str], version: str = "") -> pa.Table:
    """One row per key, sorted by key: the newest version, and of one version the last seen.

    NULL is a value of a key like any other. Identical rows collapse; so the result depends on the
    order of rows only where one key comes with differing values and no version to tell them apart:
    then the platform said the last one last.
    """
    if table.num_rows == 0:
        return table
    marked = table.append_column(_ORDER, pa.array(np.arange(table.num_rows)))
    by = [*key, *([version] if version else []), _ORDER]
    order = pc.sort_indices(marked.select(by), [(name, "ascending", "at_start") for name in by])
    keys = table.select(list(key)).take(order)
    last = np.append(~_same_as_next(keys), True)
    if last.all() and np.array_equal(order, np.arange(len(order))):
        return table
    return table.take(order.filter(pa.array(last)) if not last.all() else order)


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


def totals(table: pa.Table, columns: Sequence[str]) -> dict[str, str | None]:
    """The exact sums of those columns as decimal text: zero of no rows, None of unknown values."""
    sums: dict[str, str | None] = {}
    for name in columns:
        total = pc.sum(table[name], min_count=1 if table.num_rows else 0).as_py()
        sums[name] = format(total, "f") if isinstance(total, Decimal) else _plain(total)
    return sums


def _plain(total: float | None) -> str | None:
    return None if total is None else str(total)


def extra_fields(table: pa.Table, most: Set[str] | None = None) -> list[str]:
    """The names that occur in `_extra`, sorted; places in lists are left out (`lines[].tax`).

    No others than `most` can, if that is known: the first rows mostly have all of them.
    """
    names = _names(table["_extra"].slice(0, _FIRST_ROWS))
    if names != most:
        names = _names(table["_extra"])
    return sorted({_INDEX_IN_LIST.sub("[]", name) for name in names})


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
