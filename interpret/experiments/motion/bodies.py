"""Many bodies: one law for all pairs, for the bonds of a chain, or of coupled springs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import numpy as np

from interpret.bodies.found import Found
from interpret.bodies.grouping import grouped
from interpret.bodies.integrator import steps_of
from interpret.bodies.ladder import LENGTH
from interpret.bodies.law import coupled, law_of
from interpret.bodies.rows import Rows
from interpret.bodies.statement import stated
from interpret.bodies.swarm import EXACT, Swarm, agreement, white_noise
from interpret.discovery.coordinates import ANGLE
from interpret.discovery.features import FLAT, reach
from interpret.discovery.naming import bodies
from interpret.experiments.motion import Motion
from interpret.experiments.motion.learner import Learner
from interpret.experiments.verbs import Findings, Fit
from interpret.judge.bodies import certify_bodies
from interpret.judge.certificate import Certificate
from interpret.judge.channel import Channel, Channels
from interpret.judge.channels import SMALL, channels
from interpret.judge.motion import by_columns
from interpret.judge.thresholds import WRONG
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.judgement import Origin
from interpret.laws.law import Law
from interpret.select.defaults import suited
from interpret.select.library import Library
from systems.errors import InputError
from systems.expressions import symbol
from systems.problem import Problem, Samples
from systems.samples.trajectories import Trajectories
from training.learn.learned import Learned

BODY: Final = "bodies"

QUIET: Final = 1e-4
"""Less noise than this leaves an integrator's fingerprint legible."""

MOST_COUPLED: Final = 4
DEARER: Final = 2.0
"""Of so few coordinates a potential of any of their products may act: where that misses half as
much, it is no matter of bonds."""

FEWEST_UNNAMED: Final = 6
"""Of so many coordinates whose names tell nothing the laws of conservation are asked."""

FEWEST: Final = 3
"""So many bodies are taken for bodies unasked. Of two in space the distance is a feature, and a
potential of it is learned, where its candidates are enough."""


@dataclass(frozen=True, eq=False)
class LearnedBodies(Learned):
    """What acts between the bodies."""

    found: Found

    def state(self) -> Mapping[str, Any]:
        """Its numbers."""
        terms = list(map(str, self.found.law.terms(self.found.rows.swarm)))
        return {"terms": terms, "coefficients": self.found.values.tolist()}


@dataclass(frozen=True, repr=False)
class BodiesFit(Fit[Motion, LearnedBodies]):
    """What acts, and whether q and p belong together."""

    columns: Channels = field(default_factory=lambda: Channels((), ()))


def learn(problem: Problem, samples: Samples, options: Motion, session: Session) -> BodiesFit:
    """The law between the bodies that the names tell of, or else what is conserved.

    Raises InputError where neither does.
    """
    data = cast(Trajectories, samples)
    found = _taken_in(data)
    if found is None:
        raise InputError(
            f"the names {', '.join(data.coordinates)} tell of no bodies, and no total momentum is "
            f"seen to be conserved; call the coordinates x1, y1, z1, x2, ... or, on a line, u1, "
            f"u2, ...."
        )
    return _learned(problem, data, options, found)


def look(problem: Problem, samples: Samples, options: Motion) -> BodiesFit | None:
    """The same where data are of several bodies, nothing else is asked for, and a law between them
    explains the motion; else None."""
    data = cast(Trajectories, samples)
    others = (options.library, options.angles, options.threshold, options.optimizer)
    usual = options.features in (None, "auto") and options.recipe in (None, "default")
    turning = any(ANGLE.fullmatch(name) for name in data.coordinates)
    own = problem.candidates or problem.motion().features
    if turning or own or not usual or any(other is not None for other in others):
        return None
    taken = _taken_in(data)
    if taken is None or not Rows.possible(taken.swarm):
        return None
    plain = replace(options, learn=BODY, features=None, recipe=None, device=None, steps=None)
    fit = _learned(problem, data, plain, taken)
    found = fit.learned.found
    if taken.swarm.dimension > 1 and taken.swarm.count < FEWEST and not _beyond_reach(found):
        return None
    if found.noisy or found.missed <= EXACT:
        return fit
    if len(data.coordinates) <= MOST_COUPLED and DEARER * coupled(found.rows) < found.missed:
        return None
    return fit if found.missed < WRONG else None


def _beyond_reach(found: Found) -> bool:
    """Whether a law of two bodies holds a term that a potential of their distance is not tried
    with."""
    usual = suited({LENGTH: (1.0, 2.0)}, distances=[LENGTH])
    terms = found.law.terms(found.rows.swarm)
    explained = found.noisy or found.missed <= EXACT
    return explained and any(term not in usual.candidates for term in terms)


