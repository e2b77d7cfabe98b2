"""The derivative of a trained function with respect to its hidden weights is a basis too."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.func import jacrev, vmap

from training.bases.basis import Trainable
from training.device import Movable


@dataclass(frozen=True)
class Tangent(Movable):
    """psi_m(x) = d/dw_m sum_k c_k phi_k(x; w), one function a hidden weight.

    Put into any family of rows it gives the Jacobian of that family's residual with respect to
    the hidden weights, whatever the rows are: energy, force, centred or averaged over nodes.
    """

    network: Trainable
    coefficients: Tensor

    @property
    def size(self) -> int:
        """The number of hidden weights."""
        return self.network.parameters().numel()

    def values(self, x: Tensor) -> Tensor:
        """psi_m(x_i), shape (n, hidden weights); as the network writes it out, where it does."""
        written_out = getattr(self.network, "weight_slopes", None)
        if written_out is not None:
            slopes: Tensor = written_out(x, self.coefficients)
            return slopes

        def value(flat: Tensor, point: Tensor) -> Tensor:
            network = self.network.with_parameters(flat)
            return network.values(point[None])[0] @ self.coefficients

        result: Tensor = vmap(jacrev(value), (None, 0))(self.network.parameters(), x)
        return result

    def gradients(self, x: Tensor) -> Tensor:
        """d psi_m/dx_j, shape (n, f, hidden weights)."""
        written_out = getattr(self.network, "weight_slopes_of_gradients", None)
        if written_out is not None:
            slopes: Tensor = written_out(x, self.coefficients)
            return slopes

        def gradient(flat: Tensor, point: Tensor) -> Tensor:
            network = self.network.with_parameters(flat)
            return network.gradients(point[None])[0] @ self.coefficients

        result: Tensor = vmap(jacrev(gradient), (None, 0))(self.network.parameters(), x)
        return result

    def factors(self, x: Tensor) -> Tensor | None:
        """s (n, w) with psi_(j,k)(x) = x_j s_k(x), for networks of which that is so."""
        written_out = getattr(self.network, "weight_factors", None)
        return None if written_out is None else written_out(x, self.coefficients)
