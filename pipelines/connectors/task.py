"""One read among several that go on at once: whose account it is for, what it cost, when it stops.

Belongs here: what the threads of a source must tell apart. Does not: how many there are
(`ingest`), or what a read does (`read`).

A client serves all threads of its source. What it counts and how long it must wait depends on the
read that asks, so each thread carries its task along instead of passing it through every call.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from pipelines.connectors.stream import Stats


class StoppedError(Exception):
    """The read is to end without a result: the whole was interrupted, or another part failed."""


@dataclass(frozen=True)
class Task:
    """What one thread reads. `stop` is shared by the tasks that end together."""

    account: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    stats: Stats = field(default_factory=Stats)

    def check(self) -> None:
        """Raises StoppedError once the read is to end."""
        if self.stop.is_set():
            raise StoppedError


_CURRENT: ContextVar[Task | None] = ContextVar("task", default=None)
# Outside of any task: commands that ask a platform something once.
_NO_TASK = Task()


def current() -> Task:
    """The task of this thread."""
    return _CURRENT.get() or _NO_TASK


@contextmanager
def doing(task: Task) -> Iterator[Task]:
    """Until the block ends, what this thread asks is asked for that task."""
    token = _CURRENT.set(task)
    try:
        yield task
    finally:
        _CURRENT.reset(token)


def count(stats: Stats, **amounts: float) -> None:
    """Add to a source's figures, and to those of the read that asks."""
    stats.count(**amounts)
    current().stats.count(**amounts)


def pause(seconds: float) -> None:
    """Sleep; raises StoppedError as soon as the task is to end."""
    task = _CURRENT.get()
    if task is None:
        time.sleep(seconds)
    elif task.stop.wait(seconds):
        raise StoppedError
