"""A landing that is killed at any boundary leaves the old or the new, and is healed by the next."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from killed_landing import first_read, recorded, second_read
from lake_rows import ACCOUNT, D1, D2, ORDERS, SPEND, files_below, land, provenance, spend

import pipelines
from pipelines.lake.files import Workspace
from pipelines.lake.store import Lake

HERE = Path(__file__).parent
# As many as `recorded` finds: the test of the list says so if a boundary is added.
BOUNDARIES = [
    "mid-page",
    # 1 January: misfits beside the earlier ones, rows in place of the first read's, misfits alone.
    *("mid-file", "before-move", "after-move", "after-quarantine"),
    *("after-history", "before-move", "after-move"),
    *("before-move", "after-move"),
    # 2 January: rows where there were none.
    *("mid-file", "after-history", "before-move", "after-move"),
    # Orders, merged.
    *("mid-file", "after-history", "before-move", "after-move"),
]


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A lake after its first read."""
    root = tmp_path_factory.mktemp("killed") / "started"
    first_read(Lake(root))
    return root


@pytest.fixture(scope="module")
def finished(started):
    """The same lake after its second, uninterrupted one."""
    root = started.parent / "finished"
    shutil.copytree(started, root)
    second_read(Lake(root))
    return files_below(root)


def test_the_boundaries_of_a_landing_are_these(started):
    root = started.parent / "recorded"
    shutil.copytree(started, root)
    assert recorded(root) == BOUNDARIES


@pytest.mark.parametrize(
    ("number", "name"), list(enumerate(BOUNDARIES)), ids=lambda value: str(value)
)
def test_killed_there_and_run_again_the_lake_is_as_if_nothing_had_happened(
    number, name, started, finished
):
    root = started.parent / f"killed-{number}"
    shutil.copytree(started, root)
    _run_until_killed(root, number)

    lake = Lake(root)
    for stream, day in ((SPEND, D1), (SPEND, D2), (ORDERS, D1)):
        kept = {version.footer.content_hash for version in lake.history(stream, ACCOUNT, day)}
        old = Lake(started).footer(stream, ACCOUNT, day).content_hash
        assert old in kept
        assert lake.path(stream, ACCOUNT, day).read_bytes() in (
            (started / lake.path(stream, ACCOUNT, day).relative_to(root)).read_bytes(),
            finished[lake.path(stream, ACCOUNT, day).relative_to(root).as_posix()],
        )
    # The first read's misfit stays until the day's new rows are in place.
    quarantined = lake.quarantine.list()["record"].to_pylist()
    replaced = lake.footer(SPEND, ACCOUNT, D1).run_id == "run-2"
    assert replaced or any('"b"' in record for record in quarantined)

    second_read(lake)
    assert files_below(root) == finished
    assert _workspaces(root) == []


def test_a_workspace_whose_owner_lives_is_left_alone(tmp_path):
    lake = Lake(tmp_path / "lake")
    with Workspace(lake.layout) as mine:
        mine.new().write_bytes(b"half a file")
        land(lake, SPEND, [D1], [spend("a", "1")])
        assert _workspaces(lake.root) == [mine.folder]
        assert list(mine.folder.glob("*.parquet"))
    assert _workspaces(lake.root) == []


def test_a_workspace_that_was_born_dead_is_removed(tmp_path):
    lake = Lake(tmp_path / "lake")
    (lake.layout.temporary / "unmarked").mkdir(parents=True)
    lake.landing(SPEND, ACCOUNT, [D1], provenance()).close()
    assert _workspaces(lake.root) == []


def _run_until_killed(root, number):
    paths = os.pathsep.join((str(Path(pipelines.__file__).parents[1]), str(HERE)))
    program = [sys.executable, str(HERE / "killed_landing.py"), str(root), str(number)]
    ended = subprocess.run(program, env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert ended.returncode == -signal.SIGKILL


def _workspaces(root):
    return [path for path in (root / "_tmp").iterdir() if path.is_dir() and path.name != "locks"]
