"""What a law leaves of noisy data: residuals along its own path, and how forces would move it.

The law is fitted to the raw samples once more, so that this knows nothing of how it was found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.judge.forces import Points
from interpret.ledger.field import Forces
from interpret.ledger.noise import Noise
from interpret.ledger.potential import Potential
from interpret.ledger.rows import Stretch
from interpret.ledger.shooting import Solution
from interpret.select.matrix import lengths
from systems.samples.trajectories import Trajectories

Array = NDArray[np.float64]

MOST_VALUES: Final = 4000
"""Measured values that are judged: as many trajectories as hold them, the longest first."""

UNSEEN: Final = 1e-9

LEAST: Final = 1e-6
"""Errors of less than this part of σ are none."""

LARGER: Final = 1.5
"""Errors that are so many times what differences of readings show..."""

ALIKE: Final = 0.5
"""... and whose neighbours are so much alike are no white noise. Source: as `systems.samples`."""


@dataclass(frozen=True)
class Residuals:
    """The law's best fit to stretches of the motion, and what is left: (observed - predicted)/σ.

    `sigma` (2d,) is the noise of q and p/m that was read off the data; a channel without data has
    σ = inf. Errors that are alike from one sample to the next are given as `errors`, in units of
    σ: everything is then in units of what they leave white. Where the samples are too coarse to
    show their noise, σ is not ``seen``: it is what the law leaves.
    """

    trajectories: Trajectories
    law: Potential
    solution: Solution
    sigma: Array
    errors: Noise | None = None
    seen: bool = True

    @property
    def _stretches(self) -> list[Stretch]:
        return list(self.solution.reduced.stretches)

    @cached_property
    def items(self) -> list[Array]:
        """The residuals of each stretch in units of σ, (n_j, 2d)."""
        return [self._white(item) for item in self.missed]

    @property
    def missed(self) -> list[Array]:
        """Observed less predicted, (n_j, 2d) of each stretch in the units of the data."""
        return [item.target for item in self._stretches]

    def _white(self, rows: Array) -> Array:
        """Rows (n, 2d, ...) over σ, and over what the errors leave white."""
        over = rows / self.sigma.reshape(-1, *(1,) * (rows.ndim - 2))
        if self.errors is None:
            return over
        flat = over.reshape(*over.shape[:2], -1)
        return self.errors.whitened(flat).reshape(over.shape)

    def remembered(self) -> Residuals:
        """The same in units of the errors that are left, if those are alike and larger than σ."""
        errors = Noise.of(self.items, self.parameters, np.where(self.measured, LEAST, 1.0))
        lag = np.array([error.lag_one for error in errors.errors])
        alike = (errors.spread > LARGER) & (lag > ALIKE) & self.measured
        return replace(self, errors=errors) if alike.any() else self

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Which of the 2d channels hold data."""
        return np.isfinite(self.sigma)

    @property
    def coefficients(self) -> Array:
        """Those of the law's terms (K,)."""
        return self.solution.law.coefficients

    @property
    def parameters(self) -> int:
        """Numbers that were fitted: the initial states and the coefficients."""
        return self.solution.reduced.stretches.states + len(self.coefficients)

    @property
    def owner(self) -> NDArray[np.intp]:
        """The number of the trajectory that each stretch is of: time goes on within one."""
        items = self.trajectories
        starts = [True, *(b.t[0] <= a.t[-1] for a, b in pairwise(items))]
        return np.cumsum(starts) - 1

    @cached_property
    def paths(self) -> list[Array]:
        """The law's own motion (q, p/m) at the measured times of each stretch, (n_j, 2d)."""
        pairs = zip(self.trajectories, self.missed, strict=True)
        mass = self.trajectories.mass
        return [np.concatenate([i.q, i.p / mass], axis=1) - missed for i, missed in pairs]

    def response(self, fields: Callable[[Points], Array]) -> list[Array]:
        """How the path would move under each of K forces, over σ: (n_j, 2d, K) a stretch.

        z(t) = Φ(t) ∫ Φ(s)⁻¹ (0, f(s)/m) ds with Φ the tangents of the initial state; the flow keeps
        areas, so Φ⁻¹ = -J Φᵀ J in momenta. Integrals by Simpson's rule, halfway between two samples
        by the cubics through both.
        """
        starts = [part.start for part in self._stretches]
        rates = [self._rates(path) for path in self.paths]
        d, steps = self.trajectories.dimension, [np.diff(item.t) for item in self.trajectories]
        moved = [np.concatenate([path[:, d:], rate.total], axis=1)
                 for path, rate in zip(self.paths, rates, strict=True)]  # fmt: skip
        grown = [np.concatenate([start[:, d:], rate.slopes @ start], axis=1)
                 for start, rate in zip(starts, rates, strict=True)]  # fmt: skip
        middles = list(map(halfway, self.paths, moved, steps))
        times = [item.t[:-1] + h / 2 for item, h in zip(self.trajectories, steps, strict=True)]
        ends = self._pulled(fields, self.points, starts)
        between = self._pulled(
            fields, _points(middles, times), list(map(halfway, starts, grown, steps))
        )
        found = []
        for start, end, middle, step in zip(starts, ends, between, steps, strict=True):
            area = np.zeros_like(end)
            gained = step[:, None, None] / 6 * (end[:-1] + 4 * middle + end[1:])
            area[1:] = np.cumsum(gained, axis=0)
            found.append(self._white(start @ area))
        return found

    def _pulled(
        self, fields: Callable[[Points], Array], points: Points, grown: list[Array]
    ) -> list[Array]:
        """Φ⁻¹ (0, f/m) of every stretch by its tangents (n, 2d, 2d): (n, 2d, K)."""
        d, mass, found = self.trajectories.dimension, np.tile(self.trajectories.mass, 2), []
        ends = np.cumsum([len(item) for item in grown])[:-1]
        for force, tangent in zip(np.split(fields(points), ends), grown, strict=True):
            # Φ = [[A, B], [C, D]] has the inverse [[Dᵀ, -Bᵀ], [-Cᵀ, Aᵀ]] for p, and not for p/m.
            a, b = (np.swapaxes(tangent[:, :d, part], 1, 2) for part in (slice(d), slice(d, None)))
            found.append(np.concatenate([-b @ force, a @ force], axis=1) / mass[:, None])
        return found

    def _rates(self, path: Array) -> Forces:
        return self.law(path, path[:, 0], self.coefficients, np.zeros(0))

    @cached_property
    def points(self) -> Points:
        """The law's own motion at all measured times, one stretch after the other."""
        return _points(self.paths, [item.t for item in self.trajectories])

    def terms(self, q: Array) -> Array:
        """The forces (n, d, K) of each of the law's terms at places (n, d)."""
        state = np.concatenate([q, np.zeros_like(q)], axis=1)
        forces: Array = self._rates(state).columns * self.trajectories.mass[:, None]
        return forces

    def forces(self, fields: Callable[[Points], Array]) -> tuple[Array, Array, Array]:
        """On the path: forces (n, d, K), those of the law's terms (n, d, k), their sum (n, d)."""
        terms = self.terms(self.points.q)
        return fields(self.points), terms, terms @ self.coefficients

    def tangents(self) -> list[Array]:
        """How the path moves with its initial state and the coefficients: (n_j, 2d, 2d + K)."""
        both = (np.concatenate([part.start, part.columns], axis=2) for part in self._stretches)
        return [self._white(part) for part in both]

    @property
    def values(self) -> Array:
        """What is left of all measured values, (n, ·)."""
        return np.concatenate(self.items)[:, self.measured]

    @cached_property
    def unfinished(self) -> float:
        """By which part χ² could still fall, its own parameters moved along the tangents.

        inf where these run off: nothing is told by such a fit.
        """
        before = float((self.values**2).sum())
        if not all(np.isfinite(part[:, self.measured]).all() for part in self.tangents()):
            return np.inf
        nothing = [np.zeros((*item.shape, 0)) for item in self.items]
        _, left = projected(self, nothing)
        return 1 - float(left @ left) / before if before else 0.0


