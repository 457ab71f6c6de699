"""From batches to stream-day files: split, merge, order, write, in one step each.

Belongs here: what decides a row's file and a file's content. Does not: how a file is replaced
(`files`), what its footer says (`footer`), what its rows are among themselves (`rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import msgspec
import numpy as np
import pyarrow as pa

from pipelines.lake import footer as footers
from pipelines.lake import rows as row_rules
from pipelines.lake.batch import Batch, Rejected
from pipelines.lake.convert import convert_records, records_of, rejected_text
from pipelines.lake.files import Workspace, remove, writing
from pipelines.lake.footer import Footer, Status
from pipelines.lake.layout import Layout, Place, Stream
from pipelines.lake.personal import country_of
from pipelines.lake.rows import Tally
from pipelines.lake.runs import Runs, merged
from pipelines.lake.schema import Schema

Change = Literal["new", "changed", "unchanged"]

# What rows may take in memory before they go to the workspace: a slice of a large shop is a few
# hundred MB, and six sources are read at once.
SPILL_BYTES = 46 * 1024 * 1024

REJECTED_COLUMNS = pa.schema(
    [
        pa.field("field", pa.string(), metadata={"description": "Path of the first misfit."}),
        pa.field("reason", pa.string(), metadata={"description": "What is wrong with it."}),
        pa.field("remedy", pa.string(), metadata={"description": "What to do about it."}),
        pa.field("place", pa.string(), metadata={"description": "Where the record was."}),
        pa.field("record", pa.string(), metadata={"description": "The record, addresses hashed."}),
    ]
)
_AGAIN = "Read the stream with a window that has that day, or replay the quarantine."


@dataclass(frozen=True)
class Provenance:
    """Where a landing's rows come from, as each file's footer will say.

    `extracted_at` is the instant of the read, with a zone. `timezone` is the zone in which the
    stream's days are closed (the window's). `context` is what the account's records were converted
    with, kept so that quarantined records can be replayed.
    """

    run_id: str
    extracted_at: datetime
    timezone: str
    api_version: str = ""
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LandedDay:
    """One stream-day of one account after landing; `path` is relative to the lake.

    `misfits` are the fields for which records are in quarantine.
    """

    source: str
    stream: str
    account: str
    day: date
    path: Path
    rows: int
    bytes: int
    quarantined: int
    duplicates: int
    outside: int
    totals: Mapping[str, str | None]
    status: Status
    reasons: tuple[str, ...]
    extra_fields: tuple[str, ...]
    misfits: tuple[str, ...]
    changed: Change


@dataclass
class _Day:
    """What was read of one day so far."""

    rows: Runs
    rejected: list[Rejected] = field(default_factory=list)
    outside: int = 0


class Landing:
    """Collects the batches of one read; `commit` turns them into files, one per day.

    Made by `Lake.landing`. As a context manager it leaves no trace of what was not committed;
    without, the next landing removes it.

    Rows of a neighbouring day of the window (a platform's filter that includes its end, an order
    that changed while pages were read) have a read of their own: they are left out, and counted in
    the footer of the window's nearest day. Rows from farther away were not asked for and have no
    read to wait for: they go to quarantine.
    """

    def __init__(
        self,
        layout: Layout,
        stream: Stream,
        account: str,
        days: Sequence[date],
        provenance: Provenance,
        *,
        spill_bytes: int = SPILL_BYTES,
    ) -> None:
        if not days or (not stream.day and len(days) != 1):
            raise ValueError(f"{stream.source}.{stream.name} lands under exactly one given day")
        self._layout = layout
        self._stream = stream
        self._account = account
        self._provenance = replace(provenance, extracted_at=footers.utc(provenance.extracted_at))
        self._workspace = Workspace(layout)
        self._days = {day: _Day(Runs(self._workspace, stream)) for day in sorted(days)}
        self._missing: list[str] = []
        self._extra_names: frozenset[str] | None = frozenset()
        self._spill_bytes = spill_bytes

    def __enter__(self) -> Landing:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes what was not committed."""
        self._workspace.close()

    # --- collecting

    def add(self, batch: Batch) -> None:
        """Takes rows and misfits; rows are split by stream-day and spilled when they grow large."""
        expected = self._stream.schema.arrow
        if not batch.rows.schema.equals(expected):
            raise ValueError(
                f"rows of {self._stream.source}.{self._stream.name} have the columns "
                f"{batch.rows.schema.names}, not {expected.names}"
            )
        self._missing.extend(reason for reason in batch.missing if reason not in self._missing)
        if batch.extra_names is None or self._extra_names is None:
            self._extra_names = None
        else:
            self._extra_names |= batch.extra_names
        self._split(batch.rows)
        for rejected in batch.rejected:
            self._days[self._day_of(rejected)].rejected.append(rejected)
        held = [day.rows.held for day in self._days.values()]
        # A day is in memory once more while it is put in order.
        if sum(held) + max(held) > self._spill_bytes:
            self._spill()

    def _split(self, table: pa.Table) -> None:
        """Gives each row to its day."""
        if table.num_rows == 0:
            return
        ordinals = self._ordinals(table)
        if (np.diff(ordinals) < 0).any():
            order = np.argsort(ordinals, kind="stable")
            table, ordinals = table.take(pa.array(order)), ordinals[order]
        found, starts = np.unique(ordinals, return_index=True)
        for ordinal, start, end in zip(found, starts, [*starts[1:], len(ordinals)], strict=True):
            self._give(int(ordinal), table.slice(start, end - start))

    def _ordinals(self, table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
        first, last = min(self._days), max(self._days)
        if not self._stream.day:
            return np.full(table.num_rows, first.toordinal(), np.int64)
        column = table[self._stream.day]
        return row_rules.day_ordinals(column, self._provenance.timezone, first, last)

    def _give(self, ordinal: int, table: pa.Table) -> None:
        first, last = min(self._days), max(self._days)
        nearest = min(max(ordinal, first.toordinal()), last.toordinal())
        day = self._days.get(date.fromordinal(ordinal)) if ordinal > 0 else None
        if day is not None:
            day.rows.add(table)
        elif abs(ordinal - nearest) == 1:
            self._days[date.fromordinal(nearest)].outside += table.num_rows
        else:
            why = "has no day" if ordinal == row_rules.NO_DAY else "is outside the days asked for"
            self._days[first].rejected.extend(self._set_apart(table, why))

    def _set_apart(self, table: pa.Table, why: str) -> list[Rejected]:
        schema, country = self._stream.schema, country_of(self._provenance.context)
        return [
            Rejected(
                field=".".join(schema[self._stream.day].steps),
                reason=f"the row {why}",
                remedy=_AGAIN,
                place=f"read for {min(self._days)} to {max(self._days)}",
                record=rejected_text(schema, record, country),
            )
            for record in records_of(schema, table)
        ]

    def _day_of(self, rejected: Rejected) -> date:
        """The day under which a misfit is kept: its own if that can be told, else the first."""
        first, last = min(self._days), max(self._days)
        if rejected.day in self._days:
            return rejected.day
        if not self._stream.day:
            return first
        only_day = Schema((replace(self._stream.schema[self._stream.day], required=True),))
        record = msgspec.json.decode(rejected.record)
        read = convert_records(only_day, [record], self._provenance.context, place="").rows
        if read.num_rows == 0:
            return first
        column, zone = read[self._stream.day], self._provenance.timezone
        day = date.fromordinal(int(row_rules.day_ordinals(column, zone, first, last)[0]))
        return day if day in self._days else first

    def _spill(self) -> None:
        for day in self._days.values():
            day.rows.spill()

    # --- committing

    def commit(
        self, *, requests: int = 0, reasons: Mapping[date, Sequence[str]] | None = None
    ) -> list[LandedDay]:
        """Writes every day of the landing, rows or not, and says what became of each.

        `requests` is what the read took; each day's footer gets a share. `reasons` names the days
        that are only partly known and why (the day is not closed yet): their status is `partial`.
        """
        shares = _shares(requests, len(self._days))
        stream = self._stream
        landed = []
        with self._workspace, writing(self._layout, stream.source, stream.name, self._account):
            for (day, read), share in zip(self._days.items(), shares, strict=True):
                why = [*(reasons or {}).get(day, ()), *self._missing]
                landed.append(self._commit_day(day, read, share, why))
                self._days[day] = _Day(Runs(self._workspace, stream))
        return landed

    def _commit_day(self, day: date, read: _Day, requests: int, why: Sequence[str]) -> LandedDay:
        place = Place(self._stream.source, self._stream.name, self._account, day)
        rows, rejected, names = read.rows.distinct(), read.rejected, self._extra_names
        if self._stream.mode == "merge":
            rejected = rejected + self._still_rejected(place, read.rows, rejected)
            rows = merged(self._layout, self._workspace, self._stream, place, rows)
            names = None if self._layout.data(place).exists() else names

        def told(tally: Tally, digest: str) -> Footer:
            return Footer(
                source=place.source,
                stream=place.stream,
                account=place.account,
                day=day,
                timezone=self._provenance.timezone,
                mode=self._stream.mode,
                run_id=self._provenance.run_id,
                extracted_at=self._provenance.extracted_at,
                api_version=self._provenance.api_version,
                requests=requests,
                rows=tally.rows,
                quarantined=len(rejected),
                duplicates=read.rows.duplicates,
                outside=read.outside,
                totals=tally.totals,
                content_hash=digest,
                status="partial" if why else "complete",
                reasons=list(why),
                schema_fingerprint=footers.fingerprint(self._stream.schema.arrow),
                extra_fields=tally.extra_fields,
                context=dict(self._provenance.context),
            )

        return land(
            self._layout,
            self._workspace,
            self._stream,
            place,
            rows,
            rejected,
            told,
            names=names,
            refresh=self._stream.ttl_days is not None,
        )

    def _still_rejected(
        self, place: Place, rows: Runs, rejected: Sequence[Rejected]
    ) -> list[Rejected]:
        """A merge stream's earlier misfits: the platform need not send them again.

        Those that came again, or whose key came in good order, are not kept a second time.
        """
        old = read_rejected(self._layout, place)
        if not old:
            return []
        again = {each.record for each in rejected}
        keys = {each.record: self._key_of(each.record) for each in old}
        wanted = set(keys.values())
        came = {key for table in rows.all_keys() for key in _keys(table, self._stream.key)} & wanted
        return [each for each in old if each.record not in again and keys[each.record] not in came]

    def _key_of(self, record: str) -> tuple[Any, ...] | None:
        schema = self._stream.schema
        parsed = msgspec.json.decode(record)
        only_key = Schema(tuple(schema[name] for name in self._stream.key))
        read = convert_records(only_key, [parsed], self._provenance.context, place="").rows
        return next(iter(_keys(read, self._stream.key)), None)


def _keys(table: pa.Table, key: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in key), strict=True))


