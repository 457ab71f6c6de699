"""Shopify's REST lists: orders, customers, products, refunds, counts and the shop.

Belongs here: REST's names, shapes, filters and `Link` paging. Does not: tokens (`api`), or which
rows there are (`catalogue`).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from pipelines.sandbox.shopify.catalogue import InvalidCursorError, Listing, Row, Shop
from pipelines.sandbox.shopify.records import province_of, refund_line_id, shop_record, taken_back
from pipelines.sandbox.tables import decimal
from pipelines.sandbox.wire import Answer, Call
from pipelines.sandbox.world import BRAND

PAGE_SIZE, MAX_PAGE_SIZE = 50, 250
# Forty calls that refill at two a second on the standard plan; the sandbox never fills it.
CALL_LIMIT = {"x-shopify-shop-api-call-limit": "1/40"}
REPEATABLE = {"limit", "fields", "page_info"}
INSTANTS = ("created_at", "updated_at", "processed_at")


class RestError(Exception):
    """A request that REST refuses with that status and these `errors`."""

    def __init__(self, errors: object, status: int = 400) -> None:
        super().__init__(str(errors))
        self.answer = Answer({"errors": errors}, status)


def too_many_requests(retry_after: float | None) -> Answer:
    """The limit reached. `Retry-After` is a float."""
    message = (
        "Exceeded 2 calls per second for api client. "
        "Reduce request rates to resume uninterrupted service."
    )
    headers = {"x-shopify-shop-api-call-limit": "40/40"}
    if retry_after is not None:
        headers["retry-after"] = f"{retry_after:.1f}"
    return Answer({"errors": message}, 429, headers)


def answer(call: Call, path: str, shop: Shop) -> Answer:
    """The answer to a REST path below the version."""
    try:
        found = _answer(call, path.removesuffix(".json").split("/"), shop)
    except RestError as error:
        found = error.answer
    found.headers.update(CALL_LIMIT)
    return found


def _answer(call: Call, steps: list[str], shop: Shop) -> Answer:
    if call.method != "GET":
        raise RestError("Not Found", 404)
    match steps:
        case ["shop"]:
            return Answer({"shop": _shop(shop)})
        case ["orders"]:
            return _list(call, shop, "orders", shop.orders, _order_query, _orders)
        case ["customers"]:
            return _list(call, shop, "customers", shop.customers, _plain_query, _customers)
        case ["products"]:
            listing = shop.listing(shop.product_rows, title=lambda row: row["title"])
            return _list(call, shop, "products", listing, _plain_query, _products)
        case ["orders", "count"]:
            query = _order_query(call.query)
            return Answer({"count": len(shop.orders.sorted(query, "ID")[0].rows)})
        case ["customers", "count"]:
            query = _plain_query(call.query)
            return Answer({"count": len(shop.customers.sorted(query, "ID")[0].rows)})
        case ["orders", number]:
            return Answer({"order": _one(shop, shop.orders, number, _orders)})
        case ["customers", number]:
            return Answer({"customer": _one(shop, shop.customers, number, _customers)})
        case ["orders", number, "refunds"]:
            return Answer({"refunds": _one(shop, shop.orders, number, _orders)["refunds"]})
    raise RestError("Not Found", 404)


Build = Callable[[Any, Shop], list[dict[str, Any]]]


def _one(shop: Shop, listing: Listing, number: str, build: Build) -> dict[str, Any]:
    row = listing.row(int(number)) if number.isdigit() else None
    if row is None:
        raise RestError("Not Found", 404)
    return build([row], shop)[0]


def _list(
    call: Call,
    shop: Shop,
    name: str,
    listing: Listing,
    query_of: Callable[[Mapping[str, str]], str],
    build: Build,
) -> Answer:
    asked = _continued(call.query)
    size = min(int(asked.get("limit", PAGE_SIZE)), MAX_PAGE_SIZE)
    sort, reverse = _order(asked)
    items, _ = listing.sorted(query_of(asked), sort)
    backwards = asked.get("direction") == "prev"
    cursor = asked.get("cursor")
    try:
        part = listing.slice(
            items,
            first=None if backwards else size,
            after=None if backwards else cursor,
            last=size if backwards else None,
            before=cursor if backwards else None,
            reverse=reverse,
        )
    except InvalidCursorError:
        raise RestError({"page_info": "Invalid value."}) from None
    records = build(part.rows, shop)
    if "fields" in asked:
        wanted = set(asked["fields"].split(","))
        records = [{k: v for k, v in record.items() if k in wanted} for record in records]
    links = []
    if part.has_previous and part.cursors:
        links.append(_link(call, asked, "prev", part.cursors[0], "previous"))
    if part.has_next:
        links.append(_link(call, asked, "next", part.cursors[-1], "next"))
    return Answer({name: records}, headers={"link": ", ".join(links)} if links else {})


def _continued(query: Mapping[str, str]) -> dict[str, str]:
    """The parameters of the list: those of its first page, when `page_info` continues it."""
    if "page_info" not in query:
        return dict(query)
    for name in query:
        if name not in REPEATABLE:
            message = (
                f"{name} cannot be passed when page_info is present. "
                "See https://shopify.dev/api/usage/pagination-rest for more information."
            )
            raise RestError({name: message})
    try:
        first = msgspec.json.decode(
            base64.urlsafe_b64decode(query["page_info"]), type=dict[str, str]
        )
    except (ValueError, msgspec.DecodeError) as error:
        raise RestError({"page_info": "Invalid value."}) from error
    return {**first, **query}


def _link(call: Call, asked: Mapping[str, str], direction: str, cursor: str, rel: str) -> str:
    kept = {name: text for name, text in asked.items() if name not in REPEATABLE}
    info = msgspec.json.encode({**kept, "direction": direction, "cursor": cursor})
    query = {name: asked[name] for name in ("limit", "fields") if name in asked}
    query["page_info"] = base64.urlsafe_b64encode(info).decode()
    return f'<{call.base}/{call.path}?{urlencode(query)}>; rel="{rel}"'


def _order(asked: Mapping[str, str]) -> tuple[str, bool]:
    """`order=updated_at asc`; the newest first unless asked, and by id after `since_id`."""
    if "since_id" in asked:
        return "ID", False
    name, _, direction = asked.get("order", "processed_at desc").partition(" ")
    return name.upper(), direction.lower() != "asc"


def _plain_query(asked: Mapping[str, str]) -> str:
    terms = []
    for name in INSTANTS:
        for suffix, sign in (("min", ">="), ("max", "<=")):
            if f"{name}_{suffix}" in asked:
                terms.append(f"{name}:{sign}'{asked[f'{name}_{suffix}']}'")
    if "ids" in asked:
        terms.append(f"id:{asked['ids']}")
    if "since_id" in asked:
        terms.append(f"id:>{asked['since_id']}")
    return " AND ".join(terms)


def _order_query(asked: Mapping[str, str]) -> str:
    terms = [_plain_query(asked)] if _plain_query(asked) else []
    status = asked.get("status", "open")
    if status != "any":
        terms.append(f"status:{status}")
    if asked.get("financial_status", "any") != "any":
        terms.append(f"financial_status:{asked['financial_status']}")
    return " AND ".join(terms)


def _local(text: str | None, shop: Shop) -> str | None:
    """An instant with the shop's own offset, as REST writes it."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.astimezone(ZoneInfo(shop.market.timezone)).isoformat(timespec="seconds")


