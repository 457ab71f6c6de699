"""TikTok's open API: the brand's own profile and videos, with their counters.

Belongs here: the streams, the exchange of refresh tokens, what the API's errors mean. Does not:
advertising (`tiktok_ads`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from typing_extensions import override

from pipelines.connectors import health
from pipelines.connectors.epoch import from_epoch, with_instants
from pipelines.connectors.errors import Decision, Rule, Signal
from pipelines.connectors.health import Finding
from pipelines.connectors.http import (
    Answer,
    Client,
    Clock,
    Confidential,
    Platform,
    Request,
    Token,
    status_signal,
)
from pipelines.connectors.oauth import Grant, Renewed, TokenFile
from pipelines.connectors.read import HttpSource, Page, follow
from pipelines.connectors.stream import Account, Stats, Stream, Window
from pipelines.lake.schema import boolean, integer, schema, text, timestamp

DOCS = "https://developers.tiktok.com/doc/tiktok-api-v2-"

ACCOUNT = (
    text("account_id", "Account: the user's open id for this app.", "@account_id", required=True),
)

STREAMS = (
    Stream(
        source="tiktok",
        name="profile",
        group="social",
        description="The account and what it had gathered when the day closed.",
        schema=schema(
            *ACCOUNT,
            text("open_id", "User, for this app.", required=True),
            text("union_id", "User, for all apps of this developer."),
            text("display_name", "Name shown."),
            text("username", "Handle, without @."),
            boolean("is_verified", "Carries the mark of a verified account."),
            integer("follower_count", "Followers."),
            integer("following_count", "Accounts that it follows."),
            integer("likes_count", "Likes of all its videos."),
            integer("video_count", "Public videos."),
        ),
        key=("open_id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "get-user-info/",
    ),
    Stream(
        source="tiktok",
        name="videos",
        group="social",
        description="Public videos and what each had gathered when the day closed.",
        schema=schema(
            *ACCOUNT,
            text("id", "Video.", required=True),
            timestamp("create_time", "Publication (UTC).", required=True),
            text("title", "Title."),
            text("video_description", "Text, hashtags included."),
            text("share_url", "Address of the video."),
            integer("duration", "Length in seconds."),
            integer("view_count", "Views so far."),
            integer("like_count", "Likes so far."),
            integer("comment_count", "Comments so far."),
            integer("share_count", "Shares so far."),
        ),
        key=("id",),
        mode="replace",
        snapshot=True,
        url=DOCS + "video-list/",
    ),
)

SETTING = "TIKTOK_REFRESH_TOKEN"
REMEDY = f"Let the account authorise the app again and put its refresh token into {SETTING}."
GRANT = (
    "Let the account authorise the app with the scopes user.info.basic, user.info.profile, "
    "user.info.stats and video.list."
)
RULES = (
    Rule(Decision.ABORT, "the token is refused", code=("access_token_invalid",)),
    Rule(
        Decision.STOP,
        "the token lacks a scope",
        code=("scope_not_authorized", "scope_permission_missed"),
        remedy=GRANT,
    ),
    # Requests are counted over the last minute: waits in a row soon reach beyond it.
    Rule(Decision.WAIT, "a rate limit is reached", code=("rate_limit_exceeded",), wait=5),
    Rule(Decision.RETRY, "TikTok is in trouble", code=("internal_error", "timeout")),
    Rule(Decision.REREAD, "the page cursor is refused", code=("invalid_params",), says="cursor"),
    Rule(
        Decision.STOP,
        "TikTok does not take the request",
        code=("invalid_params",),
        remedy="Set TIKTOK_API_VERSION to a version that has these fields, or report it.",
    ),
)
TOKEN_RULES = (
    Rule(Decision.ABORT, "the refresh token is refused", code=("invalid_grant",)),
    Rule(
        Decision.ABORT,
        "the app is refused",
        code=("invalid_client", "unauthorized_client"),
        remedy="Check TIKTOK_CLIENT_KEY and TIKTOK_CLIENT_SECRET.",
    ),
    Rule(
        Decision.ABORT,
        "the refresh token is refused",
        code=("invalid_request",),
        says="refresh",
    ),
    Rule(Decision.RETRY, "TikTok is in trouble", code=("server_error", "temporarily_unavailable")),
)
# The most that one answer holds.
PAGE_SIZE = 20


def tiktok_signal(answer: Answer) -> Signal | None:
    """The error of an answer. Success is one too: `ok`, and 0 in answers of before 2023."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if not isinstance(error, dict):
        return status_signal(answer)
    code = str(error.get("code", ""))
    if code in ("ok", "0"):
        return status_signal(answer)
    return Signal(
        answer.status, code, message=str(error.get("message", "")), wait=answer.retry_after
    )


