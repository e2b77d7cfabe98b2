"""How finely a law's motion is integrated: as coarsely as its noise allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.flow import RK4, Field, Parameters, Tableau, eighth_order, flow
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


def refined(whole: Shooting, law: Parameters, size: Array, alike: float = ALIKE) -> Shooting:
    """The same with those segments called hard whose states a method of order eight moves by more
    than a part `alike` of the noise `size` (C,): a few close encounters among all the motion.

    They are sought from those that are accelerated most, until a block of segments has none.
    """
    if whole.courses.signals:
        return whole
    order = np.argsort(-_pushed(whole, law))
    hard, begin, many = np.zeros(len(order), dtype=bool), 0, HARDEST
    while begin < len(order):
        some = order[begin : begin + many]
        with np.errstate(all="ignore"):
            plain, fine = (
                flow(whole.field, whole.states[some], whole.times[some], law, method)[0]
                for method in (whole.method, eighth_order())
            )
            off = np.abs(fine - plain)[..., : len(size)].max(axis=1)
        hard[some] = ~(off < alike * size).all(axis=1)
        if not hard[some].any():
            break
        begin, many = begin + many, 2 * many
    return replace(whole, hard=hard) if hard.any() else whole


def _pushed(whole: Shooting, law: Parameters) -> Array:
    """The largest acceleration (S,) of each segment, on the smooth path."""
    courses = whole.courses
    a = whole.field(courses.states, courses.moments, law.coefficients, law.inner).total
    size = np.nan_to_num(np.abs(a).max(axis=1), nan=np.inf)
    starts = np.cumsum([0, *map(len, courses.items)])
    spans = zip(courses.items, starts, strict=False)
    begins = [k + np.arange(0, max(len(item) - 1, 1), INTERVALS) for item, k in spans]
    return np.maximum.reduceat(size, np.concatenate(begins))


def _hardest(whole: Shooting, law: Parameters) -> Courses:
    """The segments that are accelerated most, each as a course of its own."""
    courses = whole.courses
    places = [
        (number, begin)
        for number, item in enumerate(courses.items)
        for begin in range(0, max(len(item) - 1, 1), INTERVALS)
    ]
    chosen = [places[k] for k in np.argsort(_pushed(whole, law))[-HARDEST:]]
    pieces = [courses.items[k].cut(begin, begin + INTERVALS + 1) for k, begin in chosen]
    return Courses(tuple(pieces), courses.dimension)


def _ends(some: Courses, field: Field, method: Tableau, law: Parameters) -> Array:
    """The states of segments under a law, and no numbers where it runs off."""
    with np.errstate(all="ignore"):
        return Shooting.of(some, field, method).flown(law)[0]
