"""The visits of one market as GA4 events, in the schema of GA4's BigQuery export.

Belongs here: which events a visit sends, when, and with what. Does not: files (`exports`).
`session_traffic_source_last_click` is written as the visit's own source; Google fills it with the
last source that is not direct.

A share is GA4's recommended event `share` with its three parameters: `method`, `content_type`
(product) and `item_id` (the product's handle). Which link was passed on is the site's own parameter
`share_id`, as a set-up registers it for a custom dimension; the link carries it as utm_content.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world.catalogue import PRODUCTS, handle
from pipelines.sandbox.world.config import BRAND, Market
from pipelines.sandbox.world.draws import Array, expand
from pipelines.sandbox.world.frame import Frame, concat, words
from pipelines.sandbox.world.sharing import CONTENT_TYPE
from pipelines.sandbox.world.world import World

VALUE = pa.struct(
    {
        "string_value": pa.string(),
        "int_value": pa.int64(),
        "float_value": pa.float64(),
        "double_value": pa.float64(),
    }
)
PARAM = pa.struct({"key": pa.string(), "value": VALUE})
PARAMS = pa.list_(pa.field("element", PARAM))
GEO = pa.struct(
    dict.fromkeys(("city", "country", "continent", "region", "sub_continent", "metro"), pa.string())
)
WEB_INFO = pa.struct(dict.fromkeys(("browser", "browser_version", "hostname"), pa.string()))
DEVICE = pa.struct(
    {
        "category": pa.string(),
        "mobile_brand_name": pa.string(),
        "operating_system": pa.string(),
        "language": pa.string(),
        "is_limited_ad_tracking": pa.string(),
        "web_info": WEB_INFO,
    }
)
COLLECTED = pa.struct(
    dict.fromkeys(
        (
            "manual_campaign_id",
            "manual_campaign_name",
            "manual_source",
            "manual_medium",
            "manual_term",
            "manual_content",
            "gclid",
            "dclid",
            "srsltid",
        ),
        pa.string(),
    )
)
LAST_CLICK = pa.struct(
    {
        "manual_campaign": pa.struct(
            dict.fromkeys(
                (
                    "campaign_id",
                    "campaign_name",
                    "medium",
                    "term",
                    "content",
                    "source",
                    "source_platform",
                ),
                pa.string(),
            )
        )
    }
)
ECOMMERCE = pa.struct(
    {
        "total_item_quantity": pa.int64(),
        "purchase_revenue": pa.float64(),
        "refund_value": pa.float64(),
        "shipping_value": pa.float64(),
        "tax_value": pa.float64(),
        "unique_items": pa.int64(),
        "transaction_id": pa.string(),
    }
)
ITEM = pa.struct(
    {
        "item_id": pa.string(),
        "item_name": pa.string(),
        "item_brand": pa.string(),
        "price": pa.float64(),
        "quantity": pa.int64(),
        "item_revenue": pa.float64(),
        "coupon": pa.string(),
    }
)
ITEMS = pa.list_(pa.field("element", ITEM))
EVENTS = pa.schema(
    {
        "event_date": pa.string(),
        "event_timestamp": pa.int64(),
        "event_name": pa.string(),
        "event_params": PARAMS,
        "event_bundle_sequence_id": pa.int64(),
        "user_id": pa.string(),
        "user_pseudo_id": pa.string(),
        "user_first_touch_timestamp": pa.int64(),
        "device": DEVICE,
        "geo": GEO,
        "stream_id": pa.string(),
        "platform": pa.string(),
        "ecommerce": ECOMMERCE,
        "items": ITEMS,
        "collected_traffic_source": COLLECTED,
        "is_active_user": pa.bool_(),
        "batch_event_index": pa.int64(),
        "session_traffic_source_last_click": LAST_CLICK,
    }
)

NAMES = (
    "session_start",
    "first_visit",
    "page_view",
    "view_item",
    "add_to_cart",
    "begin_checkout",
    "purchase",
    "share",
)
START, FIRST, PAGE, ITEM_VIEW, CART, CHECKOUT, PURCHASE, SHARE = range(8)
PAGE_SECONDS = 18
# An order is placed, and a link shared, at most so long after the visit began; a day is exported
# once that has passed.
SETTLED = timedelta(minutes=30)
# Visits of so many days become events at a time.
CHUNK_DAYS = 10


def exported_days(world: World, market: Market, now: datetime) -> tuple[date, date]:
    """The first and last local day whose events are complete at `now`."""
    local = (now.replace(tzinfo=UTC) - SETTLED).astimezone(market.zone)
    return world.config.start, local.date() - timedelta(days=1)


def event_counts(sessions: pa.Table) -> Array:
    """How many events each visit sends."""
    more = sessions["page_views"].to_numpy() + sessions["shares"].to_numpy()
    return np.asarray(_flags(sessions).sum(axis=0) + more)


def _flags(sessions: pa.Table) -> Array:
    bought = pc.is_valid(sessions["order_id"]).to_numpy()
    always = np.ones(len(bought), bool)
    first = np.asarray(sessions["session_number"].to_numpy()) == 1
    viewed, cart = (
        np.asarray(sessions[name].to_numpy(), bool) for name in ("viewed_item", "added_to_cart")
    )
    return np.stack([always, first, viewed, cart, bought, bought])


def daily_events(
    world: World, market: Market, first: date, last: date
) -> Iterator[tuple[date, pa.Table]]:
    """The events of each local day of the property, in the order in which they were sent."""
    while first <= last:
        until = min(first + timedelta(days=CHUNK_DAYS - 1), last)
        yield from _chunk(world, market, first, until)
        first = until + timedelta(days=1)


def _midnight(market: Market, day: date) -> int:
    return int(datetime.combine(day, time(), market.zone).timestamp())


def _chunk(
    world: World, market: Market, first: date, last: date
) -> Iterator[tuple[date, pa.Table]]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 2)]
    edges = np.array([_midnight(market, day) for day in days]) * 1_000_000
    # A visit that began shortly before the first midnight may still send events after it.
    early = edges[0] - int(SETTLED.total_seconds()) * 1_000_000
    sessions = _between(world.sessions, "started_at", market, early, edges[-1])
    orders = _between(world.orders, "created_at", market, early, edges[-1] + edges[0] - early)
    shares = _between(world.shares, "shared_at", market, early, edges[-1] + edges[0] - early)
    events = _event_rows(sessions, orders, shares)
    events = events.take((events["at"] >= edges[0]) & (events["at"] < edges[-1]))
    events = events.sorted_by("at", "session", "step")
    bounds = np.searchsorted(events["at"], edges)
    dates = words(
        [f"{day:%Y%m%d}" for day in days], np.repeat(np.arange(len(days) - 1), np.diff(bounds))
    )
    table = _table(world, market, sessions, orders, shares, events, dates)
    for day, begin, end in zip(days[:-1], bounds[:-1], bounds[1:], strict=True):
        yield day, table.slice(begin, end - begin)


def _between(table: pa.Table, column: str, market: Market, first: int, last: int) -> pa.Table:
    """The market's rows from one instant to another, excluded (microseconds)."""
    at = table[column].cast(pa.int64()).to_numpy()
    mine = np.asarray(pc.equal(table["market"], market.code))
    rows = np.flatnonzero(mine & (at >= first) & (at < last))
    return table.take(pa.array(rows)).combine_chunks()


