"""Composition of source and lake: what is read, what a day may be called, who goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.connectors import task
from pipelines.connectors.errors import DeadToken, Decision, Permanent, Transient, WaitUntil
from pipelines.connectors.stream import Account, Batch, Stats, Stream, Window
from pipelines.connectors.task import StoppedError
from pipelines.ingest import (
    DONE_BEFORE,
    NOT_BEGUN,
    NOT_CLOSED,
    ONLY_THE_PRESENT,
    IngestError,
    ingest,
    plan,
)
from pipelines.lake.convert import convert_records
from pipelines.lake.schema import day, money, schema, text
from pipelines.lake.store import Lake

JAKARTA = Account("jkt", "Asia/Jakarta", "IDR")
ANGELES = Account("lax", "America/Los_Angeles", "USD")
# 16:00 in Jakarta, 01:00 in Los Angeles: 10 March has closed in both.
NOW = datetime(2025, 3, 11, 9, tzinfo=UTC)
D8, D9, D10, D11, D12 = (date(2025, 3, n) for n in range(8, 13))

DAILY = Stream(
    source="fake",
    name="daily",
    group="ads",
    description="Spend by day.",
    schema=schema(
        text("account_id", "Account.", "@account_id"),
        text("currency", "Currency.", "@currency"),
        day("date", "Day."),
        money("spend", "Spend."),
    ),
    key=("date",),
    mode="replace",
    day="date",
    slice_days=2,
    totals=("spend",),
)
STRUCTURE = Stream(
    source="fake",
    name="structure",
    group="ads",
    description="As it stands.",
    schema=schema(text("id", "Thing.", required=True)),
    key=("id",),
    mode="replace",
    snapshot=True,
)


@dataclass
class Fake:
    """A platform in memory. `fails` says from which day on which account raises what."""

    listed: list[Account]
    fails: dict[str, tuple[date, Exception]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    spend: str = "10.50"
    name: str = "fake"
    api_version: str = "v1"
    streams: tuple[Stream, ...] = (DAILY, STRUCTURE)
    readers: int = 1
    # As many reads as must be on their way before any gets its answer.
    together: int = 1
    stats: Stats = field(default_factory=lambda: Stats(requests=100))
    windows: list[tuple[str, date, date]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.barrier = threading.Barrier(self.together)

    def accounts(self) -> list[Account]:
        return self.listed

    def read(self, stream: Stream, account: Account, window: Window) -> Iterator[Batch]:
        self.windows.append((account.id, window.first, window.last))
        self.barrier.wait(timeout=10)
        for one in window.days:
            task.count(self.stats, requests=1)
            since, error = self.fails.get(account.id, (date.max, None))
            if error is not None and one >= since:
                raise error
            context = {"account_id": account.id, "currency": account.currency}
            record = {"date": one.isoformat(), "spend": self.spend, "id": "thing"}
            converted = convert_records(stream.schema, [record], context, place="page 1")
            yield replace(converted, missing=self.missing)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def run(source, lake, first=D8, last=D10, stream=DAILY, now=NOW, **options):
    return ingest(source, stream, lake, first, last, run_id="run-1", now=now, **options)


def test_every_account_is_read_slice_by_slice_and_lands_day_by_day(lake):
    source, seen = Fake([JAKARTA, ANGELES]), []
    result = run(source, lake, progress=seen.append)
    assert sorted(source.windows) == [
        ("jkt", D8, D9), ("jkt", D10, D10), ("lax", D8, D9), ("lax", D10, D10),
    ]  # fmt: skip
    assert [(each.account, each.day) for each in result.landed] == [
        (account, one) for account in ("jkt", "lax") for one in (D8, D9, D10)
    ]
    assert {each.changed for each in result.landed} == {"new"}
    assert {each.status for each in result.landed} == {"complete"}
    assert sorted(seen, key=lambda each: (each.account, each.day)) == result.landed
    assert (result.skipped, result.errors) == ([], {})
    # What this ingest cost, not what the source cost before.
    assert result.stats.requests == 6
    footer = lake.footer(DAILY, "jkt", D8)
    assert (footer.requests, footer.api_version, footer.extracted_at) == (1, "v1", NOW)
    assert footer.context == {
        "account_id": "jkt",
        "currency": "IDR",
        "timezone": "Asia/Jakarta",
    }


def test_a_second_run_lands_nothing_new(lake):
    run(Fake([JAKARTA]), lake)
    later = NOW + timedelta(hours=1)
    result = run(Fake([JAKARTA]), lake, now=later)
    assert {each.changed for each in result.landed} == {"unchanged"}


def test_a_restated_day_changes_alone(lake):
    run(Fake([JAKARTA]), lake)
    result = run(Fake([JAKARTA], spend="11"), lake, first=D10)
    assert [(each.day, each.changed) for each in result.landed] == [(D10, "changed")]


def test_the_day_that_has_not_closed_is_partial_in_its_own_zone(lake):
    # 23:00 on 10 March in Jakarta, 09:00 in Los Angeles: there it is open as well.
    now = datetime(2025, 3, 10, 16, tzinfo=UTC)
    result = run(Fake([JAKARTA, ANGELES]), lake, last=D11, now=now)
    partial = [(each.account, each.day, each.reasons) for each in result.landed if each.reasons]
    assert partial == [("jkt", D10, (NOT_CLOSED,)), ("lax", D10, (NOT_CLOSED,))]
    assert [(each.account, each.day, each.reason) for each in result.skipped] == [
        ("jkt", D11, NOT_BEGUN),
        ("lax", D11, NOT_BEGUN),
    ]
    assert lake.footer(DAILY, "jkt", D11) is None
    # Two hours later it is 11 March in Jakarta alone.
    result = run(Fake([JAKARTA, ANGELES]), lake, last=D11, now=now + timedelta(hours=2))
    assert [(each.account, each.day) for each in result.landed if each.status == "partial"] == [
        ("jkt", D11),
        ("lax", D10),
    ]


def test_what_the_platform_no_longer_serves_makes_the_days_partial(lake):
    result = run(Fake([JAKARTA], missing=("metric reach is retired",)), lake)
    assert {each.reasons for each in result.landed} == {("metric reach is retired",)}


def test_a_snapshot_lands_under_the_last_closed_day_only(lake):
    source = Fake([JAKARTA])
    result = run(source, lake, stream=STRUCTURE, last=D11)
    assert source.windows == [("jkt", D10, D10)]
    assert [(each.day, each.status) for each in result.landed] == [(D10, "complete")]
    assert [(each.day, each.reason) for each in result.skipped] == [
        (D8, ONLY_THE_PRESENT),
        (D9, ONLY_THE_PRESENT),
        (D11, NOT_CLOSED),
    ]


def test_a_snapshot_of_the_past_is_not_read_at_all(lake):
    source = Fake([JAKARTA])
    result = run(source, lake, stream=STRUCTURE, last=D9)
    assert (source.windows, result.landed, len(result.skipped)) == ([], [], 2)


def test_days_to_come_are_not_asked_for(lake):
    source = Fake([JAKARTA])
    result = run(source, lake, first=D12, last=D12)
    assert (source.windows, result.landed) == ([], [])
    assert [each.reason for each in result.skipped] == [NOT_BEGUN]


def test_one_accounts_failure_stops_neither_its_earlier_slices_nor_the_others(lake):
    refused = DeadToken("the token is refused", remedy="Make a new one.")
    source = Fake([JAKARTA, ANGELES], fails={"jkt": (D10, refused)})
    with pytest.raises(IngestError, match=r"fake\.daily.*the token is refused") as raised:
        run(source, lake)
    landed = [(each.account, each.day) for each in raised.value.result.landed]
    assert landed == [("jkt", D8), ("jkt", D9), ("lax", D8), ("lax", D9), ("lax", D10)]
    assert raised.value.errors == {"jkt": refused}
    assert not raised.value.retryable
    assert raised.value.decision == Decision.ABORT


def test_a_slice_that_fails_midway_lands_no_day(lake):
    source = Fake([JAKARTA], fails={"jkt": (D9, Transient("no answer"))})
    with pytest.raises(IngestError) as raised:
        run(source, lake)
    assert raised.value.result.landed == []
    assert lake.manifest().num_rows == 0


def until(hour):
    return WaitUntil("quota", resumes_at=datetime(2025, 3, 11, hour, tzinfo=UTC))


@pytest.mark.parametrize(
    ("first", "second", "decision", "retryable", "hour"),
    [
        (Transient("x"), DeadToken("y"), Decision.RETRY, True, None),
        (Transient("x"), until(12), Decision.RETRY, True, 12),
        (until(15), until(12), Decision.WAIT, True, 12),
        (until(15), Permanent("y"), Decision.WAIT, True, 15),
        (Permanent("x"), DeadToken("y"), Decision.STOP, False, None),
        (DeadToken("x"), DeadToken("y"), Decision.ABORT, False, None),
    ],
)
def test_the_error_carries_the_decision_for_the_whole(
    lake, first, second, decision, retryable, hour
):
    source = Fake([JAKARTA, ANGELES], fails={"jkt": (D8, first), "lax": (D8, second)})
    with pytest.raises(IngestError) as raised:
        run(source, lake)
    error = raised.value
    assert (error.decision, error.retryable) == (decision, retryable)
    assert (error.resumes_at and error.resumes_at.hour) == hour


def test_as_many_slices_of_an_account_are_read_at_once_as_the_source_allows(lake):
    # Each of the three reads waits until the others are on their way too.
    source = Fake([JAKARTA], readers=3, together=3)
    result = run(source, lake, first=D8 - timedelta(days=2), last=D11)
    assert [each.day for each in result.landed] == [D8 + timedelta(days=n) for n in range(-2, 4)]
    assert result.stats.requests == 6
    assert {lake.footer(DAILY, "jkt", each.day).requests for each in result.landed} == {1}


def test_accounts_are_read_at_once_so_that_none_waits_for_another(lake):
    result = run(Fake([JAKARTA, ANGELES], together=2), lake, last=D9)
    assert len(result.landed) == 4


def test_a_read_goes_on_where_the_one_before_it_failed(lake):
    quota = WaitUntil("the day's quota is spent", resumes_at=NOW + timedelta(hours=6))
    with pytest.raises(IngestError):
        run(Fake([JAKARTA, ANGELES], fails={"jkt": (D10, quota)}), lake)

    source = Fake([JAKARTA, ANGELES])
    result = run(source, lake, now=NOW + timedelta(hours=7))
    assert sorted(source.windows) == [("jkt", D10, D10), ("lax", D8, D9), ("lax", D10, D10)]
    assert [(each.day, each.reason) for each in result.skipped] == [
        (D8, DONE_BEFORE),
        (D9, DONE_BEFORE),
    ]

    source = Fake([JAKARTA])
    run(source, lake, now=NOW + timedelta(hours=8))
    assert source.windows == [("jkt", D8, D9), ("jkt", D10, D10)], "that one came to its end"


def test_what_a_failed_read_landed_two_days_ago_is_asked_for_again(lake):
    with pytest.raises(IngestError):
        run(Fake([JAKARTA], fails={"jkt": (D10, Transient("no answer"))}), lake)
    source = Fake([JAKARTA])
    run(source, lake, now=NOW + timedelta(days=2))
    assert source.windows == [("jkt", D8, D9), ("jkt", D10, D10)]


def test_a_failed_read_that_lacked_something_is_not_taken_for_done(lake):
    fails = {"jkt": (D10, Transient("no answer"))}
    with pytest.raises(IngestError):
        run(Fake([JAKARTA], fails=fails, missing=("metric reach is retired",)), lake)
    source = Fake([JAKARTA])
    run(source, lake)
    assert source.windows == [("jkt", D8, D9), ("jkt", D10, D10)]


def test_an_interrupted_ingest_lands_nothing_more(lake):
    stop = threading.Event()
    source = Fake([JAKARTA])

    def after_the_first(_landed):
        stop.set()

    with pytest.raises(StoppedError):
        run(source, lake, first=date(2025, 1, 1), progress=after_the_first, stop=stop)
    assert len(source.windows) < 10, "of 35 slices"


def test_a_mistake_of_ours_is_not_taken_for_a_platforms_refusal(lake):
    source = Fake([JAKARTA, ANGELES], fails={"jkt": (D8, KeyError("bug"))})
    with pytest.raises(KeyError):
        run(source, lake)


def test_a_plan_is_made_in_the_streams_own_zone():
    # 09:00 UTC on 11 March is still 10 March in Honolulu.
    stream = replace(DAILY, zone="Pacific/Honolulu", slice_days=30)
    planned = plan(stream, JAKARTA, D9, D11, NOW)
    assert planned.windows == (Window(D9, D10, "Pacific/Honolulu"),)
    assert planned.partial == {D10: (NOT_CLOSED,)}
    assert [each.day for each in planned.skipped] == [D11]
