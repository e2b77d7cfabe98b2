"""The ways to learn a potential from trajectories, by name: each a value, all in one table.

A new one is an entry of `BY_NAME` and a name in `training.settings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from systems.problem import Problem
from systems.samples.trajectories import Trajectories
from training.bases.network import Network, glorot, placed
from training.device import choose
from training.features import Features
from training.learn.fit import Fit
from training.optimise.outer_loop import Outer
from training.optimise.projection import Reduced
from training.optimise.restarts import seeds
from training.optimise.watch import Monitor
from training.prepare.preparation import Prepared, prepare
from training.recipes.paper import train_paper
from training.settings import Settings
from training.solve.families import solve_families

MLP_HIDDEN = (16, 64)
MLP_TOLERANCE = 1e-7
SAMPLES_A_NEURON = 4
SMALL = 300

Recipe = Callable[[Problem, Trajectories, Settings, Features, Monitor], Fit]


@dataclass(frozen=True)
class Projected:
    """One linear solve for the output layer, then, if need be, the hidden weights, by projection.

    ``start`` makes the network from the points x (n, f). ``iterations`` and ``tolerance`` are those
    of the settings where these name any, or where this is None. Training is needed where the best
    family of noise-free rows is missed by more than the tolerance; with ``always``, always.
    """

    start: Callable[[Tensor, Settings], Network]
    iterations: int
    tolerance: float | None = None
    always: bool = False

    def __call__(
        self,
        system: Problem,
        trajectories: Trajectories,
        settings: Settings,
        features: Features,
        monitor: Monitor,
    ) -> Fit:
        """The potential behind the trajectories; they are checked and prepared first."""
        # One network on two thousand points is trained as quickly on a core, many are not.
        device = choose(settings.device, gains=settings.restarts > 1)
        like = torch.zeros(0, dtype=torch.float64, device=device)
        prepared = prepare(trajectories, features, settings)
        families = tuple(family.to(like) for family in prepared.families)
        starts = [
            self.start(prepared.points.x, replace(settings, seed=seed)).to(like)
            for seed in seeds(settings.seed, settings.restarts)
        ]
        network = starts[0]
        solved = solve_families(families, network, rcond=prepared.rcond, passes=prepared.passes)
        history: tuple[float, ...] = ()
        if self.always or _unexplained(prepared, solved.residual, settings.tolerance):
            total = self.iterations if settings.iterations is None else settings.iterations
            tolerance = settings.tolerance if self.tolerance is None else self.tolerance
            scale = max(solved.weights)
            reduced = Reduced(families, [weight / scale for weight in solved.weights])
            outer = Outer(total, tolerance, monitor, small=SMALL)
            network, history = outer.train_best(starts, reduced)
            solved = solve_families(families, network, rcond=prepared.rcond, passes=prepared.passes)
        return Fit(
            system,
            network,
            solved.coefficients,
            prepared,
            solved.residuals,
            solved.weights,
            settings,
            history,
        )


def _unexplained(prepared: Prepared, residual: float, tolerance: float) -> bool:
    return not prepared.noisy and residual > tolerance


def _placed(x: Tensor, settings: Settings) -> Network:
    """A data-placed network; never more than a quarter as many neurons as samples."""
    width = max(2, min(settings.width, len(x) // SAMPLES_A_NEURON))
    return placed(x, width, settings.seed)


def _perceptron(x: Tensor, settings: Settings) -> Network:
    return glorot(x, MLP_HIDDEN, settings.seed)


BY_NAME: Final[Mapping[str, Recipe]] = {
    "default": Projected(_placed, iterations=200),
    "mlp": Projected(_perceptron, iterations=500, tolerance=MLP_TOLERANCE, always=True),
    "paper": train_paper,
}
