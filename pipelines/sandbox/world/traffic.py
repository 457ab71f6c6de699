"""How people come to the site: the visits before each purchase, and those that end in none.

Belongs here: channels, touches, browsers, sessions. Does not: why people buy (`demand`), or who
shares links with whom (`word_of_mouth`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world import sharing, tables
from pipelines.sandbox.world.calendar import DAY, EPOCH, Calendar
from pipelines.sandbox.world.campaigns import Plan, ad_ids, pick_ads, url_tags
from pipelines.sandbox.world.catalogue import PRODUCTS, handle
from pipelines.sandbox.world.config import MARKETS, WorldConfig
from pipelines.sandbox.world.demand import BASELINE, Demand, earlier_person, traits
from pipelines.sandbox.world.draws import Array, Draws, expand, mix
from pipelines.sandbox.world.frame import Frame, arrow, concat, instants, whole, words
from pipelines.sandbox.world.geography import REGIONS
from pipelines.sandbox.world.networks import NETWORKS
from pipelines.sandbox.world.sharing import share_ids, share_links

CHANNELS = ("direct", "search", "social", "email", "referral", "paid", "share")
DIRECT, SEARCH, SOCIAL, EMAIL, REFERRAL, PAID, SHARE = range(7)
# The channel of the buying visit, of the visits before it, and of those after an ad's click.
LAST_MIX = (0.36, 0.22, 0.07, 0.15, 0.05, 0.15)
EARLIER_MIX = (0.14, 0.28, 0.18, 0.12, 0.07, 0.21)
AFTER_CLICK_MIX = (0.58, 0.20, 0.05, 0.07, 0.03, 0.07)
BROWSE_MIX = (0.26, 0.40, 0.20, 0.04, 0.10, 0.0)
EARLIER_VISITS = (0.34, 0.27, 0.19, 0.12, 0.08)
# Visits of people who buy nothing and clicked no ad, per customer of the world's size.
BROWSES_PER_CUSTOMER = 5.5
# Orders at a market stall or by phone have no visit.
OFFLINE_SHARE = 0.03
MAX_LEAD = 29 * DAY

REFERRERS = (
    "https://www.snackreview.example/",
    "https://blog.dapurlaut.example/",
    "https://news.kuliner.example/",
)
REFERRAL_SITES = ("snackreview.example", "blog.dapurlaut.example", "news.kuliner.example")
DEVICES = ("mobile", "desktop", "tablet")
DEVICE_SHARES = {"id": (0.82, 0.16, 0.02), "us": (0.62, 0.34, 0.04)}
TOUCH = (
    "key",
    "person_key",
    "market",
    "at",
    "channel",
    "campaign",
    "ad",
    "purchase",
    "buys",
    "causes",
    "share",
)


@dataclass(frozen=True)
class Traffic:
    """Every visit, and the clicks on ads by people who would have bought anyway.

    - `visits`: TOUCH columns with the browser and what was done, sorted by market and start;
      `purchase` points to a purchase, `share` to the shared link that was followed (−1 without),
      `causes` and `buys` mark the visit that made someone buy, and the buying visit; `shares` is
      how many links are shared in the visit;
    - `poached`: key, person_key, market, campaign, ad, at.
    """

    visits: Frame
    poached: Frame


def touches(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], of: Plan, wanted: Demand
) -> Frame:
    """Draw every visit until the calendars end (TOUCH columns), but those by shared links."""
    buying = _buying_visits(draws, calendars, of, wanted)
    clicked = _click_visits(wanted)
    browsing = _browsing_visits(config, draws, calendars, wanted)
    returning = _returning_visits(draws, concat([clicked, browsing], TOUCH))
    return _inside(calendars, concat([buying, clicked, browsing, returning], TOUCH))


def touches_by_links(
    draws: Draws, calendars: tuple[Calendar, ...], of: Plan, wanted: Demand
) -> Frame:
    """The visits that shared links (`clicks`) began, and all those of the persons they won."""
    buying = _buying_visits(draws, calendars, of, wanted)
    clicked = _click_visits(wanted).plus(channel=SHARE, share=wanted.clicks["share"])
    returning = _returning_visits(draws, clicked)
    return _inside(calendars, concat([buying, clicked, returning], TOUCH))


def _inside(calendars: tuple[Calendar, ...], visits: Frame) -> Frame:
    first = np.array([calendar.midnights[0] for calendar in calendars])
    last = np.array([calendar.midnights[-1] for calendar in calendars])
    inside = (visits["at"] >= first[visits["market"]]) & (visits["at"] < last[visits["market"]])
    return visits.take(inside)


def traffic(draws: Draws, touched: Frame) -> Traffic:
    """The visits as the site sees them: by browser, with what was done in each."""
    visits = _with_browsers(draws, touched)
    poached = visits.take((visits["channel"] == PAID) & visits["poached"])
    return Traffic(visits=visits, poached=poached)


def _visit(rows: Frame, **given: Array | int) -> Frame:
    """Visits with nothing known but what is given: no campaign, no purchase."""
    blank: dict[str, Array | int] = {
        "campaign": -1,
        "ad": -1,
        "purchase": -1,
        "buys": False,
        "causes": False,
        "share": -1,
    }
    return rows.plus(**(blank | given))


def _buying_visits(
    draws: Draws, calendars: tuple[Calendar, ...], of: Plan, wanted: Demand
) -> Frame:
    """The visits of each purchase made online; a causing click is itself one of them."""
    bought = wanted.purchases
    person_key = wanted.persons["key"][bought["person"]]
    offline = (bought["cause"] == BASELINE) & draws.chance(
        "purchase/offline", bought["key"], OFFLINE_SHARE
    )
    caused = bought["click"] >= 0
    click_at = (
        np.where(caused, wanted.clicks["at"][bought["click"]], 0)
        if len(wanted.clicks)
        else bought["at"]
    )
    rows = Frame(
        key=bought["key"],
        person_key=person_key,
        market=bought["market"],
        at=bought["at"],
        purchase=np.arange(len(bought)),
        first_time=bought["number"] == 0,
        caused=caused,
        click_at=click_at,
    )
    rows = rows.take(~offline)
    # Someone who buys at once does so in the visit that the click began: `_click_visits` has it.
    last = rows.take(~rows["caused"] | (rows["at"] > rows["click_at"]))
    last = last.plus(buys=True, causes=False)
    earlier = _earlier_visits(draws, rows)
    touches = concat(
        [last, earlier],
        ("key", "person_key", "market", "at", "purchase", "first_time", "caused", "buys", "causes"),
    )
    return _with_channel(draws, calendars, of, touches)


def _earlier_visits(draws: Draws, rows: Frame) -> Frame:
    count = draws.choice("purchase/visits", rows["key"], EARLIER_VISITS)
    count = np.where(rows["caused"] & (rows["at"] == rows["click_at"]), 0, count)
    parent, place = expand(count)
    key = mix(rows["key"][parent], place, 3)
    at, click_at = rows["at"][parent], rows["click_at"][parent]
    lead = 3600 + np.minimum(draws.exponential("visit/lead", key, 4.0 * DAY), MAX_LEAD - 3600)
    between = (at - click_at) * (0.05 + 0.9 * draws.uniform("visit/between", key))
    lead = np.where(rows["caused"][parent], between, lead).astype(np.int64)
    return rows.take(parent).plus(key=key, at=at - lead, buys=False, causes=False)


def _with_channel(draws: Draws, calendars: tuple[Calendar, ...], of: Plan, touches: Frame) -> Frame:
    key = touches["key"]
    last, caused = touches["buys"], touches["caused"]
    channel = np.where(
        caused,
        draws.choice("visit/after", key, AFTER_CLICK_MIX),
        np.where(
            last,
            draws.choice("visit/last", key, LAST_MIX),
            draws.choice("visit/earlier", key, EARLIER_MIX),
        ),
    )
    # Only those who have bought before get the newsletter.
    channel = np.where((channel == EMAIL) & touches["first_time"], SEARCH, channel)
    campaign = np.full(len(key), -1)
    ad = np.full(len(key), -1)
    paid = np.flatnonzero(channel == PAID)
    for code, calendar in enumerate(calendars):
        mine = paid[touches["market"][paid] == code]
        day = calendar.day_of(touches["at"][mine])
        weights = of.poach[day] * (of.campaigns["market"] == code)
        campaign[mine] = draws.choice_by_row("visit/campaign", key[mine], weights)
    channel = np.where((channel == PAID) & (campaign < 0), DIRECT, channel)
    paid = np.flatnonzero(channel == PAID)
    ad[paid] = pick_ads(draws, "visit/ad", key[paid], campaign[paid], of)
    return touches.plus(channel=channel, campaign=campaign, ad=ad, share=-1)


def _click_visits(wanted: Demand) -> Frame:
    """The visits that ads' own clicks began; those that made a purchase point to it."""
    clicks, bought = wanted.clicks, wanted.purchases
    purchase = np.full(len(clicks), -1)
    caused = np.flatnonzero(bought["click"] >= 0)
    purchase[bought["click"][caused]] = caused
    buys = (purchase >= 0) & clicks["at_once"]
    rows = Frame(
        key=clicks["key"],
        person_key=clicks["person_key"],
        market=clicks["market"],
        at=clicks["at"],
        channel=np.full(len(clicks), PAID),
        campaign=clicks["campaign"],
        ad=clicks["ad"],
        purchase=purchase,
        buys=buys,
        causes=purchase >= 0,
        share=np.full(len(clicks), -1),
    )
    return rows.take(clicks["visit"])


