"""Two particles of any one mass in the units where they are pions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from systems.errors import InputError
from systems.physics.finite_volume.models import PION_MASS, THRESHOLD, Array

ROUNDING: Final = 1e-9
"""Relative: what is this near to threshold is at threshold, written with fewer digits."""


@dataclass(frozen=True)
class Units:
    """Energies in MeV and boxes in fm of two particles of one mass in MeV as those of pions.

        E -> E m_π/m,   L -> L m/m_π

    This leaves δ, q = kL/(2π), E/m and mL as they are. A network that has only seen pions has
    learned a map between such numbers without units, so that its levels of the pions, brought back,
    are those of the other particles.

    Raises `InputError` for a mass that is not positive.

    >>> heavy = Units(2 * PION_MASS)
    >>> heavy.to_energies(np.array([554.0, 800.0])).tolist()
    [277.0, 400.0]
    """

    mass: float = PION_MASS

    def __post_init__(self) -> None:
        if not 0 < self.mass < np.inf:
            raise InputError(f"a mass is a positive number of MeV, not {self.mass:g}.")

    @property
    def threshold(self) -> float:
        """2m in MeV."""
        return 2 * self.mass

    @property
    def ratio(self) -> float:
        """m/m_π."""
        return self.mass / PION_MASS

    def to_energies(self, energies: Array) -> Array:
        """Those of two pions."""
        scaled = energies / self.ratio
        at_threshold = np.abs(scaled - THRESHOLD) <= ROUNDING * THRESHOLD
        return np.where(at_threshold, THRESHOLD, scaled)

    def from_energies(self, energies: Array) -> Array:
        """Back from those of two pions."""
        return energies * self.ratio

    def to_boxes(self, boxes: Array) -> Array:
        """The boxes of the two pions."""
        return boxes * self.ratio


PIONS: Final = Units()
