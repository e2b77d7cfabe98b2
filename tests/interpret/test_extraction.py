"""Laws read off learned potentials, and the gate that refuses what is not in the library."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

import systems
from interpret import Library, compare, fit
from interpret.reading.extraction import Forces, extract
from interpret.select.matrix import Compressed
from interpret.select.supports import ranked
from systems import InputError, dop853, integrate
from systems.expressions import symbol
from training.learn.lagrangian import learn_lagrangian
from training.learn.points import Model, learn
from training.particles import Particles
from training.recipes.report import ReportSettings, learn_by_report

r = symbol("r")
CHARGES = systems.get("trapped_charges")
TWO = Particles(CHARGES, 1)
IN_THE_LIBRARY = ("coulomb", "log", "spring", "inverse_cube", "lennard_jones")
FOREIGN = {
    "yukawa": (sympy.exp(-2 * r) / r,),
    "soft_coulomb": (1 / sympy.sqrt(r**2 + sympy.Rational(9, 100)),),
    "morse": (sympy.exp(-3 * r), sympy.exp(-6 * r)),
}


def law_of(name, noise, extra=(), seed=0):
    system = systems.get("trapped_particles", {"law": name})
    samples = system.draw(seed=seed, count=2000)
    if noise:
        samples = samples.with_relative_noise(noise, seed + 100)
    library = Library.of(system) + Library(extra) if extra else Library.of(system)
    return system, extract(learn(Particles(system, 1), samples), library)


NOISES = (0.0, 0.001, 0.01)


def cases(names):
    """Every law at every noise; in the fast tests each law at one, of the noises by turns."""
    return [
        pytest.param(name, noise, marks=[pytest.mark.slow] * (quick != noise))
        for name, quick in zip(names, cycle(NOISES), strict=False)
        for noise in NOISES
    ]


@pytest.mark.parametrize(("name", "noise"), cases(IN_THE_LIBRARY))
def test_laws_of_the_library_are_found_exactly(name, noise):
    system, law = law_of(name, noise)
    found = compare(law, system)
    assert law.verdict == "identified"
    assert found.support_precision == found.support_recall == 1
    assert found.verdict in ("IDENTICAL", "EQUAL WITHIN ERROR")
    assert found.worst_relative_error < (5 * noise or 1e-12)


@pytest.mark.parametrize(("name", "noise"), cases(FOREIGN))
def test_laws_outside_the_library_are_refused_and_found_once_they_are_in_it(name, noise):
    _, refused = law_of(name, noise)
    assert refused.verdict == "not in the library"
    assert "the nearest are" in refused.reasons[0]
    system, found = law_of(name, noise, FOREIGN[name])
    assert found.verdict == "identified"
    assert {*FOREIGN[name]} < {*found.terms}
    assert len(found.terms) == len(FOREIGN[name]) + 1
    truth = system.truths()["potential"]
    x = np.linspace(0.2, 1.9, 50)
    wanted = np.array([float(truth.subs({r: float(at), symbol("x"): 0})) for at in x])
    learned = law_values(found, x)
    error = np.ptp(learned - wanted) / np.ptp(wanted)
    assert error < (3 * noise or 1e-12)


def law_values(law, x):
    """V at distances x with the particles at the origin, where the trap is nothing."""
    points = np.stack([x if name == "r" else 0 * x for name in law.domain], axis=1)
    return law(points)


@pytest.mark.parametrize(
    "noise", [0.0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1e-4, 1e-3)), 1e-2]
)
def test_the_exact_law_from_a_window_of_three_ten_thousandths(noise):
    samples = CHARGES.draw("pinhole")
    if noise:
        samples = samples.with_rms_noise(noise, seed=5)
    law = extract(learn(TWO, samples), Library.of(CHARGES))
    assert set(law.terms) == {1 / r, symbol("q0") ** 2 + symbol("q1") ** 2}
    wide = CHARGES.draw("origin", seed=9, count=3000)
    coefficients = dict(zip(law.terms, law.coefficients, strict=True))
    push = coefficients[1 / r] * np.sign(wide.q[:, 0] - wide.q[:, 1])
    push = push / (wide.q[:, 0] - wide.q[:, 1]) ** 2
    trap = coefficients[symbol("q0") ** 2 + symbol("q1") ** 2]
    predicted = -2 * trap * wide.q + np.stack([push, -push], axis=1)
    error = np.sqrt(((predicted - wide.qdd) ** 2).mean() / (wide.qdd**2).mean())
    assert error < (1e-3 if noise else 1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_error_bars_hold_what_nearly_collinear_columns_make_of_round_off(seed):
    """Far apart, 1/r is a few 10⁻⁵ of the force of the trap, and its round-off so much larger."""
    samples = CHARGES.draw("far_opposite", seed)
    window = CHARGES.window("far_opposite")
    model = Model("polynomial", "log-r", external=True, window=window)
    fit = learn(TWO, samples, model, seed=seed)
    law = extract(fit, Library.of(CHARGES))
    assert compare(law, CHARGES).verdict in ("IDENTICAL", "EQUAL WITHIN ERROR")
    errors = np.abs(law.coefficients - [1.0 if term == 1 / r else 2.0 for term in law.terms])
    assert (errors < 1e-9).all()
    assert (errors < 3.3 * law.stderr).all()
    assert (law.stderr < 1e-9).all()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["exp-log", "log-r", "raw"])
def test_every_smooth_network_yields_the_coulomb_law_alone(form):
    fit = learn(TWO, CHARGES.draw(), Model("neural", form, external=False))
    law = extract(fit, Library.of(CHARGES))
    assert law.terms == (1 / r,)
    assert law.verdict == "identified"
    assert abs(law.coefficients[0] - 1) < 1e-6


@pytest.mark.slow
def test_the_gate_refuses_what_a_relu_network_seems_to_say():
    fit = learn_by_report(TWO, CHARGES.draw(), settings=ReportSettings(steps=1500))
    law = extract(fit, Library.of(CHARGES))
    assert law.verdict == "not in the library"
    assert "no law can be read off it" in law.reasons[0]


def test_the_reports_penalty_is_an_option_and_dead_units_are_counted():
    asked = {"learn": "neural", "recipe": "report", "steps": 30, "samples": 50}
    run = fit("trapped_charges", **asked, penalty=10.0)
    (told,) = [note for note in run.notes if note.startswith("dead: ")]
    count = int(told.split()[1])
    assert told == f"dead: {count} of 128 units are 0 on all samples"
    assert count >= 64
    with pytest.raises(InputError, match="only the recipe report has a penalty"):
        fit("trapped_charges", learn="neural", penalty=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["even", "local"])
def test_the_error_bars_of_noisy_laws_are_honest(kind):
    z = []
    for seed in range(40):
        samples = CHARGES.draw("one_side", seed=seed)
        noisy = (
            samples.with_rms_noise(0.01, seed)
            if kind == "even"
            else samples.with_relative_noise(0.01, seed)
        )
        law = extract(learn(TWO, noisy), Library.of(CHARGES))
        if set(law.terms) == {1 / r, symbol("q0") ** 2 + symbol("q1") ** 2}:
            wanted = [1.0 if term == 1 / r else 2.0 for term in law.terms]
            z.append((law.coefficients - wanted) / law.stderr)
        else:
            # A spurious third term gets in by chance, and the true law is then named as a rival.
            assert law.verdict == "ambiguous"
    assert len(z) >= 37
    assert 0.8 < np.std(z) < 1.25
    assert np.mean(np.abs(z) < 2) > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(("form", "bound"), [("exp-log", 1e-6), ("raw", 1e-4)])
def test_trajectories_of_a_learned_coupling(form, bound):
    fit = learn(TWO, CHARGES.draw(), Model("neural", form, external=False))
    rng = np.random.default_rng(0)
    place = np.array([0.45, -0.45]) + 0.15 * rng.uniform(-1, 1, (8, 2))
    start = np.hstack([place, rng.uniform(-0.4, 0.4, (8, 2))])
    t = np.linspace(0, 10, 201)
    # A network's accelerations are no smoother than its cancellations allow.
    learned = dop853.solve(
        integrate.first_order(fit.acceleration, 2), start, t, rtol=1e-9, atol=1e-9
    )
    true = dop853.solve(integrate.first_order(CHARGES.motion().acceleration(), 2), start, t)
    farthest = np.abs(learned - true)[:, :, :2].max(axis=(1, 2))
    assert np.median(farthest) < bound


def test_terms_that_say_the_same_in_other_words_are_no_rivals():
    # q0² + q1² = r² + 2 q0 q1: one more term, and nothing new.
    law = extract(learn(TWO, CHARGES.draw().with_rms_noise(1e-3, 3)), Library.of(CHARGES))
    assert law.verdict == "identified"


def test_a_candidate_that_is_singular_on_the_data_is_named():
    fit = learn(TWO, CHARGES.draw())
    broken = Library([1 / r, sympy.log(symbol("q0"))])
    with pytest.raises(InputError, match=r"the candidate log\(q0\) or its slope is not a finite"):
        extract(fit, broken)


@given(seed=st.integers(0, 10_000), size=st.integers(1, 3))
def test_the_search_finds_the_planted_support(seed, size):
    rng = np.random.default_rng(seed)
    design = rng.standard_normal((30, 8))
    support = tuple(sorted(rng.choice(8, size, replace=False).tolist()))
    truth = design[:, support] @ rng.uniform(1, 2, size)
    found = ranked(Compressed(design, truth, tuple("abcdefgh"), 30), most=3)
    best, residual = found.of_size(size)[0]
    assert best == support
    assert residual < 1e-12
    # The residuals are those of least squares, whatever the support.
    checked = found.supports[len(found.supports) // 2]
    least = np.linalg.lstsq(design[:, checked], truth, rcond=None)[0]
    expected = np.linalg.norm(design[:, checked] @ least - truth)
    assert found.residuals[len(found.supports) // 2] == pytest.approx(expected, abs=1e-12)


def test_masses_that_are_not_positive_are_no_lagrangians():
    system = systems.get("trapped_charges", {"gap": 0.2})
    fit = learn_lagrangian(system, system.draw(count=20), iterations=1)
    with pytest.raises(InputError, match="are not positive: the samples do not determine"):
        Forces.of_lagrangian(replace(fit, masses=np.array([1.0, -0.2])), 1)
