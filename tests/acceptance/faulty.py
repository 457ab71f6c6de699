"""Dagster runs over a sandbox whose platforms fail or change: driving them, and what came of it."""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq

from pipelines.commands.runs import QUIET, open_instance
from pipelines.connectors.http import Clock
from pipelines.connectors.registry import all_streams, build_sources
from pipelines.definitions import build_defs
from pipelines.defs.jobs import BACKFILL
from pipelines.defs.partitions import range_tags
from pipelines.defs.resources import Workspace, workspace_resource
from pipelines.lake.store import Lake
from pipelines.sandbox import credentials
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import MARKETS, World, WorldConfig
from pipelines.settings import Settings

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
CONFIG = WorldConfig(anchor=date(2026, 11, 1), size=250, history_days=25, campaigns=6)
LAST = date(2026, 10, 31)
FIRST = LAST - timedelta(days=2)

PAGE_TOKENS = tuple(credentials.page_token(market.page_id) for market in MARKETS)
TOKENS = (
    credentials.META_TOKEN,
    credentials.GA4_TOKEN,
    *credentials.SHOPIFY_TOKENS.values(),
    *PAGE_TOKENS,
)
SOURCES = ("facebook_pages", "meta_ads", "ga4", "shopify", "ecb", "files")
# Every stream that the sandbox's world fills.
STREAMS = tuple(
    f"{stream.source}/{stream.name}" for stream in all_streams() if stream.source in SOURCES
)
# One file: source, stream, account and day.
Key = tuple[str, str, str, date]


def credentialed(home: Path, url: str, exports: Path, **changes: Any) -> Settings:
    """Settings as an operator writes them, each token given, pointing at the sandbox."""
    shops = ",".join(f"{shop}:{token}" for shop, token in credentials.SHOPIFY_TOKENS.items())
    graph = f"{url}/graph.facebook.com"
    given = {
        "SMM_HOME": home,
        "SMM_NOW": NOW,
        "SMM_START_DATE": CONFIG.start,
        "SMM_FILES": exports / "files.yaml",
        "META_ADS_ACCESS_TOKEN": credentials.META_TOKEN,
        "META_ADS_ACCOUNTS": ",".join(market.ad_account for market in MARKETS),
        "META_ADS_BASE_URL": graph,
        "FACEBOOK_PAGES_ACCESS_TOKEN": credentials.META_TOKEN,
        "FACEBOOK_PAGES_IDS": ",".join(market.page_id for market in MARKETS),
        "FACEBOOK_PAGES_BASE_URL": graph,
        "GA4_ACCESS_TOKEN": credentials.GA4_TOKEN,
        "GA4_PROPERTIES": ",".join(market.ga4_property for market in MARKETS),
        "GA4_BASE_URL": f"{url}/analyticsdata.googleapis.com",
        "SHOPIFY_ACCESS_TOKEN": shops,
        "SHOPIFY_SHOPS": ",".join(credentials.SHOPS),
        "SHOPIFY_BASE_URL": f"{url}/{{shop}}.myshopify.com",
        "ECB_BASE_URL": f"{url}/data-api.ecb.europa.eu",
    }
    return Settings(_env_file=None, **{**given, **changes})


