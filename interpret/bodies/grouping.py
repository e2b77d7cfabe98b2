"""Particles without names: which coordinates are an axis of all, and which are one particle's.

    ∫ψ' T·p dt = 0 for every axis,     ∫ψ' qᵀ A p dt = 0,  A antisymmetric, for every rotation

Translations are the null vectors T of the forces: the entries of one that differ from zero are the
coordinates along an axis, and their ratios are those of the masses. Rotations, in the complement of
the translations, tie the coordinates of one particle together.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.bodies.rows import Rows
from interpret.bodies.swarm import Swarm

Array = NDArray[np.float64]
Groups = list[tuple[int, ...]]

MUTUAL: Final = 1e-3
"""Sums of exact forces that vanish to this part of the largest are those of translations."""

TURNING: Final = 1e-6
"""Torques that vanish to this part are those of rotations: there are no masses left to find."""

ZERO: Final = 1e-2
"""Entries of a translation below this part of its largest are none."""

ENOUGH: Final = 1.5
"""Windows for each number of an antisymmetric matrix: with fewer anything is conserved."""

MOST_AXES: Final = 3
MOST_ROTATIONS: Final = 3


def grouped(swarm: Swarm) -> tuple[Groups, Array] | None:
    """The coordinates of each particle, axis by axis, and the mass of every coordinate.

    `swarm` holds each coordinate as a body of its own; the first particle has the masses it was
    given with. None where the forces tell of no such particles, or noise hides it.
    """
    if swarm.noise.any() or swarm.positions_alone:
        return None
    rows = Rows.of(swarm)
    found = _axes(rows.target[:, :, 0])
    if found is None:
        return None
    axes, factors = found
    # In √m q and p/√m the common motion is at right angles to what moves about it.
    root = np.sqrt(factors)
    q, p = swarm.x[:, :, 0] * root[:, None], swarm.p[:, :, 0] * root[:, None]
    particles = _tied(rows, q, p, axes, root)
    if particles is None:
        return None
    factors = factors / factors[particles[0][0]]
    for particle in particles:
        factors[list(particle)] = factors[list(particle)].mean()
    return particles, swarm.mass[particles[0][0]] * factors


def _axes(forces: Array) -> tuple[Groups, Array] | None:
    """The coordinates along each axis, and their masses in parts of the first one.

    >>> a, b = np.random.default_rng(0).standard_normal((2, 50))
    >>> axes, factors = _axes(np.stack([a, b, -a / 2, -b / 2], axis=1))
    >>> axes, factors.round(9)
    ([(0, 2), (1, 3)], array([1., 1., 2., 2.]))
    """
    scale = np.sqrt((forces**2).mean(axis=0))
    if not scale.min() > 0 or len(forces) < forces.shape[1]:
        return None
    _, singular, right = np.linalg.svd(forces / scale, full_matrices=False)
    count = int((singular < MUTUAL * singular[0]).sum())
    if not 2 <= count <= MOST_AXES:
        return None
    null = _echelon(right[len(right) - count :] / scale)
    axes = sorted(tuple(np.flatnonzero(row).tolist()) for row in null)
    together = sorted(k for axis in axes for k in axis)
    alike = len({len(axis) for axis in axes}) == 1
    if not alike or together != list(range(forces.shape[1])) or not (null >= 0).all():
        return None
    factors = np.ones(forces.shape[1])
    for row in null:
        own = np.flatnonzero(row)
        # Every axis holds the same masses: of the same geometric mean.
        factors[own] = row[own] / np.exp(np.log(row[own]).mean())
    return axes, factors / factors[0]


def _echelon(rows: Array) -> Array:
    """The reduced row echelon form of a few vectors, the largest entries as pivots."""
    rows = rows.copy()
    for k in range(len(rows)):
        i, j = map(int, np.unravel_index(np.abs(rows[k:]).argmax(), rows[k:].shape))
        rows[[k, k + i]] = rows[[k + i, k]]
        rows[k] /= rows[k, j]
        others = np.arange(len(rows)) != k
        rows[others] -= rows[others, j][:, None] * rows[k]
    rows[np.abs(rows) < ZERO * np.abs(rows).max(axis=1, keepdims=True)] = 0.0
    return rows


def _tied(rows: Rows, q: Array, p: Array, axes: Groups, root: Array) -> Groups | None:
    """The coordinates of each particle, by what rotations turn into each other."""
    from scipy.optimize import linear_sum_assignment

    size = len(q)
    moved = np.zeros((len(axes), size))
    for row, axis in zip(moved, axes, strict=True):
        row[list(axis)] = root[list(axis)] / np.linalg.norm(root[list(axis)])
    # What is left where all particles' common motion along each axis is taken out.
    _, _, directions = np.linalg.svd(moved)
    inner = directions[len(axes) :]
    a, b = inner @ q, inner @ p
    pairs = list(combinations(range(len(inner)), 2))
    if len(rows.windows) < ENOUGH * len(pairs):
        return None
    torques = rows.windows.slopes(np.stack([a[y] * b[x] - a[x] * b[y] for x, y in pairs], axis=1))
    pulls = np.sqrt((rows.windows.slopes(b.T) ** 2).mean(axis=0))
    reach = a.std(axis=1)
    scale = np.array([np.hypot(reach[x] * pulls[y], reach[y] * pulls[x]) for x, y in pairs])
    _, singular, right = np.linalg.svd(torques / scale, full_matrices=False)
    count = int((singular < TURNING * singular[0]).sum())
    if not 1 <= count <= MOST_ROTATIONS:
        return None
    turns = []
    for row in right[len(right) - count :] / scale:
        turn = np.zeros((len(inner), len(inner)))
        for (x, y), value in zip(pairs, row, strict=True):
            turn[x, y], turn[y, x] = value, -value
        whole = inner.T @ turn @ inner
        turns.append(whole / np.abs(whole).max())
    found = [[first] for first in axes[0]]
    for axis in axes[1:]:
        # The combination of turns that ties this axis to the first one most.
        blocks = np.array([turn[np.ix_(axes[0], axis)] for turn in turns])
        tied = np.linalg.svd(blocks.reshape(count, -1), full_matrices=False)[2][0]
        own, other = linear_sum_assignment(-np.abs(tied.reshape(len(axes[0]), -1)))
        for i, j in zip(own, other, strict=True):
            found[int(i)].append(axis[int(j)])
    return [tuple(each) for each in found]
