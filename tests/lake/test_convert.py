"""Records become rows or misfits, never nothing; what no field names survives."""

from __future__ import annotations

import hashlib
import json as std_json
import math
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wild_records import CONTEXT, JSON, ORDERS, RECORD

from pipelines.lake.convert import convert_columns, convert_records, records_of
from pipelines.lake.schema import (
    money,
    schema,
    text,
)

ORDER = {
    "legacyId": 9007199254740993,
    "updatedAt": "2025-01-02T03:04:05+07:00",
    "placed_on": "2025-01-02",
    "totalSet": {"shopMoney": {"amount": "125000.50"}},
    "items": "2",
    "weight": 1.5,
    "test": False,
    "customer": {"email": "Ayu@Example.com", "phone": "0812 3456 7890"},
    "codes": [{"b": 1, "a": None}],
    "lines": {
        "nodes": [
            {
                "variant": {"sku": "SL-1"},
                "price": "62500.25",
                "costMicros": "40000250000",
                "taxes": [{"name": "PPN"}],
            },
            {"variant": None, "price": 62500.25, "taxes": []},
        ]
    },
}


def convert(*records, rows=ORDERS):
    return convert_records(rows, records, CONTEXT, place="page 3")


def row_of(batch, number=0):
    return batch.rows.slice(number, 1).to_pylist()[0]


def sha(plain):
    return hashlib.sha256(plain.encode()).hexdigest()


def changed(**fields):
    return {**std_json.loads(std_json.dumps(ORDER)), **fields}


def test_every_kind_of_field_is_found_by_its_path_and_typed():
    batch = convert(ORDER)
    assert batch.rejected == ()
    assert batch.rows.schema.equals(ORDERS.arrow, check_metadata=True)
    assert row_of(batch) == {
        "shop": "sari",
        "id": "9007199254740993",
        "updated_at": datetime.fromisoformat("2025-01-01T20:04:05"),
        "placed_on": date(2025, 1, 2),
        "total": Decimal("125000.500000"),
        "items": 2,
        "weight": 1.5,
        "test": False,
        "email_sha256_meta": sha("ayu@example.com"),
        "email_sha256_google": sha("ayu@example.com"),
        "phone_sha256_meta": sha("6281234567890"),
        "phone_sha256_google": sha("+6281234567890"),
        "codes": '[{"b":1,"a":null}]',
        "lines": [
            {
                "sku": "SL-1",
                "price": Decimal("62500.250000"),
                "cost": Decimal("40000.250000"),
                "taxes": [{"name": "PPN"}],
            },
            {"sku": None, "price": Decimal("62500.250000"), "cost": None, "taxes": []},
        ],
        "_extra": None,
    }


def test_a_missing_field_is_null_and_an_empty_list_is_not_a_missing_one():
    batch = convert({"legacyId": "1"}, {"legacyId": "2", "lines": {"nodes": []}})
    assert batch.rows["lines"].to_pylist() == [None, []]
    assert batch.rows["total"].to_pylist() == [None, None]
    assert batch.rejected == ()


def test_a_required_field_within_something_of_another_shape_is_misfit_not_missing():
    within = schema(money("total", "Total.", "totalSet.amount", required=True))
    found = convert_records(within, [{"totalSet": "10.00"}, {}], {}, place="page 1")
    assert [(each.field, each.reason) for each in found.rejected] == [
        ("totalSet", "'10.00' is not an object"),
        ("totalSet.amount", "missing"),
    ]


def test_unknown_keys_survive_under_their_dotted_path():
    record = changed(note="x")
    record["customer"]["tier"] = "gold"
    record["lines"]["nodes"][1]["bundle"] = {"id": 7}
    record["lines"]["nodes"][0]["taxes"][0]["rate"] = 0.11
    assert std_json.loads(row_of(convert(record))["_extra"]) == {
        "note": "x",
        "customer.tier": "gold",
        "lines.nodes[1].bundle": {"id": 7},
        "lines.nodes[0].taxes[0].rate": 0.11,
    }


def test_a_key_that_only_the_account_fills_is_kept_where_the_record_has_it_too():
    assert row_of(convert(changed(account_id="other")))["_extra"] == '{"account_id":"other"}'


