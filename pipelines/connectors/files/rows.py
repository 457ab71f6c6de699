"""From the chunks of one file to batches: which rows a window wants, and what does not fit.

Belongs here: a row's day, a field's cells, the words for a misfit. Does not: taking files apart
(`formats`), notation (`values`), which files there are (`source`), types, hashing and `_extra`
(`pipelines.lake.convert`).

A row that breaks is reported with the day of the row before it in its file, so that of several
windows exactly one reports it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.connectors.files.errors import FileError, place
from pipelines.connectors.files.formats import Broken, Chunk, Numbers, read
from pipelines.connectors.files.mapping import PLACEHOLDER, ColumnMapping, Dataset, DatedFile
from pipelines.connectors.files.values import Cells, Notation, explain, understand, without_nulls
from pipelines.connectors.stream import Account, Batch, Rejected, Window
from pipelines.lake.cast import cast, shown
from pipelines.lake.convert import convert_columns, rejected_text
from pipelines.lake.personal import country_of, scrub_text
from pipelines.lake.schema import Field

# So many rows that all fail alike are one mistake in the mapping, not as many in the file.
ALL_WRONG = 100

Mask = np.ndarray[Any, np.dtype[np.bool_]]
# The first field that does not fit, by position in the chunk.
Misfits = dict[int, "Column"]


@dataclass(frozen=True)
class Column:
    """A field in one chunk: what the file says (`raw`), and what it means once read."""

    field: Field
    origin: ColumnMapping
    notation: Notation
    raw: pa.Array
    cells: Cells

    @property
    def named(self) -> str:
        """The column's name in the file, or how the mapping makes it."""
        return self.origin.column or self.origin.template or self.field.name

    @property
    def unfit(self) -> Mask:
        """Where the text is not understood, or nothing is where something must be."""
        bad = self.cells.bad
        if self.field.required:
            bad = pc.or_(bad, pc.is_null(self.cells.values))
        return _as_mask(bad)

    def explained(self, row: int) -> tuple[str, str]:
        """What is wrong with the cell at that position, and what to do about it."""
        raw = self.raw[row].as_py()
        if not self.cells.bad[row].as_py():
            return "the cell is empty", "Fill it: every row must have it"
        text = raw if isinstance(raw, str) else str(raw)
        why, remedy = explain(text, self.field, self.notation)
        return f"{shown(text)} is {why}", remedy


@dataclass(frozen=True)
class _Days:
    """The stream-days of a chunk's rows; a row without one goes by the row above it.

    `moments` is their day column, or None where the file's name or nothing tells: then `before`,
    the day of the last row above the chunk, is that of every row.
    """

    rows: Numbers
    moments: pa.Array | None
    before: date | None
    zone: ZoneInfo

    def within(self, window: Window) -> Mask:
        """Which rows the window wants."""
        if self.moments is None:
            return np.ones(len(self.rows), np.bool_)
        inside = _within(self.moments, window)
        day = self._first
        undated = day is None or window.first <= day <= window.last
        return np.where(self._known >= 0, inside[self._known], undated)

    def above(self, row: int | None) -> date | None:
        """The day of the row with that number, or of the nearest above it; of the last for None."""
        if self.moments is None:
            return self.before
        last = len(self.rows) if row is None else np.searchsorted(self.rows, row, side="right")
        at = int(self._known[last - 1]) if last else -1
        return _local_day(self.moments[at].as_py(), self.zone) if at >= 0 else self._first

    @cached_property
    def _known(self) -> Numbers:
        """For each row the position of the last row with a day, up to itself; -1 for none."""
        known = _as_mask(pc.is_valid(self.moments))
        return np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))

    @cached_property
    def _first(self) -> date | None:
        """The day for rows above every row with one: the chunk's before, else its first known."""
        if self.before is not None or self.moments is None:
            return self.before
        known = np.flatnonzero(_as_mask(pc.is_valid(self.moments)))
        return _local_day(self.moments[int(known[0])].as_py(), self.zone) if len(known) else None


