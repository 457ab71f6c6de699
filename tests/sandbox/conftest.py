"""One small world, served once for all contract tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from pipelines.sandbox.clock import Scene
from pipelines.sandbox.serve import Sandbox
from pipelines.sandbox.world import WorldConfig

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
CONFIG = WorldConfig(anchor=date(2026, 11, 1), size=700, history_days=150, campaigns=16)


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(scene=Scene(CONFIG, NOW)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """The served world at NOW, without faults, whatever the test before did."""
    yield running
    running.control.faults()
    if running.scene.now != NOW:
        running.control.clock(NOW)
