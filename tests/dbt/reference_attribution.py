"""Attribution by the definitions of the models, word by word, in fractions.

Belongs here: what a model says of one path, and of all paths. Does not: any SQL, or any speed.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

MODELS = (
    "first_touch", "last_touch", "last_non_direct", "linear", "position_based", "w_shaped",
    "time_decay", "markov", "shapley",
)  # fmt: skip
HALF_LIFE = timedelta(days=7)
UNITS = 10**8


@dataclass(frozen=True)
class Touch:
    """A visit before an order."""

    touch_id: str
    at: datetime
    channel: str


@dataclass(frozen=True)
class Journey:
    """The visits of an order by time, its net amount, when it was placed, and since when its person
    is known."""

    order: str
    touches: Sequence[Touch]
    net: Decimal
    ordered_at: datetime
    known_since: datetime


Shares = Mapping[str, Fraction]
Weights = list[Fraction]


def credits_of(journey: Journey, markov: Shares, shapley: Shares) -> dict[str, Weights]:
    """By model, the credit of each touch, before any rounding."""
    touches = journey.touches
    n = len(touches)
    indirect = [place for place, touch in enumerate(touches) if touch.channel != "direct"]
    models = {
        "first_touch": _one(n, 0),
        "last_touch": _one(n, n - 1),
        "last_non_direct": _one(n, indirect[-1] if indirect else n - 1),
        "linear": [Fraction(1)] * n,
        "position_based": _position_based(n),
        "w_shaped": _w_shaped(journey),
        "time_decay": _time_decay(touches),
        "markov": _by_channel(touches, markov),
        "shapley": _by_channel(touches, shapley),
    }
    return {model: _normalised(weights) for model, weights in models.items()}


def rounded(weights: Weights, total: int) -> list[int]:
    """Whole units of the total by largest remainders; of equal ones the earlier touch first."""
    exact = [weight * abs(total) for weight in weights]
    units = [int(each) for each in exact]
    places = sorted(range(len(exact)), key=lambda place: (units[place] - exact[place], place))
    for place in places[: abs(total) - sum(units)]:
        units[place] += 1
    return [unit if total >= 0 else -unit for unit in units]


def markov_shares(paths: Sequence[tuple[Sequence[str], bool]]) -> Shares:
    """Of each channel, what converts no more when it is taken away, as a share of all that."""
    steps: Counter[tuple[str, str]] = Counter()
    for channels, converts in paths:
        end = "(conversion)" if converts else "(null)"
        steps.update(itertools.pairwise(["(start)", *channels, end]))
    whole = _converting(steps)
    channels = sorted({name for path, _ in paths for name in path})
    return _shares({name: 1 - _converting(steps, name) / whole for name in channels})


def shapley_shares(paths: Sequence[tuple[Sequence[str], bool]]) -> Shares:
    """What each channel adds to the rate of conversion, over all orders in which channels join."""
    sets: Counter[tuple[frozenset[str], bool]] = Counter((frozenset(p), c) for p, c in paths)
    names = sorted({name for path, _ in paths for name in path})

    def rate(among: Sequence[str]) -> Fraction:
        within = {key: count for key, count in sets.items() if key[0] <= set(among)}
        good = sum(count for (_, converts), count in within.items() if converts)
        return Fraction(good, sum(within.values())) if within else Fraction(0)

    rates = {
        frozenset(some): rate(some)
        for size in range(len(names) + 1)
        for some in itertools.combinations(names, size)
    }
    added: dict[str, Fraction] = dict.fromkeys(names, Fraction(0))
    for order in itertools.permutations(names):
        for place, name in enumerate(order):
            added[name] += rates[frozenset(order[: place + 1])] - rates[frozenset(order[:place])]
    return _shares({name: max(value, Fraction(0)) for name, value in added.items()})


def _shares(effects: Mapping[str, Fraction]) -> Shares:
    total = sum(effects.values())
    return {name: effect / total for name, effect in effects.items()}


def _converting(steps: Counter[tuple[str, str]], removed: str | None = None) -> Fraction:
    """P(conversion) from the start, by substituting one state after another into the rest."""
    left: Counter[str] = Counter()
    for (before, _), count in steps.items():
        left[before] += count
    onward: dict[str, dict[str, Fraction]] = {}
    for (before, after), count in steps.items():
        if removed not in (before, after):
            onward.setdefault(before, {})[after] = Fraction(count, left[before])
    for state in [name for name in onward if name != "(start)"]:
        gone = onward.pop(state)
        stay = 1 - gone.pop(state, Fraction(0))
        for steps_of in onward.values():
            if through := steps_of.pop(state, Fraction(0)):
                for after, chance in gone.items():
                    steps_of[after] = steps_of.get(after, Fraction(0)) + through * chance / stay
    return onward["(start)"].get("(conversion)", Fraction(0))


def _one(n: int, place: int) -> Weights:
    return [Fraction(here == place) for here in range(n)]


def _position_based(n: int) -> Weights:
    if n <= 2:
        return [Fraction(1)] * n
    return [Fraction(40), *[Fraction(20, n - 2)] * (n - 2), Fraction(40)]


def _w_shaped(journey: Journey) -> Weights:
    touches = journey.touches
    lead = [place for place, touch in enumerate(touches) if touch.at <= journey.known_since][-1:]
    milestones = [0, len(touches) - 1, *lead]
    rest = len(touches) - len(set(milestones))
    return [
        Fraction(30 * milestones.count(place)) or Fraction(10, rest)
        for place in range(len(touches))
    ]


def _time_decay(touches: Sequence[Touch]) -> Weights:
    return [Fraction(2 ** -((touches[-1].at - touch.at) / HALF_LIFE)) for touch in touches]


def _by_channel(touches: Sequence[Touch], shares: Shares) -> Weights:
    of_channel = Counter(touch.channel for touch in touches)
    weights = [
        shares.get(touch.channel, Fraction(0)) / of_channel[touch.channel] for touch in touches
    ]
    return weights if any(weights) else [Fraction(1)] * len(touches)


def _normalised(weights: Weights) -> Weights:
    total = sum(weights)
    return [weight / total for weight in weights]
