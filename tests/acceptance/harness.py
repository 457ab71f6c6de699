"""An installation of the product over a sandbox, driven as `smm` drives it, without a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.commands.runs import Outcome, runner
from pipelines.connectors.registry import all_streams, build_sources
from pipelines.defs import dbt
from pipelines.defs.jobs import BUILD
from pipelines.defs.resources import Unwatched
from pipelines.ingest import IngestResult, ingest
from pipelines.lake.store import Lake
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import write_exports
from pipelines.settings import Settings


@dataclass
class Installation:
    """A home directory whose sources are a sandbox, at the sandbox's time."""

    home: Path
    sandbox: Sandbox

    @property
    def now(self) -> datetime:
        return self.sandbox.scene.now

    @property
    def settings(self) -> Settings:
        return Settings(
            _env_file=None,
            SMM_HOME=self.home,
            SMM_SANDBOX_URL=self.sandbox.url,
            SMM_NOW=self.now,
            SMM_START_DATE=date(2026, 1, 1),
        )

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake)

    def extract(self, first: date, last: date, *names: str) -> dict[str, IngestResult]:
        """Every stream of these sources (without names, of all) over those days, read once."""
        settings = self.settings
        write_exports(self.sandbox.world, self.now, settings.sandbox / "exports")
        sources = build_sources(settings)
        return {
            f"{stream.source}/{stream.name}": ingest(
                sources[stream.source], stream, self.lake, first, last, run_id="test", now=self.now
            )
            for stream in all_streams()
            if stream.source in (names or sources)
        }

    def build(self, settings: Settings | None = None, *, tested: bool = True) -> Outcome:
        """Build, test and publish; the outcome of the Dagster run.

        Not `tested`, the data tests of the models are left out: half of the nodes, for a test of
        several builds of which they look at one.
        """
        settings = settings or self.settings
        with pytest.MonkeyPatch.context() as patch, runner(settings, Unwatched()) as made:
            if not tested:
                patch.setattr(dbt, "build_arguments", lambda **_: ["run"])
            outcome = made.execute(BUILD)
        assert outcome.success, outcome.failures
        assert not outcome.failed_checks
        return outcome


@contextmanager
def published(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file as a BI tool opens it."""
    path = settings.published / "current" / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("use marts.marts")
        yield connection


def by_account(marts: duckdb.DuckDBPyConnection, query: str) -> dict[str, dict[str, Any]]:
    """A query's rows by their column `account_id`."""
    cursor = marts.execute(query)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row.pop("account_id"): row for row in rows}


def major(minor: int) -> Decimal:
    """The world's minor units as the marts' amounts."""
    return Decimal(minor) / 100
