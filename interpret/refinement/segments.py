"""Cut trajectories into shorter ones, so that a sensitive motion can still be shot at."""

from __future__ import annotations

import numpy as np

from interpret.refinement.likelihood import Estimate, maximise
from interpret.refinement.shooting import Shooting, initial_states
from interpret.select.library import Library
from systems.samples.trajectories import Trajectories, Trajectory
from training.features import Features
from training.prepare.stencils import Array

CUTS = (1, 2, 4, 8, 16)
FEWEST_SAMPLES = 8
FITTED = 1.15
HOPELESS = 4.0
"""A law that misses by twice as much as one that fits will not be mended by its coefficients."""

MOST_STEPS = 2048
"""Motion that needs more is followed in shorter stretches: side by side they cost far less."""


def first_estimate(
    measured: Trajectories,
    smoothed: Trajectories,
    features: Features,
    library: Library,
    sigma: Array,
    coefficients: Array,
    fitted: float = FITTED,
) -> tuple[Shooting, Estimate] | None:
    """Fit a law along whole trajectories, or, where that fails, along ever shorter stretches.

    A start slightly wrong sends a trajectory that just clears a barrier back down the wrong side,
    and Gauss-Newton cannot bring it over. Stretches half, a quarter, ... as long bound how far an
    error can grow. The first cutting whose chi^2/n is below `fitted` wins; its coefficients are
    then tried on the whole trajectories, which hold more information. Where none gets there the
    best is returned. None: no cutting could be integrated at all.

    The shortest are asked first: each has an initial state of its own, so a law that misses them
    by far more than the noise misses the longer ones too, which cost many times as much.
    """

    def fit(cuts: int, coefficients: Array) -> tuple[Shooting, Estimate] | None:
        start, states = stretched(measured, smoothed, features, library, sigma, cuts)
        most = None if cuts == CUTS[-1] else MOST_STEPS
        problem = start.resolved(states, coefficients, most)
        estimate = None if problem is None else maximise(problem, states, coefficients)
        return None if problem is None or estimate is None else (problem, estimate)

    shortest = fit(CUTS[-1], coefficients)
    if shortest is not None and shortest[1].chi2_per_n > HOPELESS * fitted:
        return shortest
    best: tuple[Shooting, Estimate] | None = None
    for cuts in CUTS:
        found = shortest if cuts == CUTS[-1] else fit(cuts, coefficients)
        if found is None:
            continue
        if best is None or found[1].chi2_per_n < best[1].chi2_per_n:
            best = found
        if found[1].chi2_per_n < fitted:
            break
    if best is None or len(best[0].windows) == len(measured):
        return best
    retried = fit(CUTS[0], best[1].coefficients)
    return retried if retried is not None and retried[1].chi2_per_n < fitted else best


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
            items.append(Trajectory(item.t[index], item.q[index], item.p[index]))
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
    return Shooting.on(cut(measured, cuts), features, library, sigma), states
