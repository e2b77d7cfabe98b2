"""The report's own training of a neural coupling, to set beside ours.

A ReLU network 2-64-64-1 of the raw coordinates, single precision, full-batch gradient descent on
the mean square error of the accelerations plus λ(Σ weights + Σ biases). It does not converge: dV/dq
of a ReLU network is piecewise constant, so that the gradient of the data's loss with respect to
every bias is exactly zero; the penalty has a sign and is unbounded below.

Source: E. Bigwood, weekly report of 30 May 2025.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from systems.samples.phase_space import PhaseSamples
from training.bases.composite import on
from training.bases.perceptron import Perceptron
from training.learn.points import Model, PhaseFit, gradient_of
from training.learn.reference import reference
from training.optimise.gradient import descend
from training.optimise.rules import gradient_descent
from training.optimise.watch import UNWATCHED, Monitor
from training.particles import Particles

HIDDEN = (64, 64)
STEPS = 20_000


@dataclass(frozen=True)
class ReportSettings:
    """``steps`` of gradient descent at ``rate``, and λ, the ``penalty`` on the weights."""

    steps: int = STEPS
    rate: float = 1e-2
    penalty: float = 1e-6


def learn_by_report(
    particles: Particles,
    samples: PhaseSamples,
    *,
    external: bool = False,
    seed: int = 0,
    settings: ReportSettings | None = None,
    monitor: Monitor = UNWATCHED,
) -> PhaseFit:
    """Train as the report did; the accelerations are divided by their root mean square.

    loss = mean_i |J_i ∇V + m q̈_i + ∂V_known|² / scale² + λ (Σ weights + Σ biases)

    ``external`` learns the external potential too. Raises InputError when the descent diverges.
    """
    settings = settings or ReportSettings()
    known = None if external else particles.mechanics.external
    slope = None if known is None else gradient_of(known, particles)(samples.q)
    against = reference(particles, samples, known=slope)
    scale = float(against.rows.force.square().mean().sqrt())
    wanted = (against.rows.force / scale).to(torch.float32)
    columns = list(particles.coordinates)
    q = against.rows.x[0][:, columns].to(torch.float32)
    network = Perceptron.glorot(len(columns), HIDDEN, seed, activation="relu")

    def loss(flat: Tensor, _: int) -> Iterable[Tensor]:
        slopes = network.with_parameters(flat).gradients(q)[:, :, 0]
        yield (slopes - wanted).square().mean() + settings.penalty * flat.sum()

    done = descend(
        loss,
        network.parameters(),
        gradient_descent(settings.rate),
        settings.steps,
        monitor,
    )
    trained = on(columns, network.with_parameters(done.parameters).to(against.rows.force))
    coefficients = torch.tensor([scale], dtype=torch.float64)
    with torch.no_grad():
        missed = against.rows.design(trained) @ coefficients - against.rows.truth
    return PhaseFit(
        particles,
        Model("neural", "raw", external=known is None),
        trained,
        coefficients,
        against,
        samples,
        float(missed.norm()),
        done.history,
        done.steps,
    )
