"""LinkedIn pages of the sandbox: organisations, their posts, statistics, followers and comments.

Belongs here: resources of organisations. Does not: what all of LinkedIn shares (`restli`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox import restli
from pipelines.sandbox.clock import Scene
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.restli import RestliError, bad, missing
from pipelines.sandbox.wire import Answer, Call
from pipelines.sandbox.world import (
    CHANNEL_ACCOUNTS,
    MARKETS,
    Market,
    channel_gains,
    current_channel_posts,
)

Row = dict[str, Any]
NAME = "linkedin"
COUNTERS = ("impressions", "reach", "link_clicks", "likes", "comments", "shares")
# Daily statistics reach back so far.
TOLD = timedelta(days=365)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Organisation:
    """One organisation as it stands at the scene's instant.

    `posts` by URN, newest first; `comments` by the URN of what they answer; `gained` and `days` by
    day.
    """

    id: str
    market: Market
    posts: Mapping[str, Row]
    comments: Mapping[str, Sequence[Row]]
    gained: Mapping[date, Row]
    days: Mapping[date, Row]

    @property
    def urn(self) -> str:
        """The organisation's URN."""
        return f"urn:li:organization:{self.id}"


def _organisation(scene: Scene, faults: Faults, market: Market) -> Organisation:
    world, gone = scene.world, {rule.id for rule in faults.standing("delete", NAME)}
    posts = _mine(current_channel_posts(world), market).to_pylist()
    shown = {_urn(row): row for row in reversed(posts) if not row["is_mention"]}
    shown = {urn: row for urn, row in shown.items() if urn not in gone}
    by_number = {row["post_id"]: urn for urn, row in shown.items()}
    comments: dict[str, list[Row]] = {}
    for row in _mine(world.channel_comments, market).to_pylist():
        if row["post_id"] in by_number and _comment_urn(row) not in gone:
            answered = _comment_urn({**row, "comment_id": row["parent_id"]})
            to = by_number[row["post_id"]] if row["parent_id"] is None else answered
            comments.setdefault(to, []).append(row)
    gains = channel_gains(world, NAME, ZoneInfo("UTC"))
    gains = gains.filter(pc.equal(gains["market"], market.code))
    gained = gains.group_by("date_day").aggregate([(name, "sum") for name in COUNTERS])
    return Organisation(
        CHANNEL_ACCOUNTS[NAME][market.code],
        market,
        shown,
        comments,
        {
            row["date_day"]: {name: row[f"{name}_sum"] for name in COUNTERS}
            for row in gained.to_pylist()
        },
        {row["date_day"]: row for row in _mine(world.channel_days, market).to_pylist()},
    )


def _mine(table: pa.Table, market: Market) -> pa.Table:
    own = pc.and_(pc.equal(table["platform"], NAME), pc.equal(table["market"], market.code))
    return table.filter(own)


def _urn(row: Row) -> str:
    kind = "ugcPost" if row["media_type"] == "video" else "share"
    return f"urn:li:{kind}:{row['post_id']}"


def _comment_urn(row: Row) -> str:
    return f"urn:li:comment:(urn:li:activity:{row['post_id']},{row['comment_id']})"


