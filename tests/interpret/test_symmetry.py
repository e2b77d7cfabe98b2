"""The symmetry groups of windows, and what they do to couplings and samples."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import systems
from interpret.discovery.symmetry import Group, augmented, group_of
from interpret.reading.couplings.couplings import Couplings
from systems.errors import InputError
from systems.samples.phase_space import PhaseSamples, Window
from training.bases.box import Box

NAMES = ("x", "y", "z")
seeds = st.integers(0, 2**32 - 1)
ONE_SIDE = Group.of([[0, -1], [-1, 0]])
BOTH_SIDES = Group.of([[0, 1], [1, 0]], [[-1, 0], [0, -1]])
CYCLE = Group.of([[0, 1, 0], [0, 0, -1], [1, 0, 0]])


@given(seeds, st.sampled_from([ONE_SIDE, BOTH_SIDES, CYCLE]))
def test_the_image_of_a_tensor_is_the_function_at_the_image_of_the_point(seed, group):
    """(g f)(z) = f(g z), also where g is not its own inverse."""
    d = group.dimension
    tensor = np.random.default_rng(seed).integers(-9, 10, (4,) * d)
    z = np.random.default_rng(seed).integers(-3, 4, (5, d))
    original = Couplings(tensor, np.zeros(d), 1, NAMES[:d])

    for element, image in zip(group.elements, group.images(tensor), strict=True):
        function = Couplings(image, np.zeros(d), 1, NAMES[:d])
        assert function(z).tolist() == original(z @ np.array(element).T).tolist()


@given(seeds, st.sampled_from([ONE_SIDE, BOTH_SIDES, CYCLE]))
def test_symmetrised_couplings_have_no_defect(seed, group):
    d = group.dimension
    tensor = np.random.default_rng(seed).standard_normal((5,) * d)
    couplings = Couplings(tensor, np.zeros(d), 0.5, NAMES[:d])
    symmetric = replace(couplings, tensor=group.mean(tensor))

    assert couplings.defect(group) > 0.1
    assert symmetric.defect(group) < 1e-14
    assert np.allclose(group.mean(symmetric.tensor), symmetric.tensor, atol=1e-15)
    # The mean is the nearest symmetric tensor: what is taken off is orthogonal to what stays.
    assert abs(((tensor - symmetric.tensor) * symmetric.tensor).sum()) < 1e-12


def test_one_side_and_both_sides_are_what_the_reports_say():
    """c_ij = (-1)^(i+j) c_ji, and c_ij = c_ji with odd i + j gone."""
    tensor = np.random.default_rng(0).integers(-9, 10, (6, 6))
    i, j = np.indices(tensor.shape)
    one = ONE_SIDE.mean(tensor)
    both = BOTH_SIDES.mean(tensor)

    assert np.array_equal(one, (tensor + (-1.0) ** (i + j) * tensor.T) / 2)
    assert np.array_equal(both, np.where((i + j) % 2, 0, (tensor + tensor.T) / 2))


def test_the_defect_is_that_of_the_worst_element_without_the_constant():
    tensor = np.array([[1e9, 3.0], [4.0, 0.0]])
    exchange = Group.of([[0, 1], [1, 0]])
    assert exchange.defect(tensor) == pytest.approx(sqrt(2) / 5, rel=1e-12)
    assert BOTH_SIDES.defect(tensor) == 2.0  # odd orders alone: minus themselves
    assert BOTH_SIDES.defect(np.zeros((3, 3))) == 0.0
    # Of two elements, twice the distance from the nearest symmetric tensor.
    rest = (tensor - exchange.mean(tensor)) * [[0, 1], [1, 1]]
    assert exchange.defect(tensor) == pytest.approx(2 * np.linalg.norm(rest) / 5, rel=1e-12)


def test_a_symmetry_that_moves_the_center():
    couplings = Couplings(np.eye(3), (0.4, -0.4), 0.35, ("x", "y"))
    assert couplings.defect(ONE_SIDE) == 0.0
    for group in (BOTH_SIDES, CYCLE):
        with pytest.raises(InputError, match=r"move them with \.about"):
            couplings.defect(group)
    assert couplings.about((0, 0)).defect(BOTH_SIDES) > 0.1
    uneven = Couplings(np.eye(3), (0.0, 0.0), (1.0, 2.0), ("x", "y"))
    with pytest.raises(InputError, match="scale"):
        uneven.defect(ONE_SIDE)


@pytest.mark.parametrize(
    ("group", "size"), [(ONE_SIDE, 44), (BOTH_SIDES, 24), (Group.of(np.eye(2)), 80)]
)
def test_the_symmetric_combinations_are_all_there_are(group, size):
    basis = Box.coupling((0.0, 0.0), 1.0, 8)
    combinations = group.invariants(basis.orders)
    rng = np.random.default_rng(0)
    symmetric = Couplings.of(basis, combinations @ rng.standard_normal(size), ("x", "y"))
    other = Couplings.of(basis, rng.standard_normal(80), ("x", "y"))
    wanted = replace(other, tensor=group.mean(other.tensor)).coefficients(basis)

    assert combinations.shape == (80, size)
    assert symmetric.defect(group) < 1e-12
    np.testing.assert_allclose(combinations.T @ combinations, np.eye(size), atol=1e-14)
    np.testing.assert_allclose(combinations @ (combinations.T @ wanted), wanted, atol=1e-10)


@pytest.mark.parametrize("group", [ONE_SIDE, BOTH_SIDES, CYCLE])
def test_the_symmetric_combinations_are_the_means_of_all_functions(group):
    """Also for an exchange in a circle, which is not its own inverse."""
    side = (4,) * group.dimension
    orders = [m for m in np.ndindex(side) if any(m)]
    units = np.eye(int(np.prod(side))).reshape(-1, *side)
    means = [group.mean(unit)[tuple(np.transpose(orders))] for unit in units]
    combinations = group.invariants(orders)

    assert combinations.shape == (len(orders), np.linalg.matrix_rank(means))
    for mean in means:
        np.testing.assert_allclose(combinations @ (combinations.T @ mean), mean, atol=1e-14)


def test_a_basis_that_is_not_closed_under_the_symmetry():
    with pytest.raises(InputError, match=r"\(0, 1\) to \(1, 0\)"):
        ONE_SIDE.invariants([(0, 1)])


WINDOWS = {
    name: dataset.window for name, dataset in systems.get("trapped_charges").datasets.items()
}


@pytest.mark.parametrize(
    ("window", "identical", "size"),
    [
        (WINDOWS["origin"], True, 4),
        (WINDOWS["origin"], False, 2),
        (WINDOWS["one_side"], True, 2),
        (WINDOWS["one_side"], False, 1),
        (WINDOWS["fixed_point"], True, 2),
        (WINDOWS["far"], True, 2),
        (WINDOWS["far_opposite"], True, 2),
        (Window("off", (0.3, 0.1), 1.0), True, 1),
        (Window("one side", (0.0, 0.0), 1.0, ordered=True), True, 2),
        (Window("three on a line", (0.0, 0.0, 0.0), 3.0), True, 12),
        (Window("in order", (0.0, 0.0, 0.0), 3.0, ordered=True), True, 2),
        (Window("two in the plane", (0.0,) * 4, 3.0, dimension=2), True, 16),
        (Window("two above each other", (0.0, 1.0, 0.0, -1.0), 3.0, dimension=2), True, 4),
    ],
)
def test_the_group_of_a_window_keeps_the_window(window, identical, size):
    """Images of draws lie in the window, and there are no more than so many elements."""
    group = group_of(window, identical)
    q = window.draw(0, 200)[0]
    reach = window.width / 2 * (1 + 1e-9)

    assert len(group) == len(set(group.elements)) == size
    assert group == Group(group.elements)
    assert len(Group.of(*group.elements)) == size
    for element in group.elements:
        image = q @ np.array(element).T
        assert abs(image - window.center).max() < reach
        assert not window.ordered or (np.diff(image, axis=1) < 0).all()


def test_one_side_is_the_signed_exchange():
    assert group_of(WINDOWS["one_side"]).elements == ONE_SIDE.elements
    assert group_of(WINDOWS["far"]).elements == Group.of([[0, 1], [1, 0]]).elements
    assert set(group_of(WINDOWS["origin"]).elements) == set(BOTH_SIDES.elements)


def test_too_many_exchanges():
    crowd = Window("ten", (0.0,) * 10, 9.0)
    with pytest.raises(InputError, match="10! exchanges"):
        group_of(crowd)
    assert len(group_of(crowd, identical=False)) == 2


@pytest.mark.parametrize("window", ["origin", "one_side", "far_opposite"])
def test_augmented_samples_obey_the_law(window):
    """The images of samples are samples of the same system, in the same window."""
    system = systems.get("trapped_charges")
    samples = system.draw(window, 0, 50)
    group = group_of(system.window(window))
    orbit = augmented(samples, group)

    assert len(orbit) == 50 * len(group)
    assert np.array_equal(orbit[:50].q, samples.q)
    assert len(np.unique(orbit.q.round(9), axis=0)) == len(orbit)
    np.testing.assert_allclose(orbit.qdd, system.motion().acceleration()(orbit.q), rtol=1e-13)
    velocity = PhaseSamples(samples.coordinates, samples.qd, samples.q, samples.qdd)
    assert np.array_equal(augmented(velocity, group).q, orbit.qd)


@pytest.mark.parametrize(
    "generators",
    [(), ([[1, 1], [0, 1]],), ([[2, 0], [0, 1]],), ([[1, 0]],), (np.eye(2), np.eye(3))],
)
def test_a_group_that_is_none(generators):
    with pytest.raises(InputError):
        Group.of(*generators)


def test_a_group_acts_on_its_own_dimension():
    with pytest.raises(InputError, match="2 equal sides"):
        ONE_SIDE.defect(np.zeros((3, 4)))
    samples = PhaseSamples(("x",), [[1.0]], [[0.0]], [[0.0]])
    with pytest.raises(InputError, match="acts on 2 coordinates, the samples have 1"):
        augmented(samples, ONE_SIDE)
