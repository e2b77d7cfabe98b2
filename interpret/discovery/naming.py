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


def bodies(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The coordinates of each of several particles, () where the names tell of none.

    An axis x, y or z and the label of a particle make a name, in either order, and all particles
    have the same axes; or one letter or word and a number, on a line.

    >>> bodies(["x_sun", "x_earth", "y_sun", "y_earth"])
    (('x_sun', 'y_sun'), ('x_earth', 'y_earth'))
    >>> bodies(["ax", "ay", "bx", "by"]), bodies(["u1", "u2", "u3"])
    ((('ax', 'ay'), ('bx', 'by')), (('u1',), ('u2',), ('u3',)))
    >>> bodies(["a", "b", "c", "d"]), bodies(["x", "y"])
    ((), ())
    """
    for pattern in (rf"(?P<axis>[{AXES}])_?(?P<label>\w+)", rf"(?P<label>\w+?)_?(?P<axis>[{AXES}])",
                    r"(?P<axis>[^\W\d]+?)_?(?P<label>\d+)"):  # fmt: skip
        matches = [re.fullmatch(pattern, name) for name in names]
        found: dict[str, dict[str, str]] = {}
        for name, match in zip(names, matches, strict=True):
            if match is not None:
                found.setdefault(match["label"], {})[match["axis"]] = name
        axes = {tuple(sorted(item)) for item in found.values()}
        whole = sum(map(len, found.values())) == len(names)
        if whole and len(axes) == 1 and len(found) > 1:
            (own,) = axes
            return tuple(tuple(item[axis] for axis in own) for item in found.values())
    return ()


def particles(names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The coordinates of each particle, in two or three axes.

    () where the names are no such list. Four or six other names are the coordinates of two
    particles, one after the other.

    >>> particles(["x1", "y1", "x2", "y2"]), particles(["q1", "q2", "q3"])
    ((('x1', 'y1'), ('x2', 'y2')), ())
    >>> particles(["a", "b", "c", "d"])
    (('a', 'b'), ('c', 'd'))
    """
    found = bodies(names)
    if found and len(found[0]) in (2, 3):
        return found
    half = len(names) // 2
    if len(names) in (4, 6):
        return tuple(names[:half]), tuple(names[half:])
    return ()


def norm(names: Sequence[str]) -> sympy.Expr:
    """sqrt(Σ q_i²).

    >>> norm(["x", "y"])
    sqrt(x**2 + y**2)
    """
    return sympy.sqrt(sympy.Add(*(symbol(name) ** 2 for name in names)))


def distance(first: Sequence[str], second: Sequence[str]) -> sympy.Expr:
    """sqrt(Σ (a_i - b_i)²), the distance of two particles.

    >>> distance(["x1", "y1"], ["x2", "y2"])
    sqrt((x1 - x2)**2 + (y1 - y2)**2)
    """
    pairs = zip(first, second, strict=True)
    return sympy.sqrt(sympy.Add(*((symbol(a) - symbol(b)) ** 2 for a, b in pairs)))
