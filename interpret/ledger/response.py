"""How a motion answers a force, if its path stays: the double integral along it.

δv(t) = ∫ φ(q̂, v̂, s) ds,    δq(t) = ∫ (t - s) φ ds,    from the start of a stretch
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.motion import Course
from interpret.ledger.rows import Stretch

Array = NDArray[np.float64]

PLACES: Final = (np.array([-np.sqrt(0.6), 0.0, np.sqrt(0.6)]) + 1) / 2
WEIGHTS: Final = np.array([5, 8, 5]) / 18
"""Gauss's three points between two samples: exact to the fifth power."""


def response(course: Course, force: Callable[[Array, Array], Array]) -> Array:
    """The columns (n, 2d, p) of forces that map states (k, 2d) and moments (k,) to (k, d, p)."""
    t = course.t
    h = np.diff(t)
    times = (t[:-1, None] + PLACES * h[:, None]).ravel()
    pushed = force(course.path.state(times), course.moments(times))
    pushed = pushed.reshape(len(h), len(PLACES), *pushed.shape[1:])
    length = h[:, None, None]
    gained = np.einsum("g,ngdp->ndp", WEIGHTS, pushed) * length
    carried = np.einsum("g,ngdp->ndp", WEIGHTS * (1 - PLACES), pushed) * length**2
    v = _running(gained)
    q = _running(carried + v[:-1] * length)
    return np.concatenate([q, v], axis=1)


def free(t: Array, dimension: int) -> Array:
    """How a motion without forces moves with its initial state (q, q̇): (n, 2d, 2d)."""
    grown = np.zeros((len(t), 2 * dimension, 2 * dimension))
    every = np.arange(2 * dimension)
    grown[:, every, every] = 1.0
    some = np.arange(dimension)
    grown[:, some, dimension + some] = (t - t[0])[:, None]
    return grown


def stretch(course: Course, columns: Array, target: Array | None = None) -> Stretch:
    """Rows of one course by its columns (n, 2d, p), to explain what was measured, or residuals."""
    channels = course.values.shape[1]
    grown = free(course.t, columns.shape[1] // 2)
    values = course.weighed(course.values) if target is None else target
    start, moved = grown[:, :channels], columns[:, :channels]
    return Stretch(course.weighed(start), course.weighed(moved), values)


def _running(steps: Array) -> Array:
    """Sums from the start: (n, ...) of (n - 1, ...) steps."""
    return np.concatenate([np.zeros((1, *steps.shape[1:])), np.cumsum(steps, axis=0)])
