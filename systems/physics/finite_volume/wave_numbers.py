"""Energies of two pions, their momenta and the boxes they are in, checked.

E = 2√(k² + m_π²),   q = kL/(2π)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from systems.errors import InputError
from systems.physics.finite_volume.models import HBARC, MASS, THRESHOLD, Array


def wave_number(energies: ArrayLike) -> Array:
    """k = √(E²/4 - m_π²) in 1/fm of energies in MeV at or above threshold, any shape.

    >>> wave_number([277.0, 500.0]).round(6).tolist()
    [0.0, 1.054743]
    """
    return np.sqrt(squared_wave_number(energies))


def squared_wave_number(energies: ArrayLike) -> Array:
    """k² = E²/4 - m_π² in 1/fm², which is negative below threshold."""
    # The difference of squares is a product, so that it is 0 at threshold.
    E = np.asarray(energies, dtype=float)
    k2: Array = (E - THRESHOLD) * (E + THRESHOLD) / (2 * HBARC) ** 2
    return k2


def pair_energy(k: ArrayLike) -> Array:
    """E = 2√(k² + m_π²) in 1/fm, of momenta in 1/fm."""
    energies: Array = 2 * np.hypot(k, MASS)
    return energies


def checked_energies(energies: ArrayLike) -> Array:
    """Energies (K,) in MeV that increase from threshold or above; `InputError` for others."""
    values = np.asarray(energies, dtype=float)
    if values.ndim != 1 or not len(values):
        raise InputError(f"energies are a row of numbers (K,), not of shape {values.shape}.")
    if not np.isfinite(values).all():
        raise InputError("an energy is not finite; remove it.")
    if not (np.diff(values) > 0).all():
        raise InputError("energies must increase from each to the next; sort them.")
    if values[0] < THRESHOLD:
        raise InputError(
            f"the energy {values[0]:g} MeV is below the threshold of two pions, {THRESHOLD:g} MeV, "
            f"where nothing scatters."
        )
    return values


def checked_boxes(boxes: ArrayLike, shape: tuple[int, ...]) -> Array:
    """The box sizes in fm in this shape, from one size or one for each; `InputError` for others."""
    sizes = np.asarray(boxes, dtype=float)
    if sizes.shape not in {(), shape}:
        raise InputError(f"boxes are one size or of the shape {shape}, not {sizes.shape}.")
    if not (np.isfinite(sizes) & (sizes > 0)).all():
        raise InputError("the size of a box is a positive number of fm.")
    return np.broadcast_to(sizes, shape)


def checked_count(count: int) -> int:
    """How many levels are asked for; `InputError` if none."""
    if count < 1:
        raise InputError(f"one level or more can be asked for, not {count}.")
    return count
