"""Facebook Pages: what a page and its visitors posted, how it was received, and what was answered.

Belongs here: the streams, their metrics, and how each is read. Does not: what all of Graph shares
(`meta_graph`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from typing_extensions import override

from pipelines.connectors.errors import Gone
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

SETTING = "FACEBOOK_PAGES_ACCESS_TOKEN"
PERMISSIONS = ("pages_read_engagement", "pages_read_user_content", "read_insights")
DOCS = "https://developers.facebook.com/docs/graph-api/reference/page/"
LOOKBACK_DAYS = 28

PAGE = (text("page_id", "Page.", "@account_id", required=True),)

POST_METRICS = (
    "post_media_view",
    "post_total_media_view_unique",
    "post_clicks_by_type",
    "post_reactions_by_type_total",
    "post_video_views",
)
PAGE_METRICS = (
    "page_media_view",
    "page_total_media_view_unique",
    "page_post_engagements",
    "page_daily_follows_unique",
    "page_follows",
)

INSIGHT = (
    text("metric", "Name of the metric.", required=True),
    text("period", "Period that the value covers: day or lifetime."),
    json("value", "The value: a number, or an object of numbers by type."),
)

STREAMS = (
    Stream(
        source="facebook_pages",
        name="posts",
        group="social",
        description="Posts on the page's feed, by the page and by visitors.",
        schema=schema(
            *PAGE,
            text("id", "Post: page id, underscore, post id.", required=True),
            text("from_id", "Author: the page itself or a page-scoped person.", "from.id"),
            text("message", "Text."),
            text("status_type", "Kind of post, as Facebook names it."),
            timestamp("created_time", "Publication (UTC).", required=True),
            timestamp("updated_time", "Last change (UTC)."),
            text("permalink_url", "Address of the post."),
            json("attachments", "Attached media and links.", "attachments.data"),
            integer("shares", "Shares so far.", "shares.count"),
            integer("reactions", "Reactions so far.", "reactions.summary.total_count"),
            integer("comments", "Comments so far.", "comments.summary.total_count"),
        ),
        key=("id",),
        mode="replace",
        day="created_time",
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        url=DOCS + "feed/",
    ),
    Stream(
        source="facebook_pages",
        name="post_counters",
        group="social",
        description="What every post of the last year had gathered when the day closed.",
        schema=schema(
            *PAGE,
            text("id", "Post.", required=True),
            timestamp("created_time", "Publication (UTC).", required=True),
            integer("shares", "Shares so far.", "shares.count"),
            integer("reactions", "Reactions so far.", "reactions.summary.total_count"),
            integer("comments", "Comments so far.", "comments.summary.total_count"),
            json(
                "insights",
                "Lifetime insights of the post, as Facebook lists them.",
                "insights.data",
            ),
        ),
        key=("id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "insights/",
    ),
    Stream(
        source="facebook_pages",
        name="page_insights",
        group="social",
        description="Daily insights of the page.",
        schema=schema(
            *PAGE,
            *INSIGHT,
            day("date", "Day, in California, that the value covers.", required=True),
            timestamp("end_time", "End of that day (UTC).", required=True),
        ),
        key=("metric", "date"),
        mode="replace",
        day="date",
        zone=INSIGHTS_ZONE,
        lookback_days=7,
        slice_days=30,
        url=DOCS + "insights/",
    ),
    Stream(
        source="facebook_pages",
        name="comments",
        group="social",
        description="Comments under the page's posts, replies included.",
        schema=schema(
            *PAGE,
            text("id", "Comment.", required=True),
            text("post_id", "Post under which it stands.", required=True),
            text("parent_id", "Comment that it answers.", "parent.id"),
            text("from_id", "Author, page-scoped.", "from.id"),
            text("message", "Text."),
            timestamp("created_time", "When it was written (UTC).", required=True),
            integer("like_count", "Likes so far."),
            integer("comment_count", "Replies so far."),
            boolean("is_hidden", "Hidden by the page."),
        ),
        key=("id",),
        mode="replace",
        day="created_time",
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        ttl_days=365,
        url="https://developers.facebook.com/docs/graph-api/reference/object/comments/",
    ),
)


# A counter of an older post hardly moves, and is no longer worth a request a day.
COUNTED_DAYS = 365
# Comments under older posts are too few to list every old post for.
ANSWERED_DAYS = 90
# Comments of many posts make one batch: most posts have a handful.
COMMENTS_PER_PAGE = 1000
PAGE_SIZE = 100

# How the fields are asked for that their plain names would not bring: counts without the objects
# that they count.
WRITTEN = {
    "shares": "shares",
    "attachments": "attachments",
    "reactions": "reactions.limit(0).summary(total_count)",
    "comments": "comments.limit(0).summary(total_count)",
}


class FacebookPages(HttpSource):
    """Pages of the Graph API, each read with its own page token."""

    name = "facebook_pages"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(
        self, client: Client, token: str, pages: Sequence[str], *, base_url: str, version: str
    ) -> None:
        super().__init__(pages, client.stats)
        self._client = client
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._graphs: dict[str, Graph] = {}
        self._served = Served()
        self._token = token
        self.api_version = version

    def health(self, account: Account) -> list[Finding]:
        """The token's end and permissions, the clock, and how much of the limits is used."""
        graph = Graph(self._client, self._root)
        return account_health(graph, account.id, self._token, PERMISSIONS, SETTING)

    @override
    def describe(self, account_id: str) -> Account:
        """The page with its name. Pages have no time zone: their days are taken in UTC."""
        graph = Graph(self._client, self._root)
        told = graph.get(account_id, fields="name,access_token")
        # A token that is itself a page's is given back no other.
        if token := told.get("access_token"):
            graph = Graph(self._client.with_token(Token.fixed(token)), self._root)
        self._graphs[account_id] = graph
        return Account(account_id, name=told.get("name", ""))

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The records of one of the page's streams."""
        read: Callable[[Graph, Stream, Account, Window], Iterator[Page]] = {
            "posts": self._posts,
            "post_counters": self._post_counters,
            "page_insights": self._page_insights,
            "comments": self._comments,
        }[stream.name]
        return read(self._graph(account), stream, account, window)

    def _graph(self, account: Account) -> Graph:
        if account.id not in self._graphs:
            self.describe(account.id)
        return self._graphs[account.id]

    def _posts(
        self, graph: Graph, stream: Stream, account: Account, window: Window
    ) -> Iterator[Page]:
        fields = field_list(stream.schema, WRITTEN)
        for posts in _feed(graph, account, fields, window.start, window.end):
            yield Page(posts)

    def _post_counters(
        self, graph: Graph, stream: Stream, account: Account, window: Window
    ) -> Iterator[Page]:
        """Counters of the posts of a year, with what insights the platform still serves."""
        since = window.end - timedelta(days=COUNTED_DAYS)
        groups = self._served.ask(
            stream.name,
            POST_METRICS,
            lambda metrics: self._probe(graph, stream, account, metrics),
        )
        fields = _counter_fields(stream, [metric for group in groups for metric in group])
        for posts in _feed(graph, account, fields, since, window.end):
            yield Page(posts, self._served.notes(stream.name))

    def _probe(
        self, graph: Graph, stream: Stream, account: Account, metrics: Sequence[str]
    ) -> Sequence[str]:
        """Those metrics, if the smallest request that names them is answered."""
        graph.get(f"{account.id}/feed", fields=_counter_fields(stream, metrics), limit=1)
        return metrics

    def _page_insights(
        self, graph: Graph, stream: Stream, account: Account, window: Window
    ) -> Iterator[Page]:
        """The page's days, one row a metric."""

        def ask(metrics: Sequence[str]) -> list[dict[str, Any]]:
            body = graph.get(
                f"{account.id}/insights",
                metric=",".join(metrics),
                period="day",
                since=epoch(window.start),
                until=epoch(window.end),
            )
            found: list[dict[str, Any]] = body.get("data", [])
            return found

        groups = self._served.ask(stream.name, PAGE_METRICS, ask)
        rows = [row for group in groups for insight in group for row in daily_values(insight)]
        # What lies outside the window is another read's; what has no day is for quarantine.
        inside = {None, *(day.isoformat() for day in window.days)}
        inside_rows = [row for row in rows if row.get("date") in inside]
        yield Page(inside_rows, self._served.notes(stream.name))

    def _comments(
        self, graph: Graph, stream: Stream, account: Account, window: Window
    ) -> Iterator[Page]:
        """Comments of the window under the posts of the ninety days before its end."""
        fields = field_list(stream.schema, {}, skip=("post_id",))
        gathered: list[dict[str, Any]] = []
        missing: list[str] = []
        for post in self._answered(graph, account, window):
            try:
                gathered.extend(_comments_of(graph, post, fields, window))
            except Gone:
                missing.append(f"comments of post {post}, which vanished while it was read")
            if len(gathered) >= COMMENTS_PER_PAGE:
                yield Page(gathered)
                gathered = []
        yield Page(gathered, tuple(missing))

    def _answered(self, graph: Graph, account: Account, window: Window) -> Iterator[str]:
        """The posts that have comments at all."""
        since = window.end - timedelta(days=max(ANSWERED_DAYS, len(window.days)))
        fields = f"id,created_time,{WRITTEN['comments']}"
        for posts in _feed(graph, account, fields, since, window.end):
            for post in posts:
                if post.get("comments", {}).get("summary", {}).get("total_count"):
                    yield post["id"]


