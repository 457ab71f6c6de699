"""YouTube of the sandbox: the Data API's lists and Analytics' reports.

Belongs here: their resources, partial answers, quotas' words, which days Analytics tells. Does not:
how a user's token is issued (`google`).
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import YOUTUBE_KEY, YOUTUBE_TOKEN
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.tables import texts
from pipelines.sandbox.wire import Answer, Call
from pipelines.sandbox.world import CHANNEL_ACCOUNTS, MARKETS, PAGE_ZONE, Market, channel_gains

PLATFORM = "youtube"
Row = dict[str, Any]
Record = dict[str, Any]

# A video that was deleted stays in the list of uploads for a while, and is shown no more.
LISTED_AFTER_DELETION = timedelta(days=3)
# Of yesterday and the day before Analytics tells nothing, and revenue comes a day after the rest.
DELAY, REVENUE_DELAY = 3, 4
DOLLARS_PER_VIEW = 12e-4
VIEWS_PER_SUBSCRIBER = 500
MOST_VIDEOS = 200
DEFAULT_PAGE = {"videos": 5, "channels": 5, "playlistItems": 5, "commentThreads": 20}
MOST = {"commentThreads": 100, "comments": 100}
MOST_IDS = 50


def hides_likes(video: str) -> bool:
    """Whether the channel hides how many like that video."""
    return crc32(video.encode()) % 17 == 0


def is_closed(video: str) -> bool:
    """Whether nobody can comment on that video; what was written before is shown no more."""
    return crc32(video.encode()) % 11 == 0


def keeps_replies_apart(comment: str) -> bool:
    """Whether that comment's thread comes without its replies, which must be asked for."""
    return crc32(comment.encode()) % 3 == 0


class YouTubeError(Exception):
    """A call that YouTube refuses, by the reason that tells its clients what to do."""

    def __init__(self, code: int, reason: str, message: str, status: str = "") -> None:
        super().__init__(message)
        error = {"message": message, "domain": "youtube", "reason": reason}
        body: Record = {"code": code, "message": message, "errors": [error]}
        if status:
            body["status"] = status
        self.answer = Answer({"error": body}, code)


def not_found(kind: str, identifier: str) -> YouTubeError:
    """An object that does not exist, or is not shown."""
    message = f"The {kind} identified by {identifier} could not be found."
    return YouTubeError(404, f"{kind}NotFound", message)


class Channel:
    """One channel as it stands at the scene's instant."""

    def __init__(self, scene: Scene, market: Market) -> None:
        self.market = market
        self.id = CHANNEL_ACCOUNTS[PLATFORM][market.code]
        self.uploads = "UU" + self.id[2:]
        posts = _own(scene.table("current_channel_posts"), self.id)
        comments = _of_channel(scene.world.channel_comments, self.id)
        self.videos = {row["post_id"]: row for row in _newest_first(posts)}
        self.listed = list(_newest_first(_still_listed(scene, self.id)))
        shown = [row for row in _newest_first(comments) if row["post_id"] in self.videos]
        self.comments = {row["comment_id"]: row for row in shown}
        self.threads = _grouped((row for row in shown if not row["parent_id"]), "post_id")
        # Replies stand in the order in which they were written.
        self.replies = _grouped((row for row in reversed(shown) if row["parent_id"]), "parent_id")
        self.days = _closed_days(scene, self.id)

    @property
    def subscribers(self) -> int:
        """Subscribers at the end of the last closed day, to three significant figures."""
        count = max(self.days.values(), key=lambda row: row["date_day"], default={"followers": 0})
        return int(float(f"{count['followers']:.3g}"))


def _of_channel(table: pa.Table, account: str) -> pa.Table:
    mine = pc.and_(pc.equal(table["platform"], PLATFORM), pc.equal(table["account_id"], account))
    return table.filter(mine)


def _own(posts: pa.Table, account: str) -> pa.Table:
    posts = _of_channel(posts, account)
    return posts.filter(pc.invert(posts["is_mention"]))