def _event_rows(sessions: pa.Table, orders: pa.Table, shares: pa.Table) -> Frame:
    """Each event: its visit (row), kind, step within the visit and instant (microseconds).

    `share` is the row of the share that it tells of, −1 for none.
    """
    pages = np.asarray(sessions["page_views"].to_numpy())
    _, first, viewed, cart, bought, _ = _flags(sessions)
    start = sessions["started_at"].combine_chunks().cast(pa.int64()).to_numpy()
    place = _order_rows(sessions, orders)
    page_session, page = expand(pages)
    every = np.arange(len(pages))
    ending = 10 * (pages - 1)
    parts = [
        (every, START, np.zeros_like(every)),
        (every[first], FIRST, np.ones(first.sum(), int)),
        (page_session, PAGE, 2 + 10 * page),
        (every[viewed], ITEM_VIEW, np.full(viewed.sum(), 5)),
        (every[cart], CART, ending[cart] + 6),
        (every[bought], CHECKOUT, ending[bought] + 7),
        (every[bought], PURCHASE, ending[bought] + 8),
    ]
    frames = [
        Frame(session=session, kind=np.full(len(session), kind), step=step)
        for session, kind, step in parts
    ]
    events = concat(frames, ("session", "kind", "step"))
    step, session = events["step"], events["session"]
    seconds = step // 10 * PAGE_SECONDS + np.maximum(step % 10 - 2, 0) * 2
    at = start[session] + seconds * 1_000_000
    ordered = orders["created_at"].combine_chunks().cast(pa.int64()).to_numpy()
    buys = events["kind"] == PURCHASE
    at[buys] = ordered[place[session[buys]]]
    shared = _share_rows(sessions, shares, ending + 9)
    return concat(
        [events.plus(at=at, share=-1), shared], ("session", "kind", "step", "at", "share")
    )


