"""Building the warehouse of a hand-made lake, and reading its marts."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

PROJECT = Path(__file__).parents[2] / "dbt_project"
# What this process has parsed, by what a parse depends on; dbt parses for each warehouse anew.
PARSED: dict[tuple[str, ...], Manifest] = {}


class DbtFailedError(AssertionError):
    """A dbt invocation that failed; `failed` names its nodes and what each said."""

    def __init__(self, failed: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{name}: {message}" for name, message in failed.items()))
        self.failed = dict(failed)


class Warehouse:
    """The two database files that dbt builds of a lake, with their own settings."""

    def __init__(
        self,
        directory: Path,
        lake: Path,
        *,
        currency: str = "USD",
        timezone: str = "Asia/Jakarta",
    ) -> None:
        self.directory = directory
        self.lake = lake
        self.directory.mkdir(parents=True, exist_ok=True)
        self._environment = {
            "SMM_LAKE": str(lake),
            "SMM_WAREHOUSE_DIR": str(directory),
            "SMM_REPORTING_CURRENCY": currency,
            "SMM_REPORTING_TIMEZONE": timezone,
            "SMM_MIN_SEGMENT_SIZE": "2",
        }

    @property
    def target(self) -> Path:
        """Where dbt leaves what it parsed of this lake's project, and what it compiled."""
        return self.lake.with_name(f"{self.lake.name}-target")

    def dbt(self, *arguments: str) -> dict[str, str]:
        """Runs dbt; returns the status by node name. Raises DbtFailedError with what went wrong."""
        outcome = self._invoke(*arguments)
        results = getattr(outcome.result, "results", None) or []
        failed = {
            result.node.name: str(result.message)
            for result in results
            if result.status in ("error", "fail")
        }
        if failed:
            raise DbtFailedError(failed)
        if outcome.exception:
            raise outcome.exception
        return {result.node.name: str(result.status) for result in results}

    def compiled(self, query: str) -> str:
        """A query with macros as the engine would be given it."""
        outcome = self._invoke("compile", "--inline", query)
        if outcome.exception:
            raise outcome.exception
        return str(outcome.result.results[0].node.compiled_code)

    def _invoke(self, *arguments: str) -> dbtRunnerResult:
        before = dict(os.environ)
        os.environ.update(self._environment)
        try:
            return self._call(dbtRunner(self.manifest()), *arguments, "--no-write-json")
        finally:
            # dbt keeps the files open for the life of its process, which here is the test's.
            DuckDBConnectionManager.close_all_connections()
            os.environ.clear()
            os.environ.update(before)

    def manifest(self) -> Manifest:
        """The parsed project, which is the same for every warehouse of a lake."""
        seen = tuple(
            value for name, value in self._environment.items() if name != "SMM_WAREHOUSE_DIR"
        )
        if seen not in PARSED:
            outcome = self._call(dbtRunner(), "parse")
            if outcome.exception:
                raise outcome.exception
            PARSED[seen] = outcome.result
            # It stays until the end: a search for garbage need not look through it each time.
            gc.freeze()
        return PARSED[seen]

    def _call(self, dbt: dbtRunner, *arguments: str) -> dbtRunnerResult:
        return dbt.invoke(
            [
                *arguments,
                "--project-dir", str(PROJECT),
                "--profiles-dir", str(PROJECT),
                "--target-path", str(self.target),
                "--log-path", str(self.directory / "logs"),
                # What fails is in the results; a log that is only not shown is still worded.
                "--log-level", "none",
                "--log-level-file", "none",
            ]
        )  # fmt: skip

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The answer of a query on the marts' file alone, schema `marts` first on the path."""
        with duckdb.connect(str(self.directory / "marts.duckdb"), read_only=True) as connection:
            connection.execute("use marts.marts")
            return connection.execute(query).fetchall()

    def inside(self, query: str) -> list[tuple[Any, ...]]:
        """The answer of a query on what dbt builds for itself, too."""
        with duckdb.connect(str(self.directory / "warehouse.duckdb"), read_only=True) as connection:
            attached = self.directory / "marts.duckdb"
            connection.execute(f"attach '{attached}' as marts (read_only)")
            connection.execute("set search_path = 'warehouse.main,marts.marts'")
            return connection.execute(query).fetchall()

    def execute(self, statement: str) -> None:
        """Changes what dbt built behind its back."""
        with duckdb.connect(str(self.directory / "warehouse.duckdb")) as connection:
            connection.execute(f"attach '{self.directory / 'marts.duckdb'}' as marts")
            connection.execute("use marts.marts")
            connection.execute(statement)

    def marts(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every mart, sorted."""
        names = self.rows(
            "select table_name from information_schema.tables"
            " where table_schema = 'marts' order by table_name"
        )
        return {name: sorted(self.rows(f"from {name}"), key=repr) for (name,) in names}


def emptied(directory: Path) -> Path:
    """The directory, made anew."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    return directory
