"""Formulas as text and as LaTeX, each coefficient with its error bar, in the order given.

sympy sorts the terms of a sum and knows no error bars, so every term is printed by sympy and the
sum is put together here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import sympy
from sympy import Expr, Symbol
from sympy.printing.str import StrPrinter

from interpret.laws.value import plain
from systems import expressions
from systems.errors import InputError

# "!" sorts before every name, so that sympy prints the coefficient first.
COEFFICIENT: Final = Symbol("!")


class _Printer(StrPrinter):  # type: ignore[misc]
    """sympy's printer, with 1/r**2 for r**(-2) and no more digits of a decimal than matter."""

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        if expr.exp.is_Integer and expr.exp < -1:
            return f"1/{self._print(expr.base**-expr.exp)}"
        printed: str = super()._print_Pow(expr, rational)
        return printed

    def _print_Float(self, expr: Any) -> str:
        return plain(float(expr))


def text(expr: Expr) -> str:
    """The expression for people, as text that Python reads too.

    >>> text(Symbol("r") ** -2), text(-1 / (4 * sympy.pi * Symbol("r")))
    ('1/r**2', '-1/(4*pi*r)')
    """
    printed: str = _Printer().doprint(expr)
    return printed


def readable(expr: Expr) -> str:
    """The text that `systems.expressions.parse` reads back; sympy's own where it cannot.

    >>> readable(Symbol("q") ** 2 / 3), readable(sympy.Integral(Symbol("r"), (Symbol("r"), 0, 1)))
    ('q**2/3', 'Integral(r, (r, 0, 1))')
    """
    try:
        return expressions.text(expr)
    except InputError:
        return str(expr)


def pretty(expr: Expr) -> str:
    """The expression with π for pi and a blank or nothing for the products with it.

    >>> pretty(-1 / (4 * sympy.pi * Symbol("r"))), pretty(sympy.pi**2 * Symbol("q") / 2)
    ('-1/(4π r)', 'π**2*q/2')
    """
    with_pi = re.sub(r"\bpi\b", "π", text(expr))
    return re.sub(r"π\*(?!\*)", "π ", re.sub(r"(?<=\d)\*π", "π", with_pi))


def times(number: str, term: Expr) -> str:
    """A number, already in digits, times a term.

    >>> times("-0.0796(2)", 1 / Symbol("r"))
    '-0.0796(2)/r'
    """
    return _times(number, term, text, lambda digits: digits)


def latex_times(number: str, term: Expr) -> str:
    r"""The same as LaTeX.

    >>> print(latex_times("6.20(1)e-09", Symbol("q")))
    6.20(1) \cdot 10^{-9} q
    """
    return _times(number, term, _latex, _power_of_ten)


def summed(parts: Iterable[str]) -> str:
    """The parts, each with its own sign, as one sum; "0" without any.

    >>> summed(["-1/r", "-2*r", "r**2"])
    '-1/r - 2*r + r**2'
    """
    joined = ""
    for part in parts:
        sign, size = ("-", part[1:].lstrip()) if part.startswith("-") else ("+", part)
        if joined:
            joined += f" {sign} {size}"
        else:
            joined = part
    return joined or "0"


def _times(
    number: str, term: Expr, show: Callable[[Expr], str], shown: Callable[[str], str]
) -> str:
    product = show(COEFFICIENT * term)
    negative = product.startswith("-") != number.startswith("-")
    digits = product.lstrip("- ").replace(COEFFICIENT.name, shown(number.lstrip("-")))
    return f"-{digits}" if negative else digits


def _latex(expr: Expr) -> str:
    printed: str = sympy.latex(expr, symbol_names={COEFFICIENT: COEFFICIENT.name})
    return printed


def _power_of_ten(value: str) -> str:
    r"""6.20(1)e-09 as LaTeX: 6.20(1) \cdot 10^{-9}."""
    mantissa, _, exponent = value.partition("e")
    return f"{mantissa} \\cdot 10^{{{int(exponent)}}}" if exponent else value
