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
DIGITS = 1e-8
"""What is left of a sum of squares is known to half the digits, if it is this part of it."""

AT_ONCE = 500_000
"""Values that are smoothed together: ten arrays of 4 MB."""


@dataclass(frozen=True)
class Smooth:
    """A smoothed trajectory and its dp/dt, all at the measured times; shapes (n, d).

    ``freedom`` is the number of the spline's coefficients, 0 where it is not known.
    """

    trajectory: Trajectory
    force: Array
    freedom: int = 0


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
    # Times first: splines are matrices of times, and all trajectories and channels their columns.
    q = np.stack([item.q for item in items], axis=1)
    velocity = np.stack([item.p for item in items], axis=1) / mass
    count, runs, d = q.shape
    measured = np.isfinite(np.concatenate([sigma_q, sigma_v]))
    samples = int(measured.sum()) * count
    power = np.einsum("nrd->r", (q / sigma_q) ** 2 + (velocity / sigma_v) ** 2)
    best_score = np.full(runs, np.inf)
    worse = np.zeros(runs, dtype=np.int64)
    intervals = 3
    spline = _spline(t.tobytes(), intervals)
    best = [(spline, np.zeros((spline.count, d)))] * runs
    while intervals <= max(3, min(MOST_INTERVALS, count // 2)) and (worse < PATIENCE).any():
        still = np.flatnonzero(worse < PATIENCE)
        spline = _spline(t.tobytes(), intervals)
        seen = (q, velocity) if len(still) == runs else (q[:, still], velocity[:, still])
        coefficients, explained = _fitted(spline, *seen, sigma_q, sigma_v)
        rss = power[still] - explained
        if (rss < DIGITS * power[still]).any():
            curves = _curves(spline.value, coefficients), _curves(spline.slope, coefficients)
            pairs = zip(curves, seen, (sigma_q, sigma_v), strict=True)
            rss = sum(np.einsum("nrd->r", ((a - b) / sigma) ** 2) for a, b, sigma in pairs)
        score = samples * np.log(rss / samples) + spline.count * d * math.log(samples)
        # Splines too stiff to follow the motion at all say nothing about when to stop.
        worse[still] += rss < FOLLOWS * samples
        better = np.flatnonzero(score < best_score[still])
        best_score[still[better]], worse[still[better]] = score[better], 0
        for place in better:
            best[still[place]] = spline, coefficients[:, place]
        intervals = math.ceil(GROWTH * intervals)
    return _evaluated(t, best, mass)


def _evaluated(t: Array, best: Sequence[tuple[Spline, Array]], mass: Array) -> list[Smooth]:
    """The curves of each trajectory's splines, those of as many splines together."""
    kinds: dict[int, list[int]] = {}
    for number, (spline, _) in enumerate(best):
        kinds.setdefault(spline.count, []).append(number)
    found: dict[int, Smooth] = {}
    for numbers in kinds.values():
        spline = best[numbers[0]][0]
        coefficients = np.stack([best[number][1] for number in numbers], axis=1)
        matrices = spline.value, spline.slope, spline.curvature
        curves = (_curves(matrix, coefficients).transpose(1, 0, 2) for matrix in matrices)
        for number, x, v, a in zip(numbers, *map(np.ascontiguousarray, curves), strict=True):
            found[number] = Smooth(Trajectory(t, x, v * mass), a * mass, coefficients[:, 0].size)
    return [found[number] for number in range(len(best))]


def _fitted(
    spline: Spline, q: Array, velocity: Array, sigma_q: Array, sigma_v: Array
) -> tuple[Array, Array]:
    """Spline coefficients of R trajectories, (splines, R, d), by normal equations, and what they
    explain (R,) of each one's sum of squares."""
    flat = (part.reshape(len(part), -1) for part in (q, velocity))
    places, rates = (
        (matrix.T @ part).reshape(-1, *q.shape[1:])
        for matrix, part in zip((spline.value, spline.slope), flat, strict=True)
    )
    right = places / sigma_q**2 + rates / sigma_v**2
    found = np.empty_like(right)
    for channel in range(q.shape[2]):
        weight_q = 1 / sigma_q[channel] ** 2
        weight_v = 1 / sigma_v[channel] ** 2
        banded = weight_q * spline.gram_value + weight_v * spline.gram_slope
        # A spline with no sample under it (a gap in the clock) stays at zero.
        banded[0] += SINGULAR * banded[0].max()
        found[:, :, channel] = solveh_banded(banded, right[:, :, channel], lower=True)
    return found, np.einsum("krd,krd->r", found, right)


def _curves(matrix: csr_array, coefficients: Array) -> Array:
    """A matrix (n, splines) of coefficients (splines, R, d): (n, R, d)."""
    flat = coefficients.reshape(len(coefficients), -1)
    values: Array = (matrix @ flat).reshape(-1, *coefficients.shape[1:])
    return values


@lru_cache(maxsize=64)
def _spline(times: bytes, intervals: int) -> Spline:
    """The spline on these times; kept, since trajectories mostly share their clock."""
    t = np.frombuffer(times)
    return Spline(t, np.linspace(t[0], t[-1], intervals + 1), DEGREE)
