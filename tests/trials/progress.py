"""How far the trials are, and how long they still take."""

from __future__ import annotations

import json
import sys
import time

from tests.trials.outcome import Trial


class Progress:
    """A line on a terminal; failures are always told."""

    def __init__(self, count: int) -> None:
        self.count, self.done, self.failed = count, 0, 0
        self.began = time.monotonic()

    def __call__(self, trial: Trial, line: str) -> None:
        self.done += 1
        failure = json.loads(line)["failure"]
        if failure:
            self.failed += 1
            print(f"{trial}: {failure}", file=sys.stderr, flush=True)
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
