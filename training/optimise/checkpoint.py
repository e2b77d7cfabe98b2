"""What is kept of a training run while it is under way, so that Ctrl-C loses nothing."""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from systems.errors import DamagedError, InputError, damage
from systems.files.damage import UNREADABLE

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

    @staticmethod
    def of(kept: Mapping[str, Any]) -> Progress:
        """The progress whose fields a file held; raises TypeError or ValueError for others."""
        progress = Progress(**{**kept, "history": tuple(map(float, kept["history"]))})
        weights = progress.parameters
        if not isinstance(weights, Tensor) or weights.dim() != 1 or not weights.is_floating_point():
            raise TypeError("its weights are no vector")
        if not weights.isfinite().all():
            raise ValueError("its weights are not finite")
        if not isinstance(progress.memory, dict) or not isinstance(progress.finished, bool):
            raise TypeError("its memory is none")
        return progress


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
        """Write the progress to ``path``, all of it or nothing.

        Raises InputError where there is no room for it; what was written before stays.
        """
        if self.path is None or self.progress is None:
            return
        kept = vars(self.progress) | {"history": list(self.progress.history)}
        stream = io.BytesIO()
        torch.save(kept, stream)
        unfinished = self.path.with_suffix(".part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(stream.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            try_next = "make room, or keep it in another folder"
            if self.path.exists():
                try_next = "what was kept before stays: make room, and go on from there"
            raise InputError(
                f"the training could not be kept in {self.path} ({error.strerror}); {try_next}."
            ) from error
        self.written = time.monotonic()

    @staticmethod
    def read(path: Path) -> Checkpoint:
        """What was kept at ``path``; raises InputError when there is nothing to go on from.

        Files of version 0.1 hold no memory, and do not say whether the training was finished.
        """
        if not path.exists():
            raise InputError(f"{path.parent} holds no checkpoint: there is no training to resume")
        with damage(path):
            return Checkpoint(path, Progress.of(load_tensors(path)))


def matching(kept: Tensor, like: Tensor) -> Tensor:
    """What was kept, of the kind and on the device of ``like``; ValueError for others."""
    if kept.shape != like.shape:
        raise ValueError(f"it holds numbers {tuple(kept.shape)} where {tuple(like.shape)} fit")
    if kept.is_complex() or kept.is_floating_point() != like.is_floating_point():
        raise ValueError(f"it holds numbers {kept.dtype} where {like.dtype} fit")
    return kept.to(like)


def load_tensors(path: Path) -> dict[str, Any]:
    """What torch.save wrote to ``path``, on the CPU; InputError where the file is damaged.

    torch reads old formats too, and does not look at check sums; here a file is a ZIP archive
    whose sums are right, and holds plain values and tensors under names.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            whole = archive.testzip() is None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}.") from error
    except UNREADABLE as error:
        raise DamagedError(f"{path} is damaged ({error}); fit the run again.") from error
    with damage(path):
        if not whole:
            raise ValueError("a check sum is wrong")
        try:
            kept = torch.load(path, map_location="cpu", weights_only=True)
        except (*UNREADABLE, UnpicklingError) as error:
            raise ValueError(str(error)) from error
        if not isinstance(kept, dict):
            raise TypeError("it holds no names")
    return kept
