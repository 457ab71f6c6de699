"""What a read that failed had done, so that the next one goes on where it stopped.

Belongs here: the days that need not be asked for again. Does not: why a read failed, or which days
are read (`pipelines.ingest`).

A quota that is spent after sixty of ninety days would otherwise be spent on the same sixty again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from pipelines.lake.files import Workspace, remove
from pipelines.lake.layout import ALL_DAYS, Layout, Place, Stream

# A day's quota is back a day later, and the day's run may come some hours after that. Longer, and
# what the platform restated meanwhile would be missed.
GOES_ON_WITHIN = timedelta(hours=36)


class Unfinished(msgspec.Struct, frozen=True):
    """The first failed read of a row of them, and the days read for good since then."""

    began: datetime
    done: frozenset[date] = frozenset()


def done(layout: Layout, stream: Stream, account: str, now: datetime) -> frozenset[date]:
    """The days that reads which failed shortly before `now` have landed whole."""
    kept = _kept(layout, stream, account, now)
    return kept.done if kept else frozenset()


def keep(layout: Layout, stream: Stream, account: str, days: Iterable[date], now: datetime) -> None:
    """A read of that account failed; it and those before it landed these days whole."""
    kept = _kept(layout, stream, account, now) or Unfinished(now)
    whole = msgspec.structs.replace(kept, done=kept.done | frozenset(days))
    with Workspace(layout) as workspace:
        new = workspace.new(".json")
        new.write_bytes(msgspec.json.encode(whole, order="deterministic"))
        workspace.replace(new, _path(layout, stream, account))


def forget(layout: Layout, stream: Stream, account: str) -> None:
    """A read of that account came to its end."""
    remove(_path(layout, stream, account))


def _kept(layout: Layout, stream: Stream, account: str, now: datetime) -> Unfinished | None:
    """What is known of reads that failed; None where there is none, or it is too old."""
    try:
        kept = msgspec.json.decode(_path(layout, stream, account).read_bytes(), type=Unfinished)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return kept if now - kept.began < GOES_ON_WITHIN else None


def _path(layout: Layout, stream: Stream, account: str) -> Path:
    file = Place(stream.source, stream.name, account, ALL_DAYS).file
    return layout.manifest.parent / "unfinished" / file.parent.parent / f"{file.stem}.json"
