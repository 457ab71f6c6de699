"""Every connector under every fault that can happen to it, and what the lake holds afterwards.

Each cell reads all streams of one source while its platform has one kind of trouble. Either the
lake ends like that of a read in fair weather, or the source stops with words that say why, has
landed nothing wrong, and the next read completes it. The matrix is printed at the end
(`pytest -s`).

A cell is empty where the fault cannot happen, because the source does not page by cursors, say: a
cell that is full on one day and empty on the next would be a loss of coverage, so the empty ones
are named here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from faulty import SleptThrough

from pipelines.connectors.errors import SourceError
from pipelines.connectors.registry import STREAMS, build_sources
from pipelines.ingest import IngestError, ingest
from pipelines.lake.store import Lake
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import WorldConfig
from pipelines.settings import Settings

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
CONFIG = WorldConfig(anchor=date(2026, 11, 1), size=150, history_days=30, campaigns=6)
LAST = date(2026, 10, 31)
FIRST = LAST - timedelta(days=2)
SOURCES = tuple(name for name in STREAMS if name != "files")

Content = dict[tuple[str, str, date], tuple[Any, ...]]


@dataclass(frozen=True)
class Trouble:
    """A kind of fault and what must come of it.

    `heals`: the read itself gets over it. Otherwise it stops, and one of `words` must be in what it
    says.
    """

    rules: tuple[Mapping[str, Any], ...]
    heals: bool = True
    words: tuple[str, ...] = ()


TROUBLES = {
    "429, Retry-After 2.5 s": Trouble(
        ({"kind": "too_many_requests", "retry_after": 2.5, "times": 2},)
    ),
    "429 that says no more": Trouble(({"kind": "too_many_requests", "times": 2},)),
    "throttled in its own words": Trouble(({"kind": "throttled", "retry_after": 2, "times": 2},)),
    "a burst of 500": Trouble(({"kind": "server_error", "times": 4},)),
    "503 that is no JSON": Trouble(({"kind": "unavailable", "times": 3},)),
    "bodies cut short by length": Trouble(({"kind": "truncated", "mode": "length", "times": 2},)),
    "bodies cut short by chunk": Trouble(({"kind": "truncated", "mode": "chunk", "times": 2},)),
    "pages shorter than asked": Trouble(({"kind": "short_page", "rows": 5},)),
    "an expired page cursor": Trouble(
        ({"kind": "short_page", "rows": 2}, {"kind": "expired_cursor", "times": 1})
    ),
    "a report stuck at 100 %": Trouble(({"kind": "async_stuck", "polls": 4, "times": 1},)),
    "a report that fails once": Trouble(({"kind": "async_fail", "times": 1},)),
    "a dead token": Trouble(({"kind": "dead_token"},), heals=False, words=("token", "credentials")),
    "no permission": Trouble(
        ({"kind": "access_denied"},), heals=False, words=("permission", "scope")
    ),
    "the day's quota is spent": Trouble(
        ({"kind": "quota_spent"},), heals=False, words=("It may go on at",)
    ),
}
# Where a fault cannot happen.
PUBLIC = {"ecb", "holidays"}
CANNOT: dict[str, set[str]] = {
    # GA4 means its hourly quota, which is left to the scheduler.
    "429 that says no more": {"ga4"},
    # Offsets (GA4, LinkedIn's pages), page numbers (TikTok Ads, WooCommerce) and objects that stay
    # (Stripe) never expire; Google Ads streams; so small a world sells too little in its TikTok
    # shop for a second page.
    "an expired page cursor": {
        "ga4",
        "google_ads",
        "linkedin",
        "tiktok_ads",
        "tiktok_shop",
        "woocommerce",
        "stripe",
        "ecb",
        "holidays",
    },
    "pages shorter than asked": {"google_ads", "ecb", "holidays"},
    "a report stuck at 100 %": set(SOURCES) - {"meta_ads"},
    "a report that fails once": set(SOURCES) - {"meta_ads"},
    "a dead token": PUBLIC,
    "no permission": PUBLIC,
    "the day's quota is spent": set(SOURCES)
    - {"ga4", "google_ads", "linkedin_ads", "linkedin", "youtube"},
}
CELLS = [
    pytest.param(source, trouble, id=f"{source}: {trouble}")
    for source in SOURCES
    for trouble in TROUBLES
    if source not in CANNOT.get(trouble, set())
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(CONFIG, NOW) as running:
        yield running


@dataclass
class Reading:
    """Reads of one source into a lake of its own, by a clock that only sleeping moves."""

    sandbox: Sandbox
    home: Path
    source: str

    def read(self) -> list[str]:
        """Read every stream once; what the failed ones say."""
        settings = Settings(
            _env_file=None,
            SMM_HOME=self.home,
            SMM_SANDBOX_URL=self.sandbox.url,
            SMM_NOW=NOW,
            SMM_START_DATE=FIRST,
        )
        source = build_sources(settings, clock=SleptThrough(now=NOW).clock)[self.source]
        said = []
        for stream in STREAMS[self.source]:
            try:
                ingest(source, stream, Lake(settings.lake), FIRST, LAST, run_id="test", now=NOW)
            except (IngestError, SourceError) as error:
                said.append(str(error))
        return said

    def content(self) -> Content:
        """What every file says: the hash of its rows, how many, and how far to trust it."""
        return {
            (row["stream"], row["account"], row["dt"]): (
                row["content_hash"],
                row["rows"],
                row["quarantined"],
                row["status"],
            )
            for row in Lake(self.home / "lake").manifest().to_pylist()
        }


@pytest.fixture(scope="module")
def fair(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Content]:
    """What each source's files say after a read in fair weather."""
    found = {}
    for source in SOURCES:
        reading = Reading(sandbox, tmp_path_factory.mktemp(source), source)
        assert reading.read() == []
        found[source] = reading.content()
        assert found[source]
    return found


