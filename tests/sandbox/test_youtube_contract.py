"""Google's own client reads channels, videos, comments and reports, by its discovery documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow.compute as pc
import pytest
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError
from msgspec import json

from pipelines.connectors.youtube import STREAMS, field_mask
from pipelines.sandbox import youtube
from pipelines.sandbox.credentials import YOUTUBE_KEY, YOUTUBE_REFRESH_TOKEN, YOUTUBE_TOKEN
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import CHANNEL_ACCOUNTS, MARKETS, PAGE_ZONE, channel_gains

ACCOUNTS = CHANNEL_ACCOUNTS["youtube"]
BY_NAME = {stream.name: stream for stream in STREAMS}
HOSTS = {"youtube": "youtube.googleapis.com", "youtubeAnalytics": "youtubeanalytics.googleapis.com"}


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[Callable[..., Any]]:
    """Makes clients of either API, signed in with the sandbox's token unless otherwise told."""
    made = []

    def make(name: str = "youtube", **signing: Any) -> Any:
        client = build(
            name,
            "v3" if name == "youtube" else "v2",
            client_options={"api_endpoint": f"{sandbox.url}/{HOSTS[name]}"},
            static_discovery=True,
            **(signing or {"credentials": Credentials(YOUTUBE_TOKEN)}),
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture(params=MARKETS, ids=lambda market: market.code)
def account(request: pytest.FixtureRequest) -> str:
    return ACCOUNTS[request.param.code]


def own(sandbox: Sandbox, account: str) -> dict[str, dict[str, Any]]:
    posts = sandbox.scene.table("current_channel_posts")
    mine = pc.and_(pc.equal(posts["account_id"], account), pc.invert(posts["is_mention"]))
    return {row["post_id"]: row for row in posts.filter(mine).to_pylist()}


def every(resource: Any, **query: Any) -> list[dict[str, Any]]:
    """All pages of a list, as the client itself goes from one to the next."""
    request, found = resource.list(**query), []
    while request is not None:
        answer = request.execute()
        found += answer["items"]
        request = resource.list_next(request, answer)
    return found


def uploads(client: Any, account: str) -> list[str]:
    (channel,) = every(client.channels(), part="contentDetails", id=account)
    playlist = channel["contentDetails"]["relatedPlaylists"]["uploads"]
    items = every(client.playlistItems(), part="contentDetails", playlistId=playlist, maxResults=7)
    return [item["contentDetails"]["videoId"] for item in items]


def test_uploads_lead_to_every_video_and_its_counters(
    sandbox: Sandbox, api: Callable[..., Any], account: str
) -> None:
    client, expected = api(), own(sandbox, account)
    listed = uploads(client, account)
    found = {
        video["id"]: video
        for first in range(0, len(listed), 50)
        for video in every(
            client.videos(), part="snippet,statistics", id=",".join(listed[first : first + 50])
        )
    }

    assert len(listed) == len(set(listed))
    assert set(found) == set(expected) <= set(listed)
    for name, row in expected.items():
        statistics = found[name]["statistics"]
        assert int(statistics["viewCount"]) == row["video_views"]
        assert ("likeCount" in statistics) is not youtube.hides_likes(name)
        assert ("commentCount" in statistics) is not youtube.is_closed(name)


def test_an_api_key_reads_what_is_public_and_no_report(
    api: Callable[..., Any], account: str
) -> None:
    assert every(api(developerKey=YOUTUBE_KEY).channels(), part="id", id=account)
    client = api("youtubeAnalytics", developerKey=YOUTUBE_KEY)
    with pytest.raises(HttpError) as error:
        report(client, account, "views", "day")
    assert error.value.status_code == 401


def test_a_refresh_token_is_good_for_a_token_that_reads(
    sandbox: Sandbox, api: Callable[..., Any], account: str
) -> None:
    credentials = Credentials(
        None,
        refresh_token=YOUTUBE_REFRESH_TOKEN,
        token_uri=f"{sandbox.url}/oauth2.googleapis.com/token",
        client_id="app",
        client_secret="secret",
    )
    credentials.refresh(Request())

    assert every(api(credentials=credentials).channels(), part="id", id=account)


def test_threads_and_their_replies_hold_every_comment(
    sandbox: Sandbox, api: Callable[..., Any], account: str
) -> None:
    client, videos = api(), own(sandbox, account)
    found: dict[str, dict[str, Any]] = {}
    for video in videos:
        if youtube.is_closed(video):
            continue
        for thread in every(
            client.commentThreads(), part="snippet,replies", videoId=video, maxResults=3
        ):
            top = thread["snippet"]["topLevelComment"]
            replies = every(client.comments(), part="snippet", parentId=top["id"])
            assert thread["snippet"]["totalReplyCount"] == len(replies)
            embedded = thread.get("replies", {}).get("comments", [])
            assert embedded in ([], replies)
            found |= {each["id"]: each for each in [top, *replies]}
    comments = sandbox.world.channel_comments
    expected = {
        row["comment_id"]: row
        for row in comments.filter(pc.equal(comments["account_id"], account)).to_pylist()
        if row["post_id"] in videos and not youtube.is_closed(row["post_id"])
    }

    assert set(found) == set(expected)
    for name, row in expected.items():
        assert found[name]["snippet"].get("parentId") == row["parent_id"]
        assert found[name]["snippet"]["authorChannelId"]["value"] == row["author_id"]


def test_closed_comments_and_absent_videos_are_told_by_their_reason(
    sandbox: Sandbox, api: Callable[..., Any]
) -> None:
    client = api()
    videos = [name for account in ACCOUNTS.values() for name in own(sandbox, account)]
    closed = next(name for name in videos if youtube.is_closed(name))

    def reason(video: str) -> str:
        with pytest.raises(HttpError) as error:
            client.commentThreads().list(part="snippet", videoId=video).execute()
        return str(error.value.error_details[0]["reason"])

    assert reason(closed) == "commentsDisabled"
    assert reason("absent") == "videoNotFound"
    assert every(client.videos(), part="id", id="absent") == []


def report(
    client: Any, account: str, metrics: str, dimensions: str, **query: Any
) -> list[dict[str, Any]]:
    answer = (
        client.reports()
        .query(
            ids=f"channel=={account}",
            startDate="2026-09-01",
            endDate="2026-11-01",
            metrics=metrics,
            dimensions=dimensions,
            **query,
        )
        .execute()
    )
    names = [header["name"] for header in answer["columnHeaders"]]
    return [dict(zip(names, row, strict=True)) for row in answer.get("rows", [])]


def told(sandbox: Sandbox, account: str) -> list[dict[str, Any]]:
    gains = channel_gains(sandbox.world, "youtube", PAGE_ZONE)
    last = sandbox.scene.today(PAGE_ZONE.key) - timedelta(days=youtube.DELAY)
    return [
        row
        for row in gains.filter(pc.equal(gains["account_id"], account)).to_pylist()
        if date(2026, 9, 1) <= row["date_day"] <= last and row["video_views"]
    ]


def test_days_of_videos_add_up_to_the_channels(
    sandbox: Sandbox, api: Callable[..., Any], account: str
) -> None:
    client, expected = api("youtubeAnalytics"), told(sandbox, account)
    days = report(client, account, "views,comments", "day", sort="day")
    videos = report(client, account, "views", "video", sort="-views", maxResults=200)
    each = {
        row["video"]: report(
            client, account, "views,comments", "day", filters=f"video=={row['video']}"
        )
        for row in videos
    }

    assert [row["day"] for row in days] == sorted({str(row["date_day"]) for row in expected})
    assert {row["video"]: row["views"] for row in videos} == {
        name: sum(row["views"] for row in rows) for name, rows in each.items()
    }
    for metric, column in {"views": "video_views", "comments": "comments"}.items():
        whole = sum(row[column] for row in expected)
        assert sum(row[metric] for row in days) == whole
        assert sum(row[metric] for rows in each.values() for row in rows) == whole


def test_revenue_comes_a_day_later_and_shortens_a_report_that_asks_for_it(
    api: Callable[..., Any], account: str
) -> None:
    client = api("youtubeAnalytics")
    without = report(client, account, "views", "day", sort="day")
    with_revenue = report(client, account, "views,estimatedRevenue", "day", sort="day")

    assert len(with_revenue) <= len(without)
    assert with_revenue[-1]["day"] < "2026-10-29"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"metrics": "views,shoes", "dimensions": "day"}, "Unknown identifier"),
        ({"metrics": "views", "dimensions": "video,day"}, "not supported"),
        ({"metrics": "views", "dimensions": "video"}, "not supported"),
        (
            {"metrics": "views", "dimensions": "video", "sort": "-views", "maxResults": 500},
            "not supported",
        ),
    ],
)
def test_reports_that_youtube_does_not_have_are_refused(
    api: Callable[..., Any], query: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(HttpError, match=says) as error:
        report(api("youtubeAnalytics"), ACCOUNTS["id"], **query)
    assert error.value.status_code == 400


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("quota_spent", 403, "quotaExceeded"),
        ("throttled", 403, "rateLimitExceeded"),
        ("dead_token", 401, "authError"),
        ("access_denied", 403, "forbidden"),
        ("expired_cursor", 400, "invalidPageToken"),
    ],
)
def test_faults_are_worded_as_youtube_words_them(
    sandbox: Sandbox, api: Callable[..., Any], kind: str, status: int, reason: str
) -> None:
    sandbox.control.faults({"kind": kind, "platform": "youtube"})
    # With a token of a user, the client would first try to renew it.
    request = (
        api(developerKey=YOUTUBE_KEY)
        .playlistItems()
        .list(part="id", playlistId="UU" + ACCOUNTS["id"][2:], pageToken="YXQ6MQ")
    )
    with pytest.raises(HttpError) as error:
        request.execute()
    assert (error.value.status_code, error.value.error_details[0]["reason"]) == (status, reason)


DATA_API = json.decode(get_static_doc("youtube", "v3") or "{}")


def fields_of(schema: str) -> dict[str, Any]:
    return dict(DATA_API["schemas"][schema]["properties"])


def unknown(mask: Mapping[str, Any], schema: str) -> list[str]:
    """The names of a mask that the discovery document's schema does not have."""
    found = []
    for name, inner in mask.items():
        field = fields_of(schema).get(name)
        if field is None:
            found.append(f"{schema}.{name}")
        elif inner and "$ref" in field:
            found += unknown(inner, field["$ref"])
    return found


@pytest.mark.parametrize(
    ("stream", "schema", "skip"),
    [
        ("channels", "Channel", ()),
        ("videos", "Video", ("is_available",)),
        ("comments", "Comment", ("video_id", "reply_count")),
    ],
)
def test_the_connector_asks_for_fields_that_the_discovery_document_knows(
    stream: str, schema: str, skip: tuple[str, ...]
) -> None:
    mask, _ = youtube.parsed_mask(field_mask(BY_NAME[stream].schema, skip))

    assert mask
    assert unknown(mask, schema) == []
