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
    paths = [features.values(trajectory.q) for trajectory in trajectories]
    kinetics = [trajectories.kinetic(i) for i in range(len(trajectories))]
    extent = np.ptp(np.concatenate(paths), axis=0)
    extent = np.where(extent > 0, extent, 1.0)
    heat = max(float(np.ptp(kinetic)) for kinetic in kinetics) or 1.0
    lengths = []
    for path, kinetic in zip(paths, kinetics, strict=True):
        moved = (np.diff(path, axis=0) / extent) ** 2
        heated = (np.diff(kinetic) / heat) ** 2
        step = np.sqrt(moved.mean(axis=1) + heated)
        lengths.append(np.concatenate([[0.0], np.cumsum(step)]))
    total = sum(length[-1] for length in lengths) or 1.0
    chosen = []
    for length in lengths:
        share = max(FEWEST, round(count * length[-1] / total))
        marks = np.linspace(0.0, length[-1], share)
        nearest = np.searchsorted(length, marks).clip(0, len(length) - 1)
        chosen.append(np.unique(np.concatenate([nearest, [0, len(length) - 1]])))
    return tuple(chosen)
