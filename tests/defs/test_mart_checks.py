"""The two checks between marts and readers, over marts that tie and marts that do not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.defs.mart_checks import CREDIT, SPEND, differences
from pipelines.defs.resources import Workspace

DAY = date(2026, 3, 8)


@pytest.fixture
def workspace(settings):
    made = Workspace(settings, sources={})
    manifest = settings.lake / "_meta" / "files.parquet"
    manifest.parent.mkdir(parents=True)
    table = pa.table(
        {
            "source": ["meta_ads", "meta_ads"],
            "stream": ["insights_account", "insights_ad"],
            "account": ["a1", "a1"],
            "dt": [DAY, DAY],
            "rows": [1, 3],
            "totals": ['{"spend": "10.500000"}', '{"spend": "9.000000"}'],
        }
    )
    pq.write_table(table, manifest)
    settings.warehouse.mkdir(parents=True)
    return made


def build(workspace, *, spend: str, credited: str) -> None:
    with duckdb.connect() as connection:
        path = workspace.settings.warehouse / "marts.duckdb"
        connection.execute(f"attach '{path}' as built")
        connection.execute("create schema built.marts")
        for sql in (
            "fct_ad_daily as select 'meta_ads' as source, 'a1' as account_id,"
            f" date '{DAY}' as date_day, unnest([9, {spend}])::decimal(18, 4) as spend",
            f"fct_order as select date '{DAY}' as order_date,"
            " 100::decimal(18, 4) as net_amount_reporting",
            "mart_campaign_roi as select 'linear' as attribution_model,"
            f" date '{DAY}' as date_day,"
            f" unnest([60, {credited}])::decimal(18, 4) as attributed_revenue",
        ):
            connection.execute(f"create table built.marts.{sql}")


def test_sums_that_tie_leave_no_difference(workspace):
    build(workspace, spend="1.5", credited="40")
    assert differences(workspace, SPEND, reads_manifest=True) == []
    assert differences(workspace, CREDIT, reads_manifest=False) == []


def test_spend_that_vanished_below_the_account_is_found(workspace):
    build(workspace, spend="1.4", credited="40")
    (found,) = differences(workspace, SPEND, reads_manifest=True)
    assert (found["account_id"], found["told"], found["built"]) == (
        "a1",
        Decimal("10.5"),
        Decimal("10.4"),
    )


def test_revenue_credited_twice_is_found(workspace):
    build(workspace, spend="1.5", credited="50")
    (found,) = differences(workspace, CREDIT, reads_manifest=False)
    assert (found["attribution_model"], found["recorded"], found["credited"]) == (
        "linear",
        Decimal(100),
        Decimal(110),
    )
