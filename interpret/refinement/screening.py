"""What each candidate force would add to motion that is already known roughly."""

from __future__ import annotations

from typing import Final

import numpy as np

from interpret.refinement.linear import Linear
from interpret.refinement.segments import cut
from interpret.select.library import Library
from systems.samples.trajectories import Trajectories, Trajectory
from training.features import Features
from training.prepare.stencils import Array

PERIODS: Final = 1.0
"""Longer stretches add up what the rough motion is off by."""

FEWEST: Final = 24
"""Samples of a stretch, at least."""


def screened(
    measured: Trajectories,
    smoothed: Trajectories,
    features: Features,
    library: Library,
    sigma: Array,
) -> Linear:
    """q(t) = q₀ + v₀ t + Σ_k c_k ∫∫ φ_k/m and p(t) = p₀ + Σ_k c_k ∫ φ_k, on stretches of a period.

    φ_k are the candidates' forces along the smoothed motion, integrated by Simpson's rule between
    the samples; its middles are those of the cubic through both ends. The law is not needed.
    """
    cuts = max(1, round(_longest(smoothed) / PERIODS))
    rows = tuple(
        _rows(raw, quiet, measured.mass, features, library) / sigma[:, None]
        for raw, quiet in zip(cut(measured, cuts), cut(smoothed, cuts), strict=True)
    )
    return Linear(rows, np.isfinite(sigma), tuple(map(str, library)))


def _longest(smoothed: Trajectories) -> float:
    """How many periods, 2π rms q / rms v each, the longest trajectory lasts."""
    _, q, p, _ = smoothed.stack()
    far = float(np.sqrt(((q - q.mean(axis=0)) ** 2).sum(axis=1).mean()))
    fast = float(np.sqrt(((p / smoothed.mass) ** 2).sum(axis=1).mean()))
    if not far > 0 or not fast > 0:
        return 1.0
    spans = [(float(np.ptp(i.t)) * fast / far / (2 * np.pi), len(i)) for i in smoothed]
    return min(max(span for span, _ in spans), max(count for _, count in spans) / FEWEST)


def _rows(
    raw: Trajectory, quiet: Trajectory, mass: Array, features: Features, library: Library
) -> Array:
    """[by q₀, p₀ | by each candidate | missed] (n, 2d, 2d + K + 1)."""
    t, (n, d) = raw.t, raw.q.shape
    h = np.diff(t)[:, None, None]
    v = quiet.p / mass
    middle = (quiet.q[1:] + quiet.q[:-1]) / 2 + h[:, :, 0] * (v[:-1] - v[1:]) / 8
    ends, between = (_forces(q, features, library) for q in (quiet.q, middle))
    kick = h / 6 * (ends[:-1] + 4 * between + ends[1:])
    drift = h**2 / 6 * (ends[:-1] + 2 * between)
    moved = np.zeros((n, 2 * d, len(library)))
    moved[1:, d:] = np.cumsum(kick, axis=0)
    steps = (drift + h * moved[:-1, d:]) / mass[:, None]
    moved[1:, :d] = np.cumsum(steps, axis=0)
    free = np.zeros((n, 2 * d, 2 * d))
    free[:, np.arange(2 * d), np.arange(2 * d)] = 1.0
    free[:, np.arange(d), d + np.arange(d)] = (t - t[0])[:, None] / mass
    start = np.concatenate([quiet.q[0], quiet.p[0]])
    missed = np.concatenate([raw.q, raw.p], axis=1) - free @ start
    return np.concatenate([free, moved, missed[:, :, None]], axis=2)


def _forces(q: Array, features: Features, library: Library) -> Array:
    """-∂φ_k/∂q (n, d, K)."""
    slopes = library.gradients(features.values(q), features.names)
    force: Array = -(features.jacobian(q) @ slopes)
    return force
