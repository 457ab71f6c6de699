"""The laws of landing: nothing is lost, twice is once, state is in the file, zero is not absent."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from threading import Event, Thread

import msgspec
import pyarrow.parquet as pq
import pytest
from lake_rows import (
    ACCOUNT,
    CONTEXT,
    COUNTERS,
    D1,
    D2,
    D3,
    ORDERS,
    SPEND,
    T1,
    T2,
    T3,
    batch,
    files_below,
    land,
    order,
    provenance,
    spend,
)

from pipelines.connectors.stream import Stream
from pipelines.lake import footer
from pipelines.lake.packed import Packed, convert_packed
from pipelines.lake.schema import Schema, money, text
from pipelines.lake.store import Lake


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def test_each_day_of_the_window_is_one_file_also_the_one_without_rows(lake):
    days = land(lake, SPEND, [D1, D2], [spend("a", "1.50"), spend("b", "2")])
    assert [(day.day, day.rows, day.status, day.changed) for day in days] == [
        (D1, 2, "complete", "new"),
        (D2, 0, "complete", "new"),
    ]
    assert lake.rows(SPEND, ACCOUNT, D1)["spend"].to_pylist() == [Decimal("1.5"), Decimal(2)]
    assert lake.rows(SPEND, ACCOUNT, D2).num_rows == 0
    assert lake.footer(SPEND, ACCOUNT, D3) is None
    assert days[0].path.as_posix() == "ads/spend/dt=2025-01-01/301.parquet"
    assert days[0].bytes == lake.path(SPEND, ACCOUNT, D1).stat().st_size


def test_the_footer_says_where_the_file_comes_from(lake):
    land(lake, SPEND, [D1, D2], [spend("a", "1.50", note="x")], requests=3, reasons={D2: ["open"]})
    footer = lake.footer(SPEND, ACCOUNT, D1)
    assert (footer.source, footer.stream, footer.account, footer.day) == ("ads", "spend", "301", D1)
    assert (footer.run_id, footer.extracted_at, footer.api_version) == ("run-1", T1, "v25.0")
    assert (footer.mode, footer.timezone) == ("replace", "Asia/Jakarta")
    assert (footer.rows, footer.quarantined, footer.totals) == (1, 0, {"spend": "1.500000"})
    assert footer.extra_fields == ["note"]
    other = lake.footer(SPEND, ACCOUNT, D2)
    assert (footer.requests, other.requests) == (2, 1)
    assert (footer.status, other.status, other.reasons) == ("complete", "partial", ["open"])
    assert other.totals == {"spend": "0.000000"}


def test_the_content_hash_is_of_the_bytes_before_the_footer(lake):
    land(lake, SPEND, [D1], [spend("a", "1.50")])
    data = lake.path(SPEND, ACCOUNT, D1).read_bytes()
    footer_length = int.from_bytes(data[-8:-4], "little")
    body = data[: -8 - footer_length]
    assert lake.footer(SPEND, ACCOUNT, D1).content_hash == hashlib.sha256(body).hexdigest()


def test_the_total_of_unknown_values_is_unknown(lake):
    (day,) = land(lake, SPEND, [D1], [spend("a", None)])
    assert day.totals == {"spend": None}


def test_the_order_of_pages_and_rows_does_not_change_the_content(tmp_path):
    records = [spend(f"ad-{n % 40}", f"{n % 40}.25") for n in range(60)]
    hashes = set()
    for seed in range(4):
        random.Random(seed).shuffle(records)
        cut = seed * 10
        (day,) = land(Lake(tmp_path / str(seed)), SPEND, [D1], records[:cut], records[cut:])
        assert (day.rows, day.duplicates) == (40, 20)
        hashes.add(Lake(tmp_path / str(seed)).footer(SPEND, ACCOUNT, D1).content_hash)
    assert len(hashes) == 1


def test_of_one_key_with_two_values_the_last_that_was_said_stays(lake):
    (day,) = land(lake, SPEND, [D1], [spend("a", "1")], [spend("a", "2")])
    assert (day.rows, day.duplicates) == (1, 1)
    assert day.totals == {"spend": "2.000000"}


def test_null_is_a_value_of_a_key(lake):
    stream = Stream(
        source="s", name="n", group="ads", description="", key=("id", "part"), mode="replace",
        snapshot=True, schema=Schema((text("id", ""), text("part", ""), money("value", ""))),
    )  # fmt: skip
    records = [{"id": "1"}, {"id": "1", "part": "x"}, {"id": "1", "value": 2}, {}]
    (day,) = land(lake, stream, [D1], records)
    assert (day.rows, day.duplicates) == (3, 1)


def test_a_second_read_that_says_the_same_touches_no_file(lake):
    land(lake, SPEND, [D1, D2], [spend("a", "1.50")])
    before = {path: path.stat().st_mtime_ns for path in lake.root.rglob("*.parquet")}
    days = land(lake, SPEND, [D1, D2], [spend("a", "1.50")], at=T2)
    assert [day.changed for day in days] == ["unchanged", "unchanged"]
    assert {path: path.stat().st_mtime_ns for path in lake.root.rglob("*.parquet")} == before
    assert lake.footer(SPEND, ACCOUNT, D1).extracted_at == T1


def test_a_day_that_closes_without_a_new_row_becomes_complete(lake):
    land(lake, SPEND, [D1], [spend("a", "1")], reasons={D1: ["open"]})
    (day,) = land(lake, SPEND, [D1], [spend("a", "1")], at=T2)
    assert (day.changed, day.status, day.reasons) == ("changed", "complete", ())


def test_in_a_replace_stream_rows_that_vanish_upstream_vanish_here(lake):
    land(lake, SPEND, [D1], [spend("a", "1"), spend("b", "2")])
    (day,) = land(lake, SPEND, [D1], [spend("b", "2")], at=T2)
    assert (day.rows, day.changed) == (1, "changed")


def test_in_a_merge_stream_no_version_is_dropped_and_the_newest_stays(lake):
    land(
        lake, ORDERS, [D1], [order("1", "2025-01-01T08:00:00Z"), order("2", "2025-01-01T09:00:00Z")]
    )
    (day,) = land(
        lake,
        ORDERS,
        [D1],
        [order("2", "2025-01-01T10:00:00Z", "20.00"), order("3", "2025-01-01T07:00:00Z")],
        [order("2", "2025-01-01T09:30:00Z", "15.00")],
        at=T2,
        timezone="UTC",
    )
    rows = lake.rows(ORDERS, ACCOUNT, D1)
    assert rows["id"].to_pylist() == ["1", "2", "3"]
    assert rows["total"].to_pylist() == [Decimal(10), Decimal(20), Decimal(10)]
    assert (day.duplicates, day.totals) == (1, {"total": "40.000000"})


def test_a_merge_read_again_in_any_order_is_the_same_file(tmp_path):
    pages = [
        [order("1", "2025-01-01T08:00:00Z"), order("2", "2025-01-01T10:00:00Z", "20")],
        [order("2", "2025-01-01T09:00:00Z")],
        [order("3", "2025-01-01T09:00:00Z")],
    ]
    hashes = set()
    for number, sequence in enumerate([pages, pages[::-1], [pages[1], pages[0], pages[2]]]):
        lake = Lake(tmp_path / str(number))
        for page in sequence:
            land(lake, ORDERS, [D1], page, timezone="UTC")
        hashes.add(lake.footer(ORDERS, ACCOUNT, D1).content_hash)
    assert len(hashes) == 1


def test_a_merge_re_read_fills_a_column_that_the_schema_has_gained(lake):
    record = order("1", "2025-01-01T08:00:00Z", note="hello")
    land(lake, ORDERS, [D1], [record, order("2", "2025-01-01T08:00:00Z")], timezone="UTC")
    wider = Schema((*ORDERS.schema.fields, text("note", "Note.")))
    stream = replace(ORDERS, schema=wider)
    land(lake, stream, [D1], [record], at=T2, timezone="UTC")
    rows = lake.rows(stream, ACCOUNT, D1)
    assert rows["note"].to_pylist() == ["hello", None]
    assert rows["_extra"].to_pylist() == [None, None]


def test_a_column_that_the_schema_has_lost_moves_to_extra(lake):
    land(lake, ORDERS, [D1], [order("1", "2025-01-01T08:00:00Z")], timezone="UTC")
    narrower = Schema(tuple(f for f in ORDERS.schema.fields if f.name != "total"))
    stream = replace(ORDERS, schema=narrower, totals=())
    land(lake, stream, [D1], [order("2", "2025-01-01T08:00:00Z")], at=T2, timezone="UTC")
    extra = lake.rows(stream, ACCOUNT, D1)["_extra"].to_pylist()
    assert msgspec.json.decode(extra[0]) == {"total": "10.000000"}


def land_packed(lake, stream, days, records):
    """Lands a page of records as a platform's answer holds them: each its JSON."""
    texts = msgspec.json.decode(msgspec.json.encode(records), type=list[msgspec.Raw])
    with lake.landing(stream, ACCOUNT, days, provenance()) as landing:
        landing.add(convert_packed(stream.schema, [Packed(texts, "page 1")], CONTEXT))
        return landing.commit()