def _still_listed(scene: Scene, account: str) -> pa.Table:
    """The channel's uploads: what is shown, and what was deleted a short while ago."""
    posts = _own(scene.world.channel_posts, account)
    gone = pa.scalar((scene.now - LISTED_AFTER_DELETION).replace(tzinfo=None), pa.timestamp("us"))
    return posts.filter(pc.fill_null(pc.greater(posts["deleted_at"], gone), True))


def _newest_first(table: pa.Table) -> list[Row]:
    return texts(table.sort_by([("created_at", "descending")]))


def _grouped(rows: Iterable[Row], by: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[by]].append(row)
    return groups


def _closed_days(scene: Scene, account: str) -> dict[date, Row]:
    today = scene.today(PAGE_ZONE.key)
    days = _of_channel(scene.world.channel_days, account).to_pylist()
    return {row["date_day"]: row for row in days if row["date_day"] < today}


class YouTube:
    """Both of YouTube's APIs."""

    name = PLATFORM

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults
        self._markets = {CHANNEL_ACCOUNTS[PLATFORM][market.code]: market for market in MARKETS}

    def endpoint(self, call: Call) -> str:
        """`GET videos`, `GET commentThreads`, `GET reports` and the like."""
        return f"{call.method} {call.path.rpartition('/')[2]}"

    def refuse(self, refusal: Refusal, _: Call) -> Answer:
        """YouTube's words for a fault."""
        answer = _refused(refusal)
        if refusal.retry_after is not None:
            answer.headers["retry-after"] = f"{refusal.retry_after:g}"
        return answer

    def answer(self, call: Call) -> Answer:
        """A list of the Data API, or a report."""
        try:
            if call.host.startswith("youtubeanalytics"):
                return Answer(self._reports(call))
            return Answer(self._list(call))
        except YouTubeError as error:
            return error.answer

    def channel(self, channel_id: str) -> Channel | None:
        """A channel of the scene; None for an unknown one."""
        market = self._markets.get(channel_id)
        if market is None:
            return None
        return self._scene.memo.get((PLATFORM, channel_id), lambda: Channel(self._scene, market))

    @property
    def _channels(self) -> list[Channel]:
        return [channel for name in self._markets if (channel := self.channel(name))]

    def _deleted(self, identifier: str) -> bool:
        return any(rule.id == identifier for rule in self._faults.standing("delete", self.name))

    # --- the Data API

    def _list(self, call: Call) -> Record:
        _authorized(call, key=True)
        resource = call.path.removeprefix("youtube/v3/")
        reads: dict[str, Callable[[Call], tuple[list[Record], int]]] = {
            "channels": self._channel_items,
            "playlistItems": self._playlist_items,
            "videos": self._video_items,
            "commentThreads": self._thread_items,
            "comments": self._comment_items,
        }
        read = reads.get(resource)
        if read is None or call.method != "GET":
            raise YouTubeError(404, "notFound", "Not Found")
        parts = [part for part in call.query.get("part", "").split(",") if part]
        if not parts:
            raise YouTubeError(400, "missingRequiredParameter", "No value for part.")
        items, total = read(call)
        size = _page_size(call, resource)
        start = _place(call.query.get("pageToken", ""))
        shown = items[start : start + size]
        body: Record = {
            "kind": f"youtube#{resource.removesuffix('s')}ListResponse",
            "etag": "e",
            "items": [_parts(item, parts) for item in shown],
            # Approximate by design: nobody may page by it.
            "pageInfo": {"totalResults": total, "resultsPerPage": size},
        }
        if start + size < len(items):
            body["nextPageToken"] = _token(start + size)
        return masked(body, call.query["fields"]) if "fields" in call.query else body

    def _channel_items(self, call: Call) -> tuple[list[Record], int]:
        asked = [self.channel(name) for name in _ids(call)]
        if call.query.get("mine") == "true":
            asked = list(self._channels)
        found = [_channel_item(channel) for channel in asked if channel]
        return found, len(found)

    def _playlist_items(self, call: Call) -> tuple[list[Record], int]:
        playlist = call.query.get("playlistId", "")
        for channel in self._channels:
            if channel.uploads == playlist:
                items = [_playlist_item(channel, row) for row in channel.listed]
                return items, len(items) + 1
        raise not_found("playlist", playlist)

    def _video_items(self, call: Call) -> tuple[list[Record], int]:
        """The videos that are shown; of others nothing is said."""
        found = [
            _video_item(channel, channel.videos[name])
            for name in _ids(call)
            for channel in self._channels
            if name in channel.videos and not self._deleted(name)
        ]
        return found, len(found)

    def _thread_items(self, call: Call) -> tuple[list[Record], int]:
        video = call.query.get("videoId", "")
        for channel in self._channels:
            if video in channel.videos and not self._deleted(video):
                if is_closed(video):
                    message = "The video identified by the videoId parameter has disabled comments."
                    raise YouTubeError(403, "commentsDisabled", message)
                rows = [
                    row
                    for row in channel.threads.get(video, [])
                    if not self._deleted(row["comment_id"])
                ]
                return [_thread_item(channel, row) for row in rows], 1_000_000
        raise not_found("video", video)

    def _comment_items(self, call: Call) -> tuple[list[Record], int]:
        parent = call.query.get("parentId", "")
        for channel in self._channels:
            if parent in channel.comments and not self._deleted(parent):
                rows = channel.replies.get(parent, [])
                return [_comment_item(channel, row) for row in rows], len(rows)
        raise not_found("comment", parent)

    # --- Analytics

    def _reports(self, call: Call) -> Record:
        _authorized(call, key=False)
        if (call.method, call.path) != ("GET", "v2/reports"):
            raise YouTubeError(404, "notFound", "Not Found")
        query = call.query
        channel = self._owned(query.get("ids", ""))
        metrics = self._metrics(query.get("metrics", ""))
        dimensions = [name for name in query.get("dimensions", "").split(",") if name]
        videos = _filtered(query.get("filters", ""))
        if "video" in dimensions and not _lists_videos(dimensions, query):
            raise _unsupported()
        first, last = _span(query)
        delay = REVENUE_DELAY if "estimatedRevenue" in metrics else DELAY
        last = min(last, self._scene.today(PAGE_ZONE.key) - timedelta(days=delay))
        gains = [
            row
            for row in self._gains(channel)
            if first <= row["date_day"] <= last and (not videos or row["post_id"] in videos)
        ]
        groups: list[tuple[tuple[str, ...], list[Row]]]
        if dimensions == ["video"]:
            groups = [((name,), rows) for name, rows in _grouped(gains, "post_id").items()]
        elif dimensions == ["day"]:
            groups = [((day.isoformat(),), rows) for day, rows in _by_day(gains).items()]
        elif not dimensions:
            groups = [((), gains)]
        else:
            raise _unsupported()
        days = channel.days if not videos and dimensions != ["video"] else {}
        table = [
            [*key, *(METRICS[metric](_Cell(rows, _subscribed(rows, days))) for metric in metrics)]
            for key, rows in groups
            if rows
        ]
        headers = [*dimensions, *metrics]
        table = _sorted(table, headers, query.get("sort", ""))
        start = int(query.get("startIndex", 1)) - 1
        table = table[start : start + int(query.get("maxResults", len(table)))]
        body: Record = {
            "kind": "youtubeAnalytics#resultTable",
            "columnHeaders": [_header(name, name in dimensions) for name in headers],
        }
        return {**body, "rows": table} if table else body

    def _gains(self, channel: Channel) -> list[Row]:
        def told() -> list[Row]:
            table = channel_gains(self._scene.world, PLATFORM, PAGE_ZONE)
            rows = table.filter(pc.equal(table["account_id"], channel.id)).to_pylist()
            # A day on which nobody watched has no row.
            return [row for row in rows if row["video_views"]]

        return self._scene.memo.get((PLATFORM, "gains", channel.id), told)

    def _owned(self, ids: str) -> Channel:
        kind, _, name = ids.partition("==")
        if kind == "channel":
            channel = self._channels[0] if name == "MINE" else self.channel(name)
            if channel:
                return channel
        raise YouTubeError(403, "forbidden", "Forbidden", status="PERMISSION_DENIED")

    def _metrics(self, text: str) -> list[str]:
        metrics = [name for name in text.split(",") if name]
        retired = {rule.metric for rule in self._faults.standing("retired_metric", self.name)}
        for name in metrics:
            if name not in METRICS or name in retired:
                message = f"Unknown identifier ({name}) given in field parameters.metrics."
                raise YouTubeError(400, "badRequest", message, status="INVALID_ARGUMENT")
        if not metrics:
            raise YouTubeError(400, "required", "Required")
        return metrics


