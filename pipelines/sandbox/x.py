"""X of the sandbox: timelines, mentions, recent search and counts of API v2.

Belongs here: posts as X words them, who may see which metrics, how deep lists reach. Does not:
advertising (`x_ads`), or how counters grow (the world).
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow.compute as pc

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import X_CONSUMER, X_TOKEN, X_USER_TOKENS
from pipelines.sandbox.faults import Faults, Refusal
from pipelines.sandbox.oauth1 import signed_by
from pipelines.sandbox.wire import Answer, Call, plain_refusal
from pipelines.sandbox.world import CHANNEL_ACCOUNTS, MARKETS
from pipelines.sandbox.world.channels import HANDLES

Row = dict[str, Any]

PROBLEM = "https://api.twitter.com/2/problems/"
DEPTHS = {"tweets": 3200, "mentions": 800}
# Requests in a quarter of an hour, by endpoint.
LIMITS = {"tweets": 1500, "mentions": 450, "search": 450, "counts": 300}
LOOKUPS = 300
SEARCHED = timedelta(days=7)
INDEXED = timedelta(seconds=10)
PRIVATE_AGE = timedelta(days=30)
TOKEN = re.compile(r"7140dibdnow9c7btw(\w{8})")
OF_USER = re.compile(r"2/users/(?P<id>\d+)(?:/(?P<edge>tweets|mentions))?")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z")
PRIVATE = ("non_public_metrics", "organic_metrics", "promoted_metrics")
TWEET_FIELDS = (
    "attachments",
    "author_id",
    "conversation_id",
    "created_at",
    "edit_history_tweet_ids",
    "entities",
    "id",
    "in_reply_to_user_id",
    "lang",
    "note_tweet",
    "public_metrics",
    "referenced_tweets",
    "text",
    *PRIVATE,
)
ALWAYS = ("id", "text", "edit_history_tweet_ids")
# X's own code for Indonesian.
LANGUAGES = {"id": "in", "us": "en"}


class RefusedError(Exception):
    """A request that X refuses, with its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True)
class Asker:
    """Who asks: an app, or an account itself."""

    account: str = ""


class Posts:
    """All visible posts, the newest first, and their authors."""

    def __init__(self, scene: Scene) -> None:
        table = scene.table("current_channel_posts")
        rows = table.filter(pc.equal(table["platform"], "x")).to_pylist()
        self.rows: list[Row] = sorted(rows, key=lambda row: int(row["post_id"]), reverse=True)
        self.by_id = {row["post_id"]: row for row in self.rows}

    @cached_property
    def own(self) -> dict[str, list[Row]]:
        """The posts of each account of the brand."""
        return {
            account: [row for row in self.rows if row["author_id"] == account]
            for account in CHANNEL_ACCOUNTS["x"].values()
        }

    @cached_property
    def mentions(self) -> dict[str, list[Row]]:
        """The posts of others that address each account."""
        return {
            CHANNEL_ACCOUNTS["x"][market.code]: [
                row
                for row in self.rows
                if row["is_mention"]
                and row["market"] == market.code
                and f"@{HANDLES[market.code]} " in row["message"]
            ]
            for market in MARKETS
        }

    def root(self, row: Row) -> str:
        """The post with which a post's conversation began, also where that is gone."""
        while row["reply_to_id"] in self.by_id:
            row = self.by_id[row["reply_to_id"]]
        return str(row["reply_to_id"] or row["post_id"])


