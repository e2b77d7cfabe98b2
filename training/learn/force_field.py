"""Learn the potential of forces that are known at places, by a deep network of the coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from systems.errors import InputError
from training.bases.perceptron import Perceptron
from training.features import Features
from training.matching.force_matching import Points
from training.matching.loops import loop
from training.optimise.broyden import Place, descent
from training.optimise.projection import Limits
from training.optimise.watch import UNWATCHED, Monitor
from training.potential import Potential
from training.prepare.stencils import Array

GAIN: Final = 5 / 3
"""Of the first weights, beside Glorot's: what tanh takes from a signal, layer after layer (torch's
nn.init.calculate_gain)."""

SPREAD: Final = 1.0
"""The first biases are drawn up to here. Without any the network is an odd function, as hardly any
potential is, and a descent from there is stuck for thousands of steps."""

ENOUGH: Final = Limits(20_000, 1e-7)


def match_forces(
    q: Array,
    force: Array,
    hidden: Sequence[int] = (16, 16),
    seed: int = 0,
    limits: Limits = ENOUGH,
    monitor: Monitor = UNWATCHED,
) -> Potential:
    """V(q) of F = -dV/dq, from places q (n, d) and forces (n, d) there, up to a constant.

    All weights of a tanh network are trained by self-scaled Broyden on Σ |F + dV/dq|² / Σ |F|²,
    until that is the tolerance² of the limits, or hardly anything is gained. The features are the
    coordinates, called q1, q2, ...

    The forces are taken to be exact: the network follows what noise there is. 2-3 equations for
    every weight keep it from bending between the places, in one dimension fewer do.

    Raises InputError for shapes that do not match, numbers that are not finite, no force at all.

    >>> q = np.linspace(-1, 1, 40)[:, None]
    >>> well = match_forces(q, q - q**3, hidden=(6,), limits=Limits(200, 1e-4))
    >>> bool(abs(well.gradient(q) - (q**3 - q)).max() < 1e-3)
    True
    """
    places, forces = _checked(q, force)
    size = math.sqrt(float(forces.square().sum(dim=1).mean()))
    centre, width = places.mean(dim=0), float(places.std(dim=0, correction=0).mean()) or 1.0
    d = places.shape[1]
    # In z = (q - centre) / width and of N = V / (size width): N's slope is that of V over size.
    unit = torch.eye(d).to(places).expand(len(places), d, d)
    points = Points.shared((places - centre) / width, unit, -forces / size)
    network = _start(d, tuple(hidden), seed)
    matching = loop(network)

    def objective(weights: Array) -> tuple[float, Array]:
        loss, gradient = matching.with_gradient(torch.from_numpy(weights), points, 1 / len(places))
        return float(loss), gradient.numpy()

    begun = place = Place.at(network.parameters().numpy(), objective)
    for step, place in enumerate(descent(begun, objective, limits), start=1):
        monitor.update(step, limits.iterations, place.loss)
    found = network.with_parameters(torch.from_numpy(place.weights))
    names = [f"q{k + 1}" for k in range(d)]
    return Potential(
        _unscaled(found, centre, width), size * width * places.new_ones(1), Features.identity(names)
    )


def _checked(q: Array, force: Array) -> tuple[Tensor, Tensor]:
    """Places and forces in double precision."""
    places, forces = (np.asarray(each, dtype=np.float64) for each in (q, force))
    if places.ndim != 2 or places.shape != forces.shape or not places.size:
        raise InputError(
            f"places and forces are arrays (n, d) of the same shape, not {places.shape} and "
            f"{forces.shape}."
        )
    if not (np.isfinite(places).all() and np.isfinite(forces).all()):
        raise InputError("places and forces have to be finite: leave out those that are not.")
    if not forces.any():
        raise InputError("all forces are 0: there is no potential to learn.")
    return torch.from_numpy(places), torch.from_numpy(forces)


def _start(inputs: int, hidden: tuple[int, ...], seed: int) -> Perceptron:
    """Random weights, in double precision."""
    drawn = Perceptron.glorot(inputs, hidden, seed).to(torch.zeros(0, dtype=torch.float64))
    draw = torch.Generator().manual_seed(seed)
    *inner, out = drawn.biases
    biases = [SPREAD * (2 * torch.rand(each.shape, generator=draw) - 1).to(each) for each in inner]
    weights = [GAIN * each for each in drawn.weights[:-1]]
    return replace(drawn, weights=(*weights, drawn.weights[-1]), biases=(*biases, out))


def _unscaled(network: Perceptron, centre: Tensor, width: float) -> Perceptron:
    """The same as a function of q, which it was of (q - centre) / width."""
    first, *weights = network.weights
    bias, *biases = network.biases
    scaled = first / width
    return replace(network, weights=(scaled, *weights), biases=(bias - centre @ scaled, *biases))
