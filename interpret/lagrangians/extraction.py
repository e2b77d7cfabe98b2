"""The law of a learned potential, accepted only where it does as well as a flexible fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from scipy.special import fdtrc

from interpret import formula
from interpret.lagrangians.subset_search import Ranked, ranked
from interpret.law import Law, Verdict
from interpret.library import Library
from interpret.selection import Compressed, Support
from systems import expressions
from systems.errors import InputError
from training.general_fit import GeneralFit
from training.linear import compress
from training.particles import Particles
from training.phase_fit import PhaseFit
from training.reference import CLEAN, Reference, predicted, reference
from training.rows import ForceRows
from training.stencils import Array

GAUGE = "one constant per connected component"
WITHIN = 3.0
EXACT = 1e-12
UNLEARNED = 0.1
CLEAN_RATIO = 30.0
BY_CHANCE = 1e-4
RIVAL = 6.0
SAME = 1e-9
ALTERNATIVES = 3
MOST_TERMS = 4
ROUND_OFF = 64 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class Forces:
    """What was learned, where it was learned: ∂V/∂q at the samples, beside the raw data.

    ``rows`` hold the measured forces and their weights, ``learned`` (n, d) those of the trained
    function, ``misfit`` the relative residual between the two, ``reference`` the flexible fit.
    ``floor`` is how far the data themselves are off, relatively, where they hold learned masses.
    """

    particles: Particles
    rows: ForceRows
    learned: torch.Tensor
    misfit: float
    reference: Reference
    floor: float = 0.0

    @staticmethod
    def of(fit: PhaseFit) -> Forces:
        """The forces of a learned potential."""
        rows = fit.reference.rows
        learned = torch.from_numpy(predicted(fit.basis, fit.coefficients, rows))
        return Forces(fit.particles, rows, learned, fit.misfit, fit.reference)

    @staticmethod
    def of_lagrangian(fit: GeneralFit, dimension: int) -> Forces:
        """The forces m_i q̈_i of a learned Lagrangian, with the masses that it has learned."""
        if (fit.masses <= 0).any():
            raise InputError(
                f"the learned masses {', '.join(f'{m:.3g}' for m in fit.masses)} are not positive: "
                f"the samples do not determine the Lagrangian; draw more, or train longer."
            )
        system = replace(fit.system, mass=tuple(fit.masses.tolist()))
        # Masses that agree to their accuracy are those of identical particles.
        if np.ptp(fit.masses) <= fit.mass_misfit * 10:
            system = replace(system, mass=(float(fit.masses.mean()),) * len(fit.masses))
        particles = Particles(system, dimension)
        # The masses' own error must not be mistaken for noise of the data.
        found = reference(particles, fit.samples, clean=max(CLEAN, 10 * fit.mass_misfit))
        acceleration = fit.acceleration(fit.samples.q, fit.samples.qd)
        learned = torch.from_numpy(-particles.mass * acceleration)
        return Forces(particles, found.rows, learned, fit.misfit, found, fit.mass_misfit)


@dataclass(frozen=True)
class Gate:
    """How a law compares with the flexible reference fit, on the raw data.

    ``ratio`` of the residuals' root mean squares, each over its degrees of freedom; ``chance``, the
    probability of so large an F by noise alone (0 or 1 without noise).
    """

    ratio: float
    chance: float
    accepted: bool

    @staticmethod
    def of(law: float, terms: int, reference: Reference, rows: int) -> Gate:
        """Judge a law of relative residual ``law`` with so many terms.

        With noise, by the F test of what the reference's further r - k functions gain:
        F = ((|e_law|² - |e_ref|²)/(r - k)) / (|e_ref|²/(n - r)). Without, the law may miss thirty
        times what the reference does, or round-off.
        """
        if not reference.noisy:
            ratio = law / max(reference.misfit, 1e-300)
            accepted = law <= max(CLEAN_RATIO * reference.misfit, EXACT)
            return Gate(ratio, float(accepted), accepted)
        degrees = reference.degrees
        ratio = (law**2 / max(1, rows - terms) / (reference.misfit**2 / degrees)) ** 0.5
        further = max(1, reference.solution.rank - terms)
        excess = max(0.0, law**2 - reference.misfit**2) / further
        chance = float(fdtrc(further, degrees, excess / (reference.misfit**2 / degrees)))
        return Gate(ratio, chance, chance > BY_CHANCE)


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
    >>> from training.phase_fit import learn
    >>> system = systems.get("trapped_charges")
    >>> fit = learn(Particles(system, 1), system.phase_samples())
    >>> extract(fit, Library.of(system)).expr
    2*q0**2 + 2*q1**2 + 1/r
    """
    forces = Forces.of(fit) if isinstance(fit, PhaseFit) else fit
    library = library.without_gauge()
    raw = _problem(forces, forces.rows.force, library)
    if forces.reference.noisy:
        found = ranked(raw, most)
        order = _by_information(found, raw)
    else:
        found = ranked(_problem(forces, forces.learned, library), most)
        order = _by_size(found, max(WITHIN * forces.misfit, EXACT))
    support = found.supports[order[0]]
    coefficients, residual = raw.solve(support)
    gate = Gate.of(residual, len(support), forces.reference, raw.rows)
    names = [formula.text(candidate) for candidate in library]
    rivals = _rivals(found, order, raw, forces)
    nearest = _nearest(found, order, names)
    verdict, reasons = _verdict(gate, nearest, rivals, names, forces)
    kept = list(support)
    return Law(
        system=forces.particles.system.name,
        terms=tuple(library.candidates[k] for k in support),
        coefficients=coefficients[kept],
        covariance=_covariance(raw, support, residual, max(ROUND_OFF, forces.floor)),
        candidates=library.candidates,
        features=forces.particles.system.features,
        domain=forces.particles.domain(forces.rows.x[0]),
        gauge=GAUGE,
        verdict=verdict,
        reasons=reasons,
        chi2_per_n=gate.ratio**2,
    )


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
    block = compress(design, truth).numpy()
    return Compressed(block[:, :-1], block[:, -1], names, len(design))


