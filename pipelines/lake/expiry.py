"""Rows that have outlived their stream's time to live leave the lake, wherever they are kept.

Belongs here: what expires, and taking it out of files, history and quarantine. Does not: how long a
stream's rows may live (its declaration), when that is looked at (`pipelines.defs`).

Platforms let the words of private persons be kept for some days after they were last read. A file
stays when its rows go, and its footer says how many went: a day that has expired is not a day that
was never read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lake import footer as footers
from pipelines.lake import manifest
from pipelines.lake.files import Workspace, remove, writing
from pipelines.lake.layout import Layout, Place, Stream

# Streams whose rows do not live for ever, and before when they must have been read.
Limits = Mapping[tuple[str, str], tuple[Stream, datetime]]


@dataclass(frozen=True)
class Expired:
    """What left one stream-day: rows of its file, rows of its history, records in quarantine."""

    source: str
    stream: str
    account: str
    day: date
    rows: int
    history: int
    quarantined: int


def expire(layout: Layout, streams: Iterable[Stream], now: datetime) -> list[Expired]:
    """Takes out what has outlived its stream's `ttl_days` at that instant (with a zone).

    Rows of a `replace` stream live from the last read of their day. A `merge` stream's file holds
    rows of many reads: there, a row lives from the change that its version names. Running it twice
    changes nothing, and a process that dies half-way is continued by the next run.
    """
    limits: Limits = {
        (stream.source, stream.name): (stream, footers.utc(now) - timedelta(days=stream.ttl_days))
        for stream in streams
        if stream.ttl_days is not None
    }
    found = []
    with Workspace(layout) as workspace:
        for place in _candidates(layout, limits):
            stream, limit = limits[place.source, place.stream]
            with writing(layout, place.source, place.stream, place.account):
                done = _expire(layout, workspace, stream, place, limit)
            if done.rows or done.history or done.quarantined:
                found.append(done)
    return found


def _candidates(layout: Layout, limits: Limits) -> list[Place]:
    """The stream-days that may hold something old, by what the footers say: two years of nine
    streams took nine seconds to look into, and all but the last weeks are without a row.
    """
    among = limits.keys()
    listed = pa.concat_tables([manifest.files(layout, among), manifest.versions(layout, among)])
    names = ("source", "stream", "account", "dt", "rows", "quarantined", "extracted_at")
    found = set(layout.quarantined_places(among))
    for source, name, account, day, rows, quarantined, read_at in zip(
        *(listed[name].to_pylist() for name in names), strict=True
    ):
        stream, limit = limits[source, name]
        young = stream.mode == "replace" and read_at.replace(tzinfo=UTC) >= limit
        if (rows or quarantined) and not young:
            found.add(Place(source, name, account, day))
    return sorted(found)


def _expire(
    layout: Layout, workspace: Workspace, stream: Stream, place: Place, limit: datetime
) -> Expired:
    versions = [path for _, path in layout.versions(place)]
    current = layout.data(place)
    misfits = _old_misfits(layout.quarantined(place), limit)
    return Expired(
        place.source,
        place.stream,
        place.account,
        place.day,
        history=sum(_without_old(workspace, stream, path, limit) for path in versions),
        rows=_without_old(workspace, stream, current, limit, misfits) if current.exists() else 0,
        quarantined=_emptied(layout.quarantined(place), misfits),
    )


def _old_misfits(path: Path, limit: datetime) -> int:
    """How many records a quarantine file holds, if it was read before the limit."""
    if not path.exists() or footers.read(path).extracted_at >= limit:
        return 0
    return int(footers.read_rows(path).num_rows)


def _emptied(path: Path, misfits: int) -> int:
    if misfits:
        remove(path)
    return misfits


def _without_old(
    workspace: Workspace, stream: Stream, path: Path, limit: datetime, misfits: int = 0
) -> int:
    """Writes the file again without its old rows, if it has any; returns how many those were.

    The new footer counts them, and the records of its day that leave the quarantine.
    """
    footer = footers.read(path)
    read_at = footer.extracted_at
    changes = footers.read_rows(path, [stream.version] if stream.mode == "merge" else [])
    gone = _count(pc.invert(_young(stream, changes, read_at, limit)))
    if not gone and not misfits:
        return 0
    young = (table.filter(_young(stream, table, read_at, limit)) for table in footers.tables(path))
    footer = msgspec.structs.replace(
        footer,
        rows=changes.num_rows - gone,
        quarantined=max(footer.quarantined - misfits, 0),
        expired=footer.expired + gone,
        expired_misfits=footer.expired_misfits + misfits,
    )

    def hashed(digest: str) -> footers.Footer:
        return msgspec.structs.replace(footer, content_hash=digest)

    new = workspace.new()
    footers.write(new, footers.read_schema(path), young, hashed)
    workspace.replace(new, path)
    return gone


def _count(mask: pa.Array) -> int:
    return int(pc.sum(mask, min_count=0).as_py())


def _young(stream: Stream, rows: pa.Table, read_at: datetime, limit: datetime) -> pa.Array:
    if stream.mode == "replace" or read_at < limit:
        return pa.repeat(read_at >= limit, rows.num_rows)
    changed = rows[stream.version]
    return pc.fill_null(pc.greater_equal(changed, pa.scalar(limit, changed.type)), True)
