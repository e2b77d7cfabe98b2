"""Couplings as formulas: sympy, LaTeX and a table of the largest entries, all of plain values.

`entries` are (orders, c), the largest first; an axis is (coordinate, center, scale).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sympy
from sympy import Expr, Float, Symbol

from interpret.laws.tables import aligned
from interpret.laws.value import plain
from systems.expressions import symbol

Order = tuple[int, ...]
Entry = tuple[Order, float]
Axis = tuple[str, float, float]

SHOWN: Final = 8
"""Entries that are printed; the rest is counted."""

LATEX_DIGITS: Final = 4


def name_of(order: Order) -> str:
    """The name of an entry: its orders, apart where one has two digits.

    >>> name_of((1, 2)), name_of((0, 16))
    ('c_12', 'c_0,16')
    """
    between = "," if max(order) > 9 else ""
    return "c_" + between.join(map(str, order))


def expression(names: Sequence[str], center: Sequence[float], entries: Sequence[Entry]) -> Expr:
    """sum_ij c_ij (q0 - center_0)^i (q1 - center_1)^j.

    >>> expression(("x", "y"), (1.0, 0.0), [((1, 2), 3.0)])
    3.0*y**2*(x - 1.0)
    """
    shifted = [
        symbol(name) - (Float(float(c)) if c else 0) for name, c in zip(names, center, strict=True)
    ]
    terms = []
    for order, value in entries:
        powers = [z**m for z, m in zip(shifted, order, strict=True)]
        terms.append(sympy.Mul(Float(value), *powers))
    return sympy.Add(*terms)


def table(title: str, axes: Sequence[Axis], entries: Sequence[Entry]) -> str:
    """A title with where the couplings are taken, and their largest entries but c_00.

    >>> print(table("couplings", [("x", 1.0, 0.5)], [((0,), 9.0), ((2,), -3.0), ((1,), 0.25)]))
    couplings about x = 1, in units of 0.5
    entry    c
    c_2     -3
    c_1      0.25
    """
    center = ", ".join(f"{name} = {_digits(c)}" for name, c, _ in axes)
    scale = ", ".join(dict.fromkeys(_digits(s) for _, _, s in axes))
    kept = _but_the_constant(entries)
    cells = [(name_of(order), f"{value: .12g}") for order, value in kept[:SHOWN]]
    lines = [f"{title} about {center}, in units of {scale}"]
    lines += aligned([("entry", " c"), *cells])
    if len(kept) > SHOWN:
        lines.append(f"and {len(kept) - SHOWN} smaller ones")
    return "\n".join(lines)


def latex(axes: Sequence[Axis], entries: Sequence[Entry]) -> str:
    r"""V = c + sum of the largest entries, in the scaled coordinates z.

    >>> print(latex([("q", 0.0, 1.0)], [((2,), -2.5), ((1,), 1.0)]))
    V = c - 2.5 z_{q}^{2} + 1.0 z_{q}, \quad z_{q} = q
    """
    z = [Symbol(f"z_{{{sympy.latex(symbol(name))}}}") for name, _, _ in axes]
    kept = _but_the_constant(entries)
    written = "c"
    for order, value in kept[:SHOWN]:
        powers = sympy.Mul(*(x**m for x, m in zip(z, order, strict=True)))
        sign = "-" if value < 0 else "+"
        written += f" {sign} {sympy.latex(Float(abs(value), LATEX_DIGITS) * powers)}"
    if len(kept) > SHOWN:
        written += r" + \cdots"
    meaning = [f"{x} = {_scaled(*axis)}" for x, axis in zip(z, axes, strict=True)]
    return rf"V = {written}, \quad " + r", \; ".join(meaning)


def _but_the_constant(entries: Sequence[Entry]) -> list[Entry]:
    return [(order, value) for order, value in entries if any(order)]


def _digits(value: float) -> str:
    return plain(float(f"{value:.6g}"))


def _scaled(name: str, center: float, scale: float) -> str:
    r"""(q - center)/scale as LaTeX: ``\frac{q - 0.4}{0.35}``."""
    shifted = sympy.latex(symbol(name) - _short(center))
    return shifted if scale == 1 else rf"\frac{{{shifted}}}{{{sympy.latex(_short(scale))}}}"


def _short(value: float) -> Expr:
    """The number to a few digits; whole ones as whole numbers."""
    return sympy.Integer(int(value)) if value == int(value) else Float(value, LATEX_DIGITS)
