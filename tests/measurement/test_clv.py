"""What customers are worth: published figures, independent predictions, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from cdnow import cdnow
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_customers import RATES, SPENDING, simulated

from pipelines.measurement.bgnbd import BgNbd, BgNbdLikelihood
from pipelines.measurement.clv import (
    CUSTOMERS,
    Customers,
    Horizon,
    deciles,
    fit_bgnbd,
    fit_gamma_gamma,
    value,
)
from pipelines.measurement.fitting import Fit, Refused
from pipelines.measurement.gamma_gamma import GammaGamma, GammaGammaLikelihood

YEAR = {"unit": "weeks", "months": 12, "monthly_discount": 0.01}
POSITIVE = st.floats(0.05, 20)

# Fader, Hardie and Lee 2005, section 7; Fader and Hardie 2013, section 3.
PUBLISHED_RATES = BgNbd(r=0.2426, alpha=4.4136, a=0.7929, b=2.4259)
PUBLISHED_SPENDING = GammaGamma(p=6.25, q=3.74, gamma=15.44)

# Predictions with the published parameters: purchases in the 39 weeks ahead, chance to be alive and
# log-likelihood by clvkit 0.2.1, expected purchase value by lifetimes 0.11.3 (which agrees on the
# first two to 13 digits). Customers are frequency, recency, age, monetary.
PREDICTED = [
    ((2, 30.43, 38.86, 22.35), 1.2259226579870381, 0.7266140448542472, 24.663713910761157),
    ((0, 0.0, 38.86, 0.0), 0.1947867691606155, 1.0, 35.21897810218978),
    ((29, 37.71, 38.0, 26.26), 20.05356756071116, 0.9691332178533424, 26.39341812055003),
]
LOG_LIKELIHOODS = [-9.459673450115993, -0.5538199112894308, -43.87123056212347]

# Both models fitted by lifetimes 0.11.3, a year's purchases by clvkit 0.2.1; their value discounted
# by 1 % a month of 365.25 / 84 weeks.
YEAR_AHEAD = {
    "0001": (0.726620, 1.563065, 24.653919, 36.296015),
    "0002": (0.212391, 0.260872, 18.910018, 4.643829),
    "0003": (1.0, 0.252442, 35.170371, 8.349920),
    "0157": (0.969221, 25.128338, 26.394264, 625.780557),
}
YEAR_AHEAD_PURCHASES, YEAR_AHEAD_VALUE = 2095.114392605832, 71550.20349278192


def customers(*rows):
    """A table of customers from (frequency, recency, age, monetary)."""
    columns = list(zip(*rows, strict=True))
    names = ("frequency", "recency", "age", "monetary")
    table = pa.table({"person_id": [f"p{row}" for row in range(len(rows))]})
    for name, column in zip(names, columns, strict=True):
        table = table.append_column(name, pa.array(column))
    return table


def figures(rows):
    return np.array(rows, np.float64).T


def fitted(fit, table):
    found = fit(Customers.of(table))
    assert isinstance(found, Fit), found
    return found


def reason(fit, table):
    found = fit(Customers.of(table))
    assert isinstance(found, Refused), found
    return found.reason


def replaced(table, name, values):
    return table.set_column(table.column_names.index(name), name, values)


# Published figures


@pytest.mark.parametrize(("parameter", "published"), PUBLISHED_RATES._asdict().items())
def test_bgnbd_reproduces_the_published_parameters_of_cdnow(parameter, published):
    found = fitted(fit_bgnbd, cdnow())
    assert round(getattr(found.model, parameter), 4) == published


def test_bgnbd_reproduces_the_published_likelihood_of_cdnow():
    found = fitted(fit_bgnbd, cdnow())
    assert found.customers == 2357
    assert round(found.log_likelihood, 2) == -9582.43


@pytest.mark.parametrize(("parameter", "published"), PUBLISHED_SPENDING._asdict().items())
def test_gamma_gamma_reproduces_the_published_parameters_of_cdnow(parameter, published):
    found = fitted(fit_gamma_gamma, cdnow())
    assert found.customers == 946
    assert round(getattr(found.model, parameter), 2) == published


# Independent implementations


@pytest.mark.parametrize(("customer", "purchases", "alive", "spends"), PREDICTED)
def test_predictions_are_those_of_other_packages(customer, purchases, alive, spends):
    x, recency, age, monetary = figures([customer])
    assert PUBLISHED_RATES.purchases(x, recency, age, np.array([39.0]))[0, 0] == pytest.approx(
        purchases, rel=1e-12
    )
    assert PUBLISHED_RATES.alive(x, recency, age)[0] == pytest.approx(alive, rel=1e-12)
    assert PUBLISHED_SPENDING.value(x, monetary)[0] == pytest.approx(spends, rel=1e-12)


def test_the_likelihood_is_that_of_another_package():
    table = customers(*(customer for customer, *_ in PREDICTED))
    mean, _ = BgNbdLikelihood(Customers.of(table))(np.log(PUBLISHED_RATES))
    assert mean == pytest.approx(np.mean(LOG_LIKELIHOODS), rel=1e-12)


@pytest.mark.parametrize("person_id", YEAR_AHEAD)
def test_a_customers_year_ahead_is_that_of_other_packages(person_id):
    found = value(cdnow(), **YEAR).customers
    row = found.filter(pc.equal(found["person_id"], person_id)).to_pylist()[0]
    names = ("probability_alive", "expected_purchases", "expected_purchase_value", "clv")
    assert [float(row[name]) for name in names] == pytest.approx(YEAR_AHEAD[person_id], rel=2e-5)


def test_the_year_ahead_of_all_customers_is_that_of_other_packages():
    found = value(cdnow(), **YEAR).customers
    assert pc.sum(found["expected_purchases"]).as_py() == pytest.approx(
        YEAR_AHEAD_PURCHASES, rel=1e-6
    )
    assert float(pc.sum(found["clv"]).as_py()) == pytest.approx(YEAR_AHEAD_VALUE, rel=1e-6)


# Fitting


@settings(deadline=None, max_examples=50)
@given(st.tuples(POSITIVE, POSITIVE, POSITIVE, POSITIVE))
def test_the_gradient_of_bgnbd_is_the_slope_of_its_likelihood(parameters):
    assert_gradient(BgNbdLikelihood(Customers.of(simulated(50))), np.log(parameters))


@settings(deadline=None, max_examples=50)
@given(st.tuples(POSITIVE, POSITIVE, POSITIVE))
def test_the_gradient_of_gamma_gamma_is_the_slope_of_its_likelihood(parameters):
    table = simulated(100)
    again = Customers.of(table.filter(pc.greater(table["frequency"], 0)))
    assert_gradient(GammaGammaLikelihood(again.frequency, again.monetary), np.log(parameters))


def assert_gradient(likelihood, point):
    _, gradient = likelihood(point)
    slopes = [
        (likelihood(point + shift)[0] - likelihood(point - shift)[0]) / 2e-5
        for shift in np.eye(len(point)) * 1e-5
    ]
    assert gradient == pytest.approx(slopes, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_simulated_customers_give_back_the_parameters_they_were_drawn_from(seed):
    table = simulated(20_000, seed=seed)
    for fit, true in ((fit_bgnbd, RATES), (fit_gamma_gamma, SPENDING)):
        found = fitted(fit, table)
        for name in true._fields:
            low, high = found.interval(name, 0.999)
            assert low < getattr(true, name) < high


def test_the_order_of_customers_changes_nothing():
    table = cdnow()
    shuffled = table.take(np.random.default_rng(0).permutation(table.num_rows))
    one, other = value(table, **YEAR), value(shuffled, **YEAR)
    assert other.models == one.models
    by_id = [("person_id", "ascending")]
    assert other.customers.sort_by(by_id) == one.customers.sort_by(by_id)


def test_every_customer_twice_doubles_the_likelihood_and_moves_no_parameter():
    table = simulated(1000)
    twins = replaced(
        table, "person_id", pc.binary_join_element_wise("twin", table["person_id"], "-")
    )
    for fit in (fit_bgnbd, fit_gamma_gamma):
        once, twice = fitted(fit, table), fitted(fit, pa.concat_tables([table, twins]))
        assert twice.model == pytest.approx(once.model, rel=1e-6)
        assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood)
        assert twice.covariance == pytest.approx(once.covariance / 2, rel=1e-4)


def test_the_unit_of_time_changes_no_value():
    weeks = simulated(1000)
    days = weeks
    for name in ("recency", "age"):
        days = replaced(days, name, pc.multiply(weeks[name], 7.0))
    one, other = value(weeks, **YEAR), value(days, **YEAR | {"unit": "days"})
    clv, again = (np.asarray(each.customers["clv"].cast(pa.float64())) for each in (one, other))
    assert again == pytest.approx(clv, rel=1e-4, abs=1e-3)


# Predictions


@settings(deadline=None)
@given(POSITIVE, POSITIVE, POSITIVE, POSITIVE, st.floats(0, 1000))
def test_who_never_came_back_is_alive_for_sure(r, alpha, a, b, age):
    zero = np.zeros(1)
    assert BgNbd(r, alpha, a, b).alive(zero, zero, np.array([age]))[0] == 1


@settings(deadline=None)
@given(st.integers(1, 50), st.floats(0.1, 100))
def test_who_bought_just_now_may_still_have_left_with_that_purchase(x, age):
    model, now = BgNbd(0.5, 3.0, 0.7, 2.0), np.array([age])
    left = 0.7 / (0.7 + 2.0 + x - 1)
    assert model.alive(np.array([float(x)]), now, now)[0] == pytest.approx(1 - left)


@settings(deadline=None)
@given(st.integers(1, 50), st.lists(st.floats(30, 1000), min_size=2, unique=True))
def test_the_longer_the_silence_the_less_likely_alive(x, ages):
    same, silent = np.full(len(ages), float(x)), np.array(sorted(ages))
    alive = RATES.alive(same, np.full(len(ages), 30.0), silent)
    assert (np.diff(alive) <= 0).all()


def test_a_regular_of_long_ago_is_gone():
    assert RATES.alive(np.array([50.0]), np.array([50.0]), np.array([5000.0]))[0] < 1e-30


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 50), st.floats(1, 100), st.integers(0, 1))
def test_purchases_grow_with_the_time_ahead_but_ever_slower(x, age, just_now):
    recency = np.array([age * (0.5 + just_now / 2) if x else 0.0])
    ahead = np.arange(1.0, 100.0)
    expected = RATES.purchases(np.array([float(x)]), recency, np.array([age]), ahead)[:, 0]
    steps = np.diff(expected, prepend=0.0)
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()


# Equation 10 in forty digits with mpmath; the weeks ahead are up to a hundred times what was seen.
@pytest.mark.parametrize(
    ("x", "age", "ahead", "known"),
    [
        (0, 0, 52, 1.444059994898236),
        (0, 1, 520, 4.528907368475552),
        (5, 1, 520, 43.61471434401292),
        (200, 10, 1000, 1369.836403590632),
    ],
)
def test_purchases_far_ahead_of_a_short_history_are_exact(x, age, ahead, known):
    seen = np.array([float(age)])
    expected = PUBLISHED_RATES.purchases(
        np.array([float(x)]), seen if x else np.zeros(1), seen, np.array([float(ahead)])
    )
    assert expected[0, 0] == pytest.approx(known, rel=1e-9)


def test_without_dropout_purchases_go_on_at_the_expected_pace():
    x, age = np.array([3.0]), np.array([20.0])
    expected = BgNbd(0.5, 4.0, 1e-9, 1.0).purchases(x, age, age, np.array([10.0]))
    assert expected[0, 0] == pytest.approx((0.5 + 3) / (4 + 20) * 10)


def test_expected_purchases_pass_smoothly_where_the_published_formula_divides_by_zero():
    x, age, ahead = np.array([3.0]), np.array([20.0]), np.array([10.0])
    below, at, above = (
        BgNbd(0.5, 4.0, a, 2.0).purchases(x, age, age, ahead)[0, 0] for a in (0.999, 1.0, 1.001)
    )
    assert at == pytest.approx((below + above) / 2, rel=1e-6)


def test_who_bought_once_is_expected_to_spend_what_the_base_does():
    zero = np.zeros(1)
    assert SPENDING.value(zero, zero)[0] == pytest.approx(6.0 * 15.0 / (4.0 - 1))


def test_who_bought_often_is_expected_to_spend_what_they_did():
    assert SPENDING.value(np.array([1e6]), np.array([80.0]))[0] == pytest.approx(80, rel=1e-4)


@settings(deadline=None)
@given(st.integers(1, 100), st.floats(1, 1000), st.floats(1, 1000))
def test_who_spent_more_is_expected_to_spend_more(x, one, other):
    same = np.full(2, float(x))
    low, high = SPENDING.value(same, np.array(sorted((one, other))))
    assert low <= high


# Value, interval, decile


def test_a_discount_makes_every_customer_worth_less():
    table = simulated(1000)
    full, less = (
        np.asarray(value(table, **YEAR | {"monthly_discount": rate}).customers["clv"])
        for rate in (0.0, 0.02)
    )
    assert (less < full).all()


def test_without_a_discount_value_is_purchases_times_their_value():
    found = value(simulated(1000), **YEAR | {"monthly_discount": 0.0}).customers
    purchases, spends, clv = (
        np.asarray(found[name].cast(pa.float64()))
        for name in ("expected_purchases", "expected_purchase_value", "clv")
    )
    assert clv == pytest.approx(purchases * spends, abs=1e-3)


def test_a_months_money_is_discounted_from_its_end():
    assert Horizon(2, 0.1, "days").weights == pytest.approx([1 / 1.1, 1 / 1.21])
    assert Horizon(2, 0.1, "weeks").ends == pytest.approx([365.25 / 84, 365.25 / 42])


def test_the_interval_is_as_wide_as_parameters_drawn_from_their_distribution_spread_it():
    table = cdnow().slice(0, 1)
    rates, spending = fitted(fit_bgnbd, cdnow()), fitted(fit_gamma_gamma, cdnow())
    draw, horizon = np.random.default_rng(3), Horizon(12, 0.01, "weeks")
    drawn = [
        draw.multivariate_normal(np.log(fit.model), fit.covariance, 1000)
        for fit in (rates, spending)
    ]
    x, recency, age, monetary = (
        np.asarray(table[name].cast(pa.float64()))
        for name in ("frequency", "recency", "age", "monetary")
    )
    worth = [
        horizon.weights
        @ np.diff(BgNbd(*one).purchases(x, recency, age, horizon.ends)[:, 0], prepend=0.0)
        * GammaGamma(*two).value(x, monetary)[0]
        for one, two in zip(np.exp(drawn[0]), np.exp(drawn[1]), strict=True)
    ]
    row = value(cdnow(), **YEAR).customers.slice(0, 1).to_pylist()[0]
    wide = np.log(float(row["clv_high"] / row["clv_low"])) / (2 * 1.6448536)
    assert wide == pytest.approx(np.std(np.log(worth)), rel=0.1)


def test_of_whom_nothing_is_expected_the_value_is_surely_nothing():
    gone = customers((3000, 1.0, 39.0, 20.0))
    table = pa.concat_tables([simulated(2000), gone], promote_options="permissive")
    row = value(table, **YEAR).customers.slice(2000).to_pylist()[0]
    assert {row["clv_low"], row["clv"], row["clv_high"]} == {Decimal(0)}


def test_more_confidence_makes_wider_intervals_around_the_same_value():
    table = simulated(1000)
    less, more = (value(table, **YEAR, confidence=sure).customers for sure in (0.5, 0.95))
    assert more["clv"] == less["clv"]
    low, high = (
        pc.less_equal(more["clv_low"], less["clv_low"]),
        pc.greater_equal(more["clv_high"], less["clv_high"]),
    )
    assert pc.all(pc.and_(low, high)).as_py()


def test_deciles_are_tenths_of_the_customers_by_rising_value():
    values = pa.array([Decimal(n) for n in range(30)])
    found = deciles(values, pa.chunked_array([[f"{n:02}" for n in range(30)]]))
    assert found.to_pylist() == [n // 3 + 1 for n in range(30)]


def test_of_equal_values_the_lower_person_id_is_in_the_lower_decile():
    ids = [f"{n:02}" for n in reversed(range(20))]
    found = deciles(pa.array([Decimal(1)] * 20), pa.chunked_array([ids]))
    assert dict(zip(ids, found.to_pylist(), strict=True)) == {
        f"{n:02}": n // 2 + 1 for n in range(20)
    }


def test_customers_left_over_by_ten_are_in_the_lowest_deciles():
    values = pa.array([Decimal(n) for n in range(12)])
    found = deciles(values, pa.chunked_array([[f"{n:02}" for n in range(12)]]))
    assert found.to_pylist() == [1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_the_result_keeps_the_order_of_customers_and_its_schema():
    table = simulated(1000)
    found = value(table, **YEAR)
    assert found.customers.schema == CUSTOMERS
    assert found.customers["person_id"] == table["person_id"]
    assert not any(column.null_count for column in found.customers.columns)


def test_the_account_of_the_models_has_every_parameter_with_its_interval():
    found = value(cdnow(), **YEAR).models.to_pylist()
    assert [(row["model"], row["parameter"]) for row in found] == [
        *(("bgnbd", name) for name in ("r", "alpha", "a", "b")),
        *(("gamma_gamma", name) for name in ("p", "q", "gamma")),
    ]
    assert all(row["low"] < row["estimate"] < row["high"] for row in found)
    assert {row["customers"] for row in found} == {2357, 946}
    assert {row["refused"] for row in found} == {None}


# Refusals


def test_too_few_repeat_buyers_are_refused():
    table = customers(*[(1, 1.0, 9.0, 5.0)] * 49, *[(0, 0.0, 9.0, None)] * 500)
    for fit in (fit_bgnbd, fit_gamma_gamma):
        assert reason(fit, table) == "49 customers bought again; 50 are needed"


def test_no_customers_are_refused():
    empty = simulated(1).slice(0, 0)
    found = value(empty, **YEAR)
    assert found.customers.num_rows == 0
    assert set(found.models["refused"].to_pylist()) == {"0 customers bought again; 50 are needed"}


def test_customers_who_are_all_alike_are_refused():
    table = customers(*[(3, 20.0, 30.0, 5.0)] * 200)
    assert "no maximum" in reason(fit_bgnbd, table) or "all but unknown" in reason(fit_bgnbd, table)
    assert reason(fit_gamma_gamma, table) == "all customers spend the same on a purchase"


def test_customers_of_one_pace_who_never_leave_are_refused():
    table = simulated(500, rates=BgNbd(1e6, 1e7, 1e-9, 1.0))
    assert "all but unknown" in reason(fit_bgnbd, table) or "no maximum" in reason(fit_bgnbd, table)


def test_customers_who_drop_out_alike_are_valued_though_a_and_b_are_known_only_together():
    rates = BgNbd(0.7, 10.4, 2.9e4, 7.1e4)
    table = simulated(2000, rates=rates, seed=2)
    found = value(table, **YEAR)
    dropout = {row["parameter"]: row for row in found.models.to_pylist()}["b"]
    assert dropout["refused"] is None
    assert dropout["low"] < 1 and dropout["high"] > 1e9
    x, recency, age = Customers.of(table).history
    expected = rates.purchases(x, recency, age, Horizon(12, 0.01, "weeks").ends[-1:]).sum()
    assert pc.sum(found.customers["expected_purchases"]).as_py() == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("seed", range(12))
def test_customers_who_all_drop_out_alike_are_valued_though_the_likelihood_has_no_maximum(seed):
    table = simulated(800, rates=BgNbd(0.7, 10.4, 2.9e9, 7.1e9), seed=seed)
    found = fit_bgnbd(Customers.of(table))
    assert isinstance(found, Fit)
    assert found.model.a / (found.model.a + found.model.b) == pytest.approx(0.29, rel=0.3)


def test_a_base_whose_purchases_to_come_are_all_but_unknown_is_refused():
    table = simulated(600, youngest=2, oldest=3, seed=9)
    assert reason(fit_bgnbd, table).startswith("the number of purchases to come is all but unknown")


def test_spending_that_goes_with_frequency_is_refused():
    table = simulated(1000)
    tied = replaced(table, "monetary", pc.multiply(table["frequency"], 10))
    assert "correlate by 1.00" in reason(fit_gamma_gamma, tied)


def test_spending_without_a_finite_mean_is_refused():
    table = simulated(20_000, spending=GammaGamma(2.0, 0.8, 15.0))
    assert "no finite expectation" in reason(fit_gamma_gamma, table)


def test_what_a_refused_model_tells_is_null_and_the_rest_stays():
    table = simulated(1000)
    found = value(replaced(table, "monetary", pc.multiply(table["frequency"], 10)), **YEAR)
    row = found.customers.to_pylist()[0]
    assert row["probability_alive"] is not None
    assert row["expected_purchases"] is not None
    names = ("expected_purchase_value", "clv", "clv_low", "clv_high", "decile")
    assert {row[name] for name in names} == {None}
    refused = {row["model"]: row["refused"] for row in found.models.to_pylist()}
    assert refused["bgnbd"] is None
    assert "correlate" in refused["gamma_gamma"]


def test_repeat_buyers_who_paid_nothing_are_left_out_of_what_is_spent_but_not_of_how_often():
    table = simulated(1000)
    free = customers(*[(2, 10.0, 30.0, 0.0)] * 5)
    both = pa.concat_tables([table, free], promote_options="permissive")
    assert fitted(fit_gamma_gamma, both).model == fitted(fit_gamma_gamma, table).model
    assert fitted(fit_bgnbd, both).customers == 1005


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), *(st.floats(-6, 6) for _ in range(4)))
def test_customers_of_any_kind_are_valued_or_refused_without_an_error(seed, r, pace, a, b):
    rates = BgNbd(*np.exp([r, r - min(pace, 1), a, b]))
    found = value(simulated(200, rates=rates, seed=seed), **YEAR)
    clv = found.customers["clv"]
    refused = pc.any(pc.is_valid(found.models["refused"])).as_py()
    assert clv.null_count == (200 if refused else 0)


# What no table of customers may hold


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ((None, 0.0, 9.0, 0.0), "frequency of row 1 is NULL"),
        ((1, None, 9.0, 5.0), "recency of row 1 is NULL"),
        ((1, 3.0, None, 5.0), "age of row 1 is NULL"),
        ((1, 3.0, 9.0, None), "monetary of row 1 is NULL"),
        ((1, 3.0, float("inf"), 5.0), "age of row 1 is NULL or no number"),
        ((-1, 3.0, 9.0, 5.0), "frequency of row 1 is negative"),
        ((1, -3.0, 9.0, 5.0), "recency of row 1 is negative"),
        ((0, 0.0, -9.0, 0.0), "age of row 1 is negative"),
        ((1, 3.0, 9.0, -5.0), "monetary of row 1 is negative"),
        ((1.5, 3.0, 9.0, 5.0), "frequency of row 1 is no whole number"),
        ((1, 9.5, 9.0, 5.0), "recency of row 1 is later than age"),
        ((0, 3.0, 9.0, 0.0), "recency of row 1 is that of a repeat purchase"),
        ((1, 0.0, 9.0, 5.0), "recency of row 1 is that of the first purchase"),
        ((0, 0.0, 9.0, 5.0), "monetary of row 1 is of repeat purchases"),
    ],
)
def test_a_contradictory_row_is_named_with_its_field(row, complaint):
    with pytest.raises(ValueError, match=complaint):
        Customers.of(customers((2, 4.0, 9.0, 5.0), row, row))


def test_a_person_without_id_is_named():
    table = replaced(simulated(3), "person_id", pa.array(["a", None, "c"]))
    with pytest.raises(ValueError, match="person_id of row 1 is NULL"):
        Customers.of(table)


def test_a_person_who_comes_twice_is_named():
    table = replaced(simulated(3), "person_id", pa.array(["a", "b", "a"]))
    with pytest.raises(ValueError, match="person_id of row 2 is that of an earlier row"):
        Customers.of(table)


def test_missing_columns_are_named():
    with pytest.raises(ValueError, match="lack the columns recency, monetary"):
        Customers.of(simulated(3).drop_columns(["recency", "monetary"]))


def test_money_is_read_from_decimals():
    exact = pa.array([Decimal("12.3456"), None], pa.decimal128(18, 4))
    table = replaced(customers((1, 3.0, 9.0, 0.0), (0, 0.0, 9.0, 0.0)), "monetary", exact)
    assert Customers.of(table).monetary == pytest.approx([12.3456, 0.0])


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"unit": "years"}, "unknown unit 'years'; known: days, weeks"),
        ({"months": 0}, "months must be at least 1"),
        ({"monthly_discount": -0.1}, "monthly_discount must not be below 0"),
        ({"confidence": 1.0}, "confidence must lie between 0 and 1"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(wrong, complaint):
    with pytest.raises(ValueError, match=complaint):
        value(simulated(500), **YEAR | wrong)
