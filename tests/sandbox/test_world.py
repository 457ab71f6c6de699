"""The world: determined by config and instant, exact in every amount, never rewritten."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines.sandbox.world import (
    CHANNEL_ACCOUNTS,
    CHANNELS,
    MARKETS,
    OUTLETS,
    Channel,
    World,
    WorldConfig,
    build_world,
    truth,
)
from pipelines.sandbox.world.fx import easter_sunday
from pipelines.sandbox.world.state import (
    CHANNEL_COUNTERS,
    channel_gains,
    current_channel_posts,
    current_customers,
    current_lines,
    current_orders,
    current_outlet_orders,
    current_posts,
)
from pipelines.sandbox.world.tables import SCHEMAS, SORTED_BY


def utc(*parts: int) -> datetime:
    """An instant as the world has it: naive UTC."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


ANCHOR = date(2026, 11, 1)
CONFIG = WorldConfig(anchor=ANCHOR, size=300, history_days=60, campaigns=8)
NOW = utc(2026, 11, 1, 9)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(CONFIG, NOW)


def column(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table[name].to_numpy())


def sums_by(table: pa.Table, key: str, *values: str) -> dict[int, dict[str, int]]:
    found = table.group_by(key).aggregate([(value, "sum") for value in values]).to_pylist()
    return {row[key]: {value: row[f"{value}_sum"] for value in values} for row in found}


# --- one world ------------------------------------------------------------------------------------


def test_tables_have_the_declared_schemas_and_describe_every_column(world: World) -> None:
    assert {name: table.schema for name, table in world.tables().items()} == SCHEMAS
    assert all(field.metadata[b"description"] for schema in SCHEMAS.values() for field in schema)


@pytest.mark.parametrize("name", SORTED_BY)
def test_tables_are_sorted_as_declared(world: World, name: str) -> None:
    table = getattr(world, name)
    keys = list(zip(*(table[column].to_pylist() for column in SORTED_BY[name]), strict=True))
    assert keys == sorted(keys)


def test_two_builds_are_equal(world: World) -> None:
    assert build_world(CONFIG, NOW).tables() == world.tables()


def test_another_seed_is_another_world(world: World) -> None:
    other = build_world(replace(CONFIG, seed=8), NOW)
    assert other.orders["total"] != world.orders["total"]


@pytest.mark.parametrize(
    "earlier",
    [
        utc(2026, 9, 12, 3, 7),
        utc(2026, 9, 28, 17, 0, 1),
        utc(2026, 10, 25, 0, 0),
        utc(2026, 11, 1, 9),
        utc(2026, 11, 30, 23, 59, 59),
    ],
)
def test_a_later_until_never_changes_what_was_before_it(earlier: datetime) -> None:
    later = build_world(CONFIG, utc(2026, 12, 20, 9)).at(earlier).tables()
    for name, table in build_world(CONFIG, earlier).tables().items():
        assert later[name].equals(table), name


def test_looking_back_twice_is_looking_back_once(world: World) -> None:
    then, between = utc(2026, 10, 3, 4), utc(2026, 10, 20)
    assert world.at(between).at(then).tables() == world.at(then).tables()


def test_a_world_cannot_tell_its_future(world: World) -> None:
    with pytest.raises(ValueError, match="built up to 2026-11-01 09:00:00, not yet to"):
        world.at(NOW + timedelta(seconds=1))
    assert world.at(NOW.replace(tzinfo=UTC)) is world


@pytest.mark.parametrize("wrong", [{"size": 0}, {"history_days": 5}, {"campaigns": 0}])
def test_impossible_options_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be at least"):
        WorldConfig(anchor=ANCHOR, **wrong)


