"""The message that a failed run sends, received by a server of our own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest

from pipelines.connectors.errors import DeadToken
from pipelines.defs.alerts import failure_sensor, redact, send


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


def test_a_webhook_that_refuses_fails_the_tick_without_telling_its_address(hook):
    hook.status = 500
    with pytest.raises(RuntimeError, match=r"^the alert webhook answered 500$"):
        send(hook.url, {})


def test_a_webhook_that_does_not_answer_fails_without_telling_its_address():
    with pytest.raises(RuntimeError, match="did not answer") as raised:
        send("http://127.0.0.1:9/secret-hook", {})
    assert "secret" not in str(raised.value)
    assert raised.value.__suppress_context__


def test_without_a_webhook_the_sensor_is_off(settings):
    quiet = settings.model_copy(update={"alert_webhook": None})
    assert failure_sensor(quiet).default_status is dg.DefaultSensorStatus.STOPPED
    assert failure_sensor(settings).default_status is dg.DefaultSensorStatus.RUNNING


def test_secrets_and_long_texts_are_cut():
    assert redact("token abc refused", ["abc"]) == "token … refused"
    assert len(redact("x" * 10_000, [])) < 600
