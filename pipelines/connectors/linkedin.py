"""LinkedIn pages: what an organisation posted, how it was received, who follows, what was answered.

Belongs here: the streams and how each is read. Does not: what every LinkedIn API shares (`restli`),
or what is paid for (`linkedin_ads`): all figures here are organic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from typing_extensions import override

from pipelines.connectors.errors import Gone
from pipelines.connectors.health import Finding
from pipelines.connectors.read import HttpSource, Page
from pipelines.connectors.restli import Restli, encoded, instant, linkedin_api
from pipelines.connectors.stream import Account, Gaps, Stream, Window
from pipelines.lake.schema import Field, day, integer, json, number, schema, text, timestamp

DOCS = "https://learn.microsoft.com/en-us/linkedin/marketing/community-management/"
# LinkedIn closes its days in UTC.
ZONE = "UTC"

ORGANISATION = (text("organization_id", "Organisation.", "@account_id", required=True),)
STATISTICS = (
    integer("impressions", "Times on screen.", "impressionCount"),
    integer("unique_impressions", "Members who saw it; not additive.", "uniqueImpressionsCount"),
    integer("clicks", "Clicks.", "clickCount"),
    integer("likes", "Reactions; a day on which more were taken back is negative.", "likeCount"),
    integer("comments", "Comments.", "commentCount"),
    integer("shares", "Reposts.", "shareCount"),
    integer("share_mentions", "Mentions in reposts.", "shareMentionsCount"),
    integer("comment_mentions", "Mentions in comments.", "commentMentionsCount"),
    number("engagement", "What members did, over impressions; not additive.", "engagement"),
)


def _stream(
    name: str, description: str, *fields: Field, key: tuple[str, ...], page: str, **more: Any
) -> Stream:
    return Stream(
        source="linkedin",
        name=name,
        group="social",
        description=description,
        schema=schema(*ORGANISATION, *fields),
        key=key,
        mode="replace",
        zone=ZONE,
        url=DOCS + page,
        **more,
    )


STREAMS = (
    _stream(
        "posts",
        "Posts by the organisation.",
        text("id", "Post (URN).", required=True),
        text("author", "Author (URN)."),
        text("commentary", "Text."),
        text("lifecycle_state", "Whether it is published.", "lifecycleState"),
        text("visibility", "Who may see it."),
        json("content", "Media, article or poll that it carries."),
        json("reshare", "The post that it repeats.", "reshareContext"),
        json("distribution", "To whom it is shown.", "distribution"),
        timestamp("created_at", "When it was made (UTC).", "createdAt"),
        timestamp("published_at", "Publication (UTC).", "publishedAt", required=True),
        timestamp("changed_at", "Last change (UTC).", "lastModifiedAt"),
        key=("id",),
        page="shares/posts-api",
        day="published_at",
        lookback_days=28,
        slice_days=30,
    ),
    _stream(
        "post_counters",
        "What every post of the last year had gathered when the day closed.",
        text("id", "Post (URN).", required=True),
        timestamp("published_at", "Publication (UTC).", "publishedAt", required=True),
        *STATISTICS,
        key=("id",),
        page="organizations/share-statistics",
        snapshot=True,
    ),
    _stream(
        "share_statistics",
        "All posts of the organisation together, by day.",
        day("date", "Day, in UTC.", required=True),
        *STATISTICS,
        key=("date",),
        page="organizations/share-statistics",
        day="date",
        lookback_days=7,
        slice_days=90,
    ),
    _stream(
        "follower_gains",
        "New followers by day.",
        day("date", "Day, in UTC.", required=True),
        integer("organic", "Gained without advertising.", "organicFollowerGain"),
        integer("paid", "Gained by advertising.", "paidFollowerGain"),
        key=("date",),
        page="organizations/follower-statistics",
        day="date",
        lookback_days=7,
        slice_days=90,
    ),
    _stream(
        "followers",
        "How many follow the organisation.",
        integer("followers", "Followers.", "firstDegreeSize"),
        key=("organization_id",),
        page="organizations/organization-lookup-api",
        snapshot=True,
    ),
    _stream(
        "comments",
        "Comments under the organisation's posts, replies included.",
        text("id", "Comment (URN).", required=True),
        text("post_id", "Post under which it stands (URN).", required=True),
        text("parent_id", "Comment that it answers (URN).", "parentComment"),
        text("actor", "Author: a member or an organisation (URN)."),
        text("message", "Text.", "message.text"),
        timestamp("created_at", "When it was written (UTC).", "created.time", required=True),
        timestamp("changed_at", "Last change (UTC).", "lastModified.time"),
        integer("likes", "Reactions so far.", "likesSummary.aggregatedTotalLikes"),
        integer("replies", "Replies so far.", "commentsSummary.aggregatedTotalComments"),
        key=("id",),
        page="shares/comments-api",
        day="created_at",
        lookback_days=2,
        slice_days=30,
        # What a member wrote may be kept for two days, unless it is asked for again.
        ttl_days=2,
    ),
)

# What LinkedIn tells by day reaches back so far, and no further.
TOLD_DAYS = 365
# A counter of an older post hardly moves, and is not told either.
COUNTED_DAYS = 365
# Comments under older posts are too few to list every old post for.
ANSWERED_DAYS = 90
PAGE_SIZE = 100


class Linkedin(HttpSource, Gaps):
    """Organisations of the Community Management API, with one token for all of them."""

    name = "linkedin"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(self, api: Restli, organisations: Sequence[str], *, version: str) -> None:
        super().__init__(organisations, api.client.stats)
        self._clock = api.client.clock
        self._api = api
        self.api_version = version

    def health(self, account: Account) -> list[Finding]:
        """How the token is renewed, and the clock."""
        return self._api.health(f"organizations/{account.id}")

    @override
    def describe(self, account_id: str) -> Account:
        """The organisation with its name; its days are closed in UTC."""
        told = self._api.get(f"organizations/{account_id}")
        return Account(account_id, ZONE, name=told.get("localizedName", ""))

    @override
    def absent(self, stream: Stream, account: Account, window: Window) -> Mapping[date, str]:
        """The days of daily figures that lie before LinkedIn's twelve months."""
        if stream.name not in ("share_statistics", "follower_gains"):
            return {}
        first = self._clock.now().astimezone(UTC).date() - timedelta(days=TOLD_DAYS)
        reason = "LinkedIn tells the last twelve months only"
        return {day: reason for day in window.days if day < first}

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The records of one of the organisation's streams."""
        read: Callable[[Account, Window], Iterator[Page]] = {
            "posts": self._posts,
            "post_counters": self._post_counters,
            "share_statistics": self._share_statistics,
            "follower_gains": self._follower_gains,
            "followers": self._followers,
            "comments": self._comments,
        }[stream.name]
        return read(account, window)

    def _posts(self, account: Account, window: Window) -> Iterator[Page]:
        for posts in self._published(account, window.start, window.end):
            yield Page(posts)

    def _published(
        self, account: Account, since: datetime, until: datetime
    ) -> Iterator[list[dict[str, Any]]]:
        """The organisation's posts between two instants, newest first; older ones end the list.

        What has no instant is given too: quarantine is where it is seen.
        """
        pages = self._api.by_offset(
            "posts", PAGE_SIZE, q="author", author=_urn(account), sortBy="CREATED"
        )
        for posts in pages:
            yield [_post(post) for post in posts if _within(post.get("publishedAt"), since, until)]
            created = [post.get("createdAt") for post in posts]
            if created and all(_before(each, since) for each in created):
                return

    def _post_counters(self, account: Account, window: Window) -> Iterator[Page]:
        """Lifetime statistics, a page of posts a question; of a post without any, none is known."""
        since = window.end - timedelta(days=COUNTED_DAYS)
        for posts in self._published(account, since, window.end):
            told: dict[str, Any] = {}
            for kind, name in (("share", "shares"), ("ugcPost", "ugcPosts")):
                urns = [post["id"] for post in posts if f":{kind}:" in str(post["id"])]
                for element in self._statistics(account, **{name: urns}) if urns else ():
                    told[str(element.get(kind))] = element.get("totalShareStatistics") or {}
            yield Page(
                [
                    {"id": post["id"], "publishedAt": post["publishedAt"]}
                    | told.get(post["id"], {})
                    for post in posts
                ]
            )

    def _share_statistics(self, account: Account, window: Window) -> Iterator[Page]:
        elements = self._statistics(account, timeIntervals=_by_day(window))
        yield Page([_dated(each, "totalShareStatistics") for each in elements])

    def _statistics(self, account: Account, **asked: Any) -> list[dict[str, Any]]:
        return self._told("organizationalEntityShareStatistics", account, **asked)

    def _follower_gains(self, account: Account, window: Window) -> Iterator[Page]:
        elements = self._told(
            "organizationalEntityFollowerStatistics", account, timeIntervals=_by_day(window)
        )
        yield Page([_dated(each, "followerGains") for each in elements])

    def _told(self, resource: str, account: Account, **asked: Any) -> list[dict[str, Any]]:
        body = self._api.get(
            resource, q="organizationalEntity", organizationalEntity=_urn(account), **asked
        )
        elements: list[dict[str, Any]] = body.get("elements") or []
        return elements

    def _followers(self, account: Account, _: Window) -> Iterator[Page]:
        path = f"networkSizes/{encoded(_urn(account))}"
        yield Page([self._api.get(path, edgeType="COMPANY_FOLLOWED_BY_MEMBER")])

    def _comments(self, account: Account, window: Window) -> Iterator[Page]:
        """Comments of the window under the posts of the ninety days before its end."""
        since = window.end - timedelta(days=max(ANSWERED_DAYS, len(window.days)))
        for posts in self._published(account, since, window.end):
            for post in posts:
                try:
                    comments = list(self._answers(post["id"], post["id"]))
                except Gone:
                    note = f"comments of post {post['id']}, which vanished while it was read"
                    yield Page([], (note,))
                    continue
                inside = [
                    _comment(each)
                    for each in comments
                    if _within(_written(each), window.start, window.end)
                ]
                if inside:
                    yield Page(inside)

    def _answers(self, post: str, to: str) -> Iterator[dict[str, Any]]:
        """The comments on a post or on a comment, each followed by its replies."""
        for comments in self._api.by_offset(f"socialActions/{encoded(to)}/comments", PAGE_SIZE):
            for comment in comments:
                yield {**comment, "post_id": post}
                replies = comment.get("commentsSummary") or {}
                if to == post and replies.get("aggregatedTotalComments"):
                    yield from self._answers(post, str(comment["commentUrn"]))


