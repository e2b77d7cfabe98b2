"""The library matrix that terms are chosen from, after QR; and what of its numbers is round-off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from training.prepare.stencils import Array
from training.solve.linear import compress, solve

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
        block = compress(torch.tensor(design), torch.tensor(truth)).numpy()
        return Compressed(block[:, :-1], block[:, -1], names, len(truth))

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

    def solve(self, support: Support) -> tuple[Array, float]:
        """Least squares on the columns of ``support``: all K coefficients, and the residual."""
        coefficients = np.zeros(self.size)
        if not support:
            return coefficients, self.length
        columns = torch.tensor(self.design[:, list(support)])
        solved = solve(columns, torch.tensor(self.truth), rcond=UNSEEN)
        coefficients[list(support)] = solved.coefficients.numpy()
        return coefficients, solved.residual

    def inverse_gram(self, support: Support) -> Array:
        """(AᵀA)⁻¹ of the columns of ``support``: the covariance for noise of deviation 1."""
        return inverse_gram(self.design[:, list(support)])

    def rounding(self, support: Support) -> Array:
        """By how much round-off may move each coefficient of ``support``, (k,): see `rounding`."""
        kept = list(support)
        return rounding(self.design[:, kept], self.truth, self.solve(support)[0][kept])


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
    """The lengths of the columns, 1 where a column is zero."""
    length: Array = np.linalg.norm(matrix, axis=0)
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
