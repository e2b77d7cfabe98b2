"""The plain recipe: Adam on an ordinary network, the leading order subtracted, and again.

It shows the effect of arXiv:2009.03192: the Hessian of the first network is off by more than its
own size, that of the network trained on what the leading order leaves is not.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from systems.errors import InputError, damage
from systems.samples.values import ValueSamples
from training.bases.perceptron import Perceptron
from training.learn.series import Perturbation
from training.optimise.checkpoint import Progress, matching
from training.optimise.moments import remembered, take_up
from training.optimise.watch import UNWATCHED, Monitor
from training.prepare.stencils import Array
from training.taylor import Layers, tensors

HIDDEN = (64, 64)
EPOCHS = 40
BATCH = 256
RATE = 4e-3
START = 1 / 25
HIGHEST = 2
NETWORKS = 3


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
    course = _Course.taken_up(monitor, epochs)
    first = course.network(samples, seed)
    _, before = _derivatives(first, 2)
    second = course.network(samples, seed + 1)
    (slope,) = _derivatives(second, 1)
    left = ValueSamples(samples.x, samples.y - samples.x @ slope, samples.scale**2)
    third = course.network(left, seed + 2)
    correction, after = _derivatives(third, 2)
    found = (slope + correction, after)[:highest]
    return Perturbation(found, (), tuple(course.history), NETWORKS * sum(HIDDEN), before)


@dataclass
class _Course:
    """The training of one network after the other, kept after each epoch.

    ``trained`` holds the weights of networks that are done, ``memory`` what is kept of the one
    under way, until that is taken up.
    """

    monitor: Monitor
    epochs: int
    history: list[float] = field(default_factory=list)
    trained: list[Tensor] = field(default_factory=list)
    given: int = 0
    memory: Mapping[str, Any] = field(default_factory=dict)
    weights: Tensor | None = None

    @staticmethod
    def taken_up(monitor: Monitor, epochs: int) -> _Course:
        """The course that goes on from the checkpoint, or begins where that holds nothing.

        Raises InputError for one that was to last for another number of epochs: the rate of every
        step depends on it.
        """
        kept = monitor.progress
        if kept is None:
            return _Course(monitor, epochs)
        memory = kept.memory
        with damage("the checkpoint"):
            due, trained = operator.index(memory["epochs"]), list(memory["trained"])
        if due != epochs:
            raise InputError(
                f"the checkpoint is of {due} epochs, not {epochs}; go on with as many, or start "
                f"anew."
            )
        return _Course(monitor, epochs, list(kept.history), trained, 0, memory, kept.parameters)

    def network(self, samples: ValueSamples, seed: int) -> Layers:
        """The next network N(x) - N(0), trained on y/scale, or as it was kept."""
        wanted = torch.from_numpy(samples.y / samples.scale)
        size = float(wanted.square().mean().sqrt())
        generator = torch.Generator().manual_seed(seed)
        start = _start(samples.x.shape[1], generator)
        if self.given < len(self.trained):
            with damage("the checkpoint"):
                weights = matching(self.trained[self.given], start.parameters())
        else:
            weights = self._trained(start, samples, wanted / size, generator)
            self.trained.append(weights)
        self.given += 1
        layers = Layers.of(start.with_parameters(weights))
        return replace(layers, output=size * layers.output)

    def _trained(
        self,
        network: Perceptron,
        samples: ValueSamples,
        wanted: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """The weights that the training ends at, from where it was kept."""
        weights = network.parameters().requires_grad_(True)
        inputs = torch.from_numpy(samples.x)
        scale = torch.from_numpy(1 / samples.scale)
        batches = max(1, len(inputs) // BATCH)
        optimizer = torch.optim.Adam([weights], lr=RATE)
        total = self.epochs * batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, RATE, total_steps=total, div_factor=1 / START
        )
        began = 0
        if self.weights is not None:
            with damage("the checkpoint"):
                with torch.no_grad():
                    weights.copy_(matching(self.weights, weights))
                began = operator.index(self.memory["epoch"])
                generator.set_state(self.memory["generator"])
                take_up(optimizer, schedule, self.memory)
                if (schedule.last_epoch, schedule.total_steps) != (began * batches, total):
                    raise ValueError("its epochs are not those of its schedule")
            self.weights = None
        nothing = torch.zeros(1, inputs.shape[1], dtype=torch.float64)
        for epoch in range(began, self.epochs):
            order = torch.randperm(len(inputs), generator=generator)
            for batch in range(batches):
                chosen = order[batch * BATCH : (batch + 1) * BATCH]
                current = network.with_parameters(weights)
                output = (current.values(inputs[chosen]) - current.values(nothing))[:, 0]
                # The network is in units of y: its values are divided by the weights as y is.
                loss = (output * scale[chosen] - wanted[chosen]).abs().mean()
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
                schedule.step()
            self.history.append(float(loss.detach()))
            memory = {
                "epochs": self.epochs,
                "epoch": epoch + 1,
                "trained": list(self.trained),
                "generator": generator.get_state(),
                **remembered(optimizer, schedule),
            }
            self.monitor.keep(Progress(weights.detach().clone(), tuple(self.history), memory))
            self.monitor.update(len(self.history), NETWORKS * self.epochs, self.history[-1])
        return weights.detach()


def _start(inputs: int, generator: torch.Generator) -> Perceptron:
    """Normal weights of variance 1/inputs of a layer; normal biases, σ = ½, and none at last."""
    weights, biases = [], []
    for before, after in pairwise((inputs, *HIDDEN)):
        weight = torch.randn(before, after, generator=generator, dtype=torch.float64)
        weights.append(weight / math.sqrt(before))
        biases.append(0.5 * torch.randn(after, generator=generator, dtype=torch.float64))
    last = torch.randn(HIDDEN[-1], 1, generator=generator, dtype=torch.float64)
    weights.append(last / math.sqrt(HIDDEN[-1]))
    return Perceptron(tuple(weights), (*biases, torch.zeros(1, dtype=torch.float64)), "gelu")


def _derivatives(network: Layers, highest: int) -> tuple[Array, ...]:
    origin = torch.zeros(network.inputs, dtype=torch.float64)
    return tuple(tensor.numpy() for tensor in tensors(network, origin, highest))
