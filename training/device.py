"""Which device to compute on, and how records of tensors get there."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch
from torch import Tensor

from systems.errors import InputError, nearest

DEVICES = ("cpu", "cuda", "auto")


def choose(name: str, gains: bool = True) -> torch.device:
    """The torch device called ``name``: "cpu", "cuda" or "auto".

    The last is cuda where there is one and the work ``gains`` by it, as `make bench-gpu` measures.

    Raises InputError for another name, and for "cuda" on a machine without one.

    >>> choose("cpu")
    device(type='cpu')
    """
    if name not in DEVICES:
        raise InputError(f"there is no device '{name}'.{nearest(name, DEVICES)}")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("torch sees no CUDA device here; use --device cpu or --device auto")
    wanted = name == "cuda" or (name == "auto" and gains)
    return torch.device("cuda" if available and wanted else "cpu")


@dataclass(frozen=True, eq=False, repr=False)
class Movable:
    """A record of tensors, of tuples of them and of other such records, which moves as a whole."""

    def to(self, like: Tensor) -> Self:
        """The same on the device and in the precision of ``like``; whole numbers stay whole."""
        return replace(self, **{f.name: _moved(getattr(self, f.name), like) for f in fields(self)})


def _moved(value: Any, like: Tensor) -> Any:
    if isinstance(value, Tensor):
        return value.to(like if value.is_floating_point() else like.device)
    if isinstance(value, tuple):
        return tuple(_moved(part, like) for part in value)
    return value.to(like) if hasattr(value, "to") else value
