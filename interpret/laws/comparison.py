"""The law beside the truth, term by term, up to what the data cannot fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
from sympy import Expr, Symbol

from interpret.laws import report
from interpret.laws.alignment import aligned, filled
from interpret.laws.forms import Form
from interpret.laws.json_numbers import finite
from interpret.laws.law import Law
from interpret.laws.parts import Part, gauged
from interpret.laws.report import Beside, Row, Statement
from interpret.laws.scale import scale
from interpret.laws.term import Term
from interpret.laws.truth import Decomposition, Words, common, decompose
from interpret.laws.verdicts import INSIDE, Outcome, judged, reworded
from systems.errors import InputError, nearest
from systems.expressions import parse, text
from systems.forces import FORCES
from systems.problem import Problem


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    - `verdict`, with its `reason` in words where they differ.
    - `terms`: every term of law or truth, in the order of the library.
    - `truths`: the truth of each part as it was given, by the name of the quantity.
    - `remainder`: what of the truth lies outside the library, relative to the truth.
    - `form`, `gauge`: those of the law.
    """

    verdict: Outcome
    reason: str
    terms: tuple[Term, ...]
    truths: Mapping[str, Expr]
    remainder: float
    form: Form
    gauge: str

    @property
    def truth(self) -> Expr:
        """The truth as it was given, of all parts together."""
        return sympy.Add(*self.truths.values())

    @property
    def support_precision(self) -> float:
        """The part of the law's terms that are true; 1 where it has none."""
        kept = [term for term in self.terms if term.recovered is not None]
        return sum(term.truth is not None for term in kept) / len(kept) if kept else 1.0

    @property
    def support_recall(self) -> float:
        """The part of the true terms that are in the law; 1 where there are none."""
        true = [term for term in self.terms if term.truth is not None]
        return sum(term.recovered is not None for term in true) / len(true) if true else 1.0

    @property
    def worst_relative_error(self) -> float:
        """The largest over the true terms that the data determine; 1 if one is missing."""
        errors = [t.relative_error for t in self.terms if t.truth is not None and t.determined]
        return float(np.max(errors, initial=0.0))

    def beside(self, statement: Statement) -> Statement:
        """What is printed of the law, with the truth beside it and every term compared."""
        true = {self.form.term(term.term) for term in self.terms if term.truth is not None}
        return replace(
            statement,
            table=self.table(),
            absent=tuple(name for name in statement.absent if name not in true),
            beside=self._beside(),
        )

    def table(self) -> tuple[Row, ...]:
        """The header and a row for each term."""
        rows = ((self.form.term(term.term), *term.row()) for term in self.terms)
        return (("term", "recovered", "truth", "error"), *rows)

    def _beside(self) -> Beside:
        written = tuple(
            self.form.exact(truth, self.gauge if gauged(quantity) else "")
            for quantity, truth in self.truths.items()
        )
        return Beside(written, self.verdict, self.reason)

    def summary(self) -> dict[str, Any]:
        """The verdict and its figures, without the terms."""
        return {
            "verdict": self.verdict,
            "support_precision": self.support_precision,
            "support_recall": self.support_recall,
            "worst_relative_error": finite(self.worst_relative_error),
        }

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain strings, numbers, lists and dicts."""
        return {
            **self.summary(),
            "reason": self.reason,
            "terms": [term.to_json() for term in self.terms],
            "truth": {name: text(truth) for name, truth in self.truths.items()},
            "remainder": finite(self.remainder),
            "form": self.form.to_json(),
            "gauge": self.gauge,
        }

    def __str__(self) -> str:
        return report.comparison_text(self._beside(), self.table())


def compare(
    law: Law, problem: Problem, truth: Expr | str | Mapping[str, Expr] | None = None
) -> Comparison:
    """Compare a law with the truth, up to the gauge: term by term and as a whole.

    The truth is `truth`, of each part by name where there are several, or what the problem's
    `truths` say of the law's data set. It is decomposed on the law's candidates over the law's
    domain (`truth.decompose`), with features written out where the law and the truth use different
    variables. The verdict is

    - IDENTICAL: the same terms, and every coefficient is the true one (`Term.identical`);
    - EQUAL WITHIN ERROR: the same terms, every coefficient and every constant inside of a term
      within 3.3 standard errors, each of them smaller than the coefficient, and the χ²
      d^T C^-1 d of all differences d under the law's covariance C not less probable than 1e-3; or
      every coefficient is the true one, where the data leave others of half the terms at most
      undetermined;
    - UNDETERMINED: the same terms, none refuted, but an error bar is wider than its coefficient or
      not known, or the data determine fewer than half of the terms; or other terms than the
      truth's, which was tried, and which on these data look like it within the error;
    - DIFFERENT: anything else. A truth with terms outside the library is always different, and so
      is one with a part that the law knows nothing of, such as friction.

    Raises InputError when there is no truth, or it has unknown variables.

    >>> import systems
    >>> from interpret.laws.judgement import Origin
    >>> from interpret.laws.parts import Variables
    >>> from systems.expressions import symbol
    >>> r, coulomb = symbol("r"), systems.get("coulomb")
    >>> law = Law(origin=Origin("coulomb"), parts=(Part("potential", (1 / r,), (1 / r, r**-2)),),
    ...           coefficients=np.array([-0.0795774715]), covariance=np.array([[9e-20]]),
    ...           variables=Variables({"r": (0.3, 4.0)}, coulomb.mechanics.features))
    >>> compare(law, coulomb).verdict
    'IDENTICAL'
    >>> compare(law, coulomb, truth="-0.0796/r").verdict
    'DIFFERENT'
    """
    truths = _truths(law, problem, truth)
    words = Words.of(problem, law)
    factor = scale(law, words, truths)
    truths = {name: factor * formula for name, formula in truths.items()}
    terms: list[Term] = []
    outside: list[Expr] = []
    remainders = []
    constants: dict[Symbol, Expr] = {}
    for part in law.parts:
        known = truths[law.quantity(part)]
        found, rows, numbers = _decomposed(law, part, words, known)
        terms += rows
        outside += found.outside
        remainders.append(found.remainder)
        constants |= numbers
    for name, formula in _unheard(law, problem, truth).items():
        for term in sympy.Add.make_args(factor * formula):
            outside.append(term)
            size, rest = term.as_independent(*term.free_symbols, as_Add=False)
            terms.append(Term(rest, None, None, None, size, name, tried=False))
    terms += _constants(law, constants)
    verdict, reason = judged(law, terms, outside)
    other = reworded(law, truths) if verdict == "EQUAL WITHIN ERROR" else ""
    if other:
        verdict, reason = "UNDETERMINED", other
    return Comparison(
        verdict=verdict,
        reason=reason,
        terms=tuple(terms),
        truths=truths,
        remainder=max(remainders),
        form=law.form,
        gauge=law.gauge,
    )


def _truths(
    law: Law, problem: Problem, given: Expr | str | Mapping[str, Expr] | None
) -> dict[str, Expr]:
    """The truth of every part of the law, by the name of its quantity."""
    names = [law.quantity(part) for part in law.parts]
    if given is None:
        known = problem.truths(law.origin.dataset, law.origin.seed)
    elif isinstance(given, Mapping):
        known = given
    else:
        # One truth is that of the potential, if there is one.
        whose = "potential" if "potential" in names else names[0]
        known = {whose: parse(given) if isinstance(given, str) else given}
    missing = [name for name in names if name not in known]
    if missing and not known:
        raise InputError(f"{law.system} has no known truth; give one to compare with.")
    if missing:
        raise InputError(
            f"the truth of {missing[0]} is not given; there are {', '.join(known)}."
            f"{nearest(missing[0], known)}"
        )
    pairs = zip(names, law.parts, strict=True)
    return {name: law.form.within(known[name], part.candidates) for name, part in pairs}


def _unheard(
    law: Law, problem: Problem, given: Expr | str | Mapping[str, Expr] | None
) -> Mapping[str, Expr]:
    """The forces of the truth that no part of the law could hold; masses are known."""
    if given is not None and not isinstance(given, Mapping):
        return {}
    known = problem.truths(law.origin.dataset, law.origin.seed) if given is None else given
    heard = {law.quantity(part) for part in law.parts}
    return {name: known[name] for name in FORCES if name in known and name not in heard}


def _decomposed(
    law: Law, part: Part, words: Words, truth: Expr
) -> tuple[Decomposition, tuple[Term, ...], Mapping[Symbol, Expr]]:
    """The truth on the candidates of a part, the terms of both, and the truth's values of the
    constants inside of them, where it has others."""
    found = decompose(common(law, part, words, truth))
    terms = _terms(law, part, found)
    if {term.term for term in terms if term.truth is not None} == set(part.terms):
        return found, terms, {}
    same = _in_the_words_of(law, part, words, truth)
    if same is not None:
        return *same, {}
    numbers = aligned(law, part, words, truth)
    if numbers is None:
        return found, terms, {}
    true = decompose(common(law, filled(law, part, numbers), words, truth))
    if true.outside:
        return found, terms, {}
    pattern = law.variables.inside.pattern
    rows = [replace(term, term=pattern(term.term)) for term in _terms(law, part, true)]
    return true, tuple(rows), numbers


def _constants(law: Law, true: Mapping[Symbol, Expr]) -> Iterator[Term]:
    """The constants inside of terms beside what they are in the truth."""
    for constant, value in true.items():
        own = law.variables.inside.constants[constant.name]
        yield Term(constant, own.value, own.stderr, own.recognised, value, INSIDE)


def _in_the_words_of(
    law: Law, part: Part, words: Words, truth: Expr
) -> tuple[Decomposition, tuple[Term, ...]] | None:
    """The truth on the law's own terms, where it can be said in them: r² is q0² + q1² - 2 q0 q1.

    Candidates may be combinations of each other. None where the law does not hold the truth.
    """
    alone = replace(part, candidates=part.terms)
    found = decompose(common(law, alone, words, truth, written_out=bool(law.features)))
    if found.outside or any(value == 0 for value in found.coefficients):
        return None
    return found, _terms(law, part, found, alone)


def _terms(law: Law, part: Part, found: Decomposition, on: Part | None = None) -> tuple[Term, ...]:
    """The terms of law and truth in the order of the library, then those outside it."""
    kept = {each.term: (each.value, each.stderr, each.recognised) for each in law.measured(part)}
    terms = []
    for candidate, truth in zip((on or part).candidates, found.coefficients, strict=True):
        if candidate in kept or truth != 0:
            value, error, form = kept.get(candidate, (None, None, None))
            terms.append(
                Term(
                    candidate,
                    value,
                    error,
                    form,
                    truth if truth != 0 else None,
                    part.name,
                    determined=candidate not in part.undetermined,
                )
            )
    for rest in found.outside:
        factor, term = rest.as_independent(*rest.free_symbols, as_Add=False)
        terms.append(Term(term, None, None, None, factor, part.name, tried=False))
    return tuple(terms)
