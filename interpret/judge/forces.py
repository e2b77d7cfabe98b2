"""Forces that a law may have missed: flexible ones, a family for each cause.

A family is a set of force fields, (n, d) each, evaluated at points (q, v, t): splines of one
variable, as a potential of a feature, or as a force on a coordinate. They know no law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from systems.samples.trajectories import Trajectories
from training.features import Features

Array = NDArray[np.float64]

KNOTS: Final = 8
"""Functions of a family in one variable: enough for two and a half periods, at four a period."""

DEGREE: Final = 3
FEW_COORDINATES: Final = 3
"""With so many coordinates every one may act on every other; with more each acts on itself."""


@dataclass(frozen=True)
class Points:
    """Where forces act: `q` and `v` (n, d), `t` (n,), and on which stretch of the data, `run` (n,).

    No `run`: all are on one.
    """

    q: Array
    v: Array
    t: Array
    run: NDArray[np.intp] | int = 0


@dataclass(frozen=True)
class Family:
    """Forces of one cause: `fields` takes points to (n, d, K)."""

    cause: str
    fields: Callable[[Points], Array]


def families(trajectories: Trajectories, features: Features) -> tuple[Family, ...]:
    """The families for these data: of each feature, place, velocity, of the time, and of both.

    The splines cover the range of the data.

    >>> from systems import get
    >>> data = get("oscillator").draw()[:2]
    >>> [family.cause for family in families(data, Features.identity(data.coordinates))]
    ['the potential of q', 'the velocity of q', 'friction', 'the time', 'place and time']
    """
    whole = _points(trajectories)
    found = list(_potentials(features, features.values(whole.q)))
    d = whole.q.shape[1]
    acting = [(i, j) for i in range(d) for j in range(d) if d <= FEW_COORDINATES or i == j]
    for number, name in enumerate(trajectories.coordinates):
        on = tuple(i for i, j in acting if j == number)
        if d > 1:
            along = _spline(whole.q[:, number])
            found.append(Family(f"the place {name}", _pushing(_place(number), along, on)))
        found.append(
            Family(
                f"the velocity of {name}",
                _pushing(_velocity(number), _spline(whole.v[:, number]), on),
            )
        )
    found.append(Family("friction", _friction))
    found.append(Family("the time", _pushing(_time, _spline(whole.t), tuple(range(d)))))
    found.append(Family("place and time", _drifting(whole)))
    return tuple(found)


Spline = Callable[[Array, int], Array]


def _spline(values: Array) -> Spline:
    """Cubic B-splines over the range of the values: (points (n,), derivative) to (n, K)."""
    # Exact data need none of the much that splines load.
    from scipy.interpolate import BSpline

    low, high = float(values.min()), float(values.max())
    if not high > low:
        return lambda x, order: np.zeros((len(x), 0))
    inner = np.linspace(low, high, KNOTS - DEGREE + 1)
    knots = np.concatenate([np.full(DEGREE, low), inner, np.full(DEGREE, high)])
    basis = BSpline(knots, np.eye(KNOTS), DEGREE)

    def evaluate(x: Array, order: int) -> Array:
        result: Array = basis(np.clip(x, low, high), nu=order)
        return result

    return evaluate


def _potentials(features: Features, x: Array) -> Iterator[Family]:
    """-dV/dq for V a spline of one feature, or the product of two."""
    splines = [_spline(column) for column in x.T]
    for number, name in enumerate(features.names):

        def single(points: Points, number: int = number) -> Array:
            slopes = splines[number](features.values(points.q)[:, number], 1)
            jacobian = features.jacobian(points.q)[:, :, number]
            return -jacobian[:, :, None] * slopes[:, None, :]

        yield Family(f"the potential of {name}", single)
    scale = np.abs(x).max(axis=0)
    for one, two in combinations(range(len(features.names)), 2):

        def product(points: Points, one: int = one, two: int = two) -> Array:
            a, b = (features.values(points.q)[:, k] / (scale[k] or 1.0) for k in (one, two))
            to_a, to_b = (features.jacobian(points.q)[:, :, k] for k in (one, two))
            columns = []
            for m, n in ((1, 1), (1, 2), (2, 1), (2, 2)):
                by_a = m * a ** (m - 1) * b**n / (scale[one] or 1.0)
                by_b = n * a**m * b ** (n - 1) / (scale[two] or 1.0)
                columns.append(-(to_a * by_a[:, None] + to_b * by_b[:, None]))
            return np.stack(columns, axis=2)

        yield Family(f"the potential of {features.names[one]} and {features.names[two]}", product)


def _pushing(
    variable: Callable[[Points], Array], spline: Spline, on: tuple[int, ...]
) -> Callable[[Points], Array]:
    """A spline of a variable as a force on each of some coordinates."""

    def fields(points: Points) -> Array:
        values = spline(variable(points), 0)
        count = values.shape[1]
        force = np.zeros((*points.q.shape, count * len(on)))
        for place, coordinate in enumerate(on):
            force[:, coordinate, place * count : (place + 1) * count] = values
        return force

    return fields


def _place(number: int) -> Callable[[Points], Array]:
    return lambda points: points.q[:, number]


def _velocity(number: int) -> Callable[[Points], Array]:
    return lambda points: points.v[:, number]


def _time(points: Points) -> Array:
    return points.t


def _drifting(whole: Points) -> Callable[[Points], Array]:
    """(q_i - mean) s and (q_i - mean) s² on each coordinate, s the time from -1 to 1: a spring that
    softens."""
    middle = whole.q.mean(axis=0)
    start, end = float(whole.t.min()), float(whole.t.max())
    half = (end - start) / 2 or 1.0

    def fields(points: Points) -> Array:
        s = (points.t - start)[:, None] / half - 1
        d = points.q.shape[1]
        force = np.zeros((*points.q.shape, 2 * d))
        every = np.arange(d)
        force[:, every, every] = (points.q - middle) * s
        force[:, every, d + every] = (points.q - middle) * s**2
        return force

    return fields


def _friction(points: Points) -> Array:
    """-v, -|v| v and -v/|v|: the same for all coordinates."""
    speed = np.linalg.norm(points.v, axis=1)
    typical = float(np.sqrt((speed**2).mean())) or 1.0
    along = points.v / np.sqrt(speed**2 + (DRY * typical) ** 2)[:, None]
    return -np.stack([points.v, speed[:, None] * points.v, along], axis=2)


DRY: Final = 0.03
"""Dry friction turns round within this part of the typical speed. Source: as for a tanh(v/ε)."""


def _points(trajectories: Trajectories) -> Points:
    t, q, p, _ = trajectories.stack()
    return Points(q, p / trajectories.mass, t)
