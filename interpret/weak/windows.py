"""Windows on any time grid, with weights that integrate exactly what is smooth.

    Σ_k w_k g(t_k) = ∫ ψ g dt,     the same for ψ' and ψ'',     ψ = (1 - s²)⁴

s runs from -1 to 1 along a window. The weights are those of the trapezoid, corrected as little as
makes them exact for polynomials of degree 8, whatever the times between.

Source: D. A. Messenger, D. M. Bortz, J. Comput. Phys. 443 (2021) 110525, for the test functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.sparse import csr_array

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

POWER: Final = 4
"""ψ and its first three derivatives vanish at the ends, so that nothing is known or asked there."""

DEGREE: Final = 8
"""Polynomials of this degree are integrated exactly; fewer where a window has few samples."""

NODES: Final = 24
"""Gauss–Legendre points: exact for the moments, whose integrands have degree 2·4 + 8."""

GAP: Final = 3.0
"""A step of more than three usual ones is a gap: no window goes across it."""

EVEN: Final = 1e-8
"""Times whose steps differ by no more than this part have one set of weights."""

OVERLAP: Final = 4
"""Windows begin a quarter of their length apart: closer ones say the same."""

LEAST: Final = 1e-9
"""Added to what the correction may change: the ends, where ψ vanishes, stay where they are."""


@dataclass(frozen=True)
class Windows:
    """W windows of m + 1 samples: their numbers among n samples `places` (W, m + 1), and their
    times, and the trajectory (W,) that each is `of`.

    `step` is h where Störmer–Verlet made the motion: forces are integrated so that its steps leave
    no error of second order (see `interpret.bodies.integrator`).
    """

    places: Indices
    times: Array
    of: Indices
    samples: int
    step: float = 0.0

    def __len__(self) -> int:
        return len(self.places)

    @property
    def length(self) -> int:
        """m, the steps of a window."""
        return int(self.places.shape[1]) - 1

    @cached_property
    def weight(self) -> Array:
        """The weights (W, m + 1) of ∫ ψ g dt."""
        return _of_each(self.times, 0)

    @cached_property
    def slope(self) -> Array:
        """The weights (W, m + 1) of ∫ ψ' g dt."""
        return _of_each(self.times, 1)

    @cached_property
    def bend(self) -> Array:
        """The weights (W, m + 1) of ∫ ψ'' g dt."""
        return _of_each(self.times, 2)

    def integrals(self, values: Array) -> Array:
        """∫ ψ g dt of values g (n, k) in every window: (W, k); of steps ∫ (ψ + h² ψ''/12) g dt."""
        found: Array = self._integral @ values
        return found

    def slopes(self, values: Array) -> Array:
        """∫ ψ' g dt = -∫ ψ ġ dt of values g (n, k) in every window: (W, k)."""
        found: Array = self._slope @ values
        return found

    def bends(self, values: Array) -> Array:
        """∫ ψ'' g dt = ∫ ψ g̈ dt of values g (n, k) in every window: (W, k)."""
        found: Array = self._over(self.bend) @ values
        return found

    def without(self, samples: NDArray[np.bool_]) -> Windows:
        """The windows that hold none of some samples (n,)."""
        kept = ~samples[self.places].any(axis=1)
        return replace(self, places=self.places[kept], times=self.times[kept], of=self.of[kept])

    def halved(self) -> Windows:
        """The same windows by every second sample: what changes bounds the error of the weights."""
        return replace(self, places=self.places[:, ::2], times=self.times[:, ::2])

    @cached_property
    def _integral(self) -> csr_array:
        if not self.step:
            return self._over(self.weight)
        return self._over(self.weight + self.step**2 / 12 * self.bend)

    @cached_property
    def _slope(self) -> csr_array:
        return self._over(self.slope)

    def _over(self, weights: Array) -> csr_array:
        """Weights (W, m + 1) at their places among all samples, (W, n)."""
        ends = np.arange(0, self.places.size + 1, self.places.shape[1])
        shape = (len(self), self.samples)
        return csr_array((weights.ravel(), self.places.ravel(), ends), shape=shape)


