"""The one HTTP client: it asks, reads whole answers, keeps the platforms' pace, and keeps secrets.

Belongs here: connections, time limits, retries and waits, cost counting, redaction. Does not: what
a platform's refusal means (its table, in terms of `errors`), or paging (`read`).
"""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, runtime_checkable

import msgspec
import requests
import urllib3
from isal import isal_zlib
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from pipelines.connectors import task
from pipelines.connectors.envelope import envelope
from pipelines.connectors.errors import (
    CUT_SHORT,
    ERRORS,
    NO_ANSWER,
    DeadToken,
    Decision,
    Rule,
    Signal,
    SourceError,
    Transient,
    WaitUntil,
    decide,
)
from pipelines.connectors.stream import Stats

log = logging.getLogger(__name__)

# Seconds to connect, and between two reads. Meta's slowest direct insights take about a minute.
TIMEOUT = (10.0, 120.0)
# Six tries with doubling pauses span about half a minute: longer than a deploy's burst of 500s.
TRIES = 6
# Refusals for pace in a row for one request, before the run is left to a later time.
WAITS = 12
LONGEST_BACKOFF = 60.0
# Longer than this is a matter for the scheduler: the process must not sleep through its window.
LONGEST_WAIT = 15 * 60.0
# How a compressed file begins.
GZIP = b"\x1f\x8b"

SECRET_PATTERNS = (
    # The value of a token parameter, in a URL or in JSON.
    re.compile(
        r"""(?i)\b((?:access_token|input_token|client_secret|app_secret|refresh_token|assertion)["']?\s*[=:]\s*["']?)[^\s&"',}]+"""
    ),
    re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+"),
    re.compile(r"(?i)\b(shp(?:at|ca|pa|ss)_)[\w-]+"),
    re.compile(r"\b(EAA)[A-Za-z0-9]{12,}"),
    re.compile(r"\b(ya29\.)[\w.-]+"),
)
# Pages of JSON are packed about so far; what is unpacked then need not be moved.
EXPANSION = 16
HIDDEN = "[hidden]"
# Shorter ones are no token of any platform, and occur in plain words.
SHORTEST_SECRET = 8


@dataclass(frozen=True)
class Request:
    """One question. `form` and `body` make it a POST's: form-encoded, or JSON.

    `records` leads to the list in the answer whose items are to stay JSON text (`msgspec.Raw`), for
    a `Page` to take as they are.
    """

    url: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    form: Mapping[str, str | int] | None = None
    body: Mapping[str, Any] | None = None
    records: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        """POST when it carries something, GET when not."""
        return "GET" if self.form is None and self.body is None else "POST"

    def with_params(self, **changes: str | int) -> Request:
        """The same question with some query parameters set."""
        return replace(self, params={**self.params, **changes})


@dataclass(frozen=True)
class Answer:
    """One whole answer. `body` is decoded JSON where it is JSON, and the text where it is not."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait by the Retry-After header, a number or an HTTP date; None if absent."""
        return retry_after(self.headers)


def status_signal(answer: Answer) -> Signal | None:
    """How plain HTTP refuses: by status alone."""
    if answer.status < 300:
        return None
    message = answer.body if isinstance(answer.body, str) else ""
    return Signal(answer.status, message=message[:200], wait=answer.retry_after)


def no_pace(_answer: Answer) -> float:
    """A platform that says nothing about its pace."""
    return 0.0


def by_account(_request: Request) -> str:
    """A platform that counts what is asked for each account."""
    return task.current().account


@dataclass(frozen=True)
class Platform:
    """How one platform speaks.

    `signal` finds the refusal in an answer, `rules` say what it means, `pace` how many seconds an
    answer's usage figures ask us to pause before the next request, and `counts` names what the
    platform counts a request with: that waits, and nothing else. `remedy` is what to do about a
    refused token or permission, and names the setting.
    """

    name: str
    rules: tuple[Rule, ...] = ()
    signal: Callable[[Answer], Signal | None] = status_signal
    pace: Callable[[Answer], float] = no_pace
    counts: Callable[[Request], str] = by_account
    remedy: str = ""
    json: bool = True


