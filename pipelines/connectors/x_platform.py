"""What both APIs of X share: how they refuse, and when an endpoint may be asked again.

Belongs here: the table of refusals, rate limit headers. Does not: any stream (`x`, `x_ads`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pipelines.connectors.errors import Decision, Rule, Signal
from pipelines.connectors.http import Answer, Platform, Request, status_signal

RULES = (
    Rule(
        Decision.STOP,
        "the month's posts are used up",
        code=("usage-capped", "UsageCapExceeded"),
        remedy="Raise the plan or the spending limit in X's developer console, or wait for the"
        " day on which the month begins anew.",
    ),
    Rule(
        Decision.STOP,
        "the account has no credit",
        status=(402,),
        remedy="Buy credit in X's developer console.",
    ),
    Rule(Decision.WAIT, "a rate limit is reached", status=(420, 429), wait=60),
    Rule(Decision.WAIT, "a rate limit is reached", code=("88", "TOO_MANY_REQUESTS"), wait=60),
    Rule(Decision.RETRY, "X is over capacity", code=("130", "131", "OVER_CAPACITY")),
    Rule(Decision.RETRY, "X is in trouble", code=("INTERNAL_ERROR", "SERVICE_UNAVAILABLE")),
    Rule(
        Decision.ABORT,
        "the signature's time is refused",
        code=("135",),
        remedy="Set this machine's clock by the network (NTP).",
    ),
    Rule(
        Decision.ABORT,
        "the credentials are refused",
        code=("32", "89", "215", "UNAUTHORIZED_ACCESS", "INVALID_OAUTH_TOKEN"),
    ),
    Rule(Decision.SKIP, "it is gone or hidden", code=("resource-not-found", "NOT_FOUND", "34")),
    Rule(
        Decision.SKIP,
        "it is not to be seen by this token",
        code=("not-authorized-for-resource", "resource-unavailable"),
    ),
    Rule(Decision.REREAD, "the page token expired", status=(400,), says="pagination_token"),
    Rule(Decision.REREAD, "the page token expired", status=(400,), says="next_token"),
    Rule(Decision.REREAD, "the page cursor expired", code=("INVALID_PAGING_CURSOR",)),
    Rule(Decision.REREAD, "the page cursor expired", status=(400,), says="cursor"),
    Rule(Decision.DROP, "a field is not served", status=(400,), says="tweet.fields"),
    Rule(Decision.DROP, "a field is not served", code=("not-authorized-for-field",)),
    Rule(Decision.SPLIT, "it is asked for too much", code=("TOO_MUCH_DATA",)),
    Rule(
        Decision.ABORT,
        "the app lacks the permission",
        status=(403,),
        remedy="In X's developer console, see that the app belongs to a project whose plan has"
        " this endpoint, and that the account has let the app in.",
    ),
)


OWNER = re.compile(r"/(users|accounts)/[^/]+")


def x_platform(name: str, remedy: str, *, json: bool = True) -> Platform:
    """One of X's APIs as that source speaks to it; `remedy` is what to do about credentials."""
    return Platform(
        name=name,
        rules=RULES,
        signal=x_signal,
        pace=lambda answer: until_reset(answer.headers) or 0.0,
        counts=endpoint,
        remedy=remedy,
        json=json,
    )


def endpoint(request: Request) -> str:
    """What X counts by: the address without whose it is. Each signer has a client of its own."""
    return OWNER.sub(r"/\1", request.url)


def x_signal(answer: Answer) -> Signal | None:
    """How X refuses: a problem with a type, a list of errors with codes, or both.

    An answer of 200 that has errors beside data is a partial success: no refusal.
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    errors = [each for each in body.get("errors") or () if isinstance(each, dict)]
    if answer.status < 300 and (not errors or "data" in body or "meta" in body):
        return None
    problem = errors[0] if errors else body
    if not problem:
        plain = status_signal(answer)
        return None if plain is None else Signal(plain.status, "", "", plain.message, _wait(answer))
    # Of a whole refusal the outer type says more than the first of its errors.
    code = _code(body) or _code(problem)
    return Signal(answer.status, code, message=_message(body, problem), wait=_wait(answer))


def _code(problem: Mapping[str, Any]) -> str:
    kind = str(problem.get("type") or "").rpartition("/")[2]
    kind = "" if kind in ("about:blank", "invalid-request") else kind
    return kind or str(problem.get("code") or "")


def _message(body: Mapping[str, Any], problem: Mapping[str, Any]) -> str:
    told = [
        str(each[name])
        for each in (problem, body)
        for name in ("title", "message", "detail")
        if each.get(name)
    ]
    return "; ".join(dict.fromkeys(told))


def _wait(answer: Answer) -> float | None:
    if answer.retry_after is not None:
        return answer.retry_after
    if answer.status not in (420, 429):
        return None
    return until_reset(answer.headers)


def until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the window of a spent limit is over; None if the answer does not tell.

    X tells an instant; it is measured by the answer's own date, so that a wrong clock here does not
    matter. A second more, since both are whole seconds.
    """
    for prefix in ("x-account-rate-limit", "x-rate-limit"):
        try:
            left = int(headers[f"{prefix}-remaining"])
            resets = datetime.fromtimestamp(int(headers[f"{prefix}-reset"]), UTC)
        except (KeyError, ValueError):
            continue
        if left <= 0:
            return max(0.0, (resets - _date(headers)).total_seconds()) + 1
    return None


def _date(headers: Mapping[str, str]) -> datetime:
    try:
        told = parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return datetime.now(UTC)
    # A date with the zone -0000 comes without one.
    return told if told.tzinfo else told.replace(tzinfo=UTC)
