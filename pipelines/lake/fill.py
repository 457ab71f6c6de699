"""How full the columns of files are, by the statistics in their footers; no row is decoded.

Belongs here: counting values, and telling a field that went missing from one that is merely rare.
Does not: which files to compare (`store`), what to say about it (`pipelines.defs`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

# A field counts as missing where chance would leave so many rows without it once in a thousand
# reads. A phone that every third order has may be absent from ten orders, not from twenty.
BY_CHANCE = 0.001
# How Parquet writes the step from a list to what is in it.
_LIST_STEPS = (".list.element", ".list.item")


class Fill:
    """Values and places for them by column; a nested field counts each element of its list."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.places: Counter[str] = Counter()
        self.values: Counter[str] = Counter()
        for file in files:
            self._count(file)

    def _count(self, file: Path) -> None:
        metadata = pq.read_metadata(file)
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                known = column.statistics
                if known is not None and known.has_null_count:
                    # `num_values` of the column counts its NULLs, that of the statistics does not.
                    self.places[column.path_in_schema] += column.num_values
                    self.values[column.path_in_schema] += column.num_values - known.null_count


def emptied(before: Fill, now: Fill) -> list[str]:
    """The fields that had values before and have none now, where chance does not explain it."""
    return sorted(
        _name(column)
        for column, places in now.places.items()
        # An empty `_extra` is the usual case: nothing came that is not modelled.
        if column != "_extra" and not now.values[column] and _improbable(before, column, places)
    )


def _improbable(before: Fill, column: str, places: int) -> bool:
    if not before.values[column] or not places:
        return False
    share_empty = 1 - before.values[column] / before.places[column]
    return bool(share_empty**places < BY_CHANCE)


def _name(column: str) -> str:
    for step in _LIST_STEPS:
        column = column.replace(step, "")
    return column