def test_the_default_world_is_as_large_as_promised() -> None:
    world = build_world(WorldConfig(anchor=ANCHOR), utc(2026, 11, 1))
    bought = world.orders.filter(pc.invert(world.orders["is_test"]))
    assert len(pc.unique(bought["customer_id"])) >= 20_000
    assert world.campaigns.num_rows >= 40
    repeats = current_customers(world)["number_of_orders"]
    assert 0.25 < pc.mean(pc.greater(repeats, 1).cast(pa.float64())).as_py() < 0.75
    assert pc.min(world.orders["created_at"]).as_py() < utc(2025, 11, 1)
    told = truth(world, world.now)["outlets"]
    for outlet in OUTLETS:
        a_year = told[outlet.name]["orders"] / world.config.history_days * 365
        assert 0.8 < a_year / (outlet.share * world.config.size) < 1.2


# --- people and visits ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("orders", ["order_id"]),
        ("orders", ["name"]),
        ("order_lines", ["line_id"]),
        ("customers", ["customer_id"]),
        ("customers", ["email"]),
        ("refunds", ["refund_id"]),
        ("sessions", ["user_pseudo_id", "session_id"]),
        ("shares", ["share_id"]),
        ("posts", ["post_id"]),
        ("comments", ["comment_id"]),
        ("channel_posts", ["post_id"]),
        ("channel_comments", ["comment_id"]),
        ("channel_days", ["account_id", "date_day"]),
        ("people", ["person_id"]),
        ("ad_cells", ["date_day", "ad_id", "age", "gender", "region"]),
        ("ad_reach", ["date_day", "level", "object_id"]),
    ],
)
def test_keys_are_unique(world: World, table: str, key: list[str]) -> None:
    rows = getattr(world, table)
    assert rows.group_by(key).aggregate([]).num_rows == rows.num_rows > 0


def test_a_visit_starts_in_the_second_that_names_it(world: World) -> None:
    started = world.sessions["started_at"].cast(pa.int64())
    assert pc.divide(started, 1_000_000).equals(world.sessions["session_id"])


def known(rows: pa.Table, name: str, owner: pa.Table, key: str | None = None) -> bool:
    """Whether every value of the column, and there are some, is one of its owner's."""
    values = pc.drop_null(rows[name].combine_chunks())
    return bool(pc.all(pc.is_in(values, owner[key or name].combine_chunks())).as_py())


def test_every_reference_leads_somewhere(world: World) -> None:
    for rows in (world.order_lines, world.order_edits, world.refunds, world.journeys):
        assert known(rows, "order_id", world.orders)
    assert known(world.orders, "customer_id", world.customers)
    assert known(world.sessions, "customer_id", world.customers)
    assert known(world.sessions, "order_id", world.orders)
    followed = pc.equal(world.sessions["medium"], "share")
    assert known(world.sessions.filter(followed), "content", world.shares, "share_id")
    assert known(world.sessions.filter(pc.invert(followed)), "content", world.ads, "ad_id")
    assert known(world.shares, "customer_id", world.customers)
    assert known(world.order_causes, "share_id", world.shares)
    assert known(world.comments, "post_id", world.posts)
    assert known(world.comments, "parent_id", world.comments, "comment_id")
    assert known(world.channel_comments, "post_id", world.channel_posts)
    assert known(world.channel_comments, "parent_id", world.channel_comments, "comment_id")
    assert known(world.channel_posts, "reply_to_id", world.channel_posts, "post_id")
    assert known(world.ad_cells, "ad_id", world.ads)
    assert known(world.order_causes, "campaign_id", world.campaigns)


def test_the_buying_visit_ends_the_journey_and_none_is_older_than_thirty_days(world: World) -> None:
    ordered = dict(
        zip(*(world.orders[n].to_pylist() for n in ("order_id", "created_at")), strict=True)
    )
    bought = {row["order_id"]: row for row in world.orders.to_pylist() if row["session_id"]}
    last: dict[int, dict[str, object]] = {}
    for moment in world.journeys.to_pylist():
        age = ordered[moment["order_id"]] - moment["occurred_at"]
        assert timedelta(0) <= age <= timedelta(days=30)
        last[moment["order_id"]] = moment
    assert {order: moment["session_id"] for order, moment in last.items()} == {
        order: row["session_id"] for order, row in bought.items()
    }


