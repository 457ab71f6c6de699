"""One read of one stream, from platform to lake.

Belongs here: which days are read, in what slices, what a day may be called, errors per account.
Does not: how a platform is read (`connectors`) or a file written (`lake`), Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pipelines.connectors.errors import Decision, SourceError, Transient, WaitUntil
from pipelines.connectors.stream import Account, Gaps, Source, Stats, Stream, Window
from pipelines.lake.landing import LandedDay, Provenance
from pipelines.lake.store import Lake

Progress = Callable[[LandedDay], None]

NOT_CLOSED = "the day had not closed when it was read"
NOT_BEGUN = "the day has not begun"
ONLY_THE_PRESENT = "the platform tells only the present"


@dataclass(frozen=True)
class Skipped:
    """A day that was asked for and not read, and why."""

    account: str
    day: date
    reason: str


@dataclass(frozen=True)
class Plan:
    """What to read of one account: windows in order, days that are partial, days left out."""

    windows: tuple[Window, ...]
    partial: Mapping[date, tuple[str, ...]]
    skipped: tuple[Skipped, ...]


@dataclass
class IngestResult:
    """What one ingest did. `stats` is what this ingest cost, not what the source cost in all."""

    landed: list[LandedDay] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    stats: Stats = field(default_factory=Stats)
    errors: dict[str, SourceError] = field(default_factory=dict)


class IngestError(Exception):
    """At least one account could not be read; `result` has what the others gave.

    `errors` tells each account's error. `decision` is what may be done about the whole: retry if
    that can mend at least one account, wait if all that it can mend wait; `resumes_at` says until
    when.
    """

    def __init__(self, stream: Stream, result: IngestResult) -> None:
        lines = [str(error) for error in result.errors.values()]
        super().__init__(f"{stream.source}.{stream.name}: " + " ".join(lines))
        self.result = result
        self.errors = result.errors

    @property
    def retryable(self) -> bool:
        """True when reading again may help without anybody changing anything."""
        return any(isinstance(error, Transient) for error in self.errors.values())

    @property
    def resumes_at(self) -> datetime | None:
        """The first instant (UTC) at which an account may be read again, if one is known."""
        known = [error.resumes_at for error in self.errors.values() if error.resumes_at]
        return min(known, default=None)

    @property
    def decision(self) -> Decision:
        """What may be done: RETRY, WAIT, or what the accounts' errors say if nothing can mend."""
        passing = [error for error in self.errors.values() if isinstance(error, Transient)]
        if passing:
            waiting = all(isinstance(error, WaitUntil) for error in passing)
            return Decision.WAIT if waiting else Decision.RETRY
        decisions = {error.decision for error in self.errors.values()}
        return decisions.pop() if len(decisions) == 1 else Decision.STOP


def ingest(
    source: Source,
    stream: Stream,
    lake: Lake,
    first: date,
    last: date,
    *,
    run_id: str,
    now: datetime,
    progress: Progress | None = None,
) -> IngestResult:
    """Reads `first`..`last` of every account of the source into the lake.

    - `first`, `last`: whole days, both included, on the basis on which the stream's days close.
    - `run_id`: who reads; it stands in every file's footer.
    - `now`: the instant of the read, with a zone. It decides which days are closed, and is the
      files' `extracted_at`.
    - `progress`: called with each day as it lands.

    A slice of days lands whole or not at all. When an account fails, the others are read all the
    same; then IngestError is raised.
    """
    before = replace(source.stats)
    result = IngestResult()
    for account in source.accounts():
        if not account.has(stream):
            continue
        try:
            _ingest_account(
                source, stream, account, lake, first, last, run_id, now, result, progress
            )
        except SourceError as error:
            result.errors[account.id] = error
    result.stats = _difference(source.stats, before)
    if result.errors:
        raise IngestError(stream, result)
    return result


def plan(stream: Stream, account: Account, first: date, last: date, now: datetime) -> Plan:
    """Which of those days can be read now, in which slices.

    Days that have not begun are left out; the day that has not closed is read and is partial. A
    snapshot stream is read once, for the last closed day, if that is asked for: what the platform
    shows now is nearest to what that day ended with.
    """
    asked = stream.window(first, last, account)
    today = now.astimezone(ZoneInfo(asked.timezone)).date()
    if stream.snapshot:
        return _plan_snapshot(asked, account, today - timedelta(days=1))
    skipped = tuple(Skipped(account.id, day, NOT_BEGUN) for day in asked.days if day > today)
    begun = replace(asked, last=min(last, today))
    partial: Mapping[date, tuple[str, ...]] = {}
    if first <= today <= last:
        partial = {today: (NOT_CLOSED,)}
    return Plan(tuple(begun.slices(stream.slice_days)), partial, skipped)


def _plan_snapshot(asked: Window, account: Account, closed: date) -> Plan:
    windows = (replace(asked, first=closed, last=closed),) if closed in asked.days else ()
    skipped = (
        Skipped(account.id, day, ONLY_THE_PRESENT if day < closed else NOT_CLOSED)
        for day in asked.days
        if day != closed
    )
    return Plan(windows, {}, tuple(skipped))


def _ingest_account(
    source: Source,
    stream: Stream,
    account: Account,
    lake: Lake,
    first: date,
    last: date,
    run_id: str,
    now: datetime,
    result: IngestResult,
    progress: Progress | None,
) -> None:
    planned = plan(stream, account, first, last, now)
    result.skipped.extend(planned.skipped)
    for window in planned.windows:
        absent = source.absent(stream, account, window) if isinstance(source, Gaps) else {}
        result.skipped.extend(Skipped(account.id, day, why) for day, why in absent.items())
        days = [day for day in window.days if day not in absent]
        if not days:
            continue
        provenance = Provenance(
            run_id=run_id,
            extracted_at=now,
            timezone=window.timezone,
            # Files have no version; a source that has one says so.
            api_version=getattr(source, "api_version", ""),
            context={
                "account_id": account.id,
                "currency": account.currency,
                "timezone": account.timezone,
            },
        )
        asked_before = source.stats.requests
        with lake.landing(stream, account.id, days, provenance) as landing:
            for batch in source.read(stream, account, window):
                landing.add(batch)
            landed = landing.commit(
                requests=source.stats.requests - asked_before, reasons=planned.partial
            )
        result.landed.extend(landed)
        if progress:
            for day in landed:
                progress(day)


def _difference(after: Stats, before: Stats) -> Stats:
    names = [each.name for each in fields(Stats)]
    return Stats(**{name: getattr(after, name) - getattr(before, name) for name in names})
