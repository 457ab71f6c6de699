"""What is estimated beside what is true, on the simulated world of a home that `make run` built.

Belongs here: scoring identity and attribution in the published marts, and geo lift over worlds of
many seeds. Does not: how anything is estimated, or what is true (`pipelines.sandbox.world`).

    make run && make scores
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from pipelines.commands.sandbox import Choice
from pipelines.measurement.geo_lift import effects
from pipelines.sandbox.world import MARKETS, World, WorldConfig, build_world, truth
from pipelines.sandbox.world.causes import order_truth
from pipelines.serving import duck
from pipelines.serving.publish import FILE
from pipelines.settings import Settings

BEFORE, COOLDOWN = 56, 7

IDENTITY = """
with
records as (
    select kind, person_id, true_person
    from (
        select 'order of the own shops' as kind, person_id, source, order_id as record
        from fct_order where person_id is not null and source in ('shopify', 'woocommerce')
        union all
        select 'browser that bought or signed in', person_id, 'visitor', visitor_id
        from dim_visitor where link_basis in ('purchase', 'sign_in', 'user_id')
        union all
        select 'order at a marketplace', person_id, source, order_id
        from fct_order where person_id is not null and source not in ('shopify', 'woocommerce')
    ) as found
    inner join true_records using (source, record)
    where list_contains(?, kind)
),

pairs as (
    select
        (select sum(n * (n - 1) / 2) from (select count(*) as n from records group by person_id))
            as joined,
        (select sum(n * (n - 1) / 2) from (select count(*) as n from records group by true_person))
            as same,
        (select sum(n * (n - 1) / 2)
            from (select count(*) as n from records group by person_id, true_person)) as rightly
)

select (select count(*) from records) as records, rightly / joined as precision,
    rightly / same as recall
from pairs
"""

# The truth of a campaign is what the orders that it caused brought, in the marts' own money, so
# that nothing but the model is scored. Ranks are those of campaigns that spent on the days.
ATTRIBUTION = """
with
caused as (
    select causes.campaign_id,
        sum(orders.net_amount_reporting) filter (where causes.cause = 'campaign') as at_once,
        sum(orders.net_amount_reporting) as in_all
    from fct_order as orders
    inner join causes on orders.source = 'shopify' and orders.order_id = causes.order_id
    group by causes.campaign_id
),

campaigns as (
    select roi.attribution_model as model, roi.campaign_id,
        sum(roi.attributed_revenue)::double as attributed,
        coalesce(any_value(caused.at_once), 0)::double as at_once,
        coalesce(any_value(caused.in_all), 0)::double as in_all
    from mart_campaign_roi as roi
    left join caused using (campaign_id)
    group by all
    having sum(roi.spend) > 0
),

ranked as (
    select *,
        rank() over (partition by model order by attributed) as place,
        rank() over (partition by model order by at_once) as place_at_once,
        rank() over (partition by model order by in_all) as place_in_all,
        attributed / sum(attributed) over (partition by model)
            - at_once / sum(at_once) over (partition by model) as misplaced
    from campaigns
)

select model, count(*) as campaigns, corr(place, place_at_once) as rank_at_once,
    corr(place, place_in_all) as rank_in_all, sum(abs(misplaced)) / 2 as misplaced,
    sum(attributed) / sum(at_once) as level_at_once, sum(attributed) / sum(in_all) as level_in_all
from ranked
group by model
order by rank_at_once desc
"""


def true_records(world: World) -> pa.Table:
    """The true person of every order and browser, by the names that the marts have for them."""
    orders = order_truth(world)
    outlets = world.outlet_orders
    browsers = world.sessions.group_by(["market", "user_pseudo_id"]).aggregate(
        [("person_id", "min")]
    )
    properties = {market.code: market.ga4_property for market in MARKETS}
    names = pa.array(
        f"visitor|files|{properties[market]}|{browser}"
        for market, browser in zip(
            browsers["market"].to_pylist(), browsers["user_pseudo_id"].to_pylist(), strict=True
        )
    )
    with duck.in_memory() as connection:
        connection.register("names", pa.table({"name": names}))
        hashed = duck.table(connection, "select md5(name) as record from names")["record"]
    return pa.concat_tables(
        [
            _records(pa.array(["shopify"] * len(orders)), orders["order_id"], orders["person_id"]),
            _records(outlets["outlet"], outlets["order_id"], outlets["person_id"]),
            _records(pa.array(["visitor"] * len(browsers)), hashed, browsers["person_id_min"]),
        ]
    )


def _records(source: Any, record: Any, person: Any) -> pa.Table:
    text = pa.string()
    columns = {"source": source, "record": record, "true_person": person}
    return pa.table({name: column.cast(text) for name, column in columns.items()})


def identity(connection: duck.Connection) -> Table:
    """Of all pairs of records, how many that are joined are one person's, and the reverse."""
    own = ["order of the own shops", "browser that bought or signed in"]
    table = Table(title="identity: pairs of records")
    for column in ("records of", "records", "precision", "recall"):
        table.add_column(column, justify="left" if column == "records of" else "right")
    for title, kinds in (
        ("own shops and known browsers", own),
        ("the same and marketplaces, which tell no address", [*own, "order at a marketplace"]),
    ):
        found = duck.rows(connection, IDENTITY, [kinds])[0]
        table.add_row(
            title, f"{found['records']:,}", f"{found['precision']:.4f}", f"{found['recall']:.4f}"
        )
    return table


