"""TikTok's own Business SDK lists advertisers and ads and downloads reports.

For its open API and its shop there is no client to ask: what their documentation says is asked for
by hand, and the shop's signature is worked out apart from connector and stand-in.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import requests
from business_api_client import ApiClient, Configuration
from business_api_client.api import (
    AccountManagementApi,
    AdApi,
    AdgroupApi,
    CampaignCreationApi,
    ReportingApi,
)
from business_api_client.tiktok_business.tiktok_exceptions import TiktokSDKError

from pipelines.sandbox import credentials
from pipelines.sandbox.credentials import TIKTOK_ADS_TOKEN
from pipelines.sandbox.rotation import Rotation
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.tables import of_market
from pipelines.sandbox.world import (
    MARKETS,
    NETWORK_BY_NAME,
    TIKTOK_SHOP,
    Market,
    current_channel_posts,
    current_outlet_orders,
    served_cells,
    served_extra,
)

NETWORK = NETWORK_BY_NAME["tiktok_ads"]
# The world's clock stands on the first of November.
FIRST, LAST = date(2026, 10, 3), date(2026, 10, 31)


@pytest.fixture(params=MARKETS, ids=lambda market: market.code)
def market(request: pytest.FixtureRequest) -> Market:
    found: Market = request.param
    return found


@pytest.fixture(scope="module")
def client(running: Sandbox) -> Iterator[ApiClient]:
    configuration = Configuration()
    configuration.host = f"{running.url}/business-api.tiktok.com"
    yield ApiClient(configuration)


def advertiser(market: Market) -> str:
    return NETWORK.accounts[market.code]


def within(rows: pa.Table) -> pa.Table:
    days = rows["date_day"]
    return rows.filter(
        pc.and_(pc.greater_equal(days, pa.scalar(FIRST)), pc.less_equal(days, pa.scalar(LAST)))
    )


def total(column: str, *tables: pa.Table) -> int:
    return sum(pc.sum(table[column]).as_py() or 0 for table in tables)


def report(client: ApiClient, market: Market, **changes: Any) -> Any:
    """The data of a report of the last weeks, with what a test asks for otherwise."""
    asked: dict[str, Any] = {
        "report_type": "BASIC",
        "advertiser_id": advertiser(market),
        "service_type": "AUCTION",
        "data_level": "AUCTION_CAMPAIGN",
        "dimensions": ["campaign_id", "stat_time_day"],
        "metrics": ["spend"],
        "start_date": FIRST.isoformat(),
        "end_date": LAST.isoformat(),
        "page_size": 1000,
        "access_token": TIKTOK_ADS_TOKEN,
        **changes,
    }
    return ReportingApi(client).report_integrated_get(**asked)["data"]


def every_status(of: str) -> list[dict[str, str]]:
    return [{"field_name": f"{of}_status", "filter_type": "IN", "filter_value": '["STATUS_ALL"]'}]


def test_advertisers_come_with_currency_and_both_zones(
    sandbox: Sandbox, client: ApiClient, market: Market
) -> None:
    accounts = AccountManagementApi(client)
    answer = accounts.advertiser_info([advertiser(market)], TIKTOK_ADS_TOKEN)
    (info,) = answer["data"]["list"]
    assert (info["currency"], info["display_timezone"]) == (market.currency, market.timezone)
    assert info["timezone"] == {"id": "Etc/GMT-7", "us": "Etc/GMT+8"}[market.code]


def test_structure_hides_what_was_removed_unless_asked(
    sandbox: Sandbox, client: ApiClient, market: Market
) -> None:
    for table, key, ask, kind in (
        ("campaigns", "campaign_id", CampaignCreationApi(client).campaign_get, "CAMPAIGN"),
        ("adsets", "adgroup_id", AdgroupApi(client).adgroup_get, "ADGROUP"),
        ("ads", "ad_id", AdApi(client).ad_get, "AD"),
    ):
        rows = of_market(getattr(sandbox.world, table), market.code, NETWORK.name)
        everything = {"secondary_status": f"{kind}_STATUS_ALL"}
        every = ask(advertiser(market), TIKTOK_ADS_TOKEN, filtering=everything, page_size=1000)
        found = [item[key] for item in every["data"]["list"]]
        assert [str(number) for number in found] == rows[key.replace("group", "set")].to_pylist()
        assert all(isinstance(number, int) and number > 2**53 for number in found)
        shown = ask(advertiser(market), TIKTOK_ADS_TOKEN, page_size=1000)["data"]["list"]
        assert not any("DELETE" in item["secondary_status"] for item in shown)


@pytest.mark.parametrize(
    ("level", "dimensions"),
    [
        ("AUCTION_ADVERTISER", ["advertiser_id"]),
        ("AUCTION_CAMPAIGN", ["campaign_id"]),
        ("AUCTION_ADGROUP", ["adgroup_id"]),
        ("AUCTION_AD", ["ad_id"]),
        ("AUCTION_CAMPAIGN", ["campaign_id", "age", "gender"]),
        ("AUCTION_CAMPAIGN", ["campaign_id", "province_id"]),
    ],
)
def test_a_report_pages_through_all_that_was_delivered(
    sandbox: Sandbox, client: ApiClient, market: Market, level: str, dimensions: list[str]
) -> None:
    asked = {
        "report_type": "AUDIENCE" if len(dimensions) > 1 else "BASIC",
        "data_level": level,
        "dimensions": [*dimensions, "stat_time_day"],
        "metrics": ["spend", "impressions", "clicks"],
        "filtering": every_status(level.removeprefix("AUCTION_").lower()),
        "page_size": 200,
    }
    pages = [report(client, market, **asked)]
    numbers = range(2, pages[0]["page_info"]["total_page"] + 1)
    pages += [report(client, market, **asked, page=number) for number in numbers]
    rows = [row for page in pages for row in page["list"]]
    keys = {tuple(sorted(row["dimensions"].items())) for row in rows}
    assert len(keys) == len(rows) == pages[0]["page_info"]["total_number"]
    cells = within(served_cells(sandbox.world, market.code, NETWORK.name))
    extra = within(served_extra(sandbox.world, market.code, NETWORK.name))
    expected = (cells, extra) if level == "AUCTION_ADVERTISER" else (cells,)
    spent = sum((Decimal(row["metrics"]["spend"]) for row in rows), Decimal(0))
    assert spent * 100 == total("spend", *expected)
    assert sum(int(row["metrics"]["clicks"]) for row in rows) == total("link_clicks", *expected)


def test_types_are_as_mixed_as_tiktoks(sandbox: Sandbox, client: ApiClient, market: Market) -> None:
    data = report(
        client,
        market,
        data_level="AUCTION_AD",
        dimensions=["ad_id", "stat_time_day"],
        metrics=["spend", "conversion", "vta_complete_payment", "total_complete_payment_rate"],
    )
    quiet = next(row for row in data["list"] if row["metrics"]["conversion"] == 0)
    assert isinstance(quiet["dimensions"]["ad_id"], str)
    assert quiet["dimensions"]["stat_time_day"].endswith(" 00:00:00")
    assert isinstance(quiet["metrics"]["spend"], str)
    assert quiet["metrics"]["vta_complete_payment"] is None
    assert quiet["metrics"]["total_complete_payment_rate"] == "-"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"access_token": "wrong"}, 40105),
        ({"advertiser_id": "1"}, 40001),
        ({"metrics": ["made_up"]}, 40002),
        ({"metrics": ["ad_name"]}, 40002),
        ({"end_date": "2026-12-31"}, 40002),
        ({"dimensions": ["campaign_id", "stat_time_day", "age"]}, 40002),
        ({"page_size": 1001}, 40002),
    ],
)
def test_refusals_are_told_by_their_code(
    sandbox: Sandbox, client: ApiClient, changes: dict[str, Any], code: int
) -> None:
    with pytest.raises(TiktokSDKError, match=f"Error Code: {code}"):
        report(client, MARKETS[0], **changes)
    assert client.last_response.status == 200


def test_recent_days_are_restated_and_old_ones_are_not(sandbox: Sandbox, client: ApiClient) -> None:
    def claimed() -> dict[str, int]:
        rows = report(client, MARKETS[0], metrics=["complete_payment", "spend"])["list"]
        days = [row["dimensions"]["stat_time_day"][:10] for row in rows]
        counts = [int(row["metrics"]["complete_payment"]) for row in rows]
        return {
            day: sum(count for each, count in zip(days, counts, strict=True) if each == day)
            for day in days
        }

    before = claimed()
    sandbox.control.clock(sandbox.scene.now + timedelta(days=8))
    after = claimed()
    assert sum(after.values()) > sum(before.values())
    assert after[FIRST.isoformat()] == before[FIRST.isoformat()]


# --- the open API ---------------------------------------------------------------------------------


def open_api(sandbox: Sandbox) -> str:
    return f"{sandbox.url}/open.tiktokapis.com/v2"


def renewed(sandbox: Sandbox, refresh_token: str) -> dict[str, Any]:
    form = {
        "client_key": credentials.TIKTOK_KEY,
        "client_secret": credentials.TIKTOK_SECRET,
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
    }
    body: dict[str, Any] = requests.post(
        f"{open_api(sandbox)}/oauth/token/", data=form, timeout=10
    ).json()
    return body


def test_a_later_refresh_token_is_good_once(sandbox: Sandbox) -> None:
    account, first = next(iter(credentials.TIKTOK_TOKENS.items()))
    granted = renewed(sandbox, first)
    assert (granted["open_id"], granted["expires_in"]) == (account, 7200)
    assert renewed(sandbox, granted["refresh_token"])["access_token"]
    assert renewed(sandbox, granted["refresh_token"])["error"] == "invalid_grant"


def test_tokens_of_one_sandbox_are_good_in_the_next() -> None:
    """A reader keeps its newest tokens; the sandbox is started anew for each run."""
    granted = Rotation({"a": "first"}).exchange("first")
    assert granted is not None
    access, refresh = granted
    later = Rotation({"a": "first"})
    assert later.account(access) == "a"
    assert later.exchange(refresh) is not None
    assert later.exchange(refresh) is None
    assert Rotation({"b": "other"}).account(access) is None


def test_videos_come_newest_first_by_a_cursor_in_milliseconds(sandbox: Sandbox) -> None:
    account, first = next(iter(credentials.TIKTOK_TOKENS.items()))
    headers = {"Authorization": f"Bearer {renewed(sandbox, first)['access_token']}"}
    found: list[dict[str, Any]] = []
    cursor, more = 0, True
    while more:
        answer = requests.post(
            f"{open_api(sandbox)}/video/list/?fields=id,create_time,view_count",
            json={"cursor": cursor, "max_count": 20},
            headers=headers,
            timeout=10,
        ).json()
        assert answer["error"]["code"] == "ok"
        found += answer["data"]["videos"]
        cursor, more = answer["data"]["cursor"], answer["data"]["has_more"]
        assert cursor == found[-1]["create_time"] * 1000
    posts = current_channel_posts(sandbox.world)
    own = posts.filter(
        pc.and_(pc.equal(posts["account_id"], account), pc.invert(posts["is_mention"]))
    )
    assert {video["id"]: video["view_count"] for video in found} == dict(
        zip(own["post_id"].to_pylist(), own["video_views"].to_pylist(), strict=True)
    )
    assert found == sorted(found, key=lambda video: -video["create_time"])


@pytest.mark.parametrize(
    ("token", "query", "status", "code"),
    [
        ("wrong", "fields=id", 401, "access_token_invalid"),
        (None, "fields=made_up", 400, "invalid_params"),
    ],
)
def test_the_open_api_refuses_by_status_and_word(
    sandbox: Sandbox, token: str | None, query: str, status: int, code: str
) -> None:
    given = (
        token or renewed(sandbox, next(iter(credentials.TIKTOK_TOKENS.values())))["access_token"]
    )
    answer = requests.post(
        f"{open_api(sandbox)}/video/list/?{query}",
        json={},
        headers={"Authorization": f"Bearer {given}"},
        timeout=10,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


# --- the shop -------------------------------------------------------------------------------------


class ShopClient:
    """What the shop's documentation says of a client, in as few lines as it takes."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.root = f"{sandbox.url}/open-api.tiktokglobalshop.com"
        renewal = {
            "app_key": credentials.TIKTOK_SHOP_KEY,
            "app_secret": credentials.TIKTOK_SHOP_SECRET,
            "refresh_token": next(iter(credentials.TIKTOK_SHOP_TOKENS.values())),
            "grant_type": "refresh_token",
        }
        url = f"{sandbox.url}/auth.tiktok-shops.com/api/v2/token/refresh"
        self.token = requests.get(url, params=renewal, timeout=10).json()["data"]["access_token"]

    def ask(
        self, path: str, body: dict[str, Any] | None = None, *, sign: str = "", **query: str
    ) -> requests.Response:
        query |= {"app_key": credentials.TIKTOK_SHOP_KEY, "timestamp": "1793523600"}
        content = "" if body is None else json.dumps(body, separators=(",", ":"))
        text = path + "".join(name + query[name] for name in sorted(query)) + content
        secret = credentials.TIKTOK_SHOP_SECRET
        good = hmac.new(secret.encode(), f"{secret}{text}{secret}".encode(), hashlib.sha256)
        return requests.request(
            "GET" if body is None else "POST",
            f"{self.root}{path}?{urlencode({**query, 'sign': sign or good.hexdigest()})}",
            data=content,
            headers={"x-tts-access-token": self.token, "Content-Type": "application/json"},
            timeout=10,
        )

    def search(self, path: str, name: str, **body: int) -> list[dict[str, Any]]:
        (shop,) = self.ask("/authorization/202309/shops").json()["data"]["shops"]
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            query = {"shop_cipher": shop["cipher"], "page_size": "7", "page_token": token}
            data = self.ask(path, body, **query).json()["data"]
            found += data[name]
            token = data["next_page_token"]
            if not token:
                assert len(found) == data["total_count"]
                return found