def _points(paths: list[Array], times: list[Array]) -> Points:
    """Those of stretches, one after the other."""
    q, v = np.split(np.concatenate(paths), 2, axis=1)
    run = np.repeat(np.arange(len(paths)), [len(path) for path in paths])
    return Points(q, v, np.concatenate(times), run)


def halfway(values: Array, rates: Array, h: Array) -> Array:
    """Values (n - 1, ...) of the cubics between neighbours, by their rates, steps (n - 1,)."""
    steps = h.reshape(-1, *(1,) * (values.ndim - 1))
    middle: Array = (values[1:] + values[:-1]) / 2 + steps / 8 * (rates[:-1] - rates[1:])
    return middle


def projected(residuals: Residuals, columns: list[Array]) -> tuple[Array, Array]:
    """Columns (n, K) and residuals (n,), without what initial states and coefficients can take up.

    The channels without data are left out.
    """
    rows = residuals.measured
    size = len(rows)
    targets, designs, laws = [], [], []
    for residual, tangent, column in zip(
        residuals.items, residuals.tangents(), columns, strict=True
    ):
        own = tangent[:, rows, :size].reshape(-1, size)
        rest = np.concatenate([tangent[:, rows, size:], column[:, rows]], axis=2)
        rest = rest.reshape(len(own), -1)
        basis = _orthonormal(own)
        both = np.column_stack([rest, residual[:, rows].reshape(-1)])
        both = both - basis @ (basis.T @ both)
        count = tangent.shape[2] - size
        laws.append(both[:, :count])
        designs.append(both[:, count:-1])
        targets.append(both[:, -1])
    law, design, target = map(np.concatenate, (laws, designs, targets))
    basis = _orthonormal(law)
    both = np.column_stack([design, target])
    both = both - basis @ (basis.T @ both)
    return both[:, :-1], both[:, -1]


def _orthonormal(columns: Array) -> Array:
    """An orthonormal basis (n, rank) of what the columns span."""
    left, singular, _ = np.linalg.svd(columns / lengths(columns), full_matrices=False)
    kept: Array = left[:, singular > UNSEEN * max(float(singular.max(initial=0.0)), 1e-300)]
    return kept
