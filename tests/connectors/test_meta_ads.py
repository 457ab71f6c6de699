"""Meta ads: small windows at once, large ones by report, and what happens to lost reports."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import Transient
from pipelines.connectors.meta_ads import (
    FINISH_LIMIT,
    REPORT_TRIES,
    START_LIMIT,
    STREAMS,
    MetaAds,
    meta_ads,
)
from pipelines.connectors.stream import Account, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
ACCOUNT = Account("301", "Asia/Jakarta", "IDR")
DAY = date(2026, 5, 1)
FORTNIGHT = Window(DAY, date(2026, 5, 14), "Asia/Jakarta")
ONE_DAY = Window(DAY, DAY, "Asia/Jakarta")
ROW = {
    "campaign_id": "23854404676180548",
    "campaign_name": "Ramadan",
    "spend": "1500000",
    "impressions": "185",
    "clicks": "9",
    "date_start": "2026-05-01",
    "date_stop": "2026-05-01",
}


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> MetaAds:
    return meta_ads("token", ["act_301"], base_url=server.url, version="v25.0", clock=time.clock)


class Reports:
    """Plays the asynchronous side of the API: `fates[i]` are the statuses of the i-th report."""

    def __init__(self, *fates: list[Any]) -> None:
        self.fates = list(fates)
        self.asked: list[dict[str, str]] = []

    def __call__(self, asked: Asked) -> Reply:
        if asked.method == "POST":
            self.asked.append(asked.form)
            return Reply({"report_run_id": str(len(self.asked))})
        run, _, edge = asked.path.removeprefix("/v25.0/").partition("/")
        if edge:
            day = json.loads(self.asked[int(run) - 1]["time_range"])["since"]
            return Reply({"data": [{**ROW, "age": "18-24", "gender": "male", "date_start": day}]})
        fate = self.fates[min(int(run), len(self.fates)) - 1]
        status = fate.pop(0) if len(fate) > 1 else fate[0]
        if isinstance(status, Reply):
            return status
        return Reply({"id": run, "async_status": status, "async_percent_completion": 100})


def rows(source: MetaAds, stream: str, window: Window) -> list[dict[str, Any]]:
    batches = source.read(BY_NAME[stream], ACCOUNT, window)
    found: list[dict[str, Any]] = []
    for batch in batches:
        assert batch.rejected == ()
        found += batch.rows.to_pylist()
    return found


def test_the_account_tells_its_zone_and_currency(source: MetaAds, server: Scripted) -> None:
    server.says(Reply({"id": "act_301", "currency": "IDR", "timezone_name": "Asia/Jakarta"}))

    assert source.accounts() == [ACCOUNT]
    assert source.accounts() == [ACCOUNT]
    assert [asked.path for asked in server.asked] == ["/v25.0/act_301"]


def test_a_row_of_insights_becomes_typed_columns(source: MetaAds, server: Scripted) -> None:
    server.says(Reply({"data": [ROW]}))

    (row,) = rows(source, "insights_campaign", FORTNIGHT)

    assert row["account_id"] == "301"
    assert row["currency"] == "IDR"
    assert row["date_start"] == DAY
    assert row["spend"] == Decimal("1500000")
    assert row["impressions"] == 185
    assert row["campaign_id"] == "23854404676180548"
    assert row["actions"] is None, "absent actions are unknown, not none"
    assert row["_extra"] is None


def test_deleted_and_archived_objects_are_asked_for(source: MetaAds, server: Scripted) -> None:
    server.says(Reply({"data": []}))

    rows(source, "insights_ad", ONE_DAY)
    rows(source, "ads", ONE_DAY)

    filtering = json.loads(server.asked[0].query["filtering"])
    assert {"DELETED", "ARCHIVED"} <= set(filtering[0]["value"])
    assert {"DELETED", "ARCHIVED"} <= set(json.loads(server.asked[1].query["effective_status"]))


def test_breakdowns_of_many_days_come_by_report(
    source: MetaAds, server: Scripted, time: FakeTime
) -> None:
    reports = server.answer = Reports(["Job Not Started", "Job Running", "Job Completed"])

    assert len(rows(source, "insights_age_gender", FORTNIGHT)) == 1
    assert reports.asked[0]["breakdowns"] == "age,gender"
    assert time.slept == [0.25, 0.5]


def test_a_breakdown_of_one_day_is_answered_at_once(source: MetaAds, server: Scripted) -> None:
    server.says(Reply({"data": []}))

    rows(source, "insights_region", ONE_DAY)

    assert [asked.method for asked in server.asked] == ["GET"]


def test_a_hundred_per_cent_is_not_completed(source: MetaAds, server: Scripted) -> None:
    server.answer = Reports(["Job Running"] * 6 + ["Job Completed"])

    assert len(rows(source, "insights_age_gender", FORTNIGHT)) == 1


def test_a_report_that_is_not_found_yet_is_polled_again(source: MetaAds, server: Scripted) -> None:
    not_there = Reply({"error": {"code": 100, "error_subcode": 33, "message": "no such"}}, 400)
    server.answer = Reports([not_there, not_there, "Job Completed"])

    assert len(rows(source, "insights_age_gender", FORTNIGHT)) == 1


def test_a_failed_report_is_made_anew(source: MetaAds, server: Scripted) -> None:
    reports = server.answer = Reports(["Job Failed"], ["Job Completed"])

    assert len(rows(source, "insights_age_gender", FORTNIGHT)) == 1
    assert len(reports.asked) == 2


def test_a_window_whose_reports_are_lost_is_halved(source: MetaAds, server: Scripted) -> None:
    reports = server.answer = Reports(["Job Failed"], ["Job Skipped"], ["Job Completed"])

    found = rows(source, "insights_age_gender", FORTNIGHT)

    spans = [json.loads(form["time_range"]) for form in reports.asked]
    assert [(span["since"][-2:], span["until"][-2:]) for span in spans] == [
        ("01", "14"),
        ("01", "14"),
        ("01", "07"),
        ("08", "14"),
    ]
    assert [row["date_start"].day for row in found] == [1, 8]


@pytest.mark.parametrize(
    ("status", "limit"), [("Job Not Started", START_LIMIT), ("Job Running", FINISH_LIMIT)]
)
def test_a_stuck_report_is_given_up_and_made_anew(
    source: MetaAds, server: Scripted, time: FakeTime, status: str, limit: float
) -> None:
    reports = server.answer = Reports([status], ["Job Completed"])

    assert len(rows(source, "insights_age_gender", FORTNIGHT)) == 1
    assert len(reports.asked) == 2
    assert limit <= sum(time.slept) <= limit + 60


def test_reports_lost_down_to_single_days_end_as_transient(
    source: MetaAds, server: Scripted
) -> None:
    reports = server.answer = Reports(["Job Failed"])
    two_days = Window(DAY, date(2026, 5, 2), "Asia/Jakarta")

    def refuse_days(asked: Asked) -> Reply:
        if asked.method == "GET" and "insights" in asked.path:
            return Reply({"error": {"code": 100, "error_subcode": 1487534, "message": "big"}}, 400)
        return reports(asked)

    server.answer = refuse_days
    with pytest.raises(Transient) as caught:
        rows(source, "insights_age_gender", two_days)

    assert len(reports.asked) == REPORT_TRIES
    assert str(caught.value).startswith("meta_ads insights_age_gender 301: ")


def test_an_account_that_cannot_be_described_raises_when_it_is_read(
    server: Scripted, time: FakeTime
) -> None:
    source = meta_ads("t", ["1", "2"], base_url=server.url, version="v25.0", clock=time.clock)
    told = {"currency": "USD", "timezone_name": "America/Los_Angeles"}
    gone = {"error": {"code": 100, "error_subcode": 33, "message": "Object does not exist"}}
    server.answer = lambda asked: Reply(gone, 400) if "act_1" in asked.path else Reply(told)

    bad, good = source.accounts()

    assert good.timezone == "America/Los_Angeles"
    with pytest.raises(Exception, match=r"Object does not exist.*Check that 1 is right"):
        next(iter(source.read(STREAMS[0], bad, ONE_DAY)))


def test_a_dead_token_is_told_for_every_account_and_asked_with_once(
    server: Scripted, time: FakeTime
) -> None:
    source = meta_ads("t", ["1", "2"], base_url=server.url, version="v25.0", clock=time.clock)
    server.says(Reply({"error": {"code": 190, "message": "expired"}}, 401))

    for account in source.accounts():
        for stream in STREAMS:
            with pytest.raises(Exception, match="META_ADS_ACCESS_TOKEN"):
                list(source.read(stream, account, ONE_DAY))
    assert len(server.asked) == 1
