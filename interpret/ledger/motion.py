"""Measured motion, and the smooth path through it on which forces are first looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interpret.ledger.path import Curve, Path, paths_of
from interpret.ledger.rows import alike
from systems.samples.trajectories import Trajectories
from training.prepare.noise import Noise
from training.prepare.smoothing import Smooth, smooth

ANOTHER: Final = 2.0
"""Periods that differ by less than a factor of two are taken for one."""

HIDDEN: Final = 1e-5
"""A range below this part of a channel's values says nothing: their digits end at 1e-11 of it."""

Array = NDArray[np.float64]


def masses(data: Trajectories) -> Array:
    """What (q, p) are divided by to be (q, q̇), (2d,)."""
    return np.concatenate([np.ones(data.dimension), data.mass])


def mark(number: int) -> str:
    """What the signal of a data set is called."""
    return f"_set{number}"


def _constant(value: float) -> Curve:
    """A signal that never changes."""
    return lambda times: np.full(len(times), value)


@dataclass(frozen=True)
class Course:
    """One trajectory: times (n,), its measured values (n, C), positions first, and its path.

    `signals` are functions of time that were measured beside it, by name. A ``weight`` (n, C) says
    how much each value counts: its channel's usual σ over its own. The `label` is that of its data
    set. The path has a ``freedom`` of so many fitted numbers, 0 where that is not known.
    """

    t: Array
    values: Array
    path: Path
    signals: Mapping[str, Curve] = field(default_factory=dict)
    weight: Array | None = None
    label: str = ""
    freedom: int = 0

    def __len__(self) -> int:
        return len(self.t)

    @cached_property
    def states(self) -> Array:
        """The smooth states at the measured times (n, 2d)."""
        return self.path.state(self.t)

    def moments(self, times: Array) -> Array:
        """Times (n,), with the signals then: (n, 1 + k); the times alone where there are none."""
        if not self.signals:
            return times
        return np.column_stack([times, *(curve(times) for curve in self.signals.values())])

    def cut(self, first: int, last: int) -> Course:
        """The samples from `first` to before `last`."""
        some = slice(first, last)
        weight = None if self.weight is None else self.weight[some]
        return replace(self, t=self.t[some], values=self.values[some], weight=weight)

    def weighed(self, rows: Array, first: int = 0) -> Array:
        """Rows (n, C, ...) of the samples from `first` on, each as much as its value counts."""
        if self.weight is None:
            return rows
        own = self.weight[first : first + len(rows)]
        return rows * own.reshape(*own.shape, *(1,) * (rows.ndim - 2))


