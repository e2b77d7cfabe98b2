"""What a basis is."""

from __future__ import annotations

from typing import Protocol

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
