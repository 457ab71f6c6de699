"""Shopee: signed calls, tokens that are good once, lists that tell numbers only."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import CursorExpired, DeadToken, Permanent, Transient
from pipelines.connectors.oauth import TokenFile
from pipelines.connectors.shopee import STREAMS, Shopee, shopee, signature
from pipelines.connectors.stream import Account, Batch, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
PARTNER, KEY, SHOP, REFRESH = "1000639", "shpk-of-the-test-0123", "37872", "refresh-token-number-0"
ACCOUNT = Account(SHOP)
MAY = Window(date(2026, 5, 8), date(2026, 5, 9), "UTC")


def epoch(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def made(server: Scripted, time: FakeTime, stores: dict[str, TokenFile] | None = None) -> Shopee:
    return shopee(
        PARTNER, KEY, {SHOP: REFRESH}, base_url=server.url, stores=stores, clock=time.clock
    )


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> Shopee:
    return made(server, time)


class Shop:
    """A shop as Shopee tells of it; each refresh token is good once."""

    def __init__(self, server: Scripted) -> None:
        self.orders: list[dict[str, Any]] = []
        self.returns: list[dict[str, Any]] = []
        self.reviews: list[dict[str, Any]] = []
        self.income: Reply | None = None
        self.good = REFRESH
        self.exchanges = 0
        server.answer = self.answer

    def answer(self, asked: Asked) -> Reply:
        match asked.path.rpartition("/api/v2/")[2]:
            case "auth/access_token/get":
                return self._exchange(asked.json["refresh_token"])
            case "order/get_order_list":
                return self._list(asked)
            case "order/get_order_detail":
                wanted = asked.query["order_sn_list"].split(",")
                found = [each for each in self.orders if each["order_sn"] in wanted]
                return told(response={"order_list": found})
            case "payment/get_escrow_detail_batch":
                return self.income or told(
                    response=[
                        {"escrow_detail": {"order_sn": number, "order_income": INCOME}}
                        for number in asked.json["order_sn_list"]
                    ]
                )
            case "returns/get_return_list":
                return told(response={"more": False, "return": self.returns})
            case "product/get_comment":
                start, size = int(asked.query.get("cursor") or 0), int(asked.query["page_size"])
                end = start + size
                more = end < len(self.reviews)
                listed = {"item_comment_list": self.reviews[start:end], "more": more}
                return told(response={**listed, "next_cursor": str(end) if more else ""})
        raise AssertionError(asked.path)

    def _exchange(self, refresh: str) -> Reply:
        if refresh != self.good:
            return told("error_auth", "Invalid refresh_token.")
        self.exchanges += 1
        self.good = f"refresh-token-number-{self.exchanges}"
        access = f"access-token-number-{self.exchanges}"
        return told(access_token=access, refresh_token=self.good, expire_in=14400)

    def _list(self, asked: Asked) -> Reply:
        start, size = int(asked.query.get("cursor") or 0), int(asked.query["page_size"])
        first, last = int(asked.query["time_from"]), int(asked.query["time_to"])
        found = [each for each in self.orders if first <= each["update_time"] <= last]
        part = [{"order_sn": each["order_sn"]} for each in found[start : start + size]]
        more = start + size < len(found)
        following = str(start + size) if more else ""
        return told(response={"more": more, "next_cursor": following, "order_list": part})


INCOME = {
    "original_price": 200000,
    "seller_discount": 20000,
    "voucher_from_shopee": 10800,
    "commission_fee": 11700.5,
    "escrow_amount": 161300.25,
    "some_new_fee": 1,
}


def told(error: str = "", message: str = "", status: int = 200, **more: Any) -> Reply:
    return Reply({"error": error, "message": message, "request_id": "r", **more}, status)


def order(number: str, updated: int = epoch(2026, 5, 8, 10), **more: Any) -> dict[str, Any]:
    return {
        "order_sn": number,
        "create_time": epoch(2026, 5, 7),
        "update_time": updated,
        "pay_time": epoch(2026, 5, 7, 1),
        "order_status": "READY_TO_SHIP",
        "currency": "IDR",
        "total_amount": 178200,
        "item_list": [],
        **more,
    }


@pytest.fixture
def shop(server: Scripted) -> Shop:
    return Shop(server)


def read(source: Shopee, stream: str = "orders", window: Window = MAY) -> list[Batch]:
    return list(source.read(BY_NAME[stream], ACCOUNT, window))


def rows(batches: list[Batch]) -> list[dict[str, Any]]:
    assert all(batch.rejected == () for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()]


def asked_for(server: Scripted, end: str) -> list[Asked]:
    return [asked for asked in server.asked if asked.path.endswith(end)]


# --- signatures -----------------------------------------------------------------------------------


def by_the_book(*parts: str) -> str:
    """HMAC-SHA256 written out after RFC 2104, so that no library's reading of it is shared."""
    block = KEY.encode().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in block) + "".join(parts).encode()).digest()
    return hashlib.sha256(bytes(b ^ 0x5C for b in block) + inner).hexdigest()


