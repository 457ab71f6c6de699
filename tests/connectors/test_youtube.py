"""YouTube: listed and answered videos, comments with all their replies, days, quotas, tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from recorded import recorded
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import (
    DeadToken,
    Decision,
    Permanent,
    SourceError,
    WaitUntil,
    decide,
)
from pipelines.connectors.google import App
from pipelines.connectors.health import State
from pipelines.connectors.http import Answer, Request
from pipelines.connectors.stream import Account, Batch, Window
from pipelines.connectors.youtube import (
    ACTIVITY,
    ANALYTICS_RULES,
    BY_NAME,
    PUBLIC,
    ROWS,
    RULES,
    Tokens,
    YouTube,
    report_records,
    youtube,
    youtube_signal,
)
from pipelines.lake.convert import convert_records

ZONE = "America/Los_Angeles"
CHANNEL = Account("UC1", ZONE, "USD", "Sari Laut")
WEEK = Window(date(2026, 5, 1), date(2026, 5, 7), ZONE)
NOW = datetime(2026, 5, 10, 9, tzinfo=UTC)
TOKEN = "ya29.of-the-test"


def built(server: Scripted, time: FakeTime, **signing: Any) -> YouTube:
    return youtube(
        ["UC1"],
        base_url=server.url,
        analytics_base_url=server.url,
        clock=time.clock,
        **(signing or {"access_token": TOKEN}),
    )


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> YouTube:
    return built(server, time)


def read(source: YouTube, stream: str, window: Window = WEEK) -> list[Batch]:
    return list(source.read(BY_NAME[stream], CHANNEL, window))


def rows(batches: list[Batch]) -> list[dict[str, Any]]:
    assert all(batch.rejected == () for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()]


def converted(stream: str, records: list[Any]) -> list[dict[str, Any]]:
    context = {"account_id": "UC1", "currency": "USD", "timezone": ZONE}
    batch = convert_records(BY_NAME[stream].schema, records, context, place="page 1")
    assert batch.rejected == ()
    return batch.rows.to_pylist()


# --- recorded payloads


def test_recorded_channels_become_counters_beyond_32_bits() -> None:
    google, developers = converted(
        "channels", recorded("youtube/channels__info_multiple.json")["items"]
    )

    assert google["title"] == "Google"
    assert google["handle"] == "@google"
    assert google["published_at"] == datetime.fromisoformat("2005-09-18T22:37:10")
    assert google["view_count"] == 3_331_930_783
    assert (google["subscriber_count"], google["video_count"]) == (10_700_000, 2678)
    assert (google["country"], developers["country"]) == (None, "US")
    counted = ("view_count", "subscriber_count", "video_count")
    assert [developers[name] for name in counted] == [208_790_084, 2_260_000, 5652]


def test_recorded_videos_without_statistics_have_unknown_counters() -> None:
    first, second = converted("videos", recorded("youtube/videos__videos_info_multi.json")["items"])

    assert first["id"] == "D-lhorsDlUQ"
    assert first["published_at"] == datetime.fromisoformat("2019-03-21T20:37:49")
    assert first["title"] == "What are Actions on Google (Assistant on Air)"
    assert first["language"] == "en"
    assert len(json.loads(first["tags"])) == 20
    assert (first["view_count"], first["like_count"], first["comment_count"]) == (None, None, None)
    assert (second["id"], second["language"]) == ("ovdbrdCIP7U", "en")
    assert second["published_at"] == datetime.fromisoformat("2019-09-11T23:00:05")


def test_a_recorded_page_goes_on_by_its_token_and_not_by_its_total() -> None:
    body = recorded("youtube/search__search_videos_by_channel.json")
    request = Request("https://x", {"maxResults": 5})

    assert Tokens().after(request, body) == request.with_params(pageToken="CAUQAA")
    assert body.pop("nextPageToken")
    assert body["pageInfo"]["totalResults"] == 81_297
    assert Tokens().after(request, body) is None


def test_the_documented_report_is_read_by_its_headers() -> None:
    body = {
        "kind": "youtubeAnalytics#resultTable",
        "columnHeaders": [
            {"name": "day", "columnType": "DIMENSION", "dataType": "STRING"},
            {"name": "views"},
        ],
        "rows": [["2022-06-20", 778]],
    }

    assert report_records(body) == [{"day": "2022-06-20", "views": 778}]
    assert report_records({"columnHeaders": body["columnHeaders"]}) == []


# --- what refusals mean


def refusal(reason: str, status: int = 403, message: str = "", **more: Any) -> Answer:
    error = {"code": status, "message": message, "errors": [{"reason": reason}], **more}
    return Answer(status, {}, {"error": error})


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        (refusal("authError", 401), Decision.ABORT),
        (refusal("unauthorized", 401), Decision.ABORT),
        (Answer(400, {}, {"error": "invalid_grant", "error_description": "x"}), Decision.ABORT),
        (Answer(401, {}, {"error": "invalid_client"}), Decision.ABORT),
        (Answer(400, {}, {"error": "unauthorized_client"}), Decision.ABORT),
        (refusal("keyInvalid", 400), Decision.ABORT),
        (refusal("keyExpired", 400), Decision.ABORT),
        (refusal("badRequest", 400, "API key not valid. Please pass a valid one."), Decision.ABORT),
        (Answer(401, {}, {"error": {"status": "UNAUTHENTICATED"}}), Decision.ABORT),
        (refusal("quotaExceeded"), Decision.WAIT),
        (refusal("dailyLimitExceeded"), Decision.WAIT),
        (refusal("rateLimitExceeded"), Decision.WAIT),
        (refusal("userRateLimitExceeded"), Decision.WAIT),
        (Answer(429, {}, {"error": {"status": "RESOURCE_EXHAUSTED"}}), Decision.WAIT),
        (refusal("backendError", 500), Decision.RETRY),
        (refusal("internalError", 500), Decision.RETRY),
        (refusal("processingFailure", 400), Decision.RETRY),
        (refusal("commentsDisabled"), Decision.SKIP),
        (refusal("videoNotFound", 404), Decision.SKIP),
        (refusal("commentNotFound", 404), Decision.SKIP),
        (refusal("commentThreadNotFound", 404), Decision.SKIP),
        (refusal("playlistNotFound", 404), Decision.SKIP),
        (refusal("channelNotFound", 404), Decision.SKIP),
        (refusal("accessNotConfigured"), Decision.STOP),
        (refusal("forbidden"), Decision.STOP),
        (refusal("invalidPageToken", 400), Decision.REREAD),
        (refusal("missingRequiredParameter", 400), Decision.STOP),
        (Answer(503, {}, "<html>"), Decision.RETRY),
        # A 403 by status and by Google's own word for it; the reason says that it will pass.
        (Answer(403, {}, recorded("youtube/error_permission_resp.json")), Decision.RETRY),
    ],
)
def test_the_reason_decides_and_not_the_status(answer: Answer, decision: Decision) -> None:
    signal = youtube_signal(answer, NOW)

    assert signal is not None
    assert decide(RULES, signal).decision is decision


@pytest.mark.parametrize(
    "answer",
    [
        refusal("badRequest", 400, "Unknown identifier (x) given in field parameters.metrics."),
        refusal("badRequest", 400, "The query is not supported. Check the documentation."),
        refusal("forbidden"),
        refusal("insufficientPermissions"),
        Answer(403, {}, {"error": {"status": "PERMISSION_DENIED", "message": "Forbidden"}}),
    ],
)
def test_analytics_refuses_a_whole_report_for_one_metric(answer: Answer) -> None:
    signal = youtube_signal(answer, NOW)

    assert signal is not None
    assert decide(ANALYTICS_RULES, signal).decision is Decision.DROP


@pytest.mark.parametrize(
    ("now", "resumes"),
    [
        ("2026-05-10T09:00:00+00:00", "2026-05-11T07:00:00+00:00"),
        # The days on which California's clocks change have 23 and 25 hours.
        ("2026-03-08T09:00:00+00:00", "2026-03-09T07:00:00+00:00"),
        ("2026-11-01T07:30:00+00:00", "2026-11-02T08:00:00+00:00"),
    ],
)
def test_a_days_quota_is_new_at_midnight_in_california(
    server: Scripted, now: str, resumes: str
) -> None:
    time = FakeTime(datetime.fromisoformat(now))
    server.says(Reply(refusal("quotaExceeded").body, 403))

    with pytest.raises(WaitUntil) as caught:
        read(built(server, time), "channels")
    assert caught.value.resumes_at == datetime.fromisoformat(resumes)
    assert len(server.asked) == 1
    assert time.slept == []


# --- the Data API


def items(*found: Mapping[str, Any], more: str = "") -> Reply:
    body: dict[str, Any] = {"items": list(found), "pageInfo": {"totalResults": 1_000_000}}
    return Reply({**body, "nextPageToken": more} if more else body)


def listed(video: str, published: str | None = "2026-05-02T00:00:00Z") -> dict[str, Any]:
    details = {"videoId": video, "videoPublishedAt": published}
    return {"contentDetails": {name: value for name, value in details.items() if value}}


def video(name: str, published: str = "2026-05-02T00:00:00Z", **counts: str) -> dict[str, Any]:
    return {"id": name, "snippet": {"publishedAt": published}, "statistics": counts}


UPLOADS = items({"contentDetails": {"relatedPlaylists": {"uploads": "UU1"}}})


def channel(**answers: Callable[[Asked], Reply] | Reply) -> Callable[[Asked], Reply]:
    """A server of one channel: each resource of the Data API answers as it is given."""

    def answer(asked: Asked) -> Reply:
        resource = asked.path.rpartition("/")[2]
        found = answers.get(resource, UPLOADS)
        return found if isinstance(found, Reply) else found(asked)

    return answer


def test_a_channel_has_californian_days_and_dollars(source: YouTube, server: Scripted) -> None:
    server.says(items({"snippet": {"title": "Sari Laut"}}))

    assert source.accounts() == [CHANNEL]
    assert server.asked[0].path == "/youtube/v3/channels"
    assert server.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_channel_that_youtube_does_not_show_says_what_to_check(
    source: YouTube, server: Scripted
) -> None:
    server.says(items())

    (account,) = source.accounts()
    with pytest.raises(SourceError, match="not there") as caught:
        list(source.read(BY_NAME["videos"], account, WEEK))
    assert "Check that UC1 is right" in str(caught.value)


def test_an_api_key_travels_in_a_header_and_reads_no_analytics(
    server: Scripted, time: FakeTime
) -> None:
    server.says(items({"snippet": {"title": "Sari Laut"}}))

    (account,) = built(server, time, api_key="AIza-of-the-test").accounts()

    assert {name for name, stream in BY_NAME.items() if account.has(stream)} == set(PUBLIC)
    assert server.asked[0].headers["X-Goog-Api-Key"] == "AIza-of-the-test"
    assert "Authorization" not in server.asked[0].headers
    assert "key" not in server.asked[0].query


def test_every_page_of_the_uploads_is_followed_by_its_token_alone(
    source: YouTube, server: Scripted
) -> None:
    """`totalResults` promises a million; the second page is empty, and has a token all the same."""
    pages = {
        "": items(listed("a"), more="p2"),
        "p2": items(more="p3"),
        "p3": items(listed("b")),
    }
    server.answer = channel(
        playlistItems=lambda asked: pages[asked.query.get("pageToken", "")],
        videos=lambda asked: items(*(video(name) for name in asked.query["id"].split(",") if name)),
    )

    assert [row["id"] for row in rows(read(source, "videos"))] == ["a", "b"]


def test_counters_are_strings_on_the_wire_and_what_is_hidden_is_unknown(
    source: YouTube, server: Scripted
) -> None:
    server.answer = channel(
        playlistItems=items(listed("a"), listed("b")),
        videos=items(
            video("a", viewCount="18446744073", likeCount="0", commentCount="7"),
            video("b", viewCount="5"),
        ),
    )

    first, second = rows(read(source, "videos"))

    assert (first["view_count"], first["like_count"]) == (18_446_744_073, 0)
    assert first["comment_count"] == 7
    assert (second["view_count"], second["like_count"], second["comment_count"]) == (5, None, None)


def test_a_video_that_is_listed_and_not_answered_for_is_kept_as_unavailable(
    source: YouTube, server: Scripted
) -> None:
    server.answer = channel(
        playlistItems=items(listed("a"), listed("gone", None), listed("c")),
        videos=items(video("c", viewCount="1"), video("a", viewCount="2")),
    )

    found = {row["id"]: row for row in rows(read(source, "videos"))}

    assert {name: row["is_available"] for name, row in found.items()} == {
        "a": True,
        "c": True,
        "gone": False,
    }
    assert found["gone"]["view_count"] is None


def test_a_video_of_the_day_that_has_not_closed_is_left_to_its_own_snapshot(
    source: YouTube, server: Scripted
) -> None:
    """The seventh ends at 07:00 UTC on the eighth, in California."""
    server.answer = channel(
        playlistItems=items(listed("in"), listed("out")),
        videos=items(video("in", "2026-05-08T06:59:59Z"), video("out", "2026-05-08T07:00:00Z")),
    )

    assert [row["id"] for row in rows(read(source, "videos"))] == ["in"]


def test_a_channel_without_any_upload_has_no_videos(source: YouTube, server: Scripted) -> None:
    server.answer = channel(playlistItems=Reply(refusal("playlistNotFound", 404).body, 404))

    assert rows(read(source, "videos")) == []


def comment(name: str, written: str = "2026-05-03T00:00:00Z", **snippet: Any) -> dict[str, Any]:
    author = {"authorChannelId": {"value": f"UC-{name}"}, "authorDisplayName": f"@{name}"}
    return {"id": name, "snippet": {"publishedAt": written, **author, **snippet}}


def thread(top: dict[str, Any], *replies: dict[str, Any], total: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {"snippet": {"topLevelComment": top, "totalReplyCount": total}}
    return {**found, "replies": {"comments": list(replies)}} if replies else found


def test_replies_that_a_thread_does_not_bring_are_asked_for(
    source: YouTube, server: Scripted
) -> None:
    replies = [comment(f"t.{number}", parentId="t") for number in range(7)]
    server.answer = channel(
        playlistItems=items(listed("v")),
        commentThreads=items(
            thread(comment("t"), *replies[:2], total=7),
            thread(comment("u"), comment("u.1", parentId="u"), total=1),
        ),
        comments=lambda asked: items(*replies) if asked.query["parentId"] == "t" else items(),
    )

    found = rows(read(source, "comments"))

    assert [row["id"] for row in found] == ["t", *(f"t.{n}" for n in range(7)), "u", "u.1"]
    assert {row["video_id"] for row in found} == {"v"}
    assert [row["parent_id"] for row in found[:2]] == [None, "t"]
    assert [row["reply_count"] for row in found[:2]] == [7, None]
    assert [row["author_id"] for row in found[:1]] == ["UC-t"]
    assert len([asked for asked in server.asked if asked.path.endswith("/comments")]) == 1


def test_only_the_windows_comments_come_by_californian_days(
    source: YouTube, server: Scripted
) -> None:
    server.answer = channel(
        playlistItems=items(listed("v")),
        commentThreads=items(
            thread(comment("before", "2026-05-01T06:59:59Z")),
            thread(comment("first", "2026-05-01T07:00:00Z")),
            thread(comment("last", "2026-05-08T06:59:59Z")),
            thread(comment("after", "2026-05-08T07:00:00Z")),
        ),
    )

    assert [row["id"] for row in rows(read(source, "comments"))] == ["first", "last"]


def test_videos_closed_to_comments_or_gone_are_skipped(source: YouTube, server: Scripted) -> None:
    refused = {"off": ("commentsDisabled", 403), "gone": ("videoNotFound", 404)}

    def threads(asked: Asked) -> Reply:
        reason = refused.get(asked.query["videoId"])
        if reason is None:
            return items(thread(comment("t")))
        return Reply(refusal(*reason).body, reason[1])

    server.answer = channel(
        playlistItems=items(listed("off"), listed("gone"), listed("v"), listed("draft", None)),
        commentThreads=threads,
    )

    batches = read(source, "comments")

    assert [row["id"] for row in rows(batches)] == ["t"]
    assert [batch.missing for batch in batches] == [()]
    assert "draft" not in {asked.query.get("videoId") for asked in server.asked}


def test_comments_texts_are_kept_for_thirty_days_as_youtube_demands() -> None:
    assert BY_NAME["comments"].ttl_days == 30


# --- Analytics

METRICS = [field.steps[0] for field in ACTIVITY]


def report(asked: Asked, days: Mapping[str, int], **values: Any) -> Reply:
    """A report whose every metric is the day's number, or what is given for it."""
    names = ["day", *asked.query["metrics"].split(",")]
    first, last = asked.query["startDate"], asked.query["endDate"]
    told = [
        [day, *(values.get(name, number) for name in names[1:])]
        for day, number in days.items()
        if first <= day <= last
    ]
    body: dict[str, Any] = {"columnHeaders": [{"name": name} for name in names]}
    return Reply({**body, "rows": told} if told else body)


