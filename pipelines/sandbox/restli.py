"""LinkedIn's side of the sandbox that all its APIs share: Rest.li's grammar, errors, tokens.

Belongs here: what holds for advertising and pages alike. Does not: any resource (`linkedin_ads`,
`linkedin`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from pipelines.sandbox.credentials import LINKEDIN_REFRESH_TOKEN, LINKEDIN_TOKEN
from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.wire import Answer, Call, plain_refusal

VERSION = re.compile(r"20\d{2}(?:0[1-9]|1[0-2])(?:\.\d{2})?")
# Months live for about a year: what is older than this is refused.
OLDEST_VERSION = "202510"
# The characters of the grammar, which stand for themselves only when they are escaped.
GRAMMAR = frozenset("(),:")


class RestliError(Exception):
    """A call that LinkedIn refuses: its error object and the HTTP status."""

    def __init__(self, status: int, code: str, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.answer = error(status, code, message, number)


def error(status: int, code: str, message: str, number: int | None = None) -> Answer:
    """An error as LinkedIn writes it."""
    body: dict[str, Any] = {"status": status, "code": code, "message": message}
    if number is not None:
        body["serviceErrorCode"] = number
    return Answer(body, status)


def bad(message: str) -> RestliError:
    """Parameters that make no question."""
    return RestliError(400, "ILLEGAL_ARGUMENT", message)


def missing(what: str) -> RestliError:
    """An object that is not there."""
    return RestliError(404, "RESOURCE_NOT_FOUND", f"Could not find entity {what}")


def refused(refusal: Refusal, _: Call) -> Answer:
    """LinkedIn's own words for a fault."""
    match refusal.kind:
        case "dead_token":
            return error(
                401, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked", 65601
            )
        case "access_denied":
            return error(403, "ACCESS_DENIED", "Not enough permissions to access the resource", 100)
        case "expired_cursor":
            return error(400, "ILLEGAL_ARGUMENT", "Invalid value for param; invalid pageToken")
        case "quota_spent":
            return _throttled(
                "Resource level throttle APPLICATION DAY limit for calls to this "
                "resource is reached."
            )
        case "throttled":
            return _throttled("The limit of metric values in a 5 minute window is reached.")
        case "too_many_requests":
            answer = _throttled("Too many requests in a minute.")
            if refusal.retry_after is not None:
                answer.headers["retry-after"] = f"{refusal.retry_after:g}"
            return answer
        case "unavailable":
            return plain_refusal(refusal)
    return error(refusal.status or 500, "INTERNAL_SERVER_ERROR", "Internal server error")


def _throttled(message: str) -> Answer:
    return error(429, "TOO_MANY_REQUESTS", message, 101)


def authorized(call: Call) -> None:
    """Raise RestliError unless the call has the token and names a version that is served."""
    if call.headers.get("authorization") != f"Bearer {LINKEDIN_TOKEN}":
        raise RestliError(401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600)
    if call.headers.get("x-restli-protocol-version") != "2.0.0":
        raise bad("X-RestLi-Protocol-Version must be 2.0.0")
    version = call.headers.get("linkedin-version", "")
    if VERSION.fullmatch(version) is None:
        raise RestliError(400, "VERSION_MISSING", "A version must be present.")
    if version < OLDEST_VERSION:
        message = f"Requested version {version} is not active"
        raise RestliError(426, "NONEXISTENT_VERSION", message)


def asked(call: Call) -> dict[str, Any]:
    """The parameters of a call by the grammar, tunnelled ones too. Raises RestliError."""
    text = call.raw_query
    if call.method == "POST":
        if call.headers.get("x-http-method-override") != "GET":
            raise RestliError(405, "METHOD_NOT_ALLOWED", "Only GET is allowed")
        text = call.body.decode()
    found: dict[str, Any] = {}
    for pair in filter(None, text.split("&")):
        name, _, value = pair.partition("=")
        found[name] = value.split(",") if name == "fields" else decoded(value)
    # A rule of the sandbox may have asked for less than the caller did.
    for size in ("count", "pageSize"):
        if size in found and size in call.query:
            found[size] = call.query[size]
    return found


def decoded(text: str) -> Any:
    """A value of the grammar: a text, a list or an object. Raises RestliError for none."""
    value, end = _value(text, 0)
    if end != len(text):
        raise bad(f"Invalid query parameters: unexpected {text[end:]!r}")
    return value