def _browsing_visits(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], wanted: Demand
) -> Frame:
    parts = []
    for code, calendar in enumerate(calendars):
        days = np.arange(calendar.days)
        usual = (calendar.demand / calendar.crisis)[: calendar.history].sum()
        # A scandal brings the curious: visits fall less than sales.
        mean = BROWSES_PER_CUSTOMER * config.size * calendar.market.share * np.sqrt(calendar.crisis)
        mean = mean * (calendar.demand / calendar.crisis) / usual
        day_keys = mix(code, days + calendar.ordinal, 5)
        day, place = expand(draws.poisson("browse/count", day_keys, mean))
        key = mix(day_keys[day], place)
        parts.append(
            Frame(
                key=key,
                market=np.full(len(key), code),
                at=calendar.instant(draws, "browse", key, day),
            )
        )
    rows = concat(parts, ("key", "market", "at"))
    person_key = draws.bits("browse/person", rows["key"])
    familiar = np.flatnonzero(draws.chance("browse/familiar", rows["key"], 0.16))
    person = earlier_person(draws, "browse/who", rows.take(familiar), wanted.persons)
    person_key[familiar] = np.where(
        person >= 0, wanted.persons["key"][person], person_key[familiar]
    )
    return _visit(
        rows, person_key=person_key, channel=draws.choice("browse/channel", rows["key"], BROWSE_MIX)
    )


