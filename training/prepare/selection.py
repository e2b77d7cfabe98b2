"""Which samples to learn from: equispaced along the motion, not along the clock."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from systems.samples.trajectories import Trajectories
from training.features import Features

Indices = Sequence[NDArray[np.int64]]
FEWEST = 3


def select(
    trajectories: Trajectories, features: Features, count: int
) -> tuple[NDArray[np.int64], ...]:
    """About ``count`` sample indices, shared among the trajectories by arc length.

    ds^2 = mean_j (dx_j / range x_j)^2 + (dT / max_i range T_i)^2: the kinetic energy is part of the
    metric so that fast passages (a close encounter, a turning point) are not skipped.

    Returns one sorted index array a trajectory, each with at least three entries.

    >>> from systems import get
    >>> data = get("oscillator").draw()
    >>> chosen = select(data, Features.identity(data.coordinates), 200)
    >>> 150 < sum(len(index) for index in chosen) < 250
    True
    """
    _, q, p, group = trajectories.stack()
    path, kinetic = features.values(q), np.asarray((p**2 / (2 * trajectories.mass)).sum(axis=1))
    extent = np.ptp(path, axis=0)
    extent = np.where(extent > 0, extent, 1.0)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    ranges = np.maximum.reduceat(kinetic, starts) - np.minimum.reduceat(kinetic, starts)
    heat = float(ranges.max()) or 1.0
    moved = (np.diff(path, axis=0) / extent) ** 2
    heated = (np.diff(kinetic) / heat) ** 2
    steps = np.append(0.0, np.sqrt(moved.mean(axis=1) + heated))
    # From one trajectory to the next there is no way.
    steps[starts] = 0.0
    lengths = [np.cumsum(own) for own in np.split(steps, starts[1:])]
    total = sum(length[-1] for length in lengths) or 1.0
    chosen = []
    for length in lengths:
        share = max(FEWEST, round(count * length[-1] / total))
        marks = np.linspace(0.0, length[-1], share)
        nearest = np.searchsorted(length, marks).clip(0, len(length) - 1)
        chosen.append(np.unique(np.concatenate([nearest, [0, len(length) - 1]])))
    return tuple(chosen)
