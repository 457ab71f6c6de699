"""What a platform's refusal means: decisions, the rules that lead to them, the errors they raise.

Belongs here: the vocabulary that every platform's table is written in, and the rules of plain HTTP
that end each table. Does not: a platform's own codes (its module), or sleeping and asking again
(`http`).
"""

# ruff: noqa: N818 - the classes are named for what may be done: `except TooMuch` reads so.

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Decision(StrEnum):
    """What to do about a refusal."""

    RETRY = "retry"  # the same request, after a growing pause
    WAIT = "wait"  # the same request, when the platform says
    SPLIT = "split"  # a smaller request: fewer rows, fewer days
    DROP = "drop"  # the same request without the metric that is no longer served
    SKIP = "skip"  # go on without this object
    RESTART = "restart"  # create the asynchronous report anew
    REREAD = "reread"  # from the first page: the page cursor is no longer good
    STOP = "stop"  # this stream cannot be read; others can
    ABORT = "abort"  # nothing of this account can be read


@dataclass(frozen=True)
class Signal:
    """How a platform refused: one shape for all of them.

    `status` is the HTTP status, 0 where no answer came; `code` the platform's own code as text;
    `wait` the seconds after which it may be asked again, if it says; `transient` is true where the
    platform itself calls the failure passing.
    """

    status: int
    code: str = ""
    subcode: str = ""
    message: str = ""
    wait: float | None = None
    transient: bool = False

    def __str__(self) -> str:
        parts = [f"HTTP {self.status}" if self.status else ""]
        parts.append(f"code {self.code}" if self.code else "")
        parts.append(f"subcode {self.subcode}" if self.subcode else "")
        named = ", ".join(part for part in parts if part)
        return f"{named}: {self.message}" if self.message else named


class SourceError(Exception):
    """A platform could not be read as asked. The class says what may be done about it.

    `source`, `stream` and `account` say what was being read; `resumes_at` (UTC) when it may be read
    again, if that is known; `remedy` is the sentence that says what a person should do.
    """

    decision = Decision.STOP

    def __init__(
        self, reason: str, *, remedy: str = "", resumes_at: datetime | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.resumes_at = resumes_at
        self.source = ""
        self.stream = ""
        self.account = ""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.source, self.stream, self.account) if part)
        until = f" It may go on at {self.resumes_at:%Y-%m-%d %H:%M} UTC." if self.resumes_at else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return (
            f"{place}: {self.reason}.{until}{remedy}" if place else f"{self.reason}.{until}{remedy}"
        )


class Transient(SourceError):
    """It failed as often as we try in one go; a later run may succeed without any change."""

    decision = Decision.RETRY


class WaitUntil(Transient):
    """A quota is spent, and waiting for it here would take too long: run again at `resumes_at`."""

    decision = Decision.WAIT


class TooMuch(SourceError):
    """The platform cannot answer so much at once: ask for less."""

    decision = Decision.SPLIT


class UnknownMetric(SourceError):
    """One of the metrics asked for is no longer served, and fails the whole call."""

    decision = Decision.DROP


class Gone(SourceError):
    """One object cannot be read: deleted, hidden, or not ours. The others can."""

    decision = Decision.SKIP


class ReportFailed(SourceError):
    """An asynchronous report failed or went astray; a new one may succeed."""

    decision = Decision.RESTART


class CursorExpired(Transient):
    """The next page cannot be asked for any more: the pages must be read from the first one."""

    decision = Decision.REREAD


class Permanent(SourceError):
    """Asking again gives the same answer until a person changes something."""

    decision = Decision.STOP


class DeadToken(Permanent):
    """The credentials are refused. Nothing of this account is asked again with them."""

    decision = Decision.ABORT


ERRORS: dict[Decision, type[SourceError]] = {
    kind.decision: kind
    for kind in (
        Transient,
        WaitUntil,
        TooMuch,
        UnknownMetric,
        Gone,
        ReportFailed,
        CursorExpired,
        Permanent,
        DeadToken,
    )
}


@dataclass(frozen=True)
class Rule:
    """One row of a platform's table: this signal leads to that decision.

    A rule fits when each thing that it names fits; the first that fits decides. `says` is a part of
    the platform's message, in lower case. `wait` is how many seconds to wait where the answer names
    none. `remedy` overrides what the platform's module says to do.
    """

    decision: Decision
    because: str
    status: Collection[int] = ()
    code: Collection[str] = ()
    subcode: Collection[str] = ()
    says: str = ""
    transient: bool = False
    wait: float = 30.0
    remedy: str = ""

    def fits(self, signal: Signal) -> bool:
        """True when everything that the rule names is in the signal."""
        return (
            (not self.status or signal.status in self.status)
            and (not self.code or signal.code in self.code)
            and (not self.subcode or signal.subcode in self.subcode)
            and (not self.transient or signal.transient)
            and self.says in signal.message.lower()
        )


NO_ANSWER = "no answer"
CUT_SHORT = "cut short"

# Every platform's table ends with these: what HTTP itself says, where the platform says no more.
HTTP_RULES = (
    Rule(Decision.RETRY, "the connection failed", code=(NO_ANSWER,)),
    Rule(Decision.RETRY, "the answer was cut short", code=(CUT_SHORT,)),
    Rule(Decision.WAIT, "too many requests", status=(429,)),
    Rule(Decision.RETRY, "the platform is in trouble", status=(408, 425, *range(500, 600))),
    Rule(Decision.ABORT, "the token is refused", status=(401,)),
    Rule(Decision.STOP, "the token lacks a permission", status=(403,)),
    Rule(Decision.SKIP, "there is nothing there", status=(404, 410)),
    Rule(Decision.SPLIT, "the request is too large", status=(413, 414)),
    Rule(Decision.STOP, "the platform moved", status=range(300, 400), remedy="Check the base URL."),
    Rule(
        Decision.STOP,
        "the platform refuses the request",
        remedy="The request itself is wrong for this API version; please report it.",
    ),
)


def decide(rules: tuple[Rule, ...], signal: Signal) -> Rule:
    """The first rule that fits; the last of HTTP_RULES fits everything."""
    return next(rule for rule in (*rules, *HTTP_RULES) if rule.fits(signal))


@contextmanager
def reading(source: str, stream: str = "", account: str = "") -> Iterator[None]:
    """Name what is being read on every SourceError that passes; inner names stay."""
    try:
        yield
    except SourceError as error:
        error.source = error.source or source
        error.stream = error.stream or stream
        error.account = error.account or account
        raise
