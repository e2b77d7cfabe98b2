"""A law with unknown kinetic energy on its own path: most likely numbers by multiple shooting.

The terms that weak rows chose are fitted to the raw values, one of them held, along stretches that
are joined as far as the law can follow. Friction that the rows did not choose is offered again: a
weak one shows in a whole stretch rather than in a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.flow import Parameters
from interpret.ledger.motion import Courses
from interpret.ledger.noise import Noise
from interpret.ledger.reduced import Reduced
from interpret.ledger.shooting import INTERVALS, Shooting, Solution
from interpret.ledger.steps import shooting
from interpret.weak.moving_masses import MovingMasses
from interpret.weak.terms import Terms
from training.prepare.noise import NEGLIGIBLE

Array = NDArray[np.float64]

ROUNDS: Final = 3
STILL: Final = 0.05
"""Fits by which the noise settles, to a change that moves no error bar by more than a twentieth."""

FLOOR: Final = 1e-11
"""No channel is better than this part of its range: doubles, and the digits of a file."""

WORSE: Final = 1.1
"""Stretches are joined while the law misses hardly more than before, or than a smooth curve that
knows no law does."""

FORESIGHT: Final = 10
"""Values for each number of the law that a half is learned from, at least."""


@dataclass(frozen=True)
class Pursued:
    """The numbers of the `terms` (P,), of which the one at `held` is fixed, and their covariance.

    `missed` (C,) is what is left of each channel's range, `calm` (C,) what a smooth curve leaves,
    and `stretch` how many samples the law follows in one go.
    """

    terms: Terms
    coefficients: Array
    covariance: Array
    held: int
    missed: Array
    calm: Array
    stretch: int
    solution: Solution

    def foreseen(self) -> tuple[Array, Array] | None:
        """What is missed of each channel's range (C,) by the numbers of every second stretch: of
        these, and of the others, which start where they fit best. None where there are too few."""
        reduced = self.solution.reduced
        halves = [Reduced(reduced.stretches[k::2], reduced.noise) for k in range(2)]
        active = [k for k in range(len(self.terms)) if self.covariance[k, k] > 0]
        if min(half.count for half in halves) < FORESIGHT * max(len(active), 1):
            return None
        step = halves[0].step(active)
        left = (np.concatenate(half.residuals(step)) for half in halves)
        span = self.solution.shooting.courses.range
        learned, other = (np.sqrt((each**2).mean(axis=0)) / span for each in left)
        return learned, other


def pursued(hunt: Pursuit, start: Array, offered: Sequence[int] = ()) -> Pursued | None:
    """The most likely numbers of the terms that are not `offered`, and of those offered that count.

    None where the motion of the law leaves the numbers from the start.
    """
    active = [k for k in range(len(hunt.terms)) if k != hunt.held and k not in offered]
    law = Parameters(start, np.zeros(0))
    noise = Noise.white(np.maximum(hunt.courses.scatter, FLOOR * hunt.courses.range))
    found = hunt.settled(hunt.shooting(law), law, active, hunt.first, noise)
    if found is None:
        return None
    found = hunt.joined(found, active)
    wider, law = hunt.anew(found, active, offered)
    better = hunt.again(found, wider, found.segments, law) if wider != active else None
    if better is not None:
        active, found = wider, better
    return hunt.told(found, active)


@dataclass(frozen=True)
class _Found:
    """A fit on stretches of so many segments, with its noise and what it misses (C,)."""

    solution: Solution
    noise: Noise
    segments: int
    missed: Array


@dataclass(frozen=True)
class Pursuit:
    """A motion, and the terms that are fitted to it, of which that at `held` is fixed.

    `length` is how many samples of it are followed at first, and `prescribed` coordinates move as
    they were measured.
    """

    courses: Courses
    terms: Terms
    held: int
    length: int
    prescribed: tuple[str, ...] = ()

    def shooting(self, law: Parameters) -> Shooting:
        """Segments that start on the smooth path, by the coarsest method that is fine enough."""
        field = MovingMasses(self.terms, self.courses.speed, self.prescribed)
        size = np.maximum(self.courses.scatter, FLOOR * self.courses.range)
        return shooting(self.courses, field, law, size)

    @property
    def first(self) -> int:
        """Segments of the first stretches."""
        return max(2, round(self.length / INTERVALS))

    def settled(
        self,
        shooting: Shooting,
        law: Parameters,
        active: Sequence[int],
        segments: int,
        noise: Noise,
    ) -> _Found | None:
        """The fit, and the noise that it leaves."""
        least = FLOOR * self.courses.range
        found: Solution | None = None
        for _ in range(ROUNDS):
            found = shooting.solved(law, active, segments, noise)
            if found is None:
                return None
            law, shooting = found.law, found.shooting
            left = found.residuals()
            states = shooting.states.shape[1] * len(left)
            before, noise = noise, Noise.of(left, len(active) + states, least)
            if np.abs(np.log(noise.sigma / before.sigma)).max() < STILL:
                break
        assert found is not None, "there is a round"
        missed = np.sqrt((np.concatenate(left) ** 2).mean(axis=0)) / self.courses.range
        reduced = Reduced(found.reduced.stretches, noise)
        return _Found(replace(found, reduced=reduced), noise, segments, missed)

    def again(
        self, found: _Found, active: Sequence[int], segments: int, law: Parameters | None = None
    ) -> _Found | None:
        """The fit from where another has ended, or from other numbers."""
        before = found.solution
        return self.settled(before.shooting, law or before.law, active, segments, found.noise)

    def joined(self, found: _Found, active: Sequence[int]) -> _Found:
        """The fit on stretches that double while the law follows them; clean motion needs none."""
        longest = found.solution.shooting.longest
        calm = self.courses.scatter / self.courses.range
        while calm.max() > NEGLIGIBLE and found.segments < longest:
            longer = self.again(found, active, min(2 * found.segments, longest))
            if longer is None or (longer.missed > WORSE * np.maximum(found.missed, calm)).any():
                break
            found = longer
        return found

    def anew(
        self, found: _Found, active: list[int], offered: Sequence[int]
    ) -> tuple[list[int], Parameters]:
        """The parameters that deviate from none by more than chance, by BIC, and their numbers.

        One after the other those that deviate least are left out; then, of those offered, that
        which deviates most is taken. Of clean motion nothing is chosen anew.
        """
        law = found.solution.law
        if not found.missed.max() > NEGLIGIBLE:
            return active, law
        own = law.coefficients.copy()
        own[self.held] = 0.0
        rows = [item.toward(own) for item in found.solution.reduced.stretches]
        whole = Reduced(rows, found.noise)
        chance = float(np.log(whole.count))

        def deviations(some: list[int]) -> Array:
            step = whole.step(some)
            squares: Array = step[some] ** 2 / np.diag(whole.robust(some, step))
            return squares

        while len(active) > 1 and (sizes := deviations(active)).min() <= chance:
            active = [k for k in active if k != active[int(np.argmin(sizes))]]
        while waiting := [k for k in offered if k not in active]:
            gains = [float(deviations([*active, k])[-1]) for k in waiting]
            if max(gains) <= chance:
                break
            active = [*active, waiting[int(np.argmax(gains))]]
        values = whole.step(active)
        values[self.held] = law.coefficients[self.held]
        return sorted(active), replace(law, coefficients=values)

    def told(self, found: _Found, active: Sequence[int]) -> Pursued:
        """The numbers with their error bars."""
        law = found.solution.law
        covariance = np.zeros((law.size, law.size))
        still = np.zeros(law.size)
        covariance[np.ix_(active, active)] = found.solution.reduced.robust(active, still)
        stretch = min(found.segments * INTERVALS, max(map(len, self.courses.items)))
        calm = self.courses.scatter / self.courses.range
        return Pursued(
            self.terms,
            law.coefficients,
            covariance,
            self.held,
            found.missed,
            calm,
            stretch,
            found.solution,
        )
