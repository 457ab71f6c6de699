"""A mapping is checked as a whole before any file is opened, and says what to write instead."""

from __future__ import annotations

from datetime import date

import pytest
from files_folder import ORDERS, Folder

from pipelines.connectors.errors import Decision, Permanent
from pipelines.connectors.files import STREAMS, FilesSource, MappingError
from pipelines.connectors.files.mapping import KINDS
from pipelines.connectors.stream import Gaps, Window

HEADER = "Order,Placed,Mail,Total\n"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def refusal(folder):
    with pytest.raises(MappingError) as caught:
        folder.source()
    assert caught.value.decision is Decision.STOP
    return str(caught.value)


def without(name):
    return {field: column for field, column in ORDERS.items() if field != name}


def test_an_unknown_kind_lists_the_known_ones_and_the_nearest(folder):
    said = refusal(folder.orders("orders.csv", kind="order"))
    known = ", ".join(stream.name for stream in STREAMS)
    assert said == (
        "files.yaml: datasets.shop.kind: unknown kind 'order'; did you mean 'orders'?; "
        f"known: {known}. Correct the mapping."
    )


def test_an_unknown_field_lists_the_fields_of_its_kind_and_the_nearest(folder):
    said = refusal(folder.orders("orders.csv", columns={**ORDERS, "custommer_id": "Who"}))
    assert "unknown field 'custommer_id' under columns; did you mean 'customer_id'?" in said
    assert "fields of orders: order_id, ordered_at, customer_id, email" in said


def test_the_field_that_names_the_data_set_is_not_the_mappings_to_set(folder):
    said = refusal(folder.orders("orders.csv", columns={**ORDERS, "dataset": "Who"}))
    assert "unknown field 'dataset'" in said


def test_a_field_that_every_row_must_have_needs_a_column(folder):
    said = refusal(folder.orders("orders.csv", currency="", columns=without("order_id")))
    assert "no column for order_id, currency, which every row of orders must have" in said


def test_an_unknown_option_lists_the_known_ones_and_the_nearest(folder):
    said = refusal(folder.orders("orders.csv", delimeter=";"))
    assert "datasets.shop.delimeter: unknown option; did you mean 'delimiter'?" in said
    assert "known: kind, path, format" in said


def test_an_unknown_option_of_a_column_is_named(folder):
    columns = {**ORDERS, "order_id": {"colunm": "Order"}}
    said = refusal(folder.orders("orders.csv", columns=columns))
    assert "datasets.shop.columns.order_id.colunm: unknown option; did you mean 'column'" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timezone": "Asia/Djakarta"}, "unknown time zone 'Asia/Djakarta'; write an IANA name"),
        ({"timezone": ""}, "timezone is missing: the IANA zone"),
        ({"encoding": "utf8000"}, "unknown encoding 'utf8000'; common ones: utf-8, cp1252"),
        ({"format": "ods"}, "unknown format 'ods'; known: csv, csv.gz, jsonl"),
        ({"path": "orders.txt"}, "unknown format 'orders.txt'; known: csv, csv.gz, jsonl"),
        ({"decimal": ",", "thousands": ","}, "decimal and thousands are both ','"),
        ({"currency": "rupiah"}, "datasets.shop.currency: "),
        ({"path": "o_{date:%d%m}.csv"}, "{date:…} needs %Y, %m and %d, once each"),
        (
            {"columns": {**ORDERS, "ordered_at": {"column": "Placed", "format": "%d %Q"}}},
            "columns.ordered_at.format: unknown directive %Q; known: %%, %B, %H",
        ),
        (
            {"columns": {**ORDERS, "gross_amount": {"column": "Total", "format": "%d"}}},
            "columns.gross_amount: format is for dates and times only",
        ),
        (
            {"columns": {**ORDERS, "gross_amount": {"column": "Total", "type": "integer_text"}}},
            "columns.gross_amount: integer_text is for ids",
        ),
        (
            {"columns": {**ORDERS, "order_id": {"column": "Order", "value": "1"}}},
            "columns.order_id: write exactly one of column, value, template, row_number",
        ),
        ({"columns": {**ORDERS, "order_id": True}}, "datasets.shop.columns.order_id: "),
    ],
)
def test_each_mistake_is_named_by_its_place(folder, options, said):
    assert said in refusal(folder.orders(**{"path": "orders.csv", **options}))


