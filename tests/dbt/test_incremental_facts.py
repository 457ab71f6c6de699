"""Facts that are built landing by landing equal facts that are built of everything at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
import scenario as s
from dbt_warehouse import Warehouse, emptied
from handmade_lake import HandmadeLake

Rebuild = Callable[[], Warehouse]

# What holds rows: views are there since the first run of a home, and follow by themselves.
TABLES = ("--select", "config.materialized:table", "config.materialized:incremental")
APRIL, LATER = date(2026, 4, 10), date(2026, 4, 11)


def up_to(*models: str) -> tuple[str, ...]:
    """Those models and what holds rows of what they are made of."""
    kinds = ("config.materialized:table", "config.materialized:incremental")
    return ("--select", *(f"+{model},{kind}" for model in models for kind in kinds))


def first_landing(lake: HandmadeLake) -> None:
    s.rates(lake, s.FRIDAY)
    s.structure(lake, s.FRIDAY)
    s.ads_day(lake, s.FRIDAY, {"A1": 1000.0, "A2": 500.0}, campaign=1600.0, account=2000.0)
    s.orders(
        lake,
        s.FRIDAY,
        s.order(1, s.at(s.FRIDAY)),
        s.order(2, s.at(s.FRIDAY, 4), customer=2),
        s.order(3, s.at(s.FRIDAY, 5), customer=2, currency="IDR"),
        s.order(6, s.at(s.FRIDAY), refunds=[s.refund(6, s.at(s.FRIDAY), ("SUCCESS", 9.0))]),
    )
    s.events(
        lake,
        s.FRIDAY,
        s.event("b1", 1, s.at(s.FRIDAY, 16, 50), day=s.FRIDAY),
        s.event("b2", 2, s.at(s.FRIDAY, 3)),
        s.event(
            "b2", 2, s.at(s.FRIDAY, 4), "purchase", transaction_id="#2", purchase_revenue=100.0
        ),
        s.event("b2", 2, s.at(s.FRIDAY, 5), "share"),
    )
    s.orders(lake, date(2026, 3, 5))
    s.rates(lake, APRIL)
    s.orders(lake, APRIL, s.order(7, s.at(APRIL), customer=3))
    unpaid = {"paid_at": None, "status": "pending"}
    lake.put("woocommerce.orders", s.SITE, s.FRIDAY, [s.site_order(1, 90.0, **unpaid)])
    lake.put("stripe.charges", s.STRIPE, s.FRIDAY, [s.charge("c1", 90.0, order="1")])
    found = s.tweet("m1", s.at(s.FRIDAY), "@sarilaut halo", account_id="search", query="q")
    lake.put("x.search", "search", s.FRIDAY, [found])
    lake.put(
        "facebook_pages.comments",
        s.PAGE,
        s.FRIDAY,
        [s.comment("c1", s.at(s.FRIDAY), "Enak"), s.comment("c2", s.at(s.FRIDAY), "Mahal")],
    )
    lake.put(
        "facebook_pages.post_counters",
        s.PAGE,
        s.FRIDAY,
        [
            s.counters("p1", s.at(date(2026, 3, 2)), reactions=10, views=100),
            s.counters("p2", s.at(s.FRIDAY), reactions=1, views=5),
        ],
    )


def second_landing(lake: HandmadeLake) -> None:
    """A late first order, a refund, a session over midnight, a restated day, a metric gone."""
    paid = s.site_order(1, 90.0, modified_at=s.at(s.SATURDAY))
    lake.put("woocommerce.orders", s.SITE, s.SATURDAY, [paid])
    refunded = s.charge("c1", 90.0, order="1", seen_at=s.at(s.SATURDAY), disputed=True)
    lake.put("stripe.charges", s.STRIPE, s.SATURDAY, [refunded])
    lake.put("stripe.refunds", s.STRIPE, s.SATURDAY, [s.payback("r1", "c1", 9.0, "succeeded")])
    bookings = [s.booking("b1", "c1", 0.5, 0.1)]
    lake.put("stripe.balance_transactions", s.STRIPE, s.SATURDAY, bookings)
    s.ads_day(lake, s.FRIDAY, {"A1": 1010.0}, campaign=1610.0, account=2000.0)
    s.ads_day(lake, s.SATURDAY, {"A1": 700.0}, campaign=700.0, account=700.0)
    s.orders(
        lake,
        s.SATURDAY,
        s.order(
            1,
            s.at(s.FRIDAY),
            updated=s.at(s.SATURDAY),
            refunds=[s.refund(1, s.at(s.SATURDAY), ("SUCCESS", 40.0))],
        ),
        s.order(4, s.at(date(2026, 3, 6), 1), updated=s.at(s.SATURDAY), customer=2),
        s.order(5, s.at(s.SATURDAY), customer=3, currency="IDR"),
        s.order(6, s.at(s.FRIDAY), updated=s.at(s.SATURDAY), test=True),
    )
    s.events(
        lake,
        s.SATURDAY,
        s.event("b1", 1, s.at(s.FRIDAY, 17, 10), day=s.SATURDAY),
        s.event("b3", 3, s.at(s.SATURDAY)),
        s.event("b3", 3, s.at(s.SATURDAY, 1), "share"),
    )
    lake.put(
        "facebook_pages.comments",
        s.PAGE,
        s.FRIDAY,
        [s.comment("c2", s.at(s.FRIDAY), "Mahal sekali")],
    )
    lake.put(
        "facebook_pages.comments",
        s.PAGE,
        s.SATURDAY,
        [s.comment("c3", s.at(s.SATURDAY), "Kapan promo?", parent_id="c1")],
    )
    lake.put(
        "facebook_pages.post_counters",
        s.PAGE,
        s.SATURDAY,
        [
            s.counters("p1", s.at(date(2026, 3, 2)), reactions=14),
            s.counters("p3", s.at(s.SATURDAY), reactions=2),
        ],
    )


def third_landing(lake: HandmadeLake) -> None:
    """An emptied day, a day taken away, a moved rate, an earlier snapshot, a test order."""
    lake.put("meta_ads.insights_ad", s.ACCOUNT, s.SATURDAY, [])
    lake.put("meta_ads.insights_campaign", s.ACCOUNT, s.SATURDAY, [])
    lake.put("meta_ads.insights_account", s.ACCOUNT, s.SATURDAY, [])
    lake.put("meta_ads.insights_age_gender", s.ACCOUNT, s.SATURDAY, [])
    lake.remove("files.ga4_events", s.PROPERTY, s.SATURDAY)
    # The orders updated on that day are again as Friday knew them; order 6 had no rows until now.
    lake.remove("shopify.orders", s.SHOP, s.SATURDAY)
    s.rates(lake, s.FRIDAY, idr=18300.0)
    s.orders(
        lake,
        s.SUNDAY,
        s.order(4, s.at(date(2026, 3, 6), 1), updated=s.at(s.SUNDAY), customer=2, test=True),
        s.order(2, s.at(s.FRIDAY, 4), updated=s.at(s.SUNDAY), customer=3, lines=[]),
    )
    # What a search had found is told by the account that it addresses, which was read later.
    lake.put(
        "x.mentions", s.X_ACCOUNT, s.SATURDAY, [s.tweet("m1", s.at(s.FRIDAY), "@sarilaut halo")]
    )
    # The words have expired; the day has not.
    lake.put("facebook_pages.comments", s.PAGE, s.FRIDAY, [])
    lake.put(
        "facebook_pages.post_counters",
        s.PAGE,
        date(2026, 3, 4),
        [s.counters("p1", s.at(date(2026, 3, 2)), reactions=4, views=40)],
    )
    lake.put(
        "facebook_pages.post_counters",
        s.PAGE,
        s.SUNDAY,
        [s.counters("p1", s.at(date(2026, 3, 2)), reactions=13, views=160)],
    )


@pytest.fixture(scope="module")
def first_build(home: Path) -> Path:
    """The warehouse of the first landing, for each test to go on from."""
    lake = HandmadeLake(emptied(home / "lake"))
    first_landing(lake)
    Warehouse(emptied(home / "warehouse"), lake.root).dbt("run")
    return shutil.copytree(home / "warehouse", home / "first-build")


@pytest.fixture
def lake(lake: HandmadeLake) -> HandmadeLake:
    """The lake of the first landing."""
    first_landing(lake)
    return lake


@pytest.fixture
def warehouse(warehouse: Warehouse, first_build: Path) -> Warehouse:
    """Its warehouse."""
    shutil.copytree(first_build, warehouse.directory, dirs_exist_ok=True)
    return warehouse


@pytest.fixture
def rebuilt(home: Path, lake: HandmadeLake, first_build: Path) -> Rebuild:
    """Makes the warehouse whose tables the lake gives when each is built from nothing."""

    def build() -> Warehouse:
        shutil.rmtree(home / "rebuilt", ignore_errors=True)
        other = Warehouse(shutil.copytree(first_build, home / "rebuilt"), lake.root)
        other.dbt("run", "--full-refresh", *TABLES)
        return other

    return build


def test_each_landing_gives_the_rows_of_a_full_refresh(
    lake: HandmadeLake, warehouse: Warehouse, rebuilt: Rebuild
) -> None:
    for land in (second_landing, third_landing):
        land(lake)
        warehouse.dbt("run", *TABLES)
        incremental, full = warehouse.marts(), rebuilt().marts()
        assert incremental.keys() == full.keys()
        for name, rows in full.items():
            assert incremental[name] == rows, (land.__name__, name)


# A column of each fact that a test may overwrite, to see which rows a run replaces.
MARKED = {
    "fct_order": ("order_id", "financial_status"),
    "fct_order_line": ("order_id", "title"),
    "fct_refund": ("order_id", "note"),
    "fct_ad_daily": ("ad_id", "platform"),
    "fct_session": ("session_id", "device"),
    "fct_post_daily": ("post_id", "platform"),
    "fct_content": ("content_id", "platform"),
    "warehouse.intermediate.int_shares__from_events": ("user_pseudo_id", "share_method"),
}


# What is replaced by month: its column of days, and one that a test may overwrite.
MONTHLY = {
    "fct_touch_credit": ("order_date", "touch_basis"),
    "fct_segment_membership": ("month", "segment"),
    "mart_campaign_roi": ("date_day", "campaign_name"),
    "mart_ad_roi": ("date_day", "ad_name"),
    "mart_channel_roi": ("month", "attributed_currency"),
    "mart_segment_campaigns": ("month", "campaign_name"),
}


@pytest.fixture
def marked(warehouse: Warehouse) -> Warehouse:
    """The warehouse with a mark in every row of those."""
    for table, (_, column) in (MARKED | MONTHLY).items():
        warehouse.execute(f"update {table} set {column} = 'marked'")
    return warehouse


def test_nothing_is_replaced_where_nothing_changed(lake: HandmadeLake, marked: Warehouse) -> None:
    marked.dbt("run", *TABLES)
    assert _replaced(marked) == set()
    assert _months_replaced(marked) == {}


def test_only_what_changed_is_replaced(lake: HandmadeLake, marked: Warehouse) -> None:
    # Order 2's person has order 3 too, of which only the number could have changed.
    s.orders(lake, s.SATURDAY, s.order(2, s.at(s.FRIDAY, 4), updated=s.at(s.SATURDAY), customer=2))
    s.events(
        lake,
        s.SATURDAY,
        s.event("b1", 1, s.at(s.FRIDAY, 17, 10), day=s.SATURDAY),
        s.event("b1", 1, s.at(s.FRIDAY, 17, 20), "share", day=s.SATURDAY),
    )
    marked.dbt("run", *TABLES)
    assert _replaced(marked) == {
        ("fct_order", "2"),
        ("fct_order", "3"),
        ("fct_order_line", "2"),
        ("fct_session", "1"),
        ("warehouse.intermediate.int_shares__from_events", "b1"),
    }


def test_what_is_made_by_month_is_replaced_in_the_months_that_changed(
    lake: HandmadeLake, marked: Warehouse
) -> None:
    refund = s.refund(7, s.at(LATER), ("SUCCESS", 40.0))
    changed = s.order(7, s.at(APRIL), updated=s.at(LATER), customer=3, refunds=[refund])
    s.orders(lake, LATER, changed)
    s.ads_day(lake, APRIL, {"A1": 700.0}, campaign=700.0, account=700.0)
    marked.dbt("run", *TABLES)
    assert _months_replaced(marked) == {mart: {4} for mart in MONTHLY}


def test_a_new_name_is_put_into_the_months_that_use_it(warehouse: Warehouse) -> None:
    warehouse.execute("update mart_campaign_roi set channel = 'marked'")
    warehouse.execute("update dim_campaign set campaign_name = 'Lebaran' where campaign_id = 'C1'")
    warehouse.dbt("run", "--select", "int_returns__states", "mart_campaign_roi")
    months = "select distinct month(date_day) from mart_campaign_roi where channel"
    assert warehouse.rows(f"{months} <> 'marked'") == [(3,)]
    assert warehouse.rows(f"{months} = 'marked'") == [(4,)]
    name = "select distinct campaign_name from mart_campaign_roi where campaign_id = 'C1'"
    assert warehouse.rows(name) == [("Lebaran",)]


def test_what_is_judged_otherwise_now_is_replaced(warehouse: Warehouse) -> None:
    # As words that were not on the lists then would have it.
    warehouse.execute("update fct_content set sentiment = null, sentiment_score = null")
    warehouse.dbt("run", "--select", "fct_content")
    judged = warehouse.rows("select sentiment from fct_content where content_id = 'c1'")
    assert judged == [("positive",)]


def test_changed_reporting_settings_convert_every_row_again(
    lake: HandmadeLake, warehouse: Warehouse
) -> None:
    Warehouse(warehouse.directory, lake.root, currency="IDR").dbt("run", "--select", "+fct_order")
    rates = warehouse.rows("select distinct currency, fx_rate from fct_order order by currency")
    assert rates == [("IDR", 1), ("USD", 15000)]


def test_a_fact_of_an_earlier_version_is_built_anew_whatever_columns_it_had(
    lake: HandmadeLake, warehouse: Warehouse
) -> None:
    before = warehouse.marts()
    warehouse.execute("alter table fct_order drop column is_cancelled")
    # Of this lake it has no rows.
    warehouse.execute("alter table fct_payment add column gone string")
    warehouse.execute("update _build.inputs set state = concat(left(state, 1), 'earlier')")
    warehouse.dbt("run", *up_to("fct_order", "fct_payment"))
    assert warehouse.marts() == before


def test_a_state_is_another_when_rows_swap_what_they_hold(warehouse: Warehouse) -> None:
    # DuckDB's hash of several values is linear in those of each: of all rows it was the same.
    state = warehouse.compiled("select {{ rows_state(['name', 'figure']) }} from held")
    connection = duckdb.connect()
    found = set()
    for figures in ((1, 2), (2, 1), (1, 1), (None, None)):
        connection.execute("create or replace table held (name varchar, figure int)")
        connection.executemany("insert into held values (?, ?)", zip("ab", figures, strict=True))
        found.update(connection.execute(state).fetchall())
    assert len(found) == 4


def test_a_changed_macro_is_another_definition(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = warehouse.compiled("select '{{ definition_fingerprint() }}'")
    assert warehouse.compiled("select '{{ definition_fingerprint() }}'") == before
    units = warehouse.manifest().macros["macro.smm_warehouse.credit_units"]
    monkeypatch.setattr(units, "macro_sql", f"{units.macro_sql} ")
    assert warehouse.compiled("select '{{ definition_fingerprint() }}'") != before


def test_another_version_of_the_measurement_is_another_definition(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = warehouse.compiled("select '{{ definition_fingerprint() }}'")
    monkeypatch.setenv("SMM_MEASUREMENT", "another")
    assert warehouse.compiled("select '{{ definition_fingerprint() }}'") != before


def test_an_emptied_day_disappears(lake: HandmadeLake, warehouse: Warehouse) -> None:
    lake.put("meta_ads.insights_ad", s.ACCOUNT, s.FRIDAY, [])
    lake.put("meta_ads.insights_campaign", s.ACCOUNT, s.FRIDAY, [])
    lake.put("meta_ads.insights_account", s.ACCOUNT, s.FRIDAY, [])
    warehouse.dbt("run", "--select", "stg_lake__files", "fct_ad_daily")
    assert warehouse.rows("from fct_ad_daily") == []


def _replaced(warehouse: Warehouse) -> set[tuple[str, str]]:
    return {
        (fact, key)
        for fact, (entity, column) in MARKED.items()
        for (key,) in warehouse.inside(
            f"select {entity} from {fact} where {column} is distinct from 'marked'"
        )
    }


def _months_replaced(warehouse: Warehouse) -> dict[str, set[int]]:
    found = {
        mart: warehouse.rows(
            f"select distinct month({day}) from {mart} where {column} is distinct from 'marked'"
        )
        for mart, (day, column) in MONTHLY.items()
    }
    return {mart: {month for (month,) in rows} for mart, rows in found.items() if rows}
