"""The brand's campaigns on every network: what was planned, what is spent, what each really brings.

Belongs here: campaigns, ad sets and ads, and how many clicks each day is to bring. Does not: the
clicks themselves (`demand`) or what the networks report (`advertising`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world import geo_test, tables
from pipelines.sandbox.world.calendar import DAY, Calendar
from pipelines.sandbox.world.config import MARKETS, WorldConfig
from pipelines.sandbox.world.draws import Array, Draws, expand, mix
from pipelines.sandbox.world.frame import Frame, arrow, concat, dates, instants, words
from pipelines.sandbox.world.geography import REGIONS
from pipelines.sandbox.world.networks import META, NETWORKS

# Meta's clicks over the history, and customers won by those of all networks, per customer of the
# world's size.
CLICKS_PER_CUSTOMER = 6.0
WON_BY_ADS = 0.20
# Share of link clicks that never become a visit: closed before the page had loaded.
LOST_CLICKS = 0.12
# Campaigns that run the whole time.
ALWAYS_ON = 3
NO_STOP = 1_000_000
CAMPAIGN, ADSET, AD = range(3)
ID_STEP = 10_000_019
CAMPAIGN_COLUMNS = (
    "key",
    "network",
    "number",
    "market",
    "kind",
    "start",
    "stop",
    "removed",
    "deleted",
)


@dataclass(frozen=True)
class Kind:
    """A way to advertise.

    `effect` and `poach` are relative rates: of buyers that a click makes, and of clicks by people
    who would have bought anyway, whom the platform will claim all the same.
    """

    name: str
    objective: str
    effect: float
    poach: float
    volume: float
    click_price: float
    click_rate: float


KINDS = (
    Kind("prospecting", "OUTCOME_SALES", 1.0, 0.6, 1.0, 1.0, 0.012),
    Kind("retargeting", "OUTCOME_SALES", 0.25, 3.0, 0.7, 0.8, 0.018),
    Kind("retention", "OUTCOME_ENGAGEMENT", 0.8, 1.0, 0.4, 0.7, 0.020),
    Kind("awareness", "OUTCOME_AWARENESS", 0.12, 0.3, 0.8, 0.45, 0.006),
    Kind("promotion", "OUTCOME_SALES", 1.3, 1.2, 1.2, 1.1, 0.015),
    # Its clicks and what they make are set by the experiment; nobody else is shown it.
    Kind("geo-test", "OUTCOME_SALES", 0.0, 0.0, 0.0, 1.0, 0.012),
)
RETENTION, GEO_TEST = 2, 5
# Far from the numbers of the campaigns that begin one after another.
GEO_TEST_NUMBER = 2_000
KIND_CYCLE = (0, 1, 0, 2, 0, 4, 3, 0, 1, 4)
US_PLACES = (2, 6)
AUDIENCES = ("Broad", "Lookalike 1%", "Interest snacks", "Interest wellness", "Past visitors")
CREATIVES = ("Video 15s", "Carousel", "Recipe reel", "Static offer", "Testimonial", "Founder story")
# Price of an ordinary link click in minor units.
CLICK_PRICE = np.array([420_000, 95])


@dataclass(frozen=True)
class Plan:
    """All campaigns that begin within the calendar.

    `clicks` is the expected number of link clicks, `[campaign, day]`; `effect` the probability that
    a visit by an ad makes a buyer; `people` how many, in millions, live where the campaign is
    shown, `[campaign, region]`; ads point to their campaign by index.
    """

    campaigns: Frame
    adsets: Frame
    ads: Frame
    clicks: Array
    effect: Array
    poach: Array
    people: Array
    slugs: tuple[str, ...]

    def portion(self, campaign: Array) -> Array:
        """The part of its market's people to whom each campaign is shown."""
        everyone = population().sum(axis=1)[self.campaigns["market"]]
        return np.asarray((self.people.sum(axis=1) / everyone)[campaign])

    def shown(self, campaign: Array, region: Array) -> Array:
        """Whether each campaign is shown in the region."""
        return np.asarray(self.people[campaign, region] > 0)


def population() -> Array:
    """People in millions, `[market, region]`; 0 beyond a market's regions."""
    people = np.zeros((len(MARKETS), max(len(known) for known in REGIONS.values())))
    for code, market in enumerate(MARKETS):
        known = REGIONS[market.code]
        people[code, : len(known)] = [region.weight for region in known]
    return people


