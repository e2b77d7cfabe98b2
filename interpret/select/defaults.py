"""The candidates that are tried when nobody says: what fits each variable, as far as data tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray

from interpret.select import library_matrix
from interpret.select.criteria import SmallestWithin
from interpret.select.library import (
    NAMED,
    Domain,
    Library,
    inverse_powers,
    pair,
    powers,
    trigonometric,
)
from interpret.select.matrix import Compressed, Support, lengths
from systems.expressions import symbol

Array = NDArray[np.float64]

HARMONICS: Final = 3
"""Of one angle; of several their first, with those of sums and differences."""

FEW: Final = 3
"""Terms of the small law whose columns are kept before others."""

PLATEAU: Final = 2.0
"""That law may miss twice what the whole library misses, as on the plateau of clean data."""


def suited(domain: Domain, angles: Sequence[str] = (), distances: Sequence[str] = ()) -> Library:
    """Candidates for variables of these ranges, some of which are angles or distances.

    Angles: sines and cosines of θ, 2θ, 3θ and θ itself; of several their own and those of sums and
    differences. A distance: powers, inverse powers, log and exp; of several the usual laws of
    pairs, each of one distance. Others: `Library.default`. Angles beside others: the products of
    their first sines and cosines with the others too.

    >>> print(suited({"theta": (-1.0, 1.0)}, angles=["theta"]))
    theta, sin(theta), cos(theta), sin(2*theta), cos(2*theta), sin(3*theta), cos(3*theta)
    >>> print(suited({"r": (0.5, 3.0)}, distances=["r"]))
    r, r**2, r**3, r**4, 1/r, r**(-2), r**(-3), log(r), exp(-r), exp(-r)/r
    """
    others = {name: span for name, span in domain.items() if name not in (*angles, *distances)}
    parts = [Library.default(others)] if others else []
    if len(distances) == 1:
        (r,) = distances
        parts += [powers(r, 4), inverse_powers(r, 3)]
        parts += [NAMED[name](distances) for name in ("logarithm", "exponential")]
    else:
        parts += [pair(r) for r in distances]
    if angles:
        waves = _waves(angles)
        parts.append(waves)
        first = Library(f(symbol(a)) for a in angles for f in (sympy.sin, sympy.cos))
        parts += [powers(name, 2) * first for name in (*others, *distances)]
    return Library(candidate for part in parts for candidate in part)


def alike(library: Library, distances: Sequence[str]) -> Library:
    """One law for every pair: each candidate of one distance summed over all of them.

    >>> print(alike(Library.parse("1/a, 1/b, a*b", ["a", "b"]), ["a", "b"]))
    1/b + 1/a, a*b
    """
    symbols = [symbol(name) for name in distances]
    summed = []
    for candidate in library:
        (own, *others) = candidate.free_symbols
        single = not others and own in symbols
        every = [candidate.xreplace({own: other}) for other in symbols]
        summed.append(sympy.Add(*every) if single else candidate)
    return Library(summed)


def _waves(angles: Sequence[str]) -> Library:
    """θ and its harmonics; of several angles the first ones, and those of sums and differences."""
    if len(angles) == 1:
        return powers(angles[0], 1) + trigonometric(angles[0], HARMONICS)
    single = Library(c for a in angles for c in (*powers(a, 1), *trigonometric(a, 1)))
    pairs = [(symbol(a), symbol(b)) for i, a in enumerate(angles) for b in angles[:i]]
    return single + Library(
        f(b + sign * a) for a, b in pairs for sign in (-1, 1) for f in (sympy.cos, sympy.sin)
    )


def usable(
    library: Library, x: Array, variables: Sequence[str], group: NDArray[np.int64]
) -> tuple[Library, tuple[str, ...]]:
    """The library without candidates that are constant or not finite on the data, and these."""
    sizes = np.abs(library.evaluate(x, variables)).max(axis=0)
    slopes = np.abs(library.gradients(x, variables)) * np.ptp(x, axis=0)[:, None]
    changes = slopes.max(axis=(0, 1))
    with np.errstate(invalid="ignore"):
        varies = np.isfinite(sizes) & np.isfinite(changes) & (changes > CONSTANT * sizes)
    kept = [
        candidate
        for candidate, fine in zip(library, varies, strict=True)
        if fine and library_matrix.singular(candidate, variables, x, group) is None
    ]
    dropped = tuple(str(candidate) for candidate in library if candidate not in kept)
    return (Library(kept), dropped) if kept else (library, ())


CONSTANT: Final = library_matrix.ROUND_OFF
"""A candidate that changes by less than so much of itself is constant on the data."""


def told_apart(problem: Compressed, accuracy: float) -> Support:
    """The columns that data of a relative accuracy can tell from those before them.

    First come those of the smallest law that does as well as all columns do, then the others in
    their order; one that differs from a sum of those kept by no more than the accuracy is left out.
    The first is always kept: data of which nothing is known are judged by some law, not by none.

    >>> x = np.linspace(1, 2, 50)
    >>> columns = np.stack([x, x**2, x + 1e-9 * x**3, 1 / x], axis=1)
    >>> told_apart(Compressed.of(columns, 1 / x, ("a", "b", "c", "d")), 1e-6)
    (0, 1, 3)
    >>> told_apart(Compressed.of(columns, 1 / x, ("a", "b", "c", "d")), 2.0)
    (3,)
    """
    columns = problem.design / lengths(problem.design)
    every = problem.full
    if _independent(columns, every, accuracy) == every:
        return every
    floor = PLATEAU * max(problem.solve(every)[1], accuracy * problem.length)
    first = SmallestWithin(floor, FEW).choose(problem).support
    rest = tuple(k for k in every if k not in first)
    return _independent(columns, (*first, *rest), accuracy)


def _independent(columns: Array, order: Sequence[int], accuracy: float) -> Support:
    """The columns of unit length, in this order, that are no sum of those before; sorted."""
    kept: list[int] = []
    span = np.zeros((len(columns), 0))
    for k in order:
        left = columns[:, k]
        # Twice is enough (Kahan and Parlett).
        for _ in range(2):
            left = left - span @ (span.T @ left)
        length = float(np.linalg.norm(left))
        if length > accuracy or not kept:
            kept.append(k)
            span = np.column_stack([span, left / length])
    return tuple(sorted(kept))
