"""Instagram of the sandbox: business accounts, media, stories, comments, tags, insights of Graph.

Belongs here: their nodes, edges and metrics. Does not: what all of Graph shares (`meta`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox import meta
from pipelines.sandbox.clock import Scene, micros
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.meta import ABSENT, Asked, GraphError, Read, shaped
from pipelines.sandbox.tables import texts
from pipelines.sandbox.wire import Answer, Call
from pipelines.sandbox.world import CHANNEL_ACCOUNTS, MARKETS, PAGE_ZONE, Market, channel_gains
from pipelines.sandbox.world.channels import HANDLES

PLATFORM = "instagram"
Row = dict[str, Any]
# Accounts, media and comments have ids of one kind, which no page or advertising account has.
ID = re.compile(r"1[78]\d{15}")
# Media of the first days were posted before the account became a business's.
PRIVATE_DAYS = 10
# A story that fewer have seen tells no insights.
LEAST_VIEWERS = 5
STORY_LIVES = timedelta(days=1)
MOST_DAYS, FOLLOWER_DAYS = 30, 30
MOST_GROUPS = 45
DEFAULT_FIELDS = {"IGUser": "id", "IGMedia": "id", "IGComment": "id,text,timestamp"}

PRODUCTS = {
    "photo": ("FEED", "IMAGE"),
    "carousel": ("FEED", "CAROUSEL_ALBUM"),
    "video": ("FEED", "VIDEO"),
    "reel": ("REELS", "VIDEO"),
    "story": ("STORY", "IMAGE"),
}
REELS_ONLY = {
    "ig_reels_avg_watch_time": lambda row: (
        row["watch_seconds"] * 1000 // max(row["video_views"], 1)
    ),
    "ig_reels_video_view_total_time": lambda row: row["watch_seconds"] * 1000,
}
METRICS: Mapping[str, Callable[[Row], int]] = {
    "views": lambda row: row["impressions"],
    "reach": lambda row: row["reach"],
    "saved": lambda row: row["saves"],
    "shares": lambda row: row["shares"],
    "likes": lambda row: row["likes"],
    "comments": lambda row: row["comments"],
    "replies": lambda row: row["comments"],
    "follows": lambda row: row["profile_clicks"] // 9,
    "profile_visits": lambda row: row["profile_clicks"],
    "total_interactions": lambda row: interactions(row),
    **REELS_ONLY,
}
# What each kind of media does not tell.
WITHOUT: Mapping[str, frozenset[str]] = {
    "photo": frozenset({"replies", *REELS_ONLY}),
    "carousel": frozenset({"replies", *REELS_ONLY}),
    "video": frozenset(METRICS) - {"reach", "saved"},
    "reel": frozenset({"replies", "follows", "profile_visits"}),
    "story": frozenset({"saved", "likes", "comments", *REELS_ONLY}),
}
SERIES = {"reach": "reach", "follower_count": "new_followers"}
TOTALS = ("views", "reach", "profile_views", "total_interactions", "likes", "comments", "shares")
# How followers are spread: rules, not truth, by market.
PLACES = {
    "id": (("Jakarta, Jakarta", 30), ("Surabaya, East Java", 15), ("Bandung, West Java", 12)),
    "us": (("Los Angeles, California", 18), ("New York, New York", 14)),
}
COUNTRIES = {"id": (("ID", 92), ("MY", 4)), "us": (("US", 95), ("CA", 2))}
AGES = (("18-24", 26), ("25-34", 38), ("35-44", 20))
GENDERS = (("F", 61), ("M", 36), ("U", 3))


def interactions(row: Mapping[str, int]) -> int:
    """What people did with a media: likes, comments, saves and shares."""
    return row["likes"] + row["comments"] + row["saves"] + row["shares"]


def hides_likes(media: str) -> bool:
    """Whether the account hides how many like that media."""
    return int(media) % 13 == 0


class Profile:
    """One account as it stands at the scene's instant."""

    def __init__(self, scene: Scene, market: Market) -> None:
        self.market = market
        self.now = scene.now
        self.id = CHANNEL_ACCOUNTS[PLATFORM][market.code]
        self.username = market.shop.replace("-", "")
        posts = _rows(_own(scene.table("current_channel_posts"), self.id), "post_id")
        self.media = {row["id"]: row for row in posts}
        # Who addresses the brand tags it in the picture too: a rule, not truth.
        written = _rows(_by_others(scene.table("current_channel_posts"), self.id), "post_id")
        self.tagged = [row for row in written if f"@{HANDLES[market.code]} " in row["message"]]
        stories = [row for row in posts if row["media_type"] == "story"]
        lives = scene.micros - STORY_LIVES // timedelta(microseconds=1)
        self.stories = [row for row in stories if row["created_us"] > lives]
        self.feed = [row for row in posts if row["media_type"] != "story"]
        comments = _rows(_of_account(scene.world.channel_comments, self.id), "comment_id")
        shown = [row for row in comments if row["post_id"] in self.media]
        self.comments = {row["id"]: row for row in shown}
        self.threads = _grouped((row for row in shown if not row["parent_id"]), "post_id")
        self.replies = _grouped((row for row in shown if row["parent_id"]), "parent_id")
        today = scene.today(PAGE_ZONE.key)
        days = _of_account(scene.world.channel_days, self.id).to_pylist()
        self.days = {row["date_day"]: row for row in days if row["date_day"] < today}
        self.private_until = micros(
            datetime.combine(scene.config.start, time(), UTC) + timedelta(days=PRIVATE_DAYS)
        )

    @property
    def followers(self) -> int:
        """Followers at the end of the last closed day."""
        return int(self.days[max(self.days)]["followers"]) if self.days else 0


