"""The vocabulary in which a connector declares what it can read.

Belongs here: what a stream, an account and a window are. Does not: how to read one (`read`), any
platform's facts (its module), or where the rows go (`pipelines.lake`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from pipelines.lake.batch import Batch, Rejected
from pipelines.lake.schema import Schema

__all__ = [
    "Account",
    "Batch",
    "Gaps",
    "Group",
    "Mode",
    "Rejected",
    "Source",
    "Stats",
    "Stream",
    "Window",
]

Mode = Literal["replace", "merge"]
Group = Literal["social", "ads", "web", "sales", "reference"]


@dataclass(frozen=True)
class Account:
    """One advertising account, page, property, shop or data set of a source.

    `id` names the account's file in the lake and is unique within its source. `timezone` is an IANA
    name: the zone in which the platform closes this account's days.
    """

    id: str
    timezone: str = "UTC"
    currency: str = ""
    name: str = ""
    # The only streams that this account has (a data set of files is one kind); empty means all.
    streams: tuple[str, ...] = ()

    def has(self, stream: Stream) -> bool:
        """Whether that stream of its source can be read for this account."""
        return not self.streams or stream.name in self.streams


@dataclass(frozen=True)
class Window:
    """Whole days, both ends included, on the basis of one zone."""

    first: date
    last: date
    timezone: str

    @property
    def start(self) -> datetime:
        """The instant (UTC) at which the first day begins in the window's zone."""
        return _midnight(self.first, self.timezone)

    @property
    def end(self) -> datetime:
        """The instant (UTC) at which the last day ends, excluded."""
        return _midnight(self.last + timedelta(days=1), self.timezone)

    @property
    def days(self) -> list[date]:
        """Every day of the window, in order."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def slices(self, days: int) -> Iterator[Window]:
        """The window cut into pieces of at most that many days, oldest first."""
        first = self.first
        while first <= self.last:
            last = min(first + timedelta(days=days - 1), self.last)
            yield Window(first, last, self.timezone)
            first = last + timedelta(days=1)


def _midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)


@dataclass
class Stats:
    """What reading cost so far: added up over every request of one source, or of one read."""

    requests: int = 0
    bytes: int = 0
    retries: int = 0
    waits: int = 0
    waited_seconds: float = 0.0
    seconds: float = 0.0
    _lock: threading.Lock = field(
        default_factory=threading.Lock, init=False, repr=False, compare=False
    )

    def count(self, **amounts: float) -> None:
        """Add to some of the figures; threads may do so at once."""
        with self._lock:
            for name, amount in amounts.items():
                setattr(self, name, getattr(self, name) + amount)

    def include(self, other: Stats) -> None:
        """Add all of another read's figures."""
        self.count(
            requests=other.requests,
            bytes=other.bytes,
            retries=other.retries,
            waits=other.waits,
            waited_seconds=other.waited_seconds,
            seconds=other.seconds,
        )


@dataclass(frozen=True)
class Stream:
    """What can be read from a platform, and how its rows are kept.

    - `key`: the columns that tell two records of one account apart.
    - `mode`: `replace` re-reads a day whole; `merge` keeps the newest version of each key by
      `version` and drops none.
    - `day`: the column that decides a row's stream-day (a date, or an instant seen in `zone`).
    - `zone`: `account`, or the IANA zone in which the platform closes this stream's days.
    - `snapshot`: the platform tells only the present; it lands under the last closed day, and
      earlier days cannot be read.
    - `delay_days`: how many days after its end the platform first tells of a day.
    - `reads_per_day`: how often it is read where more than once: what it tells of vanishes within
      a day.
    - `lookback_days`: how far back the platform restates; a daily run re-reads so many days.
    - `slice_days`: how many days one read covers.
    - `from_start`: rows of other streams need its earlier days (an order edited today needs the
      rate of the day it was placed): a run of the last days reads what is missing before them.
    - `ttl_days`: its rows are words of private persons, and leave the lake so many days after they
      were last read.
    - `totals`: the columns whose sums go into a file's footer and the run's metadata.
    """

    source: str
    name: str
    group: Group
    description: str
    schema: Schema
    key: tuple[str, ...]
    mode: Mode
    day: str = ""
    version: str = ""
    zone: str = "account"
    snapshot: bool = False
    delay_days: int = 0
    reads_per_day: int = 1
    lookback_days: int = 1
    slice_days: int = 7
    from_start: bool = False
    ttl_days: int | None = None
    totals: tuple[str, ...] = ()
    url: str = ""

    def window(self, first: date, last: date, account: Account) -> Window:
        """Those days on the basis on which this stream's days are closed for that account."""
        return Window(first, last, account.timezone if self.zone == "account" else self.zone)


class Source(Protocol):
    """A configured platform: its streams, the accounts it was given, and a way to read both.

    `stats` is what it cost so far. `readers` is how many windows of one stream, of one account or
    of several, may be read at once.
    """

    name: str
    streams: tuple[Stream, ...]
    stats: Stats
    readers: int = 1

    def accounts(self) -> list[Account]:
        """The configured accounts with zone and currency as the platform tells them."""
        ...

    def read(self, stream: Stream, account: Account, window: Window) -> Iterator[Batch]:
        """The stream's rows in that window, page by page, with bounded memory."""
        ...


@runtime_checkable
class Gaps(Protocol):
    """A source that knows before it reads that it has nothing to say of some days.

    Those days are not extracted, which is something else than having no rows.
    """

    def absent(self, stream: Stream, account: Account, window: Window) -> Mapping[date, str]:
        """The days of that window that cannot be told, each with the reason."""
        ...