def _set(minor: int, shop: Shop) -> dict[str, Any]:
    amount = {"amount": decimal(minor), "currency_code": shop.market.currency}
    return {"shop_money": amount, "presentment_money": amount}


def _orders(rows: Any, shop: Shop) -> list[dict[str, Any]]:
    return [_an_order(row, shop) for row in shop.order_rows(rows)]


def _an_order(row: Row, shop: Shop) -> dict[str, Any]:
    customer = row["customer"]
    first_visit = row["visits"][0] if row["visits"] else {}
    amounts = {
        "total_price": row["total"],
        "subtotal_price": row["subtotal"],
        "total_tax": row["tax"],
        "total_discounts": row["discount"],
        "total_line_items_price": row["gross"],
        "total_shipping_price": row["shipping"],
        "current_total_price": row["total"] - row["refunded"],
    }
    number = int("".join(filter(str.isdigit, row["name"])))
    return {
        "id": row["order_id"],
        "admin_graphql_api_id": f"gid://shopify/Order/{row['order_id']}",
        "name": row["name"],
        "number": number,
        "order_number": number,
        "email": customer and customer["email"],
        "phone": customer and customer["phone"],
        "created_at": _local(row["created_at"], shop),
        "processed_at": _local(row["created_at"], shop),
        "updated_at": _local(row["updated_at"], shop),
        "closed_at": _local(row["cancelled_at"] or row["fulfilled_at"], shop),
        "cancelled_at": _local(row["cancelled_at"], shop),
        "cancel_reason": "customer" if row["cancelled_at"] else None,
        "test": row["is_test"],
        "confirmed": True,
        "taxes_included": False,
        "currency": row["currency"],
        "presentment_currency": row["currency"],
        "financial_status": row["financial_status"].lower(),
        "fulfillment_status": "fulfilled" if row["fulfilled_at"] else None,
        **{name: decimal(minor) for name, minor in amounts.items()},
        **{f"{name}_set": _set(minor, shop) for name, minor in amounts.items()},
        "discount_codes": _codes(row),
        "source_name": row["source_name"],
        "landing_site": first_visit.get("landing_page"),
        "referring_site": first_visit.get("referrer"),
        "note": None,
        "tags": "",
        "customer": customer and _a_customer(customer, shop),
        "billing_address": _address(row, shop),
        "shipping_address": _address(row, shop),
        "line_items": [_line(line, shop) for line in row["lines"]],
        "refunds": [_refund(refund, row, shop) for refund in row["refunds"]],
    }