class X:
    """API v2."""

    name = "x"

    def __init__(self, scene: Scene, faults: Faults) -> None:
        self._scene = scene
        self._faults = faults

    def endpoint(self, call: Call) -> str:
        """`GET users/tweets`, `GET tweets/search/recent`."""
        return f"{call.method} {re.sub(r'/[0-9]+', '', call.path.removeprefix('2/'))}"

    def answer(self, call: Call) -> Answer:
        """What X answers, with what is left of the endpoint's limit."""
        try:
            body = self._body(call, self._asker(call))
        except RefusedError as refused:
            return refused.answer
        return Answer(body, headers=_left(call.path))

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """X's own words: two kinds of 429, of which only one passes by itself."""
        match refusal.kind:
            case "too_many_requests" | "throttled":
                wait = 2 if refusal.retry_after is None else refusal.retry_after
                headers = _left(call.path, left=0, wait=wait)
                body = _problem("about:blank", 429, "Too Many Requests", "Too Many Requests")
                return Answer(body, 429, headers)
            case "quota_spent":
                body = {
                    **_problem(
                        "usage-capped",
                        429,
                        "UsageCapExceeded",
                        "Usage cap exceeded: Monthly product cap",
                    ),
                    "period": "Monthly",
                    "scope": "Product",
                }
                return Answer(body, 429, _left(call.path, left=39_999))
            case "dead_token":
                return _unauthorized()
            case "access_denied":
                detail = (
                    "When authenticating requests to the Twitter API v2 endpoints, you must use"
                    " keys and tokens from a Twitter developer App that is attached to a Project."
                )
                body = _problem("client-forbidden", 403, "Client Forbidden", detail)
                return Answer({**body, "reason": "client-not-enrolled"}, 403)
            case "expired_cursor":
                name = "next_token" if "/recent" in call.path else "pagination_token"
                return _invalid(name, call.query.get(name, ""), "is not valid").answer
            case "server_error":
                body = _problem("about:blank", 500, "Internal Server Error", "Something is broken.")
                return Answer(body, refusal.status or 500)
        return plain_refusal(refusal)

    def _asker(self, call: Call) -> Asker:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token == X_TOKEN:
            return Asker()
        secrets = dict(X_USER_TOKENS.values())
        signer = signed_by(call, X_CONSUMER, secrets)
        for account, (token, _) in X_USER_TOKENS.items():
            if token == signer:
                return Asker(account)
        raise RefusedError(_unauthorized())

    @property
    def _posts(self) -> Posts:
        return self._scene.memo.get("x", lambda: Posts(self._scene))

    def _body(self, call: Call, asker: Asker) -> Row:
        of_user = OF_USER.fullmatch(call.path)
        if of_user and of_user["edge"]:
            return self._timeline(call, asker, of_user["id"], of_user["edge"])
        if of_user:
            return self._user(of_user["id"], call)
        routes: dict[str, Callable[[Call, Asker], Row]] = {
            "2/users/me": lambda call, asker: self._me(asker, call),
            "2/usage/tweets": lambda _call, _asker: self._usage(),
            "2/tweets": self._lookup,
            "2/tweets/search/recent": self._search,
            "2/tweets/counts/recent": lambda call, _: self._counts(call),
        }
        if call.path not in routes:
            raise RefusedError(Answer(_problem("about:blank", 404, "Not Found", "Not Found"), 404))
        return routes[call.path](call, asker)

    def _user(self, user: str, call: Call) -> Row:
        for code, account in CHANNEL_ACCOUNTS["x"].items():
            if account == user:
                market = next(market for market in MARKETS if market.code == code)
                told: Row = {"id": user, "name": market.page_name, "username": HANDLES[code]}
                if "public_metrics" in call.query.get("user.fields", ""):
                    told["public_metrics"] = self._public_metrics(user)
                return {"data": told}
        return {"errors": [_not_found("user", "id", user)]}

    def _public_metrics(self, user: str) -> Row:
        """Followers at the end of the last closed day."""
        days = self._scene.world.channel_days
        mine = pc.and_(pc.equal(days["platform"], "x"), pc.equal(days["account_id"], user))
        closed = pc.less(days["date_day"], self._scene.today("UTC"))
        followers = days.filter(pc.and_(mine, closed)).sort_by("date_day")["followers"].to_pylist()
        return {
            "followers_count": followers[-1] if followers else 0,
            "following_count": 12,
            "tweet_count": len(self._posts.own[user]),
            "listed_count": 0,
        }

    def _me(self, asker: Asker, call: Call) -> Row:
        if not asker.account:
            detail = "Authenticating with Unknown is forbidden for this endpoint."
            body = _problem("unsupported-authentication", 403, "Unsupported Authentication", detail)
            raise RefusedError(Answer(body, 403))
        return self._user(asker.account, call)

    def _usage(self) -> Row:
        return {"data": {"project_cap": "1000000", "project_usage": "1200", "cap_reset_day": 8}}

    def _timeline(self, call: Call, asker: Asker, user: str, edge: str) -> Row:
        lists = self._posts.own if edge == "tweets" else self._posts.mentions
        if user not in lists:
            return {"errors": [_not_found("user", "id", user)]}
        rows = lists[user][: DEPTHS[edge]]
        if "replies" in call.query.get("exclude", ""):
            rows = [row for row in rows if not row["reply_to_id"]]
        return self._page(call, asker, self._between(call, rows), "pagination_token")

    def _lookup(self, call: Call, asker: Asker) -> Row:
        ids = [each for each in call.query.get("ids", "").split(",") if each]
        if not 1 <= len(ids) <= 100:
            raise _invalid("ids", str(len(ids)), "is not between 1 and 100")
        found = [self._posts.by_id[each] for each in ids if each in self._posts.by_id]
        body = self._told(call, asker, self._kept(found))
        body.pop("meta")
        known = {row["id"] for row in body.get("data", ())}
        gone = [_not_found("tweet", "ids", each) for each in ids if each not in known]
        return {**body, "errors": [*body.get("errors", ()), *gone]} if gone else body

    def _search(self, call: Call, asker: Asker) -> Row:
        return self._page(call, asker, self._found(call), "next_token")

    def _counts(self, call: Call) -> Row:
        start, end = self._span(call)
        days = Counter(row["created_at"].date() for row in self._found(call))
        data = []
        while start < end:
            after = min(
                datetime.combine(start.date() + timedelta(days=1), datetime.min.time()), end
            )
            data.append(
                {
                    "start": _instant(start),
                    "end": _instant(after),
                    "tweet_count": days[start.date()],
                }
            )
            start = after
        return {"data": data, "meta": {"total_tweet_count": sum(days.values())}}

    def _found(self, call: Call) -> list[Row]:
        query = call.query.get("query", "")
        if not query:
            raise _invalid("query", "", "can not be empty")
        start, end = self._span(call)
        wanted = matcher(query)
        return self._kept(
            [row for row in self._posts.rows if start <= row["created_at"] < end and wanted(row)]
        )

    def _span(self, call: Call) -> tuple[datetime, datetime]:
        """The time that a search covers, which reaches back a week."""
        now = self._scene.now.astimezone(UTC).replace(tzinfo=None)
        earliest, latest = now - SEARCHED, now - INDEXED
        start = _moment(call, "start_time") or earliest
        end = _moment(call, "end_time") or latest
        if start < earliest:
            raise _invalid(
                "start_time", _instant(start), f"must be on or after {_instant(earliest)}"
            )
        if end > latest:
            raise _invalid(
                "end_time",
                _instant(end),
                "must be a minimum of 10 seconds prior to the request time",
            )
        return start, end

    def _between(self, call: Call, rows: list[Row]) -> list[Row]:
        start, end = _moment(call, "start_time"), _moment(call, "end_time")
        since = int(call.query.get("since_id", 0))
        return self._kept(
            [
                row
                for row in rows
                if (start is None or row["created_at"] >= start)
                and (end is None or row["created_at"] < end)
                and int(row["post_id"]) > since
            ]
        )

    def _kept(self, rows: list[Row]) -> list[Row]:
        gone = {rule.id for rule in self._faults.standing("delete", self.name)}
        return [row for row in rows if row["post_id"] not in gone] if gone else rows

    def _page(self, call: Call, asker: Asker, rows: list[Row], parameter: str) -> Row:
        size = int(call.query.get("max_results", 10))
        if not 1 <= size <= 100:
            raise _invalid("max_results", str(size), "is not between 5 and 100")
        token = call.query.get(parameter)
        place = TOKEN.fullmatch(token) if token else None
        if token and not place:
            raise _invalid(parameter, token, "is not valid")
        first = int(place[1], 36) if place else 0
        body = self._told(call, asker, rows[first : first + size])
        if first + size < len(rows):
            body["meta"]["next_token"] = f"7140dibdnow9c7btw{_base36(first + size):0>8}"
        return body

    def _told(self, call: Call, asker: Asker, rows: Sequence[Row]) -> Row:
        """The rows as posts, what they refer to, and what may not be told of them."""
        expansions = call.query.get("expansions", "").split(",")
        # What is expanded is told as well.
        fields = self._fields(call) | {each.partition(".")[0] for each in expansions}
        meta: Row = {"result_count": len(rows)}
        if not rows:
            return {"meta": meta}
        private = [name for name in PRIVATE if name in fields]
        hidden = [row for row in rows if private and not self._shows(row, asker)]
        data = [self._post(row, fields, row not in hidden) for row in rows]
        body: Row = {"data": data}
        includes: Row = {}
        if "author_id" in expansions:
            authors = {row["author_id"]: row for row in rows}
            includes["users"] = [_author(row) for row in authors.values()]
        if "attachments.media_keys" in expansions:
            shown = [_media(row, call.query.get("media.fields", "")) for row in rows]
            includes["media"] = [each for each in shown if each]
        if any(includes.values()):
            body["includes"] = includes
        errors = [_not_for_you(row["post_id"], name) for row in hidden for name in private]
        if errors:
            body["errors"] = errors
        ids = [row["post_id"] for row in rows]
        return {**body, "meta": {**meta, "newest_id": ids[0], "oldest_id": ids[-1]}}

    def _fields(self, call: Call) -> set[str]:
        fields = [each for each in call.query.get("tweet.fields", "").split(",") if each]
        retired = {rule.metric for rule in self._faults.standing("retired_metric", self.name)}
        for name in fields:
            if name not in TWEET_FIELDS or name in retired:
                raise _invalid("tweet.fields", name, f"is not one of [{','.join(TWEET_FIELDS)}]")
        return {*ALWAYS, *fields}

    def _shows(self, row: Row, asker: Asker) -> bool:
        """Whether the asker may see a post's private metrics: its own, and for a month."""
        now = self._scene.now.astimezone(UTC).replace(tzinfo=None)
        return asker.account == row["author_id"] and bool(now - row["created_at"] < PRIVATE_AGE)

    def _post(self, row: Row, fields: set[str], private: bool) -> Row:
        market = row["market"]
        told: Row = {
            "id": row["post_id"],
            "text": _text(row),
            "edit_history_tweet_ids": [row["post_id"]],
            "created_at": _instant(row["created_at"]),
            "author_id": row["author_id"],
            "conversation_id": self._posts.root(row),
            "lang": LANGUAGES[market],
            "entities": _entities(row),
            "public_metrics": _public(row),
        }
        if row["reply_to_id"]:
            told["referenced_tweets"] = [{"type": "replied_to", "id": row["reply_to_id"]}]
            told["in_reply_to_user_id"] = self._answered(row)
        if _media(row, ""):
            told["attachments"] = {"media_keys": [_media_key(row)]}
        if private:
            told["non_public_metrics"] = _private(row)
            told["organic_metrics"] = _organic(row)
        return {name: value for name, value in told.items() if name in fields}

    def _answered(self, row: Row) -> str:
        answered = self._posts.by_id.get(row["reply_to_id"])
        return str(answered["author_id"] if answered else CHANNEL_ACCOUNTS["x"][row["market"]])


