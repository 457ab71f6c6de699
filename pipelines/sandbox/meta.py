"""What every part of Meta's Graph API shares: tokens, errors, fields, paging, usage headers.

Belongs here: Graph rules that hold for pages and for advertising alike. Does not: any node's fields
(`facebook_pages`, `meta_ads`).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipelines.sandbox.credentials import META_TOKEN, page_token
from pipelines.sandbox.faults import Refusal
from pipelines.sandbox.wire import Answer, Call
from pipelines.sandbox.world import MARKETS

# +0000 without a colon, as Graph writes every instant.
GRAPH_INSTANT = "%Y-%m-%dT%H:%M:%S+0000"
DEFAULT_LIMIT, MAX_LIMIT = 25, 100
PAGE_TOKENS = {page_token(market.page_id): market.page_id for market in MARKETS}


class GraphError(Exception):
    """A call that Graph refuses: its error object and the HTTP status."""

    def __init__(
        self,
        message: str,
        code: int = 100,
        *,
        subcode: int | None = None,
        kind: str = "OAuthException",
        status: int = 400,
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        error: dict[str, Any] = {"message": message, "type": kind, "code": code}
        if subcode is not None:
            error["error_subcode"] = subcode
        if transient:
            error["is_transient"] = True
        error["fbtrace_id"] = "A" + hashlib.blake2b(message.encode(), digest_size=11).hexdigest()
        self.answer = Answer({"error": error}, status)


def missing(identifier: str) -> GraphError:
    """An object that does not exist, or that the token may not see: Graph does not tell which."""
    return GraphError(
        f"Unsupported get request. Object with ID '{identifier}' does not exist, cannot be loaded "
        "due to missing permissions, or does not support this operation. Please read the Graph API "
        "documentation at https://developers.facebook.com/docs/graph-api",
        100,
        subcode=33,
        kind="GraphMethodException",
    )


def token_given(call: Call) -> str | None:
    """The token of the query, the form or the Authorization header."""
    header = call.headers.get("authorization", "")
    given = header.partition(" ")[2] if header.lower().startswith(("bearer ", "oauth ")) else None
    return call.parameters.get("access_token", given)


def authorized(call: Call) -> str:
    """The call's token, which is META_TOKEN or a page's. Raises GraphError."""
    token = token_given(call)
    if not token:
        raise GraphError("An access token is required to request this resource.", 104)
    if token != META_TOKEN and token not in PAGE_TOKENS:
        raise dead_token()
    return token


def dead_token() -> GraphError:
    """A token that is expired, revoked or invented."""
    message = "Error validating access token: Session has expired."
    return GraphError(message, 190, subcode=463)


# What the sandbox's app may do for the user of META_TOKEN.
PERMISSIONS = (
    "ads_read",
    "business_management",
    "instagram_basic",
    "instagram_manage_comments",
    "instagram_manage_insights",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_show_list",
    "read_insights",
)


def debug_token(parameters: Mapping[str, str]) -> dict[str, Any]:
    """What Graph tells of a token: a system user's, or its page's, which do not expire."""
    given = parameters.get("input_token", "")
    if not given:
        raise GraphError("(#100) The parameter input_token is required", 100)
    if given != META_TOKEN and given not in PAGE_TOKENS:
        error = {"code": 190, "message": "Malformed access token"}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}
    page = PAGE_TOKENS.get(given)
    told: dict[str, Any] = {
        "app_id": "1220000000000001",
        "type": "PAGE" if page else "SYSTEM_USER",
        "application": "Sandbox",
        "data_access_expires_at": 0,
        "expires_at": 0,
        "is_valid": True,
        "scopes": list(PERMISSIONS),
        "granular_scopes": [{"scope": scope} for scope in PERMISSIONS],
        "user_id": "122100000000000001",
    }
    if page:
        told["profile_id"] = page
    return {"data": told}


def for_page(token: str, page_id: str) -> None:
    """Raise GraphError unless the token is that page's own."""
    if PAGE_TOKENS.get(token) != page_id:
        message = (
            "User Access Token Is Not Supported: A Page access token is required for this call "
            "for the new Pages experience."
        )
        raise GraphError(message, 190, subcode=2069032)


