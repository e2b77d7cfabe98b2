"""Rows made white, their initial states gone: one Gram matrix of all candidates and the target.

Each stretch's initial state is eliminated, and what is left of all stretches is one Gram matrix, in
which candidates of every part are columns alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.initial_states import SMALLEST, eliminated, left
from interpret.ledger.noise import Noise
from interpret.ledger.rows import Rows, Stretch

Array = NDArray[np.float64]

ROUNDING: Final = 1e-14
"""Added to a unit diagonal: directions that doubles cannot tell have no inverse."""

DEPENDENT: Final = 1e-12

BLOCKS: Final = 16
"""Blocks of time between which scores scatter: enough to tell a variance to a third."""


class Reduced:
    """The Gram matrix (p + 1, p + 1) of [columns | target], whitened, without initial states.

    >>> t = np.linspace(0, 1, 50)[:, None]
    >>> start = np.stack([np.ones_like(t), t], axis=2)
    >>> one = Stretch(start, (t**2 / 2)[..., None], 3 - t + 5 * t**2 / 2)
    >>> reduced = Reduced([one], Noise.white(np.array([0.1])))
    >>> float(reduced.solved([0])[0].round(9)[0]), reduced.starts(np.array([5.0]))[0].round(9)
    (5.0, array([[ 3., -1.]]))
    """

    def __init__(self, stretches: Sequence[Stretch], noise: Noise) -> None:
        self.stretches = Rows.of(stretches)
        self.noise = noise
        self._white: list[Array] = []
        for _, item in self.stretches.blocks:
            rows = np.concatenate([item.start, item.columns, item.target[..., None]], axis=-1)
            white = noise.whitened(rows)
            self._white.append(white.reshape(len(white), -1, white.shape[-1]))
        size = self.stretches.size
        self._eliminations = [eliminated(item, size) for item in self._white]
        self.gram: Array = np.sum([item.gram for item in self._eliminations], axis=0)
        self.count = sum(item.shape[0] * item.shape[1] for item in self._white)
        self.count -= self.stretches.states
        # The target, and what initial states explain of it, in columns as they were eliminated.
        self._target = self._begun = np.eye(len(self.gram))[-1]

    def at(self, noise: Noise) -> Reduced:
        """The same rows with another noise."""
        return self if noise is self.noise else Reduced(self.stretches, noise)

    @cached_property
    def finite(self) -> bool:
        """Whether the motion stayed within the numbers."""
        return bool(np.isfinite(self.gram).all())

    def solved(self, active: Sequence[int]) -> tuple[Array, Array]:
        """The step of some parameters, and its covariance at noise of variance 1."""
        return solved(self.gram, active)

    def step(self, active: Sequence[int]) -> Array:
        """The step (p,) of all parameters, zero but for the active ones."""
        step = np.zeros(len(self.gram) - 1)
        if active:
            step[list(active)] = self.solved(active)[0]
        return step

    def chi_squared(self, step: Array) -> float:
        """What a step leaves of the whitened target."""
        moved = np.append(-step, 1.0)
        return float(moved @ self.gram @ moved)

    def starts(self, step: Array) -> list[Array]:
        """The steps of initial states that go with a step of the parameters, by blocks of stretches
        side by side, (m, 2d) each."""
        moved = self._begun - np.append(step, 0.0)
        return [item.taken @ moved for item in self._eliminations]

    def residuals(self, step: Array) -> list[Array]:
        """What a step leaves of each stretch's values, (n_j, C), in their own units."""
        return self.stretches.in_order(self.left(step))

    def left(self, step: Array) -> list[Array]:
        """The same by blocks of stretches side by side, (m, n_j, C) each."""
        pairs = zip(self.starts(step), self.stretches.blocks, strict=True)
        return [block.left(states, step) for states, (_, block) in pairs]

    def toward(self, step: Array) -> Reduced:
        """The same with the target moved by what a step (p,) of the parameters explains."""
        more = np.append(step, 0.0)
        rows = self.stretches.toward(step)
        return self._aimed(rows, self._target + more, self._begun + more)

    def after(self, step: Array) -> Reduced:
        """About the parameters and initial states that a step (p,) leads to, if it is small."""
        pairs = zip(self.stretches.blocks, self.left(step), strict=True)
        rows = Rows([(some, replace(block, target=left)) for (some, block), left in pairs])
        return self._aimed(rows, self._target - np.append(step, 0.0), np.zeros(len(self.gram)))

    def _aimed(self, stretches: Rows, target: Array, begun: Array) -> Reduced:
        found = copy(self)
        found.stretches, found._target, found._begun = stretches, target, begun
        whole = np.sum([item.gram for item in self._eliminations], axis=0)
        turn = np.eye(len(whole))
        turn[:, -1] = target
        found.gram = turn.T @ whole @ turn
        return found

    def robust(self, active: Sequence[int], step: Array) -> Array:
        """The covariance of some parameters by the scatter of their scores between blocks of time.

        The sandwich (JᵀJ)⁻¹ Σ_b s_b s_bᵀ (JᵀJ)⁻¹ holds whatever correlation or wrong model the
        noise's own account has missed. No error bar is below that account's.
        """
        some = list(active)
        covariance = self.solved(some)[1]
        moved = self._target - np.append(step, 0.0)
        parts = []
        for rows, item in zip(self._white, self._eliminations, strict=True):
            rest = left(rows, self.stretches.size, item.taken)
            scores = rest[..., some] * (rest @ moved)[..., None]
            parts.append(
                scores.reshape(len(scores), -1, self.noise.sigma.size, len(some)).sum(axis=2)
            )
        scores = np.concatenate(self.stretches.in_order(parts))
        blocks = np.array([part.sum(axis=0) for part in np.array_split(scores, BLOCKS)])
        sandwich = covariance @ (blocks.T @ blocks) @ covariance * BLOCKS / (BLOCKS - 1)
        plain = np.maximum(np.diag(covariance), SMALLEST)
        wider = np.sqrt(np.maximum(np.diag(sandwich) / plain, 1.0))
        widened: Array = covariance * np.outer(wider, wider)
        return widened


def solved(gram: Array, active: Sequence[int]) -> tuple[Array, Array]:
    """Least squares of the last column of a Gram matrix on some others: step, and (AᵀA)⁻¹."""
    some = list(active)
    squares = np.diag(gram)[some]
    # A column of nothing has a coefficient of nothing.
    scale = np.sqrt(np.where(squares > SMALLEST**2, squares, 1.0))
    inside = gram[np.ix_(some, some)] / np.outer(scale, scale)
    try:
        inverse = np.linalg.inv(inside + ROUNDING * np.eye(len(some)))
    except np.linalg.LinAlgError:
        # Columns that are one another's multiples share what one of them explains.
        inverse = np.linalg.pinv(inside, rcond=DEPENDENT, hermitian=True)
    return inverse @ (gram[some, -1] / scale) / scale, inverse / np.outer(scale, scale)
