"""train(): learn V from trajectories."""

from __future__ import annotations

import torch

from systems.data import Trajectories
from systems.system import System
from training.bases.network import Network, glorot, placed
from training.checkpoint import Checkpoint
from training.device import choose
from training.families import solve_families
from training.features import Features
from training.fit import Fit
from training.outer_loop import Outer
from training.paper import train_paper
from training.preparation import Prepared, prepare
from training.projection import Reduced
from training.settings import Settings
from training.watch import Watch

MLP_HIDDEN = (16, 64)
MLP_TOLERANCE = 1e-7
DEFAULT_ITERATIONS = {"default": 200, "mlp": 500}
SAMPLES_A_NEURON = 4
SMALL = 300


def train(
    system: System,
    trajectories: Trajectories,
    settings: Settings | None = None,
    *,
    features: Features | None = None,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
) -> Fit:
    """Learn the potential behind ``trajectories``: rows, one linear solve, then, if need be, more.

    1. Choose samples and rows (``training.preparation``).
    2. Solve for the output layer of the data-placed network by scaled least squares, five
       reweighting passes over the families.
    3. While the best family's relative residual exceeds ``settings.tolerance``: train the hidden
       weights by variable projection (Levenberg-Marquardt for small networks, L-BFGS for large).

    Nothing of ``system`` but its features is read here: the truth is for ``compare`` alone.
    ``features`` defaults to the system's own, or to the coordinates.

    >>> import numpy as np
    >>> from systems import get
    >>> system = get("oscillator")
    >>> fit = train(system, system.sample())
    >>> float(abs(fit.gradient(np.array([[2.0]])) - 2.0).max()) < 1e-7
    True
    """
    settings = settings or Settings()
    device = choose(settings.device)
    if features is None:
        features = Features.of(trajectories.coordinates, system.features)
    if settings.recipe == "paper":
        return train_paper(system, trajectories, settings, features, watch, checkpoint)
    prepared = prepare(trajectories, features, settings)
    like = torch.zeros(0, dtype=torch.float64, device=device)
    families = tuple(family.to(like) for family in prepared.families)
    network = _start(prepared, settings).to(like)
    if checkpoint is not None and checkpoint.parameters is not None:
        network = network.with_parameters(checkpoint.parameters.to(like))
    solved = solve_families(families, network, rcond=prepared.rcond, passes=prepared.passes)
    history = checkpoint.history if checkpoint is not None else ()
    if _wants_training(settings, prepared, solved.residual):
        outer = _outer(settings, watch, checkpoint)
        scale = max(solved.weights)
        reduced = Reduced(families, [weight / scale for weight in solved.weights])
        network, history = outer.train(network, reduced)
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
        {"digest": trajectories.digest(), "torch": torch.__version__},
    )


def _start(prepared: Prepared, settings: Settings) -> Network:
    """The network before any training; never more than a quarter as many neurons as samples."""
    x = prepared.points.x
    if settings.recipe == "mlp":
        return glorot(x, MLP_HIDDEN, settings.seed)
    width = max(2, min(settings.width, len(x) // SAMPLES_A_NEURON))
    return placed(x, width, settings.seed)


def _wants_training(settings: Settings, prepared: Prepared, residual: float) -> bool:
    if settings.recipe == "mlp":
        return True
    return not prepared.noisy and residual > settings.tolerance


def _outer(settings: Settings, watch: Watch | None, checkpoint: Checkpoint | None) -> Outer:
    """How the recipe trains its hidden weights."""
    total = DEFAULT_ITERATIONS[settings.recipe]
    if settings.iterations is not None:
        total = settings.iterations
    tolerance = MLP_TOLERANCE if settings.recipe == "mlp" else settings.tolerance
    return Outer(total, tolerance, watch, checkpoint, small=SMALL)
