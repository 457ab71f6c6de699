"""Money: what each platform writes, in its own unit, is exactly that amount in major units.

Every column of money of the registry is in the table MONEY, for rupiah, yen, dollars, euros and
dinars: currencies with two decimals that nobody uses, with none, with two and with three. Each unit
has its smallest amount, an ordinary one, and the largest that it or the column can say; what each
is worth is written down by hand. What a column cannot hold is set apart and never cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from platforms import (
    Told,
    business,
    elements,
    exported,
    ga4_report,
    google_chunk,
    list_of,
    money_of,
    nodes,
    shop_found,
    shopee_orders,
    shopee_said,
    shopify_order,
    stand_in,
    streams_of,
    stripe_list,
    woocommerce_page,
    x_stats,
    youtube_report,
)
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.stream import Source, Stream
from pipelines.ingest import ingest
from pipelines.lake.landing import LandedDay
from pipelines.lake.schema import Field
from pipelines.lake.store import Lake

CURRENCIES = ("IDR", "JPY", "USD", "EUR", "KWD")
STREAMS = streams_of("ecb", "holidays")
# The last day that has closed for the clock of these tests, here and in California.
DAY = date(2026, 5, 9)
DAY_SECONDS = int(datetime(2026, 5, 9, 12, tzinfo=UTC).timestamp())
DAY_ZULU = "2026-05-09T12:00:00Z"
Amounts = Mapping[str, Sequence[tuple[Any, str]]]


@dataclass(frozen=True)
class Unit:
    """How a platform writes amounts: by currency, what is written and what that is worth.

    `beyond` is a currency and an amount of it that no column can hold.
    """

    amounts: Amounts
    beyond: tuple[str, Any]


# Text in major units, with the decimals of the currency, and as many more as a sum of parts has.
TEXT = Unit(
    {
        "IDR": [
            ("1", "1"),
            ("0.01", "0.01"),
            ("1500000", "1500000"),
            ("999999999999", "999999999999"),
        ],
        "JPY": [("1", "1"), ("1500", "1500"), ("999999999999", "999999999999")],
        "USD": [("0.01", "0.01"), ("14.35", "14.35"), ("999999999999.99", "999999999999.99")],
        "EUR": [("0.01", "0.01"), ("1234.50", "1234.5"), ("999999999999.99", "999999999999.99")],
        "KWD": [("0.001", "0.001"), ("1.234", "1.234"), ("999999999999.999", "999999999999.999")],
    },
    ("IDR", "1000000000000"),
)
# Shopify writes at least one decimal, whatever the currency has.
SHOPIFY = Unit(
    {
        "IDR": [("0.01", "0.01"), ("150000.0", "150000"), ("999999999999.0", "999999999999")],
        "JPY": [("1.0", "1"), ("1500.0", "1500"), ("999999999999.0", "999999999999")],
        "USD": [
            ("0.01", "0.01"),
            ("604214.45", "604214.45"),
            ("999999999999.99", "999999999999.99"),
        ],
        "EUR": [("0.01", "0.01"), ("43.0", "43"), ("999999999999.99", "999999999999.99")],
        "KWD": [("0.001", "0.001"), ("1.234", "1.234"), ("999999999999.999", "999999999999.999")],
    },
    ("IDR", "1000000000000.0"),
)
# Stripe counts minor units, rupiah by hundredths and dinars by thousandths. It takes up to eight
# digits, up to ten of yen and twelve of rupiah; bookings that went out are negative.
STRIPE = Unit(
    {
        "IDR": [(1, "0.01"), (15000000, "150000"), (999999999999, "9999999999.99")],
        "JPY": [(1, "1"), (1500, "1500"), (9999999999, "9999999999"), (-1500, "-1500")],
        "USD": [(1, "0.01"), (1435, "14.35"), (99999999, "999999.99"), (-1435, "-14.35")],
        "EUR": [(1, "0.01"), (123450, "1234.5"), (99999999, "999999.99"), (-1, "-0.01")],
        "KWD": [(1, "0.001"), (1230, "1.23"), (99999990, "99999.99"), (-1230, "-1.23")],
    },
    ("USD", 100000000000000),
)
# Millionths of the currency, whatever its own minor unit: Google writes them as text, X as numbers.
MICROS_AS_TEXT = Unit(
    {
        "IDR": [
            ("1", "0.000001"),
            ("150000000000", "150000"),
            ("999999999999999999", "999999999999.999999"),
        ],
        "JPY": [
            ("1", "0.000001"),
            ("1500000000", "1500"),
            ("999999999999999999", "999999999999.999999"),
        ],
        "USD": [
            ("1", "0.000001"),
            ("14350001", "14.350001"),
            ("999999999999999999", "999999999999.999999"),
        ],
        "EUR": [
            ("10000", "0.01"),
            ("1234500000", "1234.5"),
            ("999999999999999999", "999999999999.999999"),
        ],
        "KWD": [
            ("1000", "0.001"),
            ("1234000", "1.234"),
            ("999999999999999999", "999999999999.999999"),
        ],
    },
    ("IDR", "9223372036854775807"),
)
MICROS = Unit(
    {
        "IDR": [
            (1, "0.000001"),
            (150000000000, "150000"),
            (999999999999999999, "999999999999.999999"),
        ],
        "JPY": [(1, "0.000001"), (1500000000, "1500"), (999999999999999999, "999999999999.999999")],
        "USD": [
            (1, "0.000001"),
            (14350001, "14.350001"),
            (999999999999999999, "999999999999.999999"),
        ],
        "EUR": [
            (10000, "0.01"),
            (1234500000, "1234.5"),
            (999999999999999999, "999999999999.999999"),
        ],
        "KWD": [(1000, "0.001"), (1234000, "1.234"), (999999999999999999, "999999999999.999999")],
    },
    ("IDR", 9223372036854775807),
)
# Numbers of JSON, which are doubles: exact as far as their shortest decimal form goes.
DOUBLES = Unit(
    {
        "IDR": [
            (0.01, "0.01"),
            (150000, "150000"),
            (11700.5, "11700.5"),
            (999999999999.0, "999999999999"),
        ],
        "JPY": [(1, "1"), (1500.0, "1500"), (999999999999.0, "999999999999")],
        "USD": [(0.01, "0.01"), (14.35, "14.35"), (999999999999.99, "999999999999.99")],
        "EUR": [(0.1, "0.1"), (1234.5, "1234.5"), (999999999999.99, "999999999999.99")],
        "KWD": [(0.001, "0.001"), (1.234, "1.234"), (999999999999.999, "999999999999.999")],
    },
    ("IDR", 1e12),
)
# Doubles as text, the large ones with an exponent.
ANALYTICS = Unit(
    {
        "IDR": [
            ("0.01", "0.01"),
            ("1.2345678E7", "12345678"),
            ("9.99999999999E11", "999999999999"),
        ],
        "JPY": [("1", "1"), ("1500", "1500"), ("9.99999999999E11", "999999999999")],
        "USD": [("0.01", "0.01"), ("14.35", "14.35"), ("9.9999999999999E11", "999999999999.99")],
        "EUR": [("0.01", "0.01"), ("1234.5", "1234.5"), ("9.9999999999999E11", "999999999999.99")],
        "KWD": [
            ("0.001", "0.001"),
            ("1.234", "1.234"),
            ("9.99999999999999E11", "999999999999.999"),
        ],
    },
    ("IDR", "1.0E12"),
)
# LinkedIn's text may have an exponent, and as a rest of nothing a very small one.
LINKEDIN = Unit(
    {
        "IDR": [
            ("-2E-18", "0"),
            ("1500000", "1500000"),
            ("1.5E+6", "1500000"),
            ("999999999999", "999999999999"),
        ],
        "JPY": [("1", "1"), ("1500", "1500"), ("999999999999", "999999999999")],
        "USD": [("0.01", "0.01"), ("509.980", "509.98"), ("999999999999.99", "999999999999.99")],
        "EUR": [
            ("0.01", "0.01"),
            ("1234.5000000000000001", "1234.5"),
            ("999999999999.99", "999999999999.99"),
        ],
        "KWD": [("0.001", "0.001"), ("1.234", "1.234"), ("999999999999.999", "999999999999.999")],
    },
    ("IDR", "1E+12"),
)

# Which currencies a platform does not have, by what it says of itself.
LEFT_OUT: dict[tuple[str, str], str] = {
    (
        "meta_ads",
        "KWD",
    ): "Meta's table of currencies of advertising accounts has no dinars of Kuwait",
    ("shopee", "JPY"): "Shopee has no shops in Japan",
    ("shopee", "USD"): "Shopee has no shops that sell in dollars of the United States",
    ("shopee", "EUR"): "Shopee has left Europe",
    ("shopee", "KWD"): "Shopee has no shops in Kuwait",
    ("tiktok_shop", "KWD"): "TikTok Shop has no shops in Kuwait",
    ("youtube", "IDR"): "revenue is asked for in the dollars in which it is accounted",
    ("youtube", "JPY"): "revenue is asked for in the dollars in which it is accounted",
    ("youtube", "EUR"): "revenue is asked for in the dollars in which it is accounted",
    ("youtube", "KWD"): "revenue is asked for in the dollars in which it is accounted",
}
# What has no columns of money, though it has figures.
WITHOUT_MONEY = {"facebook_pages", "instagram", "linkedin", "tiktok", "x", "ecb", "holidays"}
# What is kept as exactly as money is, and is no amount of any currency.
RATES = {"ecb.rates": {"rate"}}


def filled(fields: Sequence[Field], amount: Any, only: Sequence[str] = ()) -> dict[str, Any]:
    """A record with that amount wherever its stream has money; each list has one element."""
    record: dict[str, Any] = {}
    for field in fields:
        if field.kind == "money" and (not only or field.name in only):
            put(record, field.steps, amount)
        elif field.kind == "list":
            put(record, field.steps, [filled(field.fields, amount)])
    return record


def put(record: dict[str, Any], steps: Sequence[str], value: Any) -> None:
    for step in steps[:-1]:
        record = record.setdefault(step, {})
    record[steps[-1]] = value


Answers = Callable[[Asked, Stream, Any, str], Reply]


@dataclass(frozen=True)
class Money:
    """Columns of a stream that hold money of one unit: all that it has, unless some are named.

    `answers` is the platform's answer with one record, in which each of them is that amount of that
    currency.
    """

    unit: Unit
    answers: Answers
    columns: tuple[str, ...] = ()


def meta_insights(_: Asked, stream: Stream, amount: Any, __: str) -> Reply:
    levels = ("campaign_id", "adset_id", "ad_id", "age", "gender", "region")
    days = {"date_start": DAY.isoformat(), "date_stop": DAY.isoformat()}
    return list_of([{**dict.fromkeys(levels, "1"), **days, **filled(stream.schema.fields, amount)}])


def analytics(asked: Asked, stream: Stream, amount: Any, _: str) -> Reply:
    return ga4_report(asked, [{"date": f"{DAY:%Y%m%d}", **filled(stream.schema.fields, amount)}])


def shopify_orders(_: Asked, stream: Stream, amount: Any, currency: str) -> Reply:
    record = filled(stream.schema.fields, amount)
    return nodes("orders", [{**shopify_order(1, DAY_ZULU, currency), **record}])


def shopify_variants(_: Asked, stream: Stream, amount: Any, __: str) -> Reply:
    record = filled(stream.schema.fields, amount)
    return nodes("productVariants", [{"legacyResourceId": "1", **record}])


def site_orders(asked: Asked, stream: Stream, amount: Any, currency: str) -> Reply:
    """Refunds come apart. Amounts are text; only the price of a line is a number."""
    order = filled(stream.schema.fields, amount)
    refunds = [{"id": 2, **refund} for refund in order["refunds"]]
    for part in (order, *refunds):
        for line in part["line_items"]:
            line["price"] = float(amount)
    if asked.path.endswith("/refunds"):
        return woocommerce_page(asked, refunds)
    times = {name: DAY_ZULU.removesuffix("Z") for name in ("date_created_gmt", "date_modified_gmt")}
    told = {"id": 1, "currency": currency, **times, **order, "refunds": [{"id": 2}]}
    return woocommerce_page(asked, [told])


def site_products(asked: Asked, stream: Stream, amount: Any, _: str) -> Reply:
    product = {"id": 1, "type": "simple", **filled(stream.schema.fields, amount)}
    return woocommerce_page(asked, [product])


def stripe_objects(asked: Asked, stream: Stream, amount: Any, currency: str) -> Reply:
    record = filled(stream.schema.fields, amount)
    for fee in record.get("fee_details", ()):
        fee["currency"] = currency.lower()
    told = {"id": "x", "created": DAY_SECONDS, "status": "succeeded", "currency": currency.lower()}
    return stripe_list([] if asked.path.endswith("/events") else [{**told, **record}])


def partner_orders(asked: Asked, stream: Stream, amount: Any, currency: str) -> Reply:
    """What the seller is paid comes apart."""
    order = filled(stream.schema.fields, amount)
    income = order.pop("income")
    times = dict.fromkeys(("create_time", "update_time", "pay_time"), DAY_SECONDS)
    told = {"order_sn": "1", "order_status": "COMPLETED", "currency": currency, **times, **order}
    return shopee_orders(asked, [told], income)


def partner_returns(_: Asked, stream: Stream, amount: Any, currency: str) -> Reply:
    times = dict.fromkeys(("create_time", "update_time"), DAY_SECONDS)
    told = {"return_sn": "1", "order_sn": "1", "status": "ACCEPTED", "currency": currency, **times}
    record = {**told, **filled(stream.schema.fields, amount)}
    return shopee_said(response={"more": False, "return": [record]})


def shop_records(name: str, key: str) -> Answers:
    def answer(_: Asked, stream: Stream, amount: Any, currency: str) -> Reply:
        times = dict.fromkeys(("create_time", "update_time"), DAY_SECONDS)
        record = {key: "1", "order_id": "1", **times, **filled(stream.schema.fields, amount)}
        record.setdefault("payment", {})["currency"] = currency
        return shop_found(name, [record])

    return answer


def business_report(_: Asked, stream: Stream, amount: Any, __: str) -> Reply:
    levels = ("campaign_id", "ad_id", "age", "gender", "province_id")
    dimensions = {**dict.fromkeys(levels, "1"), "stat_time_day": f"{DAY} 00:00:00"}
    return business({"dimensions": dimensions, **filled(stream.schema.fields, amount)})


def business_campaigns(_: Asked, stream: Stream, amount: Any, __: str) -> Reply:
    return business({"campaign_id": "1", **filled(stream.schema.fields, amount)})


def x_figures(asked: Asked, _: Stream, amount: Any, __: str) -> Reply:
    """One placement tells them; the other has seen no activity."""
    if asked.path.endswith("/active_entities"):
        return Reply({"data": [{"entity_id": "a"}]})
    if "stats" not in asked.path:
        return Reply({"data": []})
    told = {
        "billed_charge_local_micro": [amount],
        "conversion_purchases": {"sale_amount": [amount]},
    }
    silent = asked.query["placement"] == "PUBLISHER_NETWORK"
    return x_stats(dict.fromkeys(told) if silent else told, asked.query["entity_ids"])


def x_lists(_: Asked, stream: Stream, amount: Any, currency: str) -> Reply:
    record = {"id": "1", "campaign_id": "1", "currency": currency}
    return Reply({"data": [{**record, **filled(stream.schema.fields, amount)}]})


def google_rows(*columns: str) -> Answers:
    def answer(_: Asked, stream: Stream, amount: Any, __: str) -> Reply:
        row = {
            "segments": {"date": DAY.isoformat()},
            "adGroup": {"id": "1"},
            "adGroupAd": {"ad": {"id": "1"}},
            "adGroupCriterion": {"ageRange": {"type": "AGE"}, "gender": {"type": "MALE"}},
            **filled(stream.schema.fields, amount, columns),
        }
        return google_chunk({"campaign": {"id": "1"}, **row})

    return answer


def linkedin_days(_: Asked, stream: Stream, amount: Any, __: str) -> Reply:
    told = {"year": DAY.year, "month": DAY.month, "day": DAY.day}
    span = {"pivotValues": ["urn:li:x:1"], "dateRange": {"start": told, "end": told}}
    return elements([{**span, **filled(stream.schema.fields, amount)}])


def linkedin_campaigns(_: Asked, stream: Stream, amount: Any, currency: str) -> Reply:
    record = filled(stream.schema.fields, amount)
    record["dailyBudget"]["currencyCode"] = currency
    return elements([{"id": 1, **record}])


def channel_report(asked: Asked, _: Stream, amount: Any, __: str) -> Reply:
    row = {"day": DAY.isoformat(), "video": "v", "views": 1, "estimatedRevenue": amount}
    return youtube_report(asked, [row] if asked.query.get("startIndex", "1") == "1" else [])


COSTS, VALUES = (
    ("cost",),
    ("conversions", "conversions_value", "all_conversions", "all_conversions_value"),
)
GOOGLE_COSTS = Money(MICROS_AS_TEXT, google_rows(*COSTS), COSTS)
GOOGLE_VALUES = Money(DOUBLES, google_rows(*VALUES), VALUES)
MONEY: dict[str, tuple[Money, ...]] = {
    # Budgets, which Meta counts in units of its own by currency, are not read.
    **{
        f"meta_ads.insights_{level}": (Money(TEXT, meta_insights),)
        for level in ("account", "campaign", "adset", "ad", "age_gender", "region")
    },
    "ga4.traffic": (Money(ANALYTICS, analytics),),
    "ga4.transactions": (Money(ANALYTICS, analytics),),
    "shopify.orders": (Money(SHOPIFY, shopify_orders),),
    "shopify.variants": (Money(SHOPIFY, shopify_variants),),
    "woocommerce.orders": (Money(TEXT, site_orders),),
    "woocommerce.products": (Money(TEXT, site_products),),
    "stripe.charges": (Money(STRIPE, stripe_objects),),
    "stripe.refunds": (Money(STRIPE, stripe_objects),),
    "stripe.balance_transactions": (Money(STRIPE, stripe_objects),),
    "shopee.orders": (Money(DOUBLES, partner_orders),),
    "shopee.returns": (Money(DOUBLES, partner_returns),),
    "tiktok_shop.orders": (Money(TEXT, shop_records("orders", "id")),),
    "tiktok_shop.returns": (Money(TEXT, shop_records("return_orders", "return_id")),),
    "tiktok_shop.cancellations": (Money(TEXT, shop_records("cancellations", "cancel_id")),),
    **{
        f"tiktok_ads.{name}": (Money(TEXT, business_report),)
        for name in (
            "reports_advertiser",
            "reports_campaign",
            "reports_ad",
            "audience_age_gender",
            "audience_province",
        )
    },
    "tiktok_ads.campaigns": (Money(DOUBLES, business_campaigns),),
    "x_ads.campaigns": (Money(MICROS, x_lists),),
    "x_ads.line_items": (Money(MICROS, x_lists),),
    "x_ads.stats_account": (Money(MICROS, x_figures),),
    "x_ads.stats_campaign": (Money(MICROS, x_figures),),
    "x_ads.stats_promoted_tweet": (Money(MICROS, x_figures),),
    "google_ads.campaigns": (Money(MICROS_AS_TEXT, google_rows()),),
    **{
        f"google_ads.{level}_daily": (GOOGLE_COSTS, GOOGLE_VALUES)
        for level in ("account", "campaign", "ad_group", "ad", "age", "gender", "region")
    },
    "linkedin_ads.campaigns": (Money(LINKEDIN, linkedin_campaigns),),
    **{
        f"linkedin_ads.{level}_daily": (Money(LINKEDIN, linkedin_days),)
        for level in ("account", "campaign_group", "campaign", "creative", "demographics")
    },
    "youtube.channel_daily": (Money(DOUBLES, channel_report),),
    "youtube.video_daily": (Money(DOUBLES, channel_report),),
}
# What an export has beside its money.
EXPORTS: dict[str, dict[str, Any]] = {
    "files.orders": {"order_id": "1", "ordered_at": DAY_ZULU},
    "files.order_lines": {"order_id": "1", "line_no": 1, "ordered_at": DAY_ZULU, "quantity": 1},
    "files.ad_daily": {"platform": "x", "campaign_id": "1", "date_day": DAY.isoformat()},
    "files.ga4_events": {
        "event_date": f"{DAY:%Y%m%d}",
        "event_timestamp": 1,
        "event_name": "purchase",
        "user_pseudo_id": "u",
    },
}


def source_of(name: str) -> str:
    return name.partition(".")[0]


def cells() -> Iterator[Any]:
    """Each stream with each of its units and currencies."""
    for name, kinds in MONEY.items():
        for kind in kinds:
            for currency in CURRENCIES:
                if (source_of(name), currency) not in LEFT_OUT:
                    unit = "-".join((name, *kind.columns[:1], currency))
                    yield pytest.param(name, kind, currency, id=unit)


def read(source: Source, stream: Stream, lake: Lake, time: FakeTime) -> LandedDay:
    (landed,) = ingest(source, stream, lake, DAY, DAY, run_id="r", now=time.now).landed
    return landed


def made(
    server: Scripted, time: FakeTime, name: str, kind: Money, currency: str, amount: Any
) -> Source:
    def answer(asked: Asked) -> Reply:
        return kind.answers(asked, STREAMS[name], amount, currency)

    return stand_in(server, source_of(name), Told("UTC", currency), time.clock, answer)


def amounts_of(
    stream: Stream, lake: Lake, day: LandedDay, columns: Sequence[str]
) -> dict[str, Any]:
    rows = lake.rows(stream, day.account, day.day).to_pylist()
    found: dict[str, Any] = {}
    for row in rows:
        found |= money_of(stream, row)
    return {name: each for name, each in found.items() if not columns or name in columns}


@pytest.mark.parametrize(("name", "kind", "currency"), list(cells()))
def test_an_amount_lands_exactly_in_major_units(
    name: str, kind: Money, currency: str, server: Scripted, time: FakeTime, tmp_path: Path
) -> None:
    stream = STREAMS[name]
    for number, (amount, worth) in enumerate(kind.unit.amounts[currency]):
        lake = Lake(tmp_path / str(number))
        source = made(server, time, name, kind, currency, amount)
        day = read(source, stream, lake, time)
        assert (day.quarantined, day.rows > 0) == (0, True)
        found = amounts_of(stream, lake, day, kind.columns)
        assert found == dict.fromkeys(found, Decimal(worth))
        assert set(found) == (set(kind.columns) or set(places(stream.schema.fields)))
        rows = lake.rows(stream, day.account, day.day)
        if "currency" in rows.column_names:
            assert set(rows["currency"].to_pylist()) == {currency}


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("name", EXPORTS)
def test_an_amount_of_an_export_lands_exactly(name: str, currency: str, tmp_path: Path) -> None:
    stream, time = STREAMS[name], FakeTime()
    for number, (amount, worth) in enumerate(TEXT.amounts[currency]):
        folder = tmp_path / str(number)
        folder.mkdir()
        row = {**EXPORTS[name], **filled(stream.schema.fields, amount)}
        source = exported(folder, stream.name, [row], Told("UTC", currency))
        lake = Lake(folder / "lake")
        day = read(source, stream, lake, time)
        found = amounts_of(stream, lake, day, ())
        assert found == dict.fromkeys(places(stream.schema.fields), Decimal(worth))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(name, kind, id="-".join((name, *kind.columns[:1])))
        for name, kinds in MONEY.items()
        for kind in kinds
    ],
)
def test_an_amount_that_no_column_can_hold_is_set_apart_and_not_cut(
    name: str, kind: Money, server: Scripted, time: FakeTime, tmp_path: Path
) -> None:
    currency, amount = kind.unit.beyond
    source = made(server, time, name, kind, currency, amount)
    day = read(source, STREAMS[name], Lake(tmp_path), time)
    assert day.rows == 0
    assert day.quarantined > 0


# By https://docs.stripe.com/currencies. What has two is what it has on the wire: rupiah and forints
# though nobody uses their minor units, krónur and shillings though they have none.
STRIPES_DECIMALS = {
    0: (
        *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"),
        *("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
    ),
    2: ("HUF", "IDR", "ISK", "TWD", "UGX"),
    3: ("BHD", "JOD", "KWD", "OMR", "TND"),
}


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [(code, decimals) for decimals, codes in STRIPES_DECIMALS.items() for code in codes],
)
def test_stripes_minor_unit_is_that_of_its_own_list(
    currency: str, decimals: int, server: Scripted, time: FakeTime, tmp_path: Path
) -> None:
    name = "stripe.balance_transactions"
    source, lake = made(server, time, name, MONEY[name][0], currency, 123450), Lake(tmp_path)
    day = read(source, STREAMS[name], lake, time)
    worth = {0: "123450", 2: "1234.5", 3: "123.45"}[decimals]
    assert set(amounts_of(STREAMS[name], lake, day, ()).values()) == {Decimal(worth)}


# --- the tables themselves ------------------------------------------------------------------------


def places(fields: Sequence[Field], within: str = "") -> Iterator[str]:
    """Where a stream has money, lists included."""
    for field in fields:
        if field.kind == "money":
            yield within + field.name
        elif field.kind == "list":
            yield from places(field.fields, f"{within}{field.name}.")


def test_every_column_of_money_of_the_registry_is_in_the_tables() -> None:
    held = {
        name: set(places(stream.schema.fields)) - RATES.get(name, set())
        for name, stream in streams_of().items()
    }
    for name, columns in held.items():
        kinds = MONEY.get(name, ())
        named = {column for kind in kinds for column in kind.columns or columns}
        assert columns == (columns if name in EXPORTS else named), name
    sources = {source_of(name) for name in (*MONEY, *EXPORTS)}
    assert sources | WITHOUT_MONEY == {source_of(name) for name in streams_of()}


def test_every_unit_has_all_currencies_and_only_named_cells_are_left_out() -> None:
    kinds = [kind for kinds in MONEY.values() for kind in kinds]
    assert all(set(kind.unit.amounts) == set(CURRENCIES) for kind in kinds)
    assert {source for source, _ in LEFT_OUT} <= {source_of(name) for name in MONEY}
    assert {currency for _, currency in LEFT_OUT} <= set(CURRENCIES)
