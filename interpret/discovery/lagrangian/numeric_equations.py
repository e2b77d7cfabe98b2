"""A Lagrangian and its equations at random points, with 50 digits."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import mpmath
import sympy
from sympy import Expr, Rational, Symbol

from systems import equations, motion
from systems.errors import InputError

DIGITS: Final = 50
POINTS: Final = 16
MOST_DRAWS: Final = 600

SINGULAR: Final = 1e-30
"""A determinant below this fraction of the product of its rows is zero."""

SIZES: Final = (Rational(1, 3), Rational(1), Rational(3))
"""Points are drawn at several scales: where L holds sqrt(1 - v²), velocities must be small."""

Point = dict[Symbol, Rational]


@dataclass(frozen=True)
class Evaluated:
    """L at one point: its value, E = M q̈ - f there, the `size` |M| |q̈| + |f| of what cancels in E,
    and the accelerations M⁻¹ f, None where M has no inverse. Vectors are mpmath's.
    """

    value: Any
    residual: Any
    size: Any
    accelerations: Any


def evaluated(
    lagrangians: Sequence[Expr], coordinates: Sequence[str]
) -> tuple[list[Point], list[list[Evaluated]]]:
    """16 random points (q, q̇, q̈ and all other symbols), and each Lagrangian at each of them.

    Points where one is not real and finite are passed over. Raises `InputError` when there are
    hardly any others.

    >>> x, xd = sympy.symbols("x xd")
    >>> points, [[first, *_]] = evaluated([xd**2 / 2 - x**2], ["x"])
    >>> bool(abs(first.accelerations[0] + 2 * points[0][x]) < 1e-14)
    True
    """
    rates = [equations.velocity(name) for name in coordinates]
    variables = [*map(Symbol, coordinates), *rates, *map(equations.acceleration, coordinates)]
    held = set().union(*(lagrangian.free_symbols for lagrangian in lagrangians))
    constants = sorted(held - set(variables), key=str)
    functions = [_compiled(each, coordinates, [*variables, *constants]) for each in lagrangians]
    points: list[Point] = []
    found: list[list[Evaluated]] = [[] for _ in lagrangians]
    with mpmath.workdps(DIGITS):
        for point in _points(variables, constants):
            here = [_at(function, point, coordinates) for function in functions]
            values = [value for value in here if value is not None]
            if len(values) < len(lagrangians):
                continue
            points.append(point)
            for column, value in zip(found, values, strict=True):
                column.append(value)
            if len(points) == POINTS:
                return points, found
    raise InputError(
        f"{' and '.join(map(str, lagrangians))} have no real, finite values at random points, so "
        f"that nothing can be said about them."
    )


def _points(variables: Sequence[Symbol], constants: Sequence[Symbol]) -> Iterator[Point]:
    """Random points, every other one with positive numbers alone; constants stay the same."""
    rng = random.Random(0)
    held = {symbol: Rational(rng.randint(500, 1500), 997) for symbol in constants}
    for draw in range(MOST_DRAWS):
        size = SIZES[draw // 2 % len(SIZES)]
        signs = (1,) if draw % 2 else (-1, 1)
        point = {
            s: size * rng.choice(signs) * Rational(rng.randint(1, 996), 997) for s in variables
        }
        yield point | held


def _compiled(
    lagrangian: Expr, coordinates: Sequence[str], symbols: Sequence[Symbol]
) -> Callable[..., Any]:
    masses, forces = motion.mass_and_forcing(lagrangian, coordinates)
    everything = [lagrangian, *masses, *forces]
    function: Callable[..., Any] = sympy.lambdify(symbols, everything, modules="mpmath", cse=True)
    return function


def _at(function: Callable[..., Any], point: Point, coordinates: Sequence[str]) -> Evaluated | None:
    """The Lagrangian at a point; None where it or its equations are not real and finite."""
    try:
        numbers = [_real(value) for value in function(*map(_decimal, point.values()))]
    except (ZeroDivisionError, ValueError):
        return None
    if any(number is None for number in numbers):
        return None
    d = len(coordinates)
    masses = mpmath.matrix(d, d)
    for entry in range(d * d):
        masses[entry // d, entry % d] = numbers[1 + entry]
    forces = mpmath.matrix(numbers[1 + d * d :])
    rates = [_decimal(point[equations.acceleration(name)]) for name in coordinates]
    pushed = masses * mpmath.matrix(rates)
    return Evaluated(
        value=numbers[0],
        residual=pushed - forces,
        size=mpmath.norm(masses) * mpmath.norm(mpmath.matrix(rates)) + mpmath.norm(forces),
        accelerations=_solved(masses, forces),
    )


def _decimal(number: Rational) -> Any:
    return mpmath.mpf(number.p) / number.q


def _real(value: Any) -> Any:
    """The number, or None when it is complex or not finite."""
    number = mpmath.mpmathify(value)
    if mpmath.im(number) != 0 or not mpmath.isfinite(number):
        return None
    return mpmath.re(number)


def _solved(masses: Any, forces: Any) -> Any:
    rows = [mpmath.norm(masses[row, :]) for row in range(masses.rows)]
    if mpmath.fabs(mpmath.det(masses)) <= SINGULAR * mpmath.fprod(rows):
        return None
    return mpmath.lu_solve(masses, forces)
