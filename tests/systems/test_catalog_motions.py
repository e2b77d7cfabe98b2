"""The motions of the catalog that have quantities of their own which they conserve."""

from __future__ import annotations

import numpy as np
import pytest

import interpret
import systems
from systems import InputError

MOTIONS = [
    ("henon_heiles", {}),
    ("kepler", {}),
    ("kepler", {"dimension": 3, "b": 0.2}),
    ("toda", {}),
    ("toda", {"particles": 4, "last": 1.5}),
    ("lennard_jones", {}),
    ("lennard_jones", {"atoms": 3, "dimension": 1}),
]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        pytest.param(*motion, marks=[pytest.mark.slow] * (motion != ("kepler", {})))
        for motion in MOTIONS
    ],
)
def test_energy_is_conserved_by_every_drawn_motion(name, parameters):
    problem = systems.get(name, parameters)
    drawn = problem.draw(seed=1)
    for energy in problem.motion().energy(drawn):
        assert np.ptp(energy) < 1e-9 * abs(energy).max()
    assert problem.held_out(seed=1).digest() != drawn.digest()


@pytest.mark.slow
def test_toda_conserves_its_third_quantity_and_an_unlike_spring_does_not():
    def spread(problem):
        worst = 0.0
        for item in problem.draw():
            (q1, q2, q3), (p1, p2, p3) = item.q.T, item.p.T
            third = p1 * p2 * p3 - p1 * np.exp(q2 - q3) - p2 * np.exp(q3 - q1)
            worst = max(worst, np.ptp(third - p3 * np.exp(q1 - q2)))
        return worst

    assert spread(systems.get("toda")) < 1e-9
    assert spread(systems.get("toda", {"last": 1.5})) > 1e-2


def test_a_closed_orbit_keeps_its_axis_and_b_turns_it():
    def turned(b):
        angles = []
        for item in systems.get("kepler", {"b": b}).draw():
            x, y, vx, vy = *item.q.T, *item.p.T
            ell, r = x * vy - y * vx, np.hypot(x, y)
            angles.append(np.ptp(np.unwrap(np.arctan2(-vx * ell - y / r, vy * ell - x / r))))
        return max(angles)

    assert turned(0.0) < 1e-8
    assert turned(0.2) > 0.1


def test_sizes_that_no_system_has_are_refused():
    for name, parameters in [
        ("kepler", {"dimension": 4}),
        ("toda", {"particles": 2}),
        ("lennard_jones", {"atoms": 1}),
    ]:
        with pytest.raises(InputError, match="not"):
            systems.get(name, parameters)


OTHERS = ("lennard_jones", "toda", "henon_heiles")


@pytest.mark.parametrize(
    "name", ["kepler", *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
)
def test_they_are_fitted_as_they_come(name):
    run = interpret.fit(name)
    assert run.comparison.verdict == "IDENTICAL"
    assert run.law.verdict == "identified"
