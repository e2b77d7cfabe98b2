"""Errors that are alike from one sample to the next, spikes, and what the data leave open."""

from __future__ import annotations

import numpy as np
import pytest

import interpret
from interpret.ledger.autoregression import Autoregression, fitted
from interpret.ledger.noise import Noise
from interpret.ledger.reduced import Reduced
from interpret.ledger.rows import Stretch
from interpret.ledger.search import Menu
from interpret.ledger.selection import Scales, select
from systems.samples.trajectories import Trajectories, Trajectory
from tests.interpret.test_judge import LIBRARY, motion, spring


def remembering(rng, count, predictor):
    """An autoregressive process of variance about one."""
    predictor = np.array(predictor)
    values = np.zeros(count + 200)
    for i in range(len(predictor), len(values)):
        values[i] = predictor @ values[i - len(predictor) : i][::-1] + rng.standard_normal()
    return values[200:] / values[200:].std()


def wandering(data, noise, rho, seed):
    """AR(1) errors on every channel, a part of its spread."""
    rng = np.random.default_rng(seed)
    sizes = noise * np.concatenate(data.channel_std())
    items = []
    for item in data:
        errors = [size * remembering(rng, len(item), [rho]) for size in sizes]
        q, p = np.split(np.stack(errors, axis=1), 2, axis=1)
        items.append(Trajectory(item.t, item.q + q, item.p + p))
    return Trajectories(data.coordinates, data.mass, tuple(items))


# The memory of errors


@pytest.mark.parametrize("predictor", [[0.9], [1.85, -0.88], [0.5, 0.2, 0.1]])
def test_a_memory_is_found_and_taken_out(predictor):
    rng = np.random.default_rng(0)
    items = [remembering(rng, 3000, predictor) for _ in range(3)]
    memory = fitted(items)
    assert memory.predictors[-1][: len(predictor)] == pytest.approx(predictor, abs=0.05)
    white = np.concatenate([memory.whitened(item[:, None])[:, 0] for item in items])
    assert white.std() * np.sqrt(memory.variances[0]) == pytest.approx(1, abs=0.03)
    assert abs(np.corrcoef(white[1:], white[:-1])[0, 1]) < 0.03


def test_white_errors_have_no_memory():
    rng = np.random.default_rng(1)
    found = [fitted([rng.standard_normal(400)]) for _ in range(50)]
    assert np.mean([memory.order == 0 for memory in found]) > 0.9


def test_fitting_short_stretches_makes_no_memory():
    """A mean that is taken off makes neighbours of white errors alike by -1/n."""
    values = np.random.default_rng(2).standard_normal((4000, 18))
    left = values - values.mean(axis=1, keepdims=True)
    assert fitted([left]).order > 0
    assert fitted([left], share=1 / 18).order == 0


def test_as_many_samples_tell_a_mean_as_the_correlation_allows():
    """Of an AR(1) process (1 - ρ)/(1 + ρ) of them."""
    memory = Autoregression((np.zeros(0), np.array([0.8])), (1 / (1 - 0.8**2), 1.0))
    assert memory.count == pytest.approx(0.2 / 1.8)
    assert memory.lag_one == 0.8
    assert Noise(np.array([0.6]), (memory,)).spread == pytest.approx([1.0])


def test_each_law_has_errors_of_its_own():
    """A straight line under AR(2) errors: no candidate that would follow them is kept."""
    rng = np.random.default_rng(2)
    t = np.linspace(-1, 1, 300)
    columns = np.stack([t**k for k in range(1, 9)], axis=1)[:, None]
    menu = Menu(tuple((k,) for k in range(8)), (0.0,) * 8)
    scales = Scales(np.ones(8) / 100, np.zeros(8, dtype=bool), np.full(1, 1e-9), np.ones(1))
    chosen = []
    for _ in range(10):
        missed = 40 * t + remembering(rng, 300, [1.85, -0.88])
        rows = Stretch(np.ones((300, 1, 1)), columns, missed[:, None])
        chosen.append(select(Reduced([rows], Noise.white(np.ones(1))), menu, 6, scales).chosen)
    assert chosen.count((0,)) >= 8


# Whole fits


def thrown(seed):
    """A ball filmed for 76 frames, its tracker wandering by 2 pixels; v by differences."""
    rng = np.random.default_rng(seed)
    t = np.arange(1, 77) / 60
    y = 580 + 1200 * t - 900 * t**2 + 2 * remembering(rng, 76, [1.85, -0.88])
    return Trajectories.from_velocities(["y"], [1], [(t, y[:, None], np.gradient(y, t)[:, None])])


