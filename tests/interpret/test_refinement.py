"""refine(): the last digits and honest bars; under noise, the subset that likelihood prefers."""

from __future__ import annotations

import numpy as np
import pytest

import systems
from interpret.laws.comparison import compare
from interpret.pipeline import fit
from interpret.reading.probes import probe
from interpret.reading.regression import regress
from interpret.refinement.refinement import refine
from interpret.select.library import Library, powers
from systems.expressions import parse, symbol
from systems.samples.trajectories import Trajectories, Trajectory
from systems.system import System
from tests.builders import changed, samples
from training import Settings, train
from training.bases.candidates import Candidates
from training.features import Features
from training.solve.linear import solve

q, r = symbol("q"), symbol("r")
SETS = [("oscillator", None), ("double_well", "T1"), ("coulomb", "exact")]
OTHERS = [("double_well", "T3"), ("central_force", None), ("coulomb", "verlet")]
SETS += [pytest.param(*each, marks=pytest.mark.slow) for each in OTHERS]


def refined(name, dataset=None, seed=0):
    asked = samples(name, dataset, seed)
    law = regress(asked, Library.of(systems.get(name)))
    return changed(refine(law, asked), dataset=dataset, seed=seed)


# Without noise


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]


@pytest.mark.parametrize(("name", "dataset"), SETS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_truth_lies_within_short_error_bars(name, dataset, seed):
    """Short: below 1e-8. Honest: the truth within three of them, round-off included."""
    law = refined(name, dataset, seed)
    found = compare(law, systems.get(name))

    assert found.verdict == "IDENTICAL"
    for term, bar in zip([t for t in found.terms if t.truth is not None], law.stderr, strict=True):
        assert abs(term.recovered - float(term.truth)) <= 3.3 * bar
        assert bar < 1e-8 * abs(term.recovered)
    np.testing.assert_allclose(law.covariance, law.covariance.T, rtol=1e-12)
    assert np.linalg.eigvalsh(law.covariance).min() >= -1e-12 * np.trace(law.covariance)


@pytest.mark.slow
def test_error_bars_grow_with_the_bias_of_the_rows():
    """Coarser sampling, wider bars: the force rows' bias shows as disagreement with the energy."""
    well = systems.get("double_well")
    bars = []
    for h in (0.02, 0.2):
        data = well.motion().flow([[-0.3], [0.4], [1.7]], [[0.0]] * 3, np.arange(0, 8, h))
        asked = probe(train(well, data))
        law = refine(regress(asked, powers("q", 4)), asked)
        bars.append(law.stderr.max())
        assert (abs(law.coefficients - [2, 3, -4, 1]) < 4 * law.stderr + 1e-12).all()
    assert bars[1] > bars[0]


def test_refining_needs_no_network():
    """The coefficients come from the rows: another network, the same law to rounding."""
    first, second = refined("double_well", "T1", 0), refined("double_well", "T1", 0)
    system = systems.get("double_well")
    other = probe(train(system, system.draw("T1", 0), Settings(seed=9, width=150)))
    third = refine(regress(other, Library.of(system)), other)
    np.testing.assert_array_equal(first.coefficients, second.coefficients)
    np.testing.assert_allclose(third.coefficients, first.coefficients, rtol=1e-10)


def test_terms_that_are_missing_are_noticed_by_the_rows():
    """A law without q**3 misses the data by orders of magnitude more than the network does."""
    asked = samples("double_well", "T1")
    law = regress(asked, powers("q", 2) + Library([q**4]))
    assert refine(law, asked).chi2_per_n > 1e6


# With friction


@pytest.mark.parametrize("noise", [0.0, pytest.param(0.01, marks=pytest.mark.slow)])
def test_friction_is_told_and_the_potential_still_found(noise):
    """q'' = -q - q'/20: q**2/2 to a percent, never "identified"."""
    t = np.linspace(0, 12, 1200)
    omega = np.sqrt(1 - 0.05**2 / 4)
    items = []
    for size in (1.0, 2.0):
        decay = size * np.exp(-0.05 * t / 2)
        p = decay * (-0.025 * np.cos(omega * t) - omega * np.sin(omega * t))
        items.append(Trajectory(t, (decay * np.cos(omega * t))[:, None], p[:, None]))
    data = Trajectories(("q",), (1.0,), tuple(items)).with_noise(noise, seed=0)

    law = fit(data, library="q, q**2, q**3", parts="potential").law

    assert law.verdict != "identified"
    assert any("energy is not conserved" in reason for reason in law.reasons)
    assert dict(zip(law.terms, law.coefficients, strict=True))[q**2] == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize(
    "seed", [5, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(10) if seed != 5)]
)
def test_bars_hold_where_the_biased_family_looks_best_in_the_common_fit(seed):
    """The left well alone: the forces pull the common fit so far that the energies look worse."""
    law = refined("double_well", "T3", seed)
    errors = np.abs(law.coefficients - [2, 3, -4, 1])
    assert law.terms == (q, q**2, q**3, q**4)
    assert (errors < 1e-11).all()
    assert (errors < 3.3 * law.stderr).all()
    assert (law.stderr < 1e-10).all()


