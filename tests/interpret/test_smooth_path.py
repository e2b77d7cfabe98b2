"""A smooth path beside a law: what noise allows it, and where it says nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from interpret.judge.smooth_path import closer
from interpret.ledger.motion import Courses
from systems.samples.trajectories import Trajectories, Trajectory
from training.prepare.noise import estimate

SIGMA = 0.02
PARAMETERS = 4


def measured(rng, correlation=0.0):
    """Two swings with errors of `SIGMA`: the courses, and the errors (n, 2) of each."""
    t = np.linspace(0, 12, 300)
    items, errors = [], []
    for phase in (0.0, 1.0):
        white = rng.standard_normal((400, 2)) * np.sqrt(1 - correlation**2)
        error = SIGMA * lfilter([1], [1, -correlation], white, axis=0)[100:]
        exact = np.column_stack([np.cos(t + phase), -np.sin(t + phase)])
        q, p = (exact + error).T[:, :, None]
        items.append(Trajectory(t, q, p))
        errors.append(error)
    data = Trajectories(("x",), np.ones(1), tuple(items))
    return Courses.of(data, estimate(data)), errors


@pytest.mark.parametrize("seed", range(5))
def test_a_law_that_leaves_the_noise_is_as_close_as_a_smooth_path(seed):
    courses, errors = measured(np.random.default_rng(seed))
    found = closer(courses, errors, PARAMETERS)
    assert found is None or not found.told


def test_right_laws_are_hardly_ever_doubted():
    chances = []
    for seed in range(40):
        courses, errors = measured(np.random.default_rng(100 + seed))
        found = closer(courses, errors, PARAMETERS)
        chances += [] if found is None else [found.probability]
    assert len(chances) > 30
    assert min(chances) > 1e-3
    # Not that the test is mute: some of its chances are small, as those of a fair test are.
    assert min(chances) < 0.3


def test_a_motion_missed_by_half_the_noise_is_told_with_its_share():
    courses, errors = measured(np.random.default_rng(0))
    missed = 0.6 * SIGMA * np.sqrt(2) * np.sin(3 * np.linspace(0, 12, 300))[:, None]
    found = closer(courses, [error + missed for error in errors], PARAMETERS)
    assert found is not None
    assert found.told
    # Of a range of two, and of its noise besides.
    assert found.missed == pytest.approx(0.6 * SIGMA / 2, rel=0.4)
    assert "smooth path" in str(found)


@pytest.mark.parametrize("correlation", [0.5, 0.8])
def test_of_errors_that_hang_together_nothing_is_said(correlation):
    """A path follows them: it comes closer than a right law does."""
    courses, errors = measured(np.random.default_rng(1), correlation)
    assert closer(courses, errors, PARAMETERS) is None


def test_a_path_with_less_freedom_than_the_law_says_nothing():
    courses, errors = measured(np.random.default_rng(2))
    assert closer(courses, errors, 1000) is None
