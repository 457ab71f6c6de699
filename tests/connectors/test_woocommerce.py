"""WooCommerce: the site's own clock, lists that move while they are read, hosts' refusals."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from recorded import recorded
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import DeadToken, Permanent, Transient, WaitUntil
from pipelines.connectors.stream import Account, Batch, Window
from pipelines.connectors.woocommerce import PAGE_SIZE, STREAMS, WooCommerce, pair

BY_NAME = {stream.name: stream for stream in STREAMS}
SITE = Account("toko.example", "Asia/Jakarta", "IDR")
MAY = Window(date(2026, 5, 1), date(2026, 5, 9), "UTC")
KEY, SECRET = "ck_of_the_test_0123456789", "cs_of_the_test_0123456789"


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> WooCommerce:
    return WooCommerce(
        {"toko.example": (KEY, SECRET)}, base_url=server.url + "/{site}", clock=time.clock
    )


def order(number: int, modified: str = "2026-05-02T10:00:00", **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "number": str(number),
        "date_created_gmt": "2026-05-01T10:00:00",
        "date_modified_gmt": modified,
        "currency": "IDR",
        "status": "processing",
        "total": "150000.00",
        "customer_id": 0,
        "line_items": [],
        "refunds": [],
        "meta_data": [],
        **more,
    }


def listing(
    server: Scripted, orders: Callable[[Asked], list[Any]], **routes: list[dict[str, Any]]
) -> None:
    """The site lists these orders (its trash is empty), and answers other routes by their end."""

    def answer(asked: Asked) -> Reply:
        for end, body in routes.items():
            if asked.path.endswith(f"/{end}"):
                return Reply(body)
        return Reply([] if asked.query.get("status") == "trash" else orders(asked))

    server.answer = answer


def read(source: WooCommerce, stream: str = "orders", window: Window = MAY) -> list[Batch]:
    return list(source.read(BY_NAME[stream], SITE, window))


def rows(batches: list[Batch]) -> list[dict[str, Any]]:
    assert all(batch.rejected == () for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()]


# --- what is asked --------------------------------------------------------------------------------


def test_a_site_tells_its_zone_and_its_shops_currency(
    source: WooCommerce, server: Scripted
) -> None:
    server.says(
        Reply({"code": "IDR"}),
        Reply({"name": "Toko", "timezone_string": "Asia/Jakarta", "gmt_offset": 7}),
    )
    assert source.accounts() == [Account("toko.example", "Asia/Jakarta", "IDR", "Toko")]
    assert server.asked[0].path == "/toko.example/wp-json/wc/v3/data/currencies/current"
    encoded = b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert server.asked[0].headers["Authorization"] == f"Basic {encoded}"


@pytest.mark.parametrize(("offset", "zone"), [("7", "Etc/GMT-7"), (-3, "Etc/GMT+3"), (0, "UTC")])
def test_a_site_without_a_city_has_the_zone_of_its_offset(
    source: WooCommerce, server: Scripted, offset: object, zone: str
) -> None:
    server.says(Reply({"code": "IDR"}), Reply({"timezone_string": "", "gmt_offset": offset}))
    assert source.accounts()[0].timezone == zone


def test_a_site_with_half_an_hour_and_no_city_is_told_to_choose_one(
    source: WooCommerce, server: Scripted
) -> None:
    server.says(Reply({"code": "INR"}), Reply({"timezone_string": "", "gmt_offset": 5.5}))
    source.accounts()
    with pytest.raises(Permanent, match=r"UTC\+5.5.*Choose a city"):
        read(source)


def test_changes_are_asked_for_in_gmt_and_only_what_has_a_column(
    source: WooCommerce, server: Scripted
) -> None:
    listing(server, lambda _: [])
    read(source)
    any_status, trash = (asked.query for asked in server.asked)
    assert (any_status["status"], trash["status"]) == ("any", "trash")
    assert any_status["dates_are_gmt"] == "true"
    # The lower bound is excluded, so it lies a second before the window.
    assert any_status["modified_after"] == "2026-04-30T23:59:59"
    assert any_status["modified_before"] == "2026-05-10T00:00:00"
    asked = any_status["_fields"].split(",")
    assert {"id", "billing.email", "shipping.city", "meta_data", "line_items"} <= set(asked)
    assert not [name for name in asked if name.endswith(("_name", "address", "address_1", "note"))]


# --- lists that move ------------------------------------------------------------------------------


def test_an_order_that_changes_while_pages_are_read_costs_no_other_its_place(
    source: WooCommerce, server: Scripted
) -> None:
    """By page number, the order that moves up to the end of page 1 would never be seen."""
    shop = [order(n, f"2026-05-02T10:{n // 60:02d}:{n % 60:02d}") for n in range(PAGE_SIZE + 50)]

    def orders(asked: Asked) -> list[Any]:
        since = asked.query["modified_after"]
        found = [each for each in shop if each["date_modified_gmt"] > since]
        page = int(asked.query["page"])
        shown = json.loads(json.dumps(found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]))
        if len(server.asked) == 1:
            shop.append({**shop.pop(0), "date_modified_gmt": "2026-05-03T00:00:00"})
        return shown

    listing(server, orders)
    found = rows(read(source))
    assert {row["id"] for row in found} == {str(n) for n in range(PAGE_SIZE + 50)}
    assert sorted(row["modified_at"].day for row in found if row["id"] == "0") == [2, 3]
    assert len(found) == PAGE_SIZE + 51, "the overlap is dropped, both states of the moved one stay"


def test_a_page_that_changed_in_one_second_is_followed_by_number(
    source: WooCommerce, server: Scripted
) -> None:
    shop = [order(n) for n in range(2 * PAGE_SIZE + 1)]

    def orders(asked: Asked) -> list[Any]:
        page = int(asked.query["page"])
        found = [each for each in shop if each["date_modified_gmt"] > asked.query["modified_after"]]
        return found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]

    listing(server, orders)
    assert len({row["id"] for row in rows(read(source))}) == 2 * PAGE_SIZE + 1


@pytest.mark.parametrize(
    ("told", "pages"),
    [("2", ["1", "2"]), ("", ["1", "2", "3"]), ("0", ["1", "2", "3"])],
    ids=["the site tells how many pages", "its header is taken away", "it does not count"],
)
def test_a_list_ends_with_its_last_page_or_where_that_is_not_told_with_an_empty_one(
    source: WooCommerce, server: Scripted, told: str, pages: list[str]
) -> None:
    def answer(asked: Asked) -> Reply:
        page = int(asked.query["page"])
        found = [customer(n, "2026-05-02T10:00:00") for n in range(PAGE_SIZE + 1)]
        shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        return Reply(shown, headers={"X-WP-TotalPages": told} if told else {})

    server.answer = answer
    assert len(rows(read(source, "customers"))) == PAGE_SIZE + 1
    assert [asked.query["page"] for asked in server.asked] == pages


def test_a_page_that_takes_the_site_too_long_is_asked_for_in_halves(
    source: WooCommerce, server: Scripted
) -> None:
    shop = [order(n, f"2026-05-02T10:{n // 60:02d}:{n % 60:02d}") for n in range(70)]

    def answer(asked: Asked) -> Reply:
        size, page = int(asked.query["per_page"]), int(asked.query["page"])
        if size > 30:
            return Reply(b"<html>Gateway Timeout</html>", 504)
        if asked.query["status"] == "trash":
            return Reply([])
        found = [each for each in shop if each["date_modified_gmt"] > asked.query["modified_after"]]
        return Reply(found[(page - 1) * size : page * size])

    server.answer = answer
    assert len(rows(read(source))) == 70
    assert [asked.query["per_page"] for asked in server.asked[:3]] == ["100", "50", "25"]


def test_a_trashed_order_is_an_order_whose_status_is_trash(
    source: WooCommerce, server: Scripted
) -> None:
    def answer(asked: Asked) -> Reply:
        trashed = asked.query["status"] == "trash"
        return Reply([order(2, status="trash")] if trashed else [order(1)])

    server.answer = answer
    assert [(row["id"], row["status"]) for row in rows(read(source))] == [
        ("1", "processing"),
        ("2", "trash"),
    ]


# --- orders ---------------------------------------------------------------------------------------


def test_the_documented_orders_become_rows_to_the_cent(
    source: WooCommerce, server: Scripted
) -> None:
    documented = recorded("woocommerce/docs_orders__03_list-all-orders.json")
    refunds = recorded("woocommerce/docs_order-refunds__03_list-all-refunds.json")
    listing(server, lambda _: documented, refunds=refunds)

    guest, known = rows(read(source, window=Window(date(2017, 3, 21), date(2017, 3, 22), "UTC")))

    assert (guest["id"], guest["customer_id"], guest["total"]) == ("727", "0", Decimal("29.35"))
    assert guest["modified_at"] == datetime(2017, 3, 22, 19, 28, 8)  # noqa: DTZ001 - UTC, naive
    assert guest["total_tax"] + guest["shipping_total"] == Decimal("11.35")
    assert [line["price"] for line in guest["line_items"]] == [3, 12]
    assert json.loads(guest["line_items"][1]["meta_data"])[0] == {
        "key": "pa_color",
        "value": "black",
    }
    assert len(guest["email_sha256_meta"]) == 64
    assert not [name for name in ("John", "Doe", "Market", "94103") if name in str(guest)]
    assert (known["id"], known["customer_id"], known["paid_at"]) == ("723", "26", None)
    assert (known["total"], known["total_tax"]) == (Decimal("39.00"), Decimal(0))
    assert [line["total"] for line in known["line_items"]] == [Decimal(9), Decimal(20)]
    returned = known["refunds"]
    assert [refund["amount"] for refund in returned] == [Decimal("10.00"), Decimal("9.00")]
    assert returned[0]["created_at"] == datetime(2017, 3, 21, 20, 7, 11)  # noqa: DTZ001
    (taken,) = returned[1]["line_items"]
    assert (taken["quantity"], taken["total"]) == (-1, Decimal("-9.00"))
    assert json.loads(taken["meta_data"]) == [{"key": "_refunded_item_id", "value": "311"}]


def test_refunds_are_asked_for_only_of_orders_that_have_some(
    source: WooCommerce, server: Scripted
) -> None:
    listing(
        server,
        lambda _: [order(1), order(2, refunds=[{"id": 9, "total": "-5.00"}])],
        refunds=[{"id": 9, "date_created_gmt": "2026-05-02T09:00:00", "amount": "5.00"}],
    )
    found = rows(read(source))
    assert found[0]["refunds"] == []
    assert found[1]["refunds"][0]["amount"] == 5
    assert [asked.path for asked in server.asked if "refunds" in asked.path] == [
        "/toko.example/wp-json/wc/v3/orders/2/refunds"
    ]


def test_an_order_deleted_since_it_was_listed_keeps_what_the_list_told(
    source: WooCommerce, server: Scripted
) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("refunds"):
            gone = {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID."}
            return Reply(gone, 404)
        trashed = asked.query["status"] == "trash"
        listed = order(2, refunds=[{"id": 9, "reason": "late", "total": "-5.00"}])
        return Reply([] if trashed else [listed])

    server.answer = answer
    (row,) = rows(read(source))
    (refund,) = row["refunds"]
    assert (refund["id"], refund["amount"], refund["created_at"]) == ("9", 5, None)


def test_attribution_is_read_out_of_meta_data_whose_values_are_of_any_type(
    source: WooCommerce, server: Scripted
) -> None:
    notes = {
        "_wc_order_attribution_utm_source": "facebook",
        "_wc_order_attribution_utm_campaign": "ramadan",
        "_wc_order_attribution_session_count": 3,
        "_wc_order_attribution_user_agent": "Mozilla/5.0 of one person",
        "_wc_order_attribution_utm_medium": ["paid_social"],
        "_wcpay_mode": "test",
        "_gift": False,
        "_points": {"a": [1, "budi@example.com"]},
        "_none": None,
    }
    meta = [{"id": n, "key": key, "value": value} for n, (key, value) in enumerate(notes.items())]
    listing(server, lambda _: [order(1, meta_data=meta)])
    (row,) = rows(read(source))
    assert (row["utm_source"], row["utm_campaign"]) == ("facebook", "ramadan")
    assert (row["utm_medium"], row["session_count"]) == (None, "3")
    assert row["payment_mode"] == "test"
    kept = {note["key"]: note["value"] for note in json.loads(row["meta_data"])}
    assert kept["_gift"] is False
    assert kept["_none"] is None
    assert "budi" not in row["meta_data"]
    assert "Mozilla" not in str(row)
    assert row["_extra"] is None


@pytest.mark.parametrize(
    ("currency", "total", "exact"),
    [
        ("IDR", "1250000", "1250000"),
        ("IDR", "1250000.00", "1250000"),
        ("USD", "29.35", "29.35"),
        ("JPY", "980", "980"),
        ("KWD", "12.345", "12.345"),
    ],
)
def test_money_is_text_of_major_units_in_any_currency(
    source: WooCommerce, server: Scripted, currency: str, total: str, exact: str
) -> None:
    listing(server, lambda _: [order(1, currency=currency, total=total)])
    (row,) = rows(read(source))
    assert (row["currency"], row["total"]) == (currency, Decimal(exact))


def test_an_order_without_an_amount_goes_to_quarantine_and_the_others_land(
    source: WooCommerce, server: Scripted
) -> None:
    listing(server, lambda _: [order(1, total=None), order(2)])
    batches = read(source)
    assert [each.field for batch in batches for each in batch.rejected] == ["total"]
    assert [row["id"] for batch in batches for row in batch.rows.to_pylist()] == ["2"]


# --- customers, products, reviews -----------------------------------------------------------------


def customer(number: int, modified: str | None) -> dict[str, Any]:
    return {
        "id": number,
        "date_created_gmt": "2026-05-03T00:00:00",
        "date_modified_gmt": modified,
        "email": f"c{number}@example.com",
        "role": "customer",
        "billing": {"phone": "08123456789", "city": "Bandung", "country": "ID"},
    }


def test_of_all_customers_those_of_the_window_are_kept(
    source: WooCommerce, server: Scripted
) -> None:
    server.says(
        Reply(
            [
                customer(1, "2026-04-30T23:59:59"),
                customer(2, "2026-05-01T00:00:00"),
                customer(3, "2026-05-10T00:00:00"),
                customer(4, None),
            ]
        )
    )
    found = rows(read(source, "customers"))
    assert [row["id"] for row in found] == ["2", "4"]
    assert found[1]["modified_at"] == found[1]["created_at"], "never changed since it was made"
    assert len(found[0]["phone_sha256_google"]) == 64
    assert server.asked[0].query["role"] == "all"


def test_variations_follow_their_product_and_bring_the_cost(
    source: WooCommerce, server: Scripted
) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/products/10/variations"):
            cost = {"total_value": 6840.5, "values": []}
            return Reply([{"id": 11, "sku": "S-30", "price": "18000", "cost_of_goods_sold": cost}])
        return Reply(
            [
                {"id": 10, "type": "variable", "name": "Crisps", "parent_id": 0},
                {"id": 12, "type": "simple", "sku": "H-1", "price": ""},
            ]
        )

    server.answer = answer
    found = {row["id"]: row for row in rows(read(source, "products"))}
    assert (found["11"]["parent_id"], found["11"]["type"]) == ("10", "variation")
    assert found["11"]["unit_cost"] == Decimal("6840.5")
    assert found["12"]["price"] is None


def test_reviews_are_asked_for_with_a_margin_since_the_site_knows_only_its_own_time(
    source: WooCommerce, server: Scripted
) -> None:
    def review(number: int, created: str) -> dict[str, Any]:
        return {"id": number, "date_created_gmt": created, "rating": 5, "review": "<p>Enak</p>"}

    server.says(
        Reply(
            [
                review(1, "2026-04-30T23:59:59"),
                review(2, "2026-05-01T00:00:00"),
                review(3, "2026-05-09T23:59:59"),
                review(4, "2026-05-10T00:00:00"),
            ]
        )
    )
    assert [row["id"] for row in rows(read(source, "product_reviews"))] == ["2", "3"]
    asked = server.asked[0].query
    assert (asked["after"], asked["before"]) == ("2026-04-30T10:00:00", "2026-05-10T14:00:00")
    assert asked["status"] == "approved"


# --- refusals -------------------------------------------------------------------------------------


def error(code: str, status: int) -> Reply:
    return Reply({"code": code, "message": "Sorry.", "data": {"status": status}}, status)


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (error("woocommerce_rest_authentication_error", 401), DeadToken, "WOOCOMMERCE_KEYS"),
        (error("woocommerce_rest_cannot_view", 401), Permanent, "Authorization header"),
        (error("rest_forbidden", 403), Permanent, "shop manager"),
        (error("rest_no_route", 404), Permanent, "permalinks"),
        (error("rest_login_required", 401), Permanent, "plugin that guards"),
        (error("rest_invalid_param", 400), Permanent, "request itself is wrong"),
        (Reply(b"<html>Just a moment...</html>", 403), Permanent, "/wp-json pass"),
        (Reply(b"<html>Not Acceptable</html>", 406), Permanent, "/wp-json pass"),
        (Reply(b"<html>404</html>", 404), Permanent, "WOOCOMMERCE_BASE_URL"),
        (Reply(b"", 301, {"Location": "https://www.toko.example"}), Permanent, "base URL"),
        (error("internal_server_error", 500), Transient, "6 times"),
        (Reply(b"<html>Maintenance</html>", 503), Transient, "6 times"),
        (Reply(b"<html>Hosting plan limit</html>", 429, {"Retry-After": "3600"}), WaitUntil, "10:"),
    ],
)
def test_refusals_end_as_the_table_says(
    source: WooCommerce, server: Scripted, reply: Reply, kind: type[Exception], says: str
) -> None:
    server.says(reply)
    with pytest.raises(kind, match=says) as caught:
        read(source)
    assert type(caught.value) is kind
    assert SECRET not in str(caught.value)


def test_the_documented_error_is_read_by_its_code(source: WooCommerce, server: Scripted) -> None:
    documented = recorded("woocommerce/docs_introduction__01_errors.json")
    server.says(Reply(documented, 404))
    with pytest.raises(Permanent, match=r"no WooCommerce there \(HTTP 404, code rest_no_route"):
        read(source)


@pytest.mark.parametrize("status", [429, 503])
def test_a_hosts_pause_in_html_is_kept(
    source: WooCommerce, server: Scripted, time: FakeTime, status: int
) -> None:
    pause = Reply(b"<html>Slow down</html>", status, {"Retry-After": "7"})
    server.says(pause, Reply([order(1)]), Reply([]))
    assert len(rows(read(source))) == 1
    assert time.slept == [7]


def test_keys_are_a_pair() -> None:
    assert pair("ck_1:cs_2") == ("ck_1", "cs_2")
    with pytest.raises(ValueError, match="without its secret"):
        pair("ck_1")
