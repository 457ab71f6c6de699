"""The jobs: which assets run together.

Belongs here: selections. Does not: when they run (`schedules`) or over which days (`partitions`).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from pipelines.connectors.stream import Stream
from pipelines.defs.streams import asset_key

DAILY = "daily"
BUILD = "build"
BACKFILL = "backfill"


def jobs(streams: Sequence[Stream]) -> list[dg.UnresolvedAssetJobDefinition]:
    """`daily` and `backfill` read streams, `build` makes and publishes marts.

    The build is a job of its own. A failed read must not keep the others' figures from the marts.
    And in a run over a range, Dagster writes an event per day for each asset, partitioned or not:
    with the models among them, ninety days took 6,300 events more, and three minutes.
    """
    read = dg.AssetSelection.assets(*(asset_key(stream) for stream in streams))
    build = dg.AssetSelection.groups("lake", "staging", "intermediate", "marts", "published")
    return [
        dg.define_asset_job(
            DAILY, read, description="Re-read what the platforms still restate (the schedule's)."
        ),
        dg.define_asset_job(
            BACKFILL, read, description="Read streams over any range of days, in one run."
        ),
        dg.define_asset_job(
            BUILD,
            build,
            description=(
                "Take out what may be kept no longer; then build, test and publish the marts from"
                " what the lake holds."
            ),
        ),
    ]
