"""Power series as rows of coefficients: how they multiply, and how y' = s z' is solved for them.

    z(t) = Σ_k z_k t^k,  k = 0..K, is a tensor (K + 1, ...) with one row an order

Source: A. Griewank and A. Walther, Evaluating Derivatives, chapter 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Rows = list[Tensor]


def line(start: Tensor, step: Tensor, order: int) -> Tensor:
    """The series x + t v, (K + 1, *shape), for x and v that broadcast to one shape."""
    coefficients = (start + step).new_zeros(order + 1, *(start + step).shape)
    coefficients[0] = start
    coefficients[1:2] = step
    return coefficients


def constant(value: Any, order: int) -> Tensor:
    """The series of a number or a tensor that does not depend on t."""
    number = torch.as_tensor(value, dtype=torch.float64)
    return torch.cat([number[None], number.new_zeros(order, *number.shape)])


def factorials(like: Tensor) -> Tensor:
    """k! for every row of a series, in its shape: what makes derivatives of coefficients."""
    values = [float(math.factorial(k)) for k in range(len(like))]
    return like.new_tensor(values).reshape(-1, *(1,) * (like.ndim - 1))


def shifted(z: Tensor, constant: float | Tensor) -> Tensor:
    """z + c for a constant c of the shape of z_0."""
    return torch.cat([(z[0] + constant)[None], z[1:]])


def product(a: Tensor, b: Tensor) -> Tensor:
    """(a b)_k = Σ_{j <= k} a_j b_{k-j}.

    >>> one_plus_t = torch.tensor([1.0, 1.0, 0.0])
    >>> product(one_plus_t, one_plus_t)
    tensor([1., 2., 1.])
    """
    total = a[:1] * b
    for j in range(1, len(a)):
        total[j:] += a[j] * b[: len(b) - j]
    return total


def solved(start: Tensor, slope: Callable[[Rows], Tensor], z: Tensor) -> Tensor:
    """y' = s(y) z' from y_0: (k + 1) y_{k+1} = Σ_{j <= k} (j + 1) z_{j+1} s_{k-j}.

    ``slope`` gives s_k from y_0 .. y_k.
    """
    rate = [k * z[k] for k in range(1, len(z))]
    y, slopes = [start], []
    for k in range(1, len(z)):
        slopes.append(slope(y))
        y.append(convolved(rate, slopes).div_(k))
    return torch.stack(y)


def rotated(sine: Tensor, cosine: Tensor, sign: float, z: Tensor) -> tuple[Tensor, Tensor]:
    """s' = c z' and c' = ± s z', together."""
    rate = [k * z[k] for k in range(1, len(z))]
    sines, cosines = [sine], [cosine]
    for k in range(1, len(z)):
        rise, fall = convolved(rate, cosines), convolved(rate, sines)
        sines.append(rise.div_(k))
        cosines.append(fall.mul_(sign / k))
    return torch.stack(sines), torch.stack(cosines)


def integrated(start: Tensor, slope: Tensor, z: Tensor) -> Tensor:
    """y_0 and y' = s z', for a slope s that is known already."""
    orders = torch.arange(1, len(z), dtype=z.dtype, device=z.device)
    orders = orders.reshape(-1, *(1,) * (z.ndim - 1))
    return torch.cat([start[None], product(slope[:-1], orders * z[1:]) / orders])


def convolved(rate: Rows, other: Rows) -> Tensor:
    """The newest coefficient of a product: Σ_j a_j b_{k-j} for rows b_0 .. b_k."""
    total = rate[0] * other[-1]
    for a, b in zip(rate[1:], other[-2::-1], strict=False):
        total = torch.addcmul(total, a, b)
    return total


def squared(y: Rows) -> Tensor:
    """The newest coefficient of y², every pair of rows taken once."""
    last = len(y) - 1
    total = torch.square(y[last // 2]) if last % 2 == 0 else torch.zeros_like(y[0])
    for j in range((last + 1) // 2):
        total = torch.addcmul(total, y[j], y[last - j], value=2)
    return total


def plus(y: Rows, newest: Tensor, constant: float) -> Tensor:
    """A constant is added to the first coefficient alone."""
    return newest.add(constant) if len(y) == 1 else newest


def bent(y: Tensor, z: Tensor, smooth: int) -> Tensor:
    """y, and nan where z_0 = 0 in the orders above ``smooth``."""
    spoiled = torch.where(z[0] == 0, torch.full_like(y, torch.nan), y)
    return torch.cat([y[: smooth + 1], spoiled[smooth + 1 :]])
