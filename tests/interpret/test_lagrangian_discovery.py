"""Lagrangians from candidates: the exact law goes in, the exact law and all its equals come out."""

from __future__ import annotations

import json
from functools import cache, lru_cache

import numpy as np
import pytest
import sympy

import interpret
import systems
from interpret.discovery.lagrangian import discover_lagrangian
from interpret.discovery.lagrangian.equivalence import compare_lagrangians
from systems import InputError, PhaseSamples, equations, motion
from systems.expressions import parse, parse_list
from systems.integrate import compile

NAMES = ("q0", "q1")
COULOMB = "1/sqrt((q0 - q1)**2)"
QUADRATIC = parse_list(f"q0d**2, q1d**2, q0d*q1d, q0**2, q1**2, q0*q1, {COULOMB}")
LINEAR = parse_list("q0*q0d, q0*q1d, q1*q0d, q1*q1d, q0d, q1d")
MIXED = parse_list("q0**2*q0d**2, q1**2*q1d**2, q0*q1*q0d, q0*q1*q1d, q0**2*q1d, q1**2*q0d")
QUARTIC = tuple(
    sympy.Mul(*(sympy.Symbol(name) ** power for name, power in zip(
        ("q0", "q1", "q0d", "q1d"), powers, strict=True
    )))
    for powers in np.ndindex(5, 5, 5, 5)
    if sum(powers) == 4 and (powers[2] + powers[3]) % 2 == 0
)  # fmt: skip
EQUAL = parse(f"(q0d**2 + q1d**2)/2 - 2*(q0**2 + q1**2) - {COULOMB}")
UNEQUAL = parse(f"(q0d**2 + 2*q1d**2)/2 - 2*(q0**2 + q1**2) - {COULOMB}")
ANHARMONIC = EQUAL - parse("(q0**4 + q1**4)/2")
MAGNETIC = parse(f"(1 + q0**2)*q0d**2/2 + q1d**2/2 + q0*q1*q0d - q0**2 - q1**2/2 - {COULOMB}")


@lru_cache(maxsize=32)
def samples(lagrangian, seed=0, count=600):
    """Points of the square, with the two apart, and their exact accelerations."""
    q, qd = systems.get("trapped_charges", {"gap": 0.2}).window("origin").draw(seed, count)
    return motion.phase_samples(lagrangian, NAMES, q, qd)


def coefficients(law):
    return dict(zip(law.terms, law.coefficients, strict=True))


def residual(lagrangian, data):
    """The Euler–Lagrange residual on the data, relative to the terms that cancel in it."""
    variables = [f"{name}{dots}" for dots in ("", "d", "dd") for name in data.coordinates]
    vanishing = equations.euler_lagrange(lagrangian, data.coordinates)
    values = compile(vanishing, variables)(np.hstack([data.q, data.qd, data.qdd]))
    parts = [term for equation in vanishing for term in sympy.Add.make_args(sympy.expand(equation))]
    sizes = compile(parts, variables)(np.hstack([data.q, data.qd, data.qdd]))
    return float(abs(values).max() / abs(sizes).max())


@pytest.mark.parametrize(
    ("lagrangian", "library", "nullity", "gauge"),
    [
        pytest.param(EQUAL, QUADRATIC, 2, 0, marks=pytest.mark.slow),
        (EQUAL, QUADRATIC + LINEAR, 2, 5),
        pytest.param(EQUAL, QUADRATIC + QUARTIC, 3, 0, marks=pytest.mark.slow),
        (UNEQUAL, QUADRATIC, 1, 0),
        pytest.param(UNEQUAL, QUADRATIC + QUARTIC, 1, 0, marks=pytest.mark.slow),
        pytest.param(ANHARMONIC, QUADRATIC + QUARTIC, 1, 0, marks=pytest.mark.slow),
        (MAGNETIC, QUADRATIC + LINEAR + MIXED, 1, 7),
    ],
)
def test_the_law_its_gauge_and_its_nullity_are_found(lagrangian, library, nullity, gauge):
    data = samples(lagrangian)

    law = discover_lagrangian(data, library)

    assert sympy.expand(law.expr - lagrangian) == 0
    assert (law.freedom.nullity, len(law.freedom.gauge)) == (nullity, gauge)
    assert law.verdict == ("identified" if nullity == 1 else "ambiguous")
    assert len(law.equivalents) == nullity
    assert (law.freedom.singular_values[:nullity] < 1e-13).all()
    assert (law.freedom.singular_values[nullity:] > 0.01).all()
    assert law.misfit < 1e-13


