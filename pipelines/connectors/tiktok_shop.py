"""TikTok Shop (and Tokopedia, which it took in): orders with lines, returns, cancellations.

Belongs here: the streams, the signature, shops and their ciphers, what the API's codes mean. Does
not: advertising for a shop (`tiktok_ads`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from typing_extensions import override

from pipelines.connectors import health
from pipelines.connectors.epoch import epoch, from_epoch, with_instants
from pipelines.connectors.errors import Decision, Gone, Rule, Signal
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
from pipelines.lake.schema import (
    Field,
    boolean,
    email,
    json,
    money,
    nested,
    schema,
    text,
    timestamp,
)

DOCS = "https://partner.tiktokshop.com/docv2/page/"

SHOP = (text("shop_id", "Shop.", "@account_id", required=True),)
MADE = timestamp("create_time", "When it was made (UTC).", required=True)
CHANGED = timestamp("update_time", "Last change (UTC).", required=True)

LINE = (
    text("id", "Line: one unit of a product."),
    text("sku_id", "Variant."),
    text("product_id", "Product."),
    text("seller_sku", "Stock keeping unit."),
    text("product_name", "Product as sold."),
    text("sku_name", "Variant as sold."),
    text("sku_type", "Kind of variant."),
    text("currency", "Currency (ISO 4217)."),
    money("original_price", "Price before discounts."),
    money("sale_price", "What the buyer pays for it."),
    money("seller_discount", "Discount that the seller pays."),
    money("platform_discount", "Discount that TikTok pays."),
    text("display_status", "Status of the line."),
    boolean("is_gift", "A gift, not a sale."),
)


def _refund(levels: str = "refund_amount") -> tuple[Field, ...]:
    return (
        text("refund_currency", "Currency (ISO 4217).", f"{levels}.currency"),
        money("refund_total", "Money that goes back to the buyer.", f"{levels}.refund_total"),
        money("refund_subtotal", "For goods.", f"{levels}.refund_subtotal"),
        money("refund_shipping_fee", "For shipping.", f"{levels}.refund_shipping_fee"),
        money("refund_tax", "For tax.", f"{levels}.refund_tax"),
    )


def _changing(name: str, key: str, description: str, *fields: Field, totals: str) -> Stream:
    return Stream(
        source="tiktok_shop",
        name=name,
        group="sales",
        description=description,
        schema=schema(*SHOP, text(key, "Its number.", required=True), MADE, CHANGED, *fields),
        key=(key,),
        mode="merge",
        version="update_time",
        day="update_time",
        zone="UTC",
        lookback_days=2,
        slice_days=15,
        totals=(totals,),
        url=DOCS,
    )


STREAMS = (
    _changing(
        "orders",
        "id",
        "Orders with a line for each unit. Buyers' names and addresses are masked by TikTok.",
        text("status", "UNPAID, AWAITING_SHIPMENT… COMPLETED or CANCELLED."),
        timestamp("paid_time", "When it was paid (UTC)."),
        timestamp("rts_time", "When it was handed over to be sent (UTC)."),
        timestamp("delivery_time", "When it arrived (UTC)."),
        timestamp("cancel_time", "When it was cancelled (UTC)."),
        text("cancel_reason", "Why it was cancelled."),
        text("cancellation_initiator", "Who cancelled it: BUYER, SELLER or SYSTEM."),
        text("commerce_platform", "TIKTOK_SHOP or TOKOPEDIA."),
        boolean("is_sample_order", "A free sample, not a sale."),
        boolean("is_replacement_order", "Sent in place of another."),
        boolean("is_cod", "Paid on delivery."),
        text("payment_method_name", "How it is paid."),
        text("fulfillment_type", "Who sends it: the seller or TikTok."),
        text("shipping_type", "Whose shipping it is."),
        text("user_id", "Buyer, as TikTok numbers them for this shop."),
        email("buyer_email", "Address under which TikTok forwards to the buyer."),
        text("country_code", "Country of the recipient.", "recipient_address.region_code"),
        text("province", "Province of the recipient.", "recipient_address.province"),
        text("city", "City of the recipient.", "recipient_address.city"),
        text("currency", "Currency (ISO 4217).", "payment.currency", required=True),
        money(
            "original_total_product_price",
            "Goods before discounts.",
            "payment.original_total_product_price",
        ),
        money("sub_total", "Goods after discounts.", "payment.sub_total"),
        money("seller_discount", "Discounts that the seller pays.", "payment.seller_discount"),
        money("platform_discount", "Discounts that TikTok pays.", "payment.platform_discount"),
        money("shipping_fee", "Shipping that the buyer pays.", "payment.shipping_fee"),
        money(
            "original_shipping_fee", "Shipping before discounts.", "payment.original_shipping_fee"
        ),
        money(
            "shipping_fee_seller_discount",
            "Of shipping, what the seller pays.",
            "payment.shipping_fee_seller_discount",
        ),
        money(
            "shipping_fee_platform_discount",
            "Of shipping, what TikTok pays.",
            "payment.shipping_fee_platform_discount",
        ),
        money("tax", "Tax on top of prices.", "payment.tax"),
        money("total_amount", "What the buyer pays.", "payment.total_amount", required=True),
        nested("line_items", "What was bought, unit by unit.", "line_items", *LINE),
        totals="total_amount",
    ),
    _changing(
        "returns",
        "return_id",
        "Refunds asked for after delivery, with or without the goods sent back.",
        text("order_id", "Order.", required=True),
        text("return_type", "REFUND, RETURN_AND_REFUND or REPLACEMENT."),
        text("return_status", "Where it stands; …_COMPLETE once the money is back."),
        text("return_reason", "Reason, as a key."),
        text("return_reason_text", "Reason in words."),
        text("role", "Who asked: BUYER, SELLER, OPERATOR or SYSTEM."),
        *_refund(),
        json("discount_amount", "Discounts on what is returned, by who pays."),
        json("shipping_fee_amount", "Cost of sending it back, by who pays."),
        nested(
            "return_line_items",
            "What is returned.",
            "return_line_items",
            text("id", "Line of the return.", "return_line_item_id"),
            text("order_line_item_id", "Line of the order."),
            text("sku_id", "Variant."),
            *_refund(),
        ),
        totals="refund_total",
    ),
    _changing(
        "cancellations",
        "cancel_id",
        "Cancellations before delivery; a paid order's money goes back by its cancellation.",
        text("order_id", "Order.", required=True),
        text("cancel_type", "CANCEL by the seller or TikTok, BUYER_CANCEL."),
        text("cancel_status", "Where it stands; …_COMPLETE once it is done."),
        text("cancel_reason", "Reason, as a key."),
        text("cancel_reason_text", "Reason in words."),
        text("role", "Who asked: BUYER, SELLER, OPERATOR or SYSTEM."),
        *_refund(),
        nested(
            "cancel_line_items",
            "What is cancelled.",
            "cancel_line_items",
            text("id", "Line of the cancellation.", "cancel_line_item_id"),
            text("order_line_item_id", "Line of the order."),
            text("sku_id", "Variant."),
            *_refund(),
        ),
        totals="refund_total",
    ),
)


@dataclass(frozen=True)
class Search:
    """An endpoint that lists what changed between two instants: its path around the version."""

    api: str
    path: str
    records: str
    page_size: int


READS = {
    "orders": Search("order", "orders/search", "orders", 100),
    "returns": Search("return_refund", "returns/search", "return_orders", 50),
    "cancellations": Search("return_refund", "cancellations/search", "cancellations", 50),
}
TIMES = (
    "create_time",
    "update_time",
    "paid_time",
    "rts_time",
    "delivery_time",
    "cancel_time",
)
# Masked or not, who receives a parcel is nobody's business here; of the address only places stay.
PLACES = {"L1": "province", "L2": "city"}
# Addresses of pictures are signed anew for each answer, and would make every order a changed one.
FURNITURE = frozenset({"sku_image", "product_image", "return_images", "return_warehouse_address"})

SETTING = "TIKTOK_SHOP_REFRESH_TOKEN"
REMEDY = f"Let the seller authorise the app again and put its refresh token into {SETTING}."
APP_REMEDY = "Check TIKTOK_SHOP_APP_KEY and TIKTOK_SHOP_APP_SECRET, and this machine's clock."
RULES = (
    Rule(
        Decision.ABORT,
        "the token is refused",
        code=(
            "105000",
            "105001",
            "105002",
            "105003",
            "36009004",
            "36004001",
            "36004005",
        ),
    ),
    Rule(
        Decision.ABORT,
        "the signature is refused",
        code=("106001", "10008", "106000", "36009005"),
        remedy=APP_REMEDY,
    ),
    Rule(
        Decision.STOP,
        "the token lacks a permission",
        code=("105005", "36009010"),
        remedy="Give the app the scopes for orders, returns and authorised shops, and let the "
        "seller authorise it again.",
    ),
    Rule(
        Decision.STOP,
        "the shop is not the seller's, or is closed",
        code=("12000000", "21008111", "36009043", "36009044"),
        remedy="Check TIKTOK_SHOP_IDS, and the shop in the Seller Center.",
    ),
    Rule(Decision.WAIT, "too many requests", code=("36009002", "12052109"), wait=2),
    Rule(
        Decision.RETRY,
        "TikTok Shop is in trouble",
        code=("36009003", "10006402", "10002014", "10002015", "10037002", "10037003", "10037004"),
    ),
    Rule(Decision.REREAD, "the page token is refused", says="page_token"),
    Rule(Decision.REREAD, "the page token is refused", says="page token"),
    Rule(Decision.ABORT, "the app is refused", says="app_secret", remedy=APP_REMEDY),
    Rule(Decision.ABORT, "the token is refused", says="refresh token"),
    Rule(
        Decision.STOP,
        "there is no such address",
        code=("36009009",),
        remedy="Check TIKTOK_SHOP_BASE_URL and TIKTOK_SHOP_API_VERSION.",
    ),
)


def tiktok_shop_signal(answer: Answer) -> Signal | None:
    """The code of an answer, whatever its HTTP status."""
    body = answer.body if isinstance(answer.body, dict) else {}
    code = body.get("code")
    if code is None or code == 0:
        return status_signal(answer)
    message = str(body.get("message", ""))
    return Signal(answer.status, str(code), message=message, wait=answer.retry_after)


PLATFORM = Platform(name="tiktok_shop", rules=RULES, signal=tiktok_shop_signal, remedy=REMEDY)


def signature(secret: str, path: str, query: Iterable[tuple[str, str]], body: bytes) -> str:
    """TikTok Shop's signature of a request.

    The secret encloses the path, then each parameter but the signature and the token as name and
    value in order of names, then the body.
    """
    signed = sorted((name, value) for name, value in query if name not in ("sign", "access_token"))
    told = path + "".join(name + value for name, value in signed)
    enclosed = secret.encode() + told.encode() + body + secret.encode()
    return hmac.new(secret.encode(), enclosed, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Seller:
    """A signer: the app by its signature, the seller by a token."""

    app: App
    token: Token
    clock: Clock

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with the app's key, the time and the signature over both and the rest."""
        stamp = {"app_key": self.app.key, "timestamp": str(epoch(self.clock.now()))}
        request.prepare_url(request.url, stamp)
        address = urlsplit(str(request.url))
        path = address.path.removeprefix(self.app.base_path)
        body = request.body or b""
        signed = signature(
            self.app.secret,
            path,
            parse_qsl(address.query, keep_blank_values=True),
            body.encode() if isinstance(body, str) else body,
        )
        request.prepare_url(request.url, {"sign": signed})
        return self.token.sign(request)

    def renew(self) -> bool:
        """Give the refused token up; whether there can be another."""
        return self.token.renew()

    def secrets(self) -> Iterable[str]:
        """The app's secret and every token used."""
        return (self.app.secret, *self.token.secrets())


