"""How much each sample counts: 1/σ of its acceleration, as far as that is known or can be told."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interpret.lagrangians.candidate_equations import CandidateEquations
from interpret.lagrangians.null_space import spectrum
from systems.errors import InputError

Array = NDArray[np.float64]

FLOOR: Final = 0.05
"""Weights 1/(|a| + FLOOR · rms a): noise that grows with the acceleration has a floor."""

EXACT: Final = 1e-9
"""A misfit below this fraction of the accelerations is rounding."""


def known_weights(noise: ArrayLike, count: int) -> Array:
    """1/σ of every sample (count,), from one σ for all or one for each.

    >>> known_weights(0.5, 2)
    array([2., 2.])
    """
    level = np.asarray(noise, dtype=float)
    if level.shape not in ((), (count,)) or not (np.isfinite(level) & (level > 0)).all():
        raise InputError(
            "the noise is the standard deviation of the accelerations: one positive number, or "
            "one for each sample."
        )
    return np.array(np.broadcast_to(1 / level, count))


def likely_weights(equations: CandidateEquations, qdd: Array) -> Array:
    """Weights (n,) of geometric mean 1, for noise that is white or grows with |q̈|.

    What the best combination leaves of its equations, r = M ε, tells |ε|² ≈ |r|²/|M|². Of the two
    the likelier is taken, which has the smaller mean of w² |ε|²; without noise the second one, so
    that small accelerations are matched as well as large ones.
    """
    size = np.linalg.norm(qdd, axis=1)
    usual = float(np.sqrt(np.mean(size**2))) or 1.0
    white = np.ones(len(qdd))
    growing = 1 / (size + FLOOR * usual)
    growing /= np.exp(np.log(growing).mean())
    found = spectrum(equations, qdd, white)
    if found.noise[0] < EXACT * usual:
        return growing
    masses, forces = equations.combined(found.directions[:, 0])
    left = np.einsum("nij,nj->ni", masses, qdd) - forces
    total = (masses**2).sum(axis=(1, 2))
    moved = total > 0
    noise = (left[moved] ** 2).sum(axis=1) / total[moved]
    white_level = float(noise.mean())
    growing_level = float((growing[moved] ** 2 * noise).mean())
    return white if white_level < growing_level else growing
