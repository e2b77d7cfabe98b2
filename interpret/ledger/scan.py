"""Looking for a drive: the frequency whose force explains most beyond all other candidates.

Along a stretch whose motion is nearly free, a force cos ωt moves v by sin ωt/ω and q by
-cos ωt/ω². Of every ω the gain in χ² of the cosine and the sine together is an F statistic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.initial_states import SMALLEST, orthogonal
from interpret.ledger.motion import Course, Courses
from interpret.ledger.noise import Noise
from interpret.ledger.rows import Stretch

Array = NDArray[np.float64]

MOST_FREQUENCIES: Final = 1500
A_WIDTH: Final = 1.5
"""Frequencies looked at in one width π/T of a line: none falls between two."""

OF_NYQUIST: Final = 0.25
"""Faster drives have fewer than eight samples a period, which no smooth path can follow."""

LINES: Final = 3.0
"""Frequencies nearer than three widths π/T of a line may be one."""

SHARPENED: Final = 25
"""Frequencies tried from the one below a peak to the one above."""

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


def scan(
    courses: Courses,
    parts: Sequence[tuple[Course, Stretch]],
    noise: Noise,
    known: Sequence[float] = (),
) -> list[Peak]:
    """The peaks beyond the candidates' columns, the highest, which is sharpened, first.

    None is as near to a `known` frequency as what that leaves where it is a little off.
    """
    grid = frequencies(courses)
    d = courses.dimension
    found = [_gains(parts, noise, grid, moved, d) for moved in range(d)]
    rows = sum(item.target.size - item.start.shape[-1] for _, item in parts)
    needed = 3 * np.log(rows) + 2 * np.log(len(grid) * d)
    peaks = []
    for coordinate, (gained, left) in enumerate(found):
        for k, gain in enumerate(gained):
            around = gained[max(0, k - 6) : k + 7]
            if gain > 0 and gain == around.max():
                share = gain / max(left, gain)
                evidence = -rows * float(np.log(max(1 - share, DEGENERATE)))
                peaks.append(Peak(coordinate, float(grid[k]), float(gain), evidence, needed))
    clear = sorted(apart(peaks, courses, known), key=lambda peak: -peak.gain)
    if clear:
        best = clear[0]
        near = best.frequency + (grid[1] - grid[0]) * np.linspace(-1, 1, SHARPENED)
        gained, _ = _gains(parts, noise, near, best.coordinate, d)
        clear[0] = replace(best, frequency=float(near[np.argmax(gained)]))
    return clear


def width(courses: Courses) -> float:
    """How far apart two frequencies of these motions are told from each other."""
    return float(LINES * np.pi / courses.span)


def apart(peaks: Sequence[Peak], courses: Courses, known: Sequence[float]) -> list[Peak]:
    """The peaks that are none of the known frequencies."""
    near = width(courses)
    return [p for p in peaks if all(abs(p.frequency - other) > near for other in known)]


def _gains(
    parts: Sequence[tuple[Course, Stretch]], noise: Noise, grid: Array, moved: int, d: int
) -> tuple[Array, float]:
    """What a drive of each frequency on one coordinate gains in χ², and what the rest leaves."""
    every = Grams.of(parts, noise, partial(_waves, grid=grid, coordinate=moved, d=d))
    return every.gains(range(len(every.known) - 1))


@dataclass(frozen=True)
class Grams:
    """Of [candidates | target], ``known`` (B + 1, B + 1), and of f more columns at each of G values
    with these, ``cross`` (G, B + 1, f), and with each other, ``inside`` (G, f, f)."""

    known: Array
    cross: Array
    inside: Array

    @staticmethod
    def of(
        parts: Sequence[tuple[Course, Stretch]], noise: Noise, columns: Callable[[Course], Array]
    ) -> Grams:
        """Along all parts, whitened, without initial states; `columns` are (n, C, G, f)."""
        known: Array | float = 0.0
        cross: Array | float = 0.0
        inside: Array | float = 0.0
        for course, item in parts:
            rows = np.concatenate([item.start, item.columns, item.target[..., None]], axis=2)
            white = _flat(noise.whitened(rows))
            size = item.start.shape[-1]
            q, _ = orthogonal(white[:, :size])
            left = white[:, size:] - q @ (q.T @ white[:, size:])
            tried = columns(course)
            wave = _flat(noise.whitened(tried.reshape(*tried.shape[:2], -1)))
            wave = (wave - q @ (q.T @ wave)).reshape(len(wave), *tried.shape[2:])
            known = known + left.T @ left
            cross = cross + np.einsum("np,nwf->wpf", left, wave)
            inside = inside + np.einsum("nwf,nwg->wfg", wave, wave)
        return Grams(np.asarray(known), np.asarray(cross), np.asarray(inside))

    def gains(self, some: Sequence[int], dependent: float = DEPENDENT) -> tuple[Array, float]:
        """What each value's columns gain in χ² beyond some candidates, and what these leave.

        Where they leave less of its columns than `dependent`, a value gains nothing.
        """
        pick = list(some)
        scale = np.sqrt(np.maximum(np.diagonal(self.known)[pick], SMALLEST**2))
        known = self.known[np.ix_(pick, pick)] / np.outer(scale, scale)
        inverse = np.linalg.pinv(known, 1e-12, hermitian=True)
        target = self.known[pick, -1] / scale
        seen = self.cross[:, pick] / scale[:, None]
        beyond = self.inside - np.einsum("wpf,pq,wqg->wfg", seen, inverse, seen)
        asked = self.cross[:, -1] - np.einsum("wpf,pq,q->wf", seen, inverse, target)
        values, directions = np.linalg.eigh(beyond)
        along = np.einsum("wfg,wf->wg", directions, asked)
        told = values[:, 0] > dependent * np.trace(self.inside, axis1=1, axis2=2)
        gained = (along**2 / np.where(told[:, None], values, 1.0)).sum(axis=1)
        return np.where(told, gained, 0.0), float(self.known[-1, -1] - target @ inverse @ target)

    def whole(self, value: int) -> Array:
        """The Gram matrix of [candidates | one value's columns | target]."""
        known, cross, inside = self.known, self.cross[value], self.inside[value]
        above = np.hstack([known[:-1, :-1], cross[:-1], known[:-1, -1:]])
        own = np.hstack([cross[:-1].T, inside, cross[-1:].T])
        return np.vstack([above, own, np.hstack([known[-1:, :-1], cross[-1:], known[-1:, -1:]])])


def _waves(course: Course, grid: Array, coordinate: int, d: int) -> Array:
    """How forces cos ωt and sin ωt on one coordinate move the values: (n, C, ω, 2)."""
    channels = course.values.shape[1]
    phase = np.outer(course.t, grid)
    waves = []
    for position, rate in ((-np.cos(phase), np.sin(phase)), (-np.sin(phase), -np.cos(phase))):
        moved = np.zeros((len(course), 2 * d, len(grid)))
        moved[:, coordinate] = position / grid**2
        moved[:, d + coordinate] = rate / grid
        waves.append(course.weighed(moved[:, :channels]))
    return np.stack(waves, axis=3)


def _flat(rows: Array) -> Array:
    """(n, C, k) -> (n C, k)."""
    return rows.reshape(-1, rows.shape[-1])