def plan(config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...]) -> Plan:
    """The campaigns of both markets until the calendars end."""
    campaigns = concat(
        [_campaigns(config, draws, calendars[0].days, network) for network in range(len(NETWORKS))],
        CAMPAIGN_COLUMNS,
    )
    clicks = _expected_clicks(config, draws, calendars, campaigns)
    quality = draws.lognormal("campaign/quality", campaigns["key"], 0.6)
    raw = quality * np.array([k.effect for k in KINDS])[campaigns["kind"]]
    effect = _calibrated(config, campaigns, clicks, raw)
    test = _geo_test(config)
    wins = geo_test.expected_wins(config, draws, calendars[MARKETS.index(geo_test.MARKET)])
    campaigns = concat([campaigns, test], CAMPAIGN_COLUMNS)
    by_network = np.lexsort([campaigns["number"], campaigns["network"]])
    campaigns = campaigns.take(by_network)
    clicked = np.tile(wins / geo_test.EFFECT / (1 - LOST_CLICKS), (len(test), 1))
    clicks = np.concatenate([clicks, clicked])[by_network]
    effect = np.append(effect, np.full(len(test), geo_test.EFFECT))[by_network]
    kind = campaigns["kind"]
    slugs = tuple(
        f"{MARKETS[market].code}-{KINDS[k].name}-{serial}"
        for market, k, serial in zip(campaigns["market"], kind, _serials(campaigns), strict=True)
    )
    adsets, ads = _ads(draws, campaigns)
    return Plan(
        campaigns=campaigns,
        adsets=adsets,
        ads=ads,
        clicks=clicks,
        effect=effect,
        poach=np.array([k.poach for k in KINDS])[kind] * clicks.T,
        people=_people(draws, campaigns),
        slugs=slugs,
    )


def _geo_test(config: WorldConfig) -> Frame:
    """The campaign of the geo experiment; no row without one."""
    days = geo_test.period(config)
    start, stop = ((day - config.start).days for day in days) if days else (0, 0)
    row = Frame(
        key=mix(GEO_TEST_NUMBER, 103),
        network=[NETWORKS.index(META)],
        number=[GEO_TEST_NUMBER],
        market=[MARKETS.index(geo_test.MARKET)],
        kind=[GEO_TEST],
        start=[start],
        stop=[stop],
        removed=[-1],
        deleted=[False],
    )
    return row.take(np.array([days is not None]))


def _people(draws: Draws, campaigns: Frame) -> Array:
    people = population()[campaigns["market"]]
    test = campaigns["kind"] == GEO_TEST
    people[test, : len(geo_test.PROVINCES)] *= geo_test.treated(draws)
    return people


def geo_test_slug(of: Plan) -> str | None:
    """utm_campaign of the geo experiment's campaign, or None without one."""
    return next(
        (
            slug
            for slug, kind in zip(of.slugs, of.campaigns["kind"], strict=True)
            if kind == GEO_TEST
        ),
        None,
    )


def _serials(campaigns: Frame) -> list[str]:
    """What a campaign is called by: its number on its network."""
    return [
        f"{NETWORKS[network].letter}{number:03d}"
        for network, number in zip(campaigns["network"], campaigns["number"], strict=True)
    ]


