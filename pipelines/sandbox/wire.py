"""What a platform is asked and what it answers, apart from HTTP and from the web framework.

Belongs here: `Call`, `Answer`, the interface of a platform, and the refusal of one without words of
its own. Does not: any platform's formats, or how bytes reach the socket (`app`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

import msgspec

from pipelines.sandbox.faults import Refusal

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Call:
    """One request to a platform.

    `host` is the platform's real host, which the sandbox carries as the first step of its path;
    `path` is what follows, without a leading slash; header names are in lower case; `origin` is the
    scheme and authority under which the sandbox was reached, for the links in its answers;
    `raw_query` is the query as it was written, for grammars to which its escapes matter.
    `as_sent` is the call that came, where a fault changed it: signatures are over that.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    origin: str = ""
    raw_query: str = ""
    as_sent: Call | None = None

    @property
    def base(self) -> str:
        """The address of the platform as the caller sees it."""
        return f"{self.origin}/{self.host}"

    @property
    def parameters(self) -> dict[str, str]:
        """Query and form parameters together; the form wins."""
        if self.method != "POST":
            return dict(self.query)
        form = parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True)
        return {**self.query, **dict(form)}

    def json(self) -> Any:
        """The body as JSON; raises msgspec.DecodeError when it is not."""
        return msgspec.json.decode(self.body)

    def url(self, **changes: str | None) -> str:
        """The call's own address with some query parameters replaced, or left out if None."""
        query = {**self.query, **changes}
        kept = {name: value for name, value in query.items() if value is not None}
        return f"{self.base}/{self.path}?{urlencode(kept)}"


@dataclass
class Answer:
    """One response: `body` is bytes, or anything that becomes JSON."""

    body: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = JSON

    def encoded(self) -> bytes:
        """The body as it goes over the wire."""
        if isinstance(self.body, bytes):
            return self.body
        return msgspec.json.encode(self.body)


class Platform(Protocol):
    """One platform of the sandbox."""

    name: str

    def endpoint(self, call: Call) -> str:
        """A name for what is asked, without ids: under it requests are counted."""
        ...

    def answer(self, call: Call) -> Answer:
        """The platform's answer to a call."""
        ...

    def refuse(self, refusal: Refusal, call: Call, /) -> Answer:
        """The platform's own way to refuse a call, for a fault."""
        ...


def plain_refusal(refusal: Refusal) -> Answer:
    """How the web server in front of an API refuses: by status, and Retry-After if it says."""
    status = {"too_many_requests": 429, "throttled": 429, "unavailable": 503}
    headers = {}
    if refusal.retry_after is not None:
        headers["retry-after"] = f"{refusal.retry_after:g}"
    found = refusal.status or status.get(refusal.kind, 500)
    return Answer(b"<html><body>Error</body></html>", found, headers, "text/html")
