"""Chebyshev polynomials of the scaled features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from torch import Tensor

from training.bases.polynomials import Orders, products, slopes_of_products
from training.bases.scaling import Scaling
from training.bases.stored import kept_as, orders
from training.device import Movable


@kept_as("chebyshev")
@dataclass(frozen=True)
class Chebyshev(Movable):
    """phi_m(x) = prod_j T_{m_j}(z_j(x)) over all multi-indices 0 < m_1 + ... + m_f <= degree.

    T_0 = 1, T_1 = z, T_{m+1} = 2 z T_m - T_{m-1}. The constant is gauge and left out. For smooth
    one-dimensional laws the coefficients fall geometrically, which makes this the reference basis.
    Source: L. N. Trefethen, Approximation Theory and Approximation Practice, chapters 3 and 8.

    >>> import torch
    >>> line = torch.tensor([[-1.0], [0.0], [1.0]], dtype=torch.float64)
    >>> Chebyshev.of(line, degree=2).values(line)[:, 1].tolist()
    [1.0, -1.0, 1.0]
    """

    scaling: Scaling
    orders: Orders

    @staticmethod
    def of(x: Tensor, degree: int) -> Chebyshev:
        """All products up to ``degree`` on the box of the points ``x`` (n, f)."""
        ranges = [range(degree + 1)] * x.shape[1]
        orders = tuple(order for order in product(*ranges) if 0 < sum(order) <= degree)
        return Chebyshev(Scaling.of(x), orders)

    @property
    def size(self) -> int:
        """K, the number of products."""
        return len(self.orders)

    def values(self, x: Tensor) -> Tensor:
        """phi_m(x_i), shape (n, K)."""
        return products(self.scaling(x), self.orders, "chebyshev")

    def gradients(self, x: Tensor) -> Tensor:
        """d phi_m/d x_j, shape (n, f, K)."""
        stretch = self.scaling.slope(x)
        return slopes_of_products(self.scaling(x), stretch, self.orders, "chebyshev")

    def state(self) -> dict[str, Any]:
        """Everything of it, as plain values."""
        orders = [list(order) for order in self.orders]
        return {"scaling": self.scaling.state(), "orders": orders}

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Chebyshev:
        """The basis whose ``state`` it is."""
        return cls(Scaling.restored(kept["scaling"]), orders(kept["orders"]))
