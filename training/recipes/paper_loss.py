"""The loss of the paper's descents, batch by batch: by torch, or by a loop that is compiled.

mean_{i,a} ((p_{i+1,a} - p_{i,a})/h + dV/dq_a(q_i))^2
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from training import processes
from training.bases.perceptron import Perceptron
from training.prepare.selection import Indices
from training.rows.trajectories import ForceRows, stretch

if TYPE_CHECKING:
    from training.compiled.force_matching import Loop, Points

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


class Place(NamedTuple):
    """A batch of a stage, and the activation that it is taken with."""

    stage: int
    batch: int
    activation: str


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

    def prepare(self, step: int) -> Place:
        """Where in the data a step is, and by which activation."""
        stage = step * len(self.stages) // self.steps
        activation = self.activations[0] if step < self.change else self.activations[-1]
        return Place(stage, step % len(self.stages[stage]), activation)

    def parts(self, flat: Tensor, kind: Place) -> Iterator[Tensor]:
        """The loss of a batch, of few enough samples each."""
        batch = self.stages[kind.stage][kind.batch]
        current = replace(self.network.with_parameters(flat), activation=kind.activation)
        parts = (
            torch.split(part, SAMPLES_AT_ONCE) for part in (batch.x, batch.jacobian, batch.force)
        )
        for x, jacobian, force in zip(*parts, strict=True):
            x = x.detach().requires_grad_(True)
            (slope,) = torch.autograd.grad(current.values(x).sum(), x, create_graph=True)
            gradient = (jacobian * slope[:, None, :]).sum(dim=2)
            yield (gradient - force).square().sum() / batch.total

    def __call__(self, flat: Tensor, step: int) -> Iterator[Tensor]:
        return self.parts(flat, self.prepare(step))

    def compiled(self) -> CompiledLoss | None:
        """The same by a compiled loop, or on a GPU by one kernel, where there is one."""
        from training.compiled.force_matching import Points
        from training.compiled.loops import loop

        loops = {
            name: loop(replace(self.network, activation=name)) for name in set(self.activations)
        }
        known = {name: found for name, found in loops.items() if found is not None}
        if len(known) < len(loops):
            return None
        points = [
            [Points.shared(batch.x, batch.jacobian, batch.force) for batch in stage]
            for stage in self.stages
        ]
        return CompiledLoss(self, known, points)


@dataclass(frozen=True, eq=False)
class CompiledLoss:
    """What ``plain`` is, by a loop for each activation, of each batch's points."""

    plain: PaperLoss
    loops: Mapping[str, Loop]
    points: Sequence[Sequence[Sequence[Points]]]

    def prepare(self, step: int) -> Place:
        """Where in the data a step is, and by which activation."""
        return self.plain.prepare(step)

    def parts(self, flat: Tensor, kind: Place) -> list[Tensor]:
        """The loss of a batch."""
        total = self.plain.stages[kind.stage][kind.batch].total
        points = self.points[kind.stage][kind.batch]
        return [self.loops[kind.activation](flat, points, 1 / total)]

    def __call__(self, flat: Tensor, step: int) -> list[Tensor]:
        return self.parts(flat, self.prepare(step))
