"""Since when a file lacks what its platform no longer tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from lake_rows import ACCOUNT, D1, D3, SPEND, batch, provenance, spend

from pipelines.lake.landing import LandedDay
from pipelines.lake.store import Lake

GONE = "metric reach: the platform no longer serves it"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    yield Lake(tmp_path)


def land(lake: Lake, day: date, *missing: str, account: str = ACCOUNT) -> list[LandedDay]:
    with lake.landing(SPEND, account, [day], provenance()) as landing:
        landing.add(replace(batch(SPEND, spend("a", "1", day)), missing=missing))
        return landing.commit(requests=1)


def test_the_first_day_of_those_in_a_row_that_lack_it(lake: Lake) -> None:
    land(lake, D1, GONE)
    land(lake, D1 + timedelta(days=1))
    land(lake, D3, GONE)
    # The fourth day was never read, which tells nothing.
    newest = land(lake, D3 + timedelta(days=2), GONE)
    assert lake.lacking_since(newest) == {GONE: D3}


def test_days_after_the_read_do_not_count(lake: Lake) -> None:
    land(lake, D3)
    assert lake.lacking_since(land(lake, D1, GONE)) == {GONE: D1}


def test_the_account_that_lacks_it_longest_decides(lake: Lake) -> None:
    land(lake, D1, GONE, account="other")
    both = [*land(lake, D3, GONE, account="other"), *land(lake, D3, GONE)]
    assert lake.lacking_since(both) == {GONE: D1}


def test_a_read_that_lacks_nothing(lake: Lake) -> None:
    assert lake.lacking_since(land(lake, D1)) == {}
