"""What a file says about itself, in its own footer.

Belongs here: the provenance of a file, writing a Parquet file with it, reading it. Does not: where
files lie (`layout`) or how one replaces another (`files`).

State commits with the data: what was read, when and how completely is nowhere but here, so it can
neither run ahead of the data nor fall behind it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.lake.layout import Checkpoint

KEY = b"smm"
# What a row group has at most, a nested value counted once: 4,300 of the widest rows, which are
# 17 MB in memory.
VALUES_A_GROUP = 2**18
# What is read ahead of each column, which otherwise is read whole.
_READ_BYTES = 64 * 1024

Status = Literal["complete", "partial"]


class Footer(msgspec.Struct, frozen=True, kw_only=True):
    """The provenance of one file.

    - `timezone`: the zone on whose basis `day` is a day.
    - `requests`: this day's share of the requests that its read took; shares add up to them.
    - `duplicates`: rows of the read that were further copies or older versions of a key.
    - `outside`: rows that the platform returned of a neighbouring day, which has its own read.
    - `totals`: sums of what was read, as decimal text; NULL where every value is unknown.
    - `content_hash`: SHA-256 of the file's bytes before the footer.
    - `status`: `partial` when `reasons` tells what is known to be lacking.
    - `extra_fields`: names in `_extra`: what the platform sends and the schema does not model.
    - `expired`, `expired_misfits`: rows, and records in quarantine, that have been taken away since
      because their time to live was over. They are in `totals` still, and `rows` does not count
      them.
    - `known_since`: when what the file says was first read, where later reads only said it again;
      NULL where `extracted_at` is that instant.
    - `context`: what the account told the conversion; a replay needs it again.
    """

    source: str
    stream: str
    account: str
    day: date
    timezone: str
    mode: str
    run_id: str
    extracted_at: datetime
    api_version: str
    requests: int
    rows: int
    quarantined: int
    duplicates: int
    outside: int
    totals: dict[str, str | None]
    content_hash: str
    status: Status
    reasons: list[str]
    schema_fingerprint: str
    extra_fields: list[str]
    context: dict[str, str]
    expired: int = 0
    expired_misfits: int = 0
    known_since: datetime | None = None

    @property
    def known_at(self) -> datetime:
        """From when on (UTC) this is what was known of the day."""
        return self.known_since or self.extracted_at

    def says_the_same(self, other: Footer) -> bool:
        """True when replacing one file by the other would tell a reader nothing new."""
        return all(getattr(self, name) == getattr(other, name) for name in _TELLING)


_TELLING = ("content_hash", "status", "reasons", "quarantined", "schema_fingerprint", "timezone")


def fingerprint(schema: pa.Schema) -> str:
    """A short name of a schema's columns and types."""
    columns = "\n".join(f"{column.name} {column.type}" for column in schema)
    return hashlib.sha256(columns.encode()).hexdigest()[:16]


def utc(instant: datetime) -> datetime:
    """The instant in UTC; ValueError if it has no zone."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    return instant.astimezone(UTC)


def group_rows(schema: pa.Schema) -> int:
    """How many rows a row group has: the same for all rows of a schema, wherever they come from."""
    return max(1, VALUES_A_GROUP // max(1, sum(_leaves(column.type) for column in schema)))


def _leaves(kind: pa.DataType) -> int:
    below = [kind.field(number).type for number in range(kind.num_fields)]
    return sum(map(_leaves, below)) if below else 1


def groups(schema: pa.Schema, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of those tables as row groups, each in one piece; one without rows if there is none.

    Their bytes tell how rows are cut, so rows alone decide it, and not the tables.
    """
    most, held, rows, first = group_rows(schema), [], 0, True
    for table in tables:
        held.append(table)
        rows += table.num_rows
        while rows >= most:
            whole = pa.concat_tables(held)
            held, rows, first = [whole.slice(most)], rows - most, False
            whole = whole.slice(0, most).combine_chunks()
            yield whole
            del whole
    if rows or first:
        yield pa.concat_tables(held or [schema.empty_table()]).combine_chunks()


def write(
    path: Path,
    schema: pa.Schema,
    tables: Iterable[pa.Table],
    footer: Callable[[str], Footer],
    checkpoint: Checkpoint = lambda _name: None,
    seen: Callable[[pa.Table], object] = lambda _group: None,
) -> Footer:
    """Writes a Parquet file with its footer, whole and on the disk; returns the footer.

    `footer` is given the content hash when all rows are written. Calls `seen` with each row group,
    and `checkpoint("mid-file")` when the rows are written and the footer is not.
    """
    with path.open("wb") as file:
        sink = _Hashed(file)
        with writer(sink, schema) as out:
            for group in groups(schema, tables):
                seen(group)
                out.write_table(group)
                # Or it is in memory until there is another.
                del group
            checkpoint("mid-file")
            written = footer(sink.digest())
            out.add_key_value_metadata({KEY: msgspec.json.encode(written)})
        file.flush()
        os.fsync(file.fileno())
    return written


def write_plain(path: Path, table: pa.Table) -> None:
    """Writes a Parquet file that has no provenance, whole and on the disk."""
    with path.open("wb") as file:
        with writer(file, table.schema, queried=True) as out:
            out.write_table(table)
        file.flush()
        os.fsync(file.fileno())


def holds(path: Path, table: pa.Table) -> bool:
    """Whether a file's columns and rows are those of the table."""
    with pq.ParquetFile(path) as file:
        return file.schema_arrow.equals(table.schema) and bool(file.read().equals(table))


def read(path: Path) -> Footer:
    """A file's provenance; ValueError if it has none."""
    with pq.ParquetFile(path) as file:
        metadata = file.metadata.metadata or {}
    if KEY not in metadata:
        raise ValueError(f"{path} was not written by the lake: its footer has no {KEY.decode()!r}")
    return msgspec.json.decode(metadata[KEY], type=Footer)


def read_rows(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A file's rows, all or these columns of them, without columns made of its path."""
    with pq.ParquetFile(path) as file:
        return file.read(columns)


def read_schema(path: Path) -> pa.Schema:
    """A file's columns."""
    return pq.read_schema(path).remove_metadata()


def count(path: Path) -> int:
    """How many rows a file has."""
    return int(pq.read_metadata(path).num_rows)


def tables(path: Path) -> Iterator[pa.Table]:
    """A file's rows, no more at once than a row group has; one table without rows if it has none.

    Files of earlier releases are one row group each, however large.
    """
    # Threads, and whole columns read ahead, cost a third more in small files.
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=_READ_BYTES) as file:
        schema = file.schema_arrow.remove_metadata()
        if not file.metadata.num_rows:
            yield schema.empty_table()
        for batch in file.iter_batches(group_rows(schema), use_threads=False):
            yield pa.Table.from_batches([batch], schema)


def writer(sink: Any, schema: pa.Schema, *, queried: bool = False) -> pq.ParquetWriter:
    """What writes every Parquet file of the lake.

    One that is `queried` has dictionaries, by which rows are filtered, and pages of version 2.0,
    which are read for less. Any other is read whole: without dictionaries it is smaller, and
    written and read in less time.
    """
    return pq.ParquetWriter(
        sink,
        schema,
        version="2.6",
        compression="zstd",
        data_page_version="2.0" if queried else "1.0",
        use_dictionary=queried,
    )


class _Hashed:
    """A file that hashes what is written to it."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, data: Any) -> int:
        self._hash.update(data)
        return self._file.write(data)

    def digest(self) -> str:
        return self._hash.hexdigest()

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """The file is closed by whoever opened it."""

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False
