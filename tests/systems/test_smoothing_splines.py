"""Smoothing splines: the curve, its slope, the noise and the freedom, against what is known."""

from __future__ import annotations

import numpy as np
import pytest

from systems.samples.smooth_sets import smooth_all, smooth_all_jointly
from systems.samples.smoothing import (
    STIFFNESSES,
    _of_stiffness,
    smooth,
    smooth_jointly,
)
from systems.samples.splines import Spline
from systems.samples.trajectories import Trajectories


def uneven(count, end, seed=0):
    steps = np.random.default_rng(seed).uniform(0.5, 1.5, count - 1)
    return end * np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])


def swing(t):
    """Two tones, so that one frequency cannot do: q and dq/dt."""
    return np.sin(t) + 0.2 * np.sin(3 * t), np.cos(t) + 0.6 * np.cos(3 * t)


def correlated(rng, count, rho):
    """A stationary sequence of unit variance whose neighbours have the correlation ρ."""
    white = rng.standard_normal(count)
    found = white.copy()
    for i in range(1, count):
        found[i] = rho * found[i - 1] + np.sqrt(1 - rho**2) * white[i]
    return found


def rms(values):
    return float(np.sqrt(np.mean(values**2)))


@pytest.mark.parametrize("t", [np.linspace(0, 25, 500), uneven(500, 25.0)], ids=["even", "uneven"])
@pytest.mark.parametrize("sigma", [0.01, 0.05])
def test_the_noise_is_read_to_a_tenth_and_the_motion_is_better_known_than_it(t, sigma):
    rng = np.random.default_rng(1)
    q, v = swing(t)
    readings = q[:, None] + sigma * rng.standard_normal((500, 6))

    found = smooth(t, readings)

    assert found.noise == pytest.approx(sigma, rel=0.15)
    assert np.all(found.edf > 20), "two tones in four periods"
    assert np.all(found.edf < 100)
    assert rms(found.q - q[:, None]) < 0.5 * sigma
    assert rms(found.v - v[:, None]) < 0.12 * rms(v)


def test_velocities_help_and_each_counts_by_its_noise():
    """v ten times better than dq/dt from q alone: the joint curve's slope is as good."""
    t = np.linspace(0, 25, 300)
    q, v = swing(t)
    rng = np.random.default_rng(2)
    readings = q + 0.05 * rng.standard_normal(300)
    rates = v + 0.01 * rng.standard_normal(300)

    alone = smooth(t, readings[:, None])
    (joint,) = smooth_all_jointly([t], [readings[:, None]], [rates[:, None]])

    assert rms(joint.v[:, 0] - v) < 0.01
    assert rms(joint.v[:, 0] - v) < 0.2 * rms(alone.v[:, 0] - v)
    assert rms(joint.q[:, 0] - q) < rms(alone.q[:, 0] - q)
    assert joint.noise == pytest.approx(0.05, rel=0.15)
    assert joint.noise_v == pytest.approx(0.01, rel=0.15)


def test_correlated_errors_are_not_followed():
    """Sixth differences of errors with ρ = 0.9 see a third of them; so would plain GCV."""
    t = np.linspace(0, 25, 1000)
    q, v = swing(t)
    found = [
        smooth(t, (q + 0.05 * correlated(np.random.default_rng(seed), 1000, 0.9))[:, None])
        for seed in range(4)
    ]

    assert np.median([curve.noise for curve in found]) > 0.6 * 0.05
    assert np.median([curve.lag_one for curve in found]) > 0.6
    assert np.median([rms(curve.v[:, 0] - v) for curve in found]) < 0.2 * rms(v)


