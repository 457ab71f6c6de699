"""Facebook Pages: feeds, daily values, metrics that are no longer served, comments."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from recorded import recorded
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.facebook_pages import (
    PAGE_METRICS,
    POST_METRICS,
    STREAMS,
    FacebookPages,
    facebook_pages,
)
from pipelines.connectors.meta_graph import daily_values
from pipelines.connectors.stream import Account, Batch, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
PAGE = Account("100", "UTC", name="Sari Laut")
WEEK = Window(date(2026, 5, 4), date(2026, 5, 10), "UTC")
PAGE_TOKEN = "page-token-of-the-test"
BAD_METRIC = Reply(
    {"error": {"code": 100, "message": "(#100) The value must be a valid insights metric"}}, 400
)


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> FacebookPages:
    return facebook_pages(
        "user-token-of-the-test",
        ["100"],
        base_url=server.url,
        version="v25.0",
        clock=time.clock,
    )


def page(edge: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    """A server of one page: it hands out the page's token, and `edge` answers the rest."""

    def answer(asked: Asked) -> Reply:
        if asked.path == "/v25.0/100":
            return Reply({"id": "100", "name": "Sari Laut", "access_token": PAGE_TOKEN})
        return edge(asked)

    return answer


def batches(source: FacebookPages, stream: str, window: Window = WEEK) -> list[Batch]:
    (account,) = source.accounts()
    return list(source.read(BY_NAME[stream], account, window))


def rows(found: list[Batch]) -> list[dict[str, Any]]:
    assert all(batch.rejected == () for batch in found)
    return [row for batch in found for row in batch.rows.to_pylist()]


def post(number: int, created: str, **more: Any) -> dict[str, Any]:
    return {"id": f"100_{number}", "created_time": created, **more}


RECORDED_POSTS = [
    ("4_10113477241177441", "2021-07-04T19:50:58", "Happy July 4th! 🇺🇸"),
    ("4_10113449068715281", "2021-07-02T13:42:21", "Some good news reading: teams at the"),
    ("4_10113400535556121", "2021-06-29T01:34:06", "I'm grateful to get to build things"),
    ("4_10113332572050531", "2021-06-23T17:39:46", "Thanks @adam.the.creator for designing"),
    ("4_10113319652002411", "2021-06-22T18:06:08", "New commerce features coming to support"),
]


def test_a_recorded_feed_becomes_typed_rows_page_by_page(
    source: FacebookPages, server: Scripted
) -> None:
    """The second page has the same posts as the first; what nobody told is NULL and not zero."""
    first = recorded("facebook_pages/posts__feed_fields_p1.json")
    last = recorded("facebook_pages/posts__feed_fields_p2.json")
    server.answer = page(lambda asked: Reply(last if "__paging_token" in asked.query else first))

    found = batches(source, "posts", Window(date(2021, 6, 22), date(2021, 7, 4), "UTC"))

    assert [batch.rows.num_rows for batch in found] == [5, 5]
    for batch in found:
        assert batch.rows.schema == BY_NAME["posts"].schema.arrow
        for row, (post_id, created, message) in zip(rows([batch]), RECORDED_POSTS, strict=True):
            assert (row.pop("page_id"), row.pop("id")) == ("100", post_id)
            assert row.pop("created_time") == datetime.fromisoformat(created)
            assert row.pop("message").startswith(message)
            assert set(row.values()) == {None}


def test_of_a_recorded_feed_only_the_posts_of_the_window_are_kept(
    source: FacebookPages, server: Scripted
) -> None:
    feed = recorded("facebook_pages/posts__feed_fields_p2.json")
    server.answer = page(lambda _: Reply(feed))
    found = rows(batches(source, "posts", Window(date(2021, 6, 23), date(2021, 6, 29), "UTC")))
    assert [row["id"] for row in found] == [post_id for post_id, _, _ in RECORDED_POSTS[2:4]]


def test_a_recorded_page_is_an_account_that_closes_its_days_in_utc(
    source: FacebookPages, server: Scripted
) -> None:
    server.says(Reply(recorded("facebook_pages/pages__single_fields_page.json")))
    assert source.describe("20531316728") == Account("20531316728", "UTC", "", "Facebook")


