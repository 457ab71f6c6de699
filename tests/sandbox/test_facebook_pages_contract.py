"""python-facebook-api reads pages, posts, comments and insights."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import requests
from pyfacebook import FacebookError, GraphAPI

from pipelines.sandbox.credentials import META_TOKEN, page_token
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import INDONESIA, MARKETS, Market

POST_FIELDS = (
    "id,message,created_time,updated_time,from,permalink_url,status_type,shares,attachments,"
    "reactions.summary(true).limit(0),comments.filter(stream).summary(true).limit(0),"
    "insights.metric(post_media_view,post_reactions_by_type_total){name,values}"
)


@pytest.fixture(params=MARKETS, ids=lambda market: market.code)
def market(request: pytest.FixtureRequest) -> Market:
    found: Market = request.param
    return found


def graph(sandbox: Sandbox, token: str) -> GraphAPI:
    return GraphAPI(
        access_token=token, base_url=f"{sandbox.url}/graph.facebook.com/", version="v25.0"
    )


@pytest.fixture
def api(sandbox: Sandbox, market: Market) -> GraphAPI:
    """The client with the page token that the system user's accounts hand out."""
    pages = graph(sandbox, META_TOKEN).get_connection("me", "accounts", fields="id,access_token")
    tokens = {page["id"]: page["access_token"] for page in pages["data"]}
    return graph(sandbox, tokens[market.page_id])


def of_market(rows: pa.Table, market: Market) -> pa.Table:
    return rows.filter(pc.equal(rows["market"], market.code))


def posts_of(sandbox: Sandbox, market: Market) -> dict[str, dict[str, Any]]:
    posts = of_market(sandbox.scene.table("current_posts"), market)
    return {row["post_id"]: row for row in posts.to_pylist()}


