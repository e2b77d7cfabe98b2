"""All small supports of a library at once: which few terms explain the data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np

from interpret.selection import Compressed, Support
from training.stencils import Array

MOST_SUBSETS = 100_000
BATCH = 20_000
SINGULAR = 1e-12


@dataclass(frozen=True)
class Ranked:
    """Supports with their residuals |A c - b|, from one size to the next and best first in each."""

    supports: tuple[Support, ...]
    residuals: Array

    def of_size(self, size: int) -> Iterator[tuple[Support, float]]:
        """The supports of one size, best first."""
        pairs = zip(self.supports, self.residuals.tolist(), strict=True)
        return (pair for pair in pairs if len(pair[0]) == size)

    @property
    def sizes(self) -> Array:
        """The number of terms of every support."""
        return np.array([len(support) for support in self.supports])


def ranked(problem: Compressed, most: int) -> Ranked:
    """The residuals of all supports of 1 to ``most`` terms.

    ``most`` is lowered until there are at most 100 000 of them. A support whose columns are
    dependent to 1e-12 is left out: a smaller one says as much.

    >>> rng = np.random.default_rng(0)
    >>> design = rng.standard_normal((50, 5))
    >>> problem = Compressed(design, design[:, 1] - 2 * design[:, 3], tuple("abcde"), 50)
    >>> found = ranked(problem, most=3)
    >>> next(found.of_size(2))[0]
    (1, 3)
    """
    columns = problem.design / _lengths(problem.design)
    most = min(most, problem.size)
    while most > 1 and sum(math.comb(problem.size, k) for k in range(1, most + 1)) > MOST_SUBSETS:
        most -= 1
    found: list[tuple[Support, float]] = []
    for size in range(1, most + 1):
        level: list[tuple[Support, float]] = []
        subsets = combinations(range(problem.size), size)
        while batch := list(islice(subsets, BATCH)):
            level += _residuals(columns, problem.truth, np.array(batch))
        found += sorted(level, key=lambda pair: pair[1])
    return Ranked(tuple(s for s, _ in found), np.array([r for _, r in found]))


def _residuals(columns: Array, truth: Array, subsets: Array) -> list[tuple[Support, float]]:
    """|A_S c - b| of every subset S (m, k), by a QR decomposition of each A_S."""
    blocks = columns[:, subsets].transpose(1, 0, 2)
    span, triangle = np.linalg.qr(blocks)
    pivots = np.abs(np.diagonal(triangle, axis1=1, axis2=2)).min(axis=1)
    inside = span @ (span.transpose(0, 2, 1) @ truth)[:, :, None]
    residuals = np.linalg.norm(truth - inside[:, :, 0], axis=1)
    independent = pivots > SINGULAR
    return [
        (tuple(subset), residual)
        for subset, residual, kept in zip(
            subsets.tolist(), residuals.tolist(), independent.tolist(), strict=True
        )
        if kept
    ]


def _lengths(design: Array) -> Array:
    lengths = np.linalg.norm(design, axis=0)
    return np.where(lengths > 0, lengths, 1.0)