def test_the_signature_is_the_documented_one() -> None:
    path, access = "/api/v2/order/get_order_list", "6e6671794c5761576367584858435972"
    expected = by_the_book(PARTNER, path, "1655714431", access, SHOP)
    assert signature(KEY, PARTNER, path, 1655714431, access, SHOP) == expected
    public = by_the_book(PARTNER, "/api/v2/auth/access_token/get", "1655714431")
    assert signature(KEY, PARTNER, "/api/v2/auth/access_token/get", 1655714431) == public


@pytest.mark.parametrize("prefix", ["", "/a/proxy"])
def test_each_call_is_signed_over_shopees_own_path_with_its_token_and_shop(
    server: Scripted, time: FakeTime, shop: Shop, prefix: str
) -> None:
    address = server.url + prefix
    proxied = shopee(PARTNER, KEY, {SHOP: REFRESH}, base_url=address, clock=time.clock)
    read(proxied)
    (renewal,) = asked_for(server, "access_token/get")
    now = str(int(time.now.timestamp()))
    assert renewal.query == {
        "partner_id": PARTNER,
        "timestamp": now,
        "sign": by_the_book(PARTNER, "/api/v2/auth/access_token/get", now),
    }
    assert renewal.json == {
        "partner_id": int(PARTNER),
        "shop_id": int(SHOP),
        "refresh_token": REFRESH,
    }
    listing = asked_for(server, "get_order_list")[0].query
    access = "access-token-number-1"
    path = "/api/v2/order/get_order_list"
    assert listing["sign"] == by_the_book(PARTNER, path, now, access, SHOP)
    assert (listing["access_token"], listing["shop_id"]) == (access, SHOP)


def test_a_repeated_call_is_signed_for_its_own_moment(
    server: Scripted, time: FakeTime, shop: Shop, source: Shopee
) -> None:
    """A signature is good for five minutes, and a pause can be longer."""
    answer, refused = shop.answer, []

    def once(asked: Asked) -> Reply:
        if asked.path.endswith("get_order_list") and not refused:
            refused.append(asked)
            return Reply({"error": "error_rate_limit", "message": "m"}, 429, {"Retry-After": "400"})
        return answer(asked)

    server.answer = once
    read(source)
    first, second = (int(each.query["timestamp"]) for each in asked_for(server, "get_order_list"))
    assert second - first == 400


# --- tokens ---------------------------------------------------------------------------------------


def test_a_token_serves_its_four_hours_and_is_renewed_by_the_newest(
    time: FakeTime, shop: Shop, source: Shopee
) -> None:
    read(source)
    time.now += timedelta(hours=3)
    read(source)
    assert shop.exchanges == 1
    time.now += timedelta(hours=1)
    read(source)
    assert (shop.exchanges, shop.good) == (2, "refresh-token-number-2")


def test_the_next_refresh_token_is_on_the_disk_before_the_access_token_is_used(
    server: Scripted, time: FakeTime, shop: Shop, tmp_path: Path
) -> None:
    """Killed between the exchange and the first call, a process leaves the chain unbroken."""
    store = TokenFile(tmp_path / "shopee.json")
    dies = made(server, time, {SHOP: store})
    dies._logins[SHOP]()
    assert asked_for(server, "get_order_list") == []
    kept = store.read(REFRESH)
    assert kept is not None
    assert kept.refresh_token == shop.good

    # Another process is configured with the token that is spent, and goes on with the newest.
    shop.orders = [order("A")]
    assert len(rows(read(made(server, time, {SHOP: store})))) == 1
    time.now += timedelta(hours=5)
    assert len(rows(read(made(server, time, {SHOP: store})))) == 1
    assert shop.exchanges == 2


