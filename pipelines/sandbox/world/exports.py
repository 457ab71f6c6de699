"""The files that the brand would export: GA4 events, the CRM's customers, declared people.

Belongs here: writing them and the mapping that the files connector reads. Does not: reading them.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from pipelines.sandbox.world.world import World


def write_exports(
    world: World, now: datetime, directory: Path, *, first: date | None = None
) -> list[Path]:
    """Write the exports as they stand at `now`; returns the files that changed.

    - `ga4/<property>/events_YYYYMMDD.parquet`: one file a closed day of the property, from `first`
      (default: the world's first day), final once written;
    - `crm/customers.csv`, `lists/people.csv`;
    - `files.yaml`: the mapping; data sets `ga4_<property>` (one a property, so that each closes its
      days in its own zone), `crm` and `people`.
    """
    raise NotImplementedError
