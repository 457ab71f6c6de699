"""One read of one stream, from platform to lake.

Belongs here: which days are read, in what slices, what a day may be called, errors per account.
Does not: how a platform is read (`connectors`) or a file written (`lake`), Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from threading import Event
from zoneinfo import ZoneInfo

from pipelines.connectors.errors import Decision, SourceError, Transient, WaitUntil
from pipelines.connectors.stream import Account, Gaps, Source, Stats, Stream, Window
from pipelines.connectors.task import Task, doing
from pipelines.lake.landing import LandedDay, Provenance
from pipelines.lake.store import Lake

Progress = Callable[[LandedDay], None]

# Threads of one ingest over all accounts, but never less than one an account.
AT_ONCE = 16

NOT_CLOSED = "the day had not closed when it was read"
NOT_BEGUN = "the day has not begun"
ONLY_THE_PRESENT = "the platform tells only the present"
DONE_BEFORE = "the read before this one, which failed later on, has just landed it"


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
    stop: Event | None = None,
) -> IngestResult:
    """Reads `first`..`last` of every account of the source into the lake.

    - `first`, `last`: whole days, both included, on the basis on which the stream's days close.
    - `run_id`: who reads; it stands in every file's footer.
    - `now`: the instant of the read, with a zone. It decides which days are closed, and is the
      files' `extracted_at`.
    - `progress`: called with each day as it lands.
    - `stop`: once it is set, the reads end without landing more, and StoppedError is raised. It is
      this ingest's alone, and set at its end.

    A slice of days lands whole or not at all. Slices and accounts are read side by side, as many
    as the source allows. When an account fails, the others are read all the same; then IngestError
    is raised.
    """
    result = IngestResult()
    asking = Task(stop=stop or Event())
    with doing(asking):
        reads = _reads(source, stream, lake, first, last, now, result)
    reading = _Reading(source, stream, lake, run_id, now, asking, result.errors)
    landed: dict[_Read, list[LandedDay]] = {}
    for read, days in reading.landed(reads):
        landed[read] = days
        if progress:
            for day in days:
                progress(day)
    result.landed = [day for read in reads for day in landed[read]]
    result.stats = asking.stats
    _remember(lake, stream, reads, result, now)
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


@dataclass(frozen=True, eq=False)
class _Read:
    """One window of one account, its days that can be told, and why some are partial."""

    account: Account
    window: Window
    days: tuple[date, ...]
    partial: Mapping[date, tuple[str, ...]]


def _reads(
    source: Source,
    stream: Stream,
    lake: Lake,
    first: date,
    last: date,
    now: datetime,
    result: IngestResult,
) -> list[_Read]:
    """What is to be read; days that are not, and accounts that cannot, are added to `result`."""
    reads: list[_Read] = []
    for account in source.accounts():
        if account.has(stream):
            planned = plan(stream, account, first, last, now)
            result.skipped.extend(planned.skipped)
            done = lake.done(stream, account.id, now)
            try:
                reads.extend(_reads_of(source, stream, account, planned, done, result.skipped))
            except SourceError as error:
                result.errors[account.id] = error
    return reads


def _reads_of(
    source: Source,
    stream: Stream,
    account: Account,
    planned: Plan,
    done: frozenset[date],
    skipped: list[Skipped],
) -> Iterator[_Read]:
    """The windows of one account of which something is left to do and can be told."""
    for window in planned.windows:
        skipped.extend(Skipped(account.id, day, DONE_BEFORE) for day in window.days if day in done)
    for window in _unless_done(planned.windows, done):
        absent = source.absent(stream, account, window) if isinstance(source, Gaps) else {}
        skipped.extend(Skipped(account.id, day, why) for day, why in absent.items())
        if days := tuple(day for day in window.days if day not in absent):
            yield _Read(account, window, days, planned.partial)


def _unless_done(windows: Iterable[Window], done: frozenset[date]) -> Iterator[Window]:
    """What is left of those windows: runs of days that are still to do."""
    for window in windows:
        for is_done, run in groupby(window.days, done.__contains__):
            if not is_done:
                days = list(run)
                yield replace(window, first=days[0], last=days[-1])


def _remember(
    lake: Lake, stream: Stream, reads: Iterable[_Read], result: IngestResult, now: datetime
) -> None:
    """Keep for each account that failed what it has landed; of the others nothing is left to do."""
    for account in {read.account.id for read in reads}:
        if account in result.errors:
            landed = (day for day in result.landed if day.account == account)
            lake.keep_done(stream, account, landed, now)
        else:
            lake.forget_done(stream, account)


class _Reading:
    """The reads of one ingest: of each account several at once, and no account waits for another.

    `errors` gets the first error of each account that fails. They cost and end with `whole`.
    """

    def __init__(
        self,
        source: Source,
        stream: Stream,
        lake: Lake,
        run_id: str,
        now: datetime,
        whole: Task,
        errors: dict[str, SourceError],
    ) -> None:
        self._source = source
        self._stream = stream
        self._lake = lake
        self._run_id = run_id
        self._now = now
        self._whole = whole
        self._errors = errors

    def landed(self, reads: Sequence[_Read]) -> Iterator[tuple[_Read, list[LandedDay]]]:
        """Each read with the days that it landed, as it ends.

        Once a read of an account has failed, no other of that account is begun.
        """
        accounts = {read.account.id: None for read in reads}
        readers = min(self._source.readers, max(1, AT_ONCE // max(1, len(accounts))))
        with ExitStack() as stack:
            pools = {
                account: stack.enter_context(ThreadPoolExecutor(readers)) for account in accounts
            }
            share = max(1, min(readers * len(accounts), len(reads)))
            futures = {
                pools[read.account.id].submit(self._task, read, share): read for read in reads
            }
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            finally:
                self._whole.stop.set()
                for pool in pools.values():
                    pool.shutdown(wait=False, cancel_futures=True)

    def _task(self, read: _Read, share: int) -> list[LandedDay]:
        """One read in its thread; `share` is how many may be in memory at once."""
        if read.account.id in self._errors:
            return []
        task = Task(read.account.id, self._whole.stop)
        try:
            with doing(task):
                return self._land(read, task, share)
        except SourceError as error:
            self._errors.setdefault(read.account.id, error)
            return []
        finally:
            self._whole.stats.include(task.stats)

    def _land(self, read: _Read, task: Task, share: int) -> list[LandedDay]:
        account, stream = read.account, self._stream
        provenance = Provenance(
            run_id=self._run_id,
            extracted_at=self._now,
            timezone=read.window.timezone,
            # Files have no version; a source that has one says so.
            api_version=getattr(self._source, "api_version", ""),
            context={
                "account_id": account.id,
                "currency": account.currency,
                "timezone": account.timezone,
            },
        )
        with self._lake.landing(stream, account.id, read.days, provenance, share) as landing:
            for batch in self._source.read(stream, account, read.window):
                task.check()
                landing.add(batch)
            return landing.commit(requests=task.stats.requests, reasons=read.partial)
