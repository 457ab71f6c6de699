"""What the sandbox serves of Google Ads is what Google's own messages hold, field by field.

Google's client speaks gRPC; the REST interface carries the same messages as JSON, so they are what
answers and failures are read with here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import requests
from google.ads.googleads.v25.enums.types import advertising_channel_type as channels
from google.ads.googleads.v25.errors.types import errors as failures
from google.ads.googleads.v25.services.types import google_ads_service as service
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from pipelines.connectors import google_ads
from pipelines.connectors.stream import Stream, Window
from pipelines.sandbox import credentials
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import (
    MARKETS,
    NETWORK_BY_NAME,
    Market,
    WorldConfig,
    served_cells,
    served_extra,
)

NETWORK = NETWORK_BY_NAME["google_ads"]
PERFORMANCE_MAX = channels.AdvertisingChannelTypeEnum.AdvertisingChannelType.PERFORMANCE_MAX
Response = service.SearchGoogleAdsStreamResponse
BY_NAME = {stream.name: stream for stream in google_ads.STREAMS}
DAILY = [stream for stream in google_ads.STREAMS if not stream.snapshot]
# What Google's servers and its OAuth endpoint say without a failure of this API.
COMMON = {
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "INTERNAL",
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "ABORTED",
    "UNKNOWN",
    "invalid_grant",
    "invalid_client",
    "unauthorized_client",
    "deleted_client",
}


@pytest.fixture(params=MARKETS, ids=lambda market: market.code)
def market(request: pytest.FixtureRequest) -> Market:
    found: Market = request.param
    return found


def asked(sandbox: Sandbox, customer: str, query: str, **headers: str) -> requests.Response:
    given = {
        "Authorization": f"Bearer {credentials.GOOGLE_ADS_TOKEN}",
        "developer-token": credentials.GOOGLE_ADS_DEVELOPER_TOKEN,
        "login-customer-id": credentials.GOOGLE_ADS_MANAGER,
        **headers,
    }
    url = f"{sandbox.url}/googleads.googleapis.com/v25/customers/{customer}/googleAds:searchStream"
    return requests.post(url, json={"query": query}, headers=given, timeout=30)


def parsed(sandbox: Sandbox, customer: str, query: str) -> list[Message]:
    """The chunks as Google's messages: an unknown field or a wrong type raises."""
    answer = asked(sandbox, customer, query)
    assert answer.status_code == 200, answer.text
    return [json_format.ParseDict(chunk, Response.pb(Response())) for chunk in answer.json()]


def fields(stream: Stream) -> list[Any]:
    return [field for field in stream.schema.fields if not field.steps[0].startswith("@")]


def query_of(stream: Stream, last: date, days: int = 7) -> str:
    window = None
    if not stream.snapshot:
        window = Window(last - timedelta(days=days - 1), last, "UTC")
    return google_ads.query(google_ads.READS[stream.name], fields(stream), window)


def yesterday(sandbox: Sandbox, market: Market) -> date:
    return sandbox.scene.today(market.timezone) - timedelta(days=1)


def leaf(message: Descriptor, path: str) -> FieldDescriptor:
    """The field at that path of the query language; KeyError where there is none."""
    found = None
    for step in path.split("."):
        assert message is not None, path
        # Words that Python reserves have an underscore in its messages.
        names = message.fields_by_name
        found = names[step] if step in names else names[f"{step}_"]
        message = found.message_type
    assert found is not None
    return found


@pytest.mark.parametrize("stream", google_ads.STREAMS, ids=lambda stream: stream.name)
def test_every_selected_field_exists_in_googles_messages(stream: Stream) -> None:
    row = service.GoogleAdsRow.pb(service.GoogleAdsRow()).DESCRIPTOR

    for field in fields(stream):
        found = leaf(row, google_ads.gaql_name(field))
        assert found.message_type is None, "a field, not a part"
        if field.scale:
            assert found.name.endswith("_micros")
            assert found.cpp_type == FieldDescriptor.CPPTYPE_INT64
    resource = google_ads.READS[stream.name].resource
    assert resource in row.fields_by_name


