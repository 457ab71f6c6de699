"""CSV, packed or not, with any delimiter and encoding.

Belongs here: half rows, open quotes and bytes of another encoding, each of them pointed at. Does
not: what a cell means.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from pipelines.connectors.files.errors import FileError
from pipelines.connectors.files.formats.chunk import (
    BLOCK,
    Broken,
    Chunk,
    Numbers,
    check_columns,
    check_distinct,
    decodes,
    told,
    undecodable,
    unpacked,
)
from pipelines.connectors.files.mapping import Dataset

BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read(path: Path, dataset: Dataset, wanted: Collection[str], others: bool) -> Iterator[Chunk]:
    """Chunks of a CSV file. See `formats.read`."""
    header = _header(path, dataset)
    check_columns(path, dataset, header)
    check_distinct(path, header)
    taken = header if others else [name for name in header if name in wanted]
    rejected: list[Broken] = []
    following = 2
    with closing(_stream(path, dataset)) as stream, told(path) as progress:
        for batch, last in _lookahead(_batches(stream, dataset, header, rejected)):
            rows = _numbers(batch.num_rows, following, rejected)
            following = int(rows[-1]) + 1 if len(rows) else following
            progress.row = following - 1
            # The reader is ahead: a row that broke further down belongs to a later chunk.
            broken = [each for each in rejected if last or each.row < following]
            del rejected[: len(broken)]
            keep = np.ones(batch.num_rows, np.bool_)
            keep[_blank(batch)] = False
            if last and _unclosed(path, dataset, batch):
                keep[-1] = False
                broken.append(_unclosed_quote(batch, int(rows[-1])))
            texts, undecoded = _decoded(batch.select(taken), rows, dataset)
            keep &= ~np.isin(rows, [each.row for each in undecoded])
            columns = {name: column for name, column in texts.items() if name in wanted}
            rest = {name: column for name, column in texts.items() if name not in wanted}
            chunk = Chunk(columns, rest, rows, header=1)
            if not keep.all():
                chunk = chunk.filter(pa.array(keep))
            yield replace(chunk, broken=_by_row([*broken, *undecoded]))
    if rejected:
        # Not one row was whole.
        none = dict.fromkeys((name for name in header if name in wanted), pa.array([], pa.string()))
        yield Chunk(none, {}, np.array([], np.int64), header=1, broken=_by_row(rejected))


def _numbers(count: int, first: int, rejected: list[Broken]) -> Numbers:
    """The numbers of the next rows, which skip those of the rows that broke."""
    gone = [each.row for each in rejected]
    numbers = np.arange(first, first + count + len(gone), dtype=np.int64)
    return numbers[~np.isin(numbers, gone)][:count]


def _by_row(broken: list[Broken]) -> tuple[Broken, ...]:
    """One for each row, the first that was found, in the file's order."""
    first = {each.row: each for each in reversed(broken)}
    return tuple(first[row] for row in sorted(first))


def _header(path: Path, dataset: Dataset) -> list[str]:
    """The names in the first row. Raises FileError where that is not what the row holds."""
    with told(path), closing(unpacked(path, dataset)) as raw:
        start = raw.read(2)
        _check_byte_order(path, dataset, start)
    with told(path), closing(unpacked(path, dataset)) as raw:
        encoding = "utf-8-sig" if dataset.encoding == "utf-8" else dataset.encoding
        text = io.TextIOWrapper(raw, encoding, errors="surrogateescape", newline="")
        try:
            header = next(csv.reader(text, delimiter=dataset.delimiter), [])
        except UnicodeDecodeError as error:
            raise FileError(
                path,
                f"byte {error.start} is not {dataset.encoding}",
                remedy="Declare the encoding that the file was written in.",
                row=1,
            ) from error
    for name in header:
        _check_header_text(path, dataset, name)
    if not any(name.strip() for name in header):
        raise FileError(
            path, "there is no header", remedy="Export it again, with column names.", row=1
        )
    return [name.strip() for name in header]


def _check_byte_order(path: Path, dataset: Dataset, start: bytes) -> None:
    encoding = BYTE_ORDER_MARKS.get(start)
    if encoding and not dataset.encoding.startswith("utf-16"):
        raise FileError(
            path,
            f"its first bytes ({start.hex(' ').upper()}) say {encoding}, "
            f"but it is read as {dataset.encoding}",
            remedy=f"Declare encoding: {encoding}.",
            row=1,
        )


def _check_header_text(path: Path, dataset: Dataset, name: str) -> None:
    raw = name.encode("utf-8", "surrogateescape")
    if dataset.encoding == "utf-8" and decodes(raw, "utf-8"):
        return
    if not any("\udc80" <= character <= "\udcff" for character in name):
        return
    reason, remedy = undecodable(name.encode(dataset.encoding, "surrogateescape"), dataset)
    raise FileError(path, f"the header holds {reason}", remedy=remedy, row=1)


def _stream(path: Path, dataset: Dataset) -> Any:
    if dataset.encoding == "utf-8":
        packed = "gzip" if dataset.file_format.endswith(".gz") else None
        with told(path):
            return pa.input_stream(str(path), compression=packed)
    return pa.PythonFile(_Utf8(unpacked(path, dataset), dataset.encoding), mode="r")


