"""The library matrix that terms are chosen from, after QR; and what of its numbers is round-off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from training.prepare.stencils import Array
from training.solve.linear import (
    LEAST_MISSED,
    WELL_CONDITIONED,
    compress,
    condition,
    factor,
    gram,
    solve,
)

Support = tuple[int, ...]

EPS: Final = float(np.finfo(float).eps)

ROUND_OFF: Final = 64 * EPS
"""A residual below this part of the truth is round-off: no such residual is better than another.

A sum of a few terms, solved by QR, is off by some ten units in the last place; 64 leave room.
"""

TIE: Final = 1e-9
"""Two numbers that agree to this part are equal: another order of summation makes such changes."""

UNSEEN: Final = 1e-14
"""Directions of smaller relative singular value are invisible: their sign is rounding."""


@dataclass(frozen=True)
class Compressed:
    """A regression problem after QR: |A c - b| = |R c - s| for every c.

    ``design`` (at most K + 1, K), ``truth``; ``names`` of the columns, ``rows`` before QR.
    """

    design: Array
    truth: Array
    names: tuple[str, ...]
    rows: int

    @staticmethod
    def of(design: Array, truth: Array, names: tuple[str, ...]) -> Compressed:
        """The problem of many rows: A (n, K) and b (n,).

        >>> problem = Compressed.of(np.ones((5, 1)), np.full(5, 2.0), ("1",))
        >>> problem.design.shape, problem.rows, problem.solve((0,))[0].round(9)
        ((2, 1), 5, array([2.]))
        """
        block = compress(_tensor(design), _tensor(truth)).numpy()
        return Compressed(block[:, :-1], block[:, -1], names, len(truth))

    @staticmethod
    def streamed(
        blocks: Callable[[], Iterable[tuple[Array, Array]]], names: tuple[str, ...]
    ) -> tuple[Compressed, ...]:
        """The problems of several truths B (n, m), whose rows A (n, K) come block by block.

        No more than a block is in memory. ``blocks`` is asked once, and where the normal equations
        would lose digits once more.

        >>> one = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[1.0], [3.0]])
        >>> other = np.array([[1.0, 2.0]]), np.array([[5.0]])
        >>> (line,) = Compressed.streamed(lambda: iter([one, other]), ("1", "x"))
        >>> line.rows, line.solve((0, 1))[0].round(9)
        (3, array([1., 2.]))
        """
        rows = 0

        def counted() -> Iterator[tuple[Array, Array]]:
            nonlocal rows
            for a, b in blocks():
                rows += len(b)
                yield a, b

        square, size = torch.from_numpy(gram(counted())), len(names)
        places = [[*range(size), place] for place in range(size, len(square))]
        quick = [factor(square[place][:, place]) for place in places]
        if any(found is None for found in quick):
            left = None
            for block in blocks():
                whole = np.column_stack(block)
                left = triangle(whole if left is None else np.concatenate([left, whole]))
            assert left is not None, "there is a block"
            quick = [torch.from_numpy(triangle(left[:, place])) for place in places]
        found = [upper.numpy() for upper in quick if upper is not None]
        return tuple(Compressed(r[:, :-1], r[:, -1], names, rows) for r in found)

    @property
    def size(self) -> int:
        """K."""
        return int(self.design.shape[1])

    @property
    def length(self) -> float:
        """|b|."""
        return float(np.linalg.norm(self.truth))

    @property
    def full(self) -> Support:
        """The support of all columns."""
        return tuple(range(self.size))

    @cached_property
    def normal(self) -> Normal | None:
        """The normal equations, where their solutions are as good as any; else None."""
        return Normal.of(self.design, self.truth)

    @cached_property
    def _solved(self) -> dict[Support, tuple[Array, float]]:
        """What was asked before: thresholds pass through the same supports."""
        return {}

    def solve(self, support: Support) -> tuple[Array, float]:
        """Least squares on the columns of ``support``: all K coefficients, and the residual."""
        if support not in self._solved:
            coefficients = np.zeros(self.size)
            kept = list(support)
            if kept:
                coefficients[kept] = self._coefficients(kept)
            missed = self.design[:, kept] @ coefficients[kept] - self.truth
            coefficients.setflags(write=False)
            self._solved[support] = coefficients, float(np.linalg.norm(missed))
        return self._solved[support]

    def _coefficients(self, kept: list[int]) -> Array:
        if self.normal is not None:
            return self.normal.coefficients(kept)
        columns = _tensor(self.design[:, kept])
        return solve(columns, _tensor(self.truth), rcond=UNSEEN).coefficients.numpy()

    def inverse_gram(self, support: Support) -> Array:
        """(AᵀA)⁻¹ of the columns of ``support``: the covariance for noise of deviation 1."""
        return inverse_gram(self.design[:, list(support)])

    def rounding(self, support: Support) -> Array:
        """By how much round-off may move each coefficient of ``support``, (k,): see `rounding`."""
        kept = list(support)
        return rounding(self.design[:, kept], self.truth, self.solve(support)[0][kept])


@dataclass(frozen=True)
class Normal:
    """G c = g of columns of unit length, G = AᵀA and g = Aᵀb, so well conditioned that its solution
    is that of QR to one part in 10⁹, of every subset of the columns too.

    ``gram`` (K, K), ``right`` (K,), ``lengths`` (K,) of the columns as they were.
    """

    gram: Array
    right: Array
    lengths: Array

    @staticmethod
    def of(design: Array, truth: Array) -> Normal | None:
        """Those of a design (n, K); None where it is conditioned worse than 1e3, or the truth is
        met to less than 1e-4 of itself: there round-off tells what is next to nothing."""
        scale = lengths(design)
        columns: Array = design / scale
        gram = columns.T @ columns
        try:
            lower = np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        if condition(gram, lower) > WELL_CONDITIONED:
            return None
        right = columns.T @ truth
        missed = np.linalg.norm(columns @ np.linalg.solve(gram, right) - truth)
        if not missed > LEAST_MISSED * np.linalg.norm(truth):
            return None
        return Normal(gram, right, scale)

    def coefficients(self, kept: list[int]) -> Array:
        """c (k,) on some of the columns."""
        found = np.linalg.solve(self.gram[np.ix_(kept, kept)], self.right[kept])
        return np.asarray(found / self.lengths[kept])


def _tensor(array: Array) -> torch.Tensor:
    """The same numbers; torch warns of what it could write to and should not."""
    whole = np.ascontiguousarray(array)
    return torch.from_numpy(whole) if whole.flags.writeable else torch.tensor(whole)


def inverse_gram(columns: Array) -> Array:
    """(AᵀA)⁻¹ (k, k) of columns A (n, k), scaled to unit length on the way.

    An invisible direction counts as just visible, so that coefficients that it mixes get enormous
    errors and not none.

    >>> np.sqrt(np.diagonal(inverse_gram(np.array([[1.0, 0.0], [0.0, 0.5]]))))
    array([1., 2.])
    """
    scale = lengths(columns)
    _, stretch, right = np.linalg.svd(triangle(columns / scale), full_matrices=True)
    stretch = np.append(stretch, np.zeros(columns.shape[1] - len(stretch)))
    if not stretch.any():
        return np.diag(np.full(columns.shape[1], np.inf))
    stretch = np.maximum(stretch, UNSEEN * stretch.max())
    half = right.T / stretch / scale[:, None]
    inverse: Array = half @ half.T
    return inverse


def rounding(columns: Array, truth: Array, coefficients: Array) -> Array:
    """eps √(AᵀA)⁻¹_kk (Σ_j |A_j c_j| + |b|): by how much round-off may move c_k, (k,).

    QR solves a problem whose columns and truth are off by eps of their own lengths; the k-th row
    of the pseudoinverse, √(AᵀA)⁻¹_kk long, turns that into an error of c_k. It is far above
    eps |c_k| where columns are nearly collinear, or a term is small beside the others.
    Source: N. J. Higham, Accuracy and Stability of Numerical Algorithms (2002), theorem 20.3.

    >>> columns = np.array([[1.0, 1.0], [0.0, 1e-6]])
    >>> (rounding(columns, columns[:, 0], np.array([1.0, 0.0])) > 1e-10).tolist()
    [True, True]
    """
    terms = np.linalg.norm(columns, axis=0) @ np.abs(coefficients) + np.linalg.norm(truth)
    moved: Array = EPS * terms * np.sqrt(np.diagonal(inverse_gram(columns)))
    return moved


def lengths(matrix: Array) -> Array:
    """The lengths of the columns, 1 where a column is zero.

    >>> large = 2.0**700
    >>> lengths(np.array([[0.75 * large, 0.0], [large, 0.0]])) / [large, 1.0]
    array([1.25, 1.  ])
    """
    # In powers of two, by which nothing is rounded and squares of large numbers do not overflow.
    _, exponents = np.frexp(np.abs(matrix).max(axis=0, initial=0.0))
    length: Array = np.ldexp(np.linalg.norm(np.ldexp(matrix, -exponents), axis=0), exponents)
    return np.where(length > 0, length, 1.0)


def triangle(rows: Array) -> Array:
    """A square matrix with the same lengths |A c|, in place of many rows."""
    if len(rows) <= rows.shape[1]:
        return rows
    return np.asarray(np.linalg.qr(rows, mode="r"))


def ascending(values: Array, slack: float = 0.0) -> NDArray[np.intp]:
    """The order of the values, least first; those that round-off alone tells apart keep theirs.

    Neighbours closer than one part in 10⁹, or than ``slack``, are equal: the last bits, which
    differ from one processor to the next, must not decide.

    >>> ascending(np.array([2.0, 1 + 1e-15, 1.0, 0.0])).tolist()
    [3, 1, 2, 0]
    """
    order = np.argsort(values, kind="stable")
    rising = values[order]
    apart = np.diff(rising) > TIE * np.abs(rising[:-1]) + slack
    level = np.concatenate([[0], np.cumsum(apart)])[: len(values)]
    return np.asarray(order[np.lexsort((order, level))])
