"""S(q²) = √(4π) Z00(1; q²) = Σ_n C3(n)/(n - q²), regularised, to rounding error and fast.

The sum diverges as it stands. Split at the inverse temperature λ (the poles stay in the first sum,
what diverges becomes a closed form, and a sum over images smaller than e^(-π²/λ) is left out) it is

    S(q²) = Σ_n C3(n) e^(-λ(n - q²))/(n - q²) + 2 π^(3/2) λ^(-1/2) e^x [2 √x D(√x) - 1],   x = λ q²,

with Dawson's function D; for x < 0 read e^x [...] as -√(π|x|) erf √|x| - e^x. So many terms are
summed only once: what is left of S near q² = N when the poles next to N are taken out is so smooth
that 14 Chebyshev polynomials carry all its digits. `near` has these pieces.

Source: M. Lüscher, Nucl. Phys. B 354 (1991) 531, appendix C.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray
from scipy.special import dawsn, erf

from systems.errors import InputError
from systems.physics.finite_volume.shells import degeneracies, shells

Array = NDArray[np.float64]

LARGEST: Final = 10_000
"""The largest |q²| that is served."""

SPLIT: Final = 0.25
"""λ where q² is small: the images left out are below 1e-16."""

GROWTH: Final = 2.0
"""λ q² at most: e^2 of the digits cancel, no more."""

DECAY: Final = 40.0
"""The sum ends where its exponential is e^-40."""

NEIGHBOURS: Final = 3
"""Poles taken out on either side of N."""

NODES: Final = 14
"""Chebyshev nodes in [N - 1/2, N + 1/2]; the nearest pole left in is 8 half-widths from N."""

BATCH: Final = 65_536
"""So many points at a time: what they need stays below 20 MB."""


class Near(NamedTuple):
    """S about the integer N nearest to q²: S(q²) = C3(N)/(N - q²) + rest; arrays like q²."""

    nearest: NDArray[np.int64]
    degeneracy: Array
    rest: Array


def zeta_sum(q2: ArrayLike) -> Array:
    """S(q²) = √(4π) Z00(1; q²) of an array q² of any shape, -1e4 <= q² <= 1e4.

    Relative error about 1e-15, but near zeros, where the absolute error is 1e-14 for q² below 1
    and 1e-13 below 20. At its poles, q² = n with C3(n) > 0, S is inf.

    Raises `InputError` for q² out of range.

    >>> zeta_sum([0.1, 1, 7]).round(6).tolist()
    [-17.168725, inf, -12.144663]
    """
    points = np.asarray(q2, dtype=float)
    if not (np.abs(points) <= LARGEST).all():
        raise InputError(f"Lüscher's zeta function is served for q² from {-LARGEST} to {LARGEST}.")
    return by_batches(points, _value)


def zeta00(q2: ArrayLike) -> Array:
    """Z00(1; q²) = S(q²)/√(4π), Lüscher's zeta function; see `zeta_sum`.

    >>> zeta00([-1, 0.5, 20.5]).round(12).tolist()
    [-5.557262180838, 0.312058047452, 8.921765388222]
    """
    return zeta_sum(q2) / math.sqrt(4 * math.pi)


def zeta_zeros(count: int) -> Array:
    """The first `count` zeros of S and Z00, in q²: one below 0, then one between any two shells.

    >>> zeta_zeros(3).round(12).tolist()
    [-0.095900719461, 0.47289424726, 1.441591312956]
    """
    if count < 1:
        raise InputError(f"one or more zeros can be asked for, not {count}.")
    # Of all integers at least 5 in 6 are sums of three squares, but for the first few.
    poles = shells(6 * count // 5 + 8)[:count].astype(float)
    low = np.concatenate([[-1.0], poles[:-1]])
    high = poles.copy()
    # S rises from -inf to inf between its poles.
    for _ in range(64):
        middle = (low + high) / 2
        below = zeta_sum(middle) < 0
        low = np.where(below, middle, low)
        high = np.where(below, high, middle)
    zeros: Array = (low + high) / 2
    return zeros


def near(q2: Array) -> Near:
    """S in two pieces, its nearest pole and the rest, at every point of a flat array q²."""
    nearest = np.rint(q2).astype(np.int64)
    cells, cell_of = np.unique(nearest, return_inverse=True)
    coefficients = np.array([_cell(int(cell)) for cell in cells]).reshape(-1, NODES)
    x = 2 * (q2 - nearest)
    rest = chebyshev.chebval(x, coefficients[cell_of].T, tensor=False)
    counts = _neighbours(nearest)
    for offset in range(-NEIGHBOURS, NEIGHBOURS + 1):
        if offset != 0:
            rest += counts[offset + NEIGHBOURS] / (nearest + offset - q2)
    return Near(nearest, counts[NEIGHBOURS], rest)


def by_batches(points: Array, function: Callable[[Array], Array]) -> Array:
    """A function of a flat array at points of any shape, so many of them at a time."""
    flat = points.ravel()
    values = np.empty(flat.shape)
    for first in range(0, len(flat), BATCH):
        batch = slice(first, first + BATCH)
        values[batch] = function(flat[batch])
    return values.reshape(points.shape)


def _value(q2: Array) -> Array:
    piece = near(q2)
    return piece.rest + _over(piece.degeneracy, piece.nearest - q2)


def _over(degeneracy: Array, distance: Array) -> Array:
    """C/d, inf where d is 0, and 0 where there is no pole."""
    quotient = np.where(degeneracy > 0, np.inf, 0.0)
    apart = distance != 0
    quotient[apart] = degeneracy[apart] / distance[apart]
    return quotient


def _neighbours(nearest: NDArray[np.int64]) -> Array:
    """C3 at the N next to each N: an array (2 NEIGHBOURS + 1, len(N)), 0 below 0."""
    last = max(int(nearest.max(initial=0)), 0) + NEIGHBOURS
    counts = degeneracies(_rounded(last)).astype(float)
    offsets = np.arange(-NEIGHBOURS, NEIGHBOURS + 1)[:, None]
    at = nearest + offsets
    neighbours: Array = np.where(at >= 0, counts[np.maximum(at, 0)], 0.0)
    return neighbours


def _rounded(largest: int) -> int:
    """The next power of two: few different tables of C3 are then ever made."""
    return 1 << max(largest, 1).bit_length()


@lru_cache(maxsize=4 * LARGEST)
def _cell(nearest: int) -> tuple[float, ...]:
    """Chebyshev coefficients on [N - 1/2, N + 1/2] of S without the poles next to N."""
    angles = np.pi * (np.arange(NODES) + 0.5) / NODES
    nodes = np.cos(angles)
    values = _without_neighbours(nearest + nodes / 2, nearest)
    modes = np.cos(np.outer(np.arange(NODES), angles))
    # Of a large mean and a small rest the rest alone is transformed, which costs fewer digits.
    middle = values[NODES // 2]
    coefficients = 2 / NODES * (modes @ (values - middle))
    coefficients[0] = middle + coefficients[0] / 2
    return tuple(coefficients.tolist())


def _without_neighbours(q2: Array, nearest: int) -> Array:
    """S(q²) - Σ C3(n)/(n - q²) over |n - N| <= NEIGHBOURS, by the split sum."""
    split = min(SPLIT, GROWTH / max(nearest, 1))
    last = max(nearest, 0) + math.ceil(DECAY / split)
    counts = degeneracies(_rounded(last))[: last + 1]
    n = np.flatnonzero(counts)
    distance = n - q2[:, None]
    with np.errstate(under="ignore", divide="ignore", invalid="ignore"):
        # A pole that is taken out leaves (e^(-λd) - 1)/d, which is -λ at d = 0.
        decay = np.expm1(-split * distance) + (np.abs(n - nearest) > NEIGHBOURS)
        terms = np.where(distance == 0, -split, decay / distance)
    direct = terms @ counts[n].astype(float)
    whole: Array = direct + 2 * np.pi**1.5 / math.sqrt(split) * _closed(split * q2)
    return whole


def _closed(x: Array) -> Array:
    """e^x [2 √x D(√x) - 1], continued to x < 0."""
    root = np.sqrt(np.abs(x))
    growing = np.exp(np.minimum(x, 2 * GROWTH))
    above = 2 * root * dawsn(root) * growing
    below = -math.sqrt(np.pi) * root * erf(root)
    closed: Array = np.where(x >= 0, above, below) - growing
    return closed