def test_edges_are_asked_with_the_pages_own_token(source: FacebookPages, server: Scripted) -> None:
    server.answer = page(lambda _: Reply({"data": []}))

    batches(source, "posts")

    assert server.asked[0].headers["Authorization"] == "Bearer user-token-of-the-test"
    assert server.asked[1].headers["Authorization"] == f"Bearer {PAGE_TOKEN}"


def test_posts_bring_counts_without_the_names_of_those_who_reacted(
    source: FacebookPages, server: Scripted
) -> None:
    answered = post(
        1,
        "2026-05-05T10:00:00+0000",
        **{"from": {"id": "100"}},
        shares={"count": 3},
        reactions={"data": [], "summary": {"total_count": 12}},
        comments={"data": [], "summary": {"total_count": 2}},
        attachments={"data": [{"media_type": "photo"}]},
    )
    server.answer = page(lambda _: Reply({"data": [answered]}))

    (row,) = rows(batches(source, "posts"))

    assert (row["shares"], row["reactions"], row["comments"]) == (3, 12, 2)
    assert row["page_id"] == row["from_id"] == "100"
    assert json.loads(row["attachments"]) == [{"media_type": "photo"}]
    assert row["_extra"] is None
    fields = server.asked[1].query["fields"]
    assert "from{id}" in fields
    assert "reactions.limit(0).summary(total_count)" in fields


def test_only_the_windows_posts_come_whatever_the_feed_gives(
    source: FacebookPages, server: Scripted
) -> None:
    feed = [
        post(1, "2026-05-11T00:00:00+0000"),
        post(2, "2026-05-10T23:59:59+0000"),
        post(3, "2026-05-04T00:00:00+0000"),
        post(4, "2026-05-03T23:59:59+0000"),
    ]
    server.answer = page(lambda _: Reply({"data": feed}))

    assert [row["id"] for row in rows(batches(source, "posts"))] == ["100_2", "100_3"]
    query = server.asked[1].query
    assert (query["since"], query["until"]) == ("1777852800", "1778457600")


def test_a_time_of_another_type_goes_to_quarantine(source: FacebookPages, server: Scripted) -> None:
    feed = [{"id": "100_1", "created_time": {"text": "?"}}, post(2, "2026-05-05T00:00:00+0000")]
    server.answer = page(lambda _: Reply({"data": feed}))

    (batch,) = batches(source, "posts")

    assert batch.rows.num_rows == 1
    assert [rejected.field for rejected in batch.rejected] == ["created_time"]


def test_a_daily_value_belongs_to_the_day_that_its_end_time_closes() -> None:
    """Midnight in California is 07:00 UTC in summer and 08:00 in winter."""
    insight = {
        "name": "page_media_view",
        "period": "day",
        "values": [
            {"value": 66, "end_time": "2026-05-05T07:00:00+0000"},
            {"value": 67, "end_time": "2026-01-05T08:00:00+0000"},
        ],
    }

    assert [value["date"] for value in daily_values(insight)] == ["2026-05-04", "2026-01-04"]


def insights(metrics: str) -> Reply:
    values = [{"value": 5, "end_time": "2026-05-05T07:00:00+0000"}]
    return Reply(
        {
            "data": [
                {"name": name, "period": "day", "values": values} for name in metrics.split(",")
            ],
            "paging": {"next": "https://x?since=9&access_token=T", "previous": "https://x?until=1"},
        }
    )


def test_page_insights_are_one_row_a_metric_and_day_and_their_links_are_not_followed(
    source: FacebookPages, server: Scripted
) -> None:
    server.answer = page(lambda asked: insights(asked.query["metric"]))

    found = rows(batches(source, "page_insights"))

    assert [row["metric"] for row in found] == list(PAGE_METRICS)
    assert found[0]["date"] == date(2026, 5, 4)
    assert found[0]["value"] == "5"
    assert found[0]["_extra"] is None
    assert len(server.asked) == 2


