"""Lüscher's formula as it was read: k cot δ = (u/L³) Σ_n c_n/(n h/L² - k²) + smooth.

The integers c_n come from `poles`, the constants u = 4π and h = 4π² from `blind`. Where an integer
is not resolved nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Eq, Expr, Integer, pi

from interpret.luescher.blind import BlindPoles
from interpret.luescher.multiples import Unit, plain
from interpret.luescher.poles import PoleTable
from interpret.value import with_error
from systems.errors import InputError
from systems.expressions import symbol

POLE_UNIT = 4 * pi**2
RESIDUE_UNIT = 4 * pi


@dataclass(frozen=True)
class LuescherLaw:
    """The law that a table of poles says, with the constants that were found without 2π, if any."""

    table: PoleTable
    blind: BlindPoles | None = None

    @property
    def integers(self) -> dict[int, int]:
        """c_n of every n where it is resolved; zeros are left out."""
        rows = zip(self.table.integers, self.table.resolved, strict=True)
        return {n: c for n, (c, resolved) in enumerate(rows) if resolved and c != 0}

    @property
    def pole_unit(self) -> Unit | None:
        """h, as it was measured."""
        return None if self.blind is None else self.blind.pole_unit

    @property
    def residue_unit(self) -> Unit | None:
        """u, as it was measured."""
        return None if self.blind is None else self.blind.residue_unit

    @property
    def expression(self) -> Expr:
        """k cot δ - smooth in sympy, in k and L, with the integers as coefficients.

        The constants are the closed forms that were recognised, else the numbers measured; without
        blind poles they are those of q = kL/(2π), in which the integers were read.
        """
        k, box = symbol("k"), symbol("L")
        h = _constant(self.pole_unit, POLE_UNIT)
        u = _constant(self.residue_unit, RESIDUE_UNIT)
        terms = [Integer(c) / (n * h / box**2 - k**2) for n, c in self.integers.items()]
        return u / box**3 * sympy.Add(*terms)

    @property
    def equation(self) -> Eq:
        """k cot δ = (u/L³) Σ c/(n h/L² - k²) + R(kL)/L, R smooth."""
        k, box, delta = symbol("k"), symbol("L"), symbol("delta")
        rest = sympy.Function("R")(k * box) / box
        return Eq(k * sympy.cot(delta), self.expression + rest, evaluate=False)

    def written(self, most: int = 8) -> str:
        """2π² q cot δ with its integers, up to so many terms and the last one."""
        terms = [f"{c}/({n} - q²)" for n, c in self.integers.items()]
        return f"2π² q cot δ = {_joined(terms, most)} + smooth"

    def measured(self, most: int = 8) -> str:
        """The same with the coefficients and error bars that were measured."""
        terms = [
            f"{with_error(self.table.coefficients[n], self.table.stderr[n])}/({n} - q²)"
            for n in self.integers
        ]
        return f"2π² q cot δ = {_joined(terms, most)} + smooth"

    def latex(self) -> str:
        """The sum as it stands in textbooks, with the integers written out below the limit."""
        h = sympy.latex(_constant(self.pole_unit, POLE_UNIT))
        u = sympy.latex(_constant(self.residue_unit, RESIDUE_UNIT))
        terms = [rf"\frac{{{c}}}{{{_multiple(n)} - k^2}}" for n, c in self.integers.items()]
        total = _joined(terms, 8, r"\cdots")
        return (
            rf"k \cot\delta = \frac{{{u}}}{{L^3}} \left[{total} \right] "
            rf"+ \text{{smooth}}, \quad p^2 = \frac{{{h}}}{{L^2}}"
        )

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def __str__(self) -> str:
        u = plain(_constant(self.residue_unit, RESIDUE_UNIT))
        h = plain(_constant(self.pole_unit, POLE_UNIT))
        terms = [f"{c}/({_plain_multiple(n)} - k²)" for n, c in self.integers.items()]
        lines = [
            f"k cot δ = ({u}/L³) [{_joined(terms, 5)}] + smooth,   p² = {h}/L²",
            self.measured(5),
        ]
        if self.blind is not None:
            lines.append(str(self.blind))
        return "\n".join([*lines, self.table.reading])

    def to_json(self) -> dict[str, Any]:
        """The law as plain strings, numbers, lists and dicts."""
        return {
            "law": self.written(),
            "expression": str(self.expression),
            "latex": self.latex(),
            "integers": {str(n): c for n, c in self.integers.items()},
            "table": self.table.to_json(),
            "blind": None if self.blind is None else self.blind.to_json(),
        }


def read_law(table: PoleTable, blind: BlindPoles | None = None) -> LuescherLaw:
    """The law of a table of poles, and of what was found blind.

    Raises InputError where no integer is resolved, so that there is no law.

    >>> law = read_law(PoleTable((1.0, 5.98, 12.01), (0.01, 0.03, 0.04), 1e-3, 100, 0, 2.2))
    >>> law.written()
    '2π² q cot δ = 1/(0 - q²) + 6/(1 - q²) + 12/(2 - q²) + smooth'
    >>> law.expression
    4*pi*(12/(-k**2 + 8*pi**2/L**2) + 6/(-k**2 + 4*pi**2/L**2) - 1/k**2)/L**3
    """
    if not any(table.resolved):
        raise InputError(f"there is no law to write down: {table.reading}.")
    return LuescherLaw(table, blind)


def _constant(unit: Unit | None, known: Expr) -> Expr:
    if unit is None:
        return known
    return sympy.Float(unit.value, 12) if unit.recognised is None else unit.recognised


def _joined(terms: list[str], most: int, dots: str = "...") -> str:
    """a + b + c + ... + z, with at most so many terms before the dots."""
    if not terms:
        return "0"
    if len(terms) > most + 1:
        terms = [*terms[:most], dots, terms[-1]]
    return " + ".join(terms)


def _multiple(n: int) -> str:
    return "0" if n == 0 else "p^2" if n == 1 else f"{n} p^2"


def _plain_multiple(n: int) -> str:
    return "0" if n == 0 else "p²" if n == 1 else f"{n}p²"
