"""What something takes in a process of its own.

Belongs here: starting that process, its CPU time and its memory. Does not: what is measured.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def in_new_process(
    function: Callable[Given, Answer], *arguments: Given.args, **named: Given.kwargs
) -> Answer:
    """What the function answers in a new process; EOFError if it failed there, and said why."""
    context = multiprocessing.get_context("spawn")
    hear, tell = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(tell, function, arguments, named))
    process.start()
    tell.close()
    try:
        return hear.recv()
    finally:
        process.join()


def _tell(tell: Connection, function: Callable[..., Answer], arguments: tuple, named: dict) -> None:
    tell.send(function(*arguments, **named))


def cpu() -> float:
    """CPU seconds of this process so far, and of those that it started and that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_mb(used: resource.struct_rusage | None = None) -> float:
    """The largest that a process was, this one if none is told."""
    used = used or resource.getrusage(resource.RUSAGE_SELF)
    # Kilobytes on Linux, bytes on macOS.
    return used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
