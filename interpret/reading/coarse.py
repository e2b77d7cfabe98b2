"""Data that no function was learned from: their own rows, where a library knows more."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from interpret.reading.probes import Probes
from interpret.select.library import Library
from training.bases.candidates import Candidates
from training.prepare.preparation import VERLET, unsmoothed, unsmoothed_energy
from training.rows.trajectories import ForceRows, LevelRows
from training.solve.families import solve_families

BETTER: Final = 10.0
"""A library that closes T + V so many times better than the trained function does what it was
trained on, or than T + V seems to drift, knows more. Noise or friction makes both alike."""

UNLEARNED: Final = 1e-3
"""A function that misses more of exact data has not learned them."""


def from_rows(samples: Probes, library: Library) -> Probes:
    """The raw energies and forces, where the library explains them far better than the function.

    A few samples a period look like noise, and a smoothing spline rounds off what they show; many
    turns of an angle are too much for one network, whose misses look like friction. T + V of the
    right law closes all the same, as it needs no derivative.
    """
    prepared = samples.prepared
    learned = not (prepared.noisy or prepared.drift) and samples.misfit < UNLEARNED
    # Momenta made from noisy coordinates close the energy of whatever these follow.
    followed = prepared.trajectories.derived and not prepared.noise.negligible
    if learned or followed or prepared.integrator == VERLET:
        return samples
    basis = Candidates(samples.features.names, library.candidates)
    known = max(samples.misfit, prepared.drift)
    # Beside the rows of the forces those of the energy close no better than alone.
    if solve_families([unsmoothed_energy(prepared)], basis).residuals[0] * BETTER > known:
        return samples
    raw = unsmoothed(prepared)
    solved = solve_families(raw.families, basis, passes=raw.passes)
    if solved.residuals[0] * BETTER > known:
        return samples
    levels, gradients = raw.families
    assert isinstance(levels, LevelRows)
    assert isinstance(gradients, ForceRows)
    energy, force = solved.weights
    parts = zip(solved.weights, solved.residuals, strict=True)
    return replace(
        samples,
        levels=levels,
        gradients=gradients,
        weights=(energy, force),
        residuals=solved.residuals,
        misfit=float(np.linalg.norm([weight * residual for weight, residual in parts])),
        prepared=raw,
    )
