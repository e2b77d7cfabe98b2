"""The scattering length of a potential of equal steps, and its gradient, to rounding error.

The scattering length a(r) of what lies inside r obeys a' = -U (r - a)², a(0) = 0, and a0 = a(1).
Inside a step of height U from α to β = α + h, with w = α - a and X = U h²,

    a(β) - a(α) = -U h [h² J + w (w + h) S] / [C - U h w S]

in the entire functions C, S, J of `waves`. Where U attracts and binds nothing,
every number above is positive: no digit cancels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from systems.errors import InputError
from systems.physics.scattering.waves import Array, needed_terms, solutions, square_integral

BATCH = 4096
"""So many potentials at a time: what one step needs stays in the cache."""


def scattering_length(potentials: ArrayLike) -> Array:
    """a0 = 1 - u(1)/u'(1), of potentials (..., d) on d equal steps; an array (...).

    Relative error below 8e-16 for attractive potentials without a bound state. Others are welcome;
    a0 then passes through infinity wherever a state becomes bound.

    Raises `InputError` for heights that are not finite.

    >>> a0 = scattering_length(np.ones(64))
    >>> bool(np.isclose(a0, 1 - np.tan(1), rtol=1e-15))
    True
    >>> scattering_length(np.zeros((3, 64))).tolist()
    [0.0, 0.0, 0.0]
    """
    heights = checked(potentials)
    rows = heights.reshape(-1, heights.shape[-1])
    lengths = np.empty(len(rows))
    terms = _terms(rows)
    for first in range(0, len(rows), BATCH):
        batch = np.ascontiguousarray(rows[first : first + BATCH].T)
        lengths[first : first + BATCH] = _lengths(batch, terms)
    return lengths.reshape(heights.shape[:-1])


def gradient(potentials: ArrayLike) -> Array:
    """∂a0/∂U_i = -∫_i (u(r)/u'(1))² dr over step i, an array (..., d) like the potentials.

    >>> slope = gradient(np.zeros(2))  # -∫ r² dr over either half
    >>> (24 * slope).round(14).tolist()
    [-1.0, -7.0]
    """
    heights = checked(potentials)
    rows = heights.reshape(-1, heights.shape[-1])
    terms = _terms(rows)
    slopes = np.empty(rows.shape)
    for first in range(0, len(rows), BATCH):
        batch = np.ascontiguousarray(rows[first : first + BATCH].T)
        slopes[first : first + BATCH] = _gradients(batch, terms).T
    return slopes.reshape(heights.shape)


def checked(potentials: ArrayLike) -> Array:
    """The potentials as an array (..., d) of doubles; `InputError` where they are none."""
    heights = np.asarray(potentials, dtype=float)
    if heights.ndim == 0 or heights.shape[-1] == 0:
        raise InputError("a potential is a row of one or more step heights U_i.")
    if not np.isfinite(heights).all():
        raise InputError("a step height is not finite; remove the potentials that have such steps.")
    return heights


def _terms(rows: Array) -> int:
    """How many terms of the power series the highest step needs."""
    return needed_terms(float(np.abs(rows).max(initial=0.0)) / rows.shape[1] ** 2)


def _lengths(heights: Array, terms: int) -> Array:
    """a0 of potentials (d, n), one step of all of them after the other."""
    steps, count = heights.shape
    h = 1 / steps
    a = np.zeros(count)
    for step, height in enumerate(heights):
        C, S, J = solutions(height * h**2, terms)
        w = step / steps - a
        kick = height * h
        wS = w * S
        a -= kick * (h**2 * J + (w + h) * wS) / (C - kick * wS)
    return a


def _gradients(heights: Array, terms: int) -> Array:
    """The gradients (d, n) at potentials (d, n), from the wave u and its slope v at every edge."""
    steps, count = heights.shape
    h = 1 / steps
    u, v = np.zeros(count), np.ones(count)
    inside = np.empty(heights.shape)
    for step, height in enumerate(heights):
        x = height * h**2
        C, S, _ = solutions(x, terms)
        Q = square_integral(x, terms)
        # u(α + s) = u cos ks + v sin ks / k, squared and integrated from s = 0 to h.
        inside[step] = u**2 * h * (1 - x * Q) + u * v * (h * S) ** 2 + v**2 * h**3 * Q
        u, v = u * C + v * h * S, v * C - u * height * h * S
    gradients: Array = -inside / v**2
    return gradients
