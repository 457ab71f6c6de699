"""What dbt reads: the months hold what the stream-days hold, whatever becomes of those."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lake_rows import ACCOUNT, D1, D2, SPEND, T1, T2, T3, files_below, land, spend

from pipelines.lake import manifest, months
from pipelines.lake.schema import Schema, text
from pipelines.lake.store import Lake

DAYS = [date(2025, 1, 30), date(2025, 1, 31), date(2025, 2, 1), date(2025, 2, 2)]
WORDS = replace(SPEND, ttl_days=30)
WIDER = replace(SPEND, schema=Schema((*SPEND.schema.fields, text("note", "Note."))))


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def files(lake):
    """The months of the stream, in order."""
    return sorted((lake.layout.months / "ads" / "spend").glob("20*.parquet"))


def held(lake):
    """Every row that a reader of the months finds."""
    return [row for path in files(lake) for row in pq.ParquetFile(path).read().to_pylist()]


def days_rows(lake, days, account=ACCOUNT):
    """The rows of those stream-days, each with its day."""
    return [
        {**row, "dt": day} for day in days for row in lake.rows(SPEND, account, day).to_pylist()
    ]


def test_a_month_holds_the_rows_of_its_days_and_their_day(lake):
    land(lake, SPEND, DAYS, [spend(f"ad {day}", "1.5", day) for day in DAYS])
    lake.write_manifest([SPEND])
    assert [path.name[:7] for path in files(lake)] == ["2025-01", "2025-02"]
    assert held(lake) == days_rows(lake, DAYS)


def test_a_month_without_a_row_can_be_read(lake):
    land(lake, SPEND, [D1, D2])
    lake.write_manifest([SPEND])
    assert len(files(lake)) == 1
    assert held(lake) == []


def test_of_a_changed_month_only_the_changed_days_are_read(lake, monkeypatch):
    land(lake, SPEND, [D1, D2], [spend("a", "1"), spend("b", "2", D2)])
    lake.write_manifest([SPEND])
    land(lake, SPEND, [D2], [spend("b", "3", D2)], at=T2)
    opened, read = [], months._rows
    monkeypatch.setattr(months, "_rows", lambda path, day: (opened.append(day), read(path, day))[1])
    lake.write_manifest([SPEND])
    assert opened == [D2]
    assert held(lake) == days_rows(lake, [D1, D2])


def test_a_day_whose_rows_are_gone_leaves_its_month(lake):
    land(lake, SPEND, [D1, D2], [spend("a", "1"), spend("b", "2", D2)])
    lake.write_manifest([SPEND])
    land(lake, SPEND, [D2], at=T2)
    lake.write_manifest([SPEND])
    assert held(lake) == days_rows(lake, [D1])


def test_a_month_of_which_no_file_is_left_is_removed(lake):
    land(lake, SPEND, [D1], [spend("a", "1")])
    lake.write_manifest([SPEND])
    lake.path(SPEND, ACCOUNT, D1).unlink()
    lake.write_manifest([SPEND])
    assert files(lake) == []


def test_days_of_another_schema_are_a_file_of_their_own(lake):
    land(lake, SPEND, [D1], [spend("a", "1")])
    land(lake, WIDER, [D2], [spend("b", "2", D2, note="new")])
    lake.write_manifest([WIDER])
    assert len(files(lake)) == 2
    assert sorted((row["dt"], row.get("note")) for row in held(lake)) == [(D1, None), (D2, "new")]


def test_expired_words_leave_the_months_at_once(lake):
    land(lake, WORDS, [D1], [spend("a", "1")])
    lake.write_manifest([WORDS])
    lake.expire([WORDS], T1 + timedelta(days=31))
    assert held(lake) == []


def test_what_expires_leaves_the_months_of_other_streams_alone(lake):
    other = replace(SPEND, name="reach")
    land(lake, WORDS, [D1], [spend("a", "1")])
    land(lake, other, [D1], [spend("b", "2")])
    lake.write_manifest([WORDS, other])
    lake.expire([WORDS, other], T1 + timedelta(days=31))
    (left,) = (lake.layout.months / "ads" / "reach").glob("20*.parquet")
    assert pq.ParquetFile(left).read(["ad_id"]).to_pylist() == [{"ad_id": "b"}]


def test_a_writing_of_months_that_was_cut_short_is_done_by_the_next(tmp_path):
    class KilledError(Exception):
        pass

    def checkpoint(name):
        if name == "before-move" and len(files(lake)) == 1:
            raise KilledError

    lake = Lake(tmp_path / "lake", checkpoint=checkpoint)
    land(Lake(lake.root), SPEND, DAYS, [spend(f"ad {day}", "1", day) for day in DAYS])
    with pytest.raises(KilledError):
        lake.write_manifest([SPEND])
    assert len(files(lake)) == 1
    Lake(lake.root).write_manifest([SPEND])
    assert held(lake) == days_rows(lake, DAYS)


def test_what_was_listed_first_is_not_written_last(lake, monkeypatch):
    """A list that lacks a day, written after one that has it, hid the day from readers for good."""
    land(lake, WORDS, [D1], [spend("a", "1")])
    older, newer = threading.Event(), threading.Event()
    write = months.write

    def slow(layout, listed, among):
        older.set()
        newer.wait(0.3)
        write(layout, listed, among)

    monkeypatch.setattr(months, "write", slow)
    first = threading.Thread(target=lambda: manifest.write_months(lake.layout))
    first.start()
    older.wait()
    land(lake, WORDS, [D2], [spend("b", "2", D2)], at=T2)
    monkeypatch.setattr(months, "write", write)
    lake.write_manifest([WORDS])
    newer.set()
    first.join()
    assert held(lake) == days_rows(lake, [D1, D2])


def test_an_unchanged_lake_leaves_its_months_alone(lake):
    land(lake, SPEND, DAYS, [spend("a", "1", DAYS[0])])
    lake.write_manifest([SPEND])
    before = {path: path.stat().st_ino for path in files(lake)}
    lake.write_manifest([SPEND])
    assert {path: path.stat().st_ino for path in files(lake)} == before


reads = st.lists(
    st.tuples(
        st.sampled_from([T1, T2, T3]),
        st.sampled_from(DAYS),
        st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 9)), max_size=6),
        st.booleans(),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=40)
@given(reads=reads)
def test_months_that_grew_are_those_that_are_made_at_once(reads, tmp_path_factory):
    """Row groups are of three rows, so that a day lies in several and several lie in one."""
    root = tmp_path_factory.mktemp("months")
    lake = Lake(root / "grown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(months, "GROUP_ROWS", 3)
        for at, day, rows, write in reads:
            land(lake, SPEND, [day], [spend(ad, str(value), day) for ad, value in rows], at=at)
            if write:
                lake.write_manifest([SPEND])
        lake.write_manifest([SPEND])
        grown = files_below(lake.layout.months)
        for path in files(lake):
            path.unlink()
        lake.write_manifest([SPEND])
    assert held(lake) == days_rows(lake, [day for day in DAYS if lake.footer(SPEND, ACCOUNT, day)])
    assert files_below(lake.layout.months) == grown
