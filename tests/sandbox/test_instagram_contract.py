"""python-facebook-api reads business accounts, media, stories, comments and insights."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyfacebook import FacebookError, IGBusinessApi

from pipelines.connectors.instagram import MEDIA_METRICS
from pipelines.sandbox import instagram
from pipelines.sandbox.credentials import META_TOKEN
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import CHANNEL_ACCOUNTS, INDONESIA, MARKETS, PAGE_ZONE, Market
from pipelines.sandbox.world.channels import HANDLES

ACCOUNTS = CHANNEL_ACCOUNTS["instagram"]
MEDIA_FIELDS = (
    "id,caption,media_type,media_product_type,permalink,timestamp,like_count,comments_count,"
    "children{id,media_type}"
)


@pytest.fixture(params=MARKETS, ids=lambda market: market.code)
def market(request: pytest.FixtureRequest) -> Market:
    found: Market = request.param
    return found


def client(sandbox: Sandbox, market: Market) -> IGBusinessApi:
    return IGBusinessApi(
        access_token=META_TOKEN,
        base_url=f"{sandbox.url}/graph.facebook.com/",
        version="v25.0",
        instagram_business_id=ACCOUNTS[market.code],
    )


@pytest.fixture
def api(sandbox: Sandbox, market: Market) -> IGBusinessApi:
    return client(sandbox, market)


def own(sandbox: Sandbox, market: Market) -> dict[str, dict[str, Any]]:
    posts: pa.Table = sandbox.scene.table("current_channel_posts")
    account = ACCOUNTS[market.code]
    mine = pc.and_(pc.equal(posts["account_id"], account), pc.invert(posts["is_mention"]))
    return {row["post_id"]: row for row in posts.filter(mine).to_pylist()}


def every_media(api: IGBusinessApi, **query: Any) -> list[dict[str, Any]]:
    answer = api.user.get_media(
        fields=MEDIA_FIELDS, count=None, limit=11, return_json=True, **query
    )
    found: list[dict[str, Any]] = answer["data"]
    return found


def test_an_account_tells_its_followers_and_media(
    sandbox: Sandbox, api: IGBusinessApi, market: Market
) -> None:
    user = api.user.get_info(fields="id,username,followers_count,media_count")
    days = sandbox.world.channel_days
    mine = days.filter(pc.equal(days["account_id"], ACCOUNTS[market.code])).to_pylist()
    yesterday = sandbox.scene.today(PAGE_ZONE.key) - timedelta(days=1)

    assert user.id == ACCOUNTS[market.code]
    assert [user.followers_count] == [
        row["followers"] for row in mine if row["date_day"] == yesterday
    ]
    assert user.media_count == len(every_media(api))


def test_media_come_page_by_page_with_their_counters_and_without_stories(
    sandbox: Sandbox, api: IGBusinessApi, market: Market
) -> None:
    expected = {
        name: row for name, row in own(sandbox, market).items() if row["media_type"] != "story"
    }
    media = every_media(api)
    times = [each["timestamp"] for each in media]

    assert len(media) == len({each["id"] for each in media})
    assert {each["id"] for each in media} == set(expected)
    assert times == sorted(times, reverse=True)
    for each in media:
        row = expected[each["id"]]
        assert each["comments_count"] == row["comments"]
        hidden = instagram.hides_likes(each["id"])
        assert each.get("like_count") == (None if hidden else row["likes"])
        assert ("children" in each) is (each["media_type"] == "CAROUSEL_ALBUM")


def test_since_and_until_cut_the_media(
    sandbox: Sandbox, api: IGBusinessApi, market: Market
) -> None:
    since, until = (sandbox.scene.now - timedelta(days=days) for days in (60, 20))
    found = every_media(api, since=str(int(since.timestamp())), until=str(int(until.timestamp())))

    assert {each["id"] for each in found} == {
        name
        for name, row in own(sandbox, market).items()
        if row["media_type"] != "story"
        and since.replace(tzinfo=None) <= row["created_at"] <= until.replace(tzinfo=None)
    }


def test_media_in_which_the_account_is_tagged_name_their_author(
    sandbox: Sandbox, api: IGBusinessApi, market: Market
) -> None:
    answer = api.user.get_tagged_media(
        fields="id,username,caption,timestamp,like_count", count=None, limit=3, return_json=True
    )
    posts = sandbox.scene.table("current_channel_posts")
    mine = pc.and_(pc.equal(posts["account_id"], ACCOUNTS[market.code]), posts["is_mention"])
    tagged = {
        row["post_id"]: row["author_handle"]
        for row in posts.filter(mine).to_pylist()
        if f"@{HANDLES[market.code]} " in row["message"]
    }
    assert {each["id"]: each["username"] for each in answer["data"]} == tagged
    times = [each["timestamp"] for each in answer["data"]]
    assert times == sorted(times, reverse=True)


def test_stories_live_for_a_day(sandbox: Sandbox, market: Market) -> None:
    """Two days later none of them is left."""

    def alive() -> set[str]:
        api = client(sandbox, market)
        return {each["id"] for each in api.user.get_stories(fields="id", return_json=True)["data"]}

    def expected() -> set[str]:
        posts = sandbox.world.channel_posts
        born = (sandbox.scene.now - timedelta(days=1)).replace(tzinfo=None)
        return {
            row["post_id"]
            for row in posts.filter(pc.equal(posts["media_type"], "story")).to_pylist()
            if row["account_id"] == ACCOUNTS[market.code]
            and not row["is_mention"]
            and row["created_at"] > born
        }

    seen = []
    for days in range(4):
        sandbox.control.clock(sandbox.scene.now - timedelta(days=days))
        seen.append(alive())
        assert seen[-1] == expected()
    assert any(seen)


def test_each_kind_of_media_tells_the_metrics_that_the_connector_asks_for(
    sandbox: Sandbox, api: IGBusinessApi, market: Market
) -> None:
    converted = datetime.combine(sandbox.scene.config.start, time()) + timedelta(
        days=instagram.PRIVATE_DAYS
    )
    kinds = {"photo": "IMAGE", "carousel": "CAROUSEL_ALBUM", "reel": "REELS"}
    for media_type, kind in kinds.items():
        name, row = next(
            (name, row)
            for name, row in own(sandbox, market).items()
            if row["media_type"] == media_type and row["created_at"] > converted
        )
        told = api.media.get_insights(name, metric=MEDIA_METRICS[kind], return_json=True)["data"]
        values = {insight["name"]: insight["values"][0]["value"] for insight in told}
        assert tuple(values) == MEDIA_METRICS[kind]
        assert (values["views"], values["reach"]) == (row["impressions"], row["reach"])
        assert (values["saved"], values["shares"]) == (row["saves"], row["shares"])


def test_a_metric_of_another_kind_and_media_from_before_the_conversion_are_refused(
    sandbox: Sandbox, api: IGBusinessApi, market: Market
) -> None:
    rows = sorted(own(sandbox, market).values(), key=lambda row: row["created_at"])
    feed = [row for row in rows if row["media_type"] != "story"]
    photo = next(row for row in reversed(feed) if row["media_type"] == "photo")

    with pytest.raises(FacebookError, match="does not support the replies metric"):
        api.media.get_insights(photo["post_id"], metric="reach,replies")
    with pytest.raises(FacebookError, match="must be a valid insights metric"):
        api.media.get_insights(photo["post_id"], metric="reach,shoes")
    with pytest.raises(FacebookError) as error:
        api.media.get_insights(feed[0]["post_id"], metric="reach")
    assert error.value.error_subcode == 2108006


def test_threads_and_their_replies_hold_every_comment(
    sandbox: Sandbox, api: IGBusinessApi, market: Market
) -> None:
    comments = sandbox.world.channel_comments
    media = own(sandbox, market)
    expected = [
        row
        for row in comments.filter(
            pc.equal(comments["account_id"], ACCOUNTS[market.code])
        ).to_pylist()
        if row["post_id"] in media
    ]
    asked = sorted({row["post_id"] for row in expected})[:40]
    found: dict[str, str | None] = {}
    for name in asked:
        threads = api.media.get_comments(
            name, fields="id,text,timestamp,username", count=None, limit=3, return_json=True
        )["data"]
        for thread in threads:
            found[thread["id"]] = None
            replies = api.comment.get_replies(thread["id"], count=None, return_json=True)["data"]
            found |= {reply["id"]: thread["id"] for reply in replies}

    assert found == {
        row["comment_id"]: row["parent_id"] for row in expected if row["post_id"] in asked
    }


def day_of(sandbox: Sandbox, market: Market, day: date) -> dict[str, Any]:
    days = sandbox.world.channel_days
    mine = days.filter(pc.equal(days["account_id"], ACCOUNTS[market.code])).to_pylist()
    return next(row for row in mine if row["date_day"] == day)


def test_insights_of_an_account_come_as_series_and_as_totals(
    sandbox: Sandbox, api: IGBusinessApi, market: Market
) -> None:
    first = sandbox.scene.today(PAGE_ZONE.key) - timedelta(days=5)
    start, end = (
        str(int(datetime.combine(first + timedelta(days=n), time(), PAGE_ZONE).timestamp()))
        for n in (0, 1)
    )
    (reach,) = api.user.get_insights(
        metric="reach", period="day", since=start, until=end, return_json=True
    )["data"]
    totals = api.user.get_insights(
        metric="views,profile_views",
        period="day",
        metric_type="total_value",
        since=start,
        until=end,
        return_json=True,
    )["data"]

    truth = day_of(sandbox, market, first)
    closed = datetime.fromtimestamp(int(end), UTC)
    assert reach["values"] == [
        {"value": truth["reach"], "end_time": f"{closed:%Y-%m-%dT%H:%M:%S}+0000"}
    ]
    assert {total["name"]: total["total_value"]["value"] for total in totals} == {
        "views": truth["impressions"],
        "profile_views": truth["profile_views"],
    }


def test_followers_by_group_come_as_breakdowns_of_a_total(api: IGBusinessApi) -> None:
    for breakdown in ("city", "country", ["age", "gender"]):
        (insight,) = api.user.get_insights(
            metric="follower_demographics",
            period="lifetime",
            metric_type="total_value",
            breakdown=breakdown,
            return_json=True,
        )["data"]
        (told,) = insight["total_value"]["breakdowns"]
        assert told["dimension_keys"] == ([breakdown] if isinstance(breakdown, str) else breakdown)
        assert all(
            len(row["dimension_values"]) == len(told["dimension_keys"]) for row in told["results"]
        )


def test_spans_of_more_than_thirty_days_and_old_follower_counts_are_refused(
    sandbox: Sandbox,
) -> None:
    api, now = client(sandbox, INDONESIA), int(sandbox.scene.now.timestamp())

    def ask(metric: str, first: int, last: int) -> Any:
        since, until = (str(now - days * 86_400) for days in (first, last))
        return api.user.get_insights(metric=metric, period="day", since=since, until=until)

    with pytest.raises(FacebookError, match="more than 30 days"):
        ask("reach", 32, 0)
    with pytest.raises(FacebookError, match="last 30 days"):
        ask("follower_count", 60, 50)


def test_a_dead_token_is_dead_here_too(sandbox: Sandbox) -> None:
    sandbox.control.faults({"kind": "dead_token", "platform": "instagram"})
    with pytest.raises(FacebookError) as error:
        client(sandbox, INDONESIA).user.get_info(fields="id")
    assert error.value.code == 190
