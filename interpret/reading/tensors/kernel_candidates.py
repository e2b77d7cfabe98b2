"""Candidate kernels of the n-th order: monomials of the sorted radii, integrated over the cells.

A kernel of a_n = ∫ k(r, r', ...) U(r) U(r') ... dr dr' ... is symmetric, hence a function of the
radii in increasing order: of r, of min and max, of x <= y <= z. A candidate is known by its powers:
(2, 1) is min² max.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from interpret.reading.tensors.measures import Entries, Measure, Values
from interpret.select.matrix import Compressed
from systems.errors import InputError
from systems.physics.scattering import cells as integrals
from systems.physics.scattering.born_series import Powers
from systems.physics.scattering.symmetric import Array, Packing

HIGHEST = {1: 5, 2: 4}
"""The highest power of one radius in the libraries of low order, dimensions set aside."""


def degree(order: int) -> int:
    """The degree that a kernel must have: a_n is a length, and U an inverse length squared.

    n integrals and n factors of U leave length^(-n) to the kernel's length^(n + 1).

    >>> [degree(order) for order in (1, 2, 3)]
    [2, 3, 4]
    """
    return order + 1


def monomials(order: int, highest: int) -> tuple[Powers, ...]:
    """All candidates whose powers are `highest` at most.

    >>> monomials(1, 3)
    ((0,), (1,), (2,), (3,))
    """
    return tuple(product(range(highest + 1), repeat=order))


def homogeneous(order: int) -> tuple[Powers, ...]:
    """The candidates that dimensional analysis leaves: those of the right degree.

    >>> homogeneous(2)
    ((0, 3), (1, 2), (2, 1), (3, 0))
    >>> len(homogeneous(3))
    15
    """
    wanted = degree(order)
    return tuple(powers for powers in monomials(order, wanted) if sum(powers) == wanted)


def candidates(order: int) -> tuple[Powers, ...]:
    """The library of an order: r^0 to r^5, min^p max^q with p, q <= 4, then by dimensions.

    In the first two orders the tensors are good enough to find the dimensions out.
    """
    if order in HIGHEST:
        return monomials(order, HIGHEST[order])
    return homogeneous(order)


@dataclass(frozen=True, eq=False)
class Reading:
    """The linear problem Σ_k c_k K_k = B of a tensor B and the cell integrals K_k of a library.

    `design` (n, K) and `truth` (n,) are what `measure` makes of both. `library` holds the powers.
    """

    library: tuple[Powers, ...]
    measure: Measure
    design: Array
    truth: Array

    @staticmethod
    def of(tensor: Array, library: Sequence[Powers], inputs: Array | None = None) -> Reading:
        """The problem of the symmetric part of a Born tensor (cells, ..., cells).

        It is compared with the candidates entry by entry or, with `inputs` (n, cells), by the
        values B U ... U there: a map learned from such inputs knows these far better.

        Raises InputError when a candidate is of another order, when the library is too large for
        the cells or inputs, and when the tensor is zero or not finite.
        """
        packing = Packing(tensor.ndim, tensor.shape[0] if tensor.ndim else 0)
        wrong = [powers for powers in library if len(powers) != tensor.ndim or min(powers) < 0]
        if wrong or not library:
            raise InputError(
                f"a kernel of order {tensor.ndim} is a product of {tensor.ndim} powers of 0 or "
                f"more; the library {list(wrong or library)} holds others or nothing."
            )
        if not np.isfinite(tensor).all():
            raise InputError(
                f"the tensor of order {tensor.ndim} holds numbers that are not finite."
            )
        if inputs is not None and len(inputs) <= len(library):
            raise InputError(
                f"{len(inputs)} inputs cannot tell {len(library)} candidates apart; give more."
            )
        measure = Entries(packing) if inputs is None else Values(packing, inputs)
        design = measure(columns(tuple(library), packing.cells))
        return Reading.by(measure, library, design, measure(packing.pack(tensor)))

    @staticmethod
    def by(measure: Measure, library: Sequence[Powers], design: Array, truth: Array) -> Reading:
        """The problem of what `measure` has made of the candidates, and of the tensor or map.

        Raises InputError when the library is too large for the cells, and when the truth is zero.
        """
        packing = measure.packing
        if len(packing.indices) <= len(library):
            raise InputError(
                f"{packing.cells} cells cannot tell {len(library)} candidates apart; give the map "
                f"more steps, or take a smaller library."
            )
        if not truth.any():
            raise InputError(f"the tensor of order {packing.order} is zero; there is no law in it.")
        return Reading(tuple(library), measure, design, truth)

    def compressed(self) -> Compressed:
        """The same problem after QR, its truth and columns scaled to unit length.

        The coefficients of the compressed problem are those of unit columns: see `scale`.
        """
        names = tuple(map(str, self.library))
        return Compressed.of(self.design / self.scale, self.truth / self.size, names)

    @property
    def cells(self) -> int:
        """d, the number of steps of a potential."""
        return self.measure.packing.cells

    @property
    def size(self) -> float:
        """The length of `truth`: the Frobenius norm of the tensor where entries are compared."""
        return float(np.linalg.norm(self.truth))

    @property
    def scale(self) -> Array:
        """The length of every candidate, (K,)."""
        return np.asarray(np.linalg.norm(self.design, axis=0))


@lru_cache(maxsize=8)
def columns(library: tuple[Powers, ...], cells: int) -> Array:
    """The candidates' cell integrals, packed, (entries, K)."""
    design = np.stack([integrals.packed(powers, cells) for powers in library], axis=1)
    design.setflags(write=False)
    return design
