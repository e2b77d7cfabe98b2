"""The numbers in the known form of a law: they are the coefficients of the terms ∂V/∂θ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

import numpy as np
import sympy
import torch
from sympy import Expr

from interpret.experiments.motion import Motion
from interpret.experiments.motion.learner import Learner
from interpret.experiments.motion.points import where
from interpret.experiments.verbs import Findings, Fit
from interpret.keep import folder
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import Bodies, Part, Variables
from interpret.reading.extraction import GAUGE
from interpret.select.matrix import ROUND_OFF
from systems.errors import InputError
from systems.expressions import differentiate, symbol
from systems.mechanics import Mechanics
from systems.problem import Problem, Samples
from systems.samples.phase_space import PhaseSamples
from training.learn.descents import Walk, descend_parameters
from training.learn.numbers import ParameterFit, fit_parameters
from training.particles import Particles

ExactFit = Fit[Motion, ParameterFit]

PATH: Final = "descent.json"
STEPS: Final = 300
"""Steps of a descent when nobody says: enough to see where it is heading."""


def settled(problem: Problem, options: Motion) -> Motion:
    """Steps are those of a descent."""
    if options.steps is not None and options.descent is None:
        raise InputError("exact is one solve, without steps; leave them out, or add a descent.")
    return options


def learn(problem: Problem, samples: Samples, options: Motion, session: Session) -> ExactFit:
    """Fit the system's named parameters, the form of its law given, by one scaled solve.

    Raises InputError for a system without parameters, or with a V that is not linear in them.
    """
    mechanics = problem.motion()
    names = tuple(mechanics.parameters)
    terms(mechanics)
    learned = fit_parameters(mechanics.lagrangian, names, cast(PhaseSamples, samples))
    return Fit(problem, samples, options, learned)


def read(fit: ExactFit) -> Law:
    """V = Σ θ_p ∂V/∂θ_p, and what no parameter multiplies, its coefficient 1 given."""
    found = fit.learned
    mechanics = fit.problem.motion()
    summed = terms(mechanics)
    weak = tuple(found.weakest().splitlines())
    return Law(
        origin=Origin(fit.problem.name),
        parts=(Part("potential", summed, summed),),
        coefficients=np.append(found.values, np.ones(len(summed) - len(found.names))),
        covariance=_covariance(found, len(summed)),
        variables=Variables(
            _domain(fit.problem, cast(PhaseSamples, fit.samples)),
            mechanics.features,
            Bodies.of(mechanics),
        ),
        gauge=GAUGE,
        judgement=Judgement("ambiguous" if weak else "identified", weak, 1.0),
    )


def findings(fit: ExactFit, law: Law, comparisons: Sequence[Comparison]) -> Findings:
    """How well the samples determine the numbers; a descent is run from twice the values found."""
    found = fit.learned
    singular = ", ".join(f"{value:.3g}" for value in found.singular_values)
    solve = (
        f"one scaled solve of {found.rows} rows: singular values {singular}; "
        f"{found.weak_combination()}"
    )
    said = Findings((where(fit), solve))
    return said if fit.options.descent is None else _descended(fit, said)


EXACT: Final = Learner(PhaseSamples, learn, read, findings, settled=settled)


def terms(mechanics: Mechanics) -> tuple[Expr, ...]:
    """∂V/∂θ for every parameter θ, and what none of them multiplies.

    >>> import systems
    >>> terms(systems.get("trapped_charges").motion())
    (q0**2/2 + q1**2/2, 1/r)
    """
    names = tuple(mechanics.parameters)
    potential = mechanics.potential
    if potential is None or not names:
        raise InputError("there are no named parameters to fit; learn something else than exact.")
    slopes = tuple(differentiate(potential, name) for name in names)
    if any(slope.has(symbol(name)) for slope in slopes for name in names):
        raise InputError(f"the potential {potential} is not linear in {', '.join(names)}.")
    linear = sympy.Add(*(symbol(n) * slope for n, slope in zip(names, slopes, strict=True)))
    given = sympy.expand(potential - linear)
    return slopes if given == 0 else (*slopes, given)


def _descended(fit: ExactFit, said: Findings) -> Findings:
    """What a descent beside the solve comes to."""
    found = fit.learned
    method = fit.options.descent
    path = descend_parameters(
        fit.problem.motion().lagrangian,
        found.names,
        cast(PhaseSamples, fit.samples),
        Walk(str(method), fit.options.steps or STEPS),
        start=2 * found.values,
    )
    pairs = zip(found.names, path.parameters[-1], strict=True)
    last = ", ".join(f"{name} = {value:.6g}" for name, value in pairs)
    note = (
        f"{method} from twice these values ends at {last} after {len(path.losses) - 1} steps, "
        f"loss {path.losses[-1]:.1e} (path in {PATH})"
    )
    kept: folder.Content = {
        "method": method,
        "parameters": path.parameters.tolist(),
        "loss": path.losses.tolist(),
    }
    return replace(said, notes=(*said.notes, note), files={PATH: kept})


def _covariance(found: ParameterFit, size: int) -> np.ndarray:
    """The covariance with round-off added to it; that of a given term is 0."""
    fitted = len(found.values)
    covariance = np.zeros((size, size))
    covariance[:fitted, :fitted] = found.covariance + np.diag((ROUND_OFF * found.values) ** 2)
    return covariance


def _domain(problem: Problem, samples: PhaseSamples) -> dict[str, tuple[float, float]]:
    """The range of every variable that the law is written in."""
    if not problem.motion().distances:
        ends = zip(samples.q.min(axis=0).tolist(), samples.q.max(axis=0).tolist(), strict=True)
        return dict(zip(samples.coordinates, ends, strict=True))
    particles = Particles(problem, 1)
    return particles.domain(torch.from_numpy(particles.features.values(samples.q)))
