"""Stripe: charges and refunds with what became of them, and what they left in the balance.

Belongs here: the streams, how Stripe is asked for them, its minor units, and what its errors mean.
Does not: sending it (`http`) or the loop over pages (`read`).

Stripe lists by creation only. What changed later is told by its events, and those are kept for
thirty days: a window within them is read by its events and its creations, an older one by what was
created in it or in the half year before, as that stands now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from typing_extensions import override

from pipelines.connectors import health
from pipelines.connectors.errors import DeadToken, Decision, Permanent, Rule, Signal
from pipelines.connectors.health import Finding, State
from pipelines.connectors.http import Answer, Client, Clock, Platform, Request, Token, status_signal
from pipelines.connectors.read import HttpSource, Page, follow
from pipelines.connectors.stream import Account, Stats, Stream, Window
from pipelines.lake.schema import (
    boolean,
    email,
    json,
    money,
    nested,
    number,
    schema,
    text,
    timestamp,
)

DOCS = "https://docs.stripe.com/api/"

ACCOUNT = (text("account", "Account: acct_….", "@account_id", required=True),)
# Charges and refunds carry the order that they are of in their metadata, put there by the shop.
ORDER = (
    text("order_id", "Order of the shop, by the metadata.", "metadata.order_id"),
    text("site_url", "Site of the shop, by the metadata.", "metadata.site_url"),
    json("metadata", "What else the shop noted; no names."),
)
SEEN = timestamp(
    "seen_at",
    "Since when it has stood so (UTC): the event's instant; of what was listed, its creation, or "
    "the window's beginning where that is later.",
    required=True,
)

STREAMS = (
    Stream(
        source="stripe",
        name="charges",
        group="sales",
        description="Charges, failed ones too, as they stood after each change.",
        schema=schema(
            *ACCOUNT,
            text("id", "Charge.", required=True),
            timestamp("created_at", "When it was made (UTC).", "created", required=True),
            SEEN,
            text("status", "succeeded, pending or failed.", required=True),
            text("currency", "Currency that the buyer pays (ISO 4217).", required=True),
            money("amount", "Amount asked for.", required=True),
            money("amount_captured", "Amount captured."),
            money("amount_refunded", "Amount refunded so far, pending refunds included."),
            boolean("paid", "It went through, or is authorised."),
            boolean("captured", "It has been captured."),
            boolean("refunded", "It has been refunded wholly."),
            boolean("disputed", "The buyer disputes it."),
            boolean("livemode", "True for real money."),
            text("payment_intent", "Payment intent of the attempt."),
            text("balance_transaction", "Its booking in the balance."),
            text("failure_balance_transaction", "The booking that took it back, if it failed."),
            text("customer", "Customer at Stripe."),
            text("failure_code", "Why it failed."),
            text("payment_method_type", "card, customer_balance…", "payment_method_details.type"),
            text("card_brand", "visa, mastercard…", "payment_method_details.card.brand"),
            text("card_country", "Country of the card.", "payment_method_details.card.country"),
            email("email", "Address of the billing details.", "billing_details.email"),
            *ORDER,
        ),
        key=("id",),
        mode="merge",
        version="seen_at",
        day="seen_at",
        zone="UTC",
        lookback_days=2,
        slice_days=400,
        totals=("amount",),
        url=DOCS + "charges",
    ),
    Stream(
        source="stripe",
        name="refunds",
        group="sales",
        description="Refunds, pending and failed ones too, as they stood after each change.",
        schema=schema(
            *ACCOUNT,
            text("id", "Refund.", required=True),
            timestamp("created_at", "When it was made (UTC).", "created", required=True),
            SEEN,
            text(
                "status",
                "succeeded, pending, requires_action, failed or canceled; money is back only "
                "once succeeded.",
                required=True,
            ),
            text("currency", "Currency that the buyer paid (ISO 4217).", required=True),
            money("amount", "Amount.", required=True),
            text("charge", "Charge that it is of."),
            text("payment_intent", "Payment intent that it is of."),
            text("balance_transaction", "Its booking in the balance."),
            text("failure_balance_transaction", "The booking that took it back, if it failed."),
            text("failure_reason", "Why it failed."),
            text("reason", "duplicate, fraudulent, requested_by_customer or expired."),
            *ORDER,
        ),
        key=("id",),
        mode="merge",
        version="seen_at",
        day="seen_at",
        zone="UTC",
        lookback_days=2,
        slice_days=400,
        totals=("amount",),
        url=DOCS + "refunds",
    ),
    Stream(
        source="stripe",
        name="balance_transactions",
        group="sales",
        description="Bookings in the balance: amounts, fees and net, in the settlement currency.",
        schema=schema(
            *ACCOUNT,
            text("id", "Booking.", required=True),
            timestamp("created_at", "When it was booked (UTC).", "created", required=True),
            timestamp("available_at", "When it can be paid out (UTC).", "available_on"),
            text("type", "charge, refund, refund_failure, payout, stripe_fee, adjustment…"),
            text("reporting_category", "The same in fewer words, for accounting."),
            text("source", "What it is of: charge, refund, payout…"),
            text("status", "available or pending."),
            text("currency", "Settlement currency (ISO 4217).", required=True),
            money("amount", "Amount before fees; negative for what went out.", required=True),
            money("fee", "Fees."),
            money("net", "amount − fee."),
            number("exchange_rate", "Units of it for one of the buyer's currency, if they differ."),
            nested(
                "fee_details",
                "What the fee is made of.",
                "",
                text("type", "stripe_fee, application_fee, tax…"),
                money("amount", "Amount."),
                text("currency", "Currency."),
                text("description", "In words."),
            ),
        ),
        key=("id",),
        mode="replace",
        day="created_at",
        zone="UTC",
        lookback_days=8,
        slice_days=30,
        totals=("amount", "fee", "net"),
        url=DOCS + "balance_transactions",
    ),
)

REMEDY = "Put a key that may read into STRIPE_API_KEY."
RULES = (
    Rule(
        Decision.STOP,
        "the key lacks a permission",
        status=(403,),
        remedy="Let the restricted key read charges and refunds, balance and events.",
    ),
    Rule(Decision.ABORT, "the key has expired", code=("api_key_expired",)),
    Rule(Decision.RETRY, "the object is locked", code=("lock_timeout",)),
    Rule(Decision.WAIT, "too many requests", code=("rate_limit",), wait=2),
    Rule(
        Decision.REREAD,
        "the place in the list is gone",
        code=("resource_missing",),
        subcode=("starting_after",),
    ),
    Rule(
        Decision.STOP,
        "the account is not the key's",
        code=("account_invalid",),
        remedy="Check STRIPE_ACCOUNTS.",
    ),
    Rule(
        Decision.STOP,
        "Stripe does not know this API version",
        status=(400,),
        says="api version",
        remedy="Set STRIPE_API_VERSION to a version that the account may use.",
    ),
)


def stripe_signal(answer: Answer) -> Signal | None:
    """The error of an answer, by its code or else its type."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if answer.status < 300 or not isinstance(error, dict):
        return status_signal(answer)
    return Signal(
        answer.status,
        str(error.get("code") or error.get("type") or ""),
        str(error.get("param") or ""),
        str(error.get("message") or ""),
        answer.retry_after,
    )


