"""Local polynomials: exact where they must be, of the order they claim, on any grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.prepare.stencils import contrasts, derivative

seeds = st.integers(0, 2**32 - 1)


def grid(seed, count, roughness=0.8):
    """Times whose steps differ by up to a factor of nine."""
    steps = 1 + roughness * np.random.default_rng(seed).uniform(-1, 1, count - 1)
    return np.concatenate([[0.0], np.cumsum(steps)]) / count


def polynomial(seed, degree):
    return np.polynomial.Polynomial(np.random.default_rng(seed).uniform(-1, 1, degree + 1))


@given(seeds, st.integers(8, 30), st.integers(0, 6))
def test_the_derivative_of_a_polynomial_is_exact_at_every_sample(seed, count, degree):
    """Seven points hold a sextic; the ends are no worse than the middle."""
    t = grid(seed, count)
    y = polynomial(seed + 1, degree)

    slope = derivative(t, y(t)[:, None], np.arange(count))

    np.testing.assert_allclose(slope[:, 0], y.deriv()(t), atol=1e-8)


def test_the_derivative_of_a_degree_too_high_is_not_exact():
    t = grid(0, 12)
    slope = derivative(t, (t**7)[:, None], np.array([6]))
    assert abs(slope[0, 0] - 7 * t[6] ** 6) > 1e-8


@pytest.mark.parametrize("width", [3, 5, 7])
def test_the_error_of_the_derivative_falls_as_its_order_says(width):
    """Order h^(width - 1): twice as fine, 2^(width - 1) times as good."""
    errors = []
    for count in (20, 40):
        t = np.linspace(0, 2, count + 1)
        slope = derivative(t, np.sin(3 * t)[:, None], np.array([count // 2]), width)
        errors.append(abs(slope[0, 0] - 3 * np.cos(3.0)))

    assert np.log2(errors[0] / errors[1]) == pytest.approx(width - 1, abs=0.15)


def test_channels_and_fewer_samples_than_the_width():
    t = np.array([0.0, 0.5, 2.0])
    y = np.stack([t**2, 3 - t], axis=1)

    slope = derivative(t, y, np.arange(3))

    np.testing.assert_allclose(slope, np.stack([2 * t, -np.ones(3)], axis=1), atol=1e-12)


@given(seeds, st.integers(8, 40), st.integers(1, 6), st.data())
def test_contrasts_cancel_every_polynomial_below_their_order(seed, count, order, data):
    degree = data.draw(st.integers(0, order - 1))
    t = grid(seed, count)

    left = contrasts(t, polynomial(seed + 1, degree)(t)[:, None], order)

    assert left.shape == (count - order, 1)
    assert np.abs(left).max() < 1e-11


@given(seeds, st.integers(1, 6))
def test_contrasts_do_see_the_degree_of_their_order(seed, order):
    """Or zeros would pass for contrasts."""
    t = grid(seed, 20)
    left = contrasts(t, (t**order)[:, None], order)
    assert np.abs(left).min() > 1e-12
    assert len(np.unique(np.sign(left))) == 1


@given(seeds, st.integers(1, 6))
def test_contrasts_have_unit_length(seed, order):
    """The rows are orthonormal to the noise: read off one unit vector after another."""
    t = grid(seed, 15)

    weights = contrasts(t, np.eye(15), order)

    np.testing.assert_allclose(np.linalg.norm(weights, axis=1), 1.0, rtol=1e-12)
    outside = np.abs(np.subtract.outer(np.arange(15 - order), np.arange(15)) + order / 2)
    assert (weights[outside > order / 2] == 0).all()


def test_contrasts_do_not_care_for_the_unit_of_time():
    t = grid(3, 20)
    y = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_allclose(contrasts(1e6 * t, y), contrasts(1e-6 * t, y), rtol=1e-6)
