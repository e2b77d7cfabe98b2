"""The wave inside one step, by entire functions of X = U h²: they know no square root of zero.

    C = cos √X,   S = sin √X/√X,   J = (S - C)/X,   Q = (1 - S(4X))/(2X)

J and Q are differences of nearly equal numbers where X is small, which is where they are needed:
their power series lose nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Coefficient = Callable[[int], float]

SMALL = 1.0
"""Up to this |X| power series are summed; beyond it the closed forms cancel no digits."""

NEGLIGIBLE = 1e-19
"""A power series ends where its terms are smaller than this."""


def cosine(k: int) -> float:
    """The coefficient of X^k in C."""
    return _sign(k) / math.factorial(2 * k)


def sine(k: int) -> float:
    """The coefficient of X^k in S."""
    return _sign(k) / math.factorial(2 * k + 1)


def difference(k: int) -> float:
    """The coefficient of X^k in J."""
    return _sign(k) * (2 * k + 2) / math.factorial(2 * k + 3)


def square(k: int) -> float:
    """The coefficient of X^k in Q, with which the integral of (h S)² over a step is h³ Q."""
    return _sign(k) * 2.0 ** (2 * k + 1) / math.factorial(2 * k + 3)


def solutions(x: Array, terms: int) -> tuple[Array, Array, Array]:
    """(C, S, J) at x, by `terms` terms of their series where |x| is small.

    >>> C, S, J = solutions(np.array([0.0, np.pi**2 / 4]), terms=12)
    >>> C.round(15).tolist(), (S * np.pi).round(15).tolist()
    ([1.0, 0.0], [3.141592653589793, 2.0])
    """
    C = _sum(cosine, x, terms)
    J = _sum(difference, x, terms)
    S = C + x * J
    large = np.abs(x) > SMALL
    if large.any():
        C[large], S[large] = _closed(x[large])
        J[large] = (S[large] - C[large]) / x[large]
    return C, S, J


def square_integral(x: Array, terms: int) -> Array:
    """Q at x."""
    Q = _sum(square, x, terms)
    large = np.abs(x) > SMALL
    if large.any():
        _, S = _closed(4 * x[large])
        Q[large] = (1 - S) / (2 * x[large])
    return Q


def needed_terms(largest: float) -> int:
    """How many terms the four series need for all |X| up to `largest`, and no more than for SMALL.

    >>> needed_terms(2 / 64**2), needed_terms(1.0)
    (5, 12)
    """
    x = min(largest, SMALL)
    terms = 1
    while abs(square(terms)) * x**terms > NEGLIGIBLE or abs(cosine(terms)) * x**terms > NEGLIGIBLE:
        terms += 1
    return terms


def _sign(k: int) -> float:
    """(-1)^k."""
    return -1.0 if k % 2 else 1.0


def _sum(coefficient: Coefficient, x: Array, terms: int) -> Array:
    """The power series at x, by Horner's rule."""
    total = np.full(x.shape, coefficient(terms - 1))
    for k in range(terms - 2, -1, -1):
        total *= x
        total += coefficient(k)
    return total


def _closed(x: Array) -> tuple[Array, Array]:
    """(C, S) at x far from 0, of either sign."""
    root = np.sqrt(np.abs(x))
    # Beyond 700, where cosh is about to overflow, only ratios count, and they no longer change.
    growing = np.minimum(np.where(x < 0, root, 0.0), 700.0)
    C = np.where(x > 0, np.cos(root), np.cosh(growing))
    S = np.where(x > 0, np.sin(root), np.sinh(growing)) / root
    return C, S