def test_nineteen_terms_come_out_to_eight_digits():
    law = discover_lagrangian(samples(MAGNETIC), QUADRATIC + LINEAR + MIXED)

    truth = {
        "q0d**2": 0.5, "q1d**2": 0.5, "q0**2*q0d**2": 0.5, "q0*q1*q0d": 1.0,
        "q0**2": -1.0, "q1**2": -0.5, COULOMB: -1.0,
    }  # fmt: skip
    found = coefficients(law)
    assert len(found) == len(truth)
    for term, value in truth.items():
        assert found[parse(term)] == pytest.approx(value, rel=1e-11)


def test_pure_gauge_moves_nothing_and_is_readable():
    law = discover_lagrangian(samples(MAGNETIC), QUADRATIC + LINEAR + MIXED)

    for part in law.freedom.gauge:
        assert all(sympy.expand(e) == 0 for e in equations.euler_lagrange(part, NAMES))
        assert not part.atoms(sympy.Float)
    assert parse("q0*q1d + q1*q0d") in law.freedom.gauge
    assert parse("2*q0*q1*q0d + q0**2*q1d") in law.freedom.gauge


def test_the_equivalents_move_the_samples_and_are_independent():
    data = samples(EQUAL)

    law = discover_lagrangian(data, QUADRATIC + QUARTIC)

    for other in law.equivalents:
        assert residual(other, data) < 1e-14
    values = compile(law.equivalents, ["q0", "q1", "q0d", "q1d"])(np.hstack([data.q, data.qd]))
    assert np.linalg.matrix_rank(values) == 3
    # Centre of mass and relative motion lie in their span.
    first, second = law.equivalents[:2]
    centre = parse("(q0d + q1d)**2/2 - 2*(q0 + q1)**2")
    assert sympy.expand(first + second - centre) == 0


def test_a_total_derivative_in_the_truth_is_left_out():
    hidden = EQUAL + parse("3*q0d + q0*q1d + q1*q0d")
    law = discover_lagrangian(samples(UNEQUAL + hidden - EQUAL), QUADRATIC + LINEAR)

    assert sympy.expand(law.expr - UNEQUAL) == 0


def test_a_term_may_be_replaced_by_what_is_gauge_equivalent():
    library = [term for term in QUADRATIC + MIXED if term != parse("q0*q1*q0d")]

    law = discover_lagrangian(samples(MAGNETIC), library)

    found = compare_lagrangians(law.expr, MAGNETIC, NAMES)
    assert law.verdict == "identified"
    assert coefficients(law)[parse("q0**2*q1d")] == pytest.approx(-0.5)
    assert found.verdict == "EQUIVALENT"
    assert (found.scale, found.gauge) == (1, parse("-q0**2*q1/2"))


def test_dependent_candidates_and_constants_do_no_harm():
    more = (
        *QUADRATIC,
        *parse_list("(q0 - q1)**2, 1"),
        sympy.sign(sympy.Symbol("q0") - sympy.Symbol("q1")),
    )

    law = discover_lagrangian(samples(UNEQUAL), more)

    assert sympy.expand(law.expr - UNEQUAL) == 0
    assert law.verdict == "identified"
    assert law.freedom.gauge == (sympy.sign(parse("q0 - q1")),)
    assert law.to_json()["gauge"] == ["sign(q0 - q1)"]
    assert any("linear combinations of others" in note for note in law.freedom.notes)


