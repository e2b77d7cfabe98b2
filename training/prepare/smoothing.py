"""A kinematic smoother: one spline a channel, fitted jointly to q and to its velocity p/m."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.linalg import solveh_banded

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
    return tuple(
        _smooth_one(trajectory, trajectories.mass, sigma_q, sigma_v) for trajectory in trajectories
    )


def _smooth_one(trajectory: Trajectory, mass: Array, sigma_q: Array, sigma_v: Array) -> Smooth:
    t = trajectory.t
    velocity = trajectory.p / mass
    measured = np.isfinite(np.concatenate([sigma_q, sigma_v]))
    samples = int(measured.sum()) * len(t)
    best_score = np.inf
    best: tuple[Array, Array, Array] | None = None
    worse = 0
    intervals = 3
    while intervals <= max(3, min(MOST_INTERVALS, len(t) // 2)) and worse < PATIENCE:
        spline = _spline(t.tobytes(), intervals)
        coefficients = _fitted(spline, trajectory.q, velocity, sigma_q, sigma_v)
        misfit_q = (spline.value @ coefficients - trajectory.q) / sigma_q
        misfit_v = (spline.slope @ coefficients - velocity) / sigma_v
        rss = float((misfit_q**2).sum() + (misfit_v**2).sum())
        score = samples * math.log(rss / samples) + coefficients.size * math.log(samples)
        # Splines too stiff to follow the motion at all say nothing about when to stop.
        worse += rss < FOLLOWS * samples
        if score < best_score:
            best_score = score
            best = (
                spline.value @ coefficients,
                spline.slope @ coefficients,
                spline.curvature @ coefficients,
            )
            worse = 0
        intervals = math.ceil(GROWTH * intervals)
    assert best is not None, "the loop runs at least once: the first score is finite"
    q, v, a = best
    return Smooth(Trajectory(t, q, v * mass), a * mass)


def _fitted(spline: Spline, q: Array, velocity: Array, sigma_q: Array, sigma_v: Array) -> Array:
    """Spline coefficients of every channel, shape (splines, d), by normal equations."""
    columns = []
    for channel in range(q.shape[1]):
        weight_q = 1 / sigma_q[channel] ** 2
        weight_v = 1 / sigma_v[channel] ** 2
        banded = weight_q * spline.gram_value + weight_v * spline.gram_slope
        # A spline with no sample under it (a gap in the clock) stays at zero.
        banded[0] += SINGULAR * banded[0].max()
        right = weight_q * (spline.value.T @ q[:, channel])
        right = right + weight_v * (spline.slope.T @ velocity[:, channel])
        columns.append(solveh_banded(banded, right, lower=True))
    return np.stack(columns, axis=1)


@lru_cache(maxsize=64)
def _spline(times: bytes, intervals: int) -> Spline:
    """The spline on these times; kept, since trajectories mostly share their clock."""
    t = np.frombuffer(times)
    return Spline(t, np.linspace(t[0], t[-1], intervals + 1), DEGREE)
