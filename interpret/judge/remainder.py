"""Is what a law leaves of exact data smooth? Then it is a force, however small, and no rounding."""

from __future__ import annotations

from math import comb
from typing import Final

import numpy as np
import torch

from interpret.judge.certificate import Check
from interpret.judge.thresholds import percent, short_of
from interpret.laws.law import Law
from interpret.reading.probes import Probes
from interpret.select.matrix import lengths
from training.bases.candidates import Candidates
from training.bases.chebyshev import Chebyshev
from training.prepare.stencils import Array

HIGHEST: Final = 24
"""Degree of the polynomials: twelve wiggles, in each variable alone."""

ROWS_A_FUNCTION: Final = 5
"""So many rows at least for each polynomial, that none of them follows single values."""

SMOOTH: Final = 4.0
"""How many times smaller a flexible potential may make what is left. Rounding, friction and the
integrator's own drift are no function of the place, and become smaller by a half at most."""

RESOLVED: Final = 1e-10
"""What is smaller, in parts of the force or energy, is round-off that long sums of terms add up."""


def remainder(law: Law, samples: Probes) -> Check:
    """What the law leaves, its terms fitted, beside what any smooth potential more would leave.

    min |A c - b| over min |A c + S s - b|, each over the root of its degrees of freedom; A the
    law's terms and S Chebyshev polynomials of the same variables, in the rows that are known best
    (energy, or Störmer–Verlet's forces).
    """
    family = samples.prepared.families[0]
    basis = Candidates(samples.features.names, law.terms)
    x = samples.levels.x
    with torch.no_grad():
        design, truth = family.design(basis).numpy(), family.truth.numpy()
        degree = _degree(x.shape[1], len(truth))
        smooth = family.design(Chebyshev.of(x, degree)).numpy() if degree else None
    if smooth is None:
        return Check("remainder", np.nan, SMOOTH, "identified", "too few samples to look into it")
    own = _left(design, truth)
    flexible = _left(np.hstack([design, smooth]), truth)
    size = np.sqrt(max(len(truth) - design.shape[1], 1))
    ratio = own / max(flexible, RESOLVED / size)
    said = f"the law leaves {own * size:.1g}, any smooth potential beside it {flexible * size:.1g}"
    if ratio <= SMOOTH:
        return Check("remainder", ratio, SMOOTH, "identified", said)
    missed = own * size
    verdict = short_of(missed)
    why = f"{said}: {percent(missed)} is a force that the law lacks, not rounding"
    return Check("remainder", ratio, SMOOTH, verdict, why, missed)


def _degree(variables: int, rows: int) -> int:
    """The highest degree whose polynomials are few enough, 0 where there is none."""
    few = (d for d in range(HIGHEST, 0, -1) if ROWS_A_FUNCTION * comb(variables + d, d) <= rows)
    return next(few, 0)


def _left(design: Array, truth: Array) -> float:
    """The least |A c - b| over the root of its degrees of freedom."""
    span, singular, _ = np.linalg.svd(design / lengths(design), full_matrices=False)
    span = span[:, singular > np.finfo(float).eps * len(truth) * singular.max(initial=0.0)]
    left = truth - span @ (span.T @ truth)
    left = left - span @ (span.T @ left)
    return float(np.linalg.norm(left) / np.sqrt(max(len(truth) - span.shape[1], 1)))
