"""What an optimizer and its schedule remember: taken up again from a checkpoint if it is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from inspect import signature
from typing import Any, Final

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from training.optimise.checkpoint import matching

HOW: Final = frozenset({"foreach", "fused", "capturable"})
"""By which kernels an optimizer works: those of its own device, wherever it was before."""


def remembered(optimizer: Optimizer, schedule: LRScheduler | None = None) -> dict[str, Any]:
    """A copy of all that they need to go on, in plain values and tensors."""
    state = deepcopy(optimizer.state_dict())
    for group in state["param_groups"]:
        group["lr"] = float(group["lr"])
    return {
        "optimizer": state,
        "schedule": {} if schedule is None else dict(schedule.state_dict()),
    }


def take_up(optimizer: Optimizer, schedule: LRScheduler | None, kept: Mapping[str, Any]) -> None:
    """Go on with what `remembered` gave; raises one of `systems.errors.DAMAGE` for another's.

    >>> weights = torch.ones(2, requires_grad=True)
    >>> sgd = torch.optim.SGD([weights], lr=0.1)
    >>> take_up(sgd, None, remembered(sgd, None))
    >>> take_up(torch.optim.Adam([weights]), None, remembered(sgd, None))
    Traceback (most recent call last):
        ...
    TypeError: the optimizer has kept other numbers
    """
    state = deepcopy(kept["optimizer"])
    groups = optimizer.state_dict()["param_groups"]
    for kept_group, group in zip(state["param_groups"], groups, strict=True):
        kept_group |= {name: group[name] for name in HOW & group.keys()}
        if isinstance(group["lr"], torch.Tensor):
            kept_group["lr"] = torch.full_like(group["lr"], kept_group["lr"])
    _check_alike(state["param_groups"], groups)
    for kept_group, group in zip(state["param_groups"], groups, strict=True):
        # Rates change along the way; what the optimizer is asked to do does not.
        flags = {name: value for name, value in group.items() if isinstance(value, bool)}
        if any(kept_group[name] != value for name, value in flags.items()):
            raise ValueError("the optimizer was asked for something else")
    expected = _after_one_step(optimizer)
    for number, moments in state["state"].items():
        _check_alike(moments, expected[number])
    optimizer.load_state_dict(state)
    if schedule is not None:
        _check_alike(kept["schedule"], dict(schedule.state_dict()))
        schedule.load_state_dict(kept["schedule"])


def _after_one_step(optimizer: Optimizer) -> Mapping[int, Any]:
    """The moments that an optimizer of this kind has of such weights."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    others = [torch.zeros_like(weight, requires_grad=True) for weight in weights]
    for other in others:
        other.grad = torch.zeros_like(other)
    taken = signature(type(optimizer)).parameters
    options = {name: value for name, value in optimizer.defaults.items() if name in taken}
    trial: Optimizer = type(optimizer)(others, **options)
    trial.step()
    moments: Mapping[int, Any] = trial.state_dict()["state"]
    return moments


def _check_alike(kept: Any, fresh: Any) -> None:
    """Raise TypeError unless the two have the same names, lengths and types all the way down."""
    if type(kept) is not type(fresh):
        raise TypeError(f"a {type(kept).__name__} is where a {type(fresh).__name__} should be")
    if isinstance(fresh, torch.Tensor):
        matching(kept, fresh)
    if isinstance(fresh, dict):
        if kept.keys() != fresh.keys():
            raise TypeError("the optimizer has kept other numbers")
        kept, fresh = list(kept.values()), [fresh[name] for name in kept]
    if isinstance(fresh, list | tuple):
        for pair in zip(kept, fresh, strict=True):
            _check_alike(*pair)
