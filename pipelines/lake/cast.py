"""What a value of each kind may look like, and whole columns of them as Arrow.

Belongs here: the rules of every scalar kind. Does not: where values are found (`convert`), personal
data (`personal`).

Each kind has two readers that agree: one takes a whole column in a few vectorised steps and gives
up (None) unless every value fits plainly; one takes a single value and raises `MisfitError` with
the reason. So the slow one runs only on columns with something unusual in them, and what a value
becomes never depends on its neighbours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from functools import cache, partial
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lake import personal
from pipelines.lake.schema import ARROW_TYPES, INSTANT, MONEY, Kind

Values: TypeAlias = "Sequence[Any] | pa.Array"
_WholeReader: TypeAlias = "Callable[[pa.Array, str], pa.Array | None]"
_SingleReader: TypeAlias = "Callable[[Any, str], Any]"

_NONE = type(None)
_TEXT = pa.string()
_TRACES = tuple(trace.encode() for trace in personal.TRACES_IN_TEXT)
_WHOLE = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?")
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_INSTANT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[Tt ](\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?"
    r" ?(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_TRUE, _FALSE = ("true", "1"), ("false", "0")
_INT64 = range(-(2**63), 2**63)
# Above it, a double cannot tell neighbouring whole numbers apart.
_EXACT_DOUBLE = 2**53
_SHOWN = 40

_CENTS = Decimal(1).scaleb(-MONEY.scale)
_MONEY_LIMIT = Decimal(10) ** (MONEY.precision - MONEY.scale)
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)
_FINE = pa.decimal128(38, 20)
# Whole numbers of any 64-bit size; its product with a shift stays within 38 digits.
_UNITS = pa.decimal128(25, 6)
_MINUTE = 60_000_000
# The lake's instants are UTC without a zone.
_EPOCH = datetime.fromisoformat("1970-01-01")
_FIRST_INSTANT = datetime.fromisoformat("0001-01-02")
_LAST_INSTANT = datetime.fromisoformat("9999-12-30")
_FIRST_MICROS, _LAST_MICROS = (
    (instant - _EPOCH) // timedelta(microseconds=1) for instant in (_FIRST_INSTANT, _LAST_INSTANT)
)
# Since 1975 every change of every zone's clock falls on a whole minute.
_WHOLE_MINUTES_FROM = (datetime.fromisoformat("1975-01-01") - _EPOCH) // timedelta(microseconds=1)


class MisfitError(ValueError):
    """A value that is not of its kind; the message is the reason."""


@dataclass(frozen=True)
class Column:
    """A column of one kind; rows of `misfits` (row -> reason) are NULL in `array`."""

    array: pa.Array
    misfits: dict[int, str] = field(default_factory=dict)


def cast(kind: Kind, values: Values, zone: str, *, scale: int = 0) -> Column:
    """Those values as a column of that kind.

    `values` is a list of decoded JSON values or an Arrow array. `zone` is the IANA zone of times
    that carry no offset. `scale` is for money that is counted in units of 10^-scale of the major
    one. Empty or blank text is NULL in every kind but text.

    - text: numbers become their digits (a whole double without `.0`), true and false their names.
    - integer: whole numbers, also as text or as a double without a fraction; never a boolean.
    - number: finite numbers, also as text.
    - money: exact, from text, integers and doubles (by their shortest decimal form); what goes
      beyond six places is rounded half to even (`-2E-18` is 0); what needs more than twelve digits
      before the point, or is not finite, does not fit.
    - boolean: true, false, 1 and 0, also as text.
    - timestamp: ISO 8601 with an offset, or without one in `zone` (in the hour that a clock
      repeats, the first; in the hour that it skips, as if it had not skipped); digits beyond
      microseconds are cut. Numbers do not fit: whether they count seconds or milliseconds is not
      for guessing.
    - date: `yyyy-mm-dd` or `yyyymmdd`; an instant only at midnight without an offset.
    """
    whole_reader, single_reader = _WHOLE_READERS[kind], _SINGLE_READERS[kind]
    if scale:
        whole_reader = partial(_whole_scaled, scale=scale)
        single_reader = partial(_single_money, scale=scale)
    array = values if isinstance(values, pa.Array) else _as_arrow(values)
    if array is not None:
        whole = whole_reader(array, zone)
        if whole is not None:
            return Column(whole)
    if isinstance(values, pa.Array):
        values = values.to_pylist()
    return _one_by_one(kind, values, zone, single_reader)


def shown(value: Any) -> str:
    """A value as a reason quotes it: short, on one line, without personal data."""
    text = personal.scrub_text(value if isinstance(value, str) else repr(value))
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return repr(text.encode("utf-8", "backslashreplace").decode())


def _as_arrow(values: Sequence[Any]) -> pa.Array | None:
    """A list as an Arrow array, if its values are all of one sort that can be read as a whole."""
    first = next((value for value in values if value is not None), None)
    if isinstance(first, str):
        try:
            return pa.array(values, pa.string())
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
            return None
    types = set(map(type, values)) - {_NONE}
    if types == {float, int}:
        types = {float}
    if len(types) > 1:
        return None
    (sort,) = types or {str}
    target = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}.get(sort)
    if target is None:
        return None
    try:
        return pa.array(values, target)
    except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
        return None


def _one_by_one(kind: Kind, values: Sequence[Any], zone: str, reader: _SingleReader) -> Column:
    read: list[Any] = []
    misfits: dict[int, str] = {}
    for row, value in enumerate(values):
        try:
            read.append(None if value is None else reader(value, zone))
        except MisfitError as misfit:
            misfits[row] = str(misfit)
            read.append(None)
    return Column(pa.array(read, ARROW_TYPES[kind]), misfits)


def _try_cast(array: pa.Array, target: pa.DataType) -> pa.Array | None:
    if array.type == target:
        return array
    try:
        return pc.cast(array, target)
    except pa.ArrowInvalid:
        return None


def _contains(array: pa.Array, *parts: bytes) -> bool:
    """Whether a text array holds any of those bytes: found in its buffer, value by value is slow.

    Bytes beneath a NULL count too, which at worst has the values read one by one.
    """
    array = _as_text(array)
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return False
    ends = memoryview(offsets).cast("i")
    first, last = ends[array.offset], ends[array.offset + len(array)]
    text = data.slice(first, last - first).to_pybytes()
    return any(part in text for part in parts)


def _is_text(array: pa.Array) -> bool:
    return bool(pa.types.is_string(array.type) or pa.types.is_large_string(array.type))


def _as_text(array: pa.Array) -> pa.Array:
    """Text with Arrow's usual offsets."""
    return array if array.type == _TEXT else pc.cast(array, _TEXT)


