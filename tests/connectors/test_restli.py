"""What LinkedIn's APIs share: the grammar, versions, long queries, paging, quotas, tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from linkedin_api.clients.restli.utils.encoder import param_encode
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import (
    DeadToken,
    Gone,
    Permanent,
    SourceError,
    TooMuch,
    Transient,
    UnknownMetric,
    WaitUntil,
)
from pipelines.connectors.health import State
from pipelines.connectors.restli import (
    LONGEST_QUERY,
    Restli,
    address,
    instant,
    linkedin_api,
    tail,
)

NOW = datetime(2026, 5, 10, 22, 30, tzinfo=UTC)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime(NOW)


def build(server: Scripted, time: FakeTime, **more: Any) -> Restli:
    return linkedin_api(
        "linkedin_ads",
        "LINKEDIN_ADS_",
        base_url=server.url,
        oauth_base_url=f"{server.url}/oauth/v2",
        version="202602",
        clock=time.clock,
        **{"access_token": "access-token-0", **more},
    )


@pytest.fixture
def api(server: Scripted, time: FakeTime) -> Restli:
    return build(server, time)


@pytest.mark.parametrize(
    "params",
    [
        {"pivot": {"value": "CAMPAIGN"}},
        {"accounts": ["urn:li:sponsoredAccount:1", "urn:li:sponsoredAccount:2"]},
        {"dateRange": {"end": {"day": 1}, "start": {"day": 1}}},
        {"search": {"status": {"values": ["ACTIVE", "DRAFT"]}}},
        {"text": "a,b:(c) d/é&="},
        {"ids": [{"adEntity": {"sponsoredCampaign": "urn:li:sponsoredCampaign:3"}}]},
    ],
)
def test_the_grammar_is_that_of_linkedins_own_client(params: dict[str, Any]) -> None:
    assert address("", "x", **params) == f"/x?{param_encode(params)}"


def test_brackets_go_over_the_wire_bare_and_urns_escaped(api: Restli, server: Scripted) -> None:
    api.get("adAnalytics", pivot={"value": "ACCOUNT"}, accounts=["urn:li:a:1"], fields=["x", "y"])

    (asked,) = server.asked
    assert asked.raw_query == "pivot=(value:ACCOUNT)&accounts=List(urn%3Ali%3Aa%3A1)&fields=x,y"
    assert asked.headers["LinkedIn-Version"] == "202602"
    assert asked.headers["X-Restli-Protocol-Version"] == "2.0.0"
    assert asked.headers["Authorization"] == "Bearer access-token-0"


def test_a_query_too_long_for_an_address_goes_in_the_body(api: Restli, server: Scripted) -> None:
    urns = [f"urn:li:share:{number:019d}" for number in range(200)]

    api.get("organizationalEntityShareStatistics", q="organizationalEntity", shares=urns)

    (asked,) = server.asked
    written = address("", "", q="organizationalEntity", shares=urns).partition("?")[2]
    assert len(written) > LONGEST_QUERY
    assert (asked.method, asked.raw_query) == ("POST", "")
    assert asked.body.decode() == written
    assert asked.headers["X-HTTP-Method-Override"] == "GET"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.headers["Content-Length"] == str(len(written))


def test_pages_by_token_end_with_the_page_that_has_none(api: Restli, server: Scripted) -> None:
    server.says(
        Reply({"elements": [1], "metadata": {"nextPageToken": "a=b/c"}}),
        Reply({"elements": [], "metadata": {"nextPageToken": "d"}}),
        Reply({"elements": [2], "metadata": {}}),
    )

    assert list(api.by_token("adAccounts/1/adCampaigns", 2, q="search")) == [[1], [], [2]]
    assert [asked.raw_query for asked in server.asked] == [
        "q=search&pageSize=2",
        "q=search&pageSize=2&pageToken=a%3Db%2Fc",
        "q=search&pageSize=2&pageToken=d",
    ]


def test_pages_by_offset_go_on_by_what_came(api: Restli, server: Scripted) -> None:
    server.says(
        Reply({"elements": [1], "paging": {"start": 0, "count": 2}}),
        Reply({"elements": [2, 3], "paging": {"start": 1, "count": 2}}),
        Reply({"elements": []}),
    )

    assert list(api.by_offset("posts", 2, q="author")) == [[1], [2, 3], []]
    assert [asked.query["start"] for asked in server.asked] == ["0", "1", "3"]


def test_pages_by_offset_end_with_the_total(api: Restli, server: Scripted) -> None:
    server.says(Reply({"elements": [1, 2], "paging": {"start": 0, "count": 2, "total": 2}}))

    assert list(api.by_offset("posts", 2, q="author")) == [[1, 2]]
    assert len(server.asked) == 1


def error(status: int, message: str = "", code: str = "", **more: Any) -> Reply:
    return Reply({"status": status, "code": code, "message": message, **more}, status)


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (error(401, "expired", "EXPIRED_ACCESS_TOKEN"), DeadToken, "LINKEDIN_ADS_REFRESH_TOKEN"),
        (error(403, "Not enough permissions", "ACCESS_DENIED"), Permanent, "r_ads_reporting"),
        (error(404, "no such account", "NOT_FOUND"), Gone, "nothing there"),
        (error(414, "URI too long"), TooMuch, "too large"),
        (
            error(426, "Requested version 20230101 is not active", "NONEXISTENT_VERSION"),
            Permanent,
            "LINKEDIN_ADS_API_VERSION",
        ),
        (
            error(400, "Unknown field [/foo]", "ILLEGAL_ARGUMENT"),
            UnknownMetric,
            "a field is not served",
        ),
        (error(400, "Bad date range", "ILLEGAL_ARGUMENT"), Permanent, "refuses"),
        (error(503, "later"), Transient, "in trouble"),
    ],
)
def test_each_refusal_leads_to_its_decision(
    api: Restli, server: Scripted, reply: Reply, kind: type[SourceError], says: str
) -> None:
    server.says(reply)

    with pytest.raises(kind, match=says) as caught:
        api.get("adAccounts/1")

    assert type(caught.value) is kind


def test_a_days_quota_stops_until_midnight_in_utc(
    api: Restli, server: Scripted, time: FakeTime
) -> None:
    spent = "Resource level throttle APPLICATION DAY limit for calls to this resource is reached."
    server.says(error(429, spent, "TOO_MANY_REQUESTS"))

    with pytest.raises(WaitUntil) as caught:
        api.get("adAnalytics")

    assert caught.value.resumes_at == datetime(2026, 5, 11, tzinfo=UTC)
    assert time.slept == []


def test_a_limit_by_the_minute_is_waited_out(api: Restli, server: Scripted, time: FakeTime) -> None:
    server.says(error(429, "45 million metric values per 5 minute window"), Reply({"fine": 1}))

    assert api.get("adAnalytics") == {"fine": 1}
    assert time.slept == [60]


def test_retry_after_is_kept(api: Restli, server: Scripted, time: FakeTime) -> None:
    server.says(Reply({"status": 429}, 429, {"Retry-After": "7"}), Reply({"fine": 1}))

    assert api.get("adAnalytics") == {"fine": 1}
    assert time.slept == [7]


class Exchange:
    """LinkedIn's token endpoint, which tells the refresh token that it was given again."""

    def __init__(self) -> None:
        self.granted = 0
        self.good = ""

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/oauth/v2/accessToken":
            assert asked.form["refresh_token"] == "refresh-token-1"
            assert (asked.form["client_id"], asked.form["client_secret"]) == ("app", "secret-1")
            self.granted += 1
            self.good = f"access-token-{self.granted}"
            granted = {"access_token": self.good, "expires_in": 5_184_000}
            return Reply({**granted, "refresh_token": "refresh-token-1"})
        fine = asked.headers["Authorization"] == f"Bearer {self.good}"
        return Reply({"fine": 1}) if fine else error(401, "revoked", "REVOKED_ACCESS_TOKEN")


