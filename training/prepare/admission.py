"""Can a potential be learned from these data at all? Asked first, answered in one sentence."""

from __future__ import annotations

import numpy as np

from systems.errors import InputError
from systems.samples.trajectories import Trajectories
from training.features import Features

FEWEST_SAMPLES = 20
STILL = 1e-13


def admit(trajectories: Trajectories, features: Features) -> None:
    """Raise InputError for too few samples, free motion, or a feature that is not finite.

    >>> from systems import get
    >>> data = get("oscillator").draw()
    >>> admit(data, Features.identity(data.coordinates))
    """
    if trajectories.points < FEWEST_SAMPLES:
        raise InputError(
            f"{trajectories.points} samples are too few to learn a potential from; "
            f"give at least {FEWEST_SAMPLES}."
        )
    _check_motion(trajectories)
    _check_features(trajectories, features)


def _check_motion(trajectories: Trajectories) -> None:
    """Forces show in changing momenta; without them V is a constant, which is gauge."""
    change = max(float(np.ptp(item.p, axis=0).max()) for item in trajectories)
    size = max(float(np.abs(item.p).max()) for item in trajectories)
    if change <= STILL * size:
        raise InputError(
            "the momenta never change, so no force acts and the potential is a constant: there is "
            "no law to learn; check the momenta, or give other trajectories."
        )


def _check_features(trajectories: Trajectories, features: Features) -> None:
    with np.errstate(all="ignore"):
        if np.isfinite(features.values(trajectories.stack()[1])).all():
            return
        for number, item in enumerate(trajectories):
            values = features.values(item.q)
            if np.isfinite(values).all():
                continue
            row, column = np.argwhere(~np.isfinite(values))[0]
            where = ", ".join(
                f"{name} = {value:g}"
                for name, value in zip(trajectories.coordinates, item.q[row], strict=True)
            )
            raise InputError(
                f"the feature {features.names[column]} = {features.expressions[column]} is not a "
                f"number at {where} (trajectory {number}, point {row}); define it differently."
            )
