"""Pure gauge: combinations of candidates whose Euler–Lagrange equations vanish for every motion.

They are total time derivatives and constants, on each connected piece of configuration space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr

from interpret.discovery.lagrangian.candidate_equations import CandidateEquations
from interpret.discovery.lagrangian.lagrangian_law import combination
from interpret.discovery.lagrangian.null_space import IDENTICALLY
from interpret.discovery.lagrangian.representative import by_complexity
from interpret.select.matrix import lengths, triangle
from systems.errors import InputError
from systems.samples.phase_space import PhaseSamples

Array = NDArray[np.float64]


def find_gauge(
    library: Sequence[Expr], samples: PhaseSamples, held: Mapping[int, float]
) -> tuple[tuple[Expr, ...], list[int]]:
    """What moves nothing, as readable combinations, and a candidate of each to do without.

    Gauge is a property of the library, not of the data: it is sought on points spread wider than
    the samples, which may lie in a window so narrow that everything looks straight.
    """
    equations = CandidateEquations.of(library, samples.coordinates, *_spread(samples, len(library)))
    equations = equations.samples(equations.finite())
    if len(equations.forces) <= len(library):
        equations = CandidateEquations.of(library, samples.coordinates, samples.q, samples.qd)
    # The most complex candidates are the first to go, and those held the last.
    order = [*(k for k in by_complexity(library)[::-1] if k not in held), *held]
    rows, leading = gauge_space(equations, order)
    lost = [str(library[k]) for k in leading if k in held]
    if lost:
        raise InputError(
            f"the normalisation holds {', '.join(lost)}, which is pure gauge and has no "
            f"coefficient that data could tell."
        )
    combinations = (_readable(row, library) for row in rows)
    # Candidates that depend on each other add up to nothing at all, or to a constant.
    return tuple(c for c in combinations if not sympy.simplify(c).is_number), leading


def _spread(samples: PhaseSamples, size: int) -> tuple[Array, Array]:
    """Points (q, q̇) about the samples, some half of their own size away."""
    rng = np.random.default_rng(0)
    chosen = rng.integers(len(samples), size=4 * size + 40)
    spread = []
    for values in (samples.q[chosen], samples.qd[chosen]):
        usual = np.sqrt(np.mean(values**2)) or 1.0
        factor, shift = rng.uniform(-1, 1, (2, *values.shape))
        spread.append(values * (1 + factor / 2) + usual * shift / 5)
    return spread[0], spread[1]


def _readable(row: Array, library: Sequence[Expr]) -> Expr:
    """Σ c_p φ_p with small whole numbers where these are meant."""
    for denominator in range(1, 13):
        whole = np.round(row * denominator)
        if np.abs(row * denominator - whole).max() < 1e-7:
            numbers = [sympy.Integer(int(number)) for number in whole]
            divisor = sympy.gcd_list(numbers)
            return sympy.Add(
                *(n / divisor * term for n, term in zip(numbers, library, strict=True))
            )
    return combination(tuple(library), row, (None,) * len(row))


def gauge_space(equations: CandidateEquations, order: Sequence[int]) -> tuple[Array, list[int]]:
    """The combinations (g, K) with M = 0 and f = 0 on every sample, and a candidate of each.

    In reduced echelon form: its own candidate has the coefficient 1 in each, and 0 in all others;
    these candidates are the earliest possible in `order`. The samples should be spread widely.
    """
    n, d, _, size = equations.masses.shape
    rows = np.concatenate(
        [equations.masses.reshape(n, d * d, size), equations.forces.reshape(n, d, size)], axis=1
    )
    # Every sample counts the same, near a pole or not.
    length = np.sqrt((rows**2).sum(axis=(1, 2), keepdims=True))
    rows = (rows / np.where(length > 0, length, 1)).reshape(-1, size)
    scale = lengths(rows)
    _, values, right = np.linalg.svd(triangle(rows / scale), full_matrices=True)
    values = np.append(values, np.zeros(size - len(values)))
    null = right[values <= IDENTICALLY * max(values[0], 1)]
    return reduced_echelon(null / scale, order)


def reduced_echelon(rows: Array, order: Sequence[int]) -> tuple[Array, list[int]]:
    """The reduced echelon form of independent rows, and the column of each row's leading 1.

    Leading columns are taken as early in `order` as a stable elimination allows.

    >>> reduced_echelon(np.array([[1.0, 1.0, 0.0], [1.0, -1.0, 2.0]]), order=[2, 1, 0])
    (array([[1., 0., 1.],
           [1., 1., 0.]]), [2, 1])
    """
    left = rows / np.where(lengths(rows.T) > 0, lengths(rows.T), 1)[:, None]
    leading: list[int] = []
    for column in order:
        done = len(leading)
        if done == len(left):
            break
        best = done + int(np.argmax(np.abs(left[done:, column])))
        if abs(left[best, column]) < 1e-6 * np.abs(left[best]).max():
            continue
        left[[done, best]] = left[[best, done]]
        left[done] /= left[done, column]
        others = np.arange(len(left)) != done
        left[others] -= np.outer(left[others, column], left[done])
        leading.append(column)
    left[np.abs(left) < 1e-9 * np.abs(left).max(initial=0)] = 0
    return left, leading
