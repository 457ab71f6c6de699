"""What the steps need from outside: the settings, the platforms, the lake.

Belongs here: making them once per process, on first use. Does not: what is done with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from threading import Event
from typing import Protocol

import dagster as dg

from pipelines.connectors.registry import build_sources
from pipelines.connectors.stream import Account, Source, Stream
from pipelines.connectors.task import StoppedError
from pipelines.defs.ahead import Ahead, Wanted
from pipelines.ingest import IngestResult, ingest
from pipelines.lake.landing import LandedDay
from pipelines.lake.store import Lake
from pipelines.settings import Settings


class Watch(Protocol):
    """Somebody who is told how a run goes on, such as a terminal."""

    def started(self, stream: Stream) -> None:
        """A stream is being read."""

    def landed(self, stream: Stream, day: LandedDay) -> None:
        """A stream-day is in the lake."""

    def finished(self, stream: Stream, result: IngestResult | None) -> None:
        """A stream was read; `result` is None where it failed."""

    def built(self, node: str) -> None:
        """Dbt finished a model or a test."""


class Unwatched:
    """Nobody looks."""

    def started(self, stream: Stream) -> None:
        """Nothing."""

    def landed(self, stream: Stream, day: LandedDay) -> None:
        """Nothing."""

    def finished(self, stream: Stream, result: IngestResult | None) -> None:
        """Nothing."""

    def built(self, node: str) -> None:
        """Nothing."""


class SourceOffError(LookupError):
    """A stream of a source was asked for that has no credentials."""


@dataclass
class Workspace:
    """The settings of a process and what is made of them. Nothing is read before it is needed.

    `sources` replaces the configured platforms in tests; `watch` is told of each day that lands.
    `interrupted` says that the process was told to end.
    """

    settings: Settings
    sources: Mapping[str, Source] | None = None
    watch: Watch = field(default_factory=Unwatched)
    _accounts: dict[str, list[Account]] = field(default_factory=dict)
    _reading: set[Event] = field(default_factory=set)
    interrupted: bool = False
    _ahead: Ahead | None = None

    @cached_property
    def platforms(self) -> Mapping[str, Source]:
        """The configured sources by name."""
        return build_sources(self.settings) if self.sources is None else self.sources

    @cached_property
    def lake(self) -> Lake:
        """The lake of these settings."""
        return Lake(self.settings.lake)

    def source(self, name: str) -> Source:
        """The configured source of that name; SourceOffError says what is missing."""
        if name not in self.platforms:
            reason = self.settings.off.get(name, "it is not configured")
            raise SourceOffError(f"source {name} is off: {reason}")
        return self.platforms[name]

    def accounts(self, stream: Stream) -> list[Account]:
        """The accounts that have this stream, as their platform described them once."""
        if stream.source not in self._accounts:
            self._accounts[stream.source] = self.source(stream.source).accounts()
        return [account for account in self._accounts[stream.source] if account.has(stream)]

    def ingest(self, stream: Stream, first: date, last: date, run_id: str) -> IngestResult:
        """Read those days of the stream into the lake; see `pipelines.ingest.ingest`.

        Raises StoppedError once the process was told to end, for this read and all after it: left
        to Dagster, an interrupt would be a failure to be tried again.
        """
        wanted = Wanted(stream, first, last, run_id)
        try:
            return (self._ahead and self._ahead.result(wanted)) or self._read(wanted)
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError) as error:
            self._interrupt()
            raise StoppedError from error

    @contextmanager
    def reading_ahead(self, wanted: Iterable[Wanted]) -> Iterator[None]:
        """Begin these reads now, side by side; `ingest` then gives what they gave."""
        with Ahead(wanted, self._read) as self._ahead:
            try:
                yield
            except BaseException:
                self._interrupt()
                raise
            finally:
                self._ahead = None

    def _read(self, wanted: Wanted) -> IngestResult:
        stream, result, stop = wanted.stream, None, Event()
        self._reading.add(stop)
        if self.interrupted:
            raise StoppedError
        self.watch.started(stream)
        try:
            result = ingest(
                self.source(stream.source),
                stream,
                self.lake,
                wanted.first,
                wanted.last,
                run_id=wanted.run_id,
                now=self.settings.now(),
                progress=lambda landed: self.watch.landed(stream, landed),
                stop=stop,
            )
        finally:
            self._reading.discard(stop)
            self.watch.finished(stream, result)
        return result

    def _interrupt(self) -> None:
        """End what is being read, in whatever thread, and begin nothing more."""
        self.interrupted = True
        for stop in tuple(self._reading):
            stop.set()


def workspace_resource(workspace: Workspace) -> dg.ResourceDefinition:
    """The workspace as a Dagster resource named `workspace`."""
    return dg.ResourceDefinition.hardcoded_resource(
        workspace, "Settings, configured platforms and the lake."
    )
