"""Building a world: the order in which its parts are drawn."""

from __future__ import annotations

from datetime import datetime

from pipelines.sandbox.world.config import WorldConfig
from pipelines.sandbox.world.world import World


def build_world(config: WorldConfig, until: datetime) -> World:
    """The world up to that instant (UTC). A later `until` never changes what was before it."""
    raise NotImplementedError
