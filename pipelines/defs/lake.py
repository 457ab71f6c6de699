"""The steps between the streams and dbt: what may be kept no longer goes, the rest is written down.

Belongs here: two assets. Does not: how rows expire or the manifest is made (`pipelines.lake`).
"""

from collections.abc import Sequence

import dagster as dg
import pyarrow.parquet as pq

from pipelines.connectors.stream import Stream
from pipelines.defs.resources import Workspace
from pipelines.defs.results import Materialized
from pipelines.defs.streams import asset_key

KEY = dg.AssetKey(["lake", "files"])
EXPIRED = dg.AssetKey(["lake", "expired"])


def expiry_asset(streams: Sequence[Stream]) -> dg.AssetsDefinition:
    """The asset that takes out what has outlived its stream's time to live."""
    limited = [stream for stream in streams if stream.ttl_days is not None]

    @dg.asset(
        key=EXPIRED,
        deps=[asset_key(stream) for stream in limited],
        group_name="lake",
        kinds={"python", "parquet"},
        owners=["team:data"],
        description=(
            "Words of private persons that were last read longer ago than their stream allows are"
            " taken out of files, history and quarantine; footers count what went."
        ),
    )
    def expired(workspace: dg.ResourceParam[Workspace]) -> Materialized:
        gone = workspace.lake.expire(limited, workspace.settings.now())
        return Materialized(
            metadata={
                "rows": sum(each.rows for each in gone),
                "rows of history": sum(each.history for each in gone),
                "records in quarantine": sum(each.quarantined for each in gone),
                "stream-days": len(gone),
            }
        )

    return expired


def manifest_asset(streams: Sequence[Stream]) -> dg.AssetsDefinition:
    """The asset of the lake's manifest, which follows every stream."""

    @dg.asset(
        key=KEY,
        deps=[EXPIRED, *(asset_key(stream) for stream in streams)],
        group_name="lake",
        kinds={"python", "parquet"},
        owners=["team:data"],
        description=(
            "One row per stream-day of an account, read from the footers of the lake's files; and"
            " each month's stream-days of a stream as one file, which dbt reads."
        ),
        # Two runs at once would write the same file; dbt, which reads it, is in the same pool.
        pool="duckdb_write",
    )
    def files(workspace: dg.ResourceParam[Workspace]) -> Materialized:
        path = workspace.lake.write_manifest(streams)
        manifest = pq.read_metadata(path)
        return Materialized(
            metadata={
                "dagster/row_count": manifest.num_rows,
                "dagster/uri": str(path),
                "bytes": path.stat().st_size,
            }
        )

    return files
