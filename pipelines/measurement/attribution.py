"""What each channel is worth to conversion, from all paths: Markov removal effects, Shapley values.

Belongs here: a channel's effect and its share of all effects, from paths that SQL has counted. Does
not: finding or counting the paths; first, last and linear touch, which SQL does.

The credit of an order is split over its touches in proportion to their channels' shares; touches of
one channel share its part equally; where no touch's channel has a share, all touches count alike.
So the credits of an order add up to 1, whatever the shares.

A table has one row a channel, in name order. Shares are decimals that add up to exactly 1, or all
null where there is nothing to share: no conversion, or none that owes anything to a channel.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

START, CONVERSION, NULL = "(start)", "(conversion)", "(null)"
SHARE = pa.decimal128(13, 12)
_UNITS = 10**12

# Every subset of so many channels is looked at, in 0.2 s and 40 MB; each more doubles both.
MOST_EXACT = 20
# What is sampled stops here, whatever the error then is; it is told. Of a million paths over fifty
# channels a round takes a seventh of a second: without the second bound that was five minutes.
MOST_ROUNDS = 2_000
_MOST_VISITS = 3 * 10**9
_FEWEST_ROUNDS = 20

Floats: TypeAlias = npt.NDArray[np.float64]
Whole: TypeAlias = npt.NDArray[np.int64]


def markov(transitions: pa.Table) -> pa.Table:
    """Removal effects of a first-order Markov chain (Anderl et al. 2016), exactly.

    `transitions` is `from_state, to_state, count`: how often converting and other paths go from
    `(start)` to a channel, from channel to channel, and at last to `(conversion)` or `(null)`.
    An order without a touch, `(start)` to `(conversion)`, lessens all effects alike and no share.

    The table is `channel, removal_effect, share`. The effect is 1 − P(conversion without it) ÷
    P(conversion), where a path that would enter the removed channel ends in null; it is null where
    nothing converts.

    Raises ValueError for counts that no whole paths have: a step out of an end or into the start, a
    channel that is entered more or less often than it is left, or that no path enters.
    """
    channels, counts = _counted(transitions)
    n = len(channels)
    between, converting, leaving = counts[:n, :n], counts[:, n], counts[:, n:].sum(axis=1)
    _check_whole(channels, between, counts[n, :n], leaving[:n])
    conversions = converting.sum()
    if not conversions:
        return _table(channels, removal_effect=None)
    # With N the fundamental matrix, s the start and p the probability of converting, the effect of
    # c is N[s,c] ÷ N[c,c] × p[c] ÷ p[s]. Here N = M D with M the inverse below and D what leaves
    # each channel for another state; and since the counts are of whole paths, N[s,c] is D[c] ÷ the
    # number of paths, and p[s] is conversions ÷ the number of paths.
    inverse = _inverse(between, leaving[:n])
    effects = inverse @ converting[:n] / (np.diag(inverse) * conversions)
    return _table(channels, removal_effect=effects)


def shapley(sets: pa.Table, *, tolerance: float = 0.001, seed: int = 0) -> pa.Table:
    """Shapley values of the game in which channels are worth the conversion rate that they reach.

    `sets` is `channels, conversions, paths`: of the paths that touch just these channels, how many
    there are and how many convert. The value of a set S is conversions ÷ paths over all paths whose
    channels are all in S, and 0 where there are none.

    The table is `channel, value, standard_error, share`. Values add up to the conversion rate of
    all paths. One below 0 (a channel with which fewer convert) is told as it is and has no share.

    - Up to `MOST_EXACT` channels all subsets are looked at: exact, the error is 0.
    - With more, orders in which channels join are sampled until the largest standard error is below
      `tolerance` × the conversion rate of all paths, or `MOST_ROUNDS` is reached, or as many as
      large counts allow. The sample is the same for the same counts and `seed`, and its values add
      up as the exact ones do.

    Raises ValueError for a path without a channel (an order without a touch is unattributed),
    for more conversions than paths and for counts below 0.
    """
    channels, members, conversions, paths = _grouped(sets)
    if not conversions.sum():
        return _table(channels, value=None, standard_error=None)
    if len(channels) <= MOST_EXACT:
        values = _exact(len(channels), members, conversions, paths)
        errors = np.zeros(len(channels))
    else:
        values, errors = _sampled(len(channels), members, conversions, paths, tolerance, seed)
    return _table(channels, value=values, standard_error=errors)


# --- Markov


def _counted(transitions: pa.Table) -> tuple[list[str], Whole]:
    """Channels in name order, and counts: from each of them and the start, to each and both ends.

    A channel that follows itself is left out: how long a path stays changes nothing about where it
    goes.
    """
    states = zip(
        transitions["from_state"].to_pylist(), transitions["to_state"].to_pylist(), strict=True
    )
    steps = [
        (before, after, count)
        for (before, after), count in zip(states, _integers(transitions, "count"), strict=True)
        if count
    ]
    for before, after, _ in steps:
        if before in (CONVERSION, NULL, None) or after in (START, None):
            raise ValueError(f"a path goes from {before} to {after}")
    channels = sorted({state for *step, _ in steps for state in step} - {START, CONVERSION, NULL})
    place = {state: n for n, state in enumerate([*channels, CONVERSION, NULL])}
    rows = {state: n for n, state in enumerate([*channels, START])}
    counts = np.zeros((len(rows), len(place)), dtype=np.int64)
    for before, after, count in steps:
        if before != after:
            counts[rows[before], place[after]] += count
    return channels, counts


def _check_whole(channels: Sequence[str], between: Whole, entering: Whole, leaving: Whole) -> None:
    """Raise ValueError where counts are not those of paths with a start and an end."""
    entered = entering + between.sum(axis=0)
    left = between.sum(axis=1) + leaving
    for channel, times_in, times_out in zip(channels, entered, left, strict=True):
        if times_in != times_out:
            raise ValueError(
                f"{channel} is entered {times_in} times and left {times_out} times:"
                " a path lacks its start or its end"
            )
    reached = entering > 0
    while (further := reached | (between[reached] > 0).any(axis=0)).sum() > reached.sum():
        reached = further
    if lost := [name for name, found in zip(channels, reached, strict=True) if not found]:
        raise ValueError(f"no path from {START} enters {', '.join(lost)}")


def _inverse(between: Whole, leaving: Whole) -> Floats:
    """The inverse of A, where −A[i,j] is `between` and a row of A adds up to `leaving`.

    Elimination after Grassmann, Taksar and Heyman (1985): a pivot is added up from what is left of
    its row, and nothing is ever subtracted. So each number is as exact as a double can be, even
    where paths circle millions of times before they end; there the usual inverse was off by 1e-8.
    """
    n = len(leaving)
    onward, out = between.astype(float), leaving.astype(float)
    inverse, pivots = np.eye(n), np.empty(n)
    for k in range(n):
        later = slice(k + 1, n)
        pivots[k] = onward[k, later].sum() + out[k]
        through = onward[later, k] / pivots[k]
        onward[later, later] += np.outer(through, onward[k, later])
        out[later] += through * out[k]
        inverse[later] += np.outer(through, inverse[k])
    for k in reversed(range(n)):
        later = slice(k + 1, n)
        inverse[k] = (inverse[k] + onward[k, later] @ inverse[later]) / pivots[k]
    return inverse


# --- Shapley

# Sets as members one after another, and where each set begins.
Members: TypeAlias = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def _grouped(sets: pa.Table) -> tuple[list[str], Members, Whole, Whole]:
    """Channels in name order; the sets of them, each once; their conversions and paths."""
    found: dict[tuple[str, ...], list[int]] = {}
    conversions, paths = _integers(sets, "conversions"), _integers(sets, "paths")
    for channels, converted, all_ in zip(
        sets["channels"].to_pylist(), conversions, paths, strict=True
    ):
        if not channels or None in channels:
            raise ValueError("a path has no channel: leave orders without a touch out")
        if converted > all_:
            raise ValueError(f"{converted} of {all_} paths of {', '.join(channels)} convert")
        if all_:
            group = found.setdefault(tuple(sorted(set(channels))), [0, 0])
            group[0] += converted
            group[1] += all_
    names = sorted(set(itertools.chain.from_iterable(found)))
    place = {name: n for n, name in enumerate(names)}
    keys = sorted(found)
    flat = np.array([place[name] for key in keys for name in key], dtype=np.intp)
    begins = np.cumsum([0, *map(len, keys)], dtype=np.intp)[:-1]
    totals = np.array([found[key] for key in keys], dtype=np.int64).reshape(-1, 2)
    return names, (flat, begins), totals[:, 0], totals[:, 1]


def _exact(n: int, members: Members, conversions: Whole, paths: Whole) -> Floats:
    """Values from all subsets: bit i of a subset's number says whether channel i is in it."""
    flat, begins = members
    numbers = np.add.reduceat(np.left_shift(1, flat), begins)
    worth = _rates(*(_over_subsets(n, numbers, counts) for counts in (conversions, paths)))
    sizes = np.bitwise_count(np.arange(1 << (n - 1)))
    # How likely just this subset is what channel i finds when channels join in random order.
    chances = np.array([1 / (n * math.comb(n - 1, size)) for size in range(n)])[sizes]
    values = np.empty(n)
    for i in range(n):
        halves = worth.reshape(-1, 2, 1 << i)
        values[i] = chances @ (halves[:, 1] - halves[:, 0]).ravel()
    return values


