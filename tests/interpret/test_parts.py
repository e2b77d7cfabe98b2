"""Laws of several parts: printed, kept and compared part by part."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import sympy

import systems
from interpret import compare, fit
from interpret.laws import kept
from interpret.laws.law import Law, Origin
from interpret.laws.parts import KINDS, Part, Variables
from systems.errors import InputError
from systems.expressions import parse, symbol

q, qd, t = symbol("q"), symbol("qd"), symbol("t")

KINETIC = Part("kinetic", (qd**2,), (qd**2, qd**4))
POTENTIAL = Part("potential", (q, q**2), (q, q**2, q**3))
DISSIPATIVE = Part("dissipative", (qd**2,), (qd**2, sympy.Abs(qd)), (sympy.Abs(qd),))
TRUTHS = {
    "kinetic": qd**2 / 2,
    "potential": q**2 / 2 - q / 4,
    "dissipative": qd**2 / 8,
}
VALUES = [0.5, -0.25, 0.5, 0.125]


def law(values=VALUES, error=1e-9, parts=(KINETIC, POTENTIAL, DISSIPATIVE)) -> Law:
    """A damped spring with a weight on it."""
    return Law(
        origin=Origin("spring", None, 2),
        parts=parts,
        coefficients=np.array(values),
        covariance=np.diag(np.full(len(values), error**2)),
        variables=Variables({"q": (-1.0, 2.0), "qd": (-1.0, 1.0)}, {}),
        gauge="one constant",
    )


@pytest.fixture
def spring() -> systems.Problem:
    mechanics = systems.Mechanics(("q",), (1.0,), parse("q**2/2 - q/4"))
    return systems.Problem("spring", "", "", mechanics=mechanics)


def test_coefficients_stand_part_after_part():
    whole = law()
    assert whole.terms == (qd**2, q, q**2, qd**2)
    parts = [[each.term for each in whole.measured(part)] for part in whole.parts]
    assert parts == [[qd**2], [q, q**2], [qd**2]]
    assert [each.value for each in whole.measured()] == whole.coefficients.tolist()
    assert whole.candidates == (qd**2, qd**4, q, q**2, q**3, qd**2, sympy.Abs(qd))


def test_the_potential_is_that_part_alone():
    assert law().potential == q**2 / 2 - q / 4
    assert law(parts=(KINETIC,), values=[0.5]).potential == 0


def test_what_is_undetermined_is_not_absent():
    assert law().absent == (qd**4, q**3)


def test_each_part_is_written_in_its_own_variables():
    whole = law()
    assert [whole.equation(part).left for part in whole.parts] == ["T(qd)", "V(q)", "R(qd)"]
    first = str(whole).splitlines()[0]
    assert first.startswith("spring   T(qd) = 0.500000000(1)*qd**2")
    statement = whole.statement()
    assert len(statement.equations) == len(statement.closed) == 3
    assert len(statement.table) == 5
    assert whole.latex.count(r"\\") == 2


def test_every_kind_of_part_has_a_symbol_of_its_own_and_words():
    assert len({kind.symbol for kind in KINDS.values()}) == len(KINDS)
    assert all(kind.summary for kind in KINDS.values())


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_kept(name):
    whole = law(parts=(Part(name, (q,), (q, t)),), values=[0.3])
    (again,) = kept.laws(json.loads(json.dumps(kept.to_json([whole]))))
    assert again == whole
    assert again.parts == whole.parts


def test_all_parts_are_kept_bit_for_bit():
    whole = law(values=[0.1 + 0.2, -1 / 3, 1e-30, 1 / 7], error=1e-3)
    contents = json.loads(json.dumps(kept.to_json([whole, whole])))
    assert contents["format"] == 2
    first, second = kept.laws(contents)
    assert first == second == whole
    assert first.parts == whole.parts
    assert first.coefficients.tolist() == whole.coefficients.tolist()
    assert first.origin == Origin("spring", None, 2)
    rows = contents["laws"][0]["terms"]
    assert [row["part"] for row in rows] == ["kinetic", *2 * ["potential"], "dissipative"]


def test_laws_with_other_parts_are_other_laws():
    one = law(parts=(Part("potential", (q,), (q,)),), values=[0.3])
    other = law(parts=(Part("drive", (q,), (q,)),), values=[0.3])
    assert one != other
    assert one == replace(one)


def test_every_part_is_compared_with_its_own_truth(spring):
    found = compare(law(), spring, TRUTHS)
    assert (found.support_precision, found.support_recall) == (1, 1)
    assert [term.part for term in found.terms] == [
        *("kinetic", "potential", "potential", "dissipative")
    ]
    assert found.verdict == "EQUAL WITHIN ERROR"
    assert "do not determine" in found.reason
    assert "Abs(qd)" in found.reason
    known = law(parts=(KINETIC, POTENTIAL), values=VALUES[:3])
    assert compare(known, spring).verdict == "IDENTICAL"


@pytest.mark.parametrize(
    ("name", "truth", "reason"),
    [
        ("kinetic", qd**2 / 2 + qd**4, "the law misses qd**4"),
        ("kinetic", sympy.Integer(0), "the truth has no qd**2"),
        ("potential", q**2 / 2, "the truth has no q"),
        ("potential", q**2 / 2 - q / 4 + sympy.sin(q), "the library lacks sin(q)"),
        ("dissipative", qd**2 / 4, "off by"),
    ],
)
def test_one_wrong_part_makes_the_law_wrong(spring, name, truth, reason):
    found = compare(law(), spring, {**TRUTHS, name: truth})
    assert found.verdict == "DIFFERENT"
    assert reason in found.reason


@pytest.mark.parametrize(
    ("number", "part"), [(0, "kinetic"), (1, "potential"), (2, "potential"), (3, "dissipative")]
)
def test_error_bars_belong_to_the_terms_of_their_own_part(spring, number, part):
    """One coefficient 5 of its error bars off, the others right: the law is wrong, and for it."""
    values = list(VALUES)
    parts = (KINETIC, POTENTIAL, replace(DISSIPATIVE, undetermined=()))
    values[number] += 0.002
    near = law(values=values, error=0.001, parts=parts)
    assert compare(near, spring, TRUTHS).verdict == "EQUAL WITHIN ERROR"
    values[number] += 0.003
    far = compare(law(values=values, error=0.001, parts=parts), spring, TRUTHS)
    assert far.verdict == "DIFFERENT"
    assert f"the coefficient of {near.terms[number]} is off by 5 error bars" == far.reason


def test_a_truth_for_every_part_is_asked_for(spring):
    with pytest.raises(InputError, match="the truth of dissipative is not given"):
        compare(law(), spring)


def test_one_truth_is_that_of_the_potential(spring):
    two = law(VALUES[:3], parts=(KINETIC, POTENTIAL))
    with pytest.raises(InputError, match="the truth of kinetic is not given; there are potential"):
        compare(two, spring, q**2)


def test_terms_that_were_no_candidates_are_refused():
    with pytest.raises(InputError, match=r"no candidates: q\*\*4"):
        Part("potential", (q**4,), (q, q**2))
    with pytest.raises(InputError, match=r"no part 'kinetik'.* Did you mean 'kinetic'\?"):
        Part("kinetik", (), ())


def test_numbers_for_other_terms_are_refused():
    with pytest.raises(InputError, match="a law of 4 terms needs coefficients of shape"):
        law(values=VALUES[:3])


def test_a_law_without_terms_says_so():
    nothing = law(parts=(Part("potential", (), (q,)),), values=[])
    assert nothing.potential == 0
    (again,) = kept.laws(json.loads(json.dumps(kept.to_json([nothing]))))
    assert again == nothing
    assert "V(q, qd) = 0" in str(nothing)


def test_a_part_comes_once():
    with pytest.raises(InputError, match="each part once, not kinetic, kinetic"):
        law(parts=(KINETIC, KINETIC), values=[0.5, 0.5])


@pytest.mark.parametrize("option", ["each", "same", "bounds", "library", "angles"])
def test_what_holds_no_terms_is_refused(option):
    with pytest.raises(InputError):
        fit("damped_pendulum", parts="all", **{option: object})
