"""What each field of Shopify's GraphQL types holds, read from a shop's rows.

Belongs here: one table of fields a type. Does not: lists, paging or search (`catalogue`), or how a
query is run (`graphql`). A record reads only the fields that a query asks for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pipelines.sandbox.shopify.catalogue import Row, Shop
from pipelines.sandbox.tables import decimal
from pipelines.sandbox.world import BRAND
from pipelines.sandbox.world.geography import REGIONS

Value = Callable[[Row, Shop], Any]
CODES = {region.name: region.code for regions in REGIONS.values() for region in regions}
# Shopify has Indonesia's provinces in Indonesian, but for those of Sumatra.
PROVINCES = {
    "Central Java": "Jawa Tengah",
    "Central Kalimantan": "Kalimantan Tengah",
    "Central Sulawesi": "Sulawesi Tengah",
    "East Java": "Jawa Timur",
    "East Kalimantan": "Kalimantan Timur",
    "East Nusa Tenggara": "Nusa Tenggara Timur",
    "North Kalimantan": "Kalimantan Utara",
    "North Maluku": "Maluku Utara",
    "North Sulawesi": "Sulawesi Utara",
    "Riau Islands": "Kepulauan Riau",
    "South Kalimantan": "Kalimantan Selatan",
    "South Sulawesi": "Sulawesi Selatan",
    "Southeast Sulawesi": "Sulawesi Tenggara",
    "West Java": "Jawa Barat",
    "West Kalimantan": "Kalimantan Barat",
    "West Nusa Tenggara": "Nusa Tenggara Barat",
    "West Papua": "Papua Barat",
    "West Sulawesi": "Sulawesi Barat",
}

# Shopify links visits to an order some minutes after it was placed.
JOURNEY_DELAY_MINUTES = 15
UTM = ("source", "medium", "campaign", "content", "term")
SOURCES = {
    "(direct)": "direct",
    "facebook": "Facebook",
    "google": "Google",
    "tiktok": "TikTok",
    "twitter": "Twitter",
    "linkedin": "LinkedIn",
}
SOURCE_TYPES = {
    "paid_social": "AD",
    "cpc": "AD",
    "social": "POST",
    "organic": "SEO",
    "email": "EMAIL",
}


class Record:
    """A row of a shop as one GraphQL type; the executor asks it for fields by name."""

    __slots__ = ("_row", "_shop")
    fields: ClassVar[Mapping[str, Value]] = {}

    def __init__(self, row: Row, shop: Shop) -> None:
        self._row = row
        self._shop = shop

    def __getitem__(self, name: str) -> Any:
        return self.fields[name](self._row, self._shop)


def column(name: str) -> Value:
    """The row's value of that name."""
    return lambda row, _: row[name]


def digits(name: str) -> Value:
    """The row's whole number of that name as text, as Shopify writes UnsignedInt64."""
    return lambda row, _: str(row[name])


def constant(value: Any) -> Value:
    """The same for every row."""
    return lambda *_: value


def gid(kind: str, name: str) -> Value:
    """The global id of that type with the row's number of that name."""
    prefix = f"gid://shopify/{kind}/"
    return lambda row, _: f"{prefix}{row[name]}"


def money(minor: int, shop: Shop) -> dict[str, str]:
    """A MoneyV2. Shopify leaves out trailing zeros but one."""
    return {"amount": decimal(minor, places=1), "currencyCode": shop.market.currency}


def bag(value: Callable[[Row], int]) -> Value:
    """A MoneyBag; the sandbox's customers pay in the shop's currency."""

    def read(row: Row, shop: Shop) -> dict[str, Any]:
        amount = money(value(row), shop)
        return {"shopMoney": amount, "presentmentMoney": amount}

    return read


def resource(kind: str, name: str) -> dict[str, Value]:
    """The fields of every Node with a REST twin."""
    return {
        "__typename": constant(kind),
        "id": gid(kind, name),
        "legacyResourceId": digits(name),
    }


