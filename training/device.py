"""Which device to compute on."""

from __future__ import annotations

import torch

from systems.errors import InputError, nearest

DEVICES = ("cpu", "cuda", "auto")


def choose(name: str) -> torch.device:
    """The torch device called ``name``: "cpu", "cuda" or "auto" (cuda where there is one).

    Raises InputError for another name, and for "cuda" on a machine without one.

    >>> choose("cpu")
    device(type='cpu')
    """
    if name not in DEVICES:
        raise InputError(f"there is no device '{name}'.{nearest(name, DEVICES)}")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError("torch sees no CUDA device here; use --device cpu or --device auto")
    return torch.device("cuda" if available and name != "cpu" else "cpu")