APP = {"client_id": "app", "client_secret": "secret-1", "refresh_token": "refresh-token-1"}


def test_an_access_token_is_kept_between_processes_and_renewed_before_its_sixty_days_end(
    server: Scripted, time: FakeTime, tmp_path: Path
) -> None:
    server.answer = exchange = Exchange()
    given = {**APP, "token_file": tmp_path / "tokens" / "linkedin_ads.json"}

    for days in (0, 30, 31):
        time.now += timedelta(days=days)
        assert build(server, time, **given).get("adAccounts/1") == {"fine": 1}

    assert exchange.granted == 2


def test_an_access_token_that_is_revoked_is_exchanged_at_once(
    server: Scripted, time: FakeTime, tmp_path: Path
) -> None:
    server.answer = exchange = Exchange()
    api = build(server, time, **APP, token_file=tmp_path / "linkedin_ads.json")
    api.get("adAccounts/1")
    exchange.good = ""

    assert api.get("adAccounts/1") == {"fine": 1}
    assert exchange.granted == 2


def test_the_refresh_tokens_own_end_is_told_of_before_it_comes(
    server: Scripted, time: FakeTime
) -> None:
    granted = {"access_token": "a", "expires_in": 5_184_000, "refresh_token_expires_in": 86_400}
    server.says(Reply(granted), Reply({"id": 1}))

    found = {each.what: each for each in build(server, time, **APP).health("adAccounts/1")}

    assert found["access token"].state is State.OK
    assert found["refresh token"].state is State.WARN
    assert "LINKEDIN_ADS_REFRESH_TOKEN" in found["refresh token"].remedy


def test_a_refused_refresh_token_names_its_setting(server: Scripted, time: FakeTime) -> None:
    server.says(Reply({"error": "invalid_grant", "error_description": "revoked"}, 400))

    with pytest.raises(DeadToken, match="LINKEDIN_ADS_REFRESH_TOKEN"):
        build(server, time, **APP).get("adAccounts/1")


def test_urns_end_in_ids_and_milliseconds_are_instants() -> None:
    assert tail("urn:li:sponsoredCampaign:1111") == "1111"
    assert tail(None) is None
    assert instant(1_612_137_600_123) == "2021-02-01T00:00:00.123+00:00"
    assert instant("soon") == "soon"
