"""Why each order happened, and what it and each campaign really brought.

Belongs here: net revenue, margin and true cause by order. Does not: counts of all else (`truth`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world.state import current_orders
from pipelines.sandbox.world.world import World

NOTHING = {
    "incremental_orders": 0,
    "incremental_first_hand": 0,
    "incremental_net": 0,
    "incremental_margin": 0,
}


def increments(world: World) -> dict[str, dict[str, int]]:
    """What would not have happened without each campaign, by now: orders, net revenue and margin.

    `incremental_first_hand` counts only orders that a click made, without the later purchases of
    the customers whom it won. Margin is net revenue less the cost of the units kept.
    """
    orders = order_truth(world)
    caused = orders.filter(
        pc.and_(pc.is_valid(orders["campaign_id"]), pc.invert(orders["is_test"]))
    )
    direct = pc.equal(caused["cause"], "campaign").cast(pa.int64())
    sums = (
        caused.append_column("direct", direct)
        .group_by("campaign_id")
        .aggregate([("order_id", "count"), ("direct", "sum"), ("net", "sum"), ("margin", "sum")])
    )
    return {
        row["campaign_id"]: {
            "incremental_orders": row["order_id_count"],
            "incremental_first_hand": row["direct_sum"],
            "incremental_net": row["net_sum"],
            "incremental_margin": row["margin_sum"],
        }
        for row in sums.to_pylist()
    }


def order_truth(world: World) -> pa.Table:
    """Every order as it stands, with net, margin (minor units) and its true cause."""
    orders, causes = current_orders(world), world.order_causes
    net = np.asarray(orders["subtotal"].to_numpy()) - np.asarray(orders["refunded"].to_numpy())
    cost = _unit_costs(world)
    orders = orders.append_column("net", pa.array(net)).append_column(
        "margin", pa.array(net - cost)
    )
    for name in ("person_id", "cause", "campaign_id", "share_id"):
        orders = orders.append_column(name, causes[name])
    orders = orders.append_column("first_user_pseudo_id", causes["user_pseudo_id"])
    return orders.append_column("first_session_id", causes["session_id"])


def _unit_costs(world: World) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Cost of the units sold in each order; `orders` and `order_lines` are sorted by order."""
    lines, variants = world.order_lines, world.variants
    place = pc.index_in(
        lines["variant_id"], value_set=variants["variant_id"].combine_chunks()
    ).to_numpy()
    cost = variants["unit_cost"].to_numpy()[place] * lines["quantity"].to_numpy()
    total = np.zeros(world.orders.num_rows, np.int64)
    np.add.at(
        total,
        np.searchsorted(world.orders["order_id"].to_numpy(), lines["order_id"].to_numpy()),
        cost,
    )
    return total
