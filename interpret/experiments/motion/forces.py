"""All forces on a motion at once: a potential, friction, magnetic forces and a drive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import numpy as np
from sympy import Expr

from interpret.discovery.coordinates import angles
from interpret.discovery.features import discover
from interpret.experiments.motion import Motion
from interpret.experiments.motion.balance import balance
from interpret.experiments.motion.cleaned import cleaned
from interpret.experiments.motion.learner import Learner
from interpret.experiments.verbs import Findings, Fit
from interpret.judge.certificate import Certificate
from interpret.judge.channel import Channels
from interpret.judge.forces_account import certify_forces
from interpret.judge.motion import by_columns
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.judgement import Origin
from interpret.laws.law import Law
from interpret.ledger.account import Account, account
from interpret.ledger.candidates import Candidates, frictions, rotations
from interpret.ledger.motion import Courses
from interpret.ledger.statement import stated
from interpret.select.defaults import suited
from interpret.select.library import Library
from interpret.select.unknown import parsed, symbols, unknown
from systems.expressions import parse_assignments
from systems.problem import Problem, Samples
from systems.samples.trajectories import Trajectories
from training.features import Features
from training.learn.learned import Learned
from training.prepare.noise import estimate

MOST_POINTS: Final = 4000
"""Samples that are looked at: of more, every second, third, ... of each trajectory."""


@dataclass(frozen=True, eq=False)
class LearnedForces(Learned):
    """The account of all forces."""

    account: Account

    def state(self) -> Mapping[str, Any]:
        """Its numbers."""
        law = self.account.law
        return {"coefficients": law.coefficients.tolist(), "inner": law.inner.tolist()}


@dataclass(frozen=True, repr=False)
class ForcesFit(Fit[Motion, LearnedForces]):
    """The account, and whether q and p belong together."""

    columns: Channels = field(default_factory=lambda: Channels((), ()))


def learn(problem: Problem, samples: Samples, options: Motion, session: Session) -> ForcesFit:
    """The forces that the motion asks for, by the responses to all that may act."""
    clean = cleaned(cast(Trajectories, samples))
    data, thinned = _some(clean.trajectories)
    courses = Courses.of(data, estimate(data))
    circular = angles(data.coordinates, options.angles, clean.turned)
    features = features_of(problem, options, data)
    candidates = _candidates(problem, options, data, circular, features)
    found = account(courses, candidates)
    inside = ", ".join(map(str, candidates.inner))
    told = f"{inside} in the library: no variable, so an unknown constant" if inside else ""
    notes = tuple(filter(None, (*clean.notes, thinned, told)))
    return ForcesFit(problem, samples, options, LearnedForces(found), notes, clean.columns)


def read(fit: ForcesFit) -> Law:
    """The account as a law with parts."""
    return stated(fit.learned.account, Origin(fit.problem.name))


def judge(law: Law, fit: ForcesFit) -> Certificate:
    """Whether the motion is followed, down to noise, and no force is left over."""
    checks = certify_forces(law, fit.learned.account).checks
    return Certificate((by_columns(fit.columns), *checks))


def findings(fit: ForcesFit, law: Law, comparisons: Sequence[Comparison]) -> Findings:
    """The share of every part in the acceleration, and what else there is to say."""
    found = fit.learned.account
    candidates = found.setting.candidates
    shares = np.abs(found.law.coefficients) * found.setting.scales.accelerations
    parts: dict[str, float] = {}
    for k in found.terms:
        part = candidates.items[k].part
        parts[part] = float(np.hypot(parts.get(part, 0.0), shares[k]))
    told = ", ".join(f"{part} {100 * share:.3g} %" for part, share in parts.items())
    notes = [f"of the rms acceleration: {told}"] if told else []
    inside = law.variables.inside.held(law.terms)
    closed = ((name, each) for name, each in inside.items() if each.recognised is not None)
    notes += [f"{name} = {each}, put in as {each.recognised}" for name, each in closed]
    dropped = [str(candidates.items[k].term) for g in found.dropped for k in candidates.groups[g]]
    if dropped:
        notes.append(f"significant beyond the law, but below what it misses: {', '.join(dropped)}")
    beside = balance(law, found)
    return replace(beside, notes=(*notes, *beside.notes))


FORCES: Final = Learner(Trajectories, learn, read, findings, judge=judge)


def asks_for_constants(problem: Problem, samples: Samples | None, options: Motion) -> bool:
    """Whether the library asked for holds symbols that are no variables of the motion."""
    mechanics = problem.motion()
    names = {*mechanics.variables, *_given(options)}
    strangers = {name for held in symbols(options.library) for name in held} - names
    if strangers and samples is not None and len(mechanics.coordinates) > 1:
        data = cleaned(cast(Trajectories, samples)).trajectories
        names |= set(features_of(problem, options, data))
    return bool(unknown(options.library, names))


def features_of(problem: Problem, options: Motion, data: Trajectories) -> Mapping[str, Expr]:
    """What the library may be written in beside the coordinates: what was given, or the problem's
    own, or what is discovered where it holds names that are no coordinates."""
    own = {} if problem.mechanics is None else problem.mechanics.features
    if options.features not in (None, "auto", "given"):
        return _given(options)
    held = {name for names in symbols(options.library) for name in names}
    if own or options.features == "given" or held <= set(data.coordinates):
        return own
    return discover(data).features.definitions


def _given(options: Motion) -> Mapping[str, Expr]:
    """The features that were written out."""
    asked = options.features
    if asked is None or asked in ("auto", "given", "none"):
        return {}
    return parse_assignments(asked) if isinstance(asked, str) else asked


def _candidates(
    problem: Problem,
    options: Motion,
    data: Trajectories,
    circular: Sequence[str],
    features: Mapping[str, Expr],
) -> Candidates:
    """Terms of the potential as asked for, the problem's own or what suits the coordinates; three
    frictions; a magnetic field for every pair of coordinates."""
    names = data.coordinates
    _, q, _, _ = data.stack()
    ranges = {name: (float(x.min()), float(x.max())) for name, x in zip(names, q.T, strict=True)}
    written = Features.of(names, features).definitions
    if options.library is not None:
        potential = parsed(options.library, (*names, *written), ranges)
    elif problem.candidates:
        potential = Library(problem.candidates).without_gauge()
    else:
        potential = suited(ranges, circular, ()).without_gauge()
    none = Candidates(names, tuple(map(float, data.mass)))
    return (
        none.with_terms("potential", potential.candidates, written)
        .with_terms("dissipative", frictions(names))
        .with_terms("gyroscopic", rotations(names))
        .with_unknowns()
    )


def _some(data: Trajectories) -> tuple[Trajectories, str]:
    """At most so many samples, and a sentence about it."""
    every = -(-data.points // MOST_POINTS)
    if every == 1:
        return data, ""
    items = tuple(
        replace(item, t=item.t[::every], q=item.q[::every], p=item.p[::every]) for item in data
    )
    return replace(data, items=items), f"of every {every} samples one is used"
