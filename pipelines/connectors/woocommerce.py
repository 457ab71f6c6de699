"""WooCommerce: orders with lines, refunds and attribution; customers; products; reviews.

Belongs here: the streams, how a site is asked for them, and what its errors mean. Does not: sending
it (`http`) or the loop over pages (`read`).

A site's clock is its own: every instant is read from the `…_gmt` field, and every filter says
`dates_are_gmt` where it can. Only what has a column is asked for (`_fields`), so that names and
street addresses do not leave the site; where one sends them all the same, they are dropped.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from typing_extensions import override

from pipelines.connectors import health
from pipelines.connectors.errors import Decision, Gone, Permanent, Rule, Signal
from pipelines.connectors.health import Finding
from pipelines.connectors.http import Answer, Client, Clock, Platform, Request, status_signal
from pipelines.connectors.read import HttpSource, Page, Record, follow
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

DOCS = "https://woocommerce.github.io/woocommerce-rest-api-docs/"
ROUTE = "wp-json/wc/v3"

SITE = (text("site", "Site: its host name.", "@account_id", required=True),)
# Where WooPayments notes whether a payment was a test.
PAYMENT_MODE = "_wcpay_mode"
# What the site's attribution notes of the visit that bought, in meta data of the order.
ATTRIBUTION_PREFIX = "_wc_order_attribution_"
ATTRIBUTION = (
    text(
        "source_type",
        "utm, organic, referral, typein, admin or mobile_app.",
        "attribution.source_type",
    ),
    text("utm_source", "utm_source of the visit that bought.", "attribution.utm_source"),
    text("utm_medium", "utm_medium of that visit.", "attribution.utm_medium"),
    text("utm_campaign", "utm_campaign of that visit.", "attribution.utm_campaign"),
    text("utm_content", "utm_content of that visit.", "attribution.utm_content"),
    text("utm_term", "utm_term of that visit.", "attribution.utm_term"),
    text("referrer", "Where the visitor came from.", "attribution.referrer"),
    text("session_entry", "First page of that visit.", "attribution.session_entry"),
    text("session_start_time", "Its start, in the site's time.", "attribution.session_start_time"),
    text("session_pages", "Pages of that visit.", "attribution.session_pages"),
    text("session_count", "Visits of that browser so far.", "attribution.session_count"),
    text("device_type", "Desktop, Mobile or Tablet.", "attribution.device_type"),
)
LINE = (
    text("id", "Line."),
    text("name", "Product as sold."),
    text("sku", "Stock keeping unit."),
    text("product_id", "Product."),
    text("variation_id", "Variation; 0 for a product without."),
    integer("quantity", "Units; negative where a refund takes them back."),
    money("subtotal", "Line before discounts, without tax."),
    money("subtotal_tax", "Tax on it."),
    money("total", "Line after discounts, without tax."),
    money("total_tax", "Tax on it."),
    money("price", "total by quantity, as the site divides it."),
    json("meta_data", "What the shop's extensions noted: key and value of any type."),
)
FEE = (
    text("id", "Line."),
    text("name", "What it is for."),
    money("total", "Amount without tax."),
    money("total_tax", "Tax on it."),
    json("meta_data", "What the shop's extensions noted."),
)
COUPON = (
    text("id", "Line."),
    text("code", "Coupon."),
    money("discount", "Discount by it, without tax."),
    money("discount_tax", "Tax on that."),
    json("meta_data", "What the shop's extensions noted."),
)
REFUND = (
    text("id", "Refund."),
    timestamp("created_at", "When it was made (UTC).", "date_created_gmt"),
    money("amount", "Money returned; positive."),
    text("reason", "Reason given."),
    boolean("refunded_payment", "The payment provider returned it; false where staff did by hand."),
    nested("line_items", "What it takes back; quantities and totals are negative.", "", *LINE),
    json("meta_data", "What the shop's extensions noted."),
)

STREAMS = (
    Stream(
        source="woocommerce",
        name="orders",
        group="sales",
        description="Orders with lines, refunds and the visit that bought; trashed ones too.",
        schema=schema(
            *SITE,
            text("id", "Order.", required=True),
            text("number", "Number that the customer sees."),
            timestamp("created_at", "When it was placed (UTC).", "date_created_gmt", required=True),
            timestamp("modified_at", "Last change (UTC).", "date_modified_gmt", required=True),
            timestamp("paid_at", "When it was paid (UTC).", "date_paid_gmt"),
            timestamp("completed_at", "When it was completed (UTC).", "date_completed_gmt"),
            text("status", "pending, processing, on-hold, completed, cancelled, refunded, trash…"),
            text("currency", "Currency (ISO 4217).", required=True),
            boolean("prices_include_tax", "Prices in the shop hold the tax."),
            money("discount_total", "Discounts, without tax."),
            money("discount_tax", "Tax on them."),
            money("shipping_total", "Shipping, without tax."),
            money("shipping_tax", "Tax on it."),
            money("cart_tax", "Tax on the lines."),
            money("total", "What was charged.", required=True),
            money("total_tax", "Tax in it."),
            text("customer_id", "Account; 0 for a guest."),
            email("email", "Address given with the order.", "billing.email"),
            phone("phone", "Phone given with the order.", "billing.phone"),
            text("billing_country", "Country of the billing address.", "billing.country"),
            text("billing_state", "State, by the shop's code.", "billing.state"),
            text("billing_city", "City of the billing address.", "billing.city"),
            text("shipping_country", "Country of the shipping address.", "shipping.country"),
            text("shipping_state", "State, by the shop's code.", "shipping.state"),
            text("shipping_city", "City of the shipping address.", "shipping.city"),
            text("payment_method", "Way to pay, by its gateway: stripe, bacs, cod…"),
            text("transaction_id", "Payment at the gateway."),
            text("payment_mode", "prod or test, where WooPayments says.", "payment_mode"),
            text("created_via", "checkout, store-api, admin, rest-api…"),
            nested("coupon_lines", "Coupons used.", "", *COUPON),
            nested("line_items", "What was bought.", "", *LINE),
            nested("fee_lines", "Fees; negative ones are discounts.", "", *FEE),
            nested("refunds", "Refunds so far.", "", *REFUND),
            *ATTRIBUTION,
            json("meta_data", "What the shop's extensions noted: key and value of any type."),
        ),
        key=("id",),
        mode="merge",
        version="modified_at",
        day="modified_at",
        zone="UTC",
        lookback_days=2,
        slice_days=30,
        totals=("total",),
        url=DOCS + "#orders",
    ),
    Stream(
        source="woocommerce",
        name="customers",
        group="sales",
        description="Accounts, addresses hashed. The site lists them all, whatever has changed.",
        schema=schema(
            *SITE,
            text("id", "Account.", required=True),
            timestamp("created_at", "When it was made (UTC).", "date_created_gmt", required=True),
            timestamp(
                "modified_at",
                "Last change (UTC); when it was made, if never changed.",
                "date_modified_gmt",
                required=True,
            ),
            email("email", "Address."),
            phone("phone", "Phone of the billing address.", "billing.phone"),
            text("role", "customer, subscriber, shop_manager, administrator…"),
            boolean("is_paying_customer", "Has bought something."),
            text("country", "Country of the billing address.", "billing.country"),
            text("state", "State, by the shop's code.", "billing.state"),
            text("city", "City of the billing address.", "billing.city"),
        ),
        key=("id",),
        mode="merge",
        version="modified_at",
        day="modified_at",
        zone="UTC",
        lookback_days=2,
        # One read lists all of them, so it may as well cover all days.
        slice_days=3660,
        url=DOCS + "#customers",
    ),
    Stream(
        source="woocommerce",
        name="products",
        group="sales",
        description="Products and their variations with price and cost, as they stand.",
        schema=schema(
            *SITE,
            text("id", "Product, or variation of one.", required=True),
            text("parent_id", "Product of a variation; 0 for a product."),
            text("name", "Name."),
            text("sku", "Stock keeping unit."),
            text("type", "simple, variable, variation, grouped, external."),
            text("status", "publish, draft, pending, private."),
            money("price", "Price now, in the shop's currency."),
            money("regular_price", "Price when not on sale."),
            money("unit_cost", "Cost of goods sold.", "cost_of_goods_sold.total_value"),
            timestamp("created_at", "When it was made (UTC).", "date_created_gmt"),
        ),
        key=("id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "#products",
    ),
    Stream(
        source="woocommerce",
        name="product_reviews",
        group="sales",
        description="Approved reviews of products. Those deleted since are gone on a re-read.",
        schema=schema(
            *SITE,
            text("id", "Review.", required=True),
            timestamp(
                "created_at", "When it was written (UTC).", "date_created_gmt", required=True
            ),
            text("product_id", "Product."),
            text("product_name", "Name of the product."),
            text("permalink", "Page of the product.", "product_permalink"),
            text("reviewer", "Name under which it was written."),
            email("email", "Address of the reviewer.", "reviewer_email"),
            text("review", "Text, as HTML."),
            integer("rating", "Stars, 1 to 5; 0 where none were given."),
            boolean("verified", "By somebody who bought the product here."),
        ),
        key=("id",),
        mode="replace",
        day="created_at",
        zone="UTC",
        lookback_days=30,
        slice_days=90,
        ttl_days=365,
        url=DOCS + "#product-reviews",
    ),
)

REMEDY = (
    "Put a consumer key and secret that may read into WOOCOMMERCE_KEYS, "
    "or take the site out of WOOCOMMERCE_SITES."
)
# What the body of an answer is that came from the site's host or firewall, not from WordPress.
NOT_JSON = "not JSON"
RULES = (
    Rule(
        Decision.ABORT,
        "the credentials are refused",
        code=(
            "woocommerce_rest_authentication_error",
            "woocommerce_rest_invalid_signature",
            "invalid_username",
            "incorrect_password",
        ),
    ),
    Rule(
        Decision.STOP,
        "the key lacks the permission to read this",
        code=("woocommerce_rest_cannot_view", "woocommerce_rest_cannot_read", "rest_forbidden"),
        remedy="Give the key's user the role of shop manager. If that is so, the host drops the "
        "Authorization header: have it passed on to PHP.",
    ),
    Rule(
        Decision.STOP,
        "the site has no WooCommerce there",
        code=("rest_no_route",),
        remedy="Check WOOCOMMERCE_SITES and WOOCOMMERCE_BASE_URL, and that the site's permalinks "
        "are not plain.",
    ),
    Rule(
        Decision.STOP,
        "the site's REST API is switched off",
        code=("rest_disabled", "rest_cannot_access", "rest_login_required"),
        remedy="Have the plugin that guards the site's REST API let wc/v3 pass.",
    ),
    Rule(
        Decision.STOP,
        "the site's host or firewall refuses",
        status=(401, 403, 406),
        code=(NOT_JSON,),
        remedy="Have the host let this machine's requests to /wp-json pass.",
    ),
    Rule(
        Decision.STOP,
        "there is no such site",
        status=(404,),
        code=(NOT_JSON,),
        remedy="Check WOOCOMMERCE_SITES and WOOCOMMERCE_BASE_URL, and that the site's permalinks "
        "are not plain.",
    ),
    Rule(Decision.SPLIT, "the page takes the site too long", status=(504, 524)),
    Rule(Decision.WAIT, "the site's host asks for a pause", status=(429,), wait=10),
)


def woocommerce_signal(answer: Answer) -> Signal | None:
    """The error of an answer: WordPress's own, or a page of whatever stands before it."""
    if answer.status < 300:
        return None
    if not isinstance(answer.body, dict):
        plain = status_signal(answer)
        return plain and Signal(plain.status, NOT_JSON, message=plain.message, wait=plain.wait)
    return Signal(
        answer.status,
        str(answer.body.get("code", "")),
        message=str(answer.body.get("message", "")),
        wait=answer.retry_after,
    )


