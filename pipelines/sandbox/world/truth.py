"""What is true of the world, for tests and benchmarks to compare with.

Belongs here: exact counts and sums of what is visible. Does not: any platform's wording.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.sandbox.world.causes import NOTHING, increments, order_truth
from pipelines.sandbox.world.channels import CHANNELS
from pipelines.sandbox.world.config import INDONESIA, MARKETS, Market, naive_utc
from pipelines.sandbox.world.events import event_counts
from pipelines.sandbox.world.measured import geo_test, word_of_mouth
from pipelines.sandbox.world.networks import META, NETWORKS
from pipelines.sandbox.world.outlets import MONEY as OUTLET_MONEY
from pipelines.sandbox.world.outlets import OUTLETS, Outlet
from pipelines.sandbox.world.span import Span
from pipelines.sandbox.world.state import (
    CHANNEL_COUNTERS,
    current_channel_posts,
    current_customers,
    current_orders,
    current_outlet_orders,
    current_posts,
    served_cells,
    served_extra,
)
from pipelines.sandbox.world.world import World

MONEY = ("gross", "discount", "subtotal", "tax", "shipping", "total", "refunded")
DELIVERY = ("impressions", "clicks", "link_clicks", "spend")
CLAIMS = ("purchases_claimed_7d_click", "purchases_claimed_1d_view", "value_claimed")


def truth(
    world: World, now: datetime, *, first: date | None = None, last: date | None = None
) -> dict[str, Any]:
    """Exact counts and sums of what is visible at `now`, JSON-ready; money in minor units.

    `first` and `last` keep only what falls on those days of each stream: orders and customers by
    the UTC day of `updated_at`, refunds with their orders, visits by the property's day, posts and
    comments by the UTC day of creation, advertising by the account's day. Per market:

    - `customers`, `orders` (tests apart), `sessions`, `events`, `posts`, `comments`, `claimed`;
    - `money`: gross, discount, subtotal, tax, shipping, total, refunded and net, where net is
      subtotal − refunded;
    - `account`: what the days of the Meta account total; `campaigns`: the same by campaign, with
      what it claims and what it really brought (`incremental_…`, over all time up to `now`);
    - `networks`: the same two of each network;
    - `channels`: by platform, own posts, mentions, comments under own posts, and the sums of the
      own posts' counters.

    Per outlet, orders by the UTC day of `updated_at`, refunds and customers with their orders,
    reviews, payments and bookings by the UTC day of creation:

    - `orders` (sales), `test_orders`, `unpaid_orders`, `trashed_orders`, `customers`, `refunds`
      (of sales, by status), `reviews`;
    - `money` of the sales: the columns' sums, `refunded` and net, where net is gross −
      seller_discount − refunded: what the platform pays for a buyer is revenue;
    - `payments` of the own site: attempts, and the settled sums of `balance` in minor units.

    `word_of_mouth` and `geo_test` (of all days): see the functions of these names in `measured`.
    """
    world = world.at(now)
    span = Span(first, last)
    return {
        "now": naive_utc(now).isoformat(),
        "first": first and first.isoformat(),
        "last": last and last.isoformat(),
        "config": {
            name: str(value) if isinstance(value, date) else value
            for name, value in asdict(world.config).items()
        },
        "crisis_at": naive_utc(world.config.crisis_at).isoformat(),
        "markets": {market.code: _market(world, market, span) for market in MARKETS},
        "outlets": {outlet.name: _outlet(world, outlet, span) for outlet in OUTLETS},
        "word_of_mouth": word_of_mouth(world, span),
        "geo_test": geo_test(world),
    }


def _market(world: World, market: Market, span: Span) -> dict[str, Any]:
    utc = ZoneInfo("UTC")
    orders = span.of_instants(_mine(current_orders(world), market), "updated_at", utc)
    sales = orders.filter(pc.invert(orders["is_test"]))
    sessions = span.of_instants(_mine(world.sessions, market), "started_at", market.zone)
    posts = span.of_instants(_mine(current_posts(world), market), "created_at", utc)
    comments = _mine(world.comments, market)
    comments = comments.filter(pc.is_in(comments["post_id"], value_set=_visible_posts(world)))
    customers = span.of_instants(_mine(current_customers(world), market), "updated_at", utc)
    refunds = _mine(world.refunds, market)
    refunds = refunds.filter(
        pc.is_in(refunds["order_id"], value_set=sales["order_id"].combine_chunks())
    )
    networks = {network.name: _network(world, market, network.name, span) for network in NETWORKS}
    money = {name: _sum(sales, name) for name in MONEY}
    return {
        "currency": market.currency,
        "customers": customers.num_rows,
        "orders": sales.num_rows,
        "test_orders": orders.num_rows - sales.num_rows,
        "money": money | {"net": money["subtotal"] - money["refunded"]},
        "refunds": refunds.num_rows,
        "refunds_with_money": refunds.filter(pc.greater(refunds["amount"], 0)).num_rows,
        "sessions": sessions.num_rows,
        "events": int(event_counts(sessions).sum()),
        "purchases_seen": sessions.num_rows - sessions["order_id"].null_count,
        "posts": posts.num_rows,
        "comments": span.of_instants(comments, "created_at", utc).num_rows,
        **networks[META.name],
        "networks": networks,
        "channels": {
            channel.name: _channel(world, market, channel.name, span) for channel in CHANNELS
        },
    }


def _channel(world: World, market: Market, platform: str, span: Span) -> dict[str, Any]:
    """What there is on a platform of the market's account, and what its own posts have gathered."""
    utc = ZoneInfo("UTC")
    posts = current_channel_posts(world)
    posts = _mine(posts.filter(pc.equal(posts["platform"], platform)), market)
    own = posts.filter(pc.invert(posts["is_mention"]))
    comments = world.channel_comments.filter(
        pc.is_in(world.channel_comments["post_id"], value_set=own["post_id"].combine_chunks())
    )
    posts = span.of_instants(posts, "created_at", utc)
    own = span.of_instants(own, "created_at", utc)
    return {
        "posts": own.num_rows,
        "mentions": posts.num_rows - own.num_rows,
        "comments": span.of_instants(comments, "created_at", utc).num_rows,
        "counters": {name: _sum(own, name) for name in CHANNEL_COUNTERS},
    }


