"""Scaling, Chebyshev polynomials and candidates: known values, true derivatives."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

from interpret.select.library import Library
from systems.expressions import symbol
from training.bases.candidates import Candidates
from training.bases.chebyshev import Chebyshev
from training.bases.scaling import Scaling
from training.solve.linear import solve

seeds = st.integers(0, 2**32 - 1)
q, r, s = (symbol(name) for name in "qrs")


def box(seed, features, count=30):
    x = torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (count, features)))
    return x * torch.tensor([2.0, 0.1, 30.0])[:features] + 1.0


# Scaling


@given(seeds, st.integers(1, 3))
def test_the_data_fill_the_box_and_keep_their_order(seed, features):
    x = box(seed, features)
    z = Scaling.of(x)(x)
    torch.testing.assert_close(z.min(dim=0).values, -torch.ones(features, dtype=torch.float64))
    torch.testing.assert_close(z.max(dim=0).values, torch.ones(features, dtype=torch.float64))
    assert torch.equal(z.argsort(dim=0), x.argsort(dim=0))


def test_the_slope_of_the_scaling_is_its_derivative():
    """One feature affine, one logarithmic."""
    x = torch.tensor([[-1.0, 0.1], [0.5, 3.0], [2.0, 50.0]], dtype=torch.float64)
    scaling = Scaling.of(x)
    h = 1e-6 * x.abs()
    slope = (scaling(x + h) - scaling(x - h)) / (2 * h)

    assert scaling.logarithmic.tolist() == [False, True]
    torch.testing.assert_close(scaling.slope(x), slope, rtol=1e-8, atol=0)


@pytest.mark.parametrize(
    ("low", "high", "logarithmic"),
    [(1.0, 9.9, False), (1.0, 10.1, True), (-0.1, 100.0, False), (0.0, 100.0, False)],
)
def test_only_a_positive_feature_over_a_decade_is_taken_as_its_logarithm(low, high, logarithmic):
    x = torch.tensor([[low], [(low + high) / 2], [high]], dtype=torch.float64)
    scaling = Scaling.of(x)
    assert bool(scaling.logarithmic[0]) is logarithmic
    if logarithmic:
        middle = torch.tensor([[math.sqrt(low * high)]], dtype=torch.float64)
        assert float(scaling(middle)) == pytest.approx(0.0, abs=1e-12)


def test_a_feature_that_does_not_move_stays_a_number():
    x = torch.full((4, 1), 3.0)
    scaling = Scaling.of(x)
    assert torch.isfinite(scaling(x)).all()
    assert torch.isfinite(scaling.slope(x)).all()


# Chebyshev


@given(seeds, st.integers(1, 3), st.integers(1, 4))
def test_chebyshev_gradients_are_autograds(seed, features, degree):
    x = box(seed, features, 12)
    basis = Chebyshev.of(x, degree)
    at = x.clone().requires_grad_(True)
    values = basis.values(at)
    gradients = basis.gradients(x)

    assert basis.size == math.comb(features + degree, features) - 1
    assert gradients.shape == (12, features, basis.size)
    for k in range(basis.size):
        (expected,) = torch.autograd.grad(values[:, k].sum(), at, retain_graph=True)
        torch.testing.assert_close(gradients[:, :, k], expected, rtol=1e-10, atol=1e-9)


@given(st.integers(1, 12))
def test_chebyshev_values_are_cosines(degree):
    """T_m(cos a) = cos(m a)."""
    angle = torch.linspace(0, math.pi, 25, dtype=torch.float64)
    x = torch.cos(angle)[:, None]
    expected = torch.stack([torch.cos(m * angle) for m in range(1, degree + 1)], dim=1)
    torch.testing.assert_close(Chebyshev.of(x, degree).values(x), expected, rtol=0, atol=1e-12)


def test_chebyshev_holds_every_polynomial_of_its_degree():
    """In two features, mixed terms included; one degree less does not."""
    x = box(0, 2, 60)
    law = (x[:, 0] ** 2 * x[:, 1] - x[:, 1] ** 3 + x[:, 0]).unsqueeze(1)
    centred = (law - law.mean()).squeeze()
    residuals = []
    for degree in (2, 3):
        design = Chebyshev.of(x, degree).values(x)
        residuals.append(solve(design - design.mean(dim=0), centred).residual / centred.norm())
    assert residuals[0] > 1e-6
    assert residuals[1] < 1e-12


# Candidates

BLOCKS = [q, q**2, 1 / r, r**-3, 1 / (10 - r), q * r, sympy.sin(q), sympy.exp(q) / 3, sympy.pi * s]


@given(st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=4, unique=True), seeds)
def test_candidates_agree_with_the_library(blocks, seed):
    """torch here, numpy there: the same values and the same gradients."""
    names = ("q", "r", "s")
    x = torch.from_numpy(np.random.default_rng(seed).uniform(0.5, 3, (9, 3)))
    basis = Candidates(names, tuple(blocks))
    library = Library(blocks)

    np.testing.assert_allclose(
        basis.values(x).numpy(), library.evaluate(x.numpy(), names), rtol=1e-14
    )
    np.testing.assert_allclose(
        basis.gradients(x).numpy(), library.gradients(x.numpy(), names), rtol=1e-13, atol=1e-15
    )


def test_constants_have_the_precision_of_the_numbers():
    """pi/3, one third and 10**-20 come through lambdify as float64, not as float32."""
    x = torch.tensor([[1.0]], dtype=torch.float64)
    forms = (sympy.pi / 3 * q, q / 3, q * sympy.Integer(10) ** -20)
    values = Candidates(("q",), forms).values(x)[0].tolist()
    assert values == pytest.approx([math.pi / 3, 1 / 3, 1e-20], rel=1e-15)


def test_a_constant_slope_is_spread_over_all_points():
    x = torch.ones(4, 2, dtype=torch.float64)
    gradients = Candidates(("q", "r"), (q, 2 * r)).gradients(x)
    assert gradients.shape == (4, 2, 2)
    assert gradients[3].tolist() == [[1.0, 0.0], [0.0, 2.0]]


def test_keeping_some():
    basis = Candidates(("q",), (q, q**2, q**3))
    assert basis.keep((0, 2)).expressions == (q, q**3)
    assert basis.keep((0, 2)).size == 2
