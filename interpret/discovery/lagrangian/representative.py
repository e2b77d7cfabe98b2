"""One Lagrangian out of a space of them: which coefficients to fix, and at what.

The data admit a space of Lagrangians, of dimension 1 for the scale alone. As many coefficients as
it has dimensions are fixed: the first mass is 1, no products of different velocities, equal masses
where they are free, and of the other candidates the most complex ones are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from systems import equations

Array = NDArray[np.float64]

SMALLEST_SHARE: Final = 0.05
"""Of a direction's length: a candidate that has less of it cannot fix it."""


@dataclass(frozen=True)
class Wishes:
    """Coefficients {number of the candidate: value}, in the order in which they are tried.

    `held` must be met; one of `anchors` gives the scale; `others` remove what freedom is left.
    """

    held: Mapping[int, float]
    anchors: Mapping[int, float]
    others: Mapping[int, float]

    @staticmethod
    def of(
        candidates: Sequence[Expr],
        coordinates: Sequence[str],
        traces: Array,
        held: Mapping[int, float],
    ) -> Wishes:
        """The wishes for these candidates, with the coefficients that the user holds.

        `traces` (K,) are the mean traces of the candidates' masses, which shall come out positive.
        """
        squares = _squares(candidates, coordinates)
        masses = [equations.mass_matrix(candidate, coordinates) for candidate in candidates]
        anchors = {**squares}
        products: dict[int, float] = {}
        for k, mass in enumerate(masses):
            if not mass.is_zero_matrix:
                value = _half_or_whole(mass, coordinates)
                anchors.setdefault(k, float(np.copysign(value, traces[k])))
            if not mass.is_diagonal():
                products[k] = 0.0
        others = {**products, **squares}
        for k in by_complexity(candidates)[::-1]:
            others.setdefault(k, 0.0)
        return Wishes(held, anchors, others)


def representative(
    directions: Array, sizes: Array, wishes: Wishes
) -> tuple[Array, dict[int, float]]:
    """A combination (K,) of the directions (K, m), and the coefficients that were fixed.

    `sizes` (K,) make coefficients comparable. A candidate that hardly takes part in the freedom
    that is left is passed over.

    >>> space = np.array([[0.6, 0.6], [0.8, -0.8], [3.0, 3.0]])
    >>> wishes = Wishes(held={}, anchors={0: 0.5}, others={1: 0.0})
    >>> combination, fixed = representative(space, np.ones(3), wishes)
    >>> combination.round(9) + 0, fixed
    (array([0.5, 0. , 2.5]), {0: 0.5, 1: 0.0})
    """
    share = np.zeros(directions.shape[1])
    free = np.eye(directions.shape[1])
    fixed = dict(wishes.held)
    anchored = any(fixed.values())
    queue = [(k, x, False) for k, x in wishes.held.items()]
    queue += [(k, x, True) for k, x in wishes.anchors.items()]
    queue += [(k, x, False) for k, x in wishes.others.items()]
    for k, value, is_anchor in queue:
        if is_anchor and anchored:
            continue
        if k in fixed and k not in wishes.held:
            continue
        along = free.T @ directions[k]
        length = float(np.linalg.norm(along))
        if sizes[k] * length < SMALLEST_SHARE:
            continue
        share += free @ along * (value - directions[k] @ share) / length**2
        free = free @ np.linalg.svd(along[None])[2][1:].T
        fixed[k] = value
        anchored |= is_anchor
    return directions @ share, fixed


def by_complexity(candidates: Sequence[Expr]) -> list[int]:
    """The numbers of the candidates, the simplest first; among equals the first."""
    return sorted(range(len(candidates)), key=lambda k: (candidates[k].count_ops(), k))


def _squares(candidates: Sequence[Expr], coordinates: Sequence[str]) -> dict[int, float]:
    """{number of b q̇_i²: 1/(2b)}, in the order of the coordinates: the mass is then 1."""
    found: dict[int, float] = {}
    for name in coordinates:
        for k, candidate in enumerate(candidates):
            factor = candidate / equations.velocity(name) ** 2
            if factor.is_number:
                found[k] = 1 / (2 * float(factor))
    return found


def _half_or_whole(mass: sympy.Matrix, coordinates: Sequence[str]) -> float:
    """1/2 for an energy quadratic in the velocities, otherwise 1."""
    rates = {equations.velocity(name) for name in coordinates}
    return 1.0 if mass.free_symbols & rates else 0.5