def _shares(whole: int, parts: int) -> list[int]:
    """A number cut into whole shares that add up to it."""
    base, more = divmod(whole, parts)
    return [base + 1] * more + [base] * (parts - more)


def land(
    layout: Layout,
    workspace: Workspace,
    stream: Stream,
    place: Place,
    rows: Iterable[pa.Table],
    rejected: Sequence[Rejected],
    told: Callable[[Tally, str], Footer],
    *,
    names: Set[str] | None = None,
    refresh: bool = False,
) -> LandedDay:
    """Writes a stream-day's file and its quarantine, unless they would say nothing new.

    - `rows`: sorted by key, each key once. They are taken once, and not held.
    - `told`: makes the footer of what was tallied of the rows, and of the content hash.
    - `names`: what `_extra` has at most, if that is known.
    - `refresh`: the footers say that the day was read, also where it says nothing new.

    New misfits are on the disk before the file that counts them, and earlier ones go only after it,
    so that whenever the process dies no record is in neither.
    """
    target, schema = layout.data(place), stream.schema.arrow
    tally = Tally(stream.totals, names)
    held = footers.read(target) if target.exists() else None
    new = workspace.new()

    def said(digest: str) -> Footer:
        footer = told(tally, digest)
        if refresh and held is not None and held.says_the_same(footer):
            return msgspec.structs.replace(footer, known_since=held.known_at)
        return footer

    footer = footers.write(new, schema, rows, said, layout.checkpoint, tally.add)
    if rejected:
        earlier = [each for each in read_rejected(layout, place) if each not in rejected]
        _write_rejected(layout, workspace, place, [*rejected, *earlier], footer)
        layout.checkpoint("after-quarantine")
    change: Change = "changed" if held else "new"
    if held is not None and held.says_the_same(footer):
        change = "unchanged"
        if refresh:
            workspace.replace(new, target)
        else:
            footer = held
            new.unlink()
    else:
        workspace.replace_data(new, place)
    if rejected:
        _write_rejected(layout, workspace, place, rejected, footer, refresh=refresh)
    else:
        remove(layout.quarantined(place))
    return _landed_day(place, target, footer, rejected, change)