def test_bars_hold_where_the_quadrature_looks_like_a_term():
    """Nearly circular, the forces' own bias is one of 1/r: they fit it better than the energy."""
    kepler = systems.from_potential("-1/sqrt(x**2 + y**2)")
    t = np.arange(0, 20, 0.05)
    places = [[1.0, 0.0], [1.3, 0.0]]
    rates = [[0.0, 1.0002], [0.0, 1.3**-0.5]]
    data = kepler.motion().flow(places, rates, t)
    features = Features.of(("x", "y"), {"r": parse("sqrt(x**2 + y**2)")})
    asked = probe(train(kepler, data, Settings(width=32), features=features))
    law = refine(regress(asked, Library([1 / r])), asked)
    (error,), (bar,) = np.abs(law.coefficients + 1), law.stderr
    alone = solve(asked.prepared.families[1].design(Candidates(("r",), (1 / r,))),
                  asked.prepared.families[1].truth)  # fmt: skip
    assert abs(float(alone.coefficients[0]) + 1) > 1e-9, "the forces alone are biased"
    assert error < 3.3 * bar
    assert bar < 1e-6


# On noisy motion


def swing(amplitude, samples=200, noise=0.02, seed=0):
    spring = System("spring", "", "", ("q",), (1.0,), q**2 / 2)
    start = [[amplitude], [amplitude / 2]]
    return (
        spring.motion()
        .flow(start, [[0.0]] * 2, np.linspace(0, 10, samples))
        .with_noise(noise, seed)
    )


@pytest.mark.parametrize(
    ("amplitude", "verdict"),
    [(0.1, "ambiguous"), pytest.param(0.6, "identified", marks=pytest.mark.slow)],
)
def test_a_spring_and_a_pendulum_are_told_apart_only_if_they_swing(amplitude, verdict):
    """q**2/2 and -cos(q) differ by q**4/24."""
    law = fit(swing(amplitude), library="q**2, cos(q)").law
    assert law.verdict == verdict
    assert len(law.terms) == 1
    if verdict == "ambiguous":
        assert "explain the motion as well" in law.reasons[0]
    else:
        assert law.terms == (q**2,)


@pytest.mark.slow
def test_candidates_that_the_data_cannot_tell_apart_leave_the_law_ambiguous():
    """The same small swing with five candidates, nearly collinear under this noise."""
    law = fit(swing(0.1), library="q, q**2, q**3, q**4, cos(q)").law
    assert law.verdict == "ambiguous"


# In the fast tests `test_judge` has two terms of six under noise.
@pytest.mark.slow
def test_under_noise_the_truth_lies_within_the_error_bars():
    """T2 at 1 %: the support chosen anew, chi^2/n about one, bars that hold."""
    law = fit("double_well", dataset="T2", noise=0.01).law
    pulls = (law.coefficients - [2, 3, -4, 1]) / law.stderr
    assert law.terms == (q, q**2, q**3, q**4)
    assert np.abs(pulls).max() < 3.3
    assert 1e-5 < law.stderr.max() < 1e-2
    assert law.chi2_per_n == pytest.approx(1.0, abs=0.05)
    assert law.recognised == (2, 3, -4, 1)


@pytest.mark.slow
def test_under_noise_without_selection_the_terms_stay():
    """A threshold or an optimizer was asked for: its support is not second-guessed."""
    law = fit("oscillator", noise=0.01, threshold=1e-12).law
    assert law.terms == (q, q**2, q**3)
    assert abs(law.coefficients[0]) < 4 * law.stderr[0]
