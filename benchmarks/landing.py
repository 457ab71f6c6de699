"""Reading and landing insights rows, against the floor and against the usual way.

Belongs here: the contestants and their table. Does not: asserting anything (machines differ; the
ratios of one run are what to look at).

Each contestant runs in a process of its own over the same pages from a local server:

- `download`: `requests` and nothing else; what nobody can go below;
- `parse`: the same, and every page decoded to Python objects;
- `usual`: one dict a row, `pyarrow.Table.from_pylist`, one Parquet file: no types beyond what is
  guessed, nothing kept of what does not fit, no days, no history;
- `ours`: connector types, unknown fields, quarantine, one file a day with footer and content hash.
"""

from __future__ import annotations

import argparse
import gzip
import http.server
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import requests
from rich.console import Console
from rich.table import Table

from benchmarks.process import cpu, in_new_process, peak_mb
from pipelines.connectors.meta_ads import STREAMS
from pipelines.lake.convert import convert_records
from pipelines.lake.landing import Provenance
from pipelines.lake.store import Lake

FIRST, DAYS, PAGE = date(2026, 5, 1), 28, 1_000
STREAM = next(stream for stream in STREAMS if stream.name == "insights_ad")


@dataclass(frozen=True)
class Cost:
    """What a contestant took."""

    name: str
    cpu_seconds: float
    wall_seconds: float
    peak_mb: float


def record(number: int) -> dict[str, object]:
    """One row of ad insights, 1 KB of JSON, as Meta writes it."""
    ad = number // DAYS
    actions = [
        {"action_type": kind, "value": str(number % 7), "1d_view": "0", "7d_click": str(number % 7)}
        for kind in (
            "link_click",
            "page_engagement",
            "purchase",
            "omni_purchase",
            "landing_page_view",
        )
    ]
    day = (FIRST + timedelta(days=number % DAYS)).isoformat()
    return {
        "account_id": "301000000000001",
        "campaign_id": str(23854404000000000 + ad // 12),
        "campaign_name": f"ID | Prospecting | {ad // 12:03}",
        "adset_id": str(23854504000000000 + ad // 4),
        "adset_name": f"Ad set {ad // 4}",
        "ad_id": str(23854604000000000 + ad),
        "ad_name": f"Ad {ad}",
        "spend": f"{number % 99_991}.{number % 100:02}",
        "impressions": str(number % 9_973),
        "clicks": str(number % 89),
        "inline_link_clicks": str(number % 71),
        "reach": str(number % 7_919),
        "actions": actions,
        "action_values": actions[2:4],
        "date_start": day,
        "date_stop": day,
    }


def pages(rows: int) -> list[bytes]:
    """The wire bytes of every page."""
    return [
        gzip.compress(json.dumps({"data": [record(n) for n in range(at, at + PAGE)]}).encode(), 1)
        for at in range(0, rows, PAGE)
    ]


def serve(bodies: list[bytes]) -> http.server.ThreadingHTTPServer:
    """A server that hands out page n at /n."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = bodies[int(self.path[1:])]
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Silence: a line a page is no part of what is measured."""

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def fetched(url: str, count: int) -> Iterator[bytes]:
    """Every page's decompressed bytes."""
    session = requests.Session()
    session.trust_env = False
    for number in range(count):
        yield session.get(f"{url}/{number}", timeout=60).content


def download(url: str, count: int, _directory: Path) -> None:
    """The floor."""
    for _ in fetched(url, count):
        pass


def parse(url: str, count: int, _directory: Path) -> None:
    """The floor with Python objects."""
    for body in fetched(url, count):
        msgspec.json.decode(body)


def usual(url: str, count: int, directory: Path) -> None:
    """Dicts to one Parquet file."""
    rows = [row for body in fetched(url, count) for row in msgspec.json.decode(body)["data"]]
    pq.write_table(pa.Table.from_pylist(rows), directory / "rows.parquet", compression="zstd")


def ours(url: str, count: int, directory: Path) -> None:
    """What a run of the product does with these pages."""
    context = {"account_id": "301000000000001", "currency": "IDR", "timezone": "Asia/Jakarta"}
    days = [FIRST + timedelta(days=n) for n in range(DAYS)]
    now = datetime(2026, 6, 30, tzinfo=UTC)
    provenance = Provenance(
        run_id="bench", extracted_at=now, timezone="Asia/Jakarta", api_version="", context=context
    )
    with Lake(directory).landing(STREAM, "301000000000001", days, provenance) as landing:
        for number, body in enumerate(fetched(url, count)):
            records = msgspec.json.decode(body)["data"]
            landing.add(convert_records(STREAM.schema, records, context, place=f"page {number}"))
        landing.commit(requests=count, reasons={})


CONTESTANTS: tuple[Callable[[str, int, Path], None], ...] = (download, parse, usual, ours)


def measured(run: Callable[[str, int, Path], None], url: str, count: int) -> Cost:
    """The cost of a contestant in a new process."""
    return in_new_process(_run, run, url, count)


def _run(run: Callable[[str, int, Path], None], url: str, count: int) -> Cost:
    with tempfile.TemporaryDirectory() as directory:
        before, began = cpu(), time.perf_counter()
        run(url, count, Path(directory))
        return Cost(run.__name__, cpu() - before, time.perf_counter() - began, peak_mb())


def main() -> None:
    """Measure every contestant and print one table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Read and land rows, beside the floor."
    )
    parser.add_argument("--rows", type=int, default=100_000, help="rows to read (100000)")
    rows = parser.parse_args().rows // PAGE * PAGE
    bodies = pages(rows)
    server = serve(bodies)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    costs = [measured(run, url, len(bodies)) for run in CONTESTANTS]
    server.shutdown()
    floor = next(cost.cpu_seconds for cost in costs if cost.name == "parse")
    table = Table(title=f"{rows:,} rows of ad insights in {len(bodies)} pages")
    for column in ("", "CPU s", "CPU s / million rows", "× parse", "wall s", "peak MB"):
        table.add_column(column, justify="right" if column else "left")
    for cost in costs:
        table.add_row(
            cost.name,
            f"{cost.cpu_seconds:.2f}",
            f"{cost.cpu_seconds / rows * 1e6:.1f}",
            f"{cost.cpu_seconds / floor:.2f}",
            f"{cost.wall_seconds:.2f}",
            f"{cost.peak_mb:.0f}",
        )
    Console().print(table)
