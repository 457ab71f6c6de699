"""The brand's own site of the sandbox, as WordPress with WooCommerce serves it.

`GET /wp-json/`, and below `/wp-json/wc/v3/`: `orders`, `orders/{id}/refunds`, `customers`,
`products`, `products/{id}/variations`, `products/reviews`, `data/currencies/current`

Belongs here: the wording of the world's outlet `woocommerce`. Like the platform it reads filters in
the site's own time unless told `dates_are_gmt`, lists no trashed order unless asked for the trash,
and only knows refunds that went through: one that the payment provider refused was never made.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import WOOCOMMERCE_KEYS
from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.outlets import Row, orders_of, rows_of
from pipelines.sandbox.tables import decimal
from pipelines.sandbox.wire import Answer, Call, plain_refusal
from pipelines.sandbox.world import INDONESIA, WOOCOMMERCE
from pipelines.sandbox.world.outlets import TAX_PERCENT

API = "wp-json/wc/v3/"
ZONE = INDONESIA.zone
WIRE_TIME = "%Y-%m-%dT%H:%M:%S"
ENDPOINTS = (
    (re.compile(r"orders/\d+/refunds"), "orders/refunds"),
    (re.compile(r"products/\d+/variations"), "products/variations"),
)
STATUSES = {"unpaid": "pending", "paid": "processing", "sent": "completed", "trashed": "trash"}
CANNOT_VIEW = "woocommerce_rest_cannot_view"
SOURCE_TYPES = {"organic": "organic", "referral": "referral", "(none)": "typein"}
# Provinces by the codes of the shop's address forms.
STATES = {
    "West Java": "JB",
    "East Java": "JI",
    "Central Java": "JT",
    "Jakarta": "JK",
    "Banten": "BT",
    "Bali": "BA",
}


class WooCommerce:
    """One site."""

    name = "woocommerce"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def endpoint(self, call: Call) -> str:
        """`GET orders/refunds` and the like, without ids."""
        route = call.path.removeprefix(API).strip("/")
        for pattern, endpoint in ENDPOINTS:
            if pattern.fullmatch(route):
                return f"{call.method} {endpoint}"
        return f"{call.method} {route}"

    def answer(self, call: Call) -> Answer:
        """What WordPress says."""
        route = call.path.removeprefix(API).strip("/")
        if route == "wp-json":
            return Answer(_chosen(self._about(), call))
        if not call.path.startswith(API):
            return _error(404, "rest_no_route", "No route was found matching the URL and request")
        if (refused := _refused(call)) is not None:
            return refused
        return self._route(route, call)

    def refuse(self, refusal: Refusal, _: Call) -> Answer:
        """A key that is refused in the plugin's words; anything else in the host's."""
        match refusal.kind:
            case "dead_token":
                return _key_refused()
            case "access_denied":
                return _error(403, CANNOT_VIEW, "Sorry, you cannot list resources.")
            case "server_error":
                return _error(
                    refusal.status or 500,
                    "internal_server_error",
                    "<p>There has been a critical error on this website.</p>",
                )
            case _:
                return plain_refusal(refusal)

    def _about(self) -> Row:
        return {
            "name": "Toko Sari Laut",
            "url": f"https://{WOOCOMMERCE.shop_id}",
            "gmt_offset": "7",
            "timezone_string": INDONESIA.timezone,
            "namespaces": ["wc/v3", "wp/v2"],
        }

    def _route(self, route: str, call: Call) -> Answer:
        match route.split("/"):
            case ["orders"]:
                return _listed(self._orders(call), call)
            case ["orders", number, "refunds"]:
                return self._refunds(number, call)
            case ["customers"]:
                return _listed(self._customers(call), call)
            case ["products"]:
                return _listed(self._products(), call)
            case ["products", "reviews"]:
                return _listed(self._reviews(call), call)
            case ["products", number, "variations"]:
                return _listed(self._variations(int(number)), call)
            case ["data", "currencies", "current"]:
                return Answer({"code": INDONESIA.currency, "name": "Indonesian rupiah"})
        return _error(404, "rest_no_route", "No route was found matching the URL and request")

    def _orders(self, call: Call) -> list[Row]:
        every = self._scene.memo.get(
            "woocommerce/orders",
            lambda: [_order(row) for row in orders_of(self._scene, WOOCOMMERCE.name)],
        )
        status = call.query.get("status", "any")
        kept = [
            order
            for order in every
            if (order["status"] == status if status != "any" else order["status"] != "trash")
        ]
        return _sorted(_filtered(kept, call), call)

    def _refunds(self, number: str, call: Call) -> Answer:
        for row in orders_of(self._scene, WOOCOMMERCE.name):
            if row["order_id"] == number:
                return _listed([_refund(row, refund) for refund in _made(row)], call)
        return _error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid order ID.")

    def _customers(self, call: Call) -> list[Row]:
        ordered: dict[str, list[datetime]] = {}
        for row in rows_of(self._scene, "current_outlet_orders", WOOCOMMERCE.name):
            if row["customer_id"] is not None:
                ordered.setdefault(row["customer_id"], []).append(row["created_at"])
        every = [
            _customer(row, ordered.get(row["customer_id"], []))
            for row in rows_of(self._scene, "outlet_customers", WOOCOMMERCE.name)
        ]
        if call.query.get("role", "customer") == "all":
            opened = rows_of(self._scene, "outlet_products", WOOCOMMERCE.name)[0]["created_at"]
            every.insert(0, _administrator(opened))
        return _sorted(every, call)

    def _products(self) -> list[Row]:
        found: dict[str, Row] = {}
        for row in rows_of(self._scene, "outlet_products", WOOCOMMERCE.name):
            found.setdefault(row["product_id"], row)
        return [_product(row) for row in found.values()]

    def _variations(self, product: int) -> list[Row]:
        costs = {
            row["sku"]: row["unit_cost"]
            for row in self._scene.world.variants.to_pylist()
            if row["market"] == INDONESIA.code
        }
        return [
            _variation(row, costs[row["sku"]])
            for row in rows_of(self._scene, "outlet_products", WOOCOMMERCE.name)
            if int(row["product_id"]) == product
        ]

    def _reviews(self, call: Call) -> list[Row]:
        names = {
            row["product_id"]: row["product_title"]
            for row in rows_of(self._scene, "outlet_products", WOOCOMMERCE.name)
        }
        every = [
            _review(row, names[row["product_id"]])
            for row in rows_of(self._scene, "reviews", WOOCOMMERCE.name)
        ]
        return _sorted(_filtered(every, call), call)


# --- asking ---------------------------------------------------------------------------------------


def _refused(call: Call) -> Answer | None:
    """The refusal of a call without the right keys, or None."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    given = (call.query.get("consumer_key", ""), call.query.get("consumer_secret", ""))
    if scheme.lower() == "basic":
        key, _, secret = base64.b64decode(encoded).decode(errors="replace").partition(":")
        given = (key, secret)
    if given == ("", ""):
        return _error(401, CANNOT_VIEW, "Sorry, you cannot list resources.")
    return None if given == WOOCOMMERCE_KEYS else _key_refused()


