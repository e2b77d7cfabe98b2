"""Trials that take no time, hang, die or raise, for the tests of what runs them."""

from __future__ import annotations

import os
import signal
import time

from tests.trials.outcome import Outcome, Trial


def quick(trial: Trial) -> Outcome:
    """Done at once, as a right law."""
    return Outcome(trial, "toy", "0", "identified", right=True, numbers={"z": {"q": 0.5}})


def slow(trial: Trial) -> Outcome:
    """Done after a while."""
    time.sleep(0.2)
    return quick(trial)


def faulty(trial: Trial) -> Outcome:
    """The first hangs, the second hangs where no exception is heard, others raise or die."""
    if trial.index == 0:
        time.sleep(60)
    if trial.index == 1:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        time.sleep(60)
    if trial.index == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if trial.index == 3:
        raise ZeroDivisionError("a fault")
    return quick(trial)
