"""Shells of integer vectors: the momenta 2πn/L of a periodic box, sorted by their length."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError

Counts = NDArray[np.int64]

DIMENSIONS = 3


def degeneracies(largest: int) -> Counts:
    """C3(n) = #{v in Z³: |v|² = n} for n = 0, 1, ..., `largest`: an array (largest + 1,).

    Raises `InputError` for a negative `largest`.

    >>> degeneracies(10).tolist()
    [1, 6, 12, 8, 6, 24, 24, 0, 12, 30, 24]
    """
    if largest < 0:
        raise InputError(f"shells are numbered from 0; {largest} is none.")
    return _up_to(largest).copy()


def shells(largest: int) -> Counts:
    """The n in 0, 1, ..., `largest` that are sums of three squares, in increasing order.

    >>> shells(9).tolist()
    [0, 1, 2, 3, 4, 5, 6, 8, 9]
    """
    occupied: Counts = np.flatnonzero(degeneracies(largest))
    return occupied


@lru_cache(maxsize=32)
def _up_to(largest: int) -> Counts:
    """C3, one dimension after the other: a component i adds i² to the squared length."""
    counts = np.zeros(largest + 1, dtype=np.int64)
    counts[0] = 1
    for _ in range(DIMENSIONS):
        longer = counts.copy()
        for i in range(1, math.isqrt(largest) + 1):
            # i and -i
            longer[i * i :] += 2 * counts[: largest + 1 - i * i]
        counts = longer
    return counts
