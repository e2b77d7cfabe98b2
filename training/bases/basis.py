"""What a basis is."""

from __future__ import annotations

from typing import Protocol, Self, TypeGuard

from torch import Tensor


class Basis(Protocol):
    """K functions phi_k of the features, with their gradients; V(x) = sum_k c_k phi_k(x).

    Everything learned here is a basis times coefficients: a network is a basis with trainable
    weights, a Chebyshev series or a candidate library one without.
    """

    @property
    def size(self) -> int:
        """K."""

    def values(self, x: Tensor) -> Tensor:
        """phi_k(x_i): (n, f) -> (n, K)."""

    def gradients(self, x: Tensor) -> Tensor:
        """d phi_k/d x_j: (n, f) -> (n, f, K)."""

    def to(self, like: Tensor) -> Basis:
        """The same basis on the device and in the precision of ``like``."""


class Trainable(Basis, Protocol):
    """A basis with hidden weights w: phi_k(x; w)."""

    def parameters(self) -> Tensor:
        """All hidden weights in one flat vector, shape (P,)."""

    def with_parameters(self, flat: Tensor) -> Self:
        """The same basis with other hidden weights; differentiable in ``flat``."""

    def to(self, like: Tensor) -> Self:
        """The same basis on the device and in the precision of ``like``."""


def is_trainable(basis: Basis) -> TypeGuard[Trainable]:
    """Whether a basis has hidden weights at all."""
    parameters = getattr(basis, "parameters", None)
    return parameters is not None and parameters().numel() > 0
