"""`smm doctor`: every account is looked at, and what is wrong comes with what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.commands import doctor
from pipelines.connectors.errors import DeadToken
from pipelines.connectors.health import Finding, State
from pipelines.connectors.holidays import STREAMS
from pipelines.connectors.stream import Account, Batch, Stats, Stream, Window
from pipelines.settings import PREFIXES, Settings

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TOKEN = "EAAB-secret-of-the-test"


@dataclass
class Platform:
    """A source in memory whose account `dead` refuses its token, and `odd` answers nonsense."""

    name: str = "meta_ads"
    streams: tuple[Stream, ...] = STREAMS
    stats: Stats = field(default_factory=Stats)
    readers: int = 1
    api_version: str = "v25.0"
    ids: tuple[str, ...] = ("good", "dead", "odd", "late")

    def accounts(self) -> list[Account]:
        return [Account(each, "Asia/Jakarta", "IDR", f"Account {each}") for each in self.ids]

    def read(self, stream: Stream, account: Account, window: Window) -> Iterator[Batch]:
        yield Batch(stream.schema.arrow.empty_table())

    def health(self, account: Account) -> list[Finding]:
        if account.id == "dead":
            raise DeadToken(f"the token {TOKEN} is refused", remedy="Put a new token into T.")
        if account.id == "odd":
            raise KeyError("timezone_name")
        state = State.WARN if account.id == "late" else State.OK
        return [Finding("token", state, "expires in 3 days", "Make a new one.")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("SMM_HOME", str(tmp_path))
    return tmp_path


def examine() -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, ["doctor"])


@pytest.fixture
def configured(home: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """One source with credentials, so that there is no sandbox."""
    platform = Platform()
    monkeypatch.setenv("META_ADS_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("META_ADS_ACCOUNTS", "1")
    monkeypatch.setenv("SMM_NOW", NOW.isoformat())
    monkeypatch.setattr(doctor, "build_sources", lambda *_, **__: {"meta_ads": platform})
    return platform


def test_a_dead_account_does_not_stop_the_others_and_is_told_with_what_to_do(
    configured: Platform,
) -> None:
    done = examine()
    assert done.exit_code == 1
    for told in ("Account good", "Account late", "is refused", "Put a new token into T."):
        assert told in done.output
    assert "(KeyError: 'timezone_name')" in done.output
    assert "2 bad, 1 to act on soon" in done.output


def test_no_secret_is_printed(configured: Platform) -> None:
    told = examine().output
    assert TOKEN not in told
    assert "the token [hidden] is refused" in told


def test_what_must_be_done_soon_is_no_failure(configured: Platform) -> None:
    configured.ids = ("good", "late")
    assert examine().exit_code == 0


def test_a_version_that_has_ended_is_a_failure(configured: Platform) -> None:
    configured.ids = ("good",)
    configured.api_version = "v24.0"
    done = examine()
    assert done.exit_code == 1
    assert "Marketing API v24.0 has ended on 2026-11-10" in done.output
    assert "META_ADS_API_VERSION" in done.output


def test_a_source_that_is_off_is_named_with_its_setting(configured: Platform) -> None:
    assert "shopify is off: SHOPIFY_ACCESS_TOKEN is not set" in examine().output


def test_a_source_without_accounts_is_a_failure(configured: Platform) -> None:
    configured.ids = ()
    done = examine()
    assert done.exit_code == 1
    assert "META_ADS_" in done.output


def test_a_long_wait_is_told_instead_of_slept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(doctor.WaitUntil, match="in 60 s"):
        doctor._impatient(60)


def test_without_credentials_the_sandbox_is_examined_and_nothing_of_it_stays(home: Path) -> None:
    done = examine()
    assert done.exit_code == 0, done.output
    for told in ("this examines the sandbox", "does not expire", "rows of rates", "0 bad"):
        assert told in done.output
    assert list(home.iterdir()) == []
