"""Groups of columns dropped by their Wald statistic, many at once, until all that are left matter.

w_g = c_gᵀ (C_gg)⁻¹ c_g / (K_g σ²),    C = (AᵀA)⁻¹
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.select.matrix import Compressed

Array = NDArray[np.float64]

WEAK: Final = 9.0
"""Three standard errors: of groups below it half are dropped at once, of others one."""

MANY: Final = 6
"""So few weak groups are dropped one by one."""

FLOOR: Final = 1e-6
"""Less of the target than this is round-off, integrators' and quadrature's."""

AS_GOOD: Final = 3.0
"""Noise-free groups are all needed whose loss makes the fit three times worse."""

PAY: Final = 2.0
"""A group pays log n for each column, and as much again for having been found among many."""


@dataclass(frozen=True)
class Kept:
    """The groups that are kept, and the residual of the target on their columns."""

    groups: tuple[int, ...]
    residual: float


def eliminated(
    problem: Compressed, groups: Sequence[Sequence[int]], count: float, *, noisy: bool
) -> Kept:
    """The groups of columns that the rows ask for; `count` of them are independent.

    >>> random = np.random.default_rng(0)
    >>> design = random.standard_normal((200, 6))
    >>> target = design @ [1, 0.5, 0, 0, 0, 0] + 0.01 * random.standard_normal(200)
    >>> problem = Compressed.of(design, target, tuple("abcdef"))
    >>> eliminated(problem, [[0, 1], [2, 3], [4, 5]], 200, noisy=True).groups
    (0,)
    """
    size = problem.length
    scale = np.linalg.norm(problem.design, axis=0)
    design = problem.design / np.where(scale > 0, scale, 1.0)
    active = list(range(len(groups)))
    path: list[Kept] = []
    while active:
        columns = [k for g in active for k in groups[g]]
        solved, residual, covariance = _solved(design[:, columns], problem.truth)
        path.append(Kept(tuple(active), residual))
        variance = (residual**2 + (FLOOR * size) ** 2) / count
        statistics, begin = [], 0
        for g in active:
            own = slice(begin, begin + len(groups[g]))
            begin = own.stop
            statistics.append(_wald(solved[own], covariance[own, own]) / len(groups[g]) / variance)
        order = np.argsort(statistics)
        weak = int((np.array(statistics) < WEAK).sum())
        drop = {active[k] for k in order[: max(1, weak // 2 if weak > MANY else 1)]}
        active = [g for g in active if g not in drop]
    if noisy:
        return min(path, key=lambda kept: _score(kept, groups, count, size))
    limit = AS_GOOD * path[0].residual + FLOOR * size
    return [kept for kept in path if kept.residual <= limit][-1]


def _score(kept: Kept, groups: Sequence[Sequence[int]], count: float, size: float) -> float:
    """The extended BIC of a choice."""
    columns = sum(len(groups[g]) for g in kept.groups)
    paid = columns * log(count) + PAY * len(kept.groups) * log(len(groups))
    return count * log(kept.residual**2 + (FLOOR * size) ** 2) + paid


def _solved(design: Array, truth: Array) -> tuple[Array, float, Array]:
    """Least squares: coefficients, residual and (AᵀA)⁻¹."""
    left, singular, right = np.linalg.svd(design, full_matrices=False)
    seen = singular > 1e-12 * singular[0]
    inverse = np.where(seen, 1 / np.where(seen, singular, 1.0), 0.0)
    solved = right.T @ (inverse * (left.T @ truth))
    return solved, float(np.linalg.norm(design @ solved - truth)), (right.T * inverse**2) @ right


def _wald(values: Array, covariance: Array) -> float:
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    unit = covariance / np.outer(scale, scale)
    return float((values / scale) @ np.linalg.pinv(unit, hermitian=True) @ (values / scale))
