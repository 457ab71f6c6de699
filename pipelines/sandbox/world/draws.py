"""Random numbers that depend only on what they are drawn for.

Every draw is a hash of (seed, purpose, the thing's own key), never of how many draws came before.
So whole columns are drawn at once, and a longer world repeats a shorter one to the digit.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Keys = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
# Above this mean a normal draw stands in for Poisson's.
_NORMAL_FROM = 60.0


def mix(*parts: Any) -> Keys:
    """One 64-bit key per row out of whole-number parts (arrays or scalars, broadcast)."""
    shape = np.broadcast_shapes(*(np.shape(part) for part in parts))
    key: Keys = np.zeros(shape or (1,), np.uint64)
    for part in parts:
        words = np.asarray(part)
        if words.dtype != np.uint64:
            words = words.astype(np.int64).view(np.uint64)
        key = _scramble(key ^ words)
    return key


def _scramble(key: Keys) -> Keys:
    key = key + _GOLDEN
    key = (key ^ (key >> np.uint64(30))) * _MIX_1
    key = (key ^ (key >> np.uint64(27))) * _MIX_2
    return key ^ (key >> np.uint64(31))


class Draws:
    """Draws for keyed rows under one seed; each method names the purpose of its draw."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def bits(self, purpose: str, keys: Keys) -> Keys:
        """64 random bits a row."""
        digest = hashlib.blake2b(f"{self._seed}/{purpose}".encode(), digest_size=8).digest()
        return _scramble(keys ^ np.uint64(int.from_bytes(digest, "little")))

    def uniform(self, purpose: str, keys: Keys) -> NDArray[np.float64]:
        """Uniform in [0, 1)."""
        return (self.bits(purpose, keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, purpose: str, keys: Keys, bound: Any) -> NDArray[np.int64]:
        """A whole number from 0 up to `bound`, excluded; `bound` may differ by row."""
        return np.asarray(self.uniform(purpose, keys) * bound).astype(np.int64)

    def chance(self, purpose: str, keys: Keys, probability: Any) -> NDArray[np.bool_]:
        """True with that probability."""
        return np.asarray(self.uniform(purpose, keys) < probability)

    def exponential(self, purpose: str, keys: Keys, mean: Any) -> NDArray[np.float64]:
        """Exponential with that mean."""
        return np.asarray(-mean * np.log1p(-self.uniform(purpose, keys)))

    def normal(self, purpose: str, keys: Keys) -> NDArray[np.float64]:
        """Standard normal."""
        radius = np.sqrt(self.exponential(purpose, keys, 2.0))
        return np.asarray(radius * np.cos(2 * np.pi * self.uniform(purpose + "/angle", keys)))

    def lognormal(self, purpose: str, keys: Keys, sigma: float) -> NDArray[np.float64]:
        """Lognormal with median 1."""
        return np.asarray(np.exp(sigma * self.normal(purpose, keys)))

    def choice(self, purpose: str, keys: Keys, weights: Any) -> NDArray[np.int64]:
        """An index into `weights`, by those weights."""
        edges = np.cumsum(np.asarray(weights, np.float64))
        place = self.uniform(purpose, keys) * edges[-1]
        return np.asarray(np.searchsorted(edges, place, side="right"), np.int64)

    def choice_by_row(self, purpose: str, keys: Keys, weights: Array) -> NDArray[np.int64]:
        """An index into each row of `weights` (rows × choices); −1 where a row has no weight."""
        edges = np.cumsum(weights, axis=1)
        total = edges[:, -1]
        place = self.uniform(purpose, keys) * total
        picked = (edges <= place[:, None]).sum(axis=1)
        return np.where(total > 0, np.minimum(picked, weights.shape[1] - 1), -1)

    def poisson(self, purpose: str, keys: Keys, mean: Array) -> NDArray[np.int64]:
        """Poisson with that mean by row."""
        place = self.uniform(purpose, keys)
        small = np.where(mean < _NORMAL_FROM, mean, 0.0)
        term = np.exp(-small)
        reached = term.copy()
        count = np.zeros(len(keys), np.int64)
        step = 0
        while step < 4 * _NORMAL_FROM and bool(np.any(reached <= place)):
            step += 1
            count += reached <= place
            term = term * small / step
            reached = reached + term
        large = np.rint(mean + np.sqrt(np.maximum(mean, 0.0)) * self.normal(purpose, keys))
        return np.where(mean < _NORMAL_FROM, count, np.maximum(large, 0)).astype(np.int64)


def expand(counts: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of `counts[i]` children of parent i: the parent's index and its place from 0."""
    parents = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return parents, np.arange(len(parents)) - np.repeat(starts, counts)