class Signer(Protocol):
    """Who is asking: whatever proves it is put on each request just before it is sent."""

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with its proof: a header, a signature among its parameters."""
        ...

    def secrets(self) -> Iterable[str]:
        """What must never be shown of the requests signed so far."""
        ...


@runtime_checkable
class Renewing(Protocol):
    """A signer that may have another proof when the platform refuses the one it gave."""

    def renew(self) -> bool:
        """Give the refused proof up; whether there can be another."""
        ...


@runtime_checkable
class Renewable(Protocol):
    """A secret that can be made anew before its time."""

    def refuse(self) -> None:
        """The platform takes the newest value no longer."""
        ...


@dataclass(frozen=True)
class Token:
    """A signer by token: the header that carries it, and its value.

    `secret` is called for each request, so that short-lived tokens can renew themselves.
    """

    secret: Callable[[], str]
    header: str = "Authorization"
    scheme: str = "Bearer "
    _seen: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    @classmethod
    def fixed(cls, value: str, header: str = "Authorization", scheme: str = "Bearer ") -> Token:
        """A token that never changes."""
        return cls(lambda: value, header, scheme)

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with the token in its header."""
        value = self.secret()
        self._seen.add(value)
        request.headers[self.header] = self.scheme + value
        return request

    def renew(self) -> bool:
        """Give the refused token up; whether its secret can make another."""
        if not isinstance(self.secret, Renewable):
            return False
        self.secret.refuse()
        return True

    def secrets(self) -> Iterable[str]:
        """Every value that the token has had."""
        return self._seen

    def __repr__(self) -> str:
        return f"Token({self.header})"


@dataclass(frozen=True)
class Confidential:
    """A signer that adds nothing: the request carries its proof itself, which nobody may see."""

    values: set[str] = field(default_factory=set, repr=False)

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request as it is."""
        return request

    def secrets(self) -> Iterable[str]:
        """What requests carry."""
        return self.values


class _Signed(AuthBase):
    """Lets the signer have the last word on a request, so that no .netrc can replace its proof."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return self._signer.sign(request)