# --- items of the Data API


def _channel_item(channel: Channel) -> Record:
    snippet = {
        "title": channel.market.page_name,
        "description": "",
        "customUrl": f"@{channel.market.shop.replace('-', '')}",
        "publishedAt": "2019-02-11T03:20:00Z",
        "country": channel.market.country_code,
        "thumbnails": {},
    }
    return {
        "kind": "youtube#channel",
        "etag": "e",
        "id": channel.id,
        "snippet": snippet,
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": channel.uploads}},
        "statistics": {
            "viewCount": str(sum(row["video_views"] for row in channel.videos.values())),
            "subscriberCount": str(channel.subscribers),
            "hiddenSubscriberCount": False,
            "videoCount": str(len(channel.videos)),
        },
    }


def _playlist_item(channel: Channel, row: Row) -> Record:
    details = {"videoId": row["post_id"]}
    if not row["deleted_at"]:
        details["videoPublishedAt"] = row["created_at"]
    return {
        "kind": "youtube#playlistItem",
        "etag": "e",
        "id": f"{channel.uploads}.{row['post_id']}",
        "snippet": {
            "publishedAt": row["created_at"],
            "channelId": channel.id,
            "title": "Deleted video" if row["deleted_at"] else _title(row),
            "playlistId": channel.uploads,
            "resourceId": {"kind": "youtube#video", "videoId": row["post_id"]},
        },
        "contentDetails": details,
        "status": {"privacyStatus": "public"},
    }


