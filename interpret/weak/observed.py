"""A measured motion, and how its noise gets into coordinates and velocities.

Where velocities are measured, each channel has its own noise. Where positions alone are, both are
sums over the samples around,

    q_i = Σ_k a_k y_{i+k},     v_i = Σ_k b_k y_{i+k},

of the polynomial through these (A. Savitzky, M. J. E. Golay, Anal. Chem. 36, 1627 (1964)), so that
what noise does is known to the last correlation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.weak.windows import EVEN
from systems.samples.trajectories import Trajectories
from training.prepare.noise import NEGLIGIBLE, Noise

Array = NDArray[np.float64]

ORDER: Final = 5
MORE: Final = 2
"""The polynomial's degree, and that of the one which it is compared with is so much higher."""

HALF_WIDTHS: Final = (4, 5, 6, 8, 10, 12, 14, 17, 20, 25, 30)
"""Samples on either side of a smoothed one."""

SHARP: Final = 1.2
"""Where two more degrees add so much to the noise of velocities, the polynomial bends motion."""

FLOOR: Final = 1e-11
"""No channel is better than this part of its spread: doubles, and the digits of a text file."""


@dataclass(frozen=True)
class Stencils:
    """The sums (n, 2h + 1) that make q and v of the positions around each sample."""

    position: Array
    velocity: Array

    @property
    def half(self) -> int:
        """h, the samples on either side."""
        return int(self.position.shape[1]) // 2

    def spread(self, places: NDArray[np.int64]) -> tuple[Array, Array]:
        """Those of windows (W, m + 1) as matrices (W, m + 1, m + 1 + 2h) on all samples around."""
        count, width = places.shape[1], 2 * self.half + 1
        found = []
        for sums in (self.position, self.velocity):
            wide = np.zeros((*places.shape, count + width - 1))
            for k in range(count):
                wide[:, k, k : k + width] = sums[places[:, k]]
            found.append(wide)
        return found[0], found[1]


@dataclass(frozen=True)
class Observed:
    """Times of each trajectory; q, v (n, d) and signals (n, k) of all samples laid end to end.

    `sigma_q` and `sigma_v` (d,) are the noise of what was measured; `stencils` say how velocities
    came from positions, where these alone were.
    """

    times: tuple[Array, ...]
    q: Array
    v: Array
    signals: Array
    sigma_q: Array
    sigma_v: Array
    stencils: Stencils | None = None

    @staticmethod
    def of(trajectories: Trajectories, noise: Noise, signals: Sequence[str] = ()) -> Observed:
        """A motion with the noise of its channels, and measured columns that drive it."""
        alone = trajectories.derived or not np.isfinite(noise.p).all()
        _, q, p, _ = trajectories.stack()
        v = p / trajectories.mass
        places = [trajectories.extra.index(name) for name in signals]
        beside = [np.asarray(item.extra)[:, places] for item in trajectories] if places else []
        found = Observed(
            tuple(item.t for item in trajectories),
            q,
            v,
            np.concatenate(beside) if beside else np.zeros((len(q), 0)),
            np.maximum(noise.q, FLOOR * q.std(axis=0)),
            np.maximum(noise.p / trajectories.mass, FLOOR * v.std(axis=0)),
        )
        return _smoothed(found) if alone else found

    def some(self, coordinates: Sequence[int]) -> Observed:
        """Some of the coordinates."""
        own = list(coordinates)
        sigma = self.sigma_q[own], self.sigma_v[own]
        q, v = self.q[:, own], self.v[:, own]
        return replace(self, q=q, v=v, sigma_q=sigma[0], sigma_v=sigma[1])

    def with_momenta(self, trajectories: Trajectories, noise: Noise) -> Observed:
        """The same with the momenta in the place of the velocities."""
        _, q, p, _ = trajectories.stack()
        sigma = np.maximum(noise.p, FLOOR * p.std(axis=0))
        return replace(self, q=q, v=p, sigma_v=sigma, stencils=None)

    @cached_property
    def clock(self) -> Array:
        """All times (n,), one trajectory after the other."""
        return np.concatenate(self.times)

    @property
    def columns(self) -> Array:
        """Coordinates, velocities, the time and signals (n, 2d + 1 + k)."""
        return np.column_stack([self.q, self.v, self.clock, self.signals])

    @property
    def samples(self) -> int:
        """n."""
        return len(self.q)

    @property
    def margin(self) -> int:
        """Samples at the ends that are no better than those from which they came."""
        return 0 if self.stencils is None else self.stencils.half

    @property
    def noisy(self) -> bool:
        """Whether any channel shows noise."""
        spread = np.maximum(self.q.std(axis=0), np.finfo(float).tiny)
        return bool((self.sigma_q / spread).max() > NEGLIGIBLE)


