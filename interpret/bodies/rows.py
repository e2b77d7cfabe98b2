"""The weak rows of many bodies: what each particle's momentum does in a window, and its weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.bodies.links import ORIGIN, Links
from interpret.bodies.swarm import Swarm
from interpret.select.matrix import Compressed
from interpret.weak.windows import Windows, windows
from systems.errors import InputError

Array = NDArray[np.float64]

LENGTHS: Final = (6, 8, 12, 16, 24, 32, 48, 64, 96)
"""Window lengths in samples that are compared."""

FEWEST: Final = 6
"""A trajectory holds so many windows, or they are shorter."""

QUADRATURE: Final = 0.3
"""The error of a window's integral, in parts of what it differs by from that of every second
sample: a rule of high order errs by less, and never by more."""

CALM: Final = 1e-4
"""Rows are no better known than this part of the force: it makes exact rows count by their share
of the force, so that one close encounter does not outweigh all else."""

COPIES: Final = 4
"""Pairs of copies of noisy positions, moved to either side, that tell what noise makes of a row: to
a half, and of all rows together far better."""

UNRESOLVED: Final = 0.01
BENT: Final = 0.3
"""A row is left out where the quadrature may miss a hundredth of the law's force, or where noise of
the positions makes to second order, which shifts it, a tenth of what it makes to first order."""

NEAR: Final = 30.0
"""Deviations of a position within which a force of 1/r² changes by 7 % for each of them."""

MOST_BLIND: Final = 0.5
"""Where more rows were left out, none is: the data are coarse or noisy altogether."""

FLOOR: Final = 0.05
"""Nor than this part of the rms force times `CALM`: a row of no force has round-off too."""


@dataclass(frozen=True, eq=False)
class Rows:
    """∫ψ F = `target` (W, N, D), of deviation `sigma` (W, N).

    `noise` (W, N) is the part of it that noise makes, `error` that of the quadrature, which the
    `coarse` windows of every second sample tell. `unseen` (W, N) rows say nothing, as an encounter
    there is too close for the steps, or for the noise of the positions: they are left out, where
    they are not most of them. With `rubbing` a friction of each body is let in beside all columns.
    """

    swarm: Swarm
    windows: Windows
    coarse: Windows
    target: Array
    noise: Array
    error: Array
    unseen: NDArray[np.bool_] | None = None
    rubbing: bool = False

    @staticmethod
    def of(swarm: Swarm) -> Rows:
        """Windows as long as pays: noise asks for long ones, the quadrature for short ones.

        Raises InputError where no trajectory is long enough for a window.
        """
        found: list[tuple[float, Rows]] = []
        shortest = max(map(len, swarm.times))
        for length in LENGTHS:
            if length * FEWEST > shortest and found:
                break
            rows = Rows.of_length(swarm, length)
            if rows is not None:
                found.append((rows._cost(length), rows))
        if not found:
            raise InputError(
                f"no trajectory has {LENGTHS[0] + 1} samples without a gap, which forces between "
                f"bodies are read off; give longer ones."
            )
        return min(found, key=lambda pair: pair[0])[1]

    def anew(self, swarm: Swarm) -> Rows:
        """Those of another swarm, asked in the same way."""
        return replace(Rows.of(swarm), rubbing=self.rubbing)

    @staticmethod
    def possible(swarm: Swarm) -> bool:
        """Whether there is a window at all."""
        return Rows.of_length(swarm, LENGTHS[0]) is not None

    @staticmethod
    def of_length(swarm: Swarm, length: int) -> Rows | None:
        """Windows of so many steps; None where no trajectory is long enough."""
        fine = replace(windows(swarm.times, length), step=swarm.step)
        if not len(fine):
            return None
        coarse = fine.halved()
        target, noise = _target(swarm, fine)
        other, more = _target(swarm, coarse)
        # Of the difference, what noise makes says nothing of the quadrature.
        apart = ((other - target) ** 2).sum(axis=2) - np.maximum(more**2 - noise**2, 0.0)
        whole = np.maximum(apart, 0.0).sum(axis=1, keepdims=True)
        error = QUADRATURE * np.sqrt(np.broadcast_to(whole, noise.shape))
        return Rows(swarm, fine, coarse, target, noise, error)

    @cached_property
    def sigma(self) -> Array:
        """The deviation of each row (W, N)."""
        size = (self.target**2).sum(axis=2)
        calm = CALM**2 * (size + FLOOR**2 * size.mean(axis=0))
        return np.asarray(np.sqrt(self.noise**2 + self.error**2 + calm + np.finfo(float).tiny))

    def knowing(self, force: Callable[[Array], Array]) -> Rows:
        """The same with deviations that know what a law's force F(x) (N, n, D) makes of them.

        Its integral errs by no more than it differs from that of every second sample, less what
        noise makes of the difference; noise of the positions moves it as it moves some copies.
        """
        swarm = self.swarm
        pulled = force(swarm.x)
        fine, rough = (_over(w, pulled) for w in (self.windows, self.coarse))
        apart = ((rough - fine) ** 2).sum(axis=2)
        blur, hidden, bent = np.zeros((3, *self.noise.shape))
        if swarm.noise.any():
            random = np.random.default_rng(0)
            for _ in range(COPIES):
                moved = swarm.noise[:, None] * random.standard_normal(swarm.x.shape)
                ahead, behind = force(swarm.x + moved) - pulled, force(swarm.x - moved) - pulled
                own, other = (_over(w, (ahead - behind) / 2) for w in (self.windows, self.coarse))
                blur += (own**2).mean(axis=2) / COPIES
                hidden += ((other - own) ** 2).sum(axis=2) / COPIES
                curved = _over(self.windows, (ahead + behind) / 2)
                bent += (curved**2).mean(axis=2) / COPIES
        known = QUADRATURE**2 * np.maximum(apart - 4 * hidden, 0.0).sum(axis=1, keepdims=True)
        noise = np.sqrt(_target(swarm, self.windows)[1] ** 2 + blur)
        error = np.sqrt(self.error**2 + known)
        size = np.sqrt((fine**2).sum(axis=2))
        least = np.maximum(size, np.median(size, axis=0))  # a force that vanishes is no encounter
        unseen = (np.sqrt(known) > UNRESOLVED * least) | (np.sqrt(bent) > BENT * np.sqrt(blur))
        return replace(self, noise=noise, error=error, unseen=unseen)

    def far(self) -> Rows:
        """The same without the windows of particles that come within some noise of each other.

        There noise makes much of any force between them, whatever its law is.
        """
        swarm = self.swarm
        if not swarm.noise.any() or swarm.count < 2:
            return self
        pairs = Links.pairs(swarm.count)
        near = pairs.lengths(swarm.x) < NEAR * float(swarm.noise.max())
        met = near[:, self.windows.places].any(axis=2)
        unseen = (abs(pairs.incidence) @ met.astype(float)).T > 0
        return replace(self, unseen=np.asarray(unseen))

    def _cost(self, length: int) -> float:
        """The mean log variance of what the windows tell of each way to move together.

        These are the eigenvectors of the targets' covariance in units of their deviations: a window
        that is too long averages the fast ones out, however well it knows the slow ones.
        """
        count = self.swarm.count * self.swarm.dimension
        unknown = np.sqrt(np.median(self.noise**2 + self.error**2, axis=0))
        size = np.sqrt((self.target**2).sum(axis=2).mean(axis=0))
        deviation = np.maximum(unknown, CALM * size) + np.finfo(float).tiny
        signal = (self.target / deviation[:, None]).reshape(-1, count)
        powers = np.linalg.eigvalsh(signal.T @ signal / len(signal))
        return float(np.log(length * (1 / np.maximum(powers, 1.0) + CALM**2)).mean())

    @property
    def weights(self) -> Array:
        """1/σ (W, N, 1), of rows that are left out 0."""
        known = 1 / self.sigma
        if self.unseen is not None and self.unseen.mean() < MOST_BLIND:
            known = np.where(self.unseen, 0.0, known)
        return np.asarray(known[..., None])

    @cached_property
    def truth(self) -> Array:
        """The target in its deviations, one row after the other."""
        return np.asarray(self._beside_friction(self.target * self.weights).ravel())

    @cached_property
    def _friction(self) -> Array:
        """The row of each body's friction (W, N, D), of length 1."""
        swarm = self.swarm
        pulled = _over(self.windows, swarm.p / swarm.mass[:, None, None]) * self.weights
        size = np.sqrt((pulled**2).sum(axis=(0, 2), keepdims=True))
        return np.asarray(pulled / np.maximum(size, 1e-300))

    def _beside_friction(self, whole: Array) -> Array:
        """What no friction explains of (..., W, N, D)."""
        if not self.rubbing:
            return whole
        part = (self._friction * whole).sum(axis=(-3, -1), keepdims=True)
        return np.asarray(whole - part * self._friction)

    def late(self, share: float) -> NDArray[np.bool_]:
        """Which rows end after this share of their trajectory."""
        ends = self.swarm.ends
        own = np.searchsorted(ends, self.windows.places[:, -1], side="right")
        sizes = np.array([len(t) for t in self.swarm.times])
        place = self.windows.places[:, -1] - (ends - sizes)[own]
        after = place >= share * sizes[own]
        return np.repeat(after, self.swarm.count * self.swarm.dimension)

    def integrated(self, forces: Array) -> Array:
        """∫ψ F (K, W, N, D) of forces (K, N, n, D)."""
        shapes, count, points, dimension = forces.shape
        flat = forces.transpose(2, 0, 1, 3).reshape(points, -1)
        whole = self.windows.integrals(flat).reshape(-1, shapes, count, dimension)
        return np.asarray(whole.transpose(1, 0, 2, 3))

    def apart(self, links: Links, slopes: Callable[[Array], Array]) -> Array:
        """A column of its own for every link, shape after shape of each: (W N D, B K)."""
        swarm = self.swarm
        pulls = links.in_space(np.array(list(links.pulls(swarm.x, slopes))), swarm.dimension)
        shapes, count, points, _ = pulls.shape
        flat = pulls.transpose(2, 0, 1, 3).reshape(points, -1)
        whole = self.windows.integrals(flat).reshape(len(self.windows), shapes, count, -1)
        found = np.zeros((len(self.windows), swarm.count, swarm.dimension, count, shapes))
        for b in range(count):
            for end, sign in ((links.one[b], -1.0), (links.other[b], 1.0)):
                if end != ORIGIN:
                    found[:, end, :, b] = sign * whole[:, :, b].transpose(0, 2, 1)
        found *= self.weights[..., None, None]
        if self.rubbing:
            found = np.moveaxis(
                self._beside_friction(np.moveaxis(found, (3, 4), (0, 1))), (0, 1), (3, 4)
            )
        return np.asarray(found.reshape(-1, count * shapes))

    def columns(self, forces: Array) -> Array:
        """The same in the deviations of the rows: (W N D, K)."""
        whole = self._beside_friction(self.integrated(forces) * self.weights)
        return np.asarray(whole.reshape(len(forces), -1).T)

    def compressed(self, columns: Array, names: tuple[str, ...]) -> Compressed:
        """The problem of choosing among columns."""
        return Compressed.of(columns, self.truth, names)

    @cached_property
    def noise_share(self) -> float:
        """What noise makes of the rows, in parts of the force."""
        return self._part(self.noise)

    @cached_property
    def error_share(self) -> float:
        """What the quadrature makes of them, at most."""
        return self._part(self.error)

    def _part(self, deviation: Array) -> float:
        each = deviation * self.weights[..., 0]
        # The deviation of the quadrature is that of a vector, that of noise of each of its parts.
        return self.share(float(np.sqrt(self.swarm.dimension * (each**2).sum())))

    def share(self, residual: float) -> float:
        """|residual| in parts of the force, both in deviations of the rows."""
        return residual / max(float(np.linalg.norm(self.truth)), np.finfo(float).tiny)


def _over(some: Windows, forces: Array) -> Array:
    """∫ψ F (W, N, D) of forces (N, n, D)."""
    count, points, dimension = forces.shape
    flat = forces.transpose(1, 0, 2).reshape(points, -1)
    return np.asarray(some.integrals(flat).reshape(-1, count, dimension))


def _target(swarm: Swarm, some: Windows) -> tuple[Array, Array]:
    """∫ψ ṗ (W, N, D) and the deviation of its noise (W, N), per coordinate."""
    if swarm.positions_alone:
        weights, integrals = some.bend, some.bends
        values, level = swarm.x * swarm.mass[:, None, None], swarm.noise * swarm.mass[:, None]
    else:
        weights, integrals = some.slope, some.slopes
        values, level = -swarm.p, swarm.noise_p
    count, points, dimension = values.shape
    flat = values.transpose(1, 0, 2).reshape(points, -1)
    target = np.asarray(integrals(flat).reshape(-1, count, dimension))
    spread = np.sqrt((weights**2).sum(axis=1))
    return target, spread[:, None] * np.sqrt((level**2).sum(axis=1) / dimension)
