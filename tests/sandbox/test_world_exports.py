"""Exports and truth: files that the connector reads whole, and figures that can be recomputed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipelines.connectors.files.source import FilesSource
from pipelines.connectors.stream import Window
from pipelines.sandbox.world import (
    INDONESIA,
    MARKETS,
    Market,
    World,
    WorldConfig,
    build_world,
    truth,
    write_exports,
    write_truth,
)
from pipelines.sandbox.world.events import EVENTS, daily_events, event_counts, exported_days
from pipelines.sandbox.world.state import current_orders, served_cells, served_extra

CONFIG = WorldConfig(anchor=date(2026, 11, 1), size=300, history_days=60, campaigns=8)
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(CONFIG, NOW + timedelta(days=2))


@pytest.fixture(scope="module")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    write_exports(world, NOW, folder)
    return folder


def every_event(folder: Path, market: Market) -> pa.Table:
    files = sorted((folder / "ga4" / market.ga4_property).glob("events_*.parquet"))
    return pa.concat_tables([pq.read_table(path).replace_schema_metadata() for path in files])


def local_days(column: pa.ChunkedArray, market: Market) -> pa.ChunkedArray:
    zoned = pc.assume_timezone(column, "UTC").cast(pa.timestamp("us", market.timezone))
    return pc.local_timestamp(zoned).cast(pa.date32())


def closed_sessions(world: World, market: Market) -> pa.Table:
    then = world.at(NOW)
    mine = then.sessions.filter(pc.equal(then.sessions["market"], market.code))
    _, last = exported_days(then, market, then.now)
    return mine.filter(pc.less_equal(local_days(mine["started_at"], market), pa.scalar(last)))


# --- GA4 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.code)
def test_each_closed_day_of_the_property_has_one_file_with_that_days_events(
    folder: Path, market: Market
) -> None:
    files = sorted((folder / "ga4" / market.ga4_property).glob("*.parquet"))
    yesterday = NOW.astimezone(ZoneInfo(market.timezone)).date() - timedelta(days=1)
    assert len(files) == (yesterday - CONFIG.start).days + 1
    assert files[-1].name == f"events_{yesterday:%Y%m%d}.parquet"
    for path in files:
        table = pq.read_table(path)
        assert table.schema.equals(EVENTS)
        assert set(table["event_date"].to_pylist()) == {path.stem.removeprefix("events_")}
        moments = table["event_timestamp"].cast(pa.timestamp("us"))
        days = {f"{day:%Y%m%d}" for day in local_days(moments, market).to_pylist()}
        assert days == {path.stem.removeprefix("events_")}


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.code)
def test_the_events_hold_every_visit_and_purchase_exactly_once(
    world: World, folder: Path, market: Market
) -> None:
    events, sessions = every_event(folder, market), closed_sessions(world, market)
    starts = events.filter(pc.equal(events["event_name"], "session_start"))
    keys = {(row["user_pseudo_id"], row["event_timestamp"]) for row in starts.to_pylist()}
    started = sessions["started_at"].cast(pa.int64()).to_pylist()
    assert keys == set(zip(sessions["user_pseudo_id"].to_pylist(), started, strict=True))
    assert len(keys) == starts.num_rows == sessions.num_rows
    orders = {row["order_id"]: row for row in world.orders.to_pylist()}
    bought = [orders[order] for order in pc.drop_null(sessions["order_id"]).to_pylist()]
    buys = events.filter(pc.equal(events["event_name"], "purchase")).to_pylist()
    assert sorted(row["ecommerce"]["transaction_id"] for row in buys) == sorted(
        order["name"] for order in bought
    )
    revenue = sum(round(row["ecommerce"]["purchase_revenue"] * 100) for row in buys)
    assert revenue == sum(order["total"] for order in bought)
    assert all(sum(item["quantity"] for item in row["items"]) > 0 for row in buys)
    assert events.num_rows == event_counts(sessions).sum()


def test_the_keys_of_events_are_unique_and_their_parameters_well_formed(folder: Path) -> None:
    events = every_event(folder, INDONESIA)
    key = ["user_pseudo_id", "event_timestamp", "event_name", "batch_event_index"]
    assert events.group_by(key).aggregate([]).num_rows == events.num_rows
    for row in events.slice(0, 400).to_pylist():
        params = {param["key"]: param["value"] for param in row["event_params"]}
        assert len(params) == len(row["event_params"])
        assert params["ga_session_id"]["int_value"] * 1_000_000 <= row["event_timestamp"]
        assert params["page_location"]["string_value"].startswith(f"https://{INDONESIA.hostname}/")


def test_days_made_alone_equal_days_made_together(world: World) -> None:
    first, last = date(2026, 9, 20), date(2026, 10, 14)
    together = dict(daily_events(world, INDONESIA, first, last))
    for day in (first, date(2026, 9, 30), last):
        ((_, alone),) = daily_events(world, INDONESIA, day, day)
        assert alone.equals(together[day])


# --- all files ------------------------------------------------------------------------------------


def test_a_second_export_writes_nothing_and_a_later_one_only_what_is_new(
    world: World, tmp_path: Path
) -> None:
    first = NOW.date() - timedelta(days=5)
    assert len(write_exports(world, NOW, tmp_path, first=first)) == 2 * 5 + 4
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert write_exports(world, NOW, tmp_path, first=first) == []
    later = write_exports(world, NOW + timedelta(days=1), tmp_path, first=first)
    assert {path.name for path in later} == {
        f"events_{NOW:%Y%m%d}.parquet",
        "customers.csv",
    }
    kept = {path: path.stat().st_mtime_ns for path in before if path not in later}
    assert kept == {path: before[path] for path in kept}
    assert not list(tmp_path.rglob(".*"))


def test_files_of_another_world_are_written_anew(world: World, tmp_path: Path) -> None:
    first = NOW.date() - timedelta(days=3)
    write_exports(world, NOW, tmp_path, first=first)
    other = build_world(WorldConfig(CONFIG.anchor, 9, 200, 60, 8), NOW)
    assert len(write_exports(other, NOW, tmp_path, first=first)) == 2 * 3 + 2


def test_the_files_connector_reads_every_export_without_a_rejected_row(
    world: World, folder: Path
) -> None:
    source = FilesSource.load(folder / "files.yaml")
    streams = {stream.name: stream for stream in source.streams}
    rows: dict[str, list[dict[str, Any]]] = {}
    for account in source.accounts():
        stream = streams[account.streams[0]]
        window = Window(CONFIG.start, NOW.date() - timedelta(days=1), account.timezone)
        batches = list(source.read(stream, account, window))
        assert not [rejected for batch in batches for rejected in batch.rejected]
        rows[account.id] = [row for batch in batches for row in batch.rows.to_pylist()]
    lists = {"crm", "people", "experiments"}
    assert set(rows) == {*(market.ga4_property for market in MARKETS), *lists}
    for market in MARKETS:
        assert len(rows[market.ga4_property]) == every_event(folder, market).num_rows
    then = world.at(NOW)
    known = {str(row["customer_id"]): row for row in then.customers.to_pylist()}
    members = [
        row for row in known.values() if row["crm_member"] and row["crm_joined_at"] <= then.now
    ]
    assert len(rows["crm"]) == len(members) > 100
    for row in rows["crm"]:
        customer = known[row["shop_customer_id"]]
        assert row["birth_date"] == customer["birth_date"]
        assert row["joined_at"] == customer["crm_joined_at"].replace(second=0)
        assert {"P": "female", "L": "male", None: None}[row["gender"]] == customer["gender"]
    listed = pc.sum(then.people["listed"]).as_py()
    assert len(rows["people"]) == listed
    assert {row["list"] for row in rows["people"]} == {"employee", "creator", "media"}
    assert rows["experiments"] == []


def test_a_phone_is_written_in_both_ways(folder: Path) -> None:
    lines = (folder / "crm" / "customers.csv").read_text().splitlines()[1:]
    phones = [line.split(";")[4] for line in lines]
    assert {phone[:3] for phone in phones if phone} >= {"+62", "081"}


# --- truth ----------------------------------------------------------------------------------------


def test_truth_equals_sums_recomputed_from_the_tables(world: World, tmp_path: Path) -> None:
    then = world.at(NOW)
    told = json.loads(write_truth(world, NOW, tmp_path).read_text())
    assert told["now"] == "2026-11-01T09:00:00"
    sales = [row for row in current_orders(then).to_pylist() if not row["is_test"]]
    kept = {row["order_id"] for row in sales}
    refunds = [row for row in then.refunds.to_pylist() if row["order_id"] in kept]
    for market in MARKETS:
        mine = [row for row in sales if row["market"] == market.code]
        figures = told["markets"][market.code]
        assert figures["orders"] == len(mine)
        for name in ("gross", "discount", "tax", "shipping", "total", "refunded"):
            assert figures["money"][name] == sum(row[name] for row in mine)
        assert figures["money"]["net"] == sum(row["subtotal"] - row["refunded"] for row in mine)
        assert figures["refunds"] == sum(row["market"] == market.code for row in refunds)
        visits = then.sessions["market"].to_pylist().count(market.code)
        assert figures["sessions"] == visits
        cells, extra = served_cells(then, market.code), served_extra(then, market.code)
        spent = {
            row["campaign_id"]: row["spend_sum"]
            for row in cells.group_by("campaign_id").aggregate([("spend", "sum")]).to_pylist()
        }
        campaigns = figures["campaigns"]
        assert {name: row["spend"] for name, row in campaigns.items() if row["spend"]} == spent
        unlisted = sum(extra["spend"].to_pylist())
        assert figures["account"]["spend"] == sum(spent.values()) + unlisted


def test_each_campaigns_increment_is_what_its_orders_say(world: World, tmp_path: Path) -> None:
    write_truth(world, NOW, tmp_path)
    told = truth(world, NOW)
    orders = pq.read_table(tmp_path / "orders.parquet").to_pylist()
    for market in told["markets"].values():
        for campaign, figures in market["campaigns"].items():
            mine = [row for row in orders if row["campaign_id"] == campaign and not row["is_test"]]
            assert figures["incremental_orders"] == len(mine)
            direct = [row for row in mine if row["cause"] == "campaign"]
            assert figures["incremental_first_hand"] == len(direct)
            assert figures["incremental_net"] == sum(row["net"] for row in mine)


def test_truth_of_consecutive_days_adds_up_to_the_truth_of_all(world: World) -> None:
    middle = date(2026, 10, 12)
    halves = [truth(world, NOW, last=middle), truth(world, NOW, first=middle + timedelta(days=1))]
    whole = truth(world, NOW)
    for code, figures in whole["markets"].items():
        parts = [half["markets"][code] for half in halves]
        for name in ("customers", "orders", "refunds", "sessions", "events", "posts", "comments"):
            assert figures[name] == sum(part[name] for part in parts) > 0
        for group in ("money", "account"):
            for name, value in figures[group].items():
                assert value == sum(part[group][name] for part in parts)


def test_truth_of_an_earlier_moment_does_not_know_what_came_later(world: World) -> None:
    earlier = build_world(CONFIG, NOW - timedelta(days=10))
    assert truth(world, NOW - timedelta(days=10)) == truth(earlier, NOW - timedelta(days=10))
