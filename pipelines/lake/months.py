"""What dbt reads of the lake: each month's stream-days of a stream in one file.

Belongs here: making those files and telling when one is out of date. Does not: any state. All can
be deleted at any time and are made again; history, quarantine and provenance are the stream-days'.

A reader of stream-days opens each of them each time it looks, for 0.1 ms: two years of a hundred
streams are 93,000 files, and 2,500 months.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import date
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.lake import footer as footers
from pipelines.lake.files import Workspace, remove
from pipelines.lake.layout import Layout, Stream, Streams

DAY = pa.field("dt", pa.date32(), metadata={"description": "Stream-day, on the account's basis."})
# The footer's key for what a month was made of.
KEY = b"smm_members"
# Rows are written when so many are held: DuckDB's own size of a row group, or what memory bears.
GROUP_ROWS = 122_880
GROUP_BYTES = 32 * 1024 * 1024

Day = tuple[date, pa.Table]


class Member(NamedTuple):
    """A stream-day's file: its day, its path below the lake, what tells its content, its rows."""

    day: date
    path: str
    content: str
    rows: int


Months = Mapping[Path, list[Member]]


def write(layout: Layout, files: pa.Table, among: Streams | None = None) -> None:
    """Makes the months of these files (columns: `manifest.FILES`) that are not there or were.

    `files` has all of the lake's, or all of these streams'. A month has a file for each schema in
    which its days were written, so that nothing is decided here about columns that came or went.
    What belongs to no file any more is removed.
    """
    wanted = _months(layout, files)
    with Workspace(layout) as workspace:
        for path, members in wanted.items():
            before = _members(path)
            if before != members:
                new = workspace.new()
                _write(new, members, _days(layout, path, before, members))
                workspace.replace(new, path)
    for path in set(_present(layout, among)) - wanted.keys():
        remove(path)


def write_schemas(layout: Layout, streams: Iterable[Stream]) -> None:
    """Writes a rowless file for each stream, unless it is there.

    It lets dbt read a stream of which nothing was ever extracted, and gives every column that the
    stream has today.
    """
    with Workspace(layout) as workspace:
        for stream in streams:
            table = stream.schema.arrow.append(DAY).empty_table()
            workspace.put(table, layout.schema_file(stream.source, stream.name))


def _months(layout: Layout, files: pa.Table) -> Months:
    """The members of each month's file, in the order of their days and accounts."""
    names = ("source", "stream", "schema_fingerprint", "dt", "path", "content_hash", "rows")
    found: dict[tuple[str, str, date, str], list[Member]] = defaultdict(list)
    columns = (files[name].to_pylist() for name in names)
    for source, stream, fingerprint, day, *others in zip(*columns, strict=True):
        found[source, stream, day.replace(day=1), fingerprint].append(Member(day, *others))
    return {layout.month(*key): sorted(members) for key, members in sorted(found.items())}


def _members(path: Path) -> list[Member]:
    """What a month was made of; nothing if it is not there."""
    if not path.exists():
        return []
    return msgspec.json.decode((pq.read_metadata(path).metadata or {})[KEY], type=list[Member])


def _present(layout: Layout, among: Streams | None) -> Iterator[Path]:
    for path in layout.months.glob("*/*/*.parquet"):
        source, stream = path.parts[-3:-1]
        named = among is None or (source, stream) in among
        if named and path != layout.schema_file(source, stream):
            yield path


def _days(layout: Layout, path: Path, before: list[Member], members: list[Member]) -> Iterator[Day]:
    """The rows of a month by day: from the month as it is where a day's files are as they were."""
    changed = {member.day for member in set(before).symmetric_difference(members)}
    read = [member for member in members if member.day in changed and member.rows]
    if not before and not read:
        read = members[:1]
    files = (rows for member in read for rows in _rows(layout.root / member.path, member.day))
    return merge(_kept(path, changed) if before else (), files, key=itemgetter(0))


def _rows(path: Path, day: date) -> Iterator[Day]:
    """A stream-day's rows with their day, no more at once than a row group has."""
    for rows in footers.tables(path):
        yield day, rows.append_column(DAY, pa.repeat(pa.scalar(day, DAY.type), rows.num_rows))


def _kept(path: Path, changed: Set[date]) -> Iterator[Day]:
    """The rows of a month whose days have not changed; one table at least, if without a row."""
    with pq.ParquetFile(path) as file:
        yield date.min, file.schema_arrow.empty_table()
        for number in range(file.num_row_groups):
            group = file.read_row_group(number)
            runs = pc.run_end_encode(group[DAY.name].combine_chunks())
            start = 0
            for day, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
                if day not in changed:
                    yield day, group.slice(start, end - start)
                start = end


def _write(path: Path, members: list[Member], days: Iterable[Day]) -> None:
    groups = _groups(days)
    first = next(groups)
    with path.open("wb") as file:
        with footers.writer(file, first.schema, queried=True) as out:
            out.write_table(first)
            for group in groups:
                out.write_table(group)
            out.add_key_value_metadata({KEY: msgspec.json.encode(members)})
        file.flush()
        os.fsync(file.fileno())


def _groups(days: Iterable[Day]) -> Iterator[pa.Table]:
    """The rows of the days in tables of a row group's size."""
    held: list[pa.Table] = []
    rows = size = 0
    for _, day in days:
        held.append(day)
        rows += day.num_rows
        size += day.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            yield _joined(held)
            held, rows, size = [], 0, 0
    if held:
        yield _joined(held)


def _joined(days: list[pa.Table]) -> pa.Table:
    """One table in one piece, without the footers of the files that its rows are from."""
    return pa.concat_tables(days).combine_chunks().replace_schema_metadata()