def test_people_click_an_ad_and_come_back_directly_to_buy(world: World) -> None:
    media = dict(
        zip(
            world.sessions["session_id"].to_pylist(),
            world.sessions["medium"].to_pylist(),
            strict=True,
        )
    )
    paths: dict[int, list[str]] = {}
    for moment in world.journeys.to_pylist():
        paths.setdefault(moment["order_id"], []).append(media[moment["session_id"]])
    assert sum(path[0] == "paid_social" and path[-1] == "(none)" for path in paths.values()) > 5
    assert pc.any(pc.equal(world.orders["source_name"], "pos")).as_py()


def test_an_order_caused_by_a_click_begins_with_that_campaigns_visit(world: World) -> None:
    slugs = dict(
        zip(*(world.campaigns[n].to_pylist() for n in ("campaign_id", "utm_campaign")), strict=True)
    )
    seen = {
        (row["user_pseudo_id"], row["session_id"]): row["campaign"]
        for row in world.sessions.to_pylist()
    }
    caused = [row for row in world.order_causes.to_pylist() if row["cause"] == "campaign"]
    assert len(caused) > 20
    for row in caused:
        assert seen[row["user_pseudo_id"], row["session_id"]] == slugs[row["campaign_id"]]


def test_a_visit_about_to_buy_shows_neither_order_nor_new_customer(world: World) -> None:
    firsts = world.orders.filter(pc.is_valid(world.orders["session_id"])).slice(20, 30).to_pylist()
    for order in firsts:
        just_before = world.at(order["created_at"] - timedelta(minutes=2))
        visit = just_before.sessions.filter(
            pc.and_(
                pc.equal(just_before.sessions["session_id"], order["session_id"]),
                pc.equal(just_before.sessions["user_pseudo_id"], order["user_pseudo_id"]),
            )
        ).to_pylist()
        assert [row["order_id"] for row in visit] == [None]


# --- money ----------------------------------------------------------------------------------------


def test_order_amounts_add_up_to_the_minor_unit(world: World) -> None:
    for orders in (world.orders, current_orders(world)):
        amount = {
            n: column(orders, n) for n in ("gross", "discount", "subtotal", "tax", "shipping")
        }
        assert (amount["subtotal"] == amount["gross"] - amount["discount"]).all()
        total = amount["subtotal"] + amount["tax"] + amount["shipping"]
        assert (total == column(orders, "total")).all()
        assert (amount["subtotal"] > 0).all()
        rupiah = orders.filter(pc.equal(orders["currency"], "IDR"))
        assert all((column(rupiah, name) % 100 == 0).all() for name in (*amount, "total"))


@pytest.mark.parametrize("day", [5, 15, 60])
def test_lines_add_up_to_their_order_also_after_edits(world: World, day: int) -> None:
    then = world.at(min(datetime.combine(CONFIG.start, NOW.time()) + timedelta(days=day), NOW))
    lines = current_lines(then)
    gross = pc.multiply(lines["unit_price"], lines["quantity"])
    found = sums_by(lines.append_column("gross", gross), "order_id", "gross", "discount")
    expected = current_orders(then).select(["order_id", "gross", "discount"]).to_pylist()
    assert found == {row.pop("order_id"): row for row in expected}


def test_refunds_never_exceed_what_was_charged_and_failed_attempts_return_nothing() -> None:
    later = build_world(replace(CONFIG, size=3_000), NOW + timedelta(days=30))
    orders = current_orders(later)
    assert (column(orders, "refunded") <= column(orders, "total")).all()
    paid = later.refund_transactions.filter(
        pc.equal(later.refund_transactions["status"], "SUCCESS")
    )
    by_refund = sums_by(paid, "refund_id", "amount")
    # A second attempt is an hour after the first, so the newest refunds may not be paid yet.
    settled = later.refunds.filter(
        pc.less(later.refunds["created_at"], pa.scalar(later.now - timedelta(hours=2)))
    )
    for refund in settled.to_pylist():
        assert refund["amount"] == by_refund.get(refund["refund_id"], {"amount": 0})["amount"]
    assert set(later.refund_transactions["status"].to_pylist()) == {"SUCCESS", "FAILURE"}
    lines = current_lines(later)
    assert (column(lines, "current_quantity") >= 0).all()
    cancelled = orders.filter(pc.is_valid(orders["cancelled_at"]))
    assert cancelled.num_rows > 10


