"""Shopee of the sandbox: tokens, the shop, orders with details and income, returns, reviews.

`POST /api/v2/auth/access_token/get`; with a shop's token `GET shop/get_shop_info`,
`order/get_order_list`, `order/get_order_detail`, `returns/get_return_list`,
`product/get_comment`, `POST payment/get_escrow_detail_batch`

Belongs here: the signature as Shopee checks it, and records as it words them. Does not: what was
bought (`world.outlets`). Errors come with HTTP 200 and a code in `error`, as Shopee's do.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import (
    SHOPEE_PARTNER_ID,
    SHOPEE_PARTNER_KEY,
    SHOPEE_TOKENS,
)
from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.outlets import Row, orders_of, rows_of
from pipelines.sandbox.rotation import Rotation
from pipelines.sandbox.wire import Answer, Call, plain_refusal
from pipelines.sandbox.world import INDONESIA, SHOPEE

API = "api/v2/"
RENEWAL = "auth/access_token/get"
ACCESS_SECONDS = 4 * 3600
SPAN_SECONDS = 15 * 86_400
LISTED_REVIEWS = 1000
EDITABLE_SECONDS = 30 * 86_400
STATUSES = {
    "unpaid": "UNPAID",
    "paid": "READY_TO_SHIP",
    "sent": "SHIPPED",
    "completed": "COMPLETED",
    # To Shopee an order whose money went back is still one that arrived.
    "refunded": "COMPLETED",
    "cancelled": "CANCELLED",
}
RETURN_STATUSES = {"pending": "REQUESTED", "succeeded": "REFUND_PAID", "failed": "CANCELLED"}
ALWAYS = ("order_sn", "region", "currency", "cod", "order_status", "create_time", "update_time")
# The seller's costs, in hundredths of a per cent of what goods are sold for.
COMMISSION, SERVICE = 650, 400
WORDS = {
    "throttled": (200, "error_rate_limit", "Request rate limit exceeded."),
    "dead_token": (200, "invalid_acceess_token", "Invalid access_token."),
    "access_denied": (200, "error_permission", "The app has no permission to this API."),
    "server_error": (200, "error_inner", "Our system is busy, please try again later."),
    "expired_cursor": (200, "error_param", "cursor is invalid."),
}


class ShopeeError(Exception):
    """A call that Shopee refuses."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(_enveloped({}, code, message), status)


def _enveloped(told: Row, code: str = "", message: str = "") -> Row:
    return {"error": code, "message": message, "request_id": "2026sandbox", **told}


