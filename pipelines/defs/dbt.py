"""The dbt project under Dagster: its models as assets, its tests as checks.

Belongs here: preparing the manifest, naming, the arguments and environment of a dbt call. Does not:
any SQL.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from itertools import takewhile
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from packaging.version import Version

from pipelines import measurement
from pipelines.defs.resources import Workspace
from pipelines.serving.lock import warehouse_lock
from pipelines.settings import PROJECT, Settings

PROJECT_DIR = PROJECT / "dbt_project"
MANIFEST = "manifest.json"
PARSED = "partial_parse.msgpack"
# What dbt compiles from; a manifest newer than all of these is still true.
SOURCES = ("dbt_project.yml", "profiles.yml", "models", "macros", "tests", "seeds", "snapshots")
# Each call of dbt leaves its artifacts in a directory of its own, for a look at what went wrong.
KEPT_CALLS = 10
# What the project's generic tests assert of their columns, for who has never read dbt's names.
ASSERTIONS = {
    "unique": "No two rows have the same `{column_name}`.",
    "unique_combination": "No two rows have the same `{columns}`.",
    "not_null": "`{column_name}` is never NULL.",
    "relationships": "Every `{column_name}` is the `{field}` of a row of `{to}`, or NULL.",
    "accepted_values": "`{column_name}` is one of: {values}.",
}


# All of it is told on standard output: to put it into words twice costs a tenth of the call,
# whatever level the file keeps.
QUIET = {"DBT_LOG_LEVEL_FILE": "none"}
# Threads of linear algebra wait for each other busily: on two cores the value of 66,000 customers
# took four times the CPU, no faster, and its last digit hung on the number of cores.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}


class DbtParseError(RuntimeError):
    """The dbt project cannot be parsed; the message is dbt's."""


class DbtConfig(dg.Config):
    """What a person may choose when launching the models."""

    full_refresh: bool = False


class _Dbt(DbtCliResource):
    """Dagster's dbt without what a call need not wait for: 3.5 seconds together."""

    @cached_property
    def _cli_version(self) -> Version:
        """From the installation; Dagster starts a dbt to ask."""
        return Version(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]
        """None: a second reader of the warehouse, for row counts that `published_marts` gives."""


