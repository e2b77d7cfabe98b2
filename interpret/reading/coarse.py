"""Data too coarse to be smoothed: their own rows, in place of a function learned from a spline."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from interpret.reading.probes import Probes
from interpret.select.library import Library
from training.bases.candidates import Candidates
from training.prepare.preparation import unsmoothed
from training.rows.trajectories import ForceRows, LevelRows
from training.solve.families import solve_families

BETTER: Final = 10.0
"""A library that explains the raw rows so many times better than the trained function does what it
was trained on knows more than that function. Noise alone makes both alike."""


def from_rows(samples: Probes, library: Library) -> Probes:
    """The raw energies and forces, where the library explains them far better than the function.

    A few samples a period look like noise, and a smoothing spline rounds off what they show: T + V
    of the right law closes all the same, as it needs no derivative.
    """
    if not samples.prepared.noisy or samples.prepared.drift:
        return samples
    raw = unsmoothed(samples.prepared)
    basis = Candidates(samples.features.names, library.candidates)
    solved = solve_families(raw.families, basis, passes=raw.passes)
    if solved.residual * BETTER > samples.misfit:
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
        misfit=float(np.linalg.norm([weight * residual for weight, residual in parts])),
        prepared=raw,
    )
