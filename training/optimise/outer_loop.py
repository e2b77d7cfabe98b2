"""The outer loop over hidden weights, whatever the basis: progress, checkpoint, going on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from systems.errors import damage
from training.bases.basis import Trainable
from training.optimise.broyden import broyden
from training.optimise.checkpoint import Progress, matching
from training.optimise.held_out import HeldOut, Overtrained
from training.optimise.levenberg import levenberg_marquardt
from training.optimise.projection import LEAST_GAIN, Limits, Reduced, lbfgs
from training.optimise.restarts import STEPS, furthest
from training.optimise.watch import UNWATCHED, Monitor

T = TypeVar("T", bound=Trainable)
LEGS = 2
"""Broyden or L-BFGS, and Levenberg–Marquardt after it."""

SMALL = 1300
"""Hidden weights up to which a matrix of them all is cheap: Broyden's, and Levenberg–Marquardt's
normal equations. A loss that needs many rows makes the latter dear before."""


@dataclass(frozen=True)
class Outer:
    """How long and how far to train, who watches, and where the training is kept.

    Up to ``small`` hidden weights are trained by Levenberg–Marquardt, after ``warm`` iterations of
    self-scaled Broyden from a random start; up to `SMALL` by Broyden alone, and more by L-BFGS.
    With ``held_out`` samples the training ends when they are predicted no better any more, and the
    network that did best on them is taken; L-BFGS is the one that warms up then.
    """

    iterations: int
    tolerance: float
    monitor: Monitor = UNWATCHED
    small: int = SMALL
    warm: int = 0
    held_out: HeldOut | None = None
    least_gain: float = LEAST_GAIN

    def train(self, basis: T, reduced: Reduced) -> tuple[T, tuple[float, ...]]:
        """The basis with its hidden weights trained, and the loss after every iteration.

        It goes on from the checkpoint, if that holds anything, unless the training kept there had
        ended by itself. Levenberg–Marquardt goes on exactly as it would have; the others begin what
        they know of the curvature anew, and so take other steps from there.
        """
        kept = self.monitor.progress or Progress(basis.parameters())
        with damage("the checkpoint"):
            basis = basis.with_parameters(matching(kept.parameters, basis.parameters()))
            leg, remembered = _remembered(kept.memory)
            if self.held_out is not None:
                self.held_out.recall(kept.memory.get("held_out", {}), basis)
        history = list(kept.history)
        if not kept.finished:
            basis = self._descended(basis, reduced, history, leg, remembered)
        if self.held_out is not None and self.held_out.best is not None:
            basis = basis.with_parameters(self.held_out.best.parameters())
        return basis, tuple(history)

    def train_best(self, starts: Sequence[T], reduced: Reduced) -> tuple[T, tuple[float, ...]]:
        """`train` of that one of one or more starts that comes furthest, unless one is under way.

        They differ in their hidden weights alone, as by another seed: see `restarts.furthest`.
        """
        if len(starts) == 1 or self.monitor.progress is not None:
            return self.train(starts[0], reduced)
        limits = Limits(STEPS, self.tolerance)
        told = partial(self.monitor.update, 0, self.iterations)
        return self.train(furthest(starts, reduced, limits, told), reduced)

    def _descended(
        self,
        basis: T,
        reduced: Reduced,
        history: list[float],
        began: int,
        memory: Mapping[str, float],
    ) -> T:
        """The basis after all legs from one on, whose descent has a ``memory``; ``history`` grows.

        That it ended by itself is remembered.
        """
        weights = basis.parameters().numel()
        alone = broyden if weights <= SMALL else lbfgs
        legs: list[tuple[int, Callable[..., T]]] = [(self.iterations, alone)]
        if weights <= self.small:
            warm = min(self.warm, self.iterations)
            # By Broyden the noise is followed before held-out samples can tell.
            warming = lbfgs if self.held_out is not None else broyden
            legs = [(warm, warming), (self.iterations, levenberg_marquardt)]
        overtrained = reached = False
        for leg in range(began, len(legs)):
            end, descend = legs[leg]
            reached = bool(history) and history[-1] <= self.tolerance**2
            if end <= len(history) or reached:
                continue
            limits = Limits(end - len(history), self.tolerance, self.least_gain)
            remembered = memory if leg == began else None
            try:
                after = partial(self._after, history, leg)
                basis = descend(basis, reduced, limits, after, remembered)
            except Overtrained:
                overtrained = True
                break
        if overtrained or reached or len(history) < self.iterations:
            self._keep(basis, history, {}, finished=True)
        return basis

    def _after(
        self,
        history: list[float],
        leg: int,
        loss: float,
        current: Trainable,
        remembered: Mapping[str, float],
    ) -> None:
        """What is done after every iteration."""
        history.append(loss)
        if self.held_out is not None:
            self.held_out.look(current, may_stop=len(history) > self.warm)
        self._keep(current, history, {"leg": leg, "descent": dict(remembered)})
        self.monitor.update(len(history), self.iterations, loss)

    def _keep(
        self,
        basis: Trainable,
        history: Sequence[float],
        memory: dict[str, Any],
        finished: bool = False,
    ) -> None:
        if self.held_out is not None:
            memory = memory | {"held_out": self.held_out.memory()}
        self.monitor.keep(Progress(basis.parameters(), tuple(history), memory, finished))


def _remembered(memory: Mapping[str, Any]) -> tuple[int, dict[str, float]]:
    """The leg that a training was on, and what its descent remembers."""
    leg = memory.get("leg", 0)
    if not isinstance(leg, int) or leg not in range(LEGS):
        raise ValueError(f"it was on the leg {leg!r:.20}")
    return leg, {str(name): float(x) for name, x in memory.get("descent", {}).items()}
