"""TikTok in the marts: the shop's net revenue, the ads' totals and links, the videos' gains."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import scenario as s
from dbt_warehouse import Warehouse, emptied
from handmade_lake import HandmadeLake

SHOP, ADVERTISER, CHANNEL = "7495", "7301", "_000abc"
SALES = ("fct_order", "fct_order_line", "fct_refund")
MARTS = (*SALES, "fct_ad_daily", "fct_post_daily", "dim_campaign")
NEXT_WEEK = s.FRIDAY + timedelta(days=10)


def unit(number: int, price: float, own: float = 0.0, theirs: float = 0.0) -> dict[str, Any]:
    return {
        "id": str(number),
        "seller_sku": f"SKU{number}",
        "product_name": f"Product {number}",
        "original_price": price,
        "sale_price": price - own - theirs,
        "seller_discount": own,
        "platform_discount": theirs,
        "display_status": "COMPLETED",
    }


def order(
    number: int, *units: dict[str, Any], shipping: float = 0.0, **more: Any
) -> dict[str, Any]:
    def total(name: str) -> float:
        return sum(each[name] for each in units)

    return {
        "shop_id": SHOP,
        "id": str(number),
        "status": "COMPLETED",
        "create_time": s.at(s.FRIDAY),
        "update_time": s.at(s.FRIDAY, 5),
        "paid_time": s.at(s.FRIDAY, 4),
        "commerce_platform": "TOKOPEDIA",
        "user_id": "B1",
        "country_code": "ID",
        "province": "West Java",
        "currency": "IDR",
        "original_total_product_price": total("original_price"),
        "seller_discount": total("seller_discount"),
        "platform_discount": total("platform_discount"),
        "shipping_fee": shipping,
        "tax": 0.0,
        "total_amount": total("sale_price") + shipping,
        "line_items": list(units),
        **more,
    }


def returned(number: int, of: int, amount: float, status: str, *units: int) -> dict[str, Any]:
    return {
        "shop_id": SHOP,
        "return_id": str(number),
        "order_id": str(of),
        "create_time": s.at(NEXT_WEEK),
        "update_time": s.at(NEXT_WEEK, 6),
        "return_type": "RETURN_AND_REFUND",
        "return_status": status,
        "return_reason_text": "Damaged",
        "refund_total": amount,
        "return_line_items": [{"id": f"{number}{n}", "order_line_item_id": str(n)} for n in units],
    }


def land_shop(lake: HandmadeLake) -> None:
    """Orders sold, cancelled once paid, never paid, a sample; none has gone back yet."""
    lake.put(
        "tiktok_shop.orders",
        SHOP,
        s.FRIDAY,
        [
            order(1, unit(11, 100000, 10000, 5000), unit(12, 100000, 10000, 5000), shipping=9000),
            order(2, unit(21, 50000), cancel_time=s.at(s.FRIDAY, 5), status="CANCELLED"),
            order(3, unit(31, 70000), paid_time=None, status="UNPAID"),
            order(4, unit(41, 80000), is_sample_order=True),
        ],
    )
    lake.put(
        "tiktok_shop.cancellations",
        SHOP,
        s.FRIDAY,
        [
            {
                "shop_id": SHOP,
                "cancel_id": "900",
                "order_id": "2",
                "create_time": s.at(s.FRIDAY, 5),
                "update_time": s.at(s.FRIDAY, 5),
                "cancel_status": "CANCELLATION_REQUEST_COMPLETE",
                "refund_total": 50000.0,
            }
        ],
    )


def report(day: date, spend: float, **more: Any) -> dict[str, Any]:
    return {
        "advertiser_id": ADVERTISER,
        "currency": "IDR",
        "stat_time_day": day,
        "spend": spend,
        "impressions": 100,
        "clicks": 4,
        "conversion": 3,
        "complete_payment": 3,
        "vta_complete_payment": 1,
        "complete_payment_value": 30000.0,
        **more,
    }


def land_ads(lake: HandmadeLake) -> None:
    """A campaign of two ad groups whose ads explain a part of it, and it a part of the account."""
    of_campaign = {"advertiser_id": ADVERTISER, "currency": "IDR", "campaign_id": "C1"}
    campaign = {
        **of_campaign,
        "campaign_name": "Ramadan",
        "operation_status": "ENABLE",
        "secondary_status": "CAMPAIGN_STATUS_DELETE",
    }
    lake.put("tiktok_ads.campaigns", ADVERTISER, s.FRIDAY, [campaign])
    lake.put(
        "tiktok_ads.adgroups",
        ADVERTISER,
        s.FRIDAY,
        [
            {**of_campaign, "adgroup_id": "G1", "first_day": s.FRIDAY, "last_day": s.SATURDAY},
            {**of_campaign, "adgroup_id": "G2", "first_day": s.SATURDAY, "last_day": s.MONDAY},
        ],
    )
    tags = "utm_source=tiktok&utm_campaign=ramadan-t"
    lake.put(
        "tiktok_ads.ads",
        ADVERTISER,
        s.FRIDAY,
        [{**of_campaign, "ad_id": "A1", "adgroup_id": "G1", "url_tags": tags}],
    )
    ad = {"campaign_id": "C1", "adgroup_id": "G1", "ad_id": "A1"}
    unknown = {"complete_payment": 0, "vta_complete_payment": None, "complete_payment_value": None}
    lake.put(
        "tiktok_ads.reports_ad",
        ADVERTISER,
        s.FRIDAY,
        [
            report(s.FRIDAY, 800.0, **ad),
            report(s.FRIDAY, 100.0, **{**ad, "ad_id": "A2"}, **unknown),
        ],
    )
    lake.put(
        "tiktok_ads.reports_campaign",
        ADVERTISER,
        s.FRIDAY,
        [report(s.FRIDAY, 1000.0, campaign_id="C1", campaign_name="Ramadan")],
    )
    lake.put("tiktok_ads.reports_advertiser", ADVERTISER, s.FRIDAY, [report(s.FRIDAY, 1200.0)])


def land_videos(lake: HandmadeLake) -> None:
    for day, views, likes in ((s.FRIDAY, 100, 10), (s.SATURDAY, 250, 10)):
        video = {
            "account_id": CHANNEL,
            "id": "7084",
            "create_time": s.at(s.FRIDAY),
            "video_description": "Segar #sarilaut",
            "view_count": views,
            "like_count": likes,
            "comment_count": 1,
            "share_count": 0,
        }
        lake.put("tiktok.videos", CHANNEL, day, [video])


@pytest.fixture(scope="module")
def lake(home: Path) -> HandmadeLake:
    lake = HandmadeLake(emptied(home / "lake"))
    s.rates(lake, s.FRIDAY)
    land_shop(lake)
    land_ads(lake)
    land_videos(lake)
    return lake


def build(warehouse: Warehouse, *models: str) -> None:
    warehouse.dbt("run", "--select", *(f"+{name}" for name in models))


@pytest.fixture(scope="module")
def warehouse(home: Path, lake: HandmadeLake) -> Warehouse:
    built = Warehouse(emptied(home / "warehouse"), lake.root, currency="IDR")
    build(built, *MARTS, "int_campaigns__link_tags")
    return built


def amounts(*values: float) -> tuple[Decimal, ...]:
    return tuple(Decimal(str(value)) for value in values)


def test_what_tiktok_pays_of_a_price_is_the_sellers_revenue(warehouse: Warehouse) -> None:
    """200,000 of goods less 20,000 of the seller's own; TikTok's 10,000 are the buyer's gain."""
    (sold,) = warehouse.rows(
        "select lines_amount, gross_amount, discount_amount, shipping_amount, net_amount,"
        " sales_channel from fct_order where order_id = '1'"
    )
    assert sold == (*amounts(200000, 209000, 20000, 9000, 180000), "tokopedia")


