"""The lake: the one object through which everything else uses it.

Belongs here: the names that others call. Does not: how any of it is done; each has its own module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from pipelines.lake import footer as footers
from pipelines.lake import history, manifest, unfinished
from pipelines.lake.expiry import Expired, expire
from pipelines.lake.fill import Fill, emptied
from pipelines.lake.footer import Footer
from pipelines.lake.history import Version
from pipelines.lake.landing import SPILL_BYTES, LandedDay, Landing, Provenance
from pipelines.lake.layout import Checkpoint, Layout, Place, Stream
from pipelines.lake.quarantine import Quarantine

__all__ = ["Lake", "Place", "Provenance", "Stream"]

# Files before a read with which it is compared: a week has each kind of day once.
COMPARED = 7


class Lake:
    """A directory of stream-day files; it is made when something is first written.

    `checkpoint` is called with the name of each boundary of a write (`mid-file`,
    `after-quarantine`, `after-history`, `before-move`, `after-move`); tests stop the process there.
    """

    def __init__(
        self,
        root: Path,
        *,
        checkpoint: Checkpoint | None = None,
        spill_bytes: int = SPILL_BYTES,
    ) -> None:
        self.root = Path(root)
        self.layout = Layout(self.root, checkpoint) if checkpoint else Layout(self.root)
        self._spill_bytes = spill_bytes

    @property
    def quarantine(self) -> Quarantine:
        """The records that did not fit: `list()` and `replay(streams, run_id=…, now=…)`."""
        return Quarantine(self.layout)

    def landing(
        self,
        stream: Stream,
        account: str,
        days: Sequence[date],
        provenance: Provenance,
        at_once: int = 1,
    ) -> Landing:
        """A landing of those days of that stream and account: `add` batches, then `commit`.

        `at_once` says with how many landings it shares the memory for rows.
        """
        spill = self._spill_bytes // at_once
        return Landing(self.layout, stream, account, days, provenance, spill_bytes=spill)

    def done(self, stream: Stream, account: str, now: datetime) -> frozenset[date]:
        """The days that a read which failed shortly before `now` has landed whole."""
        return unfinished.done(self.layout, stream, account, now)

    def keep_done(
        self, stream: Stream, account: str, landed: Iterable[LandedDay], now: datetime
    ) -> None:
        """Remember what a read landed that failed later on, for the next one to go on from."""
        days = (each.day for each in landed if each.status == "complete")
        unfinished.keep(self.layout, stream, account, days, now)

    def forget_done(self, stream: Stream, account: str) -> None:
        """A read came to its end: the next one reads all that it is asked for."""
        unfinished.forget(self.layout, stream, account)

    def path(self, stream: Stream, account: str, day: date) -> Path:
        """Where that stream-day's file is, or would be."""
        return self.layout.data(Place(stream.source, stream.name, account, day))

    def footer(self, stream: Stream, account: str, day: date) -> Footer | None:
        """What that stream-day's file says about itself; None if it was never read."""
        path = self.path(stream, account, day)
        return footers.read(path) if path.exists() else None

    def rows(self, stream: Stream, account: str, day: date) -> pa.Table:
        """That stream-day's rows; FileNotFoundError if it was never read."""
        return footers.read_rows(self.path(stream, account, day))

    def manifest(self) -> pa.Table:
        """One row per file, read from the footers (columns: `manifest.FILES`)."""
        return manifest.files(self.layout)

    def write_manifest(self, streams: Iterable[Stream]) -> Path:
        """Writes the lists of files, and what dbt reads; returns the path of the former."""
        return manifest.write(self.layout, streams)

    def history(self, stream: Stream, account: str, day: date) -> list[Version]:
        """Every version of that stream-day, oldest first, the present one last."""
        return history.versions(self.layout, Place(stream.source, stream.name, account, day))

    def restatements(self) -> pa.Table:
        """By how much each platform changed its mind (columns: `history.RESTATEMENTS`)."""
        return history.restatements(self.layout)

    def expire(self, streams: Iterable[Stream], now: datetime) -> list[Expired]:
        """Takes out what has outlived its stream's time to live, from the months too."""
        gone = expire(self.layout, streams, now)
        if gone:
            among = {(each.source, each.stream) for each in gone}
            manifest.write_months(self.layout, among)
        return gone

    def emptied(self, landed: Iterable[LandedDay]) -> list[str]:
        """The fields that came with a read's days no more, by account and all days together.

        Compared with what those days' files held before the read, and with the week before it.
        """
        by_account: dict[str, list[LandedDay]] = defaultdict(list)
        for each in landed:
            by_account[each.account].append(each)
        found = {name for days in by_account.values() for name in self._emptied(days)}
        return sorted(found)

    def _emptied(self, days: Sequence[LandedDay]) -> list[str]:
        now = Fill(self.root / each.path for each in days if each.rows)
        places = [Place(each.source, each.stream, each.account, each.day) for each in days]
        replaced = [
            self.layout.versions(place)[-1][1]
            for place, each in zip(places, days, strict=True)
            if each.changed == "changed"
        ]
        first = min(places)
        week = (
            self.layout.data(replace(first, day=first.day - timedelta(days=back + 1)))
            for back in range(COMPARED)
        )
        return emptied(Fill([*replaced, *(path for path in week if path.exists())]), now)

    def lacking_since(self, landed: Iterable[LandedDay]) -> dict[str, date]:
        """Since which day each reason of a read's files stands in every file up to them.

        Of several accounts the one that lacks it longest decides. A day without a file tells
        nothing, and breaks nothing.
        """
        newest: dict[tuple[str, str], LandedDay] = {}
        for each in sorted(landed, key=lambda each: each.day):
            newest.update({(each.account, reason): each for reason in each.reasons})
        found: dict[str, date] = {}
        for (_, reason), last in newest.items():
            first = self._first_with(reason, last)
            found[reason] = min(first, found.get(reason, first))
        return found

    def _first_with(self, reason: str, last: LandedDay) -> date:
        first = last.day
        for day in self.layout.days(last.source, last.stream, last.account):
            if day > last.day:
                continue
            place = Place(last.source, last.stream, last.account, day)
            if reason not in footers.read(self.layout.data(place)).reasons:
                break
            first = day
        return first

    def as_of(self, instant: datetime, into: Path) -> Lake:
        """A lake in `into` with every file as it was at that instant, manifest included."""
        past = Lake(history.as_of(self.layout, instant, into).root)
        past.write_manifest(())
        return past
