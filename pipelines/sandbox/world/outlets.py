"""Further shops of the Indonesian market that sell the same catalogue, and what is bought there.

Belongs here: the outlets, their buyers, orders, refunds and reviews. Does not: how the own site is
paid (`payments`), or what has become of an order by now (`state`).

Some buyers are customers of the Shopify shop, who type their address in other capitals. The own
site's prices are before tax, as the Shopify shop's are; a marketplace's are what the buyer pays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.calendar import CRISIS_LOSS, DAY, DEMAND_CAP, SHOPPING_DAYS, Calendar
from pipelines.sandbox.world.catalogue import CATALOGUE, PRODUCTS
from pipelines.sandbox.world.config import INDONESIA, MARKETS, WorldConfig
from pipelines.sandbox.world.customers import MAIL_HOSTS, person_names, phones
from pipelines.sandbox.world.demand import traits
from pipelines.sandbox.world.draws import Array, Draws, expand, mix
from pipelines.sandbox.world.frame import Frame, arrow, concat, instants, whole, words
from pipelines.sandbox.world.geography import REGIONS
from pipelines.sandbox.world.networks import NETWORK_BY_NAME
from pipelines.sandbox.world.payments import CARD, payment_tables
from pipelines.sandbox.world.texts import REFUND_NOTES, SAYINGS
from pipelines.sandbox.world.traffic import person_ids, place_names


class Bases(NamedTuple):
    """Where the outlet's numbers of each kind begin."""

    product: int
    order: int
    line: int
    refund: int
    buyer: int


@dataclass(frozen=True)
class Outlet:
    """One further shop.

    - `share`: orders a year in relation to the world's size.
    - `own`: the brand's own site, which knows its buyers' addresses and charges tax on top.
    - `tests`: share of orders that are tests (or samples) and no sales.
    - `methods`, `preferred`: ways to pay, and how often each is chosen.
    - `coupons`: codes of 10, 5 and 20 per cent.
    """

    name: str
    shop_id: str
    share: float
    own: bool
    tests: float
    methods: tuple[str, ...]
    preferred: tuple[float, ...]
    coupons: tuple[str, str, str]
    bases: Bases


SHOPEE = Outlet(
    name="shopee",
    shop_id="210000011",
    share=0.3,
    own=False,
    tests=0.0,
    methods=("ShopeePay", "Bank Transfer", "SPayLater"),
    preferred=(0.5, 0.3, 0.2),
    coupons=("SARIBARU", "SARI5", "SARIBESAR"),
    bases=Bases(24_100_000_000, 0, 5_100_000_000, 2_400_000_000_000, 640_000_000),
)
TIKTOK_SHOP = Outlet(
    name="tiktok_shop",
    shop_id="7495000000000000011",
    share=0.2,
    own=False,
    tests=0.006,
    methods=("GoPay", "Bank Transfer", "PayLater"),
    preferred=(0.5, 0.3, 0.2),
    coupons=("TTSBARU", "TTS5", "TTSBESAR"),
    # Above 2^53, as TikTok's are.
    bases=Bases(
        1_729_500_000_000_000_000,
        576_400_000_000_000_000,
        577_400_000_000_000_000,
        4_035_000_000_000_000_000,
        7_494_000_000_000_000_000,
    ),
)
WOOCOMMERCE = Outlet(
    name="woocommerce",
    shop_id="toko.sarilaut.co.id",
    share=0.25,
    own=True,
    tests=0.006,
    methods=(CARD, "bacs"),
    preferred=(0.85, 0.15),
    coupons=("selamatdatang", "toko5", "tokobesar"),
    # Orders and their refunds share one row of numbers.
    bases=Bases(100, 5_000, 30, 5_001, 2),
)
# An outlet's place is its code in the simulation's arrays; like the tables, sorted by name.
OUTLETS: tuple[Outlet, ...] = (SHOPEE, TIKTOK_SHOP, WOOCOMMERCE)
OUTLET_BY_NAME = {outlet.name: outlet for outlet in OUTLETS}

