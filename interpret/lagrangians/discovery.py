"""A Lagrangian from a list of candidates: what of it lies in the null space of Euler–Lagrange.

    Σ_p c_p (d/dt ∂φ_p/∂q̇ - ∂φ_p/∂q) = 0   on every sample (q, q̇, q̈)

Combinations for which this holds with any q̈ are pure gauge. What else solves it on the data are
the Lagrangians of the motion; that there may be several, not related by scale and gauge, is physics
and no defect: equal masses in a harmonic trap are two independent oscillators, whose Lagrangians
may be added in any proportion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy import Expr

from interpret.constants import recognise
from interpret.lagrangians.candidate_equations import (
    CandidateEquations,
    check_candidates,
    check_finite,
)
from interpret.lagrangians.coefficient_fit import SIGNIFICANT, Estimate, Problem
from interpret.lagrangians.gauge import find_gauge
from interpret.lagrangians.lagrangian_law import LagrangianLaw, combination
from interpret.lagrangians.null_space import Spectrum, spectrum
from interpret.lagrangians.representative import Wishes, representative
from interpret.lagrangians.residual_test import neighbour_score
from interpret.lagrangians.sample_weights import EXACT, known_weights, likely_weights
from interpret.law import Verdict
from systems.errors import InputError, nearest
from systems.phase_space import PhaseSamples

Array = NDArray[np.float64]

LACK_OF_FIT: Final = 1.15
"""The misfit may exceed a known noise level by this factor."""

LARGEST_SCORE: Final = 5.0
"""Neighbouring residuals that agree better than so are no noise."""


def discover_lagrangian(
    samples: PhaseSamples,
    candidates: Sequence[Expr],
    *,
    noise: ArrayLike | None = None,
    normalisation: Mapping[Expr, float] | None = None,
) -> LagrangianLaw:
    """The Lagrangian Σ c_p φ_p of the samples, and all others that would move them the same way.

    - `candidates`: expressions in the coordinates `q` and velocities `qd`.
    - `noise`: the standard deviation of the accelerations, in their units, one number or one for
      each sample (n,). By default it is read off the best combination, and taken to be white or to
      grow with the acceleration, whichever is likelier.
    - `normalisation`: coefficients to hold, such as {qd**2: 0.5}. By default the first mass is 1;
      where the data admit several Lagrangians the one given has no products of different
      velocities, equal masses where they are free, and as few complex terms as there can be.

    Raises `InputError` for no candidates, unknown variables, poles on the samples, too few
    samples, and libraries that are pure gauge or have no kinetic energy.

    >>> from systems.expressions import parse_list
    >>> rng = np.random.default_rng(0)
    >>> x, v = rng.uniform(-1, 1, (2, 50, 1))
    >>> samples = PhaseSamples(("x",), x, v, -4 * x**3)
    >>> law = discover_lagrangian(samples, parse_list("xd**2, x, x**2, x**4, x*xd"))
    >>> law.expr, law.gauge, law.verdict
    (-x**4 + xd**2/2, (x*xd,), 'identified')
    """
    library = tuple(sympy.sympify(candidate, strict=True) for candidate in candidates)
    check_candidates(library, samples.coordinates)
    held = _held(normalisation or {}, library)
    equations = CandidateEquations.of(library, samples.coordinates, samples.q, samples.qd)
    check_finite(equations, library)
    gauge, leading = find_gauge(library, samples, held)
    kept = [k for k in range(len(library)) if k not in leading]
    part = equations.candidates(kept)
    _check_enough(part, samples)

    if noise is None:
        weights, level = likely_weights(part, samples.qdd), None
    else:
        weights, level = known_weights(noise, len(samples)), 1.0
    found = spectrum(part, samples.qdd, weights)
    nullity = found.nullity(level)
    terms = tuple(library[k] for k in kept)
    traces = np.einsum("niik->k", part.masses)
    wishes = Wishes.of(
        terms, samples.coordinates, traces, {kept.index(k): x for k, x in held.items()}
    )
    problem = Problem(part, samples.qdd, weights, level)
    full, estimate, fixed = _estimate(problem, found, nullity, wishes)

    misfit = estimate.noise / problem.usual
    reasons = _misses(samples, estimate, misfit, level)
    verdict: Verdict = "not in the library" if reasons else "identified"
    others: tuple[Expr, ...] = ()
    if reasons:
        nullity = 0
    else:
        others = _others(problem, terms, list(fixed)[:nullity])
        reasons = _doubts(terms, full, estimate, nullity)
        verdict = "ambiguous" if reasons else "identified"
    used = np.flatnonzero(estimate.coefficients)
    return LagrangianLaw(
        coordinates=samples.coordinates,
        terms=tuple(terms[k] for k in used),
        coefficients=estimate.coefficients[used],
        stderr=estimate.stderr[used],
        candidates=library,
        gauge=gauge,
        nullity=nullity,
        others=others,
        singular_values=found.noise / problem.usual,
        misfit=misfit,
        verdict=verdict,
        reasons=reasons,
        notes=_notes(terms, fixed, library, leading, gauge),
    )


def _held(normalisation: Mapping[Expr, float], library: Sequence[Expr]) -> dict[int, float]:
    """The coefficients that the user holds, by the number of the candidate."""
    held: dict[int, float] = {}
    for term, value in normalisation.items():
        if term not in library:
            names = list(map(str, library))
            raise InputError(
                f"the normalisation holds {term}, which is not among the candidates "
                f"{', '.join(names)}.{nearest(str(term), names)}"
            )
        held[library.index(term)] = float(value)
    return held


def _check_enough(equations: CandidateEquations, samples: PhaseSamples) -> None:
    """Raise `InputError` when nothing could come of it."""
    if not equations.size:
        raise InputError(
            "every combination of the candidates is pure gauge and moves nothing; add a kinetic "
            "energy such as qd**2 and terms of a potential."
        )
    if not equations.masses.any():
        raise InputError(
            "no candidate has a kinetic energy, so that no combination determines accelerations; "
            "add the squares of the velocities."
        )
    needed = -(-2 * equations.size // samples.dimension)
    if len(samples) < needed:
        raise InputError(
            f"{len(samples)} samples are too few for {equations.size} candidates; give at least "
            f"{needed}, or fewer candidates."
        )


def _estimate(
    problem: Problem, found: Spectrum, nullity: int, wishes: Wishes
) -> tuple[Estimate, Estimate, dict[int, float]]:
    """The coefficients with all candidates, with those that matter, and which were fixed.

    Of the directions that only the noise admits some may lead to masses without an inverse, from
    where no fit starts: then it starts with the better ones alone.
    """
    for count in range(nullity, 0, -1):
        start, fixed = representative(found.directions[:, :count], found.sizes, wishes)
        free = [k for k in range(len(start)) if k not in fixed]
        full = problem.fit(start, fixed, free)
        estimate = problem.sparse(start, fixed, free)
        if full is None or estimate is None:
            continue
        if len(_unsure(full, estimate)):
            kept = [k for k in free if estimate.coefficients[k]]
            fewer = problem.fewest(full, free, len(kept))
            estimate = problem.sparse(full.coefficients, fixed, fewer) or estimate
        return full, estimate, fixed
    unsolved = problem.unsolved(start)
    return unsolved, unsolved, fixed


def _unsure(full: Estimate, estimate: Estimate) -> NDArray[np.intp]:
    """The candidates kept that are insignificant when all candidates are at work."""
    return np.flatnonzero((estimate.coefficients != 0) & (full.significance < SIGNIFICANT))


def _misses(
    samples: PhaseSamples, estimate: Estimate, misfit: float, level: float | None
) -> tuple[str, ...]:
    """Why the best combination is no law, or nothing."""
    if not np.isfinite(misfit):
        return (
            "no combination of the candidates explains the data: the best one has masses "
            "∂²L/∂q̇∂q̇ that have no inverse on some samples.",
        )
    if misfit < EXACT:
        return ()
    if level is not None and estimate.noise > LACK_OF_FIT * level:
        times = estimate.noise / level
        return (f"the best combination misses the accelerations by {times:.3g} times their noise.",)
    both = np.hstack([samples.q, samples.qd])
    score = max(neighbour_score(points, estimate.residuals) for points in (samples.q, both))
    if score > LARGEST_SCORE:
        return (
            f"the best combination misses the accelerations by {100 * misfit:.2g} %, and its "
            f"residuals on neighbouring samples agree ({score:.0f} standard deviations): that is "
            f"no noise.",
        )
    return ()


def _doubts(
    terms: Sequence[Expr], full: Estimate, estimate: Estimate, nullity: int
) -> tuple[str, ...]:
    """Why another law may be the true one, or nothing."""
    doubts = []
    if nullity > 1:
        doubts.append(
            f"nullity {nullity}: within their noise the data admit {nullity} independent "
            f"Lagrangians, which may be added in any proportion; masses are not identifiable "
            f"without a prior."
        )
    unsure = ", ".join(str(terms[k]) for k in _unsure(full, estimate))
    if unsure:
        doubts.append(
            f"other candidates could take the place of {unsure}: of the laws that explain the "
            f"data a simple one is given."
        )
    return tuple(doubts)


def _others(problem: Problem, terms: tuple[Expr, ...], fixed: Sequence[int]) -> tuple[Expr, ...]:
    """Further Lagrangians of the same motion, one for each coefficient fixed after the first."""
    free = [k for k in range(len(terms)) if k not in fixed]
    others = []
    for leading in fixed[1:]:
        coefficients, stderr = problem.vanishing(leading, free)
        used = np.flatnonzero(coefficients)
        pairs = zip(coefficients[used], stderr[used], strict=True)
        forms = tuple(recognise(float(value), float(error)) for value, error in pairs)
        others.append(combination(tuple(terms[k] for k in used), coefficients[used], forms))
    return tuple(others)


def _notes(
    terms: Sequence[Expr],
    fixed: Mapping[int, float],
    library: Sequence[Expr],
    leading: Sequence[int],
    gauge: Sequence[Expr],
) -> tuple[str, ...]:
    """What was chosen where the data leave a choice."""
    chosen = ", ".join(f"{terms[k]}: {value:g}" for k, value in fixed.items())
    notes = [f"coefficients fixed by the normalisation: {chosen}."]
    if leading:
        without = ", ".join(str(library[k]) for k in leading)
        notes.append(f"left out, the other candidates can do without them: {without}.")
    if len(leading) > len(gauge):
        notes.append("some candidates are linear combinations of others, or constants.")
    return tuple(notes)
