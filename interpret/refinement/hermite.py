"""Cubic Hermite interpolation between nodes, and its normal equations without the dense rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from training.prepare.stencils import Array


@dataclass(frozen=True)
class Windows:
    """Measured times among equal steps of the integrator; many motions may share them.

    y(t) = Σ_a B_a(s) Y_a with Y = (y_k, h y'_k, y_{k+1}, h y'_{k+1}), s = (t - t_k)/h and the cubic
    Hermite polynomials B. ``basis`` (n, 2 (steps + 1)) takes the values and slopes of all nodes to
    the measured times, and ``gram`` is BᵀB: all that JᵀJ needs of them; ``length`` is h.
    """

    basis: csr_array
    gram: csr_array
    length: float

    def interpolate(self, nodes: Array, slopes: Array) -> Array:
        """Node values and slopes (steps + 1, ...) to values at the measured times (n, ...)."""
        flat = self._ends(nodes, slopes)
        result: Array = (self.basis @ flat).reshape(-1, *nodes.shape[1:])
        return result

    def accumulate(self, tangent: Array, slopes: Array, residual: Array) -> tuple[Array, Array]:
        """J^T J (R, P, P) and J^T r (R, P) of R motions.

        From their node tangents (steps + 1, R, c, P), the slopes of these, and r (n, R, c).
        """
        _, runs, channels, count = tangent.shape
        ends = self._ends(tangent, slopes)
        pulled = self.basis.T @ residual.reshape(len(residual), -1)
        shape = (len(ends), runs, channels, count)
        design = ends.reshape(shape).transpose(1, 3, 0, 2).reshape(runs, count, -1)
        weighed = (self.gram @ ends).reshape(shape).transpose(1, 0, 2, 3).reshape(runs, -1, count)
        right = pulled.reshape(shape[:3]).transpose(1, 0, 2).reshape(runs, -1, 1)
        return design @ weighed, (design @ right)[:, :, 0]

    def _ends(self, nodes: Array, slopes: Array) -> Array:
        """Values and h times slopes, node by node, (2 (steps + 1), ...)."""
        both = np.stack([nodes, self.length * slopes], axis=1)
        return both.reshape(2 * len(nodes), -1)


def windows(times: Array, steps: int) -> Windows:
    """Sort ascending times (n,) into ``steps`` equal steps.

    >>> t = np.linspace(0.0, 1.0, 7)
    >>> nodes = np.linspace(0.0, 1.0, 3)
    >>> exact = windows(t, 2).interpolate(nodes**3, 3 * nodes**2)
    >>> bool(np.allclose(exact, t**3, atol=1e-15))
    True
    """
    t = times - times[0]
    length = float(t[-1]) / steps
    step = np.minimum((t / length).astype(np.int64), steps - 1)
    s = t / length - step
    weights = np.stack(
        [
            2 * s**3 - 3 * s**2 + 1,
            s**3 - 2 * s**2 + s,
            -2 * s**3 + 3 * s**2,
            s**3 - s**2,
        ],
        axis=1,
    )
    places = 2 * step[:, None] + np.arange(4)
    starts = np.arange(0, 4 * len(t) + 1, 4)
    basis = csr_array((weights.ravel(), places.ravel(), starts), shape=(len(t), 2 * steps + 2))
    return Windows(basis, csr_array(basis.T @ basis), length)


@dataclass(frozen=True)
class Clock:
    """Trajectories measured at the same ``times`` from their start: their ``numbers``, and where
    the times lie among the steps of the path and among those of the tangents."""

    numbers: NDArray[np.int64]
    times: Array
    path: Windows
    tangents: Windows

    @staticmethod
    def of(numbers: NDArray[np.int64], times: Array, steps: int, stride: int = 1) -> Clock:
        """That of so many steps, of which the tangents take `stride` at once."""
        path = windows(times, steps)
        return Clock(numbers, times, path, path if stride == 1 else windows(times, steps // stride))


def shared(
    clocks: Sequence[Clock], most: int
) -> Iterator[tuple[NDArray[np.int64], list[tuple[Clock, slice]]]]:
    """The numbers of at most so many trajectories at once, one at least, and which have a clock.

    >>> t = np.linspace(0.0, 1.0, 3)
    >>> clocks = [Clock.of(np.array([0, 2]), t, 1), Clock.of(np.array([1]), 2 * t, 1)]
    >>> [(some.tolist(), [part for _, part in parts]) for some, parts in shared(clocks, 3)]
    [([0, 2, 1], [slice(0, 2, None), slice(2, 3, None)])]
    """
    ordered = np.concatenate([clock.numbers for clock in clocks])
    owner = np.repeat(np.arange(len(clocks)), [len(clock.numbers) for clock in clocks])
    pieces = -(-len(ordered) // max(most, 1))
    for places in np.array_split(np.arange(len(ordered)), pieces):
        own = owner[places]
        held = np.unique(own)
        ends = np.searchsorted(own, [*held, len(clocks)]).tolist()
        parts = [slice(start, end) for start, end in pairwise(ends)]
        yield ordered[places], list(zip([clocks[k] for k in held], parts, strict=True))
