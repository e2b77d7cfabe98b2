"""Noisy samples, many to a period, in cells: their means tell the motion as well as all of them.

    y_c = ŷ(t_c) + mean of y_i - ŷ(t_i) over the cell,    t_c the mean of its times

The smooth path ŷ takes the curvature off, so what is averaged is noise and what ŷ itself misses of
the motion: of that a mean shifts h²/24 of the second derivative. A cell of a 32nd of a period hides
1/300 of what its samples tell of a force. In a close encounter ŷ misses far more: where what it
misses runs or bends within a cell beyond all chance, all of them are smaller.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.motion import Array, Course, Courses
from interpret.ledger.noise import NORMAL

A_PERIOD: Final = 32
"""Cells of a period, at least: (2π/32)²/12 of what samples tell is lost."""

ENOUGH: Final = 2000
"""Cells of all trajectories together that cost nothing worth saving."""

FEWEST: Final = 16
"""Of a trajectory: two segments of shooting."""

WORTH: Final = 4
"""Samples of a cell, at least: of fewer the means are not of one σ, and little is saved."""

BENT: Final = 5.0
"""Robust deviations of a cell's slope or bend that are no chance among tens of thousands."""


def celled(courses: Courses, enough: int = ENOUGH) -> Courses:
    """The same motion by the means of cells, `enough` cells in all where the motion needs no more.
    Values of different σ stay as they are.

    >>> from interpret.ledger.path import Path
    >>> rng = np.random.default_rng(0)
    >>> t = np.linspace(0, 6, 8001)
    >>> curves = [lambda t, f=f: f(t)[:, None] for f in (np.sin, np.cos, lambda t: -np.sin(t))]
    >>> seen = np.sin(t)[:, None] + 0.1 * rng.normal(size=(8001, 1))
    >>> few = celled(Courses((Course(t, seen, Path(*curves)),), 1))
    >>> len(few.items[0]), few.scatter.round(2)
    (2000, array([0.05]))
    """
    least = max(FEWEST, enough // len(courses.items))
    period = courses.shortest
    size = min(len(item) // _cells(item, least, period) for item in courses.items)
    if size < WORTH or any(item.weight is not None for item in courses.items):
        return courses
    straight = _straight(courses, size)
    return replace(courses, items=tuple(_celled(item, straight) for item in courses.items))


def _straight(courses: Courses, size: int) -> int:
    """Samples of a cell, halved while what ŷ misses is bent within one of any trajectory."""
    left = [item.values - item.states[:, : item.values.shape[1]] for item in courses.items]
    while size >= 2 * WORTH:
        shapes = np.abs(np.concatenate([_shapes(rows, size) for rows in left]))
        # The motion of most is followed: they tell what noise makes of a slope and of a bend.
        if not (shapes > BENT * NORMAL * np.median(shapes, axis=0)).any():
            break
        size //= 2
    return size


def _shapes(rows: Array, size: int) -> Array:
    """Slope and bend (cells, 2 C) of rows (n, C) within every cell: by Legendre's P₁ and P₂."""
    starts, counts = _bounds(len(rows), size)
    x = _inside(len(rows), size)
    sums = [np.add.reduceat(p * rows, starts, axis=0) for p in (x, 1.5 * x * x - 0.5)]
    return np.hstack(sums) / np.sqrt(counts)


@lru_cache(maxsize=64)
def _inside(samples: int, size: int) -> Array:
    """Where samples lie in their cells (n, 1), from -1 to 1."""
    starts, counts = _bounds(samples, size)
    own = counts[:, 0].astype(int)
    number = np.arange(samples) - np.repeat(starts, own)
    place: Array = ((2 * number + 1) / np.repeat(own, own) - 1)[:, None]
    return place


def _cells(course: Course, least: int, period: float) -> int:
    """At least so many, and as many as its periods need."""
    periods = float(course.t[-1] - course.t[0]) / period
    return max(least, math.ceil(A_PERIOD * periods))


def _celled(course: Course, size: int) -> Course:
    """One trajectory in cells of about so many samples."""
    starts, counts = _bounds(len(course), size)

    def mean(rows: Array) -> Array:
        sums: Array = np.add.reduceat(rows, starts, axis=0)
        return sums / counts

    channels = course.values.shape[1]
    t = mean(course.t[:, None])[:, 0]
    missed = course.values - course.states[:, :channels]
    return replace(course, t=t, values=course.path.state(t)[:, :channels] + mean(missed))


@lru_cache(maxsize=64)
def _bounds(samples: int, size: int) -> tuple[NDArray[np.intp], Array]:
    """Where cells of about so many samples start, and how many (c, 1) each has."""
    edges = np.linspace(0, samples, samples // size + 1).astype(np.intp)
    return edges[:-1], np.diff(edges)[:, None].astype(float)


def few(courses: Courses, values: int) -> Courses:
    """As many of the trajectories, evenly among all, as hold about so many values."""
    numbers: Sequence[int] = range(len(courses.items))
    kept = max(1, round(len(numbers) * values / (len(courses.times) * courses.channels)))
    chosen = [number * len(numbers) // kept for number in range(min(kept, len(numbers)))]
    return replace(courses, items=tuple(courses.items[number] for number in chosen))