def test_the_degrees_of_freedom_are_the_trace_of_the_hat_matrix():
    """Smoothing the unit vectors gives the hat matrix, whose trace they are by definition."""
    t = uneven(40, 3.0)
    spline = Spline(t, np.interp(np.linspace(0, 39, 9), np.arange(40), t), 5)
    curves = list(_of_stiffness(spline, [np.eye(40)], 0.0, STIFFNESSES))
    # The derivative of log det is a spline's through the grid: its ends are the least certain.
    for curve in curves[2:-2]:
        assert curve.smooth.edf[0] == pytest.approx(np.trace(curve.smooth.q), rel=1e-3)
    assert np.trace(curves[-1].smooth.q) < 0.5 * np.trace(curves[0].smooth.q)


def banded(lower):
    """The symmetric matrix with these lower diagonals."""
    size = lower.shape[1]
    full = sum(np.diag(lower[k, : size - k], -k) for k in range(len(lower)))
    return full + np.tril(full, -1).T


def test_the_roughness_is_the_integral_of_the_third_derivative_squared():
    t = np.linspace(0, 2, 30)
    spline = Spline(t, np.linspace(0, 2, 6), 5)
    # t⁴ has the third derivative 24 t: ∫ (24 t)² dt over [0, 2] is 1536.
    c = np.linalg.lstsq(spline.value.toarray(), t**4, rcond=None)[0]
    assert c @ banded(spline.roughness) @ c == pytest.approx(1536, rel=1e-8)


def test_exact_columns_are_interpolated_to_their_ends():
    t = np.linspace(0, 12, 400)
    q, v = swing(t)
    found = smooth(t, np.stack([q, np.full(400, 3.0)], axis=1))
    np.testing.assert_allclose(found.v[:, 0], v, atol=1e-4)
    np.testing.assert_allclose(found.q[:, 1], 3.0)
    np.testing.assert_allclose(found.v[:, 1], 0.0, atol=1e-9)


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 9, 12])
def test_few_points_give_a_parabola_back(count):
    t = uneven(count, 1.0)
    found = smooth(t, (1 + 2 * t - 3 * t**2)[:, None])
    np.testing.assert_allclose(found.v[:, 0], 2 - 6 * t, atol=1e-6)


def test_units_change_nothing_but_units():
    t = np.linspace(0, 25, 200)
    q, v = swing(t)
    rng = np.random.default_rng(3)
    q, v = (a + 0.02 * rng.standard_normal(200) for a in (q, v))
    one = smooth_jointly(t, q[:, None], v[:, None], 0.7)
    other = smooth_jointly(
        t * 86400, q[:, None] * 1.5e11 + 1e12, v[:, None] * 1.5e11 / 86400, 0.7 * 86400
    )
    np.testing.assert_allclose((other.q - 1e12) / 1.5e11, one.q, atol=1e-6)
    np.testing.assert_allclose(other.edf, one.edf, rtol=1e-3)


def test_trajectories_of_one_clock_are_smoothed_as_if_alone():
    t = np.linspace(0, 10, 120)
    rng = np.random.default_rng(4)
    columns = [
        np.stack(swing(t + k), axis=1) + 0.02 * rng.standard_normal((120, 2)) for k in (0, 1)
    ]
    both = smooth_all([t, t], columns)
    for curve, column in zip(both, columns, strict=True):
        np.testing.assert_allclose(curve.v, smooth(t, column).v, atol=1e-9)


def test_momenta_of_positions_alone():
    t = np.linspace(0, 25, 400)
    q, v = swing(t)
    data = Trajectories.from_positions(["x"], [2.0], [(t, q[:, None])])

    assert data.derived
    np.testing.assert_allclose(data[0].p[:, 0], 2 * v, atol=1e-3)
    given = Trajectories.from_velocities(["x"], [2.0], [(t, q[:, None], data[0].p / 2)])
    assert not given.derived
    assert data.digest() != given.digest()

    noisy = data.with_noise(0.05, seed=0)
    assert noisy.derived
    assert 0.02 < rms(noisy[0].q - data[0].q) < 0.06
    # Momenta with noise of their own would be off by 5 % at every sample; derived ones are smooth.
    assert 0 < rms(np.diff(noisy[0].p[:, 0], 3)) < 0.3 * 0.05 * rms(2 * v)
