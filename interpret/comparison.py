"""The law beside the truth, term by term, up to what the data cannot fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
from sympy import Expr

from interpret.json_numbers import finite, number
from interpret.law import Law
from interpret.term import Term
from interpret.truth import Decomposition, common, decompose
from systems.errors import InputError
from systems.expressions import parse, text

if TYPE_CHECKING:
    from systems.system import System

Verdict = Literal["IDENTICAL", "EQUAL WITHIN ERROR", "DIFFERENT"]

LARGEST_Z: Final = 3.3
"""A coefficient may lie off the truth by so many standard errors: 1 in 1000 does by chance."""

SMALLEST_P: Final = 1e-3
"""The chi^2 of all coefficients together must be at least so probable."""


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    - `verdict`, with its `reason` in words where they differ.
    - `terms`: every term of law or truth, in the order of the library.
    - `truth`: as it was given.
    - `support_precision`, `support_recall`: the part of the law's terms that are true, and of the
      true terms that are in the law; 1 where there are none.
    - `worst_relative_error`: the largest over the true terms; 1 if one is missing.
    - `remainder`: what of the truth lies outside the library, relative to the truth.
    """

    verdict: Verdict
    reason: str
    terms: tuple[Term, ...]
    truth: Expr
    support_precision: float
    support_recall: float
    worst_relative_error: float
    remainder: float

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain strings, numbers, lists and dicts."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "terms": [term.to_json() for term in self.terms],
            "truth": text(self.truth),
            "support_precision": self.support_precision,
            "support_recall": self.support_recall,
            "worst_relative_error": finite(self.worst_relative_error),
            "remainder": finite(self.remainder),
        }

    @staticmethod
    def from_json(contents: dict[str, Any]) -> Comparison:
        """The comparison that `to_json` wrote; raises InputError when it is none."""
        try:
            if contents["verdict"] not in get_args(Verdict):
                raise InputError(f"{contents['verdict']!r} is no verdict")
            return Comparison(
                verdict=contents["verdict"],
                reason=str(contents["reason"]),
                terms=tuple(Term.from_json(term) for term in contents["terms"]),
                truth=parse(contents["truth"]),
                support_precision=number(contents["support_precision"]),
                support_recall=number(contents["support_recall"]),
                worst_relative_error=number(contents["worst_relative_error"]),
                remainder=number(contents["remainder"]),
            )
        except KeyError as error:
            raise InputError(f"the comparison lacks {error}; fit the run again.") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise InputError(f"the comparison is damaged ({error}); fit the run again.") from error

    def __str__(self) -> str:
        from interpret import report

        return report.comparison_text(self)


def compare(law: Law, system: System, truth: Expr | str | None = None) -> Comparison:
    """Compare a law with the truth, up to the gauge: term by term and as a whole.

    The truth is `truth`, or the potential of the law's data set. It is decomposed on the law's
    candidates over the law's domain (`truth.decompose`), with features written out where the law
    and the truth use different variables. The verdict is

    - IDENTICAL: the same terms, and every coefficient is the true one (`Term.identical`);
    - EQUAL WITHIN ERROR: the same terms, every coefficient within 3.3 standard errors, each of
      them smaller than the coefficient, and the chi^2 d^T C^-1 d of all differences d under the
      law's covariance C not less probable than 1e-3;
    - DIFFERENT: anything else. A truth with terms outside the library is always different.

    Raises InputError when there is no truth, or it has unknown variables.

    >>> import systems
    >>> from systems.expressions import symbol
    >>> r = symbol("r")
    >>> law = Law(system="coulomb", terms=(1 / r,), coefficients=np.array([-0.0795774715]),
    ...           covariance=np.array([[9e-20]]), candidates=(1 / r, r**-2),
    ...           features=systems.get("coulomb").features, domain={"r": (0.3, 4.0)},
    ...           gauge="one constant", verdict="identified", chi2_per_n=1.0)
    >>> compare(law, systems.get("coulomb")).verdict
    'IDENTICAL'
    >>> compare(law, systems.get("coulomb"), truth="-0.0796/r").verdict
    'DIFFERENT'
    """
    given = system.truth(law.dataset, law.seed) if truth is None else truth
    if given is None:
        raise InputError(f"{law.system} has no known truth; give one to compare with.")
    known = parse(given) if isinstance(given, str) else given
    parts = decompose(common(law, system, known))
    terms = _terms(law, parts)
    if {t.term for t in terms if t.truth is not None} != set(law.terms):
        restated = _in_the_words_of(law, system, known)
        if restated is not None:
            parts, terms = restated
    kept = [term for term in terms if term.recovered is not None]
    true = [term for term in terms if term.truth is not None]
    both = [term for term in kept if term.truth is not None]
    verdict, reason = _verdict(law, terms, parts.outside)
    return Comparison(
        verdict=verdict,
        reason=reason,
        terms=terms,
        truth=known,
        support_precision=len(both) / len(kept) if kept else 1.0,
        support_recall=len(both) / len(true) if true else 1.0,
        worst_relative_error=float(np.max([term.relative_error for term in true], initial=0.0)),
        remainder=parts.remainder,
    )