def _value(text: str, at: int) -> tuple[Any, int]:
    if text.startswith("List(", at):
        return _items(text, at + len("List("))
    if text.startswith("(", at):
        return _pairs(text, at + 1)
    end = at
    while end < len(text) and text[end] not in GRAMMAR:
        end += 1
    return unquote(text[at:end]), end


def _items(text: str, at: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while text[at : at + 1] != ")":
        item, at = _value(text, at)
        items.append(item)
        if text[at : at + 1] == ",":
            at += 1
        elif text[at : at + 1] != ")":
            raise bad(f"Invalid query parameters: List is not closed in {text!r}")
    return items, at + 1


def _pairs(text: str, at: int) -> tuple[dict[str, Any], int]:
    pairs: dict[str, Any] = {}
    while text[at : at + 1] != ")":
        name, at = _value(text, at)
        if text[at : at + 1] != ":":
            raise bad(f"Invalid query parameters: an object has no value in {text!r}")
        pairs[name], at = _value(text, at + 1)
        if text[at : at + 1] == ",":
            at += 1
        elif text[at : at + 1] != ")":
            raise bad(f"Invalid query parameters: an object is not closed in {text!r}")
    return pairs, at + 1


def by_offset(parameters: Mapping[str, Any], items: Sequence[Any]) -> dict[str, Any]:
    """A page by `start` and `count`, with the total."""
    start, count = int(parameters.get("start", 0)), int(parameters.get("count", 10))
    paging = {"start": start, "count": count, "links": [], "total": len(items)}
    return {"paging": paging, "elements": list(items[start : start + count])}


def by_token(parameters: Mapping[str, Any], items: Sequence[Any], most: int) -> dict[str, Any]:
    """A page by token; the last one has none."""
    size = min(int(parameters.get("pageSize", 100)), most)
    token = parameters.get("pageToken", "DgP:0")
    if not token.startswith("DgP:"):
        raise bad("Invalid value for param; invalid pageToken")
    start = int(token.removeprefix("DgP:"))
    metadata = {}
    if start + size < len(items):
        metadata["nextPageToken"] = f"DgP:{start + size}"
    return {"elements": list(items[start : start + size]), "metadata": metadata}


def batch(parameters: Mapping[str, Any], find: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The answer to a batch of ids: what was found, and an error for each of the others."""
    found: dict[str, Any] = {"results": {}, "statuses": {}, "errors": {}}
    for key in parameters["ids"]:
        try:
            found["results"][key] = find(key)
            found["statuses"][key] = 200
        except RestliError as refusal:
            found["errors"][key] = refusal.answer.body
            found["statuses"][key] = refusal.answer.status
    return found


def milliseconds(moment: datetime | None) -> int | None:
    """An instant (naive UTC) as LinkedIn writes it."""
    return None if moment is None else int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def known(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record without what it has not: LinkedIn leaves such keys out."""
    return {key: value for key, value in record.items() if value is not None}


class LinkedinTokens:
    """`POST /oauth/v2/accessToken`: a refresh token for an access token."""

    name = "linkedin_oauth"

    def endpoint(self, call: Call) -> str:
        """`POST oauth/v2/accessToken`."""
        return f"{call.method} {call.path}"

    def answer(self, call: Call) -> Answer:
        """The token; the refresh token stays the same, and keeps its own end."""
        if call.method != "POST" or call.path != "oauth/v2/accessToken":
            return error(404, "RESOURCE_NOT_FOUND", "No such resource")
        if call.parameters.get("refresh_token") != LINKEDIN_REFRESH_TOKEN:
            return self._denied()
        return Answer(
            {
                "access_token": LINKEDIN_TOKEN,
                "expires_in": 5_183_999,
                "refresh_token": LINKEDIN_REFRESH_TOKEN,
                "refresh_token_expires_in": 31_535_999,
                "scope": "r_ads,r_ads_reporting,r_organization_social,rw_organization_admin",
            }
        )

    def refuse(self, refusal: Refusal, call: Call) -> Answer:
        """invalid_grant for a dead token; else a server's error."""
        return self._denied() if refusal.kind == "dead_token" else refused(refusal, call)

    def _denied(self) -> Answer:
        message = "The provided authorization grant or refresh token is invalid, expired or revoked"
        return Answer({"error": "invalid_grant", "error_description": message}, 400)