def _of_account(table: pa.Table, account: str) -> pa.Table:
    mine = pc.and_(pc.equal(table["platform"], PLATFORM), pc.equal(table["account_id"], account))
    return table.filter(mine)


def _own(posts: pa.Table, account: str) -> pa.Table:
    posts = _of_account(posts, account)
    return posts.filter(pc.invert(posts["is_mention"]))


def _by_others(posts: pa.Table, account: str) -> pa.Table:
    posts = _of_account(posts, account)
    return posts.filter(posts["is_mention"])


def _rows(table: pa.Table, identifier: str) -> list[Row]:
    """The rows with their id, the newest first."""
    created = table["created_at"].cast(pa.int64())
    table = table.append_column("created_us", created).append_column("id", table[identifier])
    return texts(
        table.sort_by([("created_us", "descending"), ("id", "descending")]), meta.GRAPH_INSTANT
    )


def _grouped(rows: Iterable[Row], by: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[by]].append(row)
    return groups


class Instagram:
    """Graph's side of Instagram."""

    name = PLATFORM

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults
        self._markets = {CHANNEL_ACCOUNTS[PLATFORM][market.code]: market for market in MARKETS}
        self._comment_fields = _comment_fields(self)

    def knows(self, call: Call) -> bool:
        """Whether a call to Graph is about Instagram."""
        steps = meta.unversioned(call.path)
        first = steps[0] if steps else call.parameters.get("ids", "").partition(",")[0]
        return ID.fullmatch(first) is not None

    def endpoint(self, call: Call) -> str:
        """`GET user/media`, `GET media/insights`, `GET comment/replies`, `GET ids`."""
        steps = meta.unversioned(call.path)
        if not steps:
            return f"{call.method} ids"
        kinds = {"replies": "comment", "comments": "media", "children": "media"}
        kind = "user" if steps[0] in self._markets else kinds.get(steps[-1], "media")
        return f"{call.method} {'/'.join([kind, *steps[1:]])}"

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """Graph's words for a fault."""
        return meta.refused(refusal, call)

    def answer(self, call: Call) -> Answer:
        """A node, an edge or several nodes."""
        try:
            meta.authorized(call)
            body = self._answer(call, meta.unversioned(call.path))
        except GraphError as error:
            return error.answer
        return Answer(body, headers=meta.usage(call))

    def _answer(self, call: Call, steps: list[str]) -> dict[str, Any]:
        match steps:
            case []:
                ids = [name for name in call.parameters.get("ids", "").split(",") if name]
                return {name: self._node(name, call.parameters) for name in ids}
            case [identifier]:
                return self._node(identifier, call.parameters)
            case [identifier, edge]:
                return self._edge(call, identifier, edge)
        raise meta.missing("/".join(steps))

    def profile(self, account: str) -> Profile:
        """An account of the scene."""
        market = self._markets[account]
        return self._scene.memo.get((PLATFORM, account), lambda: Profile(self._scene, market))

    def _node(self, identifier: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        profile, row, kind = self._find(identifier)
        fields = meta.asked_fields(parameters.get("fields") or DEFAULT_FIELDS[kind])
        if row is None:
            return shaped(profile, fields, USER_FIELDS, kind)
        reads = MEDIA_FIELDS if kind == "IGMedia" else self._comment_fields
        return shaped((profile, row), fields, reads, kind)

    def _find(self, identifier: str) -> tuple[Profile, Row | None, str]:
        """An account, a media or a comment, with its account."""
        if identifier in self._markets:
            return self.profile(identifier), None, "IGUser"
        for account in self._markets:
            profile = self.profile(account)
            for rows, kind in ((profile.media, "IGMedia"), (profile.comments, "IGComment")):
                if identifier in rows and not self._deleted(identifier):
                    return profile, rows[identifier], kind
        raise meta.missing(identifier)

    def _deleted(self, identifier: str) -> bool:
        return any(rule.id == identifier for rule in self._faults.standing("delete", self.name))

    def _edge(self, call: Call, identifier: str, edge: str) -> dict[str, Any]:
        profile, row, kind = self._find(identifier)
        match (kind, edge):
            case ("IGUser", "media"):
                return self._page(call, profile, profile.feed, MEDIA_FIELDS, "IGMedia")
            case ("IGUser", "stories"):
                return self._page(call, profile, profile.stories, MEDIA_FIELDS, "IGMedia")
            case ("IGUser", "tags"):
                return self._page(call, profile, profile.tagged, TAGGED_FIELDS, "IGMedia")
            case ("IGUser", "insights"):
                return self._account_insights(call, profile)
            case ("IGMedia", "comments"):
                found = profile.threads.get(identifier, [])
                return self._page(call, profile, found, self._comment_fields, "IGComment")
            case ("IGComment", "replies"):
                found = profile.replies.get(identifier, [])
                return self._page(call, profile, found, self._comment_fields, "IGComment")
        if kind == "IGMedia" and edge == "insights" and row is not None:
            return {"data": self._media_insights(profile, row, call.parameters.get("metric", ""))}
        message = f"(#100) Tried accessing nonexisting field ({edge}) on node type ({kind})"
        raise GraphError(message)

    def _page(
        self, call: Call, profile: Profile, edge: list[Row], reads: Mapping[str, Read], kind: str
    ) -> dict[str, Any]:
        """Nodes of an edge, the newest first, page by page."""
        parameters = call.parameters
        fields = meta.asked_fields(parameters.get("fields") or DEFAULT_FIELDS[kind])
        rows = _between(edge, parameters)
        start = 0
        if parameters.get("after"):
            last = str(meta.place_of(parameters["after"])[0])
            start = next((at + 1 for at, row in enumerate(rows) if row["id"] == last), len(rows))
        size = meta.limit_of(parameters)
        shown = [row for row in rows[start : start + size] if not self._deleted(row["id"])]
        body: dict[str, Any] = {
            "data": [shaped((profile, row), fields, reads, kind) for row in shown]
        }
        if shown:
            place = meta.cursors([shown[0]["id"]], [shown[-1]["id"]])
            body["paging"] = {"cursors": place}
            if start + size < len(rows):
                body["paging"]["next"] = meta.link(call, after=place["after"], before=None)
        return body

    # --- insights

    def _media_insights(self, profile: Profile, row: Row, text: str) -> list[dict[str, Any]]:
        metrics = self._metrics(text, METRICS)
        for name in metrics:
            if name in WITHOUT[row["media_type"]]:
                message = (
                    f"(#100) The Media Insights API does not support the {name} metric for this "
                    "media product type."
                )
                raise GraphError(message)
        if row["created_us"] < profile.private_until:
            message = "(#100) The media was posted before the account was converted to a business."
            raise GraphError(message, 100, subcode=2108006)
        if row["media_type"] == "story" and row["reach"] < LEAST_VIEWERS:
            message = "(#10) Not enough viewers for the media to show insights"
            raise GraphError(message, 10)
        return [
            _insight(row["id"], name, "lifetime", {"values": [{"value": METRICS[name](row)}]})
            for name in metrics
        ]

    def _metrics(self, text: str, known: Iterable[str]) -> list[str]:
        """The metrics asked for; one that is invalid or retired fails the whole call."""
        names = [name.strip() for name in text.split(",") if name.strip()]
        if not names:
            raise GraphError("(#100) The parameter metric is required")
        retired = {rule.metric for rule in self._faults.standing("retired_metric", self.name)}
        for name in names:
            if name not in known or name in retired:
                raise GraphError("(#100) The value must be a valid insights metric")
        return names

    def _account_insights(self, call: Call, profile: Profile) -> dict[str, Any]:
        parameters = call.parameters
        if parameters.get("metric") == "follower_demographics":
            return {"data": _demographics(profile, parameters)}
        kind = parameters.get("metric_type", "time_series")
        known = SERIES if kind == "time_series" else dict.fromkeys(TOTALS)
        metrics = self._metrics(parameters.get("metric", ""), known)
        since, until = (meta.moment(parameters[name]) for name in ("since", "until"))
        if until - since > timedelta(days=MOST_DAYS, hours=1):
            message = f"(#100) There cannot be more than {MOST_DAYS} days between since and until"
            raise GraphError(message)
        days = [day for day in sorted(profile.days) if since < _end_of(day) <= until]
        window = {"since": str(int(since.timestamp())), "until": str(int(until.timestamp()))}
        paging = {name: meta.link(call, **window) for name in ("previous", "next")}
        if kind == "total_value":
            values = [self._total(profile, metric, days) for metric in metrics]
        else:
            values = [_series(profile, metric, days) for metric in metrics]
        data = [
            _insight(profile.id, metric, "day", value)
            for metric, value in zip(metrics, values, strict=True)
        ]
        return {"data": data if days else [], "paging": paging}

    def _total(self, profile: Profile, metric: str, days: Sequence[date]) -> dict[str, Any]:
        """One value for the whole span."""
        columns = {"views": "impressions", "reach": "reach", "profile_views": "profile_views"}
        if metric in columns:
            value = sum(profile.days[day][columns[metric]] for day in days)
        else:
            told = [row for day in days for row in self._gains(profile).get(day, ())]
            value = sum(
                interactions(row) if metric == "total_interactions" else row[metric] for row in told
            )
        return {"total_value": {"value": value}}

    def _gains(self, profile: Profile) -> dict[date, list[Row]]:
        def by_day() -> dict[date, list[Row]]:
            table = channel_gains(self._scene.world, PLATFORM, PAGE_ZONE)
            found: dict[date, list[Row]] = defaultdict(list)
            for row in table.filter(pc.equal(table["account_id"], profile.id)).to_pylist():
                found[row["date_day"]].append(row)
            return found

        return self._scene.memo.get((PLATFORM, "gains", profile.id), by_day)

    def answers(self, node: tuple[Profile, Row], asked: Asked) -> Any:
        """A comment's replies, as many as are asked for."""
        profile, row = node
        edge = profile.replies.get(row["id"], [])
        rows = [reply for reply in edge if not self._deleted(reply["id"])]
        if not rows:
            return ABSENT
        fields = asked.fields or meta.asked_fields(DEFAULT_FIELDS["IGComment"])
        shown = rows[: meta.limit_of(asked.parameters)]
        data = [
            shaped((profile, reply), fields, self._comment_fields, "IGComment") for reply in shown
        ]
        body: dict[str, Any] = {"data": data}
        if len(shown) < len(rows):
            body["paging"] = {"next": f"https://graph.facebook.com/{row['id']}/replies?after=x"}
        return body


def _between(rows: list[Row], parameters: Mapping[str, str]) -> list[Row]:
    """The part of an edge that `since` and `until` leave; rows are the newest first."""
    ages = [-row["created_us"] for row in rows]
    start, end = 0, len(rows)
    if parameters.get("until"):
        start = bisect_left(ages, -micros(meta.moment(parameters["until"])))
    if parameters.get("since"):
        end = bisect_left(ages, -micros(meta.moment(parameters["since"])) + 1)
    return rows[start:end]


def _end_of(day: date) -> datetime:
    """The midnight in California that closes the day, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), PAGE_ZONE).astimezone(UTC)


def _series(profile: Profile, metric: str, days: Sequence[date]) -> dict[str, Any]:
    """One value a day. Followers are told of the last thirty days only."""
    if metric == "follower_count" and days:
        oldest = profile.now - timedelta(days=FOLLOWER_DAYS + 1)
        if _end_of(days[0]) < oldest:
            message = (
                "(#100) (follower_count) metric only supports querying data for the last 30 days "
                "excluding the current day"
            )
            raise GraphError(message)
    column = SERIES[metric]
    values = [
        {
            "value": profile.days[day][column],
            "end_time": _end_of(day).strftime(meta.GRAPH_INSTANT),
        }
        for day in days
    ]
    return {"values": values}


def _demographics(profile: Profile, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    breakdown = parameters.get("breakdown", "")
    code, everyone = profile.market.code, profile.followers
    groups: dict[str, list[tuple[tuple[str, ...], int]]] = {
        "city": [((name,), share) for name, share in PLACES[code]],
        "country": [((name,), share) for name, share in COUNTRIES[code]],
        "age,gender": [((age, gender), a * g // 100) for age, a in AGES for gender, g in GENDERS],
    }
    if breakdown not in groups:
        raise GraphError("(#100) Param breakdown must be one of {city, country, age, gender}")
    results = [
        {"dimension_values": list(names), "value": everyone * share // 100}
        for names, share in groups[breakdown][:MOST_GROUPS]
        if everyone * share >= 100
    ]
    if not results:
        return []
    told = {"dimension_keys": breakdown.split(","), "results": results}
    value = {"total_value": {"breakdowns": [told]}}
    return [_insight(profile.id, "follower_demographics", "lifetime", value)]


def _insight(node: str, metric: str, period: str, value: dict[str, Any]) -> dict[str, Any]:
    title = metric.replace("_", " ").capitalize()
    return {
        "name": metric,
        "period": period,
        **value,
        "title": title,
        "description": f"{period.capitalize()}: {title}",
        "id": f"{node}/insights/{metric}/{period}",
    }


# --- fields


def _column(name: str) -> Read:
    return lambda node, _: node[1][name]


def _shortcode(row: Row) -> str:
    return f"C{int(row['id']) % 10**10:x}"


def _children(node: tuple[Profile, Row], _: Asked) -> Any:
    row = node[1]
    if row["media_type"] != "carousel":
        return ABSENT
    first = int(row["id"]) + 1
    return {"data": [{"id": str(first + at), "media_type": "IMAGE"} for at in range(3)]}


def _place(row: Row) -> str:
    return "stories" if row["media_type"] == "story" else "p"


MEDIA_FIELDS: dict[str, Read] = {
    "id": _column("id"),
    "caption": lambda node, _: ABSENT if node[1]["media_type"] == "story" else node[1]["message"],
    "media_type": lambda node, _: PRODUCTS[node[1]["media_type"]][1],
    "media_product_type": lambda node, _: PRODUCTS[node[1]["media_type"]][0],
    "media_url": lambda node, _: f"https://scontent.cdninstagram.com/{_shortcode(node[1])}.jpg",
    "permalink": lambda node, _: (
        f"https://www.instagram.com/{_place(node[1])}/{_shortcode(node[1])}/"
    ),
    "shortcode": lambda node, _: _shortcode(node[1]),
    "timestamp": _column("created_at"),
    "username": lambda node, _: node[0].username,
    "like_count": lambda node, _: ABSENT if hides_likes(node[1]["id"]) else node[1]["likes"],
    "comments_count": _column("comments"),
    "children": _children,
    "is_comment_enabled": lambda *_: True,
}
# Of media by others their author is named, and the product is not told.
TAGGED_FIELDS: dict[str, Read] = {
    **{name: read for name, read in MEDIA_FIELDS.items() if name != "media_product_type"},
    "username": _column("author_handle"),
}


def _comment_fields(instagram: Instagram) -> dict[str, Read]:
    def author(node: tuple[Profile, Row], _: Asked) -> dict[str, str]:
        return {"id": node[1]["author_id"], "username": _username(node[1])}

    return {
        "id": _column("id"),
        "text": _column("message"),
        "timestamp": _column("created_at"),
        "username": lambda node, _: _username(node[1]),
        "from": author,
        "like_count": _column("like_count"),
        "hidden": lambda *_: False,
        "parent_id": lambda node, _: node[1]["parent_id"] or ABSENT,
        "media": lambda node, _: {"id": node[1]["post_id"]},
        "replies": instagram.answers,
    }


def _username(row: Row) -> str:
    return "".join(filter(str.isalnum, str(row["author_name"]))).lower()


USER_FIELDS: dict[str, Read] = {
    "id": lambda profile, _: profile.id,
    "username": lambda profile, _: profile.username,
    "name": lambda profile, _: profile.market.page_name,
    "biography": lambda *_: "",
    "website": lambda profile, _: f"https://{profile.market.hostname}",
    "profile_picture_url": lambda profile, _: f"https://scontent.cdninstagram.com/{profile.id}",
    "followers_count": lambda profile, _: profile.followers,
    "follows_count": lambda *_: 120,
    "media_count": lambda profile, _: len(profile.feed),
}