def _feed(
    graph: Graph, account: Account, fields: str, since: datetime, until: datetime
) -> Iterator[list[dict[str, Any]]]:
    """The page's feed between two instants, by the page and by visitors.

    Facebook counts the last one in: a post of that very instant is of the next day.
    """
    lists = graph.lists(
        f"{account.id}/feed",
        fields=fields,
        since=epoch(since),
        until=epoch(until),
        limit=PAGE_SIZE,
    )
    for posts in lists:
        yield [tidy(post) for post in posts if _within(post, since, until)]


def _comments_of(graph: Graph, post: str, fields: str, window: Window) -> Iterator[dict[str, Any]]:
    """The post's comments and replies of the window, oldest first; later ones end the listing."""
    lists = graph.lists(
        f"{post}/comments",
        fields=fields,
        filter="stream",
        order="chronological",
        since=epoch(window.start),
        limit=PAGE_SIZE,
    )
    for comments in lists:
        for comment in comments:
            if _within(comment, window.start, window.end):
                yield {**tidy(comment), "post_id": post}
        last = instant(comments[-1].get("created_time")) if comments else None
        if last and last >= window.end:
            return


def _counter_fields(stream: Stream, metrics: Sequence[str]) -> str:
    insights = f"insights.metric({','.join(metrics)})"
    return field_list(
        stream.schema, {**WRITTEN, "insights": insights}, skip=() if metrics else ("insights",)
    )


def _within(record: Mapping[str, Any], start: datetime, end: datetime) -> bool:
    """Whether it was created in that half-open span; a time that cannot be read is judged later."""
    created = instant(record.get("created_time"))
    return created is None or start <= created < end


def facebook_pages(
    token: str, pages: Sequence[str], *, base_url: str, version: str, **client: Any
) -> FacebookPages:
    """The source with a token of a user or system user, or of the page itself."""
    platform = graph_platform("facebook_pages", SETTING)
    asking = Client(platform, Token.fixed(token), **client)
    return FacebookPages(asking, token, pages, base_url=base_url, version=version)
