"""What a person sees while a run goes on.

Belongs here: drawing on the terminal. Does not: running anything (`runs`).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines.connectors.stream import Stream
from pipelines.ingest import IngestResult
from pipelines.lake.landing import LandedDay

WIDTH = 120


@dataclass
class Tally:
    """What has landed so far, over all streams of a command."""

    rows: int = 0
    days: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rows_changed: int = 0
    quarantined: int = 0
    requests: int = 0
    streams: int = 0

    def add(self, day: LandedDay) -> None:
        """Count a stream-day."""
        self.days += 1
        self.rows += day.rows
        self.quarantined += day.quarantined
        setattr(self, day.changed, getattr(self, day.changed) + 1)
        if day.changed != "unchanged":
            self.rows_changed += day.rows

    @property
    def nothing_new(self) -> bool:
        """True when every stream-day that was read was in the lake already, as it is."""
        return self.days > 0 and not (self.new or self.changed)


@dataclass
class Display:
    """Shows one line per stream as it is read, and a line for the models as they are built."""

    console: Console
    tally: Tally = field(default_factory=Tally)
    nodes: int = 0

    def __post_init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self._task = self._progress.add_task("starting")
        self._lock = threading.Lock()
        # Of each stream that is being read: since when, and what landed so far.
        self._here: dict[Stream, tuple[float, Tally]] = {}

    @contextmanager
    def live(self) -> Iterator[None]:
        """Draw until the block ends."""
        with self._progress:
            yield

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.console.print(text, highlight=False)

    def doing(self, text: str) -> None:
        """Name what is going on now."""
        self._progress.update(self._task, description=text)

    def started(self, stream: Stream) -> None:
        """A stream is being read."""
        with self._lock:
            self._here[stream] = (time.monotonic(), Tally())
        self._reading(stream)

    def landed(self, stream: Stream, day: LandedDay) -> None:
        """A stream-day is in the lake."""
        with self._lock:
            _, here = self._here[stream]
            here.add(day)
            self.tally.add(day)
        self._reading(stream, f": {day.day} {day.account}, {here.rows:,} rows")

    def finished(self, stream: Stream, result: IngestResult | None) -> None:
        """A stream was read; `result` is None where it failed."""
        name = f"{stream.source}/{stream.name}"
        with self._lock:
            began, here = self._here.pop(stream)
            if result is not None:
                self.tally.streams += 1
                self.tally.requests += result.stats.requests
        seconds = time.monotonic() - began
        if result is None:
            self.say(f"[red]✗[/] {name:<36} failed after {seconds:.1f} s")
            return
        if not (result.landed or result.skipped):
            self.say(f"[yellow]–[/] {name:<36} no account has it (smm doctor)")
            return
        what = f"{here.new} new, {here.changed} changed, {here.unchanged} unchanged"
        quarantined = f", [yellow]{here.quarantined} in quarantine[/]" if here.quarantined else ""
        self.say(
            f"[green]✓[/] {name:<36} {here.rows:>9,} rows  {result.stats.requests:>5} requests "
            f"{seconds:>6.1f} s  [dim]days: {what}[/]{quarantined}"
        )

    def _reading(self, stream: Stream, how_far: str = "") -> None:
        """Name the stream that has just moved on, and how many others are being read."""
        others = len(self._here) - 1
        beside = f" (and {others} more)" if others > 0 else ""
        self.doing(f"reading {stream.source}/{stream.name}{how_far}{beside}")

    def built(self, node: str) -> None:
        """A model was built or a test has run."""
        self.nodes += 1
        self.doing(f"building marts: {node} ({self.nodes} models and tests so far)")


@contextmanager
def quiet(log: Path) -> Iterator[Console]:
    """A console on the terminal while everything else that is printed goes to a file.

    dbt and Dagster print what they do from within the run, on the same two streams.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    terminal, kept = os.dup(1), os.dup(2)
    try:
        with (
            log.open("ab") as file,
            os.fdopen(terminal, "w", encoding="utf-8", closefd=False) as out,
        ):
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            # A file or a pipe has no width; tables need more than the 80 columns assumed then.
            yield Console(file=out, width=None if out.isatty() else WIDTH)
    finally:
        with suppress(ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os.dup2(terminal, 1)
        os.dup2(kept, 2)
        os.close(terminal)
        os.close(kept)
