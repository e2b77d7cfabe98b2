"""The masses of bodies that feel each other alone: their total momentum does not change.

Σ_i μ_i ∫ψ ṗ_i dt = 0 along every axis, in every window
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.bodies.rows import Rows

Array = NDArray[np.float64]

BALANCED: Final = 1e-3
"""Exact forces that cancel to this part are mutual: windows err by less."""

NOISE: Final = 2.0
"""Noisy ones cancel to so many times their noise."""

LONELY: Final = 10.0
"""The next best combination cancels so many times worse, or nothing tells the masses."""


def balanced(rows: Rows) -> Array | None:
    """Factors μ (N,) of the masses, μ_1 = 1, by which the forces cancel; None where none do.

    Ones where the masses as given do so.
    """
    forces = rows.target.transpose(0, 2, 1).reshape(-1, rows.swarm.count)
    # What quadrature misses of an encounter cancels too: the sum is constant, sample by sample.
    noise = np.sqrt((rows.noise**2).mean(axis=0))
    sizes = np.sqrt((forces**2).mean(axis=0))
    if not sizes.min() > 0:
        return None
    ones = np.ones(rows.swarm.count)
    if _cancel(forces, noise, sizes, ones):
        return ones
    _, singular, right = np.linalg.svd(forces / sizes, full_matrices=False)
    if len(forces) <= rows.swarm.count or singular[-2] < LONELY * singular[-1]:
        return None
    factors = right[-1] / sizes
    if not (factors * factors[0] > 0).all() or not _cancel(forces, noise, sizes, factors):
        return None
    return np.asarray(factors / factors[0])


def _cancel(forces: Array, noise: Array, sizes: Array, factors: Array) -> bool:
    left = float(np.sqrt(((forces @ factors) ** 2).mean()))
    whole = float(np.linalg.norm(sizes * factors))
    return left <= max(BALANCED * whole, NOISE * float(np.linalg.norm(noise * factors)))
