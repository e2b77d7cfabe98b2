"""What the constants inside of a law's terms are in the truth, which knows no names for them.

    min over c of |truth - Σ_k θ_k φ_k(c)|,     θ eliminated at every c,     from the measured c

The truth is said in the law's terms where nothing is left of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Float, Symbol

from interpret.laws.constants import recognise
from interpret.laws.law import Law
from interpret.laws.parts import Part
from interpret.laws.truth import Setting, Words, common, values_or_not
from systems.expressions import symbol

Array = NDArray[np.float64]

LEFT: Final = 1e-6
"""A descent that leaves more of the truth has not found its constants; `decompose` is stricter."""

ROUND_OFF: Final = 1e-12
"""Directions of the terms that are smaller, beside the largest, are none."""

SNAPPED: Final = 1e-9
"""Relative error of a descent's constants: a closed form nearer than this is meant."""


def aligned(law: Law, part: Part, words: Words, truth: Expr) -> dict[Symbol, Expr] | None:
    """The truth's values of the constants inside of a part's terms; None where it has no such form.

    Closed forms are meant where there is one.
    """
    inside = law.variables.inside
    held = inside.held(part.terms)
    if not held:
        return None
    plain = [c for c in part.candidates if inside.pattern(c) == c and c not in part.terms]
    patterns = (*map(inside.pattern, part.terms), *plain)
    names = [symbol(name) for name in held]
    asked = replace(part, terms=(), candidates=patterns, undetermined=())
    setting = common(law, asked, words, truth)
    start = np.array([each.value for each in held.values()])
    # Where an error bar is unknown, a millionth is a step.
    errors = np.array([each.stderr for each in held.values()])
    scale = np.where(np.isfinite(errors) & (errors > 0), errors, 1e-6 * np.abs(start) + 1e-300)
    found = _descended(setting, names, start, scale)
    if found is None:
        return None
    forms = (recognise(float(c), SNAPPED * abs(float(c))) or Float(float(c)) for c in found)
    return dict(zip(names, forms, strict=True))


def _descended(
    setting: Setting, names: Sequence[Symbol], start: Array, scale: Array
) -> Array | None:
    from scipy.optimize import least_squares

    columns = (*setting.gauge, *setting.candidates)
    variables = (*setting.variables, *(name.name for name in names))

    def left(moved: Array) -> Array:
        """What the columns leave of the truth, as a part of it."""
        constants = np.broadcast_to(start + moved * scale, (len(setting.points), len(start)))
        points = np.hstack([setting.points, constants])
        table = values_or_not((*columns, setting.truth), variables, points)
        fine = np.atleast_1d(np.isfinite(table).all(axis=1))[:, None]
        matrix = np.where(fine, table, 0.0)
        length = np.linalg.norm(matrix, axis=0)
        matrix = matrix / np.where(length > 0, length, 1.0)
        directions, sizes, _ = np.linalg.svd(matrix[:, :-1], full_matrices=False)
        kept = directions[:, sizes > ROUND_OFF * sizes.max()]
        remainder: Array = matrix[:, -1] - kept @ (kept.T @ matrix[:, -1])
        return remainder

    found = least_squares(left, np.zeros(len(start)), "3-point", xtol=1e-15, ftol=1e-15, gtol=1e-15)
    if not np.linalg.norm(left(found.x)) < LEFT:
        return None
    constants: Array = start + found.x * scale
    return constants


def filled(law: Law, part: Part, numbers: Mapping[Symbol, Expr]) -> Part:
    """The part with the truth's values of the constants in its terms."""
    inside = law.variables.inside

    def put_in(terms: Sequence[Expr]) -> tuple[Expr, ...]:
        return tuple(
            p.xreplace(dict(numbers)) if p.free_symbols & set(numbers) else term
            for term, p in ((term, inside.pattern(term)) for term in terms)
        )

    return replace(part, terms=put_in(part.terms), candidates=put_in(part.candidates))
