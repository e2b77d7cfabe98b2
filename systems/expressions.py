"""Formulas as text, read against a whitelist: never `eval`, never sympy's own parser.

Whatever is not arithmetic on numbers and names, such as an attribute, a string or a call of an
unknown function, is refused. What is understood is written down in `systems.grammar`.

All symbols are minted by `symbol`, without assumptions, and so equal a user's `sympy.symbols`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import sympy
from sympy import Expr, Float, Rational, S, Symbol
from sympy.printing.str import StrPrinter

from systems.errors import InputError, several
from systems.grammar import Reader, fits, short
from systems.symbols import FUNCTIONS, as_text, symbol

__all__ = ["differentiate", "parse", "parse_assignments", "parse_list", "split", "symbol", "text"]


def parse(text: str, names: Iterable[str] | None = None) -> Expr:
    """The sympy expression that `text` spells, e.g. ``"-1/(4*pi*r) + 0.5*r^2"``.

    Understood are whole numbers (exact), decimals (doubles), ``+ - * / **``, ``^`` (also a
    power), parentheses, ``pi``, ``E`` and the functions of `systems.symbols.FUNCTIONS`. Any other
    name is a variable. With `names`, only these variables may occur.

    Raises `InputError` for everything else, and for expressions that are too long, too deep, too
    large, or not real and finite.

    >>> parse("q^2*(q - 2)^2 - (q - 1)^2")
    q**2*(q - 2)**2 - (q - 1)**2
    >>> parse("1/x", names=["r"])
    Traceback (most recent call last):
        ...
    systems.errors.InputError: there is no variable 'x' in '1/x'; it may use r.
    """
    known = None if names is None else tuple(names)
    return _read(as_text(text, "an expression"), known)


@lru_cache(maxsize=1024)
def _read(text: str, names: tuple[str, ...] | None) -> Expr:
    """What was read once, as the candidates of a run are for each of its terms, is not read again.

    Expressions never change, and refusals are not remembered.
    """
    return Reader(text, names).expression()


def parse_list(text: str, names: Iterable[str] | None = None) -> tuple[Expr, ...]:
    """The expressions of a list separated by commas.

    >>> parse_list("1/r, 1/r**2, 1/(10 - r)")
    (1/r, r**(-2), 1/(10 - r))
    """
    known = None if names is None else tuple(names)
    return tuple(parse(part, known) for part in split(text))


def parse_assignments(text: str, names: Iterable[str] | None = None) -> dict[str, Expr]:
    """The named expressions of ``"name=expression, name=expression"``, in order.

    >>> parse_assignments("r=sqrt(x**2 + y**2), s=x + y")
    {'r': sqrt(x**2 + y**2), 's': x + y}
    """
    known = None if names is None else tuple(names)
    assigned: dict[str, Expr] = {}
    for part in split(text):
        name, equals, expression = part.partition("=")
        name = name.strip()
        if not equals:
            raise InputError(f"{short(part)} is not of the form name=expression.")
        symbol(name)
        if name in assigned:
            raise InputError(f"{name!r} is given twice in {short(text)}.")
        assigned[name] = parse(expression, known)
    return assigned


def differentiate(expr: Expr, *variables: str | Symbol) -> Expr:
    """∂f/∂a ∂b ... by every one of the variables in turn, all symbols taken to be real.

    Ours carry no assumptions, for which sympy has no derivative of |q|. The jump of a sign, at one
    point, is passed over: its derivative is 0. Raises InputError where there is no derivative.

    >>> q, x = symbol("q"), symbol("x")
    >>> differentiate(q**2 + abs(q), "q"), differentiate(abs(q) * x**2, q, x)
    (2*q + sign(q), 2*x*sign(q))
    """
    to_real = {s: Symbol(s.name, real=True) for s in expr.free_symbols}
    real = expr.xreplace(to_real)
    for variable in variables:
        real = sympy.diff(real, Symbol(str(variable), real=True))
        if real.has(sympy.DiracDelta):
            real = real.replace(sympy.DiracDelta, lambda *_: S.Zero)
        if real.has(S.ComplexInfinity, S.NaN, S.Infinity, S.NegativeInfinity):
            raise InputError(f"{short(str(expr))} has no finite derivative by {variable}.")
    return real.xreplace({known: plain for plain, known in to_real.items()})


def text(expr: Expr) -> str:
    """The text of `expr` that `parse` and `sympy.sympify` read back.

    Decimals are written with as many digits as a double needs, so no bit is lost.

    Raises `InputError` when `expr` holds something that `parse` does not understand.

    >>> text(0.1 / symbol("r") ** 2)
    '0.1/r**2'
    >>> parse(text(Float(1) / 3)) == Float(1) / 3
    True
    """
    expr = sympy.sympify(expr, strict=True)  # a number, never a string
    known = tuple(function for name, function in FUNCTIONS.items() if name != "sqrt")
    atoms = (Symbol, Rational, Float, type(S.Pi), type(S.Exp1))
    for node in sympy.preorder_traversal(expr):
        if not isinstance(node, (*atoms, sympy.Add, sympy.Mul, sympy.Pow, *known)):
            raise InputError(f"{node} cannot be written as text: only arithmetic on numbers can.")
        if isinstance(node, Float) and not fits(node):
            raise InputError(f"{node} cannot be written as text: it is too large or too small.")
    written: str = _Printer().doprint(expr)
    return written


class _Printer(StrPrinter):  # type: ignore[misc]
    """sympy's printer, except that decimals lose no digits."""

    def _print_Float(self, number: Float) -> str:
        value = float(number)
        digits = repr(value)
        # sympy keeps a few bits more than a double; in rare cases that rounds the other way.
        return digits if float(Float(digits)) == value else format(value, ".17g")


def pieces(given: Any) -> list[str]:
    """The terms of a list, or of a text with commas between them.

    Raises InputError for what holds none.

    >>> pieces("1/r,f(a, b)"), pieces([1, "x"])
    (['1/r', 'f(a, b)'], ['1', 'x'])
    """
    return split(given) if isinstance(given, str) else list(map(str, several(given)))


def split(text: str) -> list[str]:
    """The parts of `text` between the commas that are outside all parentheses.

    >>> split("1/r, f(a, b)")
    ['1/r', ' f(a, b)']
    """
    parts = [""]
    depth = 0
    for character in as_text(text, "a list of expressions"):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
