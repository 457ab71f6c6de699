"""Shopify Admin of the sandbox: tokens, the GraphQL endpoint with its throttle, and REST.

Belongs here: what a request to a shop is answered, errors included. Does not: what fields hold
(`records`), how queries run (`graphql`), REST's own shapes (`rest`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import SHOPIFY_TOKENS
from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.shopify import rest
from pipelines.sandbox.shopify.catalogue import InvalidCursorError, Listing, Row, Shop
from pipelines.sandbox.shopify.graphql import Engine, Page, Plan, QueryError, failure
from pipelines.sandbox.shopify.records import (
    Customer,
    InventoryItem,
    Order,
    Product,
    Record,
    Refund,
    Variant,
    shop_record,
)
from pipelines.sandbox.wire import Answer, Call
from pipelines.sandbox.world import MARKETS

DOCS = "https://shopify.dev/api/usage/"
MAX_QUERY_COST = 1000

SCOPES = ("read_orders", "read_all_orders", "read_customers", "read_products", "read_inventory")
APP = {
    "__typename": "AppInstallation",
    "id": "gid://shopify/AppInstallation/1",
    "accessScopes": [{"handle": scope, "description": scope} for scope in SCOPES],
}

SCHEMA = Engine.load(Path(__file__).with_name("schema.graphql"))


class Bucket:
    """Shopify's leaky bucket of query cost, on the real clock.

    The sandbox's shops have far more room than any plan gives, so that a whole history is read in
    seconds; a fault makes it throttle. A client that honours `throttleStatus` never waits.
    """

    def __init__(
        self,
        size: int = 200_000,
        restore_rate: int = 100_000,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self.size = size
        self.restore_rate = restore_rate
        self._tick = tick
        self._available = float(size)
        self._at = tick()

    @property
    def available(self) -> int:
        """The points left now."""
        now = self._tick()
        restored = self._available + (now - self._at) * self.restore_rate
        self._available, self._at = min(float(self.size), restored), now
        return int(self._available)

    def spend(self, points: int) -> None:
        """Take points out."""
        self._available = max(0.0, self.available - points)

    def status(self) -> dict[str, Any]:
        """`throttleStatus` as it goes out."""
        return {
            "maximumAvailable": float(self.size),
            "currentlyAvailable": self.available,
            "restoreRate": float(self.restore_rate),
        }


class Root:
    """The QueryRoot of one request."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.warnings: list[dict[str, Any]] = []

    def __getitem__(self, name: str) -> Any:
        shop = self._shop
        if name == "shop":
            return shop_record(shop)
        if name == "currentAppInstallation":
            return APP
        lists: dict[str, Callable[[], tuple[Listing, Callable[[Any], list[Any]]]]] = {
            "orders": lambda: (shop.orders, self._orders),
            "customers": lambda: (shop.customers, self._customers),
            "products": lambda: (_products(shop), self._small(shop.product_rows, Product)),
            "productVariants": lambda: (_variants(shop), self._small(shop.variant_rows, Variant)),
            "inventoryItems": lambda: (_items(shop), self._small(shop.item_rows, InventoryItem)),
        }
        if name in lists:
            return lambda arguments: self._page(name, *lists[name](), arguments)
        if name.endswith("Count"):
            plural = name.removesuffix("Count") + "s"
            return lambda arguments: self._count(lists[plural]()[0], arguments)
        return lambda arguments: self._one(arguments["id"])

    def _page(
        self,
        name: str,
        listing: Listing,
        build: Callable[[Any], list[Any]],
        arguments: Mapping[str, Any],
    ) -> Page:
        query = arguments.get("query") or ""
        items, unknown = listing.sorted(query, arguments.get("sortKey") or "ID")
        for field in unknown:
            self._warn(name, query, field)
        try:
            part = listing.slice(
                items,
                first=arguments.get("first"),
                after=arguments.get("after"),
                last=arguments.get("last"),
                before=arguments.get("before"),
                reverse=bool(arguments.get("reverse")),
            )
        except InvalidCursorError:
            raise QueryError(invalid_cursor(name)) from None
        return Page(build(part.rows), part.cursors, part.has_next, part.has_previous)

    def _warn(self, name: str, query: str, field: str) -> None:
        warning = {"field": field, "message": "Invalid search field for this query."}
        self.warnings.append({"path": [name], "query": query, "warnings": [warning]})

    def _count(self, listing: Listing, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = len(listing.sorted(arguments.get("query") or "", "ID")[0].rows)
        limit = arguments.get("limit") or 10_000
        precision = "EXACT" if found <= limit else "AT_LEAST"
        return {"count": min(found, limit), "precision": precision}

    def _orders(self, rows: Any) -> list[Record]:
        return [Order(row, self._shop) for row in self._shop.order_rows(rows)]

    def _customers(self, rows: Any) -> list[Record]:
        return [Customer(row, self._shop) for row in self._shop.customer_rows(rows)]

    def _small(self, rows: Mapping[int, Row], record: type[Record]) -> Callable[[Any], list[Any]]:
        ids = sorted(rows)
        return lambda places: [record(rows[ids[place]], self._shop) for place in places]

    def _one(self, gid: str) -> Record | None:
        kind, _, text = gid.removeprefix("gid://shopify/").partition("/")
        number, shop = int(text) if text.isdigit() else -1, self._shop
        if kind in ("Order", "Customer"):
            listing = shop.orders if kind == "Order" else shop.customers
            row = listing.row(number)
            build = self._orders if kind == "Order" else self._customers
            return None if row is None else build([row])[0]
        if kind == "Refund":
            return self._refund(number)
        small: dict[str, tuple[Mapping[int, Row], type[Record]]] = {
            "Product": (shop.product_rows, Product),
            "ProductVariant": (shop.variant_rows, Variant),
            "InventoryItem": (shop.item_rows, InventoryItem),
        }
        rows, record = small.get(kind, ({}, Product))
        return record(rows[number], shop) if number in rows else None

    def _refund(self, number: int) -> Refund | None:
        order = self._shop.order_of_refund(number)
        if order is None:
            return None
        refunds: list[Refund] = self._orders([order])[0]["refunds"]
        return next(refund for refund in refunds if refund["legacyResourceId"] == str(number))


def _products(shop: Shop) -> Listing:
    return shop.listing(shop.product_rows, title=lambda row: row["title"])


def _variants(shop: Shop) -> Listing:
    return shop.listing(shop.variant_rows, sku=lambda row: row["sku"])


def _items(shop: Shop) -> Listing:
    return shop.listing(shop.item_rows, sku=lambda row: row["sku"])


def invalid_cursor(name: str) -> dict[str, Any]:
    """What Shopify says to a cursor that the list did not give out."""
    message = "Invalid cursor for current pagination sort."
    return failure(message, "BAD_REQUEST", [name])


class Shopify:
    """The Admin API of every shop of the world."""

    name = "shopify"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._markets = {market.shop: market for market in MARKETS}
        self._buckets = {shop: Bucket() for shop in self._markets}

    def endpoint(self, call: Call) -> str:
        """`POST graphql.json`, `GET orders.json`, with `:id` for numbers."""
        steps = call.path.split("/")[3:]
        named = ("id" if step.removesuffix(".json").isdigit() else step for step in steps)
        return f"{call.method} {'/'.join(named)}"

    def answer(self, call: Call) -> Answer:
        """The answer of a shop; an unknown one is 404, a wrong token 401."""
        shop = self._shop(call)
        if shop is None or not call.path.startswith("admin/api/"):
            return Answer({"errors": "Not Found"}, 404)
        if call.headers.get("x-shopify-access-token") != SHOPIFY_TOKENS[shop.market.shop]:
            return unauthorized()
        version = call.path.split("/")[2]
        path = "/".join(call.path.split("/")[3:])
        if path == "graphql.json":
            answer = self._graphql(call, shop)
        else:
            answer = rest.answer(call, path, shop)
        answer.headers["x-shopify-api-version"] = version
        return answer

    def _shop(self, call: Call) -> Shop | None:
        name = call.host.partition(".")[0]
        market = self._markets.get(name)
        if market is None:
            return None
        return self._scene.memo.get(("shop", name), lambda: Shop(self._scene, market))

    def _graphql(self, call: Call, shop: Shop) -> Answer:
        try:
            request = call.json()
            query, variables = request["query"], request.get("variables") or {}
        except (msgspec.DecodeError, KeyError, TypeError):
            return Answer({"errors": "Bad Request"}, 400)
        bucket, root = self._buckets[shop.market.shop], Root(shop)
        try:
            plan = _affordable(SCHEMA.plan(query, variables, request.get("operationName")))
            if plan.cost > bucket.available:
                return _throttled(plan.cost, bucket)
            data, cost = plan.run(root)
        except QueryError as error:
            return Answer({"errors": error.errors})
        bucket.spend(cost)
        extensions: dict[str, Any] = {"cost": _cost(plan.cost, cost, bucket)}
        if root.warnings:
            extensions["search"] = root.warnings
        return Answer({"data": data, "extensions": extensions})

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """Shopify's own words for a fault."""
        graphql = call.path.endswith("graphql.json")
        bucket = self._buckets.get(call.host.partition(".")[0]) or Bucket()
        match refusal.kind:
            case "dead_token":
                return unauthorized()
            case "access_denied":
                return _access_denied(graphql)
            case "expired_cursor" if graphql:
                return Answer({"errors": [invalid_cursor("orders")]})
            case "expired_cursor":
                return Answer({"errors": {"page_info": "Invalid value."}}, 400)
            case "throttled" if graphql:
                bucket.spend(bucket.size)
                return _throttled(refusal.code or 500, bucket)
            case "throttled" | "too_many_requests":
                return rest.too_many_requests(refusal.retry_after)
            case "unavailable":
                return Answer(UNAVAILABLE, 503, media_type="text/html")
            case _ if graphql and not refusal.status:
                message = "Internal error. Looks like something went wrong on our end."
                return Answer({"errors": [failure(message, "INTERNAL_SERVER_ERROR")]})
        return Answer({"errors": "Internal Server Error"}, refusal.status or 500)


UNAVAILABLE = b"<!DOCTYPE html><html><body><h1>503 Service Unavailable</h1></body></html>"


def unauthorized() -> Answer:
    """A wrong or missing token."""
    message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
    return Answer({"errors": message}, 401)


def _access_denied(graphql: bool) -> Answer:
    if not graphql:
        message = "[API] This action requires merchant approval for read_orders scope."
        return Answer({"errors": message}, 403)
    message = "Access denied for orders field. Required access: `read_orders` access scope."
    error = failure(
        message,
        "ACCESS_DENIED",
        ["orders"],
        documentation=DOCS + "access-scopes",
        requiredAccess="`read_orders` access scope.",
    )
    return Answer({"data": None, "errors": [error]})


def _affordable(plan: Plan) -> Plan:
    """The plan, unless it costs more than any query may: then QueryError."""
    if plan.cost > MAX_QUERY_COST:
        raise QueryError(_too_expensive(plan.cost))
    return plan


def _too_expensive(cost: int) -> dict[str, Any]:
    message = (
        f"Query cost is {cost}, which exceeds the single query max cost limit "
        f"({MAX_QUERY_COST}).\n\n"
        f"See {DOCS}rate-limits for more information on how the\ncost of a query is calculated."
    )
    return failure(
        message,
        "MAX_COST_EXCEEDED",
        cost=cost,
        maxCost=MAX_QUERY_COST,
        documentation=DOCS + "rate-limits",
    )


def _cost(requested: int, actual: int | None, bucket: Bucket) -> dict[str, Any]:
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": bucket.status(),
    }


def _throttled(cost: int, bucket: Bucket) -> Answer:
    error = failure("Throttled", "THROTTLED", documentation=DOCS + "rate-limits")
    return Answer({"errors": [error], "extensions": {"cost": _cost(cost, None, bucket)}})
