"""Candidates as columns of numbers: the library matrix, its derivatives, and what is wrong with it.

A candidate that is singular on the data, or that the others already span there, would spoil a
regression silently. Both are found here first and told by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Final

import numpy as np
import sympy
import torch
from numpy.typing import NDArray
from sympy import Expr

from interpret.select.matrix import triangle
from systems.errors import InputError, nearest
from systems.expressions import differentiate
from systems.products import compile_products
from training.solve.linear import Scaled

Array = NDArray[np.float64]
Group = NDArray[np.int64]
Derivatives = Callable[[Array], tuple[Array, ...]]
"""Points (n, f) -> derivatives of several orders."""

ROUND_OFF: Final = 1e-12
"""Singular values of the equilibrated library below this fraction of the largest count as zero."""

INVOLVED: Final = 1e-3
"""A column takes part in a dependence if its share in it is at least this."""


def derivatives(
    candidates: Sequence[Expr], variables: Sequence[str], order: int, x: Array
) -> Array:
    """The derivatives of the given order of each candidate phi_j at each point x_i.

    Shapes: `x` (n, f), its columns the `variables`; the result (n, k) for order 0,
    d phi_j/dx_a (n, f, k) for order 1, d^2 phi_j/dx_a dx_b (n, f, f, k) for order 2.

    Raises InputError when a candidate has a variable that is not among `variables`.

    >>> derivatives([sympy.Symbol("q") ** 3], ["q"], 1, np.array([[2.0]]))
    array([[[12.]]])
    """
    names = tuple(variables)
    points = np.asarray(x, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != len(names):
        raise InputError(
            f"points of shape {points.shape} do not match the {len(names)} variables "
            f"{', '.join(names)}; give an array of shape (n, {len(names)})."
        )
    # A pole gives inf or nan here, without numpy's warning: `check` tells it by name.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        (values,) = compiled(tuple(candidates), names, (order,))(points)
    return values


@lru_cache(maxsize=256)
def compiled(
    candidates: tuple[Expr, ...], variables: tuple[str, ...], orders: tuple[int, ...]
) -> Derivatives:
    """The derivatives of several orders as one function, for who asks a thousand times.

    Their common parts are evaluated once. Shapes as of `derivatives`.

    >>> curve = compiled((sympy.Symbol("q") ** 3,), ("q",), (1, 2))
    >>> [values.item() for values in curve(np.array([[2.0]]))]
    [12.0, 12.0]
    """
    check_variables(candidates, variables)
    wanted = [
        differentiate(candidate, *directions)
        for order in orders
        for directions in product(variables, repeat=order)
        for candidate in candidates
    ]
    shapes = [(*[len(variables)] * order, len(candidates)) for order in orders]
    ends = np.cumsum([math.prod(shape) for shape in shapes]).tolist()
    together = compile_products(wanted, variables)

    def evaluate(x: Array) -> tuple[Array, ...]:
        values = together(x)
        starts = [0, *ends[:-1]]
        return tuple(
            values[:, start:end].reshape(len(x), *shape)
            for start, end, shape in zip(starts, ends, shapes, strict=True)
        )

    return evaluate


def check_variables(candidates: Sequence[Expr], variables: Sequence[str]) -> None:
    """Raise InputError if a candidate has a variable that is not among `variables`."""
    for candidate in candidates:
        for name in sorted(item.name for item in candidate.free_symbols):
            if name not in variables:
                raise InputError(
                    f"the candidate {candidate} has the variable {name}, which is not among "
                    f"{', '.join(variables)}.{nearest(name, variables)}"
                )


def check(
    candidates: Sequence[Expr], variables: Sequence[str], x: Array, group: Group | None = None
) -> None:
    """Raise InputError, naming the candidates, where one is singular or some are collinear.

    >>> q = sympy.Symbol("q")
    >>> check([q, 1 / q], ["q"], np.array([[-1.0], [0.5]]))
    Traceback (most recent call last):
        ...
    systems.errors.InputError: the candidate 1/q is singular on the data: q passes through 0 near \
