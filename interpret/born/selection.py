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
from typing import Final, Literal

import numpy as np

from interpret.lagrangians.subset_search import ranked
from interpret.selection import Compressed, Support

Verdict = Literal["identified", "ambiguous", "not in the library"]
Ranked = tuple[Support, float]

MOST_TERMS: Final = 3
KNEE: Final = 2.0
"""A term must make what is left smaller by this factor."""

SIGNIFICANT: Final = 5.0
"""What noise does in the best of all directions, in its standard errors, hardly ever more."""

ROUND_OFF: Final = 1e-12
"""Less than this part of a tensor is round-off."""

EXPLAINED: Final = 0.5
"""A law that leaves more than this part of what the library could explain is none."""

MISSED: Final = 5.0
"""Nor is one that leaves so many times more to the library than lies outside it.

The errors of trained maps lie outside for the most part.
"""


@dataclass(frozen=True)
class Choice:
    """The support at the knee, and how sure it is.

    `left` is what the best supports of 1, 2, ... terms leave for the rest of the library, `outside`
    what the whole library leaves, both as parts of the tensor. `rivals` are the other supports of
    the same size that leave less than twice as much as the best one, or no more than noise does.
    `complete` says that no term beyond the most that were asked for would halve what is left.
    """

    support: Support
    left: tuple[float, ...]
    outside: float
    rivals: tuple[Support, ...]
    complete: bool

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


def choose(problem: Compressed, most: int = MOST_TERMS) -> Choice:
    """The smallest support of up to `most` terms where one more term does not halve what is left.

    `problem` has a truth of unit length.

    >>> noise = 1e-2 * np.random.default_rng(0).standard_normal(50)
    >>> truth = np.pad([0, 0.6, 0, 0.8, 0], (0, 45)) + noise
    >>> rows = np.column_stack([np.eye(50)[:, :5], truth / np.linalg.norm(truth)])
    >>> triangle = np.linalg.qr(rows, mode="r")
    >>> choice = choose(Compressed(triangle[:, :-1], triangle[:, -1], tuple("abcde"), 50))
    >>> choice.support, choice.verdict
    ((1, 3), 'identified')
    """
    size = problem.size
    outside = float(np.linalg.norm(problem.truth[size:]))
    noise = outside / math.sqrt(max(problem.rows - size, 1))
    limit = max(SIGNIFICANT * noise, ROUND_OFF)
    inside = Compressed(problem.design[:size], problem.truth[:size], problem.names, size)
    levels = _levels(inside, most)
    best = [_preferred(inside, _near_best(level, limit)) for level in levels]
    left = tuple(part for _, part in best)
    chosen = _knee(left, limit)
    support, _ = best[chosen]
    rivals = tuple(other for other, _ in _near_best(levels[chosen], limit) if other != support)
    complete = True
    if chosen + 1 == most:
        further = [level[0][1] for level in _levels(inside, most + 1)[most:]]
        complete = _knee((*left, *further), limit) == chosen
    return Choice(support, left, outside, rivals, complete)


def _levels(problem: Compressed, most: int) -> list[list[Ranked]]:
    """The supports of 1, 2, ... terms, best first in each."""
    found = ranked(problem, most)
    return [list(found.of_size(size)) for size in sorted(set(found.sizes.tolist()))]


def _knee(left: tuple[float, ...], limit: float) -> int:
    """The last size, counted from 0, at which every term halves what is left."""
    chosen = 0
    for larger in range(1, len(left)):
        before, after = left[chosen], left[larger]
        gain = math.sqrt(max(before**2 - after**2, 0.0))
        if gain > limit and after * KNEE ** (larger - chosen) < before:
            chosen = larger
    return chosen


def _near_best(level: list[Ranked], limit: float) -> list[Ranked]:
    """Of supports with what they leave, best first, those as good within a factor 2 or noise."""
    near = KNEE * max(level[0][1], limit)
    return [(support, left) for support, left in level if left < near]


def _preferred(problem: Compressed, near: list[Ranked]) -> Ranked:
    """The best support whose terms do not cancel, or the best one where all do.

    The candidates are positive, so terms cancel where their coefficients differ in sign.
    """
    for support, left in near:
        coefficients = problem.solve(support)[0][list(support)]
        if (coefficients > 0).all() or (coefficients < 0).all():
            return support, left
    return near[0]
