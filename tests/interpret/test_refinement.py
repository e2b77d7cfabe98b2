"""refine(): the last digits and honest bars; under noise, the subset that likelihood prefers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import systems
from interpret.laws.comparison import compare
from interpret.pipeline import fit
from interpret.reading.probes import probe
from interpret.reading.regression import regress
from interpret.refinement import subsets
from interpret.refinement.likelihood import Estimate
from interpret.refinement.refinement import refine
from interpret.select import supports
from interpret.select.criteria import LeastChiSquared
from interpret.select.library import Library, powers
from systems.expressions import parse, symbol
from systems.samples.trajectories import Trajectories, Trajectory
from systems.system import System
from tests.builders import changed, potential_law, samples
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


# Subsets: for a linear problem the Fisher approximation is exact


def linear(seed, size, scale=None):
    """The full fit of y = A c + noise as an Estimate, and the residual of any support."""
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(40, size)) * (np.ones(size) if scale is None else scale)
    truth = rng.normal(size=40)
    gram = design / np.linalg.norm(design, axis=0)
    inverse = np.linalg.inv(gram.T @ gram)
    inverse = inverse / np.outer(*[np.linalg.norm(design, axis=0)] * 2)
    solved = np.linalg.lstsq(gram, truth, rcond=None)[0] / np.linalg.norm(design, axis=0)
    rest = float(((design @ solved - truth) ** 2).sum())
    estimate = Estimate(solved, inverse, np.zeros((1, 2)), rest, 40)

    def alone(support):
        columns = design[:, list(support)] / np.linalg.norm(design[:, list(support)], axis=0)
        part = np.linalg.lstsq(columns, truth, rcond=None)[0]
        chi = float(((columns @ part - truth) ** 2).sum())
        return chi, part / np.linalg.norm(design[:, list(support)], axis=0)

    return estimate, alone


def about(estimate):
    return subsets.about(estimate, powers("q", len(estimate.coefficients)))


some = st.integers(2, 5).flatmap(
    lambda size: st.tuples(st.just(size), st.sets(st.integers(0, size - 1), min_size=1))
)


def check_against_refits(estimate, alone, support):
    chi, coefficients = alone(support)
    bic = chi + len(support) * np.log(40)
    fisher = about(estimate)
    solved, residual = fisher.solve(support)
    price = len(support) * np.log(fisher.rows)
    assert residual**2 + price == pytest.approx(bic, rel=1e-6)
    np.testing.assert_allclose(solved[list(support)], coefficients, rtol=1e-5)


@given(st.integers(0, 2**32 - 1), some)
def test_dropping_terms_by_the_fisher_metric_is_refitting(seed, case):
    """BIC and coefficients of every subset without fitting any."""
    size, support = case
    check_against_refits(*linear(seed, size), tuple(sorted(support)))


def test_dropping_terms_does_not_depend_on_their_units():
    """Columns like q and q**6 in nanometres."""
    for support in ((1,), (0, 2)):
        check_against_refits(*linear(0, 4, np.array([1.0, 1e-9, 1e-18, 1e-27])), support)


def test_every_subset_is_considered_once():
    estimate, _ = linear(0, 5)
    found = LeastChiSquared().choose(about(estimate)).order.supports
    assert len(found) == len(set(found)) == 2**5 - 1


def test_a_large_library_goes_down_one_path():
    """Thirteen candidates: thirteen supports instead of 8191, the worst term first."""
    estimate, alone = linear(1, 13)
    found = supports.downward(about(estimate)).supports
    assert set(found) == set(LeastChiSquared().choose(about(estimate)).order.supports)
    assert [len(support) for support in found] == list(range(13, 0, -1))
    losses = {k: alone(tuple(j for j in range(13) if j != k))[0] for k in range(13)}
    weakest = min(losses, key=losses.get)
    assert set(found[0]) - set(found[1]) == {weakest}


# The verdict


LAW = potential_law(
    system="s",
    terms=(q,),
    coefficients=[1.0],
    covariance=[[1.0]],
    candidates=(q, q**2, q**3),
    domain={"q": (-1.0, 1.0)},
    gauge="one constant",
    verdict="identified",
    chi2_per_n=1.0,
)


def contender(support, chi, observations=1000):
    size = len(support)
    estimate = Estimate(np.ones(size), np.eye(size), np.zeros((1, 2)), chi, observations)
    return subsets.Contender(support, estimate)


def concluded(*contenders):
    ranked = sorted(contenders, key=lambda each: each.bic)
    return subsets._conclude(LAW, Library(LAW.candidates), ranked)


def test_the_information_criterion_is_chi_squared_and_a_price_per_term():
    assert contender((0,), 990.0).bic == pytest.approx(990 + np.log(1000))
    assert contender((0, 2), 990.0).bic == pytest.approx(990 + 2 * np.log(1000))


@pytest.mark.parametrize(("behind", "verdict"), [(5.9, "ambiguous"), (6.1, "identified")])
def test_a_rival_with_other_terms_makes_the_law_ambiguous(behind, verdict):
    law = concluded(contender((0,), 990.0), contender((1,), 990.0 + behind))
    assert law.terms == (q,)
    assert law.verdict == verdict
    if verdict == "ambiguous":
        assert law.reasons == ("the terms q**2 fit almost as well (BIC higher by 5.9)",)


def test_any_of_the_rivals_will_do():
    """The second best only adds a term; the third is another law."""
    law = concluded(contender((0,), 990.0), contender((0, 1), 988.0), contender((2,), 995.0))
    assert law.verdict == "ambiguous"
    assert "q**3 fit almost as well" in law.reasons[0]


def test_the_least_bic_wins_even_against_the_law_that_came_in():
    law = concluded(contender((0,), 1100.0), contender((1, 2), 990.0))
    assert law.terms == (q**2, q**3)
    assert law.verdict == "identified"


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
        assert "fit almost as well" in law.reasons[0]
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
