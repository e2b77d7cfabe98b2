"""exp(w log r + b + a small network of log r): power laws are straight lines here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from training.bases.stored import kept_as
from training.device import Movable

FIRST_SLOPES = (-0.5, 0.3)
SMALL = 0.3


@kept_as("exp-log")
@dataclass(frozen=True)
class ExpLog(Movable):
    """phi_k(r) = exp(w_k u + sum_j a_kj tanh(v_kj u + b_kj)),  u = (log r - center) / scale.

    A repulsion or an attraction of one sign is one such function times its coefficient; a law that
    changes sign, as Lennard-Jones', needs two. In log-log coordinates a power law is the straight
    line w, so that the network has little left to learn.

    Shapes: ``slope`` (K,), ``inner``, ``bias`` and ``outer`` (K, hidden); r is (n, 1), positive.

    >>> flat = ExpLog.start(torch.tensor([[1.0], [2.0]], dtype=torch.float64), terms=2, hidden=3)
    >>> flat.size, flat.parameters().shape
    (2, torch.Size([20]))
    """

    center: Tensor
    scale: Tensor
    slope: Tensor
    inner: Tensor
    bias: Tensor
    outer: Tensor

    @staticmethod
    def start(r: Tensor, terms: int = 1, hidden: int = 12, seed: int = 0) -> ExpLog:
        """A random start for distances like ``r`` (n, 1)."""
        generator = torch.Generator().manual_seed(seed)
        u = r.to(torch.float64).log()
        shape = (terms, hidden)
        inner, bias, outer = (
            torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(3)
        )
        slopes = [FIRST_SLOPES[k % len(FIRST_SLOPES)] for k in range(terms)]
        return ExpLog(
            u.mean(),
            u.std().clamp(min=1e-12),
            torch.tensor(slopes, dtype=torch.float64),
            SMALL * inner,
            SMALL * bias,
            SMALL / math.sqrt(hidden) * outer,
        )

    @property
    def size(self) -> int:
        """K, the number of terms."""
        return len(self.slope)

    def values(self, x: Tensor) -> Tensor:
        """phi_k(r_i), shape (n, K)."""
        exponent, _ = self._exponent(x)
        return exponent.exp()

    def gradients(self, x: Tensor) -> Tensor:
        """d phi_k/d r, shape (n, 1, K)."""
        exponent, hidden = self._exponent(x)
        rise = self.slope + ((1 - hidden * hidden) * self.inner * self.outer).sum(dim=-1)
        return (exponent.exp() * rise / (self.scale * x))[:, None, :]

    def parameters(self) -> Tensor:
        """Slopes, inner weights, biases and outer weights in one flat vector."""
        parts = (self.slope, self.inner, self.bias, self.outer)
        return torch.cat([part.reshape(-1) for part in parts])

    def with_parameters(self, flat: Tensor) -> ExpLog:
        """The same functions with other weights; differentiable in ``flat``."""
        old = (self.slope, self.inner, self.bias, self.outer)
        pieces = torch.split(flat, [part.numel() for part in old])
        slope, inner, bias, outer = (
            piece.reshape(part.shape) for piece, part in zip(pieces, old, strict=True)
        )
        return replace(self, slope=slope, inner=inner, bias=bias, outer=outer)

    @property
    def hidden_units(self) -> int:
        """Of all terms."""
        return self.inner.numel()

    def state(self) -> dict[str, Any]:
        """Everything of it, as plain values."""
        return {part.name: getattr(self, part.name).detach().cpu() for part in fields(self)}

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> ExpLog:
        """The basis whose ``state`` it is."""
        return cls(**{part.name: kept[part.name] for part in fields(cls)})

    def _exponent(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """log φ_k (n, K), and the hidden units in it (n, K, hidden)."""
        u = (x.log() - self.center) / self.scale
        hidden = torch.tanh(u[:, :, None] * self.inner + self.bias)
        return u * self.slope + (hidden * self.outer).sum(dim=-1), hidden
