"""Constant phase shifts: no model has them, so a network can only know their levels by the law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from systems.physics.finite_volume import momentum
from systems.physics.finite_volume.models import HBARC, Array
from systems.physics.finite_volume.wave_numbers import pair_energy

DEGREES = (-30, -15, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165)
BOXES = (9.5, 11.0, 12.5, 14.0)


@dataclass(frozen=True, eq=False)
class ConstantShifts:
    """`phases` (n, K) that are constant along each row, `boxes` (n,) in fm, and `levels` (n, N)
    in MeV by Lüscher's formula, NaN for the lowest and for those beyond the table."""

    phases: Array
    boxes: Array
    levels: Array

    @staticmethod
    def of(energies: Array, count: int = 10) -> ConstantShifts:
        """Shifts from -30° to 165° in four boxes, tabled at the energies (K,).

        The n-th level has φ(q) = nπ - δ. The lowest is left out: a constant δ, being no function of
        k at threshold, has none there.

        >>> constant = ConstantShifts.of(np.linspace(277, 1000, 100))
        >>> constant.levels.shape, int(np.isnan(constant.levels[:, 1]).sum())
        ((52, 10), 0)
        """
        degrees, boxes = (grid.ravel() for grid in np.meshgrid(DEGREES, BOXES))
        shifts = np.radians(degrees.astype(float))
        phases = np.repeat(shifts[:, None], len(energies), axis=1)
        q = momentum(np.arange(1, count) * np.pi - shifts[:, None])
        levels = np.full((len(shifts), count), np.nan)
        levels[:, 1:] = HBARC * pair_energy(2 * np.pi * q / boxes[:, None])
        levels[levels > energies[-1]] = np.nan
        return ConstantShifts(phases, boxes, levels)
