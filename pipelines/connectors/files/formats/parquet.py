"""Parquet: columns with their types, also from within structs.

Belongs here: choosing columns (the GA4 export nests most of its own), and what is left of a struct
that was taken in part. Does not: what a value means.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.connectors.files.formats.chunk import (
    ROWS,
    Chunk,
    check_columns,
    told,
)
from pipelines.connectors.files.mapping import Dataset


def read(path: Path, dataset: Dataset, wanted: Collection[str], others: bool) -> Iterator[Chunk]:
    """Chunks of a Parquet file. See `formats.read`."""
    with told(path) as progress, pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        present = [name for name in wanted if _has(schema, name)]
        check_columns(path, dataset, [*schema.names, *present])
        columns = None if others else present
        following = 1
        for batch in file.iter_batches(ROWS, columns=columns):
            rows = np.arange(following, following + batch.num_rows, dtype=np.int64)
            following += batch.num_rows
            progress.row = following - 1
            whole = pa.StructArray.from_arrays(batch.columns, names=batch.schema.names)
            rest = _untaken(whole, set(present), "") if others else {}
            yield Chunk({name: _child(whole, name) for name in present}, rest, rows, header=0)


def _has(schema: pa.Schema, name: str) -> bool:
    return _child_type(pa.struct(list(schema)), name) is not None


def _child_type(kind: pa.DataType, name: str) -> pa.DataType | None:
    if not pa.types.is_struct(kind):
        return None
    if kind.get_field_index(name) >= 0:
        return kind.field(name).type
    head, _, rest = name.partition(".")
    if not rest or kind.get_field_index(head) < 0:
        return None
    return _child_type(kind.field(head).type, rest)


def _child(array: pa.StructArray, name: str) -> pa.Array:
    if array.type.get_field_index(name) >= 0:
        return pc.struct_field(array, name)
    head, _, rest = name.partition(".")
    return _child(pc.struct_field(array, head), rest)


def _untaken(array: pa.StructArray, taken: set[str], prefix: str) -> dict[str, pa.Array]:
    """The columns that no taken name leads to; of a struct that is taken in part, the rest."""
    rest: dict[str, pa.Array] = {}
    for field in array.type:
        name = f"{prefix}{field.name}"
        if name in taken:
            continue
        child = pc.struct_field(array, field.name)
        if pa.types.is_struct(field.type) and any(each.startswith(f"{name}.") for each in taken):
            rest.update(_untaken(child, taken, f"{name}."))
        else:
            rest[name] = child
    return rest
