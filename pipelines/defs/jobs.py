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
    """`daily` reads streams, `build` makes and publishes marts, `backfill` does both in one run."""
    read = dg.AssetSelection.assets(*(asset_key(stream) for stream in streams))
    build = dg.AssetSelection.groups("lake", "staging", "intermediate", "marts", "published")
    return [
        dg.define_asset_job(DAILY, read, description="Read streams from their platforms."),
        dg.define_asset_job(
            BUILD, build, description="Build, test and publish the marts from what the lake holds."
        ),
        dg.define_asset_job(
            BACKFILL,
            read | build,
            description="Read streams over a range of days, then build, test and publish.",
        ),
    ]
