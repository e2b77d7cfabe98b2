"""Does a smooth path, which knows no law, come closer to the data than its freedom lets it by
chance? Then the law misses motion, however little beside the noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.judge.certificate import Check
from interpret.judge.thresholds import percent, short_of
from interpret.judge.whiteness import whiteness
from interpret.ledger.motion import Courses

Array = NDArray[np.float64]

CHANCE: Final = 1e-4
"""How probable it may be by chance: the path was chosen as the best of some."""

ALIKE: Final = 2.0
"""Deviations of a channel's lag-one correlation beyond which its errors are no white noise: such a
path follows errors that hang together, and comes closer than any law."""

LEAST: Final = 1e-7
"""A part of the motion's range that those who made exact motion leave themselves, where a force is
not smooth: a path that comes closer by less follows their integrator."""


@dataclass(frozen=True)
class Closer:
    """How probable by chance it is that the path comes so much closer, and what the law misses
    beyond it, in parts of the motion's range."""

    probability: float
    missed: float

    @property
    def told(self) -> bool:
        """Whether it is more than chance, and than an integrator's error."""
        return self.probability < CHANCE and self.missed > LEAST

    def __str__(self) -> str:
        return (
            f"a smooth path that knows no law comes closer by {percent(self.missed)} of the "
            f"motion's range (by chance: {self.probability:.0e})"
        )


def doubted(passed: Check, found: Closer | None) -> Check:
    """A check that was passed, failed where the path tells what it does not."""
    if found is None or not found.told:
        return passed
    verdict = short_of(found.missed)
    sentence = f"{passed.sentence}; {found}"
    return replace(passed, verdict=verdict, sentence=sentence, missed=found.missed)


def closer(courses: Courses, left: Sequence[Array], parameters: int) -> Closer | None:
    """The F test of a smooth path of k numbers against a law of p, both fitted to n values.

        F = (Σ r²_law - Σ r²_path)/(k - p) / (Σ r²_path/(n - k)),    r in units of each channel's σ

    None where that cannot tell: the path's freedom is not known, it has less than the law, or what
    it leaves is not white.

    Shapes: ``left`` are what the law leaves of the values of each stretch, (n_j, C).
    """
    from scipy.special import fdtrc

    items = courses.items
    path = [item.weighed(item.values - item.states[:, : courses.channels]) for item in items]
    owner = np.repeat(np.arange(len(items)), [len(item) for item in items])
    whole, law = np.concatenate(path), np.concatenate(left)
    freedom = sum(item.freedom for item in items) if all(item.freedom for item in items) else 0
    more, others = freedom - parameters, whole.size - freedom
    if more < 1 or others < 1 or len(law) != len(whole) or not courses.scatter.all():
        return None
    if any(whiteness(channel, owner).lag_z > ALIKE for channel in whole.T):
        return None
    # In units of what the path leaves, that is n.
    over = float(((law / courses.scatter) ** 2).sum()) - whole.size
    chance = float(fdtrc(more, others, max(over, 0.0) / more / (whole.size / others)))
    beyond = np.maximum((law**2).mean(axis=0) - courses.scatter**2, 0.0)
    return Closer(chance, float((np.sqrt(beyond) / courses.range).max()))
