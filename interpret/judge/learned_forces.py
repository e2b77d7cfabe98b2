"""The certificate of a law that was read off a function learned from points of phase space."""

from __future__ import annotations

import torch

from interpret.judge.certificate import Certificate, as_it_was_read
from interpret.judge.support import Forces, cancellation, founded, surrogate
from interpret.laws.law import Law
from systems.samples.phase_space import PhaseSamples
from training.particles import Particles
from training.prepare.stencils import Array


def certify_points(law: Law, samples: PhaseSamples, particles: Particles) -> Certificate:
    """How it was read (as well as a flexible fit of the same data?), its samples, its support."""
    checks = [*as_it_was_read(law).checks, *founded(law, samples.q.size)]
    if law.terms:
        forces = Forces.at_points(_forces(law, samples, particles))
        checks += [surrogate(law, forces), cancellation(forces)]
    return Certificate(tuple(checks))


def _forces(law: Law, samples: PhaseSamples, particles: Particles) -> Array:
    """c_k ∇φ_k at every point, (n, d, K)."""
    basis = particles.candidates(law.terms)
    features = particles.features
    x, jacobian = (
        torch.from_numpy(part(samples.q)) for part in (features.values, features.jacobian)
    )
    with torch.no_grad():
        slopes: Array = (jacobian @ basis.gradients(x)).numpy()
    return slopes * law.coefficients
