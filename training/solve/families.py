"""Several families of rows solved together, each weighted by what it turns out to be worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training import processes
from training.bases.basis import Basis
from training.rows.trajectories import Rows
from training.solve.linear import ROUND_OFF, Solution, compress, solve

SMALLEST_RESIDUAL = 1e-14
SMALLEST_WEIGHT = 1e-6


@dataclass(frozen=True)
class Weighted:
    """The common solution of all families: coefficients, and per family residual and weight.

    ``residuals[f]`` = |A_f c - b_f| with |b_f| = 1; ``weights[f]`` in (0, 1], the largest is 1.
    """

    solution: Solution
    residuals: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def coefficients(self) -> Tensor:
        """c, shape (K,)."""
        return self.solution.coefficients

    @property
    def residual(self) -> float:
        """The residual of the family that is fitted best: what is known about V at all."""
        return min(self.residuals)


def solve_families(
    families: Sequence[Rows], basis: Basis, *, rcond: float = ROUND_OFF, passes: int = 1
) -> Weighted:
    """Minimise sum_f w_f^2 |A_f c - b_f|^2, with w_f = 1/residual_f after the first pass.

    A biased family (force rows on a coarse grid) leaves a large residual and fades; one that is
    exact dominates. With noise, one pass: equal weights. Every family's rows are compressed by QR
    once, so the passes cost nothing beside the first.
    """
    blocks = [_triangle(family, basis) for family in families]
    weights = [1.0] * len(blocks)
    for _ in range(max(1, passes)):
        used = tuple(weights)
        stacked = torch.cat([weight * block for weight, block in zip(used, blocks, strict=True)])
        solution = solve(stacked[:, :-1], stacked[:, -1], rcond)
        residuals = tuple(_misfit(block, solution.coefficients) for block in blocks)
        inverse = [1 / max(residual, SMALLEST_RESIDUAL) for residual in residuals]
        weights = [max(value / max(inverse), SMALLEST_WEIGHT) for value in inverse]
    return Weighted(solution, residuals, used)


def shared(families: Sequence[Rows]) -> tuple[Rows, ...]:
    """What of each family this process has to do; all of it, where it is alone."""
    if processes.count() == 1:
        return tuple(families)
    return tuple(family.share(processes.number(), processes.count()) for family in families)


def _triangle(family: Rows, basis: Basis) -> Tensor:
    """R of the QR decomposition of the family's [A b], by all processes together."""
    (own,) = shared([family])
    block = compress(own.design(basis), own.truth)
    if processes.count() == 1:
        return block
    together = processes.pooled(block)
    return compress(together[:, :-1], together[:, -1])


def stack(
    families: Sequence[Rows], weights: Sequence[float], basis: Basis
) -> tuple[Tensor, Tensor]:
    """The weighted rows of all families, (rows, K) and (rows,)."""
    designs = [weight * f.design(basis) for weight, f in zip(weights, families, strict=True)]
    truths = [weight * f.truth for weight, f in zip(weights, families, strict=True)]
    return torch.cat(designs), torch.cat(truths)


def _misfit(block: Tensor, coefficients: Tensor) -> float:
    return float((block[:, :-1] @ coefficients - block[:, -1]).norm())
