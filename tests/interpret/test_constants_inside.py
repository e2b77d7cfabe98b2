"""Constants inside candidates: found, said, compared, and proposed unaided."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sympy

import interpret
from interpret.experiments.motion import Motion
from interpret.laws import kept, report
from interpret.laws.comparison import compare
from interpret.laws.inside import Constant, Inside
from interpret.laws.judgement import Origin
from interpret.laws.law import Law
from interpret.laws.parts import Part, Variables
from interpret.ledger.accounting import account
from interpret.ledger.candidates import Candidates
from interpret.ledger.inner import Data, values
from interpret.ledger.motion import Courses
from interpret.ledger.statement import stated
from interpret.reading.singularities import Singularity, candidates, singularities
from interpret.select.unknown import parsed, symbols, unknown
from systems.errors import InputError
from systems.expressions import parse, parse_list, symbol
from systems.mechanics import Mechanics
from systems.problem import Problem
from systems.samples.trajectories import Trajectories
from tests.interpret.test_report import golden
from training.prepare.noise import estimate

r, q, c = map(symbol, "rqc")


def motion(potential: str, starts, span=20.0, samples=201, noise=0.0, seed=0) -> Trajectories:
    """Motions of one coordinate from starts (q, v)."""
    expr = parse(potential)
    (name,) = (item.name for item in expr.free_symbols)
    mechanics = Mechanics((name,), (1.0,), expr)
    q0, v0 = ([[start[k]] for start in starts] for k in (0, 1))
    data = mechanics.flow(q0, v0, np.linspace(0, span, samples))
    return data.with_noise(noise, seed) if noise else data


def accounted(data: Trajectories, library: str) -> Law:
    """The law of the ledger, no drive sought."""
    found = Candidates(data.coordinates, (1.0,)).with_terms("potential", parse_list(library))
    courses = Courses.of(data, estimate(data))
    return stated(account(courses, found.with_unknowns(), drive=False), Origin("data"))


KINDS = {
    "pole": ("1/r + 1/(10 - r)", "1/r, 1/(c - r)", "c", 10.0, ((1.2, 0.3), (3.0, -0.2)), 20.0),
    "exponent": ("1/r**2 - 2*r**-0.7", "r**p, 1/r**2", "p", -0.7, ((1.2, 0.3), (3.0, -0.2)), 20.0),
    "range": (
        *("exp(-r/0.8)/r + r**2/2", "exp(-r/l)/r, r**2, 1/r", "l", 0.8),
        *(((0.4, 0.1), (1.5, -0.5)), 10.0),
    ),
    "wave number": ("-cos(1.7*q)", "cos(k*q), q**2", "k", 1.7, ((0.4, 0.1), (1, 1)), 20.0),
}
"""A potential, a library, its constant and what it is, starts, and for how long."""


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind != "pole")) for kind in KINDS]
)
def test_a_constant_is_found_to_its_last_digits(kind):
    potential, library, name, true, starts, span = KINDS[kind]

    law = accounted(motion(potential, starts, span), library)

    found = law.variables.inside.constants[name]
    assert found.value == pytest.approx(true, rel=1e-8)
    assert sympy.simplify(law.potential - sympy.nsimplify(parse(potential))) == 0
    assert law.verdict == "identified"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_is_found_in_noise(kind):
    potential, library, name, true, starts, span = KINDS[kind]

    law = accounted(motion(potential, starts, span, noise=0.01), library)

    found = law.variables.inside.constants[name]
    assert abs(found.value - true) < 4 * found.stderr
    assert found.stderr < 0.01 * abs(true)
    problem = Problem("data", "", "", mechanics=Mechanics((symbol_of(potential),), (1.0,)))
    compared = compare(law, problem, {"potential": sympy.nsimplify(parse(potential))})
    assert compared.verdict in ("IDENTICAL", "EQUAL WITHIN ERROR")


def symbol_of(potential: str) -> str:
    (name,) = (item.name for item in parse(potential).free_symbols)
    return name


@pytest.mark.slow
def test_two_constants_in_one_term_are_found_together():
    law = accounted(
        motion("(1 - exp(-1.3*(q - 0.7)))**2", ((0.4, 0.1), (1.5, 0.3))), "(1-exp(-a*(q-b)))**2"
    )
    numbers = {name: x.recognised for name, x in law.variables.inside.constants.items()}
    assert numbers == {"a": sympy.Rational(13, 10), "b": sympy.Rational(7, 10)}


@pytest.mark.parametrize("library", ["c*q**2", "log(c*q)", "q**2, exp(c)*q"])
def test_a_mere_factor_is_refused(library):
    with pytest.raises(InputError, match=r"the constant c.* leave (c|it) out"):
        accounted(motion("q**2", ((1.0, 0.0),), samples=100), library)


@pytest.mark.slow
def test_a_constant_of_terms_that_are_not_there_is_named():
    law = accounted(motion("q**2/2 + q**4/4", ((1.0, 0.0),)), "q**2, q**4, 1/(c - q)")
    assert law.potential == q**2 / 2 + q**4 / 4
    assert law.judgement.remarks == ("no term with c is in the law: these data do not fix it",)
    assert "1/(c - q)" in str(law)


# Libraries


def test_symbols_beside_variables_are_unknown_constants():
    assert unknown("1/r, 1/(c-r), r**p, pair", ["r"]) == {"c", "p"}
    assert symbols("polynomial, r") == (frozenset(), frozenset())
    assert list(parsed("1/r, 1/(c-r), 1", ["r"])) == [1 / r, 1 / (c - r)]


def test_a_term_without_any_variable_is_refused():
    with pytest.raises(InputError, match="there is no variable 'x'"):
        parsed("1/r, 1/x, r**p", ["r"])


@pytest.mark.slow
def test_the_way_of_all_forces_takes_unknown_constants():
    run = interpret.fit(motion("1/r + 1/(10 - r)", ((1.2, 0.3), (3, -0.2))), library="1/r,1/(c-r)")
    assert run.law.potential == 1 / r + 1 / (10 - r)
    assert "c in the candidates" in str(run)


@pytest.mark.slow
def test_a_distance_may_have_an_unknown_exponent():
    x, y, z = map(symbol, "xyz")
    distance = sympy.sqrt(x**2 + y**2 + z**2)
    space = Mechanics(("x", "y", "z"), (1.0,) * 3, -(r ** sympy.Rational(-3, 2)), {"r": distance})
    starts = [[1.0, 0, 0], [1.5, 0.2, 0]], [[0, 1.1, 0.4], [0, 0.8, 0.5]]
    for options in ({}, {"features": "r=sqrt(x**2+y**2+z**2)"}):
        run = interpret.fit(space.flow(*starts, np.linspace(0, 20, 401)), library="r**p", **options)
        assert run.law.potential == -(r ** sympy.Rational(-3, 2))
        assert run.law.verdict == "identified"


# Values that are tried


@pytest.mark.parametrize(
    ("term", "true"),
    [
        ("1/(c - r)", 4.0),
        ("log(c - r)", 4.0),
        ("1/sqrt(r**2 + c**2)", 0.8),
        ("r**c", -6.3),
        ("r**(2*c)", -3.1),
        ("exp(-r/c)", 0.4),
        ("exp(-c*r)/r", 2.5),
        ("cos(c*r)", 5.0),
        ("sin(2*r + c)", 1.0),
        ("exp(-(r - c)**2)", 2.0),
        ("1/(1 + (r/c)**2)", 1.5),
        ("tanh(c*r)", 0.7),
    ],
)
def test_some_value_tried_is_near_any_that_may_be(term, true):
    data = Data({"r": 2 + np.cos(np.linspace(0, 20, 500))})
    tried = values(parse(term), c, {}, data)
    assert np.abs(tried - true).min() < 0.4 * abs(true)
    assert len(tried) < 1600


def test_no_pole_is_tried_among_the_data():
    data = Data({"r": np.linspace(1, 3, 50)})
    for term in ("1/(c - r)", "log(c - r)", "(r - c)**-2", "sqrt(c - r)"):
        tried = values(parse(term), c, {}, data)
        assert len(tried)
        assert not ((tried >= 1) & (tried <= 3)).any()


# Said, kept and compared

PATTERN = 1 / (c - r)


def law(value=10.001, error=0.002, recognised=None, coefficient=1.0) -> Law:
    inside = Inside({"c": Constant(value, error, recognised)}, (PATTERN, PATTERN**2))
    terms = (1 / r, inside.filled(PATTERN))
    return Law(
        origin=Origin("poles"),
        parts=(Part("potential", terms, (*terms, inside.filled(PATTERN**2))),),
        coefficients=np.array([1.01, coefficient]),
        covariance=np.diag([0.02**2, 0.03**2]),
        variables=Variables({"r": (1.0, 9.0)}, {}, inside=inside),
        gauge="one constant",
    )


PROBLEM = Problem("poles", "", "", mechanics=Mechanics(("r",), (1.0,)))


def test_a_constant_is_said_by_name_with_its_error_bar():
    said = str(law())
    assert "V(r) = 1.01(2)/r + 1.00(3)/(c - r) + C" in said
    assert "where c = 10.001(2)" in said
    assert "absent: 1/(c - r)**2" in said
    assert law().latex.endswith(r"\frac{1.00(3)}{c - r} + C, \quad c = 10.001(2)")
    assert law()([2.0])[0] == pytest.approx(1.01 / 2 + 1 / 8.001)


def test_a_constant_is_printed_beside_the_truth():
    found = compare(law(), PROBLEM, "1/r + 1/(10 - r)")
    golden("constant_inside.txt", report.text([found.beside(law().statement())]))


def test_a_recognised_constant_stands_in_its_place():
    said = str(law(10.0, 1e-9, sympy.Integer(10)))
    assert "1.00(3)/(10 - r)" in said
    assert "where" not in said


def test_constants_are_kept():
    before = law()
    contents = json.loads(json.dumps(before.to_json(), allow_nan=False))
    after = kept.law(contents)
    assert after == before
    assert str(after) == str(before)
    assert before.summary()["constants"]["c"]["stderr"] == 0.002


@pytest.mark.parametrize(
    ("made", "truth", "verdict"),
    [
        ({}, "1/r + 1/(10 - r)", "EQUAL WITHIN ERROR"),
        ({}, "1/r - 1/(r - 10)", "EQUAL WITHIN ERROR"),
        ({}, "1/r + 1/(10.002 - r)", "EQUAL WITHIN ERROR"),
        ({}, "1/r + 1/(10.02 - r)", "DIFFERENT"),
        ({}, "1/r + 1.2/(10 - r)", "DIFFERENT"),
        ({}, "1/r + 1/(10 - r)**2", "DIFFERENT"),
        ({}, "1/r + 1/(10 - r) + 1/r**3", "DIFFERENT"),
        ({"value": 10.0, "error": 0.002, "recognised": sympy.Integer(10)}, "1/r + 1/(10.001 - r)",
         "EQUAL WITHIN ERROR"),
        ({"error": 1e-5}, "1/r + 1/(10 - r)", "DIFFERENT"),
    ],
)  # fmt: skip
def test_the_truth_is_said_in_the_laws_terms(made, truth, verdict):
    assert compare(law(**made), PROBLEM, truth).verdict == verdict


def test_a_constant_off_by_many_error_bars_is_named():
    found = compare(law(error=1e-4), PROBLEM, "1/r + 1/(10 - r)")
    assert found.reason == "c is off by 10 error bars"
    assert ("c", "10.0010", "10.0000", "0.0001") in found.table()


# Proposed unaided


def test_poles_are_seen_in_a_potential_and_no_others():
    def seen(potential, low, high, misfit=1e-11):
        return [(one.place, one.order) for one in singularities(potential, low, high, misfit)]

    found = seen(lambda x: 1 / x + 0.4655 / x**2 + 1 / (10 - x), 0.96, 9.35)
    assert [order for _, order in found] == [2, 1]
    assert [place for place, _ in found] == pytest.approx([0, 10], abs=1e-4)
    assert seen(lambda x: x**4 - x, -1.0, 2.0) == []
    assert seen(lambda x: 1 / (1 + x**2), -1.0, 2.0) == []
    assert seen(lambda x: 1 / (10 - x), 1.0, 9.0, misfit=1e-3) == []
    ((place, order),) = seen(lambda x: np.sqrt(10 - x) + x**2, 1.0, 9.0)
    assert order == 0
    assert place == pytest.approx(10, abs=0.5)


def test_candidates_have_the_singularities():
    found = [Singularity(0.0, 2), Singularity(7.0, 0), Singularity(10.0, 1)]
    p, c1 = symbol("p"), symbol("c1")
    proposed = candidates("r", found, 1.0)
    assert proposed == [1 / r, r**-2, sympy.log(c - r), (c - r) ** p, 1 / (c1 - r)]


@pytest.mark.slow
def test_a_pole_is_found_with_no_library_at_all():
    data = motion("1/r + 7/10/(9.87 - r)", ((1.2, 0.5),), samples=2001)
    run = interpret.fit(data)
    assert run.law.verdict == "identified"
    assert run.law.variables.inside.constants["c"].value == pytest.approx(9.87, rel=1e-9)
    assert "a pole near 0, a pole near 9.87" in str(run)


@pytest.mark.slow
def test_central_force_has_its_poles_with_no_candidates_of_its_own():
    run = interpret.fit("central_force", Motion(library="default"))
    assert run.comparison.verdict == "IDENTICAL"
    assert "a pole of order 2 near 0, a pole near 10" in str(run)
