"""Initial states, eliminated from rows that were made white: what they leave, and where they go.

    min over x_0 |S x_0 + R θ|²:    x_0 = -S⁺ R θ,    what is left of R is R - S S⁺ R

By normal equations, where these keep digits enough, and by QR otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SMALLEST: Final = 1e-150
"""What is divided by is no smaller: its square is still a number."""

KEPT: Final = 1e-8
"""Digits that normal equations may lose: eight of sixteen, between how far the columns of S are
from each other's span and how much of R lies within it. A difference of χ² needs no more."""

NEGLIGIBLE: Final = 1e-13
"""A direction of the initial state that the rows see less of has no size."""


@dataclass(frozen=True)
class Elimination:
    """Of m stretches side by side: the Gram matrix (k, k) of what is left of k columns R of all,
    and ``taken`` (m, s, k), S⁺ R."""

    gram: Array
    taken: Array


def eliminated(rows: Array, size: int) -> Elimination:
    """The first `size` columns S of rows (m, n, s + k) eliminated from the others, R.

    >>> t = np.linspace(0, 1, 50)
    >>> rows = np.stack([np.ones(50), t, t**2], axis=1)[None]
    >>> float(eliminated(rows, 2).gram[0, 0].round(3)), eliminated(rows, 2).taken[0, 1].round(9)
    (0.301, array([1.]))
    """
    return _by_normal_equations(rows, size) or _by_orthogonality(rows, size)


def left(rows: Array, size: int, taken: Array) -> Array:
    """What is left of the other columns: (m, n, k)."""
    found: Array = rows[..., size:] - rows[..., :size] @ taken
    return found


def _by_normal_equations(rows: Array, size: int) -> Elimination | None:
    """None where they would lose too many digits."""
    whole = np.swapaxes(rows, 1, 2) @ rows
    lengths = np.sqrt(np.diagonal(whole, axis1=1, axis2=2)[:, :size]) + SMALLEST
    inside = whole[:, :size, :size] / lengths[:, :, None] / lengths[:, None, :]
    across = whole[:, :size, size:] / lengths[:, :, None]
    try:
        pivots = np.diagonal(np.linalg.cholesky(inside), axis1=1, axis2=2) ** 2
        taken = np.linalg.solve(inside, across)
    except np.linalg.LinAlgError:
        return None
    every = whole[:, size:, size:].sum(axis=0)
    gram = every - np.einsum("msk,msl->kl", across, taken, optimize=True)
    squares = np.diagonal(every)
    shares = np.diagonal(gram) / np.where(squares > 0, squares, 1.0)
    kept = pivots.min(initial=1.0) * shares[squares > 0].min(initial=1.0)
    if not kept > KEPT:
        return None
    return Elimination((gram + gram.T) / 2, taken / lengths[:, :, None])


def _by_orthogonality(rows: Array, size: int) -> Elimination:
    q, triangle = orthogonal(rows[..., :size])
    inside = np.swapaxes(q, 1, 2) @ rows[..., size:]
    rest = (rows[..., size:] - q @ inside).reshape(-1, inside.shape[-1])
    gram = rest.T @ rest
    if not np.isfinite(gram).all():
        return Elimination(gram, inside)
    inverse = np.linalg.pinv(triangle, rcond=NEGLIGIBLE)
    return Elimination(gram, inverse @ inside)


def orthogonal(columns: Array) -> tuple[Array, Array]:
    """Q and R of columns (..., n, k), whatever their units."""
    scale = np.linalg.norm(columns, axis=-2, keepdims=True) + SMALLEST
    q, r = np.linalg.qr(columns / scale)
    return q, r * scale
