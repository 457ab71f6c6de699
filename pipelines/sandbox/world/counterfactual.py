"""What the crisis did: the world beside the one that would be without it.

Belongs here: the crisis as it can be measured, and what it cost. Does not: how it is drawn.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world.calendar import calendar
from pipelines.sandbox.world.causes import order_truth
from pipelines.sandbox.world.config import INDONESIA, MARKETS, naive_utc
from pipelines.sandbox.world.outlets import OUTLETS
from pipelines.sandbox.world.simulation import build_world
from pipelines.sandbox.world.span import Span
from pipelines.sandbox.world.state import (
    current_channel_posts,
    current_outlet_orders,
    current_posts,
)
from pipelines.sandbox.world.world import World

# Days after the crisis for which its cost is told beside that of the whole dip.
FOLLOWING_DAYS = 14
HOUR = 3_600_000_000


def crisis_truth(world: World) -> dict[str, Any] | None:
    """What the crisis did by now; None where there is none, or where it is still to come.

    It takes seconds: the world without the crisis is built. Indonesia is concerned alone.

    - `began_at`: when the video was posted (UTC);
    - `dip`: of each local day the part of demand that is missing;
    - `peak_hour`, `peak_mentions`: the hour (UTC, its beginning) with the most negative mentions,
      and how many. A mention is what others than the brand wrote: a post on the page or about the
      brand on any platform, or a comment, deleted ones included;
    - `views`, by platform: how often posts that carry the crisis have been on screen, as their
      counters say now; deleted ones tell nothing;
    - `lost_net` and `lost_orders`, by market and outlet: net revenue (minor units, refunds so far)
      and number of orders placed on the local days `following_days` (the 14 after the day of the
      video) and `whole_dip`, without the crisis minus with it. Orders are no tests, and paid.
    """
    config = world.config
    if not config.crisis or world.now < naive_utc(config.crisis_at):
        return None
    without = build_world(replace(config, crisis=False), world.now)
    day = config.crisis_at.astimezone(INDONESIA.zone).date()
    dip = _dip(world)
    spans = {
        "following_days": (day + timedelta(days=1), day + timedelta(days=FOLLOWING_DAYS)),
        "whole_dip": (min(dip), max(dip)),
    }
    lost = {name: _lost(world, without, Span(*days)) for name, days in spans.items()}
    peak, mentions = _peak(world)
    return {
        "began_at": naive_utc(config.crisis_at).isoformat(),
        "dip": {on.isoformat(): part for on, part in dip.items()},
        "peak_hour": peak.isoformat(),
        "peak_mentions": mentions,
        "views": _views(world),
        "lost_net": {name: sums["net"] for name, sums in lost.items()},
        "lost_orders": {name: sums["orders"] for name, sums in lost.items()},
    }


def _dip(world: World) -> dict[date, float]:
    days = calendar(world.config, INDONESIA, world.now)
    return {
        days.first + timedelta(days=n): round(1.0 - part, 6)
        for n, part in enumerate(days.crisis.tolist())
        if part < 1.0
    }


def _peak(world: World) -> tuple[datetime, int]:
    """The first hour with the most negative mentions; (the crisis, 0) without any."""
    tables = [
        world.posts.filter(pc.not_equal(world.posts["author_kind"], "page")),
        world.comments.filter(pc.not_equal(world.comments["author_kind"], "page")),
        world.channel_posts.filter(world.channel_posts["is_mention"]),
        world.channel_comments.filter(pc.not_equal(world.channel_comments["author_kind"], "brand")),
    ]
    columns = ["market", "sentiment", "created_at"]
    said = pa.concat_tables([table.select(columns) for table in tables])
    said = said.filter(
        pc.and_(pc.equal(said["market"], INDONESIA.code), pc.equal(said["sentiment"], "negative"))
    )
    hours, counts = np.unique(
        said["created_at"].cast(pa.int64()).to_numpy() // HOUR, return_counts=True
    )
    if not len(hours):
        return naive_utc(world.config.crisis_at), 0
    most = int(np.argmax(counts))
    at = datetime.fromtimestamp(int(hours[most]) * 3_600, UTC)
    return naive_utc(at), int(counts[most])


def _views(world: World) -> dict[str, int]:
    posts, others = current_posts(world), current_channel_posts(world)
    own = posts.filter(posts["is_crisis"])
    told = {"facebook": int(pc.sum(own["media_view"]).as_py() or 0)}
    rest = others.filter(others["is_crisis"]).group_by("platform")
    for row in rest.aggregate([("impressions", "sum")]).sort_by("platform").to_pylist():
        told[row["platform"]] = row["impressions_sum"]
    return told


def _lost(world: World, without: World, span: Span) -> dict[str, dict[str, int]]:
    """Orders, and their net revenue, of each market and outlet that the crisis took on the days."""
    here, there = _taken(world, span), _taken(without, span)
    return {
        name: {place: there[name][place] - taken for place, taken in sums.items()}
        for name, sums in here.items()
    }


def _taken(world: World, span: Span) -> dict[str, dict[str, int]]:
    orders = order_truth(world)
    orders = orders.filter(pc.invert(orders["is_test"]))
    sold = current_outlet_orders(world)
    sold = sold.filter(sold["is_sale"])
    kept = pc.subtract(pc.subtract(sold["gross"], sold["seller_discount"]), sold["refunded"])
    sold = sold.append_column("net", kept)
    placed = {
        market.code: span.of_instants(
            orders.filter(pc.equal(orders["market"], market.code)), "created_at", market.zone
        )
        for market in MARKETS
    } | {
        outlet.name: span.of_instants(
            sold.filter(pc.equal(sold["outlet"], outlet.name)), "created_at", INDONESIA.zone
        )
        for outlet in OUTLETS
    }
    return {
        "net": {name: int(pc.sum(rows["net"]).as_py() or 0) for name, rows in placed.items()},
        "orders": {name: rows.num_rows for name, rows in placed.items()},
    }