def test_a_spent_refresh_token_says_who_must_do_what(shop: Shop, source: Shopee) -> None:
    shop.good = "another"
    with pytest.raises(
        DeadToken, match=r"refresh token is refused.*SHOPEE_REFRESH_TOKEN"
    ) as caught:
        read(source)
    assert REFRESH not in str(caught.value)


def test_an_access_token_refused_before_its_end_is_renewed_once(
    server: Scripted, shop: Shop, source: Shopee
) -> None:
    shop.orders = [order("A")]
    answer = shop.answer

    def revoked(asked: Asked) -> Reply:
        if asked.query.get("access_token") == "access-token-number-1":
            return told("invalid_acceess_token", "Invalid access_token.", 403)
        return answer(asked)

    server.answer = revoked
    assert len(rows(read(source))) == 1
    assert shop.exchanges == 2


# --- orders ---------------------------------------------------------------------------------------


def test_a_window_is_read_in_spans_of_fifteen_days_that_meet_without_overlap(
    server: Scripted, shop: Shop, source: Shopee
) -> None:
    read(source, window=Window(date(2026, 4, 1), date(2026, 5, 9), "UTC"))
    spans = [
        (int(asked.query["time_from"]), int(asked.query["time_to"]))
        for asked in asked_for(server, "get_order_list")
    ]
    assert spans[0] == (epoch(2026, 4, 1), epoch(2026, 4, 16) - 1)
    assert [first for first, _ in spans[1:]] == [last + 1 for _, last in spans[:-1]]
    assert spans[-1][1] == epoch(2026, 5, 10) - 1
    assert max(last - first for first, last in spans) < 15 * 86_400


def test_details_are_asked_for_in_batches_of_fifty_with_what_they_lack_by_default(
    server: Scripted, shop: Shop, source: Shopee
) -> None:
    shop.orders = [order(f"N{number:03d}") for number in range(130)]
    assert len(rows(read(source))) == 130
    sizes = [
        len(asked.query["order_sn_list"].split(","))
        for asked in asked_for(server, "get_order_detail")
    ]
    assert sizes == [50, 50, 30]
    fields = asked_for(server, "get_order_detail")[0].query["response_optional_fields"].split(",")
    assert {"total_amount", "item_list", "pay_time", "recipient_address"} <= set(fields)
    assert "buyer_username" not in fields
    assert [asked.query["cursor"] for asked in asked_for(server, "get_order_list")[1:]] == ["100"]


def test_an_order_has_its_lines_places_and_income_and_no_names(shop: Shop, source: Shopee) -> None:
    shop.orders = [
        order(
            "2605080ABCDEFG",
            recipient_address={
                "name": "B***i",
                "phone": "******67",
                "region": "ID",
                "state": "West Java",
                "city": "Bandung",
                "full_address": "Jl. Melati 1",
            },
            buyer_user_id=640001024,
            item_list=[
                {
                    "item_id": 24100000000,
                    "model_sku": "SL-30",
                    "model_quantity_purchased": 2,
                    "model_original_price": 100000,
                    "model_discounted_price": 90000.5,
                    "image_info": {"image_url": "x"},
                }
            ],
        )
    ]
    (row,) = rows(read(source))
    assert (row["province"], row["city"], row["buyer_user_id"]) == (
        "West Java",
        "Bandung",
        "640001024",
    )
    assert row["item_list"][0]["discounted_price"] == Decimal("90000.5")
    assert row["voucher_from_shopee"] == 10800
    assert row["commission_fee"] == Decimal("11700.5")
    assert json.loads(row["income"])["some_new_fee"] == 1
    assert row["update_time"] == datetime.fromisoformat("2026-05-08T10:00:00")
    assert not [word for word in ("B***i", "Melati", "67") if word in str(row)]
    assert row["_extra"] is None


def test_an_unpaid_order_has_no_income_and_none_is_asked_for(
    server: Scripted, shop: Shop, source: Shopee
) -> None:
    shop.orders = [order("A", pay_time=0, order_status="UNPAID")]
    (row,) = rows(read(source))
    assert (row["pay_time"], row["seller_discount"], row["income"]) == (None, None, None)
    assert asked_for(server, "get_escrow_detail_batch") == []