def attribution(connection: duck.Connection) -> Table:
    """Each model's credit beside what campaigns really caused."""
    table = Table(title="attribution: campaigns by what they caused")
    for column in ("model", "rank at once", "in all", "misplaced", "level at once", "in all"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for row in duck.rows(connection, ATTRIBUTION):
        figures = ("rank_at_once", "rank_in_all", "misplaced", "level_at_once", "level_in_all")
        table.add_row(row["model"], *(f"{row[name]:.2f}" for name in figures))
    return table


# --- geo lift


def geo_days(world: World) -> tuple[pa.Table, float]:
    """A geo experiment's days as the marts sum them, and what its campaign brought on them."""
    told = truth(world, world.now)["geo_test"]
    first, last = (date.fromisoformat(told[name]) for name in ("first_day", "last_day"))
    begins = first - timedelta(days=BEFORE)
    days = BEFORE + (last - first).days + 1 + COOLDOWN
    orders = order_truth(world)
    orders = orders.filter(pc.and_(pc.equal(orders["market"], "id"), pc.invert(orders["is_test"])))
    local = pc.assume_timezone(orders["created_at"], "UTC").cast(pa.timestamp("us", "Asia/Jakarta"))
    day = pc.local_timestamp(local).cast(pa.date32()).cast(pa.int32()).to_numpy()
    day = day - (begins - date(1970, 1, 1)).days
    inside = (day >= 0) & (day < days)
    net = orders["net"].to_numpy() / 100
    province = np.array(orders["province"].to_pylist())

    def revenue(group: str) -> Any:
        mine = inside & np.isin(province, told["provinces"][group])
        return np.bincount(day[mine], weights=net[mine], minlength=days)

    caused = np.array(orders["campaign_id"].to_pylist()) == told["campaign_id"]
    is_test = np.arange(days) >= BEFORE
    spend = np.where(is_test, told["spend"] / 100 / is_test.sum(), 0.0)
    table = pa.table(
        {
            "experiment": ["geo"] * days,
            "date_day": [begins + timedelta(days=n) for n in range(days)],
            "is_test": is_test,
            "treatment": revenue("treatment"),
            "control": revenue("control"),
            "spend": spend,
        }
    )
    return table, float(net[inside & caused & (day >= BEFORE)].sum())


def geo_lift(config: WorldConfig, now: datetime, seeds: int) -> Table:
    """How often the interval holds the truth, over worlds that differ by their seed alone."""
    held, errors = 0, []
    for seed in range(1, seeds + 1):
        world = build_world(replace(config, seed=seed), until=now).at(now)
        days, caused = geo_days(world)
        found = effects(days).to_pylist()[0]
        low, high = found["incremental_revenue_low"], found["incremental_revenue_high"]
        held += low <= caused <= high
        errors.append(float(found["incremental_revenue"]) / caused - 1)
    table = Table(title="geo lift: 90 % intervals over worlds of other seeds")
    for column in ("worlds", "held the truth", "mean error"):
        table.add_column(column, justify="right")
    table.add_row(str(seeds), str(held), f"{np.mean(errors):+.0%}")
    return table


def main() -> None:
    """Score the home of the settings and print a table of each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scores", description="Scores.")
    parser.add_argument("--seeds", type=int, default=100, help="worlds for geo lift (100)")
    seeds = parser.parse_args().seeds
    settings, console = Settings(), Console()
    choice = Choice.of(settings)
    config = WorldConfig(anchor=choice.anchor, seed=choice.seed, size=choice.size)
    now = datetime.combine(choice.anchor, datetime.min.time()) + timedelta(hours=9)
    world = build_world(config, until=now).at(now)
    orders = order_truth(world)
    causes = pa.table(
        {
            "order_id": orders["order_id"].cast(pa.string()),
            "cause": orders["cause"],
            "campaign_id": orders["campaign_id"],
        }
    )
    with duck.connect(settings.published / "current" / FILE) as connection:
        connection.execute("use opened.marts")
        connection.register("true_records", true_records(world))
        connection.register("causes", causes)
        console.print(identity(connection))
        console.print(attribution(connection))
    console.print(geo_lift(config, now, seeds))


if __name__ == "__main__":
    main()