@dataclass
class FileRows:
    """One file, read for one window. `batches` may be called once."""

    file: DatedFile
    dataset: Dataset
    account: Account
    window: Window
    # The day of the last row that has one: what a broken row after it goes by.
    _latest: date | None = field(default=None, init=False)

    def batches(self) -> Iterator[Batch]:
        """The rows in the window, chunk by chunk. Raises FileError."""
        wanted = wanted_columns(self.dataset, self.dataset.fields)
        keep = self.dataset.unmapped == "keep"
        for number, chunk in enumerate(read(self.file.path, self.dataset, wanted, others=keep)):
            batch = self._batch(chunk, first=number == 0)
            if batch.rows.num_rows or batch.rejected:
                yield batch

    @cached_property
    def _context(self) -> dict[str, str]:
        return {
            "account_id": self.account.id,
            "timezone": self.account.timezone,
            "currency": self.account.currency,
        }

    def _batch(self, chunk: Chunk, *, first: bool) -> Batch:
        if first and not len(chunk.rows) and len(chunk.broken) >= ALL_WRONG:
            raise self._all_wrong(chunk.broken[0], len(chunk.broken))
        days = self._days(chunk)
        broken = tuple(
            self._of_broken(each, day)
            for each in chunk.broken
            if self._wants(day := days.above(each.row))
        )
        self._latest = days.above(None)
        inside = days.within(self.window)
        if not inside.all():
            chunk = chunk.filter(pa.array(inside))
        columns = list(columns_of(self.dataset, self.dataset.fields, chunk))
        misfits = _misfits(columns)
        misplaced = self._misplaced(columns)
        if first and len(misfits) == len(chunk.rows) >= ALL_WRONG:
            self._check_all_wrong(misfits, chunk)
        if first and len(misplaced) == len(chunk.rows) >= ALL_WRONG:
            raise self._all_misplaced(len(misplaced))
        rejected = tuple(
            self._of_misfit(row, misfits.get(row), columns, chunk, days)
            for row in sorted(misfits.keys() | misplaced)
        )
        batch = self._converted(columns, chunk, misfits.keys() | misplaced)
        return replace(batch, rejected=(*broken, *rejected, *batch.rejected))

    # --- which rows

    def _days(self, chunk: Chunk) -> _Days:
        """The days of a chunk's rows. A snapshot has none; a dated file's name tells them all."""
        day = self.dataset.stream.day
        if not day or self.file.day:
            return _Days(chunk.rows, None, self.file.day, self._zone)
        (column,) = columns_of(self.dataset, [self.dataset.stream.schema[day]], chunk)
        return _Days(chunk.rows, column.cells.values, self._latest, self._zone)

    def _wants(self, day: date | None) -> bool:
        return day is None or self.window.first <= day <= self.window.last

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.window.timezone)

    def _misplaced(self, columns: list[Column]) -> set[int]:
        """Rows of another day than their file's name says: no window would find them there."""
        if not self.file.day or not self.dataset.stream.day:
            return set()
        column = next(each for each in columns if each.field.name == self.dataset.stream.day)
        day = Window(self.file.day, self.file.day, self.window.timezone)
        known = _as_mask(pc.is_valid(column.cells.values))
        return set(np.flatnonzero(known & ~_within(column.cells.values, day)).tolist())

    # --- what becomes of them

    def _converted(self, columns: list[Column], chunk: Chunk, left_out: Collection[int]) -> Batch:
        table = pa.table({each.field.name: each.cells.values for each in columns})
        taken = {each.name for each in self.dataset.stream.schema.fields}
        for name, others in chunk.others.items():
            # What only happens to be called like a field was not mapped to it.
            called = f"{name} (file)" if name in taken else name
            table = table.append_column(called, without_nulls(others, self.dataset.null_values))
        rows = chunk.rows
        if left_out:
            keep = np.ones(len(rows), np.bool_)
            keep[list(left_out)] = False
            table, rows = table.filter(pa.array(keep)), rows[keep]
        batch = convert_columns(
            self.dataset.stream.schema,
            table,
            self._context,
            place=lambda row: place(self.file.path, int(rows[row])),
        )
        named = {".".join(each.field.steps): each.named for each in columns}
        rejected = tuple(
            replace(each, place=f"{each.place}, column {named[each.field]!r}")
            if each.field in named
            else each
            for each in batch.rejected
        )
        return replace(batch, rejected=rejected)

    def _of_broken(self, broken: Broken, day: date | None) -> Rejected:
        return Rejected(
            field="",
            reason=scrub_text(broken.reason),
            remedy=f"{broken.remedy}; then read the day again.",
            place=place(self.file.path, broken.row, broken.column),
            record=self._record_text(broken.record),
            day=day,
        )

    def _of_misfit(
        self, row: int, column: Column | None, columns: list[Column], chunk: Chunk, days: _Days
    ) -> Rejected:
        if column is None:
            column = next(each for each in columns if each.field.name == self.dataset.stream.day)
            reason = f"{shown(str(column.raw[row].as_py()))} is not the day in the file's name"
            remedy = "Take {date} out of the mapping's path, or move the row"
        else:
            reason, remedy = column.explained(row)
        record: dict[str, Any] = {name: cell[row].as_py() for name, cell in chunk.others.items()}
        for each in columns:
            source = each.raw if each.cells.bad[row].as_py() else each.cells.values
            _put(record, each.field.steps, source[row].as_py())
        return Rejected(
            field=column.field.name,
            reason=reason,
            remedy=f"{remedy}; then read the day again.",
            place=place(self.file.path, int(chunk.rows[row]), column.named),
            record=self._record_text(record),
            day=days.above(int(chunk.rows[row])),
        )

    def _record_text(self, record: object) -> str:
        return rejected_text(self.dataset.stream.schema, record, country_of(self._context))

    def _all_wrong(self, broken: Broken, count: int) -> FileError:
        return FileError(
            self.file.path,
            f"{broken.reason}; so do all of its first {count} rows",
            remedy=f"{broken.remedy}.",
            row=broken.row,
            column=broken.column,
        )

    def _all_misplaced(self, count: int) -> FileError:
        return FileError(
            self.file.path,
            f"all of its first {count} rows are of other days than its name says",
            remedy="Write * for {date} in the mapping's path: the date is that of the export.",
        )

    def _check_all_wrong(self, misfits: Misfits, chunk: Chunk) -> None:
        if len({each.field.name for each in misfits.values()}) > 1:
            return
        reason, remedy = misfits[0].explained(0)
        raise FileError(
            self.file.path,
            f"{reason}; all of its first {len(misfits)} rows fail like that",
            remedy=f"{remedy}.",
            row=int(chunk.rows[0]),
            column=misfits[0].named,
        )