def test_every_mistake_is_told_at_once(folder):
    folder.orders("orders.csv", kind="order", encoding="utf8000", delimeter=";")
    said = refusal(folder)
    assert all(part in said for part in ("unknown kind", "unknown encoding", "unknown option"))


def test_a_data_set_without_kind_or_path_says_so(folder):
    folder.datasets["shop"] = {"timezone": "UTC"}
    said = refusal(folder)
    assert "datasets.shop.kind: is missing; datasets.shop.path: is missing" in said


def test_a_data_set_whose_name_could_not_name_a_file_is_refused(folder):
    folder.orders("orders.csv")
    folder.datasets["../shop"] = folder.datasets.pop("shop")
    assert "a data set's name holds letters, digits, - and _ only" in refusal(folder)


def test_a_mapping_that_is_no_yaml_says_in_which_line(folder):
    path = folder.write("files.yaml", "datasets:\n  shop: [\n")
    with pytest.raises(MappingError, match=r"files.yaml is not YAML: .* line 3"):
        FilesSource.load(path)


def test_a_mapping_that_is_not_there_says_which_setting_names_it(folder):
    with pytest.raises(MappingError, match=r"there is no mapping .*none.yaml\. Set SMM_FILES"):
        FilesSource.load(folder.path / "none.yaml")


def test_numbers_in_yaml_are_the_text_that_they_look_like(folder):
    folder.write("orders.csv", "2024,Placed,Mail,Total\nA1,2024-01-05,,1\n")
    folder.orders("orders.csv", columns={**ORDERS, "order_id": 2024, "city": {"value": 62}})
    (row,) = folder.read().rows
    assert (row["order_id"], row["city"]) == ("A1", "62")


def test_a_template_is_filled_from_the_rows_columns(folder):
    folder.write("orders.csv", "Year,Month,No,Total\n2024,1,7,1\n2024,,8,1\n2024,13,9,1\n")
    columns = {
        "order_id": {"template": "{Year}/{No}"},
        "ordered_at": {"template": "{Year}-{Month}-01", "format": "%Y-%m-%d"},
        "gross_amount": "Total",
    }
    read = folder.orders("orders.csv", columns=columns, timezone="UTC").read()
    assert read.column("order_id") == ["2024/7"]
    assert [each.place for each in read.rejected] == [
        "orders.csv row 3, column '{Year}-{Month}-01'",
        "orders.csv row 4, column '{Year}-{Month}-01'",
    ]


# --- accounts, files and days


def test_each_data_set_is_an_account_that_has_the_stream_of_its_kind(folder):
    folder.orders("orders.csv")
    people = {"list": "List", "platform": {"value": "facebook"}}
    folder.datasets["staff"] = {"kind": "people", "path": "people.csv", "columns": people}
    shop, staff = folder.source().accounts()
    assert (shop.id, shop.timezone, shop.currency) == ("shop", "Asia/Jakarta", "IDR")
    assert [name for name, kind in KINDS.items() if shop.has(kind)] == ["orders"]
    assert [name for name, kind in KINDS.items() if staff.has(kind)] == ["people"]


def test_a_data_set_is_not_read_as_what_it_is_not(folder):
    folder.write("orders.csv", HEADER)
    source = folder.orders("orders.csv").source()
    (account,) = source.accounts()
    window = Window(date(2024, 1, 1), date(2024, 1, 1), "UTC")
    with pytest.raises(Permanent, match="data set 'shop' is of kind orders, not posts"):
        list(source.read(KINDS["posts"], account, window))


def test_a_path_may_match_many_files_in_many_folders(folder):
    for n, name in enumerate(["a/1.csv", "a/b/2.csv", "a/b/3.txt"]):
        folder.write(name, f"{HEADER}A{n},2024-01-05,,1\n")
    assert folder.orders("a/**/*.csv").read().column("order_id") == ["A0", "A1"]


