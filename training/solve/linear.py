"""Scaled least squares: the one solver behind every basis."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

ROUND_OFF = 1e-13

CACHED = 1 << 18
"""Bytes of rows that are taken at once: they stay in a core's own cache."""

LEFT_OVER = 8
"""Times as many rows as columns are taken at once at least: an eighth of them is left."""

FEW = 32
"""So many stretches, some eight megabytes, stay in a cache that cores share, and go at once."""

WELL_CONDITIONED = 1e3
"""Columns of unit length that are conditioned better lose κ² eps = 2e-10 of their coefficients to
normal equations: less than is taken for equal, `interpret.select.matrix.TIE`."""

LEAST_MISSED = 1e-4
"""Of |b|: a smaller residual would lose more than 1e-8 of itself, eps over its square."""

SMALLEST = 1e-140
"""Lengths whose squares keep all their digits."""

NEGLIGIBLE_PART = 1e-6
"""A smaller part in an unseen direction is round-off, and no reason to know nothing."""


@dataclass(frozen=True)
class Scaled:
    """A with its columns scaled to unit length, as U S Vᵀ: A = U S Vᵀ diag(lengths).

    ``left`` (rows, k), ``singular`` (k,) descending, k = min(rows, K), ``right`` (K, K) all of V,
    ``lengths`` (K,), 1 where a column is zero. Directions with a singular value below ``rcond``
    times the largest count as unseen: they carry only round-off.
    """

    left: Tensor
    singular: Tensor
    right: Tensor
    lengths: Tensor
    rcond: float

    @staticmethod
    def of(design: Tensor, rcond: float = ROUND_OFF) -> Scaled:
        """The decomposition of a design (rows, K)."""
        lengths = design.norm(dim=0)
        lengths = torch.where(lengths > 0, lengths, torch.ones_like(lengths))
        left, singular, right = torch.linalg.svd(design / lengths, full_matrices=False)
        if len(singular) < len(lengths):
            # Fewer rows than columns: the weakest direction is one that no row sees.
            right = torch.linalg.svd(design / lengths, full_matrices=True).Vh
        return Scaled(left, singular, right.T, lengths, rcond)

    @property
    def rank(self) -> int:
        """The number of directions seen; they come first."""
        return int((self.singular > self.rcond * self.singular[:1]).sum())

    @property
    def weak_direction(self) -> Tensor:
        """The unit vector (K,), in scaled coefficients, that the rows constrain least."""
        return self.right[:, -1]

    def solve(self, truth: Tensor, damping: float = 0.0) -> Tensor:
        """argmin |A c - b|² + damping |c · lengths|² (K,), without the unseen directions."""
        rank = self.rank
        singular = self.singular[:rank]
        strength = singular / (singular.square() + damping) if damping else 1 / singular
        scaled = self.right[:, :rank] @ ((self.left.T @ truth)[:rank] * strength)
        return scaled / self.lengths

    def covariance(self, variance: float) -> Tensor:
        """variance (AᵀA)⁻¹ (K, K), in the units of the coefficients.

        A coefficient that has a part in an unseen direction has an infinite variance and undefined
        (nan) covariances.

        >>> seen_once = torch.tensor([[2.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
        >>> Scaled.of(seen_once).covariance(1.0).tolist()
        [[0.25, nan], [nan, inf]]
        """
        rank = self.rank
        root = self.right[:, :rank] / self.singular[:rank] / self.lengths[:, None]
        covariance = variance * root @ root.T
        unseen = (self.right[:, rank:].abs() > NEGLIGIBLE_PART).any(dim=1)
        covariance[unseen, :] = torch.nan
        covariance[:, unseen] = torch.nan
        covariance[unseen, unseen] = torch.inf
        return covariance


