"""Map the features of the data onto [-1, 1] before a basis sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training.device import Movable

DECADE = 10.0


@dataclass(frozen=True)
class Scaling(Movable):
    """z_j = (2 u_j - lo_j - hi_j) / (hi_j - lo_j), where u_j is x_j or, for some j, log x_j.

    The logarithm is taken of a feature that stays positive and spans more than a decade: a law in
    1/r varies most where r is small, and an affine map alone would leave that corner to one neuron.

    Shapes: ``lo``, ``hi`` and ``logarithmic`` are (f,); ``x`` is (n, f).

    >>> scaling = Scaling.of(torch.tensor([[1.0], [3.0]]))
    >>> scaling(torch.tensor([[2.0]]))
    tensor([[0.]], dtype=torch.float64)
    """

    lo: Tensor
    hi: Tensor
    logarithmic: Tensor

    @staticmethod
    def of(x: Tensor) -> Scaling:
        """The scaling that maps the points ``x`` (n, f) onto [-1, 1]."""
        x = x.to(torch.float64)
        smallest = x.min(dim=0).values
        largest = x.max(dim=0).values
        logarithmic = (smallest > 0) & (largest > DECADE * smallest)
        lo = torch.where(logarithmic, smallest.clamp(min=1e-300).log(), smallest)
        hi = torch.where(logarithmic, largest.clamp(min=1e-300).log(), largest)
        # A feature that does not move carries no information; any finite width will do for it.
        hi = torch.where(hi > lo, hi, lo + 1.0)
        return Scaling(lo, hi, logarithmic)

    def __call__(self, x: Tensor) -> Tensor:
        """The scaled features z, shape (n, f)."""
        inside = torch.where(self.logarithmic, x, torch.ones_like(x))
        u = torch.where(self.logarithmic, inside.log(), x)
        return (2 * u - self.lo - self.hi) / (self.hi - self.lo)

    def slope(self, x: Tensor) -> Tensor:
        """dz_j/dx_j, shape (n, f)."""
        inside = torch.where(self.logarithmic, x, torch.ones_like(x))
        return 2 / (self.hi - self.lo) / inside

    def state(self) -> list[Tensor]:
        """Both ends and the kind of every feature, for a file."""
        return [self.lo.cpu(), self.hi.cpu(), self.logarithmic.cpu()]

    @classmethod
    def restored(cls, kept: Sequence[Tensor]) -> Scaling:
        """The scaling whose ``state`` it is."""
        return cls(*kept)
