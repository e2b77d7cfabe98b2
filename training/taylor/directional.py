"""Derivatives along directions, by Taylor series: D^k y[v, ..., v] for all k at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import sympy
import torch
from torch import Tensor

from systems.errors import InputError
from training.bases.basis import Basis
from training.bases.candidates import Candidates
from training.bases.composite import Shared, Sum
from training.bases.perceptron import Perceptron
from training.potential import Potential
from training.taylor.jets import Jet
from training.taylor.layers import Layers, doubles, point
from training.taylor.recurrences import constant, factorials

Follower = Callable[[Tensor, Tensor, int], Tensor]


def jets(learned: Any, center: Any, directions: Any, order: int) -> Tensor:
    """d^k/dt^k y(x + t v) at t = 0 for k = 0 .. K and every direction v: (K + 1, directions).

    All directions are followed at once, each as a power series of its own; the cost grows as K²,
    where nested derivatives multiply it with every order. ``learned`` is a network (`Layers`, a
    `Perceptron`), a `Potential` or anything that has one, of any basis and any features, or a torch
    function of one point (d,). ``center`` is (d,), ``directions`` (M, d); all is done in doubles.

    Raises InputError for anything else, an order below 0, a center or directions of the wrong
    dimension, and functions of torch that jets do not follow.

    >>> jets(lambda q: q[0] ** 2 * q[1], (1.0, 1.0), [(1.0, 0.0), (1.0, 1.0)], order=3).tolist()
    [[1.0, 1.0], [2.0, 3.0], [2.0, 6.0], [0.0, 6.0]]
    """
    if order < 0:
        raise InputError(f"derivatives are of an order from 0, not {order}.")
    follow = follower(learned)
    steps = doubles(directions)
    if steps.ndim != 2:
        raise InputError(f"directions are rows of numbers, not an array of {steps.ndim} axes.")
    start = point(center, steps.shape[1])
    with torch.no_grad():
        coefficients = follow(start, steps, order)
        return factorials(coefficients) * coefficients


def follower(learned: Any) -> Follower:
    """The series y(x + t v), (K + 1, M), as a function of x (d,), v (M, d) and K."""
    if isinstance(learned, Layers | Perceptron):
        return Layers.of(learned).along
    potential = getattr(learned, "potential", learned)
    if isinstance(potential, Potential):
        return _with_jets(_potential(potential))
    if callable(learned):
        return _with_jets(_pointwise(learned))
    raise InputError(
        f"a {type(learned).__name__} cannot be expanded; give a network, a potential, a fit, or a "
        f"torch function of one point."
    )


def _with_jets(function: Callable[[Jet], Jet]) -> Follower:
    return lambda start, steps, order: function(Jet.line(start, steps, order)).coefficients


def _potential(potential: Potential) -> Callable[[Jet], Jet]:
    """Σ_k c_k φ_k(x(q)), its features written in torch."""
    like = torch.zeros((), dtype=torch.float64)
    basis = followed(potential.basis.to(like))
    coefficients = potential.coefficients.to(like)
    features = potential.features
    compiled = _compiled(features.coordinates, features.expressions)

    def values(q: Any) -> Any:
        point(q.value[0], len(features.coordinates))
        x: Any = q if features.trivial else compiled.values(q)
        return basis.values(x) @ coefficients

    return values


def _pointwise(function: Callable[[Any], Any]) -> Callable[[Jet], Jet]:
    """A function of one point at many."""

    def at(coefficients: Tensor) -> Tensor:
        result = function(Jet(coefficients))
        if not isinstance(result, Jet):
            return constant(result, len(coefficients) - 1)
        if result.ndim:
            raise InputError(f"the function gives {tuple(result.shape)} numbers a point, not one.")
        return result.coefficients

    points = torch.func.vmap(at, in_dims=1)
    return lambda q: Jet(points(q.coefficients).T)


class _Expressions(Candidates):
    """Candidates that take jets."""

    def values(self, x: Any) -> Any:
        """phi_k(x_i), shape (n, K)."""
        zero = 0.0 * x[:, 0]
        columns = [zero + column for column in self._values(*x.unbind(dim=1))]
        return torch.stack(columns, dim=1)


def followed(basis: Basis) -> Basis:
    """The same basis, whose candidates take jets too."""
    if isinstance(basis, Candidates):
        return _compiled(basis.variables, basis.expressions)
    if isinstance(basis, Shared):
        return replace(basis, basis=followed(basis.basis))
    if isinstance(basis, Sum):
        return Sum(tuple(map(followed, basis.parts)))
    return basis


@lru_cache(maxsize=64)
def _compiled(variables: tuple[str, ...], expressions: tuple[sympy.Expr, ...]) -> _Expressions:
    """Compiled once: that takes longer than to follow any number of directions."""
    return _Expressions(variables, expressions)
