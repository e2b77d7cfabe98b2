"""Perturbation theory with networks: train, read the leading order, subtract, train again.

A network fitted to f adapts its derivatives at 0 mainly to the leading order, whose error hides the
next one. With the leading order subtracted, and every sample weighted by the inverse square of its
amplitude, a second network of functions that begin at second order finds what is left.

Source: B. Kaspschak, U.-G. Meißner, arXiv:2009.03192; the order-aware network is our own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from systems.errors import InputError
from systems.samples.values import ValueSamples
from training.bases.ridge import RidgeFunctions
from training.learn.learned import Learned
from training.optimise.held_out import HeldOut
from training.optimise.outer_loop import Outer
from training.optimise.projection import Reduced
from training.optimise.watch import UNWATCHED, Monitor
from training.prepare.stencils import Array
from training.rows.values import ValueRows
from training.taylor import Layers, tensors

FIRST_WIDTH = 8
FIRST_ITERATIONS = 60
FIRST_WARM = 40
WIDTH = 12
WIDTH_OF_MANY = 14
MANY = 5000
ITERATIONS = 300
WARM = 100
WARM_IN_NOISE = 150
TOLERANCE = 1e-9
LEAST_GAIN = 0.02
"""Steps that gain less follow the orders beyond, which the network has no terms for: J and H stay
what they are, and T becomes worse."""
RIDGE = 1e-10
FEWEST = 100
HIGHEST = 3


@dataclass(frozen=True)
class Stage:
    """One trained network of the series: what it was fitted to, and how well.

    ``order`` is the order it was trained for; ``misfit`` the relative weighted residual.
    """

    order: int
    basis: RidgeFunctions
    coefficients: torch.Tensor
    misfit: float
    history: tuple[float, ...]

    def __call__(self, x: Array) -> Array:
        """The network at x (n, d), shape (n,)."""
        with torch.no_grad():
            values: Array = (self.basis.values(torch.from_numpy(x)) @ self.coefficients).numpy()
        return values

    def tensors(self, highest: int) -> tuple[Array, ...]:
        """The derivatives of the network at 0, of orders 1 to ``highest``."""
        d = self.basis.weights.shape[0]
        linear = self.coefficients[:d] if self.basis.linear else torch.zeros(d, dtype=torch.float64)
        found = tensors(self._layers(), torch.zeros(d, dtype=torch.float64), highest)
        return tuple(tensor.numpy() for tensor in (linear + found[0], *found[1:]))

    def _layers(self) -> Layers:
        """The hidden layer, without the linear part, as the Taylor routines take it."""
        basis = self.basis
        width = basis.hidden_units
        biases = torch.zeros(width, dtype=torch.float64) if basis.biases is None else basis.biases
        activation = "second_order" if basis.profile == "exponential" else basis.profile
        output = self.coefficients[basis.size - width :]
        constant = torch.zeros((), dtype=torch.float64)
        return Layers((basis.weights,), (biases,), (activation,), output, constant)


@dataclass(frozen=True, repr=False)
class Perturbation(Learned):
    """f(x) = J·x + x·H·x/2 + T·x·x·x/6 + ...: the derivatives of f at 0, as far as asked for.

    ``derivatives`` holds J (d,), H (d, d), T (d, d, d); ``stages`` the networks they were read off.
    Another recipe than ours keeps its own ``losses`` and ``units``, and the Hessian ``before`` the
    leading order was subtracted.
    """

    derivatives: tuple[Array, ...]
    stages: tuple[Stage, ...]
    losses: tuple[float, ...] = ()
    units: int = 0
    before: Array | None = None

    def __repr__(self) -> str:
        return f"Perturbation({len(self.derivatives)} orders, {len(self.stages)} networks)"

    @property
    def neurons(self) -> int:
        """Hidden units of all networks."""
        return self.units or sum(stage.basis.hidden_units for stage in self.stages)

    @property
    def history(self) -> tuple[float, ...]:
        """The loss along the training, one network after the other."""
        return self.losses or tuple(loss for stage in self.stages for loss in stage.history)

    def state(self) -> dict[str, Any]:
        """What is kept of it in a file: the derivatives, and the networks of our own recipe."""
        networks = [
            {"basis": stage.basis.state(), "coefficients": stage.coefficients}
            for stage in self.stages
        ]
        return {"derivatives": list(map(torch.from_numpy, self.derivatives)), "stages": networks}


def perturb(
    samples: ValueSamples,
    *,
    orders: int = 2,
    noisy: bool = False,
    seed: int = 0,
    iterations: int | None = None,
    monitor: Monitor = UNWATCHED,
) -> Perturbation:
    """The derivatives at 0 of the map behind ``samples`` y = f(x), with f(0) = 0.

    1. A small softplus network N(x) - N(0), every sample weighted by 1/scale: read J.
    2. What J leaves of y, weighted by 1/scale² (by 1/scale under noise, which that would blow up,
       and only for as long as a fifth of the samples, held out, profits): an order-aware
       network s·x + Σ a_k E₂(w_k·x); J is corrected by s, H and T are its derivatives. Its
       directions w_k are also where the orders beyond those that are asked for lie.

    Raises InputError for too few samples, and orders other than 1, 2, 3.
    """
    if orders not in range(1, HIGHEST + 1):
        raise InputError(f"orders 1 to {HIGHEST} can be read off, not {orders}.")
    if len(samples) < FEWEST:
        raise InputError(f"{len(samples)} samples are too few to train on; draw {FEWEST} or more.")
    first = _first(samples, seed, Monitor(monitor.watch))
    (slope,) = first.tensors(1)
    left = samples.y - samples.x @ slope
    rows = ValueRows.of(samples.x, left, samples.scale ** -(1.0 if noisy else 2.0))
    width = WIDTH_OF_MANY if len(samples) >= MANY else WIDTH
    start = RidgeFunctions.start(
        samples.x.shape[1], width, "exponential", seed=seed + 1, biased=False, linear=True
    )
    total = ITERATIONS if iterations is None else iterations
    outer = Outer(total, TOLERANCE, monitor, warm=WARM, least_gain=LEAST_GAIN)
    second = (_trained_in_noise if noisy else _trained)(2, start, rows, outer)
    correction, *higher = second.tensors(orders)
    return Perturbation((slope + correction, *higher), (first, second))


def _first(samples: ValueSamples, seed: int, monitor: Monitor) -> Stage:
    rows = ValueRows.of(samples.x, samples.y, 1 / samples.scale)
    start = RidgeFunctions.start(
        samples.x.shape[1], FIRST_WIDTH, "softplus", seed=seed, biased=True, linear=False
    )
    # The second network corrects what it leaves of the leading order.
    return _trained(1, start, rows, Outer(FIRST_ITERATIONS, TOLERANCE, monitor, warm=FIRST_WARM))


def _trained(order: int, start: RidgeFunctions, rows: ValueRows, outer: Outer) -> Stage:
    reduced = Reduced([rows], [1.0], RIDGE)
    basis, history = outer.train(start, reduced)
    with torch.no_grad():
        _, coefficients, residual = reduced.eliminate(basis)
    return Stage(order, basis, coefficients, float(residual.norm()), history)


def _trained_in_noise(order: int, start: RidgeFunctions, rows: ValueRows, outer: Outer) -> Stage:
    """Trained on four fifths of the samples until the last fifth is predicted no better.

    The coefficients are then those of all samples.
    """
    shown, hidden = rows.split()
    fitted = Reduced([shown], [1.0], RIDGE)
    held_out = HeldOut(fitted, hidden)
    basis, history = replace(outer, held_out=held_out, warm=WARM_IN_NOISE).train(start, fitted)
    with torch.no_grad():
        _, coefficients, residual = Reduced([rows], [1.0], RIDGE).eliminate(basis)
    return Stage(order, basis, coefficients, float(residual.norm()), history)


def relative_error(recovered: Array, truth: Array) -> float:
    """The Frobenius norm of the difference over that of the truth."""
    return float(np.linalg.norm(recovered - truth) / np.linalg.norm(truth))
