"""Extracts, builds and publishes, and kills itself at a boundary: HOME URL NOW FIRST LAST BOUNDARY.

With `-` for the boundary it runs through. The models are built without their data tests, which
change nothing that is published and are half of the nodes. Not a test: the tests start it as a
process.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import date, datetime
from pathlib import Path

from pipelines.commands.runs import runner
from pipelines.connectors.registry import all_streams
from pipelines.defs import dbt
from pipelines.defs.jobs import BACKFILL, BUILD
from pipelines.defs.resources import Unwatched
from pipelines.defs.streams import asset_key
from pipelines.lake.store import Lake
from pipelines.serving import publish
from pipelines.settings import Settings

# What kills are tried on: a merged stream, a replaced one, and one that tells only the present.
STREAMS = ("shopify/orders", "meta_ads/insights_ad", "meta_ads/insights_account", "meta_ads/ads")
REFERENCE = "ecb/rates"


def main(home: str, url: str, now: str, first: str, last: str, boundary: str) -> int:
    """Run everything over those days; 0 when all of it succeeded."""

    def checkpoint(name: str) -> None:
        if name == boundary:
            os.kill(os.getpid(), signal.SIGKILL)

    class Watch(Unwatched):
        def built(self, node: str) -> None:
            checkpoint("mid-dbt")

    settings = Settings(
        _env_file=None,
        SMM_HOME=Path(home),
        SMM_SANDBOX_URL=url,
        SMM_NOW=datetime.fromisoformat(now),
        SMM_START_DATE=date(2026, 1, 1),
    )
    publish.checkpoint = checkpoint
    dbt.build_arguments = lambda **_: ["run"]
    days = (date.fromisoformat(first), date.fromisoformat(last))
    named = {f"{stream.source}/{stream.name}": stream for stream in all_streams()}
    with runner(settings, Watch()) as made:
        made.workspace.lake = Lake(settings.lake, checkpoint=checkpoint)
        outcomes = [
            # Edited orders may be older than the window, and need the rate of their own day.
            made.execute(
                BACKFILL,
                days=(settings.start_date, days[1]),
                selection=[asset_key(named[REFERENCE])],
            ),
            made.execute(
                BACKFILL, days=days, selection=[asset_key(named[name]) for name in STREAMS]
            ),
            made.execute(BUILD),
        ]
    for outcome in outcomes:
        for step, reason in outcome.failures.items():
            print(step, reason)
    return int(not all(outcome.success for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
