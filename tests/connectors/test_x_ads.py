"""X Ads: two placements added up, days of the account's zone, jobs and their files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from recorded import recorded
from scripted import Asked, FakeTime, Reply, Scripted

from pipelines.connectors.errors import DeadToken, Permanent, Transient, decide
from pipelines.connectors.http import Answer
from pipelines.connectors.oauth1 import Keys
from pipelines.connectors.stream import Account, Batch, Window
from pipelines.connectors.x_ads import STREAMS, XAds, added_up, x_ads
from pipelines.connectors.x_ads import Asked as Question
from pipelines.connectors.x_platform import RULES, x_signal

BY_NAME = {stream.name: stream for stream in STREAMS}
ACCOUNT = Account("18ce54d4x5t", "Asia/Jakarta", "IDR")
WEEK = Window(date(2026, 5, 1), date(2026, 5, 7), "Asia/Jakarta")
LONG = Window(date(2026, 5, 1), date(2026, 5, 8), "Asia/Jakarta")
KEYS = Keys("app", "app-secret-of-the-test", "user-token-of-the-test", "user-secret-of-the-test")


@pytest.fixture
def source(server: Scripted, time: FakeTime) -> XAds:
    return x_ads(KEYS, [ACCOUNT.id], base_url=server.url, version="12", clock=time.clock)


def figures(*entities: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    data = [
        {"id": entity, "id_data": [{"segment": None, "metrics": metrics}]}
        for entity, metrics in entities
    ]
    return {"data_type": "stats", "data": data}


def serve(server: Scripted, **answers: Callable[[Asked], Any]) -> None:
    """Answers each edge by its last part; `data` alone is wrapped as a list."""

    def answer(asked: Asked) -> Reply:
        name = asked.path.rpartition("/")[2]
        found = answers.get(name) or answers.get("stats")
        told = found(asked) if found else {"data": []}
        return told if isinstance(told, Reply) else Reply(told)

    server.answer = answer


def active(*ids: str) -> Callable[[Asked], dict[str, Any]]:
    return lambda _: {"data": [{"entity_id": each} for each in ids]}


def read(
    source: XAds, name: str, window: Window = WEEK
) -> tuple[list[dict[str, Any]], list[Batch]]:
    batches = list(source.read(BY_NAME[name], ACCOUNT, window))
    assert all(batch.rejected == () for batch in batches)
    return [row for batch in batches for row in batch.rows.to_pylist()], batches


def week(**days: int) -> list[int]:
    """A series of a week with values on some days: `d2=5` is five on the second."""
    return [days.get(f"d{number}", 0) for number in range(1, 8)]


# --- figures --------------------------------------------------------------------------------------


def test_a_day_is_the_sum_of_both_placements(source: XAds, server: Scripted) -> None:
    def stats(asked: Asked) -> dict[str, Any]:
        if asked.query["placement"] == "PUBLISHER_NETWORK":
            return figures(("8abc", {"impressions": week(d2=1), "clicks": None}))
        return figures(
            (
                "8abc",
                {
                    "impressions": week(d2=10, d3=4),
                    "clicks": week(d2=2),
                    "billed_charge_local_micro": week(d2=1_234_560_000),
                    "likes": None,
                },
            )
        )

    serve(server, active_entities=active("8abc"), stats=stats)
    second, third = read(source, "stats_campaign")[0]
    assert (second["campaign_id"], second["date"]) == ("8abc", date(2026, 5, 2))
    assert (second["impressions"], second["clicks"]) == (11, 2)
    assert second["billed_charge"] == Decimal("1234.56")
    assert (third["date"], third["impressions"], third["clicks"]) == (date(2026, 5, 3), 4, 0)
    # Neither placement told of likes: no activity is known.
    assert second["likes"] is None


@pytest.mark.parametrize(
    ("currency", "micros", "amount"),
    [
        ("IDR", 150_000_000_000, "150000"),
        ("JPY", 1_500_000_000, "1500"),
        ("USD", 14_350_001, "14.350001"),
        ("EUR", 10_000, "0.01"),
        ("KWD", 1_234_000, "1.234"),
    ],
)
def test_money_is_micros_of_the_currency_whatever_its_minor_unit(
    source: XAds, server: Scripted, currency: str, micros: int, amount: str
) -> None:
    day = Window(date(2026, 5, 1), date(2026, 5, 1), "Asia/Jakarta")
    serve(server, stats=lambda _: figures((ACCOUNT.id, {"billed_charge_local_micro": [micros]})))
    account = Account(ACCOUNT.id, "Asia/Jakarta", currency)
    (batch,) = source.read(BY_NAME["stats_account"], account, day)
    (row,) = batch.rows.to_pylist()
    # Both placements answered the same.
    assert (row["billed_charge"], row["currency"]) == (2 * Decimal(amount), currency)


@pytest.mark.parametrize(
    ("zone", "first", "last", "start", "end"),
    [
        ("Asia/Jakarta", "2026-05-01", "2026-05-07", "2026-04-30T17", "2026-05-07T17"),
        ("UTC", "2026-05-01", "2026-05-07", "2026-05-01T00", "2026-05-08T00"),
        ("Europe/London", "2026-05-01", "2026-05-01", "2026-04-30T23", "2026-05-01T23"),
        ("America/Los_Angeles", "2026-03-07", "2026-03-09", "2026-03-07T08", "2026-03-10T07"),
        ("America/Los_Angeles", "2026-10-31", "2026-11-02", "2026-10-31T07", "2026-11-03T08"),
    ],
)
def test_days_are_asked_for_by_the_accounts_midnights(
    zone: str, first: str, last: str, start: str, end: str
) -> None:
    window = Window(date.fromisoformat(first), date.fromisoformat(last), zone)
    params = Question("CAMPAIGN", ("a",), window, "ALL_ON_TWITTER").params
    assert (params["start_time"], params["end_time"]) == (f"{start}:00:00Z", f"{end}:00:00Z")


def test_a_recorded_answer_is_read_as_it_is() -> None:
    body = recorded("twitter_x/xads_analytics_sync_stats.json")
    day = Window(date(2019, 1, 1), date(2019, 1, 1), "UTC")
    counted = {"impressions": 1, "likes": 1, "engagements": 1, "clicks": 1}
    assert added_up(day, [body]) == [
        {"id": "aaaa", "date": "2019-01-01", **counted},
        {"id": "bbbb", "date": "2019-01-01", **dict.fromkeys(counted, 2)},
    ]


def test_a_recorded_answer_becomes_typed_rows(source: XAds, server: Scripted) -> None:
    """Of the other placement nothing is told; what is null is unknown, and not zero."""
    body = recorded("twitter_x/xads_analytics_sync_stats.json")
    on_x = {"PUBLISHER_NETWORK": figures(), "ALL_ON_TWITTER": body}
    serve(
        server,
        active_entities=active("aaaa", "bbbb"),
        stats=lambda asked: on_x[asked.query["placement"]],
    )
    found, _ = read(source, "stats_campaign", Window(date(2019, 1, 1), date(2019, 1, 1), "UTC"))
    for row, (campaign, count) in zip(found, [("aaaa", 1), ("bbbb", 2)], strict=True):
        assert row == {
            **dict.fromkeys(row, None),
            "account_id": ACCOUNT.id,
            "currency": ACCOUNT.currency,
            "campaign_id": campaign,
            "date": date(2019, 1, 1),
            "impressions": count,
            "likes": count,
            "engagements": count,
            "clicks": count,
        }


def test_claimed_purchases_are_told_by_engagement_and_by_view(
    source: XAds, server: Scripted
) -> None:
    claimed = {
        "post_engagement": week(d1=3),
        "post_view": week(d1=1),
        "sale_amount": week(d1=450_000_000_000),
        "assisted": None,
        "order_quantity": week(d1=9),
    }
    only_here = {"conversion_purchases": claimed}

    def stats(asked: Asked) -> dict[str, Any]:
        network = asked.query["placement"] == "PUBLISHER_NETWORK"
        return figures(("a", {"conversion_purchases": None} if network else only_here))

    serve(server, active_entities=active("a"), stats=stats)
    (row,), _ = read(source, "stats_campaign")
    assert (row["purchases_click"], row["purchases_view"]) == (3, 1)
    assert row["purchases_value"] == Decimal(450_000)


def test_only_what_was_active_is_asked_for_twenty_at_a_time(source: XAds, server: Scripted) -> None:
    ids = [f"a{number:02d}" for number in range(45)]
    serve(server, active_entities=active(*ids), stats=lambda _: figures())
    assert read(source, "stats_campaign")[0] == []
    first, *asked = server.asked
    assert first.query == {
        "entity": "CAMPAIGN",
        "start_time": "2026-04-30T17:00:00Z",
        "end_time": "2026-05-07T17:00:00Z",
    }
    assert [len(each.query["entity_ids"].split(",")) for each in asked] == [20, 20, 20, 20, 5, 5]
    assert [each.query["placement"] for each in asked] == [
        "ALL_ON_TWITTER",
        "PUBLISHER_NETWORK",
    ] * 3


def test_promoted_posts_are_given_their_line_item_and_campaign_where_a_list_has_them(
    source: XAds, server: Scripted
) -> None:
    serve(
        server,
        active_entities=active("p1", "p2"),
        line_items=lambda _: {"data": [{"id": "l1", "campaign_id": "c1"}]},
        promoted_tweets=lambda _: {"data": [{"id": "p1", "line_item_id": "l1"}]},
        stats=lambda asked: figures(
            *((each, {"clicks": week(d1=1)}) for each in asked.query["entity_ids"].split(","))
        ),
    )
    rows, _ = read(source, "stats_promoted_tweet")
    assert [
        (row["promoted_tweet_id"], row["line_item_id"], row["campaign_id"]) for row in rows
    ] == [
        ("p1", "l1", "c1"),
        ("p2", None, None),
    ]
    listed = [asked for asked in server.asked if asked.path.endswith(("_items", "_tweets"))]
    assert {asked.query["with_deleted"] for asked in listed} == {"true"}


def test_a_series_of_another_length_is_not_given_to_days(source: XAds, server: Scripted) -> None:
    serve(server, active_entities=active("a"), stats=lambda _: figures(("a", {"clicks": [1, 2]})))
    with pytest.raises(Permanent, match="clicks of a has 2 days, not 7"):
        read(source, "stats_campaign")


# --- jobs -----------------------------------------------------------------------------------------


class Jobs:
    """Jobs on a scripted server; they end as `endings` say, in the order of their making."""

    def __init__(self, server: Scripted, *endings: str, polls: int = 2) -> None:
        self.made: list[dict[str, str]] = []
        self._server = server
        self._endings = list(endings)
        self._polls = polls
        serve(
            server,
            **{
                ACCOUNT.id: self.answer,
                "active_entities": active("a"),
                "stats": self.file,
            },
        )

    def answer(self, asked: Asked) -> Any:
        if asked.method == "POST":
            self.made.append(asked.form)
            return {"data": {"id_str": str(2**60 + len(self.made))}}
        self._polls -= 1
        ids = asked.query["job_ids"].split(",")
        return {"data": [self.state(each) for each in ids], "next_cursor": None}

    def state(self, job: str) -> dict[str, Any]:
        number = int(job) - 2**60
        ending = self._endings[number - 1] if number <= len(self._endings) else "SUCCESS"
        status = ending if self._polls <= 0 else "PROCESSING"
        url = f"{self._server.url}/files/{job}.json.gz" if status == "SUCCESS" else None
        return {"id": int(job), "id_str": job, "status": status, "url": url}

    def file(self, asked: Asked) -> Reply:
        assert "Authorization" not in asked.headers
        days = 8 if len(self.made) <= 4 else 4
        body = figures(("a", {"impressions": [1] * days}))
        return Reply(gzip.compress(json.dumps(body).encode()))


def test_more_than_a_week_is_asked_for_by_jobs_whose_files_are_unpacked(
    source: XAds, server: Scripted, time: FakeTime
) -> None:
    jobs = Jobs(server)
    rows, _ = read(source, "stats_campaign", LONG)
    assert [row["impressions"] for row in rows] == [2] * 8
    assert [job["placement"] for job in jobs.made] == ["ALL_ON_TWITTER", "PUBLISHER_NETWORK"]
    assert jobs.made[0]["end_time"] == "2026-05-08T17:00:00Z"
    assert time.slept == [0.5]
    polled = next(asked for asked in server.asked if "job_ids" in asked.query)
    assert polled.query["job_ids"] == f"{2**60 + 1},{2**60 + 2}"


def test_a_failed_job_is_made_anew_and_the_others_are_not(source: XAds, server: Scripted) -> None:
    jobs = Jobs(server, "SUCCESS", "FAILED")
    rows, _ = read(source, "stats_campaign", LONG)
    assert [row["impressions"] for row in rows] == [2] * 8
    assert [job["placement"] for job in jobs.made] == [
        "ALL_ON_TWITTER",
        "PUBLISHER_NETWORK",
        "PUBLISHER_NETWORK",
    ]


def test_jobs_that_fail_again_are_asked_for_by_halves(source: XAds, server: Scripted) -> None:
    """Half of eight days needs no job."""
    jobs = Jobs(server, "FAILED", "FAILED", "FAILED", "FAILED")
    made: list[Asked] = []

    def stats(asked: Asked) -> Any:
        if "job_ids" in asked.query or asked.method == "POST":
            return jobs.answer(asked)
        made.append(asked)
        return figures(("a", {"impressions": [1] * 4}))

    serve(server, active_entities=active("a"), **{ACCOUNT.id: stats})
    rows, _ = read(source, "stats_campaign", LONG)
    assert [row["impressions"] for row in rows] == [2] * 8
    assert len(made) == 4


def test_jobs_that_are_never_done_end_as_transient(
    source: XAds, server: Scripted, time: FakeTime
) -> None:
    Jobs(server, polls=10**9)
    serve(
        server,
        active_entities=active("a"),
        **{
            ACCOUNT.id: lambda asked: (
                {"data": {"id_str": "1"}}
                if asked.method == "POST"
                else {"data": [{"id_str": "1", "status": "PROCESSING", "url": None}]}
                if "job_ids" in asked.query
                else Reply({"errors": [{"code": "INTERNAL_ERROR"}]}, 500)
            )
        },
    )
    with pytest.raises(Transient):
        read(source, "stats_campaign", LONG)
    assert sum(time.slept) > 30 * 60


def test_a_recorded_job_is_done_and_its_file_becomes_rows(source: XAds, server: Scripted) -> None:
    job = recorded("twitter_x/xads_analytics_async_get.json")
    job["data"][0]["url"] = f"{server.url}/files/stats.json.gz"
    body = recorded("twitter_x/xads_analytics_sync_stats.json")
    for entity in body["data"]:
        series = entity["id_data"][0]["metrics"]
        entity["id_data"][0]["metrics"] = {
            name: values and values * 8 for name, values in series.items()
        }

    def jobs(asked: Asked) -> Any:
        return job if asked.method == "GET" else {"data": job["data"][0]}

    serve(
        server,
        active_entities=active("aaaa", "bbbb"),
        stats=lambda _: Reply(gzip.compress(json.dumps(body).encode())),
        **{ACCOUNT.id: jobs},
    )
    found, _ = read(source, "stats_campaign", LONG)
    assert {(row["campaign_id"], row["impressions"], row["follows"]) for row in found} == {
        ("aaaa", 1, None),
        ("bbbb", 2, None),
    }
    polled = [asked.query["job_ids"] for asked in server.asked if "job_ids" in asked.query]
    assert polled == ["111111111111111111"]


def test_a_recorded_job_is_found_done() -> None:
    body = recorded("twitter_x/xads_analytics_async_get.json")
    (job,) = body["data"]
    assert (job["id_str"], job["status"]) == ("111111111111111111", "SUCCESS")
    assert job["url"].endswith(".json.gz")
    assert x_signal(Answer(200, {}, body)) is None


# --- lists ----------------------------------------------------------------------------------------


def test_lists_go_on_by_their_cursor_and_hold_what_was_deleted(
    source: XAds, server: Scripted
) -> None:
    campaign = {
        "id": "8mvb0",
        "name": "Ramadan",
        "entity_status": "ACTIVE",
        "daily_budget_amount_local_micro": 55_500_000_000,
        "currency": "IDR",
        "created_at": "2026-01-01T00:00:00Z",
        "deleted": True,
    }
    pages = {
        None: {"data": [campaign], "next_cursor": "c-1"},
        "c-1": {"data": [{"id": "8mvb1"}], "next_cursor": None},
    }
    serve(server, campaigns=lambda asked: pages[asked.query.get("cursor")])
    first, second = read(source, "campaigns")[0]
    assert (first["id"], first["deleted"], second["id"]) == ("8mvb0", True, "8mvb1")
    assert first["daily_budget_amount"] == Decimal(55_500)
    assert first["_extra"] is None
    assert server.asked[0].path == "/12/accounts/18ce54d4x5t/campaigns"
    assert server.asked[0].query == {"count": "1000", "with_deleted": "true"}


def test_a_line_items_days_are_those_of_the_account(source: XAds, server: Scripted) -> None:
    item = {
        "id": "l1",
        "campaign_id": "c1",
        "start_time": "2026-04-30T17:00:00Z",
        "end_time": "2026-05-07T17:00:00Z",
    }
    serve(server, line_items=lambda _: {"data": [item, {"id": "l2", "campaign_id": "c1"}]})
    first, always_on = read(source, "line_items")[0]
    assert (first["start_date"], first["stop_date"]) == (date(2026, 5, 1), date(2026, 5, 7))
    assert (always_on["start_date"], always_on["stop_date"]) == (None, None)


def test_a_promoted_post_has_the_first_address_in_it(source: XAds, server: Scripted) -> None:
    link = "https://www.sarilaut.co.id/?utm_campaign=ramadan"
    serve(
        server,
        line_items=lambda _: {"data": [{"id": "l1", "campaign_id": "c1"}]},
        promoted_tweets=lambda _: {
            "data": [
                {"id": "p1", "line_item_id": "l1", "tweet_id": "1700000000000000001"},
                {"id": "p2", "line_item_id": "l1", "tweet_id": "1700000000000000002"},
            ]
        },
        tweets=lambda _: {
            "data": [
                {
                    "tweet_id": "1700000000000000001",
                    "entities": {"urls": [{"expanded_url": link}, {"expanded_url": "https://x"}]},
                },
                {"tweet_id": "1700000000000000002", "entities": {"urls": []}},
            ]
        },
    )
    with_link, without = read(source, "promoted_tweets")[0]
    assert (with_link["link"], with_link["campaign_id"]) == (link, "c1")
    assert without["link"] is None


# --- accounts and refusals ------------------------------------------------------------------------


def test_an_account_has_its_zone_and_the_currency_of_what_pays(
    source: XAds, server: Scripted
) -> None:
    serve(
        server,
        funding_instruments=lambda _: {"data": [{"currency": "IDR"}, {"currency": "IDR"}]},
        **{ACCOUNT.id: lambda _: {"data": {"timezone": "Asia/Jakarta", "name": "Sari Laut"}}},
    )
    assert source.accounts() == [Account(ACCOUNT.id, "Asia/Jakarta", "IDR", "Sari Laut")]
    assert all(asked.headers["Authorization"].startswith("OAuth ") for asked in server.asked)


def test_an_account_with_two_currencies_is_refused(source: XAds, server: Scripted) -> None:
    serve(
        server,
        funding_instruments=lambda _: {"data": [{"currency": "USD"}, {"currency": "IDR"}]},
        **{ACCOUNT.id: lambda _: {"data": {"timezone": "Asia/Jakarta"}}},
    )
    source.accounts()
    with pytest.raises(Permanent, match="paid for in IDR and USD"):
        read(source, "campaigns")


@pytest.mark.parametrize(
    ("status", "code", "decision"),
    [
        (429, "TOO_MANY_REQUESTS", "wait"),
        (401, "UNAUTHORIZED_ACCESS", "abort"),
        (403, "ACCOUNT_UNAUTHORIZED", "abort"),
        (404, "NOT_FOUND", "skip"),
        (400, "INVALID_PAGING_CURSOR", "reread"),
        (400, "INVALID_PARAMETER", "stop"),
        (500, "INTERNAL_ERROR", "retry"),
        (503, "OVER_CAPACITY", "retry"),
        (503, "SERVICE_UNAVAILABLE", "retry"),
    ],
)
def test_what_each_refusal_means(status: int, code: str, decision: str) -> None:
    body = {"errors": [{"code": code, "message": code}], "request": {"params": {}}}
    signal = x_signal(Answer(status, {}, body))
    assert signal is not None
    assert decide(RULES, signal).decision == decision


def test_refused_keys_name_their_setting_and_are_not_shown(source: XAds, server: Scripted) -> None:
    server.answer = lambda asked: Reply(
        {"errors": [{"code": "UNAUTHORIZED_ACCESS", "message": asked.headers["Authorization"]}]},
        401,
    )
    with pytest.raises(DeadToken, match="X_ADS_ACCESS_TOKEN") as caught:
        read(source, "campaigns")
    assert KEYS.token not in str(caught.value)
