"""Functions of second degree whose gradients lie along the forces, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from typing import Final

import numpy as np
import sympy

from interpret.discovery.forces import Forces
from systems.expressions import symbol
from training.prepare.stencils import Array

ROUND_TO: Final = 12
"""Ratios of coefficients are tried as whole numbers over 12: halves, thirds, quarters, sixths."""

CLOSE: Final = 1e-5
DIGITS: Final = 12
FLOOR: Final = 1e-12
"""Functions without a gradient on the data, in parts of the others', are none."""

POSITIVE: Final = 1e-5
"""S may have eigenvalues so far below 0, in parts of the largest, and count as non-negative."""


@dataclass(frozen=True)
class Quadratic:
    """u(q) = (q - a)ᵀ S (q - a), max |S_ij| = 1: ``matrix`` (d, d), ``centre`` (d,).

    ``eigenvalues``: the smallest fractions of |grad u|² across the forces, ascending; the first is
    near zero where u is the invariant, the second tells how lonely it is.
    """

    coordinates: tuple[str, ...]
    matrix: Array
    centre: Array
    eigenvalues: tuple[float, ...]

    @property
    def positive(self) -> bool:
        """Whether u is never negative, so that sqrt(u) is a distance."""
        return bool(np.linalg.eigvalsh(self.matrix).min() > -POSITIVE)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the one variable: the root r of u, or u itself where it may be negative."""
        return ("r",) if self.positive else ("u",)

    def values(self, q: Array) -> Array:
        """That variable at positions q (n, d): (n, 1)."""
        moved = q - self.centre
        u: Array = np.einsum("na,ab,nb->n", moved, self.matrix, moved)[:, None]
        return np.sqrt(np.abs(u)) if self.positive else u

    def jacobian(self, q: Array) -> Array:
        """Its slopes (n, d, 1): S (q - a) / r, or 2 S (q - a)."""
        half = (q - self.centre) @ self.matrix
        slopes = half / self.values(q) if self.positive else 2 * half
        return slopes[:, :, None]

    def expression(self, entry: Callable[[float], sympy.Expr]) -> sympy.Expr:
        """u written as squares, and as squares of differences where it is made of these; u/2 as
        products where it has no squares.

        `entry` writes an entry of S.
        """
        moved = [
            symbol(name) - decimal(offset)
            for name, offset in zip(self.coordinates, self.centre, strict=True)
        ]
        entries = [[entry(value) for value in row] for row in self.matrix]
        pairs = list(combinations(range(len(moved)), 2))
        if not any(entries[a][a] for a in range(len(moved))):
            return sympy.Add(*(entries[a][b] * moved[a] * moved[b] for a, b in pairs))
        # S = diag(row sums) plus, for every pair, -S_ab (q_a - q_b)².
        terms = [sum(row) * own**2 for row, own in zip(entries, moved, strict=True)]
        for a, b in pairs:
            terms.append(-entries[a][b] * (moved[a] - moved[b]) ** 2)
        return sympy.Add(*terms)


def quadratic(forces: Forces) -> Quadratic:
    """The u = qᵀ S q + bᵀ q whose gradient is most nearly along the forces.

    Minimise <|grad u - F̂ (F̂ . grad u)|²> / <|grad u|²> over (S, b): a generalised eigenproblem of
    d(d+1)/2 + d unknowns, in coordinates x = (q - mean)/spread.
    """
    from scipy.linalg import eigh

    q, unit, dimension = forces.q, forces.unit, forces.q.shape[1]
    middle = q.mean(axis=0)
    spread = float(q.std())
    x = (q - middle) / spread
    pairs = list(combinations_with_replacement(range(dimension), 2))
    gradient = np.zeros((len(x), dimension, len(pairs) + dimension))
    for k, (a, b) in enumerate(pairs):
        gradient[:, a, k] += x[:, b]
        gradient[:, b, k] += x[:, a]
    for a in range(dimension):
        gradient[:, a, len(pairs) + a] = 1.0
    gradient *= forces.weight[:, None, None]
    along = np.einsum("nd,ndk->nk", unit, gradient)
    across = gradient - unit[:, :, None] * along[:, None, :]
    orthogonal = np.einsum("ndk,ndl->kl", across, across)
    total = np.einsum("ndk,ndl->kl", gradient, gradient)
    floor = FLOOR * np.trace(total) / len(total) * np.eye(len(total))
    values, vectors = eigh(orthogonal, total + floor)
    best = vectors[:, 0]
    matrix = np.zeros((dimension, dimension))
    for k, (a, b) in enumerate(pairs):
        matrix[a, b] += best[k] / 2
        matrix[b, a] += best[k] / 2
    # (x - a)ᵀ S (x - a) has the linear part -2 S a.
    centre = middle - spread * np.linalg.pinv(2 * matrix, rcond=1e-6) @ best[len(pairs) :]
    lead = matrix.flat[np.argmax(np.abs(matrix))]
    lead = abs(lead) * np.sign(np.trace(matrix) or lead)
    eigenvalues = tuple(float(abs(value)) for value in values[:3])
    rounded = [rounded_to(value, CENTRE * spread) for value in centre]
    return Quadratic(forces.coordinates, matrix / lead, np.array(rounded), eigenvalues)


def middle_of(forces: Forces) -> Array:
    """The point a that all forces point to or from: F x (q - a) = 0, by least squares (d,)."""
    q, unit = forces.q, forces.unit
    spread = float(q.std())
    rows = []
    for a, b in combinations(range(q.shape[1]), 2):
        row = np.zeros((len(q), q.shape[1] + 1))
        row[:, a], row[:, b] = -unit[:, b], unit[:, a]
        row[:, -1] = (unit[:, a] * q[:, b] - unit[:, b] * q[:, a]) / spread
        rows.append(forces.weight[:, None] * row)
    design = np.concatenate(rows)
    centre = np.linalg.lstsq(design[:, :-1], design[:, -1], rcond=CENTRE)[0] * spread
    return np.array([rounded_to(value, CENTRE * spread) for value in centre])


CENTRE: Final = 1e-7
"""Centres are told to so many parts of the data's extent: forces are not along better than that."""


def line(forces: Forces) -> Array:
    """The direction that the forces are most nearly along, its largest component 1, (d,)."""
    weighted = forces.weight[:, None] * forces.unit
    direction = np.linalg.svd(weighted, full_matrices=False)[2][0]
    slopes: Array = direction / direction[np.argmax(np.abs(direction))]
    return slopes


def tidy(value: float) -> sympy.Expr:
    """The nearest small rational where it is close, else the number to twelve digits.

    >>> tidy(0.3333333), tidy(0.123456789) * sympy.pi
    (1/3, 0.123456789*pi)
    """
    rational = sympy.Rational(round(value * ROUND_TO), ROUND_TO)
    return rational if abs(float(rational) - value) < CLOSE else decimal(value)


def decimal(value: float) -> sympy.Expr:
    """The number to twelve digits, as a whole number where it is one.

    >>> decimal(0.0), decimal(2.0), decimal(-0.25) * sympy.pi
    (0, 2, -0.25*pi)
    """
    text = f"{value:.{DIGITS}g}"
    return sympy.Integer(int(value)) if float(text) == int(value) else sympy.Float(text)


def rounded_to(value: float, accuracy: float) -> float:
    """The number rounded to the last decimal place that its accuracy supports.

    >>> rounded_to(0.99999997, 2e-7), rounded_to(119678296560.7, 3e3)
    (1.0, 119678300000.0)
    """
    return round(value, -math.floor(math.log10(accuracy)) - 1) if accuracy > 0 else value
