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
from numpy.typing import ArrayLike
from sympy import Expr

from interpret.discovery.lagrangian.candidate_equations import (
    CandidateEquations,
    check_candidates,
    check_finite,
)
from interpret.discovery.lagrangian.gauge import find_gauge
from interpret.discovery.lagrangian.lagrangian_law import Freedom, LagrangianLaw, combination
from interpret.discovery.lagrangian.representative import Wishes
from interpret.discovery.lagrangian.residual_order import neighbour_score
from interpret.discovery.lagrangian.sample_weights import known_weights
from interpret.discovery.lagrangian.solution import EXACT, Solution, solution
from interpret.laws.constants import recognise
from interpret.laws.judgement import Verdict
from systems.errors import InputError, nearest
from systems.samples.phase_space import PhaseSamples

LACK_OF_FIT: Final = 1.15
"""The misfit may exceed a known noise level by this factor."""

WORTHLESS: Final = 0.5
"""A law that misses the accelerations by this fraction explains nothing, whatever the noise."""

NEARLY: Final = 1.5
"""A combination that asks for so much more noise is not worse beyond doubt."""

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
    >>> law.expr, law.freedom.gauge, law.verdict
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

    terms = tuple(library[k] for k in kept)
    traces = np.einsum("niik->k", part.masses)
    held = {kept.index(k): value for k, value in held.items()}
    wishes = Wishes.of(terms, samples.coordinates, traces, held)
    weights = None if noise is None else known_weights(noise, len(samples))
    found = solution(part, samples.qdd, weights, wishes)

    misses = _misses(samples, found)
    doubts = () if misses else _doubts(terms, found, held)
    estimate = found.estimate
    used = np.flatnonzero(estimate.coefficients)
    verdict: Verdict = "ambiguous" if doubts else "identified"
    return LagrangianLaw(
        coordinates=samples.coordinates,
        terms=tuple(terms[k] for k in used),
        coefficients=estimate.coefficients[used],
        stderr=estimate.stderr[used],
        candidates=library,
        freedom=Freedom(
            gauge=gauge,
            nullity=0 if misses else found.nullity,
            others=() if misses else _others(terms, found),
            singular_values=found.spectrum.noise / found.problem.usual,
            notes=_notes(terms, found.fixed, library, leading, gauge),
        ),
        misfit=found.misfit,
        verdict="not in the library" if misses else verdict,
        reasons=misses or doubts,
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


def _misses(samples: PhaseSamples, found: Solution) -> tuple[str, ...]:
    """Why the best combination is no law, or nothing."""
    estimate, level = found.estimate, found.problem.level
    if not np.isfinite(found.misfit):
        return (
            "no combination of the candidates explains the data: the best one has masses "
            "∂²L/∂q̇∂q̇ that have no inverse on some samples.",
        )
    if found.misfit < EXACT:
        return ()
    if found.misfit > WORTHLESS:
        return (f"the best combination misses the accelerations by {100 * found.misfit:.2g} %.",)
    if level is not None and estimate.noise > LACK_OF_FIT * level:
        times = estimate.noise / level
        return (f"the best combination misses the accelerations by {times:.3g} times their noise.",)
    both = np.hstack([samples.q, samples.qd])
    score = max(neighbour_score(points, estimate.residuals) for points in (samples.q, both))
    if score > LARGEST_SCORE:
        return (
            f"the best combination misses the accelerations by {100 * found.misfit:.2g} %, and "
            f"its residuals on neighbouring samples agree ({score:.0f} standard deviations): that "
            f"is no noise.",
        )
    return ()


def _doubts(terms: Sequence[Expr], found: Solution, held: Mapping[int, float]) -> tuple[str, ...]:
    """Why another law may be the true one, or nothing."""
    doubts = []
    if found.nullity > max(1, len(held)):
        doubts.append(
            f"nullity {found.nullity}: within their noise the data admit {found.nullity} "
            f"independent Lagrangians, which may be added in any proportion; masses are not "
            f"identifiable without a prior."
        )
    noise = found.spectrum.noise[found.nullity - 1 :]
    if found.misfit > EXACT and len(noise) > 1 and noise[1] < NEARLY * noise[0]:
        doubts.append("another combination of the candidates is nearly as good.")
    if len(found.unsure):
        doubts.append(
            f"other candidates could take the place of "
            f"{', '.join(str(terms[k]) for k in found.unsure)}: of the laws that explain the data "
            f"a simple one is given."
        )
    return tuple(doubts)


def _others(terms: tuple[Expr, ...], found: Solution) -> tuple[Expr, ...]:
    """Further Lagrangians of the same motion, one for each coefficient fixed after the first."""
    fixed = list(found.fixed)
    free = [k for k in range(len(terms)) if k not in fixed]
    others = []
    for leading in fixed[1 : found.nullity]:
        coefficients, stderr = found.problem.vanishing(leading, free)
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
