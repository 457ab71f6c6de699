"""What the connectors' tests share: a scripted server and a clock that nobody waits for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted import FakeTime, Scripted


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.close()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()