def test_a_name_in_extra_is_told_also_where_only_the_last_of_many_rows_has_it(lake):
    records = [spend(f"{n:03}", "1", note="x") for n in range(100)]
    records[-1]["late"] = "y"
    land_packed(lake, SPEND, [D1], records)
    assert lake.footer(SPEND, ACCOUNT, D1).extra_fields == ["late", "note"]


def test_a_name_in_extra_is_told_of_those_days_alone_that_have_it(lake):
    land_packed(lake, SPEND, [D1, D2], [spend("a", "1", note="x"), spend("a", "1", D2, odd="y")])
    told = [lake.footer(SPEND, ACCOUNT, day).extra_fields for day in (D1, D2)]
    assert told == [["note"], ["odd"]]


def test_a_name_in_extra_that_only_the_file_had_is_told_still(lake):
    at = "2025-01-01T08:00:00Z"
    land_packed(lake, ORDERS, [D1], [order("2", at, odd="x")])
    land_packed(lake, ORDERS, [D1], [order("1", at, note="y")])
    assert lake.footer(ORDERS, ACCOUNT, D1).extra_fields == ["note", "odd"]


def test_rows_fall_on_the_day_of_their_instant_in_the_streams_zone(lake):
    records = [
        order("1", "2024-12-31T17:00:00Z"),  # 1 January, 00:00 in Jakarta
        order("2", "2025-01-01T16:59:59Z"),
        order("3", "2025-01-01T17:00:00Z"),
    ]
    days = land(lake, ORDERS, [D1, D2], records, timezone="Asia/Jakarta")
    assert [day.rows for day in days] == [2, 1]


