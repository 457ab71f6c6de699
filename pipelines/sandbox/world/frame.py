"""Columns of equal length while the world is being drawn, and their way into Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world.draws import Array


class Frame:
    """Named numpy columns of equal length."""

    def __init__(self, **columns: Any) -> None:
        self._columns: dict[str, Array] = {
            name: np.asarray(values) for name, values in columns.items()
        }

    def __getitem__(self, name: str) -> Array:
        return self._columns[name]

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def take(self, rows: Array) -> Frame:
        """These rows (an index or a mask)."""
        return Frame(**{name: values[rows] for name, values in self._columns.items()})

    def plus(self, **columns: Any) -> Frame:
        """The same rows with columns added or replaced; a scalar fills its column."""
        filled = {
            name: np.full(len(self), value) if np.ndim(value) == 0 else value
            for name, value in columns.items()
        }
        return Frame(**(self._columns | filled))

    def sorted_by(self, *names: str) -> Frame:
        """The rows sorted by these columns, the first one leading."""
        return self.take(np.lexsort([self[name] for name in reversed(names)]))


def concat(frames: Iterable[Frame], names: Sequence[str]) -> Frame:
    """The rows of all frames, with these columns."""
    parts = list(frames)
    return Frame(**{name: np.concatenate([part[name] for part in parts]) for name in names})


def arrow(schema: pa.Schema, columns: Mapping[str, Any]) -> pa.Table:
    """A table of that schema; numpy columns, lists and Arrow arrays are taken."""
    arrays = [_arrow_column(columns[field.name], field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _arrow_column(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values.cast(kind)
    return pa.array(values, kind)


def words(choices: Sequence[str | None], codes: Array) -> pa.Array:
    """The text of each code; a negative code is NULL."""
    return pa.array(list(choices), pa.string()).take(
        pa.array(codes, pa.int64(), mask=np.asarray(codes) < 0)
    )


def instants(seconds: Array) -> pa.Array:
    """Naive UTC instants from epoch seconds; a negative one is NULL."""
    micros = np.asarray(seconds, np.int64) * 1_000_000
    return pa.array(micros, pa.int64(), mask=micros < 0).cast(pa.timestamp("us"))


def whole(values: Array) -> pa.Array:
    """Whole numbers; a negative one is NULL."""
    return pa.array(np.asarray(values, np.int64), pa.int64(), mask=np.asarray(values) < 0)


def dates(ordinals: Array) -> pa.Array:
    """Days from days since 1970; a negative one is NULL."""
    days = np.asarray(ordinals, np.int32)
    return pa.array(days, pa.int32(), mask=days < 0).cast(pa.date32())