def test_every_later_change_moves_updated_at(world: World) -> None:
    now, before = current_orders(world), current_orders(world.at(NOW - timedelta(days=4)))
    then = {row["order_id"]: row for row in before.to_pylist()}
    changed = 0
    for row in now.to_pylist():
        old = then.get(row["order_id"])
        if old is None:
            continue
        if row["updated_at"] == old["updated_at"]:
            assert row == old
        else:
            changed += 1
            assert row["updated_at"] > NOW - timedelta(days=4)
    assert changed > 5
    assert pc.max(now["updated_at"]).as_py() <= NOW


# --- demand ---------------------------------------------------------------------------------------


def test_the_crisis_takes_nearly_half_of_the_sales_and_they_recover() -> None:
    config = WorldConfig(anchor=ANCHOR, size=12_000, history_days=90, campaigns=12)
    world = build_world(config, NOW)

    def sold(market: str, first: int, last: int) -> float:
        begin = config.crisis_at.replace(tzinfo=None) + timedelta(days=first)
        end = config.crisis_at.replace(tzinfo=None) + timedelta(days=last)
        at = world.orders["created_at"]
        inside = pc.and_(pc.greater_equal(at, pa.scalar(begin)), pc.less(at, pa.scalar(end)))
        mine = pc.and_(inside, pc.equal(world.orders["market"], market))
        return pc.sum(mine).as_py() / (last - first)

    assert 0.4 < sold("id", 1, 8) / sold("id", -13, 1) < 0.75
    assert sold("id", 28, 35) > 1.25 * sold("id", 1, 8)
    assert sold("us", 1, 8) > 0.7 * sold("us", -13, 1)
    video = world.posts.filter(
        pc.equal(world.posts["created_at"], pa.scalar(config.crisis_at.replace(tzinfo=None)))
    )
    assert video["is_crisis"].to_pylist() == [True]
    said = world.comments.filter(pc.equal(world.comments["post_id"], video["post_id"][0]))
    angry = pc.sum(pc.equal(said["sentiment"], "negative")).as_py()
    assert said.num_rows > 300
    assert angry > 0.6 * said.num_rows


def test_paydays_and_weekends_sell_more_in_indonesia() -> None:
    world = build_world(WorldConfig(anchor=ANCHOR, size=6_000, history_days=300, campaigns=20), NOW)
    mine = world.orders.filter(pc.equal(world.orders["market"], "id"))
    local = pc.local_timestamp(
        pc.assume_timezone(mine["created_at"], "UTC").cast(pa.timestamp("us", "Asia/Jakarta"))
    )
    by_day = np.bincount(column(pa.table({"d": pc.day(local)}), "d"), minlength=32)
    assert by_day[25:28].mean() > 1.1 * by_day[8:22].mean()
    by_weekday = np.bincount(column(pa.table({"d": pc.day_of_week(local)}), "d"), minlength=7)
    assert by_weekday[5:].mean() > 1.05 * by_weekday[:4].mean()


# --- posts ----------------------------------------------------------------------------------------


def test_post_counters_only_grow_and_end_after_four_weeks(world: World) -> None:
    past: dict[str, dict[str, object]] = {}
    for days in (40, 20, 10, 3, 0):
        posts = current_posts(world.at(NOW - timedelta(days=days))).to_pylist()
        for post in posts:
            old = past.get(post["post_id"], post)
            for name in ("media_view", "like", "shares", "comments", "video_views"):
                assert post[name] >= old[name]
            past[post["post_id"]] = post
    final = {row["post_id"]: row["media_view"] for row in world.posts.to_pylist()}
    for post in current_posts(world).to_pylist():
        aged = NOW - post["created_at"] >= timedelta(days=28)
        assert not aged or post["media_view"] == final[post["post_id"]]


