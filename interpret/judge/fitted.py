"""The residuals of a law on noisy trajectories, by a fit of its own along their whole lengths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from sympy import Expr

from interpret.judge.residuals import MOST_VALUES, Array, Residuals
from interpret.ledger.flow import Parameters
from interpret.ledger.motion import Courses, masses
from interpret.ledger.noise import Noise
from interpret.ledger.potential import Potential
from interpret.ledger.shooting import Solution
from interpret.ledger.steps import shooting
from systems.samples.trajectories import Trajectories
from training.prepare.noise import NEGLIGIBLE
from training.prepare.preparation import Prepared

LADDER: Final = (16, 4, 2, 1)
"""The cuttings that a law climbs: from stretches half as long it steps to the whole."""

SECOND: Final = LADDER[1]
"""A law that can be fitted to neither the shortest stretches nor these is not tried on longer."""

UNFINISHED: Final = 0.01
"""A fit whose own parameters could still lower χ² by this part has not found its minimum."""

OVERRATED: Final = 0.25
"""χ²/n below this is that of coarse sampling mistaken for noise: σ is what is left."""

BEYOND_COARSE: Final = 3.0
"""Noise is seen that is so many times what the steps alone leave in differences."""

SHARE: Final = 0.02
"""An error of the integrator by this part of σ is felt by no check."""

SHORTEST: Final = 2
"""Segments of a stretch at least: the last of a motion may be two samples, which tell nothing."""

COARSEST: Final = (1, 2)
"""Steps of order eight between two samples: closer encounters cost more than they tell."""


def residuals(prepared: Prepared, terms: tuple[Expr, ...], law: Array) -> Iterator[Residuals]:
    """What Σ c_k φ_k leaves of the longest trajectories: in short stretches, then in ever longer.

    Short stretches forgive a wrong law, since each has an initial state of its own; a sensitive
    motion cannot be fitted in one. So they end before the first on which the fit does not find its
    minimum. Each costs more than the one before: who has seen enough asks for no more.
    """
    data, courses, sigma = _longest(prepared)
    potential = Potential(prepared.features, terms, data.mass)
    start = Parameters(law, np.zeros(0))
    here = shooting(courses, potential, start, sigma, SHARE, COARSEST)
    last: Residuals | None = None
    seen = _seen(courses, data, sigma)
    for cuts in LADDER:
        length = max(SHORTEST, round(here.longest / cuts))
        found = here.solved(start, range(len(terms)), length, Noise.white(sigma))
        count = 0 if found is None else len(found.reduced.stretches)
        if last is not None and count == len(last.trajectories):
            continue  # these trajectories are too short for so many cuts
        if found is not None:
            left = Residuals(_stretches(data, found), potential, found, sigma, seen=seen)
            told = _sharpened(left)
            # What the integrator is allowed to be off by is no part of χ² that could still fall.
            if told.unfinished < UNFINISHED or (told.values**2).mean() < SHARE**2:
                yield told.remembered()
                last, here, start = told, found.shooting, found.law
                continue
        if last is not None or cuts == SECOND:
            return


def _seen(courses: Courses, data: Trajectories, sigma: Array) -> bool:
    """Whether differences show the noise, and not how coarse the samples are.

    A wave of N samples a period leaves (2 sin π/N)⁶/√924 of itself in sixth differences.
    """
    bend = 2 * np.sin(np.pi * min(courses.step / courses.shortest, 0.5))
    coarse = bend**6 / np.sqrt(924)
    spread = np.concatenate(data.channel_std()) / masses(data)
    measured = np.isfinite(sigma) & (spread > 0)
    return bool((sigma[measured] > BEYOND_COARSE * coarse * spread[measured]).all())


def _sharpened(found: Residuals) -> Residuals:
    """The same with σ lowered to the residual, where χ²/n is far below 1."""
    left = found.values
    free = max(left.size - found.parameters, 1)
    ratio = float((left**2).sum()) / free
    if ratio > OVERRATED:
        return found
    spread = np.concatenate(found.trajectories.channel_std())
    lowest = NEGLIGIBLE * spread / masses(found.trajectories)
    sigma = np.maximum(found.sigma * np.sqrt(ratio), lowest)
    return replace(found, sigma=np.where(found.measured, sigma, np.inf), seen=False)


def _longest(prepared: Prepared) -> tuple[Trajectories, Courses, Array]:
    """The longest trajectories, as many as hold the values to be judged, with their σ (2d,)."""
    assert prepared.noisy, "exact data are judged by the law's flow"
    whole = prepared.trajectories
    lengths = np.array([2 * item.q.size for item in whole])
    order = np.argsort(-lengths, kind="stable")
    count = int(np.searchsorted(np.cumsum(lengths[order]), MOST_VALUES)) + 1
    chosen = sorted(order[:count].tolist())
    sigma = prepared.sigma / masses(whole)
    curves = [prepared.curves[k] for k in chosen]
    return whole[chosen], Courses.along(whole[chosen], curves), sigma


def _stretches(data: Trajectories, found: Solution) -> Trajectories:
    """The trajectories in the stretches of a fit."""
    items, sizes = [], iter(found.reduced.stretches)
    for item in data:
        begin = 0
        while begin < len(item):
            end = begin + len(next(sizes).target)
            items.append(item.at(slice(begin, end)))
            begin = end
    return replace(data, items=tuple(items))
