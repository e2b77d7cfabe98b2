"""Exact coefficients on candidates: whatever is matched and left over adds up to the whole."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from interpret.laws.matching import matched
from systems.expressions import parse, parse_list, symbol

x, y = symbol("x"), symbol("y")
CANDIDATES = (x, y, x * y, (x - y) ** 2, 1 / x, sympy.sin(x), sympy.Integer(1))
FACTORS = [sympy.Integer(0), sympy.Integer(-3), sympy.Rational(1, 3), sympy.pi, sympy.sqrt(2)]
OTHERS = [x**3, sympy.cos(y), 1 / (x - y)]

factors = st.lists(st.sampled_from(FACTORS), min_size=7, max_size=7)
outsiders = st.lists(st.sampled_from(OTHERS), unique=True, max_size=3)


@given(factors, outsiders)
def test_combinations_of_candidates_are_found_exactly(coefficients, outside):
    pairs = zip(coefficients, CANDIDATES, strict=True)
    expression = sympy.Add(*(factor * candidate for factor, candidate in pairs), *outside)

    found, rest = matched(sympy.expand(expression), CANDIDATES, [x, y])

    assert list(found) == coefficients
    assert set(rest) == set(outside)


@pytest.mark.parametrize(
    ("expression", "candidates", "coefficients", "rest"),
    [
        ("x**2 + x", "(x - y)**2", "0", "x, x**2"),
        ("3*x**2 - 3*y", "3*x**2, y/2", "1, -6", ""),
        ("0.1*x + 0.2*x - 0.3*(x - y)", "x - y, y", "0, 0.3", ""),
        ("0.3*(x - y)**2", "(x - y)**2", "0.3", ""),
        ("x**2 + y**2", "x**2 + y**2, x**2 - y**2", "0, 0", "x**2, y**2"),
        ("x", "x, 2*x, y", "0, 0, 0", "x"),
    ],
)
def test_what_agrees_is_matched_and_what_does_not_is_left(
    expression, candidates, coefficients, rest
):
    found, left = matched(parse(expression), parse_list(candidates), [x, y])

    for got, expected in zip(found, parse_list(coefficients), strict=True):
        assert float(got) == pytest.approx(float(expected), abs=1e-15)
    assert set(left) == (set(parse_list(rest)) if rest else set())
