"""What a network is shown of a phase shift and a box.

raw    δ at the energies it is tabled at, and the size L of the box: what the paper's network has
grid   δ at fixed q = kL/2π: the same curve, where the box has its levels
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from systems.errors import InputError, nearest
from systems.physics.finite_volume.curves import Curves
from systems.physics.finite_volume.wave_numbers import wave_number
from training.prepare.stencils import Array

KINDS = ("grid", "raw")
POINTS = 72
LARGEST = 3.55
"""The largest q of the grid: the tenth level without interaction has q = √12, or 3.46."""

MIDDLE = 1.2
"""Subtracted from every phase shift (rad), which here runs from about 0 to 3."""

BOXES = (11.5, 2.5)
"""The middle and the half-width (fm) of the boxes that are drawn."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Phase shifts (n, K) tabled at ``energies`` (K,) MeV and boxes (n,) fm -> inputs (n, f).

    Beyond the table the grid holds its last δ: nothing of it reaches levels inside the table.

    Raises InputError for a kind other than "grid" and "raw".
    """

    energies: Array
    kind: str = "grid"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(
                f"a network of levels is shown {' or '.join(KINDS)} inputs, not {self.kind!r}."
                f"{nearest(self.kind, KINDS)}"
            )

    @property
    def size(self) -> int:
        """f."""
        return POINTS if self.kind == "grid" else len(self.energies) + 1

    def __call__(self, phases: Array, boxes: Array) -> Array:
        """The inputs (n, f), all of them of order one."""
        if self.kind == "raw":
            middle, half = BOXES
            return np.column_stack([phases - MIDDLE, (boxes - middle) / half])
        q = np.linspace(0, LARGEST, POINTS)
        k = np.minimum(2 * np.pi * q / boxes[:, None], wave_number(self.energies[-1]))
        rows = np.broadcast_to(np.arange(len(phases))[:, None], k.shape)
        return Curves(self.energies, phases).at(k, rows) - MIDDLE