def test_pages_are_written_on_by_all_kinds_of_people() -> None:
    world = build_world(replace(CONFIG, size=2_000, history_days=200), NOW)
    kinds = set(world.posts["author_kind"].to_pylist())
    assert kinds == {"page", "customer", "employee", "creator", "media", "public"}
    told = dict(
        zip(*(world.people[n].to_pylist() for n in ("facebook_user_id", "kind")), strict=True)
    )
    for row in [*world.posts.to_pylist(), *world.comments.to_pylist()]:
        if row["author_kind"] != "page":
            assert told[row["author_id"]] == row["author_kind"]


# --- channels -------------------------------------------------------------------------------------


def of_channel(table: pa.Table, channel: Channel) -> pa.Table:
    return table.filter(pc.equal(table["platform"], channel.name))


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_the_brand_is_on_every_channel_in_both_markets(world: World, channel: Channel) -> None:
    rows = of_channel(world.channel_posts, channel)
    own = rows.filter(pc.invert(rows["is_mention"]))
    assert set(own["author_kind"].to_pylist()) == {"brand"}
    assert set(own["author_id"].to_pylist()) == set(CHANNEL_ACCOUNTS[channel.name].values())
    others = rows.filter(rows["is_mention"])
    assert "brand" not in others["author_kind"].to_pylist()
    for market in MARKETS:
        mine = rows.filter(pc.equal(rows["market"], market.code))
        assert set(mine["account_id"].to_pylist()) == {channel.accounts[market.code]}


def test_the_brand_is_spoken_of_by_all_kinds_of_people_on_x() -> None:
    world = build_world(replace(CONFIG, size=2_000, history_days=200), NOW)
    rows = world.channel_posts.filter(pc.equal(world.channel_posts["platform"], "x"))
    kinds = {"brand", "customer", "employee", "creator", "media", "public"}
    assert set(rows["author_kind"].to_pylist()) == kinds
    crisis = world.channel_posts.filter(world.channel_posts["is_crisis"])
    assert set(crisis["platform"].to_pylist()) == {"x", "tiktok", "youtube"}
    assert set(crisis["market"].to_pylist()) == {"id"}
    assert set(crisis["sentiment"].to_pylist()) == {"negative"}
    assert pc.min(crisis["created_at"]).as_py() > CONFIG.crisis_at.replace(tzinfo=None)


def test_on_x_an_answer_is_a_post_elsewhere_a_comment(world: World) -> None:
    answers = world.channel_posts.filter(pc.is_valid(world.channel_posts["reply_to_id"]))
    assert set(answers["platform"].to_pylist()) == {"x"}
    by_brand = answers.filter(pc.invert(answers["is_mention"]))
    assert 0 < by_brand.num_rows < answers.num_rows
    others = {channel.name for channel in CHANNELS} - {"x"}
    assert set(world.channel_comments["platform"].to_pylist()) == others


def test_ids_of_posts_outgrow_doubles_and_grow_with_time(world: World) -> None:
    for channel in CHANNELS:
        if channel.name in ("tiktok", "x", "linkedin"):
            for market in MARKETS:
                rows = of_channel(world.channel_posts, channel)
                rows = rows.filter(pc.equal(rows["market"], market.code))
                numbers = list(map(int, rows["post_id"].to_pylist()))
                assert numbers == sorted(numbers)
                assert numbers[0] > 2**53


def test_counters_of_channels_only_grow_and_end_after_four_weeks(world: World) -> None:
    past: dict[str, dict[str, int]] = {}
    for days in (40, 20, 10, 3, 0):
        for post in current_channel_posts(world.at(NOW - timedelta(days=days))).to_pylist():
            old = past.get(post["post_id"], post)
            assert all(post[name] >= old[name] for name in CHANNEL_COUNTERS if name != "comments")
            past[post["post_id"]] = post
    final = {row["post_id"]: row for row in world.channel_posts.to_pylist()}
    aged = [
        row
        for row in current_channel_posts(world).to_pylist()
        if NOW - row["created_at"] >= timedelta(days=28)
    ]
    assert len(aged) > 50
    for row in aged:
        assert row["impressions"] == final[row["post_id"]]["impressions"]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Jakarta", "America/Los_Angeles"])
