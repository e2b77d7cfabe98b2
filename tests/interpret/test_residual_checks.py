"""Whiteness, spikes and grids: each known to be there, or known not to be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from interpret.judge import left_over
from interpret.judge.outlying import outlying
from interpret.judge.residuals import Residuals
from interpret.judge.whiteness import effective, lag_one, whiteness
from systems.samples.trajectories import Trajectories
from training.prepare.noise import estimate
from training.prepare.rounding import rounding, step


def correlated(rng, count, rho):
    white = rng.standard_normal(count)
    found = white.copy()
    for i in range(1, count):
        found[i] = rho * found[i - 1] + np.sqrt(1 - rho**2) * white[i]
    return found


def test_both_statistics_are_standard_normal_for_white_residuals():
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1, 2], [40, 100, 60])
    found = [whiteness(rng.standard_normal(200) + 0.3, group) for _ in range(300)]
    runs = np.array([item.runs_z for item in found])
    assert abs(runs.mean()) < 0.2
    assert 0.85 < runs.std() < 1.15
    lags = np.array([whiteness(rng.standard_normal(200), group).lag_z for _ in range(300)])
    assert abs(lags.mean()) < 0.25
    assert 0.85 < lags.std() < 1.15


def test_correlated_residuals_are_told_and_count_as_fewer():
    found = whiteness(correlated(np.random.default_rng(1), 4000, 0.6))
    assert found.lag_one == pytest.approx(0.6, abs=0.05)
    assert found.lag_z > 30
    assert found.runs_z < -20
    assert found.effective == pytest.approx(1000, rel=0.2)


def test_the_effective_number_is_that_of_the_mean():
    """The variance of the mean of n correlated residuals is σ²/effective."""
    rng = np.random.default_rng(2)
    means = [correlated(rng, 400, 0.7).mean() for _ in range(300)]
    assert np.var(means) == pytest.approx(1 / effective(400, 0.7), rel=0.3)


def test_no_pair_reaches_from_one_trajectory_to_the_next():
    # Within each, neighbours are opposite; across the border they are alike.
    values = [1.0, -1.0, 1.0, 1.0, -1.0, 1.0]
    assert lag_one(values, [0, 0, 0, 1, 1, 1]) == pytest.approx(-1)
    assert lag_one(values) > -1
    assert lag_one([1.0]) == 0.0


def swings(noise, seed=0, count=400):
    t = np.linspace(0, 25, count)
    parts = []
    rng = np.random.default_rng(seed)
    for phase in (0.0, 1.0):
        q = np.stack([np.sin(t + phase), np.cos(1.3 * t)], axis=1)
        v = np.stack([np.cos(t + phase), -1.3 * np.sin(1.3 * t)], axis=1)
        shape = q.shape
        parts.append(
            (t, q + noise * rng.standard_normal(shape), v + noise * rng.standard_normal(shape))
        )
    return Trajectories.from_velocities(["x", "y"], [2.0, 1.0], parts)


@pytest.mark.parametrize("noise", [0.0, 0.02])
@pytest.mark.parametrize("jointly", [True, False])
def test_spikes_are_found_where_they_are(noise, jointly):
    data = swings(noise)
    data[0].q[50, 0] += 1
    data[1].p[200, 1] -= 1
    data[1].p[201, 0] += 1

    found = outlying(data, jointly)

    assert found.points.tolist() == [[0, 50], [1, 200], [1, 201]]
    assert found.channels == ("x", "p_x", "p_y")
    assert found.sentence.startswith("3 of 800 points lie more than 6 deviations off")
    left = found.without(data)
    assert [len(item) for item in left] == [399, 398]
    assert len(outlying(left, jointly)) == 0


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.05])
def test_good_points_are_left_alone(noise):
    found = outlying(swings(noise, seed=3))
    assert len(found) == 0
    assert found.sentence == ""


def test_a_step_is_no_spike():
    """A sensor that was moved: half of the record is off, and that is no matter of points."""
    data = swings(0.01)
    data[0].q[200:, 0] += 2
    assert len(outlying(data)) < 10


def test_grids_are_recognised_and_are_noise():
    data = swings(0.0)
    rounded = [(item.t, np.round(item.q, 2), np.round(item.p / data.mass, 1)) for item in data]
    found = rounding(Trajectories.from_velocities(data.coordinates, data.mass, rounded))

    assert found.q == pytest.approx([0.01, 0.01])
    assert found.p == pytest.approx([0.2, 0.1]), "of momenta: the mass of x is 2"
    sigma, _ = found.noise
    lost = np.concatenate([new - old.q for (_, new, _), old in zip(rounded, data, strict=True)])
    assert lost.std() == pytest.approx(sigma[0], rel=0.1)

    whole = rounding(data)
    assert not whole.q.any()
    assert not whole.p.any()


@pytest.mark.parametrize("count", [400, 20000])
def test_rounding_is_noise_however_dense_the_samples(count):
    """Of dense samples most neighbours round to the same number: a median sees no noise at all."""
    data = swings(0.0, count=count)
    rounded = [(item.t, np.round(item.q, 1), item.p / data.mass) for item in data]
    found = estimate(Trajectories.from_velocities(data.coordinates, data.mass, rounded))
    # Of so coarse numbers the differences are a few values, and their median is one of these.
    assert (found.q > 0.7 * 0.1 / np.sqrt(12)).all()
    assert (found.q < 1.8 * 0.1 / np.sqrt(12)).all()


def test_even_motion_on_a_grid_is_exact():
    """x = 3 t at tenths of a second has one decimal, and none of it was rounded."""
    t = np.arange(300) / 10
    x, v = 3 * t, np.full(300, 3.0)
    data = Trajectories.from_velocities(["x"], [1], [(t, x[:, None], v[:, None])])
    assert rounding(data).q[0] > 0
    assert estimate(data).q[0] < 1e-9


def test_a_grid_of_any_step():
    """Counts of an encoder of 4096 a turn, printed with six digits; and what is no grid."""
    rng = np.random.default_rng(4)
    turns = rng.integers(0, 4096, 300) * 360 / 4096
    assert step(turns) == pytest.approx(360 / 4096)
    assert step(np.round(turns, 10)) == pytest.approx(360 / 4096, rel=1e-6)
    assert step(rng.integers(0, 500, 300).astype(float)) == 1.0
    assert step(rng.standard_normal(300)) == 0.0
    assert step(np.ones(300)) == 0.0
    # Sixteen written digits are no rounding worth the name.
    assert step(np.round(rng.standard_normal(300), 11)) == 0.0


@dataclass(frozen=True)
class Known(Residuals):
    """Residuals that are given, (n, 2), in units of the noise: of a law of two parameters."""

    rows: NDArray[np.float64] = field(kw_only=True)

    @property
    def items(self):
        return [self.rows]

    @property
    def parameters(self):
        return 2


def residuals(rows):
    """Those of a law with a coordinate and its momentum: nothing but their names is asked."""
    data = SimpleNamespace(coordinates=("x",))
    return Known(data, law=None, solution=None, sigma=np.ones(2), rows=rows)


def test_single_readings_that_are_off_do_not_refute_a_law():
    """One in a hundred by 3.5 to 6 deviations: too near for the smooth motion to tell them."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((2000, 2))
    assert left_over.outliers(residuals(rows)) == ""
    assert abs(left_over.excess(residuals(rows))[1]) < 2
    off = rng.random(rows.shape) < 0.01
    rows[off] += rng.uniform(3.5, 6, off.sum()) * rng.choice([-1, 1], off.sum())
    _, z = left_over.excess(residuals(rows))
    assert abs(z) < 2.5
    told = left_over.outliers(residuals(rows))
    assert int(told.split()[0]) == pytest.approx(off.sum(), rel=0.2)
    assert "x, p_x" in told


@pytest.mark.parametrize("missed", [1.0, 3.0, 6.0])
def test_a_motion_that_is_missed_is_no_single_reading(missed):
    noise = np.random.default_rng(1).standard_normal((1000, 2))
    missed = missed * np.sin(np.linspace(0, 30, 1000))[:, None]
    assert left_over.excess(residuals(noise + missed))[1] > 4


def test_motions_too_short_for_a_periodogram_have_no_period():
    short = residuals(np.random.default_rng(0).standard_normal((20, 2)))
    times = SimpleNamespace(t=np.arange(20.0))
    assert left_over.period(replace(short, trajectories=[times])) == (np.inf, 1.0)