def test_a_path_may_be_absolute(folder, tmp_path_factory):
    elsewhere = Folder(tmp_path_factory.mktemp("elsewhere"))
    path = elsewhere.write("o_20240105.csv", f"{HEADER}A1,2024-01-05,,1\n")
    read = folder.orders(str(path).replace("20240105", "{date}")).read()
    assert read.column("order_id") == ["A1"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("o_{date}.csv", ["o_20240105.csv", "o_20240106.csv", "o_2024010.csv"]),
        ("{date:%Y-%m-%d}/*.csv", ["2024-01-05/x.csv", "2024-01-06/x.csv", "2024-1-06/x.csv"]),
    ],
)
def test_a_date_in_the_path_picks_files_by_day(folder, path, names):
    for name, day in zip(names, (5, 6, 6), strict=True):
        folder.write(name, f"{HEADER}A{day},2024-01-0{day},,1\n")
    source = folder.orders(path).source()
    (account,) = source.accounts()
    assert folder.read(date(2024, 1, 6), date(2024, 1, 6)).column("order_id") == ["A6"]
    assert folder.read(date(2024, 1, 5), date(2024, 1, 5)).column("order_id") == ["A5"]
    list(source.read(KINDS["orders"], account, Window(date(2024, 1, 6), date(2024, 1, 6), "UTC")))
    assert source.stats.requests == 1


def test_of_a_snapshots_dated_files_the_newest_that_is_not_later_is_read(folder):
    for day in (4, 5, 9):
        folder.write(f"crm_2024010{day}.csv", f"Id\nC{day}\n")
    columns = {"customer_id": "Id"}
    folder.orders("crm_{date}.csv", kind="customers", columns=columns)
    assert folder.read(date(2024, 1, 7), date(2024, 1, 7)).column("customer_id") == ["C5"]


def test_days_are_those_of_the_data_sets_zone(folder):
    rows = "A1,2024-01-04T17:00:00Z,,1\nA2,2024-01-05T16:59:59Z,,1\nA3,2024-01-05T17:00:00Z,,1\n"
    folder.write("orders.csv", HEADER + rows)
    day = date(2024, 1, 5)
    assert folder.orders("orders.csv").read(day, day).column("order_id") == ["A1", "A2"]


def test_the_extent_is_the_first_and_last_day_that_has_rows(folder):
    folder.write("a.csv", f"{HEADER}A1,2024-01-05T17:00:00Z,,1\nA2,never,,1\n")
    folder.write("b.csv", f"{HEADER}A3,2024-02-01T10:00:00Z,,1\nA4,2024-01-20T10:00:00Z,,1\n")
    folder.write("c.csv", HEADER)
    source = folder.orders("*.csv").source()
    (account,) = source.accounts()
    assert source.extent(KINDS["orders"], account) == (date(2024, 1, 6), date(2024, 2, 1))


def test_days_before_and_after_an_export_are_unknown_and_days_within_are_not(folder):
    folder.write("orders.csv", f"{HEADER}A1,2024-01-05,,1\nA2,2024-01-07,,1\n")
    source = folder.orders("orders.csv").source()
    (account,) = source.accounts()
    assert isinstance(source, Gaps)
    window = Window(date(2024, 1, 4), date(2024, 1, 8), account.timezone)
    assert source.absent(KINDS["orders"], account, window) == {
        date(2024, 1, 4): "the export begins on 2024-01-05",
        date(2024, 1, 8): "the export ends on 2024-01-07",
    }


def test_days_without_a_file_of_their_own_are_unknown(folder):
    folder.write("o_20240105.csv", HEADER)
    source = folder.orders("o_{date}.csv").source()
    (account,) = source.accounts()
    window = Window(date(2024, 1, 5), date(2024, 1, 6), account.timezone)
    gaps = source.absent(KINDS["orders"], account, window)
    assert gaps == {date(2024, 1, 6): "no file o_{date}.csv"}


def test_the_fingerprint_changes_with_the_files_and_the_mapping_only(folder):
    folder.write("orders.csv", f"{HEADER}A1,2024-01-05,,1\n")

    def fingerprint(**options):
        source = folder.orders("orders.csv", **options).source()
        return source.fingerprint(KINDS["orders"], source.accounts()[0])

    first = fingerprint()
    assert fingerprint() == first
    assert fingerprint(timezone="UTC") != first
    folder.write("orders.csv", f"{HEADER}A1,2024-01-05,,1\nA2,2024-01-05,,1\n")
    assert fingerprint() != first
