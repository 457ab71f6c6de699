"""The numerical routines against values known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.measurement.numerics import beta_nodes, digamma, distinct, maximise, rising

SHAPES = st.floats(0.01, 200)


@pytest.mark.parametrize(
    ("argument", "known"),
    [
        (1.0, -0.5772156649015329),
        (0.5, -0.5772156649015329 - 2 * math.log(2)),
        (100.0, 4.600161852738087),
    ],
)
def test_digamma_is_that_of_the_tables(argument, known):
    assert digamma(np.array([argument]))[0] == pytest.approx(known, rel=1e-13)


@settings(deadline=None)
@given(SHAPES)
def test_digamma_obeys_its_recurrence(argument):
    low, high = digamma(np.array([argument, argument + 1]))
    assert high - low == pytest.approx(1 / argument, rel=1e-12, abs=1e-13)


@settings(deadline=None)
@given(st.floats(0.01, 1000), st.integers(0, 50))
def test_rising_is_the_difference_of_log_gammas(start, steps):
    logs, _ = rising(start, 50)
    known = math.lgamma(start + steps) - math.lgamma(start)
    assert logs[steps] == pytest.approx(known, rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(SHAPES, SHAPES)
def test_quadrature_gives_the_moments_of_a_beta(a, b):
    points, weights = beta_nodes(a, b, 20)
    assert weights.sum() == pytest.approx(1)
    assert weights @ points == pytest.approx(a / (a + b))
    assert weights @ points**2 == pytest.approx(a * (a + 1) / ((a + b) * (a + b + 1)))


def test_quadrature_holds_where_the_recurrence_has_a_removable_singularity():
    points, weights = beta_nodes(0.5, 0.5, 20)
    assert weights @ points**2 == pytest.approx(3 / 8)


def test_the_maximum_of_a_valley_is_found_from_where_it_curves_upwards():
    def objective(point):
        x, y = point
        slopes = np.array([x - x**3, -2 * y])
        return float(x**2 / 2 - x**4 / 4 - y**2), slopes

    best = maximise(objective, np.array([0.01, 3.0]))
    assert best.found
    assert best.point == pytest.approx([1.0, 0.0], abs=1e-6)
    assert best.curvature == pytest.approx(np.diag([2.0, 2.0]), abs=1e-6)


def test_an_objective_without_a_maximum_is_not_said_to_have_one():
    best = maximise(lambda point: (float(point[0]), np.ones(1)), np.zeros(1))
    assert not best.found


def test_equal_columns_are_counted_and_every_column_finds_its_own():
    figures = np.array([[2.0, 1.0, 2.0], [5.0, 5.0, 5.0]])
    found, place, counts = distinct(figures)
    assert found.tolist() == [[1.0, 2.0], [5.0, 5.0]]
    assert counts.tolist() == [1, 2]
    assert (found[:, place] == figures).all()
