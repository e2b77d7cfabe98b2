"""The law of a learned potential, accepted only where it does as well as a flexible fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import numpy as np
import torch

from interpret.laws import formula
from interpret.laws.judgement import Judgement, Origin, Verdict
from interpret.laws.law import Law
from interpret.laws.parts import Bodies, Part, Variables
from interpret.select.criteria import EXACT, Choice, LeastInformation, SmallestWithin
from interpret.select.gate import Gate
from interpret.select.library import Library
from interpret.select.matrix import ROUND_OFF, Compressed, Support
from systems import expressions
from systems.errors import InputError
from training.learn.lagrangian import GeneralFit
from training.learn.points import PhaseFit
from training.learn.reference import CLEAN, Reference, predicted, reference
from training.particles import Particles
from training.prepare.stencils import Array
from training.rows.trajectories import ForceRows

GAUGE: Final = "one constant per connected component"

WITHIN: Final = 3.0
"""A law may miss the learned forces by so many times what they miss of the data."""

UNLEARNED: Final = 0.1
"""From a function that misses more than this part of the forces no law is read."""

UNFINISHED: Final = 1e-4
"""A Lagrangian that misses more than this part of its equations, without noise, is not learned to
the end: a finished training leaves a tenth of it at most."""

SAME: Final = 1e-9
"""Two functions that differ by less on the data are one."""

ALTERNATIVES: Final = 3
"""How many other supports are named."""

MOST_TERMS: Final = 4


@dataclass(frozen=True)
class Forces:
    """What was learned, where it was learned: ∂V/∂q at the samples, beside the raw data.

    ``rows`` hold the measured forces and their weights, ``learned`` (n, d) those of the trained
    function, ``misfit`` the relative residual between the two, ``reference`` the flexible fit.
    ``floor`` is how far the data themselves are off, relatively, where they hold learned masses.
    ``trained`` says whether there was a training, or one linear solve, which takes no longer.
    """

    particles: Particles
    rows: ForceRows
    learned: torch.Tensor
    misfit: float
    reference: Reference
    floor: float = 0.0
    trained: bool = True

    @staticmethod
    def of(fit: PhaseFit) -> Forces:
        """The forces of a learned potential."""
        rows = fit.reference.rows
        learned = torch.from_numpy(predicted(fit.basis, fit.coefficients, rows))
        return Forces(
            fit.particles, rows, learned, fit.misfit, fit.reference, trained=fit.neurons > 0
        )

    @staticmethod
    def of_lagrangian(fit: GeneralFit, dimension: int) -> Forces:
        """The forces m_i q̈_i of a learned Lagrangian, with the masses that it has learned."""
        if (fit.masses <= 0).any():
            raise InputError(
                f"the learned masses {', '.join(f'{m:.3g}' for m in fit.masses)} are not positive: "
                f"the samples do not determine the Lagrangian; draw more, or train longer."
            )
        known = replace(fit.system.motion(), mass=tuple(fit.masses.tolist()))
        # Masses that agree to their accuracy are those of identical particles.
        if np.ptp(fit.masses) <= fit.mass_misfit * 10:
            known = replace(known, mass=(float(fit.masses.mean()),) * len(fit.masses))
        particles = Particles(replace(fit.system, mechanics=known), dimension)
        # The masses' own error must not be mistaken for noise of the data.
        found = reference(particles, fit.samples, clean=max(CLEAN, 10 * fit.mass_misfit))
        acceleration = fit.acceleration(fit.samples.q, fit.samples.qd)
        learned = torch.from_numpy(-particles.mass * acceleration)
        return Forces(particles, found.rows, learned, fit.misfit, found, fit.mass_misfit)


def extract(fit: PhaseFit | Forces, library: Library, most: int = MOST_TERMS) -> Law:
    """The sparsest law of the library that explains the learned potential, and the raw data.

    1. The terms. Without noise, the smallest support that misses the learned forces by no more
       than three times what they miss of the data. With noise, the least extended BIC
       of all supports on the raw accelerations.
    2. Their coefficients, by least squares on the raw accelerations, with covariance.
    3. The gate: a law that does worse than the flexible reference fit of the same data is "not in
       the library", and the nearest alternatives are named.

    A law has at most ``most`` terms: with more, a rich library interpolates whatever it is shown.

    Raises InputError where the library has no candidate, or one that is singular on the data.

    >>> import systems
    >>> from training.particles import Particles
    >>> from training.learn.points import learn
    >>> system = systems.get("trapped_charges")
    >>> fit = learn(Particles(system, 1), system.draw())
    >>> extract(fit, Library.of(system)).expr
    2*q0**2 + 2*q1**2 + 1/r
    """
    forces = Forces.of(fit) if isinstance(fit, PhaseFit) else fit
    library = library.without_gauge()
    raw = raw_problem(forces, library)
    if forces.reference.noisy:
        choice = LeastInformation(most).choose(raw)
    else:
        floor = max(WITHIN * forces.misfit, EXACT)
        choice = SmallestWithin(floor, most).choose(_problem(forces, forces.learned, library))
    support = choice.support
    coefficients, residual = raw.solve(support)
    gate = Gate.of(residual, len(support), forces.reference, raw.rows)
    names = [formula.text(candidate) for candidate in library]
    rivals = _rivals(choice, raw, forces)
    nearest = _nearest(choice, names)
    verdict, reasons = _verdict(gate, nearest, rivals, names, forces)
    kept = list(support)
    terms = tuple(library.candidates[k] for k in support)
    domain = forces.particles.domain(forces.rows.x[0])
    mechanics = forces.particles.mechanics
    return Law(
        origin=Origin(forces.particles.system.name),
        parts=(Part("potential", terms, library.candidates),),
        coefficients=coefficients[kept],
        covariance=_covariance(raw, support, residual, max(ROUND_OFF, forces.floor)),
        variables=Variables(domain, mechanics.features, Bodies.of(mechanics)),
        gauge=GAUGE,
        judgement=Judgement(verdict, reasons, gate.ratio**2),
    )


def raw_problem(forces: Forces, library: Library) -> Compressed:
    """The rows of every candidate against the accelerations as measured."""
    return _problem(forces, forces.rows.force, library)


def _problem(forces: Forces, gradient: torch.Tensor, library: Library) -> Compressed:
    """The rows of every candidate against this gradient, compressed by QR."""
    rows = forces.rows
    basis = forces.particles.candidates(library.candidates)
    truth = (rows.importance[:, None] * gradient).reshape(-1)
    with torch.no_grad():
        design = rows.design(basis)
        values = basis.values(rows.x[0])
    broken = ~(torch.isfinite(design).all(dim=0) & torch.isfinite(values).all(dim=0))
    if broken.any():
        singular = library.candidates[int(broken.nonzero()[0])]
        raise InputError(
            f"the candidate {singular} or its slope is not a finite number on the data; leave it "
            f"out of the library."
        )
    names = tuple(expressions.text(candidate) for candidate in library)
    return Compressed.of(design.numpy(), truth.numpy(), names)


def _rivals(choice: Choice, raw: Compressed, forces: Forces) -> list[Support]:
    """The first few rivals that explain the data with another function."""
    explained = raw.design @ raw.solve(choice.support)[0]
    same = max(SAME, WITHIN * forces.floor)
    others = (s for s in choice.rivals if not _spans(raw, s, explained, same))
    return list(islice(others, ALTERNATIVES))


def _spans(raw: Compressed, support: Support, function: Array, same: float) -> bool:
    """Whether a support contains the function: more terms, or the same law in other words."""
    _, rest = replace(raw, truth=function).solve(support)
    return bool(rest <= same * np.linalg.norm(function))


def _nearest(choice: Choice, names: Sequence[str]) -> str:
    """The best few supports in words, each with what it misses."""
    pairs = zip(choice.order.supports, choice.order.residuals, strict=True)
    near = (pair for pair in pairs if len(pair[0]) <= len(choice.support))
    told = [f"{_written(s, names)} (misses {left:.1e})" for s, left in islice(near, ALTERNATIVES)]
    return "; ".join(told)


def _written(support: Support, names: Sequence[str]) -> str:
    return ", ".join(names[k] for k in support)


def _verdict(
    gate: Gate, nearest: str, rivals: Sequence[Support], names: Sequence[str], forces: Forces
) -> tuple[Verdict, tuple[str, ...]]:
    best = forces.reference.misfit
    if forces.misfit > max(UNLEARNED, 2 * best):
        what, advice = ("learned", "give other inputs, or another model")
        if forces.trained:
            what, advice = ("trained", "train longer, or choose another model")
        reason = (
            f"the {what} function misses the forces by {forces.misfit:.0%} where a flexible fit "
            f"misses {best:.1e}: no law can be read off it; {advice}"
        )
        return "not in the library", (reason,)
    if not gate.accepted:
        odds = f", which noise does with a probability of {gate.chance:.0e}"
        reason = (
            f"the best law misses the data {gate.ratio:.3g} times as much as a flexible fit"
            f"{odds if forces.reference.noisy else ''}; the nearest are {nearest}"
        )
        return "not in the library", (reason,)
    if forces.floor and forces.misfit > max(UNFINISHED, WITHIN * best):
        reason = (
            f"the Lagrangian is not learned to the end: it misses its equations by "
            f"{forces.misfit:.1e}, a flexible fit the forces by {best:.1e}; train longer"
        )
        return "ambiguous", (reason,)
    if rivals:
        told = "; ".join(_written(support, names) for support in rivals)
        return "ambiguous", (f"other terms explain the data as well: {told}",)
    return "identified", ()


def _covariance(raw: Compressed, support: Support, residual: float, relative: float) -> Array:
    """s² (AᵀA)⁻¹ on the support, round-off as the columns amplify it, and a relative error."""
    coefficients, _ = raw.solve(support)
    variance = residual**2 / max(1, raw.rows - len(support))
    certain = np.hypot(relative * coefficients[list(support)], raw.rounding(support))
    covariance: Array = variance * raw.inverse_gram(support) + np.diag(certain**2)
    return covariance
