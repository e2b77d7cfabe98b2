"""A network from a phase shift and a box to the energy levels in it, trained in minibatches.

    q_n² = mean_n + spread_n N_n(inputs),   E_n = 2 √(m² + (2πħc q_n/L)²),   loss = mean (E - E_n)²

Each level is predicted as its q², whose mean and spread over the data leave the network numbers of
order one; the loss is in MeV², so that every level counts as it does in the end.

Source: Y. Lu et al., CPC 48 (2024) 073101: softplus, mean squares, trained on two models; the
variables q² and the grid of q are our own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from systems.errors import InputError
from systems.physics.finite_volume.level_samples import LevelSamples
from systems.physics.finite_volume.models import HBARC, PION_MASS
from systems.physics.finite_volume.wave_numbers import squared_wave_number
from training import processes
from training.bases.perceptron import Perceptron
from training.device import choose
from training.learn.levels.inputs import Inputs
from training.optimise.gradient import descend
from training.optimise.rules import cosine_adamw
from training.optimise.watch import UNWATCHED, Monitor
from training.prepare.stencils import Array
from training.rows.trajectories import stretch

LOWEST_ENERGY = 10.0
"""MeV: what is predicted where a level's q² is so low that it has no energy."""

AT_ONCE = 20_000


@dataclass(frozen=True)
class LevelSettings:
    """How the network is trained.

    hidden        widths of the softplus layers
    batch, steps  of AdamW with a cosine schedule
    rate          the largest step size
    """

    hidden: tuple[int, ...] = (128, 128, 128)
    batch: int = 256
    steps: int = 45_000
    rate: float = 4e-3


@dataclass(frozen=True, eq=False)
class LevelNetwork:
    """E_n (n, levels) in MeV of phase shifts (n, K) and boxes (n,) in fm, as trained.

    ``inputs`` is what the perceptron is shown, ``mean`` and ``spread`` (levels,) those of q²;
    ``history`` the loss in MeV² along the training of so many ``steps``.
    """

    inputs: Inputs
    perceptron: Perceptron
    mean: Array
    spread: Array
    history: tuple[float, ...] = field(default=(), repr=False)
    steps: int = 0

    @property
    def neurons(self) -> int:
        """Hidden units."""
        return self.perceptron.hidden_units

    def __call__(self, phases: Array, boxes: Array) -> Array:
        """The levels, lowest first."""
        levels = np.empty((len(phases), len(self.mean)))
        for first in range(0, len(phases), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            levels[part] = self._levels(phases[part], boxes[part])
        return levels

    def _levels(self, phases: Array, boxes: Array) -> Array:
        weights = self.perceptron.weights[0]
        shown = torch.from_numpy(self.inputs(phases, boxes)).to(weights)
        with torch.no_grad():
            scaled = self.perceptron.values(shown).cpu().double().numpy()
        q2 = self.mean + self.spread * scaled
        square = PION_MASS**2 + q2 * ((2 * np.pi * HBARC) / boxes[:, None]) ** 2
        return np.asarray(2 * np.sqrt(np.maximum(square, (LOWEST_ENERGY / 2) ** 2)))

    def state(self) -> dict[str, Any]:
        """Everything of it, as plain values and tensors."""
        return {
            "kind": self.inputs.kind,
            "energies": torch.from_numpy(self.inputs.energies),
            "mean": torch.from_numpy(self.mean),
            "spread": torch.from_numpy(self.spread),
            **self.perceptron.state(),
        }

    @staticmethod
    def of_state(state: dict[str, Any]) -> LevelNetwork:
        """The network whose `state` it is; raises InputError for another one's."""
        try:
            # What version 0.1 has written does not name the activation.
            perceptron = Perceptron.restored({"activation": "softplus", "output": "linear"} | state)
            inputs = Inputs(state["energies"].numpy(), state["kind"])
            mean, spread = state["mean"].numpy(), state["spread"].numpy()
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"these weights are of no network of levels ({error}).") from error
        return LevelNetwork(inputs, perceptron, mean, spread)