@dataclass(frozen=True)
class Solution:
    """c = argmin |A c - b|, with what the data say about c.

    ``coefficients`` (K,); ``residual`` |A c - b|; ``scaled``, the decomposition of A, or of what QR
    has left of it.
    """

    coefficients: Tensor
    residual: float
    scaled: Scaled

    @property
    def rank(self) -> int:
        """The number of directions that the rows see."""
        return self.scaled.rank

    @property
    def singular_values(self) -> Tensor:
        """Those of the scaled A, descending."""
        return self.scaled.singular

    def covariance(self, degrees: int) -> Tensor:
        """s² (AᵀA)⁻¹ (K, K), s² = |A c - b|²/degrees.

        ``degrees`` of freedom are the rows minus the rank, and to be given, since rows that came
        compressed are fewer than were measured; 1 takes the whole residual for one error. See
        `Scaled.covariance` for what the rows do not see.
        """
        return self.scaled.covariance(self.residual**2 / degrees)


def solve(design: Tensor, truth: Tensor, rcond: float = ROUND_OFF) -> Solution:
    """Minimise |A c - b|² after scaling every column of A to unit length.

    c_k = (V S^-1 U^T b)_k / |A_k|, with the singular values below ``rcond`` times the largest left
    out: a basis of overlapping neurons has many, and they carry only round-off.

    Shapes: ``design`` (rows, K), ``truth`` (rows,).

    >>> line = torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
    >>> truth = torch.tensor([1.0, 3.0, 5.0], dtype=torch.float64)
    >>> [round(value, 12) for value in solve(line, truth).coefficients.tolist()]
    [1.0, 2.0]
    """
    rows, columns = design.shape
    if rows > 2 * columns:
        compressed = compress(design, truth)
        rest = compressed[columns:, columns].norm()
        design, truth = compressed[:columns, :columns], compressed[:columns, columns]
    else:
        rest = torch.zeros((), dtype=design.dtype)
    scaled = Scaled.of(design, rcond)
    coefficients = scaled.solve(truth)
    inside = (design @ coefficients - truth).norm()
    return Solution(coefficients, float(torch.hypot(inside, rest.to(inside))), scaled)