@dataclass(frozen=True)
class Clock:
    """Time as the client sees it; tests pass their own."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = task.pause


class Client:
    """Asks one platform as one signer, until it answers or the table says otherwise.

    Retries and waits happen here; any other decision is raised as the error class that carries it.
    A refused token is renewed once, if it can be; with one that stays refused the client asks
    nothing more. Several threads may ask at once: each account (or whatever the platform counts by)
    keeps a pace of its own, and waits for no other's. Several clients may share `stats`. `headers`
    go with each request (a version that the platform wants named; no secrets).
    """

    def __init__(
        self,
        platform: Platform,
        signer: Signer | None = None,
        *,
        stats: Stats | None = None,
        clock: Clock | None = None,
        session: requests.Session | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.platform = platform
        self.stats = stats or Stats()
        self.clock = clock or Clock()
        self._signer = signer
        self._session = session or new_session()
        self._headers = dict(headers or {})
        self._dead: str | None = None
        self._lock = threading.Lock()
        # Until when nothing must be asked, by what the platform counts.
        self._not_before: dict[str, datetime] = {}

    def with_token(self, signer: Signer | None) -> Client:
        """A client of the same platform, session and figures for another signer, or for none."""
        return Client(
            self.platform,
            signer,
            stats=self.stats,
            clock=self.clock,
            session=self._session,
            headers=self._headers,
        )

    def get(self, url: str, **params: str | int) -> Any:
        """The decoded body of a GET."""
        return self.send(Request(url, params)).body

    def send(self, request: Request) -> Answer:
        """The answer to one request, after as many retries and waits as it takes.

        Raises the SourceError that the platform's table decides on.
        """
        if self._dead is not None:
            raise DeadToken(self._dead, remedy=self.platform.remedy)
        counted = self.platform.counts(request)
        retries = waits = 0
        renewed = False
        while True:
            task.current().check()
            self._keep_pace(counted)
            answer = self._ask(request)
            if isinstance(answer, Answer):
                self._set_pace(counted, self.platform.pace(answer))
                return answer
            rule = decide(self.platform.rules, answer)
            if rule.decision is Decision.RETRY and retries + 1 < TRIES:
                retries += 1
                self._retry(rule, answer, retries)
            elif rule.decision is Decision.WAIT and waits < WAITS:
                waits += 1
                self._wait_out(counted, rule, answer, waits)
            elif answer.status == 401 and not renewed and self._renew():
                renewed = True
            else:
                raise self._error(rule, answer)

    def wait(self, seconds: float, because: str) -> None:
        """Sleep, say so, and count it."""
        log.info("%s: waiting %.1f s: %s", self.platform.name, seconds, because)
        task.count(self.stats, waits=1)
        self._sleep(seconds)

    def redact(self, text: str) -> str:
        """The text without any token that this client has used, or that looks like one."""
        for secret in self._signer.secrets() if self._signer else ():
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, HIDDEN)
        return redact(text)

    def _ask(self, request: Request) -> Answer | Signal:
        """One attempt: the answer, or the signal that says why there is none to use."""
        auth = _Signed(self._signer) if self._signer else None
        started = time.perf_counter()
        task.count(self.stats, requests=1)
        try:
            response = self._session.request(
                request.method,
                request.url,
                params=request.params,
                data=request.form,
                json=request.body,
                headers=self._headers,
                auth=auth,
                timeout=TIMEOUT,
                stream=True,
                allow_redirects=False,
            )
            with response:
                content = self._read(response)
        except requests.RequestException as error:
            return Signal(0, NO_ANSWER, message=type(error).__name__)
        except (urllib3.exceptions.HTTPError, isal_zlib.error) as error:  # type: ignore[misc] # its stub takes the class for an instance
            return Signal(0, CUT_SHORT, message=type(error).__name__)
        finally:
            task.count(self.stats, seconds=time.perf_counter() - started)
        return self._understand(response, content, request.records)

    def _read(self, response: requests.Response) -> bytes:
        """The whole body. Unpacking it in one call costs a fifth of doing so piece by piece."""
        raw: bytes = response.raw.read(decode_content=False)
        task.count(self.stats, bytes=len(raw))
        if response.headers.get("Content-Encoding", "").lower() in ("gzip", "deflate"):
            raw = _inflated(raw)
        # A report may come as a compressed file, whatever the transfer did.
        return _inflated(raw) if raw.startswith(GZIP) else raw

    def _understand(
        self, response: requests.Response, content: bytes, records: tuple[str, ...]
    ) -> Answer | Signal:
        body, broken = self._decode(content, records)
        if broken and response.status_code < 300:
            return Signal(response.status_code, CUT_SHORT, message="not JSON")
        answer = Answer(response.status_code, response.headers, body)
        return self.platform.signal(answer) or answer

    def _decode(self, content: bytes, records: tuple[str, ...]) -> tuple[Any, bool]:
        """The decoded body, and whether JSON was due and this is none."""
        if self.platform.json:
            decode = envelope(records).decode if records else msgspec.json.decode
            try:
                return decode(content), False
            except (msgspec.DecodeError, UnicodeDecodeError):
                pass
        return content.decode(errors="replace"), self.platform.json

    def _renew(self) -> bool:
        """Whether the signer can prove itself anew: a token may be revoked before it ends."""
        return isinstance(self._signer, Renewing) and self._signer.renew()

    def _retry(self, rule: Rule, signal: Signal, retries: int) -> None:
        pause = signal.wait if signal.wait is not None else backoff(retries)
        log.info("%s: retry %d in %.1f s: %s", self.platform.name, retries, pause, rule.because)
        task.count(self.stats, retries=1)
        self._sleep(min(pause, LONGEST_BACKOFF))

    def _wait_out(self, counted: str, rule: Rule, signal: Signal, waits: int) -> None:
        seconds = signal.wait
        if seconds is None:
            seconds = rule.wait + (backoff(waits) if waits > 1 else 0.0)
        if seconds > LONGEST_WAIT:
            raise self._error(rule, signal)
        self._set_pace(counted, seconds)
        self._wait_for_pace(counted, seconds, f"{rule.because} ({self._tell(signal)})")

    def _keep_pace(self, counted: str) -> None:
        due = self._not_before.get(counted)
        if due is None:
            return
        ahead = (due - self.clock.now()).total_seconds()
        if ahead <= 0:
            return
        if ahead > LONGEST_WAIT:
            raise WaitUntil("the platform's quota is nearly spent", resumes_at=due)
        self._wait_for_pace(counted, ahead, "the platform asked for a pause")

    def _set_pace(self, counted: str, seconds: float) -> None:
        """Nobody asks for the same before so many seconds have passed, or later if told so."""
        if seconds <= 0:
            return
        due = self.clock.now() + timedelta(seconds=seconds)
        with self._lock:
            self._not_before[counted] = max(due, self._not_before.get(counted, due))

    def _wait_for_pace(self, counted: str, seconds: float, because: str) -> None:
        """Wait; the pace is then kept, unless another thread was told to wait for longer."""
        until = self.clock.now() + timedelta(seconds=seconds)
        self.wait(seconds, because)
        with self._lock:
            if self._not_before.get(counted, until) <= until:
                self._not_before.pop(counted, None)

    def _sleep(self, seconds: float) -> None:
        task.count(self.stats, waited_seconds=seconds)
        self.clock.sleep(seconds)

    def _error(self, rule: Rule, signal: Signal) -> SourceError:
        reason = f"{rule.because} ({self._tell(signal)})"
        remedy = rule.remedy
        resumes_at = None
        if rule.decision in (Decision.ABORT, Decision.STOP):
            remedy = remedy or self.platform.remedy
        if rule.decision is Decision.ABORT:
            self._dead = reason
        if rule.decision is Decision.WAIT:
            wait = signal.wait if signal.wait is not None else rule.wait
            resumes_at = self.clock.now() + timedelta(seconds=wait)
        if rule.decision is Decision.RETRY:
            return Transient(f"{reason}, {TRIES} times", remedy="Run it again later.")
        return ERRORS[rule.decision](reason, remedy=remedy, resumes_at=resumes_at)

    def _tell(self, signal: Signal) -> str:
        return self.redact(str(signal))[:300]


def _inflated(raw: bytes) -> bytes:
    """The whole of a compressed body; isal_zlib.error where it ends early.

    Gzip ends with the size of its content: there is then no buffer to grow, and none to copy.
    """
    size = int.from_bytes(raw[-4:], "little") if raw.startswith(GZIP) else 0
    most = EXPANSION * len(raw)
    return isal_zlib.decompress(raw, isal_zlib.MAX_WBITS | 32, bufsize=min(size, most) or most)


def new_session() -> requests.Session:
    """A session that reuses connections and takes nothing from the environment.

    urllib3 tries twice more to *connect*, at once; whatever concerns an answer is ours to decide.
    """
    session = requests.Session()
    session.trust_env = False
    connect_only = urllib3.Retry(
        total=None,
        connect=2,
        read=0,
        redirect=0,
        status=0,
        other=0,
        respect_retry_after_header=False,
    )
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=16, max_retries=connect_only)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = "smm-warehouse"
    session.headers["Accept-Encoding"] = "gzip, deflate"
    return session


def backoff(tries: int) -> float:
    """Seconds before the next try: doubling, bounded, and spread so that callers do not meet."""
    ceiling = min(LONGEST_BACKOFF, 2.0 ** (tries - 1))
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds by the Retry-After header: whole, fractional (Shopify) or an HTTP date.

    A date is measured against the answer's own Date header, so that a wrong clock here does not
    matter. None when the header is absent or says nothing readable.
    """
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        due = parsedate_to_datetime(value)
        sent = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return max(0.0, (due - sent).total_seconds())
    except (ValueError, TypeError):
        return None


class Redacting(logging.Filter):
    """Hides what looks like a token in log lines that others write of our requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        """The record goes on, with its message redacted."""
        record.msg, record.args = redact(record.getMessage()), ()
        return True


# It writes whole addresses, and some platforms want secrets among an address's parameters.
logging.getLogger("urllib3.connectionpool").addFilter(Redacting())


def redact(text: str) -> str:
    """The text with everything that looks like a token hidden."""
    for pattern in SECRET_PATTERNS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text
