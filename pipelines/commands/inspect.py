"""The commands that look and tell: history, quarantine, expiry, publishing.

Belongs here: what is shown of them. Does not: Dagster runs (`run`), the state of
a set-up (`doctor`).
"""

from __future__ import annotations

from datetime import date

import pyarrow.compute as pc
from rich.console import Console

from pipelines.commands.errors import UsageError
from pipelines.commands.summary import number
from pipelines.commands.tables import new_table, wide_console
from pipelines.connectors.registry import all_streams
from pipelines.connectors.stream import Stream
from pipelines.lake.layout import Place
from pipelines.lake.store import Lake
from pipelines.serving.lock import warehouse_lock
from pipelines.serving.publish import FILE, publish
from pipelines.settings import Settings

SHOWN = 50
EXPIRED_PARTS = ("rows", "history", "quarantined")


def publish_now(settings: Settings) -> str:
    """Publish the last build, outside of any Dagster run; what came of it, in a sentence."""
    with warehouse_lock(settings.warehouse):
        done = publish(
            settings.warehouse / FILE,
            settings.published,
            run_id="smm publish",
            manifest=settings.lake / "_meta" / "files.parquet",
        )
    what = "Published" if done.changed else "Nothing new to publish; readers have"
    return f"{what} version {done.version}: {done.path}"


def show_history(
    settings: Settings, source: str | None, stream: str | None, day: date | None
) -> None:
    """The restatement ledger, or every version of one day's files."""
    lake, console = Lake(settings.lake), wide_console()
    if day is not None:
        _show_versions(console, lake, _stream(source, stream), day)
        return
    _streams(source or "", stream or "")
    ledger = lake.restatements()
    for column, wanted in (("source", source), ("stream", stream)):
        if wanted:
            ledger = ledger.filter(pc.equal(ledger[column], wanted))
    if not ledger.num_rows:
        console.print("No platform has changed its mind about a day in the lake.")
        return
    order = [("replaced_at", "descending"), ("day", "descending"), ("column", "ascending")]
    newest = ledger.sort_by(order).slice(0, SHOWN).to_pylist()
    table = new_table("replaced (UTC)", "stream", "account", "day", "total", ">before", ">after")
    for row in newest:
        table.add_row(
            f"{row['replaced_at']:%Y-%m-%d %H:%M}",
            f"{row['source']}/{row['stream']}",
            row["account"],
            str(row["day"]),
            row["column"],
            number(row["before"], 2),
            number(row["after"], 2),
        )
    console.print(table)
    if ledger.num_rows > SHOWN:
        console.print(f"{ledger.num_rows - SHOWN:,} more; narrow it with SOURCE STREAM or --day")


def show_quarantine(settings: Settings, source: str, stream: str) -> None:
    """What is in quarantine, by reason, with the newest example of each."""
    console = wide_console()
    _streams(source, stream)
    found = Lake(settings.lake).quarantine.list(source, stream)
    if not found.num_rows:
        console.print("Nothing is in quarantine.")
        return
    table = new_table("stream", "account", "day", "where", "field", "reason", "remedy")
    for row in found.slice(0, SHOWN).to_pylist():
        table.add_row(
            f"{row['source']}/{row['stream']}",
            row["account"],
            str(row["day"]),
            *(str(row[name] or "") for name in ("place", "field", "reason", "remedy")),
        )
    console.print(table)
    console.print(f"{found.num_rows:,} records. After a fix: smm quarantine replay")


def replay_quarantine(settings: Settings, source: str, stream: str) -> None:
    """Try again, and say what landed and what remains."""
    console = wide_console()
    done = Lake(settings.lake).quarantine.replay(
        _streams(source, stream), run_id="smm quarantine replay", now=settings.now()
    )
    landed = sum(each.replayed for each in done)
    remaining = sum(each.remaining for each in done)
    console.print(f"{landed:,} records landed, {remaining:,} remain in quarantine.")
    if landed:
        console.print("smm build brings them into the marts.")


def expire_rows(settings: Settings) -> None:
    """Take out what has outlived its stream's time to live, and say what went."""
    console = wide_console()
    gone = Lake(settings.lake).expire(all_streams(), settings.now())
    if not gone:
        console.print("Nothing in the lake has outlived its stream's time to live.")
        return
    table = new_table("stream", ">days", ">rows", ">rows of history", ">records in quarantine")
    for name in sorted({(each.source, each.stream) for each in gone}):
        mine = [each for each in gone if (each.source, each.stream) == name]
        counts = (sum(getattr(each, part) for each in mine) for part in EXPIRED_PARTS)
        table.add_row("/".join(name), f"{len(mine):,}", *(f"{count:,}" for count in counts))
    console.print(table)
    console.print("smm build takes them out of the marts.")


def _streams(source: str, stream: str) -> list[Stream]:
    """The streams of that source and that name, where empty means any; UsageError if none is."""
    declared = all_streams()
    found = [each for each in declared if source in ("", each.source) and stream in ("", each.name)]
    if not found:
        known = ", ".join(f"{each.source} {each.name}" for each in declared)
        raise UsageError(f"no stream {source or '*'} {stream or '*'}; known: {known}")
    return found


def _stream(source: str | None, stream: str | None) -> Stream:
    declared = {(each.source, each.name): each for each in all_streams()}
    if (source, stream) not in declared:
        known = ", ".join(f"{a} {b}" for a, b in sorted(declared))
        raise UsageError(f"--day needs SOURCE and STREAM; known: {known}")
    return declared[source or "", stream or ""]


def _show_versions(console: Console, lake: Lake, stream: Stream, day: date) -> None:
    table = new_table("account", "read (UTC)", ">rows", "status", "totals", "content")
    places: set[Place] = {*lake.layout.places(), *lake.layout.replaced_places()}
    for place in sorted(places):
        if (place.source, place.stream, place.day) != (stream.source, stream.name, day):
            continue
        for version in lake.history(stream, place.account, day):
            footer = version.footer
            totals = ", ".join(f"{name} {total}" for name, total in footer.totals.items())
            table.add_row(
                place.account,
                f"{footer.extracted_at:%Y-%m-%d %H:%M}",
                f"{footer.rows:,}",
                footer.status,
                totals,
                footer.content_hash[:12],
            )
    console.print(table if table.row_count else f"{day} was never read.")
