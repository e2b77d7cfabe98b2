"""The reference fit: what a flexible basis makes of the data, which no law can be asked to beat."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from systems.errors import InputError
from systems.samples.phase_space import PhaseSamples
from training.bases.basis import Basis
from training.bases.chebyshev import Chebyshev
from training.bases.composite import Sum
from training.particles import Particles
from training.prepare.stencils import Array
from training.rows.forces import Spread, forces
from training.rows.trajectories import ForceRows
from training.solve.linear import Solution, solve

PAIR_DEGREES = (24, 40)
ONE_BODY_DEGREE = 4
FALLING = 0.3
EXACT = 1e-12
CLEAN = 1e-8
PASSES = 3


@dataclass(frozen=True)
class Reference:
    """The fit of a flexible basis to the forces, and the noise it has left over.

    ``rows`` carry the weights that everything else is judged in; ``misfit`` is the relative
    weighted residual |A c - b| / |b|; ``degrees`` of freedom are those of the rows minus the rank.
    """

    basis: Basis
    solution: Solution
    rows: ForceRows
    spread: Spread
    misfit: float
    degrees: int

    @property
    def noisy(self) -> bool:
        """Whether the data are known worse than a flexible basis would fit them without noise."""
        return self.spread.known


def flexible(
    particles: Particles, x: Tensor, *, external: bool, degree: int = PAIR_DEGREES[0]
) -> Basis:
    """Chebyshev polynomials of log r for the pairs, and, unless the external potential is known,
    of each coordinate to degree 4.

    The coefficients of a smooth law of r fall off exponentially with the degree in log r.
    """
    pair = particles.between_pairs(logarithmic(particles.distances(x), degree))
    if not external:
        return Sum((pair,))
    axes = [Chebyshev.of(particles.along(axis, x), ONE_BODY_DEGREE) for axis in particles.axes]
    return particles.with_one_body(pair, list(axes))


def logarithmic(r: Tensor, degree: int) -> Chebyshev:
    """Chebyshev polynomials of log r, whatever the range of the distances r (n, 1) is."""
    basis = Chebyshev.of(r.log(), degree)
    scaling = replace(basis.scaling, logarithmic=torch.ones(1, dtype=torch.bool))
    return replace(basis, scaling=scaling)


def reference(
    particles: Particles,
    samples: PhaseSamples,
    *,
    known: Array | None = None,
    clean: float = CLEAN,
) -> Reference:
    """Fit the flexible basis; under noise, again with the weights that the noise asks for.

    What a higher degree would fit is not noise: only where it gains little is there any.

    ``known`` (n, d) is the gradient of the known part of the potential; a fit that misses less
    than ``clean`` shows that there is no noise.

    >>> import systems
    >>> system = systems.get("trapped_charges")
    >>> found = reference(Particles(system, 1), system.draw())
    >>> found.noisy, found.misfit < 1e-12
    (False, True)
    """
    rows = forces(samples, particles.mass, particles.features, known=known)
    functions = flexible(particles, rows.x[0], external=known is None).size
    if len(rows.truth) <= functions:
        raise InputError(
            f"{len(samples)} samples give {len(rows.truth)} accelerations, too few for the "
            f"{functions} functions of the reference fit; draw more samples."
        )
    found, further = (
        _solved(flexible(particles, rows.x[0], external=known is None, degree=n), rows, Spread())
        for n in PAIR_DEGREES
    )
    if found.misfit > EXACT and further.misfit < FALLING * found.misfit:
        return further
    if found.misfit < clean:
        return found
    for _ in range(PASSES):
        gradient = predicted(found.basis, found.solution.coefficients, found.rows)
        residual = gradient - found.rows.force.numpy()
        size = np.linalg.norm(gradient, axis=1)
        spread = Spread.of(residual, size, found.solution.rank)
        rows = forces(
            samples, particles.mass, particles.features, known=known, spread=spread, size=size
        )
        found = _solved(found.basis, rows, spread)
    return found


def predicted(basis: Basis, coefficients: Tensor, rows: ForceRows) -> Array:
    """∂V/∂q at the samples, shape (n, d)."""
    with torch.no_grad():
        slope = basis.gradients(rows.x[0]) @ coefficients
        gradient: Array = (rows.jacobian[0] @ slope[:, :, None])[:, :, 0].numpy()
    return gradient


def _solved(basis: Basis, rows: ForceRows, spread: Spread) -> Reference:
    with torch.no_grad():
        solution = solve(rows.design(basis), rows.truth)
    degrees = max(1, len(rows.truth) - solution.rank)
    return Reference(basis, solution, rows, spread, solution.residual, degrees)
