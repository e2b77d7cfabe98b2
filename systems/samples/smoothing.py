"""Smoothing splines: the motion behind noisy coordinates, its velocity, and how noisy they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, make_interp_spline
from scipy.linalg import cho_solve_banded, cholesky_banded

from systems.errors import InputError
from systems.samples.splines import Spline

Array = NDArray[np.float64]

DEGREE = 5
"""Quintic: the natural degree for a penalty on the third derivative."""

CHARGE = 1.2
"""A degree of freedom counts so many times: plain GCV undersmooths one sample in ten or so.

Source: C. Gu, Smoothing Spline ANOVA Models (2013), section 3.2.5."""

FIRST_INTERVALS = 4
STIFFNESSES = np.arange(-2.0, 4.1, 0.5)
"""log10 λ in units of the curvature of the misfit: from none to a sixth of the splines left."""

LOOSE = np.arange(-4.0, -2.0, 0.5)
STIFF = np.arange(4.5, 7.1, 0.5)
"""The same beyond, where no finer or coarser spline follows."""

CORRELATED = 0.5
"""Lag-one correlation of residuals beyond which the errors are taken to be correlated."""

NEGLIGIBLE = 1e-6
"""Noise below this part of a column's spread is none, as everywhere (`training.prepare.noise`)."""

FOLLOWED = 0.3
"""Residuals less correlated than this hold no motion: what is left of motion is nearly 1."""

MOST_CORRELATED = 0.99
SINGULAR = 1e-13
ROUND_OFF = 1e-15
"""Residuals of columns of unit spread that are no better than this are all alike."""


@dataclass(frozen=True)
class Smooth:
    """Smooth curves through columns of one clock: values and derivatives (n, c), and per column.

    `noise` (c,) is √(Σ r²/(n - edf)), and `noise_v` that of the given derivatives, zero without;
    `edf` (c,) the effective degrees of freedom, and `lag_one` (c,) the correlation of neighbouring
    residuals.
    """

    q: Array
    v: Array
    noise: Array
    noise_v: Array
    edf: Array
    lag_one: Array


def smooth(t: ArrayLike, q: ArrayLike) -> Smooth:
    """argmin Σ (y_i - f(t_i))² + λ ∫ f‴(t)² dt of every column y of q: the curve and its slope.

    λ, and the number of quintic splines that f is made of, minimise generalised cross-validation,
    log Σ r² - 2 log(1 - 1.2 edf/n). Where errors are correlated that follows them; so the curve
    whose residuals are explained best as r_i = ρ r_{i-1} + e_i, which minimises
    n log(Σ r² (1 - ρ²)/(n - edf)) + edf log n, is taken instead if its ρ is above 1/2.

    Columns with noise below 1e-6 of their spread are interpolated: the penalty, which bends the
    curve at its ends, has nothing to smooth there.

    Shapes: t (n,), steps may be unequal; q (n, c). Time and memory grow as n c. Source: P. Craven
    and G. Wahba, Numer. Math. 31 (1979) 377.

    >>> t = np.linspace(0, 6, 100)
    >>> found = smooth(t, np.sin(t)[:, None])
    >>> bool(np.abs(found.v[:, 0] - np.cos(t)).max() < 1e-5)
    True
    """
    values = np.asarray(q, dtype=float)
    centre, scale = values.mean(axis=0), sizes(values)
    times, scaled = np.asarray(t, dtype=float), (values - centre) / scale
    found = _curves(times, [scaled], 0.0)
    exact = make_interp_spline(times, scaled, min(DEGREE, len(times) - 1))
    clean = found.noise < NEGLIGIBLE
    v = np.where(clean, exact.derivative()(times), found.v)
    return _scaled(replace(found, q=np.where(clean, scaled, found.q), v=v), centre, scale)


def smooth_jointly(t: ArrayLike, q: ArrayLike, v: ArrayLike, ratio: float) -> Smooth:
    """The same for values and their derivatives together, `ratio` the noise of q over that of v.

    argmin Σ (q_i - f(t_i))² + ratio² Σ (v_i - f'(t_i))² + λ ∫ f‴² dt for every column of q and v,
    both (n, c). Raises InputError where they differ in shape.

    >>> t = np.linspace(0, 6, 100)
    >>> found = smooth_jointly(t, np.sin(t)[:, None], np.cos(t)[:, None], 1.0)
    >>> bool(np.abs(found.v[:, 0] - np.cos(t)).max() < 1e-7)
    True
    """
    values, slopes = np.asarray(q, dtype=float), np.asarray(v, dtype=float)
    if values.shape != slopes.shape:
        raise InputError(f"q {values.shape} and v {slopes.shape} must have one shape.")
    centre, scale = values.mean(axis=0), sizes(values)
    blocks = [(values - centre) / scale, slopes / scale]
    return _scaled(_curves(np.asarray(t, dtype=float), blocks, ratio), centre, scale)


def sizes(values: Array) -> Array:
    """The spread (c,) of every column, 1 where it never changes."""
    spread = np.ptp(values, axis=0)
    return np.where(spread > 0, spread, 1.0)


def _scaled(found: Smooth, centre: Array, scale: Array) -> Smooth:
    return replace(
        found,
        q=found.q * scale + centre,
        v=found.v * scale,
        noise=found.noise * scale,
        noise_v=found.noise_v * scale,
    )


