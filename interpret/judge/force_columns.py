"""Mean forces over short intervals of the data, and what anything would contribute to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from interpret.reading.probes import Probes
from interpret.select.library import Library
from interpret.select.matrix import lengths
from training.bases.network import placed
from training.features import Features
from training.prepare.selection import select
from training.rows.trajectories import importance

Array = NDArray[np.float64]

INTERVALS: Final = 1000

WIDTH: Final = 32
"""Neurons of a function of the coordinates that is tried: more would follow the noise."""

SIMPSON: Final = (1 / 6, 4 / 6, 1 / 6)


@dataclass(frozen=True)
class ForceColumns:
    """The mean force over n intervals, (p' - p)/h, and the state at start, middle and end of each.

    Shapes: ``t`` (3, n), ``q`` and ``v`` (3, n, d), ``force`` (n, d), ``weight`` (n,), such that
    the weighted forces have length 1.
    """

    features: Features
    t: Array
    q: Array
    v: Array
    force: Array
    weight: Array

    @property
    def truth(self) -> Array:
        """The weighted forces (n d,)."""
        return self.rows(self.force[:, :, None])[:, 0]

    def rows(self, columns: Array) -> Array:
        """Columns (n, d, k) weighted, as (n d, k)."""
        weighted: Array = (self.weight[:, None, None] * columns).reshape(-1, columns.shape[2])
        return weighted

    def potential(self, library: Library) -> Array:
        """The mean forces -∂φ/∂q of every candidate, weighted (n d, k)."""
        return self.mean(lambda node: self._slopes(library, node))

    def mean(self, field: Callable[[int], Array]) -> Array:
        """Simpson's mean of a field (n, d, k), asked at node 0, 1 and 2, weighted (n d, k)."""
        parts = [weight * field(node) for node, weight in enumerate(SIMPSON)]
        return self.rows(np.sum(parts, axis=0))

    def left(self, columns: Array) -> float:
        """What least squares of weighted columns leaves of the force (rms, in parts of it)."""
        scaled = columns / lengths(columns)
        solved = np.linalg.lstsq(scaled, self.truth, rcond=1e-10)[0]
        return float(np.linalg.norm(scaled @ solved - self.truth))

    def _slopes(self, library: Library, node: int) -> Array:
        q = self.q[node]
        slopes = library.gradients(self.features.values(q), self.features.names)
        # A pole gives what is not finite, and whoever asks looks for it.
        with np.errstate(invalid="ignore", over="ignore"):
            force: Array = -(self.features.jacobian(q) @ slopes)
        return force


def flexible(columns: ForceColumns, points: Tensor) -> Array:
    """The mean forces of a potential of the features, whatever its form: the functions of a network
    placed among `points` (n, f) of these, weighted (n d, K)."""
    network = placed(points, WIDTH, seed=0)

    def force(node: int) -> Array:
        x = columns.features.values(columns.q[node])
        slopes = network.gradients(torch.from_numpy(np.ascontiguousarray(x))).numpy()
        field: Array = -(columns.features.jacobian(columns.q[node]) @ slopes)
        return field

    return columns.mean(force)


def force_columns(samples: Probes) -> ForceColumns:
    """The forces of (smoothed, if noisy) data over intervals spread along the motion.

    The middle of an interval is that of the cubic through both its ends.
    """
    data = samples.prepared.smoothed or samples.prepared.trajectories
    chosen = select(data, samples.features, INTERVALS)
    t, q, v, force = [], [], [], []
    for item, index in zip(data, chosen, strict=True):
        i = np.unique(np.minimum(index, len(item) - 2))
        h = (item.t[i + 1] - item.t[i])[:, None]
        start, end = item.q[i], item.q[i + 1]
        v0, v1 = item.p[i] / data.mass, item.p[i + 1] / data.mass
        t.append(np.stack([item.t[i], (item.t[i] + item.t[i + 1]) / 2, item.t[i + 1]]))
        q.append(np.stack([start, (start + end) / 2 + h * (v0 - v1) / 8, end]))
        v.append(np.stack([v0, 1.5 * (end - start) / h - (v0 + v1) / 4, v1]))
        force.append((item.p[i + 1] - item.p[i]) / h)
    mean = np.concatenate(force)
    return ForceColumns(
        samples.features,
        np.concatenate(t, axis=1),
        np.concatenate(q, axis=1),
        np.concatenate(v, axis=1),
        mean,
        importance(mean),
    )
