"""Supervised rows: the value of the unknown function itself was measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.bases.basis import Basis
from training.bases.tangent import Tangent
from training.device import Movable
from training.prepare.stencils import Array
from training.rows.trajectories import normalised, stretch

HELD_OUT: Final = 5
"""Every fifth sample is held out."""

MOST_PRODUCTS: Final = 1 << 28
"""Bytes of the products of two inputs, which are kept."""


@dataclass(frozen=True)
class ValueRows(Movable):
    """w_i f(x_i) = w_i y_i, scaled so that Σ w² y² = 1.

    Shapes: ``x`` (n, d), ``y`` and ``importance`` (n,).
    """

    x: Tensor
    y: Tensor
    importance: Tensor
    name: str = "values"

    @staticmethod
    def of(x: Array, y: Array, weight: Array) -> ValueRows:
        """Rows for inputs (n, d), outputs (n,) and their weights (n,).

        >>> rows = ValueRows.of(np.ones((2, 1)), np.array([3.0, 4.0]), np.ones(2))
        >>> rows.truth.tolist()
        [0.6000000000000001, 0.8]
        """
        scaled = normalised(weight, y)
        inputs, outputs, importance = (torch.from_numpy(np.array(p)) for p in (x, y, scaled))
        return ValueRows(inputs, outputs, importance)

    @property
    def truth(self) -> Tensor:
        """w y, shape (n,)."""
        return self.importance * self.y

    def design(self, basis: Basis) -> Tensor:
        """w φ_k(x_i), shape (n, K)."""
        return self.importance[:, None] * basis.values(self.x)

    def square(self, tangent: Tangent) -> Tensor | None:
        """JᵀJ (P, P) of slopes x_j s_k in the weights, from the products of two x and of two s.

        Σ w² x_j x_l s_k s_m is the same with j and l, or k and m, exchanged: a quarter of it is
        summed. None for other networks, where the products of the inputs would fill the memory,
        and on a GPU, which sums all of it as quickly.
        """
        factors = tangent.factors(self.x)
        inputs = self.x.shape[1]
        if factors is None or self.x.is_cuda or 4 * len(self.x) * inputs**2 > MOST_PRODUCTS:
            return None
        scaled = (self.importance[:, None] * factors).numpy()
        units = scaled.shape[1]
        a, b = np.triu_indices(units)
        sums = self._products @ (scaled[:, a] * scaled[:, b])
        return torch.from_numpy(sums.ravel().take(_places(inputs, units)))

    @cached_property
    def _products(self) -> Array:
        """x_j x_l (d (d + 1)/2, n), j <= l."""
        x = np.ascontiguousarray(self.x.numpy().T)
        products: Array = np.empty((len(x) * (len(x) + 1) // 2, x.shape[1]))
        first = 0
        for j, own in enumerate(x):
            end = first + len(x) - j
            np.multiply(own, x[j:], out=products[first:end])
            first = end
        return products

    def part(self, number: int, parts: int) -> ValueRows:
        """A stretch of the samples."""
        return self[stretch(len(self.y), number, parts)]

    share = part

    def split(self) -> tuple[ValueRows, ValueRows]:
        """The samples to fit to, and every fifth, which is held out."""
        held_out = torch.arange(len(self.y)) % HELD_OUT == 0
        return self[~held_out], self[held_out]

    def __getitem__(self, some: slice | Tensor) -> ValueRows:
        """Some of the samples, by a slice or a mask, scaled as before."""
        return replace(self, x=self.x[some], y=self.y[some], importance=self.importance[some])


@lru_cache
def _places(inputs: int, units: int) -> NDArray[np.int64]:
    """Where in the sums of pairs (j, l), (k, m) each entry (j k, l m) of the square is."""
    of_inputs, of_units = _pairs(inputs), _pairs(units)
    pairs = units * (units + 1) // 2
    places = pairs * of_inputs[:, None, :, None] + of_units[None, :, None, :]
    return places.reshape(inputs * units, inputs * units)


def _pairs(size: int) -> NDArray[np.int64]:
    """Where the pair (j, l), or (l, j), is among those with j <= l: (size, size)."""
    a, b = np.triu_indices(size)
    places = np.empty((size, size), dtype=np.int64)
    places[a, b] = places[b, a] = np.arange(len(a))
    return places
