"""A backfill of the fake platform, as `smm backfill` reads it; as a script, one that is killed.

`backfilled.py DIRECTORY DBT_PROJECT BOUNDARY` kills itself when it comes to BOUNDARY: the name of a
boundary within the writing of a file (in the second chunk), or part of a line that it says.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from io import StringIO
from pathlib import Path

from adland import SPEND, STRUCTURE, Adland
from code_location import make_settings
from rich.console import Console

from pipelines.commands.backfill import Reading, planned
from pipelines.commands.progress import Display
from pipelines.commands.run import Session
from pipelines.commands.runs import runner
from pipelines.connectors.stream import Stream
from pipelines.definitions import build_defs
from pipelines.lake.store import Lake

FIRST, LAST, CHUNK = date(2026, 2, 12), date(2026, 3, 9), 10


class Killing(Display):
    """A display that ends its process before it says a certain line."""

    boundary = ""

    def say(self, text: str) -> None:
        if self.boundary and self.boundary in text:
            os.kill(os.getpid(), signal.SIGKILL)
        super().say(text)


@contextmanager
def session(directory: Path, dbt_project: Path, source: Adland) -> Iterator[Session]:
    settings = make_settings(directory)
    console = Console(record=True, width=120, file=StringIO())
    display = Killing(console)
    build = partial(build_defs, streams=[SPEND, STRUCTURE], dbt_project=dbt_project)
    with runner(settings, display, build=build) as made:
        made.workspace.sources = {source.name: source}
        yield Session(settings, console, display, made)


def read(
    session: Session,
    first: date = FIRST,
    last: date = LAST,
    *,
    streams: Sequence[Stream] = (SPEND, STRUCTURE),
    again: bool = False,
) -> Reading:
    chunks = planned(session, streams, (first, last), CHUNK, again=again)
    reading = Reading(session, chunks, f"{first}/{last}")
    reading.read()
    return reading


if __name__ == "__main__":
    directory, dbt_project, boundary = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    landings = iter(range(1_000))

    def checkpoint(name: str) -> None:
        # After both accounts' first chunk and their snapshots: in the midst of the second.
        if name == boundary and next(landings) == 2 * CHUNK + 2 + CHUNK // 2:
            os.kill(os.getpid(), signal.SIGKILL)

    Killing.boundary = boundary
    with session(directory, dbt_project, Adland()) as made:
        made.runner.workspace.lake = Lake(made.settings.lake, checkpoint=checkpoint)
        read(made)
