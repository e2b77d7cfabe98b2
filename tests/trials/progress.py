"""How far the trials are, and how long they still take."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from interpret.sweeps.outcomes import Kept
from interpret.sweeps.workers import Answer
from tests.trials.outcome import Trial


class Progress:
    """A line on a terminal; failures are always told. True ends the trials: their time is up."""

    def __init__(self, trials: Mapping[str, Trial], count: int, seconds: float) -> None:
        self.trials, self.count, self.done, self.failed = trials, count, 0, 0
        self.began = time.monotonic()
        self.end = self.began + seconds

    def __call__(self, name: str, answer: Answer[Kept]) -> bool:
        self.done += 1
        if answer.failure:
            self.failed += 1
            print(f"{self.trials[name]}: {answer.failure}", file=sys.stderr, flush=True)
        if sys.stderr.isatty():
            left = (self.count - self.done) * (time.monotonic() - self.began) / self.done
            filled = 20 * self.done // self.count
            print(
                f"[{filled * '#'}{(20 - filled) * '.'}] {self.done} of {self.count}, "
                f"{self.failed} failed, {left / 60:.1f} min left  ",
                end="\r" if self.done < self.count else "\n",
                file=sys.stderr,
                flush=True,
            )
        return time.monotonic() > self.end
