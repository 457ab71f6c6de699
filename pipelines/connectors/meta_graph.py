"""What every edge of Meta's Graph API shares: errors, usage figures, paging, field lists.

Belongs here: rules that hold for pages, Instagram and advertising alike. Does not: any edge
(`facebook_pages`, `instagram`, `meta_ads`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from pipelines.connectors import health
from pipelines.connectors.errors import DeadToken, Decision, Rule, Signal, SourceError, Transient
from pipelines.connectors.health import Finding, State
from pipelines.connectors.http import Answer, Client, Platform, Request, status_signal
from pipelines.connectors.read import follow
from pipelines.lake.schema import Schema

RATE_LIMITS = ("4", "17", "32", "613", *map(str, range(80000, 80007)), "80008")
SCOPES = (
    "Give the token the permissions pages_read_engagement, pages_read_user_content, read_insights "
    "and ads_read, and its user a role on the account."
)
RULES = (
    Rule(Decision.ABORT, "the token is dead", code=("102", "190")),
    Rule(Decision.WAIT, "a rate limit is reached", code=RATE_LIMITS, wait=60),
    Rule(Decision.SPLIT, "it asks for less data", code=("1",), says="reduce the amount of data"),
    Rule(Decision.SPLIT, "it asks for less data", code=("100",), subcode=("1487534",)),
    Rule(Decision.RESTART, "the report is unusable", code=("100",), says="report run"),
    Rule(Decision.REREAD, "the page cursor expired", code=("100",), says="cursor"),
    Rule(Decision.DROP, "a metric is not served", code=("100",), says="valid insights metric"),
    Rule(Decision.SKIP, "the object is gone", code=("100",), subcode=("33",)),
    Rule(Decision.SKIP, "posted before the account was a business's", subcode=("2108006",)),
    Rule(Decision.RETRY, "a passing failure", subcode=("99", "1504018")),
    Rule(Decision.RETRY, "a passing failure", code=("1", "2", "104", "960")),
    Rule(Decision.RETRY, "a passing failure", transient=True),
    Rule(
        Decision.STOP,
        "the token lacks a permission",
        code=("3", "10", *map(str, range(200, 300))),
        remedy=SCOPES,
    ),
    Rule(Decision.STOP, "the token lacks a permission", says="permission", remedy=SCOPES),
    Rule(Decision.STOP, "the token lacks a permission", says="public content", remedy=SCOPES),
)

# Below this share of the quota nothing is slowed; at the upper one Meta is about to refuse, and a
# minute is the shortest pause after which its sliding hour has moved.
USAGE_TO_SLOW = 75.0
USAGE_TO_REST = 95.0
REST = 60.0
SMALLEST_PAGE = 5
# Insights close their days at midnight in California, wherever the page or account is.
INSIGHTS_ZONE = "America/Los_Angeles"


def graph_platform(name: str, setting: str, rules: tuple[Rule, ...] = RULES) -> Platform:
    """The Graph API as that source speaks to it; `setting` names the token's variable."""
    return Platform(
        name=name,
        rules=rules,
        signal=graph_signal,
        pace=graph_pace,
        remedy=f"Put a new token into {setting}.",
    )


def graph_signal(answer: Answer) -> Signal | None:
    """The error object of an answer, whatever its HTTP status."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if not isinstance(error, dict):
        return status_signal(answer)
    code = str(error.get("code", ""))
    wait = answer.retry_after
    if wait is None and code in RATE_LIMITS:
        wait = _regain_seconds(answer.headers) or None
    return Signal(
        answer.status,
        code,
        str(error.get("error_subcode", "")),
        str(error.get("message", "")),
        wait,
        transient=error.get("is_transient") is True,
    )


def graph_pace(answer: Answer) -> float:
    """Seconds to pause, by the shares of the quotas that the answer's headers tell."""
    if regain := _regain_seconds(answer.headers):
        return regain
    share = max(_shares(answer.headers), default=0.0)
    if share < USAGE_TO_SLOW:
        return 0.0
    return REST * min(1.0, (share - USAGE_TO_SLOW) / (USAGE_TO_REST - USAGE_TO_SLOW))


def _regain_seconds(headers: Mapping[str, str]) -> float:
    minutes = [
        entry.get("estimated_time_to_regain_access") or 0 for entry in _business_usage(headers)
    ]
    return 60.0 * max(minutes, default=0)


def _shares(headers: Mapping[str, str]) -> Iterator[float]:
    """Every percentage that the usage headers hold."""
    entries = _business_usage(headers)
    for name in ("X-App-Usage", "X-Ad-Account-Usage", "X-FB-Ads-Insights-Throttle"):
        entries.append(_json_header(headers, name))
    for entry in entries:
        for key, value in entry.items():
            percentage = key.endswith("_util_pct") or key in (
                "call_count",
                "total_time",
                "total_cputime",
            )
            if percentage and isinstance(value, int | float):
                yield float(value)


def _business_usage(headers: Mapping[str, str]) -> list[dict[str, Any]]:
    by_account = _json_header(headers, "X-Business-Use-Case-Usage")
    return [entry for entries in by_account.values() for entry in entries]


def _json_header(headers: Mapping[str, str], name: str) -> dict[str, Any]:
    """The header's JSON object; empty when it is absent or unreadable, since it only advises."""
    try:
        value = msgspec.json.decode(headers.get(name, "{}"))
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