def test_a_wandering_tracker_makes_no_terms():
    run = interpret.fit(thrown(0))
    assert [str(term) for term in run.law.terms] == ["y"]
    assert abs(run.law.coefficients[0] - 1800) < 4 * run.law.stderr[0] < 200
    assert run.law.verdict in ("identified", "approximate", "ambiguous")


@pytest.mark.slow
def test_a_right_law_under_correlated_errors_is_identified():
    run = interpret.fit(wandering(motion(spring), 0.02, 0.9, 0), library=LIBRARY)
    assert [str(term) for term in run.law.terms] == ["x**2", "x**4"]
    assert (np.abs(run.law.coefficients - [0.5, 0.25]) < 4 * run.law.stderr).all()
    assert run.law.verdict == "identified", run.certificate.table()
    (check,) = [check for check in run.certificate.checks if check.name == "noise"]
    assert "alike from one sample to the next" in check.sentence


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("rho", [0.7, 0.9])
def test_error_bars_know_of_the_correlation(rho):
    """Coverage of 68 and 95 % intervals; with 40 seeds and correlated pairs a bound is wide."""
    clean = motion(spring)
    scores = []
    for seed in range(40):
        run = interpret.fit(wandering(clean, 0.02, rho, seed), library="x**2, x**4")
        scores.append((run.law.coefficients - [0.5, 0.25]) / run.law.stderr)
    scores = np.abs(scores)
    assert 0.48 < (scores < 1).mean() < 0.85
    assert 0.85 < (scores < 1.96).mean() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_spikes_are_counted_and_the_law_stays(noise):
    data = motion(spring, noise=noise, times=np.linspace(0, 12, 200))
    rng = np.random.default_rng(5)
    for item in data:
        far = rng.choice(np.arange(10, len(item) - 10), 4, replace=False)
        item.q[far[:2]] += 0.5
        item.p[far[2:]] -= 0.7
    run = interpret.fit(data, library=LIBRARY)
    assert [str(term) for term in run.law.terms] == ["x**2", "x**4"]
    assert run.law.verdict == "identified", run.certificate.table()
    assert any("8 of 400 points lie" in note for note in run.notes)


# What the data leave open


@pytest.mark.slow
def test_one_normal_mode_says_nothing_of_the_other_under_noise():
    t = np.linspace(0, 20, 300)
    wave = np.stack([np.cos(t), np.cos(t)], 1), np.stack([-np.sin(t), -np.sin(t)], 1)
    data = Trajectories.from_velocities(["x", "y"], [1, 1], [(t, *wave)]).with_noise(0.02, 0)
    run = interpret.fit(data, library="x**2, y**2", features="none")
    assert run.law.verdict == "ambiguous"
    assert any("never move but together" in reason for reason in run.law.reasons)


def test_one_circle_says_nothing_of_the_distance():
    t = np.linspace(0, 20, 300)
    q, v = np.stack([np.cos(t), np.sin(t)], 1), np.stack([-np.sin(t), np.cos(t)], 1)
    run = interpret.fit(Trajectories.from_velocities(["x", "y"], [1, 1], [(t, q, v)]))
    assert run.law.verdict == "ambiguous"
    assert any("r is 1 throughout" in reason for reason in run.law.reasons)


@pytest.mark.slow
def test_a_term_that_rests_on_two_points_is_no_law():
    """A wall that one trajectory touches once, for a sample or two."""
    run = interpret.fit(motion(spring), library=LIBRARY)
    (check,) = [check for check in run.certificate.checks if check.name == "domain"]
    assert check.passed
    assert check.threshold > 100
    assert "x from" in check.sentence


def test_a_stretch_shorter_than_the_order_is_whitened_as_far_as_it_goes():
    found = Autoregression((np.zeros(0), np.array([0.5]), np.array([0.4, 0.2])), (1.4, 1.05, 1.0))
    whole = np.arange(1.0, 6.0)[:, None]
    for n in (1, 2, 3):
        np.testing.assert_allclose(found.whitened(whole[:n]), found.whitened(whole)[:n])
    long = Autoregression(tuple(np.full(k, 0.1) for k in range(5)), (1.0,) * 5)
    np.testing.assert_allclose(long.whitened(whole[:2]), long.whitened(whole)[:2])