def metafields(*values: tuple[str, str, str, str]) -> Value:
    """A `metafield(namespace, key)` over (namespace, key, type, column); absent where NULL."""
    known = {(namespace, key): (kind, name) for namespace, key, kind, name in values}

    def read(row: Row, _: Shop) -> Callable[[Mapping[str, Any]], dict[str, Any] | None]:
        def metafield(arguments: Mapping[str, Any]) -> dict[str, Any] | None:
            # A key may carry its namespace before a dot instead.
            key = arguments["key"]
            namespace = arguments.get("namespace") or key.partition(".")[0]
            kind, name = known.get((namespace, key.rpartition(".")[2]), ("", ""))
            if row.get(name) is None:
                return None
            number = _number(f"{row['customer_id']}/{namespace}/{name}")
            return {
                "__typename": "Metafield",
                "id": f"gid://shopify/Metafield/{number}",
                "legacyResourceId": str(number),
                "namespace": namespace,
                "key": key.rpartition(".")[2],
                "type": kind,
                "value": str(row[name]),
                "createdAt": row["created_at"],
                "updatedAt": row["created_at"],
            }

        return metafield

    return read


def _number(text: str) -> int:
    """A number of up to 53 bits that stands for a text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 11


class Variant(Record):
    """A ProductVariant."""

    fields: ClassVar[Mapping[str, Value]] = {
        **resource("ProductVariant", "variant_id"),
        "title": column("title"),
        "displayName": column("display_name"),
        "sku": column("sku"),
        "barcode": constant(None),
        "price": lambda row, _: decimal(row["price"]),
        "compareAtPrice": constant(None),
        "position": column("position"),
        "taxable": constant(True),
        "availableForSale": constant(True),
        "createdAt": lambda row, _: row["product"]["created_at"],
        "updatedAt": lambda row, _: row["product"]["created_at"],
        "product": lambda row, shop: Product(row["product"], shop),
        "inventoryItem": lambda row, shop: InventoryItem(row, shop),
    }


class InventoryItem(Record):
    """An InventoryItem; its row is its variant's."""

    fields: ClassVar[Mapping[str, Value]] = {
        **resource("InventoryItem", "inventory_item_id"),
        "sku": column("sku"),
        "tracked": constant(True),
        "requiresShipping": constant(True),
        "unitCost": lambda row, shop: money(row["unit_cost"], shop),
        "createdAt": lambda row, _: row["product"]["created_at"],
        "updatedAt": lambda row, _: row["product"]["created_at"],
        "variant": Variant,
    }


class Product(Record):
    """A Product."""

    fields: ClassVar[Mapping[str, Value]] = {
        **resource("Product", "product_id"),
        "title": column("title"),
        "handle": column("handle"),
        "productType": column("product_type"),
        "vendor": constant(BRAND),
        "status": constant("ACTIVE"),
        "tags": constant([]),
        "createdAt": column("created_at"),
        "updatedAt": column("created_at"),
        "variants": lambda row, shop: [Variant(variant, shop) for variant in row["variants"]],
    }


def province_of(row: Row) -> tuple[str | None, str | None]:
    """The name and the code of the row's province, as Shopify has them."""
    return PROVINCES.get(row["province"], row["province"]), CODES.get(row["province"])


def address(number: str) -> Value:
    """A MailingAddress of the row's own country, province and city."""

    def read(row: Row, shop: Shop) -> dict[str, Any]:
        person = row.get("customer") or row
        first, last = person.get("first_name"), person.get("last_name")
        province, code = province_of(row)
        return {
            "__typename": "MailingAddress",
            "id": f"gid://shopify/MailingAddress/{row[number]}",
            "address1": None,
            "address2": None,
            "city": row["city"],
            "company": None,
            "country": shop.market.country,
            "countryCodeV2": row["country_code"],
            "firstName": first,
            "lastName": last,
            "name": " ".join(part for part in (first, last) if part) or None,
            "phone": person.get("phone"),
            "province": province,
            "provinceCode": code,
            "zip": None,
        }

    return read


def _default_email(row: Row, _: Shop) -> dict[str, Any] | None:
    if row["email"] is None:
        return None
    return {
        "emailAddress": row["email"],
        "marketingState": row["marketing_state"],
        "marketingUpdatedAt": row["created_at"],
    }


def _default_phone(row: Row, _: Shop) -> dict[str, Any] | None:
    if row["phone"] is None:
        return None
    return {"phoneNumber": row["phone"], "marketingState": "NOT_SUBSCRIBED"}


