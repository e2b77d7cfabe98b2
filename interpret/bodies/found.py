"""What was found between many bodies: which columns of a model, with what coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.bodies.model import Model
from interpret.bodies.rows import Rows
from interpret.bodies.swarm import EXACT
from interpret.select.criteria import CLOSE
from interpret.select.matrix import Compressed, Support
from interpret.select.supports import ranked

Array = NDArray[np.float64]

MOST_TERMS: Final = 4
"""Terms of a law between pairs, external field and all: subsets are looked through one by one."""

AS_GOOD: Final = 2.0
"""One law is as good as another that misses half as much: as on the plateau of clean data."""

FLEXIBLE: Final = 3.0
"""What a flexible law misses may be less by so much again, as it follows an encounter that it has
a few numbers for: true laws miss up to twice as much."""

LEAST: Final = 1e-6
"""Integrators leave no less of the force: what a flexible law misses beyond that is no measure."""

NOISY: Final = 1.5
"""What is left of rows, in parts of their noise, below which noise is what limits a law."""

COPIES: Final = 16
"""Copies with as much noise again: their mean is known to a quarter of an error bar."""

AS_NOISY: Final = 1.05
"""What noise makes to second order is not in its account: terms that gain less explain that."""

OVERLAPPING: Final = 4
"""Windows a sample: they are a quarter of their length apart, so as many rows say one thing."""

LAST_DIGITS: Final = 1e-11
"""No coefficient of exact motion is known better: what integrators leave hangs together."""

BLOCKS: Final = 16
"""Blocks of time between which scores scatter."""


@dataclass(frozen=True)
class Rival:
    """Another choice of columns, and the share of the force that it misses."""

    support: Support
    missed: float


NOBODY: Final = Rival((), np.inf)


@dataclass(frozen=True, eq=False)
class Found:
    """The columns `chosen` of a model, their `values` and `covariance`.

    `missed` is the share of the force that they leave, `reference` what a flexible law of the same
    links does; `rival` the best other law of as many terms: its columns and what it misses.
    `remarks` are sentences about charges and species.
    """

    rows: Rows
    model: Model
    chosen: Support
    values: Array
    covariance: Array
    missed: float
    reference: float
    rival: Rival = NOBODY
    remarks: tuple[str, ...] = ()

    @property
    def law(self) -> Model:
        """The chosen columns alone."""
        return self.model.on(self.chosen)

    def force(self, x: Array) -> Array:
        """The force (N, n, D) of the law at positions (N, n, D)."""
        return np.asarray(np.einsum("k,kind->ind", self.values, self.law.forces(x)))

    @property
    def noise(self) -> float:
        """The share of the force that noise makes of the rows."""
        return self.rows.noise_share

    @property
    def noisy(self) -> bool:
        """Whether noise is what limits the law."""
        return self.missed < NOISY * self.noise

    @property
    def limit(self) -> float:
        """Up to so many times what noise makes, noise is what limits the law."""
        return NOISY

    @property
    def lead(self) -> float:
        """By how much the log likelihood differs from the rival's, twice; inf without one."""
        count = len(self.rows.truth) / OVERLAPPING
        blur = max(EXACT / AS_GOOD, 0.0 if self.noisy else self.rows.error_share)
        ratio = np.hypot(self.rival.missed, blur) / np.hypot(self.missed, blur)
        return float(abs(2 * count * np.log(ratio))) if np.isfinite(ratio) else np.inf

    def on(self, rows: Rows) -> Found:
        """The same law with the numbers of other rows of the motion."""
        law = self.law
        if self.rows.unseen is not None:
            rows = rows.knowing(self.force)
        columns = rows.columns(law.forces(rows.swarm.x))
        problem = rows.compressed(columns, tuple(map(str, range(len(law)))))
        missed = rows.share(problem.solve(problem.full)[1])
        found = settled(rows, law, problem.full, columns, (missed, self.reference))
        kept = replace(found, model=self.model, chosen=self.chosen)
        return replace(kept, rival=self.rival, remarks=self.remarks)

    def unbiased(self) -> Found:
        """The same without what noise of the positions shifts the numbers by, to first order in σ².

        As much noise again shifts them as far again (simulation and extrapolation: J. Cook and
        L. Stefanski, J. Am. Stat. Assoc. 89 (1994) 1314).
        """
        swarm = self.rows.swarm
        if not swarm.noise.any() or not self.chosen:
            return self
        random = np.random.default_rng(0)
        moved = []
        for _ in range(COPIES):
            x = swarm.x + swarm.noise[:, None] * random.standard_normal(swarm.x.shape)
            columns = self.rows.columns(self.law.forces(x))
            scale = np.linalg.norm(columns, axis=0)
            moved.append(np.linalg.lstsq(columns / scale, self.rows.truth, rcond=1e-13)[0] / scale)
        shift = np.mean(moved, axis=0) - self.values
        apart = np.atleast_2d(np.cov(np.array(moved).T)) / COPIES
        return replace(self, values=self.values - shift, covariance=self.covariance + apart)

    def saying(self, *remarks: str) -> Found:
        """The same with more to say."""
        return replace(self, remarks=(*self.remarks, *remarks))


