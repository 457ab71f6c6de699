"""Figures that move after their day: how advertising matures and how posts gather attention.

Belongs here: exact integer rules from a final figure and an age to what is shown. Does not: clocks.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipelines.sandbox.world.config import MARKETS
from pipelines.sandbox.world.draws import Array, mix

# Thousandths of the final figure by age; the first entry is a day still open.
DELIVERY = np.array([350, 972, 994, 1000])
CLAIMS = np.array([200, 560, 700, 790, 860, 910, 950, 980, 1000])
DELIVERED = ("impressions", "clicks", "link_clicks", "reach")
CLAIMED = ("purchases_claimed_7d_click", "purchases_claimed_1d_view")

GROWTH_HOURS = 28 * 24
_HOUR = np.arange(GROWTH_HOURS + 1)
# Millionths of a post's lifetime figures by whole hours since publication: half within a day.
GROWTH = np.rint((1 - np.exp(-_HOUR / 34)) / (1 - np.exp(-GROWTH_HOURS / 34)) * 1e6).astype(
    np.int64
)


def restate(final: pa.Table, age_days: int | Array) -> pa.Table:
    """The figures of rows as served when their day has been closed for `age_days` days.

    `final` has columns of `ad_cells`, `account_extra` or `ad_reach`. Age 0 is the first day after
    the day closed; a negative age is a day still open. Delivery is final from age 2, claimed
    purchases and their value from age 7. Each figure only ever grows. Rows are restated one by
    one, so any roll-up of restated rows ties exactly.
    """
    age = np.broadcast_to(np.asarray(age_days, np.int64), (final.num_rows,))
    delivered = DELIVERY[np.clip(age + 1, 0, len(DELIVERY) - 1)]
    columns = {name: _whole(final, name) for name in final.column_names if name not in _TEXT}
    shown = {name: columns[name] * delivered // 1000 for name in DELIVERED if name in columns}
    if "spend" in columns:
        unit = _units(final)
        shown["spend"] = columns["spend"] * delivered // 1000 // unit * unit
    if "value_claimed" in columns:
        shown |= _claims(final, columns, age)
    for name, values in shown.items():
        final = final.set_column(final.column_names.index(name), name, pa.array(values))
    return final


_TEXT = (
    "market",
    "level",
    "object_id",
    "date_day",
    "campaign_id",
    "adset_id",
    "ad_id",
    "age",
    "gender",
    "region",
)


def _whole(table: pa.Table, name: str) -> Array:
    return np.asarray(table[name].to_numpy())


def _units(table: pa.Table) -> Array:
    codes = table["market"].combine_chunks().dictionary_encode()
    units = {market.code: market.unit for market in MARKETS}
    known = np.array([units[code] for code in codes.dictionary.to_pylist()] or [1])
    return np.asarray(known[codes.indices.to_numpy()])


def _claims(final: pa.Table, columns: dict[str, Array], age: Array) -> dict[str, Array]:
    share = CLAIMS[np.clip(age + 1, 0, len(CLAIMS) - 1)]
    total = sum((columns[name] for name in CLAIMED), np.zeros(len(age), np.int64))
    # Most cells claim one purchase: a fixed luck of the cell decides at which age it appears.
    luck = (mix(columns["value_claimed"], columns["impressions"], total) % np.uint64(1000)).astype(
        np.int64
    )
    shown = {name: (columns[name] * share + luck) // 1000 for name in CLAIMED}
    shown = {name: np.minimum(values, columns[name]) for name, values in shown.items()}
    visible = sum(shown.values(), np.zeros(len(age), np.int64))
    unit = _units(final)
    part = columns["value_claimed"] * visible // np.maximum(total, 1) // unit * unit
    return shown | {"value_claimed": np.where(visible == total, columns["value_claimed"], part)}


def grown(final: Array, age_seconds: Array) -> Array:
    """A post's counter at that age: fast at first, final after 28 days, never falling."""
    hours = np.clip(age_seconds // 3600, 0, GROWTH_HOURS)
    return np.asarray(final * GROWTH[hours] // 1_000_000)