def _codes(row: Row) -> list[dict[str, str]]:
    if not row["discount_code"]:
        return []
    return [
        {"code": row["discount_code"], "amount": decimal(row["discount"]), "type": "percentage"}
    ]


def _line(row: Row, shop: Shop) -> dict[str, Any]:
    return {
        "id": row["line_id"],
        "variant_id": row["variant_id"],
        "product_id": row["product_id"],
        "title": row["title"],
        "name": row["title"],
        "sku": row["sku"],
        "vendor": BRAND,
        "quantity": row["quantity"],
        "current_quantity": row["current_quantity"],
        "price": decimal(row["unit_price"]),
        "price_set": _set(row["unit_price"], shop),
        "total_discount": decimal(row["discount"]),
        "total_discount_set": _set(row["discount"], shop),
        "gift_card": False,
        "taxable": True,
        "requires_shipping": True,
    }


def _refund(row: Row, order: Row, shop: Shop) -> dict[str, Any]:
    lines = {line["line_id"]: line for line in order["lines"]}
    items = []
    for line in row["lines"]:
        line["line"] = lines[line["line_id"]]
        subtotal = decimal(taken_back(line))
        items.append(
            {
                "id": refund_line_id(line),
                "quantity": line["quantity"],
                "line_item_id": line["line_id"],
                "restock_type": "return",
                "subtotal": float(subtotal),
                "line_item": _line(line["line"], shop),
            }
        )
    return {
        "id": row["refund_id"],
        "admin_graphql_api_id": f"gid://shopify/Refund/{row['refund_id']}",
        "order_id": row["order_id"],
        "created_at": _local(row["created_at"], shop),
        "processed_at": _local(row["created_at"], shop),
        "note": row["note"],
        "restock": bool(items),
        "user_id": None,
        "refund_line_items": items,
        "transactions": [_transaction(item, shop) for item in row["transactions"]],
        "order_adjustments": [],
    }


