"""The step between the streams and dbt: what the lake holds, written down for dbt to read.

Belongs here: one asset. Does not: how the manifest is made (`pipelines.lake`).
"""

from collections.abc import Sequence

import dagster as dg
import pyarrow.parquet as pq

from pipelines.connectors.stream import Stream
from pipelines.defs.resources import Workspace
from pipelines.defs.results import Materialized
from pipelines.defs.streams import asset_key

KEY = dg.AssetKey(["lake", "files"])


def manifest_asset(streams: Sequence[Stream]) -> dg.AssetsDefinition:
    """The asset of the lake's manifest, which follows every stream."""

    @dg.asset(
        key=KEY,
        deps=[asset_key(stream) for stream in streams],
        group_name="lake",
        kinds={"python", "parquet"},
        owners=["team:data"],
        description=(
            "One row per stream-day of an account, read from the footers of the lake's files; and"
            " a file without rows per stream, so that dbt can read what was never extracted."
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
