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
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.flow import Field, Parameters, Tableau, eighth_order, flow
from interpret.ledger.motion import Courses
from interpret.ledger.noise import Noise
from interpret.ledger.reduced import Reduced
from interpret.ledger.rows import Rows, Stretch

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


class Span(NamedTuple):
    """A stretch: the segments of a course from `begin` to before `end`, and how many samples."""

    course: int
    begin: int
    end: int
    samples: int


@dataclass(frozen=True)
class Chains:
    """Stretches of as many segments, side by side: the numbers of their ``segments`` (m, k).

    The start of each moves with its stretch's by M x_0 + N θ + c: ``moves`` [M | N | c] are
    (m, k, 2d, 2d + P + 1).
    """

    segments: NDArray[np.intp]
    moves: Array


@dataclass(frozen=True)
class Linearised:
    """The rows of every stretch, and how its segments hang together, block by block."""

    stretches: Rows
    chains: tuple[Chains, ...]


@dataclass(frozen=True)
class Shooting:
    """Segments of motions under a field; ``states`` (S, 2d) are where they start.

    ``times`` (S, m + 1); ``first`` numbers the first segment of each course. The `hard` (S,), if
    there are any, are integrated by a method of order eight.
    """

    courses: Courses
    field: Field
    method: Tableau
    times: Array
    states: Array
    first: tuple[int, ...]
    hard: NDArray[np.bool_] | None = None

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
        return max(self._counts)

    def flown(self, law: Parameters) -> tuple[Array, Array]:
        """The states and tangents of all segments under a law."""
        if self.hard is None:
            clock = self._moments if self.courses.signals else np.asarray
            return flow(self.field, self.states, self.times, law, self.method, clock)
        size = self.states.shape[1]
        path = np.empty((*self.times.shape, size))
        tangents = np.empty((*path.shape, size + law.size))
        for some, method in ((~self.hard, self.method), (self.hard, eighth_order())):
            path[some], tangents[some] = flow(
                self.field, self.states[some], self.times[some], law, method
            )
        return path, tangents

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
        blocks, chains = [], []
        for numbers, spans in self._stretches(length):
            own = self._chained(spans, path, tangents)
            rows = self._rows(spans, own, path, tangents)
            if not np.abs(rows.start).max() < LARGEST:
                return None
            blocks.append((numbers, rows))
            chains.append(own)
        return Linearised(Rows(blocks), tuple(chains))

    def moved(self, linearised: Linearised, reduced: Reduced, step: Array) -> Shooting:
        """The segments' starts after a step of the parameters."""
        states = self.states.copy()
        for starts, own in zip(reduced.starts(step), linearised.chains, strict=True):
            one = np.ones((len(starts), 1))
            both = np.concatenate([starts, np.broadcast_to(step, (len(starts), len(step))), one], 1)
            states[own.segments] += (own.moves @ both[:, None, :, None])[..., 0]
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
            settled = abs(gained) < SETTLED + 1e-9 * left
            if settled and (last - left) ** 2 < SETTLED * left:
                # What the step before was off a linear one, this is off by the square of: nothing
                # need be integrated once more.
                return Solution(here, law, reduced.after(step))
            if settled or (np.isfinite(last) and abs(last - left) < 1e-6 * left + SETTLED):
                break
            last = left
        linear = here.linearised(law, length)
        reduced = None if linear is None else Reduced(linear.stretches, noise)
        if reduced is None or not reduced.finite:
            return None
        return Solution(here, law, reduced)

    @cached_property
    def _counts(self) -> list[int]:
        """The segments of each course."""
        ends = (*self.first[1:], len(self.states))
        return [end - begin for begin, end in zip(self.first, ends, strict=True)]

    def _stretches(self, length: int) -> Iterator[tuple[list[int], list[Span]]]:
        """Stretches of about so many segments, by their numbers, those side by side that are alike
        in segments and samples."""
        found: dict[tuple[int, int, bool], tuple[list[int], list[Span]]] = {}
        many = 0
        for number, (course, count) in enumerate(
            zip(self.courses.items, self._counts, strict=True)
        ):
            for begin, end in _cuts(count, length):
                samples = (len(course) if end == count else end * INTERVALS) - begin * INTERVALS
                kind = end - begin, samples, course.weight is None
                numbers, spans = found.setdefault(kind, ([], []))
                numbers.append(many)
                spans.append(Span(number, begin, end, samples))
                many += 1
        yield from found.values()

    def _chained(self, spans: Sequence[Span], path: Array, tangents: Array) -> Chains:
        """Stretches side by side, each segment's start by those before it."""
        begins = np.array([self.first[span.course] + span.begin for span in spans])
        segments = begins[:, None] + np.arange(spans[0].end - spans[0].begin)
        size, many = path.shape[2], tangents.shape[3]
        moves = np.zeros((*segments.shape, size, many + 1))
        moves[:, 0, range(size), range(size)] = 1.0
        for place, (here, ahead) in enumerate(itertools.pairwise(segments.T), start=1):
            ends = tangents[here, -1]
            moves[:, place] = ends[..., :size] @ moves[:, place - 1]
            moves[:, place, :, size:many] += ends[..., size:]
            moves[:, place, :, many] += path[here, -1] - self.states[ahead]
        return Chains(segments, moves)

    def _rows(self, spans: Sequence[Span], own: Chains, path: Array, tangents: Array) -> Stretch:
        """What the samples of stretches side by side say of their starts and the parameters."""
        size, channels = path.shape[2], self.courses.channels
        (many, count), samples = own.segments.shape, spans[0].samples
        # The sample between two segments is the second's.
        places = np.arange(samples)
        segment = np.minimum(places // INTERVALS, count - 1)
        chosen = own.segments[:, segment], places - segment * INTERVALS
        moved = (
            tangents[own.segments, :, :channels, :size].reshape(many, count, -1, size) @ own.moves
        ).reshape(many, count, INTERVALS + 1, channels, -1)[:, segment, chosen[1]]
        cuts = [
            self.courses.items[span.course].cut(first, first + samples)
            for span in spans
            for first in [span.begin * INTERVALS]
        ]
        moved[..., size:-1] += tangents[*chosen, :channels, size:]
        values = np.stack([cut.values for cut in cuts])
        moved[..., -1] = values - path[*chosen, :channels] - moved[..., -1]
        if cuts[0].weight is not None:
            moved = np.stack([cut.weighed(part) for cut, part in zip(cuts, moved, strict=True)])
        return Stretch(moved[..., :size], moved[..., size:-1], moved[..., -1])


@lru_cache(maxsize=64)
def _cuts(count: int, length: int) -> list[tuple[int, int]]:
    """So many segments in stretches of about the same length: where they begin, and end before."""
    edges = np.linspace(0, count, max(1, round(count / length)) + 1).astype(int).tolist()
    return list(itertools.pairwise(edges))


@dataclass(frozen=True)
class Solution:
    """Where Gauss–Newton has settled: the segments' starts, the law, and the rows about it."""

    shooting: Shooting
    law: Parameters
    reduced: Reduced

    def residuals(self) -> list[Array]:
        """What the law leaves of the values of each stretch, (n_j, C)."""
        return self.reduced.residuals(np.zeros(self.law.size))
