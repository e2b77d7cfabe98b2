"""compare() tells the true law from every wrong one that looks like it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy

import systems
from interpret.laws import kept
from interpret.laws.comparison import compare
from interpret.laws.truth import Words, common
from interpret.select import library_matrix
from interpret.select.library import Library, inverse_powers, powers
from systems.errors import InputError
from systems.expressions import parse, symbol
from systems.problem import Dataset
from systems.system import System
from tests.builders import changed, potential_law

q, r, s = (symbol(name) for name in "qrs")
TINY = 1e-10


def law(terms, stderr=TINY, candidates=None, domain=(-1.0, 3.0), **changes):
    """The law {term: coefficient}, with independent errors, in the variable of its terms."""
    kept = {parse(term): value for term, value in terms.items()}
    library = candidates or powers("q", 6)
    errors = np.broadcast_to(stderr, len(kept))
    fields = {
        "system": "double_well",
        "terms": tuple(kept),
        "coefficients": list(kept.values()),
        "covariance": np.diag(errors**2),
        "candidates": tuple(library),
        "domain": dict.fromkeys(library.variables, domain),
        "gauge": "one constant",
        "verdict": "identified",
        "chi2_per_n": 1.0,
        "dataset": "T1",
    }
    return potential_law(**{**fields, **changes})


WELL = {"q": 2.0, "q**2": 3.0, "q**3": -4.0, "q**4": 1.0}
DOUBLE_WELL = systems.get("double_well")


def test_the_truth_is_identical_though_written_as_a_product():
    """q**2*(q - 2)**2 - (q - 1)**2 against powers, and -1 is gauge."""
    found = compare(law(WELL), DOUBLE_WELL)

    assert found.verdict == "IDENTICAL"
    assert found.reason == ""
    assert [term.truth for term in found.terms] == [2, 3, -4, 1]
    assert (found.support_precision, found.support_recall) == (1.0, 1.0)
    assert found.worst_relative_error == 0
    assert found.remainder == 0


@pytest.mark.parametrize("shift", ["0", "-1", "pi", "1000000", "0.125"])
def test_a_constant_is_gauge(shift):
    truth = DOUBLE_WELL.motion().potential + parse(shift)

    assert compare(law(WELL), DOUBLE_WELL, truth=truth).verdict == "IDENTICAL"


def test_a_missing_term_is_different():
    found = compare(law({"q": 2.0, "q**2": 3.0, "q**3": -4.0}, stderr=10.0), DOUBLE_WELL)

    assert found.verdict == "DIFFERENT"
    assert found.reason == "the law misses q**4"
    assert found.support_precision == 1.0
    assert found.support_recall == 0.75
    assert found.worst_relative_error == 1.0
    assert [term.recovered for term in found.terms] == [2.0, 3.0, -4.0, None]


def test_a_spurious_term_is_different_however_small():
    found = compare(law({**WELL, "q**6": 1e-12}), DOUBLE_WELL)

    assert found.verdict == "DIFFERENT"
    assert found.reason == "the truth has no q**6"
    assert found.support_precision == 0.8
    assert found.support_recall == 1.0
    assert found.worst_relative_error == 0
    assert found.terms[-1].truth is None
    assert found.terms[-1].relative_error == float("inf")


@pytest.mark.parametrize("term", list(WELL))
@pytest.mark.parametrize("factor", [1 + 1e-5, 1 - 1e-5, -1])
def test_a_coefficient_off_by_more_than_its_error_bar_is_different(term, factor):
    found = compare(law({**WELL, term: WELL[term] * factor}), DOUBLE_WELL)

    assert found.verdict == "DIFFERENT"
    assert f"the coefficient of {term} is off by" in found.reason
    assert found.worst_relative_error == pytest.approx(abs(factor - 1), rel=1e-6)
    assert (found.support_precision, found.support_recall) == (1.0, 1.0)


@pytest.mark.parametrize("term", list(WELL))
def test_a_coefficient_off_within_its_error_bar_is_equal_but_not_identical(term):
    found = compare(law({**WELL, term: WELL[term] + 0.021}, stderr=0.01), DOUBLE_WELL)

    assert found.verdict == "EQUAL WITHIN ERROR"
    assert found.worst_relative_error == pytest.approx(0.021 / abs(WELL[term]))


def test_an_error_bar_wider_than_the_coefficient_proves_nothing():
    found = compare(law(WELL, stderr=(0.1, 0.1, 0.1, 5.0)), DOUBLE_WELL)

    assert found.verdict == "UNDETERMINED"
    assert found.reason == "the error bar is wider than the coefficient of q**4"


@pytest.mark.parametrize(
    ("half", "verdict"), [(1e-3, "UNDETERMINED"), (1.0, "DIFFERENT")], ids=["narrow", "wide"]
)
def test_other_terms_that_look_like_the_truths_prove_nothing(half, verdict):
    """About q = 1 q²/2 and q/2 + q³/6 have one slope and one curvature: q² was tried, not taken."""
    q = symbol("q")
    problem = systems.from_potential("q**2/2")
    law = potential_law(
        system="potential",
        terms=(q, q**3),
        candidates=(q, q**2, q**3),
        coefficients=np.array([0.5, 1 / 6]),
        covariance=np.diag([1e-4, 1e-4]),
        domain={"q": (1 - half, 1 + half)},
        verdict="ambiguous",
    )
    found = compare(law, problem)
    assert found.verdict == verdict
    if verdict == "UNDETERMINED":
        assert "other terms look like q**2" in found.reason
    one = {"coefficients": np.array([0.5]), "covariance": np.array([[1e-4]]), "recognised": ()}
    assert compare(changed(law, terms=(q**2,), **one), problem).verdict == "EQUAL WITHIN ERROR"


def test_an_error_bar_wider_than_the_coefficient_excuses_no_difference():
    """q**2 is off by ten of its error bars, whatever q**4 is known to."""
    found = compare(law({**WELL, "q**2": 4.0}, stderr=(0.1, 0.1, 0.1, 5.0)), DOUBLE_WELL)

    assert found.verdict == "DIFFERENT"
    assert found.reason == "the coefficient of q**2 is off by 10 error bars"


def test_many_small_differences_add_up():
    """Each coefficient is within 3 error bars, all together are not."""
    values = {term: value + 0.028 for term, value in WELL.items()}

    found = compare(law(values, stderr=0.01), DOUBLE_WELL)

    assert found.verdict == "DIFFERENT"
    assert "chi^2 = 31.4 for 4 terms" in found.reason


def test_correlations_count():
    """Two coefficients off by 2 error bars: likely if they err together, never if opposed."""
    correlated = np.array([[1, 0.99], [0.99, 1]]) * 1e-4
    truth = q + q**2

    for sign, verdict in ((1, "EQUAL WITHIN ERROR"), (-1, "DIFFERENT")):
        found = law({"q": 1.02, "q**2": 1 + sign * 0.02}, covariance=correlated)
        assert compare(found, DOUBLE_WELL, truth=truth).verdict == verdict


@pytest.mark.parametrize("covariance", [np.full((4, 4), np.nan), np.zeros((4, 4))])
def test_without_error_bars_only_the_truth_itself_passes(covariance):
    off = {**WELL, "q": 2.001}

    assert compare(law(off, covariance=covariance), DOUBLE_WELL).verdict == "UNDETERMINED"
    assert compare(law(off, covariance=covariance), DOUBLE_WELL).reason == (
        "the error bars are not known"
    )


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_coefficient_that_is_no_number_is_different(broken):
    found = compare(law({**WELL, "q": broken}, stderr=0.1), DOUBLE_WELL)

    assert found.verdict == "DIFFERENT"
    assert not found.worst_relative_error < 1e9
    assert compare(law({"q": 12.7}, stderr=np.nan), DOUBLE_WELL, truth="12.7*q").verdict == (
        "UNDETERMINED"
    )


def test_recognised_forms_must_be_the_true_ones():
    """A closed form near the truth is not the truth."""
    near = law({"q": 0.5 + 1e-9}, stderr=1e-9)
    assert near.recognised == (sympy.Rational(1, 2),)

    assert compare(near, DOUBLE_WELL, truth=q / 2).verdict == "IDENTICAL"
    for truth in ("0.500000003*q", "(1/2 + 10**(-12))*q"):
        assert compare(near, DOUBLE_WELL, truth=parse(truth)).verdict == "EQUAL WITHIN ERROR"


def test_a_closed_form_that_was_not_recognised_is_not_identical():
    """0.5 with an error bar of 3 % may be 1/2 and may be not."""
    found = law({"q": 0.5}, stderr=0.015)
    assert found.recognised == (None,)

    assert compare(found, DOUBLE_WELL, truth=q / 2).verdict == "EQUAL WITHIN ERROR"
    # Nor is a number that its own error bar tells from 1/2, however close.
    assert compare(law({"q": 0.5 + 2e-8}, stderr=1e-9), DOUBLE_WELL, truth=q / 2).verdict == (
        "DIFFERENT"
    )


@pytest.mark.parametrize(
    ("value", "stderr", "verdict"),
    [
        (0.46551545 * (1 + 5e-8), 1e-9, "IDENTICAL"),
        (0.46551545 * (1 + 5e-7), 1e-9, "DIFFERENT"),
        (0.46551545 * (1 + 5e-7), 1e-6, "EQUAL WITHIN ERROR"),
        (0.46551545, 1e-6, "EQUAL WITHIN ERROR"),
    ],
)
def test_a_drawn_number_is_identical_to_1e_7(value, stderr, verdict):
    found = law({"q": value}, stderr=stderr)

    assert compare(found, DOUBLE_WELL, truth=parse("0.46551545*q")).verdict == verdict


def test_decimals_in_the_truth_may_be_recognised_as_fractions():
    assert compare(law({"q**2": 0.5}), DOUBLE_WELL, truth="0.5*q**2").verdict == "IDENTICAL"


@pytest.mark.parametrize("factor", ["127/10", "sqrt(7)", "exp(1)"])
def test_exact_numbers_that_are_not_vetted_are_compared_as_numbers(factor):
    truth = parse(f"{factor}*q")
    value = float(parse(factor))

    assert compare(law({"q": value}), DOUBLE_WELL, truth=truth).verdict == "IDENTICAL"
    assert compare(law({"q": value * (1 + 1e-6)}), DOUBLE_WELL, truth=truth).verdict == "DIFFERENT"


# Truths outside the library


@pytest.mark.parametrize("size", ["1", "1/1000", "10**(-12)"])
def test_a_truth_with_a_term_outside_the_library_is_different(size):
    truth = DOUBLE_WELL.motion().potential + parse(size) * sympy.sin(5 * q)
    candidates = powers("q", 4)

    found = compare(law(WELL, stderr=0.5, candidates=candidates), DOUBLE_WELL, truth=truth)

    assert found.verdict == "DIFFERENT"
    assert "the library lacks" in found.reason
    assert "sin(5*q)" in found.reason
    assert 0 < found.remainder < 1
    assert found.support_precision == 1.0
    assert found.support_recall == 0.8
    assert found.worst_relative_error == 1.0
    assert [term.tried for term in found.terms] == [True] * 4 + [False]
    assert [term.truth for term in found.terms[:4]] == [2, 3, -4, 1]


def test_the_remainder_is_the_part_that_the_library_misses():
    found = compare(law({"q": 1.0}, candidates=Library([q])), DOUBLE_WELL, truth=q + q**2 / 1000)
    # Of q + e q^2 on [-1, 3], e (q^2 - 2q) is left about its mean: rms 1.193 e, q has 1.155.
    assert found.remainder == pytest.approx(1.193e-3 / 1.155 / 1.002, rel=0.02)


def test_a_small_term_beside_a_huge_one_is_not_overlooked():
    """Near r = 0 the singular term is 1e9 times larger than the missing one."""
    truth = parse("r**(-3) + sin(r)/1000")
    found = law({"r**(-3)": 1.0}, candidates=inverse_powers("r", 3), domain=(1e-3, 10.0))

    assert compare(found, DOUBLE_WELL, truth=truth).verdict == "DIFFERENT"


# Truths that are equal only after algebra


@pytest.mark.parametrize(
    ("terms", "candidates", "truth"),
    [
        ({"cos(2*q)": -0.5}, "cos(2*q), q", "sin(q)**2"),
        ({"(q - 1)**2": 1.0}, "q**3, (q - 1)**2", "q**2 - 2*q + 7"),
        ({"-1/(q - 10)": 2.0}, "q, -1/(q - 10)", "2/(10 - q)"),
        ({"1/(10 - q)": 11.0}, "1/(10 - q), q", "(q + 1)/(10 - q)"),
        ({"sin(q)**2": 0.0 + 3.0}, "sin(q)**2", "3*(1 - cos(q)**2)"),
        ({"exp(q)": 2.0}, "exp(q), q", "2*exp(q + 1)/E"),
        ({"2*q**2": 0.5}, "q, 2*q**2", "q**2"),
    ],
)
def test_truths_that_are_equal_after_algebra_are_identical(terms, candidates, truth):
    library = Library.parse(candidates, ["q"])
    found = compare(law(terms, candidates=library), DOUBLE_WELL, truth=truth)

    assert found.verdict == "IDENTICAL", found.reason
    assert found.support_recall == found.support_precision == 1
    off = {term: value * (1 + 1e-5) for term, value in terms.items()}
    assert compare(law(off, candidates=library), DOUBLE_WELL, truth=truth).verdict == "DIFFERENT"


def test_terms_that_cancel_are_no_terms():
    truth = parse("q*(q - 1) - q**2 + 3*q")

    assert compare(law({"q": 2.0}), DOUBLE_WELL, truth=truth).verdict == "IDENTICAL"


def test_no_law_and_no_truth_agree():
    free = compare(law({}), DOUBLE_WELL, truth=sympy.Integer(3))

    assert free.verdict == "IDENTICAL"
    assert (free.support_precision, free.support_recall) == (1.0, 1.0)
    assert compare(law({}), DOUBLE_WELL, truth=q).verdict == "DIFFERENT"
    assert compare(law({"q": 1.0}), DOUBLE_WELL, truth=sympy.Integer(3)).verdict == "DIFFERENT"


def test_a_constant_in_disguise_is_gauge():
    truth = sympy.cos(q) ** 2 + sympy.sin(q) ** 2 + 2 * q

    assert compare(law({"q": 2.0}), DOUBLE_WELL, truth=truth).verdict == "IDENTICAL"


# Coordinates and features

COULOMB = systems.get("coulomb")
DISTANCE = COULOMB.motion().features["r"]


def coulomb(value=-0.0795774715, terms=("1/r",), **changes):
    fields = {
        "stderr": 3e-10,
        "candidates": inverse_powers("r", 3),
        "domain": (0.2, 5.0),
        "features": {"r": DISTANCE},
        "dataset": "verlet",
    }
    return law(dict.fromkeys(terms, value), **{**fields, **changes})


def test_law_and_truth_in_the_same_feature():
    found = compare(coulomb(), COULOMB)

    assert found.verdict == "IDENTICAL"
    assert found.terms[0].truth == -1 / (4 * sympy.pi)


@pytest.mark.parametrize(
    "distance", [DISTANCE, sympy.sqrt(sympy.expand(DISTANCE**2))], ids=["as is", "expanded"]
)
def test_truth_in_coordinates_and_law_in_a_feature(distance):
    written_out = replace(COULOMB.motion(), features={}, potential=-1 / (4 * sympy.pi * distance))
    in_space = replace(COULOMB, mechanics=written_out, candidates=())

    assert compare(coulomb(), in_space).verdict == "IDENTICAL"
    assert compare(coulomb(-0.0795775), in_space).verdict == "DIFFERENT"
    assert compare(coulomb(terms=["r**(-2)"]), in_space).verdict == "DIFFERENT"


def test_truth_in_a_feature_and_law_in_coordinates():
    x1, x2 = symbol("x1"), symbol("x2")
    spring = System(
        name="spring",
        summary="",
        reference="",
        coordinates=("x1", "x2"),
        mass=(1.0, 1.0),
        potential=symbol("d") ** 2 / 2,
        features={"d": x1 - x2},
    )
    library = Library([x1, x1**2, x1 * x2, x2**2])
    terms = {"x1**2": 0.5, "x1*x2": -1.0, "x2**2": 0.5}
    found = law(terms, candidates=library, dataset=None)

    assert compare(found, spring).verdict == "IDENTICAL"
    terms["x1*x2"] = 1.0
    assert compare(law(terms, candidates=library, dataset=None), spring).verdict == "DIFFERENT"


def test_a_law_in_another_feature_is_translated():
    """s = r**2: the law 1/sqrt(s) is the truth 1/r."""
    found = coulomb(
        terms=["1/sqrt(s)"],
        candidates=Library([1 / sympy.sqrt(s), 1 / s]),
        features={"s": DISTANCE**2},
        domain=(0.04, 25.0),
    )

    assert compare(found, COULOMB).verdict == "IDENTICAL"
    assert compare(changed(found, terms=(1 / s,)), COULOMB).verdict == "DIFFERENT"


def test_the_same_name_for_another_feature_is_another_law():
    """-1/(4 pi r) with r = |x1 - x2| only looks like the truth."""
    x1, x2 = symbol("x1"), symbol("x2")
    found = coulomb(features={"r": sympy.sqrt((x1 - x2) ** 2)})

    assert compare(found, COULOMB).verdict == "DIFFERENT"


def test_a_truth_may_use_the_features_of_the_law():
    """s is known to the law alone, x1 to the system alone."""
    observed = systems.observed(COULOMB.draw("exact")[:1])
    found = coulomb(
        value=2.0,
        terms=["s"],
        candidates=Library([s, s**2]),
        features={"s": DISTANCE**2},
        domain=(0.04, 25.0),
    )

    assert compare(found, observed, truth="2*s").verdict == "IDENTICAL"
    assert compare(found, observed, truth="2*s + x1").reason == "the library lacks x1"
    with pytest.raises(InputError, match="variable x3"):
        compare(found, observed, truth="2*s + x3")


def set_beside(law, problem, truth):
    return common(law, law.parts[0], Words.of(problem, law), truth)


def test_truths_are_compared_where_the_data_are():
    in_space = replace(
        COULOMB, mechanics=replace(COULOMB.motion(), features={}, potential=None), candidates=()
    )
    far = coulomb(domain=(1e-3, 10.0))
    truth = -1 / DISTANCE

    in_r = set_beside(far, COULOMB, COULOMB.motion().potential)
    assert in_r.variables == ("r",)
    assert (in_r.points.min(), in_r.points.max()) == pytest.approx((1e-3, 10.0))
    # Over four decades points are even in the logarithm.
    assert np.median(in_r.points) == pytest.approx(0.1, rel=0.02)

    in_coordinates = set_beside(far, in_space, truth)
    distances = 1 / -library_matrix.derivatives(
        [truth], in_coordinates.variables, 0, in_coordinates.points
    )
    assert in_coordinates.variables == COULOMB.motion().coordinates
    assert len(distances) >= 400
    assert 1e-3 <= distances.min() < distances.max() <= 10.0
    with pytest.raises(InputError, match="no coordinates were found"):
        set_beside(coulomb(domain=(-2.0, -1.0)), in_space, truth)


def test_a_drawn_parameter_comes_with_the_seed_of_the_law():
    drawn = Dataset("", draw=lambda seed: None, parameters=lambda seed: {"ell2": 0.9 + seed / 7})
    central = System(
        name="central",
        summary="",
        reference="",
        coordinates=("r",),
        mass=(1.0,),
        potential=1 / r + symbol("ell2") / (2 * r**2),
        candidates=tuple(inverse_powers("r", 3)),
        datasets={"other": replace(drawn, parameters=None), "reduced": drawn},
    )

    def recovered(of_seed, seed):
        terms = {"1/r": 1.0, "r**(-2)": (0.9 + of_seed / 7) / 2}
        library = Library.of(central)
        return law(terms, candidates=library, domain=(1.0, 9.5), dataset="reduced", seed=seed)

    for seed in (0, 1, 2):
        assert compare(recovered(seed, seed), central).verdict == "IDENTICAL"
        assert compare(recovered(seed + 1, seed), central).verdict == "DIFFERENT"


# Input and output


def test_without_a_truth_one_must_be_given():
    observed = systems.observed(DOUBLE_WELL.draw("T2"))

    with pytest.raises(InputError, match="no known truth"):
        compare(law(WELL, dataset=None), observed)
    assert compare(law({"q": 2.0}, dataset=None), observed, truth="2*q").verdict == "IDENTICAL"


@pytest.mark.parametrize("truth", ["p**2", "1/q.real", "q +"])
def test_a_truth_must_be_readable(truth):
    with pytest.raises(InputError):
        compare(law(WELL), DOUBLE_WELL, truth=truth)


def test_comparisons_survive_json():
    truth = DOUBLE_WELL.motion().potential - 3 * q + sympy.sin(q) / 7
    found = compare(law({"q**2": 3.0, "q**5": 0.1}), DOUBLE_WELL, truth=truth)

    written = json.loads(json.dumps(found.to_json(), allow_nan=False))

    assert kept.comparison(written) == found
    # What else is written follows from these.
    for key in ("verdict", "reason", "terms", "truth", "remainder"):
        with pytest.raises(InputError, match=key):
            kept.comparison({name: item for name, item in written.items() if name != key})
    with pytest.raises(InputError, match="damaged"):
        kept.comparison({**written, "truth": "__import__('os')"})
