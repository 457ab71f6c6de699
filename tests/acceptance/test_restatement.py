"""Platforms change their mind: the marts follow, and what was known before can be shown again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from harness import Installation, by_account, major, published

from pipelines.defs.partitions import lookback
from pipelines.lake.store import Lake
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import MARKETS, WorldConfig, truth
from pipelines.serving.publish import FILE, content_hash
from pipelines.settings import Settings

EARLIER = datetime(2026, 6, 30, 9, tzinfo=UTC)
LATER = EARLIER + timedelta(days=4)
FIRST = date(2026, 5, 20)
# Sources whose past is kept: words of private persons, as LinkedIn's comments, expire.
SOURCES = ("facebook_pages", "meta_ads", "ga4", "shopify", "ecb", "files")
CONFIG = WorldConfig(anchor=EARLIER.date(), size=200, history_days=35, campaigns=8)


@dataclass
class Restated:
    """An installation that was run, left alone for some days, and run again."""

    installation: Installation
    earlier: dict[str, Any]
    later: dict[str, Any]
    earlier_hash: str

    @property
    def settings(self) -> Settings:
        return self.installation.settings

    @property
    def published(self) -> Path:
        return self.settings.published / "current" / FILE


def closed(now: datetime) -> date:
    """The last day that has ended in every market."""
    return now.date() - timedelta(days=1)


@pytest.fixture(scope="module")
def restated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restated]:
    with Sandbox(CONFIG, EARLIER) as sandbox:
        made = Installation(tmp_path_factory.mktemp("restated"), sandbox)
        made.extract(FIRST, closed(EARLIER), *SOURCES)
        made.build(tested=False)
        before = truth(sandbox.world, EARLIER, first=FIRST, last=closed(EARLIER))["markets"]
        path = made.settings.published / "current" / FILE
        hashed = content_hash(path)
        sandbox.control.clock(LATER)
        made.extract(*lookback(closed(LATER), 40, FIRST), *SOURCES)
        made.build()
        after = truth(sandbox.world, LATER, first=FIRST, last=closed(LATER))["markets"]
        yield Restated(made, before, after, hashed)


def figures(settings: Settings) -> dict[str, dict[str, Any]]:
    """Money and claims per account, as published."""
    with published(settings) as marts:
        orders = by_account(
            marts,
            """
            select account_id, count(*) as orders, sum(net_amount) as net,
                sum(refund_amount) as refunded
            from fct_order group by account_id
            """,
        )
        ads = by_account(
            marts,
            """
            select account_id, sum(spend) as spend, sum(claimed_conversions) as claimed,
                sum(claimed_value) as value
            from fct_ad_daily group by account_id
            """,
        )
    return {market.code: orders[market.shop] | ads[market.ad_account] for market in MARKETS}


def expected(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The same figures of the world's truth."""
    return {
        code: {
            "orders": market["orders"],
            "net": major(market["money"]["net"]),
            "refunded": major(market["money"]["refunded"]),
            "spend": major(market["account"]["spend"]),
            "claimed": market["account"]["purchases_claimed_7d_click"]
            + market["account"]["purchases_claimed_1d_view"],
            "value": major(market["account"]["value_claimed"]),
        }
        for code, market in told.items()
    }


def test_the_world_did_change_its_mind(restated: Restated) -> None:
    changed = {
        (row["source"], row["stream"])
        for row in restated.installation.lake.restatements().to_pylist()
    }
    assert ("meta_ads", "insights_ad") in changed


def test_a_second_read_gives_the_later_truth(restated: Restated) -> None:
    assert figures(restated.settings) == expected(restated.later)
    assert expected(restated.later) != expected(restated.earlier)


def test_the_ledger_says_by_how_much_yesterday_grew(restated: Restated) -> None:
    yesterday = closed(EARLIER)
    world = restated.installation.sandbox.world
    then, now = (
        truth(world, instant, first=yesterday, last=yesterday)["markets"]
        for instant in (EARLIER, LATER)
    )
    with published(restated.settings) as marts:
        found = by_account(
            marts,
            """
            select account_id, days, amount_then, amount_now from mart_restatements
            where source = 'meta_ads' and stream = 'insights_account' and metric = 'spend'
                and age_days = 1
            """,
        )
    for market in MARKETS:
        assert found[market.ad_account] == {
            "days": 1,
            "amount_then": major(then[market.code]["account"]["spend"]),
            "amount_now": major(now[market.code]["account"]["spend"]),
        }
    assert then["id"]["account"]["spend"] != now["id"]["account"]["spend"]


def test_what_was_known_earlier_can_be_built_again(restated: Restated, tmp_path: Path) -> None:
    Lake(restated.settings.lake).as_of(EARLIER, tmp_path / "lake")
    past = restated.settings.model_copy(update={"home": tmp_path})
    restated.installation.build(past, tested=False)
    assert figures(past) == expected(restated.earlier)
    assert content_hash(past.published / "current" / FILE) == restated.earlier_hash
