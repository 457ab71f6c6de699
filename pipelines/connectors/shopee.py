"""Shopee Open Platform v2: orders with lines and what the seller earns by them; returns; reviews.

Belongs here: the streams, the partner's signature, shops' tokens, and what Shopee's errors mean.
Does not: sending it (`http`), or keeping a token that is good only once (`oauth`).

A list of orders tells their numbers only; their details are asked for in batches, and of those that
were paid also the income, since only that tells which discounts Shopee pays and which the seller.
Reviews cannot be asked for by time: a shop's newest thousand are read whole.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from typing_extensions import override

from pipelines.connectors import health
from pipelines.connectors.epoch import epoch, from_epoch, with_instants
from pipelines.connectors.errors import DeadToken, Decision, Permanent, Rule, Signal
from pipelines.connectors.health import Finding
from pipelines.connectors.http import (
    Answer,
    Client,
    Clock,
    Confidential,
    Platform,
    Request,
    Token,
    status_signal,
)
from pipelines.connectors.oauth import Grant, Renewed, TokenFile
from pipelines.connectors.read import HttpSource, Page, follow
from pipelines.connectors.stream import Account, Stats, Stream, Window
from pipelines.lake.schema import boolean, integer, json, money, nested, schema, text, timestamp

DOCS = "https://open.shopee.com/documents/v2/"
API = "/api/v2/"

SHOP = (text("shop_id", "Shop.", "@account_id", required=True),)
LINE = (
    text("order_item_id", "Line; of a bundle, the same in several lines."),
    text("item_id", "Product."),
    text("item_name", "Product as sold."),
    text("item_sku", "Stock keeping unit of the product."),
    text("model_id", "Variant; 0 for a product without."),
    text("model_name", "Variant as sold."),
    text("model_sku", "Stock keeping unit of the variant."),
    integer("quantity", "Units.", "model_quantity_purchased"),
    money("original_price", "Price of one unit before discounts.", "model_original_price"),
    money(
        "discounted_price", "Price of one unit after its own discount.", "model_discounted_price"
    ),
    text("promotion_type", "Promotion by which it was discounted."),
)
INCOME = (
    money("income_original_price", "All units before discounts.", "income.original_price"),
    money("seller_discount", "Discounts on prices that the seller pays.", "income.seller_discount"),
    money("shopee_discount", "Discounts on prices that Shopee pays.", "income.shopee_discount"),
    money("voucher_from_seller", "Voucher that the seller pays.", "income.voucher_from_seller"),
    money("voucher_from_shopee", "Voucher that Shopee pays.", "income.voucher_from_shopee"),
    money("coins", "Coins of the buyer, which Shopee pays.", "income.coins"),
    money("payment_promotion", "Discount of a bank or Shopee.", "income.payment_promotion"),
    money("buyer_paid_shipping_fee", "Shipping, by the buyer.", "income.buyer_paid_shipping_fee"),
    money("buyer_transaction_fee", "Fee, by the buyer.", "income.buyer_transaction_fee"),
    money("commission_fee", "Shopee's commission.", "income.commission_fee"),
    money("service_fee", "Shopee's fee for services.", "income.service_fee"),
    money("seller_transaction_fee", "Fee of the payment.", "income.seller_transaction_fee"),
    money("escrow_tax", "Tax that Shopee withholds.", "income.escrow_tax"),
    money("escrow_amount", "What the seller is paid out.", "income.escrow_amount"),
)

STREAMS = (
    Stream(
        source="shopee",
        name="orders",
        group="sales",
        description="Orders with lines and income, as they stand after each change.",
        schema=schema(
            *SHOP,
            text("order_sn", "Order.", required=True),
            timestamp("create_time", "When it was placed (UTC).", required=True),
            timestamp("update_time", "Last change (UTC).", required=True),
            timestamp("pay_time", "When it was paid (UTC)."),
            text(
                "order_status",
                "UNPAID, READY_TO_SHIP, PROCESSED, SHIPPED, TO_CONFIRM_RECEIVE, COMPLETED, "
                "IN_CANCEL, CANCELLED, TO_RETURN.",
                required=True,
            ),
            text("region", "Country of the shop."),
            text("currency", "Currency (ISO 4217).", required=True),
            boolean("cod", "Paid on delivery."),
            money("total_amount", "What the buyer pays.", required=True),
            text("payment_method", "Way to pay."),
            text("buyer_user_id", "Buyer."),
            text("cancel_by", "Who cancelled it."),
            text("cancel_reason", "Why."),
            text("country", "Country of the address.", "recipient_address.region"),
            text("province", "Province of the address.", "recipient_address.state"),
            text("city", "City of the address.", "recipient_address.city"),
            nested("item_list", "What was bought.", "", *LINE),
            *INCOME,
            json("income", "All of the income, as Shopee tells it."),
        ),
        key=("order_sn",),
        mode="merge",
        version="update_time",
        day="update_time",
        zone="UTC",
        lookback_days=2,
        slice_days=15,
        totals=("total_amount",),
        url=DOCS + "v2.order.get_order_detail?module=94&type=1",
    ),
    Stream(
        source="shopee",
        name="returns",
        group="sales",
        description="Requests for money back, refused ones too, as they stand after each change.",
        schema=schema(
            *SHOP,
            text("return_sn", "Request.", required=True),
            text("order_sn", "Order.", required=True),
            timestamp("create_time", "When it was made (UTC).", required=True),
            timestamp("update_time", "Last change (UTC).", required=True),
            text(
                "status",
                "REQUESTED, PROCESSING, JUDGING, SELLER_DISPUTE, ACCEPTED, REFUND_PAID, CANCELLED, "
                "CLOSED.",
                required=True,
            ),
            text("currency", "Currency (ISO 4217)."),
            money("refund_amount", "Amount; the buyer has it once accepted.", required=True),
            text("reason", "Reason, by its code."),
            nested(
                "item",
                "What is to come back.",
                "",
                text("item_id", "Product."),
                text("model_id", "Variant."),
                text("item_sku", "Stock keeping unit of the product."),
                text("variation_sku", "Stock keeping unit of the variant."),
                integer("amount", "Units."),
                money("item_price", "Price of one unit."),
            ),
        ),
        key=("return_sn",),
        mode="merge",
        version="update_time",
        day="update_time",
        zone="UTC",
        lookback_days=2,
        slice_days=15,
        totals=("refund_amount",),
        url=DOCS + "v2.returns.get_return_list?module=102&type=1",
    ),
    Stream(
        source="shopee",
        name="product_reviews",
        group="sales",
        description="Reviews of products. Those deleted since are gone on a re-read.",
        schema=schema(
            *SHOP,
            text("comment_id", "Review.", required=True),
            timestamp("create_time", "When it was written (UTC).", required=True),
            text("item_id", "Product."),
            json("model_id_list", "Variants that the reviewer bought, as a list."),
            text("order_sn", "Order by which they were bought."),
            text("buyer_username", "Name under which it was written."),
            text("comment", "Text."),
            integer("rating_star", "Stars, 1 to 5."),
            boolean("hidden", "Not shown to buyers."),
            text("reply", "The shop's answer.", "comment_reply.reply"),
            timestamp("reply_time", "When it answered (UTC).", "comment_reply.create_time"),
            boolean("reply_hidden", "The answer is not shown.", "comment_reply.hidden"),
        ),
        key=("comment_id",),
        mode="replace",
        day="create_time",
        zone="UTC",
        # Buyers may change a review within thirty days.
        lookback_days=30,
        slice_days=90,
        ttl_days=365,
        url=DOCS + "v2.product.get_comment?module=89&type=1",
    ),
)

REMEDY = (
    "Let the seller authorise the app again, and put the refresh token into SHOPEE_REFRESH_TOKEN."
)
PARTNER_REMEDY = "Check SHOPEE_PARTNER_ID and SHOPEE_PARTNER_KEY: live ones, or those of the test."
# The second is how Shopee spells it.
REFUSED_TOKENS = ("invalid_access_token", "invalid_acceess_token", "error_auth", "error_token")
RULES = (
    # Words before codes: Shopee answers error_auth and error_param for very different things.
    Rule(
        Decision.STOP,
        "the request's time is refused",
        says="timestamp",
        remedy="Set this machine's clock by the network (NTP): a signature is good for 5 minutes.",
    ),
    Rule(Decision.ABORT, "the refresh token is refused", says="refresh_token"),
    Rule(Decision.ABORT, "the refresh token is refused", says="refresh token"),
    Rule(
        Decision.ABORT,
        "the partner's credentials are refused",
        code=("error_sign", "invalid_partner_id", "error_partner"),
        remedy=PARTNER_REMEDY,
    ),
    Rule(
        Decision.ABORT,
        "the token is refused",
        code=REFUSED_TOKENS,
    ),
    Rule(
        Decision.STOP,
        "the app lacks a permission",
        code=("error_permission", "no_permission", "error_permission_denied"),
        remedy="Give the app the modules Order, Payment, Product, Returns and Shop, and let the "
        "seller authorise it again.",
    ),
    Rule(
        Decision.STOP,
        "the shop is closed, or not the seller's",
        code=("error_shop", "shop_banned", "error_shop_not_linked", "error_invalid_shop"),
        remedy="Check SHOPEE_SHOPS, and the shop in the Seller Centre.",
    ),
    Rule(
        Decision.WAIT,
        "too many requests",
        code=("error_rate_limit", "error_request_limit", "api_limit_exceeded"),
        wait=2,
    ),
    Rule(
        Decision.RETRY,
        "Shopee is in trouble",
        code=("error_server", "error_inner", "error_network", "error_system_busy", "error_timeout"),
    ),
    Rule(Decision.REREAD, "the page cursor is refused", says="cursor"),
    Rule(Decision.SKIP, "there is no such order", code=("error_not_found", "order_not_found")),
)


def shopee_signal(answer: Answer) -> Signal | None:
    """The error of an answer, which Shopee mostly sends with HTTP 200."""
    body = answer.body if isinstance(answer.body, dict) else {}
    code = str(body.get("error") or "")
    if not code:
        return status_signal(answer)
    # Codes of one API begin with its name: order.order_list_invalid_time.
    message = str(body.get("message") or body.get("msg") or "")
    bare = code.rpartition(".")[2]
    # Whatever the status that it comes with, a refused token is what others call 401: renewed once.
    status = 401 if bare in REFUSED_TOKENS else answer.status
    return Signal(status, bare, message=message, wait=answer.retry_after)


PLATFORM = Platform(name="shopee", rules=RULES, signal=shopee_signal, remedy=REMEDY)

PAGE_SIZE = 100
BATCH = 50
# No more reviews of a shop are listed.
LISTED_REVIEWS = 1000
# What a window may span; a list of a longer one is refused.
SPAN_DAYS = 15
# Without them an order is a number, a status and little else.
DETAILS = (
    "total_amount",
    "pay_time",
    "payment_method",
    "buyer_user_id",
    "recipient_address",
    "item_list",
    "cancel_by",
    "cancel_reason",
)
TIMES = ("create_time", "update_time", "pay_time")
# What no column holds: pictures, words of the buyer, parcels, terms of the sale.
UNWANTED = frozenset(
    (
        "buyer_username",
        "message_to_seller",
        "note",
        "note_update_time",
        "days_to_ship",
        "ship_by_date",
        "reverse_shipping_fee",
        "booking_sn",
        "advance_package",
        "return_request_due_date",
        "image",
        "images",
        "text_reason",
        "user",
        "due_date",
        "tracking_number",
        "needs_logistics",
        "amount_before_discount",
        "return_ship_due_date",
        "return_seller_due_date",
        "negotiation_status",
        "seller_proof_status",
        "seller_compensation_status",
        "return_refund_type",
        "return_solution",
    )
)
UNWANTED_OF_LINES = frozenset(
    (
        "wholesale",
        "weight",
        "add_on_deal",
        "add_on_deal_id",
        "main_item",
        "is_add_on_deal",
        "is_main_item",
        "promotion_id",
        "promotion_group_id",
        "image_info",
        "images",
        "name",
        "product_location_id",
        "is_prescription_item",
        "is_b2c_owned_item",
    )
)
# Pictures and films, whether it may still be changed, and one of `model_id_list`.
UNWANTED_OF_REVIEWS = frozenset(("media", "editable", "model_id"))
PLACES = ("region", "state", "city")


def signature(key: str, partner_id: str, path: str, timestamp: int, *rest: str) -> str:
    """Shopee's signature: of partner, path, time, and what the call stands on.

    A shop's call stands on the access token and the shop; one that gets a token, on nothing more.
    """
    text = "".join((partner_id, path, str(timestamp), *rest))
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Partner:
    """The app that sellers authorise. `base_url` may have a path of its own, such as a proxy's."""

    id: str
    key: str = field(repr=False)
    base_url: str

    def url(self, path: str) -> str:
        """The address of an API path."""
        return f"{self.base_url.rstrip('/')}{API}{path}"

    def proof(self, url: str, now: int, *rest: str) -> dict[str, str]:
        """What the query of a request at that address must carry."""
        path = urlsplit(url).path.removeprefix(urlsplit(self.base_url).path.rstrip("/"))
        signed = signature(self.key, self.id, path, now, *rest)
        return {"partner_id": self.id, "timestamp": str(now), "sign": signed}

    def login(
        self,
        shop_id: str,
        refresh_token: str,
        store: TokenFile | None,
        stats: Stats,
        clock: Clock | None,
    ) -> Renewed:
        """Access tokens of one shop, each good for four hours, and each refresh token good once."""
        carried = Confidential({self.key})
        client = Client(PLATFORM, carried, stats=stats, clock=clock)

        def exchange(refresh: str) -> Grant:
            carried.values.add(refresh)
            url, now = self.url("auth/access_token/get"), client.clock.now()
            told = client.send(
                Request(
                    url,
                    dict(self.proof(url, epoch(now))),
                    body={
                        "partner_id": int(self.id),
                        "shop_id": int(shop_id),
                        "refresh_token": refresh,
                    },
                )
            ).body
            return Grant(
                str(told["access_token"]),
                now + timedelta(seconds=int(told["expire_in"])),
                str(told["refresh_token"]),
            )

        return Renewed(exchange, refresh_token, clock=client.clock, store=store)


