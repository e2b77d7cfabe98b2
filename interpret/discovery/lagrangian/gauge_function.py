"""F of a total time derivative dF/dt: found by integrating A = ∂F/∂q coordinate by coordinate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy
from sympy import Expr, Symbol

from systems import equations


def gauge_function(
    difference: Expr, coordinates: Sequence[str], points: Sequence[Mapping[Symbol, Expr]]
) -> Expr | None:
    """F with `difference` = dF/dt + constants; None where no closed form is found.

    The difference must be known to have no equations of motion: then it is linear in the
    velocities, A · q̇ + constants, and A is a gradient. `points` are where the result is checked.

    >>> x, y, xd, yd = sympy.symbols("x y xd yd")
    >>> gauge_function(2 * x * y * xd + x**2 * yd + 3, ["x", "y"], [{x: 1, y: 2, xd: 3, yd: 5}])
    x**2*y
    """
    rates = [equations.velocity(name) for name in coordinates]
    momenta = equations.gradient(difference, [rate.name for rate in rates])
    slopes = [sympy.expand(p.xreplace(dict.fromkeys(rates, sympy.Integer(0)))) for p in momenta]
    found = sympy.Integer(0)
    for name, slope in zip(coordinates, slopes, strict=True):
        rest = sympy.expand(slope - equations.gradient(found, [name])[0])
        # By the rules of the classroom: the general algorithms may not come to an end.
        found = sympy.expand(found + _integral(rest, Symbol(name)))
    if found.has(sympy.Integral):
        return None
    remaining = [a - b for a, b in zip(slopes, equations.gradient(found, coordinates), strict=True)]
    if all(_vanishes(rest, slope, points) for rest, slope in zip(remaining, slopes, strict=True)):
        return found
    return None


def _integral(expression: Expr, variable: Symbol) -> Expr:
    """∫ dx, in the case that holds in general where there are several."""
    integral = sympy.integrate(expression, variable, manual=True)
    return integral.replace(
        lambda part: isinstance(part, sympy.Piecewise), lambda part: part.args[-1].expr
    )


def _vanishes(rest: Expr, slope: Expr, points: Sequence[Mapping[Symbol, Expr]]) -> bool:
    """Whether the rest is zero, but for rounding, where the slope is not."""
    for point in points:
        left, whole = (sympy.Abs(sympy.N(part.xreplace(point), 30)) for part in (rest, slope))
        if not left <= 1e-9 * (1 + whole):
            return False
    return True
