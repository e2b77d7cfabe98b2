"""Coupled bodies on a line to first order: where they rest, and the masses that make K symmetric.

ẍ_i = -Σ_j k_ij (x_j - x⁰_j),     μ_i k_ij = μ_j k_ji
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.bodies.found import sandwich
from interpret.bodies.rows import Rows

Array = NDArray[np.float64]

CLEAR: Final = 4.0
"""Standard errors of an entry or of a difference that is there."""

SLIGHT: Final = 1e-3
"""Masses nearer to those given than this, or a place nearer to the origin in parts of the motion,
are these."""


@dataclass(frozen=True)
class Springs:
    """F = -K x + f: `stiffness` K (N, N) with its `errors`, `constant` f (N,) with its own, and the
    share of the force that is `missed`."""

    stiffness: Array
    errors: Array
    constant: Array
    constant_errors: Array
    missed: float

    @staticmethod
    def of(rows: Rows) -> Springs:
        """Least squares for each particle by itself: nothing is taken to be symmetric.

        Friction is let in beside, so that it is not taken for a spring.
        """
        swarm = rows.swarm
        places, ones = swarm.x[:, :, 0], np.ones((1, swarm.points))
        velocities = swarm.p[:, :, 0] / swarm.mass[:, None]
        fields = np.concatenate([places, ones, velocities])
        plain = rows.windows.integrals(fields.T)
        values, errors, left = [], [], 0.0
        for i in range(swarm.count):
            columns = plain * rows.weights[:, i]
            target = rows.target[:, i, 0] * rows.weights[:, i, 0]
            scale = np.linalg.norm(columns, axis=0)
            solved = np.linalg.lstsq(columns / scale, target, rcond=1e-12)[0] / scale
            residual = target - columns @ solved
            left += float(residual @ residual)
            values.append(solved)
            errors.append(np.sqrt(np.diag(sandwich(columns, residual, len(rows.windows)))))
        found, bars = (np.array(each)[:, : swarm.count + 1] for each in (values, errors))
        return Springs(
            -found[:, :-1],
            bars[:, :-1],
            found[:, -1],
            bars[:, -1],
            rows.share(float(np.sqrt(left))),
        )

    def masses(self) -> tuple[Array, Array]:
        """μ_i (N,) with μ_1 = 1 and their errors; ones where K says nothing else.

        Logarithms of the ratios k_ji/k_ij of the clear entries, by least squares.

        >>> k = np.array([[3.0, -2.0], [-1.0, 1.5]])
        >>> tiny = np.full((2, 2), 1e-6)
        >>> springs = Springs(k, tiny, np.zeros(2), np.ones(2), 0.0)
        >>> springs.masses()[0].round(6)
        array([1., 2.])
        """
        count = len(self.stiffness)
        rows, target = [], []
        for i in range(count):
            for j in range(i):
                pair = self.stiffness[i, j], self.stiffness[j, i]
                errors = self.errors[i, j], self.errors[j, i]
                clear = all(abs(k) > CLEAR * e for k, e in zip(pair, errors, strict=True))
                if not clear or pair[0] * pair[1] <= 0:
                    continue
                weight = 1 / max(np.hypot(errors[0] / pair[0], errors[1] / pair[1]), 1e-9)
                row = np.zeros(count)
                row[[i, j]] = weight, -weight
                rows.append(row)
                target.append(weight * np.log(pair[1] / pair[0]))
        if not rows:
            return np.ones(count), np.zeros(count)
        # The first mass is that given; one that nothing ties to another stays.
        held = np.eye(count) * np.where(np.arange(count) == 0, 1e12, 1e-6)[:, None]
        design = np.vstack([np.array(rows), held])
        logs = np.linalg.lstsq(design, np.concatenate([target, np.zeros(count)]), rcond=None)[0]
        spread = np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
        return np.exp(logs), np.exp(logs) * spread

    def rest(self, extent: Array) -> Array:
        """Where the force vanishes (N,); the origin where that is near, beside `extent` (N,)."""
        place = np.linalg.lstsq(self.stiffness, self.constant, rcond=1e-6)[0]
        digits = -np.floor(np.log10(np.maximum(SLIGHT * extent, 1e-300))).astype(int)
        place = np.array([round(float(x), int(n)) for x, n in zip(place, digits, strict=True)])
        # Digits that mean nothing for this motion would only be in the way.
        there = np.abs(self.constant) > CLEAR * self.constant_errors
        far = np.abs(place) > SLIGHT * extent
        return np.asarray(place) if (there & far).any() else np.zeros_like(place)
