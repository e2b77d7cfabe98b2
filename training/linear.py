"""Scaled least squares: the one solver behind every basis."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

ROUND_OFF = 1e-13


@dataclass(frozen=True)
class Solution:
    """c = argmin |A c - b|^2, with what the data say about c.

    ``coefficients`` (K,); ``residual`` |A c - b|; ``rank`` of the scaled A above ``rcond``;
    ``singular_values`` of the scaled A, descending; ``weak_direction`` (K,), the unit vector, in
    scaled coefficients, that the rows constrain least.
    """

    coefficients: Tensor
    residual: float
    rank: int
    singular_values: Tensor
    weak_direction: Tensor


def solve(design: Tensor, truth: Tensor, rcond: float = ROUND_OFF) -> Solution:
    """Minimise |A c - b|^2 after scaling every column of A to unit length.

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
    scale = design.norm(dim=0)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    left, singular, right = torch.linalg.svd(design / scale, full_matrices=False)
    kept = singular > rcond * singular[0]
    projected = left.T @ truth
    scaled = right.T[:, kept] @ (projected[kept] / singular[kept])
    coefficients = scaled / scale
    inside = (design @ coefficients - truth).norm()
    residual = float(torch.hypot(inside, rest.to(inside)))
    if len(right) < columns:
        # Fewer rows than columns: the weakest direction is one that no row sees.
        right = torch.linalg.svd(design / scale, full_matrices=True).Vh
    return Solution(coefficients, residual, int(kept.sum()), singular, right[-1])


def compress(design: Tensor, truth: Tensor) -> Tensor:
    """R of the QR decomposition of [A b]: all that least squares needs of the rows.

    |A c - b| = |R [c, -1]| for every c, whatever the number of rows was.

    Shape: (min(rows, K + 1), K + 1).

    >>> design = torch.ones(5, 1, dtype=torch.float64)
    >>> compress(design, 2 * design[:, 0]).abs().round(decimals=6).tolist()[0]
    [2.236068, 4.472136]
    """
    augmented = torch.cat([design, truth[:, None]], dim=1)
    factor: Tensor = torch.linalg.qr(augmented, mode="r").R
    return factor
