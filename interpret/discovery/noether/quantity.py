"""A conserved quantity: what it is called, which symmetry it belongs to, and how well data keep it.

A quantity I of a law without friction and drives generates the symmetry δq = ∂I/∂p (E. Noether,
Nachr. Ges. Wiss. Göttingen 1918, 235): of one that is linear in the velocities a motion of space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy import Expr

from interpret.discovery.noether.drift import Drift
from interpret.laws import formula
from interpret.laws.json_numbers import finite
from systems.equations import velocity
from systems.expressions import symbol, text


@dataclass(frozen=True)
class Quantity:
    """I(q, q̇), with features where there are some, its `name`, `symmetry` in words, and `drift`."""

    expr: Expr
    name: str
    symmetry: str
    drift: Drift

    def row(self) -> tuple[str, ...]:
        """What is printed of it, column by column."""
        return (self.name, formula.pretty(self.expr), str(self.drift), self.symmetry)

    def to_json(self) -> dict[str, Any]:
        """As plain strings and numbers; what is not finite becomes None."""
        return {
            "name": self.name,
            "expression": text(self.expr),
            "symmetry": self.symmetry,
            "held": self.drift.held,
            "chi2_per_n": finite(self.drift.chi2_per_n),
            "change": finite(self.drift.change),
        }


def named(expr: Expr, degree: int, coordinates: Sequence[str]) -> str:
    """What a quantity of this degree in the velocities is called, by its shape.

    >>> from systems.expressions import parse
    >>> [named(parse(of), n, "xy") for of, n in [("xd + 2*yd", 1), ("x*yd - y*xd", 1)]]
    ['momentum', 'angular momentum']
    >>> named(parse("x*yd**2 - y*xd*yd - x/sqrt(x**2 + y**2)"), 2, "xy")
    'Runge–Lenz vector'
    """
    rates = [velocity(name) for name in coordinates]
    places = [symbol(name) for name in coordinates]
    terms = sympy.Add.make_args(expr)
    leading = [t for t in terms if _degree(t, rates) == degree]
    shapes = {_degree(term, places) for term in leading}
    if degree == 1 and shapes == {0}:
        return "momentum" if len(leading) == len(terms) else "momentum in a field"
    if degree == 1 and shapes == {1} and len(leading) > 1:
        return "angular momentum"
    if degree == 2 and shapes == {1} and len(terms) > len(leading):
        return "Runge–Lenz vector"
    if degree == 2 and shapes == {0}:
        oscillating = all(_degree(term, places) == 2 for term in terms if term not in leading)
        return "Fradkin tensor" if oscillating else "quadratic in the velocities"
    words = {1: "linear", 2: "quadratic", 3: "cubic", 4: "quartic"}
    return f"{words.get(degree, f'of degree {degree}')} in the velocities"


def symmetry(expr: Expr, degree: int, masses: dict[str, float]) -> str:
    """δq = ∂I/∂p in words, of a law without friction whose masses are known.

    >>> from systems.expressions import parse
    >>> symmetry(parse("x*yd - y*xd"), 1, {"x": 1.0, "y": 1.0})
    'δx = -y, δy = x'
    """
    if degree != 1:
        return "of phase space alone"
    shifts = {
        name: sympy.nsimplify(expr.diff(velocity(name)) / sympy.nsimplify(mass))
        for name, mass in masses.items()
    }
    return ", ".join(
        f"δ{name} = {formula.pretty(shift)}" for name, shift in shifts.items() if shift != 0
    )


def _degree(term: Expr, variables: Sequence[Expr]) -> int:
    """The sum of the exponents of these variables among the factors of a product."""
    powers = term.as_powers_dict()
    return int(sum(powers.get(variable, 0) for variable in variables))
