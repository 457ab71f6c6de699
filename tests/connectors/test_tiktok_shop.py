"""TikTok Shop: the signature, tokens, orders unit by unit, what goes back to buyers."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import DeadToken, Permanent, SourceError, Transient, decide
from pipelines.connectors.health import State
from pipelines.connectors.http import Answer
from pipelines.connectors.stream import Account, Window
from pipelines.connectors.tiktok_shop import (
    PLATFORM,
    RULES,
    STREAMS,
    TikTokShop,
    signature,
    tiktok_shop,
    tiktok_shop_signal,
)

BY_NAME = {stream.name: stream for stream in STREAMS}
SHOP = Account("7495000000000000011")
SECRET = "the-apps-own-secret"
DAY = date(2026, 5, 9)
WINDOW = Window(DAY, DAY, "UTC")
SHOPS = {"id": SHOP.id, "name": "Sari", "cipher": "ROW_cipher", "region": "ID"}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


UNIT = {
    "id": "577958834469570826",
    "sku_id": "1729700293904534135",
    "product_id": "1729700293904403063",
    "seller_sku": "SL-30",
    "product_name": "Keripik",
    "sku_name": "30 g",
    "sku_type": "NORMAL",
    "currency": "IDR",
    "original_price": "168000",
    "sale_price": "150000",
    "seller_discount": "10000",
    "platform_discount": "8000",
    "display_status": "COMPLETED",
    "is_gift": False,
    "sku_image": "https://p16.example/1.jpeg?shp=1",
}
# Shaped as recorded answers of 202309 are.
ORDER = {
    "id": "577958834469439754",
    "status": "COMPLETED",
    "create_time": at("2026-05-08T16:59:00"),
    "update_time": at("2026-05-09T10:00:00"),
    "paid_time": at("2026-05-08T17:00:01"),
    "cancel_time": 0,
    "commerce_platform": "TOKOPEDIA",
    "is_sample_order": False,
    "user_id": "7494037984113493258",
    "buyer_email": "v4bGVXWORK@scs2.tiktok.com",
    "payment": {
        "currency": "IDR",
        "original_total_product_price": "336000",
        "sub_total": "300000",
        "seller_discount": "20000",
        "platform_discount": "16000",
        "shipping_fee": "9000",
        "tax": "0",
        "total_amount": "309000",
    },
    "recipient_address": {
        "name": "B*** S***",
        "phone_number": "(+62)8*******12",
        "full_address": "Jl. M***",
        "region_code": "ID",
        "district_info": [
            {"address_level": "L0", "address_level_name": "Country", "address_name": "Indonesia"},
            {"address_level": "L1", "address_level_name": "Province", "address_name": "West Java"},
            {"address_level": "L2", "address_level_name": "City", "address_name": "Bandung"},
            {"address_level": "L3", "address_level_name": "District", "address_name": "Coblong"},
        ],
    },
    "line_items": [UNIT, {**UNIT, "id": "577958834469636362"}],
}


class Api:
    """Tokens, shops, and whatever else a test lets the API say."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.refreshed: list[str] = []
        self.searched: list[Asked] = []

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/api/v2/token/refresh":
            self.refreshed.append(asked.query["refresh_token"])
            number = len(self.refreshed)
            return good(
                {
                    "access_token": f"ROW_access-number-{number}",
                    "access_token_expire_in": at("2026-05-17T09:00:00"),
                    "refresh_token": f"ROW_refresh-number-{number}",
                    "refresh_token_expire_in": at("2026-05-20T09:00:00"),
                }
            )
        if asked.path == "/authorization/202309/shops":
            return good({"shops": [SHOPS]})
        self.searched.append(asked)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def good(data: Any) -> Reply:
    return Reply({"code": 0, "message": "Success", "request_id": "1", "data": data})


def orders(*found: Any, token: str = "", name: str = "orders") -> Reply:
    return good({name: list(found), "next_page_token": token, "total_count": len(found)})


def refused(code: int, message: str = "no", status: int = 200) -> Reply:
    return Reply({"code": code, "message": message, "request_id": "1"}, status)


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> TikTokShop:
    return build(server, time, {SHOP.id: "ROW_the-first-one"})


def build(server: Scripted, time: FakeTime, tokens: dict[str, str], path: str = "") -> TikTokShop:
    return tiktok_shop(
        "the-key",
        SECRET,
        tokens,
        base_url=f"{server.url}{path}",
        auth_url=server.url,
        version="202309",
        clock=time.clock,
    )


