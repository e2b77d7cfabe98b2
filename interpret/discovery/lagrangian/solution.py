"""The Lagrangians that the data admit: how many there are, and the coefficients of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.discovery.lagrangian.candidate_equations import CandidateEquations
from interpret.discovery.lagrangian.coefficient_fit import Estimate, Problem
from interpret.discovery.lagrangian.null_space import Spectrum, spectrum
from interpret.discovery.lagrangian.representative import Wishes, representative
from interpret.discovery.lagrangian.sample_weights import growing_weights
from interpret.select.criteria import SIGNIFICANT

Array = NDArray[np.float64]

EXACT: Final = 1e-9
"""A misfit below this fraction of the accelerations is rounding."""


@dataclass(frozen=True)
class Solution:
    """The `nullity` of the null space of `spectrum`, and one Lagrangian out of it.

    `full` is its fit with all candidates, `estimate` with those that matter, `fixed` the
    coefficients {number: value} that make it one out of many.
    """

    problem: Problem
    spectrum: Spectrum
    nullity: int
    full: Estimate
    estimate: Estimate
    fixed: dict[int, float]

    @property
    def misfit(self) -> float:
        """The noise of the accelerations, were the law the true one, relative to their size."""
        return self.estimate.noise / self.problem.usual

    @property
    def unsure(self) -> NDArray[np.intp]:
        """The candidates kept that do not matter when all candidates are at work."""
        return _unsure(self.full, self.estimate)


def solution(
    equations: CandidateEquations, qdd: Array, weights: Array | None, wishes: Wishes
) -> Solution:
    """The solution for accelerations q̈ (n, d) with the noise 1/weights (n,).

    Without weights the noise is taken to be white or to grow with the acceleration, whichever is
    likelier; that is the one with the smaller σ, the weights having the geometric mean 1. Without
    noise the weights of the second case let small accelerations count as much as large ones.
    """
    if weights is not None:
        return _solved(Problem(equations, qdd, weights, level=1.0), wishes)
    white = _solved(Problem(equations, qdd, np.ones(len(qdd))), wishes)
    growing = _solved(Problem(equations, qdd, growing_weights(qdd)), wishes)
    if white.misfit < EXACT or not np.isfinite(growing.misfit):
        return growing if np.isfinite(growing.misfit) else white
    # A sample whose measured acceleration is small by chance must not count more for it.
    model = qdd - growing.estimate.residuals / growing.problem.weights[:, None]
    growing = _solved(Problem(equations, qdd, growing_weights(model)), wishes)
    return min(white, growing, key=lambda one: float(np.nan_to_num(one.estimate.noise, nan=np.inf)))


def _solved(problem: Problem, wishes: Wishes) -> Solution:
    """The first Lagrangian that a fit can start from.

    Of the directions that only the noise admits some may lead to masses without an inverse, from
    where no fit starts: then it starts with the better ones alone.
    """
    found = spectrum(problem.equations, problem.qdd, problem.weights)
    nullity = found.nullity(problem.level)
    for count in range(nullity, 0, -1):
        start, fixed = representative(found.directions[:, :count], found.sizes, wishes)
        free = [k for k in range(len(start)) if k not in fixed]
        full = problem.fit(start, fixed, free)
        estimate = problem.sparse(start, fixed, free)
        if full is None or estimate is None:
            continue
        if len(_unsure(full, estimate)):
            kept = [k for k in free if estimate.coefficients[k]]
            fewer = problem.fewest(full, free, len(kept))
            estimate = problem.sparse(full.coefficients, fixed, fewer) or estimate
        return Solution(problem, found, nullity, full, estimate, fixed)
    unsolved = problem.unsolved(start)
    return Solution(problem, found, nullity, unsolved, unsolved, fixed)


def _unsure(full: Estimate, estimate: Estimate) -> NDArray[np.intp]:
    return np.flatnonzero((estimate.coefficients != 0) & (full.significance < SIGNIFICANT))