UNIT = INDONESIA.unit
OWN = np.array([outlet.own for outlet in OUTLETS])
# First orders for each order, since about a third of all are repeats.
FIRSTS = 0.68
MAX_REPEATS = 6
SHOPS_ALREADY = 0.3
# Who has an account from the first order, from the second one, or never.
ACCOUNTS = (0.55, 0.15, 0.30)
PERCENT = np.array([10, 5, 20])
LINE_COUNTS = (0.50, 0.30, 0.14, 0.06)
QUANTITIES = (0.68, 0.22, 0.10)
PLACES_PER_ORDER = 8
SHIPPING = np.array([1_200_000, 2_500_000])
FREE_FROM = 25_000_000
TAX_PERCENT = 11
# Outcomes of a refund: at once, pending for two days and then paid, pending for a day and refused.
OUTCOMES = (0.82, 0.10, 0.08)
SUCCEEDED, SLOW, FAILED = range(3)
WHOLE, LINE, GOODWILL = range(3)
REFUND_KINDS = ("order", "line", "goodwill")
SENTIMENTS = ("negative", "negative", "neutral", "positive", "positive")
HAPPY = np.array([0.03, 0.04, 0.08, 0.25, 0.60])
UPSET = np.array([0.45, 0.20, 0.15, 0.10, 0.10])
# How visitors of the own site came: by an ad, the newsletter, a search, another site, directly.
ORIGINS = (0.35, 0.08, 0.20, 0.07, 0.30)
BY_AD, BY_MAIL = 0, 1
ORIGIN_SOURCES = (None, "newsletter", "google", "resepibu.example", "(direct)")
ORIGIN_MEDIA = (None, "email", "organic", "referral", "(none)")


def outlet_tables(
    config: WorldConfig,
    draws: Draws,
    calendar: Calendar,
    shop: pa.Table,
    campaigns: pa.Table,
    fx: pa.Table,
) -> dict[str, pa.Table]:
    """Every table of the outlets, with all that is still to come; `World.cut` hides it.

    `shop` are the customers of the Shopify shop, from whom some of the buyers are taken.
    """
    mine = shop.filter(pc.equal(shop["market"], calendar.market.code)).combine_chunks()
    buyers = _buyers(config, draws, calendar, mine)
    known = _identities(config, draws, buyers, mine)
    orders = _with_coupon(draws, _placed(draws, calendar, buyers, known))
    lines = _lines(draws, orders)
    orders = _with_fate(draws, _with_totals(draws, orders, lines))
    refunds = _refunds(draws, calendar, orders, lines)
    order_ids = _order_ids(orders)
    registered = _accounts(draws, orders)
    sold = _order_table(draws, calendar, orders, order_ids, registered, known, campaigns)
    returned = _refund_table(orders, refunds, order_ids)
    return {
        "outlet_products": _product_table(int(calendar.midnights[0])),
        "outlet_orders": sold,
        "outlet_lines": _line_table(orders, lines, order_ids),
        "outlet_refunds": returned,
        "outlet_customers": _customer_table(orders, registered, known),
        "reviews": _review_table(draws, calendar, orders, lines, order_ids, known),
        **payment_tables(draws, sold, returned, fx),
    }


# --- who buys, and when ---------------------------------------------------------------------------


def _buyers(config: WorldConfig, draws: Draws, calendar: Calendar, shop: pa.Table) -> Frame:
    """Those who come to buy, with the row of the Shopify customer that each is, or −1."""
    usual = (calendar.demand / calendar.crisis)[: calendar.history].sum() / calendar.history * 365
    parts = []
    for code, outlet in enumerate(OUTLETS):
        mean = FIRSTS * outlet.share * config.size * calendar.demand / usual
        day_keys = mix(code, np.arange(calendar.days) + calendar.ordinal, 29)
        day, place = expand(draws.poisson("outlet/count", day_keys, mean))
        key = draws.bits("outlet/buyer", mix(day_keys[day], place))
        at = calendar.instant(draws, "outlet", key, day)
        parts.append(Frame(key=key, outlet=np.full(len(key), code), at=at))
    buyers = concat(parts, ("key", "outlet", "at")).sorted_by("outlet", "at", "key")
    known_since = shop["created_at"].cast(pa.int64()).to_numpy() // 1_000_000
    before = np.searchsorted(known_since, buyers["at"] - DAY)
    already = draws.chance("outlet/shops_already", buyers["key"], SHOPS_ALREADY) & (before > 0)
    row = np.where(already, draws.below("outlet/customer", buyers["key"], before), -1)
    # Nobody is two buyers of one outlet: the second one to be the same customer is somebody else.
    pair = row * len(OUTLETS) + buyers["outlet"]
    _, first = np.unique(pair, return_index=True)
    once = np.zeros(len(buyers), bool)
    once[first] = True
    starts = np.searchsorted(buyers["outlet"], np.arange(len(OUTLETS)))
    return buyers.plus(
        row=np.where(once, row, -1), serial=np.arange(len(buyers)) - starts[buyers["outlet"]]
    )


