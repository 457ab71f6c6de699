"""What earlier facts have become by the world's `now`: edited, refunded, grown, restated.

Belongs here: the figures that a platform shows at that moment. Does not: how it words them.
Every function takes a world (`world.at(now)` for another moment) and is pure.
"""

from __future__ import annotations

import pyarrow as pa

from pipelines.sandbox.world.world import World


def current_orders(world: World) -> pa.Table:
    """`orders` with the edits so far applied to gross, discount, subtotal, tax and total, and:

    - `refunded` (int64): money returned so far;
    - `updated_at`: last change so far (placing, sending, edit, refund attempt, cancellation);
    - `financial_status`: PAID, PARTIALLY_REFUNDED or REFUNDED.
    Sorted like `orders`.
    """
    raise NotImplementedError


def current_lines(world: World) -> pa.Table:
    """`order_lines` with discount edits applied, and `current_quantity` after refunds so far."""
    raise NotImplementedError


def current_customers(world: World) -> pa.Table:
    """`customers` with `number_of_orders` (tests excluded) and `updated_at` (bumped by orders)."""
    raise NotImplementedError


def current_posts(world: World) -> pa.Table:
    """`posts` that are not deleted, counters grown to `now`; and `comments`, `reactions` so far."""
    raise NotImplementedError


def served_cells(world: World, market: str) -> pa.Table:
    """`ad_cells` of that market as Meta serves them at `now`: restated by each day's age.

    Same columns and order as `ad_cells`; cells that show nothing yet are absent.
    """
    raise NotImplementedError


def served_extra(world: World, market: str) -> pa.Table:
    """`account_extra` of that market as served at `now`."""
    raise NotImplementedError


def served_reach(world: World, market: str) -> pa.Table:
    """`ad_reach` of that market as served at `now`."""
    raise NotImplementedError