# --- text


def _whole_text(array: pa.Array, _zone: str) -> pa.Array | None:
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if _is_text(array):
        array = _as_text(array)
        return None if _contains(array, *_TRACES) else array
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date32(kind):
        return pc.cast(array, pa.string())
    if pa.types.is_floating(kind):
        whole = _whole_integer(array, "")
        return None if whole is None else pc.cast(whole, pa.string())
    return pc.cast(array, pa.string()) if pa.types.is_null(kind) else None


def _single_text(value: Any, _zone: str) -> str:
    if isinstance(value, str):
        text = personal.scrub_text(value)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise MisfitError(f"{shown(value)} is not valid Unicode") from None
        return text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        _finite(value)
        return (
            str(int(value)) if value.is_integer() and abs(value) <= _EXACT_DOUBLE else repr(value)
        )
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise MisfitError(f"{shown(value)} is not text")


# --- integer


def _whole_integer(array: pa.Array, _zone: str) -> pa.Array | None:
    kind = array.type
    if _is_text(array):
        # Arrow would read 0x10 as sixteen.
        return None if _contains(array, b"x", b"X") else _try_cast(array, pa.int64())
    if pa.types.is_integer(kind) or pa.types.is_null(kind):
        return _try_cast(array, pa.int64())
    if pa.types.is_floating(kind):
        exact = pc.all(pc.less_equal(pc.abs(array), float(_EXACT_DOUBLE))).as_py()
        return _try_cast(array, pa.int64()) if exact is not False else None
    return None


def _single_integer(value: Any, _zone: str) -> int | None:
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, bool):
        raise MisfitError(f"{shown(value)} is not a whole number")
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.fullmatch(text) and text.isascii():
            return _in_range(text, int(text) if len(text) < _SHOWN else 2**64)
    exact = _decimal(value, "a whole number")
    if not exact:
        return 0
    if exact != exact.to_integral_value():
        raise MisfitError(f"{shown(value)} is not a whole number")
    return _in_range(value, int(exact) if exact.adjusted() < _SHOWN else 2**64)


def _in_range(value: Any, number: int) -> int:
    if number not in _INT64:
        raise MisfitError(f"{shown(value)} is too large for a 64-bit number")
    return number


# --- number


def _whole_number(array: pa.Array, _zone: str) -> pa.Array | None:
    kind = array.type
    if not (_is_text(array) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return pc.cast(array, pa.float64()) if pa.types.is_null(kind) else None
    read = _try_cast(array, pa.float64())
    if read is None or pc.all(pc.is_finite(read)).as_py() is False:
        return None
    return read


def _single_number(value: Any, _zone: str) -> float | None:
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, float):
        return _finite(value)
    return _finite(float(_decimal(value, "a number")))


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise MisfitError(f"{shown(value)} is not a finite number")
    return value


