"""Criteria, as values: each chooses one support of a problem, and says which others are as good.

Which one is right depends on what the residual is. A network's error is smooth and no noise, so
that a useless term leaves it where it is: `Plateau`, `SmallestWithin`. Noise of unknown size makes
every term pay what it gains by chance: `LeastInformation`. Noise of known size says what a residual
should be: `LeastChiSquared`, `Significant`. A user's threshold is a user's threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from interpret.laws.rivals import CLOSE as CLOSE
from interpret.select.matrix import ROUND_OFF, Compressed, Support, ascending
from interpret.select.supports import (
    Ranked,
    elimination_path,
    least_missed,
    ranked,
    stlsq,
    threshold_path,
)
from systems.errors import InputError
from training.prepare.stencils import Array

EXACT: Final = 1e-12
"""Relative residuals below this are those of exact data, and none is better than another."""

INDISTINCT: Final = 1e-6
"""So small a difference of a BIC is round-off."""

SIGNIFICANT: Final = 3.5
"""A coefficient of fewer standard errors is dropped; by chance 1 in 2000 has as many."""


@dataclass(frozen=True)
class Choice:
    """The supports that a criterion compared, best first, and those that are as good as the first.

    ``rivals`` explain the data as well as ``support``, or nearly so, by the criterion.
    """

    order: Ranked
    rivals: tuple[Support, ...] = ()

    @property
    def support(self) -> Support:
        """What was chosen."""
        return self.order.supports[0]


class Criterion(Protocol):
    """A rule, with the numbers that it needs."""

    def choose(self, problem: Compressed) -> Choice:
        """The best support of the problem's columns."""
        ...


@dataclass(frozen=True)
class Threshold:
    """STLSQ at one threshold on the coefficients; InputError, with what to try, if none is left."""

    threshold: float

    def choose(self, problem: Compressed) -> Choice:
        """What survives, and nothing beside it."""
        support = stlsq(problem, self.threshold)
        if support:
            return _single(problem, support)
        coefficients, _ = problem.solve(problem.full)
        largest = float(np.abs(coefficients).max())
        smaller = _round_down(min(self.threshold, largest) / 2)
        while smaller > 0 and not stlsq(problem, smaller):
            smaller = _round_down(smaller / 2)
        raise InputError(
            f"threshold {self.threshold:g} removed all {problem.size} candidates; the largest "
            f"coefficient of the full library is {largest:.3g}: try {smaller:g}"
        )


@dataclass(frozen=True)
class Plateau:
    """The smallest support, on either path, whose residual is within ``factor`` of the library's.

    Dropping a spurious term leaves the residual where it is; dropping a true one lifts it off the
    plateau by orders of magnitude. Of equally small supports the better fit is taken. An
    information criterion is no substitute: the residual is a network's error, not noise. Nor does
    it tell anything below ``least``, what the network itself misses of the data.
    """

    factor: float
    least: float = 0.0

    def choose(self, problem: Compressed) -> Choice:
        """The first of the supports on the plateau, which are all in the order."""
        paths = {*threshold_path(problem), *elimination_path(problem)} - {()}
        # Never nothing: where no term helps, the best single one is the fit then called no law.
        supports = sorted(paths, key=lambda support: (len(support), support))
        residuals = np.array([problem.solve(support)[1] for support in supports])
        everything = problem.solve(problem.full)[1]
        floor = max(self.factor * everything, self.least, ROUND_OFF * problem.length)
        fits = [
            i for i in ascending(residuals, ROUND_OFF * problem.length) if residuals[i] <= floor
        ]
        return Choice(
            Ranked(tuple(supports), residuals).reordered(
                sorted(fits, key=lambda i: len(supports[i]))
            )
        )


@dataclass(frozen=True)
class LeastInformation:
    """The least n log |e|² + k log n + 2 log C(K, k) of all supports of up to ``most`` terms.

    BIC, for noise of unknown size, and how many supports of k terms were tried: extended BIC.
    Source: J. Chen and Z. Chen, Biometrika 95 (2008) 759, eq. 1, with γ = 1.
    """

    most: int

    def choose(self, problem: Compressed) -> Choice:
        """All supports in order; those within 6 of the first are its rivals."""
        found = ranked(problem, self.most)
        squares = np.maximum(found.residuals, EXACT) ** 2
        tried = np.array([math.comb(problem.size, size) for size in range(problem.size + 1)])
        penalty = found.sizes * np.log(problem.rows) + 2 * np.log(tried[found.sizes].astype(float))
        return _by_cost(found, problem.rows * np.log(squares) + penalty)


@dataclass(frozen=True)
class LeastChiSquared:
    """The least |e|²/σ² + k log n of all supports of up to ``most`` terms: BIC for known σ."""

    noise: float
    most: int

    def choose(self, problem: Compressed) -> Choice:
        """All supports in order; those within 6 of the first are its rivals.

        >>> x = np.linspace(0, 1, 20)
        >>> columns = np.stack([x, x**2, x + x**2], axis=1)
        >>> problem = Compressed.of(columns, x + x**2, ("x", "x**2", "x + x**2"))
        >>> LeastChiSquared(1e-3, 3).choose(problem).support
        (2,)
        """
        found = ranked(problem, self.most)
        return _by_cost(
            found, (found.residuals / self.noise) ** 2 + found.sizes * np.log(problem.rows)
        )


@dataclass(frozen=True)
class Significant:
    """What is left when the least significant term is dropped until all are, the noise σ given."""

    noise: float

    def choose(self, problem: Compressed) -> Choice:
        """The first support on the elimination path of which every term is significant.

        >>> x = np.linspace(0, 1, 20)
        >>> columns = np.stack([x, x**2, x**3], axis=1)
        >>> problem = Compressed.of(columns, x - x**3, ("x", "x**2", "x**3"))
        >>> Significant(1e-3).choose(problem).support
        (0, 2)
        """
        support = problem.full
        while support:
            weakest, loss = least_missed(problem, support)
            if loss >= SIGNIFICANT * self.noise:
                break
            support = tuple(k for k in support if k != weakest)
        return _single(problem, support)


@dataclass(frozen=True)
class SmallestWithin:
    """The smallest support of up to ``most`` terms whose residual is within ``floor``.

    For exact data: the floor is what is known to be no part of the law.
    """

    floor: float
    most: int

    def choose(self, problem: Compressed) -> Choice:
        """Those within the floor by size, then the others by residual; rivals are as small."""
        found = ranked(problem, self.most)
        reached = found.residuals <= self.floor
        others = [i for i in ascending(found.residuals) if not reached[i]]
        order = found.reordered([*np.flatnonzero(reached).tolist(), *others])
        size = len(order.supports[0])
        rivals = (s for s in order.supports[1 : int(reached.sum())] if len(s) == size)
        return Choice(order, tuple(rivals))


def _single(problem: Compressed, support: Support) -> Choice:
    return Choice(Ranked((support,), np.array([problem.solve(support)[1]])))


def _by_cost(found: Ranked, cost: Array) -> Choice:
    """The supports by cost, the least first; those within 6 of it are its rivals."""
    order = ascending(cost, slack=INDISTINCT).tolist()
    close = [found.supports[i] for i in order[1:] if cost[i] < cost[order[0]] + CLOSE]
    return Choice(found.reordered(order), tuple(close))


def _round_down(value: float) -> float:
    """The value cut to one significant digit."""
    if value <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(np.floor(value / power) * power)
