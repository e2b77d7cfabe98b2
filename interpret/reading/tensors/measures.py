"""How far apart two symmetric tensors are: entry by entry, or by what they say of given inputs.

A map learned from inputs U knows its tensors where the inputs lie. Entry by entry a third
derivative may be off by 3 %, and yet its values on the inputs by 0.1 %: the rest of the error lies
in directions where no input is, which the second measure leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from systems.physics.scattering.symmetric import Array, Packing

BATCH = 100

Compared = Literal["entries", "values", "samples"]


class Measure(Protocol):
    """Packed tensors (m,) or (m, K) to rows (n,) or (n, K), linear in them."""

    @property
    def packing(self) -> Packing:
        """The tensors' order, and how they are packed."""
        ...

    @property
    def name(self) -> Compared:
        """What of the tensors is compared."""
        ...

    def __call__(self, packed: Array) -> Array:
        """The rows, whose length is the size of the tensor."""
        ...


@dataclass(frozen=True)
class Entries:
    """Every different entry, by the root of how often it stands: the length is Frobenius' norm.

    >>> measure = Entries(Packing(order=2, cells=2))
    >>> (measure(np.array([1.0, 2.0, 3.0])) ** 2).sum().round(12).item()  # 1 + 2 2² + 9
    18.0
    """

    packing: Packing
    name: Compared = "entries"

    def __call__(self, packed: Array) -> Array:
        return (np.sqrt(self.packing.copies) * packed.T).T


@dataclass(frozen=True, eq=False)
class Values:
    """The values Σ B_ij... U_i U_j ... on `inputs` U, (n, cells).

    >>> measure = Values(Packing(order=2, cells=2), np.array([[1.0, 0.0], [1.0, 1.0]]))
    >>> measure(np.array([1.0, 2.0, 3.0])).tolist()  # [[1, 2], [2, 3]]
    [1.0, 8.0]
    """

    packing: Packing
    inputs: Array
    name: Compared = "values"

    def __call__(self, packed: Array) -> Array:
        if packed.ndim == 1:
            return form(self.packing.unpack(packed), self.inputs)
        weighted = (self.packing.copies * packed.T).T
        values = np.empty((len(self.inputs), *packed.shape[1:]))
        for first in range(0, len(values), BATCH):
            batch = self.inputs[first : first + BATCH]
            values[first : first + BATCH] = self._monomials(batch) @ weighted
        return values

    def _monomials(self, inputs: Array) -> Array:
        """U_i U_j ... of the packed indices i <= j <= ..., (n, m)."""
        first, *others = self.packing.indices.T
        product = inputs[:, first]
        for index in others:
            product *= inputs[:, index]
        return product


def form(tensor: Array, rows: Array) -> Array:
    """Σ B_ij... U_i U_j ... of rows (n, d), one index after the other."""
    d = len(tensor)
    left = rows @ tensor.reshape(d, -1)
    while left.shape[1] > 1:
        left = np.einsum("nd,ndk->nk", rows, left.reshape(len(rows), d, -1))
    return np.asarray(left[:, 0])
