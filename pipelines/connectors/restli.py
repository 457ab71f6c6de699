"""What every LinkedIn API shares: Rest.li's grammar, versions, errors, paging, and signing in.

Belongs here: rules that hold for advertising and organisations alike. Does not: any resource
(`linkedin_ads`, `linkedin`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import requests

from pipelines.connectors import health
from pipelines.connectors.errors import Decision, Rule, Signal
from pipelines.connectors.health import Finding, State
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
from pipelines.connectors.oauth import Grant, Renewed, TokenFile
from pipelines.connectors.read import follow

PROTOCOL = "2.0.0"
# LinkedIn refuses longer addresses with 414; its own clients tunnel from here on.
LONGEST_QUERY = 4000
SMALLEST_PAGE = 5


def encoded(value: Any) -> str:
    """A value in Rest.li's grammar: `( ) : ,` of lists and objects are bare, those within escaped.

    `["urn:li:a:1"]` is `List(urn%3Ali%3Aa%3A1)`, `{"year": 2026}` is `(year:2026)`.
    """
    if isinstance(value, Mapping):
        pairs = (f"{encoded(key)}:{encoded(part)}" for key, part in value.items())
        return f"({','.join(pairs)})"
    if isinstance(value, list | tuple):
        return f"List({','.join(map(encoded, value))})"
    return quote(str(value), safe="")


def address(root: str, path: str, **params: Any) -> str:
    """The address of a question. `fields` is a bare list of names: older than the grammar."""
    fields = params.pop("fields", None)
    pairs = [f"{name}={encoded(value)}" for name, value in params.items()]
    if fields is not None:
        pairs.append(f"fields={','.join(fields)}")
    return f"{root}/{path}?{'&'.join(pairs)}" if pairs else f"{root}/{path}"


@dataclass(frozen=True)
class Tunnelled:
    """A signer that also puts a query too long for an address into the request's body."""

    signer: Signer

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request, signed; a POST that stands for the GET where the query is long."""
        place = urlsplit(str(request.url))
        if request.method == "GET" and len(place.query) > LONGEST_QUERY:
            request.method = "POST"
            request.body = place.query
            request.url = urlunsplit(place._replace(query=""))
            request.headers["X-HTTP-Method-Override"] = "GET"
            request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self.signer.sign(request)

    def secrets(self) -> Iterable[str]:
        """The signer's own."""
        return self.signer.secrets()

    def renew(self) -> bool:
        """Give a refused token up; whether there can be another."""
        return isinstance(self.signer, Token) and self.signer.renew()


def linkedin_rules(setting: str) -> tuple[Rule, ...]:
    """What LinkedIn's refusals mean; `setting` is the beginning of the source's variables."""
    return (
        Rule(
            Decision.ABORT,
            "the refresh token is refused",
            status=(400, 401),
            code=("invalid_grant", "invalid_client", "unauthorized_client"),
        ),
        Rule(Decision.ABORT, "the refresh token is refused", status=(400,), says="refresh token"),
        Rule(Decision.WAIT, "too many requests", status=(429,), says="minute", wait=60),
        # Quotas count by resource and day, and are new at midnight in UTC: the signal says when.
        Rule(Decision.WAIT, "the day's quota is spent", status=(429,)),
        Rule(
            Decision.STOP,
            "LinkedIn serves this version no longer",
            status=(426,),
            remedy=f"Put a newer month into {setting}API_VERSION.",
        ),
        Rule(Decision.REREAD, "the page token expired", status=(400,), says="pagetoken"),
        Rule(Decision.DROP, "a field is not served", status=(400, 403), says="field"),
        Rule(
            Decision.STOP,
            "the token lacks a permission",
            status=(403,),
            remedy=(
                "Give the token r_ads and r_ads_reporting for advertising, r_organization_social "
                "and rw_organization_admin for pages, and its member a role on each account."
            ),
        ),
    )


def linkedin_platform(name: str, setting: str, clock: Clock) -> Platform:
    """LinkedIn as that source speaks to it."""
    return Platform(
        name=name,
        rules=linkedin_rules(setting),
        signal=partial(linkedin_signal, clock),
        remedy=f"Put a new token into {setting}REFRESH_TOKEN or {setting}ACCESS_TOKEN.",
    )


def linkedin_signal(clock: Clock, answer: Answer) -> Signal | None:
    """LinkedIn's error object: its status, its number and word, and a sentence."""
    plain = status_signal(answer)
    if plain is None or not isinstance(answer.body, dict):
        return _until_midnight(plain, clock)
    body = answer.body
    signal = Signal(
        answer.status,
        str(body.get("code") or body.get("error") or ""),
        str(body.get("serviceErrorCode", "")),
        str(body.get("message") or body.get("error_description") or ""),
        answer.retry_after,
    )
    return _until_midnight(signal, clock)


def _until_midnight(signal: Signal | None, clock: Clock) -> Signal | None:
    if signal is None or signal.status != 429 or signal.wait is not None:
        return signal
    if "minute" in signal.message.lower():
        return signal
    now = clock.now()
    midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    return replace(signal, wait=(midnight - now).total_seconds())