def test_without_the_payment_module_orders_land_and_what_they_lack_is_said(
    shop: Shop, source: Shopee
) -> None:
    shop.orders = [order("A")]
    shop.income = told("error_permission", "No permission.")
    (batch,) = read(source)
    assert batch.rows["seller_discount"].to_pylist() == [None]
    assert batch.missing == (
        "income of orders: the app lacks a permission (HTTP 200, code error_permission: "
        "No permission.)",
    )


def test_an_order_that_is_listed_and_not_told_is_named(
    server: Scripted, shop: Shop, source: Shopee
) -> None:
    shop.orders = [order("A"), order("B")]
    answer = shop.answer

    def partial(asked: Asked) -> Reply:
        if asked.path.endswith("get_order_detail"):
            return told(response={"order_list": shop.orders[:1]})
        return answer(asked)

    server.answer = partial
    (batch,) = read(source)
    assert batch.rows["order_sn"].to_pylist() == ["A"]
    assert batch.missing == ("order B: Shopee lists it and does not tell more",)


@pytest.mark.parametrize(
    ("currency", "amount", "exact"),
    [("IDR", 150000, "150000"), ("IDR", 99999.5, "99999.5"), ("SGD", 12.35, "12.35")],
)
def test_amounts_are_numbers_of_major_units(
    shop: Shop, source: Shopee, currency: str, amount: float, exact: str
) -> None:
    shop.orders = [order("A", currency=currency, total_amount=amount)]
    assert rows(read(source))[0]["total_amount"] == Decimal(exact)


# --- returns --------------------------------------------------------------------------------------


def test_a_return_says_how_far_it_is(server: Scripted, shop: Shop, source: Shopee) -> None:
    shop.returns = [
        {
            "return_sn": "2605090001",
            "order_sn": "A",
            "create_time": epoch(2026, 5, 8),
            "update_time": epoch(2026, 5, 9),
            "status": "JUDGING",
            "currency": "IDR",
            "refund_amount": 45000,
            "user": {"username": "s***i", "email": "a@b.co"},
            "text_reason": "rusak",
            "item": [{"item_id": 1, "amount": 2, "item_price": 22500, "name": "Crisps"}],
        }
    ]
    (row,) = rows(read(source, "returns"))
    assert (row["status"], row["refund_amount"], row["item"][0]["amount"]) == ("JUDGING", 45000, 2)
    assert row["_extra"] is None
    asked = asked_for(server, "get_return_list")[0].query
    assert (asked["page_no"], int(asked["update_time_from"])) == ("0", epoch(2026, 5, 8))
    assert int(asked["update_time_to"]) == epoch(2026, 5, 10) - 1


def test_returns_are_paged_by_number_while_there_are_more(
    server: Scripted, shop: Shop, source: Shopee
) -> None:
    answer = shop.answer

    def paged(asked: Asked) -> Reply:
        if not asked.path.endswith("get_return_list"):
            return answer(asked)
        page = int(asked.query["page_no"])
        found = {
            "return_sn": str(page),
            "order_sn": "A",
            "create_time": epoch(2026, 5, 8),
            "update_time": epoch(2026, 5, 8),
            "status": "ACCEPTED",
            "refund_amount": 1,
        }
        return told(response={"more": page < 2, "return": [found]})

    server.answer = paged
    assert [row["return_sn"] for row in rows(read(source, "returns"))] == ["0", "1", "2"]


# --- reviews --------------------------------------------------------------------------------------


def review(number: int, written: int = epoch(2026, 5, 8, 10), **more: Any) -> dict[str, Any]:
    return {
        "order_sn": "2605080ABCDEFG",
        "comment_id": number,
        "comment": "Enak",
        "buyer_username": "b***i",
        "item_id": 24100000000,
        "model_id": 5,
        "model_id_list": [5, 6],
        "rating_star": 5,
        "editable": "EDITABLE",
        "hidden": False,
        "create_time": written,
        "media": {"image_url_list": ["https://cf.shopee.co.id/file/1"], "video_url_list": []},
        **more,
    }


