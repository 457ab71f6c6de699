"""What the cells of an export mean: numbers, dates and times in the notation that it is written in.

Belongs here: text in a declared notation becomes dates, instants and plain numbers, whole columns
at a time, and a cell that cannot be understood is pointed at and explained. Does not: finding
columns (`formats`), the lake's types and hashing (`pipelines.lake.convert`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lake.cast import cast
from pipelines.lake.schema import INSTANT, Field

UTC_INSTANT = pa.timestamp("us", "UTC")
# ISO 8601, extended or (days only) basic, with or without seconds, fraction and offset.
ISO = (
    r"^(?P<year>\d{4})-?(?P<month>\d\d)-?(?P<day>\d\d)"
    r"(?:[T ](?P<minute>\d\d:\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,6})\d*)?)?)?"
    r" ?(?P<offset>Z|UTC|[+-]\d\d:?\d\d)?$"
)
# What every format understands: a spreadsheet's own date cells are handed over so.
ISO_INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d"
OFFSET = r"^(?P<local>.*?) ?(?P<offset>Z|UTC|[+-]\d\d:?\d\d)$"
# A two-digit year read as four digits, or a lost digit: no export is about the time before.
FIRST_YEAR = 1900


@dataclass(frozen=True)
class Notation:
    """How one column is written. `format` is strptime's; empty means ISO 8601."""

    decimal: str = "."
    thousands: str = ""
    null_values: tuple[str, ...] = ("",)
    timezone: str = "UTC"
    format: str = ""
    integer_text: bool = False


@dataclass(frozen=True)
class Cells:
    """A column understood: `values` is NULL where a cell is empty or `bad`."""

    values: pa.Array
    bad: pa.Array

    def take(self, rows: pa.Array) -> Cells:
        """These rows of it."""
        return Cells(self.values.take(rows), self.bad.take(rows))


def understand(raw: pa.Array, field: Field, notation: Notation) -> Cells:
    """A column of text in a notation that needs no declaration.

    Dates and instants (UTC) become typed; numbers become plain text with a decimal point, whose
    range is the lake's to judge; everything else stays as it was written.
    """
    known = without_nulls(raw, notation.null_values)
    reader = _READERS.get(field.kind)
    return reader(pc.utf8_trim_whitespace(known), notation) if reader else _text(known, notation)


def without_nulls(raw: pa.Array, null_values: tuple[str, ...]) -> pa.Array:
    """Text with NULL where it is, spaces aside, one of those; other types as they are."""
    if not pa.types.is_string(raw.type) or not null_values:
        return raw
    said = pc.is_in(pc.utf8_trim_whitespace(raw), value_set=pa.array(null_values, pa.string()))
    return pc.if_else(said, pa.scalar(None, pa.string()), raw)


def explain(raw: str, field: Field, notation: Notation) -> tuple[str, str]:
    """Why that text is not a value of the field, and what to do about it."""
    if notation.integer_text:
        return "no whole number", "Correct the cell, or leave out type: integer_text"
    if field.kind in ("date", "timestamp"):
        form = f"of the form {notation.format!r}" if notation.format else "in ISO 8601"
        said = "date" if field.kind == "date" else "date and time"
        remedy = (
            f"Correct the cell, or write how the file has dates under columns.{field.name}.format"
        )
        return f"no possible {said} {form}", remedy
    said = {"integer": "whole number", "money": "amount"}.get(field.kind, "number")
    written = f"decimal {notation.decimal!r} and thousands {notation.thousands or 'none'!r}"
    other = _other_notation(raw, field, notation)
    remedy = f"Correct the cell, or declare {other}" if other else "Correct the cell"
    return f"no {said} (with {written})", remedy


def _other_notation(raw: str, field: Field, notation: Notation) -> str:
    """The declaration under which that text would be a number, if there is one."""
    for decimal, thousands in ((",", "."), (".", ","), (",", " "), (".", " "), (".", "'")):
        if (decimal, thousands) != (notation.decimal, notation.thousands):
            cells = understand(pa.array([raw]), field, Notation(decimal, thousands))
            if cells.values[0].is_valid:
                return f"decimal: {decimal!r} and thousands: {thousands!r}"
    return ""


