"""Weak Euler–Lagrange rows of all terms at once, and what noise makes of them.

    E_wk = ∫ ψ' ∂φ_k/∂q̇_i dt + ∫ ψ f_ik dt,     Σ_k c_k E_wk = 0 on a motion of the law

No acceleration is asked for. Their noise is exact to first order in that of the data, and linear in
c; the error of the integrals, seen on every second sample, is taken as noise too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.weak.observed import Observed
from interpret.weak.spectrum import Pencil
from interpret.weak.terms import Along
from interpret.weak.windows import Windows, windows

Array = NDArray[np.float64]

HALVING: Final = 1 / 16
"""Of the square of what every second sample changes, so much is error of all samples: half the
steps make the trapezoid four times better, and these weights are better than that."""

ROUNDS: Final = 3
SILENT: Final = 1e-12
"""Of the largest variance: an equation that a combination has no terms of would rule alone."""

BEST: Final = 0.25
"""No row weighs more than the best quarter: a few that decide everything let anything be fitted."""

TINY: Final = 1e-300


@dataclass(frozen=True)
class Rows:
    """The rows of K terms in W windows, of the equations of e coordinates: `values` (W, e, K).

    `errors` are those of their integrals, by every second sample.
    """

    observed: Observed
    along: Along
    windows: Windows
    equations: tuple[int, ...]

    @staticmethod
    def of(
        along: Along,
        coordinates: Sequence[str],
        observed: Observed,
        length: int,
        prescribed: Sequence[str] = (),
    ) -> Rows:
        """Rows of windows of a length; those of prescribed coordinates say nothing of the law."""
        equations = tuple(i for i, name in enumerate(coordinates) if name not in prescribed)
        made = windows(observed.times, length, margin=observed.margin).without(along.bent)
        return Rows(observed, along, made, equations)

    def some(self, numbers: Sequence[int]) -> Rows:
        """Those of some of the terms."""
        return replace(self, along=self.along.some(numbers))

    @property
    def count(self) -> int:
        """All rows."""
        return len(self.windows) * len(self.equations)

    @cached_property
    def values(self) -> Array:
        """E (W, e, K)."""
        return self._by(self.windows)

    @cached_property
    def errors(self) -> Array:
        """What every second sample changes of them (W, e, K)."""
        return self._by(self.windows.halved()) - self.values

    def _by(self, some: Windows) -> Array:
        made = [
            some.slopes(self.along.momenta[:, :, i]) + some.integrals(self.along.forces[:, :, i])
            for i in self.equations
        ]
        return np.stack(made, axis=1)

    def noise(self, weights: Array) -> Array:
        """G = E[δEᵀ δE] (K, K) of rows with weights (W, e)."""
        total = np.zeros((self.values.shape[2],) * 2)
        for place, columns, influence in self._influences(None):
            weighted = influence * weights[:, place, None, None]
            flat = weighted.reshape(-1, len(columns))
            total[np.ix_(columns, columns)] += flat.T @ flat
        changed = (self.errors * weights[..., None]).reshape(-1, len(total))
        total += HALVING * changed.T @ changed
        return total

    def variance(self, c: Array) -> Array:
        """The variance (W, e) of the rows of one combination."""
        total = HALVING * (self.errors @ c) ** 2
        for place, _, influence in self._influences(c):
            total[:, place] += (influence[..., 0] ** 2).sum(axis=1)
        return total

    def pencil(self, weights: Array) -> Pencil:
        """The rows with weights (W, e), and their noise."""
        flat = (self.values * weights[..., None]).reshape(self.count, -1)
        return Pencil.of(flat, self.noise(weights))

    def weighted(self, c: Array | None = None) -> Array:
        """Weights (W, e) of rows: 1/σ of a combination, or such that equations count alike."""
        if c is None:
            size = np.sqrt((self.values**2).mean(axis=(0, 2))) + TINY
            return np.broadcast_to(1 / size, self.values.shape[:2]).copy()
        variance = self.variance(c)
        least = np.maximum(np.quantile(variance, BEST, axis=0), SILENT * variance.max())
        variance = np.maximum(variance, least) + TINY
        weights = 1 / np.sqrt(variance)
        scaled: Array = weights / np.sqrt((weights**2).mean())
        return scaled

    def settled(self, rounds: int = ROUNDS) -> Pencil:
        """The pencil whose weights follow from the best combination of all terms."""
        pencil = self.pencil(self.weighted())
        for _ in range(rounds):
            best = pencil.spectrum(range(self.values.shape[2])).vectors[:, 0]
            pencil = self.pencil(self.weighted(best))
        return pencil

    @cached_property
    def _wide(self) -> tuple[Array, Array] | None:
        stencils = self.observed.stencils
        return None if stencils is None else stencils.spread(self.windows.places)

    def _influences(self, c: Array | None) -> Iterator[tuple[int, NDArray[np.int64], Array]]:
        """For each equation and source of noise: its terms' columns, and how rows move with every
        measured value, times its σ: (W, r, k); summed with c where this is given."""
        seen, places = self.observed, self.windows.places
        slope, weight = self.windows.slope[..., None], self.windows.weight[..., None]
        wide = self._wide
        for (row, channel), item in self.along.slopes.items():
            if row not in self.equations or not len(item.columns):
                continue
            place = self.equations.index(row)
            made = []
            for momentum, force in (
                (item.momentum_by_q, item.force_by_q),
                (item.momentum_by_v, item.force_by_v),
            ):
                if c is not None:
                    momentum, force = (each @ c[item.columns, None] for each in (momentum, force))
                made.append(slope * momentum[places] + weight * force[places])
            if wide is None:
                yield place, item.columns, seen.sigma_q[channel] * made[0]
                yield place, item.columns, seen.sigma_v[channel] * made[1]
                continue
            pairs = zip(wide, made, strict=True)
            total = sum(each.transpose(0, 2, 1) @ influence for each, influence in pairs)
            yield place, item.columns, seen.sigma_q[channel] * total
