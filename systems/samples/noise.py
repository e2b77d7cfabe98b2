"""White noise on measured numbers: everywhere a fraction of a size, and of what is said by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError

Array = NDArray[np.float64]


def noisy(values: Array, size: ArrayLike, fraction: float, seed: int) -> Array:
    """x + fraction · size · N(0, 1), of the shape of x; `size` is one number, or broadcast.

    Raises `InputError` for a fraction that is negative or not finite.

    >>> noisy(np.ones(3), [1.0, 0.0, 0.0], 0.5, seed=0)
    array([1.06286511, 1.        , 1.        ])
    """
    stream = np.random.default_rng(seed)
    drawn: Array = values + checked_fraction(fraction) * np.asarray(size) * stream.standard_normal(
        values.shape
    )
    return drawn


def checked_fraction(fraction: float) -> float:
    """The fraction, when it is one that noise can have."""
    if not 0 <= fraction < np.inf:
        raise InputError(f"the noise is a fraction such as 0.01, not {fraction}.")
    return fraction
