"""TikTok's open API of the sandbox: the token's endpoint, the profile, the videos.

Belongs here: endpoints and their two ways to tell an error. Does not: advertising (`tiktok_ads`).
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

import msgspec
import pyarrow.compute as pc

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import TIKTOK_KEY, TIKTOK_SECRET, TIKTOK_TOKENS
from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.rotation import Rotation
from pipelines.sandbox.wire import Answer, Call, plain_refusal
from pipelines.sandbox.world import MARKETS
from pipelines.sandbox.world.channels import CHANNELS, HANDLES

Row = dict[str, Any]

(CHANNEL,) = (channel for channel in CHANNELS if channel.name == "tiktok")
MARKETS_BY_ACCOUNT = {CHANNEL.accounts[market.code]: market for market in MARKETS}
ACCESS_SECONDS, REFRESH_SECONDS = 2 * 3600, 180 * 86_400
MAX_COUNT, DEFAULT_COUNT = 20, 10
VIDEO_FIELDS = {
    "id",
    "create_time",
    "title",
    "video_description",
    "share_url",
    "duration",
    "view_count",
    "like_count",
    "comment_count",
    "share_count",
}
USER_FIELDS = {
    "open_id",
    "union_id",
    "display_name",
    "username",
    "is_verified",
    "follower_count",
    "following_count",
    "likes_count",
    "video_count",
}
# The error of each fault: HTTP status, code, message.
WORDS = {
    "throttled": (429, "rate_limit_exceeded", "The API rate limit was exceeded."),
    "dead_token": (401, "access_token_invalid", "The access token is invalid or not found."),
    "access_denied": (401, "scope_not_authorized", "The user did not authorize the scope."),
    "server_error": (500, "internal_error", "Something is wrong. Please try again later."),
    "expired_cursor": (400, "invalid_params", "The cursor is invalid."),
}


class TikTokError(Exception):
    """A call that the API refuses."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = Answer({"data": {}, "error": _error(code, message)}, status)


def _error(code: str, message: str) -> Row:
    return {"code": code, "message": message, "log_id": "2026sandbox"}


