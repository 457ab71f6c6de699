"""Broken files: one clear error each, and every good row lands."""

from __future__ import annotations

import gzip
import io
from datetime import date

import msgspec
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from files_folder import JANUARY, ORDERS, Folder

from pipelines.connectors.errors import Decision, Permanent
from pipelines.connectors.files import FileError
from pipelines.connectors.files.mapping import KINDS

HEADER = "Order,Placed,Mail,Total\n"
GOOD = "A1,2024-01-05 10:00,ayu@example.com,10.50\n"
OTHER = "A9,2024-01-06 10:00,,3\n"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def refusal(folder, **days):
    with pytest.raises(FileError) as caught:
        folder.read(**days)
    assert caught.value.decision is Decision.STOP
    return str(caught.value)


def landed(read):
    return read.column("order_id")


# --- the whole file


def test_a_path_that_matches_nothing_says_where_it_looked(folder):
    said = refusal(folder.orders("exports/*.csv"))
    assert "no file matches 'exports/*.csv' under" in said
    assert str(folder.path) in said
    assert said.endswith("Put the export there, or correct datasets.shop.path in files.yaml.")


def test_a_missing_column_is_named_with_what_was_found_and_what_is_near(folder):
    folder.write("orders.csv", "Order No,placed,Mail,Sum\nA1,2024-01-05,x@y.id,1\n")
    said = refusal(folder.orders("orders.csv"))
    assert said == (
        "orders.csv row 1, column 'Order': there is no such column, which the mapping reads as "
        "order_id; did you mean 'Order No'?; columns found: Order No, placed, Mail, Sum. "
        "Write one of these under columns.order_id, or correct the header."
    )


@pytest.mark.parametrize("ask", ["read", "extent"])
def test_every_file_that_cannot_be_read_is_told_at_once(folder, ask):
    folder.write("good.csv", HEADER + GOOD)
    folder.write("lacking.csv", "Order,Placed,Mail\nA1,2024-01-05 10:00,x@y.id\n")
    folder.write("lacking_day.csv", "Order,Mail,Total\nA1,x@y.id,1\n")
    folder.write("other.csv", "Order;Placed;Mail;Total\nA1;2024-01-05 10:00;x@y.id;1\n")
    folder.orders("*.csv")
    source = folder.source()
    (account,) = source.accounts()
    stream = KINDS["orders"]
    with pytest.raises(Permanent) as caught:
        if ask == "read":
            list(source.read(stream, account, stream.window(*JANUARY, account)))
        else:
            source.extent(stream, account)
    said = str(caught.value)
    assert "lacking_day.csv row 1, column 'Placed'" in said
    assert "other.csv row 1: with delimiter ','" in said
    assert "Declare delimiter: ';'" in said
    assert "good.csv" not in said
    assert "lacking.csv row 1, column 'Total'" in said


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_wrong_delimiter_is_recognised_and_the_right_one_proposed(folder, mark):
    folder.write("orders.csv", (HEADER + GOOD).replace(",", mark))
    said = refusal(folder.orders("orders.csv"))
    header = mark.join(["Order", "Placed", "Mail", "Total"])
    assert said == (
        f"orders.csv row 1: with delimiter ',' the header is a single column, {header!r}, "
        f"which holds {mark!r} 3 times. Declare delimiter: {mark!r}."
    )


def test_a_file_in_utf_16_is_recognised_by_its_first_bytes(folder):
    folder.write("orders.csv", (HEADER + GOOD).encode("utf-16"))
    said = refusal(folder.orders("orders.csv"))
    assert "orders.csv row 1: its first bytes (FF FE) say utf-16" in said
    assert said.endswith("Declare encoding: utf-16.")


def test_a_header_in_another_encoding_is_told_with_the_byte(folder):
    folder.write("orders.csv", "Order,Placed,Mail,Total,Größe\n".encode("cp1252"))
    said = refusal(folder.orders("orders.csv"))
    assert "row 1: the header holds byte F6 at position 3, which is not utf-8" in said
    assert "Declare encoding: cp1252 (it would read 'Größe')" in said


