"""Symmetric tensors without their copies: one number for every set of indices i <= j <= ..."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations_with_replacement, permutations

import numpy as np
from numpy.typing import NDArray

from systems.errors import InputError

Array = NDArray[np.float64]
LARGEST = 3e7


@dataclass(frozen=True)
class Packing:
    """The entries i <= j <= ... of symmetric tensors of an order, each index below `cells`.

    Raises `InputError` for an order or a number of cells below 1, and for tensors that would hold
    more than 3e7 numbers.

    >>> packing = Packing(order=2, cells=2)
    >>> packing.indices.tolist(), packing.copies.tolist()
    ([[0, 0], [0, 1], [1, 1]], [1.0, 2.0, 1.0])
    >>> packing.unpack(packing.pack(np.array([[1.0, 2.0], [4.0, 5.0]]))).tolist()
    [[1.0, 3.0], [3.0, 5.0]]
    """

    order: int
    cells: int

    def __post_init__(self) -> None:
        if self.order < 1 or self.cells < 1:
            raise InputError(
                f"a tensor has an order and a number of cells of 1 or more, not {self.order} and "
                f"{self.cells}."
            )
        if self.cells**self.order > LARGEST:
            raise InputError(
                f"a tensor of order {self.order} on {self.cells} cells does not fit in memory; "
                f"use fewer cells, or born_terms, which needs no tensor."
            )

    @cached_property
    def indices(self) -> NDArray[np.intp]:
        """(n, order), each row in increasing order."""
        return _sorted_indices(self.order, self.cells)

    @cached_property
    def copies(self) -> Array:
        """(n,), how often each entry stands in the tensor."""
        indices = self.indices
        copies = np.full(len(indices), float(math.factorial(self.order)))
        run = np.ones(len(indices))
        # k equal indices in a row make k! permutations the same: divide by 2, then 3, and so on.
        for left in range(self.order - 1):
            equal = indices[:, left] == indices[:, left + 1]
            run = np.where(equal, run + 1, 1.0)
            copies /= run
        return copies

    def pack(self, tensor: Array) -> Array:
        """The entries (n,) of the symmetric part of a tensor (cells, ..., cells)."""
        if tensor.shape != (self.cells,) * self.order:
            raise InputError(f"a tensor {tensor.shape} is not {(self.cells,) * self.order}.")
        orders = list(permutations(range(self.order)))
        packed = np.zeros(len(self.indices))
        for order in orders:
            packed += tensor[tuple(self.indices[:, list(order)].T)]
        return packed / len(orders)

    def unpack(self, packed: Array) -> Array:
        """The symmetric tensor (cells, ..., cells) of entries (n,)."""
        tensor = np.empty((self.cells,) * self.order)
        for order in permutations(range(self.order)):
            tensor[tuple(self.indices[:, list(order)].T)] = packed
        return tensor


@lru_cache(maxsize=8)
def _sorted_indices(order: int, cells: int) -> NDArray[np.intp]:
    rows = list(combinations_with_replacement(range(cells), order))
    indices = np.array(rows, dtype=np.intp)
    indices.setflags(write=False)
    return indices
