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
