"""Laws that are sums of poles: Lüscher's formula.

    2π² q cot δ = Σ_n c_n/(n - q²) + smooth,   q = kL/2π,
    k cot δ = (u/L³) Σ_n c_n/(n p² - k²) + smooth,   p² = h/L²,   h = 4π², u = 4π

A term is one pole, 1/(n - q²); what is smooth is no part of the law.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sympy
from numpy.typing import ArrayLike
from sympy import Expr, Integer, pi

from interpret.laws.forms import Array, Entry, values
from systems.errors import InputError
from systems.expressions import symbol

Q: Final = symbol("q")
SPACING: Final = 4 * pi**2
"""h: the square of the smallest momentum in a box of length 1."""

UNIT: Final = 4 * pi
"""u: what the residues are whole multiples of."""

MOST_SHOWN: Final = 5
"""Poles written out before the dots, beside the last one."""


def pole(n: int) -> Expr:
    """The term 1/(n - q²).

    >>> pole(0), pole(2)
    (-1/q**2, 1/(2 - q**2))
    """
    return 1 / (Integer(n) - Q**2)


def place(term: Expr) -> int:
    """The n of a term.

    Raises InputError for what is no such term.

    >>> [place(pole(n)) for n in (0, 1, 7)]
    [0, 1, 7]
    """
    found = sympy.expand(1 / term + Q**2)
    if not found.is_Integer:
        raise InputError(f"{term} is no pole 1/(n - q**2) with a whole number n.")
    return int(found)


@dataclass(frozen=True)
class Poles:
    """Σ c_n/(n - q²), measured in q, and said in k and L where the coefficients are exact.

    >>> form = Poles()
    >>> form.right([("1.000(2)", pole(0)), ("5.98(3)", pole(1))], "")
    '1.000(2)/(0 - q²) + 5.98(3)/(1 - q²) + smooth'
    >>> form.exact(pole(0) + 6 * pole(1), "")
    '1/(0 - q²) + 6/(1 - q²) + smooth'
    """

    name: str = "poles"

    def left(self, symbol: str, variables: Sequence[str]) -> str:
        """2π² q cot δ."""
        return "2π² q cot δ"

    def right(self, entries: Sequence[Entry], gauge: str) -> str:
        """The sum over poles, those in the middle left out where they are many."""
        return f"{_joined([f'{c}/({place(term)} - q²)' for c, term in entries], '...')} + smooth"

    def term(self, term: Expr) -> str:
        """1/(2 - q²)."""
        return f"1/({place(term)} - q²)"

    def exact(self, expr: Expr, gauge: str) -> str:
        """The sum with coefficients that are known exactly, by rising n."""
        return self.right(_split(expr), gauge)

    def within(self, truth: Expr, candidates: Sequence[Expr]) -> Expr:
        """The poles up to the last one that is a candidate."""
        last = max(map(place, candidates))
        return sympy.Add(*(number * term for number, term in _split(truth) if place(term) <= last))

    def latex(self, left: str, entries: Sequence[Entry], gauge: str) -> str:
        """The sum as it stands in textbooks, in k and L."""
        terms = [rf"\frac{{{c}}}{{{_latex_multiple(place(term))} - k^2}}" for c, term in entries]
        unit, spacing = sympy.latex(UNIT), sympy.latex(SPACING)
        total = _joined(terms, r"\cdots")
        return (
            rf"k \cot\delta = \frac{{{unit}}}{{L^3}} \left[{total} \right] "
            rf"+ \text{{smooth}}, \quad p^2 = \frac{{{spacing}}}{{L^2}}"
        )

    def expr(self, pairs: Sequence[tuple[Expr, Expr]]) -> Expr:
        """k cot δ - smooth, in k and L."""
        k, box = symbol("k"), symbol("L")
        terms = [c / (place(term) * SPACING / box**2 - k**2) for c, term in pairs]
        return UNIT / box**3 * sympy.Add(*terms)

    def evaluate(
        self, pairs: Sequence[tuple[float, Expr]], variables: Sequence[str], x: ArrayLike
    ) -> Array:
        """2π² q cot δ - smooth at q, (n, 1) or (n,) to (n,)."""
        whole = sympy.Add(*(sympy.Float(c) * term for c, term in pairs))
        return values([whole], (Q.name,), x)[:, 0]

    def gradient(
        self, pairs: Sequence[tuple[float, Expr]], variables: Sequence[str], x: ArrayLike
    ) -> Array:
        """Its derivative by q, (n, 1)."""
        whole = sympy.Add(*(sympy.Float(c) * term for c, term in pairs))
        return values([whole.diff(Q)], (Q.name,), x)

    def to_json(self) -> dict[str, Any]:
        """Kind and name."""
        return {"kind": "poles", "name": self.name}

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> Poles:
        """What `to_json` wrote."""
        return Poles(str(contents["name"]))


def _split(expr: Expr) -> list[tuple[Expr, Expr]]:
    """The coefficients and poles of a sum, by rising n."""
    entries = [part.as_independent(Q, as_Add=False) for part in sympy.Add.make_args(expr)]
    # sympy takes a sign out of 1/(0 - q²).
    signed = [(number * _sign(term), _sign(term) * term) for number, term in entries]
    return sorted(signed, key=lambda entry: place(entry[1]))


def _sign(term: Expr) -> int:
    return -1 if sympy.expand(1 / term + Q**2).free_symbols else 1


def _joined(terms: list[str], dots: str) -> str:
    """a + b + c + ... + z."""
    if len(terms) > MOST_SHOWN + 1:
        terms = [*terms[:MOST_SHOWN], dots, terms[-1]]
    return " + ".join(terms) or "0"


def _latex_multiple(n: int) -> str:
    return "0" if n == 0 else "p^2" if n == 1 else f"{n} p^2"
