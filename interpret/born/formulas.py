"""Born laws as text, LaTeX and sympy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy
from sympy import Expr, Float, Function, Integral, Symbol

from interpret.born.selection import CLEAR, KNEE
from interpret.value import order as size
from interpret.value import with_error
from systems.expressions import symbol
from systems.scattering.born import Powers

if TYPE_CHECKING:
    from interpret.born.laws import BornLaw

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
INTEGRAL_SIGNS = {1: "∫", 2: "∬", 3: "∭"}
LATEX_SIGNS = {1: r"\int", 2: r"\iint", 3: r"\iiint"}
LATEX_DIGITS = 6
POTENTIAL = Function("U")


def radii(order: int) -> tuple[str, ...]:
    """The names of the radii in increasing order: r; min and max; x, y, z; x1, x2, ...

    >>> radii(2), radii(4)
    (('min', 'max'), ('x1', 'x2', 'x3', 'x4'))
    """
    if order <= 3:
        return (("r",), ("min", "max"), ("x", "y", "z"))[order - 1]
    return tuple(f"x{rank}" for rank in range(1, order + 1))


def expression(law: BornLaw) -> Expr:
    """a_n as a sympy integral over the unknown function U.

    Order 1 is ∫ k(r) U(r) dr, order 2 ∬ k(Min(r, s), Max(r, s)) U(r) U(s) dr ds, and beyond, n!
    times the integral over 0 <= x <= y <= ... <= 1. Coefficients that were not recognised are
    decimals.

    >>> from interpret.born.laws import read_law
    >>> from systems.scattering import born_tensor
    >>> law = read_law(born_tensor(1))
    >>> expression(law)
    -Integral(r**2*U(r), (r, 0, 1))
    >>> expression(law).replace(POTENTIAL, lambda r: r).doit()
    -1/4
    """
    if law.order == 1:
        r = symbol("r")
        return _over(law, (r,), (r,), [(r, 0, 1)])
    if law.order == 2:
        r, s = symbol("r"), symbol("s")
        ranks = (sympy.Min(r, s), sympy.Max(r, s))
        return _over(law, (r, s), ranks, [(r, 0, 1), (s, 0, 1)])
    x = tuple(map(symbol, radii(law.order)))
    limits = [(low, 0, high) for low, high in zip(x, (*x[1:], 1), strict=True)]
    return math.factorial(law.order) * _over(law, x, x, limits)


def written(law: BornLaw) -> str:
    """The law in one line, closed forms where they were recognised.

    >>> from interpret.born.laws import read_law
    >>> from systems.scattering import born_tensor
    >>> written(read_law(6 * born_tensor(3, 16)))
    'a3 = -∭ (2/3 x² y z + 1/3 x² y²) U U U,  x <= y <= z'
    """
    sign, terms = _kernel(law, closed=True)
    return f"a{law.order} = {sign}{_integral(law.order, terms)}"


def measured(law: BornLaw) -> str:
    """The law in one line, with its coefficients as measured: a1 = -1.0000(2) ∫ r² U(r) dr."""
    sign, terms = _kernel(law, closed=False)
    if len(law.powers) == 1:
        number, _, shown = terms.partition(" ")
        return f"a{law.order} = {sign}{number} {_integral(law.order, shown)}"
    return f"a{law.order} = {sign}{_integral(law.order, terms)}"


def printed(law: BornLaw) -> str:
    """The law as measured and in closed form, what it leaves, and what else was considered."""
    first = measured(law)
    if all(form is not None for form in law.recognised):
        first += f"  =  {written(law).partition(' = ')[2]}"
    lines = [f"{first}   {law.verdict}"]
    whole = "the tensor" if law.compared == "entries" else "the tensor's values on the inputs"
    lines.append(
        f"leaves {size(law.residual)} of {whole}, all {len(law.library)} candidates "
        f"{size(law.floor)}"
    )
    if law.free is not None:
        free = zip(radii(law.order), law.free.powers, law.free.powers_stderr, strict=True)
        powers = ", ".join(f"{name}^{with_error(power, error)}" for name, power, error in free)
        lines.append(f"powers set free: {powers}")
    if law.rivals:
        shown = "; ".join(" + ".join(monomial(p) for p in rival) for rival in law.rivals[:3])
        more = f" and {len(law.rivals) - 3} more" if len(law.rivals) > 3 else ""
        factor = KNEE if law.compared == "entries" else CLEAR
        lines.append(f"as good within a factor {factor:g}: {shown}{more}")
    if not law.dimensional:
        lines.append(f"not of degree {law.order + 1}: a{law.order} is then no length")
    return "\n".join(lines)


def latex(law: BornLaw) -> str:
    r"""The law as LaTeX.

    >>> from interpret.born.laws import read_law
    >>> from systems.scattering import born_tensor
    >>> print(latex(read_law(born_tensor(1))))
    a_{1} = - \int r^{2}\, U(r)\, dr
    """
    names = tuple(Symbol(name) for name in radii(law.order))
    if law.order == 2:
        names = (Symbol(r"\min(r,r')"), Symbol(r"\max(r,r')"))
    signs = [value < 0 for value in law.values]
    outer = "- " if all(signs) else ""
    parts = []
    for powers, form, value, negative in zip(
        law.powers, law.recognised, law.coefficients, signs, strict=True
    ):
        coefficient = abs(Float(value, LATEX_DIGITS) if form is None else form)
        factors = [sympy.latex(name**power) for name, power in zip(names, powers, strict=True)]
        number = "" if coefficient == 1 and any(powers) else sympy.latex(coefficient) + " "
        shown = number + r" ".join(f for f, p in zip(factors, powers, strict=True) if p)
        parts.append(("- " if negative and not outer else "+ ") + shown.strip())
    kernel = " ".join(parts).removeprefix("+ ")
    if len(parts) > 1:
        kernel = rf"\left({kernel}\right)"
    sign = LATEX_SIGNS.get(law.order, r"\int \cdots \int")
    measures = {1: r"U(r)\, dr", 2: r"U(r)\, U(r')\, dr\, dr'"}
    rest = measures.get(law.order, "U " * law.order)
    order = r" \le ".join(map(str, names))
    note = rf",\quad {order}" if law.order > 2 else ""
    return rf"a_{{{law.order}}} = {outer}{sign} {kernel}\, {rest.strip()}{note}"


def monomial(powers: Powers) -> str:
    """The candidate as text.

    >>> monomial((2, 1)), monomial((1, 0, 3)), monomial((0,))
    ('min² max', 'x z³', '1')
    """
    factors = [
        name + (str(power).translate(SUPERSCRIPTS) if power != 1 else "")
        for name, power in zip(radii(len(powers)), powers, strict=True)
        if power
    ]
    return " ".join(factors) or "1"


def _over(
    law: BornLaw, x: tuple[Expr, ...], ranks: tuple[Expr, ...], limits: Sequence[object]
) -> Expr:
    """The integral over x of the kernel in the ranks, a common sign in front."""
    kernel = sympy.Add(
        *(
            (Float(value) if form is None else form)
            * sympy.Mul(*(rank**power for rank, power in zip(ranks, powers, strict=True)))
            for powers, value, form in zip(
                law.powers, law.coefficients, law.recognised, strict=True
            )
        )
    )
    sign = -1 if all(value < 0 for value in law.values) else 1
    potentials = sympy.Mul(*(POTENTIAL(radius) for radius in x))
    return sign * Integral(sign * kernel * potentials, *limits)


def _kernel(law: BornLaw, closed: bool) -> tuple[str, str]:
    """A common sign, "-" or "", and the terms without it."""
    common = "-" if all(value < 0 for value in law.values) else ""
    text = ""
    rows = zip(law.powers, law.coefficients, law.stderr, law.recognised, strict=True)
    for powers, value, error, form in rows:
        number = with_error(abs(value), error)
        if closed and form is not None:
            number = "" if abs(form) == 1 else str(abs(form))
        shown = monomial(powers) if any(powers) else ""
        sign = "-" if value < 0 and not common else "+"
        text += f" {sign} {f'{number} {shown}'.strip() or '1'}"
    text = text.removeprefix(" + ")
    return common, text.replace(" - ", "-", 1) if text.startswith(" - ") else text


def _integral(order: int, kernel: str) -> str:
    """The kernel under its integral: ∫ r² U(r) dr."""
    if " + " in kernel or " - " in kernel:
        kernel = f"({kernel})"
    if order == 1:
        return f"∫ {kernel} U(r) dr".replace("  ", " ")
    if order == 2:
        return f"∬ {kernel} U(r) U(r') dr dr'".replace("  ", " ")
    sign = INTEGRAL_SIGNS.get(order, f"∫ ({order} times)")
    shown = f"{sign} {kernel} {' '.join('U' * order)}".replace("  ", " ")
    return f"{shown},  {' <= '.join(radii(order))}"