def _title(row: Row) -> str:
    return str(row["message"])[:100]


def _video_item(channel: Channel, row: Row) -> Record:
    statistics = {"viewCount": str(row["video_views"]), "favoriteCount": "0"}
    if not hides_likes(row["post_id"]):
        statistics["likeCount"] = str(row["likes"])
    if not is_closed(row["post_id"]):
        statistics["commentCount"] = str(row["comments"])
    tags = [word[1:] for word in str(row["message"]).split() if word.startswith("#")]
    minutes, seconds = divmod(row["duration_seconds"] or 0, 60)
    return {
        "kind": "youtube#video",
        "etag": "e",
        "id": row["post_id"],
        "snippet": {
            "publishedAt": row["created_at"],
            "channelId": channel.id,
            "title": _title(row),
            "description": row["message"],
            "thumbnails": {},
            "channelTitle": channel.market.page_name,
            "tags": tags,
            "categoryId": "26",
            "liveBroadcastContent": "none",
            "defaultAudioLanguage": "id" if channel.market.code == "id" else "en",
        },
        "contentDetails": {"duration": f"PT{minutes}M{seconds}S", "dimension": "2d"},
        "status": {"uploadStatus": "processed", "privacyStatus": "public"},
        "statistics": statistics,
    }


def _comment_item(channel: Channel, row: Row) -> Record:
    snippet = {
        "channelId": channel.id,
        "videoId": row["post_id"],
        "textDisplay": row["message"],
        "textOriginal": row["message"],
        "authorDisplayName": row["author_name"],
        "authorProfileImageUrl": f"https://yt3.ggpht.com/{row['author_id']}",
        "authorChannelId": {"value": row["author_id"]},
        "canRate": True,
        "viewerRating": "none",
        "likeCount": row["like_count"],
        "publishedAt": row["created_at"],
        "updatedAt": row["created_at"],
    }
    if row["parent_id"]:
        snippet["parentId"] = row["parent_id"]
    return {"kind": "youtube#comment", "etag": "e", "id": row["comment_id"], "snippet": snippet}


