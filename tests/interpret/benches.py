"""A bench to release motions from: they are simulated, and measured with the same noise each time.

The closed loop of `docs/howto/next.md`: release, fit, and again, until the law is identified.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import interpret
import systems
from interpret.laws.law import Law
from interpret.laws.rivals import listed
from systems.catalog.double_well import energies
from systems.catalog.trapped_charges import DISTANCE
from systems.problem import Problem
from systems.samples.trajectories import Trajectories

Array = NDArray[np.float64]

SAMPLES, SPAN, NOISE = 51, 5.0, 0.05
"""Fifty-one samples in five units of time, with σ of 5 % of the first motions' deviations."""


@dataclass
class Bench:
    """A system that is released, at `starts` (n, 2d) first, and measured.

    `options` are those of the fit; `true` are the terms of the right law. Starts lie in the range
    of the first motions, whoever chooses them.
    """

    system: Problem
    starts: Array
    options: Mapping[str, Any]
    true: str
    rng: np.random.Generator
    data: Trajectories = field(init=False)

    def __post_init__(self) -> None:
        clean = self._flown(self.starts)
        self.sigma = NOISE * np.concatenate(clean.channel_std())
        states = np.concatenate([np.hstack([item.q, item.p / clean.mass]) for item in clean])
        names = (*clean.coordinates, *(f"v_{name}" for name in clean.coordinates))
        ends = zip(states.min(axis=0).tolist(), states.max(axis=0).tolist(), strict=True)
        self.range = dict(zip(names, ends, strict=True))
        self.data = self._measured(clean)

    def release(self, start: Array) -> None:
        """Measure one motion more."""
        new = self._measured(self._flown(np.atleast_2d(start)))
        self.data = replace(self.data, items=(*self.data.items, *new.items))

    def anywhere(self, law: Law) -> Array:
        """A start drawn uniformly, where the distance is one that was seen."""
        low, high = np.array(list(self.range.values())).T
        while True:
            start: Array = self.rng.uniform(low, high)
            least, most = law.domain.get("r", (-np.inf, np.inf))
            if "r" not in law.domain or least <= abs(start[0] - start[1]) <= most:
                return start

    def fitted(self) -> Law:
        """The law of all motions so far."""
        return interpret.fit(self.data, **self.options).law

    def _flown(self, starts: Array) -> Trajectories:
        d = starts.shape[1] // 2
        mass = np.array(self.system.motion().mass, dtype=float)
        t = np.linspace(0, SPAN, SAMPLES)
        return self.system.flow(starts[:, :d], starts[:, d:] * mass, t)

    def _measured(self, clean: Trajectories) -> Trajectories:
        d = clean.dimension
        items = tuple(
            replace(
                item,
                q=item.q + self.sigma[:d] * self.rng.standard_normal(item.q.shape),
                p=item.p + self.sigma[d:] * self.rng.standard_normal(item.p.shape),
            )
            for item in clean
        )
        return replace(clean, items=items)


def left_well(seed: int) -> Bench:
    """Two motions in the left well of the double well, which climb to 0.23 as its author's do."""
    rng = np.random.default_rng(seed)
    starts: list[Array] = []
    while len(starts) < 2:
        start = rng.uniform(-1, 1, 2)
        if energies(start[None])[0] < 0.23:
            starts.append(start)
    options = {"parts": "potential", "library": "q,q**2,q**3,q**4,q**5,q**6"}
    return Bench(systems.get("double_well"), np.array(starts), options, "q, q**2, q**3, q**4", rng)


def near_rest(seed: int) -> Bench:
    """Two motions of the trapped charges, let go within 0.3 of where they would rest."""
    rng = np.random.default_rng(seed)
    rest = (1 / 16) ** (1 / 3)
    q0 = np.array([rest, -rest]) + 0.3 * rng.uniform(-0.5, 0.5, (2, 2))
    options = {
        "parts": "potential",
        "features": f"R=q0+q1, r={DISTANCE}",
        "library": "R,R**2,R**4,r,r**2,r**3,r**4,1/r,1/r**2,1/r**3,log(r)",
    }
    starts = np.hstack([q0, np.zeros((2, 2))])
    return Bench(systems.get("trapped_charges"), starts, options, "R**2, r**2, 1/r", rng)


@dataclass(frozen=True)
class Turn:
    """A verdict, with what was released next, and its power, where somebody planned it."""

    verdict: str
    law: str
    rivals: tuple[str, ...]
    apart: Mapping[str, float] = field(default_factory=dict)

    def refused(self, wrong: str) -> bool:
        """Whether a law of these terms is no longer among those that explain the motion."""
        return not any(same(wrong, other) for other in (self.law, *self.rivals))


def turns(bench: Bench, most: int, *, planned: bool) -> Iterator[Turn]:
    """The verdicts until the law is identified, after so many more releases at most.

    The next start is where `next_release` says, if `planned`, else anywhere in its range.
    """
    for released in range(most + 1):
        law = bench.fitted()
        named = (law.verdict, listed(law.terms), tuple(r.words for r in law.judgement.rivals))
        if law.verdict == "identified" or released == most:
            yield Turn(*named)
            return
        found = None
        if planned:
            found = interpret.next_release(law, bench.data, within=bench.range)
        yield Turn(*named, {} if found is None else found.apart)
        start = bench.anywhere(law) if found is None else np.array(list(found.start.values()))
        bench.release(start)


def same(terms: str, others: str) -> bool:
    """Whether two lists of terms are one set."""
    return set(terms.split(", ")) == set(others.split(", "))