@dataclass(frozen=True)
class _Identities:
    """What is known of each buyer, in the order of the buyers."""

    person: Array
    first: pa.Array
    last: pa.Array
    email: pa.Array
    phone: pa.Array
    province: pa.Array
    city: pa.Array

    def of(self, buyer: Array, name: str) -> pa.Array:
        """That column for each of these buyers."""
        return getattr(self, name).take(pa.array(buyer))


def _identities(config: WorldConfig, draws: Draws, buyers: Frame, shop: pa.Table) -> _Identities:
    """Names, addresses and places: a Shopify customer's own, or drawn."""
    key, market = buyers["key"], np.full(len(buyers), MARKETS.index(INDONESIA))
    who = traits(config, draws, key, market)
    first, last = person_names(draws, key, market, who["gender"])
    host = draws.choice("outlet/host", key, (0.6, 0.2, 0.1, 0.1)).tolist()
    typed = [
        f"{given}.{family}.o{serial * len(OUTLETS) + outlet}@{MAIL_HOSTS[h]}".lower()
        for given, family, serial, outlet, h in zip(
            first, last, buyers["serial"].tolist(), buyers["outlet"].tolist(), host, strict=True
        )
    ]
    row = pa.array(buyers["row"], pa.int64(), mask=buyers["row"] < 0)

    def merged(name: str, drawn: pa.Array) -> pa.Array:
        theirs = shop[name].combine_chunks().take(row)
        return pc.if_else(row.is_valid(), theirs, drawn)

    email = _other_capitals(draws, key, merged("email", pa.array(typed)))
    hidden = pa.array(~OWN[buyers["outlet"]])
    return _Identities(
        person=np.asarray(merged("person_id", pa.array(person_ids(key))).to_numpy()),
        first=merged("first_name", pa.array(first)),
        last=merged("last_name", pa.array(last)),
        email=pc.if_else(hidden, pa.scalar(None, pa.string()), email),
        phone=pc.if_else(
            hidden,
            pa.scalar(None, pa.string()),
            merged("phone", pa.array(phones(draws, key, market), pa.string())),
        ),
        province=merged("province", place_names(market, who["region"], None)),
        city=merged("city", place_names(market, who["region"], who["city"])),
    )


def _other_capitals(draws: Draws, key: Array, email: pa.Array) -> pa.Array:
    """Addresses as they are typed on another keyboard: the same to every mail server."""
    way = draws.choice("outlet/capitals", key, (0.6, 0.25, 0.15))
    return pc.choose(
        pa.array(way), pc.utf8_lower(email), pc.utf8_capitalize(email), pc.utf8_upper(email)
    )


def _placed(draws: Draws, calendar: Calendar, buyers: Frame, known: _Identities) -> Frame:
    """Every order: each buyer's first, and the repeats that the days' demand lets through."""
    number = np.arange(1, MAX_REPEATS + 1)
    keys = mix(buyers["key"][:, None], number)
    stays = draws.chance("outlet/stays", keys, 0.5)
    gaps = 4 * DAY + draws.exponential("outlet/gap", keys, 40.0 * DAY)
    at = buyers["at"][:, None] + np.cumsum(gaps, axis=1).astype(np.int64)
    buyer, place = np.nonzero(np.logical_and.accumulate(stays, axis=1))
    inside = calendar.holds(at[buyer, place])
    buyer, place = buyer[inside], place[inside]
    key, day = keys[buyer, place], calendar.day_of(at[buyer, place])
    wanted = draws.chance("outlet/accepted", key, calendar.demand[day] / DEMAND_CAP)
    buyer, key, day = buyer[wanted], key[wanted], day[wanted]
    again = Frame(key=key, buyer=buyer, at=calendar.instant(draws, "outlet/again", key, day))
    firsts = Frame(key=mix(buyers["key"], 0), buyer=np.arange(len(buyers)), at=buyers["at"])
    orders = concat([firsts, again], ("key", "buyer", "at"))
    outlet = buyers["outlet"][orders["buyer"]]
    orders = orders.plus(outlet=outlet).sorted_by("buyer", "at", "key")
    orders = orders.plus(number=_counted(orders["buyer"])).sorted_by("outlet", "at", "key")
    starts = np.searchsorted(orders["outlet"], np.arange(len(OUTLETS)))
    tests = np.array([outlet.tests for outlet in OUTLETS])
    far = {region.name for region in REGIONS[INDONESIA.code] if region.far}
    province = known.of(orders["buyer"], "province")
    return orders.plus(
        serial=np.arange(len(orders)) - starts[orders["outlet"]],
        buyer_serial=buyers["serial"][orders["buyer"]],
        buyer_key=buyers["key"][orders["buyer"]],
        test=draws.chance("outlet/test", orders["key"], tests[orders["outlet"]]),
        far=np.isin(np.asarray(province.to_numpy(zero_copy_only=False), str), sorted(far)),
    )


