"""The whitelist: which text is a formula, and the sympy expression that it spells.

Python's `ast` module only builds a syntax tree; the tree is then rebuilt node by node from sympy
objects. Sizes are limited, so that a short text like ``9**9**9`` cannot exhaust the machine.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr, Float, Integer, Rational, S, Symbol

from systems.errors import InputError, nearest
from systems.sizes import bits, degree, logarithmic, symbolic_exponents
from systems.symbols import CONSTANTS, FUNCTIONS, symbol

MAX_LENGTH = 10_000  # characters
MAX_DEPTH = 100  # nested parentheses, functions, powers; a long sum counts once
MAX_EXPONENT = 1000  # of a power of powers: the product of their exponents
MAX_INNER = 30  # of an exponent in a function or root: sympy looks for real and imaginary parts
MAX_DIGITS = 40  # of a whole number as written
MAX_BITS = 4096  # of a number that a power puts in front
MAX_CONSTANT = 30  # operations in one constant, such as sqrt(2) + pi/3
LARGEST_NUMBER = 1e300  # keeps every number within a double
LARGEST_ANGLE = 2.0**53  # of a number of its own: a double beyond does not tell a turn

PERIODIC = frozenset({sympy.sin, sympy.cos, sympy.tan})
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
"""Python has no names with these; the columns x₁ and θ₂ are called x1 and θ2."""


@dataclass(frozen=True)
class Reader:
    """Rebuilds one syntax tree from sympy objects; the text is kept for the error messages."""

    text: str
    names: tuple[str, ...] | None

    @property
    def source(self) -> str:
        """The text as Python spells it."""
        return self.text.strip().replace("^", "**").translate(SUBSCRIPTS)

    def tree(self) -> ast.expr:
        """The syntax tree of the text, in which ``^`` binds like ``**``."""
        if len(self.text) > MAX_LENGTH:
            raise InputError(
                f"an expression of {len(self.text)} characters is too long; "
                f"at most {MAX_LENGTH} are read."
            )
        if not self.text.strip():
            raise InputError("an expression is empty.")
        try:
            with warnings.catch_warnings():
                # Python warns of what is no formula anyway, as '1if x' and the string '\\d'.
                warnings.simplefilter("error")
                return ast.parse(self.source, mode="eval").body
        except (RecursionError, MemoryError) as error:
            raise self.error("it is nested too deeply") from error
        except (SyntaxError, ValueError) as error:
            raise self.error(
                "it is not a formula (write products as 2*x, powers as x**2)"
            ) from error

    def expression(self) -> Expr:
        """The checked expression of the whole text, whose numbers can be written and read again."""
        expr = self.build(self.tree(), depth=0)
        for number in expr.atoms(sympy.Number):
            if isinstance(number, Rational) and max(abs(number.p), number.q) >= 10**MAX_DIGITS:
                raise self.error(f"it comes to a whole number of more than {MAX_DIGITS} digits")
            if not fits(number):
                raise self.error("a number in it is too large or too small")
        return expr

    def error(self, reason: str) -> InputError:
        return InputError(f"cannot read {short(self.text)}: {reason}.")

    def build(self, node: ast.expr, depth: int) -> Expr:
        """The checked expression of `node`."""
        if depth > MAX_DEPTH:
            raise self.error("it is nested too deeply")
        match node:
            case ast.Constant(value=value):
                expr = self.number(value)
            case ast.Name():
                expr = self.name(self.spelled(node))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                expr = self.build(operand, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                expr = -self.build(operand, depth + 1)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                expr = sympy.Add(*self.chain(node, (ast.Add, ast.Sub), depth))
            case ast.BinOp(op=ast.Mult() | ast.Div()):
                expr = sympy.Mul(*self.chain(node, (ast.Mult, ast.Div), depth))
            case ast.BinOp(left=base, op=ast.Pow(), right=exponent):
                expr = self.power(self.build(base, depth + 1), self.build(exponent, depth + 1))
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
                expr = self.applied(self.function(name), self.build(argument, depth + 1))
            case ast.Call(func=ast.Name(id=name)):
                self.function(name)
                raise self.error(f"{name} takes exactly one argument")
            case _:
                raise self.error("only arithmetic on numbers, names and functions is understood")
        return self.checked(expr)

    def chain(self, node: ast.expr, operators: tuple[type, type], depth: int) -> list[Expr]:
        """The terms of a sum, or the factors of a product, however many there are.

        Python nests ``a + b + c`` to the left. It is unrolled here, so that a polynomial of a
        thousand terms is not taken for a deep expression.
        """
        parts: list[Expr] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, operators):
            right = self.build(node.right, depth + 1)
            if isinstance(node.op, ast.Sub):
                right = -right
            elif isinstance(node.op, ast.Div):
                right = self.checked(1 / right)
            parts.append(right)
            node = node.left
        parts.append(self.build(node, depth + 1))
        return parts[::-1]

    def number(self, value: object) -> Expr:
        # bool is a subclass of int in Python: True is no number here.
        if isinstance(value, int) and not isinstance(value, bool):
            if abs(value) >= 10**MAX_DIGITS:
                raise self.error(f"it has a whole number of more than {MAX_DIGITS} digits")
            return Integer(value)
        if isinstance(value, float):
            return Float(value)
        raise self.error("only arithmetic on numbers, names and functions is understood")

    def spelled(self, node: ast.Name) -> str:
        """The name as it is written: Python's own parser makes one letter of ϕ and φ."""
        written = None if self.source.isascii() else ast.get_source_segment(self.source, node)
        return written or node.id

    def name(self, name: str) -> Expr:
        if name in FUNCTIONS:
            raise self.error(f"{name} is a function, write {name}(...)")
        if self.names is not None and name in self.names:
            return Symbol(name)
        if name in CONSTANTS:
            return CONSTANTS[name]
        if self.names is None:
            return symbol(name)
        raise InputError(
            f"there is no variable {name!r} in {short(self.text)}; it may use "
            f"{', '.join(self.names)}.{nearest(name, self.names)}"
        )

    def function(self, name: str) -> Any:
        if name not in FUNCTIONS:
            raise self.error(f"there is no function {name!r}; known are {', '.join(FUNCTIONS)}")
        return FUNCTIONS[name]

    def power(self, base: Expr, exponent: Expr) -> Expr:
        """base**exponent, unless the result would be enormous.

        sympy multiplies exponents, and takes powers of the numbers in a product, as it builds one:
        what would come of that is bounded before. A base with a decimal is one itself, for sympy
        looks for its exact roots without end.
        """
        if base.is_number and base.has(Float):
            base = base.evalf()
        if exponent.is_number:
            size = abs(float(exponent))
            if size * degree(base) > MAX_EXPONENT:
                raise self.error(f"an exponent is larger than {MAX_EXPONENT}")
            if size * bits(base) > MAX_BITS:
                raise self.error("a power of a number is too large")
            if not exponent.is_integer and degree(base) > MAX_INNER:
                raise self.error(f"a root holds a power beyond {MAX_INNER}")
        elif base == 0:
            raise self.error("it has a power of 0")
        elif base.is_negative:
            raise self.error("a power of a negative number with a variable exponent is not real")
        elif max(abs(exponent.as_coeff_Add()[0]), logarithmic(exponent)) > MAX_EXPONENT:
            raise self.error(f"an exponent is larger than {MAX_EXPONENT}")
        elif degree(exponent) > MAX_INNER:
            raise self.error(f"an exponent holds a power beyond {MAX_INNER}")
        return base**exponent

    def applied(self, function: Any, argument: Expr) -> Expr:
        """function(argument), the variables of |.| taken to be real.

        Of |exp(q)| with a q without assumptions sympy makes exp(re(q)), and expands re(q**n) in
        the real and imaginary parts of q, as it does to find out whether cosh(q**n) is positive.
        """
        if function in PERIODIC and argument.is_number and abs(argument.evalf()) > LARGEST_ANGLE:
            raise self.error(f"an angle is larger than {LARGEST_ANGLE:.0e}")
        if function is sympy.exp and logarithmic(argument) > MAX_EXPONENT:
            raise self.error(f"an exponent is larger than {MAX_EXPONENT}")
        varying = any(symbolic_exponents(argument))
        algebraic = function is sympy.Abs and not (varying or argument.has(sympy.Function))
        if not algebraic and degree(argument) > MAX_INNER:
            raise self.error(f"a function holds a power beyond {MAX_INNER}")
        if function is not sympy.Abs or not varying:
            return self.called(function, argument)
        to_real = {known: Symbol(known.name, real=True) for known in argument.free_symbols}
        found = self.called(function, argument.xreplace(to_real))
        found = found.xreplace({real: known for known, real in to_real.items()})
        if found.has(sympy.re, sympy.im, sympy.arg):
            raise self.error("it has the absolute value of a power with a variable exponent")
        return found

    def called(self, function: Any, argument: Expr) -> Expr:
        """function(argument), unless sympy fails at it."""
        try:
            return function(argument)
        except (TypeError, AttributeError) as error:
            raise self.error("a function of a number of its own cannot be told") from error

    def checked(self, expr: Expr) -> Expr:
        """`expr`, unless it divides by zero, is not real, or leaves the range of doubles.

        Every constant is checked before something larger is built from it, hence sympy never
        has to evaluate, say, exp(exp(exp(9))).
        """
        if expr.has(S.NaN, S.ComplexInfinity, S.Infinity, S.NegativeInfinity):
            raise self.error("it divides by zero or is not finite")
        if expr.has(S.ImaginaryUnit):
            raise self.error("it is not a real number")
        if expr.is_number:
            if expr.count_ops() > MAX_CONSTANT:
                raise self.error("a constant in it is too complicated; write it as a decimal")
            value = self.evaluated(expr)
            if not value.is_real:
                raise self.error("it is not a real number")
            if not fits(value):
                raise self.error("a number in it is too large or too small")
        return expr

    def evaluated(self, expr: Expr) -> Expr:
        """The constant as a decimal."""
        try:
            return expr.evalf()
        except ZeroDivisionError as error:
            raise self.error("it divides by zero or is not finite") from error


def fits(number: Float) -> bool:
    """Whether a number is 0 or well within the range of doubles."""
    return number == 0 or bool(1 / LARGEST_NUMBER < abs(number) < LARGEST_NUMBER)


def short(text: str) -> str:
    """`text` in quotes, cut to a length that fits in a sentence."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
