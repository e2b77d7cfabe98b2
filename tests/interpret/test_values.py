"""Maps of one's own: the exact map goes in, the exact map comes out."""

from __future__ import annotations

import io

import numpy as np
import pytest
import sympy

import interpret
from interpret.experiments.values import Values
from systems import Supervised
from systems.expressions import symbol
from systems.samples.values import ValueSamples

x0, x1, x2 = map(symbol, ("x0", "x1", "x2"))
COUNT = 200


def own_map(truth, dimension):
    """The map y = truth, drawn at random points of the cube |x| < 1 about 0.25."""
    names = tuple(f"x{number}" for number in range(dimension))
    exact = sympy.lambdify([symbol(name) for name in names], truth)

    def draw(seed, count):
        x = np.random.default_rng(seed).uniform(-0.75, 1.25, (count, dimension))
        return ValueSamples(x, exact(*x.T), np.ones(count))

    return Supervised("own", "a map", "", names, "y", None, draw, count=COUNT, truth=truth)


MAPS = {"parabola": (x0 + x1**2, 2), "saddle": (3 * x0 * x1 - x2, 3)}


@pytest.mark.parametrize("name", MAPS)
def test_a_clean_map_is_found_exactly(name):
    truth, dimension = MAPS[name]
    run = interpret.fit(own_map(truth, dimension))
    assert run.law.expr == truth
    assert (run.law.verdict, run.comparison.verdict) == ("identified", "IDENTICAL")
    assert [part.name for part in run.law.parts] == ["map"]
    assert {term["part"] for term in run.law.to_json()["terms"]} == {"map"}
    assert {term.part for term in run.comparison.terms} == {"map"}
    assert (run.law.stderr < 1e-9).all()


@pytest.mark.parametrize("name", MAPS)
def test_a_noisy_map_is_found_within_its_error(name):
    truth, dimension = MAPS[name]
    run = interpret.fit(own_map(truth, dimension), Values(noise=0.01, seed=1))
    assert set(run.law.terms) == set(truth.as_coefficients_dict())
    assert run.comparison.verdict != "DIFFERENT"
    true = [float(truth.coeff(term)) for term in run.law.terms]
    assert np.abs(run.law.coefficients - true).max() < 4 * run.law.stderr.max()
    # σ / sqrt(n) of a term whose values spread about as much as y does: 0.01 / 14, times a few.
    assert 1e-5 < run.law.stderr.max() < 1e-2


def test_what_the_library_lacks_is_no_law():
    wave = own_map(sympy.sin(2 * x0), 1)
    assert interpret.fit(wave).law.verdict == "not in the library"
    found = interpret.fit(wave, library="sin(2*x0), x0")
    assert found.law.expr == sympy.sin(2 * x0)
    assert found.comparison.verdict == "IDENTICAL"


def test_the_taylor_tensors_are_those_of_the_map():
    """y = x0 + x1² has the gradient (1, 2 x1), the Hessian diag(0, 2) and nothing beyond."""
    run = interpret.fit(own_map(x0 + x1**2, 2))
    kept = np.load(io.BytesIO(run.findings.files["tensors.npz"]))
    center = run.samples.x.mean(axis=0)
    np.testing.assert_allclose(kept["center"], center)
    np.testing.assert_allclose(kept["order1"], [1, 2 * center[1]], atol=1e-3)
    np.testing.assert_allclose(kept["order2"], [[0, 0], [0, 2]], atol=1e-2)
    np.testing.assert_allclose(kept["order3"], np.zeros((2, 2, 2)), atol=0.1)


def test_measured_values_have_no_truth():
    run = interpret.fit(own_map(x0 + x1**2, 2).draw())
    assert run.law.expr == x0 + x1**2
    assert run.comparisons == ()