def _counted(group: Array) -> Array:
    """The place from 0 of each row within its group; groups stand together."""
    new = np.append(True, group[1:] != group[:-1])[: len(group)]
    starts = np.flatnonzero(new)
    return np.arange(len(group)) - np.repeat(starts, np.diff(np.append(starts, len(group))))


def _accounts(draws: Draws, orders: Frame) -> Array:
    """The own site's customer number of each order; −1 for a guest and on marketplaces."""
    begins = draws.choice("outlet/account", orders["buyer_key"], ACCOUNTS)
    signed_in = OWN[orders["outlet"]] & (begins < 2) & (orders["number"] >= begins)
    opening = np.flatnonzero(signed_in & (orders["number"] == begins))
    customer = np.full(len(orders), -1)
    of_buyer = np.full(orders["buyer"].max(initial=-1) + 1, -1)
    # Number 1 is the site's administrator.
    of_buyer[orders["buyer"][opening]] = WOOCOMMERCE.bases.buyer + np.arange(len(opening))
    customer[signed_in] = of_buyer[orders["buyer"][signed_in]]
    return customer


# --- what they buy --------------------------------------------------------------------------------


def _with_coupon(draws: Draws, orders: Frame) -> Frame:
    """The seller's coupon of each order (welcome, 5 per cent, shopping day), or −1."""
    luck = draws.uniform("outlet/coupon", orders["key"])
    coupon = np.where(luck < np.where(orders["number"] == 0, 0.3, 0.0), 0, -1)
    coupon = np.where((orders["number"] > 0) & (luck < 0.15), 1, coupon)
    days = (orders["at"] + 7 * 3600).astype("datetime64[s]").astype("datetime64[D]")
    month = days.astype("datetime64[M]")
    monthday = (month.astype(int) % 12 + 1) * 100 + (days - month).astype(int) + 1
    feast = np.isin(monthday, [number * 100 + day for number, day in SHOPPING_DAYS])
    return orders.plus(coupon=np.where(feast & (luck < 0.5), 2, coupon))


def _lines(draws: Draws, orders: Frame) -> Frame:
    row, place = expand(1 + draws.choice("outlet/lines", orders["key"], LINE_COUNTS))
    first = draws.choice("outlet/variant", orders["key"], CATALOGUE.weight)
    stride = 1 + draws.below("outlet/stride", orders["key"], len(CATALOGUE.sku) - 1)
    # The number of variants is prime, so any stride visits different ones.
    variant = (first[row] + place * stride[row]) % len(CATALOGUE.sku)
    quantity = 1 + draws.choice("outlet/quantity", mix(orders["key"][row], place), QUANTITIES)
    price = CATALOGUE.price[MARKETS.index(INDONESIA), variant]
    percent = np.where(orders["coupon"] >= 0, PERCENT[orders["coupon"]], 0)
    paid_by_platform = draws.chance("outlet/voucher", orders["key"], 0.3) & ~OWN[orders["outlet"]]
    discount = _share(price * quantity, percent[row])
    return Frame(
        row=row,
        place=place,
        variant=variant,
        quantity=quantity,
        price=price,
        discount=discount,
        platform=_share(price * quantity - discount, np.where(paid_by_platform, 6, 0)[row]),
    )


