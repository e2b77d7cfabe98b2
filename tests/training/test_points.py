"""Samples are chosen along the motion, not along the clock."""

from __future__ import annotations

import numpy as np
import pytest

import systems
from systems.samples.trajectories import Trajectories, Trajectory
from training.features import Features
from training.prepare.selection import select

SAME = Features.identity(("q",))


def lengths(data, chosen):
    """Steps between chosen samples in the metric of the docstring, one array a trajectory."""
    heat = max(np.ptp(data.kinetic(i)) for i in range(len(data)))
    reach = np.ptp(np.concatenate([item.q for item in data]), axis=0)
    steps = []
    for i, (item, index) in enumerate(zip(data, chosen, strict=True)):
        moved = (np.diff(item.q, axis=0) / reach) ** 2
        step = np.sqrt(moved.mean(axis=1) + (np.diff(data.kinetic(i)) / heat) ** 2)
        along = np.concatenate([[0.0], np.cumsum(step)])
        steps.append(np.diff(along[index]))
    return steps


@pytest.mark.parametrize(
    ("name", "dataset"), [("oscillator", None), ("double_well", "T1"), ("central_force", None)]
)
@pytest.mark.parametrize("count", [100, 1000])
def test_about_as_many_as_asked_for_sorted_and_with_the_ends(sample, name, dataset, count):
    data = sample(name, dataset)
    chosen = select(data, Features.identity(data.coordinates), count)

    assert len(chosen) == len(data)
    assert sum(len(index) for index in chosen) == pytest.approx(count, rel=0.15)
    for item, index in zip(data, chosen, strict=True):
        assert (np.diff(index) > 0).all()
        assert (index[0], index[-1]) == (0, len(item.t) - 1)
        assert len(index) >= 3


def test_steps_along_the_motion_are_even(sample):
    data = sample("double_well", "T1")
    for steps in lengths(data, select(data, SAME, 300)):
        assert steps[:-1].max() < 2 * np.median(steps)


def test_the_clock_does_not_matter():
    """Half of all readings taken within one thousandth of the way: they get no half of the
    samples."""
    angle = np.concatenate([np.linspace(0, 0.003, 3000), np.linspace(0.003, 3, 3000)[1:]])
    data = Trajectories(
        ("q",), (1.0,), (Trajectory(angle, np.sin(angle)[:, None], np.cos(angle)[:, None]),)
    )

    (index,) = select(data, SAME, 200)

    assert (index < 3000).sum() < 10
    assert len(index) > 180


def test_a_close_encounter_is_not_skipped(sample):
    """The fastest sample of two charges has a chosen one beside it, in kinetic energy."""
    data = sample("coulomb", "exact")
    features = Features.of(data.coordinates, systems.get("coulomb").motion().features)
    chosen = select(data, features, 2000)

    hottest = max(range(len(data)), key=lambda i: np.ptp(data.kinetic(i)))
    kinetic = data.kinetic(hottest)
    nearest = np.abs(kinetic[chosen[hottest]] - kinetic.max()).min()
    assert nearest < 0.05 * np.ptp(kinetic)


def test_long_trajectories_get_more():
    t = np.linspace(0, 1, 500)
    items = [
        Trajectory(t, size * np.sin(6 * t)[:, None], size * np.cos(6 * t)[:, None])
        for size in (1.0, 10.0)
    ]
    first, second = select(Trajectories(("q",), (1.0,), tuple(items)), SAME, 300)
    assert len(second) > 5 * len(first)


def test_a_trajectory_at_rest_keeps_its_ends():
    t = np.linspace(0, 1, 50)
    still = Trajectory(t, np.ones((50, 1)), np.zeros((50, 1)))
    moving = Trajectory(t, np.sin(t)[:, None], np.cos(t)[:, None])
    index = select(Trajectories(("q",), (1.0,), (still, moving)), SAME, 100)[0]
    assert set(index) >= {0, 49}


def test_no_more_than_there_are(sample):
    data = sample("double_well", "T3")
    chosen = select(data, SAME, 10**6)
    assert all(len(index) <= 5001 for index in chosen)
