"""The 2×2 secular matrix of a bare σ and a contact, and how it counts energy levels.

    M(E) = diag(E - m_σ, m_π²/G) - I(E),   I_ij(E) = Σ_n F_i F_j w_n/(E - 2ω_n),   F = (g, h)

in a box, and a principal value integral over n without one. States are where det M = 0. As G may be
zero, what is used is

    D = G det M = (E - m_σ - I_gg) (m_π² - G I_hh) - G I_gh².

M grows with E wherever it is finite, so its inertia counts: below E there are as many levels as
free ones, plus the positive eigenvalues of M(E), less 1 where G > 0.

Energies and loops are in powers of fm. An array `loops` (3, N, K) holds I_gg, I_gh and I_hh.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from systems.physics.finite_volume.models import HBARC, MASS, Array, Couplings

Counts = NDArray[np.int64]


def determinant(couplings: Couplings, energy: Array, loops: Array) -> Array:
    """D (N, K) at energies (K,) or (N, K)."""
    sigma, contact = diagonal(couplings, energy, loops)
    D: Array = sigma * contact - couplings.G[:, None] * loops[1] ** 2
    return D


def diagonal(couplings: Couplings, energy: Array, loops: Array) -> tuple[Array, Array]:
    """(E - m_σ - I_gg, m_π² - G I_hh), each (N, K)."""
    sigma = energy - couplings.bare_mass[:, None] / HBARC - loops[0]
    contact = MASS**2 - couplings.G[:, None] * loops[2]
    return sigma, contact


def extra_levels(couplings: Couplings, energy: Array, loops: Array) -> Counts:
    """How many levels (N, K) lie below E beyond the free ones: -1, 0, 1 or 2.

    With a = M_11 the eigenvalues of M have the signs of a and det M/a, and D a has that of the
    latter times G.
    """
    sigma, contact = diagonal(couplings, energy, loops)
    repulsive = couplings.G[:, None] > 0
    product = sigma * (sigma * contact - couplings.G[:, None] * loops[1] ** 2)
    positive = (sigma > 0).astype(np.int64) + ((product > 0) == repulsive)
    extra: Counts = positive - repulsive
    return extra
