"""Known truth for measurement: word of mouth and its people, a geo experiment, a crisis."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines.connectors.files.source import FilesSource
from pipelines.connectors.stream import Window
from pipelines.sandbox.world import (
    MARKETS,
    Market,
    World,
    WorldConfig,
    build_world,
    crisis_truth,
    current_outlet_orders,
    truth,
    word_of_mouth,
    write_exports,
)
from pipelines.sandbox.world.causes import order_truth
from pipelines.sandbox.world.events import daily_events
from pipelines.sandbox.world.measured import geo_test


def utc(*parts: int) -> datetime:
    """An instant as the world has it: naive UTC."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


CONFIG = WorldConfig(anchor=date(2026, 11, 1), size=4_000, history_days=150, campaigns=16)
NOW = utc(2026, 11, 1, 9)
JAKARTA = ZoneInfo("Asia/Jakarta")

Row = dict[str, Any]


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(CONFIG, NOW)


def visits(world: World) -> dict[tuple[str, int], Row]:
    return {(row["user_pseudo_id"], row["session_id"]): row for row in world.sessions.to_pylist()}


def month(instant: datetime) -> str:
    return f"{instant.replace(tzinfo=UTC).astimezone(JAKARTA):%Y-%m}"


def with_cause(world: World, cause: str) -> list[Row]:
    return order_truth(world).filter(pc.equal(order_truth(world)["cause"], cause)).to_pylist()


# --- word of mouth --------------------------------------------------------------------------------


def test_a_share_is_made_in_a_visit_in_which_the_site_knows_the_customer(world: World) -> None:
    seen = visits(world)
    assert world.shares.num_rows > 100
    for share in world.shares.to_pylist():
        visit = seen[share["user_pseudo_id"], share["session_id"]]
        assert visit["customer_id"] == share["customer_id"]
        assert visit["person_id"] == share["person_id"]
        assert timedelta(0) < share["shared_at"] - visit["started_at"] < timedelta(minutes=30)


def test_only_who_has_bought_before_shares(world: World) -> None:
    first: dict[int, datetime] = {}
    for order in world.orders.to_pylist():
        at = order["created_at"]
        first[order["customer_id"]] = min(at, first.get(order["customer_id"], at))
    for share in world.shares.to_pylist():
        assert first[share["customer_id"]] < share["shared_at"]


def test_friends_come_by_the_shared_link_with_its_tags(world: World) -> None:
    shares = {row["share_id"]: row for row in world.shares.to_pylist()}
    came = world.sessions.filter(pc.equal(world.sessions["medium"], "share")).to_pylist()
    assert len(came) > 60
    for visit in came:
        share = shares[visit["content"]]
        assert visit["landing_page"] == share["link"]
        assert visit["started_at"] > share["shared_at"]
        assert visit["person_id"] != share["person_id"]
        assert parse_qs(urlsplit(share["link"]).query) == {
            "utm_source": [visit["source"]],
            "utm_medium": ["share"],
            "utm_campaign": ["refer-a-friend"],
            "utm_content": [share["share_id"]],
        }
        assert (visit["source"], visit["campaign"]) == (share["method"], "refer-a-friend")


def test_an_order_by_word_of_mouth_is_a_new_customers_first_and_begins_with_the_link(
    world: World,
) -> None:
    seen = visits(world)
    number: Counter[int] = Counter()
    for order in sorted(order_truth(world).to_pylist(), key=lambda row: row["created_at"]):
        number[order["customer_id"]] += 1
        assert (order["share_id"] is None) == (not order["cause"].startswith("word_of_mouth"))
        if order["cause"] == "word_of_mouth":
            assert number[order["customer_id"]] == 1
            began = seen[order["first_user_pseudo_id"], order["first_session_id"]]
            assert began["content"] == order["share_id"]
    assert len(with_cause(world, "word_of_mouth")) > 10
    assert with_cause(world, "word_of_mouth_repeat")