def mine(table: pa.Table) -> pa.Table:
    return table.filter(pc.equal(table["outlet"], TIKTOK_SHOP.name))


def rupiah(amount: int) -> Decimal:
    return Decimal(amount) / 100


def test_the_shops_orders_are_the_worlds_to_the_rupiah(sandbox: Sandbox) -> None:
    found = ShopClient(sandbox).search("/order/202309/orders/search", "orders")
    orders = mine(current_outlet_orders(sandbox.world)).sort_by("updated_at").to_pylist()
    assert {each["id"] for each in found} == {each["order_id"] for each in orders}
    by_id = {each["id"]: each for each in found}
    units = mine(sandbox.world.outlet_lines).to_pylist()
    for order in orders:
        told, payment = by_id[order["order_id"]], by_id[order["order_id"]]["payment"]
        for name, column in (
            ("original_total_product_price", "gross"),
            ("seller_discount", "seller_discount"),
            ("platform_discount", "platform_discount"),
            ("shipping_fee", "shipping"),
            ("total_amount", "total"),
        ):
            assert Decimal(payment[name]) == rupiah(order[column]), name
        lines = [line for line in units if line["order_id"] == order["order_id"]]
        assert len(told["line_items"]) == sum(line["quantity"] for line in lines)
        for name, wanted in (
            ("original_price", "gross"),
            ("seller_discount", "seller_discount"),
            ("platform_discount", "platform_discount"),
        ):
            parts = sum(Decimal(line[name]) for line in told["line_items"])
            assert parts == rupiah(order[wanted]), name
    assert [each["update_time"] for each in found] == sorted(each["update_time"] for each in found)


