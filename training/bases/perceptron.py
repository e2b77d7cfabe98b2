"""A multilayer perceptron, output layer included, as a basis of its outputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from systems.errors import InputError, nearest
from training.bases.stored import kept_as
from training.bases.weighted import Weighted

Activation = Callable[[Tensor], Tensor]
Slope = Callable[[Tensor, Tensor], Tensor]

ACTIVATIONS: dict[str, tuple[Activation, Slope]] = {
    "tanh": (torch.tanh, lambda z, h: 1 - h * h),
    "softplus": (functional.softplus, lambda z, h: torch.sigmoid(z)),
    "relu": (functional.relu, lambda z, h: (z > 0).to(z)),
    "elu": (functional.elu, lambda z, h: torch.exp(z.clamp(max=0))),
    "gelu": (functional.gelu, lambda z, h: torch.special.ndtr(z) + z * _normal(z)),
    "silu": (functional.silu, lambda z, h: h + torch.sigmoid(z) * (1 - h)),
    "sin": (torch.sin, lambda z, h: torch.cos(z)),
    "exp": (torch.exp, lambda z, h: h),
}
"""Name -> h(z) and dh/dz, the latter as a function of z and h."""

OUTPUTS = ("linear", "exp")


@kept_as("perceptron")
@dataclass(frozen=True)
class Perceptron(Weighted):
    """phi(x) = g(W_L s(... s(W_1 x + b_1) ...) + b_L): everything is trained, nothing solved for.

    With one output V(x) = 1 * phi_1(x), so that whatever takes a basis and coefficients takes this
    network too. The activation s is one of ``ACTIVATIONS``; the output g is "linear" (g(z) = z) or
    "exp". The input is not scaled. The precision is that of the weights.

    Shapes: ``weights[l]`` is (inputs, outputs), ``biases[l]`` is (outputs,), the last layer has
    K outputs; x is (n, f). Raises InputError for an unknown activation or output.
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    activation: str = "tanh"
    output: str = "linear"

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise InputError(
                f"there is no activation {self.activation!r}; there are {', '.join(ACTIVATIONS)}."
                f"{nearest(self.activation, ACTIVATIONS)}"
            )
        if self.output not in OUTPUTS:
            raise InputError(f"the output is {' or '.join(OUTPUTS)}, not {self.output!r}.")

    @staticmethod
    def glorot(
        inputs: int,
        hidden: tuple[int, ...],
        seed: int,
        activation: str = "tanh",
        output: str = "linear",
        outputs: int = 1,
    ) -> Perceptron:
        """W_l ~ U(-a, a) with a = sqrt(6 / (inputs + outputs)), biases 0; single precision.

        Source: X. Glorot and Y. Bengio, AISTATS 2010, eq. 16.

        >>> Perceptron.glorot(1, (16, 16), seed=0).parameters().shape
        torch.Size([321])
        """
        generator = torch.Generator().manual_seed(seed)
        sizes = (inputs, *hidden, outputs)
        weights = []
        for before, after in pairwise(sizes):
            bound = math.sqrt(6 / (before + after))
            uniform = torch.rand(before, after, generator=generator, dtype=torch.float32)
            weights.append((2 * uniform - 1) * bound)
        biases = tuple(torch.zeros(size, dtype=torch.float32) for size in sizes[1:])
        return Perceptron(tuple(weights), biases, activation, output)

    @property
    def size(self) -> int:
        """K, the number of outputs."""
        return self.biases[-1].numel()

    def values(self, x: Tensor) -> Tensor:
        """phi_k(x_i), shape (n, K)."""
        activate, _ = ACTIVATIONS[self.activation]
        hidden = x
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = activate(torch.addmm(bias, hidden, weight))
        last = torch.addmm(self.biases[-1], hidden, self.weights[-1])
        return last.exp() if self.output == "exp" else last

    def gradients(self, x: Tensor) -> Tensor:
        """d phi_k/d x_j, shape (n, f, K), by one forward tangent a feature.

        >>> line = Perceptron((torch.tensor([[3.0]]),), (torch.zeros(1),), output="exp")
        >>> line.gradients(torch.zeros(1, 1))
        tensor([[[3.]]])
        """
        activate, slope = ACTIVATIONS[self.activation]
        hidden = x
        tangents = torch.eye(x.shape[1], dtype=x.dtype, device=x.device).expand(len(x), -1, -1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            z = torch.addmm(bias, hidden, weight)
            hidden = activate(z)
            tangents = slope(z, hidden)[:, None, :] * (tangents @ weight)
        tangents = tangents @ self.weights[-1]
        if self.output == "exp":
            last = torch.addmm(self.biases[-1], hidden, self.weights[-1])
            tangents = last.exp()[:, None, :] * tangents
        return tangents

    def softened(self) -> Perceptron:
        """The same weights for softplus instead of ELU, which is softplus(z) - 1 or up to 1 more.

        The next layer's biases take up that 1. Under "exp" V is then too small after the change,
        from where a descent comes back, and not too large by orders of magnitude.
        """
        first, *later = self.biases
        lowered = [b - w.sum(dim=0) for b, w in zip(later, self.weights[1:], strict=True)]
        return replace(self, biases=(first, *lowered), activation="softplus")

    def dead(self, x: Tensor) -> int:
        """How many hidden units are 0 at every point x (n, f): of ReLU, those nothing can revive.

        >>> weights = torch.tensor([[1.0, -1.0]]), torch.ones(2, 1)
        >>> two = Perceptron(weights, (torch.zeros(2), torch.zeros(1)), activation="relu")
        >>> two.dead(torch.tensor([[1.0], [2.0]]))
        1
        """
        activate, _ = ACTIVATIONS[self.activation]
        hidden, dead = x, 0
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = activate(torch.addmm(bias, hidden, weight))
            dead += int((hidden == 0).all(dim=0).sum())
        return dead

    @property
    def hidden_units(self) -> int:
        """Of all layers but the last, which is the output."""
        return sum(bias.numel() for bias in self.biases[:-1])


def _normal(z: Tensor) -> Tensor:
    """The density of the normal distribution."""
    return torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
