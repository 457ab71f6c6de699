"""Platforms that refuse, break off and retire things, under real Dagster runs of every source.

A run heals, waits or reports, and the other sources go on: what the lake holds in the end is told
by the content of each file, against that of a run in fair weather.
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from faulty import (
    CONFIG,
    FIRST,
    LAST,
    NOW,
    SOURCES,
    STREAMS,
    TOKENS,
    Installation,
    Key,
    faults,
    leaks,
    without,
)

from pipelines.commands.run import extract_streams
from pipelines.sandbox import credentials
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import write_exports

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
PLATFORMS = tuple(source for source in SOURCES if source != "files")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(CONFIG, NOW) as running:
        yield running


@pytest.fixture(scope="module")
def exports(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The brand's own exports, which hold plain addresses and lie outside of any home."""
    directory = tmp_path_factory.mktemp("exports")
    write_exports(sandbox.world, NOW, directory)
    return directory


@pytest.fixture
def installation(sandbox: Sandbox, exports: Path, tmp_path: Path) -> Installation:
    return Installation(sandbox, tmp_path, exports)


@pytest.fixture(scope="module")
def fair(
    sandbox: Sandbox, exports: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[Key, tuple[Any, ...]]:
    """What every file says after a run in fair weather."""
    installation = Installation(sandbox, tmp_path_factory.mktemp("fair"), exports)
    assert installation.run().success
    content = installation.content()
    assert {key[0] for key in content} == set(SOURCES)
    return content


# Consecutive troubles, past the calls that describe the accounts.
WEATHER: dict[str, list[dict[str, Any]]] = {
    "429 with Retry-After": [{"kind": "too_many_requests", "retry_after": 7.5, "times": 2}],
    "429 without": [{"kind": "too_many_requests", "times": 2}],
    "bursts of 500, and of 503 that is no JSON": [
        # Together fewer than a request's tries: of several in flight, one may meet them all.
        {"kind": "server_error", "times": 3},
        {"kind": "unavailable", "times": 2},
    ],
    "bodies cut short by length, and by chunk": [
        {"kind": "truncated", "mode": "length", "times": 2},
        {"kind": "truncated", "mode": "chunk", "times": 2},
    ],
}


def storm(platform: str, troubles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The troubles one after the other; the ECB is asked only once, so it has the first."""
    if platform == "ecb":
        return [{**troubles[0], "platform": platform}]
    return [
        {**trouble, "platform": platform, "after": 4 + 5 * number}
        for number, trouble in enumerate(troubles)
    ]


@pytest.mark.parametrize("weather", WEATHER)
def test_a_run_heals_and_the_lake_is_that_of_fair_weather(
    installation: Installation, fair: dict[Key, tuple[Any, ...]], weather: str
) -> None:
    # Without Retry-After, GA4 means its hourly quota: that has a test of its own.
    hit = [name for name in PLATFORMS if (name, weather) != ("ga4", "429 without")]
    with faults(
        installation.sandbox, *(rule for name in hit for rule in storm(name, WEATHER[weather]))
    ):
        run = installation.run()

    assert run.failures == {}
    assert installation.content() == fair
    healed = run.cost("run_waits" if weather.startswith("429") else "run_retries")
    assert {name for name, times in healed.items() if times} >= set(hit)
    if weather == "429 with Retry-After":
        assert installation.time.slept.count(7.5) >= 2 * len(hit), "it waits as long as it is told"


def test_a_spent_hourly_quota_says_when_it_goes_on_and_the_other_sources_go_on(
    installation: Installation, fair: dict[Key, tuple[Any, ...]]
) -> None:
    with faults(installation.sandbox, {"kind": "too_many_requests", "platform": "ga4"}):
        run = installation.run()

    assert {step.partition("/")[0] for step in run.failures} == {"ga4"}
    assert all("2026-11-01 09:30 UTC" in said for said in run.failures.values())
    # The step would hold its place in the pool for as long.
    assert not run.retried
    assert without(installation.content(), "ga4") == without(fair, "ga4")

    assert installation.run(*run.failures).success
    assert installation.content() == fair


DEAD = {
    "meta_ads": "EAABdeadMetaAdsToken0123456789",
    "facebook_pages": "EAABdeadPagesToken0123456789",
    "ga4": "ya29.dead-ga4-token-0123456789",
    "shopify": "shpat_dead0123456789abcdef",
}


def dead(source: str) -> dict[str, str]:
    """The setting with a token that its platform does not accept; of shops, only the first's."""
    if source != "shopify":
        return {f"{source.upper()}_ACCESS_TOKEN": DEAD[source]}
    tokens = {**credentials.SHOPIFY_TOKENS, "sarilaut-id": DEAD[source]}
    return {"SHOPIFY_ACCESS_TOKEN": ",".join(f"{shop}:{token}" for shop, token in tokens.items())}


@pytest.mark.parametrize("source", DEAD)
def test_a_dead_token_says_so_and_the_other_sources_go_on(
    installation: Installation,
    fair: dict[Key, tuple[Any, ...]],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    source: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    installation.sandbox.control.forget_requests()
    run = installation.run(**dead(source))

    streams = {f"{key[0]}/{key[1]}" for key in fair if key[0] == source}
    assert set(run.failures) == streams
    for said in run.failures.values():
        assert "token is" in said
        assert f"{source.upper()}_ACCESS_TOKEN" in said
    assert not run.retried, "asking again cannot mend it"
    (setting,) = dead(source)
    refused = installation.sandbox.control.requests()[source]
    asked = sum(counts.get("401", 0) + counts.get("400", 0) for counts in refused.values())
    assert asked == 1, f"{setting} was tried {asked} times"
    account = "shopify/sarilaut-id" if source == "shopify" else source
    assert installation.content() == without(fair, account)
    printed = capfd.readouterr()
    said = (printed.out, printed.err, caplog.text, *run.failures.values())
    everyone = (*TOKENS, *DEAD.values())
    assert leaks(installation.home, installation.sandbox.world, *said, tokens=everyone) == []

    assert installation.run(*streams).success
    assert installation.content() == fair


RETIRED = {"page_insights": "page_post_engagements", "post_counters": "post_media_view"}


def test_retired_metrics_are_reported_by_name_and_all_else_lands(
    installation: Installation, fair: dict[Key, tuple[Any, ...]]
) -> None:
    rules = [{"kind": "retired_metric", "metric": metric} for metric in RETIRED.values()]
    with faults(installation.sandbox, *rules):
        run = installation.run()

    assert run.success
    found = installation.content()
    hit = [f"facebook_pages/{stream}" for stream in RETIRED]
    assert without(found, *hit) == without(fair, *hit)
    assert found.keys() == fair.keys()
    for key in found.keys() - without(found, *hit).keys():
        _, _, quarantined, status, reasons = found[key]
        assert (quarantined, status) == (0, "partial")
        assert RETIRED[key[1]] in reasons
    for stream, metric in RETIRED.items():
        check = run.drift(f"facebook_pages/{stream}")
        assert not check.passed
        assert metric in (check.description or "")

    assert installation.run(*hit).success
    assert installation.content() == fair


def test_no_token_and_no_address_is_in_the_home_of_smm_or_in_what_it_says(
    installation: Installation,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Through the command, which keeps a log, while everything goes wrong that can."""
    caplog.set_level(logging.DEBUG)
    sandbox = installation.sandbox
    mail = next(filter(None, sandbox.world.customers["email"].to_pylist()))
    phone = next(filter(None, sandbox.world.customers["phone"].to_pylist()))
    new = {"kind": "mutate", "platform": "shopify", "op": "add", "beside": "legacyResourceId"}
    refused = {"kind": "too_many_requests", "retry_after": 0.01, "times": 2, "after": 4}
    rules = [
        # Addresses where none was declared, and in records that do not fit.
        {**new, "key": "contact", "value": {"email": mail, "note": f"call {phone}"}},
        {"kind": "mutate", "platform": "shopify", "op": "type", "key": "email", "rows": 2},
        {"kind": "mutate", "platform": "shopify", "op": "type", "key": "updatedAt", "rows": 2},
        {**refused, "platform": "meta_ads"},
        {"kind": "truncated", "platform": "facebook_pages", "after": 4, "times": 1},
        {"kind": "dead_token", "platform": "ga4"},
    ]
    with faults(sandbox, *rules):
        code = extract_streams(installation.settings(), STREAMS, FIRST, LAST)

    printed = capfd.readouterr()
    assert code == 1
    assert "GA4_ACCESS_TOKEN" in printed.out
    assert "in quarantine" in printed.out
    quarantine = installation.lake.quarantine.list()
    assert quarantine.num_rows > 0
    assert any("sha256:" in record for record in quarantine["record"].to_pylist())
    manifest = installation.lake.manifest()
    assert pc.any(pc.match_substring(manifest["extra_fields"], "contact")).as_py()
    said = (printed.out, printed.err, caplog.text)
    assert leaks(installation.home, sandbox.world, *said) == []


def test_the_search_for_leaks_looks_into_what_is_packed(sandbox: Sandbox, tmp_path: Path) -> None:
    mail = next(filter(None, sandbox.world.customers["email"].to_pylist()))
    phone = next(filter(None, sandbox.world.customers["phone"].to_pylist()))
    pq.write_table(pa.table({"a": [[{"b": f"{mail} {phone}"}]]}), tmp_path / "x.parquet")
    with sqlite3.connect(tmp_path / "x.db") as database:
        database.execute("create table snapshots (body blob)")
        database.execute("insert into snapshots values (?)", [zlib.compress(TOKENS[0].encode())])

    assert len(leaks(tmp_path, sandbox.world)) == 3
    assert len(leaks(tmp_path / "nothing", sandbox.world, f"Bearer {TOKENS[-1]}")) == 1
