"""What the networks measure of the brand's ads: delivery, money and the sales it claims.

Belongs here: ad cells, account totals beyond them, reach. Does not: clicks (`demand`, `traffic`)
or how figures mature (`restate`). All figures here are final.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.calendar import DAY, Calendar, local_days
from pipelines.sandbox.world.campaigns import (
    CLICK_PRICE,
    Plan,
    ad_ids,
    adset_ids,
    campaign_ids,
    click_rate,
    cost_per_click,
    network_names,
)
from pipelines.sandbox.world.config import MARKETS, WorldConfig
from pipelines.sandbox.world.demand import (
    AGE_BANDS,
    GENDERS,
    UNKNOWN_BAND,
    UNKNOWN_GENDER,
    Demand,
    age_bands,
    traits,
)
from pipelines.sandbox.world.draws import Array, Draws, expand, mix
from pipelines.sandbox.world.frame import Frame, arrow, concat, dates, words
from pipelines.sandbox.world.geography import REGIONS
from pipelines.sandbox.world.networks import NETWORKS
from pipelines.sandbox.world.traffic import Traffic

CLICK_WINDOW, VIEW_WINDOW = 7 * DAY, DAY
VIEW_CLAIMS = 0.09
MEASURES = ("impressions", "clicks", "link_clicks", "spend", "claims_click", "claims_view", "value")
CELL = ("ad", "market", "day", "age", "gender", "region")


def ad_tables(
    config: WorldConfig,
    draws: Draws,
    calendars: tuple[Calendar, ...],
    of: Plan,
    wanted: Demand,
    moved: Traffic,
    orders: Frame,
) -> dict[str, pa.Table]:
    """`ad_cells`, `account_extra` and `ad_reach` over the whole calendar."""
    delivered = _delivery(config, draws, calendars, of)
    clicks = _all_clicks(wanted, moved)
    rows = [
        delivered,
        _click_rows(config, draws, calendars, of, clicks),
    ]
    for network in range(len(NETWORKS)):
        # Each network knows of its own clicks only, so that several claim one order.
        own = clicks.take(of.campaigns["network"][of.ads["campaign"][clicks["ad"]]] == network)
        rows += _claim_rows(config, draws, calendars, of, own, orders, network)
    cells = _grouped(of, concat(rows, CELL + MEASURES))
    extra = _extra(draws, calendars, of)
    first = calendars[0].ordinal
    return {
        "ad_cells": _cell_table(of, cells, first),
        "account_extra": arrow(
            tables.ACCOUNT_EXTRA,
            {
                "network": network_names(extra["network"]),
                "market": words([m.code for m in MARKETS], extra["market"]),
                "date_day": dates(extra["day"] + first),
            }
            | {name: extra[name] for name in ("impressions", "clicks", "link_clicks", "spend")},
        ),
        "ad_reach": _reach_table(draws, of, cells, first),
    }


def _measured(rows: Frame, **given: Any) -> Frame:
    return rows.plus(**(dict.fromkeys(MEASURES, 0) | given))


def _audience(
    config: WorldConfig, draws: Draws, keys: Array, market: Array, day: Array
) -> dict[str, Array]:
    """Age band, gender and region of a person as a network knows them; some it does not."""
    who = traits(config, draws, keys, market)
    unknown = draws.chance("meta/unknown", keys, 0.05)
    return {
        "age": np.where(unknown, UNKNOWN_BAND, age_bands(who["birth"], day)),
        "gender": np.where(unknown, UNKNOWN_GENDER, who["gender"]),
        "region": who["region"],
    }


def _delivery(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], of: Plan
) -> Frame:
    """Impressions and spend of each ad's day, spread over groups of people."""
    share = of.ads["weight"] / np.bincount(of.ads["campaign"], of.ads["weight"])[of.ads["campaign"]]
    expected = of.clicks[of.ads["campaign"]] * share[:, None]
    ad, day = np.nonzero(expected)
    campaign = of.ads["campaign"][ad]
    market = of.campaigns["market"][campaign]
    day_key = mix(of.ads["key"][ad], day + calendars[0].ordinal)
    wobble = 0.85 + 0.3 * draws.uniform("ad/impressions", day_key)
    impressions = expected[ad, day] / click_rate(of)[campaign] * wobble
    price = cost_per_click(draws, of)[campaign] * click_rate(of)[campaign]
    bundles = np.array([network.bundles for network in NETWORKS])[of.campaigns["network"][campaign]]
    parent, place = expand(bundles)
    key = mix(day_key[parent], place)
    size = 0.2 + draws.exponential("bundle/size", key, 1.0)
    shown = (impressions[parent] * size / (1.2 * bundles[parent])).astype(np.int64)
    unit = np.array([m.unit for m in MARKETS])[market][parent]
    cost = shown * price[parent] * (0.9 + 0.2 * draws.uniform("bundle/price", key))
    spend = np.rint(cost / unit).astype(np.int64) * unit
    market, day = market[parent], day[parent]
    rows = Frame(ad=ad[parent], market=market, day=day)
    seen = _audience(
        config, draws, draws.bits("bundle/who", key), market, day + calendars[0].ordinal
    )
    # Where a campaign is not shown everywhere, its people are found where it is.
    some = np.flatnonzero(of.portion(campaign)[parent] < 1)
    people = of.people[campaign[parent[some]]]
    seen["region"][some] = draws.choice_by_row("bundle/region", key[some], people)
    other = shown * 0.004 * draws.uniform("bundle/clicks", key) * 2
    filled = _measured(
        rows.plus(**seen), impressions=shown, clicks=other.astype(np.int64), spend=spend
    )
    return filled.take(shown > 0)


