"""LinkedIn pages: posts and their counters, days in UTC, followers, comments with replies."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.linkedin import STREAMS, Linkedin, linkedin
from pipelines.connectors.stream import Account, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
ACCOUNT = Account("90362860", "UTC")
URN = "urn:li:organization:90362860"
DAY = date(2026, 5, 1)
ONE_DAY = Window(DAY, DAY, "UTC")
SHARE, UGC = "urn:li:share:7012345678901234567", "urn:li:ugcPost:7012345678901234999"
COMMENT = "urn:li:comment:(urn:li:activity:6,7)"


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> Linkedin:
    return linkedin(
        ["90362860"],
        access_token="access-token-0",
        base_url=server.url,
        oauth_base_url=server.url,
        version="202602",
        clock=time.clock,
    )


def milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def post(urn: str, at: str, **more: Any) -> dict[str, Any]:
    moment = milliseconds(at)
    return {
        "id": urn,
        "author": URN,
        "commentary": "Keripik",
        "createdAt": moment,
        "publishedAt": moment,
        "lifecycleState": "PUBLISHED",
        **more,
    }


def serve(server: Scripted, **answers: Any) -> None:
    """Answers by a part of the path; lists are elements, all on one page."""

    def answer(asked: Asked) -> Reply:
        for part, told in answers.items():
            if part in asked.path:
                body = told(asked) if callable(told) else told
                if isinstance(body, Reply):
                    return body
                return Reply(body if isinstance(body, dict) else page(body))
        return Reply({"status": 404}, 404)

    server.answer = answer


def page(elements: list[Any]) -> dict[str, Any]:
    return {"elements": elements, "paging": {"start": 0, "count": 100, "total": len(elements)}}


def rows(source: Linkedin, stream: str, window: Window = ONE_DAY) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for batch in source.read(BY_NAME[stream], ACCOUNT, window):
        assert batch.rejected == ()
        found += batch.rows.to_pylist()
    return found


def test_an_organisation_tells_its_name(source: Linkedin, server: Scripted) -> None:
    serve(server, organizations={"id": 90362860, "localizedName": "Sari Laut"})

    assert source.accounts() == [Account("90362860", "UTC", name="Sari Laut")]


def test_posts_of_the_window_are_kept_and_older_ones_end_the_listing(
    source: Linkedin, server: Scripted
) -> None:
    pages = [
        [post("urn:li:share:3", "2026-05-02T00:00:00"), post(SHARE, "2026-05-01T23:59:59.999")],
        [post("urn:li:share:1", "2026-04-30T23:59:59")],
        [post("urn:li:share:0", "2026-04-01T00:00:00")],
    ]
    server.says(*(Reply({"elements": each}) for each in pages))

    (row,) = rows(source, "posts")

    assert row["id"] == SHARE
    assert row["published_at"].isoformat() == "2026-05-01T23:59:59.999000"
    assert row["commentary"] == "Keripik"
    assert len(server.asked) == 2
    assert server.asked[0].raw_query == (
        "q=author&author=urn%3Ali%3Aorganization%3A90362860&sortBy=CREATED&start=0&count=100"
    )


def test_a_post_without_a_readable_time_goes_to_quarantine(
    source: Linkedin, server: Scripted
) -> None:
    serve(server, posts=[post(SHARE, "2026-05-01T00:00:00", publishedAt="soon")])

    (batch,) = source.read(BY_NAME["posts"], ACCOUNT, ONE_DAY)

    assert [rejected.field for rejected in batch.rejected] == ["publishedAt"]


def test_counters_are_asked_for_by_the_kind_of_post(source: Linkedin, server: Scripted) -> None:
    figures = {"impressionCount": 10, "likeCount": -1, "engagement": 0.3}

    def statistics(asked: Asked) -> list[dict[str, Any]]:
        kind, urn = ("share", SHARE) if "shares" in asked.query else ("ugcPost", UGC)
        return [{kind: urn, "organizationalEntity": URN, "totalShareStatistics": figures}]

    silent = "urn:li:share:1"
    serve(
        server,
        posts=[post(urn, "2026-04-01T00:00:00") for urn in (SHARE, UGC, silent)],
        organizationalEntityShareStatistics=statistics,
    )

    found = {row["id"]: row for row in rows(source, "post_counters")}

    assert (found[SHARE]["impressions"], found[UGC]["likes"]) == (10, -1)
    assert found[silent]["impressions"] is None, "what is not told is not known"
    asked = [each.raw_query for each in server.asked[1:]]
    assert "shares=List(urn%3Ali%3Ashare%3A7012345678901234567,urn%3Ali%3Ashare%3A1)" in asked[0]
    assert "ugcPosts=List(urn%3Ali%3AugcPost%3A7012345678901234999)" in asked[1]


def test_counters_of_many_posts_are_asked_for_through_the_tunnel(
    source: Linkedin, server: Scripted
) -> None:
    posts = [post(f"urn:li:ugcPost:{7012345678901234000 + n}", "2026-04-01") for n in range(100)]
    serve(server, posts=posts, organizationalEntityShareStatistics=[])

    assert len(rows(source, "post_counters")) == 100
    assert [asked.method for asked in server.asked] == ["GET", "POST"]


def test_statistics_by_day_are_asked_for_in_milliseconds_with_the_end_excluded(
    source: Linkedin, server: Scripted
) -> None:
    figures = {
        "impressionCount": 100,
        "uniqueImpressionsCount": 80,
        "clickCount": 5,
        "likeCount": -2,
        "commentCount": 1,
        "shareCount": 0,
        "engagement": 0.04,
    }
    span = {"start": milliseconds("2026-05-01"), "end": milliseconds("2026-05-02")}
    serve(
        server,
        organizationalEntityShareStatistics=[
            {"organizationalEntity": URN, "timeRange": span, "totalShareStatistics": figures}
        ],
    )

    (row,) = rows(source, "share_statistics")

    assert row["date"] == DAY
    assert (row["impressions"], row["likes"], row["engagement"]) == (100, -2, 0.04)
    assert (
        f"&timeIntervals=(timeRange:(start:{span['start']},end:{span['end']}),"
        "timeGranularityType:DAY)"
    ) in server.asked[0].raw_query


def test_followers_are_a_number_now_and_gains_by_day(source: Linkedin, server: Scripted) -> None:
    gains = {"organicFollowerGain": 3, "paidFollowerGain": 0}
    span = {"start": milliseconds("2026-05-01"), "end": milliseconds("2026-05-02")}
    serve(
        server,
        organizationalEntityFollowerStatistics=[
            {"organizationalEntity": URN, "timeRange": span, "followerGains": gains}
        ],
        networkSizes={"firstDegreeSize": 219},
    )

    (gain,) = rows(source, "follower_gains")
    (now,) = rows(source, "followers")

    assert (gain["date"], gain["organic"], gain["paid"]) == (DAY, 3, 0)
    assert now["followers"] == 219
    assert server.asked[1].path == "/rest/networkSizes/urn%3Ali%3Aorganization%3A90362860"


def test_days_before_the_last_twelve_months_are_not_told(source: Linkedin, time: FakeTime) -> None:
    window = Window(date(2025, 5, 9), date(2025, 5, 11), "UTC")

    absent = source.absent(BY_NAME["share_statistics"], ACCOUNT, window)

    assert time.now.date() == date(2026, 5, 10)
    assert absent == {date(2025, 5, 9): "LinkedIn tells the last twelve months only"}
    assert source.absent(BY_NAME["posts"], ACCOUNT, window) == {}


def comment(urn: str, at: str, **more: Any) -> dict[str, Any]:
    actor = "urn:li:person:rboDhL7Xsf"
    return {
        "id": urn.rpartition(",")[2].rstrip(")"),
        "commentUrn": urn,
        "object": "urn:li:activity:6",
        "actor": actor,
        "message": {"text": "Enak!"},
        "created": {"actor": actor, "time": milliseconds(at)},
        "lastModified": {"actor": actor, "time": milliseconds(at)},
        "likesSummary": {"aggregatedTotalLikes": 2},
        **more,
    }


def test_comments_and_replies_of_the_window_come_under_their_post(
    source: Linkedin, server: Scripted
) -> None:
    answered = comment(
        COMMENT, "2026-04-29T10:00:00", commentsSummary={"aggregatedTotalComments": 1}
    )
    reply_urn = "urn:li:comment:(urn:li:activity:6,8)"
    reply = comment(reply_urn, "2026-05-01T12:00:00", parentComment=COMMENT)

    def social(asked: Asked) -> list[dict[str, Any]]:
        return [reply] if "comment%3A" in asked.path else [answered]

    serve(server, posts=[post(SHARE, "2026-04-20T00:00:00")], socialActions=social)

    (row,) = rows(source, "comments")

    assert (row["id"], row["parent_id"], row["post_id"]) == (reply_urn, COMMENT, SHARE)
    assert (row["message"], row["likes"]) == ("Enak!", 2)
    assert row["created_at"].isoformat() == "2026-05-01T12:00:00"
    assert row["_extra"] is None


def test_a_post_that_vanishes_while_it_is_read_is_named_and_the_others_come(
    source: Linkedin, server: Scripted
) -> None:
    def social(asked: Asked) -> Reply:
        if "share%3A1/" in asked.path:
            return Reply({"status": 404}, 404)
        return Reply(page([comment(COMMENT, "2026-05-01T01:00:00")]))

    posts = [post(urn, "2026-04-20T00:00:00") for urn in ("urn:li:share:1", SHARE)]
    serve(server, posts=posts, socialActions=social)

    batches = list(source.read(BY_NAME["comments"], ACCOUNT, ONE_DAY))

    assert sum(batch.rows.num_rows for batch in batches) == 1
    assert [note for batch in batches for note in batch.missing] == [
        "comments of post urn:li:share:1, which vanished while it was read"
    ]