def _landed_day(
    place: Place, path: Path, footer: Footer, rejected: Sequence[Rejected], change: Change
) -> LandedDay:
    """A file's footer and its day's misfits as the outcome of a landing."""
    return LandedDay(
        source=place.source,
        stream=place.stream,
        account=place.account,
        day=place.day,
        path=place.file,
        rows=footer.rows,
        bytes=path.stat().st_size,
        quarantined=footer.quarantined,
        duplicates=footer.duplicates,
        outside=footer.outside,
        totals=footer.totals,
        status=footer.status,
        reasons=tuple(footer.reasons),
        extra_fields=tuple(footer.extra_fields),
        misfits=tuple(sorted({each.field for each in rejected})),
        changed=change,
    )


def _write_rejected(
    layout: Layout,
    workspace: Workspace,
    place: Place,
    rejected: Sequence[Rejected],
    footer: Footer,
    *,
    refresh: bool = False,
) -> None:
    """Writes the misfits of a day, in an order that pages do not decide."""
    ordered = sorted(rejected, key=lambda each: (each.record, each.field, each.place))
    if ordered == read_rejected(layout, place) and not refresh:
        return
    columns = {name: [getattr(each, name) for each in ordered] for name in REJECTED_COLUMNS.names}
    new = workspace.new()
    table = pa.table(columns, schema=REJECTED_COLUMNS)
    footers.write(new, table.schema, [table], lambda _digest: footer)
    workspace.replace(new, layout.quarantined(place))


def read_rejected(layout: Layout, place: Place) -> list[Rejected]:
    """The misfits that are kept for a day."""
    path = layout.quarantined(place)
    if not path.exists():
        return []
    return [Rejected(**row) for row in footers.read_rows(path).to_pylist()]