def _over_subsets(n: int, numbers: Whole, counts: Whole) -> Whole:
    """For each of the 2ⁿ subsets, the sum of `counts` over the sets that lie within it."""
    sums = np.zeros(1 << n, dtype=np.int64)
    sums[numbers] = counts
    for i in range(n):
        halves = sums.reshape(-1, 2, 1 << i)
        halves[:, 1] += halves[:, 0]
    return sums


def _sampled(
    n: int, members: Members, conversions: Whole, paths: Whole, tolerance: float, seed: int
) -> tuple[Floats, Floats]:
    """Values and their standard errors from sampled orders, round after round.

    A round is a random order and its n rotations, so that each channel joins at each place once:
    what depends on the place alone, most of all the first, has no error. Rounds are independent.
    Grouping rare channels instead would need no sample, but is off by an amount that nobody knows.
    """
    random = np.random.PCG64(seed)
    most = tolerance * float(conversions.sum() / paths.sum())
    sums, squares = np.zeros(n), np.zeros(n)
    affordable = max(_MOST_VISITS // (n * len(members[0])), _FEWEST_ROUNDS)
    for rounds in range(1, min(MOST_ROUNDS, affordable) + 1):
        # Unlike a generator's permutations, its raw numbers never change between NumPy versions.
        order = np.argsort(random.random_raw(n), kind="stable")
        found = _round(order, members, conversions, paths)
        sums += found
        squares += found**2
        errors = np.sqrt(np.maximum(squares - sums**2 / rounds, 0) / max(rounds - 1, 1) / rounds)
        if rounds >= _FEWEST_ROUNDS and errors.max() <= most:
            break
    return sums / rounds, errors


def _round(order: Whole, members: Members, conversions: Whole, paths: Whole) -> Floats:
    """What channels add to the rate when they join in this order, averaged over its rotations."""
    flat, begins = members
    n = len(order)
    place = np.empty(n, dtype=np.intp)
    place[order] = np.arange(n)
    added = np.zeros(n)
    for turn in range(n):
        turned = (place - turn) % n
        # A path counts from the moment that the last of its channels has joined.
        complete = np.maximum.reduceat(turned[flat], begins)
        reached = (
            np.bincount(complete, weights=counts, minlength=n).cumsum()
            for counts in (conversions, paths)
        )
        added += np.diff(_rates(*reached), prepend=0.0)[turned]
    return added / n


def _rates(conversions: Floats | Whole, paths: Floats | Whole) -> Floats:
    """Conversions ÷ paths, 0 where there is no path."""
    return conversions / np.maximum(paths, 1)


# --- both


def _integers(table: pa.Table, column: str) -> list[int]:
    """A column of counts. Raises ValueError where one is missing or below 0."""
    counts: list[int] = table[column].cast(pa.int64()).to_pylist()
    for count in counts:
        if count is None or count < 0:
            raise ValueError(f"{column}: {count} is no count")
    return counts


def _table(channels: Sequence[str], **effects: Floats | None) -> pa.Table:
    """Channels with their effects, of which the first is what shares are of."""
    shared, *_ = effects.values()
    empty = pa.nulls(len(channels), pa.float64())
    columns = {
        name: empty if effect is None else pa.array(effect, pa.float64())
        for name, effect in effects.items()
    }
    shares = [None] * len(channels) if shared is None else _shares(shared)
    return pa.table(
        {"channel": pa.array(channels, pa.string()), **columns, "share": pa.array(shares, SHARE)}
    )


def _shares(effects: Iterable[float]) -> Sequence[Decimal | None]:
    """Effects above 0 as shares of their sum, to the last of their decimals.

    What rounding down leaves over goes to the largest remainders, of equal ones to the first.
    """
    parts = [max(Fraction(float(effect)), Fraction(0)) for effect in effects]
    total = sum(parts)
    if not total:
        return [None] * len(parts)
    units = [int(part * _UNITS // total) for part in parts]
    remainders = [part * _UNITS % total for part in parts]
    largest = sorted(range(len(parts)), key=lambda n: -remainders[n])
    for n in largest[: _UNITS - sum(units)]:
        units[n] += 1
    return [Decimal(whole).scaleb(-12) for whole in units]
