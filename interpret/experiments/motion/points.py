"""Potentials and general Lagrangians from points of phase space with their accelerations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, cast

from interpret.experiments.chosen import way_down
from interpret.experiments.motion import Motion
from interpret.experiments.motion import extras as reading
from interpret.experiments.motion.learner import Learner
from interpret.experiments.verbs import Findings, Fit
from interpret.judge.certificate import Certificate
from interpret.judge.convergence import convergence
from interpret.judge.learned_forces import certify_points
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.law import Law
from interpret.laws.parts import Bodies
from interpret.pictures import accelerations as plots
from interpret.pictures.picture import Picture
from interpret.reading.extraction import MOST_TERMS, Forces, extract, raw_problem
from interpret.select.library import Library
from systems.errors import InputError
from systems.problem import Problem, Samples
from systems.samples.phase_space import PhaseSamples, Window
from systems.seeds import other_stream
from training.learn.lagrangian import ITERATIONS, TOLERANCE, GeneralFit, learn_lagrangian
from training.learn.learned import Learned
from training.learn.points import Model, PhaseFit
from training.learn.points import learn as learn_potential
from training.particles import Particles
from training.prepare.stencils import Array
from training.recipes.report import ReportSettings, learn_by_report
from training.rows.forces import relative_error

PointFit = Fit[Motion, PhaseFit]

StateFit = Fit[Motion, GeneralFit]

DEFAULT_INPUTS: Final = {"polynomial": "log-r", "coupling": "log-r", "neural": "exp-log"}
KNOWN_BY_DEFAULT: Final = ("coupling", "neural")
"""These take the external potential as known where there is one."""

HELD_OUT: Final = 3000
"""Samples that accelerations are predicted of: enough for two digits of an error."""


def settled(problem: Problem, options: Motion) -> Motion:
    """The inputs, the recipe, and whether the external potential is taken as known."""
    if options.learn == "coupling" and options.trap == "unknown":
        raise InputError(
            "coupling takes the external potential as known; learn polynomial where it is not."
        )
    if options.recipe not in (None, "default", "report"):
        raise InputError(f"{options.learn} has the recipes default and report.")
    if options.penalty is not None and options.recipe != "report":
        raise InputError(
            "only the recipe report has a penalty; add recipe report, or leave it out."
        )
    if options.restarts is not None and options.recipe == "report":
        raise InputError("the recipe report trains one network; leave out restarts.")
    known = options.learn in KNOWN_BY_DEFAULT if options.trap in (None, "auto") else None
    trap = options.trap if known is None else ("known" if known else "unknown")
    inputs = options.inputs or DEFAULT_INPUTS[str(options.learn)]
    return replace(options, inputs=inputs, trap=trap, terms=options.terms or MOST_TERMS)


def learn(problem: Problem, samples: Samples, options: Motion, session: Session) -> PointFit:
    """Learn the potential, by whatever basis."""
    points = cast(PhaseSamples, samples)
    window = _window(problem, options)
    particles = Particles(problem, 1 if window is None else window.dimension)
    external = options.trap != "known"
    if options.recipe == "report":
        learned = learn_by_report(
            particles,
            points,
            external=external,
            seed=options.seed,
            settings=_report(options),
            monitor=session.monitor,
        )
    else:
        learned = learn_potential(
            particles,
            points,
            Model(
                str(options.learn),
                str(options.inputs),
                external=external,
                window=window,
                restarts=options.restarts or 1,
            ),
            seed=options.seed,
            iterations=options.steps,
            monitor=session.monitor,
        )
    return Fit(problem, samples, options, learned)


def _report(options: Motion) -> ReportSettings:
    """The report's own settings, but for what was asked for."""
    settings = ReportSettings()
    if options.steps is not None:
        settings = replace(settings, steps=options.steps)
    if options.penalty is not None:
        settings = replace(settings, penalty=options.penalty)
    return settings


def read(fit: PointFit) -> Law:
    """The law, accepted only where it does as well as a flexible fit."""
    law = extract(Forces.of(fit.learned), _candidates(fit), fit.options.terms or MOST_TERMS)
    given = Bodies.of(fit.problem.motion(), known=fit.options.trap == "known")
    return replace(law, variables=replace(law.variables, bodies=given))


def findings(fit: PointFit, law: Law, comparisons: Sequence[Comparison]) -> Findings:
    """How well accelerations are predicted that were not learned from, and the couplings."""
    found = fit.learned
    window = _window(fit.problem, fit.options)
    couplings = None if window is None else reading.couplings(found, window)
    predicted = _predicted(fit, lambda held_out: found.acceleration(held_out.q))
    idle = reading.dead(found) if fit.options.recipe == "report" else ()
    notes = (where(fit), *predicted.notes, *reading.words(couplings), *idle)
    chosen = _chosen(Forces.of(found), law)
    return Findings(notes, {}, {**reading.files(couplings), **predicted.files, **chosen})


