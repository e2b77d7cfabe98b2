"""Lifted multiple shooting: short segments integrated side by side, and joined by elimination.

Every segment of a motion has a state of its own to start from. Within a stretch the gaps between
one segment's end and the next one's start are closed to first order, so that a stretch has one
initial state; stretches grow until each is a whole trajectory. Segments are too short for an error
to grow in, so wrong starts and sensitive motion do no harm, and all are integrated as one array.

Source: H. G. Bock, "Randwertproblemmethoden zur Parameteridentifizierung", Bonn 1987;
J. Albersmeyer and M. Diehl, SIAM J. Optim. 20, 1655 (2010), for the lifting.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.flow import Field, Parameters, Tableau, flow
from interpret.ledger.motion import Courses
from interpret.ledger.rows import Noise, Reduced, Rows, Stretch

Array = NDArray[np.float64]

INTERVALS: Final = 8
"""Sample intervals a segment: long enough for numpy, too short for errors to grow in."""

MOST_STEPS: Final = 20
SETTLED: Final = 1e-3
"""χ² that a step gains, below which the fit has settled: error bars mean one unit."""

RUNS_AWAY: Final = 1e4
"""χ² that grows by more in one step is no descent."""

LARGEST: Final = 1e13
"""States that have grown by more than this have lost their digits. Columns grow with them, but have
units of their own."""


@dataclass(frozen=True)
class Node:
    """How the start of one segment moves with its stretch: M x_0 + N θ + c."""

    number: int
    by_state: Array
    by_parameters: Array
    gap: Array


@dataclass(frozen=True)
class Linearised:
    """The rows of every stretch, and how its nodes move."""

    stretches: Rows
    nodes: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True)
class Shooting:
    """Segments of motions under a field; ``states`` (S, 2d) are where they start.

    ``times`` (S, m + 1); ``first`` numbers the first segment of each course.
    """

    courses: Courses
    field: Field
    method: Tableau
    times: Array
    states: Array
    first: tuple[int, ...]

    @staticmethod
    def of(courses: Courses, field: Field, method: Tableau) -> Shooting:
        """Segments that start on the smooth path."""
        times: list[Array] = []
        states: list[Array] = []
        first: list[int] = []
        segments = 0
        for course in courses.items:
            first.append(segments)
            count = max(1, -(-(len(course) - 1) // INTERVALS))
            places = np.arange(count)[:, None] * INTERVALS + np.arange(INTERVALS + 1)
            own = course.t[np.minimum(places, len(course) - 1)]
            times.append(own)
            states.append(course.path.state(own[:, 0]))
            segments += count
        every = np.concatenate(times), np.concatenate(states)
        return Shooting(courses, field, method, *every, tuple(first))

    @property
    def longest(self) -> int:
        """The most segments that a course has."""
        return max(self._count(number) for number in range(len(self.first)))

    def flown(self, law: Parameters) -> tuple[Array, Array]:
        """The states and tangents of all segments under a law."""
        return flow(self.field, self.states, self.times, law, self.method, self._moments)

    def _moments(self, times: Array) -> Array:
        """What every segment's course says of one time each."""
        ends = (*self.first[1:], len(self.states))
        spans = zip(self.courses.items, self.first, ends, strict=True)
        return np.concatenate([item.moments(times[begin:end]) for item, begin, end in spans])

    def linearised(self, law: Parameters, length: int) -> Linearised | None:
        """The rows about a law, of stretches of about `length` segments; None where it runs off."""
        with np.errstate(all="ignore"):
            path, tangents = self.flown(law)
        if not (np.isfinite(path).all() and np.isfinite(tangents).all()):
            return None
        stretches, nodes = [], []
        for number in range(len(self.first)):
            count = self._count(number)
            parts = max(1, round(count / length))
            cuts = np.linspace(0, count, parts + 1).astype(int)
            for begin, end in itertools.pairwise(cuts):
                own = tuple(self._nodes(number, range(begin, end), path, tangents))
                rows = self._rows(number, range(begin, end), own, path, tangents)
                if not np.abs(rows.start).max() < LARGEST:
                    return None
                stretches.append(rows)
                nodes.append(own)
        return Linearised(Rows.of(stretches), tuple(nodes))

    def moved(self, linearised: Linearised, reduced: Reduced, step: Array) -> Shooting:
        """The segments' starts after a step of the parameters."""
        states = self.states.copy()
        for start, nodes in zip(reduced.starts(step), linearised.nodes, strict=True):
            for node in nodes:
                move = node.by_state @ start + node.by_parameters @ step + node.gap
                states[node.number] += move
        return replace(self, states=states)

    def solved(
        self, law: Parameters, active: Sequence[int], length: int, noise: Noise
    ) -> Solution | None:
        """Gauss–Newton on some parameters and all starts, at a given noise.

        None where the motion of the law leaves the numbers, or χ² runs away.
        """
        here, last = self, np.inf
        for _ in range(MOST_STEPS):
            linear = here.linearised(law, length)
            reduced = None if linear is None else Reduced(linear.stretches, noise)
            if linear is None or reduced is None or not reduced.finite:
                return None
            step = reduced.step(active)
            left = reduced.chi_squared(step)
            gained = reduced.chi_squared(np.zeros_like(step)) - left
            if not np.isfinite(left) or left > RUNS_AWAY * last:
                return None
            here, law = here.moved(linear, reduced, step), law.moved(step)
            still = np.isfinite(last) and abs(last - left) < 1e-6 * left + SETTLED
            if abs(gained) < SETTLED + 1e-9 * left or still:
                break
            last = left
        linear = here.linearised(law, length)
        reduced = None if linear is None else Reduced(linear.stretches, noise)
        if reduced is None or not reduced.finite:
            return None
        return Solution(here, law, reduced)

    def _count(self, number: int) -> int:
        ends = (*self.first[1:], len(self.states))
        return ends[number] - self.first[number]

    def _samples(self, number: int, segment: int) -> tuple[int, int]:
        """The first sample of a segment, and how many are its own."""
        begin = segment * INTERVALS
        whole = len(self.courses.items[number])
        last = segment == self._count(number) - 1
        return begin, whole - begin if last else INTERVALS

    def _nodes(self, number: int, segments: range, path: Array, tangents: Array) -> Iterator[Node]:
        size = path.shape[2]
        by_state, gap = np.eye(size), np.zeros(size)
        by_parameters = np.zeros((size, tangents.shape[3] - size))
        for segment in segments:
            k = self.first[number] + segment
            yield Node(k, by_state, by_parameters, gap)
            if segment + 1 < segments.stop:
                grown, pushed = tangents[k, -1, :, :size], tangents[k, -1, :, size:]
                gap = grown @ gap + path[k, -1] - self.states[k + 1]
                by_parameters = grown @ by_parameters + pushed
                by_state = grown @ by_state

    def _rows(
        self, number: int, segments: range, nodes: Sequence[Node], path: Array, tangents: Array
    ) -> Stretch:
        size, channels = path.shape[2], self.courses.channels
        course = self.courses.items[number]
        start, columns, target = [], [], []
        for segment, node in zip(segments, nodes, strict=True):
            begin, count = self._samples(number, segment)
            grown = tangents[node.number, :count, :channels, :size]
            pushed = tangents[node.number, :count, :channels, size:]
            seen = path[node.number, :count, :channels] + grown @ node.gap
            missed = course.values[begin : begin + count] - seen
            start.append(course.weighed(grown @ node.by_state, begin))
            columns.append(course.weighed(grown @ node.by_parameters + pushed, begin))
            target.append(course.weighed(missed, begin))
        return Stretch(*map(np.concatenate, (start, columns, target)))


@dataclass(frozen=True)
class Solution:
    """Where Gauss–Newton has settled: the segments' starts, the law, and the rows about it."""

    shooting: Shooting
    law: Parameters
    reduced: Reduced

    def residuals(self) -> list[Array]:
        """What the law leaves of the values of each stretch, (n_j, C)."""
        return self.reduced.residuals(np.zeros(self.law.size))
