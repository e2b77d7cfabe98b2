"""Shooting at trajectories: true sensitivities, exact elimination, error bars that mean it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import systems
from interpret.refinement.hermite import windows
from interpret.refinement.likelihood import Estimate, maximise
from interpret.refinement.segments import cut, first_estimate
from interpret.refinement.shooting import INTEGRATION_SHARE, Shooting, initial_states
from interpret.select.library import Library, powers
from systems.expressions import symbol
from systems.samples.trajectories import Trajectories, Trajectory
from training.features import Features

WELL = systems.get("double_well")
COULOMB = systems.get("coulomb")
q, r = symbol("q"), symbol("r")
QUARTIC = powers("q", 4)
TRUTH = np.array([2.0, 3.0, -4.0, 1.0])
SIGMA = 0.01


@lru_cache
def well(noise=SIGMA, count=3, seed=0):
    """Swings in both wells, on an uneven clock, with white noise."""
    rng = np.random.default_rng(seed)
    t = np.cumsum(np.concatenate([[0.0], rng.uniform(0.01, 0.03, 120)]))
    starts = np.array([[-0.3], [0.4], [1.7], [0.1], [1.2], [2.2]])[:count]
    clean = WELL.motion().flow(starts, np.zeros((count, 1)), t)
    items = [
        Trajectory(
            t,
            item.q + noise * rng.standard_normal(item.q.shape),
            item.p + noise * rng.standard_normal(item.p.shape),
        )
        for item in clean
    ]
    return Trajectories(("q",), (1.0,), tuple(items))


def shot_at_well(data=None, steps=64, library=QUARTIC):
    data = well() if data is None else data
    features = Features.identity(("q",))
    return Shooting.on(data, features, library, np.array([SIGMA, 2 * SIGMA]), steps)


@lru_cache
def charges():
    data = COULOMB.draw("exact", 0)
    return Trajectories(data.coordinates, data.mass, data.items[:2])


def shot_at_charges(steps=64):
    """Two charges, a law in the feature r: its curvature in the coordinates counts too."""
    features = Features.of(COULOMB.motion().coordinates, COULOMB.motion().features)
    sigma = np.linspace(0.01, 0.02, 12)
    return Shooting.on(charges(), features, Library([1 / r, r**-2]), sigma, steps)


CASES = {
    "well": (shot_at_well, well, TRUTH + 0.01),
    "charges": (shot_at_charges, charges, np.array([-0.08, 0.01])),
}


def case(name):
    shot, data, coefficients = CASES[name]
    # The tangents' own equation is solved: they are the path's derivatives as far as both converge.
    return shot(steps=128), initial_states(data()) + 0.003, coefficients


# Integration


def test_predictions_are_the_exact_motion():
    """At the measured, uneven times, between the integrator's steps."""
    clean = well(noise=0.0)
    predicted = shot_at_well(clean, steps=512).predictions(initial_states(clean), TRUTH)
    for found, item in zip(predicted, clean, strict=True):
        np.testing.assert_allclose(found, np.hstack([item.q, item.p]), atol=1e-7)


def test_the_error_of_the_integration_falls_with_the_fourth_power():
    clean = well(noise=0.0)
    exact = np.concatenate([np.hstack([item.q, item.p]) for item in clean])
    errors = []
    for steps in (64, 128, 256):
        predicted = shot_at_well(clean, steps).predictions(initial_states(clean), TRUTH)
        errors.append(np.abs(np.concatenate(predicted) - exact).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 4.0, atol=0.5)


def test_steps_are_doubled_until_they_do_not_matter():
    problem = shot_at_well(steps=4)
    states = initial_states(well())

    fine = problem.resolved(states, TRUTH)

    finest = shot_at_well(steps=16 * fine.steps).predictions(states, TRUTH)
    assert fine.steps > 4
    for found, exact in zip(fine.predictions(states, TRUTH), finest, strict=True):
        assert np.abs((found - exact) / problem.sigma).max() < 2 * INTEGRATION_SHARE


def test_a_law_that_runs_away_is_told():
    """-q**4 without a wall: no number of steps helps."""
    library = Library([q**4])
    problem = shot_at_well(library=library)
    states = initial_states(well())
    wild = np.array([-1e3])
    assert problem.resolved(states, wild) is None
    assert problem.normal_equations(states, wild) is None
    assert maximise(problem, states, wild) is None


# Sensitivities


def flat_predictions(problem, states, coefficients):
    sigma = problem.sigma
    return [prediction / sigma for prediction in problem.predictions(states, coefficients)]


