"""Facebook Pages of the sandbox: pages, posts, comments and insights of Graph.

Belongs here: their nodes, edges and metrics. Does not: what all of Graph shares (`meta`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox import meta
from pipelines.sandbox.clock import Scene, micros
from pipelines.sandbox.credentials import META_TOKEN, page_token
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.meta import ABSENT, Asked, GraphError, Read, shaped
from pipelines.sandbox.tables import of_market, texts
from pipelines.sandbox.wire import Answer, Call
from pipelines.sandbox.world import MARKETS, PAGE_ZONE, Market

Row = dict[str, Any]
Key = tuple[int, str]

# A page below this many likes has no insights.
LEAST_LIKES = 30
MOST_DAYS = 93

CLICKS = {
    "link clicks": "clicks_link",
    "photo view": "clicks_photo",
    "video play": "clicks_video",
    "other clicks": "clicks_other",
}
REACTIONS = ("like", "love", "wow", "haha", "sorry", "anger")

POST_METRICS: dict[str, Callable[[Row], Any]] = {
    "post_media_view": lambda row: row["media_view"],
    "post_total_media_view_unique": lambda row: row["media_view_unique"],
    "post_clicks": lambda row: sum(row[name] for name in CLICKS.values()),
    "post_clicks_by_type": lambda row: {k: row[v] for k, v in CLICKS.items() if row[v]},
    "post_reactions_by_type_total": lambda row: {k: row[k] for k in REACTIONS if row[k]},
    "post_reactions_like_total": lambda row: row["like"],
    "post_reactions_love_total": lambda row: row["love"],
    "post_reactions_wow_total": lambda row: row["wow"],
    "post_reactions_haha_total": lambda row: row["haha"],
    "post_reactions_sorry_total": lambda row: row["sorry"],
    "post_reactions_anger_total": lambda row: row["anger"],
    "post_video_views": lambda row: row["video_views"],
}
PAGE_METRICS = {
    "page_media_view": "media_view",
    "page_total_media_view_unique": "media_view_unique",
    "page_post_engagements": "post_engagements",
    "page_daily_follows_unique": "daily_follows",
    "page_follows": "follows",
}
ATTACHMENTS = {
    "added_photos": ("photo", "photo"),
    "added_video": ("video_autoplay", "video"),
    "shared_story": ("share", "link"),
}
DEFAULT_FIELDS = {
    "Page": "name,id",
    "Post": "created_time,message,id",
    "Comment": "created_time,from,message,id",
}


@dataclass
class Thread:
    """Posts or comments in the order of their creation."""

    rows: list[Row]
    keys: list[Key] = field(init=False)

    def __post_init__(self) -> None:
        self.rows.sort(key=_key)
        self.keys = [_key(row) for row in self.rows]


def _key(row: Row) -> Key:
    return row["created_us"], row["id"]


class Page:
    """One page as it stands at the scene's instant."""

    def __init__(self, scene: Scene, market: Market) -> None:
        self.market = market
        self.now = scene.now
        posts = _rows(of_market(scene.table("current_posts"), market.code), "post_id")
        comments = _rows(of_market(scene.world.comments, market.code), "comment_id")
        self.posts = {row["id"]: row for row in posts}
        comments = [row for row in comments if row["post_id"] in self.posts]
        self.comments = {row["id"]: row for row in comments}
        self.feed = Thread(posts)
        self.own = Thread([row for row in posts if row["author_id"] == market.page_id])
        self.streams = _threads(comments, "post_id")
        self.replies = _threads(comments, "parent_id")
        self.top = _threads([row for row in comments if not row["parent_id"]], "post_id")
        self.days = _closed_days(of_market(scene.world.page_days, market.code), scene.now)

    @property
    def likes(self) -> int:
        """Followers at the end of the last closed day."""
        return int(self.days[-1]["follows"]) if self.days else 0


def _rows(table: pa.Table, identifier: str) -> list[Row]:
    created = table["created_at"].cast(pa.int64())
    # The wire has whole seconds: order and windows must agree with what a reader sees.
    seconds = pc.multiply(pc.divide(created, 1_000_000), 1_000_000)
    table = table.append_column("created_us", seconds).append_column("id", table[identifier])
    return texts(table, meta.GRAPH_INSTANT)


def _threads(rows: Iterable[Row], by: str) -> dict[str, Thread]:
    grouped = defaultdict(list)
    for row in rows:
        if row[by]:
            grouped[row[by]].append(row)
    return {name: Thread(group) for name, group in grouped.items()}


