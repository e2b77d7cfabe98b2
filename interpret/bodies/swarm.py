"""Many bodies in motion, as arrays: who is a particle, where it is, and what its momentum does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Float

from interpret.weak.windows import windows
from systems.expressions import symbol
from systems.samples.trajectories import Trajectories, Trajectory
from training.prepare.noise import Noise, estimate

Array = NDArray[np.float64]


EXACT: Final = 1e-4
"""Integrators leave no more of the force than this: the judge's own number for exact motion."""


@dataclass(frozen=True, eq=False)
class Swarm:
    """N particles in D dimensions along trajectories, one after the other: n samples.

    `x` and `p` (N, n, D), `mass` (N,), `times` of each trajectory, `names` (N, D) of coordinates.
    `noise` (N, D) and `noise_p` of each channel, infinite where momenta are no data. `rest` (N, D)
    is the place that `x` is measured from, where that is not the origin of the coordinates.
    `step` is that of Störmer–Verlet, where it made the motion.
    """

    x: Array
    p: Array
    mass: Array
    times: tuple[Array, ...]
    names: tuple[tuple[str, ...], ...]
    noise: Array
    noise_p: Array
    rest: Array | None = None
    step: float = 0.0

    @staticmethod
    def of(
        data: Trajectories, bodies: Sequence[Sequence[str]], noise: tuple[Array, Array]
    ) -> Swarm:
        """The motion of bodies, whose coordinates are named, with the noise of q and of p (d,).

        >>> t = np.linspace(0, 1, 4)
        >>> q = np.arange(16.0).reshape(1, 4, 4)
        >>> data = Trajectories.from_arrays(["x1", "y1", "x2", "y2"], [1, 1, 2, 2], t, q, q)
        >>> swarm = Swarm.of(data, [("x1", "y1"), ("x2", "y2")], (np.zeros(4), np.zeros(4)))
        >>> swarm.x.shape, swarm.mass
        ((2, 4, 2), array([1., 2.]))
        """
        columns = np.array([[data.coordinates.index(name) for name in body] for body in bodies])
        _, q, p, _ = data.stack()
        return Swarm(
            np.ascontiguousarray(q[:, columns].transpose(1, 0, 2)),
            np.ascontiguousarray(p[:, columns].transpose(1, 0, 2)),
            data.mass[columns[:, 0]],
            tuple(item.t for item in data),
            tuple(map(tuple, bodies)),
            noise[0][columns],
            noise[1][columns],
        )

    def about(self, rest: Array) -> Swarm:
        """The same measured from a place (N, D)."""
        before = 0.0 if self.rest is None else self.rest
        return replace(self, x=self.x - rest[:, None], rest=before + rest)

    def cut(self, points: int) -> Swarm:
        """The first trajectories, so many samples of them at most; the last one ends early."""
        times, left = [], min(points, self.points)
        for t in self.times:
            times.append(t[:left])
            left -= len(times[-1])
            if not left:
                break
        kept = sum(map(len, times))
        return replace(self, x=self.x[:, :kept], p=self.p[:, :kept], times=tuple(times))

    def heavier(self, factors: Array) -> Swarm:
        """The same with other masses, the velocities as they are."""
        p = self.p * factors[:, None, None]
        noise_p = self.noise_p * factors[:, None]
        return replace(self, p=p, mass=self.mass * factors, noise_p=noise_p)

    def place(self, body: int, axis: int) -> Expr:
        """A coordinate as `x` has it."""
        moved = symbol(self.names[body][axis])
        away = 0.0 if self.rest is None else float(self.rest[body, axis])
        return moved - Float(away) if away else moved

    @property
    def count(self) -> int:
        """N."""
        return len(self.x)

    @property
    def dimension(self) -> int:
        """D."""
        return int(self.x.shape[2])

    @property
    def points(self) -> int:
        """n."""
        return int(self.x.shape[1])

    @property
    def ends(self) -> NDArray[np.intp]:
        """The number of samples up to the end of each trajectory."""
        return np.cumsum([len(t) for t in self.times])

    @property
    def positions_alone(self) -> bool:
        """Whether momenta are no data."""
        return not np.isfinite(self.noise_p).all()

    @property
    def labels(self) -> tuple[str, ...]:
        """What particles are called: 1, sun, u2; the coordinates where nothing tells one."""
        stems = {re.sub(r"^[xyz]_?|_?[xyz]$", "", body[0]) for body in self.names}
        short = len(stems) == self.count and "" not in stems and self.dimension > 1
        if not short:
            return tuple(body[0] for body in self.names)
        return tuple(re.sub(r"^[xyz]_?|_?[xyz]$", "", body[0]) for body in self.names)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The names of all coordinates, particle by particle."""
        return tuple(name for body in self.names for name in body)

    def trajectories(self) -> Trajectories:
        """The motion of all coordinates, particle by particle."""
        x, p = (each.transpose(1, 0, 2).reshape(self.points, -1) for each in (self.x, self.p))
        parts = (np.split(each, self.ends[:-1]) for each in (x, p))
        items = tuple(Trajectory(*each) for each in zip(self.times, *parts, strict=True))
        made = Trajectories(self.coordinates, np.repeat(self.mass, self.dimension), items)
        return made.positions_alone() if self.positions_alone else made


ALIKE: Final = 0.8
"""Estimates of one noise scatter less: each is of hundreds of samples."""

ORDERS: Final = (6, 8, 10, 12)
"""White noise is the same in differences of any order; what coarse steps make of smooth motion
falls from each to the next."""


def white_noise(data: Trajectories) -> Noise:
    """The noise of each channel that no coarse sampling explains: the least of several orders.

    Where all say the same, that of the lowest: the least of equals is too small.

    >>> t = np.linspace(0, 40, 400)
    >>> q, p = np.sin(3 * t)[:, None], 3 * np.cos(3 * t)[:, None]
    >>> data = Trajectories.from_arrays(["x"], [1.0], t, q[None], p[None])
    >>> bool(white_noise(data).relative < 1e-3 * estimate(data).relative)
    True
    """
    found = [estimate(data, order) for order in ORDERS]
    q, p, relative = (
        np.where((least := np.min(each, axis=0)) > ALIKE * np.asarray(each[0]), each[0], least)
        for each in ([f.q for f in found], [f.p for f in found], [f.relative for f in found])
    )
    return Noise(q, p, float(relative))


LOOKED_AT: Final = 16
"""Samples of a window in which p/m is compared with dq/dt."""


def agreement(data: Trajectories) -> Array:
    """∫ψ p/m over -∫ψ' q of each coordinate (d,), by least squares: 1 where p/m is dq/dt.

    >>> t = np.linspace(0, 6, 100)
    >>> data = Trajectories.from_arrays(["x"], [1.0], t, np.sin(t)[None, :, None],
    ...                                 0.5 * np.cos(t)[None, :, None])
    >>> agreement(data).round(6)
    array([0.5])
    """
    length = min(LOOKED_AT, max(len(item) for item in data) - 1)
    some = windows([item.t for item in data], length)
    if not len(some):
        return np.full(data.dimension, np.nan)
    _, q, p, _ = data.stack()
    moved, said = -some.slopes(q), some.integrals(p / data.mass)
    size = (moved**2).sum(axis=0)
    return np.asarray(np.where(size > 0, (said * moved).sum(axis=0) / np.maximum(size, 1e-300), 1))