def jacobians(problem, states, coefficients, h=1e-6):
    """d(prediction/sigma)/d(own state, coefficients) by finite differences, per trajectory."""
    runs, size = states.shape
    columns = [[] for _ in range(runs)]
    for k in range(size + len(coefficients)):
        state_step, step = np.zeros(size), np.zeros(len(coefficients))
        (state_step if k < size else step)[k if k < size else k - size] = h
        ahead = flat_predictions(problem, states + state_step, coefficients + step)
        behind = flat_predictions(problem, states - state_step, coefficients - step)
        for j in range(runs):
            columns[j].append(((ahead[j] - behind[j]) / (2 * h)).ravel())
    return [np.stack(column, axis=1) for column in columns]


@pytest.mark.parametrize("name", ["well", pytest.param("charges", marks=pytest.mark.slow)])
def test_normal_equations_are_those_of_finite_differences(name):
    """J^T J and J^T r per trajectory, and chi^2, against the predictions themselves."""
    problem, states, coefficients = case(name)

    chi, normal, right = problem.normal_equations(states, coefficients)

    predicted = flat_predictions(problem, states, coefficients)
    total = 0.0
    for j, jacobian in enumerate(jacobians(problem, states, coefficients)):
        observed = problem.observed[j] / problem.sigma
        residual = (observed - predicted[j]).ravel()
        total += float(residual @ residual)
        scale = np.sqrt(np.diag(normal[j]))
        expected = jacobian.T @ jacobian
        np.testing.assert_allclose(
            normal[j] / np.outer(scale, scale), expected / np.outer(scale, scale), atol=1e-5
        )
        size = np.linalg.norm(residual)
        np.testing.assert_allclose(
            right[j] / (scale * size), jacobian.T @ residual / (scale * size), atol=1e-5
        )
    assert chi == pytest.approx(total, rel=1e-10)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(3, 40))
def test_windows_sum_up_the_dense_rows(seed, steps, samples):
    """Hermite interpolation of tangents, then J^T J: the same without ever making J."""
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.01, 1, samples)) + 5.0
    cutting = windows(t, steps)
    tangent, slopes = rng.normal(size=(2, steps + 1, 4, 2, 3))
    residual = rng.normal(size=(samples, 4, 2))

    normal, right = cutting.accumulate(tangent, slopes, residual)

    dense = cutting.interpolate(tangent, slopes)
    for motion in range(4):
        rows = dense[:, motion].reshape(2 * samples, 3)
        np.testing.assert_allclose(normal[motion], rows.T @ rows, atol=1e-8)
        np.testing.assert_allclose(right[motion], rows.T @ residual[:, motion].ravel(), atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_interpolation_is_exact_for_cubics(seed, steps):
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(-2, 3, 30))
    cubic = np.polynomial.Polynomial(rng.normal(size=4))
    nodes = np.linspace(t[0], t[-1], steps + 1)
    found = windows(t, steps).interpolate(cubic(nodes), cubic.deriv()(nodes))
    np.testing.assert_allclose(found, cubic(t), atol=1e-10)


# Maximum likelihood


def dense_information(problem, states, coefficients):
    """J^T J of all initial states and the coefficients together."""
    runs, size = states.shape
    count = len(coefficients)
    blocks = []
    for j, jacobian in enumerate(jacobians(problem, states, coefficients)):
        row = np.zeros((len(jacobian), runs * size + count))
        row[:, j * size : (j + 1) * size] = jacobian[:, :size]
        row[:, runs * size :] = jacobian[:, size:]
        blocks.append(row)
    rows = np.concatenate(blocks)
    return rows.T @ rows


def test_eliminating_the_states_is_solving_for_everything():
    """The covariance is the coefficients' block of the dense inverse, states and all."""
    problem = shot_at_well()
    estimate = maximise(problem, initial_states(well()), TRUTH + 0.05)

    dense = dense_information(problem, estimate.states, estimate.coefficients)
    scale = np.sqrt(np.diag(dense))
    inverse = np.linalg.inv(dense / np.outer(scale, scale)) / np.outer(scale, scale)
    count = len(TRUTH)
    expected = inverse[-count:, -count:]
    error = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        estimate.covariance / np.outer(error, error), expected / np.outer(error, error), atol=1e-3
    )


@pytest.mark.parametrize("name", CASES)
def test_it_ends_where_chi_squared_is_flat(name):
    """Both in the coefficients and in every initial state, in units of their error bars."""
    problem, states, coefficients = case(name)
    estimate = maximise(problem, states, coefficients)

    _, normal, right = problem.normal_equations(estimate.states, estimate.coefficients)

    size = states.shape[1]
    pull = right[:, size:].sum(axis=0) / np.sqrt(normal[:, size:, size:].sum(axis=0).diagonal())
    assert np.abs(pull).max() < 0.05
    own = np.einsum("rii->ri", normal)[:, :size]
    assert np.abs(right[:, :size] / np.sqrt(own)).max() < 0.05


