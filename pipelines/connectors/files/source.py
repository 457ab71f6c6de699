"""The source `files`: exports in a folder, read as a platform would be.

Belongs here: the data sets as accounts, and which files a window wants. Does not: their rows
(`rows`).

A file whose path has `{date}` holds that day; any other is read whole, its rows picked by day.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from pipelines.connectors import task
from pipelines.connectors.errors import Permanent
from pipelines.connectors.files import mapping as mappings
from pipelines.connectors.files.errors import BrokenFiles, listed, nearest
from pipelines.connectors.files.kinds import STREAMS
from pipelines.connectors.files.mapping import Dataset, DatedFile, FilesMapping
from pipelines.connectors.files.rows import FileRows, extent_of
from pipelines.connectors.stream import Account, Batch, Stats, Stream, Window

NO_ZONE = "UTC"


class FilesSource:
    """The data sets of one mapping; each is an account that has the one stream of its kind."""

    name = "files"
    streams: tuple[Stream, ...] = STREAMS
    # Files come from a disk: there is nothing to wait for.
    readers = 1

    def __init__(self, mapping: FilesMapping) -> None:
        self.mapping = mapping
        self.stats = Stats()
        # By fingerprint: each slice of a backfill asks for the same one.
        self._extents: dict[str, list[tuple[date, date]]] = {}

    @classmethod
    def load(cls, path: Path) -> FilesSource:
        """The source of a mapping file. Raises MappingError."""
        return cls(mappings.load(path))

    def accounts(self) -> list[Account]:
        """One account per data set, in the mapping's order."""
        return [
            Account(
                id=name,
                timezone=dataset.timezone or NO_ZONE,
                currency=dataset.currency,
                name=name,
                streams=(dataset.kind,),
            )
            for name, dataset in self.mapping.datasets.items()
        ]

    def read(self, stream: Stream, account: Account, window: Window) -> Iterator[Batch]:
        """The rows of a data set in that window, and the rows there that do not fit.

        Raises:
            FileError: No file matches, or one cannot be read at all.
            Permanent: The account is no data set of that kind, or several files cannot be read.

        """
        dataset = self._dataset(stream, account)
        broken = BrokenFiles()
        for file in self._wanted(dataset, account, window):
            started = time.monotonic()
            task.count(self.stats, requests=1, bytes=file.path.stat().st_size)
            with broken.kept():
                yield from FileRows(file, dataset, account, window).batches()
            task.count(self.stats, seconds=time.monotonic() - started)
        broken.tell()

    def absent(self, stream: Stream, account: Account, window: Window) -> dict[date, str]:
        """The days that the export says nothing of, and why: no file, or before or after its rows.

        A day without rows between days that have some had none.
        """
        dataset = self._dataset(stream, account)
        if dataset.dated and stream.snapshot:
            files = self._wanted(dataset, account, window)
            return {} if files else dict.fromkeys(window.days, f"no file {dataset.path} so old")
        if dataset.dated:
            found = {file.day for file in self.mapping.files(account.id)}
            return {day: f"no file {dataset.path}" for day in window.days if day not in found}
        if stream.snapshot:
            return {}
        extent = self.extent(stream, account)
        if extent is None:
            return dict.fromkeys(window.days, "the export has no rows with a day")
        first, last = extent
        before = {day: f"the export begins on {first}" for day in window.days if day < first}
        after = {day: f"the export ends on {last}" for day in window.days if day > last}
        return before | after

    def extent(self, stream: Stream, account: Account) -> tuple[date, date] | None:
        """The first and last day that a data set has rows of, in the account's zone.

        None where it has no rows, or is a snapshot, which has no days.
        """
        dataset = self._dataset(stream, account)
        if stream.snapshot:
            return None
        files = self.mapping.files(account.id)
        if dataset.dated:
            days = [file.day for file in files if file.day]
            return min(days), max(days)
        now = self.fingerprint(stream, account)
        if now not in self._extents:
            self._extents[now] = _extents(files, dataset, account)
        known = self._extents[now]
        if not known:
            return None
        return min(first for first, _ in known), max(last for _, last in known)

    def fingerprint(self, stream: Stream, account: Account) -> str:
        """A hash that changes when the data set's mapping or any of its files does.

        It looks at names, sizes and modification times, not at contents.
        """
        dataset = self._dataset(stream, account)
        seen = hashlib.sha256(dataset.model_dump_json().encode())
        for file in self.mapping.files(account.id):
            status = file.path.stat()
            seen.update(f"\n{file.path} {status.st_size} {status.st_mtime_ns}".encode())
        return seen.hexdigest()

    def _dataset(self, stream: Stream, account: Account) -> Dataset:
        known = self.mapping.datasets
        dataset = known.get(account.id)
        if dataset is None:
            near = nearest(account.id, list(known))
            raise Permanent(
                f"the mapping has no data set {account.id!r}{near}",
                remedy=f"It has: {listed(known)}.",
            )
        if dataset.kind != stream.name:
            raise Permanent(
                f"data set {account.id!r} is of kind {dataset.kind}, not {stream.name}",
                remedy=f"Read it as {dataset.kind}.",
            )
        return dataset

    def _wanted(self, dataset: Dataset, account: Account, window: Window) -> list[DatedFile]:
        """The files to read: all, those of the window's days, or of a snapshot the newest."""
        files = self.mapping.files(account.id)
        if not dataset.dated:
            return files
        if dataset.stream.snapshot:
            past = [file.day for file in files if file.day and file.day <= window.last]
            return [file for file in files if past and file.day == max(past)]
        return [file for file in files if file.day and window.first <= file.day <= window.last]


def _extents(
    files: Iterable[DatedFile], dataset: Dataset, account: Account
) -> list[tuple[date, date]]:
    """The first and last day of each file that has rows with one. Raises as `BrokenFiles` does."""
    found: list[tuple[date, date] | None] = []
    broken = BrokenFiles()
    for file in files:
        with broken.kept():
            found.append(extent_of(file, dataset, account))
    broken.tell()
    return [span for span in found if span]
