"""What is kept of a training run while it is under way, so that Ctrl-C loses nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from systems.errors import InputError

SECONDS_BETWEEN_WRITES = 2.0


@dataclass(frozen=True)
class Progress:
    """Where a training is.

    ``parameters`` (P,) are the weights and ``history`` the losses so far; ``memory`` is what else
    the method needs to go on as it would have, in plain values and tensors. ``finished``: it ended
    by itself, having converged or stalled, and is not to be taken up again; iterations that are
    merely spent do not count, for more of them may be asked for.
    """

    parameters: Tensor
    history: tuple[float, ...] = ()
    memory: Mapping[str, Any] = field(default_factory=dict)
    finished: bool = False


@dataclass
class Checkpoint:
    """The newest progress of a training, in memory and, every two seconds, on disk.

    ``path`` may be None (memory only). Written to a neighbour and renamed: there is no half-written
    checkpoint; and replaced as a whole in memory: Ctrl-C never finds half of it.
    """

    path: Path | None = None
    progress: Progress | None = None
    written: float = 0.0

    def keep(self, progress: Progress) -> None:
        """Remember this progress; write it when the last write is two seconds old or it ended."""
        self.progress = replace(progress, parameters=progress.parameters.detach().cpu())
        if progress.finished or time.monotonic() - self.written > SECONDS_BETWEEN_WRITES:
            self.write()

    def write(self) -> None:
        """Write the progress to ``path``, atomically."""
        if self.path is None or self.progress is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        kept = vars(self.progress) | {"history": list(self.progress.history)}
        torch.save(kept, unfinished)
        unfinished.replace(self.path)
        self.written = time.monotonic()

    @staticmethod
    def read(path: Path) -> Checkpoint:
        """What was kept at ``path``; raises InputError when there is nothing to go on from.

        Files of version 0.1 hold no memory, and do not say whether the training was finished.
        """
        if not path.exists():
            raise InputError(f"{path.parent} holds no checkpoint: there is no training to resume")
        kept = load_tensors(path)
        kept["history"] = tuple(kept["history"])
        return Checkpoint(path, Progress(**kept))


def load_tensors(path: Path) -> dict[str, Any]:
    """What torch.save wrote to ``path``, on the CPU; InputError where the file is damaged."""
    try:
        kept: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, UnpicklingError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} is damaged ({reason}); fit the run again.") from error
    return kept