q = 0.5; leave it out of the library.
    """
    groups = np.zeros(len(x), dtype=np.int64) if group is None else group
    for candidate in candidates:
        where = singular(candidate, variables, x, groups)
        if where is not None:
            raise InputError(
                f"the candidate {candidate} is singular on the data: {where}; "
                f"leave it out of the library."
            )
    dependent = collinear(candidates, variables, x, groups)
    if len(dependent) == 1:
        raise InputError(
            f"the candidate {dependent[0]} is constant on the data, and a constant is not "
            f"measurable; leave it out of the library."
        )
    if dependent:
        raise InputError(
            f"the candidates {', '.join(map(str, dependent))} are collinear on the data, so their "
            f"coefficients are not determined; leave one of them out of the library."
        )


def singular(candidate: Expr, variables: Sequence[str], x: Array, group: Group) -> str | None:
    """Where a candidate is singular on the data, in words; None where it is not.

    The data are samples of continuous trajectories, numbered by `group` (n,). A denominator that
    changes sign along one of them was zero in between, although no sample may have hit the pole.

    >>> r = sympy.Symbol("r")
    >>> singular(1 / (10 - r), ["r"], np.array([[9.0], [10.5]]), np.zeros(2, dtype=np.int64))
    '10 - r passes through 0 near r = 10.5'
    """
    for denominator in _denominators(candidate):
        values = derivatives([denominator], variables, 0, x)[:, 0]
        crossing = _changes_sign(values, group)
        if crossing is not None:
            return (
                f"{denominator} passes through 0 near {_place(denominator, variables, x[crossing])}"
            )
    values = derivatives([candidate], variables, 0, x)[:, 0]
    slopes = derivatives([candidate], variables, 1, x)[:, :, 0]
    broken = ~(np.isfinite(values) & np.isfinite(slopes).all(axis=1))
    if broken.any():
        first = int(np.argmax(broken))
        return f"it or its slope is not a finite number at {_place(candidate, variables, x[first])}"
    return None


def collinear(
    candidates: Sequence[Expr], variables: Sequence[str], x: Array, group: Group
) -> tuple[Expr, ...]:
    """The candidates that take part in a linear dependence on the data; empty without one.

    Dependence is meant as a regression on V and grad V sees it, with a free constant in each
    trajectory: the rows are phi_j minus its mean over the trajectory, and s_a d phi_j/dx_a, where
    s_a is the range of x_a. A null vector of this matrix, its columns scaled to length 1, is a
    sum of candidates that is constant along each trajectory and has no slope.

    >>> q = sympy.Symbol("q")
    >>> x = np.linspace(0, 1, 9)[:, None]
    >>> collinear([q, q**2, q * (q + 1)], ["q"], x, np.zeros(9, dtype=np.int64))
    (q, q**2, q*(q + 1))
    """
    values = derivatives(candidates, variables, 0, x)
    slopes = derivatives(candidates, variables, 1, x) * np.ptp(x, axis=0)[:, np.newaxis]
    rows = np.vstack([_centred(values, group), slopes.reshape(-1, len(candidates))])
    constant = np.linalg.norm(rows, axis=0) <= ROUND_OFF * np.linalg.norm(values, axis=0)
    if constant.any():
        return (candidates[int(np.argmax(constant))],)
    scaled = Scaled.of(torch.from_numpy(triangle(rows)), ROUND_OFF)
    share = scaled.right[:, scaled.rank :].norm(dim=1).tolist()
    return tuple(c for c, part in zip(candidates, share, strict=True) if part > INVOLVED)


def _denominators(candidate: Expr) -> Iterator[Expr]:
    """The subexpressions that must not pass through zero."""
    for node in sympy.preorder_traversal(candidate):
        if isinstance(node, sympy.Pow) and node.exp.could_extract_minus_sign():
            yield node.base
        elif isinstance(node, sympy.log):
            yield node.args[0]
        elif isinstance(node, sympy.tan):
            yield sympy.cos(node.args[0])


def _changes_sign(values: Array, group: Group) -> int | None:
    """The sample nearest to a zero that a trajectory passes, or None."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=group[order[0]] - 1))
    lowest = np.minimum.reduceat(values[order], starts)
    highest = np.maximum.reduceat(values[order], starts)
    passed = group[order][starts][(lowest <= 0) & (highest >= 0)]
    if not len(passed):
        return None
    distance = np.where(np.isin(group, passed), np.abs(values), np.inf)
    return int(np.argmin(distance))


def _centred(values: Array, group: Group) -> Array:
    """Each column minus its mean over each trajectory."""
    _, number = np.unique(group, return_inverse=True)
    totals = np.zeros((number.max() + 1, values.shape[1]))
    np.add.at(totals, number, values)
    means: Array = totals / np.bincount(number)[:, np.newaxis]
    centred: Array = values - means[number]
    return centred


def _place(expression: Expr, variables: Sequence[str], point: Array) -> str:
    """The point in words, as far as the expression depends on it: "x = 1, y = 2"."""
    used = {item.name for item in expression.free_symbols}
    values = zip(variables, point, strict=True)
    return ", ".join(f"{name} = {value:.3g}" for name, value in values if name in used)
