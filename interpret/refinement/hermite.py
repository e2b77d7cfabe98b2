"""Cubic Hermite interpolation between nodes, and its normal equations without the dense rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.prepare.stencils import Array


@dataclass(frozen=True)
class Windows:
    """Measured times, sorted into equal steps of the integrator; many motions may share them.

    y(t) = sum_a B_a(s) Y_a with Y = (y_k, h y'_k, y_{k+1}, h y'_{k+1}), s = (t - t_k)/h and the
    cubic Hermite polynomials B. ``weights`` (n, 4) holds B at the measured times, ``step`` (n,) the
    step each lies in, ``moments`` (steps, 4, 4) the sums of B B^T over the times of a step: all
    that J^T J needs of them.
    """

    step: NDArray[np.int64]
    weights: Array
    moments: Array
    length: float

    def interpolate(self, path: Array, slopes: Array) -> Array:
        """Node values and slopes (steps + 1, ...) to values at the measured times (n, ...)."""
        k = self.step
        b = self.weights.T.reshape(4, -1, *(1,) * (path.ndim - 1))
        result: Array = b[0] * path[k]
        result += self.length * b[1] * slopes[k]
        result += b[2] * path[k + 1]
        result += self.length * b[3] * slopes[k + 1]
        return result

    def accumulate(self, tangent: Array, slopes: Array, residual: Array) -> tuple[Array, Array]:
        """J^T J (R, P, P) and J^T r (R, P) of R motions.

        From their node tangents (steps + 1, R, c, P), the slopes of these, and r (n, R, c).
        """
        nodes, runs, channels, count = tangent.shape
        both = np.stack([tangent, self.length * slopes], axis=1)
        ends = both.reshape(2 * nodes, -1)
        # Each step's moments of its four values, added up at the nodes: |J|² is nodes times these.
        rows = np.zeros_like(ends)
        pulled = np.zeros((2 * nodes, runs * channels))
        starts = np.flatnonzero(np.diff(self.step, prepend=-1))
        missed = residual.reshape(len(residual), -1)
        for a in range(4):
            places = slice(a, a + 2 * nodes - 2, 2) if a < 2 else slice(a, None, 2)
            for b in range(4):
                others = slice(b, b + 2 * nodes - 2, 2) if b < 2 else slice(b, None, 2)
                rows[places] += self.moments[:, a, b, None] * ends[others]
            weighted = np.add.reduceat(self.weights[:, a, None] * missed, starts)
            pulled[2 * self.step[starts] + a] += weighted
        by_motion = ends.reshape(2 * nodes, runs, channels, count).transpose(1, 3, 0, 2)
        design = by_motion.reshape(runs, count, -1)
        weighed = rows.reshape(2 * nodes, runs, channels, count).transpose(1, 0, 2, 3)
        right = pulled.reshape(2 * nodes, runs, channels).transpose(1, 0, 2)
        normal: Array = design @ weighed.reshape(runs, -1, count)
        return normal, (design @ right.reshape(runs, -1, 1))[:, :, 0]


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
    moments = np.zeros((steps, 4, 4))
    for a in range(4):
        for b in range(4):
            product = weights[:, a] * weights[:, b]
            moments[:, a, b] = np.bincount(step, weights=product, minlength=steps)
    return Windows(step, weights, moments, length)
