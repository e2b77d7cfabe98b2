"""From levels in boxes to Lüscher's formula: train on two models, ask a third, read the law."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from interpret import runs
from interpret.keeping import kept
from interpret.luescher.data import LevelStore
from interpret.luescher.judging import predicted, predictors, score_table, scored
from interpret.luescher.large_boxes import large_boxes
from interpret.luescher.plots import picture
from interpret.luescher.reading import Reading, read
from interpret.provenance import provenance
from interpret.seeds import another
from interpret.told_run import ToldRun
from systems.boxes import FiniteVolume
from systems.errors import InputError, nearest
from systems.finite_volume.level_samples import LevelSamples
from systems.finite_volume.points import LevelPoints
from training.checkpoint import Checkpoint
from training.device import choose
from training.levels.inputs import KINDS
from training.levels.network import LevelNetwork, LevelSettings, learn_levels
from training.levels.structured import KinematicPhase, learn_phase
from training.stencils import Array
from training.watch import Watch

KIND = "luescher"
HELD_OUT = 0.2
"""Systems held out of every model, as a part of those that are learned from."""

FEWEST_HELD_OUT = 20
PICTURE = "levels.png"
MODELS = ("neural", "structured")


@dataclass(frozen=True)
class Scale:
    """How large a training is: systems of each model (None: the problem's own), and its steps."""

    count: int | None
    settings: LevelSettings


SCALES: Mapping[str, Scale] = {
    "default": Scale(None, LevelSettings()),
    # 4e4 epochs of 2500 systems of two models in ten boxes each: for a GPU.
    "slides": Scale(2500, LevelSettings(batch=10_000, steps=200_000)),
}


@dataclass(frozen=True)
class AskedLevels:
    """What a fit of levels in boxes was asked for.

    model     "neural", a network of everything, or "structured", one curve φ with φ + δ = nπ
    inputs    of the network: "grid", δ at fixed kL/2π, or "raw", the table of δ(E) and L
    samples   systems of each model; the problem's own number by default
    noise     on the levels that are learned from, as a fraction of each level's spread
    scale     "default", or "slides" for the size of the paper's training
    steps     of the training
    """

    model: str = "neural"
    inputs: str = "grid"
    samples: int | None = None
    noise: float = 0.0
    scale: str = "default"
    steps: int | None = None
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        for what, value, known in (
            ("model", self.model, MODELS),
            ("scale", self.scale, tuple(SCALES)),
            ("inputs", self.inputs, KINDS),
        ):
            if value not in known:
                raise InputError(
                    f"levels in boxes have the {what} {' or '.join(known)}, not {value!r}."
                    f"{nearest(value, known)}"
                )
        if not 0 <= self.noise < np.inf:
            raise InputError(f"the noise is a fraction such as 0.01, not {self.noise}.")
        # Refused now, not after the data are drawn.
        choose(self.device)


def fit_luescher(
    system: FiniteVolume,
    asked: AskedLevels | None = None,
    *,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    watch: Watch | None = None,
) -> ToldRun:
    """Learn levels of the trained models, and read the law off what is predicted for the unseen.

    The levels that are learned from come from the Hamiltonian in a box; Lüscher's formula is read
    by the comparison alone. Held-out levels of every model, and constant phase shifts, which no
    model has, tell how good the map is.

    Raises InputError, one sentence saying what happened and what to try.
    """
    started = time.perf_counter()
    asked = asked or AskedLevels()
    with kept(out, resume) as checkpoint:
        folder = None if out is None and resume is None else Path(out or str(resume))
        data = _drawn(LevelStore(system, folder, watch), asked)
        found = _learned(data, asked, watch, checkpoint)
    predictions = predictors(found.network, found.phase, data.energies)
    told = {
        name: {model: predicted(predict, part) for model, part in data.held_out.items()}
        for name, predict in predictions.items()
    }
    scores = {
        name: scored(predict, told[name], system, data.held_out)
        for name, predict in predictions.items()
    }
    name, levels = next(iter(told.items()))
    points = [LevelPoints.of(data.held_out[model], levels[model]) for model in system.unseen]
    reading = read(LevelPoints.joined(points), large_boxes(system, asked.seed), asked.seed)
    errors = {model: levels[model] - part.levels for model, part in data.held_out.items()}
    unseen = ", ".join(system.unseen)
    seconds = time.perf_counter() - started
    run = ToldRun(
        KIND,
        (
            f"{system.name}   E_n(δ, L) by {len(data.trained[0])} sets of levels of each of "
            f"{' and '.join(system.trained)}; {unseen} unseen",
            *score_table(scores),
            f"read off the levels that the {name} predicts of {unseen}:",
            *reading.lines(),
            _cost(found, seconds),
        ),
        {
            "system": system.name,
            "scores": {
                name: {what: score.to_json() for what, score in each.items()}
                for name, each in scores.items()
            },
            **reading.to_json(),
            "seconds": seconds,
        },
        {"source": system.name, **asdict(asked), "parameters": dict(system.parameters)},
        provenance(seed=asked.seed, digest=data.trained[0].digest()),
        {**_files(found), PICTURE: picture(errors, reading)},
        replace(found, reading=reading),
        folder,
    )
    if out is not None:
        run.save(out)
        (Path(out) / runs.CHECKPOINT).unlink(missing_ok=True)
    return run


@dataclass(frozen=True, eq=False)
class Data:
    """Levels to learn from, one set for each trained model, and held-out ones of all models."""

    trained: list[LevelSamples]
    held_out: dict[str, LevelSamples]

    @property
    def energies(self) -> Array:
        """Where phase shifts are tabled, (K,) in MeV."""
        return self.trained[0].energies


def _drawn(store: LevelStore, asked: AskedLevels) -> Data:
    system = store.system
    count = asked.samples or SCALES[asked.scale].count or system.count
    few = max(FEWEST_HELD_OUT, round(HELD_OUT * count))
    trained = [store.levels(model, asked.seed, count) for model in system.trained]
    held_out = {model: store.levels(model, another(asked.seed), few) for model in system.models}
    return Data([_with_noise(part, asked.noise, asked.seed) for part in trained], held_out)


@dataclass(frozen=True, eq=False)
class LearnedLevels:
    """The network, where one was asked for, the structured model's curve, and what they say."""

    network: LevelNetwork | None
    phase: KinematicPhase
    reading: Reading | None = None


def _learned(
    data: Data, asked: AskedLevels, watch: Watch | None, checkpoint: Checkpoint
) -> LearnedLevels:
    curve = learn_phase(data.trained)
    if asked.model == "structured":
        return LearnedLevels(None, curve)
    settings = SCALES[asked.scale].settings
    if asked.steps is not None:
        settings = replace(settings, steps=asked.steps)
    network = learn_levels(
        data.trained,
        kind=asked.inputs,
        settings=settings,
        seed=asked.seed,
        device=asked.device,
        watch=watch,
        checkpoint=checkpoint,
    )
    return LearnedLevels(network, curve)


def _with_noise(samples: LevelSamples, fraction: float, seed: int) -> LevelSamples:
    if not fraction:
        return samples
    rng = np.random.default_rng(another(seed))
    noise = rng.standard_normal(samples.levels.shape) * samples.levels.std(axis=0)
    return replace(samples, levels=samples.levels + fraction * noise)


def _cost(found: LearnedLevels, seconds: float) -> str:
    if found.network is None:
        return f"{seconds:.1f} s"
    return f"{seconds:.1f} s, {found.network.neurons} neurons, shown {found.network.inputs.kind}"


def _files(found: LearnedLevels) -> dict[str, runs.Content]:
    """The weights of both models, and the loss along the training."""
    state = found.phase.state()
    history: list[float] = []
    if found.network is not None:
        state["network"] = found.network.state()
        history = list(found.network.history)
    stream = io.BytesIO()
    torch.save(state, stream)
    return {runs.WEIGHTS: stream.getvalue(), runs.HISTORY: {"loss": history}}
