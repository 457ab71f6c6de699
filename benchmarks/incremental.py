"""What a day costs after two years beside what it costs after a month, and whether it is the same.

Belongs here: homes with a long and a short history, a daily run over each, its parts. Does not: how
anything is read or built.

Both homes read the same world. Each then lives through the same two days: every stream over its own
lookback, as the schedule asks for it, and the build that follows. The sandbox runs beside them and
is not counted. The second day is what is promised of; the first is shown. At last the long home's
warehouse is built from nothing in another place, and every mart's rows are compared.

A history is read in one or two goes, so what platforms tell only of the present (posts' counters)
is there for a few mornings and not for each day of two years.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.process import cpu, in_new_process, peak_mb
from pipelines.commands import sandbox
from pipelines.commands.progress import quiet
from pipelines.commands.run import opened, read_lookbacks
from pipelines.serving import duck
from pipelines.serving.publish import FILE
from pipelines.settings import Settings

# The last morning of the histories. The worlds end a year before, and go on.
NOW = datetime(2026, 6, 30, 6, tzinfo=UTC)
YEAR = timedelta(days=365)
ANCHOR = (NOW - timedelta(days=400)).date()
DAY = timedelta(days=1)
# What is promised: the long home's day costs at most so many of the short one's.
AT_MOST = 1.5


@dataclass(frozen=True)
class Cost:
    """CPU seconds of reading and of building, and the largest process in MB."""

    read: float
    build: float
    peak_mb: float

    @property
    def cpu(self) -> float:
        """Of both."""
        return self.read + self.build


# --- homes


def filled(home: Path, customers: int, runs: Mapping[datetime, int]) -> None:
    """Make a home by `smm run` at those instants, each over so many days; a home that is there
    stays as it is."""
    world = home / "sandbox" / "world.json"
    if world.exists():
        return
    draft = home.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "sandbox").mkdir(parents=True)
    choice = {"anchor": ANCHOR.isoformat(), "seed": 7, "size": customers}
    (draft / "sandbox" / "world.json").write_text(json.dumps(choice))
    for now, days in runs.items():
        subprocess.run(
            [sys.executable, "-m", "pipelines.cli", "run", "--days", str(days)],
            env={**os.environ, "SMM_HOME": str(draft), "SMM_NOW": now.isoformat()},
            check=True,
        )
    draft.rename(home)


@contextmanager
def platforms(home: Path, now: datetime) -> Iterator[Settings]:
    """The world of a home at an instant, served, and the settings that point at it."""
    url = sandbox.free_address()
    settings = Settings(_env_file=None, SMM_HOME=home, SMM_SANDBOX_URL=url, SMM_NOW=now)
    log = home / "logs" / "sandbox.log"
    with sandbox.running(settings, url, log, export_days=60) as wait:
        wait()
        yield settings


# --- measuring


def day(home: Path, now: datetime) -> Cost:
    """What that morning's run takes, in a process of its own and those that it starts."""
    with platforms(home, now) as settings:
        return in_new_process(_day, settings)


def _day(settings: Settings) -> Cost:
    with (
        quiet(settings.home / "logs" / "daily.log") as console,
        opened(settings, console) as session,
    ):
        began = cpu()
        read_lookbacks(session)
        read = cpu()
        session.build()
        failed = [reason for outcome in session.outcomes for reason in outcome.failures.values()]
    if failed:
        raise RuntimeError(f"the daily run of {settings.home} failed: {failed}")
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(peak_mb(resource.getrusage(kind)) for kind in kinds)
    return Cost(read - began, cpu() - read, peak)


def differing(home: Path) -> list[str]:
    """The marts whose rows differ from those of a warehouse built of the lake from nothing."""
    with tempfile.TemporaryDirectory() as directory:
        anew = Path(directory)
        (anew / "lake").symlink_to(home / "lake")
        shutil.copytree(home / "sandbox", anew / "sandbox")
        subprocess.run(
            [sys.executable, "-m", "pipelines.cli", "build"],
            env={**os.environ, "SMM_HOME": str(anew), "SMM_NOW": (NOW + 2 * DAY).isoformat()},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with duck.in_memory() as connection:
            for name, place in (("held", home), ("anew", anew)):
                file = place / "warehouse" / FILE
                connection.execute(f"attach '{file}' as {name} (read_only)")
            marts = [
                row["table_name"]
                for row in duck.rows(
                    connection,
                    "select table_name from duckdb_tables()"
                    " where database_name = 'anew' and schema_name = 'marts' order by table_name",
                )
            ]
            return [mart for mart in marts if _differ(connection, mart)]


def _differ(connection: duck.Connection, mart: str) -> bool:
    held, anew = (f"(select * from {each}.marts.{mart})" for each in ("held", "anew"))
    query = f"""
        select exists (from ({held} except all {anew})) or exists (from ({anew} except all {held}))
    """
    return bool(duck.value(connection, query))


def shown(costs: Mapping[str, tuple[Cost, Cost]]) -> Table:
    """What each day took, after a month and after two years."""
    table = Table(title="a daily run, CPU seconds")
    for column in ("", "after 30 days", "after 2 years", "ratio"):
        table.add_column(column, justify="right" if column else "left")
    for name, (short, long) in costs.items():
        for part in ("read", "build", "cpu"):
            one, other = (float(getattr(cost, part)) for cost in (short, long))
            label = f"{name}, {'both' if part == 'cpu' else part}"
            table.add_row(label, f"{one:.1f}", f"{other:.1f}", f"{other / one:.2f}")
        table.add_row(f"{name}, peak MB", f"{short.peak_mb:.0f}", f"{long.peak_mb:.0f}", "")
    return table


def main() -> int:
    """Measure both homes, compare with a full build; 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.incremental", description="A day's cost after a long history."
    )
    parser.add_argument("--customers", type=int, default=5_000, help="of the world (5000)")
    parser.add_argument(
        "--homes",
        type=Path,
        help="keep the histories there, and use those that are there (a temporary directory)",
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        kept = (asked.homes or Path(directory)).absolute()
        work = Path(directory) / "work"
        for name, runs in (("short", {NOW: 30}), ("long", {NOW - YEAR: 365, NOW: 365})):
            filled(kept / name, asked.customers, runs)
            shutil.copytree(kept / name, work / name, symlinks=True)
        short, long = work / "short", work / "long"
        costs = {
            name: (day(short, now), day(long, now))
            for name, now in (("first day", NOW + DAY), ("second day", NOW + 2 * DAY))
        }
        different = differing(long)
    console = Console()
    console.print(shown(costs))
    one, other = costs["second day"]
    ratio = other.cpu / one.cpu
    promises = (
        (f"at most {AT_MOST:g} x the cost after 30 days", f"{ratio:.2f} x", ratio <= AT_MOST),
        ("the rows of a full build", ", ".join(different) or "equal", not different),
    )
    for promise, told, holds in promises:
        word = "[green]PASS[/]" if holds else "[red]FAIL[/]"
        console.print(f"{word} {promise}: {told}", highlight=False)
    return 0 if all(holds for *_, holds in promises) else 1


if __name__ == "__main__":
    sys.exit(main())