def test_what_went_back_is_the_worlds_to_the_rupiah(sandbox: Sandbox) -> None:
    client = ShopClient(sandbox)
    returns = client.search("/return_refund/202309/returns/search", "return_orders")
    cancelled = client.search("/return_refund/202309/cancellations/search", "cancellations")
    given = [each for each in cancelled if "refund_amount" in each]
    back = sum(
        Decimal(each["refund_amount"]["refund_total"])
        for each in (*returns, *given)
        if each.get("return_status", "COMPLETE").endswith("COMPLETE")
    )
    refunds = mine(sandbox.world.outlet_refunds)
    assert {each.get("return_id") or each["cancel_id"] for each in (*returns, *given)} == set(
        refunds["refund_id"].to_pylist()
    )
    good = refunds.filter(pc.equal(refunds["status"], "succeeded"))
    assert back == rupiah(total("amount", good))
    assert any("refund_amount" not in each for each in cancelled), "what nobody paid"


def test_only_what_changed_in_the_window_comes(sandbox: Sandbox) -> None:
    end = int(datetime(2026, 10, 20, tzinfo=UTC).timestamp())
    first = end - 30 * 86_400
    path = "/order/202309/orders/search"
    found = ShopClient(sandbox).search(path, "orders", update_time_ge=first, update_time_lt=end)
    assert found
    assert all(first <= each["update_time"] < end for each in found)


def test_buyers_are_masked(sandbox: Sandbox) -> None:
    found = ShopClient(sandbox).search("/order/202309/orders/search", "orders")
    names = {
        name
        for column in ("first_name", "last_name")
        for name in mine(sandbox.world.outlet_orders)[column].to_pylist()
    }
    for order in found:
        recipient = order["recipient_address"]
        assert recipient["name"] not in names
        assert "***" in recipient["name"] + recipient["phone_number"]
        assert order["buyer_email"].endswith("@scs2.tiktok.com")


def test_a_signature_over_anything_else_is_refused(sandbox: Sandbox) -> None:
    client = ShopClient(sandbox)
    answer = client.ask("/authorization/202309/shops", sign="0" * 64)
    assert (answer.status_code, answer.json()["code"]) == (401, 106001)
    client.token = "wrong"
    assert client.ask("/authorization/202309/shops").json()["code"] == 105001
