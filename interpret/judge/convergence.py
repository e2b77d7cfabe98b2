"""Had a training come to its end, or was it cut off while it still learned?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from interpret.judge.certificate import Check

LAST: Final = 4
"""The last quarter of a training is looked at."""

A_DIGIT: Final = 10.0
"""A residual that lost a digit in the last quarter of the steps is still falling freely: as many
steps again would take four more. Descents that have found their valley creep on for ever."""

ENDED: Final = "the training came to its end"


def convergence(
    history: Sequence[float], steps: int, tolerance: float, warm: int = 0, usual: int = 0
) -> Check:
    """By how much the residual √loss fell in the last quarter of a training of so many steps.

    One that ended by itself, before its last step or at its tolerance, has converged; one that was
    cut off within its `warm` first steps, which another method follows, or after fewer than the
    `usual` steps, has not.

    >>> flat = [1e-3] * 30
    >>> convergence(flat, 30, 0).passed, convergence(flat, 30, 0, warm=40).passed
    (True, False)
    >>> convergence(flat, 30, 0, usual=60).verdict
    'ambiguous'
    >>> falling = [10.0**-k for k in range(30)]
    >>> convergence(falling, 30, 1e-20).verdict
    'ambiguous'
    >>> convergence(falling, 60, 1e-20).passed, convergence([1.0, *[1e-9] * 29], 30, 1e-20).passed
    (True, True)
    """
    if len(history) < max(1, steps) or history[-1] <= tolerance**2:
        return Check("training", 1.0, A_DIGIT, "identified", ENDED)
    before = history[len(history) - 1 - len(history) // LAST]
    fell = float(np.sqrt(before / max(history[-1], 1e-300)))
    short = steps < usual
    if len(history) >= max(LAST, warm + 1) and fell <= A_DIGIT and not short:
        said = f"{ENDED}: its last quarter lowered the residual {fell:.2g} times"
        return Check("training", fell, A_DIGIT, "identified", said)
    early = f", before the {warm} of its warm-up were over" if len(history) <= warm else ""
    early = f" of {usual}" if short else early
    why = (
        f"the training was cut off after {len(history)} steps{early}; in the last quarter of them "
        f"the residual still fell {fell:.2g} times: train longer"
    )
    return Check("training", max(fell, A_DIGIT), A_DIGIT, "ambiguous", why)
