"""The smooth path of a motion: quintic pieces through positions, velocities and accelerations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.prepare.smoothing import Smooth

TOGETHER: Final = 32
"""Paths that are made at once: what is worked on stays in cache."""

Array = NDArray[np.float64]
Curve = Callable[[Array], Array]
"""Times (n,) -> (n, d)."""


@dataclass(frozen=True)
class Path:
    """q(t), q̇(t) and q̈(t), between the measured times as well."""

    q: Curve
    v: Curve
    a: Curve

    @staticmethod
    def through(t: Array, q: Array, v: Array, a: Array) -> Path:
        """The quintic pieces that have the given positions, velocities and accelerations (n, d).

        On a step of length h from y to y_+, with s = (t - t_i)/h,

            q = y + h y' s + h² y'' s²/2 + s³ (A + B s + C s²)

        where A, B, C follow from what value, slope and curvature still miss at its end.
        """
        (path,) = Path.all_through(t, q[None], v[None], a[None])
        return path

    @staticmethod
    def all_through(t: Array, q: Array, v: Array, a: Array) -> list[Path]:
        """The same of many motions on one clock, (R, n, d) each."""
        from scipy.interpolate import PPoly

        h = np.diff(t)[:, None]
        y, rate, bend = q[:, :-1], v[:, :-1], a[:, :-1]
        missed = np.diff(q, axis=1) - h * rate - h**2 / 2 * bend
        slope = h * np.diff(v, axis=1) - h**2 * bend
        curvature = h**2 * np.diff(a, axis=1)
        third = (10 * missed - 4 * slope + curvature / 2) / h**3
        fourth = (-15 * missed + 7 * slope - curvature) / h**4
        fifth = (6 * missed - 3 * slope + curvature / 2) / h**5
        powers = np.stack([fifth, fourth, third, bend / 2, rate, y], axis=1)
        curves = (PPoly.construct_fast(each, t) for each in powers)
        return [Path(curve, partial(curve, nu=1), partial(curve, nu=2)) for curve in curves]

    def state(self, t: Array) -> Array:
        """(q, q̇) at times (n,): (n, 2d)."""
        return np.concatenate([self.q(t), self.v(t)], axis=1)


def paths_of(smoothed: Sequence[Smooth], mass: Array) -> dict[int, Path]:
    """The path of each, those of one clock made together, by number."""
    clocks: dict[bytes, list[int]] = {}
    for number, item in enumerate(smoothed):
        clocks.setdefault(item.trajectory.t.tobytes(), []).append(number)
    found: dict[int, Path] = {}
    for numbers in clocks.values():
        for some in np.array_split(numbers, -(-len(numbers) // TOGETHER)):
            items = [(smoothed[k].trajectory, smoothed[k].force) for k in some]
            q, p, force = (
                np.stack(part)
                for part in zip(*((item.q, item.p, pull) for item, pull in items), strict=True)
            )
            made = Path.all_through(items[0][0].t, q, p / mass, force / mass)
            found |= dict(zip(some.tolist(), made, strict=True))
    return found
