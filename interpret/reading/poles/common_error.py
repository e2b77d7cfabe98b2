"""What a learned map gets wrong for all levels alike, as error bars of the integers read off it.

Levels that a map predicts lie on the map: how they scatter says nothing of how far off the map is.
Other maps of the same levels say it: those learned from a part of the data, and of another kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from interpret.reading.poles.pole_fit import Array
from interpret.reading.poles.pole_reading import read_poles
from systems.physics.finite_volume.points import LevelPoints

MOST_POINTS: Final = 10_000
"""So many points show well enough by how much integers differ."""

SMALLEST: Final = 1e-300


@dataclass(frozen=True, eq=False)
class Witnesses:
    """Levels that other maps predict, where they should all say the same.

    - `whole` and `parts`: by one map learned from all data, and from each part of them alone;
    - `pairs`: by the map in question and by one of another kind, of several models.
    """

    whole: LevelPoints
    parts: Sequence[LevelPoints] = ()
    pairs: Sequence[tuple[LevelPoints, LevelPoints]] = ()

    def common_error(self, last: int) -> Array:
        """The error (last + 1,) that the coefficients of the poles 0 to `last` have in common.

            error² = exp mean log (c_part - c_whole)² + mean (c_one - c_other)²

        The first is that of a mean of two in which each counts by how good it is: with the parts
        s and 1 - s of it, their difference Δ moves from it by s Δ and (1 - s) Δ, and its variance
        is s (1 - s) Δ².
        """
        whole = _coefficients(self.whole, last)
        parts = [_coefficients(part, last) - whole for part in self.parts]
        pairs = [_coefficients(one, last) - _coefficients(other, last) for one, other in self.pairs]
        error = np.zeros(last + 1)
        if parts:
            logarithms = np.log(np.maximum(np.square(parts), SMALLEST))
            error += np.exp(logarithms.mean(axis=0))
        if pairs:
            error += np.square(pairs).mean(axis=0)
        return np.asarray(np.sqrt(error))


def _coefficients(points: LevelPoints, last: int) -> Array:
    """The coefficients of the poles 0 to `last` in some of the points."""
    some = points[:: -(-len(points) // MOST_POINTS)]
    return np.array(read_poles(some.q**2, some.phases, last).coefficients)
