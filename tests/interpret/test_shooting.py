"""Potentials in the force ledger: their accelerations, means of cells, steps, honest error bars."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

import interpret
import systems
from interpret.judge.fitted import residuals
from interpret.judge.forces import Points
from interpret.ledger.accounting import account
from interpret.ledger.candidates import Candidates, frictions
from interpret.ledger.cells import celled, few
from interpret.ledger.field import Field
from interpret.ledger.flow import RK4, Parameters, eighth_order, flow
from interpret.ledger.motion import Course, Courses
from interpret.ledger.path import Path
from interpret.ledger.potential import Potential
from interpret.ledger.shooting import Shooting
from interpret.ledger.steps import refined, shooting
from systems.expressions import symbol
from systems.samples.trajectories import Trajectories, Trajectory
from training.features import Features
from training.prepare.noise import estimate
from training.prepare.preparation import prepare
from training.settings import Settings

WELL = systems.get("double_well")
COULOMB = systems.get("coulomb")
q, r = symbol("q"), symbol("r")
QUARTIC = (q, q**2, q**3, q**4)
TRUTH = np.array([2.0, 3.0, -4.0, 1.0])
SIGMA = 0.01


@lru_cache
def well(noise=SIGMA, count=3, seed=0, samples=240):
    """Swings in both wells, on an uneven clock, with white noise."""
    rng = np.random.default_rng(seed)
    t = np.cumsum(np.concatenate([[0.0], rng.uniform(0.5, 1.5, samples) * 4.8 / samples]))
    starts = np.array([[-0.3], [0.4], [1.7], [0.1], [1.2], [2.2]])[:count]
    items = [
        Trajectory(
            t,
            item.q + noise * rng.standard_normal(item.q.shape),
            item.p + noise * rng.standard_normal(item.p.shape),
        )
        for item in WELL.motion().flow(starts, np.zeros((count, 1)), t)
    ]
    return Trajectories(("q",), (1.0,), tuple(items))


def candidates(terms=QUARTIC, names=("q",), mass=(1.0,), features=None):
    return Candidates(names, mass).with_terms("potential", terms, features)


def courses(data):
    return Courses.of(data, estimate(data))


def charges():
    motion = COULOMB.motion()
    return candidates((1 / r, r**-2), motion.coordinates, (1.0, 2.0, 0.5) * 2, motion.features)


# Accelerations


@pytest.mark.parametrize("known", [candidates(), charges()], ids=["place", "distance"])
def test_a_potential_pushes_as_its_terms_do_one_by_one(known):
    """By the chain rule through features what is differentiated in coordinates otherwise."""
    rng = np.random.default_rng(0)
    d = known.dimension
    state, t = rng.standard_normal((7, 2 * d)), np.zeros(7)
    coefficients, none = rng.standard_normal(len(known)), np.zeros(0)
    potential = Potential.of(known)
    fast, slow = (field(state, t, coefficients, none) for field in (potential, Field(known, 1.0)))
    for name in ("total", "slopes", "columns"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-9, atol=1e-12)


def test_what_is_no_potential_alone_has_no_gradient():
    assert Potential.of(candidates()) is not None
    assert Potential.of(candidates().with_terms("dissipative", frictions("q"))) is None
    assert Potential.of(candidates((1 / (symbol("c") - q),)).with_unknowns()) is None
    assert Potential.of(Candidates(("q",), (1.0,))) is None


def test_steps_are_as_fine_as_the_noise_asks():
    data = courses(well())
    potential, law = Potential.of(candidates()), Parameters(TRUTH, np.zeros(0))
    assert shooting(data, potential, law, np.full(2, 1e-3)).method is RK4
    fine = shooting(data, potential, law, np.full(2, 1e-9)).method
    assert len(fine.b) == len(eighth_order().b)
    thin = well(samples=24)
    rough = shooting(courses(thin), potential, law, np.full(2, 1e-9)).method
    assert rough.steps > fine.steps


def test_a_few_hard_segments_are_integrated_more_finely_than_the_rest():
    data = courses(well())
    potential, law = Potential.of(candidates()), Parameters(TRUTH, np.zeros(0))
    whole = Shooting.of(data, potential, RK4)
    plain, fine = (replace(whole, method=m).flown(law)[0] for m in (RK4, eighth_order()))
    off = np.abs(fine - plain).max(axis=(1, 2))
    worst = np.sort(off)[-2:].mean()
    found = refined(whole, law, np.full(2, worst), alike=1.0)
    np.testing.assert_array_equal(np.flatnonzero(found.hard), [np.argmax(off)])
    path, tangents = found.flown(law)
    np.testing.assert_allclose(path[found.hard], fine[found.hard], rtol=1e-12)
    np.testing.assert_allclose(path[~found.hard], plain[~found.hard], rtol=1e-12)
    assert np.isfinite(tangents).all()
    assert refined(whole, law, np.full(2, 2 * off.max()), alike=1.0).hard is None


# Means of cells


def test_cells_keep_the_motion_and_lose_the_noise():
    whole = courses(well(samples=12_000))
    cells = celled(whole)
    assert len(cells.times) < len(whole.times) / 10
    factor = np.sqrt(len(whole.times) / len(cells.times))
    np.testing.assert_allclose(cells.scatter * factor, whole.scatter, rtol=0.1)
    exact = courses(well(noise=0.0, samples=12_000))
    assert (celled(exact).scatter < 1e-2 * cells.scatter).all()


def test_few_samples_and_values_of_different_sigma_stay():
    short = courses(well())
    assert celled(short).items[0] is short.items[0]
    many = courses(well(samples=12_000))
    each = [np.full((len(item), 2), SIGMA) for item in many.items]
    weighed = many.weighing(np.full(2, SIGMA), each)
    assert len(celled(weighed).times) == len(weighed.times)


def test_what_a_smooth_path_misses_of_an_encounter_is_no_noise():
    """A kick of the velocity that the path is too stiff to follow: smaller cells, and no bias."""
    t = np.linspace(0, 6, 8001)
    curves = [lambda t, f=f: f(t)[:, None] for f in (np.sin, np.cos, lambda t: -np.sin(t))]
    noise = 0.1 * np.random.default_rng(1).normal(size=(8001, 1))
    kick = 0.3 * np.exp(-(((t - 3) / 0.03) ** 2))[:, None]
    seen = np.sin(t)[:, None] + noise
    calm, kicked = (
        celled(Courses((Course(t, values, Path(*curves)),), 1), enough=40)
        for values in (seen, seen + kick)
    )
    assert len(calm.times) == 40
    assert np.diff(kicked.times).max() < 0.03


def test_error_bars_of_cells_are_those_of_all_samples():
    whole = courses(well(samples=3_000))
    both = (whole, celled(whole))
    found = [account(part, candidates(), drive=False, chosen=True) for part in both]
    bars = [np.sqrt(np.diag(each.solution.reduced.solved(range(4))[1])) for each in found]
    np.testing.assert_allclose(bars[1], bars[0], rtol=0.05)
    moved = (found[1].law.coefficients - found[0].law.coefficients) / bars[0]
    assert np.abs(moved).max() < 0.3


def test_few_trajectories_are_taken_evenly():
    t = np.linspace(0.0, 1.0, 20)
    curve = Path(*[lambda time: np.zeros((len(time), 1))] * 3)
    whole = Courses(tuple(Course(t + k, np.ones((20, 2)), curve) for k in range(9)), 1)
    assert [item.t[0] for item in few(whole, 80).items] == [0, 4]


# The law


def test_the_truth_is_found_within_its_error_bars():
    found = account(courses(well()), candidates(), drive=False, chosen=True)
    difference = found.law.coefficients - TRUTH
    distance = difference @ np.linalg.solve(found.covariance, difference)
    assert distance < 18.5  # chi^2 of 4: one in a thousand
    np.testing.assert_allclose(found.missed * found.setting.courses.range, SIGMA, rtol=0.1)


@pytest.mark.slow
def test_error_bars_are_those_of_repeated_measurements():
    """Sixty times new noise: the spread of the estimates is what their covariance says."""
    t = np.linspace(0, 8, 150)
    clean = np.stack([np.sin(t), np.cos(t)], axis=1)
    pulls = []
    for seed in range(60):
        seen = clean + 0.05 * np.random.default_rng(seed).standard_normal(clean.shape)
        data = Trajectories(("q",), (1.0,), (Trajectory(t, seen[:, :1], seen[:, 1:]),))
        found = account(courses(data), candidates((q, q**2)), drive=False, chosen=True)
        pulls.append((found.law.coefficients - [0.0, 0.5]) / np.sqrt(np.diag(found.covariance)))
    # The spread of sixty unit normals is 1.00 +- 0.09, their mean 0.00 +- 0.13.
    np.testing.assert_allclose(np.std(pulls, axis=0), 0.95, atol=0.3)
    np.testing.assert_allclose(np.mean(pulls, axis=0), 0.0, atol=0.45)


def test_a_barrier_just_cleared_is_joined_from_segments():
    """Started a hair above the barrier, at w = (q - 1)^2 = 3 and V = 1: smoothing may put the start
    a hair below, whence a single shot turns back and never arrives."""
    t = np.linspace(0, 4, 400)
    clean = WELL.motion().flow([[1 - np.sqrt(3) - 0.001]], [[0.0]], t)
    assert clean[0].q.max() > 2.7
    rng = np.random.default_rng(3)
    noisy = [part + 0.02 * rng.standard_normal(part.shape) for part in (clean[0].q, clean[0].p)]
    data = courses(Trajectories(("q",), (1.0,), (Trajectory(t, *noisy),)))
    found = account(data, candidates(), drive=False, chosen=True)
    assert found.joined == 1
    assert found.missed * data.range == pytest.approx(0.02, rel=0.15)
    np.testing.assert_allclose(found.law.coefficients, TRUTH, atol=0.2)


def test_one_long_trajectory_starts_itself():
    """As many values as are looked at by a few trajectories first, in a single one."""
    data = courses(well(count=1, samples=21_000))
    found = account(data, candidates((q**2, q**4)), drive=False, chosen=True)
    assert found.joined == 1


# What it leaves


def judged(data, terms, law):
    prepared = prepare(data, Features.identity(("q",)), Settings())
    *_, longest = residuals(prepared, terms, law)
    return longest


def test_residuals_of_the_right_law_are_noise():
    found = judged(well(), QUARTIC, TRUTH)
    left = np.concatenate(found.items)
    assert left.std(axis=0) == pytest.approx(1, abs=0.15)
    assert len(found.trajectories) == 3
    assert found.unfinished < 1e-3


def test_the_response_to_a_force_is_the_paths_own():
    """A hundredth of a force 1 + q more: the path moves as it says, from the same start."""
    found = judged(well(), QUARTIC, TRUTH)

    def push(points: Points):
        return (1 + points.q)[:, :, None]

    (response,) = found.response(push)[0].T[:1]
    path, item, size = found.paths[0], found.trajectories.items[0], 1e-4
    law = Parameters(found.coefficients - size * np.array([1, 0.5, 0, 0]), np.zeros(0))
    moved, _ = flow(found.law, path[:1], item.t[None], law, eighth_order())
    still, _ = flow(found.law, path[:1], item.t[None], found.solution.law, eighth_order())
    np.testing.assert_allclose(
        response.T * found.sigma, (moved - still)[0] / size, atol=2e-3 * np.abs(moved).max()
    )


@pytest.mark.slow
def test_close_encounters_of_long_noisy_trajectories_make_no_term():
    run = interpret.fit("coulomb", dataset="long_verlet", noise=0.01, seed=1)
    assert run.law.verdict == "identified"
    assert run.comparison.verdict == "EQUAL WITHIN ERROR", run.law
    assert run.law.stderr[0] < 0.01 * abs(run.law.coefficients[0])
