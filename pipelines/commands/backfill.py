"""Reading years of days in chunks: what is still wanted, and how far it has come.

Belongs here: which days are asked for, in which pieces, and what is said meanwhile. Does not:
running the job (`runs`), reading (`pipelines.ingest`).

There is no state but the files' own footers. A chunk is one run of the job `backfill` over a range,
as the UI's backfill of a range is; so both show in the UI, and either goes on where the other
stopped.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pipelines.commands.errors import UsageError
from pipelines.commands.run import Days, Session, conclude, named, prepared
from pipelines.connectors.errors import SourceError
from pipelines.connectors.stream import Account, Gaps, Stream
from pipelines.defs.partitions import CHUNK_DAYS
from pipelines.defs.resources import Workspace
from pipelines.defs.streams import asset_key
from pipelines.ingest import plan
from pipelines.lake.footer import Footer
from pipelines.settings import Settings

# The tag that holds the runs of one backfill together.
TAG = "smm/backfill"
# What a platform did not give is asked for again, but not by the same night's next try.
PARTIAL_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Chunk:
    """A piece of the range, and the days in it that each stream still lacks."""

    first: date
    last: date
    wanted: Mapping[Stream, Days]

    def runs(self, but: Iterable[Stream]) -> Mapping[Days, list[Stream]]:
        """The streams by the days they lack, without those streams: each group is one run."""
        groups: dict[Days, list[Stream]] = defaultdict(list)
        for stream, days in self.wanted.items():
            if stream not in but:
                groups[days].append(stream)
        return groups


def backfill(
    settings: Settings,
    names: Sequence[str],
    first: date,
    last: date | None,
    *,
    chunk: int = CHUNK_DAYS,
    again: bool = False,
) -> int:
    """Read these streams' days, newest chunk first; what is there for good is not read again."""
    asked = named(names)
    days = _range(settings, first, last)
    with prepared(settings) as session:
        for stream in asked:
            session.runner.workspace.source(stream.source)
        streams = session.streams(asked)
        with session.console.status("looking at what is in the lake"):
            chunks = planned(session, streams, days, chunk, again=again)
        with session.display.live():
            Reading(session, chunks, f"{days[0]}/{days[1]}").read()
        code = conclude(session)
        session.console.print("smm build brings what is new into the marts.")
        return code


def planned(
    session: Session, streams: Sequence[Stream], days: Days, chunk: int, *, again: bool = False
) -> list[Chunk]:
    """The chunks of that range, newest first, each with what is wanted of it."""
    return [
        Chunk(*piece, _wanted(session, streams, piece, again=again))
        for piece in pieces(*days, chunk)
    ]


def pieces(first: date, last: date, days: int) -> list[Days]:
    """The range in pieces of at most that many days, newest first.

    Newest first, because a platform that does not tell of days long past refuses only those.
    """
    found = []
    while last >= first:
        start = max(first, last - timedelta(days=days - 1))
        found.append((start, last))
        last = start - timedelta(days=1)
    return found


def lacking(
    workspace: Workspace, stream: Stream, account: Account, days: Days, *, again: bool = False
) -> Iterator[date]:
    """The days of that range that must be asked for: those that are not in the lake for good.

    With `again`, all that can be told.
    """
    now = workspace.settings.now()
    source = workspace.source(stream.source)
    for window in plan(stream, account, *days, now).windows:
        absent = source.absent(stream, account, window) if isinstance(source, Gaps) else {}
        for day in window.days:
            if day in absent:
                continue
            footer = workspace.lake.footer(stream, account.id, day)
            if again or footer is None or not is_final(stream, footer, now):
                yield day


def is_final(stream: Stream, footer: Footer, now: datetime) -> bool:
    """Whether reading that day again would tell nothing new.

    It would where the platform still restated the day when it was read. A day of which something
    was lacking is final for a while, so that a backfill can end.
    """
    if footer.status == "partial" and now - footer.extracted_at >= PARTIAL_FOR:
        return False
    read_on = footer.extracted_at.astimezone(ZoneInfo(footer.timezone)).date()
    # Snapshots are never restated: they are what was shown when the day had closed.
    restated = 1 if stream.snapshot else stream.lookback_days
    return (read_on - footer.day).days >= restated


@dataclass
class Reading:
    """The chunks of one backfill as they are read, with what is said of them."""

    session: Session
    chunks: Sequence[Chunk]
    name: str
    failed: set[Stream] = field(default_factory=set)

    def read(self) -> None:
        """Read every chunk. A stream that fails for all accounts is left out of those after it."""
        began, read = time.monotonic(), 0
        to_read = sum(bool(chunk.wanted) for chunk in self.chunks)
        for number, chunk in enumerate(self.chunks, 1):
            runs = chunk.runs(but=self.failed)
            left = self._left(time.monotonic() - began, read, to_read - read)
            self._say(number, chunk, runs, left)
            self._run(runs)
            read += bool(chunk.wanted)

    def _run(self, runs: Mapping[Days, Sequence[Stream]]) -> None:
        wanted = {stream: days for days, streams in runs.items() for stream in streams}
        for stream, outcome in self.session.read(runs, {TAG: self.name}).items():
            failed = asset_key(stream).to_python_identifier() in outcome.failures
            if failed and not self._came(stream, wanted[stream]):
                self.failed.add(stream)
                self.session.display.say(
                    f"[red]{stream.source}/{stream.name} is left out of what remains;[/] the same"
                    " command goes on where it stopped"
                )

    def _came(self, stream: Stream, days: Days) -> bool:
        """Whether at least one account has those days: it need not wait for the others."""
        workspace = self.session.runner.workspace
        try:
            accounts = workspace.accounts(stream)
        except SourceError:
            return False
        return any(
            all(workspace.lake.path(stream, account.id, day).exists() for day in days)
            for account in accounts
        )

    def _say(self, number: int, chunk: Chunk, runs: Mapping[Days, list[Stream]], left: str) -> None:
        streams = sum(len(group) for group in runs.values())
        what = f"{streams} streams" if streams else "[dim]nothing to read[/]"
        self.session.display.say(
            f"[bold]chunk {number}/{len(self.chunks)}[/] {chunk.first} to {chunk.last}:"
            f" {what}{left}"
        )

    @staticmethod
    def _left(spent: float, read: int, to_read: int) -> str:
        """How long the rest will take, by what was read so far."""
        if not read or not to_read:
            return ""
        seconds = spent / read * to_read
        return (
            f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", {seconds:.0f} s left"
        )


def _wanted(
    session: Session, streams: Iterable[Stream], days: Days, *, again: bool
) -> dict[Stream, Days]:
    """The first and last day of those that each stream lacks, over all accounts."""
    workspace = session.runner.workspace
    found: dict[Stream, Days] = {}
    for stream in streams:
        try:
            lacked = [
                day
                for account in workspace.accounts(stream)
                for day in lacking(workspace, stream, account, days, again=again)
            ]
        except SourceError:
            # Reading it will say so.
            lacked = list(days)
        if lacked:
            found[stream] = (min(lacked), max(lacked))
    return found


def _range(settings: Settings, first: date, last: date | None) -> Days:
    """The days asked for; UsageError where there is no such partition."""
    closed = settings.last_closed_day(settings.reporting_timezone)
    last = last or closed
    if first < settings.start_date:
        raise UsageError(f"--from {first} is before SMM_START_DATE; set that to {first} or earlier")
    if last > closed:
        raise UsageError(f"--to {last} has not ended yet; the last day that has is {closed}")
    if first > last:
        raise UsageError(f"--from {first} is after --to {last}")
    return first, last
