"""The advertising networks on which the brand buys, and its identity on each.

Belongs here: accounts, link tags, the size of each network's part, how it numbers things, in which
zone it closes days. Does not: campaigns (`campaigns`), or what is measured of them (`advertising`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from pipelines.sandbox.world.config import INDONESIA, UNITED_STATES, Market


@dataclass(frozen=True)
class Network:
    """One advertising platform.

    - `accounts`: the brand's account in each market, by the market's code.
    - `volume`: link clicks in relation to Meta's; `campaigns`: likewise.
    - `letter`: what tells its campaigns from those of other networks in names and tags.
    - `price`, `rate`: price of a click and clicks per impression in relation to Meta's.
    - `bundles`: to how many groups of people an ad's day is delivered: enough for every breakdown
      to vary, and few enough for memory.
    - `bases`: where the ids of campaigns, ad sets and ads begin; `radix` is that of their digits.
    - `closes_in`: the zone in which its days close; the market's where there is none.
    """

    name: str
    accounts: Mapping[str, str]
    utm_source: str
    utm_medium: str
    referrers: tuple[str, ...]
    volume: float
    campaigns: float
    price: float
    rate: float
    bases: tuple[int, int, int]
    letter: str = ""
    bundles: int = 4
    radix: int = 10
    closes_in: ZoneInfo | None = None

    def zone(self, market: Market) -> ZoneInfo:
        """The zone in which the account of that market closes its days."""
        return self.closes_in or market.zone

    def written(self, number: int) -> str:
        """An id as the network writes it."""
        return str(number) if self.radix == 10 else np.base_repr(number, self.radix).lower()


def _accounts(indonesia: str, united_states: str) -> dict[str, str]:
    return {INDONESIA.code: indonesia, UNITED_STATES.code: united_states}


META = Network(
    name="meta_ads",
    accounts=_accounts(INDONESIA.ad_account, UNITED_STATES.ad_account),
    utm_source="facebook",
    utm_medium="paid_social",
    referrers=("https://l.facebook.com/", "https://m.facebook.com/"),
    volume=1.0,
    campaigns=1.0,
    price=1.0,
    rate=1.0,
    bundles=12,
    bases=(23_854_404_000_000_000, 23_854_595_000_000_000, 23_854_795_000_000_000),
)
GOOGLE = Network(
    name="google_ads",
    letter="g",
    accounts=_accounts("3010000001", "3010000002"),
    utm_source="google",
    utm_medium="cpc",
    referrers=("https://www.google.com/", "https://www.google.com/"),
    volume=0.35,
    campaigns=0.2,
    price=1.4,
    rate=3.0,
    bases=(21_400_000_000, 161_000_000_000, 702_000_000_000),
)
TIKTOK = Network(
    name="tiktok_ads",
    letter="t",
    accounts=_accounts("7301000000000000001", "7301000000000000002"),
    utm_source="tiktok",
    utm_medium="paid_social",
    referrers=("https://www.tiktok.com/", "https://www.tiktok.com/"),
    volume=0.25,
    campaigns=0.15,
    price=0.7,
    rate=0.8,
    # Above 2^53, as TikTok's are.
    bases=(1_812_000_000_000_000_000, 1_813_000_000_000_000_000, 1_814_000_000_000_000_000),
)
X = Network(
    name="x_ads",
    letter="x",
    accounts=_accounts("18ce54d4x5t", "18ce55gsw2q"),
    utm_source="twitter",
    utm_medium="paid_social",
    referrers=("https://t.co/", "https://t.co/"),
    volume=0.08,
    campaigns=0.1,
    price=0.9,
    rate=0.6,
    bases=(850_000_000, 1_060_000_000, 1_270_000_000),
    radix=36,
)
LINKEDIN = Network(
    name="linkedin_ads",
    letter="l",
    accounts=_accounts("510000001", "510000002"),
    utm_source="linkedin",
    utm_medium="paid_social",
    referrers=("https://www.linkedin.com/", "https://www.linkedin.com/"),
    volume=0.04,
    campaigns=0.1,
    price=4.0,
    rate=0.4,
    bases=(610_000_000, 190_000_000, 330_000_000),
    closes_in=ZoneInfo("UTC"),
)
# A network's place is its code in the simulation's arrays; like the tables, sorted by name.
NETWORKS: tuple[Network, ...] = (GOOGLE, LINKEDIN, META, TIKTOK, X)
NETWORK_BY_NAME = {network.name: network for network in NETWORKS}