def matcher(query: str) -> Callable[[Row], bool]:
    """Whether a post matches a query: alternatives joined by OR, of terms that all must be met."""
    parts = [re.findall(r'-?(?:"[^"]+"|\S+)', part) for part in query.split(" OR ")]

    def meets(row: Row, term: str) -> bool:
        if term.startswith("-"):
            return not meets(row, term[1:])
        if term == "is:retweet":
            return False
        name, _, value = term.partition(":")
        if name == "from":
            return value.lower() in {row["author_handle"], row["author_id"]}
        if name == "lang":
            return value == LANGUAGES[row["market"]]
        return term.strip('"').lower() in str(row["message"]).lower()

    return lambda row: any(all(meets(row, term) for term in terms) for terms in parts)


def _text(row: Row) -> str:
    return (
        f"{row['message']} https://t.co/{row['post_id'][-10:]}" if row["link"] else row["message"]
    )


def _entities(row: Row) -> Row:
    text = _text(row)
    found: Row = {}
    tags = [_span(match, "tag") for match in re.finditer(r"#(\w+)", text)]
    handles = [_span(match, "username") for match in re.finditer(r"@(\w+)", text)]
    if tags:
        found["hashtags"] = tags
    if handles:
        found["mentions"] = handles
    if row["link"]:
        address = re.search(r"https://t\.co/\w+", text)
        start, end = address.span() if address else (0, 0)
        found["urls"] = [
            {"start": start, "end": end, "url": text[start:end], "expanded_url": row["link"]}
        ]
    return found


