"""What did not fit waits with its reason, and lands once the schema fits it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from lake_rows import (
    ACCOUNT,
    COUNTERS,
    D1,
    D2,
    D3,
    ORDERS,
    SPEND,
    T1,
    T2,
    T3,
    files_below,
    land,
    order,
    spend,
)

from pipelines.lake.personal import email_hashes
from pipelines.lake.quarantine import NEVER_READ
from pipelines.lake.schema import Schema, text
from pipelines.lake.store import Lake


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def as_text(stream, name):
    """The stream after a fix: the field is text now."""
    fields = tuple(
        text(each.name, each.description, each.path) if each.name == name else each
        for each in stream.schema.fields
    )
    totals = tuple(total for total in stream.totals if total != name)
    return replace(stream, schema=Schema(fields), totals=totals)


def test_the_list_says_where_what_why_and_how(lake):
    land(lake, SPEND, [D1, D2], [spend("a", "Rp 5", D2)])
    land(lake, ORDERS, [D1], [order("1", "2025-01-01T00:00:00Z", "x")], timezone="UTC")
    first, second = lake.quarantine.list().to_pylist()
    assert (first["source"], first["stream"], first["account"]) == ("ads", "spend", ACCOUNT)
    assert (first["day"], first["extracted_at"]) == (D2, T1.replace(tzinfo=None))
    assert (first["field"], first["reason"]) == ("spend", "'Rp 5' is not an amount")
    assert first["place"] == "page 1, record 1"
    assert "replay" in first["remedy"]
    assert json.loads(first["record"]) == spend("a", "Rp 5", D2)
    assert second["stream"] == "orders"
    assert lake.quarantine.list(source="ads").num_rows == 1
    assert lake.quarantine.list(source="ads", stream="other").num_rows == 0


def test_replay_lands_what_fits_now_and_keeps_the_rest_with_its_present_reason(lake):
    records = [spend("a", "1"), spend("b", "five"), {"date": "2025-01-01", "spend": "six"}]
    land(lake, SPEND, [D1], records, reasons={D1: ["open"]})
    fixed = as_text(SPEND, "spend")
    (replayed,) = lake.quarantine.replay([fixed], run_id="replay", now=T2)
    assert (replayed.replayed, replayed.remaining) == (1, 1)
    assert lake.rows(fixed, ACCOUNT, D1)["spend"].to_pylist() == ["1.000000", "five"]
    footer = lake.footer(fixed, ACCOUNT, D1)
    assert (footer.rows, footer.quarantined, footer.run_id) == (2, 1, "replay")
    assert (footer.extracted_at, footer.status, footer.reasons) == (T2, "partial", ["open"])
    (remaining,) = lake.quarantine.list().to_pylist()
    assert (remaining["field"], remaining["reason"]) == ("ad_id", "missing")
    assert remaining["place"] == "page 1, record 3"
    assert len(lake.history(fixed, ACCOUNT, D1)) == 2


def test_replaying_twice_changes_nothing(lake):
    land(lake, SPEND, [D1], [spend("a", "1"), spend("b", "five"), {"date": "2025-01-01"}])
    fixed = as_text(SPEND, "spend")
    lake.quarantine.replay([fixed], run_id="replay", now=T2)
    before = files_below(lake.root)
    (again,) = lake.quarantine.replay([fixed], run_id="again", now=T3)
    assert (again.replayed, again.remaining, again.landed) == (0, 1, ())
    assert files_below(lake.root) == before


def test_a_record_that_was_seen_again_in_good_order_is_not_overwritten_by_its_replay(lake):
    land(lake, SPEND, [D1], [spend("a", "five"), spend("a", "5")])
    fixed = as_text(SPEND, "spend")
    lake.quarantine.replay([fixed], run_id="replay", now=T2)
    assert lake.rows(fixed, ACCOUNT, D1)["spend"].to_pylist() == ["5.000000"]
    assert lake.quarantine.list().num_rows == 0


def test_in_a_merge_stream_a_replayed_version_counts_by_its_version(lake):
    land(lake, ORDERS, [D1], [order("1", "2025-01-01T09:00:00Z", "x")], timezone="UTC")
    land(lake, ORDERS, [D1], [order("2", "2025-01-01T09:00:00Z", "y")], at=T2, timezone="UTC")
    fixed = as_text(ORDERS, "total")
    (replayed,) = lake.quarantine.replay([fixed], run_id="replay", now=T3)
    assert (replayed.replayed, replayed.remaining) == (2, 0)
    assert lake.rows(fixed, ACCOUNT, D1)["total"].to_pylist() == ["x", "y"]


def test_a_replay_hashes_addresses_as_landing_would_have(lake):
    record = order("1", "2025-01-01T09:00:00Z", "x", email="Ayu@Example.com")
    land(lake, ORDERS, [D1], [record], timezone="UTC")
    fixed = as_text(ORDERS, "total")
    lake.quarantine.replay([fixed], run_id="replay", now=T2)
    row = lake.rows(fixed, ACCOUNT, D1).to_pylist()[0]
    hashes = email_hashes("ayu@example.com")
    assert (row["email_sha256_meta"], row["email_sha256_google"]) == hashes


def test_a_row_of_a_day_that_nobody_asked_for_joins_its_day_by_replay(lake):
    far = date(2024, 5, 5)
    land(lake, ORDERS, [D1], [order("1", "2024-05-05T10:00:00Z")], timezone="UTC")
    assert lake.footer(ORDERS, ACCOUNT, D1).quarantined == 1
    (replayed,) = lake.quarantine.replay([ORDERS], run_id="replay", now=T2)
    assert [day.day for day in replayed.landed] == [far, D1]
    assert lake.rows(ORDERS, ACCOUNT, far)["total"].to_pylist() == [Decimal(10)]
    assert lake.rows(ORDERS, ACCOUNT, far)["lines"].to_pylist() == [[{"sku": "SKU-1"}]]
    # Nobody has read that day, so its file does not claim to be whole.
    footer = lake.footer(ORDERS, ACCOUNT, far)
    assert (footer.status, footer.reasons) == ("partial", [NEVER_READ])
    assert lake.footer(ORDERS, ACCOUNT, D1).quarantined == 0
    assert lake.quarantine.list().num_rows == 0


def test_a_snapshots_misfits_are_replayed_under_their_day(lake):
    land(lake, COUNTERS, [D3], [{"id": "1", "value": "many"}, {"id": "2", "value": 2}])
    fixed = as_text(COUNTERS, "value")
    lake.quarantine.replay([fixed], run_id="replay", now=T2)
    assert lake.rows(fixed, ACCOUNT, D3)["value"].to_pylist() == ["many", "2.000000"]


def test_only_the_streams_that_are_named_are_replayed(lake):
    land(lake, SPEND, [D1], [spend("a", "x")])
    assert lake.quarantine.replay([ORDERS], run_id="replay", now=T2) == []
