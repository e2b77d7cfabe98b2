"""Two Lagrangians by what they do: the same up to scale and gauge, or only the same motion.

    L_a = s L_b + dF/dt + constants    if and only if    E_a = s E_b,   E = d/dt ∂L/∂q̇ - ∂L/∂q

identically in q, q̇ and q̈. The identity is decided by evaluating both sides at random points, with
50 digits: different expressions without decimals do not agree to 30 digits there, and how they are
written, r² or q0² + q1² - 2 q0 q1, makes no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import mpmath
import sympy
from sympy import Expr

from interpret.discovery.lagrangian.gauge_function import gauge_function
from interpret.discovery.lagrangian.lagrangian_law import written
from interpret.discovery.lagrangian.numeric_equations import DIGITS, Evaluated, Point, evaluated
from interpret.laws import formula
from interpret.laws.json_numbers import finite
from interpret.laws.value import order
from systems import equations
from systems.errors import InputError

Verdict = Literal["IDENTICAL", "EQUIVALENT", "SAME MOTION", "DIFFERENT"]

EXACTLY: Final = 1e-30
"""Expressions without decimals are equal when they agree to this."""

UNKNOWN: Final = float("nan")


@dataclass(frozen=True)
class Equivalence:
    """What `compare_lagrangians` found.

    - `verdict`, with its `reason` in words;
    - `scale`: s of L_a = s L_b + dF/dt, where there is one;
    - `gauge`: F, or None where there is none or no closed form of it was found;
    - `difference`: the largest relative difference of the accelerations, |a - b| over the larger
      of the two, at random points; nan where they are not determined.
    """

    verdict: Verdict
    reason: str
    scale: Expr | None = None
    gauge: Expr | None = None
    difference: float = 0.0

    @property
    def same(self) -> bool:
        """Whether the two are the same Lagrangian, up to scale and gauge."""
        return self.verdict in ("IDENTICAL", "EQUIVALENT")

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain strings and numbers; what is not finite becomes None."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "scale": None if self.scale is None else written(self.scale),
            "gauge": None if self.gauge is None else written(self.gauge),
            "difference": finite(self.difference),
        }

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}"


def compare_lagrangians(
    a: Expr, b: Expr, coordinates: Sequence[str], *, tolerance: float = 1e-9
) -> Equivalence:
    """Compare two Lagrangians in coordinates q and velocities qd.

    - IDENTICAL: a = b, however they are written.
    - EQUIVALENT: a = s b + dF/dt, with one constant for each connected piece of space.
    - SAME MOTION: not so, and yet the accelerations are the same.
    - DIFFERENT: the accelerations are not the same, or not determined.

    Any other symbols are constants, of whatever positive value. `tolerance` is the relative error
    allowed where an expression holds decimals; without decimals the comparison is exact.

    Raises `InputError` when a Lagrangian holds an acceleration, when neither depends on a
    velocity, and when there are no points where both are real and finite.

    >>> x, y, xd, yd = sympy.symbols("x y xd yd")
    >>> free, coupled = (xd**2 + yd**2) / 2, xd * yd
    >>> print(compare_lagrangians(2 * free + x * yd + y * xd + 5, free, ["x", "y"]))
    EQUIVALENT: the first is 2 times the second, plus d/dt (x*y) and constants.
    >>> print(compare_lagrangians(free, coupled, ["x", "y"]))
    SAME MOTION: the accelerations agree, but the two differ by more than scale and gauge.
    >>> print(compare_lagrangians(free, free - x**2, ["x", "y"]))
    DIFFERENT: the accelerations differ by up to 100 %.
    """
    a, b = sympy.sympify(a, strict=True), sympy.sympify(b, strict=True)
    _check(a, b, coordinates)
    decimals = a.has(sympy.Float) or b.has(sympy.Float)
    allowed = tolerance if decimals else EXACTLY
    points, (first, second) = evaluated([a, b], coordinates)
    pairs = list(zip(first, second, strict=True))
    with mpmath.workdps(DIGITS):
        if _equal([one.value for one in first], [other.value for other in second], allowed):
            return Equivalence("IDENTICAL", "the two are equal.", sympy.Integer(1))
        idle = [_idle(side, allowed) for side in (first, second)]
        if any(idle):
            return _of_the_idle(idle)
        scale = _scale(pairs)
        if all(_proportional(one, other, scale, allowed) for one, other in pairs):
            exact = _short(float(scale), allowed) if decimals else _exact(a, b, coordinates, points)
            return _equivalent(a, b, exact, coordinates, points)
        return _by_motion(pairs, allowed)


def _check(a: Expr, b: Expr, coordinates: Sequence[str]) -> None:
    rates = {equations.velocity(name) for name in coordinates}
    for expression in (a, b):
        extra = expression.free_symbols & {equations.acceleration(name) for name in coordinates}
        if extra:
            raise InputError(
                f"the Lagrangian {expression} holds the acceleration {extra.pop()}; it may depend "
                f"on {', '.join([*coordinates, *sorted(map(str, rates))])}."
            )
    if not (a.free_symbols | b.free_symbols) & rates:
        raise InputError(
            f"neither Lagrangian depends on a velocity; the velocity of {coordinates[0]} is "
            f"written {equations.velocity(coordinates[0])}."
        )


def _equal(ones: list[Any], others: list[Any], allowed: float) -> bool:
    """Whether the values agree, relative to their usual size where they are small by chance."""
    sizes = [abs(one) + abs(other) for one, other in zip(ones, others, strict=True)]
    usual = sorted(sizes)[len(sizes) // 2]
    triples = zip(ones, others, sizes, strict=True)
    return all(abs(one - other) <= allowed * (size + usual) for one, other, size in triples)


def _idle(side: list[Evaluated], allowed: float) -> bool:
    """Whether the equations vanish identically."""
    return all(mpmath.norm(here.residual) <= allowed * here.size for here in side)


def _of_the_idle(idle: list[bool]) -> Equivalence:
    if all(idle):
        reason = "both are total time derivatives, which move nothing."
        return Equivalence("EQUIVALENT", reason, sympy.Integer(1), None, UNKNOWN)
    which = "first" if idle[0] else "second"
    reason = f"the {which} is a total time derivative, which moves nothing."
    return Equivalence("DIFFERENT", reason, difference=UNKNOWN)


def _scale(pairs: list[tuple[Evaluated, Evaluated]]) -> Any:
    """The s for which E_a = s E_b comes closest, every point counting the same."""
    above = sum(mpmath.fdot(one.residual, other.residual) / other.size**2 for one, other in pairs)
    below = sum(mpmath.fdot(other.residual, other.residual) / other.size**2 for _, other in pairs)
    return above / below


def _proportional(one: Evaluated, other: Evaluated, scale: Any, allowed: float) -> bool:
    left = mpmath.norm(one.residual - scale * other.residual)
    return bool(left <= allowed * (one.size + abs(scale) * other.size))


def _short(scale: float, allowed: float) -> Expr:
    """A whole number where it is one within what is allowed."""
    whole = round(scale)
    return (
        sympy.Integer(whole) if abs(scale - whole) <= allowed * abs(scale) else sympy.Float(scale)
    )


def _exact(a: Expr, b: Expr, coordinates: Sequence[str], points: Sequence[Point]) -> Expr:
    """s = E_a/E_b at one point, constants left as symbols."""
    rates = [equations.velocity(name) for name in coordinates]
    pushes = [equations.acceleration(name) for name in coordinates]
    place = {s: points[0][s] for s in (*map(sympy.Symbol, coordinates), *rates, *pushes)}
    above, below = (equations.euler_lagrange(each, coordinates) for each in (a, b))
    values = [abs(sympy.N(entry.xreplace(points[0]))) for entry in below]
    row = values.index(max(values))
    return sympy.simplify(above[row].xreplace(place) / below[row].xreplace(place))


def _equivalent(
    a: Expr, b: Expr, scale: Expr, coordinates: Sequence[str], points: Sequence[Point]
) -> Equivalence:
    gauge = gauge_function(a - scale * b, coordinates, points)
    factor = "" if scale == 1 else f"{formula.pretty(scale)} times "
    if gauge is None:
        rest = "a total time derivative"
    elif gauge == 0:
        rest = "a constant on each connected piece of space"
    else:
        rest = f"d/dt ({formula.pretty(gauge)}) and constants"
    reason = f"the first is {factor}the second, plus {rest}."
    return Equivalence("EQUIVALENT", reason, scale, gauge)


def _by_motion(pairs: list[tuple[Evaluated, Evaluated]], allowed: float) -> Equivalence:
    differences = []
    for one, other in pairs:
        if one.accelerations is None or other.accelerations is None:
            reason = "the masses ∂²L/∂q̇∂q̇ of one have no inverse, so that it determines no motion."
            return Equivalence("DIFFERENT", reason, difference=UNKNOWN)
        larger = max(mpmath.norm(one.accelerations), mpmath.norm(other.accelerations))
        off = mpmath.norm(one.accelerations - other.accelerations)
        differences.append(float(off / larger) if larger else 0.0)
    difference = max(differences)
    if difference <= allowed:
        reason = "the accelerations agree, but the two differ by more than scale and gauge."
        return Equivalence("SAME MOTION", reason, difference=difference)
    shown = f"{100 * difference:.3g} %" if difference > 1e-3 else f"{order(difference)}, relatively"
    reason = f"the accelerations differ by up to {shown}."
    return Equivalence("DIFFERENT", reason, difference=difference)
