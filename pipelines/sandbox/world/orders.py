"""What people buy: orders with lines, edits and refunds, and the customers they make.

Belongs here: every amount, exact in minor units. Does not: why or how people came (`demand`,
`traffic`). Amounts are whole multiples of the market's unit: rupiah have no cents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.calendar import DAY, SHOPPING_DAYS, Calendar
from pipelines.sandbox.world.campaigns import Plan, campaign_ids
from pipelines.sandbox.world.catalogue import CATALOGUE, MARKET_STEP
from pipelines.sandbox.world.config import MARKETS, WorldConfig
from pipelines.sandbox.world.demand import BASELINE, CAUSES, Demand, ordered_at, traits
from pipelines.sandbox.world.draws import Array, Draws, expand, mix
from pipelines.sandbox.world.frame import Frame, arrow, concat, instants, whole, words
from pipelines.sandbox.world.geography import REGIONS
from pipelines.sandbox.world.sharing import share_ids
from pipelines.sandbox.world.texts import REFUND_NOTES
from pipelines.sandbox.world.traffic import Traffic, browser_ids, person_ids, place_names

ORDER_BASE, LINE_BASE, EDIT_BASE = 5_400_000_000_000, 13_800_000_000_000, 3_100_000_000
REFUND_BASE, PAYMENT_BASE = 980_000_000_000, 6_900_000_000_000
ID_STEP = 32_768
ADDED_LINE = 7
JOURNEY = 30 * DAY
LINE_COUNTS = (0.42, 0.31, 0.18, 0.09)
QUANTITIES = (0.70, 0.22, 0.08)
UNITS = np.array([market.unit for market in MARKETS])
# Minor units: (near, far) shipping, and the subtotal from which it is free.
SHIPPING = np.array([[1_200_000, 2_500_000], [490, 690]])
FREE_FROM = np.array([25_000_000, 3_500])
CODES = ("WELCOME10", "SARILAUT5", "HARBOLNAS20")
PERCENT = np.array([10, 5, 20])
SOURCES = ("web", "pos", "shopify_draft_order")
GATEWAYS = ("midtrans", "shopify_payments")


@dataclass(frozen=True)
class Sales:
    """Orders and what became of them, as columns sorted by market and id."""

    orders: Frame
    lines: Frame
    edits: Frame
    refunds: Frame
    refund_lines: Frame
    payments: Frame


def sales(
    config: WorldConfig,
    draws: Draws,
    calendars: tuple[Calendar, ...],
    wanted: Demand,
    moved: Traffic,
) -> Sales:
    """Draw the orders of all purchases, with everything that will ever happen to them."""
    orders = _placed(config, draws, wanted, moved)
    orders = orders.plus(code=_code(draws, orders))
    lines = _lines(draws, orders)
    orders = _with_fate(draws, _with_totals(orders, lines))
    edits, added = _edits(draws, orders, lines)
    lines = concat([lines, added], LINE).sorted_by("order", "place")
    refunds, refund_lines = _refunds(draws, calendars, orders, lines, edits)
    return Sales(orders, lines, edits, refunds, refund_lines, _payments(refunds))


def _serial(market: Array) -> Array:
    """Place within the market of rows that are sorted by market."""
    starts = np.searchsorted(market, np.arange(len(MARKETS)))
    return np.arange(len(market)) - starts[market]


def _placed(config: WorldConfig, draws: Draws, wanted: Demand, moved: Traffic) -> Frame:
    bought = wanted.purchases
    visit = np.full(len(bought), -1)
    buying = np.flatnonzero(moved.visits["buys"])
    visit[moved.visits["purchase"][buying]] = buying
    first_visit = np.full(len(bought), -1)
    related = np.flatnonzero(moved.visits["purchase"] >= 0)[::-1]
    first_visit[moved.visits["purchase"][related]] = related
    causing = np.flatnonzero(moved.visits["causes"])
    first_visit[moved.visits["purchase"][causing]] = causing
    key = draws.bits("order", bought["key"])
    person_key = wanted.persons["key"][bought["person"]]
    who = traits(config, draws, person_key, bought["market"])
    offline = 1 + draws.chance("order/by_phone", key, 0.4)
    orders = Frame(
        key=key,
        purchase=np.arange(len(bought)),
        person=bought["person"],
        person_key=person_key,
        market=bought["market"],
        created=ordered_at(draws, bought),
        visit=visit,
        first_visit=first_visit,
        number=bought["number"],
        cause=bought["cause"],
        campaign=bought["campaign"],
        share=bought["share"],
        region=who["region"],
        city=who["city"],
        source=np.where(visit >= 0, 0, offline),
        test=(bought["number"] > 0)
        & (bought["cause"] == BASELINE)
        & draws.chance("order/test", key, 0.004),
    ).sorted_by("market", "created", "key")
    serial = _serial(orders["market"])
    return orders.plus(
        serial=serial, order=ORDER_BASE + orders["market"] * MARKET_STEP + serial * ID_STEP
    )


LINE = ("order", "place", "row", "market", "variant", "quantity", "price", "discount", "added")


def _lines(draws: Draws, orders: Frame) -> Frame:
    row, place = expand(1 + draws.choice("order/lines", orders["key"], LINE_COUNTS))
    first = draws.choice("order/variant", orders["key"], CATALOGUE.weight)
    stride = 1 + draws.below("order/stride", orders["key"], len(CATALOGUE.sku) - 1)
    # The number of variants is prime, so any stride visits different ones.
    variant = (first[row] + place * stride[row]) % len(CATALOGUE.sku)
    key, market = mix(orders["key"][row], place), orders["market"][row]
    quantity = 1 + draws.choice("line/quantity", key, QUANTITIES)
    price = CATALOGUE.price[market, variant]
    percent = np.where(orders["code"] >= 0, PERCENT[orders["code"]], 0)
    unit = UNITS[market]
    discount = price * quantity * percent[row] // 100 // unit * unit
    return Frame(
        order=orders["order"][row],
        place=place,
        row=row,
        market=market,
        variant=variant,
        quantity=quantity,
        price=price,
        discount=discount,
        added=np.full(len(row), -1),
    )


def _code(draws: Draws, orders: Frame) -> Array:
    """The discount code of each order: welcome, newsletter or shopping day; −1 for none."""
    luck = draws.uniform("order/code", orders["key"])
    code = np.where((orders["number"] == 0) & (luck < 0.35), 0, -1)
    code = np.where((orders["number"] > 0) & (luck < 0.15), 1, code)
    days = orders["created"].astype("datetime64[s]").astype("datetime64[D]")
    monthday = (
        (days.astype("datetime64[M]").astype(int) % 12 + 1) * 100
        + (days - days.astype("datetime64[M]")).astype(int)
        + 1
    )
    feast = np.isin(monthday, [month * 100 + day for month, day in SHOPPING_DAYS])
    code = np.where(feast & (orders["market"] == 0) & (luck < 0.6), 2, code)
    return np.where(orders["source"] == 0, code, -1)


def _tax(orders: Frame, subtotal: Array) -> Array:
    """Tax on a subtotal, rounded half up to the market's unit."""
    rates = np.zeros((len(MARKETS), max(len(known) for known in REGIONS.values())), np.int64)
    for code, place in enumerate(MARKETS):
        rates[code, : len(REGIONS[place.code])] = [region.tax for region in REGIONS[place.code]]
    unit = UNITS[orders["market"]]
    rate = rates[orders["market"], orders["region"]]
    return np.asarray((subtotal // unit * rate + 5_000) // 10_000 * unit)


def _with_totals(orders: Frame, lines: Frame) -> Frame:
    gross = np.bincount(lines["row"], lines["price"] * lines["quantity"], len(orders)).astype(
        np.int64
    )
    discount = np.bincount(lines["row"], lines["discount"], len(orders)).astype(np.int64)
    subtotal = gross - discount
    far = np.zeros((len(MARKETS), max(len(known) for known in REGIONS.values())), np.int64)
    for code, place in enumerate(MARKETS):
        far[code, : len(REGIONS[place.code])] = [region.far for region in REGIONS[place.code]]
    market = orders["market"]
    shipping = SHIPPING[market, far[market, orders["region"]]]
    free = (subtotal >= FREE_FROM[market]) | (orders["source"] == 1)
    shipping = np.where(free, 0, shipping)
    tax = _tax(orders, subtotal)
    return orders.plus(
        gross=gross,
        discount=discount,
        subtotal=subtotal,
        tax=tax,
        shipping=shipping,
        total=subtotal + tax + shipping,
    )


def _with_fate(draws: Draws, orders: Frame) -> Frame:
    key, created = orders["key"], orders["created"]
    sent = created + 14 * 3600 + draws.below("order/sent", key, 46 * 3600)
    cancels = draws.chance("order/cancels", key, 0.014) & (orders["source"] != 1) & ~orders["test"]
    cancelled = created + 1800 + draws.below("order/cancelled", key, 12 * 3600)
    return orders.plus(
        sent=np.where(orders["source"] == 1, created, np.where(cancels, -1, sent)),
        cancelled=np.where(cancels, cancelled, -1),
    )


def _edits(draws: Draws, orders: Frame, lines: Frame) -> tuple[Frame, Frame]:
    """Edits made before an order is sent: a line more, or a discount more on its first line."""
    open_to_edits = (orders["source"] == 0) & (orders["cancelled"] < 0) & ~orders["test"]
    rows = np.flatnonzero(open_to_edits & draws.chance("edit", orders["key"], 0.025))
    edited = orders.take(rows)
    unit, market = UNITS[edited["market"]], edited["market"]
    adds = draws.chance("edit/adds", edited["key"], 0.6)
    used = np.searchsorted(lines["row"], rows)
    first = lines.take(used)
    variant = (first["variant"] + len(CATALOGUE.sku) - 1) % len(CATALOGUE.sku)
    price = CATALOGUE.price[market, variant]
    rebate = (first["price"] * first["quantity"] - first["discount"]) // 20 // unit * unit
    gross, discount = np.where(adds, price, 0), np.where(adds, 0, rebate)
    tax = _tax(edited, edited["subtotal"] + gross - discount) - edited["tax"]
    wait = 600 + draws.uniform("edit/wait", edited["key"]) * 0.9 * (
        edited["sent"] - edited["created"] - 600
    )
    edits = Frame(
        row=rows,
        order=edited["order"],
        market=market,
        key=edited["key"],
        at=edited["created"] + wait.astype(np.int64),
        adds=adds,
        place=np.where(adds, ADDED_LINE, 0),
        variant=variant,
        price=price,
        gross=gross,
        discount=discount,
        subtotal=gross - discount,
        tax=tax,
        total=gross - discount + tax,
    )
    edits = edits.take(edits["gross"] + edits["discount"] > 0).sorted_by("market", "at", "order")
    more = edits.take(edits["adds"])
    added = more.plus(quantity=1, discount=0, added=more["at"])
    return edits.plus(
        edit=EDIT_BASE + edits["market"] * 10**9 + _serial(edits["market"]) * 1_024
    ), added


def _refunds(
    draws: Draws, calendars: tuple[Calendar, ...], orders: Frame, lines: Frame, edits: Frame
) -> tuple[Frame, Frame]:
    """Money returned: whole orders (cancelled ones at once), single lines, and goodwill."""
    total = orders["total"].copy()
    total[edits["row"]] += edits["total"]
    cancelled = np.flatnonzero(orders["cancelled"] >= 0)
    unhappy = _unhappy(draws, calendars, orders)
    kind = draws.choice("refund/kind", orders["key"][unhappy], (0.35, 0.45, 0.20))
    waits = 3 * DAY + draws.below("refund/wait", orders["key"][unhappy], 22 * DAY)
    line, net = _refundable_line(lines, edits, unhappy)
    unit = UNITS[orders["market"][unhappy]]
    goodwill = np.maximum(total[unhappy] // 10 // unit * unit, unit)
    amount = np.select([kind == 0, kind == 1], [total[unhappy], net], goodwill)
    again = (kind == 1) & draws.chance("refund/again", orders["key"][unhappy], 0.12)
    second = np.minimum(goodwill, total[unhappy] - amount)
    again &= second > 0
    parts = [
        Frame(
            row=cancelled,
            at=orders["cancelled"][cancelled] + 20,
            amount=total[cancelled],
            kind=np.zeros(len(cancelled), np.int64),
            line=np.full(len(cancelled), -1),
            nth=np.zeros(len(cancelled), np.int64),
        ),
        Frame(
            row=unhappy,
            at=orders["created"][unhappy] + waits,
            amount=amount,
            kind=kind,
            line=np.where(kind == 1, line, -1),
            nth=np.zeros(len(unhappy), np.int64),
        ),
        Frame(
            row=unhappy,
            at=orders["created"][unhappy] + waits + 2 * DAY,
            amount=second,
            kind=np.full(len(unhappy), 2),
            line=np.full(len(unhappy), -1),
            nth=np.ones(len(unhappy), np.int64),
        ).take(again),
    ]
    refunds = concat(parts, ("row", "at", "amount", "kind", "line", "nth"))
    refunds = refunds.plus(
        market=orders["market"][refunds["row"]], order=orders["order"][refunds["row"]]
    )
    refunds = refunds.sorted_by("market", "at", "order", "nth")
    serial = _serial(refunds["market"])
    key = mix(orders["key"][refunds["row"]], refunds["nth"])
    refunds = refunds.plus(
        key=key,
        refund=REFUND_BASE + refunds["market"] * 10_000_000_000 + serial * 2_048,
        fails=draws.choice("refund/fails", key, (0.84, 0.13, 0.03)),
        note=np.where(refunds["kind"] == 2, 4, draws.below("refund/note", key, 4)),
    )
    return refunds, _refund_lines(refunds, lines)


def _unhappy(draws: Draws, calendars: tuple[Calendar, ...], orders: Frame) -> Array:
    """Orders that are refunded after they were sent; more of them while a scandal lasts."""
    rate = np.full(len(orders), 0.045)
    for code, calendar in enumerate(calendars):
        mine = np.flatnonzero(orders["market"] == code)
        day = calendar.day_of(orders["created"][mine])
        rate[mine] *= 1.0 + 3.0 * (1.0 - calendar.crisis[day])
    able = (orders["cancelled"] < 0) & ~orders["test"] & (orders["source"] != 1)
    return np.flatnonzero(able & draws.chance("refund", orders["key"], rate))


def _refundable_line(lines: Frame, edits: Frame, rows: Array) -> tuple[Array, Array]:
    """The first line of each order, and what was paid for it before tax."""
    line = np.searchsorted(lines["row"], rows)
    discount = lines["discount"].copy()
    rebated = edits.take(~edits["adds"])
    discount[np.searchsorted(lines["row"], rebated["row"])] += rebated["discount"]
    return line, (lines["price"] * lines["quantity"] - discount)[line]


def _refund_lines(refunds: Frame, lines: Frame) -> Frame:
    starts = np.searchsorted(lines["row"], refunds["row"])
    ends = np.searchsorted(lines["row"], refunds["row"], side="right")
    whole_order = refunds["kind"] == 0
    count = np.where(whole_order, ends - starts, refunds["kind"] == 1)
    parent, place = expand(count)
    line = np.where(whole_order, starts, refunds["line"])[parent] + place
    return Frame(
        refund=refunds["refund"][parent],
        order=refunds["order"][parent],
        market=refunds["market"][parent],
        place=lines["place"][line],
        quantity=lines["quantity"][line],
    )


def _payments(refunds: Frame) -> Frame:
    """One payment a refund; some fail first, and a few only fail."""
    parent, nth = expand(np.where(refunds["fails"] == 1, 2, 1))
    failed = ((refunds["fails"][parent] == 1) & (nth == 0)) | (refunds["fails"][parent] == 2)
    at = refunds["at"][parent] + nth * 3600
    rows = Frame(
        order=refunds["order"][parent],
        refund=refunds["refund"][parent],
        market=refunds["market"][parent],
        failed=failed,
        amount=refunds["amount"][parent],
        at=at,
    ).sorted_by("market", "at", "refund", "failed")
    return rows.plus(
        payment=PAYMENT_BASE + rows["market"] * MARKET_STEP + _serial(rows["market"]) * 4_096
    )


def line_ids(market: Array, order: Array, place: Array) -> Array:
    """Shopify's number of a line."""
    serial = (order - ORDER_BASE - market * MARKET_STEP) // ID_STEP
    return np.asarray(LINE_BASE + market * MARKET_STEP * 10 + (serial * 8 + place) * 4_096)


def sales_tables(
    sold: Sales, customer_of: Array, moved: Traffic, of: Plan, shares: Frame
) -> dict[str, pa.Table]:
    """Every table of `Sales`, with all that is still to come; `customer_of` is each order's id."""
    codes = [market.code for market in MARKETS]
    return {
        "orders": _order_table(sold.orders, customer_of, moved),
        "order_lines": _line_table(sold.lines),
        "order_causes": _cause_table(sold.orders, moved, of, shares),
        "journeys": _journeys(sold.orders, moved),
        "order_edits": arrow(
            tables.ORDER_EDITS,
            {
                "market": words(codes, sold.edits["market"]),
                "order_id": sold.edits["order"],
                "edit_id": sold.edits["edit"],
                "edited_at": instants(sold.edits["at"]),
                "kind": words(["discount", "add_line"], sold.edits["adds"].astype(int)),
                "line_id": line_ids(sold.edits["market"], sold.edits["order"], sold.edits["place"]),
            }
            | {
                name: sold.edits[name] for name in ("gross", "discount", "subtotal", "tax", "total")
            },
        ),
        "refunds": arrow(
            tables.REFUNDS,
            {
                "market": words(codes, sold.refunds["market"]),
                "order_id": sold.refunds["order"],
                "refund_id": sold.refunds["refund"],
                "created_at": instants(sold.refunds["at"]),
                "amount": np.where(sold.refunds["fails"] == 2, 0, sold.refunds["amount"]),
                "note": words(REFUND_NOTES, sold.refunds["note"]),
            },
        ),
        "refund_lines": arrow(
            tables.REFUND_LINES,
            {
                "market": words(codes, sold.refund_lines["market"]),
                "order_id": sold.refund_lines["order"],
                "refund_id": sold.refund_lines["refund"],
                "line_id": line_ids(*(sold.refund_lines[n] for n in ("market", "order", "place"))),
                "quantity": sold.refund_lines["quantity"],
            },
        ),
        "refund_transactions": arrow(
            tables.REFUND_TRANSACTIONS,
            {
                "market": words(codes, sold.payments["market"]),
                "order_id": sold.payments["order"],
                "refund_id": sold.payments["refund"],
                "transaction_id": sold.payments["payment"],
                "kind": words(["REFUND"], np.zeros(len(sold.payments), int)),
                "status": words(["SUCCESS", "FAILURE"], sold.payments["failed"].astype(int)),
                "gateway": words(GATEWAYS, sold.payments["market"]),
                "amount": sold.payments["amount"],
                "processed_at": instants(sold.payments["at"]),
            },
        ),
    }


def _visit_columns(moved: Traffic, visit: Array) -> tuple[pa.Array, pa.Array]:
    """Browser and session of each visit; NULL where it is −1."""
    browsers = browser_ids(moved.visits["browser"][visit]) if len(moved.visits) else None
    known = pa.array(visit >= 0)
    shown = pc.if_else(known, browsers, None)
    return shown, whole(np.where(visit >= 0, moved.visits["at"][visit], -1))


def _order_table(orders: Frame, customer_of: Array, moved: Traffic) -> pa.Table:
    market = orders["market"]
    browser, session = _visit_columns(moved, orders["visit"])
    names = [
        f"{MARKETS[m].order_prefix}{1001 + serial}"
        for m, serial in zip(market.tolist(), orders["serial"].tolist(), strict=True)
    ]
    return arrow(
        tables.ORDERS,
        {
            "market": words([m.code for m in MARKETS], market),
            "order_id": orders["order"],
            "name": names,
            "customer_id": customer_of,
            "created_at": instants(orders["created"]),
            "country_code": words([m.country_code for m in MARKETS], market),
            "province": place_names(market, orders["region"], None),
            "city": place_names(market, orders["region"], orders["city"]),
            "currency": words([m.currency for m in MARKETS], market),
            "discount_code": words(CODES, orders["code"]),
            "source_name": words(SOURCES, orders["source"]),
            "user_pseudo_id": browser,
            "session_id": session,
            "is_test": orders["test"],
            "fulfilled_at": instants(orders["sent"]),
            "cancelled_at": instants(orders["cancelled"]),
        }
        | {n: orders[n] for n in ("gross", "discount", "subtotal", "tax", "shipping", "total")},
    )


def _line_table(lines: Frame) -> pa.Table:
    market, variant = lines["market"], lines["variant"]
    return arrow(
        tables.ORDER_LINES,
        {
            "market": words([m.code for m in MARKETS], market),
            "order_id": lines["order"],
            "line_id": line_ids(market, lines["order"], lines["place"]),
            "variant_id": CATALOGUE.variant_id(market, variant),
            "product_id": CATALOGUE.product_id(market, variant),
            "sku": words(CATALOGUE.sku, variant),
            "title": words(CATALOGUE.display, variant),
            "quantity": lines["quantity"],
            "unit_price": lines["price"],
            "discount": lines["discount"],
            "added_at": instants(lines["added"]),
        },
    )


def _cause_table(orders: Frame, moved: Traffic, of: Plan, shares: Frame) -> pa.Table:
    browser, session = _visit_columns(moved, orders["first_visit"])
    return arrow(
        tables.ORDER_CAUSES,
        {
            "market": words([m.code for m in MARKETS], orders["market"]),
            "order_id": orders["order"],
            "person_id": person_ids(orders["person_key"]),
            "cause": words(CAUSES, orders["cause"]),
            "campaign_id": words(campaign_ids(of), orders["campaign"]),
            "share_id": words(share_ids(shares), orders["share"]),
            "user_pseudo_id": browser,
            "session_id": session,
        },
    )


def _journeys(orders: Frame, moved: Traffic) -> pa.Table:
    """For each order with a visit: the visits of that browser in the 30 days before it."""
    visits = moved.visits
    by_browser = np.lexsort([visits["at"], visits["browser"]])
    place = np.empty(len(visits), np.int64)
    place[by_browser] = np.arange(len(visits))
    number = visits["number"][by_browser]
    at = visits["at"][by_browser]
    rows = np.flatnonzero(orders["visit"] >= 0)
    last = place[orders["visit"][rows]]
    first = last - (number[last] - 1)
    # Browsers' visits lie one after another, so time within a browser can be searched as one
    # growing number: the browser's rank, then the second.
    rank = np.cumsum(number == 1).astype(np.int64) << 34
    earliest = (rank[last]) + np.maximum(orders["created"][rows] - JOURNEY, 0)
    first = np.maximum(first, np.searchsorted(rank + at, earliest))
    parent, step = expand(last - first + 1)
    visit = by_browser[first[parent] + step]
    return arrow(
        tables.JOURNEYS,
        {
            "market": words([m.code for m in MARKETS], orders["market"][rows][parent]),
            "order_id": orders["order"][rows][parent],
            "position": step + 1,
            "user_pseudo_id": browser_ids(visits["browser"][visit]),
            "session_id": visits["at"][visit],
            "occurred_at": instants(visits["at"][visit]),
        },
    )