def _key_refused() -> Answer:
    return _error(401, "woocommerce_rest_authentication_error", "Consumer key is invalid.")


def _error(status: int, code: str, message: str) -> Answer:
    return Answer({"code": code, "message": message, "data": {"status": status}}, status)


def _filtered(rows: list[Row], call: Call) -> list[Row]:
    """Rows within the bounds asked for, both excluded; in the site's time unless told otherwise."""
    gmt = "_gmt" if call.query.get("dates_are_gmt") == "true" else ""
    bounds: tuple[tuple[str, str, Callable[[str, str], bool]], ...] = (
        ("modified_after", "date_modified", lambda value, bound: value > bound),
        ("modified_before", "date_modified", lambda value, bound: value < bound),
        ("after", "date_created", lambda value, bound: value > bound),
        ("before", "date_created", lambda value, bound: value < bound),
    )
    for parameter, column, inside in bounds:
        if bound := call.query.get(parameter):
            rows = [row for row in rows if inside(row[column + gmt], bound)]
    return rows


def _sorted(rows: list[Row], call: Call) -> list[Row]:
    column = {
        "id": "id",
        "include": "id",
        "date": "date_created",
        "date_gmt": "date_created_gmt",
        "modified": "date_modified",
        "registered_date": "date_created",
    }[call.query.get("orderby", "date")]
    descending = call.query.get("order", "desc") == "desc"
    return sorted(rows, key=lambda row: (row[column], row["id"]), reverse=descending)


