"""Whether a law is the true one: the verdict on terms that stand side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from sympy import Add, Expr, expand_mul

from interpret.laws.law import Law
from interpret.laws.measured import Measured
from interpret.laws.term import AGREEMENT, Term

Array = NDArray[np.float64]
Outcome = Literal["IDENTICAL", "EQUAL WITHIN ERROR", "UNDETERMINED", "DIFFERENT"]

LARGEST_Z: Final = 3.3
"""A coefficient may lie off the truth by so many standard errors: 1 in 1000 does by chance."""

SMALLEST_P: Final = 1e-3
"""The χ² of all coefficients together must be at least so probable."""

INSIDE: Final = "inside"
"""The part that constants inside of terms are said to be of; they follow the terms of all parts."""

FEWEST: Final = 0.5
"""Where the data determine a smaller share of the true terms, too little is known to tell."""


def judged(law: Law, terms: Sequence[Term], outside: Sequence[Expr]) -> tuple[Outcome, str]:
    """The verdict on a law whose terms stand beside the truth's, and its reason in words.

    `outside` is what of the truth no candidate spans. See `comparison.compare` for the verdicts.
    """
    if outside:
        return "DIFFERENT", f"the library lacks {_listed(outside)}"
    for each in law.measured():
        if each.given and any(_elsewhere(each, term) for term in terms):
            return "DIFFERENT", f"the coefficient of {each.term} was given, and is another"
    known = [term for term in terms if term.determined]
    missing = [term.term for term in known if term.recovered is None]
    if missing:
        return "DIFFERENT", f"the law misses {_listed(missing)}"
    spurious = [term.term for term in known if term.truth is None]
    if spurious:
        return "DIFFERENT", f"the truth has no {_listed(spurious)}"
    right = [term.identical or _given(law, term) for term in known]
    if all(right):
        return _identical(law, terms, len(known))
    return _within_error(law, known, [number for number, true in enumerate(right) if not true])


def _given(law: Law, term: Term) -> bool:
    """Whether a term's coefficient was given, and not learned."""
    own = (term.part, term.term)
    return any(each.given and own == (each.part, each.term) for each in law.measured())


def _elsewhere(given: Measured, term: Term) -> bool:
    """Whether a coefficient that was given is not the truth's, which has one."""
    if (given.part, given.term) != (term.part, term.term) or term.truth is None:
        return False
    return term.relative_error > AGREEMENT


def _identical(law: Law, terms: Sequence[Term], known: int) -> tuple[Outcome, str]:
    """Every coefficient that the data determine is the true one: are there enough of them?"""
    if known < FEWEST * len(terms):
        return "UNDETERMINED", f"the data determine {known} of {len(terms)} terms"
    undetermined = [term for part in law.parts for term in part.undetermined]
    if undetermined:
        shown = ", ".join(map(law.form.term, undetermined))
        return "EQUAL WITHIN ERROR", f"the data do not determine {shown}"
    return "IDENTICAL", ""


def _within_error(law: Law, terms: Sequence[Term], asked: Sequence[int]) -> tuple[Outcome, str]:
    """Whether the differences can be put down to the error bars, and whether these say anything.

    Those not `asked`, the true ones by their closed form, need no error bar to be right. One whose
    error bar is wider than itself is not refuted by the truth, and does not bear it out.
    """
    names = [_named(law, terms[number]) for number in asked]
    true = np.array([float(terms[number].truth or 0) for number in asked])
    coefficients = np.array([float(terms[number].recovered or 0) for number in asked])
    covariance = _covariance(law, terms)[np.ix_(asked, asked)]
    stderr = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    if not np.isfinite(coefficients).all():
        return "DIFFERENT", "a coefficient is not a finite number"
    if not np.isfinite(covariance).all() or not (stderr > 0).all():
        return "UNDETERMINED", "the error bars are not known"
    off = _off((coefficients - true) / stderr, covariance / np.outer(stderr, stderr), names)
    if off:
        return "DIFFERENT", off
    wide = stderr >= np.abs(true)
    if wide.any():
        listed = ", ".join(name for name, is_wide in zip(names, wide, strict=True) if is_wide)
        return "UNDETERMINED", f"the error bar is wider than {listed}"
    return "EQUAL WITHIN ERROR", ""


def _named(law: Law, term: Term) -> str:
    shown = law.form.term(term.term)
    return shown if term.part == INSIDE else f"the coefficient of {shown}"


def _covariance(law: Law, terms: Sequence[Term]) -> Array:
    """That of the law's coefficients, and the variances of the constants inside of its terms."""
    variances = [float(t.stderr or 0.0) ** 2 for t in terms if t.part == INSIDE]
    size = len(law.coefficients)
    both = np.zeros((size + len(variances),) * 2)
    both[:size, :size] = law.covariance
    np.fill_diagonal(both[size:, size:], variances)
    return both


def _off(z: Array, correlation: Array, names: Sequence[str]) -> str:
    """How far coefficients that are z (k,) error bars off are beyond chance, or "".

    In units of the error bars the covariance is well scaled: no inverse of tiny numbers.
    """
    from scipy.special import chdtrc

    worst = int(np.argmax(np.abs(z)))
    if abs(z[worst]) > LARGEST_Z:
        return f"{names[worst]} is off by {abs(z[worst]):.2g} error bars"
    chi2 = float(z @ np.linalg.pinv(correlation, rcond=1e-12, hermitian=True) @ z)
    if float(chdtrc(len(z), chi2)) < SMALLEST_P:
        return f"the coefficients together are off by chi^2 = {chi2:.3g} for {len(z)} terms"
    return ""


def _listed(expressions: Sequence[Expr]) -> str:
    return ", ".join(str(expression) for expression in expressions)


def reworded(law: Law, truths: Mapping[str, Expr]) -> str:
    """That the law says the truth in other terms, though the truth's own were candidates; or "".

    On a window so small that everything in it is a straight line all terms look alike.
    """
    own = {piece for truth in truths.values() for piece in _pieces(truth)}
    tried = {piece for candidate in law.candidates for piece in _pieces(candidate)}
    kept = {piece for term in law.terms for piece in _pieces(term)}
    if not own <= tried or own <= kept or kept <= own:
        return ""
    missing = [c for c in law.candidates if set(_pieces(c)) & own and not set(_pieces(c)) <= kept]
    told = ", ".join(map(law.form.term, missing))
    return f"on these data other terms look like {told}, which was tried"


def _pieces(expr: Expr) -> list[Expr]:
    """The summands of an expression without their coefficients."""
    return [
        piece.as_independent(*piece.free_symbols, as_Add=False)[1]
        for piece in Add.make_args(expand_mul(expr))
        if piece.free_symbols
    ]
