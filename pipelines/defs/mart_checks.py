"""Money ties out: the checks between building marts and publishing them.

Belongs here: the queries over marts and the lake's manifest, and their verdicts. Does not: tests
within dbt's own tables (dbt has them), checks of streams (`stream_checks`).
"""

from typing import Any

import dagster as dg

from pipelines.defs.resources import Workspace
from pipelines.serving import duck
from pipelines.serving.lock import warehouse_lock
from pipelines.serving.publish import FILE

AD_DAILY = dg.AssetKey(["marts", "fct_ad_daily"])
CAMPAIGN_ROI = dg.AssetKey(["marts", "mart_campaign_roi"])
SHOWN = 10

# Account totals are fetched apart from their breakdowns, and each file's footer has their sum; the
# manifest carries it here, so this compares with what the platform said, not with dbt's reading.
SPEND = """
with told as (
    select
        account as account_id,
        dt as date_day,
        cast(json_extract_string(totals, '$.spend') as decimal(18, 4)) as told
    from read_parquet(?)
    where source = 'meta_ads' and stream = 'insights_account' and rows > 0
),

built as (
    select account_id, date_day, sum(spend) as built
    from marts.fct_ad_daily
    where source = 'meta_ads'
    group by all
)

select account_id, date_day, told, built
from told
full join built using (account_id, date_day)
where coalesce(told, 0) <> coalesce(built, 0)
order by date_day, account_id
"""

CREDIT = """
with recorded as (
    select order_date as date_day, sum(net_amount_reporting) as recorded
    from marts.fct_order
    group by all
),

models as (
    select distinct attribution_model from marts.mart_campaign_roi
),

credited as (
    select attribution_model, date_day, sum(attributed_revenue) as credited
    from marts.mart_campaign_roi
    group by all
)

select attribution_model, date_day, recorded, credited
from models
cross join recorded
full join credited using (attribution_model, date_day)
where coalesce(recorded, 0) <> coalesce(credited, 0)
order by date_day, attribution_model
"""


def mart_checks() -> list[dg.AssetChecksDefinition]:
    """The checks that must pass before marts are published."""
    return [
        _check(
            AD_DAILY,
            "spend_ties_to_account_totals",
            "For each account and day, ads and `__unallocated__` add up to the account's spend.",
            SPEND,
            reads_manifest=True,
        ),
        _check(
            CAMPAIGN_ROI,
            "credit_ties_to_recorded_revenue",
            "For each model and day, attributed and `unattributed` revenue add up to recorded.",
            CREDIT,
        ),
    ]


def differences(workspace: Workspace, sql: str, *, reads_manifest: bool) -> list[dict[str, Any]]:
    """The rows of a query over the built marts; every row is a sum that does not tie."""
    settings = workspace.settings
    manifest = [str(settings.lake / "_meta" / "files.parquet")] if reads_manifest else []
    with warehouse_lock(settings.warehouse), duck.connect(settings.warehouse / FILE) as connection:
        return duck.rows(connection, sql, manifest)


def _check(
    asset: dg.AssetKey, name: str, description: str, sql: str, *, reads_manifest: bool = False
) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset, name=name, description=description, blocking=True, pool="duckdb_write"
    )
    def check(workspace: dg.ResourceParam[Workspace]) -> dg.AssetCheckResult:
        found = differences(workspace, sql, reads_manifest=reads_manifest)
        return dg.AssetCheckResult(
            passed=not found,
            description=f"{len(found)} sums do not tie." if found else "Every sum ties.",
            metadata={"differences": len(found), "first": dg.MetadataValue.md(_table(found))},
        )

    return check


def _table(found: list[dict[str, Any]]) -> str:
    """The first differences as a Markdown table."""
    if not found:
        return ""
    lines = [list(found[0]), ["---"] * len(found[0]), *(row.values() for row in found[:SHOWN])]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
