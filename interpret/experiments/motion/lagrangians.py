"""A Lagrangian from candidates, by the null space of its Euler–Lagrange rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import sympy
from sympy import Expr

from interpret.discovery.coordinates import angles
from interpret.discovery.lagrangian import discover_lagrangian
from interpret.discovery.lagrangian.equivalence import compare_lagrangians
from interpret.discovery.lagrangian.lagrangian_law import LagrangianLaw
from interpret.discovery.lagrangian.masses import products, varying
from interpret.experiments.motion import Motion
from interpret.experiments.motion.learner import Learner
from interpret.experiments.motion.points import where
from interpret.experiments.verbs import Findings, Fit
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.judgement import Judgement, Origin
from interpret.laws.law import Law
from interpret.laws.parts import Bodies, Part, Variables
from interpret.laws.report import NO_LAW
from interpret.select.defaults import suited
from interpret.select.library import Library
from systems.expressions import symbol
from systems.problem import Problem, Samples
from systems.samples.phase_space import PhaseSamples
from training.learn.learned import Learned

GAUGE: Final = "a factor, fixed by the first mass, and total time derivatives"
PARTS: Final = {2: "kinetic", 1: "gyroscopic", 0: "potential"}
"""Which part of L a term is, by its degree in the velocities."""


@dataclass(frozen=True, eq=False)
class Discovered(Learned):
    """The Lagrangian that was found."""

    law: LagrangianLaw

    def state(self) -> dict[str, Any]:
        """What is kept of it in a file."""
        return {"lagrangian": self.law.to_json()}


LagrangianFit = Fit[Motion, Discovered]


def learn(problem: Problem, samples: Samples, options: Motion, session: Session) -> LagrangianFit:
    """The Lagrangian among the candidates, and all that move the samples the same way."""
    points = cast(PhaseSamples, samples)
    mechanics = problem.motion()
    first = symbol(f"{mechanics.coordinates[0]}d") ** 2
    for candidates in libraries(problem, options, points):
        known = mechanics.kinetic is None and first in candidates
        held = {first: mechanics.mass[0] / 2} if known else None
        found = discover_lagrangian(points, candidates, normalisation=held)
        if found.verdict != NO_LAW:
            break
    return Fit(problem, samples, options, Discovered(found))


def read(fit: LagrangianFit) -> Law:
    """The same as a law in parts: kinetic, gyroscopic, and the potential with its sign."""
    found = fit.learned.law
    mechanics = fit.problem.motion()
    rates = [symbol(f"{name}d") for name in mechanics.coordinates]
    degrees = {term: _degree(term, rates) for term in found.candidates}
    numbers = dict(
        zip(found.terms, zip(found.coefficients, found.stderr, strict=True), strict=True)
    )
    parts = []
    coefficients: list[float] = []
    stderr: list[float] = []
    for degree, name in PARTS.items():
        candidates = tuple(term for term in found.candidates if degrees[term] == degree)
        terms = tuple(term for term in candidates if term in numbers)
        sign = -1.0 if name == "potential" else 1.0
        coefficients += [sign * numbers[term][0] for term in terms]
        stderr += [numbers[term][1] for term in terms]
        if terms or name != "gyroscopic":
            parts.append(Part(name, terms, candidates))
    return Law(
        origin=Origin(fit.problem.name),
        parts=tuple(parts),
        coefficients=np.array(coefficients),
        covariance=np.diag(np.square(stderr)),
        variables=Variables(_domain(cast(PhaseSamples, fit.samples)), {}, Bodies.of(mechanics)),
        gauge=GAUGE,
        judgement=Judgement(found.verdict, found.reasons),
    )


def findings(fit: LagrangianFit, law: Law, comparisons: Sequence[Comparison]) -> Findings:
    """How many inequivalent Lagrangians there are, and what was chosen among them."""
    found = fit.learned.law
    notes = [
        where(fit),
        f"nullity {found.freedom.nullity}; accelerations are missed by {found.misfit:.1e}",
        *found.freedom.notes,
        *_beside_the_truth(fit),
    ]
    return Findings(tuple(notes), {"lagrangian": found.to_json()})


LAGRANGIAN: Final = Learner(PhaseSamples, learn, read, findings)


def _beside_the_truth(fit: LagrangianFit) -> list[str]:
    """A sentence on the whole Lagrangian: the same motion has many, term by term unlike."""
    mechanics = fit.problem.motion()
    if mechanics.potential is None:
        return []
    truth = mechanics.with_numbers(mechanics.lagrangian)
    found = compare_lagrangians(fit.learned.law.expr, truth, mechanics.coordinates)
    return [f"beside the truth, L = {truth}: {found}"]


def libraries(
    problem: Problem, options: Motion, points: PhaseSamples
) -> Iterator[tuple[Expr, ...]]:
    """What to choose from: the library that was given, or products of two velocities and the
    candidates of a potential, in the coordinates; then, if that will not do, masses that vary.

    Where the problem has no candidates, as measured points, those that suit the coordinates.
    """
    mechanics = problem.motion()
    names = (*mechanics.coordinates, *(f"{name}d" for name in mechanics.coordinates))
    if isinstance(options.library, Library):
        yield options.library.candidates
        return
    if options.library is not None:
        yield Library.parse(options.library, names).candidates
        return
    ranges = {name: _domain(points)[name] for name in mechanics.coordinates}
    circular = angles(mechanics.coordinates, options.angles)
    suiting = suited(ranges, circular, ()).without_gauge().candidates
    own = [mechanics.in_coordinates(candidate) for candidate in problem.candidates or suiting]
    if mechanics.kinetic is None:
        yield (*products(mechanics.coordinates), *own)
    vary = (*varying(mechanics.coordinates, circular), *own)
    if len(points) * points.dimension >= 2 * len(vary):
        yield vary


def _degree(term: Expr, rates: Sequence[Expr]) -> int:
    """The degree of a term in the velocities; one that is no polynomial there counts as kinetic."""
    if not term.has(*rates):
        return 0
    return 1 if sympy.expand(term).as_poly(*rates) is not None and _linear(term, rates) else 2


def _linear(term: Expr, rates: Sequence[Expr]) -> bool:
    return int(sympy.Poly(sympy.expand(term), *rates).total_degree()) == 1


def _domain(samples: PhaseSamples) -> dict[str, tuple[float, float]]:
    """The range of every coordinate and velocity."""
    names = (*samples.coordinates, *(f"{name}d" for name in samples.coordinates))
    state = np.hstack([samples.q, samples.qd])
    ends = zip(state.min(axis=0).tolist(), state.max(axis=0).tolist(), strict=True)
    return dict(zip(names, ends, strict=True))
