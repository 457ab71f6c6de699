"""Where everything lies in a lake, and what the lake must know of a stream.

Belongs here: paths and their meaning. Does not: reading or writing what lies there.

    <lake>/<source>/<stream>/dt=YYYY-MM-DD/<account>.parquet        the stream-day of one account
    <lake>/_history/<source>/<stream>/dt=…/<account>/<read at>.parquet   what it was before
    <lake>/_quarantine/<source>/<stream>/dt=…/<account>.parquet     records that did not fit
    <lake>/_meta/files.parquet                                      every file, from the footers
    <lake>/_meta/versions.parquet                                   every earlier version, the same
    <lake>/_months/<source>/<stream>/YYYY-MM-<schema>.parquet       a month's stream-days, for dbt
    <lake>/_months/<source>/<stream>/schema.parquet                 the stream's columns, no rows
    <lake>/_tmp/                                                    files being written, and locks

A file is seen by the globs of its readers only when it is whole: writing happens under `_tmp`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import quote, unquote

from pipelines.lake.schema import Schema

# Called with the name of each boundary of a write, so that a test can stop the process there.
Checkpoint = Callable[[str], None]

# Streams by source and name.
Streams = Set[tuple[str, str]]

# The day of what belongs to a stream and an account as a whole.
ALL_DAYS = date.min
SUFFIX = ".parquet"
_STAMP = "%Y%m%dT%H%M%S%fZ"


class Stream(Protocol):
    """What the lake must know of a stream; the connectors' `Stream` is one."""

    @property
    def source(self) -> str:
        """The platform, or the kind of platform."""

    @property
    def name(self) -> str:
        """The stream within its source."""

    @property
    def schema(self) -> Schema:
        """Its columns."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell two rows of one account apart."""

    @property
    def mode(self) -> Literal["replace", "merge"]:
        """`replace`: a read holds the whole day. `merge`: it adds versions."""

    @property
    def day(self) -> str:
        """The column that decides a row's stream-day; "" where the day is given."""

    @property
    def version(self) -> str:
        """The column that orders the versions of one key, in a `merge` stream."""

    @property
    def totals(self) -> tuple[str, ...]:
        """The columns whose sums the footer keeps."""

    @property
    def ttl_days(self) -> int | None:
        """How many days after their last read its rows must go; None if never."""


@dataclass(frozen=True, order=True)
class Place:
    """One stream-day of one account."""

    source: str
    stream: str
    account: str
    day: date

    @property
    def name(self) -> str:
        """The name of its file below the lake or the quarantine, folders included."""
        # Text, because a path takes 35 us to make, and a manifest of two years lists 93,000.
        account = quote(self.account, safe=" @")
        return f"{self.source}/{self.stream}/dt={self.day.isoformat()}/{account}{SUFFIX}"

    @property
    def file(self) -> Path:
        """Its file below the lake or the quarantine."""
        return Path(self.name)


def _no_checkpoint(_name: str) -> None:
    return


@dataclass(frozen=True)
class Layout:
    """A lake's directory. `checkpoint` is called at each boundary of a write."""

    root: Path
    checkpoint: Checkpoint = _no_checkpoint

    @property
    def temporary(self) -> Path:
        """Where files are written before they are moved into place."""
        return self.root / "_tmp"

    @property
    def manifest(self) -> Path:
        """The list of all files."""
        return self.root / "_meta" / "files.parquet"

    @property
    def earlier(self) -> Path:
        """The list of all earlier versions."""
        return self.root / "_meta" / "versions.parquet"

    def data(self, place: Place) -> Path:
        """The file of a stream-day."""
        return self.root / place.file

    def quarantined(self, place: Place) -> Path:
        """The records of a stream-day that did not fit."""
        return self.root / "_quarantine" / place.file

    def history(self, place: Place) -> Path:
        """The folder of a stream-day's earlier versions."""
        return self.root / "_history" / place.file.with_suffix("")

    @property
    def months(self) -> Path:
        """Where readers find the months of every stream."""
        return self.root / "_months"

    def month(self, source: str, stream: str, day: date, fingerprint: str) -> Path:
        """The file of that day's month, of the days whose schema has that fingerprint."""
        return self.months / source / stream / f"{day:%Y-%m}-{fingerprint}{SUFFIX}"

    def schema_file(self, source: str, stream: str) -> Path:
        """The rowless file by which readers know a stream that was never read."""
        return self.months / source / stream / f"schema{SUFFIX}"

    def places(self, among: Streams | None = None) -> Iterator[Place]:
        """Every stream-day, of all or of these streams, that has a file, in order."""
        yield from _places(self.root, among)

    def days(self, source: str, stream: str, account: str) -> Iterator[date]:
        """The days of which an account's files of one stream are there, newest first."""
        folder = self.root / source / stream
        for day in sorted(folder.glob("dt=*"), reverse=True):
            found = date.fromisoformat(day.name.removeprefix("dt="))
            if self.data(Place(source, stream, account, found)).exists():
                yield found

    def quarantined_places(self, among: Streams | None = None) -> Iterator[Place]:
        """Every stream-day that has records in quarantine, as `places` has those with a file."""
        yield from _places(self.root / "_quarantine", among)

    def replaced_places(self, among: Streams | None = None) -> Iterator[Place]:
        """Every stream-day that has earlier versions, as `places` has those with a file."""
        for source, stream, day, folder in _days(self.root / "_history", among):
            with os.scandir(folder) as entries:
                accounts = sorted(each.name for each in entries if each.is_dir())
            for account in accounts:
                yield Place(source, stream, unquote(account), day)

    def versions(self, place: Place) -> list[tuple[datetime, Path]]:
        """The earlier versions of a stream-day and when each was read, oldest first."""
        folder = self.history(place)
        names = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: _version(path.stem))
        return [(_version(path.stem)[0], path) for path in names]


def version_name(read_at: datetime, number: int = 1) -> str:
    """The name of a version in history. Several of one instant are numbered in order."""
    stamp = read_at.astimezone(UTC).strftime(_STAMP)
    return f"{stamp}{SUFFIX}" if number == 1 else f"{stamp}-{number}{SUFFIX}"


def _version(stem: str) -> tuple[datetime, int]:
    stamp, _, number = stem.partition("-")
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC), int(number or 1)


def _places(root: Path, among: Streams | None) -> Iterator[Place]:
    for source, stream, day, folder in _days(root, among):
        if day == ALL_DAYS:
            # An earlier layout had a rowless file of each stream there.
            continue
        with os.scandir(folder) as entries:
            names = sorted(each.name for each in entries if each.name.endswith(SUFFIX))
        for name in names:
            yield Place(source, stream, unquote(name.removesuffix(SUFFIX)), day)


def _days(root: Path, among: Streams | None) -> Iterator[tuple[str, str, date, str]]:
    if not root.is_dir():
        return
    for source in _folders(root):
        for stream in _folders(source):
            if among is not None and (source.name, stream.name) not in among:
                continue
            for folder in _folders(stream):
                if folder.name.startswith("dt="):
                    day = date.fromisoformat(folder.name.removeprefix("dt="))
                    yield source.name, stream.name, day, folder.path


def _folders(root: Path | str | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    """Folders that hold data, by name. What `scandir` tells of an entry need not be asked for."""
    with os.scandir(root) as entries:
        found = [each for each in entries if not each.name.startswith(("_", ".")) and each.is_dir()]
    return sorted(found, key=attrgetter("name"))
