"""A law is a checked value that survives JSON bit for bit."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from interpret.laws import kept
from interpret.laws.json_numbers import finite
from systems.errors import InputError
from systems.expressions import symbol
from tests.builders import potential_law

r, x, y = (symbol(name) for name in "rxy")


def law(**changes):
    fields = {
        "system": "central_force",
        "terms": (1 / r, r**-2, 1 / (10 - r)),
        "coefficients": np.array([1 + 1e-11, 0.4655154550, 1.0]),
        "covariance": np.diag([1e-20, 9e-20, 4e-20]),
        "candidates": (1 / r, r**-2, r**-3, 1 / (10 - r)),
        "features": {"r": sympy.sqrt(x**2 + y**2)},
        "domain": {"r": (1.0, 9.5)},
        "gauge": "one constant per trajectory",
        "verdict": "identified",
        "reasons": (),
        "chi2_per_n": 0.98,
        "dataset": "reduced",
        "seed": 3,
    }
    return potential_law(**{**fields, **changes})


def test_closed_forms_are_found_within_the_error_bars():
    assert law().recognised == (1, None, 1)
    assert law().expr == 1 / r + sympy.Float(0.4655154550) / r**2 + 1 / (10 - r)
    # With error bars of 10 % nothing can be said about the form.
    assert law(covariance=np.eye(3) * 0.01).recognised == (None, None, None)
    assert law(recognised=(None, None, None)).expr == law().numeric


def test_what_is_no_law_has_no_closed_form():
    assert law(verdict="ambiguous").recognised == (1, None, 1)
    assert law(verdict="not in the library").recognised == (None, None, None)


def test_new_coefficients_can_get_new_closed_forms():
    halved = replace(law(), coefficients=np.array([0.5, 0.25, 2.0]), recognised=())

    assert halved.recognised == (sympy.Rational(1, 2), sympy.Rational(1, 4), 2)


def test_the_parts_of_a_law():
    np.testing.assert_allclose(law().stderr, [1e-10, 3e-10, 2e-10])
    assert law().absent == (r**-3,)
    assert law().numeric.subs(r, 2.0) == pytest.approx(0.5 + 0.4655154550 / 4 + 0.125)
    assert law().in_coordinates().free_symbols == {x, y}
    assert law().in_coordinates().subs({x: 3, y: 4}) == law().expr.subs(r, 5)
    empty = law(terms=(), coefficients=[], covariance=np.zeros((0, 0)))
    assert empty.expr == 0
    assert empty.absent == empty.candidates


def test_a_law_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        law().coefficients[0] = 2
    given_values = np.array([1.0, 2.0, 3.0])
    kept = law(coefficients=given_values)
    given_values[0] = 7
    assert kept.coefficients[0] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"coefficients": np.ones(2)}, "coefficients of shape"),
        ({"covariance": np.eye(2)}, "covariance of shape"),
        ({"recognised": (None,)}, "closed forms"),
        ({"verdict": "IDENTICAL"}, "no verdict"),
        ({"candidates": (1 / r, r**-2)}, "no candidates: 1/\\(10 - r\\)"),
    ],
)
def test_a_law_checks_itself(changes, message):
    with pytest.raises(InputError, match=message):
        law(**changes)


def test_a_negative_variance_is_no_error_bar():
    broken = law(covariance=np.diag([1e-20, -1e-20, np.nan]))

    assert math.isnan(broken.stderr[1])
    assert math.isnan(broken.stderr[2])
    assert broken.recognised == (1, None, None)


@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
    errors=st.lists(st.floats(0, 1e10), min_size=3, max_size=3),
    chi2=st.floats(),
)
def test_json_keeps_every_bit(values, errors, chi2):
    before = law(coefficients=values, covariance=np.diag(errors), chi2_per_n=chi2)

    after = kept.law(json.loads(json.dumps(before.to_json(), allow_nan=False)))

    assert after == before
    np.testing.assert_array_equal(after.coefficients, before.coefficients)
    np.testing.assert_array_equal(after.covariance, before.covariance)
    assert after.expr == before.expr
    assert after.features == before.features
    assert after.domain == before.domain
    assert after.candidates == before.candidates


def test_laws_that_differ_are_not_equal():
    assert law() == law()
    assert law() != law(seed=4)
    assert law() != law(coefficients=[1, 0.4655154550, 1])
    assert law() != "central_force"


def test_json_reads_back_without_terms():
    empty = law(terms=(), coefficients=[], covariance=np.zeros((0, 0)))

    assert kept.law(empty.to_json()) == empty


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("terms", None, "damaged"),
        ("terms", [{"term": "1/r", "part": "potential"}], "lacks 'coefficient'"),
        ("covariance", [[1.0]], "damaged"),
        ("verdict", "maybe", "no verdict"),
        ("domain", [1, 2], "damaged"),
        ("seed", "x", "damaged"),
        ("candidates", {"potential": ["__import__('os').system('true')"]}, "damaged"),
        ("features", {"r": "open('x')"}, "damaged"),
    ],
)
def test_damaged_laws_are_refused(key, value, message):
    contents = law().to_json()
    contents[key] = value

    with pytest.raises(InputError, match=message):
        kept.law(contents)


@pytest.mark.parametrize("key", sorted(law().to_json()))
def test_a_law_needs_everything(key):
    contents = law().to_json()
    del contents[key]

    with pytest.raises(InputError, match=f"lacks '{key}'"):
        kept.law(contents)


def test_finite():
    assert [finite(value) for value in (1.5, math.nan, math.inf, -math.inf)] == [
        1.5,
        None,
        None,
        None,
    ]
