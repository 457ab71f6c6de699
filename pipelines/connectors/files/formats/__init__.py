"""The formats of exports: CSV, JSON lines, Parquet and XLSX as columns, some rows at a time.

Belongs here: taking a file apart into columns and numbered rows, and pointing at what cannot be.
Does not: what a cell means (`values`), which rows are wanted (`rows`).

Rows are numbered as a person finds them: as a spreadsheet does in CSV and XLSX (the header is row
1), by line in JSON lines, from 1 in Parquet. Untyped cells arrive as text in the data set's own
notation; Parquet keeps its types. Memory is bounded by `ROWS` or `BLOCK`, however long the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from pipelines.connectors.files.formats import delimited, jsonl, parquet, xlsx
from pipelines.connectors.files.formats.chunk import Broken, Chunk, Numbers
from pipelines.connectors.files.mapping import Dataset

__all__ = ["Broken", "Chunk", "Numbers", "read"]

Reader = Callable[[Path, Dataset, Collection[str], bool], Iterator[Chunk]]

_READERS: dict[str, Reader] = {
    "csv": delimited.read,
    "csv.gz": delimited.read,
    "jsonl": jsonl.read,
    "jsonl.gz": jsonl.read,
    "parquet": parquet.read,
    "xlsx": xlsx.read,
}


def read(path: Path, dataset: Dataset, wanted: Collection[str], *, others: bool) -> Iterator[Chunk]:
    """The wanted columns of a file, and with `others` also the rest, chunk by chunk.

    Raises:
        FileError: The file is not of its format, or lacks a wanted column that it must have.

    """
    reader = _READERS[dataset.file_format]
    return reader(path, dataset, wanted, others)
