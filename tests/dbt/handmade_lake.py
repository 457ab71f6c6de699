"""Lakes of a few hand-written rows, in the schemas that the connectors declare.

Belongs here: files of the lake's layout. Does not: landing, which has its own tests; these lakes
hold what landing would have left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.connectors.registry import all_streams
from pipelines.connectors.stream import Stream
from pipelines.lake import months
from pipelines.lake.footer import fingerprint
from pipelines.lake.layout import Layout

STREAMS: dict[str, Stream] = {f"{stream.source}.{stream.name}": stream for stream in all_streams()}
MANIFEST = pa.schema(
    [
        ("source", pa.string()),
        ("stream", pa.string()),
        ("account", pa.string()),
        ("dt", pa.date32()),
        ("path", pa.string()),
        ("extracted_at", pa.timestamp("us")),
        ("known_at", pa.timestamp("us")),
        ("rows", pa.int64()),
        ("quarantined", pa.int64()),
        ("content_hash", pa.string()),
        ("schema_fingerprint", pa.string()),
        ("status", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("requests", pa.int64()),
        ("totals", pa.string()),
    ]
)
EXTRACTED = datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None)


class HandmadeLake:
    """A lake written row by row; `put` replaces a stream-day, `remove` takes it away."""

    def __init__(self, root: Path) -> None:
        self.root = root
        months.write_schemas(Layout(root), STREAMS.values())
        self._entries: dict[tuple[str, str, date], dict[str, Any]] = {}
        self._write_manifest()

    def put(self, name: str, account: str, day: date, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes that stream-day of that account; missing columns are NULL, numbers exact."""
        schema = STREAMS[name].schema.arrow
        table = pa.Table.from_pylist([_exact(row) for row in rows], schema=schema)
        path = self._path(name, account, day)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, compression="zstd")
        source, stream = name.split(".")
        self._entries[name, account, day] = {
            "source": source,
            "stream": stream,
            "account": account,
            "dt": day,
            "path": str(path.relative_to(self.root)),
            "extracted_at": EXTRACTED,
            "known_at": EXTRACTED,
            "rows": table.num_rows,
            "quarantined": 0,
            "content_hash": hashlib.sha256(path.read_bytes()).hexdigest(),
            "schema_fingerprint": fingerprint(table.schema),
            "status": "complete",
            "reasons": [],
            "requests": 1,
            "totals": "{}",
        }
        self._write_manifest()

    def remove(self, name: str, account: str, day: date) -> None:
        """Takes the stream-day away, as if it had never been extracted."""
        self._path(name, account, day).unlink()
        del self._entries[name, account, day]
        self._write_manifest()

    def _path(self, name: str, account: str, day: date) -> Path:
        return self.root / name.replace(".", "/") / f"dt={day}" / f"{account}.parquet"

    def _write_manifest(self) -> None:
        meta = self.root / "_meta"
        meta.mkdir(parents=True, exist_ok=True)
        rows = [self._entries[key] for key in sorted(self._entries)]
        files = pa.Table.from_pylist(rows, schema=MANIFEST)
        pq.write_table(files, meta / "files.parquet")
        pq.write_table(MANIFEST.empty_table(), meta / "versions.parquet")
        months.write(Layout(self.root), files)


def _exact(value: Any) -> Any:
    """Money may be written as 12.5 in a row; it becomes the decimal that it reads as."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, Mapping):
        return {key: _exact(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_exact(part) for part in value]
    return value
