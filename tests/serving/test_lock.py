"""One process at a time in the warehouse."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from pipelines.serving.lock import WarehouseBusyError, holder, warehouse_lock

HOLDING = """
    import sys
    from pathlib import Path
    from pipelines.serving.lock import warehouse_lock
    with warehouse_lock(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
"""
OPENING = """
    import sys
    import duckdb
    connection = duckdb.connect(sys.argv[1])
    print("held", flush=True)
    sys.stdin.read()
"""


def start(script: str, path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_waits_and_says_for_whom(tmp_path):
    with start(HOLDING, tmp_path) as other:
        said: list[str] = []

        def release(message: str) -> None:
            said.append(message)
            other.communicate()

        with warehouse_lock(tmp_path, on_wait=release):
            assert said == [f"waiting for process {other.pid}, which has the warehouse"]


def test_waiting_ends_with_an_error_that_names_the_process(tmp_path):
    with start(HOLDING, tmp_path) as other:
        with (
            pytest.raises(WarehouseBusyError, match=str(other.pid)),
            warehouse_lock(tmp_path, timeout=0),
        ):
            pass
        other.communicate()


def test_a_killed_process_leaves_nothing_locked(tmp_path):
    with start(HOLDING, tmp_path) as other:
        other.kill()
        other.wait()
    with warehouse_lock(tmp_path, timeout=0):
        pass


def test_a_dbt_that_outlived_its_run_is_waited_for(tmp_path):
    file = tmp_path / "warehouse.duckdb"
    with start(OPENING, file) as orphan:
        assert holder(file) == orphan.pid
        said: list[str] = []

        def release(message: str) -> None:
            said.append(message)
            orphan.communicate()

        with warehouse_lock(tmp_path, on_wait=release):
            assert said == [f"waiting for process {orphan.pid}, which has the warehouse"]
        assert holder(file) is None