def _all_clicks(wanted: Demand, moved: Traffic) -> Frame:
    """Every link click: those that ads brought, and those of people who would buy anyway."""
    columns = ("key", "person_key", "market", "ad", "at", "visit")
    return concat([wanted.clicks, moved.poached.plus(visit=True)], columns)


def _day_of(
    calendars: tuple[Calendar, ...], of: Plan, ad: Array, market: Array, at: Array
) -> Array:
    """The index of the day in which each instant falls where its ad's network closes days."""
    day = local_days(calendars, market, at)
    # The only other zone is UTC.
    own_zone = np.array([network.closes_in is not None for network in NETWORKS])
    other = own_zone[of.campaigns["network"][of.ads["campaign"][ad]]]
    day[other] = np.clip(at[other] // DAY - calendars[0].ordinal, 0, calendars[0].days - 1)
    return day


def _click_rows(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], of: Plan, clicks: Frame
) -> Frame:
    day = _day_of(calendars, of, clicks["ad"], clicks["market"], clicks["at"])
    rows = Frame(ad=clicks["ad"], market=clicks["market"], day=day)
    seen = _audience(
        config, draws, clicks["person_key"], clicks["market"], day + calendars[0].ordinal
    )
    more = draws.chance("click/more", clicks["key"], 0.3)
    return _measured(rows.plus(**seen), impressions=1 + more, clicks=1 + more, link_clicks=1)


def _claim_rows(
    config: WorldConfig,
    draws: Draws,
    calendars: tuple[Calendar, ...],
    of: Plan,
    clicks: Frame,
    orders: Frame,
    network: int,
) -> list[Frame]:
    """What a network claims: by the buyer's last click within 7 days, else by a view."""
    sold = orders.take((orders["visit"] >= 0) & ~orders["test"])
    click = _last_click(clicks, sold)
    by_click = np.flatnonzero(click >= 0)
    ad = clicks["ad"][click[by_click]]
    day = _day_of(calendars, of, ad, sold["market"][by_click], clicks["at"][click[by_click]])
    rows = _claimed(config, draws, calendars, sold.take(by_click), ad, day)
    purpose = f"claim/{NETWORKS[network].name}"
    views = VIEW_CLAIMS * NETWORKS[network].volume
    unseen = sold.take((click < 0) & draws.chance(f"{purpose}/view", sold["key"], views))
    at = unseen["created"] - draws.below(f"{purpose}/wait", unseen["key"], VIEW_WINDOW)
    local = local_days(calendars, unseen["market"], at)
    own = (of.campaigns["market"] == unseen["market"][:, None]) & (
        of.campaigns["network"] == network
    )
    own &= of.people[:, unseen["region"]].T > 0
    campaign = draws.choice_by_row(f"{purpose}/campaign", unseen["key"], of.clicks.T[local] * own)
    found = campaign >= 0
    first_ad = np.searchsorted(of.ads["campaign"], campaign[found])
    day = _day_of(calendars, of, first_ad, unseen["market"][found], at[found])
    viewed = _claimed(config, draws, calendars, unseen.take(found), first_ad, day)
    by_view = viewed.plus(claims_view=viewed["claims_click"], claims_click=0, impressions=1)
    return [rows, by_view]


