"""A progress bar on the terminal: how far, how good, how long still."""

from __future__ import annotations

import math
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO

if TYPE_CHECKING:
    import rich.progress

REFRESH: Final = 0.1
"""Seconds between two drawings, so that a fast loop is not slowed by its own bar."""


class Progress:
    """Shows steps, loss and remaining time on stderr; silent when asked, or without a terminal.

    >>> with Progress(quiet=True) as progress:
    ...     progress.update(step=10, total=100, loss=0.5)
    """

    def __init__(self, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._shown = not quiet and self._stream.isatty()
        self._bar: rich.progress.Progress | None = None
        self._drawn = -math.inf
        self._tasks: dict[str, rich.progress.TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def update(self, step: int, total: int, loss: float | None) -> None:
        """Say that `step` of `total` steps are done, and the loss reached; none: data are made."""
        what, cost = ("drawing", "") if loss is None else ("training", f"loss {loss:.3g}")
        self.tell(what, step, total, cost)

    def tell(self, what: str, done: int, total: int, cost: str = "") -> None:
        """Say how much of something is done."""
        if not self._shown:
            return
        now = time.monotonic()
        if done < total and now - self._drawn < REFRESH:
            return
        self._drawn = now
        if self._bar is None:
            self._bar = _bar(self._stream)
            self._bar.start()
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total, cost=cost)
        self._bar.update(self._tasks[what], completed=done, total=total, cost=cost, refresh=True)


def _bar(stream: TextIO) -> rich.progress.Progress:
    import rich.progress as widgets
    from rich.console import Console

    return widgets.Progress(
        widgets.TextColumn("{task.description}"),
        widgets.BarColumn(),
        widgets.MofNCompleteColumn(),
        widgets.TextColumn("{task.fields[cost]}"),
        widgets.TimeRemainingColumn(),
        console=Console(file=stream),
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,
    )
