"""Energy levels of the models in a box, from the secular matrix.

The secular determinant D(E) has a pole at every free level and a zero at every level. Multiplied by
Π_n (E - 2ω_n) it is smooth, and the count of `secular` says on which side of
an energy the j-th level lies: bisection by the count isolates the level, interpolation ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from systems.errors import InputError
from systems.physics.finite_volume.models import HBARC, MASS, Array, Couplings
from systems.physics.finite_volume.roots import zeros
from systems.physics.finite_volume.secular import Counts, determinant, extra_levels
from systems.physics.finite_volume.shells import shells
from systems.physics.finite_volume.states import moved_states, states_of_box
from systems.physics.finite_volume.wave_numbers import (
    checked_boxes,
    checked_count,
    pair_energy,
    squared_wave_number,
)

LEVELS: Final = 10
BATCH: Final = 256
BISECTIONS: Final = 5
MOST_BISECTIONS: Final = 100
TOLERANCE: Final = 1e-10 / HBARC
"""In 1/fm: the last step of every level is smaller."""


def levels(couplings: Couplings, box: ArrayLike, count: int = LEVELS) -> Array:
    """The lowest energies (N, count) in MeV, in a box of one size in fm or of N sizes (N,).

    Levels above 0 are right to 1e-7 MeV in boxes up to 100 fm. Those of bound states come first.

    Raises `InputError` for boxes of no positive size and for a count below 1.

    >>> one = Couplings("A", 600.0, 1.2, 0.8, 0.4, 0.7)
    >>> levels(one, 10.0, count=3).round(6).tolist()
    [[272.290025, 331.598353, 405.554648]]
    """
    boxes = checked_boxes(box, (len(couplings),))
    checked_count(count)
    energies = np.empty((len(couplings), count))
    for first in range(0, len(couplings), BATCH):
        batch = slice(first, first + BATCH)
        energies[batch] = _solved(_Secular.of(couplings[batch], boxes[batch], count), count)
    return HBARC * energies


def levels_below(couplings: Couplings, box: ArrayLike, energies: ArrayLike) -> Counts:
    """How many levels (N, K) of a box lie below each of the energies (K,) in MeV.

    Raises `InputError` for energies that are not finite and for boxes of no positive size.

    >>> one = Couplings("A", 600.0, 1.2, 0.8, 0.4, 0.7)
    >>> levels_below(one, 10.0, [270.0, 300.0, 400.0]).tolist()
    [[0, 1, 2]]
    """
    boxes = checked_boxes(box, (len(couplings),))
    E = np.asarray(energies, dtype=float)
    if E.ndim != 1 or not len(E) or not np.isfinite(E).all():
        raise InputError(f"energies are a row of finite numbers (K,), not {np.array2string(E)}.")
    counts = np.empty((len(couplings), len(E)), dtype=np.int64)
    for size in np.unique(boxes):
        rows = boxes == size
        counts[rows] = _below(couplings[rows], float(size), E)
    return counts


def _below(couplings: Couplings, box: float, energies: Array) -> Counts:
    """`levels_below` in one box."""
    unit = 2 * np.pi / box
    highest = max(float(squared_wave_number(energies).max()), 0.0)
    states = states_of_box(float(np.ceil(np.sqrt(highest) / unit)) + 1.0)
    k = unit * states.x
    free = pair_energy(k)
    E = energies / HBARC
    gaps = E[:, None] - free
    # At a free level itself, the count is that just below it.
    gaps[np.abs(gaps) < TOLERANCE] = -TOLERANCE
    kernel = (unit**3 * states.weights / gaps).T
    g, h = couplings.vertices(k)
    loops = np.stack([(g * g) @ kernel, (g * h) @ kernel, (h * h) @ kernel])
    below = (gaps[:, : states.shells] > 0).sum(axis=1)
    counts: Counts = below + extra_levels(couplings, E, loops)
    return counts


def _reach(count: int) -> float:
    """The lowest `count` levels lie below this q: no more than one is pushed beyond its shell."""
    return float(np.sqrt(_first_shells(count + 2)[-1]))


def _first_shells(count: int) -> Counts:
    # At least five of six numbers are sums of three squares.
    return shells(count + count // 4 + 1)[:count]


@dataclass(frozen=True, eq=False)
class _Secular:
    """The secular matrices of N systems, each in its box.

    `free` (N, P) holds energies 2ω in 1/fm, of which the first `shells` are free levels; `residues`
    (N, P, 3) holds w F_i F_j.
    """

    couplings: Couplings
    free: Array
    residues: Array
    shells: int

    @classmethod
    def of(cls, couplings: Couplings, boxes: Array, count: int) -> _Secular:
        reach = _reach(count)
        states = states_of_box(reach)
        few, matrix = moved_states(reach)
        unit = 2 * np.pi / boxes[:, None]
        g, h = couplings.vertices(unit * states.x)
        weights = unit**3 * states.weights
        residues = np.stack([(weights * x) @ matrix for x in (g * g, g * h, h * h)], axis=-1)
        return cls(couplings, pair_energy(unit * few), residues, count + 2)

    def lowest(self) -> Array:
        """An energy (N,) below every level: that of H0 less the norm of the potential."""
        total = self.residues.sum(axis=1)
        start = np.minimum(self.couplings.bare_mass / HBARC, 2 * MASS)
        contact = np.maximum(-self.couplings.G, 0) / MASS**2 * total[:, 2]
        lowest: Array = start - np.sqrt(total[:, 0]) - contact - 1.0
        return lowest

    def below(self, E: Array) -> Counts:
        """The number of levels below E, (N, J) as E."""
        gaps = self._gaps(E)
        free = (gaps[:, :, : self.shells] > 0).sum(axis=-1)
        counts: Counts = free + extra_levels(self.couplings, E, self._loops(gaps))
        return counts

    def smooth(self, E: Array) -> Array:
        """D Π (E - 2ω), (N, J) as E."""
        gaps = self._gaps(E)
        poles = gaps[:, :, : self.shells].prod(axis=-1)
        smooth: Array = determinant(self.couplings, E, self._loops(gaps)) * poles
        return smooth

    def _gaps(self, E: Array) -> Array:
        """E - 2ω, (N, J, P), and never 0."""
        gaps = E[:, :, None] - self.free[:, None, :]
        gaps[gaps == 0] = -np.finfo(float).eps
        return gaps

    def _loops(self, gaps: Array) -> Array:
        return np.moveaxis((1 / gaps) @ self.residues, -1, 0)


def _solved(secular: _Secular, count: int) -> Array:
    """The lowest levels (N, count) in 1/fm."""
    level = np.arange(count)
    low, high = _brackets(secular, count)
    for step in range(MOST_BISECTIONS):
        if step >= BISECTIONS:
            held = secular.below(high) - secular.below(low)
            if not ((held > 1) & (high - low > TOLERANCE)).any():
                break
        middle = (low + high) / 2
        above = secular.below(middle) > level
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return zeros(secular.smooth, low, high, TOLERANCE)


def _brackets(secular: _Secular, count: int) -> tuple[Array, Array]:
    """Energies (N, count) below and above level j: it lies between the shells j - 2 and j + 1."""
    free = secular.free[:, : count + 2]
    middles = (free[:, :-1] + free[:, 1:]) / 2
    lowest = np.repeat(secular.lowest()[:, None], min(3, count), axis=1)
    low = np.hstack([lowest, middles[:, : max(count - 3, 0)]])
    return low, middles[:, 1:]