def _transaction(row: Row, shop: Shop) -> dict[str, Any]:
    return {
        "id": row["transaction_id"],
        "order_id": row["order_id"],
        "kind": row["kind"].lower(),
        "status": row["status"].lower(),
        "gateway": row["gateway"],
        "amount": decimal(row["amount"]),
        "currency": shop.market.currency,
        "created_at": _local(row["processed_at"], shop),
        "processed_at": _local(row["processed_at"], shop),
        "test": False,
        "parent_id": None,
        "message": None,
        "error_code": None if row["status"] == "SUCCESS" else "processing_error",
        "receipt": {},
    }


def _customers(rows: Any, shop: Shop) -> list[dict[str, Any]]:
    return [_a_customer(row, shop) for row in shop.customer_rows(rows)]


def _a_customer(row: Row, shop: Shop) -> dict[str, Any]:
    return {
        "id": row["customer_id"],
        "admin_graphql_api_id": f"gid://shopify/Customer/{row['customer_id']}",
        "email": row["email"],
        "phone": row["phone"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "created_at": _local(row["created_at"], shop),
        "updated_at": _local(row["updated_at"], shop),
        "orders_count": row["number_of_orders"],
        "total_spent": decimal(row["spent"]),
        "currency": shop.market.currency,
        "state": "enabled",
        "tags": "",
        "tax_exempt": False,
        "verified_email": True,
        "email_marketing_consent": {
            "state": row["marketing_state"].lower(),
            "opt_in_level": "single_opt_in",
            "consent_updated_at": _local(row["created_at"], shop),
        },
        "default_address": {**_address(row, shop), "id": row["customer_id"], "default": True},
    }


def _address(row: Row, shop: Shop) -> dict[str, Any]:
    province, code = province_of(row)
    return {
        "city": row["city"],
        "province": province,
        "province_code": code,
        "country": shop.market.country,
        "country_code": row["country_code"],
        "address1": None,
        "zip": None,
    }


def _products(rows: Any, shop: Shop) -> list[dict[str, Any]]:
    ids = sorted(shop.product_rows)
    return [_a_product(shop.product_rows[ids[row]], shop) for row in rows]


def _a_product(row: Row, shop: Shop) -> dict[str, Any]:
    return {
        "id": row["product_id"],
        "admin_graphql_api_id": f"gid://shopify/Product/{row['product_id']}",
        "title": row["title"],
        "handle": row["handle"],
        "product_type": row["product_type"],
        "vendor": BRAND,
        "status": "active",
        "tags": "",
        "created_at": _local(row["created_at"], shop),
        "updated_at": _local(row["created_at"], shop),
        "variants": [
            {
                "id": variant["variant_id"],
                "product_id": row["product_id"],
                "title": variant["title"],
                "sku": variant["sku"],
                "price": decimal(variant["price"]),
                "position": variant["position"],
                "inventory_item_id": variant["inventory_item_id"],
            }
            for variant in row["variants"]
        ],
    }


def _shop(shop: Shop) -> dict[str, Any]:
    record = shop_record(shop)
    return {
        "id": int(record["id"].rpartition("/")[2]),
        "name": record["name"],
        "email": record["email"],
        "domain": shop.market.hostname,
        "myshopify_domain": record["myshopifyDomain"],
        "country": shop.market.country_code,
        "country_code": shop.market.country_code,
        "country_name": shop.market.country,
        "currency": shop.market.currency,
        "iana_timezone": shop.market.timezone,
        "timezone": f"(GMT{record['timezoneOffset'][:3]}:00) {shop.market.timezone}",
        "plan_name": "enterprise",
        "created_at": _local(record["createdAt"], shop),
        "updated_at": _local(record["updatedAt"], shop),
        "money_format": "{{amount}}",
        "taxes_included": False,
    }
