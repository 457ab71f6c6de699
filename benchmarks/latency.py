"""Reading from platforms that take their time: one request after another, and side by side.

Belongs here: wall time where waiting decides. Does not: what landing costs (`extract`).

The sandbox answers each request 300 ms late, in pages of twenty rows. The same streams over the
same days are read request after request, and as a run reads them: slices of a stream at once,
accounts at once, sources at once. Of one slice the pages come one by one, so a single stream gains
as far as it has slices; what is promised is for all together.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipelines.connectors.read import HttpSource
from pipelines.connectors.registry import STREAMS, build_sources
from pipelines.connectors.stream import Account, Batch, Source, Stream, Window
from pipelines.defs.ahead import Ahead, Wanted
from pipelines.ingest import IngestResult, ingest
from pipelines.lake.store import Lake
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import WorldConfig
from pipelines.settings import Settings

NOW = datetime(2026, 6, 30, 9, tzinfo=UTC)
LAST = NOW.date() - timedelta(days=1)
SECONDS = 0.3
# What is promised: at most a quarter of the time.
AT_MOST = 0.25
# Each with a stream that takes many requests.
ASKED: Mapping[str, str] = {
    "meta_ads": "insights_ad",
    "shopify": "orders",
    "tiktok_ads": "reports_ad",
    "google_ads": "ad_daily",
}


@dataclass
class Alone:
    """One account of a source, whose windows are read one after another."""

    whole: Source
    account: Account
    readers: int = 1

    def __post_init__(self) -> None:
        self.name, self.streams, self.stats = self.whole.name, self.whole.streams, self.whole.stats

    def accounts(self) -> list[Account]:
        """That account."""
        return [self.account]

    def read(self, stream: Stream, account: Account, window: Window) -> Iterator[Batch]:
        """What the source reads."""
        return self.whole.read(stream, account, window)


def timed(url: str, streams: Sequence[Stream], first: date, *, at_once: bool) -> tuple[float, int]:
    """Seconds and requests that these streams take, into a new lake."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(_env_file=None, SMM_HOME=Path(home), SMM_SANDBOX_URL=url, SMM_NOW=NOW)
        sources, lake = build_sources(settings), Lake(settings.lake)
        # What the accounts are is asked for once; days are read again and again.
        accounts = {stream: sources[stream.source].accounts() for stream in streams}

        def read(source: Source, stream: Stream) -> IngestResult:
            return ingest(source, stream, lake, first, LAST, run_id="bench", now=NOW)

        began = time.perf_counter()
        if at_once:
            wanted = [Wanted(stream, first, LAST, "bench") for stream in streams]
            with Ahead(wanted, lambda each: read(sources[each.stream.source], each.stream)) as all_:
                results = [found for each in wanted if (found := all_.result(each))]
        else:
            results = [
                read(Alone(sources[stream.source], account), stream)
                for stream in streams
                for account in accounts[stream]
            ]
        return time.perf_counter() - began, sum(result.stats.requests for result in results)


def main() -> int:
    """Measure each source, and all at once; 1 where the promise is not kept."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.latency", description="Reading slow platforms side by side."
    )
    parser.add_argument("--days", type=int, default=90, help="days to read (90)")
    first = LAST - timedelta(days=parser.parse_args().days - 1)
    streams = {
        source: next(each for each in STREAMS[source] if each.name == name)
        for source, name in ASKED.items()
    }
    cases = {f"{source}.{ASKED[source]}": [stream] for source, stream in streams.items()}
    cases["all of them"] = list(streams.values())
    table = Table(title=f"each answer {SECONDS * 1000:.0f} ms late, {HttpSource.readers} readers")
    for column in ("", "requests", "one by one, s", "side by side, s", "ratio"):
        table.add_column(column, justify="right" if column else "left")
    ratio = 1.0
    config = WorldConfig(anchor=NOW.date(), size=100, history_days=95, campaigns=4)
    with Sandbox(config, NOW) as sandbox:
        for name, asked in cases.items():
            # The world makes a day when it is first asked for: that is not what is measured.
            timed(sandbox.url, asked, first, at_once=False)
            sandbox.control.faults(
                {"kind": "slow", "seconds": SECONDS}, {"kind": "short_page", "rows": 20}
            )
            alone, requests = timed(sandbox.url, asked, first, at_once=False)
            together, _ = timed(sandbox.url, asked, first, at_once=True)
            sandbox.control.faults()
            ratio = together / alone
            table.add_row(name, str(requests), f"{alone:.1f}", f"{together:.1f}", f"{ratio:.2f}")
    kept = ratio <= AT_MOST
    word = "[green]PASS[/]" if kept else "[red]FAIL[/]"
    console = Console()
    console.print(table)
    console.print(f"{word} all of them: at most {AT_MOST:g} of the time: {ratio:.2f}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