# --- money


def _whole_money(array: pa.Array, _zone: str) -> pa.Array | None:
    kind = array.type
    if pa.types.is_floating(kind):
        # The shortest text that reads back as the same double: 0.1 is 0.1.
        array = pc.cast(pc.cast(array, pa.float64()), pa.string())
    if _is_text(array):
        # Arrow crashes on some exponents (1e-999999999).
        if _contains(array, b"e", b"E"):
            return None
        exact = _try_cast(array, MONEY)
        return exact if exact is not None else _rounded(_try_cast(array, _FINE))
    if pa.types.is_integer(kind):
        whole = _try_cast(array, pa.int64())
        return None if whole is None else _try_cast(pc.cast(whole, _UNITS), MONEY)
    if pa.types.is_decimal128(kind):
        return _try_cast(array, MONEY) if kind.scale <= MONEY.scale else _rounded(array)
    return pc.cast(array, MONEY) if pa.types.is_null(kind) else None


def _whole_scaled(array: pa.Array, _zone: str, *, scale: int) -> pa.Array | None:
    kind = array.type
    if _is_text(array) and _contains(array, b"e", b"E"):
        return None
    if not (_is_text(array) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        return None
    units = _try_cast(array, _UNITS)
    if units is None or scale > MONEY.scale:
        return None
    shift = pa.scalar(Decimal(1).scaleb(-scale), pa.decimal128(scale + 1, scale))
    return _rounded(pc.multiply(units, shift))


def _rounded(array: pa.Array | None) -> pa.Array | None:
    if array is None:
        return None
    try:
        rounded = pc.round(array, ndigits=MONEY.scale, round_mode="half_to_even")
    except pa.ArrowInvalid:
        return None
    return _try_cast(rounded, MONEY)


def _single_money(value: Any, _zone: str, *, scale: int = 0) -> Decimal | None:
    if isinstance(value, str) and not value.strip():
        return None
    exact = _decimal(value, "an amount")
    if not exact:
        return Decimal(0)
    magnitude = exact.adjusted() - scale
    if magnitude >= _MONEY_LIMIT.adjusted():
        raise MisfitError(f"{shown(value)} is too large for an amount")
    if magnitude <= -_SHOWN:
        return Decimal(0)
    rounded = exact.quantize(_CENTS.scaleb(scale), context=_EXACT).scaleb(-scale)
    if abs(rounded) >= _MONEY_LIMIT:
        raise MisfitError(f"{shown(value)} is too large for an amount")
    return rounded


def _decimal(value: Any, called: str) -> Decimal:
    """The exact value of a number or of its text; a MisfitError says that it is not `called`."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise MisfitError(f"{shown(value)} is not {called}")
    if isinstance(value, float):
        _finite(value)
    text = value.strip() if isinstance(value, str) else str(value)
    if not (text.isascii() and _NUMBER.fullmatch(text)):
        raise MisfitError(f"{shown(value)} is not {called}")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise MisfitError(f"{shown(value)} is not {called}") from None


# --- boolean


def _whole_boolean(array: pa.Array, _zone: str) -> pa.Array | None:
    if pa.types.is_boolean(array.type) or pa.types.is_null(array.type):
        return pc.cast(array, pa.bool_())
    return _try_cast(array, pa.bool_()) if _is_text(array) else None


def _single_boolean(value: Any, _zone: str) -> bool | None:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    if isinstance(value, str) and not text:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise MisfitError(f"{shown(value)} is neither true nor false")


# --- timestamp


def _whole_timestamp(array: pa.Array, zone: str) -> pa.Array | None:
    kind = array.type
    if pa.types.is_null(kind):
        return pc.cast(array, INSTANT)
    if _is_text(array):
        zoned = _try_cast(array, pa.timestamp("us", "UTC"))
        if zoned is not None:
            return _within_calendar(_without_zone(zoned))
        local = _try_cast(array, INSTANT)
    elif pa.types.is_timestamp(kind):
        micros = pc.cast(array, pa.timestamp("us", kind.tz), safe=False)
        if kind.tz:
            return _within_calendar(_without_zone(micros))
        local = micros
    elif pa.types.is_date(kind):
        local = pc.cast(array, INSTANT)
    else:
        return None
    return None if local is None else _local_to_utc(local, zone)


def _without_zone(array: pa.Array) -> pa.Array:
    return array.view(INSTANT)


def _within_calendar(array: pa.Array) -> pa.Array | None:
    first, last = pc.min_max(array.view(pa.int64())).as_py().values()
    if first is None:
        return array
    return array if first >= _FIRST_MICROS and last <= _LAST_MICROS else None


def _local_to_utc(array: pa.Array, zone: str) -> pa.Array | None:
    """Local times as UTC. Clocks are looked up once per minute that occurs, not once per row."""
    if zone == "UTC":
        return _within_calendar(array)
    first = pc.cast(pc.min(array), pa.int64()).as_py()
    if first is None:
        return array
    if first < _WHOLE_MINUTES_FROM or _within_calendar(array) is None:
        return None
    local = pc.fill_null(pc.cast(array, pa.int64()), first).to_numpy(zero_copy_only=False)
    minutes, place = np.unique(local // _MINUTE, return_inverse=True)
    offsets = np.array([_offset(int(minute), zone) for minute in minutes], dtype=np.int64)
    utc = pa.array(local - offsets[place], pa.int64(), mask=array.is_null().to_numpy(False))
    return pc.cast(utc, INSTANT)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _offset(minute: int, zone: str) -> int:
    """Microseconds by which the zone is ahead of UTC at that local minute since 1970."""
    local = datetime(1970, 1, 1, tzinfo=_zone(zone)) + timedelta(minutes=minute)
    return round((local.utcoffset() or timedelta()) / timedelta(microseconds=1))


def _single_timestamp(value: Any, zone: str) -> datetime | None:
    if isinstance(value, str):
        if not value.strip():
            return None
        parsed = _parse_instant(value)
    elif isinstance(value, datetime):
        parsed = value
    elif isinstance(value, date):
        parsed = datetime.combine(value, time())
    else:
        raise MisfitError(f"{shown(value)} is not a time in ISO 8601")
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=_zone(zone))
    try:
        instant = parsed.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise MisfitError(f"{shown(value)} is outside the calendar") from None
    if not _FIRST_INSTANT <= instant <= _LAST_INSTANT:
        raise MisfitError(f"{shown(value)} is outside the calendar")
    return instant


def _parse_instant(value: str) -> datetime:
    found = _INSTANT.fullmatch(value.strip()) if value.isascii() else None
    if found is None:
        raise MisfitError(f"{shown(value)} is not a time in ISO 8601")
    *parts, fraction, offset = found.groups(default="")
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    micros = int(fraction[:6].ljust(6, "0"))
    try:
        zone = _parse_offset(offset) if offset else None
        return datetime(year, month, day, hour, minute, second, micros, tzinfo=zone)
    except ValueError:
        raise MisfitError(f"{shown(value)} is not a time that exists") from None


def _parse_offset(text: str) -> timezone:
    if text in ("Z", "z", "UTC", "GMT"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if minutes >= 60:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


# --- date


def _whole_date(array: pa.Array, _zone: str) -> pa.Array | None:
    kind = array.type
    if pa.types.is_date(kind) or pa.types.is_null(kind):
        return pc.cast(array, pa.date32())
    if not _is_text(array):
        return None
    dashed = _try_cast(array, pa.date32())
    if dashed is not None:
        return dashed
    if pc.all(pc.match_substring_regex(array, r"^[0-9]{8}$")).as_py() is False:
        return None
    parts = [pc.utf8_slice_codeunits(array, *span) for span in ((0, 4), (4, 6), (6, 8))]
    return _try_cast(pc.binary_join_element_wise(*parts, "-"), pa.date32())


def _single_date(value: Any, _zone: str) -> date | None:
    if isinstance(value, datetime):
        if value.time() != time() or value.tzinfo is not None:
            raise MisfitError(f"{shown(value)} is an instant, not a date")
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip() if isinstance(value, str | int) else repr(value)
    if not text:
        return None
    found = _DATE.fullmatch(text) if text.isascii() and text.count("-") != 1 else None
    if found is None:
        raise MisfitError(f"{shown(value)} is not a date (yyyy-mm-dd)")
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise MisfitError(f"{shown(value)} is not a date that exists") from None


_WHOLE_READERS: dict[str, _WholeReader] = {
    "text": _whole_text,
    "integer": _whole_integer,
    "number": _whole_number,
    "money": _whole_money,
    "boolean": _whole_boolean,
    "timestamp": _whole_timestamp,
    "date": _whole_date,
}
_SINGLE_READERS: dict[str, _SingleReader] = {
    "text": _single_text,
    "integer": _single_integer,
    "number": _single_number,
    "money": _single_money,
    "boolean": _single_boolean,
    "timestamp": _single_timestamp,
    "date": _single_date,
}
