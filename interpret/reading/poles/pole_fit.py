"""A sum over poles, fitted by robust least squares to the phases of a box.

    height cot δ = Σ_j c_j/(p_j - x) + smooth(x)

with x = q² and height = 2π² q, or x = (kL)² and height = kL. A phase of error ε moves the left side
by ε height/sin²δ, so that rows multiplied by sin²δ/height,

    sin²δ/height [Σ_j c_j/(p_j - x) + Chebyshev polynomials] = sin δ cos δ,

have residuals that are angles, all of one size. They start the fit. It ends by Gauss-Newton on the
angle itself, δ - arccot(sum/height) modulo π: next to a pole, sin²δ of a measured δ is noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray

from systems.errors import InputError
from training.solve.linear import Scaled, compress

Array = NDArray[np.float64]

CAUCHY: Final = 2.385
"""Residuals of so many robust standard deviations have half the weight; larger ones fade away."""

ITERATIONS: Final = 20
CLOSEST: Final = 1e-10
"""|p - x| at least, relative to the range; a row so close to its pole has no weight anyway."""

NEGLIGIBLE: Final = 1e-13
"""Directions of the parameters with relative singular values below it are left out."""

LARGEST_MOVE: Final = 0.2
"""Poles move by so much of their smallest distance in one step at most."""

DAMPING: Final = (0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0)
"""A step that leads too far, or makes the fit worse, is damped by these, of scaled columns."""

ENOUGH: Final = 0.01
"""The fit ends where a step lowers χ² by less."""

ROUND_OFF: Final = 1e-14
"""No residual, in rad, is taken for smaller."""


class Phases(NamedTuple):
    """Points of one box or of many: x, the height of height cot δ, and δ in rad; (n,) each."""

    x: Array
    height: Array
    delta: Array

    def some(self, kept: NDArray[np.intp]) -> Phases:
        """These points alone."""
        return Phases(self.x[kept], self.height[kept], self.delta[kept])

    def thinned(self, most: int) -> Phases:
        """At most so many points, evenly taken in the order of x."""
        every = -(-len(self.x) // most)
        return self.some(np.argsort(self.x)[::every])


def above_threshold(*arrays: ArrayLike, fewest: int, what: str) -> tuple[Array, ...]:
    """Momenta k, box sizes L and angles that go together, flat, of the points with k > 0.

    Raises InputError where their shapes do not match, for what is not finite, and for fewer than
    `fewest` points.

    >>> above_threshold([0.0, 0.5], 10.0, [1.0, 2.0], fewest=1, what="poles")
    (array([0.5]), array([10.]), array([2.]))
    """
    try:
        together = np.broadcast_arrays(*(np.asarray(array, dtype=float) for array in arrays))
    except ValueError as error:
        raise InputError("momenta, box sizes and phases do not go together.") from error
    flat = [array.ravel() for array in together]
    if not all(np.isfinite(array).all() for array in flat):
        raise InputError("a point (k, L, δ) is not finite; leave such points out.")
    above = flat[0] > 0
    if np.count_nonzero(above) < fewest:
        raise InputError(
            f"{np.count_nonzero(above)} points above threshold are too few for {what}; "
            f"give {fewest} or more."
        )
    return tuple(array[above] for array in flat)


@dataclass(frozen=True)
class PoleFit:
    """Poles and their coefficients with standard errors.

    `missed` is what the fit leaves of each phase, `residual` its robust standard deviation, in rad;
    `information` is Bayes' criterion: the smaller, the better the choice of columns.
    """

    poles: Array
    poles_stderr: Array
    coefficients: Array
    stderr: Array
    residual: float
    information: float
    missed: Array


def fit_poles(points: Phases, poles: Array, order: int, movable: bool = False) -> PoleFit:
    """Fit the coefficients of these poles and a Chebyshev series of this order.

    With `movable` the poles are parameters, too, and those given only the start; the steps are few,
    so that it must be a good one. Weights are Cauchy's: levels next to a resonance that is too
    narrow to see have next to none. The error bars hold for errors of any size that differ from
    point to point (White's covariance in MacKinnon's third form, residuals over 1 - leverage), as
    far as they are independent.

    >>> x = np.linspace(0.1, 2.9, 40)
    >>> delta = np.arctan2(1.0, 2 / (1 - x) + 3 / (2 - x))  # cot δ = 2/(1 - x) + 3/(2 - x)
    >>> found = fit_poles(Phases(x, np.ones(40), delta), np.array([1.1, 1.9]), 0, movable=True)
    >>> found.poles.round(9).tolist(), found.coefficients.round(9).tolist()
    ([1.0, 2.0], [2.0, 3.0])
    """
    poles = poles.astype(float)
    basis = _basis(points.x, poles, order)
    sine, cosine = np.sin(points.delta), np.cos(points.delta)
    values = next(_steps(basis * (sine**2 / points.height)[:, None], sine * cosine, (0.0,)))
    count = len(poles)
    farthest = LARGEST_MOVE * float(np.diff(np.sort(poles)).min(initial=np.inf))
    for _ in range(ITERATIONS):
        rows, missed = _linearised(points, poles, values, order, movable)
        limit = CAUCHY * scale(missed)
        weights = _weights(missed, limit)
        gain = 0.0
        for step in _steps(rows * weights[:, None], missed * weights, DAMPING):
            moves = step[:count] if movable else np.zeros(count)
            if np.abs(moves).max(initial=0.0) > farthest:
                continue
            new_poles, new_values = poles + moves, values + step[-len(values) :]
            now = _angle(points, _basis(points.x, new_poles, order) @ new_values)
            gain = 1 - _cost(now, limit) / _cost(missed, limit)
            if gain > 0:
                poles, values = new_poles, new_values
                break
        if gain * len(missed) < ENOUGH:
            break
    rows, missed = _linearised(points, poles, values, order, movable)
    stderr = _standard_errors(rows, missed)
    return PoleFit(
        poles=poles,
        poles_stderr=stderr[:count] if movable else np.zeros(count),
        coefficients=values[:count],
        stderr=stderr[count : 2 * count] if movable else stderr[:count],
        residual=scale(missed),
        information=_information(missed, rows.shape[1]),
        missed=missed,
    )


def scale(missed: Array) -> float:
    """1.4826 median |r|: the standard deviation, though nearly half of the points be outliers.

    >>> scale(np.array([-1.0, 1.0, -1.0, 1.0, 1e9]))
    1.4826
    """
    return max(1.4826 * float(np.median(np.abs(missed))), ROUND_OFF)


def _basis(x: Array, poles: Array, order: int) -> Array:
    """The columns 1/(p - x), then the Chebyshev polynomials on [0, max x]."""
    smooth = chebyshev.chebvander(2 * x / x.max() - 1, order)
    return np.concatenate([1 / _distance(x, poles), smooth], axis=1)


def _distance(x: Array, poles: Array) -> Array:
    distance = poles - x[:, None]
    size = np.maximum(np.abs(distance), CLOSEST * x.max())
    apart: Array = np.where(distance < 0, -size, size)
    return apart


def _angle(points: Phases, model: Array) -> Array:
    """The phases less the model's, in (-π/2, π/2]."""
    missed = points.delta - np.arctan2(points.height, model)
    nearest: Array = missed - np.pi * np.rint(missed / np.pi)
    return nearest