@dataclass(frozen=True)
class Seller:
    """A signer: the partner by its signature, the shop by its token within that."""

    partner: Partner
    shop_id: str
    token: Token
    clock: Clock

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with the shop, its token, the time and the signature over all of them."""
        # The token's own header is not Shopee's way: it goes into the query, and the signature.
        bare = requests.PreparedRequest()
        bare.prepare_headers(None)
        access = str(self.token.sign(bare).headers[self.token.header])
        url = str(request.url)
        proof = self.partner.proof(url, epoch(self.clock.now()), access, self.shop_id)
        request.prepare_url(url, {"access_token": access, "shop_id": self.shop_id, **proof})
        return request

    def renew(self) -> bool:
        """Give the refused token up; whether there can be another."""
        return self.token.renew()

    def secrets(self) -> Iterable[str]:
        """The partner's key and every token used."""
        return (self.partner.key, *self.token.secrets())


@dataclass(frozen=True)
class Cursor:
    """Paging of orders and reviews by a cursor."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The page that the cursor stands for, where there is more."""
        told = body.get("response") or {}
        return request.with_params(cursor=told["next_cursor"]) if told.get("more") else None

    def smaller(self, request: Request) -> Request | None:
        """The request for pages of half the size."""
        size = int(request.params["page_size"]) // 2
        return request.with_params(page_size=size) if size else None


