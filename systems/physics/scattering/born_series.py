"""The Born series a0 = a1 + a2 + ... of the scattering length, term by term.

    a_n = -⟨r| U (G U)^(n-1) |r⟩,   G(r, r') = min(r, r')

On steps a_n is a form of degree n in the heights U_i, and its coefficients are integrals over
cells: `born_tensor`. The terms themselves, of any order, follow without tensors from the coupling
t in t U: `born_terms`.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from itertools import pairwise, permutations

import numpy as np
import sympy
from numpy.typing import ArrayLike
from sympy import Expr, Rational, Symbol

from systems.errors import InputError
from systems.physics.scattering import cells as integrals
from systems.physics.scattering import waves
from systems.physics.scattering.length import checked
from systems.physics.scattering.symmetric import Array, Packing

Powers = tuple[int, ...]

RADII = {1: ("r",), 2: ("min", "max"), 3: ("x", "y", "z")}
"""What the radii of each order are called, in increasing order."""


def radii(order: int) -> tuple[str, ...]:
    """The names of the radii in increasing order: r; min and max; x, y, z; x1, x2, ...

    >>> radii(2), radii(4)
    (('min', 'max'), ('x1', 'x2', 'x3', 'x4'))
    """
    return RADII.get(order) or tuple(f"x{rank}" for rank in range(1, order + 1))


def kernel(order: int) -> dict[Powers, Rational]:
    """The symmetric density of a_n in sorted positions, {powers: coefficient}.

    a_n = ∫ dr_1 ... dr_n U(r_1) ... U(r_n) k(x_1, ..., x_n), where x_1 <= ... <= x_n are the r_i in
    order and k = Σ coefficient · x_1^p_1 ... x_n^p_n: the mean over all orders of the r_i of
    -r_1 G(r_1, r_2) ... G(r_(n-1), r_n) r_n.

    >>> kernel(2)
    {(2, 1): -1}
    >>> kernel(3)
    {(2, 1, 1): -2/3, (2, 2, 0): -1/3}
    """
    if order < 1:
        raise InputError(f"the Born series begins at order 1, not {order}.")
    counts: Counter[Powers] = Counter()
    for ranks in permutations(range(order)):
        factors = [ranks[0], *(min(pair) for pair in pairwise(ranks)), ranks[-1]]
        counts[tuple(factors.count(rank) for rank in range(order))] += 1
    total = math.factorial(order)
    return {powers: Rational(-count, total) for powers, count in counts.items()}


def density(order: int) -> Expr:
    """`kernel` as an expression in the radii in increasing order: r; min, max; x, y, z.

    >>> density(1), density(2)
    (-r**2, -max*min**2)
    """
    radii = [Symbol(name) for name in RADII[order]]
    terms = (
        coefficient * sympy.Mul(*(x**p for x, p in zip(radii, powers, strict=True)))
        for powers, coefficient in kernel(order).items()
    )
    return sympy.Add(*terms)


def born_tensor(order: int, cells: int = 64) -> Array:
    """The symmetric tensor B with a_n = Σ B_ij... U_i U_j ..., of shape (cells, ..., cells).

    The n-th derivative of a0 at U = 0 is n! B. Raises `InputError` for tensors too large.

    >>> w = born_tensor(1, cells=2)
    >>> (24 * w).round(14).tolist()
    [-1.0, -7.0]
    """
    packing = Packing(order, cells)
    total = np.zeros(len(packing.indices))
    for powers, coefficient in kernel(order).items():
        total += float(coefficient) * integrals.packed(powers, cells)
    return packing.unpack(total)


def born_terms(potentials: ArrayLike, order: int) -> Array:
    """a_1, ..., a_order of potentials (..., d) on d equal steps; an array (..., order).

    The step formula of `length` in power series of the coupling t, U -> t U.

    >>> born_terms(np.ones(64), 3).round(15).tolist()  # -1/3, -2/15, -17/315
    [-0.333333333333333, -0.133333333333333, -0.053968253968254]
    """
    if order < 1:
        raise InputError(f"the Born series begins at order 1, not {order}.")
    heights = checked(potentials)
    steps = heights.shape[-1]
    rows = heights.reshape(-1, steps).T
    h = 1 / steps
    powers = np.arange(order + 1)
    C0, S0, J0 = (
        np.array([coefficient(k) for k in powers.tolist()])[:, None]
        for coefficient in (waves.cosine, waves.sine, waves.difference)
    )
    a = np.zeros((order + 1, rows.shape[1]))
    for step, height in enumerate(rows):
        x = (height * h**2) ** powers[:, None]
        w = -a
        w[0] += step * h
        beyond = w.copy()
        beyond[0] += h
        wS = _product(w, S0 * x)
        fall = _raised(height * h, h**2 * J0 * x + _product(beyond, wS))
        a = a - _quotient(fall, C0 * x - _raised(height * h, wS))
    return np.moveaxis(a[1:], 0, -1).reshape(*heights.shape[:-1], order)


@lru_cache
def square_well(order: int) -> tuple[Rational, ...]:
    """a_1/U, a_2/U², ..., of a square well of constant U, exactly.

    The Taylor coefficients of a0 = 1 - tan(√U)/√U.

    >>> square_well(4)
    (-1/3, -2/15, -17/315, -62/2835)
    """
    root = sympy.Dummy("root", positive=True)
    series = sympy.series(1 - sympy.tan(root) / root, root, 0, 2 * order + 2).removeO()
    return tuple(series.coeff(root, 2 * n) for n in range(1, order + 1))


# Power series in t: arrays (orders, n), cut off after the last order.


def _product(p: Array, q: Array) -> Array:
    total = np.zeros(p.shape)
    for k, factor in enumerate(p):
        total[k:] += factor * q[: len(q) - k]
    return total


def _quotient(p: Array, q: Array) -> Array:
    total = np.empty(p.shape)
    for k in range(len(p)):
        rest = p[k] - sum(q[m] * total[k - m] for m in range(1, k + 1))
        total[k] = rest / q[0]
    return total


def _raised(factor: Array, p: Array) -> Array:
    """factor · t · p."""
    raised = np.zeros(p.shape)
    raised[1:] = factor * p[:-1]
    return raised
