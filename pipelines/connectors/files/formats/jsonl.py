"""JSON lines, packed or not.

Belongs here: one object a line, looked up by dotted names. Does not: what a value means.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from pipelines.connectors.files.formats.chunk import (
    ROWS,
    Broken,
    Chunk,
    check_columns,
    decodes,
    texts,
    told,
    undecodable,
    unpacked,
)
from pipelines.connectors.files.mapping import Dataset


def read(path: Path, dataset: Dataset, wanted: Collection[str], others: bool) -> Iterator[Chunk]:
    """Chunks of a file of JSON lines. See `formats.read`."""
    with told(path) as progress, closing(unpacked(path, dataset)) as lines:
        numbered = enumerate(lines, start=1)
        while block := list(islice(numbered, ROWS)):
            yield _jsonl_chunk(path, dataset, block, wanted, others)
            progress.row = block[-1][0]


def _jsonl_chunk(
    path: Path,
    dataset: Dataset,
    block: list[tuple[int, bytes]],
    wanted: Collection[str],
    others: bool,
) -> Chunk:
    rows: list[int] = []
    records: list[dict[str, Any]] = []
    broken: list[Broken] = []
    for row, line in block:
        if not line.strip():
            continue
        record = _json_object(row, line, dataset)
        if isinstance(record, Broken):
            broken.append(record)
        else:
            rows.append(row)
            records.append(record)
    if records and block[0][0] == 1:
        names = dict.fromkeys(name for record in records for name in record)
        dotted = [name for name in wanted if any(_followed(r, name) is not None for r in records)]
        required = [name for name in wanted if _may_be_absent(dataset, name)]
        check_columns(path, dataset, [*names, *dotted, *required])
    columns = {
        name: texts([_followed(record, name) for record in records], dataset) for name in wanted
    }
    rest = _leftovers(records, wanted) if others else {}
    return Chunk(
        columns,
        {name: texts(values, dataset) for name, values in rest.items()},
        np.array(rows, np.int64),
        header=0,
        broken=tuple(broken),
    )


def _may_be_absent(dataset: Dataset, column: str) -> bool:
    """JSON leaves out what is unknown, so only what every row must have is missed."""
    origins = [(field, dataset.origin(field)) for field in dataset.fields]
    return not any(field.required and o and column in o.columns for field, o in origins)


def _json_object(row: int, line: bytes, dataset: Dataset) -> dict[str, Any] | Broken:
    try:
        record = msgspec.json.decode(
            line if dataset.encoding == "utf-8" else line.decode(dataset.encoding)
        )
    except UnicodeDecodeError:
        reason, remedy = undecodable(line, dataset)
        return Broken(row, f"it holds {reason}", remedy, _raw_line(line))
    except msgspec.DecodeError as error:
        if not decodes(line, dataset.encoding):
            reason, remedy = undecodable(line, dataset)
            return Broken(row, f"it holds {reason}", remedy, _raw_line(line))
        remedy = "Write one whole JSON object on each line"
        return Broken(row, f"it is not JSON: {error}", remedy, _raw_line(line))
    if not isinstance(record, dict):
        remedy = "Write one whole JSON object on each line"
        return Broken(row, "it is JSON, but not an object", remedy, _raw_line(line))
    return record


def _raw_line(line: bytes) -> dict[str, str]:
    return {"_row": line.decode("utf-8", "backslashreplace").rstrip("\r\n")}


def _followed(record: Any, name: str) -> Any:
    """The value under a key, or under a dotted path of keys."""
    if name in record:
        return record[name]
    for step in name.split("."):
        if not isinstance(record, dict) or step not in record:
            return None
        record = record[step]
    return record


def _leftovers(records: list[dict[str, Any]], wanted: Collection[str]) -> dict[str, list[Any]]:
    """What no wanted name leads to, under dotted names, one list of the records' values each."""
    found: dict[str, list[Any]] = {}

    def collect(position: int, record: dict[str, Any], prefix: str) -> None:
        for key, value in record.items():
            name = f"{prefix}{key}"
            if name in wanted:
                continue
            if isinstance(value, dict) and any(each.startswith(f"{name}.") for each in wanted):
                collect(position, value, f"{name}.")
            else:
                found.setdefault(name, [None] * len(records))[position] = value

    for position, record in enumerate(records):
        collect(position, record, "")
    return found
