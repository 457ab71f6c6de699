"""The world as tables, and the world as it stood at an earlier instant.

Belongs here: the container and what `now` hides. Does not: drawing the world (`simulation`), what
later events make of it (`state`), or what is counted in it (`truth`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world.channels import CHANNELS
from pipelines.sandbox.world.config import MARKETS, PAGE_ZONE, WorldConfig, naive_utc
from pipelines.sandbox.world.networks import NETWORKS

# The instant at which a row of each table comes into being.
BORN = {
    "products": "created_at",
    "customers": "created_at",
    "campaigns": "created_at",
    "experiments": "declared_at",
    "adsets": "created_at",
    "ads": "created_at",
    "sessions": "started_at",
    "shares": "shared_at",
    "orders": "created_at",
    "order_edits": "edited_at",
    "refunds": "created_at",
    "refund_transactions": "processed_at",
    "posts": "created_at",
    "comments": "created_at",
    "channel_posts": "created_at",
    "channel_comments": "created_at",
    "fx": "published_at",
    "people": "known_at",
    "outlet_products": "created_at",
    "outlet_orders": "created_at",
    "outlet_refunds": "created_at",
    "outlet_customers": "created_at",
    "reviews": "created_at",
    "payments": "created_at",
    "balance": "created_at",
}
# Tables of the networks' days: a day is there from its first moment, and holds its final figures.
DAILY = ("ad_cells", "account_extra", "ad_reach")
# Rows that exist once the row that they belong to does: table → (its table, key).
PARTS = {
    "order_lines": ("orders", "order_id"),
    "refund_lines": ("refunds", "refund_id"),
    "journeys": ("orders", "order_id"),
    "order_causes": ("orders", "order_id"),
    "outlet_lines": ("outlet_orders", "order_id"),
}
# Later events that a row knows of only once they have happened: table → instants and what they say.
LATER: dict[str, dict[str, tuple[str, ...]]] = {
    "orders": {"fulfilled_at": (), "cancelled_at": ()},
    "posts": {"deleted_at": ()},
    "channel_posts": {"deleted_at": ()},
    "campaigns": {"removed_at": ("removed_as",)},
    "ads": {"removed_at": ("removed_as",)},
    "outlet_orders": dict.fromkeys(
        ("paid_at", "sent_at", "completed_at", "cancelled_at", "trashed_at"), ()
    ),
    "outlet_refunds": {"settled_at": ()},
}


@dataclass(frozen=True)
class World:
    """Everything that has happened up to `now` (naive UTC); each table is described in `tables`.

    `World.at(earlier)` equals a world that was built only up to that instant.
    """

    config: WorldConfig
    now: datetime
    products: pa.Table
    variants: pa.Table
    customers: pa.Table
    campaigns: pa.Table
    experiments: pa.Table
    adsets: pa.Table
    ads: pa.Table
    ad_cells: pa.Table
    account_extra: pa.Table
    ad_reach: pa.Table
    sessions: pa.Table
    orders: pa.Table
    order_lines: pa.Table
    order_edits: pa.Table
    refunds: pa.Table
    refund_lines: pa.Table
    refund_transactions: pa.Table
    journeys: pa.Table
    order_causes: pa.Table
    shares: pa.Table
    posts: pa.Table
    comments: pa.Table
    page_days: pa.Table
    channel_posts: pa.Table
    channel_comments: pa.Table
    channel_days: pa.Table
    fx: pa.Table
    people: pa.Table
    outlet_products: pa.Table
    outlet_orders: pa.Table
    outlet_lines: pa.Table
    outlet_refunds: pa.Table
    outlet_customers: pa.Table
    reviews: pa.Table
    payments: pa.Table
    balance: pa.Table

    def tables(self) -> dict[str, pa.Table]:
        """Every table by its name."""
        names = (field.name for field in fields(self) if field.name not in ("config", "now"))
        return {name: getattr(self, name) for name in names}

    def at(self, now: datetime) -> World:
        """The world as it stood then; ValueError if that is later than this world's `now`."""
        now = naive_utc(now)
        if now > self.now:
            raise ValueError(f"the world is built up to {self.now}, not yet to {now}")
        return self if now == self.now else World.cut(self.config, now, self.tables())

    @classmethod
    def cut(cls, config: WorldConfig, now: datetime, tables: dict[str, pa.Table]) -> World:
        """The world of these tables with all that is later than `now` taken away.

        `tables` is changed in place, so that a table and what is left of it need not both be kept.
        """
        for name, column in BORN.items():
            tables[name] = _until(tables[name], column, now)
        for name in DAILY:
            tables[name] = _of_begun_days(tables[name], now)
        tables["page_days"] = _until_today(tables["page_days"], now, PAGE_ZONE)
        tables["channel_days"] = _of_begun_channel_days(tables["channel_days"], now)
        for name, (whole, key) in PARTS.items():
            tables[name] = _of(tables[name], tables[whole], key)
        tables["order_lines"] = _until(tables["order_lines"], "added_at", now)
        for name, instants in LATER.items():
            for column, told in instants.items():
                tables[name] = _hide(tables[name], column, told, now)
        # A visit that is about to buy has no order yet, and a first buyer is not yet a customer.
        for column, known in (("order_id", "orders"), ("customer_id", "customers")):
            tables["sessions"] = _only_known(tables["sessions"], column, tables[known])
        for name in ("campaigns", "adsets", "ads"):
            tables[name] = _with_status(tables[name], tables["campaigns"], now)
        tables["outlet_refunds"] = _pending(tables["outlet_refunds"])
        return cls(config=config, now=now, **tables)


