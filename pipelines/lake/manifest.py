"""The lists of all files and of earlier versions, made from footers.

Belongs here: what readers need beside the data to know what is there. Does not: any state. Both can
be deleted at any time and are made again. A list that is there saves reading the footers of files
that have not changed since: of two years' 95,000 files that took half a minute.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.lake import footer as footers
from pipelines.lake import months
from pipelines.lake.files import Workspace, listing
from pipelines.lake.footer import Footer
from pipelines.lake.layout import Layout, Place, Stream, Streams


def _column(name: str, kind: pa.DataType, description: str) -> pa.Field:
    return pa.field(name, kind, metadata={"description": description})


FILES = pa.schema(
    [
        _column("source", pa.string(), "Platform."),
        _column("stream", pa.string(), "Stream."),
        _column("account", pa.string(), "Account."),
        _column("dt", pa.date32(), "Stream-day, on the basis of `timezone`."),
        _column("path", pa.string(), "Path below the lake."),
        _column("mode", pa.string(), "replace or merge."),
        _column("timezone", pa.string(), "Zone in which the day closed."),
        _column("run_id", pa.string(), "Run that wrote the file."),
        _column("extracted_at", pa.timestamp("us"), "When it was read (UTC)."),
        _column("known_at", pa.timestamp("us"), "When what it says was first read (UTC)."),
        _column("api_version", pa.string(), "Version of the platform's API."),
        _column("requests", pa.int64(), "The day's share of the requests that the read took."),
        _column("rows", pa.int64(), "Rows."),
        _column("bytes", pa.int64(), "Size of the file."),
        _column("quarantined", pa.int64(), "Records of the day that did not fit."),
        _column("duplicates", pa.int64(), "Further copies of a key within the read."),
        _column("outside", pa.int64(), "Rows of a neighbouring day that were left to its read."),
        _column("expired", pa.int64(), "Rows and misfits gone since, their time to live over."),
        _column("content_hash", pa.string(), "SHA-256 of the bytes before the footer."),
        _column("status", pa.string(), "complete or partial."),
        _column("reasons", pa.string(), "Why it is partial; several are parted by a semicolon."),
        _column("extra_fields", pa.string(), "Names in _extra, parted by a comma."),
        _column("schema_fingerprint", pa.string(), "Short name of the columns and types."),
        _column("totals", pa.string(), "Sums of the stream's totals, as JSON of decimal text."),
        _column(
            "stamp", pa.string(), "Inode, time and size: what tells a file from its successor."
        ),
    ]
)

# Stream-days, and the names of files below the lake.
Found = Iterable[tuple[Place, str]]


def files(layout: Layout, among: Streams | None = None) -> pa.Table:
    """One row per file, of all or of these streams, from the footers."""
    found = ((place, place.name) for place in layout.places(among))
    return _listed(layout, found, layout.manifest)


def versions(layout: Layout, among: Streams | None = None) -> pa.Table:
    """One row per earlier version of a file, as `files` has them."""
    found = (
        (place, path.relative_to(layout.root).as_posix())
        for place in layout.replaced_places(among)
        for _, path in layout.versions(place)
    )
    return _listed(layout, found, layout.earlier)


def _listed(layout: Layout, found: Found, before: Path) -> pa.Table:
    """Rows of these files, in their order; those that the list of before has are not read again."""
    known = _known(before)
    places = {key: n for n, key in enumerate(_pairs(known))}
    new: list[dict[str, Any]] = []
    order: list[int] = []
    root = str(layout.root)
    for place, name in found:
        stamp = _stamp(f"{root}/{name}")
        if (name, stamp) not in places:
            places[name, stamp] = known.num_rows + len(new)
            new.append(_row(place, layout.root / name, name, stamp))
        order.append(places[name, stamp])
    columns = {name: [row[name] for row in new] for name in FILES.names}
    return pa.concat_tables([known, pa.table(columns, schema=FILES)]).take(
        pa.array(order, pa.int64())
    )


def _known(path: Path) -> pa.Table:
    """The list as it was written last; empty if it is not there or is that of another release."""
    if path.exists():
        with pq.ParquetFile(path) as file:
            if file.schema_arrow.equals(FILES):
                return file.read()
    return FILES.empty_table()


def _pairs(known: pa.Table) -> Iterator[tuple[str, str]]:
    return zip(known["path"].to_pylist(), known["stamp"].to_pylist(), strict=True)


def _stamp(path: str) -> str:
    status = os.stat(path)  # noqa: PTH116 - for the reason of `Place.name`
    return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"


def _row(place: Place, path: Path, name: str, stamp: str) -> dict[str, Any]:
    footer = footers.read(path)
    return {
        **{name: getattr(footer, name, None) for name in FILES.names},
        "source": place.source,
        "stream": place.stream,
        "account": place.account,
        "dt": place.day,
        "path": name,
        "stamp": stamp,
        "extracted_at": footer.extracted_at.replace(tzinfo=None),
        "known_at": footer.known_at.replace(tzinfo=None),
        "bytes": path.stat().st_size,
        "expired": footer.expired + footer.expired_misfits,
        "reasons": "; ".join(footer.reasons),
        "extra_fields": ",".join(footer.extra_fields),
        "totals": _json(footer),
    }


def _json(footer: Footer) -> str:
    return msgspec.json.encode(footer.totals, order="sorted").decode()


def write(layout: Layout, streams: Iterable[Stream]) -> Path:
    """Writes both lists, and what dbt reads (`months`); returns the path of the list of files.

    Files that would not change are left alone.
    """
    with listing(layout), Workspace(layout) as workspace:
        listed = files(layout)
        months.write_schemas(layout, streams)
        months.write(layout, listed)
        workspace.put(listed, layout.manifest)
        workspace.put(versions(layout), layout.earlier)
    return layout.manifest


def write_months(layout: Layout, among: Streams | None = None) -> None:
    """Writes the months of the files as they are now, of all or of these streams."""
    with listing(layout):
        months.write(layout, files(layout, among), among)
