"""Orders of a site and of marketplaces beside those of a shop: each figure counted by hand."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import scenario as s
from dbt_warehouse import Warehouse, emptied
from handmade_lake import HandmadeLake

MARTS = (
    "fct_order",
    "fct_order_line",
    "fct_refund",
    "fct_payment",
    "fct_content",
    "fct_touch_credit",
    "dim_person",
)


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
        s.SITE,
        s.FRIDAY,
        [
            s.site_order(
                1,
                59400.0,
                customer_id="7",
                email_sha256_meta="hash-1",
                discount_total=10000.0,
                total_tax=4400.0,
                shipping_total=15000.0,
                line_items=[
                    s.site_line(11, 40000.0, 32000.0, quantity=2),
                    s.site_line(12, 10000.0, 8000.0, variation_id="13"),
                ],
                refunds=[took_one_back],
                source_type="utm",
                utm_source="newsletter",
                utm_medium="email",
            ),
            s.site_order(2, 30000.0, email_sha256_meta="hash-2", payment_method="bacs"),
            s.site_order(3, 70000.0, paid_at=None, status="pending"),
            s.site_order(4, 80000.0, status="trash"),
            s.site_order(5, 90000.0, payment_mode="test"),
            s.site_order(6, 20000.0, paid_at=None, status="completed", payment_method="cod"),
        ],
    )
    lake.put(
        "woocommerce.customers",
        s.SITE,
        s.FRIDAY,
        [
            {
                "site": s.SITE,
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
        s.SITE,
        s.FRIDAY,
        [
            {"site": s.SITE, "id": "10", "parent_id": "0", "unit_cost": 5000.0},
            {"site": s.SITE, "id": "13", "parent_id": "10", "unit_cost": 3000.0},
        ],
    )

    lake.put(
        "woocommerce.product_reviews",
        s.SITE,
        s.FRIDAY,
        [
            {
                "site": s.SITE,
                "id": "r1",
                "created_at": s.at(s.FRIDAY),
                "product_id": "10",
                "reviewer": "Budi",
                "review": "<p>Enak &amp; renyah</p>\n",
                "rating": 0,
            }
        ],
    )
    lake.put(
        "shopee.product_reviews",
        s.STORE,
        s.FRIDAY,
        [
            {
                "shop_id": s.STORE,
                "comment_id": "r1",
                "create_time": s.at(s.FRIDAY),
                "item_id": "24",
                "buyer_username": "b***i",
                "comment": "",
                "rating_star": 4,
            }
        ],
    )
    lake.put(
        "stripe.charges",
        s.STRIPE,
        s.FRIDAY,
        [
            s.charge("c1", 59400.0, order="1"),
            s.charge("c0", 59400.0, order="1", status="failed", failure_code="card_declined"),
            s.charge("c4", 80000.0, order="4"),
            s.charge("c5", 90000.0, order="5", livemode=False),
            s.charge("c9", 5.0, order=None, currency="USD"),
        ],
    )
    lake.put(
        "stripe.refunds",
        s.STRIPE,
        s.SATURDAY,
        [
            s.payback("r1", "c1", 22200.0, "succeeded"),
            s.payback("r2", "c1", 500.0, "pending"),
            s.payback("r3", "c1", 700.0, "failed"),
        ],
    )
    lines = [{"order_item_id": "1", "item_id": "7", "model_id": "8", "model_sku": "SKU8"}]
    priced = {"quantity": 3, "original_price": 50000.0, "discounted_price": 45000.0}
    lake.put(
        "shopee.orders",
        s.STORE,
        s.FRIDAY,
        [
            s.shopee_order(
                "S1",
                131900.0,
                item_list=[{**lines[0], **priced}],
                income_original_price=150000.0,
                seller_discount=15000.0,
                voucher_from_seller=5000.0,
                voucher_from_shopee=8100.0,
                buyer_paid_shipping_fee=10000.0,
            ),
            s.shopee_order("S2", 40000.0, order_status="CANCELLED", income_original_price=40000.0),
            s.shopee_order("S3", 40000.0, order_status="CANCELLED", pay_time=None),
            s.shopee_order("S4", 135000.0, item_list=[{**lines[0], **priced}]),
        ],
    )
    back = {"shop_id": s.STORE, "create_time": s.at(s.SATURDAY), "update_time": s.at(s.SATURDAY)}
    lake.put(
        "shopee.returns",
        s.STORE,
        s.SATURDAY,
        [
            {
                **back,
                "return_sn": "B1",
                "order_sn": "S1",
                "status": "ACCEPTED",
                "refund_amount": 45000.0,
                "item": [{"item_id": "7", "model_id": "8", "amount": 1}],
            },
            {
                **back,
                "return_sn": "B2",
                "order_sn": "S1",
                "status": "JUDGING",
                "refund_amount": 9000.0,
                "item": [{"item_id": "7", "model_id": "8", "amount": 1}],
            },
        ],
    )
    for day, bookings in (
        (s.FRIDAY, [("b1", "c1", 3.96, 0.48)]),
        (s.SATURDAY, [("b2", "r1", -1.48, 0.0), ("b3", "r3", -0.05, 0.0), ("b4", "r3", 0.05, 0.0)]),
    ):
        lake.put("stripe.balance_transactions", s.STRIPE, day, [s.booking(*b) for b in bookings])


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
    assert [order for (order,) in orders] == ["1", "2", "6", "S1", "S2", "S4"]


def test_lines_lose_the_units_that_a_refund_took_back(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select line_id, quantity, kept_quantity, unit_price, discount_amount"
        " from fct_order_line where source = 'woocommerce' order by line_id"
    ) == [
        ("11", 2, 1, *amounts(20000, 8000)),
        ("12", 1, 1, *amounts(10000, 2000)),
    ]


def test_a_refund_has_its_own_instant(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select refunded_at, refund_amount, note from fct_refund where source = 'woocommerce'"
    ) == [(datetime.combine(s.SATURDAY, s.at(s.SATURDAY).time()), Decimal(22200), None)]


def test_a_guest_is_known_by_the_address_and_an_account_by_it_too(warehouse: Warehouse) -> None:
    """Order 6 has neither, so it is nobody's."""
    persons = dict(
        warehouse.rows("select order_id, person_id from fct_order where source = 'woocommerce'")
    )
    assert persons["6"] is None
    assert persons["1"] != persons["2"]
    places = dict(warehouse.rows("select person_id, province from dim_person"))
    assert (places[persons["1"]], places[persons["2"]]) == ("West Java", "West Java")