def refused(refusal: Refusal, call: Call) -> Answer:
    """Graph's own words for a fault."""
    match refusal.kind:
        case "dead_token":
            return dead_token().answer
        case "access_denied":
            message = (
                "(#200) Requires ads_read or pages_read_engagement permission to manage the object"
            )
            return GraphError(message, refusal.code or 200, status=403).answer
        case "expired_cursor":
            message = (
                "(#100) The after cursor specified exceeds the max limit supported by this endpoint"
            )
            return GraphError(message).answer
        case "throttled" | "too_many_requests":
            return _throttled(refusal, call)
        case "unavailable":
            html = b"<!DOCTYPE html><html><body>Sorry, something went wrong.</body></html>"
            return Answer(html, refusal.status or 503, media_type="text/html")
    message = "An unknown error occurred"
    error = GraphError(message, refusal.code or 1, status=refusal.status or 500)
    return error.answer


def _throttled(refusal: Refusal, call: Call) -> Answer:
    ads = "act_" in call.path
    code = refusal.code or (80000 if ads else 32)
    message = (
        f"(#{code}) There have been too many calls from this account. Wait a bit and try again."
    )
    status = 429 if refusal.kind == "too_many_requests" else 400
    answer = GraphError(message, code, subcode=2446079, status=status, transient=True).answer
    answer.headers.update(usage(call, percent=100, minutes=_minutes(refusal.retry_after)))
    if refusal.kind == "too_many_requests" and refusal.retry_after is not None:
        answer.headers["retry-after"] = f"{refusal.retry_after:g}"
    return answer