def test_what_was_never_paid_or_is_a_sample_is_no_sale(warehouse: Warehouse) -> None:
    assert warehouse.rows("select order_id from fct_order order by order_id") == [("1",), ("2",)]


def test_a_paid_order_is_refunded_by_its_cancellation(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select is_cancelled, refund_amount, net_amount from fct_order where order_id = '2'"
    ) == [(True, *amounts(50000, 0))]
    assert warehouse.rows("select refund_id, refund_amount from fct_refund") == [
        ("900", Decimal(50000))
    ]


def test_a_line_is_one_unit_and_a_cancelled_one_stays_with_nobody(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select line_id, quantity, kept_quantity, gross_amount, discount_amount"
        " from fct_order_line order by line_id"
    ) == [
        ("11", 1, 1, *amounts(100000, 10000)),
        ("12", 1, 1, *amounts(100000, 10000)),
        ("21", 1, 0, *amounts(50000, 0)),
    ]


def test_a_return_of_a_later_day_reaches_its_order_and_line(
    lake: HandmadeLake, warehouse: Warehouse
) -> None:
    """The order's own record says nothing of it; what is only asked for gives nothing back."""
    returns = [
        returned(700, 1, 90000.0, "RETURN_OR_REFUND_REQUEST_COMPLETE", 12),
        returned(800, 1, 90000.0, "RETURN_OR_REFUND_REQUEST_PENDING", 11),
    ]
    lake.put("tiktok_shop.returns", SHOP, NEXT_WEEK, returns)
    build(warehouse, *SALES)
    assert warehouse.rows(
        "select refund_amount, net_amount from fct_order where order_id = '1'"
    ) == [amounts(90000, 90000)]
    assert warehouse.rows(
        "select refund_id, refund_amount, successful_transactions, other_transactions"
        " from fct_refund where order_id = '1' order by refund_id"
    ) == [("700", Decimal(90000), 1, 0), ("800", Decimal(0), 0, 1)]
    assert warehouse.rows(
        "select line_id, kept_quantity from fct_order_line where order_id = '1' order by line_id"
    ) == [("11", 1), ("12", 0)]


