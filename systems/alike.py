"""Many expressions that differ in their variables alone: one formula, taken at other columns.

The forces between ten particles in space are forty-five times the same, each of six coordinates.
sympy differentiates and compiles it once, and numpy does all of them in one call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr, Symbol

from systems.expressions import differentiate
from systems.integrate import Field, compile

Array = NDArray[np.float64]
Index = NDArray[np.int64]

FEW: Final = 8
"""So many expressions are as well compiled as they are written, with what they share in common."""


@dataclass(frozen=True, eq=False)
class Kind:
    """``formula`` in the variables ``u0``, u1, ...; which columns these are, (m, k), for each of m
    expressions, and which ``places`` (m,) these have among all."""

    formula: Expr
    columns: Index
    places: Index

    @property
    def variables(self) -> list[str]:
        """u0, u1, ..., k of them."""
        return [f"u{number}" for number in range(self.columns.shape[1])]

    @cached_property
    def _values(self) -> Field:
        return compile([self.formula], self.variables)

    @cached_property
    def _slopes(self) -> Field:
        return compile(
            [differentiate(self.formula, name) for name in self.variables], self.variables
        )

    def values(self, x: Array) -> Array:
        """Of each expression at x (n, d), shape (n, m)."""
        return self._values(self._points(x)).reshape(len(x), len(self.places))

    def slopes(self, x: Array) -> Array:
        """Of each expression in each of its own variables, shape (n, m, k)."""
        return self._slopes(self._points(x)).reshape(len(x), *self.columns.shape)

    def _points(self, x: Array) -> Array:
        rows, size = self.columns.shape
        return x[:, self.columns].reshape(len(x) * rows, size)


def kinds(expressions: Sequence[Expr], variables: Sequence[str]) -> tuple[Kind, ...]:
    """The expressions, those that are alike together.

    >>> a, b, c = map(Symbol, "abc")
    >>> [(kind.formula, kind.columns.tolist()) for kind in kinds([a - b, c**2, b - c], "abc")]
    [(u0 - u1, [[0, 1], [1, 2]]), (u0**2, [[2]])]
    """
    column = {Symbol(name): number for number, name in enumerate(variables)}
    found: dict[Expr, list[tuple[int, list[Symbol]]]] = {}
    for place, expression in enumerate(expressions):
        own = sorted(expression.free_symbols, key=column.__getitem__)
        formula = expression.xreplace({each: Symbol(f"u{n}") for n, each in enumerate(own)})
        found.setdefault(formula, []).append((place, own))
    return tuple(
        Kind(
            formula,
            np.array([[column[each] for each in own] for _, own in some], dtype=np.int64),
            np.array([place for place, _ in some]),
        )
        for formula, some in found.items()
    )


def of_sums(
    potential: Expr, sums: Mapping[str, Sequence[Expr]], variables: Sequence[str]
) -> tuple[Kind, ...]:
    """The terms of a potential, those that hold names of ``sums`` once for each of their things.

    >>> a, b, c, r = map(Symbol, "abcr")
    >>> [kind.formula for kind in of_sums(r**2 + a, {"r": (a - b, b - c)}, "abc")]
    [u0, (u0 - u1)**2]
    """
    terms: dict[tuple[str, ...], list[Expr]] = {}
    for term in sympy.Add.make_args(potential):
        held = tuple(name for name in sums if term.has(Symbol(name)))
        terms.setdefault(held, []).append(term)
    found: list[Kind] = []
    for held, some in terms.items():
        total, names = sympy.Add(*some), list(map(Symbol, held))
        # What stands beside the names is put in for itself.
        beside = sorted(total.free_symbols - set(names), key=str)
        things = zip(*(sums[name] for name in held), strict=True) if held else [()]
        for kind in kinds([sympy.Tuple(*each, *beside) for each in things], variables):
            put_in = dict(zip([*names, *beside], kind.formula, strict=True))
            found.append(replace(kind, formula=total.xreplace(put_in)))
    return tuple(found)


def values(together: Sequence[Kind], x: Array) -> Array:
    """Of all expressions at x (n, d), shape (n, m).

    >>> values(kinds([Symbol("a") ** 2, Symbol("b") ** 2], "ab"), np.array([[2.0, 3.0]]))
    array([[4., 9.]])
    """
    found = np.empty((len(x), sum(len(kind.places) for kind in together)))
    for kind in together:
        found[:, kind.places] = kind.values(x)
    return found


def slopes(together: Sequence[Kind], x: Array) -> Array:
    """Of all expressions in all d variables, shape (n, d, m).

    >>> slopes(kinds([Symbol("a") ** 2, Symbol("b") ** 2], "ab"), np.array([[2.0, 3.0]])).tolist()
    [[[4.0, 0.0], [0.0, 6.0]]]
    """
    found = np.zeros((*x.shape, sum(len(kind.places) for kind in together)))
    for kind in together:
        found[:, kind.columns, kind.places[:, None]] = kind.slopes(x)
    return found


def gradient(together: Sequence[Kind], x: Array) -> Array:
    """Of the sum of all expressions, shape (n, d).

    >>> gradient(kinds([Symbol("a") ** 2, Symbol("a") * 3], "a"), np.array([[2.0]])).tolist()
    [[7.0]]
    """
    total = np.zeros(x.shape[::-1])
    for kind in together:
        each = kind.slopes(x).transpose(1, 2, 0)
        np.add.at(total, kind.columns.ravel(), each.reshape(-1, len(x)))
    return total.T