def test_a_new_order_of_keys_changes_nothing_but_the_order_in_json_text():
    record = changed(zeta={"b": 1, "a": 2}, alpha=1)
    reordered = {key: record[key] for key in reversed(record)}
    assert convert(reordered).rows.equals(convert(record).rows)
    assert row_of(convert(record))["_extra"] == '{"alpha":1,"zeta":{"b":1,"a":2}}'


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"legacyId": None}, "legacyId"),
        ({"totalSet": {"shopMoney": {"amount": "NaN"}}}, "totalSet.shopMoney.amount"),
        ({"totalSet": "125000"}, "totalSet"),
        ({"totalSet": {"shopMoney": [1]}}, "totalSet.shopMoney"),
        ({"updatedAt": 1735787045}, "updatedAt"),
        ({"items": True}, "items"),
        ({"lines": {"nodes": {"price": 1}}}, "lines.nodes"),
        ({"lines": {"nodes": [None]}}, "lines.nodes"),
        ({"lines": {"nodes": [{"price": "x"}]}}, "lines.nodes.price"),
        ({"lines": {"nodes": [{"taxes": [{}]}]}}, "lines.nodes.taxes.name"),
    ],
)
def test_a_misfit_is_set_apart_with_field_reason_remedy_and_place(broken, field):
    batch = convert(ORDER, changed(**broken), ORDER)
    assert batch.rows.num_rows == 2
    (rejected,) = batch.rejected
    assert rejected.field == field
    assert rejected.reason
    assert rejected.remedy.endswith(".")
    assert rejected.place == "page 3, record 2"
    assert std_json.loads(rejected.record).keys() == changed(**broken).keys()


def test_what_is_no_object_at_all_is_a_misfit_too():
    batch = convert(ORDER, None, "text", [ORDER], 5)
    assert (batch.rows.num_rows, len(batch.rejected)) == (1, 4)


def test_a_field_that_the_account_cannot_fill_is_an_error_that_names_what_it_knows():
    with pytest.raises(KeyError, match=r"'timezone'.*known: account_id"):
        convert_records(schema(text("tz", "", "@timezone")), [{}], {"account_id": "1"}, place="")


# --- personal data


def test_no_plain_address_is_left_in_rows_extra_reasons_or_rejected_records():
    plain = ("ayu@example.com", "81234567890", "3456 7890", "budi.s@gmail.com")
    record = changed(
        memo="also Budi.S@gmail.com",
        phone2="081234567890",
        nested={"contact": {"mobile": "+62 812 3456 7890"}},
        codes=[{"mail": "ayu@example.com"}],
    )
    fits, misfit = convert(record), convert({**record, "items": "Budi.S@gmail.com"})
    everything = str(fits.rows.to_pylist()) + str(misfit.rejected)
    for each in plain:
        assert each not in everything.lower()
    assert sha("budi.s@gmail.com") in everything


def test_a_hashed_address_survives_a_replay():
    rejected = convert(changed(items="two")).rejected[0]
    record = std_json.loads(rejected.record)
    record["items"] = 2
    assert convert(record).rows.equals(convert(ORDER).rows)


def test_what_is_no_address_has_no_hash_but_is_not_lost():
    row = row_of(convert(changed(customer={"email": "n/a", "phone": " "})))
    assert row["email_sha256_meta"] is None
    assert row["phone_sha256_meta"] is None
    assert std_json.loads(row["_extra"]) == {"customer.email": f"sha256:{sha('n/a')}:{sha('n/a')}"}


# --- files


def columns(**values):
    return pa.table({name: pa.array(column) for name, column in values.items()})


