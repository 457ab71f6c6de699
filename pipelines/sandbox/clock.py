"""The sandbox's time: one world, and the instant up to which it has happened.

The clock stands still until it is moved, so that a test or a run sees one state of every platform.
The first move forward builds the world again, some weeks ahead (2 s for 20,000 customers); further
moves only change what is visible.
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
    current_channel_posts,
    current_customers,
    current_lines,
    current_orders,
    current_outlet_orders,
    current_posts,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Tests and demonstrations move the clock by days or a few weeks.
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
    "current_channel_posts": current_channel_posts,
    "current_customers": current_customers,
    "current_lines": current_lines,
    "current_orders": current_orders,
    "current_outlet_orders": current_outlet_orders,
    "current_posts": current_posts,
}


class Scene:
    """A world at an instant.

    `memo` remembers what was worked out for this instant, and is new after each move.
    """

    def __init__(self, config: WorldConfig, now: datetime, ahead: timedelta | None = None) -> None:
        """A world at that instant, built as far ahead as asked: not at all by default.

        A world that nobody moves is held once in memory, not twice.
        """
        self.config = config
        self.now = now
        self.memo = Memo(size=4096)
        self._until = now + (ahead or timedelta())
        self._whole = self._built()

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
        """Set the clock. Beyond what is built, the world is built some way further ahead."""
        self.memo = Memo(size=4096)
        if now > self._until:
            self._until = now + AHEAD
            # The old world makes room first.
            del self._whole
            self._whole = self._built()
        self.now = now

    def today(self, timezone: str) -> date:
        """The day on which the instant falls in that zone."""
        return self.now.astimezone(ZoneInfo(timezone)).date()