def _closed_days(table: pa.Table, now: datetime) -> list[Row]:
    days = [{**row, "end": _day_end(row["date_day"])} for row in table.to_pylist()]
    return [row for row in days if row["end"] <= now]


def _day_end(day: date) -> datetime:
    """The midnight in California that closes the day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), PAGE_ZONE).astimezone(UTC)


NOTHING = Thread([])


class FacebookPages:
    """Graph's side of pages."""

    name = "facebook_pages"

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults
        self._markets = {market.page_id: market for market in MARKETS}
        self._post_fields = _post_fields(self)
        self._comment_fields = _comment_fields(self)

    def endpoint(self, call: Call) -> str:
        """`GET page/feed`, `GET post/comments`, `GET me/accounts`, `GET ids`."""
        steps = meta.unversioned(call.path)
        if not steps:
            return f"{call.method} ids"
        first = steps[0]
        kind = "post" if "_" in first else "page" if first in self._markets else "object"
        steps[0] = first if first in ("me", "debug_token") else kind
        return f"{call.method} {'/'.join(steps)}"

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """Graph's words for a fault."""
        return meta.refused(refusal, call)

    def answer(self, call: Call) -> Answer:
        """A node, an edge or several nodes."""
        try:
            token = meta.authorized(call)
            body = self._answer(call, meta.unversioned(call.path), token)
        except GraphError as error:
            return error.answer
        return Answer(body, headers=meta.usage(call))

    def _answer(self, call: Call, steps: list[str], token: str) -> dict[str, Any]:
        parameters = call.parameters
        match steps:
            case []:
                ids = [name for name in parameters.get("ids", "").split(",") if name]
                return {name: self._node(name, parameters, token) for name in ids}
            case ["me", "accounts"] if token == META_TOKEN:
                return self._accounts(parameters)
            case ["me"] if token == META_TOKEN:
                return {"name": "Sandbox system user", "id": "122100000000000001"}
            case ["debug_token"]:
                return meta.debug_token(parameters)
            case ["me", *rest]:
                return self._answer(call, [meta.PAGE_TOKENS[token], *rest], token)
            case [identifier]:
                return self._node(identifier, parameters, token)
            case [identifier, edge]:
                return self._edge(call, identifier, edge, token)
        raise meta.missing("/".join(steps))

    def page(self, page_id: str) -> Page:
        """A page of the scene; raises GraphError for an unknown one."""
        market = self._markets.get(page_id)
        if market is None:
            raise meta.missing(page_id)
        return self._scene.memo.get(("page", page_id), lambda: Page(self._scene, market))

    def _accounts(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        fields = meta.asked_fields(parameters.get("fields", "access_token,category,name,id,tasks"))
        pages = [
            shaped(self.page(page_id), fields, PAGE_FIELDS, "Page") for page_id in self._markets
        ]
        place = meta.cursors([pages[0]["id"]], [pages[-1]["id"]])
        return {"data": pages, "paging": {"cursors": place}}

    def _node(self, identifier: str, parameters: Mapping[str, str], token: str) -> dict[str, Any]:
        if identifier in self._markets:
            fields = meta.asked_fields(parameters.get("fields") or DEFAULT_FIELDS["Page"])
            return shaped(self.page(identifier), fields, PAGE_FIELDS, "Page")
        page, row, kind = self._find(identifier, token)
        reads = self._post_fields if kind == "Post" else self._comment_fields
        fields = meta.asked_fields(parameters.get("fields") or DEFAULT_FIELDS[kind])
        return shaped((page, row), fields, reads, kind)

    def _find(self, identifier: str, token: str) -> tuple[Page, Row, str]:
        """A post or comment with its page; the token must be that page's."""
        for page_id in self._markets:
            page = self.page(page_id)
            for rows, kind in ((page.posts, "Post"), (page.comments, "Comment")):
                if identifier in rows and not self._deleted(identifier):
                    meta.for_page(token, page_id)
                    return page, rows[identifier], kind
        raise meta.missing(identifier)

    def _deleted(self, identifier: str) -> bool:
        rules = self._faults.standing("delete", self.name)
        return any(rule.id == identifier for rule in rules)

    def _edge(self, call: Call, identifier: str, edge: str, token: str) -> dict[str, Any]:
        parameters = call.parameters
        if identifier in self._markets:
            meta.for_page(token, identifier)
            page = self.page(identifier)
            match edge:
                case "feed":
                    return self._posts(call, page, page.feed, timed=True)
                case "posts" | "published_posts":
                    return self._posts(call, page, page.own, timed=False)
                case "insights":
                    return self._page_insights(call, page)
            raise _unknown_edge(edge, "Page")
        page, row, kind = self._find(identifier, token)
        match edge:
            case "comments":
                return self._comments(call, page, row, kind)
            case "insights" if kind == "Post":
                body = self.post_insights(page, row, parameters.get("metric", ""))
                return {**body, "paging": _windows(call, {})}
            case "reactions" | "likes" if kind == "Post":
                return _reactions(row, parameters)
        raise _unknown_edge(edge, kind)

    def _posts(self, call: Call, page: Page, thread: Thread, *, timed: bool) -> dict[str, Any]:
        """Posts, the newest first; the feed pages by time, the page's own posts by cursors."""
        parameters = call.parameters
        fields = meta.asked_fields(parameters.get("fields") or DEFAULT_FIELDS["Post"])
        start, end = _between(thread, parameters)
        last = parameters.get("__paging_token" if timed else "after")
        if last:
            end = min(end, bisect_left(thread.keys, _place(last)))
        size = meta.limit_of(parameters)
        first = max(start, end - size)
        rows = [row for row in reversed(thread.rows[first:end]) if not self._deleted(row["id"])]
        data = [shaped((page, row), fields, self._post_fields, "Post") for row in rows]
        if not data:
            return {"data": []}
        newest, oldest, more = thread.keys[end - 1], thread.keys[first], first > start
        paging = (
            _timed(call, newest, oldest, more) if timed else _paging(call, newest, oldest, more)
        )
        return {"data": data, "paging": paging}

    def _comments(self, call: Call, page: Page, row: Row, kind: str) -> dict[str, Any]:
        parameters = call.parameters
        body, more = self.comment_page(page, row, kind, parameters)
        paging = body.get("paging")
        if paging and more:
            paging["next"] = meta.link(call, after=paging["cursors"]["after"], before=None)
        return body

    def comment_page(
        self,
        page: Page,
        row: Row,
        kind: str,
        parameters: Mapping[str, str],
        inner: Sequence[Asked] = (),
    ) -> tuple[dict[str, Any], bool]:
        """Comments of a post or a comment, and whether there are more behind them."""
        thread = _thread(page, row, kind, parameters)
        newest_first = parameters.get("order") == "reverse_chronological"
        start, end = _between(thread, parameters)
        if parameters.get("after"):
            place = _place(parameters["after"])
            if newest_first:
                end = min(end, bisect_left(thread.keys, place))
            else:
                start = max(start, bisect_right(thread.keys, place))
        size = meta.limit_of(parameters)
        first, last = (
            (max(start, end - size), end) if newest_first else (start, min(end, start + size))
        )
        rows = thread.rows[first:last][:: -1 if newest_first else 1]
        fields = inner or meta.asked_fields(parameters.get("fields") or DEFAULT_FIELDS["Comment"])
        body: dict[str, Any] = {
            "data": [
                shaped((page, row), fields, self._comment_fields, "Comment")
                for row in rows
                if not self._deleted(row["id"])
            ]
        }
        if rows:
            body["paging"] = {"cursors": meta.cursors(_key(rows[0]), _key(rows[-1]))}
        if meta.summarized(parameters):
            body["summary"] = {
                "order": parameters.get("order", "chronological"),
                "total_count": len(thread.rows),
                "can_comment": True,
            }
        return body, (first > start if newest_first else last < end)

    def _page_insights(self, call: Call, page: Page) -> dict[str, Any]:
        parameters = call.parameters
        metrics = self._metrics(parameters.get("metric", ""), PAGE_METRICS)
        since, until = _insight_window(parameters, page.now)
        paging = _windows(call, {"since": since, "until": until})
        if page.likes < LEAST_LIKES or parameters.get("period", "day") != "day":
            return {"data": [], "paging": paging}
        days = [day for day in page.days if since < day["end"] <= until]
        data = []
        for metric in metrics:
            values = [
                {
                    "value": day[PAGE_METRICS[metric]],
                    "end_time": day["end"].strftime(meta.GRAPH_INSTANT),
                }
                for day in days
            ]
            if values:
                data.append(_insight(metric, "day", values, page.market.page_id))
        return {"data": data, "paging": paging}

    def post_insights(self, page: Page, row: Row, metrics: str) -> dict[str, Any]:
        """Lifetime insights of a post. Only the page's own posts have any."""
        names = self._metrics(metrics, POST_METRICS)
        if row["author_id"] != page.market.page_id:
            return {"data": []}
        return {
            "data": [
                _insight(name, "lifetime", [{"value": POST_METRICS[name](row)}], row["id"])
                for name in names
            ]
        }

    def _metrics(self, text: str, known: Mapping[str, Any]) -> list[str]:
        """The metrics asked for; one that is invalid or retired fails the whole call."""
        names = [name.strip() for name in text.split(",") if name.strip()]
        if not names:
            raise GraphError("(#100) The parameter metric is required")
        retired = {rule.metric for rule in self._faults.standing("retired_metric", self.name)}
        for name in names:
            if name not in known or name in retired:
                raise GraphError("(#100) The value must be a valid insights metric")
        return names


def _between(thread: Thread, parameters: Mapping[str, str]) -> tuple[int, int]:
    """The part of a thread that `since` and `until` leave, both included."""
    since, until = parameters.get("since"), parameters.get("until")
    start = bisect_left(thread.keys, (micros(meta.moment(since)), "")) if since else 0
    if not until:
        return start, len(thread.keys)
    return start, bisect_right(thread.keys, (micros(meta.moment(until)), "~"))


def _unknown_edge(edge: str, kind: str) -> GraphError:
    return GraphError(f"(#100) Tried accessing nonexisting field ({edge}) on node type ({kind})")


def _place(cursor: str) -> Key:
    place = meta.place_of(cursor)
    return int(place[0]), str(place[1])


def _thread(page: Page, row: Row, kind: str, parameters: Mapping[str, str]) -> Thread:
    if kind == "Comment":
        return page.replies.get(row["id"], NOTHING)
    threads = page.streams if parameters.get("filter") == "stream" else page.top
    return threads.get(row["id"], NOTHING)


def _paging(call: Call, first: Key, last: Key, more: bool) -> dict[str, Any]:
    place = meta.cursors(first, last)
    paging: dict[str, Any] = {"cursors": place}
    if more:
        paging["next"] = meta.link(call, after=place["after"], before=None)
    return paging


def _timed(call: Call, newest: Key, oldest: Key, more: bool) -> dict[str, Any]:
    """Paging by time: addresses only, without cursors."""
    before, after = newest[0] // 1_000_000, oldest[0] // 1_000_000
    paging = {
        "previous": meta.link(
            call,
            until=None,
            since=str(before),
            __previous="1",
            __paging_token=meta.token_of(newest),
        )
    }
    if more:
        paging["next"] = meta.link(call, until=str(after), __paging_token=meta.token_of(oldest))
    return paging


def _windows(call: Call, window: Mapping[str, datetime]) -> dict[str, str]:
    """Insights page by adjacent windows of time, and there always is another one."""
    if not window:
        return {"previous": meta.link(call), "next": meta.link(call)}
    since, until = window["since"], window["until"]
    span = until - since
    return {
        "previous": meta.link(call, since=_epoch(since - span), until=_epoch(since)),
        "next": meta.link(call, since=_epoch(until), until=_epoch(until + span)),
    }


def _epoch(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def _insight_window(parameters: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    until = _pacific(parameters["until"]) if "until" in parameters else now
    since = _pacific(parameters["since"]) if "since" in parameters else until - timedelta(days=2)
    if until - since > timedelta(days=MOST_DAYS):
        message = f"(#100) There cannot be more than {MOST_DAYS} days between since and until"
        raise GraphError(message)
    return since, until


def _pacific(text: str) -> datetime:
    """A date stands for its midnight in California; anything else is an instant."""
    if len(text) == 10 and text[4] == "-":
        try:
            return datetime.combine(date.fromisoformat(text), time(), PAGE_ZONE).astimezone(UTC)
        except ValueError:
            raise GraphError(f"(#100) Invalid time: {text}") from None
    return meta.moment(text)


def _insight(metric: str, period: str, values: list[dict[str, Any]], node: str) -> dict[str, Any]:
    title = metric.replace("_", " ").capitalize()
    return {
        "name": metric,
        "period": period,
        "values": values,
        "title": title,
        "description": f"{period.capitalize()}: {title}",
        "id": f"{node}/insights/{metric}/{period}",
    }


def _reactions(row: Row, parameters: Mapping[str, str]) -> dict[str, Any]:
    # Who reacted is told only to those whom the person lets see it: the sandbox's people do not.
    body: dict[str, Any] = {"data": []}
    if meta.summarized(parameters):
        total = sum(row[name] for name in REACTIONS)
        body["summary"] = {"total_count": total, "viewer_reaction": "NONE"}
    return body


def _author(node: tuple[Page, Row], _: Asked) -> dict[str, str]:
    row = node[1]
    return {"name": row["author_name"], "id": row["author_id"]}


def _column(name: str) -> Read:
    return lambda node, _: node[1][name]


def _attachments(node: tuple[Page, Row], _: Asked) -> Any:
    page, row = node
    kind = ATTACHMENTS.get(row["status_type"])
    if kind is None:
        return ABSENT
    url = row["link"] or _permalink(page, row)
    return {"data": [{"type": kind[0], "media_type": kind[1], "url": url, "unshimmed_url": url}]}


def _permalink(page: Page, row: Row) -> str:
    return f"https://www.facebook.com/{page.market.page_id}/posts/{row['id'].partition('_')[2]}"


def _post_fields(pages: FacebookPages) -> dict[str, Read]:
    def comments(node: tuple[Page, Row], asked: Asked) -> dict[str, Any]:
        return pages.comment_page(*node, "Post", asked.parameters, asked.fields)[0]

    def insights(node: tuple[Page, Row], asked: Asked) -> Any:
        body = pages.post_insights(*node, asked.modifiers.get("metric", ""))
        return body if body["data"] else ABSENT

    return {
        "id": _column("id"),
        "message": _column("message"),
        "created_time": _column("created_at"),
        "updated_time": _column("updated_at"),
        "status_type": _column("status_type"),
        "from": _author,
        "permalink_url": lambda node, _: _permalink(*node),
        "is_published": lambda *_: True,
        "is_hidden": lambda *_: False,
        "shares": lambda node, _: {"count": node[1]["shares"]} if node[1]["shares"] else ABSENT,
        "attachments": _attachments,
        "reactions": lambda node, asked: _reactions(node[1], asked.modifiers),
        "likes": lambda node, asked: _reactions(node[1], asked.modifiers),
        "comments": comments,
        "insights": insights,
    }


def _comment_fields(pages: FacebookPages) -> dict[str, Read]:
    def replies(node: tuple[Page, Row], asked: Asked) -> dict[str, Any]:
        return pages.comment_page(*node, "Comment", asked.parameters, asked.fields)[0]

    def parent(node: tuple[Page, Row], asked: Asked) -> Any:
        page, row = node
        answered = page.comments.get(row["parent_id"] or "")
        if answered is None:
            return ABSENT
        fields = asked.fields or meta.asked_fields(DEFAULT_FIELDS["Comment"])
        return shaped((page, answered), fields, reads, "Comment")

    def reply_count(node: tuple[Page, Row], _: Asked) -> int:
        return len(node[0].replies.get(node[1]["id"], NOTHING).rows)

    reads: dict[str, Read] = {
        "id": _column("id"),
        "message": _column("message"),
        "created_time": _column("created_at"),
        "from": _author,
        "like_count": _column("like_count"),
        "comment_count": reply_count,
        "is_hidden": _column("is_hidden"),
        "parent": parent,
        "comments": replies,
        "permalink_url": lambda node, _: (
            f"{_permalink(node[0], node[0].posts[node[1]['post_id']])}?comment_id={node[1]['id']}"
        ),
        "user_likes": lambda *_: False,
        "can_hide": lambda *_: True,
    }
    return reads


PAGE_FIELDS: dict[str, Read] = {
    "id": lambda page, _: page.market.page_id,
    "name": lambda page, _: page.market.page_name,
    "username": lambda page, _: page.market.shop.replace("-", ""),
    "category": lambda *_: "Health food shop",
    "link": lambda page, _: f"https://www.facebook.com/{page.market.page_id}",
    "website": lambda page, _: f"https://{page.market.hostname}",
    "fan_count": lambda page, _: page.likes,
    "followers_count": lambda page, _: page.likes,
    "access_token": lambda page, _: page_token(page.market.page_id),
    "tasks": lambda *_: ["ANALYZE", "MODERATE", "CREATE_CONTENT"],
}