class PageToken:
    """Paging by a token in the answer's metadata: a further page exactly while there is one."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the next page."""
        token = (body.get("metadata") or {}).get("nextPageToken")
        return _asking(request, pageToken=token) if token else None

    def smaller(self, request: Request) -> Request | None:
        """The request with half the page size."""
        return _half(request, "pageSize")


class Offset:
    """Paging by `start` and `count`: on by what came, until nothing comes or all has."""

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the elements after these."""
        came = len(body.get("elements") or ())
        start = int(_asked(request).get("start", 0)) + came
        total = (body.get("paging") or {}).get("total")
        if not came or (total is not None and start >= total):
            return None
        return _asking(request, start=start)

    def smaller(self, request: Request) -> Request | None:
        """The request for half as many."""
        return _half(request, "count")


def _asked(request: Request) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query))


def _asking(request: Request, **params: str | int) -> Request:
    """The request with those parameters; the others stay as they were written."""
    url = request.url
    for name, value in params.items():
        written, known = f"{name}={encoded(value)}", re.compile(rf"(?<=[?&]){name}=[^&]*")
        if known.search(url):
            url = known.sub(written, url)
        else:
            url += f"{'&' if '?' in url else '?'}{written}"
    return replace(request, url=url)


def _half(request: Request, name: str) -> Request | None:
    size = int(_asked(request).get(name, 0)) // 2
    return _asking(request, **{name: size}) if size >= SMALLEST_PAGE else None


@dataclass(frozen=True)
class Restli:
    """LinkedIn's versioned API: `root` is its address, `renewed` the token if it renews itself."""

    client: Client
    root: str
    renewed: Renewed | None = None

    def health(self, path: str) -> list[Finding]:
        """How the token is renewed, and the clock, by asking for that object."""
        answer = self.client.send(Request(address(self.root, path)))
        remedy = self.client.platform.remedy
        fixed = [Finding("access token", State.OK, "a fixed one; LinkedIn's live for sixty days")]
        return [
            *(self.renewed.health(remedy) if self.renewed else fixed),
            health.clock(answer.headers, self.client.clock.now()),
        ]

    def get(self, path: str, **params: Any) -> Any:
        """One answer."""
        return self.client.send(Request(address(self.root, path, **params))).body

    def by_token(self, path: str, size: int, **params: Any) -> Iterator[list[dict[str, Any]]]:
        """A finder's elements, page by page, where pages are told by tokens."""
        request = Request(address(self.root, path, **params, pageSize=size))
        for body in follow(self.client, request, PageToken()):
            yield body.get("elements") or []

    def by_offset(self, path: str, size: int, **params: Any) -> Iterator[list[dict[str, Any]]]:
        """A finder's elements, page by page, where pages are told by offsets."""
        request = Request(address(self.root, path, **params, start=0, count=size))
        for body in follow(self.client, request, Offset()):
            yield body.get("elements") or []


def linkedin_api(
    name: str,
    setting: str,
    *,
    base_url: str,
    oauth_base_url: str,
    version: str,
    access_token: str = "",
    client_id: str = "",
    client_secret: str = "",
    refresh_token: str = "",
    token_file: Path | None = None,
    clock: Clock | None = None,
    **client: Any,
) -> Restli:
    """The API as a source asks it: with a refresh token and its app, or with an access token.

    `setting` is the beginning of the source's variables. An access token lives sixty days and the
    refresh token a year, so the newest is kept in `token_file` between processes.
    """
    clock = clock or Clock()
    platform = linkedin_platform(name, setting, clock)
    headers = {"LinkedIn-Version": version, "X-Restli-Protocol-Version": PROTOCOL}
    asking = Client(platform, clock=clock, headers=headers, **client)
    renewed = None
    if refresh_token:
        app = {"client_id": client_id, "client_secret": client_secret}
        exchange = partial(_exchanged, asking, f"{oauth_base_url.rstrip('/')}/accessToken", app)
        store = TokenFile(token_file) if token_file else None
        renewed = Renewed(exchange, refresh_token, clock=clock, store=store)
    token = Token(renewed) if renewed else Token.fixed(access_token)
    return Restli(asking.with_token(Tunnelled(token)), f"{base_url.rstrip('/')}/rest", renewed)


def _exchanged(asking: Client, url: str, app: Mapping[str, str], refresh_token: str) -> Grant:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **app}
    asked_at = asking.clock.now()
    told = asking.send(Request(url, form=form)).body
    ends = asked_at + timedelta(seconds=int(told["expires_in"]))
    left = told.get("refresh_token_expires_in")
    return Grant(
        str(told["access_token"]),
        ends,
        str(told.get("refresh_token", "")),
        refresh_expires_at=None if left is None else asked_at + timedelta(seconds=int(left)),
    )


def tail(urn: Any) -> Any:
    """The id at the end of a URN: `urn:li:sponsoredCampaign:1111` is `1111`."""
    return urn.rpartition(":")[2] if isinstance(urn, str) else urn


def instant(milliseconds: Any) -> Any:
    """Epoch milliseconds as ISO 8601 in UTC; anything else is left for the conversion to judge."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int):
        return milliseconds
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds")
