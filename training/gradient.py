"""Gradient descent and Adam: the plain loop, for any loss of one flat vector of parameters."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from systems.errors import InputError
from training.checkpoint import Checkpoint
from training.watch import Watch

Loss = Callable[[Tensor, int], Iterable[Tensor]]
"""(parameters, number of the step) -> scalars that sum up to the loss, differentiated one by one.

A full batch that is cut into such parts fits the cache; a minibatch is chosen by the step."""

MOST_HISTORY = 1000
SECONDS_BETWEEN_REPORTS = 0.1


@dataclass(frozen=True)
class State:
    """Where a descent is: ``step`` steps are done.

    ``parameters`` (P,); ``moments`` (m, P), what the rule remembers (Adam: 2, gradient descent:
    0); ``history``, the losses before steps 0, s, 2s, ..., with s the smallest power of two that
    leaves at most 1000 of them.
    """

    step: int
    parameters: Tensor
    moments: Tensor
    history: tuple[float, ...] = ()

    def packed(self) -> Tensor:
        """Step, parameters and moments in one flat vector of doubles, for a checkpoint."""
        step = self.parameters.new_tensor([self.step], dtype=torch.float64)
        return torch.cat([step, self.parameters.double(), self.moments.double().reshape(-1)])

    def restored(self, checkpoint: Checkpoint | None) -> State:
        """The state that ``checkpoint`` holds, of this state's shape; this one if it is empty.

        Raises InputError when the checkpoint is of another network or rule.
        """
        if checkpoint is None or checkpoint.parameters is None:
            return self
        numbers = checkpoint.parameters.to(self.parameters.device, torch.float64)
        sizes = [1, self.parameters.numel(), self.moments.numel()]
        if len(numbers) != sum(sizes):
            raise InputError(
                f"the checkpoint holds {len(numbers)} numbers where this training has "
                f"{sum(sizes)}: it is of another recipe or network, so start anew."
            )
        step, parameters, moments = torch.split(numbers, sizes)
        return State(
            int(step),
            parameters.to(self.parameters),
            moments.to(self.moments).reshape(self.moments.shape),
            checkpoint.history,
        )

    def recording(self, loss: Tensor) -> State:
        """The same state with the loss entered in the history, when this step is to be entered."""
        stride = 1
        while self.step >= MOST_HISTORY * stride:
            stride *= 2
        if self.step % stride:
            return self
        # The stride has just doubled when the history is full.
        kept = self.history[::2] if len(self.history) == MOST_HISTORY else self.history
        return replace(self, history=(*kept, float(loss)))


class Rule(Protocol):
    """How a step is taken from the gradient and what is remembered of earlier ones."""

    @property
    def rate(self) -> float:
        """The step size, named in the advice when a descent runs away."""
        ...

    def start(self, parameters: Tensor) -> State:
        """The state before the first step."""
        ...

    def after(self, state: State, gradient: Tensor) -> State:
        """The state one step on."""
        ...


@dataclass(frozen=True)
class GradientDescent:
    """w <- w - rate * g."""

    rate: float

    def start(self, parameters: Tensor) -> State:
        """The state before the first step."""
        return State(0, parameters.detach(), parameters.new_empty(0, len(parameters)))

    def after(self, state: State, gradient: Tensor) -> State:
        """The state one step on."""
        moved = state.parameters - self.rate * gradient
        return replace(state, step=state.step + 1, parameters=moved)


@dataclass(frozen=True)
class Adam:
    """w <- w - rate * m^ / (sqrt(v^) + epsilon), m and v running means of g and g^2.

    m <- beta1 m + (1 - beta1) g, v <- beta2 v + (1 - beta2) g^2; m^ = m / (1 - beta1^t) and
    v^ = v / (1 - beta2^t) after t steps, so that the first step moves every parameter by ``rate``.
    Source: D. P. Kingma and J. Ba, ICLR 2015 (arXiv:1412.6980), algorithm 1.
    """

    rate: float
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def start(self, parameters: Tensor) -> State:
        """The state before the first step."""
        return State(0, parameters.detach(), parameters.new_zeros(2, len(parameters)))

    def after(self, state: State, gradient: Tensor) -> State:
        """The state one step on."""
        step = state.step + 1
        mean = self.beta1 * state.moments[0] + (1 - self.beta1) * gradient
        square = self.beta2 * state.moments[1] + (1 - self.beta2) * gradient * gradient
        direction = mean / (1 - self.beta1**step)
        scale = (square / (1 - self.beta2**step)).sqrt() + self.epsilon
        moved = state.parameters - self.rate * direction / scale
        return replace(state, step=step, parameters=moved, moments=torch.stack([mean, square]))


def descend(
    loss: Loss,
    start: Tensor,
    rule: Rule,
    steps: int,
    *,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
) -> State:
    """Take ``steps`` steps in all from ``start`` (P,), or go on from what ``checkpoint`` holds.

    ``watch`` and ``checkpoint`` are told about ten times a second, at the end, and on Ctrl-C,
    which is passed on. The state goes on from a checkpoint exactly as it would have without.

    Raises InputError when the loss is no longer finite.

    >>> bowl = lambda w, step: [(w * w).sum() / 2]
    >>> done = descend(bowl, torch.ones(1), GradientDescent(0.5), steps=3)
    >>> done.parameters, done.history
    (tensor([0.1250]), (0.5, 0.125, 0.03125))
    """
    state = rule.start(start).restored(checkpoint)
    told = -math.inf
    try:
        while state.step < steps:
            value, gradient = _differentiated(loss, state)
            recorded = state.recording(value)
            now = time.monotonic()
            due = now - told > SECONDS_BETWEEN_REPORTS or state.step + 1 == steps
            if due or recorded is not state:
                _check(value, state.step, rule.rate)
            state = rule.after(recorded, gradient)
            if due:
                told = now
                _tell(state, steps, float(value), watch, checkpoint)
    except KeyboardInterrupt:
        if checkpoint is not None:
            checkpoint.keep(state.packed(), state.history)
        raise
    _check(state.parameters.sum(), state.step, rule.rate)
    return state


def _differentiated(loss: Loss, state: State) -> tuple[Tensor, Tensor]:
    """The loss and its gradient (P,), part by part: only one part's graph exists at a time."""
    parameters = state.parameters.detach().requires_grad_(True)
    gradient = torch.zeros_like(parameters)
    total = torch.zeros((), dtype=parameters.dtype, device=parameters.device)
    for part in loss(parameters, state.step):
        gradient += torch.autograd.grad(part, parameters)[0]
        total += part.detach()
    return total, gradient


def _tell(
    state: State, steps: int, loss: float, watch: Watch | None, checkpoint: Checkpoint | None
) -> None:
    if watch is not None:
        watch.update(state.step, steps, loss)
    if checkpoint is not None:
        checkpoint.keep(state.packed(), state.history)


def _check(value: Tensor, step: int, rate: float) -> None:
    """Raise InputError, with what to try, unless the value is finite."""
    if math.isfinite(float(value)):
        return
    raise InputError(
        f"the loss is {float(value)} by step {step}: the step size {rate:g} is too large for "
        f"these data; try a smaller one, another seed, or the default recipe."
    )
