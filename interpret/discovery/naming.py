"""Names that the user's columns leave free for what is found, and the particles of columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, count
from typing import Final

import sympy

from systems.errors import InputError
from systems.expressions import symbol

NAMES: Final = {
    "r": ("r", "rho", "d", "R"),
    "s": ("s", "w", "l"),
    "u": ("u", "w", "f"),
}
"""What a found feature is called, in order of preference; then r1, r2, ..."""

AXES: Final = "xyz"


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """The first name like `wanted` that is not taken.

    >>> free_name("r", ["x", "y"]), free_name("r", ["r", "s"]), free_name("q", ["q"])
    ('r', 'rho', 'q1')
    """
    used = set(taken)
    numbered = (f"{wanted}{number}" for number in count(1))
    names = chain(NAMES.get(wanted, (wanted,)), numbered)
    return next(name for name in names if name not in used and _allowed(name))


def _allowed(name: str) -> bool:
    try:
        symbol(name)
    except InputError:
        return False
    return True


def particles(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The coordinates of each particle, from names such as x1, y1, x2, y2, in two or three axes.

    An axis x, y or z and the label of a particle make a name, in this order; all particles have
    the same axes. () where the names are no such list. Four or six other names are the coordinates
    of two particles, one after the other.

    >>> particles(["x1", "y1", "x2", "y2"]), particles(["x_sun", "x_earth", "y_sun", "y_earth"])
    ((('x1', 'y1'), ('x2', 'y2')), (('x_sun', 'y_sun'), ('x_earth', 'y_earth')))
    >>> particles(["a", "b", "c", "d"]), particles(["q1", "q2", "q3"])
    ((('a', 'b'), ('c', 'd')), ())
    """
    found: dict[str, dict[str, str]] = {}
    for name in names:
        parts = re.fullmatch(rf"([{AXES}])(\w+)", name)
        if parts is None:
            break
        axis, label = parts.groups()
        found.setdefault(label, {})[axis] = name
    else:
        axes = {tuple(sorted(item)) for item in found.values()}
        if len(axes) == 1 and len(found) > 1 and len(next(iter(axes))) > 1:
            return tuple(tuple(item[axis] for axis in sorted(item)) for item in found.values())
    half = len(names) // 2
    if len(names) in (4, 6):
        return tuple(names[:half]), tuple(names[half:])
    return ()


def norm(names: Sequence[str]) -> sympy.Expr:
    """sqrt(Σ q_i²).

    >>> norm(["x", "y"])
    sqrt(x**2 + y**2)
    """
    return sympy.sqrt(sum(symbol(name) ** 2 for name in names))


def distance(first: Sequence[str], second: Sequence[str]) -> sympy.Expr:
    """sqrt(Σ (a_i - b_i)²), the distance of two particles.

    >>> distance(["x1", "y1"], ["x2", "y2"])
    sqrt((x1 - x2)**2 + (y1 - y2)**2)
    """
    pairs = zip(first, second, strict=True)
    return sympy.sqrt(sum((symbol(a) - symbol(b)) ** 2 for a, b in pairs))