def rows(source: TikTokShop, stream: str = "orders", shop: Account = SHOP) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for batch in source.read(BY_NAME[stream], shop, WINDOW):
        assert batch.rejected == ()
        found += batch.rows.to_pylist()
    return found


# --- the signature --------------------------------------------------------------------------------


def test_a_signature_is_what_openssl_makes_of_the_documented_text() -> None:
    """secret + path + names and values in order of names + body + secret, under the secret.

    The digest was made apart from this project:
    printf %s '<text>' | openssl dgst -sha256 -hmac 'e59af819cc'
    """
    query = [
        ("timestamp", "1623812664"),
        ("app_key", "68xu7ks"),
        ("shop_cipher", "GCP_x"),
        ("sign", "ignored"),
        ("access_token", "ignored"),
    ]
    body = b'{"update_time_ge":1619611561}'
    assert signature("e59af819cc", "/order/202309/orders/search", query, body) == OPENSSL


OPENSSL = "a630000160e765cec1812d7a19834f5b4954ccaaca909e60e0f96d85fac80701"


def by_hand(asked: Asked, path: str) -> str:
    """The signature of a request that came, worked out from its parts in another way."""
    pairs = sorted((name + value) for name, value in asked.query.items() if name != "sign")
    mac = hmac.new(SECRET.encode(), digestmod=hashlib.sha256)
    for part in (SECRET, path, *pairs):
        mac.update(part.encode())
    mac.update(asked.body)
    mac.update(SECRET.encode())
    return mac.hexdigest()


@pytest.mark.parametrize("proxy", ["", "/tts"])
def test_each_request_is_signed_over_its_own_path_parameters_and_body(
    server: Scripted, time: FakeTime, proxy: str
) -> None:
    source = build(server, time, {SHOP.id: "ROW_the-first-one"}, proxy)
    api = Api(orders(ORDER))
    asked: list[tuple[str, Asked]] = []

    def answer(each: Asked) -> Reply:
        path = each.path.removeprefix(proxy)
        if "token" not in path:
            asked.append((path, each))
        return api(Asked(each.method, path, each.query, each.headers, each.body))

    server.answer = answer
    rows(source)
    assert [path for path, _ in asked] == [
        "/authorization/202309/shops",
        "/order/202309/orders/search",
    ]
    for path, each in asked:
        assert each.query["sign"] == by_hand(each, path)
        assert each.query["app_key"] == "the-key"
        assert each.query["timestamp"] == str(int(time.now.timestamp()))
        assert each.headers["x-tts-access-token"] == "ROW_access-number-1"
        assert "access_token" not in each.query


# --- what is asked --------------------------------------------------------------------------------


def test_a_day_is_asked_for_by_when_its_orders_changed(
    source: TikTokShop, server: Scripted
) -> None:
    api = server.answer = Api(orders())
    rows(source)
    (asked,) = api.searched
    assert asked.json == {
        "update_time_ge": at("2026-05-09T00:00:00"),
        "update_time_lt": at("2026-05-10T00:00:00"),
    }
    assert asked.query["shop_cipher"] == "ROW_cipher"
    assert (asked.query["sort_field"], asked.query["sort_order"]) == ("update_time", "ASC")


def test_pages_are_followed_until_there_is_no_token(source: TikTokShop, server: Scripted) -> None:
    # A page may be shorter than asked for, and yet have one after it.
    api = server.answer = Api(
        orders(ORDER, token="abc"), orders(token="def"), orders({**ORDER, "id": "2"})
    )
    assert [row["id"] for row in rows(source)] == [ORDER["id"], "2"]
    assert [each.query.get("page_token") for each in api.searched] == [None, "abc", "def"]


def test_nothing_found_is_no_error(source: TikTokShop, server: Scripted) -> None:
    server.answer = Api(Reply({"code": 0, "message": "Success", "data": {"total_count": 0}}))
    assert rows(source) == []


# --- what is read ---------------------------------------------------------------------------------


def test_an_order_becomes_typed_columns_with_a_line_for_each_unit(
    source: TikTokShop, server: Scripted
) -> None:
    server.answer = Api(orders(ORDER))
    (row,) = rows(source)
    assert (row["shop_id"], row["id"]) == (SHOP.id, "577958834469439754")
    assert row["create_time"] == datetime.fromisoformat("2026-05-08T16:59:00")
    assert row["cancel_time"] is None, "0 is never"
    assert row["total_amount"] == Decimal("309000")
    assert (row["seller_discount"], row["platform_discount"]) == (20000, 16000)
    assert (row["country_code"], row["province"], row["city"]) == ("ID", "West Java", "Bandung")
    assert row["commerce_platform"] == "TOKOPEDIA"
    assert [line["id"] for line in row["line_items"]] == [
        "577958834469570826",
        "577958834469636362",
    ]
    assert row["line_items"][0]["original_price"] == Decimal("168000")
    assert row["_extra"] is None


