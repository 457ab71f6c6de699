"""Who buys and why: ad clicks, the persons they win, and every purchase of every customer.

Belongs here: causes. Each purchase has exactly one: it would have happened anyway (`BASELINE`), an
ad's click made it (`CAMPAIGN`), or a link that a friend shared (`WORD_OF_MOUTH`), or it repeats
what one of these began (`…_REPEAT`). Does not: how people get to the site (`traffic`), whom friends
win (`word_of_mouth`), or what they put in the cart (`orders`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.sandbox.world.calendar import DAY, DEMAND_CAP, Calendar
from pipelines.sandbox.world.campaigns import LOST_CLICKS, RETENTION, WON_BY_ADS, Plan, pick_ads
from pipelines.sandbox.world.config import MARKETS, WorldConfig
from pipelines.sandbox.world.draws import Array, Draws, expand, mix
from pipelines.sandbox.world.frame import Frame, concat
from pipelines.sandbox.world.geography import REGIONS

# Slightly more than asked for, so that at least `size` customers have ordered by the anchor.
SURPLUS = 1.12
ACCOUNTS_ONLY = 0.06
MAX_REPEATS = 11
CAUSES = ("baseline", "campaign", "campaign_repeat", "word_of_mouth", "word_of_mouth_repeat")
BASELINE, CAMPAIGN, CAMPAIGN_REPEAT, WORD_OF_MOUTH, WORD_OF_MOUTH_REPEAT = range(5)
PURCHASE = ("key", "person", "market", "at", "number", "cause", "campaign", "click")

AGE_BANDS = ("13-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65+", "Unknown")
BAND_STARTS = np.array([13, 18, 25, 35, 45, 55, 65])
BAND_SHARES = (0.03, 0.27, 0.36, 0.19, 0.09, 0.04, 0.02)
GENDERS = ("female", "male", "unknown")
UNKNOWN_BAND, UNKNOWN_GENDER = 7, 2
FEMALE_SHARE = 0.62


@dataclass(frozen=True)
class Demand:
    """The persons who ever buy, their purchases, and all clicks that ads brought of themselves.

    - `persons`: key, market, at (first purchase begins), sorted by market and time; `regular`:
      False for those whom the geo experiment won. Visits and clicks of people who have bought
      before are those of regular persons, so that the experiment changes nothing else;
    - `purchases`: key, person (index), market, at (the buying visit begins), number (0 = first),
      cause, campaign (index or −1), click (index or −1);
    - `clicks`: key, person_key, market, campaign, ad, at, visit (False = lost), buys;
    - `accounts`: key, market, at: people who only made an account.
    """

    persons: Frame
    purchases: Frame
    clicks: Frame
    accounts: Frame


def demand(config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], of: Plan) -> Demand:
    """Draw every purchase until the calendars end."""
    clicks = _clicks(draws, calendars, of)
    everywhere = of.portion(np.arange(len(of.campaigns))) == 1
    organic = _arrivals(config, draws, calendars, "organic", _organic_share(of))
    won = clicks.take(clicks["wins"])
    persons = concat(
        [
            organic.plus(campaign=-1, click=-1, regular=True),
            Frame(
                key=won["person_key"],
                market=won["market"],
                at=won["buys_at"],
                campaign=won["campaign"],
                click=np.flatnonzero(clicks["wins"]),
                regular=everywhere[won["campaign"]],
            ),
        ],
        ("key", "market", "at", "campaign", "click", "regular"),
    ).sorted_by("market", "at", "key")
    firsts = Frame(
        key=mix(persons["key"], 0),
        person=np.arange(len(persons)),
        market=persons["market"],
        at=persons["at"],
        number=np.zeros(len(persons), np.int64),
        cause=np.where(persons["campaign"] >= 0, CAMPAIGN, BASELINE),
        campaign=persons["campaign"],
        click=persons["click"],
    )
    clicks, retained = _retention(draws, of, clicks, persons)
    purchases = concat([firsts, repeats(draws, calendars, persons), retained], PURCHASE)
    return Demand(
        persons=persons,
        purchases=purchases.sorted_by("market", "at", "key"),
        clicks=clicks,
        accounts=_arrivals(config, draws, calendars, "account", (ACCOUNTS_ONLY, ACCOUNTS_ONLY)),
    )


def _organic_share(of: Plan) -> tuple[float, ...]:
    advertised = [
        bool(of.effect[of.campaigns["market"] == code].any()) for code in range(len(MARKETS))
    ]
    return tuple(SURPLUS - (WON_BY_ADS if found else 0.0) for found in advertised)


def _arrivals(
    config: WorldConfig,
    draws: Draws,
    calendars: tuple[Calendar, ...],
    purpose: str,
    shares: tuple[float, ...],
) -> Frame:
    parts = []
    for code, calendar in enumerate(calendars):
        days = np.arange(calendar.days)
        usual = (calendar.demand / calendar.crisis)[: calendar.history].sum()
        mean = shares[code] * config.size * calendar.market.share * calendar.demand / usual
        day_keys = mix(code, days + calendar.ordinal)
        day, place = expand(draws.poisson(purpose + "/count", day_keys, mean))
        key = draws.bits(purpose + "/person", mix(day_keys[day], place))
        at = calendar.instant(draws, purpose, key, day)
        parts.append(Frame(key=key, market=np.full(len(key), code), at=at))
    return concat(parts, ("key", "market", "at"))


def _clicks(draws: Draws, calendars: tuple[Calendar, ...], of: Plan) -> Frame:
    campaign, day = np.nonzero(of.clicks)
    cell_keys = mix(of.campaigns["key"][campaign], day + calendars[0].ordinal)
    # Clicks are drawn as if by people from everywhere; those who are not shown the ad fall away.
    mean = of.clicks[campaign, day] / of.portion(campaign)
    cell, place = expand(draws.poisson("click/count", cell_keys, mean))
    campaign, key = campaign[cell], mix(cell_keys[cell], place)
    shown = _is_shown(draws, of, campaign, draws.bits("click/person", key))
    campaign, day, key = campaign[shown], day[cell[shown]], key[shown]
    market = of.campaigns["market"][campaign]
    at = np.zeros(len(key), np.int64)
    mood = np.ones(len(key))
    for code, calendar in enumerate(calendars):
        mine = market == code
        at[mine] = calendar.instant(draws, "click", key[mine], day[mine])
        mood[mine] = calendar.crisis[day[mine]]
    visit = ~draws.chance("click/lost", key, LOST_CLICKS)
    effective = visit & draws.chance("click/effect", key, of.effect[campaign] * mood)
    retains = of.campaigns["kind"][campaign] == RETENTION
    at_once = draws.chance("click/at_once", key, 0.35)
    delay = 1800 + np.minimum(draws.exponential("click/delay", key, 1.5 * DAY), 6.4 * DAY)
    return Frame(
        key=key,
        person_key=draws.bits("click/person", key),
        market=market,
        campaign=campaign,
        ad=pick_ads(draws, "click/ad", key, campaign, of),
        at=at,
        visit=visit,
        wins=effective & ~retains,
        retains=effective & retains,
        at_once=at_once,
        buys_at=np.where(at_once, at, at + delay.astype(np.int64)),
    )


def _is_shown(draws: Draws, of: Plan, campaign: Array, person_key: Array) -> Array:
    """Whether each person lives where the campaign is shown."""
    shown = np.ones(len(campaign), bool)
    some = np.flatnonzero(of.portion(campaign) < 1)
    market = of.campaigns["market"][campaign[some]]
    shown[some] = of.shown(campaign[some], home_regions(draws, person_key[some], market))
    return shown


def _retention(draws: Draws, of: Plan, clicks: Frame, persons: Frame) -> tuple[Frame, Frame]:
    """Clicks by existing customers: who clicked, and the purchases that these clicks made."""
    familiar = clicks["retains"] | (
        clicks["visit"] & ~clicks["wins"] & draws.chance("click/familiar", clicks["key"], 0.15)
    )
    rows = np.flatnonzero(familiar)
    person = earlier_person(draws, "click/who", clicks.take(rows), persons)
    found = person >= 0
    found[found] = _is_shown(
        draws, of, clicks["campaign"][rows[found]], persons["key"][person[found]]
    )
    rows, person = rows[found], person[found]
    person_key = clicks["person_key"].copy()
    person_key[rows] = persons["key"][person]
    known = np.zeros(len(clicks), bool)
    known[rows] = True
    clicks = clicks.plus(person_key=person_key, retains=clicks["retains"] & known)
    made = clicks["retains"][rows]
    rows, person = rows[made], person[made]
    return clicks, Frame(
        key=draws.bits("click/purchase", clicks["key"][rows]),
        person=person,
        market=clicks["market"][rows],
        at=clicks["buys_at"][rows],
        number=np.full(len(rows), 50),
        cause=np.full(len(rows), CAMPAIGN),
        campaign=clicks["campaign"][rows],
        click=rows,
    )


def earlier_person(draws: Draws, purpose: str, rows: Frame, persons: Frame) -> Array:
    """For each row (key, market, at) someone who bought before then, or −1 if nobody had."""
    found = np.full(len(rows), -1)
    regular = np.flatnonzero(persons["regular"])
    market, at = persons["market"][regular], persons["at"][regular]
    # The last place is nobody's.
    regular = np.append(regular, -1)
    for code in range(len(MARKETS)):
        first, end = np.searchsorted(market, [code, code + 1])
        mine = np.flatnonzero(rows["market"] == code)
        before = np.searchsorted(at[first:end], rows["at"][mine] - DAY)
        pick = draws.below(purpose, rows["key"][mine], before)
        found[mine] = np.where(before > 0, regular[first + pick], -1)
    return found


def ordered_at(draws: Draws, purchases: Frame) -> Array:
    """When each purchase, begun by a visit, becomes an order."""
    minutes = draws.below("order/minutes", draws.bits("order", purchases["key"]), 1300)
    return np.asarray(purchases["at"] + 180 + minutes)


def repeats(draws: Draws, calendars: tuple[Calendar, ...], persons: Frame) -> Frame:
    """The later purchases of these persons, as often as the days' demand lets them."""
    number = np.arange(1, MAX_REPEATS + 1)
    key = mix(persons["key"][:, None], number)
    leaving = 0.04 + 0.62 * draws.uniform("person/leaving", persons["key"])
    stays = ~draws.chance("repeat/leaves", key, leaving[:, None])
    pace = 24 * DAY * draws.lognormal("person/pace", persons["key"], 0.6)
    gaps = 3 * DAY + draws.exponential("repeat/gap", key, pace[:, None])
    at = persons["at"][:, None] + np.cumsum(gaps, axis=1).astype(np.int64)
    alive = np.logical_and.accumulate(stays, axis=1)
    person, place = np.nonzero(alive)
    key, at, market = key[person, place], at[person, place], persons["market"][person]
    kept = np.zeros(len(key), bool)
    for code, calendar in enumerate(calendars):
        mine = np.flatnonzero((market == code) & calendar.holds(at))
        day = calendar.day_of(at[mine])
        wants = calendar.demand[day] / DEMAND_CAP
        kept[mine] = draws.chance("repeat/accepted", key[mine], wants)
        at[mine] = calendar.instant(draws, "repeat", key[mine], day)
    won_by = persons["campaign"][person]
    rows = Frame(
        key=key,
        person=person,
        market=market,
        at=at,
        number=place + 1,
        cause=np.where(won_by >= 0, CAMPAIGN_REPEAT, BASELINE),
        campaign=won_by,
        click=np.full(len(key), -1),
    )
    return rows.take(kept & (at > persons["at"][person] + DAY))