def test_an_accounts_ads_add_up_to_its_own_total(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select campaign_id, ad_id, spend, clicks, link_clicks from fct_ad_daily"
        " order by spend, ad_id"
    ) == [
        ("C1", "A2", Decimal(100), 4, 4),
        ("C1", "__unallocated__", Decimal(100), -4, -4),
        ("__unallocated__", "__unallocated__", Decimal(200), 0, 0),
        ("C1", "A1", Decimal(800), 4, 4),
    ]


def test_claims_after_a_click_and_after_a_view_are_told_apart_or_not_at_all(
    warehouse: Warehouse,
) -> None:
    told = (
        "select claimed_conversions, claimed_conversions_7d_click, claimed_conversions_1d_view,"
        " claimed_value from fct_ad_daily where ad_id = '{}'"
    )
    assert warehouse.rows(told.format("A1")) == [amounts(3, 2, 1, 30000)]
    assert warehouse.rows(told.format("A2")) == [(Decimal(0), None, None, None)]


def test_a_campaign_is_known_by_its_schedule_and_its_links(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select campaign_name, status, start_date, stop_date from dim_campaign"
        " where source = 'tiktok_ads' and not is_placeholder"
    ) == [("Ramadan", "deleted", s.FRIDAY, s.MONDAY)]
    assert warehouse.inside(
        "select parameter, tag, campaign_id, ad_id from intermediate.int_campaigns__link_tags"
        " where source = 'tiktok_ads' order by parameter, tag"
    ) == [
        ("utm_campaign", "c1", "C1", None),
        ("utm_campaign", "ramadan", "C1", None),
        ("utm_campaign", "ramadan-t", "C1", None),
        ("utm_content", "a1", "C1", "A1"),
    ]


def test_a_videos_days_are_what_it_gained_on_them(warehouse: Warehouse) -> None:
    assert warehouse.rows(
        "select date_day, video_views, reactions, impressions from fct_post_daily order by date_day"
    ) == [(s.FRIDAY, 100, 10, None), (s.SATURDAY, 150, 0, None)]
