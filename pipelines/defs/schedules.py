"""When things run by themselves: each day's reads, and the build that follows them.

Belongs here: the schedules, one sensor, what they ask for. Does not: what the jobs hold (`jobs`).

Streams differ in how far back their platforms restate, so a day's reads are several runs, one per
length of window. The build cannot be a step of any of them, and must come even when one failed: a
dead token of one platform must not keep the others' figures from the marts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from pipelines.connectors.stream import Stream
from pipelines.defs.jobs import BUILD, DAILY
from pipelines.defs.partitions import daily_cron, lookback, range_tags
from pipelines.defs.resources import Workspace
from pipelines.defs.streams import asset_key
from pipelines.settings import Settings

# The tag that holds the runs of one day together.
TICK = "smm/tick"
UNFINISHED = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def readable(streams: Iterable[Stream], workspace: Workspace) -> list[Stream]:
    """The streams whose source has credentials and, of files, those that a data set fills."""
    return [
        stream
        for stream in streams
        if stream.source not in workspace.settings.off
        and (stream.source != "files" or workspace.accounts(stream))
    ]


def windows(streams: Iterable[Stream]) -> Mapping[int, list[Stream]]:
    """Streams by the days that a daily run re-reads; those that tell only the present have one."""
    found: dict[int, list[Stream]] = defaultdict(list)
    for stream in streams:
        found[1 if stream.snapshot else stream.lookback_days].append(stream)
    return dict(sorted(found.items()))


def daily_requests(streams: Sequence[Stream], last: date, start: date) -> list[dg.RunRequest]:
    """The runs that re-read each stream's own window up to `last`."""
    return [
        dg.RunRequest(
            run_key=f"{last.isoformat()}/{days}",
            job_name=DAILY,
            asset_selection=[asset_key(stream) for stream in group],
            tags={**range_tags(*lookback(last, days, start)), TICK: last.isoformat()},
        )
        for days, group in windows(streams).items()
    ]


def daily_schedule(streams: Sequence[Stream], settings: Settings) -> dg.ScheduleDefinition:
    """Each day, once the last account of the world has closed yesterday: read every window."""
    zone = settings.reporting_timezone

    @dg.schedule(
        name="daily",
        job_name=DAILY,
        cron_schedule=daily_cron(zone, settings.start_date),
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Re-reads the window in which each platform still restates its figures.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        today = context.scheduled_execution_time.astimezone(ZoneInfo(zone)).date()
        wanted = readable(streams, Workspace(settings))
        if not wanted:
            return dg.SkipReason("no source can be read")
        return daily_requests(wanted, today - timedelta(days=1), settings.start_date)

    return daily


def fleeting_schedule(streams: Sequence[Stream], settings: Settings) -> dg.ScheduleDefinition:
    """Every few hours: read what will be gone when the day's reads come.

    It lands under the last closed day, and waits there for the day's build.
    """
    fleeting = [stream for stream in streams if stream.reads_per_day > 1]
    times = max((stream.reads_per_day for stream in fleeting), default=1)

    @dg.schedule(
        name="several_times_a_day",
        job_name=DAILY,
        # Soon after midnight in UTC, in which these streams' days close: what lives for a day and
        # was there when the day closed can still be seen then.
        cron_schedule=f"5 {','.join(map(str, range(0, 24, 24 // times)))} * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Reads what vanishes within a day.",
    )
    def several(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        wanted = readable(fleeting, Workspace(settings))
        if not wanted:
            return dg.SkipReason("nothing that can be read vanishes")
        moment = context.scheduled_execution_time
        today = moment.astimezone(ZoneInfo(settings.reporting_timezone)).date()
        # East of the reporting zone the last closed day is yesterday, west of it the day before.
        days = lookback(today - timedelta(days=1), 2, settings.start_date)
        return dg.RunRequest(
            run_key=moment.isoformat(),
            asset_selection=[asset_key(stream) for stream in wanted],
            tags=range_tags(*days),
        )

    return several


def build_sensor() -> dg.SensorDefinition:
    """Build and publish once all reads of a day have ended, whether they succeeded or not."""

    @dg.sensor(
        name="build_after_daily",
        job_name=BUILD,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Builds the marts when the day's last read has ended.",
    )
    def build_after_daily(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        tick = latest_tick(context.instance)
        if tick is None or tick == context.cursor:
            return dg.SkipReason("no reads since the last build")
        if waiting := unfinished(context.instance, tick):
            return dg.SkipReason(f"{waiting} reads of {tick} have not ended")
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=tick)], cursor=tick)

    return build_after_daily


def latest_tick(instance: dg.DagsterInstance) -> str | None:
    """The newest day for which the schedule has launched reads."""
    runs = instance.get_runs(dg.RunsFilter(job_name=DAILY), limit=100)
    return max((run.tags[TICK] for run in runs if TICK in run.tags), default=None)


def unfinished(instance: dg.DagsterInstance, tick: str) -> int:
    """How many reads of that day have not ended."""
    return instance.get_runs_count(dg.RunsFilter(tags={TICK: tick}, statuses=list(UNFINISHED)))
