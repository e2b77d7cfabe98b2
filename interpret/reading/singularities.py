"""Poles and branch points of a learned potential, beyond the data: rational functions see them.

    V(x) ≈ n(x)/d(x) by AAA,    d(c) = 0

A pole of V is one of the rational function, or as many close together as its order; a branch point
is where a row of them begins, for a cut is made of poles. Those of a learned function's own errors
move when half of the points are left out, and have next to no residue.

Source: Y. Nakatsukasa, O. Sète, L. N. Trefethen, SIAM J. Sci. Comput. 40, A1494 (2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from systems.expressions import symbol

Array = NDArray[np.float64]

POINTS: Final = 200
"""Chebyshev points, half of them for the check: a smooth function is known at far fewer."""

ACCURACY: Final = 1e-8
TIMES: Final = 10.0
"""AAA stops at ten times what the learned function misses, and at 1e-8: beyond, it fits errors."""

MOST_TERMS: Final = 40
CLEAN: Final = 1e-5
"""A function that misses more shows no pole that can be told from its errors."""

REACH: Final = 10.0
"""A pole farther off than ten times the range of the data is a polynomial on them."""

TOGETHER: Final = 0.1
"""Poles are one where they lie closer together than a tenth of their distance from the data."""

STABLE: Final = 0.02
"""So much of its distance from the data may a pole move when half of the points are left out."""

FELT: Final = 1e-4
"""Of the range of V: what a pole of a smaller part adds is not looked for."""

A_CUT: Final = 3
"""Single poles on one side of the data, at least, are a cut."""


@dataclass(frozen=True)
class Singularity:
    """A pole of V at a place outside of the data and its order, or a branch point: order 0."""

    place: float
    order: int

    def __str__(self) -> str:
        kind = {0: "a branch point", 1: "a pole"}.get(self.order, f"a pole of order {self.order}")
        return f"{kind} near {self.place:.4g}"


def singularities(
    potential: Callable[[Array], Array], low: float, high: float, misfit: float
) -> list[Singularity]:
    """The singularities of V(x) on the real line that its values between `low` and `high` show.

    `misfit` is what V misses of the data, as a part of it.

    >>> [str(one) for one in singularities(lambda x: 1 / x**2 + 1 / (10 - x), 1.0, 9.0, 1e-12)]
    ['a pole of order 2 near 0', 'a pole near 10']
    """
    if not misfit < CLEAN:
        return []
    nodes = np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS)
    x = (low + high) / 2 + (high - low) / 2 * nodes
    values = potential(x)
    accuracy = max(TIMES * misfit, ACCURACY)
    found = _clusters(x, values, accuracy)
    again = _clusters(x[::2], values[::2], accuracy)
    kept = []
    for one in found:
        far = max(low - one.place, one.place - high)
        # The first pole of a cut is only near to its end.
        allowed = (STABLE if one.order else 10 * STABLE) * far
        near = (abs(one.place - other.place) for other in again if other.order == one.order)
        if min(near, default=np.inf) < allowed:
            # What is at the origin but for its error is meant to be there.
            place = 0.0 if abs(one.place) < allowed else one.place
            kept.append(Singularity(place, one.order))
    return sorted(kept, key=lambda one: one.place)


def candidates(name: str, found: Sequence[Singularity], low: float) -> list[Expr]:
    """Terms with these singularities, their places unknown constants; those at 0 are put in.

    At a branch point a power that is unknown too, and a logarithm.

    >>> candidates("r", [Singularity(0.0, 2), Singularity(10.1, 1)], 1.0)
    [1/r, r**(-2), 1/(c - r)]
    """
    x = symbol(name)
    places = (f"c{n or ''}" for n in range(len(found)))
    exponents = (f"p{n or ''}" for n in range(len(found)))
    terms: list[Expr] = []
    for one in found:
        place = sympy.Integer(0) if one.place == 0 else symbol(next(places))
        base = x - place if one.place < low else place - x
        powers = [base**-n for n in range(1, one.order + 1)]
        terms += powers if one.order else [sympy.log(base), base ** symbol(next(exponents))]
    return terms


def _clusters(x: Array, values: Array, accuracy: float) -> list[Singularity]:
    """The poles of the rational function outside of the data, those close together as one."""
    import warnings

    from scipy.interpolate import AAA

    low, high = float(x.min()), float(x.max())
    spread = float(np.ptp(values))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        rational = AAA(x, values - values.mean(), rtol=accuracy, max_terms=MOST_TERMS)
    poles, residues = rational.poles(), rational.residues()
    far = np.maximum(low - poles.real, poles.real - high)
    outside = (far > 0) & (far < REACH * (high - low)) & (np.abs(poles.imag) < TOGETHER * far)
    outside &= np.abs(residues) > FELT * spread * np.maximum(far, 0.0)
    found: list[Singularity] = []
    for side in (poles.real < low, poles.real > high):
        some = sorted(zip(far[outside & side], poles[outside & side], strict=True))
        groups: list[list[complex]] = []
        for distance, pole in some:
            if groups and abs(pole - groups[-1][0]) < TOGETHER * distance:
                groups[-1].append(pole)
            else:
                groups.append([pole])
        if len(groups) >= A_CUT:
            found.append(Singularity(float(np.mean(groups[0]).real), 0))
        else:
            found += [Singularity(float(np.mean(group).real), len(group)) for group in groups]
    return found