@dataclass(frozen=True)
class App:
    """The app that sellers authorise. `base_url` may have a path of its own, such as a proxy's."""

    key: str
    secret: str = field(repr=False)
    base_url: str
    auth_url: str

    @property
    def base_path(self) -> str:
        """What stands before the API's own paths."""
        return urlsplit(self.base_url).path.rstrip("/")

    def login(
        self, refresh_token: str, store: TokenFile | None, stats: Stats, clock: Clock | None
    ) -> Renewed:
        """Access tokens of one seller; a renewal may bring the next refresh token."""
        carried = Confidential({self.secret})
        client = Client(PLATFORM, carried, stats=stats, clock=clock)

        def exchange(refresh: str) -> Grant:
            carried.values.add(refresh)
            told = client.get(
                f"{self.auth_url.rstrip('/')}/api/v2/token/refresh",
                app_key=self.key,
                app_secret=self.secret,
                refresh_token=refresh,
                grant_type="refresh_token",
            )["data"]
            # Both ends are instants, though their names say how long.
            ends = from_epoch(told["access_token_expire_in"]) or client.clock.now()
            return Grant(
                str(told["access_token"]),
                ends,
                str(told.get("refresh_token") or ""),
                from_epoch(told.get("refresh_token_expire_in")),
            )

        return Renewed(exchange, refresh_token, clock=client.clock, store=store)