def test_of_the_recipient_only_places_are_kept(source: TikTokShop, server: Scripted) -> None:
    server.answer = Api(orders(ORDER))
    kept = str(rows(source))
    for hidden in ("B***", "Jl. M", "(+62)8", "v4bGVXWORK@", "Coblong"):
        assert hidden not in kept


def test_an_order_is_the_same_whatever_address_its_pictures_have_today(
    source: TikTokShop, server: Scripted
) -> None:
    moved = {**ORDER, "line_items": [{**UNIT, "sku_image": "https://p19.example/1.jpeg?shp=2"}]}
    server.answer = Api(orders({**ORDER, "line_items": [UNIT]}), orders(moved))
    assert rows(source) == rows(source)


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("IDR", "150000"), ("JPY", "1500"), ("USD", "19.99"), ("EUR", "0.5"), ("KWD", "1.234")],
)
def test_amounts_are_text_in_major_units(
    source: TikTokShop, server: Scripted, currency: str, amount: str
) -> None:
    payment = {"currency": currency, "total_amount": amount}
    server.answer = Api(orders({**ORDER, "payment": payment}))
    (row,) = rows(source)
    assert (row["currency"], row["total_amount"]) == (currency, Decimal(amount))
    assert row["platform_discount"] is None, "not told is not none"


RETURN = {
    "return_id": "4035463945335048707",
    "order_id": "579238058323577347",
    "return_type": "RETURN_AND_REFUND",
    "return_status": "RETURN_OR_REFUND_REQUEST_COMPLETE",
    "return_reason_text": "Package or product is damaged",
    "create_time": at("2026-05-01T04:07:17"),
    "update_time": at("2026-05-09T08:18:21"),
    "discount_amount": [{"currency": "IDR", "product_seller_discount": "288000"}],
    "refund_amount": {
        "currency": "IDR",
        "refund_total": "864000",
        "refund_subtotal": "864000",
        "refund_shipping_fee": "0",
        "refund_tax": "0",
    },
    "return_line_items": [
        {
            "return_line_item_id": "4035463945335114243",
            "order_line_item_id": "579238050604288515",
            "sku_id": "1730420785344318071",
            "refund_amount": {"currency": "IDR", "refund_total": "432000"},
        }
    ],
    "return_warehouse_address": {"full_address": "121/32 Trung My Tay"},
}


def test_a_return_tells_what_goes_back_in_all_and_by_unit(
    source: TikTokShop, server: Scripted
) -> None:
    api = server.answer = Api(orders(RETURN, name="return_orders"))
    (row,) = rows(source, "returns")
    assert api.searched[0].path == "/return_refund/202309/returns/search"
    assert (row["return_id"], row["refund_total"]) == ("4035463945335048707", Decimal("864000"))
    assert row["refund_currency"] == "IDR"
    assert row["return_line_items"][0]["refund_total"] == Decimal("432000")
    assert row["update_time"] == datetime.fromisoformat("2026-05-09T08:18:21")
    assert "Trung My Tay" not in str(row)


def test_a_cancellation_of_what_nobody_paid_gives_nothing_back(
    source: TikTokShop, server: Scripted
) -> None:
    cancellation = {
        "cancel_id": "4035000000000000001",
        "order_id": ORDER["id"],
        "cancel_type": "CANCEL",
        "cancel_status": "CANCELLATION_REQUEST_COMPLETE",
        "role": "SYSTEM",
        "create_time": at("2026-05-09T01:00:00"),
        "update_time": at("2026-05-09T01:00:00"),
        "cancel_line_items": [],
    }
    server.answer = Api(orders(cancellation, name="cancellations"))
    (row,) = rows(source, "cancellations")
    assert (row["cancel_id"], row["refund_total"]) == ("4035000000000000001", None)
    assert row["_extra"] is None


# --- tokens and shops -----------------------------------------------------------------------------