def test_days_come_with_every_figure_and_exact_dollars(source: YouTube, server: Scripted) -> None:
    server.answer = lambda asked: report(asked, {"2026-05-01": 7}, estimatedRevenue=12.345678)

    (row,) = rows(read(source, "channel_daily"))

    assert row["day"] == date(2026, 5, 1)
    assert (row["views"], row["subscribers_lost"], row["average_view_duration"]) == (7, 7, 7.0)
    assert (row["estimated_revenue"], row["currency"]) == (Decimal("12.345678"), "USD")
    query = server.asked[0].query
    assert query["ids"] == "channel==UC1"
    assert (query["dimensions"], query["sort"], query["currency"]) == ("day", "day", "USD")
    assert query["metrics"] == ",".join(METRICS)


def test_revenue_that_is_known_a_day_later_is_null_and_takes_no_day_away(
    source: YouTube, server: Scripted
) -> None:
    def answer(asked: Asked) -> Reply:
        days = {"2026-05-01": 1, "2026-05-02": 2}
        if "estimatedRevenue" in asked.query["metrics"]:
            del days["2026-05-02"]
        return report(asked, days)

    server.answer = answer

    found = rows(read(source, "channel_daily"))

    assert [(row["views"], row["estimated_revenue"]) for row in found] == [(1, 1), (2, None)]


