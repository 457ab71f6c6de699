"""The sandbox beside a run: its world's options on disk, its process, its clock.

Belongs here: starting and stopping it for a command. Does not: the server (`pipelines.sandbox`).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec
import requests

from pipelines.settings import Settings, last_sandbox_morning

# A world of 20,000 customers takes about ten seconds on two quiet cores; a hundred times as many
# customers, or a busy machine, may take minutes.
START_SECONDS = 600.0
HEALTH = "/__sandbox__/health"


class SandboxError(RuntimeError):
    """The sandbox did not start, or is not the one that was asked for."""


@dataclass(frozen=True)
class Choice:
    """The options of a home's world. The first run makes them, and later runs keep them."""

    anchor: date
    seed: int = 7
    size: int = 20_000

    @classmethod
    def of(cls, settings: Settings, **options: Any) -> Choice:
        """The kept choice, or a new one anchored at the run's day and kept from now on.

        Raises SandboxError for options that differ from the kept ones: the lake holds that world.
        """
        given = {name: value for name, value in options.items() if value is not None}
        path = settings.sandbox / "world.json"
        if not path.exists():
            # A run anchors its world at the same moment at which it sets the clock.
            anchor = (settings.fixed_now or last_sandbox_morning(settings.now())).date()
            choice = cls(**{"anchor": anchor, **given})
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".draft")
            draft.write_text(json.dumps({**asdict(choice), "anchor": choice.anchor.isoformat()}))
            draft.replace(path)
            return choice
        kept = json.loads(path.read_text())
        choice = cls(**{**kept, "anchor": date.fromisoformat(kept["anchor"])})
        differing = [name for name, value in given.items() if getattr(choice, name) != value]
        if differing:
            raise SandboxError(
                f"this home already has a world with another {', '.join(differing)}; use another"
                f" SMM_HOME, or delete {settings.home} to begin anew"
            )
        return choice


@contextmanager
def running(
    settings: Settings, url: str, log: Path, *, export_days: int | None = None
) -> Iterator[Callable[[], None]]:
    """The sandbox of these settings at that address of this machine, while the block lasts.

    Making the world takes seconds, which the caller may use: the block gets a function that waits
    until the sandbox answers. It raises SandboxError with the end of the log when that fails.
    """
    command = [sys.executable, "-m", "pipelines.cli", "sandbox", "--until-stdin-closes"]
    command += ["--port", str(urlsplit(url).port), "--now", settings.now().isoformat()]
    if export_days:
        command += ["--export-days", str(export_days)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        process = subprocess.Popen(  # noqa: S603 - this project's own command
            command,
            # The pipe closes when this process ends, however it ends, and the sandbox with it.
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            env={**os.environ, "SMM_HOME": str(settings.home)},
        )
    try:
        yield lambda: _await(process, url, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def serve(
    settings: Settings,
    port: int,
    *,
    size: int | None = None,
    seed: int | None = None,
    export_days: int | None = None,
    faults: int | None = None,
    until_stdin_closes: bool = False,
) -> None:
    """Make the world of this home, write its exports and its truth, and answer until ended.

    `export_days` limits the event export to so many days; by default it covers the whole history.
    `faults` seeds a bad day: refusals, broken answers and lost reports on every platform.
    With `until_stdin_closes`, whoever started it need not live to end it.
    """
    # The world needs numpy and a good deal of memory: no other command should load it.
    from pipelines.sandbox.clock import Scene
    from pipelines.sandbox.faults import bad_day
    from pipelines.sandbox.serve import Sandbox
    from pipelines.sandbox.world import WorldConfig, write_exports, write_truth

    if until_stdin_closes:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    now = settings.now()
    choice = Choice.of(settings, size=size, seed=seed)
    scene = Scene(WorldConfig(anchor=choice.anchor, seed=choice.seed, size=choice.size), now)
    first = now.date() - timedelta(days=export_days) if export_days else None
    write_exports(scene.world, now, settings.sandbox / "exports", first=first)
    # Only tests and benchmarks read it.
    write_truth(scene.world, now, settings.sandbox / "truth")
    ended = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ended)
    with Sandbox(scene=scene, port=port) as sandbox:
        if faults is not None:
            sandbox.control.faults(*map(msgspec.to_builtins, bad_day(faults)))
        click.echo(f"{sandbox.url} serves {choice.size:,} customers at {now:%Y-%m-%d %H:%M} UTC")
        signal.sigwait(ended)


def healthy(url: str) -> datetime | None:
    """The clock of the sandbox at that address, or None where none answers."""
    try:
        answer = requests.get(f"{url}{HEALTH}", timeout=2)
        return datetime.fromisoformat(answer.json()["now"]) if answer.ok else None
    except (requests.RequestException, ValueError, KeyError):
        return None


def free_address() -> str:
    """An address on this machine at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def _end_with_stdin() -> None:
    # Not by `sys.stdin`: its lock, held by a waiting thread, would break the interpreter's end.
    while os.read(0, 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while healthy(url) is None:
        if process.poll() is not None:
            raise SandboxError(f"the sandbox stopped while starting:\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise SandboxError(f"the sandbox did not start within {START_SECONDS:.0f} s; see {log}")
        time.sleep(0.1)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
