"""Learn a map y = f(x) from its values, whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch

from systems.errors import InputError
from systems.samples.values import ValueSamples
from training.bases.composite import hidden_units
from training.bases.network import Network, placed
from training.features import Features
from training.learn.learned import Learned
from training.optimise.held_out import HeldOut
from training.optimise.outer_loop import Outer
from training.optimise.projection import Reduced
from training.optimise.watch import UNWATCHED, Monitor
from training.potential import Potential
from training.prepare.stencils import Array
from training.rows.values import ValueRows
from training.solve.families import solve_families
from training.taylor import Layers, tensors

WIDTH: Final = 256
SAMPLES_A_NEURON: Final = 4
CUTOFFS: Final = (1e-12, 1e-9, 1e-7, 1e-5, 1e-3, 1e-1)
"""Singular values kept, relative to the largest: from all but round-off to what noise leaves."""

TOLERANCE: Final = 1e-6
ITERATIONS: Final = 100
FEWEST: Final = 20


@dataclass(frozen=True, repr=False)
class ValueFit(Learned):
    """f(x) = constant + Σ c_k φ_k(x).

    ``misfit`` is what the network misses of the samples it was fitted to, ``held_out`` of those it
    was not: root mean squares over the standard deviation of y.
    """

    potential: Potential
    constant: float
    misfit: float
    held_out: float
    history: tuple[float, ...] = ()

    def __repr__(self) -> str:
        return f"ValueFit({self.neurons} neurons, {self.held_out:.1e} missed of held-out values)"

    @property
    def neurons(self) -> int:
        """Hidden units of the network."""
        return hidden_units(self.potential.basis)

    def __call__(self, x: Array) -> Array:
        """f(x): (n, d) -> (n,)."""
        return self.constant + self.potential(x)

    def tensors(self, center: Array, order: int) -> tuple[Array, ...]:
        """The derivatives of f at a center (d,), of orders 1 to ``order``: (d,), (d, d), ..."""
        layers = Layers.of(self.potential)
        return tuple(part.numpy() for part in tensors(layers, torch.from_numpy(center), order))

    def state(self) -> Mapping[str, Any]:
        """The network, and the constant beside it."""
        return {**self.potential.state(), "constant": self.constant}


def learn_values(
    samples: ValueSamples,
    seed: int = 0,
    iterations: int | None = None,
    monitor: Monitor = UNWATCHED,
) -> ValueFit:
    """The map behind samples y = f(x), by a data-placed network.

    The output layer is solved for with that cut-off of singular values which predicts a fifth of
    the samples, held out, best, so that noise is not fitted. Where they are missed by more than
    1e-6 the hidden weights are trained too, for as long as they are predicted better.

    Raises InputError for too few samples, and for values that are all the same.

    >>> x = np.random.default_rng(0).uniform(-1, 1, (200, 1))
    >>> fit = learn_values(ValueSamples(x, x[:, 0] ** 2, np.ones(200)))
    >>> fit.held_out < 1e-5, fit.tensors(np.zeros(1), 2)[1].round(2)
    (True, array([[2.]]))
    """
    if len(samples) < FEWEST:
        raise InputError(f"{len(samples)} samples are too few to learn a map from; give {FEWEST}.")
    constant = float(samples.y.mean())
    if not np.ptp(samples.y) > 0:
        raise InputError(f"all values are {constant:g}: there is no map to learn.")
    weight = np.ones(len(samples))
    rows = ValueRows.of(samples.x, samples.y - constant, weight)
    shown, hidden = map(_of_unit_length, rows.split())
    width = max(2, min(WIDTH, len(shown.y) // SAMPLES_A_NEURON))
    network = placed(rows.x, width, seed)
    cutoff, missed = _best_cutoff(network, shown, hidden)
    history: tuple[float, ...] = ()
    if missed > TOLERANCE:
        reduced = Reduced([shown], [1.0], cutoff)
        total = ITERATIONS if iterations is None else iterations
        outer = Outer(total, TOLERANCE, monitor, held_out=HeldOut(reduced, hidden))
        trained, history = outer.train(network, reduced)
        again, better = _best_cutoff(trained, shown, hidden)
        if better < missed:
            network, cutoff, missed = trained, again, better
    solved = solve_families([rows], network, rcond=cutoff)
    names = samples.names[:-1]
    learned = Potential(network, solved.coefficients, Features.identity(names))
    return ValueFit(learned, constant, solved.residual, missed, history)


def _of_unit_length(rows: ValueRows) -> ValueRows:
    return replace(rows, importance=rows.importance / rows.truth.norm().clamp(min=1e-300))


def _best_cutoff(network: Network, shown: ValueRows, hidden: ValueRows) -> tuple[float, float]:
    """The cut-off by which held-out samples are missed least, and by how much."""
    design = hidden.design(network)
    found = []
    for cutoff in CUTOFFS:
        solved = solve_families([shown], network, rcond=cutoff)
        missed = float((design @ solved.coefficients - hidden.truth).norm())
        found.append((missed, cutoff))
    missed, cutoff = min(found)
    return cutoff, missed
