"""The fewest columns that explain a vector: by elimination, or among all subsets."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.lagrangians.discovery.least_squares import solve, spreads, triangle
from interpret.lagrangians.subset_search import ranked
from interpret.selection import Compressed

Array = NDArray[np.float64]


SIGNIFICANT: Final = 3.5
"""A coefficient of fewer standard errors is dropped; by chance 1 in 2000 has as many."""


def eliminated(columns: Array, truth: Array, sigma: float) -> list[int]:
    """The columns left when the least significant one is dropped until all are significant.

    Shapes: columns (N, K), truth (N,); `sigma` is the noise of the truth.

    >>> x = np.linspace(0, 1, 20)
    >>> eliminated(np.stack([x, x**2, x**3], axis=1), x - x**3, 1e-3)
    [0, 2]
    """
    both = triangle(np.column_stack([columns, truth]))
    kept = list(range(columns.shape[1]))
    while kept:
        part = both[:, kept]
        z = np.abs(solve(part, both[:, -1])) / (sigma * spreads(part))
        if z.min() >= SIGNIFICANT:
            break
        del kept[int(np.argmin(z))]
    return kept


def simplest(columns: Array, truth: Array, noise: float, most: int) -> list[int]:
    """The best of all subsets of at most `most` columns: the least |A c - b|²/σ² + k log N.

    Shapes: columns (N, K), truth (N,); k is the size of the subset.

    >>> x = np.linspace(0, 1, 20)
    >>> simplest(np.stack([x, x**2, x + x**2], axis=1), x + x**2, 1e-3, most=3)
    [2]
    """
    both = triangle(np.column_stack([columns, truth]))
    design = np.ascontiguousarray(both[:, :-1])
    names = tuple(map(str, range(columns.shape[1])))
    found = ranked(Compressed(design, both[:, -1], names, len(truth)), most)
    cost = (found.residuals / noise) ** 2 + found.sizes * np.log(len(truth))
    return list(found.supports[int(np.argmin(cost))])