class Shopee:
    """The partner API."""

    name = "shopee"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._tokens = Rotation(SHOPEE_TOKENS)

    def endpoint(self, call: Call) -> str:
        """`GET order/get_order_list` and the like."""
        return f"{call.method} {call.path.removeprefix(API)}"

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """A refusal in Shopee's words."""
        if refusal.kind not in WORDS:
            return plain_refusal(refusal)
        if refusal.kind == "dead_token" and call.path == API + RENEWAL:
            return ShopeeError(200, "error_auth", "Invalid refresh_token.").answer
        return ShopeeError(*WORDS[refusal.kind]).answer

    def answer(self, call: Call) -> Answer:
        """A renewal, the shop, or records."""
        try:
            self._check(call)
            return Answer(_enveloped(self._told(call)))
        except ShopeeError as error:
            return error.answer

    def _check(self, call: Call) -> None:
        """Refuse a call whose partner, signature or token is not good."""
        asked = call.query
        if asked.get("partner_id") != SHOPEE_PARTNER_ID:
            raise ShopeeError(200, "invalid_partner_id", "Invalid partner_id.")
        if asked.get("sign") != signature(call.as_sent or call):
            raise ShopeeError(403, "error_sign", "Wrong sign.")
        if call.path == API + RENEWAL:
            return
        owner = self._tokens.account(asked.get("access_token", ""))
        if owner is None:
            raise ShopeeError(*WORDS["dead_token"])
        if owner != asked.get("shop_id"):
            raise ShopeeError(200, "error_shop", "The shop is not linked to the token.")

    def _told(self, call: Call) -> Row:
        match call.path.removeprefix(API):
            case "auth/access_token/get":
                return self._renewal(call)
            case "shop/get_shop_info":
                return self._shop()
            case "order/get_order_list":
                return {"response": self._list(call)}
            case "order/get_order_detail":
                return {"response": self._details(call)}
            case "payment/get_escrow_detail_batch":
                return {"response": self._incomes(call)}
            case "returns/get_return_list":
                return {"response": self._returns(call)}
            case "product/get_comment":
                return {"response": self._reviews(call)}
        raise ShopeeError(404, "error_not_found", "The API does not exist.")

    def _renewal(self, call: Call) -> Row:
        asked = msgspec.json.decode(call.body, type=dict[str, Any])
        granted = self._tokens.exchange(str(asked.get("refresh_token", "")))
        if granted is None:
            raise ShopeeError(200, "error_auth", "Invalid refresh_token.")
        access, refresh = granted
        return {
            "partner_id": asked["partner_id"],
            "shop_id": asked["shop_id"],
            "access_token": access,
            "refresh_token": refresh,
            "expire_in": ACCESS_SECONDS,
        }

    def _shop(self) -> Row:
        authorised = int(self._scene.now.timestamp()) - 30 * 86_400
        return {
            "shop_name": INDONESIA.page_name,
            "region": INDONESIA.country_code,
            "status": "NORMAL",
            "auth_time": authorised,
            "expire_time": authorised + 365 * 86_400,
        }

    # --- records

    def _orders(self) -> list[Row]:
        return self._scene.memo.get(
            "shopee/orders", lambda: [_order(row) for row in orders_of(self._scene, SHOPEE.name)]
        )

    def _list(self, call: Call) -> Row:
        found = _changed(self._orders(), call, "time_from", "time_to")
        part, more, following = _page(found, call, "cursor", lambda place, size: place + size)
        return {
            "more": more,
            "next_cursor": str(following) if more else "",
            "order_list": [{"order_sn": order["order_sn"]} for order in part],
        }

    def _details(self, call: Call) -> Row:
        numbers = call.query.get("order_sn_list", "").split(",")
        if len(numbers) > 50:
            raise ShopeeError(200, "error_param", "order_sn_list is limited to 50.")
        fields = (*ALWAYS, *call.query.get("response_optional_fields", "").split(","))
        known = {order["order_sn"]: order for order in self._orders()}
        return {
            "order_list": [
                {name: value for name, value in known[number].items() if name in fields}
                for number in numbers
                if number in known
            ]
        }

    def _incomes(self, call: Call) -> list[Row]:
        asked = msgspec.json.decode(call.body, type=dict[str, Any]).get("order_sn_list", [])
        wanted = set(asked)
        return [
            {"escrow_detail": {"order_sn": row["order_id"], "order_income": _income(row)}}
            for row in orders_of(self._scene, SHOPEE.name)
            if row["order_id"] in wanted and row["paid_at"] is not None
        ]

    def _returns(self, call: Call) -> Row:
        found = _changed(
            sorted(
                (
                    _return(row, refund)
                    for row in orders_of(self._scene, SHOPEE.name)
                    for refund in row["refunds"]
                    # A cancelled order is paid back without anybody's asking.
                    if row["cancelled_at"] is None
                ),
                key=lambda each: (-each["update_time"], each["return_sn"]),
            ),
            call,
            "update_time_from",
            "update_time_to",
        )
        part, more, _ = _page(found, call, "page_no", lambda place, _: place + 1)
        return {"more": more, "return": part}

    def _reviews(self, call: Call) -> Row:
        """The newest reviews of the shop, or of one product."""
        product = call.query.get("item_id")
        now = int(self._scene.now.timestamp())
        found = [
            _review(row, now)
            for row in rows_of(self._scene, "reviews", SHOPEE.name)
            if product in (None, row["product_id"])
        ]
        found.sort(key=lambda each: (-each["create_time"], each["comment_id"]))
        found = found[:LISTED_REVIEWS]
        part, more, following = _page(found, call, "cursor", lambda place, size: place + size)
        return {
            "more": more,
            "next_cursor": str(following) if more else "",
            "item_comment_list": part,
        }


def signature(call: Call) -> str:
    """What the signature of a call must be."""
    told = [SHOPEE_PARTNER_ID, f"/{call.path}", call.query.get("timestamp", "")]
    if call.path != API + RENEWAL:
        told += [call.query.get("access_token", ""), call.query.get("shop_id", "")]
    return hmac.new(SHOPEE_PARTNER_KEY.encode(), "".join(told).encode(), hashlib.sha256).hexdigest()


def _changed(records: list[Row], call: Call, first: str, last: str) -> list[Row]:
    """The records that changed within the span asked for, both ends in it."""
    start, end = int(call.query.get(first, 0)), int(call.query.get(last, 0))
    if not 0 <= end - start <= SPAN_SECONDS:
        raise ShopeeError(200, "error_param", "The time range is limited to 15 days.")
    return [record for record in records if start <= record["update_time"] <= end]


def _page(
    records: list[Row], call: Call, name: str, following: Callable[[int, int], int]
) -> tuple[list[Row], bool, int]:
    """The part of the records that is asked for, whether there is more, and the next place."""
    size = int(call.query.get("page_size", 20))
    if not 1 <= size <= 100:
        raise ShopeeError(200, "error_param", "page_size must be between 1 and 100.")
    told = call.query.get(name) or "0"
    if not told.isdigit():
        raise ShopeeError(*WORDS["expired_cursor"])
    place = int(told)
    start = place * size if name == "page_no" else place
    return (
        records[start : start + size],
        start + size < len(records),
        following(place, size),
    )


# --- wording --------------------------------------------------------------------------------------


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.replace(tzinfo=UTC).timestamp())


def _rupiah(minor: int) -> float:
    """Amounts are numbers of major units."""
    return minor / 100


