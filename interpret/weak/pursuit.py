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

from interpret.ledger.flow import RK4, Parameters, eighth_order
from interpret.ledger.motion import Courses
from interpret.ledger.rows import Noise, Reduced
from interpret.ledger.shooting import INTERVALS, Shooting, Solution
from interpret.weak.moving_masses import MovingMasses
from interpret.weak.terms import Terms

Array = NDArray[np.float64]

ROUNDS: Final = 3
"""Fits by which the noise settles: each gives it to a percent or so of what is left."""

EXACT: Final = 3e-5
COARSE: Final = 25.0
"""Below this part of the range, or this many samples a period, Runge–Kutta 4 is no match."""

FLOOR: Final = 1e-11
"""No channel is better than this part of its range: doubles, and the digits of a file."""

WORSE: Final = 1.1
"""Stretches are joined while what is missed grows by less than a tenth."""

FIRST: Final = 0.25
"""Of a period, the first stretches: chaotic motion is followed that far from any start."""


@dataclass(frozen=True)
class Pursued:
    """The numbers of the `terms` (P,), of which the one at `held` is fixed, and their covariance.

    `missed` (C,) is what is left of each channel's range, and `stretch` how many samples the law
    follows in one go; `longest` is how many the longest trajectory has.
    """

    terms: Terms
    coefficients: Array
    covariance: Array
    held: int
    missed: Array
    noise: Noise
    stretch: int
    longest: int
    solution: Solution


def pursued(
    courses: Courses,
    terms: Terms,
    start: Array,
    held: int,
    offered: Sequence[int] = (),
    prescribed: Sequence[str] = (),
) -> Pursued | None:
    """The most likely numbers of the terms that are not `offered`, and of those offered that count.

    None where the motion of the law leaves the numbers from the start.
    """
    hunt = _Hunt(courses, terms, held, tuple(prescribed))
    active = [k for k in range(len(terms)) if k != held and k not in offered]
    found = hunt.settled(Parameters(start, np.zeros(0)), active, hunt.first)
    if found is None:
        return None
    found = hunt.joined(found, active)
    more = hunt.asked_for(found, active, offered)
    while more is not None:
        active = sorted([*active, more])
        better = hunt.settled(found.solution.law, active, found.segments, found.noise)
        if better is None:
            active.remove(more)
            break
        found = better
        more = hunt.asked_for(found, active, offered)
    return hunt.told(found, active)


@dataclass(frozen=True)
class _Found:
    """A fit on stretches of so many segments, with its noise and what it misses (C,)."""

    solution: Solution
    noise: Noise
    segments: int
    missed: Array


@dataclass(frozen=True)
class _Hunt:
    """A motion, and the terms that are fitted to it."""

    courses: Courses
    terms: Terms
    held: int
    prescribed: tuple[str, ...]

    @property
    def shooting(self) -> Shooting:
        """Segments that start on the smooth path."""
        courses = self.courses
        coarse = courses.calm < EXACT or courses.period < COARSE * courses.step
        field = MovingMasses(self.terms, courses.speed, self.prescribed)
        return Shooting.of(courses, field, eighth_order() if coarse else RK4)

    @property
    def first(self) -> int:
        """Segments of the first stretches."""
        samples = FIRST * self.courses.period / self.courses.step
        return max(2, round(samples / INTERVALS))

    def settled(
        self, law: Parameters, active: Sequence[int], segments: int, noise: Noise | None = None
    ) -> _Found | None:
        """The fit, and the noise that it leaves."""
        shooting = self.shooting
        least = FLOOR * self.courses.range
        noise = noise or Noise.white(np.maximum(self.courses.scatter, least))
        found: Solution | None = None
        for _ in range(ROUNDS):
            solution = shooting.solved(law, active, segments, noise)
            if solution is None:
                return None
            found, law, shooting = solution, solution.law, solution.shooting
            left = solution.residuals()
            size = 2 * len(self.courses.items[0].path.q(np.zeros(1))[0])
            before, noise = noise, Noise.of(left, len(active) + size * len(left), least)
            if np.abs(np.log(noise.sigma / before.sigma)).max() < 0.05:
                break
        assert found is not None, "there is a round"
        whole = np.concatenate(found.residuals())
        missed = np.sqrt((whole**2).mean(axis=0)) / self.courses.range
        return _Found(
            replace(found, reduced=Reduced(found.reduced.stretches, noise)), noise, segments, missed
        )

    def joined(self, found: _Found, active: Sequence[int]) -> _Found:
        """The fit on stretches that double while the law follows them."""
        longest = self.shooting.longest
        while found.segments < longest:
            length = min(2 * found.segments, longest)
            longer = self.settled(found.solution.law, active, length, found.noise)
            if longer is None or (longer.missed > WORSE * found.missed).any():
                break
            found = longer
        return found

    def asked_for(self, found: _Found, active: Sequence[int], offered: Sequence[int]) -> int | None:
        """The offered term that deviates most from none, where that is more than chance: by BIC."""
        reduced = found.solution.reduced
        still = np.zeros(found.solution.law.size)
        best, most = None, np.log(reduced.count)
        for k in offered:
            if k in active:
                continue
            some = [*active, k]
            step = reduced.step(some)
            error = reduced.robust(some, step)[-1, -1]
            if step[k] ** 2 / error > most:
                best, most = k, step[k] ** 2 / error
        return best

    def told(self, found: _Found, active: Sequence[int]) -> Pursued:
        """The numbers with their error bars."""
        law = found.solution.law
        covariance = np.zeros((law.size, law.size))
        still = np.zeros(law.size)
        covariance[np.ix_(active, active)] = found.solution.reduced.robust(active, still)
        longest = max(map(len, self.courses.items))
        stretch = min(found.segments * INTERVALS, longest)
        return Pursued(
            self.terms, law.coefficients, covariance, self.held, found.missed, found.noise,
            stretch, longest, found.solution,
        )  # fmt: skip