# --- text ---------------------------------------------------------------------------------------


def _text(raw: pa.Array, notation: Notation) -> Cells:
    if not notation.integer_text:
        return Cells(raw, _none_bad(raw))
    mark = re.escape(notation.decimal)
    groups = pc.extract_regex(
        pc.utf8_trim_whitespace(raw), pattern=rf"^(?P<digits>-?[0-9]+)(?:{mark}0{{1,2}})?$"
    )
    return _judged(raw, pc.is_valid(groups), pc.struct_field(groups, "digits"))


# --- numbers ------------------------------------------------------------------------------------


def _integer(raw: pa.Array, notation: Notation) -> Cells:
    # 6.0 is how a column with gaps leaves a data frame; 6.000 may as well be six thousand.
    plain, fits = _plain(raw, notation, fraction="(?:{mark}0{1,2})?")
    return _judged(raw, fits, pc.replace_substring_regex(plain, pattern=r"\..*$", replacement=""))


def _money(raw: pa.Array, notation: Notation) -> Cells:
    plain, fits = _plain(raw, notation, fraction="(?:{mark}[0-9]*)?")
    return _judged(raw, fits, plain)


def _number(raw: pa.Array, notation: Notation) -> Cells:
    plain, fits = _plain(raw, notation, fraction="(?:{mark}[0-9]*)?(?:[eE][+-]?[0-9]+)?")
    return _judged(raw, fits, plain)


def _plain(raw: pa.Array, notation: Notation, *, fraction: str) -> tuple[pa.Array, pa.Array]:
    """Numbers without grouping and with a point, and which of them were written as declared.

    Groups must be of three digits, so that 1.23 is not taken for 123 where `.` groups thousands.
    """
    mark = re.escape(notation.decimal)
    group = {"": "", " ": "[ \u00a0\u202f]"}.get(notation.thousands, re.escape(notation.thousands))
    whole = f"(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+)" if group else "[0-9]+"
    shape = f"^[+-]?(?:{whole}{fraction.replace('{mark}', mark)}|{mark}[0-9]+)$"
    fits = pc.match_substring_regex(raw, shape)
    plain = pc.replace_substring_regex(raw, pattern=group, replacement="") if group else raw
    if notation.decimal != ".":
        plain = pc.replace_substring(plain, pattern=notation.decimal, replacement=".")
    # Only a sign in front: that of an exponent stays.
    return pc.replace_substring_regex(plain, pattern=r"^\+", replacement=""), fits


# --- dates and times ----------------------------------------------------------------------------


def _day(raw: pa.Array, notation: Notation) -> Cells:
    def read(texts: pa.Array) -> Cells:
        local, _ = _local(texts, notation.format)
        days = pc.floor_temporal(local, unit="day").cast(pa.date32())
        return _judged(texts, pc.is_valid(local), days)

    return _by_distinct(raw, read)


def _instant(raw: pa.Array, notation: Notation) -> Cells:
    def read(texts: pa.Array) -> Cells:
        local, offset = _local(texts, notation.format)
        fixed = pc.subtract(local, offset)
        instant = pc.coalesce(fixed, cast("timestamp", local, notation.timezone).array)
        return _judged(texts, pc.is_valid(instant), instant.cast(UTC_INSTANT))

    return _by_distinct(raw, read)


def _by_distinct(raw: pa.Array, read: Callable[[pa.Array], Cells]) -> Cells:
    """Read each distinct text once: the lines of an invoice share their time, a day its date."""
    encoded = raw.dictionary_encode()
    if len(encoded.dictionary) * 2 > len(raw):
        return read(raw)
    cells = read(encoded.dictionary)
    taken = cells.take(encoded.indices)
    return Cells(taken.values, pc.fill_null(taken.bad, False))


