"""WooCommerce's own Python client reads everything that the sandbox's site has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import requests
from woocommerce import API

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.credentials import WOOCOMMERCE_KEYS, WOOCOMMERCE_SITE
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.wire import Call
from pipelines.sandbox.woocommerce import WooCommerce
from pipelines.sandbox.world import WorldConfig

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)


def client(sandbox: Sandbox, key: str = WOOCOMMERCE_KEYS[0]) -> API:
    site = API(f"{sandbox.url}/{WOOCOMMERCE_SITE}", key, WOOCOMMERCE_KEYS[1], version="wc/v3")
    # Over plain HTTP the client would sign by OAuth; sites are read over HTTPS, by Basic.
    site.is_ssl = True
    return site


@pytest.fixture
def site(sandbox: Sandbox) -> API:
    return client(sandbox)


def every(site: API, route: str, **params: Any) -> list[dict[str, Any]]:
    """All pages, as far as the answer's headers say that there are any."""
    found: list[dict[str, Any]] = []
    pages = page = 1
    while page <= pages:
        answer = site.get(route, params={"per_page": 20, "page": page, **params})
        assert answer.status_code == 200, answer.text
        pages = int(answer.headers["X-WP-TotalPages"])
        found += answer.json()
        page += 1
    assert len(found) == int(answer.headers["X-WP-Total"])
    return found


def own(sandbox: Sandbox, table: str) -> pa.Table:
    rows = sandbox.scene.table(table)
    return rows.filter(pc.equal(rows["outlet"], "woocommerce"))


def money(rows: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal())


def test_every_order_is_listed_once_with_the_worlds_money(sandbox: Sandbox, site: API) -> None:
    orders = every(site, "orders", order="asc") + every(site, "orders", status="trash")
    world = own(sandbox, "current_outlet_orders")
    assert sorted(str(order["id"]) for order in orders) == sorted(world["order_id"].to_pylist())
    assert money(orders, "total") == Decimal(pc.sum(world["total"]).as_py()) / 100
    assert money(orders, "total_tax") == Decimal(pc.sum(world["tax"]).as_py()) / 100
    returned = [refund for order in orders for refund in order["refunds"]]
    assert money(returned, "total") == -Decimal(pc.sum(world["refunded"]).as_py()) / 100


def test_an_orders_lines_fees_and_taxes_make_its_total(site: API) -> None:
    for order in every(site, "orders"):
        lines = order["line_items"]
        goods = money(lines, "total") + money(lines, "total_tax")
        assert goods + Decimal(order["shipping_total"]) == Decimal(order["total"])
        assert money(lines, "subtotal") - money(lines, "total") == Decimal(order["discount_total"])
        assert all(isinstance(line["price"], float) for line in lines)


def test_a_refund_is_positive_and_what_it_takes_back_negative(site: API) -> None:
    refunded = [order for order in every(site, "orders") if order["refunds"]]
    assert refunded
    for order in refunded:
        for refund in every(site, f"orders/{order['id']}/refunds"):
            assert Decimal(refund["amount"]) > 0
            assert all(line["quantity"] < 0 for line in refund["line_items"])
            assert money(refund["line_items"], "total") <= 0
    missing = site.get("orders/999999999/refunds")
    assert missing.status_code == 404
    assert missing.json()["code"] == "woocommerce_rest_shop_order_invalid_id"


def test_filters_are_in_the_sites_time_unless_told_otherwise(site: API) -> None:
    first, *_ = every(site, "orders", orderby="modified", order="asc")
    gmt = {"orderby": "modified", "dates_are_gmt": "true"}
    assert first in every(site, "orders", modified_before="2026-10-31T00:00:00", **gmt)
    bound = first["date_modified_gmt"]
    after = every(site, "orders", modified_after=bound, **gmt)
    assert first not in after, "the bound itself is excluded"
    # Seven hours behind the site's clock, the same text is an earlier instant.
    assert first in every(site, "orders", modified_after=bound, orderby="modified")


