"""X: short pages that go on, two kinds of 429, private metrics, lists that end, the last week."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors import task
from pipelines.connectors.errors import (
    DeadToken,
    Gone,
    Permanent,
    SourceError,
    Transient,
    WaitUntil,
    decide,
)
from pipelines.connectors.http import Answer
from pipelines.connectors.oauth1 import Keys
from pipelines.connectors.stream import Account, Batch, Window
from pipelines.connectors.x import SEARCH, STREAMS, X, x
from pipelines.connectors.x_platform import RULES, until_reset, x_signal

BY_NAME = {stream.name: stream for stream in STREAMS}
BRAND = Account("1501000000000000001", name="sarilaut")
SEARCHED = Account(SEARCH)
NOW = datetime(2026, 5, 10, 9, tzinfo=UTC)
WEEK = Window(date(2026, 5, 4), date(2026, 5, 9), "UTC")
KEYS = Keys("app", "app-secret-of-the-test", "user-token-of-the-test", "user-secret-of-the-test")
PROBLEMS = "https://api.twitter.com/2/problems/"

# The answer that X's documentation shows for a timeline, joined with the metrics it names.
DOCUMENTED: dict[str, Any] = {
    "data": [
        {
            "id": "1577730467436138524",
            "text": "Ada stok? https://t.co/abc",
            "created_at": "2026-05-05T18:40:30.000Z",
            "author_id": "1501000000000000001",
            "conversation_id": "1577730467436138524",
            "lang": "in",
            "edit_history_tweet_ids": ["1577730467436138520", "1577730467436138524"],
            "referenced_tweets": [{"type": "replied_to", "id": "1577730467436130000"}],
            "in_reply_to_user_id": "99",
            "note_tweet": {"text": "Ada stok? Yang panjang."},
            "public_metrics": {
                "retweet_count": 1,
                "reply_count": 0,
                "like_count": 5,
                "quote_count": 0,
                "bookmark_count": 2,
                "impression_count": 120,
            },
        }
    ],
    "meta": {
        "result_count": 1,
        "newest_id": "1577730467436138524",
        "oldest_id": "1577730467436138524",
    },
}
NOTHING = {"meta": {"result_count": 0}}


@pytest.fixture
def time() -> FakeTime:
    return FakeTime(NOW)


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> X:
    return make(server, time)


def make(server: Scripted, time: FakeTime, **more: Any) -> X:
    return x(
        "AAAA-bearer-of-the-test",
        [BRAND.id],
        base_url=server.url,
        version="2",
        clock=time.clock,
        **more,
    )


def tweet(number: int, day: int = 5, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "text": "t",
        "created_at": f"2026-05-{day:02d}T01:02:03.000Z",
        **more,
    }


def page(*tweets: dict[str, Any], token: str = "", **more: Any) -> dict[str, Any]:
    meta = {"result_count": len(tweets), **({"next_token": token} if token else {})}
    return {**({"data": list(tweets)} if tweets else {}), "meta": meta, **more}


def answers(server: Scripted, pages: Callable[[Asked], dict[str, Any]]) -> None:
    """Answers lists with those pages; a look for what is older finds something."""

    def answer(asked: Asked) -> Reply:
        older = "end_time" in asked.query and "start_time" not in asked.query
        return Reply(page(tweet(1, day=1)) if older else pages(asked))

    server.answer = answer


def read(
    source: X, name: str, account: Account = BRAND, window: Window = WEEK
) -> tuple[list[dict[str, Any]], list[Batch]]:
    batches = list(source.read(BY_NAME[name], account, window))
    assert all(batch.rejected == () for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()], batches


def ids(source: X, name: str, **more: Any) -> list[str]:
    return [row["id"] for row in read(source, name, **more)[0]]


# --- reading --------------------------------------------------------------------------------------


def test_a_documented_answer_becomes_a_typed_row(source: X, server: Scripted) -> None:
    answers(server, lambda _: DOCUMENTED)

    (row,), _ = read(source, "posts")

    assert row == {
        "account_id": "1501000000000000001",
        "id": "1577730467436138524",
        "created_at": datetime(2026, 5, 5, 18, 40, 30, tzinfo=UTC).replace(tzinfo=None),
        "author_id": "1501000000000000001",
        "text": "Ada stok? https://t.co/abc",
        "note_text": "Ada stok? Yang panjang.",
        "lang": "in",
        "conversation_id": "1577730467436138524",
        "in_reply_to_user_id": "99",
        "referenced_tweets": '[{"type":"replied_to","id":"1577730467436130000"}]',
        "edit_history": '["1577730467436138520","1577730467436138524"]',
        "entities": None,
        "media": None,
        "retweet_count": 1,
        "reply_count": 0,
        "like_count": 5,
        "quote_count": 0,
        "bookmark_count": 2,
        "impression_count": 120,
        "_extra": None,
    }


def test_the_documented_lookup_of_a_user_becomes_the_accounts_row(
    source: X, server: Scripted
) -> None:
    server.answer = lambda _: Reply(
        {
            "data": {
                "id": BRAND.id,
                "name": "Sari Laut",
                "username": "sarilaut",
                "public_metrics": {
                    "followers_count": 3000000001,
                    "following_count": 12,
                    "tweet_count": 800,
                    "listed_count": 4,
                },
            }
        }
    )

    (row,), _ = read(source, "accounts")

    assert row == {
        "account_id": BRAND.id,
        "username": "sarilaut",
        "name": "Sari Laut",
        "followers_count": 3000000001,
        "following_count": 12,
        "tweet_count": 800,
        "listed_count": 4,
        "_extra": None,
    }
    assert server.asked[-1].path == f"/2/users/{BRAND.id}"


def test_a_timeline_is_asked_for_the_days_in_utc_without_reposts(
    source: X, server: Scripted
) -> None:
    answers(server, lambda _: NOTHING)
    read(source, "posts")

    asked = server.asked[0]
    assert asked.path == "/2/users/1501000000000000001/tweets"
    assert asked.query["start_time"] == "2026-05-04T00:00:00Z"
    assert asked.query["end_time"] == "2026-05-10T00:00:00Z"
    assert (asked.query["exclude"], asked.query["max_results"]) == ("retweets", "100")
    assert asked.headers["Authorization"] == "Bearer AAAA-bearer-of-the-test"


def test_the_end_of_what_is_asked_is_never_in_the_future(source: X, server: Scripted) -> None:
    answers(server, lambda _: NOTHING)
    read(source, "mentions", window=Window(date(2026, 5, 9), date(2026, 5, 10), "UTC"))
    assert server.asked[0].query["end_time"] == "2026-05-10T09:00:00Z"


@pytest.mark.parametrize(
    ("name", "account", "parameter"),
    [
        ("posts", BRAND, "pagination_token"),
        ("mentions", BRAND, "pagination_token"),
        ("search", SEARCHED, "next_token"),
    ],
)
def test_a_short_and_an_empty_page_go_on_while_there_is_a_token(
    server: Scripted, time: FakeTime, name: str, account: Account, parameter: str
) -> None:
    pages = {
        None: page(tweet(9), token="b"),
        "b": page(token="c"),
        "c": page(tweet(8), tweet(7)),
    }
    answers(server, lambda asked: pages[asked.query.get(parameter)])
    assert ids(make(server, time, queries=["q"]), name, account=account) == ["9", "8", "7"]


def test_data_that_is_absent_is_no_rows(source: X, server: Scripted) -> None:
    answers(server, lambda _: NOTHING)
    rows, batches = read(source, "mentions")
    assert rows == []
    assert [batch.missing for batch in batches] == [()]


def test_authors_and_media_are_joined_and_their_keys_left_out(source: X, server: Scripted) -> None:
    user = {
        "id": "7",
        "name": "Rina",
        "username": "rina",
        "public_metrics": {"followers_count": 12, "tweet_count": 9},
    }
    answers(
        server,
        lambda _: page(
            tweet(9, author_id="7"), tweet(8, author_id="6"), includes={"users": [user]}
        ),
    )
    (known, unknown), _ = read(source, "mentions")
    assert (known["author_name"], known["author_username"], known["author_followers"]) == (
        "Rina",
        "rina",
        12,
    )
    assert unknown["author_name"] is None
    assert known["_extra"] is None


def test_errors_beside_data_are_a_partial_success(source: X, server: Scripted) -> None:
    suspended = {"title": "Forbidden", "type": PROBLEMS + "resource-not-found", "value": "6"}
    answers(server, lambda _: page(tweet(9), errors=[suspended]))
    assert ids(source, "mentions") == ["9"]


def test_an_account_that_is_gone_is_told_as_such(source: X, server: Scripted) -> None:
    problem = {
        "value": BRAND.id,
        "detail": "Could not find user with id: [1501].",
        "title": "Not Found Error",
        "type": PROBLEMS + "resource-not-found",
    }
    server.says(Reply({"errors": [problem]}))
    source.accounts()
    with pytest.raises(Gone, match="Could not find user"):
        read(source, "posts")


# --- metrics --------------------------------------------------------------------------------------


def test_private_metrics_are_asked_for_with_the_accounts_keys_for_a_month_only(
    server: Scripted, time: FakeTime
) -> None:
    private = {"impression_count": 130, "url_link_clicks": 4, "user_profile_clicks": 0}

    def pages(asked: Asked) -> dict[str, Any]:
        if "non_public_metrics" not in asked.query["tweet.fields"]:
            return page(tweet(3, public_metrics={"like_count": 1}))
        return page(tweet(9, non_public_metrics=private, public_metrics={"like_count": 2}))

    answers(server, pages)
    day = Window(date(2026, 5, 9), date(2026, 5, 9), "UTC")
    rows, _ = read(make(server, time, keys={BRAND.id: KEYS}), "post_counters", window=day)

    recent, older = rows
    assert (recent["id"], recent["like_count"]) == ("9", 2)
    assert recent["non_public_url_link_clicks"] == 4
    assert recent["non_public_user_profile_clicks"] == 0
    assert recent["organic_like_count"] is None
    # Older than a month: unknown, which is not nothing.
    assert (older["id"], older["like_count"]) == ("3", 1)
    assert older["non_public_url_link_clicks"] is None
    signed = [asked.headers["Authorization"].startswith("OAuth ") for asked in server.asked]
    assert signed == [True, True, False, False]
    split = "2026-04-10T10:00:00Z"
    assert server.asked[1].query["start_time"] == server.asked[2].query["end_time"] == split


def test_without_keys_private_metrics_are_unknown_and_nothing_is_asked_twice(
    source: X, server: Scripted
) -> None:
    answers(server, lambda _: page(tweet(9, public_metrics={"like_count": 2})))
    (row,), batches = read(source, "post_counters")
    assert row["non_public_impression_count"] is None
    assert all("non_public" not in asked.query["tweet.fields"] for asked in server.asked[:1])
    assert [batch.missing for batch in batches] == [()]


def test_a_group_of_metrics_that_is_not_served_is_named_and_the_rest_comes(
    server: Scripted, time: FakeTime
) -> None:
    def answer(asked: Asked) -> Reply:
        if "organic_metrics" in asked.query.get("tweet.fields", ""):
            return Reply(invalid("tweet.fields", "organic_metrics", "is not one of [id,text]"), 400)
        return Reply(page(tweet(9, non_public_metrics={"url_link_clicks": 4})))

    server.answer = answer
    rows, batches = read(make(server, time, keys={BRAND.id: KEYS}), "post_counters")
    assert rows[0]["non_public_url_link_clicks"] == 4
    assert {note for batch in batches for note in batch.missing} == {
        "X does not serve organic_metrics"
    }


def test_views_are_those_of_a_posts_videos(source: X, server: Scripted) -> None:
    media = [
        {"media_key": "13_1", "type": "video", "public_metrics": {"view_count": 40}},
        {"media_key": "13_2", "type": "video", "public_metrics": {"view_count": 2}},
        {"media_key": "3_3", "type": "photo"},
    ]
    film = tweet(9, attachments={"media_keys": ["13_1", "13_2"]})
    photo = tweet(8, attachments={"media_keys": ["3_3"]})
    answers(server, lambda _: page(film, photo, tweet(7), includes={"media": media}))
    rows, _ = read(source, "post_counters")
    assert [row["video_views"] for row in rows] == [42, None, None]


# --- lists that end, and the last week ------------------------------------------------------------


def test_a_list_that_ends_before_the_days_says_that_they_may_lack_something(
    source: X, server: Scripted
) -> None:
    """800 mentions since then, and nothing older: the list was cut off there."""

    def answer(asked: Asked) -> Reply:
        if "start_time" not in asked.query:
            return Reply(NOTHING)
        if "end_time" in asked.query:
            return Reply(page(tweet(9)))
        place = int(asked.query.get("pagination_token", "0"))
        rows = [tweet(1000 + place * 100 + n) for n in range(100)]
        return Reply(page(*rows, token=str(place + 1) if place < 7 else ""))

    server.answer = answer
    _, batches = read(source, "mentions")
    assert [batch.missing for batch in batches] == [
        (),
        ("X lists only the newest 800 mentions of an account",),
    ]


def test_a_young_account_with_fewer_posts_lacks_nothing(source: X, server: Scripted) -> None:
    server.answer = lambda asked: Reply(page(tweet(9)) if "start_time" in asked.query else NOTHING)
    _, batches = read(source, "mentions")
    assert {batch.missing for batch in batches} == {()}


@pytest.mark.parametrize(("posted", "requests"), [(3199, 1), (3200, 2)])
def test_an_account_with_fewer_posts_than_x_lists_is_whole_without_a_question(
    source: X, server: Scripted, posted: int, requests: int
) -> None:
    metrics = {"tweet_count": posted}
    server.says(Reply({"data": {"id": BRAND.id, "username": "b", "public_metrics": metrics}}))
    source.accounts()
    server.asked.clear()
    answers(server, lambda _: page(tweet(9)))
    read(source, "posts")
    assert len(server.asked) == requests


def test_what_is_known_to_be_whole_is_not_looked_at_again(source: X, server: Scripted) -> None:
    answers(server, lambda _: page(tweet(9)))
    read(source, "posts")
    later = Window(date(2026, 5, 6), date(2026, 5, 9), "UTC")
    before = len(server.asked)
    read(source, "posts", window=later)
    assert len(server.asked) == before + 1


def test_search_tells_only_the_last_week(server: Scripted, time: FakeTime) -> None:
    source = make(server, time, queries=["q"])
    month = Window(date(2026, 5, 1), date(2026, 5, 10), "UTC")
    for name in ("search", "counts_daily"):
        absent = source.absent(BY_NAME[name], SEARCHED, month)
        # The third of May began seven days and nine hours ago: it is not told whole.
        assert list(absent) == [date(2026, 5, day) for day in (1, 2, 3)]
        assert set(absent.values()) == {"X searches only the last seven days"}
    assert source.absent(BY_NAME["posts"], BRAND, month) == {}


def test_each_query_is_an_own_search_that_ends_before_what_is_not_indexed_yet(
    server: Scripted, time: FakeTime
) -> None:
    answers(server, lambda _: page(tweet(9)))
    source = make(server, time, queries=['"Sari Laut"', "from:rival"])
    window = Window(date(2026, 5, 9), date(2026, 5, 10), "UTC")
    rows, _ = read(source, "search", account=SEARCHED, window=window)
    assert [(row["query"], row["id"]) for row in rows] == [
        ('"Sari Laut"', "9"),
        ("from:rival", "9"),
    ]
    assert {asked.path for asked in server.asked} == {"/2/tweets/search/recent"}
    assert server.asked[0].query["end_time"] == "2026-05-10T08:59:30Z"


def test_counts_are_rows_by_day(server: Scripted, time: FakeTime) -> None:
    counted = [
        {"start": f"2026-05-0{n}T00:00:00.000Z", "end": f"2026-05-0{n + 1}T00:00:00.000Z"}
        for n in (4, 5)
    ]
    answers(
        server,
        lambda _: {
            "data": [{**span, "tweet_count": n} for n, span in enumerate(counted)],
            "meta": {"total_tweet_count": 1},
        },
    )
    rows, _ = read(make(server, time, queries=["q"]), "counts_daily", account=SEARCHED)
    assert [(row["query"], row["date"], row["tweet_count"]) for row in rows] == [
        ("q", date(2026, 5, 4), 0),
        ("q", date(2026, 5, 5), 1),
    ]
    assert server.asked[0].query["granularity"] == "day"


def test_queries_are_an_account_of_their_own(server: Scripted, time: FakeTime) -> None:
    server.says(Reply({"data": {"id": BRAND.id, "username": "sarilaut"}}))
    brand, search = make(server, time, queries=["q"]).accounts()
    assert (brand.name, brand.timezone) == ("sarilaut", "UTC")
    assert {stream.name for stream in STREAMS if brand.has(stream)} == {
        "accounts",
        "posts",
        "post_counters",
        "mentions",
    }
    assert {stream.name for stream in STREAMS if search.has(stream)} == {"search", "counts_daily"}
    assert len(make(server, time).accounts()) == 1


# --- refusals -------------------------------------------------------------------------------------


def problem(kind: str, title: str, status: int, **more: Any) -> dict[str, Any]:
    return {"title": title, "detail": title, "type": PROBLEMS + kind, "status": status, **more}


def invalid(name: str, value: str, why: str) -> dict[str, Any]:
    told = {
        "parameters": {name: [value]},
        "message": f"The `{name}` query parameter value [{value}] {why}",
    }
    return {
        "errors": [told],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": PROBLEMS + "invalid-request",
    }


PLAIN = {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank"}


@pytest.mark.parametrize(
    ("status", "body", "decision"),
    [
        (429, PLAIN, "wait"),
        (429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, "wait"),
        (420, "", "wait"),
        (429, problem("usage-capped", "UsageCapExceeded", 429, period="Monthly"), "stop"),
        (402, problem("credits", "CreditsDepleted", 402), "stop"),
        (401, {"title": "Unauthorized", "type": "about:blank", "status": 401}, "abort"),
        (401, {"errors": [{"code": 89, "message": "Invalid or expired token."}]}, "abort"),
        (401, {"errors": [{"code": 135, "message": "Timestamp out of bounds."}]}, "abort"),
        (403, problem("client-forbidden", "Client Forbidden", 403), "abort"),
        (200, {"errors": [problem("resource-not-found", "Not Found Error", 200)]}, "skip"),
        (
            200,
            {"errors": [problem("not-authorized-for-resource", "Authorization Error", 200)]},
            "skip",
        ),
        (400, invalid("pagination_token", "7140", "is not valid"), "reread"),
        (400, invalid("next_token", "7140", "is not valid"), "reread"),
        (400, invalid("tweet.fields", "x", "is not one of [id]"), "drop"),
        (400, invalid("max_results", "1000", "is not between 5 and 100"), "stop"),
        (503, "Service Unavailable", "retry"),
        (503, {"errors": [{"code": 130, "message": "Over capacity"}]}, "retry"),
        (500, {"title": "Internal Server Error", "status": 500}, "retry"),
    ],
)
def test_what_each_refusal_means(status: int, body: Any, decision: str) -> None:
    signal = x_signal(Answer(status, {}, body))
    assert signal is not None
    assert decide(RULES, signal).decision == decision


@pytest.mark.parametrize(
    "body", [DOCUMENTED, NOTHING, {"data": [], "errors": [{"title": "x"}]}, {"data": {"id": "1"}}]
)
def test_an_answer_with_data_is_no_refusal(body: Any) -> None:
    assert x_signal(Answer(200, {}, body)) is None


def limits(left: int, seconds: float, theirs: datetime | None = None) -> dict[str, str]:
    """What is left, by a server whose clock (of today) has nothing to do with ours (of May)."""
    theirs = theirs or datetime.now(UTC)
    return {
        "x-rate-limit-limit": "450",
        "x-rate-limit-remaining": str(left),
        "x-rate-limit-reset": str(int(theirs.timestamp() + seconds)),
    }


def test_a_spent_window_is_waited_for_until_it_is_new(
    source: X, server: Scripted, time: FakeTime
) -> None:
    server.says(
        Reply(PLAIN, 429, limits(0, 600)), Reply(page(tweet(9))), Reply(page(tweet(1, day=1)))
    )
    assert ids(source, "mentions") == ["9"]
    assert time.slept == [pytest.approx(601, abs=2)]


def test_the_reset_is_measured_by_the_servers_clock() -> None:
    for ahead in (timedelta(0), timedelta(hours=1), -timedelta(days=9)):
        date = {"Date": format_datetime(NOW + ahead, usegmt=True)}
        assert until_reset({**limits(0, 600, NOW + ahead), **date}) == 601
        assert until_reset({**limits(1, 600, NOW + ahead), **date}) is None
    assert until_reset({}) is None


def test_a_window_that_takes_too_long_is_left_to_a_later_run(
    source: X, server: Scripted, time: FakeTime
) -> None:
    server.says(Reply(PLAIN, 429, limits(0, 86_400)))
    with pytest.raises(WaitUntil) as caught:
        read(source, "mentions")
    assert caught.value.resumes_at is not None
    assert abs(caught.value.resumes_at - NOW - timedelta(days=1)) < timedelta(seconds=3)
    assert time.slept == []


def test_each_endpoint_has_a_pace_of_its_own(source: X, server: Scripted, time: FakeTime) -> None:
    """Some plans allow one request of each endpoint in a quarter of an hour."""
    server.answer = lambda asked: Reply(
        page(tweet(9, day=1 if "start_time" not in asked.query else 5)), headers=limits(0, 60)
    )
    read(source, "mentions")
    # The second request of the endpoint, which looks for older mentions.
    assert time.slept == [pytest.approx(61, abs=2)]
    read(source, "posts")
    assert time.slept == [pytest.approx(61, abs=2)] * 2


def test_an_endpoint_s_window_is_the_apps_whichever_account_is_asked_for(
    source: X, server: Scripted, time: FakeTime
) -> None:
    server.answer = lambda _: Reply(page(tweet(9)), headers=limits(0, 60))
    for account in (BRAND, Account("1501000000000000002")):
        with task.doing(task.Task(account.id)):
            next(source.read(BY_NAME["mentions"], account, WEEK))
    assert time.slept == [pytest.approx(61, abs=2)]


def test_an_account_s_own_keys_have_windows_of_their_own(server: Scripted, time: FakeTime) -> None:
    source = make(server, time, keys={BRAND.id: KEYS})
    spent = limits(0, 60)
    server.answer = lambda asked: Reply(
        page(tweet(9)), headers={} if "OAuth " in asked.headers["Authorization"] else spent
    )
    read(source, "posts")
    slept = list(time.slept)
    next(source.read(BY_NAME["post_counters"], BRAND, WEEK))
    assert time.slept == slept


def test_a_spent_month_stops_the_stream_and_is_not_asked_again(
    source: X, server: Scripted, time: FakeTime
) -> None:
    capped = problem("usage-capped", "UsageCapExceeded", 429, period="Monthly", scope="Product")
    server.says(Reply(capped, 429, {**limits(39_999, 60)}))
    with pytest.raises(Permanent, match="month's posts are used up") as caught:
        read(source, "mentions")
    assert not isinstance(caught.value, Transient)
    assert "developer console" in str(caught.value)
    assert len(server.asked) == 1
    assert time.slept == []


def test_a_page_token_that_expired_is_read_again_from_the_first(
    source: X, server: Scripted
) -> None:
    refused: list[str] = []

    def answer(asked: Asked) -> Reply:
        if "start_time" not in asked.query:
            return Reply(page(tweet(1, day=1)))
        token = asked.query.get("pagination_token")
        if token and not refused:
            refused.append(token)
            return Reply(invalid("pagination_token", token, "is not valid"), 400)
        return Reply(page(tweet(8)) if token else page(tweet(9), token="b"))

    server.answer = answer
    assert ids(source, "mentions") == ["9", "9", "8"]


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_end_the_account_and_name_the_setting(
    source: X, server: Scripted, status: int
) -> None:
    server.says(Reply({"title": "No", "type": "about:blank", "status": status}, status))
    for name in ("mentions", "posts"):
        with pytest.raises(DeadToken) as caught:
            read(source, name)
    assert len(server.asked) == 1
    assert "X" in str(caught.value)
    assert "AAAA-bearer-of-the-test" not in str(caught.value)


def test_no_key_of_an_account_is_in_an_error(server: Scripted, time: FakeTime) -> None:
    server.answer = lambda asked: Reply(
        {"title": asked.headers["Authorization"], "type": "about:blank", "status": 418}, 418
    )
    with pytest.raises(SourceError) as caught:
        read(make(server, time, keys={BRAND.id: KEYS}), "post_counters")
    assert KEYS.token not in str(caught.value)
    assert KEYS.token_secret not in str(caught.value)


# --- health ---------------------------------------------------------------------------------------


def test_health_tells_the_months_posts_and_whose_the_keys_are(
    server: Scripted, time: FakeTime
) -> None:
    used = {"project_cap": "1000", "project_usage": "950", "cap_reset_day": 8}

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/me"):
            return Reply({"data": {"id": "77", "username": "other"}})
        return Reply({"data": used})

    server.answer = answer
    source = make(server, time, keys={BRAND.id: KEYS})
    found = {finding.what: finding for finding in source.health(BRAND)}
    month = found["posts of the month"]
    assert (month.state, month.detail) == ("warn", "50 of 1,000 left until day 8 of the month")
    assert (found["keys"].state, found["keys"].detail) == ("bad", "are those of account 77")
    assert "X_API_USER_TOKENS" in found["keys"].remedy