def _local(texts: pa.Array, form: str) -> tuple[pa.Array, pa.Array]:
    """Local times (NULL where impossible) and their offsets from UTC (NULL where not written)."""
    if not form:
        return _iso(texts)
    iso = pc.match_substring_regex(texts, ISO_INSTANT)
    if pc.any(iso).as_py():
        foreign = _local(pc.if_else(iso, pa.scalar(None, pa.string()), texts), form)
        own = _iso(pc.if_else(iso, texts, pa.scalar(None, pa.string())))
        return pc.coalesce(own[0], foreign[0]), pc.coalesce(own[1], foreign[1])
    if not form.endswith("%z"):
        return _strptime(texts, form), pa.nulls(len(texts), pa.duration("us"))
    groups = pc.extract_regex(texts, pattern=OFFSET)
    local = _strptime(pc.struct_field(groups, "local"), form.removesuffix("%z").rstrip())
    offset = _offsets(pc.struct_field(groups, "offset"))
    return pc.if_else(pc.is_valid(offset), local, pa.scalar(None, INSTANT)), offset


def _iso(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    groups = pc.extract_regex(texts, pattern=ISO)

    def part(name: str, default: str) -> pa.Array:
        found = pc.struct_field(groups, name)
        found = pc.if_else(pc.equal(found, ""), default, found)
        return pc.if_else(pc.is_valid(groups), found, pa.scalar(None, pa.string()))

    day = pc.binary_join_element_wise(part("year", ""), part("month", ""), part("day", ""), "-")
    clock = pc.binary_join_element_wise(part("minute", "00:00"), part("second", "00"), ":")
    whole = _strptime(pc.binary_join_element_wise(day, clock, " "), "%Y-%m-%d %H:%M:%S")
    micros = pc.utf8_rpad(part("fraction", "0"), width=6, padding="0").cast(pa.int64())
    return pc.add(whole, micros.cast(pa.duration("us"))), _offsets(part("offset", ""))


def _strptime(texts: pa.Array, form: str) -> pa.Array:
    """Parsed times; what does not print as it was written (31/02, 24:61) is NULL.

    The parser itself lets 31 February pass as 2 March.
    """
    seconds = pc.strptime(texts, format=form, unit="s", error_is_null=True)
    # Printing wants a value; any that cannot be right will do.
    printed = pc.strftime(pc.fill_null(seconds, pa.scalar(0, pa.timestamp("s"))), format=form)
    possible = pc.and_(
        pc.equal(_unpadded(printed), _unpadded(texts)),
        pc.greater_equal(pc.year(seconds), FIRST_YEAR),
    )
    return pc.if_else(possible, seconds, pa.scalar(None, pa.timestamp("s"))).cast(INSTANT)


def _unpadded(texts: pa.Array) -> pa.Array:
    """Without leading zeros, case and doubled spaces, which a parser does not mind."""
    lowered = pc.utf8_lower(pc.replace_substring_regex(texts, pattern=r"\s+", replacement=" "))
    return pc.replace_substring_regex(lowered, pattern=r"(^|[^0-9])0+([0-9])", replacement=r"\1\2")


def _offsets(texts: pa.Array) -> pa.Array:
    """`+07:00`, `+0700`, `Z` or `UTC` as durations; NULL where empty."""

    def minutes(text: str | None) -> timedelta | None:
        if not text:
            return None
        if text in ("Z", "UTC"):
            return timedelta()
        size = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
        return -size if text[0] == "-" else size

    encoded = texts.dictionary_encode()
    known = pa.array([minutes(text) for text in encoded.dictionary.to_pylist()], pa.duration("us"))
    return known.take(encoded.indices)


def _judged(raw: pa.Array, fits: pa.Array, values: pa.Array) -> Cells:
    """Values where they fit; bad where there was text that does not."""
    fits = pc.fill_null(fits, False)
    return Cells(
        pc.if_else(fits, values, pa.scalar(None, values.type)), pc.and_not(pc.is_valid(raw), fits)
    )


def _none_bad(raw: pa.Array) -> pa.Array:
    return pa.repeat(pa.scalar(False), len(raw))


_READERS: dict[str, Callable[[pa.Array, Notation], Cells]] = {
    "integer": _integer,
    "money": _money,
    "number": _number,
    "date": _day,
    "timestamp": _instant,
}
