"""The CDNOW sample: 2,357 customers of a record shop, on whom the models were published.

The log of purchases comes with the package `lifetimes`, whose code is not imported. Purchases of
one day are one, and those after 1997-09-30 are left out, as Fader, Hardie and Lee did.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pyarrow as pa

END = date(1997, 9, 30)


@cache
def cdnow() -> pa.Table:
    """One row a customer, times in weeks."""
    return pa.Table.from_pylist(
        [_customer(person_id, days) for person_id, days in _purchases().items()]
    )


def _purchases() -> dict[str, dict[date, Decimal]]:
    log = Path(distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_sample.txt"))
    purchases: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in log.read_text().splitlines():
        _, person_id, day, _, dollars = line.split()
        bought = datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007
        if bought <= END:
            purchases[person_id][bought] += Decimal(dollars)
    return purchases


def _customer(person_id: str, days: dict[date, Decimal]) -> dict[str, object]:
    first, *later = sorted(days)
    last = later[-1] if later else first
    spent = sum(days[day] for day in later)
    return {
        "person_id": person_id,
        "frequency": len(later),
        "recency": (last - first).days / 7,
        "age": (END - first).days / 7,
        "monetary": round(spent / len(later), 12) if later else None,
    }