def _by_information(found: Ranked, problem: Compressed) -> list[int]:
    """The numbers of the supports by extended BIC, the least first."""
    order: list[int] = np.argsort(_information(found, problem), kind="stable").tolist()
    return order


def _information(found: Ranked, problem: Compressed) -> Array:
    """n log |e|² + k log n + 2 log C(K, k): BIC, and how many supports of k terms were tried.

    Source: J. Chen and Z. Chen, Biometrika 95 (2008) 759, eq. 1, with γ = 1.
    """
    # Below round-off no residual is better than another.
    squares = np.maximum(found.residuals, EXACT) ** 2
    tried = np.array([math.comb(problem.size, size) for size in range(problem.size + 1)])
    penalty = found.sizes * np.log(problem.rows) + 2 * np.log(tried[found.sizes].astype(float))
    information: Array = problem.rows * np.log(squares) + penalty
    return information


def _by_size(found: Ranked, floor: float) -> list[int]:
    """The supports that reach the floor, smallest first, then the others by residual."""
    reached = found.residuals <= floor
    keys = (found.residuals, np.where(reached, found.sizes, np.inf))
    order: list[int] = np.lexsort(keys).tolist()
    return order


def _rivals(found: Ranked, order: Sequence[int], raw: Compressed, forces: Forces) -> list[Support]:
    """Other supports that explain the data as well, or nearly so, with another function."""
    best = order[0]
    if forces.reference.noisy:
        information = _information(found, raw)
        close = [i for i in order[1:] if information[i] < information[best] + RIVAL]
    else:
        floor = max(WITHIN * forces.misfit, EXACT)
        size = len(found.supports[best])
        close = [
            i for i in order[1:] if found.residuals[i] <= floor and len(found.supports[i]) == size
        ]
    explained = raw.design @ raw.solve(found.supports[best])[0]
    rivals = (found.supports[i] for i in close)
    same = max(SAME, WITHIN * forces.floor)
    others = (s for s in rivals if not _spans(raw, s, explained, same))
    return list(islice(others, ALTERNATIVES))


def _spans(raw: Compressed, support: Support, function: Array, same: float) -> bool:
    """Whether a support contains the function: more terms, or the same law in other words."""
    columns = raw.design[:, list(support)]
    columns = columns / np.linalg.norm(columns, axis=0)
    rest = function - columns @ np.linalg.lstsq(columns, function, rcond=1e-14)[0]
    return bool(np.linalg.norm(rest) <= same * np.linalg.norm(function))


def _nearest(found: Ranked, order: Sequence[int], names: Sequence[str]) -> str:
    """The best few supports in words, each with what it misses."""
    size = len(found.supports[order[0]])
    near = [i for i in order if len(found.supports[i]) <= size]
    told = [
        f"{_written(found.supports[i], names)} (misses {found.residuals[i]:.1e})"
        for i in near[:ALTERNATIVES]
    ]
    return "; ".join(told)


def _written(support: Support, names: Sequence[str]) -> str:
    return ", ".join(names[k] for k in support)


def _verdict(
    gate: Gate, nearest: str, rivals: Sequence[Support], names: Sequence[str], forces: Forces
) -> tuple[Verdict, tuple[str, ...]]:
    best = forces.reference.misfit
    if forces.misfit > max(UNLEARNED, 2 * best):
        reason = (
            f"the trained function misses the forces by {forces.misfit:.0%} where a flexible fit "
            f"misses {best:.1e}: no law can be read off it; train longer, or choose another model"
        )
        return "not in the library", (reason,)
    if not gate.accepted:
        odds = f", which noise does with a probability of {gate.chance:.0e}"
        reason = (
            f"the best law misses the data {gate.ratio:.3g} times as much as a flexible fit"
            f"{odds if forces.reference.noisy else ''}; the nearest are {nearest}"
        )
        return "not in the library", (reason,)
    if rivals:
        told = "; ".join(_written(support, names) for support in rivals)
        return "ambiguous", (f"other terms explain the data as well: {told}",)
    return "identified", ()


def _covariance(raw: Compressed, support: Support, residual: float, relative: float) -> Array:
    """s² (AᵀA)⁻¹ on the support, and a relative error of every coefficient: round-off, or more."""
    columns = raw.design[:, list(support)]
    scale = np.linalg.norm(columns, axis=0)
    inverse = np.linalg.pinv(columns / scale, rcond=1e-15)
    variance = residual**2 / max(1, raw.rows - len(support))
    coefficients = raw.solve(support)[0][list(support)]
    scaled = inverse @ inverse.T / np.outer(scale, scale)
    covariance: Array = variance * scaled + np.diag((relative * coefficients) ** 2)
    return covariance