def _share_rows(sessions: pa.Table, shares: pa.Table, last: Array) -> Frame:
    """The events of the shares that were made in these visits, each visit's `last` step."""
    visit = pc.index_in(_visit_names(shares), value_set=_visit_names(sessions))
    share = np.flatnonzero(visit.is_valid().to_numpy(zero_copy_only=False))
    session = visit.drop_null().to_numpy()
    at = shares["shared_at"].combine_chunks().cast(pa.int64()).to_numpy()
    return Frame(
        session=session,
        kind=np.full(len(session), SHARE),
        step=last[session],
        at=at[share],
        share=share,
    )


def _visit_names(rows: pa.Table) -> pa.Array:
    number = rows["session_id"].combine_chunks().cast(pa.string())
    return pc.binary_join_element_wise(rows["user_pseudo_id"].combine_chunks(), number, "/")


def _order_rows(sessions: pa.Table, orders: pa.Table) -> Array:
    ids = orders["order_id"].to_numpy()
    return np.asarray(np.searchsorted(ids, sessions["order_id"].fill_null(-1).to_numpy()))


def _table(
    world: World,
    market: Market,
    sessions: pa.Table,
    orders: pa.Table,
    shares: pa.Table,
    events: Frame,
    dates: pa.Array,
) -> pa.Table:
    visit = sessions.take(pa.array(events["session"])).combine_chunks()
    column = {name: visit[name].combine_chunks() for name in visit.column_names}
    n = len(events)
    buys = events["kind"] == PURCHASE
    order = orders.take(
        pa.array(np.where(buys, _order_rows(visit, orders), 0), mask=~buys)
    ).combine_chunks()
    lines = world.order_lines.filter(pc.is_null(world.order_lines["added_at"])).combine_chunks()
    known = buys | np.isin(events["kind"], (CHECKOUT, SHARE))
    share = shares.take(pa.array(events["share"], mask=events["share"] < 0)).combine_chunks()
    signed = pc.if_else(
        pc.or_(pa.array(known), pc.invert(pc.is_valid(column["order_id"]))),
        column["customer_id"],
        None,
    )
    columns = {
        "event_date": dates,
        "event_timestamp": pa.array(events["at"]),
        "event_name": words(NAMES, events["kind"]),
        "event_params": _params(column, share, events),
        "event_bundle_sequence_id": pa.array(events["at"] // 1_000_000 % 1_000_000_000),
        "user_id": signed.cast(pa.string()),
        "user_pseudo_id": column["user_pseudo_id"],
        "user_first_touch_timestamp": _first_touch(column),
        "device": _device(market, column["device"]),
        "geo": _struct(
            GEO,
            n,
            city=column["city"],
            country=column["country"],
            region=column["region"],
            continent=_same("Asia" if market.code == "id" else "Americas", n),
        ),
        "stream_id": _same(f"{int(market.ga4_property) * 7}", n),
        "platform": _same("WEB", n),
        "ecommerce": _ecommerce(lines, order, buys),
        "items": _items(lines, order, buys),
        "collected_traffic_source": _collected(column, events),
        "is_active_user": column["engaged"],
        "batch_event_index": pa.array(events["step"] + 1, pa.int64()),
        "session_traffic_source_last_click": _last_click(column, n),
    }
    return pa.Table.from_arrays([columns[name] for name in EVENTS.names], schema=EVENTS)


def _same(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), count)


