"""The sandbox as X's API v2: through tweepy, and its refusals word by word."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow.compute as pc
import pytest
import requests
import tweepy

from pipelines.sandbox import credentials
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import CHANNEL_ACCOUNTS, current_channel_posts
from pipelines.sandbox.world.channels import HANDLES

BRAND = CHANNEL_ACCOUNTS["x"]["id"]
START = "2026-10-01T00:00:00Z"


class Redirected(requests.Session):
    """Sends what is meant for X to the sandbox."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        here = url.replace("https://api.twitter.com", f"{self._url}/api.x.com")
        return super().request(method, here, *args, **kwargs)


def client(sandbox: Sandbox, bearer: str = credentials.X_TOKEN, **keys: str) -> tweepy.Client:
    made = tweepy.Client(bearer, **keys)
    made.session = Redirected(sandbox.url)
    return made


@pytest.fixture
def app(sandbox: Sandbox) -> Iterator[tweepy.Client]:
    yield client(sandbox)


@pytest.fixture
def own(sandbox: Sandbox) -> Iterator[tweepy.Client]:
    """A client of the account itself."""
    token, secret = credentials.X_USER_TOKENS[BRAND]
    yield client(
        sandbox,
        consumer_key=credentials.X_CONSUMER[0],
        consumer_secret=credentials.X_CONSUMER[1],
        access_token=token,
        access_token_secret=secret,
    )


def rows(sandbox: Sandbox) -> list[dict[str, Any]]:
    posts = current_channel_posts(sandbox.world)
    mine = pc.and_(pc.equal(posts["platform"], "x"), pc.equal(posts["market"], "id"))
    return posts.filter(mine).to_pylist()


def every(method: Any, *args: Any, **kwargs: Any) -> list[tweepy.Tweet]:
    return list(tweepy.Paginator(method, *args, **kwargs).flatten())


def test_a_timeline_pages_to_its_end_with_public_metrics(
    sandbox: Sandbox, app: tweepy.Client
) -> None:
    found = every(
        app.get_users_tweets,
        BRAND,
        max_results=7,
        start_time=START,
        tweet_fields=["created_at", "public_metrics", "conversation_id"],
    )
    expected = [
        row
        for row in rows(sandbox)
        if not row["is_mention"] and row["created_at"] >= utc(2026, 10, 1)
    ]
    assert [str(tweet.id) for tweet in found] == sorted(
        (row["post_id"] for row in expected), key=int, reverse=True
    )
    told = {str(tweet.id): tweet for tweet in found}
    for row in expected:
        tweet = told[row["post_id"]]
        assert tweet.created_at == row["created_at"].replace(tzinfo=UTC)
        assert tweet.public_metrics == {
            "retweet_count": row["shares"],
            "reply_count": row["comments"],
            "like_count": row["likes"],
            "quote_count": row["quotes"],
            "bookmark_count": row["saves"],
            "impression_count": row["impressions"],
        }


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


def test_mentions_address_the_account_and_bring_their_authors(
    sandbox: Sandbox, app: tweepy.Client
) -> None:
    page = app.get_users_mentions(
        BRAND, max_results=100, expansions="author_id", user_fields="public_metrics"
    )
    handle = HANDLES["id"]
    assert page.data
    assert all(tweet.text.startswith(f"@{handle}") for tweet in page.data)
    authors = {user.id: user for user in page.includes["users"]}
    assert {tweet.author_id for tweet in page.data} == set(authors)
    assert all(user.public_metrics["followers_count"] >= 0 for user in authors.values())
    assert int(BRAND) not in authors


def test_an_account_tells_its_followers_where_they_are_asked_for(
    sandbox: Sandbox, app: tweepy.Client
) -> None:
    days = sandbox.world.channel_days
    mine = pc.and_(pc.equal(days["platform"], "x"), pc.equal(days["account_id"], BRAND))
    closed = pc.less(days["date_day"], date(2026, 11, 1))
    followers = days.filter(pc.and_(mine, closed)).sort_by("date_day")["followers"][-1].as_py()
    user = app.get_user(id=BRAND, user_fields="public_metrics").data
    assert user.username == HANDLES["id"]
    assert user.public_metrics["followers_count"] == followers > 0
    assert app.get_user(id=BRAND).data.public_metrics is None


def test_private_metrics_are_for_the_account_itself_and_a_month(own: tweepy.Client) -> None:
    fields = ["created_at", "non_public_metrics", "organic_metrics"]
    page = own.get_users_tweets(BRAND, max_results=100, tweet_fields=fields, user_auth=True)
    month_ago = datetime(2026, 10, 2, 9, tzinfo=UTC)
    told = {tweet.id: tweet.non_public_metrics is not None for tweet in page.data}
    assert told == {tweet.id: tweet.created_at > month_ago for tweet in page.data}
    assert {error["title"] for error in page.errors} == {"Field Authorization Error"}
    assert len({error["resource_id"] for error in page.errors}) == list(told.values()).count(False)
    assert set(told.values()) == {True, False}


def test_an_app_sees_no_private_metrics(app: tweepy.Client) -> None:
    page = app.get_users_tweets(BRAND, max_results=5, tweet_fields="non_public_metrics")
    assert all(tweet.non_public_metrics is None for tweet in page.data)
    assert len(page.errors) == len(page.data)


