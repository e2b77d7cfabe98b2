"""A fit under way: who watches, and what is kept of it, so that Ctrl-C loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from interpret.keep.folder import CHECKPOINT, claim, place, reserved
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

    The checkpoint is written on Ctrl-C before that is passed on. Raises InputError where there is
    nothing to go on from, and where ``out`` holds another run.
    """
    kept = None if resume is None else place(resume)
    again = out is not None and kept is not None and place(out).resolve() == kept.resolve()
    made = None if out is None or again else claim(out)
    folder = made or kept
    if kept is not None:
        checkpoint = Checkpoint.read(kept / CHECKPOINT)
    else:
        checkpoint = Checkpoint(None if made is None else made / CHECKPOINT)
    with nullcontext() if made is None else reserved(made):
        try:
            yield Session(Monitor(watch, checkpoint), folder)
        except KeyboardInterrupt:
            checkpoint.write()
            raise
