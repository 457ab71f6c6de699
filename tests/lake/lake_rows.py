"""A small stream of each mode, and batches of its rows, for the tests of the lake."""

from __future__ import annotations

from datetime import UTC, date, datetime

from pipelines.connectors.stream import Stream
from pipelines.lake.convert import convert_records
from pipelines.lake.landing import Provenance
from pipelines.lake.schema import day, email, money, nested, schema, text, timestamp

ACCOUNT = "301"
CONTEXT = {"account_id": ACCOUNT, "timezone": "Asia/Jakarta", "currency": "IDR"}
D1, D2, D3 = date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 3)
T1, T2, T3 = (datetime(2025, 2, n, 9, tzinfo=UTC) for n in (1, 2, 3))

SPEND = Stream(
    source="ads",
    name="spend",
    group="ads",
    description="Daily spend.",
    schema=schema(
        text("account_id", "Account.", "@account_id"),
        day("date", "Day."),
        text("ad_id", "Ad.", required=True),
        money("spend", "Spend."),
    ),
    key=("date", "ad_id"),
    mode="replace",
    day="date",
    totals=("spend",),
)
ORDERS = Stream(
    source="shop",
    name="orders",
    group="sales",
    description="Orders.",
    schema=schema(
        text("id", "Order.", required=True),
        timestamp("updated_at", "Last change.", "updatedAt", required=True),
        money("total", "Total.", "totalSet.amount"),
        email("email", "Address."),
        nested("lines", "Lines.", "lines.nodes", text("sku", "Unit.")),
    ),
    key=("id",),
    mode="merge",
    version="updated_at",
    day="updated_at",
    zone="UTC",
    totals=("total",),
)
COUNTERS = Stream(
    source="pages",
    name="counters",
    group="social",
    description="Counters.",
    schema=schema(text("id", "Post.", required=True), money("value", "Value.")),
    key=("id",),
    mode="replace",
    snapshot=True,
    totals=("value",),
)


def provenance(at=T1, timezone="Asia/Jakarta", run="run-1", context=CONTEXT):
    return Provenance(run, at, timezone, api_version="v25.0", context=context)


def batch(stream, *records):
    return convert_records(stream.schema, records, CONTEXT, place="page 1")


def spend(ad, amount, on=D1, **others):
    return {"date": on.isoformat(), "ad_id": ad, "spend": amount, **others}


def order(number, updated, total="10.00", **others):
    return {
        "id": number,
        "updatedAt": updated,
        "totalSet": {"amount": total},
        "lines": {"nodes": [{"sku": f"SKU-{number}"}]},
        **others,
    }


def land(lake, stream, days, *pages, at=T1, reasons=None, timezone="Asia/Jakarta", requests=0):
    """Lands pages of records as one read; `run-1` reads at T1, `run-2` at T2 and so on."""
    run = f"run-{at.day}"
    with lake.landing(stream, ACCOUNT, days, provenance(at, timezone, run)) as landing:
        for page in pages:
            landing.add(batch(stream, *page))
        return landing.commit(requests=requests, reasons=reasons)


def files_below(root):
    """Every file of a lake but locks, with its bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "_tmp" not in path.parts
    }