def test_the_truth_is_found_from_afar_within_its_error_bars():
    problem = Shooting.on(well(), Features.identity(("q",)), QUARTIC, np.array([SIGMA, SIGMA]), 64)
    estimate = maximise(problem, initial_states(well()), 1.1 * TRUTH)

    difference = estimate.coefficients - TRUTH
    distance = difference @ np.linalg.solve(estimate.covariance, difference)
    assert distance < 18.5  # chi^2 of 4: one in a thousand
    assert estimate.chi2_per_n == pytest.approx(1.0, abs=0.2)
    assert estimate.observations == 3 * 121 * 2
    assert estimate.degrees_of_freedom == 3 * 121 * 2 - 3 * 2 - 4


@pytest.mark.slow
def test_error_bars_are_those_of_repeated_measurements():
    """Sixty times new noise: the spread of the estimates is what their covariance says."""
    t = np.linspace(0, 8, 150)
    clean = np.stack([np.sin(t), np.cos(t)], axis=1)
    pulls = []
    for seed in range(60):
        seen = clean + 0.05 * np.random.default_rng(seed).standard_normal(clean.shape)
        data = Trajectories(("q",), (1.0,), (Trajectory(t, seen[:, :1], seen[:, 1:]),))
        problem = Shooting.on(
            data, Features.identity(("q",)), powers("q", 2), np.full(2, 0.05), steps=32
        )
        estimate = maximise(problem, np.array([[0.0, 1.0]]), np.array([0.0, 0.5]))
        error = np.sqrt(np.diag(estimate.covariance))
        pulls.append((estimate.coefficients - [0.0, 0.5]) / error)
    # The spread of sixty unit normals is 1.00 +- 0.09, their mean 0.00 +- 0.13.
    np.testing.assert_allclose(np.std(pulls, axis=0), 1.0, atol=0.3)
    np.testing.assert_allclose(np.mean(pulls, axis=0), 0.0, atol=0.45)


def test_halving_sigma_halves_the_error_bars_and_quadruples_chi_squared():
    data = well()
    estimates = [
        maximise(
            Shooting.on(data, Features.identity(("q",)), QUARTIC, np.full(2, sigma), 64),
            initial_states(data),
            TRUTH,
        )
        for sigma in (SIGMA, SIGMA / 2)
    ]
    first, second = estimates
    np.testing.assert_allclose(second.coefficients, first.coefficients, rtol=1e-6)
    np.testing.assert_allclose(second.covariance, first.covariance / 4, rtol=1e-4)
    assert second.chi_squared == pytest.approx(4 * first.chi_squared, rel=1e-6)


def test_chi_squared_is_per_degree_of_freedom():
    estimate = Estimate(np.zeros(3), np.eye(3), np.zeros((2, 2)), 86.0, 50)
    assert estimate.degrees_of_freedom == 43
    assert estimate.chi2_per_n == 2.0


# Stretches


@pytest.mark.parametrize("cuts", [1, 2, 4, 16, 1000])
def test_cutting_keeps_every_sample_once_and_in_order(cuts):
    data = well()
    pieces = cut(data, cuts)
    t = np.concatenate([item.t for item in pieces])
    np.testing.assert_array_equal(t, np.concatenate([item.t for item in data]))
    assert len(pieces) == 3 * min(cuts, 121 // 8)
    assert min(len(item) for item in pieces) >= 8


def test_a_barrier_just_cleared_is_shot_at_in_stretches():
    """Started a hair above the barrier, at w = (q - 1)^2 = 3 and V = 1: smoothing may put the start
    a hair below, whence a single shot turns back and never arrives."""
    t = np.linspace(0, 4, 400)
    clean = WELL.motion().flow([[1 - np.sqrt(3) - 0.001]], [[0.0]], t)
    assert clean[0].q.max() > 2.7
    rng = np.random.default_rng(3)
    item = clean[0]
    noisy = Trajectory(
        t,
        item.q + 0.02 * rng.standard_normal(item.q.shape),
        item.p + 0.02 * rng.standard_normal(item.p.shape),
    )
    wrong_side = Trajectory(t, np.concatenate([[[-0.70]], item.q[1:]]), item.p)
    data = Trajectories(("q",), (1.0,), (noisy,))
    smoothed = Trajectories(("q",), (1.0,), (wrong_side,))

    found = first_estimate(
        data, smoothed, Features.identity(("q",)), QUARTIC, np.full(2, 0.02), TRUTH + 0.05
    )

    assert found is not None
    _, estimate = found
    assert estimate.chi2_per_n < 1.15
    np.testing.assert_allclose(estimate.coefficients, TRUTH, atol=0.2)
