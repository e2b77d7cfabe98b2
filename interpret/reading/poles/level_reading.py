"""Lüscher's formula read off predicted levels: the collapse, the poles, the laws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from interpret.laws.law import Law
from interpret.reading.poles.blind import BlindPoles, blind_poles
from interpret.reading.poles.collapse import Collapse, collapse
from interpret.reading.poles.common_error import Witnesses
from interpret.reading.poles.pole_laws import read_laws
from interpret.reading.poles.pole_reading import PoleTable, read_poles
from systems.errors import InputError
from systems.physics.finite_volume.points import LevelPoints

MOST = 40_000
MOST_COLLAPSED = 4000
"""So many points tell the exponent to five digits already."""

REACH = 10.95
"""Blind poles are looked for up to this q²: eleven of them."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What predicted levels say: how they collapse, which integers they show, and the laws.

    ``blind`` is None where no pole was found, and ``points`` are what all of it was read off.
    """

    points: LevelPoints
    collapse: Collapse
    table: PoleTable
    blind: BlindPoles | None
    laws: tuple[Law, ...]

    def to_json(self) -> dict[str, Any]:
        """The numbers beside the laws, as plain strings, numbers, lists and dicts."""
        return {
            "collapse": self.collapse.to_json(),
            "poles": self.table.to_json(),
            "blind": None if self.blind is None else self.blind.to_json(),
        }


def read(
    points: LevelPoints,
    large: LevelPoints | None = None,
    seed: int = 0,
    witnesses: Witnesses | None = None,
) -> Reading:
    """The laws in levels as points (k, L, δ), such as those that a network predicts.

    Integers are read off ``points``; the constants 4π² and 4π, without knowing of them, off
    ``large``, many levels in large boxes, where these are given. What other maps say than the one
    that has predicted the points, the `witnesses`, is in the error bars of the integers.

    Raises InputError for too few points.
    """
    rng = np.random.default_rng(seed)
    shown = _some(points, MOST, rng)
    few = _some(points, MOST_COLLAPSED, rng)
    table = read_poles(shown.q**2, shown.phases)
    if witnesses is not None:
        table = table.less_certain(witnesses.common_error(len(table.coefficients) - 1))
    blind = None if large is None else _blind(large)
    return Reading(
        points=points,
        collapse=collapse(few.k, few.boxes, few.turns),
        table=table,
        blind=blind,
        laws=read_laws(table, blind),
    )


def _blind(large: LevelPoints) -> BlindPoles | None:
    seen = large[large.q**2 < REACH]
    try:
        return blind_poles(seen.k, seen.boxes, seen.phases)
    except InputError:
        return None  # that no pole is found is an answer, not a mistake


def _some(points: LevelPoints, most: int, rng: np.random.Generator) -> LevelPoints:
    """So many of them at most, drawn at random."""
    if len(points) <= most:
        return points
    return points[np.sort(rng.choice(len(points), most, replace=False))]
