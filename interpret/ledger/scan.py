"""Looking for a drive: the frequency whose force explains most beyond all other candidates.

Along a stretch whose motion is nearly free, a force cos ωt moves v by sin ωt/ω and q by
-cos ωt/ω². Of every ω the gain in χ² of the cosine and the sine together is an F statistic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.motion import Course, Courses
from interpret.ledger.rows import SMALLEST, Noise, Stretch, orthogonal

Array = NDArray[np.float64]

MOST_FREQUENCIES: Final = 1500
A_WIDTH: Final = 1.5
"""Frequencies looked at in one width π/T of a line: none falls between two."""

OF_NYQUIST: Final = 0.25
"""Faster drives have fewer than eight samples a period, which no smooth path can follow."""

DEPENDENT: Final = 1e-6
"""A part of a drive's column below this, left by the library, is its round-off."""

DEGENERATE: Final = 1e-12


@dataclass(frozen=True)
class Peak:
    """A frequency ω on one coordinate, the χ² that it gains and what it would need to gain."""

    coordinate: int
    frequency: float
    gain: float
    evidence: float
    needed: float

    @property
    def significant(self) -> bool:
        """Whether it explains more than the best of all frequencies would by chance."""
        return self.evidence > self.needed


def frequencies(courses: Courses) -> Array:
    """The ω that are tried, from half a period in the longest course to a quarter of Nyquist's."""
    lowest = np.pi / courses.span
    highest = OF_NYQUIST * np.pi / courses.step
    count = int(np.clip(A_WIDTH * highest / lowest, 8, MOST_FREQUENCIES))
    grid: Array = np.linspace(lowest, min(highest, lowest * count), count)
    return grid


def scan(courses: Courses, parts: Sequence[tuple[Course, Stretch]], noise: Noise) -> list[Peak]:
    """The peaks beyond the candidates' columns, the highest first."""
    grid = frequencies(courses)
    d = courses.dimension
    found = [_gains(parts, noise, grid, coordinate, d) for coordinate in range(d)]
    rows = sum(item.target.size - item.start.shape[-1] for _, item in parts)
    needed = 3 * np.log(rows) + 2 * np.log(len(grid) * d)
    peaks = []
    for coordinate, (gains, left) in enumerate(found):
        for k, gain in enumerate(gains):
            around = gains[max(0, k - 6) : k + 7]
            if gain > 0 and gain == around.max():
                share = gain / max(left, gain)
                evidence = -rows * float(np.log(max(1 - share, DEGENERATE)))
                peaks.append(Peak(coordinate, float(grid[k]), float(gain), evidence, needed))
    return sorted(peaks, key=lambda peak: -peak.gain)


def _gains(
    parts: Sequence[tuple[Course, Stretch]], noise: Noise, grid: Array, coordinate: int, d: int
) -> tuple[Array, float]:
    """What cosine and sine of each ω gain on one coordinate, and the χ² that the library leaves."""
    inside = np.zeros((len(grid), 2, 2))
    pull = np.zeros((len(grid), 2))
    cross: Array | float = 0.0
    known: Array | float = 0.0
    for course, item in parts:
        rows = np.concatenate([item.start, item.columns, item.target[..., None]], axis=2)
        white = _flat(noise.whitened(rows))
        size = item.start.shape[-1]
        q, _ = orthogonal(white[:, :size])
        left = white[:, size:] - q @ (q.T @ white[:, size:])
        waves = [_flat(noise.whitened(w)) for w in _waves(course, grid, coordinate, d)]
        columns = np.stack([w - q @ (q.T @ w) for w in waves], axis=2)
        inside += np.einsum("nwf,nwg->wfg", columns, columns)
        pull += np.einsum("nwf,n->wf", columns, left[:, -1])
        cross = cross + np.einsum("np,nwf->wpf", left[:, :-1], columns)
        known = known + left.T @ left
    known, cross = np.asarray(known), np.asarray(cross)
    scale = np.sqrt(np.maximum(np.diagonal(known)[:-1], SMALLEST**2))
    inverse = np.linalg.pinv(known[:-1, :-1] / np.outer(scale, scale), 1e-12, hermitian=True)
    target = known[:-1, -1] / scale
    seen = cross / scale[:, None]
    beyond = inside - np.einsum("wpf,pq,wqg->wfg", seen, inverse, seen)
    asked = pull - np.einsum("wpf,pq,q->wf", seen, inverse, target)
    values, directions = np.linalg.eigh(beyond)
    along = np.einsum("wfg,wf->wg", directions, asked)
    told = values[:, 0] > DEPENDENT * np.trace(inside, axis1=1, axis2=2)
    gains = np.where(told, (along**2 / np.where(told[:, None], values, 1.0)).sum(axis=1), 0.0)
    return gains, float(known[-1, -1] - target @ inverse @ target)


def _waves(course: Course, grid: Array, coordinate: int, d: int) -> list[Array]:
    """How forces cos ωt and sin ωt on one coordinate move the values: (n, C, ω) each."""
    channels = course.values.shape[1]
    phase = np.outer(course.t, grid)
    waves = []
    for position, rate in ((-np.cos(phase), np.sin(phase)), (-np.sin(phase), -np.cos(phase))):
        moved = np.zeros((len(course), 2 * d, len(grid)))
        moved[:, coordinate] = position / grid**2
        moved[:, d + coordinate] = rate / grid
        waves.append(moved[:, :channels])
    return waves


def _flat(rows: Array) -> Array:
    """(C, n, k) -> (C n, k)."""
    return rows.reshape(-1, rows.shape[-1])
