"""The plain recipe: Adam on an ordinary network, the leading order subtracted, and again.

It shows the effect of arXiv:2009.03192: the Hessian of the first network is off by more than its
own size, that of the network trained on what the leading order leaves is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from systems.samples.values import ValueSamples
from training.learn.series import Perturbation
from training.optimise.watch import UNWATCHED, Monitor
from training.prepare.stencils import Array
from training.taylor import Layers, tensors

HIDDEN = (64, 64)
EPOCHS = 40
BATCH = 256
RATE = 4e-3
START = 1 / 25
HIGHEST = 2


def perturb_by_paper(
    samples: ValueSamples,
    *,
    orders: int = 2,
    seed: int = 0,
    epochs: int | None = None,
    monitor: Monitor = UNWATCHED,
) -> Perturbation:
    """Three GELU networks d-64-64-1, each trained on what the orders before it leave.

    Iteration 0 learns y; iteration 1 y again, its gradient J is subtracted; iteration 2 y - J·x,
    weighted by 1/scale², whose gradient corrects J and whose Hessian is H. The loss is the mean
    absolute error relative to scale^k, by Adam with a rate that rises to 4e-3 and falls again.
    """
    epochs = EPOCHS if epochs is None else epochs
    highest = min(orders, HIGHEST)
    history: list[float] = []

    def told(loss: float) -> None:
        history.append(loss)
        monitor.update(len(history), 3 * epochs, loss)

    first = _network(samples, seed, epochs, told)
    _, before = _derivatives(first, 2)
    second = _network(samples, seed + 1, epochs, told)
    (slope,) = _derivatives(second, 1)
    left = ValueSamples(samples.x, samples.y - samples.x @ slope, samples.scale**2)
    third = _network(left, seed + 2, epochs, told)
    correction, after = _derivatives(third, 2)
    found = (slope + correction, after)[:highest]
    return Perturbation(found, (), tuple(history), 3 * sum(HIDDEN), before)


def _network(
    samples: ValueSamples, seed: int, epochs: int, told: Callable[[float], None]
) -> Layers:
    """One network N(x) - N(0), trained on y/scale."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.from_numpy(samples.x)
    wanted = torch.from_numpy(samples.y / samples.scale)
    size = float(wanted.square().mean().sqrt())
    wanted = wanted / size
    scale = torch.from_numpy(1 / samples.scale)
    parameters = _start(inputs.shape[1], generator)
    batches = max(1, len(inputs) // BATCH)
    optimizer = torch.optim.Adam(parameters, lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=epochs * batches, div_factor=1 / START
    )
    nothing = torch.zeros(1, inputs.shape[1], dtype=torch.float64)
    for _ in range(epochs):
        order = torch.randperm(len(inputs), generator=generator)
        for batch in range(batches):
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            output = _value(parameters, inputs[chosen]) - _value(parameters, nothing)
            # The network is in units of y: its values are divided by the weights as y is.
            loss = (output * scale[chosen] - wanted[chosen]).abs().mean()
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
        told(float(loss.detach()))
    return _layers([parameter.detach() for parameter in parameters], size)


def _start(inputs: int, generator: torch.Generator) -> list[Tensor]:
    sizes = (inputs, *HIDDEN)
    parameters = []
    for before, after in pairwise(sizes):
        weight = torch.randn(before, after, generator=generator, dtype=torch.float64)
        bias = 0.5 * torch.randn(after, generator=generator, dtype=torch.float64)
        parameters += [weight / math.sqrt(before), bias]
    last = torch.randn(sizes[-1], generator=generator, dtype=torch.float64)
    parameters.append(last / math.sqrt(sizes[-1]))
    return [parameter.requires_grad_(True) for parameter in parameters]


def _value(parameters: list[Tensor], x: Tensor) -> Tensor:
    first, bias, second, other, output = parameters
    hidden = torch.nn.functional.gelu(x @ first + bias)
    hidden = torch.nn.functional.gelu(hidden @ second + other)
    return hidden @ output


def _layers(parameters: list[Tensor], size: float) -> Layers:
    first, bias, second, other, output = parameters
    activations = ("gelu", "gelu")
    constant = torch.zeros((), dtype=torch.float64)
    return Layers((first, second), (bias, other), activations, size * output, constant)


def _derivatives(network: Layers, highest: int) -> tuple[Array, ...]:
    origin = torch.zeros(network.inputs, dtype=torch.float64)
    return tuple(tensor.numpy() for tensor in tensors(network, origin, highest))