def test_days_of_23_and_25_hours_keep_their_rows(lake):
    days = [date(2024, 3, 10), date(2024, 3, 11), date(2024, 11, 3), date(2024, 11, 4)]
    for first, last in (days[:2], days[2:]):
        records = [
            order(str(n), f"{day.isoformat()}T{hour}:30:00Z")
            for day in (first, last)
            for n, hour in enumerate(("04", "05", "07", "08"))
        ]
        landed = land(lake, ORDERS, [first, last], records, timezone="America/Los_Angeles")
        assert sum(day.rows + day.outside + day.duplicates for day in landed) == len(records)


def test_rows_of_a_neighbouring_day_are_left_to_their_own_read_and_counted(lake):
    records = [spend("a", "1", D1), spend("a", "2", D2), spend("a", "3", D3)]
    (day,) = land(lake, SPEND, [D2], records)
    assert (day.rows, day.outside, day.quarantined) == (1, 2, 0)


def test_rows_of_a_day_that_nobody_asked_for_go_to_quarantine(lake):
    records = [spend("a", "1", D1), spend("far", "9", date(2020, 5, 5)), {"ad_id": "dayless"}]
    (day,) = land(lake, SPEND, [D1], records)
    assert (day.rows, day.outside, day.quarantined) == (1, 0, 2)
    listed = lake.quarantine.list().to_pylist()
    assert {each["reason"] for each in listed} == {
        "the row is outside the days asked for",
        "the row has no day",
    }


def test_instants_far_outside_go_to_quarantine_wherever_they_lie(lake):
    records = [
        order(str(n), f"{year}-06-01T00:00:00Z") for n, year in enumerate((1000, 2024, 2026, 9000))
    ]
    (day,) = land(lake, ORDERS, [D1], records, timezone="UTC")
    assert (day.rows, day.outside, day.quarantined) == (0, 0, 4)


def test_every_record_is_somewhere(lake):
    chance = random.Random(5)
    records = [
        order(
            str(n), f"202{chance.randrange(9)}-01-0{chance.randrange(1, 5)}T1{n % 9}:00:00Z", total
        )
        for n, total in enumerate(chance.choices(["1", "x", None, "1e99"], k=300))
    ]
    days = land(lake, ORDERS, [D1, D2, D3], records[:100], records[100:], timezone="UTC")
    kept = sum(day.rows + day.duplicates + day.outside + day.quarantined for day in days)
    assert kept == len(records)