@dataclass(frozen=True)
class Numbered:
    """Paging of returns by page number, from 0."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The next page, where there is more."""
        told = body.get("response") or {}
        following = int(request.params["page_no"]) + 1
        return request.with_params(page_no=following) if told.get("more") else None

    def smaller(self, request: Request) -> Request | None:
        """The same rows in pages of half the size."""
        size, page = int(request.params["page_size"]), int(request.params["page_no"])
        half = size // 2
        return request.with_params(page_size=half, page_no=page * size // half) if half else None


class Shopee(HttpSource):
    """Shops whose sellers authorised the app, each with a token of its own."""

    name = "shopee"
    streams: tuple[Stream, ...] = STREAMS
    api_version = "v2"

    def __init__(
        self,
        partner: Partner,
        logins: Mapping[str, Renewed],
        *,
        stats: Stats,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(tuple(logins), stats)
        self._partner = partner
        self._logins = logins
        self._clients = {
            shop: Client(
                PLATFORM,
                Seller(partner, shop, Token(login, scheme=""), clock or Clock()),
                stats=stats,
                clock=clock,
            )
            for shop, login in logins.items()
        }

    @override
    def describe(self, account_id: str) -> Account:
        """The shop with its name. What changes is read by UTC instants, whatever its zone is."""
        shop = self._clients[account_id].get(self._partner.url("shop/get_shop_info"))
        return Account(account_id, name=str(shop.get("shop_name") or ""))

    def health(self, account: Account) -> list[Finding]:
        """When the token and the seller's authorisation end, and whether the clocks agree."""
        found = self._logins[account.id].health(REMEDY)
        client = self._clients[account.id]
        answer = client.send(Request(self._partner.url("shop/get_shop_info")))
        now = client.clock.now()
        if ends := from_epoch(answer.body.get("expire_time")):
            found.append(health.expiry("authorisation", ends, now, REMEDY))
        return [*found, health.clock(answer.headers, now)]

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """What changed in the window, in spans that Shopee allows."""
        if stream.name == "product_reviews":
            yield from self._reviews(account, window)
            return
        read = self._orders if stream.name == "orders" else self._returns
        for part in window.slices(SPAN_DAYS):
            yield from read(account, part)

    def _orders(self, account: Account, window: Window) -> Iterator[Page]:
        request = Request(
            self._partner.url("order/get_order_list"),
            {
                "time_range_field": "update_time",
                "time_from": epoch(window.start),
                # Shopee counts its end in.
                "time_to": epoch(window.end) - 1,
                "page_size": PAGE_SIZE,
                "cursor": "",
            },
        )
        for body in follow(self._clients[account.id], request, Cursor()):
            numbers = [str(order["order_sn"]) for order in body["response"]["order_list"]]
            for start in range(0, len(numbers), BATCH):
                yield self._details(account, numbers[start : start + BATCH])

    def _details(self, account: Account, numbers: Sequence[str]) -> Page:
        """Those orders whole, and of the paid ones the income."""
        told = self._clients[account.id].get(
            self._partner.url("order/get_order_detail"),
            order_sn_list=",".join(numbers),
            response_optional_fields=",".join(DETAILS),
        )
        orders: list[dict[str, Any]] = told["response"]["order_list"]
        lacking = sorted(set(numbers) - {str(order.get("order_sn")) for order in orders})
        missing = [f"order {number}: Shopee lists it and does not tell more" for number in lacking]
        paid = [str(order["order_sn"]) for order in orders if order.get("pay_time")]
        income: dict[str, Any] = {}
        if paid:
            try:
                income = self._income(account, paid)
            except DeadToken:
                raise
            except Permanent as error:
                missing.append(f"income of orders: {error.reason}")
        records = [_order(order, income.get(str(order.get("order_sn")))) for order in orders]
        return Page(records, tuple(missing))

    def _income(self, account: Account, numbers: Sequence[str]) -> dict[str, Any]:
        """The income of those orders, by number."""
        request = Request(
            self._partner.url("payment/get_escrow_detail_batch"),
            body={"order_sn_list": list(numbers)},
        )
        told = self._clients[account.id].send(request).body["response"] or ()
        details = [each["escrow_detail"] for each in told]
        return {str(each["order_sn"]): each.get("order_income") for each in details}

    def _returns(self, account: Account, window: Window) -> Iterator[Page]:
        request = Request(
            self._partner.url("returns/get_return_list"),
            {
                "page_no": 0,
                "page_size": PAGE_SIZE,
                "update_time_from": epoch(window.start),
                "update_time_to": epoch(window.end) - 1,
            },
        )
        for body in follow(self._clients[account.id], request, Numbered()):
            told = body["response"].get("return") or []
            yield Page([_bare(with_instants(each, TIMES), "item") for each in told])

    def _reviews(self, account: Account, window: Window) -> Iterator[Page]:
        """The window's reviews among those that are listed, which may not reach back to it."""
        request = Request(
            self._partner.url("product/get_comment"), {"cursor": "", "page_size": PAGE_SIZE}
        )
        listed, reach = 0, window.end
        for body in follow(self._clients[account.id], request, Cursor()):
            told = body["response"].get("item_comment_list") or []
            written = [from_epoch(each.get("create_time")) for each in told]
            listed += len(told)
            reach = min((reach, *(moment for moment in written if moment)))
            yield Page(
                [
                    _review(each)
                    for each, moment in zip(told, written, strict=True)
                    if moment is None or window.start <= moment < window.end
                ]
            )
        if listed >= LISTED_REVIEWS and reach > window.start:
            yield Page(
                [], (f"reviews before {reach:%Y-%m-%d}: Shopee lists the newest {listed:,}",)
            )


def _order(order: Mapping[str, Any], income: Any) -> dict[str, Any]:
    """An order with instants in words, places instead of an address, and its income."""
    told = _bare(with_instants(dict(order), TIMES), "item_list")
    address = order.get("recipient_address") or {}
    told["recipient_address"] = {name: address.get(name) or None for name in PLACES}
    told["income"] = income
    return told


def _review(review: Mapping[str, Any]) -> dict[str, Any]:
    """A review and its answer with instants in words."""
    told = {name: value for name, value in review.items() if name not in UNWANTED_OF_REVIEWS}
    answer = review.get("comment_reply")
    if isinstance(answer, Mapping):
        told["comment_reply"] = with_instants(dict(answer), TIMES)
    return with_instants(told, TIMES)


def _bare(record: Mapping[str, Any], lines: str) -> dict[str, Any]:
    """The record without what no column holds; its lines likewise."""
    told = {name: value for name, value in record.items() if name not in UNWANTED}
    if isinstance(told.get(lines), list):
        told[lines] = [
            {name: value for name, value in line.items() if name not in UNWANTED_OF_LINES}
            if isinstance(line, Mapping)
            else line
            for line in told[lines]
        ]
    return told


def shopee(
    partner_id: str,
    partner_key: str,
    refresh_tokens: Mapping[str, str],
    *,
    base_url: str,
    stores: Mapping[str, TokenFile] | None = None,
    clock: Clock | None = None,
) -> Shopee:
    """The source with a partner's id and key and the first refresh token of each shop.

    `stores` keep the newest tokens between processes: without, a restart would spend a token that
    is spent already.
    """
    numbers = (partner_id, *refresh_tokens)
    if wrong := [number for number in numbers if not number.isdigit()]:
        raise Permanent(
            f"{wrong[0]!r} is no number of Shopee's",
            remedy="Check SHOPEE_PARTNER_ID and SHOPEE_SHOPS.",
        )
    stats, kept = Stats(), stores or {}
    partner = Partner(partner_id, partner_key, base_url)
    logins = {
        shop: partner.login(shop, token, kept.get(shop), stats, clock)
        for shop, token in refresh_tokens.items()
    }
    return Shopee(partner, logins, stats=stats, clock=clock)
