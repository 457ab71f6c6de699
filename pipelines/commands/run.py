"""The commands that run jobs: everything, files, one stream, a build, a build as of an instant.

Belongs here: which jobs over which days, and what is said at the end. Does not: executing (`runs`),
drawing (`progress`, `summary`).
"""

from __future__ import annotations

import shutil
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import cast

from rich.console import Console

from pipelines.commands import sandbox, summary
from pipelines.commands.errors import UsageError
from pipelines.commands.progress import Display, quiet
from pipelines.commands.runs import Outcome, Runner, runner
from pipelines.connectors.errors import SourceError
from pipelines.connectors.files.source import FilesSource
from pipelines.connectors.registry import all_streams
from pipelines.connectors.stream import Stream
from pipelines.defs import marts
from pipelines.defs.ahead import Wanted
from pipelines.defs.jobs import BACKFILL, BUILD
from pipelines.defs.partitions import lookback
from pipelines.defs.schedules import readable, windows
from pipelines.defs.streams import asset_key
from pipelines.lake.footer import read
from pipelines.lake.store import Lake
from pipelines.serving.publish import FILE
from pipelines.settings import PROJECT, Settings

PUBLISHED = marts.KEY.to_user_string()
Days = tuple[date, date]


@dataclass
class Session:
    """One command's console, runner and outcomes."""

    settings: Settings
    console: Console
    display: Display
    runner: Runner
    outcomes: list[Outcome] = field(default_factory=list)

    def streams(self, among: Iterable[Stream] | None = None) -> list[Stream]:
        """The streams that can be read; sources that are off are named."""
        return readable(all_streams() if among is None else among, self.runner.workspace)

    def read(
        self, wanted: Mapping[Days, Sequence[Stream]], tags: Mapping[str, str] | None = None
    ) -> dict[Stream, Outcome]:
        """Read streams, each over its days: one run for each range, sources side by side.

        The outcomes are kept, and told by stream.
        """
        found: dict[Stream, Outcome] = {}
        runs = {days: str(uuid.uuid4()) for days, streams in wanted.items() if streams}
        reads = [
            Wanted(stream, *days, run_id)
            for days, run_id in runs.items()
            for stream in wanted[days]
        ]
        with self.runner.workspace.reading_ahead(reads):
            for days, run_id in runs.items():
                keys = [asset_key(stream) for stream in wanted[days]]
                outcome = self.runner.execute(
                    BACKFILL, days=days, selection=keys, tags=tags, run_id=run_id
                )
                self.outcomes.append(outcome)
                found.update(dict.fromkeys(wanted[days], outcome))
        return found

    def build(self, *, full_refresh: bool = False) -> None:
        """Build, test and publish, whether every read succeeded or not."""
        config = {"ops": {"dbt_models": {"config": {"full_refresh": full_refresh}}}}
        self.outcomes.append(self.runner.execute(BUILD, config=config))


def run_everything(
    settings: Settings, *, days: int, size: int | None = None, seed: int | None = None
) -> int:
    """Read the last `days` of every source that is on, build, publish, and sum it up."""
    with prepared(settings, size=size, seed=seed, export_days=days) as session:
        settings = session.settings
        last = settings.last_closed_day(settings.reporting_timezone)
        window = lookback(last, days, settings.start_date)
        _announce(session, *window)
        with session.display.live():
            _read_and_build(session, *window)
        return conclude(session)


def run_files(settings: Settings) -> int:
    """Read every data set of the mapping over all the days that it has, build and publish."""
    with quiet(_log(settings)) as console, opened(settings, console) as session:
        files = [stream for stream in session.streams() if stream.source == "files"]
        with session.display.live():
            wanted: dict[Days, list[Stream]] = defaultdict(list)
            for stream in files:
                if days := _extent(session, stream):
                    wanted[days].append(stream)
            session.read(wanted)
            session.build()
        return conclude(session)


