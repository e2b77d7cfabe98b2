"""Phase shifts between the energies that they are tabled at: cubic splines in k, many at once.

A phase shift rises like k at threshold: it is smooth in k there, and not in E.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from systems.errors import InputError
from systems.physics.finite_volume.models import Array
from systems.physics.finite_volume.resonances import checked_table
from systems.physics.finite_volume.wave_numbers import checked_energies, wave_number


def checked_curves(energies: ArrayLike, phases: ArrayLike) -> tuple[Array, Array]:
    """Energies (K,) and phases (N, K) that a spline in k can go through; else `InputError`."""
    grid = checked_energies(energies)
    rows = np.asarray(phases, dtype=float)
    if rows.ndim != 2:
        raise InputError(f"phases are a table (systems, energies), not of shape {rows.shape}.")
    if len(grid) < 4:
        raise InputError(f"a table of {len(grid)} energies is too short for a spline; give 4.")
    return grid, checked_table(rows, len(rows), len(grid))


class Curves:
    """N phase shifts (N, K) in rad, tabled at the same energies (K,) in MeV.

    Raises `InputError` for energies that do not rise or lie below threshold, fewer than four of
    them, and phases that do not fit them or are not finite.

    >>> energies = np.linspace(277, 1000, 100)
    >>> curves = Curves(energies, wave_number(energies)[None] / 2)
    >>> curves.at(np.array([1.5]), np.array([0])).round(12).tolist()
    [0.75]
    """

    def __init__(self, energies: ArrayLike, phases: ArrayLike) -> None:
        grid, table = checked_curves(energies, phases)
        self.spline = CubicSpline(wave_number(grid), table, axis=1)

    @property
    def knots(self) -> Array:
        """k of the energies, (K,), in 1/fm."""
        return np.asarray(self.spline.x)

    def at(self, k: Array, rows: NDArray[np.intp]) -> Array:
        """δ in rad at momenta k in 1/fm, the phase shift `rows` at each; both of any one shape.

        Beyond the table the last cubic goes on.
        """
        cells = np.searchsorted(self.knots, k, side="right") - 1
        cells = np.clip(cells, 0, len(self.knots) - 2)
        step = k - self.knots[cells]
        delta = np.zeros(k.shape)
        for coefficients in self.spline.c:
            delta *= step
            delta += coefficients[cells, rows]
        return delta
