"""What channels are worth: against definitions carried out literally, by hand, and by others."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from path_samples import (
    channel_sets,
    counted_steps,
    published_sets,
    published_transitions,
    transitions,
)

from pipelines.measurement.attribution import MOST_EXACT, markov, shapley

UNIT = Decimal("0.000000000001")


def counts_of_paths(most=12):
    return st.integers(0, most).flatmap(lambda all_: st.tuples(st.integers(0, all_), st.just(all_)))


def some_paths(names):
    """A few kinds of path, each with its conversions and paths."""
    kind = st.tuples(st.lists(st.sampled_from(names), min_size=1, max_size=7), counts_of_paths())
    return st.lists(kind.map(lambda each: (each[0], *each[1])), max_size=9)


PATHS = some_paths("abcde")


def column(table, name):
    return dict(zip(table["channel"].to_pylist(), table[name].to_pylist(), strict=True))


def used(paths):
    return sorted({name for names, _, all_ in paths if all_ for name in names})


def conversions(paths):
    return sum(each[1] for each in paths)


# --- references: the definitions, word by word


def solved(equations):
    """The last column of linear equations, solved without rounding."""
    for k in range(len(equations)):
        pivot = next(row for row in range(k, len(equations)) if equations[row][k])
        equations[k], equations[pivot] = equations[pivot], equations[k]
        equations[k] = [each / equations[k][k] for each in equations[k]]
        for row in range(len(equations)):
            if row != k and (times := equations[row][k]):
                both = zip(equations[row], equations[k], strict=True)
                equations[row] = [each - times * above for each, above in both]
    return [row[-1] for row in equations]


def probability_of_converting(table, removed=None):
    """By the chain's own equations; who would enter the removed state ends in null."""
    steps = [step for step in zip(*table.to_pydict().values(), strict=True) if step[-1]]
    left = Counter()
    for before, _, count in steps:
        left[before] += count
    place = {state: n for n, state in enumerate(left)}
    equations = [
        [Fraction(n == m) for m in range(len(left))] + [Fraction(0)] for n in place.values()
    ]
    for before, after, count in steps:
        if after == "(conversion)":
            equations[place[before]][-1] += Fraction(count, left[before])
        elif after not in ("(null)", removed):
            equations[place[before]][place[after]] -= Fraction(count, left[before])
    return solved(equations)[place["(start)"]]


def removal_effects(table):
    whole = probability_of_converting(table)
    states = {state for name in ("from_state", "to_state") for state in table[name].to_pylist()}
    return {
        name: float(1 - probability_of_converting(table, removed=name) / whole)
        for name in states - {"(start)", "(conversion)", "(null)"}
    }


def rate(paths, among):
    within = [each for each in paths if set(each[0]) <= set(among)]
    all_ = sum(each[2] for each in within)
    return conversions(within) / all_ if all_ else 0.0


def shapley_values(paths):
    """What a channel adds to those before it, averaged over all orders of joining."""
    names = used(paths)
    orders = list(itertools.permutations(names))
    return {
        name: sum(
            rate(paths, order[: order.index(name) + 1]) - rate(paths, order[: order.index(name)])
            for order in orders
        )
        / len(orders)
        for name in names
    }


# --- Markov


@given(PATHS.filter(conversions))
@settings(max_examples=100, deadline=None)
def test_removal_effects_are_those_of_removing_each_channel_and_solving_again(paths):
    table = transitions(paths)
    found = column(markov(table), "removal_effect")
    assert found == pytest.approx(removal_effects(table), rel=1e-14, abs=0)


def test_removal_effects_of_three_journeys_by_hand():
    """C1 > C2 > C3 converts, C1 and C2 > C3 do not.

    A third converts. Without C1 the one in three that begins at C2 does by half: a sixth. Without
    C2 or C3 none does.
    """
    table = markov(transitions([(["C1", "C2", "C3"], 1, 1), (["C1"], 0, 1), (["C2", "C3"], 0, 1)]))
    assert column(table, "removal_effect") == pytest.approx({"C1": 0.5, "C2": 1, "C3": 1})
    assert column(table, "share") == {
        "C1": Decimal("0.2"), "C2": Decimal("0.4"), "C3": Decimal("0.4"),
    }  # fmt: skip