def _listed(rows: list[Row], call: Call) -> Answer:
    """One page of the rows, with totals and links as WordPress gives them."""
    size, page = int(call.query.get("per_page", 10)), int(call.query.get("page", 1))
    if not 1 <= size <= 100:
        return _error(400, "rest_invalid_param", "Invalid parameter(s): per_page")
    pages = -(-len(rows) // size)
    headers = {"x-wp-total": str(len(rows)), "x-wp-totalpages": str(pages)}
    if page < pages:
        headers["link"] = f'<{call.url(page=str(page + 1))}>; rel="next"'
    shown = rows[(page - 1) * size : page * size]
    return Answer([_chosen(row, call) for row in shown], headers=headers)


def _chosen(row: Row, call: Call) -> Row:
    """The fields that `_fields` asks for: dotted names reach into objects, not into lists."""
    asked = [name for name in call.query.get("_fields", "").split(",") if name]
    if not asked:
        return row
    chosen: Row = {}
    for name in asked:
        head, _, inner = name.partition(".")
        if head not in row:
            continue
        if inner and isinstance(row[head], Mapping):
            if inner in row[head]:
                chosen.setdefault(head, {})[inner] = row[head][inner]
        else:
            chosen[head] = row[head]
    return chosen


# --- wording --------------------------------------------------------------------------------------


def _times(name: str, at: datetime | None) -> Row:
    """An instant (naive UTC) in the site's time and in GMT, neither with an offset."""
    if at is None:
        return {f"date_{name}": None, f"date_{name}_gmt": None}
    local = at.replace(tzinfo=UTC).astimezone(ZONE)
    return {
        f"date_{name}": local.strftime(WIRE_TIME),
        f"date_{name}_gmt": at.strftime(WIRE_TIME),
    }


def _address(row: Row) -> Row:
    return {
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "company": "",
        "address_1": "Jl. Melati 1",
        "address_2": "",
        "city": row["city"],
        "state": STATES.get(row["province"], row["province"]),
        "postcode": "10110",
        "country": row["country_code"],
    }


def _order(row: Row) -> Row:
    """An order as the REST API gives it."""
    method = "woocommerce_payments" if row["is_test"] else row["payment_method"]
    refunds = [
        {"id": int(each["refund_id"]), "reason": each["reason"], "total": f"-{_money(each)}"}
        for each in _made(row)
    ]
    return {
        "id": int(row["order_id"]),
        "parent_id": 0,
        "number": row["number"],
        "order_key": f"wc_order_{_digest(row['order_id'])[:13]}",
        "created_via": "checkout",
        "version": "10.3.0",
        "status": STATUSES.get(row["status"], row["status"]),
        "currency": row["currency"],
        **_times("created", row["created_at"]),
        **_times("modified", row["updated_at"]),
        **_times("paid", row["paid_at"]),
        **_times("completed", row["sent_at"]),
        "discount_total": decimal(row["seller_discount"]),
        "discount_tax": "0.00",
        "shipping_total": decimal(row["shipping"]),
        "shipping_tax": "0.00",
        "cart_tax": decimal(row["tax"]),
        "total": decimal(row["total"]),
        "total_tax": decimal(row["tax"]),
        "prices_include_tax": False,
        "customer_id": int(row["customer_id"] or 0),
        "customer_ip_address": "203.0.113.7",
        "customer_user_agent": "Mozilla/5.0",
        "customer_note": "",
        "billing": {**_address(row), "email": row["email"], "phone": row["phone"] or ""},
        "shipping": {**_address(row), "phone": ""},
        "payment_method": method,
        "payment_method_title": method.title(),
        "transaction_id": f"pi_{_digest(row['order_id'])[:24]}" if row["paid_at"] else "",
        "cart_hash": _digest(row["email"]),
        "meta_data": _notes(row, method),
        "line_items": _lines(row),
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [_coupon(row)] if row["coupon"] else [],
        "refunds": refunds,
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _money(refund: Row) -> str:
    return decimal(refund["amount"])


def _coupon(row: Row) -> Row:
    discount = decimal(row["seller_discount"])
    return {
        "id": 1,
        "code": row["coupon"],
        "discount": discount,
        "discount_tax": "0.00",
        "discount_type": "percent",
        "nominal_amount": 10,
        "free_shipping": False,
        "meta_data": [],
    }


def _notes(row: Row, method: str) -> list[Row]:
    """Meta data: values are of any type, and a key may come twice."""
    source, medium = row["utm_source"], row["utm_medium"]
    kind = SOURCE_TYPES.get(medium, "utm")
    notes: dict[str, Any] = {
        "_wc_order_attribution_source_type": kind,
        "_wc_order_attribution_utm_source": source,
        "_wc_order_attribution_user_agent": "Mozilla/5.0",
        "_wc_order_attribution_session_count": "1",
        "_wc_order_attribution_device_type": "Mobile",
        "_order_stock_reduced": "yes",
        "_gift_wrap": False,
        "_basket_weight": 1.5,
        "_loyalty": {"tier": "silver", "points": [10, 20]},
        "_empty": None,
    }
    if kind != "typein":
        notes["_wc_order_attribution_utm_medium"] = medium
    if row["utm_campaign"]:
        notes["_wc_order_attribution_utm_campaign"] = row["utm_campaign"]
    if method == "woocommerce_payments":
        notes["_wcpay_mode"] = "test"
    noted = [*notes.items(), ("_order_stock_reduced", "yes")]
    return [{"id": n, "key": key, "value": value} for n, (key, value) in enumerate(noted, 1)]


def _lines(row: Row) -> list[Row]:
    """Lines whose taxes add up to the order's: each takes what has been rounded so far."""
    lines, net, taxed = [], 0, 0
    for line in row["lines"]:
        subtotal = line["unit_price"] * line["quantity"]
        total = subtotal - line["discount"]
        net += total
        tax = _tax(net) - taxed
        taxed += tax
        lines.append(
            {
                "id": int(line["line_id"]),
                "name": line["title"],
                "product_id": int(line["product_id"]),
                "variation_id": int(line["variant_id"]),
                "quantity": line["quantity"],
                "tax_class": "",
                "subtotal": decimal(subtotal),
                "subtotal_tax": decimal(_tax(subtotal)),
                "total": decimal(total),
                "total_tax": decimal(tax),
                "taxes": [{"id": 1, "total": decimal(tax), "subtotal": decimal(_tax(subtotal))}],
                "meta_data": [{"id": 9, "key": "ukuran", "value": line["title"][-4:]}],
                "sku": line["sku"],
                "price": total / 100 / line["quantity"],
                "image": {"id": "", "src": ""},
                "parent_name": line["title"],
            }
        )
    return lines


def _tax(net: int) -> int:
    """Tax on a net amount, to the nearest rupiah."""
    unit = INDONESIA.unit
    return (net // unit * TAX_PERCENT + 50) // 100 * unit


def _made(row: Row) -> list[Row]:
    """The refunds that went through; the others the site never made."""
    return [refund for refund in row["refunds"] if refund["status"] == "succeeded"]


def _refund(row: Row, refund: Row) -> Row:
    taken = [
        line
        for line in _lines(row)
        if refund["kind"] == "order" or str(line["id"]) == refund["line_id"]
    ]
    if refund["kind"] == "goodwill":
        taken = []
    return {
        "id": int(refund["refund_id"]),
        "parent_id": int(row["order_id"]),
        **_times("created", refund["created_at"]),
        "amount": decimal(refund["amount"]),
        "reason": refund["reason"] or "",
        "refunded_by": 1,
        "refunded_payment": row["payment_method"] == "stripe",
        "meta_data": [],
        "line_items": [_taken_back(line) for line in taken],
    }


def _taken_back(line: Row) -> Row:
    back = {name: f"-{line[name]}" for name in ("subtotal", "subtotal_tax", "total", "total_tax")}
    return {
        **line,
        **back,
        # Its own row of numbers, far above the lines that were sold.
        "id": 10_000_000 + line["id"],
        "quantity": -line["quantity"],
        "price": -line["price"],
        "meta_data": [{"id": 1, "key": "_refunded_item_id", "value": str(line["id"])}],
    }


def _customer(row: Row, orders: list[datetime]) -> Row:
    changed = max(orders) if len(orders) > 1 else None
    return {
        "id": int(row["customer_id"]),
        **_times("created", row["created_at"]),
        **_times("modified", changed),
        "email": row["email"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "role": "customer",
        "username": row["email"],
        "billing": {**_address(row), "email": row["email"], "phone": row["phone"] or ""},
        "shipping": {**_address(row), "phone": ""},
        "is_paying_customer": bool(orders),
        "avatar_url": f"https://secure.gravatar.com/avatar/{_digest(row['email'])}",
        "meta_data": [],
    }


def _administrator(start: datetime) -> Row:
    nobody = dict.fromkeys(
        ("first_name", "last_name", "city", "country_code", "province", "phone"), ""
    )
    admin = {**nobody, "customer_id": "1", "email": "admin@sarilaut.example", "created_at": start}
    return {**_customer(admin, []), "role": "administrator"}


def _product(row: Row) -> Row:
    return {
        "id": int(row["product_id"]),
        "name": row["product_title"],
        "slug": row["product_title"].lower().replace(" ", "-"),
        **_times("created", row["created_at"]),
        **_times("modified", row["created_at"]),
        "type": "variable",
        "status": "publish",
        "sku": "",
        "price": decimal(row["price"]),
        "regular_price": "",
        "sale_price": "",
        "parent_id": 0,
        "categories": [{"id": 20, "name": row["product_type"], "slug": "snack"}],
        "meta_data": [],
    }


def _variation(row: Row, cost: int) -> Row:
    value = cost / 100
    return {
        "id": int(row["variant_id"]),
        "type": "variation",
        "name": row["variant_title"],
        **_times("created", row["created_at"]),
        **_times("modified", row["created_at"]),
        "status": "publish",
        "sku": row["sku"],
        "price": decimal(row["price"]),
        "regular_price": decimal(row["price"]),
        "sale_price": "",
        "cost_of_goods_sold": {
            "values": [{"defined_value": value, "effective_value": value}],
            "total_value": value,
        },
        "parent_id": int(row["product_id"]),
        "meta_data": [],
    }


def _review(row: Row, product: str) -> Row:
    return {
        "id": int(row["review_id"]),
        **_times("created", row["created_at"]),
        "product_id": int(row["product_id"]),
        "product_name": product,
        "product_permalink": f"https://{WOOCOMMERCE.shop_id}/product/"
        + product.lower().replace(" ", "-"),
        "status": "approved",
        "reviewer": row["author_name"],
        "reviewer_email": row["email"],
        "review": f"<p>{row['text']}</p>\n",
        "rating": row["rating"],
        "verified": row["verified"],
        "reviewer_avatar_urls": {},
    }