def extent_of(file: DatedFile, dataset: Dataset, account: Account) -> tuple[date, date] | None:
    """The first and last day in a file, in the account's zone; None where no row has one."""
    day = dataset.stream.schema[dataset.stream.day]
    zone = ZoneInfo(account.timezone)
    days: list[date] = []
    for chunk in read(file.path, dataset, wanted_columns(dataset, [day]), others=False):
        for column in columns_of(dataset, [day], chunk):
            bounds = pc.min_max(column.cells.values).as_py().values()
            days.extend(_local_day(bound, zone) for bound in bounds if bound is not None)
    return (min(days), max(days)) if days else None


def wanted_columns(dataset: Dataset, fields: Iterable[Field]) -> tuple[str, ...]:
    """The columns of the file that those fields are made of, each once."""
    origins = (dataset.origin(each) for each in fields)
    return tuple(dict.fromkeys(name for origin in origins if origin for name in origin.columns))


def columns_of(dataset: Dataset, fields: Iterable[Field], chunk: Chunk) -> Iterator[Column]:
    """Those fields in a chunk; one that the mapping or the file does not have is left out."""
    for each in fields:
        origin = dataset.origin(each)
        if origin is not None and all(name in chunk.columns for name in origin.columns):
            notation = Notation(
                decimal=dataset.decimal,
                thousands=dataset.thousands,
                null_values=dataset.null_values,
                timezone=origin.timezone or dataset.timezone or "UTC",
                format=origin.format or "",
                integer_text=origin.type == "integer_text",
            )
            raw = _raw(origin, chunk)
            yield Column(each, origin, notation, raw, _cells(raw, each, notation))


