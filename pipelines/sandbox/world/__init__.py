"""One simulated, seeded world of a consumer brand, with known truth, for the platform sandbox.

A world is a pure function of its `WorldConfig` and an instant; a later instant never changes what
was before it. Belongs here: people, visits, orders, advertising, posts, rates, and the truth about
them, as Arrow tables (`tables`). Does not: HTTP or any platform's wording of these facts.

    world = build_world(WorldConfig(anchor=date(2026, 11, 1)), until=datetime(2026, 11, 9, 9))
    then = world.at(datetime(2026, 11, 2, 9))       # what was visible then
    orders = state.current_orders(then)             # with edits, refunds and updated_at applied
"""

from pipelines.sandbox.world.channels import CHANNEL_ACCOUNTS, CHANNELS, Channel
from pipelines.sandbox.world.config import (
    BRAND,
    INDONESIA,
    MARKET_BY_CODE,
    MARKETS,
    PAGE_ZONE,
    UNITED_STATES,
    Market,
    WorldConfig,
)
from pipelines.sandbox.world.counterfactual import crisis_truth
from pipelines.sandbox.world.exports import write_exports
from pipelines.sandbox.world.networks import META, NETWORK_BY_NAME, NETWORKS, Network
from pipelines.sandbox.world.outlets import (
    OUTLET_BY_NAME,
    OUTLETS,
    SHOPEE,
    TIKTOK_SHOP,
    WOOCOMMERCE,
    Outlet,
)
from pipelines.sandbox.world.restate import restate
from pipelines.sandbox.world.simulation import build_world
from pipelines.sandbox.world.state import (
    channel_gains,
    current_channel_posts,
    current_customers,
    current_lines,
    current_orders,
    current_outlet_orders,
    current_posts,
    served_cells,
    served_extra,
    served_reach,
)
from pipelines.sandbox.world.truth import truth, write_truth
from pipelines.sandbox.world.world import World

__all__ = [
    "BRAND",
    "CHANNELS",
    "CHANNEL_ACCOUNTS",
    "INDONESIA",
    "MARKETS",
    "MARKET_BY_CODE",
    "META",
    "NETWORKS",
    "NETWORK_BY_NAME",
    "OUTLETS",
    "OUTLET_BY_NAME",
    "PAGE_ZONE",
    "SHOPEE",
    "TIKTOK_SHOP",
    "UNITED_STATES",
    "WOOCOMMERCE",
    "Channel",
    "Market",
    "Network",
    "Outlet",
    "World",
    "WorldConfig",
    "build_world",
    "channel_gains",
    "crisis_truth",
    "current_channel_posts",
    "current_customers",
    "current_lines",
    "current_orders",
    "current_outlet_orders",
    "current_posts",
    "restate",
    "served_cells",
    "served_extra",
    "served_reach",
    "truth",
    "write_exports",
    "write_truth",
]
