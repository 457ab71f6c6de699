"""Streams and sources that need no network, and a dbt project that builds in seconds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from adland import NOW, SPEND, STRUCTURE, Adland

from pipelines.commands.runs import open_instance
from pipelines.definitions import build_defs
from pipelines.defs.partitions import range_tags
from pipelines.defs.resources import Workspace, workspace_resource
from pipelines.settings import Settings


def make_settings(directory: Path) -> Settings:
    # A token of any kind keeps the sandbox out; nothing here asks a platform.
    return Settings(
        _env_file=None,
        SMM_HOME=directory / "home",
        SMM_NOW=NOW,
        SMM_START_DATE="2026-01-01",
        META_ADS_ACCESS_TOKEN="secret-token-1",
        SMM_ALERT_WEBHOOK="http://127.0.0.1:9/secret-hook",
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


MODELS = {
    "fct_ad_daily": "select 'other' as source, 'a1' as account_id, date '2026-03-08' as date_day,"
    " cast(1.5 as decimal(18, 4)) as spend",
    "fct_order": "select 1 as order_id, date '2026-03-08' as order_date,"
    " cast(10 as decimal(18, 4)) as net_amount_reporting",
    "mart_campaign_roi": "select 'linear' as attribution_model, order_date as date_day,"
    " net_amount_reporting as attributed_revenue from {{ ref('fct_order') }}",
}


@pytest.fixture(scope="session")
def dbt_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dbt project with the names that the definitions rely on, and trivial models."""
    real = Path(__file__).parents[2] / "dbt_project"
    project = tmp_path_factory.mktemp("dbt")
    shutil.copy(real / "profiles.yml", project)
    (project / "dbt_project.yml").write_text(
        "name: smm_warehouse\nversion: '1.0.0'\nprofile: smm_warehouse\n"
        "models:\n  smm_warehouse:\n    marts:\n      +materialized: table\n"
        "      +database: marts\n      +schema: marts\n"
    )
    (project / "macros").mkdir()
    shutil.copy(real / "macros" / "build" / "generate_schema_name.sql", project / "macros")
    marts = project / "models" / "marts"
    marts.mkdir(parents=True)
    (marts / "_sources.yml").write_text(
        "version: 2\nsources:\n"
        "  - name: adland\n    tables:\n      - name: spend\n"
        "  - name: lake\n    config:\n      meta:\n        external_location:"
        " \"read_parquet('{{ env_var('SMM_LAKE') }}/_meta/files.parquet')\"\n"
        "    tables:\n      - name: files\n"
        "models:\n  - name: fct_order\n    columns:\n      - name: order_id\n"
        "        data_tests: [not_null]\n"
    )
    for name, sql in MODELS.items():
        (marts / f"{name}.sql").write_text(sql + "\n")
    (marts / "mart_reads.sql").write_text(
        "select source, stream, dt, content_hash from {{ source('lake', 'files') }}\n"
    )
    return project


class Location:
    """The whole code location over one fake platform, and an instance to run it on."""

    def __init__(self, settings: Settings, dbt_project: Path, instance: dg.DagsterInstance) -> None:
        self.settings = settings
        self.instance = instance
        self.source = Adland()
        self.workspace = Workspace(settings, sources={"adland": self.source})
        self.defs = build_defs(
            settings,
            streams=[SPEND, STRUCTURE],
            dbt_project=dbt_project,
            resource_overrides={"workspace": workspace_resource(self.workspace)},
        )

    def run(
        self, job: str, first: str = "2026-03-06", last: str = "2026-03-09", **options: Any
    ) -> dg.ExecuteInProcessResult:
        tags = {} if job == "build" else range_tags(*map(date.fromisoformat, (first, last)))
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, tags=tags, raise_on_error=False, **options
        )


@contextmanager
def a_location(directory: Path, dbt_project: Path) -> Iterator[Location]:
    settings = make_settings(directory)
    with open_instance(settings) as instance:
        yield Location(settings, dbt_project, instance)


@pytest.fixture
def location(dbt_project: Path, tmp_path: Path) -> Iterator[Location]:
    with a_location(tmp_path, dbt_project) as made:
        yield made


@pytest.fixture(scope="module")
def built(
    dbt_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Location, dg.ExecuteInProcessResult]]:
    """A location on which everything has run once."""
    with a_location(tmp_path_factory.mktemp("built"), dbt_project) as made:
        assert made.run("backfill").success
        yield made, made.run("build")
