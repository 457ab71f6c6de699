"""One warehouse for tests that only read it, and fresh ones for those that change the lake."""

from __future__ import annotations

from pathlib import Path

import pytest
from dbt_warehouse import Warehouse, emptied
from handmade_lake import HandmadeLake


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place for every test's lake and warehouse: dbt parses the project anew for each lake."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="module")
def rules(home: Path) -> Warehouse:
    """The project's macros; no warehouse is built."""
    return Warehouse(home / "warehouse", home / "lake")


@pytest.fixture
def lake(home: Path) -> HandmadeLake:
    """An empty lake."""
    return HandmadeLake(emptied(home / "lake"))


@pytest.fixture
def warehouse(home: Path, lake: HandmadeLake) -> Warehouse:
    """The warehouse of that lake, in dollars, not built yet."""
    return Warehouse(emptied(home / "warehouse"), lake.root)
