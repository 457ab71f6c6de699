"""The records that did not fit: listing them, and trying again under the present schema.

Belongs here: reading the quarantine and emptying it by replay. Does not: filling it (`landing`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import msgspec
import pyarrow as pa

from pipelines.lake import footer as footers
from pipelines.lake import rows as row_rules
from pipelines.lake.batch import Rejected
from pipelines.lake.convert import convert_records
from pipelines.lake.files import Workspace, remove, writing
from pipelines.lake.footer import Footer
from pipelines.lake.landing import REJECTED_COLUMNS, LandedDay, land, read_rejected
from pipelines.lake.layout import Layout, Place, Stream
from pipelines.lake.rows import Tally
from pipelines.lake.runs import merged, standing

_PLACES = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("stream", pa.string()),
        pa.field("account", pa.string()),
        pa.field("day", pa.date32()),
        pa.field("extracted_at", pa.timestamp("us")),
    ]
)
LISTED = pa.schema([*_PLACES, *REJECTED_COLUMNS])
NEVER_READ = "the day was never read; it holds replayed records only"


@dataclass(frozen=True)
class Replayed:
    """What became of one stream-day's quarantine: the files that grew, and what remains."""

    source: str
    stream: str
    account: str
    day: date
    replayed: int
    remaining: int
    landed: tuple[LandedDay, ...]


@dataclass(frozen=True)
class Quarantine:
    """The quarantine of one lake."""

    layout: Layout

    def list(self, source: str = "", stream: str = "") -> pa.Table:
        """Every record in quarantine: where it belongs, what is wrong, what to do, the record."""
        tables = [
            self._of_place(place)
            for place in self.layout.quarantined_places()
            if source in ("", place.source) and stream in ("", place.stream)
        ]
        return pa.concat_tables([LISTED.empty_table(), *tables])

    def _of_place(self, place: Place) -> pa.Table:
        path = self.layout.quarantined(place)
        rows = footers.read_rows(path)
        read_at = footers.read(path).extracted_at.replace(tzinfo=None)
        values = (place.source, place.stream, place.account, place.day, read_at)
        columns = [
            pa.repeat(pa.scalar(value, column.type), rows.num_rows)
            for value, column in zip(values, _PLACES, strict=True)
        ]
        return pa.Table.from_arrays([*columns, *rows.columns], schema=LISTED)

    def replay(
        self, streams: Iterable[Stream], *, run_id: str, now: datetime
    ) -> Sequence[Replayed]:
        """Converts the records of those streams again and lands the ones that now fit.

        A row joins its stream-day's file by key: in a `merge` stream the newest version stays, in a
        `replace` stream a row that the file already has. What still does not fit stays, with its
        present reason. Running it twice changes nothing.
        """
        known = {(stream.source, stream.name): stream for stream in streams}
        return [
            self._replay(place, known[place.source, place.stream], run_id, now)
            for place in tuple(self.layout.quarantined_places())
            if (place.source, place.stream) in known
        ]

    def _replay(self, place: Place, stream: Stream, run_id: str, now: datetime) -> Replayed:
        with (
            Workspace(self.layout) as workspace,
            writing(self.layout, place.source, place.stream, place.account),
        ):
            kept = read_rejected(self.layout, place)
            origin = footers.read(self.layout.quarantined(place))
            origin = msgspec.structs.replace(origin, run_id=run_id, extracted_at=footers.utc(now))
            fitting, remaining = _converted(stream, kept, origin.context)
            landed: tuple[LandedDay, ...] = ()
            if len(remaining) < len(kept):
                landed = tuple(self._landed(workspace, stream, place, fitting, remaining, origin))
        return Replayed(
            place.source,
            place.stream,
            place.account,
            place.day,
            replayed=len(kept) - len(remaining),
            remaining=len(remaining),
            landed=landed,
        )

    def _landed(
        self,
        workspace: Workspace,
        stream: Stream,
        place: Place,
        rows: pa.Table,
        remaining: Sequence[Rejected],
        origin: Footer,
    ) -> Iterator[LandedDay]:
        """Lands the rows under their days; this quarantine's own day last, as it empties it."""
        by_day = _by_day(stream, rows, origin.timezone, place.day)
        here = by_day.pop(place.day, rows.slice(0, 0))
        for day, there in sorted(by_day.items()):
            other = Place(place.source, place.stream, place.account, day)
            still = read_rejected(self.layout, other)
            yield _join(self.layout, workspace, stream, other, there, still, origin)
        if here.num_rows or remaining or self.layout.data(place).exists():
            yield _join(self.layout, workspace, stream, place, here, remaining, origin)
        else:
            remove(self.layout.quarantined(place))


def _converted(
    stream: Stream, kept: list[Rejected], context: dict[str, str]
) -> tuple[pa.Table, list[Rejected]]:
    """The rows of the records that fit now, and the others with their present reason."""
    tables = [stream.schema.arrow.empty_table()]
    remaining: list[Rejected] = []
    for each in kept:
        batch = convert_records(
            stream.schema, [msgspec.json.decode(each.record)], context, place=each.place
        )
        has_day = not stream.day or batch.rows[stream.day].null_count == 0
        if batch.rejected or not has_day:
            now = batch.rejected[0] if batch.rejected else each
            remaining.append(replace(now, place=each.place, record=each.record))
        else:
            tables.append(batch.rows)
    return pa.concat_tables(tables).combine_chunks(), remaining


def _by_day(stream: Stream, rows: pa.Table, timezone: str, given: date) -> dict[date, pa.Table]:
    if not stream.day or rows.num_rows == 0:
        return {given: rows} if rows.num_rows else {}
    groups: dict[date, list[int]] = defaultdict(list)
    for row in range(rows.num_rows):
        column = rows[stream.day].slice(row, 1)
        value = column[0].as_py()
        near = value.date() if isinstance(value, datetime) else value
        ordinal = row_rules.day_ordinals(column, timezone, near, near)[0]
        groups[date.fromordinal(int(ordinal))].append(row)
    return {day: rows.take(pa.array(places)) for day, places in groups.items()}


def _join(
    layout: Layout,
    workspace: Workspace,
    stream: Stream,
    place: Place,
    rows: pa.Table,
    rejected: Sequence[Rejected],
    origin: Footer,
) -> LandedDay:
    """Lands rows into a stream-day's file as it stands; a day without one is partial."""
    path = layout.data(place)
    new = [row_rules.distinct(rows, stream.key, stream.version)]
    if stream.mode == "merge":
        joined = merged(layout, workspace, stream, place, new)
    else:
        held = [standing(workspace, stream, path)] if path.exists() else []
        joined = row_rules.merged([new, *held], stream.key)
    footer = footers.read(path) if path.exists() else _never_read(origin, place.day)

    def told(tally: Tally, digest: str) -> Footer:
        return msgspec.structs.replace(
            footer,
            run_id=origin.run_id,
            extracted_at=origin.extracted_at,
            rows=tally.rows,
            quarantined=len(rejected),
            totals=tally.totals,
            content_hash=digest,
            schema_fingerprint=footers.fingerprint(rows.schema),
            extra_fields=tally.extra_fields,
        )

    return land(layout, workspace, stream, place, joined, rejected, told)


def _never_read(origin: Footer, day: date) -> Footer:
    """The footer of a day that no read brought."""
    return msgspec.structs.replace(
        origin,
        day=day,
        requests=0,
        duplicates=0,
        outside=0,
        status="partial",
        reasons=[NEVER_READ],
    )
