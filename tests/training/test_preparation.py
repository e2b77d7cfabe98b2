"""Which rows for which data: exact, Verlet's, noisy, coarse, with friction, or none at all."""

from __future__ import annotations

import numpy as np
import pytest

import systems
from systems.errors import InputError
from systems.expressions import parse
from systems.samples.trajectories import Trajectories, Trajectory
from training.features import Features
from training.prepare.preparation import prepare
from training.settings import Settings

WELL = systems.get("double_well")
SAME = Features.identity(("q",))
STARTS = ([[-0.3], [0.5], [-0.5], [1.6]], [[0.0], [0.3], [0.9], [0.2]])


def names(prepared):
    return [family.name for family in prepared.families]


def coarse(h=0.2, jitter=0.4, seed=0):
    """The double well in steps of 0.2, give or take 40 %."""
    steps = h * (1 + jitter * np.random.default_rng(seed).uniform(-1, 1, 100))
    return WELL.motion().flow(*STARTS, np.concatenate([[0.0], np.cumsum(steps)]))


def friction(rate, noise=0.0):
    """q'' = -q - rate q', an underdamped swing."""
    t = np.linspace(0, 12, 1200)
    omega = np.sqrt(1 - rate**2 / 4)
    items = []
    for size in (1.0, 2.0):
        decay = size * np.exp(-rate * t / 2)
        q = decay * np.cos(omega * t)
        p = decay * (-rate / 2 * np.cos(omega * t) - omega * np.sin(omega * t))
        items.append(Trajectory(t, q[:, None], p[:, None]))
    return Trajectories(("q",), (1.0,), tuple(items)).with_noise(noise, seed=0)


@pytest.mark.parametrize(
    ("name", "dataset"), [("oscillator", None), ("double_well", "T1"), ("central_force", None)]
)
def test_clean_data_get_energy_and_force_rows(sample, name, dataset):
    data = sample(name, dataset)
    prepared = prepare(data, Features.identity(data.coordinates), Settings())

    assert names(prepared) == ["energy", "force"]
    assert prepared.integrator == "exact flow"
    assert not prepared.noisy
    assert prepared.drift == 0
    assert len(prepared.points.x) == pytest.approx(2000, rel=0.1)


def test_verlet_data_get_verlets_force_alone(sample):
    data = sample("coulomb", "verlet")
    features = Features.of(data.coordinates, systems.get("coulomb").motion().features)
    prepared = prepare(data, features, Settings())

    assert names(prepared) == ["force"]
    assert prepared.integrator == "Störmer–Verlet"
    assert not prepared.noisy


@pytest.mark.parametrize(
    "fraction", [0.01, *(pytest.param(f, marks=pytest.mark.slow) for f in (1e-4, 0.05))]
)
@pytest.mark.parametrize(("name", "dataset"), [("double_well", "T1"), ("oscillator", None)])
def test_noisy_data_are_smoothed_first(sample, name, dataset, fraction):
    data = sample(name, dataset).with_noise(fraction, seed=1)
    prepared = prepare(data, SAME, Settings())

    assert prepared.noisy
    assert prepared.integrator == "smoothed"
    assert names(prepared) == ["energy", "force"]
    assert prepared.trajectories is data
    clean = sample(name, dataset)
    before = np.abs(data[0].q - clean[0].q).mean()
    after = np.abs(prepared.smoothed[0].q - clean[0].q).mean()
    assert after < 0.2 * before


def test_noisy_verlet_data_are_noisy_data():
    data = WELL.motion().verlet(*STARTS, 0.005, 1000).with_noise(0.01, seed=0)
    assert prepare(data, SAME, Settings()).integrator == "smoothed"


def test_noise_far_below_the_resolution_is_none(sample):
    data = sample("double_well", "T1").with_noise(1e-9, seed=0)
    assert not prepare(data, SAME, Settings()).noisy


@pytest.mark.parametrize("seed", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in (1, 2))])
def test_coarse_is_not_noisy(seed):
    """Sixth differences see noise of half a percent; the energy rows close and say otherwise."""
    prepared = prepare(coarse(seed=seed), SAME, Settings())
    assert prepared.noise.relative > 0.005
    assert not prepared.noisy
    assert names(prepared) == ["energy", "force"]


@pytest.mark.slow
@pytest.mark.parametrize("fraction", [0.01, 0.05])
def test_coarse_and_noisy_is_noisy(fraction):
    assert prepare(coarse().with_noise(fraction, seed=0), SAME, Settings()).noisy


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("rate", [0.02, 0.2])
def test_friction_costs_the_energy_rows(rate, noise):
    prepared = prepare(friction(rate, noise), SAME, Settings())
    assert names(prepared) == ["force"]
    assert prepared.drift > 0.01


@pytest.mark.parametrize("noise", [0.0, 0.05, pytest.param(0.01, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", ["oscillator", "double_well", pytest.param("central_force", marks=pytest.mark.slow)]
)
def test_no_friction_is_seen_where_there_is_none(sample, name, noise):
    data = sample(name).with_noise(noise, seed=2)
    prepared = prepare(data, Features.identity(data.coordinates), Settings())
    assert prepared.drift == 0
    assert names(prepared) == ["energy", "force"]


def test_the_points_belong_together(sample):
    """x, its Jacobian, its time and its trajectory, point by point."""
    data = sample("coulomb", "exact")
    system = systems.get("coulomb")
    features = Features.of(data.coordinates, system.motion().features)
    points = prepare(data, features, Settings(points=500)).points

    for k in (0, 17, len(points.x) - 1):
        item = data[int(points.group[k])]
        row = int(np.argmin(np.abs(item.t - float(points.time[k]))))
        q = item.q[row : row + 1]
        assert float(points.time[k]) == item.t[row]
        np.testing.assert_array_equal(points.x[k].numpy(), features.values(q)[0])
        np.testing.assert_allclose(points.jacobian[k].numpy(), features.jacobian(q)[0])


# Data that no potential can be learned from


def straight(count=100):
    t = np.linspace(0, 1, count)
    return Trajectories(("q",), (1.0,), (Trajectory(t, 2 * t[:, None], np.full((count, 1), 2.0)),))


def test_free_motion_is_refused():
    with pytest.raises(InputError, match="momenta never change"):
        prepare(straight(), SAME, Settings())


def test_too_few_samples_are_refused():
    with pytest.raises(InputError, match="12 samples are too few"):
        prepare(straight(12), SAME, Settings())


def test_a_feature_that_is_not_a_number_is_refused(sample):
    features = Features.of(("q",), {"s": parse("log(q)")})
    with pytest.raises(InputError, match=r"the feature s = log\(q\) is not a number at q = "):
        prepare(sample("oscillator"), features, Settings())