def _batches(
    stream: Any, dataset: Dataset, header: list[str], rejected: list[Broken]
) -> Iterator[pa.RecordBatch]:
    def reject(row: pacsv.InvalidRow) -> str:
        rejected.append(_half_a_row(row))
        return "skip"

    try:
        reader = pacsv.open_csv(
            stream,
            read_options=pacsv.ReadOptions(
                column_names=header, skip_rows_after_names=1, block_size=BLOCK, use_threads=False
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=dataset.delimiter,
                newlines_in_values=True,
                # They count as rows, so that numbers agree with what an editor shows.
                ignore_empty_lines=False,
                invalid_row_handler=reject,
            ),
            convert_options=pacsv.ConvertOptions(
                # Bytes, since one undecodable cell would otherwise fail the whole file.
                column_types=dict.fromkeys(header, pa.binary()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        raise
    yield from reader


def _half_a_row(row: pacsv.InvalidRow) -> Broken:
    text = row.text if isinstance(row.text, str) else bytes(row.text).decode("utf-8", "replace")
    quote = " and opens a quote that runs over the end of its line" if "\n" in text else ""
    return Broken(
        row.number,
        f"it has {row.actual_columns} cells and the header has {row.expected_columns}{quote}",
        "Complete the row, or quote the cell that holds the delimiter",
        {"_row": text},
    )


def _blank(batch: pa.RecordBatch) -> Numbers:
    """The positions of rows in which every cell is empty."""
    found = np.arange(batch.num_rows)
    for column in batch.columns:
        if not len(found):
            break
        empty = pc.equal(pc.binary_length(column.take(pa.array(found))), 0)
        found = found[empty.to_numpy(zero_copy_only=False)]
    return found


def _decoded(
    batch: pa.RecordBatch, rows: Numbers, dataset: Dataset
) -> tuple[dict[str, pa.Array], list[Broken]]:
    """The columns as text, and the rows that hold a cell which is none (it is NULL)."""
    texts: dict[str, pa.Array] = {}
    broken: list[Broken] = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            texts[name] = column.cast(pa.string())
        except pa.ArrowInvalid:
            texts[name], bad = _one_by_one(column, name, rows, dataset)
            broken.extend(bad)
    return texts, broken


def _one_by_one(
    column: pa.Array, name: str, rows: Numbers, dataset: Dataset
) -> tuple[pa.Array, list[Broken]]:
    texts: list[str | None] = []
    broken: list[Broken] = []
    for row, cell in zip(rows.tolist(), column.to_pylist(), strict=True):
        if decodes(cell, "utf-8"):
            texts.append(cell.decode())
            continue
        raw = _as_in_file(cell, dataset)
        reason, remedy = undecodable(raw, dataset)
        record = {name: raw.decode("utf-8", "backslashreplace")}
        broken.append(Broken(row, f"it holds {reason}", remedy, record, name))
        texts.append(None)
    return pa.array(texts, pa.string()), broken


def _as_in_file(cell: bytes, dataset: Dataset) -> bytes:
    """The cell's bytes as the file has them: `_Utf8` hands undecodable ones on as surrogates."""
    if dataset.encoding == "utf-8":
        return cell
    return cell.decode("utf-8", "surrogatepass").encode(dataset.encoding, "surrogateescape")


def _unclosed(path: Path, dataset: Dataset, batch: pa.RecordBatch) -> bool:
    """Whether the file ends inside a quote: its last row then holds all lines since."""
    if not batch.num_rows:
        return False
    over_lines = any(b"\n" in (column[-1].as_py() or b"") for column in batch.columns)
    return over_lines and _quotes(path, dataset) % 2 == 1


def _quotes(path: Path, dataset: Dataset) -> int:
    count = 0
    with closing(_stream(path, dataset)) as stream:
        while block := stream.read(BLOCK):
            count += bytes(block).count(b'"')
    return count


def _unclosed_quote(batch: pa.RecordBatch, row: int) -> Broken:
    record = {
        name: (column[-1].as_py() or b"").decode("utf-8", "replace")
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    lines = sum(text.count("\n") for text in record.values())
    name = next(name for name, text in record.items() if "\n" in text)
    return Broken(
        row,
        f"the quote that opens here never closes, so {lines} more lines were taken for this cell",
        "Close the quote, or double it if it is part of the text",
        record,
        name,
    )


def _lookahead(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, bool]]:
    """Each batch, and whether it is the last."""
    held = next(batches, None)
    while held is not None:
        following = next(batches, None)
        yield held, following is None
        held = following


class _Utf8(io.RawIOBase):
    """Another encoding as UTF-8; what it cannot decode becomes what UTF-8 cannot hold."""

    def __init__(self, raw: Any, encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="surrogateescape")
        self._ready = b""

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with UTF-8."""
        while not self._ready:
            block = self._raw.read(1 << 16)
            self._ready = self._decoder.decode(block, final=not block).encode(
                "utf-8", "surrogatepass"
            )
            if not block:
                break
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        """Close the file beneath too."""
        self._raw.close()
        super().close()