def learn_levels(
    samples: Sequence[LevelSamples],
    *,
    kind: str = "grid",
    settings: LevelSettings | None = None,
    seed: int = 0,
    device: str = "cpu",
    monitor: Monitor = UNWATCHED,
) -> LevelNetwork:
    """Train on the levels of one model or several, in single precision.

    The same for the same seed on the same device. ``kind`` is what the network is shown: see
    `Inputs`. The loss that the monitor is told is in MeV².
    Raises InputError for an unknown kind or device, and when the loss is no longer finite.
    """
    settings = settings or LevelSettings()
    where = choose(device)
    inputs = Inputs(samples[0].energies, kind)
    boxes = np.concatenate([part.boxes for part in samples])[:, None]
    levels = np.concatenate([part.levels for part in samples])
    q2 = squared_wave_number(levels) * (boxes / (2 * np.pi)) ** 2
    mean, spread = q2.mean(axis=0), q2.std(axis=0)
    shown = _single(
        np.concatenate([inputs(part.phases[part.system], part.boxes) for part in samples]), where
    )
    network = Perceptron.glorot(
        inputs.size, settings.hidden, seed, activation="softplus", outputs=len(mean)
    ).to(shown)
    wanted = _Wanted(
        levels=_single(levels, where),
        unit=_single((2 * np.pi * HBARC / boxes) ** 2, where),
        mean=_single(mean, where),
        spread=_single(spread, where),
    )
    order = _Order(len(levels), settings.batch, seed, where)
    loss = LevelLoss(network, shown, wanted, order)
    done = descend(
        loss,
        network.parameters(),
        cosine_adamw(settings.rate, settings.steps),
        settings.steps,
        monitor,
        shared=True,
    )
    trained = network.with_parameters(done.parameters)
    return LevelNetwork(inputs, trained, mean, spread, done.history, done.steps)


@dataclass(frozen=True, eq=False)
class _Wanted:
    """Energies (n, levels) in MeV, (2πħc/L)² (n, 1), and the mean and spread (levels,) of q²."""

    levels: Tensor
    unit: Tensor
    mean: Tensor
    spread: Tensor

    def missed(self, scaled: Tensor, chosen: Tensor) -> Tensor:
        """Mean squares in MeV² of the network's outputs at the chosen samples."""
        square = PION_MASS**2 + (self.mean + self.spread * scaled) * self.unit[chosen]
        predicted = 2 * square.clamp(min=(LOWEST_ENERGY / 2) ** 2).sqrt()
        return (predicted - self.levels[chosen]).square().mean()


@dataclass(frozen=True, eq=False)
class LevelLoss:
    """The loss of a step's minibatch: every step does the same with another one."""

    network: Perceptron
    shown: Tensor
    wanted: _Wanted
    order: _Order

    def prepare(self, step: int) -> None:
        """Choose the batch."""
        self.order.choose(step)

    def parts(self, flat: Tensor, kind: object = None) -> list[Tensor]:
        """This process's part of the mean over the batch."""
        del kind
        chosen = self.order.own
        scaled = self.network.with_parameters(flat).values(self.shown[chosen])
        return [self.wanted.missed(scaled, chosen) * (len(chosen) / self.order.batch)]

    def __call__(self, flat: Tensor, step: int) -> list[Tensor]:
        self.prepare(step)
        return self.parts(flat)


class _Order:
    """Which samples a step sees: every epoch all of them once, in an order of its own.

    ``own`` is this process's part of the batch, in the same memory at every step.
    """

    def __init__(self, count: int, batch: int, seed: int, device: torch.device) -> None:
        self.count = count
        self.batch = min(batch, count)
        self.steps = max(1, math.floor(count / self.batch))
        self.seed = seed
        self.epoch = -1
        self.shuffled = torch.empty(0, dtype=torch.int64)
        self.part = stretch(self.batch, processes.number(), processes.count())
        self.own = torch.empty(self.part.stop - self.part.start, dtype=torch.int64, device=device)

    def choose(self, step: int) -> None:
        """Take the batch of this step."""
        epoch, number = divmod(step, self.steps)
        if epoch != self.epoch:
            # Seeded by the epoch, so that a training that is resumed sees the same batches.
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self.shuffled = torch.randperm(self.count, generator=generator).to(self.own.device)
            self.epoch = epoch
        first = number * self.batch
        self.own.copy_(self.shuffled[first + self.part.start : first + self.part.stop])


def _single(array: Array, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device, torch.float32)