def test_what_is_held_settles_what_the_data_leave_open():
    data = samples(EQUAL)
    free = discover_lagrangian(data, QUADRATIC)
    held = {parse("q0d**2"): 1.0, parse("q0d*q1d"): 0.5}

    law = discover_lagrangian(data, QUADRATIC, normalisation=held)

    assert free.verdict == "ambiguous"
    assert "nullity 2" in free.reasons[0]
    assert "masses are not identifiable without a prior" in free.reasons[0]
    assert (law.freedom.nullity, law.verdict) == (2, "identified")
    assert {term: coefficients(law)[term] for term in held} == held
    assert residual(law.expr, data) < 1e-14


def test_a_mass_that_the_motion_does_not_admit_is_found_out():
    held = {parse("q0d**2"): 0.5, parse("q1d**2"): 0.5}

    law = discover_lagrangian(samples(UNEQUAL), QUADRATIC, normalisation=held)

    assert law.verdict == "not in the library"


def test_uncoupled_coordinates_get_equal_masses():
    rng = np.random.default_rng(0)
    truth = parse("xd**2/2 + 3*yd**2/2 - x**2 - y**4")
    q, qd = rng.uniform(-1, 1, (2, 300, 2))
    data = motion.phase_samples(truth, ("x", "y"), q, qd)

    law = discover_lagrangian(data, parse_list("xd**2, yd**2, xd*yd, x**2, y**2, x*y, x**4, y**4"))

    assert sympy.expand(law.expr - parse("xd**2/2 + yd**2/2 - x**2 - y**4/3")) == 0
    assert law.freedom.nullity == 2


@pytest.mark.parametrize(
    ("truth", "names", "library", "expected"),
    [
        (
            "rd**2/2 + r**2*phid**2/2 + 1/r",
            ("r", "phi"),
            "rd**2, phid**2, r*phid**2, r**2*phid**2, 1/r, r, 1/r**2, rd*phid, r*phid, phi*rd",
            "rd**2/2 + r**2*phid**2/2 + 1/r",
        ),
        ("-3*sqrt(1 - xd**2) - x**2", ("x",), "sqrt(1 - xd**2), x, x**2, x**4, xd**2, xd**4",
         "-sqrt(1 - xd**2) - x**2/3"),
        ("-5*xd**2 + x**4", ("x",), "x**2, 2*xd**2, x**4", "xd**2/2 - x**4/10"),
    ],
)  # fmt: skip
def test_other_kinetic_energies(truth, names, library, expected):
    rng = np.random.default_rng(0)
    q = rng.uniform(0.5, 2, (200, len(names)))
    qd = rng.uniform(-0.9, 0.9, (200, len(names)))
    data = motion.phase_samples(parse(truth), names, q, qd)

    law = discover_lagrangian(data, parse_list(library))

    assert sympy.expand(law.expr - parse(expected)) == 0
    assert law.verdict == "identified"


@pytest.mark.parametrize(
    "window",
    [
        "pinhole",
        *(
            pytest.param(window, marks=pytest.mark.slow)
            for window in ("far", "fixed_point", "narrow", "one_side")
        ),
    ],
)
def test_every_window_gives_the_law(window):
    data = systems.get("trapped_charges").draw(window, seed=0, count=500)
    library = QUADRATIC + parse_list(
        "q0, q1, q0**4, q1**4, log(sqrt((q0 - q1)**2)), 1/(q0 - q1)**2"
    )

    law = discover_lagrangian(data, library)

    assert sympy.expand(law.expr - EQUAL) == 0
    assert law.freedom.nullity == 2


# Noise


@cache
def known(lagrangian, library):
    """The coefficients that the same samples give without noise."""
    return coefficients(discover_lagrangian(samples(lagrangian, seed=3, count=400), library))


ERRORS = [(1e-4, "white"), (1e-2, "white"), (1e-2, "growing")]
OPEN = [
    (EQUAL, QUADRATIC + LINEAR, 2),
    (UNEQUAL, QUADRATIC + QUARTIC, 1),
    (MAGNETIC, QUADRATIC + LINEAR + MIXED, 1),
]