def _chosen(forces: Forces, law: Law) -> dict[str, bytes]:
    """The way down from the whole library to the law, on the raw accelerations."""
    if not law.terms:
        return {}
    return way_down(law, raw_problem(forces, Library(law.candidates)))


def settled_general(problem: Problem, options: Motion) -> Motion:
    """Most terms of the law."""
    return replace(options, terms=options.terms or MOST_TERMS)


def learn_general(
    problem: Problem, samples: Samples, options: Motion, session: Session
) -> StateFit:
    """Learn L(q, q̇), neither masses nor forces given."""
    learned = learn_lagrangian(
        problem,
        cast(PhaseSamples, samples),
        seed=options.seed,
        restarts=options.restarts or 1,
        iterations=options.steps,
        monitor=session.monitor,
    )
    return Fit(problem, samples, options, learned)


def read_general(fit: StateFit) -> Law:
    """The law of the forces of L."""
    window = _window(fit.problem, fit.options)
    forces = Forces.of_lagrangian(fit.learned, 1 if window is None else window.dimension)
    return extract(forces, _candidates(fit), fit.options.terms or MOST_TERMS)


def findings_general(fit: StateFit, law: Law, comparisons: Sequence[Comparison]) -> Findings:
    """The masses, and how many inequivalent Lagrangians the data admit."""
    found = fit.learned
    masses = ", ".join(f"{mass:.8g}" for mass in found.masses)
    predicted = _predicted(fit, lambda held_out: found.acceleration(held_out.q, held_out.qd))
    told = (
        f"masses {masses} in units of the first; |M - diag(m)| = {found.anisotropy:.1e} on average"
    )
    notes = (where(fit), *predicted.notes, told, *reading.freedom(found))
    return Findings(notes, {}, predicted.files)


def judge(law: Law, fit: PointFit) -> Certificate:
    """The checks of the law on the points."""
    return certify_points(law, cast(PhaseSamples, fit.samples), fit.learned.particles)


def judge_general(law: Law, fit: StateFit) -> Certificate:
    """The same, and whether the training of L had come to its end."""
    learned = fit.learned
    window = _window(fit.problem, fit.options)
    particles = Particles(fit.problem, 1 if window is None else window.dimension)
    steps = fit.options.steps or ITERATIONS
    ended = convergence(learned.history, steps, TOLERANCE, usual=ITERATIONS)
    return Certificate((*certify_points(law, learned.samples, particles).checks, ended))


POTENTIAL: Final = Learner(PhaseSamples, learn, read, findings, judge=judge, settled=settled)
GENERAL: Final = Learner(
    PhaseSamples,
    learn_general,
    read_general,
    findings_general,
    judge=judge_general,
    settled=settled_general,
)


def where(fit: Fit[Motion, Learned]) -> str:
    """A sentence about the samples."""
    mechanics = fit.problem.motion()
    window = _window(fit.problem, fit.options)
    name = fit.options.dataset or next(iter(fit.problem.datasets), None)
    drawn = "" if window is None else f" from the window {name} ({window.summary})"
    noise = f", noise {fit.options.noise:g} of their spread" if fit.options.noise else ""
    summed = "".join(
        f"; a term in {variable} is summed over all {len(things)} of them"
        for variable, things in mechanics.sums.items()
    )
    return f"{len(fit.samples)} accelerations{drawn}{noise}{summed}"


def _window(problem: Problem, options: Motion) -> Window | None:
    """Where the samples were drawn, None where they are measured."""
    return problem.dataset(options.dataset).window if problem.datasets else None


def _predicted(
    fit: Fit[Motion, Learned], acceleration: Callable[[PhaseSamples], Array]
) -> Findings:
    """How well accelerations are predicted of samples of the same window, not learned from."""
    if not fit.problem.datasets:
        return Findings()
    drawn = fit.problem.draw(fit.options.dataset, other_stream(fit.options.seed), HELD_OUT)
    held_out = cast(PhaseSamples, drawn)
    predicted = acceleration(held_out)
    error = relative_error(predicted, held_out)
    note = f"accelerations of {HELD_OUT} samples held out: relative error {error:.1e}"
    numbers = plots.acceleration_numbers(held_out, predicted)
    return Findings((note,), {}, Picture("accelerations", numbers, held_out.coordinates).files())


def _candidates(fit: Fit[Motion, Learned]) -> Library:
    """The library asked for, or the problem's own."""
    asked = fit.options.library
    if isinstance(asked, Library):
        return asked
    names = fit.problem.motion().variables
    return Library(fit.problem.candidates) if asked is None else Library.parse(asked, names)