def test_those_whom_a_share_won_share_in_their_turn(world: World) -> None:
    shares = {row["share_id"]: row for row in world.shares.to_pylist()}
    won_by = {row["person_id"]: row["share_id"] for row in with_cause(world, "word_of_mouth")}
    for share in shares.values():
        assert share["parent_share_id"] == won_by.get(share["person_id"])
        above = shares.get(share["parent_share_id"])
        assert share["depth"] == (0 if above is None else above["depth"] + 1)
    assert {row["depth"] for row in shares.values()} >= {0, 1}


def test_all_other_orders_are_as_they_would_be_without_word_of_mouth(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_of_mouth, "SHARING", 0.0)
    silent = build_world(CONFIG, NOW)
    assert silent.shares.num_rows == 0

    def sold(world: World) -> set[tuple[Any, ...]]:
        orders = order_truth(world)
        others = orders.filter(pc.is_null(orders["share_id"]))
        columns = ("market", "created_at", "person_id", "cause", "total", "refunded", "city")
        return set(zip(*(others[name].to_pylist() for name in columns), strict=True))

    assert sold(silent) == sold(world)


def test_the_event_export_tells_of_each_share_once_as_ga4_words_it(world: World) -> None:
    first, last = date(2026, 10, 1), date(2026, 10, 20)
    for market in MARKETS:
        days = [table for _, table in daily_events(world, market, first, last)]
        events = pa.concat_tables(days)
        told = events.filter(pc.equal(events["event_name"], "share")).to_pylist()
        at = world.shares["shared_at"]
        begin = datetime(first.year, first.month, first.day, tzinfo=market.zone)
        end = (begin + timedelta(days=20)).astimezone(UTC).replace(tzinfo=None)
        inside = pc.and_(
            pc.greater_equal(at, pa.scalar(begin.astimezone(UTC).replace(tzinfo=None))),
            pc.less(at, pa.scalar(end)),
        )
        mine = world.shares.filter(pc.and_(inside, pc.equal(world.shares["market"], market.code)))
        assert sorted(map(as_share, told)) == sorted(
            (
                row["user_pseudo_id"],
                row["session_id"],
                str(row["customer_id"]),
                row["shared_at"],
                row["method"],
                "product",
                row["item_id"],
                row["share_id"],
            )
            for row in mine.to_pylist()
        )
    assert len(told) > 3


def as_share(event: Row) -> tuple[Any, ...]:
    values = {
        param["key"]: param["value"]["string_value"] or param["value"]["int_value"]
        for param in event["event_params"]
    }
    assert urlsplit(values["page_location"]).path == f"/products/{values['item_id']}"
    at = datetime.fromtimestamp(event["event_timestamp"] / 1_000_000, UTC).replace(tzinfo=None)
    told = (values[name] for name in ("method", "content_type", "item_id", "share_id"))
    return (event["user_pseudo_id"], values["ga_session_id"], event["user_id"], at, *told)


def test_rates_of_sharing_are_modest(world: World) -> None:
    told = truth(world, NOW)["word_of_mouth"]
    whole = told["markets"]["id"]
    assert 0.08 < whole["k_factor"] < 0.25
    assert whole["k_factor"] == pytest.approx(
        whole["shares_per_sharer"] * whole["conversions_per_share"]
    )
    for name in ("2026-08", "2026-09", "2026-10"):
        figures = told["months"][name]
        assert 0.025 < figures["sharers"] / figures["active_customers"] < 0.075


def test_the_truth_of_word_of_mouth_is_the_sum_over_its_orders(world: World) -> None:
    told = truth(world, NOW)["word_of_mouth"]["markets"]
    shares = world.shares.to_pylist()
    depth = {row["share_id"]: row["depth"] for row in shares}
    for market in MARKETS:
        figures = told[market.code]
        mine = [row for row in shares if row["market"] == market.code]
        assert figures["shares"] == len(mine)
        assert figures["sharers"] == len({row["customer_id"] for row in mine})
        for prefix, cause in (("", "word_of_mouth"), ("repeat_", "word_of_mouth_repeat")):
            won = [row for row in with_cause(world, cause) if row["market"] == market.code]
            assert figures[f"{prefix}orders"] == len(won)
            assert figures[f"{prefix}net"] == sum(row["net"] for row in won)
            assert figures[f"{prefix}margin"] == sum(row["margin"] for row in won)
        won = [row for row in with_cause(world, "word_of_mouth") if row["market"] == market.code]
        assert figures["orders_by_depth"] == {
            str(steps): count
            for steps, count in sorted(Counter(depth[row["share_id"]] + 1 for row in won).items())
        }


