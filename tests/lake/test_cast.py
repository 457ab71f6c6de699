"""What each kind accepts, and that the fast and the careful reader never disagree."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.lake.cast import cast
from pipelines.lake.schema import ARROW_TYPES

JAKARTA = "Asia/Jakarta"
NEW_YORK = "America/New_York"


def one(kind, value, zone="UTC", scale=0):
    """The value as that kind; the reason, in angle brackets, if it does not fit."""
    column = cast(kind, [value], zone, scale=scale)
    assert column.array.type == ARROW_TYPES[kind]
    return f"<{column.misfits[0]}>" if column.misfits else column.array[0].as_py()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("", ""),
        (9007199254740993, "9007199254740993"),
        (2**70, str(2**70)),
        (120210000000000.0, "120210000000000"),
        (2.5, "2.5"),
        (True, "true"),
        (False, "false"),
        (None, None),
    ],
)
def test_text_is_the_value_without_losing_a_digit(value, text):
    assert one("text", value) == text


@pytest.mark.parametrize("value", [{"a": 1}, [1], math.nan, "lone \ud800 surrogate"])
def test_what_is_not_text_is_a_misfit(value):
    assert one("text", value).startswith("<")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5), ("5", 5), (" 5 ", 5), ("-5", -5), ("+5", 5), ("007", 7), (5.0, 5), ("5.0", 5),
        ("1e3", 1000), ("0e999999999", 0), (2**63 - 1, 2**63 - 1), ("", None), ("  ", None),
        (None, None),
    ],
)  # fmt: skip
def test_integers_are_read_from_whatever_is_whole(value, number):
    assert one("integer", value) == number


@pytest.mark.parametrize(
    "value",
    [True, "5.5", 5.5, "0x10", "1_000", "1,000", "five", "١٢", 2**63, str(2**63), "1e999999999",
     "9" * 5000, math.inf, [5], {}],
)  # fmt: skip
def test_what_is_no_whole_number_of_64_bits_is_a_misfit(value):
    assert one("integer", value).startswith("<")


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("1234.5", "1234.500000"),
        ("0.1", "0.100000"),
        (0.1, "0.100000"),
        (0.1 + 0.2, "0.300000"),
        (1e-7, "0.000000"),
        (125000, "125000.000000"),
        ("-12.345678", "-12.345678"),
        ("-2E-18", "0.000000"),
        ("1e3", "1000.000000"),
        ("0.0000005", "0.000000"),
        ("0.0000015", "0.000002"),
        ("0.0000025", "0.000002"),
        ("999999999999.999999", "999999999999.999999"),
        ("1e-999999999", "0.000000"),
        ("0E+999999999", "0.000000"),
        (Decimal("1.000000001"), "1.000000"),
    ],
)
def test_money_is_exact_to_six_places_and_rounds_half_to_even(value, amount):
    assert one("money", value) == Decimal(amount)


@pytest.mark.parametrize("value", [12.3456789, "12.3456789"])
def test_money_as_a_double_is_its_shortest_decimal_form(value):
    assert one("money", value) == Decimal("12.345679")


@pytest.mark.parametrize(
    "value",
    ["1000000000000", 1e12, 10**12, "999999999999.9999996", "1e999999999", "NaN", "inf", math.nan,
     math.inf, True, "Rp 1.000", "1.000,00", "1,5", "1_000", {"amount": "1"}],
)  # fmt: skip
def test_impossible_amounts_are_misfits(value):
    assert one("money", value).startswith("<")


@pytest.mark.parametrize(
    ("units", "scale", "amount"),
    [
        (1_234_567, 6, "1.234567"),
        ("1234567", 6, "1.234567"),
        ("-1999", 2, "-19.99"),
        (5, 3, "0.005"),
        (1.5, 2, "0.015"),
        ("1.5", 6, "0.000002"),
        ("2.5", 6, "0.000002"),
        ("1e3", 2, "10"),
        (999_999_999_999_999_999, 6, "999999999999.999999"),
        (1500, 9, "0.000002"),
        ("0", 6, "0"),
        ("", 2, None),
        (None, 2, None),
    ],
)
def test_money_counted_in_smaller_units_is_shifted_exactly(units, scale, amount):
    found = one("money", units, scale=scale)
    assert found == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize("units", [10**18, "1000000000000000000", "1.0.0", True, "1e18"])
def test_impossible_amounts_in_smaller_units_are_misfits(units):
    assert one("money", units, scale=6).startswith("<")


def test_blank_money_is_unknown_and_zero_is_zero():
    assert [one("money", value) for value in ("", None, "0", 0)] == [None, None, 0, 0]


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", math.nan, "1e400", True, "0x1p3"])
def test_numbers_are_finite(value):
    assert one("number", value).startswith("<")


@pytest.mark.parametrize(
    ("value", "truth"),
    [(True, True), ("true", True), ("FALSE", False), (1, True), ("0", False), ("", None)],
)
def test_booleans(value, truth):
    assert one("boolean", value) is truth


@pytest.mark.parametrize("value", ["yes", 2, -1, 1.0, [], "t"])
def test_what_is_neither_true_nor_false_is_a_misfit(value):
    assert str(one("boolean", value)).startswith("<")


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-01T20:04:05Z",
        "2025-01-01t20:04:05z",
        "2025-01-02T03:04:05+07:00",
        "2025-01-02T03:04:05+0700",
        "2025-01-02T03:04:05 +07",
        "2025-01-01 20:04:05 UTC",
        "2025-01-01T15:04:05-05:00",
        "2025-01-01T20:04:05.000000999Z",
        "2025-01-02T03:04:05",
        "2025-01-02 03:04:05",
        datetime.fromisoformat("2025-01-02T03:04:05"),
        datetime(2025, 1, 1, 20, 4, 5, tzinfo=UTC),
    ],
)
def test_instants_are_utc_and_without_an_offset_in_the_zone(text):
    assert one("timestamp", text, JAKARTA) == datetime.fromisoformat("2025-01-01T20:04:05")


def test_fractions_of_a_second_are_kept_to_the_microsecond():
    assert one("timestamp", "2025-01-01T00:00:00.123456Z").microsecond == 123456
    assert one("timestamp", "2025-01-01T00:00:00.1234569Z").microsecond == 123456


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        # The clock shows 01:30 twice: the first is meant.
        ("2024-11-03T01:30:00", "2024-11-03T05:30:00"),
        # The clock never shows 02:30: an hour after 01:30, that is 03:30.
        ("2024-03-10T02:30:00", "2024-03-10T07:30:00"),
        ("1883-11-18T12:00:00", "1883-11-18T16:56:02"),
    ],
)
def test_hours_that_a_clock_repeats_or_skips(local, utc):
    assert one("timestamp", local, NEW_YORK) == datetime.fromisoformat(utc)
    # The same by the whole-column reader and by the single one (a neighbour forces the latter).
    beside = cast("timestamp", [local, "2024-01-01T00:00:00Z"], NEW_YORK)
    assert beside.array[0].as_py() == datetime.fromisoformat(utc)


@pytest.mark.parametrize(
    "value",
    [1735787045, "1735787045", 1735787045.5, "01/02/2025", "2025-02-30", "2025-01-01T25:00:00Z",
     "2025-01-01T00:00:00+25:00", "2025-01-01T00:00:60Z", "0000-01-01T00:00:00Z", "yesterday",
     "2025-W01-1", True, {}],
)  # fmt: skip
def test_what_is_no_iso_instant_is_a_misfit(value):
    assert str(one("timestamp", value)).startswith("<")


@pytest.mark.parametrize(
    "value",
    [
        "2025-01-02",
        "20250102",
        20250102,
        date(2025, 1, 2),
        datetime.fromisoformat("2025-01-02T00:00:00"),
    ],
)
def test_dates(value):
    assert one("date", value) == date(2025, 1, 2)


@pytest.mark.parametrize(
    "value",
    ["2025-02-30", "20250230", "2025-0102", "02/01/2025", "2025-01-02T00:00:00Z",
     datetime.fromisoformat("2025-01-02T03:00:00"), True, 2025],
)  # fmt: skip
def test_what_is_no_date_is_a_misfit(value):
    assert str(one("date", value)).startswith("<")


@pytest.mark.parametrize(
    ("kind", "array", "expected"),
    [
        ("text", pa.array([1.0, None, 3.0]), ["1", None, "3"]),
        ("text", pa.array(["a", "a"]).dictionary_encode(), ["a", "a"]),
        ("integer", pa.array([1, None], pa.uint8()), [1, None]),
        ("money", pa.array([1.1, None]), [Decimal("1.1"), None]),
        ("money", pa.array([Decimal("1.0000000005")]), [Decimal("1")]),
        (
            "timestamp",
            pa.array([0], pa.timestamp("ns", JAKARTA)),
            [datetime.fromisoformat("1970-01-01T00:00:00")],
        ),
        (
            "timestamp",
            pa.array([25_200_000], pa.timestamp("ms")),
            [datetime.fromisoformat("1970-01-01T00:00:00")],
        ),
        ("date", pa.array([date(2025, 1, 2)], pa.date64()), [date(2025, 1, 2)]),
        ("boolean", pa.array([True, None]), [True, None]),
    ],
)
def test_typed_columns_are_cast_by_the_same_rules(kind, array, expected):
    column = cast(kind, array, JAKARTA)
    assert (column.array.to_pylist(), column.misfits) == (expected, {})


# A reader that meets each kind of trouble at once: digits, signs, exponents, dates, junk.
FRAGMENTS = st.text("0123456789+-.eExXTZ: _,nafi١", max_size=12)
WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    FRAGMENTS,
    st.text(max_size=8),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.floats().map(repr),
    st.datetimes(timezones=st.none() | st.just(UTC) | st.just(timezone(timedelta(hours=7)))).map(
        datetime.isoformat
    ),
    st.dates().map(date.isoformat),
    st.lists(st.integers(), max_size=2),
)


@pytest.mark.parametrize(
    ("kind", "scale"),
    [
        ("text", 0), ("integer", 0), ("number", 0), ("money", 0), ("money", 2), ("money", 6),
        ("boolean", 0), ("timestamp", 0), ("date", 0),
    ],
)  # fmt: skip
@settings(max_examples=300, deadline=None)
@given(values=st.lists(WILD, min_size=1, max_size=6))
def test_what_a_value_becomes_never_depends_on_its_neighbours(kind, scale, values):
    together = cast(kind, values, NEW_YORK, scale=scale)
    for row, value in enumerate(values):
        alone = cast(kind, [value], NEW_YORK, scale=scale)
        # A list as neighbour forces the single reader.
        beside = cast(kind, [value, [None]], NEW_YORK, scale=scale)
        for other in (together.array[row], beside.array[0]):
            assert other.equals(alone.array[0]) or math.isnan(other.as_py())
        assert (row in together.misfits) == (0 in alone.misfits) == (0 in beside.misfits)