class NextLink:
    """Graph's paging: there is a further page exactly while `paging.next` exists.

    The link itself is not followed, since it carries the token: what it asks is put into our own
    request. That serves cursors and time-based paging alike. Insights of pages are not paged so:
    their links lead to other time windows for ever.
    """

    def after(self, request: Request, body: Any) -> Request | None:
        """The request for the next page."""
        link = (body.get("paging") or {}).get("next")
        if not link:
            return None
        asked = dict(parse_qsl(urlsplit(link).query))
        asked.pop("access_token", None)
        return replace(request, params={**request.params, **asked})

    def smaller(self, request: Request) -> Request | None:
        """The request with half the page size."""
        limit = int(request.params.get("limit", 0)) // 2
        return request.with_params(limit=limit) if limit >= SMALLEST_PAGE else None


@dataclass(frozen=True)
class Graph:
    """The Graph API at one version: `root` is base URL and version."""

    client: Client
    root: str

    def url(self, path: str) -> str:
        """The address of an object or edge."""
        return f"{self.root}/{path}"

    def get(self, path: str, **params: str | int) -> Any:
        """One object."""
        return self.client.get(self.url(path), **params)

    def post(self, path: str, **form: str | int) -> Any:
        """The answer to a form."""
        return self.client.send(Request(self.url(path), form=form)).body

    def packed(self, path: str, **params: str | int) -> Iterator[Any]:
        """An edge's records, page by page, as they came: JSON text for `Page.of`."""
        request = Request(self.url(path), params, records=("data",))
        for body in follow(self.client, request, NextLink()):
            yield body.get("data")

    def lists(self, path: str, **params: str | int) -> Iterator[list[dict[str, Any]]]:
        """An edge's records, page by page."""
        for body in follow(self.client, Request(self.url(path), params), NextLink()):
            yield body.get("data", [])


def account_health(
    graph: Graph, path: str, token: str, needed: Sequence[str], setting: str
) -> list[Finding]:
    """What Graph tells of the token in `setting` and of the use that the object's owner makes.

    `path` is an object that the token reads; `needed` are the permissions that its streams need.
    """
    answer = graph.client.send(Request(graph.url(path), {"fields": "id"}))
    found = _token_health(graph, token, needed, setting)
    found.append(health.clock(answer.headers, graph.client.clock.now()))
    if shares := list(_shares(answer.headers)):
        found.append(health.quota("quota, %", 100 - max(shares), 100))
    return found


def _token_health(graph: Graph, token: str, needed: Sequence[str], setting: str) -> list[Finding]:
    """When the token and its access to data end, and which permissions it lacks."""
    renew = f"Put a new token into {setting}."
    try:
        told = graph.get("debug_token", input_token=token)["data"]
    except (DeadToken, Transient):
        raise
    except SourceError as error:
        detail = f"Graph does not tell when it ends: {error.reason}"
        return [Finding("token", State.WARN, detail, "Give its user a role in the app.")]
    if not told.get("is_valid"):
        message = told.get("error", {}).get("message", "it is not valid")
        return [Finding("token", State.BAD, graph.client.redact(message), renew)]
    now = graph.client.clock.now()
    found = [health.expiry("token", _epoch_instant(told.get("expires_at")), now, renew)]
    # A person's consent ends ninety days after that person last signed in, a system user's never.
    if ends_at := _epoch_instant(told.get("data_access_expires_at")):
        again = f"Let its user sign in to the app again, and put the new token into {setting}."
        found.append(health.expiry("access to data", ends_at, now, again))
    grant = f"Grant them to the app, and put a new token into {setting}."
    return [*found, health.permissions(told.get("scopes", ()), needed, grant)]


def _epoch_instant(seconds: int | None) -> datetime | None:
    """Graph's epoch seconds, of which 0 is never."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def field_list(schema: Schema, written: Mapping[str, str], skip: Sequence[str] = ()) -> str:
    """The `fields` parameter that asks for a schema's columns.

    `written` gives what the plain form cannot say (`reactions.limit(0).summary(total_count)`), by
    the first step of the path; `skip` names what is not a field but comes anyway.
    """
    wanted: dict[str, list[str]] = {}
    for field in schema.fields:
        first, *rest = field.steps
        if not first.startswith("@") and first not in skip:
            wanted.setdefault(first, []).extend(rest)
    return ",".join(
        written.get(first) or (f"{first}{{{','.join(rest)}}}" if rest else first)
        for first, rest in wanted.items()
    )


# Where to go on, and what the token's own user may do or did: nothing of the record itself.
FURNITURE = frozenset(
    {"paging", "order", "can_comment", "can_like", "has_liked", "viewer_reaction"}
)


def tidy(value: Any) -> Any:
    """A record without Graph's own furniture: it would otherwise look like new fields.

    `paging` links carry the token; the empty `data` of a summary holds nothing because nothing but
    the summary was asked for; and some facts of a summary are about the token's user.
    """
    if isinstance(value, list):
        return [tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: tidy(item)
        for key, item in value.items()
        if key not in FURNITURE and not (key == "data" and item == [] and "summary" in value)
    }


def daily_values(insight: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A metric's values as one record a day.

    `end_time` is the midnight in California that closes the day: the day is the one before it. A
    value whose `end_time` cannot be read gets no `date`, and so goes to quarantine.
    """
    for value in insight.get("values", []):
        record = {**value, "metric": insight.get("name"), "period": insight.get("period")}
        if closed := instant(value.get("end_time")):
            last_second = closed.astimezone(ZoneInfo(INSIGHTS_ZONE)) - timedelta(seconds=1)
            record["date"] = last_second.date().isoformat()
        yield record


def instant(text: Any) -> datetime | None:
    """Graph's `2021-07-04T19:50:58+0000`; None where it is something else."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    except (TypeError, ValueError):
        return None


def epoch(moment: datetime) -> int:
    """The instant as Graph's parameters take it."""
    return int(moment.timestamp())
