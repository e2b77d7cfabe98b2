"""train(): learn V from trajectories."""

from __future__ import annotations

from systems.problem import Problem
from systems.samples.trajectories import Trajectories
from training.features import Features
from training.learn.fit import Fit
from training.optimise.watch import UNWATCHED, Monitor
from training.recipes.table import BY_NAME
from training.settings import Settings


def train(
    system: Problem,
    trajectories: Trajectories,
    settings: Settings | None = None,
    *,
    features: Features | None = None,
    monitor: Monitor = UNWATCHED,
) -> Fit:
    """Learn the potential behind ``trajectories`` by ``settings.recipe`` (`recipes.table`).

    The default recipe:
    1. Choose samples and rows (``training.prepare.preparation``).
    2. Solve for the output layer of the data-placed network by scaled least squares, five
       reweighting passes over the families.
    3. While the best family's relative residual exceeds ``settings.tolerance``: train the hidden
       weights by variable projection (by Levenberg-Marquardt, Broyden or L-BFGS, by their number).

    Nothing of ``system`` but its features is read here: the truth is for ``compare`` alone.
    ``features`` defaults to the system's own, or to the coordinates.

    >>> import numpy as np
    >>> from systems import get
    >>> system = get("oscillator")
    >>> fit = train(system, system.draw()[:2], Settings(width=64))
    >>> float(abs(fit.gradient(np.array([[2.0]])) - 2.0).max()) < 1e-7
    True
    """
    settings = settings or Settings()
    if features is None:
        features = Features.of(trajectories.coordinates, system.motion().features)
    return BY_NAME[settings.recipe](system, trajectories, settings, features, monitor)
