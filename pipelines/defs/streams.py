"""One asset per declared stream, all made by one factory.

Belongs here: what a step does with the outcome of a read. Does not: reading (`pipelines.ingest`),
what the UI shows (`stream_metadata`).
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import dagster as dg

from pipelines.connectors.errors import Decision, SourceError, Transient
from pipelines.connectors.stream import Stream
from pipelines.connectors.task import StoppedError
from pipelines.defs.partitions import CHUNK_DAYS, window
from pipelines.defs.resources import SourceOffError, Workspace
from pipelines.defs.results import Materialized
from pipelines.defs.stream_checks import drift, latest_closed_day
from pipelines.defs.stream_metadata import (
    OWNERS,
    by_day,
    cost_metadata,
    day_metadata,
    definition_metadata,
    describe,
    sample,
    skipped_metadata,
)
from pipelines.ingest import IngestError, IngestResult
from pipelines.settings import Settings

# A day's figures are due once all zones have closed it and the schedule has run; twice that is a
# failure that somebody should look at.
FRESH = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(hours=72), warn_window=timedelta(hours=36)
)
# The client retries for minutes by itself; one more try here covers a platform that was down.
RETRY = dg.RetryPolicy(max_retries=1, delay=60)

# Icons that the UI knows.
KINDS: Mapping[str, tuple[str, ...]] = {
    "meta_ads": ("meta",),
    "facebook_pages": ("facebook",),
    "instagram": ("instagram",),
    "youtube": ("youtube",),
    "ga4": ("google",),
    "shopify": ("shopify",),
    "x": ("x",),
    "x_ads": ("x",),
    "files": ("file",),
}


def asset_key(stream: Stream) -> dg.AssetKey:
    """The key of a stream's asset."""
    return dg.AssetKey([stream.source, stream.name])


def stream_assets(
    streams: Iterable[Stream], partitions: dg.PartitionsDefinition[str], settings: Settings
) -> list[dg.AssetsDefinition]:
    """The assets of these streams."""
    return [_stream_asset(stream, partitions, settings) for stream in streams]


def _stream_asset(
    stream: Stream, partitions: dg.PartitionsDefinition[str], settings: Settings
) -> dg.AssetsDefinition:
    key = asset_key(stream)

    @dg.asset(
        key=key,
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=CHUNK_DAYS),
        group_name=stream.group,
        kinds={"python", "parquet", *KINDS.get(stream.source, ())},
        owners=[OWNERS[stream.group]],
        tags={"source": stream.source, "mode": stream.mode},
        description=describe(stream),
        metadata=definition_metadata(stream, settings.lake / stream.source / stream.name),
        pool=stream.source,
        retry_policy=RETRY,
        freshness_policy=FRESH,
        check_specs=[
            dg.AssetCheckSpec(
                "schema_drift",
                asset=key,
                description="No new field, none that came no more, no record in quarantine.",
            ),
            dg.AssetCheckSpec(
                "latest_closed_day",
                asset=key,
                description="The newest day that its platform has closed is in the lake.",
            ),
        ],
    )
    def read(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> Materialized:
        result = _ingest(stream, workspace, window(context), context.run.run_id)
        for key, metadata in partition_metadata(workspace, result).items():
            context.add_asset_metadata(metadata, partition_key=key)
        return Materialized(
            metadata=cost_metadata(result.stats),
            check_results=[
                drift(result.landed, workspace.lake),
                latest_closed_day(stream, workspace),
            ],
        )

    return read


def partition_metadata(workspace: Workspace, result: IngestResult) -> dict[str, dict[str, Any]]:
    """The metadata of each partition that the read touched; the newest with rows shows a sample."""
    days = by_day(result.landed)
    found: dict[str, dict[str, Any]] = {}
    for skipped in result.skipped:
        if skipped.day not in days:
            reasons = [s.reason for s in result.skipped if s.day == skipped.day]
            found[skipped.day.isoformat()] = skipped_metadata(reasons)
    for day, landed in days.items():
        found[day.isoformat()] = day_metadata(landed)
    filled = [landed for landed in result.landed if landed.rows]
    if filled:
        newest = max(filled, key=lambda landed: (landed.day, landed.rows))
        shown = sample(workspace.lake.root / newest.path)
        found[newest.day.isoformat()]["sample"] = dg.MetadataValue.md(shown)
    return found


def _ingest(
    stream: Stream, workspace: Workspace, days: tuple[date, date], run_id: str
) -> IngestResult:
    """Read the window, and say in Dagster's words what may be done about a failure."""
    try:
        return workspace.ingest(stream, *days, run_id)
    except IngestError as error:
        raise failure(error) from error
    except StoppedError as error:
        raise dg.Failure("interrupted", allow_retries=False) from error
    except SourceOffError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    except SourceError as error:
        retry = isinstance(error, Transient) and error.resumes_at is None
        raise dg.Failure(str(error), allow_retries=retry) from error


def failure(error: IngestError) -> dg.Failure:
    """An ingest error as a Dagster failure; only what a retry can mend may be retried.

    Of Dagster's three ways to retry, the flag speaks to the first alone: the step's RetryPolicy.
    A spent quota is not retried here, since the step would hold its pool while it waits.
    """
    landed = error.result.landed
    return dg.Failure(
        description=str(error),
        metadata={
            "failed accounts": {account: str(cause) for account, cause in error.errors.items()},
            "days landed from other accounts": len(landed),
            "rows landed from other accounts": sum(day.rows for day in landed),
            **cost_metadata(error.result.stats),
        },
        allow_retries=error.decision is Decision.RETRY,
    )
