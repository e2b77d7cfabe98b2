"""Laws that are integrals over a function U, with a kernel that is a sum of monomials.

    a_n = ∫ dr_1 ... dr_n U(r_1) ... U(r_n) Σ_k c_k x_1^p_1 ... x_n^p_n,   x_1 <= ... <= x_n

where x are the radii r in increasing order. A term is its monomial, x_1^p_1 ... x_n^p_n.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from numpy.typing import ArrayLike
from sympy import Expr, Function, Integral, Symbol

from interpret.laws.forms import Array, Entry
from systems.errors import InputError
from systems.expressions import symbol
from systems.physics.scattering import cells as integrals
from systems.physics.scattering.born_series import Powers, radii
from systems.physics.scattering.symmetric import Packing

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SIGNS = {1: "∫", 2: "∬", 3: "∭"}
LATEX_SIGNS = {1: r"\int", 2: r"\iint", 3: r"\iiint"}
LATEX_MEASURES = {1: r"U(r)\, dr", 2: r"U(r)\, U(r')\, dr\, dr'"}
POTENTIAL = Function("U")
HIGHEST = 8  # a letter for each radius, abcdefgh


@dataclass(frozen=True)
class BornIntegral:
    """The form of the n-th order, a_n.

    >>> r = symbol("r")
    >>> form = BornIntegral(1)
    >>> form.left("f", []), form.right([("-1.000(2)", r**2)], ""), form.exact(-(r**2), "")
    ('a1', '-1.000(2) ∫ r² U(r) dr', '-∫ r² U(r) dr')
    >>> form.expr([(sympy.Integer(-1), r**2)])
    -Integral(r**2*U(r), (r, 0, 1))
    """

    order: int

    @property
    def name(self) -> str:
        """a1, a2, ..."""
        return f"a{self.order}"

    def left(self, symbol: str, variables: Sequence[str]) -> str:
        """The same."""
        return self.name

    def right(self, entries: Sequence[Entry], gauge: str) -> str:
        """-1.0000(2) ∫ r² U(r) dr, a common sign in front."""
        sign, kernel = self._kernel(entries)
        if len(entries) == 1 and isinstance(entries[0][0], str):
            number, _, shown = kernel.partition(" ")
            return f"{sign}{number} {self._integral(shown)}"
        return sign + self._integral(kernel)

    def term(self, term: Expr) -> str:
        """r², min² max, x y z."""
        factors = [
            name + (str(power).translate(SUPERSCRIPTS) if power != 1 else "")
            for name, power in zip(radii(self.order), self.powers(term), strict=True)
            if power
        ]
        return " ".join(factors) or "1"

    def exact(self, expr: Expr, gauge: str) -> str:
        """The integral with a kernel that is known exactly."""
        return self.right(self._split(expr), gauge)

    def within(self, truth: Expr, candidates: Sequence[Expr]) -> Expr:
        """All of it."""
        return truth

    def latex(self, left: str, entries: Sequence[Entry], gauge: str) -> str:
        r"""a_{1} = - \int r^{2}\, U(r)\, dr."""
        names = tuple(Symbol(name) for name in radii(self.order))
        if self.order == 2:
            names = (Symbol(r"\min(r,r')"), Symbol(r"\max(r,r')"))
        common = _common_sign(entries)
        parts = []
        for number, term in entries:
            factors = [
                sympy.latex(name**power)
                for name, power in zip(names, self.powers(term), strict=True)
                if power
            ]
            size = str(number).lstrip("-") if isinstance(number, str) else sympy.latex(abs(number))
            shown = " ".join(factors) if size == "1" and factors else " ".join([size, *factors])
            parts.append(("- " if _negative(number) and not common else "+ ") + shown)
        kernel = " ".join(parts).removeprefix("+ ")
        if len(parts) > 1:
            kernel = rf"\left({kernel}\right)"
        sign = LATEX_SIGNS.get(self.order, r"\int \cdots \int")
        measure = LATEX_MEASURES.get(self.order, ("U " * self.order).strip())
        order = r" \le ".join(map(str, names))
        note = rf",\quad {order}" if self.order > 2 else ""
        outer = "- " if common else ""
        return rf"a_{{{self.order}}} = {outer}{sign} {kernel}\, {measure}{note}"

    def expr(self, pairs: Sequence[tuple[Expr, Expr]]) -> Expr:
        """a_n as a sympy integral over the unknown function U.

        Order 1 is ∫ k(r) U(r) dr, order 2 ∬ k(Min(r, s), Max(r, s)) U(r) U(s) dr ds, and beyond,
        n! times the integral over 0 <= x <= y <= ... <= 1.
        """
        if self.order <= 2:
            x = tuple(map(symbol, ("r", "s")[: self.order]))
            ranks = x if self.order == 1 else (sympy.Min(*x), sympy.Max(*x))
            return self._over(pairs, x, ranks, [(radius, 0, 1) for radius in x])
        x = tuple(map(symbol, radii(self.order)))
        limits = [(low, 0, high) for low, high in zip(x, (*x[1:], 1), strict=True)]
        return math.factorial(self.order) * self._over(pairs, x, x, limits)

    def evaluate(
        self, pairs: Sequence[tuple[float, Expr]], variables: Sequence[str], x: ArrayLike
    ) -> Array:
        """a_n of potentials U of equal steps, x (n, steps) to (n,).

        >>> form, r = BornIntegral(1), symbol("r")
        >>> form.evaluate([(-1.0, r**2)], ("r",), [[1.0, 1.0, 1.0]]).round(12)
        array([-0.33333333])
        """
        potentials = np.asarray(x, dtype=np.float64)
        # Of degree n in U, a_n is U · ∂a_n/∂U over n.
        slope = self.gradient(pairs, variables, potentials)
        total: Array = np.einsum("ni,ni->n", slope, potentials)
        return total / self.order

    def tensor(self, pairs: Sequence[tuple[float, Expr]], cells: int) -> Array:
        """The Born tensor (cells, ..., cells) of the law; n! times it is a_n's derivative."""
        packing = Packing(self.order, cells)
        total = np.zeros(len(packing.indices))
        for number, term in pairs:
            total += number * integrals.packed(self.powers(term), cells)
        return packing.unpack(total)

    def gradient(
        self, pairs: Sequence[tuple[float, Expr]], variables: Sequence[str], x: ArrayLike
    ) -> Array:
        """∂a_n/∂U at potentials x, (n, steps) to (n, steps)."""
        potentials = np.asarray(x, dtype=np.float64)
        tensor = self.tensor(pairs, potentials.shape[1])
        letters = "abcdefgh"[: self.order]
        others = ",".join(f"n{letter}" for letter in letters[1:])
        spec = f"{letters}{',' if others else ''}{others}->{'n' if others else ''}{letters[0]}"
        slope = np.einsum(spec, tensor, *[potentials] * (self.order - 1))
        return self.order * np.broadcast_to(slope, potentials.shape)

    def powers(self, term: Expr) -> Powers:
        """The exponents of a monomial: (2, 1) of min² max."""
        exponents = term.as_powers_dict()
        return tuple(int(exponents.get(symbol(name), 0)) for name in radii(self.order))

    def to_json(self) -> dict[str, Any]:
        """Kind and order."""
        return {"kind": "integral", "order": self.order}

    @staticmethod
    def from_json(contents: Mapping[str, Any]) -> BornIntegral:
        """What `to_json` wrote."""
        order = contents["order"]
        if order not in range(1, HIGHEST + 1):
            raise InputError(f"integrals are of the orders 1 to {HIGHEST}, not {order!r:.60}.")
        return BornIntegral(int(order))

    def _split(self, expr: Expr) -> list[Entry]:
        variables = [symbol(name) for name in radii(self.order)]
        return [
            term.as_independent(*variables, as_Add=False)
            for term in sympy.Add.make_args(sympy.expand(expr))
        ]

    def _kernel(self, entries: Sequence[Entry]) -> tuple[str, str]:
        """A common sign, "-" or "", and the terms without it."""
        common = _common_sign(entries)
        kernel = ""
        for number, term in entries:
            shown = "" if self.term(term) == "1" else self.term(term)
            size = number.lstrip("-") if isinstance(number, str) else str(abs(number))
            size = "" if size == "1" and shown else size
            sign = "-" if _negative(number) and not common else "+"
            kernel += f" {sign} {f'{size} {shown}'.strip()}"
        kernel = kernel.removeprefix(" + ")
        return common, kernel.replace(" - ", "-", 1) if kernel.startswith(" - ") else kernel

    def _integral(self, kernel: str) -> str:
        """The kernel under its integral: ∫ r² U(r) dr."""
        if " + " in kernel or " - " in kernel:
            kernel = f"({kernel})"
        if self.order == 1:
            return f"∫ {kernel} U(r) dr".replace("  ", " ")
        if self.order == 2:
            return f"∬ {kernel} U(r) U(r') dr dr'".replace("  ", " ")
        sign = SIGNS.get(self.order, f"∫ ({self.order} times)")
        shown = f"{sign} {kernel} {' '.join('U' * self.order)}".replace("  ", " ")
        return f"{shown},  {' <= '.join(radii(self.order))}"

    def _over(
        self,
        pairs: Sequence[tuple[Expr, Expr]],
        x: tuple[Expr, ...],
        ranks: tuple[Expr, ...],
        limits: Sequence[tuple[Expr, Expr, Expr]],
    ) -> Expr:
        """The integral over x of the kernel in the ranks, a common sign in front."""
        inside = dict(zip(map(symbol, radii(self.order)), ranks, strict=True))
        kernel = sympy.Add(*(number * term.xreplace(inside) for number, term in pairs))
        sign = -1 if all(number < 0 for number, _ in pairs) else 1
        potentials = sympy.Mul(*(POTENTIAL(radius) for radius in x))
        return sign * Integral(sign * kernel * potentials, *limits)


def _negative(number: str | Expr) -> bool:
    return number.startswith("-") if isinstance(number, str) else bool(number < 0)


def _common_sign(entries: Sequence[Entry]) -> str:
    return "-" if entries and all(_negative(number) for number, _ in entries) else ""
