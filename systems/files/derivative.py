"""Which column is the time derivative of another, up to a factor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HEAD = 4000
"""Rows on which one column is tried as the derivative of another."""
ALIKE = 0.98
"""The least correlation of a derivative with its column: 0.2 of its size may be noise or offset."""


def derivatives(
    rows: Array, columns: Sequence[int], rates: Mapping[int, Sequence[int]]
) -> dict[int, tuple[int, float]]:
    """x -> (v, likeness) for the columns x that have a derivative among their `rates`.

    The first of `rows` (n, 1 + k) is the time, the others are the k `columns`. No column is used
    twice.
    """
    rows = rows[np.isfinite(rows).all(axis=1)]
    backward = np.flatnonzero(np.diff(rows[:, 0]) <= 0)
    rows = rows[: backward[0] + 1] if len(backward) else rows
    values = dict(zip(columns, rows[:, 1:].T, strict=True))
    found: dict[int, tuple[int, float]] = {}
    used: set[int] = set()
    for x, some in rates.items():
        alike = {
            v: likeness(rows[:, 0], values[x], values[v])
            for v in some
            if x not in used and v not in used
        }
        best = max(alike, key=lambda v: alike[v], default=None)
        if best is not None and alike[best] > ALIKE:
            found[x] = (best, alike[best])
            used |= {x, best}
    return found


def likeness(t: Array, x: Array, v: Array) -> float:
    """How much v is dx/dt up to a factor: the best correlation of x(t+h) - x(t) with ∫ v dt.

    All (n,). Increments over several lags h, up to a twentieth of the rows, tell a derivative where
    white noise hides it from differences of neighbours.

    >>> t = np.linspace(0, 9, 200)
    >>> bool(likeness(t, np.sin(t), 5 * np.cos(t)) > 0.999), bool(likeness(t, np.sin(t), t) > 0.9)
    (True, False)
    """
    if len(t) < 8:
        return 0.0
    area = np.concatenate([[0], np.cumsum(np.diff(t) * (v[1:] + v[:-1]) / 2)])
    best = 0.0
    lag = 1
    while lag <= max(1, len(t) // 20):
        moved, expected = x[lag:] - x[:-lag], area[lag:] - area[:-lag]
        moved, expected = moved - moved.mean(), expected - expected.mean()
        size = float(np.sqrt((moved @ moved) * (expected @ expected)))
        if size > 0:
            best = max(best, float(moved @ expected) / size)
        lag *= 2
    return best
