"""Functions of power series, each by what it is at z_0 and by its slope: y' = f'(z) z'.

Every function costs O(K²) products of rows, where nested derivatives cost 2^K or more, and can
itself be differentiated by torch.

Source: A. Griewank and A. Walther, Evaluating Derivatives, chapter 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from training.taylor.recurrences import (
    bent,
    convolved,
    integrated,
    plus,
    product,
    rotated,
    shifted,
    solved,
    squared,
)

Series = Callable[[Tensor], Tensor]


def power(z: Tensor, exponent: float | Tensor) -> Tensor:
    """z^p:  k z_0 y_k = Σ_{j=1..k} (p j - k + j) z_j y_{k-j}; not finite where z_0 = 0.

    A whole exponent p >= 0 multiplies instead, and so takes any z.
    """
    if not isinstance(exponent, Tensor) and exponent >= 0 and float(exponent).is_integer():
        return _multiplied(z, int(exponent))
    y = [z[0] ** exponent]
    for k in range(1, len(z)):
        total = (exponent * k) * z[k] * y[0]
        for j in range(1, k):
            total = total + (exponent * j - (k - j)) * z[j] * y[k - j]
        y.append(total / (k * z[0]))
    return torch.stack(y)


def reciprocal(z: Tensor) -> Tensor:
    """1/z."""
    return power(z, -1)


def sqrt(z: Tensor) -> Tensor:
    """y_k = (z_k - Σ_{j=1..k-1} y_j y_{k-j}) / 2 y_0; loses fewer digits than the power 1/2."""
    y = [z[0].sqrt()]
    for k in range(1, len(z)):
        inner = convolved(y[1:], y[1:]) if k > 1 else torch.zeros_like(z[0])
        y.append((z[k] - inner) / (2 * y[0]))
    return torch.stack(y)


def exp(z: Tensor) -> Tensor:
    """y' = y z'."""
    return solved(z[0].exp(), lambda y: y[-1], z)


def expm1(z: Tensor) -> Tensor:
    """y' = (y + 1) z', with no digits lost about 0."""
    return solved(z[0].expm1(), lambda y: plus(y, y[-1], 1.0), z)


def log(z: Tensor) -> Tensor:
    """y' = z'/z."""
    return integrated(z[0].log(), reciprocal(z), z)


def log1p(z: Tensor) -> Tensor:
    """y' = z'/(1 + z)."""
    return integrated(z[0].log1p(), reciprocal(shifted(z, 1.0)), z)


def tanh(z: Tensor) -> Tensor:
    """y' = (1 - y²) z'."""
    return solved(z[0].tanh(), lambda y: plus(y, squared(y).neg_(), 1.0), z)


def tan(z: Tensor) -> Tensor:
    """y' = (1 + y²) z'."""
    return solved(z[0].tan(), lambda y: plus(y, squared(y), 1.0), z)


def sigmoid(z: Tensor) -> Tensor:
    """y' = (y - y²) z'."""
    return solved(z[0].sigmoid(), lambda y: y[-1] - squared(y), z)


def sin(z: Tensor) -> Tensor:
    """y' = cos(z) z'."""
    return rotated(z[0].sin(), z[0].cos(), -1.0, z)[0]


def cos(z: Tensor) -> Tensor:
    """y' = -sin(z) z'."""
    return rotated(z[0].sin(), z[0].cos(), -1.0, z)[1]


def sinh(z: Tensor) -> Tensor:
    """y' = cosh(z) z'."""
    return rotated(z[0].sinh(), z[0].cosh(), 1.0, z)[0]


def cosh(z: Tensor) -> Tensor:
    """y' = sinh(z) z'."""
    return rotated(z[0].sinh(), z[0].cosh(), 1.0, z)[1]


def atan(z: Tensor) -> Tensor:
    """y' = z'/(1 + z²)."""
    return integrated(z[0].atan(), reciprocal(shifted(product(z, z), 1.0)), z)


def asin(z: Tensor) -> Tensor:
    """y' = z'/√(1 - z²)."""
    return integrated(z[0].asin(), power(shifted(-product(z, z), 1.0), -0.5), z)


def acos(z: Tensor) -> Tensor:
    """y' = -z'/√(1 - z²)."""
    return integrated(z[0].acos(), -power(shifted(-product(z, z), 1.0), -0.5), z)


def erf(z: Tensor) -> Tensor:
    """y' = 2/√π exp(-z²) z'."""
    return integrated(z[0].erf(), 2 / math.sqrt(math.pi) * exp(-product(z, z)), z)


def ndtr(z: Tensor) -> Tensor:
    """The normal distribution Φ:  y' = exp(-z²/2)/√(2π) z'."""
    density = exp(-product(z, z) / 2) / math.sqrt(2 * math.pi)
    return integrated(torch.special.ndtr(z[0]), density, z)


def gelu(z: Tensor) -> Tensor:
    """z Φ(z)."""
    return product(z, ndtr(z))


def silu(z: Tensor) -> Tensor:
    """z sigmoid(z)."""
    return product(z, sigmoid(z))


def softplus(z: Tensor) -> Tensor:
    """log(1 + e^z):  y' = sigmoid(z) z'."""
    return integrated(functional.softplus(z[0]), sigmoid(z), z)


def second_order(z: Tensor) -> Tensor:
    """e^z - 1 - z, which begins at second order."""
    return expm1(z) - z


def absolute(z: Tensor) -> Tensor:
    """|z|; its derivatives are nan at the kink."""
    return bent(torch.where(z[0] > 0, z, -z), z, smooth=0)


def relu(z: Tensor) -> Tensor:
    """max(z, 0); its derivatives are nan at the kink."""
    return bent(torch.where(z[0] > 0, z, torch.zeros_like(z)), z, smooth=0)


def elu(z: Tensor) -> Tensor:
    """z above 0 and e^z - 1 below; its derivatives from the second on are nan where they meet."""
    # What is not taken must be finite, or its slope would spoil what is.
    below = expm1(torch.where(z[0] > 0, torch.zeros_like(z), z))
    return bent(torch.where(z[0] > 0, z, below), z, smooth=1)


def identity(z: Tensor) -> Tensor:
    """z itself."""
    return z


def square(z: Tensor) -> Tensor:
    """z²."""
    return product(z, z)


def _multiplied(z: Tensor, exponent: int) -> Tensor:
    """z^n by squaring."""
    if exponent == 0:
        return shifted(torch.zeros_like(z), 1.0)
    if exponent == 1:
        return z
    half = _multiplied(z, exponent // 2)
    squared = product(half, half)
    return product(squared, z) if exponent % 2 else squared