def _thread_item(channel: Channel, row: Row) -> Record:
    replies = channel.replies.get(row["comment_id"], [])
    item: Record = {
        "kind": "youtube#commentThread",
        "etag": "e",
        "id": row["comment_id"],
        "snippet": {
            "channelId": channel.id,
            "videoId": row["post_id"],
            "topLevelComment": _comment_item(channel, row),
            "canReply": True,
            "totalReplyCount": len(replies),
            "isPublic": True,
        },
    }
    if replies and not keeps_replies_apart(row["comment_id"]):
        item["replies"] = {"comments": [_comment_item(channel, reply) for reply in replies]}
    return item


ALWAYS = ("kind", "etag", "id")


def _parts(item: Record, parts: Sequence[str]) -> Record:
    return {name: value for name, value in item.items() if name in ALWAYS or name in parts}


def _ids(call: Call) -> list[str]:
    ids = [name for name in call.query.get("id", "").split(",") if name]
    if len(ids) > MOST_IDS:
        raise YouTubeError(400, "invalidFilters", "The request specifies too many ids.")
    return ids


def _page_size(call: Call, resource: str) -> int:
    size = int(call.query.get("maxResults", DEFAULT_PAGE.get(resource, 20)))
    if "id" in call.query:
        # All that were asked for come at once.
        return MOST_IDS
    return max(1, min(size, MOST.get(resource, MOST_IDS)))


def _token(place: int) -> str:
    return base64.urlsafe_b64encode(f"at:{place}".encode()).decode().rstrip("=")


def _place(token: str) -> int:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        return int(text.removeprefix("at:"))
    except ValueError:
        raise _bad_page_token() from None


def _bad_page_token() -> YouTubeError:
    message = "The request specifies an invalid page token."
    return YouTubeError(400, "invalidPageToken", message)


def masked(value: Any, fields: str) -> Any:
    """The value with only the fields of a partial answer: `items(id,snippet(title)),kind`."""
    tree, end = parsed_mask(fields, 0)
    if end != len(fields):
        raise YouTubeError(400, "invalidParameter", f"Invalid field selection {fields}")
    return _only(value, tree)


def parsed_mask(text: str, at: int = 0) -> tuple[dict[str, Any], int]:
    """A `fields` parameter as nested names, and where it ends."""
    tree: dict[str, Any] = {}
    while True:
        start = at
        while at < len(text) and text[at] not in "(),":
            at += 1
        name = text[start:at]
        inner: dict[str, Any] = {}
        if text[at : at + 1] == "(":
            inner, at = parsed_mask(text, at + 1)
            if text[at : at + 1] != ")":
                raise YouTubeError(400, "invalidParameter", f"Invalid field selection {text}")
            at += 1
        tree[name] = inner
        if text[at : at + 1] != ",":
            return tree, at
        at += 1


def _only(value: Any, tree: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_only(item, tree) for item in value]
    if not tree or not isinstance(value, dict):
        return value
    return {name: _only(value[name], inner) for name, inner in tree.items() if name in value}


# --- figures of Analytics


@dataclass(frozen=True)
class _Cell:
    """What the videos of one cell of a report gained, and who subscribed or left with it."""

    rows: Sequence[Row]
    subscribed: tuple[int, int]

    def sum(self, name: str) -> int:
        return sum(row[name] for row in self.rows)

    @property
    def views(self) -> int:
        return self.sum("video_views")


METRICS: Mapping[str, Callable[[_Cell], float]] = {
    "views": lambda cell: cell.views,
    "likes": lambda cell: cell.sum("likes"),
    "dislikes": lambda cell: cell.sum("likes") // 40,
    "comments": lambda cell: cell.sum("comments"),
    "shares": lambda cell: cell.sum("shares"),
    "estimatedMinutesWatched": lambda cell: cell.sum("watch_seconds") // 60,
    "averageViewDuration": lambda cell: cell.sum("watch_seconds") // cell.views,
    "subscribersGained": lambda cell: cell.subscribed[0],
    "subscribersLost": lambda cell: cell.subscribed[1],
    "estimatedRevenue": lambda cell: round(cell.views * DOLLARS_PER_VIEW, 4),
}


