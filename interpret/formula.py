"""Laws as text and as LaTeX: each coefficient with its error bar, in the order of the library.

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

from interpret.law import Law
from interpret.value import plain, with_error

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


def pretty(expr: Expr) -> str:
    """The expression with π for pi and a blank or nothing for the products with it.

    >>> pretty(-1 / (4 * sympy.pi * Symbol("r"))), pretty(sympy.pi**2 * Symbol("q") / 2)
    ('-1/(4π r)', 'π**2*q/2')
    """
    with_pi = re.sub(r"\bpi\b", "π", text(expr))
    return re.sub(r"π\*(?!\*)", "π ", re.sub(r"(?<=\d)\*π", "π", with_pi))


def measured(law: Law) -> str:
    """The law with the coefficients as measured: "-0.0795774715(3)/r"."""
    return _sum(_timed(value, term, text, _same) for value, _, term in _parts(law))


def closed(law: Law) -> str | None:
    """The law with closed forms where they were recognised, or None if none was: "-1/(4π r)"."""
    if not any(form is not None for form in law.recognised):
        return None
    return _sum(
        _timed(value, term, text, _same) if form is None else pretty(form * term)
        for value, form, term in _parts(law)
    )


def latex(law: Law) -> str:
    r"""The law as LaTeX, closed forms where they were recognised: ``- \frac{1}{4 \pi r}``."""
    written = _sum(
        _timed(value, term, _latex, _power_of_ten) if form is None else sympy.latex(form * term)
        for value, form, term in _parts(law)
    )
    # As sympy does, a blank follows the first minus too.
    return re.sub(r"^-(?! )", "- ", written)


def variables(law: Law) -> tuple[str, ...]:
    """The variables that the law depends on, in the order of its domain."""
    used = {item.name for term in law.terms for item in term.free_symbols}
    return tuple(name for name in law.domain if name in used) or tuple(law.domain)


def _parts(law: Law) -> Iterable[tuple[str, Expr | None, Expr]]:
    pairs = zip(law.coefficients, law.stderr, strict=True)
    values = [with_error(float(value), float(error)) for value, error in pairs]
    return zip(values, law.recognised, law.terms, strict=True)


def _timed(value: str, term: Expr, show: Callable[[Expr], str], shown: Callable[[str], str]) -> str:
    """A number, already in digits, times a term."""
    product = show(COEFFICIENT * term)
    negative = product.startswith("-") != value.startswith("-")
    digits = product.lstrip("- ").replace(COEFFICIENT.name, shown(value.lstrip("-")))
    return f"-{digits}" if negative else digits


def _sum(parts: Iterable[str]) -> str:
    """The parts, each with its own sign, as one sum; "0" without any."""
    joined = ""
    for part in parts:
        sign, size = ("-", part[1:].lstrip()) if part.startswith("-") else ("+", part)
        if joined:
            joined += f" {sign} {size}"
        else:
            joined = part
    return joined or "0"


def _same(value: str) -> str:
    return value


def _latex(expr: Expr) -> str:
    printed: str = sympy.latex(expr, symbol_names={COEFFICIENT: COEFFICIENT.name})
    return printed


def _power_of_ten(value: str) -> str:
    r"""6.20(1)e-09 as LaTeX: 6.20(1) \cdot 10^{-9}."""
    mantissa, _, exponent = value.partition("e")
    return f"{mantissa} \\cdot 10^{{{int(exponent)}}}" if exponent else value
