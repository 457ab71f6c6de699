"""X: what the company's accounts posted, how it was received, and what is said of the company.

Belongs here: the streams of API v2 and how each is read. Does not: advertising (`x_ads`), what both
share (`x_platform`).

Counters are cumulative, so that each day's are a snapshot. An edited post gets a new id: those that
it had are in `edit_history`. Reposts are left out: their counters are those of another's post.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from typing_extensions import override

from pipelines.connectors import health
from pipelines.connectors.health import Finding, State
from pipelines.connectors.http import Client, Request, Token
from pipelines.connectors.oauth1 import Keys, OAuth1
from pipelines.connectors.read import HttpSource, Page, bisected, follow
from pipelines.connectors.stream import Account, Stream, Window
from pipelines.connectors.x_platform import x_platform
from pipelines.lake.schema import Field, day, integer, json, schema, text, timestamp

DOCS = "https://docs.x.com/x-api/"
# The account under which what is searched for lands: it belongs to none of the company's.
SEARCH = "search"

ACCOUNT = text("account_id", "Account of the company.", "@account_id", required=True)
POST = (
    text("id", "Post.", required=True),
    timestamp("created_at", "Publication (UTC).", required=True),
    text("author_id", "Author."),
    text("text", "Text; of a long post, its beginning."),
    text("note_text", "Whole text of a long post.", "note_tweet.text"),
    text("lang", "Language, as X guesses it (BCP 47)."),
    text("conversation_id", "Post with which the conversation began."),
    text("in_reply_to_user_id", "Author of the post that it answers."),
    json("referenced_tweets", "Posts that it answers, quotes or reposts: type and id of each."),
    json("edit_history", "Ids of its versions, oldest first.", "edit_history_tweet_ids"),
)
PUBLIC = (
    integer("retweet_count", "Reposts so far.", "public_metrics.retweet_count"),
    integer("reply_count", "Replies so far.", "public_metrics.reply_count"),
    integer("like_count", "Likes so far.", "public_metrics.like_count"),
    integer("quote_count", "Quotes so far.", "public_metrics.quote_count"),
    integer("bookmark_count", "Bookmarks so far.", "public_metrics.bookmark_count"),
    integer("impression_count", "Impressions so far.", "public_metrics.impression_count"),
)
AUTHOR = (
    text("author_name", "Name of the author.", "author.name"),
    text("author_username", "Handle of the author, without @.", "author.username"),
    integer(
        "author_followers", "Followers of the author.", "author.public_metrics.followers_count"
    ),
)
ONLY_RECENT = "NULL for posts older than 30 days, and without the account's own keys."


def _private(group: str, *names: str) -> tuple[Field, ...]:
    return tuple(
        integer(
            f"{group}_{name}",
            f"{name.replace('_', ' ').capitalize()} so far ({group} metrics). {ONLY_RECENT}",
            f"{group}_metrics.{name}",
        )
        for name in names
    )


NON_PUBLIC = _private(
    "non_public", "impression_count", "engagements", "url_link_clicks", "user_profile_clicks"
)
ORGANIC = _private(
    "organic",
    "impression_count",
    "like_count",
    "reply_count",
    "retweet_count",
    "url_link_clicks",
    "user_profile_clicks",
)
# What only the account itself may see, and only of posts of the last thirty days.
PRIVATE = ("non_public_metrics", "organic_metrics")
PRIVATE_AGE = timedelta(days=30) - timedelta(hours=1)

# Private persons' words are kept for a year; X asks for their removal within a day only by name.
TTL_DAYS = 365
LOOKBACK_DAYS = 6

STREAMS = (
    Stream(
        source="x",
        name="posts",
        group="social",
        description="Posts and replies of the company's accounts, reposts left out.",
        schema=schema(
            ACCOUNT,
            *POST,
            json("entities", "Links, hashtags and mentions in the text."),
            json("media", "Attached media: type, and length of videos in milliseconds."),
            *PUBLIC,
        ),
        key=("id",),
        mode="replace",
        day="created_at",
        zone="UTC",
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        url=DOCS + "posts/timelines/introduction",
    ),
    Stream(
        source="x",
        name="post_counters",
        group="social",
        description="What every post of the last year had gathered when the day closed.",
        schema=schema(
            ACCOUNT,
            text("id", "Post.", required=True),
            timestamp("created_at", "Publication (UTC).", required=True),
            *PUBLIC,
            integer("video_views", "Views of its videos so far; NULL without one."),
            *NON_PUBLIC,
            *ORGANIC,
        ),
        key=("id",),
        mode="replace",
        snapshot=True,
        zone="UTC",
        url=DOCS + "fundamentals/metrics",
    ),
    Stream(
        source="x",
        name="mentions",
        group="social",
        description="Posts by others that address one of the company's accounts.",
        schema=schema(ACCOUNT, *POST, *AUTHOR, *PUBLIC),
        key=("id",),
        mode="replace",
        day="created_at",
        zone="UTC",
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        ttl_days=TTL_DAYS,
        url=DOCS + "posts/timelines/introduction",
    ),
    Stream(
        source="x",
        name="search",
        group="social",
        description="Posts of everybody that match the configured queries.",
        schema=schema(
            ACCOUNT,
            text("query", "Query that it matches.", required=True),
            *POST,
            *AUTHOR,
            *PUBLIC,
        ),
        key=("query", "id"),
        mode="replace",
        day="created_at",
        zone="UTC",
        lookback_days=LOOKBACK_DAYS,
        slice_days=7,
        ttl_days=TTL_DAYS,
        url=DOCS + "posts/search/introduction",
    ),
    Stream(
        source="x",
        name="counts_daily",
        group="social",
        description="How many posts match each of the configured queries, by day.",
        schema=schema(
            ACCOUNT,
            text("query", "Query.", required=True),
            day("date", "Day (UTC).", required=True),
            integer("tweet_count", "Posts that match it."),
        ),
        key=("query", "date"),
        mode="replace",
        day="date",
        zone="UTC",
        lookback_days=LOOKBACK_DAYS,
        slice_days=7,
        totals=("tweet_count",),
        url=DOCS + "posts/counts/introduction",
    ),
    Stream(
        source="x",
        name="accounts",
        group="social",
        description="The account and its counters when the day closed.",
        schema=schema(
            ACCOUNT,
            text("username", "Handle, without @."),
            text("name", "Name shown."),
            integer("followers_count", "Followers.", "public_metrics.followers_count"),
            integer(
                "following_count", "Accounts that it follows.", "public_metrics.following_count"
            ),
            integer("tweet_count", "Posts, reposts included.", "public_metrics.tweet_count"),
            integer("listed_count", "Lists that it is on.", "public_metrics.listed_count"),
        ),
        key=("account_id",),
        mode="replace",
        snapshot=True,
        zone="UTC",
        url=DOCS + "users/lookup/introduction",
    ),
)
OF_SEARCH = ("search", "counts_daily")
OF_ACCOUNTS = tuple(stream.name for stream in STREAMS if stream.name not in OF_SEARCH)

# A counter of an older post hardly moves.
COUNTED_DAYS = 365
PAGE_SIZE = 100
SMALLEST_PAGE = 10
FEWEST = 5
# Search reaches back so far, and ends a little before now.
SEARCHED = timedelta(days=7)
INDEXING = timedelta(seconds=30)
FIELDS = (
    "created_at,author_id,lang,conversation_id,in_reply_to_user_id,referenced_tweets,"
    "edit_history_tweet_ids,note_tweet,public_metrics"
)
USER_FIELDS = "name,username,public_metrics"


@dataclass(frozen=True)
class Timeline:
    """A list of an account's posts; X lists the newest `depth`, whatever days are asked for."""

    edge: str
    depth: int
    what: str


