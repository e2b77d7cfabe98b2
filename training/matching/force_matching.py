"""The loss of a perceptron's forces with its gradient, compiled: `force_matching.cpp`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ctypes import CDLL, c_double, c_int64, c_void_p
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, ClassVar, Final

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from training.bases.perceptron import Perceptron
from training.matching.compiler import library

ACTIVATIONS: Final = {"tanh": "Tanh", "softplus": "Softplus", "elu": "Elu"}
REALS: Final = {torch.float32: "float", torch.float64: "double"}

ALONE: Final = 2048
"""Fewer points than this a thread are done sooner than it is woken."""


@dataclass(frozen=True, eq=False)
class Points:
    """Places x (f, n), dx/dq (d, f, n), None for the identity, and dV/dq (d, n), as the loop wants
    them: contiguous, the points last.
    """

    x: Tensor
    jacobian: Tensor | None
    force: Tensor

    @staticmethod
    def of(x: Tensor, jacobian: Tensor, force: Tensor) -> Points:
        """From x (n, f), dx/dq (n, d, f) and dV/dq (n, d)."""
        d, f = jacobian.shape[1:]
        same = d == f and bool((jacobian == torch.eye(d).to(jacobian)).all())
        turned = None if same else jacobian.permute(1, 2, 0).contiguous()
        return Points(x.T.contiguous(), turned, force.T.contiguous())

    @staticmethod
    def shared(x: Tensor, jacobian: Tensor, force: Tensor) -> tuple[Points, ...]:
        """The same in parts of `ALONE` points at least, one for each of torch's threads, or for a
        GPU."""
        threads = 1 if x.is_cuda else torch.get_num_threads()
        count = max(1, min(threads, len(x) // ALONE))
        parts = (part.tensor_split(count) for part in (x, jacobian, force))
        return tuple(Points.of(*own) for own in zip(*parts, strict=True))

    def between(self, first: int, end: int) -> Points:
        """Those of a stretch."""
        turned = None if self.jacobian is None else self.jacobian[..., first:end]
        return Points(self.x[:, first:end], turned, self.force[:, first:end])


class Loop(ABC):
    """A loss of a perceptron's forces whose gradient comes with it; ``told`` says what is compiled,
    if anything is."""

    told: ClassVar[str] = ""

    @abstractmethod
    def with_gradient(
        self, parameters: Tensor, points: Sequence[Points], scale: float
    ) -> tuple[Tensor, Tensor]:
        """The loss, a scalar, and its gradient (P,)."""

    def __call__(self, parameters: Tensor, points: Sequence[Points], scale: float) -> Tensor:
        """The loss, a scalar, once differentiable in the parameters (P,)."""
        loss: Tensor = _Loss.apply(parameters, self, points, scale)  # type: ignore[no-untyped-call]
        return loss


@dataclass(frozen=True, eq=False)
class Matching(Loop):
    """scale Σ_i |J_i ∇V(x_i) - F_i|² as a function of a perceptron's weights, in torch's graph.

    V is the one output of a perceptron; the threads are as many as torch's.

    >>> network = Perceptron.glorot(1, (4,), seed=0)
    >>> x = torch.ones(3, 1)
    >>> loss = Matching.of(network)
    >>> loss is None or loss(network.parameters(), Points.shared(x, x[:, None], x), 1.0).ndim == 0
    True
    """

    widths: Tensor
    exponentiated: bool
    library: CDLL
    told: ClassVar[str] = "a loop compiled for this processor"

    @staticmethod
    def of(network: Perceptron) -> Matching | None:
        """None where nothing can be compiled: no compiler, another activation, a GPU."""
        weights = network.weights
        known = network.activation in ACTIVATIONS and weights[0].dtype in REALS
        if not known or network.size != 1 or len(weights) < 2 or weights[0].device.type != "cpu":
            return None
        real, activation = REALS[weights[0].dtype], ACTIVATIONS[network.activation]
        found = library("force_matching.cpp", (("REAL", real), ("ACTIVATION", activation)))
        if found is None:
            return None
        found.loss_and_gradient.restype = c_double
        widths = [weights[0].shape[0], *(weight.shape[1] for weight in weights[:-1])]
        return Matching(torch.tensor(widths), network.output == "exp", found)

    def with_gradient(
        self, parameters: Tensor, points: Sequence[Points], scale: float
    ) -> tuple[Tensor, Tensor]:
        """The loss and its gradient (P,); a thread for each part of the points."""
        if len(points) == 1:
            loss, gradient = self._part(parameters, points[0], scale)
            return gradient.new_tensor(loss), gradient
        whole = partial(self._part, parameters, scale=scale)
        # Added up in their order, so that it does not matter which is done first.
        losses, gradients = zip(*_threads(len(points)).map(whole, points), strict=True)
        return gradients[0].new_tensor(sum(losses)), torch.stack(gradients).sum(dim=0)

    def _part(self, parameters: Tensor, points: Points, scale: float) -> tuple[float, Tensor]:
        parameters = parameters.detach().contiguous()
        gradient = torch.empty_like(parameters)
        loss = self.library.loss_and_gradient(
            _address(self.widths),
            c_int64(len(self.widths) - 1),
            c_int64(self.exponentiated),
            _address(parameters),
            c_int64(points.x.shape[1]),
            c_int64(len(points.force)),
            _address(points.x),
            _address(points.jacobian),
            _address(points.force),
            c_double(scale),
            _address(gradient),
        )
        return loss, gradient


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, parameters: Tensor, loop: Loop, points: Sequence[Points], scale: float
    ) -> Tensor:
        loss, gradient = loop.with_gradient(parameters, points, scale)
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, above: Tensor) -> tuple[Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return above * gradient, None, None, None


@lru_cache
def _threads(count: int) -> ThreadPoolExecutor:
    """Threads that wait for the next step."""
    return ThreadPoolExecutor(count)


def _address(tensor: Tensor | None) -> c_void_p:
    return c_void_p(None if tensor is None else tensor.data_ptr())
