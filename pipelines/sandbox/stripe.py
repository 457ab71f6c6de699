"""Stripe of the sandbox: how the orders of the brand's own site are paid by card.

`GET /v1/account`, and lists below `/v1/`: `charges`, `refunds`, `balance_transactions`, `events`;
single charges by `/v1/charges/{id}`

Belongs here: the wording of the world's `payments`, `balance` and refunds. Like the platform it
lists newest first by creation, and keeps events for thirty days, each with its object as it was.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import STRIPE_ACCOUNT, STRIPE_KEY
from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.outlets import Row, rows_of
from pipelines.sandbox.wire import Answer, Call, plain_refusal
from pipelines.sandbox.world import BRAND, WOOCOMMERCE
from pipelines.sandbox.world.payments import SETTLED_IN

API = "v1/"
RETENTION = timedelta(days=30)
CATEGORIES = {"charge": "charge", "refund": "refund", "refund_failure": "refund_failure"}


class Stripe:
    """One account."""

    name = "stripe"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def endpoint(self, call: Call) -> str:
        """`GET charges` and the like, without ids."""
        return f"{call.method} {call.path.removeprefix(API).partition('/')[0]}"

    def answer(self, call: Call) -> Answer:
        """A list, newest first, or one object."""
        if _key(call) != STRIPE_KEY:
            return _refused_key(_key(call))
        kind, _, number = call.path.removeprefix(API).partition("/")
        if kind == "account":
            return Answer(_account())
        lists = {
            "charges": self._charges,
            "refunds": self._refunds,
            "balance_transactions": self._bookings,
            "events": self._events,
        }
        if kind not in lists:
            return _error(404, "invalid_request_error", f"Unrecognized request URL (/{call.path})")
        objects = self._scene.memo.get(
            f"stripe/{kind}",
            lambda: sorted(lists[kind](), key=lambda o: (o["created"], o["id"]), reverse=True),
        )
        if number:
            return _one(objects, number)
        return _listed(objects, kind, call)

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """A refusal in Stripe's words."""
        headers = {}
        if refusal.retry_after is not None:
            headers["retry-after"] = f"{refusal.retry_after:g}"
        match refusal.kind:
            case "too_many_requests" | "throttled":
                return _error(429, "rate_limit", "Too many requests.", headers=headers)
            case "dead_token":
                return _refused_key(_key(call))
            case "access_denied":
                return _error(403, "more_permissions_required", "Permission denied.")
            case "expired_cursor":
                after = call.query.get("starting_after", "")
                message = f"No such object: '{after}'"
                return _error(400, "resource_missing", message, param="starting_after")
            case "server_error":
                return _error(refusal.status or 500, "api_error", "An unknown error occurred.")
            case _:
                return plain_refusal(refusal)

    # --- the world's rows

    def _orders(self) -> dict[str, Row]:
        return {
            row["order_id"]: row for row in rows_of(self._scene, "outlet_orders", WOOCOMMERCE.name)
        }

    def _returned(self) -> dict[str, list[Row]]:
        """The refunds of each order that was paid by card."""
        paid = self._scene.world.payments
        good = paid.filter(pc.equal(paid["status"], "succeeded"))
        by_card = set(good["order_id"].to_pylist())
        found: dict[str, list[Row]] = defaultdict(list)
        for row in rows_of(self._scene, "outlet_refunds", WOOCOMMERCE.name):
            if row["order_id"] in by_card:
                found[row["order_id"]].append(row)
        return found

    # --- objects

    def _charges(self) -> list[Row]:
        orders, refunds = self._orders(), self._returned()
        return [
            _charge(row, orders[row["order_id"]], refunds[row["order_id"]], self._now)
            for row in self._scene.world.payments.to_pylist()
        ]

    def _refunds(self) -> list[Row]:
        charges = self._charge_of_order()
        return [
            _refund(row, charges[order], self._now)
            for order, rows in self._returned().items()
            for row in rows
        ]

    def _charge_of_order(self) -> dict[str, str]:
        return {
            row["order_id"]: _charge_id(row)
            for row in self._scene.world.payments.to_pylist()
            if row["status"] == "succeeded"
        }

    def _bookings(self) -> list[Row]:
        return [_booking(row, self._now) for row in self._scene.world.balance.to_pylist()]

    def _events(self) -> list[Row]:
        """What changed in the last thirty days, each event with its object as it was then."""
        orders, refunds = self._orders(), self._returned()
        charges = self._charge_of_order()
        events = []
        for row in self._scene.world.payments.to_pylist():
            mine = refunds[row["order_id"]]
            for at, kind in _turns(row, mine):
                charge = _charge(row, orders[row["order_id"]], mine, at)
                events.append(_event(f"charge.{kind}", at, charge))
        for order, rows in refunds.items():
            for row in rows:
                for at, kind in _refund_turns(row):
                    refund = _refund(row, charges[order], at)
                    events.append(_event(f"refund.{kind}", at, refund))
        return [event for event in events if _seconds(self._now - RETENTION) <= event["created"]]

    @property
    def _now(self) -> datetime:
        return self._scene.now.replace(tzinfo=None)


