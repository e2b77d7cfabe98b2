"""Supervised rows: the value of the unknown function itself was measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from training.bases.basis import Basis
from training.device import Movable
from training.prepare.stencils import Array
from training.rows.trajectories import normalised, stretch

HELD_OUT: Final = 5
"""Every fifth sample is held out."""


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