def _struct(
    kind: pa.StructType, count: int, mask: pa.Array | None = None, **given: pa.Array
) -> pa.Array:
    arrays = [given.get(field.name, pa.nulls(count, field.type)) for field in kind]
    return pa.StructArray.from_arrays(arrays, fields=list(kind), mask=mask)


def _first_touch(column: dict[str, pa.Array]) -> pa.Array:
    """The browser's first visit where this is it; the export of a later visit repeats it."""
    first = pc.equal(column["session_number"], 1)
    return pc.if_else(first, column["started_at"].cast(pa.int64()), pa.scalar(None, pa.int64()))


def _device(market: Market, device: pa.Array) -> pa.Array:
    n = len(device)
    mobile = pc.equal(device, "mobile")
    web = _struct(
        WEB_INFO,
        n,
        browser=pc.if_else(mobile, "Chrome", "Edge"),
        hostname=_same(market.hostname, n),
    )
    return _struct(
        DEVICE,
        n,
        category=device,
        operating_system=pc.if_else(mobile, "Android", "Windows"),
        language=_same("id-id" if market.code == "id" else "en-us", n),
        web_info=web,
    )


def _tagged(column: dict[str, pa.Array]) -> pa.Array:
    """Visits that came by a link with UTM parameters."""
    return pc.is_in(column["medium"], value_set=pa.array(["paid_social", "cpc", "social", "email"]))


def _collected(column: dict[str, pa.Array], events: Frame) -> pa.Array:
    """What the landing told: UTM parameters or a search engine; only the first events carry it."""
    landing = pa.array(events["step"] <= 2)
    told = pc.and_(landing, pc.not_equal(column["medium"], "(none)"))
    return _struct(
        COLLECTED,
        len(events),
        pc.invert(told),
        manual_source=column["source"],
        manual_medium=column["medium"],
        manual_campaign_name=column["campaign"],
        manual_content=column["content"],
    )


def _last_click(column: dict[str, pa.Array], count: int) -> pa.Array:
    manual = _struct(
        LAST_CLICK.field("manual_campaign").type,
        count,
        source=column["source"],
        medium=column["medium"],
        campaign_name=column["campaign"],
        content=column["content"],
    )
    return _struct(LAST_CLICK, count, manual_campaign=manual)


def _params(column: dict[str, pa.Array], share: pa.Table, events: Frame) -> pa.Array:
    """ga_session_id, ga_session_number, session_engaged, page_location and, if known, more."""
    n = len(events)
    landing = events["step"] <= 2
    ends = events["kind"] == PAGE
    referred = landing & np.asarray(pc.is_valid(column["referrer"]))
    keys = (
        "ga_session_id",
        "ga_session_number",
        "session_engaged",
        "page_location",
        "page_referrer",
        "engagement_time_msec",
        "method",
        "content_type",
        "item_id",
        "share_id",
    )
    per_page = pc.divide(column["engagement_msec"], column["page_views"])
    nothing, no_text = pa.nulls(n, pa.int64()), pa.nulls(n, pa.string())
    whole = (column["session_id"], column["session_number"], *[nothing] * 3, per_page)
    whole = (*whole, *[nothing] * 4)
    text = (
        no_text,
        no_text,
        pc.if_else(column["engaged"], "1", "0"),
        _pages(column, share, events),
        column["referrer"],
        no_text,
        share["method"].combine_chunks(),
        _same(CONTENT_TYPE, n),
        share["item_id"].combine_chunks(),
        share["share_id"].combine_chunks(),
    )
    shares = events["kind"] == SHARE
    present = np.stack([np.ones(n, bool)] * 4 + [referred, ends] + [shares] * 4, axis=1)
    # Columns by parameter become rows by event: parameter k of event i stands at i * 10 + k.
    order = (np.arange(n)[:, None] + np.arange(len(keys)) * n)[present]
    taken = pa.array(order)
    value = pa.StructArray.from_arrays(
        [
            pa.concat_arrays(text).take(taken),
            pa.concat_arrays([part.cast(pa.int64()) for part in whole]).take(taken),
            pa.nulls(len(order), pa.float64()),
            pa.nulls(len(order), pa.float64()),
        ],
        fields=list(VALUE),
    )
    named = words(keys, order // n if n else order)
    params = pa.StructArray.from_arrays([named, value], fields=list(PARAM))
    offsets = np.append(0, np.cumsum(present.sum(axis=1)))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), params, type=PARAMS)