@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_daily_gains_add_up_to_the_counters_at_the_last_midnight(
    world: World, channel: Channel, zone: str
) -> None:
    local = NOW.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    midnight = local.replace(hour=0).astimezone(UTC).replace(tzinfo=None)
    gained = channel_gains(world, channel.name, ZoneInfo(zone))
    assert pc.max(gained["date_day"]).as_py() == local.date() - timedelta(days=1)
    found = sums_by(gained, "post_id", *CHANNEL_COUNTERS)
    # What has been deleted since is not shown any more, and answers to a post may be among it.
    shown = set(current_channel_posts(world)["post_id"].to_pylist())
    told = of_channel(current_channel_posts(world.at(midnight)), channel)
    counted = [name for name in CHANNEL_COUNTERS if name != "comments"]
    compared = 0
    for row in told.filter(pc.invert(told["is_mention"])).to_pylist():
        if row["post_id"] in shown:
            sums = found.get(row["post_id"], dict.fromkeys(CHANNEL_COUNTERS, 0))
            assert {name: row[name] for name in counted} == {name: sums[name] for name in counted}
            compared += 1
    assert compared > 5


def test_an_accounts_day_has_the_impressions_that_its_posts_gained(world: World) -> None:
    for channel in CHANNELS:
        gained = channel_gains(world, channel.name, channel.zone)
        days = of_channel(world.channel_days, channel)
        by_day = sums_by(gained, "date_day", "impressions")
        told = sums_by(days, "date_day", "impressions")
        last = pc.max(gained["date_day"]).as_py()
        for day, sums in told.items():
            if day <= last:
                assert sums == by_day.get(day, {"impressions": 0})


def test_a_story_lives_for_a_day(world: World) -> None:
    stories = world.channel_posts.filter(pc.equal(world.channel_posts["media_type"], "story"))
    lived = pc.subtract(stories["deleted_at"], stories["created_at"])
    assert set(pc.drop_null(lived).to_pylist()) == {timedelta(days=1)}
    assert stories.num_rows > 10


def test_the_truth_about_channels_counts_what_is_visible(world: World) -> None:
    told = truth(world, NOW)["markets"]["id"]["channels"]
    assert set(told) == {channel.name for channel in CHANNELS}
    posts = current_channel_posts(world)
    posts = posts.filter(pc.equal(posts["market"], "id"))
    for channel in CHANNELS:
        rows = of_channel(posts, channel)
        mentions = pc.sum(rows["is_mention"].cast(pa.int64())).as_py()
        own = rows.filter(pc.invert(rows["is_mention"]))
        assert told[channel.name]["mentions"] == mentions
        assert told[channel.name]["posts"] == own.num_rows
        assert told[channel.name]["counters"] == {
            name: pc.sum(own[name]).as_py() for name in CHANNEL_COUNTERS
        }
        answers = told[channel.name]["counters"]["comments"]
        assert told[channel.name]["comments"] == (0 if channel.name == "x" else answers)


# --- rates ----------------------------------------------------------------------------------------


def test_rates_come_on_business_days_and_after_their_publication(world: World) -> None:
    days = world.fx["date"].to_pylist()
    assert all(day.weekday() < 5 for day in days)
    assert max(days) == date(2026, 10, 30)
    assert set(world.fx["currency"].to_pylist()) == {"IDR", "USD"}
    winter = build_world(replace(CONFIG, anchor=date(2027, 1, 15)), utc(2027, 1, 15, 9))
    assert not {date(2026, 12, 25), date(2027, 1, 1)} & set(winter.fx["date"].to_pylist())
    assert max(winter.fx["date"].to_pylist()) == date(2027, 1, 14)


@pytest.mark.parametrize(
    ("year", "easter"),
    [
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2027, date(2027, 3, 28)),
    ],
)
def test_easter_falls_when_it_falls(year: int, easter: date) -> None:
    assert easter_sunday(year) == easter


def test_each_market_has_its_own_money_and_zone(world: World) -> None:
    for market in MARKETS:
        mine = world.orders.filter(pc.equal(world.orders["market"], market.code))
        assert set(mine["currency"].to_pylist()) == {market.currency}
        assert all(name.startswith(market.order_prefix) for name in mine["name"].to_pylist())