def test_active_customers_of_a_month_have_ordered_in_the_ninety_days_up_to_its_end(
    world: World,
) -> None:
    told = truth(world, NOW)["word_of_mouth"]["months"]
    sales = [
        (row["person_id"], row["created_at"])
        for row in order_truth(world).to_pylist()
        if not row["is_test"]
    ]
    for row in current_outlet_orders(world).to_pylist():
        if row["is_sale"]:
            buyer = row["person_id"] if row["email"] else (row["outlet"], row["buyer_id"])
            sales.append((buyer, row["created_at"]))
    newest = max(local_day(at) for _, at in sales)
    for name, last in (("2026-09", date(2026, 9, 30)), ("2026-11", newest)):
        first = last - timedelta(days=90)
        active = {buyer for buyer, at in sales if first <= local_day(at) <= last}
        assert told[name]["active_customers"] == len(active)


def local_day(instant: datetime) -> date:
    return instant.replace(tzinfo=UTC).astimezone(JAKARTA).date()


def test_an_author_is_known_by_the_crm_alone_and_had_bought_before(world: World) -> None:
    told = truth(world, NOW)["word_of_mouth"]["months"]
    first: dict[int, datetime] = {}
    for row in [*order_truth(world).to_pylist(), *current_outlet_orders(world).to_pylist()]:
        if not row["is_test"] and row.get("is_sale", True) and row.get("email", True):
            person, at = row["person_id"], row["created_at"]
            first[person] = min(at, first.get(person, at))
    members = {
        row["facebook_user_id"]: row["person_id"]
        for row in world.customers.to_pylist()
        if row["facebook_user_id"] and row["crm_joined_at"] and row["crm_joined_at"] <= NOW
    }
    posts = [row for row in world.posts.to_pylist() if row["deleted_at"] is None]
    shown = {row["post_id"] for row in posts}
    comments = [row for row in world.comments.to_pylist() if row["post_id"] in shown]
    authors: dict[str, set[int]] = {}
    for row in [*posts, *comments]:
        person = members.get(row["author_id"])
        if person is not None and first.get(person, NOW) <= row["created_at"]:
            assert row["author_kind"] == "customer"
            authors.setdefault(month(row["created_at"]), set()).add(person)
    assert sum(map(len, authors.values())) > 20
    assert {name: len(found) for name, found in authors.items()} == {
        name: figures["authors"] for name, figures in told.items() if figures["authors"]
    }


def test_only_facebook_names_its_authors_as_the_crm_does(world: World) -> None:
    known = set(world.customers["facebook_user_id"].drop_null().to_pylist())
    assert known & set(world.comments["author_id"].to_pylist())
    for table in (world.channel_posts, world.channel_comments):
        assert not known & set(table["author_id"].to_pylist())


# --- the geo experiment ---------------------------------------------------------------------------


def told_of(world: World) -> Row:
    told = geo_test(world)
    assert told is not None
    return told


def test_half_of_the_provinces_are_treated_as_the_seed_draws(world: World) -> None:
    provinces = told_of(world)["provinces"]
    assert len(provinces["treatment"]) == len(provinces["control"]) == 17
    assert not set(provinces["treatment"]) & set(provinces["control"])
    other = told_of(build_world(replace(CONFIG, seed=8), NOW))["provinces"]
    assert other["treatment"] != provinces["treatment"]


def test_the_tested_campaign_is_shown_clicked_and_bought_from_in_treated_provinces_alone(
    world: World,
) -> None:
    told = told_of(world)
    treated = set(told["provinces"]["treatment"])
    cells = world.ad_cells.filter(pc.equal(world.ad_cells["campaign_id"], told["campaign_id"]))
    assert set(cells["region"].to_pylist()) <= treated
    assert pc.sum(cells["spend"]).as_py() > 0
    came = world.sessions.filter(pc.equal(world.sessions["campaign"], told["utm_campaign"]))
    assert came.num_rows > 100
    assert set(came["region"].to_pylist()) <= treated
    made = [
        row for row in with_cause(world, "campaign") if row["campaign_id"] == told["campaign_id"]
    ]
    assert len(made) > 20
    assert {row["province"] for row in made} <= treated