# --- asking ---------------------------------------------------------------------------------------


def _key(call: Call) -> str:
    """The secret key: a bearer's, or the name of HTTP Basic."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return base64.b64decode(value).decode(errors="replace").partition(":")[0]
    return value


def _refused_key(key: str) -> Answer:
    shown = f"{key[:4]}***{key[-4:]}"
    return _error(401, "", f"Invalid API Key provided: {shown}")


def _error(
    status: int, code: str, message: str, *, param: str = "", headers: dict[str, str] | None = None
) -> Answer:
    kind = "api_error" if status >= 500 else "invalid_request_error"
    error: Row = {"type": kind, "message": message}
    error |= {name: value for name, value in (("code", code), ("param", param)) if value}
    return Answer({"error": error}, status, headers or {})


def _one(objects: list[Row], number: str) -> Answer:
    for each in objects:
        if each["id"] == number:
            return Answer(each)
    return _error(404, "resource_missing", f"No such object: '{number}'", param="id")


def _listed(objects: list[Row], kind: str, call: Call) -> Answer:
    """One page of a list; `created` bounds it, `types[…]` choose among events."""
    bounds = {name: int(call.query.get(f"created[{name}]", -1)) for name in ("gte", "gt")}
    least = max(bounds["gte"], bounds["gt"] + 1)
    most = int(call.query.get("created[lt]", 2**40))
    types = {value for name, value in call.query.items() if name.startswith("types[")}
    found = [
        each
        for each in objects
        if least <= each["created"] < most and (not types or each.get("type") in types)
    ]
    if after := call.query.get("starting_after"):
        places = [place for place, each in enumerate(objects) if each["id"] == after]
        if not places:
            message = f"No such object: '{after}'"
            return _error(400, "resource_missing", message, param="starting_after")
        later = {each["id"] for each in objects[: places[0] + 1]}
        found = [each for each in found if each["id"] not in later]
    limit = int(call.query.get("limit", 10))
    if not 1 <= limit <= 100:
        return _error(400, "parameter_invalid_integer", "Invalid limit", param="limit")
    more = len(found) > limit
    return Answer({"object": "list", "url": f"/v1/{kind}", "has_more": more, "data": found[:limit]})


# --- wording --------------------------------------------------------------------------------------


def _account() -> Row:
    return {
        "id": STRIPE_ACCOUNT,
        "object": "account",
        "country": "SG",
        "default_currency": SETTLED_IN.lower(),
        "business_profile": {"name": BRAND},
        "settings": {"dashboard": {"display_name": BRAND, "timezone": "Asia/Jakarta"}},
    }


def _seconds(at: datetime) -> int:
    return int(at.replace(tzinfo=UTC).timestamp())


def _digest(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


def _charge_id(row: Row) -> str:
    return f"ch_3{row['payment_id']}"


def _refund_id(row: Row) -> str:
    return f"re_3{_digest('refund', row['refund_id'])[:20]}"


def _booking_id(kind: str, source: str) -> str:
    return f"txn_3{_digest('booking', kind, source)[:20]}"


def _taken(refunds: Iterable[Row], at: datetime) -> int:
    """What was refunded by then: pending refunds count until they fail."""
    return sum(
        row["amount"]
        for row in refunds
        if row["created_at"] <= at and _refund_status(row, at) != "failed"
    )


def _refund_status(row: Row, at: datetime) -> str:
    settled = row["settled_at"]
    return str(row["status"]) if settled is not None and settled <= at else "pending"


def _charge(row: Row, order: Row, refunds: list[Row], at: datetime) -> Row:
    """A charge as it stood at that instant."""
    good = row["status"] == "succeeded"
    taken = _taken(refunds, at) if good else 0
    number = _charge_id(row)
    return {
        "id": number,
        "object": "charge",
        "amount": row["amount"],
        "amount_captured": row["amount"] if good else 0,
        "amount_refunded": taken,
        "balance_transaction": _booking_id("charge", row["payment_id"]) if good else None,
        "billing_details": {
            "address": {"city": order["city"], "country": "ID", "line1": "Jl. Melati 1"},
            "email": order["email"],
            "name": f"{order['first_name']} {order['last_name']}",
            "phone": order["phone"],
        },
        "captured": good,
        "created": _seconds(row["created_at"]),
        "currency": row["currency"].lower(),
        "customer": None,
        "description": f"Toko Sari Laut - Order {row['order_id']}",
        "disputed": False,
        "failure_code": None if good else "card_declined",
        "failure_message": None if good else "Your card was declined.",
        "livemode": True,
        "metadata": {
            "order_id": row["order_id"],
            "site_url": f"https://{WOOCOMMERCE.shop_id}",
            "payment_type": "single",
            "customer_name": f"{order['first_name']} {order['last_name']}",
            "customer_email": order["email"],
        },
        "outcome": {"network_status": "approved_by_network" if good else "declined_by_network"},
        "paid": good,
        "payment_intent": f"pi_3{_digest('intent', row['order_id'])[:20]}",
        "payment_method": f"pm_1{_digest('method', row['order_id'])[:20]}",
        "payment_method_details": {
            "card": {"brand": "visa", "country": "ID", "funding": "credit", "last4": "4242"},
            "type": "card",
        },
        "receipt_email": order["email"],
        "refunded": good and taken == row["amount"],
        "shipping": None,
        "source": None,
        "status": row["status"],
    }


def _refund(row: Row, charge: str, at: datetime) -> Row:
    """A refund as it stood at that instant."""
    status = _refund_status(row, at)
    failed = status == "failed"
    refund = {
        "id": _refund_id(row),
        "object": "refund",
        "amount": row["amount"],
        "balance_transaction": _booking_id("refund", row["refund_id"]),
        "charge": charge,
        "created": _seconds(row["created_at"]),
        "currency": "idr",
        "metadata": {"order_id": row["order_id"]},
        "payment_intent": f"pi_3{_digest('intent', row['order_id'])[:20]}",
        "reason": "requested_by_customer",
        "receipt_number": None,
        "status": status,
    }
    if failed:
        refund["failure_reason"] = "expired_or_canceled_card"
        refund["failure_balance_transaction"] = _booking_id("refund_failure", row["refund_id"])
    return refund


def _booking(row: Row, now: datetime) -> Row:
    kind, source = row["kind"], row["source_id"]
    of = f"ch_3{source}" if kind == "charge" else _refund_id({"refund_id": source})
    available = _seconds(row["available_at"])
    return {
        "id": _booking_id(kind, source),
        "object": "balance_transaction",
        "amount": row["amount"],
        "available_on": available,
        "created": _seconds(row["created_at"]),
        "currency": row["currency"].lower(),
        "description": None,
        "exchange_rate": float(row["exchange_rate"]),
        "fee": row["fee"],
        "fee_details": [_fee(row)] if row["fee"] else [],
        "net": row["net"],
        "reporting_category": CATEGORIES[kind],
        "source": of,
        "status": "available" if available <= _seconds(now) else "pending",
        "type": kind,
    }


def _fee(row: Row) -> Row:
    return {
        "amount": row["fee"],
        "application": None,
        "currency": row["currency"].lower(),
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }


def _turns(row: Row, refunds: list[Row]) -> Iterable[tuple[datetime, str]]:
    """The instants at which a charge changed, each with the event that says so."""
    yield row["created_at"], row["status"]
    if row["status"] == "succeeded":
        for refund in refunds:
            yield refund["created_at"], "refunded"
            if refund["status"] == "failed":
                yield refund["settled_at"], "updated"


def _refund_turns(row: Row) -> Iterable[tuple[datetime, str]]:
    yield row["created_at"], "created"
    settled = row["settled_at"]
    if settled is not None and settled > row["created_at"]:
        yield settled, "failed" if row["status"] == "failed" else "updated"


def _event(kind: str, at: datetime, found: Row) -> Row:
    return {
        "id": f"evt_3{_digest(kind, found['id'], at.isoformat())[:20]}",
        "object": "event",
        "api_version": "2025-09-30.clover",
        "created": _seconds(at),
        "data": {"object": found},
        "livemode": True,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
