"""A trained network as plain layers, whichever of our bases it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from systems.errors import InputError
from systems.expressions import symbol
from training.bases.basis import Basis
from training.bases.composite import Shared
from training.bases.network import Network
from training.bases.perceptron import Perceptron
from training.bases.scaling import Scaling
from training.features import Features
from training.potential import Potential
from training.taylor.activations import Names, activate, derivatives
from training.taylor.recurrences import line

Hidden = tuple[Tensor, Tensor, Names]


@dataclass(frozen=True, eq=False)
class Layers:
    """y(x) = w · h_L + c,   h_l = σ_l(h_{l-1} W_l + b_l),   h_0 = x.

    Shapes: ``weights[l]`` is (inputs, outputs), ``biases[l]`` (outputs,), ``output`` w is (width,),
    ``constant`` c is one number. A layer has one activation, or one a neuron. All are doubles.

    >>> wave = Layers((torch.eye(1),), (torch.zeros(1),), ("sin",), torch.ones(1), torch.tensor(2))
    >>> wave(torch.zeros(1, 1))
    tensor([2.], dtype=torch.float64)
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    activations: tuple[Names, ...]
    output: Tensor
    constant: Tensor

    def __post_init__(self) -> None:
        for name in ("weights", "biases"):
            object.__setattr__(self, name, tuple(map(_double, getattr(self, name))))
        for name in ("output", "constant"):
            object.__setattr__(self, name, _double(getattr(self, name)))

    @staticmethod
    def of(learned: Any) -> Layers:
        """The layers of a perceptron, or of a potential or a fit that is a network of coordinates.

        What scales the inputs goes into the first layer or, where it is a logarithm, is a layer of
        its own; an exponential at the end is one more layer.

        Raises InputError for what is no such network.
        """
        if isinstance(learned, Layers):
            return learned
        if isinstance(learned, Perceptron):
            return _perceptron(learned)
        potential = getattr(learned, "potential", learned)
        if isinstance(potential, Potential):
            return _potential(potential)
        raise InputError(
            f"a {type(learned).__name__} is no network; give layers, a perceptron, or a potential "
            f"or a fit whose basis is a network."
        )

    @property
    def inputs(self) -> int:
        """d."""
        first = self.weights[0] if self.weights else self.output
        return first.shape[0]

    def __len__(self) -> int:
        """L, the number of hidden layers."""
        return len(self.weights)

    def __iter__(self) -> Iterator[Hidden]:
        """Weight, bias and activation of every hidden layer."""
        return zip(self.weights, self.biases, self.activations, strict=True)

    def __call__(self, x: Tensor) -> Tensor:
        """y(x): (n, d) -> (n,)."""
        return self._above(x.to(torch.float64)[None], 0)[0]

    def along(self, center: Tensor, steps: Tensor, order: int) -> Tensor:
        """The series y(x + t v) of all steps v (M, d) from one center (d,): (K + 1, M).

        In the first layer z is still a line, and h_k = σ^(k)(z_0) z_1^k / k!.
        """
        center = point(center, self.inputs)
        if not self.weights:
            return self._above(line(center, steps, order), 0)
        weight, bias, names = next(iter(self))
        slopes = derivatives(names, center @ weight + bias, order)
        rate = steps @ weight
        hidden = rate.new_empty(order + 1, *rate.shape)
        hidden[0] = slopes[0]
        power = torch.ones_like(rate)
        for k in range(1, order + 1):
            power = power * (rate / k)
            torch.mul(power, slopes[k], out=hidden[k])
        return self._above(hidden, 1)

    def _above(self, hidden: Tensor, below: int) -> Tensor:
        """The series of the output from that of h_below, (K + 1, n, width) -> (K + 1, n)."""
        for weight, bias, names in list(self)[below:]:
            z = hidden @ weight
            z[0] += bias
            hidden = activate(names, z)
        output = hidden @ self.output
        output[0] += self.constant
        return output


def point(center: Any, dimension: int) -> Tensor:
    """The center as doubles (d,); InputError unless it has d numbers."""
    numbers = doubles(center)
    if numbers.shape != (dimension,):
        raise InputError(
            f"there are {dimension} inputs; the center needs as many numbers, not "
            f"{numbers.numel()}."
        )
    return numbers