@pytest.mark.parametrize(
    ("lagrangian", "library", "nullity", "noise", "kind"),
    [
        # In the fast tests each Lagrangian has errors of one kind.
        pytest.param(*case, *errors, marks=[pytest.mark.slow] * (i != j))
        for i, case in enumerate(OPEN)
        for j, errors in enumerate(ERRORS)
    ],
)
def test_noise_leaves_law_and_nullity(lagrangian, library, nullity, noise, kind):
    clean = samples(lagrangian, seed=3, count=400)
    data = (
        clean.with_rms_noise(noise, 1) if kind == "white" else clean.with_relative_noise(noise, 1)
    )

    law = discover_lagrangian(data, library)

    exact = known(lagrangian, library)
    assert law.freedom.nullity == nullity
    assert set(law.terms) == set(exact)
    errors = law.coefficients - [exact[term] for term in law.terms]
    free = law.stderr > 0
    assert free.sum() == len(free) - 1
    assert (abs(errors[free]) < 4.5 * law.stderr[free]).all()
    assert (law.stderr[free] < 5 * noise * abs(law.coefficients[free])).all()
    assert law.misfit == pytest.approx(noise, rel=0.5)


@pytest.mark.slow
def test_error_bars_hold_on_average_and_masses_are_not_biased():
    truth = {"q1d**2": 1.0, "q0**2": -2.0, "q1**2": -2.0, COULOMB: -1.0}
    scores = []
    for seed in range(40):
        law = discover_lagrangian(samples(UNEQUAL, count=400).with_rms_noise(0.03, seed), QUADRATIC)
        errors = dict(zip(law.terms, law.stderr, strict=True))
        if len(law.terms) == 5:
            found = coefficients(law)
            scores.append([(found[parse(t)] - x) / errors[parse(t)] for t, x in truth.items()])

    # By chance a term too many is significant now and then.
    assert len(scores) >= 38
    # Of 40 scores the mean square is 1 ± 0.22, and the mean 0 ± 0.16.
    assert (np.mean(np.square(scores), axis=0) < 2).all()
    assert (np.mean(np.square(scores), axis=0) > 0.4).all()
    assert (abs(np.mean(scores, axis=0)) < 0.6).all()


def test_a_known_noise_level_is_used():
    sigma = 0.01 * float(np.sqrt((samples(UNEQUAL).qdd ** 2).mean()))
    data = samples(UNEQUAL).with_absolute_noise(sigma, 1)

    law = discover_lagrangian(data, QUADRATIC, noise=sigma)
    wide = discover_lagrangian(data, QUADRATIC, noise=np.full(len(data), 2 * sigma))
    low = discover_lagrangian(data, QUADRATIC, noise=sigma / 2)

    assert law.verdict == "identified"
    np.testing.assert_allclose(wide.stderr, 2 * law.stderr, rtol=0.05)
    assert low.verdict == "not in the library"
    assert "times their noise" in low.reasons[0]


@pytest.mark.parametrize("noise", [0, 0.01])
def test_a_law_outside_the_library_is_not_reported_as_one(noise):
    data = samples(UNEQUAL).with_rms_noise(noise, 1)

    law = discover_lagrangian(data, QUADRATIC[:-1])

    assert law.verdict == "not in the library"
    assert (law.freedom.nullity, law.equivalents, law.freedom.others) == (0, (), ())
    assert law.recognised == (None,) * len(law.terms)


def test_a_small_missing_term_shows_in_neighbouring_residuals():
    truth = UNEQUAL - parse("q0**6/20")
    data = samples(truth).with_rms_noise(1e-3, 1)

    without = discover_lagrangian(data, QUADRATIC)
    complete = discover_lagrangian(data, (*QUADRATIC, parse("q0**6")))

    assert without.verdict == "not in the library"
    assert "neighbouring samples agree" in without.reasons[0]
    assert complete.verdict == "identified"