def _linearised(
    points: Phases, poles: Array, values: Array, order: int, movable: bool
) -> tuple[Array, Array]:
    """The rows dδ/d(parameters), and what the model misses.

    dδ/dS = -height/(S² + height²), taken without squares of large numbers.
    """
    basis = _basis(points.x, poles, order)
    model = basis @ values
    missed = _angle(points, model)
    if movable:
        count = len(poles)
        moved = -values[:count] * basis[:, :count] ** 2
        basis = np.concatenate([moved, basis], axis=1)
    size = np.hypot(model, points.height)
    return -basis * (points.height / size / size)[:, None], missed


def _steps(rows: Array, right: Array, damping: Sequence[float]) -> Iterator[Array]:
    """The solutions of the normal equations, damped ever more as Levenberg and Marquardt did.

    Directions that the rows do not see are left out.
    """
    compressed = compress(torch.from_numpy(rows), torch.from_numpy(right))
    scaled = Scaled.of(compressed[:-1, :-1], NEGLIGIBLE)
    for factor in damping:
        yield scaled.solve(compressed[:-1, -1], factor).numpy()


def _standard_errors(rows: Array, missed: Array) -> Array:
    limit = CAUCHY * scale(missed)
    weights = _weights(missed, limit)
    scaled = Scaled.of(torch.from_numpy(rows * weights[:, None]), NEGLIGIBLE)
    seen = slice(scaled.rank)
    directions = scaled.left[:, seen].numpy()
    inverse = (scaled.right[:, seen] / scaled.singular[seen] / scaled.lengths[:, None]).T.numpy()
    leverage = np.minimum((directions**2).sum(axis=1), 1 - 1 / len(missed))
    spread = directions * (weights * missed / (1 - leverage))[:, None]
    # The weights change with the parameters: the cost bends by w (1 - 2 r² w/limit²), not by w.
    squared = weights**2
    bend = float((squared * (1 - 2 * squared * (missed / limit) ** 2)).mean() / squared.mean())
    errors: Array = np.linalg.norm(spread @ inverse, axis=0) / bend
    return errors


def _weights(missed: Array, limit: float) -> Array:
    """Square roots of Cauchy's weights."""
    weights: Array = 1 / np.hypot(1, missed / limit)
    return weights


def _cost(missed: Array, limit: float) -> float:
    """The mean of what Cauchy's weights make smallest: r² where r is small, and its logarithm."""
    return float(limit**2 * np.log1p((missed / limit) ** 2).mean())


def _information(missed: Array, parameters: int) -> float:
    """n ln σ² + p ln n, of the σ² that Cauchy's weights leave."""
    n = len(missed)
    mean = max(_cost(missed, CAUCHY * scale(missed)), ROUND_OFF**2)
    return float(n * np.log(mean) + parameters * np.log(n))