def extract_streams(
    settings: Settings, names: Sequence[str], first: date | None, last: date | None
) -> int:
    """Read these streams; without `first`, each over its own lookback."""
    wanted = named(names)
    with prepared(settings) as session:
        settings = session.settings
        until = last or settings.last_closed_day(settings.reporting_timezone)
        if first and first > until:
            raise UsageError(f"--first {first} is after the last day, {until}")
        with session.display.live():
            if first:
                session.read({(first, until): session.streams(wanted)})
            else:
                read_lookbacks(session, until, wanted)
        return conclude(session)


def read_lookbacks(
    session: Session, last: date | None = None, among: Iterable[Stream] | None = None
) -> None:
    """Read streams (all), each over the days up to `last` (the last closed) that it restates."""
    settings = session.settings
    last = last or settings.last_closed_day(settings.reporting_timezone)
    ranges: dict[Days, list[Stream]] = defaultdict(list)
    for days, streams in windows(session.streams(among)).items():
        ranges[lookback(last, days, settings.start_date)].extend(streams)
    session.read(ranges)


def build_marts(settings: Settings, *, full_refresh: bool = False) -> int:
    """Build, test and publish from what the lake holds."""
    with quiet(_log(settings)) as console, opened(settings, console) as session:
        with session.display.live():
            session.build(full_refresh=full_refresh)
        return conclude(session)


def build_as_of(settings: Settings, instant: datetime, into: Path) -> int:
    """Build in `into` from the lake as it was at that instant.

    UsageError if nothing had been read by then: marts without a row would look like an answer.
    """
    lake = Lake(settings.lake)
    past = lake.as_of(instant, into.absolute() / "lake")
    if not past.manifest().num_rows:
        shutil.rmtree(past.root)
        raise UsageError(f"nothing had been read by {instant:%Y-%m-%d %H:%M %Z}; {_oldest(lake)}")
    return build_marts(settings.model_copy(update={"home": into.absolute()}))


def _oldest(lake: Lake) -> str:
    """From when on the lake knows anything, in words."""
    layout = lake.layout
    replaced = (
        read_at for place in layout.replaced_places() for read_at, _ in layout.versions(place)
    )
    current = (read(layout.data(place)).known_at for place in layout.places())
    first = min(chain(replaced, current), default=None)
    if first is None:
        return "the lake is empty: run `smm run` first"
    return f"the lake's first read is of {first.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def example_settings() -> Settings:
    """The settings of the example: British shop, British pounds, years that are long closed."""
    return Settings(
        SMM_HOME=summary.EXAMPLE_HOME,
        SMM_FILES=PROJECT / "examples" / "files.yaml",
        SMM_START_DATE=date(2010, 1, 1),
        SMM_REPORTING_CURRENCY="GBP",
        SMM_REPORTING_TIMEZONE="Europe/London",
    )


def _read_and_build(session: Session, first: date, last: date) -> None:
    """Read what tells only the present, what others refer to, and the rest; then build."""
    wanted: dict[Days, list[Stream]] = defaultdict(list)
    for stream in session.streams():
        start = last if stream.snapshot else first
        if stream.from_start:
            start = _first_missing(session, stream, first)
        wanted[start, last].append(stream)
    session.read(wanted)
    session.build()


def _first_missing(session: Session, stream: Stream, first: date) -> date:
    """The first day since SMM_START_DATE that is not in the lake; `first` if that is earlier.

    An order of the window may be edited a year after it was placed, and needs the rate of that day.
    """
    workspace, day = session.runner.workspace, session.settings.start_date
    try:
        accounts = workspace.accounts(stream)
    except SourceError:
        # Reading it will say so.
        return first
    while day < first and all(
        workspace.lake.path(stream, account.id, day).exists() for account in accounts
    ):
        day += timedelta(days=1)
    return min(day, first)


@contextmanager
def opened(settings: Settings, console: Console) -> Iterator[Session]:
    """A session whose sources answer already, or fail."""
    display = Display(console)
    with ExitStack() as stack:
        # Loading the definitions takes seconds where dbt has to parse first.
        with console.status("preparing"):
            made = stack.enter_context(runner(settings, display))
        yield Session(settings, console, display, made)