def _raw(origin: ColumnMapping, chunk: Chunk) -> pa.Array:
    size = len(chunk.rows)
    if origin.column is not None:
        return chunk.columns[origin.column]
    if origin.row_number:
        return pa.array(chunk.numbers).cast(pa.string())
    if origin.value is not None:
        return pa.repeat(pa.scalar(origin.value), size)
    parts: list[pa.Array | str] = []
    for n, part in enumerate(PLACEHOLDER.split(origin.template or "")):
        parts.append(cast("text", chunk.columns[part], "UTC").array if n % 2 else part)
    return pc.binary_join_element_wise(*parts, "")


def _cells(raw: pa.Array, field: Field, notation: Notation) -> Cells:
    """Text by its notation. Typed columns of Parquet need none; only their times need a zone."""
    kind = raw.type
    if pa.types.is_dictionary(kind):
        raw = raw.dictionary_decode()
        kind = raw.type
    timed = field.kind in ("date", "timestamp")
    if pa.types.is_large_string(kind) or (timed and pa.types.is_integer(kind)):
        raw = raw.cast(pa.string())
        kind = raw.type
    if pa.types.is_string(kind) and field.kind not in ("json", "list"):
        return understand(raw, field, notation)
    if not timed:
        return Cells(raw, pa.repeat(pa.scalar(False), len(raw)))
    read_as = cast(field.kind, raw, notation.timezone)
    bad = np.zeros(len(raw), np.bool_)
    bad[list(read_as.misfits)] = True
    values = read_as.array
    if field.kind == "timestamp":
        values = values.cast(pa.timestamp("us", "UTC"))
    return Cells(values, pa.array(bad))


def _misfits(columns: list[Column]) -> Misfits:
    found: Misfits = {}
    for column in columns:
        for row in np.flatnonzero(column.unfit).tolist():
            found.setdefault(row, column)
    return found


def _within(values: pa.Array, window: Window) -> Mask:
    """Which days or instants are in the window; NULL is not."""
    if pa.types.is_date(values.type):
        after = pc.greater_equal(values, pa.scalar(window.first, values.type))
        before = pc.less_equal(values, pa.scalar(window.last, values.type))
    else:
        after = pc.greater_equal(values, pa.scalar(window.start, values.type))
        before = pc.less(values, pa.scalar(window.end, values.type))
    return _as_mask(pc.fill_null(pc.and_(after, before), False))


def _local_day(bound: date | datetime, zone: ZoneInfo) -> date:
    return bound.astimezone(zone).date() if isinstance(bound, datetime) else bound


def _as_mask(array: pa.Array) -> Mask:
    mask: Mask = np.asarray(array.to_numpy(zero_copy_only=False), np.bool_)
    return mask


def _put(record: dict[str, Any], steps: tuple[str, ...], value: Any) -> None:
    """Set the value at that path, where the stream looks for it when a record is replayed."""
    *branches, leaf = steps
    for step in branches:
        inner = record.get(step)
        if not isinstance(inner, dict):
            inner = record[step] = {}
        record = inner
    record[leaf] = value
