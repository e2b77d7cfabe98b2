"""A kinematic smoother: one spline a channel, fitted jointly to q and to its velocity p/m."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import solveh_banded
from scipy.sparse import csr_array

from systems.samples.splines import Spline
from systems.samples.trajectories import Trajectories, Trajectory
from training.prepare.noise import SMALLEST_NOISE, Noise
from training.prepare.stencils import Array

DEGREE = 7
MOST_INTERVALS = 400
GROWTH = 1.25
PATIENCE = 4
FOLLOWS = 4.0
SINGULAR = 1e-12
AT_ONCE = 500_000
"""Values that are smoothed together: ten arrays of 4 MB."""


@dataclass(frozen=True)
class Smooth:
    """A smoothed trajectory and its dp/dt, all at the measured times; shapes (n, d)."""

    trajectory: Trajectory
    force: Array


def smooth(trajectories: Trajectories, noise: Noise) -> tuple[Smooth, ...]:
    """Fit q(t) to q/sigma_q and q'(t) to (p/m)/sigma_v together, trajectory by trajectory.

    minimise sum_i (q(t_i) - q_i)^2 / sigma_q^2 + (q'(t_i) - p_i/m)^2 m^2 / sigma_p^2 over splines
    of degree 7 with equal intervals; their number minimises
    BIC = N log(RSS / N) + (parameters) log N, grown by a quarter at a time. The kinematic identity
    q' = p/m halves the noise twice, and m q''(t) is the force.
    """
    std_q, std_p = trajectories.channel_std()
    sigma_q = np.maximum(noise.q, SMALLEST_NOISE * std_q)
    sigma_v = np.maximum(noise.p, SMALLEST_NOISE * std_p) / trajectories.mass
    clocks: dict[bytes, list[int]] = {}
    for number, item in enumerate(trajectories):
        clocks.setdefault(item.t.tobytes(), []).append(number)
    found: dict[int, Smooth] = {}
    for numbers in clocks.values():
        most = max(1, AT_ONCE // trajectories.items[numbers[0]].q.size)
        for some in np.array_split(numbers, -(-len(numbers) // most)):
            items = [trajectories.items[number] for number in some]
            smoothed = _smooth_together(items, trajectories.mass, sigma_q, sigma_v)
            found |= dict(zip(some.tolist(), smoothed, strict=True))
    return tuple(found[number] for number in range(len(trajectories)))


def _smooth_together(
    items: Sequence[Trajectory], mass: Array, sigma_q: Array, sigma_v: Array
) -> list[Smooth]:
    """Trajectories of one clock, each by as many splines as its own BIC asks for."""
    t = items[0].t
    q = np.stack([item.q for item in items])
    velocity = np.stack([item.p for item in items]) / mass
    measured = np.isfinite(np.concatenate([sigma_q, sigma_v]))
    samples = int(measured.sum()) * len(t)
    best_score = np.full(len(items), np.inf)
    best = np.zeros((3, *q.shape))
    worse = np.zeros(len(items), dtype=np.int64)
    intervals = 3
    while intervals <= max(3, min(MOST_INTERVALS, len(t) // 2)) and (worse < PATIENCE).any():
        still = np.flatnonzero(worse < PATIENCE)
        spline = _spline(t.tobytes(), intervals)
        coefficients = _fitted(spline, q[still], velocity[still], sigma_q, sigma_v)
        curve = _curves(spline.value, coefficients)
        slope = _curves(spline.slope, coefficients)
        misfits = (curve - q[still]) / sigma_q, (slope - velocity[still]) / sigma_v
        rss = sum((part**2).sum(axis=(1, 2)) for part in misfits)
        size = spline.count * q.shape[2]
        score = samples * np.log(rss / samples) + size * math.log(samples)
        # Splines too stiff to follow the motion at all say nothing about when to stop.
        worse[still] += rss < FOLLOWS * samples
        better = score < best_score[still]
        chosen = still[better]
        best_score[chosen], worse[chosen] = score[better], 0
        best[0, chosen], best[1, chosen] = curve[better], slope[better]
        best[2, chosen] = _curves(spline.curvature, coefficients[:, better])
        intervals = math.ceil(GROWTH * intervals)
    return [Smooth(Trajectory(t, x, v * mass), a * mass) for x, v, a in zip(*best, strict=True)]


def _fitted(spline: Spline, q: Array, velocity: Array, sigma_q: Array, sigma_v: Array) -> Array:
    """Spline coefficients of R trajectories, (splines, R, d), by normal equations."""
    columns = []
    for channel in range(q.shape[2]):
        weight_q = 1 / sigma_q[channel] ** 2
        weight_v = 1 / sigma_v[channel] ** 2
        banded = weight_q * spline.gram_value + weight_v * spline.gram_slope
        # A spline with no sample under it (a gap in the clock) stays at zero.
        banded[0] += SINGULAR * banded[0].max()
        right = weight_q * (spline.value.T @ q[:, :, channel].T)
        right = right + weight_v * (spline.slope.T @ velocity[:, :, channel].T)
        columns.append(solveh_banded(banded, right, lower=True))
    return np.stack(columns, axis=2)


def _curves(matrix: csr_array, coefficients: Array) -> Array:
    """A matrix (n, splines) of coefficients (splines, R, d): (R, n, d)."""
    _, runs, channels = coefficients.shape
    values: Array = matrix @ coefficients.reshape(len(coefficients), -1)
    return values.reshape(len(values), runs, channels).transpose(1, 0, 2)


@lru_cache(maxsize=64)
def _spline(times: bytes, intervals: int) -> Spline:
    """The spline on these times; kept, since trajectories mostly share their clock."""
    t = np.frombuffer(times)
    return Spline(t, np.linspace(t[0], t[-1], intervals + 1), DEGREE)
