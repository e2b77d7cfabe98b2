"""Single readings far off the smooth motion: a tracker's slips, a sensor's spikes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from systems.samples.trajectories import Trajectories
from training.prepare.noise import MEDIAN_TO_SIGMA
from training.prepare.stencils import contrasts

Array = NDArray[np.float64]

FAR = 6.0
"""Robust standard deviations beyond which a reading is no noise: 2e-9 by chance."""

MOST_SHARE = 0.1
"""Where more than this share lies far off, the curve is wrong and not the readings."""

MOST_TOGETHER = 2
"""So many neighbours may be off at once: a longer stretch is motion that the curve misses."""

FEWEST_KEPT = 12
"""A trajectory keeps so many points at least, or all."""

GROSS = 5.0
"""Robust deviations of a sixth difference: a point 8 off makes so much, noise once in 2e6."""

EDGE = 3
BRIDGE = 5
"""The degree of the curve across a point left out: exact motion is met to the seventh order."""

ROUNDS = 4
"""Points that bend the curve are found first, then what they hid beside them."""

JUMP = 1e-4
"""The part of a channel's spread that a reading is off by at least: curves through exact motion
miss less of it, and exact motion has smaller sixth differences."""


@dataclass(frozen=True)
class Outlying:
    """The points far off, of all `count`: `points` (k, 2) number a trajectory and its sample."""

    points: NDArray[np.intp]
    channels: tuple[str, ...]
    count: int

    def __len__(self) -> int:
        return len(self.points)

    @property
    def sentence(self) -> str:
        """How many there are, in which channels, and where the first is; "" without any."""
        if not len(self):
            return ""
        trajectory, point = self.points[0]
        are = "point lies" if len(self) == 1 else "points lie"
        return (
            f"{len(self)} of {self.count} {are} more than {FAR:g} deviations off the smooth motion "
            f"in {', '.join(self.channels)}, the first at point {point} of trajectory {trajectory}"
        )

    def without(self, trajectories: Trajectories) -> Trajectories:
        """The trajectories without these points, where enough others are left."""
        items = []
        for number, item in enumerate(trajectories):
            kept = np.ones(len(item), dtype=bool)
            kept[self.points[self.points[:, 0] == number, 1]] = False
            whole = kept.sum() < min(FEWEST_KEPT, len(item))
            items.append(item if whole else item.at(kept))
        return replace(trajectories, items=tuple(items))


def outlying(trajectories: Trajectories, jointly: bool = True) -> Outlying:
    """The points where a coordinate or momentum is 6 robust deviations off its smooth curve.

    Coordinates and velocities are smoothed together (`systems.samples.smoothing`), unless not
    `jointly`, where they may contradict each other; and once more without the points found first,
    which bend the curve. Trajectories without a jump are not smoothed. Where the momenta were
    derived from the coordinates, these alone are looked at.

    >>> t = np.linspace(0, 6, 100)
    >>> q = np.sin(t)[:, None]
    >>> q[40] += 0.5
    >>> slipped = Trajectories.from_velocities(["x"], [1], [(t, q, np.cos(t)[:, None])])
    >>> outlying(slipped).points, outlying(slipped).channels
    (array([[ 0, 40]]), ('x',))
    """
    empty = Outlying(np.zeros((0, 2), dtype=np.intp), (), trajectories.points)
    suspects = _jumping(trajectories)
    if not suspects:
        return empty
    trajectories = trajectories[suspects]
    known = [np.zeros((len(item), 2 * trajectories.dimension), dtype=bool) for item in trajectories]
    for _ in range(ROUNDS):
        excess = _excess(trajectories, known, jointly)
        peaks = [_peaks(over) & ~off for over, off in zip(excess, known, strict=True)]
        if not np.concatenate(peaks).any():
            break
        known = [off | peak for off, peak in zip(known, peaks, strict=True)]
    far = [lonely((off | _ends(off)) & (over > 1)) for off, over in zip(known, excess, strict=True)]
    if np.concatenate(far).any(axis=1).mean() > MOST_SHARE:
        return empty
    points = [
        (number, i)
        for number, off in zip(suspects, far, strict=True)
        for i in np.flatnonzero(off.any(axis=1))
    ]
    names = (*trajectories.coordinates, *(f"p_{name}" for name in trajectories.coordinates))
    named = tuple(names[c] for c in np.flatnonzero(np.concatenate(far).any(axis=0)))
    return replace(empty, points=np.array(points, dtype=np.intp).reshape(-1, 2), channels=named)


def _jumping(trajectories: Trajectories) -> list[int]:
    """The trajectories with a sixth difference that neither smooth motion nor white noise has."""
    long = [k for k, item in enumerate(trajectories) if len(item) >= FEWEST_KEPT]
    if not long:
        return []
    both = [np.hstack([item.q, item.p]) for item in trajectories]
    sizes = [np.abs(contrasts(trajectories.items[k].t, both[k])) for k in long]
    spread = np.ptp(np.concatenate([both[k] for k in long]), axis=0)
    robust = np.median(np.concatenate(sizes), axis=0) / MEDIAN_TO_SIGMA
    limit = np.maximum(JUMP * spread, GROSS * robust)
    return [k for k, size in zip(long, sizes, strict=True) if np.any(size.max(axis=0) > limit)]


def _excess(
    trajectories: Trajectories, known: list[NDArray[np.bool_]], jointly: bool
) -> list[Array]:
    """How far each reading (n, 2 d) is off, over the limit, from curves without those known."""
    # Splines load much of scipy, and only noisy data need them.
    from systems.samples.smooth_sets import smooth_all, smooth_all_jointly

    times = [item.t for item in trajectories]
    q = [item.q for item in trajectories]
    v = [trajectories.velocity(number) for number in range(len(trajectories))]
    d = trajectories.dimension
    bridged = [_bridged(t, a, off[:, :d]) for t, a, off in zip(times, q, known, strict=True)]
    bridged_v = [_bridged(t, a, off[:, d:]) for t, a, off in zip(times, v, known, strict=True)]
    if trajectories.derived:
        curves = smooth_all(times, bridged)
        residuals = [np.hstack([a - c.q, 0 * a]) for a, c in zip(q, curves, strict=True)]
    elif not jointly:
        pairs = zip(q, v, smooth_all(times, bridged), smooth_all(times, bridged_v), strict=True)
        residuals = [np.hstack([a - c.q, b - e.q]) for a, b, c, e in pairs]
    else:
        curves = smooth_all_jointly(times, bridged, bridged_v)
        together = zip(q, v, curves, strict=True)
        residuals = [np.hstack([a - c.q, b - c.v]) for a, b, c in together]
    spread = np.ptp(np.concatenate([np.hstack(pair) for pair in zip(q, v, strict=True)]), axis=0)
    robust = np.median(np.abs(np.concatenate(residuals)), axis=0) / MEDIAN_TO_SIGMA
    limit = np.maximum(FAR * robust, JUMP * spread)
    limit = np.where(limit > 0, limit, np.inf)
    return [np.abs(residual) / limit for residual in residuals]


def _bridged(t: Array, values: Array, off: NDArray[np.bool_]) -> Array:
    """The values with those that are off put where a curve through the others has them."""
    from scipy.interpolate import make_interp_spline

    result = values.copy()
    for column in np.flatnonzero(off.any(axis=0)):
        bad = off[:, column]
        good = values[~bad, column]
        result[bad, column] = np.interp(t[bad], t[~bad], good)
        # At the ends a curve of higher degree would run away.
        inside = bad & (t > t[~bad][0]) & (t < t[~bad][-1])
        if len(good) > BRIDGE:
            result[inside, column] = make_interp_spline(t[~bad], good, BRIDGE)(t[inside])
    return result


def _peaks(excess: Array) -> NDArray[np.bool_]:
    """The largest of every stretch of readings above the limit: its neighbours may only be bent.

    >>> found = _peaks(np.array([[0, 0, 0, 1.5, 9, 2, 0.5, 1.1, 0, 0, 0]]).T)
    >>> np.flatnonzero(found).tolist()
    [4, 7]
    """
    above = np.pad(excess, ((1, 1), (0, 0)))
    first = (excess > above[:-2]) | (above[:-2] <= 1)
    last = (excess >= above[2:]) | (above[2:] <= 1)
    found: NDArray[np.bool_] = (excess > 1) & first & last & ~_ends(excess)
    return found


def _ends(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows are the first or last few, where a spike elsewhere bends the curve most.

    They are judged at last, by curves that the other spikes no longer bend.
    """
    found = np.ones(values.shape, dtype=bool)
    found[EDGE:-EDGE] = False
    return found


def lonely(off: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The same (n, c) without stretches of more than two in a row.

    >>> lonely(np.array([[True], [False], [True], [True], [True]])).ravel().tolist()
    [True, False, False, False, False]
    """
    result = off.copy()
    for column in range(off.shape[1]):
        edges = np.diff(np.concatenate([[0], off[:, column].astype(int), [0]]))
        for start, end in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
            if end - start > MOST_TOGETHER:
                result[start:end, column] = False
    return result
