"""The terms of a law with unknown kinetic energy, from menus that hold far more."""

from __future__ import annotations

import numpy as np
import pytest

from interpret.weak.choice import chosen
from interpret.weak.lengths import weighed
from interpret.weak.menu import menu, needed
from interpret.weak.observed import Observed
from systems.samples.trajectories import Trajectories
from tests.interpret.swings import cart, pendula
from training.prepare.noise import estimate

DOUBLE = [
    "ad**2/2",
    "ad*bd*cos(a - b)",
    "bd**2/2",
    "cos(a)",
    "cos(b)",
    "ad**2/2",
    "ad*bd",
    "bd**2/2",
]
DRIVEN = ["xd**2/2", "thd*xd*cos(th)", "thd**2/2", "cos(th)", "xd**2/2", "thd**2/2", "u*x"]


def terms_of(data, angles, signals=()):
    observed = Observed.of(data, estimate(data), signals)
    _, q, _, _ = data.stack()
    ranges = {n: (x.min(), x.max()) for n, x in zip(data.coordinates, q.T, strict=True)}
    terms = menu(ranges, angles, signals)
    pencil = weighed(terms, observed).rows.settled()
    found = chosen(pencil, needed(terms), noisy=observed.noisy)
    return [str(terms.items[k].expr) for k in found.support], found


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.001, 0.01])
def test_a_double_pendulum_with_friction(noise):
    names, found = terms_of(pendula(noise), ["a", "b"])
    assert names == DOUBLE
    assert found.nullity == 1
    assert found.explained == (noise > 0)


@pytest.mark.parametrize("noise", [pytest.param(0.0, marks=pytest.mark.slow), 0.01])
def test_a_driven_pendulum_on_a_cart(noise):
    names, _ = terms_of(cart(noise), ["th"], ["u"])
    assert names == DRIVEN


@pytest.mark.slow
def test_positions_alone():
    names, _ = terms_of(pendula(0.003).positions_alone(), ["a", "b"])
    assert names == DOUBLE


def test_normal_modes_are_several_lagrangians():
    """Two springs coupled: x + y and x - y move alone, so any sum of their Lagrangians will do."""
    t = 0.05 * np.arange(200)
    w = np.sqrt(3)
    sizes = [(1.0, 1.0), (0.5, 1.2), (1.3, 0.3), (0.2, 0.9)]
    q = [
        [a * np.sin(t + a) + b * np.cos(w * t), a * np.sin(t + a) - b * np.cos(w * t)]
        for a, b in sizes
    ]
    v = [
        [a * np.cos(t + a) - b * w * np.sin(w * t), a * np.cos(t + a) + b * w * np.sin(w * t)]
        for a, b in sizes
    ]
    q, v = (np.swapaxes(each, 1, 2) for each in (q, v))
    data = Trajectories.from_arrays(["x", "y"], [1, 1], t, q, v)
    _, found = terms_of(data, [])
    assert found.nullity == 2
    assert terms_of(data.with_noise(0.003, 0), [])[1].nullity == 2