def _share(amount: Array, percent: Array | int) -> Array:
    """So many per cent of an amount, in whole rupiah."""
    return np.asarray(amount * percent // 100 // UNIT * UNIT)


def _summed(orders: Frame, lines: Frame, values: Array) -> Array:
    return np.bincount(lines["row"], values, len(orders)).astype(np.int64)


def _with_totals(draws: Draws, orders: Frame, lines: Frame) -> Frame:
    gross = _summed(orders, lines, lines["price"] * lines["quantity"])
    seller = _summed(orders, lines, lines["discount"])
    platform = _summed(orders, lines, lines["platform"])
    own = OWN[orders["outlet"]]
    free = np.where(
        own, gross - seller >= FREE_FROM, draws.chance("outlet/free", orders["key"], 0.6)
    )
    shipping = np.where(free, 0, SHIPPING[orders["far"].astype(int)])
    # To the nearest rupiah, half up.
    tax = np.where(own, ((gross - seller) // UNIT * TAX_PERCENT + 50) // 100 * UNIT, 0)
    return orders.plus(
        gross=gross,
        seller_discount=seller,
        platform_discount=platform,
        tax=tax,
        shipping=shipping,
        total=gross - seller - platform + tax + shipping,
    )


def _with_fate(draws: Draws, orders: Frame) -> Frame:
    """When each order is paid, sent, completed, cancelled and put in the trash; −1 for never."""
    key, at = orders["key"], orders["at"]
    method = np.zeros(len(orders), np.int64)
    for code, outlet in enumerate(OUTLETS):
        mine = np.flatnonzero(orders["outlet"] == code)
        method[mine] = draws.choice("outlet/method", key[mine], outlet.preferred)
    pays = ~draws.chance("outlet/unpaid", key, 0.04) | orders["test"]
    slow = np.where(method == 1, 9 * 3600, 300)
    paid = np.where(pays, at + 20 + draws.below("outlet/paid", key, slow), -1)
    cancels = pays & ~orders["test"] & draws.chance("outlet/cancels", key, 0.015)
    regret = paid + 1800 + draws.below("outlet/cancelled", key, 8 * 3600)
    cancelled = np.where(pays, np.where(cancels, regret, -1), at + DAY)
    sent = paid + 10 * 3600 + draws.below("outlet/sent", key, 46 * 3600)
    sent = np.where(pays & ~cancels, sent, -1)
    arrived = sent + 36 * 3600 + draws.below("outlet/completed", key, 5 * DAY)
    trash = np.select([orders["test"], ~pays], [0.5, 0.6], 0.004)
    trashed = OWN[orders["outlet"]] & draws.chance("outlet/trashed", key, trash)
    return orders.plus(
        method=method,
        paid=paid,
        cancelled=cancelled,
        sent=sent,
        completed=np.where(sent >= 0, arrived, -1),
        trashed=np.where(trashed, at + 2 * DAY + draws.below("outlet/trash", key, 8 * DAY), -1),
    )


def _refunds(draws: Draws, calendar: Calendar, orders: Frame, lines: Frame) -> Frame:
    """At most one refund an order: all of it if cancelled, else all, a line, or goodwill."""
    key, kept = orders["key"], (orders["trashed"] < 0) & ~orders["test"]
    cancelled = (orders["cancelled"] >= 0) & (orders["paid"] >= 0) & kept
    day = calendar.day_of(orders["at"])
    rate = 0.05 * (1.0 + 3.0 * (1.0 - calendar.crisis[day]))
    unhappy = (orders["completed"] >= 0) & kept & draws.chance("outlet/refund", key, rate)
    row = np.flatnonzero(cancelled | unhappy)
    key, at_once = key[row], cancelled[row]
    kind = np.where(at_once, WHOLE, draws.choice("outlet/refund_kind", key, (0.4, 0.4, 0.2)))
    outcome = np.where(at_once, SUCCEEDED, draws.choice("outlet/outcome", key, OUTCOMES))
    first = np.searchsorted(lines["row"], row)
    paid = (lines["price"] * lines["quantity"] - lines["discount"] - lines["platform"])[first]
    paid = paid + np.where(OWN[orders["outlet"][row]], _share(paid, TAX_PERCENT), 0)
    total = orders["total"][row]
    wait = 12 * 3600 + draws.below("outlet/refund_wait", key, 12 * DAY)
    at = np.where(at_once, orders["cancelled"][row] + 20, orders["completed"][row] + wait)
    return Frame(
        row=row,
        at=at,
        settled=at + np.array([0, 2 * DAY, DAY])[outcome],
        amount=np.select([kind == WHOLE, kind == LINE], [total, paid], _share(total, 10)),
        kind=kind,
        outcome=outcome,
        note=np.where(kind == GOODWILL, 4, draws.below("outlet/note", key, 4)),
    )


# --- ids ------------------------------------------------------------------------------------------


def _order_ids(orders: Frame) -> list[str]:
    """The number of each order as the outlet writes it: Shopee's tells the day."""
    day = ((orders["at"] + 7 * 3600) // DAY).astype("datetime64[D]").tolist()
    ids = []
    for outlet, serial, at in zip(
        orders["outlet"].tolist(), orders["serial"].tolist(), day, strict=True
    ):
        if OUTLETS[outlet] is SHOPEE:
            # A factor that neither 2 nor 3 divides gives each serial its own eight digits.
            code = np.base_repr((serial + 1) * 2_104_785_913_097 % 36**8, 36).zfill(8)
            ids.append(f"{at:%y%m%d}{code}")
        else:
            step = 4 if OUTLETS[outlet] is WOOCOMMERCE else 65_536
            ids.append(str(OUTLETS[outlet].bases.order + serial * step))
    return ids


def _numbered(outlet: Array, base: str, serial: Array) -> list[str]:
    """Numbers from the outlet's base on; a marketplace's lie far apart."""
    bases = np.array([getattr(known.bases, base) for known in OUTLETS])
    return [str(n) for n in (bases[outlet] + serial * np.where(OWN, 4, 1_024)[outlet]).tolist()]


def _product_ids(outlet: Array, variant: Array) -> list[str]:
    return _numbered(outlet, "product", CATALOGUE.product[variant] * 64)


def _variant_ids(outlet: Array, variant: Array) -> list[str]:
    return _numbered(outlet, "product", CATALOGUE.product[variant] * 64 + 1 + variant)


def _names(outlet: Array) -> pa.Array:
    return words([known.name for known in OUTLETS], outlet)


def _shops(outlet: Array) -> pa.Array:
    return words([known.shop_id for known in OUTLETS], outlet)


# --- tables ---------------------------------------------------------------------------------------


def _product_table(start: int) -> pa.Table:
    variant = np.tile(np.arange(len(CATALOGUE.sku)), len(OUTLETS))
    outlet = np.repeat(np.arange(len(OUTLETS)), len(CATALOGUE.sku))
    return arrow(
        tables.OUTLET_PRODUCTS,
        {
            "outlet": _names(outlet),
            "product_id": _product_ids(outlet, variant),
            "variant_id": _variant_ids(outlet, variant),
            "sku": words(CATALOGUE.sku, variant),
            "product_title": [PRODUCTS[p][0] for p in CATALOGUE.product[variant]],
            "variant_title": words(CATALOGUE.title, variant),
            "product_type": [PRODUCTS[p][1] for p in CATALOGUE.product[variant]],
            "price": CATALOGUE.price[MARKETS.index(INDONESIA), variant],
            "created_at": instants(np.full(len(variant), start)),
        },
    )


def _order_table(
    draws: Draws,
    calendar: Calendar,
    orders: Frame,
    order_ids: list[str],
    registered: Array,
    known: _Identities,
    campaigns: pa.Table,
) -> pa.Table:
    outlet, buyer = orders["outlet"], orders["buyer"]
    methods = [method for known_outlet in OUTLETS for method in known_outlet.methods]
    coupons = [coupon for known_outlet in OUTLETS for coupon in known_outlet.coupons]
    first_method = np.cumsum([0, *(len(known_outlet.methods) for known_outlet in OUTLETS)])
    coupon = orders["coupon"]
    customer = whole(registered).cast(pa.string())
    bought_by = pa.array(_numbered(outlet, "buyer", orders["buyer_serial"]))
    return arrow(
        tables.OUTLET_ORDERS,
        {
            "outlet": _names(outlet),
            "shop_id": _shops(outlet),
            "order_id": order_ids,
            "number": order_ids,
            "buyer_id": pc.if_else(pa.array(OWN[outlet]), customer, bought_by),
            "customer_id": customer,
            "person_id": known.person[buyer],
            "email": known.of(buyer, "email"),
            "phone": known.of(buyer, "phone"),
            "first_name": known.of(buyer, "first"),
            "last_name": known.of(buyer, "last"),
            "created_at": instants(orders["at"]),
            "paid_at": instants(orders["paid"]),
            "sent_at": instants(orders["sent"]),
            "completed_at": instants(orders["completed"]),
            "cancelled_at": instants(orders["cancelled"]),
            "trashed_at": instants(orders["trashed"]),
            "currency": words([INDONESIA.currency], np.zeros(len(orders), int)),
            "country_code": words([INDONESIA.country_code], np.zeros(len(orders), int)),
            "province": known.of(buyer, "province"),
            "city": known.of(buyer, "city"),
            "payment_method": words(methods, first_method[outlet] + orders["method"]),
            "coupon": words(coupons, np.where(coupon < 0, -1, outlet * len(PERCENT) + coupon)),
            "is_test": orders["test"],
        }
        | _tags(draws, calendar, orders, campaigns)
        | {name: orders[name] for name in MONEY},
    )


MONEY = ("gross", "seller_discount", "platform_discount", "tax", "shipping", "total")


def _tags(
    draws: Draws, calendar: Calendar, orders: Frame, campaigns: pa.Table
) -> dict[str, pa.Array]:
    """How the buyer came to the own site: an ad that ran on that day, or another way."""
    mine = campaigns.filter(pc.equal(campaigns["market"], calendar.market.code)).combine_chunks()
    first = mine["start_date"].cast(pa.int32()).to_numpy()
    last = pc.fill_null(mine["stop_date"].cast(pa.int32()), np.iinfo(np.int32).max).to_numpy()
    rows = np.flatnonzero(OWN[orders["outlet"]])
    day = calendar.day_of(orders["at"][rows])[:, None] + calendar.ordinal
    runs = ((first <= day) & (day <= last)).astype(float)
    origin, campaign = np.full(len(orders), -1), np.full(len(orders), -1)
    origin[rows] = draws.choice("outlet/origin", orders["key"][rows], ORIGINS)
    campaign[rows] = draws.choice_by_row("outlet/ad", orders["key"][rows], runs)
    campaign = np.where(origin == BY_AD, campaign, -1)
    # Where no ad runs, nobody comes by one.
    origin = np.where((origin == BY_AD) & (campaign < 0), len(ORIGINS) - 1, origin)
    networks = [NETWORK_BY_NAME[name] for name in mine["network"].to_pylist()]
    by_mail = words(["kabar-sarilaut"], np.where(origin == BY_MAIL, 0, -1))
    return {
        "utm_source": pc.coalesce(
            words([network.utm_source for network in networks], campaign),
            words(ORIGIN_SOURCES, origin),
        ),
        "utm_medium": pc.coalesce(
            words([network.utm_medium for network in networks], campaign),
            words(ORIGIN_MEDIA, origin),
        ),
        "utm_campaign": pc.coalesce(words(mine["utm_campaign"].to_pylist(), campaign), by_mail),
    }


def _line_ids(orders: Frame, row: Array, place: Array) -> list[str]:
    return _numbered(
        orders["outlet"][row], "line", orders["serial"][row] * PLACES_PER_ORDER + place
    )


def _line_table(orders: Frame, lines: Frame, order_ids: list[str]) -> pa.Table:
    row, variant = lines["row"], lines["variant"]
    outlet = orders["outlet"][row]
    return arrow(
        tables.OUTLET_LINES,
        {
            "outlet": _names(outlet),
            "order_id": pa.array(order_ids).take(pa.array(row)),
            "line_id": _line_ids(orders, row, lines["place"]),
            "product_id": _product_ids(outlet, variant),
            "variant_id": _variant_ids(outlet, variant),
            "sku": words(CATALOGUE.sku, variant),
            "title": words(CATALOGUE.display, variant),
            "quantity": lines["quantity"],
            "unit_price": lines["price"],
            "discount": lines["discount"],
            "platform_discount": lines["platform"],
        },
    )


def _refund_table(orders: Frame, refunds: Frame, order_ids: list[str]) -> pa.Table:
    row, outlet = refunds["row"], orders["outlet"][refunds["row"]]
    of_line = pa.array(refunds["kind"] == LINE)
    line = pa.array(_line_ids(orders, row, np.zeros(len(row), np.int64)), pa.string())
    return arrow(
        tables.OUTLET_REFUNDS,
        {
            "outlet": _names(outlet),
            "order_id": pa.array(order_ids).take(pa.array(row)),
            "refund_id": _numbered(outlet, "refund", orders["serial"][row]),
            "created_at": instants(refunds["at"]),
            "settled_at": instants(refunds["settled"]),
            "amount": refunds["amount"],
            "reason": words(REFUND_NOTES, refunds["note"]),
            "status": words(["succeeded", "failed"], (refunds["outcome"] == FAILED).astype(int)),
            "kind": words(REFUND_KINDS, refunds["kind"]),
            "line_id": pc.if_else(of_line, line, pa.scalar(None, pa.string())),
        },
    )


def _customer_table(orders: Frame, registered: Array, known: _Identities) -> pa.Table:
    """The own site's accounts, made half a minute before the order with which each begins."""
    rows = np.flatnonzero(registered >= 0)
    customer, first = np.unique(registered[rows], return_index=True)
    rows = rows[first]
    buyer = orders["buyer"][rows]
    return arrow(
        tables.OUTLET_CUSTOMERS,
        {
            "outlet": _names(orders["outlet"][rows]),
            "shop_id": _shops(orders["outlet"][rows]),
            "customer_id": pa.array(customer).cast(pa.string()),
            "person_id": known.person[buyer],
            "email": known.of(buyer, "email"),
            "phone": known.of(buyer, "phone"),
            "first_name": known.of(buyer, "first"),
            "last_name": known.of(buyer, "last"),
            "country_code": words([INDONESIA.country_code], np.zeros(len(rows), int)),
            "province": known.of(buyer, "province"),
            "city": known.of(buyer, "city"),
            "created_at": instants(orders["at"][rows] - 30),
        },
    )


def _review_table(
    draws: Draws,
    calendar: Calendar,
    orders: Frame,
    lines: Frame,
    order_ids: list[str],
    known: _Identities,
) -> pa.Table:
    """What some buyers write of the first thing that they bought, angrier while a scandal lasts."""
    able = (orders["completed"] >= 0) & (orders["trashed"] < 0) & ~orders["test"]
    row = np.flatnonzero(able & draws.chance("review", orders["key"], 0.14))
    wait = DAY + draws.below("review/wait", orders["key"][row], 14 * DAY)
    rows = Frame(row=row, at=orders["completed"][row] + wait, outlet=orders["outlet"][row])
    rows = rows.sorted_by("outlet", "at", "row")
    row, outlet = rows["row"], rows["outlet"]
    key, buyer = orders["key"][row], orders["buyer"][row]
    starts = np.searchsorted(outlet, np.arange(len(OUTLETS)))
    day = calendar.day_of(rows["at"])
    scandal = ((1.0 - calendar.crisis[day]) / CRISIS_LOSS)[:, None]
    stars = draws.choice_by_row("review/stars", key, (1 - scandal) * HAPPY + scandal * UPSET)
    scared = (stars < 2) & draws.chance("review/scared", key, scandal[:, 0])
    said = [
        sayings[n % len(sayings)]
        for n, sayings in zip(
            draws.below("review/words", key, 60).tolist(),
            (
                SAYINGS["id", "crisis" if fear else SENTIMENTS[star]]
                for fear, star in zip(scared.tolist(), stars.tolist(), strict=True)
            ),
            strict=True,
        )
    ]
    variant = lines["variant"][np.searchsorted(lines["row"], row)]
    verified = draws.chance("review/verified", key, 0.9) | ~OWN[outlet]
    order = pa.array(order_ids, pa.string()).take(pa.array(row))
    return arrow(
        tables.REVIEWS,
        {
            "outlet": _names(outlet),
            "review_id": _numbered(outlet, "line", np.arange(len(row)) - starts[outlet]),
            "product_id": _product_ids(outlet, variant),
            "order_id": pc.if_else(pa.array(verified), order, pa.scalar(None, pa.string())),
            "author_name": known.of(buyer, "first"),
            "email": known.of(buyer, "email"),
            "rating": stars + 1,
            "text": said,
            "created_at": instants(rows["at"]),
            "verified": verified,
            "sentiment": words(SENTIMENTS, stars),
        },
    )
