"""The loss of a perceptron's forces with its gradient by torch's own operations, anywhere.

The four passes of `force_matching.cpp`, a stretch of points after the other so that what passes
between them stays in the cache: a double backward pass of the same costs twice as much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from training.bases.perceptron import Perceptron
from training.matching.force_matching import Loop, Points

TOGETHER: Final = {"cpu": 2048, "cuda": 1 << 20}
"""Points of a stretch: few enough for a core's cache, or for a GPU's memory."""

Values = Callable[[Tensor, Tensor], Tensor]
Bend = Callable[[Tensor, Tensor, Tensor], Tensor]


def _tanh(z: Tensor, slope: Tensor) -> Tensor:
    # By the logistic function, of which torch has the quicker loop.
    value = z.mul_(2).sigmoid_().mul_(2).sub_(1)
    torch.addcmul(value.new_ones(()), value, value, value=-1, out=slope)
    return value


def _softplus(z: Tensor, slope: Tensor) -> Tensor:
    torch.sigmoid(z, out=slope)
    return functional.softplus(z)


def _elu(z: Tensor, slope: Tensor) -> Tensor:
    torch.clamp(z, max=0, out=slope).exp_()
    return functional.elu_(z)


def _tanh_bend(value: Tensor, slope: Tensor, to: Tensor) -> Tensor:
    return torch.mul(value, -2, out=to)


def _softplus_bend(value: Tensor, slope: Tensor, to: Tensor) -> Tensor:
    return torch.sub(slope.new_ones(()), slope, out=to)


def _elu_bend(value: Tensor, slope: Tensor, to: Tensor) -> Tensor:
    return to.copy_(value < 0)


KNOWN: Final[dict[str, tuple[Values, Bend]]] = {
    "tanh": (_tanh, _tanh_bend),
    "softplus": (_softplus, _softplus_bend),
    "elu": (_elu, _elu_bend),
}
"""Of z, which may be overwritten, the values of an activation s, its slopes beside; from both
s''/s'."""


class _Room:
    """What the passes over a hidden layer leave behind, each (units, points)."""

    def __init__(self, bias: Tensor, points: int) -> None:
        shape = (len(bias), points)
        self.value, self.slope, self.adjoint, self.tangent, self.bent = (
            bias.new_empty(shape) for _ in range(5)
        )


class InTorch(Loop):
    """`force_matching.Matching` without anything compiled.

    >>> network = Perceptron.glorot(1, (4,), seed=0)
    >>> x = torch.ones(3, 1)
    >>> InTorch(network)(network.parameters(), Points.shared(x, x[:, None], x), 1.0).ndim
    0
    """

    def __init__(self, network: Perceptron) -> None:
        self.network = network
        # Kept from step to step, for memory that is new costs more than what is done in it.
        self._rooms: dict[int, list[_Room]] = {}

    def with_gradient(
        self, parameters: Tensor, points: Sequence[Points], scale: float
    ) -> tuple[Tensor, Tensor]:
        """The loss and its gradient (P,)."""
        passes = _Passes(self.network.with_parameters(parameters.detach()), scale)
        together = TOGETHER[parameters.device.type]
        for part in points:
            for first in range(0, part.x.shape[1], together):
                stretch = part.between(first, first + together)
                passes.add(stretch, self._room(stretch.x.shape[1]))
        return scale * passes.loss, torch.cat([sums.flatten() for sums in passes.gradient])

    def _room(self, points: int) -> list[_Room]:
        if points not in self._rooms:
            biases = self.network.biases[:-1]
            self._rooms[points] = [_Room(bias, points) for bias in biases]
        return self._rooms[points]


class _Passes:
    """The four passes over the layers, and the sums of what they find over the stretches."""

    def __init__(self, network: Perceptron, scale: float) -> None:
        *self.weights, self.out = network.weights
        *self.biases, self.out_bias = network.biases
        self.exponentiated = network.output == "exp"
        self.values, self.bend = KNOWN[network.activation]
        self.scale = scale
        self.loss = self.out.new_zeros(())
        self.gradient = [torch.zeros_like(each) for each in (*network.weights, *network.biases)]

    def add(self, points: Points, rooms: Sequence[_Room]) -> None:
        """The loss of these points, and its gradient."""
        self._forward(points.x, rooms)
        uphill = self._back(rooms)
        top = rooms[-1].value
        potential = torch.exp(self.out.T @ top + self.out_bias) if self.exponentiated else 1
        missed = _turned(points.jacobian, uphill) * potential - points.force
        self.loss += missed.square().sum()
        along = _along(points.jacobian, missed) * (2 * self.scale * potential)
        self._tangents(along, rooms)
        self._output(rooms[-1], (along * uphill).sum(dim=0))
        self._adjoints(points.x, along, rooms)

    def _forward(self, x: Tensor, rooms: Sequence[_Room]) -> None:
        """The values and slopes of all layers."""
        below = x
        for weight, bias, room in zip(self.weights, self.biases, rooms, strict=True):
            torch.addmm(bias[:, None], weight.T, below, out=room.value)
            below = room.value = self.values(room.value, room.slope)

    def _back(self, rooms: Sequence[_Room]) -> Tensor:
        """dy/dz of all layers; dy/dx."""
        above = torch.mul(self.out, rooms[-1].slope, out=rooms[-1].adjoint)
        for weight, room in zip(self.weights[:0:-1], rooms[-2::-1], strict=True):
            above = torch.mm(weight, above, out=room.adjoint).mul_(room.slope)
        return self.weights[0] @ above

    def _tangents(self, along: Tensor, rooms: Sequence[_Room]) -> None:
        """Forward along a direction; what bends a tangent is put by for the way back."""
        below = along
        for weight, room in zip(self.weights, rooms, strict=True):
            tangent = torch.mm(weight.T, below, out=room.tangent)
            self.bend(room.value, room.slope, room.bent).mul_(room.adjoint).mul_(tangent)
            below = tangent.mul_(room.slope)

    def _output(self, top: _Room, rate: Tensor) -> None:
        """The gradient in the output's weights; where it is exp(y), y itself has an adjoint."""
        sums = self.gradient[len(self.weights)]
        sums[:, 0] += top.tangent.sum(dim=1)
        if self.exponentiated:
            sums[:, 0] += top.value @ rate
            self.gradient[-1] += rate.sum()
            top.bent.addcmul_(top.slope, self.out * rate)

    def _adjoints(self, x: Tensor, along: Tensor, rooms: Sequence[_Room]) -> None:
        """Back: the adjoints of values and tangents, and the gradient in the weights."""
        layers = len(rooms)
        for layer in range(layers - 1, -1, -1):
            room = rooms[layer]
            below = rooms[layer - 1] if layer else None
            value, tangent = (x, along) if below is None else (below.value, below.tangent)
            self.gradient[layer].addmm_(value, room.bent.T).addmm_(tangent, room.adjoint.T)
            self.gradient[layers + 1 + layer] += room.bent.sum(dim=1)
            if below is not None:
                # The value below has done its work.
                reached = torch.mm(self.weights[layer], room.bent, out=below.value)
                below.bent.addcmul_(below.slope, reached)


def _turned(jacobian: Tensor | None, uphill: Tensor) -> Tensor:
    """J dy/dx (d, n)."""
    return uphill if jacobian is None else (jacobian * uphill).sum(dim=1)


def _along(jacobian: Tensor | None, missed: Tensor) -> Tensor:
    """Jᵀ of what is missed, (f, n)."""
    return missed if jacobian is None else (jacobian * missed[:, None]).sum(dim=0)
