"""How long windows should be: as long as they tell most of all terms, their own error included.

    D = mean_k log N S_k²,     k beyond the smallest

is the log of what N rows tell of a combination of terms, averaged over all that do not vanish. Long
windows average noise, but also motion; short ones have room for few samples, and integrate worse.
One number weighs all of it, of noisy data and of exact ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from interpret.weak.observed import Observed
from interpret.weak.rows import Rows
from interpret.weak.spectrum import SMALLEST, Pencil
from interpret.weak.terms import Candidates
from systems.errors import InputError

LADDER: Final = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
START: Final = 4
"""Thirty-two samples are where the search begins: a tenth of a period, or a period."""

FEWEST: Final = 2
"""Rows for each term, at least: with fewer, anything vanishes."""


@dataclass(frozen=True)
class Weighed:
    """Rows of windows of one length, their pencil, and how much they tell."""

    rows: Rows
    pencil: Pencil
    told: float


def weighed(terms: Candidates, observed: Observed, prescribed: Sequence[str] = ()) -> Weighed:
    """The rows of the windows that tell most of the terms.

    Raises InputError where too few samples were measured for so many terms.
    """
    along = terms.along(observed)
    known: dict[int, Weighed | None] = {}

    def at(place: int) -> Weighed | None:
        if place not in known:
            known[place] = None
            if 0 <= place < len(LADDER):
                rows = Rows.of(along, terms.coordinates, observed, LADDER[place], prescribed)
                known[place] = _weighed(rows)
        return known[place]

    here = next((k for k in range(START, -1, -1) if at(k) is not None), None)
    if here is None:
        raise InputError(
            f"{len(observed.q)} samples are too few to tell {len(terms)} candidates of a law with "
            f"unknown kinetic energy apart; measure more, or give a shorter --library."
        )
    best = at(here)
    for way in (1, -1):
        while best is not None and (near := at(here + way)) is not None and near.told > best.told:
            here, best = here + way, near
    assert best is not None, "a length that was found has rows"
    return best


def glanced(terms: Candidates, observed: Observed, prescribed: Sequence[str] = ()) -> float:
    """S of all terms in windows of one length, for a first look; infinite where rows are few."""
    along = terms.along(observed)
    for length in reversed(LADDER[: START + 1]):
        found = _weighed(Rows.of(along, terms.coordinates, observed, length, prescribed))
        if found is not None:
            return float(found.pencil.spectrum(range(len(terms))).values[0])
    return np.inf


def _weighed(rows: Rows) -> Weighed | None:
    """None where there are too few rows."""
    if rows.count < FEWEST * rows.values.shape[2]:
        return None
    pencil = rows.settled(1)
    values = pencil.spectrum(range(len(pencil.noise))).values[1:]
    told = float(np.mean(np.log(rows.count * values**2 + SMALLEST)))
    return Weighed(rows, pencil, told)
