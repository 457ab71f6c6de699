"""Runs of the Dagster jobs in this process, on the instance that the UI shows.

Belongs here: the instance, one run and its outcome, runs that were killed. Does not: what the jobs
do (`pipelines.defs`), or showing it (`progress`).

In this process, because a step in a process of its own costs seconds of imports and 200 MB; the
daemon, which must survive a step that crashes, runs the same jobs in their own processes.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import IO, Any

import dagster as dg

from pipelines.definitions import build_defs
from pipelines.defs.partitions import range_tags
from pipelines.defs.resources import Watch, Workspace, workspace_resource
from pipelines.settings import PROJECT, Settings

CONFIG = PROJECT / "pipelines" / "defs" / "dagster.yaml"
# The tag by which a later process finds out whether the process of a run still lives.
PROCESS = "smm/process"
Build = Callable[..., dg.Definitions]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its id, and the reason of each failed step."""

    run_id: str
    success: bool
    failures: Mapping[str, str] = field(default_factory=dict)
    failed_checks: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """The instance in DAGSTER_HOME, with this project's `dagster.yaml`."""
    home = prepare_home(settings)
    with ExitStack() as stack:
        # Dagster's storages make their tables when first used; two processes at once would collide.
        with (home / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            instance = stack.enter_context(dg.DagsterInstance.from_config(str(home)))
            instance.get_runs_count()
            instance.event_log_storage.has_asset_key(dg.AssetKey("any"))
            instance.all_instigator_state()
        yield instance


def prepare_home(settings: Settings) -> Path:
    """Make DAGSTER_HOME and put the current `dagster.yaml` there, in one step."""
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    target = home / CONFIG.name
    text = CONFIG.read_text(encoding="utf-8").replace("${DAGSTER_HOME}", str(home))
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        draft = home / f".{CONFIG.name}.{uuid.uuid4().hex}"
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    return home


class Runner:
    """Executes jobs, one after another. Made by `runner()`, which keeps this process known."""

    def __init__(
        self,
        settings: Settings,
        instance: dg.DagsterInstance,
        process: str,
        watch: Watch,
        build: Build = build_defs,
    ) -> None:
        self._instance = instance
        self._process = process
        self.workspace = Workspace(settings, watch=watch)
        self.definitions = build(
            settings, resource_overrides={"workspace": workspace_resource(self.workspace)}
        )

    def execute(
        self,
        job: str,
        *,
        days: tuple[date, date] | None = None,
        selection: Sequence[dg.AssetKey] | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        run_id: str | None = None,
    ) -> Outcome:
        """Run the job over those days and assets; what fails is in the outcome, not raised.

        Raises KeyboardInterrupt once the run has ended that was told to.
        """
        run_id = run_id or str(uuid.uuid4())
        own = {PROCESS: self._process, **(range_tags(*days) if days else {})}
        result = self.definitions.resolve_job_def(job).execute_in_process(
            instance=self._instance,
            run_id=run_id,
            tags={**own, **(tags or {})},
            asset_selection=selection,
            run_config={**QUIET, **(config or {})},
            raise_on_error=False,
        )
        if self.workspace.interrupted:
            raise KeyboardInterrupt
        return _outcome(run_id, result)


@contextmanager
def runner(settings: Settings, watch: Watch, *, build: Build = build_defs) -> Iterator[Runner]:
    """A runner on the settings' instance; runs that were killed are first marked as failed."""
    with open_instance(settings) as instance, _living(settings) as process:
        bury_dead_runs(instance, settings)
        yield Runner(settings, instance, process, watch, build)


def bury_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Mark runs as failed whose process is gone, and free the pools that they held.

    Without this a run killed by the kernel would count as running for ever, and the next one would
    wait for its place in the pool. Returns the ids of those runs.
    """
    status = dg.DagsterRunStatus
    unfinished = dg.RunsFilter(statuses=[status.NOT_STARTED, status.STARTING, status.STARTED])
    dead = [
        run
        for run in instance.get_runs(unfinished)
        if PROCESS in run.tags and not _lives(settings, run.tags[PROCESS])
    ]
    for run in dead:
        instance.report_run_failed(run, "The process of this run was killed.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in dead]


def _outcome(run_id: str, result: dg.ExecuteInProcessResult) -> Outcome:
    failures = {
        event.step_key or "": _reason(event) for event in result.all_events if event.is_step_failure
    }
    checks = {
        f"{check.asset_key.to_user_string()}: {check.check_name}": check.description or ""
        for check in result.get_asset_check_evaluations()
        if not check.passed
    }
    metadata: dict[str, dict[str, Any]] = {}
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        key = materialization.asset_key.to_user_string()
        metadata[key] = {name: value.value for name, value in materialization.metadata.items()}
    return Outcome(run_id, result.success, failures, checks, metadata)


def _reason(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    if data.error is None:
        return "no cause was recorded"
    return (data.error.cause or data.error).message.strip()


def _processes(settings: Settings) -> Path:
    return settings.dagster_home / "processes"


@contextmanager
def _living(settings: Settings) -> Iterator[str]:
    """A name for this process, and a lock by which others see that it lives."""
    directory = _processes(settings)
    directory.mkdir(parents=True, exist_ok=True)
    name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    with (directory / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield name
        finally:
            (directory / name).unlink(missing_ok=True)


def _lives(settings: Settings, name: str) -> bool:
    try:
        with (_processes(settings) / name).open() as file:
            return not _lockable(file)
    except FileNotFoundError:
        return False


def _lockable(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
