"""What the models of customer value know of a customer: four figures, checked.

Belongs here: reading them from a table, and what they must not be. Does not: how orders become them
(SQL), any model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.measurement.numerics import Vector

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

FIGURES = ("frequency", "recency", "age", "monetary")


@dataclass(frozen=True)
class Customers:
    """The figures of each customer, checked: `recency` and `age` in one unit of time.

    `frequency` counts repeat purchases, `recency` is the time from the first purchase to the last,
    `age` the time from the first purchase to the end of the observation, `monetary` the mean value
    of repeat purchases, 0 where there was none.
    """

    person_id: pa.ChunkedArray
    frequency: Vector
    recency: Vector
    age: Vector
    monetary: Vector

    @classmethod
    def of(cls, table: pa.Table) -> Customers:
        """The rows of a table with these columns; `monetary` may be NULL where frequency is 0.

        A column that is missing, a NULL, or figures that contradict each other raise ValueError,
        which names the field and the first such row, counted from 0.
        """
        missing = [name for name in ("person_id", *FIGURES) if name not in table.column_names]
        if missing:
            raise ValueError(f"customers lack the columns {', '.join(missing)}")
        frequency, recency, age, monetary = (_floats(table[name]) for name in FIGURES)
        monetary = np.where((frequency == 0) & np.isnan(monetary), 0.0, monetary)
        customers = cls(table["person_id"], frequency, recency, age, monetary)
        for field, wrong, what in customers._faults():
            if wrong.any():
                row = int(np.argmax(wrong))
                raise ValueError(
                    f"{field} of row {row} {what}: {table.slice(row, 1).to_pylist()[0]}"
                )
        return customers

    def _faults(self) -> Iterator[tuple[str, Mask, str]]:
        never = self.frequency == 0
        yield "person_id", np.asarray(self.person_id.is_null()), "is NULL"
        yield "person_id", _seen_before(self.person_id), "is that of an earlier row"
        for field in FIGURES:
            figures = getattr(self, field)
            yield field, ~np.isfinite(figures), "is NULL or no number"
            yield field, figures < 0, "is negative"
        yield "frequency", self.frequency % 1 != 0, "is no whole number"
        yield "recency", self.recency > self.age, "is later than age"
        yield "recency", never & (self.recency > 0), "is that of a repeat purchase; there was none"
        yield "recency", ~never & (self.recency == 0), "is that of the first purchase only"
        yield "monetary", never & (self.monetary > 0), "is of repeat purchases; there was none"

    @property
    def history(self) -> Vector:
        """Frequency, recency and age as the rows of one array."""
        return np.stack([self.frequency, self.recency, self.age])

    @property
    def again(self) -> Mask:
        """Which of them bought again."""
        return self.frequency > 0


def _floats(column: pa.ChunkedArray) -> Vector:
    """The column's numbers; NULL becomes not-a-number."""
    return np.asarray(pc.fill_null(pc.cast(column, pa.float64()), float("nan")), np.float64)


def _seen_before(column: pa.ChunkedArray) -> Mask:
    first = pa.table({"id": column, "row": np.arange(len(column))}).group_by("id")
    seen = np.ones(len(column), np.bool_)
    seen[np.asarray(first.aggregate([("row", "min")])["row_min"], np.int64)] = False
    return seen
