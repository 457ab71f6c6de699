"""What is true of the world, for tests and benchmarks to compare with.

Belongs here: exact counts and sums of what is visible. Does not: any platform's wording.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipelines.sandbox.world.world import World


def truth(
    world: World, now: datetime, *, first: date | None = None, last: date | None = None
) -> dict[str, Any]:
    """Exact counts and sums of what is visible at `now`, as JSON-ready values.

    `first` and `last` keep only what falls on those days of each stream: orders by the UTC day of
    `updated_at`, refunds with their orders, visits by the property's day, posts and comments by the
    page's local day, advertising by the account's day. Money is in minor units.
    """
    raise NotImplementedError


def write_truth(
    world: World,
    now: datetime,
    directory: Path,
    *,
    first: date | None = None,
    last: date | None = None,
) -> Path:
    """Write truth.json and the person-, order- and campaign-level truth as Parquet beside it."""
    raise NotImplementedError
