"""The world as tables, and the world as it stood at an earlier instant.

Belongs here: the container and what `now` hides. Does not: drawing the world (`simulation`), what
later events make of it (`state`), or what is counted in it (`truth`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime

import pyarrow as pa

from pipelines.sandbox.world.config import WorldConfig


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
    posts: pa.Table
    comments: pa.Table
    page_days: pa.Table
    fx: pa.Table
    people: pa.Table

    def tables(self) -> dict[str, pa.Table]:
        """Every table by its name."""
        return {
            f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("config", "now")
        }

    def at(self, now: datetime) -> World:
        """The world as it stood then; ValueError if that is later than this world's `now`."""
        raise NotImplementedError

    def _with(self, now: datetime, tables: dict[str, pa.Table]) -> World:
        return replace(self, now=now, **tables)
