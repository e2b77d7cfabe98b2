"""next_release(): where to let the next motion begin, so that it tells a law from its rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.laws.law import Law
from interpret.laws.rivals import CLOSE, Release, Rival, listed
from interpret.ledger.motion import Courses
from interpret.planning.flights import flights, followed, rival_law
from interpret.planning.measuring import Measuring
from interpret.planning.separation import Draws, Pair, evidence, watched
from systems.errors import InputError
from systems.samples.trajectories import Trajectories
from training.prepare.noise import estimate

Array = NDArray[np.float64]

STARTS: Final = 128
"""Starts that are compared first, and a quarter as many about the best of them."""

FEW: Final = 200
MANY: Final = 4000
"""Draws of noise for every start, and for the one that is told: a power is good to a hundredth."""

AS_GOOD: Final = 0.02
"""A start at rest is taken where it is hardly worse: it is easier to make."""


def next_release(
    law: Law,
    samples: Trajectories | Courses,
    beyond: float = 0.0,
    within: Mapping[str, tuple[float, float]] | None = None,
) -> Release | None:
    """The start whose motion best tells a law from its rivals; None where there are none to tell.

    It lies in the range of the positions and speeds of the `samples`, or `beyond` it on either side
    by such a part of it; `within` says other ends, by the names q and v_q. The motion would be
    measured as these were: at the times of the longest, with their noise. The power is the
    probability that the wrong one of the law and its rival is then refused, by the odds that the
    choice of terms goes by.

    Raises InputError for a `beyond` that is no part.
    """
    if not 0 <= beyond < np.inf:
        raise InputError(f"starts lie beyond the data by a part of their range, not by {beyond:g}.")
    pairs = [(each, rival_law(law, each)) for each in law.judgement.rivals if each.coefficients]
    pairs = [(each, other) for each, other in pairs if followed(other)]
    if not pairs or not followed(law):
        return None
    courses = samples if isinstance(samples, Courses) else Courses.of(samples, estimate(samples))
    measuring = Measuring.of(courses, beyond).within(_names(law), within or {})
    contest = _Contest(law, tuple(pairs), measuring)
    rng = np.random.default_rng(0)
    starts = contest.measuring.drawn(law, STARTS, rng)
    best = contest.best(starts)
    if best is None:
        return None
    near = contest.measuring.near(law, best, STARTS // 4, rng)
    best = contest.best(np.concatenate([best[None], near]))
    assert best is not None, "one start is known to be good"
    return contest.told(best)


@dataclass(frozen=True)
class _Contest:
    """A law and the rivals that one more motion is to tell it from."""

    law: Law
    pairs: Sequence[tuple[Rival, Law]]
    measuring: Measuring

    def best(self, starts: Array) -> Array | None:
        """The start of the largest least power; of those alike one at rest, or the surest."""
        found = self._powers(starts, Draws.of(FEW)).min(axis=0)
        if not len(starts) or not np.isfinite(found[:, 1]).any():
            return None
        power, margin = found.T
        still = ~starts[:, starts.shape[1] // 2 :].any(axis=1)
        good = power >= power.max() - AS_GOOD
        good = good & still if (good & still).any() else good
        return np.asarray(starts[int(np.argmax(np.where(good, margin, -np.inf)))])

    def told(self, start: Array) -> Release:
        """The release of a start, with its powers."""
        powers = self._powers(start[None], Draws.of(MANY, 1))[:, 0, 0].tolist()
        words = (rival.words for rival, _ in self.pairs)
        return Release(
            dict(zip(_names(self.law), start.tolist(), strict=True)),
            listed(self.law.terms),
            dict(zip(words, powers, strict=True)),
        )

    def _powers(self, starts: Array, draws: Draws) -> Array:
        """Against each rival the power of every start, and the evidence that nine of ten of its
        motions exceed: (r, S, 2)."""
        own = flights(self.law, starts, self.measuring)
        found = np.empty((len(self.pairs), len(starts), 2))
        for row, (rival, other) in zip(found, self.pairs, strict=True):
            both = own, flights(other, starts, self.measuring)
            for number in range(len(starts)):
                motions = watched(*both, number, self.measuring)
                row[number] = self._power(rival, other, motions, draws)
        return found

    def _power(
        self, rival: Rival, other: Law, motions: Pair | None, draws: Draws
    ) -> tuple[float, float]:
        """The power of a start, and its margin. Either law may be right, by the odds there are."""
        if motions is None:
            return 0.0, -np.inf
        right = 1 / (1 + np.exp(-rival.behind / 2))
        own, its = motions
        ahead = evidence(own, its, draws) + rival.behind - self._needed(self.law, other)
        behind = evidence(its, own, draws) - rival.behind - self._needed(other, self.law)
        power = right * (ahead >= 0).mean() + (1 - right) * (behind >= 0).mean()
        return float(power), float(min(np.quantile(ahead, 0.1), np.quantile(behind, 0.1)))

    def _needed(self, true: Law, wrong: Law) -> float:
        """By how much the true law must be ahead of the wrong one, less what this pays for terms.

        One that has all terms of the true law, and more, is refused where it is not the best.
        """
        paid = np.log(1 + self.measuring.rows / self.measuring.before)
        least = 0.0 if set(true.terms) < set(wrong.terms) else CLOSE
        return least - float(paid) * (len(wrong.terms) - len(true.terms))


def _names(law: Law) -> tuple[str, ...]:
    """What a start has: positions q and velocities v_q."""
    bodies = law.variables.bodies
    assert bodies is not None, "laws that are not followed have no release"
    return (*bodies.mass, *(f"v_{name}" for name in bodies.mass))