def _network(world: World, market: Market, network: str, span: Span) -> dict[str, Any]:
    """What a network's account tells of the market: its total, and its campaigns."""
    cells = span.of_days(served_cells(world, market.code, network))
    extra = span.of_days(served_extra(world, market.code, network))
    return {
        "account": _account(cells, extra),
        "campaigns": _campaigns(world, market, network, cells),
    }


def _outlet(world: World, outlet: Outlet, span: Span) -> dict[str, Any]:
    utc = ZoneInfo("UTC")

    def mine(table: pa.Table) -> pa.Table:
        return table.filter(pc.equal(table["outlet"], outlet.name))

    orders = span.of_instants(mine(current_outlet_orders(world)), "updated_at", utc)
    sales = orders.filter(orders["is_sale"])
    left = orders.filter(pc.invert(orders["is_sale"]))
    trashed = pc.equal(left["status"], "trashed")
    tests = pc.and_not(left["is_test"], trashed)
    sold = sales["order_id"].combine_chunks()
    refunds = mine(world.outlet_refunds)
    refunds = refunds.filter(pc.is_in(refunds["order_id"], value_set=sold))
    statuses = refunds["status"].to_pylist()
    money = {name: _sum(sales, name) for name in (*OUTLET_MONEY, "refunded")}
    buyers = pc.drop_null(orders["customer_id"].combine_chunks())
    told = {
        "currency": INDONESIA.currency,
        "orders": sales.num_rows,
        "test_orders": pc.sum(tests).as_py() or 0,
        "trashed_orders": pc.sum(trashed).as_py() or 0,
        "unpaid_orders": left.num_rows - (pc.sum(pc.or_(tests, trashed)).as_py() or 0),
        "customers": len(pc.unique(buyers)),
        "money": money | {"net": money["gross"] - money["seller_discount"] - money["refunded"]},
        "refunds": {name: statuses.count(name) for name in ("succeeded", "failed", "pending")},
        "reviews": span.of_instants(mine(world.reviews), "created_at", utc).num_rows,
    }
    return told | {"payments": _payments(world, span)} if outlet.own else told


def _payments(world: World, span: Span) -> dict[str, Any]:
    charges = span.of_instants(world.payments, "created_at", ZoneInfo("UTC"))
    good = charges.filter(pc.equal(charges["status"], "succeeded"))
    booked = span.of_instants(world.balance, "created_at", ZoneInfo("UTC"))
    return {
        "succeeded": good.num_rows,
        "failed": charges.num_rows - good.num_rows,
        "amount": _sum(good, "amount"),
        "booked": booked.num_rows,
        **{f"settled_{name}": _sum(booked, name) for name in ("amount", "fee", "net")},
    }


def _mine(table: pa.Table, market: Market) -> pa.Table:
    return table.filter(pc.equal(table["market"], market.code))


def _visible_posts(world: World) -> pa.Array:
    return world.posts.filter(pc.is_null(world.posts["deleted_at"]))["post_id"].combine_chunks()


def _sum(table: pa.Table, name: str) -> int:
    return int(pc.sum(table[name]).as_py() or 0)


def _account(cells: pa.Table, extra: pa.Table) -> dict[str, int]:
    whole = {name: _sum(cells, name) + _sum(extra, name) for name in DELIVERY}
    return (
        whole
        | {name: _sum(cells, name) for name in CLAIMS}
        | {"unallocated_spend": _sum(extra, "spend")}
    )


def _campaigns(
    world: World, market: Market, network: str, cells: pa.Table
) -> dict[str, dict[str, Any]]:
    sums = cells.group_by("campaign_id").aggregate([(name, "sum") for name in (*DELIVERY, *CLAIMS)])
    served = {row["campaign_id"]: row for row in sums.to_pylist()}
    brought = increments(world)
    told = {}
    own = world.campaigns.filter(pc.equal(world.campaigns["network"], network))
    for row in _mine(own, market).to_pylist():
        campaign = row["campaign_id"]
        figures = served.get(campaign, {})
        told[campaign] = {
            "name": row["name"],
            "utm_campaign": row["utm_campaign"],
            "kind": row["kind"],
            **{name: figures.get(f"{name}_sum", 0) for name in (*DELIVERY, *CLAIMS)},
            **brought.get(campaign, NOTHING),
        }
    return told


def write_truth(
    world: World,
    now: datetime,
    directory: Path,
    *,
    first: date | None = None,
    last: date | None = None,
) -> Path:
    """Write `truth.json`, and the truth about each order, person and comment as Parquet beside it.

    Returns the path of `truth.json`. The Parquet files hold all that is visible at `now`, whatever
    `first` and `last` are.
    """
    world = world.at(now)
    directory.mkdir(parents=True, exist_ok=True)
    texts = world.comments.select(
        ["market", "post_id", "comment_id", "author_id", "author_kind", "sentiment"]
    )
    for name, table in (
        ("orders", order_truth(world)),
        ("people", world.people),
        ("comments", texts),
    ):
        pq.write_table(table, directory / f"{name}.parquet", compression="zstd")
    path = directory / "truth.json"
    said = json.dumps(truth(world, now, first=first, last=last), indent=1, sort_keys=True)
    path.write_text(said + "\n", encoding="utf-8")
    return path
