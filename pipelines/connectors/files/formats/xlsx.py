"""XLSX: one sheet, read row by row.

Belongs here: the sheet, its header, cells beyond it. Typed cells become text in the data set's own
notation, since a column often mixes both. Does not: what a cell means.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl

from pipelines.connectors.files.errors import FileError, listed, nearest
from pipelines.connectors.files.formats.chunk import (
    ROWS,
    Broken,
    Chunk,
    check_columns,
    check_distinct,
    text,
    texts,
    told,
)
from pipelines.connectors.files.mapping import Dataset


def read(path: Path, dataset: Dataset, wanted: Collection[str], others: bool) -> Iterator[Chunk]:
    """Chunks of a sheet. See `formats.read`."""
    with told(path), closing(_workbook(path)) as book:
        if dataset.sheet and dataset.sheet not in book.sheetnames:
            raise FileError(
                path,
                f"there is no sheet {dataset.sheet!r}{nearest(dataset.sheet, book.sheetnames)}; "
                f"sheets: {listed(book.sheetnames)}",
                remedy="Correct sheet in the mapping.",
            )
        sheet = book[dataset.sheet] if dataset.sheet else book.worksheets[0]
        cells = sheet.iter_rows(values_only=True)
        header = _xlsx_header(path, next(cells, ()))
        check_columns(path, dataset, header)
        taken = {n: name for n, name in enumerate(header) if name and (others or name in wanted)}
        numbered = enumerate(cells, start=2)
        while block := list(islice(numbered, ROWS)):
            yield _xlsx_chunk(block, taken, len(header), wanted, dataset)


def _workbook(path: Path) -> Any:
    try:
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except KeyError as error:
        raise FileError(
            path, "it is a zip file, but not an XLSX one", remedy="Export it as XLSX again."
        ) from error


def _xlsx_header(path: Path, cells: Sequence[object]) -> list[str]:
    header = ["" if cell is None else str(cell).strip() for cell in cells]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise FileError(
            path, "there is no header", remedy="Put the column names into row 1.", row=1
        )
    check_distinct(path, [name for name in header if name])
    return header


def _xlsx_chunk(
    block: list[tuple[int, tuple[Any, ...]]],
    taken: dict[int, str],
    width: int,
    wanted: Collection[str],
    dataset: Dataset,
) -> Chunk:
    rows: list[int] = []
    kept: list[tuple[Any, ...]] = []
    broken: list[Broken] = []
    for row, cells in block:
        if all(cell is None or cell == "" for cell in cells):
            continue
        if any(cell is not None for cell in cells[width:]):
            reason = f"it has cells beyond the {width} columns of the header"
            remedy = "Give the column a name in row 1, or empty the cells"
            broken.append(Broken(row, reason, remedy, {"_row": [text(c, dataset) for c in cells]}))
            continue
        rows.append(row)
        kept.append(cells)
    cells_of = {
        name: texts([cells[n] if n < len(cells) else None for cells in kept], dataset)
        for n, name in taken.items()
    }
    return Chunk(
        {name: column for name, column in cells_of.items() if name in wanted},
        {name: column for name, column in cells_of.items() if name not in wanted},
        np.array(rows, np.int64),
        header=1,
        broken=tuple(broken),
    )