def _subscribed(rows: Sequence[Row], days: Mapping[date, Row]) -> tuple[int, int]:
    """Subscribers won and lost: the channel's own where days are told, else those of videos."""
    if not days:
        return sum(row["video_views"] for row in rows) // VIEWS_PER_SUBSCRIBER, 0
    told = [days[day] for day in {row["date_day"] for row in rows} if day in days]
    won = sum(day["new_followers"] for day in told)
    # Of ten that come, one leaves.
    return won, sum(day["new_followers"] - day["new_followers"] * 9 // 10 for day in told)


def _by_day(rows: Iterable[Row]) -> dict[date, list[Row]]:
    days: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        days[row["date_day"]].append(row)
    return dict(sorted(days.items()))


def _lists_videos(dimensions: Sequence[str], query: Mapping[str, str]) -> bool:
    """Whether it is the one report that has videos: the most watched, at most 200."""
    return (
        list(dimensions) == ["video"]
        and query.get("sort", "").startswith("-")
        and 1 <= int(query.get("maxResults", 0)) <= MOST_VIDEOS
    )


def _unsupported() -> YouTubeError:
    message = (
        "The query is not supported. Check the documentation at "
        "https://developers.google.com/youtube/analytics/v2/available_reports for a list of "
        "supported queries."
    )
    return YouTubeError(400, "badRequest", message, status="INVALID_ARGUMENT")


def _filtered(filters: str) -> set[str]:
    if not filters:
        return set()
    name, _, values = filters.partition("==")
    if name != "video":
        raise _unsupported()
    return set(values.split(","))


def _span(query: Mapping[str, str]) -> tuple[date, date]:
    try:
        return date.fromisoformat(query["startDate"]), date.fromisoformat(query["endDate"])
    except (KeyError, ValueError):
        raise YouTubeError(400, "badRequest", "Invalid startDate or endDate.") from None


def _sorted(table: list[list[Any]], headers: Sequence[str], sort: str) -> list[list[Any]]:
    for name in reversed([name for name in sort.split(",") if name]):
        place, falling = headers.index(name.lstrip("-")), name.startswith("-")
        table = sorted(table, key=lambda row: row[place], reverse=falling)
    return table


def _header(name: str, dimension: bool) -> Record:
    kind = "FLOAT" if name == "estimatedRevenue" else "INTEGER"
    return {
        "name": name,
        "columnType": "DIMENSION" if dimension else "METRIC",
        "dataType": "STRING" if dimension else kind,
    }


# --- who asks, and refusals


def _authorized(call: Call, *, key: bool) -> None:
    """Raise YouTubeError unless the call carries the token or, where that will do, the key."""
    given = call.headers.get("authorization", "").partition(" ")[2]
    given = given or call.query.get("access_token", "")
    if given == YOUTUBE_TOKEN:
        return
    keys = (call.headers.get("x-goog-api-key"), call.query.get("key"))
    if key and not given and YOUTUBE_KEY in keys:
        return
    if key and not given and any(keys):
        raise YouTubeError(400, "badRequest", "API key not valid. Please pass a valid API key.")
    raise _dead_token()


def _dead_token() -> YouTubeError:
    message = "Request had invalid authentication credentials."
    return YouTubeError(401, "authError", message, status="UNAUTHENTICATED")


def _refused(refusal: Refusal) -> Answer:
    match refusal.kind:
        case "dead_token":
            return _dead_token().answer
        case "access_denied":
            message = "Access forbidden. The request may not be properly authorized."
            return YouTubeError(403, "forbidden", message).answer
        case "expired_cursor":
            return _bad_page_token().answer
        case "quota_spent":
            message = "The request cannot be completed because you have exceeded your quota."
            return YouTubeError(403, "quotaExceeded", message).answer
        case "throttled":
            return YouTubeError(403, "rateLimitExceeded", "Rate Limit Exceeded").answer
        case "too_many_requests":
            error = {"code": 429, "message": "Resource exhausted.", "status": "RESOURCE_EXHAUSTED"}
            return Answer({"error": error}, 429)
        case "unavailable":
            html = b"<html><title>Error 503 (Service Unavailable)</title></html>"
            return Answer(html, refusal.status or 503, media_type="text/html")
    return YouTubeError(refusal.status or 500, "backendError", "Backend Error").answer
