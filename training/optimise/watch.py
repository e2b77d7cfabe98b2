"""Who watches a training go by, and where its progress is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from training.optimise.checkpoint import Checkpoint, Progress


class Watch(Protocol):
    """Anything that wants to see the training go by, a progress bar say."""

    def update(self, step: int, total: int, loss: float | None) -> None:
        """Called after each outer iteration, and with no loss while data are made."""


@dataclass(frozen=True)
class Monitor:
    """Whom a training tells how far it is, and where it leaves what it needs to go on from there.

    Either may be missing. What the checkpoint already holds is where the training begins.
    """

    watch: Watch | None = None
    checkpoint: Checkpoint | None = None

    @property
    def progress(self) -> Progress | None:
        """What there is to go on from."""
        return None if self.checkpoint is None else self.checkpoint.progress

    def update(self, step: int, total: int, loss: float | None) -> None:
        """Tell the watch."""
        if self.watch is not None:
            self.watch.update(step, total, loss)

    def keep(self, progress: Progress) -> None:
        """Tell the checkpoint."""
        if self.checkpoint is not None:
            self.checkpoint.keep(progress)


UNWATCHED: Final = Monitor()
