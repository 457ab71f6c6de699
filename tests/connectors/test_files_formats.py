"""One small table in every format, in every notation, gives the same rows."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from files_folder import ORDERS, Folder, instant

from pipelines.lake.personal import email_hashes, phone_hashes

COLUMNS = {**ORDERS, "customer_id": "Customer", "phone": "Phone", "city": "City"}
NAMES = ["Order", "Placed", "Mail", "Total", "Customer", "Phone", "City", "Note"]
ROWS = [
    [
        "A1",
        "2024-01-05T10:00:00",
        "Ayu@Example.com",
        "1250000.5",
        "17",
        "0812-3456-789",
        "Bali",
        None,
    ],
    ["A2", "2024-01-05T23:30:15", None, "3", None, None, "Kuta, Bali", 'gift "wrapped"\nplease'],
    ["A3", "2024-01-06T00:00:00", None, "-0.25", "18", None, "Ubud", None],
]
FORMATS = ("csv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "xlsx")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def as_csv(rows, delimiter=",", encoding="utf-8"):
    quoted = [
        delimiter.join('"{}"'.format((cell or "").replace('"', '""')) for cell in row)
        for row in [NAMES, *rows]
    ]
    return ("\n".join(quoted) + "\n").encode(encoding)


def as_jsonl(rows):
    records = [dict(zip(NAMES, row, strict=True)) for row in rows]
    for record in records:
        record["Total"] = float(record["Total"])
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()


def as_parquet(rows):
    columns = dict(zip(NAMES, zip(*rows, strict=True), strict=True))
    typed = {
        "Placed": pa.array(
            [datetime.fromisoformat(t) for t in columns["Placed"]], pa.timestamp("ms")
        ),
        "Total": pa.array([float(total) for total in columns["Total"]]),
        "Customer": pa.array([c and int(c) for c in columns["Customer"]], pa.int32()),
        "City": pa.array(columns["City"]).dictionary_encode(),
    }
    out = io.BytesIO()
    pq.write_table(pa.table({name: typed.get(name, columns[name]) for name in NAMES}), out)
    return out.getvalue()


def as_xlsx(rows):
    book = openpyxl.Workbook()
    book.active.append(NAMES)
    for row in rows:
        cells = list(row)
        cells[1] = datetime.fromisoformat(cells[1])
        cells[3] = float(cells[3])
        cells[4] = cells[4] and int(cells[4])
        book.active.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def in_format(name):
    plain = {"csv": as_csv, "jsonl": as_jsonl, "parquet": as_parquet, "xlsx": as_xlsx}
    content = plain[name.removesuffix(".gz")](ROWS)
    return gzip.compress(content) if name.endswith(".gz") else content


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_table_gives_the_same_rows_in_every_format(folder, name):
    folder.write(f"orders.{name}", in_format(name))
    read = folder.orders(f"orders.{name}", columns=COLUMNS).read()
    assert read.rejected == []
    assert read.column("order_id") == ["A1", "A2", "A3"]
    assert read.column("ordered_at") == [
        instant(2024, 1, 5, 3),
        instant(2024, 1, 5, 16, 30, 15),
        instant(2024, 1, 5, 17),
    ]
    assert read.column("gross_amount") == [
        Decimal("1250000.500000"),
        Decimal("3.000000"),
        Decimal("-0.250000"),
    ]
    assert read.column("customer_id") == ["17", None, "18"]
    assert read.column("city") == ["Bali", "Kuta, Bali", "Ubud"]
    assert read.column("currency") == ["IDR"] * 3
    assert read.column("dataset") == ["shop"] * 3
    assert read.rows[0]["email_sha256_google"] == email_hashes("ayu@example.com")[1]
    assert read.rows[0]["phone_sha256_meta"] == phone_hashes("62812-3456-789")[0]
    extras = [extra and json.loads(extra) for extra in read.column("_extra")]
    assert extras == [None, {"Note": 'gift "wrapped"\nplease'}, None]


@pytest.mark.parametrize("name", FORMATS)
def test_row_numbers_start_below_the_header_in_every_format(folder, name):
    folder.write(f"orders.{name}", in_format(name))
    columns = {**COLUMNS, "order_id": {"row_number": True}}
    assert folder.orders(f"orders.{name}", columns=columns).read().column("order_id") == list("123")


@pytest.mark.parametrize("name", FORMATS)
def test_only_the_rows_of_the_window_are_given(folder, name):
    folder.write(f"orders.{name}", in_format(name))
    folder.orders(f"orders.{name}", columns=COLUMNS)
    assert folder.read(date(2024, 1, 6), date(2024, 1, 6)).column("order_id") == ["A3"]
    assert folder.read(date(2024, 1, 7), date(2024, 1, 9)).rows == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_declared_encoding_is_read(folder, encoding, packed):
    content = as_csv([["A1", "2024-01-05", "", "1", "", "", "Orléans", ""]], encoding=encoding)
    name = "orders.csv.gz" if packed else "orders.csv"
    folder.write(name, gzip.compress(content) if packed else content)
    read = folder.orders(name, columns=COLUMNS, encoding=encoding).read()
    assert read.column("city") == ["Orléans"]


def test_a_mark_at_the_start_of_a_utf_8_file_is_no_part_of_its_first_column(folder):
    folder.write("orders.csv", as_csv(ROWS, encoding="utf-8-sig"))
    read = folder.orders("orders.csv", columns=COLUMNS).read()
    assert read.column("order_id") == ["A1", "A2", "A3"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_declared_delimiter_is_read(folder, delimiter):
    folder.write("orders.csv", as_csv(ROWS, delimiter))
    read = folder.orders("orders.csv", columns=COLUMNS, delimiter=delimiter).read()
    assert read.column("order_id") == ["A1", "A2", "A3"]


@pytest.mark.parametrize(
    ("options", "cell"),
    [
        ({"decimal": ",", "thousands": "."}, "1.250.000,50"),
        ({"decimal": ",", "thousands": "."}, "1250000,5"),
        ({"decimal": ",", "thousands": " "}, "1\u00a0250\u202f000,5"),
        ({"thousands": ","}, "1,250,000.50"),
        ({"thousands": "'"}, "1'250'000.5"),
        ({}, " +1250000.50 "),
    ],
)
def test_amounts_are_read_in_the_declared_notation(folder, options, cell):
    folder.write("orders.csv", as_csv([["A1", "2024-01-05", "", cell, "", "", "", ""]]))
    read = folder.orders("orders.csv", columns=COLUMNS, **options).read()
    assert read.column("gross_amount") == [Decimal("1250000.500000")]


def test_groups_that_are_not_of_three_digits_are_not_guessed_at(folder):
    folder.write("orders.csv", as_csv([["A1", "2024-01-05", "", "1.25", "", "", "", ""]]))
    read = folder.orders("orders.csv", columns=COLUMNS, decimal=",", thousands=".").read()
    assert read.rows == []
    assert "declare decimal: '.' and thousands: ','" in read.only.remedy


def test_a_spreadsheets_own_numbers_are_not_read_in_the_notation_of_its_texts(folder):
    book = openpyxl.Workbook()
    book.active.append(["Order", "Placed", "Mail", "Total"])
    book.active.append(["A1", "05/01/2024 10:00", None, "1.250,5"])
    book.active.append(["A2", instant(2024, 1, 5, 10), None, 1.25])
    book.active.append(["A3", instant(2024, 1, 5, 10), None, 0.1 + 0.2])
    book.save(folder.path / "orders.xlsx")
    columns = {**ORDERS, "ordered_at": {"column": "Placed", "format": "%d/%m/%Y %H:%M"}}
    read = folder.orders("orders.xlsx", columns=columns, decimal=",", thousands=".").read()
    assert read.rejected == []
    assert read.column("gross_amount") == [Decimal("1250.5"), Decimal("1.25"), Decimal("0.3")]
    assert set(read.column("ordered_at")) == {instant(2024, 1, 5, 3)}


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("%d/%m/%Y %H:%M", "5/1/2024 7:05"),
        ("%d.%m.%y %H:%M", "05.01.24 07:05"),
        ("%b %d, %Y %I:%M %p", "Jan 5, 2024 07:05 am"),
        ("%Y%m%d%H%M%S", "20240105070500"),
        ("%Y-%m-%d %H:%M:%S %z", "2024-01-05 01:05:00 +0100"),
        (None, "2024-01-05 07:05"),
        (None, "2024-01-05T00:05:00Z"),
        (None, "2024-01-04T19:05:00.000-05:00"),
    ],
)
def test_times_are_read_in_the_declared_form_and_zone(folder, form, cell):
    folder.write("orders.csv", as_csv([["A1", cell, "", "1", "", "", "", ""]]))
    placed = {"column": "Placed", "format": form} if form else "Placed"
    read = folder.orders("orders.csv", columns={**COLUMNS, "ordered_at": placed}).read()
    assert [each.reason for each in read.rejected] == []
    assert read.column("ordered_at") == [instant(2024, 1, 5, 0, 5)]


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("%d/%m/%Y", "31/02/2024"),
        ("%d/%m/%Y", "29/02/2023"),
        ("%d/%m/%Y", "13/13/2024"),
        ("%d/%m/%Y", "05/01/24"),
        ("%Y-%d-%m", "2024-05-13"),
        ("%d/%m/%Y", "05/01/2024 10:00"),
    ],
)
def test_a_date_that_does_not_exist_is_not_moved_to_one_that_does(folder, form, cell):
    folder.write("orders.csv", as_csv([["A1", cell, "", "1", "", "", "", ""]]))
    placed = {"column": "Placed", "format": form}
    read = folder.orders("orders.csv", columns={**COLUMNS, "ordered_at": placed}).read()
    assert read.rows == []
    assert f"'{cell}' is no possible date and time of the form '{form}'" in read.only.reason


def test_a_column_may_be_in_another_zone_than_its_data_set(folder):
    folder.write("orders.csv", as_csv(ROWS))
    columns = {**COLUMNS, "ordered_at": {"column": "Placed", "timezone": "UTC"}}
    read = folder.orders("orders.csv", columns=columns).read()
    assert read.column("ordered_at")[0] == instant(2024, 1, 5, 10)


def test_what_the_mapping_calls_null_is_null_in_every_kind(folder):
    row = ["A1", "2024-01-05", "-", "1", "n/a", " - ", "-", "-"]
    folder.write("orders.csv", as_csv([row]))
    options = {"null_values": ["", "-", "n/a"]}
    read = folder.orders("orders.csv", columns=COLUMNS, **options).read()
    assert read.rejected == []
    assert {read.rows[0][name] for name in ("customer_id", "city", "phone_sha256_meta")} == {None}
    assert read.rows[0]["_extra"] is None


def test_ids_that_a_spreadsheet_made_numbers_lose_their_fraction_when_declared(folder):
    rows = [["17850.0", "2024-01-05", "", "1", "", "", "", ""]]
    folder.write("orders.csv", as_csv(rows))
    columns = {**COLUMNS, "order_id": {"column": "Order", "type": "integer_text"}}
    assert folder.orders("orders.csv", columns=columns).read().column("order_id") == ["17850"]
    assert folder.orders("orders.csv", columns=COLUMNS).read().column("order_id") == ["17850.0"]


def test_a_column_that_is_called_like_a_field_but_not_mapped_to_it_stays_apart(folder):
    folder.write("orders.csv", "Order,Placed,Mail,Total,city\nA1,2024-01-05,,1,Bali\n")
    read = folder.orders("orders.csv").read()
    assert read.column("city") == [None]
    assert json.loads(read.rows[0]["_extra"]) == {"city (file)": "Bali"}


def test_personal_data_in_columns_that_no_field_takes_is_hashed(folder):
    folder.write("orders.csv", "Order,Placed,Mail,Total,Other\nA1,2024-01-05,,1,ayu@example.com\n")
    assert "ayu@example.com" not in str(folder.orders("orders.csv").read().rows)


def test_a_file_longer_than_a_block_keeps_every_row_and_its_number(folder):
    count = 250_000
    lines = (f"A{n},2024-01-05 10:00,,{'much' if n % 50_000 == 7 else n}\n" for n in range(count))
    folder.write("orders.csv", "Order,Placed,Mail,Total\n" + "".join(lines))
    columns = {**ORDERS, "city": {"row_number": True}}
    read = folder.orders("orders.csv", columns=columns).read()
    bad = [7, 50_007, 100_007, 150_007, 200_007]
    assert [each.place for each in read.rejected] == [
        f"orders.csv row {n + 2}, column 'Total'" for n in bad
    ]
    assert read.table.num_rows == count - len(bad)
    assert read.column("order_id")[-1] == f"A{count - 1}"
    assert read.column("city")[-1] == str(count)


# --- nested exports


GA4_EVENT = {
    "event_date": "20240105",
    "event_timestamp": 1704423600000000,
    "event_name": "purchase",
    "user_pseudo_id": "1234.5678",
    "user_id": None,
    "batch_event_index": 2,
    "event_params": [
        {"key": "ga_session_id", "value": {"string_value": None, "int_value": 1704423599}},
        {"key": "page_location", "value": {"string_value": "https://shop/x", "int_value": None}},
    ],
    "geo": {"country": "Indonesia", "region": "Bali", "city": "Kuta", "continent": "Asia"},
    "device": {"category": "mobile"},
    "collected_traffic_source": {"manual_source": "facebook", "manual_medium": "paid_social"},
    "ecommerce": {"transaction_id": "T1", "purchase_revenue": 0.1 + 0.2},
    "items": [{"item_id": "SKU-1", "quantity": 2}],
    "stream_id": "55",
}


def ga4_export(name, events):
    if name == "jsonl":
        return "".join(f"{json.dumps(event)}\n" for event in events).encode()
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(events), out)
    return out.getvalue()


@pytest.mark.parametrize("name", ["parquet", "jsonl"])
def test_a_ga4_export_needs_no_columns_and_its_nesting_is_kept(folder, name):
    folder.write(f"events_20240105.{name}", ga4_export(name, [GA4_EVENT]))
    folder.orders(f"events_{{date}}.{name}", kind="ga4_events", columns={})
    (row,) = folder.read().rows
    assert row["event_date"] == date(2024, 1, 5)
    assert row["event_timestamp"] == 1704423600000000
    assert row["batch_event_index"] == 2
    assert [param["key"] for param in row["event_params"]] == ["ga_session_id", "page_location"]
    assert row["event_params"][0]["int_value"] == 1704423599
    assert row["event_params"][1]["string_value"] == "https://shop/x"
    assert (row["geo_country"], row["geo_city"]) == ("Indonesia", "Kuta")
    assert row["device_category"] == "mobile"
    assert (row["manual_source"], row["manual_campaign"]) == ("facebook", None)
    assert row["session_source"] is None
    assert row["transaction_id"] == "T1"
    assert row["purchase_revenue"] == Decimal("0.300000")
    assert json.loads(row["items"]) == [{"item_id": "SKU-1", "quantity": 2}]
    assert json.loads(row["_extra"]) == {"geo.continent": "Asia", "stream_id": "55"}


def test_an_event_without_what_every_row_must_have_is_set_apart(folder):
    nameless = {**GA4_EVENT, "event_name": None}
    folder.write("events_20240105.parquet", ga4_export("parquet", [GA4_EVENT, nameless]))
    read = folder.orders("events_{date}.parquet", kind="ga4_events", columns={}).read()
    assert read.table.num_rows == 1
    assert read.only.place == "events_20240105.parquet row 2, column 'event_name'"
    assert read.only.reason == "the cell is empty"


def test_a_nested_column_can_be_mapped_by_its_dotted_name(folder):
    record = {"Order": "A1", "at": {"placed": "2024-01-05", "by": "till"}, "Total": 2}
    folder.write("orders.jsonl", json.dumps(record))
    columns = {"order_id": "Order", "ordered_at": "at.placed", "gross_amount": "Total"}
    read = folder.orders("orders.jsonl", columns=columns).read()
    assert read.column("gross_amount") == [Decimal(2)]
    assert json.loads(read.rows[0]["_extra"]) == {"at.by": "till"}


def test_an_instant_with_a_zone_of_its_own_keeps_it(folder):
    table = pa.table(
        {
            "Order": ["A1"],
            "Placed": pa.array(
                [datetime(2024, 1, 5, 3, tzinfo=UTC)], pa.timestamp("us", "Asia/Tokyo")
            ),
            "Mail": [None],
            "Total": pa.array([Decimal("1.5")], pa.decimal128(10, 2)),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    folder.write("orders.parquet", out.getvalue())
    assert folder.orders("orders.parquet").read().column("ordered_at") == [instant(2024, 1, 5, 3)]