def _last_click(clicks: Frame, sold: Frame) -> Array:
    """The last click of each order's buyer within the window before it; −1 for none."""
    usable = np.flatnonzero(clicks["visit"])
    _, rank = np.unique(
        np.concatenate([clicks["person_key"][usable], sold["person_key"]]), return_inverse=True
    )
    of_click, of_order = rank[: len(usable)], rank[len(usable) :]
    moment = (of_click.astype(np.int64) << 34) + clicks["at"][usable]
    order = np.lexsort([clicks["key"][usable], moment])
    moment = moment[order]
    bought = (of_order.astype(np.int64) << 34) + sold["created"]
    place = np.searchsorted(moment, bought, side="right") - 1
    found = np.zeros(len(sold), bool)
    valid = place >= 0
    found[valid] = moment[place[valid]] >= bought[valid] - CLICK_WINDOW
    click = np.full(len(sold), -1)
    click[found] = usable[order[place[found]]]
    return click


def _claimed(
    config: WorldConfig,
    draws: Draws,
    calendars: tuple[Calendar, ...],
    sold: Frame,
    ad: Array,
    day: Array,
) -> Frame:
    rows = Frame(ad=ad, market=sold["market"], day=day)
    seen = _audience(config, draws, sold["person_key"], sold["market"], day + calendars[0].ordinal)
    return _measured(rows.plus(**seen), claims_click=1, value=sold["total"])


def _grouped(of: Plan, rows: Frame) -> Frame:
    """One row per cell, sorted by network, market, day, ad, age, gender and region."""
    network = of.campaigns["network"][of.ads["campaign"][rows["ad"]]]
    sizes = [
        int(rows[name].max(initial=0)) + 1 for name in ("day", "ad", "age", "gender", "region")
    ]
    code = network * len(MARKETS) + rows["market"]
    for name, size in zip(("day", "ad", "age", "gender", "region"), sizes, strict=True):
        code = code * size + rows[name]
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(code[order]) != 0)) if len(rows) else order
    sums = {
        name: np.add.reduceat(rows[name][order], starts) if len(rows) else rows[name]
        for name in MEASURES
    }
    return rows.take(order[starts]).plus(**sums)


def _cell_table(of: Plan, cells: Frame, first: int) -> pa.Table:
    ad = cells["ad"]
    regions = [region.name for market in MARKETS for region in REGIONS[market.code]]
    region = cells["region"] + np.where(cells["market"] == 1, len(REGIONS[MARKETS[0].code]), 0)
    return arrow(
        tables.AD_CELLS,
        {
            "network": network_names(of.campaigns["network"][of.ads["campaign"][ad]]),
            "market": words([m.code for m in MARKETS], cells["market"]),
            "campaign_id": words(campaign_ids(of), of.ads["campaign"][ad]),
            "adset_id": words(adset_ids(of), of.ads["adset"][ad]),
            "ad_id": words(ad_ids(of), ad),
            "date_day": dates(cells["day"] + first),
            "age": words(AGE_BANDS, cells["age"]),
            "gender": words(GENDERS, cells["gender"]),
            "region": words(regions, region),
            "impressions": cells["impressions"],
            "clicks": cells["clicks"],
            "link_clicks": cells["link_clicks"],
            "spend": cells["spend"],
            "purchases_claimed_7d_click": cells["claims_click"],
            "purchases_claimed_1d_view": cells["claims_view"],
            "value_claimed": cells["value"],
        },
    )


