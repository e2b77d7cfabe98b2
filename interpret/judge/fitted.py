"""The residuals of a law on noisy trajectories, by a fit of its own along their whole lengths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from interpret.judge.residuals import MOST_VALUES, Array, Residuals
from interpret.refinement.likelihood import maximise
from interpret.refinement.segments import LADDER, MOST_STEPS, carried, stretched
from interpret.refinement.subsets import sharpened
from interpret.select.library import Library
from systems.samples.trajectories import Trajectories
from training.prepare.preparation import Prepared

SECOND: Final = LADDER[1]
"""A law that can be fitted to neither the shortest stretches nor these is not tried on longer."""

UNFINISHED: Final = 0.01
"""A fit whose own parameters could still lower χ² by this part has not found its minimum."""


def residuals(prepared: Prepared, library: Library, coefficients: Array) -> Iterator[Residuals]:
    """What Σ c_k φ_k leaves of the longest trajectories: in short stretches, then in ever longer.

    Short stretches forgive a wrong law, since each has an initial state of its own; a sensitive
    motion cannot be fitted in one. So they end before the first on which the fit does not find its
    minimum. Each costs more than the one before: who has seen enough asks for no more.
    """
    assert prepared.smoothed is not None, "exact data are judged by the law's flow"
    chosen = _longest(prepared.trajectories)
    measured, smoothed = (t[chosen] for t in (prepared.trajectories, prepared.smoothed))
    last: Residuals | None = None
    for cuts in LADDER:
        start, states = stretched(
            measured, smoothed, prepared.features, library, prepared.sigma, cuts
        )
        if last is not None:
            if len(states) == len(last.estimate.states):
                continue  # these trajectories are too short for so many cuts
            states = carried(states, start, (last.problem, last.estimate))
        most = None if cuts == LADDER[0] else MOST_STEPS
        problem = start.resolved(states, coefficients, most)
        estimate = None if problem is None else maximise(problem, states, coefficients)
        if problem is not None and estimate is not None:
            found = Residuals(*sharpened(problem, estimate))
            if found.unfinished < UNFINISHED:
                yield found.remembered()
                last, coefficients = found, found.estimate.coefficients
                continue
        if last is not None or cuts == SECOND:
            return


def _longest(trajectories: Trajectories) -> list[int]:
    """The numbers of the longest trajectories, as many as hold the values to be judged."""
    lengths = np.array([2 * item.q.size for item in trajectories])
    order = np.argsort(-lengths, kind="stable")
    count = int(np.searchsorted(np.cumsum(lengths[order]), MOST_VALUES)) + 1
    return sorted(order[:count].tolist())