def test_trashed_orders_are_in_the_trash_only() -> None:
    """Few orders are trashed, so this world is larger and its site is asked without HTTP."""
    config = WorldConfig(anchor=NOW.date(), size=4_000, history_days=40, campaigns=1)
    scene = Scene(config, NOW)
    world = scene.table("current_outlet_orders")
    trashed = world.filter(pc.equal(world["status"], "trashed"))["order_id"].to_pylist()
    assert trashed
    site = WooCommerce(scene)

    def ids(**query: str) -> list[str]:
        keys = {"consumer_key": WOOCOMMERCE_KEYS[0], "consumer_secret": WOOCOMMERCE_KEYS[1]}
        asked = {**keys, "per_page": "100", "order": "asc", **query}
        answer = site.answer(Call("GET", WOOCOMMERCE_SITE, "wp-json/wc/v3/orders", asked, {}))
        return [str(order["id"]) for order in msgspec.json.decode(answer.encoded())]

    assert sorted(ids(status="trash")) == sorted(trashed)
    assert not set(ids()) & set(trashed)


def test_guests_are_customer_zero_and_accounts_are_listed(sandbox: Sandbox, site: API) -> None:
    customers = every(site, "customers")
    assert len(customers) == own(sandbox, "outlet_customers").num_rows
    known = {customer["id"] for customer in customers}
    numbers = {order["customer_id"] for order in every(site, "orders")}
    assert 0 in numbers
    assert numbers - {0} <= known
    assert len(every(site, "customers", role="all")) == len(customers) + 1


def test_variations_have_the_skus_that_orders_name(site: API) -> None:
    products = every(site, "products")
    skus = {
        variation["sku"]
        for product in products
        for variation in every(site, f"products/{product['id']}/variations")
    }
    sold = {line["sku"] for order in every(site, "orders") for line in order["line_items"]}
    assert sold <= skus
    assert all(product["type"] == "variable" for product in products)


def test_reviews_are_the_worlds(sandbox: Sandbox, site: API) -> None:
    reviews = every(site, "products/reviews")
    world = own(sandbox, "reviews")
    assert sorted(str(review["id"]) for review in reviews) == sorted(world["review_id"].to_pylist())
    assert sum(review["rating"] for review in reviews) == pc.sum(world["rating"]).as_py()


def test_fields_can_be_chosen_but_not_within_lists(site: API) -> None:
    (order,) = site.get(
        "orders", params={"per_page": 1, "_fields": "id,billing.email,line_items,nonsense"}
    ).json()
    assert set(order) == {"id", "billing", "line_items"}
    assert set(order["billing"]) == {"email"}
    assert "name" in order["line_items"][0]


def test_refusals_are_wordpresss_own(sandbox: Sandbox) -> None:
    wrong = client(sandbox, "ck_wrong").get("orders")
    assert (wrong.status_code, wrong.json()["code"]) == (
        401,
        "woocommerce_rest_authentication_error",
    )
    root = f"{sandbox.url}/{WOOCOMMERCE_SITE}/wp-json"
    nobody = requests.get(f"{root}/wc/v3/orders", timeout=10)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "woocommerce_rest_cannot_view")
    assert requests.get(f"{root}/wc/v9/orders", timeout=10).json()["code"] == "rest_no_route"
    about = requests.get(f"{root}/", timeout=10).json()
    assert about["timezone_string"] == "Asia/Jakarta"


def test_an_order_paid_since_moves_to_the_end_of_the_changes(sandbox: Sandbox, site: API) -> None:
    before = every(site, "orders", orderby="modified", order="asc")
    sandbox.control.clock(sandbox.scene.now + timedelta(days=2))
    after = every(site, "orders", orderby="modified", order="asc")
    last = before[-1]["date_modified_gmt"]
    moved = [order for order in after if order["date_modified_gmt"] > last]
    assert {order["id"] for order in moved} & {order["id"] for order in before}
