"""The HTTP side of the sandbox: routing by host prefix, faults on the way, the control plane.

Belongs here: what turns bytes on a socket into a `Call`, and an `Answer` into bytes, whole or
broken. Does not: any platform's formats.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from pipelines.sandbox.clock import Scene, instant
from pipelines.sandbox.faults import REFUSALS, FaultRule, Faults, mutated, shortened
from pipelines.sandbox.wire import Answer, Call, Platform

LOG = logging.getLogger(__name__)
METHODS = ["GET", "POST", "PUT", "DELETE"]


class Holds:
    """Requests that wait until the control plane lets them go, by the name of their rule."""

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()
        self._gates: dict[str, asyncio.Event] = {}
        self._changed = asyncio.Condition()

    async def wait(self, name: str, receive: Receive) -> None:
        """Wait for the release of that name, or until the caller hangs up."""
        gate = self._gates.setdefault(name, asyncio.Event())
        await self._count(name, 1)
        released, gone = (
            asyncio.ensure_future(gate.wait()),
            asyncio.ensure_future(_hung_up(receive)),
        )
        try:
            await asyncio.wait({released, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            released.cancel()
            gone.cancel()
            await self._count(name, -1)

    async def _count(self, name: str, change: int) -> None:
        async with self._changed:
            self._waiting[name] += change
            self._changed.notify_all()

    async def held(self, name: str, seconds: float) -> int:
        """How many requests wait under that name, after at most so long for the first of them."""
        async with self._changed:
            arrived = self._changed.wait_for(lambda: self._waiting[name] > 0)
            try:
                await asyncio.wait_for(arrived, seconds)
            except TimeoutError:
                return 0
            return self._waiting[name]

    def release(self, name: str) -> None:
        """Let go of all who wait under that name; later ones wait again."""
        gate = self._gates.pop(name, None)
        if gate is not None:
            gate.set()

    def release_all(self) -> None:
        """Let go of everyone, so that a server can stop."""
        for name in list(self._gates):
            self.release(name)


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


class BrokenResponse(Response):
    """A response whose body stops, pauses or waits half-way, as one rule says."""

    def __init__(self, answer: Answer, rule: FaultRule, holds: Holds) -> None:
        super().__init__(answer.encoded(), answer.status, answer.headers, answer.media_type)
        self._rule = rule
        self._holds = holds
        if rule.mode == "chunk":
            del self.headers["content-length"]

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send the head and half of the body, then what the rule wants."""
        half = len(self.body) // 2
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await send(
            {"type": "http.response.body", "body": bytes(self.body[:half]), "more_body": True}
        )
        if self._rule.kind == "truncated":
            # A response that is not finished makes the server close the connection.
            return
        if self._rule.kind == "hold":
            await self._holds.wait(self._rule.name, receive)
        else:
            await asyncio.sleep(self._rule.seconds)
        await send({"type": "http.response.body", "body": bytes(self.body[half:])})


class Router:
    """Finds the platform that speaks for a host; `*.domain` stands for every host of a domain."""

    def __init__(self, hosts: Mapping[str, Callable[[Call], Platform]]) -> None:
        self._hosts = hosts

    def find(self, call: Call) -> Platform | None:
        """The platform for a call, or None for a host that nobody speaks for."""
        every = "*." + call.host.partition(".")[2]
        choose = self._hosts.get(call.host) or self._hosts.get(every)
        return choose(call) if choose else None


