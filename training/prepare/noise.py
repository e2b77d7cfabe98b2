"""The noise level of each channel, read off the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from systems.samples.trajectories import Trajectories
from training.prepare.rounding import rounding
from training.prepare.stencils import Array, contrasts

MEDIAN_TO_SIGMA = 0.6744897501960817
NEGLIGIBLE = 1e-6
MOST_TRAJECTORIES = 200
SMALLEST_NOISE = 1e-9
"""What a channel that shows no noise is taken to have, in parts of its spread, beside others."""

JUMP = 0.1
"""One step of a grid makes a third of it in sixth differences, and even motion on a grid nothing.
"""


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


# Columns, features, rows and certificates all ask for the noise of the same data.
@lru_cache(maxsize=2)
def estimate(trajectories: Trajectories, order: int = 6) -> Noise:
    """sigma = median |sixth difference| / 0.6745, a channel, over (at most 200) trajectories.

    A trajectory with fewer than eight samples has no sixth difference to speak of and is left out.
    Momenta that were derived from the coordinates are no data: their noise is infinite.
    Coarsely sampled motion looks like noise to any difference: the number is an upper bound, and
    the caller decides by the fit (see ``training.prepare.preparation``). Numbers on a grid of step
    s have noise of s/√12 at least, where their differences show its steps.

    >>> from systems import get
    >>> estimate(get("oscillator").draw()).negligible
    True
    """
    found = []
    for trajectory in trajectories.items[:MOST_TRAJECTORIES]:
        if len(trajectory.t) < order + 2:
            continue
        found.append(contrasts(trajectory.t, np.hstack([trajectory.q, trajectory.p]), order))
    std_q, std_p = trajectories.channel_std()
    if not found:
        return Noise(np.zeros_like(std_q), np.zeros_like(std_p), 0.0)
    spread = np.concatenate([std_q, std_p])
    differences = np.concatenate(found)
    # A robust standard deviation of every channel.
    level = np.median(np.abs(differences), axis=0) / MEDIAN_TO_SIGMA
    # Most differences of numbers that are rounded coarsely are zero, and the others are not.
    grid = rounding(trajectories)
    jumps = np.abs(differences).max(axis=0) > JUMP * np.concatenate([grid.q, grid.p])
    level = np.where(jumps, np.maximum(level, np.concatenate(grid.noise)), level)
    moving = spread > 0
    if trajectories.derived:
        moving[len(std_q) :] = False
    relative = float((level[moving] / spread[moving]).max()) if moving.any() else 0.0
    q, p = np.split(level, 2)
    return Noise(q, np.full_like(p, np.inf) if trajectories.derived else p, relative)
