"""Lüscher's formula read off predicted levels: the collapse, the poles, the law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from interpret.luescher.blind import BlindPoles, blind_poles
from interpret.luescher.collapse import Collapse, collapse
from interpret.luescher.comparison import LuescherComparison, compare
from interpret.luescher.law import LuescherLaw, read_law
from interpret.luescher.poles import PoleTable, read_poles
from systems.errors import InputError
from systems.finite_volume.points import LevelPoints

MOST = 40_000
MOST_COLLAPSED = 4000
"""So many points tell the exponent to five digits already."""

REACH = 10.95
"""Blind poles are looked for up to this q²: eleven of them."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What predicted levels say: how they collapse, which integers they show, and the law.

    ``law`` and ``comparison`` are None where no integer is resolved. ``blind`` is None where no
    pole was found, and ``points`` are what all of it was read off.
    """

    points: LevelPoints
    collapse: Collapse
    table: PoleTable
    blind: BlindPoles | None
    law: LuescherLaw | None
    comparison: LuescherComparison | None

    def lines(self) -> list[str]:
        """The printed form."""
        lines = [str(self.collapse)]
        if self.law is None or self.comparison is None:
            return [*lines, f"there is no law: {self.table.reading}"]
        lines += str(self.law).splitlines()
        return [*lines, *f"truth: {self.comparison}".splitlines()]

    def to_json(self) -> dict[str, Any]:
        """The same as plain strings, numbers, lists and dicts."""
        return {
            "collapse": self.collapse.to_json(),
            "poles": self.table.to_json(),
            "law": None if self.law is None else self.law.to_json(),
            "comparison": None if self.comparison is None else self.comparison.to_json(),
        }


def read(points: LevelPoints, large: LevelPoints | None = None, seed: int = 0) -> Reading:
    """The law in levels as points (k, L, δ), such as those that a network predicts.

    Integers are read off ``points``; the constants 4π² and 4π, without knowing of them, off
    ``large``, many levels in large boxes, where these are given.

    Raises InputError for too few points.
    """
    rng = np.random.default_rng(seed)
    shown = _some(points, MOST, rng)
    few = _some(points, MOST_COLLAPSED, rng)
    table = read_poles(shown.q**2, shown.phases)
    blind = None if large is None else _blind(large)
    law = read_law(table, blind) if any(table.resolved) else None
    return Reading(
        points=points,
        collapse=collapse(few.k, few.boxes, few.turns),
        table=table,
        blind=blind,
        law=law,
        comparison=None if law is None else compare(law),
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
