"""fit(): from a problem or from measured samples to the law, in one call.

draw ──▶ learn ──▶ read ──▶ refine ──▶ judge ──▶ compare ──▶ keep
           ▲──────── reconsider ────────┘
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import systems
from interpret.experiments import EXPERIMENTS
from interpret.experiments.motion.named import beside
from interpret.experiments.options import Options
from interpret.experiments.verbs import AnyFit, Conclusion, concluded, noisy
from interpret.judge.certificate import Certificate
from interpret.keep import folder
from interpret.keep.provenance import provenance
from interpret.keep.session import Session, session
from interpret.laws.comparison import Comparison, compare
from interpret.laws.law import Law
from interpret.laws.report import Cost
from interpret.run import Run
from systems.expressions import parse_assignments
from systems.files.frames import is_frame
from systems.files.readers import is_data, understand
from systems.files.understood import Understood
from systems.problem import Problem, Samples
from training.optimise.watch import Watch


def fit(
    source: str | Path | Problem | Samples | Understood | Any,
    options: Options | None = None,
    *,
    name: str | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    progress: Watch | None = None,
    **given: Any,
) -> Run:
    """Draw or take samples, learn what is behind them, read the laws, refine, judge, compare them.

    source     a system's name, a Python file with a SYSTEM, a file of trajectories; a Problem,
               samples of one's own (Trajectories, PhaseSamples, ValueSamples), any data frame, a
               dictionary of columns, or what `systems.files.readers.understand` made of one
    options    those of its experiment: `Motion`, `Born`, `Levels` or `Values`; they may be given
               one by one instead, as in ``fit("coulomb", noise=0.01)``
    name       what measured samples are called in print
    out        folder to save the run in, which holds none yet; None: not saved
    resume     folder of an interrupted run to go on from

    Raises InputError, one sentence saying what happened and what to try. The truth of the problem
    is read by ``compare`` alone.

    >>> print(fit("oscillator").law.expr)
    q**2/2
    """
    started = time.perf_counter()
    asked_for = given if options is None else vars(options)
    source, name, understood = taken_in(source, name, beside(asked_for))
    problem, measured, asked = settled(source, name, given, options)
    verbs = EXPERIMENTS[problem.experiment].verbs
    with session(out, resume, progress) as current:
        samples = noisy(measured, asked) if measured else verbs.draw(problem, asked, current)
        found = _concluded(problem, samples, asked, current)
    pairs = zip(found.certificates, found.laws, strict=True)
    laws = tuple(certificate.judged(law) for certificate, law in pairs)
    comparisons = compared(laws, verbs.compared(problem, asked))
    findings = verbs.findings(found.fit, laws, comparisons)
    findings = replace(findings, notes=(*understood, *findings.notes))
    learned = found.fit.learned
    run = Run(
        laws=laws,
        comparisons=comparisons,
        certificates=found.certificates,
        fit=found.fit,
        settings={
            "experiment": problem.experiment,
            "source": problem.name,
            "options": asked.to_json(),
        },
        findings=findings,
        cost=Cost(time.perf_counter() - started, learned.iterations, learned.neurons),
        provenance=provenance(seed=asked.seed, digest=samples.digest()),
        path=None if out is None else Path(out),
    )
    if out is not None:
        run.save(out, again=True)  # the session has found it free
        (Path(out) / folder.CHECKPOINT).unlink(missing_ok=True)
    return run


def settled(
    source: str | Path | Problem | Samples | Understood | Any,
    name: str | None,
    given: Mapping[str, Any],
    options: Options | None = None,
) -> tuple[Problem, Samples | None, Options]:
    """The problem, its samples where they are measured, and the options with all choices made.

    Raises InputError for options that mean nothing to the experiment, or to what is learned.
    """
    problem, measured = opened(source, name)
    experiment = EXPERIMENTS[problem.experiment]
    asked = experiment.asked(options, given)
    return problem, measured, experiment.verbs.settled(problem, measured, asked)


def taken_in(
    source: str | Path | Problem | Samples | Understood | Any,
    name: str | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> tuple[str | Path | Problem | Samples, str | None, tuple[str, ...]]:
    """The source, files and data frames read, its name, and what was understood of it.

    `columns` of a file or a data frame are beside the motion's own: `drives` and `sigmas`.
    """
    if isinstance(source, str | Path):
        if not is_data(source):
            return source, name, ()
        return taken_in(_read(source, columns), name or Path(source).stem)
    found = _read(source, columns) if is_frame(source) else source
    if isinstance(found, Understood):
        return found.samples, name, found.notes
    return found, name, ()


def _read(source: Any, columns: Mapping[str, Sequence[str]] | None) -> Understood:
    said = columns or {}
    return understand(source, drives=said.get("drives"), sigmas=said.get("sigmas"))


def opened(
    source: str | Path | Problem | Samples | Understood | Any, name: str | None = None
) -> tuple[Problem, Samples | None]:
    """The problem, and the samples where they are measured."""
    source, name, _ = taken_in(source, name)
    if isinstance(source, Problem):
        return source, None
    if isinstance(source, str | Path):
        return systems.get(source), None
    return systems.observed(source, name or "data"), source


def compared(laws: Sequence[Law], problem: Problem) -> tuple[Comparison, ...]:
    """Each law beside its truth; nothing where the problem does not tell that of every part."""
    if not laws:
        return ()
    known = problem.truths(laws[0].origin.dataset, laws[0].origin.seed)
    if not all(law.quantity(part) in known for law in laws for part in law.parts):
        return ()
    return tuple(compare(law, problem) for law in laws)


def compare_run(
    run: Run, source: Problem | Samples | Understood | None = None, truth: str | None = None
) -> tuple[Comparison, ...]:
    """The laws of a run beside the truth given, ``"a1=-r**2, a2=..."`` for several, or known.

    `source` is what was fitted; without one the catalog's system of the laws' name.
    """
    problem, _ = opened(run.law.system if source is None else source)
    options = EXPERIMENTS[problem.experiment].asked(None, run.settings["options"])
    beside = EXPERIMENTS[problem.experiment].verbs.compared(problem, options)
    known = parse_assignments(truth) if truth and "=" in truth else truth
    return tuple(compare(law, beside, known) for law in run.laws)


def samples_of(run: Run, source: Problem | Samples | Understood | None = None) -> Samples:
    """What a run was fitted to; of a loaded run drawn, or read, again.

    `source` is what was fitted; without one the catalog's system of the laws' name.
    """
    if run.fit is not None:
        return run.samples
    problem, measured = opened(run.law.system if source is None else source)
    options = EXPERIMENTS[problem.experiment].asked(None, run.settings["options"])
    if measured is not None:
        return noisy(measured, options)
    return EXPERIMENTS[problem.experiment].verbs.draw(problem, options, Session())


# Step by step


def learn(
    problem: Problem,
    samples: Samples,
    options: Options | None = None,
    session: Session | None = None,
) -> AnyFit:
    """Learn what is behind samples of a problem, by its experiment.

    A data set among the options says that the samples come from it: its window, and its truth.

    >>> import systems
    >>> system = systems.get("oscillator")
    >>> fit = learn(system, system.draw())
    >>> law, = read(fit)
    >>> refine(law, fit).expr
    q**2/2
    """
    asked = _asked(problem, samples, options)
    verbs = EXPERIMENTS[problem.experiment].verbs
    return verbs.learn(problem, samples, asked, session or Session())


def conclude(
    problem: Problem,
    samples: Samples,
    options: Options | None = None,
    session: Session | None = None,
) -> Conclusion:
    """All steps up to the certificates, as `fit` takes them: what the first law leaves is sought.

    Where a motion's potential alone does not explain it, all forces and moving masses are tried
    too, which `learn`, one way at a time, leaves to its caller.

    >>> import systems
    >>> system = systems.get("oscillator")
    >>> found = conclude(system, system.draw())
    >>> found.laws[0].expr, found.certificates[0].verdict
    (q**2/2, 'identified')
    """
    return _concluded(problem, samples, _asked(problem, samples, options), session or Session())


def _asked(problem: Problem, samples: Samples, options: Options | None) -> Options:
    """The options with all choices made, for samples that are there."""
    experiment = EXPERIMENTS[problem.experiment]
    asked = experiment.asked(options, {})
    measured = samples if asked.dataset is None else None
    return experiment.verbs.settled(problem, measured, asked)


def _concluded(problem: Problem, samples: Samples, asked: Options, session: Session) -> Conclusion:
    verbs = EXPERIMENTS[problem.experiment].verbs
    first = concluded(verbs.learn(problem, samples, asked, session), verbs)
    return verbs.reconsidered(first, asked, session)


def read(fit: AnyFit) -> tuple[Law, ...]:
    """The laws of what was learned: of a motion one, of a map one for each order or quantity."""
    return EXPERIMENTS[fit.problem.experiment].verbs.read(fit)


def refine(law: Law, fit: AnyFit) -> Law:
    """A law again, its numbers and error bars from the raw samples that were learned from."""
    return EXPERIMENTS[fit.problem.experiment].verbs.refine(law, fit)


def certify(law: Law, fit: AnyFit) -> Certificate:
    """The checks of a law on the raw samples; `Certificate.judged` is the law with its verdict."""
    return EXPERIMENTS[fit.problem.experiment].verbs.judge(law, fit)
