"""The phase φ(q) that the box alone gives a wave of momentum q = kL/(2π), and its inverse.

    tan φ = -π^(3/2) q/Z00(1; q²) = -2π² q/S(q²),   φ(0) = 0,   φ continuous

φ grows by π from one shell q² = n to the next. Lüscher's formula is δ + φ = nπ.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import elementwise

from systems.errors import InputError
from systems.physics.finite_volume.shells import shells
from systems.physics.finite_volume.zeta import LARGEST, Near, by_batches, near

Array = NDArray[np.float64]

SCALE: Final = 2 * np.pi**2


def phase(q: ArrayLike) -> Array:
    """φ(q) in rad, of momenta 0 <= q <= 100 in units of 2π/L, an array of any shape.

    With S = C/(N - q²) + rest about the integer N nearest to q², and K(N) shells in (0, N],

        φ = π K(N) + arg[C + (N - q²) rest + i 2π² q (q² - N)],

    where nothing is infinite at q² = N. Without a pole at N (N = 7, 15, ...), it is
    π K(N) + arg[-S + i 2π² q].

    Raises `InputError` for q out of range.

    >>> phase([0, 1, np.sqrt(2)]) / np.pi
    array([0., 1., 2.])
    >>> phase(0.5).round(12).tolist()
    0.88272644236
    """
    return by_batches(_checked(q), _phase)


def momentum(phi: ArrayLike) -> Array:
    """q of φ, the inverse of `phase`: the free momentum of a box whose phase is φ >= 0, in rad.

    With φ = nπ - δ it is the n-th level of a box for a phase shift δ that is known there.

    Raises `InputError` for φ out of range.

    >>> momentum([0, np.pi, 7 * np.pi]) ** 2
    array([0., 1., 8.])
    """
    phases = np.asarray(phi, dtype=float)
    ends = np.sqrt(_shells())
    most = len(ends) - 2
    if not ((phases >= 0) & (phases <= np.pi * most)).all():
        raise InputError(f"the phase φ of a box lies between 0 and {most}π here; φ = nπ - δ.")
    flat = phases.ravel()
    shell = np.minimum((flat / np.pi).astype(int), most)
    # A multiple of π may be rounded down to the shell below.
    brackets = (ends[shell] * (1 - 1e-9), ends[shell + 1] * (1 + 1e-9))
    solved = elementwise.find_root(_missing, brackets, args=(flat,))
    momenta: Array = solved.x
    return momenta.reshape(phases.shape)


def _missing(q: Array, phi: Array) -> Array:
    return phase(q) - phi


def _checked(q: ArrayLike) -> Array:
    points = np.asarray(q, dtype=float)
    largest = np.sqrt(LARGEST)
    if not ((points >= 0) & (points <= largest)).all():
        raise InputError(f"a momentum q = kL/(2π) lies between 0 and {largest:g}.")
    return points


def _phase(q: Array) -> Array:
    q2 = q**2
    piece = near(q2)
    along, across = _vector(q, q2, piece)
    passed = np.searchsorted(_shells(), piece.nearest, side="right") - 1
    return np.asarray(np.pi * passed + np.arctan2(across, along), dtype=float)


def _vector(q: Array, q2: Array, piece: Near) -> tuple[Array, Array]:
    """The two components of a vector whose angle is φ, up to multiples of π."""
    is_pole = piece.degeneracy > 0
    distance = piece.nearest - q2
    along = np.where(is_pole, piece.degeneracy + distance * piece.rest, -piece.rest)
    across = np.where(is_pole, -SCALE * q * distance, SCALE * q)
    return along, across


@lru_cache(maxsize=1)
def _shells() -> NDArray[np.int64]:
    """Every shell n that is served: φ passes 0, π, 2π, ... at q² = n."""
    return shells(LARGEST)
