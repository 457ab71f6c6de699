"""One shop at one instant: its tables, its sorted and searched lists, and the rows of a page.

Belongs here: what is visible, in which order, and the rows that belong together. Does not: names
and shapes of the wire (`records` for GraphQL, `rest` for REST).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.memo import Memo
from pipelines.sandbox.shopify import search
from pipelines.sandbox.shopify.search import Column, Search
from pipelines.sandbox.tables import instants, of_market, texts
from pipelines.sandbox.world import Market

Row = dict[str, Any]
Indexes = npt.NDArray[np.int64]

VISIT_COLUMNS = ["source", "medium", "landing_page", "referrer"]


class InvalidCursorError(ValueError):
    """A cursor that this list did not give out."""


@dataclass(frozen=True)
class Slice:
    """Where a page lies in a sorted list: its rows, each one's cursor, and what is around it."""

    rows: Indexes
    cursors: list[str]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True)
class Sorted:
    """The rows that a query keeps, ascending by (value, id)."""

    rows: Indexes
    values: npt.NDArray[Any]
    ids: Indexes

    def position(self, cursor: str, side: Literal["left", "right"]) -> int:
        """How many rows lie before the cursor (`left`), itself included (`right`)."""
        try:
            place = msgspec.json.decode(base64.b64decode(cursor))
            value, last_id = place["last_value"], place["last_id"]
            start = int(np.searchsorted(self.values, value, "left"))
            end = int(np.searchsorted(self.values, value, "right"))
            return start + int(np.searchsorted(self.ids[start:end], last_id, side))
        except (ValueError, KeyError, TypeError, msgspec.DecodeError) as error:
            raise InvalidCursorError(cursor) from error

    def cursor(self, at: int) -> str:
        """The cursor of the row at that place."""
        value = self.values[at]
        plain = str(value) if isinstance(value, str) else int(value)
        place = {"last_id": int(self.ids[at]), "last_value": plain}
        return base64.b64encode(msgspec.json.encode(place)).decode()


class Listing:
    """A list that can be searched, sorted and paged by cursors that survive a changing list."""

    def __init__(
        self,
        ids: Indexes,
        columns: Mapping[str, Column],
        sorts: Mapping[str, npt.NDArray[Any]],
    ) -> None:
        self.ids = ids
        self._columns = columns
        self._sorts = sorts
        self._memo = Memo()

    def sorted(self, query: str, sort: str) -> tuple[Sorted, list[str]]:
        """What a query keeps, in that order, and the fields of the query that are unknown."""
        return self._memo.get((query, sort), lambda: self._sorted(query, sort))

    def _sorted(self, query: str, sort: str) -> tuple[Sorted, list[str]]:
        found = Search(self._columns, len(self.ids))
        rows = np.flatnonzero(found.mask(query))
        values = self._sorts.get(sort, self.ids)[rows]
        order = np.lexsort((self.ids[rows], values))
        return Sorted(rows[order], values[order], self.ids[rows][order]), found.warnings

    def slice(
        self,
        items: Sorted,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        reverse: bool = False,
    ) -> Slice:
        """One page. Raises InvalidCursorError."""
        size = len(items.rows)
        start, end = 0, size
        if after:
            passed = items.position(after, "left" if reverse else "right")
            start = size - passed if reverse else passed
        if before:
            passed = items.position(before, "right" if reverse else "left")
            end = size - passed if reverse else passed
        if first is not None:
            end = min(end, start + first)
        elif last is not None:
            start = max(start, end - last)
        places = range(start, end)
        at = np.array([size - 1 - n if reverse else n for n in places], dtype=np.int64)
        return Slice(items.rows[at], [items.cursor(n) for n in at], end < size, start > 0)

    def row(self, identifier: int) -> int | None:
        """The row with that id, if the list has it."""
        found = np.flatnonzero(self.ids == identifier)
        return int(found[0]) if len(found) else None


class Grouped:
    """A table's rows by the id of what they belong to, several at once."""

    def __init__(self, table: pa.Table, key: str, *then: str) -> None:
        order = [(name, "ascending") for name in (key, *then)]
        self._table = table.take(pc.sort_indices(table, sort_keys=order)) if len(table) else table
        self._key = key
        self._ids = self._table[key].to_numpy()

    def of(self, ids: Sequence[int]) -> dict[int, list[Row]]:
        """The rows of each id, as dicts; instants are text. An id without rows is absent."""
        wanted = np.asarray(ids, dtype=np.int64)
        starts = np.searchsorted(self._ids, wanted, "left")
        ends = np.searchsorted(self._ids, wanted, "right")
        places = [np.arange(start, end) for start, end in zip(starts, ends, strict=True)]
        rows = texts(self._table.take(np.concatenate(places))) if places else []
        grouped: dict[int, list[Row]] = {}
        for row in rows:
            grouped.setdefault(row[self._key], []).append(row)
        return grouped


