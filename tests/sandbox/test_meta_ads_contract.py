"""Meta's own Business SDK lists accounts and ads and downloads reports, at once and by a job."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from pipelines.sandbox.credentials import META_TOKEN
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.tables import of_market
from pipelines.sandbox.world import (
    INDONESIA,
    MARKETS,
    META,
    Market,
    served_cells,
    served_extra,
)

ALL_STATUSES = ["ACTIVE", "PAUSED", "DELETED", "ARCHIVED", "CAMPAIGN_PAUSED", "ADSET_PAUSED"]
FIELDS = [
    "campaign_id",
    "spend",
    "impressions",
    "clicks",
    "inline_link_clicks",
    "actions",
    "action_values",
]


@pytest.fixture(params=MARKETS, ids=lambda market: market.code)
def market(request: pytest.FixtureRequest) -> Market:
    found: Market = request.param
    return found


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[FacebookAdsApi]:
    session = FacebookSession(access_token=META_TOKEN)
    session.GRAPH = f"{sandbox.url}/graph.facebook.com"
    api = FacebookAdsApi(session, api_version="v25.0")
    FacebookAdsApi.set_default_api(api)
    yield api
    FacebookAdsApi.set_default_api(None)


def account(market: Market) -> AdAccount:
    return AdAccount(f"act_{market.ad_account}")


def days(sandbox: Sandbox, back: int) -> tuple[date, date]:
    last = sandbox.scene.now.date() - timedelta(days=2)
    return last - timedelta(days=back), last


def within(rows: pa.Table, first: date, last: date) -> pa.Table:
    column = rows["date_day"]
    kept = pc.and_(
        pc.greater_equal(column, pa.scalar(first)), pc.less_equal(column, pa.scalar(last))
    )
    return rows.filter(kept)


def total(column: str, *tables: pa.Table) -> int:
    return sum(pc.sum(table[column]).as_py() or 0 for table in tables)


def report(first: date, last: date, level: str, **more: Any) -> dict[str, Any]:
    removed = [{"field": f"{level}.effective_status", "operator": "IN", "value": ALL_STATUSES}] * (
        level != "account"
    )
    return {
        "level": level,
        "time_range": {"since": first.isoformat(), "until": last.isoformat()},
        "time_increment": 1,
        "filtering": removed,
        "limit": 50,
        **more,
    }


def spent(rows: list[Any]) -> Decimal:
    return sum((Decimal(row["spend"]) for row in rows), Decimal(0))


def test_accounts_come_with_currency_and_time_zone(api: FacebookAdsApi) -> None:
    accounts = list(User("me").get_ad_accounts(fields=["account_id", "currency", "timezone_name"]))
    assert [(a["account_id"], a["currency"], a["timezone_name"]) for a in accounts] == [
        (market.ad_account, market.currency, market.timezone) for market in MARKETS
    ]


def test_structure_hides_what_was_removed_unless_asked(
    sandbox: Sandbox, api: FacebookAdsApi, market: Market
) -> None:
    world = sandbox.world
    for name, listing, identifier in (
        ("campaigns", account(market).get_campaigns, "campaign_id"),
        ("adsets", account(market).get_ad_sets, "adset_id"),
        ("ads", account(market).get_ads, "ad_id"),
    ):
        rows = getattr(world, name)
        rows = of_market(rows, market.code, META.name)
        every = listing(
            fields=["name", "effective_status"],
            params={"limit": 4, "effective_status": ALL_STATUSES},
        )
        assert sorted(item["id"] for item in every) == rows[identifier].to_pylist()
        shown = listing(fields=["effective_status"], params={"limit": 4})
        assert not {item["effective_status"] for item in shown} & {"DELETED", "ARCHIVED"}
    ads = account(market).get_ads(fields=["creative{url_tags}"], params={"limit": 4})
    assert all("utm_source=facebook" in ad["creative"]["url_tags"] for ad in ads)


@pytest.mark.parametrize(
    ("level", "breakdowns"),
    [
        ("account", []),
        ("campaign", []),
        ("adset", []),
        ("ad", []),
        ("campaign", ["age", "gender"]),
        ("campaign", ["region"]),
    ],
)
def test_a_report_pages_through_all_that_was_delivered(
    sandbox: Sandbox, api: FacebookAdsApi, market: Market, level: str, breakdowns: list[str]
) -> None:
    first, last = days(sandbox, 6)
    params = report(first, last, level, breakdowns=breakdowns)
    fields = [*FIELDS, f"{level}_id"]
    rows = list(account(market).get_insights(fields=fields, params=params))
    cells = within(served_cells(sandbox.world, market.code), first, last)
    extra = within(served_extra(sandbox.world, market.code), first, last)
    expected = (cells, extra) if level == "account" else (cells,)
    assert spent(rows) * 100 == total("spend", *expected)
    for name in ("impressions", "clicks"):
        assert sum(int(row[name]) for row in rows) == total(name, *expected)
    keys = [
        (row["date_start"], row.get(f"{level}_id"), *(row[name] for name in breakdowns))
        for row in rows
    ]
    assert len(set(keys)) == len(keys)
    assert all(isinstance(row["impressions"], str) for row in rows)


def test_purchases_are_claimed_under_overlapping_types_within_windows(
    sandbox: Sandbox, api: FacebookAdsApi, market: Market
) -> None:
    first, last = days(sandbox, 20)
    params = report(first, last, "ad", action_attribution_windows=["7d_click", "1d_view"])
    rows = list(account(market).get_insights(fields=FIELDS, params=params))
    cells = within(served_cells(sandbox.world, market.code), first, last)
    claimed = {"value": 0, "7d_click": 0, "1d_view": 0}
    value = Decimal(0)
    for row in rows:
        by_type = {action["action_type"]: action for action in row.get("actions", [])}
        if "purchase" in by_type:
            for name in claimed:
                claimed[name] += int(by_type["purchase"].get(name, 0))
            pixel = by_type["offsite_conversion.fb_pixel_purchase"]
            assert pixel["value"] == by_type["purchase"]["value"]
        for action in row.get("action_values", []):
            value += Decimal(action["value"]) if action["action_type"] == "purchase" else 0
    assert claimed["7d_click"] == total("purchases_claimed_7d_click", cells)
    assert claimed["1d_view"] == total("purchases_claimed_1d_view", cells)
    assert claimed["value"] == claimed["7d_click"] + claimed["1d_view"]
    assert value * 100 == total("value_claimed", cells)
    assert any("actions" not in row for row in rows) or claimed["value"] >= len(rows)


def test_the_last_page_has_a_cursor_but_no_next(sandbox: Sandbox, api: FacebookAdsApi) -> None:
    first, last = days(sandbox, 6)
    params = report(first, last, "account", limit=100)
    path = (f"act_{INDONESIA.ad_account}", "insights")
    body = api.call("GET", path, params={**params, "fields": "spend"}).json()
    assert len(body["data"]) == 7
    assert body["paging"]["cursors"]["after"]
    assert "next" not in body["paging"]


def finished(run: AdReportRun) -> tuple[AdReportRun, list[tuple[str, int]]]:
    seen: list[tuple[str, int]] = []
    while not seen or seen[-1][0] not in ("Job Completed", "Job Failed"):
        run = run.api_get()
        seen.append((run["async_status"], run["async_percent_completion"]))
        assert len(seen) < 20
    return run, seen


def test_a_job_is_not_complete_at_100_per_cent(sandbox: Sandbox, api: FacebookAdsApi) -> None:
    first, last = days(sandbox, 6)
    params = report(first, last, "ad")
    run = account(INDONESIA).get_insights(fields=FIELDS, params=params, is_async=True)
    with pytest.raises(FacebookRequestError):
        list(run.get_insights())
    run, seen = finished(run)
    assert ("Job Running", 100) in seen
    assert seen[-1] == ("Job Completed", 100)
    rows = list(run.get_insights(params={"limit": 10}))
    at_once = list(account(INDONESIA).get_insights(fields=FIELDS, params=params))
    assert [dict(row) for row in rows] == [dict(row) for row in at_once]


def test_a_job_may_stick_and_may_fail_and_then_succeed(
    sandbox: Sandbox, api: FacebookAdsApi
) -> None:
    sandbox.control.faults(
        {"kind": "async_stuck", "polls": 4, "times": 1},
        {"kind": "async_fail", "after": 1, "times": 1},
    )
    params = report(*days(sandbox, 1), "account")
    outcomes = []
    for _ in range(3):
        run = account(INDONESIA).get_insights(fields=["spend"], params=params, is_async=True)
        run, seen = finished(run)
        outcomes.append((len(seen), seen[-1][0]))
    assert outcomes == [(6, "Job Completed"), (2, "Job Failed"), (2, "Job Completed")]


def test_recent_days_are_restated_and_old_ones_are_not(
    sandbox: Sandbox, api: FacebookAdsApi
) -> None:
    yesterday = sandbox.scene.today(INDONESIA.timezone) - timedelta(days=1)
    old = yesterday - timedelta(days=30)

    def claimed() -> dict[str, int]:
        params = report(old, yesterday, "ad", limit=500)
        figures: dict[str, int] = {}
        for row in account(INDONESIA).get_insights(fields=FIELDS, params=params):
            for action in row.get("actions", []):
                if action["action_type"] == "purchase":
                    day = row["date_start"]
                    figures[day] = figures.get(day, 0) + int(action["value"])
        return figures

    before = claimed()
    sandbox.control.clock(sandbox.scene.now + timedelta(days=8))
    after = claimed()
    assert after[yesterday.isoformat()] > before.get(yesterday.isoformat(), 0)
    assert after[old.isoformat()] == before[old.isoformat()]


def test_graph_words_its_errors(sandbox: Sandbox, api: FacebookAdsApi) -> None:
    params = report(*days(sandbox, 1), "campaign")
    with pytest.raises(FacebookRequestError) as unknown:
        list(account(INDONESIA).get_insights(fields=["made_up"], params=params))
    assert unknown.value.api_error_code() == 100
    with pytest.raises(FacebookRequestError) as mixed:
        list(account(INDONESIA).get_insights(params={**params, "breakdowns": ["age", "region"]}))
    assert mixed.value.api_error_code() == 100
    api._session.requests.params["access_token"] = "wrong"
    with pytest.raises(FacebookRequestError) as dead:
        account(INDONESIA).api_get(fields=["currency"])
    assert dead.value.api_error_code() == 190
