"""Checkpoints and weights, their bytes damaged or other things inside: read, and gone on from."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from systems.expressions import parse
from systems.samples.values import ValueSamples
from tests.fuzz.harness import Target
from tests.fuzz.mutations import changed_bytes, changed_tree, plain
from training.bases.chebyshev import Chebyshev
from training.bases.network import glorot
from training.bases.ridge import RidgeFunctions
from training.features import Features
from training.optimise.checkpoint import Checkpoint
from training.optimise.gradient import descend
from training.optimise.held_out import HeldOut
from training.optimise.outer_loop import Outer
from training.optimise.projection import Reduced
from training.optimise.rules import cosine_adamw
from training.optimise.watch import Monitor
from training.potential import Potential
from training.recipes.paper_series import perturb_by_paper
from training.rows.values import ValueRows

FILE = Path("kept.pt")
X = np.linspace(0.1, 1.0, 24)[:, None]
SAMPLES = ValueSamples(X, X[:, 0] ** 2, np.ones(24))
ROWS = ValueRows.of(SAMPLES.x, SAMPLES.y, SAMPLES.scale)
REDUCED = Reduced([ROWS], [1.0], 1e-8)
START = RidgeFunctions.start(1, 3, "softplus", seed=0, biased=True, linear=False)


def _outer(monitor: Monitor) -> None:
    held_out = HeldOut(REDUCED, ROWS)
    Outer(3, 1e-12, monitor, warm=2, held_out=held_out).train(START, REDUCED)


def _gradient(monitor: Monitor) -> None:
    descend(
        lambda weights, step: [weights.square().sum()],
        torch.ones(3),
        cosine_adamw(0.01, 10, 2),
        3,
        monitor,
    )


def _paper(monitor: Monitor) -> None:
    perturb_by_paper(SAMPLES, epochs=1, monitor=monitor)


class _Stopped(Exception):
    """Ends a training that is to be gone on from."""


class _AfterOne:
    """Ends a training after its first step."""

    def update(self, step: int, total: int, loss: float | None) -> None:
        raise _Stopped


def _kept(train: Callable[[Monitor], None]) -> bytes:
    """The checkpoint of a training that was stopped after a step."""
    checkpoint = Checkpoint()
    with suppress(_Stopped):
        train(Monitor(_AfterOne(), checkpoint))
    progress = checkpoint.progress
    assert progress is not None, "the training was kept"
    return _bytes(vars(progress) | {"history": list(progress.history)})


def _bytes(content: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream)
    return stream.getvalue()


def _go_on(train: Callable[[Monitor], None]) -> None:
    train(Monitor(None, replace(Checkpoint.read(FILE), path=None)))


def _load() -> None:
    potential = Potential.load(FILE)
    potential(np.ones((2, len(potential.features.coordinates))))


def _weights(basis: Any, features: Features) -> bytes:
    coefficients = torch.linspace(0.1, 1.0, basis.size, dtype=torch.float64)
    return _bytes(Potential(basis, coefficients, features).state())


LINE = torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
PLANE = torch.cat([LINE, LINE**2], dim=1)
RADIUS = Features.of(("x", "y"), {"r": parse("sqrt(x**2 + y**2)")})


@cache
def kept() -> tuple[tuple[bytes, Any, Callable[[], None]], ...]:
    """Files, their trees, and what is done with each; the first of them are trained."""
    made = (
        *((_kept(train), partial(_go_on, train)) for train in (_outer, _gradient, _paper)),
        (_weights(glorot(LINE, (4, 3), 0), RADIUS), _load),
        (_weights(Chebyshev.of(PLANE, 3), Features.identity(("x", "y"))), _load),
        (_weights(START, RADIUS), _load),
    )
    return tuple(
        (content, torch.load(io.BytesIO(content), weights_only=True), use) for content, use in made
    )


def _strange(rng: random.Random) -> Any:
    """A value of JSON, or a tensor."""
    if rng.random() < 0.5:
        return plain(rng)
    shape = rng.choice(((), (0,), (1,), (3,), (10,), (2, 2), (1, 3, 4)))
    kind = rng.choice((torch.float64, torch.float32, torch.int64, torch.bool, torch.complex64))
    made = torch.full(shape, rng.choice((0, 1)), dtype=kind)
    return made / rng.choice((0, 1)) if kind.is_floating_point else made


def make(rng: random.Random) -> tuple[int, bytes]:
    """Which of the files it is, and what it holds now."""
    number = rng.randrange(len(kept()))
    content, tree, _ = kept()[number]
    if rng.random() < 0.6:
        content = _bytes(changed_tree(rng, tree, _strange))
    if rng.random() < 0.5:
        content = changed_bytes(rng, content)
    return number, content


def use(given: tuple[int, bytes]) -> None:
    """Go on from it, or evaluate it."""
    number, content = given
    FILE.write_bytes(content)
    kept()[number][2]()


TARGET = Target("checkpoints", make, use)
