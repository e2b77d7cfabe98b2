"""Gauss-Newton on a law's coefficients and every trajectory's initial state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interpret.refinement.shooting import Shooting
from training.prepare.stencils import Array

Normal = tuple[float, Array, Array]
"""χ², and JᵀJ (R, P, P) and Jᵀr (R, P) of every trajectory."""

MOST_ITERATIONS = 15
MOST_REJECTIONS = 8
CONVERGED = 1e-3
"""A step whose coefficients lower χ² by so little, and each state as little, moves them by 0.03 of
their error bars. What is beyond is far smaller: it is the last step, and is not tried first."""
CREEPING = 1e-6
"""A fit that is not there after `SOON` integrations creeps along a valley: χ² of some thousand
values falls by less than a hundredth then, which moves no coefficient by a tenth of its error."""
MISSED = 10.0
NEAR_ENOUGH = 1e-4
SOON = 8
"""A law that misses ten times as much as its noise is wrong, after so many integrations: which of
its fits is best to five digits nobody asks, and that fit may creep along for ever."""
MOST_TRIALS = 40
"""Integrations in all: a law that can be fitted needs a dozen."""
TINY = 1e-14


@dataclass(frozen=True)
class Estimate:
    """The maximum-likelihood law: coefficients (K,), covariance (K, K), chi^2 and its count.

    ``states`` (R, 2d) are the fitted initial states. The covariance is the coefficients' block of
    (J^T J)^-1, the initial states marginalised.
    """

    coefficients: Array
    covariance: Array
    states: Array
    chi_squared: float
    observations: int

    @property
    def degrees_of_freedom(self) -> int:
        """Measured values less fitted parameters."""
        return max(1, self.observations - self.states.size - len(self.coefficients))

    @property
    def chi2_per_n(self) -> float:
        """chi^2 per degree of freedom: 1 when the law and the noise level are right."""
        return self.chi_squared / self.degrees_of_freedom


def maximise(problem: Shooting, states: Array, coefficients: Array) -> Estimate | None:
    """Minimise chi^2 over (initial states, coefficients) by damped Gauss-Newton.

    The initial states belong to one trajectory each, so they are eliminated block by block (Schur
    complement): S = sum_j N_cc - N_cy N_yy^-1 N_yc is the coefficients' information matrix.
    Returns None where even the starting law cannot be integrated.
    """
    current = problem.normal_equations(states, coefficients)
    if current is None:
        return None
    damping = 0.0
    trials = 0
    for _ in range(MOST_ITERATIONS):
        chi = current[0]
        for _ in range(min(MOST_REJECTIONS, MOST_TRIALS - trials)):
            trials += 1
            moved_states, moved = _step(current, states.shape[1], damping)
            gain, own = _gains(current, moved_states, moved)
            if damping == 0.0 and own < CONVERGED and abs(gain) < CONVERGED * (states.size + 1):
                last = (chi - gain, *current[1:])
                return _estimate(problem, last, states + moved_states, coefficients + moved)
            trial = problem.normal_equations(states + moved_states, coefficients + moved)
            if trial is not None and trial[0] <= chi * (1 + 1e-12):
                break
            damping = max(10 * damping, 1e-3)
        else:
            break
        states, coefficients, current = states + moved_states, coefficients + moved, trial
        damping = damping / 10 if damping > 1e-6 else 0.0
        wrong = trial[0] > MISSED * problem.observations()
        slack = NEAR_ENOUGH if wrong else CREEPING if trials >= SOON else 0.0
        if chi - trial[0] < max(slack * chi, CONVERGED) or (wrong and trials >= SOON):
            break
    return _estimate(problem, current, states, coefficients)


def _estimate(problem: Shooting, found: Normal, states: Array, coefficients: Array) -> Estimate:
    """The estimate of a minimum, by its normal equations."""
    information, _ = _eliminate(found, states.shape[1], 0.0)
    return Estimate(coefficients, invert(information), states, found[0], problem.observations())


def _gains(current: Normal, states: Array, coefficients: Array) -> tuple[float, float]:
    """By how much a step of all parameters would lower χ² if the motion were linear in them, and by
    how much that of the coefficients alone, the states following.

    2 g·s - s·N s, with the states' blocks of g and N their own; and c·S c.
    """
    _, normal, right = current
    step = np.concatenate([states, np.tile(coefficients, (len(states), 1))], axis=1)
    curved = np.einsum("rp,rpq,rq->", step, normal, step, optimize=True)
    information, _ = _eliminate(current, states.shape[1], 0.0)
    own = coefficients @ information @ coefficients
    return float(2 * (right * step).sum() - curved), float(own)


def _step(current: Normal, size: int, damping: float) -> tuple[Array, Array]:
    """The damped Gauss-Newton step of the states (R, 2d) and of the coefficients (K,)."""
    _, normal, right = current
    information, pulled = _eliminate(current, size, damping)
    moved = np.asarray(invert(information) @ pulled, dtype=np.float64)
    states = _damped(normal[:, :size, :size], damping)
    remaining = right[:, :size] - normal[:, :size, size:] @ moved
    back = np.asarray(np.linalg.solve(states, remaining[:, :, None])[:, :, 0], dtype=np.float64)
    return back, moved


def _eliminate(current: Normal, size: int, damping: float) -> tuple[Array, Array]:
    """The Schur complement S (K, K) and its right-hand side (K,)."""
    _, normal, right = current
    states = _damped(normal[:, :size, :size], damping)
    cross = normal[:, :size, size:]
    solved = np.linalg.solve(states, cross)
    information = normal[:, size:, size:].sum(axis=0)
    information = information + damping * np.diag(np.diagonal(information))
    information = information - np.einsum("rsk,rsl->kl", cross, solved)
    pulled = right[:, size:].sum(axis=0) - np.einsum("rsk,rs->k", solved, right[:, :size])
    return information, pulled


def _damped(blocks: Array, damping: float) -> Array:
    """Multiply the diagonals by 1 + damping (and by a hair more, against exact singularity)."""
    damped = blocks.copy()
    diagonal = np.arange(blocks.shape[1])
    damped[:, diagonal, diagonal] *= 1 + damping + TINY
    return damped


def invert(information: Array) -> Array:
    """The inverse after scaling to a unit diagonal; directions below round-off get none.

    >>> invert(np.diag([4.0, 0.5])).round(12).tolist()
    [[0.25, 0.0], [0.0, 2.0]]
    """
    if not np.isfinite(information).all():
        return np.full_like(information, np.nan)
    scale = np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    # What rounding makes of a diagonal of nothing is no correlation: none is above one.
    related = np.clip(information / scale / scale[:, None], -1.0, 1.0)
    inverse = np.linalg.pinv(related, rcond=1e-14, hermitian=True)
    result: Array = inverse / scale / scale[:, None]
    return result
