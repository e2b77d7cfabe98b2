"""fit(): from a system or from measured trajectories to the law, in one call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import systems
from interpret import runs
from interpret.comparison import Comparison, compare
from interpret.invariants import discover
from interpret.keeping import kept
from interpret.law import Law
from interpret.library import Library
from interpret.prediction import held_out
from interpret.provenance import provenance
from interpret.refinement import refine
from interpret.regression import regress
from interpret.run import Run
from interpret.samples import Samples, probe
from interpret.seeds import another
from interpret.told_run import ToldRun
from systems import FiniteVolume, InputError, Known, Supervised, System, Trajectories
from systems.expressions import parse_assignments
from training.features import Features
from training.fit import Fit
from training.preparation import VERLET
from training.settings import Settings
from training.trainer import train
from training.watch import Watch

ADVICE = "to learn it on a distance, say, give --features 'r=sqrt(x**2+y**2)'"


@dataclass(frozen=True)
class Motion:
    """What is fitted: the system (its truth unread), its trajectories and where they come from."""

    system: System
    trajectories: Trajectories
    dataset: str | None
    seed: int

    @property
    def measured(self) -> bool:
        """Whether there is no truth but the data."""
        return self.system.potential is None


def fit(
    source: str | Known | Trajectories,
    *,
    dataset: str | None = None,
    features: str | Mapping[str, Any] = "auto",
    library: str | Library | None = None,
    threshold: float | None = None,
    optimizer: str = "path",
    noise: float = 0.0,
    recipe: str = "default",
    seed: int = 0,
    device: str = "cpu",
    steps: int | None = None,
    name: str | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    progress: Watch | None = None,
    model: str | None = None,
    window: str | None = None,
    samples: int | None = None,
    trap: str = "auto",
    terms: int = 4,
    descent: str | None = None,
    orders: int = 3,
    scale: str = "default",
) -> Run | ToldRun:
    """Get or take the motion, learn its potential, read the law off it, refine, compare.

    source     a system's name (or a Python file with a SYSTEM), a System, or Trajectories
    dataset    one of the system's data sets; its first by default
    features   "auto": found from the data where there are several coordinates; "given": the
               system's own; "none": the coordinates; or "r=sqrt(x**2+y**2)"
    library    candidates: expressions, a named library, a Library; the system's own by default
    threshold  STLSQ's threshold; by default the whole threshold path and the plateau rule
    optimizer  "path", or PySINDy's "stlsq", "sr3", "ssr"
    noise      white noise added to every channel, as a fraction of its standard deviation
    recipe     "default", "mlp" (fully trained), "paper" (H. S. Bhat's own)
    seed       of the data, of the noise and of the network
    steps      most iterations of the training (the paper's own number for "paper")
    name       what measured trajectories are called in print; "data" by default
    out        folder to save the run in; None: not saved
    resume     folder of an interrupted run to go on from

    Of systems with windows of phase space, see `interpret.lagrangians.pipeline.Asked`:
    model      "exact", "polynomial" (the default there), "coupling", "neural" or "general"
    window     where samples are drawn; samples: how many
    trap       the external potential: "known", "unknown" or "auto"; terms: most terms of a law
    descent    of the exact model, a descent beside the solve

    Of "born": samples, and how many orders of the series to read off. Of "luescher": samples, the
    model "neural" or "structured", features "grid" or "raw", and the scale "default" or "slides".

    Raises InputError, one sentence saying what happened and what to try. The truth of the system
    is read by ``compare`` alone.

    >>> print(fit("oscillator").law.expr)
    q**2/2
    """
    if not isinstance(source, Trajectories):
        system = systems.lookup(source) if isinstance(source, str) else source
        if isinstance(system, Supervised | FiniteVolume):
            from interpret.maps import fit_map

            asked = {
                "dataset": dataset,
                "window": window,
                "features": features,
                "library": library,
                "threshold": threshold,
                "optimizer": optimizer,
                "noise": noise,
                "recipe": recipe,
                "seed": seed,
                "device": device,
                "steps": steps,
                "model": model,
                "samples": samples,
                "trap": trap,
                "terms": terms,
                "descent": descent,
                "orders": orders,
                "scale": scale,
            }
            return fit_map(system, asked, out=out, resume=resume, watch=progress)
        if model is not None or window is not None or (system.windows and not system.datasets):
            from interpret.lagrangians.pipeline import Asked, fit_window

            _refuse_unused(threshold=threshold, optimizer=optimizer, dataset=dataset)
            sought = Asked(
                model=model or "polynomial",
                window=window,
                count=samples,
                noise=noise,
                form=str(features),
                external=trap,
                descent=descent,
                recipe=recipe,
                terms=terms,
                seed=seed,
                steps=steps,
            )
            return fit_window(
                system, sought, library=library, out=out, resume=resume, watch=progress
            )
        source = system
    motion = _motion(source, dataset, noise, seed, name)
    settings = Settings(recipe=recipe, seed=seed, device=device, iterations=steps)
    wanted = Wanted(features, library, threshold, optimizer, noise)
    return _fit_motion(motion, settings, wanted, out, resume, progress)


@dataclass(frozen=True)
class Wanted:
    """What is asked of the law: its variables, its candidates and how they are chosen."""

    features: str | Mapping[str, Any]
    library: str | Library | None
    threshold: float | None
    optimizer: str
    noise: float


def _fit_motion(
    motion: Motion,
    settings: Settings,
    wanted: Wanted,
    out: str | Path | None,
    resume: str | Path | None,
    progress: Watch | None,
) -> Run:
    """Learn the potential behind trajectories, read the law off it, refine, compare."""
    started = time.perf_counter()
    chosen, note = _features(motion, wanted.features)
    with kept(out, resume) as checkpoint:
        learned = train(
            motion.system,
            motion.trajectories,
            settings,
            features=chosen,
            watch=progress,
            checkpoint=checkpoint,
        )
    samples = _samples(learned, settings.recipe)
    candidates = _library(wanted.library, motion.system, samples)
    law = _law(samples, candidates, wanted.threshold, wanted.optimizer, settings.recipe)
    law = replace(law, dataset=motion.dataset, seed=motion.seed)
    comparison = _compare(law, motion)
    notes = [note, _integrator(samples)]
    if motion.measured:
        notes.append(_prediction(law, samples, settings))
    asked = {
        "source": motion.system.name,
        "features": str(wanted.features),
        "library": [str(candidate) for candidate in candidates],
        "threshold": wanted.threshold,
        "optimizer": wanted.optimizer,
        "noise": wanted.noise,
        **settings.to_dict(),
    }
    run = Run(
        law=law,
        comparison=comparison,
        fit=learned,
        settings=asked,
        seconds=time.perf_counter() - started,
        iterations=learned.iterations,
        neurons=learned.neurons,
        notes=tuple(sentence for sentence in notes if sentence),
        path=None if out is None else Path(out),
        provenance=provenance(seed=motion.seed, digest=motion.trajectories.digest()),
    )
    if out is not None:
        run.save(out)
        (Path(out) / runs.CHECKPOINT).unlink(missing_ok=True)
    return run


def _refuse_unused(threshold: float | None, optimizer: str, dataset: str | None) -> None:
    """Say what a model of phase-space samples has no use for."""
    if threshold is not None or optimizer != "path":
        raise InputError(
            "all small sets of candidates are tried here; leave out the threshold and the "
            "optimizer."
        )
    if dataset is not None:
        raise InputError("this is learned from a window, not from a data set; leave that out.")


def _motion(
    source: str | System | Trajectories,
    dataset: str | None,
    noise: float,
    seed: int,
    name: str | None,
) -> Motion:
    """Draw or take the trajectories; add the noise asked for."""
    if isinstance(source, Trajectories):
        if dataset is not None:
            raise InputError("measured trajectories have no data sets; leave out the dataset")
        system, trajectories = System.observed(source, name or "data"), source
    else:
        system = systems.get(source) if isinstance(source, str) else source
        trajectories = system.sample(dataset, seed)
        dataset = dataset or next(iter(system.datasets))
    if noise:
        # Another stream than the data's own: equal seeds must not give equal numbers.
        trajectories = trajectories.with_noise(noise, another(seed))
    return Motion(system, trajectories, dataset, seed)


def _features(motion: Motion, asked: str | Mapping[str, Any]) -> tuple[Features, str]:
    """What the potential is taken to be a function of, and a sentence when it was found."""
    coordinates = motion.trajectories.coordinates
    if not isinstance(asked, str):
        return Features.of(coordinates, asked), ""
    if asked == "auto":
        found = discover(motion.trajectories)
        if found.features.trivial and motion.system.features:
            own = Features.of(coordinates, motion.system.features)
            return own, f"{found.reason}; the system's own features are used"
        if found.features.trivial and len(coordinates) > 1:
            return found.features, f"{found.reason}; {ADVICE}"
        return found.features, found.reason if len(coordinates) > 1 else ""
    if asked == "given":
        return Features.of(coordinates, motion.system.features), ""
    if asked == "none":
        return Features.identity(coordinates), ""
    if "=" not in asked:
        raise InputError(
            f"--features {asked!r} is neither auto, given, none nor a definition such as "
            "r=sqrt(x**2+y**2)"
        )
    return Features.of(coordinates, parse_assignments(asked)), ""


def _samples(learned: Fit, recipe: str) -> Samples:
    if recipe == "paper":
        from interpret.paper import probe_paper

        return probe_paper(learned)
    return probe(learned)


def _library(asked: str | Library | None, system: System, samples: Samples) -> Library:
    """The candidates asked for, else the system's own, else powers of whatever there is."""
    if isinstance(asked, Library):
        return asked
    names = samples.features.names
    if asked is not None:
        return Library.parse(asked, names, samples.domain)
    if system.candidates:
        own = Library.of(system)
        if set(own.variables) <= set(names):
            return own
    return Library.default(samples.domain)


def _law(
    samples: Samples, library: Library, threshold: float | None, optimizer: str, recipe: str
) -> Law:
    if recipe == "paper":
        from interpret.paper import regress_paper

        return regress_paper(samples, library, threshold)
    law = regress(samples, library, threshold, optimizer)
    return refine(law, samples, select=threshold is None and optimizer == "path")


def _integrator(samples: Samples) -> str:
    """A sentence about Störmer-Verlet data, whose forces are read off in their own way."""
    if samples.prepared.integrator != VERLET:
        return ""
    return "the data bear Störmer–Verlet's fingerprint: their second differences are its forces"


def _prediction(law: Law, samples: Samples, settings: Settings) -> str:
    """Measured motion has no truth to compare with: how well is its last tenth predicted?"""
    if law.verdict == "not in the library" or samples.prepared.drift:
        return ""
    try:
        found = held_out(law, samples, settings)
        return f"the last tenth of every trajectory, held out, is {found}"
    except InputError as error:
        return f"the last tenth of the data could not be predicted: {error}"


def _compare(law: Law, motion: Motion) -> Comparison | None:
    if motion.measured:
        return None
    return compare(law, motion.system)
