"""Which combinations of candidates have equations that vanish on the accelerations measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.discovery.lagrangian.candidate_equations import CandidateEquations
from interpret.select.matrix import triangle

Array = NDArray[np.float64]

IDENTICALLY: Final = 1e-10
"""Singular values below this fraction of the largest vanish identically."""

CERTAIN: Final = 4.0
"""Standard deviations by which two noise levels must differ to be called different."""

ROUND_OFF: Final = 2e-14
"""Relative error of a sum of the candidates' equations, by which it may miss zero."""


@dataclass(frozen=True)
class Spectrum:
    """How well combinations of candidates vanish on the data, best first.

    - `noise` (m,): the noise on w q̈ that would explain each, |w Σ c_p E_p| / |Σ c_p M_p|;
    - `directions` (K, m): their coefficients c;
    - `round_off` (m,): the noise that rounding alone makes;
    - `count` (m,): how many independent numbers each noise level is the mean of;
    - `sizes` (K,): |M_p|, for directions of length |Σ c_p M_p| = 1.
    """

    noise: Array
    directions: Array
    round_off: Array
    count: Array
    sizes: Array

    def nullity(self, level: float | None) -> int:
        """How many combinations are no worse than the noise, at least one.

        `level` is the noise on w q̈; None reads it off the best combination.
        """
        # The square of a noise level from m numbers has the relative error √(2/m).
        above = 1 + CERTAIN * np.sqrt(2 / self.count)
        below = 1 - min(CERTAIN * np.sqrt(2 / self.count[0]), 0.5)
        least = level**2 if level is not None else self.noise[0] ** 2 / below
        allowed = np.maximum(np.sqrt(least * above), self.round_off)
        return max(int(np.cumprod(self.noise <= allowed).sum()), 1)


def spectrum(equations: CandidateEquations, qdd: Array, weights: Array) -> Spectrum:
    """The generalised singular values of (w E, M): the weighted equations beside the masses.

    Noise σ/w on q̈ leaves M ε of the equations of the true law, whatever else is in the library:
    the ratio |w E c| / |M c| is σ there, and larger elsewhere. Unlike a plain singular value it is
    not biased towards small masses.

    Shapes: q̈ (n, d), weights (n,). The candidates must hold no gauge.
    """
    n, d = qdd.shape
    size = equations.size
    w = weights[:, None, None]
    residuals = triangle((w * equations.residuals(qdd)).reshape(n * d, size))
    masses = triangle(equations.masses.reshape(n * d * d, size))
    forces = triangle((w * equations.forces).reshape(n * d, size))
    usual = float(np.sqrt(np.mean((weights[:, None] * qdd) ** 2))) or 1.0
    scale = np.hypot(usual * np.linalg.norm(masses, axis=0), np.linalg.norm(forces, axis=0))
    residuals, masses = residuals / scale, masses / scale
    # Combinations with masses are judged; those without are added as the equations like it best.
    _, values, right = np.linalg.svd(masses, full_matrices=True)
    values = np.append(values, np.zeros(size - len(values)))
    heavy = values > IDENTICALLY * values[0]
    moving = right[heavy].T / values[heavy]
    still = right[~heavy].T
    left, stretch, back = np.linalg.svd(residuals @ still, full_matrices=False)
    seen = stretch > ROUND_OFF * stretch.max(initial=0)
    target = residuals @ moving
    span = left[:, seen]
    # Twice is enough to be orthogonal to rounding.
    rest = target - span @ (span.T @ target)
    rest -= span @ (span.T @ rest)
    _, noise, turned = np.linalg.svd(rest, full_matrices=False)
    turned = turned[::-1].T
    answer = back[seen].T @ (span.T @ (target @ turned) / stretch[seen, None])
    directions = moving @ turned - still @ answer
    round_off = ROUND_OFF * np.abs(directions).sum(axis=0)
    directions = directions / scale[:, None]
    count = _counts(equations.masses, directions)
    return Spectrum(
        noise[::-1], directions, round_off, count, np.linalg.norm(masses * scale, axis=0)
    )


def _counts(masses: Array, directions: Array) -> Array:
    """(Σ tr MᵀM)² / Σ tr (MᵀM)² of each direction: n d when all masses are alike.

    It is by this number that the relative variance of Σ |M ε|² is 2/count.
    """
    counts = []
    for direction in directions.T:
        combined = masses @ direction
        gram = combined.transpose(0, 2, 1) @ combined
        total = np.trace(gram, axis1=1, axis2=2).sum()
        counts.append(total**2 / (gram**2).sum())
    return np.array(counts)
