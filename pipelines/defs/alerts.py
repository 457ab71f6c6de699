"""Telling a person that a run failed, or that many write ill of something.

Belongs here: the sensors, their messages, sending them. Does not: what failed or why (the steps say
so), what a crisis is (`pipelines.measurement.crisis`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import Any

import dagster as dg
import requests

from pipelines.serving import duck
from pipelines.serving.publish import FILE
from pipelines.settings import Settings

TIMEOUT_SECONDS = 10
# A webhook's reader wants the cause, not the trace: that is in the UI.
MAX_TEXT = 500
# A crisis is told while it goes on, or if it began so lately: a first build brings many old ones.
RECENT = timedelta(hours=48)
LOOKED_EVERY_SECONDS = 300
CRISES = """
select *
from marts.mart_crisis
where started_at > cast(? as timestamp) and (ended_at is null or started_at >= ?)
order by started_at
"""
BEFORE_ALL = "0001-01-01"
CRISIS_MART = "select count(*) from information_schema.tables where table_name = 'mart_crisis'"


def failure_sensor(settings: Settings) -> dg.SensorDefinition:
    """Post each failed run to SMM_ALERT_WEBHOOK, if there is one."""
    hook = settings.alert_webhook
    status = dg.DefaultSensorStatus.RUNNING if hook else dg.DefaultSensorStatus.STOPPED

    @dg.run_failure_sensor(
        name="alert_on_failure",
        default_status=status,
        description="Posts failed runs to the webhook of SMM_ALERT_WEBHOOK.",
    )
    def alert_on_failure(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        if hook is None:
            return dg.SkipReason("SMM_ALERT_WEBHOOK is not set")
        send(hook.get_secret_value(), message(context, settings.secrets))
        return None

    return alert_on_failure


def crisis_sensor(settings: Settings) -> dg.SensorDefinition:
    """Post each crisis of the published marts to SMM_ALERT_WEBHOOK once, if there is one.

    The cursor is when the newest one that was told began: a later run tells it no more. It moves
    with each message that was taken, so that one which was not is sent again.
    """
    hook = settings.alert_webhook
    status = dg.DefaultSensorStatus.RUNNING if hook else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        name="alert_on_crisis",
        default_status=status,
        minimum_interval_seconds=LOOKED_EVERY_SECONDS,
        description="Posts crises of mart_crisis to the webhook of SMM_ALERT_WEBHOOK, each once.",
    )
    def alert_on_crisis(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if hook is None:
            return dg.SkipReason("SMM_ALERT_WEBHOOK is not set")
        found = crises_to_tell(settings, since=context.cursor)
        for crisis in found:
            send(hook.get_secret_value(), crisis_message(crisis, settings.reporting_currency))
            context.update_cursor(crisis["started_at"].isoformat())
        return dg.SkipReason(f"{len(found)} crises told")

    return alert_on_crisis


def crises_to_tell(settings: Settings, *, since: str | None) -> list[dict[str, Any]]:
    """The published crises that began after `since` and go on or began lately, oldest first."""
    path = settings.published / "current" / FILE
    if not path.exists():
        return []
    now = settings.now().astimezone(UTC).replace(tzinfo=None)
    with duck.connect(path) as connection:
        if not duck.value(connection, CRISIS_MART):
            return []
        return duck.rows(connection, CRISES, [since or BEFORE_ALL, now - RECENT])


def crisis_message(crisis: dict[str, Any], currency: str) -> dict[str, Any]:
    """What is posted: of what, since when, by how many, before how many, and what it costs."""
    views = crisis["post_views"]
    by = f"{crisis['negative_mentions']:,} negative mentions by {crisis['authors']:,} persons"
    seen = "" if views is None else f"; their posts were seen {views:,} times"
    lines = [
        f"Many write ill of {crisis['topic']} since {crisis['started_at']:%Y-%m-%d %H:%M} UTC.",
        f"{by}{seen}.",
        _cost(crisis, currency),
    ]
    return {
        "text": "\n".join(lines),
        "crisis": crisis["crisis_key"],
        "topic": crisis["topic"],
        "started_at": crisis["started_at"].isoformat(),
        "is_over": crisis["ended_at"] is not None,
    }


def _cost(crisis: dict[str, Any], currency: str) -> str:
    lost, low = crisis["lost_revenue"], crisis["lost_revenue_low"]
    if lost is None:
        return "What it costs is not known yet."
    between = f" ({low:,.0f} to {crisis['lost_revenue_high']:,.0f})" if low is not None else ""
    return (
        f"Net revenue in {crisis['countries']} over {crisis['days_compared']} days since:"
        f" {lost:,.0f} {currency} less than expected{between}."
    )


def message(context: dg.RunFailureSensorContext, secrets: Iterable[str]) -> dict[str, Any]:
    """What is posted: the run, its failed steps and why, without any secret.

    `text` is the field that Slack, Mattermost and Google Chat show.
    """
    run = context.dagster_run
    failed = {
        event.step_key: redact(_cause(event), secrets)
        for event in context.get_step_failure_events()
        if event.step_key is not None
    }
    reason = redact(context.failure_event.message or "", secrets)
    lines = [f"{step}: {cause}" for step, cause in failed.items()] or [reason]
    return {
        "text": "\n".join([f"Run {run.run_id[:8]} of job {run.job_name} failed.", *lines]),
        "run_id": run.run_id,
        "job": run.job_name,
        "failed_steps": failed,
    }


def send(url: str, body: dict[str, Any]) -> None:
    """Post the message; raises RuntimeError without the address, which is itself a secret."""
    try:
        answer = requests.post(url, json=body, timeout=TIMEOUT_SECONDS)
    except requests.RequestException as error:
        raise RuntimeError(f"the alert webhook did not answer: {type(error).__name__}") from None
    if not answer.ok:
        raise RuntimeError(f"the alert webhook answered {answer.status_code}")


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text, shortened, without any of the secrets."""
    for secret in secrets:
        text = text.replace(secret, "…")
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def _cause(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    if data.error is None:
        return "no cause was recorded"
    return (data.error.cause or data.error).message.strip()
