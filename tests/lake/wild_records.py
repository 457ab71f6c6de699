"""A stream with fields of every kind, and records of it that are nearly right."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import strategies as st

from pipelines.lake.schema import (
    boolean,
    day,
    email,
    integer,
    json,
    money,
    nested,
    number,
    phone,
    schema,
    text,
    timestamp,
)

ORDERS = schema(
    text("shop", "Shop.", "@account_id", required=True),
    text("id", "Order.", "legacyId", required=True),
    timestamp("updated_at", "Last change.", "updatedAt"),
    day("placed_on", "Day."),
    money("total", "Total.", "totalSet.shopMoney.amount"),
    integer("items", "Items."),
    number("weight", "Weight."),
    boolean("test", "A test."),
    email("email", "Address.", "customer.email"),
    phone("phone", "Phone.", "customer.phone"),
    json("codes", "Codes."),
    nested(
        "lines",
        "Lines.",
        "lines.nodes",
        text("sku", "Unit.", "variant.sku"),
        money("price", "Price.", "price"),
        money("cost", "Cost.", "costMicros", scale=6),
        nested("taxes", "Taxes.", "taxes", text("name", "Name.", "name", required=True)),
    ),
)
CONTEXT = {"account_id": "sari", "timezone": "Asia/Jakarta", "currency": "IDR"}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = [
    "legacyId", "updatedAt", "placed_on", "totalSet", "shopMoney", "amount", "items", "weight",
    "test", "customer", "email", "phone", "codes", "lines", "nodes", "variant", "price",
    "costMicros", "taxes",
]  # fmt: skip


def almost(valid):
    """The valid value, or something else."""
    return st.one_of(valid, valid, valid, JSON)


AMOUNT = st.decimals(-(10**9), 10**9, places=2).map(str)
INSTANT = st.datetimes(
    datetime.fromisoformat("1990-01-01T00:00:00"),
    datetime.fromisoformat("2090-01-01T00:00:00"),
    timezones=st.just(UTC),
)
LINE = st.fixed_dictionaries(
    {},
    optional={
        "variant": almost(st.fixed_dictionaries({"sku": almost(st.text(max_size=4))})),
        "price": almost(AMOUNT),
        "costMicros": almost(st.integers(-(10**17), 10**17)),
        "taxes": almost(st.lists(st.fixed_dictionaries({"name": st.text(max_size=3)}), max_size=2)),
        "odd": JSON,
    },
)
RECORD = st.fixed_dictionaries(
    {"legacyId": almost(st.integers(0, 99))},
    optional={
        "updatedAt": almost(INSTANT.map(datetime.isoformat)),
        "placed_on": almost(st.dates().map(date.isoformat)),
        "totalSet": almost(
            st.fixed_dictionaries({"shopMoney": st.fixed_dictionaries({"amount": AMOUNT})})
        ),
        "items": almost(st.integers(-(2**63), 2**63 - 1)),
        "weight": almost(st.floats(allow_nan=False, allow_infinity=False)),
        "test": almost(st.booleans()),
        "customer": almost(
            st.fixed_dictionaries({}, optional={"email": st.text(max_size=9), "tier": JSON})
        ),
        "codes": JSON,
        "lines": almost(st.fixed_dictionaries({"nodes": almost(st.lists(LINE, max_size=3))})),
        "surplus": JSON,
    },
)
