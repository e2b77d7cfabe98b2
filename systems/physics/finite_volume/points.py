"""Levels as points (k, L, δ): what Lüscher's formula speaks of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from systems.physics.finite_volume.curves import Curves
from systems.physics.finite_volume.level_samples import LevelSamples
from systems.physics.finite_volume.models import Array
from systems.physics.finite_volume.wave_numbers import wave_number


@dataclass(frozen=True, eq=False)
class LevelPoints:
    """Levels of boxes, one after the other: momenta `k` in 1/fm, `boxes` in fm, `phases` δ(E_n) in
    rad, and their `numbers` n; all (m,)."""

    k: Array
    boxes: Array
    phases: Array
    numbers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.k)

    def __getitem__(self, index: slice | NDArray[np.intp] | NDArray[np.bool_]) -> LevelPoints:
        """Some of the points, by a slice, by numbers or by a mask."""
        return LevelPoints(
            self.k[index], self.boxes[index], self.phases[index], self.numbers[index]
        )

    @property
    def q(self) -> Array:
        """kL/(2π)."""
        return self.k * self.boxes / (2 * np.pi)

    @property
    def turns(self) -> Array:
        """nπ - δ(E_n) in rad: by Lüscher's formula φ(q)."""
        return self.numbers * np.pi - self.phases

    @staticmethod
    def of(samples: LevelSamples, levels: Array | None = None) -> LevelPoints:
        """The levels n >= 1 that the tables of phase shifts reach, with δ from the tables.

        `levels` (n, count) in MeV are others than the true ones, such as a network's. The lowest
        level is left out: for attraction it lies below threshold, where δ is not real.

        >>> from systems.physics.finite_volume.level_samples import draw_levels
        >>> from systems.physics.finite_volume.kinematic import phase
        >>> points = LevelPoints.of(draw_levels("C", 5, 4, seed=0))
        >>> bool(np.median(abs(points.turns - phase(points.q))) < 1e-3)
        True
        """
        shown = (samples.levels if levels is None else levels)[:, 1:]
        inside = (shown >= samples.energies[0]) & (shown <= samples.energies[-1])
        rows, columns = np.nonzero(inside)
        k = wave_number(shown[inside])
        curves = Curves(samples.energies, samples.phases)
        return LevelPoints(k, samples.boxes[rows], curves.at(k, samples.system[rows]), columns + 1)

    @staticmethod
    def joined(parts: list[LevelPoints]) -> LevelPoints:
        """The points of all parts."""
        columns = zip(
            *((part.k, part.boxes, part.phases, part.numbers) for part in parts), strict=True
        )
        return LevelPoints(*map(np.concatenate, columns))