def _extra(draws: Draws, calendars: tuple[Calendar, ...], of: Plan) -> Frame:
    """On some days the account also paid for ads that no list shows any more."""
    parts = []
    for place, network in enumerate(NETWORKS):
        for code, calendar in enumerate(calendars):
            mine = (of.campaigns["market"] == code) & (of.campaigns["network"] == place)
            day = np.arange(calendar.days)
            key = mix(code, day + calendar.ordinal, 17, place)
            clicks = of.clicks[mine].sum(axis=0)
            some = draws.chance("extra", key, 0.2) & (clicks > 0)
            share = 0.01 + 0.05 * draws.uniform("extra/share", key)
            unit = MARKETS[code].unit
            rate = 0.012 * network.rate
            impressions = 5 + (clicks * share / rate).astype(np.int64)
            cost = impressions * rate * CLICK_PRICE[code] * network.price
            links = impressions // 90
            parts.append(
                Frame(
                    network=np.full(len(day), place),
                    market=np.full(len(day), code),
                    day=day,
                    impressions=impressions,
                    spend=np.maximum(np.rint(cost / unit).astype(np.int64), 1) * unit,
                    clicks=links + 1,
                    link_clicks=links,
                ).take(some)
            )
    return concat(
        parts, ("network", "market", "day", "impressions", "spend", "clicks", "link_clicks")
    )


def _reach_table(draws: Draws, of: Plan, cells: Frame, first: int) -> pa.Table:
    """Unique people by ad, ad set, campaign and account: each level overlaps within the next."""
    width = int(cells["day"].max(initial=0)) + 1
    names = {
        "ad": ad_ids(of),
        "adset": adset_ids(of),
        "campaign": campaign_ids(of),
        "account": [n.accounts[market.code] for n in NETWORKS for market in MARKETS],
    }
    # An account is its network's and its market's code together.
    account = of.campaigns["network"] * len(MARKETS) + of.campaigns["market"]
    parents = {
        "adset": of.ads["adset"],
        "campaign": of.adsets["campaign"],
        "account": account,
    }
    ids, total = _summed(cells["ad"] * width + cells["day"], cells["impressions"])
    luck = draws.uniform("reach", mix(of.ads["key"][ids // width], ids % width))
    reach = np.maximum((total * (0.72 + 0.2 * luck)).astype(np.int64), 1)
    levels = {"ad": (ids, reach)}
    for level, parent in parents.items():
        below = ids
        ids, summed = _summed(parent[below // width] * width + below % width, reach)
        most = _most(parent[below // width] * width + below % width, reach)
        reach = np.maximum(summed * 88 // 100, most)
        levels[level] = (ids, reach)
    account_of = {
        "ad": account[of.ads["campaign"]],
        "adset": account[of.adsets["campaign"]],
        "campaign": account,
        "account": np.arange(len(NETWORKS) * len(MARKETS)),
    }
    tables_of = [
        arrow(
            tables.AD_REACH,
            {
                "network": network_names(account_of[level][ids // width] // len(MARKETS)),
                "market": words(
                    [m.code for m in MARKETS], account_of[level][ids // width] % len(MARKETS)
                ),
                "level": words([level], np.zeros(len(ids), int)),
                "object_id": words(names[level], ids // width),
                "date_day": dates(ids % width + first),
                "reach": reach,
            },
        )
        for level, (ids, reach) in levels.items()
    ]
    joined = pa.concat_tables(tables_of)
    keys = [(name, "ascending") for name in tables.SORTED_BY["ad_reach"]]
    return joined.sort_by(keys).combine_chunks()


def _summed(code: Array, values: Array) -> tuple[Array, Array]:
    ids, place = np.unique(code, return_inverse=True)
    return ids, np.bincount(place, values, len(ids)).astype(np.int64)


def _most(code: Array, values: Array) -> Array:
    ids, place = np.unique(code, return_inverse=True)
    most = np.zeros(len(ids), np.int64)
    np.maximum.at(most, place, values)
    return most
