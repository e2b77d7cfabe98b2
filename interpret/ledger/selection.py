"""Which candidates stay: every good set with the noise that it leaves itself, then one by one.

A wrong law's residuals are correlated, and judged by its own correlation it is cheap to keep many
terms; judged by another law's, it is not. So each set has its own noise, fitted with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.noise import Noise
from interpret.ledger.reduced import BLOCKS, Reduced
from interpret.ledger.search import Found, Groups, Menu, search

Array = NDArray[np.float64]

OF_EACH_SIZE: Final = 3
"""Sets of one size, the best of the search, that are given a noise of their own."""

REFITS: Final = 3
"""Of coefficients and noise in turn."""

CANCELLING: Final = 10.0
"""A term ten times the whole acceleration is half of a difference of large numbers."""

BACKWARDS: Final = 3.0
"""Friction that speeds up by so many of its error bars is no friction."""

DUST: Final = 1e-6
"""A term of less than this part of the force is the round-off of others."""

REFUTED: Final = 100.0
"""A score that is worse by so much, odds of e⁵⁰, only grows with more of the motion."""

CHANCE: Final = 0.01
"""A term stays if chance makes one of all candidates look like it in one of a hundred cases."""


@dataclass(frozen=True)
class Scales:
    """What a column is worth: ``accelerations`` (P,), the rms of each candidate's over that of the
    motion, ``friction`` (P,) those that only slow down, ``least`` (C,) the smallest σ that a
    channel may have, and its ``range`` (C,)."""

    accelerations: Array
    friction: NDArray[np.bool_]
    least: Array
    range: Array


@dataclass(frozen=True)
class Contender:
    """A set of groups, fitted with its own noise: the values of its columns, the covariance of
    these, and what it misses of each channel's range (C,), rms."""

    chosen: Groups
    columns: tuple[int, ...]
    score: float
    values: Array
    covariance: Array
    noise: Noise
    missed: Array


@dataclass(frozen=True)
class Selection:
    """The groups that stay, and all sets that were compared, the best first."""

    chosen: Groups
    contenders: tuple[Contender, ...]

    @property
    def refuted(self) -> dict[Groups, float]:
        """The sets that are beyond doubt behind the one that stays, and by how much."""
        scores = {item.chosen: item.score for item in self.contenders}
        standing = scores.get(self.chosen, np.inf)
        return {k: v - standing for k, v in scores.items() if v - standing > REFUTED}


def select(
    reduced: Reduced, menu: Menu, most: int, scales: Scales, before: Selection | None = None
) -> Selection:
    """The groups of candidates that the rows ask for, at most so many.

    Sets that were refuted `before`, of a law that stood, by some of the motion or by stretches that
    told less, are what they were.
    """
    found = search(reduced.gram, reduced.count, menu, most)
    sets = _best_of_each_size(found)
    behind = before.refuted if before else {}
    asked = [chosen for chosen in sets if chosen not in behind]
    fresh = [fitted(reduced, menu, chosen, scales) for chosen in asked]
    fresh.sort(key=lambda item: (item.score, item.chosen))
    best = next((item for item in fresh if credible(item, scales)), None)
    if best is None and behind:
        return select(reduced, menu, most, scales)
    best = best or fresh[0]
    old = (item for item in (before.contenders if before else ()) if item.chosen in behind)
    rest = [replace(item, score=best.score + behind[item.chosen]) for item in old]
    kept = reduced if best.noise.like(reduced.noise) else reduced.at(best.noise)
    chosen = tuple(
        group
        for group in best.chosen
        if max(_shares(best, menu.columns[group], scales), default=0.0) > DUST
    )
    return Selection(_necessary(kept, menu, chosen), (*fresh, *rest))


def fitted(whole: Reduced, menu: Menu, chosen: Groups, scales: Scales) -> Contender:
    """A set of groups with coefficients and noise of its own.

    At the noise of all it is a choice of columns of the `whole`; where that is its own noise too,
    nothing else is solved.
    """
    columns, rows = menu.of(chosen), whole.stretches
    reduced, noise, active, own = whole, whole.noise, columns, rows
    for turn in range(REFITS):
        if turn:
            own = rows.on(columns) if turn == 1 else own
            reduced, active = Reduced(own, noise), list(range(len(columns)))
        step = reduced.step(active)
        left = reduced.left(step)
        before, noise = noise, Noise.of(left, len(columns) + rows.states, scales.least)
        if noise.like(before):
            break
    values = step[active]
    covariance = reduced.solved(active)[1] if columns else np.zeros((0, 0))
    flat = np.concatenate([item.reshape(-1, item.shape[-1]) for item in left])
    orders = sum(error.order for error in noise.errors)
    score = noise.log_likelihood(len(flat), len(rows)) + orders * np.log(len(flat))
    return Contender(
        chosen,
        tuple(columns),
        float(score) + menu.penalty(chosen, whole.count),
        values,
        covariance,
        noise,
        np.sqrt((flat**2).mean(axis=0)) / scales.range,
    )


def credible(contender: Contender, scales: Scales) -> bool:
    """Whether no two terms nearly cancel, and no friction speeds the motion up."""
    if max(_shares(contender, contender.columns, scales), default=0.0) > CANCELLING:
        return False
    errors = np.sqrt(np.maximum(np.diagonal(contender.covariance), 0.0))
    terms = len(scales.friction)
    return not any(
        column < terms and scales.friction[column] and value < -BACKWARDS * error
        for column, value, error in zip(contender.columns, contender.values, errors, strict=True)
    )


def _shares(contender: Contender, columns: Sequence[int], scales: Scales) -> list[float]:
    """The size of some of a contender's terms over the motion's acceleration."""
    values = dict(zip(contender.columns, contender.values, strict=True))
    terms = len(scales.accelerations)
    return [abs(values[k]) * float(scales.accelerations[k]) for k in columns if k < terms]


def _best_of_each_size(found: Sequence[Found]) -> list[Groups]:
    by_size: dict[int, list[Groups]] = {}
    for item in found:
        own = by_size.setdefault(len(item.chosen), [])
        if len(own) < OF_EACH_SIZE:
            own.append(item.chosen)
    return [chosen for own in by_size.values() for chosen in own]


def _necessary(reduced: Reduced, menu: Menu, chosen: Groups) -> Groups:
    """The groups without those that chance explains, the weakest first; errors by the sandwich."""
    from scipy.special import fdtrc

    while chosen:
        columns = menu.of(chosen)
        step = reduced.step(columns)
        covariance = reduced.robust(columns, step)
        chances = []
        for group in chosen:
            some = [columns.index(k) for k in menu.columns[group]]
            values, own = step[[columns[k] for k in some]], covariance[np.ix_(some, some)]
            statistic = float(values @ np.linalg.solve(own, values)) / len(some)
            chances.append(float(fdtrc(len(some), BLOCKS - 1, statistic)))
        weakest = int(np.argmax(chances))
        if chances[weakest] < CHANCE / len(menu):
            break
        chosen = tuple(group for k, group in enumerate(chosen) if k != weakest)
    return chosen
