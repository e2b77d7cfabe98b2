"""A motion, what may act on it, and the scales by which that is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger import field
from interpret.ledger.candidates import Candidates
from interpret.ledger.flow import Field, Parameters
from interpret.ledger.motion import Course, Courses
from interpret.ledger.potential import Potential
from interpret.ledger.response import response, stretch
from interpret.ledger.rows import Stretch
from interpret.ledger.search import Menu
from interpret.ledger.selection import Scales
from systems.equations import velocity
from systems.forces import TIME
from systems.integrate import compile

Array = NDArray[np.float64]

MOST_GROUPS: Final = 8
VALUES_A_GROUP: Final = 8
"""Fewer measured values than this for a group of candidates let anything be fitted."""

FLOOR: Final = 1e-11
"""No channel is better than this part of its range: doubles, differences and integrators."""

PERIODS: Final = 2.0
SHORTEST: Final = 24
"""Stretches of screening, in periods and at least in samples: a force must show beyond the noise,
and the smooth path is not the law's own for long."""

EXACT: Final = 3e-5
"""A motion is exact whose smooth path leaves less than this part of its range."""

BEYOND_NOISE: Final = 1.5
NOTHING: Final = 1e-6
"""A law that misses 1.5 times what a smooth path does is limited by its form, not by noise."""


@dataclass(frozen=True)
class Setting:
    """A motion, what may act on it, and the scales by which that is judged.

    Of candidates that are `chosen` already each one acts.
    """

    courses: Courses
    candidates: Candidates
    field: Field
    scales: Scales
    extra: tuple[float, ...]
    chosen: bool = False

    @staticmethod
    def of(
        courses: Courses, candidates: Candidates, inner: Array | None = None, searched: int = 0
    ) -> Setting:
        """`searched` says among how many values the constants inside of terms were found."""
        forces = Potential.of(candidates) or field.Field(candidates, courses.speed)
        friction = np.array([item.part == "dissipative" for item in candidates], dtype=bool)
        scales = Scales(np.ones(len(candidates)), friction, FLOOR * courses.range, courses.range)
        plain = Setting(courses, candidates, forces, scales, (0.0,) * len(candidates.groups))
        start = np.ones(len(candidates.inner)) if inner is None else inner
        return plain.paying(searched).at(start)

    def paying(self, searched: int) -> Setting:
        """The same, terms with constants paying for these, found among so many values."""
        rows = len(self.courses.times) * self.courses.channels
        paid = float(np.log(rows) + 2 * np.log(max(searched, 1)))
        groups = self.candidates.groups
        extra = tuple(paid if self.candidates.inside(group) else 0.0 for group in groups)
        return replace(self, extra=extra)

    def at(self, inner: Array) -> Setting:
        """The same, with what candidates are worth where the constants inside have these values."""
        none, courses = np.zeros(len(self.candidates)), self.courses
        columns = self.field(courses.states, courses.moments, none, inner).columns
        each = np.sqrt((columns[..., : len(none)] ** 2).sum(axis=1).mean(axis=0))
        whole = np.sqrt((courses.accelerations**2).sum(axis=1).mean())
        return replace(self, scales=replace(self.scales, accelerations=each / whole))

    def law(self, coefficients: Array, inner: Array) -> Parameters:
        """A law of these coefficients (P,), 0 but for those that are sought, and of the given."""
        return Parameters(coefficients + self.given, inner)

    @property
    def given(self) -> Array:
        """The coefficients that are given (P,), 0 elsewhere."""
        values = np.zeros(len(self.candidates))
        for number, known in self.candidates.given.items():
            values[number] = known.value
        return values

    @property
    def columns(self) -> dict[str, Array]:
        """What terms are written in, by name, at every sample: positions, velocities, features, the
        time and signals."""
        courses, names = self.courses, self.candidates.coordinates
        state = zip([*names, *(velocity(x).name for x in names)], courses.states.T, strict=True)
        features = self.candidates.features
        found = compile(list(features.values()), names)(courses.states[:, : courses.dimension])
        moments = courses.moments.reshape(len(courses.times), -1)
        return {
            **dict(state),
            **dict(zip(features, found.T, strict=True)),
            **dict(zip((TIME.name, *self.candidates.signals), moments.T, strict=True)),
        }

    @property
    def most(self) -> int:
        """Groups that so many values allow."""
        values = len(self.courses.times) * self.courses.channels
        return int(np.clip(values // VALUES_A_GROUP, 1, MOST_GROUPS))

    @property
    def period(self) -> float:
        """Samples of a period, of the fastest course."""
        return max(4.0, self.courses.shortest / self.courses.step)

    def menu(self, *, lifted: bool) -> Menu:
        """The groups' columns; `lifted`: with those of the constants inside them."""
        terms = len(self.candidates)
        groups = self.candidates.groups
        inner = [[terms + k for k in self.candidates.inside(group)] for group in groups]
        columns = [
            (*group, *own) if lifted else group for group, own in zip(groups, inner, strict=True)
        ]
        against = map(self.candidates.rivals, groups)
        apart = tuple(
            frozenset(k for k, other in enumerate(groups) if rivals.intersection(other))
            for rivals in against
        )
        return Menu(tuple(columns), self.extra, apart)

    def pieces(self, course: Course) -> Iterator[tuple[int, int]]:
        """The first samples of a course's stretches, and those before which they end."""
        period = self.courses.period_of(course) / self.courses.step
        length = max(int(PERIODS * max(4.0, period)), SHORTEST)
        cuts = np.linspace(0, len(course), max(1, len(course) // length) + 1).astype(int)
        return pairwise(cuts.tolist())

    @property
    def exact(self) -> bool:
        """Whether what a law leaves can hardly be noise."""
        return self.courses.calm < EXACT

    @property
    def noise_limit(self) -> float:
        """What noise lets a law miss of a channel's range: hardly more than a smooth path does."""
        return max(BEYOND_NOISE * self.courses.calm, NOTHING)

    def parts(self, law: Parameters) -> list[tuple[Course, Stretch]]:
        """The stretches of screening, and their rows along the smooth path.

        The columns are those of coefficients and of the constants inside of terms. What forces
        that are given do is taken off the target.
        """
        found, given = [], list(self.candidates.given)
        values = self.given[given]
        for course in self.courses.items:
            for first, last in self.pieces(course):
                piece = course.cut(first, last)
                columns = response(
                    piece,
                    lambda state, t: self.field(state, t, law.coefficients, law.inner).columns,
                )
                rows = stretch(piece, columns)
                target = rows.target - rows.columns[..., given] @ values
                found.append((piece, replace(rows, target=target)))
        return found
