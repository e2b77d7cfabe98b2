"""All forces on a motion at once: a potential, friction, magnetic forces and a drive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from interpret.discovery.coordinates import angles, moving
from interpret.experiments.motion import PARTS, Motion
from interpret.experiments.motion.acting import Moved, acting, check, each_of, restrained
from interpret.experiments.motion.balance import balance
from interpret.experiments.motion.cleaned import cleaned
from interpret.experiments.motion.learner import Learner
from interpret.experiments.motion.measured import weighed
from interpret.experiments.motion.networks import with_networks
from interpret.experiments.motion.trajectories import features_of
from interpret.experiments.verbs import Findings, Fit
from interpret.judge.certificate import Certificate, Check
from interpret.judge.channel import Channels
from interpret.judge.forces_account import certify_forces
from interpret.judge.motion import by_columns
from interpret.judge.support import Forces, founded, surrogate
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.judgement import Origin
from interpret.laws.law import Law
from interpret.ledger.account import Account
from interpret.ledger.bounds import bounded_account
from interpret.ledger.cells import celled
from interpret.ledger.learned import Curve
from interpret.ledger.motion import Courses
from interpret.ledger.statement import stated
from systems.expressions import symbol
from systems.problem import Problem, Samples
from systems.samples.trajectories import Trajectories
from training.learn.learned import Learned
from training.prepare.noise import estimate

Array = NDArray[np.float64]

UNEXPECTED: Final = 2.0
"""χ² per value by the σ given, of which more is said: these σ, or the law, are off by a half."""

MOST_POINTS: Final = 4000
"""Samples that are looked at: of more, every second, third, ... of each trajectory."""


@dataclass(frozen=True, eq=False)
class LearnedForces(Learned):
    """The account of all forces, and what networks learned of some."""

    account: Account
    curves: tuple[Curve, ...] = ()

    def state(self) -> Mapping[str, Any]:
        """Its numbers."""
        law = self.account.law
        numbers = {"coefficients": law.coefficients.tolist(), "inner": law.inner.tolist()}
        return {**numbers, "curves": [curve.to_json() for curve in self.curves]}

    @property
    def history(self) -> tuple[float, ...]:
        """The losses of all networks, one after another."""
        return tuple(loss for curve in self.curves for loss in curve.losses)


@dataclass(frozen=True, repr=False)
class ForcesFit(Fit[Motion, LearnedForces]):
    """The account, and whether q and p belong together."""

    columns: Channels = field(default_factory=lambda: Channels((), ()))


def learn(problem: Problem, samples: Samples, options: Motion, session: Session) -> ForcesFit:
    """The forces that the motion asks for, by the responses to all that may act."""
    clean = cleaned(cast(Trajectories, samples))
    whole, still = moving(clean.trajectories)
    data, thinned = some(whole)
    features, found_by, _ = features_of(problem, data, options.features or "auto")
    circular = angles(data.coordinates, options.angles, clean.turned)
    candidates = acting(problem, options, Moved(data, features, circular))
    means = averaged(samples, whole, options) if thinned else None
    courses = weighed(samples, data, options) if means is None else means
    thinned = thinned if means is None else "means of neighbouring samples are used"
    candidates, curves, learned_by = with_networks(candidates, courses, options)
    candidates = restrained(candidates, options)
    candidates, courses = each_of(candidates, courses, options)
    found = bounded_account(courses, candidates, drive="drive" in options.asked_parts)
    own = ", ".join(str(constant) for constant in candidates.inner)
    told = f"{own} in the candidates: no variable, so an unknown constant" if own else ""
    notes = tuple(filter(None, (*clean.notes, still, thinned, found_by, told, *learned_by)))
    learned = LearnedForces(found, curves)
    return ForcesFit(problem, samples, options, learned, notes, clean.columns)


def settled(problem: Problem, options: Motion) -> Motion:
    """All parts where nobody says, and candidates of no others."""
    parts = tuple(part for part in PARTS if part in options.asked_parts) or PARTS
    chosen = replace(options, parts=", ".join(parts))
    check(chosen)
    return chosen


def read(fit: ForcesFit) -> Law:
    """The account as a law with parts."""
    return stated(fit.learned.account, Origin(fit.problem.name))


def judge(law: Law, fit: ForcesFit) -> Certificate:
    """Whether the motion is followed, down to noise, and no force is left over."""
    account = fit.learned.account
    checks = [
        *certify_forces(law, account).checks,
        *founded(law, len(account.setting.courses.times)),
    ]
    if law.parts[0].name == "potential" and law.parts[0].terms:
        checks.append(_surrogate(law, account))
    return Certificate((by_columns(fit.columns), *checks))


def _surrogate(law: Law, account: Account) -> Check:
    """Whether the potential is a sum of nearly all its candidates: others would do as well."""
    setting, found = account.setting, account.law
    items, courses = setting.candidates.items, setting.courses
    columns = setting.field(courses.states, courses.moments, found.coefficients, found.inner)
    own: dict[Expr, Array] = {}
    for k in account.acting:
        if items[k].part == "potential":
            pushed = columns.columns[..., k] * found.coefficients[k]
            own[items[k].term] = own.get(items[k].term, 0.0) + pushed
    pushes = Forces.at_points(np.stack(list(own.values()), axis=2))
    part = law.parts[0]
    some = slice(len(part.terms))
    alone = replace(
        law,
        parts=(part,),
        coefficients=law.coefficients[some],
        covariance=law.covariance[some, some],
        recognised=(),
    )
    said = surrogate(alone, pushes)
    return said if said.passed else replace(said, verdict="ambiguous")


def findings(fit: ForcesFit, law: Law, comparisons: Sequence[Comparison]) -> Findings:
    """The share of every part in the acceleration, and what else there is to say."""
    found = fit.learned.account
    candidates = found.setting.candidates
    shares = np.abs(found.law.coefficients) * found.setting.scales.accelerations
    parts: dict[str, float] = {}
    for k in found.acting:
        part = candidates.items[k].part
        parts[part] = float(np.hypot(parts.get(part, 0.0), shares[k]))
    told = ", ".join(f"{part} {100 * share:.3g} %" for part, share in parts.items())
    notes = [f"of the rms acceleration: {told}"] if told else []
    inside = law.variables.inside.held(law.terms)
    closed = ((name, each) for name, each in inside.items() if each.recognised is not None)
    notes += [f"{name} = {each}, put in as {each.recognised}" for name, each in closed]
    held = {s for term in law.terms for s in term.free_symbols}
    driving = [name for name in candidates.signals if symbol(name) in held]
    if driving:
        notes.append(f"{', '.join(driving)}: the measured columns of t, by cubic splines")
    chi = law.chi2_per_n
    if chi > UNEXPECTED:
        notes.append(f"the law misses the values by {chi**0.5:.2g} times the sigma given")
    dropped = [str(candidates.items[k].term) for g in found.dropped for k in candidates.groups[g]]
    if dropped:
        notes.append(f"significant beyond the law, but below what it misses: {', '.join(dropped)}")
    beside = balance(law, found, fit.learned.curves)
    return replace(beside, notes=(*notes, *beside.notes))


FORCES: Final = Learner(Trajectories, learn, read, findings, judge=judge, settled=settled)


def some(data: Trajectories) -> tuple[Trajectories, str]:
    """At most so many samples, and a sentence about it."""
    every = -(-data.points // MOST_POINTS)
    if every == 1:
        return data, ""
    items = tuple(item.at(slice(None, None, every)) for item in data)
    return replace(data, items=items), f"of every {every} samples one is used"


def averaged(samples: Samples, whole: Trajectories, options: Motion) -> Courses | None:
    """The means of cells of noisy samples; None where these are exact, few to a cell, or of
    different σ."""
    if options.sigma is not None or estimate(whole).negligible:
        return None
    means = celled(weighed(samples, whole, options), MOST_POINTS)
    return means if len(means.times) < whole.points else None
