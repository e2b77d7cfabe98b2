"""The four systems of arXiv:1907.11806: the data they draw are those that the paper describes."""

from dataclasses import replace

import numpy as np
import pytest
import sympy

import systems
from systems.expressions import symbol

BHAT = ("central_force", "coulomb", "double_well", "oscillator")
DRAWS = [(name, dataset) for name in BHAT for dataset in systems.get(name).datasets]
VERLET = {"verlet", "long_verlet"}
SLOW = {"long_verlet", "long_exact", "drawn", "T1", "T2"}
"""Drawn by the slow tests alone: more points, or another draw of the double well."""


def energy_drift(system, truth, data):
    """The largest change of energy along a trajectory, relative to the energies at play."""
    drifts = []
    for number, energy in enumerate(replace(system.motion(), potential=truth).energy(data)):
        drifts.append(np.ptp(energy) / (abs(energy).max() + data.kinetic(number).max()))
    return max(drifts)


@pytest.mark.parametrize(
    ("name", "dataset"),
    [pytest.param(*d, marks=[pytest.mark.slow] * (d[1] in SLOW)) for d in DRAWS],
)
def test_data_follow_the_truth_and_differ_from_what_is_held_out(name, dataset):
    system = systems.get(name)
    data = system.draw(dataset, seed=1)
    held_out = system.held_out(dataset, seed=1)
    truth = system.truths(dataset, seed=1)["potential"]
    for trajectories in (data, held_out):
        drift = energy_drift(system, truth, trajectories)
        assert drift < (1e-3 if dataset in VERLET else 1e-13)
    starts = {tuple(item.q[0]) for item in data}
    assert not starts & {tuple(item.q[0]) for item in held_out}


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        pytest.param(*d, marks=[pytest.mark.slow] * (d[1] in ("drawn", "exact")))
        for d in DRAWS
        if "long" not in d[1]
    ],
)
def test_a_seed_draws_the_same_data_again(name, dataset):
    system = systems.get(name)
    digest = system.draw(dataset, seed=1).digest()
    assert digest == system.dataset(dataset).draw(1).digest()
    fixed = dataset in {"circles", "T2"}
    assert (digest == system.draw(dataset, seed=0).digest()) is fixed


@pytest.mark.parametrize("name", BHAT)
def test_the_library_holds_the_truth_and_no_gauge_term(name):
    system = systems.get(name)
    truth = sympy.expand(system.truths()["potential"])
    terms = {term.as_coeff_Mul()[1] for term in sympy.Add.make_args(truth) if term.free_symbols}
    known = {candidate.as_coeff_Mul()[1] for candidate in system.candidates}
    assert {
        sympy.expand(term / sympy.pi**-1) if term.has(sympy.pi) else term for term in terms
    } <= (known)
    assert all(candidate.free_symbols for candidate in system.candidates)
    assert system.gauge == (1,)
    assert "1907.11806" in system.reference


def test_circles():
    data = systems.get("oscillator").draw()
    assert len(data) == 10
    for radius, item in enumerate(data, start=1):
        assert (item.q[0, 0], item.p[0, 0]) == (0, radius)
        np.testing.assert_allclose(item.t, np.arange(1001) * 0.01)
        np.testing.assert_allclose(np.hypot(item.q, item.p), radius)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]
)
def test_double_well_starts(seed):
    system = systems.get("double_well")
    barrier = 1
    t1 = system.draw("T1", seed)
    assert len(t1) == 10
    energies = np.array([energy[0] for energy in system.motion().energy(t1)])
    assert np.sum(energies > barrier) == 1
    assert sum(item.q.max() > 1 for item in t1) == 1
    assert all(abs(item.q[0, 0]) <= 1 and abs(item.p[0, 0]) <= 1 for item in t1)
    t3 = system.draw("T3", seed)
    assert len(t3) == 2
    assert 0.9 < max(energy[0] for energy in system.motion().energy(t3)) < barrier
    assert max(item.q.max() for item in t3) < 1
    right = system.held_out("T3", seed)
    assert min(item.q.min() for item in right) > 1
    assert right[0].t[-1] == pytest.approx(5)


def test_double_well_t2_has_one_trajectory_in_each_well():
    data = systems.get("double_well").draw("T2")
    assert [(item.q[0, 0], item.p[0, 0]) for item in data] == [(0.9, 0), (1.1, 0)]
    assert data[0].q.max() < 1 < data[1].q.min()
    np.testing.assert_allclose(data[0].q + data[1].q, 2, atol=1e-12)
    assert [len(item) for item in data] == [5001, 5001]


@pytest.mark.slow
def test_the_reduced_central_force_is_the_motion_in_space():
    system = systems.get("central_force")
    data = system.draw("drawn", seed=2)
    (item,) = data
    assert len(item) == 20001
    assert item.t[1] == 0.001
    start = np.random.default_rng(2).uniform(-1, 1, 6)
    assert item.q[0, 0] == pytest.approx(np.linalg.norm(start[:3]), rel=1e-15)
    # The effective potential alone, from the same start along r, gives the same motion.
    effective = replace(system.motion(), potential=system.truths("drawn", seed=2)["potential"])
    again = effective.flow(item.q[:1], item.p[:1], item.t)
    np.testing.assert_allclose(again[0].q, item.q, rtol=1e-11)
    np.testing.assert_allclose(again[0].p, item.p, atol=1e-11)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]
)
def test_the_reduced_central_force_has_the_papers_angular_momentum(seed):
    system = systems.get("central_force")
    (item,) = system.draw("reduced", seed)
    assert system.truths("reduced", seed)["potential"].coeff(symbol("r"), -2) == pytest.approx(
        0.465515455
    )
    # The energy with the paper's l^2/(2 r^2) in it is conserved, so the motion has it too.
    r, p = item.q[:, 0], item.p[:, 0]
    energy = p**2 / 2 + 1 / r + 1 / (10 - r) + 0.93103091 / (2 * r**2)
    assert np.ptp(energy) < 1e-12
    assert 0 < item.q[0, 0] < np.sqrt(3)


@pytest.mark.parametrize(
    ("verlet", "exact", "points"),
    [
        ("verlet", "exact", 301),
        pytest.param("long_verlet", "long_exact", 5001, marks=pytest.mark.slow),
    ],
)
def test_coulomb_data_of_both_kinds_start_alike(verlet, exact, points):
    system = systems.get("coulomb")
    steps, true = system.held_out(verlet, seed=1), system.held_out(exact, seed=1)
    assert len(steps) == len(true)
    assert len(steps[0]) == len(true[0]) == points
    for a, b in zip(steps, true, strict=True):
        np.testing.assert_array_equal(a.q[0], b.q[0])
        np.testing.assert_array_equal(a.p[0], b.p[0])
    # The total momentum is conserved by both.
    for data in (steps, true):
        total = data[0].p[:, :3] + data[0].p[:, 3:]
        np.testing.assert_allclose(total, np.broadcast_to(total[0], total.shape), atol=1e-13)


def test_the_relative_motion_of_two_charges_matches_their_reduced_mass():
    system = systems.get("coulomb")
    data = system.held_out("exact", seed=0)[:5]
    relative = systems.from_potential("-1/(4*pi*sqrt(x^2+y^2+z^2))", mass=[1 / 3] * 3)
    for item in data:
        q = item.q[:, :3] - item.q[:, 3:]
        v = item.p[:, :3] - 2 * item.p[:, 3:]
        alone = relative.motion().flow(q[:1], v[:1] / 3, item.t)
        np.testing.assert_allclose(alone[0].q, q, atol=1e-14)
