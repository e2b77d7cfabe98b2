"""compare_lagrangians() knows the same Lagrangian in any disguise, and no other."""

from __future__ import annotations

import json
import math

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Rational

from interpret.discovery.lagrangian.equivalence import compare_lagrangians
from systems import InputError, equations
from systems.expressions import parse
from tests.builders import dear

NAMES = ("q0", "q1")
q0, q1, q0d, q1d = sympy.symbols("q0 q1 q0d q1d")
CHARGES = parse("(q0d**2 + q1d**2)/2 - 2*(q0**2 + q1**2) - 1/sqrt((q0 - q1)**2)")
MAGNETIC = parse("(1 + q0**2)*q0d**2/2 + q1d**2/2 + q0*q1*q0d - q0**2 - q1**2/2 - 1/abs(q0 - q1)")
CENTRE = parse("(q0d + q1d)**2/4 - (q0 + q1)**2")
RELATIVE = parse("(q0d - q1d)**2/4 - (q0 - q1)**2 - 1/abs(q0 - q1)")


def total_derivative(function, names=NAMES):
    slopes = equations.gradient(function, names)
    return sum(s * equations.velocity(name) for s, name in zip(slopes, names, strict=True))


def compare(a, b, **options):
    return compare_lagrangians(a, b, NAMES, **options)


# The same


@pytest.mark.parametrize(
    "written",
    [
        "(q0d**2 + q1d**2)/2 - 2*((q0 - q1)**2 + 2*q0*q1) - 1/abs(q0 - q1)",
        "(q0d + q1d)**2/2 - q0d*q1d - 2*(q0**2 + q1**2) - 1/sqrt(q0**2 + q1**2 - 2*q0*q1)",
    ],
)
def test_however_it_is_written_it_is_identical(written):
    found = compare(parse(written), CHARGES)

    assert found.verdict == "IDENTICAL"
    assert found.same
    assert (found.scale, found.difference) == (1, 0)


monomials = st.builds(
    lambda c, i, j: Rational(c, 3) * q0**i * q1**j,
    st.integers(-5, 5).filter(bool),
    st.integers(0, 3),
    st.integers(0, 3),
).filter(lambda term: not term.is_number)
polynomials = st.lists(monomials, min_size=1, max_size=3).map(lambda terms: sympy.Add(*terms))
scales = st.builds(Rational, st.integers(-7, 7).filter(bool), st.integers(1, 5))
lagrangians = st.sampled_from([CHARGES, MAGNETIC])


@pytest.mark.slow
@dear
@given(lagrangians, polynomials, scales, st.integers(-3, 3))
def test_scale_total_derivative_and_constant_are_equivalent(lagrangian, function, scale, constant):
    found = compare(scale * lagrangian + total_derivative(function) + constant, lagrangian)

    if found.verdict != "IDENTICAL":
        assert found.verdict == "EQUIVALENT"
        assert found.scale == scale
        assert sympy.expand(found.gauge - function).is_number
    else:
        assert scale == 1
        assert constant == 0
        assert sympy.expand(function).is_number


@dear
@given(lagrangians, polynomials, polynomials, scales)
def test_anything_else_added_is_not_equivalent(lagrangian, function, potential, scale):
    """A potential on top of scale and gauge changes the motion."""
    potential = sympy.expand(potential)
    hidden = scale * lagrangian + total_derivative(function) + potential / 1000

    found = compare(hidden, lagrangian)

    if potential.is_number:
        assert found.same
    else:
        assert found.verdict == "DIFFERENT"
        assert found.difference > 0


@dear
@given(lagrangians, polynomials)
def test_a_term_linear_in_the_velocities_that_is_no_gradient_is_a_magnetic_field(
    lagrangian, function
):
    field = q1 * sympy.diff(function, q0) * q0d
    is_gradient = sympy.expand(sympy.diff(q1 * sympy.diff(function, q0), q1)) == 0

    assert compare(lagrangian + field, lagrangian).same == is_gradient


def test_a_constant_on_each_side_is_gauge():
    step = 3 * sympy.sign(q0 - q1) + 7

    found = compare(CHARGES + step, CHARGES)

    assert found.verdict == "EQUIVALENT"
    assert (found.scale, found.gauge) == (1, 0)
    assert "a constant on each connected piece of space" in found.reason
    # A step that is not constant on each side is a force.
    assert compare(CHARGES + q0 * step, CHARGES).verdict == "DIFFERENT"


def test_a_derivative_of_other_functions_is_gauge():
    function = sympy.log(1 + q0**2) + sympy.sin(q0 * q1)

    found = compare(CHARGES + total_derivative(function), CHARGES)

    assert found.verdict == "EQUIVALENT"
    assert found.gauge == function


@pytest.mark.slow
def test_a_derivative_without_a_closed_integral_is_gauge_all_the_same():
    found = compare(CHARGES + total_derivative(sympy.log(sympy.Abs(q0 - q1))), CHARGES)

    assert (found.verdict, found.gauge) == ("EQUIVALENT", None)
    assert found.reason == "the first is the second, plus a total time derivative."