class Server:
    """The sandbox as a web application: platforms, faults, counts and the control plane."""

    def __init__(self, scene: Scene, router: Router, faults: Faults) -> None:
        self.scene = scene
        self.faults = faults
        self._router = router
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._holds = Holds()
        self.app = Starlette(
            routes=[
                Route("/__sandbox__/health", self._health),
                Route("/__sandbox__/clock", self._clock, methods=["GET", "POST"]),
                Route("/__sandbox__/faults", self._faults, methods=["GET", "POST", "DELETE"]),
                Route("/__sandbox__/requests", self._counts, methods=["GET", "DELETE"]),
                Route("/__sandbox__/held", self._held),
                Route("/__sandbox__/release", self._release, methods=["POST"]),
                Route("/{host}/{path:path}", self._platform, methods=METHODS),
                Route("/{host}", self._platform, methods=METHODS),
            ],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        self._holds.release_all()

    async def _platform(self, request: Request) -> Response:
        try:
            return await self._served(request)
        except Exception:
            # The web server's own report is silenced, since faults break responses on purpose.
            LOG.exception("the sandbox failed at %s", request.url.path)
            raise

    async def _served(self, request: Request) -> Response:
        call = await _call(request)
        platform = self._router.find(call)
        if platform is None:
            return JSONResponse({"error": f"no platform at {call.host}/{call.path}"}, 404)
        endpoint = platform.endpoint(call)
        text = f"{request.url.query}\n{call.body.decode(errors='replace')}"
        rules = self.faults.firing(platform.name, endpoint, text)
        for rule in rules:
            await self._before(rule, request)
            if rule.kind == "short_page":
                call = _asking_for_less(call, rule.rows or 1)
        answer = _answer(platform, call, rules)
        self._requests[platform.name, endpoint, answer.status] += 1
        return self._response(answer, rules)

    async def _before(self, rule: FaultRule, request: Request) -> None:
        if rule.at != "request":
            return
        if rule.kind == "slow":
            await asyncio.sleep(rule.seconds)
        elif rule.kind == "hold":
            await self._holds.wait(rule.name, request.receive)

    def _response(self, answer: Answer, rules: Sequence[FaultRule]) -> Response:
        for rule in rules:
            if rule.kind == "truncated" or (rule.at == "body" and rule.kind in ("slow", "hold")):
                return BrokenResponse(answer, rule, self._holds)
        return Response(answer.encoded(), answer.status, answer.headers, answer.media_type)

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"ok": True, "now": self.scene.now.isoformat()})

    async def _clock(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                self.scene.move(instant((await request.json())["now"]))
            except (KeyError, ValueError, TypeError) as error:
                return JSONResponse({"error": f"send {{'now': ISO instant}}: {error}"}, 400)
        return JSONResponse({"now": self.scene.now.isoformat()})

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults.replace(())
        elif request.method == "POST":
            try:
                rules = msgspec.json.decode(await request.body(), type=list[FaultRule])
            except msgspec.DecodeError as error:
                return JSONResponse({"error": str(error)}, 400)
            self.faults.replace(rules)
        return JSONResponse(self.faults.report())

    async def _counts(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._requests.clear()
        counts: dict[str, dict[str, dict[str, int]]] = {}
        for (platform, endpoint, status), count in sorted(self._requests.items()):
            counts.setdefault(platform, {}).setdefault(endpoint, {})[str(status)] = count
        return JSONResponse(counts)

    async def _held(self, request: Request) -> Response:
        name = request.query_params.get("name", "hold")
        seconds = float(request.query_params.get("wait", 0))
        return JSONResponse({"name": name, "held": await self._holds.held(name, seconds)})

    async def _release(self, request: Request) -> Response:
        body: dict[str, Any] = msgspec.json.decode(await request.body() or b"{}")
        self._holds.release(body.get("name", "hold"))
        return JSONResponse({})


def _answer(platform: Platform, call: Call, rules: Sequence[FaultRule]) -> Answer:
    for rule in rules:
        if rule.kind in REFUSALS:
            return platform.refuse(rule, call)
    answer = platform.answer(call)
    for rule in rules:
        if rule.kind == "mutate":
            answer.body = mutated(msgspec.json.decode(answer.encoded()), rule)
    return answer


def _asking_for_less(call: Call, rows: int) -> Call:
    """The call as if it had asked for pages of so many rows."""
    query, body = shortened(dict(call.query), rows), call.body
    kind = call.headers.get("content-type", "")
    if body and kind.startswith("application/json"):
        body = msgspec.json.encode(shortened(call.json(), rows))
    elif body and kind.startswith("application/x-www-form-urlencoded"):
        body = urlencode(shortened(dict(parse_qsl(body.decode())), rows)).encode()
    return replace(call, query=query, body=body, as_sent=call)


async def _call(request: Request) -> Call:
    return Call(
        method=request.method,
        host=request.path_params["host"],
        path=request.path_params.get("path", ""),
        query=dict(request.query_params),
        headers=dict(request.headers),
        body=await request.body(),
        origin=f"{request.url.scheme}://{request.url.netloc}",
        raw_query=request.url.query,
    )
