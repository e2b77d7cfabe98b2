"""Exact coefficients of an expression on candidates, as far as term-by-term algebra finds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeAlias

import sympy
from sympy import Expr, Symbol

Parts: TypeAlias = dict[Expr, Expr]
"""An expanded expression: {term without constant factor: constant factor}."""

ROUND_OFF: Final = 1e-12
"""Decimals that agree to this are equal."""


def matched(
    expression: Expr, candidates: Sequence[Expr], symbols: Sequence[Symbol]
) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """Coefficients c_j and the terms left over: expression = sum_j c_j candidates[j] + left over.

    Everything is expanded. A candidate that has terms which no other candidate has gets the
    coefficient that these terms ask for, if they agree; its share is taken away, and so on with
    the other candidates. Coefficients are exact, or Floats where the expression has decimals.

    >>> x, y = sympy.symbols("x y")
    >>> matched(2 * (x - y)**2 + x + sympy.pi, [(x - y)**2, x * y, x**2], [x, y])
    ((2, 0, 0), (pi, x))
    """
    rest = _parts(expression, symbols)
    left = {number: _parts(item, symbols) for number, item in enumerate(candidates)}
    coefficients = [sympy.Integer(0)] * len(left)
    found = True
    while found:
        owners = Counter(term for parts in left.values() for term in parts)
        found = False
        for number, parts in list(left.items()):
            own = [term for term in parts if owners[term] == 1]
            if own:
                found = True
                coefficients[number] = _ratio(rest, parts, own)
                _subtract(rest, coefficients[number], left.pop(number))
    left_over = (factor * term for term, factor in rest.items())
    return tuple(coefficients), tuple(sorted(left_over, key=sympy.default_sort_key))


def _parts(expression: Expr, symbols: Sequence[Symbol]) -> Parts:
    parts: Parts = {}
    for part in sympy.Add.make_args(sympy.expand(expression)):
        factor, term = part.as_independent(*symbols, as_Add=False)
        parts[term] = parts.get(term, 0) + factor
    return {term: factor for term, factor in parts.items() if factor != 0}


def _ratio(rest: Parts, parts: Parts, own: Sequence[Expr]) -> Expr:
    """How often the candidate is in the rest, judged by the terms that it alone has."""
    ratios = [rest.get(term, sympy.Integer(0)) / parts[term] for term in own]
    agree = all(_equal(ratio, ratios[0]) for ratio in ratios)
    return ratios[0] if agree else sympy.Integer(0)


def _subtract(rest: Parts, coefficient: Expr, parts: Parts) -> None:
    if coefficient == 0:
        return
    for term, factor in parts.items():
        had = rest.pop(term, sympy.Integer(0))
        if not _equal(had, coefficient * factor):
            rest[term] = sympy.expand(had - coefficient * factor)


def _equal(a: Expr, b: Expr) -> bool:
    """Whether two constants are equal: exactly, or but for the round-off of decimals."""
    if a == b:
        return True
    if a.has(sympy.Float) or b.has(sympy.Float):
        return abs(float(a) - float(b)) <= ROUND_OFF * max(abs(float(a)), abs(float(b)))
    return bool(sympy.simplify(a - b) == 0)