def _returning_visits(draws: Draws, visits: Frame) -> Frame:
    """Some come back once more within days, and still buy nothing."""
    back = visits.take(
        (visits["purchase"] < 0) & draws.chance("visit/returns", visits["key"], 0.15)
    )
    key = mix(back["key"], 9)
    at = back["at"] + 7200 + draws.exponential("visit/later", key, 4.0 * DAY).astype(np.int64)
    channel = draws.choice("visit/back", key, (0.6, 0.25, 0.08, 0.0, 0.07, 0.0))
    rows = Frame(key=key, person_key=back["person_key"], market=back["market"], at=at)
    return _visit(rows, channel=channel)


def browsers(draws: Draws, visits: Frame) -> tuple[Array, Array]:
    """The browser of each visit, and whether it is on the person's other machine."""
    # Never an ad's click, or one on a friend's link.
    here = (visits["channel"] == PAID) | (visits["channel"] == SHARE)
    other = draws.chance("browser/other", visits["key"], 0.12) & ~here
    return draws.bits("browser/id", mix(visits["person_key"], other)), other


def signs_in(draws: Draws, visits: Frame) -> Array:
    """Whether someone who has an account signs in during the visit."""
    return draws.chance("visit/signs_in", visits["key"], 0.45)


def _with_browsers(draws: Draws, visits: Frame) -> Frame:
    person, market = visits["person_key"], visits["market"]
    main = np.zeros(len(visits), np.int64)
    for code, place in enumerate(MARKETS):
        mine = market == code
        main[mine] = draws.choice("browser/device", person[mine], DEVICE_SHARES[place.code])
    browser, other = browsers(draws, visits)
    device = np.where(other, np.where(main == 1, 0, 1), main)
    visits = visits.plus(
        browser=browser, device=device, poached=~visits["causes"] & (visits["purchase"] >= 0)
    )
    order = np.lexsort([~visits["buys"], visits["at"], browser])
    visits = visits.take(order)
    # GA4 tells two visits of a browser apart by the second at which they began.
    again = np.zeros(len(visits), bool)
    again[1:] = (visits["browser"][1:] == visits["browser"][:-1]) & (
        visits["at"][1:] == visits["at"][:-1]
    )
    if len(visits):
        visits = visits.plus(shares=_added(visits["shares"], again)).take(~again)
    starts = np.flatnonzero(np.append(True, visits["browser"][1:] != visits["browser"][:-1]))
    runs = np.diff(np.append(starts, len(visits)))
    number = np.arange(len(visits)) - np.repeat(starts, runs) + 1
    return _with_behaviour(draws, visits.plus(number=number)).sorted_by("market", "at", "browser")


