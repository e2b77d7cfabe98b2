"""The noise level read off the data: right within 5 %, channel by channel, and zero for none."""

from __future__ import annotations

import numpy as np
import pytest

from systems.samples.trajectories import Trajectories, Trajectory
from training.prepare.noise import estimate

CLEAN = [("oscillator", None), ("double_well", "T1"), ("double_well", "T2"), ("double_well", "T3")]
CLEAN += [("central_force", None), ("coulomb", "verlet"), ("coulomb", "exact")]


def circles(t, mass=(1.0, 1.0)):
    """Two coordinates of unlike size, on the times t."""
    q = np.stack([3 * np.sin(t), 0.01 * np.cos(2 * t)], axis=1)
    p = np.stack([3 * np.cos(t), -0.02 * np.sin(2 * t)], axis=1)
    return Trajectories(("x", "y"), mass, (Trajectory(t, q, np.asarray(mass) * p),))


def jittered(count, end):
    steps = np.random.default_rng(9).uniform(0.6, 1.4, count)
    return end * np.cumsum(steps) / steps.sum()


@pytest.mark.parametrize(("name", "dataset"), CLEAN)
def test_clean_data_show_none(sample, name, dataset):
    assert estimate(sample(name, dataset)).relative < 1e-9


@pytest.mark.parametrize("t", [np.linspace(0, 20, 10_000), jittered(10_000, 20.0)])
@pytest.mark.parametrize("fraction", [1e-4, 0.01, 0.05])
def test_white_noise_is_measured_within_5_percent(t, fraction):
    """Even and uneven clocks; a channel a hundred times smaller has its own, smaller noise."""
    data = circles(t, mass=(2.0, 0.5))
    std_q, std_p = data.channel_std()

    found = estimate(data.with_noise(fraction, seed=3))

    np.testing.assert_allclose(found.q, fraction * std_q, rtol=0.05)
    np.testing.assert_allclose(found.p, fraction * std_p, rtol=0.05)
    assert found.relative == pytest.approx(fraction, rel=0.06)
    assert not found.negligible


def test_noise_of_one_channel_is_not_blamed_on_another():
    data = circles(np.linspace(0, 20, 5000))
    noise = 0.01 * np.random.default_rng(1).standard_normal(5000)
    item = data[0]
    q = item.q + np.stack([np.zeros(5000), noise], axis=1)

    found = estimate(Trajectories(("x", "y"), (1, 1), (Trajectory(item.t, q, item.p),)))

    assert found.q[1] == pytest.approx(0.01, rel=0.05)
    assert max(found.q[0], *found.p) < 1e-9


def test_outliers_do_not_count():
    """A median: one reading in a hundred gone astray leaves the level where it is."""
    data = circles(np.linspace(0, 20, 10_000)).with_noise(0.01, seed=0)
    item = data[0]
    q = item.q.copy()
    q[::100] += 5.0

    found = estimate(Trajectories(("x", "y"), (1, 1), (Trajectory(item.t, q, item.p),)))

    assert found.q[0] == pytest.approx(estimate(data).q[0], rel=0.25)


def test_short_trajectories_are_left_out():
    short = circles(np.linspace(0, 1, 7)).with_noise(0.1, seed=0)
    long = circles(np.linspace(0, 20, 5000)).with_noise(0.01, seed=0)
    both = Trajectories(("x", "y"), (1, 1), (*short.items, *long.items))

    assert estimate(short).relative == 0
    np.testing.assert_array_equal(estimate(both).q, estimate(long).q)


def test_coarse_sampling_is_an_upper_bound():
    """Two radians a step look like noise; that is the caller's to find out, never the reverse."""
    coarse = circles(np.linspace(0, 200, 101))
    assert not estimate(coarse).negligible
    level = 0.01 * coarse.channel_std()[0]
    assert (estimate(coarse.with_noise(0.01, seed=0)).q > 0.9 * level).all()
