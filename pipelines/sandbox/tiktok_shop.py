"""TikTok Shop of the sandbox: tokens, shops, orders, returns, cancellations.

Belongs here: the signature as TikTok checks it, and records as it words them. Does not: what was
bought (`world.outlets`).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import (
    TIKTOK_SHOP_KEY,
    TIKTOK_SHOP_SECRET,
    TIKTOK_SHOP_TOKENS,
)
from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.rotation import Rotation
from pipelines.sandbox.tables import decimal
from pipelines.sandbox.wire import Answer, Call, plain_refusal
from pipelines.sandbox.world import INDONESIA, TIKTOK_SHOP

Row = dict[str, Any]

AUTH_HOST = "auth.tiktok-shops.com"
CIPHER = "ROW_sandbox_cipher"
VERSION = "202309"
ACCESS_SECONDS, REFRESH_SECONDS = 7 * 86_400, 365 * 86_400
# Prices are whole rupiah; a unit of a line gets whole rupiah of its discount too.
UNIT = INDONESIA.unit
STATUSES = {
    "unpaid": "UNPAID",
    "paid": "AWAITING_SHIPMENT",
    "sent": "IN_TRANSIT",
    "completed": "COMPLETED",
    # To TikTok an order whose money went back is still one that arrived.
    "refunded": "COMPLETED",
    "cancelled": "CANCELLED",
}
RETURN_STATUSES = {
    "pending": "RETURN_OR_REFUND_REQUEST_PENDING",
    "succeeded": "RETURN_OR_REFUND_REQUEST_COMPLETE",
    "failed": "REFUND_OR_RETURN_REQUEST_REJECT",
}
WORDS = {
    "throttled": (429, 36009002, "Too many requests in a short time."),
    "dead_token": (401, 105002, "Expired credentials: the access token is expired."),
    "access_denied": (401, 105005, "Access denied: the app lacks the scope for this API."),
    "server_error": (500, 36009003, "Internal error. Please try again."),
    "expired_cursor": (400, 36009006, "page_token is invalid."),
}


class ShopError(Exception):
    """A call that TikTok Shop refuses."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(_enveloped(code, message, None), status)


def _enveloped(code: int, message: str, data: object) -> Row:
    body: Row = {"code": code, "message": message, "request_id": "2026sandbox"}
    return body if data is None else {**body, "data": data}


