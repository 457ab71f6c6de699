"""Landing against its floors and against dlt doing the same, as ratios of one run.

Belongs here: the contestants, their measure, what is promised. Does not: the pages (`pages`).

Each contestant runs in a process of its own, over the same packed pages of a local server; what it
imports is loaded before its clock starts. All but the floors keep every field:

- `download`: `requests` and nothing else;
- `floor`: the same, and each page decoded into typed structs of the fields that our stream has;
- `ours`: what a run does: client, paging, types, unknown fields, quarantine, Parquet, footers;
- `dlt rest`: dlt's REST source into Parquet files, tuned: one worker a step, large buffers;
- `dlt flat`: the same without tables for what is nested, which then is text;
- `dlt arrow`: dlt given Arrow tables made of each page's objects, as its manual does;
- `dlt arrow json`: the same, with tables that Arrow's own JSON reader makes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import requests
from rich.console import Console
from rich.table import Table

from benchmarks import pages
from benchmarks.process import cpu, in_new_process, peak_mb
from pipelines.connectors.meta_ads import MetaAds, meta_ads
from pipelines.connectors.shopify import Shopify
from pipelines.connectors.stream import Source, Stream
from pipelines.ingest import ingest
from pipelines.lake.schema import Field
from pipelines.lake.store import Lake

# What is promised of `ours`.
MOST_OF_FLOOR = 4.0
LESS_THAN_REST = 15.0
LESS_THAN_ARROW = 2.0
PEAK_MB = 250.0
# What counts as growth: allocators keep some of what they had.
GROWTH_MB = 60.0
# How often each contestant is measured, one after another: what else goes on in the machine adds to
# what a run takes, and comes and goes.
RUNS = 3
# Orders of which a day's alone are twice what is held in memory.
LARGE = 120_000


@dataclass(frozen=True)
class Kind:
    """One kind of page: how many rows are read of it, and where they are in an answer."""

    name: str
    rows: int
    a_page: int
    path: tuple[str, ...]

    @property
    def count(self) -> int:
        """The pages."""
        return self.rows // self.a_page

    def url(self, root: str, number: int) -> str:
        """Where a contestant that is not ours finds page `number`."""
        return f"{root}/{self.name}?after={number}"


@dataclass(frozen=True)
class Cost:
    """What a contestant took."""

    cpu: float
    wall: float
    peak_mb: float


# --- contestants


def bodies(kind: Kind, root: str) -> Iterator[bytes]:
    """Every page's bytes, unpacked."""
    session = requests.Session()
    session.trust_env = False
    for number in range(kind.count):
        yield session.get(kind.url(root, number), timeout=60).content


def download(kind: Kind, root: str, _: Path) -> None:
    """The floor of floors."""
    for _body in bodies(kind, root):
        pass


def floor(kind: Kind, root: str, _: Path) -> None:
    """What nobody can go below who looks at the rows."""
    decoder = msgspec.json.Decoder(_answer(kind))
    for body in bodies(kind, root):
        decoder.decode(body)


def ours(kind: Kind, root: str, directory: Path) -> None:
    """What a run of the product does with these pages."""
    source, stream = _source(kind, root)
    last = pages.FIRST + timedelta(days=pages.DAYS - 1)
    now = datetime(2026, 6, 30, tzinfo=UTC)
    result = ingest(source, stream, Lake(directory), pages.FIRST, last, run_id="bench", now=now)
    landed = sum(day.rows for day in result.landed)
    assert landed == kind.rows, f"{landed} rows landed of {kind.rows}"
    assert not any(day.quarantined for day in result.landed)


def dlt_rest(kind: Kind, root: str, directory: Path, nesting: int | None = None) -> None:
    """dlt's own REST source."""
    from dlt.sources.rest_api import rest_api_resources

    resources = rest_api_resources(
        {
            "client": {"base_url": root},
            "resources": [
                {
                    "name": kind.name,
                    "max_table_nesting": nesting,
                    "endpoint": {
                        "path": kind.name,
                        "data_selector": ".".join(kind.path),
                        "paginator": {
                            "type": "page_number",
                            "page_param": "after",
                            "base_page": 0,
                            "total_path": None,
                            "maximum_page": kind.count,
                            "stop_after_empty_page": False,
                        },
                    },
                }
            ],
        }
    )
    _pipeline(directory).run(resources, loader_file_format="parquet", write_disposition="append")


def dlt_flat(kind: Kind, root: str, directory: Path) -> None:
    """dlt's own REST source without child tables."""
    dlt_rest(kind, root, directory, nesting=0)


def dlt_arrow(kind: Kind, root: str, directory: Path) -> None:
    """dlt given tables that are made of each page's objects, as its manual does."""
    import orjson
    import pyarrow as pa

    def table(body: bytes) -> Any:
        records = orjson.loads(body)
        for step in kind.path:
            records = records[step]
        return pa.Table.from_pylist(records)

    _load_tables(kind, root, directory, table)