OWN = Timeline("tweets", 3200, "posts of an account")
MENTIONS = Timeline("mentions", 800, "mentions of an account")


class Tokens:
    """X's paging: the token is always told as `next_token`, and asked for under another name.

    A page may be short, or empty, and go on all the same.
    """

    def __init__(self, parameter: str) -> None:
        self._parameter = parameter

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the next page."""
        token = (body.get("meta") or {}).get("next_token")
        return request.with_params(**{self._parameter: token}) if token else None

    def smaller(self, request: Request) -> Request | None:
        """The request with half the page size."""
        size = int(request.params.get("max_results", 0)) // 2
        return request.with_params(max_results=size) if size >= SMALLEST_PAGE else None


class X(HttpSource):
    """API v2 with an app's token, and the keys of those accounts whose private metrics are read."""

    name = "x"
    streams: tuple[Stream, ...] = STREAMS
    # What one window learns of a timeline's depth spares the next one the question.
    readers = 1

    def __init__(
        self,
        client: Client,
        accounts: Sequence[str],
        *,
        queries: Sequence[str] = (),
        keys: Mapping[str, Keys] | None = None,
        base_url: str,
        version: str,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__([*accounts, *([SEARCH] if queries else [])], client.stats)
        self._client = client
        self._queries = tuple(queries)
        self._own = {
            account: client.with_token(OAuth1(each, client.clock))
            for account, each in (keys or {}).items()
        }
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._now = now or client.clock.now
        # Since when each timeline is known to be told whole.
        self._whole_since: dict[tuple[str, str], datetime] = {}
        self._refused: dict[str, tuple[str, ...]] = {}
        # How many posts each account has, as its description told.
        self._posted: dict[str, int] = {}
        self.api_version = version

    @override
    def describe(self, account_id: str) -> Account:
        """The account with its handle. X closes its days in UTC."""
        if account_id == SEARCH:
            return Account(SEARCH, name=f"{len(self._queries)} queries", streams=OF_SEARCH)
        told = self._user(account_id, "username,public_metrics")
        posted = (told.get("public_metrics") or {}).get("tweet_count")
        if posted is not None:
            self._posted[account_id] = posted
        return Account(account_id, name=told["username"], streams=OF_ACCOUNTS)

    def health(self, account: Account) -> list[Finding]:
        """The clock, what is left of the month's posts, and whose keys the account's are."""
        answer = self._client.send(Request(f"{self._root}/usage/tweets"))
        told = answer.body["data"]
        cap, used = int(told["project_cap"]), int(told["project_usage"])
        until = f"day {told['cap_reset_day']} of the month"
        return [
            health.clock(answer.headers, self._client.clock.now()),
            health.quota("posts of the month", cap - used, cap, until),
            *self._key_health(account),
        ]

    def _key_health(self, account: Account) -> list[Finding]:
        if account.id not in self._own:
            return []
        found = self._own[account.id].get(f"{self._root}/users/me")["data"]["id"]
        if found == account.id:
            return [Finding("keys", State.OK, "are the account's own")]
        told = f"are those of account {found}"
        return [Finding("keys", State.BAD, told, "Mend X_API_USER_TOKENS: account:token:secret.")]

    def absent(self, stream: Stream, account: Account, window: Window) -> Mapping[date, str]:
        """Of days that began more than a week ago, search tells nothing or not all."""
        if stream.name not in OF_SEARCH or account.id != SEARCH:
            return {}
        return dict.fromkeys(self._too_early(window), "X searches only the last seven days")

    def _too_early(self, window: Window) -> list[date]:
        reach = self._now() - SEARCHED
        return [day for day in window.days if replace(window, first=day).start < reach]

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The records of one of the streams."""
        read: Callable[[Account, Window], Iterator[Page]] = {
            "posts": self._posts,
            "post_counters": self._post_counters,
            "mentions": self._mentions,
            "search": self._search,
            "counts_daily": self._counts,
            "accounts": self._account,
        }[stream.name]
        return read(account, window)

    def _account(self, account: Account, _: Window) -> Iterator[Page]:
        told = self._user(account.id, "username,name,public_metrics")
        yield Page([{name: value for name, value in told.items() if name != "id"}])

    def _user(self, account_id: str, fields: str) -> dict[str, Any]:
        body = self._client.get(f"{self._root}/users/{account_id}", **{"user.fields": fields})
        data: dict[str, Any] = body["data"]
        return data

    def _posts(self, account: Account, window: Window) -> Iterator[Page]:
        asked = {**_media("type,duration_ms"), "exclude": "retweets"}
        asked["tweet.fields"] = f"{FIELDS},entities,attachments"
        for body in self._timeline(OWN, account, window.start, window.end, asked):
            yield Page([_with_media(record, body) for record in body.get("data", ())])
        yield from self._cut_off(OWN, account, window.start)

    def _mentions(self, account: Account, window: Window) -> Iterator[Page]:
        asked = {"tweet.fields": FIELDS, "expansions": "author_id", "user.fields": USER_FIELDS}
        listed = 0
        for body in self._timeline(MENTIONS, account, window.start, window.end, asked):
            listed += len(body.get("data", ()))
            yield Page(_with_author(body))
        yield from self._cut_off(MENTIONS, account, window.start, listed, window.end)

    def _post_counters(self, account: Account, window: Window) -> Iterator[Page]:
        """Public counters of a year; of the last month, also what only the account may see."""
        since = window.end - timedelta(days=COUNTED_DAYS)
        asked = {**_media("public_metrics"), "exclude": "retweets"}
        asked["tweet.fields"] = "created_at,public_metrics,attachments"
        recent = window.end
        missing: tuple[str, ...] = ()
        if account.id in self._own:
            recent = max(since, self._now() - PRIVATE_AGE)
            served, missing = self._served(account, recent)
            private = {**asked, "tweet.fields": ",".join((asked["tweet.fields"], *served))}
            yield from self._counted(account, recent, window.end, private, missing, own=True)
        yield from self._counted(account, since, recent, asked, missing)
        yield from self._cut_off(OWN, account, since)

    def _counted(
        self,
        account: Account,
        start: datetime,
        end: datetime,
        asked: Mapping[str, str],
        missing: tuple[str, ...],
        *,
        own: bool = False,
    ) -> Iterator[Page]:
        for body in self._timeline(OWN, account, start, end, asked, own=own):
            yield Page([_with_views(record, body) for record in body.get("data", ())], missing)

    def _served(self, account: Account, since: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The groups of private metrics that X serves this account, and a word on the others."""
        if account.id not in self._refused:

            def ask(groups: Sequence[str]) -> None:
                fields: dict[str, str | int] = {
                    "tweet.fields": ",".join(groups),
                    "max_results": FEWEST,
                }
                request = self._request(OWN, account, since, None, fields)
                self._own[account.id].send(request)

            self._refused[account.id] = bisected(PRIVATE, ask)[1]
        refused = self._refused[account.id]
        served = tuple(group for group in PRIVATE if group not in refused)
        return served, tuple(f"X does not serve {group}" for group in refused)

    def _search(self, _: Account, window: Window) -> Iterator[Page]:
        for query in self._queries:
            asked: dict[str, str | int] = {
                "query": query,
                "max_results": PAGE_SIZE,
                "tweet.fields": FIELDS,
                "expansions": "author_id",
                "user.fields": USER_FIELDS,
            }
            for body in self._recent("search", window, asked):
                yield Page([{**record, "query": query} for record in _with_author(body)])

    def _counts(self, _: Account, window: Window) -> Iterator[Page]:
        for query in self._queries:
            asked = {"query": query, "granularity": "day"}
            for body in self._recent("counts", window, asked):
                yield Page(
                    [
                        {
                            "query": query,
                            "date": each["start"][:10],
                            "tweet_count": each["tweet_count"],
                        }
                        for each in body.get("data", ())
                    ]
                )

    def _recent(self, what: str, window: Window, asked: Mapping[str, str | int]) -> Iterator[Any]:
        """The pages of a search, over those days that it tells."""
        days = [day for day in window.days if day not in self._too_early(window)]
        end = min(window.end, self._now() - INDEXING)
        if not days or end <= (start := replace(window, first=days[0]).start):
            return
        span = {"start_time": _instant(start), "end_time": _instant(end)}
        request = Request(f"{self._root}/tweets/{what}/recent", {**asked, **span})
        yield from follow(self._client, request, Tokens("next_token"))

    def _timeline(
        self,
        timeline: Timeline,
        account: Account,
        start: datetime,
        end: datetime,
        asked: Mapping[str, str | int],
        *,
        own: bool = False,
    ) -> Iterator[Any]:
        """A timeline's pages; `own` asks with the account's own keys."""
        end = min(end, self._now())
        if end <= start:
            return
        request = self._request(timeline, account, start, end, asked)
        client = self._own[account.id] if own else self._client
        yield from follow(client, request, Tokens("pagination_token"))

    def _request(
        self,
        timeline: Timeline,
        account: Account,
        start: datetime | None,
        end: datetime | None,
        asked: Mapping[str, str | int],
    ) -> Request:
        span = {"start_time": start, "end_time": end}
        told = {name: _instant(moment) for name, moment in span.items() if moment}
        url = f"{self._root}/users/{account.id}/{timeline.edge}"
        return Request(url, {"max_results": PAGE_SIZE, **asked, **told})

    def _cut_off(
        self,
        timeline: Timeline,
        account: Account,
        start: datetime,
        listed: int = 0,
        until: datetime | None = None,
    ) -> Iterator[Page]:
        """A page that says so, where the timeline's depth ends after `start`.

        `listed` is how many it is known to list from then `until`.
        """
        key = (account.id, timeline.edge)
        if start < self._whole_since.get(key, datetime.max.replace(tzinfo=start.tzinfo)):
            if not self._reaches(timeline, account, start, listed, until or start):
                yield Page([], (f"X lists only the newest {timeline.depth:,} {timeline.what}",))
                return
            self._whole_since[key] = start

    def _reaches(
        self, timeline: Timeline, account: Account, start: datetime, listed: int, until: datetime
    ) -> bool:
        """Whether all since `start` is listed: something older is too, or there is room for it.

        An account's description tells how many posts it has, but not how many mentions.
        """
        if timeline is OWN and self._posted.get(account.id, OWN.depth) < OWN.depth:
            return True
        older = self._request(timeline, account, None, start, {"max_results": FEWEST})
        if self._client.send(older).body.get("data"):
            return True
        if until < self._now():
            since = self._request(timeline, account, until, None, {})
            pages = follow(self._client, since, Tokens("pagination_token"))
            listed += sum(len(body.get("data", ())) for body in pages)
        return listed < timeline.depth


def _media(fields: str) -> dict[str, str]:
    return {"expansions": "attachments.media_keys", "media.fields": fields}


def _attached(record: Mapping[str, Any], body: Mapping[str, Any]) -> list[Any]:
    known = {each["media_key"]: each for each in body.get("includes", {}).get("media", ())}
    keys = (record.get("attachments") or {}).get("media_keys", ())
    return [known[key] for key in keys if key in known]


def _with_media(record: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """The record with its media in place of their keys."""
    media = _attached(record, body)
    rest = {name: value for name, value in record.items() if name != "attachments"}
    return {**rest, "media": media} if media else rest


def _with_views(record: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """The record's counters, with the views of its videos."""
    counts = (each.get("public_metrics") or {} for each in _attached(record, body))
    views = [each["view_count"] for each in counts if "view_count" in each]
    rest = {
        name: value
        for name, value in record.items()
        if name not in ("attachments", "text", "edit_history_tweet_ids")
    }
    return {**rest, "video_views": sum(views)} if views else rest


def _with_author(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The records with what is told of their authors: of one who is suspended, nothing."""
    known = {each["id"]: each for each in body.get("includes", {}).get("users", ())}
    return [
        {**record, "author": _told(known[record["author_id"]])}
        if record.get("author_id") in known
        else record
        for record in body.get("data", ())
    ]


def _told(user: Mapping[str, Any]) -> dict[str, Any]:
    """Of an author, what the schema has: the rest is not asked for, but comes."""
    followers = (user.get("public_metrics") or {}).get("followers_count")
    return {
        "name": user.get("name"),
        "username": user.get("username"),
        "public_metrics": {"followers_count": followers},
    }


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def x(
    bearer_token: str,
    accounts: Iterable[str],
    *,
    queries: Iterable[str] = (),
    keys: Mapping[str, Keys] | None = None,
    base_url: str,
    version: str,
    now: Callable[[], datetime] | None = None,
    **client: Any,
) -> X:
    """The source with an app's token.

    `keys` are those of accounts whose private metrics are read, `now` the instant by which the last
    days are reckoned; `client` reaches the HTTP client.
    """
    remedy = "Put a new token into X_API_BEARER_TOKEN, and keys into X_API_USER_TOKENS."
    asking = Client(x_platform("x", remedy), Token.fixed(bearer_token), **client)
    return X(
        asking,
        tuple(accounts),
        queries=tuple(queries),
        keys=keys,
        base_url=base_url,
        version=version,
        now=now,
    )