@contextmanager
def prepared(settings: Settings, **world: int | None) -> Iterator[Session]:
    """A session whose sources answer: without credentials, those of a sandbox of its own."""
    with ExitStack() as stack:
        console = stack.enter_context(quiet(_log(settings)))
        if not settings.sandboxed:
            yield stack.enter_context(opened(settings, console))
            return
        settings, wait = stack.enter_context(sandbox.beside(settings, **world))
        # The world is made on one core while the definitions are loaded on another.
        session = stack.enter_context(opened(settings, console))
        with console.status("making the sandbox's world"):
            wait()
        yield session


def _announce(session: Session, first: date, last: date) -> None:
    settings, display = session.settings, session.display
    if settings.sandboxed:
        display.say("No credentials are set (.env.example), so this is the sandbox's brand.")
    for source, reason in settings.off.items():
        display.say(f"[yellow]{source} is off:[/] {reason}")
    display.say(f"Days {first} to {last}, as known on {settings.now():%Y-%m-%d %H:%M} UTC.")


def conclude(session: Session) -> int:
    """Say what landed, what failed and what readers now see; the exit code."""
    console, tally = session.console, session.display.tally
    if tally.days:
        _say_landed(session)
    # A range that is read in pieces says the same of each: once is enough.
    said = {
        f"{mark} {what}: {reason}": None
        for outcome in session.outcomes
        for mark, reasons in (
            ("[red]failed[/]", outcome.failures),
            ("[yellow]check[/]", outcome.failed_checks),
        )
        for what, reason in reasons.items()
    }
    for line in said:
        console.print(line, highlight=False)
    published = session.settings.published / "current" / FILE
    last = next((o.metadata[PUBLISHED] for o in session.outcomes if PUBLISHED in o.metadata), None)
    if last is not None:
        _say_published(session, bool(last["changed"]), str(last["version"]), published)
    return int(any(outcome.failures for outcome in session.outcomes))


def _say_landed(session: Session) -> None:
    tally, console = session.display.tally, session.console
    if tally.nothing_new:
        console.print(
            f"[bold]Nothing new landed:[/] all {tally.days:,} stream-days are in the lake already,"
            " as their platforms tell them now."
        )
        return
    console.print(
        f"[bold]Landed[/] {tally.rows_changed:,} rows in {tally.new:,} new and {tally.changed:,}"
        f" changed stream-days; {tally.unchanged:,} unchanged; {tally.requests:,} requests."
    )


def _say_published(session: Session, changed: bool, version: str, path: Path) -> None:
    console, currency = session.console, session.settings.reporting_currency
    console.print(
        f"[bold]Published[/] version {version}."
        if changed
        else f"[bold]Nothing new to publish:[/] version {version} holds these figures already."
    )
    summary.show_campaigns(console, path, currency)
    summary.show_segments(console, path, currency)
    summary.show_next(console, session.settings, path)


def _extent(session: Session, stream: Stream) -> tuple[date, date] | None:
    """The first and last day of the data sets of that kind; today's where they tell none."""
    workspace = session.runner.workspace
    source = cast(FilesSource, workspace.source("files"))
    if stream.snapshot:
        last = session.settings.last_closed_day(session.settings.reporting_timezone)
        return last, last
    found = [
        source.extent(stream, account) for account in session.runner.workspace.accounts(stream)
    ]
    days = [day for extent in found if extent for day in extent]
    return (min(days), max(days)) if days else None


def named(names: Sequence[str]) -> list[Stream]:
    """The declared streams of these names; UsageError lists the known ones."""
    declared = {f"{stream.source}/{stream.name}": stream for stream in all_streams()}
    if not names:
        return list(declared.values())
    found = [stream for key, stream in declared.items() if key in names or stream.source in names]
    known = {*declared, *(stream.source for stream in declared.values())}
    if unknown := sorted(set(names) - known):
        raise UsageError(f"no stream {', '.join(unknown)}; known: {', '.join(sorted(declared))}")
    return found


def _log(settings: Settings) -> Path:
    return settings.home / "logs" / f"smm-{datetime.now(UTC):%Y%m%d}.log"
