"""Lüscher's formula both ways: levels of a box from phase shifts, and phase shifts from levels.

    δ(E_n) + φ(q_n) = nπ,   q = kL/(2π),   E = 2√(k² + m_π²)

It holds up to terms that fall exponentially with L. Below threshold, where δ is not real,

    k cot δ = S(q²)/(πL) = 2 Z00(1; q²)/(√π L)

goes on.

Source: M. Lüscher, Nucl. Phys. B 354 (1991) 531.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError
from systems.physics.finite_volume.curves import Curves, checked_curves
from systems.physics.finite_volume.kinematic import phase
from systems.physics.finite_volume.models import HBARC, Array
from systems.physics.finite_volume.roots import zeros
from systems.physics.finite_volume.spectrum import LEVELS
from systems.physics.finite_volume.wave_numbers import (
    checked_boxes,
    checked_count,
    pair_energy,
    squared_wave_number,
)
from systems.physics.finite_volume.zeta import zeta_sum

Kinematic = Callable[[Array], Array]
"""φ in rad of q, any shape."""

FINER: Final = 4
"""Crossings are looked for at so many points for every one of the table."""

BATCH: Final = 1024
TOLERANCE: Final = 1e-12
"""In 1/fm: the last step of every k is smaller."""


def luescher_levels(
    energies: ArrayLike,
    phases: ArrayLike,
    boxes: ArrayLike,
    count: int = LEVELS,
    *,
    kinematic: Kinematic = phase,
) -> Array:
    """The levels n = 0, 1, ... (N, count) in MeV of N tables of phase shifts, in boxes of L fm.

    The tables are δ (N, K) in rad at energies (K,) in MeV, and are joined by a cubic spline in k;
    the boxes are one size or N. Level n is where δ + φ first rises through nπ, and NaN where that
    happens nowhere in the table: below threshold, where attraction brings the level n = 0, or
    beyond the last energy. `kinematic` is another φ(q) than the exact one, such as one that was
    learned; it may be NaN where it is not known.

    Raises `InputError` for shapes that disagree, fewer than four energies, phases that are not
    finite, and energies or boxes that are none.

    >>> energies = np.linspace(277.0, 1000.0, 100)
    >>> free = luescher_levels(energies, np.zeros((1, 100)), 10.0, count=3)
    >>> (free / 277).round(6).tolist()  # √(1 + (2π/L)² n/m_π²) for n = 1, 2
    [[nan, 1.342151, 1.613301]]
    """
    grid, table = checked_curves(energies, phases)
    sizes = checked_boxes(boxes, (len(table),))
    checked_count(count)
    found = np.empty((len(table), count))
    for first in range(0, len(table), BATCH):
        batch = slice(first, first + BATCH)
        curves = Curves(grid, table[batch])
        found[batch] = _crossings(curves, sizes[batch], count, kinematic)
    levels: Array = HBARC * pair_energy(found)
    return levels


def phases_from_levels(levels: ArrayLike, boxes: ArrayLike) -> Array:
    """δ(E_n) = nπ - φ(q_n) in rad, (..., count), of the levels n = 0, 1, ... of boxes of L fm.

    The levels are (..., count) in MeV, of systems that bind nothing; the boxes are one size, or one
    for each row. A level at or below threshold has no real δ and gives NaN: see `k_cot_delta`.

    Raises `InputError` for levels that are infinite and for boxes that are none.

    >>> phases_from_levels([272.290025, 331.598353], 10.0).round(6).tolist()
    [nan, 1.374722]
    """
    q2, _ = _squared_momenta(levels, boxes)
    above = q2 > 0
    n = np.broadcast_to(np.arange(q2.shape[-1]), q2.shape)
    phases = np.full(q2.shape, np.nan)
    phases[above] = n[above] * np.pi - phase(np.sqrt(q2[above]))
    return phases


def k_cot_delta(levels: ArrayLike, boxes: ArrayLike) -> Array:
    """k cot δ = S(q²)/(πL) in 1/fm, (..., count), at levels (..., count) in MeV in boxes of L fm.

    It is real below threshold too, and infinite at a free level. NaN stays NaN.

    Raises `InputError` as `phases_from_levels` does.

    >>> k_cot_delta([272.290025, 331.598353], 10.0).round(6).tolist()
    [0.45111, 0.091743]
    """
    q2, sizes = _squared_momenta(levels, boxes)
    there = np.isfinite(q2)
    sums = np.full(q2.shape, np.nan)
    sums[there] = zeta_sum(q2[there])
    values: Array = sums / (np.pi * sizes)
    return values


def _squared_momenta(levels: ArrayLike, boxes: ArrayLike) -> tuple[Array, Array]:
    """q² of levels (..., count), and the sizes of their boxes (..., 1)."""
    energies = np.asarray(levels, dtype=float)
    if energies.ndim == 0:
        raise InputError("levels are an array (..., count), not a number.")
    if np.isinf(energies).any():
        raise InputError("a level is infinite; give NaN where there is none.")
    sizes = checked_boxes(boxes, energies.shape[:-1])[..., None]
    return squared_wave_number(energies) * (sizes / (2 * np.pi)) ** 2, sizes


def _crossings(curves: Curves, boxes: Array, count: int, kinematic: Kinematic) -> Array:
    """The k (N, count) where δ + φ first rises through nπ, or NaN."""

    def missing(k: Array, rows: NDArray[np.intp], n: int) -> Array:
        phi: Array = kinematic(k * boxes[rows] / (2 * np.pi))
        return curves.at(k, rows) + phi - n * np.pi

    k = curves.knots
    points = np.arange((len(k) - 1) * FINER + 1) / FINER
    path = np.interp(points, np.arange(len(k)), k)
    # At k = 0 every δ + φ is 0, which is no level.
    path = path[path > 0]
    sizes, which = np.unique(boxes, return_inverse=True)
    shared = kinematic(path * sizes[:, None] / (2 * np.pi))
    turns = (curves.spline(path) + shared[which]) / np.pi
    found = np.full((len(boxes), count), np.nan)
    for n in range(count):
        rises = (turns[:, :-1] <= n) & (turns[:, 1:] > n)
        rows = np.flatnonzero(rises.any(axis=1))
        cells = rises[rows].argmax(axis=1)
        of_rows = partial(missing, rows=rows, n=n)
        found[rows, n] = zeros(of_rows, path[cells], path[cells + 1], TOLERANCE)
    return found