def _curves(t: Array, blocks: list[Array], ratio: float) -> Smooth:
    """The best curves through `blocks`: the values, and possibly the derivatives."""
    white = correlated = None
    for spline, grid in _ladder(t):
        before = white, correlated
        for curve in _of_stiffness(spline, blocks, ratio, grid):
            white = curve if white is None else white.better(curve, "white")
            correlated = curve if correlated is None else correlated.better(curve, "correlated")
        # More splines gain nothing once the residuals have nothing left to follow.
        unchanged = before == (white, correlated)
        if unchanged and white is not None and np.all(white.smooth.lag_one < FOLLOWED):
            break
    assert white is not None
    assert correlated is not None
    return white.unless(correlated, correlated.smooth.lag_one > CORRELATED).smooth


def _ladder(t: Array) -> Iterator[tuple[Spline, Array]]:
    """Ever more splines, up to one a sample, with the stiffnesses to try for each."""
    count = len(t)
    degree = min(DEGREE, count - 1)
    most = max(count - degree, 1)
    intervals = [1]
    while 2 * intervals[-1] < most:
        intervals.append(2 * intervals[-1])
    intervals = [*(k for k in intervals if k >= FIRST_INTERVALS), most]
    for k in intervals:
        breaks = np.interp(np.linspace(0, count - 1, k + 1), np.arange(count), t)
        grid = STIFFNESSES if k > intervals[0] else np.append(STIFFNESSES, STIFF)
        yield Spline(t, breaks, degree), grid if k < most else np.append(LOOSE, grid)


@dataclass(frozen=True, eq=False)
class _Curve:
    """Curves with what is minimised: the scores (c,) for white and for correlated errors."""

    smooth: Smooth
    white: Array
    correlated: Array

    def better(self, other: _Curve, score: str) -> _Curve:
        """Column by column, the curve with the lower score."""
        return self.unless(other, getattr(other, score) < getattr(self, score))

    def unless(self, other: _Curve, taken: NDArray[np.bool_]) -> _Curve:
        """The other's columns where `taken`, else these."""
        if not taken.any():
            return self
        names = [item.name for item in fields(Smooth)]
        pairs = ((getattr(self.smooth, name), getattr(other.smooth, name)) for name in names)
        return _Curve(
            Smooth(*(np.where(taken, theirs, ours) for ours, theirs in pairs)),
            np.where(taken, other.white, self.white),
            np.where(taken, other.correlated, self.correlated),
        )


def _of_stiffness(
    spline: Spline, blocks: list[Array], ratio: float, grid: Array
) -> Iterator[_Curve]:
    """The curves of every stiffness of the grid that leave some freedom to the residuals."""
    gram = spline.gram_value.copy()
    right = spline.value.T @ blocks[0]
    for slopes in blocks[1:]:
        gram += ratio**2 * spline.gram_slope
        right = right + ratio**2 * (spline.slope.T @ slopes)
    gram[0] += SINGULAR * gram[0].max()
    rough = spline.roughness
    # A parabola has no third derivative to be penalised.
    unit = gram[0].sum() / rough[0].sum() if rough[0].any() else 0.0
    factors = [cholesky_banded(gram + unit * 10**x * rough, lower=True) for x in grid]
    # d log det(N + λ Ω)/d log λ = tr((N + λ Ω)⁻¹ λ Ω), which is what the penalty takes of the
    # degrees of freedom.
    log_det = [2 * np.log(factor[0]).sum() for factor in factors]
    freedom = spline.count - CubicSpline(grid, log_det)(grid, 1) / np.log(10)
    for factor, edf in zip(factors, freedom, strict=True):
        coefficients = cho_solve_banded((factor, True), right)
        yield _curve(spline, coefficients, blocks, ratio, float(edf))


def _curve(
    spline: Spline, coefficients: Array, blocks: list[Array], ratio: float, edf: float
) -> _Curve:
    """The curves of given coefficients with their scores."""
    count, columns = blocks[0].shape
    readings = count * len(blocks)
    curves = (spline.value @ coefficients, spline.slope @ coefficients)
    residuals = [data - curve for data, curve in zip(blocks, curves, strict=False)]
    squares = [(r**2).sum(axis=0) for r in residuals]
    lags = [_lag_one(r) for r in residuals]
    weights = (1.0, ratio**2)
    total = np.full(columns, readings * ROUND_OFF**2)
    innovations = total.copy()
    for weight, square, lag in zip(weights, squares, lags, strict=False):
        total += weight * square
        innovations += weight * square * (1 - np.clip(lag, 0, MOST_CORRELATED) ** 2)
    left = 1 - edf / readings
    charged = 1 - CHARGE * edf / readings
    if charged > 0:
        white = np.log(total) - 2 * np.log(charged)
        correlated = readings * np.log(innovations / left) + edf * np.log(readings)
    else:
        white = correlated = np.full(columns, np.inf)
    noise = [np.sqrt(square / count / left) if charged > 0 else 0 * square for square in squares]
    found = Smooth(*curves, noise[0], noise[-1], np.full(columns, edf), lags[0])
    if len(blocks) == 1:
        found = replace(found, noise_v=np.zeros(columns))
    return _Curve(found, white, correlated)


def _lag_one(residuals: Array) -> Array:
    """The correlation (c,) of neighbouring rows."""
    first, second = residuals[:-1], residuals[1:]
    size = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    together = (first * second).sum(axis=0)
    lag: Array = np.divide(together, size, out=np.zeros_like(size), where=size > 0)
    return lag
