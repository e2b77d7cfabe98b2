"""What a term of each part of a law of motion does: its generalized force on every coordinate.

    d/dt ∂L/∂q̇ - ∂L/∂q + ∂R/∂q̇ = ∂W/∂q,     L = T(q, q̇) + A(q)·q̇ - V(q)

V is the potential part, A·q̇ the gyroscopic, R (Rayleigh's function) the dissipative. W is what a
drive works: Q(t) q for a force Q(t) on the coordinate q.

Source: H. Goldstein, "Classical Mechanics", 2nd ed., sections 1-5 and 2-1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import sympy
from sympy import Expr

from systems.equations import forcing, gradient, velocity
from systems.errors import InputError, nearest

TIME: Final = sympy.Symbol("t")
"""What a drive depends on."""

Force = tuple[Expr, ...]
"""One expression a coordinate."""


def _conservative(term: Expr, coordinates: Sequence[str]) -> Force:
    return tuple(-slope for slope in gradient(term, coordinates))


def _dissipative(term: Expr, coordinates: Sequence[str]) -> Force:
    return _conservative(term, [velocity(name).name for name in coordinates])


FORCES: Final[Mapping[str, Callable[[Expr, Sequence[str]], Force]]] = {
    "potential": _conservative,
    "gyroscopic": forcing,
    "dissipative": _dissipative,
    "drive": gradient,
}
"""The force of a term of each part, in q, q̇ and t."""


def generalized_force(part: str, term: Expr, coordinates: Sequence[str]) -> Force:
    """The force that one unit of a term exerts on each coordinate, in q, q̇ and t.

    Raises InputError for a part that exerts no force of its own.

    >>> x, y, xd, yd = sympy.symbols("x y xd yd")
    >>> generalized_force("gyroscopic", (x * yd - y * xd) / 2, ["x", "y"])
    (yd, -xd)
    >>> generalized_force("dissipative", xd**2 / 2, ["x", "y"])
    (-xd, 0)
    >>> generalized_force("drive", x * sympy.cos(2 * TIME), ["x", "y"])
    (cos(2*t), 0)
    """
    if part not in FORCES:
        raise InputError(
            f"no force belongs to a part {part!r}; there are {', '.join(FORCES)}."
            f"{nearest(part, FORCES)}"
        )
    return tuple(FORCES[part](term, coordinates))


def softened(force: Expr, coordinates: Sequence[str], width: float) -> Expr:
    """`force` with what jumps at rest made a slope of that width: v/|v| is v/√(v² + w²).

    Its terms that vanish at rest, such as |v| v or |v|**p, stay as they are.

    >>> xd = sympy.Symbol("xd")
    >>> softened(-sympy.sign(xd) - xd**2 * sympy.sign(xd), ["x"], 0.5)
    -xd**2*sign(xd) - xd/sqrt(xd**2 + 0.25)
    """
    square = sympy.Float(width**2)
    at_rest = {velocity(name): sympy.Integer(0) for name in coordinates}

    def one(term: Expr) -> Expr:
        still = term.replace(sympy.sign, lambda _: sympy.Integer(1)).subs(at_rest)
        # Of an unknown exponent it is not known that it is none.
        if still == 0 or any(power.base == 0 for power in still.atoms(sympy.Pow)):
            return term
        return term.replace(sympy.sign, lambda v: v / sympy.sqrt(v**2 + square))

    finite = finite_at_rest(force, coordinates, width)
    return sympy.Add(*map(one, sympy.Add.make_args(finite)))


def finite_at_rest(force: Expr, coordinates: Sequence[str], width: float) -> Expr:
    """`force` without division by a speed of zero: 1/√(v_x² + v_y²) is 1/√(v_x² + v_y² + w²).

    >>> xd, yd = sympy.symbols("xd yd")
    >>> finite_at_rest(xd / sympy.sqrt(xd**2 + yd**2), ["x", "y"], 0.5)
    xd/sqrt(xd**2 + yd**2 + 0.25)
    """
    rates = {velocity(name) for name in coordinates}

    def apart(base: Expr, exponent: Expr) -> Expr:
        fixed = exponent.is_integer or not exponent.is_negative
        if fixed or not base.free_symbols or base.free_symbols - rates:
            return base**exponent
        return (base + sympy.Float(width**2)) ** exponent

    return force.replace(sympy.Pow, apart)
