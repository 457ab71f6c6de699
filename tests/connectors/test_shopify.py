"""Shopify: queries from the schema, both kinds of paging, throttling, hidden orders."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from recorded import recorded
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import DeadToken, Permanent, TooMuch
from pipelines.connectors.http import Answer
from pipelines.connectors.shopify import (
    LISTINGS,
    NESTED,
    STREAMS,
    Shopify,
    listing_query,
    nested_query,
    shopify_pace,
)
from pipelines.connectors.stream import Account, Batch, Window
from pipelines.lake.convert import convert_records

BY_NAME = {stream.name: stream for stream in STREAMS}
SHOP = Account("sari", "Asia/Jakarta", "IDR")
MAY = Window(date(2026, 5, 1), date(2026, 5, 9), "UTC")
TOKEN = "shpat_of_the_test"
LAST = {"hasNextPage": False, "endCursor": None}


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> Shopify:
    return Shopify(
        {"sari": TOKEN},
        base_url=server.url + "/{shop}.myshopify.com",
        version="2026-07",
        clock=time.clock,
    )


def money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount}}


def order(number: int, **more: Any) -> dict[str, Any]:
    return {
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "createdAt": "2026-05-01T10:00:00Z",
        "updatedAt": "2026-05-02T10:00:00Z",
        "currencyCode": "IDR",
        "totalPriceSet": money("150000.0"),
        "lineItems": {"nodes": [], "pageInfo": LAST},
        "refunds": [],
        "customerJourneySummary": {"ready": True, "moments": {"nodes": [], "pageInfo": LAST}},
        **more,
    }


def orders(*nodes: dict[str, Any], page_info: dict[str, Any] = LAST, **more: Any) -> Reply:
    return Reply({"data": {"orders": {"nodes": list(nodes), "pageInfo": page_info}}, **more})


def read(source: Shopify, stream: str = "orders", window: Window = MAY) -> list[Batch]:
    return list(source.read(BY_NAME[stream], SHOP, window))


def rows(batches: list[Batch]) -> list[dict[str, Any]]:
    assert all(batch.rejected == () for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()]


def queries() -> list[str]:
    listed = [listing_query(LISTINGS[name], BY_NAME[name]) for name in LISTINGS]
    nested = [nested_query(each, BY_NAME[name]) for name, of in NESTED.items() for each in of]
    return listed + nested


@pytest.mark.parametrize("query", queries())
def test_every_query_is_valid_against_shopifys_schema(query: str) -> None:
    schema = Path(__file__).parents[2] / "pipelines" / "sandbox" / "shopify" / "schema.graphql"

    assert validate(build_schema(schema.read_text()), parse(query)) == []


def test_the_shop_tells_its_zone_and_the_currency_of_its_books(
    source: Shopify, server: Scripted
) -> None:
    shop = {"name": "Sari", "currencyCode": "IDR", "ianaTimezone": "Asia/Jakarta"}
    server.says(Reply({"data": {"shop": shop}}))

    assert source.accounts() == [Account("sari", "Asia/Jakarta", "IDR", "Sari")]
    assert server.asked[0].path == "/sari.myshopify.com/admin/api/2026-07/graphql.json"
    assert server.asked[0].headers["X-Shopify-Access-Token"] == TOKEN


def test_a_windows_changes_are_asked_for_in_order_of_change(
    source: Shopify, server: Scripted
) -> None:
    server.says(orders(order(1)))

    rows(read(source))

    asked = server.asked[0].json
    assert asked["variables"]["search"] == (
        "updated_at:>='2026-05-01T00:00:00Z' AND updated_at:<'2026-05-10T00:00:00Z'"
    )
    assert "sortKey: UPDATED_AT" in asked["query"]


def test_an_order_becomes_one_row_with_lines_refunds_and_visits(
    source: Shopify, server: Scripted
) -> None:
    server.says(
        orders(
            order(
                1,
                email="Budi@Example.com",
                lineItems={"nodes": [{"id": "L1", "quantity": 2}], "pageInfo": LAST},
                refunds=[
                    {
                        "legacyResourceId": "7",
                        "createdAt": "2026-05-02T09:00:00Z",
                        "totalRefundedSet": money("50000.0"),
                        "transactions": {
                            "nodes": [{"id": "T1", "status": "SUCCESS"}],
                            "pageInfo": LAST,
                        },
                    }
                ],
                customerJourneySummary={
                    "ready": True,
                    "moments": {
                        "nodes": [{"id": "V1", "utmParameters": {"campaign": "ramadan"}}],
                        "pageInfo": LAST,
                    },
                },
            )
        )
    )

    (row,) = rows(read(source))

    assert row["shop"] == "sari"
    assert row["total_price"] == Decimal("150000")
    assert row["updated_at"] == datetime.fromisoformat("2026-05-02T10:00:00")
    assert row["line_items"][0]["quantity"] == 2
    assert row["refunds"][0]["transactions"][0]["status"] == "SUCCESS"
    assert row["moments"][0]["utm_campaign"] == "ramadan"
    assert row["journey_ready"] is True
    assert len(row["email_sha256_meta"]) == 64
    assert "Example" not in str(row)
    assert row["_extra"] is None, "paging facts are no fields of an order"


def test_pages_are_followed_by_cursor(source: Shopify, server: Scripted) -> None:
    server.says(
        orders(order(1), page_info={"hasNextPage": True, "endCursor": "c1"}), orders(order(2))
    )

    assert [row["id"] for row in rows(read(source))] == ["1", "2"]
    assert [asked.json["variables"]["after"] for asked in server.asked] == [None, "c1"]


def test_nothing_nested_is_lost_however_long_it_is(source: Shopify, server: Scripted) -> None:
    """Lines, visits and a refund's payments each go on past their first page."""

    def more(cursor: str) -> dict[str, Any]:
        return {"hasNextPage": True, "endCursor": cursor}

    long = order(
        1,
        lineItems={"nodes": [{"id": "L1"}], "pageInfo": more("l")},
        refunds=[
            {
                "legacyResourceId": "7",
                "transactions": {"nodes": [{"id": "T1"}], "pageInfo": more("t")},
            }
        ],
        customerJourneySummary={
            "ready": True,
            "moments": {"nodes": [{"id": "V1"}], "pageInfo": more("v")},
        },
    )
    pages = {
        ("gid://shopify/Order/1", "l"): {
            "lineItems": {"nodes": [{"id": "L2"}], "pageInfo": more("l2")}
        },
        ("gid://shopify/Order/1", "l2"): {"lineItems": {"nodes": [{"id": "L3"}], "pageInfo": LAST}},
        ("gid://shopify/Order/1", "v"): {
            "customerJourneySummary": {"moments": {"nodes": [{"id": "V2"}], "pageInfo": LAST}}
        },
        ("gid://shopify/Refund/7", "t"): {
            "transactions": {"nodes": [{"id": "T2"}], "pageInfo": LAST}
        },
    }

    def answer(asked: Asked) -> Reply:
        variables = asked.json["variables"]
        if "id" not in variables:
            return orders(long)
        return Reply({"data": {"node": pages[variables["id"], variables["after"]]}})

    server.answer = answer
    (row,) = rows(read(source))

    assert [line["id"] for line in row["line_items"]] == ["L1", "L2", "L3"]
    assert [visit["id"] for visit in row["moments"]] == ["V1", "V2"]
    assert [paid["id"] for paid in row["refunds"][0]["transactions"]] == ["T1", "T2"]


