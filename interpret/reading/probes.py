"""Ask the trained function for V and its gradient where it was trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from interpret.laws.parts import Bodies, Variables
from training.features import Features
from training.learn.fit import Fit
from training.prepare.preparation import Prepared
from training.rows import trajectories as rows
from training.rows.trajectories import ForceRows, LevelRows


@dataclass(frozen=True, repr=False)
class Probes:
    """V_theta and grad V_theta at the training points, as two families of rows for a library.

    ``weights`` are those of the trained families of the same kind, ``residuals`` theirs; ``misfit``
    is the network's own relative misfit with the data in that weighting: what it does not know,
    nobody can read off it.
    """

    features: Features
    levels: LevelRows
    gradients: ForceRows
    weights: tuple[float, float]
    residuals: tuple[float, ...]
    misfit: float
    prepared: Prepared
    system: str

    def __repr__(self) -> str:
        where = f"{len(self.levels.x)} points of {', '.join(self.features.names)}"
        return f"Probes({self.system}: {where}, misfit {self.misfit:.1e})"

    @property
    def domain(self) -> dict[str, tuple[float, float]]:
        """The range of every feature in the data."""
        x = self.levels.x
        low, high = x.min(dim=0).values.tolist(), x.max(dim=0).values.tolist()
        return dict(zip(self.features.names, zip(low, high, strict=True), strict=True))

    @property
    def variables(self) -> Variables:
        """What a law of them is written in, and what it moves."""
        moved = self.prepared.trajectories
        mass = dict(zip(moved.coordinates, moved.mass.tolist(), strict=True))
        return Variables(self.domain, self.features.definitions, Bodies(mass))


def probe(fit: Fit) -> Probes:
    """V_theta(x_i), centred a trajectory, and dV_theta/dq(x_i), at the training points.

    >>> from systems import get
    >>> from training import Settings, train
    >>> system = get("oscillator")
    >>> samples = probe(train(system, system.draw()[:2], Settings(width=64)))
    >>> samples.misfit < 1e-8
    True
    """
    points = fit.prepared.points
    potential = fit.potential.values(points.x)
    gradient = (points.jacobian @ fit.potential.slope(points.x)[:, :, None])[:, :, 0]
    levels = rows.levels(points.x, potential - potential.mean(), points.group, "V")
    gradients = ForceRows(
        points.x[None],
        points.jacobian[None],
        torch.ones(1, dtype=torch.float64),
        gradient,
        torch.from_numpy(rows.importance(gradient.numpy())),
        "grad V",
    )
    by_name = dict(zip([f.name for f in fit.prepared.families], fit.weights, strict=True))
    residual = dict(zip([f.name for f in fit.prepared.families], fit.residuals, strict=True))
    # Verlet data have no energy rows; V is then the integral of what the force rows taught.
    weights = (by_name.get("energy", by_name["force"]), by_name["force"])
    known = [by_name[name] * residual[name] for name in by_name]
    return Probes(
        fit.features,
        levels,
        gradients,
        weights,
        fit.residuals,
        float(torch.tensor(known).norm()),
        fit.prepared,
        fit.system.name,
    )