def _minutes(seconds: float | None) -> int:
    return 0 if seconds is None else -(-int(seconds) // 60)


ACCOUNT = re.compile(r"act_(\d+)")


def usage(call: Call, percent: int = 3, minutes: int = 0) -> dict[str, str]:
    """The headers in which Graph says how much of its limits is used, in per cent."""
    counters = {"call_count": percent, "total_cputime": percent, "total_time": percent}
    account = ACCOUNT.search(call.path)
    business = {
        account[1] if account else "100200300400500": [
            {
                "type": "ads_insights" if account else "pages",
                **counters,
                "estimated_time_to_regain_access": minutes,
            }
        ]
    }
    headers = {"x-app-usage": _json(counters), "x-business-use-case-usage": _json(business)}
    if account:
        throttle = {"app_id_util_pct": percent, "acc_id_util_pct": percent}
        headers["x-ad-account-usage"] = _json({"acc_id_util_pct": percent})
        headers["x-fb-ads-insights-throttle"] = _json(throttle)
    return headers


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


@dataclass(frozen=True)
class Asked:
    """One field of a `fields` parameter: `comments.summary(true).limit(2){id}`."""

    name: str
    modifiers: Mapping[str, str]
    fields: tuple[Asked, ...] = ()

    @property
    def parameters(self) -> dict[str, str]:
        """The field's modifiers as the parameters of the edge that it expands."""
        return dict(self.modifiers)


def strings(text: str, name: str) -> list[str]:
    """A parameter that is a JSON array of texts. Raises GraphError."""
    try:
        return msgspec.json.decode(text, type=list[str])
    except msgspec.DecodeError:
        raise GraphError(f"(#100) Param {name} must be an array") from None


NAME = re.compile(r"\s*([A-Za-z_][\w-]*)")


def asked_fields(text: str) -> tuple[Asked, ...]:
    """A `fields` parameter read: a list of names, or a JSON array of them.

    Raises GraphError for a syntax that Graph refuses too.
    """
    if text.startswith("["):
        text = ",".join(strings(text, "fields"))
    fields, end = _fields(text, 0)
    if end != len(text):
        raise _syntax(text, end)
    return fields


def _fields(text: str, at: int) -> tuple[tuple[Asked, ...], int]:
    found = []
    while True:
        match = NAME.match(text, at)
        if match is None:
            raise _syntax(text, at)
        modifiers, at = _modifiers(text, match.end())
        inner: tuple[Asked, ...] = ()
        if text[at : at + 1] == "{":
            inner, at = _fields(text, at + 1)
            if text[at : at + 1] != "}":
                raise _syntax(text, at)
            at += 1
        found.append(Asked(match[1], modifiers, inner))
        if text[at : at + 1] != ",":
            return tuple(found), at
        at += 1


def _modifiers(text: str, at: int) -> tuple[dict[str, str], int]:
    modifiers = {}
    while text[at : at + 1] == ".":
        match = NAME.match(text, at + 1)
        if match is None or text[match.end() : match.end() + 1] != "(":
            raise _syntax(text, at)
        close = text.find(")", match.end())
        if close < 0:
            raise _syntax(text, at)
        modifiers[match[1]] = text[match.end() + 1 : close].strip("\"'[]")
        at = close + 1
    return modifiers, at


def _syntax(text: str, at: int) -> GraphError:
    message = (
        f'Syntax error "Expected name instead of {text[at : at + 8]!r}" at character {at}: {text}'
    )
    return GraphError(message, 2500)


Read = Callable[[Any, Asked], Any]
# What a node answers for a field that it has but that holds nothing here: the key is left out.
ABSENT = object()


def shaped(
    node: Any, fields: Sequence[Asked], reads: Mapping[str, Read], kind: str
) -> dict[str, Any]:
    """The asked fields of a node, `id` always among them. An unknown field fails the call."""
    record: dict[str, Any] = {}
    for asked in fields:
        read = reads.get(asked.name)
        if read is None:
            message = (
                f"(#100) Tried accessing nonexisting field ({asked.name}) on node type ({kind})"
            )
            raise GraphError(message)
        value = read(node, asked)
        if value is not ABSENT and value is not None:
            record[asked.name] = _only(value, asked)
    if "id" not in record:
        record["id"] = reads["id"](node, ID)
    return record


def _only(value: Any, asked: Asked) -> Any:
    """An object or the items of an edge with only the keys asked for in braces, and `id`."""
    if not asked.fields or not isinstance(value, dict):
        return value
    names = {field.name for field in asked.fields} | {"id"}
    if "data" in value:
        items = [{k: v for k, v in item.items() if k in names} for item in value["data"]]
        return {**value, "data": items}
    return {k: v for k, v in value.items() if k in names}


def summarized(parameters: Mapping[str, str]) -> bool:
    """Whether `summary=1`, `summary(true)` or `summary(total_count)` asks for an edge's summary."""
    return parameters.get("summary", "0") not in ("", "0", "false")


def link(call: Call, **changes: str | None) -> str:
    """The call's address with other parameters. Graph puts the token into it, come as it may."""
    return call.url(access_token=token_given(call), **changes)


ID = Asked("id", {})


def limit_of(parameters: Mapping[str, str], highest: int = MAX_LIMIT) -> int:
    """The page size that is asked for, cut to what Graph gives. Raises GraphError."""
    text = parameters.get("limit", str(DEFAULT_LIMIT))
    if not text.isdigit():
        raise GraphError("(#100) Param limit must be an integer")
    return min(int(text), highest)


def token_of(place: Sequence[Any]) -> str:
    """A cursor for a place in a sorted list."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(place))).decode().rstrip("=")


def place_of(cursor: str) -> list[Any]:
    """The place of a cursor. Raises GraphError for one that Graph did not give out."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=list[Any])
    except (ValueError, msgspec.DecodeError):
        raise GraphError("(#100) Invalid parameter: after") from None


def cursors(first: Sequence[Any], last: Sequence[Any]) -> dict[str, str]:
    """`paging.cursors` of a page."""
    return {"before": token_of(first), "after": token_of(last)}


def moment(text: str) -> datetime:
    """A since or until: epoch seconds, a date or an ISO instant, as UTC. Raises GraphError."""
    try:
        if re.fullmatch(r"-?\d+", text):
            return datetime.fromtimestamp(int(text), UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise GraphError(f"(#100) Invalid time: {text}") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def unversioned(path: str) -> list[str]:
    """The steps of a path below the version, which may be left out."""
    steps = [step for step in path.split("/") if step]
    if steps and re.fullmatch(r"v\d+\.\d+", steps[0]):
        return steps[1:]
    return steps