def test_a_misfit_is_kept_under_its_own_day_and_leaves_with_the_next_good_read(lake):
    days = land(lake, SPEND, [D1, D2], [spend("a", "1", D1), spend("a", "x", D2)])
    assert [(day.rows, day.quarantined) for day in days] == [(1, 0), (0, 1)]
    days = land(lake, SPEND, [D1, D2], [spend("a", "1", D1), spend("a", "2", D2)], at=T2)
    assert [(day.rows, day.quarantined) for day in days] == [(1, 0), (1, 0)]
    assert lake.quarantine.list().num_rows == 0
    assert not list((lake.root / "_quarantine").rglob("*.parquet"))


def test_a_merge_streams_misfit_stays_until_its_key_lands(lake):
    broken = order("1", "2025-01-01T08:00:00Z", "x")
    land(lake, ORDERS, [D1], [broken], timezone="UTC")
    (day,) = land(lake, ORDERS, [D1], [order("2", "2025-01-01T08:00:00Z")], at=T2, timezone="UTC")
    assert (day.rows, day.quarantined) == (1, 1)
    (day,) = land(lake, ORDERS, [D1], [broken], at=T2, timezone="UTC")
    assert (day.rows, day.quarantined, day.changed) == (1, 1, "unchanged")
    (day,) = land(lake, ORDERS, [D1], [order("1", "2025-01-01T09:00:00Z")], at=T3, timezone="UTC")
    assert (day.rows, day.quarantined) == (2, 0)


def test_what_a_platform_no_longer_serves_makes_every_day_of_the_read_partial(lake):
    with lake.landing(SPEND, ACCOUNT, [D1, D2], provenance()) as landing:
        complete = batch(SPEND, spend("a", "1"))
        landing.add(type(complete)(complete.rows, (), ("metric reach is retired",)))
        days = landing.commit()
    assert [(day.status, day.reasons) for day in days] == [
        ("partial", ("metric reach is retired",))
    ] * 2


def test_a_snapshot_lands_under_the_day_that_is_given(lake):
    (day,) = land(lake, COUNTERS, [D2], [{"id": "1", "value": 5}])
    assert (day.day, day.rows, day.totals) == (D2, 1, {"value": "5.000000"})
    with pytest.raises(ValueError, match="exactly one"):
        lake.landing(COUNTERS, ACCOUNT, [D1, D2], provenance())


def test_what_was_not_committed_leaves_no_trace(lake):
    with lake.landing(SPEND, ACCOUNT, [D1], provenance()) as landing:
        landing.add(batch(SPEND, spend("a", "1")))
    assert files_below(lake.root) == {}
    assert [path for path in (lake.root / "_tmp").iterdir() if path.is_dir()] == []


def test_rows_of_another_schema_are_refused(lake):
    with (
        lake.landing(SPEND, ACCOUNT, [D1], provenance()) as landing,
        pytest.raises(ValueError, match=r"ads\.spend"),
    ):
        landing.add(batch(COUNTERS, {"id": "1"}))


def test_rows_that_outgrow_memory_are_spilled_and_land_all_the_same(tmp_path):
    pages = [[spend(f"{n}-{m}", "1", day) for m in range(50)] for n in range(6) for day in (D1, D2)]
    spilled = Lake(tmp_path / "spilled", spill_bytes=3_000)
    land(spilled, SPEND, [D1, D2], *pages)
    whole = Lake(tmp_path / "whole")
    days = land(whole, SPEND, [D1, D2], *pages)
    assert [day.rows for day in days] == [300, 300]
    assert files_below(spilled.root) == files_below(whole.root)


def test_files_are_sorted_by_key_and_say_what_their_columns_mean(lake):
    land(lake, SPEND, [D1], [spend(ad, "1") for ad in "dbca"])
    path = lake.path(SPEND, ACCOUNT, D1)
    with pq.ParquetFile(path) as file:
        assert file.read()["ad_id"].to_pylist() == ["a", "b", "c", "d"]
        assert file.schema_arrow.field("spend").metadata == {b"description": b"Spend."}
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        assert file.metadata.format_version == "2.6"


def test_account_names_that_are_no_file_names_are_kept(lake):
    for account in ("../up", "a/b", "shop.example", ".hidden", "100% cotton"):
        with lake.landing(SPEND, account, [D1], provenance()) as landing:
            landing.commit()
    accounts = lake.manifest()["account"].to_pylist()
    assert sorted(accounts) == ["../up", ".hidden", "100% cotton", "a/b", "shop.example"]
    assert not (lake.root.parent / "up.parquet").exists()