def _added(values: Array, again: Array) -> Array:
    """The values, each with those of the rows after it that are the same `again`."""
    first = np.flatnonzero(~again)
    total = np.zeros_like(values)
    total[first] = np.add.reduceat(values, first)
    return total


def _with_behaviour(draws: Draws, visits: Frame) -> Frame:
    key, buys = visits["key"], visits["buys"]
    pages = 1 + draws.choice("visit/pages", key, (0.42, 0.24, 0.16, 0.1, 0.08))
    pages = np.where(buys, np.maximum(pages, 3) + 1, pages)
    viewed = buys | ((pages >= 2) & draws.chance("visit/viewed", key, 0.75))
    cart = buys | (viewed & draws.chance("visit/cart", key, 0.22))
    engaged = (pages >= 2) | draws.chance("visit/engaged", key, 0.25)
    seconds = np.where(engaged, 12, 1) + draws.exponential("visit/seconds", key, 25.0 * pages)
    return visits.plus(
        pages=pages,
        viewed=viewed,
        cart=cart,
        engaged=engaged,
        engagement=(np.minimum(seconds, 1500) * 1000).astype(np.int64),
    )


def browser_ids(browsers: Array) -> pa.Array:
    """GA4's user_pseudo_id of each browser: two numbers with a dot between."""
    left = pc.cast(
        pa.array((browsers >> np.uint64(32)).astype(np.int64) % 2_147_483_647), pa.string()
    )
    right = pc.cast(pa.array((browsers & np.uint64(0xFFFFFFFF)).astype(np.int64)), pa.string())
    return pc.binary_join_element_wise(left, right, ".")


def person_ids(keys: Array) -> Array:
    """The number by which the truth names a person."""
    return (keys >> np.uint64(12)).astype(np.int64)


def session_table(config: WorldConfig, draws: Draws, of: Plan, shares: Frame, v: Frame) -> pa.Table:
    """`sessions` of these visits, whose `customer` and `order` are ids, −1 for none."""
    market = v["market"]
    who = traits(config, draws, v["person_key"], market)
    utm = _utm(of, shares, v)
    ads = ad_ids(of)
    return arrow(
        tables.SESSIONS,
        {
            "market": words([m.code for m in MARKETS], market),
            "person_id": person_ids(v["person_key"]),
            "session_id": v["at"],
            "user_pseudo_id": browser_ids(v["browser"]),
            "customer_id": whole(v["customer"]),
            "started_at": instants(v["at"]),
            "session_number": v["number"],
            "source": _source(of, shares, v),
            "medium": _medium(of, v),
            "campaign": utm["campaign"],
            "content": words(
                [*ads, *share_ids(shares)],
                np.where(v["share"] >= 0, len(ads) + v["share"], v["ad"]),
            ),
            "landing_page": utm["landing"],
            "referrer": _referrer(of, shares, v),
            "country": words([m.country for m in MARKETS], market),
            "region": place_names(market, who["region"], None),
            "city": place_names(market, who["region"], who["city"]),
            "device": words(DEVICES, v["device"]),
            "page_views": v["pages"],
            "engaged": v["engaged"],
            "engagement_msec": v["engagement"],
            "viewed_item": v["viewed"],
            "added_to_cart": v["cart"],
            "shares": v["shares"],
            "order_id": whole(v["order"]),
        },
    )


def _site(visits: Frame) -> Array:
    return (visits["key"] % np.uint64(len(REFERRAL_SITES))).astype(np.int64)


def _networks(of: Plan, visits: Frame) -> Array:
    """The code of the network whose ad began each visit; of no meaning without one."""
    return of.campaigns["network"][visits["campaign"]]


def _methods(shares: Frame, visits: Frame) -> Array:
    """The code of the method by which the link that began each visit was shared; −1 without."""
    return np.append(shares["method"], -1)[visits["share"]]


def _source(of: Plan, shares: Frame, visits: Frame) -> pa.Array:
    named = ("(direct)", "google", "facebook", "newsletter", *REFERRAL_SITES)
    networks = [network.utm_source for network in NETWORKS]
    channel = visits["channel"]
    code = np.where(channel == REFERRAL, 4 + _site(visits), channel)
    code = np.where(channel == PAID, len(named) + _networks(of, visits), code)
    shared = len(named) + len(networks) + _methods(shares, visits)
    code = np.where(channel == SHARE, shared, code)
    return words([*named, *networks, *sharing.METHODS], code)


