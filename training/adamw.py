"""AdamW with a rate that warms up and then falls along a cosine: for large maps in minibatches."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from torch import Tensor

from training.gradient import Adam, State

LOWEST = 1e-3
"""The part of the rate that is left in the end."""


@dataclass(frozen=True)
class AdamW:
    """w <- (1 - r decay) w - r m^ / (sqrt(v^) + epsilon),   r = rate_at(step).

    The rate rises linearly over ``warmup`` steps and falls as (1 + cos(pi step/steps))/2. With
    beta2 = 0.99 the step sizes forget within 100 minibatches.

    Sources: I. Loshchilov and F. Hutter, ICLR 2019 (arXiv:1711.05101), algorithm 2, and ICLR 2017
    (arXiv:1608.03983), eq. 5, for the cosine.

    >>> rule = AdamW(rate=1.0, steps=1000, warmup=100)
    >>> [round(rule.rate_at(step), 3) for step in (0, 99, 500, 1000)]
    [0.01, 0.976, 0.5, 0.001]
    """

    rate: float
    steps: int
    warmup: int = 200
    decay: float = 0.0
    beta2: float = 0.99

    def rate_at(self, step: int) -> float:
        """The step size of a step, counted from 0."""
        rising = min(1.0, (step + 1) / self.warmup)
        falling = (1 + math.cos(math.pi * min(step / self.steps, 1.0))) / 2
        return self.rate * max(rising * falling, LOWEST)

    def start(self, parameters: Tensor) -> State:
        """The state before the first step."""
        return self._adam(0).start(parameters)

    def after(self, state: State, gradient: Tensor) -> State:
        """The state one step on."""
        rate = self.rate_at(state.step)
        shrunk = replace(state, parameters=(1 - rate * self.decay) * state.parameters)
        return self._adam(state.step).after(shrunk, gradient)

    def _adam(self, step: int) -> Adam:
        return Adam(self.rate_at(step), beta2=self.beta2)
