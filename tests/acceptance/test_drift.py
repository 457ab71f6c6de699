"""Payloads that change their shape, under real Dagster runs.

A new field is kept in `_extra`, a missing one is NULL, one of another type sends its record to
quarantine; the asset's check names all three. When the platform is mended, so is the lake.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from faulty import CONFIG, LAST, NOW, Installation, Run, faults

from pipelines.commands import inspect
from pipelines.commands.inspect import replay_quarantine
from pipelines.connectors.registry import all_streams
from pipelines.connectors.stream import Stream
from pipelines.lake.schema import Schema
from pipelines.sandbox.serve import Sandbox

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


@dataclass(frozen=True)
class Drift:
    """What happens to one stream's payload.

    `beside` is a field that each of its records has, `dropped` one that is missing, whose column is
    `emptied`, and `bent` one of another type, in one record a page, of which is `said` why.
    """

    stream: str
    endpoint: str
    beside: str
    dropped: str
    emptied: str
    bent: str
    said: str

    @property
    def rules(self) -> list[dict[str, Any]]:
        source, _, _ = self.stream.partition("/")
        rule = {"kind": "mutate", "platform": source, "endpoint": self.endpoint}
        return [
            {**rule, "op": "add", "beside": self.beside, "key": "brandNew", "value": {"tier": 7}},
            {**rule, "op": "drop", "key": self.dropped},
            {**rule, "op": "type", "key": self.bent, "rows": 1},
        ]

    @property
    def declared(self) -> Stream:
        (found,) = (each for each in all_streams() if f"{each.source}/{each.name}" == self.stream)
        return found


ORDERS = Drift(
    stream="shopify/orders",
    endpoint="*",
    beside="displayFinancialStatus",
    dropped="totalTaxSet",
    emptied="total_tax",
    bent="totalPriceSet",
    said="is not an object",
)
INSIGHTS = Drift(
    stream="meta_ads/insights_campaign",
    endpoint="*insights",
    beside="campaign_id",
    dropped="inline_link_clicks",
    emptied="inline_link_clicks",
    bent="impressions",
    said="is not a whole number",
)
DRIFTS = [pytest.param(drift, id=drift.stream) for drift in (ORDERS, INSIGHTS)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(CONFIG, NOW) as running:
        yield running


@pytest.fixture
def installation(sandbox: Sandbox, tmp_path: Path) -> Installation:
    return Installation(sandbox, tmp_path / "home", tmp_path / "no-exports")


def drifted(installation: Installation, drift: Drift) -> Run:
    """Two days in good order, then the run that reads the third while its payload is changed."""
    good = installation.run(drift.stream, last=LAST - timedelta(days=1))
    assert good.drift(drift.stream).passed
    with faults(installation.sandbox, *drift.rules):
        return installation.run(drift.stream, first=LAST)


def rows(installation: Installation, stream: Stream) -> pa.Table:
    """The rows of the third day, all accounts together."""
    accounts = [key[2] for key in installation.content() if key[3] == LAST]
    return pa.concat_tables(installation.lake.rows(stream, each, LAST) for each in accounts)


@pytest.mark.parametrize("drift", DRIFTS)
def test_new_missing_and_bent_fields_are_kept_null_and_set_apart_and_named(
    installation: Installation, drift: Drift
) -> None:
    run = drifted(installation, drift)

    assert run.success, "what fits lands, so the step succeeds"
    stream = drift.declared
    landed = rows(installation, stream)
    quarantine = installation.lake.quarantine.list(stream.source, stream.name).to_pylist()
    assert landed.num_rows > 0
    assert set(landed["_extra"].to_pylist()) == {'{"brandNew":{"tier":7}}'}
    assert landed[drift.emptied].null_count == landed.num_rows
    assert quarantine
    for record in quarantine:
        assert record["day"] == LAST
        assert record["field"].startswith(drift.bent)
        assert drift.said in record["reason"]
        assert record["remedy"]
        assert "brandNew" in record["record"], "the whole record is kept"

    check = run.drift(drift.stream)
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    told = {name: value.value for name, value in check.metadata.items()}
    assert told == {
        "new fields": ["brandNew"],
        "emptied fields": [drift.emptied],
        "quarantined": len(quarantine),
        "misfits": sorted({record["field"] for record in quarantine}),
        "missing": [],
    }
    for name in ("brandNew", drift.emptied, drift.bent):
        assert name in (check.description or "")


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_day_read_again_after_the_fault_is_whole_and_out_of_quarantine(
    installation: Installation, drift: Drift, capsys: pytest.CaptureFixture[str]
) -> None:
    drifted(installation, drift)
    landed = rows(installation, drift.declared).num_rows
    misfits = installation.lake.quarantine.list().num_rows
    # A record that still does not fit stays, however often it is tried.
    replay_quarantine(installation.settings(), *drift.stream.split("/"))
    assert f"0 records landed, {misfits} remain in quarantine" in capsys.readouterr().out

    run = installation.run(drift.stream, first=LAST)

    assert run.success
    assert run.drift(drift.stream).passed
    assert installation.lake.quarantine.list().num_rows == 0
    assert rows(installation, drift.declared).num_rows == landed + misfits
    untouched = replace(installation, home=installation.home.with_name("untouched"))
    assert untouched.run(drift.stream).success
    assert installation.content() == untouched.content()


def test_a_replay_under_a_mended_schema_brings_the_records_in_and_empties_the_quarantine(
    installation: Installation,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lacking = {
        "kind": "mutate",
        "platform": "shopify",
        "op": "drop",
        "key": "totalPriceSet",
        "rows": 1,
    }
    stream = ORDERS.declared
    with faults(installation.sandbox, lacking):
        assert installation.run(ORDERS.stream).success
    misfits = installation.lake.quarantine.list().to_pylist()
    assert {record["field"] for record in misfits} == {"totalPriceSet.shopMoney.amount"}
    before = installation.lake.manifest()

    # A release in which an order may come without its price.
    fields = tuple(replace(each, required=False) for each in stream.schema.fields)
    mended = replace(stream, schema=Schema(fields))
    monkeypatch.setattr(inspect, "all_streams", lambda: (mended,))
    replay_quarantine(installation.settings(), *ORDERS.stream.split("/"))

    assert f"{len(misfits)} records landed, 0 remain in quarantine" in capsys.readouterr().out
    assert installation.lake.quarantine.list().num_rows == 0
    after = installation.lake.manifest()
    assert pc.sum(after["rows"]).as_py() == pc.sum(before["rows"]).as_py() + len(misfits)
    content = installation.content()
    replay_quarantine(installation.settings(), *ORDERS.stream.split("/"))
    assert installation.content() == content