def dlt_arrow_json(kind: Kind, root: str, directory: Path) -> None:
    """dlt given tables that Arrow's own JSON reader makes of each page: the least it can cost."""
    import pyarrow as pa
    import pyarrow.json as arrow_json

    split = msgspec.json.Decoder(_nested(kind.path, list[msgspec.Raw]))

    def table(body: bytes) -> Any:
        records = split.decode(body)
        for step in kind.path:
            records = getattr(records, step)
        return arrow_json.read_json(pa.BufferReader(b"\n".join(records)))

    _load_tables(kind, root, directory, table)


def _load_tables(kind: Kind, root: str, directory: Path, table: Callable[[bytes], Any]) -> None:
    import dlt

    @dlt.resource(name=kind.name)
    def tables() -> Iterator[Any]:
        yield from map(table, bodies(kind, root))

    _pipeline(directory).run(tables(), loader_file_format="parquet", write_disposition="append")


CONTESTANTS: dict[str, Callable[[Kind, str, Path], None]] = {
    "download": download,
    "floor": floor,
    "ours": ours,
    "dlt rest": dlt_rest,
    "dlt flat": dlt_flat,
    "dlt arrow": dlt_arrow,
    "dlt arrow json": dlt_arrow_json,
}


def _source(kind: Kind, root: str) -> tuple[Source, Stream]:
    source: MetaAds | Shopify
    if kind.name == "orders":
        source = Shopify({pages.SHOP: "token"}, base_url=root, version="2026-01")
        return source, next(each for each in source.streams if each.name == "orders")
    source = meta_ads("token", [pages.ACCOUNT], base_url=root, version="v25.0")
    return source, next(each for each in source.streams if each.name == "insights_ad")


def _answer(kind: Kind) -> Any:
    """The type of a page with the fields of our stream."""
    _, stream = _source(kind, "http://localhost")
    return _nested(kind.path, list[_typed(stream.schema.fields)])


def _nested(path: tuple[str, ...], inner: Any) -> Any:
    for step in reversed(path):
        inner = msgspec.defstruct("Answer", [(step, inner)], gc=False)
    return inner


def _typed(fields: tuple[Field, ...]) -> Any:
    """A struct of those fields, found where their paths lead."""
    tree: dict[str, Any] = {}
    for each in fields:
        if not each.path.startswith("@"):
            *branches, leaf = each.steps
            level = tree
            for step in branches:
                level = level.setdefault(step, {})
            below = list[_typed(each.fields)] if each.kind == "list" else str
            level[leaf] = _TYPES.get(each.name) or _TYPES.get(each.kind) or below
    return _struct(tree)


_WINDOWS = ("action_type", "value", "1d_view", "1d_click", "7d_click", "28d_click")
_ACTION = msgspec.defstruct(
    "Action",
    [(f"f{n}", str, "") for n in range(len(_WINDOWS))],
    rename={f"f{n}": name for n, name in enumerate(_WINDOWS)},
    gc=False,
)
_TYPES: dict[str, Any] = {
    "boolean": bool,
    "integer": int | str,
    "actions": list[_ACTION],
    "action_values": list[_ACTION],
    "discount_codes": list[str],
}


def _struct(tree: dict[str, Any]) -> Any:
    return msgspec.defstruct(
        "Row",
        [
            (name, (_struct(below) if isinstance(below, dict) else below) | None, None)
            for name, below in tree.items()
        ],
        gc=False,
    )


def _pipeline(directory: Path) -> Any:
    import dlt

    os.environ.update(
        {
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "CRITICAL",
            "EXTRACT__WORKERS": "1",
            "NORMALIZE__WORKERS": "1",
            "LOAD__WORKERS": "1",
            "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
        }
    )
    return dlt.pipeline(
        "bench",
        pipelines_dir=str(directory / "pipelines"),
        destination=dlt.destinations.filesystem(f"file://{directory / 'lake'}"),
        dataset_name="bench",
    )


# --- measuring


def measured(
    contestants: Iterable[str], kind: Kind, root: str, runs: int = RUNS
) -> dict[str, Cost]:
    """What each costs in a new process and whatever it starts: the least of some rounds of all."""
    rounds = [
        {name: in_new_process(_run, name, kind, root) for name in contestants} for _ in range(runs)
    ]
    return {name: _least([costs[name] for costs in rounds]) for name in rounds[0]}


def _least(costs: Sequence[Cost]) -> Cost:
    """The run that took least CPU time, with the memory of the one that took most."""
    least = min(costs, key=lambda cost: cost.cpu)
    return replace(least, peak_mb=max(cost.peak_mb for cost in costs))


