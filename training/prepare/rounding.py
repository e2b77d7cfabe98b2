"""Numbers on a grid: rounded to so many decimals, or read off a scale; that is noise as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.samples.trajectories import Trajectories

Array = NDArray[np.float64]

FINEST = 1e-9
"""A grid finer than this part of the spread is how numbers are written, and no noise."""

ON = 1e-4
"""How far off a multiple of the step, in steps, a number on the grid may lie for its digits."""

DECIMALS = range(-6, 13)
FEWEST = 8
"""Different values, and steps between the least and the most, that a grid shows in at least."""

FEW = 100
MANY = 1000
"""Of many values a few are looked at first: mostly these say already that there is no grid."""


@dataclass(frozen=True)
class Rounding:
    """The steps of the grids that coordinates `q` (d,) and momenta `p` (d,) lie on, 0 for none."""

    q: Array
    p: Array

    @property
    def noise(self) -> tuple[Array, Array]:
        """√(s²/12) of every channel: the standard deviation of what rounding took away."""
        return self.q / np.sqrt(12), self.p / np.sqrt(12)


def rounding(trajectories: Trajectories) -> Rounding:
    """The grid of every channel; momenta are looked at as they are and as velocities.

    >>> t = np.linspace(0, 6, 200)
    >>> q, v = np.round(np.sin(t), 2)[:, None], np.cos(t)[:, None]
    >>> rounding(Trajectories.from_velocities(["x"], [3], [(t, q, v)])).q
    array([0.01])
    """
    _, q, p, _ = trajectories.stack()
    zero = np.zeros(trajectories.dimension)
    steps = np.array([step(column) for column in q.T])
    if trajectories.derived:
        return Rounding(steps, zero)
    whole = np.array([step(column) for column in p.T])
    parts = np.array([step(column) for column in (p / trajectories.mass).T]) * trajectories.mass
    return Rounding(steps, np.maximum(whole, parts))


def step(values: ArrayLike) -> float:
    """s where all values are multiples of s, give or take an offset that they share; else 0.

    Powers of ten are tried first, then the smallest difference of two values.

    >>> step([0.25, 1.5, -0.75, 2.0, 3.25, 0.5, 9.75, 4.0]), step(np.sqrt(np.arange(9.0)))
    (0.01, 0.0)
    """
    column = np.unique(np.asarray(values, dtype=float))
    if len(column) < FEWEST:
        return 0.0
    spread = column[-1] - column[0]
    for places in DECIMALS:
        tenth = 10.0**-places
        if FINEST * spread < tenth < spread / FEWEST and _on(column, tenth):
            return tenth
    least = float(np.diff(column).min())
    fits = FINEST * spread < least < spread / FEWEST and _on(column - column[0], least)
    return least if fits else 0.0


def _on(values: Array, size: float) -> bool:
    """Whether the values are multiples of the size, their own round-off apart."""
    if len(values) > MANY and not _on(values[:: len(values) // FEW], size):
        return False
    whole = values / size
    allowed = ON + 4 * np.finfo(float).eps * np.abs(whole)
    return bool(np.all(np.abs(whole - np.round(whole)) < np.minimum(allowed, 0.01)))
