"""Shopify Admin: orders with lines, refunds and the customer's journey; customers; unit costs.

Belongs here: the streams, the GraphQL that asks for their columns, and what Shopify's errors mean.
Does not: sending it (`http`) or the loop over pages (`read`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from typing_extensions import override

from pipelines.connectors import health
from pipelines.connectors.errors import DeadToken, Decision, Permanent, Rule, Signal
from pipelines.connectors.health import Finding, State
from pipelines.connectors.http import Answer, Client, Clock, Platform, Request, Token, status_signal
from pipelines.connectors.read import HttpSource, Page, follow
from pipelines.connectors.stream import Account, Stats, Stream, Window
from pipelines.lake.schema import (
    Field,
    boolean,
    email,
    integer,
    json,
    money,
    nested,
    phone,
    schema,
    text,
    timestamp,
)

DOCS = "https://shopify.dev/docs/api/admin-graphql/latest/"

SHOP = (text("shop", "Shop: the name before .myshopify.com.", "@account_id", required=True),)

MOMENT = (
    text("id", "Visit.", "id"),
    timestamp("occurred_at", "When the visit began (UTC).", "occurredAt"),
    text("landing_page", "First page of the visit.", "landingPage"),
    text("referrer_url", "Where the visitor came from.", "referrerUrl"),
    text("source", "Source as Shopify names it: direct, Facebook, Google…", "source"),
    text("source_type", "SEO, EMAIL… as Shopify classes it.", "sourceType"),
    text("utm_source", "utm_source of the landing page.", "utmParameters.source"),
    text("utm_medium", "utm_medium of the landing page.", "utmParameters.medium"),
    text("utm_campaign", "utm_campaign of the landing page.", "utmParameters.campaign"),
    text("utm_content", "utm_content of the landing page.", "utmParameters.content"),
    text("utm_term", "utm_term of the landing page.", "utmParameters.term"),
)
LINE = (
    text("id", "Line.", "id"),
    text("sku", "Stock keeping unit."),
    text("title", "Product as sold."),
    text("variant_id", "Variant.", "variant.legacyResourceId"),
    text("product_id", "Product.", "product.legacyResourceId"),
    integer("quantity", "Units ordered.", "quantity"),
    integer("current_quantity", "Units that remain after edits and refunds.", "currentQuantity"),
    money(
        "unit_price", "Price of one unit before discounts.", "originalUnitPriceSet.shopMoney.amount"
    ),
    money("total_discount", "Discounts on the line.", "totalDiscountSet.shopMoney.amount"),
)
REFUND = (
    text("id", "Refund.", "legacyResourceId"),
    timestamp("created_at", "When the refund was made (UTC).", "createdAt"),
    text("note", "Reason given."),
    money(
        "total_refunded",
        "Money returned by successful transactions.",
        "totalRefundedSet.shopMoney.amount",
    ),
    nested(
        "transactions",
        "Payments of the refund; only successful ones returned money.",
        "transactions.nodes",
        text("id", "Transaction.", "id"),
        text("kind", "REFUND, VOID…", "kind"),
        text("status", "SUCCESS, FAILURE, PENDING…", "status"),
        money("amount", "Amount in shop money.", "amountSet.shopMoney.amount"),
        timestamp("processed_at", "When it went through (UTC).", "processedAt"),
    ),
)

STREAMS = (
    Stream(
        source="shopify",
        name="orders",
        group="sales",
        description="Orders with lines, refunds and the visits that led to them.",
        schema=schema(
            *SHOP,
            text("id", "Order.", "legacyResourceId", required=True),
            text("name", "Order name that the customer sees; GA4's transaction id."),
            timestamp("created_at", "When it was placed (UTC).", "createdAt", required=True),
            timestamp("processed_at", "When it counts for the books (UTC).", "processedAt"),
            timestamp("updated_at", "Last change (UTC).", "updatedAt", required=True),
            timestamp("cancelled_at", "When it was cancelled (UTC).", "cancelledAt"),
            text("financial_status", "Payment status.", "displayFinancialStatus"),
            boolean("test", "A test order, not a sale."),
            text("currency", "Shop currency (ISO 4217).", "currencyCode", required=True),
            text(
                "presentment_currency", "Currency shown to the customer.", "presentmentCurrencyCode"
            ),
            money(
                "subtotal_price",
                "Lines after discounts, as first placed, before refunds; edits included.",
                "subtotalPriceSet.shopMoney.amount",
            ),
            money("total_discounts", "Discounts.", "totalDiscountsSet.shopMoney.amount"),
            money("total_tax", "Tax.", "totalTaxSet.shopMoney.amount"),
            money("total_shipping", "Shipping.", "totalShippingPriceSet.shopMoney.amount"),
            money(
                "total_price", "What was charged.", "totalPriceSet.shopMoney.amount", required=True
            ),
            money("total_refunded", "Money returned so far.", "totalRefundedSet.shopMoney.amount"),
            text("customer_id", "Customer.", "customer.legacyResourceId"),
            email("email", "Address given with the order."),
            phone("phone", "Phone given with the order."),
            text(
                "country_code", "Country of the shipping address.", "shippingAddress.countryCodeV2"
            ),
            text("province", "Province of the shipping address.", "shippingAddress.province"),
            text("city", "City of the shipping address.", "shippingAddress.city"),
            text(
                "billing_country_code",
                "Country of the billing address.",
                "billingAddress.countryCodeV2",
            ),
            text("billing_province", "Province of the billing address.", "billingAddress.province"),
            text("billing_city", "City of the billing address.", "billingAddress.city"),
            json("discount_codes", "Codes used.", "discountCodes"),
            text("source_name", "Channel through which it came (web, pos…).", "sourceName"),
            nested("line_items", "What was bought.", "lineItems.nodes", *LINE),
            nested("refunds", "Refunds so far.", "refunds", *REFUND),
            boolean(
                "journey_ready", "Shopify has finished the journey.", "customerJourneySummary.ready"
            ),
            nested(
                "moments",
                "Visits before the order, as Shopify links them to the customer.",
                "customerJourneySummary.moments.nodes",
                *MOMENT,
            ),
        ),
        key=("id",),
        mode="merge",
        version="updated_at",
        day="updated_at",
        zone="UTC",
        lookback_days=2,
        slice_days=30,
        totals=("total_price", "total_refunded"),
        url=DOCS + "objects/Order",
    ),
    Stream(
        source="shopify",
        name="customers",
        group="sales",
        description="Customers, addresses hashed.",
        schema=schema(
            *SHOP,
            text("id", "Customer.", "legacyResourceId", required=True),
            timestamp("created_at", "When the account was made (UTC).", "createdAt", required=True),
            timestamp("updated_at", "Last change (UTC).", "updatedAt", required=True),
            email("email", "Address.", "defaultEmailAddress.emailAddress"),
            phone("phone", "Phone.", "defaultPhoneNumber.phoneNumber"),
            text("marketing_state", "Consent to e-mail.", "defaultEmailAddress.marketingState"),
            integer("number_of_orders", "Orders so far, as Shopify counts.", "numberOfOrders"),
            text("country_code", "Country of the default address.", "defaultAddress.countryCodeV2"),
            text("province", "Province of the default address.", "defaultAddress.province"),
            text("city", "City of the default address.", "defaultAddress.city"),
            text("gender", "Metafield facts.gender.", "gender.value"),
            text("birth_date", "Metafield facts.birth_date.", "birthDate.value"),
            json("tags", "Tags."),
        ),
        key=("id",),
        mode="merge",
        version="updated_at",
        day="updated_at",
        zone="UTC",
        lookback_days=2,
        slice_days=30,
        url=DOCS + "objects/Customer",
    ),
    Stream(
        source="shopify",
        name="variants",
        group="sales",
        description="Product variants with the unit cost of their inventory item, as they stand.",
        schema=schema(
            *SHOP,
            text("id", "Variant.", "legacyResourceId", required=True),
            text("sku", "Stock keeping unit."),
            text("title", "Variant.", "displayName"),
            text("product_id", "Product.", "product.legacyResourceId"),
            text("product_type", "Product type.", "product.productType"),
            money("price", "Price now, in the shop's currency."),
            money("unit_cost", "Cost of one unit.", "inventoryItem.unitCost.amount"),
            text(
                "unit_cost_currency", "Currency of the cost.", "inventoryItem.unitCost.currencyCode"
            ),
        ),
        key=("id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "objects/ProductVariant",
    ),
)


GRANT = (
    "Give the app the scopes read_orders, read_all_orders, read_customers, read_products and"
    " read_inventory, and install it again."
)
RULES = (
    Rule(Decision.WAIT, "the query budget is spent", code=("THROTTLED",), wait=2),
    Rule(Decision.RETRY, "Shopify is in trouble", code=("INTERNAL_SERVER_ERROR", "TIMEOUT")),
    Rule(Decision.REREAD, "the page cursor expired", says="cursor"),
    Rule(Decision.SPLIT, "the query costs too much", code=("MAX_COST_EXCEEDED",)),
    Rule(
        Decision.STOP,
        "the token lacks a scope",
        code=("ACCESS_DENIED",),
        remedy=GRANT,
    ),
    Rule(Decision.ABORT, "the shop is inactive", code=("SHOP_INACTIVE",)),
    Rule(
        Decision.ABORT,
        "the shop is frozen or locked",
        status=(402, 423),
        remedy="Its owner must reopen it; or take it out of SHOPIFY_SHOPS.",
    ),
    Rule(Decision.WAIT, "too many requests", status=(429,), wait=2),
    Rule(
        Decision.STOP,
        "there is no such shop",
        status=(404,),
        remedy="Check SHOPIFY_SHOPS, SHOPIFY_BASE_URL and SHOPIFY_API_VERSION.",
    ),
    Rule(
        Decision.STOP,
        "the query does not fit this API version",
        status=(200,),
        remedy="Set SHOPIFY_API_VERSION to a version that has these fields.",
    ),
)
REMEDY = "Put a new token into SHOPIFY_ACCESS_TOKEN, or take the shop out of SHOPIFY_SHOPS."

# Arguments, aliases and fragments by dotted path, where a plain field name does not say enough.
# Nested pages are small because each node counts against the cost of one query (1,000 points).
NESTED_PAGE = 20
WRITTEN = {
    "lineItems": f"lineItems(first: {NESTED_PAGE})",
    "customerJourneySummary.moments": f"moments(first: {NESTED_PAGE})",
    "customerJourneySummary.moments.nodes": "nodes { ... on CustomerVisit",
    "refunds.transactions": f"transactions(first: {NESTED_PAGE})",
    "gender": 'gender: metafield(namespace: "facts", key: "gender")',
    "birthDate": 'birthDate: metafield(namespace: "facts", key: "birth_date")',
}
PAGE_INFO = "pageInfo { hasNextPage endCursor }"
# What a connection's JSON has unless it says plainly that there is no further page.
_NEXT_PAGE = re.compile(rb'hasNextPage"(?!:false)')
SEARCH_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Listing:
    """How a stream is listed: a connection of the query root, whose nodes are its records.

    `type` is the GraphQL type of the nodes. `by` is the instant that the window is about; without
    one, everything is listed.
    """

    root: str
    type: str
    by: str = ""
    sort_key: str = "ID"
    page_size: int = 250


@dataclass(frozen=True)
class Nested:
    """A connection within a record, whose further pages are asked for one by one.

    `path` leads from the object that has an id (`owner`: the order itself, or each refund of it).
    """

    type: str
    path: tuple[str, ...]
    owner: tuple[str, ...] = ()

    @property
    def dotted(self) -> str:
        """The path from the record."""
        return ".".join((*self.owner, *self.path))


# A long page costs a query far less than its length (250 nodes of 2 points cost 24), so that what
# nests little comes in the longest that there are. What is too dear all the same is halved.
LISTINGS = {
    "orders": Listing("orders", "Order", "updated_at", "UPDATED_AT", page_size=100),
    "customers": Listing("customers", "Customer", "updated_at", "UPDATED_AT"),
    "variants": Listing("productVariants", "ProductVariant"),
}
NESTED = {
    "orders": (
        Nested("Order", ("lineItems",)),
        Nested("Order", ("customerJourneySummary", "moments")),
        Nested("Refund", ("transactions",), owner=("refunds",)),
    ),
}
# Without the scope read_all_orders, older orders than these are left out silently.
VISIBLE_DAYS = 60
NEEDED_SCOPES = (
    "read_orders",
    "read_all_orders",
    "read_customers",
    "read_products",
    "read_inventory",
)
SCOPES = "query { currentAppInstallation { accessScopes { handle } } }"
SHOP_FACTS = "query { shop { name currencyCode ianaTimezone } }"


def shopify_signal(answer: Answer) -> Signal | None:
    """The first error of an answer; GraphQL reports them under HTTP 200."""
    errors = answer.body.get("errors") if isinstance(answer.body, dict) else None
    if not errors:
        return status_signal(answer)
    if not isinstance(errors, list):
        return Signal(answer.status, message=str(errors), wait=answer.retry_after)
    first = errors[0]
    code = str(first.get("extensions", {}).get("code", ""))
    wait = answer.retry_after
    if wait is None and code == "THROTTLED":
        wait = _seconds_to_afford(answer)
    return Signal(answer.status, code, message=str(first.get("message", "")), wait=wait)


def shopify_pace(answer: Answer) -> float:
    """Seconds until a query like the last one is affordable; REST tells of its own bucket."""
    used, _, size = answer.headers.get("X-Shopify-Shop-Api-Call-Limit", "").partition("/")
    if used.isdigit() and size.isdigit():
        return 1.0 if int(used) >= 0.9 * int(size) else 0.0
    return _seconds_to_afford(answer) or 0.0


def _seconds_to_afford(answer: Answer) -> float | None:
    """How long the bucket takes to fill up to the query's cost; None where that is not told."""
    body = answer.body if isinstance(answer.body, dict) else {}
    cost = body.get("extensions", {}).get("cost") or {}
    bucket = cost.get("throttleStatus") or {}
    if not bucket.get("restoreRate"):
        return None
    short = cost.get("requestedQueryCost", 0) - bucket.get("currentlyAvailable", 0)
    return max(0.0, float(short) / float(bucket["restoreRate"]))


