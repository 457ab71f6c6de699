"""What the lake said before: earlier versions, the lake as of an instant, the restatement ledger.

Belongs here: reading history. Does not: making it (`files` links each replaced file into it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from pipelines.lake import footer as footers
from pipelines.lake.files import Workspace
from pipelines.lake.footer import Footer
from pipelines.lake.layout import Layout, Place


@dataclass(frozen=True)
class Version:
    """What a stream-day's file was from one read to the next."""

    path: Path
    footer: Footer


RESTATEMENTS = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("stream", pa.string()),
        pa.field("account", pa.string()),
        pa.field("day", pa.date32()),
        pa.field(
            "replaced_at",
            pa.timestamp("us"),
            metadata={"description": "When the new value was read (UTC)."},
        ),
        pa.field(
            "column", pa.string(), metadata={"description": "A total of the stream, or `rows`."}
        ),
        pa.field("before", pa.decimal128(38, 6)),
        pa.field("after", pa.decimal128(38, 6)),
        pa.field(
            "before_status",
            pa.string(),
            metadata={"description": "partial: the day had not closed, so nobody changed a mind."},
        ),
    ]
)


def versions(layout: Layout, place: Place) -> list[Version]:
    """Every version of a stream-day, oldest first, the present one last."""
    found = [Version(path, footers.read(path)) for _, path in layout.versions(place)]
    current = layout.data(place)
    if current.exists():
        # A landing that was killed between keeping a file and replacing it left it in both places.
        found = [each for each in found if not each.path.samefile(current)]
        found.append(Version(current, footers.read(current)))
    return found


def restatements(layout: Layout) -> pa.Table:
    """By how much each platform changed its mind: one row per total and version that changed it."""
    rows = [row for place in layout.replaced_places() for row in _changes(layout, place)]
    columns = {name: [row[name] for row in rows] for name in RESTATEMENTS.names}
    return pa.table(columns, schema=RESTATEMENTS)


def _changes(layout: Layout, place: Place) -> Iterator[dict[str, object]]:
    chain = [version.footer for version in versions(layout, place)]
    for before, after in pairwise(chain):
        old, new = _figures(before), _figures(after)
        for column in sorted(old.keys() | new.keys()):
            if old.get(column) != new.get(column):
                yield {
                    "source": place.source,
                    "stream": place.stream,
                    "account": place.account,
                    "day": place.day,
                    "replaced_at": after.extracted_at.replace(tzinfo=None),
                    "column": column,
                    "before": old.get(column),
                    "after": new.get(column),
                    "before_status": before.status,
                }


def _figures(footer: Footer) -> dict[str, Decimal | None]:
    totals = {
        name: None if total is None else Decimal(total) for name, total in footer.totals.items()
    }
    # What has expired was said nevertheless.
    return {**totals, "rows": Decimal(footer.rows + footer.expired)}


def as_of(layout: Layout, instant: datetime, into: Path) -> Layout:
    """A lake with every file as it was at that instant, and its history until then.

    A file belongs to an instant when it is the last that was read by then. Hard links where
    possible, else copies; links share nothing that could change: no file of a lake is ever written
    to again.

    FileExistsError if `into` has files already.
    """
    if into.exists() and any(into.iterdir()):
        raise FileExistsError(f"{into} is not empty")
    instant = footers.utc(instant)
    past = Layout(into)
    with Workspace(layout) as workspace:
        for place in sorted({*layout.places(), *layout.replaced_places()}):
            known = _known_at(layout, place, instant)
            for earlier in known[:-1]:
                _link(workspace, earlier, into / earlier.relative_to(layout.root))
            for version in known[-1:]:
                _link(workspace, version, past.data(place))
        # Of these, the days that were otherwise then are read again.
        for month in layout.months.glob("*/*/*.parquet"):
            _link(workspace, month, into / month.relative_to(layout.root))
    return past


def _known_at(layout: Layout, place: Place, instant: datetime) -> list[Path]:
    """The versions of a stream-day that were known at that instant, oldest first."""
    current = layout.data(place)
    known = [path for read_at, path in layout.versions(place) if read_at <= instant]
    if current.exists() and footers.read(current).known_at <= instant:
        return [*known, current]
    return known


def _link(workspace: Workspace, existing: Path, new: Path) -> None:
    new.parent.mkdir(parents=True, exist_ok=True)
    workspace.link(existing, new)