def _span(match: re.Match[str], name: str) -> Row:
    return {"start": match.start(), "end": match.end(), name: match[1]}


def _public(row: Row) -> Row:
    return {
        "retweet_count": row["shares"],
        "reply_count": row["comments"],
        "like_count": row["likes"],
        "quote_count": row["quotes"],
        "bookmark_count": row["saves"],
        "impression_count": row["impressions"],
    }


def _private(row: Row) -> Row:
    return {
        "impression_count": row["impressions"],
        "engagements": sum(row[name] for name in ("likes", "comments", "shares", "link_clicks")),
        "user_profile_clicks": row["profile_clicks"],
        # A post without a link has no clicks on one.
        **({"url_link_clicks": row["link_clicks"]} if row["link"] else {}),
    }


def _organic(row: Row) -> Row:
    return {
        "impression_count": row["impressions"],
        "like_count": row["likes"],
        "reply_count": row["comments"],
        "retweet_count": row["shares"],
        "user_profile_clicks": row["profile_clicks"],
        **({"url_link_clicks": row["link_clicks"]} if row["link"] else {}),
    }


def _media_key(row: Row) -> str:
    return f"{'13' if row['media_type'] == 'video' else '3'}_{row['post_id']}"


def _media(row: Row, fields: str) -> Row | None:
    """A post's photo or video with the fields asked for; None where it has none."""
    kind = row["media_type"]
    if kind not in ("photo", "video"):
        return None
    told: Row = {"media_key": _media_key(row), "type": kind}
    if kind == "video" and "duration_ms" in fields:
        told["duration_ms"] = row["duration_seconds"] * 1000
    if kind == "video" and "public_metrics" in fields:
        told["public_metrics"] = {"view_count": row["video_views"]}
    return told


