"""A day of any size: the rows alone decide what lands, not how they came or what memory held."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lake_rows import ACCOUNT, D1, ORDERS, SPEND, T2, T3, files_below, land, order, spend

from pipelines.connectors.stream import Stream
from pipelines.lake import footer, rows, runs
from pipelines.lake.schema import Schema, integer, money, text
from pipelines.lake.store import Lake

# Its key may have NULLs, and no version tells the order of what comes.
PARTS = Stream(
    source="s", name="parts", group="ads", description="", key=("id", "part"), mode="replace",
    snapshot=True, totals=("value",),
    schema=Schema((integer("id", ""), text("part", ""), money("value", ""))),
)  # fmt: skip


@contextmanager
def cramped(rows_a_group=4):
    """Little fits anywhere: row groups, parts of runs, runs that are joined at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(footer, "group_rows", lambda _schema: rows_a_group)
        patch.setattr(runs, "HEADS_BYTES", 200)
        patch.setattr(runs, "MOST_RUNS", 3)
        patch.setattr(rows, "_JOINED_ROWS", 3)
        yield


@contextmanager
def lakes(*spill_bytes):
    """New lakes that hold so much in memory."""
    with TemporaryDirectory() as folder:
        yield [
            Lake(f"{folder}/{number}", spill_bytes=spill)
            for number, spill in enumerate(spill_bytes)
        ]


def cut(records, places):
    """The records in pages that end at those places."""
    ends = sorted({place % (len(records) + 1) for place in places} | {len(records)})
    return [records[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def changes(numbers, hours):
    """Versions of orders: of each a number, the hour of its change and a total of its own."""
    pairs = zip(numbers, hours, strict=True)
    return [
        order(str(number), f"2025-01-01T{hour:02}:00:00Z", f"{place}.00")
        for place, (number, hour) in enumerate(pairs)
    ]


CHANGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), max_size=40).map(
    lambda pairs: changes(*zip(*pairs, strict=True)) if pairs else []
)
PLACES = st.lists(st.integers(0, 99), max_size=12)
KEYED = st.lists(
    st.fixed_dictionaries(
        {"id": st.none() | st.integers(-3, 12), "part": st.none() | st.sampled_from("aé\U0001f600")}
    ),
    max_size=40,
).map(lambda keys: [{**key, "value": value} for value, key in enumerate(keys)])


DATA = f"shop/orders/dt={D1}/{ACCOUNT}.parquet"


def newest(*reads):
    """The total of each order after those reads: of the newest version, the last that was told."""
    found = {}
    for record in (record for read in reads for record in read):
        held = found.get(record["id"])
        if held is None or record["updatedAt"] >= held["updatedAt"]:
            found[record["id"]] = record
    return {name: Decimal(found[name]["totalSet"]["amount"]) for name in sorted(found)}


def totals(lake):
    """The total of each order, in the order of the file."""
    table = lake.rows(ORDERS, ACCOUNT, D1)
    return list(zip(table["id"].to_pylist(), table["total"].to_pylist(), strict=True))


@settings(deadline=None, max_examples=60)
@given(KEYED, PLACES, st.sampled_from([1, 300, 2_000]))
def test_any_pages_and_any_memory_give_the_same_bytes(records, places, spill):
    with cramped(), lakes(spill, 10**9) as (spilled, whole):
        land(spilled, PARTS, [D1], *cut(records, places))
        land(whole, PARTS, [D1], records)
        assert files_below(spilled.root) == files_below(whole.root)


@settings(deadline=None, max_examples=60)
@given(KEYED, PLACES)
def test_what_outgrew_memory_is_sorted_by_key_and_has_of_each_key_the_last(records, places):
    last = {(record["id"], record["part"]): record["value"] for record in records}
    ordered = sorted(last, key=lambda key: [(part is not None, part) for part in key])
    with cramped(), lakes(1) as (lake,):
        (day,) = land(lake, PARTS, [D1], *cut(records, places))
        table = lake.rows(PARTS, ACCOUNT, D1)
    found = zip(*(table[name].to_pylist() for name in ("id", "part")), strict=True)
    assert list(found) == ordered
    assert table["value"].to_pylist() == [last[key] for key in ordered]
    assert day.duplicates == len(records) - len(last)


@settings(deadline=None, max_examples=60)
@given(CHANGES, CHANGES, PLACES, st.sampled_from([1, 10**9]))
def test_a_merge_into_many_row_groups_keeps_the_newest_of_each_key(first, second, places, spill):
    with cramped(), lakes(spill) as (lake,):
        land(lake, ORDERS, [D1], first, timezone="UTC")
        (day,) = land(lake, ORDERS, [D1], *cut(second, places), at=T2, timezone="UTC")
        assert totals(lake) == list(newest(first, second).items())
    # A day of which nothing new was told keeps the footer that it had.
    assert day.changed == "unchanged" or day.duplicates == len(second) - len(newest(second))
    assert Decimal(day.totals["total"]) == sum(newest(first, second).values())