def _run(contestant: str, kind: Kind, root: str) -> Cost:
    # Loaded before the clock starts, where they would be loaded late.
    import dateutil.relativedelta  # noqa: F401
    import numpy.ma  # noqa: F401
    import pyarrow.json  # noqa: F401

    with tempfile.TemporaryDirectory() as directory:
        before, began = cpu(), time.perf_counter()
        CONTESTANTS[contestant](kind, root, Path(directory))
        peak = peak_mb()
        return Cost(cpu() - before, time.perf_counter() - began, peak)


def verdicts(costs: dict[str, Cost], third: Cost) -> Iterator[tuple[str, str, bool]]:
    """What is promised, what was measured, and whether the promise is kept."""
    ours = costs["ours"]
    of_floor = ours.cpu / costs["floor"].cpu
    rest, arrow = (costs[name].cpu / ours.cpu for name in ("dlt rest", "dlt arrow"))
    grown = ours.peak_mb - third.peak_mb
    yield f"at most {MOST_OF_FLOOR:g} x the floor", f"{of_floor:.1f} x", of_floor <= MOST_OF_FLOOR
    yield f"{LESS_THAN_REST:g} x less than dlt rest", f"{rest:.1f} x", rest >= LESS_THAN_REST
    yield f"{LESS_THAN_ARROW:g} x less than dlt arrow", f"{arrow:.1f} x", arrow >= LESS_THAN_ARROW
    yield f"peak below {PEAK_MB:g} MB", f"{ours.peak_mb:.0f} MB", ours.peak_mb < PEAK_MB
    yield (
        "peak does not grow with pages",
        f"{grown:+.0f} MB for three times the pages",
        grown < GROWTH_MB,
    )


def large_verdict(kind: Kind, cost: Cost) -> tuple[str, str, bool]:
    """What is promised of days that memory does not hold: promise, measure, whether it is kept."""
    promise = f"peak below {PEAK_MB:g} MB with {kind.rows // pages.DAYS:,} a day"
    return promise, f"{cost.peak_mb:.0f} MB", cost.peak_mb < PEAK_MB


def shown(kind: Kind, costs: dict[str, Cost]) -> Table:
    """What each contestant took."""
    table = Table(title=f"{kind.rows:,} {kind.name} in {kind.count} pages")
    for column in ("", "CPU s", "CPU s / million rows", "x floor", "x ours", "wall s", "peak MB"):
        table.add_column(column, justify="right" if column else "left")
    for name, cost in costs.items():
        table.add_row(
            name,
            f"{cost.cpu:.2f}",
            f"{cost.cpu / kind.rows * 1e6:.1f}",
            f"{cost.cpu / costs['floor'].cpu:.1f}",
            f"{cost.cpu / costs['ours'].cpu:.1f}",
            f"{cost.wall:.1f}",
            f"{cost.peak_mb:.0f}",
        )
    return table


def main() -> int:
    """Measure every contestant on both kinds of page; 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.extract", description="Landing, beside its floors and dlt."
    )
    parser.add_argument("--orders", type=int, default=18_000, help="rows to read (18000)")
    parser.add_argument(
        "--large",
        type=int,
        default=LARGE,
        help=f"orders of a read that memory is measured of ({LARGE})",
    )
    parser.add_argument("--insights", type=int, default=60_000, help="rows to read (60000)")
    asked = parser.parse_args()
    kinds = (
        Kind("orders", asked.orders, pages.ORDERS_A_PAGE, ("data", "orders", "nodes")),
        Kind("insights", asked.insights, pages.INSIGHTS_A_PAGE, ("data",)),
    )
    console, kept = Console(), True
    with pages.serving(asked.orders, asked.insights) as root:
        found = [measured(CONTESTANTS, kind, root) for kind in kinds]
    with pages.serving(asked.orders // 3, asked.insights // 3) as root:
        fewer = [replace(kind, rows=kind.rows // 3) for kind in kinds]
        thirds = [measured(("ours",), kind, root)["ours"] for kind in fewer]
    large = replace(kinds[0], rows=asked.large)
    with pages.serving(asked.large, pages.INSIGHTS_A_PAGE) as root:
        # Memory alone is looked at, which one run tells.
        of_large = large_verdict(large, measured(("ours",), large, root, runs=1)["ours"])
    more: tuple[list[tuple[str, str, bool]], ...] = ([of_large], [])
    for kind, costs, third, others in zip(kinds, found, thirds, more, strict=True):
        console.print(shown(kind, costs))
        for promise, told, holds in [*verdicts(costs, third), *others]:
            kept &= holds
            word = "[green]PASS[/]" if holds else "[red]FAIL[/]"
            console.print(f"{word} {kind.name}: {promise}: {told}", highlight=False)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
