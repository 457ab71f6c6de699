"""What earlier facts have become by the world's `now`: edited, refunded, grown, restated.

Belongs here: the figures that a platform shows at that moment. Does not: how it words them.
Every function takes a world (`world.at(now)` for another moment) and is pure.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world.calendar import EPOCH, midnights
from pipelines.sandbox.world.config import MARKET_BY_CODE
from pipelines.sandbox.world.draws import Array
from pipelines.sandbox.world.frame import dates
from pipelines.sandbox.world.networks import META, NETWORK_BY_NAME
from pipelines.sandbox.world.restate import gains, grown, restate
from pipelines.sandbox.world.world import World

EDITED = ("gross", "discount", "subtotal", "tax", "total")
REACTIONS = ("like", "love", "wow", "haha", "sorry", "anger")
GROWING = (
    "media_view",
    "media_view_unique",
    "clicks_link",
    "clicks_photo",
    "clicks_video",
    "clicks_other",
    *REACTIONS,
    "shares",
    "video_views",
)
CHANNEL_COUNTERS = (
    "impressions",
    "reach",
    "likes",
    "comments",
    "shares",
    "quotes",
    "saves",
    "link_clicks",
    "profile_clicks",
    "video_views",
    "watch_seconds",
)
CHANNEL_GROWING = (
    "impressions",
    "reach",
    "likes",
    "shares",
    "quotes",
    "saves",
    "link_clicks",
    "profile_clicks",
    "video_views",
    "watch_seconds",
)
CHANNEL_COUNTERS = (*CHANNEL_GROWING, "comments")


def current_orders(world: World) -> pa.Table:
    """`orders` with the edits so far applied to gross, discount, subtotal, tax and total, and:

    - `refunded` (int64): money returned so far;
    - `updated_at`: last change so far (placing, sending, edit, refund attempt, cancellation);
    - `financial_status`: PAID, PARTIALLY_REFUNDED or REFUNDED.
    Sorted like `orders`.
    """
    orders, edits, payments = world.orders, world.order_edits, world.refund_transactions
    ids = _numbers(orders, "order_id")
    place, paid = _places(ids, edits), _places(ids, payments)
    for name in EDITED:
        orders = _set(orders, name, _plus(_numbers(orders, name), place, _numbers(edits, name)))
    money = np.where(pc.equal(payments["status"], "SUCCESS"), _numbers(payments, "amount"), 0)
    refunded = _plus(np.zeros(len(ids), np.int64), paid, money)
    updated = _micros(orders, "created_at") + 2_000_000
    for column in ("fulfilled_at", "cancelled_at"):
        updated = np.maximum(updated, _micros(orders, column))
    np.maximum.at(updated, place, _micros(edits, "edited_at"))
    np.maximum.at(updated, paid, _micros(payments, "processed_at"))
    # A test of a stream by its updates must not run ahead of the clock.
    updated = np.minimum(updated, max(_now_micros(world), 0))
    status = np.select(
        [refunded == 0, refunded < _numbers(orders, "total")],
        ["PAID", "PARTIALLY_REFUNDED"],
        "REFUNDED",
    )
    return (
        orders.append_column("refunded", pa.array(refunded))
        .append_column("updated_at", _instants(updated))
        .append_column("financial_status", pa.array(status.tolist(), pa.string()))
    )


def current_lines(world: World) -> pa.Table:
    """`order_lines` with discount edits applied, and `current_quantity` after refunds so far."""
    lines, edits, returned = world.order_lines, world.order_edits, world.refund_lines
    ids = _numbers(lines, "line_id")
    discounts = edits.filter(pc.equal(edits["kind"], "discount"))
    place = _places(ids, discounts, "line_id")
    lines = _set(
        lines,
        "discount",
        _plus(_numbers(lines, "discount"), place, _numbers(discounts, "discount")),
    )
    back = _plus(
        np.zeros(len(ids), np.int64),
        _places(ids, returned, "line_id"),
        _numbers(returned, "quantity"),
    )
    return lines.append_column("current_quantity", pa.array(_numbers(lines, "quantity") - back))


def current_customers(world: World) -> pa.Table:
    """`customers` with `number_of_orders` (tests excluded) and `updated_at` (bumped by orders)."""
    customers, orders = world.customers, world.orders
    ids = _numbers(customers, "customer_id")
    place = _places(ids, orders, "customer_id")
    counted = _plus(
        np.zeros(len(ids), np.int64), place, (~_flags(orders, "is_test")).astype(np.int64)
    )
    updated = _micros(customers, "updated_at_initial")
    np.maximum.at(updated, place, _micros(orders, "created_at") + 2_000_000)
    updated = np.minimum(updated, max(_now_micros(world), 0))
    return customers.append_column("number_of_orders", pa.array(counted)).append_column(
        "updated_at", _instants(updated)
    )


def current_outlet_orders(world: World) -> pa.Table:
    """`outlet_orders` with what has become of each:

    - `refunded` (int64): money returned so far;
    - `updated_at`: last change so far (of its state, or of a refund);
    - `status`: unpaid, paid, sent, completed, cancelled, refunded (wholly) or trashed;
    - `is_sale`: paid, neither a test nor in the trash.
    """
    orders, refunds = world.outlet_orders, world.outlet_refunds
    # Orders of all outlets have different numbers.
    place = pc.index_in(
        refunds["order_id"], value_set=orders["order_id"].combine_chunks()
    ).to_numpy()
    money = np.where(pc.equal(refunds["status"], "succeeded"), _numbers(refunds, "amount"), 0)
    refunded = _plus(np.zeros(orders.num_rows, np.int64), place, money)
    at = {
        name: _micros(orders, f"{name}_at")
        for name in ("created", "paid", "sent", "completed", "cancelled", "trashed")
    }
    updated = np.max(list(at.values()), axis=0)
    for name in ("created_at", "settled_at"):
        np.maximum.at(updated, place, _micros(refunds, name))
    seen = {name: instant >= 0 for name, instant in at.items()}
    wholly = (refunded > 0) & (refunded == _numbers(orders, "total"))
    status = np.select(
        [seen["trashed"], seen["cancelled"], wholly, seen["completed"], seen["sent"], seen["paid"]],
        ["trashed", "cancelled", "refunded", "completed", "sent", "paid"],
        "unpaid",
    )
    is_sale = seen["paid"] & ~seen["trashed"] & ~_flags(orders, "is_test")
    return (
        orders.append_column("refunded", pa.array(refunded))
        .append_column("updated_at", _instants(updated))
        .append_column("status", pa.array(status.tolist(), pa.string()))
        .append_column("is_sale", pa.array(is_sale))
    )


def current_posts(world: World) -> pa.Table:
    """`posts` that are not deleted, counters grown to `now`; and `comments`, `reactions` so far."""
    posts = world.posts.filter(pc.is_null(world.posts["deleted_at"])).combine_chunks()
    age = (_now_micros(world) - _micros(posts, "created_at")) // 1_000_000
    for name in GROWING:
        posts = _set(posts, name, grown(_numbers(posts, name), age))
    # Each comment's post by its place in the list of ids; a deleted post's comments have none.
    place = pc.index_in(world.comments["post_id"], value_set=posts["post_id"].combine_chunks())
    found = pc.drop_null(place).to_numpy()
    comments = np.bincount(found, minlength=posts.num_rows).astype(np.int64)
    reactions = sum(
        (_numbers(posts, name) for name in REACTIONS), np.zeros(posts.num_rows, np.int64)
    )
    return posts.append_column("comments", pa.array(comments)).append_column(
        "reactions", pa.array(reactions)
    )


def current_channel_posts(world: World) -> pa.Table:
    """`channel_posts` that are not deleted, counters grown to `now`; `comments` are those so far.

    Same columns and order as `channel_posts`.
    """
    visible = pc.is_null(world.channel_posts["deleted_at"])
    posts = world.channel_posts.filter(visible).combine_chunks()
    age = (_now_micros(world) - _micros(posts, "created_at")) // 1_000_000
    for name in CHANNEL_GROWING:
        posts = _set(posts, name, grown(_numbers(posts, name), age))
    answered, _ = _answers(world, posts)
    return _set(posts, "comments", np.bincount(answered, minlength=posts.num_rows))


def channel_gains(world: World, platform: str, zone: ZoneInfo) -> pa.Table:
    """What each own post gathered on each day of that zone that has closed by `now`.

    Columns: market, account_id, post_id, date_day and each counter; days without any are absent.
    A post's rows add up to its counters at the last midnight. A post that has been deleted keeps
    what it had gathered until then.
    """
    own = pc.and_(
        pc.equal(world.channel_posts["platform"], platform),
        pc.invert(world.channel_posts["is_mention"]),
    )
    posts = world.channel_posts.filter(own).combine_chunks()
    today = world.now.replace(tzinfo=UTC).astimezone(zone).date()
    first = world.config.start - timedelta(days=1)
    bounds = midnights(first, max((today - first).days, 0), zone)
    at, gone = (_micros(posts, name) // 1_000_000 for name in ("created_at", "deleted_at"))
    post, day, gained = gains(at, gone, bounds)
    columns = {name: gained(_numbers(posts, name)) for name in CHANNEL_GROWING}
    columns["comments"] = _answers_by_day(world, posts, bounds)[post, day]
    some = np.any(np.stack(list(columns.values())) > 0, axis=0)
    rows = posts.select(["market", "account_id", "post_id"]).take(pa.array(post[some]))
    rows = rows.append_column("date_day", dates(day[some] + (first - EPOCH).days))
    for name, values in columns.items():
        rows = rows.append_column(name, pa.array(values[some]))
    return rows.combine_chunks()


def _answers_by_day(world: World, posts: pa.Table, bounds: Array) -> Array:
    """How many answers each post (row) got on each day (column)."""
    answered, at = _answers(world, posts)
    closed = at < bounds[-1]
    counts = np.zeros((posts.num_rows, max(len(bounds) - 1, 1)), np.int64)
    day = np.searchsorted(bounds, at[closed], side="right") - 1
    np.add.at(counts, (answered[closed], day), 1)
    return counts


def _answers(world: World, posts: pa.Table) -> tuple[Array, Array]:
    """Each visible answer to one of these posts: the post's row, and the instant (seconds)."""
    replies = world.channel_posts.filter(
        pc.and_(
            pc.is_valid(world.channel_posts["reply_to_id"]),
            pc.is_null(world.channel_posts["deleted_at"]),
        )
    )
    comments = world.channel_comments
    to = pa.chunked_array(
        [*replies["reply_to_id"].chunks, *comments["post_id"].chunks], pa.string()
    )
    place = pc.index_in(to, value_set=posts["post_id"].combine_chunks())
    at = np.concatenate([_micros(replies, "created_at"), _micros(comments, "created_at")])
    known = place.is_valid().to_numpy()
    return pc.drop_null(place).to_numpy(), at[known] // 1_000_000


