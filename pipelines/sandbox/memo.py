"""Remembering what was worked out, a bounded number of values."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """Values built on first use; the oldest of too many is forgotten."""

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self._values: dict[Hashable, Any] = {}

    def get(self, key: Hashable, build: Callable[[], T]) -> T:
        """The value of that key."""
        if key in self._values:
            value: T = self._values[key]
            return value
        value = build()
        if len(self._values) >= self._size:
            del self._values[next(iter(self._values))]
        self._values[key] = value
        return value