def test_a_token_is_renewed_when_its_instant_comes(
    source: TikTokShop, server: Scripted, time: FakeTime
) -> None:
    api = server.answer = Api(orders())
    rows(source)
    time.now += timedelta(days=6)
    rows(source)
    assert api.refreshed == ["ROW_the-first-one"]
    time.now += timedelta(days=2)
    rows(source)
    assert api.refreshed[1] == "ROW_refresh-number-1"


def test_a_token_that_is_revoked_before_its_end_is_renewed_once(
    source: TikTokShop, server: Scripted
) -> None:
    api = server.answer = Api(refused(105002, "Expired credentials", 401), orders(ORDER))
    assert len(rows(source)) == 1
    assert api.refreshed == ["ROW_the-first-one", "ROW_refresh-number-1"]


def test_one_sellers_shops_share_its_token(server: Scripted, time: FakeTime) -> None:
    api = server.answer = Api(orders())
    source = build(server, time, {SHOP.id: "ROW_same", "2": "ROW_same"})
    accounts = source.accounts()
    assert accounts[0] == Account(SHOP.id, name="Sari")
    assert api.refreshed == ["ROW_same"], "a token that is good once is used once"


def test_a_shop_that_the_seller_has_not_opened_is_named(server: Scripted, time: FakeTime) -> None:
    server.answer = Api(orders())
    source = build(server, time, {"2": "ROW_the-first-one"})
    (account,) = source.accounts()
    with pytest.raises(SourceError, match="not authorised the app for shop 2"):
        rows(source, shop=account)


def test_a_dead_refresh_token_is_told_once_and_never_shown(
    source: TikTokShop, server: Scripted
) -> None:
    server.says(refused(36004005, f"no auth record of ROW_the-first-one, {SECRET}"))
    for stream in STREAMS:
        with pytest.raises(DeadToken, match="TIKTOK_SHOP_REFRESH_TOKEN") as caught:
            rows(source, stream.name)
        assert "the-first-one" not in str(caught.value)
        assert SECRET not in str(caught.value)
    assert len(server.asked) == 1


def test_a_refused_signature_names_secret_and_clock(source: TikTokShop, server: Scripted) -> None:
    server.answer = Api(refused(106001, "The sign is invalid", 401))
    with pytest.raises(DeadToken, match=r"TIKTOK_SHOP_APP_SECRET.*clock"):
        rows(source)


@pytest.mark.parametrize(
    ("code", "says"),
    [(105005, "scopes"), (12000000, "TIKTOK_SHOP_IDS"), (36009009, "TIKTOK_SHOP_API_VERSION")],
)
def test_what_a_person_must_mend_is_not_asked_again(
    source: TikTokShop, server: Scripted, code: int, says: str
) -> None:
    api = server.answer = Api(refused(code))
    with pytest.raises(Permanent, match=says):
        rows(source)
    assert len(api.searched) == 1


def test_pace_and_trouble_pass(source: TikTokShop, server: Scripted, time: FakeTime) -> None:
    server.answer = Api(refused(36009002, status=429), refused(36009003), orders(ORDER))
    assert len(rows(source)) == 1
    assert (source.stats.waits, source.stats.retries) == (1, 1)
    server.answer = Api(refused(36009003))
    with pytest.raises(Transient):
        rows(source)


def test_a_refused_page_token_begins_again(source: TikTokShop, server: Scripted) -> None:
    server.answer = Api(
        orders(ORDER, token="abc"), refused(36009006, "page_token is invalid"), orders(ORDER)
    )
    assert [row["id"] for row in rows(source)] == [ORDER["id"]] * 2


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.decision}: {rule.because}")
def test_every_row_of_the_table_can_decide(rule: Any) -> None:
    for code in rule.code or ("1",):
        told = tiktok_shop_signal(Answer(200, {}, {"code": int(code), "message": rule.says}))
        assert told is not None
        assert decide(PLATFORM.rules, told) is rule


def test_health_tells_until_when_the_sellers_consent_is_good(
    source: TikTokShop, server: Scripted
) -> None:
    server.answer = Api(orders())
    found = {finding.what: finding for finding in source.health(SHOP)}
    assert found["refresh token"].state is State.WARN
    assert found["refresh token"].detail == "expires at 2026-05-20 09:00 UTC, in 10 days"
    assert "TIKTOK_SHOP_REFRESH_TOKEN" in found["refresh token"].remedy
    assert "clock" in found


def test_no_secret_is_told_by_the_connector_itself(source: TikTokShop) -> None:
    assert SECRET not in repr(source) + json.dumps([str(stream) for stream in STREAMS])
