"""The likelihood about a path as a linear problem; each law has errors of its own there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from interpret.refinement.memory import Memory
from interpret.select.criteria import CLOSE
from interpret.select.matrix import Compressed, Support
from interpret.select.supports import ranked
from training.prepare.stencils import Array

PASSES: Final = 3
"""Coefficients, then the errors that they leave, so many times: the third changes nothing much."""

MOST_TERMS: Final = 6
OF_A_SIZE: Final = 2
"""So many supports of every size, those that miss least, are fitted with errors of their own."""

LEAST: Final = 1e-12

LARGER: Final = 1.5
"""Errors that are so many times what differences of readings show..."""

ALIKE: Final = 0.5
"""... and whose neighbours are so much alike are no white noise. Source: as `systems.samples`."""


@dataclass(frozen=True)
class Errors:
    """`scale` (2d,), in units of what was supposed, and `memory` of the errors of every channel."""

    scale: Array
    memory: Memory

    @staticmethod
    def supposed(channels: int) -> Errors:
        """White ones, as large as was supposed."""
        return Errors(np.ones(channels), Memory.of([np.zeros((1, channels))]))

    @staticmethod
    def of(items: Sequence[Array], measured: NDArray[np.bool_], parameters: int) -> Errors:
        """Those of residuals (n_j, 2d), so many parameters fitted."""
        count = sum(len(item) for item in items)
        share = 1 - parameters / max(count * int(measured.sum()), parameters + 1)
        squares = sum((item**2).sum(axis=0) for item in items) / count / share
        scale = np.where(measured, np.sqrt(np.maximum(squares, LEAST)), 1.0)
        return Errors(scale, Memory.of(items, measured.tolist()))

    def alike(self, measured: NDArray[np.bool_]) -> bool:
        """Whether any channel has errors that differences of neighbouring readings do not show."""
        chains = self.memory.predictors
        first = np.array([chain[1][0] if len(chain) > 1 else 0.0 for chain in chains])
        return bool(np.any((self.scale > LARGER) & (first > ALIKE) & measured))

    def white(self, rows: Array) -> Array:
        """Rows (n, 2d, ...) over the errors, their memory taken out."""
        return self.memory.white(rows / self.scale.reshape(-1, *(1,) * (rows.ndim - 2)))


@dataclass(frozen=True)
class Settled:
    """A support with its `coefficients` (k,), its own `errors`, and the `cost` of all."""

    support: Support
    coefficients: Array
    errors: Errors
    cost: float


@dataclass(frozen=True)
class Linear:
    """Rows [by the initial state | by K candidates | missed] (n_j, 2d, S + K + 1) of stretches.

    All of them over the noise supposed; `measured` (2d,) says which channels hold data.
    """

    rows: tuple[Array, ...]
    measured: NDArray[np.bool_]
    names: tuple[str, ...]

    @property
    def values(self) -> int:
        """The number of measured values."""
        return sum(len(part) for part in self.rows) * int(self.measured.sum())

    def of(self, support: Support) -> Linear:
        """The same problem of some of its candidates."""
        columns = [*range(self.states), *(self.states + k for k in support), -1]
        names = tuple(self.names[k] for k in support)
        return replace(self, rows=tuple(part[:, :, columns] for part in self.rows), names=names)

    def best(self) -> list[Settled]:
        """The best supports of each size, each with its own errors, the least cost first.

        cost = Σ_c n log s_c² + (k + p) log N + 2 log C(K, k): the profile likelihood of s, the
        deviation of what the memory, of p numbers, leaves; and extended BIC
        (`interpret.select.criteria.LeastInformation`). Of those within 6 of the least, for which
        there is no strong evidence, the fewest terms come first.
        """
        every = self.settled(tuple(range(len(self.names))))
        design, target = self.apart(every.errors)
        found = ranked(Compressed.of(design, target, self.names), MOST_TERMS)
        sizes = sorted(set(map(len, found.supports)))
        tried = [s for size in sizes for s, _ in found.of_size(size)[:OF_A_SIZE]]
        settled = [self.settled(support) for support in dict.fromkeys([*tried, every.support])]
        close = min(item.cost for item in settled) + CLOSE

        def place(item: Settled) -> tuple[float, float, Support]:
            return (len(item.support) if item.cost < close else np.inf, item.cost, item.support)

        return sorted(settled, key=place)

    def settled(self, support: Support) -> Settled:
        """A support's coefficients and errors, found in turn."""
        errors = Errors.supposed(self.rows[0].shape[1])
        rows = self.of(support).rows
        parameters = len(rows) * self.states + len(support)
        solved = np.zeros(len(support))
        for _ in range(PASSES):
            solved, left = self._solved(rows, errors)
            errors = Errors.of(left, self.measured, parameters)
        return Settled(support, solved, errors, self.cost(left, errors, support))

    def cost(self, left: Sequence[Array], errors: Errors, support: Support) -> float:
        """What is minimised, of the residuals (n_j, 2d) that a support leaves."""
        white = np.concatenate([errors.white(part) for part in left])[:, self.measured]
        last = np.array([spread[-1] for spread in errors.memory.variances])[self.measured]
        squares = np.maximum((white**2).mean(axis=0), LEAST) * errors.scale[self.measured] ** 2
        total, size = len(self.names), len(support)
        ways = gammaln(total + 1) - gammaln(size + 1) - gammaln(total - size + 1)
        numbers = size + errors.memory.orders
        fit = len(white) * float(np.log(squares * last).sum())
        return fit + numbers * float(np.log(self.values)) + 2 * float(ways)

    def apart(self, errors: Errors) -> tuple[Array, Array]:
        """The candidates' columns (N, K) and what is missed (N,), without the initial states."""
        blocks = [self._eliminated(part, errors)[0] for part in self.rows]
        both = np.concatenate(blocks)
        return both[:, :-1], both[:, -1]

    @property
    def states(self) -> int:
        """S."""
        return int(self.rows[0].shape[2]) - len(self.names) - 1

    def _eliminated(self, part: Array, errors: Errors) -> tuple[Array, Array, Array]:
        """White rows without the initial state; its triangle and its share of the others."""
        white = errors.white(part)[:, self.measured].reshape(-1, part.shape[2])
        own, rest = white[:, : self.states], white[:, self.states :]
        basis, triangle = np.linalg.qr(own)
        inside = basis.T @ rest
        return rest - basis @ inside, triangle, inside

    def _solved(self, rows: Sequence[Array], errors: Errors) -> tuple[Array, list[Array]]:
        """Least squares of white rows: the coefficients, and the residuals with their memory."""
        parts = [self._eliminated(part, errors) for part in rows]
        both = np.concatenate([block for block, _, _ in parts])
        design, target = both[:, :-1], both[:, -1]
        length = np.linalg.norm(design, axis=0)
        length = np.where(length > 0, length, 1.0)
        solved = np.linalg.lstsq(design / length, target, rcond=None)[0] / length
        left = []
        for part, (_, triangle, inside) in zip(rows, parts, strict=True):
            pulled = inside[:, -1] - inside[:, :-1] @ solved
            state = np.linalg.lstsq(triangle, pulled, rcond=None)[0]
            left.append(part[:, :, -1] - part[:, :, :-1] @ np.concatenate([state, solved]))
        return solved, left
