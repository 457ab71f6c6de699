"""A server on this machine that answers as a test says, and a clock that only sleeping moves."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pipelines.connectors.http import Clock


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    # The query as it was written, for grammars in which an escaped character means another thing.
    raw_query: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Reply:
    """One answer. `cut` promises the whole body and closes the connection half-way."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    zipped: bool = False
    # Cuts the compressed stream itself, under a length that is right.
    zipped_short: bool = False

    def content(self) -> bytes:
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        if not self.zipped and not self.zipped_short:
            return raw
        packed = gzip.compress(raw)
        return packed[: len(packed) // 2] if self.zipped_short else packed


class Scripted:
    """Gives `replies` in order, then the last one again; or what `answer` makes of a request."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.replies: list[Reply] = [Reply({})]
        self.answer: Callable[[Asked], Reply] = self._next
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def says(self, *replies: Reply) -> None:
        self.replies = list(replies)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _next(self, _: Asked) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are two writes: Nagle would hold the second back for 40 ms.
            disable_nagle_algorithm = True

            def respond(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                url = urlsplit(self.path)
                asked = Asked(
                    self.command,
                    url.path,
                    dict(parse_qsl(url.query)),
                    dict(self.headers.items()),
                    self.rfile.read(length),
                    url.query,
                )
                scripted.asked.append(asked)
                self.send(scripted.answer(asked))

            def send(self, reply: Reply) -> None:
                content = reply.content()
                self.send_response(reply.status)
                self.send_header("Content-Length", str(len(content)))
                if reply.zipped or reply.zipped_short:
                    self.send_header("Content-Encoding", "gzip")
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if reply.cut else content)
                self.close_connection = reply.cut

            do_GET = do_POST = respond  # noqa: N815 - the names that http.server looks for

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


class FakeTime:
    """A clock whose hands only a sleep moves, and the sleeps that it was asked for."""

    def __init__(self, now: datetime = datetime(2026, 5, 10, 9, tzinfo=UTC)) -> None:
        self.now = now
        self.slept: list[float] = []

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.now, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