def compress(design: Tensor, truth: Tensor) -> Tensor:
    """R of the QR decomposition of [A b]: all that least squares needs of the rows.

    |A c - b| = |R [c, -1]| for every c, whatever the number of rows was. Where that loses nothing R
    is the Cholesky factor of [A b]ᵀ[A b], at a fifth of the cost; else rows that fit the cache are
    decomposed by themselves, and what is left of them together.
    Source: J. Demmel et al., SIAM J. Sci. Comput. 34 (2012) A206.

    Shape: (min(rows, K + 1), K + 1).

    >>> design = torch.ones(5, 1, dtype=torch.float64)
    >>> compress(design, 2 * design[:, 0]).abs().round(decimals=6).tolist()[0]
    [2.236068, 4.472136]
    """
    width = design.shape[1] + 1
    if len(design) <= 2 * width:
        return _triangle(torch.cat([design, truth[:, None]], dim=1))
    quick = _by_cholesky(design, truth)
    if quick is not None:
        return quick
    stretch = max(LEFT_OVER * width, CACHED // (8 * width))
    if len(design) <= FEW * stretch:
        return _triangle(torch.cat([design, truth[:, None]], dim=1))
    parts = zip(torch.split(design, stretch), torch.split(truth, stretch), strict=True)
    left = torch.cat([_triangle(torch.cat([a, b[:, None]], dim=1)) for a, b in parts])
    return _triangle(left)


def _triangle(rows: Tensor) -> Tensor:
    upper: Tensor = torch.linalg.qr(rows, mode="r").R
    return upper


def _by_cholesky(design: Tensor, truth: Tensor) -> Tensor | None:
    """R from [A b]ᵀ[A b], its columns scaled to unit length; None where digits would be lost."""
    if design.dtype != torch.float64 or design.requires_grad:
        return None
    if design.device.type != "cpu":
        augmented = torch.cat([design, truth[:, None]], dim=1)
        return factor(augmented.T @ augmented)
    # On a CPU by numpy, whose product knows that it is symmetric.
    a, b = design.numpy(), truth.numpy()
    stretch = max(a.shape[1], CACHED // (8 * a.shape[1] + 8))
    starts = range(0, len(a), stretch)
    parts = ((a[i : i + stretch], b[i : i + stretch, None]) for i in starts)
    # Squares that cannot be said are left to the rows themselves.
    with np.errstate(over="ignore", invalid="ignore"):
        square = gram(parts)
    return factor(torch.from_numpy(square))


def gram(blocks: Iterable[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> NDArray[np.float64]:
    """[A B]ᵀ[A B] (K + m, K + m) of rows that come block by block, A (n, K) and B (n, m).

    >>> blocks = [(np.ones((2, 1)), np.zeros((2, 1))), (np.ones((1, 1)), np.ones((1, 1)))]
    >>> gram(blocks).tolist()
    [[3.0, 1.0], [1.0, 1.0]]
    """
    totals: list[NDArray[np.float64]] = []
    for a, b in blocks:
        parts = [a.T @ a, b.T @ a, b.T @ b]
        if not totals:
            totals = parts
            continue
        for total, part in zip(totals, parts, strict=True):
            total += part
    assert totals, "there is a block"
    square, cross, own = totals
    return np.block([[square, cross.T], [cross, own]])


def squared(rows: Tensor) -> Tensor:
    """AᵀA (K, K), on a CPU by numpy, whose product knows that it is symmetric.

    >>> squared(torch.ones(3, 1)).tolist()
    [[3.0]]
    """
    if rows.device.type != "cpu":
        return rows.T @ rows
    plain = rows.numpy()
    return torch.from_numpy(plain.T @ plain)


def definite(square: Tensor) -> Callable[[Tensor], Tensor] | None:
    """b -> M⁻¹ b (n,) of a symmetric matrix M (n, n), by Cholesky; None where it is not positive.

    M is written over. On a CPU by scipy, whose LAPACK does not depend on who made the processor.

    >>> solve = definite(torch.tensor([[4.0]], dtype=torch.float64))
    >>> float(solve(torch.tensor([2.0], dtype=torch.float64)))
    0.5
    >>> definite(torch.tensor([[-1.0]])) is None
    True
    """
    if square.device.type != "cpu":
        lower, failed = torch.linalg.cholesky_ex(square)
        if int(failed):
            return None
        return lambda right: torch.cholesky_solve(right[:, None], lower)[:, 0]
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        # Turned, the memory is in the order that LAPACK wants.
        known = cho_factor(square.numpy().T, overwrite_a=True, check_finite=False)
    except LinAlgError:
        return None
    return lambda right: torch.from_numpy(cho_solve(known, right.numpy(), check_finite=False))


def factor(square: Tensor) -> Tensor | None:
    """R, RᵀR = [A b]ᵀ[A b]; None where digits would be lost: see `compress`."""
    lengths = square.diagonal().sqrt()
    if not (torch.isfinite(lengths) & (lengths > SMALLEST)).all():
        return None
    scaled = square / lengths / lengths[:, None]
    lower, failed = torch.linalg.cholesky_ex(scaled)
    if int(failed) or float(lower[-1, -1]) < LEAST_MISSED:
        return None
    if condition(scaled[:-1, :-1].cpu().numpy(), lower[:-1, :-1].cpu().numpy()) > WELL_CONDITIONED:
        return None
    upper: Tensor = lower.T * lengths
    return upper


def condition(square: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """√κ₁ of AᵀA = L Lᵀ, at least the condition κ₂ of A, as LAPACK estimates it.

    Source: N. J. Higham, ACM Trans. Math. Softw. 14 (1988) 381.

    >>> square = np.diag([1.0, 1e-4])
    >>> round(condition(square, np.linalg.cholesky(square)), 6)
    100.0
    """
    from scipy.linalg.lapack import dpocon

    if not len(square):
        return 1.0  # which LAPACK would print a complaint about
    reciprocal, _ = dpocon(lower, np.linalg.norm(square, 1), uplo="L")
    return 1 / math.sqrt(reciprocal) if reciprocal > 0 else math.inf
