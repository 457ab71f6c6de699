"""Google's own client for the Data API runs reports, and google-auth gets the token for it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from google.analytics.data_v1beta import BetaAnalyticsDataClient
from google.analytics.data_v1beta.services.beta_analytics_data.transports import (
    BetaAnalyticsDataRestTransport,
)
from google.analytics.data_v1beta.types import (
    DateRange,
    Dimension,
    Metric,
    OrderBy,
    RunReportRequest,
)
from google.api_core.exceptions import BadRequest, Forbidden
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google.oauth2.service_account import Credentials as ServiceAccount

from pipelines.sandbox.credentials import GA4_TOKEN
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import INDONESIA, MARKETS, Market
from pipelines.sandbox.world.events import daily_events


@pytest.fixture(params=MARKETS, ids=lambda market: market.code)
def market(request: pytest.FixtureRequest) -> Market:
    found: Market = request.param
    return found


def client(sandbox: Sandbox, token: str = GA4_TOKEN) -> BetaAnalyticsDataClient:
    transport = BetaAnalyticsDataRestTransport(
        host=f"{sandbox.url}/analyticsdata.googleapis.com",
        credentials=Credentials(token),
        url_scheme="http",
    )
    return BetaAnalyticsDataClient(transport=transport)


def request(
    sandbox: Sandbox, market: Market, dimensions: list[str], metrics: list[str], **more: Any
) -> RunReportRequest:
    last = sandbox.scene.today(market.timezone) - timedelta(days=1)
    first = last - timedelta(days=29)
    return RunReportRequest(
        property=f"properties/{market.ga4_property}",
        date_ranges=[DateRange(start_date=first.isoformat(), end_date=last.isoformat())],
        dimensions=[Dimension(name=name) for name in dimensions],
        metrics=[Metric(name=name) for name in metrics],
        order_bys=[
            OrderBy(dimension=OrderBy.DimensionOrderBy(dimension_name=name)) for name in dimensions
        ],
        **more,
    )


def every(
    api: BetaAnalyticsDataClient, asked: RunReportRequest
) -> list[tuple[list[str], list[str]]]:
    found: list[tuple[list[str], list[str]]] = []
    while True:
        asked.offset = len(found)
        page = api.run_report(asked)
        if not page.rows:
            return found
        found += [
            ([item.value for item in row.dimension_values], [v.value for v in row.metric_values])
            for row in page.rows
        ]


def sessions_of(sandbox: Sandbox, market: Market) -> pa.Table:
    rows = sandbox.world.sessions
    rows = rows.filter(pc.equal(rows["market"], market.code))
    local = pc.assume_timezone(rows["started_at"], "UTC").cast(pa.timestamp("us", market.timezone))
    days = pc.local_timestamp(local).cast(pa.date32())
    last = sandbox.scene.today(market.timezone) - timedelta(days=1)
    first = last - timedelta(days=29)
    return rows.filter(
        pc.and_(pc.greater_equal(days, pa.scalar(first)), pc.less_equal(days, pa.scalar(last)))
    )


def test_a_report_pages_by_offset_to_the_totals_of_the_world(
    sandbox: Sandbox, market: Market
) -> None:
    metrics = ["sessions", "engagedSessions", "screenPageViews", "ecommercePurchases", "newUsers"]
    asked = request(
        sandbox,
        market,
        ["date", "sessionSource", "sessionMedium", "sessionCampaignName"],
        metrics,
        limit=50,
    )
    rows = every(client(sandbox), asked)
    sessions = sessions_of(sandbox, market)
    keys = [tuple(labels) for labels, _ in rows]
    assert keys == sorted(set(keys))
    sums = [sum(int(figures[place]) for _, figures in rows) for place in range(len(metrics))]
    assert sums == [
        len(sessions),
        pc.sum(sessions["engaged"]).as_py(),
        pc.sum(sessions["page_views"]).as_py(),
        len(sessions) - sessions["order_id"].null_count,
        pc.sum(pc.equal(sessions["session_number"], 1)).as_py(),
    ]


def test_transactions_carry_the_shops_order_names(sandbox: Sandbox, market: Market) -> None:
    asked = request(
        sandbox,
        market,
        ["date", "transactionId", "sessionSource"],
        ["ecommercePurchases", "purchaseRevenue"],
        limit=100,
    )
    rows = every(client(sandbox), asked)
    orders = sandbox.world.orders
    bought = orders.filter(
        pc.is_in(orders["order_id"], sessions_of(sandbox, market)["order_id"].drop_null())
    )
    assert sorted(labels[1] for labels, _ in rows) == sorted(bought["name"].to_pylist())
    revenue = sum(Decimal(figures[1]) for _, figures in rows)
    assert revenue * 100 == (pc.sum(bought["total"]).as_py() or 0)


def test_users_are_not_additive(sandbox: Sandbox) -> None:
    api = client(sandbox)
    whole = api.run_report(request(sandbox, INDONESIA, [], ["totalUsers", "sessions"]))
    by_day = every(api, request(sandbox, INDONESIA, ["date"], ["totalUsers"]))
    users = int(whole.rows[0].metric_values[0].value)
    browsers = sessions_of(sandbox, INDONESIA)["user_pseudo_id"]
    assert users == pc.count_distinct(browsers).as_py()
    assert users < sum(int(figures[0]) for _, figures in by_day)


def test_page_views_by_path_add_up_to_all_page_views(sandbox: Sandbox, market: Market) -> None:
    rows = every(
        client(sandbox), request(sandbox, market, ["date", "pagePath"], ["screenPageViews"])
    )
    assert all(labels[1].startswith("/") for labels, _ in rows)
    viewed = sum(int(figures[0]) for _, figures in rows)
    assert viewed == pc.sum(sessions_of(sandbox, market)["page_views"]).as_py()


def test_pages_are_those_that_the_exported_events_name(sandbox: Sandbox, market: Market) -> None:
    last = sandbox.scene.today(market.timezone) - timedelta(days=1)
    rows = every(client(sandbox), request(sandbox, market, ["pagePath"], ["screenPageViews"]))
    first = last - timedelta(days=29)
    exported = {
        urlsplit(param["value"]["string_value"]).path or "/"
        for _, events in daily_events(sandbox.world, market, first, last)
        for event in events.select(["event_name", "event_params"]).to_pylist()
        if event["event_name"] == "page_view"
        for param in event["event_params"]
        if param["key"] == "page_location"
    }
    assert {labels[0] for labels, _ in rows} == exported


def test_an_empty_report_has_neither_rows_nor_a_count(sandbox: Sandbox) -> None:
    asked = request(sandbox, INDONESIA, ["date"], ["sessions"])
    asked.date_ranges[0].start_date = asked.date_ranges[0].end_date = "2001-01-01"
    answer = client(sandbox).run_report(asked)
    assert not answer.rows
    assert answer.row_count == 0
    assert answer.metadata.currency_code == "IDR"
    assert answer.metadata.time_zone == "Asia/Jakarta"


def test_the_quota_comes_when_it_is_asked_for(sandbox: Sandbox) -> None:
    asked = request(sandbox, INDONESIA, ["date"], ["sessions"], return_property_quota=True)
    assert client(sandbox).run_report(asked).property_quota.tokens_per_day.remaining > 0


def test_google_words_its_errors(sandbox: Sandbox) -> None:
    api = client(sandbox)
    with pytest.raises(BadRequest, match="not a valid dimension"):
        api.run_report(request(sandbox, INDONESIA, ["shoeSize"], ["sessions"]))
    with pytest.raises(BadRequest, match="not a valid metric"):
        api.run_report(request(sandbox, INDONESIA, ["date"], ["joy"]))
    with pytest.raises(BadRequest, match="incompatible"):
        api.run_report(request(sandbox, INDONESIA, ["pagePath"], ["purchaseRevenue"]))
    # The client tries to refresh a token that is refused, and this one cannot be.
    with pytest.raises(RefreshError):
        client(sandbox, "wrong").run_report(request(sandbox, INDONESIA, [], ["sessions"]))
    asked = request(sandbox, INDONESIA, ["date"], ["sessions"])
    asked.property = "properties/1"
    with pytest.raises(Forbidden):
        api.run_report(asked)


def test_metadata_lists_what_a_report_may_name(sandbox: Sandbox) -> None:
    metadata = client(sandbox).get_metadata(name=f"properties/{INDONESIA.ga4_property}/metadata")
    assert {"date", "transactionId"} <= {item.api_name for item in metadata.dimensions}
    assert {"sessions", "purchaseRevenue"} <= {item.api_name for item in metadata.metrics}


def test_a_service_account_exchanges_its_assertion_for_the_token(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cryptography = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    from cryptography.hazmat.primitives import serialization

    key = cryptography.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    credentials = ServiceAccount.from_service_account_info(
        {
            "type": "service_account",
            "client_email": "reader@sandbox.iam.gserviceaccount.com",
            "private_key": pem,
            "token_uri": f"{sandbox.url}/oauth2.googleapis.com/token",
        },
        scopes=["https://www.googleapis.com/auth/analytics.readonly"],
    )
    credentials.refresh(Request())
    assert credentials.token == GA4_TOKEN