PLATFORM = Platform("stripe", RULES, stripe_signal, remedy=REMEDY)

PAGE_SIZE = 100
# Events are kept so long; a day less is asked for, so that none ends while it is read.
RETENTION = timedelta(days=29)
# Events of the last moments may still be on their way.
LAG = timedelta(minutes=1)
# Card payments can be refunded and disputed for about half a year.
REACH = timedelta(days=180)

# By https://docs.stripe.com/currencies. ISK and UGX have no decimals, but two on the wire.
ZERO_DECIMAL = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


@dataclass(frozen=True)
class Resource:
    """How a stream is listed, which events tell of its changes, and which amounts it has."""

    path: str
    events: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ("amount",)
    instants: tuple[str, ...] = ("created",)
    expandable: tuple[str, ...] = ()


RESOURCES = {
    "charges": Resource(
        "charges",
        events=(
            "charge.succeeded",
            "charge.failed",
            "charge.pending",
            "charge.captured",
            "charge.updated",
            "charge.refunded",
            "charge.expired",
        ),
        amounts=("amount", "amount_captured", "amount_refunded"),
        expandable=(
            "payment_intent",
            "balance_transaction",
            "failure_balance_transaction",
            "customer",
        ),
    ),
    "refunds": Resource(
        "refunds",
        # Accounts on versions before 2024-10-28 get the last of these only.
        events=("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"),
        expandable=(
            "charge",
            "payment_intent",
            "balance_transaction",
            "failure_balance_transaction",
        ),
    ),
    "balance_transactions": Resource(
        "balance_transactions",
        amounts=("amount", "fee", "net"),
        instants=("created", "available_on"),
        expandable=("source",),
    ),
}
# What no column holds: who the buyer is, what Stripe shows to whom, and how it got there.
UNWANTED = frozenset(
    [
        "object",
        "application",
        "application_fee",
        "application_fee_amount",
        "balance_type",
        "billing_details",
        "calculated_statement_descriptor",
        "description",
        "destination_details",
        "failure_message",
        "fraud_details",
        "instructions_email",
        "invoice",
        "next_action",
        "on_behalf_of",
        "outcome",
        "payment_method",
        "payment_method_details",
        "pending_reason",
        "presentment_details",
        "radar_options",
        "receipt_email",
        "receipt_number",
        "receipt_url",
        "refunds",
        "review",
        "shipping",
        "source_transfer",
        "source_transfer_reversal",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer",
        "transfer_data",
        "transfer_group",
        "transfer_reversal",
    ]
)
PERSONAL_NOTES = ("name", "address", "ip")


