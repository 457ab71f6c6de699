"""What a person sees of a stream in the Dagster UI, derived from its declaration and its files.

Belongs here: pure functions from streams and landed days to metadata. Does not: reading or landing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.connectors.stream import Stats, Stream
from pipelines.lake.landing import LandedDay

SAMPLE_ROWS = 5
# Longer cells make the table unreadable, and keep more of a person's words than needed.
CELL_WIDTH = 40
MAX_SAMPLE_COLUMNS = 12

OWNERS = {
    "social": "team:social",
    "ads": "team:advertising",
    "web": "team:web",
    "sales": "team:sales",
    "reference": "team:data",
}


def describe(stream: Stream) -> str:
    """The stream in Markdown: what it is and how it is kept; the schema tells of its columns."""
    kept = (
        "only the present can be read; it lands under the last closed day"
        if stream.snapshot
        else f"a daily run re-reads {stream.lookback_days} days"
    )
    if stream.ttl_days is not None:
        kept += f"; rows are taken away {stream.ttl_days} days after their last read"
    return (
        f"{stream.description}\n\nMode `{stream.mode}`, key `{', '.join(stream.key)}`, days closed"
        f" in zone `{stream.zone}`; {kept}."
    )


def definition_metadata(stream: Stream, directory: Path) -> dict[str, Any]:
    """What is true of the stream whatever was read: columns, place, key, mode, documentation."""
    metadata: dict[str, Any] = {
        "dagster/column_schema": column_schema(stream),
        "dagster/table_name": f"lake.{stream.source}.{stream.name}",
        "dagster/uri": str(directory),
        "key": ", ".join(stream.key),
        "mode": stream.mode,
        "zone": stream.zone,
        "lookback_days": stream.lookback_days,
    }
    if stream.ttl_days is not None:
        metadata["ttl_days"] = stream.ttl_days
    if stream.url:
        metadata["documentation"] = dg.MetadataValue.url(stream.url)
    return metadata


def column_schema(stream: Stream) -> dg.TableSchema:
    """The stream's Arrow schema as the UI shows it."""
    required = {field.name for field in stream.schema.fields if field.required}
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=str(column.type),
                description=_description(column),
                constraints=dg.TableColumnConstraints(nullable=column.name not in required),
            )
            for column in stream.schema.arrow
        ]
    )


def day_metadata(days: Sequence[LandedDay]) -> dict[str, Any]:
    """The metadata of one partition: the same stream-day of every account, added up."""
    reasons = sorted({reason for day in days for reason in day.reasons})
    metadata: dict[str, Any] = {
        "dagster/partition_row_count": sum(day.rows for day in days),
        "bytes": sum(day.bytes for day in days),
        "quarantined": sum(day.quarantined for day in days),
        "accounts": len(days),
        "status": "partial" if any(day.status == "partial" for day in days) else "complete",
        "changed": sum(day.changed != "unchanged" for day in days),
        **_totals(days),
    }
    if reasons:
        metadata["reasons"] = "; ".join(reasons)
    return metadata


def skipped_metadata(reasons: Iterable[str]) -> dict[str, Any]:
    """The metadata of a partition that was asked for and could not be read."""
    return {"status": "skipped", "reasons": "; ".join(sorted(set(reasons)))}


def cost_metadata(stats: Stats) -> dict[str, Any]:
    """What one read cost; it covers all days of its run."""
    return {
        "run_requests": stats.requests,
        "run_bytes_received": stats.bytes,
        "run_retries": stats.retries,
        "run_waits": stats.waits,
        "run_waited_seconds": round(stats.waited_seconds, 3),
        "run_seconds": round(stats.seconds, 3),
    }


def by_day(landed: Iterable[LandedDay]) -> Mapping[date, list[LandedDay]]:
    """Landed files by the day that they hold."""
    days: dict[date, list[LandedDay]] = defaultdict(list)
    for day in landed:
        days[day.day].append(day)
    return days


def sample(file: Path) -> str:
    """The first rows of a file as a Markdown table; empty text where it has none."""
    with pq.ParquetFile(file) as parquet:
        columns = parquet.schema_arrow.names[:MAX_SAMPLE_COLUMNS]
        batch = next(parquet.iter_batches(SAMPLE_ROWS, columns=columns), None)
    if batch is None or not batch.num_rows:
        return ""
    lines = [_line(columns), _line(["---"] * len(columns))]
    lines += [_line(row.values()) for row in batch.to_pylist()]
    return "\n".join(lines)


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(value: object) -> str:
    text = "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= CELL_WIDTH else f"{text[: CELL_WIDTH - 1]}…"


def _totals(days: Sequence[LandedDay]) -> dict[str, Any]:
    """Sums by column; accounts whose days differ in currency are not added up, but kept apart."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for day in days:
        for column, total in day.totals.items():
            if total is not None:
                sums[f"{column} {day.account}" if len(days) > 1 else column] += Decimal(total)
    return {f"total {name}": float(total) for name, total in sorted(sums.items())}


def _description(column: pa.Field) -> str:
    return str((column.metadata or {}).get(b"description", b"").decode())
