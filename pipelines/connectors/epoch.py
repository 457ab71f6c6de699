"""Instants that a platform counts in seconds since 1970.

Belongs here: making them what the lake reads, which takes no bare number for an instant. Does not:
which of a record's fields count seconds (each platform's module).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any


def epoch(instant: datetime) -> int:
    """The instant in whole seconds."""
    return int(instant.timestamp())


def from_epoch(seconds: Any) -> datetime | None:
    """The instant (UTC); None for 0, which says that there is none, and for what is no count."""
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def with_instants(record: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The record with those counts of seconds as ISO 8601; what is no count stays as it is."""
    told = dict(record)
    for name in names:
        instant = from_epoch(told.get(name))
        if instant is not None:
            told[name] = instant.isoformat()
        elif told.get(name) == 0:
            told[name] = None
    return told