def test_a_retired_page_metric_is_named_and_the_others_come(
    source: FacebookPages, server: Scripted
) -> None:
    retired = PAGE_METRICS[2]

    def edge(asked: Asked) -> Reply:
        metrics = asked.query["metric"]
        return BAD_METRIC if retired in metrics.split(",") else insights(metrics)

    server.answer = page(edge)
    (batch,) = batches(source, "page_insights")

    assert set(batch.rows["metric"].to_pylist()) == set(PAGE_METRICS) - {retired}
    assert len(batch.missing) == 1
    assert retired in batch.missing[0]

    asked_before = len(server.asked)
    (again,) = batches(source, "page_insights")
    assert again.missing == batch.missing
    assert len(server.asked) == asked_before + 1, "what was found out is not asked for again"


def test_a_retired_post_metric_is_named_and_the_counters_come(
    source: FacebookPages, server: Scripted
) -> None:
    retired = POST_METRICS[0]
    counted = post(
        1,
        "2026-02-01T00:00:00+0000",
        shares={"count": 1},
        insights={"data": [{"name": POST_METRICS[1], "values": [{"value": 4}]}], "paging": {}},
    )

    def edge(asked: Asked) -> Reply:
        return BAD_METRIC if retired in asked.query["fields"] else Reply({"data": [counted]})

    server.answer = page(edge)
    (batch,) = batches(source, "post_counters")

    (row,) = rows([batch])
    assert json.loads(row["insights"])[0]["name"] == POST_METRICS[1]
    assert [retired in note for note in batch.missing] == [True]
    assert POST_METRICS[1] in server.asked[-1].query["fields"]


def test_with_every_post_metric_retired_the_plain_counters_still_come(
    source: FacebookPages, server: Scripted
) -> None:
    def edge(asked: Asked) -> Reply:
        if "insights" in asked.query["fields"]:
            return BAD_METRIC
        return Reply({"data": [post(1, "2026-02-01T00:00:00+0000", shares={"count": 1})]})

    server.answer = page(edge)
    (batch,) = batches(source, "post_counters")

    assert batch.rows["shares"].to_pylist() == [1]
    assert len(batch.missing) == len(POST_METRICS)


def comments_of(*comments: dict[str, Any]) -> Callable[[Asked], Reply]:
    counts = {"100_1": 0, "100_2": 2}

    def edge(asked: Asked) -> Reply:
        if asked.path.endswith("/feed"):
            feed = [
                post(
                    int(name[-1]),
                    "2026-04-01T00:00:00+0000",
                    comments={"data": [], "summary": {"total_count": count}},
                )
                for name, count in counts.items()
            ]
            return Reply({"data": feed})
        return Reply({"data": list(comments)})

    return edge


def test_comments_and_replies_come_from_posts_that_have_any(
    source: FacebookPages, server: Scripted
) -> None:
    server.answer = page(
        comments_of(
            {"id": "9", "created_time": "2026-05-03T00:00:00+0000"},
            {"id": "10", "created_time": "2026-05-05T00:00:00+0000", "from": {"id": "7"}},
            {"id": "11", "created_time": "2026-05-06T00:00:00+0000", "parent": {"id": "10"}},
            {"id": "12", "created_time": "2026-05-11T00:00:00+0000"},
        )
    )

    found = rows(batches(source, "comments"))

    assert [(row["id"], row["post_id"], row["parent_id"]) for row in found] == [
        ("10", "100_2", None),
        ("11", "100_2", "10"),
    ]
    assert [asked.path for asked in server.asked[2:]] == ["/v25.0/100_2/comments"]
    query = server.asked[2].query
    assert (query["filter"], query["order"]) == ("stream", "chronological")


def test_a_post_that_vanishes_while_it_is_read_is_skipped_and_named(
    source: FacebookPages, server: Scripted
) -> None:
    gone = Reply({"error": {"code": 100, "error_subcode": 33, "message": "does not exist"}}, 400)
    listing = comments_of()
    server.answer = page(lambda asked: listing(asked) if "feed" in asked.path else gone)

    (batch,) = batches(source, "comments")

    assert batch.rows.num_rows == 0
    assert "100_2" in batch.missing[0]