class TikTok:
    """The open API; each account is read with its own token."""

    name = "tiktok"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._tokens = Rotation(TIKTOK_TOKENS)

    def endpoint(self, call: Call) -> str:
        """`POST video/list`, `GET user/info`, `POST oauth/token`."""
        return f"{call.method} {call.path.removeprefix('v2/').strip('/')}"

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """The API's words, which are others where tokens are exchanged."""
        if refusal.kind not in WORDS:
            return plain_refusal(refusal)
        if self.endpoint(call) != "POST oauth/token":
            return TikTokError(*WORDS[refusal.kind]).answer
        if refusal.kind == "dead_token":
            return _denied("invalid_grant", "Refresh token is invalid or expired.")
        # A token is given for the scopes that there are; what it lacks shows when it is used.
        return self.answer(call) if refusal.kind == "access_denied" else plain_refusal(refusal)

    def answer(self, call: Call) -> Answer:
        """Tokens, the profile, or a page of videos."""
        if self.endpoint(call) == "POST oauth/token":
            return self._exchange(call.parameters)
        try:
            return Answer({"data": self._data(call), "error": _error("ok", "")})
        except TikTokError as error:
            return error.answer

    def _data(self, call: Call) -> Row:
        account, endpoint = self._account(call), self.endpoint(call)
        if endpoint == "GET user/info":
            return {"user": self._user(account, _fields(call, USER_FIELDS))}
        if endpoint == "POST video/list":
            return self._videos(account, call)
        raise TikTokError(404, "invalid_params", "Unsupported path(Janus)")

    def _exchange(self, form: Row) -> Answer:
        if (form.get("client_key"), form.get("client_secret")) != (TIKTOK_KEY, TIKTOK_SECRET):
            return _denied("invalid_client", "Client key or secret is incorrect.")
        if form.get("grant_type") != "refresh_token":
            return _denied("unsupported_grant_type", "Grant type is not supported.")
        granted = self._tokens.exchange(form.get("refresh_token", ""))
        if granted is None:
            return _denied("invalid_grant", "Refresh token is invalid or expired.")
        access, refresh = granted
        return Answer(
            {
                "access_token": access,
                "expires_in": ACCESS_SECONDS,
                "open_id": self._tokens.account(access),
                "refresh_token": refresh,
                "refresh_expires_in": REFRESH_SECONDS,
                "scope": "user.info.basic,user.info.profile,user.info.stats,video.list",
                "token_type": "Bearer",
            }
        )

    def _account(self, call: Call) -> str:
        account = self._tokens.account(call.headers.get("authorization", "").partition(" ")[2])
        if account is None:
            raise TikTokError(*WORDS["dead_token"])
        return account

    def _all_videos(self, account: str) -> list[Row]:
        """The account's public videos, newest first."""

        def read() -> list[Row]:
            posts = self._scene.table("current_channel_posts")
            own = pc.and_(pc.equal(posts["account_id"], account), pc.invert(posts["is_mention"]))
            mine = posts.filter(pc.and_(own, pc.equal(posts["platform"], "tiktok")))
            return [_video(row) for row in reversed(mine.sort_by("created_at").to_pylist())]

        return self._scene.memo.get((self.name, account), read)

    def _videos(self, account: str, call: Call) -> Row:
        fields = _fields(call, VIDEO_FIELDS)
        try:
            body = msgspec.json.decode(call.body or b"{}", type=dict[str, int])
        except msgspec.DecodeError:
            raise TikTokError(400, "invalid_params", "The request body is malformed.") from None
        count, cursor = body.get("max_count", DEFAULT_COUNT), body.get("cursor", 0)
        if not 1 <= count <= MAX_COUNT:
            raise TikTokError(400, "invalid_params", "max_count must be between 1 and 20.")
        videos = self._all_videos(account)
        left = [video for video in videos if not cursor or video["create_time"] * 1000 < cursor]
        part = left[:count]
        return {
            "videos": [{name: video[name] for name in fields} for video in part],
            "cursor": part[-1]["create_time"] * 1000 if part else cursor,
            "has_more": len(left) > len(part),
        }

    def _user(self, account: str, fields: list[str]) -> Row:
        market = MARKETS_BY_ACCOUNT[account]
        videos = self._all_videos(account)
        days = self._scene.world.channel_days
        mine = days.filter(
            pc.and_(pc.equal(days["platform"], "tiktok"), pc.equal(days["account_id"], account))
        )
        followers = mine.sort_by("date_day")["followers"].to_pylist()
        user = {
            "open_id": account,
            "union_id": account.replace("_000", "_u00"),
            "display_name": market.page_name,
            "username": HANDLES[market.code],
            "is_verified": True,
            "follower_count": followers[-1] if followers else 0,
            "following_count": 12,
            "likes_count": sum(video["like_count"] for video in videos),
            "video_count": len(videos),
        }
        return {name: user[name] for name in fields}


def _video(row: Row) -> Row:
    return {
        "id": row["post_id"],
        "create_time": int(row["created_at"].replace(tzinfo=UTC).timestamp()),
        "title": row["message"].partition(" #")[0],
        "video_description": row["message"],
        "share_url": f"https://www.tiktok.com/@{row['author_handle']}/video/{row['post_id']}",
        "duration": row["duration_seconds"],
        "view_count": row["video_views"],
        "like_count": row["likes"],
        "comment_count": row["comments"],
        "share_count": row["shares"],
    }


def _fields(call: Call, known: set[str]) -> list[str]:
    fields = [name for name in call.query.get("fields", "").split(",") if name]
    if not fields or not known.issuperset(fields):
        raise TikTokError(400, "invalid_params", "Fields is invalid.")
    return fields


def _denied(kind: str, description: str) -> Answer:
    """How the token's endpoint refuses: under HTTP 200, and not in the API's form."""
    body = {"error": kind, "error_description": description, "log_id": "2026sandbox"}
    return Answer(body, 400 if kind == "unsupported_grant_type" else 200)
