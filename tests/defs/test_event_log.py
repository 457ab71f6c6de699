"""The event log tells the same, whether events came one by one or in batches."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from adland import SPEND
from code_location import a_location
from dagster._core.storage.event_log import SqliteEventLogStorage

from pipelines.defs.event_log import BATCH
from pipelines.defs.streams import asset_key

KEY = asset_key(SPEND)
CHECKS = [dg.AssetCheckKey(KEY, name) for name in ("schema_drift", "latest_closed_day")]


def told(directory: Path, dbt_project: Path) -> dict[str, Any]:
    """What the instance says after a run over four days that fails for one account of two."""
    with a_location(directory, dbt_project) as location:
        location.source.failing = ("a2",)
        result = location.run("daily", asset_selection=[KEY])
        location.source.failing = ()
        again = location.run("daily", asset_selection=[KEY])
        log = location.instance.event_log_storage
        latest = location.instance.get_latest_materialization_event(KEY)
        checks = log.get_latest_asset_check_execution_by_key(CHECKS).values()
        (record,) = location.instance.get_asset_records([KEY])
        return {
            "success": (result.success, again.success),
            "days": log.get_materialized_partitions(KEY),
            "latest": latest and latest.get_dagster_event().partition,
            "is the second run's": record.asset_entry.last_run_id == again.run_id,
            "checks": sorted((str(each.key), each.status.value) for each in checks),
            "events": [
                sorted(
                    (event.get_dagster_event().event_type_value, _partition(event))
                    for event in location.instance.all_logs(each.run_id)
                    if event.is_dagster_event
                )
                for each in (result, again)
            ],
        }


def _partition(event: dg.EventLogEntry) -> str:
    return event.get_dagster_event().partition or ""


def test_batches_leave_what_single_events_leave(
    dbt_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "0")
    single = told(tmp_path / "single", dbt_project)
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", BATCH)
    batched = told(tmp_path / "batched", dbt_project)
    assert batched == single
    assert (len(single["days"]), single["success"]) == (4, (False, True))


def test_a_run_over_many_days_is_stored_in_few_transactions(
    dbt_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = []

    def count(self: SqliteEventLogStorage, event: dg.EventLogEntry) -> None:
        stored.append(event)
        plain(self, event)

    plain = SqliteEventLogStorage.store_event
    monkeypatch.setattr(SqliteEventLogStorage, "store_event", count)
    with a_location(tmp_path, dbt_project) as location:
        assert location.run("daily", asset_selection=[KEY]).success
    assert not [
        event for event in stored if re.search("MATERIALIZATION", str(event.dagster_event_type))
    ]
