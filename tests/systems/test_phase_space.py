"""Points of phase space, the windows they are drawn from, and the systems that have windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import systems
from systems import InputError, PhaseSamples, Window
from systems.catalog import trapped_particles
from systems.expressions import symbol

CHARGES = systems.get("trapped_charges")


def still(n: int = 4) -> PhaseSamples:
    return PhaseSamples(("x", "y"), np.ones((n, 2)), np.zeros((n, 2)), np.full((n, 2), 2.0))


@pytest.mark.parametrize(
    ("q", "qd", "qdd", "message"),
    [
        (np.ones((3, 2)), np.ones((3, 2)), np.ones((2, 2)), "must all have the shape"),
        (np.ones(3), np.ones(3), np.ones(3), "must all have the shape"),
        (np.ones((3, 1)), np.ones((3, 1)), np.ones((3, 1)), r"shape \(samples, 2\)"),
        (np.ones((0, 2)), np.ones((0, 2)), np.ones((0, 2)), "no samples"),
        (np.ones((3, 2)), np.full((3, 2), np.nan), np.ones((3, 2)), "sample 0: xd is nan"),
        (np.ones((3, 2)), np.ones((3, 2)), np.full((3, 2), np.inf), "sample 0: xdd is inf"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(q, qd, qdd, message):
    with pytest.raises(InputError, match=message):
        PhaseSamples(("x", "y"), q, qd, qdd)


def test_samples_are_picked_by_slice_and_by_mask():
    samples = CHARGES.draw(count=50)
    right = samples[samples.q[:, 0] > samples.q[:, 1]]
    assert 0 < len(right) < 50
    assert (right.q[:, 0] > right.q[:, 1]).all()
    np.testing.assert_array_equal(samples[:7].qdd, samples.qdd[:7])
    assert samples.digest() != right.digest()


def test_noise_is_of_the_size_asked_for_and_leaves_positions_alone():
    # The two are pushed to two sides, and the heavier one less: means and deviations differ.
    samples = systems.get("trapped_charges", {"m1": 3.0}).draw("far", count=4000)
    rms = np.sqrt((samples.qdd**2).mean())
    each = samples.qdd.std(axis=0)
    size = np.linalg.norm(samples.qdd, axis=1, keepdims=True)
    for noisy, scale in (
        (samples.with_noise(0.02, seed=1), 0.02 * each),
        (samples.with_rms_noise(0.02, seed=1), 0.02 * rms),
        (samples.with_absolute_noise(0.3, seed=1), 0.3),
        (samples.with_relative_noise(0.05, seed=1), 0.05 * size),
    ):
        z = (noisy.qdd - samples.qdd) / scale
        assert abs(z.std() - 1) < 0.03
        np.testing.assert_array_equal(noisy.q, samples.q)
    with pytest.raises(InputError, match="a fraction such as"):
        samples.with_noise(-0.1, seed=0)


@given(seed=st.integers(0, 1000), gap=st.floats(0.0, 0.5), width=st.floats(0.8, 4.0))
def test_a_window_keeps_its_box_its_gap_and_its_order(seed, gap, width):
    window = Window("", (0.5, -0.5), width, gap, ordered=True)
    q, qd = window.draw(seed, 30)
    assert q.shape == qd.shape == (30, 2)
    assert (np.abs(q - [0.5, -0.5]) <= width / 2).all()
    assert (q[:, 0] - q[:, 1] > gap).all()
    assert (np.abs(qd) <= 1).all()


def test_a_window_that_cannot_be_filled_says_so():
    with pytest.raises(InputError, match="fewer particles, a wider box or a smaller gap"):
        Window("", (0.0, 0.0), 0.1, gap=1.0).draw(0, 5)


def test_the_same_seed_draws_the_same_samples_and_another_does_not():
    one, again, other = (CHARGES.draw("far", seed) for seed in (3, 3, 4))
    assert one.digest() == again.digest() != other.digest()


def test_accelerations_are_those_of_the_report():
    samples = systems.get("trapped_charges", {"k": 3.0, "alpha": 2.0, "m1": 2.0}).draw()
    q0, q1 = samples.q.T
    push = 2 * np.sign(q0 - q1) / (q0 - q1) ** 2
    expected = np.stack([-3 * q0 + push, (-3 * q1 - push) / 2], axis=1)
    np.testing.assert_allclose(samples.qdd, expected, rtol=1e-12)


def test_charges_at_a_fixed_point_stay_there():
    system = systems.get("trapped_charges", {"k": 3, "alpha": 2})
    center = np.array(system.window("narrow").center)
    assert abs(center[0] - (2 / 12) ** (1 / 3)) < 1e-15
    for point in (center, -center):
        assert np.abs(system.motion().acceleration()(point[None])).max() < 1e-14
    assert abs(CHARGES.window("narrow").center[0] - (1 / 16) ** (1 / 3)) < 1e-15


def test_the_truth_is_written_with_its_numbers():
    q0, q1, r = map(symbol, ("q0", "q1", "r"))
    assert CHARGES.truths("far")["potential"] == 2 * q0**2 + 2 * q1**2 + 1 / r
    assert (
        replace(CHARGES, mechanics=CHARGES.motion().without_known()).truths()["potential"] == 1 / r
    )
    assert CHARGES.motion().lagrangian.has(symbol("k"))


@pytest.mark.parametrize("law", trapped_particles.PAIR_LAWS)
@pytest.mark.parametrize(("particles", "dimension"), [(2, 1), (3, 2)])
def test_accelerations_of_many_particles_are_the_gradient_of_their_energy(
    law, particles, dimension
):
    system = systems.get(
        "trapped_particles",
        {"law": law, "particles": particles, "dimension": dimension, "m": 2.0, "alpha": 0.5},
    )
    q = system.draw(count=5).q
    h = 1e-6
    values = system.motion().potential_values
    slopes = [
        (values(q + h * step) - values(q - h * step)) / (2 * h) for step in np.eye(q.shape[1])
    ]
    expected = -np.stack(slopes, axis=1) / 2
    np.testing.assert_allclose(system.motion().acceleration()(q), expected, rtol=1e-5, atol=1e-5)


def test_a_sum_runs_over_every_coordinate_and_every_pair():
    system = systems.get("trapped_particles", {"particles": 3, "dimension": 2, "law": "spring"})
    written = sympy.expand(system.motion().in_coordinates(symbol("x") ** 2 + symbol("r") ** 2))
    names = [symbol(name) for name in system.motion().coordinates]
    # Σ x² + Σ_{i<j} |x_i - x_j|² holds every coordinate's square 1 + 2 times.
    assert all(written.coeff(name, 2) == 3 for name in names)
    assert len(system.motion().distances) == 3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kk": 1}, "no parameter 'kk'.*Did you mean 'k'"),
        ({"k": "stiff"}, "must be a number, not 'stiff'"),
        ({"alpha": -1.0}, "must be positive"),
    ],
)
def test_wrong_parameters_are_told(parameters, message):
    with pytest.raises(InputError, match=message):
        systems.get("trapped_charges", parameters)


def test_unknown_windows_laws_and_systems_without_windows_are_told():
    with pytest.raises(InputError, match=r"no data set 'farr'.*Did you mean 'far'"):
        CHARGES.draw("farr")
    with pytest.raises(InputError, match=r"no pair law 'yukava'.*Did you mean 'yukawa'"):
        systems.get("trapped_particles", {"law": "yukava"})
    with pytest.raises(InputError, match="two or more particles in 1, 2 or 3"):
        systems.get("trapped_particles", {"dimension": 4})
    with pytest.raises(InputError, match="has no windows"):
        systems.get("coulomb").window()
    with pytest.raises(InputError, match="no parameters to set"):
        systems.get("coulomb", {"k": 1})