def token_signal(answer: Answer) -> Signal | None:
    """How the token's endpoint refuses: a word, and a sentence beside it, whatever the status."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if not isinstance(error, str) or not error:
        return status_signal(answer)
    message = str(answer.body.get("error_description", ""))
    return Signal(answer.status, error, message=message, wait=answer.retry_after)


PLATFORM = Platform(name="tiktok", rules=RULES, signal=tiktok_signal, remedy=REMEDY)
TOKENS = Platform(name="tiktok", rules=TOKEN_RULES, signal=token_signal, remedy=REMEDY)


class Cursor:
    """Paging back in time: the cursor counts milliseconds, though the videos' times are seconds."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The request from the page's cursor on, while there is more."""
        data = body["data"]
        return _with_body(request, cursor=data["cursor"]) if data.get("has_more") else None

    def smaller(self, request: Request) -> Request | None:
        """The request for half as many videos."""
        count = int((request.body or {}).get("max_count", 0)) // 2
        return _with_body(request, max_count=count) if count else None


def _with_body(request: Request, **changes: Any) -> Request:
    return replace(request, body={**(request.body or {}), **changes})


class TikTok(HttpSource):
    """Accounts that authorised the app, each with its own token."""

    name = "tiktok"
    streams: tuple[Stream, ...] = STREAMS

    def __init__(
        self,
        logins: Mapping[str, Renewed],
        *,
        base_url: str,
        version: str,
        stats: Stats,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(tuple(logins), stats)
        self._logins = logins
        self._clients = {
            account: Client(PLATFORM, Token(login), stats=stats, clock=clock)
            for account, login in logins.items()
        }
        self._root = f"{base_url.rstrip('/')}/{version}"
        self.api_version = version

    @override
    def describe(self, account_id: str) -> Account:
        """The account with its name. Accounts have no time zone: their days are taken in UTC."""
        user = self._user(account_id, "open_id,display_name").body["data"]["user"]
        return Account(account_id, name=user.get("display_name") or "")

    def health(self, account: Account) -> list[Finding]:
        """When the token and what renews it end, and whether the clocks agree."""
        found = self._logins[account.id].health(REMEDY)
        answer = self._user(account.id, "open_id")
        return [*found, health.clock(answer.headers, self._clients[account.id].clock.now())]

    @override
    def pages(self, stream: Stream, account: Account, window: Window) -> Iterator[Page]:
        """The profile, or the videos that were there when the window ended."""
        fields = ",".join(
            column.name for column in stream.schema.fields if not column.path.startswith("@")
        )
        if stream.name == "profile":
            yield Page([self._user(account.id, fields).body["data"]["user"]])
            return
        url = f"{self._root}/video/list/"
        request = Request(url, {"fields": fields}, body={"cursor": 0, "max_count": PAGE_SIZE})
        for body in follow(self._clients[account.id], request, Cursor()):
            videos = body["data"].get("videos") or []
            yield Page(
                [
                    with_instants(video, ("create_time",))
                    for video in videos
                    if _published_before(video, window)
                ]
            )

    def _user(self, account_id: str, fields: str) -> Answer:
        request = Request(f"{self._root}/user/info/", {"fields": fields})
        return self._clients[account_id].send(request)


def _published_before(video: Mapping[str, Any], window: Window) -> bool:
    """Whether the window knew the video; a time that cannot be read is judged when it lands."""
    created = from_epoch(video.get("create_time"))
    return created is None or created < window.end


@dataclass(frozen=True)
class App:
    """The app that accounts authorise, and where its tokens are renewed."""

    key: str
    secret: str = field(repr=False)
    token_url: str

    def login(
        self, refresh_token: str, store: TokenFile | None, stats: Stats, clock: Clock | None
    ) -> Renewed:
        """Access tokens of one account; each of its refresh tokens is good only once."""
        carried = Confidential({self.secret})
        client = Client(TOKENS, carried, stats=stats, clock=clock)

        def exchange(refresh: str) -> Grant:
            carried.values.add(refresh)
            form = {
                "client_key": self.key,
                "client_secret": self.secret,
                "grant_type": "refresh_token",
                "refresh_token": refresh,
            }
            asked_at = client.clock.now()
            told = client.send(Request(self.token_url, form=form)).body
            left = told.get("refresh_expires_in")
            return Grant(
                str(told["access_token"]),
                asked_at + timedelta(seconds=int(told["expires_in"])),
                str(told.get("refresh_token") or ""),
                asked_at + timedelta(seconds=int(left)) if left else None,
            )

        return Renewed(exchange, refresh_token, clock=client.clock, store=store)


def tiktok(
    key: str,
    secret: str,
    refresh_tokens: Mapping[str, str],
    *,
    base_url: str,
    version: str,
    stores: Mapping[str, TokenFile] | None = None,
    clock: Clock | None = None,
) -> TikTok:
    """The source with an app's key and secret and the first refresh token of each account.

    `stores` keep the newest tokens between processes.
    """
    stats, kept = Stats(), stores or {}
    app = App(key, secret, f"{base_url.rstrip('/')}/{version}/oauth/token/")
    logins = {
        account: app.login(refresh_token, kept.get(account), stats, clock)
        for account, refresh_token in refresh_tokens.items()
    }
    return TikTok(logins, base_url=base_url, version=version, stats=stats, clock=clock)
