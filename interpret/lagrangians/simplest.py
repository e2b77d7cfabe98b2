"""The fewest columns that explain a vector, where many combinations do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from interpret.lagrangians.least_squares import triangle
from interpret.lagrangians.subset_search import ranked
from interpret.selection import Compressed

Array = NDArray[np.float64]


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