def test_search_finds_who_names_the_brand_without_addressing_it(
    sandbox: Sandbox, app: tweepy.Client
) -> None:
    found = {tweet.id for tweet in every(app.search_recent_tweets, "#SariLaut", max_results=100)}
    named = {
        int(row["post_id"])
        for row in current_channel_posts(sandbox.world).to_pylist()
        if row["platform"] == "x"
        and row["created_at"] >= utc(2026, 10, 25, 9)
        and "#sarilaut" in row["message"].lower()
    }
    assert found == named
    mentions = {tweet.id for tweet in every(app.get_users_mentions, BRAND, max_results=100)}
    assert found - mentions
    exact = every(app.search_recent_tweets, f'"Sari Laut" -from:{HANDLES["id"]}', max_results=100)
    assert exact
    assert all("sari laut" in tweet.text.lower() for tweet in exact)


def test_counts_by_day_are_those_of_the_search(app: tweepy.Client) -> None:
    start = datetime(2026, 10, 26, tzinfo=UTC)
    end = datetime(2026, 11, 1, tzinfo=UTC)
    span = {"start_time": start, "end_time": end}
    counted = app.get_recent_tweets_count("#SariLaut", granularity="day", **span)
    found = every(
        app.search_recent_tweets, "#SariLaut", max_results=100, tweet_fields="created_at", **span
    )
    by_day = {
        date.fromisoformat(bucket["start"][:10]): bucket["tweet_count"] for bucket in counted.data
    }
    assert list(by_day) == [date(2026, 10, 26) + timedelta(days=n) for n in range(6)]
    assert sum(by_day.values()) == len(found) == counted.meta["total_tweet_count"]
    for day, count in by_day.items():
        assert count == sum(tweet.created_at.date() == day for tweet in found)


def test_an_empty_list_has_no_data(app: tweepy.Client) -> None:
    page = app.get_users_tweets(BRAND, end_time="2020-01-01T00:00:00Z")
    assert (page.data, page.meta) == (None, {"result_count": 0})


def test_what_was_deleted_is_missed_beside_the_rest(sandbox: Sandbox, app: tweepy.Client) -> None:
    two = [tweet.id for tweet in app.get_users_tweets(BRAND, max_results=5).data[:2]]
    sandbox.control.faults({"kind": "delete", "platform": "x", "id": str(two[0])})
    page = app.get_tweets(two)
    assert [tweet.id for tweet in page.data] == two[1:]
    assert [error["type"].rpartition("/")[2] for error in page.errors] == ["resource-not-found"]


def test_an_unknown_account_is_an_error_of_a_good_answer(app: tweepy.Client) -> None:
    page = app.get_user(id=1)
    assert page.data is None
    assert page.errors[0]["detail"] == "Could not find user with id: [1]."


def test_keys_tell_whose_they_are(own: tweepy.Client, app: tweepy.Client) -> None:
    assert own.get_me(user_auth=True).data.id == int(BRAND)
    with pytest.raises(tweepy.Forbidden):
        app.get_me(user_auth=False)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"tweet_fields": "no_such_field"}, "is not one of"),
        ({"max_results": 101}, "is not between 5 and 100"),
        (
            {"pagination_token": "abc"},
            "`pagination_token` query parameter value [abc] is not valid",
        ),
        ({"start_time": "yesterday"}, "start_time"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    app: tweepy.Client, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(tweepy.BadRequest) as caught:
        app.get_users_tweets(BRAND, **asked)
    assert told in caught.value.api_messages[0]


def test_search_reaches_back_seven_days(app: tweepy.Client) -> None:
    with pytest.raises(tweepy.BadRequest) as caught:
        app.search_recent_tweets("q", start_time="2026-10-25T08:59:59Z")
    assert "must be on or after 2026-10-25T09:00:00.000Z" in caught.value.api_messages[0]


@pytest.mark.parametrize("wrong", ["secret", "token", "bearer"])
def test_a_wrong_proof_is_refused(sandbox: Sandbox, wrong: str) -> None:
    token, secret = credentials.X_USER_TOKENS[BRAND]
    if wrong == "bearer":
        with pytest.raises(tweepy.Unauthorized):
            client(sandbox, "no-token").get_user(id=BRAND)
        return
    made = client(
        sandbox,
        consumer_key=credentials.X_CONSUMER[0],
        consumer_secret=credentials.X_CONSUMER[1],
        access_token="other" if wrong == "token" else token,
        access_token_secret="other" if wrong == "secret" else secret,
    )
    with pytest.raises(tweepy.Unauthorized):
        made.get_user(id=BRAND, user_auth=True)


def test_a_spent_window_and_a_spent_month_are_both_429(
    sandbox: Sandbox, app: tweepy.Client
) -> None:
    sandbox.control.faults({"kind": "too_many_requests", "platform": "x", "retry_after": 30})
    with pytest.raises(tweepy.TooManyRequests) as caught:
        app.get_user(id=BRAND)
    headers = caught.value.response.headers
    assert headers["x-rate-limit-remaining"] == "0"
    assert 28 <= int(headers["x-rate-limit-reset"]) - time.time() <= 31
    sandbox.control.faults({"kind": "quota_spent", "platform": "x"})
    with pytest.raises(tweepy.TooManyRequests) as caught:
        app.get_user(id=BRAND)
    assert caught.value.response.headers["x-rate-limit-remaining"] == "39999"
    assert caught.value.response.json()["type"].endswith("/usage-capped")


def test_answers_tell_what_is_left_of_the_endpoint(sandbox: Sandbox) -> None:
    answer = requests.get(
        f"{sandbox.url}/api.x.com/2/users/{BRAND}/mentions",
        headers={"Authorization": f"Bearer {credentials.X_TOKEN}"},
        timeout=10,
    )
    assert answer.headers["x-rate-limit-limit"] == "450"
