"""The learned Born approximation as a map: a0 ≈ a1 + a2 + ... + an."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from interpret.laws.law import Law
from interpret.reading.tensors.kernels import law_tensor
from interpret.reading.tensors.measures import form
from systems.errors import InputError
from systems.physics.scattering.length import checked
from systems.physics.scattering.symmetric import Array

BATCH = 1000


@dataclass(frozen=True, eq=False)
class Proxy:
    """The n-th order Born approximation with Born tensors (d,), (d, d), ... of any origin.

    Raises InputError when their shapes do not fit together.

    >>> from systems.physics.scattering import born_tensor
    >>> proxy = Proxy((born_tensor(1), born_tensor(2)))
    >>> proxy(np.ones(64)).round(12).item()  # -1/3 - 2/15
    -0.466666666667
    """

    tensors: tuple[Array, ...]

    def __post_init__(self) -> None:
        shapes = [tensor.shape for tensor in self.tensors]
        wanted = [shapes[0][:1] * order for order in range(1, len(shapes) + 1)] if shapes else []
        if not shapes or shapes != wanted:
            raise InputError(f"Born tensors have the shapes (d,), (d, d), ..., not {shapes}.")

    @staticmethod
    def of(*derivatives: ArrayLike) -> Proxy:
        """The proxy of measured derivatives J, H, T, ... at U = 0: B = derivative / n!."""
        arrays = [np.asarray(derivative, dtype=float) for derivative in derivatives]
        return Proxy(tuple(array / math.factorial(array.ndim or 1) for array in arrays))

    @staticmethod
    def of_laws(laws: Sequence[Law], cells: int) -> Proxy:
        """The proxy of laws, which hold on any number of cells."""
        return Proxy(tuple(law_tensor(law, cells) for law in laws))

    def terms(self, potentials: ArrayLike) -> Array:
        """a1, ..., an of potentials (..., d), an array (..., n)."""
        heights = checked(potentials)
        if heights.shape[-1] != len(self.tensors[0]):
            raise InputError(
                f"potentials of {heights.shape[-1]} steps do not fit a proxy of "
                f"{len(self.tensors[0])}."
            )
        rows = heights.reshape(-1, heights.shape[-1])
        values = np.empty((len(rows), len(self.tensors)))
        for first in range(0, len(rows), BATCH):
            batch = rows[first : first + BATCH]
            for column, tensor in enumerate(self.tensors):
                values[first : first + BATCH, column] = form(tensor, batch)
        return values.reshape(*heights.shape[:-1], len(self.tensors))

    def __call__(self, potentials: ArrayLike) -> Array:
        """a0 of potentials (..., d), an array (...)."""
        return np.asarray(self.terms(potentials).sum(axis=-1))