@settings(deadline=None, max_examples=20)
@given(CHANGES, CHANGES)
def test_a_merge_into_the_one_row_group_of_an_earlier_release_gives_the_same_bytes(first, second):
    with lakes(1, 1) as (old, new):
        with cramped(rows_a_group=1_000):
            land(old, ORDERS, [D1], first, timezone="UTC")
        with cramped():
            land(new, ORDERS, [D1], first, timezone="UTC")
            land(old, ORDERS, [D1], second, at=T2, timezone="UTC")
            land(new, ORDERS, [D1], second, at=T2, timezone="UTC")
        if new.footer(ORDERS, ACCOUNT, D1).extracted_at == T2:
            assert files_below(new.root)[DATA] == files_below(old.root)[DATA]
        assert totals(old) == totals(new)


@settings(deadline=None, max_examples=20)
@given(KEYED, KEYED)
def test_a_file_that_was_sorted_by_another_key_is_merged_by_the_present_one(first, second):
    before = replace(PARTS, mode="merge", key=("part", "id"))
    after = replace(PARTS, mode="merge", key=("id",))
    with cramped(), lakes(1) as (lake,):
        land(lake, before, [D1], first)
        held = lake.rows(before, ACCOUNT, D1).to_pylist()
        land(lake, after, [D1], second, at=T2)
        table = lake.rows(after, ACCOUNT, D1)
    last = {record["id"]: record["value"] for record in [*held, *second]}
    ordered = sorted(last, key=lambda key: (key is not None, key))
    assert dict(zip(table["id"].to_pylist(), table["value"].to_pylist(), strict=True)) == last
    assert table["id"].to_pylist() == ordered


def test_row_groups_are_bounded_by_how_many_values_a_row_has(tmp_path, monkeypatch):
    monkeypatch.setattr(footer, "VALUES_A_GROUP", 100)
    lake = Lake(tmp_path, spill_bytes=1)
    land(lake, SPEND, [D1], *([spend(f"{page}-{n}", "1") for n in range(9)] for page in range(5)))
    metadata = pq.read_metadata(lake.path(SPEND, ACCOUNT, D1))
    groups = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    # 100 values of five columns each: account_id, date, ad_id, spend, _extra.
    assert groups == [20, 20, 5]


def test_a_day_of_whole_row_groups_has_no_empty_one(tmp_path):
    with cramped():
        land(Lake(tmp_path), SPEND, [D1], [spend(str(n), "1") for n in range(8)])
    assert pq.read_metadata(Lake(tmp_path).path(SPEND, ACCOUNT, D1)).num_row_groups == 2


def test_a_nested_value_counts_once_for_each_of_its_fields():
    one = Schema((text("a", ""), text("b", ""))).arrow
    nested = replace(ORDERS.schema["lines"], fields=(text("a", ""), text("b", "")))
    assert footer.group_rows(one) == footer.group_rows(Schema((nested,)).arrow)


def test_a_misfit_leaves_when_its_key_lands_among_rows_that_were_spilled(tmp_path):
    lake = Lake(tmp_path, spill_bytes=1)
    land(lake, ORDERS, [D1], [order("1", "2025-01-01T08:00:00Z", "x")], timezone="UTC")
    pages = [[order(str(n), "2025-01-01T09:00:00Z")] for n in range(3)]
    (day,) = land(lake, ORDERS, [D1], *pages, at=T2, timezone="UTC")
    assert (day.rows, day.quarantined) == (3, 0)


def test_spilled_rows_leave_nothing_behind(tmp_path):
    lake = Lake(tmp_path, spill_bytes=1)
    with cramped():
        land(lake, SPEND, [D1], *([spend(str(n), "1")] for n in range(20)))
    assert not list(tmp_path.rglob("*.arrow"))


def test_a_refreshed_day_of_many_row_groups_says_that_it_was_read_again(tmp_path):
    words = replace(SPEND, ttl_days=30)
    lake, records = Lake(tmp_path), [spend(str(n), "1") for n in range(9)]
    with cramped():
        land(lake, words, [D1], records)
        before = lake.footer(words, ACCOUNT, D1)
        (day,) = land(lake, words, [D1], records, at=T3)
    after = lake.footer(words, ACCOUNT, D1)
    assert (day.changed, after.extracted_at, after.known_at) == ("unchanged", T3, before.known_at)
    assert after.content_hash == before.content_hash
    assert lake.rows(words, ACCOUNT, D1).num_rows == 9
