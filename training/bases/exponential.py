"""exp(w log r + b + a small network of log r): power laws are straight lines here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from training.bases.stored import kept_as
from training.bases.weighted import Weighted

FIRST_SLOPES = (-0.5, 0.3)
SMALL = 0.3


@kept_as("exp-log")
@dataclass(frozen=True)
class ExpLog(Weighted):
    """phi_k(r) = exp(w_k u + sum_j a_kj tanh(v_kj u + b_kj)),  u = (log r - center) / scale.

    A repulsion or an attraction of one sign is one such function times its coefficient; a law that
    changes sign, as Lennard-Jones', needs two. In log-log coordinates a power law is the straight
    line w, so that the network has little left to learn.

    Shapes: ``slope`` (K,), ``inner``, ``bias`` and ``outer`` (K, hidden); r is (n, 1), positive.

    >>> flat = ExpLog.start(torch.tensor([[1.0], [2.0]], dtype=torch.float64), terms=2, hidden=3)
    >>> flat.size, flat.parameters().shape
    (2, torch.Size([20]))
    """

    WEIGHTS: ClassVar[tuple[str, ...]] = ("slope", "inner", "bias", "outer")

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

    @property
    def hidden_units(self) -> int:
        """Of all terms."""
        return self.inner.numel()

    def _exponent(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """log φ_k (n, K), and the hidden units in it (n, K, hidden)."""
        u = (x.log() - self.center) / self.scale
        hidden = torch.tanh(u[:, :, None] * self.inner + self.bias)
        return u * self.slope + (hidden * self.outer).sum(dim=-1), hidden
