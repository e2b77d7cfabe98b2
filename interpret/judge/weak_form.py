"""The weak form of dq/dt = v: one smooth linear functional of q and of ∫ v dt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interpret.judge.whiteness import effective, lag_one
from systems.samples.trajectories import Trajectories
from training.prepare.noise import MEDIAN_TO_SIGMA

Array = NDArray[np.float64]

STENCILS = (6, 4)
"""Samples through which v is interpolated: the integral's error is of the seventh order, or less
where the steps are very unequal."""

MOST_MAGNIFIED = 3.0
"""Of a step's weights, the sum of magnitudes over the step: 1.3 within even steps, 2.3 at ends."""

HALF_WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Samples on either side of a window, from the shortest to far longer than the noise needs."""

FEWEST_WINDOWS = 4
"""Separate windows that a half-width leaves at least, so that their scatter can be seen."""

FAR = 6.0
"""Robust deviations beyond which a window is left out: one in 5e8 of a normal distribution."""

MOST_LEFT_OUT = 0.1
"""Where more than this share lies far off, the scatter is no matter of outliers."""


@dataclass(frozen=True)
class Slope:
    """y = ratio · x from windows, its standard `error`, and the share of y² `unexplained` by x.

    `half_width` is that of the windows in samples, and `size` the mean of y².
    """

    ratio: float
    error: float
    unexplained: float
    half_width: int
    size: float


Stretch = tuple[Array, Array, Array]
"""Times (n,), coordinates (n, d) and the integral of the velocities (n, d) of one trajectory."""


def stretches(trajectories: Trajectories, every: int = 1) -> tuple[Stretch, ...]:
    """t, q and ∫ v dt of each trajectory, of every sample or of every second one.

    Those too short for a window are left out.
    """
    found = []
    for index, item in enumerate(trajectories):
        t = item.t[::every]
        if len(t) > 2 * HALF_WIDTHS[0]:
            v = trajectories.velocity(index)[::every]
            found.append((t, item.q[::every], integral(t, v)))
    return tuple(found)


def integral(t: Array, y: Array) -> Array:
    """∫ y dt from the first time to each, the integral of the polynomials through six samples.

    On every step the polynomial through the nearest six samples is integrated; the steps may be
    unequal. Shapes: t (n,), y (n, d); result (n, d), zero in its first row.

    >>> t = np.linspace(1.0, 2.0, 9) ** 1.5 - 1
    >>> bool(np.allclose(integral(t, 6 * t[:, None] ** 5)[:, 0], t**6, atol=1e-14))
    True
    """
    steps = np.diff(t)[:, None] * (y[1:] + y[:-1]) / 2
    rough = np.ones(len(steps), dtype=bool)
    for width in STENCILS:
        # Where samples crowd together, polynomials through many magnify their noise.
        weights, window = _weights(t, min(width, len(t)))
        calm = rough & (np.abs(weights).sum(axis=1) < MOST_MAGNIFIED * np.diff(t))
        steps[calm] = np.einsum("nw,nwd->nd", weights[calm], y[window[calm]])
        rough &= ~calm
    return np.concatenate([np.zeros((1, y.shape[1])), np.cumsum(steps, axis=0)])


def _weights(t: Array, width: int) -> tuple[Array, NDArray[np.intp]]:
    """Of every step, the weights of the nearest samples in its integral, and their numbers."""
    count = len(t)
    first = np.clip(np.arange(count - 1) - (width // 2 - 1), 0, count - width)
    window = first[:, None] + np.arange(width)
    step = np.diff(t)[:, None]
    place = (t[window] - t[:-1, None]) / step
    reach = np.abs(place).max(axis=1, keepdims=True)
    order = np.arange(width)
    powers = (place / reach)[:, None, :] ** order[:, None]
    moments = reach ** -order.astype(float) / (order + 1)
    weights: Array = np.linalg.solve(powers, moments[:, :, None])[:, :, 0] * step
    return weights, window


def windowed(y: Array, half_width: int) -> Array:
    """Σ_k k y_{i+k} / Σ_k k², |k| ≤ m: the slope of the line through 2m + 1 samples, per sample.

    Of ∫ v dt it is a smooth average of v: the same functional of both sides of q = ∫ v dt, so the
    smoothing bends neither of them. Shapes: y (n, d); result (n - 2m, d).

    >>> windowed(np.arange(6.0)[:, None] * 3, 2).ravel()
    array([3., 3.])
    """
    offsets = np.arange(-half_width, half_width + 1.0)
    kernel = offsets[::-1] / (offsets @ offsets)
    return np.stack([np.convolve(column, kernel, "valid") for column in y.T], axis=1)


@dataclass(frozen=True)
class Windows:
    """The windowed q as `x` and ∫ v dt as `y`, both (n,), and the stretch that `owner` numbers."""

    x: Array
    y: Array
    owner: NDArray[np.intp]


def windows(parts: Sequence[Stretch], i: int, j: int, half_width: int) -> Windows | None:
    """q_i against ∫ v_j dt in all windows of one half-width; None where everything is too short."""
    long = [(q[:, i], moved[:, j]) for _, q, moved in parts if len(q) > 2 * half_width]
    if not long:
        return None
    owner = np.repeat(np.arange(len(long)), [len(q) for q, _ in long])
    # All stretches in one go; windows across the border of two are left out.
    pairs = np.stack([np.concatenate(columns) for columns in zip(*long, strict=True)], axis=1)
    inside = owner[: -2 * half_width] == owner[2 * half_width :]
    x, y = windowed(pairs, half_width)[inside].T
    return Windows(x, y, owner[: -2 * half_width][inside])


def slope(parts: Sequence[Stretch], i: int, j: int) -> Slope | None:
    """∫ v_j dt = ratio · q_i + const in windows, of the half-width that tells it best.

    None where nothing moves or everything is too short.
    """
    points = sum(len(q) for _, q, _ in parts)
    found = [
        slope_in(parts, i, j, m)
        for m in HALF_WIDTHS
        if m == HALF_WIDTHS[0] or FEWEST_WINDOWS * (2 * m + 1) <= points
    ]
    told = [item for item in found if item is not None]
    return min(told, key=lambda item: item.error / abs(item.ratio), default=None)


def slope_in(parts: Sequence[Stretch], i: int, j: int, half_width: int) -> Slope | None:
    """∫ v_j dt = ratio · q_i + const in windows of the half-width given.

    Noise on both sides makes the two regressions differ; the ratio is their geometric mean, and
    half of their difference is part of the error. So is the scatter of the residuals, whose
    number is the effective one: windows overlap, and errors may be correlated.
    """
    found = windows(parts, i, j, half_width)
    if found is None:
        return None
    x, y = found.x, found.y
    kept = np.ones(len(x), dtype=bool)
    for _ in range(3):
        own, other = (x, y) if kept.all() else (x[kept], y[kept])
        xx, xy, yy = (float(a @ b) for a, b in ((own, own), (own, other), (other, other)))
        if not xy * xy > 0:
            return None
        ratio = float(np.copysign(np.sqrt(yy / xx), xy))
        residual = y - ratio * x
        off = np.abs(residual)
        near = off <= FAR * np.median(off[kept]) / MEDIAN_TO_SIGMA
        if near.mean() < 1 - MOST_LEFT_OUT or np.array_equal(near, kept):
            break
        kept = near
    explained = min(xy * xy / (xx * yy), 1.0)
    gap = abs(ratio) * (1 / np.sqrt(explained) - 1)
    count = int(kept.sum())
    many = effective(count, lag_one(residual[kept], found.owner[kept]))
    error = np.sqrt(float((residual[kept] ** 2).sum()) / xx / many)
    return Slope(ratio, float(np.hypot(error, gap)), 1 - explained, half_width, yy / count)


def expected_noise(half_width: int, step: float, q: float, v: float) -> float:
    """The variance that white noise σ_q, σ_v leaves of ∫ v dt - q in windows, even steps.

    >>> expected_noise(1, 0.1, 1.0, 0.0)
    0.5
    """
    offsets = np.arange(-half_width, half_width + 1.0)
    size = float(offsets @ offsets)
    # The slope of ∫ v dt is an average of v: these are its weights.
    weights = step * (half_width * (half_width + 1) - offsets * (offsets + 1)) / 2 / size
    return q**2 / size + v**2 * float(weights @ weights)