@dataclass(frozen=True)
class Cursor:
    """Paging by the last object of a page, newest first."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The page after this one's last object, where there are more."""
        if not body.get("has_more") or not body["data"]:
            return None
        return request.with_params(starting_after=body["data"][-1]["id"])

    def smaller(self, request: Request) -> Request | None:
        """The same page with half as many objects."""
        limit = int(request.params["limit"]) // 2
        return request.with_params(limit=limit) if limit else None


class Stripe(HttpSource):
    """Accounts, each with its own key."""

    name = "stripe"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(
        self,
        keys: Mapping[str, str],
        *,
        base_url: str,
        version: str,
        clock: Clock | None = None,
    ) -> None:
        stats = Stats()
        super().__init__(tuple(keys), stats)
        self._clients = {
            account: Client(
                PLATFORM,
                Token.fixed(key),
                stats=stats,
                clock=clock,
                headers={"Stripe-Version": version},
            )
            for account, key in keys.items()
        }
        self._root = f"{base_url.rstrip('/')}/v1"
        self.api_version = version

    @override
    def describe(self, account_id: str) -> Account:
        """The account with its currency, where the key may tell it; days are closed in UTC."""
        try:
            about = self._clients[account_id].get(f"{self._root}/account")
        except DeadToken:
            raise
        except Permanent:
            # A restricted key need not be let see the account: nothing depends on it.
            return Account(account_id)
        if about["id"] != account_id:
            raise Permanent(
                f"the key is {about['id']}'s",
                remedy="Write STRIPE_API_KEY as acct_…:key,…, or check STRIPE_ACCOUNTS.",
            )
        profile = about.get("business_profile") or {}
        currency = str(about.get("default_currency") or "").upper()
        return Account(account_id, "UTC", currency, str(profile.get("name") or ""))

    def health(self, account: Account) -> list[Finding]:
        """The clock, and whether the key opens real payments."""
        client = self._clients[account.id]
        answer = client.send(Request(f"{self._root}/charges", {"limit": 1}))
        found = [health.clock(answer.headers, client.clock.now())]
        if any(not charge.get("livemode", True) for charge in answer.body["data"]):
            detail = "opens the test mode: these payments are no money"
            found.append(Finding("key", State.WARN, detail, "Put a live key into STRIPE_API_KEY."))
        return found

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The stream's objects of the window, each once, in its newest state of these days."""
        known: set[str] = set()
        for records in self._read(stream, account, window):
            fresh = [record for record in records if record["id"] not in known]
            # The newest state comes first, and is the one that stands.
            unique = {record["id"]: record for record in reversed(fresh)}
            known.update(unique)
            yield Page(list(unique.values()))

    def _read(
        self, stream: Stream, account: Account, window: Window
    ) -> Iterator[list[dict[str, Any]]]:
        now = self._clients[account.id].clock.now()
        end = min(window.end, now - LAG)
        kept_since = _midnight_after(now - RETENTION)
        resource = RESOURCES[stream.name]
        if not resource.events:
            yield from self._listed(account, resource, window.start, end, window.start)
            return
        recent = max(window.start, kept_since)
        if recent < end:
            yield from self._changed(account, resource, recent, end)
            yield from self._listed(account, resource, recent, end, recent)
        if window.start < kept_since:
            end = min(end, kept_since)
            yield from self._listed(account, resource, window.start - REACH, end, window.start)

    def _changed(
        self, account: Account, resource: Resource, start: datetime, end: datetime
    ) -> Iterator[list[dict[str, Any]]]:
        """What the events of that span tell, newest first.

        An event holds its object as the account's own API version words it, not as the version
        that was asked for: none of the fields that are read here differs between them.
        """
        types = {f"types[{place}]": name for place, name in enumerate(resource.events)}
        for events in self._objects(account, "events", start, end, **types):
            yield [_record(event["data"]["object"], resource, event["created"]) for event in events]

    def _listed(
        self,
        account: Account,
        resource: Resource,
        start: datetime,
        end: datetime,
        seen_since: datetime,
    ) -> Iterator[list[dict[str, Any]]]:
        """What was created in that span, as it stands now."""
        since = int(seen_since.timestamp())
        for objects in self._objects(account, resource.path, start, end):
            yield [_record(each, resource, max(since, each["created"])) for each in objects]

    def _objects(
        self, account: Account, path: str, start: datetime, end: datetime, **params: str
    ) -> Iterator[list[dict[str, Any]]]:
        request = Request(
            f"{self._root}/{path}",
            {
                **params,
                "created[gte]": int(start.timestamp()),
                "created[lt]": int(end.timestamp()),
                "limit": PAGE_SIZE,
            },
        )
        for body in follow(self._clients[account.id], request, Cursor()):
            yield body["data"]


