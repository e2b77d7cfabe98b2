"""Coefficients that a law's error bars allow to be equal, made equal: symmetry asks for no less.

A law of noisy data has 0.3701(4) x² + 0.3697(4) y², and only with one number for both is it the
same in every direction. With A c = 0 for the differences of such coefficients,

    c' = c - C Aᵀ (A C Aᵀ)⁻¹ A c,    χ² = (A c)ᵀ (A C Aᵀ)⁻¹ A c.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import sympy
from scipy.stats import chi2

from interpret.laws.law import Law

SIGMAS: Final = 3.0
LEAST_CHANCE: Final = 1e-2
"""All the equalities together are refused where true ones would look so bad once in a hundred."""


def equalised(law: Law) -> tuple[Law, tuple[str, ...]]:
    """The law with coefficients of one part equal, up to their sign, where its error bars allow it,
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
    sets = [found for part in law.parts for found in _alike(law, part.name)]
    rows = [_difference(law, some[0], other) for some in sets for other in some[1:]]
    if not rows:
        return law, ()
    a = np.array(rows)
    middle = np.linalg.pinv(a @ law.covariance @ a.T)
    off = a @ law.coefficients
    if chi2.sf(off @ middle @ off, len(rows)) < LEAST_CHANCE:
        return law, ()
    coefficients = law.coefficients - law.covariance @ a.T @ middle @ off
    forms: list[sympy.Expr | None] = list(law.recognised)
    for some in sets:
        known = next((abs(forms[k]) for k in some if forms[k] is not None), None)
        one = sympy.Float(abs(coefficients[some[0]])) if known is None else known
        for k in some:
            forms[k] = one if coefficients[k] > 0 else -one
            coefficients[k] = float(forms[k])
    names = tuple(", ".join(str(law.terms[k]) for k in some) for some in sets)
    return replace(law, coefficients=coefficients, recognised=tuple(forms)), names


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
    several = [some for some in sets if len(some) > 1]
    return [some for some in several if not _settled(law, some)]


def _settled(law: Law, some: Sequence[int]) -> bool:
    """Whether all have one closed form."""
    return len(
        {None if (f := law.recognised[k]) is None else abs(f) for k in some} - {None}
    ) == 1 and all(law.recognised[k] is not None for k in some)


def _may_equal(law: Law, k: int, j: int) -> bool:
    row = _difference(law, k, j)
    spread = float(np.sqrt(max(row @ law.covariance @ row, 0.0)))
    known = [law.recognised[k], law.recognised[j]]
    if None not in known and abs(known[0]) != abs(known[1]):
        return False
    return abs(row @ law.coefficients) <= SIGMAS * spread


def _difference(law: Law, k: int, j: int) -> np.ndarray:
    """The row whose product with the coefficients is |c_k| - |c_j|."""
    row = np.zeros(len(law.coefficients))
    row[k] = np.sign(law.coefficients[k])
    row[j] = -np.sign(law.coefficients[j])
    return row