def _campaigns(config: WorldConfig, draws: Draws, days: int, network: int) -> Frame:
    """A network's campaigns: some always on, the others begun evenly over the history."""
    wanted = config.campaigns
    if NETWORKS[network] is not META:
        # At least one in each market.
        wanted = max(round(wanted * NETWORKS[network].campaigns), len(MARKETS))
    spread = max(wanted - ALWAYS_ON, 1)
    begun = int(days * spread / config.history_days) + 1
    number = np.arange(ALWAYS_ON + begun)
    start = np.maximum((number - ALWAYS_ON) * config.history_days // spread, 0)
    number, start = number[start < days], start[start < days]
    if wanted < ALWAYS_ON:
        number, start = number[:wanted], start[:wanted]
    key = mix(number, 101, network)
    length = 18 + draws.below("campaign/length", key, 50)
    stop = np.where(number < ALWAYS_ON, NO_STOP, start + length - 1)
    fate = draws.uniform("campaign/fate", key)
    removed = np.where(
        (fate < 0.22) & (stop < NO_STOP), stop + 8 + draws.below("campaign/removed", key, 30), -1
    )
    return Frame(
        key=key,
        network=np.full(len(number), network),
        number=number,
        market=_markets(number, network),
        kind=np.array(KIND_CYCLE)[number % len(KIND_CYCLE)],
        start=start,
        stop=stop,
        removed=removed,
        deleted=fate < 0.08,
    )


def _markets(number: Array, network: int) -> Array:
    """Which market each campaign is for. The smaller networks serve both from the start."""
    if NETWORKS[network] is not META:
        return np.asarray(number % len(MARKETS))
    return np.isin(number % len(KIND_CYCLE), US_PLACES).astype(np.int64)


def _expected_clicks(
    config: WorldConfig, draws: Draws, calendars: tuple[Calendar, ...], campaigns: Frame
) -> Array:
    day = np.arange(calendars[0].days)
    running = (day >= campaigns["start"][:, None]) & (day <= campaigns["stop"][:, None])
    volume = np.array([k.volume for k in KINDS])[campaigns["kind"]]
    volume = volume * draws.lognormal("campaign/volume", campaigns["key"], 0.35)
    season = np.stack([c.demand / c.crisis for c in calendars])[campaigns["market"]]
    wobble = 0.75 + 0.5 * draws.uniform("campaign/day", mix(campaigns["key"][:, None], day))
    weight = running * volume[:, None] * season * wobble
    for code, market in enumerate(MARKETS):
        for place, network in enumerate(NETWORKS):
            mine = (campaigns["market"] == code) & (campaigns["network"] == place)
            total = weight[mine, : config.history_days].sum()
            if total:
                wanted = CLICKS_PER_CUSTOMER * network.volume * config.size * market.share
                weight[mine] *= wanted / total
    return np.asarray(weight)


def _calibrated(config: WorldConfig, campaigns: Frame, clicks: Array, raw: Array) -> Array:
    effect = np.zeros(len(raw))
    for code, market in enumerate(MARKETS):
        mine = campaigns["market"] == code
        wins = mine & (campaigns["kind"] != RETENTION)
        brought = (clicks[wins, : config.history_days].sum(axis=1) * raw[wins]).sum() * (
            1 - LOST_CLICKS
        )
        if brought:
            effect[mine] = raw[mine] * WON_BY_ADS * config.size * market.share / brought
    return np.minimum(effect, 0.5)


def _ads(draws: Draws, campaigns: Frame) -> tuple[Frame, Frame]:
    per_campaign = 1 + draws.chance("campaign/adsets", campaigns["key"], 0.75)
    campaign, place = expand(per_campaign)
    adset_key = mix(campaigns["key"][campaign], place, 7)
    adsets = Frame(
        key=adset_key,
        campaign=campaign,
        number=campaigns["number"][campaign] * 4 + place,
        audience=(draws.below("adset/audience", mix(campaigns["key"][campaign]), 5) + place)
        % len(AUDIENCES),
    )
    adset, position = expand(1 + draws.below("adset/ads", adset_key, 3))
    key = mix(adset_key[adset], position, 11)
    ads = Frame(
        key=key,
        adset=adset,
        campaign=campaign[adset],
        number=adsets["number"][adset] * 8 + position,
        creative=(draws.below("ad/creative", mix(adset_key[adset]), 6) + position) % len(CREATIVES),
        weight=0.3 + draws.uniform("ad/weight", key),
    )
    return adsets, ads


def pick_ads(draws: Draws, purpose: str, keys: Array, campaign: Array, of: Plan) -> Array:
    """One of the campaign's ads for each row, by the ads' weights."""
    width = int(np.bincount(of.ads["campaign"]).max())
    first = np.searchsorted(of.ads["campaign"], np.arange(len(of.campaigns)))
    weights = np.zeros((len(of.campaigns), width))
    weights[of.ads["campaign"], np.arange(len(of.ads)) - first[of.ads["campaign"]]] = of.ads[
        "weight"
    ]
    return first[campaign] + draws.choice_by_row(purpose, keys, weights[campaign])


def campaign_ids(of: Plan) -> list[str]:
    """The networks' id of each campaign."""
    return _ids(CAMPAIGN, of.campaigns["network"], of.campaigns["number"])


def adset_ids(of: Plan) -> list[str]:
    """The networks' id of each ad set, by whatever name the network calls it."""
    return _ids(ADSET, of.campaigns["network"][of.adsets["campaign"]], of.adsets["number"])


def ad_ids(of: Plan) -> list[str]:
    """The networks' id of each ad."""
    return _ids(AD, of.campaigns["network"][of.ads["campaign"]], of.ads["number"])


def _ids(level: int, networks: Array, numbers: Array) -> list[str]:
    """Ids as each network writes them: those of small networks lie closer together."""
    found = []
    for code, number in zip(networks.tolist(), numbers.tolist(), strict=True):
        network = NETWORKS[code]
        step = ID_STEP if network.bases[level] > ID_STEP * 100_000 else 1_009
        found.append(network.written(network.bases[level] + number * step))
    return found


def url_tags(of: Plan) -> list[str]:
    """The UTM parameters of each ad's links."""
    networks = of.campaigns["network"][of.ads["campaign"]].tolist()
    return [
        f"utm_source={NETWORKS[network].utm_source}&utm_medium={NETWORKS[network].utm_medium}"
        f"&utm_campaign={of.slugs[campaign]}&utm_content={ad}"
        for network, campaign, ad in zip(networks, of.ads["campaign"], ad_ids(of), strict=True)
    ]


def network_names(networks: Array) -> pa.Array:
    """The name of each network code."""
    return words([network.name for network in NETWORKS], networks)


def campaign_tables(draws: Draws, calendars: tuple[Calendar, ...], of: Plan) -> dict[str, pa.Table]:
    """`campaigns`, `adsets` and `ads`, with later removals; `World.cut` hides what is to come."""
    c = of.campaigns
    market = c["market"]
    midnights = np.stack([calendar.midnights for calendar in calendars])
    starts = midnights[market, c["start"]]
    created = starts - DAY - draws.below("campaign/created", c["key"], 3 * DAY)
    created = np.maximum(created, midnights[0, 0])
    last = midnights.shape[1] - 1
    removed = np.where(
        (c["removed"] >= 0) & (c["removed"] <= last),
        midnights[market, np.clip(c["removed"], 0, last)] + 36_000,
        -1,
    )
    removed_as = np.where(removed >= 0, c["deleted"].astype(int), -1)
    codes = [m.code for m in MARKETS]
    day = np.arange(of.clicks.shape[1])
    # The first fortnight alone, since a running campaign's later days may not be drawn yet.
    early = (day >= c["start"][:, None]) & (day < c["start"][:, None] + 14)
    spent = (of.clicks * early).sum(axis=1) / 14
    budget = np.rint(spent * CLICK_PRICE[market] * _click_price(of) * 1.2 / 100).astype(int) * 100
    states = np.where(c["stop"] == NO_STOP, 0, 1)
    names = [
        f"{codes[m].upper()} | {KINDS[k].name.capitalize()} | {CREATIVES[number % 6]} | {serial}"
        for m, k, number, serial in zip(market, c["kind"], c["number"], _serials(c), strict=True)
    ]
    removal = {
        "removed_at": instants(removed),
        "removed_as": words(["ARCHIVED", "DELETED"], removed_as),
    }
    campaign_table = arrow(
        tables.CAMPAIGNS,
        {
            "network": network_names(c["network"]),
            "market": words(codes, market),
            "campaign_id": campaign_ids(of),
            "name": names,
            "objective": [KINDS[k].objective for k in c["kind"]],
            "status": words(["ACTIVE", "PAUSED"], states),
            "created_at": instants(created),
            "start_date": dates(c["start"] + calendars[0].ordinal),
            "stop_date": dates(
                np.where(c["stop"] == NO_STOP, -1, c["stop"] + calendars[0].ordinal)
            ),
            "utm_campaign": list(of.slugs),
            "daily_budget": budget,
            "kind": [KINDS[k].name for k in c["kind"]],
        }
        | removal,
    )
    s, a = of.adsets["campaign"], of.ads["campaign"]
    adset_table = arrow(
        tables.ADSETS,
        {
            "network": network_names(c["network"][s]),
            "market": words(codes, market[s]),
            "adset_id": adset_ids(of),
            "campaign_id": pa.array(campaign_ids(of)).take(pa.array(s)),
            "name": [AUDIENCES[n] for n in of.adsets["audience"]],
            "status": words(["ACTIVE", "PAUSED"], states[s]),
            "created_at": instants(created[s]),
        },
    )
    ad_table = arrow(
        tables.ADS,
        {
            "network": network_names(c["network"][a]),
            "market": words(codes, market[a]),
            "ad_id": ad_ids(of),
            "adset_id": pa.array(adset_ids(of)).take(pa.array(of.ads["adset"])),
            "campaign_id": pa.array(campaign_ids(of)).take(pa.array(a)),
            "name": [CREATIVES[n] for n in of.ads["creative"]],
            "url_tags": url_tags(of),
            "status": words(["ACTIVE", "PAUSED"], states[a]),
            "created_at": instants(created[a]),
            "removed_at": instants(removed[a]),
            "removed_as": words(["ARCHIVED", "DELETED"], removed_as[a]),
        },
    )
    return {"campaigns": campaign_table, "adsets": adset_table, "ads": ad_table}


def _click_price(of: Plan) -> Array:
    network = np.array([n.price for n in NETWORKS])[of.campaigns["network"]]
    return np.asarray(np.array([k.click_price for k in KINDS])[of.campaigns["kind"]] * network)


def cost_per_click(draws: Draws, of: Plan) -> Array:
    """What a link click of each campaign costs, in minor units of its market."""
    drawn = draws.lognormal("campaign/price", of.campaigns["key"], 0.25)
    return np.asarray(CLICK_PRICE[of.campaigns["market"]] * _click_price(of) * drawn)


def click_rate(of: Plan) -> Array:
    """Link clicks per impression of each campaign."""
    network = np.array([n.rate for n in NETWORKS])[of.campaigns["network"]]
    return np.asarray(np.array([k.click_rate for k in KINDS])[of.campaigns["kind"]] * network)
