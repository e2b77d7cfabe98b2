"""How large an expression would become if a power of it were taken."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Expr, Float, Rational


def degree(expr: Expr) -> float:
    """The largest product of exponents that are inside one another, at least 1.

    >>> q = sympy.Symbol("q")
    >>> degree((q**3 + 1) ** 2 + q), degree(sympy.sin(q**-4) ** 2)
    (6.0, 8.0)
    """
    inner = max(map(degree, expr.args), default=1.0)
    if not expr.is_Pow or not expr.exp.is_number:
        return inner
    return max(inner, abs(float(expr.exp)) * degree(expr.base))


def bits(expr: Expr) -> float:
    """The bits of the number that a power of `expr` may put in front, per unit of its exponent.

    >>> q = sympy.Symbol("q")
    >>> bits(4 * q), bits((4 * q + 8) ** 2), bits(q + 8)
    (4.0, 8.0, 1.0)
    """
    if isinstance(expr, Rational):
        return float(max(abs(expr.p), expr.q).bit_length())
    if isinstance(expr, Float):
        # It may be smaller than any double.
        return abs(float(sympy.log(abs(expr), 2))) if expr else 0.0
    if expr.is_Add:
        return min(map(bits, expr.args))
    if expr.is_Mul:
        return float(sum(map(bits, expr.args)))
    if expr.is_Pow:
        times = abs(float(expr.exp)) if expr.exp.is_number else 1.0
        return bits(expr.base) * times
    return 1.0


def symbolic_exponents(expr: Expr) -> Iterator[bool]:
    """For every power and every exp in `expr` whether its exponent holds a variable."""
    for node in sympy.preorder_traversal(expr):
        if isinstance(node, sympy.Pow | sympy.exp):
            yield bool(node.exp.free_symbols)


def logarithmic(expr: Expr) -> float:
    """The largest number in an exponent with a logarithm, of which exp makes a power; 0 without.

    >>> q = sympy.Symbol("q")
    >>> logarithmic(1000 * (q + sympy.log(3))), logarithmic(1000 * q)
    (1000.0, 0.0)
    """
    if not expr.has(sympy.log):
        return 0.0
    return max((abs(float(number)) for number in expr.atoms(sympy.Number)), default=0.0)