@pytest.mark.parametrize(
    ("reason", "status"), [("forbidden", 403), ("insufficientPermissions", 403), ("authError", 401)]
)
def test_a_token_that_may_not_read_revenue_reads_the_rest_and_asks_once(
    source: YouTube, server: Scripted, reason: str, status: int
) -> None:
    def answer(asked: Asked) -> Reply:
        if "estimatedRevenue" in asked.query["metrics"]:
            return Reply(refusal(reason, status).body, status)
        return report(asked, {"2026-05-01": 1})

    server.answer = answer

    for _ in range(2):
        batches = read(source, "channel_daily")
        assert [row["estimated_revenue"] for row in rows(batches)] == [None]
        assert [batch.missing for batch in batches] == [()]
    asked = [asked.query["metrics"] for asked in server.asked]
    assert asked.count("estimatedRevenue") == 1


def test_one_metric_that_is_not_served_is_named_and_the_others_come(
    source: YouTube, server: Scripted
) -> None:
    message = "Unknown identifier (shares) given in field parameters.metrics."

    def answer(asked: Asked) -> Reply:
        if "shares" in asked.query["metrics"].split(","):
            return Reply(refusal("badRequest", 400, message).body, 400)
        return report(asked, {"2026-05-01": 1})

    server.answer = answer

    (batch,) = read(source, "channel_daily")

    (row,) = rows([batch])
    assert {name: row[name] for name in ("views", "likes", "comments", "shares")} == {
        "views": 1,
        "likes": 1,
        "comments": 1,
        "shares": None,
    }
    assert (row["subscribers_gained"], row["estimated_revenue"]) == (1, 1)
    assert batch.missing == ("metric shares: the platform no longer serves it",)
    asked_before = len(server.asked)
    read(source, "channel_daily")
    assert len(server.asked) == asked_before + 2, "what was found out is not asked for again"


