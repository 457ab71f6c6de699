"""The `smm` command as a person uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.commands.sandbox import Choice, SandboxError
from pipelines.connectors.registry import all_streams
from pipelines.connectors.stream import Batch, Rejected
from pipelines.lake.landing import Provenance
from pipelines.lake.store import Lake
from pipelines.settings import PREFIXES, PROJECT, Settings

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
RATES = next(stream for stream in all_streams() if stream.source == "ecb")


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(PREFIXES)]:
        monkeypatch.delenv(name)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("SMM_HOME", str(tmp_path))
    return tmp_path


def smm(*arguments: str):
    return CliRunner(env={"COLUMNS": "200"}).invoke(main, arguments)


def land(home, rate: str, *, at: datetime = NOW, rejected: tuple[Rejected, ...] = ()) -> None:
    day = date(2026, 3, 9)
    columns = {
        "date": [day],
        "currency": ["IDR"],
        "rate": [rate],
        "status": ["A"],
        "_extra": [None],
    }
    table = pa.table(columns)
    rows = pa.table(
        [table[field.name].cast(field.type) for field in RATES.schema.arrow],
        schema=RATES.schema.arrow,
    )
    provenance = Provenance(run_id="r", extracted_at=at, timezone="Europe/Berlin")
    with Lake(home / "lake").landing(RATES, "eurofxref", [day], provenance) as landing:
        landing.add(Batch(rows, rejected))
        landing.commit()


def test_every_command_has_a_help_text(home):
    told = smm("--help").output
    for name, command in main.commands.items():
        if command.hidden:
            continue
        assert name in told
        assert command.help
        assert smm(name, "--help").exit_code == 0


def test_a_command_that_needs_no_dagster_does_not_load_it():
    code = (
        "import sys, pipelines.commands.sandbox, pipelines.sandbox.serve\n"
        "from pipelines.cli import _explained\n"
        "try: _explained(lambda: 0)()\n"
        "except SystemExit: print({'dagster', 'dbt', 'duckdb'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.strip() == "set()"


def test_help_loads_nothing_heavy():
    code = "import sys, pipelines.cli; print({'dagster', 'pyarrow', 'duckdb'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True
    )
    assert done.stdout.strip() == "set()"


def test_an_unknown_setting_is_one_sentence_and_no_trace(home, monkeypatch):
    monkeypatch.setenv("SMM_HOEM", "x")
    done = smm("history")
    assert done.exit_code == 1
    assert done.output.startswith("Error: unknown settings: SMM_HOEM; known: SMM_HOME")
    assert "Traceback" not in done.output


def test_an_unknown_stream_lists_the_known_ones(home):
    done = smm("extract", "shopfy/orders")
    assert done.exit_code == 1
    assert "no stream shopfy/orders; known: ecb/rates, " in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("quarantine", "list", "--source", "shopfy"),
        ("quarantine", "replay", "--stream", "order"),
        ("history", "shopfy"),
        ("history", "ecb", "rate"),
    ],
)
def test_looking_at_what_does_not_exist_lists_what_does(home, arguments):
    done = smm(*arguments)
    assert done.exit_code == 1
    assert "Error: no stream " in done.output
    assert "shopify orders" in done.output


def test_a_window_that_ends_before_it_begins_is_refused(home, monkeypatch):
    monkeypatch.setenv("SMM_FILES", str(PROJECT / "examples" / "files.yaml"))
    done = smm("extract", "files", "--first", "2026-03-02", "--last", "2026-03-01")
    assert done.exit_code == 1
    assert "--first 2026-03-02 is after the last day, 2026-03-01" in done.output


@pytest.mark.parametrize("text", ["yesterday", "2026-03-10T09:00:00"])
def test_an_instant_needs_its_offset(home, text):
    done = smm("asof", text, "--into", str(home / "past"))
    assert done.exit_code == 2
    assert "2026-11-01T09:00:00Z" in done.output or "add Z for UTC" in done.output


def test_an_instant_before_the_first_read_is_refused_and_leaves_nothing(home):
    land(home, "17500.5", at=NOW.replace(hour=8))
    land(home, "17600.5", at=NOW.replace(hour=10))
    past = home / "past"
    for _ in range(2):
        done = smm("asof", f"{NOW:%Y-%m-%d}T07:59:00Z", "--into", str(past))
        assert done.exit_code == 1
        assert f"nothing had been read by {NOW:%Y-%m-%d} 07:59 UTC" in done.output
        assert f"first read is of {NOW:%Y-%m-%d} 08:00:00 UTC" in done.output
        assert list(past.iterdir()) == []


def test_an_instant_of_an_empty_lake_says_what_to_run(home):
    done = smm("asof", f"{NOW:%Y-%m-%d}T07:59:00Z", "--into", str(home / "past"))
    assert done.exit_code == 1
    assert "the lake is empty: run `smm run` first" in done.output


def test_publishing_before_building_says_what_to_run(home):
    done = smm("publish")
    assert done.exit_code == 1
    assert "smm build" in done.output


def test_history_tells_by_how_much_a_platform_changed_its_mind(home):
    land(home, "17500.5")
    assert "No platform has changed its mind" in smm("history").output
    land(home, "17600.5", at=NOW.replace(hour=10))
    versions = smm("history", "ecb", "rates", "--day", "2026-03-09").output
    assert versions.count("eurofxref") == 2


def test_history_of_a_day_needs_a_stream_that_exists(home):
    done = smm("history", "ecb", "rate", "--day", "2026-03-09")
    assert done.exit_code == 1
    assert "ecb rates" in done.output


def test_quarantine_tells_reason_and_remedy_and_replays_what_fits_now(home):
    assert "Nothing is in quarantine." in smm("quarantine", "list").output
    record = (
        '{"TIME_PERIOD": "2026-03-09", "CURRENCY": "USD", "OBS_VALUE": "1.1", "OBS_STATUS": "A"}'
    )
    land(home, "17500.5", rejected=(Rejected("rate", "not a number", "Fix it.", "row 2", record),))
    told = smm("quarantine", "list").output
    assert "not a number" in told
    assert "Fix it." in told
    assert "1 records landed, 0 remain" in smm("quarantine", "replay").output
    assert "Nothing is in quarantine." in smm("quarantine", "list").output


def test_expire_takes_out_words_whose_time_is_over_and_says_how_many(home, monkeypatch):
    stream = replace(RATES, ttl_days=30)
    monkeypatch.setattr("pipelines.commands.inspect.all_streams", lambda: (stream,))
    land(home, "17500.5")
    monkeypatch.setenv("SMM_NOW", "2026-04-09T09:00:00Z")
    assert "Nothing in the lake has outlived" in smm("expire").output
    monkeypatch.setenv("SMM_NOW", "2026-04-09T09:00:01Z")
    told = smm("expire").output
    assert "ecb/rates" in told
    assert "smm build" in told
    lake = Lake(home / "lake")
    assert lake.footer(stream, "eurofxref", date(2026, 3, 9)).expired == 1
    assert lake.rows(stream, "eurofxref", date(2026, 3, 9)).num_rows == 0


def test_a_world_once_chosen_is_kept(home):
    settings = Settings(SMM_NOW=NOW)
    assert Choice.of(settings, size=500) == Choice(date(2026, 3, 10), size=500)
    later = Settings(SMM_NOW=NOW.replace(day=20))
    assert Choice.of(later) == Choice(date(2026, 3, 10), size=500)
    with pytest.raises(SandboxError, match="another size"):
        Choice.of(later, size=501)
