"""Whole days of a zone, and the rows of a table that fall on them.

Belongs here: which rows are counted. Does not: what is counted (`truth`, `measured`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Span:
    """Whole days that are counted; None is open."""

    first: date | None = None
    last: date | None = None

    def of_instants(self, table: pa.Table, column: str, zone: ZoneInfo) -> pa.Table:
        """Rows whose instant (naive UTC) falls on these days in that zone."""
        local = pc.local_timestamp(
            pc.assume_timezone(table[column], "UTC").cast(pa.timestamp("us", str(zone)))
        )
        return self._of(table, local.cast(pa.date32()))

    def of_days(self, table: pa.Table) -> pa.Table:
        """Rows whose `date_day` is one of these days."""
        return self._of(table, table["date_day"])

    def _of(self, table: pa.Table, days: Any) -> pa.Table:
        keep = pc.is_valid(days)
        if self.first is not None:
            keep = pc.and_(keep, pc.greater_equal(days, pa.scalar(self.first, pa.date32())))
        if self.last is not None:
            keep = pc.and_(keep, pc.less_equal(days, pa.scalar(self.last, pa.date32())))
        return table.filter(keep)
