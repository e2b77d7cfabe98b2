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


def first_estimate(
    measured: Trajectories,
    smoothed: Trajectories,
    features: Features,
    library: Library,
    sigma: Array,
    coefficients: Array,
) -> tuple[Shooting, Estimate] | None:
    """Fit a law along whole trajectories, or, where that fails, along ever shorter stretches.

    A start slightly wrong sends a trajectory that just clears a barrier back down the wrong side,
    and Gauss-Newton cannot bring it over. Stretches half, a quarter, ... as long bound how far an
    error can grow. The first cutting whose chi^2/n is below 1.15 wins; its coefficients are then
    tried on the whole trajectories, which hold more information. Where none gets there the best
    is returned. None: no cutting could be integrated at all.
    """
    best: tuple[Shooting, Estimate] | None = None
    for cuts in CUTS:
        start, states = stretched(measured, smoothed, features, library, sigma, cuts)
        problem = start.resolved(states, coefficients)
        if problem is None:
            continue
        estimate = maximise(problem, states, coefficients)
        if estimate is None:
            continue
        if best is None or estimate.chi2_per_n < best[1].chi2_per_n:
            best = (problem, estimate)
        if estimate.chi2_per_n < FITTED:
            break
    if best is None or len(best[0].windows) == len(measured):
        return best
    start, states = stretched(measured, smoothed, features, library, sigma, 1)
    whole = start.resolved(states, best[1].coefficients)
    if whole is None:
        return best
    retried = maximise(whole, states, best[1].coefficients)
    if retried is not None and retried.chi2_per_n < FITTED:
        return whole, retried
    return best


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
