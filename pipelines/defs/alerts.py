"""Telling a person that a run failed.

Belongs here: the sensor, the message, sending it. Does not: what failed or why (the steps say so).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dagster as dg
import requests

from pipelines.settings import Settings

TIMEOUT_SECONDS = 10
# A webhook's reader wants the cause, not the trace: that is in the UI.
MAX_TEXT = 500


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
