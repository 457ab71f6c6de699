"""What a run came to, read from the published file.

Belongs here: the tables at the end of `smm run`. Does not: computing a figure that a mart lacks.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines.serving import duck
from pipelines.settings import PROJECT, Settings

TOP = 10
MODEL = "linear"

# Ratios of sums, never sums of ratios; the margin is unknown where one order's cost is.
CAMPAIGNS = """
select
    campaign_name,
    sum(spend) as spend,
    sum(claimed_conversions) as claimed,
    sum(attributed_orders) as orders,
    sum(attributed_revenue) as revenue,
    sum(attributed_revenue) / nullif(sum(spend), 0) as roas,
    case when count(*) = count(attributed_margin)
        then (sum(attributed_margin) - sum(spend)) / nullif(sum(spend), 0) end as roi
from marts.mart_campaign_roi
where attribution_model = ? and campaign_id not like '\\_\\_%' escape '\\'
group by source, account_id, campaign_id, campaign_name
having sum(spend) > 0
order by roi desc nulls last, roas desc nulls last, campaign_name
limit ?
"""

# Where the attributed money went that no campaign earned, so that the table above can be weighed.
TOTALS = """
select
    sum(spend) as spend,
    sum(attributed_revenue) as revenue,
    sum(attributed_revenue) filter (where campaign_id = 'unattributed') as unattributed,
    sum(spend) filter (where campaign_id = '__unallocated__') as unallocated
from marts.mart_campaign_roi
where attribution_model = ?
"""

SEGMENTS = """
with latest as (
    -- The newest month may have only begun; the one before it is whole.
    select max(month) as month from marts.mart_audience_segments
    where orders > 0 and month < (select max(month) from marts.mart_audience_segments)
),

ranked as (
    select
        *,
        row_number() over (
            partition by segment_family order by net_revenue desc, segment
        ) as place
    from marts.mart_audience_segments
    where month = coalesce(
        (select month from latest), (select max(month) from marts.mart_audience_segments)
    )
)

select month, segment_family, segment, persons, orders, net_revenue, value_share
from ranked
where place <= 3 and orders > 0
order by segment_family, place
"""


EXAMPLE_HOME = PROJECT / "data" / "example"

# Opened by itself, the file is the catalog `marts`, which stands before the schema of that name.
QUERY = (
    'import duckdb; print(duckdb.connect("{path}", read_only=True).sql("select order_date,'
    " count(*) as orders, sum(net_amount_reporting) as net from marts.marts.fct_order"
    ' group by all order by order_date desc limit 7"))'
)


def show_campaigns(console: Console, path: Path, currency: str) -> None:
    """The campaigns with the best return, and what no campaign accounts for."""
    with duck.connect(path) as connection:
        found = duck.rows(connection, CAMPAIGNS, [MODEL, TOP])
        totals = duck.rows(connection, TOTALS, [MODEL])[0]
    if not found:
        return
    table = Table(
        title=f"Top campaigns by ROI ({MODEL} attribution, {currency})", title_style="bold"
    )
    table.add_column("campaign")
    for name in ("spend", "claimed", "attributed orders", "revenue", "ROAS", "ROI"):
        table.add_column(name, justify="right")
    for row in found:
        table.add_row(
            row["campaign_name"],
            number(row["spend"]),
            number(row["claimed"]),
            number(row["orders"], 1),
            number(row["revenue"]),
            number(row["roas"], 2),
            number(row["roi"], 2),
        )
    console.print(table)
    console.print(
        f"[dim]All campaigns: spend {number(totals['spend'])}, of which on no campaign"
        f" {number(totals['unallocated'] or 0)}. Recorded revenue {number(totals['revenue'])}, of"
        f" which no visit explains {number(totals['unattributed'] or 0)}.[/]"
    )


def show_segments(console: Console, path: Path, currency: str) -> None:
    """The segments that brought most in the last whole month, three of each family."""
    with duck.connect(path) as connection:
        found = duck.rows(connection, SEGMENTS)
    if not found:
        return
    month = found[0]["month"]
    table = Table(title=f"Segments in {month:%B %Y} ({currency})", title_style="bold")
    table.add_column("family")
    table.add_column("segment")
    for name in ("persons", "orders", "net revenue", "share"):
        table.add_column(name, justify="right")
    before = ""
    for row in found:
        family = row["segment_family"]
        table.add_row(
            family if family != before else "",
            row["segment"],
            number(row["persons"]),
            number(row["orders"]),
            number(row["net_revenue"]),
            "" if row["value_share"] is None else f"{row['value_share']:.1%}",
        )
        before = family
    console.print(table)


def show_next(console: Console, settings: Settings, path: Path) -> None:
    """What a person may want to open now."""
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    home = "" if settings.home == PROJECT / "data" else f"SMM_HOME={settings.home} "
    example = settings.home == EXAMPLE_HOME
    lines = {
        "the runs, the lineage, the checks": ".venv/bin/smm ui --example"
        if example
        else f"{home}make ui",
        "what platforms restated": f"{home}.venv/bin/smm history",
        "the published file": str(shown),
        "a query": f".venv/bin/python -c '{QUERY.format(path=shown)}'",
    }
    console.print("\n[bold]Next[/]")
    for what, how in lines.items():
        console.print(f"  {what:<34}  {how}", highlight=False, markup=False, soft_wrap=True)


def number(value: Any, places: int = 0) -> str:
    """A figure with thousands parted; a dash where it is not known."""
    if value is None:
        return "–"
    return f"{Decimal(str(value)):,.{places}f}"