def test_a_token_without_analytics_says_which_scopes_it_lacks(
    source: YouTube, server: Scripted
) -> None:
    server.says(Reply(refusal("forbidden").body, 403))

    with pytest.raises(Permanent, match=r"yt-analytics\.readonly"):
        read(source, "channel_daily")


def test_days_that_analytics_does_not_tell_yet_are_absent_and_not_zero(
    source: YouTube, server: Scripted
) -> None:
    server.answer = lambda asked: report(asked, {"2026-05-01": 1, "2026-05-05": 2})

    absent = source.absent(BY_NAME["channel_daily"], CHANNEL, WEEK)

    assert sorted(absent) == [date(2026, 5, 6), date(2026, 5, 7)]
    assert source.absent(BY_NAME["videos"], CHANNEL, WEEK) == {}


def test_a_last_day_without_views_is_told_where_a_later_one_is(
    source: YouTube, server: Scripted
) -> None:
    server.answer = lambda asked: report(asked, {"2026-05-01": 1, "2026-05-09": 2})

    assert source.absent(BY_NAME["video_daily"], CHANNEL, WEEK) == {}


def watched(*names: str) -> Reply:
    return Reply(
        {
            "columnHeaders": [{"name": "video"}, {"name": "views"}],
            "rows": [[name, 1] for name in names],
        }
    )