def _midnight_after(moment: datetime) -> datetime:
    """The first midnight (UTC) that is not before that moment."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == moment else midnight + timedelta(days=1)


def _record(found: Mapping[str, Any], resource: Resource, seen: Any) -> dict[str, Any]:
    """An object of Stripe's in major units, with ids in place of objects and without names."""
    currency = str(found.get("currency", "")).upper()
    record = {name: value for name, value in found.items() if name not in UNWANTED}
    record["currency"] = currency or None
    record["seen_at"] = _instant(seen)
    for name in resource.instants:
        record[name] = _instant(found.get(name))
    for name in resource.amounts:
        record[name] = _major(found.get(name), currency)
    for name in resource.expandable:
        record[name] = _id(found.get(name))
    if resource.path == "balance_transactions":
        del record["seen_at"]
        record["fee_details"] = [
            {
                "type": fee.get("type"),
                "amount": _major(fee.get("amount"), str(fee.get("currency", currency)).upper()),
                "currency": str(fee.get("currency", "")).upper(),
                "description": fee.get("description"),
            }
            for fee in found.get("fee_details") or []
        ]
    else:
        record["metadata"] = _notes(found.get("metadata") or {})
    if resource.path == "charges":
        # What the buyer paid with was a source once, and is the same again below.
        record.pop("source", None)
        record["billing_details"] = {"email": (found.get("billing_details") or {}).get("email")}
        record["payment_method_details"] = _method(found.get("payment_method_details") or {})
    return record


def _method(details: Mapping[str, Any]) -> dict[str, Any]:
    card = details.get("card") or {}
    kept = {"brand": card.get("brand"), "country": card.get("country")}
    return {"type": details.get("type"), "card": kept}


def _notes(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata without what names a person; addresses are hashed where they land."""
    return {
        key: value
        for key, value in metadata.items()
        if not set(PERSONAL_NOTES) & set(key.lower().split("_"))
    }


def _id(value: Any) -> Any:
    """The id of an expandable field, which holds it or the whole object."""
    return value.get("id") if isinstance(value, Mapping) else value


def _instant(seconds: Any) -> Any:
    """Epoch seconds as an instant; what is none stays, to be seen in quarantine."""
    if isinstance(seconds, int) and not isinstance(seconds, bool):
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    return seconds


def _major(minor: Any, currency: str) -> str | None:
    """An amount in major units. What is no whole number of minor ones is no amount."""
    if minor is None:
        return None
    if not isinstance(minor, int) or isinstance(minor, bool):
        return f"not minor units: {minor}"
    places = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    return str(Decimal(minor).scaleb(-places))
