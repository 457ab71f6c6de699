"""`make run-example`: the real data sets give the figures that others published about them.

Online Retail: Chen (2015); the cleaned figures are those of the literature on that set. Facebook
metrics: Moro, Rita and Vala (2016).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.commands.run import example_settings, run_files

CLEANED = "customer_id is not null and quantity > 0 and unit_price > 0"


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file of one example run, open as a BI tool opens it."""
    home = tmp_path_factory.mktemp("example")
    settings = example_settings().model_copy(update={"home": home})
    assert run_files(settings) == 0
    published = Path(home) / "published" / "current" / "marts.duckdb"
    with duckdb.connect(str(published), read_only=True) as connection:
        connection.execute("use marts.marts")
        yield connection


def one(marts: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    """The query's only row."""
    rows = marts.execute(query).fetchall()
    assert len(rows) == 1
    return tuple(rows[0])


def test_every_invoice_line_is_published(marts: duckdb.DuckDBPyConnection) -> None:
    found = one(
        marts,
        """
        select count(*), count(distinct order_id), count(distinct customer_id),
            count_if(customer_id is null), count_if(order_id like 'C%')
        from fct_order_line
        """,
    )
    assert found == (541_909, 25_900, 4_372, 135_080, 9_288)


def test_orders_add_up_to_the_net_of_all_invoices(marts: duckdb.DuckDBPyConnection) -> None:
    found = one(
        marts, "select count(*), round(sum(net_amount), 2), count(distinct currency) from fct_order"
    )
    assert found == (25_900, Decimal("9747747.93"), 1)


def test_lines_add_up_to_their_orders(marts: duckdb.DuckDBPyConnection) -> None:
    lines = one(marts, "select sum(quantity * unit_price) from fct_order_line")
    assert lines == one(marts, "select sum(net_amount) from fct_order")


def test_the_cleaned_lines_give_the_published_sales_figures(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    found = one(
        marts,
        f"""
        select count(*), count(distinct order_id), count(distinct customer_id),
            round(sum(quantity * unit_price), 2)
        from fct_order_line where {CLEANED}
        """,
    )
    assert found == (397_884, 18_532, 4_338, Decimal("8911407.90"))


def test_the_cleaned_lines_give_the_published_rates(marts: duckdb.DuckDBPyConnection) -> None:
    aov, repeat = one(
        marts,
        f"""
        with customers as (
            select customer_id, count(distinct order_id) as orders,
                sum(quantity * unit_price) as net
            from fct_order_line where {CLEANED} group by customer_id
        )
        select sum(net)::double / sum(orders), count_if(orders >= 2)::double / count(*)
        from customers
        """,
    )
    assert round(float(str(aov)), 3) == 480.866
    assert round(float(str(repeat)), 6) == 0.655832


def test_every_interaction_of_the_page_is_published(marts: duckdb.DuckDBPyConnection) -> None:
    found = one(
        marts,
        """
        select count(distinct post_id), sum(reactions), sum(comments), sum(shares),
            sum(coalesce(reactions, 0) + coalesce(comments, 0) + coalesce(shares, 0)),
            sum(impressions)
        from fct_post_daily
        """,
    )
    assert found == (500, 88_795, 3_741, 13_524, 106_060, 14_792_974)


def test_interactions_equal_the_total_of_the_set_on_every_row(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    raw = Path(__file__).parents[2] / "examples" / "facebook_post_metrics" / "posts.parquet"
    differing = one(
        marts,
        f"""
        with raw as (
            select file_row_number + 1 as post_id, cast(T_Interactions as integer) as total
            from read_parquet('{raw}', file_row_number = true)
        )
        select count(*)
        from raw full join fct_post_daily as published
            on cast(raw.post_id as string) = published.post_id
        where coalesce(reactions, 0) + coalesce(comments, 0) + coalesce(shares, 0)
            is distinct from total
        """,
    )
    assert differing == (0,)