# --- outlets --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outlets() -> World:
    """A world that is large enough for the rarer things that happen at the outlets."""
    return build_world(replace(CONFIG, size=6_000, history_days=120), NOW)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("outlet_products", ["variant_id"]),
        ("outlet_orders", ["order_id"]),
        ("outlet_lines", ["outlet", "line_id"]),
        ("outlet_refunds", ["outlet", "refund_id"]),
        ("outlet_refunds", ["order_id"]),
        ("outlet_customers", ["customer_id"]),
        ("outlet_customers", ["email"]),
        ("reviews", ["outlet", "review_id"]),
        ("payments", ["payment_id"]),
        ("balance", ["kind", "source_id"]),
    ],
)
def test_keys_of_outlets_are_unique(outlets: World, table: str, key: list[str]) -> None:
    rows = getattr(outlets, table)
    assert rows.group_by(key).aggregate([]).num_rows == rows.num_rows > 0


def test_every_reference_of_outlets_leads_somewhere(outlets: World) -> None:
    for rows in (outlets.outlet_lines, outlets.outlet_refunds, outlets.reviews, outlets.payments):
        assert known(rows, "order_id", outlets.outlet_orders)
    assert known(outlets.outlet_orders, "customer_id", outlets.outlet_customers)
    assert known(outlets.outlet_refunds, "line_id", outlets.outlet_lines)
    for rows in (outlets.outlet_lines, outlets.reviews):
        assert known(rows, "product_id", outlets.outlet_products)
    booked = outlets.balance.filter(pc.equal(outlets.balance["kind"], "charge"))
    assert known(booked, "source_id", outlets.payments, "payment_id")
    booked = outlets.balance.filter(pc.not_equal(outlets.balance["kind"], "charge"))
    assert known(booked, "source_id", outlets.outlet_refunds, "refund_id")


def test_outlet_amounts_add_up_to_the_minor_unit(outlets: World) -> None:
    orders = outlets.outlet_orders
    amount = {
        name: column(orders, name)
        for name in ("gross", "seller_discount", "platform_discount", "tax", "shipping", "total")
    }
    charged = amount["gross"] - amount["seller_discount"] - amount["platform_discount"]
    assert (charged + amount["tax"] + amount["shipping"] == amount["total"]).all()
    assert all((values % 100 == 0).all() for values in amount.values())
    lines = outlets.outlet_lines
    lines = lines.append_column("gross", pc.multiply(lines["unit_price"], lines["quantity"]))
    found = lines.group_by("order_id").aggregate(
        [(name, "sum") for name in ("gross", "discount", "platform_discount")]
    )
    expected = orders.select(["order_id", "gross", "seller_discount", "platform_discount"])
    assert {tuple(row.values()) for row in found.to_pylist()} == {
        tuple(row.values()) for row in expected.to_pylist()
    }


def test_only_the_own_site_knows_addresses_and_charges_tax(outlets: World) -> None:
    orders = outlets.outlet_orders
    own = pc.equal(orders["outlet"], "woocommerce")
    for known in ("email", "utm_source"):
        assert pc.is_valid(orders[known]).equals(own)
    assert pc.greater(orders["tax"], 0).equals(own)
    guests = orders.filter(pc.and_(own, pc.is_null(orders["customer_id"])))
    assert 0.2 < guests.num_rows / orders.filter(own).num_rows < 0.5
    assert guests["buyer_id"].null_count == guests.num_rows


def test_some_buyers_are_customers_of_the_shop_in_other_capitals(outlets: World) -> None:
    shop = dict(
        zip(*(outlets.customers[n].to_pylist() for n in ("email", "person_id")), strict=True)
    )
    lower = {email.lower(): person for email, person in shop.items()}
    mine = outlets.outlet_customers.select(["email", "person_id"]).to_pylist()
    shared = [row for row in mine if row["email"].lower() in lower]
    assert len(shared) > 0.1 * len(mine)
    assert all(lower[row["email"].lower()] == row["person_id"] for row in shared)
    assert sum(row["email"] not in shop for row in shared) > 5


