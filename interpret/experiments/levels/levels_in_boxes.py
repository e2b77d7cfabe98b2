"""From levels in boxes to Lüscher's formula: learn from some models, ask another, read the law."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, cast

from interpret.experiments.levels import Levels
from interpret.experiments.levels.store import LevelStore, LevelStudy
from interpret.experiments.verbs import (
    Findings,
    Fit,
    as_concluded,
    as_read,
    by_reading,
    noisy,
    traced,
    whole,
)
from interpret.judge.certificate import Certificate
from interpret.judge.predicted_levels import certify_levels
from interpret.keep.session import Session
from interpret.laws.comparison import Comparison
from interpret.laws.law import Law
from interpret.laws.poles import Poles
from interpret.pictures.picture import Picture
from interpret.pictures.spectra import level_numbers
from interpret.reading.poles.common_error import Witnesses
from interpret.reading.poles.judging import (
    CONSTANT,
    by_curve,
    predicted,
    predictors,
    score_table,
    scored,
)
from interpret.reading.poles.large_boxes import large_boxes
from interpret.reading.poles.level_reading import Reading
from interpret.reading.poles.level_reading import read as read_levels
from systems.physics.finite_volume.level_samples import LevelSamples
from systems.physics.finite_volume.points import LevelPoints
from systems.problem import Problem, Samples
from systems.seeds import other_stream
from training.device import choose
from training.learn.learned import Learned
from training.learn.levels.level_network import LevelNetwork, LevelSettings, learn_levels
from training.learn.levels.structured import KNOTS, KinematicPhase, learn_phase
from training.prepare.stencils import Array

HELD_OUT: Final = 0.2
"""Systems held out of every model, as a part of those that are learned from."""

FEWEST_HELD_OUT: Final = 20

LEVELS_A_KNOT: Final = 8
"""So many levels for every knot of the curve of one model alone, if it has few."""


@dataclass(frozen=True)
class Scale:
    """How large a training is: systems of each model (None: the problem's own), and its steps."""

    count: int | None
    settings: LevelSettings


SCALES: Final[Mapping[str, Scale]] = {
    "default": Scale(None, LevelSettings()),
    # 4e4 epochs of 2500 systems of two models in ten boxes each: for a GPU.
    "slides": Scale(2500, LevelSettings(batch=10_000, steps=200_000, rate=2e-3)),
}


@dataclass(frozen=True, eq=False)
class LearnedLevels(Learned):
    """The network, where one was asked for, and the structured model's curve.

    `alone` are the curves that each part of the data gives alone; they are not kept in files.
    """

    network: LevelNetwork | None
    phase: KinematicPhase
    alone: tuple[KinematicPhase, ...] = ()

    @property
    def iterations(self) -> int:
        """Steps of the network's training."""
        return 0 if self.network is None else self.network.steps

    @property
    def neurons(self) -> int:
        """Hidden units of the network."""
        return 0 if self.network is None else self.network.neurons

    @property
    def history(self) -> tuple[float, ...]:
        """The loss along the network's training, in MeV²."""
        return () if self.network is None else self.network.history

    def state(self) -> dict[str, Any]:
        """Both as plain values and tensors."""
        network = {} if self.network is None else {"network": self.network.state()}
        return {**self.phase.state(), **network}


@dataclass(frozen=True, repr=False)
class LevelFit(Fit[Levels, LearnedLevels]):
    """A fit whose levels are predicted, and whose law is read off them, once."""

    @cached_property
    def predicted(self) -> dict[str, dict[str, Array]]:
        """By each predictor, the levels of every model that were held out."""
        study = cast(LevelStudy, self.samples)
        by = predictors(self.learned.network, self.learned.phase, study.energies)
        return {
            name: {model: predicted(predict, part) for model, part in study.held_out.items()}
            for name, predict in by.items()
        }

    @cached_property
    def reading(self) -> Reading:
        """What the predicted levels say, with poles of large boxes beside."""
        levels = next(iter(self.predicted.values()))
        points = _points(self, levels, _asked(self))
        seed = self.options.seed
        return read_levels(points, large_boxes(self.problem, seed), seed, _witnesses(self))


def settled(problem: Problem, samples: Samples | None, options: Levels) -> Levels:
    """A network of the grid, on the CPU; a missing device is refused before data are drawn."""
    learn = options.learn or "neural"
    if learn == "structured":
        return replace(options, learn=learn)
    chosen = replace(
        options,
        learn=learn,
        inputs=options.inputs or "grid",
        scale=options.scale or "default",
        device=options.device or "cpu",
    )
    choose(str(chosen.device))
    return chosen


def draw(problem: Problem, options: Levels, session: Session) -> Samples:
    """Levels of the models that are learned from, and fewer of every model to be held out."""
    scale = SCALES[options.scale or "default"]
    count = options.samples or scale.count
    store = LevelStore(problem, session)
    names = [name for name, dataset in problem.datasets.items() if not dataset.unseen]
    trained = {name: store.levels(name, options.seed, count) for name in names}
    systems = len(trained[names[0]].phases)
    few = max(FEWEST_HELD_OUT, round(HELD_OUT * systems))
    seed = other_stream(options.seed)
    held_out = {name: store.levels(name, seed, few) for name in problem.datasets}
    return noisy(LevelStudy(trained, held_out), options)


def learn(problem: Problem, samples: Samples, options: Levels, session: Session) -> LevelFit:
    """The structured model's curve, and a network where one is asked for."""
    study = cast(LevelStudy, samples)
    parts = list(study.trained.values())
    learned = LEARNERS[str(options.learn)](parts, options, session)
    return LevelFit(problem, samples, options, learned)


def read(fit: LevelFit) -> tuple[Law, ...]:
    """Lüscher's formula, read off the levels that are predicted of the models asked for."""
    return traced(fit.reading.laws, fit.options.dataset, fit.options.seed)


# The samples say nothing of the levels that the law was read off.
refine = as_read
reconsidered = as_concluded
compared = whole


def judge(law: Law, fit: LevelFit) -> Certificate:
    """The checks of the integers; the constants come of exact levels, not of those predicted."""
    if law.form != Poles():
        return by_reading(law, fit)
    study = cast(LevelStudy, fit.samples)
    known = {model: study.held_out[model] for model in study.trained}
    by = predictors(fit.learned.network, fit.learned.phase, study.energies)
    predict = next(iter(by.values()))
    levels = {model: predicted(predict, part) for model, part in known.items()}
    scores = scored(predict, levels, fit.problem, known)
    del scores[CONSTANT]
    return certify_levels(law, scores)


def findings(fit: LevelFit, laws: Sequence[Law], comparisons: Sequence[Comparison]) -> Findings:
    """How good levels are that were held out, of every model, and those of constant δ."""
    study = cast(LevelStudy, fit.samples)
    found = fit.reading
    told = fit.predicted
    by = predictors(fit.learned.network, fit.learned.phase, study.energies)
    scores = {
        name: scored(predict, told[name], fit.problem, study.held_out)
        for name, predict in by.items()
    }
    first = next(iter(told))
    asked = ", ".join(_asked(fit))
    missed = {model: told[first][model] - part.levels for model, part in study.held_out.items()}
    notes = (
        f"E_n(δ, L) by {len(study)} sets of levels of {' and '.join(study.trained)}; the laws are "
        f"read off the levels that the {first} predicts of {asked}",
        *score_table(scores),
        str(found.collapse),
    )
    numbers = {
        "scores": {
            name: {what: score.to_json() for what, score in each.items()}
            for name, each in scores.items()
        },
        **found.to_json(),
    }
    drawn = level_numbers(missed, found.points, found.table)
    return Findings(notes, numbers, Picture("levels", drawn).files())


def _witnesses(fit: LevelFit) -> Witnesses:
    """What curves of parts of the data say, and of a network, what the structured model does."""
    study = cast(LevelStudy, fit.samples)
    asked = _asked(fit)
    first, *others = list(fit.predicted.values())
    curve = others[0] if fit.learned.network is not None else first
    alone = [
        {model: predicted(by_curve(each, study.energies), study.held_out[model]) for model in asked}
        for each in fit.learned.alone
    ]
    models = study.held_out if fit.learned.network is not None else ()
    return Witnesses(
        whole=_points(fit, curve, asked),
        parts=[_points(fit, each, asked) for each in alone],
        pairs=[(_points(fit, first, [one]), _points(fit, curve, [one])) for one in models],
    )


def _points(fit: LevelFit, levels: Mapping[str, Array], models: Sequence[str]) -> LevelPoints:
    """The levels predicted of these models, as points."""
    held_out = cast(LevelStudy, fit.samples).held_out
    return LevelPoints.joined([LevelPoints.of(held_out[name], levels[name]) for name in models])


def _by_curve(parts: Sequence[LevelSamples], options: Levels, session: Session) -> LearnedLevels:
    return LearnedLevels(None, learn_phase(parts), _alone(parts))


def _alone(parts: Sequence[LevelSamples]) -> tuple[KinematicPhase, ...]:
    """The curve of each model alone; of the halves of its systems where there is but one."""
    if len(parts) == 1:
        (only,) = parts
        odd = only.system % 2 == 1
        parts = [only[odd], only[~odd]]
    fewest = min(len(part.levels) for part in parts) * parts[0].levels.shape[1]
    return tuple(learn_phase([part], min(KNOTS, fewest // LEVELS_A_KNOT)) for part in parts)


def _by_network(parts: Sequence[LevelSamples], options: Levels, session: Session) -> LearnedLevels:
    # First, because it takes a moment, and refuses levels that are too few.
    phase = learn_phase(parts)
    settings = SCALES[str(options.scale)].settings
    if options.steps is not None:
        settings = replace(settings, steps=options.steps)
    network = learn_levels(
        parts,
        kind=options.inputs or "grid",
        settings=settings,
        seed=options.seed,
        device=options.device or "cpu",
        monitor=session.monitor,
    )
    return LearnedLevels(network, phase, _alone(parts))


LEARNERS: Final[
    Mapping[str, Callable[[Sequence[LevelSamples], Levels, Session], LearnedLevels]]
] = {"neural": _by_network, "structured": _by_curve}


def _asked(fit: LevelFit) -> list[str]:
    """The models whose levels the law is read off."""
    if fit.options.dataset is not None:
        return [fit.options.dataset]
    return [name for name, dataset in fit.problem.datasets.items() if dataset.unseen]
