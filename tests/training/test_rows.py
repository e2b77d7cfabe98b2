"""Rows: zero for the truth, one for nothing, of the order they claim, alike in all coordinates."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

import systems
from systems.expressions import symbol
from systems.samples.trajectories import Trajectories, Trajectory
from training.bases.candidates import Candidates
from training.bases.network import placed
from training.bases.tangent import Tangent
from training.features import Features
from training.prepare.selection import select
from training.rows import trajectories as rows
from training.rows.euler_lagrange import EulerLagrangeRows, MassRows, State
from training.rows.responses import ResponseRows
from training.rows.values import ValueRows

seeds = st.integers(0, 2**32 - 1)
q, r = symbol("q"), symbol("r")
WELL = systems.get("double_well")
COULOMB = systems.get("coulomb")
STARTS = ([[-0.3], [0.5], [-0.5]], [[0.0], [0.3], [0.9]])
FLOWS = [("oscillator", None), ("double_well", "T1"), ("double_well", "T3")]
FLOWS += [("central_force", None), ("coulomb", "exact")]
ONE = torch.ones(1, dtype=torch.float64)


def of(system):
    return Features.of(system.motion().coordinates, system.motion().features)


def every(data):
    return [np.arange(len(item.t)) for item in data]


def misfit(family, variables, law, factor=1.0):
    """|A c - b| of the law as a single candidate; |b| is one."""
    basis = Candidates(variables, (law,))
    return float((family.design(basis) @ (factor * ONE) - family.truth).norm())


def well(h, count=None, jitter=0.0):
    """The exact flow of the double well over two time units, in steps of about h."""
    count = count or round(2 / h)
    steps = h * (1 + jitter * np.random.default_rng(0).uniform(-1, 1, count))
    return WELL.motion().flow(*STARTS, np.concatenate([[0.0], np.cumsum(steps)]))


# The truth leaves nothing


@pytest.mark.parametrize(("name", "dataset"), FLOWS)
def test_energy_rows_are_zero_for_the_truth_alone(sample, name, dataset):
    """And a law wrong by 1 % leaves 1 %, since |b| = 1."""
    system, data = systems.get(name), sample(name, dataset)
    features = of(system)
    truth = system.truths(dataset, 0)["potential"]

    family = rows.energy(data, features, select(data, features, 400))

    assert misfit(family, features.names, truth) < 1e-10
    assert misfit(family, features.names, truth, 1.01) == pytest.approx(0.01, rel=1e-6)


@pytest.mark.parametrize(("name", "dataset"), FLOWS)
def test_hermite_simpson_rows_nearly_vanish_for_the_truth(sample, name, dataset):
    system, data = systems.get(name), sample(name, dataset)
    features = of(system)
    truth = system.truths(dataset, 0)["potential"]

    family = rows.hermite_simpson(data, features, select(data, features, 400))

    assert misfit(family, features.names, truth) < 1e-7
    assert misfit(family, features.names, truth, 1.01) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("h", [0.001, 0.01, 0.1])
def test_verlet_rows_are_exact_on_verlet_data(h):
    """At any step, where every other rule is off by the integrator's own error."""
    data = WELL.motion().verlet(*STARTS, h, 200)
    same = Features.identity(("q",))

    exact = misfit(rows.verlet(data, same, every(data)), ("q",), WELL.motion().potential)
    other = misfit(rows.hermite_simpson(data, same, every(data)), ("q",), WELL.motion().potential)

    assert exact < 1e-14 / h**2 + 1e-12
    assert other > 1e3 * exact


def test_verlet_rows_are_exact_for_charges_of_unlike_mass(sample):
    data, features = sample("coulomb", "verlet"), of(COULOMB)
    family = rows.verlet(data, features, select(data, features, 400))
    assert misfit(family, ("r",), COULOMB.motion().potential) < 1e-8


def test_verlet_rows_need_no_end():
    """The ends have no neighbour: asking for them gives their inner neighbours, once."""
    data = WELL.motion().verlet(*STARTS, 0.1, 5)
    family = rows.verlet(data, Features.identity(("q",)), every(data))
    assert len(family.force) == 3 * 4


# Orders


ORDERS = [(rows.forward, 1.0), (rows.hermite_simpson, 4.0)]


@pytest.mark.parametrize(("rule", "order"), ORDERS)
@pytest.mark.parametrize("jitter", [pytest.param(0.0, marks=pytest.mark.slow), 0.4])
def test_the_bias_of_a_rule_falls_as_its_order_says(rule, order, jitter):
    """Slope of log error against log h, on even and on uneven clocks."""
    same = Features.identity(("q",))
    steps = np.array([0.08, 0.04, 0.02, 0.01])
    errors = []
    for h in steps:
        data = well(h, jitter=jitter)
        inner = [index[4:-4] for index in every(data)]
        errors.append(misfit(rule(data, same, inner), ("q",), WELL.motion().potential))

    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]

    assert slope == pytest.approx(order, abs=0.35)