def test_a_scale_may_hold_constants():
    m, k = sympy.symbols("m k")
    first = m * q0d**2 / 2 - k * q0**2 / 2
    second = q0d**2 / 2 - k * q0**2 / (2 * m)

    found = compare_lagrangians(first, second, ["q0"])

    assert found.verdict == "EQUIVALENT"
    assert found.scale == m
    assert compare_lagrangians(first, second - k * q0, ["q0"]).verdict == "DIFFERENT"


def test_a_negative_scale_moves_the_same():
    found = compare(-CHARGES, CHARGES)
    assert (found.verdict, found.scale) == ("EQUIVALENT", -1)


# The same motion


@pytest.mark.parametrize("share", ["2", "-1/3", "pi"])
def test_mixtures_of_centre_and_relative_motion_only_move_the_same(share):
    assert (
        sympy.simplify(
            CENTRE + RELATIVE - CHARGES.subs(sympy.sqrt((q0 - q1) ** 2), sympy.Abs(q0 - q1))
        )
        == 0
    )

    found = compare(CENTRE + parse(share) * RELATIVE, CHARGES)

    assert found.verdict == "SAME MOTION"
    assert not found.same
    assert found.scale is None
    assert found.difference < 1e-30


def test_a_nonlinear_lagrangian_of_an_oscillator_moves_the_same():
    """L = q̇⁴/12 + k q²q̇²/2 - k²q⁴/4 has the motion of an oscillator: its M is q̇² + k q²."""
    k = 4
    quartic = q0d**4 / 12 + k * q0**2 * q0d**2 / 2 - Rational(k**2, 4) * q0**4
    oscillator = q0d**2 / 2 - k * q0**2 / 2

    assert compare_lagrangians(quartic, oscillator, ["q0"]).verdict == "SAME MOTION"
    off = quartic + q0**4 / 1000
    assert compare_lagrangians(off, oscillator, ["q0"]).verdict == "DIFFERENT"


# Different


def test_the_largest_difference_is_told():
    found = compare(CHARGES, CHARGES - (q0**2 + q1**2) * Rational(1, 50))

    assert found.verdict == "DIFFERENT"
    assert 0 < found.difference < 0.011  # 4 and 4.04: by 1 %, less where the charges repel
    assert str(found).startswith("DIFFERENT: the accelerations differ by up to ")
    assert "%" in found.reason


def test_an_exact_difference_is_found_however_small():
    tiny = Rational(1, 10**20) * q0**4

    assert compare(CHARGES + tiny, CHARGES).verdict == "DIFFERENT"
    # With decimals it is rounding.
    assert compare(1.0 * CHARGES + tiny, CHARGES).same


def test_decimals_are_compared_within_the_tolerance():
    close = parse("0.5*q0d**2 + 0.5000000001*q1d**2 - 2.0*(q0**2 + q1**2) - 1/abs(q0 - q1)")
    off = parse("0.5*q0d**2 + 0.5001*q1d**2 - 2.0*(q0**2 + q1**2) - 1/abs(q0 - q1)")

    assert compare(close, CHARGES).verdict == "IDENTICAL"
    assert compare(off, CHARGES).verdict == "DIFFERENT"
    assert compare(off, CHARGES, tolerance=1e-3).verdict == "IDENTICAL"
    scaled = compare(sympy.expand(3 * close), CHARGES)
    assert (scaled.verdict, scaled.scale) == ("EQUIVALENT", 3)


def test_what_moves_nothing_is_told():
    derivative = total_derivative(q0**2 * q1)

    assert compare(derivative, 2 * derivative + 3).same
    found = compare(derivative, CHARGES)
    assert found.verdict == "DIFFERENT"
    assert "the first is a total time derivative" in found.reason
    assert "the second is" in compare(CHARGES, derivative).reason


def test_a_lagrangian_without_a_mass_determines_no_motion():
    found = compare((q0d + q1d) ** 2 - q0 * q1, CHARGES)

    assert found.verdict == "DIFFERENT"
    assert "no inverse" in found.reason
    assert math.isnan(found.difference)
    assert found.to_json()["difference"] is None


def test_points_outside_the_domain_are_passed_over():
    relativistic = parse("-sqrt(1 - xd**2) + log(x - 1/10)")

    found = compare_lagrangians(2 * relativistic + 1, relativistic, ["x"])

    assert (found.verdict, found.scale) == ("EQUIVALENT", 2)


def test_the_comparison_becomes_json():
    found = compare(3 * CHARGES + total_derivative(q0 * q1), CHARGES)

    contents = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert contents == {
        "verdict": "EQUIVALENT",
        "reason": "the first is 3 times the second, plus d/dt (q0*q1) and constants.",
        "scale": "3",
        "gauge": "q0*q1",
        "difference": 0.0,
    }


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("q0d**2 + q0dd", "q0d**2", "holds the acceleration q0dd"),
        ("q0**2", "q1", "neither Lagrangian depends on a velocity; .* q0d"),
        ("q0d**2 + sqrt(-1 - q0**2)", "q0d**2", "no real, finite values"),
    ],
)
def test_unusable_input_is_explained(first, second, message):
    with pytest.raises(InputError, match=message):
        compare(parse(first), parse(second))
