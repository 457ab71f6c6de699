"""Google Ads: queries, chunks, managers, exact money, left-out zeros, and what refusals mean."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import (
    DeadToken,
    Gone,
    Permanent,
    SourceError,
    Transient,
    WaitUntil,
)
from pipelines.connectors.google_ads import STREAMS, GoogleAds, google_ads
from pipelines.connectors.stream import Account, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
ACCOUNT = Account("1234567890", "Asia/Jakarta", "IDR")
DAY = date(2024, 6, 1)
ONE_DAY = Window(DAY, DAY, "Asia/Jakarta")
CUSTOMER = {
    "resourceName": "customers/1234567890",
    "id": "1234567890",
    "descriptiveName": "Sari Laut",
    "currencyCode": "IDR",
    "timeZone": "Asia/Jakarta",
}
# As it was seen on the wire: an array of chunks, 64-bit numbers as text, cost beyond 32 bits.
CHUNK = {
    "results": [
        {
            "customer": {"resourceName": "customers/123321321"},
            "metrics": {"clicks": "204", "costMicros": "1061083620"},
            "segments": {"date": "2024-06-01"},
        }
    ],
    "fieldMask": "metrics.clicks,metrics.costMicros,segments.date",
    "requestId": "a",
}


def build(server: Scripted, time: FakeTime, *customers: str, login: str = "") -> GoogleAds:
    return google_ads(
        customers or ["1234567890"],
        developer_token="developer-token-1",
        client_id="client",
        client_secret="secret",
        refresh_token="refresh-1",
        login_customer_id=login,
        base_url=server.url,
        oauth_base_url=f"{server.url}/oauth",
        version="v25",
        clock=time.clock,
    )


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> GoogleAds:
    return build(server, time)


def answering(server: Scripted, *replies: Any) -> None:
    """The token endpoint grants; the API gives these bodies in order, then the last one again."""
    left = list(replies)

    def answer(asked: Asked) -> Reply:
        if asked.path == "/oauth/token":
            return Reply({"access_token": "access-token-1", "expires_in": 3599})
        reply = left.pop(0) if len(left) > 1 else left[0]
        return reply if isinstance(reply, Reply) else Reply(reply)

    server.answer = answer


def rows(source: GoogleAds, stream: str, window: Window = ONE_DAY) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for batch in source.read(BY_NAME[stream], ACCOUNT, window):
        assert batch.rejected == ()
        found += batch.rows.to_pylist()
    return found


def queries(server: Scripted) -> list[str]:
    return [asked.json["query"] for asked in server.asked if asked.path != "/oauth/token"]


def refusal(
    code: str, category: str = "requestError", status: int = 400, **more: Any
) -> dict[str, Any]:
    failure = {"errorCode": {category: code}, "message": f"{code}.", **more}
    kind = "type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure"
    error = {"code": status, "message": "Refused.", "status": "INVALID_ARGUMENT"}
    return {"error": {**error, "details": [{"@type": kind, "errors": [failure]}]}}


def refused(*args: Any, status: int = 400, **more: Any) -> Reply:
    return Reply([refusal(*args, status=status, **more)], status)


def test_a_customer_tells_its_zone_and_currency(source: GoogleAds, server: Scripted) -> None:
    answering(server, [{"results": [{"customer": CUSTOMER}], "requestId": "a"}])

    assert source.accounts() == [Account("1234567890", "Asia/Jakarta", "IDR", "Sari Laut")]
    assert server.asked[-1].path == "/v25/customers/1234567890/googleAds:searchStream"


def test_a_manager_stands_for_its_clients_which_are_asked_through_it(
    server: Scripted, time: FakeTime
) -> None:
    manager = {**CUSTOMER, "id": "9000000000", "manager": True}
    clients = [
        {"customerClient": {**CUSTOMER, "id": number, "timeZone": zone, "currencyCode": currency}}
        for number, zone, currency in (
            ("1", "America/Los_Angeles", "USD"),
            ("2", "Europe/London", "GBP"),
        )
    ]
    answering(
        server, [{"results": [{"customer": manager}]}], [{"results": clients}], [CHUNK], [CHUNK]
    )
    source = build(server, time, "900-000-0000")

    accounts = source.accounts()

    assert [(a.id, a.timezone, a.currency) for a in accounts] == [
        ("1", "America/Los_Angeles", "USD"),
        ("2", "Europe/London", "GBP"),
    ]
    list(source.read(BY_NAME["account_daily"], accounts[1], ONE_DAY))
    assert server.asked[-1].path == "/v25/customers/2/googleAds:searchStream"
    assert server.asked[-1].headers["login-customer-id"] == "9000000000"


def test_a_customer_that_is_named_and_managed_comes_once(server: Scripted, time: FakeTime) -> None:
    manager = {**CUSTOMER, "id": "9", "manager": True}
    answering(
        server,
        [{"results": [{"customer": CUSTOMER}]}],
        [{"results": [{"customer": manager}]}],
        [{"results": [{"customerClient": CUSTOMER}]}],
    )

    assert [account.id for account in build(server, time, "1234567890", "9").accounts()] == [
        "1234567890"
    ]


def test_a_request_carries_its_three_proofs(server: Scripted, time: FakeTime) -> None:
    answering(server, [])

    rows(build(server, time, login="900-000-0000"), "account_daily")

    login, asked = server.asked
    assert login.form == {
        "grant_type": "refresh_token",
        "client_id": "client",
        "client_secret": "secret",
        "refresh_token": "refresh-1",
    }
    assert asked.headers["Authorization"] == "Bearer access-token-1"
    assert asked.headers["developer-token"] == "developer-token-1"
    assert asked.headers["login-customer-id"] == "9000000000"


def test_an_access_token_is_renewed_shortly_before_it_ends(
    source: GoogleAds, server: Scripted, time: FakeTime
) -> None:
    answering(server, [])

    for hours in (0, 0.5, 0.5):
        time.now += timedelta(hours=hours)
        rows(source, "account_daily")

    assert [asked.path == "/oauth/token" for asked in server.asked] == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_a_window_is_asked_for_in_days_that_the_customers_zone_closes(
    source: GoogleAds, server: Scripted
) -> None:
    answering(server, [])

    rows(source, "campaign_daily", Window(DAY, date(2024, 6, 30), "Asia/Jakarta"))

    assert queries(server) == [
        "SELECT segments.date, campaign.id, campaign.name, metrics.cost_micros, "
        "metrics.impressions, metrics.clicks, metrics.interactions, metrics.conversions, "
        "metrics.conversions_value, metrics.all_conversions, metrics.all_conversions_value, "
        "metrics.view_through_conversions FROM campaign "
        "WHERE segments.date BETWEEN '2024-06-01' AND '2024-06-30'"
    ]


@pytest.mark.parametrize(
    ("timezone", "day"),
    [
        ("Asia/Jakarta", "2026-05-01"),
        ("America/Los_Angeles", "2026-03-08"),
        ("America/Los_Angeles", "2026-11-01"),
        ("Europe/London", "2026-03-29"),
        ("UTC", "2026-12-31"),
    ],
)
def test_a_day_stays_the_day_that_the_customers_zone_closed(
    source: GoogleAds, server: Scripted, timezone: str, day: str
) -> None:
    answering(server, [{"results": [{"segments": {"date": day}, "metrics": {"clicks": "1"}}]}])
    asked = date.fromisoformat(day)

    (row,) = rows(source, "account_daily", Window(asked, asked, timezone))

    assert row["date"] == asked
    assert f"BETWEEN '{day}' AND '{day}'" in queries(server)[0]


def test_a_row_of_the_wire_becomes_typed_columns(source: GoogleAds, server: Scripted) -> None:
    answering(server, [CHUNK])

    (row,) = rows(source, "account_daily")

    assert row["customer_id"] == "1234567890"
    assert row["date"] == DAY
    assert row["clicks"] == 204
    assert row["cost"] == Decimal("1061.083620")
    assert row["_extra"] is None, "resource names are Google's own names of what the columns name"


def test_a_metric_that_the_mask_lists_and_the_row_lacks_is_zero(
    source: GoogleAds, server: Scripted
) -> None:
    row = {"segments": {"date": "2024-06-01"}, "metrics": {"impressions": "7"}}
    mask = "segments.date,metrics.impressions,metrics.costMicros,metrics.conversions"
    answering(server, [{"results": [row], "fieldMask": mask}])

    (row,) = rows(source, "account_daily")

    assert (row["cost"], row["conversions"], row["impressions"]) == (0, 0, 7)
    assert row["clicks"] is None, "what the mask does not list is not known"


def test_a_row_without_any_metric_is_all_zero(source: GoogleAds, server: Scripted) -> None:
    answering(server, [{"results": [{"segments": {"date": "2024-06-01"}}]}])

    (row,) = rows(source, "account_daily")

    assert (row["cost"], row["clicks"], row["all_conversions_value"]) == (0, 0, 0)


def test_days_without_activity_are_absent_and_an_empty_stream_is_no_row(
    source: GoogleAds, server: Scripted
) -> None:
    answering(server, [{"fieldMask": "metrics.clicks", "requestId": "a"}])
    assert rows(source, "account_daily") == []
    answering(server, [])
    assert rows(source, "account_daily") == []


def test_every_chunk_of_the_stream_is_read(source: GoogleAds, server: Scripted) -> None:
    days = [{"segments": {"date": f"2024-06-{n:02d}"}, "metrics": {}} for n in (1, 2, 3)]
    answering(server, [{"results": days[:2]}, {"results": days[2:]}])

    found = rows(source, "account_daily", Window(DAY, date(2024, 6, 3), "Asia/Jakarta"))

    assert [row["date"].day for row in found] == [1, 2, 3]


@pytest.mark.parametrize(
    ("currency", "micros", "cost"),
    [
        ("IDR", "150000000000", "150000"),
        ("JPY", "1234000000", "1234"),
        ("USD", "1", "0.000001"),
        ("EUR", "12345678", "12.345678"),
        ("KWD", "1234000", "1.234"),
        ("USD", "999999999999999999", "999999999999.999999"),
    ],
)
def test_micros_are_a_millionth_in_every_currency(
    source: GoogleAds, server: Scripted, currency: str, micros: str, cost: str
) -> None:
    row = {"segments": {"date": "2024-06-01"}, "metrics": {"costMicros": micros}}
    answering(server, [{"results": [row]}])
    account = Account("1234567890", "UTC", currency)

    (batch,) = source.read(BY_NAME["account_daily"], account, ONE_DAY)

    (found,) = batch.rows.to_pylist()
    assert (found["currency"], found["cost"]) == (currency, Decimal(cost))


def test_fractions_of_conversions_are_decimals(source: GoogleAds, server: Scripted) -> None:
    metrics = {"conversions": 0.333333, "conversionsValue": 1234.5, "allConversions": 3.0}
    answering(server, [{"results": [{"segments": {"date": "2024-06-01"}, "metrics": metrics}]}])

    (row,) = rows(source, "account_daily")

    assert row["conversions"] == Decimal("0.333333")
    assert row["conversions_value"] == Decimal("1234.5")
    assert row["all_conversions"] == 3


def test_an_ad_tells_what_its_links_carry(source: GoogleAds, server: Scripted) -> None:
    ad = {
        "resourceName": "customers/1/ads/702000000001",
        "id": "702000000001",
        "type": "RESPONSIVE_SEARCH_AD",
        "finalUrls": ["https://www.sarilaut.com/"],
        "finalUrlSuffix": "utm_source=google&utm_content=702000000001",
    }
    row = {
        "campaign": {"resourceName": "customers/1/campaigns/1", "id": "21400000001"},
        "adGroup": {"resourceName": "customers/1/adGroups/1", "id": "161000000001"},
        "adGroupAd": {"resourceName": "customers/1/adGroupAds/1~2", "ad": ad, "status": "ENABLED"},
    }
    answering(server, [{"results": [row]}])

    (found,) = rows(source, "ads")

    assert (found["ad_id"], found["ad_group_id"]) == ("702000000001", "161000000001")
    assert found["final_url_suffix"] == "utm_source=google&utm_content=702000000001"
    assert found["final_urls"] == '["https://www.sarilaut.com/"]'
    assert found["_extra"] is None
    assert "segments.date" not in queries(server)[0]


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (refused("CUSTOMER_NOT_ENABLED", "authorizationError", status=403), Gone, "not enabled"),
        (refused("CUSTOMER_NOT_FOUND", "authenticationError", status=401), Gone, "not enabled"),
        (
            refused("DEVELOPER_TOKEN_NOT_APPROVED", "authorizationError", status=403),
            DeadToken,
            "GOOGLE_ADS_DEVELOPER_TOKEN",
        ),
        (
            refused("USER_PERMISSION_DENIED", "authorizationError", status=403),
            Permanent,
            "GOOGLE_ADS_LOGIN_CUSTOMER_ID",
        ),
        (
            refused("OAUTH_TOKEN_REVOKED", "authenticationError", status=401),
            DeadToken,
            "GOOGLE_ADS_REFRESH_TOKEN",
        ),
        (
            Reply({"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "x"}}, 401),
            DeadToken,
            "GOOGLE_ADS_REFRESH_TOKEN",
        ),
        (
            Reply({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "x"}}, 403),
            Permanent,
            "may not read",
        ),
        (refused("REQUESTED_METRICS_FOR_MANAGER", "queryError"), Permanent, "manager"),
        (refused("INTERNAL_ERROR", "internalError", status=500), Transient, "in trouble"),
        (refused("TRANSIENT_ERROR", "internalError", status=500), Transient, "in trouble"),
        (refused("BAD_NUMBER", "queryError"), Permanent, "BAD_NUMBER"),
    ],
)
def test_each_refusal_leads_to_its_decision(
    source: GoogleAds, server: Scripted, reply: Reply, error: type[SourceError], says: str
) -> None:
    answering(server, reply)

    with pytest.raises(error, match=says) as caught:
        rows(source, "account_daily")

    assert type(caught.value) is error


def test_a_passing_exhaustion_is_waited_out_as_long_as_google_says(
    source: GoogleAds, server: Scripted, time: FakeTime
) -> None:
    delay = {"details": {"quotaErrorDetails": {"rateScope": "ACCOUNT", "retryDelay": "32s"}}}
    busy = refused("RESOURCE_TEMPORARILY_EXHAUSTED", "quotaError", status=429, **delay)
    answering(server, busy, refused("RESOURCE_TEMPORARILY_EXHAUSTED", "quotaError"), [CHUNK])

    assert len(rows(source, "account_daily")) == 1
    assert time.slept[0] == 32
    assert time.slept[1] >= 60, "a minute where it says nothing"


def test_the_days_operations_spent_stop_until_google_says(
    source: GoogleAds, server: Scripted, time: FakeTime
) -> None:
    quota = {
        "rateScope": "DEVELOPER",
        "rateName": "Number of operations for basic access",
        "retryDelay": "40591s",
    }
    answering(
        server,
        refused(
            "RESOURCE_EXHAUSTED", "quotaError", status=429, details={"quotaErrorDetails": quota}
        ),
    )

    with pytest.raises(WaitUntil) as caught:
        rows(source, "account_daily")

    assert caught.value.resumes_at == time.now + timedelta(seconds=40591)
    assert time.slept == []


def test_a_stream_that_breaks_off_half_way_is_asked_for_again(
    source: GoogleAds, server: Scripted
) -> None:
    broken = [CHUNK, refusal("INTERNAL_ERROR", "internalError", status=500)]
    answering(server, broken, [CHUNK])

    assert len(rows(source, "account_daily")) == 1


def test_a_field_that_is_no_longer_served_is_named_and_the_rest_lands(
    source: GoogleAds, server: Scripted
) -> None:
    unknown = "Unrecognized field in the query: 'metrics.interactions'."
    answering(server, refused("UNRECOGNIZED_FIELD", "queryError", message=unknown), [CHUNK])

    (batch,) = source.read(BY_NAME["account_daily"], ACCOUNT, ONE_DAY)

    assert batch.missing == ("field metrics.interactions: Google no longer serves it",)
    (row,) = batch.rows.to_pylist()
    assert (row["interactions"], row["clicks"]) == (None, 204)
    assert "metrics.interactions" not in queries(server)[1]


def test_a_key_that_is_no_longer_served_is_an_error(source: GoogleAds, server: Scripted) -> None:
    unknown = "Unrecognized field in the query: 'campaign.id'."
    answering(server, refused("UNRECOGNIZED_FIELD", "queryError", message=unknown))

    with pytest.raises(SourceError, match=r"campaign\.id"):
        rows(source, "campaign_daily")


def test_a_refused_refresh_token_is_told_once_with_its_setting(
    server: Scripted, time: FakeTime
) -> None:
    server.says(Reply({"error": "invalid_grant", "error_description": "revoked"}, 400))
    source = build(server, time, "1", "2")

    for account in source.accounts():
        with pytest.raises(DeadToken, match="GOOGLE_ADS_REFRESH_TOKEN"):
            rows_of = source.read(BY_NAME["account_daily"], account, ONE_DAY)
            list(rows_of)
    assert len(server.asked) == 1


def test_a_customer_that_is_not_enabled_keeps_no_other_from_being_read(
    server: Scripted, time: FakeTime
) -> None:
    closed = refused("CUSTOMER_NOT_ENABLED", "authorizationError", status=403)
    answering(server, closed, [{"results": [{"customer": {**CUSTOMER, "id": "2"}}]}], [CHUNK])
    source = build(server, time, "1", "2")

    bad, good = source.accounts()

    assert len(list(source.read(BY_NAME["account_daily"], good, ONE_DAY))) == 1
    with pytest.raises(Gone, match="not enabled"):
        list(source.read(BY_NAME["account_daily"], bad, ONE_DAY))


def test_conversions_are_read_again_for_thirty_days() -> None:
    assert {s.lookback_days for s in STREAMS if not s.snapshot} == {30}
