"""Phase shifts of the models in closed form: the potential is separable, so one loop is enough.

    tan δ = -(π k E/4) Fᵀ M⁻¹ F,   I_ij(E) = PV ∫ q² dq F_i F_j/(E - 2ω_q),   F = (g, h)

with the secular matrix M of `systems.physics.finite_volume.secular`. 1/(E - 2ω_q) is
(E + 2ω_q)/(4 (k² - q²)), and PV ∫ dq/(k² - q²) = 0: what is subtracted at q = k makes the integrand
regular there and leaves the integral as it is.

Source: M. I. Haftel, F. Tabakin, Nucl. Phys. A 158 (1970) 1, for the subtraction.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from systems.physics.finite_volume.models import Array, Couplings
from systems.physics.finite_volume.secular import Counts, determinant, diagonal, extra_levels
from systems.physics.finite_volume.wave_numbers import checked_energies, pair_energy, wave_number

NODES: Final = 160
SCALE: Final = 1.5
"""Half of the Gauss nodes lie below this momentum, in 1/fm."""

STEP: Final = 0.01
FINER: Final = 8
FINEST: Final = STEP / FINER**2
"""The steps in k, in 1/fm, of the paths on which phases are followed from threshold."""

RANGE: Final = (-np.pi / 2, 3 * np.pi / 2)
"""By causality a phase rises as fast as it likes, by π at a narrow resonance, but falls slowly: in
rad, no step of a path is outside these limits, which are 2π apart."""

CLEAR: Final = (-0.8, 4.0)
"""A path with steps outside these is walked again in finer ones."""

BATCH: Final = 400_000
"""So many phases at a time, to bound the memory."""


def phase_shifts(couplings: Couplings, energies: ArrayLike) -> Array:
    """δ(E) in rad, (N, K), at increasing energies (K,) in MeV, continuous from δ(2m_π) = 0.

    At a resonance it rises by π, however narrow that is: at the bare mass too where g_σ is 0.

    Raises `InputError` for energies that do not increase, are below threshold or not finite.

    >>> one = Couplings("A", 600.0, 1.2, 0.8, 0.4, 0.7)
    >>> np.degrees(phase_shifts(one, [300.0, 605.0])).round(8).tolist()
    [[51.58282825, 97.51313181]]
    """
    k = wave_number(checked_energies(energies))
    return _walked(couplings, k, STEP)


def bound_states(couplings: Couplings) -> Counts:
    """How many states (N,) lie below 2m_π: 0, 1 or 2.

    >>> bound_states(Couplings("A", 600.0, [1.2, 2.5], 0.8, [0.4, -0.5], 0.7)).tolist()
    [0, 1]
    """
    k = np.zeros(1)
    # No free level lies below threshold.
    return extra_levels(couplings, pair_energy(k), _loops(couplings, k))[:, 0]


def _walked(couplings: Couplings, k: Array, step: float) -> Array:
    """δ at k, by a path from 0 in steps of this size, and in finer ones where these are unclear."""
    path = np.union1d(np.arange(0.0, k[-1], step), np.append(k, 0.0))
    places = np.searchsorted(path, k)
    phases = np.empty((len(couplings), len(k)))
    clear = np.empty(len(couplings), dtype=np.bool_)
    size = max(1, BATCH // len(path))
    for first in range(0, len(couplings), size):
        batch = slice(first, first + size)
        walked, clear[batch] = _continuous(_angles(couplings[batch], path))
        phases[batch] = walked[:, places]
    unclear = np.flatnonzero(~clear)
    if len(unclear) and step > FINEST:
        phases[unclear] = _walked(couplings[unclear], k, step / FINER)
    return phases


def _angles(couplings: Couplings, k: Array) -> Array:
    """δ modulo π, (N, K): the angle of a vector that goes round with k and is never zero."""
    energy = pair_energy(k)
    loops = _loops(couplings, k)
    sigma, contact = diagonal(couplings, energy, loops)
    g, h = couplings.vertices(k)
    G = couplings.G[:, None]
    numerator = g**2 * contact + 2 * G * g * h * loops[1] + G * h**2 * sigma
    across = -np.pi / 4 * k * energy * numerator
    angles: Array = np.arctan2(across, determinant(couplings, energy, loops))
    return angles


def _continuous(angles: Array) -> tuple[Array, NDArray[np.bool_]]:
    """The angles (N, K) without their jumps by 2π, from 0, and which rows (N,) are clear."""
    lowest, _ = RANGE
    steps = (np.diff(angles, axis=1) - lowest) % (2 * np.pi) + lowest
    walked = np.zeros(angles.shape)
    np.cumsum(steps, axis=1, out=walked[:, 1:])
    least, most = CLEAR
    clear: NDArray[np.bool_] = np.all((steps > least) & (steps < most), axis=1)
    return walked, clear


def _loops(couplings: Couplings, k: Array) -> Array:
    """I_gg, I_gh, I_hh at momenta k (K,): (3, N, K) in powers of fm."""
    q, weights = _nodes(NODES)
    measure, subtracted = _measure(k[:, None], q, weights)
    kernel = measure.T
    g, h = couplings.vertices(q)
    g_k, h_k = couplings.vertices(k)
    loops = np.empty((3, len(couplings), len(k)))
    loops[0] = (g * g) @ kernel - g_k * g_k * subtracted
    loops[1] = (g * h) @ kernel - g_k * h_k * subtracted
    loops[2] = (h * h) @ kernel - h_k * h_k * subtracted
    return loops


def _measure(k: Array, q: Array, weights: Array) -> tuple[Array, Array]:
    """The weights of F(q) in PV ∫ q² dq F/(E - 2ω_q), and that of F(k), which is subtracted."""
    # As products these differences keep their digits where a node is near k.
    inverse = weights / ((k - q) * (k + q))
    energy = pair_energy(k)
    measure = inverse * q**2 * (energy + pair_energy(q)) / 4
    subtracted = inverse.sum(axis=-1, keepdims=True) * k**2 * energy / 2
    return measure, subtracted[..., 0]


@lru_cache
def _nodes(count: int) -> tuple[Array, Array]:
    """Gauss nodes and weights of ∫ dq from 0 to infinity, by q = s (1 + x)/(1 - x)."""
    x, weights = np.polynomial.legendre.leggauss(count)
    return SCALE * (1 + x) / (1 - x), weights * 2 * SCALE / (1 - x) ** 2
