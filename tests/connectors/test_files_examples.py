"""The two real data sets that ship with the project, through the connector and into a lake."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from files_folder import Folder, instant

from pipelines.connectors.files import FilesSource
from pipelines.connectors.files.mapping import KINDS
from pipelines.ingest import IngestError, ingest
from pipelines.lake.store import Lake

EXAMPLES = Path(__file__).parents[2] / "examples"
NOW = datetime(2024, 6, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def source():
    return FilesSource.load(EXAMPLES / "files.yaml")


def whole(source, name):
    account = next(each for each in source.accounts() if each.id == name)
    stream = KINDS[account.streams[0]]
    extent = source.extent(stream, account)
    batches = list(source.read(stream, account, stream.window(*extent, account)))
    assert [each for batch in batches for each in batch.rejected] == []
    return extent, pa.concat_tables([batch.rows for batch in batches])


@pytest.fixture(scope="module")
def retail(source):
    return whole(source, "online_retail")


@pytest.fixture(scope="module")
def posts(source):
    return whole(source, "facebook_post_metrics")


def test_the_examples_are_small_enough_to_ship_and_name_their_authors():
    assert sum(path.stat().st_size for path in EXAMPLES.rglob("*") if path.is_file()) < 5_000_000
    for folder, author in (("online_retail", "Chen, D."), ("facebook_post_metrics", "Moro, S.")):
        attribution = (EXAMPLES / folder / "ATTRIBUTION.md").read_text()
        assert author in attribution
        assert "Creative Commons Attribution 4.0" in attribution


def test_online_retail_has_the_published_figures(retail):
    extent, rows = retail
    assert extent == (date(2010, 12, 1), date(2011, 12, 9))
    assert rows.num_rows == 541_909
    assert pc.count_distinct(rows["order_id"]).as_py() == 25_900
    assert pc.count_distinct(rows["customer_id"]).as_py() == 4_372
    assert rows["customer_id"].null_count == 135_080
    assert pc.sum(pc.starts_with(rows["order_id"], "C")).as_py() == 9_288
    assert pc.sum(rows["quantity"]).as_py() == 5_176_450
    value = pc.multiply(rows["quantity"].cast(pa.decimal128(19, 0)), rows["unit_price"])
    assert pc.sum(value).as_py() == Decimal("9747747.934000")
    assert pc.unique(rows["currency"]).to_pylist() == ["GBP"]
    assert set(rows["_extra"].to_pylist()) == {None}


def test_online_retail_keeps_the_shops_clock_over_summer_time(retail):
    _, rows = retail
    first = rows.filter(pc.equal(rows["line_no"], "1")).to_pylist()[0]
    assert first["ordered_at"] == instant(2010, 12, 1, 8, 26)
    assert first["customer_id"] == "17850"
    # 2011-06-26 10:59 in London.
    summer = rows.filter(pc.equal(rows["order_id"], "558077"))["ordered_at"]
    assert pc.unique(summer).to_pylist() == [instant(2011, 6, 26, 9, 59)]


def test_facebook_post_metrics_have_the_published_figures(posts):
    extent, rows = posts
    assert extent == (date(2014, 1, 1), date(2014, 12, 1))
    assert rows.num_rows == 500
    sums = {name: pc.sum(rows[name]).as_py() for name in ("reactions", "comments", "shares")}
    assert sums == {"reactions": 88_795, "comments": 3_741, "shares": 13_524}
    assert pc.sum(rows["impressions"]).as_py() == 14_792_974
    for row in rows.to_pylist():
        parts = sum(row[name] or 0 for name in ("reactions", "comments", "shares"))
        assert parts == int(json.loads(row["_extra"])["T_Interactions"])


def test_an_empty_cell_of_the_facebook_posts_is_unknown_and_not_zero(posts):
    _, rows = posts
    assert [rows[name].null_count for name in ("reactions", "shares", "is_paid")] == [1, 4, 1]


# --- into a lake


ORDERS = "Order,Placed,Mail,Total\nA1,2024-01-05,,1.5\nA2,never,,2\nA3,2024-01-07,,4\n"


def landed(folder, lake, *, first=date(2024, 1, 4), last=date(2024, 1, 9)):
    result = ingest(folder.source(), KINDS["orders"], lake, first, last, run_id="test", now=NOW)
    return result, {each.day.day: each for each in result.landed}


def test_days_land_once_and_a_second_read_of_the_same_file_changes_nothing(tmp_path):
    folder, lake = Folder(tmp_path / "in"), Lake(tmp_path / "lake")
    folder.write("orders.csv", ORDERS)
    folder.orders("orders.csv")
    _, days = landed(folder, lake)
    assert {day: each.rows for day, each in days.items()} == {5: 1, 6: 0, 7: 1}
    assert {each.changed for each in days.values()} == {"new"}
    _, days = landed(folder, lake)
    assert {each.changed for each in days.values()} == {"unchanged"}


def test_days_that_the_export_says_nothing_of_are_left_out_with_the_reason(tmp_path):
    folder, lake = Folder(tmp_path / "in"), Lake(tmp_path / "lake")
    folder.write("orders.csv", ORDERS)
    result, _ = landed(folder.orders("orders.csv"), lake)
    assert {each.day.day: each.reason for each in result.skipped} == {
        4: "the export begins on 2024-01-05",
        8: "the export ends on 2024-01-07",
        9: "the export ends on 2024-01-07",
    }


def test_a_row_without_a_day_is_quarantined_under_the_day_of_the_row_above_it(tmp_path):
    folder, lake = Folder(tmp_path / "in"), Lake(tmp_path / "lake")
    folder.write("orders.csv", ORDERS)
    _, days = landed(folder.orders("orders.csv"), lake)
    assert {day: each.quarantined for day, each in days.items()} == {5: 1, 6: 0, 7: 0}
    _, days = landed(folder, lake, first=date(2024, 1, 6), last=date(2024, 1, 7))
    assert {day: each.quarantined for day, each in days.items()} == {6: 0, 7: 0}


def test_one_data_set_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    folder, lake = Folder(tmp_path / "in"), Lake(tmp_path / "lake")
    folder.write("orders.csv", ORDERS)
    folder.orders("orders.csv")
    folder.datasets["other"] = {**folder.datasets["shop"], "path": "none/*.csv"}
    with pytest.raises(IngestError, match="no file matches") as caught:
        landed(folder, lake)
    assert list(caught.value.errors) == ["other"]
    assert {each.account for each in caught.value.result.landed} == {"shop"}
