"""1/12 is the exact flow's, 1/4 is Verlet's, and nothing is claimed where nothing can be read."""

from __future__ import annotations

import math

import numpy as np
import pytest

import systems
from systems.samples.trajectories import Trajectories, Trajectory
from training.prepare.fingerprint import EXACT, VERLET, fingerprint, is_verlet

WELL = systems.get("double_well")
STARTS = ([[-0.3], [0.5], [-0.5]], [[0.0], [0.3], [0.9]])


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("oscillator", None),
        ("double_well", "T1"),
        ("double_well", "T3"),
        ("central_force", None),
        ("coulomb", "exact"),
    ],
)
def test_the_exact_flow(sample, name, dataset):
    data = sample(name, dataset)
    assert fingerprint(data) == pytest.approx(EXACT, rel=1e-2)
    assert not is_verlet(data)


@pytest.mark.parametrize("seed", [0, 1])
def test_verlet_in_six_dimensions_of_unlike_mass(sample, seed):
    data = sample("coulomb", "verlet", seed)
    assert fingerprint(data) == pytest.approx(VERLET, rel=1e-3)
    assert is_verlet(data)


@pytest.mark.parametrize("h", [0.001, 0.01, 0.05])
def test_the_step_does_not_matter_while_it_is_small(h):
    steps = round(2 / h)
    verlet = WELL.motion().verlet(*STARTS, h, steps)
    exact = WELL.motion().flow(*STARTS, h * np.arange(steps + 1))

    assert fingerprint(verlet) == pytest.approx(VERLET, rel=0.02)
    assert fingerprint(exact) == pytest.approx(EXACT, rel=0.02)
    assert is_verlet(verlet)
    assert not is_verlet(exact)


def test_three_samples_are_too_few_to_tell():
    t = np.array([0.0, 0.1, 0.2])
    data = Trajectories(("q",), (1,), (Trajectory(t, np.sin(t)[:, None], np.cos(t)[:, None]),))
    assert math.isnan(fingerprint(data))
    assert not is_verlet(data)


def test_a_short_trajectory_beside_a_long_one_is_left_out():
    long = WELL.motion().verlet(*STARTS, 0.01, 100)
    t = np.array([0.0, 0.01, 0.02])
    short = Trajectory(t, t[:, None] ** 2, 7 * t[:, None])
    both = Trajectories(("q",), (1,), (short, *long.items))
    assert fingerprint(both) == fingerprint(long)


def test_an_uneven_clock_is_not_taken_for_verlets():
    """Velocity Verlet in steps that change by 1e-5 has the fingerprint, but its second differences
    are off by the velocity times 1e-5/h."""
    force = WELL.motion().acceleration()
    t, q, v = [0.0], np.array([[-0.3]]), np.array([[0.0]])
    path = [(q, v)]
    for h in np.random.default_rng(0).uniform(0.0099999, 0.0100001, 300):
        pushed = q + h * v + h**2 / 2 * force(q)
        v = v + h / 2 * (force(q) + force(pushed))
        q = pushed
        t.append(t[-1] + h)
        path.append((q, v))
    qs, ps = (np.concatenate(part) for part in zip(*path, strict=True))
    data = Trajectories(("q",), (1,), (Trajectory(np.array(t), qs, ps),))

    assert fingerprint(data) == pytest.approx(VERLET, rel=0.05)
    assert not is_verlet(data)


@pytest.mark.parametrize("fraction", [0.001, 0.05])
def test_noise_is_not_taken_for_verlet(sample, fraction):
    assert not is_verlet(sample("double_well", "T1").with_noise(fraction, seed=0))