@pytest.mark.parametrize("stream", google_ads.STREAMS, ids=lambda stream: stream.name)
def test_every_answer_is_googles_message(sandbox: Sandbox, market: Market, stream: Stream) -> None:
    query = query_of(stream, yesterday(sandbox, market))
    chunks = parsed(sandbox, NETWORK.accounts[market.code], query)

    wanted = [google_ads.gaql_name(field) for field in fields(stream)]
    for chunk in chunks:
        assert list(chunk.field_mask.paths) == wanted
        assert chunk.request_id
    assert sum(len(chunk.results) for chunk in chunks) > 0


def rows(sandbox: Sandbox, market: Market, stream: str, days: int = 7) -> Iterator[Message]:
    query = query_of(BY_NAME[stream], yesterday(sandbox, market), days)
    for chunk in parsed(sandbox, NETWORK.accounts[market.code], query):
        yield from chunk.results


def week(sandbox: Sandbox, market: Market, table: pa.Table) -> pa.Table:
    last = yesterday(sandbox, market)
    days = table["date_day"]
    first = last - timedelta(days=6)
    return table.filter(pc.and_(pc.greater_equal(days, first), pc.less_equal(days, last)))


@pytest.mark.parametrize("stream", DAILY, ids=lambda stream: stream.name)
def test_figures_are_the_worlds_to_the_micro(
    sandbox: Sandbox, market: Market, stream: Stream
) -> None:
    cells = week(sandbox, market, served_cells(sandbox.world, market.code, NETWORK.name))
    extra = week(sandbox, market, served_extra(sandbox.world, market.code, NETWORK.name))
    kinds = sandbox.world.campaigns.select(["campaign_id", "kind"])
    wide = kinds.filter(pc.equal(kinds["kind"], "promotion"))["campaign_id"]
    if stream.name in ("ad_group_daily", "ad_daily", "age_daily", "gender_daily"):
        cells = cells.filter(
            pc.invert(pc.is_in(cells["campaign_id"], value_set=wide.combine_chunks()))
        )
    tables = [cells, extra] if stream.name == "account_daily" else [cells]

    found = list(rows(sandbox, market, stream.name))

    def total(column: str) -> int:
        return sum(pc.sum(table[column]).as_py() or 0 for table in tables)

    assert sum(row.metrics.cost_micros for row in found) == total("spend") * 10_000
    assert sum(row.metrics.impressions for row in found) == total("impressions")
    assert sum(row.metrics.clicks for row in found) == total("clicks")
    claimed = ("purchases_claimed_7d_click", "purchases_claimed_1d_view")
    conversions = sum(pc.sum(cells[name]).as_py() or 0 for name in claimed)
    assert sum(row.metrics.conversions for row in found) == conversions


@pytest.fixture(scope="module")
def wide() -> Iterator[Sandbox]:
    """A world with enough campaigns for one of Performance Max."""
    config = WorldConfig(anchor=date(2026, 11, 1), size=200, history_days=120, campaigns=24)
    with Sandbox(config, datetime(2026, 11, 20, 9, tzinfo=UTC)) as sandbox:
        yield sandbox


def test_performance_max_exists_at_campaign_level_only(wide: Sandbox) -> None:
    market = MARKETS[1]
    (campaign,) = [
        row.campaign
        for row in rows(wide, market, "campaigns")
        if row.campaign.advertising_channel_type == PERFORMANCE_MAX
    ]

    def found(stream: str) -> set[int]:
        return {row.campaign.id for row in rows(wide, market, stream, days=30)}

    assert campaign.id in found("campaign_daily") & found("region_daily")
    assert campaign.final_url_suffix.startswith("utm_source=google&utm_medium=cpc&utm_campaign=")
    for stream in ("ad_groups", "ads", "ad_group_daily", "ad_daily", "age_daily", "gender_daily"):
        assert campaign.id not in found(stream), stream


