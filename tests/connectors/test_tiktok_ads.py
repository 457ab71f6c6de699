"""TikTok ads: codes under HTTP 200, JSON-text lists, mixed types, the account's own days."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import (
    DeadToken,
    Decision,
    Permanent,
    SourceError,
    Transient,
    WaitUntil,
    decide,
)
from pipelines.connectors.health import State
from pipelines.connectors.http import Answer
from pipelines.connectors.stream import Account, Window
from pipelines.connectors.tiktok_ads import (
    PLATFORM,
    RULES,
    STREAMS,
    TikTokAds,
    tiktok_ads,
    tiktok_ads_signal,
    url_tags,
)

BY_NAME = {stream.name: stream for stream in STREAMS}
ADVERTISER = "7001035076276387841"
ACCOUNT = Account(ADVERTISER, "Asia/Jakarta", "IDR")
DAY = date(2026, 5, 1)
ONE_DAY = Window(DAY, DAY, "Asia/Jakarta")
FORTNIGHT = Window(DAY, date(2026, 5, 14), "Asia/Jakarta")
# The documented example of a report, its types as TikTok mixes them.
ROW = {
    "dimensions": {"ad_id": "1714125049901106", "stat_time_day": "2026-05-01 00:00:00"},
    "metrics": {
        "campaign_id": 1714125042508817,
        "adgroup_id": "1714125049901106",
        "campaign_name": "Website Traffic",
        "spend": "20.00",
        "impressions": "5830",
        "clicks": 36,
        "conversion": 3.0,
        "reach": "-",
        "complete_payment": "-",
        "vta_complete_payment": None,
        "total_complete_payment_rate": "-",
    },
}


def ok(*rows: Any, page: int = 1, pages: int = 1) -> Reply:
    info = {"page": page, "page_size": 1000, "total_number": len(rows), "total_page": pages}
    data = {"list": list(rows), "page_info": info}
    return Reply({"code": 0, "message": "OK", "request_id": "1", "data": data})


def refused(code: int, message: str = "no") -> Reply:
    return Reply({"code": code, "message": message, "request_id": "1", "data": {}})


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> TikTokAds:
    return tiktok_ads(
        "a-token-of-tiktok", [ADVERTISER], base_url=server.url, version="v1.3", clock=time.clock
    )


def rows(
    source: TikTokAds, stream: str, window: Window = ONE_DAY, account: Account = ACCOUNT
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for batch in source.read(BY_NAME[stream], account, window):
        assert batch.rejected == ()
        found += batch.rows.to_pylist()
    return found


def test_an_account_closes_its_days_in_the_zone_that_knows_summer_time(
    source: TikTokAds, server: Scripted
) -> None:
    server.says(
        ok(
            {
                "advertiser_id": int(ADVERTISER),
                "name": "Sari",
                "currency": "USD",
                "timezone": "Etc/GMT+8",
                "display_timezone": "America/Los_Angeles",
            }
        )
    )
    assert source.accounts() == [Account(ADVERTISER, "America/Los_Angeles", "USD", "Sari")]
    (asked,) = server.asked
    assert asked.path == "/open_api/v1.3/advertiser/info/"
    assert json.loads(asked.query["advertiser_ids"]) == [ADVERTISER]
    assert asked.headers["Access-Token"] == "a-token-of-tiktok"


def test_an_account_without_such_a_zone_has_the_other(source: TikTokAds, server: Scripted) -> None:
    server.says(ok({"currency": "RUB", "timezone": "Europe/Moscow", "display_timezone": None}))
    assert source.accounts()[0].timezone == "Europe/Moscow"


def test_an_account_that_tiktok_does_not_tell_of_says_so(
    source: TikTokAds, server: Scripted
) -> None:
    server.says(ok())
    with pytest.raises(SourceError, match=f"no advertiser {ADVERTISER}.*Check that"):
        rows(source, "reports_ad", account=source.accounts()[0])


def test_mixed_types_become_typed_columns_and_what_is_not_known_stays_so(
    source: TikTokAds, server: Scripted
) -> None:
    server.says(ok(ROW))
    (row,) = rows(source, "reports_ad")
    assert (row["advertiser_id"], row["currency"]) == (ADVERTISER, "IDR")
    assert (row["ad_id"], row["campaign_id"]) == ("1714125049901106", "1714125042508817")
    assert (row["stat_time_day"], row["spend"]) == (DAY, Decimal("20.00"))
    assert (row["impressions"], row["clicks"], row["conversion"]) == (5830, 36, 3)
    for unknown in ("reach", "complete_payment", "vta_complete_payment", "complete_payment_value"):
        assert row[unknown] is None
    assert row["_extra"] is None


def test_an_id_above_2_to_the_53_keeps_each_digit(source: TikTokAds, server: Scripted) -> None:
    server.says(ok({"campaign_id": 1812000000000000001, "campaign_name": "A"}))
    (row,) = rows(source, "campaigns")
    assert row["campaign_id"] == "1812000000000000001"


@pytest.mark.parametrize(
    ("currency", "spend"),
    [("IDR", "150000.00"), ("JPY", "1500"), ("USD", "0.07"), ("EUR", "12.345"), ("KWD", "1.234")],
)
def test_money_is_in_major_units_of_the_accounts_currency(
    source: TikTokAds, server: Scripted, currency: str, spend: str
) -> None:
    server.says(ok({**ROW, "metrics": {"spend": spend}}))
    (row,) = rows(source, "reports_ad", account=Account(ADVERTISER, "UTC", currency))
    assert (row["spend"], row["currency"]) == (Decimal(spend), currency)


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        # Los Angeles puts its clocks forward and back; the days asked for are its own.
        ("America/Los_Angeles", ("2026-03-08", "2026-11-01")),
        ("Asia/Jakarta", ("2026-05-01", "2026-05-02")),
        ("Europe/London", ("2026-03-29", "2026-10-25")),
        ("UTC", ("2026-12-31", "2027-01-01")),
    ],
)
def test_days_are_the_accounts_own(
    source: TikTokAds, server: Scripted, zone: str, days: tuple[str, str]
) -> None:
    server.answer = lambda asked: ok(
        {
            **ROW,
            "dimensions": {"ad_id": "1", "stat_time_day": f"{asked.query['start_date']} 00:00:00"},
        }
    )
    for told in days:
        day = date.fromisoformat(told)
        (row,) = rows(
            source, "reports_ad", Window(day, day, zone), Account(ADVERTISER, zone, "USD")
        )
        assert row["stat_time_day"] == day
    assert [(a.query["start_date"], a.query["end_date"]) for a in server.asked] == [
        (day, day) for day in days
    ]


def test_lists_are_json_text_and_deleted_objects_are_asked_for(
    source: TikTokAds, server: Scripted
) -> None:
    server.says(ok())
    rows(source, "audience_age_gender")
    rows(source, "ads")
    report, ads = (asked.query for asked in server.asked)
    assert json.loads(report["dimensions"]) == ["campaign_id", "age", "gender", "stat_time_day"]
    assert (report["report_type"], report["data_level"]) == ("AUDIENCE", "AUCTION_CAMPAIGN")
    (condition,) = json.loads(report["filtering"])
    assert condition["field_name"] == "campaign_status"
    assert json.loads(condition["filter_value"]) == ["STATUS_ALL"]
    assert json.loads(ads["filtering"]) == {"secondary_status": "AD_STATUS_ALL"}
    assert "landing_page_url" in json.loads(ads["fields"])
    assert "url_tags" not in json.loads(ads["fields"]), "that is worked out here"


def test_the_accounts_total_is_a_report_of_its_own(source: TikTokAds, server: Scripted) -> None:
    day = {"advertiser_id": ADVERTISER, "stat_time_day": "2026-05-01 00:00:00"}
    server.says(ok({"dimensions": day, "metrics": {"spend": "1"}}))
    (row,) = rows(source, "reports_advertiser")
    assert (row["spend"], row["_extra"]) == (Decimal(1), None)
    assert server.asked[0].query["data_level"] == "AUCTION_ADVERTISER"
    assert "filtering" not in server.asked[0].query


def test_pages_are_followed_by_number(source: TikTokAds, server: Scripted) -> None:
    pages = 3
    server.answer = lambda asked: ok(
        {
            **ROW,
            "dimensions": {"ad_id": asked.query["page"], "stat_time_day": "2026-05-01 00:00:00"},
        },
        page=int(asked.query["page"]),
        pages=pages,
    )
    assert [row["ad_id"] for row in rows(source, "reports_ad")] == ["1", "2", "3"]
    assert len(server.asked) == pages


def test_no_report_covers_more_than_thirty_days(source: TikTokAds, server: Scripted) -> None:
    server.says(ok())
    rows(source, "reports_ad", Window(DAY, date(2026, 7, 4), "Asia/Jakarta"))
    assert [(a.query["start_date"], a.query["end_date"]) for a in server.asked] == [
        ("2026-05-01", "2026-05-30"),
        ("2026-05-31", "2026-06-29"),
        ("2026-06-30", "2026-07-04"),
    ]


def test_a_report_that_is_too_large_is_asked_for_in_halves(
    source: TikTokAds, server: Scripted
) -> None:
    def answer(asked: Asked) -> Reply:
        first, last = (date.fromisoformat(asked.query[n]) for n in ("start_date", "end_date"))
        if (last - first).days >= 7:
            return refused(40067, "The data volume is too large.")
        return ok({**ROW, "dimensions": {"ad_id": "1", "stat_time_day": f"{first} 00:00:00"}})

    server.answer = answer
    found = rows(source, "reports_ad", FORTNIGHT)
    assert [row["stat_time_day"].day for row in found] == [1, 8]


def knows_no(*unknown: str) -> Callable[[Asked], Reply]:
    """A TikTok that refuses calls with these metrics, and names one of them."""

    def answer(asked: Asked) -> Reply:
        wrong = [name for name in json.loads(asked.query["metrics"]) if name in unknown]
        return refused(40002, f"Invalid metric fields: {wrong[:1]}.") if wrong else ok(ROW)

    return answer


def test_a_metric_that_an_account_does_not_have_is_left_out_and_named(
    source: TikTokAds, server: Scripted
) -> None:
    server.answer = knows_no("vta_complete_payment", "reach")
    stream = BY_NAME["reports_ad"]
    (batch,) = source.read(stream, ACCOUNT, ONE_DAY)
    assert batch.rows.num_rows == 1
    assert sorted(batch.missing) == [
        "metric reach: the platform no longer serves it",
        "metric vta_complete_payment: the platform no longer serves it",
    ]
    asked = len(server.asked)
    assert next(source.read(stream, ACCOUNT, ONE_DAY)).missing == batch.missing
    assert len(server.asked) == asked + 1, "it is searched for once"


def test_the_times_of_objects_are_utc_and_those_of_a_schedule_are_days_of_the_account(
    source: TikTokAds, server: Scripted
) -> None:
    server.says(
        ok(
            {
                "advertiser_id": int(ADVERTISER),
                "adgroup_id": 1728545385226289,
                "campaign_id": 1728545382536225,
                "adgroup_name": "A",
                "schedule_type": "SCHEDULE_START_END",
                "schedule_start_time": "2026-04-30 17:00:00",
                "schedule_end_time": "2026-05-31 16:59:59",
                "create_time": "2026-04-28 12:09:07",
                "modify_time": None,
            },
            {
                "adgroup_id": 2,
                "schedule_type": "SCHEDULE_FROM_NOW",
                "schedule_start_time": "2026-04-30 16:59:59",
                "schedule_end_time": "2036-04-30 16:59:59",
            },
        )
    )
    first, second = rows(source, "adgroups")
    assert first["create_time"] == datetime.fromisoformat("2026-04-28T12:09:07")
    assert first["modify_time"] is None, "Smart+ has none"
    assert (first["first_day"], first["last_day"]) == (DAY, date(2026, 5, 31))
    assert (second["first_day"], second["last_day"]) == (date(2026, 4, 30), None)


AD = {
    "ad_id": 1728545390695442,
    "adgroup_id": 1728545385226289,
    "campaign_id": 1728545382536225,
    "campaign_name": "Ramadan & Raya",
    "landing_page_url": "https://www.sarilaut.co.id/p?variant=3&utm_source=tiktok#top",
    "utm_params": [
        {"key": "utm_campaign", "value": "__CAMPAIGN_NAME__"},
        {"key": "utm_content", "value": "__CID__"},
        {"key": "utm_term", "value": "__PLACEMENT__"},
    ],
}


def test_an_ads_link_has_its_own_parameters_and_those_that_tiktok_adds() -> None:
    assert url_tags(AD) == (
        "variant=3&utm_source=tiktok&utm_campaign=Ramadan+%26+Raya"
        "&utm_content=1728545390695442&utm_term=__PLACEMENT__"
    )
    assert url_tags({"landing_page_url": "https://a.example/", "utm_params": None}) is None
    assert url_tags({"landing_page_url": None}) is None


def test_ads_land_with_the_parameters_of_their_links(source: TikTokAds, server: Scripted) -> None:
    server.says(ok(AD))
    (row,) = rows(source, "ads")
    assert row["url_tags"].startswith("variant=3&utm_source=tiktok&utm_campaign=Ramadan")
    assert json.loads(row["utm_params"])[1]["value"] == "__CID__"
    assert row["_extra"] is None


WAITED = (40100, 40132, 61000, 50000, 50002, 40200, 40201, 40202, 40700)


@pytest.mark.parametrize("code", WAITED)
def test_refusals_for_pace_and_trouble_are_waited_out(
    source: TikTokAds, server: Scripted, time: FakeTime, code: int
) -> None:
    server.says(refused(code), refused(code), ok(ROW))
    assert len(rows(source, "reports_ad")) == 1
    assert len(time.slept) == 2
    assert source.stats.waits == 2


def test_pace_that_never_comes_is_left_to_a_later_run(
    source: TikTokAds, server: Scripted, time: FakeTime
) -> None:
    server.says(refused(40100, "Too many requests"))
    with pytest.raises(WaitUntil, match="a rate limit is reached"):
        rows(source, "reports_ad")
    assert sum(time.slept) > 60, "longer than the minute over which TikTok counts"


def test_maintenance_says_when_to_come_again(source: TikTokAds, server: Scripted) -> None:
    server.says(refused(60001, "maintenance"))
    with pytest.raises(WaitUntil, match=r"maintenance.*It may go on at 2026-05-10 10:00 UTC"):
        rows(source, "reports_ad")
    assert len(server.asked) == 1


@pytest.mark.parametrize("code", [40102, 40104, 40105, 40110, 40101, 40113])
def test_refused_credentials_are_told_once_and_never_shown(
    source: TikTokAds, server: Scripted, code: int
) -> None:
    server.says(refused(code, "Access token a-token-of-tiktok is incorrect"))
    for stream in STREAMS:
        with pytest.raises(DeadToken) as caught:
            rows(source, stream.name)
        assert "a-token-of-tiktok" not in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("code", "message", "says"),
    [
        (40001, "No permission to operate advertiser", "TIKTOK_ADS_ADVERTISERS"),
        (40002, "You do not have permission for this field", "TIKTOK_ADS_ADVERTISERS"),
        (40300, "advertiser does not exist", "TIKTOK_ADS_ADVERTISERS"),
        (40002, "start_date: Not a valid date.", "TIKTOK_ADS_API_VERSION"),
        (41002, "fields are offline", "TIKTOK_ADS_API_VERSION"),
    ],
)
def test_what_a_person_must_mend_is_not_asked_again(
    source: TikTokAds, server: Scripted, code: int, message: str, says: str
) -> None:
    server.says(refused(code, message))
    with pytest.raises(Permanent, match=says):
        rows(source, "reports_ad")
    assert len(server.asked) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.decision}: {rule.because}")
def test_every_row_of_the_table_can_decide(rule: Any) -> None:
    """No row stands behind one that takes all of its signals."""
    for code in rule.code or ("",):
        body = {"code": int(code), "message": rule.says} if code else None
        answer = Answer(next(iter(rule.status), 200), {}, body)
        signal = tiktok_ads_signal(answer)
        assert signal is not None
        assert decide(PLATFORM.rules, signal) is rule


def test_a_service_that_fails_behind_tiktok_is_asked_again(
    source: TikTokAds, server: Scripted
) -> None:
    server.says(refused(51010), Reply(b"<html>Bad gateway</html>", 502), ok(ROW))
    assert len(rows(source, "reports_ad")) == 1
    assert source.stats.retries == 2


def test_trouble_without_end_is_passing(source: TikTokAds, server: Scripted) -> None:
    server.says(Reply(b"<html>Bad gateway</html>", 502))
    with pytest.raises(Transient):
        rows(source, "reports_ad")


def test_a_code_of_no_row_stops_with_what_tiktok_said(source: TikTokAds, server: Scripted) -> None:
    server.says(refused(49999, "something new"))
    with pytest.raises(Permanent, match=r"code 49999.*something new"):
        rows(source, "reports_ad")


def test_a_suspended_account_is_told_before_it_is_missed(
    source: TikTokAds, server: Scripted
) -> None:
    told = {"currency": "IDR", "timezone": "Asia/Jakarta", "status": "STATUS_LIMIT"}
    server.says(ok(told))
    found = {finding.what: finding for finding in source.health(ACCOUNT)}
    assert (found["account"].state, found["account"].detail) == (State.WARN, "STATUS_LIMIT")
    assert found["account"].remedy
    assert "clock" in found


def test_decisions_are_those_that_the_loop_knows() -> None:
    assert {rule.decision for rule in RULES} <= set(Decision)
