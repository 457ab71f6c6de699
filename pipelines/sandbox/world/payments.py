"""How orders of the own site are paid by card: charges, and what they leave in the balance.

Belongs here: attempts, fees and the settlement in another currency. Does not: the orders
(`outlets`), or what a payment provider calls these things.

The provider charges rupiah and settles dollars at the last reference rate before the day.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world import tables
from pipelines.sandbox.world.calendar import DAY
from pipelines.sandbox.world.draws import Array, Draws, mix
from pipelines.sandbox.world.frame import Frame, arrow, concat, instants, words

# The way to pay that goes through the provider, as the own site's orders name it.
CARD = "stripe"
SETTLED_IN = "USD"
FEE_RATE, FEE_FIXED = 340, 35
PAYOUT_DELAY = 4 * DAY
REJECTED = 0.04
KINDS = ("charge", "refund", "refund_failure")
CHARGE, REFUND, FAILURE = range(3)


def payment_tables(
    draws: Draws, orders: pa.Table, refunds: pa.Table, fx: pa.Table
) -> dict[str, pa.Table]:
    """`payments` and `balance` of all card orders, with all that is still to come."""
    by_card = pc.and_(pc.equal(orders["payment_method"], CARD), pc.invert(orders["is_test"]))
    mine = orders.filter(by_card).combine_chunks()
    key = mix(mine["order_id"].cast(pa.int64()).to_numpy(), 31)
    placed, paid = _seconds(mine, "created_at"), _seconds(mine, "paid_at")
    total = mine["total"].to_numpy()
    rejected = draws.chance("payment/rejected", key, REJECTED) | (paid < 0)
    attempt = Frame(row=np.arange(len(key)), at=placed + 10, good=np.zeros(len(key), bool))
    charge = attempt.plus(at=paid, good=True)
    rows = concat([attempt.take(rejected), charge.take(paid >= 0)], ("row", "at", "good"))
    rows = rows.plus(key=draws.bits("payment/id", mix(key[rows["row"]], rows["good"])))
    rows = rows.sorted_by("at", "row")
    ids = [f"{number:016x}" for number in rows["key"].tolist()]
    amount = total[rows["row"]]
    order = mine["order_id"].combine_chunks()
    charges = arrow(
        tables.PAYMENTS,
        {
            "payment_id": ids,
            "order_id": order.take(pa.array(rows["row"])),
            "created_at": instants(rows["at"]),
            "amount": amount,
            "currency": mine["currency"].combine_chunks().take(pa.array(rows["row"])),
            "status": words(["failed", "succeeded"], rows["good"].astype(int)),
        },
    )
    good = charges.filter(pc.equal(charges["status"], "succeeded"))
    back = refunds.filter(pc.is_in(refunds["order_id"], value_set=order)).combine_chunks()
    return {"payments": charges, "balance": _balance(good, back, fx)}


def _balance(charges: pa.Table, refunds: pa.Table, fx: pa.Table) -> pa.Table:
    """What each charge, refund and refused refund moved; a refund costs its fee for good."""
    refused = refunds.filter(pc.equal(refunds["status"], "failed"))
    parts = (
        (CHARGE, charges, "payment_id", "created_at", 1),
        (REFUND, refunds, "refund_id", "created_at", -1),
        (FAILURE, refused, "refund_id", "settled_at", 1),
    )
    rows = concat(
        [
            Frame(
                kind=np.full(table.num_rows, kind),
                source=table[name].to_numpy(),
                at=_seconds(table, at),
                # What a refund took comes back as it went, at the rate of that day.
                rated=_seconds(table, "created_at"),
                amount=sign * table["amount"].to_numpy(),
            )
            for kind, table, name, at, sign in parts
        ],
        ("kind", "source", "at", "rated", "amount"),
    ).sorted_by("at", "kind", "source")
    rate = _rates(fx, rows["rated"])
    settled = np.rint(rows["amount"] * rate).astype(np.int64)
    fee = np.where(rows["kind"] == CHARGE, (settled * FEE_RATE + 5_000) // 10_000 + FEE_FIXED, 0)
    return arrow(
        tables.BALANCE,
        {
            "kind": words(KINDS, rows["kind"]),
            "source_id": rows["source"].tolist(),
            "created_at": instants(rows["at"]),
            "available_at": instants((rows["at"] + PAYOUT_DELAY) // DAY * DAY),
            "currency": words([SETTLED_IN], np.zeros(len(rows), int)),
            "amount": settled,
            "fee": fee,
            "net": settled - fee,
            "exchange_rate": [f"{value:.10f}" for value in rate.tolist()],
        },
    )


def _rates(fx: pa.Table, seconds: Array) -> Array:
    """Dollars for a rupiah at each instant: the last rates published before it, ten decimals."""
    rupiah, dollars = (
        fx.filter(pc.equal(fx["currency"], currency)) for currency in ("IDR", SETTLED_IN)
    )
    course = np.array(dollars["rate"].to_pylist(), float) / np.array(
        rupiah["rate"].to_pylist(), float
    )
    place = np.searchsorted(_seconds(rupiah, "published_at"), seconds, side="right") - 1
    return np.asarray(np.round(course[place], 10))


def _seconds(table: pa.Table, name: str) -> Array:
    """Epoch seconds; −1 for NULL."""
    micros = pc.fill_null(table[name].cast(pa.int64()), -1_000_000).to_numpy()
    return np.asarray(micros // 1_000_000)
