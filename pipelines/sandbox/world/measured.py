"""The truth that measurement is compared with: who shares and writes, what that and a test bring.

Belongs here: what a company could count exactly if it had all of its data, under the definitions
that the docstrings give, and what only the world knows (causes). Does not: any platform's wording.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world.calendar import EPOCH
from pipelines.sandbox.world.causes import order_truth
from pipelines.sandbox.world.config import INDONESIA, MARKETS, Market
from pipelines.sandbox.world.draws import Array
from pipelines.sandbox.world.frame import Frame
from pipelines.sandbox.world.geo_test import GROUPS
from pipelines.sandbox.world.sharing import MEDIUM
from pipelines.sandbox.world.span import Span
from pipelines.sandbox.world.state import current_orders, current_outlet_orders, served_cells
from pipelines.sandbox.world.world import World

# Where months of customers begin and end.
REPORTING_ZONE = INDONESIA.zone
# A customer is active for so many days after an order.
ACTIVE_DAYS = 90
UTC = ZoneInfo("UTC")


def word_of_mouth(world: World, span: Span) -> dict[str, Any]:
    """What customers' shares bring (`markets`), and who takes part in each month (`months`).

    Shares and visits are those of the span's days where the property closes them; posts, comments
    and orders those of its UTC days by creation and by `updated_at`, as their streams are read.

    Of each market, money in minor units:

    - `shares`, `sharers` (distinct customers who shared), `visits` by shared links;
    - `orders` that such a link made (cause word_of_mouth, always the first of a new customer),
      their `net` and `margin`; `repeat_orders`, `repeat_net` and `repeat_margin` of the later
      orders of these customers;
    - `shares_per_sharer` = shares ÷ sharers; `conversions_per_share` = orders ÷ shares; `k_factor`,
      their product = orders ÷ sharers; None without a denominator;
    - `shares_by_depth`: 0 are shares by customers whom no share won, 1 by those whom such a share
      won, and so on; `orders_by_depth`: 1 are orders that shares of depth 0 made, and so on.

    Of each calendar month in Asia/Jakarta, over all markets and outlets:

    - `active_customers`: distinct customers with an order in the 90 days up to the snapshot day,
      both included, so that 0 ≤ snapshot − last order ≤ 90. The snapshot day is the month's last,
      in the running month the day of the newest order of all. These are the lifecycle stages new,
      active and reactivated together. Orders are sales: no tests, nothing unpaid or in the trash;
      cancelled and refunded ones count. A customer is an e-mail address, whichever shop it bought
      at, and on marketplaces, which tell none, the outlet's buyer;
    - `sharers`: distinct customers who shared in the month; `active_sharers`: those of them who are
      among the active ones. The sharer rate is sharers ÷ active_customers;
    - `authors`: distinct customers who wrote a post or a comment on the pages in the month and
      whom the company can know: someone in the CRM's export has the author's `facebook_user_id`,
      and had a sale in one of the shops at or before the moment of writing. What has been deleted
      since, with the comments under it, is not counted. `active_authors` likewise. The customer
      response rate is authors ÷ active_customers;
    - `shares` and `orders` (by the order's own day) as above.
    """
    sales = _sales(world, span)
    shares = _by_market(world.shares, "shared_at", span)
    orders = _by_market(order_truth(world), "updated_at", span, UTC)
    orders = orders.filter(pc.invert(orders["is_test"]))
    return {
        "active_within_days": ACTIVE_DAYS,
        "markets": {
            market.code: _spread(world, market, span, shares, orders) for market in MARKETS
        },
        "months": _months(world, span, sales, shares, orders),
    }


def _by_market(table: pa.Table, column: str, span: Span, zone: ZoneInfo | None = None) -> pa.Table:
    """The rows of the span's days, which are closed in the zone or else in the market's own."""
    parts = [
        span.of_instants(_mine(table, market), column, zone or market.zone) for market in MARKETS
    ]
    return pa.concat_tables(parts).combine_chunks()


def _mine(table: pa.Table, market: Market) -> pa.Table:
    return table.filter(pc.equal(table["market"], market.code))


def _spread(
    world: World, market: Market, span: Span, shares: pa.Table, orders: pa.Table
) -> dict[str, Any]:
    shares, orders = _mine(shares, market), _mine(orders, market)
    visits = span.of_instants(_mine(world.sessions, market), "started_at", market.zone)
    first = orders.filter(pc.equal(orders["cause"], "word_of_mouth"))
    again = orders.filter(pc.equal(orders["cause"], "word_of_mouth_repeat"))
    sharers = len(pc.unique(shares["person_id"]))
    place = pc.index_in(first["share_id"], value_set=world.shares["share_id"].combine_chunks())
    return {
        "shares": shares.num_rows,
        "sharers": sharers,
        "visits": pc.sum(pc.equal(visits["medium"], MEDIUM)).as_py() or 0,
        "orders": first.num_rows,
        "net": _sum(first, "net"),
        "margin": _sum(first, "margin"),
        "repeat_orders": again.num_rows,
        "repeat_net": _sum(again, "net"),
        "repeat_margin": _sum(again, "margin"),
        "shares_per_sharer": _ratio(shares.num_rows, sharers),
        "conversions_per_share": _ratio(first.num_rows, shares.num_rows),
        "k_factor": _ratio(first.num_rows, sharers),
        "shares_by_depth": _counts(shares["depth"]),
        "orders_by_depth": _counts(pc.add(world.shares["depth"].take(place), 1)),
    }


def _sum(table: pa.Table, name: str) -> int:
    return int(pc.sum(table[name]).as_py() or 0)


def _ratio(over: int, under: int) -> float | None:
    return over / under if under else None


def _counts(values: pa.ChunkedArray) -> dict[str, int]:
    counted = sorted(pc.value_counts(values).to_pylist(), key=lambda row: row["values"])
    return {str(row["values"]): row["counts"] for row in counted}


def _months(
    world: World, span: Span, sales: Frame, shares: pa.Table, orders: pa.Table
) -> dict[str, dict[str, int]]:
    won = orders.filter(pc.equal(orders["cause"], "word_of_mouth"))
    shared, bought = _days(shares["shared_at"]), _days(won["created_at"])
    sharer = np.asarray(shares["person_id"].to_numpy())
    author, wrote = _authors(world, span, sales)
    told = {}
    for first, last in _month_bounds(sales["day"]):
        snapshot = min(last, int(sales["day"].max()))
        since = (sales["day"] >= snapshot - ACTIVE_DAYS) & (sales["day"] <= snapshot)
        active = np.unique(sales["customer"][since])
        sharers = np.unique(sharer[(shared >= first) & (shared <= last)])
        authors = np.unique(author[(wrote >= first) & (wrote <= last)])
        told[f"{EPOCH + timedelta(days=first):%Y-%m}"] = {
            "active_customers": len(active),
            "sharers": len(sharers),
            "active_sharers": int(np.isin(sharers, active).sum()),
            "authors": len(authors),
            "active_authors": int(np.isin(authors, active).sum()),
            "shares": int(((shared >= first) & (shared <= last)).sum()),
            "orders": int(((bought >= first) & (bought <= last)).sum()),
        }
    return told


def _month_bounds(days: Array) -> list[tuple[int, int]]:
    """First and last day of each month from the first of these days (since 1970) to the last."""
    if not len(days):
        return []
    month = (EPOCH + timedelta(days=int(days.min()))).replace(day=1)
    bounds = []
    while (month - EPOCH).days <= days.max():
        after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        bounds.append(((month - EPOCH).days, (after - EPOCH).days - 1))
        month = after
    return bounds


def _days(instants: pa.ChunkedArray) -> Array:
    """The day of each instant in the reporting zone, as days since 1970."""
    zoned = pc.assume_timezone(instants, "UTC").cast(pa.timestamp("us", str(REPORTING_ZONE)))
    return np.asarray(pc.local_timestamp(zoned).cast(pa.date32()).cast(pa.int32()).to_numpy())


def _sales(world: World, span: Span) -> Frame:
    """Every sale at the shops and outlets: the customer, the instant (microseconds) and the day.

    A customer is the person's number where an address is told, else a number below zero.
    """
    shop = _by_market(current_orders(world), "updated_at", span, UTC)
    causes = world.order_causes
    place = pc.index_in(shop["order_id"], value_set=causes["order_id"].combine_chunks())
    shop = shop.append_column("person_id", causes["person_id"].take(place))
    shop = shop.filter(pc.invert(shop["is_test"]))
    outlets = span.of_instants(current_outlet_orders(world), "updated_at", UTC)
    outlets = outlets.filter(outlets["is_sale"])
    buyers = pc.binary_join_element_wise(outlets["outlet"], outlets["buyer_id"], "/")
    buyers = buyers.combine_chunks().dictionary_encode(null_encoding="encode").indices.to_numpy()
    told = np.asarray(outlets["email"].is_valid())
    theirs = np.where(told, outlets["person_id"].to_numpy(), -1 - buyers.astype(np.int64))
    at = [table["created_at"] for table in (shop, outlets)]
    return Frame(
        customer=np.concatenate([shop["person_id"].to_numpy(), theirs]),
        at=np.concatenate([column.cast(pa.int64()).to_numpy() for column in at]),
        day=np.concatenate([_days(column) for column in at]),
    )


def _authors(world: World, span: Span, sales: Frame) -> tuple[Array, Array]:
    """The customer known to have written each post and comment, and the day."""
    posts = world.posts.filter(pc.is_null(world.posts["deleted_at"]))
    visible = pc.is_in(world.comments["post_id"], value_set=posts["post_id"].combine_chunks())
    columns = ["author_id", "created_at"]
    written = pa.concat_tables(
        [posts.select(columns), world.comments.filter(visible).select(columns)]
    )
    written = span.of_instants(written, "created_at", UTC)
    joined = world.customers["crm_joined_at"]
    members = world.customers.filter(pc.less_equal(joined, pa.scalar(world.now, joined.type)))
    members = members.filter(pc.is_valid(members["facebook_user_id"]))
    place = pc.index_in(
        written["author_id"], value_set=members["facebook_user_id"].combine_chunks()
    )
    written = written.filter(pc.is_valid(place))
    author = np.asarray(members["person_id"].take(pc.drop_null(place)).to_numpy())
    bought = _first_sales(sales, author)
    known = bought <= np.asarray(written["created_at"].cast(pa.int64()).to_numpy())
    return author[known], _days(written["created_at"])[known]


def _first_sales(sales: Frame, customers: Array) -> Array:
    """The instant of each customer's first sale; the greatest number for one without."""
    never = np.iinfo(np.int64).max
    first = sales.sorted_by("customer", "at")
    place = np.searchsorted(first["customer"], customers)
    buyer, at = np.append(first["customer"], 0), np.append(first["at"], never)
    return np.where(buyer[place] == customers, at[place], never)


def geo_test(world: World) -> dict[str, Any] | None:
    """What the geo experiment brought by now; None where none has been declared.

    - `experiment`, `campaign_id`, `utm_campaign`, `first_day`, `last_day`, `provinces` by group;
    - `spend` of the campaign, as its network serves it now;
    - `incremental_orders`, `incremental_net`, `incremental_margin`: all that would not be without
      the campaign, later orders of the customers whom it won included; `iroas` = incremental_net ÷
      spend;
    - `in_test`: the same over orders of the experiment's days (Asia/Jakarta), which is what a
      comparison of the provinces over these days can find; `net_treated` and `net_control`: all
      net revenue of the shop's orders of these days in the provinces of each group; `lift` =
      in_test net ÷ (net_treated − in_test net).

    All sums are of orders that are no tests, minor units, net of refunds so far.
    """
    if not world.experiments.num_rows:
        return None
    rows = world.experiments.to_pylist()
    declared = rows[0]
    named = pc.equal(world.campaigns["utm_campaign"], declared["utm_campaign"])
    campaign = world.campaigns.filter(named)["campaign_id"][0].as_py()
    orders = order_truth(world)
    orders = _mine(orders.filter(pc.invert(orders["is_test"])), INDONESIA)
    during = _of_days(orders, declared["first_day"], declared["last_day"])
    cells = served_cells(world, declared["market"])
    spend = _sum(cells.filter(pc.equal(cells["campaign_id"], campaign)), "spend")
    whole, in_test = _caused(orders, campaign), _caused(during, campaign)
    provinces = {
        group: [row["province"] for row in rows if row["group"] == group] for group in GROUPS
    }
    net = {
        group: _sum(during.filter(pc.is_in(during["province"], pa.array(names))), "net")
        for group, names in provinces.items()
    }
    return {
        "experiment": declared["experiment"],
        "campaign_id": campaign,
        "utm_campaign": declared["utm_campaign"],
        "first_day": declared["first_day"].isoformat(),
        "last_day": declared["last_day"].isoformat(),
        "provinces": provinces,
        "spend": spend,
        **{f"incremental_{name}": value for name, value in whole.items()},
        "iroas": _ratio(whole["net"], spend),
        "in_test": {**in_test, "iroas": _ratio(in_test["net"], spend)},
        "net_treated": net["treatment"],
        "net_control": net["control"],
        "lift": _ratio(in_test["net"], net["treatment"] - in_test["net"]),
    }


def _of_days(orders: pa.Table, first: date, last: date) -> pa.Table:
    """Orders of these days in the reporting zone."""
    return Span(first, last).of_instants(orders, "created_at", REPORTING_ZONE)


def _caused(orders: pa.Table, campaign: str) -> dict[str, int]:
    mine = orders.filter(pc.equal(orders["campaign_id"], campaign))
    return {"orders": mine.num_rows, "net": _sum(mine, "net"), "margin": _sum(mine, "margin")}
