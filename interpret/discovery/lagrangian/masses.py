"""Candidates of a kinetic energy: products of two velocities, and what masses may depend on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, combinations_with_replacement

from sympy import Expr, Integer, cos, sin

from systems.equations import velocity
from systems.expressions import symbol


def products(names: Sequence[str]) -> tuple[Expr, ...]:
    """q̇_i q̇_j of every two coordinates.

    >>> products(["x", "y"])
    (xd**2, xd*yd, yd**2)
    """
    return tuple(velocity(a) * velocity(b) for a, b in combinations_with_replacement(names, 2))


def varying(names: Sequence[str], angles: Sequence[str]) -> tuple[Expr, ...]:
    """q̇_i q̇_j times what masses may depend on.

    >>> varying(["r"], []), varying(["th"], ["th"])
    ((rd**2, r*rd**2, r**2*rd**2), (thd**2, thd**2*cos(th), thd**2*sin(th), thd**2*cos(2*th)))
    """
    shapes = list(factors(names, angles))
    return tuple(shape * product for product in products(names) for shape in shapes)


def factors(names: Sequence[str], angles: Sequence[str]) -> Iterator[Expr]:
    """What masses may depend on: lengths and their squares, waves of angles and of differences.

    A bob's distance from an axis is a sine: its square is a wave of twice the angle.

    >>> list(factors(["r"], [])), list(factors(["th"], ["th"]))
    ([1, r, r**2], [1, cos(th), sin(th), cos(2*th)])
    """
    yield Integer(1)
    circular = [symbol(name) for name in names if name in angles]
    for name in names:
        q = symbol(name)
        yield from (cos(q), sin(q), cos(2 * q)) if name in angles else (q, q**2)
    for a, b in combinations(circular, 2):
        yield from (cos(a - b), sin(a - b), cos(a + b))
