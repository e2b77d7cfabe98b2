"""Integrals of monomials over the cells of [0, 1], with no digit lost in the narrow ones.

A symmetric function of positions is a function of the sorted ones x <= y <= z, and a monomial is
x^p y^q z^s of these. Averaged over cells instead of taken at their midpoints, it is exactly what
a functional of step potentials has for a coefficient.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from systems.physics.scattering.symmetric import Array, Packing

NODES = 10
"""Gauss points along each direction: exact for powers below 20, else to 1e-15."""


def ordered(powers: Sequence[float], cells: int) -> Array:
    """∫ x^p y^q ... over a <= x <= y <= ... <= b in each cell [a, b], (cells,).

    The powers p, q, ... >= 0 need not be whole.

    >>> (3 * ordered([2], cells=2)).round(15).tolist()  # b³ - a³
    [0.125, 0.875]
    """
    dimension = len(powers)
    h = 1 / cells
    integrals = np.empty(cells)
    # A power has no Taylor series at 0, but the first cell has a closed form.
    exponents = np.cumsum(np.asarray(powers, dtype=float) + 1)
    integrals[0] = h ** exponents[-1] / np.prod(exponents)
    points, weights = _simplex(dimension)
    left = np.arange(1, cells)[:, None] * h
    values = np.ones((cells - 1, len(weights)))
    for power, point in zip(powers, points, strict=True):
        if power:
            values *= (left + h * point) ** power
    integrals[1:] = h**dimension * (values @ weights)
    return integrals


def packed(powers: Sequence[float], cells: int) -> Array:
    """∫_i dr ∫_j dr' ... of the monomial of the sorted positions, for all i <= j <= ..., packed.

    The order of the tensor is the number of powers; see `Packing` for its entries.

    >>> packed([2, 1], cells=1).round(14).tolist()  # ∬ min² max = 2/15
    [0.13333333333333]
    """
    packing = Packing(len(powers), cells)
    indices = packing.indices
    same = indices[:, 1:] == indices[:, :-1]
    integrals = np.zeros(len(indices))
    for groups in _compositions(len(powers)):
        # Positions of one group share a cell; between groups the cells differ.
        joined = [position not in _starts(groups) for position in range(1, len(powers))]
        rows = (same == joined).all(axis=1)
        value = np.ones(int(rows.sum()))
        start = 0
        for size in groups:
            inside = math.factorial(size) * ordered(powers[start : start + size], cells)
            value *= inside[indices[rows, start]]
            start += size
        integrals[rows] = value
    return integrals


def _starts(groups: Sequence[int]) -> set[int]:
    """Where the groups begin: (2, 1) at 0 and 2."""
    return {sum(groups[:k]) for k in range(len(groups))}


def _compositions(total: int) -> Iterator[tuple[int, ...]]:
    """The ways to write `total` as an ordered sum: (1, 1), (2,)."""
    if not total:
        yield ()
    for first in range(1, total + 1):
        for rest in _compositions(total - first):
            yield (first, *rest)


@lru_cache(maxsize=8)
def _simplex(dimension: int) -> tuple[Array, Array]:
    """Gauss points (dimension, n) and weights (n,) on 0 <= x_1 <= ... <= x_dimension <= 1.

    The last coordinate is t_1, the one before t_1 t_2, and so on, with each t in [0, 1].
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    axis, weight = (nodes + 1) / 2, weights / 2
    grids = np.meshgrid(*[axis] * dimension, indexing="ij")
    measures = np.meshgrid(*[weight] * dimension, indexing="ij")
    points: Array = np.multiply.accumulate(np.stack([grid.ravel() for grid in grids]))
    total: Array = np.prod(np.stack([measure.ravel() for measure in measures]), axis=0)
    for point in points[:-1]:
        total = total * point
    return points[::-1], total