def _full_name(row: Row, _: Shop) -> str:
    return " ".join(part for part in (row["first_name"], row["last_name"]) if part)


class Customer(Record):
    """A Customer."""

    fields: ClassVar[Mapping[str, Value]] = {
        **resource("Customer", "customer_id"),
        "createdAt": column("created_at"),
        "updatedAt": column("updated_at"),
        "displayName": _full_name,
        "firstName": column("first_name"),
        "lastName": column("last_name"),
        "email": column("email"),
        "phone": column("phone"),
        "defaultEmailAddress": _default_email,
        "defaultPhoneNumber": _default_phone,
        "defaultAddress": address("customer_id"),
        "numberOfOrders": digits("number_of_orders"),
        "amountSpent": lambda row, shop: money(row["spent"], shop),
        "locale": lambda _, shop: "id" if shop.market.code == "id" else "en",
        "note": constant(None),
        "state": constant("ENABLED"),
        "tags": lambda row, _: ["loyalty"] if _joined(row) else [],
        "taxExempt": constant(False),
        "verifiedEmail": constant(True),
        "metafield": metafields(
            ("facts", "gender", "single_line_text_field", "gender"),
            ("facts", "birth_date", "date", "birth_date"),
        ),
    }


def _joined(row: Row) -> bool:
    return bool(row["crm_member"] and row["crm_joined_at"])


