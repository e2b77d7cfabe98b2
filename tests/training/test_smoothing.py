"""The kinematic smoother: less noise, no more knots than the motion needs, q' = p/m throughout."""

from __future__ import annotations

import numpy as np
import pytest

from systems.samples.trajectories import Trajectories, Trajectory
from training.prepare.noise import Noise, estimate
from training.prepare.smoothing import smooth
from training.prepare.stencils import derivative

OMEGA = 2.0
MASS = 3.0


def swing(t, phase=0.0):
    """m q'' = -m omega^2 q: coordinate, momentum and force."""
    q = np.sin(OMEGA * t + phase)[:, None]
    p = MASS * OMEGA * np.cos(OMEGA * t + phase)[:, None]
    return q, p, -MASS * OMEGA**2 * q


def swings(t, phases=(0.0,)):
    items = tuple(Trajectory(t, *swing(t, phase)[:2]) for phase in phases)
    return Trajectories(("q",), (MASS,), items)


def rms(values):
    return float(np.sqrt((values**2).mean()))


def jittered(count, end):
    steps = np.random.default_rng(2).uniform(0.5, 1.5, count)
    return end * np.cumsum(steps) / steps.sum()


@pytest.mark.parametrize("t", [np.linspace(0, 6, 2000), jittered(2000, 6.0)])
@pytest.mark.parametrize("fraction", [0.01, 0.05])
def test_noise_falls_tenfold_and_the_force_appears(t, fraction):
    """Some fifteen splines for 2 x 2000 readings: the error falls by sqrt(4000/15), about 16."""
    clean = swings(t)
    noisy = clean.with_noise(fraction, seed=1)
    std_q, std_p = clean.channel_std()

    (smoothed,) = smooth(noisy, estimate(noisy))

    q, p, force = swing(t)
    assert rms(smoothed.trajectory.q - q) < 0.1 * fraction * std_q[0]
    assert rms(smoothed.trajectory.p - p) < 0.15 * fraction * std_p[0]
    assert rms(smoothed.force - force) < fraction * rms(force)


def test_no_more_knots_than_the_motion_needs():
    """A cubic needs ten splines (three intervals). With them the error is sigma sqrt(10/N) or so;
    a spline of hundreds of knots would follow the noise."""
    t = np.linspace(0, 1, 4000)
    data = Trajectories(("q",), (1.0,), (Trajectory(t, (t**3)[:, None], 3 * (t**2)[:, None]),))
    sigma = 0.01
    rng = np.random.default_rng(4)
    noisy = Trajectory(
        t,
        data[0].q + sigma * rng.standard_normal((4000, 1)),
        data[0].p + sigma * rng.standard_normal((4000, 1)),
    )

    (smoothed,) = smooth(
        Trajectories(("q",), (1.0,), (noisy,)), Noise(np.array([sigma]), np.array([sigma]), 0.03)
    )

    few = sigma * np.sqrt(2 * 12 / 4000)
    assert rms(smoothed.trajectory.q - data[0].q) < few
    assert rms(smoothed.trajectory.p - data[0].p) < few


def test_enough_knots_for_many_periods():
    """Twenty swings: a spline too stiff to follow would smooth the motion away."""
    t = np.linspace(0, 60, 6000)
    noisy = swings(t).with_noise(0.01, seed=0)
    (smoothed,) = smooth(noisy, estimate(noisy))
    assert rms(smoothed.trajectory.q - swing(t)[0]) < 0.25 * 0.01 * 0.71


def test_the_velocity_is_the_derivative_of_the_coordinate():
    """One spline for both: q' = p/m and p' = force to rounding, whatever the noise."""
    t = np.linspace(0, 6, 1500)
    noisy = swings(t).with_noise(0.05, seed=1)

    (smoothed,) = smooth(noisy, estimate(noisy))

    inner = np.arange(10, 1490)
    path = smoothed.trajectory
    slope = derivative(path.t, path.q, inner)
    np.testing.assert_allclose(MASS * slope, path.p[inner], atol=1e-6)
    push = derivative(path.t, path.p, inner)
    np.testing.assert_allclose(push, smoothed.force[inner], atol=1e-4)


def test_a_good_channel_helps_a_bad_one():
    """Momenta five hundred times better than coordinates: q is their integral, up to a constant."""
    t = np.linspace(0, 6, 1500)
    q, p, _ = swing(t)
    rng = np.random.default_rng(3)
    bad = q + 0.5 * rng.standard_normal(q.shape)
    good = p + 0.001 * rng.standard_normal(p.shape)
    data = Trajectories(("q",), (MASS,), (Trajectory(t, bad, good),))

    (smoothed,) = smooth(data, Noise(np.array([0.5]), np.array([0.001]), 0.7))

    error = smoothed.trajectory.q - q
    assert rms(error - error.mean()) < 2e-3
    assert abs(error.mean()) < 4 * 0.5 / np.sqrt(1500)


def test_trajectories_are_smoothed_one_by_one():
    t = np.linspace(0, 6, 800)
    noisy = swings(t, phases=(0.0, 1.0)).with_noise(0.02, seed=0)
    noise = estimate(noisy)
    both = smooth(noisy, noise)
    swapped = smooth(Trajectories(("q",), (MASS,), noisy.items[::-1]), noise)
    np.testing.assert_allclose(both[0].trajectory.q, swapped[1].trajectory.q, atol=1e-14)


def test_a_short_trajectory_beside_a_long_noisy_one():
    """Four samples cannot hold ten splines; they must not bring the others down either."""
    long = swings(np.linspace(0, 6, 800)).with_noise(0.02, seed=0)
    short = swings(np.linspace(0, 0.3, 4)).with_noise(0.02, seed=1)
    both = Trajectories(("q",), (MASS,), (*long.items, *short.items))

    smoothed = smooth(both, estimate(both))

    assert np.isfinite(smoothed[1].force).all()
    assert len(smoothed[1].trajectory) == 4


def test_a_gap_in_the_clock():
    """A sensor that was off for a while leaves splines with nothing under them."""
    t = np.concatenate([np.linspace(0, 1, 300), np.linspace(9, 10, 300)])
    noisy = swings(t).with_noise(0.02, seed=0)

    (smoothed,) = smooth(noisy, estimate(noisy))

    assert rms(smoothed.trajectory.q - swing(t)[0]) < 0.02
