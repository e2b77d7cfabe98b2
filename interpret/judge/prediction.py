"""The law integrated along motion, and how far it is off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from interpret.laws.law import Law
from interpret.select.library import Library
from systems import integrate
from systems.errors import InputError
from systems.samples.trajectories import Trajectories
from training.features import Features
from training.prepare.stencils import Array

MOST_TRAJECTORIES = 20


@dataclass(frozen=True)
class Rollout:
    """The law integrated from every trajectory's first state.

    ``error``: the largest |q(t) - q_observed| over all coordinates and times; ``relative``: the
    same over the largest |q|; ``drift``: the largest change of T + V_law along the observed data,
    over the largest kinetic energy: what no constant potential can explain.
    """

    error: float
    relative: float
    drift: float
    trajectories: int

    def __str__(self) -> str:
        return (
            f"predicted to {self.relative:.1e} of the largest coordinate; T + V of the law drifts "
            f"by {self.drift:.1e} of the largest T"
        )


def law_slope(law: Law, features: Features) -> Callable[[Array], Array]:
    """dV/dq of the law as a function of q (n, d), the same shape."""
    library = Library(law.terms)

    def slope(q: Array) -> Array:
        gradients = library.gradients(features.values(q), features.names) @ law.coefficients
        result: Array = (features.jacobian(q) @ gradients[:, :, None])[:, :, 0]
        return result

    return slope


def rollout(law: Law, trajectories: Trajectories) -> Rollout:
    """Integrate m q'' = -dV_law/dq by DOP853 along (at most twenty of) the trajectories.

    Raises InputError for a law without terms, or whose variables the data do not have.
    """
    features = Features.of(trajectories.coordinates, dict(law.features))
    if not law.terms:
        raise InputError("the law has no terms, so there is no motion to predict")
    library = Library(law.terms)
    slope = law_slope(law, features)
    worst = 0.0
    size = 0.0
    drift = 0.0
    heat = 0.0
    some = trajectories.items[:MOST_TRAJECTORIES]
    for number, item in enumerate(some):
        q, _ = integrate.flow(
            lambda q: -slope(q) / trajectories.mass,
            item.q[:1],
            item.p[:1] / trajectories.mass,
            item.t,
        )
        worst = max(worst, float(np.abs(q[0] - item.q).max()))
        size = max(size, float(np.abs(item.q).max()))
        kinetic = trajectories.kinetic(number)
        values = library.evaluate(features.values(item.q), features.names) @ law.coefficients
        drift = max(drift, float(np.ptp(kinetic + values)))
        heat = max(heat, float(kinetic.max()))
    return Rollout(worst, worst / size if size else 0.0, drift / heat if heat else 0.0, len(some))
