"""The rules that a descent takes its steps by: torch.optim's, with what becomes of the rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

LOWEST = 1e-3
"""The part of the rate that is left at the end of a cosine."""

FUSED_ON_CUDA = frozenset({"SGD", "Adam", "AdamW"})
"""What torch computes in one kernel there, a fifth of the launches of its single operations."""


@dataclass(frozen=True)
class Rule:
    """An optimizer of torch.optim, by name, with its rate and other options.

    The rate of step k, counted from 0, is ``rate`` times ``factor(k)``. ``handover(k, weights)``
    may change the weights in place when k steps are done, as part of the last of them.

    >>> adam(0.01)
    Rule(name='Adam', rate=0.01, options={})
    """

    name: str
    rate: float
    options: Mapping[str, Any] = field(default_factory=dict)
    factor: Callable[[int], float] | None = field(default=None, repr=False)
    handover: Callable[[int, Tensor], None] | None = field(default=None, repr=False)

    def optimizer(self, weights: Tensor) -> Optimizer:
        """The optimizer of these weights (P,)."""
        fused = weights.is_cuda and self.name in FUSED_ON_CUDA
        how: dict[str, Any] = {"fused": True} if fused else {"foreach": False}
        rate: float | Tensor = self.rate
        if fused and self.factor is not None:
            # A rate that changes is read from the device, also by steps that are replayed.
            rate = torch.tensor(self.rate, device=weights.device)
        if fused and self.name != "SGD":
            how["capturable"] = True
        made: Optimizer = getattr(torch.optim, self.name)([weights], lr=rate, **self.options, **how)
        return made

    def set_rate(self, optimizer: Optimizer, step: int) -> None:
        """The rate of this step."""
        if self.factor is None:
            return
        rate = self.rate * self.factor(step)
        for group in optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate


def gradient_descent(rate: float, handover: Callable[[int, Tensor], None] | None = None) -> Rule:
    """w <- w - rate g."""
    return Rule("SGD", rate, handover=handover)


def momentum(rate: float, share: float = 0.9) -> Rule:
    """v <- share v + g, w <- w - rate v; on a slope v grows to g / (1 - share).

    Source: B. T. Polyak, USSR Comp. Math. and Math. Phys. 4, 1 (1964), the heavy ball.
    """
    return Rule("SGD", rate, {"momentum": share})


def adam(rate: float) -> Rule:
    """w <- w - rate m^ / (sqrt(v^) + 1e-8), m^ and v^ running means of g and g^2.

    The first step moves every parameter by ``rate``.
    Source: D. P. Kingma and J. Ba, ICLR 2015 (arXiv:1412.6980), algorithm 1.
    """
    return Rule("Adam", rate)


def adagrad(rate: float) -> Rule:
    """w <- w - rate g / (sqrt(sum of all g^2 so far) + 1e-10), for each parameter by itself.

    Source: J. Duchi, E. Hazan and Y. Singer, J. Mach. Learn. Res. 12, 2121 (2011), section 1.1.
    """
    return Rule("Adagrad", rate)


def cosine_adamw(rate: float, steps: int, warmup: int = 200, decay: float = 0.0) -> Rule:
    """w <- (1 - r decay) w - r m^ / (sqrt(v^) + 1e-8), with r rising and then falling.

    The rate rises linearly over ``warmup`` steps and falls as (1 + cos(pi step/steps))/2. With
    beta2 = 0.99 the step sizes forget within 100 minibatches.

    Sources: I. Loshchilov and F. Hutter, ICLR 2019 (arXiv:1711.05101), algorithm 2, and ICLR 2017
    (arXiv:1608.03983), eq. 5, for the cosine.

    >>> rule = cosine_adamw(rate=1.0, steps=1000, warmup=100)
    >>> [round(rule.factor(step), 3) for step in (0, 99, 500, 1000)]
    [0.01, 0.976, 0.5, 0.001]
    """

    def factor(step: int) -> float:
        rising = min(1.0, (step + 1) / warmup)
        falling = (1 + math.cos(math.pi * min(step / steps, 1.0))) / 2
        return max(rising * falling, LOWEST)

    return Rule("AdamW", rate, {"betas": (0.9, 0.99), "weight_decay": decay}, factor)
