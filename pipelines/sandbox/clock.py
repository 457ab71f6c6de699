"""The sandbox's time: one world, and the instant up to which it has happened.

The clock stands still until it is moved, so that a test or a run sees one state of every platform.
Moving it is cheap: the world is built some way ahead, and only what is visible changes.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from pipelines.sandbox.memo import Memo
from pipelines.sandbox.world import (
    World,
    WorldConfig,
    build_world,
    current_customers,
    current_lines,
    current_orders,
    current_posts,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Building takes seconds and moving the clock must not: tests move it by days or a few weeks.
AHEAD = timedelta(days=45)


def instant(text: str) -> datetime:
    """An ISO 8601 instant as UTC; text without an offset is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)


# What earlier facts have become by now; any other table is the world's own.
STATES = {
    "current_customers": current_customers,
    "current_lines": current_lines,
    "current_orders": current_orders,
    "current_posts": current_posts,
}


class Scene:
    """A world at an instant.

    `memo` remembers what was worked out for this instant, and is new after each move.
    """

    def __init__(self, config: WorldConfig, now: datetime, ahead: timedelta = AHEAD) -> None:
        self.config = config
        self._ahead = ahead
        self._until = now + ahead
        self._whole = self._built()
        self.now = now
        self.memo = Memo(size=4096)

    def _built(self) -> World:
        world = build_world(self.config, self._until)
        # What building needed beside the world, 200 MB of 700 for the default size, is given back.
        pa.default_memory_pool().release_unused()
        return world

    @property
    def world(self) -> World:
        """The world as it stands now."""
        return self.memo.get("world", lambda: self._whole.at(self.now))

    def table(self, name: str) -> pa.Table:
        """A table of the world, or a state of it (`STATES`), as it stands now."""
        if name in STATES:
            return self.memo.get(name, lambda: STATES[name](self.world))
        return getattr(self.world, name)

    @property
    def micros(self) -> int:
        """The instant as microseconds since 1970-01-01 UTC."""
        return micros(self.now)

    def move(self, now: datetime) -> None:
        """Set the clock; the world is built further ahead only when the instant lies beyond it."""
        if now > self._until:
            self._until = now + self._ahead
            self._whole = self._built()
        self.now = now
        self.memo = Memo(size=4096)

    def today(self, timezone: str) -> date:
        """The day on which the instant falls in that zone."""
        return self.now.astimezone(ZoneInfo(timezone)).date()
