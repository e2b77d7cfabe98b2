"""The couplings of a learned potential: its Taylor coefficients about a center, by power series."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial, prod
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from interpret.reading.couplings.couplings import Couplings
from systems.errors import InputError
from training.potential import Potential
from training.solve.linear import solve
from training.taylor import jets

Array = NDArray[np.float64]
Order = tuple[int, ...]
SPARE = 2
SEED = 0


def expand(
    learned: Any,
    center: ArrayLike,
    order: int,
    scale: float | Sequence[float] | Array = 1.0,
    coordinates: Sequence[str] | None = None,
) -> Couplings:
    """c_ij of V(center + scale z) = sum_{i+j <= order} c_ij z_0^i z_1^j + O(z^(order + 1)).

    Along a direction v, V(center + scale t v) is a function of t alone; its n-th Taylor
    coefficient is the homogeneous polynomial P_n(v) = sum_{i+j=n} c_ij v_0^i v_1^j. From twice as
    many directions as P_n has coefficients these are solved for. All directions are followed at
    once, as power series, which takes milliseconds. For a `Box` of the coordinates `Couplings.of`
    is exact and at once.

    ``learned`` is a `Fit` or anything else with a `.potential` that is a `Potential`, such a
    potential, a network, or a torch function of one point (d,); the ``coordinates`` of the last two
    are q0, q1, ... if not given. ``scale`` is one length or d; entries are then of the size that V
    changes by over it.

    Raises InputError for what cannot be expanded: anything else, an order below 0, a function of
    torch whose Taylor series is not known, and a center where V or a derivative is not finite.

    >>> saddle = lambda q: q[0] ** 2 * q[1] - 3 * q[1]
    >>> expand(saddle, (1.0, 0.0), order=3).tensor.round(12)[:, 1] + 0.0
    array([-2.,  2.,  1.,  0.])
    """
    if order < 0:
        raise InputError(f"couplings are expanded to an order from 0, not {order}.")
    middle = np.array(center, dtype=float)
    names = _names(learned, coordinates, len(middle))
    lengths = np.broadcast_to(np.asarray(scale, dtype=float), middle.shape)
    directions = spread(len(middle), order)
    derivatives = jets(learned, middle, directions * lengths, order).numpy()
    if not np.isfinite(derivatives).all():
        raise InputError(
            f"V or a derivative of it is not finite at {tuple(middle.tolist())}; expand it where "
            f"it is smooth."
        )
    tensor = np.zeros((order + 1,) * len(middle))
    for n, values in enumerate(derivatives):
        for place, coefficient in homogeneous(directions, values / factorial(n), n).items():
            tensor[place] = coefficient
    return Couplings(tensor, middle, lengths, names)


def spread(dimension: int, order: int) -> Array:
    """Unit vectors enough to tell the homogeneous polynomials up to an order: (directions, d).

    Opposite directions tell the same, so that a half circle is covered evenly; in more than two
    dimensions the directions are drawn at random, always the same.

    >>> spread(2, order=3).shape, spread(3, order=2).shape
    ((8, 2), (12, 3))
    """
    if dimension == 1:
        return np.ones((1, 1))
    if dimension == 2:
        # Off the axes by half a step: no direction is that of an exact symmetry.
        angles = np.pi * (np.arange(SPARE * (order + 1)) + 0.25) / (SPARE * (order + 1))
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    count = SPARE * len(_orders(dimension, order))
    drawn = np.random.default_rng(SEED).standard_normal((count, dimension))
    unit: Array = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def homogeneous(directions: Array, values: Array, order: int) -> dict[Order, float]:
    """The coefficients of the homogeneous polynomial of an order with these values, by orders.

    Solved for in units of the square roots of the multinomial coefficients, in which the products
    of coordinates are nearly orthogonal on the sphere.

    >>> homogeneous(spread(2, 1), spread(2, 1) @ [3.0, -1.0], 1)[1, 0].round(12)
    np.float64(3.0)
    """
    orders = _orders(directions.shape[1], order)
    weight = [np.sqrt(factorial(order) / prod(map(factorial, place))) for place in orders]
    columns = [np.prod(directions ** np.array(place), axis=1) for place in orders]
    design = np.stack(columns, axis=1) * weight
    solution = solve(torch.from_numpy(design), torch.from_numpy(values))
    solved = solution.coefficients.numpy() * weight
    return dict(zip(orders, solved, strict=True))


def _orders(dimension: int, total: int) -> list[Order]:
    """Every tuple of so many orders that add up to the total."""
    if dimension == 1:
        return [(total,)]
    return [
        (first, *rest)
        for first in range(total + 1)
        for rest in _orders(dimension - 1, total - first)
    ]


def _names(learned: Any, coordinates: Sequence[str] | None, dimension: int) -> tuple[str, ...]:
    known = _potential(learned)
    if known is not None:
        coordinates = known.features.coordinates
    names = tuple(coordinates or (f"q{a}" for a in range(dimension)))
    if len(names) != dimension:
        raise InputError(
            f"the coordinates are {', '.join(names)}; the center needs {len(names)} numbers, not "
            f"{dimension}."
        )
    return names


def _potential(learned: Any) -> Potential | None:
    inner = getattr(learned, "potential", learned)
    return inner if isinstance(inner, Potential) else None