def test_the_tested_campaign_runs_on_the_days_of_the_experiment(world: World) -> None:
    told = told_of(world)
    cells = world.ad_cells.filter(pc.equal(world.ad_cells["campaign_id"], told["campaign_id"]))
    days = pc.min_max(cells["date_day"]).as_py()
    first = CONFIG.anchor - timedelta(days=70)
    assert (days["min"], days["max"]) == (first, first + timedelta(days=27))
    assert (told["first_day"], told["last_day"]) == (
        days["min"].isoformat(),
        days["max"].isoformat(),
    )


def test_the_experiments_return_is_what_its_orders_say(world: World) -> None:
    told = told_of(world)
    caused = [
        row
        for row in order_truth(world).to_pylist()
        if row["campaign_id"] == told["campaign_id"] and not row["is_test"]
    ]
    assert told["incremental_orders"] == len(caused)
    assert told["incremental_net"] == sum(row["net"] for row in caused)
    assert told["iroas"] == told["incremental_net"] / told["spend"]
    days = (date.fromisoformat(told["first_day"]), date.fromisoformat(told["last_day"]))
    early = [row for row in caused if days[0] <= local_day(row["created_at"]) <= days[1]]
    assert told["in_test"]["net"] == sum(row["net"] for row in early)


def test_at_the_default_size_the_experiment_lifts_its_provinces_by_a_tenth() -> None:
    assert 0.08 < told_of(build_world(WorldConfig(CONFIG.anchor), NOW))["lift"] < 0.15


def test_no_order_but_its_own_depends_on_the_experiment(world: World) -> None:
    without = build_world(replace(CONFIG, geo_test_lift=0.0), NOW)
    assert geo_test(without) is None
    columns = ("market", "created_at", "person_id", "cause", "total", "refunded", "city")

    def sold(world: World) -> set[tuple[Any, ...]]:
        orders = order_truth(world)
        return set(zip(*(orders[name].to_pylist() for name in columns), strict=True))

    assert sold(without) < sold(world)
    # The customers whom it won tell their friends.
    more = sold(world) - sold(without)
    assert {row[3] for row in more} <= {
        "campaign",
        "campaign_repeat",
        "word_of_mouth",
        "word_of_mouth_repeat",
    }


def test_a_history_without_a_fortnight_before_it_has_no_experiment() -> None:
    assert geo_test(build_world(replace(CONFIG, size=50, history_days=83), NOW)) is None
    assert geo_test(build_world(replace(CONFIG, size=50, history_days=84), NOW)) is not None


def test_the_brand_lists_its_experiment_a_week_before_it_begins(
    world: World, tmp_path: Path
) -> None:
    told = told_of(world)
    begins = date.fromisoformat(told["first_day"])
    write_exports(world, NOW, tmp_path, first=NOW.date())
    source = FilesSource.load(tmp_path / "files.yaml")
    account = next(one for one in source.accounts() if one.id == "experiments")
    stream = next(one for one in source.streams if one.name == "experiments")
    window = Window(NOW.date(), NOW.date(), account.timezone)
    batches = list(source.read(stream, account, window))
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    assert {(row["province"], row["test_group"]) for row in rows} == {
        (province, group) for group, names in told["provinces"].items() for province in names
    }
    assert {(row["first_day"], row["utm_campaign"]) for row in rows} == {
        (begins, told["utm_campaign"])
    }
    midnight = datetime(begins.year, begins.month, begins.day, tzinfo=JAKARTA)
    week = midnight - timedelta(days=7)
    assert world.at(week).experiments.num_rows == 34
    assert world.at(week - timedelta(seconds=1)).experiments.num_rows == 0


# --- the crisis -----------------------------------------------------------------------------------