class Linkedin:
    """The resources of organisations."""

    name = NAME

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults
        self._markets = {CHANNEL_ACCOUNTS[NAME][market.code]: market for market in MARKETS}

    def endpoint(self, call: Call) -> str:
        """`GET posts`, `GET socialActions/comments` and the like."""
        first, *rest = call.path.removeprefix("rest/").split("/")
        return f"GET {'/'.join([first, *rest[1:]])}"

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """LinkedIn's words for a fault."""
        return restli.refused(refusal, call)

    def answer(self, call: Call) -> Answer:
        """An entity, a finder's elements, or statistics."""
        try:
            restli.authorized(call)
            return Answer(self._answer(call.path.split("/")[1:], restli.asked(call)))
        except RestliError as refusal:
            return refusal.answer

    def organisation(self, urn: str) -> Organisation:
        """An organisation by its number or URN; raises RestliError for an unknown one."""
        number = urn.rpartition(":")[2]
        market = self._markets.get(number)
        if market is None:
            raise missing(urn)
        return self._scene.memo.get(
            (NAME, number, self._faults.version),
            lambda: _organisation(self._scene, self._faults, market),
        )

    def _answer(self, steps: Sequence[str], asked: dict[str, Any]) -> Any:
        match steps:
            case ["organizations"] if "ids" in asked:
                return restli.batch(asked, lambda key: _told(self.organisation(key)))
            case ["organizations", number]:
                return _told(self.organisation(number))
            case ["posts"]:
                return self._posts(asked)
            case ["posts", urn]:
                return _post(*self._post(urn))
            case ["organizationalEntityShareStatistics"]:
                return _elements(self._share_statistics(self._asked_of(asked), asked))
            case ["organizationalEntityFollowerStatistics"]:
                return _elements(self._follower_statistics(self._asked_of(asked), asked))
            case ["networkSizes", urn] if asked.get("edgeType") == "COMPANY_FOLLOWED_BY_MEMBER":
                return {"firstDegreeSize": self._followers(self.organisation(urn))}
            case ["socialActions", urn, "comments"]:
                return self._comments(urn, asked)
        raise missing("/".join(steps))

    def _asked_of(self, asked: Mapping[str, Any]) -> Organisation:
        if asked.get("q") != "organizationalEntity":
            raise bad("Invalid query parameters: no finder of that name")
        return self.organisation(asked.get("organizationalEntity", ""))

    def _posts(self, asked: Mapping[str, Any]) -> Row:
        if asked.get("q") != "author":
            raise bad("Invalid query parameters: no finder of that name")
        organisation = self.organisation(asked.get("author", ""))
        posts = [_post(organisation, row) for row in organisation.posts.values()]
        return restli.by_offset(asked, posts)

    def _post(self, urn: str) -> tuple[Organisation, Row]:
        for number in self._markets:
            organisation = self.organisation(number)
            if urn in organisation.posts:
                return organisation, organisation.posts[urn]
        raise missing(urn)

    def _share_statistics(
        self, organisation: Organisation, asked: Mapping[str, Any]
    ) -> Iterable[Row]:
        entity = {"organizationalEntity": organisation.urn}
        if "timeIntervals" in asked:
            for span, day in self._days(asked):
                figures = organisation.gained.get(day, dict.fromkeys(COUNTERS, 0))
                yield {**entity, "timeRange": span, "totalShareStatistics": _statistics(figures)}
            return
        for kind, name in (("share", "shares"), ("ugcPost", "ugcPosts")):
            for urn in asked.get(name, ()):
                if row := organisation.posts.get(urn):
                    yield {**entity, kind: urn, "totalShareStatistics": _statistics(row)}
        if "shares" not in asked and "ugcPosts" not in asked:
            rows = organisation.posts.values()
            whole = {name: sum(row[name] for row in rows) for name in COUNTERS}
            yield {**entity, "totalShareStatistics": _statistics(whole)}

    def _follower_statistics(
        self, organisation: Organisation, asked: Mapping[str, Any]
    ) -> Iterable[Row]:
        for span, day in self._days(asked):
            gained = organisation.days.get(day, {}).get("new_followers", 0)
            yield {
                "organizationalEntity": organisation.urn,
                "timeRange": span,
                "followerGains": {"organicFollowerGain": gained, "paidFollowerGain": 0},
            }

    def _days(self, asked: Mapping[str, Any]) -> Iterable[tuple[Row, date]]:
        """The closed days of a time interval, its end excluded, of the last twelve months."""
        interval = asked.get("timeIntervals") or {}
        if interval.get("timeGranularityType") != "DAY":
            raise bad("Only timeGranularityType DAY is served here")
        span = interval["timeRange"]
        start, end = (
            datetime.fromtimestamp(int(span[name]) / 1000, UTC).date() for name in ("start", "end")
        )
        today = self._scene.today("UTC")
        day = max(start, today - TOLD)
        while day < min(end, today):
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            begin, close = (int(each.timestamp()) * 1000 for each in (midnight, midnight + DAY))
            yield {"start": begin, "end": close}, day
            day += DAY

    def _followers(self, organisation: Organisation) -> int:
        yesterday = self._scene.today("UTC") - DAY
        return int(organisation.days[yesterday]["followers"])

    def _comments(self, urn: str, asked: Mapping[str, Any]) -> Row:
        for number in self._markets:
            organisation = self.organisation(number)
            found = organisation.comments.get(urn)
            if found is not None or urn in organisation.posts:
                told = [_comment(organisation, row) for row in found or ()]
                return restli.by_offset(asked, told)
        raise missing(urn)


def _elements(found: Iterable[Row]) -> Row:
    elements = list(found)
    return {"paging": {"start": 0, "count": 10, "links": []}, "elements": elements}


def _told(organisation: Organisation) -> Row:
    return {
        "id": int(organisation.id),
        "localizedName": organisation.market.page_name,
        "vanityName": organisation.market.page_name.lower().replace(" ", "-"),
    }


def _statistics(figures: Mapping[str, Any]) -> Row:
    acted = sum(figures[name] for name in ("link_clicks", "likes", "comments", "shares"))
    return {
        "impressionCount": figures["impressions"],
        "uniqueImpressionsCount": figures["reach"],
        "clickCount": figures["link_clicks"],
        "likeCount": figures["likes"],
        "commentCount": figures["comments"],
        "shareCount": figures["shares"],
        "engagement": acted / figures["impressions"] if figures["impressions"] else 0.0,
    }


def _post(organisation: Organisation, row: Row) -> Row:
    created = restli.milliseconds(row["created_at"])
    return restli.known(
        {
            "id": _urn(row),
            "author": organisation.urn,
            "commentary": row["message"],
            "createdAt": created,
            "publishedAt": created,
            "lastModifiedAt": created,
            "lifecycleState": "PUBLISHED",
            "visibility": "PUBLIC",
            "distribution": {"feedDistribution": "MAIN_FEED", "targetEntities": []},
            "content": _content(row),
        }
    )


def _content(row: Row) -> Row | None:
    match row["media_type"]:
        case "link":
            return {"article": {"source": row["link"], "title": row["message"][:60]}}
        case "photo":
            return {"media": {"id": f"urn:li:image:C4E{row['post_id']}"}}
        case "video":
            return {"media": {"id": f"urn:li:video:C5F{row['post_id']}"}}
    return None


def _comment(organisation: Organisation, row: Row) -> Row:
    urn = _comment_urn(row)
    brand = row["author_id"] == organisation.id
    actor = organisation.urn if brand else f"urn:li:person:{row['author_id']}"
    stamp = {"actor": actor, "time": restli.milliseconds(row["created_at"])}
    replies = len(organisation.comments.get(urn, ()))
    parent = None
    if row["parent_id"] is not None:
        parent = _comment_urn({**row, "comment_id": row["parent_id"]})
    return restli.known(
        {
            "id": row["comment_id"],
            "commentUrn": urn,
            "object": f"urn:li:activity:{row['post_id']}",
            "actor": actor,
            "message": {"text": row["message"]},
            "created": stamp,
            "lastModified": stamp,
            "parentComment": parent,
            "likesSummary": {"aggregatedTotalLikes": row["like_count"]},
            "commentsSummary": {"aggregatedTotalComments": replies} if replies else None,
        }
    )
