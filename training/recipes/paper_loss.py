"""The loss of the paper's descents, batch by batch.

mean_{i,a} ((p_{i+1,a} - p_{i,a})/h + dV/dq_a(q_i))^2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from training import processes
from training.bases.perceptron import Perceptron
from training.matching.force_matching import Loop, Points
from training.matching.loops import loop
from training.prepare.selection import Indices
from training.rows.trajectories import ForceRows, stretch


@dataclass(frozen=True)
class Batch:
    """This process's share of a batch of ``total`` numbers, the forward differences -dp/dt."""

    points: Sequence[Points]
    total: int

    @staticmethod
    def share(x: Tensor, jacobian: Tensor, force: Tensor) -> Batch:
        """This process's share of samples x (n, f), dx/dq (n, d, f) and -dp/dt (n, d)."""
        own = stretch(len(x), processes.number(), processes.count())
        return Batch(Points.shared(x[own], jacobian[own], force[own]), force.numel())


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
    """The loss of a step's batch as a function of the flat weights, by a loop for each activation.

    Every stage has an equal share of all steps. The first activation has those before ``change``,
    the last one the others.
    """

    loops: Mapping[str, Loop]
    stages: Sequence[Sequence[Batch]]
    steps: int
    change: int

    @staticmethod
    def of(
        network: Perceptron,
        activations: Sequence[str],
        stages: Sequence[Sequence[Batch]],
        steps: int,
        change: int,
    ) -> PaperLoss:
        """By the quickest loops that there are here for the network with these activations."""
        loops = {name: loop(replace(network, activation=name)) for name in activations}
        return PaperLoss(loops, stages, steps, change)

    @property
    def told(self) -> str:
        """What is compiled, if anything is."""
        return next(iter(self.loops.values())).told

    def prepare(self, step: int) -> Place:
        """Where in the data a step is, and by which activation."""
        stage = step * len(self.stages) // self.steps
        activations = tuple(self.loops)
        activation = activations[0] if step < self.change else activations[-1]
        return Place(stage, step % len(self.stages[stage]), activation)

    def parts(self, flat: Tensor, kind: Place) -> list[Tensor]:
        """The loss of a batch."""
        batch = self.stages[kind.stage][kind.batch]
        return [self.loops[kind.activation](flat, batch.points, 1 / batch.total)]

    def __call__(self, flat: Tensor, step: int) -> list[Tensor]:
        return self.parts(flat, self.prepare(step))
