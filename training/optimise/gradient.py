"""Descents along the gradient: one checkpointed loop for every loss of one vector of weights."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.optim import Optimizer

from systems.errors import InputError, damage
from training import processes
from training.optimise.checkpoint import Progress
from training.optimise.moments import remembered, take_up
from training.optimise.recorded import Recorded, Repeating
from training.optimise.rules import FUSED_ON_CUDA, Rule
from training.optimise.watch import UNWATCHED, Monitor

Loss = Callable[[Tensor, int], Iterable[Tensor]]
"""(parameters, number of the step) -> scalars that sum up to the loss, differentiated one by one.

A full batch that is cut into such parts fits the cache; a minibatch is chosen by the step. One that
is `Repeating` is recorded on a GPU."""

Step = Callable[[int], Tensor]
"""The number of a step, which is taken -> the loss before it."""

MOST_HISTORY = 1000
MOST_STEPS = 2**53
SECONDS_BETWEEN_REPORTS = 0.1


@dataclass(frozen=True)
class Descent:
    """Where a descent has come to: ``steps`` are done, to the ``parameters`` (P,).

    ``history`` holds the losses before steps 0, s, 2s, ..., with s the smallest power of two that
    leaves at most 1000 of them.
    """

    steps: int
    parameters: Tensor
    history: tuple[float, ...] = ()


def descend(
    loss: Loss,
    start: Tensor,
    rule: Rule,
    steps: int,
    monitor: Monitor = UNWATCHED,
    shared: bool = False,
) -> Descent:
    """Take ``steps`` steps in all from ``start`` (P,), or go on from what the checkpoint holds.

    ``shared``: of several processes (`training.processes`) each gives its share of the loss. The
    monitor is told about ten times a second and at the end. The descent goes on from a
    checkpoint exactly as it would have without.

    Raises InputError when the loss is no longer finite.

    >>> from training.optimise.rules import gradient_descent
    >>> bowl = lambda w, step: [(w * w).sum() / 2]
    >>> done = descend(bowl, torch.ones(1), gradient_descent(0.5), steps=3)
    >>> done.parameters, done.history
    (tensor([0.1250]), (0.5, 0.125, 0.03125))
    """
    walk = _Walk(rule, start.detach().clone().requires_grad_(True))
    if monitor.progress is not None:
        walk.recall(monitor.progress)
    told = -math.inf
    taken = walk.recorded(loss) or walk.plain(loss, shared)
    while walk.step < steps:
        rule.set_rate(walk.optimizer, walk.step)
        value = taken(walk.step)
        now = time.monotonic()
        due = now - told > SECONDS_BETWEEN_REPORTS or walk.step + 1 == steps
        entered = _enter(walk.history, walk.step, value)
        if due or entered:
            _check(value, walk.step, rule.rate)
        walk.ended()
        if due:
            told = now
            monitor.keep(walk.progress())
            monitor.update(walk.step, steps, float(value))
    _check(walk.weights.detach().sum(), walk.step, rule.rate)
    return Descent(walk.step, walk.weights.detach(), tuple(walk.history))


@dataclass
class _Walk:
    """The weights (P,), which the optimizer changes in place, and the losses they have had."""

    rule: Rule
    weights: Tensor
    step: int = 0
    history: list[float] = field(default_factory=list)
    optimizer: Optimizer = field(init=False)

    def __post_init__(self) -> None:
        self.optimizer = self.rule.optimizer(self.weights)

    def plain(self, loss: Loss, shared: bool) -> Step:
        """What takes a step and gives the loss before it."""
        return lambda step: self._along(loss(self.weights, step), shared)

    def recorded(self, loss: Loss) -> Step | None:
        """The same by steps that are replayed, where a GPU alone takes them and they repeat."""
        fused = self.weights.is_cuda and self.rule.name in FUSED_ON_CUDA
        if not fused or processes.count() > 1 or not isinstance(loss, Repeating):
            return None
        replayed = Recorded(lambda kind: self._along(loss.parts(self.weights, kind)))
        return lambda step: replayed(loss.prepare(step))

    def _along(self, parts: Iterable[Tensor], shared: bool = False) -> Tensor:
        """The weights moved along their gradient, and the loss before."""
        value, self.weights.grad = _differentiated(parts, self.weights, shared)
        self.optimizer.step()
        return value

    def ended(self) -> None:
        """A step is done."""
        self.step += 1
        if self.rule.handover is not None:
            with torch.no_grad():
                self.rule.handover(self.step, self.weights)

    def progress(self) -> Progress:
        """A copy of all that is needed to go on, in plain values and tensors."""
        memory = {"rule": self.rule.name, "step": self.step}
        memory |= remembered(self.optimizer)
        return Progress(self.weights.detach().clone(), tuple(self.history), memory)

    def recall(self, kept: Progress) -> None:
        """Go on from there; raises InputError for what another rule or network has kept."""
        expected = (self.rule.name, self.weights.numel())
        found = (kept.memory.get("rule", "unknown"), kept.parameters.numel())
        if found != expected:
            raise InputError(
                f"the checkpoint holds {found[1]} numbers of the rule {found[0]} where this "
                f"training has {expected[1]} of {expected[0]}: it is of another recipe, network or "
                f"version, so start anew."
            )
        with damage("the checkpoint"):
            self._take_up(kept)

    def _take_up(self, kept: Progress) -> None:
        """The same of what this rule and network have kept, if nothing of it was tampered with."""
        with torch.no_grad():
            self.weights.copy_(kept.parameters)
        self.step, self.history = operator.index(kept.memory["step"]), list(kept.history)
        if not 0 <= self.step <= MOST_STEPS:
            raise ValueError("nobody has taken so many steps")
        take_up(self.optimizer, None, kept.memory)


def _differentiated(
    parts: Iterable[Tensor], weights: Tensor, shared: bool
) -> tuple[Tensor, Tensor]:
    """The loss and its gradient. Only one part's graph exists at a time."""
    total = gradient = None
    for part in parts:
        (slope,) = torch.autograd.grad(part, weights)
        value = part.detach()
        gradient = slope if gradient is None else gradient + slope
        total = value if total is None else total + value
    assert gradient is not None, "a loss has at least one part"
    assert total is not None, "and so has its value"
    return (processes.summed(total), processes.summed(gradient)) if shared else (total, gradient)


def _enter(history: list[float], step: int, loss: Tensor) -> bool:
    """Whether the loss before this step belongs in the history; it is entered then."""
    stride = 1
    while step >= MOST_HISTORY * stride:
        stride *= 2
    if step % stride:
        return False
    if len(history) == MOST_HISTORY:
        # The stride has just doubled.
        del history[1::2]
    history.append(float(loss))
    return True


def _check(value: Tensor, step: int, rate: float) -> None:
    """Raise InputError, with what to try, unless the value is finite."""
    if math.isfinite(float(value)):
        return
    raise InputError(
        f"the loss is {float(value)} by step {step}: the step size {rate:g} is too large for "
        f"these data; try a smaller one, another seed, or the default recipe."
    )