def test_removal_effects_of_the_published_sample_are_those_of_an_independent_package():
    """Computed by marketing-attribution-models 2.1.1, which removes each channel and inverts again.

    Its own error is that of 1 − x in doubles, 1e-16 of the whole; do-attribution 0.0.2
    (`redirect_to_null`) agrees to 4e-16. ChannelAttribution 2.2.5 simulates: of the same counts it
    gives alpha 0.5702 and mi 0.
    """
    assert column(markov(published_transitions()), "removal_effect") == pytest.approx(
        {
            "alpha": 0.5583994895077468,
            "beta": 0.26403853574123637,
            "delta": 0.00048199575803842265,
            "epsilon": 0.06263858227549068,
            "eta": 0.34902633187114596,
            "gamma": 0.01787997441996869,
            "iota": 0.405835004471944,
            "kappa": 0.02866338665546564,
            "lambda": 0.13402212280970005,
            "mi": 0.00017994581989377867,
            "theta": 0.2060104627727698,
            "zeta": 0.03981051781738343,
        },
        rel=0,
        abs=1e-14,
    )


@given(
    PATHS.filter(conversions),
    st.lists(st.tuples(st.permutations("abcde"), st.integers(2, 3), st.integers(0, 9))),
)
@settings(max_examples=100, deadline=None)
def test_paths_that_circle_a_billion_times_cost_no_digit(paths, circles):
    """Two or three channels round and round; an inverse in the usual way may be off by 1e-9."""
    steps = Counter()
    for channels, length, power in circles:
        if set(channels[:length]) <= set(used(paths)):
            for step in itertools.pairwise([*channels[:length], channels[0]]):
                steps[step] += 10**power
    circling = counted_steps([(*step, count) for step, count in steps.items()])
    table = pa.concat_tables([transitions(paths), circling])
    found = column(markov(table), "removal_effect")
    assert found == pytest.approx(removal_effects(table), rel=1e-14, abs=0)


@given(PATHS.filter(conversions), st.integers(1, 4))
def test_repeating_a_touch_on_the_spot_changes_no_effect(paths, times):
    repeated = [([name for name in names for _ in range(times)], *rest) for names, *rest in paths]
    assert markov(transitions(repeated)).equals(markov(transitions(paths)))


@given(PATHS.filter(conversions), st.integers(1, 20))
def test_orders_without_a_touch_change_no_share(paths, orders):
    touched = column(markov(transitions(paths)), "share")
    shares = column(markov(transitions([*paths, ([], orders, orders)])), "share")
    assert shares == pytest.approx(touched, abs=2 * UNIT)


def test_a_channel_that_never_leads_to_conversion_has_no_effect():
    table = markov(transitions([(["a"], 1, 4), (["b"], 0, 3), (["a", "c"], 0, 2)]))
    assert column(table, "removal_effect") == {"a": 1.0, "b": 0.0, "c": 0.0}
    assert column(table, "share") == {"a": Decimal(1), "b": Decimal(0), "c": Decimal(0)}


def test_one_path_of_a_hundred_thousand_touches_is_worth_what_its_channels_are():
    """A channel of fifty is gone around once in 2,000 times; the other path's decides nothing."""
    chooser = random.Random(1)
    long = [f"c{chooser.randrange(50):02}" for _ in range(100_000)]
    table = markov(transitions([(long, 1, 1), (["d"], 0, 1)]))
    assert sum(column(table, "share").values()) == 1
    effects = column(table, "removal_effect")
    assert effects.pop("d") == 0
    assert effects == pytest.approx(dict.fromkeys(set(long), 1.0), abs=0.001)


TOUCHES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 6), st.sampled_from("abc")), min_size=1
)


