"""The verbs of a motion: what is learned of it decides which of its learners is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any, Final, cast

from interpret.experiments.motion import (
    AUTO,
    USES,
    Motion,
    ways,
)
from interpret.experiments.motion.acting import refuse_undriven
from interpret.experiments.motion.learner import Learner
from interpret.experiments.verbs import (
    AnyFit,
    Conclusion,
    Findings,
    drawn,
    refuse_drawing,
    traced,
)
from interpret.judge.certificate import Certificate
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.law import Law
from systems.errors import InputError
from systems.problem import Problem, Samples
from systems.samples.phase_space import PhaseSamples
from systems.samples.trajectories import Trajectories

LEARNERS: Final[Mapping[str, tuple[str, str]]] = {
    "potential": ("trajectories", "POTENTIAL"),
    "forces": ("forces", "FORCES"),
    "bodies": ("bodies", "BODIES"),
    "exact": ("exact", "EXACT"),
    "polynomial": ("points", "POTENTIAL"),
    "coupling": ("points", "POTENTIAL"),
    "neural": ("points", "POTENTIAL"),
    "general": ("points", "GENERAL"),
    "lagrangian": ("lagrangians", "LAGRANGIAN"),
}
"""Which file holds what learner, and its name there: each is imported when it is asked for."""

OF_TRAJECTORIES: Final[Mapping[str, tuple[str, str]]] = {"lagrangian": ("masses", "MASSES")}
"""Those that are another file's where they are learned of trajectories."""


def learner(name: str, held: type) -> Learner[Any]:
    """The learner of that name, from samples of that kind."""
    other = OF_TRAJECTORIES.get(name) if held is Trajectories else None
    file, constant = other or LEARNERS[name]
    module = import_module(f"interpret.experiments.motion.{file}")
    return cast("Learner[Any]", getattr(module, constant))


def settled(problem: Problem, samples: Samples | None, options: Motion) -> Motion:
    """What is learned, of samples that it can be learned from, and what means something to it."""
    if samples is not None:
        refuse_drawing(options)
        held = type(samples)
    else:
        window = problem.dataset(options.dataset).window
        held = Trajectories if window is None else PhaseSamples
    if held is Trajectories and options.learn is None and _unknown_masses(problem):
        options = replace(options, learn="lagrangian")
    elif held is Trajectories:
        inside = options.learn is None and ways.asks_for_constants(problem, samples, options)
        options = ways.settled(replace(options, learn="forces") if inside else options)
        refuse_undriven(samples, options)
    learn = options.learn or _default(problem)
    chosen = learner(learn, held)
    if chosen.samples is not held:
        raise InputError(
            f"{learn} is learned from {WORDS[chosen.samples]}, and these data are "
            f"{WORDS[held]}; {problem.name} has {_offered(problem, chosen.samples)}."
        )
    asked = replace(options, learn=learn).refuse_unused(learn, USES)
    return chosen.settled(problem, asked)


def _default(problem: Problem) -> str:
    """What is learned of points when nobody says: polynomials are of distances; measured points
    lack them."""
    return "polynomial" if problem.motion().distances else "lagrangian"


def _unknown_masses(problem: Problem) -> bool:
    """Whether the problem says no masses, so that its kinetic energy is learned too."""
    return problem.motion().kinetic is not None


WORDS: Final[Mapping[type, str]] = {
    Trajectories: "trajectories",
    PhaseSamples: "points of phase space",
}


def _offered(problem: Problem, kind: type) -> str:
    """Which data sets of a problem are of a kind, in words."""
    names = [
        name
        for name, dataset in problem.datasets.items()
        if (dataset.window is None) == (kind is Trajectories)
    ]
    return f"the data sets {', '.join(names)} of these" if names else "no such data set"


def draw(problem: Problem, options: Motion, session: Session) -> Samples:
    """Trajectories, or points of phase space."""
    return drawn(problem, options, session)


def learn(problem: Problem, samples: Samples, options: Motion, session: Session) -> AnyFit:
    """Learn what the options say."""
    begin = ways.begun if options.parts == AUTO else learner(_learned(options), type(samples)).learn
    fit: AnyFit = begin(problem, samples, options, session)
    return fit


def read(fit: AnyFit) -> tuple[Law, ...]:
    """The law of what was learned: one."""
    law = _of(fit).read(fit)
    dataset = fit.options.dataset or next(iter(fit.problem.datasets), None)
    return traced([law], dataset, fit.options.seed)


def refine(law: Law, fit: AnyFit) -> Law:
    """The law from the raw samples, where it was read off a function learned from them."""
    return _of(fit).refine(law, fit)


def judge(law: Law, fit: AnyFit) -> Certificate:
    """The checks of the law on the raw samples."""
    return _of(fit).judge(law, fit)


def reconsidered(first: Conclusion, options: Motion, session: Session) -> Conclusion:
    """The conclusion, or that of all parts where the potential alone leaves something."""
    return ways.reconsidered(first, options, session, _concluded)


def _concluded(fit: AnyFit) -> Conclusion:
    laws = tuple(refine(law, fit) for law in read(fit))
    return Conclusion(fit, laws, tuple(judge(law, fit) for law in laws))


def compared(problem: Problem, options: Motion) -> Problem:
    """The problem, less the part of its potential that was taken as known."""
    if options.trap != "known":
        return problem
    return replace(problem, mechanics=problem.motion().without_known())


def findings(fit: AnyFit, laws: Sequence[Law], comparisons: Sequence[Comparison]) -> Findings:
    """What the learner has to say beside the law."""
    said = _of(fit).findings(fit, laws[0], comparisons)
    return replace(said, notes=(*fit.notes, *said.notes))


def _of(fit: AnyFit) -> Learner[Any]:
    return learner(_learned(fit.options), type(fit.samples))


def _learned(options: Motion) -> str:
    assert options.learn is not None, "options are settled before anything is learned"
    return options.learn
