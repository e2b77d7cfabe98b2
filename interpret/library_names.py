"""Libraries asked for in words: "polynomial", "coulomb", "1/r, 1/r**2", or nothing at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import systems
from interpret import library_matrix
from interpret.library import Domain, Library, inverse_powers, monomials, powers, trigonometric
from systems.errors import InputError, nearest
from systems.expressions import parse_list

MOST_MONOMIALS: Final = 40
"""A library nobody wrote stays small enough to search and to print."""


def polynomial(names: Sequence[str]) -> Library:
    """Powers up to 6 of one variable; of d variables the monomials up to degree 4 or lower.

    The degree n is the highest up to 4 with C(d + n, n) - 1 <= 40 monomials: 4 in the plane, 3 in
    space, 2 for two particles in space.

    >>> len(polynomial(["x", "y"])), len(polynomial(["x1", "y1", "z1", "x2", "y2", "z2"]))
    (14, 27)
    """
    d = len(names)
    if d == 1:
        return powers(names[0], 6)
    fitting = [n for n in (2, 3, 4) if math.comb(d + n, n) - 1 <= MOST_MONOMIALS]
    return monomials(names, max(fitting, default=1))


NAMED: Final[Mapping[str, Callable[[Sequence[str]], Library]]] = {
    "polynomial": polynomial,
    "inverse_powers": lambda names: Library(c for x in names for c in inverse_powers(x, 3)),
    "trigonometric": lambda names: Library(c for x in names for c in trigonometric(x, 3)),
}
"""Families of any variables, by name; "default" and the systems of the catalog are names too."""


def default(domain: Domain) -> Library:
    """`Library.default`: powers or monomials, and inverse powers of what stays positive.

    >>> print(default({"x": (-1.0, 1.0)}))
    x, x**2, x**3, x**4, x**5, x**6
    """
    library = NAMED["polynomial"](tuple(domain))
    for name, (lowest, _) in domain.items():
        if lowest > 0:
            library = library + inverse_powers(name, 3)
    return library


def parse(text: str, names: Sequence[str], domain: Domain | None = None) -> Library:
    """`Library.parse`: a list of expressions in the variables `names`, or a named library.

    >>> print(parse("polynomial", ["q"]))
    q, q**2, q**3, q**4, q**5, q**6
    """
    name = text.strip()
    if not name:
        raise InputError("the library is empty; list candidates such as 'q, q**2, 1/q'.")
    if name in names or not name.isidentifier():
        return Library(parse_list(text, names)).without_gauge()
    if name in NAMED:
        return NAMED[name](names)
    if name == "default":
        # Without a range nothing is known to stay positive.
        return default(domain or dict.fromkeys(names, (-math.inf, math.inf)))
    motions = [n for n in systems.names() if isinstance(systems.lookup(n), systems.System)]
    known = (*NAMED, "default", *motions)
    if name not in known:
        raise InputError(
            f"{name!r} is no variable ({', '.join(names)}) and no named library "
            f"({', '.join(known)}).{nearest(name, (*known, *names))}"
        )
    library = Library.of(systems.get(name))
    library_matrix.check_variables(library.candidates, names)
    return library