@given(TOUCHES, st.integers(-(10**9), 10**9))
def test_touches_that_are_all_as_much_earlier_or_later_have_the_same_shares(touches, seconds):
    """Who touched when (in seconds) and through what; ties in the order of the touches' numbers."""

    def shares(shift):
        ordered = sorted((who, at + shift, n, name) for n, (who, at, name) in enumerate(touches))
        return markov(
            transitions(
                ([name for *_, name in path], who % 2, 1)
                for who, path in itertools.groupby(ordered, key=lambda touch: touch[0])
            )
        )

    assert shares(seconds).equals(shares(0))


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([("(start)", "a", 2), ("a", "(conversion)", 1)], "a is entered 2 times and left 1 times"),
        ([("a", "(conversion)", 1)], "a is entered 0 times and left 1 times"),
        (
            [("(start)", "(conversion)", 1), ("a", "b", 5), ("b", "a", 5)],
            r"no path from \(start\) enters a, b",
        ),
        ([("(null)", "a", 1)], r"a path goes from \(null\) to a"),
        ([("a", "(start)", 1)], r"a path goes from a to \(start\)"),
        ([("(start)", None, 1)], r"a path goes from \(start\) to None"),
        ([("(start)", "a", -1), ("a", "(null)", -1)], "count: -1 is no count"),
        ([("(start)", "a", None)], "count: None is no count"),
    ],
)
def test_counts_that_no_whole_paths_have_are_refused(steps, told):
    with pytest.raises(ValueError, match=told):
        markov(counted_steps(steps))


# --- Shapley


@given(PATHS.filter(conversions))
@settings(max_examples=150, deadline=None)
def test_values_are_what_channels_add_averaged_over_all_orders(paths):
    found = column(shapley(channel_sets(paths)), "value")
    assert found == pytest.approx(shapley_values(paths), abs=1e-9)


def test_values_of_two_channels_by_hand():
    """One in ten converts with a alone, two with b alone, twelve in twenty with both.

    Both together reach 15 of 40. So a adds 0.1 when it comes first and 0.175 when it comes second,
    b 0.2 and 0.275.
    """
    table = shapley(channel_sets([(["a"], 1, 10), (["b"], 2, 10), (["a", "b"], 12, 20)]))
    assert column(table, "value") == pytest.approx({"a": 0.1375, "b": 0.2375})


def test_values_of_the_published_sample_are_those_of_an_independent_package():
    """Computed by coopgt 0.0.3 over all 720 orders of the game; its own error is below 1e-15."""
    assert column(shapley(published_sets()), "value") == pytest.approx(
        {
            "alpha": 0.03193631655146638,
            "beta": 0.03508411137090867,
            "eta": 0.034411559571669165,
            "iota": 0.03105970078231588,
            "lambda": 0.039213119951940434,
            "theta": 0.050349072399118476,
        },
        rel=0,
        abs=1e-14,
    )


def test_a_channel_with_which_fewer_convert_has_a_value_below_zero_and_no_share():
    table = shapley(channel_sets([(["a"], 5, 10), (["b"], 0, 10)]))
    assert column(table, "value") == pytest.approx({"a": 0.375, "b": -0.125})
    assert column(table, "share") == {"a": Decimal(1), "b": Decimal(0)}


@given(PATHS.filter(conversions))
def test_values_add_up_to_the_rate_of_all_paths(paths):
    values = column(shapley(channel_sets(paths)), "value")
    assert sum(values.values()) == pytest.approx(rate(paths, "abcde"))


def many_channels(extra):
    """Paths of a few channels each, over `extra` more than are looked at exhaustively."""
    chooser = random.Random(7)
    names = [f"c{n:02}" for n in range(MOST_EXACT + extra)]
    return [
        (chooser.sample(names, chooser.randint(1, 4)), chooser.randint(0, 4), 9) for _ in range(200)
    ]


def test_a_sampled_value_is_within_its_error_of_the_exact_one(monkeypatch):
    sets = channel_sets(many_channels(0))
    exact = shapley(sets)
    monkeypatch.setattr("pipelines.measurement.attribution.MOST_EXACT", 0)
    sampled = shapley(sets)
    errors = column(sampled, "standard_error")
    off = [
        abs(value - column(exact, "value")[name]) / errors[name]
        for name, value in column(sampled, "value").items()
    ]
    assert max(off) < 4
    assert sum(each < 1 for each in off) > len(off) / 2


def test_sampling_ends_below_the_tolerance_and_conserves():
    paths = many_channels(extra=5)
    all_ = rate(paths, used(paths))
    table = shapley(channel_sets(paths), tolerance=0.002)
    errors = column(table, "standard_error").values()
    assert 0 < max(errors) <= 0.002 * all_
    assert sum(column(table, "value").values()) == pytest.approx(all_)
    assert sum(column(table, "share").values()) == 1


def test_what_is_exact_says_that_it_has_no_error():
    assert set(column(shapley(published_sets()), "standard_error").values()) == {0.0}


