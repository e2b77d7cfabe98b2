"""Least squares on columns that may all but depend on each other, with honest errors."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

UNSEEN: Final = 1e-14
"""Directions of smaller relative singular value are invisible: their sign is rounding."""


def solve(columns: Array, truth: Array) -> Array:
    """c = argmin |A c - b|, the shortest one where b does not tell; A (N, k), b (N,)."""
    scale = lengths(columns)
    solution: Array = np.linalg.lstsq(columns / scale, truth, rcond=UNSEEN)[0] / scale
    return solution


def spreads(columns: Array) -> Array:
    """The standard error (k,) of each coefficient for noise of standard deviation 1.

    √ diag (AᵀA)⁻¹, where an invisible direction counts as just visible, so that coefficients that
    it mixes get enormous errors and not none.

    >>> spreads(np.array([[1.0, 0.0], [0.0, 0.5]]))
    array([1., 2.])
    """
    scale = lengths(columns)
    _, stretch, right = np.linalg.svd(triangle(columns / scale), full_matrices=True)
    stretch = np.append(stretch, np.zeros(columns.shape[1] - len(stretch)))
    if not stretch.any():
        return np.full(columns.shape[1], np.inf)
    stretch = np.maximum(stretch, UNSEEN * stretch.max(initial=0))
    spread: Array = np.linalg.norm(right.T / stretch, axis=1) / scale
    return spread


def lengths(matrix: Array) -> Array:
    """The lengths of the columns, 1 where a column is zero."""
    length: Array = np.linalg.norm(matrix, axis=0)
    return np.where(length > 0, length, 1.0)


def triangle(rows: Array) -> Array:
    """A square matrix with the same lengths |A c|, in place of many rows."""
    if len(rows) <= rows.shape[1]:
        return rows
    return np.asarray(np.linalg.qr(rows, mode="r"))