def chosen(rows: Rows, model: Model, reference: float, most: int = MOST_TERMS) -> Found:
    """The smallest subset of a model's columns that does as well as a flexible law.

    Where noise limits even that, the subset by the extended BIC of Chen and Chen (2008).
    """
    columns = rows.columns(model.forces(rows.swarm.x))
    problem = rows.compressed(columns, tuple(map(str, model.terms(rows.swarm))))
    subsets = ranked(problem, most)
    best = [subsets.of_size(size)[:2] for size in range(1, most + 1)]
    sizes = [group for group in best if group]
    shares = [rows.share(group[0][1]) for group in sizes]
    pick = _smallest(shares, reference, rows, len(model))
    support, residual = _plainest(sizes[pick], rows)
    found = settled(rows, model, support, columns, (rows.share(residual), reference))
    if len(sizes[pick]) == 1:
        return found
    other, left = next(pair for pair in sizes[pick] if pair[0] != support)
    return replace(found, rival=Rival(other, rows.share(left)))


def _plainest(best: Sequence[tuple[Support, float]], rows: Rows) -> tuple[Support, float]:
    """Of noisy data's two best choices of one size the first in the library, if neither leads."""
    if len(best) == 1 or not rows.share(best[0][1]) < NOISY * rows.noise_share:
        return best[0]
    lead = 2 * len(rows.truth) / OVERLAPPING * log(best[1][1] / best[0][1])
    return min(best) if lead < CLOSE else best[0]


def _smallest(shares: list[float], reference: float, rows: Rows, size: int) -> int:
    """Which of the best subsets of 1, 2, ... columns is taken."""
    if min(*shares, reference) < NOISY * rows.noise_share:
        count = len(rows.truth) / OVERLAPPING
        scores = [
            count * log(share**2 + EXACT**2) + k * log(count) + 2 * log(comb(size, k))
            for k, share in enumerate(shares, start=1)
        ]
        known = np.hypot(rows.noise_share, rows.error_share)
        limit = AS_NOISY * max(shares[int(np.argmin(scores))], known)
        return next(k for k, share in enumerate(shares) if share <= limit)
    limit = max(FLEXIBLE * min(reference, *shares), LEAST)
    return next((k for k, share in enumerate(shares) if share <= limit), len(shares) - 1)


def settled(
    rows: Rows,
    model: Model,
    support: Support,
    columns: Array,
    shares: tuple[float, float],
) -> Found:
    """The coefficients of chosen columns, with error bars from the scatter between blocks of time.

    (AᵀA)⁻¹ Σ_b s_b s_bᵀ (AᵀA)⁻¹; where noise does not limit the law, its error is no scatter, and
    the share of the force that it misses is added to each bar in quadrature.
    """
    some = np.ascontiguousarray(columns[:, list(support)])
    problem = Compressed.of(some, rows.truth, tuple(map(str, support)))
    values, _ = problem.solve(problem.full)
    covariance = sandwich(some, rows.truth - some @ values, len(rows.windows))
    missed, reference = shares
    found = Found(rows, model, support, values, covariance, missed, reference)
    if not found.noisy:
        covariance = covariance + np.diag((max(missed, LAST_DIGITS) * values) ** 2)
    return replace(found, covariance=covariance)


def sandwich(columns: Array, left: Array, windows: int) -> Array:
    """The covariance (K, K) of least squares whose rows' errors hang together within blocks."""
    scale = np.linalg.norm(columns, axis=0)
    unit = columns / scale
    inverse = np.linalg.pinv(unit.T @ unit, rcond=1e-14, hermitian=True)
    scores = (unit * left[:, None]).reshape(windows, -1, len(scale)).sum(axis=1)
    blocks = min(BLOCKS, windows)
    parts = np.array([part.sum(axis=0) for part in np.array_split(scores, blocks)])
    spread = parts.T @ parts * blocks / max(blocks - 1, 1)
    plain = inverse * float(left @ left) / max(len(left) / OVERLAPPING - len(scale), 1.0)
    robust = inverse @ spread @ inverse
    # No bar is below that of independent errors.
    wider = np.sqrt(np.maximum(np.diag(robust) / np.diag(plain), 1.0))
    return np.asarray(plain * np.outer(wider, wider) / np.outer(scale, scale))
