"""The exact model as a law: its parameters are the coefficients of the terms ∂V/∂θ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import sympy
import torch
from sympy import Expr

from interpret import runs
from interpret.lagrangians.exact import weak_direction
from interpret.lagrangians.extraction import GAUGE, ROUND_OFF
from interpret.law import Law
from systems.errors import InputError
from systems.expressions import symbol
from systems.phase_space import PhaseSamples
from systems.system import System
from training.descents import descend_parameters
from training.exact import ParameterFit, fit_parameters
from training.particles import Particles

PATH = "descent.json"
STEPS = 300


@dataclass(frozen=True)
class ExactOutcome:
    """The law with the fitted numbers, the fit itself, sentences about it, and files."""

    law: Law
    parameters: ParameterFit
    notes: tuple[str, ...]
    files: Mapping[str, runs.Content] = field(default_factory=dict)


def fit_exact(
    system: System,
    samples: PhaseSamples,
    descent: str | None = None,
    steps: int | None = None,
) -> ExactOutcome:
    """Fit the system's named parameters, the form of its law given, by one scaled solve.

    With V linear in θ the law is V = Σ θ_p ∂V/∂θ_p. A ``descent`` (gd, momentum, adam, adagrad) is
    run beside it from twice the values found, and told with where it ends.

    Raises InputError for a system without parameters, or with a V that is not linear in them.

    >>> import systems
    >>> system = systems.get("trapped_charges", {"k": 1.0, "alpha": 1.0})
    >>> fit_exact(system, system.phase_samples("far")).parameters.names
    ('k', 'alpha')
    """
    names = tuple(system.parameters)
    if system.potential is None or not names:
        raise InputError(
            f"{system.name} has no named parameters to fit; choose another model than exact."
        )
    terms = tuple(system.potential.diff(symbol(name)) for name in names)
    if any(term.has(symbol(name)) for term in terms for name in names):
        raise InputError(f"the potential {system.potential} is not linear in {', '.join(names)}.")
    # What no parameter multiplies is part of the law too, its coefficient 1 given.
    given = sympy.expand(system.potential - sympy.Add(*map(_times, names, terms)))
    if given != 0:
        terms = (*terms, given)
    found = fit_parameters(system.lagrangian, names, samples)
    weak = tuple(found.weakest().splitlines())
    law = Law(
        system=system.name,
        terms=terms,
        coefficients=np.append(found.values, np.ones(len(terms) - len(names))),
        covariance=_covariance(found, len(terms)),
        candidates=terms,
        features=system.features,
        domain=_domain(system, samples),
        gauge=GAUGE,
        verdict="ambiguous" if weak else "identified",
        reasons=weak,
        chi2_per_n=1.0,
    )
    notes = [_numbers(found)]
    files: dict[str, runs.Content] = {}
    if descent is not None:
        path = descend_parameters(
            system.lagrangian,
            names,
            samples,
            descent,
            STEPS if steps is None else steps,
            start=2 * found.values,
        )
        last = ", ".join(f"{n} = {x:.6g}" for n, x in zip(names, path.parameters[-1], strict=True))
        notes.append(
            f"{descent} from twice these values ends at {last} after {len(path.losses) - 1} steps, "
            f"loss {path.losses[-1]:.1e} (path in {PATH})"
        )
        files[PATH] = {
            "method": descent,
            "parameters": path.parameters.tolist(),
            "loss": path.losses.tolist(),
        }
    return ExactOutcome(law, found, tuple(notes), files)


def _numbers(found: ParameterFit) -> str:
    """The conditioning in words."""
    singular = ", ".join(f"{value:.3g}" for value in found.singular_values)
    return (
        f"one scaled solve of {found.rows} rows: singular values {singular}; "
        f"{weak_direction(found)}"
    )


def _times(name: str, term: Expr) -> Expr:
    return symbol(name) * term


def _covariance(found: ParameterFit, size: int) -> np.ndarray:
    """The covariance with round-off added to it; that of a given term is 0."""
    fitted = len(found.values)
    covariance = np.zeros((size, size))
    covariance[:fitted, :fitted] = found.covariance + np.diag((ROUND_OFF * found.values) ** 2)
    return covariance


def _domain(system: System, samples: PhaseSamples) -> dict[str, tuple[float, float]]:
    """The range of every variable that the law is written in."""
    if not system.distances:
        ends = zip(samples.q.min(axis=0).tolist(), samples.q.max(axis=0).tolist(), strict=True)
        return dict(zip(samples.coordinates, ends, strict=True))
    particles = Particles(system, 1)
    return particles.domain(torch.from_numpy(particles.features.values(samples.q)))