def test_an_order_without_a_journey_has_none(source: Shopify, server: Scripted) -> None:
    server.says(orders(order(1, customerJourneySummary=None)))

    (row,) = rows(read(source))

    assert row["moments"] is None
    assert row["journey_ready"] is None


def failure(code: str, message: str = "no", **cost: Any) -> Reply:
    errors = [{"message": message, "extensions": {"code": code}}]
    return Reply({"errors": errors, "extensions": {"cost": cost}})


def test_a_spent_budget_is_waited_for_as_long_as_it_takes_to_fill(
    source: Shopify, server: Scripted, time: FakeTime
) -> None:
    throttle = {"maximumAvailable": 2000, "currentlyAvailable": 100, "restoreRate": 100}
    server.says(
        failure("THROTTLED", requestedQueryCost=500, throttleStatus=throttle), orders(order(1))
    )

    assert len(rows(read(source))) == 1
    assert time.slept == [4]


def test_a_budget_nearly_spent_pauses_before_the_next_query() -> None:
    def told(available: int, **headers: str) -> Answer:
        throttle = {"currentlyAvailable": available, "restoreRate": 50}
        cost = {"requestedQueryCost": 300, "throttleStatus": throttle}
        return Answer(200, headers, {"extensions": {"cost": cost}})

    assert shopify_pace(told(1000)) == 0
    assert shopify_pace(told(200)) == 2
    assert shopify_pace(Answer(200, {"X-Shopify-Shop-Api-Call-Limit": "38/40"}, {})) == 1
    assert shopify_pace(Answer(200, {"X-Shopify-Shop-Api-Call-Limit": "32/40"}, {})) == 0


