"""A multilayer perceptron whose last hidden layer is the basis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from training.bases.scaling import Scaling
from training.bases.stored import kept_as
from training.bases.weighted import Weighted

SHORTEST_SLOPE = 0.3
STEEPEST_SLOPE = 2.0


@kept_as("network")
@dataclass(frozen=True)
class Network(Weighted):
    """phi(x) = tanh(W_L ... tanh(W_1 z(x) + b_1) ... + b_L): one basis function an output unit.

    V(x) = sum_k c_k phi_k(x) is then an ordinary MLP with a linear output layer c. The values and
    the gradients with respect to x are propagated together, forward, one tangent a feature.

    Shapes: ``weights[l]`` is (inputs, outputs), ``biases[l]`` is (outputs,); x is (n, f).
    """

    scaling: Scaling
    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]

    @property
    def size(self) -> int:
        """K, the number of basis functions."""
        return self.weights[-1].shape[1]

    def values(self, x: Tensor) -> Tensor:
        """phi_k(x), shape (n, K)."""
        hidden = self.scaling(x)
        for weight, bias in zip(self.weights, self.biases, strict=True):
            hidden = torch.tanh(hidden @ weight + bias)
        return hidden

    def gradients(self, x: Tensor) -> Tensor:
        """d phi_k / d x_j, shape (n, f, K)."""
        hidden = self.scaling(x)
        tangents = torch.diag_embed(self.scaling.slope(x))
        for weight, bias in zip(self.weights, self.biases, strict=True):
            hidden = torch.tanh(hidden @ weight + bias)
            tangents = (1 - hidden * hidden)[:, None, :] * (tangents @ weight)
        return tangents

    def weight_slopes(self, x: Tensor, coefficients: Tensor) -> Tensor:
        """d/dw_m Σ c_k φ_k(x_i; w), the weights in the order of ``parameters``, shape (n, P)."""
        rest = x.new_zeros(len(x), 1, x.shape[1])
        return self._slopes(x, rest, coefficients, torch.zeros_like(coefficients))[:, 0]

    def weight_slopes_of_gradients(self, x: Tensor, coefficients: Tensor) -> Tensor:
        """d/dw_m Σ c_k dφ_k/dx_j (x_i; w), shape (n, f, P)."""
        along = torch.diag_embed(self.scaling.slope(x))
        return self._slopes(x, along, torch.zeros_like(coefficients), coefficients)

    def _slopes(
        self, x: Tensor, tangents: Tensor, of_values: Tensor, of_tangents: Tensor
    ) -> Tensor:
        """The weights' slopes of a·h_L + c·t_L, the tangents t of h along some directions (n, f).

        One pass forward, one back: from the adjoints a of h and c of t in one layer to those below.
        """
        layers = list(zip(self.weights, self.biases, strict=True))
        hidden, inputs = self.scaling(x)[:, None], []
        for weight, bias in layers:
            inputs.append((hidden, tangents))
            hidden = torch.tanh(hidden @ weight + bias)
            tangents = (1 - hidden * hidden) * (tangents @ weight)
        of_values, of_tangents = of_values.expand_as(tangents), of_tangents.expand_as(tangents)
        weights, biases = [], []
        for (weight, _), (below, along) in zip(reversed(layers), reversed(inputs), strict=True):
            bent = 1 - hidden * hidden
            # Of z, hidden = tanh(z), and of the tangents of z.
            back = bent * of_values - 2 * hidden * tangents * of_tangents
            across = bent * of_tangents
            outer = below[..., None] * back[..., None, :] + along[..., None] * across[..., None, :]
            weights.append(outer.flatten(2))
            biases.append(back)
            of_values, of_tangents = back @ weight.T, across @ weight.T
            hidden, tangents = below, along
        return torch.cat([*reversed(weights), *reversed(biases)], dim=2)

    @property
    def hidden_units(self) -> int:
        """Of all layers."""
        return sum(bias.numel() for bias in self.biases)

    def state(self) -> dict[str, Any]:
        """Everything of it, as plain values."""
        return {**super().state(), "scaling": self.scaling.state()}

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> Network:
        """The basis whose ``state`` it is."""
        return super().restored({**kept, "scaling": Scaling.restored(kept["scaling"])})


def placed(x: Tensor, width: int, seed: int) -> Network:
    """One hidden layer whose weights are placed from pairs of data points.

    Unit k is centred on a data point z_a and climbs towards another, z_b:
    w_k = s_k (z_b - z_a) / |z_b - z_a|^2 and b_k = -w_k . z_a with log s_k uniform in (log 0.3,
    log 2), so that every unit bends where the data are, at their own scale. With the output layer
    solved by least squares nothing remains to be descended along in the smooth one-dimensional
    problems. Source: E. L. Bolager et al., "Sampling weights of deep neural networks",
    NeurIPS 2023 (arXiv:2306.16830), with slopes drawn as above.

    Shapes: ``x`` is (n, f), the result has ``width`` basis functions.

    >>> placed(torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None], width=8, seed=0).size
    8
    """
    scaling = Scaling.of(x)
    z = scaling(x)
    generator = torch.Generator().manual_seed(seed)
    start, end = _pairs(z.cpu(), width, generator)
    step = end - start
    distance = step.norm(dim=1, keepdim=True).clamp(min=1e-6)
    spread = math.log(STEEPEST_SLOPE) - math.log(SHORTEST_SLOPE)
    uniform = torch.rand(width, 1, generator=generator, dtype=torch.float64)
    slope = torch.exp(math.log(SHORTEST_SLOPE) + spread * uniform)
    weight = slope * step / distance**2
    bias = -(weight * start).sum(dim=1)
    return Network(scaling, (weight.T.contiguous().to(z),), (bias.to(z),))


def glorot(x: Tensor, hidden: tuple[int, ...], seed: int) -> Network:
    """A multilayer perceptron with Glorot-uniform weights and spread biases.

    W_l ~ U(-a, a), a = sqrt(6 / (inputs + outputs)). The first layer's biases are drawn so that its
    units are centred on points spread over the data's box. Source: X. Glorot and Y. Bengio,
    AISTATS 2010, eq. 16.

    >>> glorot(torch.linspace(-1, 1, 50, dtype=torch.float64)[:, None], (16, 64), seed=0).size
    64
    """
    scaling = Scaling.of(x)
    generator = torch.Generator().manual_seed(seed)
    weights = []
    biases = []
    inputs = x.shape[1]
    for layer, outputs in enumerate(hidden):
        bound = math.sqrt(6 / (inputs + outputs))
        uniform = torch.rand(inputs, outputs, generator=generator, dtype=torch.float64)
        weight = (2 * uniform - 1) * bound
        bias = torch.zeros(outputs, dtype=torch.float64)
        if layer == 0:
            weight = _spread(weight, generator)
            centres = 2 * torch.rand(inputs, outputs, generator=generator, dtype=torch.float64) - 1
            bias = -(weight * centres).sum(dim=0)
        weights.append(weight.to(x))
        biases.append(bias.to(x))
        inputs = outputs
    return Network(scaling, tuple(weights), tuple(biases))


def _spread(weight: Tensor, generator: torch.Generator) -> Tensor:
    """Give the columns of the first layer lengths between 0.5 and 3 box widths."""
    length = 0.5 + 2.5 * torch.rand(weight.shape[1], generator=generator, dtype=torch.float64)
    spread: Tensor = weight / weight.norm(dim=0) * length
    return spread


def _pairs(z: Tensor, width: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pairs of distinct data points, shapes (width, f) each."""
    if z.shape[1] == 1:
        return _pairs_on_a_line(z, width, generator)
    # In several dimensions draw more pairs than needed and favour the near ones, as 1/distance.
    drawn = 6 * width
    first = z[torch.randint(len(z), (drawn,), generator=generator)]
    second = z[torch.randint(len(z), (drawn,), generator=generator)]
    distance = (second - first).norm(dim=1)
    odds = torch.where(distance > 0, 1 / (distance + 1e-3), torch.zeros_like(distance))
    kept = torch.multinomial(odds, width, generator=generator)
    return first[kept], second[kept]


def _pairs_on_a_line(z: Tensor, width: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """In one dimension: neighbours at a log-uniform number of ranks, 1 % to 50 % of the points."""
    ordered = z[:, 0].sort().values
    n = len(ordered)
    low, high = math.log(0.01), math.log(0.5)
    uniform = torch.rand(width, generator=generator, dtype=torch.float64)
    ranks = (torch.exp(low + (high - low) * uniform) * n).long().clamp(min=1)
    first = torch.randint(n, (width,), generator=generator)
    sign = 2 * torch.randint(2, (width,), generator=generator) - 1
    second = first + sign * ranks
    outside = (second < 0) | (second >= n)
    second = torch.where(outside, first - sign * ranks, second).clamp(0, n - 1)
    return ordered[first][:, None], ordered[second][:, None]
