"""Step by step gives what `fit` gives, of every experiment."""

from __future__ import annotations

import numpy as np
import pytest

import interpret
import systems
from interpret.experiments.born import Born
from interpret.experiments.motion import Motion
from interpret.experiments.values import Values
from interpret.laws import kept
from systems import Supervised
from systems.samples.values import ValueSamples


def draw(seed, count):
    x = np.random.default_rng(seed).uniform(-1, 1, (count, 2))
    return ValueSamples(x, x[:, 0] + x[:, 1] ** 2, np.ones(count))


PARABOLA = Supervised("parabola", "", "", ("x", "z"), "y", None, draw, count=100, truth="x + z**2")

CASES = {
    "motion": (lambda: systems.get("oscillator"), Motion(), 1),
    "points": (lambda: systems.get("trapped_charges"), Motion(learn="exact", samples=20), 1),
    # It trains twice, as `fit` does once in `test_every_run`.
    "born": (lambda: systems.get("born", {"steps": 8}), Born(orders=1, samples=600), 1),
    "values": (lambda: PARABOLA, Values(), 1),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name == "born")) for name in CASES]
)
def test_step_by_step(name):
    made, options, count = CASES[name]
    problem = made()
    run = interpret.fit(problem, options)

    samples = problem.draw(options.dataset, options.seed, options.samples)
    # Measured samples are not drawn: learning is asked for no number of them.
    asked = type(options)(**{k: v for k, v in options.given.items() if k != "samples"})
    fit = interpret.learn(problem, samples, asked)
    refined = [interpret.refine(law, fit) for law in interpret.read(fit)]
    laws = tuple(interpret.certify(law, fit).judged(law) for law in refined)
    comparisons = tuple(interpret.compare(law, problem) for law in laws)

    assert len(laws) == count
    assert samples.digest() == run.samples.digest()
    assert [comparison.verdict for comparison in comparisons] == ["IDENTICAL"] * count
    for law, other in zip(laws, run.laws, strict=True):
        assert (law.terms, law.expr, law.verdict) == (other.terms, other.expr, other.verdict)
        # Equal arithmetic, but nothing here hangs on the last bits of it.
        np.testing.assert_allclose(law.coefficients, other.coefficients, rtol=1e-6)
    assert [item.verdict for item in run.comparisons] == ["IDENTICAL"] * count
    assert kept.laws(kept.to_json(laws)) == laws
