"""Streams and sources that need no network, and a dbt project that builds in seconds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from code_location import Location, a_location, make_settings

from pipelines.settings import Settings


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
