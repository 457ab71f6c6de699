"""A warehouse as dbt leaves it, small."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest


class Warehouse:
    """A `marts.duckdb` that can be rebuilt with another content."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "warehouse" / "marts.duckdb"
        self.published = directory / "published"
        self.file.parent.mkdir()

    def build(self, generation: int, *, storage: str = "v1.2.0", rows: int = 100) -> Path:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{self.file}' as built (storage_version '{storage}')")
            connection.execute("create schema if not exists built.marts")
            connection.execute("create schema if not exists built._build")
            connection.execute("create or replace table built._build.inputs as select 1 as i")
            for name in ("fct_one", "fct_two"):
                connection.execute(
                    f"create or replace table built.marts.{name} as"
                    f" select range as id, {generation} as generation,"
                    f" 0.1::decimal(18, 4) as amount, 'a, ''b' as words from range({rows})"
                )
        return self.file


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path)
    made.build(1)
    return made
