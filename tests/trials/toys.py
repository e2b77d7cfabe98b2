"""Trials that take no time, hang, die or raise, for the tests of what runs them."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from tests.trials.outcome import Outcome, Trial

TRIALS = [Trial("wrong", k, 7) for k in range(6)]


def nobody(name: str, answer: object) -> None:
    """Whom nothing is told."""


def right(trial: Trial) -> Outcome:
    """A right law."""
    return Outcome(trial, "toy", "0", "identified", right=True, numbers={"z": {"q": 0.5}})


def quick(trial: Trial) -> dict[str, Any]:
    """Done at once."""
    return right(trial).content()


def faulty(trial: Trial) -> dict[str, Any]:
    """One hangs, one dies, one raises."""
    if trial.index == 1:
        time.sleep(60)
    if trial.index == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if trial.index == 3:
        raise ZeroDivisionError("a fault")
    return quick(trial)
