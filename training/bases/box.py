"""Products of one-dimensional polynomials: the coupling c_ij q0^i q1^j of two particles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor

from systems.errors import InputError, nearest
from training.bases.polynomials import Kind, Order, Orders, products, slopes_of_products
from training.bases.stored import kept_as, orders
from training.device import Movable


@kept_as("box")
@dataclass(frozen=True, eq=False)
class Box(Movable):
    """phi_m(x) = prod_j p_{m_j}(z_j) with z = (x - center)/half_width and p_m(z) = z^m or T_m(z).

    Chebyshev polynomials span what the powers span when every lower order is there too, as in
    `Box.coupling`, and are far better conditioned; `Couplings.of` turns one into the other.

    Shapes: ``center`` and ``half_width`` (d,), one order of d numbers a function; x is (n, d).
    Raises InputError for a kind that is none, a width that is not positive, orders that are
    negative, double or not d numbers each.

    >>> box = Box.coupling((0.0, 0.0), 2.0, highest=1, kind="monomial")
    >>> box.orders
    ((0, 1), (1, 0), (1, 1))
    >>> box.values(torch.tensor([[4.0, 6.0]], dtype=torch.float64)).tolist()
    [[3.0, 2.0, 6.0]]
    """

    center: Tensor
    half_width: Tensor
    orders: Orders
    kind: Kind = "chebyshev"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            known = ", ".join(get_args(Kind))
            raise InputError(
                f"there is no kind {self.kind!r} of box; there are {known}."
                f"{nearest(self.kind, get_args(Kind))}"
            )
        d = len(self.center)
        if not (self.half_width > 0).all() or self.half_width.shape != (d,):
            raise InputError(f"a box of {d} coordinates needs {d} half widths above 0.")
        if not self.orders or any(len(order) != d or min(order) < 0 for order in self.orders):
            raise InputError(f"every function of the box needs {d} orders, none below 0.")
        if len(set(self.orders)) < len(self.orders):
            raise InputError("a box holds every product of orders once.")

    @staticmethod
    def coupling(
        center: Sequence[float] | Tensor,
        half_width: float | Sequence[float] | Tensor,
        highest: int,
        kind: Kind = "chebyshev",
    ) -> Box:
        """Every product with orders 0..highest in each coordinate, without the constant.

        For two particles on a line these are the c_ij of E. Bigwood's runs 2 and 3,
        i, j = 0..8: 80 functions. The constant is gauge.
        """
        middle, reach = _sides(center, half_width)
        ranges = [range(highest + 1)] * len(middle)
        return Box(middle, reach, tuple(m for m in product(*ranges) if any(m)), kind)

    @staticmethod
    def full(
        center: Sequence[float] | Tensor,
        half_width: float | Sequence[float] | Tensor,
        highest: int,
        kind: Kind = "monomial",
    ) -> Box:
        """Every distinct product of sum_{m <= n} sum_{i,j = 1..highest} c_mnij z_m^i z_n^j.

        Products of two coordinates have orders 1..highest in both; a coordinate by itself has
        the powers 2..2 highest. This is run 1 of E. Bigwood's report of 30 May 2025: 192 entries
        for two coordinates and highest 8, of which 94 are distinct.

        >>> Box.full((0.0, 0.0), 1.0, highest=8).size
        94
        """
        middle, reach = _sides(center, half_width)
        d = len(middle)
        pairs = [
            _order(d, {m: i, n: j})
            for m, n in combinations(range(d), 2)
            for i, j in product(range(1, highest + 1), repeat=2)
        ]
        alone = [_order(d, {m: p}) for m in range(d) for p in range(2, 2 * highest + 1)]
        return Box(middle, reach, (*pairs, *alone), kind)

    @property
    def size(self) -> int:
        """K, the number of products."""
        return len(self.orders)

    def values(self, x: Tensor) -> Tensor:
        """phi_m(x_i), shape (n, K)."""
        return products(self._scaled(x), self.orders, self.kind)

    def gradients(self, x: Tensor) -> Tensor:
        """d phi_m/d x_j, shape (n, d, K)."""
        return slopes_of_products(self._scaled(x), 1 / self.half_width, self.orders, self.kind)

    def state(self) -> dict[str, Any]:
        """Everything of it, as plain values."""
        return {
            "center": self.center.cpu(),
            "half_width": self.half_width.cpu(),
            "orders": [list(order) for order in self.orders],
            "polynomials": self.kind,
        }

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Box:
        """The basis whose ``state`` it is."""
        found = orders(kept["orders"])
        return cls(kept["center"], kept["half_width"], found, kept["polynomials"])

    def _scaled(self, x: Tensor) -> Tensor:
        return (x - self.center) / self.half_width


def _sides(
    center: Sequence[float] | Tensor, half_width: float | Sequence[float] | Tensor
) -> tuple[Tensor, Tensor]:
    """Center and half width as (d,) doubles each; one width serves all coordinates."""
    middle, reach = _own(center), _own(half_width)
    return middle, reach.expand_as(middle) if reach.ndim == 0 else reach


def _own(numbers: float | Sequence[float] | Tensor) -> Tensor:
    """The numbers as doubles of our own, which nobody else changes."""
    if isinstance(numbers, Tensor):
        return numbers.detach().clone().to(torch.float64)
    return torch.tensor(np.array(numbers, dtype=float))


def _order(d: int, powers: dict[int, int]) -> Order:
    return tuple(powers.get(j, 0) for j in range(d))