@pytest.fixture(scope="module")
def matrix() -> Iterator[dict[tuple[str, str], str]]:
    """How each cell ended; printed when all have."""
    cells: dict[tuple[str, str], str] = {}
    yield cells
    width = max(map(len, TROUBLES))
    print(f"\n\n{len(cells)} cells of {len(SOURCES)} connectors × {len(TROUBLES)} faults")
    for trouble in TROUBLES:
        told = [
            f"{source} {cells[source, trouble]}" for source in SOURCES if (source, trouble) in cells
        ]
        print(f"{trouble:{width}}  {', '.join(told)}")


@pytest.mark.parametrize(("source", "trouble"), CELLS)
def test_the_lake_is_that_of_fair_weather_or_the_source_says_why_not(
    sandbox: Sandbox,
    fair: dict[str, Content],
    matrix: dict[tuple[str, str], str],
    tmp_path: Path,
    source: str,
    trouble: str,
) -> None:
    reading, what = Reading(sandbox, tmp_path, source), TROUBLES[trouble]
    sandbox.control.faults(*({**rule, "platform": source} for rule in what.rules))
    try:
        said = reading.read()
        fired = sandbox.control.fired()[-1]["fired"]
    finally:
        sandbox.control.faults()
    assert fired, "the fault never happened: is it one that can happen here?"

    if what.heals:
        assert said == []
        assert reading.content() == fair[source]
        matrix[source, trouble] = "heals"
        return
    assert said
    for each in said:
        assert any(word in each for word in what.words), each
    assert reading.content().items() <= fair[source].items(), "what did land is right"
    assert reading.read() == []
    assert reading.content() == fair[source]
    matrix[source, trouble] = "stops, goes on"


def test_where_a_fault_cannot_happen_it_does_not(sandbox: Sandbox, tmp_path: Path) -> None:
    """The empty cells are empty because nothing fires there, not because nobody looks."""
    happened = []
    for trouble in ("an expired page cursor", "a report stuck at 100 %"):
        for source in sorted(CANNOT[trouble]):
            sandbox.control.faults(
                *({**rule, "platform": source} for rule in TROUBLES[trouble].rules)
            )
            Reading(sandbox, tmp_path / f"{source} {trouble[:11]}", source).read()
            if sandbox.control.fired()[-1]["fired"]:
                happened.append((source, trouble))
    sandbox.control.faults()
    assert happened == []
