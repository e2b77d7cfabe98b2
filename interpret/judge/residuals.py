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
from interpret.refinement.likelihood import Estimate
from interpret.refinement.linear import Errors
from interpret.refinement.shooting import Shooting

Array = NDArray[np.float64]

MOST_VALUES: Final = 4000
"""Measured values that are judged: as many trajectories as hold them, the longest first."""

UNSEEN: Final = 1e-9


@dataclass(frozen=True)
class Residuals:
    """The law's best fit to the samples, and what is left: (observed - predicted)/σ.

    `sigma` (2d,) is the noise that was read off the data; a channel without data has σ = inf.
    Errors that are alike from one sample to the next are given as `errors`: everything is then
    in units of what they leave white.
    """

    problem: Shooting
    estimate: Estimate
    errors: Errors | None = None

    @cached_property
    def items(self) -> list[Array]:
        """The residuals of each trajectory in units of σ, (n_j, 2d)."""
        predicted = self.problem.predictions(self.estimate.states, self.estimate.coefficients)
        pairs = zip(self.problem.observed, predicted, strict=True)
        return [self._white((seen - path) / self.problem.sigma) for seen, path in pairs]

    def _white(self, rows: Array) -> Array:
        return rows if self.errors is None else self.errors.white(rows)

    def remembered(self) -> Residuals:
        """The same in units of the errors that are left, if those are alike and larger than σ."""
        errors = Errors.of(self.items, self.measured, self.parameters)
        return replace(self, errors=errors) if errors.alike(self.measured) else self

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Which of the 2d channels hold data."""
        return np.isfinite(self.problem.sigma)

    @property
    def parameters(self) -> int:
        """Numbers that were fitted: the initial states and the coefficients."""
        return self.estimate.states.size + len(self.estimate.coefficients)

    @cached_property
    def _path(self) -> tuple[Array, Array]:
        """States and tangents at the nodes: (N + 1, R, 2d), (N + 1, R, 2d, 2d + K)."""
        found = self.problem.grown(self.estimate.states, self.estimate.coefficients)
        assert found is not None, "a law that was fitted can be integrated"
        return found

    @property
    def owner(self) -> NDArray[np.intp]:
        """The number of the trajectory that each stretch is of: time goes on within one."""
        items = self.problem.trajectories
        starts = [True, *(b.t[0] <= a.t[-1] for a, b in pairwise(items))]
        return np.cumsum(starts) - 1

    def response(self, fields: Callable[[Points], Array]) -> list[Array]:
        """How the path would move under each of K forces, over σ: (n_j, 2d, K) a trajectory.

        z(t) = Φ(t) ∫ Φ(s)⁻¹ (0, f(s)) ds with Φ the tangents of the initial state; the flow keeps
        areas, so Φ⁻¹ = -J Φᵀ J. Integrals by the trapezoid rule between the nodes.
        """
        path, tangent = self._path
        nodes, runs, size = path.shape
        d = size // 2
        clock = self._clock(nodes)
        force = fields(self._nodes).reshape(nodes, runs, d, -1)
        growth = tangent[..., :size]
        # Φ = [[A, B], [C, D]] has the inverse [[Dᵀ, -Bᵀ], [-Cᵀ, Aᵀ]]; on (0, f) two blocks act.
        a, b = (np.swapaxes(growth[:, :, :d, part], 2, 3) for part in (slice(d), slice(d, None)))
        pulled = np.concatenate([-b @ force, a @ force], axis=2)
        length = (clock[1] - clock[0])[None, :, None, None]
        area = np.zeros_like(pulled)
        area[1:] = np.cumsum((pulled[1:] + pulled[:-1]) / 2 * length, axis=0)
        return self._read(growth @ area, clock)

    @property
    def _nodes(self) -> Points:
        """The nodes of all paths, one after the other."""
        path, _ = self._path
        d = path.shape[2] // 2
        mass = self.problem.trajectories.mass
        clock = self._clock(len(path)).reshape(-1)
        return Points(path[:, :, :d].reshape(-1, d), path[:, :, d:].reshape(-1, d) / mass, clock)

    def forces(self, fields: Callable[[Points], Array]) -> tuple[Array, Array, Array]:
        """At the nodes: forces (n, d, K), those of the law's terms (n, d, k), their sum (n, d)."""
        nodes = self._nodes
        terms = -self.problem.slopes(nodes.q)
        return fields(nodes), terms, terms @ self.estimate.coefficients

    def tangents(self) -> list[Array]:
        """How the path moves with its initial state and the coefficients: (n_j, 2d, 2d + K)."""
        path, tangent = self._path
        return self._read(tangent, self._clock(len(path)))

    def _clock(self, nodes: int) -> Array:
        """The times of the nodes, (N + 1, R)."""
        starts = np.array([item.t[0] for item in self.problem.trajectories])
        ends = np.array([item.t[-1] for item in self.problem.trajectories])
        clock: Array = np.linspace(starts, ends, nodes)
        return clock

    def _read(self, columns: Array, clock: Array) -> list[Array]:
        """Columns at the nodes, (N + 1, R, 2d, K), between them at the measured times, over σ."""
        found = []
        for number, item in enumerate(self.problem.trajectories):
            place = np.interp(item.t, clock[:, number], np.arange(len(clock)))
            left = np.minimum(place.astype(int), len(clock) - 2)
            part = (place - left)[:, None, None]
            between = (1 - part) * columns[left, number] + part * columns[left + 1, number]
            found.append(self._white(between / self.problem.sigma[:, None]))
        return found

    @cached_property
    def unfinished(self) -> float:
        """By which part χ² could still fall, its own parameters moved along the tangents.

        inf where these run off: nothing is told by such a fit.
        """
        before = sum(float((item[:, self.measured] ** 2).sum()) for item in self.items)
        if not all(np.isfinite(part[:, self.measured]).all() for part in self.tangents()):
            return np.inf
        nothing = [np.zeros((*item.shape, 0)) for item in self.items]
        _, left = projected(self, nothing)
        return 1 - float(left @ left) / before if before else 0.0


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
    lengths = np.linalg.norm(columns, axis=0)
    scaled = columns / np.where(lengths > 0, lengths, 1.0)
    left, singular, _ = np.linalg.svd(scaled, full_matrices=False)
    kept: Array = left[:, singular > UNSEEN * max(float(singular.max(initial=0.0)), 1e-300)]
    return kept