def test_the_sites_attribution_is_the_touch_of_its_order(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select distinct credits.channel from fct_touch_credit as credits"
        " inner join fct_order as orders on credits.order_key = orders.order_key"
        " where orders.order_id = '1'"
    ) == [("email",)]


def test_a_payment_moved_money_only_where_it_succeeded(warehouse: Warehouse) -> None:
    """A failed attempt and a pending refund have rows; a test payment has none."""
    assert warehouse.rows(
        "select payment_id, payment_kind, status, amount, moved_amount from fct_payment"
        " order by payment_kind, payment_id"
    ) == [
        ("c0", "charge", "failed", *amounts(59400, 0)),
        ("c1", "charge", "succeeded", *amounts(59400, 59400)),
        ("c4", "charge", "succeeded", *amounts(80000, 80000)),
        ("c9", "charge", "succeeded", *amounts(5, 5)),
        ("r1", "refund", "succeeded", *amounts(-22200, -22200)),
        ("r2", "refund", "pending", *amounts(-500, 0)),
        ("r3", "refund", "failed", *amounts(-700, 0)),
    ]


def test_bookings_tell_fees_in_the_currency_that_settles(warehouse: Warehouse) -> None:
    """What a failed refund took, its second booking brings back."""
    assert warehouse.rows(
        "select payment_id, settlement_currency, settled_amount, fee_amount, settled_net_amount"
        " from fct_payment where settlement_currency is not null order by payment_id"
    ) == [
        ("c1", "USD", *amounts(3.96, 0.48, 3.48)),
        ("r1", "USD", *amounts(-1.48, 0, -1.48)),
        ("r3", "USD", *amounts(0, 0, 0)),
    ]


def test_payments_and_their_refunds_lead_to_the_order(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select orders.order_id, list(payment_id order by payment_id) from fct_payment"
        " inner join fct_order as orders using (order_key) group by orders.order_id"
    ) == [("1", ["c0", "c1", "r1", "r2", "r3"])]


def test_a_review_is_content_in_plain_words(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select source, kind, post_id, author_name, message, rating from fct_content"
        " order by source"
    ) == [
        ("shopee", "review", "24", "b***i", None, 4),
        ("woocommerce", "review", "10", "Budi", "Enak & renyah", None),
    ]


def test_what_shopee_takes_off_a_price_is_revenue_and_what_the_seller_does_is_not(
    warehouse: Warehouse,
) -> None:
    """S4 has no income yet: its lowered prices are taken for the seller's. S2 went back whole."""
    assert warehouse.rows(
        "select order_id, lines_amount, gross_amount, discount_amount, refund_amount, net_amount"
        " from fct_order where source = 'shopee' order by order_id"
    ) == [
        ("S1", *amounts(150000, 160000, 20000, 45000, 85000)),
        ("S2", *amounts(40000, 40000, 0, 40000, 0)),
        ("S4", *amounts(150000, 150000, 15000, 0, 135000)),
    ]


def test_a_return_takes_units_back_once_it_is_accepted(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select order_id, quantity, kept_quantity, discount_amount from fct_order_line"
        " where source = 'shopee' order by order_id"
    ) == [("S1", 3, 2, *amounts(15000)), ("S4", 3, 3, *amounts(15000))]
    assert warehouse.rows(
        "select refund_id, refund_amount from fct_refund where source = 'shopee' order by refund_id"
    ) == [("B1", *amounts(45000)), ("B2", *amounts(0)), ("S2", *amounts(40000))]


def test_payments_that_differ_from_their_order_are_told_of(home: Path) -> None:
    """Between two days with payments stands an order that was paid by card, and one by transfer.

    This is the last of these tests: it builds another warehouse in the place of theirs.
    """
    lake = HandmadeLake(emptied(home / "lake"))
    for day in (s.FRIDAY, s.SUNDAY):
        lake.put("stripe.charges", s.STRIPE, day, [s.charge(f"c{day.day}", 1.0, order="1", at=day)])
    charges = [s.charge("good", 100.0, order="2", at=s.SATURDAY)]
    lake.put("stripe.charges", s.STRIPE, s.SATURDAY, charges)
    orders = [
        s.site_order(2, 100.0, created_at=s.at(s.SATURDAY)),
        s.site_order(3, 100.0, created_at=s.at(s.SATURDAY), payment_method="bacs"),
    ]
    lake.put("woocommerce.orders", s.SITE, s.SATURDAY, orders)
    built = Warehouse(emptied(home / "warehouse"), lake.root, currency="IDR")
    built.dbt("run", "--select", "+fct_payment", "+fct_order")
    name = "assert_payments_tie_to_orders"
    assert built.dbt("test", "--select", name)[name] == "pass"
    built.execute("update fct_payment set moved_amount = 99 where payment_id = 'good'")
    assert built.dbt("test", "--select", name)[name] == "warn"