def _in_the_words_of(
    law: Law, system: System, truth: Expr
) -> tuple[Decomposition, tuple[Term, ...]] | None:
    """The truth on the law's own terms, where it can be said in them: r² is q0² + q1² - 2 q0 q1.

    None where the law has no other variables than the coordinates, or does not hold the truth.
    """
    if not law.features or not set(system.coordinates) & set(law.domain):
        return None
    alone = replace(law, candidates=law.terms)
    parts = decompose(common(alone, system, truth, written_out=True))
    if parts.outside or any(value == 0 for value in parts.coefficients):
        return None
    return parts, _terms(alone, parts)


def _terms(law: Law, parts: Decomposition) -> tuple[Term, ...]:
    """The terms of law and truth in the order of the library, then those outside it."""
    kept = {
        term: (float(value), float(error), form)
        for term, value, error, form in zip(
            law.terms, law.coefficients, law.stderr, law.recognised, strict=True
        )
    }
    terms = []
    for candidate, truth in zip(law.candidates, parts.coefficients, strict=True):
        if candidate in kept or truth != 0:
            value, error, form = kept.get(candidate, (None, None, None))
            terms.append(Term(candidate, value, error, form, truth if truth != 0 else None))
    for part in parts.outside:
        factor, term = part.as_independent(*part.free_symbols, as_Add=False)
        terms.append(Term(term, None, None, None, factor, tried=False))
    return tuple(terms)


def _verdict(law: Law, terms: Sequence[Term], outside: Sequence[Expr]) -> tuple[Verdict, str]:
    if outside:
        return "DIFFERENT", f"the library lacks {_listed(outside)}"
    missing = [term.term for term in terms if term.recovered is None]
    if missing:
        return "DIFFERENT", f"the law misses {_listed(missing)}"
    spurious = [term.term for term in terms if term.truth is None]
    if spurious:
        return "DIFFERENT", f"the truth has no {_listed(spurious)}"
    if all(term.identical for term in terms):
        return "IDENTICAL", ""
    reason = _beyond_error(law, terms)
    return ("DIFFERENT", reason) if reason else ("EQUAL WITHIN ERROR", "")


def _beyond_error(law: Law, terms: Sequence[Term]) -> str:
    """Why the differences cannot be put down to the error bars, or "" if they can."""
    from scipy.special import chdtrc

    truth = {term.term: float(term.truth) for term in terms if term.truth is not None}
    true = np.array([truth[term] for term in law.terms])
    stderr = law.stderr
    if not np.isfinite(law.coefficients).all():
        return "a coefficient is not a finite number"
    if not np.isfinite(law.covariance).all() or not (stderr > 0).all():
        return "the error bars are not known"
    wide = stderr >= np.abs(true)
    if wide.any():
        names = [term for term, is_wide in zip(law.terms, wide, strict=True) if is_wide]
        return f"the error bar is wider than the coefficient of {_listed(names)}"
    z = (law.coefficients - true) / stderr
    worst = int(np.argmax(np.abs(z)))
    if abs(z[worst]) > LARGEST_Z:
        return f"the coefficient of {law.terms[worst]} is off by {abs(z[worst]):.2g} error bars"
    # In units of the error bars the covariance is well scaled: no inverse of tiny numbers.
    correlation = law.covariance / np.outer(stderr, stderr)
    chi2 = float(z @ np.linalg.pinv(correlation, rcond=1e-12, hermitian=True) @ z)
    if float(chdtrc(len(z), chi2)) < SMALLEST_P:
        return f"the coefficients together are off by chi^2 = {chi2:.3g} for {len(z)} terms"
    return ""


def _listed(expressions: Sequence[Expr]) -> str:
    return ", ".join(str(expression) for expression in expressions)