def _before(column: pa.ChunkedArray, now: datetime) -> pa.ChunkedArray:
    return pc.less_equal(column, pa.scalar(now, column.type))


def _until(table: pa.Table, column: str, now: datetime) -> pa.Table:
    """Rows born by `now`; one without an instant was there from the start."""
    born = pc.fill_null(_before(table[column], now), True)
    return table if pc.all(born).as_py() else table.filter(born).combine_chunks()


def _until_today(table: pa.Table, now: datetime, zone: ZoneInfo) -> pa.Table:
    """Rows of days that have begun in that zone."""
    return table.filter(_begun(table["date_day"], now, zone)).combine_chunks()


def _of_begun_days(table: pa.Table, now: datetime) -> pa.Table:
    """Rows of days that have begun where the row's network closes them for its market."""
    keep = pa.array(np.zeros(table.num_rows, np.bool_))
    for network in NETWORKS:
        for market in MARKETS:
            own = pc.and_(
                pc.equal(table["network"], network.name), pc.equal(table["market"], market.code)
            )
            keep = pc.or_(keep, pc.and_(own, _begun(table["date_day"], now, network.zone(market))))
    return table.filter(keep).combine_chunks()


def _of_begun_channel_days(table: pa.Table, now: datetime) -> pa.Table:
    """Rows of days that have begun where the row's platform closes them."""
    keep = pa.array(np.zeros(table.num_rows, np.bool_))
    for channel in CHANNELS:
        own = pc.equal(table["platform"], channel.name)
        keep = pc.or_(keep, pc.and_(own, _begun(table["date_day"], now, channel.zone)))
    return table.filter(keep).combine_chunks()


def _begun(days: pa.ChunkedArray, now: datetime, zone: ZoneInfo) -> pa.ChunkedArray:
    today = now.replace(tzinfo=UTC).astimezone(zone).date()
    return pc.less_equal(days, pa.scalar(today, pa.date32()))


def _of(table: pa.Table, whole: pa.Table, key: str) -> pa.Table:
    known = pc.is_in(table[key].combine_chunks(), value_set=whole[key].combine_chunks())
    return table.filter(known).combine_chunks()


def _hide(table: pa.Table, column: str, told: tuple[str, ...], now: datetime) -> pa.Table:
    """The column, and what goes with it, NULL where its instant is still to come."""
    seen = pc.fill_null(_before(table[column], now), False)
    for name in (column, *told):
        shown = pc.if_else(seen, table[name], pa.scalar(None, table[name].type))
        table = table.set_column(table.column_names.index(name), table.schema.field(name), shown)
    return table.combine_chunks()


def _only_known(table: pa.Table, column: str, known: pa.Table) -> pa.Table:
    """The column NULL where it names what does not exist yet."""
    named = table[column].combine_chunks()
    exists = pc.is_in(named, value_set=known[column].combine_chunks())
    shown = pc.if_else(exists, named, pa.scalar(None, named.type))
    return table.set_column(table.column_names.index(column), table.schema.field(column), shown)


def _with_status(table: pa.Table, campaigns: pa.Table, now: datetime) -> pa.Table:
    """Delivery status as it stands: running, ended, archived or deleted."""
    today = {m.code: now.replace(tzinfo=UTC).astimezone(m.zone).date() for m in MARKETS}
    columns = ("campaign_id", "market", "stop_date", "removed_as")
    status = {}
    for campaign, market, stop, removed in zip(
        *(campaigns[c].to_pylist() for c in columns), strict=True
    ):
        ended = stop is not None and stop < today[market]
        status[campaign] = removed or ("PAUSED" if ended else "ACTIVE")
    shown = pa.array(
        [status[campaign] for campaign in table["campaign_id"].to_pylist()], pa.string()
    )
    return table.set_column(table.column_names.index("status"), table.schema.field("status"), shown)


def _pending(refunds: pa.Table) -> pa.Table:
    """The outlets' refunds, pending until they have succeeded or failed."""
    shown = pc.if_else(refunds["settled_at"].is_valid(), refunds["status"], "pending")
    place = refunds.column_names.index("status")
    return refunds.set_column(place, refunds.schema.field("status"), shown).combine_chunks()
