"""The free states of a periodic box, without cutting off their sum: shells first, then a continuum.

    Σ_n C3(n)/(4π) F(√n)  =  Σ_n w(√n) C3(n)/(4π) F(√n) + ∫ x² dx (1 - w(x)) F(x)

up to exp(-(πs)²), where w falls from 1 to 0 like erfc over a width s. Momenta are x in units of
2π/L, so the same states serve boxes of every size: k = 2πx/L, and ∫ q² dq -> (2π/L)³ Σ.

Cut off instead, the sum converges slowly: model A in 10 fm still misses 0.3 MeV at n = 600.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import erfc

from systems.physics.finite_volume.models import Array
from systems.physics.finite_volume.shells import degeneracies, shells

WIDTH: Final = 1.4
"""s: the sum and the integral then agree to exp(-(1.4 π)²) = 4e-9 of what is beyond the window."""

OPENING: Final = 4.2
"""In units of s, half of the window: it deviates from 0 and 1 by 2e-9 beyond."""

NODES: Final = (24, 24)
"""Gauss nodes of the continuum inside the window, and beyond it."""

NEAR: Final = 1.5
"""States beyond so many times the reach may be moved."""

MOVED: Final = 18
"""Onto so many nodes: 1/(E - 2ω) is then right to about 4 ** -18 of its value."""


@dataclass(frozen=True, eq=False)
class States:
    """States of momenta `x` (K,), the first `shells` of them those of a sharp shell each.

    Σ_K `weights` F(x) is the sum of F over the vectors of the box, divided by 4π, where F is
    smooth beyond the reach that the states were made for.
    """

    x: Array
    weights: Array
    shells: int


@lru_cache(maxsize=64)
def states_of_box(reach: float) -> States:
    """The states with w = 1 for all x up to `reach`, about 200 of them.

    >>> states = states_of_box(3.5)
    >>> total = (states.weights * np.exp(-0.1 * states.x**2)).sum()
    >>> bool(np.isclose(total, (np.pi / 0.1) ** 1.5 / (4 * np.pi), rtol=1e-13))
    True
    """
    middle = reach + OPENING * WIDTH
    end = middle + OPENING * WIDTH
    n = shells(int(end**2))
    x = np.sqrt(n)
    counted = degeneracies(int(end**2))[n] / (4 * np.pi) * _window(x, middle)
    between, weights_between = _gauss(NODES[0])
    between = reach + (end - reach) * (between + 1) / 2
    weights_between = weights_between * (end - reach) / 2 * (1 - _window(between, middle))
    t, weights_beyond = _gauss(NODES[1])
    beyond = end + 1.5 * end * (1 + t) / (1 - t)
    weights_beyond = weights_beyond * 2 * 1.5 * end / (1 - t) ** 2
    nodes = np.concatenate([between, beyond])
    measure = np.concatenate([weights_between, weights_beyond]) * nodes**2
    return States(np.concatenate([x, nodes]), np.concatenate([counted, measure]), len(n))


@lru_cache(maxsize=64)
def moved_states(reach: float) -> tuple[Array, Array]:
    """Few momenta (P,) that do for the energies up to `reach`, and a matrix (K, P).

    Residues R (K,) of the states, Σ_K R/(E - 2ω), become residues R @ matrix of the few: near
    states stay, and far ones are spread over nodes by interpolation in 1/x, as 1/(E - 2ω) is smooth
    in 1/x there.
    """
    x = states_of_box(reach).x
    near = np.flatnonzero(x < NEAR * reach)
    far = np.flatnonzero(x >= NEAR * reach)
    largest = 1 / x[far].min()
    angles = np.pi * (np.arange(MOVED) + 0.5) / MOVED
    nodes = largest * (1 + np.cos(angles)) / 2
    # Barycentric interpolation on Chebyshev points.
    alternating = (-1.0) ** np.arange(MOVED) * np.sin(angles)
    terms = alternating / (1 / x[far, None] - nodes)
    matrix = np.zeros((len(x), len(near) + MOVED))
    matrix[near, np.arange(len(near))] = 1.0
    matrix[far, len(near) :] = terms / terms.sum(axis=1, keepdims=True)
    return np.concatenate([x[near], 1 / nodes]), matrix


def _window(x: Array, middle: float) -> Array:
    window: Array = erfc((x - middle) / WIDTH) / 2
    return window


def _gauss(count: int) -> tuple[Array, Array]:
    x, weights = np.polynomial.legendre.leggauss(count)
    return x, weights
