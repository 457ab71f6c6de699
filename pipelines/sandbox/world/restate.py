"""Figures that move after their day: how advertising matures and how posts gather attention.

Belongs here: exact integer rules from a final figure and an age to what is shown. Does not: clocks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sandbox.world.config import MARKETS
from pipelines.sandbox.world.demand import AGE_BANDS, GENDERS
from pipelines.sandbox.world.draws import Array, expand, mix
from pipelines.sandbox.world.geography import REGIONS

# Thousandths of the final figure by age; the first entry is a day still open.
DELIVERY = np.array([350, 972, 994, 1000])
CLAIMS = np.array([200, 560, 700, 790, 860, 910, 950, 980, 1000])
DELIVERED = ("impressions", "clicks", "link_clicks", "reach")
CLAIMED = ("purchases_claimed_7d_click", "purchases_claimed_1d_view")

# What tells rows apart, by its place in a fixed list.
NAMED = {
    "market": pa.array([market.code for market in MARKETS]),
    "level": pa.array(["account", "campaign", "adset", "ad"]),
    "age": pa.array(AGE_BANDS),
    "gender": pa.array(GENDERS),
    "region": pa.array([region.name for market in MARKETS for region in REGIONS[market.code]]),
}

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
    luck, unit = _luck(final), _units(final)
    present = set(final.column_names)
    delivered = DELIVERY[np.clip(age + 1, 0, len(DELIVERY) - 1)]
    shown = {
        name: _part(_whole(final, name), delivered, luck) for name in DELIVERED if name in present
    }
    if "spend" in present:
        shown["spend"] = _part(_whole(final, "spend") // unit, delivered, luck) * unit
    if "value_claimed" in present:
        shown |= _claims(final, age, luck, unit)
    for name, values in shown.items():
        final = final.set_column(final.column_names.index(name), name, pa.array(values))
    return final


def _part(final: Array, share: Array, luck: Array) -> Array:
    """Thousandths of a whole number.

    Most cells hold few units: a cell's luck, fixed for ever, decides at which age each of them
    appears, so that nothing is lost on average.
    """
    return np.asarray((final * share + luck) // 1000 * (final > 0))


def _luck(rows: pa.Table) -> Array:
    """A number below 1,000 that depends only on which row it is."""
    parts: list[Array] = [rows["date_day"].cast(pa.int32()).to_numpy()]
    present = set(rows.column_names)
    ids = [name for name in ("ad_id", "object_id") if name in present]
    named = [name for name in NAMED if name in present]
    parts += [_serials(rows[name]) for name in ids]
    parts += [pc.index_in(rows[name], value_set=NAMED[name]).to_numpy() for name in named]
    return np.asarray((mix(*parts) % np.uint64(1000)).astype(np.int64))


def _serials(ids: pa.ChunkedArray) -> Array:
    """Each id as a number, whatever digits its network writes."""
    coded = ids.combine_chunks().dictionary_encode()
    numbers = [int(text, 36) % 2**63 for text in coded.dictionary.to_pylist()]
    return np.asarray(np.array(numbers, np.int64)[coded.indices.to_numpy()])


def _whole(table: pa.Table, name: str) -> Array:
    return np.asarray(table[name].to_numpy())


def _units(table: pa.Table) -> Array:
    units = np.array([market.unit for market in MARKETS])
    return np.asarray(units[pc.index_in(table["market"], value_set=NAMED["market"]).to_numpy()])


def _claims(final: pa.Table, age: Array, luck: Array, unit: Array) -> dict[str, Array]:
    share = CLAIMS[np.clip(age + 1, 0, len(CLAIMS) - 1)]
    shown = {name: _part(_whole(final, name), share, luck) for name in CLAIMED}
    total = sum((_whole(final, name) for name in CLAIMED), np.zeros(len(age), np.int64))
    visible = sum(shown.values(), np.zeros(len(age), np.int64))
    value = _whole(final, "value_claimed")
    part = value // unit * visible // np.maximum(total, 1) * unit
    return shown | {"value_claimed": part}


def grown(final: Array, age_seconds: Array) -> Array:
    """A post's counter at that age: fast at first, final after 28 days, never falling."""
    hours = np.clip(age_seconds // 3600, 0, GROWTH_HOURS)
    return np.asarray(final * GROWTH[hours] // 1_000_000)


def gains(at: Array, gone: Array, bounds: Array) -> tuple[Array, Array, Callable[[Array], Array]]:
    """On which days posts gather attention, and how much.

    `at` are the instants of posts, `gone` those of their end (negative: none), `bounds` the
    midnights between which days lie. Returns the post and the day of each row, by their indices,
    and a function from the posts' final counters to what each row adds to them; the rows of a post
    add up to its counter at the last midnight, or at its end.
    """
    first = np.maximum(np.searchsorted(bounds, at, side="right") - 1, 0)
    # A day more than growth takes, and one for the change of clocks.
    last = np.minimum(first + GROWTH_HOURS // 24 + 2, len(bounds) - 1)
    post, number = expand(np.maximum(last - first, 0))
    day = first[post] + number
    end = np.where(gone < 0, np.iinfo(np.int64).max, gone)[post]
    before, after = (np.minimum(bounds[day + n], end) - at[post] for n in (0, 1))
    some = (after > 0) & (after > before)

    def gained(final: Array) -> Array:
        mine = final[post[some]]
        return grown(mine, after[some]) - grown(mine, before[some])

    return post[some], day[some], gained
