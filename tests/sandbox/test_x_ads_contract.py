"""The sandbox as X's Ads API: through X's own client (twitter-ads)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pytest
from twitter_ads.campaign import Campaign, LineItem
from twitter_ads.client import Client
from twitter_ads.creative import PromotedTweet
from twitter_ads.enum import GRANULARITY, METRIC_GROUP, PLACEMENT
from twitter_ads.error import BadRequest, NotAuthorized, NotFound, RateLimit
from twitter_ads.http import Request

from pipelines.sandbox import credentials
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import MARKETS, NETWORK_BY_NAME, served_cells

NETWORK = NETWORK_BY_NAME["x_ads"]
INDONESIA = MARKETS[0]
ACCOUNT = NETWORK.accounts[INDONESIA.code]
JAKARTA = ZoneInfo("Asia/Jakarta")
GROUPS = [METRIC_GROUP.ENGAGEMENT, METRIC_GROUP.BILLING]


def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, secret: str = "") -> Client:
    monkeypatch.setattr(Request, "_DEFAULT_DOMAIN", f"{sandbox.url}/ads-api.x.com")
    token, right = credentials.X_ADS_TOKEN
    return Client(*credentials.X_CONSUMER, token, secret or right)


@pytest.fixture
def account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    yield client(sandbox, monkeypatch).accounts(ACCOUNT)


def days(first: date, count: int) -> dict[str, Any]:
    """Whole days, as the client writes them for this granularity: without a time."""
    start = datetime.combine(first, datetime.min.time())
    asked = {"start_time": start, "end_time": start + timedelta(days=count)}
    return {"granularity": GRANULARITY.DAY, **asked}


def hours(first: date, count: int) -> dict[str, Any]:
    """The same days, as the client writes instants: in UTC."""
    start = datetime(first.year, first.month, first.day, tzinfo=JAKARTA).astimezone(UTC)
    start = start.replace(tzinfo=None)
    return {"start_time": start, "end_time": start + timedelta(days=count)}


def served(sandbox: Sandbox, first: date, count: int, campaign: str) -> dict[str, int]:
    cells = served_cells(sandbox.world, "id", "x_ads")
    inside = pc.and_(
        pc.greater_equal(cells["date_day"], first),
        pc.less(cells["date_day"], first + timedelta(days=count)),
    )
    rows = cells.filter(pc.and_(inside, pc.equal(cells["campaign_id"], campaign)))
    return {name: pc.sum(rows[name]).as_py() or 0 for name in ("impressions", "spend", "clicks")}


def test_accounts_tell_their_zone_and_currency(account: Any) -> None:
    assert account.timezone == "Asia/Jakarta"
    assert [each.currency for each in account.funding_instruments()] == ["IDR"]


def test_lists_page_by_cursor_and_ids_are_base_36(sandbox: Sandbox, account: Any) -> None:
    listed = [each.id for each in PromotedTweet.all(account, count=1, with_deleted=True)]
    ads = sandbox.world.ads
    mine = pc.and_(pc.equal(ads["network"], "x_ads"), pc.equal(ads["market"], "id"))
    assert listed == ads.filter(mine)["ad_id"].to_pylist()
    assert all(int(each, 36) > 0 for each in listed)
    assert len(listed) > 2


def test_every_promoted_post_leads_to_a_line_item_and_a_campaign(account: Any) -> None:
    items = {each.id: each for each in account.line_items(with_deleted=True)}
    campaigns = {each.id for each in account.campaigns(with_deleted=True)}
    posts = list(PromotedTweet.all(account, with_deleted=True))
    assert posts
    assert all(items[post.line_item_id].campaign_id in campaigns for post in posts)
    assert all(int(post.tweet_id) > 2**53 for post in posts)


def active(account: Any, first: date, count: int) -> list[str]:
    span = hours(first, count)
    return [each["entity_id"] for each in Campaign.active_entities(account, **span)]


def test_two_placements_add_up_to_what_the_network_served(sandbox: Sandbox, account: Any) -> None:
    span = days(date(2026, 10, 20), 7)
    (campaign, *_) = active(account, date(2026, 10, 20), 7)
    found = {"impressions": 0, "spend": 0, "clicks": 0}
    for placement in (PLACEMENT.ALL_ON_TWITTER, PLACEMENT.PUBLISHER_NETWORK):
        (told,) = Campaign.all_stats(account, [campaign], GROUPS, placement=placement, **span)
        metrics = told["id_data"][0]["metrics"]
        assert all(series is None or len(series) == 7 for series in metrics.values())
        found["impressions"] += sum(metrics["impressions"] or ())
        found["clicks"] += sum(metrics["clicks"] or ())
        micros = sum(metrics["billed_charge_local_micro"] or ())
        # Minor units of the world are hundredths.
        found["spend"] += micros // 10_000
    assert found == served(sandbox, date(2026, 10, 20), 7, campaign)
    assert found["impressions"] > 0


def test_a_job_is_polled_and_its_file_is_the_answer_at_once(account: Any) -> None:
    span = days(date(2026, 10, 20), 7)
    (campaign, *_) = active(account, date(2026, 10, 20), 7)
    asked = {"placement": PLACEMENT.ALL_ON_TWITTER, **span}
    job = Campaign.queue_async_stats_job(account, [campaign], GROUPS, **asked)
    states = [job.status]
    for _ in range(9):
        (job,) = Campaign.async_stats_job_result(account, job_ids=[job.id])
        states.append(job.status)
        if job.status == "SUCCESS":
            break
    assert states == ["QUEUED", "QUEUED", "PROCESSING", "SUCCESS"]
    file = Campaign.async_stats_job_data(account, url=job.url)
    assert file["data"] == Campaign.all_stats(account, [campaign], GROUPS, **asked)


def test_a_job_may_fail(sandbox: Sandbox, account: Any) -> None:
    sandbox.control.faults({"kind": "async_fail", "platform": "x_ads", "times": 1})
    span = days(date(2026, 10, 1), 30)
    job = Campaign.queue_async_stats_job(account, ["a"], GROUPS, **span)
    for _ in range(3):
        (job,) = Campaign.async_stats_job_result(account, job_ids=[job.id])
    assert (job.status, job.url) == ("FAILED", None)


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (days(date(2026, 10, 1), 8), "within 7 days"),
        (
            {
                "granularity": GRANULARITY.TOTAL,
                "start_time": datetime.combine(date(2026, 10, 1), datetime.min.time()),
                "end_time": datetime.combine(date(2026, 10, 2), datetime.min.time()),
            },
            "midnight in the account's time zone",
        ),
    ],
)
def test_what_cannot_be_asked_at_once_is_refused(
    account: Any, span: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        Campaign.all_stats(account, ["a"], GROUPS, **span)
    assert told in str(caught.value.details)


def test_twenty_entities_are_the_most(account: Any) -> None:
    ids = [f"a{number}" for number in range(21)]
    span = days(date(2026, 10, 1), 1)
    with pytest.raises(BadRequest) as caught:
        Campaign.all_stats(account, ids, GROUPS, **span)
    assert caught.value.details[0]["parameter"] == "entity_ids"


def test_a_wrong_signature_is_refused(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotAuthorized):
        client(sandbox, monkeypatch, secret="another").accounts(ACCOUNT)


def test_an_account_of_others_is_not_found(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound):
        client(sandbox, monkeypatch).accounts("abc")


def test_too_many_requests_tell_when_the_window_ends(sandbox: Sandbox, account: Any) -> None:
    sandbox.control.faults({"kind": "throttled", "platform": "x_ads", "retry_after": 30})
    with pytest.raises(RateLimit) as caught:
        list(account.campaigns())
    left = int(caught.value.reset_at) - datetime.now(UTC).timestamp()
    assert 27 <= left <= 31


def test_line_items_say_when_and_where_they_run(account: Any) -> None:
    item = next(iter(account.line_items(with_deleted=True)))
    assert isinstance(item, LineItem)
    assert item.placements == ["ALL_ON_TWITTER", "PUBLISHER_NETWORK"]
    assert datetime.fromisoformat(item.start_time).astimezone(JAKARTA).hour == 0
