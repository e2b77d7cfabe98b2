"""The outer loop over hidden weights, whatever the basis: progress, checkpoint, going on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from training.bases.basis import Trainable
from training.checkpoint import Checkpoint
from training.held_out import HeldOut, Overtrained
from training.projection import Reduced, lbfgs, levenberg_marquardt
from training.watch import Watch

T = TypeVar("T", bound=Trainable)
SMALL = 1300
"""Hidden weights up to which Levenberg–Marquardt's normal equations are cheap."""


@dataclass(frozen=True)
class Outer:
    """How long and how far to train, who watches, and where the training is kept.

    Few hidden weights are trained by Levenberg–Marquardt, after ``warm`` iterations of L-BFGS from
    a random start; many by L-BFGS alone. With ``held_out`` samples the training ends when they are
    predicted no better any more, and the network that did best on them is taken.
    """

    iterations: int
    tolerance: float
    watch: Watch | None = None
    checkpoint: Checkpoint | None = None
    small: int = SMALL
    warm: int = 0
    held_out: HeldOut | None = None

    def train(self, basis: T, reduced: Reduced) -> tuple[T, tuple[float, ...]]:
        """The basis with its hidden weights trained, and the loss after every iteration.

        It goes on from the checkpoint, if that holds anything. ``watch`` and ``checkpoint`` are
        told about every iteration.
        """
        history: list[float] = []
        if self.checkpoint is not None and self.checkpoint.parameters is not None:
            flat = self.checkpoint.parameters.to(basis.parameters())
            basis = basis.with_parameters(flat)
            history.extend(self.checkpoint.history)
        few = basis.parameters().numel() <= self.small
        legs: list[tuple[int, Callable[..., T]]] = [(self.iterations, lbfgs)]
        if few:
            legs = [
                (min(self.warm, self.iterations), lbfgs),
                (self.iterations, levenberg_marquardt),
            ]

        def after(_: int, loss: float, current: Trainable) -> None:
            history.append(loss)
            if self.watch is not None:
                self.watch.update(len(history), self.iterations, loss)
            if self.checkpoint is not None:
                self.checkpoint.keep(current.parameters(), history)
            if self.held_out is not None:
                self.held_out.look(current, may_stop=len(history) > self.warm)

        for end, descend in legs:
            left = end - len(history)
            reached = bool(history) and history[-1] <= self.tolerance**2
            if left > 0 and not reached:
                try:
                    basis = descend(basis, reduced, left, self.tolerance, after)
                except Overtrained:
                    break
        if self.held_out is not None and self.held_out.best is not None:
            basis = basis.with_parameters(self.held_out.best.parameters())
        return basis, tuple(history)
