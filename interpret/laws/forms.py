"""What a term of a law looks like: c φ. The other forms are `integrals` and `poles`.

A form turns entries, a coefficient with its term each, into text, LaTeX, sympy and numbers. The
coefficient is text where it is a number with its error bar, an expression where it is exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy import Expr

from interpret.laws import formula
from systems.errors import InputError
from systems.expressions import symbol
from systems.integrate import compile

Array = NDArray[np.float64]
Entry = tuple[str | Expr, Expr]
"""A coefficient, in digits or exact, and its term."""


class Form(Protocol):
    """How the terms of a law are written, added up and evaluated."""

    @property
    def name(self) -> str:
        """What a problem's truths call the quantity that a map leads to."""
        ...

    def left(self, symbol: str, variables: Sequence[str]) -> str:
        """What stands before the equals sign; `symbol` is that of the part."""
        ...

    def right(self, entries: Sequence[Entry], gauge: str) -> str:
        """What stands after it."""
        ...

    def term(self, term: Expr) -> str:
        """One term, as the rows of a table have it."""
        ...

    def exact(self, expr: Expr, gauge: str) -> str:
        """An expression that is known exactly, a truth say, written like a law."""
        ...

    def within(self, truth: Expr, candidates: Sequence[Expr]) -> Expr:
        """What of a truth candidates are asked for: of an infinite series, as far as they reach."""
        ...

    def latex(self, left: str, entries: Sequence[Entry], gauge: str) -> str:
        """The whole equation as LaTeX."""
        ...

    def expr(self, pairs: Sequence[tuple[Expr, Expr]]) -> Expr:
        """Coefficients times terms in sympy."""
        ...

    def evaluate(
        self, pairs: Sequence[tuple[float, Expr]], variables: Sequence[str], x: ArrayLike
    ) -> Array:
        """Coefficients times terms at the points x, (n, f) to (n,)."""
        ...

    def gradient(
        self, pairs: Sequence[tuple[float, Expr]], variables: Sequence[str], x: ArrayLike
    ) -> Array:
        """The derivatives by each variable, (n, f) to (n, f)."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Its kind and numbers; see `interpret.laws.kept.FORMS`."""
        ...


@dataclass(frozen=True)
class Sum:
    """Σ c φ(x). `symbol` and `name` are the quantity's, of a map; a motion's parts have their own.

    >>> q = symbol("q")
    >>> form = Sum()
    >>> form.left("V", ["q"]), form.right([("0.50(1)", q**2), (sympy.pi, q)], "a constant")
    ('V(q)', '0.50(1)*q**2 + π q + c')
    """

    symbol: str = ""
    name: str = "map"

    def left(self, symbol: str, variables: Sequence[str]) -> str:
        """V(r): the quantity as a function of its variables."""
        return f"{self.symbol or symbol}({', '.join(variables)})"

    def right(self, entries: Sequence[Entry], gauge: str) -> str:
        """The terms with their coefficients, and + c for what the data cannot fix."""
        parts = (
            formula.times(number, term)
            if isinstance(number, str)
            else formula.pretty(number * term)
            for number, term in entries
        )
        return formula.summed(parts) + _constant(gauge, [term for _, term in entries])

    def term(self, term: Expr) -> str:
        """The term as Python reads it."""
        return formula.text(term)

    def exact(self, expr: Expr, gauge: str) -> str:
        """The expression as it is."""
        return formula.text(expr) + _constant(gauge, [expr])

    def within(self, truth: Expr, candidates: Sequence[Expr]) -> Expr:
        """All of it."""
        return truth

    def latex(self, left: str, entries: Sequence[Entry], gauge: str) -> str:
        """The equation as LaTeX."""
        parts = (
            formula.latex_times(number, term)
            if isinstance(number, str)
            else str(sympy.latex(number * term))
            for number, term in entries
        )
        # As sympy does, a blank follows the first minus too.
        right = re.sub(r"^-(?! )", "- ", formula.summed(parts))
        return f"{left} = {right}{_constant(gauge, [term for _, term in entries])}"

    def expr(self, pairs: Sequence[tuple[Expr, Expr]]) -> Expr:
        """Σ c φ."""
        return sympy.Add(*(number * term for number, term in pairs))

    def evaluate(
        self, pairs: Sequence[tuple[float, Expr]], variables: Sequence[str], x: ArrayLike
    ) -> Array:
        """Σ c φ(x), (n, f) to (n,)."""
        return values([self._numeric(pairs)], variables, x)[:, 0]

    def gradient(
        self, pairs: Sequence[tuple[float, Expr]], variables: Sequence[str], x: ArrayLike
    ) -> Array:
        """Σ c ∂φ/∂x, (n, f) to (n, f)."""
        whole = self._numeric(pairs)
        return values([whole.diff(symbol(name)) for name in variables], variables, x)

    def to_json(self) -> dict[str, Any]:
        """Kind, symbol and name."""
        return {"kind": "sum", "symbol": self.symbol, "name": self.name}

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Sum:
        """What `to_json` wrote."""
        return Sum(str(contents["symbol"]), str(contents["name"]))

    def _numeric(self, pairs: Sequence[tuple[float, Expr]]) -> Expr:
        return self.expr([(sympy.Float(number), term) for number, term in pairs])


def values(expressions: Sequence[Expr], variables: Sequence[str], x: ArrayLike) -> Array:
    """The expressions at the points x: (n, f), or (n,) for one variable, to (n, expressions)."""
    points = np.asarray(x, dtype=np.float64)
    if points.size % max(len(variables), 1):
        raise InputError(f"a point has a number for each of {', '.join(variables)}.")
    points = points.reshape(-1, len(variables))
    return compile(expressions, tuple(variables))(points)


def _constant(gauge: str, terms: Sequence[Expr]) -> str:
    """What is added for a gauge: c, or the first of its other names that no variable has."""
    used = {item.name for term in terms for item in term.free_symbols}
    names = ("c", "C", "const", *(f"c{number}" for number in range(len(used))))
    return f" + {next(name for name in names if name not in used)}" if gauge else ""
