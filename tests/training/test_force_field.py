"""Potentials of forces at places: as good as the network can be, in whatever units."""

from __future__ import annotations

import numpy as np
import pytest

from systems import InputError
from training import match_forces
from training.matching.force_matching import Matching
from training.optimise.projection import Limits
from training.optimise.watch import Monitor
from training.potential import Potential

PLACES = 1 + 2.2 * np.cos(np.pi * (np.arange(128) + 0.5) / 128)[:, None]
OTHERS = np.linspace(-1.1, 3.1, 200)[:, None]


def well(q):
    """Minus the slope of q**2 (q - 2)**2 - (q - 1)**2."""
    return 2 * (q - 1) - 4 * q * (q - 1) * (q - 2)


def missed(learned, q, force):
    """The relative error of the force at other places."""
    return np.linalg.norm(learned.gradient(q) + force) / np.linalg.norm(force)


def valley(q):
    """Of V = (x**2 - 1)**2 / 4 + x y + y**2, two coordinates that are coupled."""
    x, y = q.T
    return -np.stack([x * (x**2 - 1) + y, x + 2 * y], axis=1)


def test_a_double_well_to_six_digits_and_its_potential_with_it():
    learned = match_forces(PLACES, well(PLACES), limits=Limits(5000, 5e-7))
    assert missed(learned, OTHERS, well(OTHERS)) < 3e-6
    truth = (OTHERS**2 * (OTHERS - 2) ** 2 - (OTHERS - 1) ** 2)[:, 0]
    found = learned(OTHERS)
    np.testing.assert_allclose(found - found[0], truth - truth[0], rtol=0, atol=1e-4)


def test_two_coordinates_by_a_deeper_network():
    draw = np.random.default_rng(0)
    q, others = draw.uniform(-1.5, 1.5, (2, 300, 2))
    learned = match_forces(q, valley(q), hidden=(8, 8, 8), limits=Limits(3000, 1e-5))
    assert missed(learned, others, valley(others)) < 1e-3


@pytest.mark.parametrize(("unit", "origin", "strength"), [(1e-9, 3e-9, 1e-20), (1e6, -4e7, 1e12)])
def test_units_do_not_matter(unit, origin, strength):
    """The same descent in other units; so far from the origin as digits allow."""
    plain = match_forces(PLACES, well(PLACES), limits=Limits(60, 0.0))
    learned = match_forces(origin + unit * PLACES, strength * well(PLACES), limits=Limits(60, 0.0))
    np.testing.assert_allclose(
        learned.gradient(origin + unit * OTHERS) / strength,
        plain.gradient(OTHERS),
        rtol=0,
        atol=1e-3 * abs(well(OTHERS)).max(),
    )


def test_without_a_compiler_the_same_is_learned(monkeypatch):
    limits = Limits(20, 0.0)
    expected = match_forces(PLACES, well(PLACES), limits=limits).gradient(OTHERS)
    monkeypatch.setattr(Matching, "of", lambda network: None)
    found = match_forces(PLACES, well(PLACES), limits=limits).gradient(OTHERS)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * abs(expected).max())


def test_it_is_told_saved_and_repeated(tmp_path):
    told = []

    class Watch:
        def update(self, step, total, loss):
            told.append((step, total, loss))

    limits = Limits(12, 0.0)
    learned = match_forces(PLACES, well(PLACES), limits=limits, monitor=Monitor(Watch()))
    assert [step for step, _, _ in told] == list(range(1, 13))
    losses = [loss for _, _, loss in told]
    assert losses == sorted(losses, reverse=True)
    again = match_forces(PLACES, well(PLACES), limits=limits)
    np.testing.assert_array_equal(again(OTHERS), learned(OTHERS))
    restored = Potential.restored(learned.state())
    np.testing.assert_array_equal(restored(OTHERS), learned(OTHERS))
    other = match_forces(PLACES, well(PLACES), seed=1, limits=limits)
    assert abs(other(OTHERS) - learned(OTHERS)).max() > 0


@pytest.mark.parametrize(
    ("q", "force", "said"),
    [
        (np.zeros(3), np.zeros(3), "arrays \\(n, d\\) of the same shape"),
        (np.zeros((3, 1)), np.zeros((3, 2)), "of the same shape, not \\(3, 1\\) and \\(3, 2\\)"),
        (np.zeros((0, 1)), np.zeros((0, 1)), "of the same shape"),
        (np.array([[0.0], [np.nan]]), np.ones((2, 1)), "have to be finite"),
        (np.ones((2, 1)), np.zeros((2, 1)), "all forces are 0"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(q, force, said):
    with pytest.raises(InputError, match=said):
        match_forces(q, force)
