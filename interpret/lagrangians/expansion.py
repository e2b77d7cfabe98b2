"""The couplings of a learned potential: its Taylor coefficients about a center, by autodiff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial, prod
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.func import jvp, vmap

from interpret.lagrangians.couplings import Couplings
from systems.errors import InputError
from training.bases.candidates import Candidates
from training.potential import Potential

Array = NDArray[np.float64]
Order = tuple[int, ...]
Function = Callable[[Tensor], Tensor]
Tower = Callable[[Tensor], tuple[Tensor, ...]]
MOST_ORDERS = 10
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
    coefficient, by n nested forward derivatives, is the homogeneous polynomial
    P_n(v) = sum_{i+j=n} c_ij v_0^i v_1^j. From twice as many directions as P_n has coefficients
    these are solved for. All directions are followed at once. The cost almost triples with every
    order, since dual numbers nest: order 8 of a small network takes seconds. For a `Box` of the
    coordinates `Couplings.of` is exact and at once.

    ``learned`` is a `Fit` or anything else with a `.potential` that is a `Potential`, such a
    potential, or a torch function of one point (d,), whose ``coordinates`` are q0, q1, ... if not
    given. ``scale`` is one length or d; entries are then of the size that V changes by over it.

    Raises InputError for what cannot be expanded: anything else, an order below 0 or above 10,
    and a center where V or a derivative of it is not finite.

    >>> saddle = lambda q: q[0] ** 2 * q[1] - 3 * q[1]
    >>> expand(saddle, (1.0, 0.0), order=3).tensor.round(12)[:, 1] + 0.0
    array([-2.,  2.,  1.,  0.])
    """
    if not 0 <= order <= MOST_ORDERS:
        raise InputError(
            f"couplings are expanded to an order from 0 to {MOST_ORDERS}, not {order}: the cost "
            f"triples with every order."
        )
    middle = np.array(center, dtype=float)
    names = _names(learned, coordinates, len(middle))
    lengths = np.broadcast_to(np.asarray(scale, dtype=float), middle.shape)
    directions = spread(len(middle), order)
    start, steps = torch.from_numpy(middle), torch.from_numpy(directions * lengths)
    potential = _function(learned)

    def along(t: Tensor) -> Tensor:
        return potential(start + t[:, None] * steps)

    derivatives = _derivatives(along, order, len(directions))
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
    solved = np.linalg.lstsq(design, values)[0] * weight
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


def _derivatives(function: Function, order: int, directions: int) -> Array:
    """f, f', ..., f^(order) at t = 0 in every direction: (order + 1, directions).

    Each derivative is a forward tangent of the one below it, which comes along untouched.
    """

    def bottom(t: Tensor) -> tuple[Tensor, ...]:
        return (function(t),)

    def lifted(below: Tower) -> Tower:
        def tower(t: Tensor) -> tuple[Tensor, ...]:
            values, tangents, *_ = jvp(below, (t,), (torch.ones_like(t),))
            return (*values, tangents[-1])

        return tower

    tower: Tower = bottom
    for _ in range(order):
        tower = lifted(tower)
    with torch.no_grad():
        values = tower(torch.zeros(directions, dtype=torch.float64))
    return torch.stack(values).numpy()


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


def _function(learned: Any) -> Function:
    """V of several points as torch can differentiate it, (n, d) -> (n,), in double precision."""
    known = _potential(learned)
    if known is not None:
        return _of_potential(known)
    if callable(learned):
        points: Function = vmap(learned)
        return points
    raise InputError(
        f"a {type(learned).__name__} cannot be expanded; give a fit, a potential, or a torch "
        f"function of one point."
    )


def _potential(learned: Any) -> Potential | None:
    inner = getattr(learned, "potential", learned)
    return inner if isinstance(inner, Potential) else None


def _of_potential(potential: Potential) -> Function:
    """sum_k c_k phi_k(x(q)), its features written in torch."""
    like = torch.zeros((), dtype=torch.float64)
    basis, coefficients = potential.basis.to(like), potential.coefficients.to(like)
    features = Candidates(potential.features.coordinates, potential.features.expressions)
    trivial = potential.features.trivial
    return lambda q: basis.values(q if trivial else features.values(q)) @ coefficients
