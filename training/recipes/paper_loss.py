"""The loss of the paper's descents, batch by batch: by torch, or by a loop that is compiled.

mean_{i,a} ((p_{i+1,a} - p_{i,a})/h + dV/dq_a(q_i))^2
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from training import processes
from training.bases.perceptron import Perceptron
from training.optimise.gradient import Loss
from training.prepare.selection import Indices
from training.rows.trajectories import ForceRows, stretch

SAMPLES_AT_ONCE = 12_500
"""Samples whose graph is in memory at a time: few enough that it stays in the cache."""


@dataclass(frozen=True)
class Batch:
    """Samples x (n, f), dx/dq (n, d, f) and the forward difference -dp/dt (n, d): this process's
    share of a batch of ``total`` numbers."""

    x: Tensor
    jacobian: Tensor
    force: Tensor
    total: int

    @staticmethod
    def share(x: Tensor, jacobian: Tensor, force: Tensor) -> Batch:
        """This process's share of one."""
        own = stretch(len(x), processes.number(), processes.count())
        return Batch(x[own], jacobian[own], force[own], force.numel())


def batches(forward: ForceRows, chosen: Indices, size: int | None) -> list[Batch]:
    """The samples of ``size`` trajectories after the other; one batch of all without a size."""
    lengths = [len(index) for index in chosen]
    size = size or len(lengths)
    counts = [sum(lengths[first : first + size]) for first in range(0, len(lengths), size)]
    x, jacobian, force = (
        torch.split(part, counts) for part in (forward.x[0], forward.jacobian[0], forward.force)
    )
    return [Batch.share(*parts) for parts in zip(x, jacobian, force, strict=True)]


@dataclass(frozen=True, eq=False)
class PaperLoss:
    """The loss of a step's batch, in parts, of the flat weights: by torch's double backward.

    Every stage has an equal share of all steps. The first activation has those before ``change``,
    the last one the others.
    """

    network: Perceptron
    stages: Sequence[Sequence[Batch]]
    steps: int
    activations: Sequence[str]
    change: int

    def place(self, step: int) -> tuple[int, int]:
        """The stage of a step, and its batch there."""
        stage = step * len(self.stages) // self.steps
        return stage, step % len(self.stages[stage])

    def activation(self, step: int) -> str:
        """Whose turn it is."""
        return self.activations[0] if step < self.change else self.activations[-1]

    def __call__(self, flat: Tensor, step: int) -> Iterator[Tensor]:
        stage, number = self.place(step)
        batch = self.stages[stage][number]
        current = replace(self.network.with_parameters(flat), activation=self.activation(step))
        parts = (
            torch.split(part, SAMPLES_AT_ONCE) for part in (batch.x, batch.jacobian, batch.force)
        )
        for x, jacobian, force in zip(*parts, strict=True):
            x = x.detach().requires_grad_(True)
            (slope,) = torch.autograd.grad(current.values(x).sum(), x, create_graph=True)
            gradient = (jacobian * slope[:, None, :]).sum(dim=2)
            yield (gradient - force).square().sum() / batch.total

    def compiled(self) -> Loss | None:
        """The same by a compiled loop, where there is one."""
        from training.compiled.force_matching import Matching, Points

        loops = {
            name: Matching.of(replace(self.network, activation=name)) for name in self.activations
        }
        if not all(loops.values()):
            return None
        points = [
            [Points.shared(batch.x, batch.jacobian, batch.force) for batch in stage]
            for stage in self.stages
        ]

        def loss(flat: Tensor, step: int) -> list[Tensor]:
            stage, number = self.place(step)
            loop = loops[self.activation(step)]
            assert loop is not None, "there is one for each activation"
            return [loop(flat, points[stage][number], 1 / self.stages[stage][number].total)]

        return loss
