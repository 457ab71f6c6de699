"""What is wrong with a set-up, and what to do about it: this machine, each source, each account.

Belongs here: what is looked at, in which order, and how it is shown. Does not: what a platform
tells of an account (its connector's `health`), or when a version ends (`connectors.versions`).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape

from pipelines.commands import sandbox
from pipelines.commands.errors import EXPECTED, explain
from pipelines.commands.tables import new_table, wide_console
from pipelines.connectors.errors import SourceError, WaitUntil
from pipelines.connectors.health import Finding, Health, State
from pipelines.connectors.http import HIDDEN, SHORTEST_SECRET, Clock
from pipelines.connectors.read import HttpSource
from pipelines.connectors.registry import build_sources, version_of
from pipelines.connectors.stream import Account, Source
from pipelines.defs.dbt import executable
from pipelines.serving.publish import FILE, versions_of
from pipelines.settings import Settings

MARKS = {State.OK: "[green]✓[/]", State.WARN: "[yellow]![/]", State.BAD: "[red]✗[/]"}
# A run waits for a platform as long as it takes; who looks after a set-up sits before the screen.
PATIENCE = 5.0
SET_UP = "Delete .venv and run make run again with Python 3.11."
# The sandbox's smallest world has every account, and is made in seconds.
SANDBOX_SIZE = 50


@dataclass(frozen=True)
class Examined:
    """A finding and the account of which it is; none for what concerns the whole source."""

    account: str
    finding: Finding


def examine_everything(settings: Settings) -> int:
    """Every finding in a table per source; 1 where one is bad."""
    console = wide_console()
    hide = _hiding(settings)
    machine = [Examined("", finding) for finding in examine_machine(settings)]
    _show(console, "this machine", machine, hide)
    found = list(machine)
    with _answering(settings, console) as pointed:
        sources = build_sources(pointed, clock=Clock(sleep=_impatient))
        for name, source in sources.items():
            examined = list(examine(source, pointed.now()))
            _show(console, name, examined, hide)
            found += examined
    for name, reason in settings.off.items():
        console.print(f"[dim]–[/] {name} is off: {escape(reason)}", highlight=False)
    return _conclude(console, settings, [each.finding for each in found])


def examine_machine(settings: Settings) -> list[Finding]:
    """What every command needs of the machine it runs on."""
    version = sys.version.split()[0]
    home = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    return [
        _verdict("Python", sys.version_info[:2] == (3, 11), version, SET_UP),
        _verdict("dbt", Path(executable()).exists(), executable(), SET_UP),
        _verdict(
            "SMM_HOME",
            os.access(home, os.W_OK),
            str(settings.home),
            "Make it writable, or point SMM_HOME elsewhere.",
        ),
    ]


def examine(source: Source, now: datetime) -> Iterator[Examined]:
    """What is to be said of a source: its version, and each of its accounts."""
    if version := version_of(source, now.date()):
        yield Examined("", version)
    try:
        accounts = source.accounts()
    except Exception as error:  # noqa: BLE001 - whatever it is, the other sources are looked at
        yield Examined("", _broken("credentials", error))
        return
    if not accounts:
        remedy = f"Name its accounts in the settings that begin with {source.name.upper()}_."
        yield Examined("", Finding("accounts", State.BAD, "none is configured", remedy))
    for account in accounts:
        for finding in _examine_account(source, account, now):
            yield Examined(account.id, finding)


def _examine_account(source: Source, account: Account, now: datetime) -> Iterator[Finding]:
    if isinstance(source, HttpSource) and (refused := source.refusal(account)):
        yield _broken("credentials", refused)
        return
    told = (account.name, account.timezone, account.currency)
    yield Finding("account", State.OK, ", ".join(part for part in told if part))
    try:
        if isinstance(source, Health):
            yield from source.health(account)
        else:
            yield _read(source, account, now)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other accounts are looked at
        yield _broken("reading", error)


def _read(source: Source, account: Account, now: datetime) -> Finding:
    """Whether a page of yesterday comes, where the platform tells nothing of the account itself."""
    stream = next(stream for stream in source.streams if account.has(stream))
    day = now.date() - timedelta(days=1)
    page = next(iter(source.read(stream, account, stream.window(day, day, account))), None)
    rows = page.rows.num_rows if page else 0
    return Finding("reading", State.OK, f"{rows:,} rows of {stream.name} on {day}")


def _broken(what: str, error: Exception) -> Finding:
    """An error in words; one that is no refusal is an answer that we do not understand."""
    if isinstance(error, SourceError):
        until = f"; it may go on at {error.resumes_at:%H:%M} UTC" if error.resumes_at else ""
        return Finding(what, State.BAD, f"{error.reason}{until}", error.remedy)
    if isinstance(error, EXPECTED):
        return Finding(what, State.BAD, explain(error))
    detail = f"the answer is not as expected ({type(error).__name__}: {error})"
    return Finding(what, State.BAD, detail, "Check the base URL and the API version.")


def _verdict(what: str, good: bool, detail: str, remedy: str) -> Finding:
    return Finding(what, State.OK if good else State.BAD, detail, "" if good else remedy)


def _impatient(seconds: float) -> None:
    """Sleep for a moment; a longer wait is a finding."""
    if seconds > PATIENCE:
        resumes_at = datetime.now(UTC) + timedelta(seconds=seconds)
        raise WaitUntil(
            f"it does not answer now: the next try would be in {seconds:.0f} s",
            remedy="Look again later; a run waits by itself.",
            resumes_at=resumes_at,
        )
    time.sleep(seconds)


@contextmanager
def _answering(settings: Settings, console: Console) -> Iterator[Settings]:
    """Settings whose sources answer: without credentials, those of a sandbox of its own.

    Its world is small and gone afterwards, so that looking changes nothing in SMM_HOME.
    """
    if not settings.sandboxed:
        yield settings
        return
    console.print("No credentials are set (.env.example), so this examines the sandbox.")
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="smm-doctor-")))
        given = Settings(SMM_HOME=home, SMM_NOW=settings.now())
        pointed, wait = stack.enter_context(sandbox.beside(given, size=SANDBOX_SIZE, export_days=1))
        with console.status("making the sandbox's world"):
            wait()
        yield pointed


def _show(
    console: Console, title: str, examined: Sequence[Examined], hide: Callable[[str], str]
) -> None:
    table = new_table("account", "", "what", "found", "what to do", title=title)
    before = ""
    for each in examined:
        finding = each.finding
        table.add_row(
            escape(each.account) if each.account != before else "",
            MARKS[finding.state],
            escape(finding.what),
            escape(hide(finding.detail)),
            escape(hide(finding.remedy)),
        )
        before = each.account
    console.print(table)


def _conclude(console: Console, settings: Settings, found: Sequence[Finding]) -> int:
    published = settings.published / "current" / FILE
    if published.exists():
        age = datetime.now(UTC) - datetime.fromtimestamp(published.stat().st_mtime, UTC)
        kept = len(versions_of(settings.published))
        console.print(f"Published {age.total_seconds() / 3600:.1f} h ago; {kept} versions kept.")
    states = [finding.state for finding in found]
    bad, warned = states.count(State.BAD), states.count(State.WARN)
    console.print(f"{len(found)} findings: {bad} bad, {warned} to act on soon.", highlight=False)
    return int(bad > 0)


def _hiding(settings: Settings) -> Callable[[str], str]:
    """What takes every secret out of a text. Connectors do so too; this is the last door."""
    secrets = [secret for secret in settings.secrets if len(secret) >= SHORTEST_SECRET]

    def hide(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, HIDDEN)
        return text

    return hide
