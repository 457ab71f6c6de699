"""Killed again and again and run once more, the published content is that of an uninterrupted run.

The real pipeline over the real wire formats. Each kill hits what the one before left: a home that
was killed four times must end like one that never was. `tests/lake/test_killed.py` and
`tests/serving` try every boundary of the lake and of publishing on a home of its own.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import WorldConfig
from pipelines.serving.publish import FILE, content_hash

NOW = datetime(2026, 6, 30, 9, tzinfo=UTC)
CONFIG = WorldConfig(anchor=NOW.date(), size=60, history_days=14, campaigns=4)
SCRIPT = Path(__file__).with_name("killed_installation.py")
FIRST, LAST = "2026-06-20", "2026-06-29"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(CONFIG, NOW) as served:
        yield served


def start(home: Path, sandbox: Sandbox, boundary: str = "-") -> subprocess.Popen[str]:
    """The pipeline as a process of its own, which dies at that boundary."""
    arguments = [str(home), sandbox.url, NOW.isoformat(), FIRST, LAST, boundary]
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = process.communicate(timeout=300)
    return process.returncode, said[-3000:]


def kill_while_a_page_is_on_its_way(home: Path, sandbox: Sandbox) -> int:
    """SIGKILL while half a page of orders has been sent and the other half is held back."""
    sandbox.control.faults(
        {"platform": "shopify", "kind": "hold", "at": "body", "contains": "orders(", "times": 1}
    )
    process = start(home, sandbox)
    assert sandbox.control.held(wait=120) == 1
    process.send_signal(signal.SIGKILL)
    code, _ = finish(process)
    sandbox.control.release()
    sandbox.control.faults()
    return code


BOUNDARIES = ["mid-file", "mid-dbt", "publish:copied"]


def test_a_home_that_was_killed_again_and_again_ends_like_one_that_never_was(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    code, said = finish(start(whole, sandbox))
    assert code == 0, said

    assert kill_while_a_page_is_on_its_way(killed, sandbox) == -signal.SIGKILL
    for boundary in BOUNDARIES:
        code, said = finish(start(killed, sandbox, boundary))
        assert code == -signal.SIGKILL, f"{boundary} was not reached: {said}"
    code, said = finish(start(killed, sandbox))
    assert code == 0, said

    published = [home / "published" / "current" / FILE for home in (whole, killed)]
    assert content_hash(published[0]) == content_hash(published[1])
