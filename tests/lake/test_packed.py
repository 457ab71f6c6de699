"""Records that are still JSON become what decoded ones become, whatever is in them."""

from __future__ import annotations

import json as std_json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wild_records import CONTEXT, JSON, ORDERS, RECORD

from pipelines.lake import packed
from pipelines.lake.batch import Batch
from pipelines.lake.convert import convert_records
from pipelines.lake.packed import Packed, convert_packed
from pipelines.lake.schema import json, nested, schema, text

# Furniture of the platform, and a key that mostly repeats another.
DROP = {"lines.pageInfo": "", "lines.nodes.cursor": "", "until": "placed_on"}


def page(text, place="page 1"):
    compact = msgspec.json.format(text, indent=-1)
    return Packed(msgspec.json.decode(compact, type=list[msgspec.Raw]), place)


def pages(*groups):
    return [
        page(msgspec.json.encode(records), f"page {number}")
        for number, records in enumerate(groups, 1)
    ]


def decoded(stream, groups, drop=None) -> Batch:
    """The batch as the general way gives it: of what is decoded, without what is dropped."""
    found = []
    for each in pages(*groups):
        records = [without(msgspec.json.decode(text), drop or {}) for text in each.records]
        found.append(convert_records(stream, records, CONTEXT, place=each.place))
    return Batch(
        packed.pa.concat_tables([each.rows for each in found]),
        tuple(rejected for each in found for rejected in each.rejected),
    )


def without(record, drop):
    if isinstance(record, dict):
        for path, twin in drop.items():
            remove(record, path.split("."), twin)
    return record


def remove(holder, path, twin):
    if isinstance(holder, list):
        for item in holder:
            remove(item, path, twin)
    elif isinstance(holder, dict):
        if len(path) > 1:
            remove(holder.get(path[0]), path[1:], twin)
        elif not twin or holder.get(path[0]) == holder.get(twin):
            holder.pop(path[0], None)


def assert_same(stream, groups, drop=None):
    expected = decoded(stream, groups, drop)
    # Twice: the second time, what was new is known.
    for _ in range(2):
        found = convert_packed(stream, pages(*groups), CONTEXT, drop=drop)
        assert found.rows.schema.equals(expected.rows.schema, check_metadata=True)
        assert found.rows.to_pylist() == expected.rows.to_pylist()
        assert found.rejected == expected.rejected


FURNISHED = RECORD.flatmap(
    lambda record: st.fixed_dictionaries(
        {},
        optional={
            "until": st.one_of(st.just(record.get("placed_on")), JSON),
            "contact": JSON,
            "email": st.text(max_size=9),
        },
    ).map(lambda more: {**record, **more})
)


@settings(max_examples=300, deadline=None)
@given(
    groups=st.lists(
        st.lists(st.one_of(FURNISHED, FURNISHED, FURNISHED, JSON), max_size=4),
        min_size=1,
        max_size=3,
    )
)
def test_packed_records_become_what_decoded_ones_become(groups):
    packed._records.cache_clear()
    assert_same(ORDERS, groups)
    assert_same(ORDERS, groups, DROP)


ORDER = {
    "legacyId": 7,
    "codes": [{"b": 1, "a": None}, {}],
    "placed_on": "2025-01-02",
    "until": "2025-01-02",
    "lines": {
        "nodes": [{"price": "1.50", "cursor": "x", "odd": {"z": 1, "a": [1.50]}}],
        "pageInfo": {"hasNextPage": False},
    },
    "customer": {"email": "Ayu@Example.com", "tier": "gold"},
}


def test_what_was_seen_once_is_read_without_dicts(monkeypatch):
    assert_same(ORDERS, [[ORDER]], DROP)
    monkeypatch.setattr(packed, "convert_records", None)
    found = convert_packed(ORDERS, pages([ORDER, ORDER], [ORDER]), CONTEXT, drop=DROP)
    assert found.rows.num_rows == 3
    assert std_json.loads(found.rows["_extra"][0].as_py()) == {
        "customer.tier": "gold",
        "lines.nodes[0].odd": {"a": [1.5], "z": 1},
    }


def test_text_that_no_field_looks_into_stays_as_the_platform_wrote_it():
    text = b"""[
      {"legacyId": 7, "placed_on": "2025-01-02", "lines": {"nodes": []},
       "codes": [{"rate": 1.10, "big": 123456789012345678901234567890}], "path": "a\\/b"}
    ]"""
    found = convert_packed(ORDERS, [page(text)], CONTEXT).rows.to_pylist()[0]
    assert found["codes"] == '[{"rate":1.10,"big":123456789012345678901234567890}]'
    assert found["_extra"] == r'{"path":"a\/b"}'