class PageToken:
    """Paging by a token, which is empty on the last page."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the page that the token stands for."""
        token = (body.get("data") or {}).get("next_page_token")
        return request.with_params(page_token=token) if token else None

    def smaller(self, request: Request) -> Request | None:
        """The request for pages of half the size."""
        size = int(request.params["page_size"]) // 2
        return request.with_params(page_size=size) if size else None


class TikTokShop(HttpSource):
    """Shops whose sellers authorised the app, each with a token of its own."""

    name = "tiktok_shop"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(
        self,
        app: App,
        logins: Mapping[str, Renewed],
        *,
        version: str,
        stats: Stats,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(tuple(logins), stats)
        self._logins = logins
        self._clients = {
            shop: Client(
                PLATFORM,
                Seller(app, Token(login, "x-tts-access-token", ""), clock or Clock()),
                stats=stats,
                clock=clock,
                headers={"Content-Type": "application/json"},
            )
            for shop, login in logins.items()
        }
        self._root = app.base_url.rstrip("/")
        self._ciphers: dict[str, str] = {}
        self.api_version = version

    @override
    def describe(self, account_id: str) -> Account:
        """The shop with its name. What changes is read by UTC instants, whatever its zone is."""
        shop = self._shop(self._shops(account_id), account_id)
        self._ciphers[account_id] = str(shop["cipher"])
        return Account(account_id, name=shop.get("name") or "")

    def health(self, account: Account) -> list[Finding]:
        """When the token and what renews it end, and whether the clocks agree."""
        found = self._logins[account.id].health(REMEDY)
        answer = self._shops(account.id)
        self._shop(answer, account.id)
        return [*found, health.clock(answer.headers, self._clients[account.id].clock.now())]

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """What changed in the window, oldest first, so that changes meanwhile come at the end."""
        if account.id not in self._ciphers:
            self.describe(account.id)
        how = READS[stream.name]
        request = Request(
            f"{self._root}/{how.api}/{self.api_version}/{how.path}",
            {
                "shop_cipher": self._ciphers[account.id],
                "page_size": how.page_size,
                "sort_field": "update_time",
                "sort_order": "ASC",
            },
            body={"update_time_ge": epoch(window.start), "update_time_lt": epoch(window.end)},
        )
        for body in follow(self._clients[account.id], request, PageToken()):
            records = (body.get("data") or {}).get(how.records) or []
            yield Page([_record(record) for record in records])

    def _shops(self, account_id: str) -> Answer:
        url = f"{self._root}/authorization/{self.api_version}/shops"
        return self._clients[account_id].send(Request(url))

    def _shop(self, answer: Answer, account_id: str) -> Mapping[str, Any]:
        for shop in (answer.body.get("data") or {}).get("shops") or ():
            if str(shop.get("id")) == account_id:
                return dict(shop)
        raise Gone(f"the seller has not authorised the app for shop {account_id}")


def _record(record: dict[str, Any]) -> dict[str, Any]:
    """A record with instants in words, places instead of an address, and no pictures."""
    told = with_instants(_bare(record), TIMES)
    if "recipient_address" in told:
        told["recipient_address"] = _places(told["recipient_address"] or {})
    return told


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _bare(item) for key, item in value.items() if key not in FURNITURE}


def _places(address: Mapping[str, Any]) -> dict[str, Any]:
    """Country, province and city of an address."""
    places = {"region_code": address.get("region_code") or None}
    for level in address.get("district_info") or ():
        if name := PLACES.get(level.get("address_level")):
            places[name] = level.get("address_name") or None
    return places


def tiktok_shop(
    key: str,
    secret: str,
    refresh_tokens: Mapping[str, str],
    *,
    base_url: str,
    auth_url: str,
    version: str,
    stores: Mapping[str, TokenFile] | None = None,
    clock: Clock | None = None,
) -> TikTokShop:
    """The source with an app's key and secret and the first refresh token of each shop.

    `stores` keep the newest tokens between processes.
    """
    stats, kept = Stats(), stores or {}
    app = App(key, secret, base_url, auth_url)
    # One seller may have several shops: their token is renewed once, for all of them.
    sellers: dict[str, Renewed] = {}
    for shop, refresh_token in refresh_tokens.items():
        if refresh_token not in sellers:
            sellers[refresh_token] = app.login(refresh_token, kept.get(shop), stats, clock)
    logins = {shop: sellers[refresh_token] for shop, refresh_token in refresh_tokens.items()}
    return TikTokShop(app, logins, version=version, stats=stats, clock=clock)
