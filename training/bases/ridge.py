"""Sums of functions of one direction each, which vanish where the input does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from systems.errors import InputError, nearest
from training.bases.stored import kept_as
from training.bases.weighted import Weighted

Profile = Callable[[Tensor], Tensor]


def second_order(z: Tensor) -> Tensor:
    """E₂(z) = e^z - 1 - z = z²/2 + z³/6 + ...: it begins at second order.

    Below |z| = 0.1 the difference is summed as a series, since it would cancel.
    """
    series = torch.zeros_like(z)
    for n in range(9, 1, -1):
        series = (series + 1 / math.factorial(n)) * z
    small = z.abs() < 0.1
    return torch.where(small, series * z, torch.expm1(z) - z)


PROFILES: dict[str, tuple[Profile, Profile]] = {
    "softplus": (functional.softplus, torch.sigmoid),
    "exponential": (second_order, torch.expm1),
}
"""Name -> σ(z) and dσ/dz."""


@kept_as("ridge")
@dataclass(frozen=True)
class RidgeFunctions(Weighted):
    """φ_k(x) = σ(w_k·x + b_k) - σ(b_k), and, where ``linear``, the inputs x_i themselves.

    Without biases and with σ = E₂ the functions are of second order: what is linear in x is then
    in the linear part alone, and V(x) = s·x + Σ a_k E₂(w_k·x) tells the orders apart.

    Shapes: ``weights`` (d, w), ``biases`` (w,) or None; x is (n, d), the result (n, d + w or w).

    >>> start = RidgeFunctions.start(3, 2, "exponential", seed=0, biased=False, linear=True)
    >>> start.size, start.values(torch.zeros(1, 3, dtype=torch.float64)).abs().sum().item()
    (5, 0.0)
    """

    weights: Tensor
    biases: Tensor | None
    profile: str
    linear: bool

    def __post_init__(self) -> None:
        if self.profile not in PROFILES:
            raise InputError(
                f"there is no profile {self.profile!r}; there are {', '.join(PROFILES)}."
                f"{nearest(self.profile, PROFILES)}"
            )

    @staticmethod
    def start(
        inputs: int, width: int, profile: str, *, seed: int, biased: bool, linear: bool
    ) -> RidgeFunctions:
        """Normal weights of variance 1/d, a quarter of it without biases; normal biases, σ = ½."""
        generator = torch.Generator().manual_seed(seed)
        scale = (1.0 if biased else 0.5) / math.sqrt(inputs)
        weights = scale * torch.randn(inputs, width, generator=generator, dtype=torch.float64)
        biases = 0.5 * torch.randn(width, generator=generator, dtype=torch.float64)
        return RidgeFunctions(weights, biases if biased else None, profile, linear)

    @property
    def size(self) -> int:
        """K."""
        return self.weights.shape[1] + (self.weights.shape[0] if self.linear else 0)

    def values(self, x: Tensor) -> Tensor:
        """φ_k(x_i), shape (n, K), the linear part first."""
        curve, _ = PROFILES[self.profile]
        bent = curve(self._along(x)) - self._at_rest(curve)
        return torch.cat([x, bent], dim=-1) if self.linear else bent

    def gradients(self, x: Tensor) -> Tensor:
        """d φ_k/d x_j, shape (n, d, K)."""
        _, slope = PROFILES[self.profile]
        bent = slope(self._along(x))[..., None, :] * self.weights
        if not self.linear:
            return bent
        identity = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
        return torch.cat([identity.expand(*bent.shape[:-1], -1), bent], dim=-1)

    def weight_slopes(self, x: Tensor, coefficients: Tensor) -> Tensor:
        """d/dw_m Σ c_k φ_k(x_i; w), the weights in the order of ``parameters``, shape (n, P).

        c_k x_j σ'(w_k·x + b_k) of a weight, c_k (σ'(w_k·x + b_k) - σ'(b_k)) of a bias.
        """
        bent = self._bent(x, coefficients)
        of_weights = (x[:, :, None] * bent[:, None, :]).flatten(1)
        if self.biases is None:
            return of_weights
        _, slope = PROFILES[self.profile]
        rest = self._at_rest(slope) * coefficients[-self.hidden_units :]
        return torch.cat([of_weights, bent - rest], dim=1)

    def weight_factors(self, x: Tensor, coefficients: Tensor) -> Tensor | None:
        """s_k(x_i) (n, w), where all slopes in the weights are products x_j s_k: without biases."""
        return self._bent(x, coefficients) if self.biases is None else None

    def _bent(self, x: Tensor, coefficients: Tensor) -> Tensor:
        """c_k σ'(w_k·x + b_k), shape (n, w)."""
        _, slope = PROFILES[self.profile]
        return slope(self._along(x)) * coefficients[-self.hidden_units :]

    @property
    def hidden_units(self) -> int:
        """The functions that are not linear."""
        return self.weights.shape[1]

    def _along(self, x: Tensor) -> Tensor:
        z = x @ self.weights
        return z if self.biases is None else z + self.biases

    def _at_rest(self, curve: Profile) -> Tensor:
        if self.biases is None:
            return self.weights.new_zeros(())
        return curve(self.biases)
