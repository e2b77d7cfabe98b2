"""Rows from points of phase space: forces where the masses are known, and how to weight them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from systems.samples.phase_space import PhaseSamples
from training.features import Features
from training.prepare.stencils import Array
from training.rows.trajectories import ForceRows, normalised, relative

FLOOR = 0.05
PASSES = 10
SMALLEST = 1e-20


@dataclass(frozen=True)
class Spread:
    """How uncertain a measured acceleration is: σ² = absolute² + (relative · |a|)², a component.

    ``absolute`` is in the accelerations' units. Both are 0 where nothing is known of the noise; the
    weights then make every relative error count alike, down to accelerations of a twentieth of
    their median: near a collision they are a thousand times that.
    """

    absolute: float = 0.0
    relative: float = 0.0

    @staticmethod
    def of(residual: Array, size: Array, columns: int) -> Spread:
        """The noise that a flexible fit has left over.

        residual_i² ~ absolute² + relative² size_i², both parts non-negative, by least squares
        weighted with the inverse variance of residual², ten times. ``columns`` fitted
        coefficients have taken their share of the residual away.

        Shapes: ``residual`` (n, d), ``size`` (n,).

        >>> rng = np.random.default_rng(0)
        >>> size = rng.uniform(0, 10, 4000)
        >>> found = Spread.of(0.1 * size[:, None] * rng.standard_normal((4000, 2)), size, 0)
        >>> abs(found.relative / 0.1 - 1) < 0.03
        True
        """
        from scipy.optimize import nnls

        n, d = residual.shape
        squares = (residual**2).mean(axis=1) * n * d / max(n * d - columns, 1)
        design = np.stack([np.ones(n), size**2], axis=1)
        scale = design.mean(axis=0)
        variance = np.full(n, squares.mean())
        parts = np.zeros(2)
        for _ in range(PASSES):
            weight = 1 / np.maximum(variance, SMALLEST * squares.mean())
            parts, _ = nnls(weight[:, None] * design / scale, weight * squares)
            variance = design @ (parts / scale)
        absolute, relative = np.sqrt(parts / scale)
        return Spread(float(absolute), float(relative))

    @property
    def known(self) -> bool:
        """Whether there is a noise level at all."""
        return self.absolute > 0 or self.relative > 0

    def weights(self, size: Array) -> Array:
        """One weight a sample from the size of its acceleration, shapes (n,) and (n,)."""
        if self.known:
            # A sample at rest under relative noise would be known exactly, and rule alone.
            floor = FLOOR * self.relative * float(np.median(size))
            deviation: Array = np.sqrt(self.absolute**2 + (self.relative * size) ** 2 + floor**2)
            return 1 / deviation
        return relative(size, FLOOR)


def forces(
    samples: PhaseSamples,
    mass: Array,
    features: Features,
    *,
    known: Array | None = None,
    spread: Spread | None = None,
    size: Array | None = None,
) -> ForceRows:
    """J(q_i) dV/dx = -m q̈_i - ∂V_known/∂q, one row a sample and coordinate.

    ``known`` (n, d) is the gradient of what of the potential is known, such as a trap. The weights
    are those of ``spread`` at ``size`` (n,), the size of the measured acceleration by default:
    under noise a fit's own is better, since weights that follow the noise bias the fit.

    >>> points = PhaseSamples(("q",), [[2.0]], [[0.0]], [[-2.0]])
    >>> forces(points, np.ones(1), Features.identity(("q",))).force.tolist()
    [[2.0]]
    """
    gradient = -mass * samples.qdd
    if known is not None:
        gradient = gradient - known
    length = np.linalg.norm(gradient, axis=1)
    weight = (spread or Spread()).weights(length if size is None else size)
    return ForceRows(
        torch.from_numpy(np.ascontiguousarray(features.values(samples.q)))[None],
        torch.from_numpy(np.array(features.jacobian(samples.q)))[None],
        torch.ones(1, dtype=torch.float64),
        torch.from_numpy(gradient),
        torch.from_numpy(normalised(weight, length)),
    )


def relative_error(predicted: Array, measured: PhaseSamples) -> float:
    """The rms error of predicted accelerations (n, d), over the rms of the measured ones."""
    error = predicted - measured.qdd
    return float(np.sqrt((error**2).mean() / (measured.qdd**2).mean()))
