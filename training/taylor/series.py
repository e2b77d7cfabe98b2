"""Functions of truncated power series, by recurrences in their coefficients.

    z(t) = Σ_k z_k t^k,  k = 0..K;    y = f(z) has  y_0 = f(z_0)  and  y' = f'(z) z'

A series is a tensor (K + 1, ...) with one row an order. Every function costs O(K²) products of
rows, where nested derivatives cost 2^K or more, and can itself be differentiated by torch.

Source: A. Griewank and A. Walther, Evaluating Derivatives, chapter 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Rows = list[Tensor]
Series = Callable[[Tensor], Tensor]


def line(start: Tensor, step: Tensor, order: int) -> Tensor:
    """The series x + t v, (K + 1, *shape), for x and v that broadcast to one shape."""
    coefficients = (start + step).new_zeros(order + 1, *(start + step).shape)
    coefficients[0] = start
    coefficients[1:2] = step
    return coefficients


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
        inner = _convolved(y[1:], y[1:]) if k > 1 else torch.zeros_like(z[0])
        y.append((z[k] - inner) / (2 * y[0]))
    return torch.stack(y)


def exp(z: Tensor) -> Tensor:
    """y' = y z'."""
    return _solved(z[0].exp(), lambda y: y[-1], z)


def expm1(z: Tensor) -> Tensor:
    """y' = (y + 1) z', with no digits lost about 0."""
    return _solved(z[0].expm1(), lambda y: _plus(y, y[-1], 1.0), z)


def log(z: Tensor) -> Tensor:
    """y' = z'/z."""
    return _integrated(z[0].log(), reciprocal(z), z)


def log1p(z: Tensor) -> Tensor:
    """y' = z'/(1 + z)."""
    return _integrated(z[0].log1p(), reciprocal(shifted(z, 1.0)), z)


def tanh(z: Tensor) -> Tensor:
    """y' = (1 - y²) z'."""
    return _solved(z[0].tanh(), lambda y: _plus(y, _squared(y).neg_(), 1.0), z)


def tan(z: Tensor) -> Tensor:
    """y' = (1 + y²) z'."""
    return _solved(z[0].tan(), lambda y: _plus(y, _squared(y), 1.0), z)


def sigmoid(z: Tensor) -> Tensor:
    """y' = (y - y²) z'."""
    return _solved(z[0].sigmoid(), lambda y: y[-1] - _squared(y), z)


def sin(z: Tensor) -> Tensor:
    """y' = cos(z) z'."""
    return _rotated(z[0].sin(), z[0].cos(), -1.0, z)[0]


def cos(z: Tensor) -> Tensor:
    """y' = -sin(z) z'."""
    return _rotated(z[0].sin(), z[0].cos(), -1.0, z)[1]


def sinh(z: Tensor) -> Tensor:
    """y' = cosh(z) z'."""
    return _rotated(z[0].sinh(), z[0].cosh(), 1.0, z)[0]


def cosh(z: Tensor) -> Tensor:
    """y' = sinh(z) z'."""
    return _rotated(z[0].sinh(), z[0].cosh(), 1.0, z)[1]


def atan(z: Tensor) -> Tensor:
    """y' = z'/(1 + z²)."""
    return _integrated(z[0].atan(), reciprocal(shifted(product(z, z), 1.0)), z)


def asin(z: Tensor) -> Tensor:
    """y' = z'/√(1 - z²)."""
    return _integrated(z[0].asin(), power(shifted(-product(z, z), 1.0), -0.5), z)


def acos(z: Tensor) -> Tensor:
    """y' = -z'/√(1 - z²)."""
    return _integrated(z[0].acos(), -power(shifted(-product(z, z), 1.0), -0.5), z)


def erf(z: Tensor) -> Tensor:
    """y' = 2/√π exp(-z²) z'."""
    return _integrated(z[0].erf(), 2 / math.sqrt(math.pi) * exp(-product(z, z)), z)


def ndtr(z: Tensor) -> Tensor:
    """The normal distribution Φ:  y' = exp(-z²/2)/√(2π) z'."""
    density = exp(-product(z, z) / 2) / math.sqrt(2 * math.pi)
    return _integrated(torch.special.ndtr(z[0]), density, z)


def gelu(z: Tensor) -> Tensor:
    """z Φ(z)."""
    return product(z, ndtr(z))


def silu(z: Tensor) -> Tensor:
    """z sigmoid(z)."""
    return product(z, sigmoid(z))


def softplus(z: Tensor) -> Tensor:
    """log(1 + e^z):  y' = sigmoid(z) z'."""
    return _integrated(functional.softplus(z[0]), sigmoid(z), z)


def second_order(z: Tensor) -> Tensor:
    """e^z - 1 - z, which begins at second order."""
    return expm1(z) - z


def absolute(z: Tensor) -> Tensor:
    """|z|; its derivatives are nan at the kink."""
    return _bent(torch.where(z[0] > 0, z, -z), z, smooth=0)


def relu(z: Tensor) -> Tensor:
    """max(z, 0); its derivatives are nan at the kink."""
    return _bent(torch.where(z[0] > 0, z, torch.zeros_like(z)), z, smooth=0)


def elu(z: Tensor) -> Tensor:
    """z above 0 and e^z - 1 below; its derivatives from the second on are nan where they meet."""
    # What is not taken must be finite, or its slope would spoil what is.
    below = expm1(torch.where(z[0] > 0, torch.zeros_like(z), z))
    return _bent(torch.where(z[0] > 0, z, below), z, smooth=1)


def identity(z: Tensor) -> Tensor:
    """z itself."""
    return z


def square(z: Tensor) -> Tensor:
    """z²."""
    return product(z, z)


def shifted(z: Tensor, constant: float | Tensor) -> Tensor:
    """z + c for a constant c of the shape of z_0."""
    return torch.cat([(z[0] + constant)[None], z[1:]])


def factorials(like: Tensor) -> Tensor:
    """k! for every row of a series, in its shape: what makes derivatives of coefficients."""
    values = [math.factorial(k) for k in range(len(like))]
    return like.new_tensor(values).reshape(-1, *(1,) * (like.ndim - 1))


def _multiplied(z: Tensor, exponent: int) -> Tensor:
    """z^n by squaring."""
    if exponent == 0:
        return shifted(torch.zeros_like(z), 1.0)
    if exponent == 1:
        return z
    half = _multiplied(z, exponent // 2)
    squared = product(half, half)
    return product(squared, z) if exponent % 2 else squared


def _solved(start: Tensor, slope: Callable[[Rows], Tensor], z: Tensor) -> Tensor:
    """y' = s(y) z' from y_0: (k + 1) y_{k+1} = Σ_{j <= k} (j + 1) z_{j+1} s_{k-j}.

    ``slope`` gives s_k from y_0 .. y_k.
    """
    rate = [k * z[k] for k in range(1, len(z))]
    y, slopes = [start], []
    for k in range(1, len(z)):
        slopes.append(slope(y))
        y.append(_convolved(rate, slopes).div_(k))
    return torch.stack(y)


def _rotated(sine: Tensor, cosine: Tensor, sign: float, z: Tensor) -> tuple[Tensor, Tensor]:
    """s' = c z' and c' = ± s z', together."""
    rate = [k * z[k] for k in range(1, len(z))]
    sines, cosines = [sine], [cosine]
    for k in range(1, len(z)):
        rise, fall = _convolved(rate, cosines), _convolved(rate, sines)
        sines.append(rise.div_(k))
        cosines.append(fall.mul_(sign / k))
    return torch.stack(sines), torch.stack(cosines)


def _integrated(start: Tensor, slope: Tensor, z: Tensor) -> Tensor:
    """y_0 and y' = s z', for a slope s that is known already."""
    orders = torch.arange(1, len(z), dtype=z.dtype, device=z.device)
    orders = orders.reshape(-1, *(1,) * (z.ndim - 1))
    return torch.cat([start[None], product(slope[:-1], orders * z[1:]) / orders])


def _convolved(rate: Rows, other: Rows) -> Tensor:
    """The newest coefficient of a product: Σ_j a_j b_{k-j} for rows b_0 .. b_k."""
    total = rate[0] * other[-1]
    for a, b in zip(rate[1:], other[-2::-1], strict=False):
        total = torch.addcmul(total, a, b)
    return total


def _squared(y: Rows) -> Tensor:
    """The newest coefficient of y², every pair of rows taken once."""
    last = len(y) - 1
    total = torch.square(y[last // 2]) if last % 2 == 0 else torch.zeros_like(y[0])
    for j in range((last + 1) // 2):
        total = torch.addcmul(total, y[j], y[last - j], value=2)
    return total


def _plus(y: Rows, newest: Tensor, constant: float) -> Tensor:
    """A constant is added to the first coefficient alone."""
    return newest.add(constant) if len(y) == 1 else newest


def _bent(y: Tensor, z: Tensor, smooth: int) -> Tensor:
    """y, and nan where z_0 = 0 in the orders above ``smooth``."""
    spoiled = torch.where(z[0] == 0, torch.full_like(y, torch.nan), y)
    return torch.cat([y[: smooth + 1], spoiled[smooth + 1 :]])
