"""The exchange-rate feed: the ECB's CSV, business days only, nothing before it is published."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import requests

from pipelines.sandbox.serve import Sandbox

FRANKFURT = ZoneInfo("Europe/Berlin")


def rates(sandbox: Sandbox, key: str = "D.USD+IDR.EUR.SP00.A", **query: str) -> requests.Response:
    url = f"{sandbox.url}/data-api.ecb.europa.eu/service/data/EXR/{key}"
    return requests.get(url, params={"format": "csvdata", **query}, timeout=10)


def test_every_rate_of_the_world_is_served_as_published(sandbox: Sandbox) -> None:
    answer = rates(sandbox)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"].startswith("application/vnd.sdmx.data+csv")
    assert {(row["TIME_PERIOD"], row["CURRENCY"], row["OBS_VALUE"]) for row in rows} == {
        (row["date"].isoformat(), row["currency"], row["rate"])
        for row in sandbox.world.fx.to_pylist()
    }
    assert all(date.fromisoformat(row["TIME_PERIOD"]).weekday() < 5 for row in rows)
    assert {row["OBS_STATUS"] for row in rows} == {"A"}


def test_a_period_without_observations_is_an_empty_body(sandbox: Sandbox) -> None:
    weekend = rates(sandbox, startPeriod="2026-10-31", endPeriod="2026-11-01")
    assert (weekend.status_code, weekend.content) == (200, b"")


def test_an_unknown_series_is_not_found(sandbox: Sandbox) -> None:
    assert rates(sandbox, "D.XXX.EUR.SP00.A").status_code == 404


def test_a_rate_appears_only_once_it_is_published(sandbox: Sandbox) -> None:
    friday = datetime(2026, 10, 30, 15, 0, tzinfo=FRANKFURT)
    sandbox.control.clock(friday)
    assert "2026-10-30" not in rates(sandbox, startPeriod="2026-10-29").text
    sandbox.control.clock(friday + timedelta(hours=2))
    assert "2026-10-30" in rates(sandbox, startPeriod="2026-10-29").text


def test_json_has_the_same_observations(sandbox: Sandbox) -> None:
    query = {"startPeriod": "2026-10-26", "endPeriod": "2026-10-30"}
    rows = list(csv.DictReader(io.StringIO(rates(sandbox, "D.USD.EUR.SP00.A", **query).text)))
    body = rates(sandbox, "D.USD.EUR.SP00.A", **{**query, "format": "jsondata"}).json()
    (series,) = body["dataSets"][0]["series"].values()
    values = [series["observations"][str(place)][0] for place in range(len(rows))]
    assert values == [float(row["OBS_VALUE"]) for row in rows]
