"""The last step: what dbt built becomes what readers see.

Belongs here: one asset. Does not: how publishing works (`pipelines.serving.publish`).
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from pipelines.defs.resources import Workspace
from pipelines.defs.results import Materialized
from pipelines.defs.streams import FRESH
from pipelines.serving.lock import warehouse_lock
from pipelines.serving.publish import FILE, Publication, publish

KEY = dg.AssetKey("published_marts")


def published_asset(marts: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of the published file, which follows every mart and its blocking checks."""

    @dg.asset(
        key=KEY,
        deps=marts,
        group_name="published",
        kinds={"duckdb"},
        owners=["team:data"],
        description=(
            "`published/current/marts.duckdb`: an immutable file that BI tools open, replaced in"
            " one step, and only when a mart or the freshness of a source changed."
        ),
        pool="duckdb_write",
        freshness_policy=FRESH,
    )
    def published_marts(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> Materialized:
        settings = workspace.settings
        with warehouse_lock(settings.warehouse, on_wait=context.log.info):
            publication = publish(
                settings.warehouse / FILE,
                settings.published,
                run_id=context.run.run_id,
                manifest=settings.lake / "_meta" / "files.parquet",
            )
        # dbt does not count what it builds, and nobody else may open the file while it does.
        for key in marts:
            if key.path[-1] in publication.rows:
                metadata = mart_metadata(publication, key.path[-1])
                context.log_event(dg.AssetObservation(key, metadata=metadata))
        return Materialized(metadata=publication_metadata(publication))

    return published_marts


def mart_metadata(publication: Publication, mart: str) -> dict[str, Any]:
    """What the UI shows of a mart beside what dbt tells: its rows, and where readers find it."""
    return {
        "dagster/row_count": publication.rows[mart],
        "dagster/uri": str(publication.path),
        "published version": publication.version,
    }


def publication_metadata(publication: Publication) -> dict[str, Any]:
    """What the UI shows of a publication."""
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in publication.rows.items())
    return {
        "dagster/row_count": sum(publication.rows.values()),
        "dagster/uri": str(publication.path),
        "version": publication.version,
        "changed": publication.changed,
        "content hash": publication.content_hash,
        "bytes": publication.bytes,
        "marts": dg.MetadataValue.md(f"| mart | rows |\n|---|---|\n{rows}"),
    }
