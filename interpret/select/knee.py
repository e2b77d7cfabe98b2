"""Which few candidates make the law: all small subsets, and the knee of what they leave.

Thresholds fail here. Kernels such as min² max and min max² point almost the same way, so the whole
library fits with huge coefficients that cancel, and none of them is small.

What a support leaves of a tensor has two parts. One lies outside the library: noise that no
candidate follows, which shows how large noise is in any direction. The other part the rest of the
library could still take away, and the knee is found in it alone. Of supports that are as good
within a factor 2, one whose terms do not cancel is preferred.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from interpret.laws.judgement import Verdict
from interpret.select.criteria import Choice
from interpret.select.matrix import Compressed, Support
from interpret.select.supports import Ranked, ranked

Left = tuple[Support, float]
"""A support with what it leaves."""

MOST_TERMS: Final = 3
KNEE: Final = 2.0
"""A term must make what is left inside the library smaller by this factor."""

SIGNIFICANT: Final = 5.0
"""What noise does in the best of all directions, in its standard errors, hardly ever more."""

ROUND_OFF: Final = 1e-12
"""Less than this part of a tensor is round-off."""

CLEAR: Final = 1.3
"""Where errors are smooth, a term must make all that is left smaller by this factor."""

DOUBT: Final = 1.1
"""Where errors are smooth, a term that makes it smaller by this much cannot be dismissed."""

EXPLAINED: Final = 0.5
"""A law that leaves more than this part of what the library could explain is none."""

MISSED: Final = 5.0
"""Nor is one that leaves so many times more to the library than lies outside it.

The errors of trained maps lie outside for the most part.
"""


@dataclass(frozen=True)
class KneeChoice(Choice):
    """The support at the knee, and how sure it is.

    `left` is what the best supports of 1, 2, ... terms leave for the rest of the library, `outside`
    what the whole library leaves, both as parts of the tensor. `rivals` are the other supports of
    the same size that leave less than twice as much as the best one, or no more than noise does.
    `complete` says that no term beyond the most that were asked for would halve what is left.
    """

    left: tuple[float, ...] = ()
    outside: float = 0.0
    complete: bool = True

    @property
    def unexplained(self) -> float:
        """What the chosen support leaves for the rest of the library."""
        return self.left[len(self.support) - 1]

    @property
    def residual(self) -> float:
        """What the chosen support leaves of the tensor."""
        return math.hypot(self.unexplained, self.outside)

    @property
    def verdict(self) -> Verdict:
        """Whether one small support, several, or none explains the tensor."""
        inside = math.sqrt(max(1 - self.outside**2, 0.0))
        poor = self.unexplained > EXPLAINED * inside
        missed = self.unexplained > max(MISSED * self.outside, ROUND_OFF)
        if poor or missed or not self.complete:
            return "not in the library"
        return "ambiguous" if self.rivals else "identified"


@dataclass(frozen=True)
class Knee:
    """The smallest support of up to `most` terms where one more term does not halve what is left.

    With `smooth` errors, such as those of a map's values, a few numbers make all that lies outside
    the library, which then tells little about one direction: a term must make all that is left,
    outside included, smaller by 1.3. With `enough`, that more terms would leave less counts for
    nothing.
    """

    most: int = MOST_TERMS
    smooth: bool = False
    enough: bool = False

    def choose(self, problem: Compressed) -> KneeChoice:
        """The support at the knee of a `problem` with a truth of unit length.

        >>> noise = 1e-2 * np.random.default_rng(0).standard_normal(50)
        >>> truth = np.pad([0, 0.6, 0, 0.8, 0], (0, 45)) + noise
        >>> unit = truth / np.linalg.norm(truth)
        >>> choice = Knee().choose(Compressed.of(np.eye(50)[:, :5], unit, tuple("abcde")))
        >>> choice.support, choice.verdict
        ((1, 3), 'identified')
        """
        size = problem.size
        outside = float(np.linalg.norm(problem.truth[size:]))
        noise = outside / math.sqrt(max(problem.rows - size, 1))
        inside = Compressed(problem.design[:size], problem.truth[:size], problem.names, size)
        if self.smooth:
            rule = Rule(CLEAR, ROUND_OFF, outside, doubt=DOUBT)
        else:
            rule = Rule(KNEE, max(SIGNIFICANT * noise, ROUND_OFF), 0.0)
        levels = _levels(inside, self.most)
        best = [_preferred(inside, rule.near_best(level)) for level in levels]
        left = tuple(part for _, part in best)
        chosen = rule.knee(left)
        support, _ = best[chosen]
        near = [pair for pair in rule.near_best(levels[chosen]) if pair[0] != support]
        rivals = tuple(other for other, _ in near)
        if rule.doubts(left, chosen):
            rivals += (best[chosen + 1][0],)
        complete = True
        if chosen + 1 == self.most and not self.enough:
            further = [level[0][1] for level in _levels(inside, self.most + 1)[self.most :]]
            complete = rule.knee((*left, *further)) == chosen
        compared = [best[chosen], *near]
        order = Ranked(tuple(s for s, _ in compared), np.array([part for _, part in compared]))
        return KneeChoice(order, rivals, left, outside, complete)


@dataclass(frozen=True)
class Rule:
    """When one support is better than another.

    A term must make what is left smaller by `factor`, and by more than the `limit` that noise can
    do. `always` is what every support leaves, counted to what it leaves of its own. A term that
    makes a difference of `doubt`, though not enough to be taken, leaves it open.
    """

    factor: float
    limit: float
    always: float
    doubt: float = math.inf

    def knee(self, left: tuple[float, ...]) -> int:
        """The last size, counted from 0, at which every term makes enough of a difference."""
        chosen = 0
        totals = [math.hypot(part, self.always) for part in left]
        for larger in range(1, len(totals)):
            before, after = totals[chosen], totals[larger]
            gain = math.sqrt(max(before**2 - after**2, 0.0))
            if gain > self.limit and after * self.factor ** (larger - chosen) < before:
                chosen = larger
        return chosen

    def doubts(self, left: tuple[float, ...], chosen: int) -> bool:
        """Whether one term more would make a difference that is hard to dismiss."""
        if chosen + 1 == len(left):
            return False
        before, after = (math.hypot(part, self.always) for part in left[chosen : chosen + 2])
        return before > self.limit and before > self.doubt * after

    def near_best(self, level: list[Left]) -> list[Left]:
        """Of supports with what they leave, best first, those that are not worse by this rule."""
        near = self.factor * max(math.hypot(level[0][1], self.always), self.limit)
        return [(support, left) for support, left in level if math.hypot(left, self.always) < near]


def _levels(problem: Compressed, most: int) -> list[list[Left]]:
    """The supports of 1, 2, ... terms, best first in each."""
    found = ranked(problem, most)
    return [found.of_size(size) for size in sorted(set(found.sizes.tolist()))]


def _preferred(problem: Compressed, near: list[Left]) -> Left:
    """The best support whose terms do not cancel, or the best one where all do.

    The candidates are positive, so terms cancel where their coefficients differ in sign.
    """
    for support, left in near:
        coefficients = problem.solve(support)[0][list(support)]
        # The sign of a coefficient that is round-off says nothing.
        nothing = ROUND_OFF * np.abs(coefficients).max()
        if (coefficients > -nothing).all() or (coefficients < nothing).all():
            return support, left
    return near[0]
