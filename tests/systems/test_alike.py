"""Sums over many things alike have the forces of the sums written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy

import systems
from systems import alike
from systems.expressions import symbol
from systems.mechanics import Mechanics
from training.features import Features

X, R, A, W = map(symbol, ("x", "r", "a", "w"))


def gas(potential, **more):
    """Five particles on a line, with ten distances r, as many weights w, and the coordinates x."""
    names = [f"q{i}" for i in range(5)]
    places = list(map(symbol, names))
    pairs = [(i, j) for i in range(5) for j in range(i)]
    sums = {
        "x": tuple(places),
        "r": tuple(((places[i] - places[j]) ** 2 + 1) ** 0.5 for i, j in pairs),
        "w": tuple(places[i] * places[j] + i for i, j in pairs),
    }
    mass = (1.0, 2.0, 3.0, 4.0, 5.0)
    return Mechanics(tuple(names), mass, potential, sums=sums, **more)


POTENTIALS = {
    "pairs": 1 / R,
    "pairs and a trap": 1 / R + R**2 + 3 * X**2,
    "hand in hand": W / R + R,
    "a coordinate beside": symbol("q0") * R + symbol("q1") ** 2 * symbol("q2") + 7,
    "a coordinate inside": sympy.log(2 + symbol("q0") ** 2 * R),
    "a feature beside": A * R + A,
}


@pytest.mark.parametrize("kind", POTENTIALS)
def test_the_forces_are_those_of_the_sums_written_out(kind, monkeypatch):
    both = {"features": {"a": symbol("q3") ** 2}} if "feature" in kind else {}
    q = np.random.default_rng(0).uniform(-1, 1, (7, 5))
    found = gas(POTENTIALS[kind], **both).accelerations(q, q)
    monkeypatch.setattr(alike, "FEW", 100)
    written = gas(POTENTIALS[kind], **both)
    np.testing.assert_allclose(found, written.accelerations(q, q), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(written.acceleration()(q), found, rtol=1e-13, atol=1e-14)


def test_other_forces_stand_beside_them():
    bare = gas(1 / R)
    rubbed = replace(bare, others={"dissipative": symbol("q0d") ** 2 / 2})
    q, v = np.random.default_rng(0).uniform(-1, 1, (2, 7, 5))
    drag = np.zeros_like(q)
    drag[:, 0] = -v[:, 0]
    np.testing.assert_allclose(
        rubbed.accelerations(q, v), bare.accelerations(q, v) + drag, rtol=1e-12, atol=1e-13
    )


def test_features_that_are_alike_are_those_that_are_compiled_each(monkeypatch):
    system = systems.get("trapped_particles", {"particles": 5, "dimension": 2}).motion()
    q = np.random.default_rng(0).uniform(-1, 1, (7, 10))
    found = Features.of(system.coordinates, system.distances)
    values, jacobian = found.values(q), found.jacobian(q)
    monkeypatch.setattr(alike, "FEW", 100)
    each = Features.of(system.coordinates, system.distances)
    np.testing.assert_allclose(values, each.values(q), rtol=1e-15)
    np.testing.assert_allclose(jacobian, each.jacobian(q), rtol=1e-14, atol=1e-16)
