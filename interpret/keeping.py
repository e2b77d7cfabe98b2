"""What a training under way keeps: its checkpoint, written on Ctrl-C before that is passed on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from interpret import runs
from training.checkpoint import Checkpoint


@contextmanager
def kept(out: str | Path | None, resume: str | Path | None) -> Iterator[Checkpoint]:
    """The checkpoint of the run in ``resume``, or a new one in ``out``, or in memory alone."""
    if resume is not None:
        checkpoint = Checkpoint.read(Path(resume) / runs.CHECKPOINT)
    else:
        checkpoint = Checkpoint(None if out is None else Path(out) / runs.CHECKPOINT)
    try:
        yield checkpoint
    except KeyboardInterrupt:
        checkpoint.write()
        raise
