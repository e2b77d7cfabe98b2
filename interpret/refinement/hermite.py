"""Cubic Hermite interpolation between nodes, and its normal equations without the dense rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from systems.samples.trajectories import Trajectory
from training.prepare.stencils import Array


@dataclass(frozen=True)
class Windows:
    """One trajectory's measured times, sorted into equal steps of the integrator.

    y(t) = sum_a B_a(s) Y_a with Y = (y_k, h y'_k, y_{k+1}, h y'_{k+1}), s = (t - t_k)/h and the
    cubic Hermite polynomials B. ``weights`` (n, 4) holds B at the measured times, ``step`` (n,) the
    step each lies in, ``moments`` (steps, 4, 4) the sums of B B^T over the times of a step: all
    that J^T J needs of them.
    """

    observed: Array
    step: NDArray[np.int64]
    weights: Array
    moments: Array
    length: float

    def interpolate(self, path: Array, slopes: Array) -> Array:
        """Node values and slopes (steps + 1, c) to values at the measured times (n, c)."""
        k = self.step
        left, right = path[k], path[k + 1]
        left_slope, right_slope = self.length * slopes[k], self.length * slopes[k + 1]
        b = self.weights
        result: Array = (
            b[:, 0:1] * left + b[:, 1:2] * left_slope + b[:, 2:3] * right + b[:, 3:4] * right_slope
        )
        return result

    def accumulate(self, tangent: Array, slopes: Array, residual: Array) -> tuple[Array, Array]:
        """J^T J (P, P) and J^T r (P,) from node tangents (steps + 1, c, P) and r (n, c)."""
        steps, channels, count = len(tangent) - 1, tangent.shape[1], tangent.shape[2]
        nodes = np.empty((steps, 4, channels * count))
        nodes[:, 0] = tangent[:-1].reshape(steps, -1)
        nodes[:, 1] = self.length * slopes[:-1].reshape(steps, -1)
        nodes[:, 2] = tangent[1:].reshape(steps, -1)
        nodes[:, 3] = self.length * slopes[1:].reshape(steps, -1)
        rows = (self.moments @ nodes).reshape(-1, count)
        flat = nodes.reshape(-1, count)
        normal: Array = flat.T @ rows
        pulled = np.zeros((steps, 4, channels))
        for a in range(4):
            for c in range(channels):
                weight = self.weights[:, a] * residual[:, c]
                pulled[:, a, c] = np.bincount(self.step, weights=weight, minlength=steps)
        right: Array = flat.T @ pulled.reshape(-1)
        return normal, right


def windows(trajectory: Trajectory, steps: int) -> Windows:
    """Sort the times of ``trajectory`` into ``steps`` equal steps.

    >>> t = np.linspace(0.0, 1.0, 7)
    >>> cubic = Trajectory(t, (t**3)[:, None], (3 * t**2)[:, None])
    >>> nodes = np.linspace(0.0, 1.0, 3)[:, None]
    >>> exact = windows(cubic, 2).interpolate(nodes**3, 3 * nodes**2)
    >>> bool(np.allclose(exact, cubic.q, atol=1e-15))
    True
    """
    t = trajectory.t - trajectory.t[0]
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
    observed = np.concatenate([trajectory.q, trajectory.p], axis=1)
    return Windows(observed, step, weights, moments, length)