def test_a_change_of_type_that_landed_rows_do_not_survive_says_so(lake):
    record = {**order("1", "2025-01-01T08:00:00Z"), "note": "twelve"}
    noted = replace(ORDERS, schema=Schema((*ORDERS.schema.fields, text("note", ""))))
    land(lake, noted, [D1], [record], timezone="UTC")
    counted = replace(ORDERS, schema=Schema((*ORDERS.schema.fields, money("note", ""))))
    with pytest.raises(ValueError, match=r"'note' holds string.*new column name"):
        land(lake, counted, [D1], [{**record, "note": 12}], at=T2, timezone="UTC")
    assert lake.footer(noted, ACCOUNT, D1).extracted_at == T1


def test_two_reads_that_merge_at_once_both_land(tmp_path):
    """The second begins when the first has merged its rows and not yet moved them.

    It must not get as far as merging before the first is done. If it does (no lock holds it), it is
    made to go on from there afterwards, which loses the first's rows for certain.
    """
    second_merged, first_done = Event(), Event()

    def second():
        def checkpoint(name):
            if name == "mid-file":
                second_merged.set()
                first_done.wait()

        records = [order("2", "2025-01-01T08:00:00Z")]
        land(Lake(tmp_path, checkpoint=checkpoint), ORDERS, [D1], records, timezone="UTC")

    other = Thread(target=second)

    def begin(name):
        if name == "mid-file":
            other.start()
            second_merged.wait(0.3)

    first = [order("1", "2025-01-01T08:00:00Z")]
    land(Lake(tmp_path, checkpoint=begin), ORDERS, [D1], first, timezone="UTC")
    first_done.set()
    other.join()
    assert Lake(tmp_path).rows(ORDERS, ACCOUNT, D1)["id"].to_pylist() == ["1", "2"]


# --- history


def test_a_replaced_file_moves_to_history_and_the_ledger_says_by_how_much(lake):
    for at, amount in ((T1, "1.10"), (T2, "1.25"), (T3, "1.25")):
        land(lake, SPEND, [D1, D2], [spend("a", amount)], at=at)
    versions = lake.history(SPEND, ACCOUNT, D1)
    assert [version.footer.extracted_at for version in versions] == [T1, T2]
    assert versions[0].path.relative_to(lake.root).as_posix() == (
        "_history/ads/spend/dt=2025-01-01/301/20250201T090000000000Z.parquet"
    )
    (change,) = lake.restatements().to_pylist()
    assert change == {
        "source": "ads",
        "stream": "spend",
        "account": ACCOUNT,
        "day": D1,
        "replaced_at": T2.replace(tzinfo=None),
        "column": "spend",
        "before": Decimal("1.1"),
        "after": Decimal("1.25"),
        "before_status": "complete",
    }


def test_the_ledger_tells_a_day_that_had_not_closed_from_a_changed_mind(lake):
    land(lake, SPEND, [D1], [spend("a", "1")], reasons={D1: ["open"]})
    land(lake, SPEND, [D1], [spend("a", "1"), spend("b", "2")], at=T2)
    ledger = lake.restatements()
    assert ledger["column"].to_pylist() == ["rows", "spend"]
    assert ledger["before_status"].to_pylist() == ["partial", "partial"]


def test_versions_read_at_the_same_instant_are_all_kept(lake):
    for amount in ("1", "2", "3", "4"):
        land(lake, SPEND, [D1], [spend("a", amount)], at=T1)
    chain = [version.footer.totals["spend"] for version in lake.history(SPEND, ACCOUNT, D1)]
    assert chain == ["1.000000", "2.000000", "3.000000", "4.000000"]


def test_the_lake_as_of_an_instant_is_what_was_current_then(lake, tmp_path):
    states = {}
    for number, at in enumerate((T1, T2, T3)):
        land(lake, SPEND, [D1], [spend("a", str(number))], at=at)
        if at > T1:
            land(lake, ORDERS, [D2], [order(str(number), "2025-01-02T01:00:00Z")], at=at)
        lake.write_manifest([SPEND, ORDERS, COUNTERS])
        states[at] = files_below(lake.root)
    for at, state in states.items():
        past = lake.as_of(at, tmp_path / f"{at:%d}")
        assert files_below(past.root) == state
        assert past.manifest().num_rows == (1 if at == T1 else 2)
    before_everything = lake.as_of(T1.replace(year=2020), tmp_path / "before")
    assert before_everything.manifest().num_rows == 0
    with pytest.raises(FileExistsError):
        lake.as_of(T1, tmp_path / f"{T1:%d}")