def doubles(numbers: Any) -> Tensor:
    """A tensor, an array or a list as a tensor of doubles of its own."""
    if isinstance(numbers, Tensor):
        return _double(numbers).clone()
    return torch.tensor(np.asarray(numbers, dtype=float))


def _perceptron(network: Perceptron) -> Layers:
    hidden = (network.activation,) * (len(network.weights) - 1)
    if network.output == "linear":
        last, constant = network.weights[-1][:, 0], network.biases[-1][0]
        return Layers(network.weights[:-1], network.biases[:-1], hidden, last, constant)
    one, nothing = torch.ones(1), torch.zeros(())
    return Layers(network.weights, network.biases, (*hidden, "exp"), one, nothing)


def _potential(potential: Potential) -> Layers:
    """The network times its coefficients, as a function of all coordinates."""
    columns, basis = _on_coordinates(potential)
    coefficients = _double(potential.coefficients)
    if isinstance(basis, Perceptron):
        plain = _perceptron(basis)
        scale = coefficients[0]
        outer = (scale * plain.output, scale * plain.constant)
        layers = Layers(plain.weights, plain.biases, plain.activations, *outer)
    elif isinstance(basis, Network):
        hidden = ("tanh",) * len(basis.weights)
        weights, biases, names = _scaled(basis.scaling, basis.weights, basis.biases, hidden)
        layers = Layers(weights, biases, names, coefficients, torch.zeros(()))
    else:
        raise InputError(
            f"a {type(basis).__name__} is no network of layers; its derivatives along directions "
            f"are its `jets`."
        )
    return _reading(layers, columns, len(potential.features.coordinates))


def _on_coordinates(potential: Potential) -> tuple[list[int], Basis]:
    """Which coordinates a basis is a function of, and the basis; it may pick some of the features.

    Raises InputError where it is a function of anything but coordinates.
    """
    features, basis = potential.features, potential.basis
    chosen = tuple(range(len(features.names)))
    if isinstance(basis, Shared) and len(basis.groups) == 1:
        chosen, basis = basis.groups[0], basis.basis
    return [_coordinate(features, k) for k in chosen], basis


def _coordinate(features: Features, k: int) -> int:
    """Which coordinate the k-th feature is."""
    symbols = [symbol(name) for name in features.coordinates]
    if features.expressions[k] not in symbols:
        raise InputError(
            f"the network is a function of {features.names[k]} = {features.expressions[k]}, which "
            f"is no coordinate; its derivatives along directions are its `jets`."
        )
    return symbols.index(features.expressions[k])


def _scaled(
    scaling: Scaling,
    weights: tuple[Tensor, ...],
    biases: tuple[Tensor, ...],
    names: tuple[Names, ...],
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], tuple[Names, ...]]:
    """Layers with the scaling z = (2u - lo - hi)/(hi - lo) of u = x or log x in front."""
    lo, hi = _double(scaling.lo), _double(scaling.hi)
    first = _double(weights[0])
    bias = _double(biases[0]) - ((lo + hi) / (hi - lo)) @ first
    first = (2 / (hi - lo))[:, None] * first
    weights, biases = (first, *weights[1:]), (bias, *biases[1:])
    if not scaling.logarithmic.any():
        return weights, biases, names
    logarithms = tuple("log" if taken else "identity" for taken in scaling.logarithmic.tolist())
    d = len(lo)
    return (torch.eye(d), *weights), (torch.zeros(d), *biases), (logarithms, *names)


def _reading(layers: Layers, columns: list[int], dimension: int) -> Layers:
    """The same network as a function of all coordinates, of which it reads some columns."""
    if columns == list(range(dimension)):
        return layers
    chosen = torch.zeros(dimension, len(columns), dtype=torch.float64)
    chosen[columns, range(len(columns))] = 1.0
    first = chosen @ layers.weights[0]
    weights = (first, *layers.weights[1:])
    return Layers(weights, layers.biases, layers.activations, layers.output, layers.constant)


def _double(tensor: Tensor) -> Tensor:
    if tensor.dtype == torch.float64 and tensor.device.type == "cpu" and not tensor.requires_grad:
        return tensor
    return tensor.detach().to("cpu", torch.float64)
