"""Small helpers over the world's Arrow tables, shared by the platforms.

Belongs here: picking a market, instants as text or numbers, amounts as text. Does not: any figure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

WIRE_INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def of_market(table: pa.Table, market: str, network: str | None = None) -> pa.Table:
    """The rows of one market (and network). Those that lie in one piece are not copied."""
    mine = pc.equal(table["market"], market)
    if network is not None:
        mine = pc.and_(mine, pc.equal(table["network"], network))
    rows = pc.indices_nonzero(mine)
    if not len(rows):
        return table.slice(0, 0)
    first, last = rows[0].as_py(), rows[-1].as_py()
    whole = last - first + 1 == len(rows)
    return table.slice(first, len(rows)) if whole else table.take(rows)


def instants(column: pa.ChunkedArray) -> npt.NDArray[np.datetime64]:
    """Instants as numpy microseconds; NULL is NaT."""
    values: npt.NDArray[np.datetime64] = column.to_numpy().astype("datetime64[us]")
    return values


def texts(table: pa.Table, pattern: str = WIRE_INSTANT) -> list[dict[str, Any]]:
    """The rows as dicts, with instants (naive UTC) as text of whole seconds."""
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            seconds = table[column.name].cast(pa.timestamp("s"), safe=False)
            table = table.set_column(place, column.name, pc.strftime(seconds, pattern))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def decimal(minor: int, *, places: int = 2) -> str:
    """An amount in hundredths as text in major units: at most two places, at least `places`."""
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    whole, cents = divmod(minor, 100)
    digits = f"{cents:02d}".rstrip("0").ljust(places, "0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
