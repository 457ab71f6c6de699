"""Shopee's stand-in, asked as its documents say: there is no client of Shopee's own for Python.

Signatures are made here from the documented text by the standard library, not by
the connector's or the stand-in's own function.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import requests

from pipelines.sandbox.credentials import (
    SHOPEE_PARTNER_ID,
    SHOPEE_PARTNER_KEY,
    SHOPEE_SHOPS,
    SHOPEE_TOKENS,
)
from pipelines.sandbox.serve import Sandbox

(SHOP,) = SHOPEE_SHOPS
DETAILS = "total_amount,pay_time,item_list,recipient_address,buyer_user_id"


class Api:
    """Signed calls as one shop."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.root = f"{sandbox.url}/partner.shopeemobile.com"
        self.access = ""

    def renew(self, refresh: str) -> dict[str, Any]:
        path = "/api/v2/auth/access_token/get"
        body = {"partner_id": int(SHOPEE_PARTNER_ID), "shop_id": int(SHOP)}
        told = requests.post(
            self.root + path,
            params=self.signed(path),
            json={**body, "refresh_token": refresh},
            timeout=10,
        ).json()
        self.access = told.get("access_token", self.access)
        return dict(told)

    def signed(self, path: str, *rest: str) -> dict[str, str]:
        stamp = "1793523600"
        text = SHOPEE_PARTNER_ID + path + stamp + "".join(rest)
        sign = hmac.new(SHOPEE_PARTNER_KEY.encode(), text.encode(), "sha256").hexdigest()
        return {"partner_id": SHOPEE_PARTNER_ID, "timestamp": stamp, "sign": sign}

    def call(self, path: str, body: Any = None, **params: Any) -> requests.Response:
        path = f"/api/v2/{path}"
        asked = {
            **self.signed(path, self.access, SHOP),
            "access_token": self.access,
            "shop_id": SHOP,
            **params,
        }
        method = "GET" if body is None else "POST"
        return requests.request(method, self.root + path, params=asked, json=body, timeout=10)

    def get(self, path: str, **params: Any) -> Any:
        told = self.call(path, **params).json()
        assert told["error"] == "", told
        return told["response"]


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    found = Api(sandbox)
    assert found.renew(SHOPEE_TOKENS[SHOP])["error"] == ""
    return found


def spans(sandbox: Sandbox) -> list[tuple[int, int]]:
    """The world's days in spans of fifteen."""
    end = int(sandbox.scene.now.timestamp())
    start = int(datetime.combine(sandbox.scene.config.start, datetime.min.time(), UTC).timestamp())
    step = 15 * 86_400
    return [(first, min(first + step - 1, end)) for first in range(start - 86_400, end, step)]


def numbers(sandbox: Sandbox, api: Api) -> list[str]:
    found: list[str] = []
    for first, last in spans(sandbox):
        cursor, more = "", True
        while more:
            told = api.get(
                "order/get_order_list",
                time_range_field="update_time",
                time_from=first,
                time_to=last,
                page_size=20,
                cursor=cursor,
            )
            found += [order["order_sn"] for order in told["order_list"]]
            cursor, more = told["next_cursor"], told["more"]
    return found


def own(sandbox: Sandbox, table: str) -> pa.Table:
    rows = sandbox.scene.table(table)
    return rows.filter(pc.equal(rows["outlet"], "shopee"))


def test_each_refresh_token_but_the_first_is_good_once(api: Api) -> None:
    told = api.renew(SHOPEE_TOKENS[SHOP])
    assert told["expire_in"] == 14400
    following = api.renew(told["refresh_token"])
    assert following["error"] == ""
    assert api.renew(told["refresh_token"])["error"] == "error_auth"
    assert api.call("shop/get_shop_info").json()["region"] == "ID"