PLATFORM = Platform(
    name="shopify",
    rules=RULES,
    signal=shopify_signal,
    pace=shopify_pace,
    remedy=REMEDY,
)


@dataclass(frozen=True)
class Connection:
    """Relay paging: `path` leads from `data` to the connection."""

    path: tuple[str, ...]

    def after(self, request: Request, body: Any) -> Request | None:
        """The request from the page's last cursor on."""
        page_info = dig(body["data"], (*self.path, "pageInfo"))
        if not page_info or not page_info["hasNextPage"]:
            return None
        return _with_variables(request, after=page_info["endCursor"])

    def smaller(self, request: Request) -> Request | None:
        """The request for half as many nodes."""
        first = request.body["variables"]["first"] // 2 if request.body else 0
        return _with_variables(request, first=first) if first else None


def _with_variables(request: Request, **changes: Any) -> Request:
    body = dict(request.body or {})
    return replace(request, body={**body, "variables": {**body.get("variables", {}), **changes}})


def dig(value: Any, path: Sequence[str]) -> Any:
    """What the path leads to; None where a step is null."""
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def selection(fields: Iterable[Field], prefix: str = "") -> str:
    """The GraphQL selection that brings these columns, with paging facts of each connection."""
    tree: dict[str, Any] = {}
    for field in fields:
        if not field.steps[0].startswith("@"):
            branch = tree
            for step in field.steps[:-1]:
                branch = branch.setdefault(step, {})
            branch[field.steps[-1]] = field.fields
    return _written(tree, prefix)


