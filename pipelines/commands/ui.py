"""The Dagster UI on the instance of these settings, with the sandbox beside it if it is needed.

Belongs here: starting both and ending them together.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import click

from pipelines.commands.runs import prepare_home
from pipelines.commands.sandbox import healthy, running
from pipelines.defs.dbt import prepare_manifest
from pipelines.settings import PROJECT, Settings


def serve_ui(settings: Settings, port: int) -> int:
    """Serve until interrupted; the daemon runs schedules and what is launched in the UI."""
    home = prepare_home(settings)
    prepare_manifest(settings)
    with ExitStack() as stack:
        if settings.sandboxed and healthy(settings.sandbox_url) is None:
            click.echo(f"starting the sandbox at {settings.sandbox_url}")
            log = settings.home / "logs" / "sandbox.log"
            stack.enter_context(running(settings, settings.sandbox_url, log))()
        click.echo(f"http://127.0.0.1:{port} in a moment; Ctrl-C ends it")
        return run_until_ended(_command(port), _environment(settings, home))


def run_until_ended(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run Dagster, which ends its servers and daemon by itself; 0 when it was asked to.

    Ctrl-C reaches it from the terminal; a request to end, from whatever keeps this command running,
    is passed on. Dagster treats both alike, so that in the background, where shells have SIGINT
    ignored, it would heed neither.
    """
    asked = False
    dagster: subprocess.Popen[bytes] | None = None

    def pass_on(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        if dagster is not None:
            dagster.terminate()

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, pass_on)
    dagster = subprocess.Popen(  # noqa: S603 - our own interpreter's Dagster
        command, cwd=PROJECT, env={**os.environ, **environment}
    )
    if asked:
        dagster.terminate()
    while True:
        try:
            code = dagster.wait()
        except KeyboardInterrupt:
            asked = True
        else:
            return 0 if asked else code


def _command(port: int) -> list[str]:
    dagster = Path(sys.executable).parent / "dagster"
    return [str(dagster), "dev", "-w", str(PROJECT / "workspace.yaml"), "-p", str(port)]


def _environment(settings: Settings, home: Path) -> dict[str, str]:
    """The settings that the code server must see as this command does."""
    files = {"SMM_FILES": str(settings.files)} if settings.files and not settings.sandboxed else {}
    return {
        # `dagster dev` recommends a command of a package that this project does not need.
        "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded",
        "DAGSTER_HOME": str(home),
        "SMM_HOME": str(settings.home),
        "SMM_START_DATE": settings.start_date.isoformat(),
        "SMM_REPORTING_CURRENCY": settings.reporting_currency,
        "SMM_REPORTING_TIMEZONE": settings.reporting_timezone,
        **files,
    }