def test_the_same_seed_samples_the_same_and_another_does_not():
    sets = channel_sets(many_channels(extra=1))
    first = shapley(sets, tolerance=0.01, seed=3)
    assert shapley(sets, tolerance=0.01, seed=3).equals(first)
    assert not shapley(sets, tolerance=0.01, seed=4).equals(first)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (([], 1, 1), "a path has no channel: leave orders without a touch out"),
        ((["a", "b"], 3, 2), "3 of 2 paths of a, b convert"),
        ((["a"], 0, -1), "paths: -1 is no count"),
    ],
)
def test_sets_that_no_paths_have_are_refused(path, told):
    with pytest.raises(ValueError, match=told):
        shapley(channel_sets([path]))


# --- both

MODELS = pytest.mark.parametrize(
    ("model", "count"), [(markov, transitions), (shapley, channel_sets)], ids=["markov", "shapley"]
)


@MODELS
@given(paths=PATHS)
def test_shares_add_up_to_exactly_one_or_are_all_unknown(model, count, paths):
    table = model(count(paths))
    assert table["channel"].to_pylist() == used(paths)
    shares = table["share"].to_pylist()
    if conversions(paths):
        assert sum(shares) == 1
        assert min(shares) >= 0
    else:
        assert set(shares) <= {None}


@MODELS
@given(paths=PATHS.filter(conversions))
def test_shares_are_in_proportion_to_effects(model, count, paths):
    table = model(count(paths))
    effects = [max(each, 0) for each in table.column(1).to_pylist()]
    assert [float(share) for share in table["share"].to_pylist()] == pytest.approx(
        [effect / sum(effects) for effect in effects], abs=2e-12
    )


@MODELS
@given(paths=PATHS.filter(conversions), shuffler=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(model, count, paths, shuffler):
    table = count(paths)
    rows = list(range(table.num_rows))
    shuffler.shuffle(rows)
    assert model(table.take(rows)).equals(model(table))


@MODELS
@given(paths=PATHS.filter(conversions))
def test_a_count_in_two_rows_is_their_sum(model, count, paths):
    table = count(paths)
    doubled = [(names, 2 * converted, 2 * all_) for names, converted, all_ in paths]
    assert model(pa.concat_tables([table, table])).equals(model(count(doubled)))


@MODELS
@given(paths=PATHS.filter(conversions), times=st.integers(2, 50))
def test_the_same_paths_more_often_have_the_same_shares(model, count, paths, times):
    once = column(model(count(paths)), "share")
    often = column(model(count([(names, times * a, times * b) for names, a, b in paths])), "share")
    assert often == pytest.approx(once, abs=2 * UNIT)


@MODELS
def test_counts_may_come_as_the_decimals_that_a_sum_has(model, count):
    paths = [(["a"], 1, 4), (["a", "b"], 2, 3)]
    table = count(paths)
    decimals = pa.schema(
        [
            field.with_type(pa.decimal128(38, 0)) if pa.types.is_integer(field.type) else field
            for field in table.schema
        ]
    )
    assert model(table.cast(decimals)).equals(model(table))


@MODELS
def test_one_channel_has_all(model, count):
    assert column(model(count([(["a", "a"], 3, 7)])), "share") == {"a": Decimal(1)}


@MODELS
def test_three_alike_differ_by_one_unit_at_most_the_first_first(model, count):
    shares = column(model(count([([name], 1, 2) for name in "cab"])), "share")
    assert shares == {
        "a": Decimal("0.333333333334"),
        "b": Decimal("0.333333333333"),
        "c": Decimal("0.333333333333"),
    }


@MODELS
def test_no_paths_give_no_rows(model, count):
    table = model(count([]))
    assert table.num_rows == 0
    assert table.schema == model(count([(["a"], 1, 1)])).schema


@MODELS
def test_where_nothing_converts_effects_and_shares_are_unknown(model, count):
    table = model(count([(["a", "b"], 0, 5)]))
    assert table["channel"].to_pylist() == ["a", "b"]
    assert all(table[name].null_count == 2 for name in table.column_names[1:])


def test_where_only_orders_without_a_touch_convert_shares_are_unknown():
    table = markov(transitions([([], 3, 3), (["a"], 0, 5)]))
    assert column(table, "removal_effect") == {"a": 0.0}
    assert column(table, "share") == {"a": None}