def test_every_order_is_listed_once_and_told_with_the_worlds_money(
    sandbox: Sandbox, api: Api
) -> None:
    found = numbers(sandbox, api)
    world = own(sandbox, "current_outlet_orders")
    assert sorted(found) == sorted(world["order_id"].to_pylist())
    orders = [
        order
        for start in range(0, len(found), 50)
        for order in api.get(
            "order/get_order_detail",
            order_sn_list=",".join(found[start : start + 50]),
            response_optional_fields=DETAILS,
        )["order_list"]
    ]
    assert (
        round(sum(order["total_amount"] for order in orders) * 100)
        == pc.sum(world["total"]).as_py()
    )
    paid = [order["order_sn"] for order in orders if order["pay_time"]]
    for order in orders:
        assert all(line["model_quantity_purchased"] > 0 for line in order["item_list"])
        assert "*" in order["recipient_address"]["name"]
    incomes = [
        each["escrow_detail"]["order_income"]
        for start in range(0, len(paid), 50)
        for each in api.call(
            "payment/get_escrow_detail_batch", {"order_sn_list": paid[start : start + 50]}
        ).json()["response"]
    ]
    assert len(incomes) == len(paid) < len(orders)
    for income in incomes:
        discounts = income["seller_discount"] + income["voucher_from_shopee"]
        total = income["original_price"] - discounts + income["buyer_paid_shipping_fee"]
        assert round(total, 2) == income["buyer_total_amount"]


def test_without_optional_fields_an_order_is_little_more_than_a_number(
    sandbox: Sandbox, api: Api
) -> None:
    number = numbers(sandbox, api)[0]
    (order,) = api.get("order/get_order_detail", order_sn_list=number)["order_list"]
    assert not {"total_amount", "item_list", "pay_time"} & set(order)


def test_returns_are_the_worlds_refunds_that_somebody_asked_for(sandbox: Sandbox, api: Api) -> None:
    found = [
        each
        for first, last in spans(sandbox)
        for each in api.get(
            "returns/get_return_list",
            page_no=0,
            page_size=100,
            update_time_from=first,
            update_time_to=last,
        )["return"]
    ]
    orders = own(sandbox, "outlet_orders")
    kept = orders.filter(pc.is_null(orders["cancelled_at"]))["order_id"].combine_chunks()
    refunds = own(sandbox, "outlet_refunds")
    world = refunds.filter(pc.is_in(refunds["order_id"], value_set=kept))
    assert sorted(each["return_sn"] for each in found) == sorted(world["refund_id"].to_pylist())
    assert round(sum(each["refund_amount"] for each in found) * 100) == (
        pc.sum(world["amount"]).as_py() or 0
    )


def test_reviews_are_the_worlds_the_newest_first(sandbox: Sandbox, api: Api) -> None:
    found, cursor, more = [], "", True
    while more:
        told = api.get("product/get_comment", cursor=cursor, page_size=3)
        found += told["item_comment_list"]
        cursor, more = told["next_cursor"], told["more"]
    now = sandbox.scene.now.replace(tzinfo=None)
    world = [row for row in own(sandbox, "reviews").to_pylist() if row["created_at"] <= now]
    assert {(str(each["comment_id"]), each["comment"], each["rating_star"]) for each in found} == {
        (row["review_id"], row["text"], row["rating"]) for row in world
    }
    assert len(found) == len(world)
    times = [each["create_time"] for each in found]
    assert times == sorted(times, reverse=True)
    assert all("*" in each["buyer_username"] for each in found)
    of_one = api.get("product/get_comment", cursor="", page_size=100, item_id=found[0]["item_id"])
    assert {each["item_id"] for each in of_one["item_comment_list"]} == {found[0]["item_id"]}


def test_an_order_moves_on_with_the_clock(sandbox: Sandbox, api: Api) -> None:
    orders = own(sandbox, "outlet_orders")
    row = orders.filter(pc.is_valid(orders["completed_at"])).to_pylist()[-1]
    told = []
    for moment in ("created_at", "paid_at", "sent_at", "completed_at"):
        sandbox.control.clock(row[moment].replace(tzinfo=UTC) + timedelta(seconds=1))
        (order,) = api.get("order/get_order_detail", order_sn_list=row["order_id"])["order_list"]
        told.append(order["order_status"])
    assert told == ["UNPAID", "READY_TO_SHIP", "SHIPPED", "COMPLETED"]


def test_refusals_come_with_http_200_and_a_code(sandbox: Sandbox, api: Api) -> None:
    wide = api.call(
        "order/get_order_list",
        time_range_field="update_time",
        time_from=0,
        time_to=20 * 86_400,
        page_size=20,
    )
    assert (wide.status_code, wide.json()["error"]) == (200, "error_param")
    many = api.call("order/get_order_detail", order_sn_list=",".join(map(str, range(51))))
    assert many.json()["error"] == "error_param"
    forged = api.call("shop/get_shop_info", sign="0" * 64)
    assert (forged.status_code, forged.json()["error"]) == (403, "error_sign")
    api.access = f"act.0000.{SHOP}x"
    assert api.call("shop/get_shop_info").json()["error"] == "invalid_acceess_token"
