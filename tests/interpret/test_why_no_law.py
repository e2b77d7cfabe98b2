"""Why there is no law: the cause that was put into the data is the one that is named."""

from __future__ import annotations

import numpy as np
import pytest

import systems
from interpret.judge.unexplained import unexplained
from interpret.laws.law import Law
from interpret.pipeline import fit
from interpret.reading.best_fit import shown
from interpret.reading.probes import Probes, probe
from interpret.reading.regression import regress
from interpret.select.library import Library
from systems.samples.trajectories import Trajectories
from training.learn.motion import train
from training.settings import Settings

TIMES = np.linspace(0, 20, 500)


def read(data: Trajectories, library: str, features=None) -> tuple[Law, Probes]:
    """The best fit of a library, whatever it is worth."""
    problem = systems.observed(data)
    samples = probe(train(problem, data, Settings(width=32, iterations=1), features=features))
    return regress(samples, Library.parse(library, samples.features.names)), samples


def said(data: Trajectories, library: str) -> tuple[str, ...]:
    return unexplained(*read(data, library))


def linear(matrix: np.ndarray, start: np.ndarray) -> Trajectories:
    """q' = v, v' = A (q, v): the exact motion by the eigenvectors of the whole."""
    d = len(start) // 2
    whole = np.vstack([np.hstack([np.zeros((d, d)), np.eye(d)]), matrix])
    values, vectors = np.linalg.eig(whole)
    parts = np.linalg.solve(vectors, start.astype(complex))
    states = ((vectors * parts) @ np.exp(np.outer(values, TIMES))).real.T
    return Trajectories.from_arrays(
        "xyz"[:d], [1] * d, TIMES, states[None, :, :d], states[None, :, d:]
    )


def test_a_pendulum_asks_for_waves():
    system = systems.from_potential("-cos(q)")
    data = system.motion().flow([[0.1], [2.0]], [[1.9], [0.0]], TIMES)
    first, advice = said(data, "q**4, 1/(q**2 + 1)")
    assert "is a function of q that is not in the library" in first
    assert advice.startswith("try --library trigonometric: cos(q) misses")


@pytest.mark.slow
def test_what_two_libraries_have_together_is_written_out():
    system = systems.from_potential("exp(-q)/q + 2*q/5")
    data = system.motion().flow([[1.0], [0.6]], [[0.3], [0.1]], TIMES)
    *_, advice = said(data, "q, q**2, 1/q")
    assert advice.startswith("try --library 'exp(-q)/q, q':")
    assert fit(data, library="exp(-q)/q, q").law.verdict == "identified"


@pytest.mark.slow
def test_the_end_where_the_rest_grows_is_named():
    system = systems.from_potential("-1/sqrt(x**2 + y**2) + 1/(300*(x**2 + y**2)**2)")
    data = system.motion().flow([[1.0, 0.1]], [[0.0, 0.7]], TIMES / 2)
    run = fit(data, library="1/r")
    assert run.law.verdict == "not in the library"
    first, advice = (note for note in run.notes if "explain" in note or "--library" in note)
    assert first.startswith("1/r explains 9")
    assert first.endswith("and grows at small r")
    assert "r**4" in advice


def test_a_magnetic_field_turns_with_the_velocity():
    field = np.array([[-0.5, 0.0, 0.0, 0.3], [0.0, -0.5, -0.3, 0.0]])
    (first,) = said(linear(field, np.array([1.0, 0.0, 0.1, 0.6])), "x**2, y**2, x*y, x**4")
    assert "of the rest, all" in first
    assert "depends on the velocity, across it: a gyroscopic force" in first
    assert "friction" not in first


def test_friction_is_linear_in_the_velocity():
    (first,) = said(linear(np.array([[-1.0, -0.1]]), np.array([1.0, 0.0])), "x**2, x**4")
    assert "depends on the velocity, linearly: friction" in first
    assert "quadratically" not in first


def test_a_drive_has_its_period():
    """One trajectory of an oscillator fits either frequency as the drive's: both are named."""
    drive = 0.5 / (1 - 1.4**2)
    q = np.cos(TIMES) + drive * np.cos(1.4 * TIMES)
    v = -np.sin(TIMES) - 1.4 * drive * np.sin(1.4 * TIMES)
    data = Trajectories.from_arrays("x", [1], TIMES, q[None, :, None], v[None, :, None])
    (first,) = said(data, "x**2, x**4")
    assert f"has the period {2 * np.pi / 1.4:.4g}: a drive" in first
    assert f"has the period {2 * np.pi:.4g}: a drive" in first


def test_many_frequencies_are_no_period():
    rng = np.random.default_rng(0)
    omega, phase = rng.uniform(2, 8, size=12), rng.uniform(0, 7, size=12)
    waves = np.outer(TIMES, omega) + phase
    q, v = (np.cos(waves) / omega**2).sum(axis=1), (-np.sin(waves) / omega).sum(axis=1)
    data = Trajectories.from_arrays("x", [1], TIMES, q[None, :, None], v[None, :, None])
    (first,) = said(data, "x, x**2")
    assert first.endswith("the rest goes with neither place, nor velocity, nor one frequency")


def test_a_fit_whose_terms_cancel_is_not_shown():
    system = systems.from_potential("tanh(3*q)**2")
    data = system.motion().flow([[0.4]], [[0.2]], TIMES)
    powers = ", ".join(f"q**{n}" for n in range(2, 30, 2))
    law, samples = read(data, "q**2")
    assert shown(law, samples) is law
    samples_library = Library.parse(powers, ["q"])
    law = regress(samples, samples_library, threshold=0.0)
    assert np.abs(law.coefficients).max() > 1e4
    few = shown(law.doubted("not in the library", "tanh"), samples)
    assert len(few.terms) <= 3
    assert np.abs(few.coefficients).max() < 100
    assert "cancel by" in few.reasons[-1]


@pytest.mark.parametrize("library", ["x**2", "x**2, x**4"])
def test_a_law_without_terms_left_is_told_too(library):
    """All candidates are asked, not only those that were kept."""
    law, samples = read(linear(np.array([[-1.0, 0.0]]), np.array([1.0, 0.0])), library)
    assert unexplained(law, samples)[0].startswith("x**2 explains all")