class Translator(DagsterDbtTranslator):
    """Names of dbt's nodes in Dagster: sources are the streams, models are grouped by layer."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`[source, table]` for sources, which are the streams' keys, and `[layer, model]`."""
        if dbt_resource_props["resource_type"] == "source":
            return dg.AssetKey([dbt_resource_props["source_name"], dbt_resource_props["name"]])
        return dg.AssetKey([layer(dbt_resource_props), dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer: staging, intermediate or marts."""
        return layer(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str] | None:  # noqa: ARG002
        """Every model is the data team's."""
        return ["team:data"]

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        """The check of a dbt test, with words for what it asserts."""
        check = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        if check is None:
            return None
        return check._replace(description=assertion(manifest["nodes"][unique_id]))


def assertion(test: Mapping[str, Any]) -> str:
    """What a dbt test asserts: the comment at the head of its SQL, or its kind in words."""
    kind = test.get("test_metadata")
    if kind is None:
        lines = takewhile(lambda line: line.startswith("--"), test["raw_code"].splitlines())
        return " ".join(line.removeprefix("--").strip() for line in lines)
    arguments = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in kind["kwargs"].items()
    }
    return ASSERTIONS.get(str(kind["name"]), str(kind["name"])).format(**arguments)


def layer(properties: Mapping[str, Any]) -> str:
    """The first folder under `models/` in which a node lives."""
    return str(properties["fqn"][1])


def executable() -> str:
    """The dbt of this environment, whatever PATH says."""
    return str(Path(sys.executable).parent / "dbt")


def command() -> list[str]:
    """What calls that dbt with a collector that seldom looks for garbage.

    It looks through the manifest again and again, which stays: an eighth of a build's time, for no
    memory.
    """
    seldom = "import gc; gc.set_threshold(20_000, 50, 50)"
    return [sys.executable, "-P", "-c", f"{seldom}; from dbt.cli.main import cli; cli()"]


def build_arguments(*, full_refresh: bool = False) -> list[str]:
    """The arguments of the one dbt call that builds and tests everything selected.

    Without dbt's unit tests: they tell nothing of today's data, took a sixth of the call's time,
    and a wrong example must not keep figures from readers. The test suite runs them.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    return [*arguments, "--full-refresh"] if full_refresh else arguments


def prepare_manifest(settings: Settings, project: Path = PROJECT_DIR) -> Path:
    """The project's manifest; dbt parses only where it is missing or older than the project.

    Parsing takes five seconds and this is called by every process that loads the definitions. Two
    that parse at once wait for each other. Raises DbtParseError.
    """
    target = project / "target"
    if not _is_current(project):
        target.mkdir(parents=True, exist_ok=True)
        with (target / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_current(project):
                _parse(project, settings)
    return target / MANIFEST


def models_asset(manifest: Path) -> dg.AssetsDefinition:
    """All models of the manifest's project as one step."""
    project = manifest.parent.parent

    @dbt_assets(
        manifest=manifest,
        name="dbt_models",
        dagster_dbt_translator=Translator(DagsterDbtTranslatorSettings(enable_asset_checks=True)),
        pool="duckdb_write",
    )
    def dbt_models(
        context: dg.AssetExecutionContext, config: DbtConfig, workspace: dg.ResourceParam[Workspace]
    ) -> Iterator[Any]:
        settings = workspace.settings
        with warehouse_lock(settings.warehouse, on_wait=context.log.info):
            arguments = build_arguments(full_refresh=config.full_refresh)
            for event in _call(project, arguments, settings, context):
                workspace.watch.built(_name(event))
                yield event

    return dbt_models


def models(manifest: Path, of_layer: str) -> list[dg.AssetKey]:
    """The keys of that layer's models, in name order."""
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    return sorted(
        Translator().get_asset_key(node)
        for node in nodes
        if node["resource_type"] == "model" and layer(node) == of_layer
    )


def parsed_before(calls: Path, project: Path, settings: Settings) -> Path | None:
    """What was parsed last for this home: by a call, or else by whoever loaded the definitions.

    dbt parses anew for each warehouse's path, which takes five seconds; what has changed since it
    looks at itself. A parse names the lake that it was made for.
    """
    if earlier := sorted(calls.glob(f"*/{PARSED}")):
        return earlier[-1]
    loaded = project / "target" / PARSED
    made_for_this = loaded.exists() and str(settings.lake).encode() in loaded.read_bytes()
    return loaded if made_for_this else None


def _call(
    project: Path, arguments: list[str], settings: Settings, context: dg.AssetExecutionContext
) -> Iterator[Any]:
    """Call dbt and pass on what it reports, as it reports it."""
    python, *flags = command()
    dbt = _Dbt(
        project_dir=str(project),
        profiles_dir=str(project),
        dbt_executable=python,
        global_config_flags=flags,
    )
    calls = settings.home / "dbt"
    _forget_old(calls)
    target = calls / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{context.run.run_id[:8]}"
    target.mkdir()
    if parsed := parsed_before(calls, project, settings):
        shutil.copy(parsed, target)
    measured_by = {"SMM_MEASUREMENT": measurement.version()}
    with _environment({**settings.dbt_environment, **measured_by, **QUIET, **ONE_THREAD}):
        invocation = dbt.cli(arguments, context=context, target_path=target)
    yield from invocation.stream()


def _name(event: Any) -> str:
    """The model or test that an event of dbt's tells of."""
    return str(getattr(event, "output_name", None) or getattr(event, "check_name", "test"))


def _is_current(project: Path) -> bool:
    manifest = project / "target" / MANIFEST
    if not manifest.exists():
        return False
    made = manifest.stat().st_mtime
    paths = (project / name for name in SOURCES)
    files = (file for path in paths for file in (path, *path.rglob("*")) if file.exists())
    return all(file.stat().st_mtime <= made for file in files)


def _parse(project: Path, settings: Settings) -> None:
    """Parse into a directory of its own and move the manifest over whole."""
    started = time.time()
    target = project / "target"
    draft = target / "draft"
    done = subprocess.run(  # noqa: S603 - our own interpreter's dbt, with fixed arguments
        [*command(), "parse", "--target-path", str(draft), "--log-path", str(draft)],
        cwd=project,
        env={**os.environ, **settings.dbt_environment, "DBT_PROFILES_DIR": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DbtParseError(f"dbt parse failed:\n{done.stdout}{done.stderr}")
    for name in (PARSED, MANIFEST):
        if (draft / name).exists():
            # What was edited while dbt parsed is newer than the manifest.
            os.utime(draft / name, (started, started))
            (draft / name).replace(target / name)
    shutil.rmtree(draft)


def _forget_old(calls: Path) -> None:
    """Keep the artifacts of the latest calls only."""
    calls.mkdir(parents=True, exist_ok=True)
    for old in sorted(calls.iterdir())[: -KEPT_CALLS + 1]:
        shutil.rmtree(old)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables while dbt is started: its resource takes no environment."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
