"""What is kept of a training run while it is under way, so that Ctrl-C loses nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from systems.errors import InputError

SECONDS_BETWEEN_WRITES = 2.0


@dataclass
class Checkpoint:
    """The newest hidden weights and the loss so far, in memory and, every two seconds, on disk.

    ``path`` may be None (memory only). ``parameters`` is a flat vector, ``history`` the losses.
    Written to a neighbour and renamed: there is no half-written checkpoint.
    """

    path: Path | None = None
    parameters: Tensor | None = None
    history: tuple[float, ...] = ()
    written: float = 0.0

    def keep(self, parameters: Tensor, history: Sequence[float]) -> None:
        """Remember this state; write it when the last write is two seconds old."""
        self.parameters = parameters.detach().cpu()
        self.history = tuple(history)
        if time.monotonic() - self.written > SECONDS_BETWEEN_WRITES:
            self.write()

    def write(self) -> None:
        """Write the state to ``path``, atomically."""
        if self.path is None or self.parameters is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        torch.save({"parameters": self.parameters, "history": list(self.history)}, unfinished)
        unfinished.replace(self.path)
        self.written = time.monotonic()

    @staticmethod
    def read(path: Path) -> Checkpoint:
        """The state kept at ``path``; raises InputError when there is none to go on from."""
        if not path.exists():
            raise InputError(f"{path.parent} holds no checkpoint: there is no training to resume")
        state = load_tensors(path)
        return Checkpoint(path, state["parameters"], tuple(state["history"]))


def load_tensors(path: Path) -> dict[str, Any]:
    """What torch.save wrote to ``path``; InputError where the file is damaged."""
    try:
        kept: dict[str, Any] = torch.load(path, weights_only=True)
    except (RuntimeError, EOFError, UnpicklingError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} is damaged ({reason}); fit the run again.") from error
    return kept