def test_a_lagrangian_of_the_centre_alone_is_not_enough():
    law = discover_lagrangian(
        samples(EQUAL), parse_list("(q0d + q1d)**2, (q0 + q1)**2, q0**4, q1**4")
    )

    assert law.verdict == "not in the library"
    assert "no inverse" in law.reasons[0]


def test_what_the_data_cannot_tell_is_called_ambiguous():
    """Within 0.0002 the Coulomb force is a constant: with noise a slope is as good."""
    data = systems.get("trapped_charges", {"m1": 2}).draw("narrow", seed=0).with_rms_noise(0.01, 1)
    library = QUADRATIC + parse_list("q0, q1, log(sqrt((q0 - q1)**2)), 1/(q0 - q1)**2")

    law = discover_lagrangian(data, library)

    assert law.verdict == "ambiguous"
    assert any("could take the place of" in reason for reason in law.reasons)


def test_a_free_particle_is_free():
    still = PhaseSamples(("x",), np.linspace(0, 1, 50)[:, None], np.linspace(-1, 1, 50)[:, None],
                         np.zeros((50, 1)))  # fmt: skip

    law = discover_lagrangian(still, parse_list("xd**2, x, x**2"))

    assert law.expr == parse("xd**2/2")
    assert law.verdict == "identified"


# Printing


def test_a_law_prints_itself_and_becomes_json():
    law = discover_lagrangian(samples(EQUAL), QUADRATIC + LINEAR)

    printed = str(law)
    assert printed.splitlines()[0].endswith("+ c    ambiguous, nullity 2")
    assert "q0d**2" in printed
    assert "0.5 (fixed)" in printed
    assert "pure gauge: " in printed
    contents = json.loads(json.dumps(law.to_json(), allow_nan=False))
    assert sympy.expand(parse(contents["lagrangian"]) - EQUAL) == 0
    assert contents["nullity"] == 2
    assert len(contents["equivalents"]) == 2
    assert contents["terms"][0]["recognised"] == "1/2"


# Input that cannot be used


@pytest.mark.parametrize(
    ("library", "options", "message"),
    [
        ("", {}, "there are no candidates"),
        ("q0dot**2, q0**2", {}, r"the variable q0dot, which is not among .* Did you mean 'q0d'"),
        ("q0d, q0*q0d, 1", {}, "pure gauge and moves nothing"),
        ("q0**2, q0d", {}, "no candidate has a kinetic energy"),
        ("q0d**2, sqrt(q0 - 9)", {}, r"the candidate sqrt\(q0 - 9\) .* not a finite number"),
        ("q0d**2, q0**2", {"noise": -1}, "one positive number"),
        ("q0d**2, q0**2", {"noise": [1.0, 2.0]}, "one for each sample"),
        ("q0d**2, q0**2", {"normalisation": {parse("q0d**3"): 1}}, "holds q0d\\*\\*3, .* Did you"),
        ("q0d**2, q0**2, q0d", {"normalisation": {parse("q0d"): 1}}, "which is pure gauge"),
    ],
)
def test_unusable_input_is_explained(library, options, message):
    candidates = parse_list(library) if library else ()
    with pytest.raises(InputError, match=message):
        discover_lagrangian(samples(EQUAL), candidates, **options)


def test_too_few_samples_are_refused():
    with pytest.raises(InputError, match="5 samples are too few for 7 candidates; give at least 7"):
        discover_lagrangian(samples(EQUAL)[:5], QUADRATIC)


def test_a_fit_says_how_the_lagrangian_stands_beside_the_truth():
    """Term by term, and as a whole: the same motion has many Lagrangians."""
    run = interpret.fit("trapped_charges", learn="lagrangian", samples=200)

    assert [part.name for part in run.law.parts] == ["kinetic", "potential"]
    assert [found.verdict for found in run.comparisons] == ["IDENTICAL"]
    assert run.notes[-1].startswith("beside the truth, L = ")
    assert run.notes[-1].endswith("IDENTICAL: the two are equal.")
