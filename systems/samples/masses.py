"""Masses: one positive number for each coordinate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError

Array = NDArray[np.float64]
LARGEST = 1e100  # what is measured, and a mass or its inverse: cubes of it are doubles still


def checked_mass(mass: ArrayLike, coordinates: tuple[str, ...]) -> Array:
    """`mass` as an array (d,): one positive number for each coordinate.

    >>> checked_mass([1, 0.5], ("x",))
    Traceback (most recent call last):
        ...
    systems.errors.InputError: there are 2 masses for 1 coordinate (x); give one mass each.
    """
    try:
        values = np.atleast_1d(np.asarray(mass, dtype=float))
    except (TypeError, ValueError) as error:
        raise InputError(f"the masses are numbers, not {mass!r:.60}.") from error
    d = len(coordinates)
    if values.shape != (d,):
        raise InputError(
            f"there {'is' if values.size == 1 else 'are'} {values.size} "
            f"mass{'es' * (values.size != 1)} for {d} coordinate{'s' * (d != 1)} "
            f"({', '.join(coordinates)}); give one mass each."
        )
    if len(set(coordinates)) < d:
        raise InputError(f"the coordinates {', '.join(coordinates)} are not all different.")
    if not np.all(np.isfinite(values) & (values > 0)):
        raise InputError(f"the masses {', '.join(f'{m:g}' for m in values)} must be positive.")
    if not np.all((values >= 1 / LARGEST) & (values <= LARGEST)):
        raise InputError(
            f"the masses {', '.join(f'{m:g}' for m in values)} must be between {1 / LARGEST:g} and "
            f"{LARGEST:g}; choose other units."
        )
    return values