def _written(tree: Mapping[str, Any], prefix: str) -> str:
    parts = []
    for name, below in tree.items():
        dotted = f"{prefix}.{name}" if prefix else name
        written = WRITTEN.get(dotted, name)
        inner = selection(below, dotted) if isinstance(below, tuple) else _written(below, dotted)
        closing = "}" * (1 + written.count("{") - written.count("}"))
        parts.append(f"{written} {{ {inner} {closing}" if inner else written)
    if "nodes" in tree:
        parts.append(PAGE_INFO)
    return " ".join(parts)


def listing_query(listing: Listing, stream: Stream) -> str:
    """The query that lists a stream's records, page by page."""
    return (
        "query($first: Int!, $after: String, $search: String) { "
        f"{listing.root}(first: $first, after: $after, query: $search, sortKey: {listing.sort_key})"
        f" {{ nodes {{ {selection(stream.schema.fields)} }} {PAGE_INFO} }} }}"
    )


def nested_query(within: Nested, stream: Stream) -> str:
    """The query for further pages of a connection within a record."""
    field = _field_at(stream.schema.fields, (*within.owner, *within.path, "nodes"))
    nodes = WRITTEN.get(f"{within.dotted}.nodes", "nodes")
    inner = f"{nodes} {{ {selection(field.fields, f'{within.dotted}.nodes')} }}"
    inner += " }" * nodes.count("{")
    query = f"{within.path[-1]}(first: $first, after: $after) {{ {inner} {PAGE_INFO} }}"
    for step in reversed(within.path[:-1]):
        query = f"{step} {{ {query} }}"
    return (
        "query($id: ID!, $first: Int!, $after: String) { "
        f"node(id: $id) {{ ... on {within.type} {{ {query} }} }} }}"
    )