def test_energy_rows_have_no_order_at_all():
    data = well(0.5, 8, jitter=0.4)
    family = rows.energy(data, Features.identity(("q",)), every(data))
    assert misfit(family, ("q",), WELL.motion().potential) < 1e-11


# Chain rule


@pytest.mark.parametrize("rule", [rows.hermite_simpson, rows.forward, rows.energy])
def test_a_feature_is_the_same_as_its_expression(sample, rule):
    """1/r with r given, and 1/sqrt(...) in the coordinates, make the same rows."""
    data, features = sample("coulomb", "exact")[:5], of(COULOMB)
    chosen = [np.array([0, 7, 150, 299])] * 5
    written_out = (1 / r).xreplace({r: COULOMB.motion().features["r"]})

    short = rule(data, features, chosen)
    long = rule(data, Features.identity(data.coordinates), chosen)

    design = short.design(Candidates(("r",), (1 / r,)))
    expected = long.design(Candidates(data.coordinates, (written_out,)))
    torch.testing.assert_close(design, expected, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(short.truth, long.truth)


# Derivatives in the hidden weights


def families_of(data, features, chosen):
    yield rows.energy(data, features, chosen)
    yield rows.hermite_simpson(data, features, chosen)
    yield rows.verlet(data, features, chosen)
    yield rows.forward(data, features, chosen)


@pytest.mark.parametrize("name", ["double_well", "coulomb"])
def test_the_tangents_rows_are_the_jacobian_of_the_residual(sample, name):
    """d(A(w) c - b)/dw by finite differences, for every rule, with and without features."""
    system = systems.get(name)
    data, features = sample(name, "T2" if name == "double_well" else "exact")[:2], of(system)
    chosen = [np.linspace(1, len(item.t) - 2, 9).astype(int) for item in data]
    x = torch.from_numpy(np.concatenate([features.values(item.q) for item in data]))
    network = placed(x, 5, 0)
    c = torch.linspace(-1, 2, 5, dtype=torch.float64)
    flat = network.parameters()
    h = 1e-6

    for family in families_of(data, features, chosen):
        jacobian = family.design(Tangent(network, c))
        for m in range(len(flat)):
            step = torch.zeros_like(flat)
            step[m] = h
            ahead = family.design(network.with_parameters(flat + step)) @ c
            behind = family.design(network.with_parameters(flat - step)) @ c
            slope = (ahead - behind) / (2 * h)
            size = float(slope.abs().max())
            torch.testing.assert_close(jacobian[:, m], slope, rtol=0, atol=1e-6 * size)


# Centring, weights, parts


@given(seeds, st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_centring_removes_one_constant_a_group(seed, counts):
    rng = np.random.default_rng(seed)
    group = torch.from_numpy(np.repeat(np.arange(len(counts)), counts))
    values = torch.from_numpy(rng.normal(size=(len(group), 2)))
    constants = torch.from_numpy(rng.normal(size=(len(counts), 2)))

    centred = rows.centre(values, group)

    for number in range(len(counts)):
        torch.testing.assert_close(
            centred[group == number].mean(dim=0), torch.zeros(2, dtype=torch.float64)
        )
    torch.testing.assert_close(rows.centre(centred, group), centred)
    shifted = rows.centre(values + constants[group], group)
    torch.testing.assert_close(shifted, centred, rtol=0, atol=1e-13)


def test_every_trajectory_has_its_own_energy(sample):
    """Potentials that differ by a constant a trajectory give the same rows."""
    data = sample("double_well", "T2")
    family = rows.energy(data, Features.identity(("q",)), every(data))
    lifted = rows.levels(family.x, family.level + 5.0 * family.group, family.group, "energy")
    ratio = lifted.truth / family.truth
    torch.testing.assert_close(ratio, ratio[0].expand(len(ratio)), rtol=1e-9, atol=0)


@pytest.mark.parametrize("rule", [rows.energy, rows.hermite_simpson])
@pytest.mark.parametrize("unit", [1.0, 1e-8, 1e8])
def test_right_hand_sides_have_length_one_in_every_unit(sample, rule, unit):
    """A time unit 1e4 times longer makes energies 1e-8 times smaller: families stay comparable."""
    slow = unit**0.5
    items = [
        Trajectory(item.t / slow, item.q, item.p * slow) for item in sample("double_well", "T3")
    ]
    data = Trajectories(("q",), (1.0,), tuple(items))
    same = Features.identity(("q",))
    family = rule(data, same, select(data, same, 100))
    assert float(family.truth.norm()) == pytest.approx(1.0, rel=1e-9)
    assert misfit(family, ("q",), WELL.motion().potential * unit) < 1e-7


def test_a_circular_orbit_is_not_blown_up():
    """T is constant but for rounding: the rows must stay small instead of becoming the rounding."""
    t = np.linspace(0, 6, 400)
    circle = np.stack([np.cos(t), np.sin(t)], axis=1)
    along = np.stack([-np.sin(t), np.cos(t)], axis=1)
    data = Trajectories(("x", "y"), (1.0, 1.0), (Trajectory(t, circle, along),))
    family = rows.energy(data, Features.identity(("x", "y")), every(data))
    assert float(family.truth.norm()) < 1e-10


@given(seeds, st.integers(1, 3), st.floats(1e-6, 1e6))
def test_importance_weighs_every_unit_alike(seed, dimension, unit):
    """sum w^2 |F|^2 = 1; a force a thousand times the median weighs no more than twice it."""
    force = np.random.default_rng(seed).normal(size=(20, dimension))
    force[0] *= 1000
    weight = rows.importance(unit * force)
    share = weight * unit * np.linalg.norm(force, axis=1)
    assert (share**2).sum() == pytest.approx(1.0)
    assert share[0] < 3 * np.median(share)
    np.testing.assert_allclose(unit * weight, rows.importance(force), rtol=1e-9)


def test_no_force_at_all_keeps_its_numbers():
    assert np.isfinite(rows.importance(np.zeros((5, 2)))).all()


@pytest.mark.parametrize("rule", [rows.hermite_simpson, rows.forward])
def test_the_parts_of_force_rows_are_the_whole(sample, rule):
    data = sample("double_well", "T2")
    same = Features.identity(("q",))
    family = rule(data, same, select(data, same, 101))
    basis = Candidates(("q",), (q, q**3))

    parts = [family.part(number, 7) for number in range(7)]

    assert torch.equal(torch.cat([part.truth for part in parts]), family.truth)
    assert torch.equal(torch.cat([part.design(basis) for part in parts]), family.design(basis))


def test_the_parts_of_energy_rows_are_centred_anew(sample):
    """A stretch knows nothing of the energy level of the rest."""
    data = sample("double_well", "T2")
    family = rows.energy(data, Features.identity(("q",)), every(data))
    parts = [family.part(number, 7) for number in range(7)]

    assert sum(len(part.level) for part in parts) == len(family.level)
    for part in parts:
        assert (
            float(rows.centre(part.truth[:, None], part.group).sub(part.truth[:, None]).abs().max())
            < 1e-15
        )
        assert part.scale == family.scale
        assert misfit(part, ("q",), WELL.motion().potential) < 1e-11


@pytest.mark.parametrize("rule", [rows.energy, rows.hermite_simpson])
def test_precision_follows_the_tensor_it_is_like(sample, rule):
    data = sample("double_well", "T3")
    same = Features.identity(("q",))
    family = rule(data, same, select(data, same, 50)).to(torch.zeros(0, dtype=torch.float32))
    assert family.truth.dtype == torch.float32
    assert family.design(Candidates(("q",), (q, sympy.sin(q)))).dtype == torch.float32


# Moved to another device or precision


def every_family():
    """One family of every type of rows, by a name of its own."""
    x = torch.linspace(1, 2, 6, dtype=torch.float64)[:, None]
    one = torch.ones_like(x)
    state = State(
        torch.cat([x, one], dim=1),
        torch.eye(2, dtype=torch.float64).expand(6, 2, 2),
        torch.zeros(6, 2, 2, 2, dtype=torch.float64),
        one,
    )
    group = torch.zeros(6, dtype=torch.int64)
    return [
        rows.LevelRows(x, x[:, 0], group, 1.0, "mine"),
        rows.ForceRows(x[None], one[None, :, :, None], ONE, x, one[:, 0], "mine"),
        ValueRows(x, x[:, 0], one[:, 0], "mine"),
        EulerLagrangeRows(state, x, one[:, 0], "mine"),
        MassRows(state, "mine"),
        replace(ResponseRows.of(x, [x.T.expand(3, 6)], one[:3, :0], one[:3, 0]), name="mine"),
    ]


@pytest.mark.parametrize("family", every_family(), ids=lambda family: type(family).__name__)
def test_a_move_changes_the_precision_and_nothing_else(family):
    moved = family.to(torch.zeros(0, dtype=torch.float32))
    assert moved.name == "mine"
    assert moved.truth.dtype == torch.float32
    torch.testing.assert_close(moved.truth.double(), family.truth)


def test_every_type_of_rows_is_moved_above():
    """A new one must be added: they are the records of ``training`` that have a design."""
    found = {
        cls.__name__
        for path in Path(rows.__file__).parent.glob("*.py")
        for cls in vars(import_module(f"training.rows.{path.stem}")).values()
        if isinstance(cls, type) and hasattr(cls, "design") and cls is not rows.Rows
    }
    assert found == {type(family).__name__ for family in every_family()}