PLATFORM = Platform("woocommerce", RULES, woocommerce_signal, remedy=REMEDY)

PAGE_SIZE = 100
# How many pages of that size the list has.
PAGES = "X-WP-TotalPages"
SMALLEST_PAGE = 5
SITE_TIME = "%Y-%m-%dT%H:%M:%S"
# The widest that a site's clock can be from UTC: filters that know only its own time ask for more.
ZONE_MARGIN = timedelta(hours=14)
GMT = "_gmt"


@dataclass(frozen=True)
class Keys:
    """A signer by consumer key and secret (HTTP Basic), which a site takes over HTTPS only."""

    key: str
    secret: str

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with both in its header."""
        request.headers["Authorization"] = f"Basic {self._encoded}"
        return request

    def secrets(self) -> Iterable[str]:
        """Both, and the header's value."""
        return (self.key, self.secret, self._encoded)

    @property
    def _encoded(self) -> str:
        return b64encode(f"{self.key}:{self.secret}".encode()).decode()

    def __repr__(self) -> str:
        return "Keys(Basic)"


def pair(text: str) -> tuple[str, str]:
    """The consumer key and secret of `ck_…:cs_…`; ValueError, without either, for anything else."""
    key, mark, secret = text.strip().partition(":")
    if not (key and mark and secret):
        raise ValueError("a consumer key stands without its secret")
    return key, secret


