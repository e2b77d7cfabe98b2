"""Is energy conserved? Asked of the data before energy rows are believed."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from training.bases.network import placed
from training.rows.trajectories import ForceRows, LevelRows, centre
from training.solve.linear import solve

WIDTH = 64
CUTOFF = 1e-6
SAMPLES_A_NEURON = 8
NOTICEABLE = 0.01
EXPLAINED = 0.5
FEWEST_SAMPLES = 50


@dataclass(frozen=True)
class Trend:
    """How T + V changes with time: ``drift`` over a trajectory, relative to the range of T, and
    the share of all its variation that this trend explains."""

    drift: float
    explained: float

    @property
    def dissipative(self) -> bool:
        """The energy drifts by more than 1 %, and the drift is most of what it does."""
        return self.drift > NOTICEABLE and self.explained > EXPLAINED


def energy_trend(levels: LevelRows, force: ForceRows, time: torch.Tensor) -> Trend:
    """Learn V from the force rows alone and fit T + V = E_j + s_j t on every trajectory.

    Friction acts on the energy steadily while its mean force, over both directions of motion,
    nearly cancels: force rows alone still learn V, energy rows would not. The drift is the mean
    over the trajectories of |s_j| times their duration.

    Shapes: ``time`` (n,), the times of the level rows' samples. Fewer than fifty samples cannot
    tell a trend from a misfit: none is reported.
    """
    if len(time) < FEWEST_SAMPLES:
        return Trend(0.0, 0.0)
    width = max(2, min(WIDTH, len(levels.x) // SAMPLES_A_NEURON))
    basis = placed(levels.x, width, seed=0)
    learned = solve(force.design(basis), force.truth, CUTOFF).coefficients
    energy = centre((basis.values(levels.x) @ learned - levels.level)[:, None], levels.group)[:, 0]
    clock = centre(time[:, None], levels.group)[:, 0]
    groups = int(levels.group.max()) + 1
    zero = torch.zeros(groups, dtype=energy.dtype)
    together = zero.index_add(0, levels.group, clock * energy)
    alone = zero.index_add(0, levels.group, clock * clock)
    slope = together / alone.clamp(min=1e-300)
    left = energy - slope[levels.group] * clock
    variation = float(energy.square().sum())
    explained = 1 - float(left.square().sum()) / variation if variation > 0 else 0.0
    duration = float(clock.max() - clock.min())
    heat = float(levels.level.max() - levels.level.min())
    drift = float(slope.abs().mean()) * duration / heat if heat > 0 else 0.0
    return Trend(drift, explained)
