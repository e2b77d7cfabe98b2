"""What a flow conserves among given functions: the null space of d/dt, in simple generators.

    d/dt Σ_k c_k φ_k(q, v) = Σ_k c_k (v·∂φ_k/∂q + a·∂φ_k/∂v) = 0   at random points

holds for the law itself, whatever the data: the points only have to be enough. Products of what is
conserved are conserved too and tell nothing new. Degree by degree in the velocities, those
combinations are taken that have the fewest terms and are no sum of products of those before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from interpret.discovery.noether.flows import Flow
from interpret.discovery.noether.monomials import Monomials

Array = NDArray[np.float64]

VANISHING: Final = 1e-8
"""Of the largest rate, what counts as none: doubles leave 1e-13, a coefficient that is off in its
fifth digit 1e-5."""

DEPENDENT: Final = 1e-7
"""Of a function of unit length, what is left of one that is a sum of others: round-off."""

ABSENT: Final = 1e-6
"""Of the largest coefficient, what counts as none."""

MOST_PIVOTS: Final = 60
"""So many terms are asked for in turn: among hundreds the simple combinations are found by few."""


@dataclass(frozen=True, eq=False)
class Invariant:
    """Σ c_k φ_k of some of the functions: their numbers (m,), coefficients (m,), degree in v."""

    terms: NDArray[np.int64]
    coefficients: Array
    degree: int


def invariants(
    monomials: Monomials, flow: Flow, known: Sequence[tuple[int, Array]] = ()
) -> list[Invariant]:
    """Generators of all combinations that the flow conserves.

    `known` are conserved quantities already: the degree of each in v, and its values (n,) at the
    points of the flow. They and their products are left out.

    >>> from systems.expressions import symbol
    >>> q, v = np.random.default_rng(0).standard_normal((2, 200, 2))
    >>> some = Monomials.of(("x", "y"), [], degree=1)
    >>> found = invariants(some, Flow(q, v, -q))
    >>> sorted(str(some.expr(int(k))) for k in found[0].terms), found[0].coefficients.round(9)
    (['x*yd', 'xd*y'], array([ 1., -1.]))
    """
    kept = _independent(monomials, flow)
    functions = monomials[kept]
    values = functions.values(flow.q, flow.v)
    rates = flow.rates(functions.gradients(flow.q, flow.v))
    scale = values.std(axis=0)
    values = (values - values.mean(axis=0)) / scale
    rates = rates / scale
    rates /= np.maximum(np.linalg.norm(rates, axis=1, keepdims=True), 1e-300)
    span = _Span(len(values))
    generators = [(degree, _unit(column)) for degree, column in known]
    found: list[Invariant] = []
    for level in range(1, int(functions.degrees.max(initial=0)) + 1):
        below = np.flatnonzero(functions.degrees <= level)
        basis = _null_space(rates[:, below])
        for column in _products(generators, level):
            span.add(column)
        wanted = span.rank_with(values[:, below] @ basis)
        taken = 0
        for vector in (
            _sparse(basis, rates[:, below], functions.complexity[below]) if wanted else ()
        ):
            column = _unit(values[:, below] @ vector)
            if taken == wanted or not span.add(column):
                continue
            taken += 1
            some = np.flatnonzero(vector)
            coefficients = vector[some] / scale[below[some]]
            generators.append((level, column))
            found.append(Invariant(kept[below[some]], _normalised(coefficients), level))
    return found


def _independent(monomials: Monomials, flow: Flow) -> NDArray[np.int64]:
    """The functions that are no sum of simpler ones and a constant, simple ones first."""
    values = monomials.values(flow.q, flow.v)
    span = _Span(len(values))
    order = np.lexsort((np.arange(len(monomials)), monomials.complexity, monomials.degrees))
    return np.array([k for k in order if span.add(_unit(values[:, k]))], dtype=np.int64)


def _unit(column: Array) -> Array:
    """A function without its mean, of length 1; 0 for a constant."""
    centred = column - column.mean()
    size = float(np.linalg.norm(centred))
    small = DEPENDENT * float(np.linalg.norm(column))
    return centred / size if size > small else np.zeros_like(centred)


class _Span:
    """The functions of so many points that grows by what is new."""

    def __init__(self, points: int) -> None:
        self.basis = np.empty((points, 0))

    def add(self, column: Array) -> bool:
        """Whether a column of unit length is new; if so it is in the span from here on."""
        left = self._left(column)
        size = float(np.linalg.norm(left))
        if size <= DEPENDENT:
            return False
        self.basis = np.column_stack([self.basis, left / size])
        return True

    def rank_with(self, columns: Array) -> int:
        """How many dimensions columns (n, m) would add."""
        left = self._left(columns / np.maximum(np.linalg.norm(columns, axis=0), 1e-300))
        return int((np.linalg.svd(left, compute_uv=False) > ABSENT).sum()) if left.size else 0

    def _left(self, columns: Array) -> Array:
        # Twice is enough (Kahan and Parlett).
        for _ in range(2):
            columns = columns - self.basis @ (self.basis.T @ columns)
        return columns


def _null_space(rates: Array) -> Array:
    """The combinations without a rate (K, m), of unit length."""
    _, values, vectors = np.linalg.svd(rates, full_matrices=False)
    return np.asarray(vectors[values <= VANISHING * values[0]].T)


def _products(generators: Sequence[tuple[int, Array]], level: int) -> Iterator[Array]:
    """The generators and their products of at most this degree in v."""
    for number in range(1, level + 1):
        for some in combinations_with_replacement(generators, number):
            if sum(degree for degree, _ in some) <= level:
                column = np.prod([column for _, column in some], axis=0)
                yield _unit(column)


def _sparse(basis: Array, rates: Array, complexity: NDArray[np.int64]) -> list[Array]:
    """Combinations with few terms: for each term j those of least Σ |w_k| with w_j = 1, simple
    ones first.

    Source: the sparsest vector of a subspace by linear programs; D. A. Spielman, H. Wang,
    J. Wright, COLT (2012).
    """
    sizes = np.linalg.norm(basis, axis=1)
    pivots = np.flatnonzero(sizes > ABSENT * sizes.max(initial=0.0))
    pivots = pivots[np.argsort(complexity[pivots], kind="stable")]
    found: dict[tuple[int, ...], Array] = {}
    for j in pivots[:: max(1, len(pivots) // MOST_PIVOTS)]:
        vector = _polished(_least_sum(basis[pivots], int(np.flatnonzero(pivots == j)[0])), pivots,
                           rates, int(j))  # fmt: skip
        found.setdefault(tuple(np.flatnonzero(vector)), vector)

    def written(vector: Array) -> tuple[int, int]:
        return len(np.flatnonzero(vector)), int(complexity[vector != 0].sum())

    return sorted(found.values(), key=written)


def _least_sum(basis: Array, j: int) -> Array:
    """w in the span of basis (K, m) with w_j = 1 and the least Σ |w_k|."""
    k, m = basis.shape
    cost = np.concatenate([np.zeros(m), np.ones(k)])
    one = np.eye(k)
    above = np.block([[basis, -one], [-basis, -one]])
    exact = np.concatenate([basis[j], np.zeros(k)])[None]
    bounds = [(None, None)] * m + [(0, None)] * k
    solved = linprog(cost, above, np.zeros(2 * k), exact, [1.0], bounds=bounds, method="highs")
    if solved.x is None:
        return np.asarray(basis @ basis[j] / (basis[j] @ basis[j]))
    return np.asarray(basis @ solved.x[:m])


def _polished(some: Array, pivots: NDArray[np.int64], rates: Array, j: int) -> Array:
    """The same combination to all digits: its terms alone, solved for again with that of j as 1."""
    whole = np.zeros(rates.shape[1])
    whole[pivots] = np.where(np.abs(some) > ABSENT * np.abs(some).max(), some, 0.0)
    others = np.array([k for k in np.flatnonzero(whole) if k != j], dtype=int)
    if len(others):
        whole[others] = np.linalg.lstsq(rates[:, others], -rates[:, j], rcond=None)[0]
    whole[j] = 1.0
    return whole


def _normalised(coefficients: Array) -> Array:
    """With the last one of the largest, to a tenth, as 1: simple terms come first."""
    sizes = np.abs(coefficients)
    leading = int(np.argmax(sizes > 0.9 * sizes.max()))
    return np.asarray(coefficients / coefficients[leading])
