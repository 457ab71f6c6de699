"""What runs by itself, driven on an instance across a tick."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from adland import SPEND, STRUCTURE

from pipelines.defs.partitions import daily_cron, lookback, range_tags
from pipelines.defs.schedules import TICK, fleeting_schedule, windows

JAKARTA = ZoneInfo("Asia/Jakarta")


def tick(location, day: int):
    schedule = location.defs.resolve_schedule_def("daily")
    context = dg.build_schedule_context(
        instance=location.instance,
        scheduled_execution_time=datetime(2026, 3, day, 17, 30, tzinfo=JAKARTA),
    )
    return schedule.evaluate_tick(context)


@pytest.fixture
def readable(location, monkeypatch):
    from pipelines.defs import schedules

    monkeypatch.setattr(schedules, "readable", lambda streams, _: list(streams))
    return location


def test_each_window_is_a_run_over_its_own_range(readable):
    requests = tick(readable, 10).run_requests
    assert {
        tuple(key.to_user_string() for key in request.asset_selection): (
            request.tags["dagster/asset_partition_range_start"],
            request.tags["dagster/asset_partition_range_end"],
        )
        for request in requests
    } == {
        ("adland/campaigns",): ("2026-03-09", "2026-03-09"),
        ("adland/spend",): ("2026-03-07", "2026-03-09"),
    }


def test_the_same_tick_twice_asks_for_the_same_runs(readable):
    first, second = (
        {request.run_key for request in tick(readable, 10).run_requests} for _ in range(2)
    )
    assert first == second
    assert first.isdisjoint(request.run_key for request in tick(readable, 11).run_requests)


def test_nothing_is_launched_for_sources_that_are_off(location, monkeypatch):
    monkeypatch.setattr(type(location.settings), "off", property(lambda _: {"adland": "off"}))
    assert tick(location, 10).skip_message == "no source can be read"


def launch(location, request):
    return location.defs.resolve_job_def("daily").execute_in_process(
        instance=location.instance,
        tags=dict(request.tags),
        asset_selection=list(request.asset_selection),
        raise_on_error=False,
    )


def build_tick(location, cursor=None):
    sensor = location.defs.resolve_sensor_def("build_after_daily")
    context = dg.build_sensor_context(instance=location.instance, cursor=cursor)
    return sensor.evaluate_tick(context)


def test_the_build_follows_once_when_all_reads_have_ended(readable):
    assert not build_tick(readable).run_requests
    for request in tick(readable, 10).run_requests:
        assert launch(readable, request).success
    followed = build_tick(readable)
    assert [request.run_key for request in followed.run_requests] == ["2026-03-09"]
    assert not build_tick(readable, followed.cursor).run_requests


def test_the_build_waits_for_the_last_read(readable):
    spend, campaigns = tick(readable, 10).run_requests
    launch(readable, spend)
    job = readable.defs.resolve_job_def("daily")
    readable.instance.create_run_for_job(
        job, tags=dict(campaigns.tags), status=dg.DagsterRunStatus.STARTED
    )
    assert build_tick(readable).skip_message == "1 reads of 2026-03-09 have not ended"


def test_a_failed_read_does_not_keep_the_others_from_the_marts(readable):
    readable.source.failing = ("a1", "a2")
    outcomes = [launch(readable, request).success for request in tick(readable, 10).run_requests]
    assert outcomes == [False, False]
    assert len(build_tick(readable).run_requests) == 1


def test_runs_that_a_person_launched_do_not_start_a_build(location):
    location.run("daily")
    assert not build_tick(location).run_requests


def test_what_vanishes_within_a_day_is_read_several_times_and_starts_no_build(readable):
    """At midnight in UTC it is seven in Jakarta: the day that just closed is yesterday there."""
    schedule = fleeting_schedule([SPEND, replace(STRUCTURE, reads_per_day=6)], readable.settings)
    midnight = datetime(2026, 3, 10, 0, 5, tzinfo=UTC)
    context = dg.build_schedule_context(
        instance=readable.instance, scheduled_execution_time=midnight
    )

    (request,) = schedule.evaluate_tick(context).run_requests

    assert schedule.cron_schedule == "5 0,4,8,12,16,20 * * *"
    assert [key.to_user_string() for key in request.asset_selection] == ["adland/campaigns"]
    assert request.tags.items() >= range_tags(date(2026, 3, 8), date(2026, 3, 9)).items()
    assert launch(readable, request).success
    assert not build_tick(readable).run_requests


def test_windows_group_streams_by_how_far_back_their_platform_restates():
    assert windows([SPEND, STRUCTURE]) == {1: [STRUCTURE], 3: [SPEND]}


def test_a_lookback_does_not_reach_before_the_first_partition():
    assert lookback(date(2026, 1, 2), 28, date(2026, 1, 1)) == (date(2026, 1, 1), date(2026, 1, 2))


@pytest.mark.parametrize(
    ("zone", "cron"),
    [
        ("Asia/Jakarta", "30 17 * * *"),
        ("UTC", "30 10 * * *"),
        ("America/Los_Angeles", "30 2 * * *"),
    ],
)
def test_the_schedule_comes_when_the_last_account_has_closed_its_day(zone, cron):
    assert daily_cron(zone, date(2026, 1, 15)) == cron
    minute, hour = map(int, cron.split()[:2])
    today = datetime(2026, 1, 15, hour, minute, tzinfo=ZoneInfo(zone))
    assert today.astimezone(ZoneInfo("Pacific/Honolulu")).date() >= date(2026, 1, 15)
    assert today.astimezone(UTC).date() == date(2026, 1, 15)


def test_the_tags_of_a_range_are_what_dagster_looks_for(location):
    tags = range_tags(date(2026, 3, 7), date(2026, 3, 9))
    run = location.instance.create_run_for_job(
        location.defs.resolve_job_def("daily"), tags={**tags, TICK: "2026-03-09"}
    )
    partitions = location.defs.resolve_job_def("daily").partitions_def
    assert run.tags.items() >= tags.items()
    assert partitions.has_partition_key("2026-03-07")