def test_an_outlet_order_moves_on_and_every_move_is_an_update(outlets: World) -> None:
    then = outlets.at(NOW - timedelta(days=10))
    before = {row["order_id"]: row for row in current_outlet_orders(then).to_pylist()}
    moves = set()
    for row in current_outlet_orders(outlets).to_pylist():
        old = before.get(row["order_id"])
        if old is not None and row["updated_at"] == old["updated_at"]:
            assert row == old
        elif old is not None:
            assert row["updated_at"] > then.now
            moves.add((old["status"], row["status"]))
    assert {("paid", "completed"), ("sent", "completed"), ("completed", "refunded")} <= moves
    assert "cancelled" in {after for _, after in moves}
    assert "trashed" in set(current_outlet_orders(outlets)["status"].to_pylist())


def test_money_is_returned_only_by_refunds_that_succeeded(outlets: World) -> None:
    orders = current_outlet_orders(outlets)
    assert (column(orders, "refunded") <= column(orders, "total")).all()
    statuses = outlets.outlet_refunds["status"].to_pylist()
    assert set(statuses) <= {"succeeded", "failed", "pending"}
    for refund in outlets.outlet_refunds.to_pylist():
        assert (refund["settled_at"] is None) == (refund["status"] == "pending")
    good = outlets.outlet_refunds.filter(pc.equal(outlets.outlet_refunds["status"], "succeeded"))
    assert pc.sum(good["amount"]) == pc.sum(orders["refunded"])
    slow = next(
        row for row in good.to_pylist() if row["settled_at"] - row["created_at"] > timedelta(days=1)
    )
    between = outlets.at(slow["created_at"]).outlet_refunds
    pending = between.filter(pc.equal(between["order_id"], slow["order_id"])).to_pylist()
    assert [(row["status"], row["settled_at"]) for row in pending] == [("pending", None)]


def test_each_card_order_that_is_paid_has_one_charge_over_its_total(outlets: World) -> None:
    orders = outlets.outlet_orders
    by_card = pc.and_(
        pc.and_(pc.equal(orders["payment_method"], "stripe"), pc.is_valid(orders["paid_at"])),
        pc.invert(orders["is_test"]),
    )
    expected = orders.filter(by_card).select(["order_id", "total"]).to_pylist()
    good = outlets.payments.filter(pc.equal(outlets.payments["status"], "succeeded"))
    charged = good.select(["order_id", "amount"]).to_pylist()
    assert sorted(tuple(row.values()) for row in charged) == sorted(
        tuple(row.values()) for row in expected
    )
    assert outlets.payments.num_rows > good.num_rows


def test_a_refused_refund_leaves_the_balance_as_it_was(outlets: World) -> None:
    booked = outlets.balance
    failed = booked.filter(pc.equal(booked["kind"], "refund_failure"))["source_id"]
    both = booked.filter(pc.is_in(booked["source_id"], value_set=failed.combine_chunks()))
    assert both.num_rows == 2 * len(failed) > 0
    assert pc.sum(both["net"]).as_py() == 0
    charges = booked.filter(pc.equal(booked["kind"], "charge"))
    assert 0.034 < pc.sum(charges["fee"]).as_py() / pc.sum(charges["amount"]).as_py() < 0.08


def test_reviews_turn_angry_in_the_crisis(outlets: World) -> None:
    begins = CONFIG.crisis_at.replace(tzinfo=None) + timedelta(days=1)

    def stars(since: datetime, until: datetime) -> float:
        at = outlets.reviews["created_at"]
        inside = pc.and_(pc.greater(at, pa.scalar(since)), pc.less(at, pa.scalar(until)))
        return float(pc.mean(outlets.reviews.filter(inside)["rating"]).as_py())

    before = stars(begins - timedelta(days=90), begins - timedelta(days=1))
    assert before > stars(begins, begins + timedelta(days=14)) + 0.7
    assert set(outlets.reviews["rating"].to_pylist()) == {1, 2, 3, 4, 5}
