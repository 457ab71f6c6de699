"""One-step replacement: a file is the old one or the new one, whenever the process dies.

Belongs here: temporary files, moves, locks. Does not: what is in a file.

Every process that writes has a workspace under `_tmp` and holds a lock on it while it lives. The
system drops the lock with the process, so a workspace that can be locked belongs to nobody and is
removed: no guess by age or process number is needed.
"""

from __future__ import annotations

import fcntl
import filecmp
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import IO

import pyarrow as pa

from pipelines.lake import footer
from pipelines.lake.layout import ALL_DAYS, Layout, Place, version_name

_OWNED = ".owned"
_LOCKS = "locks"


class Workspace:
    """A folder for files being written; it vanishes with `close`, or with the next workspace."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        layout.temporary.mkdir(parents=True, exist_ok=True)
        with _locked(layout.temporary / ".workspaces.lock"):
            _sweep(layout.temporary)
            self.folder = Path(tempfile.mkdtemp(dir=layout.temporary))
            self._owned = _lock(self.folder / _OWNED)
        self._names = count(1)

    def new(self, suffix: str = ".parquet") -> Path:
        """A path for a new file."""
        return self.folder / f"{next(self._names)}{suffix}"

    def close(self) -> None:
        """Removes the folder and what is left in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._owned.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def replace(self, written: Path, target: Path) -> None:
        """Moves a written file into place in one step, and makes that last."""
        created = _make_folder(target.parent)
        self._layout.checkpoint("before-move")
        written.replace(target)
        for folder in (target.parent, *created):
            _sync(folder)
        self._layout.checkpoint("after-move")

    def put(self, table: pa.Table, target: Path) -> None:
        """Writes a table without provenance in place of a file, unless that holds it already."""
        if target.exists() and footer.holds(target, table):
            return
        new = self.new()
        footer.write_plain(new, table)
        self.replace(new, target)

    def replace_data(self, written: Path, place: Place) -> None:
        """Moves a stream-day's new file into place; the one that it replaces goes to history first.

        Killed in between, the old file is in both places, and the next landing goes on from there.
        """
        target = self._layout.data(place)
        if target.exists():
            self._keep(target, place)
            self._layout.checkpoint("after-history")
        self.replace(written, target)

    def _keep(self, current: Path, place: Place) -> None:
        """Links a file into its history, under the time from which it was known."""
        folder = self._layout.history(place)
        read_at = footer.read(current).known_at
        for number in count(1):
            kept = folder / version_name(read_at, number)
            if not kept.exists():
                created = _make_folder(folder)
                self.link(current, kept)
                for each in (folder, *created):
                    _sync(each)
                return
            if current.samefile(kept) or filecmp.cmp(current, kept, shallow=False):
                return

    def link(self, existing: Path, new: Path) -> None:
        """A second name for a file; a whole copy where the file system has no hard links."""
        try:
            os.link(existing, new)
        except OSError:
            copy = self.new()
            shutil.copyfile(existing, copy)
            with copy.open("rb") as file:
                os.fsync(file.fileno())
            try:
                copy.replace(new)
            except OSError:
                # Another file system: nobody reads the new place before this returns.
                shutil.copyfile(existing, new)


def remove(path: Path) -> None:
    """Removes a file if it is there, and makes that last."""
    with suppress(FileNotFoundError):
        path.unlink()
        _sync(path.parent)


@contextmanager
def writing(layout: Layout, source: str, stream: str, account: str) -> Iterator[None]:
    """Alone with the files of one stream and account: a merge reads what it then replaces."""
    name = Place(source, stream, account, ALL_DAYS).file.stem
    with _locked(_locks(layout) / f"{source}.{stream}.{name}.lock"):
        yield


@contextmanager
def listing(layout: Layout) -> Iterator[None]:
    """Alone with the lists and months: of two, the one that listed first must not write last, or
    readers would miss a day that the other's list has.
    """
    with _locked(_locks(layout) / "lists.lock"):
        yield


def _locks(layout: Layout) -> Path:
    folder = layout.temporary / _LOCKS
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with _lock(path):
        yield


def _lock(path: Path) -> IO[bytes]:
    """The file, opened and locked; closing it, or the end of the process, unlocks it."""
    file = path.open("ab")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _sweep(temporary: Path) -> None:
    """Removes dead workspaces. Nobody makes one meanwhile, so one without a mark is dead too."""
    for folder in temporary.iterdir():
        if folder.is_dir() and folder.name != _LOCKS and not _is_held(folder / _OWNED):
            shutil.rmtree(folder, ignore_errors=True)


def _is_held(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _make_folder(folder: Path) -> list[Path]:
    """Makes a folder; returns the ones above it that now have a new entry."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return [each.parent for each in missing]


def _sync(folder: Path) -> None:
    """Makes the names in a folder last through a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