def test_days_are_asked_for_each_video_that_was_watched(source: YouTube, server: Scripted) -> None:
    """The list of those comes in pages of one, whatever is asked; rows are counted from one."""

    def answer(asked: Asked) -> Reply:
        if asked.query["dimensions"] == "video":
            return watched(*{"1": "a", "2": "b"}.get(asked.query["startIndex"], ""))
        number = 1 if asked.query["filters"] == "video==a" else 2
        return report(asked, {"2026-05-01": number})

    server.answer = answer

    found = rows(read(source, "video_daily"))

    assert [(row["video_id"], row["views"]) for row in found] == [("a", 1), ("b", 2)]
    assert server.asked[0].query["sort"] == "-views"
    assert [asked.query.get("startIndex") for asked in server.asked[:3]] == ["1", "2", "3"]


def test_where_the_list_of_watched_videos_is_cut_off_every_video_is_asked_for(
    source: YouTube, server: Scripted
) -> None:
    top = [f"v{number}" for number in range(ROWS)]

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/channels"):
            return UPLOADS
        if asked.path.endswith("/playlistItems"):
            return items(listed("v0"), listed("rare"))
        if asked.query["dimensions"] == "video":
            return watched(*top)
        return report(asked, {"2026-05-01": 1} if asked.query["filters"] == "video==rare" else {})

    server.answer = answer

    assert [row["video_id"] for row in rows(read(source, "video_daily"))] == ["rare"]


