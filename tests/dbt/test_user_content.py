"""What people write, as figures: how it feels and of what, and a crisis with what it cost."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import scenario as s
from dbt_warehouse import Warehouse, emptied
from handmade_lake import HandmadeLake

FIRST = date(2026, 1, 5)
STARTED = s.at(s.FRIDAY, 12)
ILL = "Anak saya muntah dan mual, parah!"


def land(lake: HandmadeLake) -> None:
    """An order a day until a Friday on whose evening many tell that they fell ill; then half."""
    days = [FIRST + timedelta(days=n) for n in range(77)]
    for day in days[::7]:
        s.rates(lake, day)
    sold = [day for n, day in enumerate(days) if day <= s.FRIDAY or n % 2]
    s.orders(lake, s.MONDAY, *(s.order(n, s.at(day)) for n, day in enumerate(sold)))
    quiet = [s.comment(f"q{n}", s.at(day), "Enak sekali!") for n, day in enumerate(days)]
    angry = [
        s.comment(f"a{n}", STARTED + timedelta(minutes=9 * n), ILL, from_id=f"u{n % 8}")
        for n in range(12)
    ]
    own = s.comment("o1", STARTED, "Kami sedih dan kecewa.", from_id=s.PAGE)
    foreign = s.comment("f1", STARTED, "Muy rico, pero me gusta con sal", from_id="u9")
    lake.put("facebook_pages.comments", s.PAGE, s.MONDAY, [*quiet, *angry, own, foreign])
    lake.put("facebook_pages.posts", s.PAGE, s.FRIDAY, [POST])
    for day, views in ((s.FRIDAY, 400), (s.SATURDAY, 900)):
        lake.put(
            "facebook_pages.post_counters",
            s.PAGE,
            day,
            [s.counters("p1", s.at(s.FRIDAY), reactions=1, views=views)],
        )


POST = {"page_id": s.PAGE, "id": "p1", "from_id": s.PAGE, "created_time": s.at(s.FRIDAY)}


@pytest.fixture(scope="module")
def built(home: Path) -> Warehouse:
    lake = HandmadeLake(emptied(home / "written-lake"))
    land(lake)
    warehouse = Warehouse(emptied(home / "written-warehouse"), lake.root)
    warehouse.dbt("run", "--select", "+mart_user_content", "+mart_crisis", "+mart_crisis_hourly")
    return warehouse


def test_what_is_written_has_a_language_a_sentiment_and_a_topic(built: Warehouse) -> None:
    assert built.rows(
        "select content_id, language, sentiment, topic from fct_content"
        " where content_id in ('q0', 'a0', 'f1') order by content_id"
    ) == [
        ("a0", "id", "negative", "health"),
        ("f1", "es", None, "other"),
        ("q0", "id", "positive", "quality"),
    ]


def test_user_content_is_counted_without_what_the_company_writes(built: Warehouse) -> None:
    assert built.rows(
        "select platform, kind, topic, sentiment, items, authors, likes, ratings, rating_sum"
        f" from mart_user_content where date_day = date '{s.FRIDAY}' order by topic"
    ) == [
        ("facebook", "comment", "health", "negative", 12, 8, 24, 0, None),
        ("facebook", "comment", "other", None, 1, 1, 2, 0, None),
        ("facebook", "comment", "quality", "positive", 1, 1, 2, 0, None),
    ]


def test_hours_beyond_what_is_usual_make_one_crisis(built: Warehouse) -> None:
    assert built.rows(
        "select topic, topics, started_at, flagged_at, peak_at, ended_at, flagged_hours,"
        " peak_mentions, negative_mentions, authors from mart_crisis"
    ) == [
        (
            *("health", "health", STARTED, s.at(s.FRIDAY, 13), STARTED, s.at(s.FRIDAY, 14)),
            *(2, 7, 12, 8),
        )
    ]


def test_a_crisis_was_seen_where_its_posts_were(built: Warehouse) -> None:
    assert built.rows(
        "select posts, post_views, top_post_mentions, top_post_key = md5('facebook_pages|500|p1')"
        " from mart_crisis"
    ) == [(1, 400, 12, True)]


def test_a_crisis_cost_what_was_to_be_expected_less_what_came(built: Warehouse) -> None:
    assert built.rows(
        "select countries, days_compared, expected_orders, actual_orders, expected_revenue,"
        " actual_revenue, lost_revenue, lost_revenue_low, refused from mart_crisis"
    ) == [("ID", 14, 14.0, 7, Decimal(1400), Decimal(700), Decimal(700), Decimal(700), None)]