CRISIS = CONFIG.crisis_at.astimezone(UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def calm() -> World:
    """The world without the crisis."""
    return build_world(replace(CONFIG, crisis=False), NOW)


def negative_hours(world: World) -> Counter[datetime]:
    """How many negative mentions others wrote in Indonesia, by local hour."""
    own = {"page", "brand"}
    rows = [
        row
        for name in ("posts", "comments", "channel_posts", "channel_comments")
        for row in getattr(world, name).to_pylist()
        if row["market"] == "id" and row["sentiment"] == "negative"
    ]
    return Counter(
        row["created_at"].replace(minute=0, second=0, microsecond=0)
        for row in rows
        if row["author_kind"] not in own
    )


def test_without_the_crisis_nothing_of_it_happens(calm: World) -> None:
    assert crisis_truth(calm) is None
    for table in (calm.posts, calm.channel_posts):
        assert not any(table["is_crisis"].to_pylist())
    counts = negative_hours(calm)
    after = [count for hour, count in counts.items() if CRISIS < hour < CRISIS + timedelta(days=10)]
    assert max(after) <= max(counts[hour] for hour in counts if hour < CRISIS)


@pytest.mark.parametrize(
    "table", ["customers", "orders", "order_lines", "posts", "comments", "channel_posts"]
)
def test_until_the_crisis_both_worlds_are_the_same(world: World, calm: World, table: str) -> None:
    before = CRISIS - timedelta(seconds=1)
    assert getattr(world.at(before), table).equals(getattr(calm.at(before), table))


def test_the_crisis_only_takes_purchases_away(world: World, calm: World) -> None:
    def sold(world: World) -> set[tuple[Any, ...]]:
        orders = world.orders
        columns = ("market", "created_at", "subtotal", "discount_code", "is_test")
        return set(zip(*(orders[name].to_pylist() for name in columns), strict=True))

    assert sold(world) < sold(calm)


def test_what_the_crisis_cost_is_the_difference_between_the_two_worlds(
    world: World, calm: World
) -> None:
    told = crisis_truth(world)
    assert told is not None
    first = CONFIG.crisis_at.astimezone(JAKARTA).date() + timedelta(days=1)

    def net(world: World, last: date) -> int:
        return sum(
            row["net"]
            for row in order_truth(world).to_pylist()
            if row["market"] == "id"
            and not row["is_test"]
            and first <= local_day(row["created_at"]) <= last
        )

    for name, days in (("following_days", 14), ("whole_dip", 27)):
        last = first + timedelta(days=days - 1)
        assert told["lost_net"][name]["id"] == net(calm, last) - net(world, last) > 0
        assert told["lost_net"][name]["us"] == 0
    assert list(told["dip"].values())[:7] == [0.45] * 7
    assert len(told["dip"]) == 27
    week = first + timedelta(days=6)
    assert 0.3 < 1 - net(world, week) / net(calm, week) < 0.6


def test_the_worst_hour_of_the_crisis_stands_out_from_every_ordinary_one(
    world: World, calm: World
) -> None:
    told = crisis_truth(world)
    assert told is not None
    counts = negative_hours(world)
    peak = datetime.fromisoformat(told["peak_hour"])
    assert told["peak_mentions"] == counts[peak] == max(counts.values())
    assert CRISIS <= peak < CRISIS + timedelta(days=4)
    assert told["peak_mentions"] > 2 * max(negative_hours(calm).values())
    assert set(told["views"]) == {"facebook", "tiktok", "x", "youtube"}


def test_before_it_begins_nobody_can_tell_what_a_crisis_costs(world: World) -> None:
    assert crisis_truth(world.at(CRISIS - timedelta(seconds=1))) is None


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.code)
def test_people_write_less_by_night(calm: World, market: Market) -> None:
    hours: Counter[int] = Counter()
    for name in ("comments", "channel_posts", "channel_comments"):
        for row in getattr(calm, name).to_pylist():
            if row["market"] == market.code and row["author_kind"] not in ("page", "brand"):
                written = row["created_at"].replace(tzinfo=UTC).astimezone(market.zone)
                hours[written.hour] += 1
    by_night = sum(hours[hour] for hour in range(1, 6))
    in_the_evening = sum(hours[hour] for hour in range(18, 23))
    assert 0 < by_night < in_the_evening / 4