def weights(times: Array, order: int) -> Array:
    """The weights of ∫ ψ g dt, of ψ' or of ψ'' by the order, at the times (W, m + 1) of windows.

    >>> t = np.linspace(0.0, 2.0, 13) ** 1.1
    >>> slope, weight = weights(t[None], 1), weights(t[None], 0)
    >>> s = t / t[-1] * 2 - 1
    >>> bool(np.isclose(weight @ s**2, t[-1] / 2 * 256 / 3465))
    True
    >>> bool(np.isclose(slope @ t, -weight @ np.ones(13)))
    True
    """
    half = (times[:, -1] - times[:, 0]) / 2
    s = (times - times[:, :1]) / half[:, None] - 1
    inner = np.diff(s, axis=1) / 2
    width = np.pad(inner, ((0, 0), (1, 0))) + np.pad(inner, ((0, 0), (0, 1)))
    room = (1 - s**2) ** (POWER - order) + LEAST
    degree = min(DEGREE, times.shape[1] - 3)
    values: Array = np.moveaxis(legendre.legvander(s, degree), 2, 1).astype(np.float64)
    found = _corrected(_bump(s, order) * width, room * width, values, _moments(degree, order))
    return found * half[:, None] ** (1 - order)


def _bump(s: Array, order: int) -> Array:
    """ψ, ψ' or ψ'' by s."""
    around = 1 - s**2
    if order == 0:
        return around**POWER
    first = -2 * POWER * s * around ** (POWER - 1)
    if order == 1:
        return first
    bent: Array = 4 * POWER * (POWER - 1) * s**2 * around ** (POWER - 2)
    return bent - 2 * POWER * around ** (POWER - 1)


def _corrected(rough: Array, room: Array, values: Array, moments: Array) -> Array:
    """Weights (W, m + 1) near the rough ones that have these moments; `room` says what may move.

    The change of least Σ δ²/room: δ = room Pᵀ y with (P room Pᵀ) y = moments - P rough.
    """
    movable = values * room[:, None, :]
    gram = movable @ values.transpose(0, 2, 1)
    missed = moments - (values @ rough[:, :, None])[:, :, 0]
    y = np.linalg.pinv(gram, rcond=1e-13, hermitian=True) @ missed[:, :, None]
    corrected: Array = rough + (movable.transpose(0, 2, 1) @ y)[:, :, 0]
    return corrected


@lru_cache
def _moments(degree: int, order: int) -> Array:
    """∫ ψ P_k ds over -1..1 of Legendre polynomials up to a degree; or of ψ' or ψ''."""
    s, g = legendre.leggauss(NODES)
    moments: Array = legendre.legvander(s, degree).T @ (g * _bump(s, order))
    return moments


def windows(
    times: Sequence[Array], length: int, stride: int | None = None, margin: int = 0
) -> Windows:
    """Windows of `length` steps, `stride` samples apart, of trajectories laid end to end.

    They overlap by three quarters where no stride is given, and keep `margin` samples away from
    ends and gaps, none of which they hold.

    >>> t = np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 8, 20, 21, 22, 23, 24, 25, 26, 27, 28])
    >>> windows([t, t[:9]], 8, 2).places[:, 0].tolist()
    [0, 9, 18]
    """
    places, of = [], []
    offset, apart = 0, stride or max(1, length // OVERLAP)
    for number, t in enumerate(times):
        for first, last in stretches(t):
            starts = np.arange(first + margin, last - margin - length, apart)
            places.append(offset + starts[:, None] + np.arange(length + 1))
            of.append(np.full(len(starts), number))
        offset += len(t)
    every = np.concatenate(places).astype(np.int64)
    clock = np.concatenate(times)[every]
    return Windows(every, clock, np.concatenate(of).astype(np.int64), offset)


def stretches(t: Array) -> Iterator[tuple[int, int]]:
    """The first sample of every stretch without a gap, and that after its last.

    >>> list(stretches(np.array([0.0, 1, 2, 9, 10])))
    [(0, 3), (3, 5)]
    """
    steps = np.diff(t)
    cuts = np.flatnonzero(steps > GAP * np.median(steps)) + 1
    yield from zip([0, *cuts.tolist()], [*cuts.tolist(), len(t)], strict=True)


def _of_each(clock: Array, order: int) -> Array:
    """The weights of windows at times (W, m + 1): computed once where all have the same steps."""
    if not len(clock):
        return clock
    relative = clock - clock[:, :1]
    if np.ptp(relative, axis=0).max() <= EVEN * relative[:, -1].mean():
        return np.broadcast_to(weights(relative[:1], order), clock.shape)
    return weights(clock, order)
