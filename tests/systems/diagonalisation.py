"""Levels in boxes as eigenvalues: the secular determinant is checked against them."""

from __future__ import annotations

import numpy as np

from systems.physics.finite_volume.models import HBARC, MASS
from systems.physics.finite_volume.shells import shells
from systems.physics.finite_volume.states import states_of_box
from systems.physics.finite_volume.wave_numbers import pair_energy


def levels_by_diagonalisation(couplings, boxes, count=10):
    """`levels` as eigenvalues of the Hamiltonian on the same states: slow, but no determinant."""
    # At least five of six numbers are sums of three squares; no level is pushed beyond its shell.
    states = states_of_box(float(np.sqrt(shells(2 * count + 6)[count + 1])))
    energies = np.empty((len(couplings), count))
    for row, size in enumerate(np.broadcast_to(boxes, len(couplings))):
        k = 2 * np.pi / size * states.x
        root = np.sqrt((2 * np.pi / size) ** 3 * states.weights)
        one = couplings[row : row + 1]
        g, h = (root * vertex[0] for vertex in one.vertices(k))
        H = np.zeros((len(k) + 1, len(k) + 1))
        H[0, 0] = one.bare_mass[0] / HBARC
        H[0, 1:] = H[1:, 0] = g
        H[1:, 1:] = np.diag(pair_energy(k)) + one.G[0] / MASS**2 * np.outer(h, h)
        energies[row] = np.linalg.eigvalsh(H)[:count]
    return HBARC * energies