def every(api: GraphAPI, node: str, edge: str, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get_full_connections(node, edge, count=None, **parameters)[
        "data"
    ]
    return found


def test_the_feed_holds_every_post_and_its_counters(
    sandbox: Sandbox, api: GraphAPI, market: Market
) -> None:
    feed = every(api, market.page_id, "feed", limit=7, fields=POST_FIELDS)
    expected = posts_of(sandbox, market)
    assert len(feed) == len({post["id"] for post in feed})
    assert {post["id"] for post in feed} == set(expected)
    times = [post["created_time"] for post in feed]
    assert times == sorted(times, reverse=True)
    for post in feed:
        row = expected[post["id"]]
        assert post.get("shares", {"count": 0})["count"] == row["shares"]
        reactions = sum(row[name] for name in ("like", "love", "wow", "haha", "sorry", "anger"))
        assert post["reactions"]["summary"]["total_count"] == reactions
        if row["author_id"] == market.page_id:
            views = post["insights"]["data"][0]
            assert views["name"] == "post_media_view"
            assert views["values"][0]["value"] == row["media_view"]
        else:
            assert "insights" not in post


def test_the_pages_own_posts_page_by_cursors(
    sandbox: Sandbox, api: GraphAPI, market: Market
) -> None:
    own = {
        post_id
        for post_id, row in posts_of(sandbox, market).items()
        if row["author_id"] == market.page_id
    }
    for edge in ("posts", "published_posts"):
        assert {post["id"] for post in every(api, market.page_id, edge, limit=5)} == own
    first = api.get_connection(market.page_id, "posts", limit=5)
    assert first["paging"]["cursors"]["after"]
    assert page_token(market.page_id) in first["paging"]["next"]


def test_since_and_until_cut_the_feed(sandbox: Sandbox, api: GraphAPI, market: Market) -> None:
    since = sandbox.scene.now - timedelta(days=60)
    until = sandbox.scene.now - timedelta(days=20)
    feed = every(
        api,
        market.page_id,
        "feed",
        limit=10,
        since=str(int(since.timestamp())),
        until=str(int(until.timestamp())),
    )
    expected = {
        post_id
        for post_id, row in posts_of(sandbox, market).items()
        if since.replace(tzinfo=None) <= row["created_at"] <= until.replace(tzinfo=None)
    }
    assert expected
    assert {post["id"] for post in feed} == expected


def test_comments_stream_with_their_replies(
    sandbox: Sandbox, api: GraphAPI, market: Market
) -> None:
    comments = of_market(sandbox.world.comments, market).to_pylist()
    found: dict[str, dict[str, Any]] = {}
    for post_id in posts_of(sandbox, market):
        for comment in every(
            api,
            post_id,
            "comments",
            filter="stream",
            order="chronological",
            limit=20,
            fields="id,message,created_time,from,parent{id},like_count,comment_count",
        ):
            found[comment["id"]] = comment
    visible = [row for row in comments if row["post_id"] in posts_of(sandbox, market)]
    assert set(found) == {row["comment_id"] for row in visible}
    for row in visible:
        assert found[row["comment_id"]].get("parent", {}).get("id") == row["parent_id"]
    replies = sum(row["parent_id"] is not None for row in visible)
    assert sum(comment["comment_count"] for comment in found.values()) == replies


def test_comments_count_top_level_ones_unless_streamed(
    sandbox: Sandbox, api: GraphAPI, market: Market
) -> None:
    rows = of_market(sandbox.world.comments, market).to_pylist()
    post_id = next(row["post_id"] for row in rows if row["parent_id"])
    mine = [row for row in rows if row["post_id"] == post_id]
    top = api.get_connection(post_id, "comments", summary="1", limit=0)["summary"]["total_count"]
    stream = api.get_connection(post_id, "comments", summary="1", limit=0, filter="stream")
    assert top == sum(row["parent_id"] is None for row in mine)
    assert stream["summary"]["total_count"] == len(mine)


def test_page_insights_close_each_day_at_midnight_in_california(
    sandbox: Sandbox, api: GraphAPI, market: Market
) -> None:
    until = sandbox.scene.now.date() - timedelta(days=1)
    since = until - timedelta(days=40)
    body = api.get_connection(
        market.page_id,
        "insights",
        metric="page_media_view,page_follows",
        period="day",
        since=since.isoformat(),
        until=until.isoformat(),
    )
    views = next(series for series in body["data"] if series["name"] == "page_media_view")
    days = of_market(sandbox.world.page_days, market).to_pylist()
    expected = [row["media_view"] for row in days if since <= row["date_day"] < until]
    assert [value["value"] for value in views["values"]] == expected
    ends = {value["end_time"][11:] for value in views["values"]}
    # Summer time ends on 2026-11-01.
    assert ends == {"07:00:00+0000"}
    assert set(body["paging"]) == {"previous", "next"}


def test_one_invalid_metric_fails_the_whole_call(
    sandbox: Sandbox, api: GraphAPI, market: Market
) -> None:
    with pytest.raises(FacebookError, match="must be a valid insights metric") as error:
        api.get_connection(market.page_id, "insights", metric="page_media_view,page_impressions")
    assert error.value.code == 100
    sandbox.control.faults({"kind": "retired_metric", "metric": "page_media_view"})
    with pytest.raises(FacebookError, match="must be a valid insights metric"):
        api.get_connection(market.page_id, "insights", metric="page_media_view")


def test_several_nodes_come_as_an_object_by_id(
    sandbox: Sandbox, api: GraphAPI, market: Market
) -> None:
    ids = sorted(posts_of(sandbox, market))[:3]
    body = api.get_objects(ids=",".join(ids), fields="id,created_time")
    assert sorted(body) == ids


def test_page_edges_need_the_pages_own_token(sandbox: Sandbox) -> None:
    api = graph(sandbox, META_TOKEN)
    page = api.get_object(INDONESIA.page_id, fields="name,fan_count,access_token")
    assert page["access_token"] == page_token(INDONESIA.page_id)
    with pytest.raises(FacebookError) as error:
        api.get_connection(INDONESIA.page_id, "feed")
    assert error.value.code == 190


def test_a_missing_token_an_unknown_field_and_an_unknown_object_are_refused(
    sandbox: Sandbox,
) -> None:
    url = f"{sandbox.url}/graph.facebook.com/v25.0/{INDONESIA.page_id}"
    token = page_token(INDONESIA.page_id)

    def code(path: str, **query: str) -> int:
        answer = requests.get(url + path, params=query, timeout=10)
        assert answer.status_code == 400
        return int(answer.json()["error"]["code"])

    assert code("") == 104
    assert code("", access_token="wrong") == 190
    assert code("", access_token=token, fields="shoe_size") == 100
    assert code("_404", access_token=token) == 100


def test_every_answer_tells_the_usage(sandbox: Sandbox) -> None:
    answer = requests.get(
        f"{sandbox.url}/graph.facebook.com/v25.0/{INDONESIA.page_id}",
        params={"access_token": META_TOKEN},
        timeout=10,
    )
    assert {"x-app-usage", "x-business-use-case-usage"} <= set(map(str.lower, answer.headers))


@pytest.mark.parametrize("kind", ["SYSTEM_USER", "PAGE"])
def test_a_token_tells_what_it_may_do_and_that_it_does_not_expire(
    sandbox: Sandbox, kind: str
) -> None:
    token = META_TOKEN if kind == "SYSTEM_USER" else page_token(INDONESIA.page_id)
    told = graph(sandbox, META_TOKEN).debug_token(token, META_TOKEN)["data"]
    assert (told["type"], told["is_valid"], told["expires_at"]) == (kind, True, 0)
    assert "read_insights" in told["scopes"]
    assert told.get("profile_id") == (INDONESIA.page_id if kind == "PAGE" else None)


def test_a_token_that_nobody_gave_out_is_told_to_be_invalid(sandbox: Sandbox) -> None:
    told = graph(sandbox, META_TOKEN).debug_token("invented", META_TOKEN)["data"]
    assert told["is_valid"] is False
    assert told["error"]["code"] == 190
