"""The whole code location over the fake platform, on an instance of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from adland import NOW, SPEND, STRUCTURE, Adland

from pipelines.commands.runs import open_instance
from pipelines.definitions import build_defs
from pipelines.defs.partitions import range_tags
from pipelines.defs.resources import Workspace, workspace_resource
from pipelines.settings import Settings


def make_settings(directory: Path) -> Settings:
    # A token of any kind keeps the sandbox out; nothing here asks a platform.
    return Settings(
        _env_file=None,
        SMM_HOME=directory / "home",
        SMM_NOW=NOW,
        SMM_START_DATE="2026-01-01",
        META_ADS_ACCESS_TOKEN="secret-token-1",
        SMM_ALERT_WEBHOOK="http://127.0.0.1:9/secret-hook",
    )


class Location:
    """The whole code location over one fake platform, and an instance to run it on."""

    def __init__(self, settings: Settings, dbt_project: Path, instance: dg.DagsterInstance) -> None:
        self.settings = settings
        self.instance = instance
        self.source = Adland()
        self.workspace = Workspace(settings, sources={"adland": self.source})
        self.defs = build_defs(
            settings,
            streams=[SPEND, STRUCTURE],
            dbt_project=dbt_project,
            resource_overrides={"workspace": workspace_resource(self.workspace)},
        )

    def run(
        self, job: str, first: str = "2026-03-06", last: str = "2026-03-09", **options: Any
    ) -> dg.ExecuteInProcessResult:
        tags = {} if job == "build" else range_tags(*map(date.fromisoformat, (first, last)))
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, tags=tags, raise_on_error=False, **options
        )


@contextmanager
def a_location(directory: Path, dbt_project: Path) -> Iterator[Location]:
    settings = make_settings(directory)
    with open_instance(settings) as instance:
        yield Location(settings, dbt_project, instance)
