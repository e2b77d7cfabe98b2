"""A fit under way: who watches, and what is kept of it, so that Ctrl-C loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from interpret.keep.folder import CHECKPOINT
from training.optimise.checkpoint import Checkpoint
from training.optimise.watch import UNWATCHED, Monitor, Watch


@dataclass(frozen=True)
class Session:
    """Who watches, where the training is kept, and the folder of the run; None: nowhere."""

    monitor: Monitor = UNWATCHED
    folder: Path | None = None

    def report(self, done: int, total: int) -> None:
        """Say how much of the data is drawn."""
        self.monitor.update(done, total, None)


@contextmanager
def session(
    out: str | Path | None, resume: str | Path | None, watch: Watch | None
) -> Iterator[Session]:
    """A fit that goes on from the run in ``resume``, or begins in ``out``, or in memory alone.

    The checkpoint is written on Ctrl-C before that is passed on.
    """
    if resume is not None:
        checkpoint = Checkpoint.read(Path(resume) / CHECKPOINT)
    else:
        checkpoint = Checkpoint(None if out is None else Path(out) / CHECKPOINT)
    folder = out if out is not None else resume
    try:
        monitor = Monitor(watch, checkpoint)
        yield Session(monitor, None if folder is None else Path(folder))
    except KeyboardInterrupt:
        checkpoint.write()
        raise