@dataclass
class SleptThrough:
    """A clock that only sleeping moves, and remembers each sleep."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.now, sleep=self.sleep)


@dataclass
class Installation:
    """A home directory over a sandbox; each `run` is a process of its own as far as sources go."""

    sandbox: Sandbox
    home: Path
    exports: Path
    time: SleptThrough = field(default_factory=SleptThrough)

    @property
    def lake(self) -> Lake:
        return Lake(self.home / "lake")

    def settings(self, **changes: Any) -> Settings:
        return credentialed(self.home, self.sandbox.url, self.exports, **changes)

    def run(self, *streams: str, first: date = FIRST, last: date = LAST, **changes: Any) -> Run:
        """Read these streams (`source/stream`; without, all) in one run of the `backfill` job."""
        settings = self.settings(**changes)
        sources = build_sources(settings, clock=self.time.clock)
        workspace = workspace_resource(Workspace(settings, sources=sources))
        defs = build_defs(settings, resource_overrides={"workspace": workspace})
        with open_instance(settings) as instance:
            result = defs.resolve_job_def(BACKFILL).execute_in_process(
                instance=instance,
                tags=range_tags(first, last),
                asset_selection=[dg.AssetKey(each.split("/")) for each in streams or STREAMS],
                run_config=QUIET,
                raise_on_error=False,
            )
        return Run(result)

    def content(self) -> dict[Key, tuple[Any, ...]]:
        """What every file says: the hash of its rows, how many, and how far to trust it."""
        return {
            (row["source"], row["stream"], row["account"], row["dt"]): (
                row["content_hash"],
                row["rows"],
                row["quarantined"],
                row["status"],
                row["reasons"],
            )
            for row in self.lake.manifest().to_pylist()
        }


@dataclass
class Run:
    """How a Dagster run ended, as its events tell it."""

    result: dg.ExecuteInProcessResult

    @property
    def success(self) -> bool:
        return self.result.success

    @property
    def failures(self) -> dict[str, str]:
        """What each failed step says, by `source/stream`."""
        return {
            (event.step_key or "").replace("__", "/", 1): str(
                event.step_failure_data.user_failure_data.description
            )
            for event in self.result.all_events
            if event.is_step_failure
        }

    @property
    def retried(self) -> bool:
        return any(event.is_step_up_for_retry for event in self.result.all_events)

    def cost(self, name: str) -> dict[str, float]:
        """A figure of each source's reads, summed over its streams."""
        found: dict[str, dict[str, float]] = {}
        for event in self.result.get_asset_materialization_events():
            told = event.step_materialization_data.materialization
            if name in told.metadata:
                source, stream = told.asset_key.path
                found.setdefault(source, {})[stream] = float(told.metadata[name].value)
        return {source: sum(streams.values()) for source, streams in found.items()}

    def drift(self, stream: str) -> dg.AssetCheckEvaluation:
        (found,) = (
            check
            for check in self.result.get_asset_check_evaluations()
            if check.check_name == "schema_drift" and check.asset_key.to_user_string() == stream
        )
        return found


def without(content: Mapping[Key, tuple[Any, ...]], *but: str) -> dict[Key, tuple[Any, ...]]:
    """The files that are not of these sources, or of `source/stream` or `source/account`."""
    return {
        key: told
        for key, told in content.items()
        if not {key[0], f"{key[0]}/{key[1]}", f"{key[0]}/{key[2]}"} & set(but)
    }


# --- looking for what must not be written down

ADDRESS = re.compile(rb"[\w.%+'-]+@[\w-]+(?:\.[\w-]+)+")
DIGITS = re.compile(rb"\d{8,15}")


def leaks(home: Path, world: World, *said: str, tokens: Iterable[str] = TOKENS) -> list[str]:
    """Where a token, or a customer's address or number, stands in plain text below a directory.

    Every file is read: Parquet as its rows, databases as their values, whatever is packed unpacked.
    """
    texts = [("output", text.encode()) for text in said]
    texts += [(str(path.relative_to(home)), text) for path, text in _files(home)]
    assert texts, "there is nothing to look through"
    found = [
        f"{place}: {token}" for token in tokens for place, text in texts if token.encode() in text
    ]
    addresses, numbers = _personal(world)
    for place, text in texts:
        found += [f"{place}: {hit!r}" for hit in set(ADDRESS.findall(text)) & addresses]
        found += [f"{place}: {hit!r}" for hit in set(DIGITS.findall(text)) & numbers]
    return sorted(set(found))


def _personal(world: World) -> tuple[set[bytes], set[bytes]]:
    """The customers' addresses, and their numbers with and without the calling code."""
    emails = {email.encode() for email in world.customers["email"].to_pylist() if email}
    international = {
        re.sub(r"\D", "", phone) for phone in world.customers["phone"].to_pylist() if phone
    }
    local = {re.sub(r"^62", "0", phone) for phone in international}
    assert emails, "a world without addresses proves nothing"
    assert international, "a world without numbers proves nothing"
    return emails, {number.encode() for number in international | local}


def _files(home: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(home.rglob("*")):
        if not path.is_file():
            continue
        yield path, path.read_bytes()
        if path.suffix == ".parquet":
            yield path, str(pq.ParquetFile(path).read().to_pylist()).encode()
        elif path.suffix == ".db":
            yield path, b"\n".join(_values(path))


def _values(database: Path) -> Iterator[bytes]:
    with sqlite3.connect(database) as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'select * from "{table}"'):
                for value in row:
                    yield _unpacked(value) if isinstance(value, bytes) else str(value).encode()


def _unpacked(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


@contextmanager
def faults(sandbox: Sandbox, *rules: Mapping[str, Any]) -> Iterator[None]:
    """The sandbox with these faults, each of which must have happened by the end."""
    sandbox.control.faults(*rules)
    try:
        yield
        never = [each["rule"] for each in sandbox.control.fired() if not each["fired"]]
        # Those that a platform looks up by itself are not counted.
        never = [rule for rule in never if rule["kind"] != "retired_metric"]
        assert not never, f"these faults never happened: {never}"
    finally:
        sandbox.control.faults()
