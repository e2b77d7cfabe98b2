"""The noise level of each channel, read off the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from systems.samples.trajectories import Trajectories
from training.prepare.stencils import Array, contrasts

MEDIAN_TO_SIGMA = 0.6744897501960817
NEGLIGIBLE = 1e-6
MOST_TRAJECTORIES = 200


@dataclass(frozen=True)
class Noise:
    """White-noise levels sigma of the coordinates ``q`` (d,) and the momenta ``p`` (d,)."""

    q: Array
    p: Array
    relative: float

    @property
    def negligible(self) -> bool:
        """No channel shows noise above 1e-6 of its own spread."""
        return self.relative < NEGLIGIBLE


def estimate(trajectories: Trajectories, order: int = 6) -> Noise:
    """sigma = median |sixth difference| / 0.6745, a channel, over (at most 200) trajectories.

    A trajectory with fewer than eight samples has no sixth difference to speak of and is left out.
    Coarsely sampled motion looks like noise to any difference: the number is an upper bound, and
    the caller decides by the fit (see ``training.prepare.preparation``).

    >>> from systems import get
    >>> estimate(get("oscillator").draw()).negligible
    True
    """
    contrasts_q = []
    contrasts_p = []
    for trajectory in trajectories.items[:MOST_TRAJECTORIES]:
        if len(trajectory.t) < order + 2:
            continue
        contrasts_q.append(contrasts(trajectory.t, trajectory.q, order))
        contrasts_p.append(contrasts(trajectory.t, trajectory.p, order))
    std_q, std_p = trajectories.channel_std()
    if not contrasts_q:
        return Noise(np.zeros_like(std_q), np.zeros_like(std_p), 0.0)
    q = _level(np.concatenate(contrasts_q))
    p = _level(np.concatenate(contrasts_p))
    spread = np.concatenate([std_q, std_p])
    level = np.concatenate([q, p])
    moving = spread > 0
    relative = float((level[moving] / spread[moving]).max()) if moving.any() else 0.0
    return Noise(q, p, relative)


def _level(contrast: Array) -> Array:
    """A robust standard deviation of every column."""
    level: Array = np.median(np.abs(contrast), axis=0) / MEDIAN_TO_SIGMA
    return level
