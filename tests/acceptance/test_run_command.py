"""`make run` without credentials, twice, and what README says to do with the file that it leaves.

The whole command: the sandbox in a process of its own, every source, dbt, publishing, the summary.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipelines.commands.run import run_everything
from pipelines.settings import PREFIXES, PROJECT, Settings

README = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
FILE = "data/published/current/marts.duckdb"


@dataclass(frozen=True)
class Told:
    """How two runs in one directory ended, and what they said."""

    directory: Path
    codes: tuple[int, int]
    first: str
    second: str


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    directory = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIXES)]:
            patch.delenv(name)
        patch.setitem(Settings.model_config, "env_file", None)
        patch.setenv("SMM_HOME", str(directory / "data"))
        patch.setenv("SMM_NOW", "2026-06-30T09:00:00Z")
        patch.setenv("SMM_START_DATE", "2026-05-01")
        patch.chdir(directory)
        runs = [_run(directory / f"{number}.txt") for number in range(2)]
    codes, said = zip(*runs, strict=True)
    yield Told(directory, codes, *said)


def _run(said: Path) -> tuple[int, str]:
    """The command's exit code and what it wrote to its own standard output."""
    terminal = os.dup(1)
    with said.open("w") as file:
        os.dup2(file.fileno(), 1)
        try:
            code = run_everything(Settings(), days=3, size=300)
        finally:
            os.dup2(terminal, 1)
            os.close(terminal)
    return code, said.read_text(encoding="utf-8")


def test_the_first_run_reads_builds_publishes_and_sums_up(told: Told) -> None:
    assert told.codes[0] == 0, told.first
    assert "No credentials are set" in told.first
    assert "failed" not in told.first
    assert re.search(r"Landed [\d,]+ rows in [\d,]+ new and 0 changed stream-days", told.first)
    for part in ("Published version", "Top campaigns by ROI", "Segments in", "make ui", FILE):
        assert part in told.first


def test_a_second_run_lands_and_publishes_nothing_new_and_says_so(told: Told) -> None:
    assert told.codes[1] == 0, told.second
    assert "Nothing new landed:" in told.second
    assert "Nothing new to publish:" in told.second
    versions = [path for path in (told.directory / FILE).parents[1].iterdir() if path.is_dir()]
    assert len({path.resolve() for path in versions}) == 1


def test_the_query_that_the_summary_offers_runs_as_printed(told: Told) -> None:
    (line,) = [line for line in told.first.splitlines() if line.strip().startswith("a query")]
    command = shlex.split(line.split("a query", 1)[1])
    assert command[0] == ".venv/bin/python"
    done = subprocess.run(
        [sys.executable, *command[1:]],
        cwd=told.directory,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "order_date" in done.stdout


def test_readme_shows_sql_python_and_a_command_line() -> None:
    assert {"sql", "python", "sh"} <= {language for language, _ in BLOCKS}


@pytest.mark.parametrize("code", [body for language, body in BLOCKS if language == "sql"])
def test_the_sql_of_readme_runs_as_written(told: Told, code: str) -> None:
    assert _rows(told, code)


@pytest.mark.parametrize("code", [body for language, body in BLOCKS if language == "python"])
def test_the_python_of_readme_runs_as_written(told: Told, code: str) -> None:
    code = code.replace("/absolute/path", str(told.directory))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=told.directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_command_line_of_readme_asks_what_the_file_can_answer(told: Told) -> None:
    (line,) = [
        line for _, body in BLOCKS for line in body.splitlines() if line.startswith("duckdb ")
    ]
    _, option, path, query = shlex.split(line)
    assert (option, path) == ("-readonly", FILE)
    assert _rows(told, query)


def _rows(told: Told, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(told.directory / FILE), read_only=True) as connection:
        return connection.execute(query).fetchall()