def _pages(column: dict[str, pa.Array], share: pa.Table, events: Frame) -> pa.Array:
    """The address of each event: the landing page first, then what the visitor went on to.

    A share is made on the page of the product that is shared.
    """
    host = pc.extract_regex(column["landing_page"], r"^(?P<host>https://[^/]+)").field("host")
    paths = ["/collections/all", "/cart", *[f"/products/{handle(title)}" for title, *_ in PRODUCTS]]
    seconds = column["session_id"].to_numpy()
    product = 2 + (seconds + events["step"] // 10) % len(PRODUCTS)
    path = np.where(
        events["kind"] >= CART,
        1,
        np.where(events["step"] % 10 == 5, product, (seconds + events["step"] // 10) % len(paths)),
    )
    shared = pc.binary_join_element_wise("/products/", share["item_id"].combine_chunks(), "")
    later = pc.binary_join_element_wise(host, pc.coalesce(shared, words(paths, path)), "")
    return pc.if_else(pa.array(events["step"] <= 2), column["landing_page"], later)


def _ecommerce(lines: pa.Table, order: pa.Table, buys: Array) -> pa.Array:
    ids = order["order_id"].fill_null(-1).to_numpy()
    line_order = lines["order_id"].to_numpy()
    begin, end = np.searchsorted(line_order, ids), np.searchsorted(line_order, ids, side="right")
    running = np.append(0, np.cumsum(lines["quantity"].to_numpy()))
    major = {
        name: pc.divide(order[name].cast(pa.float64()), 100.0).combine_chunks()
        for name in ("total", "tax", "shipping")
    }
    return _struct(
        ECOMMERCE,
        len(ids),
        pa.array(~buys),
        total_item_quantity=pa.array(running[end] - running[begin]),
        unique_items=pa.array(end - begin),
        purchase_revenue=major["total"],
        tax_value=major["tax"],
        shipping_value=major["shipping"],
        transaction_id=order["name"].combine_chunks(),
    )


def _items(lines: pa.Table, order: pa.Table, buys: Array) -> pa.Array:
    """The lines of each purchase; other events name none."""
    ids = order["order_id"].fill_null(-1).to_numpy()
    line_order = lines["order_id"].to_numpy()
    begin, end = np.searchsorted(line_order, ids), np.searchsorted(line_order, ids, side="right")
    count = np.where(buys, end - begin, 0)
    parent, place = expand(count)
    taken = lines.take(pa.array(begin[parent] + place)).combine_chunks()
    paid = (
        taken["unit_price"].to_numpy() * taken["quantity"].to_numpy() - taken["discount"].to_numpy()
    )
    items = _struct(
        ITEM,
        len(parent),
        item_id=taken["sku"].combine_chunks(),
        item_name=taken["title"].combine_chunks(),
        item_brand=_same(BRAND, len(parent)),
        price=pc.divide(taken["unit_price"].cast(pa.float64()), 100.0).combine_chunks(),
        quantity=taken["quantity"].combine_chunks(),
        item_revenue=pa.array(paid / 100),
    )
    offsets = pa.array(np.append(0, np.cumsum(count)), pa.int32())
    return pa.ListArray.from_arrays(offsets, items, type=ITEMS)
