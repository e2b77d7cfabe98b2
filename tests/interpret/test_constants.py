"""Closed forms: every vetted one is found within its error bar, and chance finds none."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from interpret.laws.constants import (
    CHANCE,
    DECADES,
    GENERATORS,
    MAX_HEIGHT,
    WINDOW,
    _forms,
    recognise,
)

ERRORS = [1e-10, 1e-8, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]


@pytest.mark.parametrize(
    ("value", "stderr", "form"),
    [
        (-0.0795774715, 3e-10, "-1/(4*pi)"),
        (0.498, 0.002, "1/2"),
        (2 + 1e-11, 2e-11, "2"),
        (-4.0003, 2e-4, "-4"),
        (math.pi**2 / 6, 1e-10, "pi**2/6"),
        (1 / (16 * math.pi**2), 1e-12, "1/(16*pi**2)"),
        (math.sqrt(2) / 2, 1e-9, "sqrt(2)/2"),
        (0.5, 0.0, "1/2"),
        (1 / 3, 0.0, "1/3"),
        (1e-2, 1e-12, "1/100"),
    ],
)
def test_known_constants_are_recognised(value, stderr, form):
    assert recognise(value, stderr) == sympy.sympify(form)


@pytest.mark.parametrize(
    ("value", "stderr", "why"),
    [
        (0.4655154550, 3e-10, "a drawn l^2/2 has no closed form"),
        (-0.0795774715, 1e-3, "within 1 % many forms as simple as 1/(4 pi) lie by chance"),
        (0.5, 0.02, "within 4 % even 1/2 is a guess"),
        (0.5, 0.6, "the error bar holds zero"),
        (0.5 + 5e-9, 1e-9, "five standard errors away"),
        (0.0, 1e-9, "zero is no term"),
        (0.5, math.nan, "no error bar"),
        (0.5, math.inf, "no error bar"),
        (0.5, -1.0, "no error bar"),
        (math.nan, 1e-9, "no value"),
        (math.inf, 1e-9, "no value"),
    ],
)
def test_what_the_error_bar_does_not_support_is_not_recognised(value, stderr, why):
    assert recognise(value, stderr) is None, why


def test_the_vetted_forms_are_distinct():
    values, forms = _forms()

    gaps = np.diff(values) / values[1:]
    assert len(values) == len(forms) > 1500
    # Two forms closer than this could be confused at the error bars where both are accepted.
    assert gaps.min() > 2 * WINDOW * 1e-7
    assert sorted(form.rank for form in forms) == list(range(1, len(forms) + 1))
    for form in forms:
        assert float(form.expression) == pytest.approx(form.value, rel=1e-15)


def test_simpler_forms_come_first():
    _, forms = _forms()
    ranked = [form.expression for form in sorted(forms, key=lambda form: form.rank)]

    whole, half, pi = sympy.Integer, sympy.Rational(1, 2), sympy.pi
    assert ranked[:7] == [half, whole(1), whole(2), whole(1) / 3, whole(3), pi, 1 / pi]
    assert {generator for generator, _ in GENERATORS} <= set(ranked)
    assert whole(MAX_HEIGHT) in ranked
    assert whole(MAX_HEIGHT + 1) not in ranked


def test_true_constants_are_found_at_1e_8():
    random = np.random.default_rng(0)
    _, forms = _forms()
    found = 0
    for form in forms:
        truth = form.value * random.choice([-1.0, 1.0])
        measured = truth * (1 + 1e-8 * random.standard_normal())
        closed = recognise(measured, 1e-8 * abs(measured))
        found += closed is not None and float(closed) == pytest.approx(truth, rel=1e-12)

    assert found / len(forms) >= 0.98


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("kind", ["log-uniform", "uniform", "normal"])
def test_random_reals_are_not_recognised(kind, error):
    random = np.random.default_rng(1)
    count = 5000
    reals = {
        "log-uniform": 10 ** random.uniform(-3, 3, count),
        "uniform": random.uniform(-10, 10, count),
        "normal": random.standard_normal(count),
    }[kind]

    recognised = sum(recognise(value, error * abs(value)) is not None for value in reals)

    assert recognised / count < 0.01


def test_the_chance_of_a_chance_hit_is_what_it_is_said_to_be():
    """Otherwise CHANCE could be lowered to nothing, and no real would ever be recognised."""
    random = np.random.default_rng(2)
    reals = 10 ** random.uniform(-3, 3, 20_000)

    recognised = sum(recognise(value, 1e-4 * value) is not None for value in reals)

    assert 0.3 * CHANCE < recognised / len(reals) < 2 * CHANCE
    assert DECADES == 6


@given(
    value=st.floats(1e-6, 1e6) | st.floats(-1e6, -1e-6),
    relative=st.floats(0, 1e-2, allow_subnormal=False),
)
def test_a_form_always_lies_in_its_window_and_keeps_the_sign(value, relative):
    stderr = relative * abs(value)

    form = recognise(value, stderr)

    if form is not None:
        assert abs(float(form) - value) <= WINDOW * stderr + 1e-14 * abs(value)
        assert recognise(-value, stderr) == -form
        assert recognise(float(form), 0.0) == form


@given(stderr=st.floats(1e-12, 1e-2), factor=st.floats(1e-3, 1.0))
def test_a_smaller_error_bar_never_hides_an_exact_hit(stderr, factor):
    exact = -1 / (4 * math.pi)
    if recognise(exact, stderr) is not None:
        assert recognise(exact, stderr * factor) == -1 / (4 * sympy.pi)