def test_a_query_that_costs_too_much_is_asked_for_fewer_nodes(
    source: Shopify, server: Scripted
) -> None:
    def answer(asked: Asked) -> Reply:
        dear = asked.json["variables"]["first"] > 7
        return failure("MAX_COST_EXCEEDED") if dear else orders(order(1))

    server.answer = answer
    assert len(rows(read(source))) == 1
    assert [asked.json["variables"]["first"] for asked in server.asked] == [100, 50, 25, 12, 6]


def test_a_single_node_that_costs_too_much_is_an_error(source: Shopify, server: Scripted) -> None:
    server.says(failure("MAX_COST_EXCEEDED"))

    with pytest.raises(TooMuch):
        read(source)


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (failure("ACCESS_DENIED"), Permanent, "read_orders"),
        (failure("SHOP_INACTIVE"), DeadToken, "inactive"),
        (failure("undefinedField", "Field 'x' doesn't exist"), Permanent, "SHOPIFY_API_VERSION"),
        (Reply({"errors": "[API] Invalid API key"}, 401), DeadToken, "SHOPIFY_ACCESS_TOKEN"),
        (Reply({"errors": "Unavailable Shop"}, 402), DeadToken, "SHOPIFY_SHOPS"),
        (Reply({"errors": "Locked"}, 423), DeadToken, "SHOPIFY_SHOPS"),
    ],
)
def test_what_a_person_must_mend_says_how(
    source: Shopify, server: Scripted, reply: Reply, error: type[Exception], says: str
) -> None:
    server.says(reply)

    with pytest.raises(error, match=says):
        read(source)
    assert len(server.asked) == 1


def test_the_other_shop_goes_on_when_ones_token_is_dead(server: Scripted, time: FakeTime) -> None:
    source = Shopify(
        {"dead": "shpat_dead", "alive": "shpat_alive"},
        base_url=server.url + "/{shop}",
        version="2026-07",
        clock=time.clock,
    )
    shop = {"name": "Sari", "currencyCode": "IDR", "ianaTimezone": "Asia/Jakarta"}

    def answer(asked: Asked) -> Reply:
        if "dead" in asked.path:
            return Reply({"errors": "[API] Invalid API key or access token"}, 401)
        return (
            orders(order(1))
            if "orders(" in asked.json["query"]
            else Reply({"data": {"shop": shop}})
        )

    server.answer = answer
    dead, alive = source.accounts()

    assert len(list(source.read(BY_NAME["orders"], alive, MAY))) == 1
    with pytest.raises(DeadToken, match="shopify orders dead"):
        list(source.read(BY_NAME["orders"], dead, MAY))


OLD = Window(date(2026, 1, 1), date(2026, 1, 2), "UTC")


@pytest.mark.parametrize(
    ("scopes", "told"),
    [
        (["read_orders"], True),
        (["read_orders", "read_all_orders"], False),
        (None, False),
    ],
    ids=["without the scope", "with it", "not told"],
)
def test_orders_that_the_shop_hides_without_saying_so_are_reported(
    source: Shopify, server: Scripted, scopes: list[str] | None, told: bool
) -> None:
    def answer(asked: Asked) -> Reply:
        if "currentAppInstallation" not in asked.json["query"]:
            return orders(order(1))
        if scopes is None:
            return failure("undefinedField")
        handles = [{"handle": scope} for scope in scopes]
        return Reply({"data": {"currentAppInstallation": {"accessScopes": handles}}})

    server.answer = answer

    (batch,) = read(source, window=OLD)
    assert bool(batch.missing) is told
    (recent,) = read(source)
    assert recent.missing == ()


# What the recorded REST payload calls what GraphQL calls otherwise.
GRAPHQL_NAMES = {
    "legacyResourceId": "id",
    "createdAt": "created_at",
    "processedAt": "processed_at",
    "updatedAt": "updated_at",
    "cancelledAt": "cancelled_at",
    "currencyCode": "currency",
    "presentmentCurrencyCode": "presentment_currency",
    "phone": "phone",
    "email": "email",
    "name": "name",
    "test": "test",
}


