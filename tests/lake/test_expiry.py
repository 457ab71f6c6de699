"""Words of private persons go when their time is over: from files, history and quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from lake_rows import (
    ACCOUNT,
    COUNTERS,
    D1,
    D2,
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

from pipelines.lake.store import Lake

WORDS = replace(SPEND, ttl_days=30)
CHANGING = replace(ORDERS, ttl_days=30)
# The last instant at which what was read at T1 may be kept.
LAST = T1 + timedelta(days=30)
OVER = LAST + timedelta(seconds=1)
DAY = T1.date()


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def kept(lake, stream, day=D1):
    return lake.rows(stream, ACCOUNT, day)["ad_id"].to_pylist()


def test_rows_live_until_their_time_is_over(lake):
    land(lake, WORDS, [D1, D2], [spend("a", 1), spend("b", 2), spend("c", 3, D2)])
    before = files_below(lake.root)
    assert lake.expire([WORDS], LAST) == []
    assert files_below(lake.root) == before
    gone = lake.expire([WORDS], OVER)
    assert [(each.day, each.rows, each.history, each.quarantined) for each in gone] == [
        (D1, 2, 0, 0),
        (D2, 1, 0, 0),
    ]
    assert kept(lake, WORDS) == kept(lake, WORDS, D2) == []


def test_the_footer_counts_what_went_and_keeps_the_totals_of_what_was_read(lake):
    land(lake, WORDS, [D1], [spend("a", 1), spend("b", 2)])
    read = lake.footer(WORDS, ACCOUNT, D1)
    lake.expire([WORDS], OVER)
    footer = lake.footer(WORDS, ACCOUNT, D1)
    assert (footer.rows, footer.expired, footer.totals) == (0, 2, {"spend": "3.000000"})
    assert (footer.extracted_at, footer.run_id) == (read.extracted_at, read.run_id)
    assert footer.content_hash != read.content_hash
    assert lake.manifest()["expired"].to_pylist() == [2]


def test_twice_is_once(lake):
    land(lake, WORDS, [D1], [spend("a", 1), spend("b", "x")])
    lake.expire([WORDS], OVER)
    once = files_below(lake.root)
    assert lake.expire([WORDS], OVER + timedelta(days=9)) == []
    assert files_below(lake.root) == once


def test_history_forgets_and_the_ledger_remembers_the_figures(lake):
    land(lake, WORDS, [D1], [spend("a", 1)])
    land(lake, WORDS, [D1], [spend("a", 1), spend("b", 4)], at=T2)
    told = lake.restatements()
    (gone,) = lake.expire([WORDS], OVER)
    assert (gone.rows, gone.history) == (0, 1)
    (gone,) = lake.expire([WORDS], OVER + timedelta(days=1))
    assert (gone.rows, gone.history) == (2, 0)
    versions = lake.history(WORDS, ACCOUNT, D1)
    assert [(v.footer.rows, v.footer.expired) for v in versions] == [(0, 1), (0, 2)]
    assert lake.restatements().equals(told)
    assert Decimal(5) in told["after"].to_pylist()


def test_quarantine_forgets_too(lake):
    land(lake, WORDS, [D1], [spend("a", 1), spend("b", "not a number")])
    (gone,) = lake.expire([WORDS], OVER)
    assert (gone.rows, gone.quarantined) == (1, 1)
    assert lake.quarantine.list().num_rows == 0
    footer = lake.footer(WORDS, ACCOUNT, D1)
    assert (footer.quarantined, footer.expired, footer.expired_misfits) == (0, 1, 1)


def test_a_read_that_brings_nothing_new_lets_rows_live_on(lake):
    page = [spend("a", 1), spend("b", "not a number")]
    land(lake, WORDS, [D1], page)
    (again,) = land(lake, WORDS, [D1], page, at=T3)
    assert again.changed == "unchanged"
    assert lake.expire([WORDS], OVER) == []
    assert lake.footer(WORDS, ACCOUNT, D1).extracted_at == T3
    assert len(lake.history(WORDS, ACCOUNT, D1)) == 1
    (gone,) = lake.expire([WORDS], T3 + timedelta(days=30, seconds=1))
    assert (gone.rows, gone.quarantined) == (1, 1)


def test_what_is_read_again_after_it_expired_is_there_again(lake):
    land(lake, WORDS, [D1], [spend("a", 1)])
    lake.expire([WORDS], OVER)
    (again,) = land(lake, WORDS, [D1], [spend("a", 1)], at=OVER)
    assert (again.changed, kept(lake, WORDS)) == ("changed", ["a"])
    assert lake.footer(WORDS, ACCOUNT, D1).expired == 0
    versions = lake.history(WORDS, ACCOUNT, D1)
    assert [version.footer.rows for version in versions] == [0, 1]
    assert lake.restatements().num_rows == 0


def test_a_row_of_a_merge_stream_lives_from_its_own_last_change(lake):
    def changed(hour: str) -> str:
        return f"2025-02-01T{hour}:00:00Z"

    land(lake, CHANGING, [DAY], [order(1, changed("01")), order(2, changed("08"))], timezone="UTC")
    land(lake, CHANGING, [DAY], [order(3, changed("22"))], at=T2, timezone="UTC")
    (gone,) = lake.expire([CHANGING], datetime(2025, 3, 3, 8, tzinfo=UTC))
    assert (gone.rows, gone.history) == (1, 1)
    assert lake.rows(CHANGING, ACCOUNT, DAY)["id"].to_pylist() == ["2", "3"]
    assert lake.footer(CHANGING, ACCOUNT, DAY).expired == 1


def test_streams_without_a_limit_keep_everything(lake):
    land(lake, SPEND, [D1], [spend("a", 1)])
    land(lake, COUNTERS, [D1], [{"id": "p", "value": 1}])
    before = files_below(lake.root)
    assert lake.expire([SPEND, COUNTERS], OVER + timedelta(days=9999)) == []
    assert files_below(lake.root) == before


def test_an_instant_without_a_zone_is_refused(lake):
    with pytest.raises(ValueError, match="no time zone"):
        lake.expire([WORDS], OVER.replace(tzinfo=None))
