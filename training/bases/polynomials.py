"""Products of polynomials: phi_m(x) = prod_j p_{m_j}(z_j) with p_m(z) = z^m or T_m(z)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Kind = Literal["monomial", "chebyshev"]
Order = tuple[int, ...]
Orders = tuple[Order, ...]


def products(z: Tensor, orders: Orders, kind: Kind) -> Tensor:
    """phi_m(z_i), one order of d numbers a function: (n, d) to (n, K)."""
    return _multiplied(_picked(_values(z, _highest(orders), kind), orders))


def slopes_of_products(z: Tensor, stretch: Tensor, orders: Orders, kind: Kind) -> Tensor:
    """d phi_m/d x_j where dz_j/dx_j is ``stretch`` (n, d) or (d,): (n, d) to (n, d, K)."""
    values = _values(z, _highest(orders), kind)
    factors, slopes = _picked(values, orders), _picked(_slopes(z, values, kind), orders)
    partials = []
    for j, along in enumerate(stretch.expand_as(z).unbind(dim=1)):
        others = [*factors[:j], *factors[j + 1 :]]
        partials.append(_multiplied([slopes[j] * along[:, None], *others]))
    return torch.stack(partials, dim=1)


def _highest(orders: Orders) -> int:
    return max(map(max, orders))


def _values(z: Tensor, highest: int, kind: Kind) -> list[Tensor]:
    """p_m(z) for m = 0 .. the highest order, each (n, d).

    By recurrence, which has derivatives of every order: z p_m, or 2 z T_m - T_(m-1).
    """
    values = [torch.ones_like(z), z]
    for m in range(1, highest):
        higher = z * values[m]
        values.append(higher if kind == "monomial" else 2 * higher - values[m - 1])
    return values


def _slopes(z: Tensor, values: list[Tensor], kind: Kind) -> list[Tensor]:
    """dp_m/dz of all these values p_m, each (n, d)."""
    slopes = [torch.zeros_like(z), torch.ones_like(z)]
    for m in range(1, len(values) - 1):
        higher = values[m] + z * slopes[m]
        slopes.append(higher if kind == "monomial" else 2 * higher - slopes[m - 1])
    return slopes


def _picked(polynomials: list[Tensor], orders: Orders) -> list[Tensor]:
    """Of one polynomial an order, the one that each function has in x_j: d times (n, K)."""
    table = torch.stack(polynomials, dim=2)
    return [table[:, j, chosen] for j, chosen in enumerate(torch.tensor(orders).T.to(table.device))]


def _multiplied(factors: list[Tensor]) -> Tensor:
    """Multiplied one by one: `prod` has no derivative of every order at zero."""
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product
