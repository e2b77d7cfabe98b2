"""Where supports come from: one threshold, two paths down from everything, all small subsets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Final

import numpy as np

from interpret.select.matrix import (
    ROUND_OFF,
    TIE,
    Compressed,
    Normal,
    Support,
    ascending,
    inverse_gram,
    lengths,
)
from training.prepare.stencils import Array

MOST_STLSQ_PASSES: Final = 50

MOST_SUBSETS: Final = 100_000
"""So many are solved in a few seconds."""

BATCH: Final = 20_000

SINGULAR: Final = 1e-12
"""Columns of unit length whose last pivot is smaller depend on each other."""


@dataclass(frozen=True)
class Ranked:
    """Supports in some order, best first, with their residuals |A c - b|."""

    supports: tuple[Support, ...]
    residuals: Array

    def of_size(self, size: int) -> list[tuple[Support, float]]:
        """The supports of one size in their order."""
        pairs = zip(self.supports, self.residuals.tolist(), strict=True)
        return [pair for pair in pairs if len(pair[0]) == size]

    def reordered(self, order: Sequence[int]) -> Ranked:
        """The supports of these numbers, in this order."""
        return Ranked(tuple(self.supports[i] for i in order), self.residuals[list(order)])

    @property
    def sizes(self) -> Array:
        """The number of terms of every support."""
        return np.array([len(support) for support in self.supports])


def stlsq(problem: Compressed, threshold: float) -> Support:
    """Sequentially thresholded least squares: solve, drop |c_k| < threshold, repeat.

    Source: S. L. Brunton, J. L. Proctor, J. N. Kutz, PNAS 113 (2016) 3932.
    """
    support = problem.full
    for _ in range(MOST_STLSQ_PASSES):
        coefficients, _ = problem.solve(support)
        # One that equals the threshold is kept, whatever its last bits are.
        kept = tuple(k for k in support if abs(coefficients[k]) >= threshold * (1 - TIE))
        if kept == support:
            break
        support = kept
    return support


def threshold_path(problem: Compressed) -> list[Support]:
    """The supports STLSQ passes through as the threshold grows from nothing to everything.

    The threshold acts on c_k |A_k| / |b|, the share of the data a term explains, so that it means
    the same for 1/r and r^6. Terms of equal share go together, and so do those of no share.
    """
    scale = np.linalg.norm(problem.design, axis=0)
    support = problem.full
    path = [support]
    while support:
        coefficients, _ = problem.solve(support)
        share = np.abs(coefficients) * scale
        smallest = min(share[k] for k in support)
        above = max(smallest * (1 + TIE), ROUND_OFF * problem.length)
        support = tuple(k for k in support if share[k] > above)
        path.append(support)
    return path


def elimination_path(problem: Compressed) -> list[Support]:
    """Backward elimination: at every step drop the candidate whose loss hurts the fit least.

    Of those that hurt equally little the last of the library goes.
    """
    if problem.normal is not None:
        return _by_downdates(problem, problem.normal)
    support = problem.full
    path = [support]
    while support:
        weakest, _ = least_missed(problem, support)
        support = tuple(k for k in support if k != weakest)
        path.append(support)
    return path


def _by_downdates(problem: Compressed, normal: Normal) -> list[Support]:
    """The same from one inverse H of the Gram matrix: without column k it is H - h_k h_kᵀ/H_kk.

    Source: A. J. Miller, Subset Selection in Regression (2002), section 2.4.
    """
    inverse = np.linalg.inv(normal.gram)
    coefficients = inverse @ normal.right
    support = problem.full
    path = [support]
    while support:
        kept = list(support)
        losses = np.abs(coefficients[kept]) / np.sqrt(inverse[kept, kept])
        out = kept[_weakest(losses, problem.length)]
        column, pivot = inverse[:, out].copy(), inverse[out, out]
        coefficients -= coefficients[out] / pivot * column
        inverse -= np.outer(column, column / pivot)
        support = tuple(k for k in support if k != out)
        path.append(support)
    return path


def _weakest(losses: Array, length: float) -> int:
    """The number of the least loss, the last of those that are equal."""
    backward = ascending(losses[::-1], slack=ROUND_OFF * length)
    return len(losses) - 1 - int(backward[0])


def least_missed(problem: Compressed, support: Support) -> tuple[int, float]:
    """The candidate whose loss hurts least, and by how much √|A c - b|² rises: |c_k|/√(G⁻¹)_kk.

    G = AᵀA of the support's columns. A dependent column's loss is next to nothing.
    """
    coefficients, _ = problem.solve(support)
    kept = list(support)
    spread = np.sqrt(np.diagonal(inverse_gram(problem.design[:, kept])))
    losses = np.abs(coefficients[kept]) / spread
    weakest = _weakest(losses, problem.length)
    return kept[weakest], float(losses[weakest])


def ranked(problem: Compressed, most: int) -> Ranked:
    """The residuals of all supports of 1 to ``most`` terms: size by size, best first in each.

    Supports that fit equally well keep the order of the library. ``most`` is lowered until there
    are at most 100 000 supports. One whose columns are dependent to 1e-12 is left out: a smaller
    one says as much.

    >>> rng = np.random.default_rng(0)
    >>> design = rng.standard_normal((50, 5))
    >>> problem = Compressed(design, design[:, 1] - 2 * design[:, 3], tuple("abcde"), 50)
    >>> found = ranked(problem, most=3)
    >>> found.of_size(2)[0][0]
    (1, 3)
    """
    columns = problem.design / lengths(problem.design)
    most = min(most, problem.size)
    while most > 1 and sum(math.comb(problem.size, k) for k in range(1, most + 1)) > MOST_SUBSETS:
        most -= 1
    supports: list[Support] = []
    residuals: list[Array] = []
    for size in range(1, most + 1):
        pairs = list(_residuals(columns, problem.truth, size))
        level = np.concatenate([left for _, left in pairs])
        subsets = np.concatenate([batch for batch, _ in pairs])
        order = ascending(level, slack=ROUND_OFF * problem.length)
        supports += map(tuple, subsets[order].tolist())
        residuals.append(level[order])
    return Ranked(tuple(supports), np.concatenate(residuals))


def _residuals(columns: Array, truth: Array, size: int) -> Iterator[tuple[Array, Array]]:
    """Subsets S (m, size) with |A_S c - b| (m,), a batch at a time, by a QR of each A_S."""
    subsets = combinations(range(columns.shape[1]), size)
    while batch := list(islice(subsets, BATCH)):
        numbers = np.array(batch)
        span, upper = np.linalg.qr(columns[:, numbers].transpose(1, 0, 2))
        pivots = np.abs(np.diagonal(upper, axis1=1, axis2=2)).min(axis=1)
        inside = span @ (span.transpose(0, 2, 1) @ truth)[:, :, None]
        residuals = np.linalg.norm(truth - inside[:, :, 0], axis=1)
        independent = pivots > SINGULAR
        yield numbers[independent], residuals[independent]
