"""What every format hands on, and what all of them check alike.

Belongs here: chunks, broken rows, missing columns, cells as text, a reader's refusals in our words.
Does not: any one format.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from openpyxl.utils.exceptions import InvalidFileException

from pipelines.connectors.files.errors import FileError, listed, nearest
from pipelines.connectors.files.mapping import Dataset
from pipelines.lake.cast import shown

ROWS = 50_000
# A cell must fit into one block; a quote that never closes is found when it does not.
BLOCK = 4 << 20
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = ("utf-8", "cp1252", "latin-1")

Numbers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Broken:
    """A row that could not be taken apart. `record` is what there is of it."""

    row: int
    reason: str
    remedy: str
    record: object
    column: str = ""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file in order: the asked columns, the others, and the rows that broke.

    `rows` are the numbers that a person sees; `header` is how many of them come before the data.
    `columns` has the names that the mapping uses, dotted where it dots; `others` what it does not.
    """

    columns: dict[str, pa.Array]
    others: dict[str, pa.Array]
    rows: Numbers
    header: int
    broken: tuple[Broken, ...] = ()

    @property
    def numbers(self) -> Numbers:
        """The rows counted from 1, whatever comes before them."""
        return self.rows - self.header

    def filter(self, mask: pa.Array) -> Chunk:
        """The rows under the mask."""
        return Chunk(
            {name: column.filter(mask) for name, column in self.columns.items()},
            {name: column.filter(mask) for name, column in self.others.items()},
            self.rows[mask.to_numpy(zero_copy_only=False)],
            self.header,
        )


def check_columns(path: Path, dataset: Dataset, names: Sequence[str]) -> None:
    """Raise FileError where a column that the mapping names is not among these of the file.

    Without `columns` in the mapping, only what every row must have is asked for.
    """
    for field in dataset.fields:
        origin = dataset.origin(field)
        if origin is None or not (dataset.columns or field.required):
            continue
        for column in origin.columns:
            if column not in names:
                _raise_missing(path, dataset, field.name, column, names)


def _raise_missing(
    path: Path, dataset: Dataset, field: str, column: str, names: Sequence[str]
) -> None:
    if dataset.file_format.startswith("csv"):
        _check_delimiter(path, dataset, names)
    raise FileError(
        path,
        f"there is no such column, which the mapping reads as {field}"
        f"{nearest(column, names)}; columns found: {listed(names)}",
        remedy=f"Write one of these under columns.{field}, or correct the header.",
        row=1,
        column=column,
    )


def _check_delimiter(path: Path, dataset: Dataset, header: Sequence[str]) -> None:
    """Where the header is one cell that another delimiter would part, say so."""
    if len(header) != 1:
        return
    counts = {mark: header[0].count(mark) for mark in DELIMITERS if mark != dataset.delimiter}
    best = max(counts, key=lambda mark: counts[mark])
    if counts[best]:
        raise FileError(
            path,
            f"with delimiter {dataset.delimiter!r} the header is a single column, {header[0]!r}, "
            f"which holds {best!r} {counts[best]} times",
            remedy=f"Declare delimiter: {best!r}.",
            row=1,
        )


def check_distinct(path: Path, header: Sequence[str]) -> None:
    """Raise FileError where a header names a column twice."""
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise FileError(
            path,
            "the header names it more than once",
            remedy="Give each column a name of its own.",
            row=1,
            column=twice,
        )


def decodes(raw: bytes, encoding: str) -> bool:
    """Whether those bytes are text of that encoding."""
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def undecodable(raw: bytes, dataset: Dataset) -> tuple[str, str]:
    """What in those bytes is not in the declared encoding, and which encoding would do."""
    try:
        raw.decode(dataset.encoding)
    except UnicodeDecodeError as error:
        where = f"byte {raw[error.start]:02X} at position {error.start + 1}"
    else:
        where = "bytes"
    fitting = [name for name in ENCODINGS if name != dataset.encoding and decodes(raw, name)]
    reading = shown(raw.decode(fitting[0]).strip())
    return (
        f"{where}, which is not {dataset.encoding}",
        f"Declare encoding: {fitting[0]} (it would read {reading}), or save the file as UTF-8",
    )


def texts(values: list[Any], dataset: Dataset) -> pa.Array:
    """Typed cells as a column of text. See `text`."""
    return pa.array([text(value, dataset) for value in values], pa.string())


def text(value: Any, dataset: Dataset) -> str | None:
    """A typed cell as text in the data set's notation, so that one column may mix both."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return _number_text(value).replace(".", dataset.decimal)
    return msgspec.json.encode(value).decode()


def _number_text(value: float | Decimal) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return format(exact, "f")


def unpacked(path: Path, dataset: Dataset) -> Any:
    """The file's bytes, unpacked."""
    packed = "gzip" if dataset.file_format.endswith(".gz") else None
    return io.BufferedReader(_Arrow(pa.input_stream(str(path), compression=packed)))


class _Arrow(io.RawIOBase):
    """An Arrow stream as a raw Python one: its unpacking is several times faster."""

    def __init__(self, stream: pa.NativeFile) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer."""
        block = self._stream.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        """Close the stream beneath too."""
        self._stream.close()
        super().close()


@dataclass
class Progress:
    """The last row that was read whole."""

    row: int = 0


@contextmanager
def told(path: Path) -> Iterator[Progress]:
    """What a reader says of a file that it cannot read, as a FileError with the row reached."""
    progress = Progress()
    try:
        yield progress
    except _REFUSALS as error:
        reason, remedy = _said(error)
        row = progress.row or None
        after = f" after row {row}" if row else ""
        raise FileError(path, f"it cannot be read{after}: {reason}", remedy=remedy) from error


def _said(error: Exception) -> tuple[str, str]:
    said = " ".join(str(error).split())
    for sign, reason, remedy in _SIGNS:
        if sign in said:
            return reason, remedy
    return said, "Export or copy the file again, or correct its format in the mapping."


_REFUSALS = (
    OSError,
    EOFError,
    UnicodeError,
    pa.ArrowInvalid,
    zipfile.BadZipFile,
    InvalidFileException,
)
_COPY = "Copy or export the file again."
_FORMAT = "Correct format in the mapping, or the file's name."
_SIGNS = (
    ("Truncated compressed", "the compressed file ends too early", _COPY),
    ("zlib inflate failed", "it is not a gzip file, or is damaged", _FORMAT),
    ("Parquet magic bytes", "it is not a Parquet file, or was cut off", _FORMAT),
    ("Parquet file size", "it is not a Parquet file, or was cut off", _FORMAT),
    ("not a zip file", "it is not an XLSX file, or was cut off", _FORMAT),
    (
        "straddling object",
        f"a quote opens below that row and does not close within {BLOCK >> 20} MB",
        "Close the quote, or double it if it is part of the text.",
    ),
)
