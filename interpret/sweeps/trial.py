"""One trial of a sweep: a fit, and what is kept of it as plain values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from interpret.pipeline import fit, opened
from interpret.run import Run
from interpret.sweeps.plan import Trial
from systems.errors import InputError
from systems.problem import Problem, Samples

FEWEST: Final = 5
"""Samples to draw again from: of fewer there are less than 126 different draws."""

STREAM: Final = 77
"""The first number of the seeds of draws: no other random numbers have it."""


def run(trial: Trial) -> dict[str, Any]:
    """What came of a trial: its verdict, its terms, and how they stand beside the truth.

    What cannot be fitted is `refused`, with the sentence.
    """
    try:
        return outcome(_fitted(trial))
    except InputError as error:
        return {"verdict": "refused", "why": str(error)}


def outcome(found: Run) -> dict[str, Any]:
    """The verdict of a run, its terms, and what became of the true ones."""
    law = found.laws[0].summary() if found.laws else {"expression": None, "terms": []}
    first = found.comparison
    return {
        "verdict": found.laws[0].verdict if found.laws else "refused",
        "law": law["expression"],
        "terms": law["terms"],
        "compared": None if first is None else first.verdict,
        "beside": [] if first is None else [term.to_json() for term in first.terms],
    }


def _fitted(trial: Trial) -> Run:
    if trial.draw is None:
        return fit(trial.source, **trial.options)
    problem, measured = opened(trial.source)
    if measured is not None:
        return fit(resampled(measured, trial.draw), name=problem.name, **trial.options)
    return fit(_redrawn(problem, trial), **trial.options)


def _redrawn(problem: Problem, trial: Trial) -> Problem:
    """The same problem, whose data set draws its own samples once more."""
    name = trial.options.get("dataset") or next(iter(problem.datasets))
    own = problem.dataset(name)

    def draw(seed: int, count: int | None = None, report: Any = None) -> Samples:
        found: Samples = resampled(own.draw(seed, count, report), trial.draw or 0)
        return found

    return replace(problem, datasets={**problem.datasets, name: replace(own, draw=draw)})


def resampled(samples: Any, draw: int) -> Any:
    """As many trajectories, points or values, drawn with replacement; the same ones for a `draw`.

    Raises InputError for samples of other kinds, and for fewer than five.

    >>> from systems.samples.values import ValueSamples
    >>> ten = ValueSamples(np.arange(10.0)[:, None], np.arange(10.0), np.ones(10))
    >>> (resampled(ten, 3).y == resampled(ten, 3).y).all(), len(set(resampled(ten, 3).y)) < 10
    (np.True_, True)
    """
    if not hasattr(samples, "__getitem__"):
        raise InputError(f"bootstraps draw trajectories, points or values, not {samples!r:.60}.")
    if len(samples) < FEWEST:
        raise InputError(
            f"bootstraps draw whole trajectories once more, and there are {len(samples)}; at least "
            f"{FEWEST} are needed."
        )
    chosen = np.random.default_rng([STREAM, draw]).integers(0, len(samples), len(samples))
    return samples[chosen.tolist()]
