"""A law whose kinetic energy is unknown as well, from trajectories: weak rows, then likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import sympy
from sympy import Expr

from interpret.discovery.coordinates import angles, moving
from interpret.experiments.motion import Motion
from interpret.experiments.motion.cleaned import cleaned
from interpret.experiments.motion.forces import some
from interpret.experiments.motion.learner import Learner
from interpret.experiments.motion.named import names
from interpret.experiments.verbs import Findings, Fit
from interpret.judge.certificate import Certificate
from interpret.judge.channel import Channels
from interpret.judge.lagrangians import certify_lagrangian
from interpret.judge.motion import by_columns
from interpret.judge.support import founded
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.judgement import Origin
from interpret.laws.law import Law
from interpret.laws.parts import Bodies
from interpret.select.library import Library
from interpret.select.unknown import parsed
from interpret.weak.momenta import by_momenta
from interpret.weak.observed import Observed
from interpret.weak.paths import Moved, without_gaps
from interpret.weak.search import Answer, Question, searched, unsure
from interpret.weak.statement import gauge, stated
from systems.equations import velocity
from systems.errors import InputError
from systems.problem import Problem, Samples
from systems.samples.trajectories import Trajectories
from training.learn.learned import Learned
from training.prepare.noise import estimate


@dataclass(frozen=True, eq=False)
class LearnedMasses(Learned):
    """The terms of the law with their numbers, and the motion that they were read off."""

    answer: Answer
    observed: Observed

    def state(self) -> Mapping[str, Any]:
        """Its numbers."""
        return {"coefficients": self.answer.coefficients.tolist()}


@dataclass(frozen=True, repr=False)
class MassesFit(Fit[Motion, LearnedMasses]):
    """The answer, and whether q and p belong together."""

    columns: Channels = field(default_factory=lambda: Channels((), ()))


def learn(problem: Problem, samples: Samples, options: Motion, session: Session) -> MassesFit:
    """The Lagrangian, friction and drive that the weak rows of the motion ask for."""
    measured = cast(Trajectories, samples)
    noisy = not estimate(measured).negligible
    clean = cleaned(measured, spikes=noisy)
    whole, still = moving(clean.trajectories)
    thinned, thinly = some(whole)
    data, gaps = without_gaps(thinned)
    varying = _position_dependent(clean.columns)
    question = _question(data, options, clean.turned)
    answer, observed, told = None, None, ""
    if varying:
        alone = data.positions_alone()
        observed = Observed.of(alone, estimate(alone), options.driving)
        if observed.noisy and not question.prescribed and not question.signals:
            noise = estimate(data)
            answer = by_momenta(question, observed.with_momenta(data, noise))
        if answer is None:
            data, told = alone, _without_momenta(clean.columns)
    noise = estimate(data)
    if observed is None:
        observed = Observed.of(data, noise, options.driving)
    if answer is None:
        answer = searched(question, Moved(data, observed, noise, options.driving))
    gap = f"{gaps} gaps in the times: no window goes across one" if gaps else ""
    notes = tuple(filter(None, (*clean.notes, told, still, thinly, gap)))
    learned = LearnedMasses(answer, observed)
    return MassesFit(problem, samples, options, learned, notes, clean.columns)


def read(fit: MassesFit) -> Law:
    """The answer as a law with parts."""
    learned = fit.learned
    bodies = Bodies.of(fit.problem.motion())
    given = learned.answer.question.prescribed
    moving = [name for name in learned.answer.terms.coordinates if name not in given]
    bodies = replace(bodies, mass={name: bodies.mass[name] for name in moving})
    return stated(learned.answer, learned.observed, Origin(fit.problem.name), bodies)


def judge(law: Law, fit: MassesFit) -> Certificate:
    """Whether noise explains the weak rows, and the law the motion."""
    checks = [*certify_lagrangian(law, fit.learned.answer).checks]
    if not _position_dependent(fit.columns):
        checks = [by_columns(fit.columns), *checks]
    return Certificate((*checks, *founded(law, len(fit.learned.observed.q))))


def findings(fit: MassesFit, law: Law, comparisons: Sequence[Comparison]) -> Findings:
    """What was decided on the way, and what noise makes of it."""
    answer = fit.learned.answer
    windows = answer.weighed.rows.windows
    choice = answer.choice
    notes = (
        f"weak rows of {len(windows)} windows of {windows.length} samples: S = {choice.least:.3g}, "
        f"of all {len(answer.terms)} candidates {choice.whole:.3g} (1: noise explains it)",
        *([] if answer.held is None else [gauge(answer)]),
        *answer.notes,
    )
    numbers = {"S": choice.least, "nullity": choice.nullity, "window": windows.length}
    return Findings(notes, {"weak": numbers})


MASSES: Final = Learner(Trajectories, learn, read, findings, judge=judge)


def _without_momenta(columns: Channels) -> str:
    """That momenta are no velocities but those of masses that vary."""
    names_ = ", ".join(c.coordinate for c in columns if c.verdict == "varying")
    return f"the momentum of {names_} is no velocity: the positions alone are used"


def _position_dependent(columns: Channels) -> bool:
    return any(item.verdict == "varying" for item in columns)


def _question(data: Trajectories, options: Motion, turned: Sequence[str]) -> Question:
    coordinates = data.coordinates
    circular = angles(coordinates, options.angles, turned)
    open_ = () if options.angles is not None else tuple(unsure(coordinates, circular))
    _, q, _, _ = data.stack()
    ends = zip(q.min(axis=0).tolist(), q.max(axis=0).tolist(), strict=True)
    ranges = dict(zip(coordinates, ends, strict=True))
    given = _prescribed(options, coordinates)
    return Question(ranges, circular, open_, options.driving, given, _own(options, coordinates))


def _prescribed(options: Motion, coordinates: Sequence[str]) -> tuple[str, ...]:
    """The coordinates whose motion is given; InputError where that leaves none to explain."""
    given = names(options.prescribed)
    strange = [name for name in given if name not in coordinates]
    if strange or len(set(given)) >= len(coordinates):
        raise InputError(
            f"--prescribed names some of the coordinates {', '.join(coordinates)}, not "
            f"{', '.join(strange or given)}; at least one is left to be explained."
        )
    return given


def _own(options: Motion, names: Sequence[str]) -> dict[str, tuple[Expr, ...]]:
    """Candidates that were given, by their part: of a library those with velocities are kinetic."""
    rates = [velocity(name) for name in names]
    known = (*names, *map(str, rates))
    own: dict[str, tuple[Expr, ...]] = {}
    if options.library is not None:
        given = options.library
        terms = given.candidates if isinstance(given, Library) else parsed(given, known).candidates
        fast = tuple(term for term in terms if term.has(*rates))
        slow = tuple(term for term in terms if not term.has(*rates))
        own |= {part: some for part, some in (("kinetic", fast), ("potential", slow)) if some}
    if options.dissipation is not None:
        speed = sympy.Symbol("v")
        length = sympy.sqrt(sympy.Add(*(rate**2 for rate in rates)))
        terms = parsed(options.dissipation, (*known, "v")).candidates
        own["dissipative"] = tuple(term.xreplace({speed: length}) for term in terms)
    return own