def test_a_lake_of_links_does_not_change_when_the_lake_goes_on(lake, tmp_path):
    land(lake, SPEND, [D1], [spend("a", "1")])
    past = lake.as_of(T1, tmp_path / "past")
    before = files_below(past.root)
    land(lake, SPEND, [D1], [spend("a", "2")], at=T2)
    assert files_below(past.root) == before
    assert past.path(SPEND, ACCOUNT, D1).samefile(lake.history(SPEND, ACCOUNT, D1)[0].path)


def test_without_hard_links_files_are_copied(lake, tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    for at, amount in ((T1, "1"), (T2, "2"), (T3, "3")):
        land(lake, SPEND, [D1], [spend("a", amount)], at=at)
    assert len(lake.history(SPEND, ACCOUNT, D1)) == 3
    past = lake.as_of(T2, tmp_path / "past")
    assert past.footer(SPEND, ACCOUNT, D1).totals == {"spend": "2.000000"}


# --- manifest


def test_the_manifest_lists_every_file_and_can_be_made_again(lake):
    land(
        lake,
        SPEND,
        [D1, D2],
        [spend("a", "1.5"), spend("b", "x")],
        requests=3,
        reasons={D2: ["p", "q"]},
    )
    path = lake.write_manifest([SPEND, COUNTERS])
    rows = pq.ParquetFile(path).read().to_pylist()
    assert [(row["dt"], row["rows"], row["quarantined"], row["status"]) for row in rows] == [
        (D1, 1, 1, "complete"),
        (D2, 0, 0, "partial"),
    ]
    assert (rows[0]["path"], rows[0]["totals"]) == (
        "ads/spend/dt=2025-01-01/301.parquet",
        '{"spend":"1.500000"}',
    )
    assert rows[1]["reasons"] == "p; q"
    first = path.read_bytes()
    path.unlink()
    assert lake.write_manifest([SPEND]).read_bytes() == first


def test_only_the_footers_of_new_files_are_read_for_the_manifest(lake, monkeypatch):
    land(lake, SPEND, [D1, D2], [spend("a", "1")], at=T1)
    lake.write_manifest([SPEND])
    land(lake, SPEND, [D1], [spend("a", "2")], at=T2)
    read, asked = footer.read, []
    monkeypatch.setattr(footer, "read", lambda path: (asked.append(path), read(path))[1])
    found = lake.manifest()
    assert asked == [lake.path(SPEND, ACCOUNT, D1)]
    monkeypatch.undo()
    lake.layout.manifest.unlink()
    assert found.equals(lake.manifest())


def test_earlier_versions_are_listed_as_files_are(lake):
    for at, amount in ((T1, "1"), (T2, "2"), (T3, "3")):
        land(lake, SPEND, [D1], [spend("a", amount)], at=at)
        lake.write_manifest([SPEND])
    listed = pq.read_table(lake.layout.earlier).to_pylist()
    assert [row["totals"] for row in listed] == ['{"spend":"1.000000"}', '{"spend":"2.000000"}']
    assert {(row["source"], row["stream"], row["account"], row["dt"]) for row in listed} == {
        ("ads", "spend", ACCOUNT, D1)
    }


def test_a_list_of_another_release_is_made_anew(lake):
    land(lake, SPEND, [D1], [spend("a", "1")])
    found = pq.read_table(lake.write_manifest([SPEND]))
    pq.write_table(found.drop_columns(["bytes"]), lake.layout.manifest)
    assert pq.read_table(lake.write_manifest([SPEND])).equals(found)


def test_every_declared_stream_can_be_read_before_it_was_extracted(lake):
    lake.write_manifest([SPEND, COUNTERS])
    path = lake.root / "_months/pages/counters/schema.parquet"
    with pq.ParquetFile(path) as file:
        assert file.schema_arrow.remove(file.schema_arrow.get_field_index("dt")).equals(
            COUNTERS.schema.arrow
        )
        assert file.metadata.num_rows == 0
    assert lake.manifest().num_rows == 0


def test_a_manifest_that_says_nothing_new_is_not_written(lake):
    land(lake, SPEND, [D1], [spend("a", "1")])
    lake.write_manifest([SPEND])
    before = {path: path.stat().st_ino for path in lake.root.rglob("*.parquet")}
    lake.write_manifest([SPEND])
    assert {path: path.stat().st_ino for path in lake.root.rglob("*.parquet")} == before