def _author(row: Row) -> Row:
    return {
        "id": row["author_id"],
        "name": row["author_name"],
        "username": row["author_handle"],
        "public_metrics": {
            "followers_count": row["author_followers"],
            "following_count": 50,
            "tweet_count": 100,
            "listed_count": 0,
        },
    }


def _moment(call: Call, name: str) -> datetime | None:
    text = call.query.get(name)
    if text is None:
        return None
    if not INSTANT.fullmatch(text):
        raise _invalid(name, text, "is not a valid ISO 8601 instant")
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


def _left(path: str, *, left: int | None = None, wait: float = 900) -> dict[str, str]:
    """The headers that tell what is left of the endpoint's limit, and until when."""
    limit = next((LIMITS[name] for name in LIMITS if name in path.split("/")[-2:]), LOOKUPS)
    return rate_headers(limit, left=left, wait=wait)


def rate_headers(limit: int, *, left: int | None = None, wait: float = 900) -> dict[str, str]:
    """The headers of a limit in a window that ends in `wait` seconds."""
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(limit - 1 if left is None else left),
        "x-rate-limit-reset": str(int(time.time() + wait)),
    }


def _problem(kind: str, status: int, title: str, detail: str) -> Row:
    kind = kind if kind.startswith("about:") else PROBLEM + kind
    return {"title": title, "detail": detail, "type": kind, "status": status}


def _unauthorized() -> Answer:
    return Answer(_problem("about:blank", 401, "Unauthorized", "Unauthorized"), 401)


def _invalid(name: str, value: str, why: str) -> RefusedError:
    body = _problem(
        "invalid-request",
        400,
        "Invalid Request",
        "One or more parameters to your request was invalid.",
    )
    del body["status"]
    told = {
        "parameters": {name: [value]},
        "message": f"The `{name}` query parameter value [{value}] {why}",
    }
    return RefusedError(Answer({"errors": [told], **body}, 400))


def _not_found(kind: str, parameter: str, value: str) -> Row:
    return {
        "resource_type": kind,
        "parameter": parameter,
        "value": value,
        "resource_id": value,
        "title": "Not Found Error",
        "detail": f"Could not find {kind} with {parameter}: [{value}].",
        "type": PROBLEM + "resource-not-found",
    }


def _not_for_you(post: str, field: str) -> Row:
    return {
        "resource_type": "tweet",
        "resource_id": post,
        "parameter": "ids",
        "value": post,
        "field": field,
        "section": "data",
        "title": "Field Authorization Error",
        "detail": f"Sorry, you are not authorized to access '{field}' on the Tweet with id {post}.",
        "type": PROBLEM + "not-authorized-for-field",
    }
