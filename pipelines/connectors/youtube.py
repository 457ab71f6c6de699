"""YouTube: a channel's videos and what is written under them, and its figures by day.

Belongs here: the streams of both APIs (Data, Analytics), what their refusals mean, and how each is
read. Does not: how a user's token is renewed (`google`, `oauth`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from typing_extensions import override

from pipelines.connectors.errors import (
    DeadToken,
    Decision,
    Gone,
    Permanent,
    Rule,
    Signal,
    UnknownMetric,
    reading,
)
from pipelines.connectors.google import App, exchange, until_quota_day
from pipelines.connectors.health import Finding, State
from pipelines.connectors.health import clock as clock_finding
from pipelines.connectors.http import (
    Answer,
    Client,
    Clock,
    Platform,
    Request,
    Signer,
    Token,
    status_signal,
)
from pipelines.connectors.oauth import Renewed
from pipelines.connectors.read import HttpSource, Page, Served, follow
from pipelines.connectors.stream import Account, Stats, Stream, Window
from pipelines.lake.schema import (
    Field,
    Schema,
    boolean,
    day,
    integer,
    json,
    money,
    number,
    schema,
    text,
    timestamp,
)

DOCS = "https://developers.google.com/youtube/v3/docs/"
ANALYTICS_DOCS = "https://developers.google.com/youtube/analytics/channel_reports"
# Analytics closes its days in California, wherever the channel is.
ZONE = "America/Los_Angeles"
# Revenue is accounted in dollars; another currency would be converted by rates that nobody tells.
CURRENCY = "USD"
# What Analytics tells of a day is there two to three days after its end, and settles in a week.
DELAY_DAYS = 3
LOOKBACK_DAYS = 10

CHANNEL = (text("channel_id", "Channel.", "@account_id", required=True),)

ACTIVITY = (
    integer("views", "Views."),
    integer("likes", "Likes, less those taken back: may be negative."),
    integer("comments", "Comments."),
    integer("shares", "Times shared."),
    integer("estimated_minutes_watched", "Minutes watched.", "estimatedMinutesWatched"),
    number("average_view_duration", "Average seconds of a view.", "averageViewDuration"),
    integer("subscribers_gained", "Subscribers won.", "subscribersGained"),
    integer("subscribers_lost", "Subscribers lost.", "subscribersLost"),
)
REVENUE = (
    money(
        "estimated_revenue",
        "Estimated revenue, in dollars; NULL unless the token may read revenue.",
        "estimatedRevenue",
    ),
)
REPORT = (
    *CHANNEL,
    text("currency", "Currency of the revenue (ISO 4217).", "@currency"),
    day("day", "Day, in California.", required=True),
)

STREAMS = (
    Stream(
        source="youtube",
        name="channels",
        group="social",
        description="The channel and its counters when the day closed.",
        schema=schema(
            *CHANNEL,
            text("title", "Name.", "snippet.title"),
            text("handle", "Handle, with its @.", "snippet.customUrl"),
            text("country", "Country (ISO 3166), if the channel says.", "snippet.country"),
            timestamp("published_at", "When it was opened (UTC).", "snippet.publishedAt"),
            integer("view_count", "Views of all videos so far.", "statistics.viewCount"),
            integer(
                "subscriber_count",
                "Subscribers, to three significant figures; NULL where hidden.",
                "statistics.subscriberCount",
            ),
            boolean(
                "hidden_subscriber_count",
                "Whether subscribers are hidden.",
                "statistics.hiddenSubscriberCount",
            ),
            integer("video_count", "Public videos.", "statistics.videoCount"),
        ),
        key=("channel_id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "channels",
    ),
    Stream(
        source="youtube",
        name="videos",
        group="social",
        description="Every video of the channel, and what it had gathered when the day closed.",
        schema=schema(
            *CHANNEL,
            text("id", "Video.", required=True),
            boolean(
                "is_available",
                "False where the channel lists it and YouTube does not show it: deleted, private.",
            ),
            timestamp("published_at", "Publication (UTC).", "snippet.publishedAt"),
            text("title", "Title.", "snippet.title"),
            text("description", "Text under the video.", "snippet.description"),
            json("tags", "Tags, as a list.", "snippet.tags"),
            text("category_id", "Category.", "snippet.categoryId"),
            text("language", "Language that is spoken.", "snippet.defaultAudioLanguage"),
            text("live", "none, live or upcoming.", "snippet.liveBroadcastContent"),
            text("duration", "Length (ISO 8601).", "contentDetails.duration"),
            text("privacy_status", "public, unlisted or private.", "status.privacyStatus"),
            integer("view_count", "Views so far.", "statistics.viewCount"),
            integer(
                "like_count", "Likes so far; NULL where they are hidden.", "statistics.likeCount"
            ),
            integer(
                "comment_count",
                "Comments and replies so far; NULL where they are off.",
                "statistics.commentCount",
            ),
        ),
        key=("id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "videos",
    ),
    Stream(
        source="youtube",
        name="comments",
        group="social",
        description="Comments under the channel's videos, replies included.",
        schema=schema(
            *CHANNEL,
            text("id", "Comment.", required=True),
            text("video_id", "Video under which it stands.", required=True),
            text("parent_id", "Comment that it answers.", "snippet.parentId"),
            text("author_id", "Channel of its author.", "snippet.authorChannelId.value"),
            text("author_name", "Name of its author.", "snippet.authorDisplayName"),
            text("message", "Text.", "snippet.textDisplay"),
            timestamp(
                "published_at", "When it was written (UTC).", "snippet.publishedAt", required=True
            ),
            timestamp("updated_at", "Last change (UTC).", "snippet.updatedAt"),
            integer("like_count", "Likes so far.", "snippet.likeCount"),
            integer("reply_count", "Replies so far; NULL for a reply."),
        ),
        key=("id",),
        mode="replace",
        day="published_at",
        # What YouTube allows for what it has not told again since.
        ttl_days=30,
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        url=DOCS + "commentThreads",
    ),
    Stream(
        source="youtube",
        name="channel_daily",
        group="social",
        description="What the channel gathered by day, as Analytics tells it.",
        schema=schema(*REPORT, *ACTIVITY, *REVENUE),
        key=("day",),
        mode="replace",
        day="day",
        delay_days=DELAY_DAYS,
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        totals=("views", "estimated_revenue"),
        url=ANALYTICS_DOCS,
    ),
    Stream(
        source="youtube",
        name="video_daily",
        group="social",
        description="What each video gathered by day, as Analytics tells it.",
        schema=schema(*REPORT, text("video_id", "Video.", required=True), *ACTIVITY, *REVENUE),
        key=("video_id", "day"),
        mode="replace",
        day="day",
        delay_days=DELAY_DAYS,
        lookback_days=LOOKBACK_DAYS,
        slice_days=30,
        totals=("views", "estimated_revenue"),
        url=ANALYTICS_DOCS,
    ),
)
# What an API key can read: Analytics is told to the channel's owner only.
PUBLIC = ("channels", "videos", "comments")

# The quota that a day's reads share: nearly every question costs one of 10,000 units, a search
# would cost one of only 100 calls.
QUOTAS = ("quotaExceeded", "dailyLimitExceeded")
# The reason decides and not the status: YouTube sends 403 for quotas, closed comments, missing
# permissions, and even for a service that is down.
RULES = (
    Rule(
        Decision.ABORT,
        "the token is refused",
        code=(
            "authError",
            "unauthorized",
            "UNAUTHENTICATED",
            "invalid_grant",
            "invalid_client",
            "unauthorized_client",
            "keyInvalid",
            "keyExpired",
        ),
    ),
    Rule(Decision.ABORT, "the key is refused", says="api key"),
    Rule(Decision.WAIT, "the day's quota is spent", code=QUOTAS),
    Rule(
        Decision.WAIT,
        "too many requests",
        code=("rateLimitExceeded", "userRateLimitExceeded", "RESOURCE_EXHAUSTED"),
        wait=20,
    ),
    Rule(Decision.REREAD, "the page token expired", code=("invalidPageToken",)),
    Rule(
        Decision.RETRY,
        "YouTube is in trouble",
        code=("SERVICE_UNAVAILABLE", "backendError", "internalError", "processingFailure"),
    ),
    Rule(
        Decision.SKIP,
        "the object is gone, or closed to comments",
        code=(
            "commentsDisabled",
            "videoNotFound",
            "commentNotFound",
            "commentThreadNotFound",
            "playlistNotFound",
            "channelNotFound",
        ),
    ),
    Rule(
        Decision.STOP,
        "the API is not enabled",
        code=("accessNotConfigured", "SERVICE_DISABLED"),
        remedy="Enable the YouTube Data API v3 and the YouTube Analytics API in the project.",
    ),
)
SCOPES = (
    "Let the channel's owner sign in with the scopes youtube.readonly and yt-analytics.readonly "
    "(and yt-analytics-monetary.readonly for revenue), and put the token into "
    "YOUTUBE_REFRESH_TOKEN."
)
# Analytics refuses a whole report for one metric, as unknown or as not permitted.
ANALYTICS_RULES = (
    Rule(Decision.DROP, "a metric is not known", status=(400,), says="unknown identifier"),
    Rule(Decision.DROP, "a metric is not served here", status=(400,), says="not supported"),
    Rule(
        Decision.DROP,
        "the token may not read a metric",
        status=(403,),
        code=("forbidden", "insufficientPermissions", "PERMISSION_DENIED"),
    ),
    *RULES,
)
REMEDY = "Put a new one into YOUTUBE_REFRESH_TOKEN, YOUTUBE_ACCESS_TOKEN or YOUTUBE_API_KEY."

# The most of each that one request may ask for.
ITEMS = 50
COMMENTS = 100
ROWS = 200
# Comments under older videos are too few to list every old video for.
ANSWERED_DAYS = 90
COMMENTS_PER_PAGE = 1000


def youtube_signal(answer: Answer, now: datetime) -> Signal | None:
    """Google's error object, by its reason; the OAuth endpoint writes its own simpler one."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if isinstance(error, str):
        return Signal(answer.status, error, message=str(answer.body.get("error_description", "")))
    if not isinstance(error, dict):
        return status_signal(answer)
    status = str(error.get("status", ""))
    reasons = [str(each.get("reason", "")) for each in error.get("errors", ())]
    reason = next(filter(None, reasons), status)
    wait = answer.retry_after
    if wait is None and reason in QUOTAS:
        wait = until_quota_day(now)
    return Signal(answer.status, reason, status, str(error.get("message", "")), wait)