# --- tokens that renew themselves


APP = {"client_id": "app", "client_secret": "secret-of-the-test"}


def signed_in(server: Scripted, time: FakeTime) -> YouTube:
    app = App(**APP, token_url=f"{server.url}/token")
    return built(server, time, app=app, refresh_tokens={"UC1": "1//of-the-test"})


def issuing(answer: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    """A server that also exchanges refresh tokens, for token after token."""
    issued: list[str] = []

    def answered(asked: Asked) -> Reply:
        if asked.path != "/token":
            return answer(asked)
        issued.append(f"ya29.number-{len(issued)}")
        return Reply({"access_token": issued[-1], "expires_in": 3599})

    return answered


def used(server: Scripted) -> list[str]:
    return [
        asked.headers["Authorization"].removeprefix("Bearer ")
        for asked in server.asked
        if asked.path != "/token"
    ]


def test_a_refresh_token_is_exchanged_once_an_hour(server: Scripted, time: FakeTime) -> None:
    server.answer = issuing(lambda _: items({"id": "UC1"}))
    source = signed_in(server, time)

    read(source, "channels")
    read(source, "channels")
    time.clock.sleep(3600)
    read(source, "channels")

    assert used(server) == ["ya29.number-0", "ya29.number-0", "ya29.number-1"]
    assert server.asked[0].form == {
        "grant_type": "refresh_token",
        "refresh_token": "1//of-the-test",
        **APP,
    }


def test_a_token_that_is_refused_before_its_end_is_renewed_once(
    server: Scripted, time: FakeTime
) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.headers["Authorization"].endswith("number-0"):
            return Reply(refusal("authError", 401).body, 401)
        return items({"id": "UC1"})

    server.answer = issuing(answer)

    assert len(rows(read(signed_in(server, time), "channels"))) == 1
    assert used(server) == ["ya29.number-0", "ya29.number-1"]


def test_a_refresh_token_that_was_revoked_is_dead_and_shown_nowhere(
    server: Scripted, time: FakeTime
) -> None:
    server.says(
        Reply({"error": "invalid_grant", "error_description": "Token has been revoked."}, 400)
    )
    source = signed_in(server, time)

    for _ in range(2):
        with pytest.raises(DeadToken, match="YOUTUBE_REFRESH_TOKEN") as caught:
            read(source, "channels")
        assert "1//of-the-test" not in str(caught.value)
        assert "secret-of-the-test" not in str(caught.value)
    assert len(server.asked) == 1


def test_health_tells_of_the_token_the_clock_and_what_analytics_is_open(
    server: Scripted, time: FakeTime
) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.query.get("metrics") == "estimatedRevenue":
            return Reply(refusal("forbidden").body, 403)
        return items({"id": "UC1"})

    server.answer = issuing(answer)

    found = {each.what: each for each in signed_in(server, time).health(CHANNEL)}

    assert set(found) == {"access token", "clock", "analytics", "revenue"}
    assert found["analytics"].state is State.OK
    assert found["revenue"].state is State.WARN
    assert "yt-analytics-monetary" in found["revenue"].remedy
