"""The rows of one stream-day that may be more than memory holds: sorted runs, joined as they leave.

Belongs here: runs on disk, and a stream-day's file as one more of them. Does not: what rows are
among themselves (`rows`), when memory is full (`landing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa

from pipelines.lake import footer as footers
from pipelines.lake import rows as row_rules
from pipelines.lake.files import Workspace
from pipelines.lake.layout import Layout, Place, Stream

# What a day's runs have in memory while they are joined: of the n-th run an n-th of it, whose sum
# grows with the number of runs by next to nothing. The larger a part, the less it costs to read.
HEADS_BYTES = 4 * 1024 * 1024
# Runs of one size that become one of the next.
MOST_RUNS = 32


class Runs:
    """The rows of one stream-day as they come: tables, and sorted runs on disk of what was spilled.

    - `held`: what the tables in memory take, in bytes.
    - `duplicates`: how many of them were copies, once `distinct` has given the last of the others.
    """

    def __init__(self, workspace: Workspace, stream: Stream) -> None:
        self.held = 0
        self.duplicates = 0
        self._workspace = workspace
        self._key, self._version = tuple(stream.key), stream.version
        self._tables: list[pa.Table] = []
        # In the order in which their rows came, each with how often its rows have been joined.
        self._spilled: list[tuple[int, Path]] = []

    def add(self, table: pa.Table) -> None:
        """Takes rows, which are seen after those that came before."""
        if table.num_rows:
            self.held += table.nbytes
            self.duplicates += table.num_rows
            self._tables.append(table)

    def spill(self) -> None:
        """Moves what is in memory to the disk."""
        if self._tables:
            self._write(0, self._sorted())

    def _sorted(self) -> Iterator[pa.Table]:
        """The run that is in memory and leaves it."""
        table, self._tables, self.held = pa.concat_tables(self._tables), [], 0
        order = row_rules.survivors(table, self._key, self._version)
        if order is None:
            yield table
            return
        rows, table = self._batch_rows(table), table.combine_chunks()
        for start in range(0, len(order), rows):
            yield table.take(order.slice(start, rows))

    def _batch_rows(self, table: pa.Table) -> int:
        size = HEADS_BYTES // (1 + len(self._spilled))
        return max(1, size * int(table.num_rows) // max(1, int(table.nbytes)))

    def _write(self, joined: int, tables: Iterable[pa.Table]) -> None:
        path = self._workspace.new(".arrow")
        tables = iter(tables)
        first = next(tables)
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, first.schema) as out:
            for table in chain([first], tables):
                rows = self._batch_rows(table)
                for start in range(0, table.num_rows, rows):
                    out.write_table(table.slice(start, rows).combine_chunks())
        self._spilled.append((joined, path))
        alike = self._spilled[-MOST_RUNS:]
        if len(alike) == MOST_RUNS and alike[0][0] == joined:
            self._join([path for _, path in alike], joined + 1)

    def _join(self, paths: Sequence[Path], joined: int) -> None:
        """Makes the last runs one, so that a day never has more than a few."""
        del self._spilled[-len(paths) :]
        runs = row_rules.merged([_read(path) for path in paths], self._key, self._version)
        self._write(joined, runs)
        for path in paths:
            path.unlink()

    def distinct(self) -> Iterator[pa.Table]:
        """The rows that stay of all that came, sorted by key, one table after another."""
        for table in row_rules.merged([*self._runs()], self._key, self._version):
            self.duplicates -= table.num_rows
            yield table

    def _runs(self) -> Iterator[Iterable[pa.Table]]:
        for _, path in self._spilled:
            yield _read(path)
        if self._tables:
            table = pa.concat_tables(self._tables)
            yield [row_rules.distinct(table, self._key, self._version)]

    def all_keys(self) -> Iterator[pa.Table]:
        """The keys of the rows that came, copies or not."""
        for _, path in self._spilled:
            yield from _read(path, self._key)
        for table in self._tables:
            yield table.select(list(self._key))


def _read(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """A run's tables. They are read, since what is mapped counts as memory in use."""
    with pa.OSFile(str(path)) as file:
        schema = pa.ipc.open_file(file).schema
        only = None if columns is None else [schema.get_field_index(name) for name in columns]
        run = pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=only))
        for number in range(run.num_record_batches):
            yield pa.Table.from_batches([run.get_batch(number)])


def standing(workspace: Workspace, stream: Stream, path: Path) -> Iterator[pa.Table]:
    """The rows of a stream-day's file in the stream's schema, one per key and sorted by it.

    ValueError, as they are taken, where a value does not fit its column's new type.
    """
    schema = stream.schema.arrow
    tables = (row_rules.conform(table, schema) for table in footers.tables(path))
    if _is_large(path, schema) and _is_distinct(path, schema, stream.key):
        return tables
    runs = Runs(workspace, stream)
    for table in tables:
        runs.spill()
        runs.add(table)
    return runs.distinct()


def _is_large(path: Path, schema: pa.Schema) -> bool:
    return footers.count(path) > footers.group_rows(schema)


def _is_distinct(path: Path, schema: pa.Schema, key: Sequence[str]) -> bool:
    """Whether the file's rows are sorted by what is the key today: it may have been another."""
    there = footers.read_schema(path).names
    keys = footers.read_rows(path, [name for name in key if name in there])
    only = pa.schema([schema.field(name) for name in key])
    return row_rules.survivors(row_rules.conform(keys, only), key) is None


def merged(
    layout: Layout, workspace: Workspace, stream: Stream, place: Place, rows: Iterable[pa.Table]
) -> Iterator[pa.Table]:
    """These rows, which are a run, with those of the place's file: the newest version of each key.

    ValueError, as they are taken, where a value of the file does not fit its column's new type.
    """
    path = layout.data(place)
    held = [standing(workspace, stream, path)] if path.exists() else []
    return row_rules.merged([*held, rows], stream.key, stream.version)