def platform(rules: tuple[Rule, ...], clock: Clock) -> Platform:
    """One of YouTube's two APIs; the clock tells how long a day's quota still lasts."""
    return Platform(
        name="youtube",
        rules=rules,
        signal=lambda answer: youtube_signal(answer, clock.now()),
        remedy=REMEDY,
    )


@dataclass(frozen=True)
class Tokens:
    """The Data API's paging: on with `nextPageToken`, whatever `totalResults` promises."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the next page."""
        token = body.get("nextPageToken")
        return request.with_params(pageToken=token) if token else None

    def smaller(self, _: Request) -> Request | None:
        """Pages are small already."""
        return None


@dataclass(frozen=True)
class Indices:
    """Analytics' paging, of videos only: rows are counted from one, and no more than 200 are told.

    Days come all at once, where no number of rows is asked for.
    """

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the rows after these."""
        came = len(body.get("rows", ()))
        following = int(request.params["startIndex"]) + came
        return request.with_params(startIndex=following) if came and following <= ROWS else None

    def smaller(self, _: Request) -> Request | None:
        """Two hundred rows are few already."""
        return None


@dataclass(frozen=True)
class Apis:
    """One channel's way into both APIs. `renewed` is its token, where that renews itself.

    Revenue has a client of its own: a token that may not read it can be refused altogether, and
    must stay alive for the rest.
    """

    data: Client
    analytics: Client
    revenue: Client
    renewed: Renewed | None = None


class YouTube(HttpSource):
    """Channels, each with its owner's token or all with one API key."""

    name = "youtube"
    streams: tuple[Stream, ...] = STREAMS
    api_version = "v3"

    def __init__(
        self,
        apis: Mapping[str, Apis],
        stats: Stats,
        *,
        base_url: str,
        analytics_base_url: str,
        readable: Sequence[str] = (),
    ) -> None:
        super().__init__(tuple(apis), stats)
        self._apis = apis
        self._data_url = f"{base_url.rstrip('/')}/youtube/v3"
        self._reports_url = f"{analytics_base_url.rstrip('/')}/v2/reports"
        self._readable = tuple(readable)
        self._served = Served()

    @override
    def describe(self, account_id: str) -> Account:
        """The channel with its name. Channels have no time zone: their days are Analytics'."""
        request = self._request("channels", "items(snippet(title))", part="snippet", id=account_id)
        (channel,) = self._channel(account_id, request)
        title = channel.get("snippet", {}).get("title", "")
        return Account(account_id, ZONE, CURRENCY, title, streams=self._readable)

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The records of one of the channel's streams."""
        read: Callable[[Stream, Account, Window], Iterator[Page]] = {
            "channels": self._channels,
            "videos": self._videos,
            "comments": self._comments,
            "channel_daily": self._channel_daily,
            "video_daily": self._video_daily,
        }[stream.name]
        return read(stream, account, window)

    def absent(self, stream: Stream, account: Account, window: Window) -> Mapping[date, str]:
        """The last days of the window, where Analytics does not tell them yet.

        It tells no day before all of a report's metrics are known. A day without any views has no
        row either, so days after the window are asked for too: what came later shows that.
        """
        if not stream.delay_days:
            return {}
        later = Window(window.first, window.last + timedelta(days=LOOKBACK_DAYS), window.timezone)
        with reading(self.name, stream.name, account.id):
            rows = self._reports(stream, account, later, ACTIVITY)
        told = max((str(row["day"]) for row in rows), default="")
        return {
            day: "YouTube Analytics has no figures of that day yet"
            for day in window.days
            if day.isoformat() > told
        }

    def health(self, account: Account) -> list[Finding]:
        """Whether the token renews itself, the clocks agree, and Analytics is open to it."""
        apis = self._apis[account.id]
        found = apis.renewed.health(REMEDY) if apis.renewed else []
        answer = apis.data.send(self._request("channels", "items(id)", part="id", id=account.id))
        found.append(clock_finding(answer.headers, apis.data.clock.now()))
        if not self._readable:
            found += [
                self._permission("analytics", apis.analytics, account, "views"),
                self._permission("revenue", apis.revenue, account, "estimatedRevenue"),
            ]
        return found

    def _permission(self, what: str, client: Client, account: Account, metric: str) -> Finding:
        """Whether the smallest report of that metric is answered."""
        today = client.clock.now().date()
        request = self._report(account, Window(today, today, ZONE), (metric,))
        try:
            client.send(request)
        except (UnknownMetric, DeadToken) as error:
            return Finding(what, State.WARN, error.reason, SCOPES)
        return Finding(what, State.OK, "can be read")

    # --- the Data API

    def _request(self, resource: str, fields: str, **params: str | int) -> Request:
        return Request(f"{self._data_url}/{resource}", {**params, "fields": fields})

    def _channel(self, channel_id: str, request: Request) -> list[dict[str, Any]]:
        """The one channel of the answer; Gone where YouTube does not show it."""
        items: list[dict[str, Any]] = self._apis[channel_id].data.send(request).body.get("items")
        if not items:
            raise Gone("the channel is not there")
        return items

    def _items(self, account: Account, request: Request) -> Iterator[list[dict[str, Any]]]:
        """A list's items, page by page."""
        for body in follow(self._apis[account.id].data, request, Tokens()):
            yield body.get("items", [])

    def _channels(self, stream: Stream, account: Account, _: Window) -> Iterator[Page]:
        request = self._request(
            "channels",
            f"items({field_mask(stream.schema)})",
            part="snippet,statistics",
            id=account.id,
        )
        yield Page(self._channel(account.id, request))

    def _videos(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """Every listed video; one that is listed and not answered for is deleted or private."""
        fields = f"items({field_mask(stream.schema, skip=('is_available',))})"
        for listed in self._uploads(account):
            asked = [item["contentDetails"]["videoId"] for item in listed]
            if not asked:
                continue
            request = self._request(
                "videos",
                fields,
                part="snippet,contentDetails,status,statistics",
                id=",".join(asked),
                maxResults=ITEMS,
            )
            found = self._apis[account.id].data.send(request).body.get("items", [])
            shown = [{**video, "is_available": True} for video in found]
            known = {video["id"] for video in found}
            hidden = [{"id": name, "is_available": False} for name in asked if name not in known]
            yield Page([video for video in shown + hidden if _published_before(video, window.end)])

    def _uploads(self, account: Account) -> Iterator[list[dict[str, Any]]]:
        """The channel's own list of its videos: a hundredth of what a search costs."""
        (channel,) = self._channel(
            account.id,
            self._request(
                "channels",
                "items(contentDetails(relatedPlaylists(uploads)))",
                part="contentDetails",
                id=account.id,
            ),
        )
        uploads = channel["contentDetails"]["relatedPlaylists"]["uploads"]
        request = self._request(
            "playlistItems",
            "nextPageToken,items(contentDetails(videoId,videoPublishedAt))",
            part="contentDetails",
            playlistId=uploads,
            maxResults=ITEMS,
        )
        try:
            yield from self._items(account, request)
        except Gone:
            # A channel that never uploaded anything has no such list.
            return

    def _comments(self, _: Stream, account: Account, window: Window) -> Iterator[Page]:
        """Comments of the window under the videos of the ninety days before its end."""
        gathered: list[dict[str, Any]] = []
        for video in self._answered(account, window):
            try:
                threads = list(self._threads(account, video))
            except Gone:
                # Closed to comments, or gone since it was listed: there are none to read.
                continue
            gathered += [each for each in threads if _within(each, window)]
            if len(gathered) >= COMMENTS_PER_PAGE:
                yield Page(gathered)
                gathered = []
        yield Page(gathered)

    def _answered(self, account: Account, window: Window) -> Iterator[str]:
        """The listed videos that are young enough for comments to be looked for."""
        since = window.end - timedelta(days=max(ANSWERED_DAYS, len(window.days)))
        for listed in self._uploads(account):
            for item in listed:
                published = _instant(item["contentDetails"].get("videoPublishedAt"))
                # One without a time is a draft, or gone.
                if published is not None and since <= published < window.end:
                    yield item["contentDetails"]["videoId"]

    def _threads(self, account: Account, video: str) -> Iterator[dict[str, Any]]:
        """The video's comments, each followed by its replies."""
        mask = field_mask(BY_NAME["comments"].schema, skip=("video_id", "reply_count"))
        request = self._request(
            "commentThreads",
            f"nextPageToken,items(snippet(totalReplyCount,topLevelComment({mask})),"
            f"replies(comments({mask})))",
            part="snippet,replies",
            videoId=video,
            maxResults=COMMENTS,
            textFormat="plainText",
        )
        for threads in self._items(account, request):
            for thread in threads:
                total = thread["snippet"].get("totalReplyCount", 0)
                top = thread["snippet"]["topLevelComment"]
                yield {**top, "video_id": video, "reply_count": total}
                replies = thread.get("replies", {}).get("comments", [])
                if len(replies) < total:
                    replies = self._replies(account, top["id"], mask)
                yield from ({**reply, "video_id": video} for reply in replies)

    def _replies(self, account: Account, comment: str, mask: str) -> Iterator[dict[str, Any]]:
        """All replies to a comment, of which its thread brings only a few."""
        request = self._request(
            "comments",
            f"nextPageToken,items({mask})",
            part="snippet",
            parentId=comment,
            maxResults=COMMENTS,
            textFormat="plainText",
        )
        try:
            for replies in self._items(account, request):
                yield from replies
        except Gone:
            # Deleted with all its replies since the thread was read.
            return

    # --- Analytics

    def _channel_daily(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        rows = self._activity(stream, account, window)
        yield Page(rows, self._served.notes(_place(stream, account)))

    def _video_daily(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """A report a video: Analytics gives days and videos together in no other way."""
        for video in self._watched(account, window):
            rows = self._activity(stream, account, window, video)
            yield Page(
                [{**row, "video_id": video} for row in rows],
                self._served.notes(_place(stream, account)),
            )

    def _watched(self, account: Account, window: Window) -> Iterable[str]:
        """The videos that were viewed in the window; all of them, where the report is cut off."""
        request = self._report(account, window, ("views",)).with_params(
            dimensions="video", sort="-views", maxResults=ROWS, startIndex=1
        )
        pages = follow(self._apis[account.id].analytics, request, Indices())
        watched = [str(row["video"]) for body in pages for row in report_records(body)]
        if len(watched) < ROWS:
            return watched
        listed = (item for items in self._uploads(account) for item in items)
        return dict.fromkeys([*watched, *(item["contentDetails"]["videoId"] for item in listed)])

    def _activity(
        self, stream: Stream, account: Account, window: Window, video: str = ""
    ) -> list[dict[str, Any]]:
        """The window's days with every metric that is served, and with revenue if permitted.

        Revenue is asked for by itself: it is known a day after the rest, and a report ends with the
        last day on which it knows all that was asked.
        """
        rows = self._reports(stream, account, window, ACTIVITY, video)
        if not rows:
            return []
        revenue = self._revenue(account, window, video)
        return [{**row, **revenue.get(row["day"], {})} for row in rows]

    def _reports(
        self,
        stream: Stream,
        account: Account,
        window: Window,
        fields: Sequence[Field],
        video: str = "",
    ) -> list[dict[str, Any]]:
        """The window's days with those metrics, leaving out what YouTube does not serve."""
        client = self._apis[account.id].analytics

        def ask(metrics: Sequence[str]) -> dict[Any, dict[str, Any]]:
            return self._days(client, self._report(account, window, metrics, video))

        metrics = [field.steps[0] for field in fields]
        groups = self._served.ask(_place(stream, account), metrics, ask)
        if not groups:
            raise Permanent("the token may not read the channel's Analytics", remedy=SCOPES)
        rows: dict[Any, dict[str, Any]] = {}
        for group in groups:
            for day_told, row in group.items():
                rows.setdefault(day_told, {}).update(row)
        return list(rows.values())

    def _revenue(self, account: Account, window: Window, video: str) -> dict[Any, dict[str, Any]]:
        """Revenue by day; nothing for a token that may not read it."""
        client = self._apis[account.id].revenue

        def ask(metrics: Sequence[str]) -> dict[Any, dict[str, Any]]:
            return self._days(client, self._report(account, window, metrics, video))

        metrics = [field.steps[0] for field in REVENUE]
        try:
            return next(iter(self._served.ask(f"revenue of {account.id}", metrics, ask)), {})
        except DeadToken:
            return {}

    def _days(self, client: Client, request: Request) -> dict[Any, dict[str, Any]]:
        return {row["day"]: row for row in report_records(client.send(request).body)}

    def _report(
        self, account: Account, window: Window, metrics: Sequence[str], video: str = ""
    ) -> Request:
        """The report of those metrics by day, of the channel or of one of its videos."""
        params: dict[str, str | int] = {
            "ids": f"channel=={account.id}",
            "startDate": window.first.isoformat(),
            "endDate": window.last.isoformat(),
            "metrics": ",".join(metrics),
            "dimensions": "day",
            "sort": "day",
            "currency": CURRENCY,
        }
        if video:
            params["filters"] = f"video=={video}"
        return Request(self._reports_url, params)


BY_NAME = {stream.name: stream for stream in STREAMS}


def _place(stream: Stream, account: Account) -> str:
    return f"{stream.name} of {account.id}"


def field_mask(wanted: Schema, skip: Sequence[str] = ()) -> str:
    """The `fields` parameter that asks for a schema's columns, nested as the record is."""
    tree: dict[str, Any] = {}
    for field in wanted.fields:
        if field.steps[0].startswith("@") or field.name in skip:
            continue
        node = tree
        for step in field.steps:
            node = node.setdefault(step, {})
    return _written(tree)


def _written(tree: Mapping[str, Any]) -> str:
    return ",".join(f"{name}({_written(inner)})" if inner else name for name, inner in tree.items())


def report_records(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A report's positional rows by the names of its headers; without rows there is no key."""
    names = [header["name"] for header in body.get("columnHeaders", ())]
    return [dict(zip(names, row, strict=True)) for row in body.get("rows", ())]


def _published_before(video: Mapping[str, Any], end: datetime) -> bool:
    """Whether it was out when the day closed; a time that cannot be read is judged later."""
    published = _instant(video.get("snippet", {}).get("publishedAt"))
    return published is None or published < end


def _within(comment: Mapping[str, Any], window: Window) -> bool:
    written = _instant(comment.get("snippet", {}).get("publishedAt"))
    return written is None or window.start <= written < window.end


def _instant(value: Any) -> datetime | None:
    """YouTube's `2019-03-21T20:37:49Z`, with or without fractions; None for something else."""
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (TypeError, ValueError):
        return None


def youtube(
    channels: Sequence[str],
    *,
    base_url: str,
    analytics_base_url: str,
    api_key: str = "",
    access_token: str = "",
    refresh_tokens: Mapping[str, str] | None = None,
    app: App | None = None,
    **client: Any,
) -> YouTube:
    """The source with its owners' refresh tokens by channel, or a token that someone else renews.

    With an API key alone, Analytics cannot be read.
    """
    clock = client.setdefault("clock", Clock())
    data = Client(platform(RULES, clock), **client)
    analytics = Client(platform(ANALYTICS_RULES, clock), **{**client, "stats": data.stats})

    def apis(signer: Signer, renewed: Renewed | None = None) -> Apis:
        asking = analytics.with_token(signer)
        return Apis(data.with_token(signer), asking, asking.with_token(signer), renewed)

    def signed_in(refresh_token: str, app: App) -> Apis:
        # A client of its own: one owner's dead token says nothing of another's.
        renewed = Renewed(exchange(data.with_token(None), app), refresh_token, clock=clock)
        return apis(Token(renewed), renewed)

    if app is not None and refresh_tokens:
        each = {channel: signed_in(refresh_tokens[channel], app) for channel in channels}
    elif access_token:
        each = dict.fromkeys(channels, apis(Token.fixed(access_token)))
    else:
        key = Token.fixed(api_key, header="X-Goog-Api-Key", scheme="")
        each = dict.fromkeys(channels, apis(key))
    return YouTube(
        each,
        data.stats,
        base_url=base_url,
        analytics_base_url=analytics_base_url,
        readable=() if access_token or refresh_tokens else PUBLIC,
    )
