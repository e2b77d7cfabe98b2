"""The printed law, held by golden files.

After a change on purpose, UPDATE_GOLDEN=1 pytest tests/interpret/test_report.py writes them anew;
read the difference before it is committed.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy

import systems
from interpret.experiments.verbs import Findings
from interpret.laws import formula, report
from interpret.laws.comparison import compare
from interpret.laws.report import Cost
from interpret.run import Run
from interpret.select.library import Library, inverse_powers, monomials, powers
from systems import System
from systems.expressions import parse, symbol
from tests.builders import changed, potential_law

GOLDEN = Path(__file__).parent.parent / "golden"
r = symbol("r")

COULOMB = potential_law(
    system="coulomb",
    terms=(1 / r,),
    coefficients=np.array([-0.07957747153]),
    covariance=np.array([[9e-20]]),
    candidates=(1 / r, r**-2, r**-3),
    domain={"r": (0.2, 5.0)},
    gauge="one constant per trajectory",
    verdict="identified",
    chi2_per_n=1.0,
    dataset="verlet",
)
ON_A_LINE = System("coulomb", "", "", ("r",), (1.0,), -1 / (4 * sympy.pi * r))
COST = Cost(seconds=1.31, iterations=0, neurons=256)


def polynomial(values, stderr=2e-11, **changes):
    terms = tuple(symbol("q") ** power for power in values)
    fields = {
        "system": "double_well",
        "terms": terms,
        "coefficients": np.array(list(values.values())),
        "covariance": np.eye(len(terms)) * stderr**2,
        "candidates": tuple(powers("q", 6)),
        "domain": {"q": (-1.0, 3.0)},
        "dataset": "T1",
    }
    return changed(COULOMB, **{"recognised": (), **fields, **changes})


WELL = polynomial({1: 2 + 1e-11, 2: 3 - 3e-11, 3: -4 + 1e-11, 4: 1.0})
CENTRAL = changed(
    COULOMB,
    system="central_force",
    terms=(1 / r, r**-2, 1 / (10 - r)),
    coefficients=np.array([1 + 1e-11, 0.1385654, 1 - 2e-11]),
    covariance=np.diag([1e-20, 4e-20, 1e-20]),
    recognised=(),
    candidates=tuple(Library.of(systems.get("central_force"))),
    domain={"r": (1.0, 9.5)},
    dataset="reduced",
)
IN_SPACE = changed(COULOMB, features=systems.get("coulomb").mechanics.features)


def compared(law, system, **given):
    return law, compare(law, system, **given), COST


def statement(law, comparison=None):
    return law.statement() if comparison is None else comparison.beside(law.statement())


def text(law, comparison=None, cost=None):
    return report.text([statement(law, comparison)], cost)


def html(law, comparison=None, cost=None):
    return report.html([statement(law, comparison)], cost)


def json_object(law, comparison, cost):
    """The object of a run with this law."""
    settings = {"source": law.system}
    comparisons = () if comparison is None else (comparison,)
    path = None if cost is None else Path("runs/coulomb")
    run = Run((law,), comparisons, (), None, settings, Findings(), cost or Cost(), {}, path)
    return run.json()


CASES = {
    "coulomb": compared(COULOMB, ON_A_LINE, truth=ON_A_LINE.mechanics.potential),
    "coulomb_in_space": compared(IN_SPACE, systems.get("coulomb")),
    "double_well": compared(WELL, systems.get("double_well")),
    "double_well_noisy": compared(
        polynomial({1: 1.9993, 2: 3.0004, 3: -3.9998, 4: 0.99994}, stderr=5e-4, chi2_per_n=0.98),
        systems.get("double_well"),
    ),
    "double_well_wrong": compared(
        polynomial({1: 2.1, 2: 3.0, 5: -0.003}, stderr=1e-3, chi2_per_n=812.0),
        systems.get("double_well"),
        truth=parse("q**2*(q - 2)**2 - (q - 1)**2 + sin(q)/7"),
    ),
    "central_force": compared(
        CENTRAL, systems.get("central_force"), truth=parse("1/r + 1/(10 - r) + 0.1385654/r**2")
    ),
    "data": (changed(COULOMB, system="data", dataset=None), None, replace(COST, iterations=1)),
    "data_without_cost": (changed(WELL, chi2_per_n=math.nan), None, None),
    "ambiguous": (
        changed(CENTRAL, verdict="ambiguous", reasons=("the terms 1/r, 1/r**3 fit as well",)),
        None,
        COST,
    ),
    "not_in_the_library": (
        changed(
            COULOMB,
            verdict="not in the library",
            reasons=("the whole library misses the learned potential by 3.1e+05 times",),
            recognised=(),
            chi2_per_n=9.6e10,
        ),
        None,
        COST,
    ),
    "nothing_left": (polynomial({}), None, None),
}


def golden(name: str, shown: str) -> None:
    """Compare with a golden file, or write it when UPDATE_GOLDEN is set."""
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(shown + "\n", encoding="utf-8")
    assert shown + "\n" == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_printed(name):
    golden(f"{name}.txt", text(*CASES[name]))


@pytest.mark.parametrize("name", ["coulomb", "double_well_wrong", "not_in_the_library"])
def test_in_a_notebook(name):
    golden(f"{name}.html", html(*CASES[name]))


@pytest.mark.parametrize("name", ["coulomb", "central_force", "not_in_the_library"])
def test_as_json(name):
    contents = json_object(*CASES[name])

    golden(f"{name}.json", json.dumps(contents, indent=2, allow_nan=False))


@pytest.mark.parametrize("name", CASES)
def test_json_has_the_promised_shape(name):
    law, comparison, footer = CASES[name]
    contents = json.loads(json.dumps(json_object(law, comparison, footer), allow_nan=False))

    assert list(contents) == [
        "system",
        "law",
        "comparison",
        "features",
        "verdict",
        "chi2_per_n",
        "certificate",
        "iterations",
        "seconds",
        "run",
    ]
    assert list(contents["law"]) == ["expression", "latex", "terms", "gauge"]
    for term in contents["law"]["terms"]:
        assert list(term) == ["term", "part", "coefficient", "stderr", "recognised"]
    if comparison is None:
        assert contents["comparison"] is None
    else:
        assert list(contents["comparison"]) == [
            "verdict",
            "support_precision",
            "support_recall",
            "worst_relative_error",
        ]
    # The expression is text that sympy reads back, exactly, and so do we.
    expression = contents["law"]["expression"]
    assert sympy.sympify(expression) == parse(expression) == law.expr
    for written, term in zip(contents["law"]["terms"], law.terms, strict=True):
        assert sympy.sympify(written["term"]) == term
    for name_, definition in contents["features"].items():
        assert sympy.sympify(definition) == law.features[name_]


def test_json_is_finite_even_where_the_law_is_not():
    broken = polynomial({1: math.nan, 2: math.inf}, stderr=math.nan, chi2_per_n=math.inf)
    contents = json_object(broken, None, COST)

    json.dumps(contents, allow_nan=False)
    assert [term["coefficient"] for term in contents["law"]["terms"]] == [None, None]
    assert contents["law"]["expression"] is None
    assert contents["chi2_per_n"] is None


def test_the_printed_example():
    """The example that the design gives, to the letter, but for the error of this very number."""
    assert text(*CASES["coulomb"]).splitlines() == [
        "coulomb   V(r) = -0.0795774715(3)/r + c  =  -1/(4π r) + c"
        "          truth  -1/(4*pi*r) + c     IDENTICAL",
        "term   recovered        truth            error",
        "1/r    -0.0795774715    -0.0795774715    2e-10",
        "absent in both: 1/r**2, 1/r**3       1.3 s, 0 outer iterations, 256 neurons, χ²/n 1.00",
    ]


def test_results_print_themselves():
    comparison = CASES["coulomb"][1]

    assert str(COULOMB) == text(COULOMB)
    assert COULOMB._repr_latex_() == r"$\displaystyle V(r) = - \frac{1}{4 \pi r} + c$"
    assert COULOMB._repr_html_() == html(COULOMB)
    golden("comparison.txt", str(comparison))


def test_a_law_that_is_none_is_never_printed_as_one():
    shown = text(*CASES["not_in_the_library"])

    assert "no law found; the best fit of the library" in shown.splitlines()[0]
    assert "not in the library: the whole library misses" in shown
    assert "a best fit, not a law" in html(*CASES["not_in_the_library"])


def test_what_is_wrong_is_said():
    shown = text(*CASES["double_well_wrong"])

    assert "DIFFERENT: the library lacks sin(q)/7" in shown
    lines = {line.split()[0]: line.split() for line in shown.splitlines()}
    assert lines["q**3"] == ["q**3", "absent", "-4", "missing"]
    assert lines["q**5"] == ["q**5", "-0.003", "absent", "spurious"]
    assert lines["sin(q)"] == ["sin(q)", "not", "tried", "0.1428571429", "missing"]
    assert "absent in both: q**6 " in shown


@pytest.mark.parametrize(
    ("expression", "text", "pretty"),
    [
        ("r**(-2)", "1/r**2", "1/r**2"),
        ("(10 - r)**(-3)", "1/(10 - r)**3", "1/(10 - r)**3"),
        ("-1/(4*pi*r)", "-1/(4*pi*r)", "-1/(4π r)"),
        ("pi**2*q/2", "pi**2*q/2", "π**2*q/2"),
        ("pi*q", "pi*q", "π q"),
        ("2*pi", "2*pi", "2π"),
        ("q/pi", "q/pi", "q/π"),
        ("pip*q", "pip*q", "pip*q"),
        ("0.46551545501234567*q", "0.465515455*q", "0.465515455*q"),
        ("sqrt(q)", "sqrt(q)", "sqrt(q)"),
        ("1/sqrt(q)", "1/sqrt(q)", "1/sqrt(q)"),
        ("2**(-q)", "2**(-q)", "2**(-q)"),
    ],
)
def test_expressions_for_people(expression, text, pretty):
    assert formula.text(parse(expression)) == text
    assert formula.pretty(parse(expression)) == pretty


@pytest.mark.parametrize(
    ("term", "value", "text", "latex"),
    [
        ("q**2", 0.498, "0.498(2)*q**2", "0.498(2) q^{2}"),
        ("1/(10 - q)", -0.498, "-0.498(2)/(10 - q)", r"- \frac{0.498(2)}{10 - q}"),
        ("-q", 0.498, "-0.498(2)*q", "- 0.498(2) q"),
        ("-q", -0.498, "0.498(2)*q", "0.498(2) q"),
        ("sin(q)*A1", 0.498, "0.498(2)*A1*sin(q)", r"0.498(2) A_{1} \sin{\left(q \right)}"),
        ("(q + 1)**2", 0.498, "0.498(2)*(q + 1)**2", r"0.498(2) \left(q + 1\right)^{2}"),
    ],
)
def test_a_coefficient_times_a_term(term, value, text, latex):
    law = polynomial({}, stderr=0.002)
    law = changed(
        law,
        terms=(parse(term),),
        candidates=(parse(term),),
        coefficients=np.array([value]),
        covariance=np.array([[4e-6]]),
        recognised=(None,),
    )

    said = law.statement()
    assert said.equations == (f"V(q) = {text} + c",)
    assert law.latex == f"V(q) = {latex} + c"
    assert said.closed == ()


def test_small_numbers_are_written_with_powers_of_ten():
    law = polynomial({1: 6.2e-9, 2: -1.0}, stderr=1e-11, recognised=(None, None))

    assert law.statement().equations == ("V(q) = 6.20(1)e-09*q - 1.00000000000(1)*q**2 + c",)
    assert law.latex == r"V(q) = 6.20(1) \cdot 10^{-9} q - 1.00000000000(1) q^{2} + c"


def test_all_variables_are_named_in_the_order_of_the_data():
    candidates = tuple(monomials(["z", "x", "y"], 2))
    law = polynomial({}, candidates=candidates, domain=dict.fromkeys("zxy", (-1.0, 1.0)))
    law = changed(
        law,
        terms=(parse("x*z"),),
        coefficients=np.array([0.5]),
        covariance=np.array([[1e-20]]),
        recognised=(),
    )

    assert law.latex == r"V(z, x) = \frac{x z}{2} + c"


def test_the_cost():
    assert str(Cost()) == ""
    assert str(Cost(iterations=1, neurons=1)) == "1 outer iteration, 1 neuron"
    assert text(COULOMB, None, Cost(seconds=0.04)).endswith("0.0 s, χ²/n 1.00")


def test_html_is_escaped():
    law = changed(COULOMB, system="<script>", reasons=("a < b & c",), verdict="ambiguous")

    shown = html(law)
    assert "<script>" not in shown
    assert "a &lt; b &amp; c" in shown


def test_inverse_powers_need_no_minus_sign():
    law = changed(COULOMB, candidates=tuple(inverse_powers("r", 5)))

    assert "r**(-" not in text(law)
