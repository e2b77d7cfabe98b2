"""Trajectories: checked when they are made, and unchanged afterwards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from systems import InputError, Trajectories, Trajectory
from systems.files.pieces import groups

T = np.linspace(0.0, 1.0, 5)


def some(d: int = 2, count: int = 3) -> Trajectories:
    rng = np.random.default_rng(0)
    q, p = rng.standard_normal((2, count, len(T), d))
    names = ("x", "y", "z")[:d]
    return Trajectories.from_arrays(names, np.arange(1, d + 1) / 2, T, q, p)


def test_ragged_and_irregular_trajectories_are_stacked_in_order():
    short = Trajectory(np.array([0, 0.1, 0.7]), np.zeros((3, 1)), np.ones((3, 1)))
    long = Trajectory(T, np.ones((5, 1)), np.zeros((5, 1)))
    data = Trajectories(("q",), [2.0], (short, long))
    t, q, p, group = data.stack()
    assert (len(data), data.points, data.dimension) == (2, 8, 1)
    assert group.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert t[:3].tolist() == [0, 0.1, 0.7]
    assert q.shape == p.shape == (8, 1)
    assert data.velocity(0).ravel().tolist() == [0.5, 0.5, 0.5]
    assert data.kinetic(0).tolist() == [0.25, 0.25, 0.25]


def test_kinetic_energy_uses_each_coordinate_s_own_mass():
    data = some()
    p = data[1].p
    np.testing.assert_allclose(data.kinetic(1), p[:, 0] ** 2 + p[:, 1] ** 2 / 2)


def test_velocities_become_momenta():
    data = some()
    triples = [(item.t, item.q, data.velocity(i)) for i, item in enumerate(data)]
    again = Trajectories.from_velocities(data.coordinates, data.mass, triples)
    np.testing.assert_allclose(again.stack()[2], data.stack()[2], rtol=1e-15)


def test_slices_are_trajectories_and_indices_are_one():
    data = some()
    assert isinstance(data[0], Trajectory)
    assert len(data[1:]) == 2
    assert data[1:].digest() != data[:2].digest()
    np.testing.assert_array_equal(data[1:][0].q, data[1].q)


def test_noise_has_the_size_asked_for_and_follows_the_seed():
    data = some(count=400)
    noisy = data.with_noise(0.05, seed=3)
    std_q, std_p = data.channel_std()
    errors_q = noisy.stack()[1] - data.stack()[1]
    errors_p = noisy.stack()[2] - data.stack()[2]
    np.testing.assert_allclose(errors_q.std(axis=0), 0.05 * std_q, rtol=0.05)
    np.testing.assert_allclose(errors_p.std(axis=0), 0.05 * std_p, rtol=0.05)
    assert abs(np.corrcoef(errors_q[:, 0], errors_p[:, 0])[0, 1]) < 0.1
    assert noisy.digest() == data.with_noise(0.05, seed=3).digest()
    assert noisy.digest() != data.with_noise(0.05, seed=4).digest()
    assert data.with_noise(0, seed=0).digest() == data.digest()
    with pytest.raises(InputError):
        data.with_noise(-1, seed=0)


def test_the_digest_sees_every_number_and_nothing_else():
    data = some()
    assert data.digest() == some().digest()
    changed = data[2].p.copy()
    changed[-1, -1] = np.nextafter(changed[-1, -1], np.inf)
    items = (*data.items[:2], Trajectory(data[2].t, data[2].q, changed))
    others = [
        Trajectories(data.coordinates, data.mass, items),
        Trajectories(("x", "z"), data.mass, data.items),
        Trajectories(data.coordinates, 2 * data.mass, data.items),
        data[:2],
    ]
    assert len({data.digest(), *(other.digest() for other in others)}) == 5
    # Stored the other way round in memory, the numbers are still the same.
    turned = tuple(Trajectory(i.t, np.asfortranarray(i.q), np.asfortranarray(i.p)) for i in data)
    assert Trajectories(data.coordinates, data.mass, turned).digest() == data.digest()


def broken(**change):
    """A good trajectory, and one with a fault."""
    good = {"t": T, "q": np.zeros((5, 1)), "p": np.zeros((5, 1))}
    return Trajectories(("q",), [1.0], (Trajectory(**good), Trajectory(**(good | change))))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"t": np.array([0, 1, 2, 2, 3.0])}, "trajectory 1: time is repeated at point 3"),
        ({"t": np.array([0, 1, 2, 1.5, 3])}, "trajectory 1: time is not sorted at point 3"),
        ({"t": np.array([0, 1, np.nan, 3, 4])}, "trajectory 1: t is nan at point 2"),
        ({"p": np.array([[0], [0], [0], [np.inf], [0]])}, "trajectory 1: p_q is inf at point 3"),
        ({"q": np.zeros((4, 1))}, r"q \(4, 1\)"),
        ({"q": np.zeros(5)}, r"q \(5,\)"),
    ],
)
def test_faults_are_named_with_their_place(change, sentence):
    with pytest.raises(InputError, match=sentence):
        broken(**change)


def test_two_points_are_too_few():
    item = Trajectory(T[:2], np.zeros((2, 1)), np.zeros((2, 1)))
    with pytest.raises(InputError, match="trajectory 0 has 2 points; at least 3"):
        Trajectories(("q",), [1.0], (item,))
    with pytest.raises(InputError, match="no trajectories"):
        Trajectories(("q",), [1.0], ())


@pytest.mark.parametrize("mass", [[1.0], [1, 1, 1], [1, 0], [1, -1], [1, np.nan], 1.0])
def test_masses_must_be_one_positive_number_each(mass):
    with pytest.raises(InputError, match="mass"):
        Trajectories(("x", "y"), mass, some().items)


@pytest.mark.parametrize("names", [("x", "x"), ("x", "S"), ("x", "2y"), ("x",)])
def test_names_must_be_different_usable_and_as_many_as_columns(names):
    with pytest.raises(InputError):
        Trajectories(names, np.ones(len(names)), some().items)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30))
def test_groups_partition_the_rows(labels):
    parts = groups(np.array(labels))
    assert sorted(int(row) for part in parts for row in part) == list(range(len(labels)))
    assert [labels[part[0]] for part in parts] == list(dict.fromkeys(labels))
    for part in parts:
        assert len({labels[row] for row in part}) == 1
        assert list(part) == sorted(part)
