"""Coefficients of a Lagrangian by maximum likelihood: the accelerations are measured, M is not.

    minimise Σ w² |q̈ - M(c)⁻¹ f(c)|²,    ∂(M⁻¹ f)/∂c_p = -M⁻¹ E_p,  E_p at the model's own q̈

The noise sits in q̈ alone. Solving Σ c_p E_p = 0 by plain least squares would multiply it by the
masses sought, and find them too small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.discovery.lagrangian.candidate_equations import CandidateEquations
from interpret.select.criteria import SIGNIFICANT, LeastChiSquared, Significant
from interpret.select.matrix import Compressed, Support, inverse_gram
from systems import motion

Array = NDArray[np.float64]

MOST_STEPS: Final = 50
MOST_HALVINGS: Final = 12
CONVERGED: Final = 1e-7
"""A step that changes the accelerations by less, as a fraction of the residuals, is the last."""
LARGEST_GROWTH: Final = 10.0
"""Masses must not grow by more: infinite masses always explain that nothing moves."""
SMALLEST_NOISE: Final = 1e-13
"""Relative to the terms that add up to the accelerations: no sum in doubles is surer."""

State = tuple[Array, Array]
"""w (q̈ - a) (n, d) and w ∂a/∂c (n d, free), a = M⁻¹ f"""


@dataclass(frozen=True)
class Estimate:
    """`coefficients` and `stderr` (K,), fixed ones with the error 0; what was dropped is 0.

    `residuals` (n, d): w (q̈ - M⁻¹ f), whose root mean square is `noise`; `sigma` is the noise that
    the errors are computed for, never less than rounding makes.
    """

    coefficients: Array
    stderr: Array
    residuals: Array
    sigma: float

    @property
    def significance(self) -> Array:
        """|c_p| in standard errors (K,); infinite where c_p is fixed, nan where it is unknown."""
        sure = self.stderr == 0
        z: Array = np.abs(self.coefficients) / np.where(sure, 1, self.stderr)
        return np.where(sure, np.inf, z)

    @property
    def noise(self) -> float:
        """The noise level of the weighted accelerations, were the law the true one."""
        free = int((self.stderr > 0).sum())
        return float(np.sqrt((self.residuals**2).sum() / max(self.residuals.size - free, 1)))


@dataclass(frozen=True)
class Problem:
    """The candidates' equations, the accelerations q̈ (n, d) and the weights w (n,).

    `level` is the known standard deviation of w q̈, or None.
    """

    equations: CandidateEquations
    qdd: Array
    weights: Array
    level: float | None = None

    @property
    def usual(self) -> float:
        """The root mean square of w q̈; 1 where nothing accelerates."""
        return float(np.sqrt(np.mean(self.weighted**2))) or 1.0

    @property
    def weighted(self) -> Array:
        """w q̈, (n, d)."""
        return self.weights[:, None] * self.qdd

    def fit(self, start: Array, fixed: Mapping[int, float], free: Sequence[int]) -> Estimate | None:
        """The best coefficients of the `free` candidates, the `fixed` given; all others 0.

        None when M is singular on a sample to begin with.
        """
        coefficients = np.zeros(self.equations.size)
        coefficients[list(fixed)] = list(fixed.values())
        coefficients[list(free)] = start[list(free)]
        largest = LARGEST_GROWTH * float(np.linalg.norm(self.equations.masses @ coefficients))
        state = self._linearised(coefficients, free)
        if np.isnan(state[0]).any():
            return None
        for _ in range(MOST_STEPS):
            after = self._improved(coefficients, free, state, largest)
            if after is None:
                break
            coefficients, state = after
        return self._concluded(coefficients, free, state)

    def sparse(
        self, start: Array, fixed: Mapping[int, float], free: Sequence[int]
    ) -> Estimate | None:
        """`fit` with the candidates that matter: the least significant is dropped until all do."""
        kept = list(free)
        estimate = self.fit(start, fixed, kept)
        while estimate is not None:
            linear = self._linear(estimate, kept)
            alone = Significant(estimate.sigma).choose(linear).support
            if len(alone) == len(kept):
                break
            kept = [kept[number] for number in alone]
            estimate = self.fit(estimate.coefficients, fixed, kept)
        return estimate

    def fewest(self, full: Estimate, free: Sequence[int], most: int) -> list[int]:
        """The best at most `most` of the free candidates, by all subsets.

        The accelerations are linearised about the fit with all of them.
        """
        linear = self._linear(full, free)
        best = LeastChiSquared(full.noise, most).choose(linear).support
        return [free[number] for number in best]

    def vanishing(self, leading: int, free: Sequence[int]) -> tuple[Array, Array]:
        """Coefficients and errors (K,) with Σ c_p E_p = 0 on the data, that of `leading` being 1.

        By plain least squares, the M of this combination may have no inverse. The candidates that
        are insignificant are dropped, and where many combinations would do, the simplest is taken.
        """
        rows = (self.weights[:, None, None] * self.equations.residuals(self.qdd)).reshape(
            -1, self.equations.size
        )
        truth = -rows[:, leading]
        columns = rows[:, list(free)]
        problem = _compressed(columns, truth)
        answer, _ = problem.solve(problem.full)
        residuals = truth - columns @ answer
        terms = np.abs(columns) @ np.abs(answer) + np.abs(truth)
        sigma = _level(residuals, len(free), terms)
        kept = Significant(sigma).choose(problem).support
        sure = np.abs(answer) >= SIGNIFICANT * sigma * _spreads(problem, problem.full)
        if not sure[list(kept)].all():
            kept = LeastChiSquared(sigma, len(kept)).choose(problem).support
        chosen = [free[number] for number in kept]
        coefficients, stderr = np.zeros((2, self.equations.size))
        coefficients[leading] = 1
        coefficients[chosen] = problem.solve(kept)[0][list(kept)]
        stderr[chosen] = sigma * _spreads(problem, kept)
        return coefficients, stderr

    def unsolved(self, coefficients: Array) -> Estimate:
        """Coefficients as they are, with nothing known about them."""
        unknown = np.full(len(coefficients), np.nan)
        return Estimate(coefficients, unknown, np.full(self.qdd.shape, np.nan), np.nan)

    def _linear(self, estimate: Estimate, free: Sequence[int]) -> Compressed:
        """The problem linearised about an estimate, its columns the free candidates."""
        residuals, slopes = self._linearised(estimate.coefficients, free)
        return _compressed(slopes, residuals.ravel() + slopes @ estimate.coefficients[list(free)])

    def _linearised(self, coefficients: Array, free: Sequence[int]) -> State:
        """The state at these coefficients; nan where M is singular."""
        masses, forces = self.equations.combined(coefficients)
        inverse = motion.solve(masses, np.broadcast_to(np.eye(masses.shape[1]), masses.shape))
        model = np.einsum("nij,nj->ni", inverse, forces)
        equations = self.equations.candidates(list(free)).residuals(model)
        slopes = -self.weights[:, None, None] * (inverse @ equations)
        residuals = self.weights[:, None] * (self.qdd - model)
        return residuals, slopes.reshape(residuals.size, len(free))

    def _improved(
        self, coefficients: Array, free: Sequence[int], state: State, largest: float
    ) -> tuple[Array, State] | None:
        """The coefficients after a Gauss–Newton step, halved until it helps; None if none does."""
        residuals, slopes = state
        before = float(np.linalg.norm(residuals))
        if not free or before <= 1e-2 * SMALLEST_NOISE * self.usual * np.sqrt(residuals.size):
            return None
        linear = _compressed(slopes, residuals.ravel())
        step, _ = linear.solve(linear.full)
        if np.linalg.norm(slopes @ step) <= CONVERGED * before:
            return None
        for halving in range(MOST_HALVINGS):
            trial = coefficients.copy()
            trial[list(free)] += step / 2**halving
            if np.linalg.norm(self.equations.masses @ trial) > largest:
                continue
            after = self._linearised(trial, free)
            if np.linalg.norm(after[0]) < (1 - CONVERGED**2) * before:
                return trial, after
        return None

    def _concluded(self, coefficients: Array, free: Sequence[int], state: State) -> Estimate:
        residuals, slopes = state
        terms = np.abs(slopes) @ np.abs(coefficients[list(free)]) + np.abs(self.weighted).ravel()
        sigma = _level(residuals, len(free), terms)
        if self.level is not None:
            sigma = max(self.level, _level(0 * residuals, len(free), terms))
        stderr = np.zeros(len(coefficients))
        stderr[list(free)] = sigma * np.sqrt(np.diagonal(inverse_gram(slopes)))
        return Estimate(coefficients, stderr, residuals, sigma)


def _compressed(columns: Array, truth: Array) -> Compressed:
    return Compressed.of(columns, truth, tuple(map(str, range(columns.shape[1]))))


def _spreads(problem: Compressed, support: Support) -> Array:
    """The standard error of each coefficient of the support for noise of deviation 1."""
    return np.sqrt(np.diagonal(problem.inverse_gram(support)))


def _level(residuals: Array, free: int, terms: Array) -> float:
    """The noise level of residuals with so many free coefficients, at least that of rounding.

    `terms` are the sizes of what adds up to each row.
    """
    found = np.sqrt((residuals**2).sum() / max(residuals.size - free, 1))
    return float(max(found, SMALLEST_NOISE * np.sqrt(np.mean(terms**2)))) or SMALLEST_NOISE
