"""The only module that uses the DuckDB client.

Belongs here: opening a file with the settings that every use shares, and small questions about
files. Does not: what is asked of the marts (`publish`, `reports`), or when a file may be opened
(`lock`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

Connection = duckdb.DuckDBPyConnection
DuckError = duckdb.Error

# Two cores are what the product promises to run on; a sort beyond this much memory spills to disk.
SETTINGS = {"threads": "2", "memory_limit": "600MB", "TimeZone": "UTC"}

# The header of a file written with `storage_version v1.2.0`, which every DuckDB from 1.2 on opens.
PORTABLE_STORAGE = 65
_MAGIC_AT = 8
_ALIAS = "opened"


@contextmanager
def connect(path: Path, *, write: bool = False) -> Iterator[Connection]:
    """Open an existing DuckDB file and close it whatever happens.

    Open the warehouse's files only under `lock.warehouse_lock`; a published one at any time.
    """
    with in_memory() as connection:
        # Opened by itself, marts.duckdb becomes the catalog `marts`, and its schema `marts` then
        # needs the catalog before it (`marts.marts.fct_order`); under another name it does not.
        mode = "read_write" if write else "read_only"
        escaped = str(path).replace("'", "''")
        connection.execute(f"attach '{escaped}' as {_ALIAS} ({mode})")
        connection.execute(f"use {_ALIAS}")
        yield connection


@contextmanager
def in_memory() -> Iterator[Connection]:
    """A database without a file, for questions to Parquet."""
    connection = duckdb.connect(":memory:")
    try:
        for name, setting in SETTINGS.items():
            connection.execute(f"set {name} = '{setting}'")
        yield connection
    finally:
        connection.close()


def table(connection: Connection, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
    """The result of a query as an Arrow table."""
    return connection.sql(sql, params=list(parameters)).to_arrow_table()


def rows(connection: Connection, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """The result of a query as one dict a row; for small results only."""
    found: list[dict[str, Any]] = table(connection, sql, parameters).to_pylist()
    return found


def value(connection: Connection, sql: str, parameters: Sequence[Any] = ()) -> Any:
    """The first column of the first row, or None where the query found nothing."""
    # All rows are taken: a result that is not read to its end blocks the connection.
    found = connection.execute(sql, list(parameters)).fetchall()
    return found[0][0] if found else None


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def tables(connection: Connection, schema: str) -> dict[str, str]:
    """The tables and views of a schema in name order, each with its kind (BASE TABLE, VIEW)."""
    found = connection.execute(
        "select table_name, table_type from information_schema.tables"
        " where table_catalog = current_database() and table_schema = ? order by table_name",
        [schema],
    ).fetchall()
    return dict(found)


def counts(connection: Connection, schema: str, names: Sequence[str]) -> Mapping[str, int]:
    """How many rows each of these tables has."""
    return {
        name: int(value(connection, f"select count(*) from {quoted(schema)}.{quoted(name)}"))  # noqa: S608
        for name in names
    }


def storage_version(path: Path) -> int:
    """The storage version in a file's header; `PORTABLE_STORAGE` is what older clients open.

    Raises ValueError for what is no DuckDB file.
    """
    with path.open("rb") as file:
        header = file.read(_MAGIC_AT + 12)
    if header[_MAGIC_AT : _MAGIC_AT + 4] != b"DUCK":
        raise ValueError(f"{path} is not a DuckDB file")
    version: int = struct.unpack_from("<Q", header, _MAGIC_AT + 4)[0]
    return version


def wal(path: Path) -> Path:
    """Where DuckDB keeps what it has not yet written into that file."""
    return path.with_name(path.name + ".wal")
