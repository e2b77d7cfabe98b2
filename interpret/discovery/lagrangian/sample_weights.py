"""How much each sample counts: 1/σ of its acceleration, given or supposed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError

Array = NDArray[np.float64]

FLOOR: Final = 0.05
"""Weights 1/(|a| + FLOOR · rms a): noise that grows with the acceleration has a floor."""


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


def growing_weights(qdd: Array) -> Array:
    """1/(|q̈| + 0.05 rms |q̈|) of every sample (n,), divided by their geometric mean.

    >>> growing_weights(np.array([[1.0], [4.0]])).round(2)
    array([1.9 , 0.53])
    """
    size = np.linalg.norm(qdd, axis=1)
    usual = float(np.sqrt(np.mean(size**2))) or 1.0
    weights: Array = 1 / (size + FLOOR * usual)
    return np.asarray(weights / np.exp(np.log(weights).mean()))
