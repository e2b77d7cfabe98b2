"""Features x(q): closed-form derivatives, chain rule, and errors that name the stranger."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from systems.errors import InputError
from systems.expressions import parse, symbol
from training.features import Features

x, y = symbol("x"), symbol("y")
seeds = st.integers(0, 2**32 - 1)
BLOCKS = ["sqrt(x**2+y**2)", "x*y", "x-y", "exp(x)/y", "x**3", "y"]
definitions = st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=3, unique=True)


def features(texts):
    return Features.of(("x", "y"), {f"f{k}": parse(code) for k, code in enumerate(texts)})


@given(definitions, seeds)
def test_jacobian_and_hessian_are_finite_differences(texts, seed):
    made = features(texts)
    q = np.random.default_rng(seed).uniform(0.5, 2, (6, 2))
    h = 1e-5
    count = len(texts)

    assert made.values(q).shape == (6, count)
    assert made.jacobian(q).shape == (6, 2, count)
    assert made.hessian(q).shape == (6, 2, 2, count)
    for a in range(2):
        step = h * np.eye(2)[a]
        slope = (made.values(q + step) - made.values(q - step)) / (2 * h)
        bend = (made.jacobian(q + step) - made.jacobian(q - step)) / (2 * h)
        np.testing.assert_allclose(made.jacobian(q)[:, a], slope, atol=1e-7)
        np.testing.assert_allclose(made.hessian(q)[:, :, a], bend, atol=1e-7)


@given(st.integers(1, 4), seeds)
def test_the_identity(dimension, seed):
    names = tuple(f"q{k}" for k in range(dimension))
    same = Features.identity(names)
    q = np.random.default_rng(seed).normal(size=(5, dimension))

    np.testing.assert_array_equal(same.values(q), q)
    np.testing.assert_array_equal(
        same.jacobian(q), np.broadcast_to(np.eye(dimension), (5, dimension, dimension))
    )
    assert not same.hessian(q).any()
    assert same.trivial
    assert same.definitions == {}
    assert Features.of(names, {}) == same


def test_a_definition_comes_back():
    given_ones = {"r": sympy.sqrt(x**2 + y**2), "s": x - y}
    made = Features.of(("x", "y"), given_ones)
    assert made.definitions == given_ones
    assert not made.trivial
    assert made.names == ("r", "s")


def test_a_constant_slope_is_spread_over_all_points():
    made = features(["x-y"])
    jacobian = made.jacobian(np.zeros((4, 2)))
    np.testing.assert_array_equal(jacobian[:, :, 0], [[1.0, -1.0]] * 4)


def test_a_stranger_is_named():
    with pytest.raises(InputError, match=r"uses w, which is no coordinate.*x, y"):
        Features.of(("x", "y"), {"r": parse("x*w")})


def test_a_feature_renamed_is_no_identity():
    """A feature called like nothing else, with the value of a coordinate, keeps its name."""
    made = Features.of(("x",), {"s": x})
    assert not made.trivial
    assert made.definitions == {"s": x}


def test_a_distance_on_a_line_may_be_an_absolute_value():
    made = Features.of(("x", "y"), {"r": parse("abs(x - y)")})
    q = np.array([[3.0, 1.0], [-1.0, 2.0]])
    np.testing.assert_array_equal(made.values(q), [[2], [3]])
    np.testing.assert_array_equal(made.jacobian(q)[:, :, 0], [[1, -1], [-1, 1]])
    np.testing.assert_array_equal(made.hessian(q), np.zeros((2, 2, 2, 1)))
