"""How good predicted levels are, whoever predicts them: held out, unseen, or of no model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from interpret.laws.tables import aligned
from interpret.reading.poles.constant import ConstantShifts
from interpret.reading.poles.scores import Score
from systems.physics.finite_volume import luescher_levels, phase
from systems.physics.finite_volume.level_samples import LevelSamples
from systems.physics.finite_volume.models import Array
from systems.problem import Problem
from training.learn.levels.level_network import LevelNetwork
from training.learn.levels.structured import KinematicPhase

CONSTANT = "constant δ"

Predict = Callable[[Array, Array], Array]
"""Phases (n, K) and boxes (n,) to levels (n, count) in MeV, NaN where there is none."""


def predictors(
    network: LevelNetwork | None, curve: KinematicPhase, energies: Array
) -> dict[str, Predict]:
    """What predicts levels: the network, if any, the structured model, and Lüscher's formula.

    `energies` (K,) in MeV are those that phase shifts are tabled at.
    """

    named: dict[str, Predict] = {} if network is None else {"network": network}
    by: dict[str, Callable[[Array], Array]] = {
        "structured model": curve,
        "Lüscher's formula": phase,
    }
    return named | {name: by_curve(kinematic, energies) for name, kinematic in by.items()}


def by_curve(kinematic: Callable[[Array], Array], energies: Array) -> Predict:
    """Levels with φ(q) + δ = nπ by a curve φ."""
    return lambda phases, boxes: luescher_levels(energies, phases, boxes, kinematic=kinematic)


def scored(
    predict: Predict,
    levels: Mapping[str, Array],
    system: Problem,
    held_out: Mapping[str, LevelSamples],
) -> dict[str, Score]:
    """How good the `levels` that are predicted of every model are, and those of constant δ."""
    first = next(iter(held_out.values()))
    scores = {}
    for model, samples in held_out.items():
        what = f"{model} unseen" if system.datasets[model].unseen else f"{model} held out"
        scores[what] = _score(levels[model], samples.levels)
    constant = ConstantShifts.of(first.energies)
    scores[CONSTANT] = _score(predict(constant.phases, constant.boxes), constant.levels)
    return scores


def _score(levels: Array, truth: Array) -> Score:
    """Of levels n >= 1 alone where the lowest, below threshold, is none of the map's."""
    above = np.isfinite(levels[:, 0]).all()
    return Score.of(levels, truth) if above else Score.of(levels[:, 1:], truth[:, 1:])


def predicted(predict: Predict, samples: LevelSamples) -> Array:
    """The levels (n, count) in MeV that are predicted of all the samples, by system and box."""
    return predict(samples.phases[samples.system], samples.boxes)


def score_table(scores: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """One line for each predictor: the root mean square error, and the part within 1 MeV.

    >>> print("\\n".join(score_table({"network": {"B": Score(9, 0, 0.1, 0.1, 0.1, 0.2, 1.0)}})))
    rms MeV, within 1 MeV   B
    network                 0.1  100.00 %
    """
    rows = [["rms MeV, within 1 MeV", *next(iter(scores.values()))]]
    for name, each in scores.items():
        cells = (f"{score.rms:.2g}  {100 * score.close:.2f} %" for score in each.values())
        rows.append([name, *cells])
    return aligned(rows)