class TikTokShop:
    """The shop's API, and the host at which sellers' tokens are renewed."""

    name = "tiktok_shop"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._tokens = Rotation(TIKTOK_SHOP_TOKENS)

    def endpoint(self, call: Call) -> str:
        """`POST order/orders/search`, `GET api/v2/token/refresh` and the like."""
        return f"{call.method} {call.path.replace(f'/{VERSION}/', '/').strip('/')}"

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """The API's words, which are others where tokens are renewed."""
        if refusal.kind not in WORDS:
            return plain_refusal(refusal)
        if call.host == AUTH_HOST and refusal.kind == "dead_token":
            return ShopError(200, 36004001, "rt has expired").answer
        return ShopError(*WORDS[refusal.kind]).answer

    def answer(self, call: Call) -> Answer:
        """A renewal, shops, or a page of what changed."""
        try:
            data = self._renewal(call) if call.host == AUTH_HOST else self._data(call)
        except ShopError as error:
            return error.answer
        return Answer(_enveloped(0, "Success", data))

    def _renewal(self, call: Call) -> Row:
        asked = call.query
        if (asked.get("app_key"), asked.get("app_secret")) != (TIKTOK_SHOP_KEY, TIKTOK_SHOP_SECRET):
            raise ShopError(200, 36004003, "app_key or app_secret is invalid")
        granted = self._tokens.exchange(asked.get("refresh_token", ""))
        if granted is None:
            raise ShopError(200, 36004005, "can not find related auth record of the refresh token")
        access, refresh = granted
        # Ends are instants; a scene may lie in the past or in the future of who asks.
        now = int(max(time.time(), self._scene.now.timestamp()))
        return {
            "access_token": access,
            "access_token_expire_in": now + ACCESS_SECONDS,
            "refresh_token": refresh,
            "refresh_token_expire_in": now + REFRESH_SECONDS,
            "open_id": "7010736057180325637",
            "seller_name": INDONESIA.page_name,
            "seller_base_region": INDONESIA.country_code,
            "user_type": 0,
        }

    def _data(self, call: Call) -> Row:
        if call.query.get("sign") != signature(call.as_sent or call):
            raise ShopError(401, 106001, "The sign is invalid.")
        if self._tokens.account(call.headers.get("x-tts-access-token", "")) is None:
            raise ShopError(401, 105001, "Invalid credentials: the access token is invalid.")
        match self.endpoint(call):
            case "GET authorization/shops":
                return {"shops": [SHOP]}
            case "POST order/orders/search":
                return self._search(call, "orders", self._orders, 100)
            case "POST return_refund/returns/search":
                return self._search(call, "return_orders", self._returns, 50)
            case "POST return_refund/cancellations/search":
                return self._search(call, "cancellations", self._cancellations, 50)
        raise ShopError(404, 36009009, "Invalid path.")

    def _search(self, call: Call, name: str, records: Callable[[], list[Row]], most: int) -> Row:
        if call.query.get("shop_cipher") != CIPHER:
            raise ShopError(403, 12000000, "The shop_cipher is invalid.")
        size = int(call.query.get("page_size", 20))
        if not 1 <= size <= most:
            raise ShopError(400, 36009006, f"page_size must be between 1 and {most}.")
        body = msgspec.json.decode(call.body or b"{}", type=dict[str, Any])
        first, end = body.get("update_time_ge", 0), body.get("update_time_lt", 2**40)
        changed = [
            record
            for record in self._scene.memo.get((self.name, name), records)
            if first <= record["update_time"] < end
        ]
        start = _place(call.query.get("page_token", ""))
        part = changed[start : start + size]
        more = start + len(part) < len(changed)
        return {
            name: part,
            "next_page_token": _page_token(start + len(part)) if more else "",
            "total_count": len(changed),
        }

    # --- records ----------------------------------------------------------------------------------

    def _mine(self, table: pa.Table) -> pa.Table:
        return table.filter(pc.equal(table["outlet"], TIKTOK_SHOP.name))

    def _orders(self) -> list[Row]:
        lines: dict[str, list[Row]] = {}
        for line in self._mine(self._scene.world.outlet_lines).to_pylist():
            lines.setdefault(line["order_id"], []).extend(_units(line))
        orders = self._mine(self._scene.table("current_outlet_orders")).to_pylist()
        return _by_change([_order(order, lines[order["order_id"]]) for order in orders])

    def _refunds(self) -> list[tuple[Row, Row]]:
        """Each refund with its order."""
        orders = {
            row["order_id"]: row for row in self._mine(self._scene.world.outlet_orders).to_pylist()
        }
        refunds = self._mine(self._scene.world.outlet_refunds).to_pylist()
        return [(refund, orders[refund["order_id"]]) for refund in refunds]

    def _returns(self) -> list[Row]:
        lines = {
            row["line_id"]: row for row in self._mine(self._scene.world.outlet_lines).to_pylist()
        }
        return _by_change(
            [
                _return(refund, lines.get(refund["line_id"]))
                for refund, order in self._refunds()
                if order["cancelled_at"] is None
            ]
        )

    def _cancellations(self) -> list[Row]:
        """Cancelled orders: paid ones with the refund, others with a number after the order's."""
        paid = {
            order["order_id"]: refund
            for refund, order in self._refunds()
            if order["cancelled_at"] is not None
        }
        orders = self._mine(self._scene.world.outlet_orders)
        cancelled = orders.filter(pc.is_valid(orders["cancelled_at"])).to_pylist()
        return _by_change(
            [_cancellation(order, paid.get(order["order_id"])) for order in cancelled]
        )


