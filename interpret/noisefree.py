"""Coefficients and honest error bars from noise-free rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from interpret.law import Law
from interpret.samples import Samples
from training.bases.candidates import Candidates
from training.families import SMALLEST_RESIDUAL, solve_families
from training.linear import compress, solve
from training.rows import Rows
from training.stencils import Array

STRETCHES = 20
ROWS_A_STRETCH = 4
ROUND_OFF = 64 * float(np.finfo(float).eps)
WORTH_ASKING = 1e-9
UNEXPLAINED = 1e-3


def row_estimate(law: Law, samples: Samples) -> Law:
    """Least squares of the law's terms on the rows that the network was trained on.

    The rows' errors are not noise: they come in long correlated stretches and may be biased, so
    the residual's mean square says little. The covariance is the sum of
    - a jackknife over twenty stretches of the data: (B-1)/B sum_b (c_b - c)(c_b - c)^T,
    - (c_f - c)^2 on the diagonal, c_f from the best family of rows alone (the other may be biased),
    - s^2 (A^T A)^-1, s^2 the residual's mean square, where there is one family only: Verlet's
      second differences are exact but for the rounding of the positions, which is random,
    - round-off, 64 eps |c|.

    chi^2/n compares the law with the network: the square of the ratio of their misfits, in the
    family where the law does best. A law that misses more than 1e-3 of every family is none.
    """
    basis = Candidates(samples.features.names, law.terms)
    families = samples.prepared.families
    with torch.no_grad():
        together = solve_families(families, basis, passes=samples.prepared.passes)
        coefficients = together.coefficients.numpy()
        spread = _jackknife(families, together.weights, basis)
        bias = _disagreement(families, together.residuals, basis, coefficients)
        if len(families) == 1:
            spread = spread + _rounding(families[0], basis, together.residual)
    covariance = spread + np.diag(bias**2 + (ROUND_OFF * coefficients) ** 2)
    missed = together.residual
    if missed > UNEXPLAINED and not samples.prepared.noisy:
        law = replace(law, verdict="not in the library", reasons=(*law.reasons, _why(missed)))
    ratio = _ratio(together.residuals, samples.residuals)
    return replace(
        law,
        coefficients=coefficients,
        covariance=covariance,
        recognised=(),
        chi2_per_n=ratio**2,
    )


def _jackknife(families: Sequence[Rows], weights: Sequence[float], basis: Candidates) -> Array:
    """The covariance from leaving out one stretch after another, shape (K, K)."""
    count = max(2, min(STRETCHES, min(len(f.truth) for f in families) // ROWS_A_STRETCH))
    blocks = [_stretch(families, weights, basis, number, count) for number in range(count)]
    estimates = []
    for left_out in range(count):
        kept = torch.cat([block for number, block in enumerate(blocks) if number != left_out])
        estimates.append(solve(kept[:, :-1], kept[:, -1]).coefficients.numpy())
    deviations = np.stack(estimates) - np.mean(estimates, axis=0)
    spread: Array = (count - 1) / count * deviations.T @ deviations
    return spread


def _stretch(
    families: Sequence[Rows], weights: Sequence[float], basis: Candidates, number: int, count: int
) -> torch.Tensor:
    parts = []
    for family, weight in zip(families, weights, strict=True):
        part = family.part(number, count)
        parts.append(weight * compress(part.design(basis), part.truth))
    return torch.cat(parts)


def _rounding(family: Rows, basis: Candidates, residual: float) -> Array:
    """s^2 (A^T A)^-1 of the family's rows, shape (K, K)."""
    design = family.design(basis).numpy()
    scale = np.linalg.norm(design, axis=0)
    gram = (design / scale).T @ (design / scale)
    inverse = np.linalg.pinv(gram, rcond=1e-14, hermitian=True) / scale / scale[:, None]
    covariance: Array = residual**2 / max(1, len(design) - basis.size) * inverse
    return covariance


def _disagreement(
    families: Sequence[Rows], residuals: Sequence[float], basis: Candidates, together: Array
) -> Array:
    """|c_f - c|, f the family fitted best of those that determine all coefficients, shape (K,)."""
    if len(families) < 2:
        return np.zeros_like(together)
    for number in np.argsort(residuals):
        family = families[number]
        alone = solve(family.design(basis), family.truth)
        if float(alone.singular_values[-1]) > WORTH_ASKING * float(alone.singular_values[0]):
            return np.abs(alone.coefficients.numpy() - together)
    return np.zeros_like(together)


def _ratio(law: Sequence[float], network: Sequence[float]) -> float:
    """The law's misfit over the network's, in the family where the law compares best.

    A biased family (a close encounter on a coarse grid) says nothing against a law: the network
    bends to it and the law does not. A missing term shows in every family.
    """
    pairs = zip(law, network, strict=True)
    return min(own / max(other, SMALLEST_RESIDUAL) for own, other in pairs)


def _why(missed: float) -> str:
    return (
        f"the law misses {missed:.1e} of these noise-free data: the forces are not the gradient of "
        "a function of these features in this library"
    )