class Shop:
    """One market's shop as it stands at the scene's instant."""

    def __init__(self, scene: Scene, market: Market) -> None:
        self.market = market
        self.scene = scene

    def _table(self, name: str) -> pa.Table:
        return of_market(self.scene.table(name), self.market.code)

    @cached_property
    def order_table(self) -> pa.Table:
        """Orders with edits and refunds so far, and `placed_total`: what they first came to."""
        placed = self._table("orders")
        return self._table("current_orders").append_column("placed_total", placed["total"])

    @cached_property
    def orders(self) -> Listing:
        """The list of orders."""
        table = self.order_table
        ids, test = table["order_id"].to_numpy(), table["is_test"].to_numpy(zero_copy_only=False)
        created, updated = instants(table["created_at"]), instants(table["updated_at"])
        status = self._order_status()
        columns: dict[str, Column] = {
            "id": (ids, search.whole),
            "name": (_text(table["name"]), search.words),
            "created_at": (created, search.instant),
            "processed_at": (created, search.instant),
            "updated_at": (updated, search.instant),
            "customer_id": (table["customer_id"].fill_null(0).to_numpy(), search.whole),
            "test": (test, search.flag),
            "status": (status, search.words),
            "financial_status": (_lower(table["financial_status"]), str.lower),
            "source_name": (_text(table["source_name"]), search.words),
            "discount_code": (_text(table["discount_code"]), search.words),
        }
        sorts = {
            "ID": ids,
            "ORDER_NUMBER": ids,
            "CREATED_AT": created.astype(np.int64),
            "PROCESSED_AT": created.astype(np.int64),
            "UPDATED_AT": updated.astype(np.int64),
            "TOTAL_PRICE": table["total"].to_numpy(),
            "CURRENT_TOTAL_PRICE": table["total"].to_numpy() - table["refunded"].to_numpy(),
        }
        return Listing(ids, columns, sorts)

    def _order_status(self) -> npt.NDArray[Any]:
        """open, closed (sent) or cancelled: REST lists only open ones unless asked."""
        table = self.order_table
        cancelled = table["cancelled_at"].is_valid().to_numpy()
        sent = table["fulfilled_at"].is_valid().to_numpy()
        return np.where(cancelled, "cancelled", np.where(sent, "closed", "open"))

    @cached_property
    def _lines(self) -> Grouped:
        return Grouped(self._table("current_lines"), "order_id", "line_id")

    @cached_property
    def _refunds(self) -> Grouped:
        return Grouped(self._table("refunds"), "order_id", "created_at", "refund_id")

    @cached_property
    def _refund_lines(self) -> Grouped:
        return Grouped(self._table("refund_lines"), "refund_id", "line_id")

    @cached_property
    def _transactions(self) -> Grouped:
        return Grouped(self._table("refund_transactions"), "refund_id", "transaction_id")

    @cached_property
    def _visits(self) -> Grouped:
        journeys, sessions = self._table("journeys"), self._table("sessions")
        found = _rows_of(journeys, sessions)
        visits = sessions.select(VISIT_COLUMNS).take(found)
        for name in ("order_id", "position", "user_pseudo_id", "session_id", "occurred_at"):
            visits = visits.append_column(name, journeys[name])
        return Grouped(visits, "order_id", "position")

    @cached_property
    def _order_index(self) -> npt.NDArray[np.int64]:
        """Each order's place in its customer's history, from 1; test orders do not count."""
        table = self.order_table
        customers = table["customer_id"].fill_null(0).to_numpy()
        counted = ~table["is_test"].to_numpy(zero_copy_only=False)
        order = np.lexsort((self.orders.ids, instants(table["created_at"]), customers))
        running = np.cumsum(counted[order])
        first = np.r_[True, customers[order][1:] != customers[order][:-1]]
        before = (running - counted[order])[first]
        index = np.empty(len(order), dtype=np.int64)
        index[order] = running - np.repeat(
            before, np.diff(np.r_[np.flatnonzero(first), len(order)])
        )
        return index

    def order_rows(self, rows: Indexes, *, visits: bool = True) -> list[Row]:
        """Orders with their `customer`, `lines`, `refunds` (see `refund_rows`) and `visits`."""
        orders = texts(self.order_table.take(rows))
        ids = [order["order_id"] for order in orders]
        lines, refunds = self._lines.of(ids), self.refund_rows(ids)
        journeys = self._visits.of(ids) if visits else {}
        customers = self.customers_by_id([order["customer_id"] for order in orders])
        for order, index in zip(orders, self._order_index[rows], strict=True):
            order["index"] = int(index)
            order["lines"] = lines.get(order["order_id"], [])
            order["refunds"] = refunds.get(order["order_id"], [])
            order["visits"] = journeys.get(order["order_id"], [])
            order["customer"] = customers.get(order["customer_id"])
        return orders

    def order_of_refund(self, refund_id: int) -> int | None:
        """The row of the order that a refund belongs to."""
        refunds = self._table("refunds")
        found = refunds.filter(pc.equal(refunds["refund_id"], refund_id))["order_id"].to_pylist()
        return self.orders.row(found[0]) if found else None

    def refund_rows(self, order_ids: Sequence[int]) -> dict[int, list[Row]]:
        """The refunds of each order, with `lines` and `transactions`."""
        refunds = self._refunds.of(order_ids)
        ids = [refund["refund_id"] for group in refunds.values() for refund in group]
        lines, transactions = self._refund_lines.of(ids), self._transactions.of(ids)
        for group in refunds.values():
            for refund in group:
                refund["lines"] = lines.get(refund["refund_id"], [])
                refund["transactions"] = transactions.get(refund["refund_id"], [])
        return refunds

    @cached_property
    def customer_table(self) -> pa.Table:
        """Customers with what their orders made of them."""
        return self._table("current_customers")

    @cached_property
    def customers(self) -> Listing:
        """The list of customers."""
        table = self.customer_table
        ids = table["customer_id"].to_numpy()
        created, updated = instants(table["created_at"]), instants(table["updated_at"])
        columns: dict[str, Column] = {
            "id": (ids, search.whole),
            "email": (_lower(table["email"]), str.lower),
            "first_name": (_text(table["first_name"]), search.words),
            "last_name": (_text(table["last_name"]), search.words),
            "customer_date": (created, search.instant),
            "created_at": (created, search.instant),
            "updated_at": (updated, search.instant),
            "orders_count": (table["number_of_orders"].to_numpy(), search.whole),
        }
        sorts = {
            "ID": ids,
            "CREATED_AT": created.astype(np.int64),
            "UPDATED_AT": updated.astype(np.int64),
            "NAME": _text(table["last_name"]),
        }
        return Listing(ids, columns, sorts)

    def customer_rows(self, rows: Indexes) -> list[Row]:
        """Customers, with `spent`: what they paid less what they got back."""
        customers = texts(self.customer_table.take(rows))
        for customer in customers:
            customer["spent"] = self._spent.get(customer["customer_id"], 0)
        return customers

    def customers_by_id(self, ids: Sequence[int | None]) -> dict[int, Row]:
        """The customers with those ids."""
        wanted = np.array(sorted({number for number in ids if number is not None}), dtype=np.int64)
        if not len(wanted) or not len(self.customers.ids):
            return {}
        places = np.minimum(
            np.searchsorted(self.customers.ids, wanted), len(self.customers.ids) - 1
        )
        rows = self.customer_rows(places[self.customers.ids[places] == wanted])
        return {row["customer_id"]: row for row in rows}

    @cached_property
    def _spent(self) -> dict[int, int]:
        table = self.order_table.filter(pc.invert(self.order_table["is_test"]))
        net = pc.subtract(table["total"], table["refunded"])
        sums = pa.table({"id": table["customer_id"], "net": net}).group_by("id")
        spent = sums.aggregate([("net", "sum")])
        return dict(zip(spent["id"].to_pylist(), spent["net_sum"].to_pylist(), strict=True))

    @cached_property
    def product_rows(self) -> dict[int, Row]:
        """Every product with its `variants`, by id."""
        products = {row["product_id"]: row for row in texts(self._table("products"))}
        for product in products.values():
            product["variants"] = []
        for position, variant in enumerate(texts(self._table("variants")), 1):
            product = products[variant["product_id"]]
            variant["position"] = position
            variant["product"] = product
            product["variants"].append(variant)
        return products

    @cached_property
    def variant_rows(self) -> dict[int, Row]:
        """Every variant, with its `product`, by id."""
        products = self.product_rows.values()
        return {row["variant_id"]: row for product in products for row in product["variants"]}

    @cached_property
    def item_rows(self) -> dict[int, Row]:
        """Every variant by the id of its inventory item."""
        return {row["inventory_item_id"]: row for row in self.variant_rows.values()}

    def listing(self, rows: Mapping[int, Row], **texts_of: Callable[[Row], str]) -> Listing:
        """A small list such as the products, searchable by id and some texts."""
        ids = np.array(sorted(rows), dtype=np.int64)
        columns: dict[str, Column] = {"id": (ids, search.whole)}
        sorts: dict[str, npt.NDArray[Any]] = {"ID": ids}
        for name, read in texts_of.items():
            values = np.array([read(rows[number]) for number in ids.tolist()], dtype=object)
            columns[name] = (values, search.words)
            sorts[name.upper()] = values
        return Listing(ids, columns, sorts)


def _rows_of(journeys: pa.Table, sessions: pa.Table) -> Indexes:
    """The row of the session that each step of the journeys is about: same browser, same start."""
    browsers = pc.dictionary_encode(sessions["user_pseudo_id"].combine_chunks())
    steps = pc.index_in(journeys["user_pseudo_id"], value_set=browsers.dictionary).to_numpy()
    # A session's id is its start in epoch seconds, which has fewer than 33 bits.
    keys = browsers.indices.to_numpy().astype(np.int64) << 33 | sessions["session_id"].to_numpy()
    order = np.argsort(keys)
    wanted = steps.astype(np.int64) << 33 | journeys["session_id"].to_numpy()
    rows: Indexes = order[np.searchsorted(keys, wanted, sorter=order)]
    return rows


def _text(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    return np.array(column.fill_null("").to_pylist(), dtype=object)


def _lower(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    return _text(pc.utf8_lower(column))
