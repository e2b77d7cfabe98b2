"""How the next motion would be measured, and where it may begin: as the motions before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.laws.law import Law
from interpret.ledger.motion import Courses
from interpret.ledger.setting import FLOOR
from systems.errors import InputError, nearest
from systems.integrate import compile

Array = NDArray[np.float64]

MOST_TIMES: Final = 32
"""Instants that stand for all: more samples tell more of the noise, hardly more of two motions."""

DIGITS: Final = 20.0
"""A start is given in steps of a power of ten of at most this part of its range."""


@dataclass(frozen=True)
class Measuring:
    """What an experimenter does again: `times` (m,), the first that of the release, and `weights`
    (C,), one over the σ of each channel, so that they count for all samples there are.

    Motions were `seen` between such (q, q̇), (2, 2d), and `starts` lie between others. `rows` values
    are measured of one motion, and `before` were already. `period` is the time scale of the motion
    and `speed` the rms of |q̇|. Features too may be `beyond` their range in the data by such a part
    of it.
    """

    times: Array
    weights: Array
    seen: Array
    starts: Array
    rows: int
    before: int
    period: float
    speed: float
    beyond: float = 0.0

    @property
    def low(self) -> Array:
        """The least of each number of a start (2d,)."""
        least: Array = self.starts[0]
        return least

    @property
    def high(self) -> Array:
        """The largest."""
        most: Array = self.starts[1]
        return most

    @staticmethod
    def of(courses: Courses, beyond: float = 0.0) -> Measuring:
        """As the longest of the courses, with starts in the range of all of them, or a part of it
        `beyond` on either side.
        """
        t = max((item.t for item in courses.items), key=len)
        every = np.unique(np.linspace(0, len(t) - 1, MOST_TIMES).round().astype(int))
        sigma = np.maximum(courses.scatter, FLOOR * courses.range)
        low, high = courses.states.min(axis=0), courses.states.max(axis=0)
        room = beyond * (high - low)
        ends = np.array([low - room, high + room])
        return Measuring(
            times=t[every],
            weights=np.sqrt(len(t) / len(every)) / sigma,
            seen=ends,
            starts=ends,
            rows=len(t) * courses.channels,
            before=len(courses.times) * courses.channels,
            period=courses.shortest,
            speed=courses.speed,
            beyond=beyond,
        )

    def within(self, names: Sequence[str], ends: Mapping[str, tuple[float, float]]) -> Measuring:
        """The same with starts between other ends where some are named: of q, or of v_q.

        Raises InputError for the ends of what there is not, and for those that are none.
        """
        starts = self.starts.copy()
        for name, (least, most) in ends.items():
            if name not in names:
                raise InputError(
                    f"there is no {name} to start from; there are {', '.join(names)}."
                    f"{nearest(name, names)}"
                )
            if not -np.inf < least <= most < np.inf:
                raise InputError(f"{name} cannot start from {least:g} to {most:g}.")
            starts[:, names.index(name)] = least, most
        return replace(self, starts=starts)

    def drawn(self, law: Law, count: int, rng: np.random.Generator) -> Array:
        """Starts (n, 2d), `count` at most: each number anywhere in its range or at an end of it, a
        third of them at rest where that is in range; none where a feature is beyond its own."""
        unit = rng.random((count, len(self.low)))
        unit = np.where(rng.random(unit.shape) < 0.5, unit.round(), unit)
        starts = self.low + unit * (self.high - self.low)
        still = np.zeros_like(starts, dtype=bool)
        half = len(self.low) // 2
        rest = (self.low[half:] <= 0) & (self.high[half:] >= 0)
        still[::3, half:] = rest.all()
        return self.allowed(law, np.where(still, 0.0, starts))

    def near(self, law: Law, start: Array, count: int, rng: np.random.Generator) -> Array:
        """Starts about one, a tenth of the ranges off."""
        off = 0.1 * (self.high - self.low) * rng.standard_normal((count, len(start)))
        off[:, start == 0.0] = 0.0
        return self.allowed(law, np.clip(start + off, self.low, self.high))

    def allowed(self, law: Law, starts: Array) -> Array:
        """Those starts, in round numbers, at which the features of a law are in their range."""
        starts = self._round(starts)
        known = {n: f for n, f in law.variables.features.items() if n in law.domain}
        if not known:
            return starts
        names = tuple(law.variables.bodies.mass) if law.variables.bodies is not None else ()
        found = compile(list(known.values()), names)(starts[:, : len(names)])
        ends = np.array([law.domain[name] for name in known])
        ends = ends + self.beyond * np.ptp(ends, axis=1, keepdims=True) * [[-1.0, 1.0]]
        inside = (found >= ends[:, 0]) & (found <= ends[:, 1])
        kept: Array = starts[inside.all(axis=1)]
        return kept

    def _round(self, starts: Array) -> Array:
        """The nearest numbers of few digits that are in range; where that is one number, this."""
        one = self.high <= self.low
        width = np.where(one, 1.0, self.high - self.low)
        step = 10.0 ** np.floor(np.log10(width / DIGITS))
        whole = np.clip(np.round(starts / step), np.ceil(self.low / step), self.high // step)
        digits = np.maximum(0, -np.log10(step).round()).astype(int)
        rounded = [np.round(x * h, d) for x, h, d in zip(whole.T, step, digits, strict=True)]
        return np.where(one, self.low, np.column_stack(rounded))