def traits(config: WorldConfig, draws: Draws, keys: Array, market: Array) -> Frame:
    """What is true of each person: gender, birth (days since 1970), region and city (indices)."""
    region = home_regions(draws, keys, market)
    anchor = np.datetime64(config.anchor).astype("datetime64[D]").astype(np.int64)
    band = draws.choice("person/band", keys, BAND_SHARES)
    width = np.append(np.diff(BAND_STARTS), 12)
    age = BAND_STARTS[band] + draws.uniform("person/age", keys) * width[band]
    city = np.zeros(len(keys), np.int64)
    for code, place in enumerate(MARKETS):
        mine = np.flatnonzero(market == code)
        cities = np.array([len(r.cities) for r in REGIONS[place.code]])
        # The first city of a province is its largest.
        lean = draws.uniform("person/city", keys[mine]) ** 1.6
        city[mine] = (lean * cities[region[mine]]).astype(np.int64)
    return Frame(
        gender=(draws.uniform("person/gender", keys) >= FEMALE_SHARE).astype(np.int64),
        birth=(anchor - age * 365.25).astype(np.int64),
        region=region,
        city=city,
    )


def home_regions(draws: Draws, keys: Array, market: Array) -> Array:
    """The region, by its index within the market, in which each person lives."""
    region = np.zeros(len(keys), np.int64)
    for code, place in enumerate(MARKETS):
        mine = np.flatnonzero(market == code)
        weights = [known.weight for known in REGIONS[place.code]]
        region[mine] = draws.choice("person/region", keys[mine], weights)
    return region


def age_bands(birth: Array, day: Array) -> Array:
    """The index into AGE_BANDS at that day (days since 1970); under 13 counts as 13."""
    years = ((day - birth) / 365.25).astype(np.int64)
    return np.maximum(np.searchsorted(BAND_STARTS, years, side="right") - 1, 0)