def _field_at(fields: Sequence[Field], path: tuple[str, ...]) -> Field:
    """The list field at that path, through other list fields."""
    for field in fields:
        if field.steps == path:
            return field
        if field.kind == "list" and path[: len(field.steps)] == field.steps:
            return _field_at(field.fields, path[len(field.steps) :])
    raise KeyError(f"no list at {'.'.join(path)}")


class Shopify(HttpSource):
    """Shops of the Admin API, each with its own token."""

    name = "shopify"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(
        self,
        tokens: Mapping[str, str],
        *,
        base_url: str,
        version: str,
        clock: Clock | None = None,
    ) -> None:
        stats = Stats()
        super().__init__(tuple(tokens), stats)
        self._clients = {
            shop: Client(
                PLATFORM,
                Token.fixed(token, "X-Shopify-Access-Token", ""),
                stats=stats,
                clock=clock,
            )
            for shop, token in tokens.items()
        }
        self._base_url = base_url
        self._sees_all: dict[str, bool] = {}
        self.api_version = version

    @override
    def describe(self, account_id: str) -> Account:
        """The shop with its zone and the currency of its books."""
        shop = self._query(account_id, SHOP_FACTS)["shop"]
        return Account(account_id, shop["ianaTimezone"], shop["currencyCode"], shop["name"])

    def health(self, account: Account) -> list[Finding]:
        """The app's scopes, the clock, the version that answers, and the query budget."""
        client = self._clients[account.id]
        answer = client.send(self._request(account.id, SHOP_FACTS, {}))
        return [
            self._scope_health(account.id),
            health.clock(answer.headers, client.clock.now()),
            *_served_version(answer, self.api_version),
            *_budget(answer),
        ]

    def _scope_health(self, shop: str) -> Finding:
        try:
            granted = self._scopes(shop)
        except DeadToken:
            raise
        except Permanent as error:
            detail = f"the shop does not tell the app's scopes: {error.reason}"
            return Finding("permissions", State.WARN, detail, GRANT)
        return health.permissions(granted, NEEDED_SCOPES, GRANT)

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The records that changed in the window, or all of a snapshot stream."""
        listing = LISTINGS[stream.name]
        search = _search(listing.by, window.start, window.end) if listing.by else None
        variables = {"first": listing.page_size, "after": None, "search": search}
        request = self._request(account.id, listing_query(listing, stream), variables)
        missing = self._missing(stream, account, window)
        request = replace(request, records=("data", listing.root, "nodes"))
        # Paging facts of the connections within a record.
        furniture = {f"{within.dotted}.pageInfo": "" for within in NESTED.get(stream.name, ())}
        page_of = partial(Page.of, missing=missing, drop=furniture)
        for body in follow(self._clients[account.id], request, Connection((listing.root,))):
            found = body["data"][listing.root]["nodes"]
            page = page_of(found)
            if page.raw and furniture and _goes_on(page.raw):
                found = list(map(msgspec.json.decode, page.raw))
                page = page_of(found)
            if not page.raw:
                for record in found:
                    self._complete(stream, account, record)
            yield page

    def _complete(self, stream: Stream, account: Account, record: dict[str, Any]) -> None:
        """Fetch what did not fit into the record's nested pages, and drop their paging facts."""
        for within in NESTED.get(stream.name, ()):
            owners = dig(record, within.owner) if within.owner else [record]
            for owner in owners or []:
                connection = dig(owner, within.path)
                if isinstance(connection, dict):
                    self._extend(stream, account, within, owner, connection)

    def _extend(
        self,
        stream: Stream,
        account: Account,
        within: Nested,
        owner: Mapping[str, Any],
        connection: dict[str, Any],
    ) -> None:
        page_info = connection.pop("pageInfo", None) or {}
        if not page_info.get("hasNextPage"):
            return
        variables = {
            "id": f"gid://shopify/{within.type}/{owner['legacyResourceId']}",
            "first": 100,
            "after": page_info["endCursor"],
        }
        request = self._request(account.id, nested_query(within, stream), variables)
        path = ("node", *within.path)
        for body in follow(self._clients[account.id], request, Connection(path)):
            # An object that was deleted meanwhile is null: what came with its parent stands.
            connection["nodes"].extend((dig(body["data"], path) or {}).get("nodes", []))

    def _missing(self, stream: Stream, account: Account, window: Window) -> tuple[str, ...]:
        """What a shop withholds without saying so."""
        visible = self._clients[account.id].clock.now() - timedelta(days=VISIBLE_DAYS)
        if stream.name != "orders" or window.start >= visible or self._all_orders(account.id):
            return ()
        return (f"orders older than {VISIBLE_DAYS} days: the app lacks the scope read_all_orders",)

    def _all_orders(self, shop: str) -> bool:
        """Whether the app may see orders of any age; true where the shop does not tell."""
        if shop not in self._sees_all:
            try:
                self._sees_all[shop] = "read_all_orders" in self._scopes(shop)
            except DeadToken:
                raise
            except Permanent:
                self._sees_all[shop] = True
        return self._sees_all[shop]

    def _scopes(self, shop: str) -> set[str]:
        """What the app may do in that shop."""
        installed = self._query(shop, SCOPES)["currentAppInstallation"]
        return {scope["handle"] for scope in installed["accessScopes"]}

    def _query(self, shop: str, query: str) -> Any:
        return self._clients[shop].send(self._request(shop, query, {})).body["data"]

    def _request(self, shop: str, query: str, variables: Mapping[str, Any]) -> Request:
        root = self._base_url.format(shop=shop).rstrip("/")
        url = f"{root}/admin/api/{self.api_version}/graphql.json"
        return Request(url, body={"query": query, "variables": variables})


def _served_version(answer: Answer, asked: str) -> Iterator[Finding]:
    """A shop that no longer serves a version answers with the oldest that it does, and says so."""
    served = answer.headers.get("X-Shopify-API-Version", asked)
    if served != asked:
        detail = f"the shop answers {asked} with {served}"
        remedy = f"Set SHOPIFY_API_VERSION to {served} or a newer one."
        yield Finding("served version", State.BAD, detail, remedy)


def _budget(answer: Answer) -> Iterator[Finding]:
    """What is left of the points that queries cost, where the answer tells."""
    bucket = dig(answer.body, ("extensions", "cost", "throttleStatus"))
    if bucket and bucket.get("maximumAvailable"):
        left, size = bucket["currentlyAvailable"], bucket["maximumAvailable"]
        yield health.quota("query points", left, size)


def _goes_on(records: Sequence[msgspec.Raw]) -> bool:
    """Whether a connection within one of the records may have further pages."""
    return any(map(_NEXT_PAGE.search, records))


def _search(by: str, start: datetime, end: datetime) -> str:
    """Shopify's search text for a half-open span of instants."""
    return f"{by}:>='{start.strftime(SEARCH_TIME)}' AND {by}:<'{end.strftime(SEARCH_TIME)}'"