def test_a_column_may_have_text_with_escapes_beside_text_without():
    told = ["plain", 'a "quoted"\n\\one', None, "", "größer", 7]
    assert_same(schema(text("note", "Note.")), [[{"note": each} for each in told]])


def test_more_records_than_are_objects_at_once_keep_their_order():
    groups = [[{**ORDER, "legacyId": n, "later": {}} for n in range(packed.AT_ONCE * 2 + 1)]]
    assert_same(ORDERS, groups, DROP)


def test_a_key_that_is_written_like_a_path_is_kept_beside_what_is_at_that_path():
    inside, beside = {"customer": {"tier": "gold"}}, {"customer.tier": "silver"}
    assert_same(ORDERS, [[{**ORDER, **inside}, {**ORDER, **beside}, {**ORDER, **inside, **beside}]])


def test_an_address_in_escaped_letters_is_hashed_too():
    text = rb"""[{"legacyId": 7, "placed_on": "2025-01-02", "lines": {"nodes": []},
                  "note": "ask ayu\u0040example.com", "\u0070hone": 6281234567890}]"""
    found = convert_packed(ORDERS, [page(text)], CONTEXT).rows["_extra"][0].as_py()
    assert "example.com" not in found
    assert "81234567890" not in found


@pytest.mark.parametrize("key", ["phone:home", 'the \\"mobile\\" one', "Phone "])
def test_a_number_is_hashed_whatever_else_its_key_is_called(key):
    text = f"""[{{"legacyId": 7, "placed_on": "2025-01-02", "lines": {{"nodes": []}},
                  "contact": {{"{key}": "(0812) 3456-7890"}}}}]"""
    found = convert_packed(ORDERS, [page(text.encode())], CONTEXT).rows["_extra"][0]
    assert "3456" not in found.as_py()
    assert "sha256:" in found.as_py()


def test_what_repeats_its_sibling_is_dropped_and_what_differs_is_kept():
    other = {**ORDER, "until": "2025-01-31"}
    assert_same(ORDERS, [[ORDER]], DROP)
    found = convert_packed(ORDERS, pages([ORDER, other]), CONTEXT, drop=DROP)
    kept = [std_json.loads(text).get("until") for text in found.rows["_extra"].to_pylist()]
    assert kept == [None, "2025-01-31"]


def test_one_misfit_leaves_the_other_pages_as_they_are():
    groups = [[ORDER], [ORDER, {**ORDER, "legacyId": None}], [ORDER]]
    assert_same(ORDERS, groups, DROP)
    (rejected,) = convert_packed(ORDERS, pages(*groups), CONTEXT, drop=DROP).rejected
    assert rejected.place == "page 2, record 2"
    assert "pageInfo" not in rejected.record


def test_no_plain_address_is_left_in_what_no_field_names():
    record = {**ORDER, "contact": {"mobile": "081234567890"}, "codes": {"email": "a b"}}
    for _ in range(2):
        found = convert_packed(ORDERS, pages([record]), CONTEXT, drop=DROP)
        assert "81234567890" not in str(found.rows.to_pylist())
    assert_same(ORDERS, [[record]], DROP)


@pytest.mark.parametrize(
    "rows",
    [
        schema(json("whole", "Whole.", "a"), text("part", "Part.", "a.b")),
        schema(json("one", "One.", "a"), text("two", "Two.", "a")),
        schema(
            nested("one", "One.", "a", text("b", "B.")), nested("two", "Two.", "a", text("c", "C."))
        ),
    ],
)
def test_a_key_may_be_taken_in_two_ways(rows):
    assert_same(rows, [[{"a": {"b": "x", "c": 1}}, {"a": [{"b": "x", "c": 1}]}, {"a": "x"}]])


def test_what_is_no_json_is_an_error():
    with pytest.raises(msgspec.DecodeError):
        convert_packed(ORDERS, [Packed([msgspec.Raw(b"{")], "page 1")], CONTEXT)


@pytest.mark.parametrize(
    "drop", [{"legacyId": ""}, {"surplus.x": ""}, {"until": "codes"}, {"until": "nothing"}]
)
def test_only_what_no_field_names_can_be_dropped(drop):
    with pytest.raises(ValueError, match="drop"):
        convert_packed(ORDERS, pages([ORDER]), CONTEXT, drop=drop)
