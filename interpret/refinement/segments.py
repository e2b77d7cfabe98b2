"""Cut trajectories into shorter ones, so that a sensitive motion can still be shot at."""

from __future__ import annotations

import numpy as np

from interpret.refinement.likelihood import Estimate, maximise
from interpret.refinement.shooting import FEWEST_STEPS, Shooting, initial_states
from interpret.select.library import Library
from systems.samples.trajectories import Trajectories, Trajectory
from training.features import Features
from training.prepare.stencils import Array

LADDER = (16, 4, 2, 1)
"""The cuttings that a law climbs: from stretches half as long it steps to the whole. Starts from a
quarter of them left the whole unfitted for a third of right and wrong laws alike."""
FEWEST_SAMPLES = 8
FEWEST = 4
"""Steps of a short stretch, to begin with."""
FITTED = 1.15
HOPELESS = 4.0
"""A law that misses by twice the noise will not miss longer stretches less."""
SLACK = 1.1
"""Longer stretches may miss by a tenth more: σ is known no better, and they hold more."""

MANY = 40_000
"""Of so many measured values a half tells the law to within a hundredth, as a start for all."""

MOST_STEPS = 1024
"""Motion that needs more is followed in shorter stretches: side by side they cost far less."""


def first_estimate(
    measured: Trajectories,
    smoothed: Trajectories,
    features: Features,
    library: Library,
    sigma: Array,
    coefficients: Array,
) -> tuple[Shooting, Estimate] | None:
    """Fit a law along short stretches of the trajectories, then along longer ones, then whole.

    A start slightly wrong sends a trajectory that just clears a barrier back down the wrong side,
    and Gauss-Newton cannot bring it over. Short stretches bound how far an error can grow, and
    their coefficients start the longer ones, which hold more information. A law that misses the
    shortest by far more than the noise misses the longer ones too, which cost many times as much.
    The longest whose chi^2/n is below 1.15 are returned; where none gets there, the best. None: no
    cutting could be integrated at all. Of many trajectories a few climb first, and where their law
    starts all of them as they are, no other rung is needed.
    """
    if points(measured) > MANY:
        found = _by_a_few(measured, smoothed, features, library, sigma, coefficients)
        if found is not None:
            return found
    best: tuple[Shooting, Estimate] | None = None
    for cuts in LADDER:
        start, states = stretched(measured, smoothed, features, library, sigma, cuts)
        if best is not None:
            if len(states) == len(best[1].states):
                continue  # these trajectories are too short for so many cuts
            states = carried(states, start, best)
        problem = start.resolved(states, coefficients, None if cuts == LADDER[0] else MOST_STEPS)
        estimate = None if problem is None else maximise(problem, states, coefficients)
        if problem is None or estimate is None:
            continue
        missed = estimate.chi2_per_n
        if best is None or missed < max(FITTED, SLACK * best[1].chi2_per_n):
            best, coefficients = (problem, estimate), estimate.coefficients
        if missed > HOPELESS:
            break
    return best


def _by_a_few(
    measured: Trajectories,
    smoothed: Trajectories,
    features: Features,
    library: Library,
    sigma: Array,
    coefficients: Array,
) -> tuple[Shooting, Estimate] | None:
    """The fit of whole trajectories from the law of a few; None where it does not explain them."""
    chosen = few(measured, MANY // 2)
    some = (measured[chosen], smoothed[chosen])
    first = first_estimate(*some, features, library, sigma, coefficients)
    if first is None:
        return None
    start, states = stretched(measured, smoothed, features, library, sigma, LADDER[-1])
    law = first[1].coefficients
    problem = start.resolved(states, law, MOST_STEPS)
    estimate = None if problem is None else maximise(problem, states, law)
    if problem is None or estimate is None or estimate.chi2_per_n > FITTED:
        return None
    return problem, estimate


def points(trajectories: Trajectories) -> int:
    """The number of measured values."""
    return 2 * trajectories.dimension * trajectories.points


def few(trajectories: Trajectories, values: int) -> list[int]:
    """The numbers of trajectories that hold about so many values, evenly among all.

    >>> t = np.linspace(0.0, 1.0, 20)
    >>> one = Trajectory(t, t[:, None], t[:, None])
    >>> few(Trajectories(("q",), np.ones(1), (one,) * 9), 80)
    [0, 4]
    """
    count = len(trajectories)
    kept = max(1, round(count * min(1.0, values / points(trajectories))))
    return [number * count // kept for number in range(kept)]


def cut(trajectories: Trajectories, cuts: int) -> Trajectories:
    """Every trajectory in ``cuts`` stretches of equal numbers of samples (eight at least).

    >>> t = np.linspace(0.0, 1.0, 20)
    >>> one = Trajectories(("q",), np.ones(1), (Trajectory(t, t[:, None], t[:, None]),))
    >>> [len(stretch) for stretch in cut(one, 4)]
    [10, 10]
    """
    items = []
    for item in trajectories:
        parts = max(1, min(cuts, len(item.t) // FEWEST_SAMPLES))
        for index in np.array_split(np.arange(len(item.t)), parts):
            items.append(item.at(index))
    return Trajectories(trajectories.coordinates, trajectories.mass, tuple(items))


def stretched(
    measured: Trajectories,
    smoothed: Trajectories,
    features: Features,
    library: Library,
    sigma: Array,
    cuts: int,
) -> tuple[Shooting, Array]:
    """The problem on stretches, with the smoothed states that they start from."""
    states = initial_states(cut(smoothed, cuts))
    steps = max(FEWEST, FEWEST_STEPS // cuts)
    return Shooting.on(cut(measured, cuts), features, library, sigma, steps), states


def carried(states: Array, onto: Shooting, found: tuple[Shooting, Estimate]) -> Array:
    """The smoothed states (R, 2d) of longer stretches, those fitted where shorter ones began there.

    Errors of a start grow along the way: what a fit of half the length has found is near enough for
    the whole, where the smoothed one leads elsewhere.
    """
    problem, estimate = found
    known = {
        _first(item): state
        for item, state in zip(problem.trajectories, estimate.states, strict=True)
    }
    pairs = zip(onto.trajectories, states, strict=True)
    return np.stack([known.get(_first(item), state) for item, state in pairs])


def _first(item: Trajectory) -> tuple[float, ...]:
    """The time and the values that a stretch begins with, by which it is known again."""
    return (float(item.t[0]), *item.q[0].tolist(), *item.p[0].tolist())