def recorded_order() -> dict[str, Any]:
    rest = recorded("shopify/rest__orders.json")["orders"][0]
    refund = recorded("shopify/rest__refund.json")["refund"]
    return {
        **{name: rest[theirs] for name, theirs in GRAPHQL_NAMES.items()},
        "totalPriceSet": money(rest["total_price_set"]["shop_money"]["amount"]),
        "totalTaxSet": money(rest["total_tax_set"]["shop_money"]["amount"]),
        "shippingAddress": {
            "countryCodeV2": rest["shipping_address"]["country_code"],
            "province": rest["shipping_address"]["province"],
        },
        "lineItems": {
            "nodes": [
                {
                    "id": line["id"],
                    "sku": line["sku"],
                    "quantity": line["quantity"],
                    "originalUnitPriceSet": money(line["price"]),
                }
                for line in (returned["line_item"] for returned in refund["refund_line_items"])
            ]
        },
        "refunds": [
            {
                "legacyResourceId": refund["id"],
                "createdAt": refund["created_at"],
                "note": refund["note"],
                "transactions": {
                    "nodes": [
                        {
                            "id": paid["id"],
                            "kind": paid["kind"],
                            "status": paid["status"],
                            "amountSet": money(paid["amount"]),
                            "processedAt": paid["created_at"],
                        }
                        for paid in refund["transactions"]
                    ]
                },
            }
        ],
    }


def test_a_recorded_order_and_its_refund_become_one_typed_row() -> None:
    schema = BY_NAME["orders"].schema

    batch = convert_records(schema, [recorded_order()], {"account_id": "apple"}, place="page 1")

    assert batch.rejected == ()
    assert batch.rows.schema == schema.arrow
    (row,) = batch.rows.to_pylist()
    assert row["id"] == "450789469"
    assert row["created_at"] == datetime.fromisoformat("2008-01-10T16:00:00"), (
        "minus five hours, in UTC"
    )
    assert (row["total_price"], row["total_tax"]) == (Decimal("598.94"), Decimal("11.94"))
    assert (row["country_code"], row["province"]) == ("US", "Kentucky")
    assert row["line_items"][0]["unit_price"] == Decimal("199")
    refund = row["refunds"][0]
    assert refund["id"] == "509562969"
    assert refund["created_at"] == datetime.fromisoformat("2016-06-20T17:35:06")
    assert refund["transactions"][0]["amount"] == Decimal("209")
    assert row["phone_sha256_google"] is not None
    assert "bob.norman" not in str(row)


def test_a_recorded_customer_becomes_one_typed_row() -> None:
    rest = recorded("shopify/rest__customer.json")["customer"]
    record = {
        "legacyResourceId": rest["id"],
        "createdAt": rest["created_at"],
        "updatedAt": rest["updated_at"],
        "defaultEmailAddress": {"emailAddress": rest["email"]},
        "numberOfOrders": str(rest["orders_count"]),
        "defaultAddress": {"city": rest["default_address"]["city"]},
    }

    batch = convert_records(
        BY_NAME["customers"].schema, [record], {"account_id": "apple"}, place="page 1"
    )

    (row,) = batch.rows.to_pylist()
    assert (row["id"], row["number_of_orders"], row["city"]) == ("207119551", 1, "Louisville")
    assert row["updated_at"] == datetime.fromisoformat("2015-05-27T22:11:24")
    assert len(row["email_sha256_google"]) == 64
    unknown = ("gender", "birth_date", "marketing_state", "phone_sha256_google", "_extra")
    assert {row[name] for name in unknown} == {None}


def test_a_recorded_shop_is_an_account_in_the_currency_of_its_books(
    source: Shopify, server: Scripted
) -> None:
    rest = recorded("shopify/rest__shop.json")["shop"]
    told = {"name": rest["name"], "currencyCode": rest["currency"]}
    server.says(Reply({"data": {"shop": {**told, "ianaTimezone": "America/New_York"}}}))
    account = source.describe(SHOP.id)
    assert (account.name, account.currency) == ("Apple Computers", "USD")
    assert account.timezone == "America/New_York"


def test_a_shop_that_answers_with_another_version_says_which(
    source: Shopify, server: Scripted
) -> None:
    facts = {"shop": {"name": "Sari", "currencyCode": "IDR", "ianaTimezone": "Asia/Jakarta"}}
    installed = {"currentAppInstallation": {"accessScopes": []}}
    fell_forward = {"X-Shopify-API-Version": "2026-10"}
    server.answer = lambda asked: Reply({"data": {**facts, **installed}}, headers=fell_forward)
    (found,) = [each for each in source.health(SHOP) if each.what == "served version"]
    assert found.detail == "the shop answers 2026-07 with 2026-10"
    assert "SHOPIFY_API_VERSION" in found.remedy