@dataclass(frozen=True)
class Courses:
    """Every trajectory of one law, and the scales of its motion.

    `sigma` (C,) is what is known beforehand of each channel's usual σ; 0 where nothing is.
    """

    items: tuple[Course, ...]
    dimension: int
    sigma: Array | None = None

    @staticmethod
    def of(
        trajectories: Trajectories, noise: Noise, signals: Sequence[Mapping[str, Curve]] = ()
    ) -> Courses:
        """Trajectories with the noise of their channels, and the signals of each.

        Velocities that are derived, or whose σ is infinite, are no measurements.
        """
        alone = trajectories.derived or not np.isfinite(noise.p).all()
        return Courses.along(trajectories, smooth(trajectories, noise), signals, alone=alone)

    @staticmethod
    def along(
        trajectories: Trajectories,
        smoothed: Sequence[Smooth],
        signals: Sequence[Mapping[str, Curve]] = (),
        *,
        alone: bool = False,
    ) -> Courses:
        """Trajectories with the paths that were found through them; by positions `alone`."""
        paths = paths_of(smoothed, trajectories.mass)
        items = []
        for number, item in enumerate(trajectories):
            v = item.p / trajectories.mass
            values = item.q if alone else np.concatenate([item.q, v], axis=1)
            signal = signals[number] if signals else {}
            free = smoothed[number].freedom
            items.append(Course(item.t, values, paths[number], signal, None, item.label, free))
        return Courses(tuple(items), trajectories.dimension)

    @property
    def signals(self) -> bool:
        """Whether anything was measured beside the motion."""
        return any(item.signals for item in self.items)

    @property
    def labels(self) -> tuple[str, ...]:
        """The data set of each course, by number where it has no label."""
        return tuple(item.label or f"trajectory {k}" for k, item in enumerate(self.items, start=1))

    def told_apart(self) -> Courses:
        """The same with a signal for each data set, which is 1 on its courses and 0 on others."""
        labels = self.labels
        sets = tuple(dict.fromkeys(labels))
        items = []
        for item, own in zip(self.items, labels, strict=True):
            marks = {mark(j): _constant(float(label == own)) for j, label in enumerate(sets)}
            items.append(replace(item, signals={**item.signals, **marks}, label=own))
        return replace(self, items=tuple(items))

    def weighing(self, sigma: Array, each: Sequence[Array]) -> Courses:
        """The same with σ of every channel (C,), and of every value (n, C) of each trajectory.

        What is 0 is not known: there all values count alike.

        >>> t = np.linspace(0, 1, 9)
        >>> course = Course(t, t[:, None], Path.through(t, *np.ones((3, 9, 1))))
        >>> own = np.where(t > 0.5, 0.2, 0.1)[:, None]
        >>> weighed = Courses((course,), 1).weighing(np.array([0.1]), [own])
        >>> weighed.items[0].weight[[0, -1], 0]
        array([1. , 0.5])
        """
        weights = [np.where(own > 0, sigma / np.where(own > 0, own, 1.0), 1.0) for own in each]
        pairs = zip(self.items, weights, strict=True)
        items = tuple(replace(item, weight=weight) for item, weight in pairs)
        return replace(self, items=items, sigma=sigma)

    @cached_property
    def states(self) -> Array:
        """The smooth states at all measured times (n, 2d)."""
        return np.concatenate([item.states for item in self.items])

    @cached_property
    def accelerations(self) -> Array:
        """The smooth accelerations at all measured times (n, d)."""
        return np.concatenate([item.path.a(item.t) for item in self.items])

    @cached_property
    def moments(self) -> Array:
        """All measured times, with the signals then."""
        return np.concatenate([item.moments(item.t) for item in self.items])

    @cached_property
    def times(self) -> Array:
        """All measured times."""
        return np.concatenate([item.t for item in self.items])

    @property
    def channels(self) -> int:
        """Values a sample."""
        return int(self.items[0].values.shape[1])

    @cached_property
    def range(self) -> Array:
        """From the least to the largest value of each channel (C,), or what its digits may hide."""
        whole = np.concatenate([item.values for item in self.items])
        spread: Array = np.ptp(whole, axis=0)
        hidden: Array = HIDDEN * np.abs(whole).max(axis=0)
        least: Array = np.maximum(spread, np.maximum(hidden, np.finfo(float).tiny))
        return least

    @cached_property
    def scatter(self) -> Array:
        """What the smooth path leaves of each channel (C,), rms."""
        left = [item.weighed(item.values - item.states[:, : self.channels]) for item in self.items]
        root: Array = np.sqrt((np.concatenate(left) ** 2).mean(axis=0))
        return root

    @property
    def calm(self) -> float:
        """The largest part of a channel's range that the smooth path leaves."""
        return float((self.scatter / self.range).max())

    @property
    def speed(self) -> float:
        """The rms of |q̇|."""
        v = self.states[:, self.dimension :]
        return float(np.sqrt((v**2).sum(axis=1).mean()))

    @cached_property
    def step(self) -> float:
        """The median time between samples."""
        return float(np.median(np.concatenate([np.diff(item.t) for item in self.items])))

    @property
    def span(self) -> float:
        """The longest trajectory's time."""
        return float(max(item.t[-1] - item.t[0] for item in self.items))

    @cached_property
    def period(self) -> float:
        """2π (rms of q) / (rms of q̇): that of an oscillation, and a time scale of any motion."""
        return float(_period(self.states))

    def period_of(self, course: Course) -> float:
        """The same of one course, where it is another than that of all, as a planet's is."""
        own, whole = float(_period(course.states)), self.period
        return whole if 1 / ANOTHER < own / whole < ANOTHER else own

    @cached_property
    def shortest(self) -> float:
        """The period of the fastest course, where it is another than that of all."""
        parts = alike([(item.states,) for item in self.items])
        own = np.concatenate([_period(states) for _, (states,) in parts])
        another = np.abs(np.log(own / self.period)) >= np.log(ANOTHER)
        return float(min(self.period, own[another].min(initial=np.inf)))


def _period(states: Array) -> Array:
    """2π (rms of q) / (rms of q̇) of states (..., n, 2d): (...)."""
    q, v = np.split(states, 2, axis=-1)
    size = ((q - q.mean(axis=-2, keepdims=True)) ** 2).sum(axis=-1).mean(axis=-1)
    period: Array = 2 * np.pi * np.sqrt(size / (v**2).sum(axis=-1).mean(axis=-1))
    return period
