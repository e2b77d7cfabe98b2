"""Noise-free data of every catalog system: the exact law comes out, without per-system settings."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import interpret
import systems
from interpret import Library
from interpret.run import Run
from systems import System, Trajectories

EVERY = [
    ("oscillator", "circles", "auto", 1e-7),
    ("double_well", "T1", "auto", 1e-7),
    ("double_well", "T2", "auto", 1e-7),
    ("double_well", "T3", "auto", 1e-7),
    ("central_force", "reduced", "auto", 1e-7),
    ("central_force", "drawn", "auto", 1e-7),
    ("coulomb", "verlet", "auto", 1e-6),
    ("coulomb", "exact", "auto", 1e-6),
    ("coulomb", "long_exact", "given", 1e-7),
    ("coulomb", "long_verlet", "given", 1e-7),
]
QUICK = ("circles", "T3")
"""Of the fast tests; on the command line `test_end_to_end` has coulomb, too."""

CASES = [pytest.param(*case, marks=[pytest.mark.slow] * (case[1] not in QUICK)) for case in EVERY]
ONE_DIMENSIONAL = [case[:2] for case in EVERY[:5]]
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]


@cache
def fitted(name: str, dataset: str, features: str, seed: int) -> Run:
    return interpret.fit(name, dataset=dataset, features=features, seed=seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "dataset", "features", "bound"), CASES)
def test_the_law_is_exact(name, dataset, features, bound, seed):
    run = fitted(name, dataset, features, seed)
    assert run.law.verdict == "identified"
    assert run.comparison.verdict == "IDENTICAL"
    assert run.comparison.support_precision == run.comparison.support_recall == 1
    assert run.comparison.worst_relative_error <= bound
    assert run.comparison.remainder < 1e-9
    assert run.law.chi2_per_n < 10
    # The error bars are honest: no true coefficient is further away than a few of them.
    for term in run.comparison.terms:
        assert abs(term.recovered - float(term.truth)) < 4 * term.stderr


@pytest.mark.parametrize(("name", "dataset", "features", "bound"), CASES)
def test_the_network_itself_knows_the_law(name, dataset, features, bound):
    """Not the rows alone: what is read off the network, before refining, is the law already."""
    run = fitted(name, dataset, features, 0)
    samples = interpret.probe(run.fit.learned)
    law = interpret.regress(samples, Library.of(systems.get(name)))
    assert set(law.terms) == set(run.law.terms)
    for own, refined in zip(law.coefficients, run.law.coefficients, strict=True):
        assert own == pytest.approx(refined, rel=bound)


# In the fast tests `test_end_to_end` finds it.
@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["verlet", "exact"])
def test_the_distance_is_found_from_six_raw_coordinates(dataset):
    (found,) = fitted("coulomb", dataset, "auto", 0).law.features.values()
    assert found == systems.get("coulomb").motion().features["r"]


@pytest.mark.parametrize("count", [1, pytest.param(10, marks=pytest.mark.slow)])
def test_the_left_well_predicts_the_right_one(count):
    law = fitted("double_well", "T3", "auto", 0).law
    right = systems.get("double_well").held_out("T3", seed=0)
    assert min(item.q.min() for item in right) > 1
    assert law.domain["q"][1] < 1
    assert len(right) == 10
    predicted = interpret.rollout(law, right[:count])
    assert predicted.trajectories == count
    assert predicted.error <= 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dataset"), ONE_DIMENSIONAL)
def test_a_fully_trained_mlp_reads_the_same_law(name, dataset):
    run = interpret.fit(name, dataset=dataset, recipe="mlp")
    law = interpret.regress(interpret.probe(run.fit.learned), Library.of(systems.get(name)))
    truth = {term.term: float(term.truth) for term in run.comparison.terms}
    assert run.iterations > 0
    assert set(law.terms) == set(truth)
    for term, coefficient in zip(law.terms, law.coefficients, strict=True):
        assert coefficient == pytest.approx(truth[term], rel=1e-6)


def jittered(seed: int, h: float = 0.2, jitter: float = 0.4) -> tuple[System, Trajectories]:
    """Ten double-well trajectories sampled every h, give or take two fifths of it."""
    rng = np.random.default_rng(seed)
    system = systems.get("double_well")
    starts = system.draw("T1", seed)
    t = np.concatenate([[0], np.cumsum(h * (1 + jitter * rng.uniform(-1, 1, round(5 / h))))])
    q = np.array([item.q[0] for item in starts])
    p = np.array([item.p[0] for item in starts])
    return system, system.motion().flow(q, p, t)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_coarse_irregular_sampling_is_no_obstacle(seed):
    system, data = jittered(seed)
    run = interpret.fit(data, library=Library.of(system))
    comparison = interpret.compare(run.law, system)
    assert comparison.support_precision == comparison.support_recall == 1
    assert comparison.worst_relative_error <= 1e-5


@pytest.mark.parametrize(
    ("name", "dataset", "features", "without"),
    [
        ("oscillator", "circles", "auto", "q**2"),
        pytest.param("double_well", "T3", "auto", "q", marks=pytest.mark.slow),
        pytest.param("central_force", "reduced", "auto", "1/(10-r)", marks=pytest.mark.slow),
        pytest.param("coulomb", "verlet", "auto", "1/r", marks=pytest.mark.slow),
    ],
)
def test_a_library_without_a_true_term_is_never_a_law(name, dataset, features, without):
    """One term of each system; the slow tests of `test_missing` have every one of them."""
    library = Library.of(systems.get(name)) - Library.parse(without, ("q", "r"))
    assert len(library) == len(Library.of(systems.get(name))) - 1
    run = interpret.fit(name, dataset=dataset, features=features, library=library)
    assert run.law.verdict == "not in the library"
    assert run.comparison.verdict == "DIFFERENT"
    assert run.comparison.support_recall < 1
    assert "no law found" in run.text()


# In the fast tests `test_pipeline` asks them for the oscillator.
@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["stlsq", "sr3", "ssr"])
def test_pysindys_optimizers_find_the_support_too(optimizer):
    run = interpret.fit("double_well", dataset="T2", optimizer=optimizer, threshold=0.1)
    assert run.comparison.verdict == "IDENTICAL"


@pytest.mark.slow
def test_raw_coordinates_without_an_invariant():
    """Hénon-Heiles: no distance to find; the law is read off the network of both coordinates."""
    run = interpret.fit(systems.from_potential("x**2*y - y**3/3 + (x**2 + y**2)/2"))
    assert run.law.features == {}
    assert run.comparison.verdict == "IDENTICAL"
    assert any("no single quadratic invariant" in note for note in run.notes)
