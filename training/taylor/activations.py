"""The activations of networks by name: as functions of power series, and all their derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from systems.errors import InputError, nearest
from training.taylor import power_series as series
from training.taylor.power_series import Series

Names = str | tuple[str, ...]
"""One activation for a whole layer, or one a neuron."""
Rows = list[Tensor]
Derivatives = Callable[[Tensor, int], Rows]


def activate(names: Names, z: Tensor) -> Tensor:
    """σ(z) of a series (K + 1, ..., neurons).

    Raises InputError for an unknown activation.
    """
    if isinstance(names, str):
        check(names)
        return ACTIVATIONS[names][0](z)
    result = torch.empty_like(z)
    for name, chosen in _groups(names):
        result[..., chosen] = activate(name, z[..., chosen])
    return result


def derivatives(names: Names, z: Tensor, order: int) -> Rows:
    """σ^(k)(z) for k = 0 .. order, each of the shape (neurons,) of z.

    Raises InputError for an unknown activation.

    >>> derivatives("exp", torch.zeros(1), 2)
    [tensor([1.]), tensor([1.]), tensor([1.])]
    """
    if isinstance(names, str):
        check(names)
        return ACTIVATIONS[names][1](z, order)
    result = [torch.empty_like(z) for _ in range(order + 1)]
    for name, chosen in _groups(names):
        rows = derivatives(name, z[chosen], order)
        for whole, row in zip(result, rows, strict=True):
            whole[chosen] = row
    return result


def check(name: str) -> None:
    """Raise InputError for an unknown activation."""
    if name not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise InputError(
            f"there is no activation {name!r}; there are {known}.{nearest(name, ACTIVATIONS)}"
        )


def _groups(names: tuple[str, ...]) -> list[tuple[str, Tensor]]:
    """Every activation with its neurons."""
    return [
        (name, torch.tensor([k for k, other in enumerate(names) if other == name]))
        for name in sorted(set(names))
    ]


def _tanh(z: Tensor, order: int) -> Rows:
    return _riccati(z.tanh(), 1.0, 0.0, order)


def _sigmoid(z: Tensor, order: int) -> Rows:
    return _riccati(z.sigmoid(), 0.0, 1.0, order)


def _riccati(start: Tensor, constant: float, linear: float, order: int) -> Rows:
    """f' = a + b f - f²:  f^(k+1) = a δ_{k0} + b f^(k) - Σ_j C(k, j) f^(j) f^(k-j)."""
    f = [start]
    for k in range(order):
        # Every product but that of the middle is there twice.
        slope = constant - f[0] * f[0] if k == 0 else (-2 * f[0]) * f[k]
        for j in range(1, (k + 1) // 2):
            slope.addcmul_(f[j], f[k - j], value=-2.0 * math.comb(k, j))
        if k % 2 == 0 and k > 0:
            slope.addcmul_(f[k // 2], f[k // 2], value=-float(math.comb(k, k // 2)))
        f.append(slope.add_(f[k], alpha=linear) if linear else slope)
    return f


def _softplus(z: Tensor, order: int) -> Rows:
    return [functional.softplus(z), *_sigmoid(z, order)[:order]]


def _silu(z: Tensor, order: int) -> Rows:
    return _times(z, _sigmoid(z, order))


def _gelu(z: Tensor, order: int) -> Rows:
    """z Φ(z), where Φ' = exp(-z²/2)/√(2π) and Φ^(k+1) = -z Φ^(k) - (k-1) Φ^(k-1)."""
    density = torch.exp(-0.5 * z * z).mul_(1 / math.sqrt(2 * math.pi))
    normal = [torch.erfc(-math.sqrt(0.5) * z).mul_(0.5), density]
    for k in range(1, order):
        higher = -z * normal[k]
        normal.append(higher.sub_(normal[k - 1], alpha=k - 1) if k > 1 else higher)
    return _times(z, normal[: order + 1])


def _times(z: Tensor, factor: Rows) -> Rows:
    """(z f)^(k) = z f^(k) + k f^(k-1)."""
    neighbours = enumerate(pairwise(factor), start=1)
    higher = [(z * above).add_(below, alpha=k) for k, (below, above) in neighbours]
    return [z * factor[0], *higher]


def _sin(z: Tensor, order: int) -> Rows:
    sine, cosine = z.sin(), z.cos()
    return [(sine, cosine, -sine, -cosine)[k % 4] for k in range(order + 1)]


def _exp(z: Tensor, order: int) -> Rows:
    return [z.exp()] * (order + 1)


def _second_order(z: Tensor, order: int) -> Rows:
    """e^z - 1 - z."""
    return [z.expm1() - z, z.expm1(), *_exp(z, order)][: order + 1]


def _log(z: Tensor, order: int) -> Rows:
    higher = [-float(math.factorial(k - 1)) * (-z) ** -k for k in range(1, order + 1)]
    return [z.log(), *higher]


def _identity(z: Tensor, order: int) -> Rows:
    return [z, torch.ones_like(z), *[torch.zeros_like(z)] * order][: order + 1]


def _elu(z: Tensor, order: int) -> Rows:
    """As for the series: nan from the second derivative on where the pieces meet."""
    line = _identity(z, order)
    curve = [z.expm1(), *_exp(z, order)[1:]]
    joined = [torch.where(z > 0, up, down) for up, down in zip(line, curve, strict=True)]
    return [*joined[:2], *(_unless(z == 0, row) for row in joined[2:])]


def _relu(z: Tensor, order: int) -> Rows:
    line = [torch.where(z > 0, row, torch.zeros_like(z)) for row in _identity(z, order)]
    return [line[0], *(_unless(z == 0, row) for row in line[1:])]


def _unless(kink: Tensor, row: Tensor) -> Tensor:
    return torch.where(kink, torch.full_like(row, torch.nan), row)


ACTIVATIONS: Mapping[str, tuple[Series, Derivatives]] = {
    "tanh": (series.tanh, _tanh),
    "gelu": (series.gelu, _gelu),
    "softplus": (series.softplus, _softplus),
    "silu": (series.silu, _silu),
    "sin": (series.sin, _sin),
    "exp": (series.exp, _exp),
    "relu": (series.relu, _relu),
    "elu": (series.elu, _elu),
    "second_order": (series.second_order, _second_order),
    "log": (series.log, _log),
    "identity": (series.identity, _identity),
}
"""Name -> as a function of a series, and its derivatives; the last two serve to scale inputs."""
