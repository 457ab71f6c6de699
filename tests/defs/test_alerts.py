"""What a failed run and a crisis send, received by a server of our own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import duckdb
import pytest

from pipelines.connectors.errors import DeadToken
from pipelines.defs.alerts import crisis_sensor, failure_sensor, redact, send


class Hook(BaseHTTPRequestHandler):
    received: list[dict]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        type(self).received.append(json.loads(body))
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[type[Hook]]:
    handler = type("Received", (Hook,), {"received": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    handler.url = f"http://127.0.0.1:{server.server_port}/secret-hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield handler
    server.shutdown()
    server.server_close()


def alert(location, result, settings) -> None:
    event = next(each for each in result.all_events if each.is_run_failure)
    run = location.instance.get_run_by_id(result.run_id)
    context = dg.build_run_status_sensor_context(
        sensor_name="alert_on_failure",
        dagster_event=event,
        dagster_instance=location.instance,
        dagster_run=run,
    ).for_run_failure()
    failure_sensor(settings)(context)


def test_a_failed_run_is_told_with_step_and_cause_and_without_secrets(location, hook):
    settings = location.settings.model_copy(
        update={"alert_webhook": type(location.settings.alert_webhook)(hook.url)}
    )
    location.source.failing = ("a1", "a2")
    location.source.error = DeadToken("refused secret-token-1", remedy="Make a new one.")
    result = location.run("daily", asset_selection=[dg.AssetKey(["adland", "spend"])])
    alert(location, result, settings)
    (body,) = hook.received
    assert body["run_id"] == result.run_id
    assert body["job"] == "daily"
    assert list(body["failed_steps"]) == ["adland__spend"]
    assert "Make a new one." in body["text"]
    assert "secret" not in json.dumps(body)


def publish_crises(settings, *crises: tuple[str, str, str | None]) -> None:
    """A published version with these crises: topic, beginning, end."""
    directory = settings.published / "current"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "marts.duckdb").unlink(missing_ok=True)
    with duckdb.connect(str(directory / "marts.duckdb")) as connection:
        connection.execute("create schema marts.marts")
        connection.execute(
            "create table marts.marts.mart_crisis (crisis_key text, topic text,"
            " started_at timestamp, ended_at timestamp, countries text,"
            " negative_mentions bigint, authors bigint,"
            " post_views bigint, days_compared bigint, lost_revenue decimal(18, 4),"
            " lost_revenue_low decimal(18, 4), lost_revenue_high decimal(18, 4))"
        )
        for topic, began, ended in crises:
            connection.execute(
                "insert into marts.marts.mart_crisis values"
                " (?, ?, ?, ?, 'ID', 312, 200, 1900000, 3, 31250000, null, null)",
                [f"key of {topic}", topic, began, ended],
            )


def look(settings, hook, cursor: str | None = None) -> str | None:
    """One tick of the sensor; returns its cursor."""
    told = settings.model_copy(update={"alert_webhook": type(settings.alert_webhook)(hook.url)})
    context = dg.build_sensor_context(cursor=cursor)
    crisis_sensor(told)(context)
    return context.cursor


def test_a_crisis_is_told_once_with_what_it_is_of_and_what_it_costs(settings, hook):
    publish_crises(settings, ("health", "2026-03-08 12:00", None))
    cursor = look(settings, hook)
    assert look(settings, hook, cursor) == cursor == "2026-03-08T12:00:00"
    (body,) = hook.received
    assert body["crisis"] == "key of health"
    assert body["text"].splitlines() == [
        "Many write ill of health since 2026-03-08 12:00 UTC.",
        "312 negative mentions by 200 persons; their posts were seen 1,900,000 times.",
        "Net revenue in ID over 3 days since: 31,250,000 IDR less than expected.",
    ]


def test_the_next_crisis_is_told_too_and_old_ones_are_not(settings, hook):
    publish_crises(settings, ("price", "2026-01-02 12:00", "2026-01-04 12:00"))
    assert look(settings, hook) is None
    publish_crises(
        settings,
        ("price", "2026-01-02 12:00", "2026-01-04 12:00"),
        ("health", "2026-03-08 12:00", None),
        ("delivery", "2026-03-09 01:00", "2026-03-09 02:00"),
    )
    look(settings, hook, look(settings, hook))
    assert [body["topic"] for body in hook.received] == ["health", "delivery"]


def test_a_crisis_whose_message_was_not_taken_is_told_at_the_next_look(settings, hook):
    publish_crises(settings, ("health", "2026-03-08 12:00", None))
    hook.status = 500
    with pytest.raises(RuntimeError, match="answered 500"):
        look(settings, hook)
    hook.status = 200
    assert look(settings, hook) == "2026-03-08T12:00:00"


def test_without_published_crises_nothing_is_told(settings, hook):
    assert look(settings, hook) is None
    publish_crises(settings)
    assert look(settings, hook) is None
    assert hook.received == []


def test_a_webhook_that_refuses_fails_the_tick_without_telling_its_address(hook):
    hook.status = 500
    with pytest.raises(RuntimeError, match=r"^the alert webhook answered 500$"):
        send(hook.url, {})


def test_a_webhook_that_does_not_answer_fails_without_telling_its_address():
    with pytest.raises(RuntimeError, match="did not answer") as raised:
        send("http://127.0.0.1:9/secret-hook", {})
    assert "secret" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_without_a_webhook_the_sensors_are_off(settings):
    quiet = settings.model_copy(update={"alert_webhook": None})
    for sensor in (failure_sensor, crisis_sensor):
        assert sensor(quiet).default_status is dg.DefaultSensorStatus.STOPPED
        assert sensor(settings).default_status is dg.DefaultSensorStatus.RUNNING


def test_secrets_and_long_texts_are_cut():
    assert redact("token abc refused", ["abc"]) == "token … refused"
    assert len(redact("x" * 10_000, [])) < 600
