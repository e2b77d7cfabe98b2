"""The potential behind trajectories: learned by a network, read, and refined on the raw data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, cast

import numpy as np

from interpret.discovery.coordinates import angles, moving
from interpret.discovery.features import discover
from interpret.experiments.chosen import of_potential
from interpret.experiments.motion import Motion
from interpret.experiments.motion.candidates import Chosen, chosen
from interpret.experiments.motion.cleaned import cleaned
from interpret.experiments.motion.learner import Learner
from interpret.experiments.motion.unseen import unseen
from interpret.experiments.verbs import Findings, Fit
from interpret.judge.certificate import Certificate
from interpret.judge.channel import Channels
from interpret.judge.motion import by_columns, certify
from interpret.judge.unexplained import unexplained
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.law import Law
from interpret.laws.report import NO_LAW
from interpret.pictures.curves import curves
from interpret.pictures.picture import Picture
from interpret.reading.best_fit import shown
from interpret.reading.coarse import from_rows
from interpret.reading.paper import probe_paper, regress_paper
from interpret.reading.probes import Probes, probe
from interpret.reading.regression import regress
from interpret.refinement.refinement import refine as refine_law
from interpret.select.library import Library
from systems.errors import InputError
from systems.expressions import parse_assignments
from systems.problem import Problem, Samples
from systems.samples.trajectories import Trajectories
from training.features import Features
from training.learn.fit import Fit as LearnedPotential
from training.learn.motion import train
from training.optimise.watch import UNWATCHED, Monitor
from training.prepare.preparation import VERLET
from training.settings import Settings

ADVICE: Final = "to learn it on a distance, say, give --features 'r=sqrt(x**2+y**2)'"


@dataclass(frozen=True)
class Recipe:
    """How a trained function is asked, its law read, and refined."""

    probe: Callable[[Any], Probes]
    read: Callable[[Probes, Library, Motion], Law]
    refine: Callable[[Law, Probes, Motion], Law]


def _read(probes: Probes, library: Library, options: Motion) -> Law:
    return regress(probes, library, options.threshold, options.optimizer or "path")


def _refine(law: Law, probes: Probes, options: Motion) -> Law:
    free = options.threshold is None and options.optimizer in (None, "path")
    refined = refine_law(law, probes, select=free)
    return _significant(refined, probes) if free and not probes.prepared.noisy else refined


def _significant(law: Law, probes: Probes) -> Law:
    """The law without the terms that are no larger than twice their error bars, one after another.

    Exact data leave no doubt of a term that is there. One whose loss is felt, the misfit ten times
    what it was, stays.
    """
    while len(law.terms) > 1:
        size = np.abs(law.coefficients) / np.maximum(law.stderr, 1e-300)
        weakest = int(np.argmin(size))
        if not size[weakest] < INSIGNIFICANT:
            return law
        fewer = refine_law(_without(law, weakest), probes, select=False)
        if fewer.chi2_per_n > FELT**2 * max(law.chi2_per_n, 1.0):
            return law
        law = fewer
    return law


def _without(law: Law, dropped: int) -> Law:
    """The law less one of its terms, its coefficients as they were."""
    (part,) = law.parts
    kept = [k for k in range(len(law.terms)) if k != dropped]
    return replace(
        law,
        parts=(replace(part, terms=tuple(law.terms[k] for k in kept)),),
        coefficients=law.coefficients[kept],
        covariance=law.covariance[np.ix_(kept, kept)],
        recognised=(),
    )


SLIGHT: Final = 1e-3
"""What coarse steps leave of exact forces; those that no potential has are larger."""

FIRST: Final = 20
"""Iterations for columns that are no motion of one system, which no training would mend."""
INSIGNIFICANT: Final = 2.0
FELT: Final = 10.0


def _read_as_paper(probes: Probes, library: Library, options: Motion) -> Law:
    return regress_paper(probes, library, options.threshold)


def _as_read(law: Law, probes: Probes, options: Motion) -> Law:
    return law


RECIPES: Final[Mapping[str, Recipe]] = {
    "default": Recipe(probe, _read, _refine),
    "mlp": Recipe(probe, _read, _refine),
    "paper": Recipe(probe_paper, _read_as_paper, _as_read),
}


@dataclass(frozen=True, repr=False)
class TrajectoryFit(Fit[Motion, LearnedPotential]):
    """A fit that knows how its function is asked, and asks it once.

    ``columns``: whether q and p belong together; ``angles`` are the coordinates that are some;
    ``unfixed`` says what the data leave open.
    """

    columns: Channels = field(default_factory=lambda: Channels((), ()))
    angles: tuple[str, ...] = ()
    unfixed: str = ""

    @property
    def recipe(self) -> Recipe:
        """How it was trained decides how it is read."""
        return RECIPES[self.options.recipe or "default"]

    @cached_property
    def probes(self) -> Probes:
        """V and its gradient at the training points."""
        return self.recipe.probe(self.learned)

    @cached_property
    def rows(self) -> Probes:
        """What the law is read off: the same, or the raw data where these know more."""
        free = self.options.recipe != "paper"
        return from_rows(self.probes, self.chosen.library) if free else self.probes

    @cached_property
    def chosen(self) -> Chosen:
        """The candidates, and what there is to say of them."""
        return chosen(self.problem, self.probes, self.options, self.angles)


def settled(problem: Problem, options: Motion) -> Motion:
    """The recipe, the features and the device that are taken when nobody says."""
    recipe = options.recipe or "default"
    if recipe not in RECIPES:
        raise InputError(
            f"the recipe {recipe} trains a network on points of phase space; trajectories have "
            f"{', '.join(RECIPES)}."
        )
    if options.restarts is not None and recipe != "mlp":
        raise InputError(
            f"the recipe {recipe} starts one network; add recipe mlp, or leave out restarts."
        )
    features = "auto" if options.features is None else options.features
    return replace(options, recipe=recipe, features=features, device=options.device or "cpu")


def learn(problem: Problem, samples: Samples, options: Motion, session: Session) -> TrajectoryFit:
    """Learn V from trajectories, as a function of features that are given or found."""
    return _learned(problem, samples, options, _settings(options), session.monitor)


def look(problem: Problem, samples: Samples, options: Motion) -> TrajectoryFit:
    """The same without any training of hidden weights: all that there is to it where one solve is
    enough."""
    settings = _settings(options)
    fit = _learned(problem, samples, options, replace(settings, iterations=0), UNWATCHED)
    return replace(fit, learned=replace(fit.learned, settings=settings))


def complete(fit: TrajectoryFit) -> bool:
    """Whether training would go no further than one solve has gone."""
    learned = fit.learned
    return learned.prepared.noisy or min(learned.residuals) <= learned.settings.tolerance


def explained(fit: TrajectoryFit) -> bool:
    """Whether some potential, whatever its form, explains noise-free motion: energy and forces."""
    learned = fit.learned
    closed = min(learned.residuals) <= learned.settings.tolerance
    return not learned.prepared.noisy and closed and max(learned.residuals) < SLIGHT


def _learned(
    problem: Problem, samples: Samples, options: Motion, settings: Settings, monitor: Monitor
) -> TrajectoryFit:
    clean = cleaned(cast(Trajectories, samples))
    whole = clean.trajectories
    asked = options.features or "auto"
    trajectories, still = moving(whole) if asked in ("auto", "none") else (whole, "")
    features, found, unfixed = features_of(problem, trajectories, asked)
    if (clean.columns.verdict or unfixed) and settings.iterations != 0:
        settings = replace(settings, iterations=min(settings.iterations or FIRST, FIRST))
    learned = train(problem, trajectories, settings, features=features, monitor=monitor)
    notes = tuple(note for note in (*clean.notes, still, found) if note)
    circular = angles(trajectories.coordinates, options.angles, clean.turned)
    return TrajectoryFit(
        problem, samples, options, learned, notes, clean.columns, circular, unfixed
    )


def read(fit: TrajectoryFit) -> Law:
    """The law that the plateau rule, or what was asked for instead, finds in the function."""
    law = fit.recipe.read(fit.rows, fit.chosen.library, fit.options)
    return law.doubted("ambiguous", fit.unfixed) if fit.unfixed else law


def refine(law: Law, fit: TrajectoryFit) -> Law:
    """The law from the trajectories themselves; where there is none, a fit that can be shown."""
    refined = fit.recipe.refine(law, fit.rows, fit.options)
    return shown(refined, fit.rows) if refined.verdict == NO_LAW else refined


def judge(law: Law, fit: TrajectoryFit) -> Certificate:
    """Every check of the law that the trajectories allow."""
    return Certificate((by_columns(fit.columns), *certify(law, fit.rows).checks))


def findings(fit: TrajectoryFit, law: Law, comparisons: Sequence[Comparison]) -> Findings:
    """Who integrated the data, why there is no law, and V to be drawn."""
    notes = [_integrator(fit.rows), fit.learned.told, *fit.chosen.notes]
    if law.verdict == NO_LAW or fit.rows.prepared.drift:
        notes += unexplained(law, fit.rows)
    asked = unseen(fit)
    if asked is not None:
        notes.append(asked.answer(law))
    truth = comparisons[0].truth if comparisons else None
    labels = (fit.problem.name, *fit.learned.features.names)
    elsewhere = None if asked is None else asked.motions.stack()[1]
    picture = Picture("potential", curves(fit.learned, law, truth, elsewhere), labels)
    files = {**picture.files(), **of_potential(law, fit.rows)}
    return Findings(tuple(note for note in notes if note), {}, files)


POTENTIAL: Final = Learner(Trajectories, learn, read, findings, refine, judge, settled)


def _settings(options: Motion) -> Settings:
    """What the training is asked for."""
    return Settings(
        recipe=options.recipe or "default",
        seed=options.seed,
        restarts=options.restarts or 1,
        device=options.device or "cpu",
        iterations=options.steps,
    )


def features_of(
    problem: Problem, trajectories: Trajectories, asked: str | Mapping[str, Any]
) -> tuple[Features, str, str]:
    """What the potential is taken to be a function of, how it was found, and what is left open."""
    coordinates = trajectories.coordinates
    own = {} if problem.mechanics is None else problem.mechanics.features
    if not isinstance(asked, str):
        return Features.of(coordinates, asked), "", ""
    if asked == "auto":
        found = discover(trajectories)
        if found.features.trivial and own:
            reason = f"{found.reason}; the system's own features are used"
            return Features.of(coordinates, own), reason, found.unfixed
        if found.features.trivial and len(coordinates) > 1:
            return found.features, f"{found.reason}; {ADVICE}", found.unfixed
        return found.features, found.reason if len(coordinates) > 1 else "", found.unfixed
    if asked == "given":
        return Features.of(coordinates, own), "", ""
    if asked == "none":
        return Features.identity(coordinates), "", ""
    if "=" not in asked:
        raise InputError(
            f"--features {asked!r} is neither auto, given, none nor a definition such as "
            "r=sqrt(x**2+y**2)."
        )
    return Features.of(coordinates, parse_assignments(asked)), "", ""


def _integrator(probes: Probes) -> str:
    """A sentence about Störmer-Verlet data, whose forces are read off in their own way."""
    if probes.prepared.integrator != VERLET:
        return ""
    return "the data bear Störmer–Verlet's fingerprint: their second differences are its forces"