def _smoothed(raw: Observed) -> Observed:
    """With coordinates and velocities by the widest polynomial that does not bend the motion.

    Twice the degree more would add noise alone: of nested least squares the difference of two
    velocities has the difference of their variances.
    """
    if not raw.noisy:
        made = _stencils(raw.times, HALF_WIDTHS[0], 2 * HALF_WIDTHS[0])
        return _by(raw, made)
    best: Stencils | None = None
    for half in HALF_WIDTHS:
        if any(len(t) < 2 * half + 1 for t in raw.times):
            break
        made = _stencils(raw.times, half, ORDER)
        finer = _stencils(raw.times, half, ORDER + MORE)
        change = replace(made, velocity=finer.velocity - made.velocity)
        seen = _by(raw, change).v
        expected = (change.velocity**2).sum(axis=1)[:, None] * raw.sigma_q**2
        if best is not None and ((seen**2).mean(axis=0) > SHARP * expected.mean(axis=0)).any():
            break
        best = made
    return raw if best is None else _by(raw, best)


def _by(raw: Observed, made: Stencils) -> Observed:
    """The coordinates and velocities that stencils make."""
    q, v = np.empty_like(raw.q), np.empty_like(raw.q)
    offset = 0
    width = made.position.shape[1]
    for t in raw.times:
        own = slice(offset, offset + len(t))
        first = np.clip(np.arange(len(t)) - width // 2, 0, len(t) - width)
        around = raw.q[own][first[:, None] + np.arange(width)]
        q[own] = np.einsum("nw,nwd->nd", made.position[own], around)
        v[own] = np.einsum("nw,nwd->nd", made.velocity[own], around)
        offset += len(t)
    spread = np.sqrt((made.velocity**2).sum(axis=1).mean())
    return replace(raw, q=q, v=v, sigma_v=spread * raw.sigma_q, stencils=made)


def _stencils(times: Sequence[Array], half: int, degree: int) -> Stencils:
    """The polynomial through the nearest 2h + 1 samples, at each of them; at ends one-sided."""
    width = 2 * half + 1
    both = []
    for t in times:
        first = np.clip(np.arange(len(t)) - half, 0, len(t) - width)
        steps = np.diff(t)
        if np.ptp(steps) <= EVEN * steps.mean():
            # On even steps only the place among the samples around matters.
            around = steps.mean() * (np.arange(width) - np.arange(width)[:, None])
            position, velocity = _sums(around, degree)
            own = np.arange(len(t)) - first
            both.append((position[own], velocity[own]))
        else:
            both.append(_sums(t[first[:, None] + np.arange(width)] - t[:, None], degree))
    position, velocity = (np.concatenate(each) for each in zip(*both, strict=True))
    return Stencils(position, velocity)


def _sums(around: Array, degree: int) -> tuple[Array, Array]:
    """The weights of value and slope at zero of the polynomial through samples at times (n, w)."""
    reach = np.abs(around).max(axis=1, keepdims=True)
    inverse = np.linalg.pinv((around / reach)[..., None] ** np.arange(degree + 1))
    return inverse[:, 0], inverse[:, 1] / reach
