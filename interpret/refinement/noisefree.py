"""Coefficients and honest error bars from noise-free rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from interpret.laws.law import Law
from interpret.reading.probes import Probes
from interpret.select.matrix import ROUND_OFF, inverse_gram, rounding
from systems.samples.trajectories import Trajectory
from training.bases.candidates import Candidates
from training.prepare.preparation import unsmoothed
from training.prepare.stencils import Array
from training.rows.trajectories import LevelRows, Rows
from training.solve.families import SMALLEST_RESIDUAL, solve_families
from training.solve.linear import compress, solve

STRETCHES = 20
ROWS_A_STRETCH = 4
WORTH_ASKING = 1e-9
UNEXPLAINED = 1e-3
FEWER = 2
FEWEST_POSITIONS = 20
CONTRADICTED = 3.0
"""Deviations by which the energy must differ from what all rows say: 3 in 1000 do by chance."""


def row_estimate(law: Law, samples: Probes) -> Law:
    """Least squares of the law's terms on the rows that the network was trained on.

    The rows' errors are not noise: they come in long correlated stretches and may be biased, so
    the residual's mean square says little. The covariance is the sum of
    - a jackknife over twenty stretches of the data: (B-1)/B sum_b (c_b - c)(c_b - c)^T,
    - (c_f - c)^2 on the diagonal, c_f from the best family of rows alone (the other may be biased),
      and from the energy alone beyond its own spread: it has no quadrature to be biased by,
    - s^2 (A^T A)^-1, s^2 the residual's mean square, where there is one family only: Verlet's
      second differences are exact but for the rounding of the positions, which is random,
    - where the momenta were derived from the positions: how far c moves with every second position
      left out, over 2⁵ (the slope of a quintic spline is off by the step's fifth power),
    - round-off: 64 eps |c|, and what the columns make of eps (`select.matrix.rounding`).

    chi^2/n compares the law with the network: the square of the ratio of their misfits, in the
    family where the law does best. A law that misses more than 1e-3 of every family is none.
    """
    basis = Candidates(samples.features.names, law.terms)
    families = samples.prepared.families
    with torch.no_grad():
        together = solve_families(families, basis, passes=samples.prepared.passes)
        coefficients = together.coefficients.numpy()
        stretches = _stretches(families, together.weights, basis)
        spread = _jackknife(stretches)
        bias = _disagreement(families, basis, coefficients)
        if len(families) == 1:
            design = families[0].design(basis).numpy()
            variance = together.residual**2 / max(1, len(design) - basis.size)
            spread = spread + variance * inverse_gram(design)
        rows = torch.cat(stretches).numpy()
    amplified = rounding(rows[:, :-1], rows[:, -1], coefficients)
    bias = np.hypot(bias, _coarse(law, samples, coefficients))
    covariance = spread + np.diag(bias**2 + (ROUND_OFF * coefficients) ** 2 + amplified**2)
    missed = together.residual
    if missed > UNEXPLAINED and not samples.prepared.noisy:
        law = law.doubted("not in the library", _why(missed))
    ratio = _ratio(together.residuals, samples.residuals)
    return law.refined(coefficients, covariance, ratio**2)


def _jackknife(stretches: Sequence[torch.Tensor]) -> Array:
    """The covariance from leaving out one stretch after another, shape (K, K)."""
    count = len(stretches)
    estimates = []
    for left_out in range(count):
        kept = torch.cat([rows for number, rows in enumerate(stretches) if number != left_out])
        estimates.append(solve(kept[:, :-1], kept[:, -1]).coefficients.numpy())
    deviations = np.stack(estimates) - np.mean(estimates, axis=0)
    spread: Array = (count - 1) / count * deviations.T @ deviations
    return spread


def _stretches(
    families: Sequence[Rows], weights: Sequence[float], basis: Candidates
) -> list[torch.Tensor]:
    """The weighted rows [A b] of twenty stretches of the data, or of fewer, each after QR."""
    shortest = min(len(family.truth) for family in families)
    count = max(2, min(STRETCHES, shortest // ROWS_A_STRETCH))
    return [_stretch(families, weights, basis, number, count) for number in range(count)]


def _stretch(
    families: Sequence[Rows], weights: Sequence[float], basis: Candidates, number: int, count: int
) -> torch.Tensor:
    parts = []
    for family, weight in zip(families, weights, strict=True):
        part = family.part(number, count)
        parts.append(weight * compress(part.design(basis), part.truth))
    return torch.cat(parts)


def _disagreement(families: Sequence[Rows], basis: Candidates, together: Array) -> Array:
    """|c_f - c|, f the family that is fitted best alone and determines all coefficients, (K,).

    Fitted together, a biased family may well look like the best one: it pulls the fit to itself.
    So it does alone where its bias looks like the law's own terms, as the quadrature of nearly
    circular orbits: where energy alone says otherwise by more than its spread, that counts too.
    """
    if len(families) < 2:
        return np.zeros_like(together)
    alone = [solve(family.design(basis), family.truth) for family in families]
    worth = [
        (found, family)
        for found, family in zip(alone, families, strict=True)
        if float(found.singular_values[-1]) > WORTH_ASKING * float(found.singular_values[0])
    ]
    if not worth:
        return np.zeros_like(together)
    best, family = min(worth, key=lambda pair: pair[0].residual)
    off: Array = np.abs(best.coefficients.numpy() - together)
    for found, other in worth:
        if other is not family and isinstance(other, LevelRows):
            spread = np.sqrt(np.diagonal(_jackknife(_stretches([other], [1.0], basis))))
            beyond = np.abs(found.coefficients.numpy() - together) - CONTRADICTED * spread
            off = np.maximum(off, beyond)
    return off


def _coarse(law: Law, samples: Probes, coefficients: Array) -> Array:
    """What the momenta's derivation from the positions may have moved the coefficients by, (K,)."""
    prepared = samples.prepared
    whole = prepared.trajectories
    if not whole.derived or prepared.noisy or min(map(len, whole)) < FEWEST_POSITIONS:
        return np.zeros_like(coefficients)
    items = tuple(Trajectory(i.t[::FEWER], i.q[::FEWER], i.p[::FEWER]) for i in whole)
    thinned = replace(whole, items=items).positions_alone()
    rows = unsmoothed(replace(prepared, trajectories=thinned, smoothed=None))
    basis = Candidates(samples.features.names, law.terms)
    again = solve_families(rows.families, basis, passes=rows.passes).coefficients.numpy()
    moved: Array = np.abs(again - coefficients) / FEWER**5
    return moved


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
