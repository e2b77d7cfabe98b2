"""The most symmetric law within a law's error bars: coefficients that may be equal, or none at all.

A law of noisy data has 0.3701(4) x² + 0.3697(4) y², and only with one number for both is it the
same in every direction. With A c = 0 for what is asked of its coefficients,

    c' = c - C Aᵀ (A C Aᵀ)⁻¹ A c,    χ² = (A c)ᵀ (A C Aᵀ)⁻¹ A c.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from scipy.stats import chi2

from interpret.laws.law import Law

Array = NDArray[np.float64]

SIGMAS: Final = 3.3
LEAST_CHANCE: Final = 1e-3
"""What is asked is refused where true demands would look so bad once in a thousand: the same as
when a law is compared with its truth."""


def without_doubtful(law: Law) -> tuple[Law, tuple[str, ...]]:
    """The law without the terms that are zero within their error bars, all of them together.

    The term of the largest coefficient over its error bar stays. Returns their names too.
    """
    sure = np.abs(law.coefficients) > SIGMAS * np.nan_to_num(law.stderr)
    doubtful = np.flatnonzero(~sure)
    if not len(doubtful) or not sure.any():
        return law, ()
    found = _constrained(law, np.eye(len(sure))[doubtful])
    if found is None:
        return law, ()
    parts = tuple(
        replace(part, terms=tuple(t for t, good in zip(part.terms, own, strict=True) if good))
        for part, own in zip(law.parts, _by_part(law, sure), strict=True)
    )
    kept = replace(
        law,
        parts=parts,
        coefficients=found[sure],
        covariance=law.covariance[np.ix_(sure, sure)],
        recognised=tuple(form for form, good in zip(law.recognised, sure, strict=True) if good),
    )
    return kept, tuple(str(law.terms[k]) for k in doubtful)


def equalised(law: Law) -> tuple[Law, tuple[str, ...]]:
    """The law with coefficients of a part equal, up to their sign, where its error bars allow it,
    and the terms of each such set in words.

    Those with a closed form keep it.

    >>> from interpret.laws.judgement import Origin
    >>> from interpret.laws.parts import Part, Variables
    >>> from systems.expressions import symbol
    >>> terms = symbol("x") ** 2, symbol("y") ** 2
    >>> law = Law(origin=Origin("any"), parts=(Part("potential", terms, terms),),
    ...           coefficients=[0.3701, 0.3697], covariance=[[1.6e-7, 0], [0, 1.6e-7]],
    ...           variables=Variables({}, {}))
    >>> equal, said = equalised(law)
    >>> equal.coefficients.round(4), said
    (array([0.3699, 0.3699]), ('x**2, y**2',))
    """
    sets = [some for part in law.parts for some in _alike(law, part.name)]
    rows = [_difference(law, some[0], other) for some in sets for other in some[1:]]
    coefficients = _constrained(law, np.array(rows)) if rows else None
    if coefficients is None:
        return law, ()
    forms = list(law.recognised)
    for some in sets:
        known = [abs(form) for k in some if (form := forms[k]) is not None]
        one = known[0] if known else sympy.Float(abs(float(coefficients[some[0]])))
        for k in some:
            forms[k] = one if coefficients[k] > 0 else -one
            coefficients[k] = float(forms[k] or 0)
    names = tuple(", ".join(str(law.terms[k]) for k in some) for some in sets)
    return replace(law, coefficients=coefficients, recognised=tuple(forms)), names


def _constrained(law: Law, a: Array) -> Array | None:
    """c' with A c' = 0, or None where the data refute that."""
    if not np.isfinite(law.covariance).all():
        return None
    middle = np.linalg.pinv(a @ law.covariance @ a.T)
    off = a @ law.coefficients
    if chi2.sf(off @ middle @ off, len(a)) < LEAST_CHANCE:
        return None
    found: Array = law.coefficients - law.covariance @ a.T @ middle @ off
    return found


def _by_part(law: Law, values: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """The values of each part's own terms."""
    return np.split(values, np.cumsum([len(part.terms) for part in law.parts])[:-1])


def _alike(law: Law, part: str) -> list[list[int]]:
    """Sets of terms of a part whose coefficients may be equal, less those that are already."""
    numbers = [k for k, each in enumerate(law.measured()) if each.part == part]
    sets: list[list[int]] = []
    for k in numbers:
        home = next((some for some in sets if all(_may_equal(law, k, j) for j in some)), None)
        if home is None:
            sets.append([k])
        else:
            home.append(k)
    return [some for some in sets if len(some) > 1 and not _settled(law, some)]


def _settled(law: Law, some: Sequence[int]) -> bool:
    """Whether all have one closed form."""
    forms = {None if (form := law.recognised[k]) is None else abs(form) for k in some}
    return len(forms) == 1 and None not in forms


def _may_equal(law: Law, k: int, j: int) -> bool:
    row = _difference(law, k, j)
    spread = float(np.sqrt(np.maximum(row @ law.covariance @ row, 0.0)))
    one, other = law.recognised[k], law.recognised[j]
    if one is not None and other is not None and abs(one) != abs(other):
        return False
    return bool(abs(row @ law.coefficients) <= SIGMAS * spread)


def _difference(law: Law, k: int, j: int) -> Array:
    """The row whose product with the coefficients is |c_k| - |c_j|."""
    signs = [1.0 if law.coefficients[i] > 0 else -1.0 for i in (k, j)]
    row = np.zeros(len(law.coefficients))
    row[k], row[j] = signs[0], -signs[1]
    return row
