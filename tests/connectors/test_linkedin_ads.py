"""LinkedIn ads: calls of twenty fields put together, silent caps, odd amounts, and structure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors import linkedin_ads as module
from pipelines.connectors.errors import Permanent
from pipelines.connectors.linkedin_ads import STREAMS, LinkedinAds, linkedin_ads, metric_names
from pipelines.connectors.stream import Account, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
ACCOUNT = Account("512345678", "UTC", "USD")
DAY = date(2023, 1, 3)
ONE_DAY = Window(DAY, DAY, "UTC")
# As it was seen on the wire.
ELEMENT = {
    "pivotValues": ["urn:li:sponsoredCampaign:1111"],
    "dateRange": {
        "start": {"year": 2023, "month": 1, "day": 3},
        "end": {"year": 2023, "month": 1, "day": 3},
    },
    "impressions": 20210,
    "clicks": 408,
    "costInUsd": "509.980",
}


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> LinkedinAds:
    return linkedin_ads(
        ["512345678"],
        access_token="access-token-0",
        base_url=server.url,
        oauth_base_url=server.url,
        version="202602",
        clock=time.clock,
    )


def analytics(server: Scripted, told: Callable[[list[str], Asked], list[dict[str, Any]]]) -> None:
    """Answers each call with what `told` makes of its fields."""

    def answer(asked: Asked) -> Reply:
        elements = told(asked.query["fields"].split(","), asked)
        return Reply({"paging": {"start": 0, "count": 10, "links": []}, "elements": elements})

    server.answer = answer


def only(element: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    return {name: value for name, value in element.items() if name in fields}


def rows(source: LinkedinAds, stream: str, window: Window = ONE_DAY) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for batch in source.read(BY_NAME[stream], ACCOUNT, window):
        assert batch.rejected == ()
        found += batch.rows.to_pylist()
    return found


def days_asked(asked: Asked) -> tuple[int, int]:
    first, last = re.findall(r"day:(\d+)", asked.query["dateRange"])
    return int(first), int(last)


def test_an_account_closes_its_days_in_utc(source: LinkedinAds, server: Scripted) -> None:
    server.says(Reply({"id": 512345678, "name": "Sari Laut", "currency": "USD"}))

    assert source.accounts() == [Account("512345678", "UTC", "USD", "Sari Laut")]
    assert server.asked[0].path == "/rest/adAccounts/512345678"


def test_a_call_asks_for_a_pivots_days_in_the_grammar(
    source: LinkedinAds, server: Scripted
) -> None:
    analytics(server, lambda fields, _: [])

    rows(source, "demographics_daily", Window(DAY, date(2023, 2, 1), "UTC"))

    assert server.asked[0].raw_query == (
        "q=analytics&pivot=(value:MEMBER_COUNTRY_V2)&timeGranularity=(value:DAILY)"
        "&dateRange=(start:(year:2023,month:1,day:3),end:(year:2023,month:2,day:1))"
        "&accounts=List(urn%3Ali%3AsponsoredAccount%3A512345678)"
        "&fields=dateRange,pivotValues,costInLocalCurrency,impressions,clicks,landingPageClicks,"
        "externalWebsiteConversions"
    )


def test_no_call_asks_for_more_than_twenty_fields(source: LinkedinAds, server: Scripted) -> None:
    analytics(server, lambda fields, _: [])

    rows(source, "creative_daily")

    asked = [call.query["fields"].split(",") for call in server.asked]
    assert max(len(fields) for fields in asked) == 20
    assert all(fields[:2] == ["dateRange", "pivotValues"] for fields in asked)
    named = [name for fields in asked for name in fields[2:]]
    assert sorted(named) == sorted(metric_names(BY_NAME["creative_daily"]))


def test_calls_are_put_together_by_day_and_pivot(source: LinkedinAds, server: Scripted) -> None:
    whole = {**ELEMENT, "costInLocalCurrency": "7", "sends": 3, "approximateMemberReach": 9}
    analytics(server, lambda fields, _: [only(whole, fields)])

    (row,) = rows(source, "campaign_daily")

    assert (row["date"], row["campaign_id"]) == (DAY, "1111")
    assert (row["impressions"], row["sends"], row["reach"]) == (20210, 3, 9)
    assert (row["cost"], row["cost_usd"]) == (Decimal(7), Decimal("509.980"))


def test_a_row_that_only_one_call_tells_is_kept_and_zero_in_the_others(
    source: LinkedinAds, server: Scripted
) -> None:
    late = {**ELEMENT, "pivotValues": ["urn:li:sponsoredCampaign:2"], "opens": 5}
    for name in ("impressions", "clicks", "costInUsd"):
        late.pop(name)

    def told(fields: list[str], _: Asked) -> list[dict[str, Any]]:
        return [only(late if "opens" in fields else ELEMENT, fields)]

    analytics(server, told)

    found = {row["campaign_id"]: row for row in rows(source, "campaign_daily")}

    assert set(found) == {"1111", "2"}
    assert (found["2"]["opens"], found["2"]["impressions"], found["2"]["cost"]) == (5, 0, 0)
    assert (found["1111"]["opens"], found["1111"]["impressions"]) == (0, 20210)


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ("-2E-18", "0"),
        ("107.5300000000000335346", "107.53"),
        ("99.99999999999996", "100"),
        ("1.5E+3", "1500"),
        ("509.980", "509.98"),
        ("0", "0"),
    ],
)
def test_amounts_in_scientific_notation_are_exact(
    source: LinkedinAds, server: Scripted, told: str, cost: str
) -> None:
    analytics(server, lambda fields, _: [only({**ELEMENT, "costInLocalCurrency": told}, fields)])

    (row,) = rows(source, "account_daily")

    assert row["cost"] == Decimal(cost)
    assert row["cost"].is_zero() or not row["cost"].is_signed()


@pytest.mark.parametrize("currency", ["IDR", "JPY", "USD", "EUR", "KWD"])
def test_amounts_are_in_major_units_of_every_currency(
    source: LinkedinAds, server: Scripted, currency: str
) -> None:
    element = {**ELEMENT, "costInLocalCurrency": "150000.125"}
    analytics(server, lambda fields, _: [only(element, fields)])

    (batch,) = source.read(BY_NAME["account_daily"], Account("512345678", "UTC", currency), ONE_DAY)

    (row,) = batch.rows.to_pylist()
    assert (row["currency"], row["cost"]) == (currency, Decimal("150000.125"))


def test_an_answer_as_long_as_the_cap_is_read_in_fewer_days(
    source: LinkedinAds, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ELEMENTS", 3)

    def told(fields: list[str], asked: Asked) -> list[dict[str, Any]]:
        first, last = days_asked(asked)
        return [
            only({**ELEMENT, "dateRange": {"start": {"year": 2023, "month": 1, "day": n}}}, fields)
            for n in range(first, last + 1)
        ][:3]

    analytics(server, told)

    found = rows(source, "campaign_daily", Window(DAY, date(2023, 1, 7), "UTC"))

    assert [row["date"].day for row in found] == [3, 4, 5, 6, 7]


def test_a_single_day_beyond_the_cap_lands_and_says_that_it_is_not_whole(
    source: LinkedinAds, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ELEMENTS", 1)
    analytics(server, lambda fields, _: [only(ELEMENT, fields)])

    (batch,) = source.read(BY_NAME["campaign_daily"], ACCOUNT, ONE_DAY)

    (row,) = batch.rows.to_pylist()
    assert (row["impressions"], row["opens"]) == (20210, None), "what was cut off is not known"
    assert batch.missing == ("rows beyond 1 of 2023-01-03 by CAMPAIGN",)


def test_no_rows_are_no_rows(source: LinkedinAds, server: Scripted) -> None:
    """LinkedIn answers so, too, where the token may read nothing."""
    analytics(server, lambda fields, _: [])

    assert rows(source, "campaign_daily") == []


def test_a_field_that_is_not_served_is_named_searched_for_once_and_the_rest_lands(
    source: LinkedinAds, server: Scripted
) -> None:
    def answer(asked: Asked) -> Reply:
        fields = asked.query["fields"].split(",")
        if "follows" in fields:
            return Reply({"status": 400, "message": "Unknown field [/follows]"}, 400)
        return Reply({"elements": [only(ELEMENT, fields)]})

    server.answer = answer
    (batch,) = source.read(BY_NAME["campaign_daily"], ACCOUNT, ONE_DAY)
    searched = len(server.asked)
    rows(source, "campaign_daily")

    assert batch.missing == ("metric follows: LinkedIn does not serve it",)
    (row,) = batch.rows.to_pylist()
    assert (row["follows"], row["impressions"], row["shares"]) == (None, 20210, 0)
    assert len(server.asked) - searched == 2


def test_a_field_that_one_trait_lacks_is_asked_for_of_the_others(
    source: LinkedinAds, server: Scripted
) -> None:
    def answer(asked: Asked) -> Reply:
        fields = asked.query["fields"].split(",")
        if "clicks" in fields and "SENIORITY" in asked.query["pivot"]:
            return Reply({"status": 400, "message": "Unknown field [/clicks]"}, 400)
        return Reply({"elements": [only(ELEMENT, fields)]})

    server.answer = answer

    clicks = {row["trait"]: row["clicks"] for row in rows(source, "demographics_daily")}

    assert clicks.pop("MEMBER_SENIORITY") is None
    assert set(clicks.values()) == {408}


def test_a_pivot_of_which_no_field_is_served_is_an_error_not_an_empty_day(
    source: LinkedinAds, server: Scripted
) -> None:
    server.says(Reply({"status": 400, "message": "Invalid value of field accounts"}, 400))

    with pytest.raises(Permanent, match="serves no field of ACCOUNT"):
        rows(source, "account_daily")


def test_members_traits_are_rows_of_their_own(source: LinkedinAds, server: Scripted) -> None:
    values = {
        "MEMBER_COUNTRY_V2": "urn:li:geo:103644278",
        "MEMBER_COMPANY_SIZE": "SIZE_2_TO_10",
    }

    def told(fields: list[str], asked: Asked) -> list[dict[str, Any]]:
        value = values.get(asked.query["pivot"][7:-1])
        return [only({**ELEMENT, "pivotValues": [value]}, fields)] if value else []

    analytics(server, told)

    found = {row["trait"]: row["trait_value"] for row in rows(source, "demographics_daily")}

    assert found == values


def test_a_day_that_is_none_goes_to_quarantine(source: LinkedinAds, server: Scripted) -> None:
    broken = {**ELEMENT, "dateRange": {"start": {"year": 2023, "month": 13, "day": 3}}}
    analytics(server, lambda fields, _: [only(broken, fields)])

    (batch,) = source.read(BY_NAME["account_daily"], ACCOUNT, ONE_DAY)

    assert [rejected.field for rejected in batch.rejected] == ["date"]


def test_removed_members_of_the_structure_are_asked_for(
    source: LinkedinAds, server: Scripted
) -> None:
    server.says(Reply({"elements": []}))

    for name in ("campaign_groups", "campaigns", "creatives"):
        rows(source, name)

    assert all("REMOVED" in asked.raw_query for asked in server.asked)
    assert server.asked[0].raw_query.startswith("q=search&search=(status:(values:List(ACTIVE,")
    assert server.asked[2].raw_query.startswith("q=criteria&intendedStatuses=List(ACTIVE,")


def test_a_campaign_knows_its_group_its_budget_and_its_time(
    source: LinkedinAds, server: Scripted
) -> None:
    campaign = {
        "id": 190000001,
        "name": "Ramadan",
        "campaignGroup": "urn:li:sponsoredCampaignGroup:610000001",
        "status": "ACTIVE",
        "dailyBudget": {"currencyCode": "USD", "amount": "12.50"},
        "runSchedule": {"start": 1775433600000},
    }
    server.says(Reply({"elements": [campaign]}))

    (row,) = rows(source, "campaigns")

    assert (row["id"], row["campaign_group_id"]) == ("190000001", "610000001")
    assert row["daily_budget"] == Decimal("12.50")
    assert (row["starts_at"].isoformat(), row["ends_at"]) == ("2026-04-06T00:00:00", None)
    assert row["_extra"] is None


@pytest.mark.parametrize(
    ("content", "reference", "landing_page"),
    [
        ({"reference": "urn:li:share:1"}, "urn:li:share:1", None),
        (
            {"textAd": {"landingPage": "https://a.example/?utm_x=1"}},
            None,
            "https://a.example/?utm_x=1",
        ),
        ({"spotlight": {"landingPage": {"url": "https://b.example"}}}, None, "https://b.example"),
    ],
)
def test_a_creative_tells_what_it_shows_and_where_it_leads(
    source: LinkedinAds,
    server: Scripted,
    content: dict[str, Any],
    reference: str | None,
    landing_page: str | None,
) -> None:
    creative = {
        "id": "urn:li:sponsoredCreative:330000001",
        "campaign": "urn:li:sponsoredCampaign:190000001",
        "intendedStatus": "ACTIVE",
        "isServing": True,
        "content": content,
        "createdAt": 1700000000000,
    }
    server.says(Reply({"elements": [creative]}))

    (row,) = rows(source, "creatives")

    assert (row["id"], row["campaign_id"]) == ("330000001", "190000001")
    assert (row["reference"], row["landing_page"]) == (reference, landing_page)
    assert row["created_at"].isoformat() == "2023-11-14T22:13:20"


def test_tracking_parameters_are_asked_for_by_campaign_and_may_be_none(
    source: LinkedinAds, server: Scripted
) -> None:
    tracked = {
        "adEntity": {"sponsoredCampaign": "urn:li:sponsoredCampaign:1"},
        "dynamicValueParameters": {"utm_content": "CREATIVE_ID"},
        "customValueParameters": {"utm_campaign": "ramadan"},
    }

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("adCampaigns"):
            return Reply({"elements": [{"id": 1}, {"id": 2}]})
        return Reply(tracked) if asked.path.endswith("%3A1))") else Reply({"status": 404}, 404)

    server.answer = answer

    (row,) = rows(source, "tracking_parameters")

    assert row["campaign_id"] == "1"
    assert row["dynamic_values"] == '{"utm_content":"CREATIVE_ID"}'
    assert row["custom_values"] == '{"utm_campaign":"ramadan"}'
    assert row["_extra"] is None
    assert server.asked[1].path == (
        "/rest/adTrackingParameters/(adEntity:(sponsoredCampaign:urn%3Ali%3AsponsoredCampaign%3A1))"
    )
