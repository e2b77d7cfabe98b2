"""Couplings as formulas: sympy, exact polynomials, LaTeX and a table of the largest entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy
from sympy import Expr, Float, Poly, Rational, Symbol

from interpret.value import plain
from systems.expressions import symbol

if TYPE_CHECKING:
    from interpret.lagrangians.couplings import Couplings, Order

SHOWN = 8
LATEX_DIGITS = 4


def name_of(order: Order) -> str:
    """The name of an entry: its orders, apart where one has two digits.

    >>> name_of((1, 2)), name_of((0, 16))
    ('c_12', 'c_0,16')
    """
    between = "," if max(order) > 9 else ""
    return "c_" + between.join(map(str, order))


def expression(couplings: Couplings) -> Expr:
    """sum_ij (c_ij / scale^(i+j)) (q0 - center_0)^i (q1 - center_1)^j."""
    shifted = [
        symbol(name) - (Float(float(c)) if c else 0)
        for name, c in zip(couplings.coordinates, couplings.center, strict=True)
    ]
    terms = []
    for order, value in couplings.in_units().entries():
        powers = [z**m for z, m in zip(shifted, order, strict=True)]
        terms.append(sympy.Mul(Float(value), *powers))
    return sympy.Add(*terms)


def polynomial(couplings: Couplings) -> Poly:
    """The same expanded about the origin, in fractions: no digit is lost."""
    symbols = [symbol(name) for name in couplings.coordinates]
    sides = zip(symbols, couplings.center, couplings.scale, strict=True)
    scaled = [
        Poly((x - Rational(float(c))) / Rational(float(s)), *symbols, domain="QQ")
        for x, c, s in sides
    ]
    total = Poly(0, *symbols, domain="QQ")
    for order, value in couplings.entries():
        term = Poly(Rational(value), *symbols, domain="QQ")
        for z, m in zip(scaled, order, strict=True):
            term = term * z**m
        total = total + term
    return total


def table(couplings: Couplings, count: int = SHOWN) -> str:
    """Where the couplings are taken, and their largest entries but c_00, one a line."""
    center = ", ".join(
        f"{name} = {plain(float(f'{c:.6g}'))}"
        for name, c in zip(couplings.coordinates, couplings.center, strict=True)
    )
    scale = ", ".join(dict.fromkeys(plain(float(f"{s:.6g}")) for s in couplings.scale))
    lines = [f"couplings to order {couplings.highest} about {center}, in units of {scale}"]
    entries = [(order, value) for order, value in couplings.entries() if any(order)]
    lines.extend(f"{name_of(order):<8}{value: .12g}" for order, value in entries[:count])
    if len(entries) > count:
        lines.append(f"and {len(entries) - count} smaller ones")
    return "\n".join(lines)


def latex(couplings: Couplings) -> str:
    r"""V = c + sum of the largest entries, in the scaled coordinates z.

    >>> import numpy as np
    >>> from interpret.lagrangians.couplings import Couplings
    >>> print(latex(Couplings(np.array([0, 1, -2.5]), np.zeros(1), np.ones(1), ("q",))))
    V = c - 2.5 z_{q}^{2} + 1.0 z_{q}, \quad z_{q} = q
    """
    z = [Symbol(f"z_{{{sympy.latex(symbol(name))}}}") for name in couplings.coordinates]
    entries = [(order, value) for order, value in couplings.entries() if any(order)]
    written = "c"
    for order, value in entries[:SHOWN]:
        powers = sympy.Mul(*(x**m for x, m in zip(z, order, strict=True)))
        sign = "-" if value < 0 else "+"
        written += f" {sign} {sympy.latex(Float(abs(value), LATEX_DIGITS) * powers)}"
    if len(entries) > SHOWN:
        written += r" + \cdots"
    sides = zip(couplings.coordinates, couplings.center, couplings.scale, strict=True)
    meaning = [f"{x} = {_scaled(*side)}" for x, side in zip(z, sides, strict=True)]
    return rf"V = {written}, \quad " + r", \; ".join(meaning)


def _scaled(name: str, center: float, scale: float) -> str:
    r"""(q - center)/scale as LaTeX: ``\frac{q - 0.4}{0.35}``."""
    shifted = sympy.latex(symbol(name) - _short(center))
    return shifted if scale == 1 else rf"\frac{{{shifted}}}{{{sympy.latex(_short(scale))}}}"


def _short(value: float) -> Expr:
    """The number to a few digits; whole ones as whole numbers."""
    return sympy.Integer(int(value)) if value == int(value) else Float(value, LATEX_DIGITS)
