"""What a source can tell of an account before anything fails: tokens that end, quotas, clocks.

Belongs here: the protocol, and the judgements that all platforms share. Does not: how a platform is
asked (its module), API versions (`versions`), or showing what was found (`pipelines.commands`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from pipelines.connectors.stream import Account

# A new token may need the signature of somebody who is on holiday.
WARN_BEFORE_EXPIRY = timedelta(days=14)
# Signed requests (Shopee, a service account's assertion) are refused when five minutes off; a clock
# that is kept by the network is never a minute off.
SKEW_TO_WARN = timedelta(minutes=1)
SKEW_REFUSED = timedelta(minutes=5)
# Below this share of a quota, a re-read or a backfill will meet its end.
QUOTA_TO_WARN = 0.1


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"  # it works today; somebody must act before it does not
    BAD = "bad"  # it does not work


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what, how it stands, and what a person should do about it.

    `remedy` is a sentence, `detail` needs not be one. Neither ever holds a secret.
    """

    what: str
    state: State
    detail: str
    remedy: str = ""


@runtime_checkable
class Health(Protocol):
    """A source that can tell more of an account than whether it can be read."""

    def health(self, account: Account) -> list[Finding]:
        """What the platform tells of the account's token, permissions, clock and quota.

        It costs a few requests and reads no stream. Raises the SourceError with which the platform
        refuses; whoever asked reports it, and goes on with the next account.
        """
        ...


def expiry(what: str, ends_at: datetime | None, now: datetime, remedy: str) -> Finding:
    """How long a token is good for; None is a token that does not expire.

    `remedy` says how to get a new one, and names the setting into which it goes.
    """
    if ends_at is None:
        return Finding(what, State.OK, "does not expire")
    moment = f"{ends_at:%Y-%m-%d %H:%M} UTC"
    if ends_at <= now:
        return Finding(what, State.BAD, f"expired at {moment}", remedy)
    left = ends_at - now
    state = State.WARN if left < WARN_BEFORE_EXPIRY else State.OK
    detail = f"expires at {moment}, in {_span(left)}"
    return Finding(what, state, detail, remedy if state is State.WARN else "")


def permissions(granted: Collection[str], needed: Collection[str], remedy: str) -> Finding:
    """Whether a token has every permission (scope) that the source's streams need."""
    if lacking := sorted(set(needed) - set(granted)):
        return Finding("permissions", State.BAD, f"lacks {', '.join(lacking)}", remedy)
    return Finding("permissions", State.OK, ", ".join(sorted(needed)))


def clock(headers: Mapping[str, str], now: datetime) -> Finding:
    """How far this machine's clock is from the Date header of an answer just received."""
    try:
        theirs = parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return Finding("clock", State.OK, "the answer has no date to compare with")
    skew = now - theirs
    off = abs(skew)
    if off < SKEW_TO_WARN:
        return Finding("clock", State.OK, "agrees with the platform's")
    state = State.BAD if off >= SKEW_REFUSED else State.WARN
    detail = f"{_span(off)} {'ahead of' if skew > timedelta() else 'behind'} the platform's"
    return Finding("clock", state, detail, "Set this machine's clock by the network (NTP).")


def quota(what: str, left: float, limit: float, until: str = "") -> Finding:
    """What is left of a quota; `until` says when it is new, if that is known."""
    detail = f"{left:,.0f} of {limit:,.0f} left" + (f" until {until}" if until else "")
    if left <= 0:
        return Finding(what, State.BAD, detail, "Run again when the quota is new.")
    if left < QUOTA_TO_WARN * limit:
        return Finding(what, State.WARN, detail, "Wait before reading long windows.")
    return Finding(what, State.OK, detail)


def _span(length: timedelta) -> str:
    """A length of time in its largest unit."""
    seconds = length.total_seconds()
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
