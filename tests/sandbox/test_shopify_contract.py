"""Shopify's own Python SDK lists, pages through and parses everything that the sandbox has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import requests
import shopify
from pyactiveresource.connection import ResourceNotFound, UnauthorizedAccess

from pipelines.sandbox.credentials import SHOPIFY_TOKENS
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import INDONESIA, MARKETS, UNITED_STATES, Market

VERSION = "2026-07"

ORDERS = """
query Orders($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes {
      legacyResourceId
      name
      createdAt
      updatedAt
      test
      currencyCode
      customer { legacyResourceId }
      totalPriceSet { shopMoney { amount currencyCode } }
      totalRefundedSet { shopMoney { amount } }
      lineItems(first: 25) { edges { node { id sku quantity } } pageInfo { hasNextPage } }
      refunds(first: 10) {
        totalRefundedSet { shopMoney { amount } }
        transactions(first: 5) { nodes { status amountSet { shopMoney { amount } } } }
      }
      customerJourneySummary {
        ready
        momentsCount { count }
        moments(first: 25) {
          nodes { occurredAt ... on CustomerVisit { id landingPage utmParameters { campaign } } }
          pageInfo { hasNextPage }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


def site(sandbox: Sandbox, market: Market) -> str:
    return f"{sandbox.url}/{market.shop}.myshopify.com/admin/api/{VERSION}"


@pytest.fixture(params=MARKETS, ids=lambda market: market.code)
def market(request: pytest.FixtureRequest) -> Market:
    found: Market = request.param
    return found


@pytest.fixture
def shop(sandbox: Sandbox, market: Market) -> Iterator[Sandbox]:
    """The SDK's session on one shop, with its address on the sandbox."""
    session = shopify.Session(f"{market.shop}.myshopify.com", VERSION, SHOPIFY_TOKENS[market.shop])
    shopify.ShopifyResource.activate_session(session)
    shopify.ShopifyResource.set_site(site(sandbox, market))
    yield sandbox
    shopify.ShopifyResource.clear_session()


def table(sandbox: Sandbox, name: str, market: Market) -> pa.Table:
    rows = sandbox.scene.table(name)
    return rows.filter(pc.equal(rows["market"], market.code))


def total(rows: pa.Table, column: str) -> Decimal:
    return Decimal(pc.sum(rows[column]).as_py() or 0) / 100


def every(resource: Any, **parameters: Any) -> list[Any]:
    page = resource.find(**parameters)
    found = list(page)
    while page.has_next_page():
        page = page.next_page()
        found.extend(page)
    return found


def graphql(document: str, **variables: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(shopify.GraphQL().execute(document, variables))
    return answer


def every_order(query: str, first: int = 20) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        answer = graphql(ORDERS, first=first, after=after, query=query)
        assert "errors" not in answer, answer["errors"]
        page = answer["data"]["orders"]
        found.extend(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def test_rest_lists_every_order_once_with_its_total(shop: Sandbox, market: Market) -> None:
    # The SDK makes a Python class of every object: the fields that are compared will do.
    orders = every(shopify.Order, status="any", limit=100, fields="id,total_price,currency")
    expected = table(shop, "current_orders", market)
    assert sorted(order.id for order in orders) == expected["order_id"].to_pylist()
    assert sum(Decimal(order.total_price) for order in orders) == total(expected, "total")
    assert {order.currency for order in orders} == {market.currency}


def test_rest_pages_in_the_asked_order_within_the_asked_window(
    shop: Sandbox, market: Market
) -> None:
    since = shop.scene.now - timedelta(days=20)
    orders = every(
        shopify.Order,
        status="any",
        limit=7,
        order="updated_at asc",
        updated_at_min=since.isoformat(),
        fields="id,updated_at",
    )
    expected = table(shop, "current_orders", market)
    recent = expected.filter(
        pc.greater_equal(expected["updated_at"], pa.scalar(since.replace(tzinfo=None)))
    )
    times = [datetime.fromisoformat(order.updated_at) for order in orders]
    assert times == sorted(times)
    assert sorted(order.id for order in orders) == recent["order_id"].to_pylist()
    assert set(orders[0].attributes) == {"id", "updated_at"}


def test_rest_hides_orders_that_are_not_open_unless_asked(shop: Sandbox, market: Market) -> None:
    shown = every(shopify.Order, limit=250)
    assert all(order.closed_at is None for order in shown)
    assert len(shown) == shopify.Order.count()
    assert shopify.Order.count(status="any") == len(table(shop, "current_orders", market))
    assert len(shown) < shopify.Order.count(status="any")


def test_rest_refunds_return_what_successful_transactions_paid(
    shop: Sandbox, market: Market
) -> None:
    orders = every(shopify.Order, status="any", limit=250, fields="id,refunds")
    returned = sum(
        Decimal(transaction.amount)
        for order in orders
        for refund in order.refunds
        for transaction in refund.transactions
        if transaction.status == "success"
    )
    assert returned == total(table(shop, "refunds", market), "amount")
    order = next(order for order in orders if order.refunds)
    alone = shopify.Refund.find(order_id=order.id)
    assert [refund.id for refund in alone] == [refund.id for refund in order.refunds]


def test_rest_lists_customers_products_and_the_shop(shop: Sandbox, market: Market) -> None:
    customers = every(shopify.Customer, limit=250)
    expected = table(shop, "current_customers", market)
    assert sorted(customer.id for customer in customers) == expected["customer_id"].to_pylist()
    assert (
        sum(customer.orders_count for customer in customers)
        == pc.sum(expected["number_of_orders"]).as_py()
    )
    products = every(shopify.Product)
    assert [product.id for product in products] == sorted(
        table(shop, "products", market)["product_id"].to_pylist(), reverse=True
    )
    assert shopify.Shop.current().currency == market.currency


def test_graphql_lists_every_order_with_lines_refunds_and_visits(
    shop: Sandbox, market: Market
) -> None:
    orders = every_order("")
    expected = table(shop, "current_orders", market)
    lines, refunds = table(shop, "current_lines", market), table(shop, "refunds", market)
    assert sorted(int(order["legacyResourceId"]) for order in orders) == (
        expected["order_id"].to_pylist()
    )
    amounts = [Decimal(order["totalPriceSet"]["shopMoney"]["amount"]) for order in orders]
    assert sum(amounts) == total(expected, "total")
    assert not any(order["lineItems"]["pageInfo"]["hasNextPage"] for order in orders)
    quantities = [e["node"]["quantity"] for o in orders for e in o["lineItems"]["edges"]]
    assert len(quantities) == len(lines)
    assert sum(quantities) == pc.sum(lines["quantity"]).as_py()
    returned = [Decimal(order["totalRefundedSet"]["shopMoney"]["amount"]) for order in orders]
    assert sum(returned) == total(refunds, "amount")
    paid_back = sum(
        Decimal(transaction["amountSet"]["shopMoney"]["amount"])
        for order in orders
        for refund in order["refunds"]
        for transaction in refund["transactions"]["nodes"]
        if transaction["status"] == "SUCCESS"
    )
    assert paid_back == total(refunds, "amount")


def test_graphql_journeys_hold_each_visit_before_the_order(shop: Sandbox, market: Market) -> None:
    settled = shop.scene.now - timedelta(hours=1)
    orders = every_order(f"created_at:<'{settled.isoformat()}'")
    journeys = table(shop, "journeys", market)
    counts: dict[str, int] = {}
    for order_id in journeys["order_id"].to_pylist():
        counts[str(order_id)] = counts.get(str(order_id), 0) + 1
    for order in orders:
        journey = order["customerJourneySummary"]
        if journey is None:
            assert order["legacyResourceId"] not in counts
            continue
        assert journey["ready"]
        visits = journey["moments"]["nodes"]
        if not journey["moments"]["pageInfo"]["hasNextPage"]:
            assert len(visits) == journey["momentsCount"]["count"]
        assert journey["momentsCount"]["count"] == counts[order["legacyResourceId"]]
        times = [visit["occurredAt"] for visit in visits]
        assert times == sorted(times)
        assert times[-1] <= order["createdAt"]


def test_graphql_windows_of_updated_at_cut_orders_without_gap_or_overlap(
    shop: Sandbox, market: Market
) -> None:
    cut = (shop.scene.now - timedelta(days=9)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = every_order(f"updated_at:<'{cut}'")
    after = every_order(f"updated_at:>='{cut}' AND updated_at:<'2100-01-01T00:00:00Z'", first=7)
    ids = [int(order["legacyResourceId"]) for order in before + after]
    assert before
    assert after
    assert sorted(ids) == table(shop, "current_orders", market)["order_id"].to_pylist()
    assert all(order["updatedAt"] >= cut for order in after)


def test_graphql_lists_customers_and_unit_costs(shop: Sandbox, market: Market) -> None:
    query = """query($after: String) { customers(first: 250, after: $after) {
        nodes { legacyResourceId numberOfOrders defaultEmailAddress { emailAddress marketingState }
          gender: metafield(namespace: "facts", key: "gender") { value } }
        pageInfo { hasNextPage endCursor } } }"""
    customers: list[dict[str, Any]] = []
    after, more = None, True
    while more:
        page = graphql(query, after=after)["data"]["customers"]
        customers += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    expected = table(shop, "current_customers", market)
    assert [int(c["legacyResourceId"]) for c in customers] == expected["customer_id"].to_pylist()
    genders = [customer["gender"] and customer["gender"]["value"] for customer in customers]
    assert genders == expected["gender"].to_pylist()
    answer = graphql(
        """{ productVariants(first: 250) { nodes { legacyResourceId sku price
             product { legacyResourceId productType }
             inventoryItem { unitCost { amount currencyCode } } } } }"""
    )
    variants = answer["data"]["productVariants"]["nodes"]
    costs = [Decimal(variant["inventoryItem"]["unitCost"]["amount"]) for variant in variants]
    assert sum(costs) == total(table(shop, "variants", market), "unit_cost")


def test_both_tell_provinces_by_shopifys_names_and_codes(shop: Sandbox, market: Market) -> None:
    """Shopify's own list has Indonesia's provinces in Indonesian; other platforms' is English."""
    answer = graphql(
        "{ customers(first: 250) { nodes { defaultAddress { province provinceCode } } } }"
    )
    addresses = [customer["defaultAddress"] for customer in answer["data"]["customers"]["nodes"]]
    told = {address["provinceCode"]: address["province"] for address in addresses}
    known = {"JB": "Jawa Barat", "BA": "Bali"} if market == INDONESIA else {"CA": "California"}
    assert told | known == told
    rest = [customer.default_address for customer in every(shopify.Customer, limit=250)]
    assert told.items() <= {address.province_code: address.province for address in rest}.items()


def test_graphql_tells_its_cost_and_what_is_left(shop: Sandbox, market: Market) -> None:
    cost = graphql("{ shop { ianaTimezone } }")["extensions"]["cost"]
    assert cost["requestedQueryCost"] == cost["actualQueryCost"] == 1
    assert set(cost["throttleStatus"]) == {
        "maximumAvailable",
        "currentlyAvailable",
        "restoreRate",
    }


def ask(sandbox: Sandbox, query: str, token: str | None = None) -> requests.Response:
    shop = UNITED_STATES.shop
    return requests.post(
        f"{site(sandbox, UNITED_STATES)}/graphql.json",
        json={"query": query},
        headers={"X-Shopify-Access-Token": token or SHOPIFY_TOKENS[shop]},
        timeout=10,
    )


def test_graphql_errors_come_with_status_200_and_a_code(sandbox: Sandbox) -> None:
    unknown = ask(sandbox, "{ orders(first: 1) { nodes { colour } } }")
    assert unknown.status_code == 200
    assert unknown.json()["errors"][0]["extensions"] == {
        "code": "undefinedField",
        "typeName": "Order",
        "fieldName": "colour",
    }
    large = """{ orders(first: 250) { nodes { lineItems(first: 250) { nodes {
        product { variants(first: 250) { nodes { id } } } } } } } }"""
    codes = [
        ask(sandbox, query).json()["errors"][0]["extensions"]["code"]
        for query in (
            large,
            "{ orders { nodes { id } } }",
            '{ orders(first: 1, after: "no") { nodes { id } } }',
        )
    ]
    assert codes == ["MAX_COST_EXCEEDED", "BAD_REQUEST", "BAD_REQUEST"]
    assert ask(sandbox, "{ shop { name } }", token="shpat_wrong").status_code == 401


def test_a_search_on_an_unknown_field_is_ignored_with_a_warning(sandbox: Sandbox) -> None:
    answer = ask(sandbox, '{ orders(first: 1, query: "mood:good") { nodes { id } } }').json()
    assert answer["data"]["orders"]["nodes"]
    assert answer["extensions"]["search"][0]["warnings"][0]["field"] == "mood"


def test_an_order_shows_its_refund_only_once_it_was_made(sandbox: Sandbox) -> None:
    refunds = table(sandbox, "refunds", INDONESIA).sort_by("created_at")
    last = refunds.slice(len(refunds) - 1).to_pylist()[0]
    made = last["created_at"].replace(tzinfo=UTC)
    gid = f"gid://shopify/Order/{last['order_id']}"
    query = f'{{ order(id: "{gid}") {{ updatedAt refunds {{ legacyResourceId }} }} }}'

    def refunded() -> tuple[str, list[str]]:
        answer = requests.post(
            f"{site(sandbox, INDONESIA)}/graphql.json",
            json={"query": query},
            headers={"X-Shopify-Access-Token": SHOPIFY_TOKENS[INDONESIA.shop]},
            timeout=10,
        ).json()
        order = answer["data"]["order"]
        return order["updatedAt"], [refund["legacyResourceId"] for refund in order["refunds"]]

    now_at, now_refunds = refunded()
    sandbox.control.clock(made - timedelta(seconds=1))
    then_at, then_refunds = refunded()
    assert str(last["refund_id"]) in now_refunds
    assert str(last["refund_id"]) not in then_refunds
    assert then_at < now_at


def test_rest_refuses_a_wrong_token_an_unknown_shop_and_filters_beside_page_info(
    sandbox: Sandbox,
) -> None:
    url = f"{site(sandbox, INDONESIA)}/orders.json"
    headers = {"X-Shopify-Access-Token": SHOPIFY_TOKENS[INDONESIA.shop]}
    assert requests.get(url, timeout=10).status_code == 401
    first = requests.get(url, params={"limit": "3", "status": "any"}, headers=headers, timeout=10)
    following = first.links["next"]["url"]
    mixed = requests.get(f"{following}&status=any", headers=headers, timeout=10)
    assert mixed.status_code == 400
    assert "status cannot be passed when page_info is present" in mixed.text
    assert first.headers["X-Shopify-Shop-Api-Call-Limit"].endswith("/40")
    other = url.replace(INDONESIA.shop, "someone-else")
    assert requests.get(other, headers=headers, timeout=10).status_code == 404


def test_the_sdk_raises_its_own_errors(shop: Sandbox, market: Market) -> None:
    with pytest.raises(ResourceNotFound):
        shopify.Order.find(1)
    shopify.ShopifyResource.headers["X-Shopify-Access-Token"] = "shpat_wrong"
    with pytest.raises(UnauthorizedAccess):
        shopify.Order.find(limit=1)