@dataclass(frozen=True)
class Taken:
    """The bodies, whether q and p belong together, and what was done."""

    swarm: Swarm
    columns: Channels
    notes: tuple[str, ...]


def _taken_in(data: Trajectories) -> Taken | None:
    """The bodies that names tell of, or, of many coordinates, the laws of conservation."""
    named = bodies(data.coordinates)
    if not named and data.dimension < FEWEST_UNNAMED:
        return None
    columns = _columns(data).all_used()
    noise = white_noise(data)
    q, p = (np.zeros_like(noise.q) if noise.negligible else each for each in (noise.q, noise.p))
    if data.derived:
        p = np.full_like(p, np.inf)
    notes = () if data.derived else tuple(columns.sentences)
    legible = noise.relative < QUIET and not data.derived
    step = steps_of(data) if legible else 0.0
    if step:
        told = (
            f"the data bear the mark of Störmer–Verlet's steps of {step:.4g}, which is allowed for"
        )
        notes = (*notes, told)
    if named:
        swarm = replace(Swarm.of(data, named, (q, p)), step=step)
        return Taken(swarm, columns, notes)
    each = Swarm.of(data, [(name,) for name in data.coordinates], (q, p))
    found = grouped(each) if Rows.possible(each) else None
    if found is None:
        return None
    particles, mass = found
    own = [tuple(data.coordinates[k] for k in particle) for particle in particles]
    items = tuple(replace(item, p=item.p * (mass / data.mass)) for item in data)
    swarm = Swarm.of(replace(data, mass=mass, items=items), own, (q, p))
    listed = "; ".join(
        f"{', '.join(names)} (mass {m:.5g})" for names, m in zip(own, swarm.mass, strict=True)
    )
    told = f"particles found from what is conserved: {listed}"
    return Taken(replace(swarm, step=step), columns, (*notes, told))


def _learned(problem: Problem, data: Trajectories, options: Motion, taken: Taken) -> BodiesFit:
    found = law_of(Rows.of(taken.swarm), _library(options))
    return BodiesFit(problem, data, options, LearnedBodies(found), taken.notes, taken.columns)


def _columns(data: Trajectories) -> Channels:
    """What p/m is beside dq/dt; asked in full where a quick look has doubts."""
    if data.derived:
        return channels(data)
    ratios = agreement(data)
    if np.abs(ratios - 1).max(initial=0.0) > SMALL:
        return channels(data)
    items = (Channel(name, float(r), 0.0, "agrees") for name, r in
             zip(data.coordinates, ratios, strict=True))  # fmt: skip
    return Channels(tuple(items), tuple(data.mass.tolist()))


def _library(options: Motion) -> Library | None:
    """Candidates of one's own, in r or r_ij."""
    asked = options.library
    if asked is None:
        return None
    own = asked if isinstance(asked, Library) else Library.parse(asked, ["r", LENGTH])
    return Library(candidate.xreplace({symbol("r"): symbol(LENGTH)}) for candidate in own)


def read(fit: BodiesFit) -> Law:
    """What was found as a law."""
    return stated(fit.learned.found, Origin(fit.problem.name))


def judge(law: Law, fit: BodiesFit) -> Certificate:
    """What of the forces is missed, by the law and by others."""
    return Certificate((by_columns(fit.columns), *certify_bodies(law, fit.learned.found).checks))


def findings(fit: BodiesFit, law: Law, comparisons: Sequence[Comparison]) -> Findings:
    """Who the bodies are."""
    swarm = fit.learned.found.rows.swarm
    labels = ", ".join(swarm.labels)
    where = "on a line" if swarm.dimension == 1 else f"in {swarm.dimension} dimensions"
    told = f"{swarm.count} bodies {where}: {labels}"
    return Findings((told, *_plane(swarm)))


def _plane(swarm: Swarm) -> tuple[str, ...]:
    """A sentence where bodies in space never leave one plane."""
    if swarm.dimension < 3:
        return ()
    x = swarm.x - swarm.x.mean(axis=(0, 1))
    extent, directions = reach(x.reshape(-1, swarm.dimension))
    if extent[-1] > FLAT * extent[0]:
        return ()
    normal = ", ".join(f"{part:.3g}" for part in directions[-1])
    return (
        f"all motion lies in one plane (normal {normal}): that the law is the same across it is "
        f"the simplest reading",
    )


BODIES: Final = Learner(Trajectories, learn, read, findings, judge=judge)
