"""Composition: everything that Dagster loads, in one place.

Belongs here: putting the parts of `pipelines.defs` together. Does not: any part itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.connectors.registry import all_streams
from pipelines.connectors.stream import Stream
from pipelines.defs.alerts import crisis_sensor, failure_sensor
from pipelines.defs.dbt import PROJECT_DIR, models, models_asset, prepare_manifest
from pipelines.defs.jobs import jobs
from pipelines.defs.lake import expiry_asset, manifest_asset
from pipelines.defs.mart_checks import mart_checks
from pipelines.defs.marts import published_asset
from pipelines.defs.partitions import daily
from pipelines.defs.resources import Workspace, workspace_resource
from pipelines.defs.schedules import build_sensor, daily_schedule, fleeting_schedule
from pipelines.defs.streams import stream_assets
from pipelines.defs.version_checks import version_checks
from pipelines.settings import Settings

# Partition ranges in one run and pools are what the design rests on; each process would say dozens
# of times that Dagster calls their parameters beta.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

# A step in a new process imports for 3.5 s of CPU; one forked from a server that has imported takes
# 0.6 s (measured). Two at a time, for two cores. `smm` runs steps in its own process instead.
EXECUTOR = dg.multiprocess_executor.configured(
    {
        "max_concurrent": 2,
        "start_method": {
            "forkserver": {
                "preload_modules": [
                    "pipelines.definitions",
                    "pipelines.defs.event_log",
                    "sqlalchemy",
                    "alembic",
                    "dagster._core.storage.sqlite_storage",
                    "dagster._core.storage.local_compute_log_manager",
                ]
            }
        },
    }
)


def build_defs(
    settings: Settings | None = None,
    *,
    streams: Sequence[Stream] | None = None,
    dbt_project: Path = PROJECT_DIR,
    resource_overrides: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """The whole code location.

    A test swaps a resource (`{"workspace": …}`), the streams or the dbt project and has everything
    else as it runs in production. The dbt project is parsed where it changed since last time.
    """
    settings = settings or Settings()
    manifest = prepare_manifest(settings, dbt_project)
    streams = all_streams() if streams is None else streams
    return dg.Definitions(
        assets=[
            *stream_assets(streams, daily(settings), settings),
            expiry_asset(streams),
            manifest_asset(streams),
            models_asset(manifest),
            published_asset(models(manifest, "marts")),
        ],
        asset_checks=[*mart_checks(), *version_checks(streams)],
        jobs=jobs(streams),
        schedules=[daily_schedule(streams, settings), fleeting_schedule(streams, settings)],
        sensors=[build_sensor(), failure_sensor(settings), crisis_sensor(settings)],
        executor=EXECUTOR,
        resources={
            "workspace": workspace_resource(Workspace(settings)),
            **(resource_overrides or {}),
        },
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: `pipelines.definitions`."""
    return build_defs()
