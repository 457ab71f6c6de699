"""Instagram: what a business account posted, how it was received, answered, and by whom followed;
media of others in which it is tagged.

Belongs here: the streams, their metrics by kind of media, and how each is read. Does not: what all
of Graph shares (`meta_graph`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from typing_extensions import override

from pipelines.connectors import meta_graph
from pipelines.connectors.errors import Decision, Gone, Rule
from pipelines.connectors.health import Finding
from pipelines.connectors.http import Client, Token
from pipelines.connectors.meta_graph import (
    INSIGHTS_ZONE,
    Graph,
    account_health,
    daily_values,
    epoch,
    field_list,
    graph_platform,
    instant,
    tidy,
)
from pipelines.connectors.read import HttpSource, Page, Served
from pipelines.connectors.stream import Account, Stream, Window
from pipelines.lake.schema import boolean, day, integer, json, schema, text, timestamp

SETTING = "INSTAGRAM_ACCESS_TOKEN"
PERMISSIONS = (
    "instagram_basic",
    "instagram_manage_insights",
    "instagram_manage_comments",
    "pages_read_engagement",
)
DOCS = "https://developers.facebook.com/docs/instagram-platform/reference/"

ACCOUNT = (text("account_id", "Business account.", "@account_id", required=True),)
MEDIA = (
    text("id", "Media.", required=True),
    text("media_type", "IMAGE, VIDEO or CAROUSEL_ALBUM."),
    text("media_product_type", "FEED, REELS, STORY or AD."),
    text("caption", "Text."),
    text("permalink", "Address of the media."),
    timestamp("timestamp", "Publication (UTC).", required=True),
    integer("like_count", "Likes so far; NULL where the account hides them."),
    integer("comments_count", "Comments and replies so far."),
)
INSIGHTS = json(
    "insights", "Insights so far, by metric; NULL where Instagram tells none of this media."
)

STREAMS = (
    Stream(
        source="instagram",
        name="accounts",
        group="social",
        description="The account and its counters when the day closed.",
        schema=schema(
            *ACCOUNT,
            text("username", "Name by which it is addressed, without @."),
            text("name", "Name shown."),
            integer("followers_count", "Followers."),
            integer("follows_count", "Accounts that it follows."),
            integer("media_count", "Media on its profile."),
        ),
        key=("account_id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "ig-user/",
    ),
    Stream(
        source="instagram",
        name="media",
        group="social",
        description="Every media of the account, and what it had gathered when the day closed.",
        schema=schema(
            *ACCOUNT,
            *MEDIA,
            json("children", "What an album holds, as a list.", "children.data"),
            INSIGHTS,
        ),
        key=("id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "ig-media/",
    ),
    Stream(
        source="instagram",
        name="stories",
        group="social",
        description="Stories, each as it was last seen before it was gone.",
        schema=schema(*ACCOUNT, *MEDIA, INSIGHTS),
        key=("id",),
        # A story that is gone must stay, and of one that is still there the last reading counts:
        # among equal versions that is the newer one.
        mode="merge",
        version="timestamp",
        snapshot=True,
        reads_per_day=6,
        url=DOCS + "ig-user/stories/",
    ),
    Stream(
        source="instagram",
        name="comments",
        group="social",
        description="Comments under the account's media, replies included.",
        schema=schema(
            *ACCOUNT,
            text("id", "Comment.", required=True),
            text("media_id", "Media under which it stands.", required=True),
            text("parent_id", "Comment that it answers."),
            text("author_id", "Author; NULL where Instagram does not tell.", "from.id"),
            text("username", "Author's name, without @."),
            text("text", "Text."),
            timestamp("timestamp", "When it was written (UTC).", required=True),
            integer("like_count", "Likes so far."),
            boolean("hidden", "Hidden by the account."),
        ),
        key=("id",),
        mode="replace",
        day="timestamp",
        ttl_days=365,
        lookback_days=28,
        slice_days=30,
        url=DOCS + "ig-comment/",
    ),
    Stream(
        source="instagram",
        name="tags",
        group="social",
        description="Public media of others in which the account is tagged.",
        schema=schema(
            *ACCOUNT,
            text("id", "Media.", required=True),
            text("username", "Author's name, without @."),
            text("caption", "Text."),
            text("media_type", "IMAGE, VIDEO or CAROUSEL_ALBUM."),
            text("permalink", "Address of the media."),
            timestamp("timestamp", "Publication (UTC).", required=True),
            integer("like_count", "Likes so far; NULL where the author hides them."),
            integer("comments_count", "Comments and replies so far."),
        ),
        key=("id",),
        mode="replace",
        day="timestamp",
        ttl_days=365,
        lookback_days=28,
        slice_days=30,
        url=DOCS + "ig-user/tags/",
    ),
    Stream(
        source="instagram",
        name="account_insights",
        group="social",
        description="Daily insights of the account.",
        schema=schema(
            *ACCOUNT,
            text("metric", "Name of the metric.", required=True),
            day("date", "Day, in California, that the value covers.", required=True),
            json("value", "The value: a number, or an object of numbers."),
        ),
        key=("metric", "date"),
        mode="replace",
        day="date",
        zone=INSIGHTS_ZONE,
        lookback_days=7,
        # Instagram tells no more than thirty days at once.
        slice_days=30,
        url=DOCS + "ig-user/insights/",
    ),
    Stream(
        source="instagram",
        name="follower_demographics",
        group="social",
        description="Followers by city, country, and age and gender, when the day closed.",
        schema=schema(
            *ACCOUNT,
            text("breakdown", "By what: city, country, or age,gender.", required=True),
            text("dimension", "Which: Jakarta, ID, or 25-34,F.", required=True),
            integer("followers", "Followers; only the largest 45 groups are told."),
        ),
        key=("breakdown", "dimension"),
        mode="replace",
        snapshot=True,
        url=DOCS + "ig-user/insights/",
    ),
)

# What each kind of media can be asked for, by product and, in the feed, by type.
WATCHED = ("views", "reach", "saved", "shares")
MEDIA_METRICS: Mapping[str, tuple[str, ...]] = {
    "REELS": (
        *WATCHED,
        "likes",
        "comments",
        "ig_reels_avg_watch_time",
        "ig_reels_video_view_total_time",
    ),
    "VIDEO": ("reach", "saved"),
    "CAROUSEL_ALBUM": (*WATCHED, "follows", "profile_visits"),
    "STORY": (
        "views",
        "reach",
        "replies",
        "follows",
        "profile_visits",
        "shares",
        "total_interactions",
    ),
    "IMAGE": (*WATCHED, "likes", "comments", "follows", "profile_visits"),
}
# One value a day in one answer; and one value for the whole span that is asked for.
SERIES = ("reach", "follower_count")
TOTALS = ("views", "profile_views", "total_interactions")
BREAKDOWNS = ("city", "country", "age,gender")

SCOPES = (
    f"Give the token the permissions {', '.join(PERMISSIONS)}, and its user a role on the "
    "account's page."
)
# What Instagram refuses beside what all of Graph does. Most of it concerns one media only.
RULES = (
    Rule(
        Decision.DROP,
        "a metric is not served for this kind of media",
        code=("100",),
        says="does not support",
    ),
    Rule(Decision.SKIP, "only the last days are told", code=("100",), says="last 30 days"),
    Rule(Decision.SKIP, "too few people for figures", code=("10",), says="not enough"),
    Rule(
        Decision.SKIP,
        "the token may not read it",
        code=("10",),
        says="does not have permission",
        remedy=SCOPES,
    ),
    *meta_graph.RULES,
)

# Insights of older media hardly move, and are no longer worth a request each.
COUNTED_DAYS = 365
# Comments under older media are too few to list every old media for.
ANSWERED_DAYS = 90
COMMENTS_PER_PAGE = 1000
PAGE_SIZE = 100
REPLIES = 50
COMMENT_FIELDS = "id,text,timestamp,username,from{id},like_count,hidden"


@dataclass
class Told:
    """Whether any media told insights, and why one did not.

    Of a single one there may be none: it was posted before the account was a business's, too few
    people saw it. Where there are none of any, something else is wrong.
    """

    any: bool = False
    refused: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """A sentence where all were refused."""
        wrong = self.refused and not self.any
        return (f"insights of all media: {self.refused}",) if wrong else ()


class Instagram(HttpSource):
    """Business accounts of the Graph API."""

    name = "instagram"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(
        self, client: Client, token: str, accounts: Sequence[str], *, base_url: str, version: str
    ) -> None:
        super().__init__(accounts, client.stats)
        self._token = token
        self._graph = Graph(client, f"{base_url.rstrip('/')}/{version}")
        self._served = Served()
        self.api_version = version

    def health(self, account: Account) -> list[Finding]:
        """The token's end and permissions, the clock, and how much of the limits is used."""
        return account_health(self._graph, account.id, self._token, PERMISSIONS, SETTING)

    @override
    def describe(self, account_id: str) -> Account:
        """The account with its name. Accounts have no time zone: their days are taken in UTC."""
        told = self._graph.get(account_id, fields="username")
        return Account(account_id, name=told.get("username", ""))

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The records of one of the account's streams."""
        read: Callable[[Stream, Account, Window], Iterator[Page]] = {
            "accounts": self._account,
            "media": self._media,
            "stories": self._stories,
            "comments": self._comments,
            "tags": self._tags,
            "account_insights": self._account_insights,
            "follower_demographics": self._demographics,
        }[stream.name]
        return read(stream, account, window)

    def _account(self, stream: Stream, account: Account, _: Window) -> Iterator[Page]:
        told = self._graph.get(account.id, fields=field_list(stream.schema, {}))
        yield Page([{name: value for name, value in told.items() if name != "id"}])

    # --- media and stories

    def _media(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """All media: none of their changes can be asked for apart."""
        since = window.end - timedelta(days=COUNTED_DAYS)
        fields = field_list(stream.schema, {"children": "children{id,media_type}"}, ["insights"])
        told = Told()
        for media in self._listed(account, fields):
            shown = [each for each in media if _before(each, window.end, unknown=True)]
            yield self._with_insights(shown, since, told)
        yield Page([], told.missing)

    def _stories(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The stories that live now, whichever of the last two days they are of."""
        fields = field_list(stream.schema, {}, ["insights"])
        told = Told()
        for stories in self._graph.lists(f"{account.id}/stories", fields=fields, limit=PAGE_SIZE):
            yield self._with_insights(stories, window.start, told)
        yield Page([], told.missing)

    def _listed(self, account: Account, fields: str) -> Iterator[list[dict[str, Any]]]:
        """The account's media, the newest first."""
        return self._graph.lists(f"{account.id}/media", fields=fields, limit=PAGE_SIZE)

    def _with_insights(self, media: Sequence[dict[str, Any]], since: datetime, told: Told) -> Page:
        """The media with the insights of those that are not too old."""
        asked = [each for each in media if not _before(each, since, unknown=False)]
        insights: dict[str, dict[str, Any]] = {}
        for each in asked:
            try:
                insights[each["id"]] = self._insights(each)
                told.any = True
            except Gone as error:
                told.refused = error.reason
        kinds = sorted({_kind(each) for each in asked})
        records = [{**tidy(each), "insights": insights.get(each["id"])} for each in media]
        return Page(records, self._served.notes(*kinds))

    def _insights(self, media: Mapping[str, Any]) -> dict[str, Any]:
        """The media's lifetime figures by metric."""

        def ask(metrics: Sequence[str]) -> list[dict[str, Any]]:
            body = self._graph.get(f"{media['id']}/insights", metric=",".join(metrics))
            found: list[dict[str, Any]] = body.get("data", [])
            return found

        kind = _kind(media)
        groups = self._served.ask(kind, MEDIA_METRICS[kind], ask)
        return {insight["name"]: value_of(insight) for group in groups for insight in group}

    # --- comments

    def _comments(self, _: Stream, account: Account, window: Window) -> Iterator[Page]:
        """Comments of the window under the media of the ninety days before its end."""
        gathered: list[dict[str, Any]] = []
        missing: list[str] = []
        for media in self._answered(account, window):
            try:
                found = list(self._thread(media))
            except Gone:
                missing.append(f"comments of media {media}, which vanished while it was read")
                continue
            gathered += [each for each in found if _within(each, window)]
            if len(gathered) >= COMMENTS_PER_PAGE:
                yield Page(gathered)
                gathered = []
        yield Page(gathered, tuple(missing))

    def _answered(self, account: Account, window: Window) -> Iterator[str]:
        """The media that have comments at all."""
        since = window.end - timedelta(days=max(ANSWERED_DAYS, len(window.days)))
        for media in self._listed(account, "id,timestamp,comments_count"):
            for each in media:
                if each.get("comments_count") and not _before(each, since, unknown=False):
                    yield each["id"]
            if media and _before(media[-1], since, unknown=False):
                return

    def _thread(self, media: str) -> Iterator[dict[str, Any]]:
        """The media's comments, each followed by its replies."""
        fields = f"{COMMENT_FIELDS},replies.limit({REPLIES}){{{COMMENT_FIELDS}}}"
        for comments in self._graph.lists(f"{media}/comments", fields=fields, limit=REPLIES):
            for comment in comments:
                replies = comment.pop("replies", {})
                yield {**comment, "media_id": media}
                answers = replies.get("data", [])
                if replies.get("paging", {}).get("next"):
                    answers = self._replies(comment["id"])
                for answer in answers:
                    yield {**answer, "media_id": media, "parent_id": comment["id"]}

    def _replies(self, comment: str) -> Iterator[dict[str, Any]]:
        """All replies to a comment that has more of them than come with it."""
        edge = self._graph.lists(f"{comment}/replies", fields=COMMENT_FIELDS, limit=REPLIES)
        return (reply for replies in edge for reply in replies)

    # --- media of others

    def _tags(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The window's media. Instagram takes no time: a page of older media only ends the list."""
        fields = field_list(stream.schema, {})
        edge = self._graph.lists(f"{account.id}/tags", fields=fields, limit=PAGE_SIZE)
        for media in edge:
            yield Page([tidy(each) for each in media if _within(each, window)])
            if media and all(_before(each, window.start, unknown=False) for each in media):
                return

    # --- the account

    def _account_insights(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """Series of days in one answer a metric; totals, which have no days, day by day."""
        place = stream.name
        rows: list[dict[str, Any]] = []
        for metric in SERIES:
            for insights in self._series(place, account, metric, window):
                rows += [row for insight in insights for row in daily_values(insight)]
        for one_day in window.slices(1):
            date = one_day.first.isoformat()
            for insights in self._asked(place, account, TOTALS, one_day, "total_value"):
                rows += [
                    {"metric": insight["name"], "date": date, "value": value_of(insight)}
                    for insight in insights
                ]
        inside = {None, *(day.isoformat() for day in window.days)}
        told = [_without_period(row) for row in rows if row.get("date") in inside]
        yield Page(told, self._served.notes(place))

    def _series(
        self, place: str, account: Account, metric: str, window: Window
    ) -> list[list[dict[str, Any]]]:
        """The metric's days. One that is too old fails them all: then the newest that are told."""
        found = self._asked(place, account, (metric,), window, "time_series")
        days = window.days
        refused, told = 0, 0 if found else len(days)
        while told - refused > 1:
            middle = (refused + told) // 2
            part = replace(window, first=days[middle])
            newer = self._asked(place, account, (metric,), part, "time_series")
            found, refused, told = (newer, refused, middle) if newer else (found, middle, told)
        return found

    def _asked(
        self, place: str, account: Account, metrics: Sequence[str], window: Window, kind: str
    ) -> list[list[dict[str, Any]]]:
        """The account's insights of that span; none where Instagram tells none of it."""

        def ask(metrics: Sequence[str]) -> list[dict[str, Any]]:
            body = self._graph.get(
                f"{account.id}/insights",
                metric=",".join(metrics),
                metric_type=kind,
                period="day",
                since=epoch(window.start),
                until=epoch(window.end),
            )
            found: list[dict[str, Any]] = body.get("data", [])
            return found

        try:
            return self._served.ask(place, metrics, ask)
        except Gone:
            return []

    def _demographics(self, _stream: Stream, account: Account, _: Window) -> Iterator[Page]:
        """Who follows; accounts with few followers are told nothing."""
        for breakdown in BREAKDOWNS:
            body = self._graph.get(
                f"{account.id}/insights",
                metric="follower_demographics",
                metric_type="total_value",
                period="lifetime",
                breakdown=breakdown,
            )
            rows = [
                {"breakdown": breakdown, "dimension": ",".join(values), "followers": count}
                for insight in body.get("data", [])
                for values, count in broken_down(insight)
            ]
            yield Page(rows)


def value_of(insight: Mapping[str, Any]) -> Any:
    """An insight's one value, in whichever of the two shapes it comes."""
    values = insight.get("values")
    if values:
        return values[0].get("value")
    return insight.get("total_value", {}).get("value")


def broken_down(insight: Mapping[str, Any]) -> Iterator[tuple[list[str], Any]]:
    """An insight's values by dimension: what the dimensions are, and the value."""
    for breakdown in insight.get("total_value", {}).get("breakdowns", []):
        for result in breakdown.get("results", []):
            yield result["dimension_values"], result.get("value")


def _kind(media: Mapping[str, Any]) -> str:
    """Which metrics a media has: those of its product or, in the feed, of its type."""
    product, media_type = media.get("media_product_type"), media.get("media_type")
    for kind in (product, media_type):
        if kind in MEDIA_METRICS:
            return str(kind)
    return "IMAGE"


def _without_period(row: Mapping[str, Any]) -> dict[str, Any]:
    """A day's value without what all days' values share, or the day tells already."""
    return {name: value for name, value in row.items() if name not in ("period", "end_time")}


def _before(record: Mapping[str, Any], moment: datetime, unknown: bool) -> bool:
    """Whether it was created before that; `unknown` where its time cannot be read."""
    created = instant(record.get("timestamp"))
    return unknown if created is None else created < moment


def _within(record: Mapping[str, Any], window: Window) -> bool:
    """Whether it is of the window; a time that cannot be read is judged later."""
    created = instant(record.get("timestamp"))
    return created is None or window.start <= created < window.end


def instagram(
    token: str, accounts: Sequence[str], *, base_url: str, version: str, **client: Any
) -> Instagram:
    """The source with a token of a user or system user who has a role on the accounts' pages."""
    asking = Client(graph_platform("instagram", SETTING, RULES), Token.fixed(token), **client)
    return Instagram(asking, token, accounts, base_url=base_url, version=version)
