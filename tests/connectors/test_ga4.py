"""GA4: positional rows, paging by rows that came, trust flags, quotas, signing in."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import Permanent, Transient, WaitUntil
from pipelines.connectors.ga4 import (
    GRANT,
    SCOPE,
    STREAMS,
    Ga4,
    ga4,
    ga4_pace,
    report_body,
)
from pipelines.connectors.google import until_quota_day
from pipelines.connectors.http import Answer
from pipelines.connectors.stream import Account, Batch, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
PROPERTY = Account("4000", "Asia/Jakarta", "IDR")
WEEK = Window(date(2026, 5, 1), date(2026, 5, 7), "Asia/Jakarta")
METADATA = {"currencyCode": "IDR", "timeZone": "Asia/Jakarta"}


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> Ga4:
    return ga4(["4000"], base_url=server.url, access_token="ya29-of-the-test", clock=time.clock)


def report(*rows: tuple[str, ...], dimensions: int = 2, **more: Any) -> Reply:
    """A report of the stream `pages`: date, pagePath; screenPageViews, totalUsers."""
    names = ["date", "pagePath", "screenPageViews", "totalUsers"]
    body: dict[str, Any] = {
        "dimensionHeaders": [{"name": name} for name in names[:dimensions]],
        "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in names[dimensions:]],
        "metadata": METADATA,
        "kind": "analyticsData#runReport",
        **more,
    }
    if rows:
        body["rows"] = [
            {
                "dimensionValues": [{"value": value} for value in row[:dimensions]],
                "metricValues": [{"value": value} for value in row[dimensions:]],
            }
            for row in rows
        ]
    return Reply(body)


def read(source: Ga4, window: Window = WEEK, stream: str = "pages") -> list[Batch]:
    return list(source.read(BY_NAME[stream], PROPERTY, window))


def rows(batches: list[Batch]) -> list[dict[str, Any]]:
    assert all(batch.rejected == () for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()]


def test_zone_and_currency_come_with_any_report(source: Ga4, server: Scripted) -> None:
    server.says(report(metadata={"currencyCode": "USD", "timeZone": "America/Los_Angeles"}))

    assert source.accounts() == [Account("4000", "America/Los_Angeles", "USD")]
    assert server.asked[0].path == "/v1beta/properties/4000:runReport"


def test_text_is_asked_as_dimensions_and_figures_as_metrics_in_a_fixed_order() -> None:
    body = report_body(BY_NAME["traffic"], WEEK)

    assert [item["name"] for item in body["dimensions"]] == [
        "date",
        "sessionSource",
        "sessionMedium",
        "sessionCampaignName",
    ]
    assert [item["name"] for item in body["metrics"]] == [
        "sessions",
        "engagedSessions",
        "totalUsers",
        "newUsers",
        "screenPageViews",
        "ecommercePurchases",
        "purchaseRevenue",
    ]
    assert len(body["orderBys"]) == len(body["dimensions"]), "pages shuffle without an order"


def test_positional_strings_become_typed_rows_with_the_trust_flags(
    source: Ga4, server: Scripted
) -> None:
    flagged = {**METADATA, "subjectToThresholding": True}
    server.says(report(("20260501", "/", "7", "3"), rowCount=1, metadata=flagged))

    (row,) = rows(read(source))

    assert row == {
        "property_id": "4000",
        "currency": "IDR",
        "date": date(2026, 5, 1),
        "page_path": "/",
        "screen_page_views": 7,
        "total_users": 3,
        "data_loss_from_other_row": False,
        "subject_to_thresholding": True,
        "sampling": None,
        "_extra": None,
    }


def test_revenue_is_exact_even_in_scientific_notation(source: Ga4, server: Scripted) -> None:
    body: dict[str, Any] = report_body(BY_NAME["transactions"], WEEK)
    server.says(
        Reply(
            {
                "dimensionHeaders": body["dimensions"],
                "metricHeaders": body["metrics"],
                "rows": [
                    {
                        "dimensionValues": [
                            {"value": value} for value in ("20260501", "T1", "a", "b", "c")
                        ],
                        "metricValues": [{"value": "1"}, {"value": "1.2345678E7"}],
                    }
                ],
                "rowCount": 1,
                "metadata": METADATA,
            }
        )
    )

    (row,) = rows(read(source, stream="transactions"))

    assert row["purchase_revenue"] == Decimal("12345678")


def test_an_empty_report_has_no_rows_key(source: Ga4, server: Scripted) -> None:
    server.says(report())

    (batch,) = read(source)

    assert batch.rows.num_rows == 0
    assert len(server.asked) == 1


def test_paging_goes_on_by_the_rows_that_came_and_stops_where_none_come(
    source: Ga4, server: Scripted
) -> None:
    """The server gives two rows a page, whatever is asked, and promises more than there are."""
    table = [("20260501", f"/{number}", "1", "1") for number in range(5)]

    def answer(asked: Asked) -> Reply:
        offset = asked.json["offset"]
        return report(*table[offset : offset + 2], rowCount=99)

    server.answer = answer

    assert [row["page_path"] for row in rows(read(source))] == [row[1] for row in table]
    assert [asked.json["offset"] for asked in server.asked] == [0, 2, 4, 5]


@pytest.mark.parametrize(
    "flag", [{"samplingMetadatas": [{"samplesReadCount": "1"}]}, {"dataLossFromOtherRow": True}]
)
def test_a_sampled_or_folded_window_is_read_in_smaller_ones(
    source: Ga4, server: Scripted, flag: dict[str, Any]
) -> None:
    def answer(asked: Asked) -> Reply:
        span = asked.json["dateRanges"][0]
        days = 1 + int(span["endDate"][-2:]) - int(span["startDate"][-2:])
        first = span["startDate"].replace("-", "")
        metadata = {**METADATA, **(flag if days > 2 else {})}
        return report((first, "/", "1", "1"), rowCount=1, metadata=metadata)

    server.answer = answer

    found = rows(read(source))

    assert [row["date"].day for row in found] == [1, 3, 5, 7]
    assert not any(row["data_loss_from_other_row"] for row in found)


def test_one_day_is_taken_as_it_is_with_its_flag(source: Ga4, server: Scripted) -> None:
    flagged = {**METADATA, "dataLossFromOtherRow": True}
    server.says(report(("20260501", "(other)", "1", "1"), rowCount=1, metadata=flagged))

    (row,) = rows(read(source, Window(WEEK.first, WEEK.first, WEEK.timezone)))

    assert row["data_loss_from_other_row"] is True


def refusal(status: str, message: str, code: int) -> Reply:
    return Reply({"error": {"code": code, "status": status, "message": message}}, code)


def test_too_many_concurrent_requests_are_waited_out(
    source: Ga4, server: Scripted, time: FakeTime
) -> None:
    server.says(
        refusal("RESOURCE_EXHAUSTED", "Exhausted concurrent requests quota.", 429), report()
    )

    read(source)

    assert time.slept == [30]


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Exhausted property tokens per hour", 1800),
        ("Exhausted server errors per project per hour", 3600),
    ],
)
def test_an_hours_quota_is_left_to_the_scheduler(
    source: Ga4, server: Scripted, time: FakeTime, message: str, seconds: int
) -> None:
    server.says(refusal("RESOURCE_EXHAUSTED", message, 429))

    with pytest.raises(WaitUntil) as caught:
        read(source)
    assert caught.value.resumes_at is not None
    assert (caught.value.resumes_at - time.now).total_seconds() == seconds
    assert len(server.asked) == 1


def test_a_days_quota_is_new_at_midnight_in_california(source: Ga4, server: Scripted) -> None:
    assert until_quota_day(datetime(2026, 5, 10, 9, tzinfo=UTC)) == 22 * 3600
    server.says(refusal("RESOURCE_EXHAUSTED", "Exhausted property tokens per day", 429))

    with pytest.raises(WaitUntil):
        read(source)


def test_a_property_that_may_not_be_read_says_what_to_do(source: Ga4, server: Scripted) -> None:
    server.says(refusal("PERMISSION_DENIED", "User does not have sufficient permissions", 403))

    with pytest.raises(Permanent, match="role Viewer"):
        read(source)


@pytest.mark.parametrize(
    ("quota", "pause"),
    [
        ({}, 0),
        ({"tokensPerHour": {"consumed": 10, "remaining": 39990}}, 0),
        ({"tokensPerHour": {"consumed": 10, "remaining": 9}}, 1800),
        ({"concurrentRequests": {"remaining": 1}}, 5),
    ],
)
def test_what_a_quota_has_left_slows_us_down(quota: dict[str, Any], pause: float) -> None:
    assert ga4_pace(Answer(200, {}, {"propertyQuota": quota})) == pause


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def key_file(tmp_path: Path, server: Scripted, private_key: rsa.RSAPrivateKey) -> Path:
    pem = private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = {
        "type": "service_account",
        "client_email": "robot@project.iam.gserviceaccount.com",
        "private_key": pem.decode(),
        "private_key_id": "1",
        "token_uri": f"{server.url}/token",
    }
    path = tmp_path / "key.json"
    path.write_text(json.dumps(key))
    return path


def test_a_service_account_signs_in_at_its_own_token_uri_and_renews_in_time(
    server: Scripted, time: FakeTime, key_file: Path, private_key: rsa.RSAPrivateKey
) -> None:
    issued: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            issued.append(f"ya29.number-{len(issued)}")
            return Reply({"access_token": issued[-1], "expires_in": 3599})
        return report()

    server.answer = answer
    source = ga4(["4000"], base_url=server.url, credentials=key_file, clock=time.clock)

    read(source)
    read(source)
    time.clock.sleep(3600)
    read(source)

    tokens = [asked.headers["Authorization"] for asked in server.asked if asked.path != "/token"]
    assert tokens == [f"Bearer {issued[0]}"] * 2 + [f"Bearer {issued[1]}"]
    form = server.asked[0].form
    assert form["grant_type"] == GRANT
    public = private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    claims = jwt.decode(form["assertion"], certs=public, verify=False)
    assert (claims["aud"], claims["scope"]) == (f"{server.url}/token", SCOPE)
    assert source.stats.requests == 5


def test_a_service_account_s_token_that_is_refused_before_its_end_is_renewed_once(
    server: Scripted, time: FakeTime, key_file: Path
) -> None:
    issued: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            issued.append(f"ya29.number-{len(issued)}")
            return Reply({"access_token": issued[-1], "expires_in": 3599})
        if asked.headers["Authorization"] == f"Bearer {issued[0]}":
            return Reply({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
        return report()

    server.answer = answer
    source = ga4(["4000"], base_url=server.url, credentials=key_file, clock=time.clock)
    read(source)
    assert len(issued) == 2


def test_a_refused_key_is_permanent_and_shows_nothing_of_it(
    server: Scripted, time: FakeTime, key_file: Path
) -> None:
    server.says(Reply({"error": "invalid_grant", "error_description": "Invalid JWT"}, 400))
    source = ga4(["4000"], base_url=server.url, credentials=key_file, clock=time.clock)

    with pytest.raises(Permanent, match="GA4_CREDENTIALS") as caught:
        read(source)
    assert "PRIVATE KEY" not in str(caught.value)
    assert len(server.asked) == 1


def test_a_token_endpoint_in_trouble_is_transient(
    server: Scripted, time: FakeTime, key_file: Path
) -> None:
    server.says(Reply({}, 503))
    source = ga4(["4000"], base_url=server.url, credentials=key_file, clock=time.clock)

    with pytest.raises(Transient):
        read(source)


@pytest.mark.parametrize("content", ["{", '{"client_email": "a"}', "[]"])
def test_a_file_that_is_no_key_says_so(server: Scripted, tmp_path: Path, content: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)

    with pytest.raises(Permanent, match="GA4_CREDENTIALS"):
        ga4(["4000"], base_url=server.url, credentials=path)
