"""Descents on the acceleration loss with their paths: gradient descent, momentum, Adam, AdaGrad.

    loss(θ) = mean |q̈(q, q̇; θ) - q̈|²

An affine model needs none of them, see `training.exact`; they show what a descent meets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from sympy import Expr
from torch import Tensor

from systems.errors import InputError, nearest
from systems.phase_space import PhaseSamples
from training.acceleration_model import AccelerationModel, Array, acceleration_model
from training.bases.candidates import Candidates
from training.gradient import Adam, GradientDescent, Rule, State, descend

METHODS = ("gd", "momentum", "adam", "adagrad")
DTYPES = {"float32": torch.float32, "float64": torch.float64}

ADAM_SHARE = 1 / 40
ADAGRAD_SHARE = 1 / 10
"""Adam's and AdaGrad's rates as fractions of the largest number of the start."""

ParameterLoss = Callable[[Tensor], Tensor]
"""θ (p,) -> loss, a scalar; vmapped, θ (P, p) -> losses (P,)."""


@dataclass(frozen=True)
class Momentum:
    """v <- momentum * v + g, w <- w - rate * v; on a slope v grows to g / (1 - momentum).

    Source: B. T. Polyak, USSR Comp. Math. and Math. Phys. 4, 1 (1964), the heavy ball.
    """

    rate: float
    momentum: float = 0.9

    def start(self, parameters: Tensor) -> State:
        """The state before the first step."""
        return State(0, parameters.detach(), parameters.new_zeros(1, len(parameters)))

    def after(self, state: State, gradient: Tensor) -> State:
        """The state one step on."""
        velocity = self.momentum * state.moments[0] + gradient
        moved = state.parameters - self.rate * velocity
        return replace(state, step=state.step + 1, parameters=moved, moments=velocity[None])


@dataclass(frozen=True)
class AdaGrad:
    """w <- w - rate * g / (sqrt(sum of all g^2 so far) + epsilon), for each parameter by itself.

    Source: J. Duchi, E. Hazan and Y. Singer, J. Mach. Learn. Res. 12, 2121 (2011), section 1.1.
    """

    rate: float
    epsilon: float = 1e-10

    def start(self, parameters: Tensor) -> State:
        """The state before the first step."""
        return State(0, parameters.detach(), parameters.new_zeros(1, len(parameters)))

    def after(self, state: State, gradient: Tensor) -> State:
        """The state one step on."""
        squares = state.moments[0] + gradient * gradient
        moved = state.parameters - self.rate * gradient / (squares.sqrt() + self.epsilon)
        return replace(state, step=state.step + 1, parameters=moved, moments=squares[None])


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


def descend_parameters(
    lagrangian: Expr,
    parameters: Sequence[str],
    samples: PhaseSamples,
    method: str = "gd",
    steps: int = 300,
    rate: float | None = None,
    start: ArrayLike | None = None,
    dtype: str = "float64",
) -> DescentPath:
    """``steps`` steps of "gd", "momentum", "adam" or "adagrad" from ``start`` (p,), all twos.

    Without a ``rate``, gradient descent and momentum take 1/λ, with λ the largest eigenvalue of
    the loss's Gauss–Newton Hessian 2 AᵀA / rows at the start: the Hessian itself, everywhere, where
    the model is affine, so that they cannot run away. Adam and AdaGrad divide the gradient by its
    own size, so that their rate is a length: 1/40 and 1/10 of the start's largest number.

    Raises InputError for an unknown method or dtype, and when a rate makes the loss overflow.

    >>> from systems.expressions import symbol
    >>> q, qd, k = map(symbol, ("q", "qd", "k"))
    >>> points = PhaseSamples(("q",), [[1.0], [2.0]], [[0.0], [0.0]], [[-3.0], [-6.0]])
    >>> descend_parameters(qd**2 / 2 - k * q**2 / 2, ["k"], points, steps=2)
    gd: k = 3 after 2 steps, loss 0
    """
    if dtype not in DTYPES:
        raise InputError(f"the dtype is float32 or float64, not {dtype!r}.")
    if steps < 0:
        raise InputError(f"a descent takes 0 steps or more, not {steps}.")
    names = tuple(parameters)
    origin = np.full(len(names), 2.0) if start is None else np.array(start, dtype=float)
    if origin.shape != (len(names),):
        raise InputError(f"start must hold {len(names)} numbers, not {origin.tolist()}.")
    model = acceleration_model(lagrangian, names, samples.coordinates)
    rule = _rule(method, model, samples, origin, rate)
    loss = acceleration_loss(model, samples, dtype)
    walked: list[Tensor] = []
    losses: list[Tensor] = []

    def watched(theta: Tensor, step: int) -> list[Tensor]:
        value = loss(theta)
        walked.append(theta.detach())
        losses.append(value.detach())
        return [value]

    end = descend(watched, torch.tensor(origin, dtype=DTYPES[dtype]), rule, steps).parameters
    watched(end, steps)
    return DescentPath(
        method,
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


def _rule(
    method: str, model: AccelerationModel, samples: PhaseSamples, start: Array, rate: float | None
) -> Rule:
    """The rule called ``method``, with its own rate where none is given."""
    if method not in METHODS:
        raise InputError(
            f"there is no method {method!r}; there are {', '.join(METHODS)}."
            f"{nearest(method, METHODS)}"
        )
    if method == "adam":
        return Adam(_share(ADAM_SHARE, start) if rate is None else rate)
    if method == "adagrad":
        return AdaGrad(_share(ADAGRAD_SHARE, start) if rate is None else rate)
    steady = _steady_rate(model, samples, start) if rate is None else rate
    return GradientDescent(steady) if method == "gd" else Momentum(steady)


def _share(share: float, start: Array) -> float:
    """A fraction of the largest number of the start, of 1 where all of them are 0."""
    return share * (float(np.abs(start).max()) or 1.0)


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