SHOP = {
    "id": TIKTOK_SHOP.shop_id,
    "name": INDONESIA.page_name,
    "code": "IDLCSARI01",
    "region": INDONESIA.country_code,
    "seller_type": "LOCAL",
    "cipher": CIPHER,
}


def signature(call: Call) -> str:
    """What the signature of a call must be."""
    told = "".join(
        f"{name}{call.query[name]}"
        for name in sorted(call.query)
        if name not in ("sign", "access_token")
    )
    text = f"{TIKTOK_SHOP_SECRET}/{call.path}{told}{call.body.decode()}{TIKTOK_SHOP_SECRET}"
    return hmac.new(TIKTOK_SHOP_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def _page_token(start: int) -> str:
    return urlsafe_b64encode(f"from:{start}".encode()).decode()


def _place(token: str) -> int:
    if not token:
        return 0
    try:
        return int(urlsafe_b64decode(token).decode().removeprefix("from:"))
    except ValueError:
        raise ShopError(*WORDS["expired_cursor"]) from None


def _by_change(records: list[Row]) -> list[Row]:
    return sorted(records, key=lambda record: record["update_time"])


def _epoch(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.replace(tzinfo=UTC).timestamp())


def _told(record: Row) -> Row:
    """TikTok leaves out what there is not."""
    return {name: value for name, value in record.items() if value is not None}


def _rupiah(minor: int) -> str:
    return decimal(minor, places=0)


def _parts(amount: int, count: int) -> Sequence[int]:
    """An amount in as many parts of whole rupiah, as even as can be."""
    each, over = divmod(amount // UNIT, count)
    parts = [(each + (place < over)) * UNIT for place in range(count)]
    parts[0] += amount % UNIT
    return parts


def _units(line: Row) -> list[Row]:
    """A line of the order for each unit of the product, as TikTok lists them."""
    count, price = line["quantity"], line["unit_price"]
    discounts = zip(
        _parts(line["discount"], count), _parts(line["platform_discount"], count), strict=True
    )
    return [
        {
            "id": str(int(line["line_id"]) + place),
            "sku_id": line["variant_id"],
            "product_id": line["product_id"],
            "seller_sku": line["sku"],
            "product_name": line["title"],
            "sku_name": "Default",
            "sku_image": f"https://p16-oec-sg.ibyteimg.com/{line['variant_id']}.jpeg",
            "sku_type": "NORMAL",
            "currency": INDONESIA.currency,
            "original_price": _rupiah(price),
            "sale_price": _rupiah(price - own - theirs),
            "seller_discount": _rupiah(own),
            "platform_discount": _rupiah(theirs),
            "is_gift": False,
        }
        for place, (own, theirs) in enumerate(discounts)
    ]


def _order(order: Row, lines: list[Row]) -> Row:
    status = STATUSES[order["status"]]
    goods = order["gross"] - order["seller_discount"] - order["platform_discount"]
    return _told(
        {
            "id": order["order_id"],
            "status": status,
            "create_time": _epoch(order["created_at"]),
            "update_time": _epoch(order["updated_at"]),
            "paid_time": _epoch(order["paid_at"]),
            "rts_time": _epoch(order["sent_at"]),
            "delivery_time": _epoch(order["completed_at"]),
            "cancel_time": _epoch(order["cancelled_at"]),
            "cancellation_initiator": _cancelled_by(order),
            "commerce_platform": "TOKOPEDIA"
            if int(order["buyer_id"]) // 1024 % 3 == 0
            else "TIKTOK_SHOP",
            "is_sample_order": order["is_test"],
            "is_replacement_order": False,
            "is_cod": False,
            "payment_method_name": order["payment_method"],
            "fulfillment_type": "FULFILLMENT_BY_SELLER",
            "shipping_type": "TIKTOK",
            "user_id": order["buyer_id"],
            "buyer_email": f"v4b{order['buyer_id'][-12:]}@scs2.tiktok.com",
            "recipient_address": _recipient(order),
            "payment": {
                "currency": order["currency"],
                "original_total_product_price": _rupiah(order["gross"]),
                "sub_total": _rupiah(goods),
                "seller_discount": _rupiah(order["seller_discount"]),
                "platform_discount": _rupiah(order["platform_discount"]),
                "original_shipping_fee": _rupiah(order["shipping"]),
                "shipping_fee": _rupiah(order["shipping"]),
                "shipping_fee_seller_discount": "0",
                "shipping_fee_platform_discount": "0",
                "tax": _rupiah(order["tax"]),
                "total_amount": _rupiah(order["total"]),
            },
            "line_items": [{**line, "display_status": status} for line in lines],
        }
    )


def _cancelled_by(order: Row) -> str | None:
    """The buyer, or TikTok itself where nobody paid; None where nobody did."""
    if order["cancelled_at"] is None:
        return None
    return "SYSTEM" if order["paid_at"] is None else "BUYER"


def _recipient(order: Row) -> Row:
    """An address with all of the person masked."""
    levels = (
        ("L0", "Country", INDONESIA.country),
        ("L1", "Province", order["province"]),
        ("L2", "City", order["city"]),
    )
    return {
        "name": f"{order['first_name'][:1]}***",
        "phone_number": "(+62)8*******12",
        "full_address": "Jl. ***",
        "postal_code": "",
        "region_code": order["country_code"],
        "district_info": [
            {"address_level": level, "address_level_name": name, "address_name": place}
            for level, name, place in levels
        ],
    }


def _refund_amount(amount: int) -> Row:
    return {
        "currency": INDONESIA.currency,
        "refund_total": _rupiah(amount),
        "refund_subtotal": _rupiah(amount),
        "refund_shipping_fee": "0",
        "refund_tax": "0",
    }


def _return(refund: Row, line: Row | None) -> Row:
    units = [] if line is None else _units(line)
    shares = _parts(refund["amount"], len(units)) if units else []
    return {
        "return_id": refund["refund_id"],
        "order_id": refund["order_id"],
        "return_type": "REFUND" if refund["kind"] == "goodwill" else "RETURN_AND_REFUND",
        "return_status": RETURN_STATUSES[refund["status"]],
        "return_reason": "ecom_order_delivered_refund_reason_other",
        "return_reason_text": refund["reason"],
        "role": "BUYER",
        "create_time": _epoch(refund["created_at"]),
        "update_time": _epoch(refund["settled_at"] or refund["created_at"]),
        "refund_amount": _refund_amount(refund["amount"]),
        "discount_amount": [],
        "shipping_fee_amount": [],
        "return_line_items": [
            {
                "return_line_item_id": str(int(refund["refund_id"]) + 1 + place),
                "order_line_item_id": unit["id"],
                "sku_id": unit["sku_id"],
                "refund_amount": _refund_amount(share),
            }
            for place, (unit, share) in enumerate(zip(units, shares, strict=True))
        ],
    }


def _cancellation(order: Row, refund: Row | None) -> Row:
    at = _epoch(order["cancelled_at"])
    record = {
        "cancel_id": refund["refund_id"] if refund else str(int(order["order_id"]) + 1),
        "order_id": order["order_id"],
        "cancel_type": "BUYER_CANCEL" if refund else "CANCEL",
        "cancel_status": "CANCELLATION_REQUEST_COMPLETE",
        "cancel_reason": "ecom_order_to_ship_canceled_reason_other",
        "cancel_reason_text": refund["reason"] if refund else "Not paid in time",
        "role": "BUYER" if refund else "SYSTEM",
        "create_time": at,
        "update_time": _epoch(refund["settled_at"] or refund["created_at"]) if refund else at,
        "cancel_line_items": [],
    }
    # What nobody paid gives nothing back.
    return record | ({"refund_amount": _refund_amount(refund["amount"])} if refund else {})
