"""With what probability one more motion tells two laws apart, by the likelihood ratio.

    Δ = min |y - y_b(θ, x₀)|² - min |y - y_a(θ, x₀)|²     over θ and x₀,  y = y_a(θ_a, x₀) + noise

to first order about both laws, in units of σ, each with its own θ held by the data there are: what
the rival can adjust is projected out. With r the difference of the motions, Q_b and Q_a the
projections off what either can adjust, and e = noise + what a's error bars leave open of y,

    Δ = (r + e)ᵀ Q_b (r + e) - eᵀ Q_a e

which for one law inside the other is noncentral χ².
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.planning.flights import Flights
from interpret.planning.measuring import Measuring

Array = NDArray[np.float64]

LOST: Final = 10.0
"""A motion that leaves the middle of its range by ten times of it is watched no longer."""

FEWEST: Final = 2
"""Instants of a motion: at the first it is where it was released."""


@dataclass(frozen=True)
class Motion:
    """One law's motion in units of σ (n,), and how it moves with its start (n, 2d) and with the
    coefficients of the law, in units of their error bars (n, p)."""

    path: Array
    by_start: Array
    by_law: Array


Pair = tuple[Motion, Motion]


@dataclass(frozen=True)
class Draws:
    """Normal numbers (k, N) that stand for all noise: the same for all starts, so that these
    compare."""

    numbers: Array

    @staticmethod
    def of(count: int, seed: int = 0) -> Draws:
        """So many, for as many directions as two laws of twelve terms and six coordinates have."""
        return Draws(np.random.default_rng(seed).standard_normal((96, count)))


def evidence(true: Motion, other: Motion, draws: Draws) -> Array:
    """Δ (N,), by which the true law is ahead of the other, for every draw of noise.

    >>> t = np.linspace(0, 1, 20)
    >>> none = np.zeros((20, 0))
    >>> line = Motion(0 * t, np.ones((20, 1)), none)
    >>> found = evidence(line, Motion(3 * t, np.ones((20, 1)), none), Draws.of(4000))
    >>> off = 9 * ((t - t.mean()) ** 2).sum()
    >>> bool(abs(found.mean() - off) < 0.3), bool(abs(found.var() / (4 * off) - 1) < 0.1)
    (True, True)
    """
    apart = (true.path - other.path)[:, None]
    columns = np.hstack([apart, true.by_start, true.by_law, other.by_start, other.by_law])
    basis, _ = np.linalg.qr(columns / (np.linalg.norm(columns, axis=0) + 1e-300))
    noise = draws.numbers[: basis.shape[1]]
    unsure = draws.numbers[basis.shape[1] :][: true.by_law.shape[1]]
    error = noise + basis.T @ true.by_law @ unsure
    missed = basis.T @ apart + error
    own, its = (_free(basis.T @ m.by_start, basis.T @ m.by_law) for m in (true, other))
    return _left(missed, its) - _left(error, own)


def _free(by_start: Array, by_law: Array) -> Array:
    """What a law can adjust (k, j): orthonormal columns, less what holds its coefficients."""
    size, terms = len(by_start), by_law.shape[1]
    rows = np.zeros((size + terms, by_start.shape[1] + terms))
    rows[:size] = np.hstack([by_start, by_law])
    rows[size:, by_start.shape[1] :] = np.eye(terms)
    basis, _ = np.linalg.qr(rows / (np.linalg.norm(rows, axis=0) + 1e-300))
    return basis[:size]


def _left(vectors: Array, adjusted: Array) -> Array:
    """|v|² less what can be adjusted of it, of every column."""
    left: Array = (vectors**2).sum(axis=0) - ((adjusted.T @ vectors) ** 2).sum(axis=0)
    return left


def watched(own: Flights, its: Flights, number: int, measuring: Measuring) -> Pair | None:
    """One motion of both laws, while they are near the data; None where that is no time."""
    channels, seen = len(measuring.weights), len(measuring.times)
    low, high = measuring.seen[:, :channels]
    for path in (own.paths[number], its.paths[number]):
        with np.errstate(all="ignore"):
            there = np.abs(path - (low + high) / 2) <= LOST * (high - low)
        lost = ~there.all(axis=1)
        seen = min(seen, int(np.argmax(lost)) if lost.any() else seen)
    if seen < FEWEST:
        return None
    found = []
    for flown in (own, its):
        path, by_start, by_law = flown.one(number, seen)
        columns = [
            (x * measuring.weights[:, None]).reshape(-1, x.shape[-1])
            for x in (path[..., None], by_start, by_law)
        ]
        found.append(Motion(columns[0][:, 0], columns[1], columns[2]))
    finite = all(np.isfinite(x).all() for m in found for x in (m.path, m.by_start, m.by_law))
    return (found[0], found[1]) if finite else None
