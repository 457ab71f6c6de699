"""Orders of a site and of marketplaces beside those of a shop: each figure counted by hand."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import scenario as s
from conftest import emptied
from dbt_warehouse import Warehouse
from handmade_lake import HandmadeLake

SITE = "toko.example"
MARTS = ("fct_order", "fct_order_line", "fct_refund", "fct_touch_credit", "dim_person")


def woo_line(number: int, subtotal: float, total: float | None = None, **more: Any) -> Any:
    return {
        "id": str(number),
        "name": f"Product {number}",
        "sku": f"SKU{number}",
        "product_id": "10",
        "variation_id": "0",
        "quantity": 1,
        "subtotal": subtotal,
        "total": subtotal if total is None else total,
        **more,
    }


def woo_order(number: int, total: float, **more: Any) -> dict[str, Any]:
    return {
        "site": SITE,
        "id": str(number),
        "number": str(number),
        "created_at": s.at(s.FRIDAY),
        "modified_at": s.at(s.FRIDAY, 5),
        "paid_at": s.at(s.FRIDAY, 4),
        "status": "processing",
        "currency": "IDR",
        "total": total,
        "customer_id": "0",
        "payment_method": "stripe",
        "shipping_country": "ID",
        "shipping_state": "JB",
        "shipping_city": "Bandung",
        "line_items": [],
        "refunds": [],
        **more,
    }


def land(lake: HandmadeLake) -> None:
    """A site's orders: sold, refunded in part, never paid, trashed, a test, and one by a guest."""
    s.rates(lake, s.FRIDAY)
    took_one_back = {
        "id": "900",
        "created_at": s.at(s.SATURDAY),
        "amount": 22200.0,
        "reason": "",
        "line_items": [
            {
                "id": "901",
                "quantity": -1,
                "meta_data": json.dumps([{"key": "_refunded_item_id", "value": "11"}]),
            }
        ],
    }
    lake.put(
        "woocommerce.orders",
        SITE,
        s.FRIDAY,
        [
            woo_order(
                1,
                59400.0,
                customer_id="7",
                email_sha256_meta="hash-1",
                discount_total=10000.0,
                total_tax=4400.0,
                shipping_total=15000.0,
                line_items=[
                    woo_line(11, 40000.0, 32000.0, quantity=2),
                    woo_line(12, 10000.0, 8000.0, variation_id="13"),
                ],
                refunds=[took_one_back],
                source_type="utm",
                utm_source="newsletter",
                utm_medium="email",
            ),
            woo_order(2, 30000.0, email_sha256_meta="hash-2", payment_method="bacs"),
            woo_order(3, 70000.0, paid_at=None, status="pending"),
            woo_order(4, 80000.0, status="trash"),
            woo_order(5, 90000.0, payment_mode="test"),
            woo_order(6, 20000.0, paid_at=None, status="completed", payment_method="cod"),
        ],
    )
    lake.put(
        "woocommerce.customers",
        SITE,
        s.FRIDAY,
        [
            {
                "site": SITE,
                "id": "7",
                "created_at": s.at(s.FRIDAY),
                "modified_at": s.at(s.FRIDAY),
                "email_sha256_meta": "hash-1",
                "country": "ID",
                "state": "BT",
            }
        ],
    )
    lake.put(
        "woocommerce.products",
        SITE,
        s.FRIDAY,
        [
            {"site": SITE, "id": "10", "parent_id": "0", "unit_cost": 5000.0},
            {"site": SITE, "id": "13", "parent_id": "10", "unit_cost": 3000.0},
        ],
    )


@pytest.fixture(scope="module")
def warehouse(home: Path) -> Warehouse:
    lake = HandmadeLake(emptied(home / "lake"))
    land(lake)
    built = Warehouse(emptied(home / "warehouse"), lake.root, currency="IDR")
    built.dbt(
        "build", "--exclude-resource-type", "test", "--select", *(f"+{name}" for name in MARTS)
    )
    return built


def amounts(*values: float) -> tuple[Decimal, ...]:
    return tuple(Decimal(str(value)) for value in values)


def test_net_revenue_of_a_site_leaves_out_tax_shipping_and_what_went_back(
    warehouse: Warehouse,
) -> None:
    (sold,) = warehouse.rows(
        "select lines_amount, gross_amount, discount_amount, refund_amount, tax_amount,"
        " shipping_amount, net_amount from fct_order where order_id = '1'"
    )
    assert sold == amounts(50000, 69400, 10000, 22200, 4400, 15000, 17800)


def test_what_was_never_paid_is_trashed_or_a_test_is_no_sale(warehouse: Warehouse) -> None:
    orders = warehouse.rows("select order_id from fct_order order by order_id")
    assert [order for (order,) in orders] == ["1", "2", "6"]


def test_lines_lose_the_units_that_a_refund_took_back(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select line_id, quantity, kept_quantity, unit_price, discount_amount"
        " from fct_order_line order by line_id"
    ) == [
        ("11", 2, 1, *amounts(20000, 8000)),
        ("12", 1, 1, *amounts(10000, 2000)),
    ]


def test_a_refund_has_its_own_instant(warehouse: Warehouse) -> None:
    assert warehouse.rows("select refunded_at, refund_amount, note from fct_refund") == [
        (datetime.combine(s.SATURDAY, s.at(s.SATURDAY).time()), Decimal(22200), None)
    ]


def test_a_guest_is_known_by_the_address_and_an_account_by_it_too(warehouse: Warehouse) -> None:
    """Order 6 has neither, so it is nobody's."""
    persons = dict(warehouse.rows("select order_id, person_id from fct_order"))
    assert persons["6"] is None
    assert persons["1"] != persons["2"]
    assert dict(warehouse.rows("select person_id, province from dim_person")) == {
        persons["1"]: "West Java",
        persons["2"]: "West Java",
    }


def test_the_sites_attribution_is_the_touch_of_its_order(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select distinct credits.channel from fct_touch_credit as credits"
        " inner join fct_order as orders on credits.order_key = orders.order_key"
        " where orders.order_id = '1'"
    ) == [("email",)]