def test_text_columns_named_like_fields_are_cast_like_json():
    table = columns(
        id=["1", "2", "3"],
        total=["125000.50", "", "1,5"],
        updated_at=["2025-01-02T03:04:05", None, "2025-01-02"],
        codes=['[{"b":1,"a":null}]', "plain", None],
        email=["Ayu@Example.com", "", None],
        remark=["hello", None, "x"],
    )
    batch = convert_columns(ORDERS, table, CONTEXT, place=lambda row: f"orders.csv row {row + 2}")
    assert batch.rows["id"].to_pylist() == ["1", "2"]
    assert batch.rows["total"].to_pylist() == [Decimal("125000.5"), None]
    assert batch.rows["updated_at"].to_pylist() == [
        datetime.fromisoformat("2025-01-01T20:04:05"),
        None,
    ]
    assert batch.rows["codes"].to_pylist() == ['[{"b":1,"a":null}]', '"plain"']
    assert batch.rows["email_sha256_meta"].to_pylist() == [sha("ayu@example.com"), None]
    assert batch.rows["_extra"].to_pylist() == ['{"remark":"hello"}', None]
    (rejected,) = batch.rejected
    assert (rejected.field, rejected.place) == ("totalSet.shopMoney.amount", "orders.csv row 4")
    # Its record has the shape of the stream, so that it can be replayed.
    assert std_json.loads(rejected.record)["totalSet"] == {"shopMoney": {"amount": "1,5"}}


def test_struct_columns_are_followed_by_path_and_their_unknown_parts_kept():
    struct = [changed(), changed(legacyId=2, lines=None)]
    for record in struct:
        record["customer"]["tier"] = "gold"
    struct[0]["lines"]["nodes"][1]["price"] = "62500.25"
    struct[0]["lines"]["nodes"][1]["bundle"] = 7
    table = pa.Table.from_pylist(struct)
    batch = convert_columns(ORDERS, table, CONTEXT, place=str)
    assert batch.rejected == ()
    expected = convert(*struct).rows
    assert batch.rows.drop(["_extra"]).equals(expected.drop(["_extra"]))
    assert std_json.loads(row_of(batch)["_extra"]) == {
        "customer.tier": "gold",
        "lines.nodes[1].bundle": 7,
    }


def test_a_sliced_column_gives_the_rows_of_its_slice():
    lines = {"nodes": [{"price": "1"}, {"price": "2"}]}
    orders = [changed(legacyId=n, lines=lines if n % 2 else None) for n in range(5)]
    table = pa.Table.from_pylist(orders).slice(2, 2)
    batch = convert_columns(ORDERS, table, CONTEXT, place=str)
    assert batch.rows["id"].to_pylist() == ["2", "3"]
    assert [lines and len(lines) for lines in batch.rows["lines"].to_pylist()] == [None, 2]


@pytest.mark.parametrize("size", [0, 1])
def test_a_file_without_rows_or_known_columns_is_no_error(size):
    table = columns(other=["x"] * size)
    batch = convert_columns(ORDERS, table, CONTEXT, place=str)
    assert batch.rows.num_rows + len(batch.rejected) == size


# --- properties


@settings(max_examples=300, deadline=None)
@given(records=st.lists(st.one_of(RECORD, RECORD, RECORD, JSON), max_size=6))
def test_wild_input_never_loses_a_record_and_each_fares_as_it_would_alone(records):
    batch = convert(*records)
    assert batch.rows.num_rows + len(batch.rejected) == len(records)
    assert batch.rows.schema.equals(ORDERS.arrow)
    alone = [convert(record) for record in records]
    assert batch.rows.to_pylist() == [row for each in alone for row in each.rows.to_pylist()]
    assert [each.field for each in batch.rejected] == [
        rejected.field for each in alone for rejected in each.rejected
    ]


@settings(max_examples=200, deadline=None)
@given(records=st.lists(RECORD, max_size=4))
def test_rows_made_records_again_give_the_same_rows(records):
    rows = convert(*records).rows
    again = convert(*records_of(ORDERS, rows))
    assert again.rejected == ()
    assert again.rows.to_pylist() == rows.to_pylist()


@settings(max_examples=200, deadline=None)
@given(records=st.lists(RECORD, max_size=4))
def test_a_rejected_record_replayed_without_a_change_is_rejected_for_the_same_field(records):
    for rejected in convert(*records).rejected:
        (again,) = convert(std_json.loads(rejected.record)).rejected
        assert again.field == rejected.field


def test_numbers_that_json_cannot_write_are_kept_as_text_in_a_rejected_record():
    rejected = convert(changed(weight=math.inf, items="x")).rejected[0]
    assert std_json.loads(rejected.record)["weight"] == "inf"