def _medium(of: Plan, visits: Frame) -> pa.Array:
    named = ("(none)", "organic", "social", "email", "referral")
    paid = visits["channel"] == PAID
    code = np.where(paid, len(named) + _networks(of, visits), visits["channel"])
    code = np.where(visits["channel"] == SHARE, len(named) + len(NETWORKS), code)
    return words([*named, *(network.utm_medium for network in NETWORKS), sharing.MEDIUM], code)


def _referrer(of: Plan, shares: Frame, visits: Frame) -> pa.Array:
    named = ["https://www.google.com/", *REFERRERS]
    paid = [address for network in NETWORKS for address in network.referrers]
    channel, mobile = visits["channel"], visits["device"] == 0
    code = np.select(
        [
            channel == SEARCH,
            channel == REFERRAL,
            channel == SOCIAL,
            channel == PAID,
            channel == SHARE,
        ],
        [
            np.zeros(len(visits), np.int64),
            1 + _site(visits),
            len(named) + mobile,
            len(named) + 2 * _networks(of, visits) + mobile,
            len(named) + len(paid) + _methods(shares, visits),
        ],
        -1,
    )
    return words([*named, *paid, *sharing.REFERRERS], code)


def _utm(of: Plan, shares: Frame, visits: Frame) -> dict[str, pa.Array]:
    """utm_campaign of each visit and the address on which it landed."""
    channel = visits["channel"]
    days = visits["at"] // DAY
    first = int(days.min()) if len(visits) else 0
    span = int(days.max()) - first + 1 if len(visits) else 1
    themes = [theme_of(EPOCH + timedelta(days=first + n)) for n in range(span)]
    letters = [letter_of(EPOCH + timedelta(days=first + n)) for n in range(span)]
    fixed = ["(direct)", "(organic)", "(referral)", sharing.CAMPAIGN]
    campaigns = [*fixed, *of.slugs, *themes, *letters]
    at_slug, at_theme = len(fixed), len(fixed) + len(of.slugs)
    at_letter = at_theme + span
    tags = ["", *[f"?{tag}" for tag in url_tags(of)]]
    tags += [f"?utm_source=facebook&utm_medium=social&utm_campaign={theme}" for theme in themes]
    tags += [f"?utm_source=newsletter&utm_medium=email&utm_campaign={letter}" for letter in letters]
    is_paid, is_social, is_email = channel == PAID, channel == SOCIAL, channel == EMAIL
    campaign = np.select(
        [
            is_paid,
            is_social,
            is_email,
            channel == SEARCH,
            channel == REFERRAL,
            channel == SHARE,
        ],
        [
            at_slug + visits["campaign"],
            at_theme + days - first,
            at_letter + days - first,
            np.ones_like(days),
            np.full_like(days, 2),
            np.full_like(days, 3),
        ],
        0,
    )
    n_ads = len(of.ads)
    tag = np.select(
        [is_paid, is_social, is_email],
        [1 + visits["ad"], 1 + n_ads + days - first, 1 + n_ads + span + days - first],
        0,
    )
    paths = [
        "/",
        "/collections/all",
        "/collections/new",
        *[f"/products/{handle(title)}" for title, *_ in PRODUCTS],
    ]
    path = (visits["key"] >> np.uint64(20)) % np.uint64(len(paths) * 2)
    path = np.where(path < len(paths), path, 0).astype(np.int64)
    hosts = [f"https://{m.hostname}{p}" for m in MARKETS for p in paths]
    place = visits["market"] * len(paths) + path
    address = words(
        [*hosts, *share_links(shares)],
        np.where(visits["share"] >= 0, len(hosts) + visits["share"], place),
    )
    return {
        "campaign": words(campaigns, campaign),
        "landing": pc.binary_join_element_wise(address, words(tags, tag), ""),
    }


def theme_of(day: date) -> str:
    """utm_campaign of the links in the page's posts of that month."""
    return f"page-{day:%Y-%m}"


def letter_of(day: date) -> str:
    """utm_campaign of the newest newsletter on that day; it goes out on Tuesdays."""
    year, week, _ = (day - timedelta(days=1)).isocalendar()
    return f"newsletter-{year}w{week:02d}"


def place_names(market: Array, region: Array, city: Array | None) -> pa.Array:
    """The names of regions, or of cities where their index within the region is given."""
    names: list[str] = []
    starts = np.zeros((len(MARKETS), max(len(known) for known in REGIONS.values())), np.int64)
    for code, place in enumerate(MARKETS):
        for number, known in enumerate(REGIONS[place.code]):
            starts[code, number] = len(names)
            names += known.cities if city is not None else (known.name,)
    return words(names, starts[market, region] + (0 if city is None else city))
