"""How good predicted levels are, whoever predicts them: held out, unseen, or of no model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from interpret.luescher.constant import ConstantShifts
from interpret.luescher.scores import Score
from systems.boxes import FiniteVolume
from systems.finite_volume import luescher_levels, phase
from systems.finite_volume.level_samples import LevelSamples
from training.levels.network import LevelNetwork
from training.levels.structured import KinematicPhase
from training.stencils import Array

CONSTANT = "constant δ"

Predict = Callable[[Array, Array], Array]
"""Phases (n, K) and boxes (n,) to levels (n, count) in MeV, NaN where there is none."""


def predictors(
    network: LevelNetwork | None, curve: KinematicPhase, energies: Array
) -> dict[str, Predict]:
    """What predicts levels: the network, if any, the structured model, and Lüscher's formula.

    `energies` (K,) in MeV are those that phase shifts are tabled at.
    """

    def by(kinematic: Callable[[Array], Array]) -> Predict:
        return lambda phases, boxes: luescher_levels(energies, phases, boxes, kinematic=kinematic)

    named: dict[str, Predict] = {} if network is None else {"network": network}
    return named | {"structured model": by(curve), "Lüscher's formula": by(phase)}


def scored(
    predict: Predict,
    levels: Mapping[str, Array],
    system: FiniteVolume,
    held_out: Mapping[str, LevelSamples],
) -> dict[str, Score]:
    """How good the `levels` that are predicted of every model are, and those of constant δ."""
    first = next(iter(held_out.values()))
    scores = {}
    for model, samples in held_out.items():
        what = f"{model} unseen" if model in system.unseen else f"{model} held out"
        scores[what] = _score(levels[model], samples.levels)
    constant = ConstantShifts.of(first.energies)
    scores[CONSTANT] = _score(predict(constant.phases, constant.boxes), constant.levels)
    return scores


def _score(levels: Array, truth: Array) -> Score:
    """Of levels n >= 1 alone where the lowest, below threshold, is none of the map's."""
    above = np.isfinite(levels[:, 0]).all()
    return Score.of(levels, truth) if above else Score.of(levels[:, 1:], truth[:, 1:])


def predicted(predict: Predict, samples: LevelSamples) -> Array:
    """The levels (n, count) in MeV that are predicted of all the samples."""
    return predict(samples.phases[samples.system], samples.boxes)


def score_table(scores: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """One line for each predictor: the root mean square error, and the part within 1 MeV."""
    columns = list(next(iter(scores.values())))
    lines = [f"{'rms MeV, within 1 MeV':24s}" + "".join(f"{name:22s}" for name in columns)]
    for name, each in scores.items():
        cells = (f"{score.rms:.2g}  {100 * score.close:.2f} %" for score in each.values())
        lines.append(f"{name:24s}" + "".join(f"{cell:22s}" for cell in cells))
    return [line.rstrip() for line in lines]