def test_a_header_that_names_a_column_twice_is_refused(folder):
    folder.write("orders.csv", "Order,Placed,Mail,Total,Total\nA1,2024-01-05,,1,2\n")
    said = refusal(folder.orders("orders.csv"))
    assert said == (
        "orders.csv row 1, column 'Total': the header names it more than once. "
        "Give each column a name of its own."
    )


def test_an_empty_file_has_no_header(folder):
    folder.write("orders.csv", "")
    assert "orders.csv row 1: there is no header" in refusal(folder.orders("orders.csv"))


def test_a_packed_file_that_was_cut_off_says_so(folder):
    rows = "".join(f"A{n},2024-01-05,,{n * 7919 % 1000}\n" for n in range(20_000))
    packed = gzip.compress((HEADER + rows).encode())
    folder.write("orders.csv.gz", packed[: len(packed) // 2])
    said = refusal(folder.orders("orders.csv.gz"))
    assert "orders.csv.gz: it cannot be read" in said
    assert said.endswith("the compressed file ends too early. Copy or export the file again.")


def test_a_file_that_is_not_packed_but_called_so_is_told(folder):
    folder.write("orders.csv.gz", HEADER + GOOD)
    assert "it is not a gzip file, or is damaged" in refusal(folder.orders("orders.csv.gz"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("orders.parquet", "it is not a Parquet file, or was cut off"),
        ("orders.xlsx", "it is not an XLSX file, or was cut off"),
    ],
)
def test_a_file_of_another_format_than_its_name_is_told(folder, name, said):
    folder.write(name, HEADER + GOOD)
    assert said in refusal(folder.orders(name))


def test_a_quote_that_swallows_the_rest_of_a_long_file_stops_the_read(folder):
    rest = "A1,2024-01-05,,1\n" * 600_000
    folder.write("orders.csv", HEADER + GOOD + 'A2,2024-01-05,"ayu,1\n' + rest)
    said = refusal(folder.orders("orders.csv"))
    assert "a quote opens below that row and does not close within 4 MB" in said


def test_a_sheet_that_is_not_there_is_named_with_those_that_are(folder):
    book = openpyxl.Workbook()
    book.active.title = "Pesanan"
    book.save(folder.path / "orders.xlsx")
    said = refusal(folder.orders("orders.xlsx", sheet="Pesanann"))
    assert "there is no sheet 'Pesanann'; did you mean 'Pesanan'?; sheets: Pesanan" in said


def test_one_mistake_in_the_mapping_is_one_error_not_as_many_as_there_are_rows(folder):
    rows = "".join(f"A{n},05/01/2024,,1\n" for n in range(200))
    folder.write("orders.csv", HEADER + rows)
    said = refusal(folder.orders("orders.csv"))
    assert said == (
        "orders.csv row 2, column 'Placed': '05/01/2024' is no possible date and time in ISO 8601; "
        "all of its first 200 rows fail like that. Correct the cell, or write how the file has "
        "dates under columns.ordered_at.format."
    )


def test_an_error_about_a_file_without_a_header_does_not_show_addresses(folder):
    folder.write("orders.csv", "A1,2024-01-05,ayu@example.com,1\n")
    said = refusal(folder.orders("orders.csv"))
    assert "ayu@example.com" not in said
    assert "sha256:" in said


# --- one row


def test_half_a_row_is_set_apart_with_its_number_and_the_rest_lands(folder):
    folder.write("orders.csv", HEADER + GOOD + "A2,2024-01-05\n" + OTHER)
    read = folder.orders("orders.csv").read()
    assert landed(read) == ["A1", "A9"]
    assert read.only.place == "orders.csv row 3"
    assert read.only.reason == "it has 2 cells and the header has 4"
    assert read.only.remedy == (
        "Complete the row, or quote the cell that holds the delimiter; then read the day again."
    )
    assert msgspec.json.decode(read.only.record) == {"_row": "A2,2024-01-05"}


def test_a_file_that_was_cut_within_its_last_row_loses_only_that_row(folder):
    folder.write("orders.csv", HEADER + GOOD + "A2,2024-01")
    read = folder.orders("orders.csv").read()
    assert landed(read) == ["A1"]
    assert read.only.place == "orders.csv row 3"


def test_rows_after_half_a_row_and_blank_lines_keep_the_numbers_an_editor_shows(folder):
    folder.write("orders.csv", HEADER + "A2,x\n\n" + GOOD + "A3,2024-01-05,,much\n")
    read = folder.orders("orders.csv").read()
    assert landed(read) == ["A1"]
    assert [each.place for each in read.rejected] == [
        "orders.csv row 2",
        "orders.csv row 5, column 'Total'",
    ]


def test_a_file_of_nothing_but_half_rows_is_told_row_by_row(folder):
    folder.write("orders.csv", HEADER + "A1\nA2\n")
    read = folder.orders("orders.csv").read()
    assert [each.place for each in read.rejected] == ["orders.csv row 2", "orders.csv row 3"]


def test_a_quote_that_never_closes_is_found_and_what_it_swallowed_counted(folder):
    folder.write("orders.csv", HEADER + GOOD + 'A2,2024-01-06,,"5\n' + OTHER + OTHER)
    read = folder.orders("orders.csv").read()
    assert landed(read) == ["A1"]
    assert read.only.place == "orders.csv row 3, column 'Total'"
    assert "never closes, so 3 more lines were taken for this cell" in read.only.reason
    assert "Close the quote" in read.only.remedy


def test_a_cell_of_another_encoding_is_told_with_byte_row_and_column(folder):
    folder.write(
        "orders.csv",
        b"Order,Placed,Mail,Total,City\nA1,2024-01-05,,1,Orl\xe9ans\nA9,2024-01-06,,3,Bali\n",
    )
    read = folder.orders("orders.csv", columns={**ORDERS, "city": "City"}).read()
    assert landed(read) == ["A9"]
    assert read.only.place == "orders.csv row 2, column 'City'"
    assert read.only.reason == "it holds byte E9 at position 4, which is not utf-8"
    assert read.only.remedy == (
        "Declare encoding: cp1252 (it would read 'Orléans'), or save the file as UTF-8; "
        "then read the day again."
    )


def test_a_byte_that_a_declared_encoding_does_not_have_is_told_too(folder):
    folder.write("orders.csv", HEADER.encode() + b"A1,2024-01-05,\x81,1\n" + OTHER.encode())
    read = folder.orders("orders.csv", encoding="cp1252").read()
    assert landed(read) == ["A9"]
    assert read.only.place == "orders.csv row 2, column 'Mail'"
    assert "byte 81 at position 1, which is not cp1252" in read.only.reason


@pytest.mark.parametrize(
    ("row", "column", "reason", "remedy"),
    [
        (
            "A2,2024-02-31,,1",
            "Placed",
            "'2024-02-31' is no possible date and time in ISO 8601",
            "Correct the cell, or write how the file has dates under columns.ordered_at.format",
        ),
        (
            "A2,2024-01-05 25:10,,1",
            "Placed",
            "'2024-01-05 25:10' is no possible date and time in ISO 8601",
            "Correct the cell, or write how the file has dates under columns.ordered_at.format",
        ),
        (
            'A2,2024-01-05,,"1.250,00"',
            "Total",
            "'1.250,00' is no amount (with decimal '.' and thousands 'none')",
            "Correct the cell, or declare decimal: ',' and thousands: '.'",
        ),
        (
            "A2,2024-01-05,,plenty",
            "Total",
            "'plenty' is no amount (with decimal '.' and thousands 'none')",
            "Correct the cell",
        ),
        ("A2,2024-01-05,,", "Total", "the cell is empty", "Fill it: every row must have it"),
        (",2024-01-05,,1", "Order", "the cell is empty", "Fill it: every row must have it"),
    ],
)
def test_an_impossible_cell_is_told_with_row_column_value_and_remedy(
    folder, row, column, reason, remedy
):
    folder.write("orders.csv", HEADER + GOOD + row + "\n" + OTHER)
    read = folder.orders("orders.csv").read()
    assert landed(read) == ["A1", "A9"]
    assert read.only.place == f"orders.csv row 3, column {column!r}"
    assert read.only.reason == reason
    assert read.only.remedy == f"{remedy}; then read the day again."


def test_an_impossible_quantity_is_told(folder):
    columns = {
        "order_id": "Order",
        "line_no": {"row_number": True},
        "ordered_at": "Placed",
        "quantity": "Qty",
        "unit_price": "Price",
    }
    folder.write("lines.csv", "Order,Placed,Qty,Price\nA1,2024-01-05,2.5,1\nA1,2024-01-05,2.0,1\n")
    read = folder.orders("lines.csv", kind="order_lines", columns=columns).read()
    assert read.column("quantity") == [2]
    assert read.column("line_no") == ["2"]
    assert read.only.place == "lines.csv row 2, column 'Qty'"
    assert read.only.reason == "'2.5' is no whole number (with decimal '.' and thousands 'none')"


def test_an_amount_that_the_lake_cannot_hold_is_told_with_its_column(folder):
    folder.write("orders.csv", HEADER + "A2,2024-01-05,,1234567890123\n" + GOOD)
    read = folder.orders("orders.csv").read()
    assert landed(read) == ["A1"]
    assert read.only.place == "orders.csv row 2, column 'Total'"
    assert "too large" in read.only.reason


def test_a_text_that_is_no_address_does_not_cost_the_row_and_is_not_kept_in_the_clear(folder):
    folder.write("orders.csv", HEADER + "A2,2024-01-05,ayu at home,1\n")
    (row,) = folder.orders("orders.csv").read().rows
    assert row["email_sha256_meta"] is None
    assert "ayu at home" not in str(row)


def test_personal_data_of_a_row_that_does_not_fit_is_hashed(folder):
    row = "A2,2024-01-05,ayu@example.com,dewi@example.com\n"
    folder.write("orders.csv", HEADER + row + GOOD)
    read = folder.orders("orders.csv").read()
    assert read.only.place == "orders.csv row 2, column 'Total'"
    told = " ".join((read.only.reason, read.only.remedy, read.only.record, read.only.place))
    assert "@example.com" not in told


def test_personal_data_of_half_a_row_is_hashed(folder):
    folder.write("orders.csv", HEADER + "A2,ayu@example.com\n" + GOOD)
    read = folder.orders("orders.csv").read()
    assert "ayu@example.com" not in read.only.record


def test_a_line_that_is_no_json_is_set_apart_with_its_number(folder):
    lines = (
        '{"Order": "A1", "Placed": "2024-01-05", "Total": 1}\n'
        '{"Order": "A2", "Placed"\n'
        "[1, 2]\n"
        '{"Order": "A9", "Placed": "2024-01-06", "Total": 3}\n'
    )
    folder.write("orders.jsonl", lines)
    columns = {name: column for name, column in ORDERS.items() if name != "email"}
    read = folder.orders("orders.jsonl", columns=columns).read()
    assert landed(read) == ["A1", "A9"]
    assert [each.place for each in read.rejected] == ["orders.jsonl row 2", "orders.jsonl row 3"]
    assert read.rejected[0].reason.startswith("it is not JSON: ")
    assert read.rejected[1].reason == "it is JSON, but not an object"
    assert "one whole JSON object on each line" in read.rejected[0].remedy


def test_cells_beyond_the_columns_of_a_sheet_are_set_apart(folder):
    book = openpyxl.Workbook()
    for row in (["Order", "Placed", "Mail", "Total"], ["A1", "2024-01-05", None, 1, "?"]):
        book.active.append(row)
    book.active.append(["A9", "2024-01-06", None, 3])
    book.save(folder.path / "orders.xlsx")
    read = folder.orders("orders.xlsx").read()
    assert landed(read) == ["A9"]
    assert read.only.place == "orders.xlsx row 2"
    assert "beyond the 4 columns of the header" in read.only.reason


def test_a_parquet_file_whose_column_changed_its_type_is_told_by_row(folder):
    table = pa.table(
        {
            "Order": ["A1", "A2"],
            "Placed": pa.array(["2024-01-05", "soon"]),
            "Mail": pa.array([None, None], pa.string()),
            "Total": [1.5, 2.5],
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    folder.write("orders.parquet", out.getvalue())
    read = folder.orders("orders.parquet").read()
    assert landed(read) == ["A1"]
    assert read.only.place == "orders.parquet row 2, column 'Placed'"


# --- which window tells it


def test_of_several_windows_exactly_one_reports_a_row_without_a_day(folder):
    rows = [
        "A1,2024-01-05,,1",
        "A2,never,,1",
        "A3",
        "A4,2024-01-07,,1",
        "A5,,,1",
    ]
    folder.write("orders.csv", HEADER + "\n".join(rows) + "\n")
    folder.orders("orders.csv")
    days = [date(2024, 1, day) for day in range(4, 9)]
    told = {day: [each.place for each in folder.read(day, day).rejected] for day in days}
    assert told == {
        days[0]: [],
        days[1]: ["orders.csv row 4", "orders.csv row 3, column 'Placed'"],
        days[2]: [],
        days[3]: ["orders.csv row 6, column 'Placed'"],
        days[4]: [],
    }
    assert [each.day for each in folder.read().rejected] == [days[1], days[1], days[3]]


def test_a_bad_row_above_every_good_one_goes_by_the_first_good_one(folder):
    folder.write("orders.csv", HEADER + "A2,never,,1\n" + GOOD)
    folder.orders("orders.csv")
    assert len(folder.read(date(2024, 1, 5), date(2024, 1, 5)).rejected) == 1
    assert folder.read(date(2024, 1, 6), date(2024, 1, 6)).rejected == []


def test_a_bad_row_of_a_day_outside_the_window_is_left_to_its_own_window(folder):
    folder.write("orders.csv", HEADER + "A2,2024-01-05,,much\n" + OTHER)
    folder.orders("orders.csv")
    assert folder.read(date(2024, 1, 6), date(2024, 1, 6)).rejected == []
    assert len(folder.read(date(2024, 1, 5), date(2024, 1, 5)).rejected) == 1


def test_a_row_of_another_day_than_its_files_name_is_told_rather_than_lost(folder):
    folder.write("orders_20240105.csv", HEADER + GOOD + OTHER)
    read = folder.orders("orders_{date}.csv").read()
    assert landed(read) == ["A1"]
    assert read.only.place == "orders_20240105.csv row 3, column 'Placed'"
    assert read.only.reason == "'2024-01-06 10:00' is not the day in the file's name"
    assert "Take {date} out of the mapping's path" in read.only.remedy


def test_a_date_in_the_path_that_is_not_the_rows_day_is_one_mistake(folder):
    rows = "".join(f"A{n},2024-01-04,,1\n" for n in range(200))
    folder.write("orders_20240105.csv", HEADER + rows)
    said = refusal(folder.orders("orders_{date}.csv"))
    assert "all of its first 200 rows are of other days than its name says" in said
    assert "Write * for {date} in the mapping's path" in said


def test_an_impossible_date_in_a_files_name_is_told(folder):
    folder.write("orders_20240231.csv", HEADER + GOOD)
    said = refusal(folder.orders("orders_{date}.csv"))
    assert said == "orders_20240231.csv: its name holds an impossible date. Rename the file."