def _unit_after_discount(row: Row) -> int:
    paid = row["unit_price"] * row["quantity"] - row["discount"]
    return int(paid // max(row["quantity"], 1))


class LineItem(Record):
    """A LineItem."""

    fields: ClassVar[Mapping[str, Value]] = {
        "__typename": constant("LineItem"),
        "id": gid("LineItem", "line_id"),
        "name": column("title"),
        "title": column("title"),
        "variantTitle": lambda row, shop: shop.variant_rows[row["variant_id"]]["title"],
        "sku": column("sku"),
        "vendor": constant(BRAND),
        "quantity": column("quantity"),
        "currentQuantity": column("current_quantity"),
        "refundableQuantity": column("current_quantity"),
        "isGiftCard": constant(False),
        "requiresShipping": constant(True),
        "taxable": constant(True),
        "originalUnitPriceSet": bag(lambda row: row["unit_price"]),
        "originalTotalSet": bag(lambda row: row["unit_price"] * row["quantity"]),
        "discountedTotalSet": bag(
            lambda row: row["unit_price"] * row["quantity"] - row["discount"]
        ),
        "discountedUnitPriceSet": bag(_unit_after_discount),
        "totalDiscountSet": bag(lambda row: row["discount"]),
        "product": lambda row, shop: Product(shop.product_rows[row["product_id"]], shop),
        "variant": lambda row, shop: Variant(shop.variant_rows[row["variant_id"]], shop),
    }


class Transaction(Record):
    """An OrderTransaction."""

    fields: ClassVar[Mapping[str, Value]] = {
        "__typename": constant("OrderTransaction"),
        "id": gid("OrderTransaction", "transaction_id"),
        "kind": column("kind"),
        "status": column("status"),
        "gateway": column("gateway"),
        "formattedGateway": column("gateway"),
        "errorCode": lambda row, _: None if row["status"] == "SUCCESS" else "PROCESSING_ERROR",
        "amountSet": bag(lambda row: row["amount"]),
        "createdAt": column("processed_at"),
        "processedAt": column("processed_at"),
        "test": constant(False),
    }


def _line_of(row: Row) -> Row:
    line: Row = row["line"]
    return line


def _refund_line(row: Row, shop: Shop) -> LineItem:
    return LineItem(_line_of(row), shop)


def taken_back(row: Row) -> int:
    """What the units of a refund line had cost after their share of the line's discount."""
    line = _line_of(row)
    paid = line["unit_price"] * line["quantity"] - line["discount"]
    return int(paid * row["quantity"] // max(line["quantity"], 1))


def refund_line_id(row: Row) -> int:
    """A number for a refund line, which the world does not number."""
    return _number(f"{row['refund_id']}/{row['line_id']}")


class RefundLine(Record):
    """A RefundLineItem; its row holds the order's `line`."""

    fields: ClassVar[Mapping[str, Value]] = {
        "id": lambda row, _: f"gid://shopify/RefundLineItem/{refund_line_id(row)}",
        "lineItem": _refund_line,
        "quantity": column("quantity"),
        "restocked": constant(True),
        "priceSet": bag(lambda row: _line_of(row)["unit_price"]),
        "subtotalSet": bag(taken_back),
        "totalTaxSet": bag(lambda _: 0),
    }


class Refund(Record):
    """A Refund; its row holds `lines`, `transactions` and the order's lines by id."""

    fields: ClassVar[Mapping[str, Value]] = {
        **resource("Refund", "refund_id"),
        "createdAt": column("created_at"),
        "updatedAt": column("created_at"),
        "note": column("note"),
        "totalRefundedSet": bag(lambda row: row["amount"]),
        "refundLineItems": lambda row, shop: [RefundLine(line, shop) for line in row["lines"]],
        "transactions": lambda row, shop: [Transaction(item, shop) for item in row["transactions"]],
    }


def utm(landing_page: str | None) -> dict[str, str | None] | None:
    """The UTM parameters of an address, as Shopify reads them; None if it has none."""
    if not landing_page or "utm_" not in landing_page:
        return None
    query = parse_qs(urlsplit(landing_page).query)
    return {name: query.get(f"utm_{name}", [None])[0] for name in UTM}


class Visit(Record):
    """A CustomerVisit: one session before an order."""

    fields: ClassVar[Mapping[str, Value]] = {
        "__typename": constant("CustomerVisit"),
        "id": lambda row, _: (
            "gid://shopify/CustomerVisit/"
            f"{_number(row['user_pseudo_id'] + '/' + str(row['session_id']))}"
        ),
        "landingPage": column("landing_page"),
        "landingPageHtml": column("landing_page"),
        "occurredAt": column("occurred_at"),
        "referralCode": constant(None),
        "referralInfoHtml": constant(""),
        "referrerUrl": column("referrer"),
        "source": lambda row, _: SOURCES.get(row["source"], row["source"]),
        "sourceDescription": constant(None),
        "sourceType": lambda row, _: SOURCE_TYPES.get(row["medium"]),
        "utmParameters": lambda row, _: utm(row["landing_page"]),
    }


def _ready(row: Row, shop: Shop) -> bool:
    age = shop.scene.now - datetime.fromisoformat(row["created_at"])
    return age.total_seconds() >= JOURNEY_DELAY_MINUTES * 60


def _journey(row: Row, shop: Shop) -> dict[str, Any] | None:
    """A CustomerJourneySummary; None for an order that no browser placed."""
    if row["session_id"] is None:
        return None
    ready = _ready(row, shop)
    visits = [Visit(visit, shop) for visit in row["visits"]] if ready else []
    first = datetime.fromisoformat(row["visits"][0]["occurred_at"]) if visits else None
    ordered = datetime.fromisoformat(row["created_at"])
    return {
        "customerOrderIndex": row["index"] if ready else None,
        "daysToConversion": (ordered - first).days if first else None,
        "firstVisit": visits[0] if visits else None,
        "lastVisit": visits[-1] if visits else None,
        "moments": visits if ready else None,
        "momentsCount": {"count": len(visits), "precision": "EXACT"} if ready else None,
        "ready": ready,
    }


def _refunds(row: Row, shop: Shop) -> list[Refund]:
    lines = {line["line_id"]: line for line in row["lines"]}
    for refund in row["refunds"]:
        for line in refund["lines"]:
            line["line"] = lines[line["line_id"]]
    return [Refund(refund, shop) for refund in row["refunds"]]


def _closed_at(row: Row) -> str | None:
    closed: str | None = row["cancelled_at"] or row["fulfilled_at"]
    return closed


def _first_total(row: Row) -> int:
    """What the order came to when it was placed."""
    return int(row["placed_total"])


class Order(Record):
    """An Order; its row is one of `Shop.order_rows`."""

    fields: ClassVar[Mapping[str, Value]] = {
        **resource("Order", "order_id"),
        "name": column("name"),
        "number": lambda row, _: int("".join(filter(str.isdigit, row["name"]))),
        "createdAt": column("created_at"),
        "processedAt": column("created_at"),
        "updatedAt": column("updated_at"),
        "cancelledAt": column("cancelled_at"),
        "cancelReason": lambda row, _: "CUSTOMER" if row["cancelled_at"] else None,
        "closed": lambda row, _: _closed_at(row) is not None,
        "closedAt": lambda row, _: _closed_at(row),
        "confirmed": constant(True),
        "edited": lambda row, _: row["placed_total"] != row["total"],
        "test": column("is_test"),
        "currencyCode": column("currency"),
        "presentmentCurrencyCode": column("currency"),
        "displayFinancialStatus": column("financial_status"),
        "displayFulfillmentStatus": lambda row, _: (
            "FULFILLED" if row["fulfilled_at"] else "UNFULFILLED"
        ),
        "discountCode": column("discount_code"),
        "discountCodes": lambda row, _: [row["discount_code"]] if row["discount_code"] else [],
        "email": lambda row, _: (row["customer"] or {}).get("email"),
        "phone": lambda row, _: (row["customer"] or {}).get("phone"),
        "note": constant(None),
        "sourceName": column("source_name"),
        "sourceIdentifier": constant(None),
        "tags": constant([]),
        "taxesIncluded": constant(False),
        "billingAddress": address("order_id"),
        "shippingAddress": address("order_id"),
        "customer": lambda row, shop: Customer(row["customer"], shop) if row["customer"] else None,
        "customerJourneySummary": _journey,
        "currentSubtotalPriceSet": bag(
            lambda row: sum(
                (line["unit_price"] * line["quantity"] - line["discount"])
                * line["current_quantity"]
                // max(line["quantity"], 1)
                for line in row["lines"]
            )
        ),
        "currentTotalDiscountsSet": bag(lambda row: row["discount"]),
        "currentTotalPriceSet": bag(lambda row: row["total"] - row["refunded"]),
        "currentTotalTaxSet": bag(lambda row: row["tax"]),
        "netPaymentSet": bag(lambda row: row["total"] - row["refunded"]),
        "originalTotalPriceSet": bag(_first_total),
        "subtotalPriceSet": bag(lambda row: row["subtotal"]),
        "totalDiscountsSet": bag(lambda row: row["discount"]),
        "totalPriceSet": bag(lambda row: row["total"]),
        "totalReceivedSet": bag(lambda row: row["total"]),
        "totalRefundedSet": bag(lambda row: row["refunded"]),
        "totalShippingPriceSet": bag(lambda row: row["shipping"]),
        "totalTaxSet": bag(lambda row: row["tax"]),
        "lineItems": lambda row, shop: [LineItem(line, shop) for line in row["lines"]],
        "refunds": _refunds,
        "metafield": lambda *_: lambda _arguments: None,
    }


def shop_record(shop: Shop) -> dict[str, Any]:
    """The Shop itself."""
    market = shop.market
    zone = shop.scene.now.astimezone(ZoneInfo(market.timezone))
    offset = zone.utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    created = f"{shop.scene.config.start.isoformat()}T00:00:00Z"
    return {
        "__typename": "Shop",
        "id": f"gid://shopify/Shop/{_number(market.shop)}",
        "name": f"{BRAND} {market.country}",
        "email": f"hello@{market.hostname.removeprefix('www.')}",
        "contactEmail": f"hello@{market.hostname.removeprefix('www.')}",
        "myshopifyDomain": f"{market.shop}.myshopify.com",
        "primaryDomain": {
            "__typename": "Domain",
            "id": f"gid://shopify/Domain/{_number(market.hostname)}",
            "host": market.hostname,
            "sslEnabled": True,
            "url": f"https://{market.hostname}",
        },
        "url": f"https://{market.hostname}",
        "currencyCode": market.currency,
        "enabledPresentmentCurrencies": [market.currency],
        "ianaTimezone": market.timezone,
        "timezoneAbbreviation": zone.tzname(),
        "timezoneOffset": zone.strftime("%z"),
        "timezoneOffsetMinutes": minutes,
        "taxesIncluded": False,
        "plan": {
            "displayName": "Shopify Plus",
            "partnerDevelopment": False,
            "publicDisplayName": "Shopify Plus",
            "shopifyPlus": True,
        },
        "createdAt": created,
        "updatedAt": created,
    }