def _urn(account: Account) -> str:
    return f"urn:li:organization:{account.id}"


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


def _by_day(window: Window) -> dict[str, Any]:
    """The window as LinkedIn asks for it: epoch milliseconds, the end excluded."""
    span = {"start": _milliseconds(window.start), "end": _milliseconds(window.end)}
    return {"timeRange": span, "timeGranularityType": "DAY"}


def _within(milliseconds: Any, since: datetime, until: datetime) -> bool:
    """Whether it lies in that half-open span; what is no instant is judged later."""
    if not isinstance(milliseconds, int):
        return True
    return _milliseconds(since) <= milliseconds < _milliseconds(until)


def _before(milliseconds: Any, since: datetime) -> bool:
    return isinstance(milliseconds, int) and milliseconds < _milliseconds(since)


def _post(post: Mapping[str, Any]) -> dict[str, Any]:
    """A post with instants that can be read."""
    instants = ("createdAt", "publishedAt", "lastModifiedAt")
    return {**post, **{name: instant(post[name]) for name in instants if name in post}}


def _dated(element: Mapping[str, Any], figures: str) -> dict[str, Any]:
    """A day's figures under the day that their span begins."""
    start = instant((element.get("timeRange") or {}).get("start"))
    return {**(element.get(figures) or {}), "date": start[:10] if isinstance(start, str) else start}


def _written(comment: Mapping[str, Any]) -> Any:
    return (comment.get("created") or {}).get("time")


def _comment(comment: Mapping[str, Any]) -> dict[str, Any]:
    """A comment by its URN, with instants that can be read, and nothing said twice."""
    kept = {name: value for name, value in comment.items() if name not in SAID}
    kept["id"] = comment.get("commentUrn")
    for name in ("created", "lastModified"):
        stamp = comment.get(name) or {}
        kept[name] = {"time": instant(stamp.get("time"))}
        if stamp.get("actor") != comment.get("actor"):
            kept[name]["actor"] = stamp.get("actor")
    return kept


# The URN holds the number and the thread; the thread is known by its post.
SAID = frozenset({"commentUrn", "object", "$URN"})


def linkedin(organisations: Sequence[str], *, version: str, **api: Any) -> Linkedin:
    """The source; what else is given reaches `restli.linkedin_api`."""
    asking = linkedin_api("linkedin", "LINKEDIN_", version=version, **api)
    return Linkedin(asking, organisations, version=version)