def served_cells(world: World, market: str, network: str = META.name) -> pa.Table:
    """`ad_cells` of that market as the network serves them at `now`: restated by each day's age.

    Same columns and order as `ad_cells`; cells that show nothing yet are absent.
    """
    return _served(world, world.ad_cells, market, network, "impressions")


def served_extra(world: World, market: str, network: str = META.name) -> pa.Table:
    """`account_extra` of that market as the network serves it at `now`."""
    return _served(world, world.account_extra, market, network, "impressions")


def served_reach(world: World, market: str, network: str = META.name) -> pa.Table:
    """`ad_reach` of that market as the network serves it at `now`."""
    return _served(world, world.ad_reach, market, network, "reach")


def _served(world: World, table: pa.Table, market: str, network: str, least: str) -> pa.Table:
    own = pc.and_(pc.equal(table["market"], market), pc.equal(table["network"], network))
    mine = table.filter(own).combine_chunks()
    zone = NETWORK_BY_NAME[network].zone(MARKET_BY_CODE[market])
    today = world.now.replace(tzinfo=UTC).astimezone(zone).date()
    day = mine["date_day"].combine_chunks().cast(pa.int32()).to_numpy()
    age = pa.scalar(today, pa.date32()).cast(pa.int32()).as_py() - 1 - day
    shown = restate(mine, age)
    return shown.filter(pc.greater(shown[least], 0)).combine_chunks()


def _numbers(table: pa.Table, name: str) -> Array:
    return np.asarray(table[name].to_numpy())


def _flags(table: pa.Table, name: str) -> Array:
    return np.asarray(table[name].to_numpy(), bool)


def _micros(table: pa.Table, name: str) -> Array:
    """Microseconds since 1970; −1 for NULL."""
    return np.array(pc.fill_null(table[name].cast(pa.int64()), -1).to_numpy())


def _now_micros(world: World) -> int:
    return int(world.now.replace(tzinfo=UTC).timestamp()) * 1_000_000


def _instants(micros: Array) -> pa.Array:
    return pa.array(micros, pa.int64()).cast(pa.timestamp("us"))


def _places(ids: Array, rows: pa.Table, key: str = "order_id") -> Array:
    """Where each row's key stands among `ids`, which are ascending."""
    return np.searchsorted(ids, _numbers(rows, key))


def _plus(base: Array, place: Array, more: Array) -> Array:
    total = np.array(base, np.int64)
    np.add.at(total, place, more)
    return total


def _set(table: pa.Table, name: str, values: Array) -> pa.Table:
    return table.set_column(
        table.column_names.index(name), table.schema.field(name), pa.array(values, pa.int64())
    )