def _masked(name: str) -> str:
    return f"{name[0]}***{name[-1]}"


def _order(row: Row) -> Row:
    cancelled = row["cancelled_at"] is not None
    by = "" if not cancelled else "buyer" if row["paid_at"] else "system"
    return {
        "order_sn": row["order_id"],
        "region": row["country_code"],
        "currency": row["currency"],
        "cod": False,
        "order_status": STATUSES[row["status"]],
        "create_time": _seconds(row["created_at"]),
        "update_time": _seconds(row["updated_at"]),
        "pay_time": _seconds(row["paid_at"]),
        "days_to_ship": 2,
        "total_amount": _rupiah(row["total"]),
        "payment_method": row["payment_method"],
        "buyer_user_id": int(row["buyer_id"]),
        "buyer_username": "",
        "message_to_seller": "",
        "cancel_by": by,
        "cancel_reason": "BACKEND_LOGISTICS_NOT_STARTED" if by == "buyer" else "",
        "recipient_address": {
            "name": f"{_masked(row['first_name'])} {_masked(row['last_name'])}",
            "phone": "******67",
            "town": "",
            "district": "",
            "city": row["city"],
            "state": row["province"],
            "region": row["country_code"],
            "zipcode": "",
            "full_address": "******",
        },
        "item_list": [_line(line) for line in row["lines"]],
    }


def _line(line: Row) -> Row:
    off = line["discount"] / line["quantity"]
    return {
        "order_item_id": int(line["line_id"]),
        "item_id": int(line["product_id"]),
        "item_name": line["title"],
        "item_sku": line["sku"].rpartition("-")[0],
        "model_id": int(line["variant_id"]),
        "model_name": line["title"].rpartition(" - ")[2],
        "model_sku": line["sku"],
        "model_quantity_purchased": line["quantity"],
        "model_original_price": _rupiah(line["unit_price"]),
        "model_discounted_price": _rupiah(line["unit_price"] - off),
        "wholesale": False,
        "weight": 0.1,
        "add_on_deal": False,
        "main_item": False,
        "promotion_type": "product_promotion" if line["discount"] else "",
        "promotion_id": 0,
        "image_info": {"image_url": "https://cf.shopee.co.id/file/sandbox"},
    }


def _income(row: Row) -> Row:
    """What the seller earns: Shopee pays for its own discounts, and keeps its fees."""
    sold = row["gross"] - row["seller_discount"]
    commission, service = sold * COMMISSION // 10_000, sold * SERVICE // 10_000
    return {
        "original_price": _rupiah(row["gross"]),
        "seller_discount": _rupiah(row["seller_discount"]),
        "shopee_discount": 0,
        "voucher_from_seller": 0,
        "voucher_from_shopee": _rupiah(row["platform_discount"]),
        "coins": 0,
        "payment_promotion": 0,
        "buyer_paid_shipping_fee": _rupiah(row["shipping"]),
        "buyer_transaction_fee": 0,
        "buyer_total_amount": _rupiah(row["total"]),
        "commission_fee": _rupiah(commission),
        "service_fee": _rupiah(service),
        "seller_transaction_fee": 0,
        "escrow_tax": 0,
        "escrow_amount": _rupiah(sold - commission - service),
    }


def _return(row: Row, refund: Row) -> Row:
    settled = refund["settled_at"] or refund["created_at"]
    taken = [
        line
        for line in row["lines"]
        if refund["kind"] == "order" or line["line_id"] == refund["line_id"]
    ]
    return {
        "return_sn": refund["refund_id"],
        "order_sn": row["order_id"],
        "create_time": _seconds(refund["created_at"]),
        "update_time": _seconds(max(settled, refund["created_at"])),
        "status": RETURN_STATUSES[refund["status"]],
        "currency": row["currency"],
        "refund_amount": _rupiah(refund["amount"]),
        "reason": "ITEM_DAMAGED",
        "text_reason": refund["reason"] or "",
        "image": [],
        "user": {"username": "s***i", "email": "", "portrait": ""},
        "item": [
            {
                "item_id": int(line["product_id"]),
                "model_id": int(line["variant_id"]),
                "name": line["title"],
                "images": [],
                "item_sku": line["sku"].rpartition("-")[0],
                "variation_sku": line["sku"],
                "amount": line["quantity"],
                "item_price": _rupiah(line["unit_price"]),
            }
            for line in ([] if refund["kind"] == "goodwill" else taken)
        ],
    }


def _review(row: Row, now: int) -> Row:
    written = _seconds(row["created_at"]) or 0
    return {
        "order_sn": row["order_id"],
        "comment_id": int(row["review_id"]),
        "comment": row["text"],
        "buyer_username": _masked(row["author_name"].lower()),
        "item_id": int(row["product_id"]),
        "model_id": 0,
        "model_id_list": [],
        "rating_star": row["rating"],
        "editable": "EDITABLE" if now - written < EDITABLE_SECONDS else "EXPIRED",
        "hidden": False,
        "create_time": written,
        "media": {"image_url_list": [], "video_url_list": []},
    }
