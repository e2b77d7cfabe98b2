"""From a window of phase space to the law: sample, learn by one of the models, read, compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from interpret import runs
from interpret.comparison import compare
from interpret.keeping import kept
from interpret.lagrangians import plots, reading
from interpret.lagrangians.exact_law import fit_exact
from interpret.lagrangians.extraction import Forces, extract
from interpret.law import Law
from interpret.library import Library
from interpret.provenance import provenance
from interpret.run import Run
from interpret.seeds import another
from systems import InputError, System
from systems.errors import nearest
from systems.phase_space import PhaseSamples
from training.checkpoint import Checkpoint
from training.general_fit import learn_lagrangian
from training.particles import Particles
from training.phase_fit import Model, learn
from training.phase_rows import relative_error
from training.report_recipe import learn_by_report
from training.watch import Watch

MODELS = ("exact", "polynomial", "coupling", "neural", "general")
DEFAULT_FORM = {"polynomial": "log-r", "coupling": "log-r", "neural": "exp-log"}
KNOWN_BY_DEFAULT = ("coupling", "neural")
HELD_OUT = 3000


@dataclass(frozen=True)
class Asked:
    """What a fit to a window of phase space was asked for.

    model     "exact" (the numbers in the known form), "polynomial", "coupling", "neural" or
              "general" (L(q, q̇) with nothing of its form given)
    window    where samples are drawn; the system's first by default
    count     how many; the window's own number by default
    noise     on the accelerations, as a fraction of their root mean square
    form      what a potential is learned as a function of: "raw", "log-r", "exp-log", or "auto"
    external  the external potential: "known", "unknown", or "auto" (known to coupling and neural)
    descent   of exact: "gd", "momentum", "adam" or "adagrad" beside the solve
    recipe    of neural: "default", or "report" for the report's own training
    terms     most terms of a law; of exp-log, functions of opposite sign

    Raises InputError for anything else.
    """

    model: str = "polynomial"
    window: str | None = None
    count: int | None = None
    noise: float = 0.0
    form: str = "auto"
    external: str = "auto"
    descent: str | None = None
    recipe: str = "default"
    terms: int = 4
    seed: int = 0
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise InputError(
                f"there is no model {self.model!r}; there are {', '.join(MODELS)}."
                f"{nearest(self.model, MODELS)}"
            )
        if self.model == "coupling" and self.external == "unknown":
            raise InputError(
                "the model coupling takes the external potential as known; use polynomial where "
                "it is not."
            )
        if self.descent is not None and self.model != "exact":
            raise InputError("a descent of the parameters goes with the model exact.")
        if self.recipe == "report" and self.model != "neural":
            raise InputError("the recipe report trains a network; use it with --model neural.")
        if self.recipe not in ("default", "report"):
            raise InputError(f"the model {self.model} has no recipe {self.recipe!r}.")
        if self.count is not None and self.count < 1:
            raise InputError(f"there must be samples to learn from, not {self.count}.")

    @property
    def knows_external(self) -> bool:
        """Whether the external potential is taken as known."""
        if self.external == "auto":
            return self.model in KNOWN_BY_DEFAULT
        return self.external == "known" or self.model == "coupling"

    @property
    def training_model(self) -> Model:
        """The model as the training knows it."""
        form = DEFAULT_FORM[self.model] if self.form == "auto" else self.form
        return Model(self.model, form, external=not self.knows_external)


@dataclass(frozen=True)
class Outcome:
    """What a model came to: its law, what was trained, sentences and files."""

    law: Law
    fit: Any
    notes: tuple[str, ...]
    files: Mapping[str, runs.Content] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One fit under way: the system, its samples, what was asked, and who watches."""

    system: System
    samples: PhaseSamples
    asked: Asked
    library: str | Library | None
    watch: Watch | None
    checkpoint: Checkpoint

    @property
    def dimension(self) -> int:
        """Coordinates of a particle."""
        return self.system.window(self.asked.window).dimension

    @property
    def held_out(self) -> PhaseSamples:
        """Samples of the same window that were not learned from."""
        return self.system.phase_samples(self.asked.window, another(self.asked.seed), HELD_OUT)

    def candidates(self) -> Library:
        """The library asked for, or the system's own."""
        if isinstance(self.library, Library):
            return self.library
        if self.library is not None:
            names = self.system.variables
            return Library.parse(self.library, names)
        return Library.of(self.system)


