"""Products of factors that are there already are the expressions, to a few last places."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import sympy

from systems.errors import InputError
from systems.integrate import compile
from systems.products import compile_products

X, Y, R = sympy.symbols("x y r")
NAMES = ("x", "y", "r")
POINTS = np.random.default_rng(0).uniform(0.3, 2, (50, 3))

CASES = {
    "monomials": [X**i * Y**j * R**k for i, j, k in product(range(5), repeat=3)],
    "a high power alone": [X**13, Y**64, X**7 * Y**9],
    "inverse": [1 / R, R**-6, R**-12, X**3 / R**2, 1 / (10 - R) ** 3],
    "coefficients": [-X, 3 * X**2, X**2 * Y / 7, sympy.pi * X, sympy.sqrt(2) * X**3, 2.5 * R**4],
    "constants": [sympy.Integer(0), sympy.Integer(1), sympy.pi, sympy.E**2, sympy.Rational(1, 3)],
    "functions": [X * sympy.cos(Y) ** 3, sympy.exp(-X) * X**2, sympy.log(R), R**1.5, sympy.sqrt(R)],
    "sums": [(X**2 + Y**2) ** 2 * X, X * sympy.sin(X) + X**2, (X + Y) ** 3, X**2 + Y],
    "twice": [X**2 * Y, X, X**2 * Y, 2 * X**2 * Y, X],
    "large": [X**80, 2**70 * X],
}


@pytest.mark.parametrize("kind", CASES)
def test_products_are_the_expressions(kind):
    expressions = list(map(sympy.sympify, CASES[kind]))
    found = compile_products(expressions, NAMES)(POINTS)
    expected = compile(expressions, NAMES)(POINTS)
    # Sixty-four factors round sixty-three times, by half a unit each.
    np.testing.assert_allclose(found, expected, rtol=64 * np.finfo(float).eps / 2, atol=0)


def test_a_pole_is_not_finite():
    poles = compile_products([1 / R, R**-3, X / R**2], NAMES)
    with np.errstate(divide="ignore"):
        assert np.isinf(poles(np.array([[1.0, 1.0, 0.0]]))).all()


def test_no_points_and_no_expressions():
    assert compile_products([X**3], NAMES)(np.empty((0, 3))).shape == (0, 1)
    assert compile_products([], NAMES)(POINTS).shape == (50, 0)


def test_another_symbol_is_refused():
    with pytest.raises(InputError, match="z must have a number"):
        compile_products([X**2 * sympy.Symbol("z")], NAMES)
