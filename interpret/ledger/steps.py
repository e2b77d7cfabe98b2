"""How finely a law's motion is integrated: as coarsely as its noise allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.flow import RK4, Field, Parameters, Tableau, eighth_order
from interpret.ledger.motion import Courses
from interpret.ledger.shooting import INTERVALS, Shooting

Array = NDArray[np.float64]

ALIKE: Final = 0.1
"""Where a finer method moves no state by more than this part of its noise, the coarser one does."""

HARDEST: Final = 16
SUBSTEPS: Final = (1, 2, 4, 8)
"""Steps of order eight between two samples that are tried: a close encounter asks for some."""


def shooting(
    courses: Courses,
    field: Field,
    law: Parameters,
    size: Array,
    alike: float = ALIKE,
    substeps: Sequence[int] = SUBSTEPS,
) -> Shooting:
    """Segments that start on the smooth path, by the coarsest method that is fine enough.

    That moves no state by a part `alike` of the noise `size` (C,) of its channel. Where it does, is
    seen on those segments that are accelerated most.
    """
    whole = Shooting.of(courses, field, RK4)
    hardest = _hardest(whole, law)
    method, coarse = RK4, _ends(hardest, field, RK4, law)
    for steps in substeps:
        finer = replace(eighth_order(), steps=steps)
        fine = _ends(hardest, field, finer, law)
        off = np.abs(fine - coarse)[..., : len(size)].max(axis=(0, 1))
        if (off < alike * size).all():
            break
        method, coarse = finer, fine
    return replace(whole, method=method)


def _hardest(whole: Shooting, law: Parameters) -> Courses:
    """The segments that are accelerated most, each as a course of its own."""
    courses = whole.courses
    a = whole.field(courses.states, courses.moments, law.coefficients, law.inner).total
    size = np.nan_to_num(np.abs(a).max(axis=1), nan=np.inf)
    places, pushed, start = [], [], 0
    for number, item in enumerate(courses.items):
        begins = np.arange(0, len(item) - 1, INTERVALS)
        pushed.append(np.maximum.reduceat(size[start : start + len(item)], begins))
        places += [(number, begin) for begin in begins.tolist()]
        start += len(item)
    worst = np.argsort(np.concatenate(pushed))[-HARDEST:]
    chosen = [places[k] for k in worst]
    pieces = [courses.items[k].cut(begin, begin + INTERVALS + 1) for k, begin in chosen]
    return Courses(tuple(pieces), courses.dimension)


def _ends(some: Courses, field: Field, method: Tableau, law: Parameters) -> Array:
    """The states of segments under a law, and no numbers where it runs off."""
    with np.errstate(all="ignore"):
        return Shooting.of(some, field, method).flown(law)[0]