def fit_window(
    system: System,
    asked: Asked,
    *,
    samples: PhaseSamples | None = None,
    library: str | Library | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    watch: Watch | None = None,
) -> Run:
    """Learn from random points of phase space, read the law, and compare it with the truth.

    ``samples`` are drawn from the window asked for unless they are given. The truth of the system
    is read by ``compare`` alone; a known external potential is a measurement's, not the truth's.

    Raises InputError, one sentence saying what happened and what to try.

    >>> import systems
    >>> run = fit_window(systems.get("trapped_charges"), Asked("coupling"))
    >>> print(run.law.expr, run.comparison.verdict)
    1/r IDENTICAL
    """
    started = time.perf_counter()
    window = next(iter(system.windows), None) if asked.window is None else asked.window
    drawn = _drawn(system, asked) if samples is None else samples
    with kept(out, resume) as checkpoint:
        task = Task(system, drawn, replace(asked, window=window), library, watch, checkpoint)
        found = FITTERS[asked.model](task)
    law = replace(found.law, dataset=window, seed=asked.seed)
    compared = system.without_known() if asked.knows_external else system
    run = Run(
        law=law,
        comparison=None if system.potential is None else compare(law, compared),
        fit=found.fit,
        settings={
            "source": system.name,
            **asdict(task.asked),
            "knows_external": asked.knows_external,
            "library": str(library or "own"),
        },
        seconds=time.perf_counter() - started,
        iterations=getattr(found.fit, "iterations", 0),
        neurons=getattr(found.fit, "neurons", 0),
        notes=(_where(system, task), *found.notes),
        path=None if out is None else Path(out),
        provenance=provenance(seed=asked.seed, digest=drawn.digest()),
        files=found.files,
    )
    if out is not None:
        run.save(out)
        (Path(out) / runs.CHECKPOINT).unlink(missing_ok=True)
    return run


def _drawn(system: System, asked: Asked) -> PhaseSamples:
    samples = system.phase_samples(asked.window, asked.seed, asked.count)
    return samples.with_noise(asked.noise, another(asked.seed)) if asked.noise else samples


def _where(system: System, task: Task) -> str:
    window = system.window(task.asked.window)
    summed = "".join(
        f"; a term in {name} is summed over all {len(things)} of them"
        for name, things in system.sums.items()
    )
    noise = f", noise {task.asked.noise:g} of their rms" if task.asked.noise else ""
    return (
        f"{len(task.samples)} accelerations from the window {task.asked.window} "
        f"({window.summary}){noise}{summed}"
    )


def _exact(task: Task) -> Outcome:
    """The numbers in the known form of the law."""
    if task.library is not None:
        raise InputError("the exact model knows its terms; leave out the library.")
    found = fit_exact(task.system, task.samples, task.asked.descent, task.asked.steps)
    return Outcome(found.law, found.parameters, found.notes, found.files)


def _potential(task: Task) -> Outcome:
    """Learn the potential, by whatever basis, and extract its law."""
    asked = task.asked
    particles = Particles(task.system, task.dimension)
    if asked.recipe == "report":
        fit = learn_by_report(
            particles,
            task.samples,
            external=not asked.knows_external,
            seed=asked.seed,
            steps=asked.steps,
            watch=task.watch,
            checkpoint=task.checkpoint,
        )
    else:
        fit = learn(
            particles,
            task.samples,
            asked.training_model,
            window=task.system.window(asked.window),
            seed=asked.seed,
            iterations=asked.steps,
            watch=task.watch,
            checkpoint=task.checkpoint,
        )
    law = extract(fit, task.candidates(), asked.terms)
    couplings = reading.couplings(fit, task.system.window(asked.window))
    held_out = task.held_out
    notes = [
        _error(relative_error(fit.acceleration(held_out.q), held_out)),
        *reading.words(couplings),
    ]
    files = {
        runs.WEIGHTS: fit.potential.to_bytes(),
        runs.PICTURE: plots.accelerations(fit, held_out),
        **reading.files(couplings),
    }
    return Outcome(law, fit, tuple(notes), files)


def _general(task: Task) -> Outcome:
    """Learn L(q, q̇), then the law of its forces, and say what the data leave open."""
    fit = learn_lagrangian(
        task.system,
        task.samples,
        seed=task.asked.seed,
        iterations=task.asked.steps,
        watch=task.watch,
        checkpoint=task.checkpoint,
    )
    law = extract(Forces.of_lagrangian(fit, task.dimension), task.candidates(), task.asked.terms)
    held_out = task.held_out
    predicted = fit.acceleration(held_out.q, held_out.qd)
    masses = ", ".join(f"{mass:.8g}" for mass in fit.masses)
    notes = (
        _error(relative_error(predicted, held_out)),
        f"masses {masses} in units of the first; |M - diag(m)| = {fit.anisotropy:.1e} on average",
        *reading.freedom(fit),
    )
    files = {
        runs.WEIGHTS: fit.potential.to_bytes(),
        runs.PICTURE: plots.accelerations(fit, held_out),
    }
    return Outcome(law, fit, notes, files)


def _error(error: float) -> str:
    return f"accelerations of {HELD_OUT} samples held out: relative error {error:.1e}"


FITTERS: Mapping[str, Callable[[Task], Outcome]] = {
    "exact": _exact,
    "polynomial": _potential,
    "coupling": _potential,
    "neural": _potential,
    "general": _general,
}
