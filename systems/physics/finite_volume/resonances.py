"""Which systems a table of phase shifts describes: without bound states and narrow resonances.

A resonance narrower than the grid of a table is in the levels but not in the table, where nothing
can be learned of it. By Lüscher's formula the levels of a box below E number

    #(levels < E) = ⌊(δ(E) + φ(q))/π⌋ + 1,   q = kL/(2π),

and what the secular matrix counts is exact: where the two differ, the table has missed something.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError
from systems.physics.finite_volume.kinematic import phase
from systems.physics.finite_volume.models import THRESHOLD, Array, Couplings
from systems.physics.finite_volume.shifts import bound_states
from systems.physics.finite_volume.spectrum import levels_below
from systems.physics.finite_volume.wave_numbers import checked_energies, wave_number

LARGEST_STEP: Final = 0.5
"""In rad, from one energy to the next."""

NEAR: Final = 0.05
"""A level this near, in units of π, may lie on either side: Lüscher's formula is not exact."""

BOXES: Final = (14.0, 11.3)


def resolved(
    couplings: Couplings, phases: ArrayLike, energies: ArrayLike, boxes: Sequence[float] = BOXES
) -> NDArray[np.bool_]:
    """Which of the N systems have a table `phases` (N, K) that tells their levels: a mask (N,).

    Those that bind nothing, whose phases change by less than 0.5 rad from each of the energies (K,)
    to the next, the first step excepted, which may be steep at threshold, and whose levels in each
    of the `boxes`, in fm, are as many at every energy as the phases say.

    Raises `InputError` for shapes that disagree and for energies that `phase_shifts` refuses.

    >>> from systems.physics.finite_volume.shifts import phase_shifts
    >>> energies = np.linspace(277.0, 1000.0, 100)
    >>> wide_and_narrow = Couplings("C", 600.0, [1.2, 0.05], 0.8, 0.4, 0.7)
    >>> resolved(wide_and_narrow, phase_shifts(wide_and_narrow, energies), energies).tolist()
    [True, False]
    """
    grid = checked_energies(energies)
    table = checked_table(phases, len(couplings), len(grid))
    good: NDArray[np.bool_] = bound_states(couplings) == 0
    good &= (np.abs(np.diff(table[:, 1:], axis=1)) < LARGEST_STEP).all(axis=1)
    for box in boxes:
        rows = np.flatnonzero(good)
        good[rows] = _counts_agree(couplings[rows], table[rows], grid, box)
    return good


def checked_table(phases: ArrayLike, systems: int, energies: int) -> Array:
    """Phases (N, K) as an array; `InputError` for other shapes and for what is not finite."""
    table = np.asarray(phases, dtype=float)
    if table.shape != (systems, energies):
        raise InputError(
            f"the phases {table.shape} of {systems} systems at {energies} energies must have the "
            f"shape ({systems}, {energies})."
        )
    if not np.isfinite(table).all():
        raise InputError("a phase shift is not finite; remove the systems that have such phases.")
    return table


def _counts_agree(
    couplings: Couplings, phases: Array, energies: Array, box: float
) -> NDArray[np.bool_]:
    """Whether the levels in a box are, above threshold, as many as the phases say, (N,)."""
    above = energies > THRESHOLD
    k = wave_number(energies[above])
    turns = (phases[:, above] + phase(k * box / (2 * np.pi))) / np.pi
    expected = np.floor(turns) + 1
    near = np.abs(turns - np.round(turns)) < NEAR
    agree = (expected == levels_below(couplings, box, energies[above])) | near
    everywhere: NDArray[np.bool_] = agree.all(axis=1)
    return everywhere
