"""What can be chosen about the simulated world, and the fixed facts of its two markets.

Belongs here: options, market identities, zones and currencies. Does not: anything drawn by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BRAND = "Sari Laut"
# Page insights close their days in California, wherever the page is.
PAGE_ZONE = ZoneInfo("America/Los_Angeles")


@dataclass(frozen=True)
class Market:
    """One country in which the brand sells, with its identity on every platform.

    `unit` is the smallest amount in which prices are set, in minor units (1/100 of the currency):
    whole rupiah are 100, cents are 1. `share` is the market's share of the customers.
    """

    code: str
    country: str
    country_code: str
    shop: str
    order_prefix: str
    currency: str
    unit: int
    timezone: str
    ad_account: str
    ga4_property: str
    page_id: str
    page_name: str
    hostname: str
    share: float

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which the shop, the ad account and the property close their days."""
        return ZoneInfo(self.timezone)


INDONESIA = Market(
    code="id",
    country="Indonesia",
    country_code="ID",
    shop="sarilaut-id",
    order_prefix="SLID",
    currency="IDR",
    unit=100,
    timezone="Asia/Jakarta",
    ad_account="301000000000001",
    ga4_property="400000001",
    page_id="100200300400501",
    page_name="Sari Laut Indonesia",
    hostname="www.sarilaut.co.id",
    share=0.85,
)
UNITED_STATES = Market(
    code="us",
    country="United States",
    country_code="US",
    shop="sarilaut-us",
    order_prefix="SLUS",
    currency="USD",
    unit=1,
    timezone="America/Los_Angeles",
    ad_account="301000000000002",
    ga4_property="400000002",
    page_id="100200300400502",
    page_name="Sari Laut USA",
    hostname="www.sarilaut.com",
    share=0.15,
)
# The order is part of the world: a market's place is its code in the simulation's arrays.
MARKETS: tuple[Market, ...] = (INDONESIA, UNITED_STATES)
MARKET_BY_CODE = {market.code: market for market in MARKETS}


@dataclass(frozen=True)
class WorldConfig:
    """The options of a world; together with an instant they determine it to the last digit.

    - `seed`: another seed, another world.
    - `size`: customers with at least one order by the anchor (a few per cent more in fact).
    - `anchor`: the day on which the history ends; the world goes on after it as long as asked.
    - `history_days`: days of history before the anchor.
    - `campaigns`: Meta campaigns begun during the history, over both markets.
    - `crisis_days_before`: days between the crisis and the anchor.
    - `crisis`: False for the world as it would be without it, all else being drawn the same.
    - `geo_test_days_before`, `geo_test_days`: when before the anchor the geo experiment begins, and
      how long it runs; `geo_test_lift`: the part by which it is to raise the orders of the treated
      provinces meanwhile, 0 for no experiment.
    """

    anchor: date
    seed: int = 7
    size: int = 20_000
    history_days: int = 425
    campaigns: int = 48
    crisis_days_before: int = 35
    geo_test_days_before: int = 70
    geo_test_days: int = 28
    geo_test_lift: float = 0.12
    crisis: bool = True

    def __post_init__(self) -> None:
        for name, least in (("seed", 0), ("size", 1), ("history_days", 14), ("campaigns", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")

    @property
    def start(self) -> date:
        """The first day of the world (each market's local day)."""
        return self.anchor - timedelta(days=self.history_days)

    @property
    def crisis_at(self) -> datetime:
        """When the video that starts the crisis is posted (UTC)."""
        day = self.anchor - timedelta(days=self.crisis_days_before)
        return datetime.combine(day, time(19, 12), INDONESIA.zone).astimezone(UTC)


def naive_utc(instant: datetime) -> datetime:
    """The instant as naive UTC, as every table holds it; a naive one is taken to be UTC already."""
    return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)