def test_a_managers_clients_are_listed_and_have_zone_and_currency(sandbox: Sandbox) -> None:
    manager = credentials.GOOGLE_ADS_MANAGER
    (chunk,) = parsed(sandbox, manager, google_ads.CUSTOMER_QUERY)
    (own,) = chunk.results
    (chunk,) = parsed(sandbox, manager, google_ads.CLIENTS_QUERY)

    assert (str(own.customer.id), own.customer.manager) == (manager, True)
    found = [
        (
            str(row.customer_client.id),
            row.customer_client.time_zone,
            row.customer_client.currency_code,
        )
        for row in chunk.results
    ]
    assert found == [
        (NETWORK.accounts[market.code], market.timezone, market.currency) for market in MARKETS
    ]


def failure(answer: requests.Response) -> Message:
    """The failure of an answer as Google's message; an unknown error code raises."""
    (wrapped,) = answer.json()
    assert wrapped["error"]["code"] == answer.status_code
    (detail,) = wrapped["error"]["details"]
    assert detail.pop("@type").endswith("v25.errors.GoogleAdsFailure")
    return json_format.ParseDict(detail, failures.GoogleAdsFailure.pb(failures.GoogleAdsFailure()))


@pytest.mark.parametrize(
    ("fault", "status", "category"),
    [
        ({"kind": "dead_token"}, 401, "authentication_error"),
        ({"kind": "access_denied"}, 403, "authorization_error"),
        ({"kind": "quota_spent"}, 429, "quota_error"),
        ({"kind": "throttled"}, 429, "quota_error"),
        ({"kind": "server_error"}, 500, "internal_error"),
    ],
)
def test_refusals_are_googles_failures(
    sandbox: Sandbox, fault: dict[str, Any], status: int, category: str
) -> None:
    sandbox.control.faults({**fault, "platform": NETWORK.name})
    answer = asked(sandbox, NETWORK.accounts["id"], google_ads.CUSTOMER_QUERY)

    (error,) = failure(answer).errors

    assert answer.status_code == status
    assert error.error_code.WhichOneof("error_code") == category
    if category == "quota_error":
        assert error.details.quota_error_details.retry_delay.seconds > 0


@pytest.mark.parametrize(
    ("customer", "query", "headers", "category"),
    [
        ("id", "SELECT campaign.made_up FROM campaign", {}, "query_error"),
        ("id", "SELECT campaign.id FROM made_up", {}, "query_error"),
        ("id", "campaigns, please", {}, "query_error"),
        ("id", "SELECT metrics.clicks FROM campaign", {}, "query_error"),
        ("", "SELECT metrics.clicks FROM customer", {}, "query_error"),
        ("id", google_ads.CUSTOMER_QUERY, {"developer-token": "x"}, "authentication_error"),
        ("id", google_ads.CUSTOMER_QUERY, {"Authorization": "x"}, "authentication_error"),
        ("id", google_ads.CUSTOMER_QUERY, {"login-customer-id": "9"}, "authorization_error"),
    ],
)
def test_what_is_asked_wrongly_is_refused(
    sandbox: Sandbox, customer: str, query: str, headers: dict[str, str], category: str
) -> None:
    number = NETWORK.accounts.get(customer, credentials.GOOGLE_ADS_MANAGER)

    (error,) = failure(asked(sandbox, number, query, **headers)).errors

    assert error.error_code.WhichOneof("error_code") == category


def test_every_code_that_the_connector_knows_is_one_of_googles() -> None:
    codes = failures.ErrorCode.pb(failures.ErrorCode()).DESCRIPTOR
    known = {value.name for field in codes.fields for value in field.enum_type.values}
    categories = {field.json_name for field in codes.fields}

    for rule in google_ads.RULES:
        assert set(rule.code) - known <= COMMON, rule
        assert set(rule.subcode) <= categories
