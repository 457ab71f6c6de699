"""One process at a time in the warehouse.

Belongs here: the lock that dbt builds and publishing take. Dagster's pool keeps the steps of one
instance apart; `smm run` beside the daemon, or a dbt that outlived its killed run, need this.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# The kernel's `struct flock` on 64-bit Linux: type, whence, padding, start, length, pid, padding.
_FLOCK = struct.Struct("hhiqqii")
# How often to look again; a build takes seconds, so finer would only burn the core that it needs.
POLL_SECONDS = 0.2


class WarehouseBusyError(TimeoutError):
    """Another process kept the warehouse for longer than the caller would wait."""


@contextmanager
def warehouse_lock(
    directory: Path,
    *,
    timeout: float = 3600.0,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the warehouse in that directory; wait for whoever holds it now.

    `on_wait` is told once for whom it waits. The kernel lets go when the process ends, so a killed
    run leaves nothing to clean up. Raises WarehouseBusyError after `timeout` seconds.
    """
    directory.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _wait_until(lambda: _locked(descriptor), lambda: _owner(descriptor), deadline, on_wait)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        # A dbt whose run was killed still has the file open, though it holds no lock of ours.
        for file in sorted(directory.glob("*.duckdb")):
            _wait_until(lambda: holder(file) is None, lambda: str(holder(file)), deadline, on_wait)  # noqa: B023
        yield
    finally:
        os.close(descriptor)


def holder(file: Path) -> int | None:
    """The process that has this DuckDB file open, by DuckDB's own lock on it; None if none has.

    Never ask while this process itself has the file open: closing any descriptor of a file drops
    the process's locks on it. Systems other than Linux always answer None.
    """
    if sys.platform != "linux":
        return None
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0, 0, 0)
        kind, _, _, _, _, pid, _ = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
        return None if kind == fcntl.F_UNLCK else pid
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _owner(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode() or "unknown"


def _wait_until(
    done: Callable[[], bool],
    who: Callable[[], str],
    deadline: float,
    on_wait: Callable[[str], None] | None,
) -> None:
    if done():
        return
    if on_wait is not None:
        on_wait(f"waiting for process {who()}, which has the warehouse")
    while not done():
        if time.monotonic() > deadline:
            raise WarehouseBusyError(
                f"process {who()} still has the warehouse; end it, or try again later"
            )
        time.sleep(POLL_SECONDS)