@dataclass
class Numbered:
    """Paging by page number, over a list that does not move while it is read.

    It stands before the client, to see how many pages the site says there are. Some hosts take that
    header away, and may hand out fewer rows than asked for: there, a list ends with a page that
    brings nothing new: an empty one, or, where a site ignores the number, the same once more.
    """

    client: Client
    _seen: set[Any] = field(default_factory=set, init=False)
    _pages: int | None = field(default=None, init=False)

    def send(self, request: Request) -> Answer:
        """The answer to a request for one page."""
        answer = self.client.send(request)
        told = answer.headers.get(PAGES, "")
        # A site that does not count its rows tells of none beside rows that are there.
        self._pages = (int(told) or None) if told.isdecimal() else None
        return answer

    def after(self, request: Request, body: Any) -> Request | None:
        """The next page, until one brings nothing new."""
        page, fresh = int(request.params["page"]), {row.get("id") for row in body} - self._seen
        self._seen |= fresh
        if not body or (page > 1 and not fresh) or page == self._pages:
            return None
        return request.with_params(page=page + 1)

    def smaller(self, request: Request) -> Request | None:
        """The same place in pages of half the size."""
        size, page = int(request.params["per_page"]), int(request.params["page"])
        half = size // 2
        if half < SMALLEST_PAGE:
            return None
        # A page begins where it began, or a little before: what comes twice is dropped.
        return request.with_params(per_page=half, page=(page - 1) * size // half + 1)


@dataclass
class ByChange(Numbered):
    """Paging by the last change seen, over orders that change while they are read.

    An order that changes moves to the end of the list, and every one after it moves up a place:
    the next page by number would skip one. So the next page begins at the last change that was
    seen, and what comes twice is dropped. Only within one second are pages counted.
    """

    @override
    def after(self, request: Request, body: Any) -> Request | None:
        """The page from the last change on."""
        following = super().after(request, body)
        if following is None or not (last := body[-1].get("date_modified_gmt")):
            return following
        since = _site_time(_gmt(last) - timedelta(seconds=1))
        if since <= str(request.params["modified_after"]):
            return following
        return request.with_params(modified_after=since, page=1)


class WooCommerce(HttpSource):
    """Sites with the plugin, each with its own keys."""

    name = "woocommerce"
    streams: tuple[Stream, ...] = STREAMS
    api_version = "wc/v3"

    def __init__(
        self,
        keys: Mapping[str, tuple[str, str]],
        *,
        base_url: str,
        clock: Clock | None = None,
    ) -> None:
        stats = Stats()
        super().__init__(tuple(keys), stats)
        self._clients = {
            site: Client(PLATFORM, Keys(*pair), stats=stats, clock=clock)
            for site, pair in keys.items()
        }
        self._base_url = base_url

    @override
    def describe(self, account_id: str) -> Account:
        """The site with its zone and the shop's currency."""
        client = self._clients[account_id]
        currency = client.get(self._route(account_id, "data/currencies/current"))["code"]
        about = client.get(
            f"{self._root(account_id)}/wp-json/", _fields="name,timezone_string,gmt_offset"
        )
        return Account(account_id, _zone(about), str(currency), str(about.get("name", "")))

    def health(self, account: Account) -> list[Finding]:
        """Whether the key may read orders, and the clock."""
        client = self._clients[account.id]
        answer = client.send(Request(self._route(account.id, "orders"), {"per_page": 1}))
        return [health.clock(answer.headers, client.clock.now())]

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The stream's records in that window, each once."""
        read = {
            "orders": self._orders,
            "customers": self._customers,
            "products": self._products,
            "product_reviews": self._reviews,
        }[stream.name]
        for records in read(stream, account, window):
            for record in records:
                _without_names(record)
                _in_utc(record)
            yield Page(records)

    def _orders(
        self, stream: Stream, account: Account, window: Window
    ) -> Iterator[list[dict[str, Any]]]:
        """Orders that changed in the window, in order of change: the trash is a list of its own."""
        for status in ("any", "trash"):
            request = self._listing(
                stream,
                account,
                "orders",
                status=status,
                orderby="modified",
                order="asc",
                dates_are_gmt="true",
                modified_after=_site_time(window.start - timedelta(seconds=1)),
                modified_before=_site_time(window.end),
            )
            for body in self._bodies(account, request, ByChange):
                for order in body:
                    self._complete(account, order)
                yield body

    def _complete(self, account: Account, order: dict[str, Any]) -> None:
        """Put the order's refunds, which it only lists by total, and its attribution into it."""
        if order.get("refunds"):
            order["refunds"] = self._refunds(account, order)
        notes = order.get("meta_data") or []
        order["payment_mode"] = next(
            (note["value"] for note in notes if note.get("key") == PAYMENT_MODE), None
        )
        order["attribution"], order["meta_data"] = _attribution(notes)
        for name in ("line_items", "coupon_lines", "fee_lines"):
            for line in order.get(name) or []:
                _slim(line)

    def _refunds(self, account: Account, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        request = Request(
            self._route(account.id, f"orders/{order['id']}/refunds"),
            {"per_page": PAGE_SIZE, "page": 1, "_fields": _wanted(REFUND)},
        )
        found: list[dict[str, Any]] = []
        try:
            for body in self._bodies(account, request):
                found += body
                if len(found) >= len(order["refunds"]):
                    break
        except Gone:
            # Deleted since it was listed: what the list told of its refunds stands.
            return [
                {**refund, "amount": str(refund["total"]).lstrip("-")}
                for refund in order["refunds"]
            ]
        for refund in found:
            _in_utc(refund)
            for line in refund.get("line_items") or []:
                _slim(line)
        return found

    def _customers(
        self, stream: Stream, account: Account, window: Window
    ) -> Iterator[list[dict[str, Any]]]:
        """All accounts, of which those that changed in the window are kept."""
        request = self._listing(stream, account, "customers", role="all", orderby="id", order="asc")
        for body in self._bodies(account, request):
            for customer in body:
                customer["date_modified_gmt"] = (
                    customer.get("date_modified_gmt") or customer["date_created_gmt"]
                )
            yield [each for each in body if _within(each["date_modified_gmt"], window)]

    def _products(
        self, stream: Stream, account: Account, _window: Window
    ) -> Iterator[list[dict[str, Any]]]:
        """All products, each followed by its variations."""
        request = self._listing(stream, account, "products", orderby="id", order="asc")
        for body in self._bodies(account, request):
            yield body
            for product in body:
                if product.get("type") == "variable":
                    yield from self._variations(stream, account, product)

    def _variations(
        self, stream: Stream, account: Account, product: Mapping[str, Any]
    ) -> Iterator[list[dict[str, Any]]]:
        route = f"products/{product['id']}/variations"
        request = self._listing(stream, account, route, orderby="id", order="asc")
        for body in self._bodies(account, request):
            for variation in body:
                # Older sites name neither.
                variation.setdefault("type", "variation")
                variation["parent_id"] = product["id"]
            yield body

    def _reviews(
        self, stream: Stream, account: Account, window: Window
    ) -> Iterator[list[dict[str, Any]]]:
        """Reviews of the window, which the site knows only by its own time."""
        request = self._listing(
            stream,
            account,
            "products/reviews",
            status="approved",
            orderby="date_gmt",
            order="asc",
            after=_site_time(window.start - ZONE_MARGIN),
            before=_site_time(window.end + ZONE_MARGIN),
        )
        for body in self._bodies(account, request):
            yield [each for each in body if _within(each["date_created_gmt"], window)]

    def _bodies(
        self, account: Account, request: Request, paged: type[Numbered] = Numbered
    ) -> Iterator[list[dict[str, Any]]]:
        """The list's rows page by page, each state of a row once."""
        known: set[tuple[Any, Any]] = set()
        paging = paged(self._clients[account.id])
        for body in follow(paging, request, paging):
            yield [row for row in body if _first_time(row, known)]

    def _listing(self, stream: Stream, account: Account, route: str, **params: str) -> Request:
        return Request(
            self._route(account.id, route),
            {
                **params,
                "per_page": PAGE_SIZE,
                "page": 1,
                "_fields": _wanted(stream.schema.fields),
            },
        )

    def _route(self, site: str, route: str) -> str:
        return f"{self._root(site)}/{ROUTE}/{route}"

    def _root(self, site: str) -> str:
        return self._base_url.format(site=site).rstrip("/")


# What a field of these names holds, the order's meta data tell.
FROM_NOTES = ("attribution", "payment_mode")


def _wanted(fields: Iterable[Field]) -> str:
    """The fields to ask for. The site filters objects by dotted name, but not lists of them."""
    paths = dict.fromkeys(
        "meta_data" if field.steps[0] in FROM_NOTES else ".".join(field.steps)
        for field in fields
        if not field.steps[0].startswith("@")
    )
    return ",".join(paths)


def _attribution(
    meta_data: list[dict[str, Any]],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the site noted of the buying visit by name, and the other notes. Keys may come twice."""
    names = {field.steps[-1] for field in ATTRIBUTION}
    found, others = {}, []
    for note in meta_data:
        key = str(note.get("key", ""))
        name = key.removeprefix(ATTRIBUTION_PREFIX)
        if key != name and name in names and isinstance(note.get("value"), str | int | float):
            found[name] = note["value"]
        # The browser's own description of itself tells people apart.
        elif key != ATTRIBUTION_PREFIX + "user_agent":
            others.append({"key": key, "value": note.get("value")})
    return found, others


# Of a line: how its tax and its discount are made up, its picture, its links.
UNWANTED = (
    "taxes",
    "tax_class",
    "tax_status",
    "image",
    "parent_name",
    "amount",
    "discount_type",
    "nominal_amount",
    "free_shipping",
    "_links",
)


def _slim(line: dict[str, Any]) -> None:
    for name in UNWANTED:
        line.pop(name, None)
    notes = line.pop("meta_data", None) or []
    if notes:
        line["meta_data"] = [{"key": note.get("key"), "value": note.get("value")} for note in notes]


# What tells who somebody is, beside the address and the phone, which land as hashes.
PERSONAL = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "postcode",
    "username",
    "avatar_url",
    "reviewer_avatar_urls",
    "customer_ip_address",
    "customer_user_agent",
    "customer_note",
    # Opens the order's page to whoever has it.
    "order_key",
)


def _without_names(record: dict[str, Any]) -> None:
    for part in (record, record.get("billing"), record.get("shipping")):
        if isinstance(part, dict):
            for name in PERSONAL:
                part.pop(name, None)


def _in_utc(record: dict[str, Any]) -> None:
    """Say of the record's instants in GMT that they are; without an offset they could be local."""
    for name, value in record.items():
        if name.endswith(GMT) and isinstance(value, str) and value:
            record[name] = f"{value}Z"


def _first_time(record: Record, known: set[tuple[Any, Any]]) -> bool:
    """Whether this state of the record has not come before."""
    state = (record.get("id"), record.get("date_modified_gmt"))
    if state in known:
        return False
    known.add(state)
    return True


def _within(gmt: Any, window: Window) -> bool:
    """Whether the instant is of the window. One that cannot be read is seen in quarantine."""
    try:
        return window.start <= _gmt(gmt) < window.end
    except (TypeError, ValueError):
        return True


def _gmt(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def _site_time(instant: datetime) -> str:
    return instant.strftime(SITE_TIME)


def _zone(about: Mapping[str, Any]) -> str:
    """The site's zone: a city's, or one of whole hours."""
    if city := about.get("timezone_string"):
        return str(city)
    hours = float(about.get("gmt_offset") or 0)
    if not hours.is_integer():
        raise Permanent(
            f"the site's time zone is UTC{hours:+g}",
            remedy="Choose a city as its time zone under Settings → General.",
        )
    # The signs of these names are turned round.
    return f"Etc/GMT{-int(hours):+d}" if hours else "UTC"
