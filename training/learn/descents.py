"""Descents on the acceleration loss with their paths: gradient descent, momentum, Adam, AdaGrad.

    loss(θ) = mean |q̈(q, q̇; θ) - q̈|²

An affine model needs none of them, see `training.learn.numbers`; they show what a descent meets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from sympy import Expr
from torch import Tensor

from systems.errors import InputError, nearest
from systems.samples.phase_space import PhaseSamples
from training.bases.candidates import Candidates
from training.learn.acceleration_model import AccelerationModel, Array, acceleration_model
from training.optimise.gradient import descend
from training.optimise.rules import Rule, adagrad, adam, gradient_descent, momentum

RULES: Mapping[str, Callable[[float], Rule]] = {
    "gd": gradient_descent,
    "momentum": momentum,
    "adam": adam,
    "adagrad": adagrad,
}
METHODS = tuple(RULES)
DTYPES = {"float32": torch.float32, "float64": torch.float64}

SHARES: Mapping[str, float] = {"adam": 1 / 40, "adagrad": 1 / 10}
"""Adam's and AdaGrad's rates as fractions of the largest number of the start."""

ParameterLoss = Callable[[Tensor], Tensor]
"""θ (p,) -> loss, a scalar; vmapped, θ (P, p) -> losses (P,)."""


@dataclass(frozen=True, eq=False)
class DescentPath:
    """Where a descent went: ``parameters`` (steps + 1, p) and ``losses`` (steps + 1,), from its
    start to its end; ``names`` (p) are those of the parameters."""

    method: str
    names: tuple[str, ...]
    rate: float
    parameters: Array
    losses: Array

    def __repr__(self) -> str:
        end = ", ".join(
            f"{name} = {value:.6g}"
            for name, value in zip(self.names, self.parameters[-1], strict=True)
        )
        return (
            f"{self.method}: {end} after {len(self.losses) - 1} steps, loss {self.losses[-1]:.3g}"
        )


@dataclass(frozen=True)
class Walk:
    """How a descent walks: ``steps`` steps of "gd", "momentum", "adam" or "adagrad".

    Without a ``rate``, gradient descent and momentum take 1/λ, with λ the largest eigenvalue of
    the loss's Gauss–Newton Hessian 2 AᵀA / rows at the start: the Hessian itself, everywhere, where
    the model is affine, so that they cannot run away. Adam and AdaGrad divide the gradient by its
    own size, so that their rate is a length: 1/40 and 1/10 of the start's largest number.

    Raises InputError for an unknown method or dtype, and for fewer than no steps.
    """

    method: str = "gd"
    steps: int = 300
    rate: float | None = None
    dtype: str = "float64"

    def __post_init__(self) -> None:
        if self.method not in RULES:
            raise InputError(
                f"there is no method {self.method!r}; there are {', '.join(METHODS)}."
                f"{nearest(self.method, METHODS)}"
            )
        if self.dtype not in DTYPES:
            raise InputError(f"the dtype is float32 or float64, not {self.dtype!r}.")
        if self.steps < 0:
            raise InputError(f"a descent takes 0 steps or more, not {self.steps}.")


def descend_parameters(
    lagrangian: Expr,
    parameters: Sequence[str],
    samples: PhaseSamples,
    walk: Walk | None = None,
    start: ArrayLike | None = None,
) -> DescentPath:
    """The path of a descent on the acceleration loss from ``start`` (p,), all twos.

    Raises InputError when a rate makes the loss overflow.

    >>> from systems.expressions import symbol
    >>> q, qd, k = map(symbol, ("q", "qd", "k"))
    >>> points = PhaseSamples(("q",), [[1.0], [2.0]], [[0.0], [0.0]], [[-3.0], [-6.0]])
    >>> descend_parameters(qd**2 / 2 - k * q**2 / 2, ["k"], points, Walk(steps=2))
    gd: k = 3 after 2 steps, loss 0
    """
    walk = walk or Walk()
    names = tuple(parameters)
    origin = np.full(len(names), 2.0) if start is None else np.array(start, dtype=float)
    if origin.shape != (len(names),):
        raise InputError(f"start must hold {len(names)} numbers, not {origin.tolist()}.")
    model = acceleration_model(lagrangian, names, samples.coordinates)
    rule = RULES[walk.method](walk.rate or _rate(walk.method, model, samples, origin))
    loss = acceleration_loss(model, samples, walk.dtype)
    walked: list[Tensor] = []
    losses: list[Tensor] = []

    def watched(theta: Tensor, step: int) -> list[Tensor]:
        value = loss(theta)
        # The optimizer moves θ in place.
        walked.append(theta.detach().clone())
        losses.append(value.detach())
        return [value]

    end = descend(watched, torch.tensor(origin, dtype=DTYPES[walk.dtype]), rule, walk.steps)
    watched(end.parameters, walk.steps)
    return DescentPath(
        walk.method,
        names,
        rule.rate,
        torch.stack(walked).double().numpy(),
        torch.stack(losses).double().numpy(),
    )


def acceleration_loss(
    model: AccelerationModel, samples: PhaseSamples, dtype: str = "float64"
) -> ParameterLoss:
    """The function θ (p,) -> mean |q̈(θ) - q̈|², in torch, with samples and sums in ``dtype``.

    It can be differentiated, and mapped over many θ by torch.func.vmap.
    """
    basis = Candidates(model.variables, model.accelerations)
    known = torch.from_numpy(np.hstack([samples.q, samples.qd])).to(DTYPES[dtype])
    measured = torch.from_numpy(samples.qdd).to(DTYPES[dtype])

    def loss(theta: Tensor) -> Tensor:
        points = torch.cat([known, theta.expand(len(known), -1)], dim=1)
        return (basis.values(points) - measured).square().mean()

    return loss


def _rate(method: str, model: AccelerationModel, samples: PhaseSamples, start: Array) -> float:
    """The rate of a method where none is given."""
    if method not in SHARES:
        return _steady_rate(model, samples, start)
    # Of 1 where all numbers of the start are 0.
    return SHARES[method] * (float(np.abs(start).max()) or 1.0)


def _steady_rate(model: AccelerationModel, samples: PhaseSamples, start: Array) -> float:
    """1/λ, with λ the largest eigenvalue of 2 AᵀA / rows."""
    residual, design = model.linearised(samples, start)
    largest = np.linalg.norm(design, ord=2)
    if not np.isfinite(largest) or largest == 0:
        raise InputError(
            f"no rate follows from the start {start.tolist()}: the accelerations there are "
            f"singular or no parameter moves them; give a rate or another start."
        )
    return float(len(residual) / (2 * largest**2))