def test_a_review_has_its_stars_and_the_shops_answer(shop: Shop, source: Shopee) -> None:
    answer = {"reply": "Terima kasih", "hidden": False, "create_time": epoch(2026, 5, 9)}
    shop.reviews = [review(5100000000, comment_reply=answer)]
    (row,) = rows(read(source, "product_reviews"))
    assert row == {
        "shop_id": SHOP,
        "comment_id": "5100000000",
        "create_time": datetime.fromisoformat("2026-05-08T10:00:00"),
        "item_id": "24100000000",
        "model_id_list": "[5,6]",
        "order_sn": "2605080ABCDEFG",
        "buyer_username": "b***i",
        "comment": "Enak",
        "rating_star": 5,
        "hidden": False,
        "reply": "Terima kasih",
        "reply_time": datetime.fromisoformat("2026-05-09T00:00:00"),
        "reply_hidden": False,
        "_extra": None,
    }


def test_of_the_listed_reviews_only_the_windows_come(
    server: Scripted, shop: Shop, source: Shopee
) -> None:
    shop.reviews = [review(number) for number in range(150)]
    shop.reviews += [review(150, epoch(2026, 5, 10)), review(151, epoch(2026, 5, 8) - 1)]
    batches = read(source, "product_reviews")
    assert len(rows(batches)) == 150
    assert [batch.missing for batch in batches] == [(), ()]
    assert [asked.query["cursor"] for asked in asked_for(server, "get_comment")[1:]] == ["100"]


def test_where_the_list_ends_before_the_window_begins_the_rest_is_named(
    shop: Shop, source: Shopee
) -> None:
    shop.reviews = [review(number, epoch(2026, 5, 9)) for number in range(1000)]
    batches = read(source, "product_reviews")
    assert len(rows(batches)) == 1000
    assert batches[-1].missing == ("reviews before 2026-05-09: Shopee lists the newest 1,000",)


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message", "kind", "says"),
    [
        ("error_sign", "Wrong sign.", DeadToken, "SHOPEE_PARTNER_KEY"),
        ("invalid_partner_id", "Invalid partner_id.", DeadToken, "SHOPEE_PARTNER_ID"),
        ("error_auth", "Invalid access_token.", DeadToken, "SHOPEE_REFRESH_TOKEN"),
        ("error_param", "Invalid timestamp.", Permanent, "NTP"),
        ("error_permission", "No permission.", Permanent, "modules Order, Payment"),
        ("error_shop", "Shop is not linked.", Permanent, "SHOPEE_SHOPS"),
        ("error_inner", "Our system is busy.", Transient, "6 times"),
        ("order.error_server", "Something went wrong.", Transient, "6 times"),
        ("error_param", "cursor is invalid.", CursorExpired, "cursor is refused"),
        ("error_unheard_of", "What?", Permanent, "error_unheard_of: What"),
    ],
)
def test_errors_come_with_http_200_and_end_as_the_table_says(
    server: Scripted,
    shop: Shop,
    source: Shopee,
    code: str,
    message: str,
    kind: type[Exception],
    says: str,
) -> None:
    answer = shop.answer

    def refuse(asked: Asked) -> Reply:
        if asked.path.endswith("access_token/get"):
            return answer(asked)
        return told(code, message)

    server.answer = refuse
    with pytest.raises(kind, match=says) as caught:
        read(source)
    assert type(caught.value) is kind
    for secret in (KEY, REFRESH, "access-token-number"):
        assert secret not in str(caught.value)


def test_a_rate_limit_is_waited_out(
    server: Scripted, time: FakeTime, shop: Shop, source: Shopee
) -> None:
    shop.orders = [order("A")]
    answer, refused = shop.answer, []

    def once(asked: Asked) -> Reply:
        if asked.path.endswith("get_order_list") and not refused:
            refused.append(asked)
            return told("error_rate_limit", "Slow down.")
        return answer(asked)

    server.answer = once
    assert len(rows(read(source))) == 1
    assert time.slept == [2]


@pytest.mark.parametrize(("partner", "shop_id"), [("abc", SHOP), (PARTNER, "my shop"), ("", SHOP)])
def test_numbers_that_are_none_stop_the_source_in_words(partner: str, shop_id: str) -> None:
    with pytest.raises(Permanent, match="SHOPEE_PARTNER_ID and SHOPEE_SHOPS"):
        shopee(partner, KEY, {shop_id: REFRESH}, base_url="http://localhost")
