"""A run that kills itself at a boundary: `killed_run.py DIRECTORY DBT_PROJECT BOUNDARY`.

With `-` for the boundary it runs through. Not a test: the tests start it as a process.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import date
from functools import partial
from pathlib import Path

from adland import SPEND, STRUCTURE, Adland
from code_location import make_settings

from pipelines.commands.runs import runner
from pipelines.definitions import build_defs
from pipelines.defs.resources import Unwatched

directory, dbt_project, boundary = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]


def checkpoint(name: str) -> None:
    if name == boundary:
        os.kill(os.getpid(), signal.SIGKILL)


class Pages(Adland):
    def read(self, stream, account, window):
        for batch in super().read(stream, account, window):
            yield batch
            checkpoint("mid-page")


settings = make_settings(directory)
build = partial(build_defs, streams=[SPEND, STRUCTURE], dbt_project=dbt_project)
with runner(settings, Unwatched(), build=build) as made:
    made.workspace.sources = {"adland": Pages()}
    read = made.execute("backfill", days=(date(2026, 3, 6), date(2026, 3, 9)))
    built = made.execute("build")
sys.exit(not (read.success and built.success))
