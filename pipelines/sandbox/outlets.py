"""The outlets' orders as rows with what belongs to them, shared by the platforms that sell.

Belongs here: joining the world's tables of one outlet, as they stand now. Does not: any platform's
wording of them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.clock import Scene

Row = dict[str, Any]


def rows_of(scene: Scene, table: str, outlet: str) -> list[Row]:
    """The rows of that outlet in a table of the world, or a state of it."""

    def found() -> list[Row]:
        every: pa.Table = scene.table(table)
        mine: list[Row] = every.filter(pc.equal(every["outlet"], outlet)).to_pylist()
        return mine

    return scene.memo.get((table, outlet), found)


def orders_of(scene: Scene, outlet: str) -> list[Row]:
    """The outlet's orders by last change, each with its `lines` and `refunds`."""

    def found() -> list[Row]:
        parts: dict[str, dict[str, list[Row]]] = {}
        for name, table in (("lines", "outlet_lines"), ("refunds", "outlet_refunds")):
            parts[name] = defaultdict(list)
            for row in rows_of(scene, table, outlet):
                parts[name][row["order_id"]].append(row)
        orders = [
            row | {name: rows[row["order_id"]] for name, rows in parts.items()}
            for row in rows_of(scene, "current_outlet_orders", outlet)
        ]
        return sorted(orders, key=lambda row: (row["updated_at"], row["order_id"]))

    return scene.memo.get(("orders", outlet), found)
