"""Runs in processes of their own: killed ones, and two at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
from code_location import make_settings

from pipelines.commands.runs import PROCESS, bury_dead_runs, open_instance, prepare_home
from pipelines.serving.publish import content_hash, versions_of

HERE = Path(__file__).parent


def start(directory: Path, dbt_project: Path, boundary: str = "-") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(HERE / "killed_run.py"), str(directory), str(dbt_project), boundary],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def run(directory: Path, dbt_project: Path, boundary: str = "-") -> int:
    with start(directory, dbt_project, boundary) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode in (0, -signal.SIGKILL), errors.decode()
    return process.returncode


def published(directory: Path) -> str:
    return content_hash(make_settings(directory).published / "current" / "marts.duckdb")


def test_a_killed_run_counts_as_failed_and_frees_its_pool(dbt_project, tmp_path):
    assert run(tmp_path, dbt_project, "mid-page") == -signal.SIGKILL
    settings = make_settings(tmp_path)
    with open_instance(settings) as instance:
        storage = instance.event_log_storage
        assert [each.status for each in instance.get_runs()] == [dg.DagsterRunStatus.STARTED]
        assert storage.get_concurrency_info("adland").active_slot_count == 1
        assert len(bury_dead_runs(instance, settings)) == 1
        assert [each.status for each in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]
        assert storage.get_concurrency_info("adland").active_slot_count == 0


def test_a_run_that_was_killed_while_it_was_made_counts_as_failed(settings):
    with open_instance(settings) as instance:
        run = instance.create_run_for_job(dg.GraphDefinition("any").to_job(), tags={PROCESS: "0-x"})
        assert run.status == dg.DagsterRunStatus.NOT_STARTED
        assert bury_dead_runs(instance, settings) == [run.run_id]
        assert [each.status for each in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]


def test_two_runs_at_once_wait_for_each_other_and_both_succeed(dbt_project, tmp_path):
    assert run(tmp_path / "alone", dbt_project) == 0
    home = tmp_path / "shared"
    both = [start(home, dbt_project) for _ in range(2)]
    errors = [process.communicate(timeout=180)[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert published(home) == published(tmp_path / "alone")
    # Whoever came second found nothing new.
    assert len(versions_of(make_settings(home).published)) == 1


def test_dagster_home_receives_the_configuration_once(settings):
    home = prepare_home(settings)
    before = (home / "dagster.yaml").stat().st_mtime_ns
    assert prepare_home(settings) == home
    assert (home / "dagster.yaml").stat().st_mtime_ns == before
    (home / "dagster.yaml").write_text("{}")
    prepare_home(settings)
    assert "duckdb_write" in (home / "dagster.yaml").read_text()
